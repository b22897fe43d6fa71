# Where a clinic has many providers and the first start has enough of them who are free, only some
# are asked: what is found is the same, and little is read.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use Clinic;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use constant SEED => $ENV{FIRST_START_SEED} // 0.2027;
use constant SEARCHES => $ENV{FIRST_START_SEARCHES} // 150;
use constant DOCTORS => 1400;

my $node = new_cluster('first_start', autovacuum => 'off', timezone => 'UTC');
new_clinic($node, DOCTORS, 10);
my ($clinic, $service, $doctor) = (CLINIC, VISIT, DOCTOR);

# Codes have another order than ids. A fifth are not as the others: they do not take visits, take
# several at a time, are open at other hours, take longer, or are of a specialty. On one day most
# are busy, on the next hardly anybody is, and on the third half are. Some of what is held has
# expired.
$node->safe_psql('postgres', <<"END");
begin;
select setseed(@{[ SEED ]});
update clinic.clinic set hours = 'Mo-Su 08:00-12:00,13:00-18:00', longest_claim = '2 hours', min_duration = '10 minutes';
update clinic.resource set code = left(md5(id::text), 12);
create table kind as select id, (random() * 40)::int as kind from clinic.resource;
update clinic.resource r set is_active = false from kind k where k.id = r.id and k.kind = 1;
update clinic.resource r set seats = 2 from kind k where k.id = r.id and k.kind in (2, 3);
update clinic.resource r set hours = 'Mo-Su 06:30-11:00' from kind k where k.id = r.id and k.kind = 4;
update clinic.resource r set hours = 'Mo-Su 09:00-20:00', timezone = 'Europe/Berlin' from kind k where k.id = r.id and k.kind = 5;
update clinic.resource r set specialty = 'skin' from kind k where k.id = r.id and k.kind in (6, 7);
insert into clinic.provider_service (clinic_id, provider_id, service_id, duration)
  select '$clinic', id, '$service', case when kind = 8 then interval '20 minutes' when kind = 9 then '40 minutes' end from kind where kind >= 8;
insert into clinic.closure (clinic_id, resource_id, during)
  select '$clinic', id, tstzrange(t.at, t.at + interval '3 hours') from kind, lateral (select timestamptz '2030-01-07 06:00Z' + random() * interval '3 days') t (at) where kind = 10;
create table visit as
  select clinic.uuid7() as id, provider, seat, at, is_held
  from (
    select r.id as provider, 1 + (random() * (r.seats - 1))::int as seat, t.at, random() < 0.01 as is_held, day, random() as busy
    from clinic.resource r
    cross join generate_series(0, 2) day
    cross join generate_series(0, 23) half
    cross join lateral (select timestamptz '2030-01-07 06:30Z' + day * interval '1 day' + half * interval '30 minutes') t (at)
  ) v
  where busy < (array[0.97, 0.2, 0.5])[day + 1];
set local check_function_bodies = off;
set local search_path = '';
insert into clinic.appointment (clinic_id, id, code, patient_id, provider_id, service_id, starts_at, ends_at, buffer_before, buffer_after, seat, status, hold_expires_at)
  select '$clinic', id, 'APT-' || id, '@{[ patient(1) ]}', provider, '$service', at, at + interval '30 minutes', '0', '0', seat, 'held', pg_catalog.now() + case when pg_catalog.random() < 0.5 then interval '1 day' else '-1 day' end
  from public.visit where is_held;
insert into clinic.claim (clinic_id, appointment_id, resource_id, seat, starts_at, ends_at)
  select '$clinic', id, provider, seat, at, at + interval '30 minutes' from public.visit;
commit;
END
$node->safe_psql('postgres', 'vacuum analyze');

# What is found when so many are wanted is the first so many of all.
$node->safe_psql('postgres', <<"END");
begin;
select setseed(@{[ SEED ]});
create function pick(variadic choices text[]) returns text language sql volatile
  as \$\$select choices[1 + floor(random() * cardinality(choices))::int]\$\$;
