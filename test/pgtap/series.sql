-- Series: what is booked for each occurrence, what becomes of conflicts, how they go on, and how they are changed.

begin;
select * from no_plan();
\ir include/fixture.psql

-- What a series' functions tell, a line for each occurrence: day of June 2099 and time, what became of it, and where its visit is.
create function t.told(o clinic.series_outcome) returns text language sql as
$$select concat_ws(' ', to_char(o.occurrence at time zone 'Europe/Berlin', 'FMDDD-HH24:MI'), o.outcome, o.detail,
    (select '@' || to_char(a.starts_at at time zone 'Europe/Berlin', 'FMDDD-HH24:MI') from clinic.appointment a where a.id = o.appointment_id and a.starts_at <> o.occurrence and a.mode = 'timed'))$$;
-- Books a series by names and remembers it by a name.
create function t.series(name text, patient text, provider text, starts_at timestamptz, rule clinic.rrule, on_conflict text default null, service text default 'half', resources uuid[] default null) returns text language plpgsql as $$
declare
  rows clinic.series_outcome[];
begin
  rows := array(select b from clinic.book_series(t.id(patient), t.id(provider), t.id(service), series.starts_at, series.rule, series.on_conflict, resource_ids => series.resources) b);
  perform t.call(series.name, (rows[1]).series_id);
  return (select string_agg(t.told(o), ', ' order by n) from unnest(rows) with ordinality u(a, b, c, d, e, n), lateral (select row(a, b, c, d, e)::clinic.series_outcome) x(o));
end $$;
-- The visits of a patient that stand.
create function t.visits(patient text, series text default null) returns text stable language sql as
$$select string_agg(to_char(a.starts_at at time zone 'Europe/Berlin', 'FMDDD-HH24:MI') || case when a.series_exception then '!' else '' end, ', ' order by a.starts_at)
  from clinic.appointment a where a.patient_id = t.id($1) and a.status in ('held', 'scheduled', 'confirmed') and ($2 is null or a.series_id = t.id($2))$$;
create function t.rule_of(series text) returns text stable language sql as
$$select s.rule || ' from ' || to_char(s.starts_at at time zone 'Europe/Berlin', 'FMDDD-HH24:MI') || coalesce(' next ' || to_char(s.next_at at time zone 'Europe/Berlin', 'YYYY-MM-DD'), '')
    || case when s.exdates <> '{}' then ' without ' || (select string_agg(to_char(e at time zone 'Europe/Berlin', 'FMDDD-HH24:MI'), ', ' order by e) from unnest(s.exdates) e) else '' end
  from clinic.series s where s.id = t.id($1)$$;
create function t.following(series text, starts_at timestamptz, occurrence timestamptz, scope text default 'following', provider text default null, duration interval default null, rule clinic.rrule default null, include_changed boolean default null) returns text language sql as
$$select string_agg(t.told(o), ', ') from clinic.reschedule_series(t.id($1), $2, $3, $4, t.id($5), $6, $7, $8) o$$;
-- Remembers the series that goes on from another.
create function t.successor(name text, series text) returns uuid language sql as
$$select t.call($1, (select s.id from clinic.series s where s.previous_id = t.id($2) order by s.id desc limit 1))$$;

-- Day 152 is Monday, 1 June 2099.

-- Booking

select is(t.series('weekly', 'ada', 'house', t.at('09:00'), 'FREQ=WEEKLY;COUNT=4'), '152-09:00 booked, 159-09:00 booked, 166-09:00 booked, 173-09:00 booked', 'a visit for each occurrence');
select is(t.visits('ada'), '152-09:00, 159-09:00, 166-09:00, 173-09:00', 'that stands');
select is((select count(distinct a.code) || ' ' || bool_and(a.occurrence_at = a.starts_at and a.series_id = t.id('weekly') and not a.series_exception) || ' ' || min(a.ends_at - a.starts_at) from clinic.appointment a where a.patient_id = t.id('ada')),
  '4 true 00:30:00', 'each with a code and its occurrence');
select is((select array_agg(c.starts_at order by c.starts_at) from clinic.claim c where c.resource_id = t.id('house')), array[t.at('09:00'), t.at('09:00', 7), t.at('09:00', 14), t.at('09:00', 21)], 'and its claims');
select is((select count(*) from clinic.journal j where j.entity = 'appointment' and j.action = 'insert' and j.new ->> 'series_id' = t.id('weekly')::text), 4::bigint, 'and its rows in the journal');
select is((select j.new ->> 'rule' from clinic.journal j where j.entity = 'series' and j.action = 'insert'), 'FREQ=WEEKLY;COUNT=4', 'where the series is, too');
select is(t.rule_of('weekly'), 'FREQ=WEEKLY;COUNT=4 from 152-09:00', 'the series knows its rule, and that nothing is left');
select is((select timezone || ' ' || on_conflict from clinic.series), 'Europe/Berlin skip', 'and its zone');
select is(t.series('meeting', 'bob', 'grey', t.at('12:00'), 'FREQ=WEEKLY;BYDAY=WE,FR;COUNT=3'), '154-12:00 booked, 156-12:00 booked, 161-12:00 booked', 'a start that does not match is no occurrence');
select is((select array_agg(to_char(occurrence at time zone 'Europe/Berlin', 'MM-DD HH24:MI') order by occurrence) from clinic.book_series(t.id('bob'), t.id('trio'), t.id('half'), '2099-10-19 09:00 Europe/Berlin', 'FREQ=WEEKLY;COUNT=3')),
  array['10-19 09:00', '10-26 09:00', '11-02 09:00'], 'a weekly visit stays at 09:00 when clocks change');
