-- What hours and closures would come to: clinic.rota_change(), which writes nothing.
begin;
select plan(57);
\ir include/fixture.psql

insert into t.thing values ('plain', '00000000-0000-7000-8000-0000000000d5'), ('own', '00000000-0000-7000-8000-0000000000d6');
insert into clinic.provider (id, code, name, hours) values (t.id('plain'), 'plain', 'Dr Plain', null), (t.id('own'), 'own', 'Dr Own', 'Mo-Fr 09:00-17:00');
select t.call('early', t.book('ada', 'plain', t.at('08:30'))), t.call('noon', t.book('bob', 'plain', t.at('12:00'))), t.call('late', t.book('cleo', 'plain', t.at('17:00'))) \g /dev/null

-- A range of times as the clinic's clocks show it, and the visits by name.
create function t.clocks(tstzmultirange) returns text language sql as $$
  select coalesce(string_agg(to_char(lower(r) at time zone 'Europe/Berlin', 'HH24:MI') || to_char(upper(r) at time zone 'Europe/Berlin', '-HH24:MI'), ',' order by r), 'never') from unnest($1) r$$;
create function t.names(uuid[]) returns text language sql as
  $$select coalesce(string_agg(x.name, ' ' order by u.n), 'none') from unnest($1) with ordinality u (id, n) left join t.thing x using (id)$$;
-- Every day that would differ: whose, when, open before > after, free minutes, visits.
create function t.foretold(resource text, valid daterange default null, weekly text default null, mode clinic.visit_mode default null, seats int default null,
                           during tstzrange default null, kind clinic.closure_kind default 'closed', rrule text default null, days daterange default null) returns text language sql as $$
  select coalesce(string_agg(format('%s %s: %s > %s, +%s -%s, %s', r.code, to_char(f.day, 'MM-DD'), t.clocks(f.open_before), t.clocks(f.open_after), f.minutes_gained, f.minutes_lost, t.names(f.orphans)),
                             '; ' order by r.code, f.day), 'nothing')
  from clinic.rota_change(t.id($1), $2, $3::clinic.weekly_hours, $4, $5, $6, $7, $8::clinic.rrule, $9) f join clinic.resource r on r.id = f.resource$$;
create function t.today(clock_from text, clock_to text, days int default 0) returns tstzrange language sql as 'select tstzrange(t.at($1, $3), t.at($2, $3))';

-- A rota.
select is(t.foretold('plain', '[2099-06-01,2099-06-02)', 'Mo-Fr 09:00-15:00'), 'plain 06-01: 08:00-18:00 > 09:00-15:00, +0 -180, early late', 'a shorter day orphans what it leaves out');
select is(t.foretold('plain', '[2099-06-01,2099-06-02)', 'Mo-Fr 06:00-12:30'), 'plain 06-01: 08:00-18:00 > 06:00-12:30, +120 -300, late', 'another one gains minutes and loses some; what is claimed was not free');
select is(t.foretold('plain', '[2099-06-01,2099-06-02)', 'Mo-Fr 08:00-18:00'), 'nothing', 'the same hours change nothing');
select is(t.foretold('plain', '[2099-06-05,2099-06-09)', 'Sa 10:00-11:00'), 'plain 06-05: 08:00-18:00 > never, +0 -600, none; plain 06-06: never > 10:00-11:00, +60 -0, none; plain 06-08: 08:00-18:00 > never, +0 -600, none', 'a row a day that differs, and none for the others');
select is(t.foretold('plain', 'empty', 'off'), 'nothing', 'no days, no change');
select is(t.foretold('own', '[2099-06-01,2099-06-02)', 'Mo 10:00-11:00'), 'own 06-01: 09:00-17:00 > 10:00-11:00, +0 -420, none', 'it comes before the resource''s own hours');
insert into clinic.hours (resource_id, valid, weekly) values (t.id('plain'), '[2099-06-01,2099-06-04)', 'Mo-We 10:00-18:00');
select is(t.foretold('plain', '[2099-06-02,2099-06-03)', 'off'), 'plain 06-02: 10:00-18:00 > never, +0 -480, none', 'and before the rota that there is');
select is(t.foretold('plain', '[2099-06-01,2099-06-02)', 'Mo 12:30-14:00'), 'plain 06-01: 10:00-18:00 > 12:30-14:00, +0 -330, noon late', 'what is an orphan already is not its doing');
delete from clinic.hours;
select is(t.foretold('plain', '[2099-06-01,2099-06-02)', 'Mo 20:00-24:00; Tu 02:00-06:00'), 'plain 06-01: 08:00-18:00 > 20:00-00:00, +240 -510, early noon late', 'a rota of one day has the hours of that day');
select is(t.foretold('plain', '[2099-06-01,2099-06-02)', 'Mo 20:00-06:00'), 'plain 06-01: 08:00-18:00 > 20:00-00:00, +240 -510, early noon late; plain 06-02: 08:00-18:00 > 00:00-06:00,08:00-18:00, +360 -0, none', 'and the night that begins on it');

