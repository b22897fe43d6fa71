begin;
select plan(71);
\ir include/fixture.psql
create function t.visit(name text default 'v') returns clinic.appointment language sql as $$select a from clinic.appointment a where a.id = t.id($1)$$;
-- All there is of a visit.
create function t.whole(name text default 'v') returns jsonb language sql
  as $$select to_jsonb(a) || jsonb_build_object('claims', (select jsonb_agg(to_jsonb(c) order by c.resource_id) from clinic.claim c where c.appointment_id = a.id),
                                                'journal', (select count(*) from clinic.journal j where j.entity_id = a.id))
       from clinic.appointment a where a.id = t.id($1)$$;
create function t.claimed(name text default 'v') returns text language sql
  as $$select string_agg(t.name || ' ' || to_char(c.starts_at at time zone 'Europe/Berlin', 'HH24:MI') || '-' || to_char(c.ends_at at time zone 'Europe/Berlin', 'HH24:MI'), ', ' order by t.name)
       from clinic.claim c join t.thing t on t.id = c.resource_id where c.appointment_id = t.id($1)$$;

select t.call('v', (clinic.book(t.id('ada'), t.id('house'), t.id('half'), t.at('09:00'), reason => 'cough', resource_ids => array[t.id('room')])).id);
select t.call('blocker', (clinic.book(t.id('bob'), t.id('house'), t.id('hour'), t.at('10:00'))).id);
select t.call('in the room', (clinic.book(t.id('bob'), t.id('grey'), t.id('half'), t.at('13:00'), resource_ids => array[t.id('room')])).id);
insert into clinic.provider_service (provider_id, service_id) values (t.id('pair'), t.id('hour'));
create table t.before as select t.whole() as row;

