-- Peer (a): one table whose exclusion constraint keeps a doctor's visits apart.  Nothing else: no foreign keys, no
-- policies, no journal.  The least that PostgreSQL can do and still never double-book.

\ir people.sql

create type visit_status as enum ('scheduled', 'confirmed', 'arrived', 'completed', 'cancelled', 'no_show');

create table visit (
  id uuid primary key default gen_random_uuid(),
  patient uuid not null,
  doctor uuid not null,
  service uuid not null,
  during tstzrange not null,
  status visit_status not null default 'scheduled',
  reason text,
  created_at timestamptz not null default now(),
  exclude using gist (doctor with =, during with &&) where (status <> 'cancelled')
);

grant select, insert, update on visit to clinic_bench_app;
