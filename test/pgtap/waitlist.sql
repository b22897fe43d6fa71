begin;
select plan(126);
\ir include/fixture.psql
insert into clinic.patient (id, name)
select t.call(name, clinic.uuid7()), 'Patient ' || initcap(name) from unnest('{dan,eve,fay,gus,hal}'::text[]) name;

create function t.mins(span text, days int default 0) returns tstzmultirange immutable language sql
  as $$select tstzmultirange(tstzrange(t.at(split_part($1, '-', 1), $2), t.at(split_part($1, '-', 2), $2)))$$;
-- Joins by names, a minute after who joined before; returns the entry's id under the patient's name.
create function t.join(patient text, wanted tstzmultirange default t.mins('09:00-18:00'), providers text[] default '{house}', priority int default 3, service text default 'half')
  returns uuid language sql as $$
  insert into clinic.waitlist_entry (id, patient_id, service_id, wanted, providers, priority, created_at)
  values (t.call('entry of ' || $1, clinic.uuid7()), t.id($1), t.id($5), $2, (select array_agg(t.id(p)) from unnest($3) p), $4,
          now() + (select count(*) from clinic.waitlist_entry) * interval '1 minute')
  returning id $$;
create function t.entry(patient text) returns clinic.waitlist_entry language sql
  as $$select e from clinic.waitlist_entry e where e.id = t.id('entry of ' || $1)$$;
-- What an entry is offered, as status, provider and start; of nothing, the status alone.
create function t.told(patient text) returns text language sql as $$
  select concat_ws(' ', e.status, r.code, to_char(a.starts_at at time zone 'Europe/Berlin', 'HH24:MI'))
  from clinic.waitlist_entry e
  left join clinic.appointment a on a.id = e.appointment_id
  left join clinic.resource r on r.id = a.provider_id
  where e.id = t.id('entry of ' || $1) $$;
create function t.all() returns text language sql as $$
  select string_agg(split_part(x.name, ' of ', 2) || ' ' || t.told(split_part(x.name, ' of ', 2)), ', ' order by e.priority, e.created_at, e.id)
  from t.thing x join clinic.waitlist_entry e on e.id = x.id where x.name like 'entry of %' $$;
-- A fresh start: the time, and the list.
create function t.clear() returns void language sql as $$
  select clinic.leave_waitlist(e.id) from clinic.waitlist_entry e where e.status = 'waiting' order by e.id;
  select clinic.leave_waitlist(e.id) from clinic.waitlist_entry e where e.status = 'offered' order by e.id;
  delete from clinic.appointment;
  delete from clinic.waitlist_entry;
  delete from t.thing where name like 'entry of %' or name like 'v%' $$;

-- joining
select is((clinic.join_waitlist(t.id('ada'), t.id('half'), t.mins('09:00-12:00'))).status, 'waiting', 'who joins waits');
select is((e.priority, e.providers, e.created_by)::text, '(3,,)', 'without a say as of anybody') from clinic.waitlist_entry e;
select is((clinic.join_waitlist(t.id('ada'), t.id('half'), t.mins('09:00-12:00'), array[t.id('grey')], 1)).priority, 1, 'or as urgent as the staff say');
select is(t.refusal($$select clinic.join_waitlist(t.id('ada'), t.id('half'), '{}')$$), 'PT400 invalid_time', 'who wants no time does not');
select is(t.refusal($$select clinic.join_waitlist(t.id('ada'), t.id('half'), '{[2020-01-01,2020-02-01)}')$$), 'PT422 in_the_past', 'nor one that has passed');
select is(t.refusal($$select clinic.join_waitlist(t.id('ada'), t.id('half'), '{(,)}')$$), 'not refused', 'any time will do');
select is(t.refusal($$select clinic.join_waitlist(t.id('ada'), t.id('half'), t.mins('09:00-12:00'), array[t.id('room')])$$), 'PT404 not_found', 'a room is no provider');
select is(t.refusal($$select clinic.join_waitlist(t.id('ada'), t.id('half'), t.mins('09:00-12:00'), array[null]::uuid[])$$), 'PT400 missing_argument', 'nor is null');
select is(t.refusal($$select clinic.join_waitlist(t.id('ada'), clinic.uuid7(), t.mins('09:00-12:00'))$$), '23503 waitlist_entry_service_fkey', 'the service must be there');
select is(t.refusal($$select clinic.join_waitlist(clinic.uuid7(), t.id('half'), t.mins('09:00-12:00'))$$), '23503 waitlist_entry_patient_fkey', 'and the patient');
select is(t.refusal($$select clinic.join_waitlist(null, t.id('half'), t.mins('09:00-12:00'))$$), 'PT400 missing_argument', 'named');
select is(t.refusal($$select clinic.join_waitlist(t.id('ada'), t.id('half'), null)$$), 'PT400 missing_argument', 'with a time');
insert into clinic.provider_service (provider_id, service_id) values (t.id('grey'), t.id('hour'));
select is(t.refusal($$select clinic.join_waitlist(t.id('ada'), t.id('half'), t.mins('09:00-12:00'), array[t.id('grey')])$$), 'PT422 not_offered', 'whom they wait for offers it');
delete from clinic.provider_service;
select is((select array_agg(action || ' ' || (new ->> 'status')) from clinic.journal where entity = 'waitlist_entry'), '{"insert waiting","insert waiting"}', 'who joins is journalled');
select t.clear();

