-- Closures that recur: when they close or open, on whose clocks, who is told what, and which rules are refused.
begin;
select plan(87);
\ir include/fixture.psql

-- When a resource that is always open is closed, on some wall clock; its seats are free.
create function t.closed(resource text, during tstzrange, zone text default 'Europe/Berlin') returns text language sql as $$
  select coalesce(string_agg(to_char(lower(r) at time zone $3, 'YYYY-MM-DD HH24:MI') || to_char(upper(r) at time zone $3, '-DD HH24:MI'), ', ' order by r), 'never')
  from unnest(tstzmultirange($2) - clinic.free_time(t.id($1), $2)) r$$;
-- A closure; returns its id.
create function t.close(resource text, during tstzrange, rule text, kind text default 'closed', exdates timestamptz[] default null) returns uuid language sql as $$
  insert into clinic.closure (resource_id, during, rrule, kind, exdates) values (t.id($1), $2, $3::clinic.rrule, $4::clinic.closure_kind, $5) returning id$$;
create function t.between(begins text, ends text, zone text default 'Europe/Berlin') returns tstzrange language sql as $$
  select tstzrange($1::timestamp at time zone $3, $2::timestamp at time zone $3)$$;
create function t.orphans() returns text language sql as $$
  select coalesce(string_agg(to_char(o.starts_at at time zone 'Europe/Berlin', 'MM-DD HH24:MI') || ' ' || clinic.orphan_reason(o), ', ' order by o.starts_at), 'none') from clinic.orphans() o$$;
-- What a query says after a closure that is then taken back.
create function t.with_closure(closing text, question text) returns text language plpgsql as $$
declare
  answer text;
begin
  begin
    execute closing;
    execute question into answer;
    raise exception using errcode = 'T0000';
  exception when sqlstate 'T0000' then
    return answer;
  end;
end $$;

-- A team meeting, Mondays at noon.
insert into t.thing values ('meeting', t.close('grey', tstzrange(t.at('12:00'), t.at('13:00')), 'FREQ=WEEKLY'));
select is(t.closed('grey', '[2099-05-18,2099-06-16)'), '2099-06-01 12:00-01 13:00, 2099-06-08 12:00-08 13:00, 2099-06-15 12:00-15 13:00', 'a weekly meeting closes every week, from the first on');
select is(t.closed('grey', t.between('2149-06-01', '2149-06-08')), '2149-06-02 12:00-02 13:00', 'fifty years later too');
select is(t.closed('grey', tstzrange(t.at('12:30', 7), t.at('12:40', 7))), '2099-06-08 12:30-08 12:40', 'a stretch within an occurrence is closed');
select is(t.closed('house', '[2099-05-18,2099-06-16)'), 'never', 'and nobody else');
select is(t.refusal(format($$select t.book('ada', 'grey', t.at(%L, %s))$$, at, days)), expected, format('at %s, %s days later', at, days)) from (values
  ('12:00', 0, 'PT422 provider_absent'), ('12:00', 7, 'PT422 provider_absent'), ('12:59', 14, 'PT422 provider_absent'), ('11:31', 7, 'PT422 provider_absent'),
  ('11:30', 7, 'not refused'), ('13:00', 7, 'not refused'), ('12:00', 8, 'not refused'), ('12:00', -7, 'not refused')) x (at, days, expected);
select is(t.refusal($$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at) values (t.id('ada'), t.id('grey'), t.id('half'), t.at('12:30', 7))$$), 'PT422 provider_absent', 'an INSERT is refused');
select is(t.refusal($$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, override_reason) values (t.id('ada'), t.id('grey'), t.id('half'), t.at('12:30', 7), 'urgent')$$), 'not refused', 'but with a reason to override');
select is((select string_agg(to_char(lower(s.slot) at time zone 'Europe/Berlin', 'HH24:MI') || coalesce(' ' || s.reason, ''), ', ' order by s.slot)
  from clinic.available_slots(t.id('grey'), t.id('half'), tstzrange(t.at('11:30', 7), t.at('13:30', 7)), step => '30 min') s),
  '11:30, 12:00 provider_absent, 12:30 provider_absent, 13:00', 'the starts are listed, with the reason');
