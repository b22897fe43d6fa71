begin;
select plan(35);
\ir include/fixture.psql
create function t.seats(provider text, clock text) returns text language sql
  as $$select string_agg(c.seat::text, ',' order by c.seat) from clinic.claim c where c.resource_id = t.id($1) and c.busy @> t.at($2)$$;
create function t.insert_visits(visits text) returns text language sql
  as $$select t.refusal('insert into clinic.appointment (patient_id, provider_id, service_id, starts_at) values ' || $1)$$;

select t.book('ada', 'pair', t.at('09:00'));
select t.book('bob', 'pair', t.at('09:15'));
select is(t.seats('pair', '09:20'), '1,2', 'two seats take two visits at a time');
select is(t.refusal($$select t.book('cleo', 'pair', t.at('09:29'))$$), 'PT409 slot_taken', 'and no third');
select t.book('cleo', 'pair', t.at('09:30'));
select is(t.seats('pair', '09:35'), '1,2', 'the first seat is free again when its visit ends');
select is(t.refusal($$select t.book('cleo', 'pair', t.at('09:40'), 'hour')$$), 'PT409 slot_taken', 'a longer visit needs one seat all the while');
select is(t.refusal($$select t.book('cleo', 'pair', t.at('09:45'), 'hour')$$), 'not refused', 'not two after each other');

insert into clinic.appointment (patient_id, provider_id, service_id, starts_at)
select t.id('ada'), t.id('trio'), t.id('half'), t.at('09:00') from generate_series(1, 3);
select is(t.seats('trio', '09:00'), '1,2,3', 'one INSERT fills three seats');
select is(t.refusal($$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at) select t.id('ada'), t.id('trio'), t.id('half'), t.at('10:00') from generate_series(1, 4)$$), 'PT409 slot_taken', 'one INSERT of four visits fills no three seats');
select is(t.seats('trio', '10:00'), null, 'and none is left of it');
insert into clinic.appointment (patient_id, provider_id, service_id, starts_at)
select t.id('ada'), t.id('trio'), t.id('half'), t.at('11:00') + n * interval '10 min' from generate_series(0, 11) n;
select is(t.seats('trio', '11:25'), '1,2,3', 'one INSERT of visits every 10 minutes for half an hour each keeps three seats full');
select is(t.refusal($$select t.book('cleo', 'trio', t.at('11:30'))$$), 'PT409 slot_taken', 'so that there is no room');
delete from clinic.appointment where starts_at = t.at('11:10');
select is(t.refusal($$select t.book('cleo', 'trio', t.at('11:10'))$$), 'not refused', 'but where one is deleted');
select is(t.refusal($$select t.book('cleo', 'trio', t.at('11:15'))$$), 'PT409 slot_taken', 'exactly there');
select is(t.insert_visits($$(t.id('ada'), t.id('pair'), t.id('half'), t.at('14:00')), (t.id('bob'), t.id('pair'), t.id('half'), t.at('14:00')), (t.id('ada'), t.id('house'), t.id('half'), t.at('14:00')), (t.id('bob'), t.id('house'), t.id('half'), t.at('14:00'))$$), 'PT409 slot_taken', 'seats are counted provider by provider');
select is(t.insert_visits($$(t.id('ada'), t.id('pair'), t.id('half'), t.at('23:45')), (t.id('bob'), t.id('pair'), t.id('half'), t.at('00:00', 1)), (t.id('bob'), t.id('pair'), t.id('hour'), t.at('23:30'))$$), 'PT409 slot_taken', 'also over midnight');
select is(t.insert_visits($$(t.id('ada'), t.id('pair'), t.id('half'), t.at('01:45', 1)), (t.id('bob'), t.id('pair'), t.id('half'), t.at('02:00', 1)), (t.id('bob'), t.id('pair'), t.id('hour'), t.at('01:30', 1))$$), 'PT409 slot_taken', 'and over midnight in UTC');
select is(t.insert_visits($$(t.id('ada'), t.id('pair'), t.id('half'), t.at('01:30', 1)), (t.id('bob'), t.id('pair'), t.id('half'), t.at('02:00', 1)), (t.id('bob'), t.id('pair'), t.id('hour'), t.at('01:30', 1))$$), 'not refused', 'where two at a time are none too many');

-- rooms have seats too
update clinic.room set seats = 2 where code = 'room';
select clinic.book(t.id('ada'), t.id('house'), t.id('half'), t.at('16:00'), resource_ids => array[t.id('room')]);
select lives_ok($$select clinic.book(t.id('bob'), t.id('grey'), t.id('half'), t.at('16:00'), resource_ids => array[t.id('room')])$$, 'a room with two seats takes two visits');
select is(t.refusal($$select clinic.book(t.id('cleo'), t.id('pair'), t.id('half'), t.at('16:00'), resource_ids => array[t.id('room')])$$), 'PT409 slot_taken', 'and no third');
select is(t.insert_visits($$(t.id('ada'), t.id('house'), t.id('half'), t.at('17:00'))$$), 'not refused', 'rooms are no matter to who needs none');

