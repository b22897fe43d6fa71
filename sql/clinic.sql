-- clinic: setting up a clinic
\set SHOW_CONTEXT never
select id as clinic from clinic.create_clinic('Praxis am Park', 'europe/berlin') \gset
set clinic_sched.clinic_id = :'clinic';
\x on
select name, timezone, status, calling_code, mode, provider_seats, min_notice, max_advance, allow_same_day, cancel_notice, slot_step,
       min_duration, max_duration, max_active_per_patient, prevent_patient_overlap
from clinic.clinic where id = :'clinic';
\x off
-- the presets
select (clinic.create_clinic('preset ' || preset, 'UTC', preset)).name from unnest('{general,outpatient,veterinary,token}'::text[]) preset;
select c.name, s.code, s.name, extract(epoch from s.duration)::int / 60 as minutes, s.mode
from clinic.clinic c join clinic.service s on s.clinic_id = c.id
where c.name like 'preset %' order by c.name collate "C", minutes, s.code collate "C";
select name, extract(epoch from min_duration)::int / 60 as shortest, extract(epoch from max_duration)::int / 60 as longest, allow_same_day, mode, provider_seats
from clinic.clinic where name like 'preset %' order by name collate "C";
select c.name, r.kind, r.code, r.seats from clinic.resource r join clinic.clinic c on c.id = r.clinic_id where c.name like 'preset %';
select clinic.create_clinic('X', 'UTC', 'hospital');
select clinic.create_clinic('X', 'Mars/Olympus');
select clinic.create_clinic(null, 'UTC');
-- who works here, and where
insert into clinic.provider (code, name, specialty) values ('house', 'Dr House', 'Diagnostics');
insert into clinic.room (code, name, seats) values ('infusion', 'Infusion room', 6);
insert into clinic.equipment (code, name) values ('laser', 'Laser');
select kind, code, name, specialty, seats, timezone, is_active from clinic.resource where clinic_id = :'clinic' order by kind;
\set VERBOSITY terse
insert into clinic.room (code, name) values ('house', 'Room House');
\set VERBOSITY default
update clinic.resource set kind = 'room' where code = 'house' and clinic_id = :'clinic';
insert into clinic.provider_service (provider_id, service_id) select r.id, s.id from clinic.room r join clinic.service s using (clinic_id) where clinic_id = :'clinic' and r.code = 'infusion' and s.code = 'urgent';
update clinic.clinic set id = clinic.uuid7() where id = :'clinic';
-- what has visits stays
select id as patient from clinic.register_patient('Ada Lovelace', '+49 30 1111111') \gset
select status from clinic.book(:'patient', (select id from clinic.provider r where code = 'house' and r.clinic_id = :'clinic'), (select id from clinic.service s where code = 'urgent' and s.clinic_id = :'clinic'), '2099-06-01 09:00 Europe/Berlin',
                               resource_ids => array(select id from clinic.room r where code = 'infusion' and r.clinic_id = :'clinic'));
delete from clinic.room where code = 'infusion' and clinic_id = :'clinic';
update clinic.room set is_active = false where code = 'infusion' and clinic_id = :'clinic';
delete from clinic.equipment where code = 'laser' and clinic_id = :'clinic';
select code, is_active from clinic.resource where clinic_id = :'clinic' order by kind;
reset clinic_sched.clinic_id;