-- a visit that is cancelled
select t.call('v', t.book('ada', 'house', t.at('10:00')));
select t.join('bob'), t.join('cleo', priority => 2), t.join('dan');
select clinic.cancel(t.id('v'), 'ill');
select is(t.all(), 'cleo offered house 10:00, bob waiting, dan waiting', 'what a cancelled visit frees is offered by priority');
select is((a.status, a.patient_id, a.hold_expires_at), ('held'::clinic.appointment_status, t.id('cleo'), now() + interval '2 hours'), 'and held for two hours')
from clinic.appointment a where a.id = (t.entry('cleo')).appointment_id;
select is((e.offered_during, e.offer_expires_at), (tstzrange(t.at('10:00'), t.at('10:30')), now() + interval '2 hours'), 'as the entry says') from t.entry('cleo') e;
select is((select string_agg(action || ' ' || entity, ', ' order by id) from (select * from clinic.journal order by id desc limit 3) j), 'update appointment, insert appointment, update waitlist_entry', 'all of which is journalled');
select is(t.refusal($$select t.book('dan', 'house', t.at('10:00'))$$), 'PT409 slot_taken', 'nobody else books it');
select clinic.decline_offer(t.id('entry of cleo'));
select is(t.all(), 'cleo waiting, bob offered house 10:00, dan waiting', 'declined, it goes to who waits longest');
select is((t.entry('cleo')).passed, t.mins('10:00-10:30'), 'and is not offered again');
select is((select a.status || ' ' || a.cancellation_reason from clinic.appointment a where a.patient_id = t.id('cleo')), 'cancelled offer_declined', 'the hold is cancelled');
select is((clinic.accept_offer(t.id('entry of bob'))).status, 'scheduled', 'accepted, the visit is scheduled');
select is(t.all(), 'cleo waiting, bob accepted house 10:00, dan waiting', 'and the entry is done');
select is(t.refusal($$select clinic.accept_offer(t.id('entry of bob'))$$), 'PT422 invalid_transition', 'an offer is accepted once');
select is(t.refusal($$select clinic.decline_offer(t.id('entry of bob'))$$), 'PT422 invalid_transition', 'and not declined then');
select is(t.refusal($$select clinic.leave_waitlist(t.id('entry of bob'))$$), 'PT422 invalid_transition', 'nor left');
select is(t.refusal($$select clinic.accept_offer(t.id('entry of cleo'))$$), 'PT409 hold_expired', 'what was declined has ended');
select is(t.refusal($$select clinic.accept_offer(t.id('entry of dan'))$$), 'PT422 invalid_transition', 'who was offered nothing accepts nothing');
select is(t.refusal($$select clinic.accept_offer(clinic.uuid7())$$), 'PT404 not_found', 'nor who does not wait');
select clinic.cancel((t.entry('bob')).appointment_id, 'ill');
select is(t.all(), 'cleo waiting, bob accepted house 10:00, dan offered house 10:00', 'what was accepted and is cancelled goes to the next');
select is((clinic.leave_waitlist(t.id('entry of dan'))).status, 'left', 'who leaves');
select is((select array_agg(a.status order by a.id) from clinic.appointment a where a.patient_id = t.id('dan')), '{cancelled}', 'gives up what was held');
select t.clear();

