begin;
select plan(129);
\ir include/fixture.psql

-- A surgery in Berlin that gives out numbers: two doctors, ten a day each.
select t.call('surgery', (clinic.create_clinic('Surgery', 'Europe/Berlin', 'token')).id);
select set_config('clinic_sched.clinic_id', t.id('surgery')::text, true);
select t.call('visit', (select id from clinic.service where clinic_id = t.id('surgery')));
insert into clinic.provider (id, code, name) values (t.call('doc', clinic.uuid7()), 'doc', 'Doc'), (t.call('eve', clinic.uuid7()), 'eve', 'Dr Eve');
insert into clinic.patient (id, name, user_id) values (t.call('pat', clinic.uuid7()), 'Pat Ient', t.id('ada''s account')), (t.call('tip', clinic.uuid7()), 'Tip Toe', null);
create function t.day(n int) returns date immutable language sql as $$select '2099-06-01'::date + $1$$;
-- Books a number; says which, or why not.
create function t.token(day int, provider text default 'doc', service text default 'visit') returns text language plpgsql as $$
declare
  result text := t.refusal(format('select clinic.book_token(t.id(%L), t.id(%L), t.day(%s), t.id(%L))', 'pat', $2, $1, $3));
begin
  return case when result = 'not refused' then (select b.seat::text from clinic.book_token(t.id('pat'), t.id($2), t.day($1), t.id($3)) b) else result end;
end $$;
create function t.tokens(n int, day int, provider text default 'doc') returns text language plpgsql as $$
declare
  result text[];
begin
  for i in 1..n loop
    result := result || t.token($2, $3);
  end loop;
  return array_to_string(result, ' ');
end $$;
create function t.cancel(number int, day int, provider text default 'doc') returns void language sql
  as $$select clinic.cancel(a.id, 'well again') from clinic.appointment a where a.provider_id = t.id($3) and a.seat = $1 and a.starts_at = t.at('00:00', $2) and a.status = 'scheduled'$$;

-- numbers
select is(t.tokens(11, 0), '1 2 3 4 5 6 7 8 9 10 PT409 capacity_reached', 'numbers are given in the order of booking, as many as there are');
select is(t.tokens(2, 0, 'eve'), '1 2', 'each doctor has their own');
select is(t.tokens(2, 1), '1 2', 'and each day');
select results_eq($$select a.mode, a.status, a.starts_at, a.ends_at, a.buffer_before + a.buffer_after from clinic.appointment a where a.provider_id = t.id('doc') and a.seat = 7$$,
                  $$values ('token'::clinic.visit_mode, 'scheduled'::clinic.appointment_status, t.at('00:00'), t.at('00:00', 1), interval '0')$$, 'a number is of a civil day');
select t.cancel(7, 0), t.cancel(3, 0);
select is(t.token(0), '3', 'a number that was given back is the next, the lowest first');
select is(t.token(0), '7', 'then the other');
select is(t.token(0), 'PT409 capacity_reached', 'and no third');
select clinic.confirm(a.id), clinic.set_status(a.id, 'no_show') from clinic.appointment a where a.provider_id = t.id('doc') and a.seat = 5;
select is(t.token(0), '5', 'so is that of a patient who did not come');
select is(t.words_of($$select clinic.book_token(t.id('pat'), t.id('doc'), t.day(0))$$) like 'that day is fully booked%', true, 'the refusal says what is the matter');
select is((select count(*) from clinic.claim c where c.resource_id = t.id('doc') and c.starts_at = t.at('00:00')), 10::bigint, 'ten numbers are ten claims');
select is(s.seats_left, 8, 'the day is listed with what is left') from clinic.available_slots(t.id('doc'), t.id('visit'), tstzrange(t.at('00:00', 1), t.at('00:00', 2))) s;
select is(s.reason, 'capacity_reached', 'or why it may not be booked') from clinic.available_slots(t.id('doc'), t.id('visit'), tstzrange(t.at('00:00'), t.at('00:00', 1))) s;

