begin;
select plan(51);
\ir include/fixture.psql
create function t.visit(name text) returns clinic.appointment language sql as $$select a from clinic.appointment a where a.id = t.id($1)$$;
select t.call('bob''s', t.book('bob', 'grey', t.at('09:00')));
select t.call('ada''s', t.book('ada', 'grey', t.at('10:00'), 'buffered'));

select t.act_as('ada''s account');
-- for its own patient
select t.call('v', t.book('ada', 'house', t.at('09:00')));
select is((t.visit('v')).created_by, t.id('ada''s account'), 'a patient''s account books for its patient');
select is((clinic.confirm(t.id('v'))).status, 'confirmed', 'it confirms');
select is((clinic.reschedule(t.id('v'), t.at('11:00'))).starts_at, t.at('11:00'), 'it moves the visit by the rules');
select is((clinic.update_appointment(t.id('v'), reason => 'cough')).reason, 'cough', 'it says why it comes');
select is((clinic.cancel(t.id('v'), 'well again')).cancelled_by, t.id('ada''s account'), 'it cancels');
select t.call('h', (clinic.book(t.id('ada'), t.id('house'), t.id('half'), t.at('12:00'), hold_for => '5 min')).id);
select is((clinic.confirm(t.id('h'))).status, 'scheduled', 'it holds a time and confirms it');
select is(t.refusal($$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at) values (t.id('ada'), t.id('house'), t.id('half'), t.at('13:00'))$$), 'not refused', 'its raw INSERT is a booking like any other');

-- not for others
select is(t.refusal(statement), 'PT403 not_yours', what) from (values
  ($$select t.book('bob', 'house', t.at('15:00'))$$, 'it books for nobody else''s patient'),
  ($$select t.book('cleo', 'house', t.at('15:00'))$$, 'nor for a patient nobody answers for'),
  ($$select clinic.book(t.id('bob'), null, t.id('half'), t.at('15:00'))$$, 'nor with any provider'),
  ($$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at) values (t.id('bob'), t.id('house'), t.id('half'), t.at('15:00'))$$, 'nor by a raw INSERT'),
  ($$select clinic.confirm(t.id('bob''s'))$$, 'it confirms nobody else''s visit'),
  ($$select clinic.cancel(t.id('bob''s'), 'mine now')$$, 'it cancels nobody else''s visit'),
  ($$select clinic.reschedule(t.id('bob''s'), t.at('15:00'))$$, 'it moves nobody else''s visit'),
  ($$select clinic.update_appointment(t.id('bob''s'), notes => 'x')$$, 'it writes no notes on nobody else''s visit'),
  ($$update clinic.appointment set patient_id = t.id('ada') where id = t.id('bob''s')$$, 'it takes nobody else''s visit'),
  ($$update clinic.appointment set notes = 'x'$$, 'it writes on no visits that are not all its own')) x(statement, what);

-- not what staff do
select is(t.refusal(statement), 'PT403 staff_only', what) from (values
  ($$update clinic.appointment set patient_id = t.id('bob') where id = t.id('ada''s')$$, 'it gives its own to nobody else''s patient'),
  ($$select clinic.book(t.id('ada'), t.id('house'), t.id('half'), '1999-12-31 12:00+00', override_reason => 'I want to')$$, 'a patient''s account cannot set override_reason'),
  ($$select clinic.book(t.id('ada'), null, t.id('half'), t.at('15:00'), override_reason => 'I want to')$$, 'nor with any provider'),
  ($$select clinic.reschedule(t.id('ada''s'), t.at('15:00'), override_reason => 'I want to')$$, 'nor in a move'),
  ($$update clinic.appointment set override_reason = 'I want to' where id = t.id('ada''s')$$, 'nor by an UPDATE'),
  ($$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, override_reason) values (t.id('ada'), t.id('house'), t.id('half'), t.at('15:00'), 'x')$$, 'nor by a raw INSERT'),
  ($$select clinic.set_status(t.id('ada''s'), 'arrived')$$, 'it does not say that it has arrived'),
  ($$select clinic.set_status(t.id('ada''s'), 'no_show')$$, 'nor that it has not'),
  ($$update clinic.appointment set status = 'arrived' where id = t.id('ada''s')$$, 'nor by an UPDATE'),
  ($$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, status) values (t.id('ada'), t.id('house'), t.id('half'), t.at('15:00'), 'confirmed')$$, 'it inserts no visit that is confirmed'),
  ($$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, status) values (t.id('ada'), t.id('house'), t.id('half'), t.at('15:00'), 'arrived')$$, 'nor one that has arrived'),
  ($$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, status) values (t.id('ada'), t.id('house'), t.id('half'), '2020-01-01', 'completed')$$, 'nor history'),
  ($$insert into clinic.appointment (patient_id, service_id, starts_at, mode, status) values (t.id('ada'), t.id('half'), now(), 'walk_in', 'arrived')$$, 'it walks in at the desk only'),
  ($$delete from clinic.appointment where id = t.id('ada''s')$$, 'it deletes no visit'),
  ($$delete from clinic.appointment where id = t.id('bob''s')$$, 'nobody else''s either')) x(statement, what);

