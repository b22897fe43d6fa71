begin;
select plan(92);
\ir include/fixture.psql

-- presets
create function t.create_clinic(preset text) returns void language sql
  as $$select t.call($1, (clinic.create_clinic('The ' || $1, 'Europe/Berlin', $1)).id)$$;
select t.create_clinic(preset) from unnest('{general,outpatient,veterinary,token}'::text[]) preset;

select results_eq(
  format('select code, duration, mode::text from clinic.service where clinic_id = t.id(%L) order by code', preset),
  format($$select * from json_to_recordset(%L) as x(code text, duration interval, mode text) order by code$$, services),
  format('the services of preset %s are those of its kind', preset))
from (values
  ('general', '[{"code":"new_patient","duration":"60 min","mode":"timed"},{"code":"follow_up","duration":"30 min","mode":"timed"},{"code":"urgent","duration":"30 min","mode":"timed"},{"code":"consultation","duration":"45 min","mode":"timed"},{"code":"routine_checkup","duration":"30 min","mode":"timed"},{"code":"acupuncture","duration":"45 min","mode":"timed"}]'),
  ('outpatient', '[{"code":"consultation","duration":"30 min","mode":"timed"},{"code":"follow_up","duration":"30 min","mode":"timed"},{"code":"procedure","duration":"60 min","mode":"timed"}]'),
  ('veterinary', '[{"code":"vaccination","duration":"30 min","mode":"timed"},{"code":"routine","duration":"45 min","mode":"timed"},{"code":"surgery","duration":"120 min","mode":"timed"},{"code":"emergency","duration":"15 min","mode":"timed"}]'),
  ('token', '[{"code":"visit","duration":"15 min","mode":"token"}]')) p(preset, services);

select is(c.timezone || ', ' || c.status || ', ' || c.mode, 'Europe/Berlin, open, ' || p.mode, format('a clinic of preset %s is open, its days are %s', p.preset, p.mode))
from (values ('general', 'timed'), ('outpatient', 'timed'), ('veterinary', 'timed'), ('token', 'token')) p(preset, mode)
join clinic.clinic c on c.id = t.id(p.preset);

select is(array[c.min_duration, c.max_duration], array[p.least, p.most]::interval[], format('visits of preset %s last %s to %s', p.preset, p.least, p.most))
from (values ('general', '15 min', '8 hours'), ('outpatient', '15 min', '4 hours'), ('veterinary', '15 min', '8 hours')) p(preset, least, most)
join clinic.clinic c on c.id = t.id(p.preset);

select is(slot_step, '30 min', 'preset general lists starts every 30 minutes') from clinic.clinic where id = t.id('general');
select is(array_agg(preset order by preset), array['outpatient'], 'preset outpatient alone takes no bookings for the same day')
from unnest('{general,outpatient,veterinary,token}'::text[]) preset
join clinic.clinic c on c.id = t.id(preset) where not c.allow_same_day;
select results_eq($$select code, seats from clinic.provider where clinic_id = t.id('veterinary')$$, $$values ('CLINIC', 1)$$,
                  'preset veterinary has one agenda, the provider CLINIC');
select is_empty($$select 1 from clinic.resource where clinic_id in (t.id('general'), t.id('outpatient'), t.id('token'))$$, 'the other presets have no provider yet');

insert into clinic.provider (clinic_id, code, name) values (t.id('token'), 'doc', 'A doctor'), (t.id('general'), 'doc', 'A doctor');
select is(seats, 10, 'a doctor of preset token has 10 tokens a day') from clinic.provider where clinic_id = t.id('token');
select is(seats, 1, 'a doctor of preset general sees one patient at a time') from clinic.provider where clinic_id = t.id('general');

select is(t.refusal($$select clinic.create_clinic('A', 'UTC', 'hospital')$$), 'PT400 unknown_preset', 'an unknown preset is refused');
select is(t.refusal($$select clinic.create_clinic(null, 'UTC')$$), 'PT400 missing_argument', 'a clinic needs a name');
select is(t.refusal($$select clinic.create_clinic('A', null)$$), 'PT400 missing_argument', 'a clinic needs a time zone');
select is(t.refusal($$select clinic.create_clinic('A', 'UTC', null)$$), 'PT400 missing_argument', 'a null preset is refused');
select is(t.refusal(format('select clinic.create_clinic(%L, %L)', name, 'UTC')), '23514 clinic_name_check', what || ' is refused')
from (values ('', 'an empty clinic name'), (repeat('x', 201), 'a clinic name of 201 characters')) x(name, what);

