-- identity.sql: which clinic, which actor, and whether that is staff

create function clinic.current_clinic() returns uuid
  language c stable parallel restricted cost 10
  as 'MODULE_PATHNAME', 'current_clinic';
comment on function clinic.current_clinic() is
  'The clinic that functions work for when none is named: the setting clinic_sched.clinic_id, else the claim clinic_id of request.jwt.claims, else the only clinic there is, else null.';

create function clinic.current_actor() returns uuid
  language c stable parallel restricted cost 5
  as 'MODULE_PATHNAME', 'current_actor';
comment on function clinic.current_actor() is
  'The account on whose behalf the session acts: the setting clinic_sched.actor_id, else the claim sub of request.jwt.claims, else null.';

create function clinic.is_staff(clinic_id uuid default clinic.current_clinic()) returns boolean
  language c stable parallel restricted cost 20
  as 'MODULE_PATHNAME', 'is_staff';
comment on function clinic.is_staff(uuid) is
  'Whether the session acts for the clinic''s staff: its actor is a member of the clinic, or it has neither an actor nor a token. False for an unknown clinic given as null.';
