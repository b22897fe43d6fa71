-- The people and services that every peer's visits refer to: 1,001 doctors, 10,064 patients, one service.
-- Not a peer by itself.

create extension btree_gist;

create table patient (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  phone text
);

create table provider (
  id uuid primary key default gen_random_uuid(),
  code text not null unique,
  name text not null
);

create table service (
  id uuid primary key default gen_random_uuid(),
  code text not null unique,
  duration interval not null
);

insert into patient (name, phone)
select 'Patient ' || n, '+4930' || to_char(n, 'FM00000000')
from generate_series(0, 10063) n;

insert into provider (code, name)
select 'D' || to_char(n, 'FM0000'), 'Doctor ' || n
from generate_series(0, 1000) n;

insert into service (code, duration)
values ('follow_up', '30 minutes');

insert into bench.doctor
select row_number() over (order by code) - 1, id from provider;

insert into bench.patient
select row_number() over (order by phone) - 1, id from patient;

insert into bench.service
select id from service;

-- A single-tenant schema: the column exists only so that the shared functions have a row to join.
insert into bench.clinic
values (gen_random_uuid());
