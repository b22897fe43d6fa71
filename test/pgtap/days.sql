-- The days of a provider: which take tokens, and how many; what closing one, or making it smaller, leaves uncovered.
begin;
select plan(97);
\ir include/fixture.psql

insert into t.thing values ('plain', '00000000-0000-7000-8000-0000000000d5'), ('other', '00000000-0000-7000-8000-0000000000d6'), ('token', '00000000-0000-7000-8000-0000000000b4');
insert into clinic.provider (id, code, name, seats) values (t.id('plain'), 'plain', 'Dr Plain', 3), (t.id('other'), 'other', 'Dr Other', 3);
insert into clinic.service (id, code, name, duration, mode) values (t.id('token'), 'token', 'A token', '15 min', 'token');
insert into clinic.hours (resource_id, valid, weekly, mode) values (t.id('plain'), '[2099-06-01,2099-06-06)', 'Mo-Th 08:00-12:00', 'token'), (t.id('other'), '[2099-06-01,2099-06-06)', '24/7', 'token');

-- Books tokens by a raw INSERT.
create function t.token(day int, times int default 1, provider text default 'plain') returns text language sql as $$
  select format('insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, mode) select t.id(''ada''), t.id(%L), t.id(''token''), t.at(''09:00'', %s), ''token'' from generate_series(1, %s)', $3, $1, $2)$$;
-- Days of June 2099: whether they are available, capacity, taken, remaining.
create function t.days(from_day int, to_day int, provider text default 'plain') returns text language sql as $$
  select coalesce(string_agg(to_char(day, 'FMDD') || case when available then ': ' else ' no: ' end || capacity || ' ' || taken || ' ' || remaining, ', ' order by day), 'none')
  from clinic.token_days(t.id($3), tstzrange(t.at('00:00', $1), t.at('00:00', $2)))$$;
-- Sets a day and says what is left uncovered, by provider, clock and seat, in the order it comes.
create function t.set_day(provider text, day date, available boolean default null, seats int default null) returns text language sql as $$
  select coalesce(string_agg(to_char(s.starts_at at time zone 'Europe/Berlin', 'DD HH24:MI') || ' #' || s.seat || ' ' || clinic.orphan_reason(s), ', '), 'none')
  from clinic.set_day(t.id($1), $2, $3, $4) s$$;
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

-- which days take tokens
select is(t.days(-1, 6), '31 no: 0 0 0, 1: 3 0 3, 2: 3 0 3, 3: 3 0 3, 4: 3 0 3, 5 no: 3 0 0, 6 no: 0 0 0', 'days of tokens are available where the provider is open; timed ones have no capacity');
select is(t.after(array[statement], 'select t.days(0, 2)'), expected, what) from (values
  ($$insert into clinic.day_capacity (resource_id, day, available) values (t.id('plain'), '2099-06-01', false)$$, '1 no: 3 0 0, 2: 3 0 3', 'a day off is not'),
  ($$insert into clinic.closure (resource_id, during) values (t.id('plain'), tstzrange(t.at('08:00'), t.at('12:00')))$$, '1 no: 3 0 0, 2: 3 0 3', 'nor one that is closed for all of its hours'),
  ($$insert into clinic.closure (resource_id, during) values (t.id('plain'), tstzrange(t.at('08:00'), t.at('11:59')))$$, '1: 3 0 3, 2: 3 0 3', 'a minute is enough'),
  ($$insert into clinic.closure (during) values (tstzrange(t.at('00:00'), t.at('00:00', 2)))$$, '1 no: 3 0 0, 2 no: 3 0 0', 'holidays are the clinic''s'),
  ($$update clinic.resource set is_active = false where id = t.id('plain')$$, '1 no: 3 0 0, 2 no: 3 0 0', 'who is inactive has no available day'),
  ($$update clinic.hours set mode = 'timed' where resource_id = t.id('plain')$$, '1 no: 0 0 0, 2 no: 0 0 0', 'nor who has timed days'),
  ($$update clinic.clinic set mode = 'token' where id = t.id('clinic')$$, '1: 3 0 3, 2: 3 0 3', 'a rota goes before the clinic''s mode'),
  ($$update clinic.resource set seats = 5 where id = t.id('plain')$$, '1: 5 0 5, 2: 5 0 5', 'the capacity is the resource''s seats'),
  ($$update clinic.hours set seats = 7 where resource_id = t.id('plain')$$, '1: 7 0 7, 2: 7 0 7', 'the rota''s, where it has some'),
  ($$insert into clinic.day_capacity (resource_id, day, seats) values (t.id('plain'), '2099-06-02', 9)$$, '1: 3 0 3, 2: 9 0 9', 'or the day''s')) x (statement, expected, what);
