-- tables.sql: every table, its keys and its invariants
--
-- The clinic comes first in every key and stands in every unique and exclusion
-- constraint, so that clinics are apart and can be spread over machines. Rules
-- that a constraint can say are constraints here; the others are the row
-- triggers of the feature that owns the table.

create table clinic.clinic (
  id uuid not null default clinic.uuid7(),
  name text not null,
  address text,
  timezone text not null,
  status clinic.clinic_status not null default 'open',
  hours clinic.weekly_hours not null default '24/7',
  calling_code text not null default '1',
  mode clinic.visit_mode not null default 'timed',
  provider_seats integer not null default 1,
  min_notice interval not null default '0',
  max_advance interval,
  allow_same_day boolean not null default true,
  cancel_notice interval not null default '0',
  slot_step interval not null default '30 minutes',
  min_duration interval not null default '5 minutes',
  max_duration interval not null default '8 hours',
  max_active_per_patient integer,
  max_per_day_per_patient integer,
  prevent_patient_overlap boolean not null default false,
  no_show_limit integer,
  no_show_period interval not null default '6 months',
  queue_preset text not null default 'clinic',
  offer_time interval not null default '2 hours',
  offer_time_soon interval not null default '15 minutes',
  max_unanswered_offers integer default 3,
  longest_claim interval not null default '0',
  created_at timestamptz not null default pg_catalog.now(),
  constraint clinic_pkey primary key (id),
  constraint clinic_name_check check (pg_catalog.length(name) between 1 and 200),
  constraint clinic_calling_code_check check (calling_code ~ '^[1-9][0-9]{0,2}$'),
  constraint clinic_mode_check check (mode <> 'walk_in'),
  constraint clinic_provider_seats_check check (provider_seats between 1 and 1000),
  constraint clinic_min_notice_check check (min_notice between '0' and '10 years'),
  constraint clinic_max_advance_check check (max_advance > '0' and max_advance <= '10 years'),
  constraint clinic_cancel_notice_check check (cancel_notice between '0' and '10 years'),
  constraint clinic_slot_step_check check (slot_step between '1 minute' and '24 hours'),
  constraint clinic_duration_check
    check (min_duration >= '1 minute' and min_duration <= max_duration and max_duration <= '8 hours'),
  constraint clinic_max_active_check check (max_active_per_patient > 0),
  constraint clinic_max_per_day_check check (max_per_day_per_patient > 0),
  constraint clinic_no_show_limit_check check (no_show_limit > 0),
  constraint clinic_no_show_period_check check (no_show_period > '0' and no_show_period <= '10 years'),
  constraint clinic_queue_preset_check check (queue_preset in ('clinic', 'fifo', 'manchester')),
  constraint clinic_offer_time_check
    check (offer_time between '1 minute' and '24 hours' and offer_time_soon between '1 minute' and '24 hours'),
  constraint clinic_max_unanswered_offers_check check (max_unanswered_offers > 0)
);
comment on table clinic.clinic is 'A clinic and its booking policy.';
comment on column clinic.clinic.timezone is 'Its IANA time zone, by the name pg_timezone_names has.';
comment on column clinic.clinic.hours is 'When it is open, on its wall clock, unless table hours or a resource''s own hours say otherwise.';
comment on column clinic.clinic.calling_code is 'Country calling code for phone numbers given without one.';
comment on column clinic.clinic.mode is 'How its days are booked unless a rota says otherwise: timed or token.';
comment on column clinic.clinic.provider_seats is 'Seats of a provider inserted without a number of them.';
comment on column clinic.clinic.min_notice is 'How long before its start a visit must be booked.';
comment on column clinic.clinic.max_advance is 'How far ahead a visit may be booked; null: no limit.';
comment on column clinic.clinic.allow_same_day is 'Whether a visit may be booked on its own civil day.';
comment on column clinic.clinic.cancel_notice is 'How long before its start a patient may still cancel or move a visit.';
comment on column clinic.clinic.slot_step is 'The grid, from local midnight, of the starts that are listed.';
comment on column clinic.clinic.max_active_per_patient is 'How many visits to come a patient may have; null: no limit.';
comment on column clinic.clinic.max_per_day_per_patient is 'How many visits a patient may have on one civil day; null: no limit.';
comment on column clinic.clinic.prevent_patient_overlap is 'Whether a patient''s visits may not overlap each other.';
comment on column clinic.clinic.no_show_limit is 'A patient who missed so many visits in no_show_period books no other; null: no limit.';
comment on column clinic.clinic.no_show_period is 'How far back from now a missed visit counts for no_show_limit.';
comment on column clinic.clinic.queue_preset is
  'Which set of classes queue_class began with: clinic, fifo or manchester; under fifo nobody''s turn waits for a booked start. Setting it replaces the set.';
