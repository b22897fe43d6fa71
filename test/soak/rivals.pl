# The rivals of test/t/01_rivals.pl for some ten seconds a round and more.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../t";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;

$ENV{RIVALS_STATEMENTS} = 1_000;
do "$FindBin::RealBin/../t/01_rivals.pl" or die $@ || $!;