select is((select count(*) from clinic.book_series(t.id('bob'), t.id('pair'), t.id('half'), t.at('05:00'), 'FREQ=DAILY;COUNT=400')), 366::bigint, 'at most 366 are booked at once');
select is((select next_at from clinic.series where rule::text = 'FREQ=DAILY;COUNT=400'), '2100-06-02 05:00 Europe/Berlin'::timestamptz, 'and the series knows where it goes on');
select is((select count(*) || ' ' || max(occurrence) from clinic.book_series(t.id('bob'), t.id('pair'), t.id('half'), t.at('06:00'), 'FREQ=WEEKLY')), '53 2100-05-31 04:00:00+00', 'one without an end is booked a year ahead');
-- A day not so far ahead, at nine.
create function t.soon(days int) returns timestamptz stable language sql as
$$select ((now() at time zone 'Europe/Berlin')::date + $1 + time '09:00') at time zone 'Europe/Berlin'$$;
-- How many days ahead, and what became of it.
create function t.told_soon(o clinic.series_outcome) returns text stable language sql as
$$select (o.occurrence at time zone 'Europe/Berlin')::date - (now() at time zone 'Europe/Berlin')::date || ' ' || o.outcome || coalesce(' ' || o.detail, '')$$;
update clinic.service set max_advance = '27 days' where id = t.id('half');
select is((select string_agg(t.told_soon(b), ', ') from clinic.book_series(t.id('cleo'), t.id('trio'), t.id('half'), t.soon(10), 'FREQ=WEEKLY') b), '10 booked, 17 booked, 24 booked', 'and no further than max_advance');
select t.call('near', (select max(id::text)::uuid from clinic.series));
select is((select next_at from clinic.series where id = t.id('near')), t.soon(31), 'from where it is extended');
select is((select string_agg(t.told_soon(e), ', ') from clinic.extend_series(t.id('near')) e), null, 'once it comes within reach');
update clinic.service set max_advance = '40 days' where id = t.id('half');
select is((select string_agg(t.told_soon(e), ', ') from clinic.extend_series() e where series_id = t.id('near')), '31 booked, 38 booked', 'and then it is');
select is((select string_agg(t.told_soon(e), ', ') from clinic.extend_series() e where series_id = t.id('near')), null, 'once');
select is((select array_agg(starts_at order by starts_at) from clinic.appointment where patient_id = t.id('cleo')), array[t.soon(10), t.soon(17), t.soon(24), t.soon(31), t.soon(38)], 'each occurrence has its visit');
select lives_ok($$select clinic.cancel(a.id, 'travels') from clinic.appointment a where a.patient_id = t.id('cleo') and a.starts_at = t.soon(38)$$, 'a visit that is cancelled');
update clinic.series set next_at = t.soon(38) where id = t.id('near');
select is((select string_agg(t.told_soon(e), ', ') from clinic.extend_series() e where series_id = t.id('near')), '38 skipped 23505', 'is not booked again, whatever next_at says');
update clinic.service set max_advance = null where id = t.id('half');

-- Conflicts

select t.book('cleo', 'house', t.at('09:00', 1)), t.book('cleo', 'house', t.at('09:30', 1)), t.book('cleo', 'house', t.at('14:00', 3));
select is(t.refusal(format($$select clinic.book_series(%L, %L, %L, %L, 'FREQ=DAILY;COUNT=3')$$, t.id('bob'), t.id('house'), t.id('half'), t.at('09:00', 1))), 'PT409 slot_taken', 'if the first cannot be had, nothing is booked');
select matches(t.words_of(format($$select clinic.book_series(%L, %L, %L, %L, 'FREQ=DAILY;COUNT=3')$$, t.id('bob'), t.id('house'), t.id('half'), t.at('09:00', 1))), 'Free later that day: 10:00', 'and the refusal tells of free starts');
select is(t.series('skips', 'bob', 'house', t.at('14:00', 2), 'FREQ=DAILY;COUNT=3'), '154-14:00 booked, 155-14:00 skipped slot_taken, 156-14:00 booked', 'what cannot be had later is left out');
select is(t.refusal(format($$select clinic.book_series(%L, %L, %L, %L, 'FREQ=DAILY;COUNT=3', 'fail')$$, t.id('bob'), t.id('house'), t.id('half'), t.at('13:30', 2) + interval '15 min')), 'PT409 slot_taken', 'with fail, any of them fails the whole');
select is(t.series('moves', 'bob', 'house', t.at('09:00', 1), 'FREQ=DAILY;COUNT=3', 'next_free'), '153-09:00 moved slot_taken @153-10:00, 154-09:00 booked, 155-09:00 booked', 'with next_free, the next free start is booked, also for the first');
update clinic.resource set hours = 'Mo-Fr 08:00-10:00' where id = t.id('grey');
select is(t.series('days', 'bob', 'grey', t.at('09:30'), 'FREQ=WEEKLY;BYDAY=FR;COUNT=2', 'next_free', 'hour'), '156-09:30 moved outside_hours @159-08:00, 163-09:30 moved outside_hours @166-08:00', 'on a following day if need be');
select is(t.series('daily', 'bob', 'grey', t.at('09:30'), 'FREQ=DAILY;COUNT=3', 'next_free', 'hour'), '152-09:30 moved outside_hours @153-08:00, 153-09:30 moved outside_hours @154-08:00, 154-09:30 moved outside_hours @155-08:00', 'but it ends before the next occurrence begins');
select is(t.series('never', 'bob', 'grey', t.at('22:00', 5), 'FREQ=DAILY;COUNT=2', 'next_free'), '157-22:00 skipped outside_hours, 158-22:00 moved outside_hours @159-09:00', 'and where there is none, it is left out');
update clinic.resource set hours = '24/7' where id = t.id('grey');
select is((select count(*) from clinic.verify()), 0::bigint, 'claims are as they should be');
delete from clinic.appointment where patient_id in (t.id('bob'), t.id('cleo'));