comment on column clinic.clinic.offer_time is 'How long a time that has become free is held for who was offered it.';
comment on column clinic.clinic.offer_time_soon is 'The same of a visit that starts within 24 hours.';
comment on column clinic.clinic.max_unanswered_offers is
  'Who lets so many offers in a row go unanswered is taken off the waitlist; null: nobody is.';
comment on column clinic.clinic.longest_claim is 'No claim of this clinic is longer; raised as needed, never lowered: searches look back by it.';

create table clinic.member (
  clinic_id uuid not null default clinic.current_clinic(),
  user_id uuid not null,
  role clinic.member_role not null,
  name text,
  created_at timestamptz not null default pg_catalog.now(),
  constraint member_pkey primary key (clinic_id, user_id),
  constraint member_clinic_fkey foreign key (clinic_id) references clinic.clinic (id)
);
comment on table clinic.member is 'Who works at a clinic, and as what. An account that is no member is a patient''s.';
comment on column clinic.member.user_id is 'The account, as current_actor() gives it.';

create table clinic.resource (
  clinic_id uuid not null default clinic.current_clinic(),
  id uuid not null default clinic.uuid7(),
  kind clinic.resource_kind not null,
  code text not null,
  name text not null,
  specialty text,
  user_id uuid,
  seats integer not null,
  hours clinic.weekly_hours,
  timezone text,
  is_active boolean not null default true,
  created_at timestamptz not null default pg_catalog.now(),
  constraint resource_pkey primary key (clinic_id, id),
  constraint duplicate_code unique (clinic_id, code),
  constraint resource_clinic_fkey foreign key (clinic_id) references clinic.clinic (id),
  constraint resource_code_check check (pg_catalog.length(code) between 1 and 50),
  constraint resource_name_check check (pg_catalog.length(name) between 1 and 200),
  constraint resource_seats_check check (seats between 1 and 1000)
);
comment on table clinic.resource is 'What a visit occupies: a provider, a room, or a device.';
comment on column clinic.resource.code is 'Its short name, unique in the clinic.';
comment on column clinic.resource.seats is 'How many visits it takes at once. Not given: a provider''s is the clinic''s provider_seats, a room''s and a device''s is 1.';
comment on column clinic.resource.hours is
  'When it takes visits, unless table hours says otherwise; null: a provider when the clinic is open, a room or a device at any time.';
comment on column clinic.resource.timezone is 'The IANA time zone of its hours and days; null: the clinic''s.';
comment on column clinic.resource.is_active is 'Whether it takes new visits.';

create view clinic.provider @SECURITY_INVOKER@ as
  select r.clinic_id, r.id, r.kind, r.code, r.name, r.specialty, r.user_id, r.seats, r.hours, r.timezone, r.is_active, r.created_at
  from clinic.resource r
  where r.kind = 'provider'
  with local check option;
alter view clinic.provider alter column clinic_id set default clinic.current_clinic();
alter view clinic.provider alter column id set default clinic.uuid7();
alter view clinic.provider alter column kind set default 'provider';
comment on view clinic.provider is 'The resources that see patients. Updatable.';

create view clinic.room @SECURITY_INVOKER@ as
  select r.clinic_id, r.id, r.kind, r.code, r.name, r.seats, r.hours, r.timezone, r.is_active, r.created_at
  from clinic.resource r
  where r.kind = 'room'
  with local check option;
alter view clinic.room alter column clinic_id set default clinic.current_clinic();
alter view clinic.room alter column id set default clinic.uuid7();
alter view clinic.room alter column kind set default 'room';
comment on view clinic.room is 'The resources that are rooms. Updatable.';

create view clinic.equipment @SECURITY_INVOKER@ as
  select r.clinic_id, r.id, r.kind, r.code, r.name, r.seats, r.hours, r.timezone, r.is_active, r.created_at
  from clinic.resource r
  where r.kind = 'equipment'
  with local check option;
alter view clinic.equipment alter column clinic_id set default clinic.current_clinic();
alter view clinic.equipment alter column id set default clinic.uuid7();
alter view clinic.equipment alter column kind set default 'equipment';
comment on view clinic.equipment is 'The resources that are devices. Updatable.';

