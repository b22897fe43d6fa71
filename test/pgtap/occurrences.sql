-- The occurrences of a rule: the SQL functions, clocks that change, and what is refused.

begin;
set local timezone = 'UTC';
select * from no_plan();

-- Lists as text in the zone's own time, the zone's offset after it.
create function pg_temp.shown(zone text, instants timestamptz[]) returns text language sql as
$$select string_agg(to_char(o at time zone zone, 'MM-DD HH24:MI') || to_char(extract(epoch from o at time zone zone - o at time zone 'UTC') / 3600, 'SG00'), ', ' order by n)
  from unnest(instants) with ordinality _(o, n)$$;
create function pg_temp.gives(zone text, rule clinic.rrule, dtstart timestamp, listed int) returns text language sql as
$$select pg_temp.shown(zone, array(select * from clinic.occurrences(rule, dtstart, zone) limit listed))$$;
create function pg_temp.local(rule clinic.rrule, dtstart timestamp, listed int) returns text language sql as
$$select string_agg(to_char(o, 'YYYY-MM-DD HH24:MI'), ', ') from (select * from clinic.occurrences(rule, dtstart) as o limit listed) x$$;

-- Clocks

select is(pg_temp.gives('Europe/Berlin', 'FREQ=WEEKLY', '2026-03-23 09:00', 3), '03-23 09:00+01, 03-30 09:00+02, 04-06 09:00+02',
  'a weekly visit stays at 09:00');
select is(pg_temp.gives('Europe/Berlin', 'FREQ=DAILY', '2026-03-28 02:30', 3), '03-28 02:30+01, 03-29 03:30+02, 03-30 02:30+02',
  'a time that is skipped is an hour later, once, and counts');
select is(pg_temp.gives('Europe/Berlin', 'FREQ=DAILY', '2026-10-24 02:30', 3), '10-24 02:30+02, 10-25 02:30+02, 10-26 02:30+01',
  'a time that is shown twice is the first');
select is(pg_temp.gives('Europe/Berlin', 'FREQ=DAILY;BYHOUR=2,3', '2026-03-28 02:30', 5),
  '03-28 02:30+01, 03-28 03:30+01, 03-29 03:30+02, 03-30 02:30+02, 03-30 03:30+02', 'what is moved onto another is one with it');
select is(pg_temp.gives('Europe/Berlin', 'FREQ=MINUTELY;INTERVAL=15', '2026-03-29 01:45', 7),
  '03-29 01:45+01, 03-29 03:00+02, 03-29 03:15+02, 03-29 03:30+02, 03-29 03:45+02, 03-29 04:00+02, 03-29 04:15+02', 'what is moved past others comes in order');
select is(pg_temp.gives('Europe/Berlin', 'FREQ=DAILY;BYHOUR=2,3;BYMINUTE=45,0', '2026-03-29 00:00', 4),
  '03-29 03:00+02, 03-29 03:45+02, 03-30 02:00+02, 03-30 02:45+02', 'and once');
select is(pg_temp.gives('Europe/Berlin', 'FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU', '2026-03-29 02:30', 3), '03-29 03:30+02, 03-28 03:30+02, 03-26 03:30+02',
  'a rule of nothing but times that are skipped');
select is(pg_temp.gives('Australia/Lord_Howe', 'FREQ=DAILY', '2026-10-03 02:15', 3), '10-03 02:15+11, 10-04 02:45+11, 10-05 02:15+11',
  'half an hour, on Lord Howe Island');
select is(pg_temp.gives('Pacific/Apia', 'FREQ=DAILY', '2011-12-28 09:00', 4), '12-28 09:00-10, 12-29 09:00-10, 12-31 09:00+14, 01-01 09:00+14',
  'Apia left out a day, and its visit is that of the next');
select is(pg_temp.gives('America/Sao_Paulo', 'FREQ=DAILY', '2018-11-03 00:00', 3), '11-03 00:00-03, 11-04 01:00-02, 11-05 00:00-02',
  'a day without a midnight');
select is(array(select * from clinic.occurrences('FREQ=DAILY', '1970-01-01 02:30', 'Europe/Berlin', '[2026-03-29 01:00Z, 2026-03-29 01:30Z]')),
  array[timestamptz '2026-03-29 01:30Z'], 'a window after the change has what is moved into it');
select is(array(select * from clinic.occurrences('FREQ=HOURLY', '1970-01-01 02:30', 'Europe/Berlin', '[2026-03-29 01:00Z, 2026-03-29 01:30Z]')),
  array[timestamptz '2026-03-29 01:30Z'], 'and once');
