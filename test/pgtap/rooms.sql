begin;
select plan(223);
\ir include/fixture.psql

-- What a service requires, and what a visit got: the codes, sorted.
create function t.require(service text, kind text, codes text[] default null, quantity int default 1) returns uuid language sql
  as $$insert into clinic.service_requirement (service_id, kind, codes, quantity) values (t.id($1), $2::clinic.resource_kind, $3, $4) returning id$$;
create function t.codes(ids uuid[]) returns text language sql
  as $$select string_agg(r.code, ',' order by r.code) from clinic.resource r where r.id = any ($1)$$;
create function t.got(visit text) returns text language sql
  as $$select t.codes(a.resource_ids) from clinic.appointment a where a.id = t.id($1)$$;
create function t.claimed(visit text) returns text language sql
  as $$select t.codes(array_agg(c.resource_id)) from clinic.claim c where c.appointment_id = t.id($1)$$;
-- Books, and says what it got, or why not.
create function t.try(provider text, starts_at timestamptz, service text default 'half', named text[] default '{}', override text default null) returns text language plpgsql as $$
declare
  result text;
begin
  result := t.refusal(format('select clinic.book(t.id(%L), t.id(%L), t.id(%L), %L, resource_ids => %L, override_reason => %L)', 'ada', $1, $3, $2, array(select t.id(n) from unnest($4) n), $5));
  return case when result = 'not refused' then (select coalesce(t.codes(b.resource_ids), 'nothing') from clinic.book(t.id('ada'), t.id($1), t.id($3), $2, resource_ids => array(select t.id(n) from unnest($4) n), override_reason => $5) b) else result end;
end $$;
-- The same, undone.
create function t.would(provider text, starts_at timestamptz, service text default 'half', named text[] default '{}', override text default null) returns text language plpgsql as $$
declare
  result text;
begin
  begin
    result := t.try($1, $2, $3, $4, $5);
    raise exception using errcode = 'T0001';
  exception when sqlstate 'T0001' then
    return result;
  end;
end $$;
-- The same after a statement, which is undone too.
create function t.would_after(statement text, provider text, starts_at timestamptz, service text default 'half') returns text language plpgsql as $$
declare
  result text;
begin
  begin
    execute statement;
    result := t.try($2, $3, $4);
    raise exception using errcode = 'T0001';
  exception when sqlstate 'T0001' then
    return result;
  end;
end $$;
create function t.room(code text, seats int default 1) returns uuid language sql
  as $$insert into clinic.room (id, code, name, seats) values (t.call($1, clinic.uuid7()), $1, $1, $2) returning id$$;

-- what may be required
select is(t.refusal(format('select t.require(%L, %L, %L)', 'half', 'room', codes)), '23514 service_requirement_codes_check', format('no requirement has the codes %s', codes))
from unnest(array['{}', '{room,NULL}', '{{room,theatre}}', '{{room},{theatre}}']) codes;
select is(t.refusal(format('select t.require(%L, %L, null, %L)', 'half', 'room', quantity)), '23514 service_requirement_quantity_check', format('no requirement is of %s rooms', quantity)) from unnest(array[0, -1]) quantity;
select is(t.refusal($$select t.require('half', 'room', null, 33)$$), 'PT422 limit_reached', 'nor of 33');
select is(t.refusal($$select t.require('half', 'room', null, null)$$), '23502', 'nor of an unknown number');
select is(t.refusal($$select t.require('nobody', 'room')$$), '23503 service_requirement_service_fkey', 'nor of no service');
select is(t.refusal($$select t.require('half', 'room', null, 32)$$), 'not refused', 'one may be of 32');
select is(t.refusal($$select t.require('half', 'room', null, 32), t.require('half', 'equipment')$$), 'PT422 limit_reached', 'which are all that a service may require');
select is(t.refusal($$insert into clinic.service_requirement (service_id, kind, quantity) values (t.id('half'), 'room', 16), (t.id('half'), 'equipment', 16), (t.id('hour'), 'equipment', 1)$$), 'not refused', 'in several requirements');
select is(t.refusal($$insert into clinic.service_requirement (service_id, kind, quantity) values (t.id('half'), 'room', 16), (t.id('half'), 'equipment', 16), (t.id('half'), 'equipment', 1)$$), 'PT422 limit_reached', 'also if one statement adds them');
select t.call('q', t.require('half', 'room', null, 20)), t.require('half', 'room', null, 12);
select is(t.refusal($$update clinic.service_requirement set quantity = quantity + 1 where id = t.id('q')$$), 'PT422 limit_reached', 'or changes them');
select is(t.refusal($$update clinic.service_requirement set codes = '{room}' where id = t.id('q')$$), 'not refused', 'what it was it may stay');
select is(t.refusal($$update clinic.service_requirement set service_id = t.id('hour') where id = t.id('q')$$), 'not refused', 'or become another service''s');
select is(t.refusal($$update clinic.service_requirement set id = clinic.uuid7()$$), 'PT422 immutable', 'but stays the same one');
delete from clinic.service_requirement;

-- one room, any
select t.call('any room', t.require('half', 'room'));
select is(t.try('house', t.at('09:00')), 'room', 'a visit is given a room');
select is(t.try('grey', t.at('09:15')), 'theatre', 'the next one another');
select is(t.try('pair', t.at('09:20')), 'PT409 slot_taken', 'and where all are taken there is no visit');
select is(count(*), 0::bigint, 'nor a part of one') from clinic.claim where resource_id = t.id('pair');
select is(t.try('pair', t.at('09:30')), 'room', 'until one is free');
select is(string_agg(t.codes(array[c.resource_id]), ',' order by t.codes(array[c.resource_id])), 'house,room', 'the visit claims both') from clinic.claim c where c.starts_at = t.at('09:00');
select is(t.try('house', t.at('09:30'), 'hour'), 'nothing', 'a service that requires nothing is given nothing');
select is(t.words_of($$select t.book('ada', 'trio', t.at('09:20'))$$) like '%a room or a device that this service requires is not free then%', true, 'the refusal says what is missing');
select is(t.words_of($$select t.book('ada', 'trio', t.at('09:20'))$$) ~ 'Ada|Bob|Lovelace|Marley', false, 'and not whose visit is in the way');