-- what suits
select t.call('v', t.book('ada', 'house', t.at('10:00'), 'hour'));
select t.book('gus', 'house', t.at('11:00')), t.join('bob', t.mins('11:00-12:00')), t.join('cleo', t.mins('10:00-10:45')), t.join('dan', t.mins('09:00-12:00'), '{grey}'), t.join('eve', t.mins('09:00-12:00'), service => 'hour'), t.join('fay', t.mins('10:20-12:00'));
select clinic.cancel(t.id('v'), 'ill');
select is(t.all(), 'bob waiting, cleo offered house 10:00, dan waiting, eve waiting, fay offered house 10:30', 'an offer lies in the time that is wanted, with whom it is, and what is left goes to the next');
select t.clear();
select t.call('v', t.book('ada', 'house', t.at('10:10')));
select t.join('eve', service => 'hour'), t.join('bob', '{(,)}', null), t.book('gus', 'house', t.at('10:45'));
select clinic.cancel(t.id('v'), 'ill');
select is(t.all(), 'eve waiting, bob offered house 10:10', 'the start that was freed is offered, grid or not, but no longer visit than there is time');
select t.clear();
select t.call('v', t.book('ada', 'house', t.at('10:00'), 'hour'));
select t.join('bob', t.mins('10:10-12:00'), service => 'buffered'), t.book('gus', 'house', t.at('11:05'));
select clinic.cancel(t.id('v'), 'ill');
select is(t.all(), 'bob offered house 10:30', 'else the earliest of the grid, buffers and all');
select t.clear();

-- who may not have it
select t.call('v', t.book('ada', 'house', t.at('10:00'))), t.call('v2', t.book('bob', 'grey', t.at('10:15'))), t.call('v3', (clinic.book(t.id('cleo'), t.id('pair'), t.id('half'), t.at('09:45'), hold_for => '1 hour')).id);
select t.join('ada'), t.join('bob'), t.join('cleo'), t.join('dan'), t.join('eve');
update clinic.patient set is_active = false where id = t.id('dan');
select clinic.cancel(t.id('v'), 'ill');
select is(t.all(), 'ada waiting, bob waiting, cleo waiting, dan waiting, eve offered house 10:00', 'not to who gave it up, nor to who is busy then, nor to who takes no visits');
update clinic.patient set is_active = true where id = t.id('dan');
select t.clear();
update clinic.clinic set max_active_per_patient = 1, no_show_limit = 1 where id = t.id('clinic');
select t.call('v', t.book('ada', 'house', t.at('10:00'))), t.book('bob', 'grey', t.at('15:00'));
insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, status) values (t.id('cleo'), t.id('house'), t.id('half'), now() - interval '5 days', 'no_show');
select t.join('bob'), t.join('cleo'), t.join('dan');
select clinic.cancel(t.id('v'), 'ill');
select is(t.all(), 'bob waiting, cleo waiting, dan offered house 10:00', 'nor to who has as many visits as the clinic allows, or has missed too many');
select t.clear();
update clinic.clinic set max_active_per_patient = null, no_show_limit = null where id = t.id('clinic');
select t.call('v', t.book('ada', 'house', t.at('10:00')));
select t.join('bob');
insert into clinic.closure (resource_id, during) values (t.id('house'), tstzrange(t.at('09:00'), t.at('12:00')));
select clinic.cancel(t.id('v'), 'closed');
select is(t.all(), 'bob waiting', 'what may not be booked any more is not offered');
delete from clinic.closure;
select t.clear();

-- however it ends
create function t.freed(change text, provider text default 'house') returns text language plpgsql as $$
declare
  result text;
begin
  perform t.call('v', t.book('ada', provider, t.at('10:00')));
  perform t.join('bob', providers => array[provider]);
  execute change;
  result := t.all();
  perform t.clear();
  return result;
