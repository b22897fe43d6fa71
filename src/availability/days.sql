-- days.sql: the days of a provider, which seats and tokens belong to

create function clinic.token_days(
  provider_id uuid,
  during tstzrange default null,
  clinic_id uuid default clinic.current_clinic()
) returns table (day date, available boolean, capacity integer, taken integer, remaining integer)
  language c stable parallel restricted cost 1000 rows 30
  as 'MODULE_PATHNAME', 'token_days';
comment on function clinic.token_days(uuid, tstzrange, uuid) is
  'A provider''s days (null: today and the 29 days after it), each with whether it takes tokens, how many it has, how many stand, and how many numbers are free.';

create function clinic.provider_day(provider_id uuid, day date, clinic_id uuid) returns tstzrange
  language c stable parallel restricted cost 100
  as 'MODULE_PATHNAME', 'provider_day';
comment on function clinic.provider_day(uuid, date, uuid) is
  'From when until when a provider''s day (null: today) lasts: the civil day in the provider''s time zone, and the night that begins on it.';

create function clinic.set_day(
  provider_id uuid,
  day date,
  available boolean default null,
  seats integer default null,
  clinic_id uuid default clinic.current_clinic()
) returns setof clinic.appointment
  language sql volatile parallel unsafe rows 20
begin atomic
  -- refuses what is no provider or no day
  select clinic.provider_day(set_day.provider_id, set_day.day, set_day.clinic_id);

  insert into clinic.day_capacity as d (clinic_id, resource_id, day, available, seats)
  values (set_day.clinic_id, set_day.provider_id, clinic.local_day(set_day.day, set_day.clinic_id),
          coalesce(set_day.available, true), set_day.seats)
  on conflict (clinic_id, resource_id, day) do update
  set available = coalesce(set_day.available, d.available),
      seats = coalesce(set_day.seats, d.seats);

  with d as materialized (
    select clinic.provider_day(set_day.provider_id, set_day.day, set_day.clinic_id) as during)
  select a.*
  from d
  join clinic.appointment a
    on a.clinic_id = set_day.clinic_id
   and a.provider_id = set_day.provider_id
   and a.starts_at < pg_catalog.upper(d.during)
   and a.starts_at > pg_catalog.lower(d.during) - '26 hours'::interval
   and a.ends_at > pg_catalog.lower(d.during)
  where a.status < 'completed'
    and not (a.status = 'held' and a.hold_expires_at <= pg_catalog.now())
    and clinic.orphan_reason(a) is not null
  order by a.starts_at, a.seat, a.id;
end;
comment on function clinic.set_day(uuid, date, boolean, integer, uuid) is
  'Opens or closes a provider''s day (null: today), or sets its seats, and returns the visits of that day that are left uncovered. Null leaves what is there.';
