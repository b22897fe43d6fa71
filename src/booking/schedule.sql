-- schedule.sql: reading the agenda of a day, a week, a month
--
-- A day is a civil day in the clinic's zone. A visit belongs to every day it
-- touches; what takes no time any more (cancelled, an expired hold) to none.

create function clinic.day_schedule(
  provider_id uuid,
  day date default null,
  clinic_id uuid default clinic.current_clinic()
) returns setof clinic.appointment
  language sql stable parallel safe rows 20
begin atomic
  select a.*
  from clinic.clinic c
  cross join lateral (
    select coalesce(day_schedule.day, (pg_catalog.now() at time zone c.timezone)::date) as first) d
  cross join lateral (
    select d.first::timestamp at time zone c.timezone as starts,
           (d.first + 1)::timestamp at time zone c.timezone as ends) b
  join clinic.appointment a
    on a.clinic_id = c.id
   and a.starts_at < b.ends
   and a.starts_at > b.starts - '26 hours'::interval
   and a.ends_at > b.starts
  where c.id = day_schedule.clinic_id
    and (day_schedule.provider_id is null or a.provider_id = day_schedule.provider_id)
    and a.status <> 'cancelled'
    and not (a.status = 'held' and a.hold_expires_at <= pg_catalog.now())
  order by a.starts_at, a.seat, a.id;
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
  select a.*
  from clinic.clinic c
  cross join lateral (
    select pg_catalog.date_trunc('week',
             coalesce(week_schedule.day, (pg_catalog.now() at time zone c.timezone)::date)::timestamp)::date as first) d
  cross join lateral (
    select d.first::timestamp at time zone c.timezone as starts,
           (d.first + 7)::timestamp at time zone c.timezone as ends) b
  join clinic.appointment a
    on a.clinic_id = c.id
   and a.starts_at < b.ends
   and a.starts_at > b.starts - '26 hours'::interval
   and a.ends_at > b.starts
  where c.id = week_schedule.clinic_id
    and (week_schedule.provider_id is null or a.provider_id = week_schedule.provider_id)
    and a.status <> 'cancelled'
    and not (a.status = 'held' and a.hold_expires_at <= pg_catalog.now())
  order by a.starts_at, a.seat, a.id;
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
  select a.*
  from clinic.clinic c
  cross join lateral (
    select pg_catalog.date_trunc('month',
             coalesce(month_schedule.day, (pg_catalog.now() at time zone c.timezone)::date)::timestamp) as first) d
  cross join lateral (
    select d.first at time zone c.timezone as starts,
           (d.first + '1 month'::interval) at time zone c.timezone as ends) b
  join clinic.appointment a
    on a.clinic_id = c.id
   and a.starts_at < b.ends
   and a.starts_at > b.starts - '26 hours'::interval
   and a.ends_at > b.starts
  where c.id = month_schedule.clinic_id
    and (month_schedule.provider_id is null or a.provider_id = month_schedule.provider_id)
    and a.status <> 'cancelled'
    and not (a.status = 'held' and a.hold_expires_at <= pg_catalog.now())
  order by a.starts_at, a.seat, a.id;
end;
comment on function clinic.month_schedule(uuid, date, uuid) is
  'A provider''s visits of the calendar month that a day (null: today) is in; of all providers when provider_id is null.';
