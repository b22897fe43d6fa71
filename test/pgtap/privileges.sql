begin;
select plan(116);
\ir include/fixture.psql

-- An application's role with plain grants, and nothing on claim, journal, member and clinic.
create role app;
grant usage on schema clinic to app;
grant execute on all functions in schema clinic to app;
grant select, insert, update, delete on clinic.appointment, clinic.patient, clinic.resource, clinic.service, clinic.provider_service, clinic.provider, clinic.room, clinic.equipment to app;
create role outsider;

-- As a role, the rows a statement returns; what it did stays.
create function t.run_as(role text, statement text) returns text language plpgsql as $$
declare
  result text;
begin
  perform pg_catalog.set_config('role', role, true);
  execute statement into result;
  perform pg_catalog.set_config('role', 'none', true);
  return result;
end $$;

-- nothing is anybody's
select is(t.refusal_of('outsider', 'select clinic.uuid7()'), '42501', 'a role without grants does nothing in the schema');
grant usage on schema clinic to outsider;
select is_empty($$
  select p.oid::regprocedure from pg_proc p where p.pronamespace = 'clinic'::regnamespace and has_function_privilege('outsider', p.oid, 'execute')$$, 'no function is for everybody');
select is_empty($$
  select c.oid::regclass from pg_class c where c.relnamespace = 'clinic'::regnamespace and c.relkind in ('r', 'v')
  and has_table_privilege('outsider', c.oid, 'select, insert, update, delete, truncate, references, trigger')$$, 'no table is for everybody');
select is_empty($$select p.oid::regprocedure from pg_proc p where p.pronamespace = 'clinic'::regnamespace and p.prosecdef$$, 'no function runs as its owner: SECURITY INVOKER throughout');
select is_empty($$select c.oid::regclass from pg_class c where c.relnamespace = 'clinic'::regnamespace and c.relkind = 'v' and not coalesce(c.reloptions @> '{security_invoker=true}', false)$$, 'every view runs with its reader''s rights')
where current_setting('server_version_num')::int >= 150000
union all select skip('views have no security_invoker before PostgreSQL 15', 1) where current_setting('server_version_num')::int < 150000;

-- plain grants are enough
select isnt(t.run_as('app', $$select t.call('v', t.book('ada', 'house', t.at('09:00')))$$), null, 'plain grants are enough to book');
select is(t.run_as('app', $$select (clinic.book(t.id('bob'), null, t.id('half'), t.at('09:00'), idempotency_key => 'k', resource_ids => array[t.id('room')])).provider_id$$), t.id('grey')::text, 'with any provider, a room and a key');
select is(t.run_as('app', $$select (clinic.confirm(t.id('v'))).status$$), 'confirmed', 'to confirm');
select is(t.run_as('app', $$select (clinic.reschedule(t.id('v'), t.at('10:00'))).status$$), 'confirmed', 'to move');
select is(t.run_as('app', $$select (clinic.update_appointment(t.id('v'), service_id => t.id('hour'))).ends_at$$)::timestamptz, t.at('11:00'), 'to change');
select is(t.run_as('app', $$select (clinic.get_appointment(t.id('v'))).provider_id$$), t.id('house')::text, 'to read');
select is(t.run_as('app', $$select (clinic.cancel(t.id('v'), 'well again')).status$$), 'cancelled', 'to cancel');
select is(t.run_as('app', $$select (clinic.release((clinic.book(t.id('ada'), t.id('house'), t.id('half'), t.at('09:00'), hold_for => '1 min')).id)).status$$), 'cancelled', 'to release a hold');
select clinic.book(t.id('ada'), t.id('house'), t.id('half'), t.at('09:00'), hold_for => '1 min');
update clinic.appointment set hold_expires_at = now() - interval '2 days' where status = 'held';
select is(t.run_as('app', 'select clinic.expire_holds()'), '1', 'to tidy up after holds');
select isnt(t.run_as('app', $$insert into clinic.appointment (id, patient_id, provider_id, service_id, starts_at) values (t.call('raw', clinic.uuid7()), t.id('ada'), t.id('house'), t.id('half'), t.at('12:00')) returning id$$), null, 'to INSERT');
select is(t.run_as('app', $$update clinic.appointment set starts_at = t.at('13:00') where id = t.id('raw') returning 'moved'$$), 'moved', 'to UPDATE');
select is(t.run_as('app', $$delete from clinic.appointment where id = t.id('raw') returning 'gone'$$), 'gone', 'to DELETE');
select is(t.run_as('app', $$select (clinic.register_patient('Ann Other', '+49 30 7777777')).name$$), 'Ann Other', 'to register a patient');
select is(t.run_as('app', $$select name from clinic.find_patients('ann')$$), 'Ann Other', 'to find one');
select is(t.run_as('app', $$insert into clinic.provider (code, name) values ('new', 'Dr New') returning code$$), 'new', 'to add a provider');
select is(t.run_as('app', $$insert into clinic.service (code, name, duration) values ('long', 'Long', '8 hours') returning code$$), 'long', 'to add a service, longer than all before');
select is(t.run_as('app', $$delete from clinic.resource where code = 'new' returning 'gone'$$), 'gone', 'to remove a provider without visits');
select is(t.run_as('app', $$select clinic.is_staff()$$), 'true', 'to ask who is staff');
select is(t.run_as('app', $$select clinic.current_clinic()$$), t.id('clinic')::text, 'to ask for the clinic');
select is_empty('select * from clinic.verify()', 'and every claim is what it should be');
select is(count(*), 1::bigint, 'each of its changes is journalled as its own') from clinic.journal where role = 'app' and action = 'insert' and entity = 'patient';
select is(t.refusal_of('app', $$select clinic.day_schedule(t.id('house'))$$), '42501', 'a schedule is for who may read the clinic''s row');
grant select on clinic.clinic to app;
select is(t.refusal_of('app', $$select clinic.day_schedule(t.id('house'))$$), 'not refused', 'and then it is read');
revoke select on clinic.clinic from app;