-- The rules about the patient

update clinic.clinic set prevent_patient_overlap = true, max_active_per_patient = null;
select t.book('cleo', 'house', t.at('09:00', 1)), t.book('cleo', 'house', t.at('09:00', 3));
select is(t.series('overlap', 'cleo', 'trio', t.at('09:00'), 'FREQ=DAILY;COUNT=5'), '152-09:00 booked, 153-09:00 skipped patient_overlap, 154-09:00 booked, 155-09:00 skipped patient_overlap, 156-09:00 booked', 'another visit of the patient''s is a conflict');
select is(t.series('overlap moves', 'cleo', 'pair', t.at('09:15', 1), 'FREQ=DAILY;COUNT=1', 'next_free'), '153-09:15 moved patient_overlap @153-09:30', 'that next_free finds a way around');
select is(t.refusal(format($$select clinic.book_series(%L, %L, %L, %L, 'FREQ=DAILY;COUNT=3')$$, t.id('cleo'), t.id('grey'), t.id('half'), t.at('09:00'))), 'PT409 patient_overlap', 'and that fails the first');
delete from clinic.appointment where patient_id = t.id('cleo');
update clinic.clinic set max_active_per_patient = 3;
select is(t.series('limited', 'cleo', 'trio', t.at('09:00'), 'FREQ=DAILY;COUNT=5'), '152-09:00 booked, 153-09:00 booked, 154-09:00 booked, 155-09:00 skipped limit_reached, 156-09:00 skipped limit_reached', 'as many as the patient may have');
update clinic.clinic set max_active_per_patient = null, prevent_patient_overlap = false;
delete from clinic.appointment where patient_id = t.id('cleo');

-- Rooms, devices and buffers; tokens; any provider

select is(t.series('with room', 'cleo', 'grey', t.at('10:00'), 'FREQ=DAILY;COUNT=2', resources => array[t.id('room'), t.id('laser')]), '152-10:00 booked, 153-10:00 booked', 'with a room and a device');
select is((select count(*) from clinic.claim c where c.resource_id in (t.id('room'), t.id('laser'))), 4::bigint, 'which each visit occupies');
select is(t.series('same room', 'bob', 'trio', t.at('10:00', -1), 'FREQ=DAILY;COUNT=3', resources => array[t.id('laser')]), '151-10:00 booked, 152-10:00 skipped slot_taken, 153-10:00 skipped slot_taken', 'and no other');
insert into clinic.service_requirement (service_id, kind, codes) values (t.id('hour'), 'room', '{room,theatre}');
select is(t.series('required', 'cleo', 'trio', t.at('09:30'), 'FREQ=DAILY;COUNT=3', service => 'hour'), '152-09:30 booked, 153-09:30 booked, 154-09:30 booked', 'what the service requires is chosen');
select is((select string_agg((select string_agg(r.code, ',') from clinic.resource r where r.id = any (a.resource_ids)), ' ' order by a.starts_at) from clinic.appointment a where a.series_id = t.id('required')), 'theatre theatre room', 'from what is free then');
select is(t.series('buffers', 'bob', 'trio', t.at('11:00', 5), 'FREQ=HOURLY;COUNT=2', service => 'buffered'), '157-11:00 booked, 157-12:00 booked', 'with buffers');
select is((select sum(c.ends_at - c.starts_at)::text from clinic.claim c join clinic.appointment a on a.id = c.appointment_id where a.series_id = t.id('buffers')), '01:30:00', 'which are claimed, too');
select is((select string_agg(a.outcome, ' ') from clinic.book_series(t.id('bob'), null, t.id('half'), t.at('10:00'), 'FREQ=DAILY;COUNT=2') a), 'booked booked', 'any provider who is free at the first');
select is((select count(distinct a.provider_id) from clinic.appointment a where a.series_id = (select max(id::text)::uuid from clinic.series)), 1::bigint, 'who then has them all');
select is(t.series('any', 'bob', 'nobody known', t.at('10:00'), 'FREQ=DAILY;COUNT=1'), '152-10:00 booked', 'another one is free');
insert into clinic.service (code, name, duration, mode) values ('number', 'A number', '30 min', 'token');
insert into t.thing select 'number', id from clinic.service where code = 'number';
insert into clinic.hours (resource_id, valid, weekly, mode, seats) values (t.id('grey'), '[2099-06-10,2099-06-14)', '24/7', 'token', 2);
select is(t.series('numbers', 'ada', 'grey', t.at('10:00', 9), 'FREQ=DAILY;COUNT=5', service => 'number'), '161-10:00 booked, 162-10:00 booked, 163-10:00 booked, 164-10:00 booked, 165-10:00 skipped wrong_mode', 'numbers of days');
select is(t.series('more numbers', 'bob', 'grey', t.at('10:00', 9), 'FREQ=DAILY;COUNT=2', service => 'number'), '161-10:00 booked, 162-10:00 booked', 'while they last');
select is(t.series('no number', 'cleo', 'grey', t.at('10:00', 9), 'FREQ=WEEKLY;COUNT=1', 'next_free', 'number'), '161-10:00 moved capacity_reached', 'and then that of the next day that has one');
select is((select a.starts_at from clinic.appointment a where a.series_id = t.id('no number')), t.at('00:00', 11), 'all day');
select is((select count(*) from clinic.verify()), 0::bigint, 'claims are as they should be');

