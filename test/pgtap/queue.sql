-- The day itself: who arrives gets a number and a turn, who is due first is called, and the entry and its visit say the same.
begin;
select plan(188);
\ir include/fixture.psql

-- It is the hour after noon, whenever this runs: no visit of today is tomorrow's.
update clinic.clinic set timezone = 'Etc/GMT' || case when h > 12 then '+' || h - 12 when h < 12 then '-' || 12 - h else '' end
from (select extract(hour from now())::int) x (h) where id = t.id('clinic');

-- The queue's functions by names. A visit of today at now plus so long, with whoever has time.
create function t.visit(name text, patient text, provider text, starts_in interval default '0', service text default 'half') returns uuid language sql as $$
  insert into clinic.appointment (id, patient_id, provider_id, service_id, starts_at, override_reason)
  values (t.call($1, clinic.uuid7()), t.id($2), t.id($3), t.id($5), now() + $4, 'today') returning id$$;
create function t.entry(name text) returns clinic.queue_entry language sql as $$select e from clinic.queue_entry e where e.id = t.id($1)$$;
create function t.check_in(name text, visit text) returns clinic.queue_entry language plpgsql as $$
declare e clinic.queue_entry;
begin e := clinic.check_in(t.id(visit)); perform t.call(name, e.id); return e; end $$;
create function t.walk_in(name text, patient text, service text default 'half', provider text default null, priority int default null) returns clinic.queue_entry language plpgsql as $$
declare e clinic.queue_entry;
begin e := clinic.walk_in(t.id(patient), t.id(service), t.id(provider), priority); perform t.call(name, e.id); return e; end $$;
-- Who is called: the name of the entry.
create function t.next(provider text, desk text default null) returns text language sql as
  $$select coalesce((select x.name from clinic.call_next(t.id($1), $2) e join t.thing x on x.id = e.id), 'nobody')$$;
create function t.names(ids uuid[]) returns text language sql as
  $$select coalesce(string_agg(x.name, ' ' order by i.ordinality), 'none') from unnest($1) with ordinality i (id) join t.thing x on x.id = i.id$$;
-- Who waits in a queue, in the order of their turns.
create function t.line(queue text) returns text language sql as
  $$select t.names(array_agg(e.id order by e.due_at, e.id)) from clinic.queue_entry e where e.queue_id = t.id($1) and e.status = 'waiting'$$;
create function t.status(name text) returns text language sql as
  $$select e.status || '/' || a.status from clinic.queue_entry e join clinic.appointment a on a.clinic_id = e.clinic_id and a.id = e.appointment_id where e.id = t.id($1)$$;
-- A patient more.
create function t.patient(name text) returns uuid language sql as
  $$insert into clinic.patient (id, name) values (t.call($1, clinic.uuid7()), 'Patient') returning id$$;
-- What a query says after statements that are undone again.
create function t.after(statements text[], question text) returns text language plpgsql as $$
declare
  statement text; answer text;
begin
  begin
    foreach statement in array statements loop
      execute statement;
    end loop;
    execute question into answer;
    raise exception using errcode = 'T0000';
  exception when sqlstate 'T0000' then
    return answer;
  end;
end $$;
do $$begin perform t.patient('p' || n) from generate_series(1, 12) n; end$$;

-- classes
create function t.classes(clinic uuid default t.id('clinic')) returns text language sql as
  $$select string_agg(priority || ' ' || code || ' ' || extract(epoch from target) / 60 || case when for_booked then ' booked' else '' end || case when for_walk_in then ' walk-in' else '' end, ', ' order by priority) from clinic.queue_class where clinic_id = $1$$;
select is(regexp_replace(t.classes(), '\.0+', '', 'g'), '1 urgent 0, 2 booked 10 booked, 3 walk_in 60 walk-in', 'a clinic has the classes of its preset');
select is(regexp_replace(t.classes((clinic.create_clinic('Token', 'UTC', 'token')).id), '\.0+', '', 'g'), '1 booked 0 booked, 2 walk_in 0 walk-in', 'a clinic of tokens calls in the order of check-in');
select is((select queue_preset from clinic.create_clinic('Other', 'UTC', preset)), 'clinic', preset || ' has the classes of a clinic') from unnest(array['general', 'outpatient', 'veterinary']) preset;
select is(regexp_replace(t.after(array[$$update clinic.clinic set queue_preset = 'manchester' where id = t.id('clinic')$$], 'select t.classes()'), '\.0+', '', 'g'),
  '1 immediate 0, 2 very_urgent 10, 3 urgent 60, 4 standard 120 booked walk-in, 5 non_urgent 240', 'another preset brings other classes');
