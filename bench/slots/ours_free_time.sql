-- When is each of 100 doctors free?  One statement for all of them, so that it is not the round trips that are timed.

-- @work
select clinic.id, tstzrange(starts, starts + interval '@DAYS@ days'), hundred * 100
from bench.clinic, bench.calendar, generate_series(0, 9) hundred,
     lateral (select (calendar.first_monday + hundred) at time zone 'Europe/Berlin' as starts) s
where $1::int = 0
limit $2::int

-- @book
select count(clinic.free_time(resource_id => d.id, during => $2::tstzrange, clinic_id => $1::uuid))
from bench.doctor d
where d.number between $3::int and $3::int + 99