-- What is refused

select is(t.refusal(format($$select clinic.book_series(%L, %L, %L, %L, null)$$, t.id('ada'), t.id('house'), t.id('half'), t.at('09:00'))), 'PT400 missing_argument', 'no rule');
select is(t.refusal(format($$select clinic.book_series(%L, %L, %L, %L, 'FREQ=DAILY;INTERVAL=53')$$, t.id('ada'), t.id('house'), t.id('half'), t.at('09:00'))), 'PT400 invalid_rule', 'an interval of more than 52');
select is(t.refusal(format($$select clinic.book_series(%L, %L, %L, %L, 'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30')$$, t.id('ada'), t.id('house'), t.id('half'), t.at('09:00'))), 'PT400 invalid_rule', 'a rule that never occurs');
select is(t.refusal(format($$select clinic.book_series(%L, %L, %L, %L, 'FREQ=DAILY', 'perhaps')$$, t.id('ada'), t.id('house'), t.id('half'), t.at('09:00'))), 'PT400 unknown_strategy', 'an unknown way to resolve conflicts');
select is(t.refusal(format($$select clinic.book_series(%L, %L, %L, %L, 'FREQ=DAILY;COUNT=2')$$, t.id('ada'), t.id('house'), t.id('half'), now() - interval '1 hour')), 'PT422 in_the_past', 'a first occurrence in the past');
select is(t.refusal(format($$select clinic.book_series(%L, %L, %L, %L, 'FREQ=DAILY;COUNT=2')$$, t.id('ada'), t.id('house'), t.id('half'), '2099-10-25 02:30+01')), 'PT400 invalid_time', 'a start in the second of two hours that look the same');
select is(t.refusal(format($$select clinic.book_series(%L, %L, %L, %L, 'FREQ=DAILY;COUNT=2', reason => repeat('x', 2001))$$, t.id('ada'), t.id('house'), t.id('half'), t.at('09:00'))), 'PT400 invalid_text', 'a long reason');
select is(t.refusal(format($$select clinic.book_series(%L, %L, %L, %L, 'FREQ=DAILY;COUNT=2')$$, t.id('nobody'), t.id('house'), t.id('half'), t.at('09:00'))), 'PT404 not_found', 'an unknown patient');
select is(t.refusal(format($$select clinic.book_series(%L, %L, %L, %L, 'FREQ=DAILY;COUNT=2')$$, t.id('ada'), t.id('room'), t.id('half'), t.at('09:00'))), 'PT404 not_found', 'a room for a provider');
select is(t.refusal(format($$select clinic.book_series(%L, %L, %L, %L, 'FREQ=DAILY;COUNT=2')$$, t.id('ada'), t.id('house'), t.id('nobody'), t.at('09:00'))), 'PT404 not_found', 'an unknown service');
update clinic.service set max_advance = '1 year' where id = t.id('half');
select is(t.refusal(format($$select clinic.book_series(%L, %L, %L, %L, 'FREQ=DAILY;COUNT=2')$$, t.id('ada'), t.id('house'), t.id('half'), t.at('09:00'))), 'PT422 too_far_ahead', 'a start that is too far ahead');
update clinic.service set max_advance = null where id = t.id('half');

select is(t.refusal(format($$select clinic.book_series(%L, %L, %L, %L, 'FREQ=DAILY;COUNT=2', 'next_free', reason => '')$$, t.id('ada'), t.id('house'), t.id('half'), t.at('09:00'))), 'PT400 invalid_text', 'an empty reason');
select is(t.refusal(format($$select clinic.book_series(%L, %L, %L, %L, 'FREQ=DAILY;COUNT=2', idempotency_key => '')$$, t.id('ada'), t.id('house'), t.id('half'), t.at('09:00'))), 'PT400 invalid_text', 'an empty key');
select is(t.refusal(format($$select clinic.book_series(%L, %L, %L, %L, 'FREQ=DAILY;COUNT=2', idempotency_key => repeat('x', 256))$$, t.id('ada'), t.id('house'), t.id('half'), t.at('09:00'))), 'PT400 invalid_text', 'a long key');
select is(t.refusal(format($$select clinic.book_series(%L, %L, %L, '9999-12-30 10:00Z', 'FREQ=DAILY;COUNT=2', resource_ids => array[%L, %2$L]::uuid[])$$, t.id('ada'), t.id('house'), t.id('half'), t.id('room'))), 'PT409 in_use', 'the doctor for a room');
select is(t.refusal(format($$select clinic.book_series(%L, %L, %L, 'infinity', 'FREQ=DAILY;COUNT=2')$$, t.id('ada'), t.id('house'), t.id('half'))), 'PT400 invalid_time', 'a start that never comes');
select is((select string_agg(o.outcome || ' ' || o.occurrence::date, ', ') from clinic.book_series(t.id('ada'), t.id('grey'), t.id('half'), '9999-12-30 10:00Z', 'FREQ=DAILY;COUNT=2147483647') o), 'booked 9999-12-30, booked 9999-12-31', 'the calendar ends with the year 9999');
select is((select string_agg(distinct o.outcome || ' ' || coalesce(o.detail, 'at all'), ', ') || ' ' || count(*) from clinic.book_series(t.id('ada'), t.id('grey'), t.id('half'), t.at('03:00'), 'FREQ=SECONDLY;COUNT=2147483647') o), 'booked at all, skipped slot_taken 366', 'occurrences in each other''s way: the first of them is booked');

