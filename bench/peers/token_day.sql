-- The peer of the token bench: a row for the day, which is locked first, and the lowest number that is free.  What a
-- developer writes who knows that numbers of cancelled visits are given again and that rivals come at once.

\ir people.sql

create table token_day (
  doctor uuid not null references provider,
  day date not null,
  capacity int not null,
  primary key (doctor, day)
);

create table token (
  id uuid primary key default gen_random_uuid(),
  patient uuid not null references patient,
  doctor uuid not null,
  day date not null,
  number int not null,
  status text not null default 'booked',
  created_at timestamptz not null default now(),
  foreign key (doctor, day) references token_day
);

create unique index on token (doctor, day, number) where status <> 'cancelled';

create function book_token(p_patient uuid, p_doctor uuid, p_day date) returns uuid
language plpgsql
as $$
declare
  places int;
  free int;
  new_id uuid;
begin
  select capacity into places from token_day where doctor = p_doctor and day = p_day for no key update;

  select min(n) into free
  from generate_series(1, places) n
  where not exists (
    select from token where doctor = p_doctor and day = p_day and number = n and status <> 'cancelled');
  if free is null then
    return null;
  end if;

  insert into token (patient, doctor, day, number)
  values (p_patient, p_doctor, p_day, free)
  returning id into new_id;
  return new_id;
end
$$;

create function cancel_token(p_id uuid) returns uuid
language sql
as $$
  update token set status = 'cancelled' where id = p_id returning id
$$;

insert into bench.token_doctor
select (select id from provider where code = 'D1000'), (select id from service);

insert into token_day
select doctor.id, calendar.first_monday + 1, 16
from bench.token_doctor doctor, bench.calendar;

-- For the checks that all peers have: a token is no visit.
create view visit as
select id, doctor, tstzrange(day + number * interval '1 minute', day + (number + 1) * interval '1 minute') as during, status
from token;

grant select, insert, update on token, token_day to clinic_bench_app;
grant select on patient, provider to clinic_bench_app;
