-- When resources are free and busy, and how much of their open time is booked.
begin;
select plan(34);
\ir include/fixture.psql

-- Ranges on the clinic's wall clock.
create function t.clock(ranges tstzmultirange) returns text language sql as $$
  select coalesce(string_agg(to_char(lower(r) at time zone 'Europe/Berlin', 'HH24:MI') || '-' || to_char(upper(r) at time zone 'Europe/Berlin', 'HH24:MI'), ',' order by r), 'never')
  from unnest(ranges) r$$;
create function t.free_busy(resource text, first text default '08:00', until text default '12:00') returns text language sql as $$
  select concat('busy ', t.clock(f.busy), ' free ', t.clock(f.free)) from clinic.free_busy(array[t.id($1)], tstzrange(t.at($2), t.at($3))) f$$;
-- Open and booked minutes of a day, or of more.
create function t.used(resource text, days int default 0, until int default null) returns text language sql as $$
  select string_agg(u.booked_minutes || '/' || u.open_minutes, ', ' order by u.day)
  from clinic.utilisation(tstzrange(t.at('00:00', $2), t.at('00:00', coalesce($3, $2) + 1)), array[t.id($1)]) u$$;

update clinic.resource set hours = 'Mo-Fr 08:00-12:00' where id in (t.id('grey'), t.id('pair'), t.id('room'));
select is(t.free_busy('grey'), 'busy never free 08:00-12:00', 'who has no visits is free');
select is(t.free_busy('grey', '06:00', '09:00'), 'busy never free 08:00-09:00', 'while open');
select t.book('ada', 'grey', t.at('09:00'));
select t.book('bob', 'grey', t.at('10:30'), 'buffered');
select is(t.free_busy('grey'), 'busy 09:00-09:30,10:20-11:05 free 08:00-09:00,09:30-10:20,11:05-12:00', 'visits and their buffers are busy');
select is(t.free_busy('grey', '09:15', '10:00'), 'busy 09:15-09:30 free 09:30-10:00', 'as far as they are asked about');
insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, override_reason) values (t.id('cleo'), t.id('grey'), t.id('half'), t.at('13:00'), 'asked for');
select is(t.free_busy('grey', '12:00', '15:00'), 'busy 13:00-13:30 free never', 'also where nobody is open');
select t.book('ada', 'pair', t.at('08:00'), 'hour'), t.book('bob', 'pair', t.at('08:30'));
select is(t.free_busy('pair'), 'busy 08:30-09:00 free 08:00-08:30,09:00-12:00', 'who has a seat left is not busy');
insert into clinic.closure (resource_id, during) values (t.id('grey'), tstzrange(t.at('08:00'), t.at('09:15')));
select is(t.free_busy('grey', '08:00', '10:00'), 'busy 09:00-09:30 free 09:30-10:00', 'a closure is neither');
delete from clinic.closure;
select t.call('hold', (clinic.book(t.id('cleo'), t.id('grey'), t.id('half'), t.at('08:00'), hold_for => '1 hour')).id);
select is(t.free_busy('grey', '08:00', '09:00'), 'busy 08:00-08:30 free 08:30-09:00', 'a hold is busy');
update clinic.appointment set hold_expires_at = now() - interval '1 second' where id = t.id('hold');
select is(t.free_busy('grey', '08:00', '09:00'), 'busy never free 08:00-09:00', 'until it expires');
select clinic.book(t.id('cleo'), t.id('house'), t.id('half'), t.at('11:00'), resource_ids => array[t.id('room')]);
select is(t.free_busy('room'), 'busy 11:00-11:30 free 08:00-11:00,11:30-12:00', 'rooms are asked about alike');
select is((select string_agg(x.name, ', ' order by f.n) from clinic.free_busy(array[t.id('room'), t.id('grey'), t.id('room')], '[2099-06-01,2099-06-02)') with ordinality f (resource_id, busy, free, n) join t.thing x on x.id = f.resource_id), 'room, grey', 'a row for each, as they are named');
select is((select count(*) from clinic.free_busy('{}', '[2099-06-01,2099-06-02)')), 0::bigint, 'nobody, no row');
select is((select concat(f.busy, f.free) from clinic.free_busy(array[t.id('grey')], 'empty') f), '{}{}', 'in no time, nothing is either');
select is((select count(*) from clinic.resource r, clinic.free_busy(array[r.id], tstzrange(t.at('00:00', -3), t.at('00:00', 9))) f where f.free <> clinic.free_time(r.id, tstzrange(t.at('00:00', -3), t.at('00:00', 9))) or not f.busy * f.free = '{}'), 0::bigint, 'what is free is the free time, and not busy');