-- zones
select is((clinic.create_clinic('A', 'europe/BERLIN')).timezone, 'Europe/Berlin', 'a zone is written as pg_timezone_names has it');
select is(t.refusal(format('select clinic.create_clinic(%L, %L)', 'A', zone)), 'PT400 invalid_timezone', format('time zone "%s" is refused', zone))
from unnest(array['Mars/Olympus', '', 'EST5EDT4', '+02', 'CEST', 'Europe/Berlin ', 'Europe/Berlin; drop']) zone;
select is(t.refusal($$update clinic.clinic set timezone = 'Nowhere' where id = t.id('general')$$), 'PT400 invalid_timezone', 'a clinic is not moved to an unknown zone');
select is(t.refusal($$insert into clinic.provider (code, name, timezone) values ('x', 'X', 'Nowhere')$$), 'PT400 invalid_timezone', 'a provider''s zone is checked too');

-- policies
select is(t.refusal(format('update clinic.clinic set %s where id = t.id(%L)', change, 'general')), '23514 ' || violated, change || ' is refused')
from (values
  ('min_notice = ''-1 min''', 'clinic_min_notice_check'), ('max_advance = ''0''', 'clinic_max_advance_check'),
  ('cancel_notice = ''-1 min''', 'clinic_cancel_notice_check'), ('slot_step = ''0''', 'clinic_slot_step_check'),
  ('min_duration = ''0''', 'clinic_duration_check'), ('max_duration = ''9 hours''', 'clinic_duration_check'),
  ('min_duration = ''3 hours'', max_duration = ''2 hours''', 'clinic_duration_check'),
  ('max_active_per_patient = 0', 'clinic_max_active_check'), ('calling_code = ''0''', 'clinic_calling_code_check'),
  ('calling_code = ''+49''', 'clinic_calling_code_check'), ('mode = ''walk_in''', 'clinic_mode_check'), ('provider_seats = 0', 'clinic_provider_seats_check')) x(change, violated);

-- services
select is(t.refusal(format('insert into clinic.service (code, name, duration, buffer_after) values (%L, %L, %L, %L)', 'x', 'X', duration, buffer)), '23514 ' || violated, what)
from (values
  ('4 min', '0', 'service_duration_check', 'a service of 4 minutes is refused'),
  ('8 hours 1 min', '0', 'service_duration_check', 'a service of more than 8 hours is refused'),
  ('0', '0', 'service_duration_check', 'a service of no time is refused'),
  ('-30 min', '0', 'service_duration_check', 'a service of negative time is refused'),
  ('30 min', '-1 min', 'service_buffer_after_check', 'a negative buffer is refused')) x(duration, buffer, violated, what);
select is(t.refusal($$insert into clinic.service (code, name, duration) values ('half', 'Twice', '1 hour')$$), '23505 service_code_key', 'a service''s code is its own');
select cmp_ok(longest_claim, '>=', '45 min'::interval, 'longest_claim covers every service with its buffers') from clinic.clinic where id = t.id('clinic');
insert into clinic.service (code, name, duration, buffer_before, buffer_after) values ('day', 'All day', '8 hours', '8 hours', '8 hours');
select is(longest_claim, '24 hours', 'a longer service raises longest_claim') from clinic.clinic where id = t.id('clinic');
update clinic.clinic set longest_claim = '1 min' where id = t.id('clinic');
select is(longest_claim, '24 hours', 'nobody lowers longest_claim') from clinic.clinic where id = t.id('clinic');
delete from clinic.service where code = 'day';
select is(longest_claim, '24 hours', 'a service gone does not lower it either') from clinic.clinic where id = t.id('clinic');
insert into clinic.service (code, name, duration, mode) values ('token', 'Token', '5 min', 'token');
select is(longest_claim, '25 hours', 'a token may last the longest day') from clinic.clinic where id = t.id('clinic');
select t.call('tokens', (clinic.create_clinic('Tokens', 'UTC', 'token')).id);
select is(longest_claim, '25 hours', 'also the preset''s') from clinic.clinic where id = t.id('tokens');