select is(t.refusal($$update clinic.clinic set queue_preset = 'none' where id = t.id('clinic')$$), '23514 clinic_queue_preset_check', 'that is one of three');
select is(t.refusal($$insert into clinic.queue_class (priority, code, name, target) values (4, 'x', 'X', '25 hours')$$), '23514 queue_class_target_check', 'a target is a day at most');
select is(t.refusal($$insert into clinic.queue_class (priority, code, name, target, for_booked) values (4, 'x', 'X', '1 hour', true)$$), '23505 queue_class_for_booked', 'one class is that of booked visits');
select is(t.refusal($$update clinic.queue_class set priority = 9 where priority = 1$$), 'PT422 immutable', 'a class keeps its rank');
select is(t.after(array[$$delete from clinic.queue_class where for_walk_in or priority = 1$$], $$select (t.walk_in('w', 'ada')).class$$), 'booked', 'without a class for walk-ins they are of the last');
select is(t.refusal($$select clinic.walk_in(t.id('ada'), t.id('half'), priority => 4)$$), 'PT404 not_found', 'there is no such class');

-- check-in
select t.visit('v1', 'ada', 'house');
select is((t.check_in('e1', 'v1')).number, 1, 'who checks in first has number 1');
select is((t.entry('e1')).queue_id, t.id('house'), 'and waits for the visit''s provider');
select is((t.entry('e1')).arrival_queue_id, t.id('house'), 'in the queue that the number is of');
select is((t.entry('e1')).day, (now() at time zone (select timezone from clinic.clinic where id = t.id('clinic')))::date, 'on the civil day of the clinic');
select is((t.entry('e1')).patient_id, t.id('ada'), 'as the visit''s patient');
select is((t.entry('e1')).service_id, t.id('half'), 'for its service');
select is((t.entry('e1')).class, 'booked', 'of the class of booked visits');
select is((t.entry('e1')).due_at, now() + interval '10 min', 'and is due by its target');
select is(t.status('e1'), 'waiting/arrived', 'the visit is arrived');
select is((select checked_in_at from clinic.appointment where id = t.id('v1')), now(), 'since now');
select t.visit('v2', 'bob', 'house', '30 min');
select is((clinic.check_in(code => (select ' ' || lower(code) from clinic.appointment where id = t.id('v2')))).number, 2, 'a code does as well as an id, in any case');
select t.call('e2', id) from clinic.queue_entry where appointment_id = t.id('v2');
select is((t.entry('e2')).due_at, now() + interval '40 min', 'before its start a booked visit is due from that on');
select is((t.entry('e2')).arrived_at, now() + interval '1 microsecond', 'who has the next number arrived later');
select t.visit('v3', 'cleo', 'grey', '-20 min');
select is((t.check_in('e3', 'v3')).due_at, now() + interval '10 min', 'after it, from the arrival on');
select is((t.entry('e3')).number, 1, 'each queue has numbers of its own');

-- the refusals of check-in
select t.visit('v4', 'p1', 'house', '1 hour');
select t.call('tomorrow', t.book('p1', 'house', t.at('09:00')));
select is(t.refusal(statement), expected, what) from (values
  ($$select clinic.check_in(t.id('tomorrow'))$$, 'PT422 wrong_day', 'on another day than the visit''s'),
  ($$select clinic.check_in(t.id('v4'), t.id('bob'))$$, 'PT422 wrong_patient', 'by another patient'),
  ($$select clinic.check_in(t.id('v1'))$$, 'PT409 already_checked_in', 'twice'),
  ($$select clinic.cancel(t.id('v4'), 'x'); select clinic.check_in(t.id('v4'))$$, 'PT422 invalid_transition', 'for a visit that is cancelled'),
  ($$update clinic.appointment set status = 'no_show' where id = t.id('v4'); select clinic.check_in(t.id('v4'))$$, 'PT422 invalid_transition', 'for one that is missed'),
  ($$select clinic.check_in(id) from clinic.book(t.id('p1'), t.id('grey'), t.id('half'), t.at('09:00'), hold_for => '1 min')$$, 'PT422 invalid_transition', 'for a hold'),
  ($$select clinic.check_in(clinic.uuid7())$$, 'PT404 not_found', 'for no visit'),
  ($$select clinic.check_in(code => 'APT-2026-0000-0000')$$, 'PT404 not_found', 'with a code of none'),
  ($$select clinic.check_in()$$, 'PT400 missing_argument', 'with neither'),
  ($$select clinic.check_in(t.id('v4'), clinic_id => null)$$, 'PT400 missing_argument', 'at no clinic'),
  ($$select clinic.check_in(t.id('v4'), priority => 7)$$, 'PT404 not_found', 'of no class')) x(statement, expected, what);