-- capacity: the day's, else the rota's, else the doctor's
select is(t.tokens(11, 10), '1 2 3 4 5 6 7 8 9 10 PT409 capacity_reached', 'a doctor''s seats are the capacity');
insert into clinic.hours (resource_id, valid, weekly, mode, seats) values (t.id('doc'), '[2099-06-15,2099-06-22)', '24/7', 'token', 3);
select is(t.tokens(4, 14), '1 2 3 PT409 capacity_reached', 'but for the rota''s');
insert into clinic.day_capacity (resource_id, day, seats) values (t.id('doc'), t.day(15), 2), (t.id('doc'), t.day(16), 12), (t.id('doc'), t.day(11), 1);
select is(t.tokens(3, 15), '1 2 PT409 capacity_reached', 'but for the day''s, be it less');
select is(t.tokens(13, 16), '1 2 3 4 5 6 7 8 9 10 11 12 PT409 capacity_reached', 'or more');
select is(t.tokens(2, 11), '1 PT409 capacity_reached', 'also without a rota');
insert into clinic.day_capacity (resource_id, day) values (t.id('doc'), t.day(17));
select is(t.tokens(4, 17), '1 2 3 PT409 capacity_reached', 'a day that says nothing of it has the rota''s');
update clinic.hours set seats = null where resource_id = t.id('doc');
select is(t.tokens(8, 17), '4 5 6 7 8 9 10 PT409 capacity_reached', 'or, if that says nothing, the doctor''s');
update clinic.day_capacity set seats = 4 where day = t.day(17);
select t.cancel(8, 17), t.cancel(2, 17);
select is(t.tokens(2, 17), '2 PT409 capacity_reached', 'of a day that has fewer than were given, numbers within it are given again');
update clinic.day_capacity set seats = 8 where day = t.day(17);
select is(t.tokens(2, 17), '8 PT409 capacity_reached', 'and the others when it has more');
select is_empty('select * from clinic.verify()', 'which is all no damage');

-- days on which there is nobody
insert into clinic.day_capacity (resource_id, day, available) values (t.id('doc'), t.day(20), false);
select is(t.token(20), 'PT422 provider_absent', 'on a day off the doctor is absent');
select is(t.token(20, 'eve'), '1', 'and not the other');
insert into clinic.closure (resource_id, during) values (t.id('doc'), tstzrange(t.at('00:00', 23), t.at('00:00', 25)));
select is(t.token(23), 'PT422 provider_absent', 'so on leave');
insert into clinic.closure (during) values (tstzrange(t.at('00:00', 30), t.at('00:00', 31)));
select is(t.token(30), 'PT422 clinic_closed', 'on a holiday the clinic is closed');
insert into clinic.hours (resource_id, valid, weekly) values (t.id('eve'), '[2099-06-29,2099-07-06)', 'Tu 08:00-12:00');
select is(t.token(31, 'eve'), 'PT422 outside_hours', 'on a day without hours there are no numbers');
select is(t.token(29, 'eve'), '1', 'on one with some there are');
insert into clinic.closure (resource_id, during) values (t.id('doc'), tstzrange(t.at('08:00', 26), t.at('12:00', 26)));
select is(t.token(26), '1', 'a morning off leaves the day');

-- today
select t.call(z.name, (clinic.create_clinic(z.name, z.name, 'token')).id) from (values ('Pacific/Kiritimati'), ('Pacific/Pago_Pago')) z (name);
insert into clinic.provider (clinic_id, code, name) select t.id(z.name), 'doc', 'Doc' from (values ('Pacific/Kiritimati'), ('Pacific/Pago_Pago')) z (name);
insert into clinic.patient (clinic_id, id, name) select t.id(z.name), t.call('of ' || z.name, clinic.uuid7()), 'Is Lander' from (values ('Pacific/Kiritimati'), ('Pacific/Pago_Pago')) z (name);
select is((b.starts_at at time zone z.name), date_trunc('day', now() at time zone z.name), 'no day is today in ' || z.name)
from (values ('Pacific/Kiritimati'), ('Pacific/Pago_Pago')) z (name)
cross join lateral clinic.book_token(t.id('of ' || z.name), (select r.id from clinic.resource r where r.clinic_id = t.id(z.name)), clinic_id => t.id(z.name)) b;
create function t.today() returns date stable language sql as $$select (now() at time zone 'Europe/Berlin')::date$$;
select is(t.refusal($$select clinic.book_token(t.id('pat'), t.id('doc'), t.today() - 1)$$), 'PT422 in_the_past', 'yesterday has passed');
select is(t.refusal($$select clinic.book_token(t.id('pat'), t.id('doc'), t.today())$$), 'not refused', 'today has not, at whatever hour');
set local timezone = 'Asia/Tokyo';
select is((clinic.book_token(t.id('pat'), t.id('doc'), t.day(40))).starts_at, t.at('00:00', 40), 'a day is the clinic''s, whatever the session''s time zone');
set local timezone = 'UTC';
select results_eq($$select b.ends_at - b.starts_at from (values ('2098-10-26'::date), ('2099-03-29')) d (day) cross join lateral clinic.book_token(t.id('pat'), t.id('doc'), d.day) b$$, $$values (interval '25 hours'), ('23 hours')$$, 'and as long as it is');