-- and not enough for more
select is(t.refusal_of('app', statement), '42501', format('plain grants do not allow: %s', statement)) from unnest(array[
  'select 1 from clinic.claim', 'insert into clinic.claim (clinic_id) values (null)', 'update clinic.claim set seat = 2', 'delete from clinic.claim', 'truncate clinic.claim', 'lock clinic.claim',
  'select 1 from clinic.queue_place', 'insert into clinic.queue_place (clinic_id) values (null)', 'delete from clinic.queue_place', 'truncate clinic.queue_place',
  'select 1 from clinic.journal', 'insert into clinic.journal (clinic_id) values (null)', 'update clinic.journal set action = null', 'delete from clinic.journal', 'truncate clinic.journal',
  'select 1 from clinic.member', 'insert into clinic.member (user_id, role) values (clinic.uuid7(), ''admin'')', 'select 1 from clinic.clinic', 'update clinic.clinic set name = name', 'truncate clinic.appointment', 'truncate clinic.appointment cascade', 'truncate clinic.patient cascade',
  'alter table clinic.appointment disable trigger all', 'drop trigger visit_after on clinic.appointment', 'set session_replication_role = replica', 'alter table clinic.claim drop constraint claim_no_overlap',
  'create trigger mine before insert on clinic.appointment for each row execute function clinic.visit_before()', 'create function clinic.mine() returns int language sql as ''select 1''', 'create table clinic.mine ()',
  'select clinic.prune_journal(now())', 'select clinic.create_clinic(''Mine'', ''UTC'')']) statement;
select is(t.refusal_of('app', 'select * from clinic.verify()'), '42501', 'verify() is for who may read the claims');

-- A role that may not even write visits gains nothing by the functions.
create role reader;
grant usage on schema clinic to reader;
grant execute on all functions in schema clinic to reader;
grant select on clinic.appointment to reader;
select is(t.refusal_of('reader', statement), '42501', format('who may only read cannot: %s', statement)) from unnest(array[
  'select t.book(''ada'', ''trio'', t.at(''09:00''))', 'select clinic.cancel(t.id(''v''), ''x'')', 'select clinic.confirm(t.id(''v''))', 'select clinic.release(t.id(''v''))', 'select clinic.expire_holds()', 'select clinic.reschedule(t.id(''v''), t.at(''20:00''))', 'select clinic.update_appointment(t.id(''v''), notes => ''x'')',
  'select clinic.register_patient(''Ann Other'')', 'select clinic.find_patients(''ada'')']) statement;

