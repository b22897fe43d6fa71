-- availability: the day and the month of a clinic's providers, as text
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
set client_min_messages = warning;
select id as clinic from clinic.create_clinic('Praxis am Park', 'Europe/Berlin') \gset
set clinic_sched.clinic_id = :'clinic';
set datestyle = 'ISO';
set timezone = 'Europe/Berlin';
update clinic.clinic set hours = 'Mo-Fr 08:00-12:00,13:00-16:00' where id = :'clinic';
insert into clinic.provider (code, name) values ('HO', 'Dr Ho'), ('MARTIN', 'Dr Martin');
select id as ho from clinic.provider where code = 'HO' and clinic_id = :'clinic' \gset
select id as martin from clinic.provider where code = 'MARTIN' and clinic_id = :'clinic' \gset
select id as follow_up from clinic.service where code = 'follow_up' and clinic_id = :'clinic' \gset
select id as acupuncture from clinic.service where code = 'acupuncture' and clinic_id = :'clinic' \gset
select id as routine from clinic.service where code = 'routine_checkup' and clinic_id = :'clinic' \gset
select id as ada from clinic.register_patient('Ada Neumann', '+49 30 1111111') \gset
select id as bela from clinic.register_patient('Bela', '+49 30 1111112') \gset
select id as elodie from clinic.register_patient('Élodie de l''Île', '+49 30 1111113') \gset
select id as zhang from clinic.register_patient('张 伟', '+49 30 1111114') \gset
-- a visit, whatever today is
create function pg_temp.visit(patient uuid, provider uuid, service uuid, starts_at timestamptz, duration interval default null,
                              status clinic.appointment_status default 'scheduled') returns void language sql as
$$
  insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, ends_at, status, override_reason, hold_expires_at)
  values ($1, $2, $3, $4, $4 + $5, $6, 'any day will do', case when $6 = 'held' then now() + interval '10 minutes' end)
$$;

-- a normal day, with a lunch break
select pg_temp.visit(:'ada', :'ho', :'follow_up', '2099-06-01 08:00');
select pg_temp.visit(:'bela', :'ho', :'follow_up', '2099-06-01 08:30', status => 'confirmed');
select pg_temp.visit(:'elodie', :'ho', :'routine', '2099-06-01 09:00', status => 'held');
select pg_temp.visit(:'zhang', :'ho', :'acupuncture', '2099-06-01 10:00', status => 'arrived');
select pg_temp.visit(:'ada', :'ho', :'follow_up', '2099-06-01 11:00', status => 'in_progress');
select pg_temp.visit(:'ada', :'ho', :'follow_up', '2099-06-01 13:00', status => 'completed');
select pg_temp.visit(:'ada', :'ho', :'follow_up', '2099-06-01 13:30', status => 'no_show');
select pg_temp.visit(:'ada', :'ho', :'follow_up', '2099-06-01 14:00', status => 'cancelled');
select pg_temp.visit(:'ada', :'martin', :'acupuncture', '2099-06-01 08:15');
select pg_temp.visit(:'bela', :'martin', :'acupuncture', '2099-06-01 09:00');
select pg_temp.visit(:'elodie', :'martin', :'acupuncture', '2099-06-01 09:45');
select pg_temp.visit(:'zhang', :'martin', :'follow_up', '2099-06-01 11:00', '10 min');
select pg_temp.visit(:'elodie', :'martin', :'follow_up', '2099-06-01 11:10', '10 min');
select pg_temp.visit(:'bela', :'martin', :'follow_up', '2099-06-01 11:20', '10 min');
select pg_temp.visit(:'ada', :'martin', :'follow_up', '2099-06-01 17:30', '2 h');
select * from clinic.day_sheet('2099-06-01');
-- the order of the providers is as they are named
select * from clinic.day_sheet('2099-06-01', array[:'martin', :'ho']::uuid[]) limit 3;
\pset format aligned
\pset tuples_only off
select * from clinic.day_sheet('2099-06-02', array[:'martin']::uuid[]);
\pset format unaligned
\pset tuples_only on

