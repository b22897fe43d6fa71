-- When a resource takes visits: hours, closures and single days, and what is listed, booked and orphaned.
begin;
select plan(336);
\ir include/fixture.psql

insert into t.thing values ('plain', '00000000-0000-7000-8000-0000000000d5'), ('token', '00000000-0000-7000-8000-0000000000b4');
insert into clinic.provider (id, code, name, seats) values (t.id('plain'), 'plain', 'Dr Plain', 1);
insert into clinic.service (id, code, name, duration, mode) values (t.id('token'), 'token', 'A token', '15 min', 'token');

-- What is open and free of a resource, in UTC.
create function t.free(resource text, during tstzrange) returns text language sql
  as 'select coalesce(nullif(clinic.free_time(t.id($1), $2)::text, ''{}''), ''never'')';
-- The same of a civil day of the clinic, on its wall clock.
create function t.free_on(resource text, days int default 0) returns text language sql as $$
  select coalesce(string_agg(to_char(lower(r) at time zone 'Europe/Berlin', 'HH24:MI') || '-' || to_char(upper(r) at time zone 'Europe/Berlin', 'HH24:MI'), ',' order by r), 'never')
  from unnest(clinic.free_time(t.id($1), tstzrange(t.at('00:00', $2), t.at('00:00', $2 + 1)))) r$$;
-- The starts that are listed, on the clinic's wall clock, with the reason of those that are not available.
create function t.listed(provider text, service text, during tstzrange, step interval default null, moving uuid default null) returns text language sql as $$
  select coalesce(string_agg(to_char(lower(s.slot) at time zone 'Europe/Berlin', 'HH24:MI') || coalesce(' ' || s.reason, ''), ', ' order by s.slot), 'none')
  from clinic.available_slots(t.id($1), t.id($2), $3, step => $4, moving => $5) s$$;
create function t.listed_on(provider text, service text, days int, step interval default null) returns text language sql as $$
  select t.listed($1, $2, tstzrange(t.at('00:00', $3), t.at('00:00', $3 + 1)), $4)$$;
create function t.orphans() returns text language sql as $$
  select coalesce(string_agg(coalesce(x.name, '?') || ' ' || clinic.orphan_reason(o), ', ' order by x.name), 'none') from clinic.orphans() o left join t.thing x on x.id = o.id$$;
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

-- Precedence: each level alone, and each pair of them, over the clinic's hours, which are there in any case.
create table t.level (level int primary key, statement text);
insert into t.level values
  (1, $$insert into clinic.closure (during) values (tstzrange(t.at('12:00'), t.at('13:00')))$$),
  (2, $$insert into clinic.closure (resource_id, during) values (t.id('plain'), tstzrange(t.at('12:30'), t.at('13:30')))$$),
  (3, $$insert into clinic.closure (during, kind) values (tstzrange(t.at('12:15'), t.at('12:45')), 'open')$$),
  (4, $$insert into clinic.closure (resource_id, during, kind) values (t.id('plain'), tstzrange(t.at('12:45'), t.at('13:15')), 'open')$$),
  (5, $$insert into clinic.day_capacity (resource_id, day, available) values (t.id('plain'), '2099-06-01', false)$$),
  (6, $$insert into clinic.hours (resource_id, valid, weekly) values (t.id('plain'), '[2099-06-01,2099-06-02)', 'Mo 11:00-15:00')$$),
  (7, $$update clinic.resource set hours = 'Mo 10:00-12:00,14:00-16:00' where id = t.id('plain')$$),
  (8, $$insert into clinic.hours (valid, weekly) values ('[2099-06-01,2099-06-02)', 'Mo 09:00-12:00,14:00-17:00')$$),
  (9, $$update clinic.clinic set hours = 'Mo 07:00-12:30,13:00-19:00' where id = t.id('clinic')$$);
create function t.levels(a int, b int) returns text language sql as $$
  select t.after(array(select l.statement from t.level l where l.level in (a, b)), 'select t.free_on(''plain'')')$$;
select is(t.levels(a, b), expected, format('levels %s and %s', a, b)) from (values
  (0, 0, '08:00-18:00'), (1, 1, '08:00-12:00,13:00-18:00'), (2, 2, '08:00-12:30,13:30-18:00'), (3, 3, '08:00-18:00'), (4, 4, '08:00-18:00'), (5, 5, 'never'),
  (6, 6, '11:00-15:00'), (7, 7, '10:00-12:00,14:00-16:00'), (8, 8, '09:00-12:00,14:00-17:00'), (9, 9, '07:00-12:30,13:00-19:00'),
  (1, 2, '08:00-12:00,13:30-18:00'), (1, 3, '08:00-12:00,13:00-18:00'), (1, 4, '08:00-12:00,13:00-18:00'), (1, 5, 'never'), (1, 6, '11:00-12:00,13:00-15:00'), (1, 7, '10:00-12:00,14:00-16:00'), (1, 8, '09:00-12:00,14:00-17:00'), (1, 9, '07:00-12:00,13:00-19:00'),
  (2, 3, '08:00-12:30,13:30-18:00'), (2, 4, '08:00-12:30,13:30-18:00'), (2, 5, 'never'), (2, 6, '11:00-12:30,13:30-15:00'), (2, 7, '10:00-12:00,14:00-16:00'), (2, 8, '09:00-12:00,14:00-17:00'), (2, 9, '07:00-12:30,13:30-19:00'),
  (3, 4, '08:00-18:00'), (3, 5, '12:15-12:45'), (3, 6, '11:00-15:00'), (3, 7, '10:00-12:00,12:15-12:45,14:00-16:00'), (3, 8, '09:00-12:00,12:15-12:45,14:00-17:00'), (3, 9, '07:00-12:45,13:00-19:00'),
  (4, 5, '12:45-13:15'), (4, 6, '11:00-15:00'), (4, 7, '10:00-12:00,12:45-13:15,14:00-16:00'), (4, 8, '09:00-12:00,12:45-13:15,14:00-17:00'), (4, 9, '07:00-12:30,12:45-19:00'),
  (5, 6, 'never'), (5, 7, 'never'), (5, 8, 'never'), (5, 9, 'never'),
  (6, 7, '11:00-15:00'), (6, 8, '11:00-15:00'), (6, 9, '11:00-15:00'),
  (7, 8, '10:00-12:00,14:00-16:00'), (7, 9, '10:00-12:00,14:00-16:00'),
  (8, 9, '09:00-12:00,14:00-17:00')) x (a, b, expected);
select is(t.after(array(select l.statement from t.level l order by level), $$select t.free_on('plain')$$), 'never', 'all of them: the special openings fall into the closures');
select is(t.after(array(select l.statement from t.level l where level > 2 order by level), $$select t.free_on('plain')$$), '12:15-13:15', 'on a day off, the special openings are left');
select is(t.after(array(select l.statement from t.level l where level in (1, 2, 3, 4, 8, 9) order by level), $$select t.free_on('room')$$), '00:00-12:00,13:00-00:00', 'a room without hours follows the clinic''s closures only');

