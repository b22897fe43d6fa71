-- The numbers of one day, booked and cancelled through the functions.

-- @work
select clinic, patient, doctor, service, day
from bench.token_day($1::int)
limit $2::int

-- @book
select (clinic.book_token(patient_id => $2::uuid,
                          provider_id => $3::uuid,
                          service_id => $4::uuid,
                          day => $5::date,
                          clinic_id => $1::uuid)).id

-- @cancel
select (clinic.cancel(appointment_id => $1::uuid, reason => 'bench', clinic_id => $2::uuid)).id

-- @look
select count(*) - count(distinct seat)
from clinic.appointment
where clinic_id = (select id from bench.clinic)
  and provider_id = (select id from bench.token_doctor)
  and status not in ('cancelled', 'no_show')