-- Once

create temp table first_sent as select * from clinic.book_series(t.id('ada'), t.id('house'), t.id('half'), t.at('16:00'), 'FREQ=DAILY;COUNT=3', idempotency_key => 'once');
select results_eq($$select * from clinic.book_series(t.id('ada'), t.id('house'), t.id('half'), t.at('16:00'), 'FREQ=DAILY;COUNT=3', idempotency_key => 'once')$$, $$select * from first_sent$$, 'the same request again is the same series');
select is(t.refusal($$select * from clinic.book_series(t.id('ada'), t.id('house'), t.id('half'), t.at('16:00'), 'FREQ=DAILY;COUNT=4', idempotency_key => 'once')$$), 'PT409 idempotency_mismatch', 'another rule with the key is another request');
select is(t.refusal($$select * from clinic.book_series(t.id('ada'), t.id('house'), t.id('half'), t.at('16:00'), 'FREQ=DAILY;COUNT=3', 'fail', idempotency_key => 'once')$$), 'PT409 idempotency_mismatch', 'and so is another way to resolve conflicts');

-- Cancelling

delete from clinic.appointment;
select t.series('c', 'ada', 'house', t.at('09:00'), 'FREQ=DAILY;COUNT=6');
select is((select string_agg(t.told(o), ', ') from clinic.cancel_series(t.id('c'), 'ill', t.at('09:00', 2)) o), '154-09:00 cancelled', 'one occurrence is cancelled');
select is((select status || ' ' || cancellation_reason from clinic.appointment where starts_at = t.at('09:00', 2)), 'cancelled ill', 'for the reason');
select is(t.rule_of('c'), 'FREQ=DAILY;COUNT=6 from 152-09:00', 'and the series goes on');
select clinic.reschedule(a.id, t.at('15:00', 4)) from clinic.appointment a where a.occurrence_at = t.at('09:00', 4);
select is(t.visits('ada'), '152-09:00, 153-09:00, 155-09:00, 156-15:00!, 157-09:00', 'a visit that is moved by itself is an exception');
select is((select string_agg(t.told(o), ', ') from clinic.cancel_series(t.id('c'), 'travels', t.at('09:00', 3), 'following') o), '155-09:00 cancelled, 156-09:00 kept changed @156-15:00, 157-09:00 cancelled', 'the following are cancelled, but for what was changed');
select is(t.visits('ada'), '152-09:00, 153-09:00, 156-15:00!', 'the earlier ones stand');
select is(t.rule_of('c'), 'FREQ=DAILY;UNTIL=20990604T065959Z from 152-09:00', 'and the rule ends');
select is((select string_agg(t.told(o), ', ') from clinic.cancel_series(t.id('c'), 'travels', include_changed => true) o), '152-09:00 cancelled, 153-09:00 cancelled, 156-09:00 cancelled @156-15:00', 'all, also what was changed');
select is(t.visits('ada'), null, 'leave nothing');
select t.series('d', 'ada', 'house', t.at('09:00'), 'FREQ=DAILY;COUNT=2');
select is(t.refusal($$select clinic.cancel_series(t.id('d'), null)$$), 'PT400 invalid_text', 'a cancellation needs a reason');
select is(t.refusal($$select clinic.cancel_series(t.id('d'), 'x', t.at('09:30'))$$), 'PT404 not_found', 'and an occurrence that there is');
select is(t.refusal($$select clinic.cancel_series(t.id('d'), 'x', null, 'following')$$), 'PT400 missing_argument', 'the following ones are those of one');
select is(t.refusal($$select clinic.cancel_series(t.id('d'), 'x', t.at('09:00'), 'some')$$), 'PT400 unknown_strategy', 'there is no other scope');
select is(t.refusal($$select clinic.cancel_series(t.id('nobody'), 'x')$$), 'PT404 not_found', 'and no other series');
delete from clinic.appointment;
select t.series('far', 'ada', 'house', t.at('09:00'), 'FREQ=YEARLY');
select is((select string_agg(t.told(o), ', ') from clinic.cancel_series(t.id('far'), 'not then', '2102-06-01 09:00 Europe/Berlin') o), '152-09:00 cancelled', 'an occurrence that is not booked yet');
select is(t.rule_of('far'), 'FREQ=YEARLY from 152-09:00 next 2101-06-01 without 152-09:00', 'is left out');

-- Changing

