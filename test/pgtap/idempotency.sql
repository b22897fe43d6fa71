begin;
select plan(37);
\ir include/fixture.psql
create function t.send(starts_at timestamptz default t.at('09:00'), patient text default 'ada', provider text default 'house', service text default 'half', duration interval default null,
                       reason text default 'cough', notes text default null, hold_for interval default null, resource_ids uuid[] default null, override_reason text default null, key text default 'k1')
  returns clinic.appointment language sql
  as $$select clinic.book(t.id($2), t.id($3), t.id($4), $1, $5, $6, $7, $11, $8, $9, $10)$$;

select t.call('v', (t.send()).id);
select is((t.send()).id, t.id('v'), 'the same request sent again is the same visit');
select is((t.send()).id, t.id('v'), 'as often as it is sent');
select is(count(*), 1::bigint, 'and there is one') from clinic.appointment;
select is((t.send()).code, (clinic.get_appointment(t.id('v'))).code, 'the whole of it');
select is(count(*), 1::bigint, 'with one row in the journal') from clinic.journal where entity = 'appointment';

select is(t.refusal(format('select t.send(%s)', change)), 'PT409 idempotency_mismatch', format('the same key with %s is refused', split_part(change, ' ', 1)))
from unnest(array['starts_at => t.at(''10:00'')', 'patient => ''bob''', 'provider => ''grey''', 'provider => null', 'service => ''hour''', 'duration => ''45 min''', 'reason => ''flu''', 'reason => null',
                  'notes => ''x''', 'hold_for => ''1 min''', 'resource_ids => array[t.id(''room'')]', 'override_reason => ''x''']) change;
select is(t.refusal($$select t.send(reason => 'coughx', key => 'k1')$$), 'PT409 idempotency_mismatch', 'a longer reason too');
select isnt((t.send(t.at('10:00'), key => 'k2')).id, t.id('v'), 'another key is another visit');
select is(t.refusal($$select t.send(key => 'k3')$$), 'PT409 slot_taken', 'the same time with another key is taken');
select is(t.refusal($$select t.send(key => null)$$), 'PT409 slot_taken', 'and without a key too');

select t.call('w', (t.send(t.at('11:00'), key => 'K1')).id);
select isnt(t.id('w'), t.id('v'), 'a key''s case matters');

-- what became of it
select clinic.confirm(t.id('v'));
select is((t.send()).status, 'confirmed', 'the request repeated shows what became of the visit');
select clinic.reschedule(t.id('v'), t.at('12:00'));
select is((t.send()).starts_at, t.at('12:00'), 'also when it was moved');
select clinic.cancel(t.id('v'), 'well again');
select is((t.send()).status, 'cancelled', 'also when it was cancelled');
select is((t.send()).id, t.id('v'), 'a key is not used up by a cancellation');
select is(count(*), 0::bigint, 'and nothing is booked instead') from clinic.claim where starts_at in (t.at('09:00'), t.at('12:00'));

-- keys are the clinic's
select t.call('second', (clinic.create_clinic('Second', 'UTC')).id);
insert into clinic.provider (clinic_id, id, code, name, hours) values (t.id('second'), t.call('doc', clinic.uuid7()), 'doc', 'Doc', '24/7');
select t.call('there', (clinic.book((clinic.register_patient('Some Body', clinic_id => t.id('second'))).id, t.id('doc'), (select id from clinic.service s where s.clinic_id = t.id('second') and code = 'follow_up'),
                                    t.at('09:00'), idempotency_key => 'k1', clinic_id => t.id('second'))).id);
select isnt(t.id('there'), t.id('v'), 'another clinic''s keys are its own');

-- holds, any provider, failures
select t.call('h', (t.send(t.at('14:00'), hold_for => '10 min', key => 'h')).id);
select is((t.send(t.at('14:00'), hold_for => '10 min', key => 'h')).id, t.id('h'), 'a hold may be asked for twice');
select t.call('n', (clinic.book(t.id('ada'), null, t.id('half'), t.at('15:00'), idempotency_key => 'any')).id);
select is((clinic.book(t.id('ada'), null, t.id('half'), t.at('15:00'), idempotency_key => 'any')).id, t.id('n'), 'any provider: asked twice it is one visit');
select is(count(*), 1::bigint, 'any provider: with one provider') from clinic.appointment where starts_at = t.at('15:00');
select is(t.refusal($$select t.send(t.at('14:00'), key => 'f')$$), 'PT409 slot_taken', 'a refused request uses up no key');
select is((t.send(t.at('16:00'), key => 'f')).starts_at, t.at('16:00'), 'so that it may be sent with another time');

-- raw writers
select is(t.refusal($$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, idempotency_key) values (t.id('ada'), t.id('grey'), t.id('half'), t.at('17:00'), 'k2')$$), '23505 appointment_idempotency_key', 'a raw INSERT uses no key twice');
insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, idempotency_key) values (t.id('ada'), t.id('grey'), t.id('half'), t.at('17:00'), 'raw');
select is(t.refusal($$select t.send(t.at('17:00'), provider => 'grey', reason => null, key => 'raw')$$), 'PT409 idempotency_mismatch', 'what a raw INSERT has no hash of is another request');

-- whose it is
select t.act_as('bob''s account');
select isnt(t.refusal($$select t.send(t.at('10:00'), key => 'k2')$$), 'not refused', 'an account is not shown another patient''s visit for the same key and request');
select t.act_as(null);

select is_empty('select * from clinic.verify(null)', 'and every claim is what it should be');
select * from finish();
rollback;
