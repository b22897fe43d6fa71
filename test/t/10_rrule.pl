# clinic.rrule in binary form: what was sent comes back, and what nobody would send is refused.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use Clinic;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use constant SEED => 5545;
use constant RULES => 2000;

my $node = new_cluster('rrule', timezone => 'UTC');
my $folder = PostgreSQL::Test::Utils::tempdir;
$node->safe_psql('postgres', 'create table loaded (rule clinic.rrule)');

# Binary COPY: a signature, no flags, no header extension; one field of each row; an end.
sub copy_file
{
	my ($name, @fields) = @_;
	my $file = "$folder/$name";
	append_to_file($file, join '', "PGCOPY\n\377\r\n\0", pack('NN', 0, 0), (map { pack('n N/a*', 1, $_) } @fields), pack('n', 0xFFFF));
	return $file;
}

sub load
{
	my ($file) = @_;
	my ($status, undef, $errors) = $node->psql('postgres', "\\set VERBOSITY verbose\ntruncate loaded; copy loaded from '$file' (format binary)");
	return $status == 0 ? $node->safe_psql('postgres', 'select rule from loaded') : $errors =~ /ERROR:  (\w{5}):/ ? $1 : $errors;
}

sub binary
{
	return pack 'C*', @_;
}

# A version; frequency, week start and UNTIL's kind; flags; parts.
my @good = (
	[ 'FREQ=DAILY', binary(1, 0x60, 0, 0) ],
	[ 'FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH', binary(1, 0x80, 0x05, 0, 2, 0x09) ],
	[ 'FREQ=MONTHLY;COUNT=10;BYDAY=1MO,-1FR', binary(1, 0xA0, 0x06, 0, 10, 0x80, 0x11, 1, 2, 0, 0, 1, 2) ],
	[ 'RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=31;SKIP=BACKWARD', binary(1, 0xA0, 0x48, 0x08, 4, 0, 0, 0, 0x80, 0) ],
	[ 'FREQ=YEARLY;UNTIL=00010102;BYMONTH=12;WKST=SU', binary(1, 0xD9, 0, 0x01, 1, 2, 0, 0x10) ],
	[ 'FREQ=YEARLY;UNTIL=00010101T000201Z', binary(1, 0xC3, 0, 0, 121) ],
);
is(load(copy_file("good$_", $good[$_][1])), $good[$_][0], "sent: $good[$_][0]") for 0 .. $#good;
my @bad = (
	[ '08P01', 'nothing at all', '' ],
	[ '22P03', 'a version alone', binary(1) ],
	[ '22P03', 'another version', binary(2, 0x60, 0, 0) ],
	[ '22P03', 'half a head', binary(1, 0x60, 0) ],
	[ '22P03', 'more than a rule', binary(1, 0x60, 0, 0, 0) ],
	[ '22P03', 'a frequency that is none', binary(1, 0xE0, 0, 0) ],
	[ '22P03', 'an eighth weekday', binary(1, 0x7C, 0, 0) ],
	[ '22P03', 'a flag that means nothing', binary(1, 0x60, 0x10, 0) ],
	[ '22P03', 'a SKIP that is none', binary(1, 0x60, 0xC8, 0) ],
	[ '22P03', 'SKIP without RSCALE', binary(1, 0x60, 0x40, 0) ],
	[ '22P03', 'an interval that is missing', binary(1, 0x60, 0x01, 0) ],
	[ '22P03', 'an interval of zero', binary(1, 0x60, 0x01, 0, 0) ],
	[ '22P03', 'an interval that goes without saying', binary(1, 0x60, 0x01, 0, 1) ],
	[ '22P03', 'an interval with a byte too many', binary(1, 0x60, 0x01, 0, 0x82, 0) ],
	[ '22P03', 'an interval too long', binary(1, 0x60, 0x01, 0, 0x80, 0x80, 0x80, 0x80, 0x08) ],
	[ '22P03', 'a number without an end', binary(1, 0x60, 0x02, 0, (0xFF) x 12) ],
	[ '22P03', 'a count of zero', binary(1, 0x60, 0x02, 0, 0) ],
	[ '22P03', 'COUNT with UNTIL', binary(1, 0x61, 0x02, 0, 1, 1) ],
	[ '22P03', 'a day after the year 9999', binary(1, 0x61, 0, 0, 0xFF, 0xFF, 0xFF, 0x01) ],
	[ '22P03', 'a time after the year 9999', binary(1, 0x62, 0, 0, (0xFF) x 6, 0x7F) ],
	[ '22P03', 'a set that is missing', binary(1, 0x60, 0, 0x01) ],
	[ '22P03', 'a set longer than there are bytes', binary(1, 0x60, 0, 0x01, 2, 2) ],
	[ '22P03', 'a set longer than any', binary(1, 0x60, 0, 0x01, 200, (1) x 200) ],
	[ '22P03', 'a set that ends with nothing', binary(1, 0x60, 0, 0x01, 2, 2, 0) ],
	[ '22P03', 'an empty set', binary(1, 0x60, 0, 0x01, 0) ],
	[ '22P03', 'a month zero', binary(1, 0x60, 0, 0x01, 1, 1) ],
	[ '22P03', 'a month thirteen', binary(1, 0x60, 0, 0x01, 2, 0, 0x20) ],
	[ '22P03', 'an hour twenty-four', binary(1, 0x60, 0, 0x10, 4, 0, 0, 0, 1) ],
	[ '22P03', 'a day 367 of the year', binary(1, 0xC0, 0, 0x04, 46, (0) x 45, 0x80, 0) ],
	[ '22P03', 'numbered weekdays of a week', binary(1, 0x80, 0x04, 0, 0x80, 1, 1, 2, 0) ],
	[ '22P03', 'numbered weekdays, and none of them', binary(1, 0xA0, 0x04, 0, 0x81, 0) ],
	[ '22P03', 'a weekday that has no numbers', binary(1, 0xA0, 0x04, 0, 0x80, 1, 0, 0) ],
	[ '22P03', 'a weekday with the number 54', binary(1, 0xC0, 0x04, 0, 0x80, 1, 7, (0) x 6, 0x40, 0) ],
	[ '22P03', 'BYDAY without weekdays', binary(1, 0x80, 0x04, 0, 0) ],
	[ '22P03', 'weeks of a month', binary(1, 0xA0, 0, 0x02, 1, 2, 0) ],
	[ '22P03', 'positions of nothing', binary(1, 0xA0, 0, 0x80, 1, 2, 0) ],
);
is(load(copy_file("bad$_", $bad[$_][2])), $bad[$_][0], "refused: $bad[$_][1]") for 0 .. $#bad;