select is(array(select * from clinic.occurrences('FREQ=MINUTELY;INTERVAL=30', '1970-01-01 02:30', 'Europe/Berlin', '[2026-10-25 00:30Z, 2026-10-25 02:30Z)')),
  array[timestamptz '2026-10-25 00:30Z', '2026-10-25 02:00Z'], 'a window in the hour that is shown again has nothing of it');

-- Dates

select is(pg_temp.local('FREQ=MONTHLY', '2026-01-31 09:00', 3), '2026-01-31 09:00, 2026-03-31 09:00, 2026-05-31 09:00', 'a date that is not there is left out');
select is(pg_temp.local('FREQ=YEARLY;BYMONTHDAY=13', '2026-11-01 09:00', 3), '2026-11-13 09:00, 2026-12-13 09:00, 2027-01-13 09:00',
  'YEARLY with BYMONTHDAY is every month');
select is(pg_temp.local('FREQ=YEARLY;BYWEEKNO=1', '2025-12-01 09:00', 8),
  '2025-12-29 09:00, 2025-12-30 09:00, 2025-12-31 09:00, 2026-01-01 09:00, 2026-01-02 09:00, 2026-01-03 09:00, 2026-01-04 09:00, 2027-01-04 09:00',
  'BYWEEKNO alone is all days of the week, over the end of the year');
select is(pg_temp.local('FREQ=MONTHLY;BYDAY=MO,2TU', '2026-01-01 09:00', 6),
  '2026-01-05 09:00, 2026-01-12 09:00, 2026-01-13 09:00, 2026-01-19 09:00, 2026-01-26 09:00, 2026-02-02 09:00', 'BYDAY is a union');
select is(pg_temp.local('FREQ=YEARLY;BYMONTH=1,6;BYDAY=1MO,-1SU;BYHOUR=8,12;BYSETPOS=-1', '2026-01-01 09:00', 3),
  '2026-06-28 12:00, 2027-06-27 12:00, 2028-06-25 12:00', 'BYSETPOS counts after BYHOUR');
select is(pg_temp.local('FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=2', '2026-01-08 09:00', 2), '2026-01-14 09:00, 2026-01-21 09:00',
  'BYSETPOS counts over the whole first week');
select is(pg_temp.local('FREQ=DAILY;BYSECOND=60', '2026-01-01 09:00', 1), '2026-01-01 09:00', 'a leap second is the second before');
select is(clinic.occurrences('FREQ=DAILY;BYSECOND=60;COUNT=1', '2026-01-01 09:00'), timestamp '2026-01-01 09:00:59', 'second 59');
select is(pg_temp.local('FREQ=MONTHLY;BYMONTHDAY=1,31;RSCALE=GREGORIAN;SKIP=FORWARD', '2026-02-01 09:00', 4),
  '2026-02-01 09:00, 2026-03-01 09:00, 2026-03-31 09:00, 2026-04-01 09:00', 'what SKIP moves onto another is one with it');
select is(array(select * from clinic.occurrences('FREQ=DAILY;COUNT=2', '2026-01-01 09:00:00.25')),
  array[timestamp '2026-01-01 09:00:00.25', '2026-01-02 09:00:00.25'], 'a fraction of a second stays');

-- The beginning and the end

select is(pg_temp.local('FREQ=WEEKLY;BYDAY=TH;COUNT=2', '2026-01-05 09:00', 5), '2026-01-08 09:00, 2026-01-15 09:00', 'a DTSTART that does not match is no occurrence');
select is(array(select o at time zone 'UTC' from clinic.occurrences('FREQ=WEEKLY;BYDAY=TH;COUNT=2', '2026-01-05 09:00', 'UTC', include_dtstart => true) o),
  array[timestamp '2026-01-05 09:00', '2026-01-08 09:00'], 'but with include_dtstart, and then it is counted');
select is(array(select o at time zone 'UTC' from clinic.occurrences('FREQ=WEEKLY;COUNT=2', '2026-01-05 09:00', 'UTC', include_dtstart => true) o),
  array[timestamp '2026-01-05 09:00', '2026-01-12 09:00'], 'one that matches is there anyway');
