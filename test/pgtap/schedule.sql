begin;
select plan(36);
\ir include/fixture.psql
-- A wall-clock time of Berlin; the visits here may lie in the past of whoever runs this.
create function t.berlin(wall timestamp) returns timestamptz language sql as $$select $1 at time zone 'Europe/Berlin'$$;
create function t.plan_visit(provider text, starts_at timestamptz, reason text) returns void language sql
  as $$select clinic.book(t.id('ada'), t.id($1), t.id('half'), $2, reason => $3, override_reason => 'a test')$$;
create function t.day(day date, provider text default 'house') returns text language sql
  as $$select coalesce(string_agg(reason, ','), '-') from clinic.day_schedule(t.id($2), $1)$$;
create function t.week(day date, provider text default 'house') returns text language sql
  as $$select coalesce(string_agg(reason, ','), '-') from clinic.week_schedule(t.id($2), $1)$$;
create function t.month(day date, provider text default 'house') returns text language sql
  as $$select coalesce(string_agg(reason, ','), '-') from clinic.month_schedule(t.id($2), $1)$$;

-- 28 March 2027 has 23 hours in Berlin: 01:59 is followed by 03:00. It is a Sunday.
select t.plan_visit('house', starts_at, reason) from (values
  (t.berlin('2027-03-27 23:00'), 'sa 23:00'), (t.berlin('2027-03-28 00:00'), 'su 00:00'), (t.berlin('2027-03-28 01:30'), 'su 01:30'),
  (t.berlin('2027-03-28 03:00'), 'su 03:00'), (t.berlin('2027-03-28 23:30'), 'su 23:30'), (t.berlin('2027-03-29 00:00'), 'mo 00:00')) x(starts_at, reason) order by starts_at desc;
select is(t.day('2027-03-28'), 'su 00:00,su 01:30,su 03:00,su 23:30', 'a day of 23 hours is from midnight to midnight of the clinic, by start');
select is(t.day('2027-03-27'), 'sa 23:00', 'the day before has the others');
select is(t.day('2027-03-29'), 'mo 00:00', 'and the day after');
select is(t.week('2027-03-28'), 'sa 23:00,su 00:00,su 01:30,su 03:00,su 23:30', 'the week of a Sunday ends with it');
select is(t.week('2027-03-22'), t.week('2027-03-28'), 'and begins on the Monday before');
select is(t.week('2027-03-29'), 'mo 00:00', 'a week begins on Monday');
select is(t.week('2027-04-04'), 'mo 00:00', 'and ends on Sunday');
select is(t.week('2027-03-21'), '-', 'the week before is another');
select is(t.month('2027-03-01'), 'sa 23:00,su 00:00,su 01:30,su 03:00,su 23:30,mo 00:00', 'a month is the whole of it');
select is(t.month('2027-03-31'), t.month('2027-03-01'), 'whichever day of it is given');
select is(t.month('2027-04-01'), '-', 'and no more');

-- 31 October 2027 has 25 hours: 02:00 to 02:59 comes twice. It is a Sunday, and the month's last day.
select t.plan_visit('house', starts_at, reason) from (values
  (t.berlin('2027-10-31 00:00'), 'su 00:00'), ('2027-10-31 00:00+00'::timestamptz, 'su 02:00 first'), ('2027-10-31 01:00+00', 'su 02:00 second'),
  (t.berlin('2027-10-31 23:30'), 'su 23:30'), (t.berlin('2027-11-01 00:00'), 'mo 00:00')) x(starts_at, reason) order by starts_at desc;
select is(t.day('2027-10-31'), 'su 00:00,su 02:00 first,su 02:00 second,su 23:30', 'a day of 25 hours is from midnight to midnight of the clinic');
select is(t.day('2027-11-01'), 'mo 00:00', 'the last hour is not the next day''s');
select is(t.week('2027-10-31'), 'su 00:00,su 02:00 first,su 02:00 second,su 23:30', 'a week with 25 hours on Sunday is whole');
select is(t.month('2027-10-15'), 'su 00:00,su 02:00 first,su 02:00 second,su 23:30', 'so is its month');
select is(t.month('2027-11-30'), 'mo 00:00', 'and the next');

