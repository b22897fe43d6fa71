-- waitlist.sql: who waits for a time to become free, and is offered it when it does

create function clinic.waitlist_check() returns trigger
  language c as 'MODULE_PATHNAME', 'waitlist_check';
comment on function clinic.waitlist_check() is
  'Trigger: checks what an entry of the waitlist asks for, and whose it is; keeps what the functions see to.';
create trigger waitlist_check before insert or update or delete on clinic.waitlist_entry
  for each row execute function clinic.waitlist_check();
create trigger journal_change after insert or update or delete on clinic.waitlist_entry
  for each row execute function clinic.journal_change('waitlist_entry', 'id');
create trigger not_truncated before truncate on clinic.waitlist_entry
  for each statement execute function clinic.not_truncated();

create function clinic.visit_freed() returns trigger
  language c as 'MODULE_PATHNAME', 'visit_freed';
comment on function clinic.visit_freed() is
  'Trigger: offers the time that visits have given up to who waits for it.';
create trigger visit_freed after insert or update or delete on clinic.appointment
  for each statement execute function clinic.visit_freed();

create function clinic.join_waitlist(
  patient_id uuid,
  service_id uuid,
  wanted tstzmultirange,
  providers uuid[] default null,
  priority integer default null,
  clinic_id uuid default clinic.current_clinic()
) returns clinic.waitlist_entry
  language c volatile parallel unsafe cost 1000
  as 'MODULE_PATHNAME', 'join_waitlist';
comment on function clinic.join_waitlist(uuid, uuid, tstzmultirange, uuid[], integer, uuid) is
  'Lets a patient wait for a visit that lies in one of the stretches wanted, with one of the providers (null: any). priority 1 comes first (null: 3); only the staff give it.';

create function clinic.leave_waitlist(entry_id uuid, clinic_id uuid default clinic.current_clinic())
  returns clinic.waitlist_entry
  language c volatile parallel unsafe cost 1000
  as 'MODULE_PATHNAME', 'leave_waitlist';
comment on function clinic.leave_waitlist(uuid, uuid) is
  'Takes an entry off the waitlist; a time that it was offered goes to the next.';

create function clinic.accept_offer(entry_id uuid, clinic_id uuid default clinic.current_clinic())
  returns clinic.appointment
  language c volatile parallel unsafe cost 1000
  as 'MODULE_PATHNAME', 'accept_offer';
comment on function clinic.accept_offer(uuid, uuid) is
  'Accepts what an entry of the waitlist is offered: the visit is scheduled. hold_expired if the offer has ended.';

create function clinic.decline_offer(entry_id uuid, clinic_id uuid default clinic.current_clinic())
  returns clinic.waitlist_entry
  language c volatile parallel unsafe cost 1000
  as 'MODULE_PATHNAME', 'decline_offer';
comment on function clinic.decline_offer(uuid, uuid) is
  'Declines what an entry of the waitlist is offered: the time goes to the next, and the entry waits on for another.';

create function clinic.offer_waitlist(clinic_id uuid default clinic.current_clinic()) returns integer
  language c volatile parallel unsafe cost 10000
  as 'MODULE_PATHNAME', 'offer_waitlist';
comment on function clinic.offer_waitlist(uuid) is
  'Housekeeping: ends offers that have expired, offers what is free to who waits for it, and returns how many offers it made. Staff only.';
