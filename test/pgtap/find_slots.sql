-- The first free starts of all providers.
begin;
select plan(84);
\ir include/fixture.psql

-- What is found, on the clinic's wall clock, with the provider, and the seats where there is more than one.
create function t.found(arguments text, service text default 'half') returns text language plpgsql as $$
declare
  answer text;
begin
  execute format($q$
    select coalesce(string_agg(concat(x.name, ' ', to_char(lower(f.slot) at time zone 'Europe/Berlin', case when lower(f.slot) < t.at('00:00', 1) then '' else 'FMDD.' end || 'HH24:MI'),
                                      case when f.seats_left > 1 then '*' || f.seats_left end), ', ' order by f.n), 'none')
    from clinic.find_slots(t.id(%L), %s) with ordinality f (provider_id, slot, seats_left, n)
    join t.thing x on x.id = f.provider_id$q$, service, arguments) into answer;
  return answer;
end $$;
create function t.day(first text, until text, days int default 0) returns text language sql
  as $$select format('tstzrange(%L, %L)', t.at($1, $3), t.at($2, $3))$$;
create function t.after(statement text, arguments text, service text default 'half') returns text language plpgsql as $$
declare
  answer text;
begin
  begin
    execute statement;
    answer := t.found(arguments, service);
    raise exception using errcode = 'T0000';
  exception when sqlstate 'T0000' then
    return answer;
  end;
end $$;

-- Codes are not in the order of the ids: grey, house, pair, trio.
select is(t.found(t.day('09:00', '10:00')), 'grey 09:00, house 09:00, pair 09:00*2, trio 09:00*3, grey 09:30, house 09:30, pair 09:30*2, trio 09:30*3', 'the earliest come first, then the codes');
select is(t.found(t.day('09:00', '10:00') || ', max_results => 5'), 'grey 09:00, house 09:00, pair 09:00*2, trio 09:00*3, grey 09:30', 'so many are found as are asked for');
select is((select count(*) from clinic.find_slots(t.id('half'), tstzrange(t.at('00:00'), t.at('00:00', 1)))), 10::bigint, 'ten, if it is not said how many');
select is((select count(*) from clinic.find_slots(t.id('half'), tstzrange(t.at('00:00'), t.at('00:00', 1)), max_results => null)), 192::bigint, 'and all if null is said');
select is(t.found(t.day('09:10', '10:10')), 'grey 09:30, house 09:30, pair 09:30*2, trio 09:30*3', 'starts are of the grid');
select is(t.found(t.day('09:00', '10:10') || $$, 3, step => '20 min', providers => array[t.id('house')]$$), 'house 09:00, house 09:20, house 09:40', 'or of another');
select is(t.found(t.day('09:00', '10:00'), 'hour'), 'grey 09:00, house 09:00, pair 09:00*2, trio 09:00*3', 'visits of an hour have room for one');
select is(t.found(t.day('09:00', '10:00') || $$, duration => '45 min'$$), 'grey 09:00, house 09:00, pair 09:00*2, trio 09:00*3', 'and so have those that last longer than the service');
select is(t.found(t.day('09:00', '09:29')), 'none', 'where there is no room, nothing is found');
select is(t.found('''empty'''), 'none', 'nor in an empty stretch');