-- Row security of the application's own holds in the functions.
alter table clinic.appointment enable row level security;
create policy own on clinic.appointment to app using (patient_id = t.id('ada')) with check (patient_id = t.id('ada'));
select t.call('bob''s', t.book('bob', 'house', t.at('15:00')));
select is(t.refusal_of('app', $$select clinic.get_appointment(t.id('bob''s'))$$), 'PT404 not_found', 'a visit that row security hides is not found');
select is(t.refusal_of('app', $$select clinic.cancel(t.id('bob''s'), 'x')$$), 'PT404 not_found', 'nor cancelled');
select is(t.refusal_of('app', $$select clinic.reschedule(t.id('bob''s'), t.at('16:00'))$$), 'PT404 not_found', 'nor moved');
select is(t.refusal_of('app', $$select t.book('bob', 'trio', t.at('15:00'))$$), '42501', 'what row security forbids is not booked');
select is(t.refusal_of('app', $$select t.book('ada', 'house', t.at('15:00'))$$), 'PT409 slot_taken', 'but what it hides takes its time');
select is(t.refusal_of('app', $$select clinic.book(t.id('bob'), t.id('grey'), t.id('half'), t.at('09:00'), idempotency_key => 'k', resource_ids => array[t.id('room')])$$), 'PT409 idempotency_mismatch', 'and a key it hides is in use');
select is(t.refusal_of('app', $$select t.book('ada', 'house', t.at('16:00'))$$), 'not refused', 'and the rest is booked');
drop policy own on clinic.appointment;
alter table clinic.appointment disable row level security;

-- A role that says it restores a dump, and is no owner, has triggers like any other.
create function t.insert_with_path(role text) returns text language plpgsql as $$
begin
  perform pg_catalog.set_config('role', role, true), pg_catalog.set_config('check_function_bodies', 'off', true), pg_catalog.set_config('search_path', '', true);
  insert into clinic.appointment (id, patient_id, provider_id, service_id, starts_at, ends_at, code, buffer_before, buffer_after)
  values (t.call('dumped', clinic.uuid7()), t.id('bob'), t.id('house'), t.id('half'), t.at('17:00'), t.at('17:30'), 'x', '0', '0');
  perform pg_catalog.set_config('role', 'none', true), pg_catalog.set_config('check_function_bodies', 'on', true), pg_catalog.set_config('search_path', 'public', true);
  return 'done';
end $$;
set local search_path = public;
select is(t.insert_with_path('app'), 'done', 'it may insert under such settings');
select is(count(*), 1::bigint, 'but not without a claim') from clinic.claim where appointment_id = t.id('dumped');
select is(count(*), 1::bigint, 'nor without the journal') from clinic.journal where entity_id = t.id('dumped');

-- A search_path with traps. Whatever of it runs notes as whom.
create schema evil;
grant usage, create on schema evil to public;
create table evil.ran (what text, by_role name);
grant insert, select on evil.ran to public;
create function evil.note(what text) returns void language sql as $$insert into evil.ran values ($1, current_user)$$;
create function evil.yes(uuid, uuid) returns boolean language plpgsql as $$begin perform evil.note('uuid'); return true; end$$;
create function evil.yes(timestamptz, timestamptz) returns boolean language plpgsql as $$begin perform evil.note('timestamptz'); return true; end$$;
create function evil.yes(text, text) returns boolean language plpgsql as $$begin perform evil.note('text'); return true; end$$;
create function evil.yes(anyenum, anyenum) returns boolean language plpgsql as $$begin perform evil.note('enum'); return true; end$$;
create function evil.yes(integer, integer) returns boolean language plpgsql as $$begin perform evil.note('integer'); return true; end$$;
create function evil.minus(timestamptz, interval) returns timestamptz language plpgsql as $$begin perform evil.note('minus'); return $1; end$$;
create function evil.minus(timestamptz, timestamptz) returns interval language plpgsql as $$begin perform evil.note('minus'); return '0'; end$$;
do $$
declare
  type text; sign text;
