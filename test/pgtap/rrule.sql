begin;
select plan(300);
\ir include/fixture.psql

create function t.printed(typed text) returns text immutable language sql as 'select $1::clinic.rrule::text';

-- What is wrong with a text: the SQLSTATE and the DETAIL.
create function t.fault(statement text) returns text language plpgsql as $$
declare
  state text; detail text;
begin
  execute statement;
  return 'none';
exception when others then
  get stacked diagnostics state = returned_sqlstate, detail = pg_exception_detail;
  return state || ' ' || detail;
end $$;

-- canonical forms
select is(t.printed(typed), printed, why) from (values
  ('FREQ=DAILY', 'FREQ=DAILY', 'a frequency is a rule'),
  ('RRULE:FREQ=DAILY', 'FREQ=DAILY', 'the name of the property may stand before it'),
  ('rrule:freq=weekly;byday=mo', 'FREQ=WEEKLY;BYDAY=MO', 'words are read in any case'),
  (E' \tFREQ=DAILY\n', 'FREQ=DAILY', 'blanks may stand around it'),
  ('BYDAY=MO;INTERVAL=2;FREQ=WEEKLY', 'FREQ=WEEKLY;INTERVAL=2;BYDAY=MO', 'parts may come in any order'),
  ('WKST=SU;SKIP=FORWARD;BYSETPOS=1;BYSECOND=1;BYMINUTE=2;BYHOUR=3;BYDAY=MO;BYMONTHDAY=4;BYYEARDAY=5;BYMONTH=7;COUNT=8;INTERVAL=9;FREQ=YEARLY;RSCALE=GREGORIAN',
   'RSCALE=GREGORIAN;FREQ=YEARLY;INTERVAL=9;COUNT=8;BYMONTH=7;BYYEARDAY=5;BYMONTHDAY=4;BYDAY=MO;BYHOUR=3;BYMINUTE=2;BYSECOND=1;BYSETPOS=1;WKST=SU;SKIP=FORWARD', 'and come out in one'),
  ('FREQ=YEARLY;BYDAY=MO;BYWEEKNO=6;BYMONTH=1', 'FREQ=YEARLY;BYMONTH=1;BYWEEKNO=6;BYDAY=MO', 'weeks among them'),
  ('FREQ=DAILY;INTERVAL=1', 'FREQ=DAILY', 'an interval of one is none'),
  ('FREQ=DAILY;INTERVAL=007;COUNT=010', 'FREQ=DAILY;INTERVAL=7;COUNT=10', 'leading zeros are no matter'),
  ('FREQ=WEEKLY;WKST=MO', 'FREQ=WEEKLY', 'weeks begin on Monday'),
  ('FREQ=WEEKLY;WKST=SU', 'FREQ=WEEKLY;WKST=SU', 'unless they do not'),
  ('RSCALE=gregorian;FREQ=MONTHLY;SKIP=OMIT', 'RSCALE=GREGORIAN;FREQ=MONTHLY', 'what does not exist is left out'),
  ('FREQ=MONTHLY;SKIP=BACKWARD;RSCALE=GREGORIAN', 'RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD', 'unless it moves'),
  ('FREQ=WEEKLY;BYDAY=SU,MO,SU,WE', 'FREQ=WEEKLY;BYDAY=MO,WE,SU', 'weekdays are a set'),
  ('FREQ=MONTHLY;BYDAY=-1FR,+2MO,1FR,WE,-2SU,01MO', 'FREQ=MONTHLY;BYDAY=WE,1MO,1FR,2MO,-2SU,-1FR', 'numbered ones too: by number, from the end last'),
  ('FREQ=YEARLY;BYDAY=53MO,-53SU', 'FREQ=YEARLY;BYDAY=53MO,-53SU', 'a year has up to 53'),
  ('FREQ=MONTHLY;BYMONTHDAY=-1,31,+1,15,-31,1', 'FREQ=MONTHLY;BYMONTHDAY=1,15,31,-31,-1', 'numbers rise, from the end last'),
  ('FREQ=YEARLY;BYYEARDAY=366,1,-366,-1', 'FREQ=YEARLY;BYYEARDAY=1,366,-366,-1', 'also of the year'),
  ('FREQ=YEARLY;BYWEEKNO=53,-53,20', 'FREQ=YEARLY;BYWEEKNO=20,53,-53', 'and of its weeks'),
  ('FREQ=DAILY;BYSECOND=60,0;BYMINUTE=59,0;BYHOUR=23,0', 'FREQ=DAILY;BYHOUR=0,23;BYMINUTE=0,59;BYSECOND=0,60', 'clocks begin with zero'),
  ('FREQ=DAILY;BYSETPOS=366,-366,1;BYMONTH=12,1', 'FREQ=DAILY;BYMONTH=1,12;BYSETPOS=1,366,-366', 'positions'),
  ('FREQ=HOURLY;BYYEARDAY=1;BYMONTHDAY=1', 'FREQ=HOURLY;BYYEARDAY=1;BYMONTHDAY=1', 'days may restrict hours'),
  ('FREQ=DAILY;UNTIL=20270630', 'FREQ=DAILY;UNTIL=20270630', 'until a day'),
  ('FREQ=DAILY;UNTIL=20270630t120000', 'FREQ=DAILY;UNTIL=20270630T120000', 'a time of the clock'),
  ('FREQ=DAILY;UNTIL=20270630T120000z', 'FREQ=DAILY;UNTIL=20270630T120000Z', 'or an instant'),
  ('FREQ=DAILY;UNTIL=20161231T235960Z', 'FREQ=DAILY;UNTIL=20161231T235959Z', 'a leap second is the second before'),
  ('FREQ=DAILY;UNTIL=00010101', 'FREQ=DAILY;UNTIL=00010101', 'from the year 1'),
  ('FREQ=DAILY;UNTIL=99991231T235959', 'FREQ=DAILY;UNTIL=99991231T235959', 'to 9999'),
  ('FREQ=DAILY;UNTIL=20240229', 'FREQ=DAILY;UNTIL=20240229', 'leap days are days'),
  ('FREQ=DAILY;INTERVAL=2147483647', 'FREQ=DAILY;INTERVAL=2147483647', 'the longest interval'),
  ('FREQ=DAILY;COUNT=9223372036854775807', 'FREQ=DAILY;COUNT=9223372036854775807', 'the highest count')) x(typed, printed, why);
select is(t.printed(format('RSCALE=GREGORIAN;FREQ=YEARLY;BYYEARDAY=%s;BYSETPOS=%1$s', n)), format('RSCALE=GREGORIAN;FREQ=YEARLY;BYYEARDAY=%s;BYSETPOS=%1$s', n), 'every number of a long list is kept')
from (select string_agg(n::text, ',' order by n < 0, n) as n from generate_series(-366, 366) n where n <> 0) x;