end $$;
select is(t.freed(change), 'bob offered house 10:00', change) from unnest(array[
  'select clinic.set_status(t.id(''v''), ''cancelled'')',
  'select clinic.set_status(t.id(''v''), ''no_show'')',
  'update clinic.appointment set status = ''cancelled'' where id = t.id(''v'')',
  'delete from clinic.appointment where id = t.id(''v'')',
  'select clinic.reschedule(t.id(''v''), t.at(''14:00''))',
  'select clinic.reschedule(t.id(''v''), t.at(''10:00''), t.id(''grey''))',
  'update clinic.appointment set starts_at = t.at(''14:00''), ends_at = t.at(''14:30'') where id = t.id(''v'')'
]) change;
select is(t.freed('select clinic.set_status(t.id(''v''), ''confirmed'')'), 'bob waiting', 'what stays where it is frees nothing');
select is(t.freed('select clinic.reschedule(t.id(''v''), t.at(''10:15''))'), 'bob waiting', 'what is moved by a little leaves no room');
-- a hold
select t.call('v', (clinic.book(t.id('ada'), t.id('house'), t.id('half'), t.at('10:00'), hold_for => '1 hour')).id), t.join('bob');
select clinic.release(t.id('v'));
select is(t.all(), 'bob offered house 10:00', 'a hold that is released frees its time');
select t.clear();
select t.call('v', (clinic.book(t.id('ada'), t.id('house'), t.id('half'), t.at('10:00'), hold_for => '1 hour')).id), t.join('bob');
update clinic.appointment set hold_expires_at = now() where id = t.id('v');
select is(clinic.expire_holds(), 1, 'so does one that is reaped by the housekeeping');
select is(t.all(), 'bob offered house 10:00', 'at once');
select t.clear();
select t.call('v', (clinic.book(t.id('ada'), t.id('house'), t.id('hour'), t.at('10:00'), hold_for => '1 hour')).id), t.join('bob');
update clinic.appointment set hold_expires_at = now() where id = t.id('v');
select t.book('gus', 'house', t.at('10:00'));
select is(t.all(), 'bob offered house 10:30', 'and of one that a booking reaps, what the booking leaves');
select t.clear();

-- rooms, tokens, seats
insert into clinic.service_requirement (id, service_id, kind, codes) values (t.call('q', clinic.uuid7()), t.id('hour'), 'room', '{theatre}');
select t.call('v', t.book('ada', 'house', t.at('10:00'), 'hour')), t.join('bob', providers => '{grey}', service => 'hour');
select clinic.cancel(t.id('v'), 'ill');
select is(t.all(), 'bob offered grey 10:00', 'a room that is freed is offered with another provider');
select is((select a.resource_ids from clinic.appointment a where a.patient_id = t.id('bob')), array[t.id('theatre')], 'and held too');
select t.clear();
delete from clinic.service_requirement;
insert into clinic.service (id, code, name, duration, mode) values (t.call('token', clinic.uuid7()), 'token', 'Token', '15 min', 'token');
insert into clinic.provider (id, code, name, seats) values (t.call('tina', clinic.uuid7()), 'tina', 'Dr Tina', 1);
insert into clinic.hours (resource_id, valid, weekly, mode) values (t.id('tina'), '[2099-01-01,)', '24/7', 'token');
select t.call('v', (clinic.book_token(t.id('ada'), t.id('tina'), '2099-06-01', t.id('token'))).id), t.join('bob', t.mins('09:00-12:00'), '{tina}', service => 'token'), t.join('cleo', t.mins('09:00-12:00', 1), '{tina}', service => 'token');
select clinic.cancel(t.id('v'), 'ill');
select is(t.all(), 'bob offered tina 00:00, cleo waiting', 'a number is offered to who wants any time of its day');
select is((select a.mode || ' ' || a.seat from clinic.appointment a where a.status = 'held'), 'token 1', 'as a number');
select t.clear();
select t.call('v', t.book('ada', 'pair', t.at('10:00'))), t.call('v2', t.book('gus', 'pair', t.at('10:00'))), t.join('bob', providers => '{pair}'), t.join('cleo', providers => '{pair}');
select clinic.cancel(t.id('v'), 'ill');
select is(t.all(), 'bob offered pair 10:00, cleo waiting', 'a seat is offered once');
select t.clear();

