-- The ten earliest free starts of all doctors, start by start: who is not among those who have a visit then, which are
-- hashed?  As ours.sql.

-- @work
select s.first_day::timestamp at time zone 'UTC' + interval '8 hours' + (n * 7 % 48) * interval '5 min',
       s.first_day::timestamp at time zone 'UTC' + interval '60 days', s.step
from bench.scene s, generate_series(1, $2::int) n
where s.name = '@SCENE@' and $1::int = 0

-- @book
select string_agg(concat(id, ' ', extract(epoch from at)::bigint), ',' order by at, code)
from (
  select s.at, f.id, f.code
  from (
    select generate_series(date_bin($3::interval, $1::timestamptz + $3::interval - interval '1 us', '2000-01-01Z'),
                           $2::timestamptz - interval '30 min', $3::interval) as at
  ) s
  cross join lateral (
    select d.id, d.code
    from @SCENE@.doctor d
    where d.id not in (
      select v.doctor
      from @SCENE@.visit_by_time v
      where v.starts_at > s.at - interval '30 min' and v.starts_at < s.at + interval '30 min' and v.ends_at > s.at)
    order by d.code
    limit 10
  ) f
  where (s.at at time zone 'UTC')::time between '08:00' and '17:30'
  limit 10
) first
