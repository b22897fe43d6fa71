-- peer.sql: what a good developer writes, and nothing else: one table, one index.
create table queue (
  id uuid primary key,
  patient_id uuid not null,
  due_at timestamptz not null,
  status text not null default 'waiting',
  called_at timestamptz,
  called_by int
);
create index queue_waiting on queue (due_at, id) where status = 'waiting';
insert into queue (id, patient_id, due_at)
  select ('b0000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, ('a0000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid,
    now() + n * interval '1 second'
  from generate_series(1, :waiting) n;
grant select, update on queue to :app;
vacuum analyze;
