-- rush.sql: 504 visits of today at :doctors doctors, with codes that a client can count.
create extension clinic_sched cascade;
insert into clinic.clinic (id, name, timezone)
  select 'c0000000-0000-4000-8000-000000000000', 'Bench', 'Etc/GMT' || case when h > 12 then '+' || h - 12 when h < 12 then '-' || 12 - h else '' end
  from (select extract(hour from now())::int) x (h);
insert into clinic.service (id, code, name, duration) values ('50000000-0000-4000-8000-000000000000', 'visit', 'Visit', '30 minutes');
insert into clinic.provider (id, code, name, seats)
  select ('d0000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'D' || n, 'Dr ' || n, 1000 from generate_series(0, :doctors - 1) n;
insert into clinic.patient (id, name)
  select ('a0000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'Patient' from generate_series(1, 504) n;
insert into clinic.appointment (code, patient_id, provider_id, service_id, starts_at, override_reason)
  select 'RUSH-' || n, ('a0000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid,
    ('d0000000-0000-4000-8000-' || lpad((n % :doctors)::text, 12, '0'))::uuid, '50000000-0000-4000-8000-000000000000', now() + interval '1 hour', 'bench'
  from generate_series(1, 504) n;
create sequence rush;
grant usage on sequence rush to :app;
grant usage on schema clinic to :app;
grant execute on all functions in schema clinic to :app;
grant select, insert, update on clinic.queue_entry, clinic.appointment to :app;
vacuum analyze;
