# clinic.rota_change() against what it foretells: each of many random rotas and closures is written,
# in a subtransaction that is undone, and what free_time() and orphans() say then is compared with
# what was foretold. The clinics lie about changes of the clocks.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use Clinic;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use constant SEED => $ENV{ROTA_SEED} // 0.2027;
use constant PROPOSALS => $ENV{ROTA_PROPOSALS} // 240;

my $node = new_cluster('rota', timezone => 'UTC');

# One clinic for each change of clocks: providers who follow it and who do not, a room, a device, and
# visits on the days about it, some booked against the rules.
$node->safe_psql('postgres', <<"END");
create table clinics (n int generated always as identity, clinic uuid, zone text, monday date, refused text);
create table resources (n int generated always as identity, clinic uuid, resource uuid, zone text, is_active boolean);

create function any_of(choices anyarray) returns anyelement volatile language sql
  as 'select (\$1)[1 + floor(random() * cardinality(\$1))]';
create function some_hours() returns clinic.weekly_hours volatile language sql as \$\$
  select any_of('{24/7,off,Mo-Su 08:00-16:00,Mo-Fr 09:00-12:00\\,13:00-18:00,Mo-Su 22:00-06:00,Su 01:30-03:30; Mo-Sa 07:30-11:15,Sa 20:00-05:00; Su 12:00-13:00}'::text[])::clinic.weekly_hours\$\$;
create function some_time(clinics) returns timestamptz volatile language sql as
  \$\$select ((\$1).monday + make_interval(mins => 15 * floor(random() * 14 * 96)::int)) at time zone (\$1).zone\$\$;
create function some_days(clinics) returns daterange volatile language sql as \$\$
  select daterange(from_day, from_day + any_of('{1,2,7,30}'::int[]))
  from (select (\$1).monday - 3 + floor(random() * 15)::int) x (from_day)\$\$;

set seed = @{[ SEED ]};
do \$\$
declare
  place record; k clinics; c clinic.clinic; provider uuid; r resources; visit uuid;
begin
  for place in values ('Europe/Berlin', date '2099-03-23'), ('Europe/Berlin', '2099-10-19'), ('Australia/Lord_Howe', '2099-03-30'),
                      ('Pacific/Apia', '2011-12-26'), ('America/St_Johns', '2006-10-23'), ('Asia/Beirut', '2099-03-23') loop
    c := clinic.create_clinic('Clinic', place.column1);
    perform set_config('clinic_sched.clinic_id', c.id::text, true);
    insert into clinics (clinic, zone, monday) values (c.id, place.column1, place.column2) returning * into k;
    update clinic.clinic set hours = some_hours() where id = c.id;
    insert into clinic.resource (kind, code, name, seats, hours, timezone, is_active)
    select x.kind::clinic.resource_kind, x.code, x.code, x.seats, case when own then some_hours() end, zone, x.is_active
    from (values ('provider', 'p', 1, false, null, true), ('provider', 'own', 2, true, null, true), ('provider', 'far', 1, false, 'America/New_York', true),
                 ('provider', 'gone', 1, false, null, false), ('room', 'r', 1, false, null, true), ('equipment', 'e', 2, true, 'Asia/Kathmandu', true))
      x (kind, code, seats, own, zone, is_active);
    insert into resources (clinic, resource, zone, is_active)
      select c.id, x.id, coalesce(x.timezone, k.zone), x.is_active from clinic.resource x where x.clinic_id = c.id order by x.code;
    insert into clinic.patient (name) values ('Ada');
    insert into clinic.hours (resource_id, valid, weekly, seats)
      select any_of(array[null, x.id]), daterange(k.monday + 7 * n, k.monday + 7 * n + 5), some_hours(), any_of('{null,1,3}'::int[])
      from clinic.resource x, generate_series(0, 1) n where x.clinic_id = c.id and x.code = 'p';
    for i in 1..8 loop
      insert into clinic.closure (resource_id, during, kind)
        select any_of(array[null, x.id]), tstzrange(at, at + '5 hours'), any_of('{closed,open}'::clinic.closure_kind[])
        from some_time(k) at, clinic.resource x where x.clinic_id = c.id and x.code = any_of('{p,r,e,far}'::text[]);
      insert into clinic.day_capacity (resource_id, day, available, seats)
        select x.id, k.monday + floor(random() * 14)::int, any_of('{true,false}'::boolean[]), any_of('{null,1,2}'::int[])
        from clinic.resource x where x.clinic_id = c.id and x.code = any_of('{p,own,r}'::text[]) on conflict do nothing;
    end loop;
    for i in 1..60 loop
      begin
        insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, resource_ids, override_reason, status, hold_expires_at)
        select p.id, x.id, s.id, some_time(k), coalesce((select array[y.id] from clinic.resource y where y.clinic_id = c.id and y.code = any_of('{r,e,none,none}'::text[]) limit 1), '{}'),
               'any time will do', status.name, case when status.name = 'held' then now() + interval '1 day' end
        from clinic.patient p, clinic.service s, clinic.resource x, any_of('{held,scheduled,scheduled,confirmed}'::clinic.appointment_status[]) status (name)
        where p.clinic_id = c.id and s.clinic_id = c.id and s.code = 'consultation' and x.clinic_id = c.id and x.code = any_of('{p,own,far}'::text[])
        limit 1 returning id into visit;
        update clinic.appointment set override_reason = null where clinic_id = c.id and id = visit and random() < 0.7;
      exception when others then
        if sqlstate not like 'PT409' then raise; end if;
      end;
    end loop;
  end loop;