-- Clocks that change.
insert into clinic.hours (resource_id, valid, weekly) values (t.id('grey'), '[2099-01-01,2100-01-01)', 'Sa 22:00-06:00');
select is(t.free('grey', '[2099-03-28 12:00Z,2099-03-29 12:00Z)'), '{["2099-03-28 21:00:00+00","2099-03-29 04:00:00+00")}', 'a night shift over the spring change has seven hours');
select is(t.listed('grey', 'hour', '[2099-03-28 12:00Z,2099-03-29 12:00Z)', '1 hour'), '22:00, 23:00, 00:00, 01:00, 03:00, 04:00, 05:00', 'and seven starts');
select is(t.free('grey', '[2099-10-24 12:00Z,2099-10-25 12:00Z)'), '{["2099-10-24 20:00:00+00","2099-10-25 05:00:00+00")}', 'one over the autumn change has nine');
select is(t.listed('grey', 'hour', '[2099-10-24 12:00Z,2099-10-25 12:00Z)', '1 hour'), '22:00, 23:00, 00:00, 01:00, 02:00, 03:00, 04:00, 05:00', 'and of what the clocks show twice the first start is listed');
select is(t.refusal($$select t.book('ada', 'grey', '2099-10-25 01:00Z', 'hour')$$), 'not refused', 'the second is not listed, but open');
select is(t.refusal($$select t.book('ada', 'grey', '2099-10-25 04:30Z', 'hour')$$), 'PT422 outside_hours', 'the end is as hard as ever');

update clinic.resource set timezone = 'Australia/Lord_Howe' where id = t.id('grey');
select is(t.after(array[$$update clinic.hours set weekly = 'Sa 22:00-04:00' where resource_id = t.id('grey')$$], $$select t.free('grey', '[2099-04-04 00:00Z,2099-04-05 00:00Z)')$$), '{["2099-04-04 11:00:00+00","2099-04-04 17:30:00+00")}', 'on Lord Howe the night in April has half an hour more');
select is(t.after(array[$$update clinic.hours set weekly = 'Sa 22:00-04:00' where resource_id = t.id('grey')$$], $$select t.free('grey', '[2099-10-03 00:00Z,2099-10-04 00:00Z)')$$), '{["2099-10-03 11:30:00+00","2099-10-03 17:00:00+00")}', 'and the one in October half an hour less');
select is(t.after(array[$$update clinic.hours set weekly = 'Su 02:10-03:00' where resource_id = t.id('grey')$$], $$select t.free('grey', '[2099-10-03 00:00Z,2099-10-04 00:00Z)')$$), '{["2099-10-03 15:30:00+00","2099-10-03 16:00:00+00")}', 'who opens at a time that is skipped opens with the change');
select is(t.after(array[$$update clinic.hours set weekly = 'Su 02:10-02:20' where resource_id = t.id('grey')$$], $$select t.free('grey', '[2099-10-03 00:00Z,2099-10-04 00:00Z)')$$), 'never', 'and who would close before it does not open');

update clinic.resource set timezone = 'Pacific/Apia', hours = 'Mo-Su 09:00-17:00' where id = t.id('pair');
select is(t.free('pair', '[2011-12-29 00:00Z,2012-01-01 00:00Z)'),
  '{["2011-12-29 00:00:00+00","2011-12-29 03:00:00+00"),["2011-12-29 19:00:00+00","2011-12-30 03:00:00+00"),["2011-12-30 19:00:00+00","2011-12-31 03:00:00+00"),["2011-12-31 19:00:00+00","2012-01-01 00:00:00+00")}',
  'the day that Apia left out has no hours, and its neighbours have all of theirs');
select is(t.after(array[$$insert into clinic.day_capacity (resource_id, day, available) values (t.id('pair'), '2011-12-30', false)$$], $$select t.free('pair', '[2011-12-30 00:00Z,2011-12-31 12:00Z)')$$),
  '{["2011-12-30 00:00:00+00","2011-12-30 03:00:00+00"),["2011-12-30 19:00:00+00","2011-12-31 03:00:00+00")}', 'and a day off then changes nothing');
select is(t.after(array[$$update clinic.resource set hours = '24/7' where id = t.id('pair')$$], $$select t.free('pair', '[2011-12-29 00:00Z,2012-01-01 00:00Z)')$$), '{["2011-12-29 00:00:00+00","2012-01-01 00:00:00+00")}', 'who is always open stays so');

insert into clinic.closure (resource_id, during) values (t.id('house'), '[2099-10-25 01:30Z,2099-10-25 03:00Z)');
select is(t.free('house', '[2099-10-25 00:00Z,2099-10-25 04:00Z)'), '{["2099-10-25 00:00:00+00","2099-10-25 01:30:00+00"),["2099-10-25 03:00:00+00","2099-10-25 04:00:00+00")}', 'a closure that begins when the clocks show 02:30 again');
select is(t.listed('house', 'half', '[2099-10-25 00:00Z,2099-10-25 04:00Z)'), '02:00, 02:30, 03:00 provider_absent, 03:30 provider_absent, 04:00, 04:30', 'leaves the first 02:30 alone');
select is(t.refusal($$select t.book('ada', 'house', '2099-10-25 01:00Z')$$), 'not refused', 'a visit may end where it begins');
select is(t.refusal($$select t.book('ada', 'house', '2099-10-25 01:15Z')$$), 'PT422 provider_absent', 'and none may go into it');

-- A rota that starts in the middle of a week.
update clinic.resource set timezone = null, hours = 'Mo-Su 22:00-06:00' where id = t.id('pair');
insert into clinic.hours (resource_id, valid, weekly) values (t.id('pair'), '[2099-06-03,2099-06-05)', 'Mo-Su 04:00-05:00,12:00-13:00');
select is(t.free('pair', '[2099-06-02 12:00Z,2099-06-06 12:00Z)'),
  '{["2099-06-02 20:00:00+00","2099-06-03 04:00:00+00"),["2099-06-03 10:00:00+00","2099-06-03 11:00:00+00"),["2099-06-04 02:00:00+00","2099-06-04 03:00:00+00"),["2099-06-04 10:00:00+00","2099-06-04 11:00:00+00"),["2099-06-05 20:00:00+00","2099-06-06 04:00:00+00")}',
  'the night before belongs to the day on which it began, and the old hours return when the rota ends');
select is(t.refusal($$select t.book('ada', 'pair', t.at('05:30', 2))$$), 'not refused', 'the end of that night can be booked');
select is(t.refusal($$select t.book('ada', 'pair', t.at('22:00', 2))$$), 'PT422 outside_hours', 'the next night cannot');
select is(t.after(array[$$insert into clinic.day_capacity (resource_id, day, available) values (t.id('pair'), '2099-06-02', false)$$], $$select t.free('pair', '[2099-06-02 12:00Z,2099-06-03 12:00Z)')$$), '{["2099-06-03 02:00:00+00","2099-06-03 03:00:00+00"),["2099-06-03 10:00:00+00","2099-06-03 11:00:00+00")}', 'a day off takes its night with it, and not the next morning''s rota');