select is((clinic.book_first(t.id('ada'), t.id('half'), tstzrange(t.at('12:00', 7), t.at('14:00', 7)), array[t.id('grey')])).starts_at, t.at('13:00', 7), 'the first that is free is after it');

-- 25 December, every year, the whole clinic.
insert into t.thing values ('christmas', t.close(null, t.between('2098-12-25', '2098-12-26'), 'FREQ=YEARLY'));
select is(t.closed('house', t.between('2098-01-01', '2103-01-01')), '2098-12-25 00:00-26 00:00, 2099-12-25 00:00-26 00:00, 2100-12-25 00:00-26 00:00, 2101-12-25 00:00-26 00:00, 2102-12-25 00:00-26 00:00', '25 December is closed every year');
select is(t.closed('laser', t.between('2099-12-01', '2100-01-01')), '2099-12-25 00:00-26 00:00', 'for a device too');
select is(t.refusal($$select t.book('ada', 'house', '2099-12-25 10:00+01')$$), 'PT422 clinic_closed', 'a booking then is refused as clinic_closed');
select is(t.refusal($$select t.book('ada', 'house', '2099-12-24 23:45+01')$$), 'PT422 clinic_closed', 'and one that goes into it');
select is(t.refusal($$select t.book('ada', 'house', '2099-12-24 23:30+01')$$), 'not refused', 'and not one that ends before');
select is((select string_agg(d.day || ' ' || d.available, ', ' order by d.day) from clinic.token_days(t.id('house'), t.between('2099-12-24', '2099-12-27')) d), '2099-12-24 false, 2099-12-25 false, 2099-12-26 false', 'days of another mode take no tokens');
insert into clinic.hours (resource_id, valid, weekly, mode) values (t.id('trio'), '[2099-12-01,2100-01-01)', '24/7', 'token');
select is((select string_agg(d.day || ' ' || d.available, ', ' order by d.day) from clinic.token_days(t.id('trio'), t.between('2099-12-24', '2099-12-27')) d), '2099-12-24 true, 2099-12-25 false, 2099-12-26 true', 'and days of tokens all but 25 December');

-- Clocks that change.
insert into t.thing values ('early', t.close('pair', t.between('2099-01-05 09:00', '2099-01-05 10:00'), 'FREQ=WEEKLY'));
select is(t.closed('pair', '[2099-03-20,2099-04-03)', 'UTC'), '2099-03-23 08:00-23 09:00, 2099-03-30 07:00-30 08:00', '09:00 to 10:00 stays that when clocks go forward');
select is(t.closed('pair', '[2099-10-18,2099-10-28)', 'UTC'), '2099-10-19 07:00-19 08:00, 2099-10-26 08:00-26 09:00', 'and when they go back');
select is(t.closed('pair', '[2099-10-18,2099-10-28)'), '2099-10-19 09:00-19 10:00, 2099-10-26 09:00-26 10:00', 'on the wall clock');
delete from clinic.closure where id = t.id('early');

insert into t.thing values ('night', t.close('pair', t.between('2099-03-01 02:30', '2099-03-01 03:30'), 'FREQ=WEEKLY'));
select is(t.closed('pair', '[2099-03-22,2099-04-06)'), '2099-03-22 02:30-22 03:30, 2099-03-29 03:30-29 04:30, 2099-04-05 02:30-05 03:30', 'where 02:30 is skipped it is half past three, for an hour');
select is((select array_agg(lower(r) order by r) from unnest('{[2099-03-22,2099-04-06)}'::tstzmultirange - clinic.free_time(t.id('pair'), '[2099-03-22,2099-04-06)')) r),
  (select array_agg(o) from clinic.occurrences('FREQ=WEEKLY', '2099-03-01 02:30', 'Europe/Berlin', '[2099-03-22,2099-04-06)') o), 'as occurrences() has it');
