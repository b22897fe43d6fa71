begin;
select plan(127);
\ir include/fixture.psql
create function t.visit(name text default 'v') returns clinic.appointment language sql as $$select a from clinic.appointment a where a.id = t.id($1)$$;
create function t.claimed(name text default 'v') returns text language sql
  as $$select string_agg(t.name || ' ' || to_char(c.starts_at at time zone 'Europe/Berlin', 'HH24:MI') || '-' || to_char(c.ends_at at time zone 'Europe/Berlin', 'HH24:MI'), ', ' order by t.name)
       from clinic.claim c join t.thing t on t.id = c.resource_id where c.appointment_id = t.id($1)$$;
create function t.intact() returns boolean language sql as 'select not exists (select from clinic.verify())';
-- INSERT of rows (patient, provider, service, clock)
create function t.insert_visit(name text, patient text, provider text, service text, clock text) returns void language sql
  as $$insert into clinic.appointment (id, patient_id, provider_id, service_id, starts_at) values (t.call($1, clinic.uuid7()), t.id($2), t.id($3), t.id($4), t.at($5))$$;

-- INSERT
select t.insert_visit('v', 'ada', 'house', 'buffered', '09:00');
select is((t.visit()).ends_at, t.at('09:30'), 'INSERT: the end follows from the service');
select is(t.claimed(), 'house 08:50-09:35', 'INSERT: so do the claims, buffers included');
select matches((t.visit()).code, '^APT-2099-', 'INSERT: the code is drawn');
insert into clinic.appointment (id, patient_id, provider_id, service_id, starts_at, ends_at, buffer_before, buffer_after, seat, created_by, updated_by)
values (t.call('w', clinic.uuid7()), t.id('ada'), t.id('grey'), t.id('half'), t.at('09:00'), t.at('10:00'), '1 hour', '1 hour', 7, t.id('nobody'), t.id('nobody'));
select is((t.visit('w')).ends_at, t.at('10:00'), 'INSERT: an end that is given holds');
select is(t.claimed('w'), 'grey 09:00-10:00', 'INSERT: buffers are the service''s, whatever is given');
select is((t.visit('w')).seat, 1, 'INSERT: so is the seat the one that was free');
select is((t.visit('w')).created_by, null, 'INSERT: nobody says that another did it');

-- the whole predicate
select is(t.refusal(format('insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, ends_at) values (%s)', row)), refused, 'INSERT: ' || what) from (values
  ($$t.id('bob'), t.id('house'), t.id('half'), t.at('09:00'), null$$, 'PT409 slot_taken', 'a time that is taken is refused'),
  ($$t.id('bob'), t.id('house'), t.id('half'), now() - interval '1 s', null$$, 'PT422 in_the_past', 'a time that has passed is refused'),
  ($$t.id('bob'), t.id('house'), t.id('half'), t.at('12:00'), t.at('21:00')$$, 'PT422 invalid_duration', '9 hours are refused'),
  ($$t.id('bob'), t.id('house'), t.id('half'), t.at('12:00'), t.at('12:00')$$, 'PT422 invalid_duration', 'no time is refused'),
  ($$t.id('bob'), t.id('house'), t.id('half'), t.at('12:00'), t.at('11:00')$$, 'PT422 invalid_duration', 'an end before the start is refused'),
  ($$t.id('bob'), t.id('house'), t.id('half'), t.at('12:00'), 'infinity'$$, 'PT400 invalid_time', 'an end at infinity is refused'),
  ($$t.id('bob'), t.id('house'), t.id('half'), 'infinity', null$$, 'PT400 invalid_time', 'a start at infinity is refused'),
  ($$t.id('bob'), t.id('house'), t.id('half'), '-infinity', null$$, 'PT400 invalid_time', 'a start at -infinity is refused'),
  ($$t.id('bob'), t.id('house'), t.id('half'), '10000-01-01 00:00+00', null$$, 'PT400 invalid_time', 'the year 10000 is refused'),
  ($$t.id('bob'), t.id('house'), t.id('half'), '294276-12-31 23:59:59+00', null$$, 'PT400 invalid_time', 'the last second there is is refused'),
  ($$t.id('bob'), t.id('house'), t.id('half'), '4713-01-01 00:00+00 BC', null$$, 'PT400 invalid_time', 'the first day there is is refused'),
  ($$null, t.id('house'), t.id('half'), t.at('12:00'), null$$, 'PT400 missing_argument', 'a visit needs a patient'),
  ($$t.id('bob'), null, t.id('half'), t.at('12:00'), null$$, 'PT400 missing_argument', 'a visit needs a provider'),
  ($$t.id('bob'), t.id('house'), null, t.at('12:00'), null$$, 'PT400 missing_argument', 'a visit needs a service'),
  ($$t.id('bob'), t.id('house'), t.id('half'), null, null$$, 'PT400 missing_argument', 'a visit needs a start'),
  ($$t.id('nobody'), t.id('house'), t.id('half'), t.at('12:00'), null$$, 'PT404 not_found', 'an unknown patient is not found'),
  ($$t.id('bob'), t.id('nobody'), t.id('half'), t.at('12:00'), null$$, 'PT404 not_found', 'an unknown provider is not found'),
  ($$t.id('bob'), t.id('room'), t.id('half'), t.at('12:00'), null$$, 'PT404 not_found', 'a room is no provider'),
  ($$t.id('bob'), t.id('house'), t.id('nobody'), t.at('12:00'), null$$, 'PT404 not_found', 'an unknown service is not found')) x(row, refused, what);
