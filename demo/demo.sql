-- demo.sql: a day at a clinic, with the extension's own functions

\set ON_ERROR_STOP on
\pset footer off
\pset null ''
set client_min_messages = warning;

\echo
\echo A clinic in Berlin with two doctors and a room.
create extension clinic_sched cascade;
select name, timezone, status from clinic.create_clinic('Riverside Practice', 'Europe/Berlin');
update clinic.clinic set calling_code = '49', prevent_patient_overlap = true;
set timezone = 'Europe/Berlin';

insert into clinic.provider (code, name, specialty) values
  ('HO', 'Dr Ho', 'general practice'),
  ('MARTIN', 'Dr Martin', 'acupuncture');
insert into clinic.room (code, name) values ('R1', 'Treatment room');

\echo Its services, as the preset made them:
select code, name, duration from clinic.service order by code;

-- Names for what the rest of this script needs.
select id as ho from clinic.provider where code = 'HO' \gset
select id as martin from clinic.provider where code = 'MARTIN' \gset
select id as room from clinic.room where code = 'R1' \gset
select id as follow_up from clinic.service where code = 'follow_up' \gset
select id as new_patient from clinic.service where code = 'new_patient' \gset
select id as acupuncture from clinic.service where code = 'acupuncture' \gset
select (date_trunc('week', now()) + interval '9 days')::date as day \gset

\echo Twenty-four patients register; numbers are completed with the calling code of the clinic.
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

select name, phone from clinic.find_patients('ada');

\echo Twenty-two visits are booked for :day.
create temporary view patient_number as
  select row_number() over (order by name) as n, id from clinic.patient;
select count(clinic.book(
         patient_id => p.id,
         provider_id => :'ho',
         service_id => :'follow_up',
         starts_at => :'day'::date + time '08:00' + (n - 1) * interval '30 minutes')) as "for Dr Ho"
from patient_number p where n <= 14;
select count(clinic.book(
         patient_id => p.id,
         provider_id => :'martin',
         service_id => :'acupuncture',
         starts_at => :'day'::date + time '08:00' + (n - 15) * interval '45 minutes',
         resource_ids => array[:'room']::uuid[])) as "for Dr Martin, with the room"
from patient_number p where n between 15 and 22;

\echo Somebody else wants 09:00 with Dr Ho:
\set ON_ERROR_STOP off
\set VERBOSITY default
select clinic.book((select id from patient_number where n = 23), :'ho', :'follow_up',
                   :'day'::date + time '09:00');
\echo A client that writes the table itself is told the same:
insert into clinic.appointment (patient_id, provider_id, service_id, starts_at)
select id, :'ho', :'follow_up', :'day'::date + time '09:00' from patient_number where n = 23;
\set ON_ERROR_STOP on

\echo With any doctor, at half past three, it can be done:
select r.name as provider, a.starts_at, a.code ~ '^APT-' as "has a code", a.status
from clinic.book((select id from patient_number where n = 23), null, :'follow_up',
                 :'day'::date + time '15:30') a
join clinic.provider r on r.id = a.provider_id;

\echo The visit of 08:30 moves to 15:00; the one of 09:00 is cancelled, and its time is free at once.
select a.starts_at, a.ends_at, a.status
from clinic.day_schedule(:'ho', :'day') v
cross join lateral clinic.reschedule(v.id, :'day'::date + time '15:00') a
where v.starts_at = :'day'::date + time '08:30';
select a.status, a.cancellation_reason
from clinic.day_schedule(:'ho', :'day') v
cross join lateral clinic.cancel(v.id, 'Patient is travelling') a
where v.starts_at = :'day'::date + time '09:00';
select a.starts_at, a.status
from clinic.book((select id from patient_number where n = 24), :'ho', :'follow_up',
                 :'day'::date + time '09:00') a;
select count(clinic.confirm(v.id)) as confirmed
from clinic.day_schedule(null, :'day') v
where v.starts_at < :'day'::date + time '10:00';

\echo What the journal has of the cancelled visit:
select j.action, j.new ->> 'status' as status, j.new ->> 'cancellation_reason' as reason
from clinic.journal j
join clinic.appointment a on a.id = j.entity_id
where a.status = 'cancelled'
order by j.id;

\echo Visits whose claims are not what they should be, by verify():
select count(*) from clinic.verify();

\echo
\echo :day
with visit as (
  select v.starts_at, v.ends_at, v.provider_id,
         format('%-5s %-12s %s',
                regexp_replace(p.name, '(\w)\w*\s*', '\1.', 'g'), s.code, v.status) as line
  from clinic.day_schedule(null, :'day') v
  join clinic.patient p on p.id = v.patient_id
  join clinic.service s on s.id = v.service_id)
select to_char(starts_at, 'HH24:MI') as "from",
       coalesce(max(line) filter (where provider_id = :'ho'), '') as "Dr Ho",
       coalesce(max(line) filter (where provider_id = :'martin'), '') as "Dr Martin"
from visit
group by starts_at
order by starts_at;