select is((clinic.check_in(t.id('v4'), t.id('p1'), priority => 1)).class, 'urgent', 'who checks in may be urgent');
select t.call('e4', id) from clinic.queue_entry where appointment_id = t.id('v4');
select is((t.entry('e4')).due_at, now() + interval '1 hour', 'and is due at the booked start');
select t.visit('v5', 'p2', 'grey', '1 hour');
do $$begin perform clinic.set_status(t.id('v5'), 'arrived'); end$$;
select is((t.check_in('e5', 'v5')).number, 2, 'who was marked as arrived can still join the queue');

-- walk-ins
select is((t.walk_in('w1', 'p3')).queue_id, t.id('half'), 'who walks in waits in the pool of the service');
select is((t.entry('w1')).class || (t.entry('w1')).number, 'walk_in1', 'as a walk-in, with number 1');
select is((t.entry('w1')).due_at, now() + interval '1 hour', 'due an hour after coming');
select is((select (mode, status, provider_id is null, starts_at = now(), (select count(*) from clinic.claim c where c.appointment_id = a.id))::text from clinic.appointment a where id = (t.entry('w1')).appointment_id), '(walk_in,arrived,t,t,0)', 'the visit is a row like others, of nobody yet, without claims');
select is((t.walk_in('w2', 'p4', provider => 'grey')).queue_id, t.id('grey'), 'or for a provider who is asked for');
select is((select provider_id from clinic.appointment where id = (t.entry('w2')).appointment_id), null, 'who is not the visit''s until calling');
select is((t.walk_in('w3', 'p5', priority => 1)).due_at, now() + interval '1 microsecond', 'an urgent one is due at once');
select is(t.refusal(statement), expected, what) from (values
  ($$select clinic.walk_in(t.id('p3'), t.id('half'))$$, 'PT409 already_checked_in', 'nobody waits in a queue twice'),
  ($$select clinic.walk_in(null, t.id('half'))$$, 'PT400 missing_argument', 'no patient'),
  ($$select clinic.walk_in(t.id('p6'), null)$$, 'PT400 missing_argument', 'no service'),
  ($$select clinic.walk_in(t.id('p6'), clinic.uuid7())$$, 'PT404 not_found', 'no such service'),
  ($$select clinic.walk_in(clinic.uuid7(), t.id('half'))$$, 'PT404 not_found', 'no such patient'),
  ($$select clinic.walk_in(t.id('p6'), t.id('half'), t.id('room'))$$, 'PT404 not_found', 'a room is no provider'),
  ($$update clinic.clinic set status = 'closing_soon' where id = t.id('clinic'); select clinic.walk_in(t.id('p6'), t.id('half'))$$, 'PT422 clinic_closed', 'a clinic that closes soon takes no walk-ins'),
  ($$update clinic.resource set is_active = false where id = t.id('grey'); select clinic.walk_in(t.id('p6'), t.id('half'), t.id('grey'))$$, 'PT422 inactive', 'a provider who has left sees nobody'),
  ($$insert into clinic.provider_service (provider_id, service_id) values (t.id('grey'), t.id('hour')); select clinic.walk_in(t.id('p6'), t.id('half'), t.id('grey'))$$, 'PT422 not_offered', 'nor does one who does not offer the service')) x(statement, expected, what);
select is(t.refusal($$select clinic.walk_in(t.id('p3'), t.id('hour'))$$), 'not refused', 'a patient may wait in two queues');
update clinic.clinic set status = 'closing_soon' where id = t.id('clinic');
select is(t.after(array[$$select t.visit('v6', 'p6', 'trio')$$, $$select t.check_in('e6', 'v6')$$], $$select t.status('e6')$$), 'waiting/arrived', 'whoever has a visit may still check in then');
update clinic.clinic set status = 'open' where id = t.id('clinic');