-- named rooms
select is(t.would('trio', t.at('08:00'), 'half', '{theatre}'), 'theatre', 'a named room is the one that is required');
select is(t.would('trio', t.at('08:00'), 'half', '{theatre,laser}'), 'laser,theatre', 'what is named besides is had besides');
select is(t.would('trio', t.at('08:00'), 'half', '{laser}'), 'laser,room', 'and does not make up for what is required');
select is(t.would('trio', t.at('08:00'), 'half', '{theatre,room}'), 'room,theatre', 'two named rooms are both had');
select is(t.would('trio', t.at('09:20'), 'half', '{room}'), 'PT409 slot_taken', 'a named room that is taken is not replaced');
select is(t.would('trio', t.at('09:35'), 'half', '{room}'), 'PT409 slot_taken', 'not even while another is free');
select is(t.would('trio', t.at('08:00'), 'half', '{nobody}'), 'PT404 not_found', 'one that does not exist is not found');
select is(t.would('trio', t.at('08:00'), 'half', '{room,room}'), 'PT409 in_use', 'nor is one named twice');
select is(t.would_after('delete from clinic.service_requirement', 'trio', t.at('09:20')), 'nothing', 'without the requirement no room is needed');

-- a list of codes
update clinic.service_requirement set codes = '{theatre,nowhere}';
select is(t.would('trio', t.at('08:00')), 'theatre', 'of a list of codes one is had');
select is(t.would('trio', t.at('09:20')), 'PT409 slot_taken', 'and no other');
select is(t.would('trio', t.at('08:00'), 'half', '{room}'), 'room,theatre', 'one that is named and not of the list is had besides');
select is(t.would_after($$update clinic.room set code = 'nowhere' where code = 'room'$$, 'trio', t.at('08:00')), 'nowhere', 'a room that is given a code of the list is one of them');
select is(t.would_after($$update clinic.room set code = 'elsewhere' where code = 'theatre'$$, 'trio', t.at('08:00')), 'PT409 slot_taken', 'one that loses it is none');
update clinic.service_requirement set codes = '{laser}';
select is(t.would('trio', t.at('08:00')), 'PT409 slot_taken', 'the code of a device is no room''s');
update clinic.service_requirement set codes = '{grey}', kind = 'provider';
select is(t.would('trio', t.at('08:00')), 'grey', 'a provider may be required');
select is(t.would('grey', t.at('08:00')), 'PT409 slot_taken', 'besides the provider');
select is(t.would('trio', t.at('09:20')), 'PT409 slot_taken', 'who sees nobody else then');
delete from clinic.service_requirement;

-- several, and overlapping lists
select t.require('half', 'room', null, 2);
select is(t.would('trio', t.at('08:00')), 'room,theatre', 'two rooms are two');
select is(t.would('trio', t.at('09:35')), 'PT409 slot_taken', 'and not one');
select is(t.would('trio', t.at('08:00'), 'half', '{theatre}'), 'room,theatre', 'to one that is named another is found');
update clinic.service_requirement set quantity = 3;
select is(t.would('trio', t.at('08:00')), 'PT409 slot_taken', 'three of two are none');
update clinic.service_requirement set quantity = 1;
select t.require('half', 'room', '{theatre}'), t.require('half', 'equipment');
select is(t.would('trio', t.at('08:00')), 'laser,room,theatre', 'no room meets two requirements');
select is(t.would('trio', t.at('09:35')), 'PT409 slot_taken', 'nor does one that is free twice');
delete from clinic.service_requirement;
select t.room('a'), t.room('b'), t.room('c'), t.room('d');
select t.require('hour', 'room', '{a,b}'), t.require('hour', 'room', '{a}'), t.require('hour', 'room', '{b,c}');
select is(t.would('trio', t.at('08:00'), 'hour'), 'a,b,c', 'lists that overlap are met by giving each what the others leave');
select is(t.would('trio', t.at('08:00'), 'hour', '{b}'), 'a,b,c', 'whichever a named one meets');
select clinic.book(t.id('bob'), t.id('house'), t.id('half'), t.at('08:15'), resource_ids => array[t.id('b')]);
select is(t.would('trio', t.at('08:00'), 'hour'), 'PT409 slot_taken', 'but not without one that is not to be replaced');
delete from clinic.service_requirement;
select t.require('hour', 'room', '{a,b,c}'), t.require('hour', 'room', '{b,c,d}'), t.require('hour', 'room', '{a,d}');
select is(t.would('trio', t.at('08:00'), 'hour'), 'a,c,d', 'one that is taken is replaced');
select is(t.would('trio', t.at('10:00'), 'hour'), 'a,b,c', 'and where none is, the first by code are had: of what will do for all');
select is(t.would('trio', t.at('10:00'), 'hour', '{d}'), 'a,b,d', 'but for one that is named');
select is(t.would('trio', t.at('10:00'), 'hour', '{d,c,b,a}'), 'a,b,c,d', 'more that are named are had besides');
delete from clinic.service_requirement;

-- the order of choice
select t.room('many', 3), t.room('some', 2), t.room('more', 3);
select t.require('half', 'room', '{many,some,more}');
create temporary view next as select t.try('trio', t.at('11:00')) as room;
update clinic.provider set seats = 20 where code = 'trio';
select is(room, 'some', 'the room with the fewest seats left is chosen first') from next;
select is(room, 'some', 'while it has any') from next;
select is(room, 'many', 'then, of those with as many left, the first by code') from next;
select is(room, 'many', 'which now has the fewest left') from next;
select is(room, 'many', 'until it is full') from next;
select is(room, 'more', 'and then the last') from next;
select is(t.would('trio', t.at('11:15')), 'more', 'the seats that are left at that time count');
select is(t.would('trio', t.at('11:30')), 'some', 'and no others');
update clinic.room set seats = 9 where code = 'some';
select is(t.would('trio', t.at('12:00')), 'many', 'and those that the room has now');
insert into clinic.day_capacity (resource_id, day, seats) values (t.id('more'), '2099-06-01', 1);
select is(t.would('trio', t.at('12:00')), 'more', 'that day');
delete from clinic.day_capacity;
update clinic.room set seats = 2 where code = 'some';
delete from clinic.service_requirement;