-- A holiday over a special opening, and what may stand where.
insert into clinic.closure (during, kind) values (tstzrange(t.at('09:00', 5), t.at('13:00', 5)), 'open');
insert into clinic.closure (during, reason) values (tstzrange(t.at('11:00', 5), t.at('12:00', 5)), 'a holiday');
select is(t.free_on('plain', 5), '09:00-11:00,12:00-13:00', 'a special opening on a Saturday, less a holiday');
select is(t.listed_on('plain', 'hour', 5, '30 min'), '09:00, 09:30, 10:00, 10:30 clinic_closed, 11:00 clinic_closed, 11:30 clinic_closed, 12:00', 'is listed, with what is closed');
select is(t.refusal(format($$select t.book('ada', 'plain', t.at(%L, 5), 'hour')$$, at)), expected, at || ' of that Saturday') from (values
  ('08:59', 'PT422 outside_hours'), ('09:00', 'not refused'), ('10:00', 'not refused'), ('10:01', 'PT422 clinic_closed'), ('11:59', 'PT422 clinic_closed'), ('12:00', 'not refused'), ('12:01', 'PT422 outside_hours')) x (at, expected);

-- The edges of an interval, lunch, and buffers.
update clinic.resource set hours = 'Mo-Fr 08:00-12:00,13:00-17:00' where id = t.id('plain');
select is(t.refusal(format($$select clinic.book(t.id('ada'), t.id('plain'), t.id(%L), t.at(%L), duration => %L)$$, service, at, length)), expected, what) from (values
  ('half', '08:00', '4 hours', 'not refused', 'a visit may fill an interval'), ('half', '08:00', '4 hours 1 second', 'PT422 outside_hours', 'and not by a second more'),
  ('half', '07:59:59', '1 hour', 'PT422 outside_hours', 'nor begin a second before'), ('half', '11:30', '30 min', 'not refused', 'it may end with lunch ahead'), ('half', '13:00', '30 min', 'not refused', 'and begin after it'),
  ('half', '11:45', '30 min', 'PT422 outside_hours', 'it does not go into lunch'), ('half', '11:00', '3 hours', 'PT422 outside_hours', 'nor across it'), ('half', '12:15', '30 min', 'PT422 outside_hours', 'nor into the midst of it'),
  ('buffered', '08:00', '30 min', 'not refused', 'a buffer before may lie outside the hours'), ('buffered', '16:30', '30 min', 'not refused', 'so may one after')) x (service, at, length, expected, what);
select is(t.listed_on('plain', 'hour', 1, '1 hour'), '08:00, 09:00, 10:00, 11:00, 13:00, 14:00, 15:00, 16:00', 'starts are listed that leave room for the visit');
select is(t.listed('plain', 'hour', tstzrange(t.at('08:30', 1), t.at('14:30', 1)), '20 min'), '08:40, 09:00, 09:20, 09:40, 10:00, 10:20, 10:40, 11:00, 13:00, 13:20', 'within the stretch, on a grid from midnight');
select is(t.listed('plain', 'hour', tstzrange(t.at('08:00', 1), t.at('09:00', 1), '()'), '5 min'), 'none', 'a bound may leave out the instant that is needed');
select is(t.listed('plain', 'hour', tstzrange(t.at('08:00', 1), t.at('09:00', 1), '[]'), '5 min'), '08:00', 'or not');

-- Who writes to the table has the same hours.
create function t.raw(provider text, starts_at timestamptz, columns text default '', vals text default '') returns text language sql as $$
  select format('insert into clinic.appointment (patient_id, provider_id, service_id, starts_at%s) values (t.id(''ada''), t.id(%L), t.id(''half''), %L%s)', columns, provider, starts_at, vals)$$;
select is(t.refusal(t.raw('plain', t.at('07:00'))), 'PT422 outside_hours', 'an INSERT before the clinic opens');
select is(t.refusal(t.raw('plain', t.at('08:00'))), 'not refused', 'one when it does');
select is(t.refusal(t.raw('plain', t.at('07:00'), ', override_reason', ', ''emergency''')), 'not refused', 'a reason to override sets hours aside');
select is(t.refusal(t.raw('plain', t.at('11:30', 5), ', override_reason', ', ''emergency''')), 'not refused', 'and closures');
select is(t.refusal($$select clinic.book(t.id('ada'), t.id('plain'), t.id('half'), t.at('07:00'), override_reason => 'emergency')$$), 'not refused', 'also through book()');
select t.call('early', (clinic.book(t.id('ada'), t.id('plain'), t.id('half'), t.at('07:00'), override_reason => 'emergency')).id);
select is(t.refusal($$select clinic.book(t.id('bob'), t.id('plain'), t.id('half'), t.at('07:15'), override_reason => 'emergency')$$), 'PT409 slot_taken', 'but no overlap');
select is(t.refusal($$update clinic.appointment set starts_at = t.at('06:00') where id = t.id('early')$$), 'PT422 outside_hours', 'the reason does not go along with a move');
select is(t.refusal($$select clinic.reschedule(t.id('early'), t.at('06:00'))$$), 'PT422 outside_hours', 'through reschedule() either');
select is(t.refusal($$select clinic.reschedule(t.id('early'), t.at('06:00'), override_reason => 'emergency')$$), 'not refused', 'unless it is given again');
select is(t.orphans(), 'none', 'a visit that was let in against the hours is no orphan');

-- Why not, and what a refusal offers instead.
select is(t.after(array[statement], $$select t.listed_on('plain', 'hour', 1, '3 hours')$$), expected, what) from (values
  ($$insert into clinic.day_capacity (resource_id, day, available) values (t.id('plain'), '2099-06-02', false)$$, '09:00 provider_absent, 15:00 provider_absent', 'a day off'),
  ($$insert into clinic.closure (resource_id, during) values (t.id('plain'), tstzrange(t.at('10:00', 1), null))$$, '09:00, 15:00 provider_absent', 'leave without an end'),
  ($$insert into clinic.closure (during) values (tstzrange(null, t.at('10:00', 1)))$$, '09:00 clinic_closed, 15:00', 'a closure without a beginning'),
  ($$insert into clinic.closure (during) values (tstzrange('-infinity', 'infinity', '[]'))$$, '09:00 clinic_closed, 15:00 clinic_closed', 'one for ever')) x (statement, expected, what);
