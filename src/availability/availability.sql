-- availability.sql: what may be booked

create function clinic.available_slots(
  provider_id uuid,
  service_id uuid,
  during tstzrange,
  step interval default null,
  duration interval default null,
  moving uuid default null,
  clinic_id uuid default clinic.current_clinic()
) returns table (slot tstzrange, available boolean, seats_left integer, reason text)
  language c stable parallel restricted cost 1000 rows 50
  as 'MODULE_PATHNAME', 'available_slots';
comment on function clinic.available_slots(uuid, uuid, tstzrange, interval, interval, uuid, uuid) is
  'The starts of the clinic''s grid at which the provider is open, each with whether it may be booked, the seats left, and why not.';

create function clinic.free_time(
  resource_id uuid,
  during tstzrange,
  clinic_id uuid default clinic.current_clinic()
) returns tstzmultirange
  language c stable parallel restricted cost 1000
  as 'MODULE_PATHNAME', 'free_time';
comment on function clinic.free_time(uuid, tstzrange, uuid) is
  'When a provider, room or device is open and has a seat that nobody has claimed.';

create function clinic.free_busy(
  resource_ids uuid[],
  during tstzrange,
  clinic_id uuid default clinic.current_clinic()
) returns table (resource_id uuid, busy tstzmultirange, free tstzmultirange)
  language c stable parallel restricted cost 1000 rows 10
  as 'MODULE_PATHNAME', 'free_busy';
comment on function clinic.free_busy(uuid[], tstzrange, uuid) is
  'When providers, rooms and devices have no free seat, open or not, and when they are open and have one.';

create function clinic.utilisation(
  during tstzrange,
  resource_ids uuid[] default null,
  clinic_id uuid default clinic.current_clinic()
) returns table (resource_id uuid, day date, open_minutes integer, booked_minutes integer)
  language c stable parallel restricted cost 10000 rows 100
  as 'MODULE_PATHNAME', 'utilisation';
comment on function clinic.utilisation(tstzrange, uuid[], uuid) is
  'Of each resource (null: of all that are active) and each day: the minutes that its seats are open, and how many of these are claimed.';

create function clinic.orphan_reason(visit clinic.appointment) returns text
  language c stable strict parallel restricted cost 100
  as 'MODULE_PATHNAME', 'orphan_reason';
comment on function clinic.orphan_reason(clinic.appointment) is
  'Why the present hours, closures or resources no longer cover a visit; null when they do.';

create function clinic.orphans(
  provider_id uuid default null,
  during tstzrange default null,
  clinic_id uuid default clinic.current_clinic()
) returns setof clinic.appointment
  language sql stable parallel restricted rows 20
begin atomic
  select a.*
  from clinic.appointment a
  where a.clinic_id = orphans.clinic_id
    and (orphans.provider_id is null or a.provider_id = orphans.provider_id)
    and a.starts_at > coalesce(pg_catalog.lower(coalesce(orphans.during, pg_catalog.tstzrange(pg_catalog.now(), null))),
                               '-infinity') - '26 hours'::interval
    and a.status < 'completed'
    and not (a.status = 'held' and a.hold_expires_at <= pg_catalog.now())
    and pg_catalog.tstzrange(a.starts_at, a.ends_at)
        && coalesce(orphans.during, pg_catalog.tstzrange(pg_catalog.now(), null))
    and clinic.orphan_reason(a) is not null
  order by a.starts_at, a.provider_id, a.seat, a.id;
end;
comment on function clinic.orphans(uuid, tstzrange, uuid) is
  'The visits, of a provider or of all (null), that the present hours, closures or resources no longer cover; during null: from now on.';

create function clinic.day_sheet(
  day date default null,
  providers uuid[] default null,
  clinic_id uuid default clinic.current_clinic()
) returns setof text
  language c stable parallel restricted cost 1000 rows 30
  as 'MODULE_PATHNAME', 'day_sheet';
comment on function clinic.day_sheet(date, uuid[], uuid) is
  'A day (null: today) of providers (null: the active ones) as text, one line a half hour: their visits, and when they are open.';

create function clinic.month_sheet(
  day date default null,
  providers uuid[] default null,
  clinic_id uuid default clinic.current_clinic()
) returns setof text
  language c stable parallel restricted cost 5000 rows 10
  as 'MODULE_PATHNAME', 'month_sheet';
comment on function clinic.month_sheet(date, uuid[], uuid) is
  'The month of a day (null: today) as text, one line a provider (null: the active ones), one character a day: how much of their open time is booked.';
