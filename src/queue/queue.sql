-- queue.sql: the day itself, from a patient's arrival until the visit is over

create function clinic.queue_preset() returns trigger
  language c as 'MODULE_PATHNAME', 'queue_preset';
comment on function clinic.queue_preset() is 'Trigger: gives a clinic the classes of urgency of its queue_preset.';
create trigger queue_preset after insert or update of queue_preset on clinic.clinic
  for each row execute function clinic.queue_preset();

create function clinic.queue_entry_check() returns trigger
  language c as 'MODULE_PATHNAME', 'queue_entry_check';
comment on function clinic.queue_entry_check() is
  'Trigger: gives out the number of a queue entry, derives what follows from its visit, and keeps its transitions. Staff only.';
create trigger queue_entry_check before insert or update or delete on clinic.queue_entry
  for each row execute function clinic.queue_entry_check();

create function clinic.queue_entry_after() returns trigger
  language c as 'MODULE_PATHNAME', 'queue_entry_after';
comment on function clinic.queue_entry_after() is
  'Trigger: writes who is in which queue now, and records the change in the journal.';
create trigger queue_entry_after after insert or update or delete on clinic.queue_entry
  for each row execute function clinic.queue_entry_after();

create function clinic.queue_follows_visit() returns trigger
  language c as 'MODULE_PATHNAME', 'queue_follows_visit';
comment on function clinic.queue_follows_visit() is
  'Trigger: lets the queue entry of a patient who has arrived follow what becomes of the visit.';
create trigger queue_follows_visit after update on clinic.appointment
  for each row execute function clinic.queue_follows_visit();

create function clinic.queue_in_use() returns trigger
  language c as 'MODULE_PATHNAME', 'queue_in_use';
comment on function clinic.queue_in_use() is 'Trigger: keeps a provider or a service whom patients wait for.';
create trigger queue_in_use before delete on clinic.resource
  for each row execute function clinic.queue_in_use();
create trigger queue_in_use before delete on clinic.service
  for each row execute function clinic.queue_in_use();

create trigger presence_check before insert or update on clinic.provider_presence
  for each row execute function clinic.provider_service_check();
create trigger staff_only before insert or update or delete on clinic.provider_presence
  for each row execute function clinic.staff_only('clinic_id');
create trigger staff_only before insert or update or delete on clinic.queue_class
  for each row execute function clinic.staff_only('clinic_id');
create trigger keep_keys before update of clinic_id, provider_id on clinic.provider_presence
  for each row execute function clinic.keep_keys('clinic_id', 'provider_id');
create trigger keep_keys before update of clinic_id, priority on clinic.queue_class
  for each row execute function clinic.keep_keys('clinic_id', 'priority');
create trigger journal_change after insert or update or delete on clinic.provider_presence
  for each row execute function clinic.journal_change('provider_presence', 'provider_id');
create trigger journal_change after insert or update or delete on clinic.queue_class
  for each row execute function clinic.journal_change('queue_class', 'clinic_id', 'priority');
create trigger not_truncated before truncate on clinic.queue_entry
  for each statement execute function clinic.not_truncated();
create trigger not_truncated before truncate on clinic.queue_place
  for each statement execute function clinic.not_truncated();

create function clinic.check_in(
  appointment_id uuid default null,
  patient_id uuid default null,
  code text default null,
  priority integer default null,
  clinic_id uuid default clinic.current_clinic()
) returns clinic.queue_entry
  language c volatile parallel unsafe cost 1000
  as 'MODULE_PATHNAME', 'check_in';
comment on function clinic.check_in(uuid, uuid, text, integer, uuid) is
  'A patient arrives for a visit of today, given by its id or its code: the visit is arrived, and the patient waits in its provider''s queue. A patient_id that is given must be the visit''s.';

create function clinic.walk_in(
  patient_id uuid,
  service_id uuid,
  provider_id uuid default null,
  priority integer default null,
  reason text default null,
  clinic_id uuid default clinic.current_clinic()
) returns clinic.queue_entry
  language c volatile parallel unsafe cost 1000
  as 'MODULE_PATHNAME', 'walk_in';
comment on function clinic.walk_in(uuid, uuid, uuid, integer, text, uuid) is
  'A patient arrives without a booking, and waits in a provider''s queue, or for any provider of the service. priority is the rank of a class of table queue_class.';

create function clinic.call_next(
  provider_id uuid,
  desk text default null,
  clinic_id uuid default clinic.current_clinic()
) returns setof clinic.queue_entry
  language c volatile parallel unsafe cost 1000 rows 1
  as 'MODULE_PATHNAME', 'call_next';
comment on function clinic.call_next(uuid, text, uuid) is
  'Calls who is due first in the provider''s own queue and the pools of the services the provider offers, and returns the entry; no row if nobody waits. No two desks get the same patient.';

create function clinic.recall(entry_id uuid, desk text default null, clinic_id uuid default clinic.current_clinic())
  returns clinic.queue_entry
  language c volatile parallel unsafe cost 1000
  as 'MODULE_PATHNAME', 'recall';