-- whose turn it is
select is(t.line('house') || ', ' || t.line('grey') || ', ' || t.line('half'), 'e1 e2 e4, e3 w2 e5, w3 w1', 'turns come by when they are due');
select is(t.next('house', '1'), 'w3', 'the earliest of the own queue and the pools is called');
select is((select ((e).status, (e).provider_id, (e).desk, (e).called_at)::text from t.entry('w3') e), format('(called,%s,1,"%s")', t.id('house'), now()), 'by whom, to where and when is noted');
select is((select provider_id from clinic.appointment where id = (t.entry('w3')).appointment_id), t.id('house'), 'and the walk-in''s visit is the provider''s');
select is(t.next('house'), 'e1', 'then the next');
select is((t.entry('e1')).desk, null, 'who has no desk calls to none');
select is((clinic.set_present(t.id('house'), true, 'Room 7')).desk, 'Room 7', 'a provider is present at a desk');
select is(t.next('house'), 'e2', 'then the next');
select is((t.entry('e2')).desk, 'Room 7', 'who is present at a desk calls there');
select is(t.next('grey') || ' ' || t.next('grey') || ' ' || t.next('grey'), 'e3 w1 w2', 'another provider calls own patients and those of the pool');
select is(t.next('house') || ' ' || t.next('house'), 'e4 nobody', 'and who is left is left to nobody else');
select is(t.next('grey') || ' ' || t.next('grey'), 'e5 nobody', 'once nobody waits, no row comes');
select is(t.refusal(statement), expected, what) from (values
  ($$select clinic.call_next(t.id('room'))$$, 'PT404 not_found', 'a room calls nobody'),
  ($$select clinic.call_next(null)$$, 'PT400 missing_argument', 'nor does null'),
  ($$select clinic.call_next(t.id('house'), clinic_id => null)$$, 'PT400 missing_argument', 'nor at no clinic'),
  ($$select clinic.call_next(t.id('house'), '')$$, 'not refused', 'where nobody waits no desk is looked at')) x(statement, expected, what);
select is(t.after(array[$$insert into clinic.provider_service (provider_id, service_id) values (t.id('house'), t.id('hour'))$$, $$select t.walk_in('a', 'p6', 'half')$$, $$select t.walk_in('b', 'p7', 'hour')$$], $$select t.next('house') || ' ' || t.next('house')$$), 'b nobody', 'a provider is called the patients of what is offered only');
select is(t.after(array[$$select t.walk_in('a', 'p6', provider => 'grey')$$], $$select t.next('house')$$), 'nobody', 'and nobody else''s');
select is(t.after(array[$$update clinic.clinic set queue_preset = 'fifo' where id = t.id('clinic')$$, $$select t.walk_in('a', 'p6', provider => 'pair')$$, $$select t.visit('v6', 'p7', 'pair', '1 min'), t.check_in('b', 'v6')$$, $$select t.walk_in('c', 'p8', provider => 'pair', priority => 1)$$], $$select t.line('pair')$$), 'a b c', 'under fifo the order is that of arrival, whatever was booked');

