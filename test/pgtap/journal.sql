begin;
select plan(87);
\ir include/fixture.psql
-- What the journal says since it was last asked, oldest first.
create table t.read (id uuid);
create function t.news() returns text language sql as $$
  select coalesce(string_agg(format('%s %s', action, entity), ', ' order by id), 'nothing')
  from clinic.journal where id not in (select id from t.read)$$;
create function t.caught_up() returns void language sql as 'insert into t.read select id from clinic.journal where id not in (select id from t.read)';
create function t.last() returns clinic.journal language sql as 'select j from clinic.journal j order by id desc limit 1';
create function t.says(what text, statement text, expected text) returns text language plpgsql as $$
begin
  perform t.caught_up();
  execute statement;
  return is(t.news(), expected, what);
end $$;

-- one row per change per table
select t.says(what, statement, expected) from (values
  (-8, 'a rota''s coming is one row', $$insert into clinic.hours (resource_id, valid, weekly) values (t.id('trio'), '[2098-01-01,2098-02-01)', 'off')$$, 'insert hours'),
  (-7, 'a rota''s change is one row', $$update clinic.hours set weekly = '24/7'$$, 'update hours'),
  (-6, 'a rota''s going is one row', $$delete from clinic.hours$$, 'delete hours'),
  (-5, 'a closure''s coming is one row', $$insert into clinic.closure (during) values ('[2098-01-01,2098-02-01)')$$, 'insert closure'),
  (-4, 'a closure''s change is one row', $$update clinic.closure set reason = 'renovation'$$, 'update closure'),
  (-3, 'a closure''s going is one row', $$delete from clinic.closure$$, 'delete closure'),
  (-2, 'a single day''s coming is one row', $$insert into clinic.day_capacity (resource_id, day) values (t.id('trio'), '2098-01-01')$$, 'insert day_capacity'),
  (-1, 'a single day''s change is one row', $$update clinic.day_capacity set available = false$$, 'update day_capacity'),
  (0, 'a single day''s going is one row', $$delete from clinic.day_capacity$$, 'delete day_capacity'),
  (1, 'a member''s coming is one row', $$insert into clinic.member (user_id, role) values (t.id('nobody'), 'nurse')$$, 'insert member'),
  (2, 'a member''s change is one row', $$update clinic.member set role = 'doctor' where user_id = t.id('nobody')$$, 'update member'),
  (3, 'a member''s going is one row', $$delete from clinic.member where user_id = t.id('nobody')$$, 'delete member'),
  (4, 'a resource''s coming is one row', $$insert into clinic.room (code, name) values ('x', 'X')$$, 'insert resource'),
  (5, 'a resource''s change is one row', $$update clinic.room set name = 'Y' where code = 'x'$$, 'update resource'),
  (6, 'a resource''s going is one row', $$delete from clinic.room where code = 'x'$$, 'delete resource'),
  (7, 'a service''s coming is one row', $$insert into clinic.service (code, name, duration) values ('x', 'X', '30 min')$$, 'insert service'),
  (8, 'a service''s change is one row', $$update clinic.service set name = 'Y' where code = 'x'$$, 'update service'),
  (9, 'an offer''s coming is one row', $$insert into clinic.provider_service (provider_id, service_id) select t.id('trio'), id from clinic.service where code = 'x'$$, 'insert provider_service'),
  (10, 'an offer''s change is one row', $$update clinic.provider_service set duration = '1 hour'$$, 'update provider_service'),
  (11, 'an offer''s going is one row', $$delete from clinic.provider_service$$, 'delete provider_service'),
  (12, 'a service''s going is one row', $$delete from clinic.service where code = 'x'$$, 'delete service'),
  (13, 'a clinic''s change is one row', $$update clinic.clinic set address = 'Am Park 1' where id = t.id('clinic')$$, 'update clinic'),
  (14, 'a patient''s coming is one row', $$select t.call('p', (clinic.register_patient('Ann Other', '+49 30 7777777')).id)$$, 'insert patient'),
  (15, 'a patient who is there already is none', $$select clinic.register_patient('Ann Other', '+49 30 7777777')$$, 'nothing'),
  (16, 'a patient''s change is one row', $$update clinic.patient set email = 'ann@example.org' where id = t.id('p')$$, 'update patient'),
  (17, 'a patient''s going is one row', $$delete from clinic.patient where id = t.id('p')$$, 'delete patient'),
  (18, 'a booking is one row', $$select t.call('v', t.book('ada', 'house', t.at('09:00')))$$, 'insert appointment'),
  (19, 'a move is one row', $$select clinic.reschedule(t.id('v'), t.at('10:00'))$$, 'update appointment'),
  (20, 'a confirmation is one row', $$select clinic.confirm(t.id('v'))$$, 'update appointment'),
  (21, 'a cancellation is one row', $$select clinic.cancel(t.id('v'), 'well again')$$, 'update appointment'),
  (22, 'a deletion is one row', $$delete from clinic.appointment where id = t.id('v')$$, 'delete appointment'),
  (23, 'three visits of one INSERT are three rows', $$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at) select t.id('ada'), t.id('trio'), t.id('half'), t.at('09:00') from generate_series(1, 3)$$, 'insert appointment, insert appointment, insert appointment'),
  (24, 'two visits of one UPDATE are two rows', $$update clinic.appointment set notes = 'x' where seat < 3$$, 'update appointment, update appointment'),
  (25, 'an UPDATE of a visit that changes nothing writes none', $$update clinic.appointment set notes = notes, starts_at = starts_at$$, 'nothing'),
  (26, 'an UPDATE of a patient that changes nothing writes none', $$update clinic.patient set name = name$$, 'nothing'),
  (27, 'an UPDATE of a clinic that changes nothing writes none', $$update clinic.clinic set name = name$$, 'nothing'),
  (28, 'an UPDATE of the rest that changes nothing writes none', $$update clinic.resource set name = name; update clinic.service set name = name; update clinic.member set role = role$$, 'nothing'),
  (29, 'what is normalised to what it was writes none', $$update clinic.patient set name = '  ' || name, phone = replace(phone, '+', '00')$$, 'nothing'),
  (30, 'an INSERT that ON CONFLICT skips writes none', $$insert into clinic.appointment (id, patient_id, provider_id, service_id, starts_at) select id, patient_id, provider_id, service_id, t.at('12:00') from clinic.appointment where seat = 1 on conflict do nothing$$, 'nothing'),
  (31, 'what is refused writes none', $$select t.refusal('select t.book(''ada'', ''trio'', t.at(''09:00''))')$$, 'nothing'),
  (32, 'what is rolled back writes none', $$select t.refusal('select t.book(''ada'', ''house'', t.at(''09:00''))')$$, 'nothing')) x(n, what, statement, expected) order by n;