select is(t.after(array[$$insert into clinic.day_capacity (resource_id, day, available) values (t.id('plain'), '2099-06-01', false)$$, $$insert into clinic.closure (resource_id, during, kind) values (t.id('plain'), tstzrange(t.at('18:00'), t.at('20:00')), 'open')$$], 'select t.days(0, 1)'),
  '1: 3 0 3', 'a special opening makes a day off available');
select is(t.after(array[$$update clinic.clinic set mode = 'token' where id = t.id('clinic')$$], 'select t.days(6, 9)'), '7 no: 3 0 0, 8: 3 0 3, 9: 3 0 3', 'where no rota says it, the clinic''s mode and hours hold');

-- what stands on them
select is(t.refusal(t.token(0, 4)), 'PT409 capacity_reached', 'four tokens on three seats');
do $$begin execute t.token(0, 3); end$$;
select is(t.days(0, 2), '1: 3 3 0, 2: 3 0 3', 'tokens that stand are taken');
select is(t.days(0, 2, 'other'), '1: 3 0 3, 2: 3 0 3', 'of one provider');
update clinic.appointment set status = 'cancelled' where provider_id = t.id('plain') and seat = 2;
select is(t.days(0, 1), '1: 3 2 1', 'a number that is given back is free');
select is((clinic.set_status(id, 'arrived')).status, 'arrived', 'the first arrives') from clinic.appointment where provider_id = t.id('plain') and seat = 1;
select is((clinic.set_status(id, 'in_progress')).status, 'in_progress', 'is seen') from clinic.appointment where provider_id = t.id('plain') and seat = 1;
select is((clinic.set_status(id, 'completed')).status, 'completed', 'and done') from clinic.appointment where provider_id = t.id('plain') and seat = 1;
select is(t.days(0, 1), '1: 3 2 1', 'its number is not given again');
insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, mode, status, hold_expires_at)
values (t.id('ada'), t.id('plain'), t.id('token'), t.at('09:00', 1), 'token', 'held', now() + interval '1 hour');
select is(t.days(1, 2), '2: 3 1 2', 'a hold takes one');
update clinic.appointment set hold_expires_at = now() where status = 'held';
select is(t.days(1, 2), '2: 3 0 3', 'until it expires');
select is(t.after(array['select clinic.expire_holds()'], 'select t.days(1, 2)'), '2: 3 0 3', 'freed or not');

-- what changed after they were booked
select is(t.after(array[$$update clinic.resource set seats = 2 where id = t.id('plain')$$], 'select t.days(0, 1)'), '1: 2 2 1', 'a number beyond the capacity stands, and takes nothing of it');
select is(t.after(array[$$update clinic.resource set seats = 1 where id = t.id('plain')$$], 'select t.days(0, 1)'), '1: 1 2 0', 'so more may stand than there is capacity');
select is(t.after(array[$$insert into clinic.day_capacity (resource_id, day, available) values (t.id('plain'), '2099-06-01', false)$$], 'select t.days(0, 1)'), '1 no: 3 2 0', 'on a day that is closed they still stand');
select is(t.after(array[$$update clinic.hours set mode = 'timed' where resource_id = t.id('plain')$$], 'select t.days(0, 1)'), '1 no: 0 2 0', 'on one that is timed by now, too');
select t.book('ada', 'plain', t.at('09:00', 7), 'half');
select is(t.after(array[$$insert into clinic.hours (resource_id, valid, weekly, mode) values (t.id('plain'), '[2099-06-08,2099-06-09)', '24/7', 'token')$$], 'select t.days(7, 8)'), '8: 3 0 2', 'a timed visit is no token, but takes a number');
select t.book('ada', 'house', t.at('00:00', 7), 'half');
select is(t.days(7, 8, 'house'), '8 no: 0 0 0', 'nor is one that starts with the day');

