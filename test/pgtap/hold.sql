begin;
select plan(84);
\ir include/fixture.psql
create function t.visit(name text) returns clinic.appointment language sql as $$select a from clinic.appointment a where a.id = t.id($1)$$;
create function t.hold(name text, patient text, at timestamptz, provider text default 'house') returns uuid language sql
  as $$select t.call($1, (clinic.book(t.id($2), t.id($4), t.id('half'), $3, hold_for => '10 min')).id)$$;
create function t.expire(name text) returns void language sql
  as $$update clinic.appointment set hold_expires_at = now() - interval '1 second' where id = t.id($1)$$;
create function t.soon(hours int) returns timestamptz language sql as $$select date_trunc('hour', now()) + interval '2 days' + $1 * interval '1 hour'$$;
create function t.claims(name text) returns bigint language sql as $$select count(*) from clinic.claim where appointment_id = t.id($1)$$;

select t.hold('h', 'ada', t.at('09:00'));
select is((t.visit('h')).status, 'held', 'hold_for books a visit as held');
select is((t.visit('h')).hold_expires_at, now() + interval '10 min', 'until so long from now');
select is(t.refusal($$select t.book('bob', 'house', t.at('09:15'))$$), 'PT409 slot_taken', 'a hold takes its time');
select is((clinic.confirm(t.id('h'))).status, 'scheduled', 'a hold that is confirmed is scheduled');
select is((t.visit('h')).hold_expires_at, null, 'and expires no more');
select is((t.visit('h')).confirmed_at, null, 'which is not yet the patient''s confirmation');
select is(t.refusal($$select t.book('bob', 'house', t.at('09:15'))$$), 'PT409 slot_taken', 'its time stays taken');

-- an expired hold gives way
select t.hold('e', 'ada', t.at('10:00')), t.expire('e');
select is((t.visit('e')).status, 'held', 'an expired hold is still held');
select is_empty('select * from clinic.verify()', 'and that is no damage');
select is(t.refusal($$select t.book('bob', 'house', t.at('12:00'))$$), 'not refused', 'who needs another time leaves it alone');
select is(t.claims('e'), 1::bigint, 'as its claim shows');
select t.call('next', t.book('bob', 'house', t.at('10:15')));
select is(t.claims('e'), 0::bigint, 'the next booking takes an expired hold''s time');
select is((t.visit('e')).status, 'held', 'and leaves it held');
select is_empty('select * from clinic.verify()', 'an expired hold without a claim is no damage either');
select is(t.refusal($$select clinic.confirm(t.id('e'))$$), 'PT409 hold_expired', 'an expired hold whose time is taken is not confirmed');
select is(t.refusal($$update clinic.appointment set status = 'scheduled' where id = t.id('e')$$), 'PT409 hold_expired', 'not by an UPDATE either');
select is(t.refusal($$update clinic.appointment set hold_expires_at = now() + interval '1 min' where id = t.id('e')$$), 'PT409 hold_expired', 'nor is it prolonged');
select is(t.refusal($$select clinic.cancel(t.id('e'), 'too late')$$), 'not refused', 'it may be cancelled');
select is((clinic.reschedule(t.id('e'), t.at('11:00'))).starts_at, t.at('11:00'), 'it may be moved to a free time');
select clinic.cancel(t.id('next'), 'make room');
select is((clinic.reschedule(t.id('e'), t.at('10:00'))).starts_at, t.at('10:00'), 'and back when its own is free');

select t.hold('f', 'ada', t.at('13:00')), t.expire('f');
select is((clinic.confirm(t.id('f'))).status, 'scheduled', 'an expired hold whose time is free is confirmed');
select is(t.claims('f'), 1::bigint, 'and claims it');
select is(t.refusal($$select t.book('bob', 'house', t.at('13:00'))$$), 'PT409 slot_taken', 'so that nobody else does');