create table clinic.service (
  clinic_id uuid not null default clinic.current_clinic(),
  id uuid not null default clinic.uuid7(),
  code text not null,
  name text not null,
  duration interval not null,
  buffer_before interval not null default '0',
  buffer_after interval not null default '0',
  mode clinic.visit_mode not null default 'timed',
  min_notice interval,
  max_advance interval,
  allow_same_day boolean,
  cancel_notice interval,
  slot_step interval,
  max_active_per_patient integer,
  is_active boolean not null default true,
  created_at timestamptz not null default pg_catalog.now(),
  constraint service_pkey primary key (clinic_id, id),
  constraint service_code_key unique (clinic_id, code),
  constraint service_clinic_fkey foreign key (clinic_id) references clinic.clinic (id),
  constraint service_code_check check (pg_catalog.length(code) between 1 and 50),
  constraint service_name_check check (pg_catalog.length(name) between 1 and 200),
  constraint service_duration_check check (duration between '5 minutes' and '8 hours'),
  constraint service_clock_time_check
    check (pg_catalog.date_part('day', duration) = 0 and pg_catalog.date_part('day', buffer_before) = 0
           and pg_catalog.date_part('day', buffer_after) = 0),
  constraint service_buffer_before_check check (buffer_before between '0' and '8 hours'),
  constraint service_buffer_after_check check (buffer_after between '0' and '8 hours'),
  constraint service_mode_check check (mode <> 'walk_in'),
  constraint service_min_notice_check check (min_notice between '0' and '10 years'),
  constraint service_max_advance_check check (max_advance > '0' and max_advance <= '10 years'),
  constraint service_cancel_notice_check check (cancel_notice between '0' and '10 years'),
  constraint service_slot_step_check check (slot_step between '1 minute' and '24 hours'),
  constraint service_max_active_check check (max_active_per_patient > 0)
);
comment on table clinic.service is 'What a visit is for, how long it takes, and where its rules differ from the clinic''s (null: they do not).';
comment on column clinic.service.buffer_before is 'Time kept free before a visit; neighbouring visits'' buffers add up.';
comment on column clinic.service.buffer_after is 'Time kept free after a visit; neighbouring visits'' buffers add up.';
comment on column clinic.service.max_active_per_patient is
  'How many visits of this service to come a patient may have, besides what the clinic says of all; null: no limit.';

create table clinic.provider_service (
  clinic_id uuid not null default clinic.current_clinic(),
  provider_id uuid not null,
  service_id uuid not null,
  duration interval,
  created_at timestamptz not null default pg_catalog.now(),
  constraint provider_service_pkey primary key (clinic_id, provider_id, service_id),
  constraint provider_service_provider_fkey
    foreign key (clinic_id, provider_id) references clinic.resource (clinic_id, id) on delete cascade,
  constraint provider_service_service_fkey
    foreign key (clinic_id, service_id) references clinic.service (clinic_id, id) on delete cascade,
  constraint provider_service_duration_check check (duration between '5 minutes' and '8 hours'),
  constraint provider_service_clock_time_check check (pg_catalog.date_part('day', duration) = 0)
);
comment on table clinic.provider_service is
  'Which services a provider offers. A provider without a row here offers every service of the clinic.';
comment on column clinic.provider_service.duration is 'How long it takes with this provider; null: the service''s duration.';

create table clinic.service_requirement (
  clinic_id uuid not null default clinic.current_clinic(),
  id uuid not null default clinic.uuid7(),
  service_id uuid not null,
  kind clinic.resource_kind not null,
  codes text[],
  quantity integer not null default 1,
  created_at timestamptz not null default pg_catalog.now(),
  constraint service_requirement_pkey primary key (clinic_id, id),
  constraint service_requirement_service_fkey
    foreign key (clinic_id, service_id) references clinic.service (clinic_id, id) on delete cascade,
  constraint service_requirement_codes_check
    check (pg_catalog.cardinality(codes) > 0 and pg_catalog.array_ndims(codes) = 1
           and pg_catalog.array_position(codes, null) is null),
  constraint service_requirement_quantity_check check (quantity between 1 and 32)
);
create index service_requirement_service on clinic.service_requirement (clinic_id, service_id);
comment on table clinic.service_requirement is
  'The rooms, the devices and the further providers that a visit for a service occupies besides its provider. A booking that does not name them is given free ones.';
comment on column clinic.service_requirement.kind is 'Of which kind: room, equipment or provider.';
comment on column clinic.service_requirement.codes is 'Which of them will do, by their codes; null: any of the kind.';
comment on column clinic.service_requirement.quantity is 'How many.';

create table clinic.hours (
  clinic_id uuid not null default clinic.current_clinic(),
  id uuid not null default clinic.uuid7(),
  resource_id uuid,
  valid daterange not null,
  weekly clinic.weekly_hours not null,
  mode clinic.visit_mode,
  seats integer,
  created_at timestamptz not null default pg_catalog.now(),
  constraint hours_pkey primary key (clinic_id, id),
  constraint hours_clinic_fkey foreign key (clinic_id) references clinic.clinic (id),
  constraint hours_resource_fkey
    foreign key (clinic_id, resource_id) references clinic.resource (clinic_id, id) on delete cascade,
  constraint hours_valid_check check (not pg_catalog.isempty(valid)),
  constraint hours_mode_check check (mode <> 'walk_in'),
  constraint hours_seats_check check (seats between 1 and 1000),
  constraint hours_no_overlap
    exclude using gist ((coalesce(resource_id, '00000000-0000-0000-0000-000000000000'::uuid)) with =,
                        valid with &&, clinic_id with =)
);
create index hours_resource on clinic.hours (clinic_id, resource_id);
comment on table clinic.hours is
  'The rota: the weekly hours of a resource, or of the whole clinic, for so many days. They come before the column hours of the same resource or clinic, and all that is a resource''s own before what is the clinic''s.';