-- Whose
select is(t.found(t.day('09:00', '09:30') || $$, providers => array[t.id('trio'), t.id('house')]$$), 'house 09:00, trio 09:00*3', 'providers can be named');
select is(t.found(t.day('09:00', '09:30') || $$, providers => array[t.id('trio'), t.id('trio')]$$), 'trio 09:00*3', 'twice too');
select is(t.found(t.day('09:00', '09:30') || $$, providers => '{}'$$), 'grey 09:00, house 09:00, pair 09:00*2, trio 09:00*3', 'none named are all');
select is(t.after($$update clinic.resource set is_active = false where id = t.id('grey')$$, t.day('09:00', '09:30')), 'house 09:00, pair 09:00*2, trio 09:00*3', 'who is not active is not found');
select is(t.after($$update clinic.resource set is_active = false where id = t.id('grey')$$, t.day('09:00', '09:30') || $$, providers => array[t.id('grey')]$$), 'none', 'not even by name');
select is(t.after($$insert into clinic.provider_service (provider_id, service_id) values (t.id('grey'), t.id('hour'))$$, t.day('09:00', '09:30')), 'house 09:00, pair 09:00*2, trio 09:00*3', 'nor who does not offer the service');
select is(t.after($$insert into clinic.provider_service (provider_id, service_id, duration) values (t.id('grey'), t.id('half'), '45 min')$$, t.day('09:00', '10:00') || ', 6'), 'grey 09:00, house 09:00, pair 09:00*2, trio 09:00*3, house 09:30, pair 09:30*2', 'with whom it lasts longer has fewer starts');
select is(t.after($$insert into clinic.provider_service (provider_id, service_id, duration) values (t.id('grey'), t.id('half'), '15 min')$$, t.day('09:00', '09:45') || $$, step => '10 min', max_results => 100$$), 'grey 09:00, house 09:00, pair 09:00*2, trio 09:00*3, grey 09:10, house 09:10, pair 09:10*2, trio 09:10*3, grey 09:20, grey 09:30', 'with whom it is shorter, more');
update clinic.resource set specialty = 'heart' where id in (t.id('grey'), t.id('trio'));
update clinic.resource set specialty = 'skin' where id = t.id('pair');
select is(t.found(t.day('09:00', '09:30') || $$, specialty => 'heart'$$), 'grey 09:00, trio 09:00*3', 'a specialty can be asked for');
select is(t.found(t.day('09:00', '09:30') || $$, specialty => 'Heart'$$), 'none', 'as it is written');

-- What is taken
select t.call('nine', t.book('ada', 'house', t.at('09:00')));
select t.call('an hour', t.book('bob', 'trio', t.at('09:00'), 'hour'));
select t.call('hold', (clinic.book(t.id('cleo'), t.id('grey'), t.id('half'), t.at('09:30'), hold_for => '1 hour')).id);
select is(t.found(t.day('09:00', '10:00')), 'grey 09:00, pair 09:00*2, trio 09:00*2, house 09:30, pair 09:30*2, trio 09:30*2', 'what is booked or held is not found');
update clinic.appointment set hold_expires_at = now() - interval '1 second' where id = t.id('hold');
select is(t.found(t.day('09:00', '10:00')), 'grey 09:00, pair 09:00*2, trio 09:00*2, grey 09:30, house 09:30, pair 09:30*2, trio 09:30*2', 'a hold that expired is');
select is(t.found(t.day('09:00', '10:00') || $$, moving => t.id('nine')$$), 'grey 09:00, house 09:00, pair 09:00*2, trio 09:00*2, grey 09:30, house 09:30, pair 09:30*2, trio 09:30*2', 'for a visit that is to be moved, its own time is free');
select is(t.found(t.day('09:00', '10:00') || $$, moving => t.id('an hour')$$, 'hour'), 'grey 09:00, pair 09:00*2, trio 09:00*3', 'and it stays as long as it is');
select is(t.found(t.day('09:00', '09:30') || $$, moving => t.id('nobody')$$), 'grey 09:00, pair 09:00*2, trio 09:00*2', 'a visit that does not exist moves nothing');
select is(t.found(t.day('09:00', '11:00') || $$, 4, array[t.id('house')]$$, 'buffered'), 'house 10:00, house 10:30', 'buffers have to be free before and after');
select is(t.found(t.day('08:00', '09:30') || $$, 4, array[t.id('house')], '5 min'$$, 'buffered'), 'house 08:00, house 08:05, house 08:10, house 08:15', 'to the minute');
select is(t.found(t.day('08:20', '10:00') || $$, 4, array[t.id('house')], '5 min'$$, 'buffered'), 'house 08:20, house 08:25', 'and not a minute more');

