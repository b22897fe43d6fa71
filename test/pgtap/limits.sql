-- How many visits a patient may have, who is blocked for missing them, until when one may be given up, and when the
-- clinic takes none.
begin;
select plan(154);
\ir include/fixture.psql
create function t.visit(name text) returns clinic.appointment language sql as $$select a from clinic.appointment a where a.id = t.id($1)$$;

-- Rows are (patient, provider, start, more), more being columns and their values.
create function t.row_of(patient text, provider text, starts_at timestamptz, more jsonb default '{}') returns text language sql
  as $$select format('insert into clinic.appointment (patient_id, provider_id, service_id, starts_at%s) values (t.id(%L), t.id(%L), t.id(%L), %L%s)',
    (select string_agg(', ' || k, '' order by k) from jsonb_object_keys($4) k), $1, $2, 'half', $3, (select string_agg(format(', %L', v), '' order by k) from jsonb_each_text($4) e(k, v)))$$;
create function t.insert_row(patient text, provider text, starts_at timestamptz, more jsonb default '{}') returns text language sql as $$select t.refusal(t.row_of($1, $2, $3, $4))$$;
create function t.insert_rows(visits text) returns text language sql
  as $$select t.refusal('insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, status, override_reason) values ' || $1)$$;
create function t.add(name text, patient text, provider text, starts_at timestamptz, more jsonb default '{}') returns uuid language plpgsql as $$
declare
  added uuid;
begin
  execute t.row_of($2, $3, $4, $5) || ' returning id' into added;
  return t.call(name, added);
end $$;
create function t.walk_in() returns text immutable language sql as $$select 'insert into clinic.appointment (patient_id, service_id, starts_at, mode, status) values (t.id(''cleo''), t.id(''half''), now(), ''walk_in'', ''arrived'')'$$;
-- What is said, without what is behind it.
create function t.said(statement text) returns text language sql as $$select btrim(split_part(t.words_of($1), 'SQL statement', 1), E'\n')$$;

-- so many a day
update clinic.clinic set max_per_day_per_patient = 2 where id = t.id('clinic');
select t.call('1', t.book('ada', 'house', t.at('00:30'))), t.call('2', t.book('ada', 'house', t.at('23:30'), 'hour'));
select is(t.refusal($$select t.book('ada', 'house', t.at('12:00'))$$), 'PT422 limit_reached', 'a patient has no more visits on a day than the clinic allows');
select is(t.said($$select t.book('ada', 'house', t.at('12:00'))$$), E'the patient has as many visits on that day as the clinic allows\nlimit_reached\nChoose another day.', 'which is what is said');
select is(t.refusal($$select clinic.book(t.id('ada'), null, t.id('half'), t.at('12:00'))$$), 'PT422 limit_reached', 'nor with any provider');
select is(t.refusal($$select clinic.book(t.id('ada'), t.id('house'), t.id('half'), t.at('12:00'), hold_for => '1 min')$$), 'PT422 limit_reached', 'nor held');
select is(t.insert_row('ada', 'house', t.at('12:00')), 'PT422 limit_reached', 'nor by a raw INSERT');
select is(t.refusal($$select t.book('bob', 'house', t.at('12:00'))$$), 'not refused', 'another patient may come');
select is(t.refusal($$select t.book('ada', 'house', t.at('23:30', -1))$$), 'not refused', 'a day ends at the clinic''s midnight');
select is(t.refusal($$select t.book('ada', 'house', t.at('00:30', 1))$$), 'not refused', 'and the next begins there, whatever runs into it');
select is(t.refusal($$select clinic.book(t.id('ada'), t.id('house'), t.id('half'), t.at('12:00'), override_reason => 'an emergency')$$), 'not refused', 'staff may set the limit aside');
select is(t.insert_row('ada', 'house', t.at('12:00'), '{"override_reason": "an emergency"}'), 'not refused', 'also by a raw INSERT');
select is(t.insert_row('ada', 'house', t.at('12:00'), '{"status": "completed"}'), 'not refused', 'history is not asked');

