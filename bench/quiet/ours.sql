-- Quiet booking through clinic.book().  Each client has a block of slots of its own beyond the prior visits.

-- @work
select clinic, patient, doctor, service, starts_at
from bench.slots_of_client($1::int, $2::int)
order by slot

-- @book
select (clinic.book(patient_id => $2::uuid,
                    provider_id => $3::uuid,
                    service_id => $4::uuid,
                    starts_at => $5::timestamptz,
                    clinic_id => $1::uuid)).id
