-- Every example of RFC 5545 section 3.8.5.3, with the list that it gives, and of RFC 7529 section 4.3
-- those of the Gregorian calendar. Erratum 3883: UNTIL of the example with 3 hours is 5:00 PM in UTC.

begin;

create function pg_temp.new_york(variadic days text[]) returns timestamp[] language sql as
$$select array_agg(d::timestamp + case when d like '%:%' then interval '0' else interval '9 hours' end order by n)
  from unnest(days) with ordinality as _(d, n)$$;

-- What a rule gives from DTSTART, in local time, as many as the RFC lists.
create function pg_temp.gives(rule clinic.rrule, dtstart timestamp, listed int) returns timestamp[] language sql as
$$select array_agg(o at time zone 'America/New_York')
  from (select * from clinic.occurrences(rule, dtstart, 'America/New_York') as o limit listed) x$$;

-- As many days as there are in the list; an endless rule is listed as far as the RFC does.
create function pg_temp.example(name text, rule clinic.rrule, dtstart timestamp, variadic days text[]) returns text language sql as
$$select is(pg_temp.gives(rule, dtstart, case when rule::text ~ 'COUNT|UNTIL' then null else cardinality(days) end),
            pg_temp.new_york(variadic days), name)$$;

-- The days from one to another, as text.
create function pg_temp.days(from_day date, to_day date, step interval default '1 day') returns text[] language sql as
$$select array_agg(d::date::text order by d) from generate_series(from_day, to_day, step) d$$;

select * from no_plan();

select pg_temp.example('Daily for 10 occurrences', 'FREQ=DAILY;COUNT=10', '1997-09-02 09:00',
  variadic pg_temp.days('1997-09-02', '1997-09-11'));
select pg_temp.example('Daily until December 24, 1997', 'FREQ=DAILY;UNTIL=19971224T000000Z', '1997-09-02 09:00',
  variadic pg_temp.days('1997-09-02', '1997-12-23'));
select pg_temp.example('Every other day, forever', 'FREQ=DAILY;INTERVAL=2', '1997-09-02 09:00',
  variadic pg_temp.days('1997-09-02', '1997-12-03', '2 days'));
select pg_temp.example('Every 10 days, 5 occurrences', 'FREQ=DAILY;INTERVAL=10;COUNT=5', '1997-09-02 09:00',
  '1997-09-02', '1997-09-12', '1997-09-22', '1997-10-02', '1997-10-12');
select pg_temp.example('Every day in January, for 3 years (YEARLY)',
  'FREQ=YEARLY;UNTIL=20000131T140000Z;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA', '1998-01-01 09:00',
  variadic pg_temp.days('1998-01-01', '1998-01-31') || pg_temp.days('1999-01-01', '1999-01-31') || pg_temp.days('2000-01-01', '2000-01-31'));
select pg_temp.example('Every day in January, for 3 years (DAILY)',
  'FREQ=DAILY;UNTIL=20000131T140000Z;BYMONTH=1', '1998-01-01 09:00',
  variadic pg_temp.days('1998-01-01', '1998-01-31') || pg_temp.days('1999-01-01', '1999-01-31') || pg_temp.days('2000-01-01', '2000-01-31'));

select pg_temp.example('Weekly for 10 occurrences', 'FREQ=WEEKLY;COUNT=10', '1997-09-02 09:00',
  variadic pg_temp.days('1997-09-02', '1997-11-04', '7 days'));
select pg_temp.example('Weekly until December 24, 1997', 'FREQ=WEEKLY;UNTIL=19971224T000000Z', '1997-09-02 09:00',
  variadic pg_temp.days('1997-09-02', '1997-12-23', '7 days'));
select pg_temp.example('Every other week, forever', 'FREQ=WEEKLY;INTERVAL=2;WKST=SU', '1997-09-02 09:00',
  variadic pg_temp.days('1997-09-02', '1998-02-17', '14 days'));