-- moves
select t.call('3', t.book('ada', 'house', t.at('12:00', 1)));
select is(t.refusal($$select clinic.reschedule(t.id('3'), t.at('12:00'))$$), 'PT422 limit_reached', 'a visit is not moved into a full day');
select is(t.refusal($$update clinic.appointment set starts_at = t.at('12:00') where id = t.id('3')$$), 'PT422 limit_reached', 'not by an UPDATE');
select is(t.refusal($$select clinic.reschedule(t.id('3'), t.at('12:00'), override_reason => 'an emergency')$$), 'not refused', 'but with an override');
select is(t.refusal($$select clinic.reschedule(t.id('2'), t.at('12:00'))$$), 'not refused', 'within its day it is not one more');
select is(t.refusal($$update clinic.appointment set starts_at = t.at('09:00', 3) + case when id = t.id('1') then interval '0' when id = t.id('2') then '2 hours' else '4 hours' end where patient_id = t.id('ada')$$), 'PT422 limit_reached', 'three moved at once do not fill a day of two');
select is(t.refusal($$update clinic.appointment set starts_at = t.at('09:00', 3) + case when id = t.id('1') then interval '0' else '2 hours' end where id in (t.id('1'), t.id('2'))$$), 'not refused', 'two do');
select t.call('b', t.book('bob', 'grey', t.at('12:00')));
select is(t.refusal($$update clinic.appointment set patient_id = t.id('ada') where id = t.id('b')$$), 'PT422 limit_reached', 'a visit given to the patient counts');

-- what counts
savepoint counted;
select clinic.cancel(t.id('1'), 'well again');
select is(t.refusal($$select t.book('ada', 'house', t.at('12:00'))$$), 'not refused', 'a cancelled visit does not count');
rollback to counted;
select clinic.set_status(t.id('1'), 'no_show');
select is(t.refusal($$select t.book('ada', 'house', t.at('12:00'))$$), 'not refused', 'nor one that was missed');
rollback to counted;
select clinic.set_status(t.id('1'), 'arrived'), clinic.set_status(t.id('1'), 'in_progress');
select is(t.refusal($$select t.book('ada', 'house', t.at('12:00'))$$), 'PT422 limit_reached', 'one under way does');
select clinic.set_status(t.id('1'), 'completed');
select is(t.refusal($$select t.book('ada', 'house', t.at('12:00'))$$), 'PT422 limit_reached', 'one that is over does');
rollback to counted;
delete from clinic.appointment where id = t.id('1');
select t.call('held', (clinic.book(t.id('ada'), t.id('house'), t.id('half'), t.at('12:00'), hold_for => '1 min')).id);
select is(t.refusal($$select t.book('ada', 'house', t.at('15:00'))$$), 'PT422 limit_reached', 'a hold does');
update clinic.appointment set hold_expires_at = now() where id = t.id('held');
select is(t.refusal($$select t.book('ada', 'house', t.at('15:00'))$$), 'not refused', 'an expired one does not');
select t.book('ada', 'house', t.at('15:00'));
select is(t.refusal($$select clinic.confirm(t.id('held'))$$), 'PT422 limit_reached', 'nor is it confirmed when the day is full without it');
rollback to counted;
insert into clinic.service (id, code, name, duration, mode) values (t.call('number', clinic.uuid7()), 'number', 'A number', '10 min', 'token');
insert into clinic.hours (resource_id, valid, weekly, mode) values (t.id('trio'), '[2099-06-01,2099-07-01)', '24/7', 'token');
select is(t.insert_row('ada', 'trio', t.at('12:00')), 'PT422 wrong_mode', 'on a day of tokens');
select is(t.refusal($$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, mode) values (t.id('ada'), t.id('trio'), t.id('number'), t.at('12:00'), 'token')$$), 'PT422 limit_reached', 'a number is a visit');
select is(t.refusal($$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, mode) select t.id('cleo'), t.id('trio'), t.id('number'), t.at('12:00'), 'token' from generate_series(1, 3)$$), 'PT422 limit_reached', 'three are one too many');
select is(t.refusal($$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, mode) select t.id('cleo'), t.id('trio'), t.id('number'), t.at('12:00'), 'token' from generate_series(1, 2)$$), 'not refused', 'two are not');
rollback to counted;
select is(t.refusal(t.walk_in() || ';' || t.walk_in() || ';' || t.walk_in()), 'not refused', 'who walks in is not asked');
do $$begin execute t.walk_in() || ';' || t.walk_in(); end$$;
select is(t.refusal($$select t.book('cleo', 'house', now())$$), 'PT422 limit_reached', 'but has come that day');
rollback to counted;