comment on column clinic.hours.resource_id is 'Whose hours; null: the whole clinic''s.';
comment on column clinic.hours.valid is 'The civil days on which they hold. What runs past midnight belongs to the day on which it began.';
comment on column clinic.hours.mode is 'How those days are booked; null: as the clinic''s mode says.';
comment on column clinic.hours.seats is 'How many visits the resource takes at once, or how many tokens a day; null: the resource''s seats.';
comment on constraint hours_no_overlap on clinic.hours is 'Of one resource, one rota holds on a day.';

create table clinic.closure (
  clinic_id uuid not null default clinic.current_clinic(),
  id uuid not null default clinic.uuid7(),
  resource_id uuid,
  during tstzrange not null,
  kind clinic.closure_kind not null default 'closed',
  rrule clinic.rrule,
  exdates timestamptz[],
  reason text,
  created_at timestamptz not null default pg_catalog.now(),
  constraint closure_pkey primary key (clinic_id, id),
  constraint closure_clinic_fkey foreign key (clinic_id) references clinic.clinic (id),
  constraint closure_resource_fkey
    foreign key (clinic_id, resource_id) references clinic.resource (clinic_id, id) on delete cascade,
  constraint closure_during_check check (not pg_catalog.isempty(during)),
  constraint closure_open_check
    check (kind = 'closed' or not pg_catalog.lower_inf(during) and not pg_catalog.upper_inf(during)
                              and pg_catalog.isfinite(pg_catalog.lower(during))
                              and pg_catalog.isfinite(pg_catalog.upper(during))),
  constraint closure_rrule_check
    check (rrule is null or (pg_catalog.lower(during) >= timestamptz '1900-01-01 00:00+00'
                             and pg_catalog.upper(during) < timestamptz '10000-01-01 00:00+00') is true),
  constraint closure_exdates_check
    check (exdates is null or rrule is not null and pg_catalog.array_position(exdates, null) is null),
  constraint closure_reason_check check (pg_catalog.length(reason) between 1 and 2000)
);
create index closure_resource on clinic.closure (clinic_id, resource_id);
comment on table clinic.closure is
  'Where the weekly hours do not hold: holidays, leave, special openings. What is closed is closed whatever else is open.';
comment on column clinic.closure.resource_id is 'What is closed or open; null: the whole clinic.';
comment on column clinic.closure.during is 'When; with a rule its first occurrence.';
comment on column clinic.closure.kind is 'closed, or open beyond the weekly hours.';
comment on column clinic.closure.exdates is 'When occurrences begin that are called off.';
comment on column clinic.closure.rrule is
  'On which days it recurs, at the time of day and as long as during on the wall clock of the resource''s zone, or the clinic''s; null: once.';

create table clinic.day_capacity (
  clinic_id uuid not null default clinic.current_clinic(),
  resource_id uuid not null,
  day date not null,
  available boolean not null default true,
  seats integer,
  created_at timestamptz not null default pg_catalog.now(),
  constraint day_capacity_pkey primary key (clinic_id, resource_id, day),
  constraint day_capacity_resource_fkey
    foreign key (clinic_id, resource_id) references clinic.resource (clinic_id, id) on delete cascade,
  constraint day_capacity_day_check check (pg_catalog.isfinite(day)),
  constraint day_capacity_seats_check check (seats between 1 and 1000)
);
comment on table clinic.day_capacity is 'What differs on single days of a resource.';
comment on column clinic.day_capacity.day is 'The civil day, in the resource''s time zone.';
comment on column clinic.day_capacity.available is 'Whether it takes visits that day.';
comment on column clinic.day_capacity.seats is 'How many visits it takes at once, or how many tokens; null: as the rota or the resource says.';

create table clinic.patient (
  clinic_id uuid not null default clinic.current_clinic(),
  id uuid not null default clinic.uuid7(),
  name text not null,
  phone text,
  email text,
  date_of_birth date,
  user_id uuid,
  species text,
  breed text,
  weight numeric(8,3),
  last_vaccination date,
  medical_history jsonb,
  is_active boolean not null default true,
  created_at timestamptz not null default pg_catalog.now(),
  constraint patient_pkey primary key (clinic_id, id),
  constraint patient_clinic_fkey foreign key (clinic_id) references clinic.clinic (id),
  constraint patient_weight_check check (weight > 0),
  constraint patient_species_check check (pg_catalog.length(species) between 1 and 100),
  constraint patient_breed_check check (pg_catalog.length(breed) between 1 and 100)
);
create unique index patient_same_person on clinic.patient
  (clinic_id, phone, pg_catalog.lower(name), (coalesce(date_of_birth, '-infinity'::date)))
  where phone is not null;