srand(SEED);

sub numbers
{
	my ($most) = @_;
	return join ',', map { (rand() < 0.3 ? '-' : '') . (1 + int rand $most) } 0 .. rand 4;
}

sub random_rule
{
	my $freq = (qw(DAILY WEEKLY MONTHLY YEARLY))[ rand 4 ];
	my @parts = ("FREQ=$freq", 'INTERVAL=' . (1 + int rand 1000));
	push @parts, ('COUNT=' . (1 + int rand 1e9), 'UNTIL=20' . (10 + int rand 90) . '0630', 'UNTIL=1' . (100 + int rand 900) . '1231T235959Z')[ rand 3 ];
	push @parts, 'BYMONTHDAY=' . numbers(31) if $freq ne 'WEEKLY' && rand() < 0.4;
	push @parts, 'BYYEARDAY=' . numbers(366) if $freq eq 'YEARLY' && rand() < 0.4;
	push @parts, 'BYDAY=' . join(',', map { (rand() < 0.5 && $freq =~ /^[MY]/ ? numbers(53) =~ s/,.*//r : '') . $_ } grep { rand() < 0.5 } qw(SU SA FR TH WE TU)) . ',MO' if rand() < 0.5;
	push @parts, 'BYHOUR=' . int rand 24 if rand() < 0.3;
	push @parts, 'WKST=' . (qw(MO SA SU))[ rand 3 ];
	return join ';', map { s/=,/=/r } @parts;
}

append_to_file("$folder/rules", join "\n", (map { random_rule() } 1 .. RULES), '');
is($node->safe_psql('postgres', <<"END"), RULES . '|0|0', 'what is copied out comes back');
create table rules (rule clinic.rrule);
copy rules from '$folder/rules';
copy rules to '$folder/sent' (format binary);
truncate loaded;
copy loaded from '$folder/sent' (format binary);
select count(*),
  (select count(*) from ((table loaded except all table rules) union all (table rules except all table loaded)) x),
  (select count(*) from rules where rule::text::clinic.rrule operator(clinic.<>) rule)
from loaded;
END

# Bytes changed at random are refused, or are a rule like any other.
my @changed = map {
	my $bytes = $good[ $_ % @good ][1];
	substr($bytes, rand length $bytes, 1) = chr rand 256 for 0 .. rand 2;
	copy_file("changed$_", $bytes);
} 0 .. 399;
my $copies = join "\n", '\set VERBOSITY verbose', 'truncate loaded;', map { "copy loaded from '$_' (format binary);" } @changed;
my (undef, undef, $errors) = $node->psql('postgres', $copies, on_error_stop => 0);
my $failures = failures($errors);
my $loaded = $node->safe_psql('postgres', 'select count(*) from loaded');
cmp_ok($loaded, '>', 20, 'some changed values are rules');
is($loaded + ($failures->{'22P03'} // 0) + ($failures->{'08P01'} // 0), scalar @changed, 'all others are refused');
is($node->safe_psql('postgres', <<'END'), '', 'and those that are not print and are read as themselves');
select rule from loaded
where rule::text::clinic.rrule operator(clinic.<>) rule
  or clinic.rrule_send(rule::text::clinic.rrule) <> clinic.rrule_send(rule)
END

is(($node->psql('postgres', 'select count(clinic.rrule_describe(rule)) from loaded'))[0], 0, 'what is loaded can be told');

$node->stop;
done_testing();