select pg_temp.example('Weekly on Tuesday and Thursday for five weeks (UNTIL)',
  'FREQ=WEEKLY;UNTIL=19971007T000000Z;WKST=SU;BYDAY=TU,TH', '1997-09-02 09:00',
  '1997-09-02', '1997-09-04', '1997-09-09', '1997-09-11', '1997-09-16', '1997-09-18', '1997-09-23', '1997-09-25', '1997-09-30', '1997-10-02');
select pg_temp.example('Weekly on Tuesday and Thursday for five weeks (COUNT)',
  'FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH', '1997-09-02 09:00',
  '1997-09-02', '1997-09-04', '1997-09-09', '1997-09-11', '1997-09-16', '1997-09-18', '1997-09-23', '1997-09-25', '1997-09-30', '1997-10-02');
select pg_temp.example('Every other week on Monday, Wednesday, and Friday until December 24, 1997',
  'FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR', '1997-09-01 09:00',
  '1997-09-01', '1997-09-03', '1997-09-05', '1997-09-15', '1997-09-17', '1997-09-19', '1997-09-29', '1997-10-01', '1997-10-03',
  '1997-10-13', '1997-10-15', '1997-10-17', '1997-10-27', '1997-10-29', '1997-10-31', '1997-11-10', '1997-11-12', '1997-11-14',
  '1997-11-24', '1997-11-26', '1997-11-28', '1997-12-08', '1997-12-10', '1997-12-12', '1997-12-22');
select pg_temp.example('Every other week on Tuesday and Thursday, for 8 occurrences',
  'FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH', '1997-09-02 09:00',
  '1997-09-02', '1997-09-04', '1997-09-16', '1997-09-18', '1997-09-30', '1997-10-02', '1997-10-14', '1997-10-16');

select pg_temp.example('Monthly on the first Friday for 10 occurrences', 'FREQ=MONTHLY;COUNT=10;BYDAY=1FR', '1997-09-05 09:00',
  '1997-09-05', '1997-10-03', '1997-11-07', '1997-12-05', '1998-01-02', '1998-02-06', '1998-03-06', '1998-04-03', '1998-05-01', '1998-06-05');
select pg_temp.example('Monthly on the first Friday until December 24, 1997', 'FREQ=MONTHLY;UNTIL=19971224T000000Z;BYDAY=1FR', '1997-09-05 09:00',
  '1997-09-05', '1997-10-03', '1997-11-07', '1997-12-05');
select pg_temp.example('Every other month on the first and last Sunday of the month for 10 occurrences',
  'FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU', '1997-09-07 09:00',
  '1997-09-07', '1997-09-28', '1997-11-02', '1997-11-30', '1998-01-04', '1998-01-25', '1998-03-01', '1998-03-29', '1998-05-03', '1998-05-31');
select pg_temp.example('Monthly on the second-to-last Monday of the month for 6 months', 'FREQ=MONTHLY;COUNT=6;BYDAY=-2MO', '1997-09-22 09:00',
  '1997-09-22', '1997-10-20', '1997-11-17', '1997-12-22', '1998-01-19', '1998-02-16');
select pg_temp.example('Monthly on the third-to-the-last day of the month, forever', 'FREQ=MONTHLY;BYMONTHDAY=-3', '1997-09-28 09:00',
  '1997-09-28', '1997-10-29', '1997-11-28', '1997-12-29', '1998-01-29', '1998-02-26');
select pg_temp.example('Monthly on the 2nd and 15th of the month for 10 occurrences', 'FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15', '1997-09-02 09:00',
  '1997-09-02', '1997-09-15', '1997-10-02', '1997-10-15', '1997-11-02', '1997-11-15', '1997-12-02', '1997-12-15', '1998-01-02', '1998-01-15');
select pg_temp.example('Monthly on the first and last day of the month for 10 occurrences', 'FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1', '1997-09-30 09:00',
  '1997-09-30', '1997-10-01', '1997-10-31', '1997-11-01', '1997-11-30', '1997-12-01', '1997-12-31', '1998-01-01', '1998-01-31', '1998-02-01');
