-- list.sql: the visits of a clinic, filtered, sorted and paged

create function clinic.appointments(
  patient_id uuid default null,
  provider_id uuid default null,
  service_id uuid default null,
  status clinic.appointment_status[] default null,
  during tstzrange default null,
  query text default null,
  sort text default null,
  page_size integer default null,
  page integer default null,
  after uuid default null,
  clinic_id uuid default clinic.current_clinic()
) returns table (appointment clinic.appointment, total bigint)
  language c stable parallel restricted cost 1000 rows 20
  as 'MODULE_PATHNAME', 'appointments';
comment on function clinic.appointments(uuid, uuid, uuid, clinic.appointment_status[], tstzrange, text, text, integer, integer, uuid, uuid) is
  'A page of the visits that match what is given, and how many match; during null: what is upcoming in the next 30 days.';
