# Civil time agrees with Python's zoneinfo in every zone of the server, around every change of its
# clocks from 1970 to 2037 and in some years after: one conversion at a time, and with a clock that
# remembers where it was, whichever way the times go.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use Clinic;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $test = "$FindBin::RealBin/..";

# Where the server reads its zones, for Python to read the same.
sub zone_folder
{
	my ($system) = `pg_config --configure` =~ /--with-system-tzdata=([^' ]+)/;
	chomp(my $share = `pg_config --sharedir`);
	return $system // "$share/timezone";
}

# The module that offers src/civil to SQL as it is, built in a folder of its own.
sub build_module
{
	my $copy = PostgreSQL::Test::Utils::tempdir;
	my $build = "cp '$test'/modules/civil_conversions/* '$copy' &&"
	  . " make -s -C '$copy' SOURCE='$test/..' >'$copy/log' 2>&1";
	system($build) == 0 or die "the module does not build:\n" . slurp_file("$copy/log");
	return "$copy/civil_conversions";
}

# The zones of the server; what repeats another's file needs to be asked only once.
sub zones
{
	my ($node, $folder) = @_;
	my (%seen, @zones);
	my $names = $node->safe_psql('postgres', <<'END');
select name from pg_timezone_names where name !~ '^posix/' and name <> 'localtime' order by name collate "C"
END
	for my $name (split /\n/, $names)
	{
		push @zones, $name unless $seen{ slurp_file("$folder/$name") }++;
	}
	return @zones;
}

# What the oracle expects of those zones, as a file for COPY.
sub expectations
{
	my ($folder, @zones) = @_;
	my $file = PostgreSQL::Test::Utils::tempdir . '/expected';
	local $ENV{PYTHONTZPATH} = $folder;
	IPC::Run::run([ 'python3', "$test/oracle/civil.py" ], '<', \join("\n", @zones), '>', $file)
	  or die 'the oracle failed';
	return $file;
}

my $node = new_cluster('civil');
my $folder = zone_folder();
my $module = build_module();
my @zones = zones($node, $folder);
my $file = expectations($folder, @zones);

$node->safe_psql('postgres', <<"END");
create table expected (conversion text collate "C", zone text collate "C", given timestamp, expected timestamp);
copy expected from '$file';
analyze expected;
create function convert_times(conversion text, given timestamp[], zone text, with_clock boolean) returns timestamp[]
  language c strict parallel safe as '$module';
END

# Ways to put the times of a zone in order, and whether one clock is asked for all of them.
my @walks = (
	[ 'one at a time', 'given', 'false' ],
	[ 'with a clock, going forwards', 'given', 'true' ],
	[ 'with a clock, going backwards', 'given desc', 'true' ],
	[ 'with a clock, here and there', 'timestamp_hash_extended(given, 2030)', 'true' ],
);

# Counts what was asked and shows what was answered otherwise.
sub is_as_expected
{
	my ($name, $answers) = @_;
	my ($asked, @wrong) = split /\n/, $node->safe_psql('postgres', <<"END");
set timezone = 'UTC';
set work_mem = '64MB';
select concat_ws(E'\\n', count(*), array_to_string((
  array_agg(concat_ws(' ', a.conversion, a.zone, a.given, 'expected', a.expected, 'got', a.got)
    order by a.zone, a.given) filter (where a.got is distinct from a.expected))[1:20], E'\\n'))
from ($answers) a
END
	is(join("\n", @wrong), '', "$name: $asked answers");
	return $asked;
}

for my $walk (@walks)
{
	my ($name, $order, $with_clock) = @$walk;
	cmp_ok(is_as_expected($name, <<"END"), '>', 100 * @zones, "$name: enough was asked");
select z.conversion, z.zone, a.given, a.expected, a.got
from (select e.conversion, e.zone, array_agg(e.given order by $order) as given,
             array_agg(e.expected order by $order) as expected
      from expected e group by 1, 2) z,
  unnest(z.given, z.expected, convert_times(z.conversion, z.given, z.zone, $with_clock)) a(given, expected, got)
END
}

# Far from a change, a clock answers as one conversion at a time does, whatever it was asked before.
for my $order ('desc', 'hash')
{
	my $by = $order eq 'hash' ? 'timestamp_hash_extended(t, 2030)' : "t $order";
	is($node->safe_psql('postgres', <<"END"), '', "all year round, times in order $order");
with times as (select array_agg(t order by $by) as given from generate_series(timestamp '2022-01-01', '2025-01-01', '17:37:11') t)
select distinct on (z.zone) z.zone, c.conversion, u.given, u.got, u.expected
from times, (select distinct zone from expected) z, unnest(array['local', 'instant', 'day', 'day_start']) c(conversion),
  unnest(given, convert_times(c.conversion, given, z.zone, true), convert_times(c.conversion, given, z.zone, false)) u(given, got, expected)
where u.got <> u.expected
END
}

# The functions of the product, whose answers are in a zone of the session.
is_as_expected('day_start()', <<'END');
select e.*, clinic.day_start(e.given::date, e.zone) at time zone 'UTC' as got
from expected e where e.conversion = 'day_start'
END
is_as_expected('local_to_instant()', <<'END');
select e.*, clinic.local_to_instant(e.given, e.zone) at time zone 'UTC' as got
from expected e where e.conversion = 'instant'
END
is_as_expected('day_of()', <<'END');
select e.*, clinic.day_of(e.given at time zone 'UTC', e.zone)::timestamp as got
from expected e where e.conversion = 'day'
END
# What it takes for an abbreviation means one offset all year.
is_as_expected("PostgreSQL's own AT TIME ZONE, of instants", <<'END');
select e.*, e.given at time zone 'UTC' at time zone e.zone as got
from expected e
where e.conversion = 'local' and not exists (select from pg_timezone_abbrevs b where b.abbrev = upper(e.zone))
END

# Where the answer must differ, or this test could not have failed.
my $second = $node->safe_psql('postgres', <<'END');
select count(*) > 1000 from expected e
where e.conversion = 'instant' and e.given at time zone e.zone at time zone 'UTC' <> e.expected
END
is($second, 't', "PostgreSQL's own AT TIME ZONE, of local times, takes the second occurrence");

# A POSIX rule may name offsets of a week, and change by one. There is no oracle for these, but what
# holds of every zone: the clocks show a local time at its instant, and never did so before.
my @rules = ('AAA-167:59', 'AAA167:59', 'AAA-100BBB90,J60/0,J300/0', 'AAA100BBB-90,J60/0,J300/0', 'AAA0BBB-24,J60/0,J62/0');
for my $rule (@rules)
{
	is($node->safe_psql('postgres', <<"END"), 'f,f,f', "$rule: a local time means the first instant that shows it");
set timezone = 'UTC';
with times as (select array_agg(t) as instants from generate_series(timestamp '2023-12-01', '2025-02-01', '97 minutes') t),
  shown as (select instants, convert_times('local', instants, '$rule', true) as locals from times),
  meant as (select instants, locals, convert_times('instant', locals, '$rule', true) as firsts from shown)
select concat_ws(',', bool_or(m.local <> m.instant at time zone 'UTC' at time zone '$rule'),
  bool_or(m.first > m.instant), bool_or(m.first at time zone 'UTC' at time zone '$rule' <> m.local))
from (select * from meant, unnest(instants, locals, firsts) u(instant, local, first)) m
END
}

# Where timestamps end.
my ($first, $last, $refused) = ('4714-11-24 00:00:00 BC', '294276-12-31 23:59:59.999999', 'timestamp out of range');
my @edges = (
	[ 'instant', $last, 'Asia/Tokyo', '294276-12-31 14:59:59.999999' ],
	[ 'instant', $last, 'Etc/GMT+5', $refused ],
	[ 'instant', $first, 'Etc/GMT+5', '4714-11-24 05:00:00 BC' ],
	[ 'instant', $first, 'Asia/Tokyo', $refused ],
	[ 'local', $last, 'Etc/GMT+5', '294276-12-31 18:59:59.999999' ],
	[ 'local', $last, 'America/New_York', '294276-12-31 18:59:59.999999' ],
	[ 'local', $last, 'Asia/Tokyo', $refused ],
	[ 'local', $first, 'Etc/GMT-5', '4714-11-24 05:00:00 BC' ],
	[ 'local', $first, 'Etc/GMT+5', $refused ],
	[ 'day', $first, 'Etc/GMT-5', '4714-11-24 00:00:00 BC' ],
	[ 'day_start', $first, 'UTC', $first ],
	map { [ $_, 'infinity', 'UTC', $refused ], [ $_, '-infinity', 'UTC', $refused ] } qw(local instant day day_start));
my $script = join '', map { <<"END" } @edges;
select (convert_times('$_->[0]', array[timestamp '$_->[1]'], '$_->[2]', true))[1] as result \\gset
\\if :ERROR
\\echo :LAST_ERROR_MESSAGE
\\else
\\echo :result
\\endif
END
my ($status, $results) = $node->psql('postgres', $script, on_error_stop => 0);
my @results = split /\n/, $results;
is(shift @results, $_->[3], "$_->[0] of $_->[1] in $_->[2]") for @edges;

done_testing();
