# Visits one after another and with several providers at once, against brute force, in random small
# clinics: find_chain() finds what is found by booking each visit for trial and then listing what is
# free for the next, and find_panel() what available_slots() says of each provider.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use Clinic;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use constant SEED => $ENV{CHAIN_SEED} // 0.2027;
use constant CLINICS => $ENV{CHAIN_CLINICS} // 25;

my $node = new_cluster('chain', timezone => 'UTC', autovacuum => 'off');

$node->safe_psql('postgres', <<'SQL');
create table search (n serial primary key, clinic uuid, patient uuid, services uuid[], max_gap interval, during tstzrange,
  max_results int, same_provider boolean, providers uuid[], expected text[], got text[]);
create table panel (n serial primary key, clinic uuid, patient uuid, service uuid, during tstzrange, max_results int, size int,
  expected text[], got text[]);

create function pick(variadic choices text[]) returns text language sql volatile
  as $$select choices[1 + floor(random() * cardinality(choices))::int]$$;

-- A clinic with some visits, and what is asked of it.
create function make_clinic() returns void language plpgsql as $$
declare
  house uuid := clinic.uuid7();
  patient uuid := clinic.uuid7();
  service uuid;
  day date := pick('2099-03-28', '2099-06-01', '2099-10-24')::date;
  during tstzrange;
begin
  insert into clinic.clinic (id, name, timezone, hours, slot_step, min_duration) values
    (house, 'Clinic', pick('Europe/Berlin', 'UTC', 'Australia/Lord_Howe'), pick('24/7', 'Mo-Su 08:00-12:00', 'Mo-Su 08:00-10:00,10:30-13:00')::clinic.weekly_hours,
     pick('10 min', '15 min', '30 min')::interval, '5 min');
  insert into clinic.service (clinic_id, id, code, name, duration, buffer_before, buffer_after)
    select house, clinic.uuid7(), 's' || n, 'Service', pick('10 min', '15 min', '30 min', '45 min')::interval,
      pick('0', '0', '5 min', '20 min')::interval, pick('0', '0', '10 min', '30 min')::interval from generate_series(1, 3) n;
  insert into clinic.resource (clinic_id, id, kind, code, name, seats)
    select house, clinic.uuid7(), 'provider', 'p' || n, 'Dr ' || n, pick('1', '1', '2')::int from generate_series(1, 2 + (random() * 2)::int) n;
  insert into clinic.resource (clinic_id, id, kind, code, name, seats)
    select house, clinic.uuid7(), 'room', 'r' || n, 'Room ' || n, pick('1', '1', '2')::int from generate_series(1, 1 + (random() * 2)::int) n;
  insert into clinic.service_requirement (clinic_id, service_id, kind, codes)
    select house, s.id, r.kind::clinic.resource_kind, nullif(r.codes, '')::text[]
    from clinic.service s
    cross join lateral (values ('room', pick('', '{r1}', '{r1,r2}'), 0.6), ('room', '', 0.1), ('provider', pick('{p1}', '{p1,p2}'), 0.1)) r (kind, codes, share)
    where s.clinic_id = house and random() < r.share;
  insert into clinic.provider_service (clinic_id, provider_id, service_id, duration)
    select house, p.id, s.id, pick(null, null, '20 min')::interval
    from clinic.service s join clinic.resource p on p.clinic_id = s.clinic_id and p.kind = 'provider'
    where s.clinic_id = house and random() < 0.7;
  insert into clinic.patient (clinic_id, id, name) select house, id, 'Patient' from unnest(array[patient, clinic.uuid7()]) id;
  insert into clinic.closure (clinic_id, resource_id, during)
    select house, r.id, tstzrange(t.at, t.at + interval '1 hour')
    from clinic.resource r cross join lateral (select day + random() * interval '2 days') t (at)
    where r.clinic_id = house and random() < 0.3;
  during := tstzrange(day + interval '6 hours' * (random() * 2)::int, day + interval '22 hours');
  for i in 1..40 loop
    begin
      perform clinic.book((select id from clinic.patient where clinic_id = house and id <> patient),
        (select id from clinic.resource where clinic_id = house and kind = 'provider' order by random() limit 1),
        (select id from clinic.service where clinic_id = house order by random() limit 1),
        date_trunc('minute', lower(during) + random() * interval '8 hours'), hold_for => pick(null, '1 hour')::interval, clinic_id => house);
    exception when others then
    end;
  end loop;
  update clinic.appointment set hold_expires_at = now() - interval '1 second' where clinic_id = house and status = 'held' and random() < 0.5;
  for i in 1..3 loop
    insert into search (clinic, patient, services, max_gap, during, max_results, same_provider, providers)
      select house, patient, array(select id from clinic.service, generate_series(1, 2) where clinic_id = house order by random() limit 1 + ceil(random() * 2)),
        pick('0', '10 min', '30 min', '1 hour')::interval, during, pick('1', '3', '5')::int, pick(null, null, 'true', 'false')::boolean,
        case when random() < 0.2 then array(select id from clinic.resource where clinic_id = house and kind = 'provider' and code < 'p3') end;
  end loop;
  insert into panel (clinic, patient, service, during, max_results, size)
    select house, patient, id, during, pick('1', '8')::int, pick('2', '2', '3')::int from clinic.service where clinic_id = house;