-- what becomes of who is called
select is((clinic.recall(t.id('e1'), '2')).desk, '2', 'who does not come is called again, to another desk');
select is((clinic.recall(t.id('e1'))).desk, '2', 'or to the same');
select is(t.refusal($$select clinic.start_visit(t.id('e1')); select clinic.recall(t.id('e1'))$$), 'PT422 invalid_transition', 'who has come is not called again');
select is((select (e.status, e.started_at)::text from clinic.start_visit(t.id('e1')) e), format('(in_service,"%s")', now()), 'who has come is seen');
select is(t.status('e1') || ' ' || (select started_at from clinic.appointment where id = t.id('v1')), 'in_service/in_progress ' || now(), 'and the visit is in progress');
select is((select (e.status, e.finished_at)::text from clinic.finish_visit(t.id('e1')) e), format('(done,"%s")', now()), 'and done');
select is(t.status('e1') || ' ' || (select completed_at from clinic.appointment where id = t.id('v1')), 'done/completed ' || now(), 'and the visit is completed');
select is((clinic.start_visit(t.id('w3'))).status, 'in_service', 'a walk-in is seen as well');
select is((clinic.leave(t.id('e2'))).status, 'left', 'who leaves is gone');
select is(t.status('e2'), 'left/no_show', 'and a booked visit missed');
select is((clinic.leave(t.id('w1'))).status, 'left', 'a walk-in may leave');
select is((select (status, cancellation_reason)::text from clinic.appointment where id = (t.entry('w1')).appointment_id), '(cancelled,left)', 'and misses nothing');
select is(t.refusal(statement), expected, what) from (values
  ($$select clinic.start_visit(t.id('e1'))$$, 'PT422 invalid_transition', 'who is done is not seen again'),
  ($$select clinic.leave(t.id('w3'))$$, 'PT422 invalid_transition', 'who is being seen does not leave the queue'),
  ($$select clinic.finish_visit(t.id('e3'))$$, 'PT422 invalid_transition', 'who is only called is not done'),
  ($$select clinic.skip(t.id('e1'))$$, 'PT422 invalid_transition', 'who is done is not skipped'),
  ($$select clinic.transfer(t.id('w3'), t.id('grey'))$$, 'PT422 invalid_transition', 'who is being seen is not transferred'),
  ($$select clinic.start_visit(clinic.uuid7())$$, 'PT404 not_found', 'there is no such entry'),
  ($$select clinic.skip(clinic.uuid7())$$, 'PT404 not_found', 'nor to skip'),
  ($$select clinic.start_visit(null)$$, 'PT400 missing_argument', 'nor null'),
  ($$select clinic.leave(t.id('e3'), null)$$, 'PT400 missing_argument', 'nor at no clinic'),
  ($$select clinic.skip(t.id('e3'), 0)$$, 'PT400 invalid_number', 'nobody is put back behind none')) x(statement, expected, what);

-- skip
do $$begin perform t.walk_in('s' || n, 'p' || n + 5, provider => 'pair') from generate_series(1, 6) n; end$$;
select is(t.next('pair'), 's1', 'the first is called');
select is((clinic.skip(t.id('s1'), 2)).status, 'waiting', 'who does not come is put back');
select is(t.line('pair'), 's2 s3 s1 s4 s5 s6', 'behind two others');
select is((select (number, arrived_at, provider_id is null, desk is null)::text from t.entry('s1')), format('(1,"%s",t,t)', now()), 'with the number there was');
select is((clinic.skip(t.id('s5'), 9)).status, 'waiting', 'who waits may be put back as well');
select is(t.line('pair'), 's2 s3 s1 s4 s6 s5', 'behind all others, if they are fewer');
select is((clinic.skip(t.id('s3'))).status, 'skipped', 'or be set aside');
select is(t.line('pair'), 's2 s1 s4 s6 s5', 'and is not called');
select is((clinic.recall(t.id('s3'))).status, 'waiting', 'until recalled');
select is(t.line('pair'), 's2 s3 s1 s4 s6 s5', 'with the turn there was');
select is(t.refusal($$select clinic.recall(t.id('s3'))$$), 'PT422 invalid_transition', 'who waits is not recalled');
select is(t.after(array[$$select clinic.skip(t.id('s5'), 1)$$], $$select t.line('pair')$$), 's2 s3 s1 s4 s6 s5', 'behind nobody the last stays');

-- transfer
update clinic.queue_entry set due_at = due_at - interval '1 min' where id = t.id('s4');
select is((clinic.transfer(t.id('s4'), t.id('trio'))).queue_id, t.id('trio'), 'who waits may wait for another provider');
select is((select (number, arrival_queue_id = t.id('pair'), due_at - arrived_at)::text from t.entry('s4')), '(4,t,00:59:00)', 'with number and turn');
do $$begin perform t.walk_in('t1', 'p2', provider => 'trio'); end$$;
select is(t.line('trio'), 's4 t1', 'before those who came later');
select is(t.next('trio'), 's4', 'and is called there');
select is((select e.status || ' ' || (e.queue_id = t.id('half')) || ' ' || (e.provider_id is null) from clinic.transfer(t.id('s4'), t.id('half')) e), 'waiting true true', 'who is called may wait again, in a pool');
select is((t.walk_in('t2', 'p3', provider => 'trio')).number, 2, 'a transfer leaves numbers as they are');
select is((t.walk_in('t3', 'p12', provider => 'pair')).number, 7, 'in both queues');
select is(t.refusal(statement), expected, what) from (values
  ($$select clinic.transfer(t.id('s6'), t.id('room'))$$, 'PT404 not_found', 'a room has no queue'),
  ($$select clinic.transfer(t.id('s6'), null)$$, 'PT400 missing_argument', 'null is none'),
  ($$select t.walk_in('x', 'p11', provider => 'trio'), clinic.transfer(t.id('s6'), t.id('trio'))$$, 'PT409 already_checked_in', 'nobody waits twice in the queue transferred to')) x(statement, expected, what);