-- faults
select is(t.fault(format('select %L::clinic.rrule', typed)), '22P02 At character ' || fault || '.', format('refused: %s', to_json(typed))) from (values
  ('', '1: a part is expected, as FREQ=WEEKLY'),
  ('  ', '3: a part is expected, as FREQ=WEEKLY'),
  ('RRULE:', '7: a part is expected, as FREQ=WEEKLY'),
  ('DTSTART:20270101', '1: there is no such part'),
  ('FREQ', '5: an equals sign is expected'),
  ('FREQ =DAILY', '5: an equals sign is expected'),
  ('FREQ=', '6: FREQ is SECONDLY, MINUTELY, HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY'),
  ('FREQ= DAILY', '6: FREQ is SECONDLY, MINUTELY, HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY'),
  ('FREQ=BIWEEKLY', '6: FREQ is SECONDLY, MINUTELY, HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY'),
  ('FREQ=DAILYS', '6: FREQ is SECONDLY, MINUTELY, HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY'),
  ('FREQ=DAILY;', '12: a part is expected, as FREQ=WEEKLY'),
  ('FREQ=DAILY;;COUNT=1', '12: a part is expected, as FREQ=WEEKLY'),
  ('FREQ=DAILY; COUNT=1', '12: a part is expected, as FREQ=WEEKLY'),
  ('FREQ=DAILY COUNT=1', '12: a semicolon or the end is expected'),
  ('FREQ=DAILY,WEEKLY', '11: a semicolon or the end is expected'),
  (E'FREQ=DAILY\nFREQ=WEEKLY', '12: a semicolon or the end is expected'),
  ('FREQ=DAILY–', '11: a semicolon or the end is expected'),
  ('FREQ=DAILY;Ü=1', '12: a part is expected, as FREQ=WEEKLY'),
  ('FREQ=DAILY;BYEASTER=1', '12: there is no such part'),
  ('FREQ=DAILY;X-FOO=1', '12: there is no such part'),
  ('FREQ=DAILY;BYMONTHDAYS=1', '12: there is no such part'),
  ('INTERVAL=2;COUNT=3', '19: a rule has a FREQ'),
  ('FREQ=DAILY;COUNT=1;freq=DAILY', '20: this part is there already'),
  ('FREQ=DAILY;BYHOUR=1;BYHOUR=2', '21: this part is there already'),
  ('FREQ=DAILY;INTERVAL=0', '21: INTERVAL is a number from 1 to 2147483647'),
  ('FREQ=DAILY;INTERVAL=-1', '21: INTERVAL is a number from 1 to 2147483647'),
  ('FREQ=DAILY;INTERVAL=', '21: INTERVAL is a number from 1 to 2147483647'),
  ('FREQ=DAILY;INTERVAL=2147483648', '21: INTERVAL is a number from 1 to 2147483647'),
  ('FREQ=DAILY;INTERVAL=1.5', '22: a semicolon or the end is expected'),
  ('FREQ=DAILY;COUNT=0', '18: COUNT is a number from 1 to 9223372036854775807'),
  ('FREQ=DAILY;COUNT=9223372036854775808', '18: COUNT is a number from 1 to 9223372036854775807'),
  ('FREQ=DAILY;COUNT=10;UNTIL=20270101', '21: COUNT and UNTIL exclude each other'),
  ('FREQ=DAILY;UNTIL=20270101;COUNT=10', '12: COUNT and UNTIL exclude each other'),
  ('FREQ=DAILY;UNTIL=2027-01-01', '18: UNTIL is written YYYYMMDD, YYYYMMDDThhmmss or YYYYMMDDThhmmssZ'),
  ('FREQ=DAILY;UNTIL=202701011', '18: UNTIL is written YYYYMMDD, YYYYMMDDThhmmss or YYYYMMDDThhmmssZ'),
  ('FREQ=DAILY;UNTIL=20270101T1200', '18: UNTIL is written YYYYMMDD, YYYYMMDDThhmmss or YYYYMMDDThhmmssZ'),
  ('FREQ=DAILY;UNTIL=20270101T12000000', '18: UNTIL is written YYYYMMDD, YYYYMMDDThhmmss or YYYYMMDDThhmmssZ'),
  ('FREQ=DAILY;UNTIL=20270101Z', '26: a semicolon or the end is expected'),
  ('FREQ=DAILY;UNTIL=20270101T120000+0100', '33: a semicolon or the end is expected'),
  ('FREQ=DAILY;UNTIL=20270229', '18: there is no such day'),
  ('FREQ=DAILY;UNTIL=19000229', '18: there is no such day'),
  ('FREQ=DAILY;UNTIL=00001231', '18: there is no such day'),
  ('FREQ=DAILY;UNTIL=20271301', '18: there is no such day'),
  ('FREQ=DAILY;UNTIL=20270100', '18: there is no such day'),
  ('FREQ=DAILY;UNTIL=20270101T240000', '18: there is no such time'),
  ('FREQ=DAILY;UNTIL=20270101T126000', '18: there is no such time'),
  ('FREQ=DAILY;UNTIL=20270101T120061', '18: there is no such time'),
  ('FREQ=DAILY;BYSECOND=61', '21: a number of BYSECOND is 0 to 60'),
  ('FREQ=DAILY;BYMINUTE=60', '21: a number of BYMINUTE is 0 to 59'),
  ('FREQ=DAILY;BYHOUR=1,24', '21: a number of BYHOUR is 0 to 23'),
  ('FREQ=DAILY;BYHOUR=-1', '19: a number of BYHOUR is 0 to 23'),
  ('FREQ=DAILY;BYHOUR=+1', '19: a number of BYHOUR is 0 to 23'),
  ('FREQ=DAILY;BYHOUR=', '19: a number of BYHOUR is 0 to 23'),
  ('FREQ=DAILY;BYHOUR=1,', '21: a number of BYHOUR is 0 to 23'),
  ('FREQ=DAILY;BYHOUR=1 ,2', '21: a semicolon or the end is expected'),
  ('FREQ=DAILY;BYMONTH=0', '20: a number of BYMONTH is 1 to 12'),
  ('FREQ=DAILY;BYMONTH=13', '20: a number of BYMONTH is 1 to 12'),
  ('FREQ=YEARLY;BYMONTH=5L', '22: a semicolon or the end is expected'),
  ('FREQ=DAILY;BYMONTHDAY=0', '23: a number of BYMONTHDAY is 1 to 31 or -1 to -31'),
  ('FREQ=DAILY;BYMONTHDAY=-0', '23: a number of BYMONTHDAY is 1 to 31 or -1 to -31'),
  ('FREQ=DAILY;BYMONTHDAY=1,-32', '25: a number of BYMONTHDAY is 1 to 31 or -1 to -31'),
  ('FREQ=DAILY;BYMONTHDAY=--1', '23: a number of BYMONTHDAY is 1 to 31 or -1 to -31'),
  ('FREQ=YEARLY;BYYEARDAY=367', '23: a number of BYYEARDAY is 1 to 366 or -1 to -366'),
  ('FREQ=YEARLY;BYYEARDAY=99999999999999999999', '23: a number of BYYEARDAY is 1 to 366 or -1 to -366'),
  ('FREQ=YEARLY;BYWEEKNO=54', '22: a number of BYWEEKNO is 1 to 53 or -1 to -53'),
  ('FREQ=YEARLY;BYMONTH=1;BYSETPOS=0', '32: a number of BYSETPOS is 1 to 366 or -1 to -366'),
  ('FREQ=WEEKLY;BYDAY=', '19: a weekday is expected: MO, TU, WE, TH, FR, SA or SU'),
  ('FREQ=WEEKLY;BYDAY=MO,', '22: a weekday is expected: MO, TU, WE, TH, FR, SA or SU'),
  ('FREQ=WEEKLY;BYDAY=MON', '19: a weekday is expected: MO, TU, WE, TH, FR, SA or SU'),
  ('FREQ=MONTHLY;BYDAY=1', '21: a weekday is expected: MO, TU, WE, TH, FR, SA or SU'),
  ('FREQ=MONTHLY;BYDAY=-MO', '20: a weekday is expected: MO, TU, WE, TH, FR, SA or SU'),
  ('FREQ=MONTHLY;BYDAY=0MO', '20: a number before a weekday is 1 to 53 or -1 to -53'),
  ('FREQ=YEARLY;BYDAY=54MO', '19: a number before a weekday is 1 to 53 or -1 to -53'),
  ('FREQ=WEEKLY;BYDAY=MO,1TU', '13: a number before a weekday needs FREQ=MONTHLY or YEARLY'),
  ('BYDAY=-1TU;FREQ=DAILY', '1: a number before a weekday needs FREQ=MONTHLY or YEARLY'),
  ('FREQ=YEARLY;BYWEEKNO=1;BYDAY=1MO', '24: a number before a weekday does not go with BYWEEKNO'),
  ('FREQ=MONTHLY;BYWEEKNO=1', '14: BYWEEKNO needs FREQ=YEARLY'),
  ('FREQ=SECONDLY;BYWEEKNO=1', '15: BYWEEKNO needs FREQ=YEARLY'),
  ('FREQ=DAILY;BYYEARDAY=1', '12: BYYEARDAY does not go with FREQ=DAILY, WEEKLY or MONTHLY'),
  ('FREQ=WEEKLY;BYYEARDAY=-1', '13: BYYEARDAY does not go with FREQ=DAILY, WEEKLY or MONTHLY'),
  ('FREQ=MONTHLY;BYYEARDAY=1', '14: BYYEARDAY does not go with FREQ=DAILY, WEEKLY or MONTHLY'),
  ('FREQ=WEEKLY;BYMONTHDAY=-1', '13: BYMONTHDAY does not go with FREQ=WEEKLY'),
  ('FREQ=MONTHLY;BYSETPOS=1', '14: BYSETPOS needs another BY part to choose from'),
  ('FREQ=DAILY;WKST=XX', '17: WKST is MO, TU, WE, TH, FR, SA or SU'),
  ('FREQ=DAILY;WKST=MO,TU', '19: a semicolon or the end is expected'),
  ('RSCALE=CHINESE;FREQ=YEARLY', '8: the only calendar is GREGORIAN'),
  ('FREQ=MONTHLY;SKIP=FORWARD', '14: SKIP needs RSCALE=GREGORIAN'),
  ('FREQ=MONTHLY;SKIP=OMIT', '14: SKIP needs RSCALE=GREGORIAN'),
  ('RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=YES', '36: SKIP is OMIT, BACKWARD or FORWARD')) x(typed, fault);