select is(clinic.next_occurrence('FREQ=WEEKLY;BYDAY=TH', '2026-01-05 09:00', 'UTC', '2026-01-01', true), '2026-01-05 09:00Z', 'next_occurrence() can include it');
select is(clinic.previous_occurrence('FREQ=WEEKLY;BYDAY=TH', '2026-01-05 09:00', 'UTC', '2026-01-06', true), '2026-01-05 09:00Z', 'previous_occurrence() can');
select is(clinic.occurrence_count('FREQ=WEEKLY;BYDAY=TH;UNTIL=20260115', '2026-01-05 09:00', include_dtstart => true), 3::bigint, 'occurrence_count() can');
select is(clinic.recurrence_bounds('FREQ=WEEKLY;BYDAY=TH;COUNT=1', '2026-01-05 09:00', 'UTC', include_dtstart => true), '[2026-01-05 09:00Z, 2026-01-05 09:00Z]', 'recurrence_bounds() can');
select is(pg_temp.gives('Europe/Berlin', 'FREQ=DAILY;UNTIL=20260103', '2026-01-01 23:30', 9), '01-01 23:30+01, 01-02 23:30+01, 01-03 23:30+01', 'UNTIL as a date is all of that day');
select is(pg_temp.gives('Europe/Berlin', 'FREQ=DAILY;UNTIL=20260103T233000', '2026-01-01 23:30', 9), '01-01 23:30+01, 01-02 23:30+01, 01-03 23:30+01', 'as a local time it is one of DTSTART''s zone, included');
select is(pg_temp.gives('Europe/Berlin', 'FREQ=DAILY;UNTIL=20260103T222959Z', '2026-01-01 23:30', 9), '01-01 23:30+01, 01-02 23:30+01', 'in UTC it is an instant');
select is(pg_temp.gives('Europe/Berlin', 'FREQ=DAILY;UNTIL=20260329T012959Z', '2026-03-28 02:30', 9), '03-28 02:30+01', 'also where a time is moved');
select is(pg_temp.gives('Europe/Berlin', 'FREQ=DAILY;UNTIL=20260329T030000', '2026-03-28 02:30', 9), '03-28 02:30+01, 03-29 03:30+02', 'a local one is compared with the time that was meant');
select is(pg_temp.local('FREQ=DAILY;UNTIL=20260102T090000Z', '2026-01-01 09:00', 9), '2026-01-01 09:00, 2026-01-02 09:00', 'without a zone, UTC is taken for local time');
select is(pg_temp.local('FREQ=DAILY;UNTIL=20251231', '2026-01-01 09:00', 9), null, 'UNTIL before DTSTART leaves nothing');
select is(array(select o at time zone 'UTC' from clinic.occurrences('FREQ=DAILY;COUNT=3', '2026-01-01 09:00', 'UTC', exdates => array['2026-01-02 09:00Z', '2026-01-02 09:01Z', null]::timestamptz[],
                                          rdates => array['2026-01-02 17:00Z', '2025-12-31 09:00Z', '2026-01-03 09:00Z']::timestamptz[]) o),
  array[timestamp '2025-12-31 09:00', '2026-01-01 09:00', '2026-01-02 17:00', '2026-01-03 09:00'], 'COUNT counts before EXDATE, and RDATE comes on top, each once');
select is(array(select o at time zone 'UTC' from clinic.occurrences('FREQ=DAILY;COUNT=3', '2026-01-01 09:00', 'UTC', '[2026-01-02 09:00Z, 2026-01-03 09:00Z)',
                                          exdates => array['2026-01-02 17:00Z']::timestamptz[], rdates => array['2026-01-02 17:00Z', '2026-01-02 16:00Z', '2026-01-03 09:00Z']::timestamptz[]) o),
  array[timestamp '2026-01-02 09:00', '2026-01-02 16:00'], 'an EXDATE takes out an RDATE too, and the window both');

-- Windows

select is((select count(*) from clinic.occurrences('FREQ=DAILY', '2026-01-01 09:00', 'UTC', during)), expected, 'during ' || during)
from (values ('(2026-01-01 09:00Z, 2026-01-03 09:00Z]'::tstzrange, 2::bigint), ('[2026-01-01 09:00Z, 2026-01-03 09:00Z)', 2), ('(,2026-01-02]', 1), ('(-infinity,2026-01-02]', 1),
             ('empty', 0), ('(,2025-12-31)', 0), ('[9999-12-30,)', 2), ('[9999-12-30,infinity]', 2), ('[12000-01-01,)', 0)) w(during, expected);
select is((select count(*) from clinic.occurrences('FREQ=DAILY', '2026-01-01 09:00', during)), expected, 'floating, during ' || during)
from (values ('(2026-01-01 09:00, 2026-01-03 09:00]'::tsrange, 2::bigint), ('[2026-01-01 09:00, 2026-01-03 09:00)', 2), ('(,2026-01-02]', 1), ('(-infinity,2026-01-02]', 1),
             ('empty', 0), ('(,2025-12-31)', 0), ('[9999-12-30,)', 2), ('[9999-12-30,infinity]', 2), ('[12000-01-01,)', 0), ('[0044-03-15 BC,2026-01-02]', 1)) w(during, expected);
