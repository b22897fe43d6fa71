-- rota_change.sql: what hours or a closure would come to

create function clinic.rota_change(
  resource_id uuid,
  valid daterange default null,
  weekly clinic.weekly_hours default null,
  mode clinic.visit_mode default null,
  seats integer default null,
  during tstzrange default null,
  kind clinic.closure_kind default 'closed',
  rrule clinic.rrule default null,
  days daterange default null,
  clinic_id uuid default clinic.current_clinic()
) returns table (
  resource uuid,
  day date,
  open_before tstzmultirange,
  open_after tstzmultirange,
  free_before tstzmultirange,
  free_after tstzmultirange,
  minutes_gained integer,
  minutes_lost integer,
  seats_before integer,
  seats_after integer,
  orphans uuid[]
)
  language c stable parallel restricted cost 10000 rows 30
  as 'MODULE_PATHNAME', 'rota_change';
comment on function clinic.rota_change(uuid, daterange, clinic.weekly_hours, clinic.visit_mode, integer, tstzrange, clinic.closure_kind, clinic.rrule, daterange, uuid) is
  'What would differ if a rota (valid, weekly, mode, seats) or a closure (during, kind, rrule) of a resource or of the whole clinic (null) were written: each day with its open and free time before and after, and the visits that would be left without cover. Nothing is written.';