-- the rules
create function t.token_after(statement text, day date) returns text language plpgsql as $$
declare
  result text;
begin
  begin
    execute statement;
    result := t.refusal(format('select clinic.book_token(t.id(%L), t.id(%L), %L)', 'pat', 'doc', $2));
    raise exception using errcode = 'T0001';
  exception when sqlstate 'T0001' then
    return result;
  end;
end $$;
select is(t.token_after(statement, day), refusal, what) from (values
  ('update clinic.clinic set allow_same_day = false', t.today(), 'PT422 same_day', 'not today where visits are not booked for the same day'),
  ('update clinic.clinic set allow_same_day = false', t.today() + 1, 'not refused', 'but tomorrow'),
  ('update clinic.clinic set max_advance = ''7 days''', t.today() + 9, 'PT422 too_far_ahead', 'not too far ahead'),
  ('update clinic.clinic set max_advance = ''7 days''', t.today() + 6, 'not refused', 'but just so far'),
  ('update clinic.clinic set min_notice = ''3 days''', t.today() + 1, 'PT422 too_soon', 'not too soon'),
  ('update clinic.clinic set min_notice = ''3 days''', t.today() + 4, 'not refused', 'but later'),
  ('update clinic.clinic set status = ''closed''', t.day(50), 'PT422 clinic_closed', 'not where the clinic takes no new visits'),
  ('update clinic.clinic set status = ''closing_soon''', t.day(50), 'not refused', 'but where it closes soon'),
  ('update clinic.provider set is_active = false', t.day(50), 'PT422 inactive', 'not with a doctor who takes none'),
  ('update clinic.patient set is_active = false', t.day(50), 'PT422 inactive', 'nor for a patient who takes none'),
  ('update clinic.clinic set max_active_per_patient = 1', t.day(50), 'PT422 limit_reached', 'nor more than a patient may have'),
  ('update clinic.clinic set prevent_patient_overlap = true', t.day(0), 'PT409 capacity_reached', 'a day that is full is so first'),
  ('update clinic.clinic set prevent_patient_overlap = true', t.day(1), 'not refused', 'two numbers of a day do not overlap')) x (statement, day, refusal, what);

-- the mode
insert into clinic.service (id, code, name, duration) values (t.call('timed', clinic.uuid7()), 'timed', 'Timed', '30 min');
select is(t.token(50, 'doc', 'timed'), 'PT422 wrong_mode', 'a timed service has no numbers');
select is(t.refusal($$select clinic.book(t.id('pat'), t.id('doc'), t.id('visit'), t.at('09:00', 50))$$), 'PT422 wrong_mode', 'a token has no time');
select is(t.refusal($$select clinic.book(t.id('pat'), null, t.id('visit'), t.at('09:00', 50))$$), 'PT422 wrong_mode', 'nor with any provider');
select is(t.refusal($$select clinic.book(t.id('pat'), t.id('doc'), t.id('timed'), t.at('09:00', 50))$$), 'PT422 wrong_mode', 'a timed visit has no time on a day of numbers');
select is(t.refusal($$select clinic.book(t.id('pat'), null, t.id('timed'), t.at('09:00', 50))$$), 'PT422 wrong_mode', 'with any provider neither');
insert into clinic.hours (resource_id, valid, weekly, mode, seats) values (t.id('doc'), '[2099-08-03,2099-08-10)', '24/7', 'timed', 1);
select is(t.token(63), 'PT422 wrong_mode', 'on a day of times there are no numbers');
select is(t.refusal($$select clinic.book(t.id('pat'), t.id('doc'), t.id('timed'), t.at('09:00', 63))$$), 'not refused', 'but times');
select is(t.refusal($$select clinic.book(t.id('pat'), null, t.id('timed'), t.at('09:00', 63))$$), 'not refused', 'also where the other doctor has numbers');
select is((clinic.book_token(t.id('pat'), null, t.day(63))).provider_id, t.id('eve'), 'who has numbers is found');
select is(t.refusal($$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, mode) values (t.id('pat'), t.id('doc'), t.id('timed'), t.at('09:00', 63), 'token')$$), 'PT422 wrong_mode', 'a plain INSERT is held to that');
delete from clinic.service where code = 'timed';