select is(t.refusal(format('insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, %s) values (t.id(''bob''), t.id(''house''), t.id(''half''), t.at(''12:00''), %s)', name, value)), refused, 'INSERT: ' || what) from (values
  ('clinic_id', 'null', 'PT400 missing_argument', 'a visit needs a clinic'), ('clinic_id', 't.id(''nobody'')', 'PT404 not_found', 'an unknown clinic is not found'), ('id', 'null', 'PT400 missing_argument', 'a visit needs an id'),
  ('status', 'null', 'PT400 missing_argument', 'a visit needs a status'), ('mode', 'null', 'PT400 missing_argument', 'a visit needs a mode'), ('mode', '''token''', 'PT422 wrong_mode', 'a timed service has no tokens'),
  ('reason', '''''', 'PT400 invalid_text', 'an empty reason is refused'), ('reason', 'repeat(''x'', 3000)', 'PT400 invalid_text', 'a reason of 3,000 characters is refused'),
  ('override_reason', '''''', 'PT400 invalid_text', 'an empty override_reason is refused'), ('cancellation_reason', 'repeat(''x'', 3000)', 'PT400 invalid_text', 'a cancellation_reason of 3,000 characters is refused'),
  ('id', 't.id(''v'')', '23505 appointment_pkey', 'an id is used once'), ('code', '(t.visit()).code', '23505 appointment_code_key', 'a code is used once')) x(name, value, refused, what);
select ok(t.intact(), 'what is refused leaves every claim as it should be');

-- several rows
select is(t.refusal($$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at) values
  (t.id('ada'), t.id('house'), t.id('half'), t.at('12:00')), (t.id('bob'), t.id('house'), t.id('half'), t.at('12:15'))$$), 'PT409 slot_taken', 'INSERT of rows that overlap is refused');
insert into clinic.appointment (patient_id, provider_id, service_id, starts_at)
select t.id('ada'), t.id(provider), t.id('half'), t.at('12:00') + n * interval '30 min' from generate_series(0, 9) n cross join unnest('{house,grey}'::text[]) provider;
select is(count(*), 20::bigint, 'INSERT of rows side by side is taken') from clinic.claim where starts_at >= t.at('12:00');
insert into clinic.appointment (patient_id, provider_id, service_id, starts_at)
select t.id('ada'), t.id('house'), t.id('half'), t.at('23:00', 1) - n * interval '30 min' from generate_series(0, 9) n;
select ok(t.intact(), 'INSERT of rows, from the last to the first, keeps the claims as they should be');
insert into clinic.resource (kind, code, name, hours) select 'provider', 'p' || n, 'Provider ' || n, '24/7' from generate_series(1, 50) n;
insert into clinic.appointment (patient_id, provider_id, service_id, starts_at)
select t.id('ada'), r.id, t.id('half'), t.at('08:00', 10 + day) + n * interval '30 min' from clinic.resource r cross join generate_series(0, 9) n cross join generate_series(0, 3) day where r.code ~ '^p\d+$';
select is(count(*), 2000::bigint, 'INSERT … SELECT of 2,000 visits over 50 providers is taken') from clinic.claim where starts_at >= t.at('00:00', 10);
select ok(t.intact(), 'and every claim is what it should be');