-- many at a time
select t.call('v' || n, t.book('ada', 'house', t.at('10:00', n))) from generate_series(0, 4) n;
select t.join(p, t.mins('10:00-10:30', n::int - 1) + t.mins('10:00-10:30', n::int)) from unnest('{bob,cleo,dan,eve}'::text[]) with ordinality x (p, n);
update clinic.appointment set status = 'cancelled' where patient_id = t.id('ada');
select is((select count(distinct (a.starts_at)) || ' ' || count(*) from clinic.appointment a where a.status = 'held'), '4 4', 'each time of a statement goes to another entry');
select t.clear();
select t.call('v', (select series_id from clinic.book_series(t.id('ada'), t.id('house'), t.id('half'), t.at('10:00'), 'FREQ=DAILY;COUNT=3') limit 1));
select t.join('bob', '{(,)}');
select count(*) from clinic.reschedule_series(t.id('v'), t.at('10:00', 1), t.at('10:00'), 'all');
select is((select count(*) from clinic.appointment a where a.patient_id = t.id('ada') and a.status = 'scheduled'), 3::bigint, 'a series that moves into its own time keeps it');
select is(t.all(), 'bob offered house 10:00', 'and leaves the rest');
select is((t.entry('bob')).offered_during, tstzrange(t.at('10:00'), t.at('10:30')), 'its first time');
update clinic.appointment set series_id = null, occurrence_at = null;
select t.clear();

-- when the offer ends
create function t.expire(patient text) returns void language sql
  as $$update clinic.appointment set hold_expires_at = now() - interval '1 second' where id = (t.entry($1)).appointment_id$$;
select t.call('v', t.book('ada', 'house', t.at('10:00'))), t.join('bob', t.mins('10:00-10:30')), t.join('cleo', t.mins('10:00-10:30'));
select clinic.cancel(t.id('v'), 'ill');
select t.expire('bob');
select is((t.entry('bob')).offer_expires_at, now() - interval '1 second', 'the entry knows how long its hold lasts');
select is(clinic.offer_waitlist(), 1, 'an offer that has expired is made to the next');
select is(t.all(), 'bob waiting, cleo offered house 10:00', 'the first waits on, in its place');
select is(((t.entry('bob')).passed, (t.entry('bob')).unanswered), (t.mins('10:00-10:30'), 1), 'and is not offered that time again');
select is((select a.status || ' ' || a.cancellation_reason from clinic.appointment a where a.patient_id = t.id('bob')), 'cancelled offer_expired', 'its hold is cancelled');
select is(t.refusal($$select clinic.accept_offer(t.id('entry of bob'))$$), 'PT409 hold_expired', 'and not accepted any more');
select t.expire('cleo');
select is((clinic.accept_offer(t.id('entry of cleo'))).status, 'scheduled', 'an offer that has expired is accepted while nobody else has it');
select is(clinic.offer_waitlist(), 0, 'there is nothing to be offered');
select t.clear();
select t.call('v', t.book('ada', 'house', t.at('10:00'))), t.join('bob');
select clinic.cancel(t.id('v'), 'ill');
select t.expire('bob'), t.book('gus', 'house', t.at('10:00'));
select is(t.refusal($$select clinic.accept_offer(t.id('entry of bob'))$$), 'PT409 hold_expired', 'once somebody has booked it, it is not');
select is((clinic.offer_waitlist(), t.all())::text, '(1,"bob offered house 09:00")', 'what is free otherwise is offered by the housekeeping');
select t.expire('bob');
select is((clinic.offer_waitlist(), t.all())::text, '(1,"bob offered house 09:30")', 'and again');
select t.expire('bob');
select is((clinic.offer_waitlist(), t.all())::text, '(0,"bob expired")', 'but not to who never answers');
select t.clear();
select t.join('bob', tstzmultirange(tstzrange(now() - interval '2 hours', now() + interval '1 minute')));
select is((clinic.offer_waitlist(), t.all())::text, '(0,"bob waiting")', 'who wants what is nearly over waits');
create function t.soon(i interval) returns timestamptz language sql as $$select date_trunc('minute', now()) + $1$$;
select t.clear();