comment on function clinic.recall(uuid, text, uuid) is
  'Calls a patient once more who is called and has not come; one who was set aside waits again, where the turn was.';

create function clinic.skip(entry_id uuid, behind integer default null, clinic_id uuid default clinic.current_clinic())
  returns clinic.queue_entry
  language c volatile parallel unsafe cost 1000
  as 'MODULE_PATHNAME', 'skip';
comment on function clinic.skip(uuid, integer, uuid) is
  'Puts a patient who does not come back behind so many others in the queue, or with null sets the patient aside until recalled.';

create function clinic.transfer(entry_id uuid, queue_id uuid, clinic_id uuid default clinic.current_clinic())
  returns clinic.queue_entry
  language c volatile parallel unsafe cost 1000
  as 'MODULE_PATHNAME', 'transfer';
comment on function clinic.transfer(uuid, uuid, uuid) is
  'Lets a patient wait in the queue of another provider, or of a service''s pool, with the number and the turn there was.';

create function clinic.start_visit(entry_id uuid, clinic_id uuid default clinic.current_clinic())
  returns clinic.queue_entry
  language c volatile parallel unsafe cost 1000
  as 'MODULE_PATHNAME', 'start_visit';
comment on function clinic.start_visit(uuid, uuid) is 'A patient who was called has come: the visit is in progress.';

create function clinic.finish_visit(entry_id uuid, clinic_id uuid default clinic.current_clinic())
  returns clinic.queue_entry
  language c volatile parallel unsafe cost 1000
  as 'MODULE_PATHNAME', 'finish_visit';
comment on function clinic.finish_visit(uuid, uuid) is 'The visit is completed, and the patient done.';

create function clinic.leave(entry_id uuid, clinic_id uuid default clinic.current_clinic())
  returns clinic.queue_entry
  language c volatile parallel unsafe cost 1000
  as 'MODULE_PATHNAME', 'leave';
comment on function clinic.leave(uuid, uuid) is
  'A patient leaves without being seen: a booked visit is a no-show, a walk-in''s is cancelled.';

create function clinic.set_present(
  provider_id uuid,
  present boolean,
  desk text default null,
  clinic_id uuid default clinic.current_clinic()
) returns clinic.provider_presence
  language sql volatile parallel unsafe
begin atomic
  insert into clinic.provider_presence as p (clinic_id, provider_id, present, desk)
  values (set_present.clinic_id, set_present.provider_id, set_present.present, set_present.desk)
  on conflict (clinic_id, provider_id) do update
  set present = excluded.present, desk = coalesce(excluded.desk, p.desk), since = pg_catalog.now()
  returning p;
end;
comment on function clinic.set_present(uuid, boolean, text, uuid) is
  'Says that a provider is there to see who waits, and at which desk (null: where it was), or is not.';

create function clinic.assign_queue(service_id uuid, clinic_id uuid default clinic.current_clinic())
  returns setof clinic.queue_entry
  language c volatile parallel unsafe cost 10000 rows 10
  as 'MODULE_PATHNAME', 'assign_queue';
comment on function clinic.assign_queue(uuid, uuid) is
  'Deals those who wait in a service''s pool to the providers who are present and offer it, each to whoever would be done first, and returns those that were dealt.';

create function clinic.queue_board(
  provider_id uuid default null,
  day date default null,
  clinic_id uuid default clinic.current_clinic()
) returns table (
    number integer, patient_id uuid, status clinic.queue_status, class text, priority integer, due_at timestamptz,
    overdue boolean, estimated_start timestamptz, estimated_from timestamptz, estimated_to timestamptz, service_id uuid,
    queue_id uuid, by_provider_id uuid, desk text, arrived_at timestamptz, called_at timestamptz, started_at timestamptz,
    finished_at timestamptz, entry_id uuid)
  language c stable parallel restricted cost 10000 rows 50
  as 'MODULE_PATHNAME', 'queue_board';
comment on function clinic.queue_board(uuid, date, uuid) is
  'Who is seen, called and waits, in a provider''s queue and the pools the provider sees to, or in all; of today with the time when each who waits will be seen, and from when until when that is in four of five cases. Staff only.';

create function clinic.public_board(clinic_id uuid default clinic.current_clinic())
  returns table (
    queue text, number integer, status clinic.queue_status, desk text, called_at timestamptz, estimated_start timestamptz)
  language c stable parallel restricted cost 10000 rows 50
  as 'MODULE_PATHNAME', 'public_board';
comment on function clinic.public_board(uuid) is
  'For a screen that everybody sees: the numbers that are called, and where to, and those that wait; no names, no ids.';

create function clinic.mark_no_shows(grace interval default null, clinic_id uuid default clinic.current_clinic())
  returns integer
  language c volatile parallel unsafe cost 1000
  as 'MODULE_PATHNAME', 'mark_no_shows';
comment on function clinic.mark_no_shows(interval, uuid) is
  'Housekeeping: marks as no-shows the booked visits whose patient has not arrived so long after the start (null: 30 minutes), and returns how many; closes what is left in queues of days before. Staff only.';
