-- The hot doctor, booked and cancelled by plain INSERT and UPDATE: the triggers do it all.

-- @work
select clinic, patient, doctor, service, starts_at
from bench.hot_starts($1::int)
limit $2::int

-- @book
insert into clinic.appointment (clinic_id, patient_id, provider_id, service_id, starts_at)
values ($1::uuid, $2::uuid, $3::uuid, $4::uuid, $5::timestamptz)
returning id

-- @cancel
update clinic.appointment
set status = 'cancelled', cancellation_reason = 'bench'
where clinic_id = $2::uuid
  and id = $1::uuid
returning id

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