-- leave of one, a holiday of all, a weekend
insert into clinic.closure (resource_id, during) values (:'martin', '[2099-06-03,2099-06-04)');
insert into clinic.closure (during, reason) values ('[2099-06-05,2099-06-06)', 'holiday');
select * from clinic.day_sheet('2099-06-03');
select * from clinic.day_sheet('2099-06-05');
select * from clinic.day_sheet('2099-06-06');
-- who is inactive is not listed, and is closed where named
update clinic.resource set is_active = false where id = :'martin';
select * from clinic.day_sheet('2099-06-03') limit 2;
select * from clinic.day_sheet('2099-06-04', array[:'martin']::uuid[]);
update clinic.resource set is_active = true where id = :'martin';

-- several seats
insert into clinic.provider (code, name, seats, hours) values ('IV', 'Infusion', 6, '08:00-10:00');
select id as iv from clinic.provider where code = 'IV' and clinic_id = :'clinic' \gset
select pg_temp.visit(p, :'iv', :'follow_up', '2099-06-01 08:00', '1 h') from unnest(array[:'ada', :'bela']::uuid[]) p;
select pg_temp.visit(p, :'iv', :'follow_up', '2099-06-01 08:30', '1 h') from unnest(array[:'ada', :'bela', :'elodie', :'zhang']::uuid[]) p;
select pg_temp.visit(:'zhang', :'iv', :'follow_up', '2099-06-01 09:10', '30 min');
select * from clinic.day_sheet('2099-06-01', array[:'iv']::uuid[]);

-- clocks go forward: 02:00 and 02:30 are not shown
insert into clinic.provider (code, name, hours) values ('NIGHT', 'Night duty', 'Sa 22:00-05:00');
select id as night from clinic.provider where code = 'NIGHT' and clinic_id = :'clinic' \gset
select pg_temp.visit(:'ada', :'night', :'follow_up', '2027-03-28 01:30', '1 h');
select pg_temp.visit(:'bela', :'night', :'follow_up', '2027-03-27 23:30', '1 h');
select * from clinic.day_sheet('2027-03-28', array[:'night']::uuid[]);
-- clocks go back: 02:00 and 02:30 are shown twice
select pg_temp.visit(:'ada', :'night', :'follow_up', '2027-10-31 01:30', '2 h');
select pg_temp.visit(:'bela', :'night', :'follow_up', '2027-10-31 02:45+01', '30 min');
select * from clinic.day_sheet('2027-10-31', array[:'night']::uuid[]);
-- of a day whose clocks change while all are closed the times alone say enough
update clinic.resource set hours = 'Su 10:00-11:00' where id = :'night';
select * from clinic.day_sheet('2028-03-26', array[:'night']::uuid[]);
-- a change by half an hour; a day that begins at 01:00; a day that a zone left out
update clinic.clinic set timezone = 'Australia/Lord_Howe' where id = :'clinic';
update clinic.resource set hours = '01:00-03:00' where id = :'night';
select * from clinic.day_sheet('2027-04-04', array[:'night']::uuid[]);
select * from clinic.day_sheet('2027-10-03', array[:'night']::uuid[]);
update clinic.clinic set timezone = 'Africa/Cairo' where id = :'clinic';
update clinic.resource set hours = '00:00-02:00' where id = :'night';
select * from clinic.day_sheet('2027-04-30', array[:'night']::uuid[]);
update clinic.clinic set timezone = 'Pacific/Apia' where id = :'clinic';
select * from clinic.day_sheet('2011-12-30', array[:'night']::uuid[]);
update clinic.clinic set timezone = 'Europe/Berlin' where id = :'clinic';