delete from clinic.appointment;
select t.series('r', 'ada', 'house', t.at('09:00'), 'FREQ=DAILY;COUNT=6');
create temp table before_edit as select id, occurrence_at from clinic.appointment;
select is((select string_agg(t.told(o), ', ') from clinic.reschedule_series(t.id('r'), t.at('11:00', 1), t.at('09:00', 1)) o), '153-09:00 moved @153-11:00', 'one occurrence is moved');
select is(t.following('r', t.at('10:00', 2), t.at('09:00', 2)), '154-10:00 moved, 155-10:00 moved, 156-10:00 moved, 157-10:00 moved', 'this and the following');
select t.successor('r2', 'r');
select is(t.visits('ada'), '152-09:00, 153-11:00!, 154-10:00, 155-10:00, 156-10:00, 157-10:00', 'the earlier ones are not touched');
select is(t.rule_of('r') || ' | ' || t.rule_of('r2'), 'FREQ=DAILY;UNTIL=20990603T065959Z from 152-09:00 | FREQ=DAILY;COUNT=4 from 154-10:00', 'the old rule ends, and the rest is a series of its own');
select is((select count(*) from before_edit b join clinic.appointment a using (id) where a.series_id = t.id('r2')), 4::bigint, 'whose visits keep their ids');
select is(t.following('r2', t.at('10:30', 3), t.at('10:00', 3)), '155-10:30 moved, 156-10:30 moved, 157-10:30 moved', 'half an hour later, into the time of no other');
select t.successor('r3', 'r2');
select is(t.following('r3', t.at('10:30', 4), t.at('10:30', 3)), '156-10:30 moved, 157-10:30 moved, 158-10:30 moved', 'a day later, the last first');
select t.successor('r4', 'r3');
select is(t.following('r4', t.at('10:30', 3), t.at('10:30', 4)), '155-10:30 moved, 156-10:30 moved, 157-10:30 moved', 'a day earlier, the first first');
select t.successor('r5', 'r4');
select clinic.cancel(a.id, 'ill') from clinic.appointment a where a.occurrence_at = t.at('10:30', 4) and a.status = 'scheduled';
select clinic.reschedule(a.id, t.at('17:00', 5)) from clinic.appointment a where a.occurrence_at = t.at('10:30', 5);
select is(t.following('r5', t.at('08:00', 3), t.at('10:30', 3)), '155-08:00 moved, 157-08:00 kept changed @157-17:00', 'what was cancelled stays so, what was changed stays where it is');
select t.successor('r6', 'r5');
select is(t.rule_of('r6'), 'FREQ=DAILY;COUNT=3 from 155-08:00 without 156-08:00', 'and the series leaves the former out');
select is(t.following('r6', t.at('08:30', 3), t.at('08:00', 3), include_changed => true), '155-08:30 moved, 157-08:30 moved', 'unless told so');
select t.successor('r7', 'r6');
select is(t.visits('ada', 'r7'), '155-08:30, 157-08:30', 'then it is an exception no more');

delete from clinic.appointment;
select t.series('q', 'ada', 'house', t.at('09:00'), 'FREQ=WEEKLY;COUNT=4');
select t.book('bob', 'house', t.at('10:00', 14));
select is(t.following('q', t.at('10:00', 7), t.at('09:00', 7)), '159-10:00 moved, 166-10:00 kept slot_taken @166-09:00, 173-10:00 moved', 'a new time that is taken leaves the visit where it is');
select t.successor('q2', 'q');
select is(t.visits('ada'), '152-09:00, 159-10:00, 166-09:00!, 173-10:00', 'the old time is never lost');
select is(t.following('q2', t.at('12:00', 14), t.at('10:00', 7), 'all', 'grey', '45 min'), '166-12:00 moved, 173-12:00 kept changed @166-09:00, 180-12:00 moved', 'with another provider and duration');
delete from clinic.appointment;
select t.series('w', 'ada', 'house', t.at('09:00'), 'FREQ=WEEKLY;COUNT=4');
select is(t.following('w', t.at('09:00', 1), t.at('09:00'), 'all', rule => 'FREQ=DAILY;COUNT=6'), '153-09:00 moved, 154-09:00 moved, 155-09:00 moved, 156-09:00 moved, 157-09:00 booked, 158-09:00 booked', 'another rule: what is missing is booked');
select t.successor('w2', 'w');
select is(t.following('w2', t.at('09:00', 1), null, 'all', rule => 'FREQ=WEEKLY;COUNT=2'), '153-09:00 moved, 155-09:00 cancelled, 156-09:00 cancelled, 157-09:00 cancelled, 158-09:00 cancelled, 160-09:00 moved', 'and what is too much is cancelled');
select is(t.visits('ada'), '153-09:00, 160-09:00', 'so the visits are those of the rule');
select t.successor('w3', 'w2');
select is(t.refusal($$select t.following('w3', t.at('09:00', 2), t.at('09:00', 1), rule => 'FREQ=WEEKLY;BYDAY=TU')$$), 'PT400 invalid_rule', 'a start that is none of the rule''s');
select is(t.refusal($$select t.following('w3', t.at('09:00', 2), t.at('09:30', 1))$$), 'PT404 not_found', 'an occurrence that there is not');
select is(t.refusal($$select t.following('w3', t.at('09:00', 2), t.at('09:00', 1), 'this', rule => 'FREQ=WEEKLY')$$), 'PT400 invalid_rule', 'a rule for one');
select is(t.refusal($$select t.following('w3', t.at('09:00', 2), t.at('09:00', 1), provider => 'room')$$), 'PT404 not_found', 'a room for a provider');
update clinic.series set on_conflict = 'fail' where id = t.id('w3');
select t.book('bob', 'house', t.at('10:00', 8));
select is(t.refusal($$select t.following('w3', t.at('10:00', 1), t.at('09:00', 1))$$), 'PT409 slot_taken', 'with fail a new time that is taken fails the whole');
select is(t.visits('ada'), '153-09:00, 160-09:00', 'and all stays as it was');