select is(t.closed('pair', '[2099-10-25 00:00Z,2099-10-25 06:00Z)', 'UTC'), '2099-10-25 00:30-25 02:30', 'where 02:30 is shown twice it begins the first time, and ends when the clocks show 03:30');
select is(t.refusal($$select t.book('ada', 'pair', '2099-03-29 01:00Z')$$), 'not refused', 'at 03:00 of the first night a visit can be had');
select is(t.refusal($$select t.book('ada', 'pair', '2099-03-29 02:00Z')$$), 'PT422 provider_absent', 'at 04:00 it cannot');
select is(t.refusal($$select t.book('ada', 'pair', '2099-10-25 00:30Z')$$), 'PT422 provider_absent', 'and the first half past two is closed to a visit that ends when the clocks go back');
update clinic.closure set during = t.between('2099-03-01 02:00', '2099-03-01 02:30') where id = t.id('night');
select is(t.closed('pair', '[2099-10-25 00:00Z,2099-10-25 06:00Z)', 'UTC'), '2099-10-25 00:00-25 00:30', 'what ends in the hour that comes twice ends in the first');
update clinic.closure set during = t.between('2099-03-01', '2099-03-02') where id = t.id('night');
select is(t.closed('pair', '[2099-03-28 12:00Z,2099-03-30 12:00Z)', 'UTC'), '2099-03-28 23:00-29 22:00', 'a whole day has 23 hours');
select is(t.closed('pair', '[2099-10-24 12:00Z,2099-10-26 12:00Z)', 'UTC'), '2099-10-24 22:00-25 23:00', 'or 25');
delete from clinic.closure where id = t.id('night');

-- Days without midnight, and one that was left out.
update clinic.resource set timezone = 'Asia/Beirut' where id = t.id('pair');
insert into t.thing values ('sundays', t.close('pair', t.between('2099-03-01', '2099-03-02', 'Asia/Beirut'), 'FREQ=WEEKLY'));
select is(t.closed('pair', '[2099-03-28 12:00Z,2099-03-30 12:00Z)', 'Asia/Beirut'), '2099-03-29 01:00-30 00:00', 'a day that begins at 01:00 is closed from then to midnight');
update clinic.closure set during = t.between('2099-03-29 01:00', '2099-03-30', 'Asia/Beirut') where id = t.id('sundays');
select is(t.closed('pair', '[2099-03-28 12:00Z,2099-04-06 12:00Z)', 'Asia/Beirut'), '2099-03-29 01:00-30 00:00, 2099-04-05 00:00-06 00:00', 'and as the first occurrence it is a whole day');
delete from clinic.closure where id = t.id('sundays');
update clinic.resource set timezone = 'Pacific/Apia' where id = t.id('pair');
insert into t.thing values ('apia', t.close('pair', t.between('2009-12-30', '2009-12-31', 'Pacific/Apia'), 'FREQ=YEARLY'));
select is(t.closed('pair', t.between('2010-12-20', '2013-01-01', 'Pacific/Apia'), 'Pacific/Apia'), '2010-12-30 00:00-31 00:00, 2012-12-30 00:00-31 00:00', 'a day that the zone left out is not made up for');
update clinic.closure set during = t.between('2009-12-30 09:00', '2009-12-30 10:00', 'Pacific/Apia') where id = t.id('apia');
select is(t.closed('pair', t.between('2011-12-20', '2012-01-05', 'Pacific/Apia'), 'Pacific/Apia'), '2011-12-31 09:00-31 10:00', 'but a meeting on it is held a day later, as RFC 5545 has it');
delete from clinic.closure where id = t.id('apia');

-- A resource's zone and the clinic's.
update clinic.resource set timezone = 'America/New_York' where id = t.id('pair');
insert into t.thing values ('own', t.close('pair', t.between('2099-03-02 09:00', '2099-03-02 09:30', 'America/New_York'), 'FREQ=WEEKLY')),
  ('common', t.close(null, t.between('2099-03-02 09:00', '2099-03-02 09:30'), 'FREQ=WEEKLY'));
