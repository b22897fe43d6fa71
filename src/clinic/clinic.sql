-- clinic.sql: setting up a clinic, its resources and its services

create function clinic.clinic_check() returns trigger
  language c as 'MODULE_PATHNAME', 'clinic_check';
comment on function clinic.clinic_check() is
  'Trigger: checks the time zone, and lets the bookings under way end before a policy changes.';
create trigger clinic_check before insert or update or delete on clinic.clinic
  for each row execute function clinic.clinic_check();

create function clinic.resource_check() returns trigger
  language c as 'MODULE_PATHNAME', 'resource_check';
comment on function clinic.resource_check() is
  'Trigger: fills in the seats, checks the time zone, and keeps a resource that has visits.';
create trigger resource_check before insert or update or delete on clinic.resource
  for each row execute function clinic.resource_check();

create function clinic.service_check() returns trigger
  language c as 'MODULE_PATHNAME', 'service_check';
comment on function clinic.service_check() is
  'Trigger: keeps the clinic''s longest_claim no shorter than a service with its buffers.';
create trigger service_check before insert or update or delete on clinic.service
  for each row execute function clinic.service_check();

create function clinic.provider_service_check() returns trigger
  language c as 'MODULE_PATHNAME', 'provider_service_check';
comment on function clinic.provider_service_check() is
  'Trigger: only providers offer services.';
create trigger provider_service_check before insert or update on clinic.provider_service
  for each row execute function clinic.provider_service_check();

create function clinic.requirement_check() returns trigger
  language c as 'MODULE_PATHNAME', 'requirement_check';
comment on function clinic.requirement_check() is
  'Trigger: lets the bookings under way end before what a service requires changes.';
create trigger requirement_check before insert or update or delete on clinic.service_requirement
  for each row execute function clinic.requirement_check();

create function clinic.configuration_changes() returns trigger
  language c as 'MODULE_PATHNAME', 'configuration_changes';
comment on function clinic.configuration_changes() is
  'Trigger: makes every session read again how the clinics are set up.';
create trigger configuration_changes before insert or update or delete on clinic.clinic
  for each row execute function clinic.configuration_changes();
create trigger configuration_changes before insert or update or delete on clinic.resource
  for each row execute function clinic.configuration_changes();
create trigger configuration_changes before insert or update or delete on clinic.service
  for each row execute function clinic.configuration_changes();
create trigger configuration_changes before insert or update or delete on clinic.provider_service
  for each row execute function clinic.configuration_changes();
create trigger configuration_changes before insert or update or delete on clinic.service_requirement
  for each row execute function clinic.configuration_changes();
create trigger configuration_changes before insert or update or delete on clinic.hours
  for each row execute function clinic.configuration_changes();
create trigger configuration_changes before insert or update or delete on clinic.closure
  for each row execute function clinic.configuration_changes();
create trigger configuration_changes before insert or update or delete on clinic.day_capacity
  for each row execute function clinic.configuration_changes();
-- Also for the rows that logical replication writes.
alter table clinic.clinic enable always trigger configuration_changes;
alter table clinic.resource enable always trigger configuration_changes;
alter table clinic.service enable always trigger configuration_changes;
alter table clinic.provider_service enable always trigger configuration_changes;
alter table clinic.service_requirement enable always trigger configuration_changes;
alter table clinic.hours enable always trigger configuration_changes;
alter table clinic.closure enable always trigger configuration_changes;
alter table clinic.day_capacity enable always trigger configuration_changes;

create function clinic.opening_check() returns trigger
  language c as 'MODULE_PATHNAME', 'opening_check';
comment on function clinic.opening_check() is
  'Trigger: lets the bookings under way end before the hours of a clinic or of a resource change.';
create trigger opening_check before insert or update or delete on clinic.hours
  for each row execute function clinic.opening_check();
create trigger opening_check before insert or update or delete on clinic.closure
  for each row execute function clinic.opening_check();
create trigger opening_check before insert or update or delete on clinic.day_capacity
  for each row execute function clinic.opening_check();

create function clinic.closure_check() returns trigger
  language c as 'MODULE_PATHNAME', 'closure_check';