-- what it says
select t.call('w', (clinic.book(t.id('ada'), t.id('house'), t.id('half'), t.at('09:00'), reason => 'cough', resource_ids => array[t.id('room')])).id);
select is((t.last()).clinic_id, t.id('clinic'), 'it says which clinic');
select is((t.last()).entity_id, t.id('w'), 'it says which row');
select is((t.last()).transaction, pg_current_xact_id(), 'it says which transaction');
select ok((t.last()).at > now() and (t.last()).at <= clock_timestamp(), 'it says the clock time, not the transaction''s');
select is((t.last()).role, 'postgres', 'it says which database role');
select is((t.last()).actor_id, null, 'without an actor it names none');
select is((t.last()).old, null, 'an insert has no old values');
select is((t.last()).new, (select jsonb_strip_nulls(to_jsonb(a)) from clinic.appointment a where id = t.id('w')), 'an insert''s new values are the whole row as to_jsonb() shows it, without nulls');

-- a table that changes under a session that has written its journal
alter table clinic.patient add column shoe_size integer, add column nicknames text[];
update clinic.patient set shoe_size = 43, nicknames = '{Addie,NULL}' where id = t.id('ada');
select is((t.last()).new, '{"shoe_size": 43, "nicknames": ["Addie", null]}', 'a column that was added is journalled');
alter table clinic.patient rename column shoe_size to shoes;
update clinic.patient set shoes = 44 where id = t.id('ada');
select is((t.last()).new, '{"shoes": 44}', 'by the name it has');
alter table clinic.patient drop column shoes, add column shoes text;
update clinic.patient set shoes = 'forty-five' where id = t.id('ada');
select is((t.last()).new, '{"shoes": "forty-five"}', 'and as the type it is of');
alter table clinic.patient drop column shoes, drop column nicknames;
update clinic.patient set email = 'ada@example.org' where id = t.id('ada');
select is((t.last()).new, '{"email": "ada@example.org"}', 'one that was dropped is not');

select t.act_as('the receptionist');
select clinic.update_appointment(t.id('w'), reason => 'flu');
select is((t.last()).old, '{"reason": "cough"}', 'an update''s old values are of the changed columns only, and nulls are left out');
select is((t.last()).new, jsonb_build_object('reason', 'flu', 'updated_by', t.id('the receptionist')), 'so are its new values');
select is((t.last()).actor_id, t.id('the receptionist'), 'it says which account');
select clinic.reschedule(t.id('w'), t.at('11:00'));
select is((select array_agg(k order by k) from jsonb_object_keys((t.last()).new) k), '{ends_at,starts_at}', 'a move changes start and end');
select is((t.last()).old, (select jsonb_build_object('starts_at', to_jsonb(t.at('09:00')), 'ends_at', to_jsonb(t.at('09:30')))), 'from what they were');
select clinic.cancel(t.id('w'), 'well again');
select is((t.last()).new, jsonb_build_object('status', 'cancelled', 'cancelled_at', now(), 'cancelled_by', t.id('the receptionist'), 'cancellation_reason', 'well again'), 'a cancellation says who, when and why');
create table t.row as select jsonb_strip_nulls(to_jsonb(a)) as row from clinic.appointment a where id = t.id('w');
delete from clinic.appointment where id = t.id('w');
select is((t.last()).old, (select row from t.row), 'a deletion''s old values are the whole row');
select is((t.last()).new, null, 'and it has no new ones');

