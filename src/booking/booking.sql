-- booking.sql: visits, and the triggers that make every writer keep the rules

create function clinic.can_transition("from" clinic.appointment_status, "to" clinic.appointment_status)
  returns boolean
  language c stable strict parallel safe
  as 'MODULE_PATHNAME', 'can_transition';
comment on function clinic.can_transition(clinic.appointment_status, clinic.appointment_status) is
  'Whether a visit may pass from one status to the other.';

create function clinic.is_final(status clinic.appointment_status) returns boolean
  language c stable strict parallel safe
  as 'MODULE_PATHNAME', 'is_final';
comment on function clinic.is_final(clinic.appointment_status) is
  'Whether no other status may follow: completed, cancelled, no_show.';

create function clinic.visit_before() returns trigger
  language c as 'MODULE_PATHNAME', 'visit_before';
comment on function clinic.visit_before() is
  'Trigger: derives what a visit''s writer left out, applies the rules, takes the locks and picks seats.';
create function clinic.visit_after() returns trigger
  language c as 'MODULE_PATHNAME', 'visit_after';
comment on function clinic.visit_after() is
  'Trigger: writes a visit''s claims, checks the patient''s other visits, and journals.';

create trigger visit_before before insert or update or delete on clinic.appointment
  for each row execute function clinic.visit_before();
create trigger visit_after after insert or update or delete on clinic.appointment
  for each row execute function clinic.visit_after();

create function clinic.book(
  patient_id uuid,
  provider_id uuid,
  service_id uuid,
  starts_at timestamptz,
  duration interval default null,
  reason text default null,
  notes text default null,
  idempotency_key text default null,
  hold_for interval default null,
  resource_ids uuid[] default null,
  override_reason text default null,
  clinic_id uuid default clinic.current_clinic()
) returns clinic.appointment
  language c volatile parallel unsafe cost 1000
  as 'MODULE_PATHNAME', 'book';
comment on function clinic.book(uuid, uuid, uuid, timestamptz, interval, text, text, text, interval, uuid[], text, uuid) is
  'Books a visit; a null provider_id means any provider of the service who is free then. hold_for (a second to a day) books it as held.';

create function clinic.book_token(
  patient_id uuid,
  provider_id uuid,
  day date default null,
  service_id uuid default null,
  reason text default null,
  idempotency_key text default null,
  clinic_id uuid default clinic.current_clinic()
) returns clinic.appointment
  language c volatile parallel unsafe cost 1000
  as 'MODULE_PATHNAME', 'book_token';
comment on function clinic.book_token(uuid, uuid, date, uuid, text, text, uuid) is
  'Books the lowest free number of a provider''s day (null: today); a null provider_id means any who has one left. A null service_id means the only token service there is.';

create function clinic.book_first(
  patient_id uuid,
  service_id uuid,
  during tstzrange,
  providers uuid[] default null,
  strategy text default null,
  duration interval default null,
  reason text default null,
  notes text default null,
  idempotency_key text default null,
  hold_for interval default null,
  clinic_id uuid default clinic.current_clinic()
) returns clinic.appointment
  language c volatile parallel unsafe cost 1000
  as 'MODULE_PATHNAME', 'book_first';
comment on function clinic.book_first(uuid, uuid, tstzrange, uuid[], text, interval, text, text, text, interval, uuid) is
  'Books a free start with one of the providers (null: of all): the earliest, or, on the first day that has one, with the provider who is least_loaded or whose turn it is by round_robin.';

create function clinic.book_many(visits jsonb, clinic_id uuid default clinic.current_clinic())
  returns table (row_number integer, appointment_id uuid, outcome text, detail text)
  language c volatile parallel unsafe cost 10000 rows 1000
  as 'MODULE_PATHNAME', 'book_many';
comment on function clinic.book_many(jsonb, uuid) is
  'Books many visits, given as an array of objects with the arguments of book() or book_token(), in one transaction; staff only. A row is booked, or its outcome is the reason why not.';

create function clinic.get_appointment(appointment_id uuid, clinic_id uuid default clinic.current_clinic())
  returns clinic.appointment
  language c stable parallel restricted
  as 'MODULE_PATHNAME', 'get_appointment';
comment on function clinic.get_appointment(uuid, uuid) is 'A visit; not_found if there is none.';

create function clinic.confirm(appointment_id uuid, clinic_id uuid default clinic.current_clinic())
  returns clinic.appointment
  language c volatile parallel unsafe cost 1000
  as 'MODULE_PATHNAME', 'confirm';
comment on function clinic.confirm(uuid, uuid) is
  'Makes a held visit scheduled, and a scheduled visit confirmed. An expired hold takes its time again or is refused as hold_expired.';

create function clinic.cancel(appointment_id uuid, reason text, clinic_id uuid default clinic.current_clinic())
  returns clinic.appointment
  language c volatile parallel unsafe cost 1000
  as 'MODULE_PATHNAME', 'cancel';
comment on function clinic.cancel(uuid, text, uuid) is
  'Cancels a visit, for a reason of 1 to 2,000 characters; its time is free at once.';

create function clinic.release(appointment_id uuid, clinic_id uuid default clinic.current_clinic())
  returns clinic.appointment
  language c volatile parallel unsafe cost 1000
  as 'MODULE_PATHNAME', 'release';
comment on function clinic.release(uuid, uuid) is
  'Gives up a held visit, also an expired one: it is cancelled, and its time is free at once.';

create function clinic.set_status(
  appointment_id uuid,
  status clinic.appointment_status,
  clinic_id uuid default clinic.current_clinic()
) returns clinic.appointment
  language c volatile parallel unsafe cost 1000
  as 'MODULE_PATHNAME', 'set_status';
comment on function clinic.set_status(uuid, clinic.appointment_status, uuid) is
  'Moves a visit on to another status, as can_transition() allows.';

create function clinic.reschedule(
  appointment_id uuid,
  starts_at timestamptz,
  provider_id uuid default null,
  duration interval default null,
  override_reason text default null,
  clinic_id uuid default clinic.current_clinic()
) returns clinic.appointment
  language c volatile parallel unsafe cost 1000
  as 'MODULE_PATHNAME', 'reschedule';
comment on function clinic.reschedule(uuid, timestamptz, uuid, interval, text, uuid) is
  'Moves a visit to another start, and to another provider or length where given. Refused, the visit stays as it was.';

create function clinic.update_appointment(
  appointment_id uuid,
  reason text default null,
  notes text default null,
  service_id uuid default null,
  duration interval default null,
  clinic_id uuid default clinic.current_clinic()
) returns clinic.appointment
  language c volatile parallel unsafe cost 1000
  as 'MODULE_PATHNAME', 'update_appointment';
comment on function clinic.update_appointment(uuid, text, text, uuid, interval, uuid) is
  'Changes what is given of a visit: reason, notes, service, duration. Another service brings its own duration unless one is given.';
