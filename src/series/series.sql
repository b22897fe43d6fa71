-- series.sql: visits that recur

create function clinic.series_check() returns trigger
  language c as 'MODULE_PATHNAME', 'series_check';
comment on function clinic.series_check() is
  'Trigger: checks a series'' zone, start and rule, and whose it is.';
create trigger series_check before insert or update or delete on clinic.series
  for each row execute function clinic.series_check();

create type clinic.series_outcome as (
  series_id uuid,
  occurrence timestamptz,
  appointment_id uuid,
  outcome text,
  detail text
);
comment on type clinic.series_outcome is 'What became of an occurrence of a series, and why where it is not as it was asked.';

create function clinic.book_series(
  patient_id uuid,
  provider_id uuid,
  service_id uuid,
  starts_at timestamptz,
  rule clinic.rrule,
  on_conflict text default null,
  duration interval default null,
  reason text default null,
  idempotency_key text default null,
  resource_ids uuid[] default null,
  clinic_id uuid default clinic.current_clinic()
) returns setof clinic.series_outcome
  language c volatile parallel unsafe cost 10000 rows 52
  as 'MODULE_PATHNAME', 'book_series';
comment on function clinic.book_series(uuid, uuid, uuid, timestamptz, clinic.rrule, text, interval, text, text, uuid[], uuid) is
  'Books a visit for each occurrence of a rule, as far ahead as visits may be booked and at most 366, in one transaction. What cannot be had is left out (skip), fails the whole (fail) or is booked at the next free start (next_free); if the first cannot be had nothing is booked, unless by next_free.';

create function clinic.extend_series(series_id uuid default null, clinic_id uuid default clinic.current_clinic())
  returns setof clinic.series_outcome
  language c volatile parallel unsafe cost 10000 rows 100
  as 'MODULE_PATHNAME', 'extend_series';
comment on function clinic.extend_series(uuid, uuid) is
  'Books the occurrences of a series (null: of all of the clinic''s) that have come within reach since; for housekeeping, staff only.';

create function clinic.cancel_series(
  series_id uuid,
  reason text,
  occurrence timestamptz default null,
  scope text default null,
  include_changed boolean default null,
  clinic_id uuid default clinic.current_clinic()
) returns setof clinic.series_outcome
  language c volatile parallel unsafe cost 10000 rows 52
  as 'MODULE_PATHNAME', 'cancel_series';
comment on function clinic.cancel_series(uuid, text, timestamptz, text, boolean, uuid) is
  'Cancels one occurrence of a series (scope this), it and the following ones, or all to come. Visits that were changed by themselves are kept, unless include_changed says otherwise.';

create function clinic.reschedule_series(
  series_id uuid,
  starts_at timestamptz,
  occurrence timestamptz default null,
  scope text default null,
  provider_id uuid default null,
  duration interval default null,
  rule clinic.rrule default null,
  include_changed boolean default null,
  clinic_id uuid default clinic.current_clinic()
) returns setof clinic.series_outcome
  language c volatile parallel unsafe cost 10000 rows 52
  as 'MODULE_PATHNAME', 'reschedule_series';
comment on function clinic.reschedule_series(uuid, timestamptz, timestamptz, text, uuid, interval, clinic.rrule, boolean, uuid) is
  'Moves one occurrence of a series (scope this), it and the following ones, or all to come, to begin at another time, with another provider, duration or rule; staff only. What is moved goes on as a series of its own, whose visits keep their ids.';