end \$\$;
END

# A proposal, what is foretold, and what comes of it.
$node->safe_psql('postgres', <<"END");
create table proposals (n int, clinic uuid, resource uuid, valid daterange, weekly clinic.weekly_hours, mode clinic.visit_mode, seats int,
  during tstzrange, kind clinic.closure_kind, rrule clinic.rrule, days daterange, looked_at daterange, refused text, refused_foretold text);
create table foretold (n int, resource uuid, day date, open_before tstzmultirange, open_after tstzmultirange, free_before tstzmultirange,
  free_after tstzmultirange, minutes_gained int, minutes_lost int, seats_before int, seats_after int, orphans uuid[]);
create table came (n int, resource uuid, open tstzmultirange, free tstzmultirange);
create table orphaned (n int, visit uuid);

-- The time that is compared: some weeks about the change of clocks.
create function stretch(clinics) returns tstzrange language sql as
  \$\$select tstzrange(((\$1).monday - 10)::timestamp at time zone 'UTC', ((\$1).monday + 60)::timestamp at time zone 'UTC')\$\$;

create function write(p proposals) returns void language plpgsql as \$\$
declare
  h clinic.hours;
begin
  if p.weekly is not null then
    for h in delete from clinic.hours x where x.clinic_id = p.clinic and x.resource_id is not distinct from p.resource and x.valid && p.valid returning x.* loop
      insert into clinic.hours (clinic_id, resource_id, valid, weekly, mode, seats)
        select h.clinic_id, h.resource_id, rest, h.weekly, h.mode, h.seats from unnest(datemultirange(h.valid) - datemultirange(p.valid)) rest;
    end loop;
    insert into clinic.hours (clinic_id, resource_id, valid, weekly, mode, seats) values (p.clinic, p.resource, p.valid, p.weekly, p.mode, p.seats);
  end if;
  if p.during is not null then
    insert into clinic.closure (clinic_id, resource_id, during, kind, rrule) values (p.clinic, p.resource, p.during, p.kind, p.rrule);
  end if;
end \$\$;

-- What free_time() and orphans() say, as things are (null) or after a proposal; then it is undone. Who
-- has no claims is free when they are open.
create function look(k clinics, p proposals, n int) returns text language plpgsql as \$\$
declare
  free jsonb; open jsonb; orphans uuid[];