-- ON CONFLICT
select t.insert_visit('k', 'ada', 'house', 'half', '18:00');
update clinic.appointment set idempotency_key = 'used' where id = t.id('k');
select is(t.refusal($$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, idempotency_key) values (t.id('bob'), t.id('house'), t.id('half'), t.at('19:00'), 'used') on conflict do nothing$$), 'not refused', 'ON CONFLICT DO NOTHING skips a row');
with written as (
  insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, idempotency_key) values
    (t.id('bob'), t.id('house'), t.id('half'), t.at('19:00'), 'used'),
    (t.id('bob'), t.id('house'), t.id('half'), t.at('19:15'), 'fresh') on conflict do nothing returning *)
select is(string_agg(idempotency_key, ','), 'fresh', 'ON CONFLICT DO NOTHING: the time of a skipped row is free for the next') from written;
select is(string_agg(to_char(c.starts_at at time zone 'Europe/Berlin', 'HH24:MI'), ','), '19:15', 'ON CONFLICT DO NOTHING: a skipped row leaves no claims')
from clinic.claim c where c.resource_id = t.id('house') and c.starts_at between t.at('19:00') and t.at('19:59');
select ok(t.intact(), 'ON CONFLICT DO NOTHING keeps the claims as they should be');
insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, idempotency_key) values (t.id('bob'), t.id('house'), t.id('half'), t.at('20:00'), 'used')
on conflict (clinic_id, idempotency_key) where idempotency_key is not null do update set starts_at = excluded.starts_at;
select is(t.claimed('k'), 'house 20:00-20:30', 'ON CONFLICT DO UPDATE moves the visit there is');
select ok(t.intact(), 'ON CONFLICT DO UPDATE keeps the claims as they should be');

-- COPY
copy clinic.appointment (patient_id, provider_id, service_id, starts_at, reason) from stdin;
00000000-0000-7000-8000-0000000000a1	00000000-0000-7000-8000-0000000000d3	00000000-0000-7000-8000-0000000000b1	2099-06-01 09:00+00	copied
00000000-0000-7000-8000-0000000000a2	00000000-0000-7000-8000-0000000000d3	00000000-0000-7000-8000-0000000000b3	2099-06-01 09:15+00	copied
00000000-0000-7000-8000-0000000000a2	00000000-0000-7000-8000-0000000000d3	00000000-0000-7000-8000-0000000000b1	2099-06-01 09:45+00	copied
\.
select is(string_agg(seat::text, ',' order by starts_at), '1,2,1', 'COPY books, and finds the seats') from clinic.appointment where reason = 'copied';
select ok(t.intact(), 'COPY keeps the claims as they should be');