-- how long
create function t.offer_lasts(ahead interval, notice interval default '0') returns interval language plpgsql as $$
declare
  result interval;
begin
  perform t.call('v', t.book('ada', 'house', t.soon(ahead)));
  perform t.join('bob', '{(,)}');
  update clinic.clinic set min_notice = notice where id = t.id('clinic');
  perform clinic.cancel(t.id('v'), 'ill');
  result := (t.entry('bob')).offer_expires_at - now();
  update clinic.clinic set min_notice = '0' where id = t.id('clinic');
  perform t.clear();
  return result;
end $$;
select is(t.offer_lasts('2 days'), '2 hours', 'an offer lasts two hours');
select is(t.offer_lasts('24 hours'), '15 min', 'of a visit within a day a quarter of one');
select cmp_ok(t.offer_lasts('5 min'), '<=', '5 min', 'and never past its start');
update clinic.clinic set offer_time = '1 day', offer_time_soon = '1 hour' where id = t.id('clinic');
select is(t.offer_lasts('2 days'), '1 day', 'or as long as the clinic says');
select is(t.offer_lasts('3 hours'), '1 hour', 'of both');
select is(t.refusal($$update clinic.clinic set offer_time = '25 hours'$$), '23514 clinic_offer_time_check', 'but no longer than a hold');
update clinic.clinic set offer_time = default, offer_time_soon = default where id = t.id('clinic');
select is(t.offer_lasts('3 hours', '1 hour'), '15 min', 'a visit is offered with notice');
select is(t.offer_lasts('30 min', '1 hour'), null, 'not without');
-- Longer than an hour that clocks show twice, the second of which has no starts.
insert into clinic.appointment (id, patient_id, provider_id, service_id, starts_at, ends_at, override_reason) values (t.call('v', clinic.uuid7()), t.id('ada'), t.id('house'), t.id('hour'), t.soon('-10 min'), t.soon('170 min'), 'late');
select t.join('bob', '{(,)}');
select clinic.set_status(t.id('v'), 'no_show');
select cmp_ok(lower((t.entry('bob')).offered_during), '>', now(), 'who does not come leaves what is left of the time');
select t.clear();

-- what becomes of the visit
select t.call('v', t.book('ada', 'house', t.at('10:00'))), t.join('bob'), t.join('cleo');
select clinic.cancel(t.id('v'), 'ill');
select clinic.confirm((t.entry('bob')).appointment_id);
select is(t.all(), 'bob accepted house 10:00, cleo waiting', 'to confirm the hold is to accept the offer');
select clinic.cancel((t.entry('bob')).appointment_id, 'ill');
select clinic.release((t.entry('cleo')).appointment_id);
select is(t.all(), 'bob accepted house 10:00, cleo waiting', 'to release it is to decline');
select is((t.entry('cleo')).unanswered, 0, 'which is an answer');
select t.clear();
select t.call('v', t.book('ada', 'house', t.at('10:00'))), t.join('bob'), t.join('cleo');
select clinic.cancel(t.id('v'), 'ill');
delete from clinic.appointment where id = (t.entry('bob')).appointment_id;
select is(t.all(), 'bob waiting, cleo offered house 10:00', 'so is to delete it');
select clinic.reschedule((t.entry('cleo')).appointment_id, t.at('11:00'));
select is(((t.entry('cleo')).offered_during)::text || t.told('cleo'), tstzrange(t.at('11:00'), t.at('11:30'))::text || 'offered house 11:00', 'moved, it is offered at another time');
update clinic.appointment set patient_id = t.id('hal') where id = (t.entry('cleo')).appointment_id;
select is(t.told('cleo'), 'waiting', 'given to another patient, it is gone');
select t.clear();