begin
  begin
    if p.clinic is not null then perform write(p); end if;
    select array_agg(o.id) into orphans from clinic.orphans(null, stretch(k), k.clinic) o;
    select jsonb_object_agg(r.resource, clinic.free_time(r.resource, stretch(k), k.clinic)) into free from resources r where r.clinic = k.clinic;
    delete from clinic.claim where clinic_id = k.clinic;
    select jsonb_object_agg(r.resource, clinic.free_time(r.resource, stretch(k), k.clinic)) into open from resources r where r.clinic = k.clinic;
    raise sqlstate 'OK000';
  exception
    when sqlstate 'OK000' then
    when others then return sqlstate;
  end;
  insert into came select n, key::uuid, (open ->> key)::tstzmultirange, value::tstzmultirange from jsonb_each_text(free);
  insert into orphaned select n, unnest(orphans);
  return null;
end \$\$;

create function foretell(p proposals) returns text language plpgsql as \$\$
begin
  insert into foretold select p.n, f.* from clinic.rota_change(p.resource, p.valid, p.weekly, p.mode, p.seats, p.during, p.kind, p.rrule, p.days, p.clinic) f;
  return null;
exception when others then return sqlstate;
end \$\$;
END

my $written = table_sums($node, 'postgres');
my $log = $node->safe_psql('postgres', <<"END");
set seed = @{[ SEED ]};
insert into proposals
select i, k.clinic, case when random() < 0.7 then r.resource end,
  case when shape <> 2 then some_days(k) end, case when shape <> 2 then some_hours() end, any_of('{null,null,timed,token}'::clinic.visit_mode[]), any_of('{null,null,1,2,3}'::int[]),
  case when shape <> 1 then tstzrange(at, at + any_of('{45 min,2 h,12 h,1 d,3 d}'::interval[])) end, any_of('{closed,closed,open}'::clinic.closure_kind[]),
  case when shape <> 1 then rule::clinic.rrule end,
  case when rule is not null or k.monday < current_date or random() < 0.7 then daterange(k.monday - 5 + first, k.monday - 5 + first + any_of('{10,40}'::int[])) end
from generate_series(1, @{[ PROPOSALS ]}) i
cross join lateral (select * from clinics where clinics.n = 1 + i % 6) k
cross join lateral (select * from resources x where x.clinic = k.clinic order by random(), i limit 1) r
cross join lateral (select any_of('{1,1,2,2,2,3}'::int[]) + 0 * i, floor(random() * 8)::int + 0 * i, some_time(k),
  any_of('{null,FREQ=WEEKLY,FREQ=DAILY;INTERVAL=2;COUNT=5}'::text[]) || left(i::text, 0)) x (shape, first, at, rule);
update proposals set looked_at = coalesce(days, '[2000-01-01,2200-01-01)');

update clinics k set refused = look(k, null, -k.n);
begin;
update proposals p set refused_foretold = foretell(p);
select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid();
commit;
update proposals p set refused = look(k, p, p.n) from clinics k where k.clinic = p.clinic;

-- Each day of each proposal, as it was and as it came.
create table expected as
select p.n, r.resource, day::date, before.open * today as open_before, after.open * today as open_after,
  before.free * today as free_before, after.free * today as free_after
from proposals p
join clinics k on k.clinic = p.clinic
join resources r on r.clinic = p.clinic and (p.resource is null or p.resource = r.resource)
join came before on before.n = -k.n and before.resource = r.resource
join came after on after.n = p.n and after.resource = r.resource
cross join lateral generate_series(k.monday - 9, k.monday + 58, '1 day') day
cross join lateral (select tstzmultirange(tstzrange(clinic.day_start(day::date, r.zone), clinic.day_start(day::date + 1, r.zone)))) t (today)
where day::date <@ p.looked_at;
-- Each visit that was left without cover, and the rows in which that could be foretold.
create table expected_orphans as
select p.n, o.visit, r.resource, clinic.day_of(a.starts_at, r.zone) as day
from proposals p
join clinics k on k.clinic = p.clinic
join orphaned o on o.n = p.n and not exists (select from orphaned b where b.n = -k.n and b.visit = o.visit)
join clinic.appointment a on a.clinic_id = p.clinic and a.id = o.visit
join resources r on r.clinic = p.clinic and (p.resource is null or p.resource = r.resource) and r.resource = any (a.provider_id || a.resource_ids);
create function minutes(tstzmultirange) returns int language sql as
  'select floor(coalesce(sum(extract(epoch from upper(r) - lower(r))), 0) / 60) from unnest(\$1) r';