-- who is in which queue now, whatever one statement and other triggers do
select is(t.refusal($$insert into clinic.appointment (id, patient_id, service_id, starts_at, mode, status)
    select t.call(n, clinic.uuid7()), t.id('ada'), t.id('half'), now(), 'walk_in', 'arrived' from unnest(array['twin1', 'twin2']) n;
  insert into clinic.queue_entry (appointment_id, queue_id) select t.id(n), t.id('grey') from unnest(array['twin1', 'twin2']) n$$),
  'PT409 already_checked_in', 'one statement does not let a patient wait in a queue twice');
select is(t.refusal($$select clinic.walk_in(t.id('ada'), t.id('half'), t.id('grey'));
  insert into clinic.queue_entry (appointment_id, queue_id) select e.appointment_id, t.id(q) from clinic.queue_entry e cross join unnest(array['pair', 'trio']) q
  where e.patient_id = t.id('ada') and e.queue_id = t.id('grey')$$),
  'PT409 already_checked_in', 'nor a visit have two entries');
create function t.send_away() returns trigger language plpgsql as $$begin delete from clinic.queue_entry where id = new.id; return null; end$$;
create trigger a_send_away after insert on clinic.queue_entry for each row execute function t.send_away();
select clinic.walk_in(t.id('ada'), t.id('half'), t.id('grey'));
drop trigger a_send_away on clinic.queue_entry;
select is_empty('select * from clinic.verify()', 'an entry that is deleted while it is inserted leaves no place behind');
select is((select count(*) from clinic.queue_place), (select count(*) from clinic.queue_entry where status in ('waiting', 'called', 'skipped', 'in_service')), 'and there is one for each that is open');