-- no service
select is((clinic.book_token(t.id('pat'), t.id('doc'), t.day(70))).service_id, t.id('visit'), 'no service is the only one there is');
insert into clinic.service (id, code, name, duration, mode, is_active) values (t.call('blood', clinic.uuid7()), 'blood', 'Blood', '15 min', 'token', false);
select is((clinic.book_token(t.id('pat'), t.id('doc'), t.day(70))).service_id, t.id('visit'), 'that is active');
update clinic.service set is_active = true where code = 'blood';
select is(t.refusal($$select clinic.book_token(t.id('pat'), t.id('doc'), t.day(70))$$), 'PT400 missing_argument', 'of two one must be named');
select is(t.refusal($$select clinic.book_token(t.id('pat'), null, t.day(70))$$), 'PT400 missing_argument', 'with any provider too');
insert into clinic.provider_service (provider_id, service_id) values (t.id('doc'), t.id('blood'));
select is((clinic.book_token(t.id('pat'), t.id('doc'), t.day(70))).service_id, t.id('blood'), 'but where the doctor offers only one');
select is(t.token(70), 'PT422 not_offered', 'which then is the one');
select is(t.refusal($$select clinic.book_token(t.id('pat'), t.id('eve'), t.day(70))$$), 'PT400 missing_argument', 'who is not said to offer any offers all');
select is((clinic.book_token(t.id('pat'), null, t.day(70), t.id('visit'))).provider_id, t.id('eve'), 'any provider is one who offers the service');
select is((clinic.book_token(t.id('pat'), t.id('doc'), t.day(70), t.id('blood'))).seat, 4, 'all services of a doctor share the numbers');
delete from clinic.provider_service;
delete from clinic.appointment where service_id = t.id('blood');
delete from clinic.service where code = 'blood';
update clinic.service set is_active = false;
select is(t.refusal($$select clinic.book_token(t.id('pat'), t.id('doc'), t.day(70))$$), 'PT422 wrong_mode', 'without a token service there are no numbers');
select is(t.token(70), 'PT422 inactive', 'nor with one that takes no new visits');
update clinic.service set is_active = true;

-- any provider
create function t.any_token(day int) returns text language plpgsql as $$
declare
  result text := t.refusal(format('select clinic.book_token(t.id(%L), null, t.day(%s))', 'pat', $1));
begin
  return case when result = 'not refused' then (select r.code || b.seat from clinic.book_token(t.id('pat'), null, t.day($1)) b join clinic.resource r on r.clinic_id = b.clinic_id and r.id = b.provider_id) else result end;
end $$;
insert into clinic.day_capacity (resource_id, day, seats, available) values (t.id('doc'), t.day(80), 2, true), (t.id('eve'), t.day(80), 1, true), (t.id('doc'), t.day(81), null, false), (t.id('doc'), t.day(82), null, false), (t.id('eve'), t.day(82), null, false), (t.id('doc'), t.day(83), null, false), (t.id('eve'), t.day(83), 1, true);
select is(string_agg(t.any_token(80), ' '), 'doc1 doc2 eve1 PT409 capacity_reached', 'any provider is one who has a number left') from generate_series(1, 4);
select t.cancel(1, 80);
select is(t.any_token(80), 'doc1', 'be it one that was given back');
select is(t.any_token(81), 'eve1', 'any provider is one who is there');
select is(t.any_token(82), 'PT422 provider_absent', 'if nobody is, that is the reason');
select is(t.any_token(83) || ' ' || t.any_token(83), 'eve1 PT409 capacity_reached', 'if somebody is, that all numbers are given');
select is(t.any_token(30), 'PT422 clinic_closed', 'on a holiday nobody has one');
select is(t.refusal($$select clinic.book_token(t.id('pat'), null, t.today() - 1)$$), 'PT422 in_the_past', 'nor yesterday');