-- the table
select t.call('v', t.book('ada', 'house', t.at('10:00'))), t.join('bob'), t.join('cleo', t.mins('15:00-16:00'));
select clinic.cancel(t.id('v'), 'ill');
select is(t.refusal($$update clinic.waitlist_entry set status = 'accepted', offer_expires_at = null where id = t.id('entry of bob')$$), 'PT422 immutable', 'what is offered is the functions'' to change');
select is(t.refusal($$update clinic.waitlist_entry set patient_id = t.id('gus') where id = t.id('entry of cleo')$$), 'PT422 immutable', 'and whose it is nobody''s');
select is(t.refusal($$insert into clinic.waitlist_entry (patient_id, service_id, wanted, status) values (t.id('gus'), t.id('half'), '{(,)}', 'left')$$), 'PT422 immutable', 'who joins waits, by INSERT too');
select is(t.refusal($$update clinic.waitlist_entry set wanted = t.mins('12:00-13:00'), providers = null, priority = 1 where id = t.id('entry of cleo')$$), 'not refused', 'what is wanted may change');
select is(t.refusal($$delete from clinic.waitlist_entry where id = t.id('entry of bob')$$), 'PT409 in_use', 'who is offered a time leaves before being deleted');
select is(t.refusal($$delete from clinic.waitlist_entry where id = t.id('entry of cleo')$$), 'not refused', 'who waits is deleted');

-- accounts
select t.act_as('ada''s account');
select is(t.refusal($$select clinic.accept_offer(t.id('entry of bob'))$$), 'PT403 not_yours', 'nobody accepts for another');
select is(t.refusal($$select clinic.leave_waitlist(t.id('entry of cleo'))$$), 'PT403 not_yours', 'nor leaves');
select is(t.refusal($$select clinic.join_waitlist(t.id('bob'), t.id('half'), '{(,)}')$$), 'PT403 not_yours', 'nor joins');
select is(t.refusal($$select clinic.join_waitlist(t.id('ada'), t.id('half'), '{(,)}', priority => 1)$$), 'PT403 staff_only', 'nor says how urgent they are');
select is((clinic.join_waitlist(t.id('ada'), t.id('half'), '{(,)}')).created_by, t.id('ada''s account'), 'who answers for a patient joins for them');
select is(t.refusal($$update clinic.waitlist_entry set priority = 1 where patient_id = t.id('ada')$$), 'PT422 immutable', 'and is no more urgent later');
select is(t.refusal($$insert into clinic.waitlist_entry (patient_id, service_id, wanted, created_at) values (t.id('ada'), t.id('half'), '{(,)}', '2000-01-01')$$), 'not refused', 'an account may say since when,');
select is(t.refusal($$select clinic.offer_waitlist()$$) || t.refusal($$select * from clinic.tick()$$), 'PT403 staff_onlyPT403 staff_only', 'housekeeping is for the staff');
select t.act_as('bob''s account');
select is((clinic.accept_offer(t.id('entry of bob'))).status, 'scheduled', 'bob accepts what bob is offered');
select t.act_as(null);
insert into clinic.waitlist_entry (patient_id, service_id, wanted, created_at) values (t.id('hal'), t.id('half'), '{(,)}', '2000-01-01');
select is((select created_at from clinic.waitlist_entry where patient_id = t.id('hal')), '2000-01-01', 'the staff say since when a patient waits');
select t.clear();
select t.call('v', t.book('ada', 'house', t.at('10:00'))), t.join('bob');
select t.act_as('ada''s account');
select clinic.cancel(t.id('v'), 'ill');
select t.act_as(null);
select is(t.all(), 'bob offered house 10:00', 'what an account cancels is offered');
select is((a.created_by, a.updated_by, j.actor_id)::text, '(,,)', 'and nobody learns whose it was')
from clinic.appointment a join clinic.journal j on j.entity_id = a.id where a.id = (t.entry('bob')).appointment_id;

-- roles, and row security: everybody sees their own
create role app;
grant usage on schema clinic to app;
grant execute on all functions in schema clinic to app;
grant select, insert, update on clinic.appointment, clinic.waitlist_entry to app;
grant select on clinic.patient to app;
create function t.run_as(role text, statement text) returns text language plpgsql as $$
declare
  result text;
begin
  perform pg_catalog.set_config('role', role, true);
  execute statement into result;
  perform pg_catalog.set_config('role', 'none', true);
  return result;