-- rows of one statement
select is(t.insert_rows($$(t.id('cleo'), t.id('house'), t.id('half'), t.at('09:00'), 'scheduled', null), (t.id('cleo'), t.id('house'), t.id('half'), t.at('10:00'), 'scheduled', null)$$), 'not refused', 'one INSERT books up to the limit');
select is(t.insert_rows($$(t.id('cleo'), t.id('house'), t.id('half'), t.at('09:00'), 'scheduled', null), (t.id('cleo'), t.id('house'), t.id('half'), t.at('10:00'), 'scheduled', null), (t.id('cleo'), t.id('house'), t.id('half'), t.at('11:00'), 'scheduled', null)$$), 'PT422 limit_reached', 'and not more');
select is(t.insert_rows($$(t.id('cleo'), t.id('house'), t.id('half'), t.at('09:00', 1), 'scheduled', null), (t.id('cleo'), t.id('house'), t.id('half'), t.at('10:00'), 'scheduled', null), (t.id('cleo'), t.id('house'), t.id('half'), t.at('11:00'), 'scheduled', null)$$), 'not refused', 'of two days, each has its own');
select is(t.insert_rows($$(t.id('cleo'), t.id('house'), t.id('half'), t.at('09:00'), 'scheduled', 'x'), (t.id('cleo'), t.id('house'), t.id('half'), t.at('10:00'), 'scheduled', 'x'), (t.id('cleo'), t.id('house'), t.id('half'), t.at('11:00'), 'scheduled', null)$$), 'PT422 limit_reached', 'what an override books before it counts');
select is(t.insert_rows($$(t.id('cleo'), t.id('house'), t.id('half'), t.at('11:00'), 'scheduled', null), (t.id('cleo'), t.id('house'), t.id('half'), t.at('09:00'), 'scheduled', 'x'), (t.id('cleo'), t.id('house'), t.id('half'), t.at('10:00'), 'scheduled', 'x')$$), 'PT422 limit_reached', 'and after it');
select is(t.insert_rows($$(t.id('cleo'), t.id('house'), t.id('half'), t.at('09:00'), 'completed', null), (t.id('cleo'), t.id('house'), t.id('half'), t.at('10:00'), 'completed', null), (t.id('cleo'), t.id('house'), t.id('half'), t.at('11:00'), 'scheduled', null)$$), 'PT422 limit_reached', 'so does what is over before it');
select is(t.insert_rows($$(t.id('cleo'), t.id('house'), t.id('half'), t.at('11:00'), 'scheduled', null), (t.id('cleo'), t.id('house'), t.id('half'), t.at('09:00'), 'completed', null), (t.id('cleo'), t.id('house'), t.id('half'), t.at('10:00'), 'completed', null)$$), 'PT422 limit_reached', 'and after it');
select is(t.insert_rows($$(t.id('cleo'), t.id('house'), t.id('half'), t.at('09:00'), 'scheduled', null), (t.id('cleo'), t.id('house'), t.id('half'), t.at('10:00'), 'cancelled', null), (t.id('cleo'), t.id('house'), t.id('half'), t.at('10:00'), 'no_show', null)$$), 'not refused', 'but not what never was');
select is(t.refusal($$select t.book('cleo', 'house', t.at('09:00') + n * interval '1 hour') from generate_series(0, 2) n$$), 'PT422 limit_reached', 'nor does a SELECT book more');

-- a day of 25 hours
update clinic.clinic set max_per_day_per_patient = 1 where id = t.id('clinic');
select t.book('cleo', 'house', t.at('00:00', 146));
select is(t.refusal($$select t.book('cleo', 'house', t.at('23:30', 146))$$), 'PT422 limit_reached', 'a day that clocks make longer is one day');
select is(t.refusal($$select t.book('cleo', 'house', t.at('00:00', 147))$$), 'not refused', 'to its end');
select t.book('cleo', 'house', t.at('00:00', 120));
select is(t.refusal($$select t.book('cleo', 'house', t.at('12:00', 119))$$), 'not refused', 'and the next day''s first instant is not in it');
update clinic.clinic set max_per_day_per_patient = null where id = t.id('clinic');
select is(t.refusal($$select t.book('cleo', 'house', t.at('01:00', 146) + n * interval '1 hour') from generate_series(0, 5) n$$), 'not refused', 'without a limit there is none');
rollback to counted;

