begin;
select plan(159);
\ir include/fixture.psql

-- How a booking is refused that differs from a good one in the arguments given.
create function t.booking(patient_id text default 't.id(''ada'')', provider_id text default 't.id(''house'')', service_id text default 't.id(''half'')',
                          starts_at text default 't.at(''09:00'')', more text default '') returns text language sql
  as $$select t.refusal(format('select clinic.book(%s, %s, %s, %s%s)', $1, $2, $3, $4, ', ' || nullif($5, '')))$$;

-- a good one
select t.call('v', t.book('ada', 'house', t.at('09:00')));
create function t.visit(name text default 'v') returns clinic.appointment language sql as $$select a from clinic.appointment a where a.id = t.id($1)$$;
select is((t.visit()).status, 'scheduled', 'a booking is scheduled');
select is((t.visit()).ends_at, t.at('09:30'), 'it lasts as long as its service');
select is((t.visit()).mode, 'timed', 'it is a timed visit');
select is((t.visit()).seat, 1, 'it has a seat');
select is((t.visit()).created_at, now(), 'when it was booked is noted');
select matches((t.visit()).code, '^APT-2099-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$', 'its code has the year and 8 characters that are not misread');
select results_eq($$select resource_id, seat, starts_at, ends_at, busy from clinic.claim where appointment_id = t.id('v')$$,
                  $$values (t.id('house'), 1, t.at('09:00'), t.at('09:30'), tstzrange(t.at('09:00'), t.at('09:30')))$$, 'it claims its provider for its time');
select is((clinic.get_appointment(t.id('v'))).code, (t.visit()).code, 'get_appointment returns it');
select is(t.booking(starts_at => 't.at(''09:30'')'), 'not refused', 'the next visit may begin when it ends');
select is(t.booking(starts_at => 't.at(''08:30'')'), 'not refused', 'the one before may end when it begins');
select is(t.booking(starts_at => 't.at(''10:07'')'), 'not refused', 'a booking may start off the grid');
select is(t.booking(provider_id => 't.id(''grey'')'), 'not refused', 'another provider is free then');

select is(t.booking(starts_at => format('t.at(%L)', clock)), 'PT409 slot_taken', format('a visit at 09:00 leaves no time at %s', clock))
from unnest('{08:30:00.000001,08:45,09:00,09:10,09:29:59.999999}'::text[]) clock;
select is(t.booking(starts_at => 't.at(''08:00'')', more => 'duration => ''3 hours'''), 'PT409 slot_taken', 'nor for a visit around it');
select is(t.booking(patient_id => 't.id(''bob'')'), 'PT409 slot_taken', 'whoever the patient');
select alike(t.words_of($$select t.book('bob', 'house', t.at('09:00'))$$), '%Free later that day: 09:30, 10:00, 10:30.%', 'a refusal names the next free starts of the day');

-- nothing that is needed may be null
select is(t.booking(patient_id => 'null'), 'PT400 missing_argument', 'a booking needs a patient');
select is(t.booking(service_id => 'null'), 'PT400 missing_argument', 'a booking needs a service');
select is(t.booking(starts_at => 'null'), 'PT400 missing_argument', 'a booking needs a start');
select is(t.booking(more => 'clinic_id => null'), 'PT400 missing_argument', 'a booking needs a clinic');
select is(t.booking(starts_at => 't.at(''11:00'')', more => argument || ' => null'), 'not refused', argument || ' may be null')
from unnest('{duration,reason,notes,idempotency_key,hold_for,resource_ids,override_reason}'::text[]) argument;
select is(t.booking(starts_at => 't.at(''11:00'')', more => 'resource_ids => array[null]::uuid[]'), 'PT400 missing_argument', 'a room may not be null');

-- who and what there is not
select is(t.booking(patient_id => 't.id(''nobody'')'), 'PT404 not_found', 'an unknown patient is not found');
select is(t.booking(provider_id => 't.id(''nobody'')'), 'PT404 not_found', 'an unknown provider is not found');
select is(t.booking(service_id => 't.id(''nobody'')'), 'PT404 not_found', 'an unknown service is not found');
select is(t.booking(more => 'clinic_id => t.id(''nobody'')'), 'PT404 not_found', 'an unknown clinic is not found');
select is(t.booking(starts_at => 't.at(''11:00'')', more => 'resource_ids => array[t.id(''nobody'')]'), 'PT404 not_found', 'an unknown room is not found');
select is(t.booking(provider_id => 't.id(''room'')'), 'PT404 not_found', 'a room is no provider');