-- None is in the way of another
delete from clinic.appointment;
select t.series('x', 'ada', 'house', t.at('09:00', 1), 'FREQ=DAILY;COUNT=4');
select is(t.following('x', t.at('09:00'), t.at('09:00', 1), rule => 'FREQ=DAILY;INTERVAL=2;COUNT=4'), '152-09:00 moved, 154-09:00 moved, 156-09:00 moved, 158-09:00 moved', 'some move to earlier and some to later times');
delete from clinic.appointment;
select t.series('x2', 'ada', 'house', t.at('09:00'), 'FREQ=DAILY;COUNT=6');
select is(t.following('x2', t.at('09:00'), t.at('09:00'), rule => 'FREQ=DAILY;INTERVAL=3;COUNT=2'), '152-09:00 moved, 154-09:00 cancelled, 155-09:00 cancelled, 155-09:00 moved, 156-09:00 cancelled, 157-09:00 cancelled', 'and to that of one that is too much');

-- Where a rule ends
delete from clinic.appointment;
select t.series('u', 'ada', 'house', t.at('09:00'), 'FREQ=DAILY;UNTIL=20990604T070000Z');
select is(t.following('u', t.at('11:00'), t.at('09:00')), '152-11:00 moved, 153-11:00 moved, 154-11:00 moved, 155-11:00 moved', 'what moves to later times ends as much later');
select t.successor('u2', 'u');
select is(t.rule_of('u2'), 'FREQ=DAILY;UNTIL=20990604T090000Z from 152-11:00', 'as its rule tells');
select is(t.following('u2', t.at('11:00', 2), t.at('11:00', 1), rule => 'FREQ=DAILY;UNTIL=20990604'), '154-11:00 moved, 155-11:00 cancelled, 155-11:00 moved', 'unless the rule is another');
select t.successor('u3', 'u2');
select is(t.following('u3', t.at('11:00', 4), t.at('11:00', 2)), '156-11:00 moved, 157-11:00 moved', 'an UNTIL that is a day, too');
select t.successor('u4', 'u3');
select is(t.rule_of('u4'), 'FREQ=DAILY;UNTIL=20990606 from 156-11:00', 'stays one');
select is(t.refusal($$select clinic.cancel_series(t.id('u4'), 'x', t.at('11:00', 300), 'following')$$), 'PT404 not_found', 'there is nothing to cancel after its end');
select is(t.rule_of('u4'), 'FREQ=DAILY;UNTIL=20990606 from 156-11:00', 'which stays where it is');
select clinic.cancel_series(t.id('u4'), 'ill', t.at('11:00', 4));
select is(t.refusal($$select clinic.cancel_series(t.id('u4'), 'again', t.at('11:00', 4))$$), t.refusal($$select clinic.cancel(a.id, 'again') from clinic.appointment a where a.occurrence_at = t.at('11:00', 4) and a.status = 'cancelled'$$), 'what is cancelled is not cancelled again');
delete from clinic.appointment;
select t.series('v', 'ada', 'house', t.at('09:00'), 'FREQ=MONTHLY');
select is((select count(*) from clinic.cancel_series(t.id('v'), 'moves away', '2101-06-01 09:00 Europe/Berlin', 'following')), 0::bigint, 'an end that is out of reach yet');
select is(t.rule_of('v'), 'FREQ=MONTHLY;UNTIL=21010601T065959Z from 152-09:00 next 2100-07-01', 'leaves what is before it to be booked');

-- What has been stays as it was
delete from clinic.appointment;
insert into t.thing values ('begun', clinic.uuid7());
insert into clinic.series (id, patient_id, provider_id, service_id, rule, starts_at, timezone, next_at) values (t.id('begun'), t.id('ada'), t.id('grey'), t.id('half'), 'FREQ=DAILY;COUNT=20', t.soon(-10), 'Europe/Berlin', t.soon(-10));
select is((select count(*) || ' ' || min(detail) from clinic.extend_series(t.id('begun')) o where o.occurrence < now() and o.outcome = 'skipped' and o.occurrence < t.soon(0)), '10 in_the_past', 'a series that has begun');
select is((select string_agg(distinct o.outcome, ' ') || ' ' || min(t.told_soon(o)) || ' ' || count(*) from clinic.reschedule_series(t.id('begun'), t.soon(-5) + interval '1 hour', t.soon(-5), 'following') o where o.occurrence > t.soon(1)), 'moved 1 moved 9', 'what is to come is moved, as much as what is named');
select is((select count(*) from clinic.series s, clinic.occurrences(s.rule, s.starts_at at time zone 'Europe/Berlin', 'Europe/Berlin') o where s.id = t.id('begun') and o < t.soon(0)), 10::bigint, 'and has been where it was');
select t.successor('begun 2', 'begun');
select is((select count(*) from clinic.series s, clinic.occurrences(s.rule, s.starts_at at time zone 'Europe/Berlin', 'Europe/Berlin') o where s.id in (t.id('begun'), t.id('begun 2'))), 20::bigint, 'as many as before');
select is(t.refusal($$select clinic.cancel_series(t.id('begun'), 'x', t.soon(-4) + interval '1 minute', 'following')$$), 'PT404 not_found', 'an occurrence that there was not');
select lives_ok($$select clinic.cancel_series(t.id('begun'), 'x', t.soon(-4), 'following')$$, 'what there was and has ended is cancelled');
select is((select count(*) from clinic.series s, clinic.occurrences(s.rule, s.starts_at at time zone 'Europe/Berlin', 'Europe/Berlin') o where s.id = t.id('begun') and o < t.soon(0)), 10::bigint, 'with no effect');

