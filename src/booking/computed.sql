-- computed.sql: what of a visit follows from its row, the clock and who asks

create function clinic.is_past(appointment clinic.appointment) returns boolean
  language sql stable parallel safe
begin atomic
  select (is_past.appointment).ends_at <= pg_catalog.now();
end;
comment on function clinic.is_past(clinic.appointment) is 'Whether a visit''s end has come, whatever became of it.';

create function clinic.is_upcoming(appointment clinic.appointment) returns boolean
  language sql stable parallel safe
begin atomic
  select (is_upcoming.appointment).starts_at > pg_catalog.now()
     and (is_upcoming.appointment).status < 'completed'
     and not ((is_upcoming.appointment).status = 'held'
              and (is_upcoming.appointment).hold_expires_at <= pg_catalog.now());
end;
comment on function clinic.is_upcoming(clinic.appointment) is
  'Whether a visit is still to start and stands: it is not completed, cancelled, a no-show or an expired hold.';

create function clinic.is_current(appointment clinic.appointment) returns boolean
  language sql stable parallel safe
begin atomic
  select (is_current.appointment).starts_at <= pg_catalog.now()
     and (is_current.appointment).ends_at > pg_catalog.now()
     and (is_current.appointment).status < 'completed'
     and not ((is_current.appointment).status = 'held'
              and (is_current.appointment).hold_expires_at <= pg_catalog.now());
end;
comment on function clinic.is_current(clinic.appointment) is
  'Whether now lies in a visit, and it stands: it is not completed, cancelled, a no-show or an expired hold.';

create function clinic.can_cancel(appointment clinic.appointment) returns boolean
  language c stable strict parallel restricted cost 100
  as 'MODULE_PATHNAME', 'can_cancel';
comment on function clinic.can_cancel(clinic.appointment) is
  'Whether whoever asks may cancel a visit: it is not final and, for a patient''s account, its own, of which cancel_notice has not begun.';

create function clinic.can_reschedule(appointment clinic.appointment) returns boolean
  language c stable strict parallel restricted cost 100
  as 'MODULE_PATHNAME', 'can_reschedule';
comment on function clinic.can_reschedule(clinic.appointment) is
  'Whether whoever asks may move a visit: it is not final and, for a patient''s account, its own, of which cancel_notice has not begun.';