select is((select count(*) from (select from clinic.occurrences('FREQ=SECONDLY', '0001-01-01', 'Europe/Berlin') limit 5) x), 5::bigint, 'a rule without an end stops at LIMIT, from the first year');
select is(array(select * from clinic.occurrences('FREQ=YEARLY', '9998-12-31 23:59:59', 'UTC')), array[timestamptz '9998-12-31 23:59:59Z', '9999-12-31 23:59:59Z'],
  'occurrences end with the year 9999');
select is((select count(*) from (select clinic.occurrences('FREQ=DAILY', '2026-01-01 09:00', 'UTC') limit 3) x), 3::bigint, 'in a select list too');
select is((select array_agg(o) from (values ('FREQ=DAILY;COUNT=1'::clinic.rrule, 'UTC'), (null, 'UTC'), ('FREQ=DAILY;COUNT=2', null)) r(rule, zone),
             clinic.occurrences(rule, '2026-01-01 09:00', zone) o), array[timestamptz '2026-01-01 09:00Z'], 'of null there is nothing');

-- Single values

select is(clinic.next_occurrence('FREQ=DAILY', '2026-01-01 09:00', 'UTC', at), expected, 'next after ' || at)
from (values (timestamptz '2026-01-01 09:00Z', timestamptz '2026-01-02 09:00Z'), ('2026-01-01 08:59Z', '2026-01-01 09:00Z'), ('-infinity', '2026-01-01 09:00Z'), ('infinity', null), ('9999-12-31 09:00Z', null)) x(at, expected);
select is(clinic.previous_occurrence('FREQ=DAILY;COUNT=3', '2026-01-01 09:00', 'UTC', at), expected, 'previous before ' || at)
from (values (timestamptz '2026-01-01 09:00Z', null::timestamptz), ('2026-01-01 09:01Z', '2026-01-01 09:00Z'), ('infinity', '2026-01-03 09:00Z'), ('-infinity', null), ('2026-01-03 09:00Z', '2026-01-02 09:00Z')) x(at, expected);
select is(clinic.previous_occurrence('FREQ=DAILY', '1970-01-01 02:30', 'Europe/Berlin', '2026-03-29 01:30Z'), '2026-03-28 01:30Z', 'the time before one that was moved');
select is(clinic.previous_occurrence('FREQ=DAILY', '1970-01-01 02:30', 'Europe/Berlin', '2026-03-29 01:31Z'), '2026-03-29 01:30Z', 'and that one');
select is(clinic.occurrence_count(rule, '2026-01-31 09:00'), expected, 'count of ' || rule::text)
from (values ('FREQ=DAILY'::clinic.rrule, null::bigint), ('FREQ=DAILY;COUNT=9', 9), ('FREQ=MONTHLY;UNTIL=20261231', 7), ('FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30', 0), ('FREQ=DAILY;UNTIL=20250101', 0),
             ('FREQ=YEARLY;COUNT=1000000', 7974), ('FREQ=SECONDLY;UNTIL=99991231T235959', extract(epoch from timestamp '10000-01-01' - '2026-01-31 09:00')::bigint)) x(rule, expected);
select is(clinic.occurrence_count('FREQ=DAILY;BYHOUR=2,3;UNTIL=20260401', '2026-03-01 02:30', 'Europe/Berlin'), 63::bigint, 'what falls on another counts once');
select is(clinic.recurrence_bounds(rule, '2026-03-28 09:00', 'Europe/Berlin', duration), expected, 'bounds of ' || rule::text || ', each ' || coalesce(duration::text, 'an instant'))
from (values ('FREQ=DAILY;COUNT=2'::clinic.rrule, interval '30 minutes', tstzrange '[2026-03-28 08:00Z,2026-03-29 07:30Z)'), ('FREQ=DAILY;COUNT=2', null, '[2026-03-28 08:00Z,2026-03-29 07:00Z]'),
             ('FREQ=DAILY;COUNT=1', '1 day', '[2026-03-28 08:00Z,2026-03-29 07:00Z)'), ('FREQ=DAILY', '1 hour', '[2026-03-28 08:00Z,)'), ('FREQ=DAILY;UNTIL=20200101', '1 hour', 'empty')) x(rule, duration, expected);
select is(clinic.recurrence_bounds('FREQ=MINUTELY;INTERVAL=30;COUNT=3', '2026-03-28 02:15', 'Europe/Berlin', '1 day'), '[2026-03-28 01:15Z,2026-03-29 01:45Z)', 'the last to begin may not be the last to end');

