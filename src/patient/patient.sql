-- patient.sql: who is seen

create function clinic.patient_check() returns trigger
  language c as 'MODULE_PATHNAME', 'patient_check';
comment on function clinic.patient_check() is
  'Trigger: normalises and validates a patient, and keeps an account to the patients it answers for.';
create trigger patient_check before insert or update or delete on clinic.patient
  for each row execute function clinic.patient_check();

create function clinic.normalize_phone(phone text, calling_code text default null) returns text
  language c immutable parallel safe
  as 'MODULE_PATHNAME', 'normalize_phone';
comment on function clinic.normalize_phone(text, text) is
  'A telephone number in E.164 form; calling_code completes one without a country. Raises invalid_phone.';

create function clinic.register_patient(
  name text,
  phone text default null,
  email text default null,
  date_of_birth date default null,
  user_id uuid default null,
  species text default null,
  breed text default null,
  weight numeric default null,
  last_vaccination date default null,
  medical_history jsonb default null,
  clinic_id uuid default clinic.current_clinic()
) returns clinic.patient
  language c volatile parallel unsafe
  as 'MODULE_PATHNAME', 'register_patient';
comment on function clinic.register_patient(text, text, text, date, uuid, text, text, numeric, date, jsonb, uuid) is
  'Registers a patient, or returns the one that has this phone, name and birth date already. Weight in kilograms.';

create function clinic.find_patients(query text, clinic_id uuid default clinic.current_clinic())
  returns setof clinic.patient
  language sql stable parallel safe
begin atomic
  select p.*
  from clinic.patient p
  where p.clinic_id = find_patients.clinic_id
    and find_patients.query ~ '\S'
    and (
      (find_patients.query ~ '^[-+() ./0-9]*[1-9][-+() ./0-9]*$'
       and pg_catalog.strpos(p.phone,
             pg_catalog.ltrim(pg_catalog.regexp_replace(find_patients.query, '\D', '', 'g'), '0')) > 0)
      or not exists (
        select
        from pg_catalog.regexp_split_to_table(
               pg_catalog.lower(pg_catalog.btrim(find_patients.query, E' \t\r\n')), '\s+') as part (word)
        where pg_catalog.strpos(pg_catalog.lower(p.name), part.word) = 0
          and pg_catalog.strpos(coalesce(pg_catalog.lower(p.email), ''), part.word) = 0))
  order by pg_catalog.lower(p.name), p.id;
end;
comment on function clinic.find_patients(text, uuid) is
  'The patients whose name or e-mail holds every word of the query, or whose phone holds its digits; by name.';

create function clinic.no_show_count(patient clinic.patient) returns bigint
  language sql stable parallel safe
begin atomic
  select pg_catalog.count(*)
  from clinic.appointment a
  where a.clinic_id = (no_show_count.patient).clinic_id
    and a.patient_id = (no_show_count.patient).id
    and a.status = 'no_show';
end;
comment on function clinic.no_show_count(clinic.patient) is
  'How many visits the patient has missed, ever: those that are no_show. A computed field.';

create function clinic.vaccination_status(patient clinic.patient) returns text
  language c stable strict parallel restricted cost 100
  as 'MODULE_PATHNAME', 'vaccination_status';
comment on function clinic.vaccination_status(clinic.patient) is
  'valid until a year after last_vaccination, that day included, then expired; unknown without that date. By today in the clinic''s zone.';