do $$
declare
  other clinic.clinic := clinic.create_clinic('Elsewhere', 'UTC');
begin
  insert into t.thing values ('elsewhere', other.id), ('their doctor', clinic.uuid7()), ('their patient', clinic.uuid7()), ('their room', clinic.uuid7());
  insert into clinic.provider (clinic_id, id, code, name) values (other.id, t.id('their doctor'), 'doc', 'Doc');
  insert into clinic.room (clinic_id, id, code, name) values (other.id, t.id('their room'), 'room', 'Room');
  insert into clinic.patient (clinic_id, id, name) values (other.id, t.id('their patient'), 'Stranger Danger');
  perform t.call('their service', (select id from clinic.service where clinic_id = other.id and code = 'follow_up'));
end $$;
select is(t.booking(patient_id => 't.id(''their patient'')'), 'PT404 not_found', 'another clinic''s patient is not found');
select is(t.booking(provider_id => 't.id(''their doctor'')'), 'PT404 not_found', 'another clinic''s provider is not found');
select is(t.booking(service_id => 't.id(''their service'')'), 'PT404 not_found', 'another clinic''s service is not found');
select is(t.booking(starts_at => 't.at(''11:00'')', more => 'resource_ids => array[t.id(''their room'')]'), 'PT404 not_found', 'another clinic''s room is not found');
select is(t.booking(more => 'clinic_id => t.id(''elsewhere'')'), 'PT404 not_found', 'and ours are not found there');
select is(t.refusal($$select clinic.get_appointment(t.id('v'), t.id('elsewhere'))$$), 'PT404 not_found', 'our visit is not found there');
select is(t.refusal($$select clinic.cancel(t.id('v'), 'mine', t.id('elsewhere'))$$), 'PT404 not_found', 'our visit is not cancelled from there');
select is(t.refusal($$select clinic.reschedule(t.id('v'), t.at('11:00'), t.id('their doctor'))$$), 'PT404 not_found', 'our visit is not moved to their doctor');

savepoint deleted;
delete from clinic.provider where code = 'trio';
select is(t.booking(provider_id => 't.id(''trio'')'), 'PT404 not_found', 'a deleted provider is not found');
rollback to deleted;

-- times
select is(t.booking(starts_at => at, provider_id => provider), 'PT400 invalid_time', format('a start at %s %s is no time', at, case provider when 'null' then 'with any provider' else 'with a provider' end))
from unnest(array['''infinity''', '''-infinity''', '''10000-01-01 00:00+00''', '''294276-12-31 23:59:59+00''', '''1899-12-30 00:00+00''', '''4000-01-01 00:00+00 BC''', '''4713-01-01 00:00+00 BC''']) at
cross join unnest(array['t.id(''house'')', 'null']) provider;
select is(t.booking(starts_at => at, more => 'override_reason => ''history'''), 'PT400 invalid_time', format('nor with an override: %s', at))
from unnest(array['''infinity''', '''10000-01-01 00:00+00''', '''4713-01-01 00:00+00 BC''']) at;
select is(t.booking(starts_at => '''9998-12-31 09:00+00'''), 'not refused', 'a start in the year 9998 is a time');

select is(t.booking(more => format('duration => %L', length), starts_at => 't.at(''11:00'')'), 'PT422 invalid_duration', format('a visit of %s is refused', length))
from unnest('{0,-30 min,1 min,14 min 59 s,9 hours,8 hours 1 min,1 day,2 months,178000000 years,-178000000 years}'::interval[]) length;
select is(t.booking(more => format('duration => %L', length), starts_at => 't.at(''11:00'')'), 'not refused', format('a visit of %s is booked', length))
from unnest('{15 min,45 min,8 hours}'::interval[]) length;

-- texts
select is(t.booking(starts_at => 't.at(''11:00'')', more => format('%s => %L', argument, given)), 'PT400 invalid_text', what)
from (values
  ('reason', '', 'an empty reason is refused'), ('reason', E' \t\n', 'a blank reason is refused'), ('reason', repeat('x', 3000), 'a reason of 3,000 characters is refused'),
  ('reason', repeat('x', 2001), 'a reason of 2,001 characters is refused'), ('notes', repeat('x', 5001), 'notes of 5,001 characters are refused'), ('override_reason', '', 'an empty override_reason is refused'),
  ('override_reason', '  ', 'a blank override_reason is refused'), ('override_reason', repeat('x', 2001), 'an override_reason of 2,001 characters is refused'),
  ('idempotency_key', '', 'an empty idempotency_key is refused'), ('idempotency_key', repeat('x', 256), 'an idempotency_key of 256 characters is refused')) x(argument, given, what);