select pg_temp.example('Every 18 months on the 10th thru 15th of the month for 10 occurrences',
  'FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15', '1997-09-10 09:00',
  '1997-09-10', '1997-09-11', '1997-09-12', '1997-09-13', '1997-09-14', '1997-09-15', '1999-03-10', '1999-03-11', '1999-03-12', '1999-03-13');
select pg_temp.example('Every Tuesday, every other month', 'FREQ=MONTHLY;INTERVAL=2;BYDAY=TU', '1997-09-02 09:00',
  '1997-09-02', '1997-09-09', '1997-09-16', '1997-09-23', '1997-09-30', '1997-11-04', '1997-11-11', '1997-11-18', '1997-11-25',
  '1998-01-06', '1998-01-13', '1998-01-20', '1998-01-27', '1998-03-03', '1998-03-10', '1998-03-17', '1998-03-24', '1998-03-31');

select pg_temp.example('Yearly in June and July for 10 occurrences', 'FREQ=YEARLY;COUNT=10;BYMONTH=6,7', '1997-06-10 09:00',
  '1997-06-10', '1997-07-10', '1998-06-10', '1998-07-10', '1999-06-10', '1999-07-10', '2000-06-10', '2000-07-10', '2001-06-10', '2001-07-10');
select pg_temp.example('Every other year on January, February, and March for 10 occurrences',
  'FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3', '1997-03-10 09:00',
  '1997-03-10', '1999-01-10', '1999-02-10', '1999-03-10', '2001-01-10', '2001-02-10', '2001-03-10', '2003-01-10', '2003-02-10', '2003-03-10');
select pg_temp.example('Every third year on the 1st, 100th, and 200th day for 10 occurrences',
  'FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200', '1997-01-01 09:00',
  '1997-01-01', '1997-04-10', '1997-07-19', '2000-01-01', '2000-04-09', '2000-07-18', '2003-01-01', '2003-04-10', '2003-07-19', '2006-01-01');
select pg_temp.example('Every 20th Monday of the year, forever', 'FREQ=YEARLY;BYDAY=20MO', '1997-05-19 09:00',
  '1997-05-19', '1998-05-18', '1999-05-17');
select pg_temp.example('Monday of week number 20 (where the default start of the week is Monday), forever',
  'FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO', '1997-05-12 09:00', '1997-05-12', '1998-05-11', '1999-05-17');
select pg_temp.example('Every Thursday in March, forever', 'FREQ=YEARLY;BYMONTH=3;BYDAY=TH', '1997-03-13 09:00',
  '1997-03-13', '1997-03-20', '1997-03-27', '1998-03-05', '1998-03-12', '1998-03-19', '1998-03-26', '1999-03-04', '1999-03-11', '1999-03-18', '1999-03-25');
select pg_temp.example('Every Thursday, but only during June, July, and August, forever', 'FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8', '1997-06-05 09:00',
  variadic pg_temp.days('1997-06-05', '1997-08-28', '7 days') || pg_temp.days('1998-06-04', '1998-08-27', '7 days') || pg_temp.days('1999-06-03', '1999-08-26', '7 days'));
select is(array_agg(o at time zone 'America/New_York' order by o),
  pg_temp.new_york('1998-02-13', '1998-03-13', '1998-11-13', '1999-08-13', '2000-10-13'), 'Every Friday the 13th, forever, without DTSTART by EXDATE')
from (select * from clinic.occurrences('FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13', '1997-09-02 09:00', 'America/New_York',
                                       exdates => array[timestamptz '1997-09-02 09:00 America/New_York'], include_dtstart => true) as o limit 5) x;
select pg_temp.example('The first Saturday that follows the first Sunday of the month, forever',
  'FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13', '1997-09-13 09:00',
  '1997-09-13', '1997-10-11', '1997-11-08', '1997-12-13', '1998-01-10', '1998-02-07', '1998-03-07', '1998-04-11', '1998-05-09', '1998-06-13');
