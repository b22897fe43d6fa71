-- When is each of 100 doctors free?  What is left of a stretch without the visits in it: it knows neither hours nor
-- closures.  As ours_free_time.sql.

-- @work
select tstzrange(starts, starts + interval '@DAYS@ days'), hundred * 100
from bench.calendar, generate_series(0, 9) hundred,
     lateral (select (calendar.first_monday + hundred) at time zone 'Europe/Berlin' as starts) s
where $1::int = 0
limit $2::int

-- @book
select count((
  select tstzmultirange($1::tstzrange) - coalesce(range_agg(v.during), '{}')
  from visit v
  where v.doctor = d.id and v.during && $1::tstzrange and v.status <> 'cancelled'))
from bench.doctor d
where d.number between $2::int and $2::int + 99