select is(t.booking(starts_at => 't.at(''11:00'')', more => format('%s => %L', argument, given)), 'not refused', what)
from (values ('reason', repeat('ß', 2000), 'a reason may have 2,000 characters of any script'), ('notes', repeat('ß', 5000), 'notes may have 5,000 characters'), ('notes', '', 'notes may be empty')) x(argument, given, what);

-- holds' lengths
select is(t.booking(starts_at => 't.at(''11:00'')', more => format('hold_for => %L', length)), 'PT422 invalid_duration', format('a hold of %s is refused', length))
from unnest('{0,-1 min,0.5 s,1 day 1 s}'::interval[]) length;

-- the rules of the clinic, one after the other
create function t.under(rule text, starts_at text default 't.at(''11:00'')', more text default '') returns text language plpgsql as $$
declare
  result text;
begin
  begin
    execute 'update clinic.' || rule;
    result := t.booking(starts_at => $2, more => $3) || ', ' || t.booking(starts_at => $2, provider_id => 'null', more => $3);
    raise exception using errcode = 'T0001';
  exception when sqlstate 'T0001' then
    return result;
  end;
end $$;
create function t.twice(reason text) returns text immutable language sql as $$select $1 || ', ' || $1$$;

select is(t.under('clinic set name = name', 'now() - interval ''1 microsecond'''), t.twice('PT422 in_the_past'), 'a time that has passed is in_the_past');
select is(t.under('clinic set name = name', '''1999-12-31 12:00+00'''), t.twice('PT422 in_the_past'), 'so is a time long ago');
select is(t.under('clinic set name = name', 'now()'), t.twice('not refused'), 'now has not passed');
select is(t.under('clinic set min_notice = ''1 hour''', 'now() + interval ''59 min 59 s'''), t.twice('PT422 too_soon'), 'with less than the notice it is too_soon');
select is(t.under('clinic set min_notice = ''1 hour''', 'now() + interval ''1 hour'''), t.twice('not refused'), 'the notice itself is enough');
select is(t.under('service set min_notice = ''2 hours''', 'now() + interval ''1 hour'''), t.twice('PT422 too_soon'), 'a service may want more notice than its clinic');
select is(t.under('clinic set max_advance = ''1 day''', 'now() + interval ''25 hours 1 min'''), t.twice('PT422 too_far_ahead'), 'beyond the horizon it is too_far_ahead');
select is(t.under('clinic set max_advance = ''30 days''', 'now() + interval ''29 days'''), t.twice('not refused'), 'within the horizon it is not');
select is(t.under('service set max_advance = ''1 day''', 'now() + interval ''3 days'''), t.twice('PT422 too_far_ahead'), 'a service may have a nearer horizon');
select is(t.under('clinic set allow_same_day = false', 'now()'), t.twice('PT422 same_day'), 'where no visit is booked for the same day it is same_day');
select is(t.under('clinic set allow_same_day = false', '((now() at time zone ''Europe/Berlin'')::date + 1)::timestamp at time zone ''Europe/Berlin'''), t.twice('not refused'), 'from the next midnight of the clinic''s zone it is not');
select is(t.under('service set allow_same_day = false', 'now()'), t.twice('PT422 same_day'), 'a service may say so');
select is(t.under('clinic set status = ''closed'''), t.twice('PT422 clinic_closed'), 'a closed clinic is clinic_closed');
select is(t.under('clinic set status = ''closing_soon'''), t.twice('not refused'), 'one that closes soon still books');
select is(t.under('service set is_active = false'), t.twice('PT422 inactive'), 'a service that is not active is inactive');
select is(t.under('patient set is_active = false'), t.twice('PT422 inactive'), 'so is a patient');
select is(t.under('resource set is_active = false where id = t.id(''house'')'), 'PT422 inactive, not refused', 'so is a provider; any other takes the visit');
select is(t.under('resource set is_active = false where id = t.id(''room'')', more => 'resource_ids => array[t.id(''room'')]'), t.twice('PT422 inactive'), 'so is a room');
select is(t.under('clinic set max_duration = ''20 min'''), t.twice('PT422 invalid_duration'), 'longer than the clinic''s visits is invalid_duration');
select is(t.under('clinic set min_duration = ''40 min'''), t.twice('PT422 invalid_duration'), 'and shorter too');
select is(t.under('service set mode = ''token'''), t.twice('PT422 wrong_mode'), 'a token service is not booked at a time: wrong_mode');

