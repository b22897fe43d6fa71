-- How a clinic is set up is kept by each session, and never stale.
begin;
select plan(23);
\ir include/fixture.psql

-- Each change is seen by the next statement of the session that made it, and forgotten with its savepoint.
select is(t.refusal($$select t.book('ada', 'house', t.at('09:00'))$$), 'not refused', 'a booking reads how the clinic is set up');

savepoint before;
update clinic.service set is_active = false where id = t.id('half');
select is(t.refusal($$select t.book('ada', 'house', t.at('09:00'))$$), 'PT422 inactive', 'a service that was just withdrawn is not booked');
rollback to before;
select is(t.refusal($$select t.book('ada', 'house', t.at('09:00'))$$), 'not refused', 'and is again when that is rolled back');

update clinic.clinic set status = 'closed' where id = t.id('clinic');
select is(t.refusal($$select t.book('ada', 'house', t.at('09:00'))$$), 'PT422 clinic_closed', 'a clinic that was just closed');
rollback to before;
select is(t.refusal($$select t.book('ada', 'house', t.at('09:00'))$$), 'not refused', 'and rolled back');

update clinic.resource set is_active = false where id = t.id('house');
select is(t.refusal($$select t.book('ada', 'house', t.at('09:00'))$$), 'PT422 inactive', 'a provider who has just left');
rollback to before;
select is(t.refusal($$select t.book('ada', 'house', t.at('09:00'))$$), 'not refused', 'and rolled back');

insert into clinic.provider_service (provider_id, service_id) values (t.id('house'), t.id('hour'));
select is(t.refusal($$select t.book('ada', 'house', t.at('09:00'))$$), 'PT422 not_offered', 'the first offer makes a list of it');
insert into clinic.provider_service (provider_id, service_id, duration) values (t.id('house'), t.id('half'), '20 min');
select t.call('short', t.book('ada', 'house', t.at('09:00')));
select is(ends_at - starts_at, interval '20 min', 'the second has a duration of its own') from clinic.appointment where id = t.id('short');
update clinic.provider_service set duration = '25 min' where service_id = t.id('half');
select t.call('longer', t.book('bob', 'house', t.at('10:00')));
select is(ends_at - starts_at, interval '25 min', 'which may change') from clinic.appointment where id = t.id('longer');
delete from clinic.provider_service;
select t.call('full', t.book('cleo', 'house', t.at('11:00')));
select is(ends_at - starts_at, interval '30 min', 'and be given up') from clinic.appointment where id = t.id('full');
rollback to before;
select is(t.refusal($$select t.book('ada', 'house', t.at('09:00'))$$), 'not refused', 'and rolled back');

update clinic.resource set seats = 2 where id = t.id('house');
select t.book('ada', 'house', t.at('09:00'));
select is(t.refusal($$select t.book('bob', 'house', t.at('09:00'))$$), 'not refused', 'a second seat');
rollback to before;
select t.book('ada', 'house', t.at('09:00'));
select is(t.refusal($$select t.book('bob', 'house', t.at('09:00'))$$), 'PT409 slot_taken', 'and rolled back');
rollback to before;

update clinic.service set buffer_before = '10 min' where id = t.id('half');
select t.book('ada', 'house', t.at('09:00'));
select is(t.refusal($$select t.book('bob', 'house', t.at('08:30'))$$), 'PT409 slot_taken', 'a buffer that was just given');
rollback to before;

update clinic.clinic set timezone = 'UTC' where id = t.id('clinic');
update clinic.clinic set allow_same_day = false where id = t.id('clinic');
select is(t.refusal($$select t.book('ada', 'house', t.at('09:00'))$$), 'not refused', 'another zone');
rollback to before;

update clinic.clinic set prevent_patient_overlap = true where id = t.id('clinic');
select t.book('ada', 'house', t.at('09:00'));
select is(t.refusal($$select t.book('ada', 'grey', t.at('09:00'))$$), 'PT409 patient_overlap', 'a rule about patients that was just made');
rollback to before;
select t.book('ada', 'house', t.at('09:00'));
select is(t.refusal($$select t.book('ada', 'grey', t.at('09:00'))$$), 'not refused', 'and rolled back');
rollback to before;

-- A longer claim than any before, and what another then looks back by.
select t.call('long', (clinic.book(t.id('ada'), t.id('house'), t.id('half'), t.at('09:00'), duration => '5 hours')).id);
select is(t.refusal($$select t.book('bob', 'house', t.at('13:45'))$$), 'PT409 slot_taken', 'the longest claim is looked back by at once');
rollback to before;

-- Rows that come by logical replication are written with session_replication_role = replica.
set local session_replication_role = replica;
update clinic.service set is_active = false where id = t.id('half');
set local session_replication_role = origin;
select is(t.refusal($$select t.book('ada', 'house', t.at('09:00'))$$), 'PT422 inactive', 'a service that was withdrawn elsewhere');
rollback to before;

-- What a statement changed before it failed is not kept either.
select is(t.refusal($$with w as (update clinic.service set is_active = false where id = t.id('half') returning 1)
  select t.book('ada', 'house', t.at('09:00')) from w$$), 'PT422 inactive', 'a service that the same statement withdraws');
select is(t.refusal($$select t.book('ada', 'house', t.at('09:00'))$$), 'not refused', 'and nothing is left of it');

insert into clinic.provider_service (provider_id, service_id) values (t.id('house'), t.id('hour'));
truncate clinic.provider_service;
select is(t.refusal($$select t.book('ada', 'house', t.at('09:00'))$$), 'not refused', 'a list of offers that was truncated');

select * from finish();
rollback;