select is(t.fault(format('select %L::clinic.rrule', repeat(' ', 16384) || 'FREQ=DAILY')), '22P02 At character 16385: the text is too long.', 'a text has a greatest length');
select is(t.printed(repeat(' ', 16374) || 'FREQ=DAILY'), 'FREQ=DAILY', 'up to which it is read');
create function t.is_valid(typed text) returns boolean language plpgsql as $$
declare
  valid boolean := typed like 'FREQ=DAILY';
begin
  if current_setting('server_version_num')::int >= 160000 then
    execute 'select pg_input_is_valid($1, $2)' into valid using typed, 'clinic.rrule';
  end if;
  return valid;
end $$;
select is(t.is_valid('FREQ=DAILY'), true, 'a rule is valid input');
select is(t.is_valid('FREQ=DAYLY'), false, 'what is none is refused softly where PostgreSQL can do that');

-- rules at random, in their canonical form
create function t.numbers(lowest int, most int, from_end boolean, n int) returns text language sql as $$
  select string_agg(v::text, ',' order by v < 0, v)
  from (select distinct case when from_end and random() < 0.4 then -1 else 1 end * (lowest + floor(random() * (most - lowest + 1)))::int as v
        from generate_series(1, n)) x $$;
create function t.weekdays(numbered boolean, n int) returns text language sql as $$
  select string_agg(case when number = 0 then '' else number::text end || (array['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'])[weekday], ',' order by number < 0, number, weekday)
  from (select distinct 1 + floor(random() * 7)::int as weekday,
          case when numbered and random() < 0.7 then (1 + floor(random() * 53))::int * case when random() < 0.5 then -1 else 1 end else 0 end as number
        from generate_series(1, n)) x $$;
create function t.random_rule() returns text language plpgsql as $$
declare
  freq text := (array['SECONDLY', 'MINUTELY', 'HOURLY', 'DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'])[1 + floor(random() * 7)];
  rscale boolean := random() < 0.2;
  weeks text := case when freq = 'YEARLY' and random() < 0.3 then t.numbers(1, 53, true, 3) end;
  parts text := concat(
    ';BYMONTH=' || case when random() < 0.3 then t.numbers(1, 12, false, 4) end,
    ';BYWEEKNO=' || weeks,
    ';BYYEARDAY=' || case when freq not in ('DAILY', 'WEEKLY', 'MONTHLY') and random() < 0.3 then t.numbers(1, 366, true, 5) end,
    ';BYMONTHDAY=' || case when freq <> 'WEEKLY' and random() < 0.3 then t.numbers(1, 31, true, 4) end,
    ';BYDAY=' || case when random() < 0.5 then t.weekdays(freq in ('MONTHLY', 'YEARLY') and weeks is null, 4) end,
    ';BYHOUR=' || case when random() < 0.2 then t.numbers(0, 23, false, 3) end,
    ';BYMINUTE=' || case when random() < 0.2 then t.numbers(0, 59, false, 3) end,
    ';BYSECOND=' || case when random() < 0.2 then t.numbers(0, 60, false, 3) end);
begin
  return concat(
    case when rscale then 'RSCALE=GREGORIAN;' end, 'FREQ=' || freq,
    ';INTERVAL=' || case when random() < 0.4 then 2 + floor(random() ^ 8 * 2000000000)::int end,
    (array[null, null, ';COUNT=' || (1 + floor(random() ^ 9 * 9000000000000000000)::bigint), to_char(date '2000-01-01' + floor(random() * 20000 - 5000)::int, '";UNTIL="YYYYMMDD'),
      to_char(timestamp '2000-01-01' + random() * interval '900000 hours', '";UNTIL="YYYYMMDD"T"HH24MISS'),
      to_char(timestamp '1800-01-01' + random() * interval '9000000 hours', '";UNTIL="YYYYMMDD"T"HH24MISS"Z"')])[1 + floor(random() * 6)],
    parts, ';BYSETPOS=' || case when parts <> '' and random() < 0.3 then t.numbers(1, 366, true, 3) end,
    ';WKST=' || case when random() < 0.2 then (array['TU', 'WE', 'TH', 'FR', 'SA', 'SU'])[1 + floor(random() * 6)] end,
    ';SKIP=' || case when rscale and random() < 0.5 then (array['BACKWARD', 'FORWARD'])[1 + floor(random() * 2)] end);