select pg_temp.example('Every 4 years, the first Tuesday after a Monday in November, forever (U.S. Presidential Election day)',
  'FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8', '1996-11-05 09:00',
  '1996-11-05', '2000-11-07', '2004-11-02');
select pg_temp.example('The third instance into the month of one of Tuesday, Wednesday, or Thursday, for the next 3 months',
  'FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3', '1997-09-04 09:00', '1997-09-04', '1997-10-07', '1997-11-06');
select pg_temp.example('The second-to-last weekday of the month', 'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2', '1997-09-29 09:00',
  '1997-09-29', '1997-10-30', '1997-11-27', '1997-12-30', '1998-01-29', '1998-02-26', '1998-03-30');

select pg_temp.example('Every 3 hours from 9:00 AM to 5:00 PM on a specific day (erratum 3883)', 'FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T210000Z', '1997-09-02 09:00',
  '1997-09-02 09:00', '1997-09-02 12:00', '1997-09-02 15:00');
select pg_temp.example('Every 15 minutes for 6 occurrences', 'FREQ=MINUTELY;INTERVAL=15;COUNT=6', '1997-09-02 09:00',
  '1997-09-02 09:00', '1997-09-02 09:15', '1997-09-02 09:30', '1997-09-02 09:45', '1997-09-02 10:00', '1997-09-02 10:15');
select pg_temp.example('Every hour and a half for 4 occurrences', 'FREQ=MINUTELY;INTERVAL=90;COUNT=4', '1997-09-02 09:00',
  '1997-09-02 09:00', '1997-09-02 10:30', '1997-09-02 12:00', '1997-09-02 13:30');
select is(pg_temp.gives(rule, '1997-09-02 09:00', 100), expected, 'Every 20 minutes from 9:00 AM to 4:40 PM every day: ' || text)
from (values ('FREQ=DAILY;BYHOUR=9,10,11,12,13,14,15,16;BYMINUTE=0,20,40'), ('FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10,11,12,13,14,15,16')) r(text),
  cast(text as clinic.rrule) rule,
  lateral (select array_agg(o order by o) as expected
           from (select d + make_interval(mins => m) as o
                 from generate_series(timestamp '1997-09-02', '1997-09-06', '1 day') d, generate_series(9 * 60, 16 * 60 + 40, 20) m
                 order by 1 limit 100) x) e;

select pg_temp.example('Weeks begin on Monday', 'FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO', '1997-08-05 09:00',
  '1997-08-05', '1997-08-10', '1997-08-19', '1997-08-24');
select pg_temp.example('changing only WKST from MO to SU yields different results', 'FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU', '1997-08-05 09:00',
  '1997-08-05', '1997-08-17', '1997-08-19', '1997-08-31');
select pg_temp.example('An invalid date (February 30) is ignored', 'FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5', '2007-01-15 09:00',
  '2007-01-15', '2007-01-30', '2007-02-15', '2007-03-15', '2007-03-30');

-- RFC 7529 section 4.3 and the examples of section 1
select pg_temp.example('the 31st of each month, where it is', 'FREQ=MONTHLY;COUNT=4', '2014-01-31 09:00',
  '2014-01-31', '2014-03-31', '2014-05-31', '2014-07-31');
select pg_temp.example('or else the last day', 'RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD;COUNT=4', '2014-01-31 09:00',
  '2014-01-31', '2014-02-28', '2014-03-31', '2014-04-30');
select pg_temp.example('or else the day after', 'RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=FORWARD;COUNT=4', '2014-01-31 09:00',
  '2014-01-31', '2014-03-01', '2014-03-31', '2014-05-01');
select pg_temp.example('a leap day, or else 1 March', 'RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=FORWARD', '2012-02-29 09:00',
  '2012-02-29', '2013-03-01', '2014-03-01', '2015-03-01', '2016-02-29', '2017-03-01');

select * from finish();
rollback;