select is(t.closed('pair', '[2099-03-02,2099-03-10)', 'UTC'), '2099-03-02 08:00-02 08:30, 2099-03-02 14:00-02 14:30, 2099-03-09 08:00-09 08:30, 2099-03-09 13:00-09 13:30', 'a resource''s own closure follows its clocks, the clinic''s the clinic''s: New York has changed');
select is(t.closed('pair', '[2099-03-30,2099-03-31)', 'UTC'), '2099-03-30 07:00-30 07:30, 2099-03-30 13:00-30 13:30', 'Berlin has');
select is(t.refusal($$select t.book('ada', 'pair', '2099-03-30 07:00Z')$$), 'PT422 clinic_closed', 'each with its reason');
select is(t.refusal($$select t.book('ada', 'pair', '2099-03-30 13:00Z')$$), 'PT422 provider_absent', 'the other too');
delete from clinic.closure where id in (t.id('own'), t.id('common'));
update clinic.resource set timezone = null where id = t.id('pair');

-- The rule's parts.
select is(t.with_closure(format($$select t.close('pair', tstzrange(t.at('12:00'), t.at('13:00')), %L)$$, rule), $$select t.closed('pair', '[2099-06-01,2099-08-01)')$$), expected, rule) from (values
  ('FREQ=WEEKLY;INTERVAL=2;COUNT=3', '2099-06-01 12:00-01 13:00, 2099-06-15 12:00-15 13:00, 2099-06-29 12:00-29 13:00'),
  ('FREQ=WEEKLY;BYDAY=MO,TH;UNTIL=20990611', '2099-06-01 12:00-01 13:00, 2099-06-04 12:00-04 13:00, 2099-06-08 12:00-08 13:00, 2099-06-11 12:00-11 13:00'),
  ('FREQ=DAILY;UNTIL=20990603T100000Z', '2099-06-01 12:00-01 13:00, 2099-06-02 12:00-02 13:00, 2099-06-03 12:00-03 13:00'),
  ('FREQ=DAILY;UNTIL=20990603T095959Z', '2099-06-01 12:00-01 13:00, 2099-06-02 12:00-02 13:00'),
  ('FREQ=MONTHLY;BYDAY=1MO', '2099-06-01 12:00-01 13:00, 2099-07-06 12:00-06 13:00'),
  ('FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1', '2099-06-01 12:00-01 13:00, 2099-07-01 12:00-01 13:00'),
  ('FREQ=DAILY;BYHOUR=12;COUNT=2', '2099-06-01 12:00-01 13:00, 2099-06-02 12:00-02 13:00')) x (rule, expected);
select is(t.with_closure($$select t.close('pair', t.between('2099-03-27 02:30', '2099-03-27 03:00'), 'FREQ=DAILY;UNTIL=20990329T011500Z')$$, $$select t.closed('pair', '[2099-03-20,2099-04-06)')$$), '2099-03-27 02:30-27 03:00, 2099-03-28 02:30-28 03:00', 'one that is moved past UNTIL is not there');
select is(t.with_closure($$select t.close('pair', tstzrange(t.at('12:00'), t.at('12:00', 21)), 'FREQ=YEARLY')$$, $$select t.closed('pair', '[2100-06-10,2100-06-12)')$$), '2100-06-10 02:00-12 02:00', 'leave of three weeks every year is found in the midst of it');
select is(t.with_closure($$select t.close('pair', t.between('2099-06-01', '2100-06-02'), 'FREQ=YEARLY;INTERVAL=2')$$, $$select t.closed('pair', t.between('2101-05-30', '2102-06-05'))$$), '2101-06-01 00:00-02 00:00', 'so are 366 days, by their last');
select is(t.with_closure($$select t.close('pair', tstzrange(t.at('12:00'), t.at('12:00', 2)), 'FREQ=DAILY;COUNT=3')$$, $$select t.closed('pair', '[2099-05-01,2099-07-01)')$$), '2099-06-01 12:00-05 12:00', 'occurrences that overlap are closed once');
select is(t.with_closure($$select t.close('pair', tstzrange(t.at('12:00'), t.at('13:00')), 'FREQ=WEEKLY', exdates => array[t.at('12:00', 7), t.at('12:30', 14)])$$, $$select t.closed('pair', '[2099-06-01,2099-06-16)')$$), '2099-06-01 12:00-01 13:00, 2099-06-15 12:00-15 13:00', 'one that is called off is not closed, if it is named by its beginning');