end $$;
select setseed(0.5545);
create table t.value as select n, t.random_rule() as typed from generate_series(1, 3000) n;
alter table t.value add rule clinic.rrule;
update t.value set rule = typed::clinic.rrule;
select ok((select count(distinct typed) > 2400 from t.value), 'of three thousand random rules most are unlike the others');
select is_empty($$select typed, rule from t.value where rule::text <> typed limit 3$$, 'what is canonical prints as it is');
select is_empty($$
  select typed, shuffled from t.value
  cross join lateral (select string_agg(lower(part), ';' order by md5(part || n)) as shuffled from unnest(string_to_array(typed, ';')) part) s
  where shuffled::clinic.rrule operator(clinic.<>) rule limit 3$$, 'in another order and in small letters it is the same rule');
select ok((select percentile_disc(0.9) within group (order by pg_column_size(rule)) < 100 and avg(pg_column_size(rule)) < 50 and max(pg_column_size(rule)) < 250 from t.value), 'a value is short');
select is(pg_column_size('FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH'::clinic.rrule) - 4, 5, 'a usual one has a few bytes');
select is((select count(distinct rule) from t.value), (select count(distinct typed) from t.value), 'unlike texts are unlike values');
select is((select count(distinct clinic.rrule_send(rule)) from t.value), (select count(distinct typed) from t.value), 'and are sent unlike');
select is_empty($$select typed, made from t.value
  cross join lateral (select clinic.rrule_to_jsonb(rule) as j) j
  cross join lateral (select
    concat('RSCALE=' || (j ->> 'rscale') || ';', 'FREQ=' || (j ->> 'freq'), ';INTERVAL=' || (j ->> 'interval'), ';COUNT=' || (j ->> 'count'), ';UNTIL=' || regexp_replace(j ->> 'until', '[-:]', '', 'g'),
      (select string_agg(';' || upper(name) || '=' || (select string_agg(e, ',' order by i) from jsonb_array_elements_text(j -> name) with ordinality x(e, i)), '' order by o)
       from unnest(array['bymonth', 'byweekno', 'byyearday', 'bymonthday', 'byday', 'byhour', 'byminute', 'bysecond', 'bysetpos']) with ordinality n(name, o) where j ? name),
      ';WKST=' || (j ->> 'wkst'), ';SKIP=' || (j ->> 'skip')) as made) m
  where made <> typed limit 3$$, 'its JSON says all of it');
select is_empty($$select typed, made from t.value
  cross join lateral (select case when typed like 'RSCALE=%' then 'RSCALE=GREGORIAN;' else '' end
      || concat('FREQ=' || clinic.rrule_freq(rule), ';INTERVAL=' || nullif(clinic.rrule_interval(rule), 1), ';COUNT=' || clinic.rrule_count(rule),
      ';UNTIL=' || to_char(clinic.rrule_until(rule), case clinic.rrule_until_type(rule) when 'date' then 'YYYYMMDD' when 'local' then 'YYYYMMDD"T"HH24MISS' when 'utc' then 'YYYYMMDD"T"HH24MISS"Z"' end),
      ';BYMONTH=' || array_to_string(clinic.rrule_bymonth(rule), ','), ';BYWEEKNO=' || array_to_string(clinic.rrule_byweekno(rule), ','),
      ';BYYEARDAY=' || array_to_string(clinic.rrule_byyearday(rule), ','), ';BYMONTHDAY=' || array_to_string(clinic.rrule_bymonthday(rule), ','),
      ';BYDAY=' || array_to_string(clinic.rrule_byday(rule), ','), ';BYHOUR=' || array_to_string(clinic.rrule_byhour(rule), ','),
      ';BYMINUTE=' || array_to_string(clinic.rrule_byminute(rule), ','), ';BYSECOND=' || array_to_string(clinic.rrule_bysecond(rule), ','),
      ';BYSETPOS=' || array_to_string(clinic.rrule_bysetpos(rule), ','), ';WKST=' || nullif(clinic.rrule_wkst(rule), 'MO'), ';SKIP=' || nullif(clinic.rrule_skip(rule), 'OMIT')) as made) m
  where made <> typed limit 3$$, 'and so do its parts');
select is_empty($$select typed, made from t.value
  cross join lateral (select clinic.make_rrule(clinic.rrule_freq(rule), clinic.rrule_interval(rule), clinic.rrule_count(rule)::int, clinic.rrule_until(rule), array_to_string(clinic.rrule_byday(rule), ','),
    clinic.rrule_bymonthday(rule), clinic.rrule_bymonth(rule), clinic.rrule_bysetpos(rule), clinic.rrule_byhour(rule), clinic.rrule_byminute(rule), clinic.rrule_bysecond(rule),
    clinic.rrule_byweekno(rule), clinic.rrule_byyearday(rule), clinic.rrule_wkst(rule), clinic.rrule_skip(rule))::text as made) m
  where coalesce(clinic.rrule_count(rule), 1) < 2147483648 and coalesce(clinic.rrule_until_type(rule), '') <> 'utc'
    and made <> case when clinic.rrule_skip(rule) = 'OMIT' then replace(typed, 'RSCALE=GREGORIAN;', '') else typed end limit 3$$, 'and make_rrule makes it of them');
select is_empty($$select typed, english from t.value cross join lateral clinic.rrule_describe(rule) english
  where english not like 'every %' or english ~ '  | ,|,,|, and|\mand or\M| $'$$, 'and can be told');

-- comparison
select is(operator, expected, format('"%s" and "%s" compare', a, b)) from (
  select a, b, expected, concat_ws(' ', case when x operator(clinic.=) y then '=' end, case when x operator(clinic.<>) y then '<>' end, case when x operator(clinic.<) y then '<' end,
    case when x operator(clinic.<=) y then '<=' end, case when x operator(clinic.>) y then '>' end, case when x operator(clinic.>=) y then '>=' end) as operator
  from (values ('FREQ=WEEKLY;BYDAY=TU,MO', 'BYDAY=MO,TU;INTERVAL=1;WKST=MO;FREQ=WEEKLY', '= <= >='), ('FREQ=DAILY;INTERVAL=30', 'FREQ=MONTHLY', '<> < <='),
    ('FREQ=YEARLY', 'FREQ=MONTHLY;BYMONTH=1', '<> > >='), ('FREQ=DAILY;UNTIL=20270101', 'FREQ=DAILY;UNTIL=20270101T000000', '<> < <=')) p(a, b, expected)
  cross join lateral (select a::clinic.rrule as x, b::clinic.rrule as y) v) c;
