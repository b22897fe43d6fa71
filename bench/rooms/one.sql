-- A doctor's night, one booking after another.

-- @work
select clinic, patient, doctor, service, starts_at
from bench.night_slots(@RESOURCES@, $2::int)
where $1::int = 0

-- @book
select (clinic.book(patient_id => $2::uuid,
                    provider_id => $3::uuid,
                    service_id => $4::uuid,
                    starts_at => $5::timestamptz,
                    clinic_id => $1::uuid)).id