comment on function clinic.closure_check() is
  'Trigger: a closure that recurs is the first occurrence of its rule.';
create trigger rule_check before insert or update of resource_id, during, rrule on clinic.closure
  for each row when (new.rrule is not null) execute function clinic.closure_check();

create function clinic.staff_only() returns trigger
  language c as 'MODULE_PATHNAME', 'staff_only';
comment on function clinic.staff_only() is 'Trigger: a patient''s account may not write here.';
create trigger staff_only before update or delete on clinic.clinic
  for each row execute function clinic.staff_only('id');
create trigger staff_only before insert or update or delete on clinic.member
  for each row execute function clinic.staff_only('clinic_id');
create trigger staff_only before insert or update or delete on clinic.resource
  for each row execute function clinic.staff_only('clinic_id');
create trigger staff_only before insert or update or delete on clinic.service
  for each row execute function clinic.staff_only('clinic_id');
create trigger staff_only before insert or update or delete on clinic.provider_service
  for each row execute function clinic.staff_only('clinic_id');
create trigger staff_only before insert or update or delete on clinic.service_requirement
  for each row execute function clinic.staff_only('clinic_id');
create trigger staff_only before insert or update or delete on clinic.hours
  for each row execute function clinic.staff_only('clinic_id');
create trigger staff_only before insert or update or delete on clinic.closure
  for each row execute function clinic.staff_only('clinic_id');
create trigger staff_only before insert or update or delete on clinic.day_capacity
  for each row execute function clinic.staff_only('clinic_id');

create function clinic.keep_keys() returns trigger
  language c as 'MODULE_PATHNAME', 'keep_keys';
comment on function clinic.keep_keys() is 'Trigger: the columns it names identify a row for good.';
create trigger keep_keys before update of id on clinic.clinic
  for each row execute function clinic.keep_keys('id');
create trigger keep_keys before update of clinic_id, user_id on clinic.member
  for each row execute function clinic.keep_keys('clinic_id', 'user_id');
create trigger keep_keys before update of clinic_id, id on clinic.resource
  for each row execute function clinic.keep_keys('clinic_id', 'id');
create trigger keep_keys before update of clinic_id, id on clinic.service
  for each row execute function clinic.keep_keys('clinic_id', 'id');
create trigger keep_keys before update of clinic_id, provider_id, service_id on clinic.provider_service
  for each row execute function clinic.keep_keys('clinic_id', 'provider_id', 'service_id');
create trigger keep_keys before update of clinic_id, id on clinic.service_requirement
  for each row execute function clinic.keep_keys('clinic_id', 'id');
create trigger keep_keys before update of clinic_id, id on clinic.hours
  for each row execute function clinic.keep_keys('clinic_id', 'id');
create trigger keep_keys before update of clinic_id, id on clinic.closure
  for each row execute function clinic.keep_keys('clinic_id', 'id');
create trigger keep_keys before update of clinic_id, resource_id, day on clinic.day_capacity
  for each row execute function clinic.keep_keys('clinic_id', 'resource_id', 'day');
create trigger keep_keys before update of clinic_id, id on clinic.patient
  for each row execute function clinic.keep_keys('clinic_id', 'id');
create trigger keep_keys before update of clinic_id, id on clinic.series
  for each row execute function clinic.keep_keys('clinic_id', 'id');
create trigger keep_keys before update of clinic_id, id, mode on clinic.appointment
  for each row execute function clinic.keep_keys('clinic_id', 'id', 'mode');

create function clinic.create_clinic(name text, timezone text, preset text default 'general')
  returns clinic.clinic
  language c volatile parallel unsafe
  as 'MODULE_PATHNAME', 'create_clinic';
comment on function clinic.create_clinic(text, text, text) is
  'Creates a clinic with the services and the policy of a preset: general, outpatient, veterinary or token. The account that acts, if any, becomes its first member, an admin.';

create function clinic.lock_for_import(clinic_id uuid default clinic.current_clinic()) returns void
  language c volatile parallel unsafe
  as 'MODULE_PATHNAME', 'lock_for_import';
comment on function clinic.lock_for_import(uuid) is
  'Waits for the writers of a clinic''s visits and keeps others waiting until the transaction ends: for a transaction that writes many.';