select t.hold('g', 'ada', t.at('14:00')), t.expire('g');
select t.call('taker', t.book('bob', 'house', t.at('14:00')));
select clinic.cancel(t.id('taker'), 'make room');
select is((clinic.confirm(t.id('g'))).status, 'scheduled', 'an expired hold that lost its claim takes its time again when it is free');
select is(t.claims('g'), 1::bigint, 'with a claim');

select t.hold('p', 'ada', t.at('15:00')), t.expire('p');
update clinic.appointment set hold_expires_at = now() + interval '5 min' where id = t.id('p');
select is(t.claims('p'), 1::bigint, 'an expired hold may be prolonged while its time is free');
select is(t.refusal($$select t.book('bob', 'house', t.at('15:00'))$$), 'PT409 slot_taken', 'and takes it again');

-- whoever needs the time
select t.hold('i', 'ada', t.at('16:00')), t.expire('i');
insert into clinic.appointment (patient_id, provider_id, service_id, starts_at) values (t.id('bob'), t.id('house'), t.id('hour'), t.at('15:30'));
select is(t.claims('i'), 0::bigint, 'a raw INSERT takes an expired hold''s time');
select t.hold('j', 'ada', t.at('17:00')), t.expire('j'), t.call('m', t.book('bob', 'house', t.at('18:00')));
select is((clinic.reschedule(t.id('m'), t.at('17:15'))).starts_at, t.at('17:15'), 'reschedule takes an expired hold''s time');
select t.hold('k', 'ada', t.at('19:00'), 'grey');
select t.expire('k');
select is((clinic.book(t.id('bob'), null, t.id('half'), t.at('19:00'))).provider_id, t.id('grey'), 'any provider: one with an expired hold is free');
select t.call('l', (clinic.book(t.id('ada'), t.id('house'), t.id('half'), t.at('20:00'), hold_for => '1 min', resource_ids => array[t.id('room')])).id), t.expire('l');
select lives_ok($$select clinic.book(t.id('bob'), t.id('grey'), t.id('half'), t.at('20:00'), resource_ids => array[t.id('room')])$$, 'an expired hold gives up its room');
select is(t.claims('l'), 0::bigint, 'and with it all it claimed');
select is(t.refusal($$select clinic.confirm(t.id('l'))$$), 'PT409 hold_expired', 'so that it is confirmed only if all is free');
select clinic.cancel(a.id, 'make room') from clinic.appointment a where t.id('room') = any (a.resource_ids) and a.status = 'scheduled';
select is(t.refusal($$delete from clinic.room where code = 'room'$$), 'PT409 in_use', 'a room stays while an expired hold may yet take it again');
select clinic.cancel(t.id('l'), 'too late');
select is(t.refusal($$delete from clinic.room where code = 'room'$$), 'not refused', 'and no longer');

-- several at once
insert into clinic.appointment (id, patient_id, provider_id, service_id, starts_at, status, hold_expires_at)
select t.call('s' || n, clinic.uuid7()), t.id('ada'), t.id('trio'), t.id('half'), t.at('09:00'), 'held', now() + interval '1 hour' from generate_series(1, 3) n;
select is(t.refusal($$select t.book('bob', 'trio', t.at('09:00'))$$), 'PT409 slot_taken', 'three holds fill three seats');
select t.expire('s2');
select is((t.visit(t.name)).seat, 2, 'the seat of an expired hold is taken by the next') from (select 'n' as name, t.call('n', t.book('bob', 'trio', t.at('09:00')))) t;
select is(t.refusal($$select t.book('bob', 'trio', t.at('09:00'))$$), 'PT409 slot_taken', 'and by nobody else');