-- rooms
insert into clinic.room (id, code, name, seats) values (t.call('ward', clinic.uuid7()), 'ward', 'Ward', 3);
insert into clinic.service_requirement (service_id, kind) values (t.id('visit'), 'room');
select is(s.seats_left, 3, 'no more numbers are left than a room that is required takes') from clinic.available_slots(t.id('doc'), t.id('visit'), tstzrange(t.at('00:00', 90), t.at('00:00', 91))) s;
select is(t.tokens(2, 90), '1 2', 'and given');
select is(t.any_token(90), 'doc3', 'with any provider too');
select is(t.token(90, 'eve'), 'PT409 slot_taken', 'the room is all the doctors''');
select is(count(*), 3::bigint, 'all day') from clinic.claim where resource_id = t.id('ward') and starts_at = t.at('00:00', 90) and ends_at = t.at('00:00', 91);
delete from clinic.service_requirement;
insert into clinic.day_capacity (resource_id, day, seats) values (t.id('doc'), t.day(91), 1);
insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, mode, status, hold_expires_at) values (t.id('pat'), t.id('doc'), t.id('visit'), t.at('00:00', 91), 'token', 'held', now() - interval '1 second');
insert into clinic.service_requirement (service_id, kind) values (t.id('visit'), 'room');
select is(t.tokens(3, 91, 'eve'), '1 2 3', 'another doctor''s tokens take the room');
select is(t.token(91), 'PT409 slot_taken', 'then it is the room that is wanting, not the only number, which an expired hold has');
delete from clinic.service_requirement;
insert into clinic.equipment (id, code, name) values (t.call('scale', clinic.uuid7()), 'scale', 'Scale');
insert into clinic.appointment (id, patient_id, provider_id, service_id, starts_at, mode, resource_ids) values (t.call('weighed', clinic.uuid7()), t.id('pat'), t.id('doc'), t.id('visit'), t.at('00:00', 92), 'token', array[t.id('scale')]), (clinic.uuid7(), t.id('tip'), t.id('eve'), t.id('visit'), t.at('00:00', 93), 'token', array[t.id('scale')]);
select is(t.refusal($$select clinic.reschedule(t.id('weighed'), t.at('00:00', 93))$$), 'PT409 capacity_reached', 'a token is not moved to where what was named for it is taken');
select is(s.reason, 'capacity_reached', 'for the reason that is listed') from clinic.available_slots(t.id('doc'), t.id('visit'), tstzrange(t.at('00:00', 93), t.at('00:00', 94)), moving => t.id('weighed')) s;

-- moved within its day
select t.tokens(2, 95), t.cancel(1, 95);
select t.call('late', (select id from clinic.appointment where provider_id = t.id('doc') and starts_at = t.at('00:00', 95) and seat = 2));
select is((clinic.reschedule(t.id('late'), t.at('15:00', 95))).seat, 2, 'a token that goes to its own day keeps its number');
select is((clinic.reschedule(t.id('late'), t.at('15:00', 95), override_reason => 'x')).seat, 2, 'with a reason too');
select is(t.token(95), '1', 'the one that is free is given to the next');
select is_empty('select * from clinic.verify()', 'and both are claimed');

-- the same request
create function t.send(patient text default 'pat', provider text default 'doc', day date default t.day(100), service text default 'visit', reason text default 'cough', key text default 'k') returns clinic.appointment language sql
  as $$select clinic.book_token(t.id($1), t.id($2), $3, t.id($4), $5, $6)$$;
select t.call('sent', (t.send()).id);
select is((t.send()).id, t.id('sent'), 'the same request sent again is the same number');
select is(count(*), 1::bigint, 'and one number') from clinic.appointment where starts_at = t.at('00:00', 100);
select is(t.refusal(format('select t.send(%s)', change)), 'PT409 idempotency_mismatch', format('the same key with %s is refused', change))
from unnest(array['patient => ''tip''', 'provider => ''eve''', 'provider => null', 'day => t.day(101)', 'day => null', 'service => null', 'reason => null', 'reason => ''flu''']) change;
select is(t.refusal($$select clinic.book(t.id('pat'), t.id('doc'), t.id('visit'), t.at('00:00', 100), reason => 'cough', idempotency_key => 'k')$$), 'PT409 idempotency_mismatch', 'so is the same key for a time');
select clinic.cancel(t.id('sent'), 'well again');
select is((t.send()).status, 'cancelled', 'a number that was cancelled is returned as it is now');
select is(t.token(100), '1', 'and is somebody else''s');
select is((t.send(day => null, key => 'today')).id, (t.send(day => null, key => 'today')).id, 'no day is the same request as no day');
select is((t.send(provider => null, key => 'any')).id, (t.send(provider => null, key => 'any')).id, 'any provider is the same request as any provider');
select is((t.send(service => null, key => 'only')).id, (t.send(service => null, key => 'only')).id, 'no service is the same request as no service');
select is(t.refusal($$select t.send(day => t.day(20), key => 'fails')$$) || ', ' || (t.send(day => t.day(102), key => 'fails')).seat, 'PT422 provider_absent, 1', 'a refused request uses up no key');