-- The whole clinic's.
select is(t.foretold(null, '[2099-06-01,2099-06-02)', 'Mo-Fr 08:00-17:00'), 'plain 06-01: 08:00-18:00 > 08:00-17:00, +0 -30, late', 'the clinic''s rota is for those who have no hours of their own');
update clinic.resource set is_active = false where code in ('grey', 'pair', 'trio', 'house', 'theatre', 'laser');
select is(t.foretold(null, during => t.today('12:00', '13:00')), 'own 06-01: 09:00-17:00 > 09:00-12:00,13:00-17:00, +0 -60, none; plain 06-01: 08:00-18:00 > 08:00-12:00,13:00-18:00, +0 -30, noon; room 06-01: 00:00-00:00 > 00:00-12:00,13:00-00:00, +0 -60, none', 'its closure is for rooms too, and not for who is inactive');
select is(t.foretold('house', during => t.today('12:00', '13:00')), 'nothing', 'of who is inactive nothing would differ');
update clinic.resource set is_active = true;
select is((select string_agg(r.code, ' ' order by f.n) from (select resource, row_number() over () as n from clinic.rota_change(null, during => t.today('12:00', '13:00'))) f join clinic.resource r on r.id = f.resource),
  'grey house own pair plain trio room theatre laser', 'in the order of kind and code');
select is(t.foretold(null, '[2099-06-01,2099-06-03)', 'Mo-Tu 08:00-17:00', during => t.today('08:00', '09:00', 1), days => '[2099-06-02,2099-06-03)') ~ 'plain 06-02: 08:00-18:00 > 09:00-17:00, \+0 -120', true, 'a rota and a closure together');

-- Closures.
select is(t.foretold('plain', during => t.today('08:00', '12:00')), 'plain 06-01: 08:00-18:00 > 12:00-18:00, +0 -210, early', 'a closure');
select is(t.foretold('plain', during => t.today('17:00', '20:00'), kind => 'open'), 'plain 06-01: 08:00-18:00 > 08:00-20:00, +120 -0, none', 'a special opening');
insert into clinic.closure (during) values (t.today('19:00', '21:00'));
select is(t.foretold('plain', during => t.today('17:00', '20:00'), kind => 'open'), 'plain 06-01: 08:00-18:00 > 08:00-19:00, +60 -0, none', 'opens nothing that is closed');
select is(t.foretold('plain', during => t.today('19:00', '21:00')), 'nothing', 'what is closed can only be closed once');
delete from clinic.closure;
select is(t.foretold('plain', during => t.today('12:00', '13:00', 1), rrule => 'FREQ=WEEKLY', days => '[2099-06-01,2099-06-20)'),
  'plain 06-02: 08:00-18:00 > 08:00-12:00,13:00-18:00, +0 -60, none; plain 06-09: 08:00-18:00 > 08:00-12:00,13:00-18:00, +0 -60, none; plain 06-16: 08:00-18:00 > 08:00-12:00,13:00-18:00, +0 -60, none', 'a meeting every week');