-- When
select is(t.after($$insert into clinic.closure (during) values (tstzrange(t.at('09:15'), t.at('10:45')))$$, t.day('08:00', '12:00') || ', 6, array[t.id(''pair'')]'), 'pair 08:00*2, pair 08:30*2, pair 11:00*2, pair 11:30*2', 'the clinic is closed');
select is(t.after($$insert into clinic.day_capacity (resource_id, day, available) values (t.id('grey'), '2099-06-01', false)$$, t.day('10:00', '10:30')), 'house 10:00, pair 10:00*2, trio 10:00*3', 'somebody has a day off');
select is(t.after($$insert into clinic.day_capacity (resource_id, day, seats) values (t.id('grey'), '2099-06-01', 4)$$, t.day('10:00', '10:30')), 'grey 10:00*4, house 10:00, pair 10:00*2, trio 10:00*3', 'or more seats on a day');
select is(t.after($$insert into clinic.hours (resource_id, valid, weekly, mode) values (t.id('grey'), '[2099-06-01,2099-06-02)', '24/7', 'token')$$, t.day('10:00', '10:30')), 'house 10:00, pair 10:00*2, trio 10:00*3', 'or tokens');
select is(t.after($$update clinic.resource set hours = 'Mo 20:00-02:00' where id = t.id('grey')$$, 'tstzrange(t.at(''00:00''), t.at(''03:00'', 1)), 5, array[t.id(''grey'')], ''2 hours'', ''2 hours'''), 'grey 20:00, grey 22:00, grey 2.00:00', 'a night goes on');
select is(t.after($$update clinic.clinic set status = 'closed'$$, t.day('10:00', '10:30')), 'none', 'a clinic that is closed takes nothing');
select is(t.after($$update clinic.clinic set status = 'closing_soon'$$, t.day('10:00', '10:30') || ', 1'), 'grey 10:00', 'one that closes soon does');
select is(t.after($$update clinic.service set is_active = false where id = t.id('half')$$, t.day('10:00', '10:30')), 'none', 'nor is a service that is not active');
select is(t.after($$update clinic.clinic set max_advance = '1 year'$$, t.day('10:00', '10:30')), 'none', 'what is too far ahead is not found');
select is(t.found(t.day('10:00', '12:00') || $$, duration => '9 hours'$$), 'none', 'nor what lasts too long');
select is((select count(*) from clinic.find_slots(t.id('half'), tstzrange(now() - interval '10 days', now()))), 0::bigint, 'nor the past');
-- In a zone whose clocks never go back: of an hour that they show twice, the second has no starts.
update clinic.clinic set min_notice = '3 hours', timezone = 'UTC';
select cmp_ok((select min(lower(slot)) from clinic.find_slots(t.id('half'), tstzrange(now() - interval '1 day', now() + interval '2 days'))), '>=', now() + interval '3 hours', 'notice is kept');
select cmp_ok((select min(lower(slot)) from clinic.find_slots(t.id('half'), tstzrange(now() - interval '1 day', now() + interval '2 days'))), '<', now() + interval '3 hours 30 minutes', 'and no more than that');
update clinic.clinic set min_notice = '0', allow_same_day = false, timezone = 'Europe/Berlin';
select is((select min(lower(slot)) from clinic.find_slots(t.id('half'), tstzrange(now() - interval '1 day', now() + interval '3 days'))),
  clinic.day_start(clinic.local_day(null, t.id('clinic')) + 1, 'Europe/Berlin'), 'and no day is today');
update clinic.clinic set allow_same_day = true;