-- the rules are its rules
select is(t.refusal($$select t.book('ada', 'house', now() - interval '1 min')$$), 'PT422 in_the_past', 'the rules are the same for it');
select is(t.refusal($$select t.book('ada', 'grey', t.at('09:00'))$$), 'PT409 slot_taken', 'and so is who has the time');
select ok(t.refusal($$update clinic.appointment set buffer_before = '0', buffer_after = '0' where id = t.id('ada''s')$$) <> 'not refused', 'it does not take the buffers off its visit');
update clinic.appointment set seat = 2 where id = t.id('ada''s');
select is((select seat from clinic.appointment where id = t.id('ada''s')), 1, 'it does not choose its seat');
select t.call('k', (clinic.book(t.id('ada'), t.id('house'), t.id('half'), t.at('16:00'), hold_for => '5 min')).id);
select ok(t.refusal($$update clinic.appointment set hold_expires_at = 'infinity' where id = t.id('k')$$) <> 'not refused', 'it does not hold a time for ever');


-- a visit that staff booked against the rules
select t.act_as('the receptionist');
select t.call('o', (clinic.book(t.id('ada'), t.id('trio'), t.id('half'), '1999-12-31 12:00+00', override_reason => 'typed in later')).id);
select t.act_as('ada''s account');
select isnt(t.refusal($$update clinic.appointment set starts_at = starts_at + interval '1 hour', override_reason = override_reason where id = t.id('o')$$), 'not refused', 'staff''s reason for one time is no account''s for another');
select is(t.refusal($$select clinic.reschedule(t.id('o'), t.at('09:00'))$$), 'not refused', 'it moves a visit with such a reason to a time by the rules');
select is(t.refusal($$select clinic.cancel(t.id('o'), 'x')$$), 'not refused', 'and cancels it');

-- a token without an account
do $$begin
  perform set_config('clinic_sched.actor_id', '', true), set_config('request.jwt.claims', '{"role": "anon"}', true);
end$$;
select is(t.refusal($$select t.book('ada', 'house', t.at('17:00'))$$), 'PT403 not_yours', 'a token without sub books for nobody');
select is(t.refusal($$select t.book('cleo', 'house', t.at('17:00'))$$), 'PT403 not_yours', 'not even for a patient without an account');
select is(t.refusal($$select clinic.cancel(t.id('ada''s'), 'x')$$), 'PT403 not_yours', 'and cancels nothing');
select is(t.refusal($$select clinic.register_patient('Ann Other')$$), 'PT403 staff_only', 'and registers nobody');
select is(t.refusal($$delete from clinic.appointment$$), 'PT403 staff_only', 'and deletes nothing');

-- staff
do $$begin
  perform set_config('request.jwt.claims', '{"sub": "00000000-0000-7000-8000-0000000000f8"}', true);
end$$;
select lives_ok($$select t.book('bob', 'house', t.at('17:00'))$$, 'a receptionist books for every patient');
select lives_ok($$select clinic.book(t.id('bob'), t.id('house'), t.id('half'), '1999-12-31 12:00+00', override_reason => 'typed in later')$$, 'and sets rules aside');
select lives_ok($$select clinic.set_status(t.id('bob''s'), 'arrived')$$, 'and says who has arrived');
select lives_ok($$delete from clinic.appointment where id = t.id('bob''s')$$, 'and deletes a mistake');

-- staff elsewhere is nobody here
do $$begin
  perform set_config('request.jwt.claims', '', true);
end$$;
select t.call('second', (clinic.create_clinic('Second', 'UTC')).id);
insert into clinic.member (clinic_id, user_id, role) values (t.id('second'), t.id('bob''s account'), 'admin');
do $$begin
  perform set_config('request.jwt.claims', '{"sub": "00000000-0000-7000-8000-0000000000f2"}', true);
end$$;
select is(t.refusal($$select t.book('ada', 'house', t.at('18:00'))$$), 'PT403 not_yours', 'staff of another clinic is no staff here');

select is_empty('select * from clinic.verify()', 'and every claim is what it should be');
select * from finish();
rollback;