-- so many of a service
update clinic.clinic set max_per_day_per_patient = null where id = t.id('clinic');
update clinic.service set max_active_per_patient = 2 where id = t.id('half');
select t.call('h1', t.book('cleo', 'house', t.at('09:00', 5))), t.call('h2', t.book('cleo', 'house', t.at('09:00', 6))), t.call('other', t.book('cleo', 'house', t.at('09:00', 7), 'hour'));
select is(t.refusal($$select t.book('cleo', 'house', t.at('09:00', 8))$$), 'PT422 limit_reached', 'a patient has no more visits of a service to come than it allows');
select is(t.said($$select t.book('cleo', 'house', t.at('09:00', 8))$$), E'the patient has as many visits of this service to come as the clinic allows\nlimit_reached', 'which is what is said');
select is(t.insert_row('cleo', 'house', t.at('09:00', 8)), 'PT422 limit_reached', 'nor by a raw INSERT');
select is(t.refusal($$select clinic.book(t.id('cleo'), null, t.id('half'), t.at('09:00', 8))$$), 'PT422 limit_reached', 'nor with any provider');
select is(t.refusal($$select clinic.book(t.id('cleo'), t.id('house'), t.id('half'), t.at('09:00', 8), hold_for => '1 min')$$), 'PT422 limit_reached', 'nor held');
select is(t.refusal($$select t.book('cleo', 'house', t.at('09:00', 8), 'hour')$$), 'not refused', 'another service is booked');
select is(t.refusal($$select t.book('bob', 'house', t.at('09:00', 8))$$), 'not refused', 'and by another patient');
select is(t.refusal($$select clinic.update_appointment(t.id('other'), service_id => t.id('half'))$$), 'PT422 limit_reached', 'a visit does not become one of the service');
select is(t.refusal($$update clinic.appointment set service_id = t.id('half') where id = t.id('other')$$), 'PT422 limit_reached', 'not by an UPDATE');
select is(t.refusal($$select clinic.reschedule(t.id('h1'), t.at('09:00', 8))$$), 'not refused', 'a visit that is moved is not one more');
select is(t.refusal($$select clinic.book(t.id('cleo'), t.id('house'), t.id('half'), t.at('09:00', 8), override_reason => 'an emergency')$$), 'not refused', 'staff may set the limit aside');
select is(t.insert_rows($$(t.id('bob'), t.id('house'), t.id('half'), t.at('09:00', 1), 'scheduled', null), (t.id('bob'), t.id('house'), t.id('half'), t.at('10:00', 2), 'scheduled', null), (t.id('bob'), t.id('house'), t.id('half'), t.at('11:00', 3), 'scheduled', null)$$), 'PT422 limit_reached', 'one INSERT books no more');
select is(t.insert_rows($$(t.id('bob'), t.id('house'), t.id('half'), t.at('09:00', 1), 'scheduled', null), (t.id('bob'), t.id('house'), t.id('half'), t.at('10:00', 2), 'completed', null), (t.id('bob'), t.id('house'), t.id('hour'), t.at('11:00', 3), 'scheduled', null)$$), 'not refused', 'but up to it');
select is(t.insert_row('cleo', 'house', '2020-01-01', '{"status": "completed"}'), 'not refused', 'history is not asked');
savepoint service;
select clinic.set_status(t.id('h1'), 'arrived'), clinic.set_status(t.id('h1'), 'in_progress');
select is(t.refusal($$select t.book('cleo', 'house', t.at('09:00', 8))$$), 'not refused', 'a visit under way is none to come');
rollback to service;
select clinic.cancel(t.id('h1'), 'well again');
select is(t.refusal($$select t.book('cleo', 'house', t.at('09:00', 8))$$), 'not refused', 'nor is a cancelled one');
rollback to service;
update clinic.clinic set max_active_per_patient = 3 where id = t.id('clinic');
select is(t.said($$select t.book('cleo', 'house', t.at('09:00', 8))$$), E'the patient has as many visits to come as the clinic allows\nlimit_reached', 'the clinic''s own limit is named first');
rollback to counted;