select is_empty($$
  select a.typed, b.typed from (select * from t.value where n <= 150) a, (select * from t.value where n <= 150) b
  where (a.rule operator(clinic.<) b.rule)::int + (a.rule operator(clinic.=) b.rule)::int + (a.rule operator(clinic.>) b.rule)::int <> 1
    or (a.rule operator(clinic.<) b.rule) <> (b.rule operator(clinic.>) a.rule)
    or sign(clinic.rrule_cmp(a.rule, b.rule)) <> -sign(clinic.rrule_cmp(b.rule, a.rule))$$, 'two values are in one order');
select is_empty($$select from (select rule, lag(rule) over (order by rule) as before from t.value) x where before operator(clinic.>) rule$$, 'sorting keeps to it');
select is((select array_agg(freq order by first) from (select clinic.rrule_freq(rule) as freq, min(n) as first from (select rule, row_number() over (order by rule) as n from t.value) x group by 1) f),
  array['SECONDLY', 'MINUTELY', 'HOURLY', 'DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'], 'the more frequent goes first');
select is((select count(*) from (select rule from t.value where n <= 1500 intersect select rule from t.value) x), (select count(distinct rule) from t.value where n <= 1500), 'a hash finds equal values');
select is_empty($$select from t.value where clinic.rrule_hash(rule) <> clinic.rrule_hash(lower(typed)::clinic.rrule) or clinic.rrule_hash_extended(rule, 7) <> clinic.rrule_hash_extended(lower(typed)::clinic.rrule, 7)$$, 'equal values have equal hashes');
select ok((select count(distinct clinic.rrule_hash_extended(rule, 1)) > 0.99 * count(distinct rule) from t.value), 'and unlike ones unlike hashes');
select is((select count(*) from t.value where clinic.rrule_hash(rule) <> clinic.rrule_hash_extended(rule, 0)::bit(32)::int), 0::bigint, 'seed 0 gives the plain hash');

set local search_path = public, clinic;
create table t.indexed as select rule from t.value;
create index rule_btree on t.indexed (rule);
create index rule_hash on t.indexed using hash (rule);
set local enable_seqscan = off;
create function t.uses(index text, query text) returns boolean language plpgsql as $$
declare
  line text;
begin
  for line in execute 'explain (costs off) ' || query loop
    if line like '%using ' || index || ' %' or line like '%on ' || index then
      return true;
    end if;
  end loop;
  return false;
end $$;
select is((select count(*) from t.indexed where rule >= 'FREQ=MONTHLY'), (select count(*) from t.value where clinic.rrule_freq(rule) in ('MONTHLY', 'YEARLY')), 'a btree index finds what is after a value');
select ok(t.uses('rule_btree', $$select rule from t.indexed where rule < 'FREQ=MONTHLY' order by rule$$), 'it is used');
drop index t.rule_btree;
select is((select count(*) from t.indexed where rule = (select typed from t.value where n = 1)::rrule), (select count(*) from t.value where typed = (select typed from t.value where n = 1)), 'a hash index finds equal values');
select ok(t.uses('rule_hash', $$select rule from t.indexed where rule = 'FREQ=DAILY'$$), 'it is used');
set local enable_seqscan = on;
set local search_path = public;
select is('FREQ=DAILY;COUNT=3'::text::clinic.rrule::jsonb, '{"freq": "DAILY", "count": 3}', 'text is cast to a rule, a rule to JSON');
select is(to_jsonb('COUNT=3;FREQ=DAILY'::clinic.rrule), '"FREQ=DAILY;COUNT=3"', 'in a row''s JSON it is its text');
select is(clinic.rrule_byday('FREQ=DAILY'), null, 'a part that is not given is null');
select is(clinic.rrule_describe(null), null, 'null for null');

-- make_rrule
select is(made::text, expected, expected) from (values
  (clinic.make_rrule('daily'), 'FREQ=DAILY'),
  (clinic.make_rrule('Weekly', byday => 'we,MO'), 'FREQ=WEEKLY;BYDAY=MO,WE'),
  (clinic.make_rrule('biweekly', byday => 'TH'), 'FREQ=WEEKLY;INTERVAL=2;BYDAY=TH'),
  (clinic.make_rrule('biweekly', 3), 'FREQ=WEEKLY;INTERVAL=6'),
  (clinic.make_rrule('fortnightly', 1, 10), 'FREQ=WEEKLY;INTERVAL=2;COUNT=10'),
  (clinic.make_rrule('quarterly', bymonthday => '{1}'), 'FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=1'),
  (clinic.make_rrule('monthly', byday => '-1FR'), 'FREQ=MONTHLY;BYDAY=-1FR'),
  (clinic.make_rrule('monthly', until => '2027-06-30'), 'FREQ=MONTHLY;UNTIL=20270630'),
  (clinic.make_rrule('monthly', until => '2027-06-30 12:00'), 'FREQ=MONTHLY;UNTIL=20270630T120000'),
  (clinic.make_rrule('monthly', until => '1999-06-30'), 'FREQ=MONTHLY;UNTIL=19990630'),
  (clinic.make_rrule('yearly', bymonth => '{12}', bymonthday => '{25,-1}'), 'FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=25,-1'),
  (clinic.make_rrule('yearly', byweekno => '{20}', byday => 'MO', wkst => 'su'), 'FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO;WKST=SU'),
  (clinic.make_rrule('yearly', byyearday => '{}', byhour => '{9}', byminute => '{0,30}', bysecond => '{0}', bysetpos => '{-1}'), 'FREQ=YEARLY;BYHOUR=9;BYMINUTE=0,30;BYSECOND=0;BYSETPOS=-1'),
  (clinic.make_rrule('monthly', bymonthday => '{31}', skip => 'backward'), 'RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=31;SKIP=BACKWARD'),
  (clinic.make_rrule('monthly', skip => 'omit'), 'FREQ=MONTHLY')) x(made, expected);
select is(t.fault('select clinic.make_rrule(' || arguments || ')'), 'PT400 invalid_rule - ' || fault, format('refused: make_rrule(%s)', arguments)) from (values
  ($$'often'$$, 'there is no frequency "often"'),
  ($$'daily', every => 0$$, 'every is less than 1'),
  ($$'quarterly', every => 2147483647$$, 'INTERVAL is a number from 1 to 2147483647'),
  ($$'daily', count => 0$$, 'count is less than 1'),
  ($$'daily', count => 1, until => '2027-01-01'$$, 'COUNT and UNTIL exclude each other'),
  ($$'daily', until => 'infinity'$$, 'until is infinite'),
  ($$'daily', until => '2027-01-01 12:00:00.5'$$, 'UNTIL is a whole second'),
  ($$'daily', until => '10000-01-01'$$, 'UNTIL is a day of the years 1 to 9999'),
  ($$'daily', until => '0001-12-31 12:00 BC'$$, 'UNTIL is a time of the years 1 to 9999'),
  ($$'weekly', byday => 'MO,XX'$$, 'at character 4 of byday: a weekday is expected: MO, TU, WE, TH, FR, SA or SU'),
  ($$'weekly', byday => 'MO TU'$$, 'at character 3 of byday: a comma or the end is expected'),
  ($$'weekly', byday => '1MO'$$, 'a number before a weekday needs FREQ=MONTHLY or YEARLY'),
  ($$'monthly', bymonthday => '{0}'$$, 'a number of BYMONTHDAY is 1 to 31 or -1 to -31'),
  ($$'monthly', bymonthday => '{-2147483648}'$$, 'a number of BYMONTHDAY is 1 to 31 or -1 to -31'),
  ($$'monthly', bymonthday => '{1,null}'$$, 'a number of BYMONTHDAY is 1 to 31 or -1 to -31'),
  ($$'daily', byhour => '{-1}'$$, 'a number of BYHOUR is 0 to 23'),
  ($$'daily', wkst => 'MON'$$, 'wkst is MO, TU, WE, TH, FR, SA or SU'),
  ($$'daily', wkst => ''$$, 'wkst is MO, TU, WE, TH, FR, SA or SU'),
  ($$'daily', skip => 'never'$$, 'skip is OMIT, BACKWARD or FORWARD')) x(arguments, fault);