comment on table clinic.patient is 'Who is seen: a person, or an animal when species is given.';
comment on column clinic.patient.phone is 'In E.164 form; a number without a country is completed with the clinic''s calling code.';
comment on column clinic.patient.user_id is 'The account that answers for the patient: their own, a parent''s, a pet owner''s.';
comment on column clinic.patient.weight is 'In kilograms.';
comment on index clinic.patient_same_person is 'Families share a phone; the same phone, name and birth date are the same patient.';

create table clinic.series (
  clinic_id uuid not null default clinic.current_clinic(),
  id uuid not null default clinic.uuid7(),
  patient_id uuid not null,
  provider_id uuid not null,
  service_id uuid not null,
  rule clinic.rrule not null,
  starts_at timestamptz not null,
  timezone text not null,
  exdates timestamptz[] not null default '{}',
  on_conflict clinic.series_conflict not null default 'skip',
  duration interval,
  reason text,
  resource_ids uuid[] not null default '{}',
  next_at timestamptz,
  previous_id uuid,
  idempotency_key text,
  request_hash bytea,
  created_at timestamptz not null default pg_catalog.now(),
  created_by uuid,
  updated_at timestamptz not null default pg_catalog.now(),
  updated_by uuid,
  constraint series_pkey primary key (clinic_id, id),
  constraint series_patient_fkey
    foreign key (clinic_id, patient_id) references clinic.patient (clinic_id, id),
  constraint series_provider_fkey
    foreign key (clinic_id, provider_id) references clinic.resource (clinic_id, id),
  constraint series_service_fkey
    foreign key (clinic_id, service_id) references clinic.service (clinic_id, id),
  constraint series_previous_fkey
    foreign key (clinic_id, previous_id) references clinic.series (clinic_id, id),
  constraint series_exdates_check check (pg_catalog.array_position(exdates, null) is null)
);
create unique index series_idempotency_key on clinic.series (clinic_id, idempotency_key)
  where idempotency_key is not null;
create index series_next on clinic.series (clinic_id, next_at) where next_at is not null;
create index series_patient on clinic.series (clinic_id, patient_id);
comment on table clinic.series is 'Visits that recur: what is booked for each occurrence of a rule.';
comment on column clinic.series.rule is 'When it occurs; an edit of this and the following occurrences ends it with an UNTIL.';
comment on column clinic.series.starts_at is 'Where the rule begins, its DTSTART.';
comment on column clinic.series.timezone is 'The zone on whose wall clock it recurs: the clinic''s when it was made.';
comment on column clinic.series.exdates is 'Occurrences that are left out.';
comment on column clinic.series.on_conflict is 'What becomes of an occurrence that cannot be booked.';
comment on column clinic.series.duration is 'Of each visit; null: the service''s.';
comment on column clinic.series.resource_ids is 'The rooms and devices named for each visit.';
comment on column clinic.series.next_at is 'Its first occurrence that was not seen to yet; null: none is left.';
comment on column clinic.series.previous_id is 'The series it goes on from, after an edit.';

create table clinic.appointment (
  clinic_id uuid not null default clinic.current_clinic(),
  id uuid not null default clinic.uuid7(),
  code text collate "C" not null,
  patient_id uuid not null,
  provider_id uuid,
  resource_ids uuid[] not null default '{}',
  service_id uuid not null,
  series_id uuid,
  occurrence_at timestamptz,
  series_exception boolean not null default false,
  mode clinic.visit_mode not null default 'timed',
  status clinic.appointment_status not null default 'scheduled',
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  buffer_before interval not null,
  buffer_after interval not null,
  seat integer,
  reason text,
  notes text,
  override_reason text,
  idempotency_key text,
  request_hash bytea,
  hold_expires_at timestamptz,
  confirmed_at timestamptz,
  checked_in_at timestamptz,
  started_at timestamptz,
  completed_at timestamptz,
  cancelled_at timestamptz,
  cancelled_by uuid,
  cancellation_reason text,
  cancelled_late boolean not null default false,
  created_at timestamptz not null default pg_catalog.now(),
  created_by uuid,
  updated_at timestamptz not null default pg_catalog.now(),
  updated_by uuid,
  constraint appointment_pkey primary key (clinic_id, id),
  constraint appointment_code_key unique (clinic_id, code),
  constraint appointment_patient_fkey
    foreign key (clinic_id, patient_id) references clinic.patient (clinic_id, id),
  constraint appointment_provider_fkey
    foreign key (clinic_id, provider_id) references clinic.resource (clinic_id, id),
  constraint appointment_service_fkey
    foreign key (clinic_id, service_id) references clinic.service (clinic_id, id),
  constraint appointment_series_fkey
    foreign key (clinic_id, series_id) references clinic.series (clinic_id, id)
);
create unique index appointment_idempotency_key on clinic.appointment (clinic_id, idempotency_key)
  where idempotency_key is not null;
