-- journal: what was changed, by whom
\set SHOW_CONTEXT never
select id as clinic from clinic.create_clinic('Praxis am Park', 'Europe/Berlin', 'token') \gset
set clinic_sched.clinic_id = :'clinic';
set datestyle = 'ISO';
set timezone = 'UTC';
set intervalstyle = 'postgres';
-- The journal from its beginning, or from its last row on that was shown.
select '00000000-0000-7000-8000-000000000000' as shown \gset
create function pg_temp.news(after uuid) returns table (action text, entity text, actor text, role name, old text, new text) language sql as $$
  select j.action, j.entity, right(j.actor_id::text, 2), j.role,
         (j.old - '{id,clinic_id,patient_id,provider_id,service_id,code,created_at,updated_at,user_id}'::text[])::text, (j.new - '{id,clinic_id,patient_id,provider_id,service_id,code,created_at,updated_at,user_id}'::text[])::text
  from clinic.journal j where j.clinic_id = clinic.current_clinic() and j.id > $1 order by j.id $$;
create role regress_clinic_sched_clerk;
grant usage on schema clinic to regress_clinic_sched_clerk;
grant execute on all functions in schema clinic to regress_clinic_sched_clerk;
grant select, insert, update, delete on clinic.appointment, clinic.patient, clinic.resource, clinic.service, clinic.provider_service, clinic.provider to regress_clinic_sched_clerk;
\x on
select action, entity, old, new - '{id,clinic_id,created_at}'::text[] as new from clinic.journal j where j.clinic_id = :'clinic' order by id;
\x off
select id as shown from clinic.journal order by id desc limit 1 \gset

update clinic.clinic set mode = 'timed', provider_seats = 1 where id = :'clinic';
update clinic.service set mode = 'timed', duration = '30 min' where clinic_id = :'clinic';
set role regress_clinic_sched_clerk;
insert into clinic.provider (id, code, name) values ('00000000-0000-7000-8000-0000000000d9', 'house', 'Dr House');
set clinic_sched.actor_id = '00000000-0000-7000-8000-0000000000f1';
select id as ada from clinic.register_patient('Ada Lovelace', '+49 30 1111111', medical_history => '{"allergies": ["penicillin"]}') \gset
select id as visit from clinic.book(:'ada', '00000000-0000-7000-8000-0000000000d9', (select id from clinic.service where clinic_id = :'clinic'), '2099-06-01 09:00+00', reason => 'cough') \gset
select (clinic.reschedule(:'visit', '2099-06-01 10:00+00')).status;
update clinic.appointment set reason = reason;
select (clinic.confirm(:'visit')).status;
reset clinic_sched.actor_id;
update clinic.appointment set confirmed_at = null, notes = 'x' where id = :'visit';
delete from clinic.appointment where id = :'visit';
reset role;
\x on
select action, entity, actor, role, old::jsonb - '{confirmed_at,updated_by}'::text[] as old, new::jsonb - '{confirmed_at,updated_by}'::text[] as new from pg_temp.news(:'shown');
\x off
-- when
select count(*) as rows, bool_and(at <= clock_timestamp()) as past, count(distinct transaction) > 5 as transactions from clinic.journal where clinic_id = :'clinic' and id > :'shown';
-- append-only
update clinic.journal set actor_id = null where clinic_id = :'clinic';
delete from clinic.journal where clinic_id = :'clinic';
truncate clinic.journal;
set role regress_clinic_sched_clerk;
select count(*) from clinic.journal;
insert into clinic.journal (clinic_id, role, action, entity, entity_id) values (:'clinic', 'x', 'insert', 'x', :'ada');
select clinic.prune_journal(now());
reset role;
select clinic.prune_journal(now() - interval '1 hour') as pruned;
select clinic.prune_journal(clock_timestamp()) > 10 as pruned;
select count(*) from clinic.journal where clinic_id = :'clinic';
delete from clinic.journal;
drop owned by regress_clinic_sched_clerk;
drop role regress_clinic_sched_clerk;
reset clinic_sched.clinic_id;
