# Recurrence rules: random ones against python-dateutil, in floating time; windows, the next, the
# previous and counts against the whole list, in zones too; and local times against Python's zoneinfo
# around every change of clocks from 2015 to 2037 in every zone of the server.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use Clinic;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use constant SEED => $ENV{RECURRENCE_SEED} // 5545;
use constant CASES => $ENV{RECURRENCE_CASES} // 2500;

my $test = "$FindBin::RealBin/..";
my $node = new_cluster('recurrence', timezone => 'UTC');
my $folder = PostgreSQL::Test::Utils::tempdir;

# What an oracle prints, as a file for COPY.
sub oracle
{
	my ($name, @arguments) = @_;
	my $file = "$folder/" . join '_', @arguments;
	IPC::Run::run([ 'python3', "$test/oracle/$name", @arguments ], '<', \'', '>', $file) or die "$name failed";
	return $file;
}

# A query that lists what is not as it should be.
sub finds_nothing
{
	my ($name, $query) = @_;
	is($node->safe_psql('postgres', "select x.* from ($query) x limit 3"), '', $name);
}

my $file = oracle('recurrence.py', SEED, CASES);
is($node->safe_psql('postgres', <<"END"), CASES, 'there are as many rules as asked for');
create table cases (id int primary key, oracle text, rule clinic.rrule, dtstart timestamp, horizon timestamp, expected timestamp[]);
copy cases from '$file';
analyze cases;
select count(*) from cases;
END
cmp_ok($node->safe_psql('postgres', 'select avg((cardinality(expected) > 1)::int) from cases'), '>', 0.6, 'of which most occur');

finds_nothing('each rule occurs when its oracle says', <<'END');
select id, oracle, rule, dtstart, horizon, expected, got
from cases, lateral (select array(select clinic.occurrences(rule, dtstart, tsrange(null, horizon)))) g(got)
where got <> expected
END

# Instants to ask about: each occurrence, a second before and after it, and some between.
$node->safe_psql('postgres', <<'END');
select setseed(0.5545);
create table probes as
select id, p as probe
from cases, lateral (
  select e + s * interval '1 second' from unnest(expected) with ordinality u(e, n), unnest(array[-1, 0, 1]) s where n in (1, 2, 9, 60)
  union all select dtstart + random() * (horizon - dtstart) from generate_series(1, 3)) _(p)
where p <= horizon;
END

finds_nothing('a window has what the list has in it', <<'END');
select id, rule, dtstart, probe, got, wanted
from cases join probes using (id), lateral (select array(select clinic.occurrences(rule, dtstart, tsrange(probe, horizon)))) g(got),
  lateral (select array(select e from unnest(expected) e where e >= probe)) w(wanted)
where got <> wanted
END
finds_nothing('the next and the previous are those of the list', <<'END');
select id, rule, dtstart, probe
from cases join probes using (id),
  lateral (select max(e) filter (where e < probe) as before, min(e) filter (where e > probe) as after from unnest(expected) e) w
where clinic.previous_occurrence(rule, dtstart, 'UTC', probe at time zone 'UTC') is distinct from before at time zone 'UTC'
   or after is not null and clinic.next_occurrence(rule, dtstart, 'UTC', probe at time zone 'UTC') is distinct from after at time zone 'UTC'
   or after is null and clinic.next_occurrence(rule, dtstart, 'UTC', probe at time zone 'UTC') < horizon at time zone 'UTC'
END

# A rule without an end, given one: as many as there are until then, and the other way round.
$node->safe_psql('postgres', <<'END');
create table endless as
select id, rule::text as rule, dtstart, expected from cases where rule::text !~ 'COUNT|UNTIL' and cardinality(expected) > 0;
END
finds_nothing('the number of occurrences is the length of the list', <<'END');
select id, rule, dtstart
from endless, lateral (select expected[cardinality(expected)] as last, (rule || to_char(expected[cardinality(expected)], '";UNTIL="YYYYMMDD"T"HH24MISS'))::clinic.rrule as until) u
where clinic.occurrence_count(until, dtstart) <> cardinality(expected)
   or clinic.recurrence_bounds(until, dtstart, 'UTC') <> tstzrange(expected[1] at time zone 'UTC', last at time zone 'UTC', '[]')
END
finds_nothing('a rule with COUNT ends where the list does', <<'END');
select id, rule, dtstart
from endless, lateral (select expected[cardinality(expected)] as last, (rule || ';COUNT=' || cardinality(expected))::clinic.rrule as counted) c
where clinic.occurrence_count(counted, dtstart) <> cardinality(expected)
   or clinic.recurrence_bounds(counted, dtstart, 'UTC') <> tstzrange(expected[1] at time zone 'UTC', last at time zone 'UTC', '[]')
   or array(select clinic.occurrences(counted, dtstart, tsrange(last, null))) <> array[last]
