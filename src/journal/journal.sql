-- journal.sql: the audit trail of every table but claim and the journal itself

create function clinic.journal_change() returns trigger
  language c as 'MODULE_PATHNAME', 'journal_change';
comment on function clinic.journal_change() is 'Trigger: records a row''s change in the journal.';

create function clinic.journal_append_only() returns trigger
  language c as 'MODULE_PATHNAME', 'journal_append_only';
comment on function clinic.journal_append_only() is 'Trigger: keeps the journal append-only.';

create function clinic.not_truncated() returns trigger
  language c as 'MODULE_PATHNAME', 'not_truncated';
comment on function clinic.not_truncated() is 'Trigger: keeps a table from being truncated.';

create function clinic.prune_journal(before timestamptz, clinic_id uuid default clinic.current_clinic())
  returns bigint
  language c volatile parallel unsafe
  as 'MODULE_PATHNAME', 'prune_journal';
comment on function clinic.prune_journal(timestamptz, uuid) is
  'Deletes the clinic''s journal rows older than an instant and returns how many; the caller needs DELETE and SELECT on the journal.';

create trigger journal_append_only before update or delete on clinic.journal
  for each row execute function clinic.journal_append_only();
create trigger not_truncated before truncate on clinic.journal
  for each statement execute function clinic.not_truncated();
create trigger not_truncated before truncate on clinic.appointment
  for each statement execute function clinic.not_truncated();
create trigger not_truncated before truncate on clinic.claim
  for each statement execute function clinic.not_truncated();

create trigger journal_change after insert or update or delete on clinic.clinic
  for each row execute function clinic.journal_change('clinic', 'id');
create trigger journal_change after insert or update or delete on clinic.member
  for each row execute function clinic.journal_change('member', 'user_id');
create trigger journal_change after insert or update or delete on clinic.resource
  for each row execute function clinic.journal_change('resource', 'id');
create trigger journal_change after insert or update or delete on clinic.service
  for each row execute function clinic.journal_change('service', 'id');
create trigger journal_change after insert or update or delete on clinic.provider_service
  for each row execute function clinic.journal_change('provider_service', 'provider_id', 'service_id');
create trigger journal_change after insert or update or delete on clinic.service_requirement
  for each row execute function clinic.journal_change('service_requirement', 'id');
create trigger journal_change after insert or update or delete on clinic.patient
  for each row execute function clinic.journal_change('patient', 'id');
create trigger journal_change after insert or update or delete on clinic.series
  for each row execute function clinic.journal_change('series', 'id');
create trigger journal_change after insert or update or delete on clinic.hours
  for each row execute function clinic.journal_change('hours', 'id');
create trigger journal_change after insert or update or delete on clinic.closure
  for each row execute function clinic.journal_change('closure', 'id');
create trigger journal_change after insert or update or delete on clinic.day_capacity
  for each row execute function clinic.journal_change('day_capacity', 'resource_id', 'day');
