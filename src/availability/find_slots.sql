-- find_slots.sql: the first starts that may be booked, of all providers

create function clinic.find_slots_support(internal) returns internal
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'find_slots_support';
comment on function clinic.find_slots_support(internal) is
  'Tells the planner how many rows clinic.find_slots() returns, and at what cost.';

create function clinic.find_slots(
  service_id uuid,
  during tstzrange,
  max_results integer default 10,
  providers uuid[] default null,
  step interval default null,
  duration interval default null,
  moving uuid default null,
  days_of_week integer[] default null,
  time_from time default null,
  time_until time default null,
  per_provider_limit integer default null,
  per_day_limit integer default null,
  specialty text default null,
  clinic_id uuid default clinic.current_clinic()
) returns table (provider_id uuid, slot tstzrange, seats_left integer)
  language c stable parallel restricted cost 1000 rows 10
  support clinic.find_slots_support
  as 'MODULE_PATHNAME', 'find_slots';
comment on function clinic.find_slots(uuid, tstzrange, integer, uuid[], interval, interval, uuid, integer[], time, time, integer, integer, text, uuid) is
  'The first starts (max_results null: all) that may be booked for a service with any of these providers (null: all), earliest first, then by the provider''s code.';