-- a day of tokens: first the numbers, then when the provider is there
insert into clinic.service (code, name, duration, mode) values ('visit', 'Visit', '15 min', 'token');
insert into clinic.provider (code, name, seats, hours) values ('KIM', 'Dr Kim', 3, 'Mo-Fr 09:00-10:30');
select id as kim from clinic.provider where code = 'KIM' and clinic_id = :'clinic' \gset
select id as visit from clinic.service where code = 'visit' and clinic_id = :'clinic' \gset
insert into clinic.hours (resource_id, valid, weekly, mode, seats) values (:'kim', '[2099-06-01,2099-06-03)', 'Mo-Fr 09:00-10:30', 'token', 4);
insert into clinic.appointment (patient_id, provider_id, service_id, mode, starts_at, status, override_reason)
select p, :'kim', :'visit', 'token', '2099-06-01 00:00', s::clinic.appointment_status, 'any day will do'
from unnest(array[:'ada', :'elodie', :'zhang']::uuid[], '{scheduled,confirmed,arrived}'::text[]) x(p, s);
update clinic.appointment set status = 'cancelled' where patient_id = :'elodie' and service_id = :'visit' and clinic_id = :'clinic';
select * from clinic.day_sheet('2099-06-01', array[:'kim', :'iv']::uuid[]);
insert into clinic.appointment (patient_id, service_id, provider_id, mode, status, starts_at, seat)
values (:'bela', :'visit', :'kim', 'token', 'completed', '2099-06-02 00:00', 2147483647), (:'ada', :'visit', :'kim', 'token', 'completed', '2099-06-02 00:00', null);
select * from clinic.day_sheet('2099-06-02', array[:'kim']::uuid[]);

-- what no line may break: names with controls, and wide ones
update clinic.resource set name = E'tab\tnew\nline 张伟张伟张伟张伟' where id = :'kim';
update clinic.service set code = E'a\nb 张伟张伟张伟张伟张伟张伟' where id = :'follow_up';
select pg_temp.visit(:'zhang', :'kim', :'follow_up', '2099-06-08 09:00');
select * from clinic.day_sheet('2099-06-08', array[:'kim']::uuid[]);

-- the session's zone is nothing to it; null means today, and all who are active
set timezone = 'Pacific/Apia';
select * from clinic.day_sheet('2099-06-08', array[:'kim']::uuid[]) limit 2;
set timezone = 'Europe/Berlin';
select (select d from clinic.day_sheet() d limit 1) ~ to_char(now(), 'YYYY-MM-DD +"HO Dr Ho"  +') as today;
select count(*) from clinic.day_sheet('2099-06-06', '{}');
select clinic.day_sheet('2099-06-08', null) limit 1;

-- what is refused
select clinic.day_sheet('2099-06-08', array[clinic.uuid7()]);
select clinic.day_sheet('2099-06-08', array[null]::uuid[]);
select clinic.day_sheet('infinity');
select clinic.day_sheet('-infinity');
select clinic.day_sheet('1899-12-31');
select clinic.day_sheet('10000-01-01');
select clinic.day_sheet('5000000-01-01');
select clinic.day_sheet('9999-12-31') limit 1;
select clinic.day_sheet('1900-01-01') limit 1;
select clinic.day_sheet('2099-06-08', null, null);
select clinic.day_sheet('2099-06-08', null, clinic.uuid7());

-- a month: tenths of the open time that is booked, what is closed, what is full
update clinic.resource set is_active = code in ('HO', 'IV', 'KIM') where kind = 'provider' and clinic_id = :'clinic';
insert into clinic.provider (code, name, seats, hours) values ('FULL', 'Dr Full', 1, 'Mo-Fr 09:00-10:00; Sa,Su 22:00-02:00') returning id as full \gset
insert into clinic.hours (resource_id, valid, weekly, seats) values (:'full', '[2099-06-15,2099-06-20)', 'Mo-Fr 09:00-10:00', 2);
insert into clinic.closure (resource_id, during) values (null, '[2099-06-24,2099-06-25)'), (:'full', '[2099-06-02 09:30,2099-06-02 12:00)');
select pg_temp.visit(:'ada', :'full', :'follow_up', x.starts_at::timestamptz, x.length::interval, x.status::clinic.appointment_status)
from (values ('2099-06-01 09:00', '30 min', 'completed'), ('2099-06-01 09:00', '15 min', 'completed'), ('2099-06-02 09:00', '30 min', 'scheduled'), ('2099-06-03 09:00', '30 min', 'scheduled'), ('2099-06-03 09:45', '30 min', 'confirmed'),
  ('2099-06-04 09:00', '59 min', 'scheduled'), ('2099-06-05 09:00', '5 min', 'held'), ('2099-06-10 09:00', '5 min', 'held'), ('2099-06-11 09:00', '1 h', 'completed'), ('2099-06-11 09:00', '1 h', 'completed'), ('2099-06-06 22:00', '4 h', 'scheduled'), ('2099-06-08 09:00', '1 h', 'no_show'), ('2099-06-09 11:00', '1 h', 'scheduled'),
  ('2099-06-15 09:00', '1 h', 'scheduled'), ('2099-06-15 09:00', '30 min', 'scheduled'), ('2099-06-16 09:00', '1 h', 'scheduled'), ('2099-06-16 09:00', '1 h', 'scheduled'),
  ('2099-06-24 09:00', '30 min', 'scheduled'), ('2099-06-30 09:00', '30 min', 'scheduled')) x (starts_at, length, status);