select is(t.after(array[$$insert into clinic.day_capacity (resource_id, day, available) values (t.id('plain'), '2099-06-02', false)$$], $$select t.refusal('select t.book(''ada'', ''plain'', t.at(''09:00'', 1))')$$), 'PT422 provider_absent', 'a visit on a day off');
select is(t.after(array[$$insert into clinic.closure (during) values (tstzrange(t.at('09:00', 1), t.at('10:00', 1), '()'))$$], $$select t.listed('plain', 'half', tstzrange(t.at('08:30', 1), t.at('10:30', 1)), '15 min')$$), '08:30, 08:45 clinic_closed, 09:00 clinic_closed, 09:15 clinic_closed, 09:30 clinic_closed, 09:45 clinic_closed, 10:00', 'a closure without its bounds');
create function t.hint(statement text) returns text language sql as $$select substring(t.words_of($1) from 'Free later that day: [^.]*')$$;
savepoint hints;
select t.book('bob', 'plain', t.at('11:00', 1));
select is(t.hint($$select t.book('ada', 'plain', t.at('11:00', 1))$$), 'Free later that day: 11:30, 13:00, 13:30', 'a refusal names starts that are open');
insert into clinic.closure (resource_id, during) values (t.id('plain'), tstzrange(t.at('13:00', 1), t.at('16:00', 1)));
select is(t.hint($$select t.book('ada', 'plain', t.at('11:00', 1))$$), 'Free later that day: 11:30, 16:00, 16:30', 'and not closed');
update clinic.resource set hours = '08:00-11:45,16:15-18:00' where id = t.id('room');
select is(t.hint($$select clinic.book(t.id('ada'), t.id('plain'), t.id('half'), t.at('11:00', 1), resource_ids => array[t.id('room')])$$), 'Free later that day: 16:30', 'nor while the room is closed');
select t.book('bob', 'house', t.at('00:15', 2), 'hour');
select t.book('bob', 'house', t.at('22:00', 1), 'hour');
select is(t.hint($$select t.book('ada', 'house', t.at('22:15', 1), 'hour')$$), 'Free later that day: 23:00', 'nor those that would go into the next day''s first visit');
insert into clinic.day_capacity (resource_id, day, seats) values (t.id('grey'), '2099-06-03', 2);
update clinic.hours set weekly = '24/7' where resource_id = t.id('grey');
select t.book('cleo', 'grey', t.at('15:00', 1), 'hour'), t.book('cleo', 'grey', t.at('16:00', 1), 'hour');
select is(t.hint($$select t.book('ada', 'grey', t.at('15:00', 1))$$), 'Free later that day: 15:30, 16:00, 16:30', 'where another day has begun in the provider''s zone, that day''s seats count') from clinic.resource where id = t.id('grey') and timezone = 'Australia/Lord_Howe';
rollback to hints;

-- Rooms and devices.
savepoint rooms;
update clinic.resource set hours = 'Mo-Fr 10:00-12:00' where id = t.id('room');
insert into clinic.closure (resource_id, during) values (t.id('laser'), tstzrange(t.at('11:00'), t.at('11:30')));
select is(t.refusal(format($$select clinic.book(t.id('ada'), t.id('house'), t.id('half'), t.at(%L), resource_ids => array[t.id(%L)])$$, at, room)), expected, format('%s with the %s', at, room)) from (values
  ('09:30', 'room', 'PT422 outside_hours'), ('10:00', 'room', 'not refused'), ('11:31', 'room', 'PT422 outside_hours'), ('10:30', 'laser', 'not refused'), ('10:31', 'laser', 'PT422 provider_absent'), ('11:30', 'laser', 'not refused'), ('03:00', 'theatre', 'not refused')) x (at, room, expected);
select is(t.refusal($$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, resource_ids) values (t.id('ada'), t.id('house'), t.id('half'), t.at('09:30'), array[t.id('room')])$$), 'PT422 outside_hours', 'an INSERT asks for a room''s hours too');
select is(t.refusal($$select clinic.book(t.id('ada'), t.id('house'), t.id('half'), t.at('09:30'), resource_ids => array[t.id('room')], override_reason => 'no other')$$), 'not refused', 'a reason sets a room''s hours aside');
select is(t.free_on('room'), '10:00-12:00', 'a room has free time');
select is(t.free_on('laser'), '00:00-11:00,11:30-00:00', 'a device too');
select t.call('in the room', (clinic.book(t.id('ada'), t.id('house'), t.id('half'), t.at('10:00'), resource_ids => array[t.id('room')])).id);
select is(t.free_on('room'), '10:30-12:00', 'less what is booked');
insert into clinic.closure (resource_id, during) values (t.id('room'), tstzrange(t.at('10:29'), t.at('10:30')));
select is(t.orphans(), 'in the room provider_absent', 'a visit whose room closes is an orphan');
rollback to rooms;

-- Whoever is open.
savepoint anybody;
update clinic.resource set is_active = false where kind = 'provider' and code not in ('house', 'plain');
update clinic.resource set hours = 'Mo-Fr 14:00-20:00' where id = t.id('house');
create function t.who(at timestamptz) returns text language sql as $$select x.name from clinic.book(t.id('ada'), null, t.id('half'), $1) b join t.thing x on x.id = b.provider_id$$;
select is(t.who(t.at('09:00')), 'plain', 'in the morning');
select is(t.who(t.at('15:00')), 'house', 'in the afternoon');
select is(t.who(t.at('15:00')), 'plain', 'a second one');
select is(t.who(t.at('18:00')), 'house', 'in the evening');
select is(t.refusal($$select t.who(t.at('18:15'))$$), 'PT409 slot_taken', 'who is open is taken');
select is(t.refusal($$select t.who(t.at('21:00'))$$), 'PT422 outside_hours', 'at night nobody is open');
insert into clinic.closure (resource_id, during) values (t.id('house'), tstzrange(t.at('00:00', 1), t.at('00:00', 2)));
select is(t.refusal($$select t.who(t.at('19:00', 1))$$), 'PT422 provider_absent', 'or the only one is away');
rollback to anybody;

-- A provider in another zone than the clinic.
savepoint zones;
update clinic.resource set timezone = 'America/New_York', hours = 'Mo-Fr 09:00-17:00' where id = t.id('house');
select is(t.free('house', '[2099-06-01 00:00Z,2099-06-02 00:00Z)'), '{["2099-06-01 13:00:00+00","2099-06-01 21:00:00+00")}', 'keeps hours on a clock of their own');
select is(t.listed_on('house', 'hour', 0, '2 hours'), '16:00, 18:00, 20:00, 22:00', 'and is listed on the clinic''s');
insert into clinic.day_capacity (resource_id, day, available) values (t.id('house'), '2099-06-02', false);
select is(t.refusal($$select t.book('ada', 'house', '2099-06-02 20:00Z')$$), 'PT422 provider_absent', 'has days of their own');
insert into clinic.hours (resource_id, valid, weekly) values (t.id('house'), '[2099-06-03,2099-06-04)', '24/7');
select is(t.free('house', '[2099-06-02 00:00Z,2099-06-04 10:00Z)'), '{["2099-06-03 04:00:00+00","2099-06-04 04:00:00+00")}', 'and rotas');
insert into clinic.hours (valid, weekly) values ('[2099-06-05,2099-06-06)', '09:00-10:00');
update clinic.resource set hours = null where id = t.id('house');
select is(t.free('house', '[2099-06-05 06:00Z,2099-06-06 00:00Z)'), '{["2099-06-05 13:00:00+00","2099-06-05 14:00:00+00")}', 'the clinic''s hours are read on the provider''s clock');
rollback to zones;