-- seats_left
create function t.left(provider text, starts_at timestamptz, service text default 'half') returns int language sql
  as $$select s.seats_left from clinic.available_slots(t.id($1), t.id($3), tstzrange($2, $2 + interval '1 hour')) s limit 1$$;
create function t.bookable(provider text, starts_at timestamptz, service text default 'half') returns int language plpgsql as $$
declare
  visits int := 0;
begin
  begin
    while t.try($1, $2, $3) !~ '^PT' loop
      visits := visits + 1;
    end loop;
    raise exception using errcode = 'T0001';
  exception when sqlstate 'T0001' then
    return visits;
  end;
end $$;
select t.require('half', 'room', '{many,some}'), t.require('half', 'equipment', '{laser}');
select is(t.left('trio', t.at('12:00')) || ' ' || t.bookable('trio', t.at('12:00')), '1 1', 'no more visits than the one device takes are left');
update clinic.equipment set seats = 50 where code = 'laser';
select is(t.left('trio', t.at('12:00')) || ' ' || t.bookable('trio', t.at('12:00')), '5 5', 'nor more than all rooms');
select is(t.left('pair', t.at('12:00')) || ' ' || t.bookable('pair', t.at('12:00')), '2 2', 'nor more than the provider');
select is(t.left('trio', t.at('11:00')) || ' ' || t.bookable('trio', t.at('11:00')), '0 0', 'of taken rooms none are left');
select is(reason, 'slot_taken', 'and that is why') from clinic.available_slots(t.id('trio'), t.id('half'), tstzrange(t.at('11:00'), t.at('11:30')));
update clinic.service_requirement set quantity = 2 where kind = 'room';
select is(t.left('trio', t.at('12:00')) || ' ' || t.bookable('trio', t.at('12:00')), '2 2', 'who needs two rooms of two and three seats is twice possible');
update clinic.service_requirement set codes = '{many,some,more}' where kind = 'room';
select is(t.left('trio', t.at('12:00')) || ' ' || t.bookable('trio', t.at('12:00')), '3 3', 'as many visits are left as can be booked one after another');
delete from clinic.service_requirement;
select t.require('half', 'provider');
select is(t.left('trio', t.at('12:00')) || ' ' || t.bookable('trio', t.at('12:00')), '4 4', 'further providers are counted as well');
delete from clinic.service_requirement;
update clinic.equipment set seats = 1 where code = 'laser';

-- offered is bookable
select t.require('half', 'room', '{a,b}'), t.require('half', 'equipment');
update clinic.equipment set hours = 'Mo 09:00-12:00,13:00-19:00' where code = 'laser';
insert into clinic.closure (resource_id, during) values (t.id('a'), tstzrange(t.at('09:00'), t.at('10:00'))), (t.id('b'), tstzrange(t.at('09:45'), t.at('10:30')));
select clinic.book(t.id('bob'), t.id('grey'), t.id('hour'), t.at('17:00'), resource_ids => array[t.id('a')]), clinic.book(t.id('bob'), t.id('pair'), t.id('buffered'), t.at('17:40'), resource_ids => array[t.id('b')]);
create temporary table slot as
select s.slot, s.available, coalesce(s.reason, '') as reason, t.refusal(format($$select t.book('cleo', 'house', %L)$$, lower(s.slot))) as refusal
from clinic.available_slots(t.id('house'), t.id('half'), tstzrange(t.at('00:00'), t.at('00:00', 1)), step => '15 min') s;
select is_empty('select * from slot where case when available then refusal <> ''not refused'' else refusal not like ''PT___ '' || reason end', 'every start that is offered can be booked, and each that is not is refused for that reason');
select is(count(*) filter (where available), 25::bigint, 'and some can') from slot;
update clinic.equipment set hours = null where code = 'laser';
delete from clinic.closure;
delete from clinic.service_requirement;

-- buffers
select t.require('buffered', 'room', '{a,b}');
select t.call('long', t.book('ada', 'house', t.at('09:00', 1), 'buffered'));
select results_eq($$select c.starts_at, c.ends_at from clinic.claim c where c.appointment_id = t.id('long') and c.resource_id = t.id('a')$$, $$values (t.at('08:50', 1), t.at('09:35', 1))$$, 'a visit''s buffers keep its room too');
select is(t.would('grey', t.at('09:44', 1), 'buffered'), 'b', 'so that the next visit there waits for both buffers');
select is(t.would('grey', t.at('09:45', 1), 'buffered'), 'a', 'which add up');
select is(t.would('grey', t.at('08:16', 1), 'buffered'), 'b', 'before it too');
select is(t.would('grey', t.at('08:15', 1), 'buffered'), 'a', 'to the minute');
update clinic.room set is_active = false where code = 'b';
select is(string_agg(to_char(lower(s.slot) at time zone 'Europe/Berlin', 'HH24:MI') || coalesce(' ' || s.reason, ''), ', ' order by s.slot), '08:15, 08:16 slot_taken, 09:44 slot_taken, 09:45', 'and so it is offered')
from clinic.available_slots(t.id('grey'), t.id('buffered'), tstzrange(t.at('08:00', 1), t.at('10:30', 1)), step => '1 min') s where lower(s.slot) in (t.at('08:15', 1), t.at('08:16', 1), t.at('09:44', 1), t.at('09:45', 1));
update clinic.room set is_active = true where code = 'b';
insert into clinic.closure (resource_id, during) values (t.id('a'), tstzrange(t.at('12:00', 1), t.at('13:00', 1)));
select is(t.would('grey', t.at('13:00', 1), 'buffered') || t.would('grey', t.at('11:30', 1), 'buffered'), 'aa', 'a room need not be open for buffers');
select is(t.would('grey', t.at('12:59', 1), 'buffered') || t.would('grey', t.at('11:31', 1), 'buffered'), 'bb', 'but for the visit');
delete from clinic.service_requirement;

