-- booking: a visit's life, and the look of its errors
\set SHOW_CONTEXT never
select id as clinic from clinic.create_clinic('Praxis am Park', 'Europe/Berlin') \gset
set clinic_sched.clinic_id = :'clinic';
set timezone = 'Europe/Berlin';
set datestyle = 'ISO';
update clinic.service s set buffer_after = '15 min' where s.clinic_id = :'clinic' and code = 'consultation';
insert into clinic.provider (code, name) values ('house', 'Dr House'), ('grey', 'Dr Grey');
insert into clinic.room (code, name) values ('room', 'Room 1');
select id as house from clinic.provider where code = 'house' and clinic_id = :'clinic' \gset
select id as grey from clinic.provider where code = 'grey' and clinic_id = :'clinic' \gset
select id as room from clinic.room where code = 'room' and clinic_id = :'clinic' \gset
select id as follow_up from clinic.service s where code = 'follow_up' and s.clinic_id = :'clinic' \gset
select id as consultation from clinic.service s where code = 'consultation' and s.clinic_id = :'clinic' \gset
select id as ada from clinic.register_patient('Ada Lovelace', '+49 30 1111111', user_id => '00000000-0000-7000-8000-0000000000f1') \gset
select id as bob from clinic.register_patient('Bob Marley', '+49 30 2222222') \gset
create view pg_temp.visits as
  select p.name as patient, r.code as provider, s.code as service, a.starts_at::timestamp, a.ends_at::timestamp, a.status, a.seat
  from clinic.appointment a join clinic.patient p on p.id = a.patient_id join clinic.resource r on r.id = a.provider_id join clinic.service s on s.id = a.service_id
  where a.clinic_id = clinic.current_clinic();
create view pg_temp.claims as
  select p.name as patient, r.code as resource, c.seat, c.starts_at::timestamp as "from", c.ends_at::timestamp as until
  from clinic.claim c join clinic.appointment a on a.id = c.appointment_id join clinic.patient p on p.id = a.patient_id join clinic.resource r on r.id = c.resource_id
  where c.clinic_id = clinic.current_clinic();
-- What a client reads of an error.
create function pg_temp.error_of(statement text, out state text, out reason text, out detail text, out hint text) language plpgsql as $$
begin
  execute statement;
exception when others then
  get stacked diagnostics state = returned_sqlstate, reason = constraint_name, detail = pg_exception_detail, hint = pg_exception_hint;
end $$;

-- booked
select id as visit from clinic.book(:'ada', :'house', :'consultation', '2099-06-01 09:00', reason => 'cough', resource_ids => array[:'room']::uuid[]) \gset
select * from pg_temp.visits;
select * from pg_temp.claims order by resource;
select code ~ '^APT-2099-[0-9A-Z]{4}-[0-9A-Z]{4}$' as code, reason, notes, mode, resource_ids = array[:'room']::uuid[] as room, hold_expires_at, override_reason, created_by from clinic.get_appointment(:'visit');
-- refused
select clinic.book(:'bob', :'house', :'follow_up', '2099-06-01 09:30');
select clinic.book(:'bob', :'house', :'follow_up', '2099-06-01 09:45');
select clinic.book(:'bob', :'house', :'follow_up', '2099-06-01 09:00', duration => '9 hours');
select clinic.book(:'bob', :'house', :'follow_up', '2020-06-01 09:00');
select clinic.book(:'bob', null, :'follow_up', '2099-06-01 12:00', resource_ids => array[:'room', :'room']::uuid[]);
select clinic.book(:'bob', :'house', :'follow_up', 'infinity');
select clinic.book(:'bob', :'house', :'follow_up', '2099-06-01 12:00', reason => '');
select clinic.book(:'bob', :'house', :'follow_up', '2099-06-01 12:00', reason => repeat('x', 3000));
select clinic.book(:'bob', clinic.uuid7(), :'follow_up', '2099-06-01 12:00');
select clinic.book(clinic.uuid7(), :'house', :'follow_up', '2099-06-01 12:00');
select clinic.book(:'bob', :'house', clinic.uuid7(), '2099-06-01 12:00');
select clinic.book(null, :'house', :'follow_up', '2099-06-01 12:00');
select clinic.book(:'bob', :'house', :'follow_up', '2099-06-01 12:00', hold_for => '2 days');
insert into clinic.appointment (patient_id, provider_id, service_id, starts_at) values (:'bob', :'house', :'follow_up', '2099-06-01 09:50');
insert into clinic.appointment (patient_id, provider_id, service_id, starts_at)
values (:'bob', :'grey', :'follow_up', '2099-06-01 12:00'), (:'ada', :'grey', :'follow_up', '2099-06-01 12:15');
-- what a client reads
select e.* from (values
  (format('select clinic.book(%L, %L, %L, %L)', :'bob', :'house', :'follow_up', '2099-06-01 09:30')),
  (format('select clinic.book(%L, %L, %L, %L)', :'bob', :'house', :'follow_up', '2020-06-01 09:30')),
  (format('select clinic.book(%L, %L, %L, %L)', :'bob', :'house', :'follow_up', '10000-06-01 09:30')),
  (format('select clinic.book(%L, %L, %L, %L)', :'house', :'house', :'follow_up', '2099-06-01 12:00')),
  (format('select clinic.cancel(%L, %L)', :'house', 'x'))) x(statement)
