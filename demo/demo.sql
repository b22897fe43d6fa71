-- demo.sql: a day at a clinic, with the extension's own functions

\set ON_ERROR_STOP on
\set SHOW_CONTEXT never
\pset footer off
\pset null ''
set client_min_messages = warning;
set timezone = 'Europe/Berlin';

\echo
\echo A practice in Berlin with two doctors, three rooms and a lunch break. Easter Monday is a
\echo holiday, and on Tuesday from four on Dr Ho is away. Acupuncture needs the treatment room,
\echo an X-ray either of the rooms for it, and a vaccination is a number of a day.
create extension clinic_sched cascade;
select name, timezone from clinic.create_clinic('Riverside Practice', 'Europe/Berlin');
update clinic.clinic
   set hours = 'Mo-Fr 08:00-12:00,13:00-18:00', calling_code = '49', prevent_patient_overlap = true;
insert into clinic.provider (code, name, specialty) values
  ('HO', 'Dr Ho', 'general practice'),
  ('MARTIN', 'Dr Martin', 'acupuncture');
insert into clinic.room (code, name) values
  ('R1', 'Treatment room'),
  ('X1', 'X-ray, ground floor'),
  ('X2', 'X-ray, first floor');
insert into clinic.service (code, name, duration, mode) values
  ('x_ray', 'X-ray', '30 minutes', 'timed'),
  ('vaccination', 'Vaccination', '10 minutes', 'token');
insert into clinic.service_requirement (service_id, kind, codes)
select s.id, 'room', needs.rooms::text[]
from clinic.service s
join (values ('acupuncture', '{R1}'), ('x_ray', '{X1,X2}')) needs (code, rooms) using (code);

-- Names for what the rest of this script needs.
select id as ho from clinic.provider where code = 'HO' \gset
select id as martin from clinic.provider where code = 'MARTIN' \gset
select id as follow_up from clinic.service where code = 'follow_up' \gset
select id as acupuncture from clinic.service where code = 'acupuncture' \gset
select id as x_ray from clinic.service where code = 'x_ray' \gset
\set tuesday 2035-03-27

insert into clinic.closure (resource_id, during, reason) values
  (null, '[2035-03-26,2035-03-27)', 'Easter Monday'),
  (:'ho', '[2035-03-27 16:00,2035-03-28)', 'conference');

\echo When Dr Ho is free from Friday to Tuesday, in UTC: on Sunday the clocks go forward.
set timezone = 'UTC';
select to_char(lower(free), 'Dy DD HH24:MI') || ' - ' || to_char(upper(free), 'HH24:MI') as "Dr Ho, UTC"
from unnest(clinic.free_time(:'ho', '[2035-03-23,2035-03-28)')) free;
set timezone = 'Europe/Berlin';

\echo Twenty-four patients register, and twenty visits are booked for Tuesday.
select count(clinic.register_patient(
         name => first || ' ' || last,
         phone => '030 2345 ' || (1000 + 37 * n),
         date_of_birth => date '1950-01-01' + 791 * n::int)) as registered
from unnest(
  array['Ada','Bela','Carla','Dario','Elif','Felix','Greta','Hana','Ivo','Jana','Karim','Lena',
        'Milan','Nora','Omar','Paula','Quentin','Rosa','Sami','Tara','Umut','Vera','Wanda','Yusuf'],
  array['Neumann','Otto','Peters','Quandt','Richter','Sommer','Thoma','Ulrich','Vogel','Weber','Zeller','Albers',
        'Bauer','Celik','Dorn','Engel','Fuchs','Graf','Haas','Ilg','Jung','Kaya','Lang','Maurer'])
  with ordinality as person (first, last, n);
create temporary view patient_number as
  select row_number() over (order by name) as n, id from clinic.patient;

select count(clinic.book(p.id, :'ho', :'follow_up', :'tuesday'::date + at)) as "for Dr Ho"
from unnest('{08:00,08:30,09:00,09:30,10:30,11:00,11:30,13:00,13:30,14:00,15:00}'::time[])
  with ordinality as start (at, n)
join patient_number p using (n);
select count(clinic.book(p.id, :'martin', :'acupuncture', :'tuesday'::date + at)) as "for Dr Martin"
from unnest('{08:00,08:45,09:30,10:15,11:00,13:00,13:45,14:30,16:00}'::time[])
  with ordinality as start (at, i)
join patient_number p on p.n = 11 + i;

\echo Which half hours of Dr Ho may still be booked, and why not the others:
select lower(slot)::date as day, coalesce(reason, 'free') as "start is",
       string_agg(to_char(lower(slot), 'HH24:MI'), ' ' order by slot) as starts
from clinic.available_slots(:'ho', :'follow_up', '[2035-03-26 14:00,2035-03-28)')
group by 1, 2
order by 1, min(lower(slot));

\echo Somebody else wants 09:00 with Dr Ho; a client that writes the table itself wants noon.
\set ON_ERROR_STOP off
select clinic.book((select id from patient_number where n = 23), :'ho', :'follow_up', :'tuesday'::date + time '09:00');
insert into clinic.appointment (patient_id, provider_id, service_id, starts_at)
select id, :'ho', :'follow_up', :'tuesday'::date + time '12:00' from patient_number where n = 23;
\set ON_ERROR_STOP on