begin
  foreach type in array array['uuid', 'timestamptz', 'text', 'anyenum', 'integer'] loop
    foreach sign in array array['=', '<>', '<', '>', '<=', '>='] loop
      execute format('create operator evil.%s (leftarg = %s, rightarg = %2$s, function = evil.yes)', sign, type);
    end loop;
  end loop;
end $$;
create operator evil.- (leftarg = timestamptz, rightarg = interval, function = evil.minus);
create operator evil.+ (leftarg = timestamptz, rightarg = interval, function = evil.minus);
create operator evil.- (leftarg = timestamptz, rightarg = timestamptz, function = evil.minus);
create function evil.now() returns timestamptz language plpgsql as $$begin perform evil.note('now'); return '1999-01-01'; end$$;
create function evil.clock_timestamp() returns timestamptz language plpgsql as $$begin perform evil.note('clock_timestamp'); return '1999-01-01'; end$$;
create function evil.lower(text) returns text language plpgsql as $$begin perform evil.note('lower'); return $1; end$$;
create function evil.length(text) returns int language plpgsql as $$begin perform evil.note('length'); return 5; end$$;
create function evil.uuid7() returns uuid language plpgsql as $$begin perform evil.note('uuid7'); return null; end$$;
create function evil.current_clinic() returns uuid language plpgsql as $$begin perform evil.note('current_clinic'); return null; end$$;
create function evil.current_actor() returns uuid language plpgsql as $$begin perform evil.note('current_actor'); return null; end$$;
create function evil.unnest(anyarray) returns setof anyelement language plpgsql as $$begin perform evil.note('unnest'); end$$;
create function evil.strpos(text, text) returns int language plpgsql as $$begin perform evil.note('strpos'); return 1; end$$;
create function evil.tstzrange(timestamptz, timestamptz) returns tstzrange language plpgsql as $$begin perform evil.note('tstzrange'); return 'empty'; end$$;
create function evil.make_interval(mins int) returns interval language plpgsql as $$begin perform evil.note('make_interval'); return '0'; end$$;
create function evil.date_trunc(text, timestamp) returns timestamp language plpgsql as $$begin perform evil.note('date_trunc'); return $2; end$$;
create function evil.count() returns bigint language plpgsql as $$begin perform evil.note('count'); return 0; end$$;
create table evil.claim (like clinic.claim);
create table evil.appointment (like clinic.appointment);
create table evil.patient (like clinic.patient);
create table evil.clinic (like clinic.clinic);
create table evil.journal (like clinic.journal);
create table evil.resource (like clinic.resource);
create table evil.service (like clinic.service);
create domain evil.uuid as text;
create domain evil.interval as text;
create domain evil.appointment_status as text;
grant all on all tables in schema evil to public;
create table pg_temp.claim (like clinic.claim);
create table pg_temp.appointment (like clinic.appointment);

create function t.trapped(statement text) returns text language plpgsql as $$
declare
  result text;
begin
  perform pg_catalog.set_config('role', 'app', true), pg_catalog.set_config('search_path', 'evil, pg_temp, pg_catalog, clinic, public', true);
  begin
    execute statement into result;
  exception when others then
    result := sqlstate || ' ' || sqlerrm;
  end;
  perform pg_catalog.set_config('role', 'none', true), pg_catalog.set_config('search_path', 'public', true);
  return result;
end $$;