select is((select count(*) || ' ' || min(day) || ' ' || max(day) from clinic.rota_change(t.id('plain'), during => t.today('12:00', '13:00', 1), rrule => 'FREQ=WEEKLY')), '53 2099-06-02 2100-06-01', 'for a year, where it is not said how long');
select is((select count(*) || ' ' || min(day) || ' ' || max(day) from clinic.rota_change(t.id('house'), '(,)', 'off')), '366 ' || d || ' ' || d + 365, 'from today on, where it is not said from when')
  from (select (now() at time zone 'Europe/Berlin')::date) x (d);
select is((select min(day) || ' ' || max(day) from clinic.rota_change(t.id('house'), during => '(,)', days => '[2020-01-01,2020-01-03]')), '2020-01-01 2020-01-03', 'or on the days that are named, past ones too');
select is((select count(*) from clinic.rota_change(t.id('house'), during => '[2020-01-01,2020-02-01)')), 0::bigint, 'of a past that is not named nothing is told');
select is(t.foretold('house', during => t.today('12:00', '13:00'), days => '[2099-06-02,2099-06-05)'), 'nothing', 'nor of any other day');
select is(t.foretold('plain', during => 'empty'), 'nothing', 'no time, no change');

-- Visits.
select t.call('over midnight', t.book('ada', 'house', t.at('23:45', 9))), t.call('with a room', (clinic.book(t.id('bob'), t.id('plain'), t.id('half'), t.at('09:00', 1), resource_ids => array[t.id('room')])).id) \g /dev/null
select is(t.foretold('house', during => t.today('00:00', '01:00', 10)), 'house 06-10: 00:00-00:00 > 00:00-00:00, +0 -0, over midnight; house 06-11: 00:00-00:00 > 01:00-00:00, +0 -45, none', 'a visit stands at the day on which it starts');
select is(t.foretold('room', during => t.today('09:00', '10:00', 1)), 'room 06-02: 00:00-00:00 > 00:00-09:00,10:00-00:00, +0 -30, with a room', 'a room''s closure orphans the visits in it');
insert into clinic.closure (resource_id, during) values (t.id('plain'), t.today('09:00', '10:00', 1));
select is(t.foretold('room', during => t.today('09:00', '10:00', 1)), 'room 06-02: 00:00-00:00 > 00:00-09:00,10:00-00:00, +0 -30, none', 'but not those whose provider has orphaned them');
delete from clinic.closure;
insert into clinic.appointment (id, patient_id, provider_id, service_id, starts_at, override_reason)
  values (t.call('on Saturday', clinic.uuid7()), t.id('ada'), t.id('plain'), t.id('half'), t.at('10:00', 5), 'urgent');
select is(t.foretold('plain', '[2099-06-06,2099-06-07)', 'Sa 12:00-13:00'), 'plain 06-06: never > 12:00-13:00, +60 -0, none', 'a visit with a reason to override stands outside the hours');
select is(t.foretold('plain', during => t.today('09:00', '12:00', 5)), 'plain 06-06: never > never, +0 -0, on Saturday', 'but not in a closure, also where it was not open');
select t.call('held', (clinic.book(t.id('cleo'), t.id('plain'), t.id('half'), t.at('10:00', 3), hold_for => '10 min')).id) \g /dev/null
select is(t.foretold('plain', during => t.today('10:00', '11:00', 3)), 'plain 06-04: 08:00-18:00 > 08:00-10:00,11:00-18:00, +0 -30, held', 'a hold is a visit');
update clinic.appointment set hold_expires_at = now() - interval '1 second' where id = t.id('held');
select is(t.foretold('plain', during => t.today('10:00', '11:00', 3)), 'plain 06-04: 08:00-18:00 > 08:00-10:00,11:00-18:00, +0 -60, none', 'and is none when it has expired');
update clinic.appointment set status = 'cancelled' where id = t.id('noon');
select is(t.foretold('plain', during => t.today('12:00', '13:00')), 'plain 06-01: 08:00-18:00 > 08:00-12:00,13:00-18:00, +0 -60, none', 'what is cancelled is no visit');