select is(t.refusal('select clinic.make_rrule(null)'), 'PT400 missing_argument', 'a rule has a frequency');

-- in English
select is(clinic.rrule_describe(rule::clinic.rrule), english, rule) from (values
  ('FREQ=SECONDLY;INTERVAL=30', 'every 30 seconds'),
  ('FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10,11,12,13,14,15,16', 'every 20 minutes in hours 9 to 16'),
  ('FREQ=HOURLY;BYMINUTE=0,30', 'every hour at minutes 0 and 30'),
  ('FREQ=DAILY', 'every day'),
  ('FREQ=DAILY;COUNT=1', 'every day, once'),
  ('FREQ=DAILY;BYDAY=SA,SU;BYMONTH=1,2,3', 'every day on Saturday and Sunday only in January to March'),
  ('FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;UNTIL=20270630', 'every 2 weeks on Monday and Thursday, until 30 June 2027'),
  ('FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;COUNT=10', 'every week on Monday to Friday, 10 times'),
  ('FREQ=WEEKLY;BYDAY=TU,SU;WKST=SU;UNTIL=20270630T120000Z', 'every week on Tuesday and Sunday, weeks starting on Sunday, until 30 June 2027 at 12:00 UTC'),
  ('FREQ=WEEKLY;BYHOUR=9,14;BYMINUTE=30;UNTIL=20270630T120005', 'every week at 09:30 and 14:30, until 30 June 2027 at 12:00:05'),
  ('FREQ=MONTHLY;BYDAY=1MO,-1FR', 'every month on the 1st Monday and the last Friday'),
  ('FREQ=MONTHLY;BYDAY=MO,-2SU', 'every month on every Monday and the 2nd last Sunday'),
  ('FREQ=MONTHLY;BYMONTHDAY=1,15,-1', 'every month on the 1st, the 15th and the last day of the month'),
  ('FREQ=MONTHLY;BYMONTHDAY=1,2,3,4,11,12,13,21,22,23', 'every month on the 1st to the 4th, the 11th to the 13th and the 21st to the 23rd'),
  ('FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR', 'every month on the 13th, if that is Friday'),
  ('FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1', 'every month on every Monday to Friday, only the last of these in the month'),
  ('RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=31;SKIP=BACKWARD;COUNT=3', 'every month on the 31st, or the day before if there is no such day, 3 times'),
  ('RSCALE=GREGORIAN;FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;SKIP=FORWARD', 'every year on 29 February, or the day after if there is no such day'),
  ('FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=25', 'every year on 25 December'),
  ('FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8', 'every 4 years on the 2nd to the 8th, if that is Tuesday in November'),
  ('FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU', 'every year on the last Sunday in March'),
  ('FREQ=YEARLY;BYDAY=20MO', 'every year on the 20th Monday of the year'),
  ('FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO', 'every year on Monday in week 20'),
  ('FREQ=YEARLY;BYWEEKNO=1,-1', 'every year in the 1st and the last week of the year'),
  ('FREQ=YEARLY;BYYEARDAY=1,101,-1', 'every year on the 1st, the 101st and the last day of the year')) x(rule, english);

-- iCalendar
create function t.read(ical text, timezone text default null) returns text language sql as $$
  select concat_ws(' | ', coalesce(rule::text, '-'), dtstart, coalesce(timezone, '-'), case when is_date then 'date' end,
    (select 'rdates ' || string_agg(to_char(x, 'YYYYMMDD"T"HH24MISS'), ' ' order by n) from unnest(rdates) with ordinality u(x, n)),
    (select 'exdates ' || string_agg(to_char(x, 'YYYYMMDD"T"HH24MISS'), ' ' order by n) from unnest(exdates) with ordinality u(x, n)))
  from clinic.recurrence_from_ical($1, $2) $$;
select is(t.read(ical), expected, why) from (values
  (E'DTSTART;TZID=Europe/Berlin:20270301T090000\r\nRRULE:FREQ=DAILY\r\n', 'FREQ=DAILY | 2027-03-01 09:00:00 | Europe/Berlin', 'a start of a zone and a rule'),
  (E'rrule:freq=daily\ndtstart;tzid="europe/berlin":20270301t090000', 'FREQ=DAILY | 2027-03-01 09:00:00 | Europe/Berlin', 'in any order and case, without CR, the zone quoted'),
  (E'\n\r\nDTSTART:20270301T090000Z\n\n', '- | 2027-03-01 09:00:00 | UTC', 'without a rule, in UTC, among empty lines'),
  ('DTSTART:20270301T090000', '- | 2027-03-01 09:00:00 | -', 'of no zone'),
  ('DTSTART;VALUE=DATE-TIME:20270301T090000', '- | 2027-03-01 09:00:00 | -', 'with what is so anyway'),
  ('DTSTART;VALUE=DATE:20270301', '- | 2027-03-01 00:00:00 | - | date', 'a date'),
  (E'DTSTART;TZ\r\n ID=Europe\r\n\t/Berlin:2027\r\n 0301T090000\r\nRRULE:FREQ=WEEKLY;BY\r\n DAY=MO', 'FREQ=WEEKLY;BYDAY=MO | 2027-03-01 09:00:00 | Europe/Berlin', 'folded anywhere'),
  (E'DTSTART;TZID=Europe/Berlin:20270301T090000\nEXDATE;TZID=Europe/Berlin:20270302T090000,20270702T090000\nEXDATE;TZID=America/New_York:20270303T040000\nEXDATE:20270304T080000Z\nRDATE:20270306T090000',
   '- | 2027-03-01 09:00:00 | Europe/Berlin | rdates 20270306T080000 | exdates 20270302T080000 20270702T070000 20270303T090000 20270304T080000', 'instants of several lines and zones'),
  (E'RDATE;TZID=Europe/Berlin:20270328T023000,20271031T023000\nDTSTART;TZID=Europe/Berlin:20270301T090000', '- | 2027-03-01 09:00:00 | Europe/Berlin | rdates 20270328T013000 20271031T003000', 'a time that is skipped is later by the gap, of two it is the first'),
  (E'DTSTART:20270301T090000\nRDATE:20270302T090000', '- | 2027-03-01 09:00:00 | - | rdates 20270302T090000', 'of no zone they are read in UTC'),
  (E'DTSTART;VALUE=DATE:20270301\nEXDATE;VALUE=DATE:20270302', '- | 2027-03-01 00:00:00 | - | date | exdates 20270302T000000', 'dates too'),
  ('DTSTART;X-A=b;TZID=Etc/GMT+5;X-C="d;e:f":20270301T090000', '- | 2027-03-01 09:00:00 | Etc/GMT+5', 'parameters of somebody''s own are passed over')) x(ical, expected, why);