END

is($log, '0', 'to foretell it, no lock of ours is taken');

sub is_none
{
	my ($name, $query) = @_;
	return is($node->safe_psql('postgres', "$query limit 5"), '', $name);
}

is_none('what is refused is refused by both', <<'END');
select * from proposals where (refused is null) <> (refused_foretold is null)
END
is_none('open and free time are as they come', <<'END');
select p.*, e.*, f.* from expected e join foretold f using (n, resource, day) join proposals p using (n)
where (e.open_before, e.open_after, e.free_before, e.free_after) <> (f.open_before, f.open_after, f.free_before, f.free_after)
END
is_none('every day that differs is foretold', <<'END');
select p.*, e.* from expected e join proposals p using (n)
where (e.open_before, e.free_before) <> (e.open_after, e.free_after) and not exists (select from foretold f where (f.n, f.resource, f.day) = (e.n, e.resource, e.day))
END
is_none('and no other day', <<'END');
select p.*, f.* from foretold f join proposals p using (n)
where f.open_before = f.open_after and f.free_before = f.free_after and f.orphans = '{}' and (f.seats_before = f.seats_after or f.open_before = '{}')
  or not f.day <@ p.looked_at or not exists (select from expected e where (e.n, e.resource, e.day) = (f.n, f.resource, f.day))
END
is_none('minutes are those of the free time', <<'END');
select * from foretold where minutes_gained <> minutes(free_after - free_before) or minutes_lost <> minutes(free_before - free_after)
END
is_none('every visit that is orphaned is foretold', <<'END');
select p.*, x.visit from proposals p join (
    select e.n, e.visit from expected_orphans e join proposals p using (n) group by e.n, e.visit having bool_and(e.day <@ p.looked_at)) x using (n)
where not exists (select from foretold f where f.n = x.n and x.visit = any (f.orphans))
END
is_none('and no other, each on its day and with what it occupies', <<'END');
select p.*, f.resource, f.day, visit from foretold f join proposals p using (n), unnest(f.orphans) visit
where not exists (select from expected_orphans e where (e.n, e.resource, e.day, e.visit) = (f.n, f.resource, f.day, visit))
END

is(table_sums($node, 'postgres'), $written, 'and nothing was written');

# A comparison of little would say little.
my $counts = $node->safe_psql('postgres', <<'END');
select 'proposals', count(*) from proposals where refused is null
union all select 'refused', count(*) from proposals where refused is not null
union all select 'days', count(*) from foretold
union all select 'gained', count(*) from foretold where minutes_gained > 0
union all select 'lost', count(*) from foretold where minutes_lost > 0
union all select 'seats', count(*) from foretold where seats_before <> seats_after
union all select 'orphans', count(*) from foretold, unnest(orphans)
union all select 'orphaned', count(distinct (n, visit)) from expected_orphans
union all select 'of the clinic', count(*) from foretold join proposals using (n) where proposals.resource is null
union all select 'recurring', count(*) from foretold join proposals using (n) where rrule is not null
END
note $counts;
my %count = map { split /\|/ } split /\n/, $counts;
cmp_ok($count{$_}, '>=', 100, "a hundred $_ or more") for qw(proposals days gained lost seats orphans), 'of the clinic', 'recurring';
is($node->safe_psql('postgres', 'select * from clinic.verify(null)'), '', 'verify() finds nothing');

$node->stop;
done_testing();