create table search as
  select n, tstzrange(t.at, t.at + pick('3 hours', '1 day')::interval) as during, pick('1', '2', '5', '10', '30', '100')::int as most,
    pick(null, null, '5 min', '20 min')::interval as step, pick(null, null, null, '10 min', '1 hour')::interval as duration,
    pick(null, null, null, null, '{1}', '{2,3}')::int[] as days, pick(null, null, null, null, null, '08:00', '13:00', '22:00')::time as time_from,
    pick(null, null, null, null, '10:00', '23:00')::time as time_until, pick(null, null, '1', '3')::int as of_provider,
    pick(null, null, '1', '40')::int as of_day, pick(null, null, null, null, 'skin') as specialty
  from generate_series(1, @{[ SEARCHES ]}) n
  cross join lateral (select date_bin('1 minute', timestamptz '2030-01-07Z' + random() * interval '3 days', '2030-01-01Z') + n * interval '0') t (at);
create table found as
  select s.n, way, f.i, f.provider, f.slot, f.seats_left
  from search s
  cross join unnest('{some,all}'::text[]) way
  cross join lateral clinic.find_slots('$service', s.during, case way when 'some' then s.most end, null, s.step, s.duration, null, s.days,
    s.time_from, s.time_until, s.of_provider, s.of_day, s.specialty, '$clinic') with ordinality f (provider, slot, seats_left, i)
  where f.i <= s.most;
commit;
END
is($node->safe_psql('postgres', <<'END'), '', 'so many starts are the first of all');
select s.*, a.i, a.provider, a.slot, a.seats_left, b.provider, b.slot, b.seats_left
from (select * from found where way = 'some') a
full join (select * from found where way = 'all') b using (n, i)
join search s using (n)
where (a.provider, a.slot, a.seats_left) is distinct from (b.provider, b.slot, b.seats_left)
order by n, i limit 5
END

# A comparison of little would say little.
my $counts = $node->safe_psql('postgres', <<'END');
select 'found', count(*) from found
union all select 'nothing', count(*) from search where n not in (select n from found)
union all select 'of one start', count(*) from (select n from found where way = 'some' group by n having count(distinct lower(slot)) = 1 and count(*) > 1) s
union all select 'of several', count(*) from (select n from found where way = 'some' group by n having count(distinct lower(slot)) > 1) s
union all select 'of several lengths', count(*) from (select n from found where way = 'some' group by n having count(distinct upper(slot) - lower(slot)) > 1) s
union all select 'two seats', count(*) from found where seats_left = 2
union all select 'after expired holds', count(*) from found f join visit v on v.provider = f.provider and v.is_held and tstzrange(v.at, v.at + interval '30 minutes') && f.slot
END
note $counts;
my %count = map { split /\|/ } split /\n/, $counts;
cmp_ok($count{$_}, '>', 0, "among them $_") for sort keys %count;

# How many entries of the claims' indexes a search reads.
sub entries
{
	my ($arguments) = @_;
	return $node->safe_psql('postgres', <<"END");
begin;
select from clinic.find_slots('$service', $arguments, clinic_id => '$clinic');
select sum(pg_stat_get_xact_tuples_returned(indexrelid)) from pg_index where indrelid = 'clinic.claim'::regclass;
END
}

my $free = entries("'[2030-01-08 09:00Z,2030-01-09Z)'");
my $later = entries("'[2030-01-07 20:00Z,2030-01-09Z)', time_from => '09:00'");
my $busy = entries("'[2030-01-07 09:00Z,2030-01-08Z)', 100");
note "entries read: $free and $later where most are free, $busy where few are";
cmp_ok($free, '<', 200, 'where most are free, the claims of a few are read');
cmp_ok($later, '<', 200, 'also on the next day, when that is when it may be');
cmp_ok($busy, '>', 1000, 'and where few are, those of all');

$node->stop;
done_testing();
