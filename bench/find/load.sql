-- What the searches look through: for each scene a clinic of ours, and in a schema of the scene's name what the peers
-- look through, the same visits of the same doctors.  The clock of all is UTC, the hours are 08:00 to 18:00 every day,
-- visits last 30 minutes.  A search reads claims and no visits, so ours are the claims alone; they arrive as a dump is
-- loaded, because some hundred thousand bookings would take longer than all the searches.
--
-- :scenes names the scenes, with commas between.

create extension clinic_sched cascade;

create schema bench;
create table bench.scene (
  name text primary key,
  doctors int not null,
  past_days int not null,     -- before the first day that is searched
  full_days int not null,     -- of which every start is taken
  days int not null,          -- of which `fullness` are
  fullness float not null,
  step interval not null,
  first_day date not null default date_trunc('week', current_date + 14)::date,
  clinic uuid,
  service uuid
);

insert into bench.scene (name, doctors, past_days, full_days, days, fullness, step)
select *
from (values
  ('usual',      1000,   0,  0, 6, 0.95,  interval '30 min'),
  ('roomy',      1000,   0,  0, 2, 0.8,   '30 min'),
  ('tight',      1000,   0,  0, 2, 0.995, '30 min'),
  ('few',         100,   0,  0, 6, 0.95,  '30 min'),
  ('history',     100,  54,  0, 6, 0.95,  '30 min'),
  ('many',      10000,   0,  0, 1, 0.95,  '30 min'),
  ('scarce',     1000,   0,  0, 2, 0.995, '5 min'),
  ('booked_out', 1000,   0, 10, 1, 0.95,  '30 min')) s (name)
where name = any (string_to_array(:'scenes', ','));

update bench.scene set clinic = (clinic.create_clinic(name, 'UTC')).id;

-- A rota for every doctor, and every policy that a search has to look at.
update clinic.clinic set max_advance = '1 year', min_notice = '1 hour', longest_claim = '30 minutes';
insert into clinic.provider (clinic_id, code, name)
select s.clinic, 'D' || to_char(n, 'FM00000'), 'Doctor' from bench.scene s, generate_series(1, s.doctors) n;
insert into clinic.hours (clinic_id, resource_id, valid, weekly)
select clinic_id, id, '(,)', 'Mo-Su 08:00-18:00' from clinic.provider;
insert into clinic.service (clinic_id, code, name, duration, slot_step)
select clinic, 'bench', 'Bench', '30 min', step from bench.scene;
update bench.scene b set service = s.id from clinic.service s where s.clinic_id = b.clinic and s.code = 'bench';

create table bench.visit as
select s.name as scene, p.id as doctor, t.starts_at
from bench.scene s
join clinic.provider p on p.clinic_id = s.clinic
cross join generate_series(-s.past_days, s.full_days + s.days - 1) day
cross join generate_series(0, 19) half
cross join lateral (select s.first_day::timestamp at time zone 'UTC' + day * interval '1 day' + interval '8 hours' + half * interval '30 min') t (starts_at)
-- a number from 0 to 9999 that depends on all three
where (day >= 0 and day < s.full_days)
   or (hashtext(p.code || ' ' || day || ' ' || half) & 1048575) % 10000 < 10000 * s.fullness;

-- Nothing is written afterwards; whether it is vacuumed is decided by whoever loads it.
alter table clinic.claim set (autovacuum_enabled = off);
set check_function_bodies = off;
set search_path = '';
insert into clinic.claim (clinic_id, appointment_id, resource_id, seat, starts_at, ends_at)
select s.clinic, pg_catalog.gen_random_uuid(), v.doctor, 1, v.starts_at, v.starts_at + interval '30 min'
from bench.visit v join bench.scene s on s.name = v.scene;
reset search_path;

-- The peers' tables, with the index that suits two of their statements, and in a table of its own, because stepwise
-- is planned to use it and is ten times slower then, the one that suits the third.
select format($$
  create schema %1$I;
  create table %1$I.doctor as select id, code from clinic.provider where clinic_id = %2$L;
  create unique index on %1$I.doctor (code) include (id);
  create table %1$I.visit with (autovacuum_enabled = off) as
  select doctor, starts_at, starts_at + interval '30 min' as ends_at from bench.visit where scene = %1$L order by 1, 2;
  create unique index on %1$I.visit (doctor, starts_at) include (ends_at);
  create table %1$I.visit_by_time with (autovacuum_enabled = off) as select * from %1$I.visit;
  create unique index on %1$I.visit_by_time (starts_at, doctor) include (ends_at);
  grant usage on schema %1$I to clinic_bench_app;
  grant select on all tables in schema %1$I to clinic_bench_app$$, name, clinic)
from bench.scene \gexec
drop table bench.visit;

-- The peers' indexes are made of rows that are there: so the searches' are too.
reindex index clinic.claim_time;
reindex index clinic.claim_resource;

grant usage on schema clinic, bench to clinic_bench_app;
grant select on bench.scene to clinic_bench_app;
grant execute on all functions in schema clinic to clinic_bench_app;