-- UPDATE
update clinic.appointment set starts_at = t.at('10:00') where id = t.id('v');
select is((t.visit()).ends_at, t.at('10:30'), 'UPDATE of starts_at keeps the length');
select is(t.claimed(), 'house 09:50-10:35', 'UPDATE of starts_at moves the claims');
update clinic.appointment set ends_at = t.at('10:45') where id = t.id('v');
select is(t.claimed(), 'house 09:50-10:50', 'UPDATE of ends_at changes the length');
update clinic.appointment set starts_at = t.at('10:30') where id = t.id('v');
select is((t.visit()).ends_at, t.at('11:15'), 'UPDATE of starts_at keeps the new length too');
update clinic.appointment set starts_at = t.at('10:00'), ends_at = t.at('10:20') where id = t.id('v');
select is(t.claimed(), 'house 09:50-10:25', 'UPDATE of both sets both');
update clinic.appointment set service_id = t.id('hour') where id = t.id('v');
select is(t.claimed(), 'house 10:00-11:00', 'UPDATE of the service recomputes length and buffers');
update clinic.appointment set provider_id = t.id('grey') where id = t.id('v');
select is(t.claimed(), 'grey 10:00-11:00', 'UPDATE of the provider moves the claims');
update clinic.appointment set resource_ids = array[t.id('room'), t.id('laser')] where id = t.id('v');
select is(t.claimed(), 'grey 10:00-11:00, laser 10:00-11:00, room 10:00-11:00', 'UPDATE of the rooms claims them');
update clinic.appointment set resource_ids = array[array[t.id('theatre')], array[t.id('laser')]] where id = t.id('v');
select is((t.visit()).resource_ids, array[t.id('theatre'), t.id('laser')], 'UPDATE: rooms in rows and columns are a list');
update clinic.appointment set resource_ids = array[t.id('theatre')] where id = t.id('v');
select is(t.claimed(), 'grey 10:00-11:00, theatre 10:00-11:00', 'and gives back the others');
update clinic.appointment set starts_at = starts_at + interval '1 day', reason = 'later' where id in (t.id('v'), t.id('w'));
select is(t.claimed('w') || '; ' || t.claimed(), 'grey 09:00-10:00; grey 10:00-11:00, theatre 10:00-11:00', 'UPDATE of several visits moves each');
select ok(t.intact(), 'UPDATE keeps the claims as they should be');
select is(t.refusal(format('update clinic.appointment set %s where id = t.id(''v'')', change)), refused, 'UPDATE: ' || what) from (values
  ('starts_at = t.at(''09:30'', 1)', 'PT409 slot_taken', 'a time that is taken is refused'),
  ('starts_at = now() - interval ''1 s''', 'PT422 in_the_past', 'a time that has passed is refused'),
  ('starts_at = ''infinity''', 'PT400 invalid_time', 'a start at infinity is refused'),
  ('starts_at = null', 'PT400 missing_argument', 'a start is needed'),
  ('ends_at = null', 'not refused', 'an end that is null follows from the service'),
  ('ends_at = starts_at', 'PT422 invalid_duration', 'no time is refused'),
  ('ends_at = starts_at + interval ''9 hours''', 'PT422 invalid_duration', '9 hours are refused'),
  ('provider_id = null', 'PT400 missing_argument', 'a provider is needed'),
  ('provider_id = t.id(''room'')', 'PT404 not_found', 'a room is no provider'),
  ('service_id = t.id(''nobody'')', 'PT404 not_found', 'an unknown service is not found'),
  ('patient_id = t.id(''nobody'')', 'PT404 not_found', 'an unknown patient is not found'),
  ('resource_ids = array[t.id(''nobody'')]', 'PT404 not_found', 'an unknown room is not found'),
  ('resource_ids = array[provider_id]', 'PT409 in_use', 'the provider is no room of the visit'),
  ('id = clinic.uuid7()', 'PT422 immutable', 'a visit keeps its id'),
  ('clinic_id = clinic.uuid7()', 'PT422 immutable', 'a visit stays at its clinic'),
  ('mode = ''walk_in''', 'PT422 immutable', 'a visit keeps its mode'),
  ('buffer_before = ''-1 min''', 'PT422 invalid_duration', 'a negative buffer is refused'),
  ('buffer_after = ''27 hours''', 'PT422 invalid_duration', 'a buffer of more than a day is refused')) x(change, refused, what);
update clinic.appointment set buffer_after = '15 min' where id = t.id('v');
select is(t.claimed(), 'grey 10:00-11:15, theatre 10:00-11:15', 'UPDATE of a buffer by staff changes the claims');
select is(t.refusal($$update clinic.appointment set resource_ids = null where id = t.id('v')$$) in ('not refused', 'PT400 missing_argument'), true, 'UPDATE: no rooms is an empty list, or an argument that is missing');
savepoint seat;
update clinic.appointment set seat = 2 where id = t.id('v');
select ok(t.intact(), 'UPDATE of the seat keeps the claims as they should be');
rollback to seat;

-- a statement may do several of these
with first as (
  insert into clinic.appointment (id, patient_id, provider_id, service_id, starts_at) values (t.call('c1', clinic.uuid7()), t.id('ada'), t.id('pair'), t.id('half'), t.at('15:00', 2)) returning id),
second as (
  insert into clinic.appointment (id, patient_id, provider_id, service_id, starts_at) values (t.call('c2', clinic.uuid7()), t.id('bob'), t.id('pair'), t.id('half'), t.at('15:00', 2)) returning id)
select isnt((select id from first), (select id from second), 'two INSERTs of one statement fill two seats');
select is((t.visit('c1')).seat + (t.visit('c2')).seat, 3, 'one each');
select ok(t.intact(), 'two INSERTs of one statement keep the claims as they should be');
select is(t.refusal($$
  with gone as (update clinic.appointment set status = 'cancelled' where id = t.id('c1')), come as (
    insert into clinic.appointment (patient_id, provider_id, service_id, starts_at) values (t.id('ada'), t.id('trio'), t.id('half'), t.at('15:00', 2)) returning 1)
  select * from come$$), 'not refused', 'a statement may cancel and book');