-- Filters
select is(t.found('tstzrange(t.at(''00:00''), t.at(''00:00'', 14)), 5, array[t.id(''house'')], ''12 hours'', days_of_week => ''{2,7}'''), 'house 2.00:00, house 2.12:00, house 7.00:00, house 7.12:00, house 9.00:00', 'days of the week');
select is(t.found('tstzrange(t.at(''00:00''), t.at(''00:00'', 3)), 5, array[t.id(''house'')], ''2 hours'', time_from => ''13:00'', time_until => ''16:00'''), 'house 14:00, house 2.14:00, house 3.14:00', 'times of the day');
select is(t.found('tstzrange(t.at(''00:00''), t.at(''00:00'', 3)), 5, array[t.id(''house'')], ''2 hours'', time_from => ''14:00'', time_until => ''16:00'''), 'house 14:00, house 2.14:00, house 3.14:00', 'from the first on, and before the last');
select is(t.found('tstzrange(t.at(''00:00''), t.at(''00:00'', 3)), 3, array[t.id(''house'')], ''2 hours'', time_from => ''21:00'''), 'house 22:00, house 2.22:00, house 3.22:00', 'from some time on');
select is(t.found('tstzrange(t.at(''00:00''), t.at(''00:00'', 3)), 3, array[t.id(''house'')], ''2 hours'', time_until => ''03:00'''), 'house 00:00, house 02:00, house 2.00:00', 'until some time');
select is(t.found('tstzrange(t.at(''00:00''), t.at(''00:00'', 3)), 5, array[t.id(''house'')], ''2 hours'', time_from => ''22:00'', time_until => ''02:00'''), 'house 00:00, house 22:00, house 2.00:00, house 2.22:00, house 3.00:00', 'over midnight too');
select is(t.found('tstzrange(t.at(''00:00''), t.at(''00:00'', 3)), time_from => ''12:00'', time_until => ''12:00'''), 'none', 'at no time at all');
select is(t.found('tstzrange(t.at(''10:00''), t.at(''00:00'', 3)), per_provider_limit => 1'), 'grey 10:00, house 10:00, pair 10:00*2, trio 10:00*3', 'one of each provider');
select is(t.found('tstzrange(t.at(''10:00''), t.at(''00:00'', 3)), per_day_limit => 2'), 'grey 10:00, house 10:00, grey 2.00:00, house 2.00:00, grey 3.00:00, house 3.00:00', 'two of a day');
select is(t.found('tstzrange(t.at(''10:00''), t.at(''00:00'', 3)), per_day_limit => 3, per_provider_limit => 1, max_results => 9'), 'grey 10:00, house 10:00, pair 10:00*2, trio 2.00:00*3', 'and both');

-- Tokens
insert into t.thing values ('token', '00000000-0000-7000-8000-0000000000b4');
insert into clinic.service (id, code, name, duration, mode) values (t.id('token'), 'token', 'A token', '15 min', 'token');
select is(t.found('tstzrange(t.at(''00:00''), t.at(''00:00'', 3))', 'token'), 'none', 'a day of times has no tokens');
insert into clinic.hours (resource_id, valid, weekly, mode, seats) values (t.id('trio'), '[2099-06-02,2099-06-04)', 'Mo-We 09:00-12:00', 'token', 5);
select is(t.found('tstzrange(t.at(''00:00''), t.at(''00:00'', 9)), time_from => ''18:00''', 'token'), 'trio 2.00:00*5, trio 3.00:00*5', 'a token is of a day, and of no time of it');
select clinic.book_token(t.id('ada'), t.id('trio'), '2099-06-02', t.id('token'));
select is(t.found('tstzrange(t.at(''00:00''), t.at(''00:00'', 9))', 'token'), 'trio 2.00:00*4, trio 3.00:00*5', 'numbers that are taken are not left');
select is(t.found('tstzrange(t.at(''00:01'', 1), t.at(''00:00'', 9))', 'token'), 'trio 3.00:00*5', 'the day must lie in the stretch as a whole');
select is(t.found('tstzrange(t.at(''09:00'', 1), t.at(''09:30'', 1))'), 'grey 2.09:00, house 2.09:00, pair 2.09:00*2', 'and no visit at a time is found on it');
delete from clinic.hours;

