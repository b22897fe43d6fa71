-- civil.sql: between the wall clock of a time zone and instants

-- Immutable as timezone() is: with the zone given, only new time zone data changes the answer.

create function clinic.local_to_instant(local timestamp, timezone text) returns timestamptz
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'local_to_instant';
comment on function clinic.local_to_instant(timestamp, text) is
  'The instant at which the clocks of a time zone show a local time: the first where they show it twice; where they skip it, what it would be had they not changed yet.';

create function clinic.day_of(instant timestamptz, timezone text) returns date
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'day_of';
comment on function clinic.day_of(timestamptz, text) is
  'The civil day that an instant belongs to in a time zone: what day_start() says has begun.';

create function clinic.day_start(day date, timezone text) returns timestamptz
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'day_start';
comment on function clinic.day_start(date, text) is
  'The instant at which a civil day begins in a time zone: the first midnight where clocks show two, the end of the gap where they show none.';