end $$;
alter table clinic.appointment enable row level security;
alter table clinic.waitlist_entry enable row level security;
create policy own on clinic.appointment to app using (exists (select from clinic.patient p where p.id = patient_id and p.user_id = clinic.current_actor()));
create policy own on clinic.waitlist_entry to app using (exists (select from clinic.patient p where p.id = patient_id and p.user_id = clinic.current_actor()));
select t.clear();
select t.call('v', t.book('ada', 'house', t.at('10:00')));
select t.act_as('bob''s account');
select is(t.run_as('app', $$select (clinic.join_waitlist(t.id('bob'), t.id('half'), t.mins('10:00-10:30'))).status$$), 'waiting', 'an account of no rights but on its own rows joins');
select t.call('entry of bob', e.id) from clinic.waitlist_entry e;
select t.act_as('ada''s account');
select is(t.run_as('app', $$select count(*) from clinic.waitlist_entry$$), '0', 'which another does not see');
select is(t.refusal_of('app', $$select clinic.leave_waitlist(t.id('entry of bob'))$$), 'PT404 not_found', 'nor touch');
select is(t.run_as('app', $$select (clinic.cancel(t.id('v'), 'ill')).status$$), 'cancelled', 'who cancels feeds the list all the same');
select is(t.run_as('app', $$select count(*) from clinic.appointment a where a.status = 'held'$$), '0', 'and does not see to whom');
select t.act_as('bob''s account');
select is(t.run_as('app', $$select (clinic.accept_offer(t.id('entry of bob'))).status$$), 'scheduled', 'who is offered the time accepts it');
select t.act_as(null);
alter table clinic.appointment disable row level security;
alter table clinic.waitlist_entry disable row level security;
select is(t.all(), 'bob accepted house 10:00', 'and that is that');
select is(t.refusal_of('app', 'truncate clinic.waitlist_entry') || ' ' || t.refusal('truncate clinic.waitlist_entry'), '42501 PT422 immutable', 'nobody truncates the list');

-- nothing that goes wrong with the offer harms who cancels
select t.clear();
select t.call('v', t.book('ada', 'house', t.at('10:00'))), t.join('bob');
create function t.quarrel() returns trigger language plpgsql as $$begin raise exception 'no'; end$$;
create trigger quarrel before insert on clinic.appointment for each row execute function t.quarrel();
select is((clinic.cancel(t.id('v'), 'ill')).status, 'cancelled', 'a trigger that refuses the offer does not refuse the cancellation');
drop trigger quarrel on clinic.appointment;
select is(t.all(), 'bob waiting', 'nothing is offered then');
select is((clinic.offer_waitlist(), t.all())::text, '(1,"bob offered house 09:00")', 'but later');
select t.clear();

-- housekeeping
select t.call('v', t.book('ada', 'house', t.at('10:00'))), t.join('bob', t.mins('10:00-10:30')), t.join('cleo', t.mins('10:00-10:30'));
select clinic.cancel(t.id('v'), 'ill');
select t.expire('bob');
create function t.tick() returns text language sql
  as $$select string_agg(k.task || ' ' || k.done, ', ') from clinic.tick() k where k.task in ('extend_series', 'expire_holds', 'offer_waitlist')$$;
select is(t.tick(), 'extend_series 0, expire_holds 1, offer_waitlist 0', 'tick() does it all');
select is(t.all(), 'bob waiting, cleo offered house 10:00', 'so that an offer that has expired goes to the next');
select is(t.tick(), 'extend_series 0, expire_holds 0, offer_waitlist 0', 'and once');
-- Who does not come, where patients check in
select is((select k.done from clinic.tick() k where k.task = 'mark_no_shows'), 0::bigint, 'where nobody is checked in, nobody is missed');
insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, override_reason) values (t.id('bob'), t.id('grey'), t.id('half'), now() - interval '2 hours', 'from paper');
select is((select k.done from clinic.tick() k where k.task = 'mark_no_shows'), 0::bigint, 'whoever has not come');
select clinic.walk_in(t.id('ada'), t.id('half'));
select is((select k.done from clinic.tick() k where k.task = 'mark_no_shows'), 1::bigint, 'else who has not come half an hour after the start');
select is(t.refusal('select clinic.tick(null)') || t.refusal('select clinic.offer_waitlist(null)'), 'PT400 missing_argumentPT400 missing_argument', 'no clinic has no housekeeping');
select is_empty('select * from clinic.verify()', 'and every claim is what it should be');
select * from finish();
rollback;
