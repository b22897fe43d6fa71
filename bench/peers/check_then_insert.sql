-- The peer of the hot bench: the booking function most applications have.  It looks for an overlap first, so that a
-- refusal is usually cheap, and leaves the race between the look and the insert to the exclusion constraint, whose
-- error it turns into the same refusal.  Correct: it never double-books.  But rivals that insert overlapping rows wait
-- for each other inside the constraint's check, each behind the other's row, until the deadlock detector ends one.

\ir exclude.sql

-- The id of the new visit, or null when the doctor is taken then.
create function book_visit(p_patient uuid, p_doctor uuid, p_service uuid, p_during tstzrange) returns uuid
language plpgsql
as $$
declare
  new_id uuid;
begin
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
exception
  when exclusion_violation then
    return null;
end
$$;

create function cancel_visit(p_visit uuid) returns uuid
language sql
as $$
  update visit
  set status = 'cancelled'
  where id = p_visit
    and status <> 'cancelled'
  returning id
$$;