-- Timed days and days of tokens.
savepoint modes;
insert into clinic.hours (resource_id, valid, weekly, mode, seats) values (t.id('plain'), '[2099-06-02,2099-06-03)', '08:00-12:00', 'token', 3);
insert into clinic.hours (resource_id, valid, weekly, mode) values (t.id('trio'), '[2099-06-01,2099-07-01)', '08:00-12:00', 'token');
create function t.token(provider text, at timestamptz) returns text language sql as $$
  select format('insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, mode) values (t.id(''ada''), t.id(%L), t.id(''token''), %L, ''token'')', $1, $2)$$;
select is(t.refusal($$select t.book('ada', 'plain', t.at('09:00', 1))$$), 'PT422 wrong_mode', 'no timed visit on a day of tokens');
select is(t.refusal(t.token('plain', t.at('09:00', 1))), 'not refused', 'a token');
select is(t.refusal(t.token('plain', t.at('15:00', 1))), 'not refused', 'whatever the time: it lasts the day');
select is(t.refusal(t.token('plain', t.at('09:00', 2))), 'PT422 wrong_mode', 'no token on another day');
select is(t.refusal(t.raw('plain', t.at('09:00', 1), ', mode', ', ''token''')), 'PT422 wrong_mode', 'nor of a timed service');
select is(t.listed_on('plain', 'half', 1, '2 hours'), '08:00 wrong_mode, 10:00 wrong_mode', 'listed as what it is');
select is(t.listed('plain', 'token', tstzrange(t.at('00:00'), t.at('00:00', 3))), '00:00 wrong_mode, 00:00, 00:00 wrong_mode', 'tokens are listed by the day');
select is(t.listed('plain', 'token', tstzrange(t.at('00:01', 1), t.at('00:00', 3))), '00:00 wrong_mode', 'a day that is not whole is not');
insert into clinic.closure (resource_id, during) values (t.id('plain'), tstzrange(t.at('08:00', 1), t.at('11:59', 1)));
select is(t.refusal(t.token('plain', t.at('09:00', 1))), 'not refused', 'a minute of the day is enough');
insert into clinic.closure (resource_id, during) values (t.id('plain'), tstzrange(t.at('11:59', 1), t.at('12:00', 1)));
select is(t.refusal(t.token('plain', t.at('09:00', 1))), 'PT422 provider_absent', 'none is not');

-- Seats: a day's before the rota's, the rota's before the resource's.
do $$ begin for n in 1..3 loop execute t.token('trio', t.at('09:00', 2)); end loop; end $$;
select is(t.refusal(t.token('trio', t.at('09:00', 2))), 'PT409 capacity_reached', 'three seats are three tokens');
update clinic.hours set seats = 4 where resource_id = t.id('trio');
select is(t.refusal(t.token('trio', t.at('09:00', 2))), 'not refused', 'the rota has four');
insert into clinic.day_capacity (resource_id, day, seats) values (t.id('trio'), '2099-06-03', 2), (t.id('trio'), '2099-06-04', 5);
select is(t.refusal(t.token('trio', t.at('09:00', 2))), 'PT409 capacity_reached', 'the day two');
select is((select array_agg(seats_left || coalesce(' ' || reason, '') order by slot) from clinic.available_slots(t.id('trio'), t.id('token'), tstzrange(t.at('00:00', 1), t.at('00:00', 4)))), '{4,"0 capacity_reached",5}', 'which is what a listing says');
select is((select array_agg(seat || ' ' || clinic.orphan_reason(o)) from clinic.orphans() o), '{"3 capacity_reached"}', 'a token beyond the day''s seats is an orphan');
rollback to modes;

savepoint seats;
insert into clinic.hours (resource_id, valid, weekly, seats) values (t.id('house'), '[2099-06-01,2099-06-03)', '08:00-12:00', 2);
insert into clinic.day_capacity (resource_id, day, seats) values (t.id('house'), '2099-06-02', 3), (t.id('trio'), '2099-06-02', 1);
select is((select s.seats_left from clinic.available_slots(t.id(who), t.id('half'), tstzrange(t.at('09:00', day), t.at('09:30', day))) s), n, format('%s has %s seats on day %s', who, n, day)) from (values
  ('house', 0, 2), ('house', 1, 3), ('house', 2, 1), ('trio', 0, 3), ('trio', 1, 1)) x (who, day, n);
select t.book('ada', 'house', t.at('09:00', day)) from generate_series(0, 1) day, generate_series(1, 2);
select is(t.refusal($$select t.book('bob', 'house', t.at('09:00'))$$), 'PT409 slot_taken', 'a rota''s seats are all there are');
select is(t.refusal($$select t.book('bob', 'house', t.at('09:00', 1))$$), 'not refused', 'a day''s may be more');
select is(t.free('house', tstzrange(t.at('08:00'), t.at('10:00'))), '{["2099-06-01 06:00:00+00","2099-06-01 07:00:00+00"),["2099-06-01 07:30:00+00","2099-06-01 08:00:00+00")}', 'free time is when one of two seats is free');
select is(t.free('house', tstzrange(t.at('08:00', 1), t.at('10:00', 1))), '{["2099-06-02 06:00:00+00","2099-06-02 08:00:00+00")}', 'or one of three');
rollback to seats;
select t.book('bob', 'pair', t.at('23:00')), t.book('bob', 'pair', t.at('23:30')), t.book('bob', 'pair', t.at('23:15'));
select is(t.free('pair', tstzrange(t.at('22:00'), t.at('01:00', 1))), '{["2099-06-01 20:00:00+00","2099-06-01 21:15:00+00"),["2099-06-01 21:45:00+00","2099-06-01 23:00:00+00")}', 'of a pair, not while both are taken');
select is(t.after(array[$$insert into clinic.day_capacity (resource_id, day, seats) values (t.id('pair'), '2099-06-02', 1)$$, $$select t.book('bob', 'pair', t.at('23:45'))$$], $$select t.free('pair', tstzrange(t.at('22:00'), t.at('01:00', 1)))$$),
  '{["2099-06-01 20:00:00+00","2099-06-01 21:15:00+00"),["2099-06-01 22:00:00+00","2099-06-01 23:00:00+00")}', 'and seats change with the day');