-- rooms that cannot be had
select t.require('half', 'room', '{a,b}');
select is(t.would_after(statement, 'house', t.at('09:00', 2)), 'b', format('%s is not chosen', what))
from (values ($$update clinic.room set is_active = false where code = 'a'$$, 'an inactive room'),
  ($$insert into clinic.closure (resource_id, during) values (t.id('a'), tstzrange(t.at('09:29', 2), t.at('10:00', 2)))$$, 'a closed room'),
  ($$insert into clinic.day_capacity (resource_id, day, available) values (t.id('a'), '2099-06-03', false)$$, 'a room on its day off'),
  ($$update clinic.room set hours = 'Mo-Su 09:01-18:00' where code = 'a'$$, 'a room that opens later'),
  ($$update clinic.room set hours = 'Mo-Su 08:00-18:00', timezone = 'America/New_York' where code = 'a'$$, 'a room of which it is night'),
  ($$insert into clinic.hours (resource_id, valid, weekly) values (t.id('a'), '[2099-06-01,2099-06-08)', 'Mo-Su 10:00-18:00')$$, 'a room whose rota says so'),
  ($$insert into clinic.closure (resource_id, during, kind) values (t.id('b'), tstzrange(t.at('09:00', 2), t.at('10:00', 2)), 'open'); delete from clinic.claim where resource_id = t.id('a'); delete from clinic.room where code = 'a'$$, 'a room that is gone')) x (statement, what);
select is(t.would_after($$update clinic.room set is_active = false where code in ('a', 'b')$$, 'house', t.at('09:00', 2)), 'PT409 slot_taken', 'if none can be had the start is taken');
insert into clinic.closure (during) values (tstzrange(t.at('12:00', 2), t.at('13:00', 2)));
select is(t.would('house', t.at('12:00', 2)), 'PT422 clinic_closed', 'what is wrong with the start itself is the reason before');
update clinic.room set is_active = false where code = 'a';
select is(t.would('house', t.at('09:00', 2), 'half', '{a}'), 'PT422 inactive', 'a named room that is inactive is the reason');
update clinic.room set is_active = true where code = 'a';

-- an override
select t.book('bob', 'grey', t.at('09:00', 2)), t.book('bob', 'pair', t.at('09:00', 2));
select is(t.would('house', t.at('09:00', 2)), 'PT409 slot_taken', 'without a room there is no visit');
select is(t.would('house', t.at('09:00', 2), override => 'in the corridor'), 'nothing', 'an override goes without what cannot be had');
select is(t.would('house', t.at('09:00', 2), 'half', '{a}', 'x'), 'PT409 slot_taken', 'but never into a room that is taken');
select is(t.would('house', t.at('10:00', 2), override => 'x'), 'a', 'what can be had it has');
select t.require('half', 'equipment', null, 2);
select is(t.would('house', t.at('10:00', 2), override => 'x'), 'a,laser', 'as much of it as there is');
delete from clinic.service_requirement where kind = 'equipment';
select t.call('o', (clinic.book(t.id('ada'), t.id('house'), t.id('half'), t.at('09:00', 2), override_reason => 'in the corridor')).id);
select is(t.claimed('o'), 'house', 'and claims no more');
select is(t.refusal($$select clinic.reschedule(t.id('o'), t.at('09:15', 2))$$), 'PT409 slot_taken', 'moved by the rules it needs a room');
select clinic.reschedule(t.id('o'), t.at('10:00', 2));
select is(t.claimed('o'), 'a,house', 'and has one');
select clinic.reschedule(t.id('o'), t.at('09:15', 2), override_reason => 'again');
select is(t.claimed('o'), 'house', 'which an override gives up where it must');

-- plain INSERT
insert into clinic.appointment (id, patient_id, provider_id, service_id, starts_at) values (t.call('raw', clinic.uuid7()), t.id('ada'), t.id('trio'), t.id('half'), t.at('09:00', 3));
select is(t.got('raw') || ' ' || t.claimed('raw'), 'a a,trio', 'a plain INSERT is given a room too');
insert into clinic.appointment (id, patient_id, provider_id, service_id, starts_at, resource_ids) values (t.call('raw null', clinic.uuid7()), t.id('ada'), t.id('trio'), t.id('half'), t.at('09:00', 3), null);
select is(t.got('raw null'), 'b', 'also where it says null');
insert into clinic.appointment (id, patient_id, provider_id, service_id, starts_at, resource_ids) values (t.call('raw named', clinic.uuid7()), t.id('ada'), t.id('trio'), t.id('half'), t.at('10:00', 3), array[t.id('laser'), t.id('b')]);
select is(t.got('raw named'), 'b,laser', 'or what it names');
insert into clinic.appointment (id, patient_id, provider_id, service_id, starts_at, status) select t.call('raw ' || s, clinic.uuid7()), t.id('ada'), t.id('trio'), t.id('half'), t.at('09:00', 3), s::clinic.appointment_status from unnest(array['completed', 'cancelled', 'no_show']) s;
select is(count(*), 3::bigint, 'history is given none') from clinic.appointment where starts_at = t.at('09:00', 3) and resource_ids = '{}' and status >= 'completed';
create function t.insert(provider text, n int, starts_at timestamptz, tail text default '') returns text language sql
  as $$select t.refusal(format('insert into clinic.appointment (patient_id, provider_id, service_id, starts_at) select t.id(%L), t.id(%L), t.id(%L), %L from generate_series(1, %s) %s', 'bob', $1, 'half', $3, $2, $4))$$;