create unique index appointment_occurrence_key on clinic.appointment (clinic_id, series_id, occurrence_at)
  where series_id is not null;
create index appointment_held on clinic.appointment (clinic_id, hold_expires_at) where status = 'held';
create index appointment_patient_time on clinic.appointment (clinic_id, patient_id, starts_at);
create index appointment_provider_time on clinic.appointment (clinic_id, provider_id, starts_at) include (created_at);
comment on table clinic.appointment is
  'The visits. Whoever writes here, rules and claims are seen to by its triggers.';
comment on column clinic.appointment.code is 'What a patient quotes, as APT-2026-7K3M-9QXD; drawn at random.';
comment on column clinic.appointment.provider_id is 'Who sees the patient; null for a walk-in nobody has called yet.';
comment on column clinic.appointment.resource_ids is 'The rooms and devices it occupies besides the provider.';
comment on column clinic.appointment.series_id is 'The series it belongs to; with occurrence_at, unique.';
comment on column clinic.appointment.occurrence_at is 'The nominal instant of its occurrence in the series.';
comment on column clinic.appointment.series_exception is
  'Whether it was moved or changed by itself since its series booked it.';
comment on column clinic.appointment.ends_at is 'Not given: starts_at and the service''s duration, the provider''s own where there is one.';
comment on column clinic.appointment.buffer_before is 'Copied from the service when the visit is booked.';
comment on column clinic.appointment.buffer_after is 'Copied from the service when the visit is booked.';
comment on column clinic.appointment.seat is 'Which of the provider''s seats it takes; the number of a token.';
comment on column clinic.appointment.override_reason is
  'Why the booking rules were set aside for the present time; staff only. An overlap cannot be overridden.';
comment on column clinic.appointment.request_hash is 'What the idempotency key was first sent with.';
comment on column clinic.appointment.hold_expires_at is 'Until when a held visit keeps its time.';
comment on column clinic.appointment.cancelled_late is
  'Whether it was cancelled, by whomever, once its cancel_notice had begun; without a notice, after its start.';
comment on column clinic.appointment.completed_at is 'When the visit ended: the check-out.';

create table clinic.queue_class (
  clinic_id uuid not null default clinic.current_clinic(),
  priority integer not null,
  code text not null,
  name text not null,
  target interval not null,
  for_booked boolean not null default false,
  for_walk_in boolean not null default false,
  created_at timestamptz not null default pg_catalog.now(),
  constraint queue_class_pkey primary key (clinic_id, priority),
  constraint queue_class_code_key unique (clinic_id, code),
  constraint queue_class_clinic_fkey foreign key (clinic_id) references clinic.clinic (id) on delete cascade,
  constraint queue_class_priority_check check (priority between 1 and 100),
  constraint queue_class_code_check check (pg_catalog.length(code) between 1 and 50),
  constraint queue_class_name_check check (pg_catalog.length(name) between 1 and 200),
  constraint queue_class_target_check check (target between '0' and '24 hours'),
  constraint queue_class_clock_time_check check (pg_catalog.date_part('day', target) = 0)
);
create unique index queue_class_for_booked on clinic.queue_class (clinic_id) where for_booked;
create unique index queue_class_for_walk_in on clinic.queue_class (clinic_id) where for_walk_in;
comment on table clinic.queue_class is
  'The classes of urgency of a clinic, and within which time of arrival each is to be called. The next is who is due first.';
comment on column clinic.queue_class.priority is 'Its rank in the clinic''s set: 1 is the most urgent.';
comment on column clinic.queue_class.target is 'A patient is due this long after arriving, one with a booked start not before that much after it.';
comment on column clinic.queue_class.for_booked is 'Whether patients with a booked visit are of this class, unless said otherwise. If no class is: of the last.';
comment on column clinic.queue_class.for_walk_in is 'Whether walk-ins are of this class, unless said otherwise. If no class is: of the last.';

create table clinic.provider_presence (
  clinic_id uuid not null default clinic.current_clinic(),
  provider_id uuid not null,
  present boolean not null default true,
  desk text,
  since timestamptz not null default pg_catalog.now(),
  constraint provider_presence_pkey primary key (clinic_id, provider_id),
  constraint provider_presence_provider_fkey
    foreign key (clinic_id, provider_id) references clinic.resource (clinic_id, id) on delete cascade,
  constraint provider_presence_desk_check check (pg_catalog.length(desk) between 1 and 50)
);
comment on table clinic.provider_presence is 'Which providers are there to see who waits, and where. Who has no row is not.';
comment on column clinic.provider_presence.desk is 'The room or the desk that patients are called to.';
comment on column clinic.provider_presence.since is 'When that was last said.';