select is(t.read(E'DTSTART:20270301T090000\nEXDATE:20270302T090000', 'europe/berlin'), '- | 2027-03-01 09:00:00 | Europe/Berlin | exdates 20270302T080000', 'a zone may be given for those without');
select is(t.read(E'DTSTART;VALUE=DATE:20270301\nEXDATE;VALUE=DATE:20270302', 'Europe/Berlin'), '- | 2027-03-01 00:00:00 | Europe/Berlin | date | exdates 20270301T230000', 'and for dates');
select is(t.read('DTSTART;TZID=America/New_York:20270301T090000', 'Europe/Berlin'), '- | 2027-03-01 09:00:00 | America/New_York', 'the line''s own goes first');
select is(t.read('DTSTART:20270301T090000Z', 'Europe/Berlin'), '- | 2027-03-01 09:00:00 | UTC', 'also UTC');
select is((select rdates::text || exdates::text from clinic.recurrence_from_ical('DTSTART:20270301T090000Z')), '{}{}', 'no instants are an empty array');
select is((select count(*) from clinic.recurrence_from_ical(null) r where r is null), 1::bigint, 'null for null');
select is(t.fault(format('select clinic.recurrence_from_ical(%L)', ical)), '22P02 ' || fault || '.', format('refused: %s', to_json(ical))) from (values
  ('', 'Line 1: there is no DTSTART'),
  (E'RRULE:FREQ=DAILY\n', 'Line 2: there is no DTSTART'),
  (' DTSTART:20270301T090000', 'Line 1: there is no line that this one could go on'),
  (E'DTSTART:20270301T090000\n\n RDATE:20270301T090000', 'Line 3: there is no line that this one could go on'),
  (E'DTSTART:20270301T090000\r\nBEGIN:VEVENT', 'Line 2: DTSTART, RRULE, RDATE or EXDATE is expected'),
  (E'DTSTART:20270301T090000\nEXRULE:FREQ=DAILY', 'Line 2: DTSTART, RRULE, RDATE or EXDATE is expected'),
  (E'DTSTART:20270301\n T090000\nSUMMARY:x', 'Line 3: DTSTART, RRULE, RDATE or EXDATE is expected'),
  ('DTSTART', 'Line 1: a colon is expected after the name and the parameters'),
  ('DTSTART 20270301T090000', 'Line 1: a colon is expected after the name and the parameters'),
  ('DTSTART;:20270301T090000', 'Line 1: a parameter is expected, as TZID=Europe/Berlin'),
  ('DTSTART;TZID:20270301T090000', 'Line 1: a parameter is expected, as TZID=Europe/Berlin'),
  ('DTSTART;TZID=:20270301T090000', 'Line 1: a parameter has a value, and after it comes a semicolon or a colon'),
  ('DTSTART;TZID="Europe/Berlin:20270301T090000', 'Line 1: a parameter has a value, and after it comes a semicolon or a colon'),
  ('DTSTART;TZID="Europe/Berlin"x:20270301T090000', 'Line 1: a parameter has a value, and after it comes a semicolon or a colon'),
  ('DTSTART;TZID=UTC;TZID=UTC:20270301T090000', 'Line 1: TZID is there already'),
  ('DTSTART;VALUE=DATE;VALUE=DATE:20270301', 'Line 1: VALUE is there already'),
  ('RDATE;VALUE=PERIOD:20270301T090000Z/PT1H', 'Line 1: VALUE is DATE or DATE-TIME'),
  ('DTSTART;LANGUAGE=en:20270301T090000', 'Line 1: the parameters are TZID and VALUE'),
  ('DTSTART;TZID=UTC;VALUE=DATE:20270301', 'Line 1: a date has no TZID'),
  ('RRULE;TZID=UTC:FREQ=DAILY', 'Line 1: RRULE has no such parameter'),
  ('DTSTART;TZID=Europe/Bonn:20270301T090000', 'Line 1: time zone "Europe/Bonn" is not known'),
  ('DTSTART;TZID="(UTC+01:00) Amsterdam":20270301T090000', 'Line 1: time zone "(UTC+01:00) Amsterdam" is not known'),
  ('DTSTART;TZID=CET-1CEST:20270301T090000', 'Line 1: time zone "CET-1CEST" is not known'),
  ('DTSTART;TZID=UTC:20270301T090000Z', 'Line 1: a time in UTC has no TZID'),
  ('DTSTART:20270301', 'Line 1: a date needs VALUE=DATE'),
  ('DTSTART;VALUE=DATE:20270301T090000', 'Line 1: with VALUE=DATE a time has no place'),
  ('DTSTART:2027-03-01', 'Line 1: a time is written YYYYMMDDThhmmss or YYYYMMDDThhmmssZ'),
  ('DTSTART;VALUE=DATE:tomorrow', 'Line 1: a date is written YYYYMMDD'),
  ('DTSTART:20270229T090000', 'Line 1: there is no such day'),
  ('DTSTART:20270301T240000', 'Line 1: there is no such time'),
  ('DTSTART:20270301T090000,20270302T090000', 'Line 1: DTSTART is one time'),
  (E'DTSTART:20270301T090000\nRDATE:20270301T090000,', 'Line 2: a time is written YYYYMMDDThhmmss or YYYYMMDDThhmmssZ'),
  (E'DTSTART:20270301T090000\nRDATE:20270301T090000 20270302T090000', 'Line 2: a comma or the end of the line is expected after a time'),
  (E'DTSTART:20270301T090000\nDTSTART:20270301T090000', 'Line 2: DTSTART is there already'),
  (E'DTSTART:20270301T090000\nRRULE:FREQ=DAILY\nRRULE:FREQ=DAILY', 'Line 3: RRULE is there already'),
  (E'DTSTART:20270301T090000\nRRULE:FREQ=DAILY;COUNT=0', 'Line 2: at character 18 of the rule: COUNT is a number from 1 to 9223372036854775807'),
  (E'EXDATE;VALUE=DATE:20270301\nDTSTART:20270301T090000', 'Line 1: DTSTART is not a date, but this is'),
  (E'DTSTART;VALUE=DATE:20270301\nRDATE:20270301T090000', 'Line 2: DTSTART is a date, and this is none')) x(ical, fault);
select is(t.refusal($$select clinic.recurrence_from_ical('DTSTART:20270301T090000', 'Europe/Bonn')$$), 'PT400 invalid_timezone', 'the zone that is given has to be one');

create function t.written(rule text, dtstart timestamp, timezone text default null, is_date boolean default null, rdates timestamptz[] default null, exdates timestamptz[] default null) returns text language sql
  as $$select rtrim(replace(clinic.recurrence_to_ical($1::clinic.rrule, $2, $3, $4, $5, $6), E'\r\n', ' / '), ' /')$$;