-- Seats and modes.
select t.call('first', t.book('ada', 'pair', t.at('10:00'))), t.call('second', t.book('bob', 'pair', t.at('10:00'))) \g /dev/null
select is(t.foretold('pair', '[2099-06-01,2099-06-02)', '24/7', seats => 1), 'pair 06-01: 00:00-00:00 > 00:00-00:00, +0 -0, second', 'with one seat less, the visit in the last one is orphaned');
select is(t.foretold('pair', '[2099-06-01,2099-06-02)', '24/7', seats => 3), 'pair 06-01: 00:00-00:00 > 00:00-00:00, +30 -0, none', 'with one more, there is a seat beside both');
select is((select string_agg(f.day || ' ' || f.seats_before || ' ' || f.seats_after, ', ') from clinic.rota_change(t.id('trio'), '[2099-06-01,2099-06-02)', '24/7', seats => 7) f), '2099-06-01 3 7', 'a day differs by its seats alone');
select is(t.foretold('plain', '[2099-06-06,2099-06-07)', 'off', seats => 7), 'nothing', 'but not where it is closed');
select is(t.foretold('house', '[2099-06-10,2099-06-11)', '24/7', 'token'), 'house 06-10: 00:00-00:00 > 00:00-00:00, +0 -0, over midnight', 'a day of tokens leaves no visits at a time');

-- It is refused as the write would be.
select is(t.refusal('select clinic.rota_change(' || arguments || ')'), expected, arguments) from (values
  ('null', 'PT400 missing_argument'), ($$null, '[2099-06-01,2099-06-02)'$$, 'PT400 missing_argument'), ($$null, weekly => 'off'$$, 'PT400 missing_argument'),
  ($$null, rrule => 'FREQ=DAILY'$$, 'PT400 missing_argument'), ($$null, during => '[2099-06-01,2099-06-02)', kind => null$$, 'PT400 missing_argument'),
  ($$null, '[2099-06-01,2099-06-02)', 'off', clinic_id => null$$, 'PT400 missing_argument'), ($$null, '[2099-06-01,2099-06-02)', 'off', clinic_id => clinic.uuid7()$$, 'PT404 not_found'),
  ($$clinic.uuid7(), '[2099-06-01,2099-06-02)', 'off'$$, 'PT404 not_found'),
  ($$null, '[2099-06-01,infinity)', 'off', seats => 0$$, '23514 hours_seats_check'), ($$null, '[2099-06-01,)', 'off', mode => 'walk_in'$$, '23514 hours_mode_check'),
  ($$null, during => '[2099-06-01,)', kind => 'open'$$, '23514 closure_open_check'), ($$null, during => '[2099-06-01,2099-06-02)', rrule => 'FREQ=HOURLY'$$, 'PT400 invalid_rule'),
  ($$null, '[1899-12-31,)', 'off'$$, 'PT400 invalid_time'), ($$null, '[2099-06-01,)', 'off', days => '[2099-06-01,)'$$, 'PT400 invalid_time'),
  ($$null, '[2099-06-01,)', 'off', days => '[2089-06-01,2099-06-30)'$$, 'PT400 invalid_time'), ($$null, '(,-infinity)', 'off'$$, 'PT400 invalid_time')) x (arguments, expected);

-- It writes nothing, and waits for nobody: neither a right to write nor a lock is needed.
create role planner;
grant usage on schema clinic, t to planner;
grant execute on all functions in schema clinic to planner;
select is(t.refusal_of('planner', $$select clinic.rota_change(null, '[2099-06-01,2099-06-02)', 'off')$$), '42501', 'who may not read resources is refused');
grant select on clinic.resource, clinic.appointment to planner;
alter table clinic.appointment enable row level security;
create policy own on clinic.appointment for select to planner using (patient_id <> t.id('ada'));
grant select on t.thing to planner;
set local role planner;
set local transaction_read_only = on;
select is(t.foretold('plain', '[2099-06-01,2099-06-02)', 'off'), 'plain 06-01: 08:00-18:00 > never, +0 -540, late', 'who reads resources and visits is told of those they may see; claims are everybody''s');
reset role;
select * from finish();
rollback;