-- who misses visits
update clinic.clinic set max_per_day_per_patient = null, no_show_limit = 2 where id = t.id('clinic');
create function t.ago(days int) returns timestamptz language sql as $$select clinic.local_to_instant((now() at time zone 'Europe/Berlin') - make_interval(days => $1), 'Europe/Berlin')$$;
create function t.half_a_year_ago() returns timestamptz language sql as $$select clinic.local_to_instant((now() at time zone 'Europe/Berlin') - interval '6 months', 'Europe/Berlin')$$;
select is((select no_show_period from clinic.clinic where id = t.id('clinic')), '6 months', 'half a year is looked back');
select is(clinic.no_show_count(p), 0::bigint, 'at first nobody has missed a visit') from clinic.patient p where id = t.id('cleo');
select t.add('missed', 'cleo', 'house', t.half_a_year_ago(), '{"status": "no_show"}'), t.add('long ago', 'cleo', 'house', t.half_a_year_ago() - interval '1 microsecond', '{"status": "no_show"}');
select is(clinic.no_show_count(p), 2::bigint, 'every visit missed is counted') from clinic.patient p where id = t.id('cleo');
set local search_path = clinic, public;
select is(p.no_show_count, 2::bigint, 'as a computed field') from clinic.patient p where id = t.id('cleo');
reset search_path;
select is(clinic.no_show_count(p), 0::bigint, 'of that patient') from clinic.patient p where id = t.id('bob');
select is(t.refusal($$select t.book('cleo', 'house', t.at('09:00'))$$), 'not refused', 'with one in half a year a patient books');
select t.call('kept', t.book('cleo', 'house', t.at('09:00'))), t.call('gone', t.book('cleo', 'house', t.at('10:00'))), t.call('bob''s', t.book('bob', 'house', t.at('11:00')));
select t.call('hold', (clinic.book(t.id('cleo'), t.id('house'), t.id('half'), t.at('12:00'), hold_for => '1 min')).id), t.call('hold 2', (clinic.book(t.id('cleo'), t.id('house'), t.id('half'), t.at('13:00'), hold_for => '1 min')).id);
update clinic.appointment set hold_expires_at = now() where id = t.id('hold 2');
savepoint missed;
update clinic.appointment set starts_at = now() - interval '1 hour', override_reason = 'so that it has passed' where id = t.id('gone');
select clinic.set_status(t.id('gone'), 'no_show');
select is(t.refusal($$select t.book('cleo', 'house', t.at('15:00'))$$), 'PT422 patient_blocked', 'with a second the patient is blocked');
select is(t.said($$select t.book('cleo', 'house', t.at('15:00'))$$), E'the patient has missed too many visits to book another\npatient_blocked\nThe clinic''s staff may book with an override_reason.', 'which is said, and what to do');
select is(t.refusal($$select clinic.book(t.id('cleo'), null, t.id('half'), t.at('15:00'))$$), 'PT422 patient_blocked', 'also with any provider');
select is(t.refusal($$select clinic.book(t.id('cleo'), t.id('house'), t.id('half'), t.at('15:00'), hold_for => '1 min')$$), 'PT422 patient_blocked', 'and for a hold');
select is(t.insert_row('cleo', 'house', t.at('15:00')), 'PT422 patient_blocked', 'and by a raw INSERT');
select is(t.refusal($$update clinic.appointment set patient_id = t.id('cleo') where id = t.id('bob''s')$$), 'PT422 patient_blocked', 'nor is another''s visit given to the patient');
select is(t.refusal($$select t.book('bob', 'house', t.at('15:00'))$$), 'not refused', 'others book');
select is(t.refusal($$select clinic.book(t.id('cleo'), t.id('house'), t.id('half'), t.at('15:00'), override_reason => 'had a good reason')$$), 'not refused', 'and staff may book for the patient');
select is(t.insert_row('cleo', 'house', t.at('15:00'), '{"override_reason": "had a good reason"}'), 'not refused', 'by a raw INSERT too');
select is(t.refusal($$select clinic.reschedule(t.id('kept'), t.at('15:00'))$$), 'not refused', 'the visits there are may be moved');
select is(t.refusal($$update clinic.appointment set starts_at = t.at('15:00'), provider_id = t.id('grey') where id = t.id('kept')$$), 'not refused', 'by an UPDATE too');
select is(t.refusal($$select clinic.confirm(t.id('kept'))$$), 'not refused', 'and confirmed');
select is(t.refusal($$select clinic.confirm(t.id('hold'))$$), 'not refused', 'as a hold may be');
select is(t.refusal($$select clinic.confirm(t.id('hold 2'))$$), 'PT422 patient_blocked', 'but not one that has expired');
select is(t.refusal($$update clinic.appointment set status = 'scheduled', starts_at = t.at('15:00') where id = t.id('hold 2')$$), 'PT422 patient_blocked', 'wherever it is moved');
select is(t.refusal(t.walk_in()), 'not refused', 'who walks in is seen');
select is((select reason from clinic.available_slots(t.id('house'), t.id('half'), tstzrange(t.at('15:00'), t.at('15:30')))), null, 'what is offered is offered to all');
update clinic.clinic set no_show_period = '1 year' where id = t.id('clinic');
update clinic.clinic set no_show_limit = 3 where id = t.id('clinic');
select is(t.refusal($$select t.book('cleo', 'house', t.at('15:00'))$$), 'PT422 patient_blocked', 'a longer period has more of them');
update clinic.clinic set no_show_limit = 4 where id = t.id('clinic');
select is(t.refusal($$select t.book('cleo', 'house', t.at('15:00'))$$), 'not refused', 'and a higher limit allows more');
update clinic.clinic set no_show_limit = null where id = t.id('clinic');
select is(t.refusal($$select t.book('cleo', 'house', t.at('15:00'))$$), 'not refused', 'no limit allows all');
rollback to missed;
select is(t.insert_rows($$(t.id('cleo'), t.id('house'), t.id('half'), now() - interval '1 day', 'no_show', null), (t.id('cleo'), t.id('house'), t.id('half'), t.at('15:00'), 'scheduled', null)$$), 'PT422 patient_blocked', 'what one INSERT says was missed before counts');
select is(t.insert_rows($$(t.id('cleo'), t.id('house'), t.id('half'), t.at('15:00'), 'scheduled', null), (t.id('cleo'), t.id('house'), t.id('half'), now() - interval '1 day', 'no_show', null)$$), 'PT422 patient_blocked', 'and after');
select is(t.insert_rows($$(t.id('cleo'), t.id('house'), t.id('half'), t.at('15:00'), 'scheduled', 'x'), (t.id('cleo'), t.id('house'), t.id('half'), now() - interval '1 day', 'no_show', null)$$), 'not refused', 'an override is an override');
-- a period of days in which clocks changed: the first by which they show another time than now, and one more
create table t.change as select n + 1 as days from generate_series(1, 365) n where t.ago(n) <> now() - n * interval '24 hours' order by n limit 1;
update clinic.clinic set no_show_limit = 1, no_show_period = (select make_interval(days => days) from t.change) where id = t.id('clinic');
select t.add('bob missed', 'bob', 'house', t.ago(days) - interval '1 microsecond', '{"status": "no_show"}') from t.change;
select is(t.refusal($$select t.book('bob', 'house', t.at('15:00'))$$), 'not refused', 'the period is one of the clinic''s wall clock');
select t.add('bob missed 2', 'bob', 'house', t.ago(days), '{"status": "no_show"}') from t.change;
select is(t.refusal($$select t.book('bob', 'house', t.at('15:00'))$$), 'PT422 patient_blocked', 'its first instant is in it');
-- accounts
select t.act_as('bob''s account');
select is(t.refusal($$select t.book('bob', 'house', t.at('15:00'))$$), 'PT422 patient_blocked', 'an account is refused for its patient');
select is(t.refusal($$select clinic.book(t.id('bob'), t.id('house'), t.id('half'), t.at('15:00'), override_reason => 'please')$$), 'PT403 staff_only', 'and has no override');
select is(t.refusal($$select clinic.reschedule(t.id('bob''s'), t.at('15:00'))$$), 'not refused', 'but may move what it has');
select is(t.refusal($$select t.book('cleo', 'house', t.at('15:00'))$$), 'PT403 not_yours', 'whether others are blocked it does not learn');
rollback to counted;