-- Moving: a visit's own time is no hindrance to it.
select t.call('mine', t.book('ada', 'plain', t.at('09:00')));
select is(t.listed('plain', 'hour', tstzrange(t.at('08:00'), t.at('10:30')), '30 min'), '08:00, 08:30 slot_taken, 09:00 slot_taken, 09:30', 'a visit takes its time');
select is(t.listed('plain', 'hour', tstzrange(t.at('08:00'), t.at('10:30')), '30 min', t.id('mine')), '08:00, 08:30, 09:00, 09:30', 'but not for itself');
select is(t.listed('plain', 'hour', tstzrange(t.at('08:00'), t.at('10:30')), '30 min', t.id('nobody')), '08:00, 08:30 slot_taken, 09:00 slot_taken, 09:30', 'a visit that nobody knows makes no difference');

-- Orphans.
savepoint orphans;
select t.call('soon', t.book('ada', 'plain', t.at('10:00')));
select is(t.orphans(), 'none', 'what is booked by the rules is no orphan');
select is(t.after(array[statement], 'select t.orphans()'), expected, what) from (values
  ($$update clinic.resource set is_active = false where id = t.id('plain')$$, 'early inactive, mine inactive, soon inactive', 'an inactive provider''s are'),
  ($$update clinic.resource set hours = 'Mo 08:00-10:29' where id = t.id('plain')$$, 'soon outside_hours', 'those that shorter hours no longer cover, one with a reason excepted'),
  ($$update clinic.resource set hours = 'off' where id = t.id('plain')$$, 'mine outside_hours, soon outside_hours', 'or no hours'),
  ($$insert into clinic.hours (resource_id, valid, weekly) values (t.id('plain'), '[2099-06-01,2099-06-02)', '08:00-10:00')$$, 'soon outside_hours', 'or a rota'),
  ($$insert into clinic.closure (during) values (tstzrange(t.at('07:29'), t.at('09:01')))$$, 'early clinic_closed, mine clinic_closed', 'a holiday spares none'),
  ($$insert into clinic.closure (resource_id, during) values (t.id('plain'), tstzrange(t.at('07:30'), t.at('09:00')))$$, 'none', 'leave between visits touches none'),
  ($$insert into clinic.day_capacity (resource_id, day, available) values (t.id('plain'), '2099-06-01', false)$$, 'early provider_absent, mine provider_absent, soon provider_absent', 'a day off'),
  ($$update clinic.resource set timezone = 'America/New_York' where id = t.id('plain')$$, 'mine outside_hours, soon outside_hours', 'or another zone')) x (statement, expected, what);
update clinic.resource set hours = 'off' where id = t.id('plain');
select is((select count(*) from clinic.orphans(t.id('plain'))), 2::bigint, 'of one provider');
select is((select count(*) from clinic.orphans(t.id('house'))), 0::bigint, 'of another');
select is((select count(*) from clinic.orphans(during => tstzrange(t.at('09:15'), t.at('09:45')))), 1::bigint, 'of a stretch');
select is((select count(*) from clinic.orphans(during => 'empty')), 0::bigint, 'of none');
select is((select count(*) from clinic.orphans(during => '(,)')), 2::bigint, 'of all time');
select is((select count(*) from clinic.orphans(during => '[-infinity,infinity]')), 2::bigint, 'said otherwise');
select is((select count(*) from clinic.orphans(clinic_id => t.id('nobody'))), 0::bigint, 'of another clinic');
select t.call('held', (clinic.book(t.id('ada'), t.id('plain'), t.id('half'), t.at('18:00'), hold_for => '1 hour', override_reason => 'late')).id);
insert into clinic.closure (resource_id, during) values (t.id('plain'), tstzrange(t.at('17:00'), t.at('19:00')));
select is(t.orphans(), 'held provider_absent, mine outside_hours, soon outside_hours', 'a visit that is held is one too');
update clinic.appointment set hold_expires_at = now() where id = t.id('held');
select is(t.orphans(), 'mine outside_hours, soon outside_hours', 'but not once its hold has expired');
select clinic.cancel(t.id('mine'), 'well again');
select is(t.orphans(), 'soon outside_hours', 'what is cancelled is none any more');
rollback to orphans;

-- A value that somebody made up.
create function t.made_up(change jsonb) returns text language sql as $$select t.refusal(format('select clinic.orphan_reason(jsonb_populate_record(a, %L)) from clinic.appointment a where id = t.id(''mine'')', $1))$$;
select is(t.made_up(jsonb_build_object(c.attname, null)), 'not refused', format('a visit without %s', c.attname)) from pg_attribute c where c.attrelid = 'clinic.appointment'::regclass and attnum > 0 and not attisdropped;
select is(t.made_up(change::jsonb), expected, change) from (values
  ('{"starts_at": "-infinity"}', 'PT400 invalid_time'), ('{"ends_at": "infinity"}', 'PT400 invalid_time'), ('{"starts_at": "1850-01-01"}', 'PT400 invalid_time'), ('{"ends_at": "12000-01-01"}', 'PT400 invalid_time'),
  ('{"ends_at": "2000-01-01"}', 'not refused'), ('{"starts_at": "1900-01-01 00:00Z", "ends_at": "9999-12-31 23:59Z"}', 'not refused'), ('{"seat": -2147483648}', 'not refused'), ('{"seat": 2147483647}', 'not refused'),
  ('{"resource_ids": []}', 'not refused'), ('{"resource_ids": [null]}', 'PT400 missing_argument'), ('{"resource_ids": ["00000000-0000-7000-8000-0000000000ff"]}', 'not refused'), ('{"provider_id": "00000000-0000-7000-8000-0000000000ff"}', 'not refused'),
  ('{"clinic_id": "00000000-0000-7000-8000-0000000000ff"}', 'not refused'), ('{"mode": "token"}', 'not refused'), ('{"mode": "walk_in"}', 'not refused'), ('{"buffer_before": "-170000000 years"}', 'not refused')) x (change, expected);
select is(clinic.orphan_reason(null), null, 'no visit at all');