select is(t.used('grey'), '75/240', 'of four hours, the visits and their buffers are booked; not what lies outside');
select is(t.used('grey', 0, 6), '75/240, 0/240, 0/240, 0/240, 0/240, 0/0, 0/0', 'day by day');
select is(t.used('pair'), '90/480', 'seats count one by one');
select is(t.used('room'), '30/240', 'rooms too');
update clinic.resource set seats = 1 where id = t.id('pair');
select is(t.used('pair'), '60/240', 'a seat that is gone is not open, and what is on it not booked');
update clinic.resource set seats = 2 where id = t.id('pair');
insert into clinic.day_capacity (resource_id, day, seats) values (t.id('pair'), '2099-06-02', 5);
select is(t.used('pair', 1), '0/1200', 'a day may have more seats');
insert into clinic.closure (during) values (tstzrange(t.at('08:30'), t.at('09:15')));
select is(t.used('grey'), '60/195', 'a closure is not open');
delete from clinic.closure;
insert into clinic.service (code, name, duration, mode) values ('token', 'A token', '15 min', 'token');
insert into clinic.hours (resource_id, valid, weekly, mode, seats) values (t.id('trio'), '[2099-06-02,2099-06-03)', 'Tu 09:00-12:00', 'token', 4);
select clinic.book_token(t.id('ada'), t.id('trio'), '2099-06-02', (select id from clinic.service where code = 'token'));
select is(t.used('trio', 1), '180/720', 'a token takes a seat of its day');
update clinic.resource set hours = 'We 22:00-02:00' where id = t.id('grey');
select is(t.used('grey', 2, 3), '0/120, 0/120', 'a night is cut at midnight');
select is((select sum(open_minutes) from clinic.utilisation(tstzrange(t.at('23:00', 2), t.at('01:30', 3)), array[t.id('grey')])), 150::bigint, 'and where it is not asked about');
select is((select string_agg(distinct x.name, ', ' order by x.name) from clinic.utilisation('[2099-06-01,2099-06-02)') u join t.thing x on x.id = u.resource_id), 'grey, house, laser, pair, room, theatre, trio', 'if nobody is named, it is of all');
update clinic.resource set is_active = false where id = t.id('laser');
select is((select count(*) from clinic.utilisation('[2099-06-01Z,2099-06-01 12:00Z)')), 6::bigint, 'who are active');
select is((select count(*) from clinic.utilisation('[2099-06-01Z,2099-06-01 12:00Z)', array[t.id('laser')])), 1::bigint, 'unless they are named');
select is((select count(*) from clinic.utilisation('empty')), 0::bigint, 'in no time, no rows');

select is(t.refusal(statement), expected, statement) from (values
  ('select * from clinic.free_busy(null, ''[2099-06-01,2099-06-02)'')', 'PT400 missing_argument'),
  ('select * from clinic.free_busy(''{null}'', ''[2099-06-01,2099-06-02)'')', 'PT400 missing_argument'),
  ('select * from clinic.free_busy(array[t.id(''nobody'')], ''[2099-06-01,2099-06-02)'')', 'PT404 not_found'),
  ('select * from clinic.free_busy(array[t.id(''grey'')], ''[2099-06-01,)'')', 'PT400 invalid_time'),
  ('select * from clinic.utilisation(null)', 'PT400 missing_argument'),
  ('select * from clinic.utilisation(''[2099-06-01,2099-06-02)'', array[t.id(''nobody'')])', 'PT404 not_found')) r (statement, expected);

select * from finish();
rollback;