-- until when a visit may be given up
update clinic.clinic set max_per_day_per_patient = null, cancel_notice = '2 hours' where id = t.id('clinic');
select t.book('ada', 'grey', t.at('09:00'), 'hour');
select t.call('in time', t.book('ada', 'house', now() + interval '2 hours')), t.call('late', t.book('ada', 'grey', now() + interval '2 hours' - interval '1 microsecond'));
savepoint notice;
select is((clinic.cancel(t.id('in time'), 'ill')).cancelled_late, false, 'with the notice itself it is in time');
select is((clinic.cancel(t.id('late'), 'ill')).cancelled_late, true, 'a microsecond later it is late, and staff may still');
select is(new ->> 'cancelled_late', 'true', 'which is journalled') from clinic.journal where entity_id = t.id('late') order by id desc limit 1;
update clinic.appointment set cancelled_late = false where id = t.id('late');
select is((t.visit('late')).cancelled_late, true, 'nobody says otherwise');
rollback to notice;
update clinic.appointment set status = 'cancelled', cancelled_late = true where id = t.id('in time');
update clinic.appointment set status = 'cancelled', cancelled_late = false where id = t.id('late');
select is((t.visit('in time')).cancelled_late, false, 'an UPDATE is told too');
select is((t.visit('late')).cancelled_late, true, 'one way and the other');
rollback to notice;
update clinic.appointment set cancelled_late = true, notes = 'x';
select is_empty('select 1 from clinic.appointment where cancelled_late', 'a visit that stands is not late');
select is((clinic.set_status(t.id('late'), 'no_show')).cancelled_late, false, 'one that was missed was not cancelled');
rollback to notice;
update clinic.service set cancel_notice = '0' where id = t.id('half');
select is((clinic.cancel(t.id('late'), 'ill')).cancelled_late, false, 'a service may want none');
rollback to notice;
update clinic.service set cancel_notice = '3 hours' where id = t.id('half');
select is((clinic.cancel(t.id('in time'), 'ill')).cancelled_late, true, 'or a longer one');
rollback to notice;
update clinic.clinic set cancel_notice = '0' where id = t.id('clinic');
select t.call('now', (clinic.book(t.id('bob'), t.id('house'), t.id('half'), now())).id), t.call('begun', (clinic.book(t.id('bob'), t.id('grey'), t.id('half'), now() - interval '1 microsecond', override_reason => 'x')).id);
select is((clinic.cancel(t.id('now'), 'ill')).cancelled_late, false, 'without a notice there is time until the start');
select is((clinic.cancel(t.id('begun'), 'ill')).cancelled_late, true, 'and not longer');
rollback to notice;
select t.call('hold', (clinic.book(t.id('ada'), t.id('house'), t.id('half'), now(), hold_for => '1 min')).id);
select is((clinic.cancel(t.id('hold'), 'not wanted')).cancelled_late, false, 'a hold is released at any time');
do $$begin execute t.walk_in(); end$$;
update clinic.appointment set status = 'cancelled' where mode = 'walk_in';
select is_empty('select 1 from clinic.appointment where cancelled_late', 'and who walked in may walk out');
select is(t.insert_row('ada', 'house', '2020-01-01', '{"status": "cancelled", "cancelled_late": null}'), '23502', 'of the past it is known');
select t.add('past', 'ada', 'house', '2020-01-01', '{"status": "cancelled", "cancelled_late": true}'), t.add('past 2', 'ada', 'house', '2020-01-01', '{"status": "cancelled"}'), t.add('past 3', 'ada', 'house', '2020-01-01', '{"status": "completed", "cancelled_late": true}'), t.add('new', 'ada', 'house', t.at('20:00'), '{"cancelled_late": true}');
select is(array[(t.visit('past')).cancelled_late, (t.visit('past 2')).cancelled_late, (t.visit('past 3')).cancelled_late, (t.visit('new')).cancelled_late], '{t,f,f,f}', 'staff say it of a visit that was cancelled, and of no other');
rollback to notice;
-- days of the clinic's wall clock, over the next change of its clocks: where they do not change today, or now may be a time that they show twice
create function t.zone() returns text language sql as $$
  select case when (now() + interval '24 hours') at time zone 'Europe/Berlin' - (now() - interval '24 hours') at time zone 'Europe/Berlin' = interval '48 hours' then 'Europe/Berlin' else 'America/New_York' end$$;
