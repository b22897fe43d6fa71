-- ical.sql: a recurrence from and to iCalendar

create function clinic.recurrence_from_ical(
  ical text,
  timezone text default null,
  out rule clinic.rrule,
  out dtstart timestamp,
  out timezone text,
  out is_date boolean,
  out rdates timestamptz[],
  out exdates timestamptz[]
)
  language c immutable parallel safe cost 100
  as 'MODULE_PATHNAME', 'recurrence_from_ical';
comment on function clinic.recurrence_from_ical(text, text) is
  'The recurrence that DTSTART, RRULE, RDATE and EXDATE of iCalendar describe.';

create function clinic.recurrence_to_ical(
  rule clinic.rrule,
  dtstart timestamp,
  timezone text default null,
  is_date boolean default null,
  rdates timestamptz[] default null,
  exdates timestamptz[] default null
) returns text
  language c immutable parallel safe cost 100
  as 'MODULE_PATHNAME', 'recurrence_to_ical';
comment on function clinic.recurrence_to_ical(clinic.rrule, timestamp, text, boolean, timestamptz[], timestamptz[]) is
  'The lines of iCalendar, DTSTART, RRULE, RDATE and EXDATE, that describe a recurrence.';