-- Special openings, by and against closures.
insert into clinic.provider (code, name, seats) values ('plain', 'Dr Plain', 1) returning t.call('plain', id) \g /dev/null
insert into t.thing values ('saturdays', t.close('plain', t.between('2099-06-06 09:00', '2099-06-06 12:00'), 'FREQ=WEEKLY;INTERVAL=2', 'open'));
select is((select string_agg(to_char(lower(r) at time zone 'Europe/Berlin', 'MM-DD HH24:MI') || to_char(upper(r) at time zone 'Europe/Berlin', '-HH24:MI'), ', ') from unnest(clinic.free_time(t.id('plain'), t.between('2099-06-05', '2099-06-22'))) r
  where extract(dow from lower(r) at time zone 'Europe/Berlin') in (0, 5, 6)), '06-05 08:00-18:00, 06-06 09:00-12:00, 06-12 08:00-18:00, 06-19 08:00-18:00, 06-20 09:00-12:00', 'every other Saturday is open beyond the weekly hours');
select is(t.refusal(format($$select t.book('ada', 'plain', t.at(%L, %s))$$, at, days)), expected, format('at %s of day %s', at, days)) from (values
  ('09:00', 5, 'not refused'), ('11:31', 5, 'PT422 outside_hours'), ('09:00', 12, 'PT422 outside_hours'), ('09:00', 19, 'not refused')) x (at, days, expected);
select is(t.with_closure($$select t.close(null, t.between('2099-06-06 11:00', '2099-06-06 12:00'), 'FREQ=DAILY;INTERVAL=14')$$, $$select t.refusal('select t.book(''ada'', ''plain'', t.at(''11:00'', 19))')$$), 'PT422 clinic_closed', 'what is closed is closed whatever else is open');

-- Visits that are there already, changes, and the journal.
select is(t.orphans(), 'none', 'nobody is left without cover');
select t.book('bob', 'house', t.at('12:00', 3)), t.book('bob', 'house', t.at('12:00', 10)), t.book('bob', 'house', t.at('13:00', 10)) \g /dev/null
insert into t.thing values ('thursdays', t.close('house', tstzrange(t.at('12:00', 3), t.at('13:00', 3)), 'FREQ=WEEKLY'));
select is(t.orphans(), '06-04 12:00 provider_absent, 06-11 12:00 provider_absent', 'a new closure leaves the visits of all its occurrences without cover');
update clinic.closure set resource_id = null where id = t.id('thursdays');
select is(t.orphans(), '06-04 12:00 clinic_closed, 06-11 12:00 clinic_closed', 'of the whole clinic too');
update clinic.closure set exdates = array[t.at('12:00', 10)] where id = t.id('thursdays');
select is(t.orphans(), '06-04 12:00 clinic_closed', 'one that is called off gives its time back');
update clinic.closure set exdates = null, rrule = 'FREQ=WEEKLY;COUNT=1' where id = t.id('thursdays');
select is(t.orphans(), '06-04 12:00 clinic_closed', 'so does another rule');
update clinic.closure set rrule = null where id = t.id('thursdays');
select is(t.orphans(), '06-04 12:00 clinic_closed', 'without one it is once');
delete from clinic.closure where id = t.id('thursdays');
select is(t.orphans(), 'none', 'and deleted never');
select results_eq($$select j.new ->> 'rrule' from clinic.journal j where j.entity = 'closure' and j.entity_id = t.id('thursdays') order by j.id$$, $$values ('FREQ=WEEKLY'), (null), (null), ('FREQ=WEEKLY;COUNT=1'), (null), (null)$$, 'the journal has the rules, where they change');