select is((select count(*) from (select clinic.book(t.id('ada'), t.id('house'), t.id('half'), t.at('08:00', 3) + n * interval '30 min') from generate_series(0, 9) n) x), 10::bigint, 'a statement may call book for many');
select ok(t.intact(), 'and every claim is what it should be');
select t.insert_visit('m1', 'ada', 'house', 'half', '21:00'), t.insert_visit('m2', 'bob', 'house', 'half', '21:30');
select is(t.refusal($$update clinic.appointment set starts_at = case id when t.id('m1') then t.at('21:30') else t.at('21:00') end where id in (t.id('m1'), t.id('m2'))$$) in ('not refused', 'PT409 slot_taken'), true, 'two visits that change places do so, or are refused as slot_taken');

-- a trigger of the application's own
create function t.clean_up() returns trigger language plpgsql as $$
begin
  if new.reason = 'messy' then
    insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, reason) values (new.patient_id, t.id('trio'), t.id('half'), new.starts_at, 'clean up');
  end if;
  return null;
end $$;
create function t.messy(provider text, times int) returns text language sql
  as $$select t.refusal(format('insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, reason) select t.id(%L), t.id(%L), t.id(%L), t.at(%L, 4), %L from generate_series(1, %s)', 'ada', $1, 'half', '10:00', 'messy', $2))$$;
create trigger z_clean_up after insert on clinic.appointment for each row execute function t.clean_up();
select is(t.messy('pair', 2), 'not refused', 'a trigger of the application''s own may book while rows are booked');
select is(t.messy('trio', 1), 'not refused', 'also another seat of the same provider');
select is(t.messy('trio', 2), 'PT409 slot_taken', 'as long as there are seats');
drop trigger z_clean_up on clinic.appointment;
create trigger a_clean_up after insert on clinic.appointment for each row execute function t.clean_up();
select is(t.messy('pair', 2), 'not refused', 'a trigger that comes before the extension''s may book while rows are booked');
select is(t.messy('trio', 1), 'not refused', 'also another seat of the same provider, by a trigger that comes first');
insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, reason) select t.id('ada'), t.id('pair'), t.id('half'), t.at('10:00', 4), 'messy' from generate_series(1, 2);
select ok(t.intact(), 'and every claim is what it should be');
drop trigger a_clean_up on clinic.appointment;

-- rollbacks
savepoint booked;
select t.book('bob', 'house', t.at('08:00', 5));
rollback to booked;
select is_empty($$select 1 from clinic.claim where starts_at = t.at('08:00', 5)$$, 'a savepoint rolled back leaves no claim');
select lives_ok($$select t.book('ada', 'house', t.at('08:00', 5))$$, 'its time is free at once');
savepoint cancelled;
delete from clinic.appointment where starts_at = t.at('08:00', 5);
rollback to cancelled;
select is(t.refusal($$select t.book('bob', 'house', t.at('08:00', 5))$$), 'PT409 slot_taken', 'a DELETE rolled back frees nothing');
do $$
begin
  perform t.book('bob', 'house', t.at('09:00', 5));
  begin
    perform t.book('bob', 'house', t.at('10:00', 5));
    raise exception 'changed my mind';
  exception when others then null;
  end;
  perform t.book('bob', 'grey', t.at('10:00', 5));
  begin
    perform t.book('bob', 'house', t.at('09:00', 5));
  exception when others then
    perform t.book('bob', 'house', t.at('09:30', 5));
  end;
end $$;
select results_eq($$select r.code, to_char(a.starts_at at time zone 'Europe/Berlin', 'HH24:MI') from clinic.appointment a join clinic.resource r on r.id = a.provider_id where a.starts_at between t.at('09:00', 5) and t.at('12:00', 5) order by 1, 2$$,
                  $$values ('grey', '10:00'), ('house', '09:00'), ('house', '09:30')$$, 'a PL/pgSQL exception block undoes its bookings and no others');
select ok(t.intact(), 'and every claim is what it should be');

-- cursors
declare bookings cursor for select (clinic.book(t.id('ada'), t.id('house'), t.id('half'), t.at('08:00', 6) + n * interval '30 min')).code from generate_series(0, 3) n;
move 2 from bookings;
select lives_ok($$select t.book('bob', 'grey', t.at('08:00', 6))$$, 'a booking between two rows of a cursor that books is taken');
move 2 from bookings;
close bookings;
select is(count(*), 5::bigint, 'and so are the cursor''s') from clinic.claim where starts_at between t.at('08:00', 6) and t.at('12:00', 6);
declare visits cursor for select * from clinic.appointment where starts_at = t.at('08:00', 6) and provider_id = t.id('house') for update;
move 1 from visits;
update clinic.appointment set starts_at = t.at('20:00', 6) where current of visits;
close visits;
select is(count(*), 1::bigint, 'the row under a cursor may be moved') from clinic.claim where starts_at = t.at('20:00', 6);
do $$
declare
  visit record;