-- refused, everything stays as it was
select is(t.refusal(format('select clinic.reschedule(%s)', arguments)), refused, what) from (values
  ('t.id(''v''), t.at(''10:30'')', 'PT409 slot_taken', 'reschedule to a time that is taken is refused'),
  ('t.id(''v''), t.at(''09:45'')', 'PT409 slot_taken', 'also where it only overlaps'),
  ('t.id(''v''), t.at(''13:00'')', 'PT409 slot_taken', 'also when only the room is taken'),
  ('t.id(''v''), t.at(''09:15''), duration => ''1 hour''', 'PT409 slot_taken', 'also when it would grow into another'),
  ('t.id(''v''), now() - interval ''1 min''', 'PT422 in_the_past', 'reschedule to the past is refused'),
  ('t.id(''v''), t.at(''11:00''), t.id(''pair'')', 'PT422 not_offered', 'reschedule to a provider without the service is refused'),
  ('t.id(''v''), t.at(''11:00''), t.id(''nobody'')', 'PT404 not_found', 'reschedule to an unknown provider is refused'),
  ('t.id(''v''), t.at(''11:00''), t.id(''theatre'')', 'PT404 not_found', 'reschedule to a room for a provider is refused'),
  ('t.id(''v''), t.at(''11:00''), duration => ''0''', 'PT422 invalid_duration', 'reschedule to no time is refused'),
  ('t.id(''v''), t.at(''11:00''), duration => ''9 hours''', 'PT422 invalid_duration', 'reschedule to 9 hours is refused'),
  ('t.id(''v''), t.at(''11:00''), duration => ''-1 hour''', 'PT422 invalid_duration', 'reschedule to a negative time is refused'),
  ('t.id(''v''), ''infinity''', 'PT400 invalid_time', 'reschedule to infinity is refused'),
  ('t.id(''v''), ''-infinity''', 'PT400 invalid_time', 'reschedule to -infinity is refused'),
  ('t.id(''v''), ''10000-01-01 00:00+00''', 'PT400 invalid_time', 'reschedule to the year 10000 is refused'),
  ('t.id(''v''), ''294276-12-31 23:59:59+00''', 'PT400 invalid_time', 'reschedule to the last second there is is refused'),
  ('t.id(''v''), ''4713-01-01 00:00+00 BC''', 'PT400 invalid_time', 'reschedule to the first day there is is refused'),
  ('t.id(''v''), null', 'PT400 missing_argument', 'reschedule needs a start'),
  ('null, t.at(''11:00'')', 'PT400 missing_argument', 'reschedule needs a visit'),
  ('t.id(''v''), t.at(''11:00''), clinic_id => null', 'PT400 missing_argument', 'reschedule needs a clinic'),
  ('t.id(''nobody''), t.at(''11:00'')', 'PT404 not_found', 'reschedule of an unknown visit is refused'),
  ('t.id(''v''), t.at(''11:00''), override_reason => ''''', 'PT400 invalid_text', 'reschedule for an empty override_reason is refused')) x(arguments, refused, what);
select is(t.whole(), (select row from t.before), 'a refused reschedule leaves the visit, its claims and the journal as they were');
select alike(t.words_of($$select clinic.reschedule(t.id('v'), t.at('10:30'))$$), '%Free later that day: 11:00, 11:30, 12:00.%', 'its refusal names the next free starts, of provider and room');

do $$begin
  perform clinic.reschedule(t.id('v'), t.at('10:30'));
exception when others then null;
end$$;
select is(t.whole(), (select row from t.before), 'also for who catches the error');

-- moved
savepoint moved;
select is((clinic.reschedule(t.id('v'), t.at('09:00'))).starts_at, t.at('09:00'), 'a visit may be moved onto its own time');
select is(t.claimed(), 'house 09:00-09:30, room 09:00-09:30', 'where it keeps its claims');
select is((clinic.reschedule(t.id('v'), t.at('09:10'))).ends_at, t.at('09:40'), 'a visit may be moved by less than its length');
select is(t.claimed(), 'house 09:10-09:40, room 09:10-09:40', 'with all it claims');
select is(t.refusal($$select t.book('bob', 'house', t.at('08:40'))$$), 'not refused', 'the time it left is free at once');
select is(t.refusal($$select t.book('bob', 'house', t.at('09:30'))$$), 'PT409 slot_taken', 'the time it took is not');
select is((clinic.reschedule(t.id('v'), t.at('10:00'), t.id('grey'))).provider_id, t.id('grey'), 'a visit may be moved to another provider');
select is(t.claimed(), 'grey 10:00-10:30, room 10:00-10:30', 'whose time it claims in place of the first''s');
select is((clinic.reschedule(t.id('v'), t.at('10:00'), duration => '45 min')).ends_at, t.at('10:45'), 'a visit may be given another length');
select is((clinic.reschedule(t.id('v'), t.at('12:00', 3))).ends_at, t.at('12:45', 3), 'which it keeps when it moves on, to another day too');
select is((t.visit()).status || ' ' || (t.visit()).reason, 'scheduled cough', 'its status and its reason stay');
select is((t.visit()).code, row ->> 'code', 'so does its code') from t.before;
rollback to moved;

select t.call('c', t.book('cleo', 'house', t.at('15:00')));
select clinic.confirm(t.id('c'));
select is((clinic.reschedule(t.id('c'), t.at('15:30'))).status, 'confirmed', 'a confirmed visit stays so when it is moved');
select clinic.cancel(t.id('c'), 'enough');
select is(t.refusal($$select t.book('bob', 'house', t.at('15:30'))$$), 'not refused', 'a cancelled visit frees its time at once');
select is_empty($$select 1 from clinic.claim where appointment_id = t.id('c')$$, 'and claims nothing');
select is((t.visit('c')).cancellation_reason, 'enough', 'why it was cancelled is kept');
select is((t.visit('c')).cancelled_at, now(), 'and when');
select is(t.refusal($$select clinic.cancel(t.id('c'), 'again')$$), 'PT422 invalid_transition', 'it is not cancelled twice');
select is(t.refusal($$select clinic.cancel(t.id('v'), $$ || given || ')'), 'PT400 invalid_text', what) from (values
  ('null', 'a cancellation needs a reason'), ('''''', 'which is not empty'), ('''  ''', 'and not blank'), ('repeat(''x'', 2001)', 'and has at most 2,000 characters')) x(given, what);
select is(t.refusal($$select clinic.cancel(t.id('v'), repeat('ü', 2000))$$), 'not refused', 'of any script');
select is(t.refusal($$select clinic.cancel(null, 'x')$$), 'PT400 missing_argument', 'a cancellation needs a visit');
select t.call('ns', t.book('cleo', 'house', t.at('16:00')));
select clinic.set_status(t.id('ns'), 'no_show');
select is(t.refusal($$select t.book('bob', 'house', t.at('16:00'))$$), 'not refused', 'a patient who does not come frees the time too');

-- words, service, length
select is((u).reason || '|' || coalesce((u).notes, '-'), 'flu|-', 'update_appointment changes the reason') from clinic.update_appointment(t.id('v'), reason => 'flu') u;
select is((u).reason || '|' || (u).notes, 'flu|call first', 'and the notes, and leaves what is not given') from clinic.update_appointment(t.id('v'), notes => 'call first') u;
select is((clinic.update_appointment(t.id('v'), service_id => t.id('hour'))).ends_at, t.at('10:00'), 'another service brings its own duration');
select is(t.claimed(), 'house 09:00-10:00, room 09:00-10:00', 'and claims it');
select is((clinic.update_appointment(t.id('v'), duration => '20 min')).ends_at, t.at('09:20'), 'a duration that is given holds');
select is((clinic.update_appointment(t.id('v'), service_id => t.id('buffered'))).ends_at, t.at('09:30'), 'another service again brings its own');
select is(t.claimed(), 'house 08:50-09:35, room 08:50-09:35', 'and its buffers');
select is((u).ends_at, t.at('09:40'), 'service and duration may be given together') from clinic.update_appointment(t.id('v'), service_id => t.id('half'), duration => '40 min') u;
select is(t.refusal(format('select clinic.update_appointment(t.id(''v''), %s)', arguments)), refused, what) from (values
  ('duration => ''61 min''', 'PT409 slot_taken', 'update_appointment grows into no other visit'),
  ('duration => ''0''', 'PT422 invalid_duration', 'update_appointment: no time is refused'),
  ('duration => ''9 hours''', 'PT422 invalid_duration', 'update_appointment: 9 hours are refused'),
  ('reason => ''''', 'PT400 invalid_text', 'update_appointment: an empty reason is refused'),
  ('reason => repeat(''x'', 3000)', 'PT400 invalid_text', 'update_appointment: a reason of 3,000 characters is refused'),
  ('notes => repeat(''x'', 5001)', 'PT400 invalid_text', 'update_appointment: notes of 5,001 characters are refused'),
  ('service_id => t.id(''nobody'')', 'PT404 not_found', 'update_appointment: an unknown service is not found')) x(arguments, refused, what);
select is(t.refusal('select clinic.update_appointment(null)'), 'PT400 missing_argument', 'update_appointment needs a visit');
select is(t.refusal('select clinic.update_appointment(t.id(''nobody''))'), 'PT404 not_found', 'update_appointment of an unknown visit is refused');
create table t.now as select t.whole() as row;
select clinic.update_appointment(t.id('v'));
select is(t.whole(), row, 'update_appointment with nothing given changes nothing') from t.now;

-- who
select t.act_as('the receptionist');
select clinic.update_appointment(t.id('v'), notes => 'seen');
select is((t.visit()).updated_by, t.id('the receptionist'), 'who changed a visit last is noted');
select is((clinic.cancel(t.id('v'), 'ill')).cancelled_by, t.id('the receptionist'), 'and who cancelled it');
select is((t.visit(name)).created_by, t.id('the receptionist'), 'and who booked it') from (select 'mine' as name, t.call('mine', t.book('ada', 'house', t.at('18:00')))) x;

select is_empty('select * from clinic.verify()', 'and every claim is what it should be');
select * from finish();
rollback;