-- more and fewer seats
update clinic.provider set seats = 2 where code = 'house';
select lives_ok($$select t.book('cleo', 'house', t.at('16:00'))$$, 'a provider who is given a seat takes another visit');
update clinic.provider set seats = 1 where code = 'house';
select is_empty('select * from clinic.verify()', 'a seat taken away leaves the visits there are');
select is(t.refusal($$select t.book('cleo', 'house', t.at('16:15'))$$), 'PT409 slot_taken', 'but takes no more');
select is((clinic.reschedule(id, t.at('18:00'))).seat, 1, 'a visit on a seat that is gone may be moved') from clinic.appointment where provider_id = t.id('house') and seat = 2;
select is(t.refusal($$select t.book('cleo', 'house', t.at('16:15'))$$), 'PT409 slot_taken', 'which makes no room');

-- tokens
select t.call('surgery', (clinic.create_clinic('Surgery', 'Europe/Berlin', 'token')).id);
do $$begin
  perform set_config('clinic_sched.clinic_id', t.id('surgery')::text, true);
  perform t.call('visit', (select id from clinic.service where clinic_id = t.id('surgery')));
end$$;
insert into clinic.provider (id, code, name) values (t.call('doc', clinic.uuid7()), 'doc', 'Doc');
insert into clinic.patient (id, name) values (t.call('pat', clinic.uuid7()), 'Pat Ient');
create function t.tokens(clock text, days int, times int default 1) returns text language sql
  as $$select t.refusal(format('insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, mode) select t.id(%L), t.id(%L), t.id(%L), t.at(%L, %s), %L from generate_series(1, %s)', 'pat', 'doc', 'visit', $1, $2, 'token', $3))$$;
insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, mode, reason)
select t.id('pat'), t.id('doc'), t.id('visit'), t.at('15:00'), 'token', n::text from generate_series(1, 10) n;
select is(string_agg(seat::text, ',' order by reason::int), '1,2,3,4,5,6,7,8,9,10', 'tokens are numbered in the order of booking') from clinic.appointment where clinic_id = t.id('surgery');
select is(count(*), 10::bigint, 'a token lasts its civil day') from clinic.appointment where starts_at = t.at('00:00') and ends_at = t.at('00:00', 1) and mode = 'token';
select is(t.tokens('08:00', 0), 'PT409 capacity_reached', 'the eleventh is refused as capacity_reached, at whatever hour');
select is(t.tokens('23:59', 1, 10), 'not refused', 'the next day has ten again');
select is(t.tokens('00:00', 1, 11), 'PT409 capacity_reached', 'and not eleven in one INSERT');
delete from clinic.appointment where clinic_id = t.id('surgery') and seat = 4;
insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, mode, reason) values (t.id('pat'), t.id('doc'), t.id('visit'), t.at('15:00'), 'token', '11');
select is(seat, 4, 'a number that is given back is the next') from clinic.appointment where clinic_id = t.id('surgery') and reason = '11';
select is(t.refusal($$select clinic.book(t.id('pat'), t.id('doc'), t.id('visit'), t.at('09:00', 2))$$), 'PT422 wrong_mode', 'a token is not booked at a time');
insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, mode) values (t.id('pat'), t.id('doc'), t.id('visit'), '2098-10-26 12:00+00', 'token'), (t.id('pat'), t.id('doc'), t.id('visit'), '2099-03-29 12:00+00', 'token');
select results_eq($$select ends_at - starts_at from clinic.appointment where clinic_id = t.id('surgery') and starts_at <> t.at('00:00') order by starts_at$$, $$values ('25 hours'::interval), ('23 hours')$$, 'a day on which the clocks change has 25 or 23 hours');
select is(t.refusal($$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, mode) values (t.id('pat'), t.id('doc'), t.id('visit'), (now() at time zone 'Europe/Berlin')::date::timestamp at time zone 'Europe/Berlin', 'token')$$), 'not refused', 'a token may be had for today');
select is(t.refusal($$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, mode) values (t.id('pat'), t.id('doc'), t.id('visit'), now() - interval '1 day', 'token')$$), 'PT422 in_the_past', 'and not for yesterday');

select is_empty('select * from clinic.verify(null)', 'and every claim is what it should be');
select * from finish();
rollback;
