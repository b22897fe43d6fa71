# clinic.open_hours() against a second opinion, and weekly_hours in binary form: what was sent comes
# back, and what nobody would send is refused.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use Clinic;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use constant SEED => 2027;
use constant CASES => 2400;

my $node = new_cluster('hours', timezone => 'UTC');
my $folder = PostgreSQL::Test::Utils::tempdir;

# Both sides of the comparison have to know the same changes of clocks. PostgreSQL has a copy of the
# time zone database of its own unless it was built to use the system's.
my ($zones) = map { chomp; "$_/timezone" } qx{$ENV{PG_CONFIG} --sharedir};
local $ENV{PYTHONTZPATH} = $zones if -e "$zones/Europe/Berlin";
my ($cases, $complaints) = run_command([ 'python3', "$FindBin::RealBin/../oracle/open_hours.py", SEED, CASES ]);
is($complaints, '', 'the second opinion has nothing to complain about');
append_to_file("$folder/cases", "$cases\n");
is($node->safe_psql('postgres', <<"END"), CASES . "\n1", 'there are as many cases as asked for, of which most are open at some time');
create table cases (hours clinic.weekly_hours, zone text, during tstzrange, expected tstzmultirange);
copy cases from '$folder/cases';
select count(*) from cases;
select round(avg((expected <> '{}')::int)) from cases;
END
is($node->safe_psql('postgres', <<'END'), '', 'around changes of the clocks hours are open when both say so');
select hours, zone, during, expected, clinic.open_hours(hours, zone, during) from cases
where clinic.open_hours(hours, zone, during) <> expected limit 3
END
is($node->safe_psql('postgres', <<'END'), '', 'is_open agrees with both');
set seed = 0.5;
select hours, zone, minute from cases
cross join lateral (select lower(during) + random() * (upper(during) - lower(during)) as minute) m
where clinic.is_open(hours, zone, minute) <> (expected @> minute) limit 3
END

# Binary COPY: a signature, no flags, no header extension; one field of each row; an end.
sub copy_file
{
	my ($name, @fields) = @_;
	my $file = "$folder/$name";
	append_to_file($file, join '', "PGCOPY\n\377\r\n\0", pack('NN', 0, 0), (map { pack('n N/a*', 1, $_) } @fields), pack('n', 0xFFFF));
	return $file;
}

# Of so many ranges as is said; a range is a pair of minutes.
sub binary
{
	my ($count, @ranges) = @_;
	return pack 'N n*', $count, map { @$_ } @ranges;
}

sub load
{
	my ($file) = @_;
	my ($status, undef, $errors) = $node->psql('postgres', "\\set VERBOSITY verbose\ntruncate loaded; copy loaded from '$file' (format binary)");
	return $status == 0 ? $node->safe_psql('postgres', 'select hours from loaded') : $errors =~ /ERROR:  (\w{5}):/ ? $1 : $errors;
}

$node->safe_psql('postgres', 'create table loaded (hours clinic.weekly_hours)');
my @good = (
	[ 'off', binary(0) ],
	[ '24/7', binary(1, [ 0, 10080 ]) ],
	[ 'Mo 08:00-12:00', binary(1, [ 480, 720 ]) ],
	[ 'Su 22:00-02:00', binary(2, [ 0, 120 ], [ 9960, 10080 ]) ],
);
is(load(copy_file("good$_", $good[$_][1])), $good[$_][0], "binary: $good[$_][0]") for 0 .. $#good;
my @bad = (
	[ '08P01', 'nothing at all', '' ],
	[ '08P01', 'half a count', "\0\0" ],
	[ '08P01', 'a range that is missing', binary(2, [ 0, 120 ]) ],
	[ '08P01', 'half a range', binary(1) . "\0\0" ],
	[ '22P03', 'more than was counted', binary(1, [ 0, 120 ], [ 180, 240 ]) ],
	[ '22P03', 'a count below zero', binary(0xFFFFFFFF) ],
	[ '22P03', 'more ranges than a week can have', binary(5041, map { [ 2 * $_, 2 * $_ + 1 ] } 0 .. 5040) ],
	[ '22P03', 'a count whose size overflows', binary(0x40000000, [ 0, 120 ]) ],
	[ '22P03', 'an empty range', binary(1, [ 120, 120 ]) ],
	[ '22P03', 'a range that ends before it begins', binary(1, [ 180, 120 ]) ],
	[ '22P03', 'a range past the end of the week', binary(1, [ 0, 10081 ]) ],
	[ '22P03', 'a minute past the end of the week', binary(1, [ 65534, 65535 ]) ],
	[ '22P03', 'ranges that overlap', binary(2, [ 0, 120 ], [ 60, 180 ]) ],
	[ '22P03', 'ranges that touch', binary(2, [ 0, 120 ], [ 120, 180 ]) ],
	[ '22P03', 'ranges out of order', binary(2, [ 180, 240 ], [ 0, 120 ]) ],
	[ '22P03', 'a range twice', binary(2, [ 0, 120 ], [ 0, 120 ]) ],
);
is(load(copy_file("bad$_", $bad[$_][2])), $bad[$_][0], "binary: refused is $bad[$_][1]") for 0 .. $#bad;
is(load(copy_file('most', binary(5040, map { [ 2 * $_, 2 * $_ + 1 ] } 0 .. 5039))), $node->safe_psql('postgres', <<'END'), 'binary: a week may have 5040 ranges');
select 'Mo-Su ' || string_agg(to_char(m / 60, 'FM00:') || to_char(m % 60, 'FM00-') || to_char((m + 1) / 60, 'FM00:') || to_char((m + 1) % 60, 'FM00'), ',' order by m)
from generate_series(0, 1438, 2) m
END

# Bytes changed at random are refused, or are a value like any other.
srand(SEED);
my @changed = map {
	my $bytes = $good[ 1 + $_ % 3 ][1];
	substr($bytes, rand length $bytes, 1) = chr rand 256 for 0 .. rand 2;
	copy_file("changed$_", $bytes);
} 0 .. 399;
my $copies = join "\n", '\set VERBOSITY verbose', 'truncate loaded;', map { "copy loaded from '$_' (format binary);" } @changed;
my (undef, undef, $errors) = $node->psql('postgres', $copies, on_error_stop => 0);
my $failures = failures($errors);
my $loaded = $node->safe_psql('postgres', 'select count(*) from loaded');
cmp_ok($loaded, '>', 20, 'binary: some changed values are values');
is($loaded + ($failures->{'22P03'} // 0) + ($failures->{'08P01'} // 0), scalar @changed, 'all others are refused');
is($node->safe_psql('postgres', <<'END'), '', 'and those that are not print and are read as themselves');
select hours from loaded
where hours::text::clinic.weekly_hours operator(clinic.<>) hours
  or clinic.weekly_hours_send(hours::text::clinic.weekly_hours) <> clinic.weekly_hours_send(hours)
END
is($node->safe_psql('postgres', <<"END"), CASES . '|0', 'binary: what is copied out comes back');
copy (select hours from cases) to '$folder/sent' (format binary);
truncate loaded;
copy loaded from '$folder/sent' (format binary);
select count(*), (select count(*) from ((table loaded except all select hours from cases) union all (select hours from cases except all table loaded)) x) from loaded;
END

$node->stop;
done_testing();
