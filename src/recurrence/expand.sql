-- expand.sql: the occurrences of recurrence rules

-- Immutable as timezone() is: with the zone given, only new time zone data changes the answer.

create function clinic.occurrences_support(internal) returns internal
  language c strict parallel safe
  as 'MODULE_PATHNAME', 'occurrences_support';
comment on function clinic.occurrences_support(internal) is
  'Tells the planner how many rows clinic.occurrences() returns, and has them come one by one in FROM too.';

create function clinic.occurrences(
  rule clinic.rrule,
  dtstart timestamp,
  timezone text,
  during tstzrange default null,
  exdates timestamptz[] default null,
  rdates timestamptz[] default null,
  include_dtstart boolean default false) returns setof timestamptz
  language c immutable parallel safe cost 10 rows 100
  support clinic.occurrences_support
  as 'MODULE_PATHNAME', 'occurrences';
comment on function clinic.occurrences(clinic.rrule, timestamp, text, tstzrange, timestamptz[], timestamptz[], boolean) is
  'The instants at which a rule that begins at a local time of a time zone occurs, in order: those of during, without exdates, with rdates; as many as are asked for.';

-- No more arguments here: a fourth would make a zone and a range in quotes ambiguous.
create function clinic.occurrences(
  rule clinic.rrule,
  dtstart timestamp,
  during tsrange default null) returns setof timestamp
  language c immutable parallel safe cost 10 rows 100
  support clinic.occurrences_support
  as 'MODULE_PATHNAME', 'occurrences_local';
comment on function clinic.occurrences(clinic.rrule, timestamp, tsrange) is
  'The local times at which a rule occurs, in order: those of during; as many as are asked for.';

-- What occurrences() becomes in FROM, where the planner replaces a call of these by their body. That
-- is text: it may not keep an upgrade from giving occurrences() more arguments.

create function clinic.occurrences_in_from(clinic.rrule, timestamp, text, tstzrange, timestamptz[], timestamptz[], boolean)
  returns setof timestamptz
  language sql immutable parallel safe
  as 'select clinic.occurrences($1, $2, $3, $4, $5, $6, $7)';
comment on function clinic.occurrences_in_from(clinic.rrule, timestamp, text, tstzrange, timestamptz[], timestamptz[], boolean) is
  'What the planner makes of clinic.occurrences() in FROM, for LIMIT to stop it.';

create function clinic.occurrences_in_from(clinic.rrule, timestamp, tsrange) returns setof timestamp
  language sql immutable parallel safe
  as 'select clinic.occurrences($1, $2, $3)';
comment on function clinic.occurrences_in_from(clinic.rrule, timestamp, tsrange) is
  'What the planner makes of clinic.occurrences() in FROM, for LIMIT to stop it.';

create function clinic.next_occurrence(
  rule clinic.rrule,
  dtstart timestamp,
  timezone text,
  after timestamptz,
  include_dtstart boolean default false) returns timestamptz
  language c immutable parallel safe cost 10
  as 'MODULE_PATHNAME', 'next_occurrence';
comment on function clinic.next_occurrence(clinic.rrule, timestamp, text, timestamptz, boolean) is
  'The first occurrence of a rule after an instant; null if there is none.';

create function clinic.previous_occurrence(
  rule clinic.rrule,
  dtstart timestamp,
  timezone text,
  before timestamptz,
  include_dtstart boolean default false) returns timestamptz
  language c immutable parallel safe cost 10
  as 'MODULE_PATHNAME', 'previous_occurrence';
comment on function clinic.previous_occurrence(clinic.rrule, timestamp, text, timestamptz, boolean) is
  'The last occurrence of a rule before an instant; null if there is none.';

create function clinic.occurrence_count(
  rule clinic.rrule,
  dtstart timestamp,
  timezone text default 'UTC',
  include_dtstart boolean default false) returns bigint
  language c immutable parallel safe cost 10
  as 'MODULE_PATHNAME', 'occurrence_count';
comment on function clinic.occurrence_count(clinic.rrule, timestamp, text, boolean) is
  'How many occurrences a rule has; null if it never ends.';

create function clinic.recurrence_bounds(
  rule clinic.rrule,
  dtstart timestamp,
  timezone text,
  duration interval default null,
  include_dtstart boolean default false) returns tstzrange
  language c immutable parallel safe cost 10
  as 'MODULE_PATHNAME', 'recurrence_bounds';
comment on function clinic.recurrence_bounds(clinic.rrule, timestamp, text, interval, boolean) is
  'From the first occurrence of a rule to the end of the last, each as long as duration; without an end if the rule never ends, empty if it never occurs.';
