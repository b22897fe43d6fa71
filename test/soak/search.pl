# Those who search beside writers in test/t/13_search.pl, for the better part of a minute.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../t";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;

$ENV{SEARCH_WRITES} = 4_000;
$ENV{SEARCH_SEARCHES} = 400;
do "$FindBin::RealBin/../t/13_search.pl" or die $@ || $!;
