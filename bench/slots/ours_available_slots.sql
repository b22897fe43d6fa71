-- Which starts does each of 100 doctors have, and why not the others?  As ours_free_time.sql.

-- @work
select clinic.id, tstzrange(starts, starts + interval '@DAYS@ days'), hundred * 100, service.id
from bench.clinic, bench.service, bench.calendar, generate_series(0, 9) hundred,
     lateral (select (calendar.first_monday + hundred) at time zone 'Europe/Berlin' as starts) s
where $1::int = 0
limit $2::int

-- @book
select count(s)
from bench.doctor d
cross join clinic.available_slots(provider_id => d.id, service_id => $4::uuid, during => $2::tstzrange, clinic_id => $1::uuid) s
where d.number between $3::int and $3::int + 99