-- which days are listed
create function t.listed(during tstzrange) returns text language sql as $$select coalesce(string_agg(to_char(day, 'MM-DD'), ' ' order by day), 'none') from clinic.token_days(t.id('plain'), $1)$$;
select is(t.listed(during), expected, during::text) from (values
  (tstzrange(t.at('23:59'), t.at('00:01', 1)), '06-01 06-02'), (tstzrange(t.at('00:00'), t.at('00:00', 1)), '06-01'), (tstzrange(t.at('00:00'), t.at('00:00', 1), '[]'), '06-01 06-02'),
  (tstzrange(t.at('12:00'), t.at('12:00'), '[]'), '06-01'), (tstzrange(t.at('12:00'), t.at('12:00')), 'none'), (tstzrange(t.at('00:00', -1), t.at('00:00', 1), '()'), '05-31 06-01')) x (during, expected);
select results_eq($$select day from clinic.token_days(t.id('plain'))$$, $$select (now() at time zone 'Europe/Berlin')::date + n from generate_series(0, 29) n$$, 'none said: today and the 29 days after it, in order');
select is(t.refusal(format('select clinic.token_days(%s)', arguments)), expected, arguments) from (values
  ('null', 'PT400 missing_argument'), ($$t.id('plain'), null, null$$, 'PT400 missing_argument'), ('clinic.uuid7()', 'PT404 not_found'), ($$t.id('room')$$, 'PT404 not_found'), ($$t.id('plain'), null, clinic.uuid7()$$, 'PT404 not_found'),
  ($$t.id('plain'), '[2099-06-01,)'$$, 'PT400 invalid_time'), ($$t.id('plain'), '(,2099-06-01)'$$, 'PT400 invalid_time'), ($$t.id('plain'), '[2099-06-01,infinity)'$$, 'PT400 invalid_time'), ($$t.id('plain'), '[2090-01-01,2101-01-01)'$$, 'PT400 invalid_time'),
  ($$t.id('plain'), '[2091-01-01 00:00Z,2101-01-07 00:00Z)'$$, 'not refused')) x (arguments, expected);

-- clocks that change, and a day that was left out
insert into clinic.hours (resource_id, valid, weekly, mode) values (t.id('trio'), '(,)', '24/7', 'token');
insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, mode) values (t.id('ada'), t.id('trio'), t.id('token'), '2099-03-29 12:00Z', 'token'), (t.id('ada'), t.id('trio'), t.id('token'), '2098-10-26 12:00Z', 'token');
select is((select array_agg(day::text || ' ' || taken order by day) from clinic.token_days(t.id('trio'), during)), expected::text[], expected) from (values
  (tstzrange('2099-03-28 12:00Z', '2099-03-30 12:00Z'), '{2099-03-28 0,2099-03-29 1,2099-03-30 0}'), (tstzrange('2098-10-25 12:00Z', '2098-10-27 12:00Z'), '{2098-10-25 0,2098-10-26 1,2098-10-27 0}')) x (during, expected);
select is(t.after(array[$$update clinic.clinic set timezone = 'Pacific/Apia' where id = t.id('clinic')$$], $$select string_agg(day::text, ' ' order by day) from clinic.token_days(t.id('trio'), '[2011-12-29 12:00Z,2011-12-31 12:00Z)')$$), '2011-12-29 2011-12-31 2012-01-01', 'a day that the zone left out is none');

-- What is said here is what available_slots says.
create function t.differences() returns text language sql as $$
  select string_agg(format('%s %s: %s %s, %s %s', r.code, d.day, d.available, d.remaining, s.seats_left, s.reason), ', ') from clinic.provider r
  cross join clinic.token_days(r.id, tstzrange(t.at('00:00', -3), t.at('00:00', 20))) d
  left join clinic.available_slots(r.id, t.id('token'), tstzrange(t.at('00:00', -3), t.at('00:00', 20))) s on (lower(s.slot) at time zone 'Europe/Berlin')::date = d.day
  where (d.available, d.remaining) is distinct from (coalesce(s.reason, 'capacity_reached') = 'capacity_reached' and s.slot is not null,
    case when coalesce(s.reason, 'capacity_reached') = 'capacity_reached' and s.slot is not null then s.seats_left else 0 end)$$;
select is(t.differences(), null, 'every day is as available_slots says it is');
select is(t.after(array[statement], 'select t.differences()'), null, 'also after: ' || statement) from unnest(array[
  $$insert into clinic.day_capacity (resource_id, day, available, seats) values (t.id('plain'), '2099-06-01', false, 2), (t.id('other'), '2099-06-02', true, 1), (t.id('trio'), '2099-06-03', false, null)$$,
  $$insert into clinic.closure (resource_id, during, kind) values (t.id('plain'), tstzrange(t.at('10:00'), t.at('09:00', 2)), 'closed'), (t.id('plain'), tstzrange(t.at('10:00', 4), t.at('11:00', 4)), 'open'), (null, tstzrange(t.at('00:00', 5), t.at('00:00', 6)), 'closed')$$,
  $$update clinic.resource set timezone = 'America/Los_Angeles' where kind = 'provider'$$, $$update clinic.clinic set mode = 'token', hours = 'Mo-Fr 20:00-04:00' where id = t.id('clinic')$$]) statement;