begin
  for visit in select * from clinic.appointment where starts_at >= t.at('00:00', 6) and starts_at < t.at('00:00', 7) loop
    perform clinic.reschedule(visit.id, visit.starts_at + interval '7 days');
    update clinic.appointment set notes = 'moved' where id = visit.id;
  end loop;
end $$;
select is(count(*), 5::bigint, 'a loop may move each visit it reads') from clinic.claim where starts_at >= t.at('00:00', 13) and starts_at < t.at('00:00', 14) and resource_id in (t.id('house'), t.id('grey'));
select ok(t.intact(), 'and every claim is what it should be');

-- DELETE
delete from clinic.appointment where id = t.id('v');
select is(t.claimed(), null, 'DELETE removes the claims');
select is(t.refusal($$select t.book('bob', 'grey', t.at('10:00', 1))$$), 'not refused', 'DELETE frees the time at once');
delete from clinic.appointment where starts_at >= t.at('00:00', 10);
select ok(t.intact(), 'DELETE of many keeps the claims as they should be');
select is_empty($$select 1 from clinic.claim where starts_at >= t.at('00:00', 10)$$, 'and leaves none');

-- history
select is(t.refusal(format($$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, status) select t.id('ada'), t.id('house'), t.id('half'), '2001-09-09 09:00+00', %L from generate_series(1, 2)$$, status)), 'not refused', format('INSERT: history that is %s may lie in the past and overlap', status))
from unnest('{completed,cancelled,no_show}'::text[]) status;
select is(t.refusal(format($$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, ends_at, status) values (%s, 'completed')$$, row)), refused, 'INSERT: history ' || what) from (values
  ($$t.id('ada'), t.id('house'), t.id('half'), '2001-09-09 09:00+00', '2001-09-09 08:00+00'$$, 'PT422 invalid_duration', 'ends after it starts'),
  ($$t.id('ada'), t.id('house'), t.id('half'), '-infinity', null$$, 'PT400 invalid_time', 'has a time'),
  ($$t.id('nobody'), t.id('house'), t.id('half'), '2001-09-09 09:00+00', null$$, 'PT404 not_found', 'has a patient'),
  ($$t.id('ada'), t.id('nobody'), t.id('half'), '2001-09-09 09:00+00', null$$, '23503 appointment_provider_fkey', 'has a provider')) x(row, refused, what);
insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, status) select t.id('ada'), t.id('house'), t.id('half'), '2001-09-09 09:00+00', 'completed' from generate_series(1, 3);
select ok(t.intact(), 'history has no claims, as it should be');
select is(left((a.v).code, 9), 'APT-1999-', 'a code''s year is the visit''s, before 2000 too')
from (select clinic.book(t.id('ada'), t.id('house'), t.id('half'), '1999-12-31 12:00+00', override_reason => 'typed in later') as v) a;

-- walk-ins
insert into clinic.appointment (id, patient_id, service_id, starts_at, mode, status) values (t.call('walk-in', clinic.uuid7()), t.id('ada'), t.id('half'), now(), 'walk_in', 'arrived');
select is(t.claimed('walk-in'), null, 'a walk-in claims nothing');
select is((t.visit('walk-in')).checked_in_at, now(), 'a walk-in has arrived');
update clinic.appointment set provider_id = t.id('house') where id = t.id('walk-in');
select is(t.claimed('walk-in'), null, 'also when a provider has called it');
savepoint closing;
update clinic.clinic set status = 'closing_soon' where id = t.id('clinic');
select is(t.refusal($$insert into clinic.appointment (patient_id, service_id, starts_at, mode, status) values (t.id('ada'), t.id('half'), now(), 'walk_in', 'arrived')$$), 'PT422 clinic_closed', 'a clinic that closes soon takes no walk-ins');
rollback to closing;

-- the clock of a session's zone is nothing to the extension
set local timezone = 'Pacific/Apia';
select is((clinic.reschedule(t.id('w'), t.at('10:00', 8))).starts_at, t.at('10:00', 8), 'the session''s time zone changes nothing');
select ok(t.intact(), 'and every claim is what it should be');
select * from finish();
rollback;