-- what belongs to a day
select t.plan_visit('house', t.at('23:45'), 'over midnight'), t.plan_visit('grey', t.at('09:00'), 'grey''s'), t.plan_visit('house', t.at('09:00'), 'house''s'), t.plan_visit('pair', t.at('09:00'), 'pair''s second'), t.plan_visit('pair', t.at('08:00'), 'pair''s first');
select is(t.day('2099-06-01'), 'house''s,over midnight', 'a day has the provider''s visits only');
select is(t.day('2099-06-02'), 'over midnight', 'a visit over midnight belongs to both days');
select is((select string_agg(reason, ',') from clinic.day_schedule(null, '2099-06-01') where reason like 'pair%'), 'pair''s first,pair''s second', 'with no provider it has everybody''s');
select is((select count(*) from clinic.day_schedule(null, '2099-06-01')), 5::bigint, 'all of them');
select is(t.day('2099-06-03'), '-', 'a day without visits is empty');
select is(t.day('2099-06-01', 'nobody'), '-', 'so is an unknown provider''s');
select is_empty($$select * from clinic.day_schedule(t.id('house'), '2099-06-01', t.id('nobody'))$$, 'and another clinic''s');
select clinic.cancel(id, 'well again') from clinic.appointment where reason = 'house''s';
select is(t.day('2099-06-01'), 'over midnight', 'a cancelled visit is on no day');
select t.plan_visit('house', t.at('10:00'), 'no show'), t.plan_visit('house', t.at('11:00'), 'done');
update clinic.appointment set status = 'no_show' where reason = 'no show';
update clinic.appointment set status = 'confirmed' where reason = 'done';
update clinic.appointment set status = 'in_progress' where reason = 'done';
update clinic.appointment set status = 'completed' where reason = 'done';
select alike(t.day('2099-06-01'), '%done%', 'a completed visit stays on its day');
select is((select array_agg((x.w).reason order by x.n) from (select w, row_number() over () as n from clinic.week_schedule(t.id('house'), '2099-06-07') w) x),
          (select array_agg(reason order by starts_at) from clinic.week_schedule(t.id('house'), '2099-06-01')), 'the rows come by start');

-- today
select t.plan_visit('grey', now(), 'now');
select alike(t.day(null, 'grey'), '%now%', 'without a day it is today in the clinic''s zone');
select alike(t.week(null, 'grey'), '%now%', 'or this week');
select alike(t.month(null, 'grey'), '%now%', 'or this month');

-- the clinic's zone, not the session's
set local timezone = 'Pacific/Auckland';
select is(t.day('2027-03-28'), 'su 00:00,su 01:30,su 03:00,su 23:30', 'the session''s zone is nothing to it');
set local timezone = 'America/Los_Angeles';
select is(t.week('2027-03-29'), 'mo 00:00', 'nor to a week');
select is(t.month('2027-11-01'), 'mo 00:00', 'nor to a month');

-- the free starts a refusal names on such a day
select t.call('gap', (clinic.create_clinic('Gap', 'Europe/Berlin')).id);
insert into clinic.provider (clinic_id, id, code, name, hours) values (t.id('gap'), t.call('gap doc', clinic.uuid7()), 'doc', 'Doc', '24/7');
insert into clinic.patient (clinic_id, id, name) values (t.id('gap'), t.call('gap pat', clinic.uuid7()), 'Pat Ient');
-- Sunday, 29 March 2099, and Sunday, 25 October 2099
create function t.gap_booking(starts_at timestamptz) returns text language sql
  as $$select format('select clinic.book(t.id(%L), t.id(%L), (select id from clinic.service s where s.clinic_id = t.id(%L) and code = %L), %L, clinic_id => t.id(%L))', 'gap pat', 'gap doc', 'gap', 'follow_up', $1, 'gap')$$;
do $$begin
  execute t.gap_booking(t.berlin('2099-03-29 01:00'));
  execute t.gap_booking('2099-10-25 00:00+00');
  execute t.gap_booking('2099-10-25 00:30+00');
  execute t.gap_booking('2099-10-25 01:00+00');
end$$;
select alike(t.words_of(t.gap_booking(t.berlin('2099-03-29 01:00'))), '%Free later that day: 01:30, 03:00, 03:30.%', 'a refusal names no start in the hour that clocks leave out');
select alike(t.words_of(t.gap_booking('2099-10-25 01:00+00')), '%Free later that day: 03:00, 03:30, 04:00.%', 'in the hour that comes twice it names the starts that are listed, the first of each');
do $$begin
  execute t.gap_booking('2099-10-25 01:30+00');
end$$;
select alike(t.words_of(t.gap_booking('2099-10-25 01:00+00')), '%Free later that day: 03:00, 03:30, 04:00.%', 'and none that is taken both times');

select is_empty('select * from clinic.verify(null)', 'and every claim is what it should be');
select * from finish();
rollback;