create function t.ahead(days int) returns timestamptz language sql as $$select clinic.local_to_instant((now() at time zone t.zone()) + make_interval(days => $1), t.zone())$$;
create table t.change as select n + 1 as days from generate_series(1, 365) n where t.ahead(n) <> now() + n * interval '24 hours' order by n limit 1;
update clinic.clinic set timezone = t.zone(), cancel_notice = (select make_interval(days => days, mins => 30) from t.change) where id = t.id('clinic');
select t.call('far', t.book('bob', 'house', t.ahead(days) + interval '30 min')), t.call('farther', t.book('bob', 'grey', t.ahead(days) + interval '30 min' - interval '1 microsecond')) from t.change;
select is((clinic.cancel(t.id('far'), 'ill')).cancelled_late, false, 'a notice of days is one of the clinic''s wall clock');
select is((clinic.cancel(t.id('farther'), 'ill')).cancelled_late, true, 'to the microsecond');
rollback to notice;

-- what an account may do then
select t.call('hold', (clinic.book(t.id('ada'), t.id('house'), t.id('half'), now() + interval '1 hour', hold_for => '1 min')).id);
select t.act_as('ada''s account');
select is(t.refusal(statement), 'PT422 too_late', what) from (values
  ($$select clinic.cancel(t.id('late'), 'ill')$$, 'an account cancels no visit whose notice has begun'),
  ($$select clinic.set_status(t.id('late'), 'cancelled')$$, 'not by set_status'),
  ($$update clinic.appointment set status = 'cancelled' where id = t.id('late')$$, 'not by an UPDATE'),
  ($$select clinic.reschedule(t.id('late'), t.at('09:00', 1))$$, 'nor does it move it'),
  ($$update clinic.appointment set starts_at = t.at('09:00', 1) where id = t.id('late')$$, 'not by an UPDATE either'),
  ($$select clinic.reschedule(t.id('late'), (t.visit('late')).starts_at, t.id('house'))$$, 'nor to another provider'),
  ($$select clinic.update_appointment(t.id('late'), duration => '15 min')$$, 'nor makes it shorter'),
  ($$select clinic.update_appointment(t.id('late'), service_id => t.id('hour'))$$, 'nor another service, which may want less notice'),
  ($$update clinic.appointment set status = 'cancelled' where patient_id = t.id('ada')$$, 'nor when others are in time')) x(statement, what);
select is(t.said($$select clinic.cancel(t.id('late'), 'ill')$$), E'it is too late to cancel this visit\ntoo_late\nCall the clinic.', 'that is said of a cancellation');
select is(t.said($$select clinic.reschedule(t.id('late'), t.at('09:00', 1))$$), E'it is too late to move this visit\ntoo_late\nCall the clinic.', 'and that of a move');
select is(t.refusal(statement), 'not refused', what) from (values
  ($$select clinic.cancel(t.id('in time'), 'ill')$$, 'in time it cancels'),
  ($$select clinic.reschedule(t.id('in time'), t.at('09:00', 1))$$, 'and moves'),
  ($$select clinic.confirm(t.id('late'))$$, 'it confirms at any time'),
  ($$select clinic.update_appointment(t.id('late'), reason => 'cough')$$, 'it says why it comes'),
  ($$update clinic.appointment set starts_at = starts_at where id = t.id('late')$$, 'where it stays nothing is moved'),
  ($$select clinic.cancel(t.id('hold'), 'not wanted')$$, 'it releases a hold at any time'),
  ($$select clinic.reschedule(t.id('hold'), t.at('09:00', 1))$$, 'and moves it')) x(statement, what);