-- setting a day
select is(t.set_day('plain', '2099-06-03', seats => 5), 'none', 'a day without visits has none to list');
select results_eq('select day, available, seats from clinic.day_capacity', $$values (date '2099-06-03', true, 5)$$, 'a new day is available unless it is said not to be');
select t.set_day('plain', '2099-06-03', false);
select results_eq('select day, available, seats from clinic.day_capacity', $$values (date '2099-06-03', false, 5)$$, 'what is not said of it stays: its seats');
select t.set_day('plain', '2099-06-03', seats => 4);
select results_eq('select day, available, seats from clinic.day_capacity', $$values (date '2099-06-03', false, 4)$$, 'whether it is available');
select t.set_day('plain', '2099-06-04');
select results_eq('select day, available, seats from clinic.day_capacity order by day', $$values (date '2099-06-03', false, 4), ('2099-06-04', true, null)$$, 'a day of which nothing is said is as the rota has it');
select t.set_day('house', null, false);
select is((select day from clinic.day_capacity where resource_id = t.id('house')), (now() at time zone 'Europe/Berlin')::date, 'no day is today, where the clinic is');
select is(t.refusal(t.token(2)), 'PT422 provider_absent', 'a token on a day that is closed is refused as provider_absent');
select is(t.set_day('plain', '2099-06-03', true), 'none', 'a day is opened again');
select is(t.refusal(t.token(2, 4)), 'not refused', 'and takes tokens up to its seats');
select is(t.refusal(t.token(2, 5)), 'PT409 capacity_reached', 'no more');

-- and what it leaves uncovered
do $$begin execute t.token(2, 4); execute t.token(3, 3); execute t.token(2, 3, 'other'); end$$;
select is(t.set_day('plain', '2099-06-03', seats => 2), '03 00:00 #3 capacity_reached, 03 00:00 #4 capacity_reached', 'tokens above the day''s seats, by number');
select is((select string_agg(to_char(o.starts_at at time zone 'Europe/Berlin', 'DD') || ' #' || o.seat || ' ' || clinic.orphan_reason(o), ', ') from clinic.orphans() o), '03 #3 capacity_reached, 03 #4 capacity_reached', 'which orphans() lists too');
update clinic.appointment set status = 'cancelled' where provider_id = t.id('plain') and starts_at = t.at('00:00', 2) and seat = 1;
select is(t.set_day('plain', '2099-06-03', false), '03 00:00 #2 provider_absent, 03 00:00 #3 provider_absent, 03 00:00 #4 provider_absent', 'on a day that is closed all that stand, but none that is cancelled, and nobody else''s');
select is(t.set_day('plain', '2099-06-03', true, 4), 'none', 'opened again, they are covered');
insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, mode, status, hold_expires_at)
values (t.id('ada'), t.id('plain'), t.id('token'), t.at('09:00', 2), 'token', 'held', now());
select is((select min(seat) from clinic.appointment where status = 'held' and starts_at = t.at('00:00', 2)), 1, 'a hold takes the number that was given back');
select is(t.set_day('plain', '2099-06-03', false), '03 00:00 #2 provider_absent, 03 00:00 #3 provider_absent, 03 00:00 #4 provider_absent', 'but is not listed when it has expired');