-- Across a change of clocks, on the wall clock
delete from clinic.appointment;
select clinic.book_series(t.id('ada'), t.id('house'), t.id('half'), '2099-10-19 09:00 Europe/Berlin', 'FREQ=WEEKLY;COUNT=3');
insert into t.thing select 'clocks', max(id::text)::uuid from clinic.series;
select is((select string_agg(to_char(occurrence at time zone 'Europe/Berlin', 'MM-DD HH24:MI'), ', ') from clinic.reschedule_series(t.id('clocks'), '2099-10-26 11:00 Europe/Berlin', '2099-10-26 09:00 Europe/Berlin', 'all') o),
  '10-19 11:00, 10-26 11:00, 11-02 11:00', 'all are moved by as much on the wall clock');

-- Accounts

grant usage on schema clinic to public;
grant select, insert, update on clinic.appointment, clinic.series to public;
grant select on clinic.patient, clinic.clinic, clinic.resource, clinic.service to public;
grant execute on all functions in schema clinic to public;
create role app;
select t.act_as('ada''s account');
select is(t.refusal_of('app', $$select clinic.book_series(t.id('bob'), t.id('house'), t.id('half'), t.at('09:00', 50), 'FREQ=DAILY;COUNT=2')$$), 'PT403 not_yours', 'an account books for its own patients only');
set local role app;
select is((select string_agg(outcome, ' ') from clinic.book_series(t.id('ada'), t.id('house'), t.id('half'), t.at('09:00', 50), 'FREQ=DAILY;COUNT=2')), 'booked booked', 'a series, too');
reset role;
insert into t.thing select 'hers', max(id::text)::uuid from clinic.series;
select t.act_as('bob''s account');
select is(t.refusal_of('app', $$select clinic.cancel_series(t.id('hers'), 'not mine')$$), 'PT403 not_yours', 'cancels no other''s');
select is(t.refusal_of('app', $$update clinic.series set patient_id = t.id('bob') where id = t.id('hers')$$), 'PT403 not_yours', 'takes none over');
select is(t.refusal_of('app', $$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, series_id, occurrence_at) values (t.id('bob'), t.id('house'), t.id('half'), t.at('12:00', 60), t.id('hers'), t.at('09:00', 60))$$), 'PT403 not_yours', 'and has no visit in it');
select is(t.refusal_of('app', $$select clinic.extend_series()$$), 'PT403 staff_only', 'extending is the staff''s');
select t.act_as('ada''s account');
select is(t.refusal_of('app', $$select clinic.reschedule_series(t.id('hers'), t.at('10:00', 50))$$), 'PT403 staff_only', 'and so is moving');
set local role app;
select is((select string_agg(outcome, ' ') from clinic.cancel_series(t.id('hers'), 'travels')), 'cancelled cancelled', 'its own it may cancel');
reset role;
select t.act_as(null);

-- After what goes wrong

create function t.breaks() returns trigger language plpgsql as $$
begin
  if new.starts_at = t.at('07:00', 72) then
    raise exception 'a trigger of somebody''s own';
  end if;
  return new;
end $$;
create trigger breaks before insert on clinic.appointment for each row execute function t.breaks();
select throws_ok(format($$select clinic.book_series(%L, %L, %L, %L, 'FREQ=DAILY;COUNT=5')$$, t.id('ada'), t.id('house'), t.id('half'), t.at('07:00', 70)), 'a trigger of somebody''s own');
drop trigger breaks on clinic.appointment;
alter table clinic.appointment add constraint odd check (starts_at <> t.at('07:00', 72)) not valid;
select is((select string_agg(t.told(o), ', ') from clinic.book_series(t.id('ada'), t.id('house'), t.id('half'), t.at('07:00', 70), 'FREQ=DAILY;COUNT=4') o), '222-07:00 booked, 223-07:00 booked, 224-07:00 skipped 23514, 225-07:00 booked', 'a constraint of somebody''s own refuses one, and what comes after an error is booked');
alter table clinic.appointment drop constraint odd;
select lives_ok($$select t.book('bob', 'house', t.at('07:30', 70))$$, 'and the session books on');
select is((select count(*) from clinic.verify()), 0::bigint, 'claims are as they should be');

-- Raw writers

select is(t.refusal($$update clinic.series set timezone = 'Mars/Olympus'$$), 'PT400 invalid_timezone', 'a zone that there is not');
select is(t.refusal($$update clinic.series set rule = 'FREQ=DAILY;INTERVAL=60'$$), 'PT400 invalid_rule', 'an interval that is too long');
select is(t.refusal($$update clinic.series set duration = '-1 hour'$$), 'PT422 invalid_duration', 'a negative duration');
select is(t.refusal($$update clinic.series set starts_at = 'infinity'$$), 'PT400 invalid_time', 'a start that never comes');
select is(t.refusal($$update clinic.series set exdates = array[null::timestamptz]$$), '23514 series_exdates_check', 'an exdate that is null');
select is(t.refusal($$update clinic.series set id = clinic.uuid7()$$), 'PT422 immutable', 'another id');
select is(t.refusal($$delete from clinic.series where id = t.id('hers')$$), '23503 appointment_series_fkey', 'a series with visits is not deleted');
select is((select count(*) from clinic.verify()), 0::bigint, 'claims are as they should be');
select * from finish();
rollback;