-- what raw writers cannot do
select is(t.refusal(statement), expected, what) from (values
  ($$update clinic.queue_entry set number = 99 where id = t.id('s2')$$, 'PT422 immutable', 'a number never changes'),
  ($$update clinic.queue_entry set arrived_at = now() - interval '1 hour' where id = t.id('s2')$$, 'PT422 immutable', 'nor an arrival'),
  ($$update clinic.queue_entry set day = day - 1 where id = t.id('s2')$$, 'PT422 immutable', 'nor its day'),
  ($$update clinic.queue_entry set arrival_queue_id = t.id('grey') where id = t.id('s2')$$, 'PT422 immutable', 'nor its queue'),
  ($$update clinic.queue_entry set appointment_id = t.id('tomorrow') where id = t.id('s2')$$, 'PT422 immutable', 'nor its visit'),
  ($$update clinic.queue_entry set patient_id = t.id('ada') where id = t.id('s2')$$, 'PT422 immutable', 'the patient is the visit''s'),
  ($$update clinic.queue_entry set class = 'urgent' where id = t.id('s2')$$, 'PT422 immutable', 'the class is that of its rank'),
  ($$update clinic.queue_entry set status = 'in_service' where id = t.id('s2')$$, 'PT422 invalid_transition', 'nobody is in service but the visit is'),
  ($$update clinic.queue_entry set status = 'done' where id = t.id('w3')$$, 'PT422 invalid_transition', 'nor done'),
  ($$update clinic.queue_entry set status = 'left' where id = t.id('s2')$$, 'PT422 invalid_transition', 'nor gone'),
  ($$update clinic.queue_entry set status = 'waiting' where id = t.id('e1')$$, 'PT422 invalid_transition', 'what is done stays done'),
  ($$update clinic.queue_entry set status = 'called' where id = t.id('s2')$$, 'PT400 missing_argument', 'nobody is called by nobody'),
  ($$update clinic.queue_entry set status = 'called', provider_id = t.id('room') where id = t.id('s2')$$, 'PT404 not_found', 'nor by a room'),
  ($$update clinic.queue_entry set status = 'called', provider_id = t.id('pair') where id = t.id('s2'); update clinic.queue_entry set provider_id = null where id = t.id('s2')$$, 'PT400 missing_argument', 'nor afterwards'),
  ($$update clinic.queue_entry set status = 'called', provider_id = t.id('pair') where id = t.id('s2'); update clinic.queue_entry set called_at = null where id = t.id('s2')$$, 'PT400 missing_argument', 'nor at no time'),
  ($$update clinic.queue_entry set status = 'called', provider_id = t.id('pair'), desk = '' where id = t.id('s2')$$, 'PT400 invalid_text', 'a desk has a name'),
  ($$select clinic.call_next(t.id('pair'), repeat('ü', 51))$$, 'PT400 invalid_text', 'of fifty characters at most'),
  ($$update clinic.queue_entry set placed_by = '3' where id = t.id('s2')$$, 'PT422 immutable', 'what put it there is nobody''s to say'),
  ($$update clinic.queue_entry set queue_id = t.id('trio') where id = t.id('w3')$$, 'PT422 invalid_transition', 'who is being seen waits nowhere else'),
  ($$insert into clinic.queue_entry (appointment_id) values (t.id('v1'))$$, 'PT409 already_checked_in', 'a visit has one entry'),
  ($$insert into clinic.queue_entry (appointment_id) values (t.id('tomorrow'))$$, 'PT422 invalid_transition', 'whose patient has not arrived is in no queue'),
  ($$update clinic.appointment set status = 'arrived' where id = t.id('tomorrow'); insert into clinic.queue_entry (appointment_id) values (t.id('tomorrow'))$$, 'PT422 wrong_day', 'nor on another day'),
  ($$insert into clinic.queue_entry (appointment_id) values (clinic.uuid7())$$, 'PT404 not_found', 'nor for no visit'),
  ($$insert into clinic.queue_entry (appointment_id, status) values (t.id('v1'), 'done')$$, 'PT422 invalid_transition', 'whoever joins waits'),
  ($$delete from clinic.resource where id = t.id('pair')$$, 'PT409 in_use', 'a provider whom patients wait for stays'),
  ($$truncate clinic.queue_entry$$, 'PT422 immutable', 'nobody truncates the queues')) x(statement, expected, what);

-- and what they can
select is(t.after(array[$$update clinic.queue_entry set priority = 1 where id = t.id('s6')$$], $$select t.line('pair') || ' ' || (t.entry('s6')).class$$), 's6 s2 s3 s1 s5 t3 urgent', 'another class brings another turn');
select is(t.after(array[$$select clinic.call_next(t.id('pair'), repeat('ü', 50))$$], $$select max(length(desk)) from clinic.queue_entry$$), '50', 'fifty characters are enough for a desk');
select is(t.after(array[$$update clinic.queue_entry set due_at = now() where id = t.id('s6')$$], $$select t.line('pair')$$), 's6 s2 s3 s1 s5 t3', 'the staff may move a turn');
select is(t.after(array[$$update clinic.queue_entry set status = 'called', provider_id = t.id('pair') where id = t.id('s2')$$, $$select clinic.start_visit(t.id('s2'))$$], $$select t.status('s2') || ' ' || (select provider_id = t.id('pair') from clinic.appointment where id = (t.entry('s2')).appointment_id)$$), 'in_service/in_progress true', 'who is called by an UPDATE is seen like others');
select is(t.after(array[$$insert into clinic.appointment (id, patient_id, service_id, starts_at, mode, status) select t.call('m' || n, clinic.uuid7()), t.id('p' || n), t.id('hour'), now(), 'walk_in', 'arrived' from generate_series(1, 5) n$$, $$insert into clinic.queue_entry (appointment_id, number) select t.id('m' || n), 7 from generate_series(1, 5) n$$], $$select string_agg(e.number::text, ' ' order by e.due_at) from clinic.queue_entry e where e.queue_id = t.id('hour')$$), '1 2 3 4 5', 'rows of one INSERT have the numbers in order');

