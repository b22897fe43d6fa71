-- Series of visits, booked with clinic.book_series(): those of one week day for a year, or of every day.

-- @work
select clinic, patient, doctor, service, starts_at, '@RULE@'
from bench.series_starts(@WEEKDAYS@, $2::int)
where $1::int = 0

-- @book
select min(appointment_id::text)
from clinic.book_series(patient_id => $2::uuid,
                        provider_id => $3::uuid,
                        service_id => $4::uuid,
                        starts_at => $5::timestamptz,
                        rule => $6::clinic.rrule,
                        clinic_id => $1::uuid)
having bool_and(outcome = 'booked')