-- What never occurs ends, at once

set local statement_timeout = '15s';
select is((select count(*) from clinic.occurrences(rule, '2026-01-05 09:00', 'Europe/Berlin')), 0::bigint, 'never: ' || rule::text)
from (values ('FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30'::clinic.rrule), ('FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30'), ('FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30'), ('FREQ=MONTHLY;INTERVAL=12;BYMONTH=2'),
             ('FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29'), ('FREQ=SECONDLY;INTERVAL=2;BYSECOND=1'), ('FREQ=MINUTELY;INTERVAL=60;BYMINUTE=7'), ('FREQ=HOURLY;INTERVAL=24;BYHOUR=8'),
             ('FREQ=DAILY;INTERVAL=7;BYDAY=TU'), ('FREQ=HOURLY;INTERVAL=7;BYDAY=TU;BYHOUR=9'), ('FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6'), ('FREQ=SECONDLY;BYSECOND=5;BYSETPOS=2'), ('FREQ=WEEKLY;BYDAY=MO;BYSETPOS=-2')) x(rule);
select is(clinic.next_occurrence('FREQ=YEARLY;INTERVAL=400;BYMONTH=2;BYMONTHDAY=29', '2000-02-29 09:00', 'UTC', '2000-03-01'), '2400-02-29 09:00Z', 'what is rare is found');
select is(clinic.next_occurrence('FREQ=SECONDLY;INTERVAL=86399;BYMONTH=2;BYMONTHDAY=29;BYHOUR=3;BYMINUTE=0', '2026-01-05 09:00', 'UTC', '2026-01-05') is not null, true, 'what is very rare, too');
select is(clinic.occurrence_count('FREQ=DAILY;COUNT=9223372036854775807', '2026-01-05 09:00'), (date '10000-01-01' - date '2026-01-05')::bigint, 'COUNT may be any number');
select is(clinic.next_occurrence('FREQ=YEARLY;INTERVAL=2147483647', '2026-01-05 09:00', 'UTC', '2026-01-06'), null, 'and INTERVAL');
select is(clinic.next_occurrence('FREQ=WEEKLY;INTERVAL=2147483647;BYDAY=MO,FR', '2026-01-05 09:00', 'UTC', '2026-01-06'), '2026-01-09 09:00Z', 'of weeks, too');

-- What is refused

select throws_ok(format('select clinic.occurrences(%L, %L::timestamp, %L)', 'FREQ=DAILY', dtstart, 'UTC'), 'PT400', 'dtstart is no time at which a rule can begin', 'dtstart ' || dtstart)
from unnest(array['infinity', '-infinity', '0044-03-15 BC', '10000-01-01']::timestamp[]) dtstart;
select throws_ok($$select clinic.occurrences('FREQ=DAILY', '2026-01-01', 'Mars/Olympus')$$, 'PT400', 'time zone "Mars/Olympus" is not known', 'a zone that is not known');
select throws_ok($$select clinic.occurrences('FREQ=DAILY', '2026-01-01', 'UTC', rdates => '{infinity}')$$, 'PT400', 'rdates must be finite', 'an infinite RDATE');
select throws_ok($$select clinic.recurrence_bounds('FREQ=DAILY', '2026-01-01', 'UTC', '-1 hour')$$, 'PT422', 'duration must not be negative', 'a negative duration');

-- The planner

create function pg_temp.estimate(query text) returns int language plpgsql as
$$declare plan json; begin execute 'explain (format json) ' || query into plan; return plan->0->'Plan'->>'Plan Rows'; end$$;

select is(pg_temp.estimate(format('select * from clinic.occurrences(%s)', arguments)), expected, 'the planner expects ' || expected || ' rows of ' || arguments)
from (values ($$'FREQ=DAILY;COUNT=30', '2026-01-01 09:00', 'UTC'$$, 30), ($$'FREQ=WEEKLY;BYDAY=MO,FR', '2020-01-01 09:00', 'UTC', '[2026-01-05,2026-01-19)'$$, 4),
             ($$'FREQ=DAILY', '2020-01-01 09:00', during => tsrange '[2026-01-05,2026-01-19)'$$, 14), ($$'FREQ=DAILY;UNTIL=20200110', '2020-01-01 09:00'$$, 10),
             ($$'FREQ=DAILY;UNTIL=20190110', '2020-01-01 09:00'$$, 1), ($$'FREQ=DAILY', 'infinity', during => tsrange '[2026-01-05,2026-01-19)'$$, 14), ($$null, 'infinity'$$, 100)) x(arguments, expected);

select * from finish();
rollback;
