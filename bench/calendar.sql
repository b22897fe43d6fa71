-- What every side of a bench shares: the same numbered slots, so that all load the same prior visits and then
-- book the same ones.  Run first in each database; never timed.
--
-- 120 weekdays from a Monday at least a week ahead, 20 starts a day (08:00 to 17:30 in Berlin), 1,000 doctors:
-- 2,400,000 slots.  Slot n lies at place (n * 1483283) mod 2400000 of that calendar; the factor shares no divisor
-- with 2,400,000, so no two slots coincide and neighbours in n are far apart in time and in doctors.
-- The patient of a slot is chosen so that no patient has two visits at one time.
-- Doctor 1000 and the patients from 10000 have no such slots: they are the hot doctor and his patients.

create schema bench;

create table bench.calendar (
  first_monday date not null,
  prior_visits int not null       -- the slots from 0 that are booked before the clock starts
);

insert into bench.calendar
select date_trunc('week', current_date + 14)::date, :visits;

-- Numbers to keys.  Each side fills them; `clinic` and `service` hold one row.
create table bench.clinic (id uuid not null);
create table bench.service (id uuid not null);
create table bench.doctor (number int primary key, id uuid not null);
create table bench.patient (number int primary key, id uuid not null);

create function bench.slots(first_slot int, how_many int)
returns table (slot int, doctor uuid, patient uuid, service uuid, clinic uuid, starts_at timestamptz)
language sql stable
as $$
  with place as (
    select n as slot,
           (n::bigint * 1483283 % 2400000)::int % 1000 as doctor,
           (n::bigint * 1483283 % 2400000)::int / 1000 as time
    from generate_series(first_slot, least(first_slot + how_many, 2400000) - 1) n
  )
  select place.slot,
         doctor.id,
         patient.id,
         service.id,
         clinic.id,
         (calendar.first_monday + time / 100 * 7 + time / 20 % 5 + time '08:00' + time % 20 * interval '30 minutes')
           at time zone 'Europe/Berlin'
  from place
  join bench.doctor on doctor.number = place.doctor
  join bench.patient on patient.number = (place.doctor * 7 + place.time * 137) % 10000,
       bench.service, bench.clinic, bench.calendar
$$;

-- A block of slots for each client, beyond the prior visits.
create function bench.slots_of_client(client int, how_many int)
returns table (slot int, doctor uuid, patient uuid, service uuid, clinic uuid, starts_at timestamptz)
language sql stable
as $$
  select slots.*
  from bench.calendar, bench.slots(calendar.prior_visits + client * how_many, how_many) slots
$$;

-- The 16 starts of the hot doctor's day, for one of his patients.
create function bench.hot_starts(patient_number int)
returns table (doctor uuid, patient uuid, service uuid, clinic uuid, starts_at timestamptz)
language sql stable
as $$
  select doctor.id,
         patient.id,
         service.id,
         clinic.id,
         (calendar.first_monday + 1 + time '08:00' + n * interval '30 minutes') at time zone 'Europe/Berlin'
  from generate_series(0, 15) n, bench.doctor, bench.patient, bench.service, bench.clinic, bench.calendar
  where doctor.number = 1000
    and patient.number = 10000 + patient_number
$$;

-- The nights of ten doctors: who books one thing and who books three takes the same times, which no slot has.
create table bench.night_doctor (number int primary key, id uuid not null);
create table bench.night_service (resources int primary key, id uuid not null);

create function bench.night_slots(resources int, how_many int)
returns table (doctor uuid, patient uuid, service uuid, clinic uuid, starts_at timestamptz)
language sql stable
as $$
  select doctor.id,
         patient.id,
         service.id,
         clinic.id,
         (calendar.first_monday + n / 200 + time '20:00' + n / 10 % 20 * interval '30 minutes')
           at time zone 'Europe/Berlin'
  from generate_series(0, least(how_many, 60000) - 1) n
  join bench.night_doctor doctor on doctor.number = n % 10
  join bench.patient on patient.number = n * 7 % 10000
  join bench.night_service service on service.resources = night_slots.resources,
       bench.clinic, bench.calendar
$$;

-- The same nights: where a series of each doctor's may begin, on so many days of the week.
create table bench.series_service (id uuid not null);

create function bench.series_starts(weekdays int, how_many int)
returns table (doctor uuid, patient uuid, service uuid, clinic uuid, starts_at timestamptz)
language sql stable
as $$
  select doctor.id,
         patient.id,
         service.id,
         clinic.id,
         (calendar.first_monday + n / 200 + time '20:00' + n / 10 % 20 * interval '30 minutes')
           at time zone 'Europe/Berlin'
  from generate_series(0, least(how_many, 200 * weekdays) - 1) n
  join bench.night_doctor doctor on doctor.number = n % 10
  join bench.patient on patient.number = n * 7 % 10000,
       bench.series_service service, bench.clinic, bench.calendar
$$;

-- A day of 16 numbers, for one of the hot doctor's patients.
create table bench.token_doctor (id uuid not null, service uuid not null);

create function bench.token_day(patient_number int)
returns table (doctor uuid, patient uuid, service uuid, clinic uuid, day date)
language sql stable
as $$
  select doctor.id, patient.id, doctor.service, clinic.id, calendar.first_monday + 1
  from bench.token_doctor doctor, bench.patient, bench.clinic, bench.calendar
  where patient.number = 10000 + patient_number
$$;

grant usage on schema bench to clinic_bench_app;
grant select on all tables in schema bench to clinic_bench_app;
