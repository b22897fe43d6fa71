-- Quiet booking by a plain INSERT: the triggers do it all.  Each client has a block of slots of its own beyond the
-- prior visits.

-- @work
select clinic, patient, doctor, service, starts_at
from bench.slots_of_client($1::int, $2::int)
order by slot

-- @book
insert into clinic.appointment (clinic_id, patient_id, provider_id, service_id, starts_at)
values ($1::uuid, $2::uuid, $3::uuid, $4::uuid, $5::timestamptz)
returning id