-- bad input
select is(t.refusal(statement), refusal, what) from (values
  ($$select clinic.book_token(null, t.id('doc'), t.day(110))$$, 'PT400 missing_argument', 'no patient'),
  ($$select clinic.book_token(t.id('pat'), t.id('doc'), t.day(110), clinic_id => null)$$, 'PT400 missing_argument', 'no clinic'),
  ($$select clinic.book_token(t.id('nobody'), t.id('doc'), t.day(110))$$, 'PT404 not_found', 'an unknown patient'),
  ($$select clinic.book_token(t.id('nobody'), null, t.day(110))$$, 'PT404 not_found', 'an unknown patient with any provider'),
  ($$select clinic.book_token(t.id('pat'), t.id('nobody'), t.day(110))$$, 'PT404 not_found', 'an unknown doctor'),
  ($$select clinic.book_token(t.id('pat'), t.id('ward'), t.day(110))$$, 'PT404 not_found', 'a room'),
  ($$select clinic.book_token(t.id('pat'), t.id('house'), t.day(110))$$, 'PT404 not_found', 'another clinic''s doctor'),
  ($$select clinic.book_token(t.id('ada'), t.id('doc'), t.day(110))$$, 'PT404 not_found', 'another clinic''s patient'),
  ($$select clinic.book_token(t.id('pat'), t.id('doc'), t.day(110), t.id('nobody'))$$, 'PT404 not_found', 'an unknown service'),
  ($$select clinic.book_token(t.id('pat'), null, t.day(110), t.id('half'))$$, 'PT404 not_found', 'another clinic''s service'),
  ($$select clinic.book_token(t.id('pat'), t.id('doc'), t.day(110), clinic_id => t.id('nobody'))$$, 'PT404 not_found', 'an unknown clinic'),
  ($$select clinic.book_token(t.id('pat'), t.id('doc'), 'infinity')$$, 'PT400 invalid_time', 'a day that never comes'),
  ($$select clinic.book_token(t.id('pat'), t.id('doc'), '-infinity')$$, 'PT400 invalid_time', 'one that never was'),
  ($$select clinic.book_token(t.id('pat'), t.id('doc'), '0044-03-15 BC')$$, 'PT400 invalid_time', 'one before the common era'),
  ($$select clinic.book_token(t.id('pat'), t.id('doc'), '5874897-12-31')$$, 'PT400 invalid_time', 'the last of all'),
  ($$select clinic.book_token(t.id('pat'), t.id('doc'), t.day(110), reason => '')$$, 'PT400 invalid_text', 'an empty reason'),
  ($$select clinic.book_token(t.id('pat'), t.id('doc'), t.day(110), reason => repeat('x', 2001))$$, 'PT400 invalid_text', 'too long a reason'),
  ($$select clinic.book_token(t.id('pat'), t.id('doc'), t.day(110), idempotency_key => '')$$, 'PT400 invalid_text', 'an empty key'),
  ($$select clinic.book_token(t.id('pat'), t.id('doc'), t.day(110), reason => repeat('x', 2000))$$, 'not refused', 'just so long a reason is none')) x (statement, refusal, what);

-- whose it is
select t.act_as('ada''s account');
select is(t.refusal($$select clinic.book_token(t.id('pat'), t.id('doc'), t.day(120))$$), 'not refused', 'an account has numbers for its patients');
select is(t.refusal($$select clinic.book_token(t.id('tip'), t.id('doc'), t.day(120))$$), 'PT403 not_yours', 'and not for others');
select is(t.refusal($$select clinic.book_token(t.id('tip'), null, t.day(120))$$), 'PT403 not_yours', 'with any provider neither');
select t.act_as(null);

select is_empty('select * from clinic.verify(null)', 'and every claim is what it should be');
select * from finish();
rollback;