END
finds_nothing('far beyond the list, counts, lists and the previous agree', <<'END');
select id, rule, dtstart
from endless, lateral (select (rule || to_char(far, '";UNTIL="YYYYMMDD'))::clinic.rrule as until, far
                       from (select least(dtstart + 40 * (expected[cardinality(expected)] - dtstart), '9999-12-31') as far) f) u,
  lateral (select count(*) as count, max(o) as last from (select clinic.occurrences(until, dtstart) as o limit 20000) o) l
where count < 20000
  and (clinic.occurrence_count(until, dtstart) <> count
       or clinic.previous_occurrence(rule::clinic.rrule, dtstart, 'UTC', (date_trunc('day', far) + interval '1 day') at time zone 'UTC') <> last at time zone 'UTC'
       or clinic.recurrence_bounds((rule || ';COUNT=' || count)::clinic.rrule, dtstart, 'UTC') <> tstzrange(expected[1] at time zone 'UTC', last at time zone 'UTC', '[]'))
END

# In a zone a rule gives the instants of its local times, in order and each once.
$node->safe_psql('postgres', <<'END');
create table zoned as
select id, rule, dtstart, zone, horizon, instants
from cases, lateral (select (array['Europe/Berlin', 'Australia/Lord_Howe', 'America/Sao_Paulo', 'Pacific/Apia', 'Africa/Casablanca', 'America/New_York', 'Antarctica/Troll'])[1 + id % 7]) z(zone),
  lateral (select array(select distinct clinic.local_to_instant(e, zone) from unnest(expected) e order by 1)) i(instants)
where dtstart >= '1900-01-02' and (rule::text !~ 'UNTIL=.*Z') and horizon < '9000-01-01';
END
finds_nothing('in a zone, each rule gives the instants of its local times', <<'END');
select id, rule, dtstart, zone, got, instants
from zoned, lateral (select array(select o from (select clinic.occurrences(rule, dtstart, zone)) _(o) limit cardinality(instants))) g(got)
where got <> instants
END
finds_nothing('and windows, the next and the previous are those of the list', <<'END');
select id, rule, dtstart, zone, probe
from zoned, lateral (select instants[n] + s * interval '1 second' from unnest(array[2, 7, 31]) n, unnest(array[-1, 0, 1, 1800]) s) p(probe),
  lateral (select max(e) filter (where e < probe) as before, min(e) filter (where e > probe) as after, array_agg(e order by e) filter (where e >= probe) as rest from unnest(instants) e) w
where probe < instants[cardinality(instants)]
  and (clinic.previous_occurrence(rule, dtstart, zone, probe) is distinct from before
       or clinic.next_occurrence(rule, dtstart, zone, probe) is distinct from after
       or array(select clinic.occurrences(rule, dtstart, zone, tstzrange(probe, rest[cardinality(rest)], '[]'))) <> rest)
END
finds_nothing('and there are as many as are counted', <<'END');
select id, rule, dtstart, zone
from zoned, lateral (select (rule::text || ';COUNT=' || (select cardinality(expected) from cases c where c.id = zoned.id))::clinic.rrule as counted) c
where rule::text !~ 'COUNT|UNTIL' and instants <> '{}' and clinic.occurrence_count(counted, dtstart, zone) <> cardinality(instants)
END

# Every zone, every change of clocks, by zoneinfo. What Python says an instant is, in seconds since 1970.
my $changes = "$folder/changes";
my $names = $node->safe_psql('postgres', q{select name from pg_timezone_names where name !~ '^posix/' and name <> 'localtime' order by name collate "C"});
my ($system) = `pg_config --configure` =~ /--with-system-tzdata=([^' ]+)/;
chomp(my $share = `pg_config --sharedir`);
{
	local $ENV{PYTHONTZPATH} = $system // "$share/timezone";
	IPC::Run::run([ 'python3', "$test/oracle/recurrence_zones.py" ], '<', \$names, '>', $changes) or die 'the oracle failed';
}
$node->safe_psql('postgres', <<"END");
create table changes (zone text, rule clinic.rrule, dtstart timestamp, during tstzrange, expected timestamptz[]);
copy changes from '$changes';
END
cmp_ok($node->safe_psql('postgres', "select count(*) from changes where expected <> '{}'"), '>', 20000, 'there are changes of clocks enough');
finds_nothing('at every change of clocks, a rule occurs when zoneinfo says', <<'END');
select zone, rule, dtstart, during, expected, got
from changes, lateral (select array(select clinic.occurrences(rule, dtstart, zone, during))) g(got) where got <> expected
END

done_testing();