discard plans;
select is(t.trapped($$select (clinic.book('00000000-0000-7000-8000-0000000000a1', '00000000-0000-7000-8000-0000000000d4', '00000000-0000-7000-8000-0000000000b1', '2099-06-05 09:00+00')).status$$), 'scheduled', 'with traps in the search_path book books');
select is(t.trapped($$select (clinic.book('00000000-0000-7000-8000-0000000000a2', '00000000-0000-7000-8000-0000000000d1', '00000000-0000-7000-8000-0000000000b1', '2099-06-05 09:00+00', resource_ids => '{00000000-0000-7000-8000-0000000000e1}', idempotency_key => 'evil', hold_for => '10 min')).status$$), 'held', 'with a room, a key and a hold');
select is(t.trapped($$select (clinic.book('00000000-0000-7000-8000-0000000000a1', '00000000-0000-7000-8000-0000000000d1', '00000000-0000-7000-8000-0000000000b1', '2099-06-05 09:00+00')).status$$), 'PT409 that time is not free', 'an overlap is refused');
select is(t.trapped($$select (clinic.book('00000000-0000-7000-8000-0000000000a1', null, '00000000-0000-7000-8000-0000000000b1', '2099-06-05 09:00+00')).provider_id::text$$), '00000000-0000-7000-8000-0000000000d2', 'any provider is found');
select is(t.trapped($$select (clinic.reschedule((select id from clinic.appointment where idempotency_key operator(pg_catalog.=) 'evil'), '2099-06-05 10:00+00')).starts_at::text$$)::timestamptz, '2099-06-05 10:00+00', 'a visit is moved');
select is(t.trapped($$select (clinic.confirm((select id from clinic.appointment where idempotency_key operator(pg_catalog.=) 'evil'))).status::text$$), 'scheduled', 'confirmed');
select is(t.trapped($$update clinic.appointment set starts_at = '2099-06-05 11:00+00' where idempotency_key operator(pg_catalog.=) 'evil' returning 'moved'$$), 'moved', 'moved by an UPDATE');
select is(t.trapped($$select (clinic.update_appointment((select id from clinic.appointment where idempotency_key operator(pg_catalog.=) 'evil'), duration => '45 min')).ends_at::text$$)::timestamptz, '2099-06-05 11:45+00', 'changed');
select is(t.trapped($$select (clinic.cancel((select id from clinic.appointment where idempotency_key operator(pg_catalog.=) 'evil'), 'well again')).status::text$$), 'cancelled', 'and cancelled');
select is(t.trapped($$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at) values ('00000000-0000-7000-8000-0000000000a1', '00000000-0000-7000-8000-0000000000d1', '00000000-0000-7000-8000-0000000000b1', '2099-06-05 09:00+00') returning 'booked'$$), 'booked', 'a raw INSERT books');
select is(t.trapped($$delete from clinic.appointment where starts_at operator(pg_catalog.=) '2099-06-05 09:00+00' and provider_id operator(pg_catalog.=) '00000000-0000-7000-8000-0000000000d1' returning 'gone'$$), 'gone', 'a DELETE deletes');
select is(t.trapped($$select (clinic.register_patient('Eve Hill', '+49 30 8888888')).name$$), 'Eve Hill', 'a patient is registered');
select is(t.trapped($$select (clinic.register_patient('eve hill', '+49 30 8888888')).name$$), 'Eve Hill', 'and found again');
select is(t.trapped($$select name from clinic.find_patients('eve')$$), 'Eve Hill', 'and searched for');
select is(t.trapped($$select total::text from clinic.appointments(patient_id => '00000000-0000-7000-8000-0000000000a2', during => '[2099-06-05,2099-06-06)', query => 'Marley bob', sort => '-code')$$), '1', 'visits are listed');
select is(t.trapped($$select (appointment).status::text from clinic.appointments(during => '[2099-06-05,2099-06-06)', status => '{cancelled}', query => '030 222')$$), 'cancelled', 'by a telephone number too');
select is(t.trapped($$select concat_ws(' ', clinic.can_cancel(a), clinic.can_reschedule(a), clinic.is_past(a), clinic.is_current(a), clinic.is_upcoming(a), clinic.vaccination_status(p)) from clinic.appointment a, clinic.patient p where p.name operator(pg_catalog.=) 'Bob Marley' and a.idempotency_key operator(pg_catalog.=) 'evil'$$), 'f f f f f unknown', 'and what follows from a visit is said');
select is(t.trapped($$insert into clinic.resource (kind, code, name, timezone) values ('provider', 'trap', 'Dr Trap', 'europe/berlin') returning timezone$$), 'Europe/Berlin', 'a provider is added');
select is(t.trapped($$insert into clinic.service (code, name, duration, buffer_after) values ('trap', 'Trap', '8 hours', '8 hours') returning code$$), 'trap', 'a service too');
select is(t.trapped($$update clinic.resource set seats = 2 where code operator(pg_catalog.=) 'trap' returning 'changed'$$), 'changed', 'a provider is changed');
select is(t.trapped($$delete from clinic.resource where code operator(pg_catalog.=) 'trap' returning 'gone'$$), 'gone', 'and removed');
select is(t.trapped($$select clinic.is_staff()::text$$), 'true', 'who is staff is found');
select is(t.trapped($$select clinic.current_clinic()::text$$), t.id('clinic')::text, 'and the clinic');
update clinic.clinic set prevent_patient_overlap = true, max_active_per_patient = 50 where id = t.id('clinic');
select is(t.trapped($$select (clinic.book('00000000-0000-7000-8000-0000000000a1', '00000000-0000-7000-8000-0000000000d1', '00000000-0000-7000-8000-0000000000b1', '2099-06-05 09:15+00')).status$$), 'PT409 the patient has another visit at that time', 'the rules about patients hold');
create table t.hold_trap as select (clinic.book(t.id('bob'), t.id('house'), t.id('half'), '2099-06-06 09:00+00', hold_for => '1 min')).id;
update clinic.appointment set hold_expires_at = now() - interval '1 s' where id = (select id from t.hold_trap);
select is(t.trapped($$select (clinic.book('00000000-0000-7000-8000-0000000000a1', '00000000-0000-7000-8000-0000000000d1', '00000000-0000-7000-8000-0000000000b1', '2099-06-06 09:00+00')).status$$), 'scheduled', 'an expired hold is reaped');
select is_empty($$select what, by_role from evil.ran where by_role <> 'app'$$, 'no trap runs as the owner of the tables');
select is_empty($$select what, by_role from evil.ran$$, 'nor as anybody else');
select is_empty($$select 1 from evil.claim union all select 1 from evil.journal union all select 1 from pg_temp.claim$$, 'no table of the traps is written');
select is_empty('select * from clinic.verify()', 'and every claim is what it should be');

