-- schedule.sql: reading the agenda of a day, a week, a month
--
-- A day is a civil day in the clinic's zone. A visit belongs to every day it
-- touches; a cancelled one and an expired hold to none.

create function clinic.visits_of_days(provider_id uuid, first_day date, last_day date, clinic_id uuid)
  returns setof clinic.appointment
  language sql stable parallel safe rows 100
begin atomic
  select a.*
  from clinic.clinic c
  cross join lateral (
    select clinic.day_start(visits_of_days.first_day, c.timezone) as starts,
           clinic.day_start(visits_of_days.last_day + 1, c.timezone) as ends) d
  join clinic.appointment a
    on a.clinic_id = c.id
   and a.starts_at < d.ends
   and a.starts_at > d.starts - '26 hours'::interval
   and a.ends_at > d.starts
  where c.id = visits_of_days.clinic_id
    and (visits_of_days.provider_id is null or a.provider_id = visits_of_days.provider_id)
    and a.status <> 'cancelled'
    and not (a.status = 'held' and a.hold_expires_at <= pg_catalog.now())
  order by a.starts_at, a.seat, a.id;
end;
comment on function clinic.visits_of_days(uuid, date, date, uuid) is
  'A provider''s visits of the days from first_day to last_day by start; of all providers when provider_id is null.';

create function clinic.local_day(day date, clinic_id uuid) returns date
  language sql stable parallel safe
begin atomic
  select coalesce(local_day.day, clinic.day_of(pg_catalog.now(), c.timezone))
  from clinic.clinic c
  where c.id = local_day.clinic_id;
end;
comment on function clinic.local_day(date, uuid) is 'The day, or today in the clinic''s zone when it is null.';

create function clinic.day_schedule(
  provider_id uuid,
  day date default null,
  clinic_id uuid default clinic.current_clinic()
) returns setof clinic.appointment
  language sql stable parallel safe rows 20
begin atomic
  select v.*
  from clinic.local_day(day_schedule.day, day_schedule.clinic_id) as d (day)
  cross join lateral clinic.visits_of_days(day_schedule.provider_id, d.day, d.day, day_schedule.clinic_id) v
  order by v.starts_at, v.seat, v.id;
end;
comment on function clinic.day_schedule(uuid, date, uuid) is
  'A provider''s visits of a day (null: today) by start; of all providers when provider_id is null.';

create function clinic.week_schedule(
  provider_id uuid,
  day date default null,
  clinic_id uuid default clinic.current_clinic()
) returns setof clinic.appointment
  language sql stable parallel safe rows 100
begin atomic
  select v.*
  from clinic.local_day(week_schedule.day, week_schedule.clinic_id) as d (day)
  cross join lateral (
    select pg_catalog.date_trunc('week', d.day::timestamp)::date as monday) w
  cross join lateral clinic.visits_of_days(
    week_schedule.provider_id, w.monday, w.monday + 6, week_schedule.clinic_id) v
  order by v.starts_at, v.seat, v.id;
end;
comment on function clinic.week_schedule(uuid, date, uuid) is
  'A provider''s visits of the week, from Monday on, that a day (null: today) is in; of all providers when provider_id is null.';

create function clinic.month_schedule(
  provider_id uuid,
  day date default null,
  clinic_id uuid default clinic.current_clinic()
) returns setof clinic.appointment
  language sql stable parallel safe rows 400
begin atomic
  select v.*
  from clinic.local_day(month_schedule.day, month_schedule.clinic_id) as d (day)
  cross join lateral (
    select pg_catalog.date_trunc('month', d.day::timestamp) as first) m
  cross join lateral clinic.visits_of_days(
    month_schedule.provider_id, m.first::date, (m.first + '1 month'::interval)::date - 1,
    month_schedule.clinic_id) v
  order by v.starts_at, v.seat, v.id;
end;
comment on function clinic.month_schedule(uuid, date, uuid) is
  'A provider''s visits of the calendar month that a day (null: today) is in; of all providers when provider_id is null.';
