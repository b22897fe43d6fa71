-- When those who wait will be seen, to whom they are dealt, and who did not come.
begin;
select plan(61);
\ir include/fixture.psql

-- It is the hour after noon, whenever this runs: no visit of today is tomorrow's.
update clinic.clinic set timezone = 'Etc/GMT' || case when h > 12 then '+' || h - 12 when h < 12 then '-' || 12 - h else '' end
from (select extract(hour from now())::int) x (h) where id = t.id('clinic');

create function t.patient(name text) returns uuid language sql as
  $$insert into clinic.patient (id, name) values (t.call($1, clinic.uuid7()), 'Patient') returning id$$;
create function t.walk_in(name text, service text default 'half', provider text default null, priority int default null) returns clinic.queue_entry language plpgsql as $$
declare e clinic.queue_entry;
begin e := clinic.walk_in(t.patient(name || '''s patient'), t.id(service), t.id(provider), priority); perform t.call(name, e.id); return e; end $$;
create function t.visit(name text, provider text, starts_in interval, service text default 'half') returns uuid language sql as $$
  insert into clinic.appointment (id, patient_id, provider_id, service_id, starts_at, override_reason)
  values (t.call($1, clinic.uuid7()), t.patient($1 || '''s patient'), t.id($2), t.id($4), now() + $3, 'today') returning id$$;
create function t.minutes(at timestamptz) returns text language sql as $$select round(extract(epoch from $1 - now()) / 60)::text$$;
-- In minutes from now: who will be seen when, in the order of the board, and by whom.
create function t.starts(provider text default null) returns text language sql as $$
  select coalesce(string_agg(x.name || ' ' || coalesce(t.minutes(b.estimated_start) || ' ' || p.code, '-'), ', ' order by b.ordinality), 'none')
  from clinic.queue_board(t.id($1)) with ordinality b
  join t.thing x on x.id = b.entry_id left join clinic.resource p on p.id = b.by_provider_id where b.status = 'waiting'$$;
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
-- Runs what only its effect is wanted of.
create procedure t.run(statement text) language plpgsql as $$begin execute statement; end $$;

-- presence
select is((select (p.present, p.desk, p.since)::text from clinic.set_present(t.id('house'), true, '1') p), format('(t,1,"%s")', now()), 'a provider comes');
select is((select (p.present, p.desk)::text from clinic.set_present(t.id('house'), false) p), '(f,1)', 'and goes; the desk stays');
select is((select (p.present, p.desk)::text from clinic.set_present(t.id('house'), true, '2') p), '(t,2)', 'and comes to another');
select is((select count(*) from clinic.provider_presence), 1::bigint, 'a provider has one row');
select is(t.refusal(statement), expected, what) from (values
  ($$select clinic.set_present(t.id('room'), true)$$, 'PT404 not_found', 'a room does not come'),
  ($$select clinic.set_present(null, true)$$, 'PT400 missing_argument', 'nor does null'),
  ($$select clinic.set_present(t.id('house'), null)$$, '23502', 'who comes or not, comes or not')) x(statement, expected, what);

-- the board
select is(t.starts(), 'none', 'where nobody waits the board is empty');
call t.run($$select t.walk_in('w1'), t.walk_in('w2'), t.walk_in('w3', 'hour')$$);
select is(t.starts(), 'w1 0 house, w3 30 house, w2 90 house', 'who waits is seen one after the other, by turns');
call t.run($$update clinic.queue_entry set due_at = due_at - interval '1 min' where id = t.id('w2')$$);
select is(t.starts(), 'w2 0 house, w1 30 house, w3 60 house', 'by turns');
select is(t.after(array[$$select clinic.set_present(t.id('house'), false)$$], 'select t.starts()'), 'w2 -, w1 -, w3 -', 'where nobody is present nobody is seen');
select is(t.after(array[$$select clinic.set_present(t.id('grey'), true)$$], 'select t.starts()'), 'w2 0 grey, w1 0 house, w3 30 grey', 'two providers share a pool');
select is(t.after(array[$$insert into clinic.provider_service (provider_id, service_id) values (t.id('grey'), t.id('hour'))$$, $$select clinic.set_present(t.id('grey'), true)$$], 'select t.starts()'), 'w2 0 house, w1 30 house, w3 0 grey', 'as far as they offer the service');
select is(t.after(array[$$insert into clinic.provider_service (provider_id, service_id, duration) values (t.id('house'), t.id('half'), '10 min')$$], 'select t.starts()'), 'w2 0 house, w1 10 house, w3 -', 'a provider may be quicker than others');
select is(t.after(array[$$select t.walk_in('g', provider => 'grey')$$], 'select t.starts()'), 'w2 0 house, w1 30 house, w3 60 house, g -', 'who waits for somebody who is not there is not seen');
select is(t.after(array[$$select t.walk_in('g', provider => 'grey')$$], $$select t.starts('house') || '; ' || t.starts('grey')$$), 'w2 0 house, w1 30 house, w3 60 house; w2 0 house, w1 30 house, w3 60 house, g -', 'a provider''s board has own patients and those of the pools');
select is(t.after(array[$$select t.walk_in('u', priority => 1)$$], 'select t.starts()'), 'u 0 house, w2 30 house, w1 60 house, w3 90 house', 'who is urgent comes first');

-- who is there now
select is(t.after(array[$$select clinic.call_next(t.id('house'))$$], 'select t.starts()'), 'w1 30 house, w3 60 house', 'who is called takes as long as the service does');
select is(t.after(array[$$select clinic.call_next(t.id('house'))$$, $$select clinic.start_visit(t.id('w2'))$$], 'select t.starts()'), 'w1 30 house, w3 60 house', 'who has just come, too');
select is(t.after(array[$$select clinic.call_next(t.id('house'))$$, $$update clinic.appointment set status = 'in_progress', started_at = now() - interval '20 min' where id = (select appointment_id from clinic.queue_entry where id = t.id('w2'))$$], 'select t.starts()'), 'w1 10 house, w3 40 house', 'who came before, the rest of it');
select is(t.after(array[$$select clinic.call_next(t.id('house'))$$, $$update clinic.appointment set status = 'in_progress', started_at = now() - interval '50 min' where id = (select appointment_id from clinic.queue_entry where id = t.id('w2'))$$], 'select t.starts()'), 'w1 5 house, w3 35 house', 'who is there for longer than usual, a while more');
select is(t.after(array[$$select clinic.call_next(t.id('grey'))$$], 'select t.starts()'), 'w1 0 house, w3 30 grey', 'who has a patient is there, present or not');
select is(t.after(array[$$select clinic.set_present(t.id('grey'), false)$$, $$select clinic.call_next(t.id('grey'))$$], 'select t.starts()'), 'w1 0 house, w3 30 house', 'unless it is said that it was the last');

-- booked starts still to come
select is(t.after(array[$$select t.visit('v', 'house', '20 min')$$], 'select t.starts()'), 'w2 0 house, w1 60 house, w3 90 house', 'a booked start that will have come goes before who is due later');
select is(t.after(array[$$select t.visit('v', 'house', '20 min')$$, $$select clinic.cancel(t.id('v'), 'x')$$], 'select t.starts()'), 'w2 0 house, w1 30 house, w3 60 house', 'not one that is cancelled');
select is(t.after(array[$$select t.visit('v', 'grey', '20 min')$$], 'select t.starts()'), 'w2 0 house, w1 30 house, w3 60 house', 'nor another provider''s');
select is(t.after(array[$$select t.visit('v', 'house', '10 min')$$, $$select clinic.check_in(t.id('v'))$$, $$insert into t.thing select 'e', id from clinic.queue_entry where appointment_id = t.id('v')$$], 'select t.starts()'), 'e 0 house, w2 30 house, w1 60 house, w3 90 house', 'who is there before the booked start may be seen before it');

-- how sure it is
create function t.spread(name text) returns text language sql as
  $$select t.minutes(b.estimated_from) || ' ' || t.minutes(b.estimated_to) from clinic.queue_board() b where b.entry_id = t.id($1)$$;
select is(t.spread('w2') || ', ' || t.spread('w1') || ', ' || t.spread('w3'), '0 0, 17 43, 42 78', 'the further the less: 80% of a normal distribution whose variances add up');

-- measured lengths
create function t.history(service text, lengths int[]) returns void language plpgsql as $$
declare minutes int; n int := 0; visit uuid;
begin
  foreach minutes in array lengths loop
    n := n + 1;
    insert into clinic.appointment (patient_id, service_id, starts_at, mode, status) values (t.patient('h' || service || n), t.id(service), now(), 'walk_in', 'arrived') returning id into visit;
    insert into clinic.queue_entry (appointment_id) values (visit);
    update clinic.appointment set status = 'in_progress', started_at = now() - interval '3 hours' where id = visit;
    update clinic.appointment set status = 'completed', completed_at = now() - interval '3 hours' + minutes * interval '1 min' where id = visit;
  end loop;
end $$;
select is(t.after(array[$$select t.history('half', '{12,10,15,14}')$$], 'select t.starts()'), 'w2 0 house, w1 30 house, w3 60 house', 'four visits measure nothing');
select is(t.after(array[$$select t.history('half', '{12,10,15,14,170}')$$], 'select t.starts()'), 'w2 0 house, w1 14 house, w3 28 house', 'five tell what a service takes: the median, whatever somebody forgot to finish');
select is(t.after(array[$$select t.history('half', '{9,10,11,10,10,10,9,11,10,10,10}')$$], $$select t.spread('w1')$$), '9 11', 'and how sure that is');
select is(t.after(array[$$select t.history('hour', '{9,10,11,10,10,10,9,11,10,10,10}')$$], 'select t.starts()'), 'w2 0 house, w1 30 house, w3 60 house', 'of each service by itself');

-- what else the board says
select is((select (b.number, b.class, b.priority, b.overdue, b.queue_id = t.id('half'), b.service_id = t.id('half'), b.patient_id = t.id('w1''s patient'))::text from clinic.queue_board() b where b.entry_id = t.id('w1')), '(1,walk_in,3,f,t,t,t)', 'a number, a class, a patient');
select is(t.after(array[$$update clinic.queue_entry set due_at = now() - interval '1 min' where id = t.id('w1')$$], $$select b.overdue from clinic.queue_board() b where b.entry_id = t.id('w1')$$), 'true', 'whose turn has come is overdue');
select is(t.after(array[$$select clinic.call_next(t.id('house'), 'A')$$, $$select clinic.leave(t.id('w3'))$$, $$select clinic.skip(t.id('w1'))$$, $$select t.walk_in('w4')$$], $$select string_agg(b.status || coalesce(' ' || b.desk, ''), ', ' order by b.ordinality) from clinic.queue_board() with ordinality b$$), 'called A, waiting, skipped, left', 'whoever is called comes first, then who waits, then the rest');
select is((select count(*) from clinic.queue_board(day => (now() - interval '1 day')::date)), 0::bigint, 'another day has a board of its own');
select is(t.refusal(statement), expected, what) from (values
  ($$select clinic.queue_board(t.id('room'))$$, 'PT404 not_found', 'a room has none'),
  ($$select clinic.queue_board(clinic_id => null)$$, 'PT400 missing_argument', 'nor has null'),
  ($$select clinic.queue_board(clinic_id => clinic.uuid7())$$, 'PT404 not_found', 'nor a clinic that is none')) x(statement, expected, what);

-- for all to see
select is(t.after(array[$$select clinic.call_next(t.id('house'), 'A')$$], $$select string_agg(b::text, ' ' order by b.ordinality) from (select b.queue, b.number, b.status, b.desk, t.minutes(b.estimated_start), b.ordinality from clinic.public_board() with ordinality b) b$$), '(half,2,called,A,,1) (half,1,waiting,,30,2) (hour,1,waiting,,60,3)', 'everybody sees numbers, where to, and when');
select is(t.after(array[$$select clinic.transfer(t.id('w1'), t.id('grey'))$$], $$select string_agg(b.queue || b.number, ' ' order by b.ordinality) from clinic.public_board() with ordinality b$$), 'half2 half1 hour1', 'a number keeps the name of the queue it was given in');
select is((select p.proargnames::text from pg_proc p where p.oid = 'clinic.public_board(uuid)'::regprocedure), '{clinic_id,queue,number,status,desk,called_at,estimated_start}', 'and neither who nor what for');

-- dealing
create function t.dealt() returns text language sql as $$
  select coalesce(string_agg(x.name || ' ' || p.code, ', ' order by x.name), 'none') from clinic.queue_entry e join t.thing x on x.id = e.id join clinic.resource p on p.id = e.queue_id where e.status = 'waiting'$$;
select is(t.after(array[$$select clinic.assign_queue(t.id('half'))$$], 'select t.dealt()'), 'w1 house, w2 house', 'those who wait in a pool are dealt to who is present');
select is(t.after(array[$$select clinic.set_present(t.id('house'), false)$$, $$select clinic.assign_queue(t.id('half'))$$], 'select t.dealt()'), 'none', 'to nobody if nobody is');
select is(t.after(array[$$select clinic.set_present(t.id('grey'), true)$$, $$select t.walk_in('w' || n) from generate_series(4, 5) n$$, $$select clinic.assign_queue(t.id('half'))$$], 'select t.dealt()'), 'w1 house, w2 house, w4 grey, w5 house', 'to whoever is done first, besides what there is to do in other pools');
select is(t.after(array[$$select clinic.set_present(t.id('grey'), true)$$, $$select clinic.transfer(t.id('w3'), t.id('grey'))$$, $$select clinic.assign_queue(t.id('half'))$$], 'select t.dealt()'), 'w1 house, w2 house, w3 grey', 'besides what each has to do already');
select is(t.after(array[$$select clinic.set_present(t.id('grey'), true)$$, $$select clinic.transfer(t.id('w3'), t.id('half'))$$, $$select clinic.assign_queue(t.id('half'))$$], 'select t.dealt()'), 'w1 house, w2 house, w3 grey', 'the longest first, so that all are done early');
select is(t.after(array[$$insert into clinic.provider_service (provider_id, service_id) values (t.id('grey'), t.id('hour'))$$, $$select clinic.set_present(t.id('grey'), true)$$, $$select clinic.assign_queue(t.id('half'))$$], 'select t.dealt()'), 'w1 house, w2 house', 'only to who offers the service');
select is(t.after(array[$$select clinic.assign_queue(t.id('half'))$$], $$select count(*) from clinic.assign_queue(t.id('half'))$$), '0', 'once dealt there is nobody to deal');
select is(t.after(array[$$select clinic.assign_queue(t.id('half'))$$], $$select string_agg((due_at, number, arrival_queue_id = t.id('half'))::text, ' ' order by number) from clinic.queue_entry where queue_id = t.id('house')$$), (select string_agg((due_at, number, true)::text, ' ' order by number) from clinic.queue_entry where queue_id = t.id('half')), 'turn and number stay');
select is(t.refusal($$select clinic.assign_queue(t.id('house'))$$), 'PT404 not_found', 'a provider is no pool');
select is(t.refusal($$select clinic.assign_queue(null)$$), 'PT400 missing_argument', 'nor is null');

-- who did not come
create function t.visits() returns text language sql as $$
  select string_agg(x.name || ' ' || a.status, ', ' order by x.name) from clinic.appointment a join t.thing x on x.id = a.id$$;
insert into clinic.hours (resource_id, valid, weekly, mode) values (t.id('trio'), daterange((now() - interval '3 days')::date, (now() + interval '3 days')::date), '24/7', 'token');
insert into t.thing values ('token', clinic.uuid7());
insert into clinic.service (id, code, name, duration, mode) values (t.id('token'), 'token', 'Token', '5 min', 'token');
call t.run($$select t.visit('a', 'house', '-31 min'), t.visit('b', 'grey', '-29 min'), t.visit('c', 'grey', '-8 days'), t.visit('d', 'pair', '-2 hours'), t.visit('e', 'pair', '-2 hours'), t.visit('f', 'pair', '-1 day')$$);
select clinic.check_in(t.id('d')) is not null as arrived \gset
call t.run($$select clinic.confirm(t.id('f'))$$);
insert into clinic.appointment (id, patient_id, provider_id, service_id, starts_at, mode, override_reason)
select t.call(name, clinic.uuid7()), t.patient(name || '''s patient'), t.id('trio'), t.id('token'), at, 'token', 'x' from (values ('today', now()), ('yesterday', now() - interval '1 day')) x (name, at);
select is(t.after(array[$$select clinic.mark_no_shows()$$], 'select t.visits()'), 'a no_show, b scheduled, c scheduled, d arrived, e no_show, f no_show, today scheduled, yesterday no_show', 'who has not come half an hour after the start is missing; a token is for the whole day');
select is(t.after(array[$$select clinic.mark_no_shows('1 hour')$$], 'select t.visits()'), 'a scheduled, b scheduled, c scheduled, d arrived, e no_show, f no_show, today scheduled, yesterday no_show', 'or as long as it is said');
select is(clinic.mark_no_shows(), 4, 'it says how many');
select is(clinic.mark_no_shows(), 0, 'once');
select is((select count(*) from clinic.claim c where c.appointment_id = t.id('a')), 0::bigint, 'their time is free');
update clinic.clinic set no_show_limit = 1 where id = t.id('clinic');
select is(t.refusal($$select clinic.book(t.id('a''s patient'), t.id('house'), t.id('half'), t.at('09:00'))$$), 'PT422 patient_blocked', 'and they count for who books no more');
-- forgotten in a queue of yesterday
insert into clinic.appointment (id, patient_id, service_id, starts_at, mode, status) select t.call('y' || n, clinic.uuid7()), t.patient('y' || n || '''s patient'), t.id('half'), now() - hours * interval '1 hour', 'walk_in', 'arrived' from (values (1, 24), (2, 14)) x (n, hours);
insert into clinic.queue_entry (appointment_id, arrived_at) select t.id('y' || n), now() - hours * interval '1 hour' from (values (1, 24), (2, 14)) x (n, hours);
select is((select b.day_number from (select string_agg(b.number::text, ' ' order by b.ordinality) as day_number from clinic.queue_board() with ordinality b where b.status = 'waiting' and b.arrived_at < now() - interval '1 hour') b), '1 2', 'who came yesterday and waits is on today''s board');
select is(t.after(array[$$select clinic.mark_no_shows()$$], $$select string_agg(e.status::text, ' ' order by e.number) from clinic.queue_entry e where e.day < (now() at time zone (select timezone from clinic.clinic where id = t.id('clinic')))::date$$), 'left left', 'until half a day has passed');
select is(t.refusal($$select clinic.mark_no_shows('-1 min')$$), 'PT422 invalid_duration', 'nobody is missing before the start');
select * from finish();
rollback;
