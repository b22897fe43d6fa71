-- Visits by the thousand, with clinic.book_many().

-- @work
select min(clinic::text)::uuid,
       jsonb_agg(jsonb_build_object('patient_id', patient, 'provider_id', doctor, 'service_id', service,
                                    'starts_at', starts_at) order by slot)
from bench.slots_of_client($1::int, $2::int * 1000)
group by slot / 1000
having count(*) = 1000
order by slot / 1000

-- @book
select min(appointment_id::text)
from clinic.book_many($2::jsonb, $1::uuid)
having bool_and(outcome = 'booked')
