-- clinic_sched as a clinic would set it up, with every policy that a booking has to check switched on:
-- 1,001 doctors, 10,064 patients, the services of the preset.

create extension clinic_sched cascade;

insert into bench.clinic
select id from clinic.create_clinic('Bench', 'Europe/Berlin', 'general');

-- Far enough ahead for the last slot; a limit that is counted for each booking but never reached.
update clinic.clinic
set prevent_patient_overlap = true,
    max_active_per_patient = 1000000,
    max_advance = interval '1 year';

-- Names are letters only: the digits of the number become a to j.
insert into clinic.provider (clinic_id, code, name)
select bench.clinic.id, 'D' || to_char(n, 'FM0000'), 'Doctor ' || translate(n::text, '0123456789', 'abcdefghij')
from generate_series(0, 1000) n, bench.clinic;

insert into clinic.patient (clinic_id, name, phone)
select bench.clinic.id,
       'Patient ' || translate(n::text, '0123456789', 'abcdefghij'),
       '+4930' || to_char(n, 'FM00000000')
from generate_series(0, 10063) n, bench.clinic;

insert into bench.doctor
select row_number() over (order by code) - 1, id from clinic.provider;

insert into bench.patient
select row_number() over (order by phone) - 1, id from clinic.patient;

insert into bench.service
select id from clinic.service where code = 'follow_up';

-- Ten doctors who work at night, with ten rooms and ten devices; a service that needs one of each.
insert into clinic.provider (clinic_id, code, name, hours)
select bench.clinic.id, 'N' || n, 'Night doctor ' || translate(n::text, '0123456789', 'abcdefghij'), '24/7'
from generate_series(0, 9) n, bench.clinic;

insert into clinic.room (clinic_id, code, name)
select bench.clinic.id, 'R' || n, 'Room ' || n
from generate_series(0, 9) n, bench.clinic;

insert into clinic.equipment (clinic_id, code, name)
select bench.clinic.id, 'E' || n, 'Device ' || n
from generate_series(0, 9) n, bench.clinic;

insert into clinic.service (clinic_id, code, name, duration)
select bench.clinic.id, 'three', 'With a room and a device', '30 minutes'
from bench.clinic;

insert into clinic.service_requirement (clinic_id, service_id, kind)
select s.clinic_id, s.id, kind
from clinic.service s, unnest('{room,equipment}'::clinic.resource_kind[]) kind
where s.code = 'three';

insert into bench.night_doctor
select row_number() over (order by code) - 1, id from clinic.provider where code like 'N_';

insert into bench.night_service
select case code when 'three' then 3 else 1 end, id from clinic.service where code in ('three', 'follow_up');

-- A service that is booked for longer than a year ahead.
insert into clinic.service (clinic_id, code, name, duration, max_advance)
select bench.clinic.id, 'series', 'Series', '30 minutes', '2 years'
from bench.clinic;

insert into bench.series_service
select id from clinic.service where code = 'series';

-- A doctor whose days are 16 tokens.
insert into clinic.provider (clinic_id, code, name, seats, hours)
select bench.clinic.id, 'T', 'Token doctor', 16, '24/7'
from bench.clinic;

insert into clinic.hours (clinic_id, resource_id, valid, weekly, mode)
select p.clinic_id, p.id, '(,)', '24/7', 'token'
from clinic.provider p
where p.code = 'T';

insert into clinic.service (clinic_id, code, name, duration, mode)
select bench.clinic.id, 'token', 'Token', '15 minutes', 'token'
from bench.clinic;

insert into bench.token_doctor
select p.id, s.id
from clinic.provider p, clinic.service s
where p.code = 'T' and s.code = 'token';

-- What an application that books is given; never the claims or the journal.
grant usage on schema clinic to clinic_bench_app;
grant execute on all functions in schema clinic to clinic_bench_app;
grant select, insert, update on clinic.appointment, clinic.series to clinic_bench_app;
grant select on clinic.clinic, clinic.patient, clinic.resource, clinic.provider, clinic.service to clinic_bench_app;