-- Arguments.
select is(t.refusal(format('select * from clinic.available_slots(%s)', arguments)), expected, 'available_slots: ' || arguments) from (values
  ($$null, t.id('half'), '[2099-06-01,2099-06-02)'$$, 'PT400 missing_argument'), ($$t.id('plain'), null, '[2099-06-01,2099-06-02)'$$, 'PT400 missing_argument'), ($$t.id('plain'), t.id('half'), null$$, 'PT400 missing_argument'), ($$t.id('plain'), t.id('half'), '[2099-06-01,2099-06-02)', clinic_id => null$$, 'PT400 missing_argument'),
  ($$t.id('nobody'), t.id('half'), '[2099-06-01,2099-06-02)'$$, 'PT404 not_found'), ($$t.id('plain'), t.id('nobody'), '[2099-06-01,2099-06-02)'$$, 'PT404 not_found'), ($$t.id('plain'), t.id('half'), '[2099-06-01,2099-06-02)', clinic_id => t.id('nobody')$$, 'PT404 not_found'), ($$t.id('room'), t.id('half'), '[2099-06-01,2099-06-02)'$$, 'PT404 not_found'),
  ($$t.id('plain'), t.id('half'), '[2099-06-01,)'$$, 'PT400 invalid_time'), ($$t.id('plain'), t.id('half'), '(,2099-06-01)'$$, 'PT400 invalid_time'), ($$t.id('plain'), t.id('half'), '[-infinity,infinity)'$$, 'PT400 invalid_time'), ($$t.id('plain'), t.id('half'), '[1899-12-31 23:59Z,1900-01-01 01:00Z)'$$, 'PT400 invalid_time'), ($$t.id('plain'), t.id('half'), '[2090-01-01,2101-01-01)'$$, 'PT400 invalid_time'), ($$t.id('plain'), t.id('half'), '[9999-12-01,10000-01-02)'$$, 'PT400 invalid_time'),
  ($$t.id('plain'), t.id('half'), 'empty'$$, 'not refused'), ($$t.id('plain'), t.id('half'), '[9999-12-01,9999-12-31 23:59:59.999999Z]'$$, 'not refused'), ($$t.id('plain'), t.id('half'), '[1900-01-01 00:00Z,1900-02-01 00:00Z)'$$, 'not refused'), ($$t.id('plain'), t.id('half'), '[2099-06-01,2099-06-02)', '1 minute'$$, 'not refused'), ($$t.id('plain'), t.id('half'), '[2099-06-01,2099-06-02)', '24 hours'$$, 'not refused'),
  ($$t.id('plain'), t.id('half'), '[2099-06-01,2099-06-02)', '0'$$, 'PT422 invalid_duration'), ($$t.id('plain'), t.id('half'), '[2099-06-01,2099-06-02)', '-5 min'$$, 'PT422 invalid_duration'), ($$t.id('plain'), t.id('half'), '[2099-06-01,2099-06-02)', '25 hours'$$, 'PT422 invalid_duration'), ($$t.id('plain'), t.id('half'), '[2099-06-01,2099-06-02)', '59.999999 s'$$, 'PT422 invalid_duration'), ($$t.id('plain'), t.id('half'), '[2099-06-01,2099-06-02)', '170000000 years'$$, 'PT422 invalid_duration'),
  ($$t.id('plain'), t.id('half'), '[2099-06-01,2099-06-02)', duration => '0'$$, 'PT422 invalid_duration'), ($$t.id('plain'), t.id('half'), '[2099-06-01,2099-06-02)', duration => '-1 hour'$$, 'PT422 invalid_duration'), ($$t.id('plain'), t.id('half'), '[2099-06-01,2099-06-02)', duration => '-170000000 years'$$, 'PT422 invalid_duration'), ($$t.id('plain'), t.id('half'), '[2099-06-01,2099-06-02)', duration => '27 hours'$$, 'PT422 invalid_duration')) x (arguments, expected);
select is((select distinct reason from clinic.available_slots(t.id('plain'), t.id('half'), tstzrange(t.at('00:00', 1), t.at('00:00', 2)), duration => '1 min')), 'invalid_duration', 'a visit that is too short is listed as one');
select is(t.refusal(format('select clinic.free_time(%s)', arguments)), expected, 'free_time: ' || arguments) from (values
  ($$null, '[2099-06-01,2099-06-02)'$$, 'PT400 missing_argument'), ($$t.id('plain'), null$$, 'PT400 missing_argument'), ($$t.id('plain'), '[2099-06-01,2099-06-02)', null$$, 'PT400 missing_argument'), ($$t.id('nobody'), '[2099-06-01,2099-06-02)'$$, 'PT404 not_found'), ($$t.id('plain'), '[2099-06-01,2099-06-02)', t.id('nobody')$$, 'PT404 not_found'),
  ($$t.id('plain'), '[2099-06-01,)'$$, 'PT400 invalid_time'), ($$t.id('plain'), '[2000-01-01,infinity)'$$, 'PT400 invalid_time'), ($$t.id('plain'), '[2000-01-01,2020-01-01)'$$, 'PT400 invalid_time'), ($$t.id('plain'), 'empty'$$, 'not refused'), ($$t.id('plain'), '[1900-01-01 00:00Z,1909-01-01 00:00Z)'$$, 'not refused'), ($$t.id('plain'), '[9990-01-01,9999-12-31 23:00Z)'$$, 'not refused')) x (arguments, expected);
select is(t.after(array[$$update clinic.resource set is_active = false where id = t.id('plain')$$], $$select t.free_on('plain', 1)$$), 'never', 'who is inactive has no free time');
select is(t.after(array[$$update clinic.resource set is_active = false where id = t.id('plain')$$], $$select t.listed_on('plain', 'half', 1, '10 hours')$$), '10:00 inactive', 'and is listed as that');

-- Of another clinic nothing is known.
select t.call('other', (clinic.create_clinic('Other', 'UTC')).id);
select is(t.refusal($$select * from clinic.available_slots(t.id('plain'), t.id('half'), '[2099-06-01,2099-06-02)', clinic_id => t.id('other'))$$), 'PT404 not_found', 'another clinic''s provider and service');
select is(t.refusal($$select clinic.free_time(t.id('plain'), '[2099-06-01,2099-06-02)', t.id('other'))$$), 'PT404 not_found', 'another clinic''s free time');
select is(t.refusal($$insert into clinic.hours (clinic_id, resource_id, valid, weekly) values (t.id('other'), t.id('plain'), '[2099-01-01,)', 'off')$$), '23503 hours_resource_fkey', 'hours of another clinic''s provider');

-- What the tables take.
select is(t.refusal(statement), expected, what) from (values
  ($$insert into clinic.hours (valid, weekly) values ('empty', '24/7')$$, '23514 hours_valid_check', 'hours of no day'),
  ($$insert into clinic.hours (valid, weekly) values ('[2099-01-01,2099-01-02)', null)$$, '23502', 'no hours'),
  ($$insert into clinic.hours (valid, weekly, mode) values ('[2099-01-01,2099-01-02)', '24/7', 'walk_in')$$, '23514 hours_mode_check', 'a day of walk-ins'),
  ($$insert into clinic.hours (valid, weekly, seats) values ('[2099-01-01,2099-01-02)', '24/7', 0)$$, '23514 hours_seats_check', 'no seats'),
  ($$insert into clinic.hours (valid, weekly, seats) values ('[2099-01-01,2099-01-02)', '24/7', 1001)$$, '23514 hours_seats_check', 'too many'),
  ($$insert into clinic.hours (resource_id, valid, weekly) values (t.id('grey'), '[2099-12-31,)', '24/7')$$, '23P01 hours_no_overlap', 'two rotas on a day'),
  ($$insert into clinic.hours (valid, weekly) values ('(,)', '24/7'), ('[2099-12-31,)', '24/7')$$, '23P01 hours_no_overlap', 'of a clinic either'),
  ($$insert into clinic.closure (during) values ('empty')$$, '23514 closure_during_check', 'a closure of no time'),
  ($$insert into clinic.closure (during, kind) values ('[2099-01-01,)', 'open')$$, '23514 closure_open_check', 'a special opening without an end'),
  ($$insert into clinic.closure (during, kind) values ('[2099-01-01,infinity)', 'open')$$, '23514 closure_open_check', 'or one that never comes'),
  ($$insert into clinic.day_capacity (resource_id, day) values (t.id('plain'), 'infinity')$$, '23514 day_capacity_day_check', 'a day that never comes'),
  ($$insert into clinic.day_capacity (resource_id, day) values (null, '2099-01-01')$$, '23502', 'a day of nobody'),
  ($$insert into clinic.day_capacity (resource_id, day) values (t.id('nobody'), '2099-01-01')$$, '23503 day_capacity_resource_fkey', 'of somebody unknown')) x (statement, expected, what);