\echo
\echo With any doctor, at half past three, it can be done. The visit of 08:30 moves to 14:30, the one
\echo of 09:00 is cancelled, and both times are free at once.
select r.name as provider, a.starts_at, a.status
from clinic.book((select id from patient_number where n = 23), null, :'follow_up', :'tuesday'::date + time '15:30') a
join clinic.provider r on r.id = a.provider_id;
select a.starts_at, a.status
from clinic.day_schedule(:'ho', :'tuesday') v
cross join lateral clinic.reschedule(v.id, :'tuesday'::date + time '14:30') a
where v.starts_at = :'tuesday'::date + time '08:30';
select a.status, a.cancellation_reason
from clinic.day_schedule(:'ho', :'tuesday') v
cross join lateral clinic.cancel(v.id, 'Patient is travelling') a
where v.starts_at = :'tuesday'::date + time '09:00';
select * from clinic.available_slots(:'ho', :'follow_up', '[2035-03-27 08:30,2035-03-27 10:00)');

\echo A new rota is thought of: that week Dr Martin comes back from lunch at two. What would that
\echo come to?
select day, minutes_lost, cardinality(orphans) as "visits left outside it"
from clinic.rota_change(:'martin', '[2035-03-26,2035-03-31)', 'Mo-Fr 08:00-12:00,14:00-18:00');
\echo So be it.
insert into clinic.hours (resource_id, valid, weekly) values
  (:'martin', '[2035-03-26,2035-03-31)', 'Mo-Fr 08:00-12:00,14:00-18:00');
select o.starts_at, p.name, clinic.orphan_reason(o) as reason
from clinic.orphans() o
join clinic.patient p on p.id = o.patient_id
order by o.starts_at;
\echo They move to 15:15 and 16:45; early visits are confirmed, and the first patients are here.
select a.starts_at, a.status
from (select o.*, row_number() over (order by starts_at) as n from clinic.orphans() o) o
join unnest('{15:15,16:45}'::time[]) with ordinality as free (at, n) using (n)
cross join lateral clinic.reschedule(o.id, :'tuesday'::date + at) a;
select count(clinic.confirm(v.id)) as confirmed
from clinic.day_schedule(null, :'tuesday') v where v.starts_at < :'tuesday'::date + time '10:00';
select count(clinic.set_status(v.id, 'arrived')) as here
from clinic.day_schedule(null, :'tuesday') v where v.starts_at = :'tuesday'::date + time '08:00';

\echo From Wednesday on, three X-rays as soon as may be, with the doctor who has least to do that
\echo day. The rooms are found along with the doctors.
select a.starts_at, d.name as doctor, r.name as room
from (select id from patient_number order by n limit 3) p
cross join lateral clinic.book_first(p.id, :'x_ray', '[2035-03-28,2035-03-31)', strategy => 'least_loaded') a
join clinic.provider d on d.id = a.provider_id
join clinic.room r on r.id = a.resource_ids[1]
order by a.starts_at, d.code;
\echo One more is held for ten minutes, while somebody makes up their mind; then they let it go.
select a.starts_at, a.status
from patient_number p
cross join lateral clinic.book_first(p.id, :'x_ray', '[2035-03-28,2035-03-31)', hold_for => '10 minutes') a
where p.n = 4;
select a.starts_at, a.status
from clinic.day_schedule(null, '2035-03-28') v
cross join lateral clinic.release(v.id) a
where v.status = 'held';

\echo Thursday morning Dr Ho has six vaccinations to give, by number. Number 2 is cancelled, and
\echo is the next one to be given.
insert into clinic.hours (resource_id, valid, weekly, mode, seats) values
  (:'ho', '[2035-03-29,2035-03-30)', 'Th 08:00-12:00', 'token', 6);
select string_agg(a.seat::text, ' ' order by p.n) as numbers
from (select * from patient_number order by n limit 4) p
cross join lateral clinic.book_token(p.id, :'ho', '2035-03-29') a;
select a.seat as number, a.status, a.cancellation_reason
from clinic.day_schedule(:'ho', '2035-03-29') v
cross join lateral clinic.cancel(v.id, 'Patient has a cold') a
where v.seat = 2;
select a.seat as number, a.status
from patient_number p
cross join lateral clinic.book_token(p.id, :'ho', '2035-03-29') a
where p.n = 5;
select * from clinic.token_days(:'ho', '[2035-03-28,2035-03-31)');

\echo A visit every Wednesday at five, eight times from April on; on the first Wednesday of a month
\echo all doctors meet from four to six. What cannot be had moves to the next free start.
insert into clinic.closure (during, rrule, reason) values
  ('[2035-04-04 16:00,2035-04-04 18:00)', 'FREQ=MONTHLY;BYDAY=1WE', 'meeting of the doctors');
select occurrence, outcome, detail
from clinic.book_series((select id from patient_number where n = 6), :'ho', :'follow_up', '2035-04-04 17:00',
                        'FREQ=WEEKLY;COUNT=8', on_conflict => 'next_free');
select id as series from clinic.series \gset
select occurrence_at, starts_at from clinic.appointment where series_id = :'series' and starts_at <> occurrence_at order by 1;
\echo From 2 May on they are at half past three.
select occurrence, outcome, detail
from clinic.reschedule_series(:'series', '2035-05-02 15:30', '2035-05-02 17:00', 'following');

\echo Visits whose claims are not what they should be, by verify():
select count(*) from clinic.verify();

\pset tuples_only on
select clinic.day_sheet(:'tuesday', array[:'ho', :'martin']::uuid[]);

\echo
select clinic.month_sheet('2035-03-01');