insert into clinic.appointment (patient_id, provider_id, service_id, starts_at) select t.id('bob'), t.id('trio'), t.id('half'), t.at('11:00', 3) from generate_series(1, 2);
select is(string_agg(t.codes(resource_ids), ',' order by t.codes(resource_ids)), 'a,b', 'an INSERT of several rows spreads over the rooms') from clinic.appointment where starts_at = t.at('11:00', 3);
insert into clinic.appointment (patient_id, provider_id, service_id, starts_at) values (t.id('bob'), t.id('house'), t.id('half'), t.at('12:00', 3)), (t.id('ada'), t.id('grey'), t.id('half'), t.at('12:15', 3)), (t.id('cleo'), t.id('house'), t.id('half'), t.at('12:30', 3)), (t.id('cleo'), t.id('grey'), t.id('half'), t.at('12:45', 3));
select is(string_agg(t.codes(resource_ids), ',' order by starts_at), 'a,b,a,b', 'with different providers and starts too') from clinic.appointment where starts_at between t.at('12:00', 3) and t.at('13:00', 3);
select is(t.insert('trio', 3, t.at('13:30', 3)), 'PT409 slot_taken', 'more rows than rooms are refused');
select is(t.insert('trio', 2, t.at('13:30', 3)), 'not refused', 'as many are not');
update clinic.room set seats = 3 where code = 'b';
select is(t.insert('trio', 4, t.at('13:30', 3)) || ', ' || t.insert('trio', 5, t.at('13:30', 3)), 'not refused, PT409 slot_taken', 'where a room has seats it is filled');
update clinic.room set seats = 1 where code = 'b';
insert into clinic.appointment (id, patient_id, provider_id, service_id, starts_at) select t.id('raw'), t.id('bob'), t.id('trio'), t.id('half'), t.at('14:00', 3) + n * interval '1 minute' from generate_series(1, 2) n on conflict do nothing;
select is(count(*), 0::bigint, 'rows that ON CONFLICT DO NOTHING leaves out claim no room') from clinic.claim where starts_at between t.at('14:00', 3) and t.at('14:30', 3);
select is(t.would('house', t.at('14:00', 3), 'half', '{a}') || t.would('house', t.at('14:00', 3), 'half', '{b}'), 'ab', 'and keep none from others');
insert into clinic.appointment (id, patient_id, provider_id, service_id, starts_at)
select case n when 1 then t.id('raw') else clinic.uuid7() end, t.id('bob'), t.id('trio'), t.id('half'), t.at('15:00', 3) from generate_series(1, 3) n on conflict do nothing;
select is(string_agg(t.codes(resource_ids), ',' order by t.codes(resource_ids)), 'a,b', 'nor from the other rows of the statement') from clinic.appointment where starts_at = t.at('15:00', 3);

-- UPDATE
select t.call('u', t.book('ada', 'house', t.at('09:00', 4)));
select t.call('u2', t.book('bob', 'grey', t.at('10:00', 4)));
update clinic.appointment set starts_at = t.at('10:15', 4) where id = t.id('u');
select is(t.got('u') || ' ' || t.claimed('u'), 'b b,house', 'an UPDATE of starts_at chooses anew');
select is(t.would('trio', t.at('09:00', 4), 'half', '{a}'), 'a', 'and gives back what it had');
update clinic.appointment set starts_at = t.at('12:00', 4) where id = t.id('u');
select is(t.got('u'), 'b', 'a room that is free stays');
update clinic.appointment set provider_id = t.id('grey') where id = t.id('u');
select is(t.claimed('u'), 'b,grey', 'also with another provider');
update clinic.appointment set resource_ids = '{}' where id = t.id('u');
select is(t.claimed('u'), 'b,grey', 'who leaves the choice gets what was chosen');
update clinic.room set is_active = false where code = 'b';
select is(t.refusal($$update clinic.appointment set notes = 'x' where id = t.id('u')$$), 'not refused', 'what does not move needs no room anew');
update clinic.appointment set starts_at = t.at('12:15', 4) where id = t.id('u');
select is(t.got('u'), 'a', 'a room that takes no visits any more is replaced');
update clinic.room set is_active = true where code = 'b';
update clinic.appointment set resource_ids = array[t.id('b')] where id = t.id('u');
select is(t.claimed('u'), 'b,grey', 'an UPDATE may name the room');
select is(t.refusal($$update clinic.appointment set resource_ids = array[t.id('a')], starts_at = t.at('10:15', 4), provider_id = t.id('house') where id = t.id('u')$$), 'PT409 slot_taken', 'but not one that is taken');
update clinic.appointment set resource_ids = array[t.id('laser')] where id = t.id('u');
select is(t.claimed('u'), 'b,grey,laser', 'what it names besides is had besides');
select t.require('hour', 'room', '{c}');
update clinic.appointment set service_id = t.id('hour') where id = t.id('u');
select is(t.claimed('u'), 'c,grey,laser', 'another service brings its own room, and what was named besides stays');
update clinic.appointment set service_id = t.id('buffered') where id = t.id('u');
select is(t.claimed('u'), 'grey,laser', 'one that requires none gives it back');
update clinic.appointment set service_id = t.id('half') where id = t.id('u');
select is(t.claimed('u'), 'a,grey,laser', 'and one that does is given one');
select t.require('half', 'equipment');
update clinic.appointment set starts_at = t.at('16:00', 4) where id = t.id('u');
select is(t.claimed('u'), 'a,grey,laser', 'what was named meets what is required since');
delete from clinic.service_requirement where kind = 'equipment';
select is(t.refusal($$update clinic.appointment set starts_at = t.at('10:00', 4), provider_id = t.id('house') where id = t.id('u')$$), 'not refused', 'where one room is left');
select t.book('cleo', 'trio', t.at('10:00', 4));
select is(t.refusal($$update clinic.appointment set starts_at = t.at('10:00', 4), provider_id = t.id('house') where id = t.id('u')$$), 'PT409 slot_taken', 'but not where none is');
select is(t.claimed('u'), 'a,grey,laser', 'and then the visit keeps what it had');
delete from clinic.service_requirement where service_id = t.id('hour');

-- reschedule
select t.call('r', (clinic.book(t.id('ada'), t.id('house'), t.id('half'), t.at('09:00', 5), resource_ids => array[t.id('laser')])).id), t.book('bob', 'grey', t.at('10:00', 5)), t.book('bob', 'grey', t.at('11:00', 5)), t.book('cleo', 'trio', t.at('11:00', 5));
select is(t.got('r'), 'a,laser', 'a visit with a room and what was named besides');
select clinic.reschedule(t.id('r'), t.at('10:00', 5));
select is(t.claimed('r'), 'b,house,laser', 'that is moved has another room where its own is taken');
select clinic.reschedule(t.id('r'), t.at('09:00', 5));
select is(t.claimed('r'), 'b,house,laser', 'and keeps one that is free');
select is(t.refusal($$select clinic.reschedule(t.id('r'), t.at('11:00', 5))$$), 'PT409 slot_taken', 'where all are taken it is not moved');
select clinic.book(t.id('bob'), t.id('pair'), t.id('hour'), t.at('12:00', 5), resource_ids => array[t.id('laser')]);
select is(t.refusal($$select clinic.reschedule(t.id('r'), t.at('12:00', 5))$$), 'PT409 slot_taken', 'nor where what was named is: that is not replaced');
select is((clinic.reschedule(t.id('r'), t.at('09:15', 5))).status, 'scheduled', 'its own claims are not in its way');
select is(t.claimed('r'), 'b,house,laser', 'nor make it change');
select clinic.update_appointment(t.id('r'), duration => '1 hour');
select is(t.claimed('r'), 'b,house,laser', 'a longer visit keeps its room');
select is(t.refusal($$select clinic.update_appointment(t.id('r'), duration => '3 hours')$$), 'PT409 slot_taken', 'as long as there is one all the while');