-- what is offered
insert into clinic.provider_service (provider_id, service_id, duration) values (t.id('house'), t.id('hour'), '90 min');
select is(t.booking(starts_at => 't.at(''11:00'')'), 'PT422 not_offered', 'a provider with offers has no others: not_offered');
select is((clinic.book(t.id('ada'), t.id('house'), t.id('hour'), t.at('11:00'))).ends_at, t.at('12:30'), 'a provider''s own duration goes before the service''s');
select is((clinic.book(t.id('ada'), t.id('house'), t.id('hour'), t.at('13:00'), '45 min')).ends_at, t.at('13:45'), 'a duration that is asked for goes before both');
select is((clinic.book(t.id('ada'), t.id('grey'), t.id('hour'), t.at('11:00'))).ends_at, t.at('12:00'), 'the others take the service''s duration');
delete from clinic.provider_service;

-- any provider
create function t.any_provider(starts_at timestamptz, service text default 'half') returns text language sql
  as $$select code from clinic.provider where id = (select (clinic.book(t.id('cleo'), null, t.id($2), $1)).provider_id)$$;
select is(t.any_provider(t.at('15:00')), 'grey', 'any provider: the first by code who is free');
select is(t.any_provider(t.at('15:00')), 'house', 'any provider: then the next');
select is(t.any_provider(t.at('15:15')), 'pair', 'any provider: an overlap is no free time');
select is(t.any_provider(t.at('15:15')), 'pair', 'any provider: the second seat counts');
select is(t.any_provider(t.at('15:15')), 'trio', 'any provider: a full one does not');
select is(t.any_provider(t.at('15:15')) || t.any_provider(t.at('15:15')), 'triotrio', 'any provider: until all are full');
select is(t.booking(provider_id => 'null', starts_at => 't.at(''14:30'')'), 'not refused', 'any provider: at another time there is room');
select is(t.booking(provider_id => 'null', starts_at => 't.at(''15:15'')'), 'PT409 slot_taken', 'any provider: when nobody is free it is slot_taken');
select is(t.booking(provider_id => 'null', starts_at => 't.at(''15:15'')', more => 'override_reason => ''the boss'''), 'PT409 slot_taken', 'any provider: an override frees nobody');
savepoint offers;
insert into clinic.provider_service (provider_id, service_id) values (t.id('grey'), t.id('half'));
select is(t.any_provider(t.at('17:00'), 'hour'), 'house', 'any provider: who has other offers is passed over');
update clinic.provider set is_active = false where code = 'house';
select is(t.any_provider(t.at('17:00'), 'hour'), 'pair', 'any provider: who is not active is passed over');
select ok(not exists (select from clinic.claim where resource_id = t.id('house') and starts_at < t.at('17:00') and ends_at > t.at('17:30')), 'any provider: only the one chosen is claimed');
rollback to offers;
savepoint nobody;
update clinic.provider set is_active = false;
select is(t.booking(provider_id => 'null', starts_at => 't.at(''18:00'')'), 'PT409 slot_taken', 'any provider: without providers there is no time');
rollback to nobody;
select is(t.any_provider(t.at('18:00'), 'buffered'), 'grey', 'any provider: with buffers');
select is(t.any_provider(t.at('18:35'), 'buffered'), 'house', 'any provider: buffers that overlap are no free time');
select is(t.any_provider(t.at('18:45'), 'buffered'), 'grey', 'any provider: buffers that touch are');