-- the visit is the master
do $$begin perform t.visit('f1', 'ada', 'trio', '1 min'); end$$;
do $$begin perform t.check_in('fe', 'f1'); end$$;
select is(t.after(array[statement], $$select t.status('fe')$$), expected, what) from (values
  ($$select clinic.cancel(t.id('f1'), 'changed my mind')$$, 'left/cancelled', 'who cancels waits no longer'),
  ($$update clinic.appointment set status = 'no_show' where id = t.id('f1')$$, 'left/no_show', 'nor who is marked as missing'),
  ($$update clinic.appointment set status = 'in_progress' where id = t.id('f1')$$, 'in_service/in_progress', 'whose visit is begun is in service, called or not'),
  ($$update clinic.appointment set status = 'in_progress' where id = t.id('f1'); update clinic.appointment set status = 'completed' where id = t.id('f1')$$, 'done/completed', 'and done with it'),
  ($$update clinic.appointment set status = 'in_progress' where id = t.id('f1'); update clinic.appointment set status = 'cancelled' where id = t.id('f1')$$, 'left/cancelled', 'or broken off'),
  ($$select clinic.reschedule(t.id('f1'), t.at('09:00'))$$, 'left/arrived', 'whose visit is moved to another day waits no longer')) x(statement, expected, what);
select is(t.after(array[$$select clinic.reschedule(t.id('f1'), now() + interval '31 min', override_reason => 'later')$$], $$select (t.entry('fe')).due_at - now()$$), '00:41:00', 'whose visit is moved within the day is due by its new start');
select is(t.after(array[$$select clinic.reschedule(t.id('f1'), now() + interval '1 min', t.id('pair'), override_reason => 'x')$$], $$select t.line('pair')$$), 'fe s2 s3 s1 s6 s5 t3', 'whose visit is another provider''s by now waits for that one');
select is(t.after(array[$$update clinic.appointment set service_id = t.id('hour'), override_reason = 'x' where id = t.id('f1')$$], $$select (t.entry('fe')).service_id = t.id('hour')$$), 'true', 'and for what the visit is for');
select is(t.after(array[$$select clinic.reschedule(t.id('f1'), t.at('09:00'))$$, $$update clinic.appointment set starts_at = now() + interval '1 min', override_reason = 'back' where id = t.id('f1')$$], $$select (clinic.check_in(t.id('f1'))).number$$), '4', 'moved back, the patient checks in anew');
select is(t.after(array[$$delete from clinic.appointment where id = t.id('f1')$$], $$select count(*) from clinic.queue_entry where id = t.id('fe')$$), '0', 'a visit that is deleted takes its entry along');
select is(t.after(array[$$insert into clinic.member (user_id, role) values (t.id('nobody'), 'nurse')$$, $$select t.act_as('ada''s account')$$, $$select clinic.cancel(t.id('f1'), 'x')$$], $$select t.status('fe')$$), 'left/cancelled', 'a patient''s account that cancels leaves the queue with it');

-- who may
select t.act_as('ada''s account');
select is(t.refusal(statement), 'PT403 staff_only', 'a patient''s account: ' || statement) from (values
  ($$select clinic.check_in(t.id('f1'))$$), ($$select clinic.walk_in(t.id('ada'), t.id('hour'))$$), ($$select clinic.call_next(t.id('house'))$$),
  ($$select clinic.recall(t.id('fe'))$$), ($$select clinic.skip(t.id('fe'))$$), ($$select clinic.transfer(t.id('fe'), t.id('grey'))$$),
  ($$select clinic.start_visit(t.id('fe'))$$), ($$select clinic.finish_visit(t.id('fe'))$$), ($$select clinic.leave(t.id('fe'))$$),
  ($$select clinic.assign_queue(t.id('half'))$$), ($$select clinic.set_present(t.id('house'), true)$$), ($$select * from clinic.queue_board()$$),
  ($$select clinic.mark_no_shows()$$), ($$update clinic.queue_entry set due_at = now()$$), ($$delete from clinic.queue_entry$$),
  ($$update clinic.queue_class set target = '0'$$)) x(statement);
select isnt((select count(*) from clinic.public_board()), 0::bigint, 'but the numbers are for all to see');
select t.act_as(null);

-- the journal
select is((select string_agg(coalesce(j.new ->> 'status', j.new ->> 'desk'), ' ' order by j.id) from clinic.journal j where j.entity = 'queue_entry' and j.entity_id = t.id('e1')), 'waiting called 2 in_service done', 'all of it is on record');
select is_empty('select * from clinic.verify()', 'and every claim is what it should be');
select * from finish();
rollback;
