-- preamble.sql: the schema and the types that tables are made of

create schema clinic;
comment on schema clinic is 'clinic_sched: clinics, who works there, patients and their visits';

create function clinic.uuid7() returns uuid
  language c volatile parallel safe
  as 'MODULE_PATHNAME', 'uuid7';
comment on function clinic.uuid7() is
  'A new time-ordered UUID (RFC 9562, version 7); within a session each is greater than the one before.';

create type clinic.clinic_status as enum ('open', 'closing_soon', 'closed');
comment on type clinic.clinic_status is
  'Whether a clinic takes new visits: closing_soon refuses walk-ins, closed refuses every new booking without an override.';

create type clinic.member_role as enum ('admin', 'doctor', 'nurse', 'receptionist');
comment on type clinic.member_role is 'What a member of the staff works as.';

create type clinic.resource_kind as enum ('provider', 'room', 'equipment');
comment on type clinic.resource_kind is 'What a resource is: somebody who sees patients, a room, or a device.';

create type clinic.series_conflict as enum ('skip', 'fail', 'next_free');
comment on type clinic.series_conflict is
  'What becomes of an occurrence that cannot be booked: it is left out, or all are, or the next free start is booked.';
create type clinic.closure_kind as enum ('closed', 'open');
comment on type clinic.closure_kind is 'Whether a stretch of time is closed against the weekly hours, or open beyond them.';

create type clinic.visit_mode as enum ('timed', 'token', 'walk_in');
comment on type clinic.visit_mode is
  'How a visit is booked: at a time of day, as a numbered token of a day, or not at all (the patient walks in).';

create type clinic.waitlist_status as enum ('waiting', 'offered', 'accepted', 'left', 'expired');
comment on type clinic.waitlist_status is
  'Where an entry of the waitlist stands: waiting and offered are open, the others final.';

create type clinic.appointment_status as enum
  ('held', 'scheduled', 'confirmed', 'arrived', 'in_progress', 'completed', 'cancelled', 'no_show');
comment on type clinic.appointment_status is
  'Where a visit stands; clinic.can_transition() says which status may follow which.';

create type clinic.queue_status as enum ('waiting', 'called', 'skipped', 'in_service', 'done', 'left');
comment on type clinic.queue_status is
  'Where a patient who has arrived stands: the first four are open, done and left are final.';