end $$;

create function said(provider uuid, slot tstzrange) returns text language sql
  as $$select (select code from clinic.resource where id = provider) || to_char(lower(slot), ' DD.HH24:MI') || to_char(upper(slot), '-DD.HH24:MI')$$;

-- Who is free for a service, and when.
create function free(s search, service uuid, during tstzrange) returns table (provider uuid, slot tstzrange) language sql as $$
  select r.id, a.slot
  from clinic.resource r
  cross join clinic.available_slots(r.id, $2, $3, clinic_id => s.clinic) a
  where r.clinic_id = s.clinic and r.kind = 'provider' and a.available and (s.providers is null or r.id = any (s.providers))
  order by lower(a.slot), r.code
$$;

-- How a chain is completed that ends then; null if it cannot be. What is booked for trial is undone.
create function completed(s search, step int, ends timestamptz, with_whom uuid[]) returns text language plpgsql as $$
declare
  last timestamptz := least(upper(s.during), ends + s.max_gap + interval '1 hour');
  next record;
  rest text;
begin
  if step > cardinality(s.services) then
    return '';
  end if;
  if ends >= last then
    return null;
  end if;
  for next in select f.* from free(s, s.services[step], tstzrange(ends, last)) f where lower(f.slot) <= ends + s.max_gap loop
    continue when s.same_provider and next.provider <> with_whom[1];
    continue when not s.same_provider and next.provider = any (with_whom);
    rest := with_rest(s, step, next.provider, next.slot, with_whom);
    if rest is not null then
      return rest;
    end if;
  end loop;
  return null;
end $$;

create function with_rest(s search, step int, provider uuid, slot tstzrange, with_whom uuid[]) returns text language plpgsql as $$
declare
  rest text;
begin
  perform clinic.book(s.patient, provider, s.services[step], lower(slot), clinic_id => s.clinic);
  rest := completed(s, step + 1, upper(slot), with_whom || provider);
  raise sqlstate 'OK000';
exception when sqlstate 'OK000' then
  return ',' || said(provider, slot) || rest;
end $$;

create function chains(s search) returns text[] language plpgsql as $$
declare
  chains text[] := '{}';
  start record;
begin
  for start in
    select array_agg(f.provider) as providers, array_agg(f.slot) as slots from free(s, s.services[1], s.during) f group by lower(f.slot) order by lower(f.slot)
  loop
    exit when cardinality(chains) >= s.max_results;
    chains := chains || array(
      select c.chain
      from unnest(start.providers, start.slots) f (provider, slot)
      cross join lateral (select substr(with_rest(s, 1, f.provider, f.slot, '{}'), 2)) c (chain)
      where c.chain is not null
      order by right(c.chain, 8), regexp_replace(c.chain, ' [^,]*', '', 'g'));
  end loop;
  return chains[:s.max_results];
