-- ours.sql: one clinic, :desks providers who all see to one pool, and :waiting patients who wait in it.
--
-- The rows are loaded past the triggers, as a dump is: it is calling that is measured. Half of the
-- waiting visits are walk-ins when :walk_ins is on, or none.
create extension clinic_sched cascade;
begin;
insert into clinic.clinic (id, name, timezone) values ('c0000000-0000-4000-8000-000000000000', 'Bench', 'UTC');
insert into clinic.service (clinic_id, id, code, name, duration)
  values ('c0000000-0000-4000-8000-000000000000', '50000000-0000-4000-8000-000000000000', 'visit', 'Visit', '30 minutes');
insert into clinic.service (clinic_id, code, name, duration)
  select 'c0000000-0000-4000-8000-000000000000', 'other' || n, 'Other', '30 minutes' from generate_series(1, 5) n;
insert into clinic.resource (clinic_id, id, kind, code, name)
  select 'c0000000-0000-4000-8000-000000000000', ('d0000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'provider', 'D' || n, 'Dr ' || n
  from generate_series(0, :desks - 1) n;
set local session_replication_role = replica;
insert into clinic.patient (clinic_id, id, name)
  select 'c0000000-0000-4000-8000-000000000000', ('a0000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'Patient'
  from generate_series(1, :waiting) n;
insert into clinic.appointment (clinic_id, id, code, patient_id, provider_id, service_id, mode, status, starts_at, ends_at, buffer_before, buffer_after, checked_in_at)
  select 'c0000000-0000-4000-8000-000000000000', ('b0000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'BENCH-' || n,
    ('a0000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid,
    case when not :walk_ins then 'd0000000-0000-4000-8000-000000000000'::uuid end, '50000000-0000-4000-8000-000000000000',
    case when :walk_ins then 'walk_in' else 'timed' end::clinic.visit_mode, 'arrived', now(), now() + interval '30 minutes', '0', '0', now()
  from generate_series(1, :waiting) n;
insert into clinic.queue_entry (clinic_id, id, day, arrival_queue_id, number, queue_id, appointment_id, patient_id, service_id, mode, priority, class, due_at, arrived_at)
  select a.clinic_id, a.id, now()::date, a.service_id, substr(a.code, 7)::int, a.service_id, a.id, a.patient_id, a.service_id, a.mode, 3, 'walk_in',
    now() + substr(a.code, 7)::int * interval '1 second', now() + substr(a.code, 7)::int * interval '1 second'
  from clinic.appointment a order by substr(a.code, 7)::int;
insert into clinic.queue_place (clinic_id, appointment_id, entry_id, day, patient_id, queue_id)
  select e.clinic_id, e.appointment_id, e.id, e.day, e.patient_id, e.queue_id from clinic.queue_entry e;
commit;
grant usage on schema clinic to :app;
grant execute on all functions in schema clinic to :app;
grant select, insert, update on clinic.queue_entry, clinic.appointment, clinic.provider_presence to :app;
vacuum analyze;