-- cancelled visits and expired holds
select t.call('x', t.book('ada', 'house', t.at('09:00', 6))), t.call('y', t.book('ada', 'grey', t.at('09:00', 6)));
select is(t.would('trio', t.at('09:00', 6)), 'PT409 slot_taken', 'all rooms are taken');
select clinic.cancel(t.id('x'), 'well again');
select is(t.would('trio', t.at('09:00', 6)), 'a', 'a cancelled visit frees its room');
select clinic.confirm(t.id('y')), clinic.set_status(t.id('y'), 'no_show');
select is(t.would('trio', t.at('09:00', 6), 'half', '{b}'), 'b', 'so does a patient who did not come');
select t.call('h1', (clinic.book(t.id('ada'), t.id('house'), t.id('half'), t.at('10:00', 6), hold_for => '10 min')).id), t.call('h2', (clinic.book(t.id('ada'), t.id('grey'), t.id('half'), t.at('10:00', 6), hold_for => '10 min')).id);
select is(t.claimed('h1') || ' ' || t.claimed('h2'), 'a,house b,grey', 'a hold holds a room');
select is(t.would('trio', t.at('10:00', 6)), 'PT409 slot_taken', 'which nobody else is given');
update clinic.appointment set hold_expires_at = now() - interval '1 second' where id = t.id('h1');
select is(t.left('trio', t.at('10:00', 6)), 1, 'the room of an expired hold is offered');
select is(t.try('trio', t.at('10:00', 6)), 'a', 'and given');
select is(t.claimed('h1'), null, 'the hold gives up all it had');
select is(t.refusal($$select clinic.confirm(t.id('h1'))$$), 'PT409 hold_expired', 'and is not confirmed while no room is free');
update clinic.appointment set hold_expires_at = now() - interval '1 second' where id = t.id('h2');
select is((clinic.confirm(t.id('h1'))).status, 'scheduled', 'where another room is, it is');
select is(t.got('h1') || ' ' || t.claimed('h1'), 'b b,house', 'with that room');
select is(t.refusal($$select clinic.confirm(t.id('h2'))$$), 'PT409 hold_expired', 'which then is nobody else''s');
select t.call('h3', (clinic.book(t.id('ada'), t.id('house'), t.id('half'), t.at('11:00', 6), hold_for => '10 min', resource_ids => array[t.id('a'), t.id('laser')])).id);
update clinic.appointment set hold_expires_at = now() - interval '1 second' where id = t.id('h3');
select t.call('z', (clinic.book(t.id('bob'), t.id('grey'), t.id('hour'), t.at('11:00', 6), resource_ids => array[t.id('laser')])).id);
select is(t.refusal($$select clinic.confirm(t.id('h3'))$$), 'PT409 hold_expired', 'what was named besides must be free');
select clinic.cancel(t.id('z'), 'well again');
select clinic.confirm(t.id('h3'));
select is(t.claimed('h3'), 'a,house,laser', 'and then the hold has it again');
insert into clinic.appointment (id, patient_id, provider_id, service_id, starts_at, status, hold_expires_at) values (t.call('h4', clinic.uuid7()), t.id('ada'), t.id('pair'), t.id('half'), t.at('12:00', 6), 'held', now() + interval '1 hour'), (t.call('h5', clinic.uuid7()), t.id('ada'), t.id('pair'), t.id('half'), t.at('12:00', 6), 'held', now() + interval '1 hour');
update clinic.appointment set hold_expires_at = now() - interval '1 second' where id in (t.id('h4'), t.id('h5'));
select is(t.insert('trio', 2, t.at('12:00', 6)), 'not refused', 'an INSERT of several rows has the rooms of several expired holds');
select is(t.insert('trio', 3, t.at('12:00', 6)), 'PT409 slot_taken', 'and no more');

-- a further provider
delete from clinic.service_requirement;
select t.require('half', 'provider', '{grey,house,pair}');
select t.call('two', t.book('ada', 'grey', t.at('08:00', 7)));
select is(t.got('two'), 'house', 'a further provider is another than the provider');
select is(t.would('house', t.at('08:00', 7)), 'PT409 slot_taken', 'and sees nobody else then');
select clinic.reschedule(t.id('two'), t.at('08:30', 7), provider_id => t.id('house'));
select is(t.got('two'), 'grey', 'who was the further provider may become the provider, and another is found');
update clinic.appointment set provider_id = t.id('grey') where id = t.id('two');
select is(t.claimed('two'), 'grey,house', 'also by an UPDATE');
select is(t.refusal($$update clinic.appointment set provider_id = t.id('house'), resource_ids = array[t.id('house')] where id = t.id('two')$$), 'PT409 in_use', 'but not who is named besides');
select clinic.reschedule(t.id('two'), t.at('09:00', 7), provider_id => t.id('trio'));
select is(t.claimed('two'), 'house,trio', 'another provider keeps the further one');
update clinic.appointment set resource_ids = array[t.id('house'), t.id('grey')] where id = t.id('two');
select is(t.refusal($$select clinic.reschedule(t.id('two'), t.at('09:00', 7), provider_id => t.id('grey'))$$), 'PT409 in_use', 'nor does one more than is required become the provider');
select is(t.would_after($$update clinic.provider set is_active = false where code = 'house'$$, 'grey', t.at('10:00', 7)), 'pair', 'who takes no new visits is no further provider');
select is(t.would_after($$update clinic.provider set hours = 'Mo 18:00-19:00' where code = 'house'$$, 'grey', t.at('10:00', 7)), 'pair', 'nor who is not there');
insert into clinic.provider_service (provider_id, service_id) values (t.id('house'), t.id('hour'));
select is(t.would('grey', t.at('10:00', 7)), 'house', 'which services are offered is no matter for helping');
delete from clinic.provider_service;

