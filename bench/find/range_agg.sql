-- The ten earliest free starts of all doctors, day by day: what do the visits leave of each doctor's day?  As ours.sql.

-- @work
select s.first_day::timestamp at time zone 'UTC' + interval '8 hours' + (n * 7 % 48) * interval '5 min',
       s.first_day::timestamp at time zone 'UTC' + interval '60 days', s.step
from bench.scene s, generate_series(1, $2::int) n
where s.name = '@SCENE@' and $1::int = 0

-- @book
select string_agg(concat(id, ' ', extract(epoch from at)::bigint), ',' order by at, code)
from (
  select f.*
  from (
    select generate_series(date_trunc('day', $1::timestamptz at time zone 'UTC') at time zone 'UTC', $2::timestamptz, interval '1 day')
           + interval '8 hours' as opens
  ) day
  cross join lateral (
    select a.at, d.id, d.code
    from @SCENE@.doctor d
    cross join lateral (
      select tstzmultirange(tstzrange(greatest(opens, $1::timestamptz), opens + interval '10 hours'))
             - coalesce(range_agg(tstzrange(v.starts_at, v.ends_at)), '{}') as free
      from @SCENE@.visit v
      where v.doctor = d.id and v.starts_at > opens - interval '30 min' and v.starts_at < opens + interval '10 hours'
    ) left_over
    cross join unnest(left_over.free) r
    cross join generate_series(date_bin($3::interval, lower(r) + $3::interval - interval '1 us', '2000-01-01Z'),
                               upper(r) - interval '30 min', $3::interval) a (at)
    order by a.at, d.code
    limit 10
  ) f
  limit 10
) first
