-- A second peer of the hot bench, for orientation: the same function by a developer who has met the deadlocks and
-- locks the doctor's row before looking.  Rivals for one doctor queue up, on whatever day they book; every booking
-- also updates that row's header on disk.

\ir check_then_insert.sql

-- The lock must be a statement of its own: under READ COMMITTED the look then sees what the previous holder committed.
create or replace function book_visit(p_patient uuid, p_doctor uuid, p_service uuid, p_during tstzrange) returns uuid
language plpgsql
as $$
declare
  new_id uuid;
begin
  perform from provider where id = p_doctor for no key update;

  if exists (
    select from visit
    where doctor = p_doctor
      and during && p_during
      and status <> 'cancelled'
  ) then
    return null;
  end if;

  insert into visit (patient, doctor, service, during)
  values (p_patient, p_doctor, p_service, p_during)
  returning id into new_id;
  return new_id;
end
$$;

grant select, update on provider to clinic_bench_app;
