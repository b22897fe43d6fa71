-- The hot doctor, booked and cancelled through the functions.

-- @work
select clinic, patient, doctor, service, starts_at
from bench.hot_starts($1::int)
limit $2::int

-- @book
select (clinic.book(patient_id => $2::uuid,
                    provider_id => $3::uuid,
                    service_id => $4::uuid,
                    starts_at => $5::timestamptz,
                    clinic_id => $1::uuid)).id

-- @cancel
select (clinic.cancel(appointment_id => $1::uuid, reason => 'bench', clinic_id => $2::uuid)).id

-- @look
select count(*)
from clinic.appointment a
join clinic.appointment b using (clinic_id, provider_id)
where a.clinic_id = (select id from bench.clinic)
  and a.provider_id = (select id from bench.doctor where number = 1000)
  and a.status not in ('cancelled', 'no_show')
  and b.status not in ('cancelled', 'no_show')
  and a.id < b.id
  and a.starts_at < b.ends_at
  and b.starts_at < a.ends_at