insert into clinic.patient (id, name, species, weight, medical_history, date_of_birth, is_active)
values (t.call('rex', clinic.uuid7()), 'Rex', 'dog', 12.500, '{"chips": [1, {"a": null}], "text": "\"x\""}', '2020-02-29', false);
select is((t.last()).new, (select jsonb_strip_nulls(to_jsonb(p) - 'medical_history') || jsonb_build_object('medical_history', medical_history) from clinic.patient p where id = t.id('rex')), 'numbers, dates, truth and jsonb are shown as to_jsonb() shows them');
update clinic.patient set weight = null where id = t.id('rex');
select is((t.last()).old, '{"weight": 12.500}', 'a value that goes is in the old values');
select is((t.last()).new, '{}', 'and not in the new ones');
insert into clinic.member (user_id, role) values (t.id('nobody'), 'nurse');
select is((t.last()).entity_id, t.id('nobody'), 'of a member it names the account');
insert into clinic.provider_service (provider_id, service_id) values (t.id('house'), t.id('hour'));
select is((t.last()).entity_id, t.id('house'), 'of an offer it names the provider');
select is((t.last()).new ->> 'service_id', t.id('hour')::text, 'and the service among the values');
update clinic.clinic set status = 'closing_soon' where id = t.id('clinic');
select is((t.last()).clinic_id, t.id('clinic'), 'a clinic''s own row is its clinic''s');
select is((t.last()).new, '{"status": "closing_soon"}', 'with what changed');
select is_empty($$select 1 from clinic.journal where entity in ('claim', 'journal')$$, 'claims and the journal itself are not journalled');
select is_empty($$select 1 from (select at, lag(at) over (order by id) as earlier from clinic.journal) x where at < earlier$$, 'its rows are in the order of their ids');

-- another role
create role journal_tester;
grant usage on schema clinic to journal_tester;
grant select, update on clinic.patient to journal_tester;
grant execute on all functions in schema clinic to journal_tester;
set local role journal_tester;
update clinic.patient set breed = 'Beagle' where id = (select id from t.thing where name = 'rex');
reset role;
select is((t.last()).role, 'journal_tester', 'it says who acted, not who owns the tables');

-- append-only
select is(t.refusal($$update clinic.journal set action = 'x'$$), 'PT422 immutable', 'the journal is not updated, by nobody');
select is(t.refusal($$delete from clinic.journal$$), 'PT422 immutable', 'nor are rows deleted');
select is(t.refusal($$truncate clinic.journal$$), 'PT422 immutable', 'nor is it truncated');
select is(t.refusal($$update clinic.journal set action = 'x' where false$$), 'not refused', 'a statement that meets no row does nothing');
select is(t.refusal($$select clinic.prune_journal(null)$$), 'PT400 missing_argument', 'prune_journal needs a date');
select is(t.refusal($$select clinic.prune_journal(now(), null)$$), 'PT400 missing_argument', 'prune_journal needs a clinic');
select is(clinic.prune_journal(now() - interval '1 day'), 0::bigint, 'prune_journal leaves what is newer');
select t.call('vet', (clinic.create_clinic('Vet', 'UTC', 'veterinary')).id);
create table t.count as select count(*) as n from clinic.journal where clinic_id = t.id('clinic');
select is(clinic.prune_journal(clock_timestamp()), n, 'prune_journal removes what is older and says how much') from t.count;
select is_empty($$select 1 from clinic.journal where clinic_id = t.id('clinic')$$, 'of the clinic');
select isnt_empty($$select 1 from clinic.journal where clinic_id = t.id('vet')$$, 'and of no other');
select is(t.refusal($$delete from clinic.journal$$), 'PT422 immutable', 'then the journal is append-only again');
select is(t.refusal($$select clinic.prune_journal('infinity', t.id('vet'))$$), 'not refused', 'prune_journal takes any date');
-- A prune that fails leaves the journal closed.
create function t.fail() returns trigger language plpgsql as $$begin raise exception 'not today'; end$$;
create trigger z_fail before delete on clinic.journal for each row execute function t.fail();
select is(t.refusal($$select clinic.prune_journal(clock_timestamp(), t.id('vet'))$$), 'P0001', 'a prune may fail');
drop trigger z_fail on clinic.journal;
select is(t.refusal($$delete from clinic.journal$$), 'PT422 immutable', 'also then the journal is append-only');
select is_empty('select * from clinic.verify(null)', 'and every claim is what it should be');
select * from finish();
rollback;