select * from clinic.month_sheet('2099-06-17');
-- of whom is named, in this order; who is inactive is closed
select * from clinic.month_sheet('2099-06-30', array[:'martin', :'full', :'martin']::uuid[]);
-- days of tokens, months of other lengths, and a day that the zone left out
select * from clinic.month_sheet('2096-02-29', array[:'kim']::uuid[]) limit 3;
update clinic.hours set valid = '[2099-08-03,2099-08-04)' where resource_id = :'kim';
insert into clinic.appointment (patient_id, provider_id, service_id, mode, starts_at, override_reason)
select p, :'kim', :'visit', 'token', '2099-08-03 00:00', 'any day will do' from unnest(array[:'ada', :'bela']::uuid[]) p;
select * from clinic.month_sheet('2099-08-03', array[:'kim']::uuid[]) limit 3;
update clinic.clinic set timezone = 'Pacific/Apia' where id = :'clinic';
select * from clinic.month_sheet('2011-12-01', array[:'ho']::uuid[]) limit 3;
update clinic.clinic set timezone = 'Europe/Berlin' where id = :'clinic';
select (select m from clinic.month_sheet() m limit 1) ~ to_char(now(), 'YYYY-MM +"1 "') as this_month;
select * from clinic.month_sheet('2099-06-06', '{}');
select clinic.month_sheet('2099-06-08', array[clinic.uuid7()]);
select clinic.month_sheet('2099-06-08', array[null]::uuid[]);
select clinic.month_sheet('infinity');
select clinic.month_sheet('9999-12-31', '{}') limit 1;
select clinic.month_sheet('1900-01-01', '{}') limit 1;
select clinic.month_sheet('1899-12-31');
select clinic.month_sheet('2099-06-08', null, null);
select clinic.month_sheet('2099-06-08', null, clinic.uuid7());
update clinic.resource set is_active = true where kind = 'provider' and clinic_id = :'clinic';

-- visits are read with the caller's rights
create role sheet_reader;
grant usage on schema clinic to sheet_reader;
grant execute on function clinic.day_sheet, clinic.month_sheet, clinic.current_clinic to sheet_reader;
set role sheet_reader;
select clinic.day_sheet('2099-06-01', array[:'ho']::uuid[]);
select clinic.month_sheet('2099-06-01', array[:'ho']::uuid[]);
reset role;
grant select on clinic.resource, clinic.appointment, clinic.patient, clinic.service to sheet_reader;
alter table clinic.patient enable row level security;
alter table clinic.appointment enable row level security;
create policy mine on clinic.appointment for select to sheet_reader using (provider_id <> :'martin');
set role sheet_reader;
select * from clinic.day_sheet('2099-06-01', array[:'ho', :'martin']::uuid[]) limit 5;
select * from clinic.month_sheet('2099-06-01', array[:'ho', :'martin']::uuid[]) limit 4;
reset role;
drop policy mine on clinic.appointment;
alter table clinic.patient disable row level security;
alter table clinic.appointment disable row level security;
drop owned by sheet_reader;
drop role sheet_reader;
reset clinic_sched.clinic_id;