select t.add('mine', 'ada', 'house', t.at('21:00'), '{"cancelled_late": true}');
update clinic.appointment set cancelled_late = true where id = t.id('mine');
select is((t.visit('mine')).cancelled_late, false, 'it calls no visit late');
update clinic.appointment set status = 'cancelled', cancelled_late = true where id = t.id('mine');
select is((t.visit('mine')).cancelled_late, false, 'nor what it cancels in time');
select t.act_as('the receptionist');
select is((clinic.reschedule(t.id('late'), t.at('09:00', 1))).starts_at, t.at('09:00', 1), 'staff move a visit at any time');
select is((clinic.cancel(t.id('late'), 'ill')).cancelled_late, false, 'and then it is another notice');
rollback to notice;
update clinic.clinic set cancel_notice = '0' where id = t.id('clinic');
select t.call('begun', (clinic.book(t.id('ada'), t.id('pair'), t.id('half'), now() - interval '1 hour', override_reason => 'x')).id);
select t.act_as('ada''s account');
select is((clinic.cancel(t.id('begun'), 'ill')).cancelled_late, true, 'where no notice is wanted an account cancels late too, and it is marked');
rollback to counted;

-- whether the clinic takes visits
update clinic.clinic set max_per_day_per_patient = null where id = t.id('clinic');
create function t.ways(status text, more text default '') returns text language plpgsql as $$
declare
  result text;
begin
  begin
    execute format('update clinic.clinic set status = %L where id = t.id(''clinic'')', $1);
    result := concat_ws(', ',
      t.refusal(format('select clinic.book(t.id(''cleo''), t.id(''house''), t.id(''half''), t.at(''15:00'')%s)', $2)),
      t.refusal(format('select clinic.book(t.id(''cleo''), null, t.id(''half''), t.at(''15:00'')%s)', $2)),
      t.refusal(format('select clinic.book(t.id(''cleo''), t.id(''house''), t.id(''half''), t.at(''15:00''), hold_for => ''1 min''%s)', $2)),
      t.insert_row('cleo', 'house', t.at('15:00'), case when $2 = '' then '{}' else '{"override_reason": "x"}' end::jsonb),
      t.refusal(replace(replace(t.walk_in(), 'status)', case when $2 = '' then 'status)' else 'status, override_reason)' end), '''arrived'')', case when $2 = '' then '''arrived'')' else '''arrived'', ''x'')' end)));
    raise exception using errcode = 'T0001';
  exception when sqlstate 'T0001' then
    return result;
  end;
end $$;
select is(t.ways('open'), 'not refused, not refused, not refused, not refused, not refused', 'an open clinic takes visits and walk-ins');
select is(t.ways('closing_soon'), 'not refused, not refused, not refused, not refused, PT422 clinic_closed', 'one that closes soon takes no walk-ins');
select is(t.ways('closing_soon', ', override_reason => ''x'''), 'not refused, not refused, not refused, not refused, not refused', 'but with an override');
select is(t.ways('closed'), 'PT422 clinic_closed, PT422 clinic_closed, PT422 clinic_closed, PT422 clinic_closed, PT422 clinic_closed', 'a closed one takes nobody');
select is(t.ways('closed', ', override_reason => ''x'''), 'not refused, not refused, not refused, not refused, not refused', 'but with an override');
update clinic.clinic set status = 'closed' where id = t.id('clinic');
select is(t.insert_row('cleo', 'house', t.at('15:00'), '{"status": "completed"}'), 'not refused', 'history is written');
select is(t.refusal($$select clinic.cancel(t.id('1'), 'ill')$$), 'not refused', 'and visits are cancelled');
select is(t.refusal($$select clinic.confirm(t.id('1'))$$), 'not refused', 'and confirmed');
rollback to counted;

-- what the columns hold
select is(t.refusal(format('update clinic.%s', change)), '23514 ' || violated, change || ' is refused') from (values
  ('clinic set max_per_day_per_patient = 0', 'clinic_max_per_day_check'), ('clinic set max_per_day_per_patient = -1', 'clinic_max_per_day_check'),
  ('clinic set no_show_limit = 0', 'clinic_no_show_limit_check'), ('clinic set no_show_period = ''0''', 'clinic_no_show_period_check'),
  ('clinic set no_show_period = ''-1 month''', 'clinic_no_show_period_check'), ('clinic set no_show_period = ''10 years 1 day''', 'clinic_no_show_period_check'),
  ('service set max_active_per_patient = 0', 'service_max_active_check')) x(change, violated);
select is(t.refusal('update clinic.clinic set no_show_period = null'), '23502', 'there is always a period');

select is_empty('select * from clinic.verify()', 'and every claim is what it should be');
select * from finish();
rollback;