end $$;

-- Panels, and whether they can be booked.
create function panels(p panel) returns text[] language sql as $$
  select coalesce(array_agg(said order by slot), '{}')
  from (
    select a.slot, concat_ws(' ', string_agg(r.code, ',' order by r.code) filter (where r.n <= p.size), a.slot) as said
    from (
      select a.slot, r.code, row_number() over (partition by a.slot order by r.code) as n
      from clinic.resource r
      cross join clinic.available_slots(r.id, p.service, p.during, clinic_id => p.clinic) a
      where r.clinic_id = p.clinic and r.kind = 'provider' and a.available) r
    cross join lateral (select r.slot) a
    group by a.slot
    having count(*) >= p.size
    order by a.slot
    limit p.max_results) found
$$;

create function booked(p panel, panel uuid[], slot tstzrange) returns text language plpgsql as $$
declare
  visit clinic.appointment;
begin
  visit := clinic.book(p.patient, panel[1], p.service, lower(slot), resource_ids => panel[2:], clinic_id => p.clinic);
  if visit.ends_at <> upper(slot) then
    return 'another end';
  end if;
  raise sqlstate 'OK000';
exception
  when sqlstate 'OK000' then return null;
  when others then return sqlerrm;
end $$;
SQL

$node->safe_psql('postgres', <<"SQL");
begin;
select setseed(@{[ SEED ]});
do \$\$ begin for i in 1..@{[ CLINICS ]} loop perform make_clinic(); end loop; end \$\$;
commit;
analyze;
SQL
note $node->safe_psql('postgres', <<'SQL');
begin;
\timing on
update search s set got = coalesce((
  select array_agg(chain order by n)
  from (
    select f.chain as n, string_agg(said(f.provider_id, f.slot), ',' order by f.step) as chain
    from clinic.find_chain(s.services, s.max_gap, s.during, s.max_results, s.same_provider, s.providers, s.clinic) f
    group by 1) c), '{}');
update panel p set got = coalesce((
  select array_agg(concat_ws(' ', (select string_agg(r.code, ',' order by r.code) from clinic.resource r where r.id = any (f.panel)), f.slot, booked(p, f.panel, f.slot)) order by f.slot)
  from clinic.find_panel(p.service, p.during, p.max_results, panel_size => p.size, clinic_id => p.clinic) f), '{}');
update search s set expected = chains(s);
update panel p set expected = panels(p);
commit;
SQL

is($node->safe_psql('postgres', 'select n, expected, got from search where expected <> got order by n limit 5'), '',
	'chains are those that can be booked, the earliest first');
is($node->safe_psql('postgres', 'select n, expected, got from panel where expected <> got order by n limit 5'), '',
	'panels are those who are free at once, and can be booked');

# A comparison of little would say little.
my $counts = $node->safe_psql('postgres', <<'SQL');
select 'chains', sum(cardinality(expected)) from search
union all select 'none', count(*) from search where expected = '{}'
union all select 'of three', count(*) from search where cardinality(services) > 2 and expected <> '{}'
union all select 'same', count(*) from search where same_provider and expected <> '{}'
union all select 'different', count(*) from search where not same_provider and expected <> '{}'
union all select 'waiting', count(*) from search s, unnest(expected) c where cardinality(services) = 2 and split_part(split_part(c, ',', 1), '-', 2) <> substr(split_part(c, ',', 2), 4, 8)
union all select 'panels', sum(cardinality(expected)) from panel
SQL
note $counts;
my %count = map { split /\|/ } split /\n/, $counts;
cmp_ok($count{$_}, '>', 0, "among them $_") for sort keys %count;

$node->stop;
done_testing();