-- any provider
create function t.any(starts_at timestamptz, named text[] default '{}', override text default null) returns text language plpgsql as $$
declare
  result text := t.refusal(format('select clinic.book(t.id(%L), null, t.id(%L), %L, resource_ids => %L, override_reason => %L)', 'bob', 'half', $1, array(select t.id(n) from unnest($2) n), $3));
begin
  return case when result = 'not refused' then (select t.codes(array[b.provider_id]) || '+' || coalesce(t.codes(b.resource_ids), 'nothing') from clinic.book(t.id('bob'), null, t.id('half'), $1, resource_ids => array(select t.id(n) from unnest($2) n), override_reason => $3) b) else result end;
end $$;
delete from clinic.service_requirement;
select is(t.any(t.at('12:00', 7), '{grey}'), 'house+grey', 'who is named besides is not the provider who is found');
select is(t.any(t.at('13:00', 7), '{grey,house}'), 'pair+grey,house', 'nor is any of several');
select is(t.any(t.at('14:00', 7), '{grey,house,pair,trio}'), 'PT409 slot_taken', 'so that somebody must be left');
select t.require('half', 'room', '{a,b}');
select is(t.any(t.at('15:00', 7)), 'grey+a', 'any provider is found with a room');
select is(t.any(t.at('15:00', 7)), 'house+b', 'as long as there are both');
select is(t.any(t.at('15:00', 7)), 'PT409 slot_taken', 'and not where there is no room');
select is(t.any(t.at('15:00', 7), '{}', 'in the corridor'), 'pair+nothing', 'but where there must');
select is(t.any(t.at('15:15', 7), '{b}'), 'PT409 slot_taken', 'a named room is not replaced');
select is(t.any(t.at('15:30', 7), '{b,laser}'), 'grey+b,laser', 'nor what is named besides left out');
delete from clinic.service_requirement;
select t.require('half', 'provider', '{grey}');
select is(t.any(t.at('16:00', 7)), 'house+grey', 'any provider is found who has the further one');
select is(t.any(t.at('16:00', 7)), 'PT409 slot_taken', 'or nobody');
delete from clinic.service_requirement;

-- a visit that is moved
create function t.offered(service text, starts_at timestamptz, moving text) returns text language sql
  as $$select coalesce(s.reason, 'available') from clinic.available_slots(t.id('house'), t.id($1), tstzrange($2, $2 + interval '1 hour'), moving => t.id($3)) s limit 1$$;
select t.require('half', 'room', '{theatre}');
select t.call('moved', t.book('ada', 'house', t.at('16:00', 8)));
select t.call('other', t.book('bob', 'grey', t.at('17:00', 8)));
select is(t.offered('half', t.at('16:00', 8), 'moved'), 'available', 'a visit that is moved is not in its own way');
select is(t.offered('half', t.at('17:00', 8), 'moved'), 'slot_taken', 'but it needs its service''s room there');
select is(t.offered('hour', t.at('17:00', 8), 'moved'), 'available', 'as one for another service it does not');
select is(t.refusal($$update clinic.appointment set starts_at = t.at('17:00', 8), service_id = t.id('hour') where id = t.id('moved')$$), 'not refused', 'and so it is moved');
update clinic.appointment set resource_ids = resource_ids || t.id('room') where id = t.id('moved');
insert into clinic.closure (resource_id, during) values (t.id('room'), tstzrange(t.at('18:00', 8), t.at('19:00', 8)));
select is(t.offered('half', t.at('18:00', 8), 'moved'), 'provider_absent', 'a closed room that was named besides is the reason');
select is(t.refusal($$select clinic.reschedule(t.id('moved'), t.at('18:00', 8))$$), 'PT422 provider_absent', 'for which the move is refused');
update clinic.room set is_active = false where code = 'room';
select is(t.offered('half', t.at('19:00', 8), 'moved') || ', ' || t.refusal($$select clinic.reschedule(t.id('moved'), t.at('19:00', 8))$$), 'inactive, PT422 inactive', 'so is one that takes no new visits');
update clinic.room set is_active = true where code = 'room';
delete from clinic.service_requirement;

-- more is named than is required
select t.require('half', 'room', '{a,many}');
select t.call('both', (clinic.book(t.id('ada'), t.id('house'), t.id('half'), t.at('09:00', 14), hold_for => '1 hour', resource_ids => array[t.id('many'), t.id('a')])).id);
select is(a.resource_ids, array[t.id('many'), t.id('a')], 'what is named stays in the order in which it was named') from clinic.appointment a where a.id = t.id('both');
select clinic.reschedule(t.id('both'), t.at('10:00', 14));
select is(t.claimed('both'), 'a,house,many', 'a visit that is moved has as many rooms as before');
update clinic.appointment set hold_expires_at = now() - interval '1 second' where id = t.id('both');
select clinic.confirm(t.id('both'));
select is(t.claimed('both'), 'a,house,many', 'and so has an expired hold that takes its time again');
delete from clinic.service_requirement;

-- a provider's own duration
update clinic.room set hours = 'Mo-Su 08:00-20:00' where code = 'room';
insert into clinic.provider_service (provider_id, service_id, duration) values (t.id('pair'), t.id('hour'), '15 min');
select is(codes, 'pair', 'any provider: one whose visit is short enough for a room that closes soon') from (select t.codes(array[b.provider_id]) from clinic.book(t.id('ada'), null, t.id('hour'), t.at('19:45', 9), resource_ids => array[t.id('room')]) b) b (codes);
select is(t.refusal($$select clinic.book(t.id('ada'), null, t.id('hour'), t.at('19:50', 9), resource_ids => array[t.id('room')])$$), 'PT422 outside_hours', 'and if there is none, the room''s hours are the reason');
update clinic.room set hours = null where code = 'room';

