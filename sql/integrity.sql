-- integrity: verify() tells what is wrong with the claims
\set SHOW_CONTEXT never
select id as clinic from clinic.create_clinic('Praxis am Park', 'Europe/Berlin') \gset
set clinic_sched.clinic_id = :'clinic';
insert into clinic.provider (id, code, name, seats) values ('00000000-0000-7000-8000-00000000a0d1', 'house', 'Dr House', 2);
insert into clinic.room (id, code, name) values ('00000000-0000-7000-8000-00000000a0e1', 'room', 'Room 1');
insert into clinic.patient (id, name) values ('00000000-0000-7000-8000-00000000a0a1', 'Ada Lovelace');
insert into clinic.appointment (id, patient_id, provider_id, resource_ids, service_id, starts_at)
select '00000000-0000-7000-8000-00000000a001', '00000000-0000-7000-8000-00000000a0a1', '00000000-0000-7000-8000-00000000a0d1', '{00000000-0000-7000-8000-00000000a0e1}', s.id, '2099-06-01 09:00+00'
from clinic.service s where s.code = 'follow_up' and s.clinic_id = :'clinic';
create view pg_temp.damage as
  select right(v.appointment_id::text, 4) as visit, r.code as resource, v.problem from clinic.verify() v left join clinic.resource r on r.id = v.resource_id;
select * from pg_temp.damage;
begin;
delete from clinic.claim where appointment_id = '00000000-0000-7000-8000-00000000a001' and resource_id = '00000000-0000-7000-8000-00000000a0e1';
select * from pg_temp.damage;
rollback;
begin;
update clinic.claim set starts_at = starts_at + interval '10 min', ends_at = ends_at + interval '10 min' where appointment_id = '00000000-0000-7000-8000-00000000a001';
select * from pg_temp.damage;
rollback;
begin;
update clinic.claim set seat = 2 where resource_id = '00000000-0000-7000-8000-00000000a0d1';
select * from pg_temp.damage;
rollback;
begin;
insert into clinic.claim (clinic_id, appointment_id, resource_id, seat, starts_at, ends_at)
values (:'clinic', '00000000-0000-7000-8000-00000000a002', '00000000-0000-7000-8000-00000000a0d1', 1, '2099-06-01 12:00+00', '2099-06-01 13:00+00');
select * from pg_temp.damage;
rollback;
begin;
set local session_replication_role = replica;
update clinic.appointment set status = 'cancelled' where id = '00000000-0000-7000-8000-00000000a001';
select * from pg_temp.damage;
rollback;
-- what the table itself refuses
\set VERBOSITY terse
insert into clinic.claim (clinic_id, appointment_id, resource_id, seat, starts_at, ends_at)
values (:'clinic', '00000000-0000-7000-8000-00000000a001', '00000000-0000-7000-8000-00000000a0d1', 1, '2099-06-01 12:00+00', '2099-06-01 12:00+00');
update clinic.claim set busy = '[2099-06-01 12:00+00,2099-06-01 13:00+00)';
select * from pg_temp.damage;
drop view pg_temp.damage;
reset clinic_sched.clinic_id;