update clinic.provider set hours = '24/7' where code = 'pair';
select t.book('ada', 'pair', t.at(clock, day)) from (values ('10:00', 1), ('10:00', 1), ('09:00', 1), ('09:15', 1), ('10:00', 2), ('10:00', 2)) x (clock, day);
select is(t.set_day('pair', '2099-06-02', seats => 1), '02 09:15 #2 capacity_reached, 02 10:00 #2 capacity_reached', 'of timed visits those on seats that are gone, by start');
select is(t.set_day('pair', '2099-06-02', false), '02 09:00 #1 provider_absent, 02 09:15 #2 provider_absent, 02 10:00 #1 provider_absent, 02 10:00 #2 provider_absent', 'or all, by start and seat');
select is(t.after('{}', $$select t.set_day('pair', '2099-06-03', false)$$), '03 10:00 #1 provider_absent, 03 10:00 #2 provider_absent', 'those of the day before, which is closed, are not this day''s');
update clinic.provider set seats = 1 where code = 'pair';
select is((select string_agg(to_char(o.starts_at at time zone 'Europe/Berlin', 'DD HH24:MI') || ' #' || o.seat || ' ' || clinic.orphan_reason(o), ', ') from clinic.orphans(t.id('pair'), tstzrange(t.at('00:00', 2), t.at('00:00', 3))) o), '03 10:00 #2 capacity_reached', 'a provider who has fewer seats leaves those above them to orphans()');
update clinic.provider set seats = 2 where code = 'pair';
insert into clinic.hours (resource_id, valid, weekly, seats) values (t.id('pair'), '[2099-06-03,2099-06-04)', '24/7', 1);
select is((select string_agg(o.seat || ' ' || clinic.orphan_reason(o), ', ') from clinic.orphans(t.id('pair'), tstzrange(t.at('00:00', 2), t.at('00:00', 3))) o), '2 capacity_reached', 'so does a rota with fewer');

-- a night is of the day on which it began
update clinic.provider set hours = 'Mo-Su 22:00-06:00' where code = 'grey';
select t.book('ada', 'grey', t.at(clock, day)) from (values ('03:00', 1), ('23:00', 1), ('03:00', 2), ('05:30', 2), ('22:00', 2)) x (clock, day);
select is(t.set_day('grey', '2099-06-02', false), '02 23:00 #1 provider_absent, 03 03:00 #1 provider_absent, 03 05:30 #1 provider_absent', 'closing a day closes the night that begins on it, and not the one before');
select is(t.set_day('grey', '2099-06-02', true), 'none', 'and opening it opens that night');
select is(clinic.provider_day(t.id(who), day, t.id('clinic')), tstzrange(t.at(a, n), t.at(b, m)), format('the day of %s', who)) from (values
  ('grey', date '2099-06-02', '00:00', 1, '06:00', 2), ('plain', '2099-06-02', '00:00', 1, '00:00', 2)) x (who, day, a, n, b, m);
update clinic.resource set timezone = 'America/Los_Angeles' where id = t.id('grey');
select is(clinic.provider_day(t.id('grey'), '2099-06-02', t.id('clinic')), tstzrange('2099-06-02 07:00Z', '2099-06-03 13:00Z'), 'days are the provider''s own');
select is(clinic.provider_day(t.id('house'), null, t.id('clinic')) @> now(), true, 'today is');

-- who may, and what is refused
select is(t.refusal(format('select clinic.set_day(%s)', arguments)), expected, arguments) from (values
  ('null, null', 'PT400 missing_argument'), ($$t.id('plain'), null, clinic_id => null$$, 'PT400 missing_argument'), ('clinic.uuid7(), null', 'PT404 not_found'), ($$t.id('room'), null$$, 'PT404 not_found'), ($$t.id('plain'), null, clinic_id => clinic.uuid7()$$, 'PT404 not_found'),
  ($$t.id('plain'), 'infinity'$$, 'PT400 invalid_time'), ($$t.id('plain'), '1899-12-31'$$, 'PT400 invalid_time'), ($$t.id('plain'), '9999-12-31'$$, 'not refused'), ($$t.id('plain'), null, seats => 0$$, '23514 day_capacity_seats_check')) x (arguments, expected);
select t.act_as('ada''s account');
select is(t.refusal($$select clinic.set_day(t.id('plain'), '2099-06-03', false)$$), 'PT403 staff_only', 'a patient''s account closes no day');
select isnt(t.days(0, 1), 'none', 'but sees which are open');
select t.act_as(null);
create role desk;
grant usage on schema clinic to desk;
grant execute on all functions in schema clinic to desk;
select is(t.refusal_of('desk', $$select clinic.token_days(t.id('plain'))$$), 'not refused', 'token_days needs no table');
select is(t.refusal_of('desk', $$select clinic.set_day(t.id('plain'), '2099-06-03', false)$$), '42501', 'set_day does');
grant select, insert, update on clinic.day_capacity to desk;
grant select on clinic.appointment, clinic.clinic to desk;
select is(t.refusal_of('desk', $$select clinic.set_day(t.id('plain'), '2099-06-03', false)$$), 'not refused', 'these');

select is_empty('select * from clinic.verify()', 'and every claim is what it should be');
select * from finish();
rollback;