insert into clinic.day_capacity (resource_id, day) values (t.id('plain'), '2099-01-01');
select is(t.refusal(statement), 'PT422 immutable', statement) from unnest(array[
  'update clinic.hours set id = clinic.uuid7()', 'update clinic.hours set clinic_id = t.id(''other'')', 'update clinic.closure set id = clinic.uuid7()', 'update clinic.closure set clinic_id = t.id(''other'')',
  'update clinic.day_capacity set day = day + 1', 'update clinic.day_capacity set resource_id = t.id(''house'')', 'update clinic.day_capacity set clinic_id = t.id(''other'')']) statement;

-- Only staff write them, whatever was granted.
create role front_end;
grant usage on schema clinic to front_end;
grant execute on all functions in schema clinic to front_end;
grant select, insert, update, delete on clinic.hours, clinic.closure, clinic.day_capacity to front_end;
select t.act_as('ada''s account');
select is(t.refusal_of('front_end', statement), 'PT403 staff_only', 'a patient''s account: ' || statement) from unnest(array[
  $$insert into clinic.hours (valid, weekly) values ('[2199-01-01,2199-01-02)', '24/7')$$, $$update clinic.hours set weekly = '24/7'$$, 'delete from clinic.hours',
  $$insert into clinic.closure (during) values ('[2199-01-01,2199-01-02)')$$, $$update clinic.closure set reason = 'x'$$, 'delete from clinic.closure',
  $$insert into clinic.day_capacity (resource_id, day) values (t.id('plain'), '2199-01-01')$$, 'update clinic.day_capacity set seats = 2', 'delete from clinic.day_capacity']) statement;
select t.act_as('the receptionist');
select is(t.refusal_of('front_end', $$insert into clinic.closure (during) values ('[2199-01-01,2199-01-02)')$$), 'not refused', 'a receptionist may');
select t.act_as(null);

-- Who may only execute sees what is free, and neither claims nor visits.
create role visitor;
grant usage on schema clinic to visitor;
grant execute on all functions in schema clinic to visitor;
select is(t.refusal_of('visitor', statement), expected, 'with EXECUTE only: ' || statement) from (values
  ($$select * from clinic.available_slots(t.id('plain'), t.id('half'), '[2099-06-01,2099-06-02)')$$, 'not refused'), ($$select clinic.free_time(t.id('plain'), '[2099-06-01,2099-06-02)')$$, 'not refused'),
  ('select 1 from clinic.claim', '42501'), ('select 1 from clinic.appointment', '42501'), ('select 1 from clinic.hours', '42501'), ('select 1 from clinic.closure', '42501'), ('select 1 from clinic.day_capacity', '42501'), ('select * from clinic.orphans()', '42501'),
  ($$insert into clinic.hours (valid, weekly) values ('[2199-01-01,2199-01-02)', '24/7')$$, '42501'), ('delete from clinic.closure', '42501'), ('update clinic.day_capacity set seats = 2', '42501'), ('truncate clinic.hours', '42501')) x (statement, expected);
set local role visitor;
select is(t.listed('plain', 'hour', tstzrange(t.at('08:00'), t.at('10:30')), '30 min'), '08:00, 08:30 slot_taken, 09:00 slot_taken, 09:30', 'and sees what all see');
reset role;

-- a night shift has the seats and the mode of the day on which it began, also after midnight
update clinic.resource set hours = 'Mo-Su 22:00-06:00', seats = 1 where id = t.id('plain');
insert into clinic.hours (resource_id, valid, weekly, seats) values (t.id('plain'), '[2099-06-08,2099-06-09)', 'Mo 22:00-06:00', 2);
select is(string_agg(to_char(lower(slot) at time zone 'Europe/Berlin', 'HH24:MI') || ' ' || seats_left, ', ' order by slot),
          '04:00 1, 22:00 2, 00:00 2, 02:00 2, 04:00 2, 22:00 1, 00:00 1', 'the seats of a night are those of its evening')
from clinic.available_slots(t.id('plain'), t.id('half'), tstzrange(t.at('03:00', 7), t.at('01:00', 9)), '2 hours');
select t.book('ada', 'plain', t.at('02:00', 8)), t.book('bob', 'plain', t.at('02:00', 8));
select is(t.refusal($$select t.book('cleo', 'plain', t.at('02:00', 8))$$), 'PT409 slot_taken', 'so two are booked at two, and no third');
select is(t.refusal($$select t.book('cleo', 'plain', t.at('02:00', 9))$$), 'not refused', 'one in the next night');
select is(clinic.free_time(t.id('plain'), tstzrange(t.at('01:00', 8), t.at('03:00', 8)))::text,
          '{["2099-06-08 23:00:00+00","2099-06-09 00:00:00+00"),["2099-06-09 00:30:00+00","2099-06-09 01:00:00+00")}', 'the time of both is not free');
update clinic.hours set mode = 'token' where resource_id = t.id('plain') and date '2099-06-08' <@ valid;
select is(t.refusal($$select t.book('cleo', 'plain', t.at('04:00', 8))$$), 'PT422 wrong_mode', 'a night of tokens takes no timed visit after midnight either');
select is(t.refusal($$select t.book('cleo', 'plain', t.at('23:00', 8))$$), 'not refused', 'the night after does');
select is((select string_agg(distinct clinic.orphan_reason(o), ', ') from clinic.orphans(t.id('plain'), tstzrange(t.at('00:00', 8), t.at('12:00', 8))) o), 'wrong_mode', 'timed visits on what is now a day of tokens are orphans');
insert into clinic.day_capacity (resource_id, day, available) values (t.id('plain'), '2099-06-08', false);
select is(t.refusal($$select t.book('cleo', 'plain', t.at('04:00', 8))$$), 'PT422 wrong_mode', 'a day off of tokens is one of tokens');
update clinic.hours set mode = null where resource_id = t.id('plain') and date '2099-06-08' <@ valid;
select is(t.refusal($$select t.book('cleo', 'plain', t.at('04:00', 8))$$), 'PT422 provider_absent', 'a day off takes its night with it');
select * from finish();
rollback;