select is(written, expected, why) from (values
  (t.written('FREQ=DAILY', '2027-03-01 09:00', 'Europe/Berlin'), 'DTSTART;TZID=Europe/Berlin:20270301T090000 / RRULE:FREQ=DAILY', 'a start of a zone'),
  (t.written('FREQ=DAILY', '2027-03-01 09:00', 'utc'), 'DTSTART:20270301T090000Z / RRULE:FREQ=DAILY', 'in UTC'),
  (t.written(null, '2027-03-01 09:00'), 'DTSTART:20270301T090000', 'of no zone, without a rule'),
  (t.written('FREQ=DAILY', '2027-03-01', 'Europe/Berlin', true), 'DTSTART;VALUE=DATE:20270301 / RRULE:FREQ=DAILY', 'a date'),
  (t.written('FREQ=DAILY;UNTIL=20270630', '2027-03-01 09:00', 'Europe/Berlin'), 'DTSTART;TZID=Europe/Berlin:20270301T090000 / RRULE:FREQ=DAILY;UNTIL=20270630T215959Z', 'until a day is until its last second, in UTC'),
  (t.written('FREQ=DAILY;UNTIL=20270630T120000', '2027-03-01 09:00', 'Europe/Berlin'), 'DTSTART;TZID=Europe/Berlin:20270301T090000 / RRULE:FREQ=DAILY;UNTIL=20270630T100000Z', 'until a time of the clock is in UTC'),
  (t.written('FREQ=DAILY;UNTIL=20270630T120000Z', '2027-03-01 09:00', 'Europe/Berlin'), 'DTSTART;TZID=Europe/Berlin:20270301T090000 / RRULE:FREQ=DAILY;UNTIL=20270630T120000Z', 'until an instant'),
  (t.written('FREQ=DAILY;UNTIL=20270630', '2027-03-01 09:00'), 'DTSTART:20270301T090000 / RRULE:FREQ=DAILY;UNTIL=20270630T235959', 'of no zone, until a time of no zone'),
  (t.written('FREQ=DAILY;UNTIL=20270630T120000Z', '2027-03-01 09:00'), 'DTSTART:20270301T090000 / RRULE:FREQ=DAILY;UNTIL=20270630T120000', 'also from an instant'),
  (t.written('FREQ=DAILY;UNTIL=20270630T230000Z', '2027-03-01', 'Europe/Berlin', true), 'DTSTART;VALUE=DATE:20270301 / RRULE:FREQ=DAILY;UNTIL=20270701', 'of dates, until a date'),
  (t.written(null, '2027-03-01 09:00', 'Europe/Berlin', null, '{2027-03-02 08:00+00,2027-07-02 07:00+00}', '{2027-10-31 00:30+00,2027-10-31 01:30+00}'),
   'DTSTART;TZID=Europe/Berlin:20270301T090000 / RDATE;TZID=Europe/Berlin:20270302T090000,20270702T090000 / EXDATE;TZID=Europe/Berlin:20271031T023000 / EXDATE:20271031T013000Z', 'a time that is shown twice is in UTC the second time'),
  (t.written(null, '2027-03-01', 'Europe/Berlin', true, '{2027-03-01 23:00+00}'), 'DTSTART;VALUE=DATE:20270301 / RDATE;VALUE=DATE:20270302', 'dates'),
  (t.written(null, '2027-03-01 09:00', null, false, '{2027-03-01 23:00+00}', '{}'), 'DTSTART:20270301T090000 / RDATE:20270301T230000', 'of no zone')) x(written, expected, why);
select is(t.refusal('select t.written(' || arguments || ')'), expected, format('refused: %s', arguments)) from (values
  ($$'FREQ=DAILY', null$$, 'PT400 missing_argument'),
  ($$null, '2027-03-01', null, null, '{null}'$$, 'PT400 missing_argument'),
  ($$null, '2027-03-01', 'Europe/Bonn'$$, 'PT400 invalid_timezone'),
  ($$null, '2027-03-01', 'CET-1CEST'$$, 'PT400 invalid_timezone'),
  ($$null, 'infinity'$$, 'PT400 invalid_time'),
  ($$null, '10000-01-01'$$, 'PT400 invalid_time'),
  ($$null, '0001-01-01 BC'$$, 'PT400 invalid_time'),
  ($$null, '2027-03-01 09:00:00.5'$$, 'PT400 invalid_time'),
  ($$null, '2027-03-01 09:00', 'UTC', true$$, 'PT400 invalid_time'),
  ($$null, '2027-03-01', 'Europe/Berlin', true, '{2027-03-02 00:00+00}'$$, 'PT400 invalid_time'),
  ($$null, '2027-03-01', 'Europe/Berlin', null, '{-infinity}'$$, 'PT400 invalid_time'),
  ($$null, '2027-03-01', 'Asia/Tokyo', null, '{9999-12-31 23:00+00}'$$, 'PT400 invalid_time'),
  ($$'FREQ=DAILY;UNTIL=99991231', '2027-03-01', 'America/New_York'$$, 'PT400 invalid_time')) x(arguments, expected);
select is((select max(octet_length(line)) from unnest(string_to_array(clinic.recurrence_to_ical(null, '2027-01-01', 'Europe/Berlin',
  rdates => (select array_agg('2027-01-01'::timestamptz + n * interval '1 day') from generate_series(1, 300) n)), E'\r\n')) line), 75, 'long lines are folded at 75 bytes');
select is_empty($$
  select typed, a, b from t.value v
  cross join lateral (select (array['Europe/Berlin', 'UTC', null, 'America/St_Johns', 'Australia/Lord_Howe'])[1 + n % 5] as zone, n % 7 = 0 as dates) z
  cross join lateral (select timestamp '2027-01-01 09:00' + n * interval '1 hour 1 second' as start) s
  cross join lateral (select array_agg(i) as instants from (select case when dates then clinic.local_to_instant(date '2027-03-01' + k * n, coalesce(zone, 'UTC'))
    else '2027-10-30'::timestamptz + k * n * interval '17 minutes' end as i from generate_series(1, n % 20) k) x) i
  cross join lateral clinic.recurrence_to_ical(v.rule, case when dates then date_trunc('day', start) else start end, zone, dates, instants, instants) a
  cross join lateral clinic.recurrence_from_ical(a, zone) r
  cross join lateral clinic.recurrence_to_ical(r.rule, r.dtstart, r.timezone, r.is_date, r.rdates, r.exdates) b
  where n <= 1000 and (a <> b or r.dtstart <> case when dates then date_trunc('day', start) else start end or r.timezone is distinct from zone or r.is_date <> dates
    or (select array_agg(x order by x) from unnest(r.rdates) x) is distinct from (select array_agg(x order by x) from unnest(instants) x)
    or r.rdates <> r.exdates or (clinic.rrule_until(v.rule) is null and r.rule operator(clinic.<>) v.rule))
  limit 3$$, 'what is written is read as the same, and written the same again');

select * from finish();
rollback;