-- What cannot recur.
select is(t.refusal(format($$select t.close('pair', %L, %L)$$, during, rule)), expected, what) from (values
  ('[2099-06-02 12:00+02,2099-06-02 13:00+02)', 'FREQ=WEEKLY;BYDAY=MO', 'PT400 invalid_rule', 'what begins on a Tuesday is no Monday'),
  ('[2099-06-02 12:00+02,2099-06-02 13:00+02)', 'FREQ=WEEKLY;UNTIL=20990601', 'PT400 invalid_rule', 'nor what is over before'),
  ('[2099-06-02 12:00+02,2099-06-02 13:00+02)', 'FREQ=DAILY;BYHOUR=9', 'PT400 invalid_rule', 'the time of day is that of during'),
  ('[2099-06-02 12:00+02,2099-06-02 13:00+02)', 'FREQ=HOURLY', 'PT400 invalid_rule', 'nothing recurs by the hour'),
  ('[2099-06-02 12:00+02,2099-06-02 13:00+02)', 'FREQ=DAILY;BYHOUR=12,18', 'PT400 invalid_rule', 'nor twice a day'),
  ('[2099-06-02 00:00+02,2100-06-03 00:01+02)', 'FREQ=YEARLY', 'PT400 invalid_rule', 'nor for more than 366 days'),
  ('[2099-10-25 02:45+02,2099-10-25 02:15+01)', 'FREQ=WEEKLY', 'PT400 invalid_rule', 'nor for less than nothing by the clock'),
  ('[2099-10-25 02:30+01,2099-10-25 04:00+01)', 'FREQ=WEEKLY', 'PT400 invalid_rule', 'nor from the second half past two'),
  ('[2099-06-02 12:00+02,)', 'FREQ=WEEKLY', 'PT400 invalid_time', 'nor without an end'),
  ('[-infinity,2099-06-02 12:00+02)', 'FREQ=WEEKLY', 'PT400 invalid_time', 'nor from ever'),
  ('[1899-12-31 12:00+00,1899-12-31 13:00+00)', 'FREQ=WEEKLY', 'PT400 invalid_time', 'nor from before 1900'),
  ('empty', 'FREQ=WEEKLY', '23514 closure_during_check', 'nor without time')) x (during, rule, expected, what);
select is(t.words_of($$select t.close('pair', '[2099-06-02 12:00+02,2099-06-02 13:00+02)', 'FREQ=WEEKLY;BYDAY=MO')$$) ~ 'invalid_rule - during is not its first occurrence\n.*from 2099-06-08 12:00:00 to 2099-06-08 13:00:00', true, 'who is refused is told when it would first be');
select is(t.refusal($$update clinic.closure set during = tstzrange(t.at('12:00', 1), t.at('13:00', 1)), rrule = 'FREQ=WEEKLY;BYDAY=MO' where id = t.id('meeting')$$), 'PT400 invalid_rule', 'an UPDATE is refused as well');
select is(t.refusal($$insert into clinic.closure (during, exdates) values ('[2099-06-02,2099-06-03)', '{2099-06-02}')$$), '23514 closure_exdates_check', 'what does not recur is not called off');
select is(t.refusal($$select t.close('pair', tstzrange(t.at('12:00'), t.at('13:00')), 'FREQ=WEEKLY', exdates => array[null::timestamptz])$$), '23514 closure_exdates_check', 'nor at no time');
set local session_replication_role = replica;
select is(t.refusal($$select t.close('pair', '[2099-06-02 12:00+02,)', 'FREQ=WEEKLY')$$), '23514 closure_rrule_check', 'where triggers do not fire a constraint keeps it finite');
set local session_replication_role = origin;
update clinic.clinic set timezone = 'America/New_York' where id = t.id('clinic');
select is(t.refusal($$update clinic.closure set reason = 'team' where id = t.id('christmas')$$), 'not refused', 'when the zone has changed, a reason can still be written');

select * from finish();
rollback;
