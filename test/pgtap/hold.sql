begin;
select plan(43);
\ir include/fixture.psql
create function t.visit(name text) returns clinic.appointment language sql as $$select a from clinic.appointment a where a.id = t.id($1)$$;
create function t.hold(name text, patient text, at timestamptz, provider text default 'house') returns uuid language sql
  as $$select t.call($1, (clinic.book(t.id($2), t.id($4), t.id('half'), $3, hold_for => '10 min')).id)$$;
create function t.expire(name text) returns void language sql
  as $$update clinic.appointment set hold_expires_at = now() - interval '1 second' where id = t.id($1)$$;
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

select is_empty('select * from clinic.verify()', 'and every claim is what it should be');
select * from finish();
rollback;