-- what is required changes
delete from clinic.service_requirement;
select t.call('before', t.book('ada', 'house', t.at('09:00', 10)));
select t.call('new', t.require('half', 'room', '{a}'));
select is(t.claimed('before'), 'house', 'a visit that was booked before has no room');
select is(t.would('grey', t.at('09:00', 10)), 'a', 'one that is booked since has');
select clinic.reschedule(t.id('before'), t.at('09:15', 10));
select is(t.claimed('before'), 'a,house', 'the other is given one when it is moved');
update clinic.service_requirement set codes = '{b}';
select is(t.claimed('before'), 'a,house', 'it keeps it when another is required');
select is(t.would('grey', t.at('12:00', 10)), 'b', 'which the next visit has');
delete from clinic.service_requirement;
select is(t.would('grey', t.at('12:00', 10)), 'nothing', 'or no more');
select is_empty('select * from clinic.verify()', 'which is all no damage');
select t.require('half', 'room', '{a}');
delete from clinic.service where code = 'nothing at all';
insert into clinic.service (id, code, name, duration) values (t.call('brief', clinic.uuid7()), 'brief', 'Brief', '30 min');
select t.require('brief', 'room');
delete from clinic.service where code = 'brief';
select is(count(*), 1::bigint, 'what a service required goes with it') from clinic.service_requirement;
delete from clinic.service_requirement;

-- as many as may be
select t.room('x' || lpad(n::text, 2, '0')) from generate_series(1, 33) n;
select t.require('half', 'room', array(select 'x' || lpad(n::text, 2, '0') from generate_series(1, 33) n), 32);
select is(cardinality(b.resource_ids), 32, 'a visit occupies 32 rooms') from clinic.book(t.id('ada'), t.id('house'), t.id('half'), t.at('09:00', 11)) b;
select is(t.left('house', t.at('10:00', 11)), 1, 'and is offered');
select is(t.would('grey', t.at('10:00', 11), 'half', '{laser}'), 'PT422 limit_reached', 'not one more');
select is(t.would('grey', t.at('10:00', 11), 'half', array(select 'x' || lpad(n::text, 2, '0') from generate_series(1, 33) n)), 'PT422 limit_reached', 'nor if all are named');
delete from clinic.service_requirement;

-- clinics are apart
select t.call('second', (clinic.create_clinic('Second', 'UTC')).id);
insert into clinic.room (clinic_id, id, code, name) values (t.id('second'), t.call('far', clinic.uuid7()), 'far', 'Far'), (t.id('second'), clinic.uuid7(), 'a', 'A');
select t.require('half', 'room', '{far,c}');
select is(t.try('house', t.at('09:00', 12)) || t.try('grey', t.at('09:00', 12)), 'cPT409 slot_taken', 'another clinic''s rooms are not chosen');
select is(t.would('grey', t.at('10:00', 12), 'half', '{far}'), 'PT404 not_found', 'nor named');
insert into clinic.provider (clinic_id, id, code, name, hours) values (t.id('second'), t.call('doc', clinic.uuid7()), 'doc', 'Doc', '24/7');
select is(t.refusal(format('insert into clinic.service_requirement (clinic_id, service_id, kind) values (t.id(%L), t.id(%L), %L)', 'second', 'half', 'room')), '23503 service_requirement_service_fkey', 'nor its services given requirements');
select is(b.resource_ids, '{}', 'nor do requirements hold for its services') from clinic.book((clinic.register_patient('Some Body', clinic_id => t.id('second'))).id, t.id('doc'), (select id from clinic.service s where s.clinic_id = t.id('second') and code = 'follow_up'), t.at('09:00', 12), clinic_id => t.id('second')) b;
delete from clinic.service_requirement;

-- who may say what is required
create role front_end;
grant usage on schema clinic to front_end;
grant execute on all functions in schema clinic to front_end;
grant select, insert, update, delete on clinic.service_requirement, clinic.appointment to front_end;
create role outsider;
grant usage on schema clinic to outsider;
select t.call('rule', t.require('half', 'room', '{a}'));
create temporary table change (what text, statement text);
insert into change values ('insert', $$insert into clinic.service_requirement (service_id, kind, codes) values (t.id('half'), 'equipment', '{laser}')$$), ('update', $$update clinic.service_requirement set quantity = 2, codes = '{a,b}'$$), ('delete', 'delete from clinic.service_requirement');
select is(t.refusal_of('outsider', statement), '42501', 'without a grant there is no ' || what) from change;
select is(t.refusal_of('outsider', 'select * from clinic.service_requirement'), '42501', 'nor a select');
select t.act_as('ada''s account');
select is(t.refusal_of('front_end', statement), 'PT403 staff_only', 'with one, a patient''s account may not ' || what) from change;
select is(t.refusal_of('front_end', $$select clinic.book(t.id('ada'), t.id('house'), t.id('half'), t.at('09:00', 13))$$), 'not refused', 'but is given a room');
select is(t.refusal_of('front_end', $$select clinic.book(t.id('ada'), null, t.id('half'), t.at('09:00', 13))$$), 'not refused', 'with any provider too');
select t.act_as('the receptionist');
select is(t.refusal_of('front_end', statement), 'not refused', 'the staff may ' || what) from change;
select is(t.refusal_of('front_end', 'truncate clinic.service_requirement'), '42501', 'though not all at once');

-- and the journal tells
insert into clinic.service_requirement (id, service_id, kind, quantity) values (t.call('j', clinic.uuid7()), t.id('hour'), 'room', 2);
update clinic.service_requirement set quantity = 1 where id = t.id('j');
delete from clinic.service_requirement where id = t.id('j');
select results_eq($$select j.action, j.actor_id, j.old ->> 'quantity', j.new ->> 'quantity' from clinic.journal j where j.entity = 'service_requirement' and j.entity_id = t.id('j') order by j.id$$,
                  $$values ('insert', t.id('the receptionist'), null, '2'), ('update', t.id('the receptionist'), '2', '1'), ('delete', t.id('the receptionist'), '1', null)$$, 'what is required is journalled, by whom and how');

-- a plan that comes to the same but for the seat
delete from clinic.provider_service;
delete from clinic.service_requirement;
select t.require('half', 'room');
select t.call('seat 1', t.book('ada', 'pair', t.at('09:00', 300))), t.call('seat 2', t.book('bob', 'pair', t.at('09:00', 300)));
select clinic.cancel(t.id('seat 1'), 'well again');
update clinic.appointment set resource_ids = '{}' where id = t.id('seat 2');
select is((select array[a.seat, c.seat] from clinic.appointment a join clinic.claim c on c.appointment_id = a.id and c.resource_id = a.provider_id where a.id = t.id('seat 2')), array[1, 1], 'the seat of the visit is the one it claims');

select is_empty('select * from clinic.verify(null)', 'and every claim is what it should be');
select * from finish();
rollback;