-- What is required besides
insert into clinic.service_requirement (service_id, kind, codes) values (t.id('half'), 'room', '{room}');
select is(t.found(t.day('09:00', '10:00') || ', 20'), 'grey 09:00, pair 09:00, trio 09:00, grey 09:30, house 09:30, pair 09:30, trio 09:30', 'of one room there is one');
select t.call('in the room', (clinic.book(t.id('ada'), t.id('grey'), t.id('hour'), t.at('14:00'), resource_ids => array[t.id('room')])).id);
select is(t.found(t.day('14:00', '15:30') || ', 20'), 'grey 15:00, house 15:00, pair 15:00, trio 15:00', 'a room that is taken is nobody''s');
select is(t.found(t.day('14:00', '15:30') || ', 3, moving => t.id(''in the room'')', 'hour'), 'grey 14:00, house 14:00, pair 14:00', 'unless its visit is to be moved');
insert into clinic.closure (resource_id, during) values (t.id('room'), tstzrange(t.at('00:00', 2), t.at('12:00', 90)));
select is(t.found('tstzrange(t.at(''23:00'', 1), t.at(''00:00'', 100)), 9, step => ''12 hours'''), 'grey 30.12:00, house 30.12:00, pair 30.12:00, trio 30.12:00, grey 31.00:00, house 31.00:00, pair 31.00:00, trio 31.00:00, grey 31.12:00', 'a room that is closed for months, neither');
delete from clinic.closure;
delete from clinic.service_requirement;
insert into clinic.service_requirement (service_id, kind, codes) values (t.id('half'), 'provider', '{house}');
select is(t.found(t.day('09:00', '10:00') || ', 20'), 'grey 09:30, pair 09:30, trio 09:30', 'who has to be there besides must be free, and cannot be the provider');
delete from clinic.service_requirement;

-- Clocks are put forward on 29 March and back on 25 October.
select is(t.found('tstzrange(''2099-03-29 00:30Z'', ''2099-03-29 02:00Z''), 9, array[t.id(''house'')]'), 'house 01:30, house 03:00, house 03:30', 'an hour that is skipped has no starts');
select is(t.found('tstzrange(''2099-10-24 23:30Z'', ''2099-10-25 02:30Z''), 9, array[t.id(''house'')]'), 'house 25.01:30, house 25.02:00, house 25.02:30, house 25.03:00', 'of one that comes twice, the first has');

-- What is refused
select is(t.refusal(format('select * from clinic.find_slots(%s)', arguments)), expected, arguments) from (values
  ('null, ''[2099-06-01,2099-06-02)''', 'PT400 missing_argument'),
  ('t.id(''half''), null', 'PT400 missing_argument'),
  ('t.id(''half''), ''[2099-06-01,2099-06-02)'', clinic_id => null', 'PT400 missing_argument'),
  ('t.id(''half''), ''[2099-06-01,2099-06-02)'', providers => ''{null}''', 'PT400 missing_argument'),
  ('t.id(''nobody''), ''[2099-06-01,2099-06-02)''', 'PT404 not_found'),
  ('t.id(''half''), ''[2099-06-01,2099-06-02)'', providers => array[t.id(''room'')]', 'PT404 not_found'),
  ('t.id(''half''), ''[2099-06-01,2099-06-02)'', clinic_id => t.id(''nobody'')', 'PT404 not_found'),
  ('t.id(''half''), ''[2099-06-01,)''', 'PT400 invalid_time'),
  ('t.id(''half''), ''[2099-06-01,2119-06-02)''', 'PT400 invalid_time'),
  ('t.id(''half''), ''[2099-06-01,2099-06-02)'', 0', 'PT400 invalid_page'),
  ('t.id(''half''), ''[2099-06-01,2099-06-02)'', per_day_limit => 0', 'PT400 invalid_page'),
  ('t.id(''half''), ''[2099-06-01,2099-06-02)'', per_provider_limit => -1', 'PT400 invalid_page'),
  ('t.id(''half''), ''[2099-06-01,2099-06-02)'', days_of_week => ''{0}''', 'PT400 invalid_time'),
  ('t.id(''half''), ''[2099-06-01,2099-06-02)'', days_of_week => ''{1,null}''', 'PT400 invalid_time'),
  ('t.id(''half''), ''[2099-06-01,2099-06-02)'', step => ''1 second''', 'PT422 invalid_duration'),
  ('t.id(''half''), ''[2099-06-01,2099-06-02)'', duration => ''-1 hour''', 'PT422 invalid_duration')) r (arguments, expected);