-- Columns of a fixed width that are never null come first: whoever calls reads them of all rows it passes.
create table clinic.queue_entry (
  clinic_id uuid not null default clinic.current_clinic(),
  id uuid not null default clinic.uuid7(),
  day date not null,
  arrival_queue_id uuid not null,
  number integer not null,
  queue_id uuid not null,
  appointment_id uuid not null,
  patient_id uuid not null,
  service_id uuid not null,
  mode clinic.visit_mode not null,
  priority integer not null,
  due_at timestamptz not null,
  status clinic.queue_status not null default 'waiting',
  arrived_at timestamptz not null,
  placed_by xid8 not null default pg_catalog.pg_current_xact_id(),
  provider_id uuid,
  called_at timestamptz,
  started_at timestamptz,
  finished_at timestamptz,
  class text not null,
  desk text,
  constraint queue_entry_pkey primary key (clinic_id, id) with (fillfactor = 50),
  constraint queue_entry_number_key unique (clinic_id, day, arrival_queue_id, number) with (fillfactor = 50),
  constraint queue_entry_appointment_fkey
    foreign key (clinic_id, appointment_id) references clinic.appointment (clinic_id, id) on delete cascade,
  constraint queue_entry_patient_fkey
    foreign key (clinic_id, patient_id) references clinic.patient (clinic_id, id),
  constraint queue_entry_service_fkey
    foreign key (clinic_id, service_id) references clinic.service (clinic_id, id)
);
create index queue_entry_waiting on clinic.queue_entry (clinic_id, queue_id, due_at, id) where status = 'waiting';
create index queue_entry_placed on clinic.queue_entry (clinic_id, placed_by) where status = 'waiting';
create index queue_entry_done on clinic.queue_entry (clinic_id, service_id, finished_at) include (started_at) where status = 'done';
comment on table clinic.queue_entry is
  'Who has arrived, and whose turn it is: in each queue whoever is due first. Numbers, times and what follows from the visit are seen to by its triggers.';
comment on column clinic.queue_entry.day is 'The civil day of the arrival, in the clinic''s time zone.';
comment on column clinic.queue_entry.arrival_queue_id is 'The queue that was first joined, which the number belongs to.';
comment on column clinic.queue_entry.number is 'What is called out: 1, 2, 3 … in order of arrival in that queue and day. It never changes.';
comment on column clinic.queue_entry.queue_id is 'The queue: a provider''s id, or a service''s for its pool, which all providers who offer it see to.';
comment on column clinic.queue_entry.appointment_id is 'The visit. Of each there is one entry, besides those that were left.';
comment on column clinic.queue_entry.mode is 'The visit''s mode: walk_in, or how it was booked.';
comment on column clinic.queue_entry.priority is 'The rank of its class, of table queue_class.';
comment on column clinic.queue_entry.class is 'The code of its class.';
comment on column clinic.queue_entry.due_at is 'When its turn is due: its order in the queue.';
comment on column clinic.queue_entry.status is 'waiting, called, skipped (set aside until recalled), in_service; done and left are final. The last three follow the visit.';
comment on column clinic.queue_entry.provider_id is 'Who called it.';
comment on column clinic.queue_entry.desk is 'Where it was called to.';
comment on column clinic.queue_entry.called_at is 'When it was called last.';
comment on column clinic.queue_entry.finished_at is 'When it was done, or left.';
comment on column clinic.queue_entry.placed_by is 'The transaction that put it where it waits, or waited: a desk asks for what has been put there since it looked.';
comment on index clinic.queue_entry_waiting is 'Each queue in the order of its turns.';
comment on index clinic.queue_entry_placed is 'Who has come to wait since a transaction, in all queues of a clinic.';
create table clinic.queue_place (
  clinic_id uuid not null,
  appointment_id uuid not null,
  entry_id uuid not null,
  day date not null,
  patient_id uuid not null,
  queue_id uuid not null,
  constraint queue_place_pkey primary key (clinic_id, appointment_id),
  constraint already_checked_in unique (clinic_id, day, patient_id, queue_id)
);
comment on table clinic.queue_place is
  'Who is in which queue now: a row for each open entry of queue_entry, written by its triggers only.';
comment on column clinic.queue_place.day is 'The civil day of the arrival.';
comment on constraint already_checked_in on clinic.queue_place is 'A patient waits in a queue once.';
create table clinic.waitlist_entry (
  clinic_id uuid not null default clinic.current_clinic(),
  id uuid not null default clinic.uuid7(),
  patient_id uuid not null,
  service_id uuid not null,
  wanted tstzmultirange not null,
  providers uuid[],
  priority integer not null default 3,
  status clinic.waitlist_status not null default 'waiting',
  appointment_id uuid,
  offered_during tstzrange,
  offer_expires_at timestamptz,
  passed tstzmultirange not null default '{}',
  unanswered integer not null default 0,
  created_at timestamptz not null default pg_catalog.now(),
  created_by uuid,
  constraint waitlist_entry_pkey primary key (clinic_id, id),
  constraint waitlist_entry_patient_fkey
    foreign key (clinic_id, patient_id) references clinic.patient (clinic_id, id),
  constraint waitlist_entry_service_fkey
    foreign key (clinic_id, service_id) references clinic.service (clinic_id, id),
  constraint waitlist_entry_wanted_check check (not pg_catalog.isempty(wanted)),
  constraint waitlist_entry_providers_check
    check (pg_catalog.cardinality(providers) > 0 and pg_catalog.array_ndims(providers) = 1
           and pg_catalog.array_position(providers, null) is null),
  constraint waitlist_entry_offer_check
    check ((status in ('offered', 'accepted')) = (appointment_id is not null)
           and (status in ('offered', 'accepted')) = (offered_during is not null)
           and (status = 'offered') = (offer_expires_at is not null))
);
create index waitlist_entry_waiting on clinic.waitlist_entry (clinic_id, priority, created_at, id)
  where status = 'waiting';