-- buffers
select t.call('b', t.book('ada', 'house', t.at('20:00'), 'buffered'));
select is((t.visit('b')).ends_at, t.at('20:30'), 'buffers do not lengthen the visit');
select is((t.visit('b')).buffer_before || ' ' || (t.visit('b')).buffer_after, '00:10:00 00:05:00', 'buffers are copied from the service');
select results_eq($$select starts_at, ends_at from clinic.claim where appointment_id = t.id('b')$$, $$values (t.at('19:50'), t.at('20:35'))$$, 'buffers are claimed');
select is(t.refusal($$select t.book('bob', 'house', t.at('20:30'))$$), 'PT409 slot_taken', 'nobody is booked into the buffer after');
select is(t.refusal($$select t.book('bob', 'house', t.at('19:25'))$$), 'PT409 slot_taken', 'nor into the buffer before');
select is(t.refusal($$select t.book('bob', 'house', t.at('20:35'))$$), 'not refused', 'a visit without buffers may begin where the buffer ends');
select is(t.refusal($$select t.book('bob', 'house', t.at('20:40'), 'buffered')$$), 'PT409 slot_taken', 'neighbours'' buffers add up');
select is(t.refusal($$select t.book('bob', 'house', t.at('20:44:59'), 'buffered')$$), 'PT409 slot_taken', 'to the last second');
select is(t.refusal($$select t.book('bob', 'house', t.at('20:45'), 'buffered')$$), 'not refused', 'and no further');
update clinic.service set buffer_after = '30 min' where code = 'buffered';
select is((t.visit('b')).buffer_after, '5 min', 'a service''s new buffer leaves the visits there are');

-- rooms and devices: all or nothing
select t.call('r', (clinic.book(t.id('ada'), t.id('house'), t.id('half'), t.at('22:00'), resource_ids => array[t.id('room'), t.id('laser')])).id);
select set_eq($$select resource_id from clinic.claim where appointment_id = t.id('r')$$, $$values (t.id('house')), (t.id('room')), (t.id('laser'))$$, 'a visit claims its provider, its room and its device');
select is(t.refusal($$select clinic.book(t.id('bob'), t.id('grey'), t.id('half'), t.at('22:00'), resource_ids => array[t.id('theatre'), t.id('laser')])$$), 'PT409 slot_taken', 'a device that is taken refuses the whole visit');
select is(count(*), 0::bigint, 'and neither the room nor the provider is claimed') from clinic.claim where resource_id in (t.id('theatre'), t.id('grey')) and starts_at = t.at('22:00');
select is(t.refusal($$select clinic.book(t.id('bob'), t.id('grey'), t.id('half'), t.at('22:00'), resource_ids => array[t.id('theatre')])$$), 'not refused', 'with another room and without the device it is booked');
select is(t.refusal($$select clinic.book(t.id('bob'), t.id('grey'), t.id('half'), t.at('22:00'), resource_ids => array[t.id('theatre'), t.id('theatre')])$$), 'PT409 in_use', 'the same room twice is refused');
select is(t.refusal($$select clinic.book(t.id('bob'), t.id('grey'), t.id('half'), t.at('22:00'), resource_ids => array[t.id('grey')])$$), 'PT409 in_use', 'the provider is no room of its own visit');
select is(t.refusal($$select clinic.book(t.id('bob'), null, t.id('half'), t.at('22:00'), resource_ids => array[t.id('laser')])$$), 'PT409 slot_taken', 'any provider: a device that is taken is slot_taken too');
select is(t.refusal($$select clinic.book(t.id('bob'), null, t.id('half'), t.at('22:00'), resource_ids => array[t.id('laser')], override_reason => 'x')$$), 'PT409 slot_taken', 'any provider: whatever the reason');
savepoint named;
update clinic.equipment set is_active = false;
select is((select array[a.provider_id] || a.resource_ids from clinic.book(t.id('bob'), null, t.id('half'), t.at('22:30'), resource_ids => array[t.id('laser')], override_reason => 'x') a), array[t.id('grey'), t.id('laser')], 'any provider: one that takes no visits may be had with a reason');
select is((select array[a.provider_id] || a.resource_ids from clinic.book(t.id('bob'), null, t.id('half'), t.at('23:00'), resource_ids => array[t.id('grey')]) a), array[t.id('house'), t.id('grey')], 'any provider: not who is to be there besides');
rollback to named;
select clinic.cancel(t.id('r'), 'power cut');
select is(t.refusal($$select clinic.book(t.id('bob'), t.id('grey'), t.id('half'), t.at('22:00'), resource_ids => array[t.id('theatre'), t.id('laser')])$$), 'not refused', 'a cancelled visit frees its room and its device');

-- nothing is left of what was refused
select is_empty('select * from clinic.verify(null)', 'and every claim is what it should be');
select is(count(*), (select count(distinct appointment_id) from clinic.claim), 'no claim and no visit is left of a refused booking') from clinic.appointment where status <> 'cancelled';
select * from finish();
rollback;