-- resources
select is(t.refusal($$insert into clinic.provider (code, name) values ('house', 'Another')$$), '23505 duplicate_code', 'a resource''s code is its own');
select is(t.refusal($$insert into clinic.room (code, name) values ('house', 'A room')$$), '23505 duplicate_code', 'whatever the kinds');
select lives_ok($$insert into clinic.provider (clinic_id, code, name) values (t.id('outpatient'), 'house', 'Dr House')$$, 'another clinic may use the same code');
select is(kind::text || seats, 'room1', 'a room is inserted through its view, with one seat') from clinic.room where code = 'room';
select is(kind::text, 'equipment', 'a device is inserted through its view') from clinic.equipment where code = 'laser';
select is(t.refusal($$insert into clinic.room (kind, code, name) values ('provider', 'x', 'X')$$), '44000', 'a view takes only resources of its kind');
select is(t.refusal($$update clinic.provider set kind = 'room' where code = 'house'$$), 'PT422 immutable', 'a provider never becomes a room');
select is(t.refusal($$update clinic.resource set kind = 'room' where code = 'house'$$), 'PT422 immutable', 'nor in the table itself');
select is(t.refusal(format('insert into clinic.provider (code, name, seats) values (%L, %L, %s)', 'x', 'X', seats)), '23514 resource_seats_check', format('%s seats are refused', seats))
from unnest('{0,-1,1001}'::int[]) seats;

-- keys stay
select is(t.refusal(statement), 'PT422 immutable', what) from (values
  ($$update clinic.clinic set id = clinic.uuid7() where id = t.id('general')$$, 'a clinic keeps its id'),
  ($$update clinic.member set user_id = clinic.uuid7()$$, 'a member stays the same account'),
  ($$update clinic.member set clinic_id = t.id('general')$$, 'a member stays at the clinic'),
  ($$update clinic.resource set clinic_id = t.id('general') where code = 'laser'$$, 'a resource stays at its clinic'),
  ($$update clinic.resource set id = clinic.uuid7() where code = 'laser'$$, 'a resource keeps its id'),
  ($$update clinic.service set clinic_id = t.id('general') where code = 'half'$$, 'a service stays at its clinic'),
  ($$update clinic.patient set clinic_id = t.id('general') where id = t.id('ada')$$, 'a patient stays at the clinic'),
  ($$update clinic.patient set id = clinic.uuid7() where id = t.id('ada')$$, 'a patient keeps its id')) x(statement, what);

-- offers
insert into clinic.provider_service (provider_id, service_id, duration) values (t.id('house'), t.id('hour'), '90 min');
select is(t.refusal($$insert into clinic.provider_service (provider_id, service_id) values (t.id('room'), t.id('hour'))$$), 'PT404 not_found', 'a room offers no service');
select is(t.refusal($$insert into clinic.provider_service (provider_id, service_id) values (t.id('nobody'), t.id('hour'))$$), 'PT404 not_found', 'a provider nobody knows offers no service');
select is(t.refusal($$update clinic.provider_service set service_id = t.id('half')$$), 'PT422 immutable', 'an offer stays of its service');

-- what is in use stays
select t.call('v', t.book('ada', 'house', t.at('09:00'), 'hour'));
select is(t.refusal($$delete from clinic.resource where code = 'house'$$), 'PT409 in_use', 'a provider with visits is not deleted');
select is(t.refusal($$delete from clinic.patient where id = t.id('ada')$$), 'PT409 in_use', 'a patient with visits is not deleted');
select is(t.refusal($$delete from clinic.service where code = 'hour'$$), '23503 appointment_service_fkey', 'a service with visits is not deleted');
select t.call('w', (clinic.book(t.id('bob'), t.id('grey'), t.id('half'), t.at('09:00'), resource_ids => array[t.id('room')])).id);
select is(t.refusal($$delete from clinic.room where code = 'room'$$), 'PT409 in_use', 'a room with visits is not deleted');
select clinic.cancel(t.id('w'), 'not needed');
select lives_ok($$delete from clinic.room where code = 'room'$$, 'a room whose visits are cancelled is deleted');
select lives_ok($$delete from clinic.equipment where code = 'laser'$$, 'a device without visits is deleted');
select lives_ok($$delete from clinic.patient where id = t.id('cleo')$$, 'a patient without visits is deleted');
select is(t.refusal($$delete from clinic.clinic where id = t.id('clinic')$$), '23503 member_clinic_fkey', 'a clinic with rows is not deleted');

select is(t.refusal('select clinic.lock_for_import(null)'), 'PT400 missing_argument', 'lock_for_import needs a clinic');
select lives_ok('select clinic.lock_for_import()', 'lock_for_import takes the clinic');
select is(t.refusal($$select t.book('ada', 'house', t.at('12:00'))$$), 'PT422 not_offered', 'under it the rules are the same');
select lives_ok($$select t.book('ada', 'grey', t.at('12:00'))$$, 'and so is booking');
select is_empty('select * from clinic.verify(null)', 'every claim of every clinic is what it should be');
select * from finish();
rollback;