create unique index waitlist_entry_offer on clinic.waitlist_entry (clinic_id, appointment_id)
  where status = 'offered';
create index waitlist_entry_patient on clinic.waitlist_entry (clinic_id, patient_id);
comment on table clinic.waitlist_entry is
  'Who waits for a time to become free. A time that does is offered to the first entry it suits: by priority, then by age.';
comment on column clinic.waitlist_entry.wanted is 'When the visit may be: it lies within one of these stretches whole.';
comment on column clinic.waitlist_entry.providers is 'With whom it may be; null: with any provider of the service.';
comment on column clinic.waitlist_entry.priority is '1 comes first; of equals, who came first.';
comment on column clinic.waitlist_entry.status is
  'Seen to by the functions, and by what becomes of the visit that is offered.';
comment on column clinic.waitlist_entry.appointment_id is
  'The visit that is held for the patient, or was accepted. No foreign key: the staff may delete a visit.';
comment on column clinic.waitlist_entry.offered_during is 'When that visit is.';
comment on column clinic.waitlist_entry.offer_expires_at is 'Until when the offer may be accepted.';
comment on column clinic.waitlist_entry.passed is 'The times of offers that were declined or not answered: they are not offered again.';
comment on column clinic.waitlist_entry.unanswered is 'How many offers in a row were not answered.';
comment on column clinic.waitlist_entry.created_at is 'Since when the patient waits.';

create function clinic.claim_busy(starts_at timestamptz, ends_at timestamptz) returns tstzrange
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'claim_busy';
comment on function clinic.claim_busy(timestamptz, timestamptz) is
  'What a claim keeps busy. Refuses one that does not end after it starts, or lasts longer than 26 hours.';

create table clinic.claim (
  clinic_id uuid not null,
  appointment_id uuid not null,
  resource_id uuid not null,
  seat integer not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  busy tstzrange not null generated always as (clinic.claim_busy(starts_at, ends_at)) stored,
  constraint claim_pkey primary key (clinic_id, appointment_id, resource_id),
  constraint claim_no_overlap
    exclude using gist (resource_id with =, busy with &&, seat with =, clinic_id with =)
) with (autovacuum_vacuum_insert_scale_factor = 0.01, autovacuum_vacuum_insert_threshold = 500);
create index claim_time on clinic.claim (clinic_id, starts_at, resource_id, ends_at) include (seat);
create index claim_resource on clinic.claim (clinic_id, resource_id, starts_at) include (ends_at, seat);
comment on table clinic.claim is
  'What occupies a seat of a resource, and when. Written by the triggers of clinic.appointment only.';
comment on column clinic.claim.starts_at is 'The visit''s start less its buffer.';
comment on column clinic.claim.ends_at is 'The visit''s end and its buffer.';
comment on constraint claim_no_overlap on clinic.claim is 'Nobody is ever double-booked.';

create table clinic.journal (
  clinic_id uuid not null,
  id uuid not null default clinic.uuid7(),
  at timestamptz not null default pg_catalog.clock_timestamp(),
  transaction xid8 not null default pg_catalog.pg_current_xact_id(),
  actor_id uuid,
  role name not null,
  action text not null,
  entity text not null,
  entity_id uuid not null,
  old jsonb,
  new jsonb,
  constraint journal_pkey primary key (clinic_id, id)
);
comment on table clinic.journal is
  'One row for every change of a table: the audit trail and the change feed. Append-only.';
comment on column clinic.journal.at is 'The clock time of the change.';
comment on column clinic.journal.transaction is 'The transaction that made it.';
comment on column clinic.journal.actor_id is 'The account that acted, as current_actor() gave it.';
comment on column clinic.journal.role is 'The database role that acted.';
comment on column clinic.journal.action is 'insert, update or delete.';
comment on column clinic.journal.entity is 'The table.';
comment on column clinic.journal.entity_id is 'The row: its id; of a member the account, of an offered service the provider.';
comment on column clinic.journal.old is 'The values before, of the columns that changed; nulls are left out.';
comment on column clinic.journal.new is 'The values after, of the columns that changed; nulls are left out.';