-- ends of a hold
insert into clinic.appointment (id, patient_id, provider_id, service_id, starts_at, hold_expires_at)
values (t.call('x', clinic.uuid7()), t.id('bob'), t.id('grey'), t.id('half'), t.at('21:00'), now());
select is((t.visit('x')).hold_expires_at, null, 'only a hold has an end');
select is(t.refusal(format($$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, status, hold_expires_at)
                             values (t.id('bob'), t.id('grey'), t.id('half'), t.at('22:00'), 'held', %L)$$, until)), 'PT422 invalid_duration', format('a hold until %s is refused, as by book', until))
from unnest(array['infinity', '9999-01-01']::timestamptz[]) until;
select is_empty($$select * from clinic.day_schedule(t.id('house'), '2099-06-01') where status = 'held' and hold_expires_at <= now()$$, 'day_schedule leaves out expired holds');

-- giving a hold up
select t.hold('r', 'ada', t.at('09:00'), 'grey');
select is((clinic.release(t.id('r'))).status, 'cancelled', 'a hold that is released is cancelled');
select is(t.claims('r'), 0::bigint, 'its claims go');
select is(t.refusal($$select t.book('bob', 'grey', t.at('09:15'))$$), 'not refused', 'and its time is free');
select is((t.visit('r')).cancelled_at, now(), 'it says since when');
select is((select array_agg(action || ' ' || coalesce(new ->> 'status', '') order by id) from clinic.journal where entity_id = t.id('r')), '{"insert held","update cancelled"}', 'which is journalled');
select is(t.refusal($$select clinic.release(t.id('r'))$$), 'PT422 invalid_transition', 'it is released once');
select t.hold('q', 'ada', t.at('10:00'), 'grey'), t.expire('q');
select is((clinic.release(t.id('q'))).status, 'cancelled', 'an expired hold may be released');
select is(t.claims('q'), 0::bigint, 'with the claims it had left');
select t.hold('u', 'ada', t.at('10:30'), 'grey'), t.expire('u'), t.call('taker of u', t.book('bob', 'grey', t.at('10:30')));
select is((clinic.release(t.id('u'))).status, 'cancelled', 'also one whose time is taken');
select is(t.claims('taker of u'), 1::bigint, 'and whoever took it keeps it');
insert into clinic.appointment (id, patient_id, provider_id, service_id, starts_at, status)
select t.call(status::text, clinic.uuid7()), t.id('ada'), t.id('grey'), t.id('half'), t.at('12:00') + n * interval '30 min', status
from unnest(enum_range(null::clinic.appointment_status)) with ordinality s (status, n) where status <> 'held';
select is(t.refusal(format('select clinic.release(t.id(%L))', status)), 'PT422 invalid_transition', format('what is %s is no hold', status))
from unnest(enum_range(null::clinic.appointment_status)) status where status <> 'held';
select is(t.refusal('select clinic.release(clinic.uuid7())'), 'PT404 not_found', 'what there is not is not released');
select is(t.refusal('select clinic.release(null)'), 'PT400 missing_argument', 'nor null');
select is(t.refusal($$select clinic.release(t.id('n'), null)$$), 'PT400 missing_argument', 'nor of no clinic');