-- Many providers: against available_slots(), of one, of few and of all.
insert into clinic.provider (id, code, name, seats, hours)
select ('00000000-0000-7000-8001-' || lpad(n::text, 12, '0'))::uuid, 'm' || n, 'Dr Many', case when n % 7 = 0 then 2 else 1 end, (array['Mo-Fr 08:00-18:00', '24/7', 'Mo-Su 20:00-06:00'])[1 + n % 3]::clinic.weekly_hours
from generate_series(1, 45) n;
insert into clinic.provider_service (provider_id, service_id, duration) select id, t.id('half'), interval '20 min' from clinic.provider where code in ('m5', 'm15', 'm25');
create function t.dice(n int, sides int) returns int language sql as $$select abs(hashint4($1)) % $2$$;
insert into clinic.claim (clinic_id, appointment_id, resource_id, seat, starts_at, ends_at)
select t.id('clinic'), gen_random_uuid(), p.id, seat, starts_at, starts_at + interval '30 minutes'
from (select id, n, generate_series(1, seats) as seat from (select id, seats, row_number() over (order by code) as n from clinic.provider where code like 'm%') p) p,
  generate_series(0, 47 * 4) half, lateral (select t.at('00:00', 1) + half * interval '30 minutes') s (starts_at)
where t.dice((p.n * 1000 + half * 3 + seat)::int, 100) < 97;
update clinic.clinic set longest_claim = '1 hour';
create table t.search as
select n, tstzrange(t.at('00:00', 1) + t.dice(n, 3000) * interval '1 minute', t.at('00:00', 1) + (t.dice(n, 3000) + t.dice(n + 1, 4000)) * interval '1 minute') as during,
  case t.dice(n + 2, 3) when 0 then null else 1 + t.dice(n + 3, 40) end as most,
  case when t.dice(n + 4, 3) > 0 then (select array_agg(id) from (select id from clinic.provider where code like 'm%' order by t.dice(n + ascii(right(code, 1)) + 10 * length(code), 1000), code limit 1 + t.dice(n + 5, 5)) p) end as providers,
  (array[null, '5 min', '30 min', '45 min']::interval[])[1 + t.dice(n + 6, 4)] as step,
  (array['half', 'hour', 'buffered'])[1 + t.dice(n + 7, 3)] as service
from generate_series(10, 1500, 10) n;
create table t.answer as
select s.n, f.* from t.search s, clinic.find_slots(t.id(s.service), s.during, s.most, s.providers, s.step) with ordinality f (provider, slot, seats, place);
create table t.expected as
select s.n, f.*
from t.search s, lateral (
  select r.id, a.slot, a.seats_left, row_number() over (order by lower(a.slot), r.code) as place
  from clinic.provider r, clinic.available_slots(r.id, t.id(s.service), s.during, s.step) a
  where a.available and (s.providers is null or r.id = any (s.providers))) f (provider, slot, seats, place)
where f.place <= s.most or s.most is null;
select is_empty('(table t.answer except table t.expected) union all (table t.expected except table t.answer)', 'what is found of many is the first of all that is available');
select cmp_ok((select count(distinct n) from t.answer), '>', 75::bigint, 'in most searches something is');

-- Who may ask
create role t_reader;
grant usage on schema clinic to t_reader;
select is(t.refusal_of('t_reader', $$select * from clinic.find_slots('00000000-0000-7000-8000-0000000000b1', '[2099-06-01,2099-06-02)', clinic_id => current_setting('clinic_sched.clinic_id')::uuid)$$), '42501', 'nobody may, unless it is granted');
grant execute on function clinic.find_slots to t_reader;
select is(t.refusal_of('t_reader', $$select * from clinic.find_slots('00000000-0000-7000-8000-0000000000b1', '[2099-06-01,2099-06-02)', clinic_id => current_setting('clinic_sched.clinic_id')::uuid)$$), 'not refused', 'then without a right to see a visit');

select * from finish();
rollback;