cross join lateral pg_temp.error_of(statement) e;
-- any provider, a key
select r.code from clinic.book(:'bob', null, :'follow_up', '2099-06-01 09:30', idempotency_key => 'k1') b join clinic.resource r on r.id = b.provider_id;
select r.code from clinic.book(:'bob', null, :'follow_up', '2099-06-01 09:30', idempotency_key => 'k1') b join clinic.resource r on r.id = b.provider_id;
select clinic.book(:'bob', null, :'follow_up', '2099-06-01 10:30', idempotency_key => 'k1');
select clinic.book(:'bob', null, :'follow_up', '2099-06-01 09:30');
-- moved
select starts_at, ends_at from clinic.reschedule(:'visit', '2099-06-01 09:20');
select clinic.reschedule(:'visit', '2099-06-01 09:30', :'grey');
select * from pg_temp.claims order by resource, patient;
select starts_at, ends_at from clinic.reschedule(:'visit', '2099-06-01 10:00', :'grey', '30 min');
select * from pg_temp.claims order by resource, patient, "from";
select ends_at, reason, notes from clinic.update_appointment(:'visit', notes => 'brings a friend', service_id => :'follow_up', duration => '1 hour');
-- through its day
select clinic.set_status(:'visit', 'in_progress');
select status, confirmed_at is not null as confirmed from clinic.confirm(:'visit');
select clinic.confirm(:'visit');
select status, checked_in_at is not null as checked_in from clinic.set_status(:'visit', 'arrived');
select status, started_at is not null as started from clinic.set_status(:'visit', 'in_progress');
select status, completed_at is not null as completed from clinic.set_status(:'visit', 'completed');
select clinic.cancel(:'visit', 'too late');
select clinic.reschedule(:'visit', '2099-06-01 15:00');
-- cancelled, and free at once
select id as visit from clinic.book(:'ada', :'house', :'follow_up', '2099-06-01 15:00') \gset
select clinic.cancel(:'visit', '');
select status, cancellation_reason from clinic.cancel(:'visit', 'well again');
select status from clinic.book(:'bob', :'house', :'follow_up', '2099-06-01 15:00');
-- held
select id as hold, status, hold_expires_at - now() as for from clinic.book(:'ada', :'house', :'follow_up', '2099-06-01 16:00', hold_for => '10 min') \gset
select :'status' as status, :'for' as "for";
select clinic.book(:'bob', :'house', :'follow_up', '2099-06-01 16:00');
update clinic.appointment set hold_expires_at = now() - interval '1 second' where id = :'hold';
select status from clinic.book(:'bob', :'house', :'follow_up', '2099-06-01 16:00');
select clinic.confirm(:'hold');
-- set aside
select starts_at, override_reason from clinic.book(:'ada', :'house', :'follow_up', '2020-02-29 09:00', override_reason => 'typed in later');
select clinic.book(:'bob', :'house', :'follow_up', '2020-02-29 09:15', override_reason => 'typed in later');
-- an account's own
set clinic_sched.actor_id = '00000000-0000-7000-8000-0000000000f1';
select status, created_by from clinic.book(:'ada', :'house', :'follow_up', '2099-06-01 17:00');
select clinic.book(:'bob', :'house', :'follow_up', '2099-06-01 18:00');
select clinic.book(:'ada', :'house', :'follow_up', '2020-02-29 10:00', override_reason => 'I want to');
select clinic.set_status((select id from clinic.appointment a where starts_at = '2099-06-01 17:00' and a.clinic_id = :'clinic'), 'arrived');
reset clinic_sched.actor_id;
-- raw writers
insert into clinic.appointment (patient_id, provider_id, service_id, starts_at) values (:'ada', :'house', :'consultation', '2099-06-02 09:00');
update clinic.appointment set starts_at = '2099-06-02 10:00' where starts_at = '2099-06-02 09:00' and clinic_id = :'clinic';
select * from pg_temp.claims where "from" >= '2099-06-02';
delete from clinic.appointment where starts_at = '2099-06-02 10:00' and clinic_id = :'clinic';
select * from pg_temp.claims where "from" >= '2099-06-02';
select * from pg_temp.visits order by starts_at, provider, status;
select * from clinic.verify();
drop view pg_temp.visits, pg_temp.claims;
reset clinic_sched.clinic_id;