-- a patient's account, when it is too late to cancel
update clinic.clinic set cancel_notice = '10 days' where id = t.id('clinic');
select t.hold('mine', 'ada', t.soon(1)), t.hold('mine too', 'ada', t.soon(2)), t.hold('mine as well', 'ada', t.soon(3)), t.hold('bob''s', 'bob', t.soon(4));
select t.call('stands', t.book('ada', 'house', t.soon(5)));
select t.act_as('ada''s account');
select is(t.refusal($$select clinic.cancel(t.id('stands'), 'ill')$$), 'PT422 too_late', 'an account does not cancel within the notice');
select is((clinic.release(t.id('mine'))).cancelled_by, t.id('ada''s account'), 'but releases its hold');
select is((clinic.cancel(t.id('mine too'), 'ill')).status, 'cancelled', 'or cancels it');
select is(t.refusal($$update clinic.appointment set status = 'cancelled' where id = t.id('mine as well')$$), 'not refused', 'by an UPDATE too');
select is((clinic.confirm(t.id('mine as well'))).status, 'scheduled', 'one that is confirmed');
select is(t.refusal($$select clinic.cancel(t.id('mine as well'), 'ill')$$), 'PT422 too_late', 'is a visit like any other');
select is(t.refusal($$select clinic.release(t.id('bob''s'))$$), 'PT403 not_yours', 'nobody else''s hold is released');
select is(t.refusal('select clinic.expire_holds()'), 'PT403 staff_only', 'housekeeping is for staff');
select set_config('request.jwt.claims', '{"role": "anon"}', true), t.act_as(null);
select is(t.refusal('select clinic.expire_holds()'), 'PT403 staff_only', 'not for a token without an account');
select set_config('request.jwt.claims', '', true), t.act_as('the receptionist');
select is(t.refusal('select clinic.expire_holds()'), 'not refused', 'a receptionist may');
select t.act_as(null);

-- housekeeping
select clinic.expire_holds();
select is(clinic.expire_holds(), 0, 'housekeeping that has nothing to do frees nothing');
select t.hold('fresh', 'ada', t.at('12:00', 1)), t.hold('ended', 'ada', t.at('13:00', 1)), t.hold('reaped', 'ada', t.at('14:00', 1)), t.hold('a day old', 'ada', t.at('15:00', 1)), t.hold('older', 'ada', t.at('16:00', 1)), t.hold('older and reaped', 'ada', t.at('17:00', 1)),
  t.call('with a room', (clinic.book(t.id('ada'), t.id('house'), t.id('half'), t.at('18:00', 1), hold_for => '1 min', resource_ids => array[t.id('room')])).id);
update clinic.appointment a set hold_expires_at = now() - age from (values ('ended', interval '0'), ('with a room', '1 second'), ('reaped', '1 hour'), ('a day old', '1 day'), ('older', '1 day 1 microsecond'), ('older and reaped', '30 days')) x (name, age) where a.id = t.id(name);
select t.book('bob', 'house', t.at('14:00', 1)), t.book('bob', 'house', t.at('17:00', 1));
create temp table entries as select id from clinic.journal;
select is(clinic.expire_holds(clinic.uuid7()), 0, 'another clinic''s housekeeping is not ours');
select is(clinic.expire_holds(), 4, 'it frees the holds that have ended and still had their time');
select is((select array_agg(name || ' ' || (t.visit(name)).status || ' ' || t.claims(name) order by n) from unnest('{fresh,ended,with a room,reaped,a day old,older,older and reaped}'::text[]) with ordinality x (name, n)),
  '{"fresh held 1","ended held 0","with a room held 0","reaped held 0","a day old held 0","older cancelled 0","older and reaped cancelled 0"}', 'and cancels those that ended more than a day ago');
select is((select array_agg(distinct cancellation_reason) from clinic.appointment where id in (t.id('older'), t.id('older and reaped'))), '{hold_expired}', 'saying why');
select set_eq('select entity_id, action from clinic.journal where id not in (select id from entries)', $$select t.id(name), 'update' from unnest('{older,older and reaped}'::text[]) name$$, 'what it cancels is journalled, what it frees is still held');
select is(clinic.expire_holds(), 0, 'that done, there is nothing to do');
select is(t.refusal($$select t.book('bob', 'house', t.at('12:00', 1))$$), 'PT409 slot_taken', 'a hold in time keeps its time');
select is((clinic.confirm(t.id('ended'))).status, 'scheduled', 'a hold that was freed is confirmed while its time is free');
select is(t.claims('ended'), 1::bigint, 'and claims it again');
select is(t.refusal('select clinic.expire_holds(null)'), 'PT400 missing_argument', 'no clinic has no housekeeping');

select is_empty('select * from clinic.verify()', 'and every claim is what it should be');
select * from finish();
rollback;
