begin;
select plan(33);
\ir include/fixture.psql
create function t.insert_visits(visits text) returns text language sql
  as $$select t.refusal('insert into clinic.appointment (patient_id, provider_id, service_id, starts_at) values ' || $1)$$;

-- without rules
select is(t.insert_visits($$(t.id('cleo'), t.id('house'), t.id('half'), t.at('06:00')), (t.id('cleo'), t.id('grey'), t.id('half'), t.at('06:00'))$$), 'not refused', 'a clinic without rules about patients has a patient twice at a time');

-- one place at a time
update clinic.clinic set prevent_patient_overlap = true where id = t.id('clinic');
select t.call('v', t.book('ada', 'house', t.at('09:00')));
select is(t.refusal($$select t.book('ada', 'grey', t.at('09:15'))$$), 'PT409 patient_overlap', 'a patient is not booked twice at a time');
select is(t.refusal($$select clinic.book(t.id('ada'), null, t.id('half'), t.at('09:15'))$$), 'PT409 patient_overlap', 'nor with any provider');
select is(t.insert_visits($$(t.id('ada'), t.id('grey'), t.id('half'), t.at('09:15'))$$), 'PT409 patient_overlap', 'nor by a raw INSERT');
select is(t.refusal($$select clinic.book(t.id('ada'), t.id('grey'), t.id('half'), t.at('09:15'), hold_for => '1 min')$$), 'PT409 patient_overlap', 'nor held');
select is(t.refusal($$select t.book('ada', 'grey', t.at('09:30'))$$), 'not refused', 'visits may touch');
select is(t.refusal($$select t.book('ada', 'grey', t.at('09:30'), 'buffered')$$), 'not refused', 'buffers are the provider''s, not the patient''s');
select is(t.refusal($$select t.book('bob', 'grey', t.at('09:15'))$$), 'not refused', 'another patient may come then');
select is(t.insert_visits($$(t.id('ada'), t.id('house'), t.id('half'), t.at('11:00')), (t.id('ada'), t.id('grey'), t.id('half'), t.at('11:15'))$$), 'PT409 patient_overlap', 'nor are two rows of one INSERT');
select is(t.insert_visits($$(t.id('ada'), t.id('house'), t.id('half'), t.at('11:00')), (t.id('ada'), t.id('grey'), t.id('half'), t.at('11:30'))$$), 'not refused', 'where they do not overlap they are booked');
select is(t.insert_visits($$(t.id('ada'), t.id('pair'), t.id('half'), t.at('11:00')), (t.id('ada'), t.id('pair'), t.id('half'), t.at('11:00'))$$), 'PT409 patient_overlap', 'two seats are not for one patient');
select t.call('w', t.book('ada', 'grey', t.at('12:00')));
select is(t.refusal($$select clinic.reschedule(t.id('w'), t.at('09:10'))$$), 'PT409 patient_overlap', 'a visit is not moved onto another of the patient');
select is(t.refusal($$update clinic.appointment set starts_at = t.at('13:00') where patient_id = t.id('ada')$$), 'PT409 patient_overlap', 'nor are both moved to one time');
select is(t.refusal($$select clinic.reschedule(t.id('w'), t.at('12:10'))$$), 'not refused', 'a visit is not in its own way');
select is(t.refusal($$update clinic.appointment set patient_id = t.id('bob') where id = t.id('w')$$), 'not refused', 'a visit may be given to another patient');
select t.call('b', t.book('bob', 'house', t.at('12:00')));
select is(t.refusal($$update clinic.appointment set patient_id = t.id('bob') where id = t.id('w')$$), 'PT409 patient_overlap', 'but not to one who has another then');
select clinic.cancel(t.id('v'), 'well again');
select is(t.refusal($$select t.book('ada', 'grey', t.at('09:15'))$$), 'not refused', 'a cancelled visit is in nobody''s way');
select t.call('h', (clinic.book(t.id('ada'), t.id('house'), t.id('half'), t.at('14:00'), hold_for => '1 min')).id);
select is(t.refusal($$select t.book('ada', 'grey', t.at('14:00'))$$), 'PT409 patient_overlap', 'a hold is');
update clinic.appointment set hold_expires_at = now() - interval '1 second' where id = t.id('h');
select is(t.refusal($$select t.book('ada', 'grey', t.at('14:00'))$$), 'not refused', 'an expired hold is not');
select t.call('x', t.book('ada', 'grey', t.at('14:00')));
select is(t.refusal($$select clinic.confirm(t.id('h'))$$), 'PT409 patient_overlap', 'and is not confirmed when the patient has another visit then');

-- so many to come
update clinic.clinic set prevent_patient_overlap = false, max_active_per_patient = 2 where id = t.id('clinic');
select is(t.insert_visits($$(t.id('cleo'), t.id('house'), t.id('half'), t.at('09:00', 1)), (t.id('cleo'), t.id('house'), t.id('half'), t.at('10:00', 1)), (t.id('cleo'), t.id('house'), t.id('half'), t.at('11:00', 1))$$), 'PT422 limit_reached', 'one INSERT does not book more than the limit');
select is(t.insert_visits($$(t.id('cleo'), t.id('house'), t.id('half'), t.at('09:00', 1)), (t.id('cleo'), t.id('house'), t.id('half'), t.at('10:00', 1))$$), 'not refused', 'it books up to it');
select t.call('1', t.book('cleo', 'house', t.at('09:00', 1))), t.call('2', t.book('cleo', 'house', t.at('10:00', 1)));
select is(t.refusal($$select t.book('cleo', 'house', t.at('11:00', 1))$$), 'PT422 limit_reached', 'a patient has no more visits to come than the clinic allows');
select is(t.refusal($$select clinic.book(t.id('cleo'), null, t.id('half'), t.at('11:00', 1))$$), 'PT422 limit_reached', 'nor with any provider');
select is(t.refusal($$select clinic.book(t.id('cleo'), t.id('house'), t.id('half'), t.at('11:00', 1), hold_for => '1 min')$$), 'PT422 limit_reached', 'nor held');
select is(t.insert_visits($$(t.id('cleo'), t.id('house'), t.id('half'), t.at('11:00', 1))$$), 'PT422 limit_reached', 'nor by a raw INSERT');
select is(t.refusal($$select clinic.reschedule(t.id('2'), t.at('12:00', 1))$$), 'not refused', 'a visit that is moved is not one more');
select is(t.refusal($$select clinic.book(t.id('cleo'), t.id('house'), t.id('half'), t.at('11:00', 1), override_reason => 'an emergency')$$), 'not refused', 'staff may set the limit aside');
select is(t.refusal($$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, status) values (t.id('cleo'), t.id('house'), t.id('half'), '2020-01-01', 'completed')$$), 'not refused', 'history does not count');
select is(t.refusal($$update clinic.appointment set patient_id = t.id('cleo') where id = t.id('b')$$), 'PT422 limit_reached', 'a visit given to the patient counts');
select clinic.set_status(t.id('1'), 'arrived');
select clinic.set_status(t.id('1'), 'in_progress');
select is(t.refusal($$select t.book('cleo', 'house', t.at('11:00', 1))$$), 'not refused', 'a visit under way is none to come');
select clinic.cancel(t.id('2'), 'well again');
select is(t.refusal($$select t.book('cleo', 'house', t.at('11:00', 1)), t.book('cleo', 'house', t.at('12:00', 1))$$), 'not refused', 'nor is a cancelled one');

select is_empty('select * from clinic.verify()', 'and every claim is what it should be');
select * from finish();
rollback;