-- whose visit it is, is nobody's business
update clinic.clinic set prevent_patient_overlap = true where id = t.id('clinic');
select t.call('secret', (clinic.book(t.id('cleo'), t.id('house'), t.id('half'), t.at('20:00'), reason => 'Zyzzogeton', notes => 'Quokka', idempotency_key => 'secret', resource_ids => array[t.id('laser')])).id);
create function t.tells(statement text) returns boolean language sql as $$
  select w ~* 'cleo|philopator|zyzzogeton|quokka|3333333|00000000-0000-7000-8000-0000000000a3' or position(a.id::text in w) > 0 or position(a.code in w) > 0
  from (select t.words_of($1)) x(w), clinic.appointment a where a.id = t.id('secret') $$;
select t.act_as('ada''s account');
select ok(t.refusal(statement) <> 'not refused' and not t.tells(statement), 'nothing of another''s visit is told by: ' || what) from (values
  ($$select t.book('ada', 'house', t.at('20:00'))$$, 'a booking of its time'),
  ($$select clinic.book(t.id('ada'), t.id('grey'), t.id('half'), t.at('20:00'), resource_ids => array[t.id('laser')])$$, 'a booking of its device'),
  ($$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at) values (t.id('ada'), t.id('house'), t.id('half'), t.at('20:15'))$$, 'an INSERT at its time'),
  ($$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at) select t.id('ada'), t.id('house'), t.id('half'), t.at('19:00') from generate_series(1, 2)$$, 'an INSERT that is in its own way'),
  ($$select clinic.book(t.id('ada'), t.id('grey'), t.id('half'), t.at('19:00'), idempotency_key => 'secret')$$, 'its idempotency key'),
  ($$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, idempotency_key) values (t.id('ada'), t.id('grey'), t.id('half'), t.at('20:30'), 'secret')$$, 'an INSERT with its key'),
  ($$select clinic.cancel((select id from clinic.appointment where idempotency_key = 'secret'), 'x')$$, 'an attempt to cancel it'),
  ($$select clinic.register_patient('Cleopatra Philopator', '+49 30 3333333')$$, 'a registration of the same person')) x(statement, what)
where what <> 'a registration of the same person' and what <> 'an attempt to cancel it';
select is(t.refusal($$select clinic.register_patient('Cleopatra Philopator', '+49 30 3333333')$$), 'PT403 not_yours', 'who registers another''s patient learns only that it is registered');
select ok(t.words_of($$select clinic.register_patient('Cleopatra Philopator', '+49 30 3333333')$$) !~* '0000000000a3', 'and not as whom');

select * from finish();
rollback;
