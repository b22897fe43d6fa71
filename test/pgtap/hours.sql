begin;
select plan(193);
\ir include/fixture.psql

create function t.printed(typed text) returns text immutable language sql as 'select $1::clinic.weekly_hours::text';

-- What is wrong with a text: the SQLSTATE and the DETAIL.
create function t.fault(typed text) returns text language plpgsql as $$
declare
  state text; detail text;
begin
  perform typed::clinic.weekly_hours;
  return 'none';
exception when others then
  get stacked diagnostics state = returned_sqlstate, detail = pg_exception_detail;
  return state || ' ' || detail;
end $$;

-- What is open, as the clocks in UTC show it: "28 01:00 - 28 03:00".
create function t.open(hours text, timezone text, during tstzrange) returns text language sql as $$
  select coalesce(string_agg(to_char(lower(span), 'DD HH24:MI') || ' - ' || to_char(upper(span), 'DD HH24:MI'), ', ' order by span), '-')
  from unnest(clinic.open_hours($1::clinic.weekly_hours, $2, $3)) u(span)
$$;

-- canonical forms
select is(t.printed(typed), printed, why) from (values
  ('Mo-Fr 08:00-12:00,13:00-18:00; Sa 09:00-12:00', 'Mo-Fr 08:00-12:00,13:00-18:00; Sa 09:00-12:00', 'what is canonical prints as it is'),
  ('mo-FR 08:00-12:00', 'Mo-Fr 08:00-12:00', 'days are read in any case'),
  (E'  Mo - Fr \t08:00 - 12:00\n,13:00-18:00 ;Sa 09:00-12:00  ', 'Mo-Fr 08:00-12:00,13:00-18:00; Sa 09:00-12:00', 'blanks may stand between words'),
  ('Mo-Fr08:00-12:00;Sa09:00-12:00', 'Mo-Fr 08:00-12:00; Sa 09:00-12:00', 'or not'),
  ('Mo 8:00-9:30', 'Mo 08:00-09:30', 'an hour may have one digit'),
  ('Mo,We,Fr 08:00-12:00', 'Mo,We,Fr 08:00-12:00', 'days may be listed'),
  ('Fr,Mo,We,Mo 08:00-12:00', 'Mo,We,Fr 08:00-12:00', 'in any order, and twice'),
  ('Fr-Mo 08:00-12:00', 'Mo,Fr-Su 08:00-12:00', 'a range of days may go over the week''s end'),
  ('Mo-We,Fr-Su 08:00-12:00', 'Mo-We,Fr-Su 08:00-12:00', 'a list may hold ranges'),
  ('We-We 08:00-12:00', 'We 08:00-12:00', 'a range may be one day'),
  ('Tu-Mo 08:00-12:00', 'Mo-Su 08:00-12:00', 'or all of them'),
  ('Sa,Su 08:00-12:00', 'Sa,Su 08:00-12:00', 'two days are a list'),
  ('08:00-12:00', 'Mo-Su 08:00-12:00', 'a time without days is of every day'),
  ('Sa', 'Sa 00:00-24:00', 'a day without a time is open all day'),
  ('Mo,Sa-Su', 'Mo,Sa,Su 00:00-24:00', 'and so are several'),
  ('24/7', '24/7', 'always'),
  ('00:00-24:00', '24/7', 'every day all day is always'),
  ('Mo-Su', '24/7', 'with or without the time'),
  ('06:00-22:00,22:00-06:00', '24/7', 'or in parts'),
  ('off', 'off', 'never'),
  ('Closed', 'off', 'never, in another word and case'),
  ('Su off', 'off', 'one day off and no word of the others is never'),
  ('Mo-Fr 08:00-12:00; off', 'off', 'a day off without a day is every day'),
  -- overriding and adding
  ('Mo-Fr 08:00-18:00; We 08:00-12:00', 'Mo,Tu,Th,Fr 08:00-18:00; We 08:00-12:00', 'a later rule replaces its days'' hours'),
  ('08:00-18:00; Su off', 'Mo-Sa 08:00-18:00', 'so does a day off'),
  ('Su off; Su 10:00-12:00', 'Su 10:00-12:00', 'and hours replace a day off'),
  ('Mo off; Mo-Fr 08:00-12:00', 'Mo-Fr 08:00-12:00', 'the last word counts'),
  ('24/7; Su off', 'Mo-Sa 00:00-24:00', 'always but on Sundays'),
  ('Mo-Fr 08:00-12:00, We 14:00-18:00', 'Mo,Tu,Th,Fr 08:00-12:00; We 08:00-12:00,14:00-18:00', 'a rule after a comma adds'),
  ('Mo 08:00-12:00, Tu', 'Mo 08:00-12:00; Tu 00:00-24:00', 'also a whole day'),
  ('Mo 08:00-12:00, Mo 10:00-14:00; Mo 16:00-18:00', 'Mo 16:00-18:00', 'a semicolon replaces what was added'),
  ('Mo off, 08:00-12:00', 'Mo-Su 08:00-12:00', 'after a day off too'),
  -- merging
  ('Mo 08:00-12:00,10:00-14:00', 'Mo 08:00-14:00', 'ranges that overlap are one'),
  ('Mo 08:00-12:00,12:00-14:00', 'Mo 08:00-14:00', 'and so are ranges that touch'),
  ('Mo 13:00-18:00,08:00-12:00', 'Mo 08:00-12:00,13:00-18:00', 'ranges are in order'),
  ('Mo 08:00-18:00,10:00-12:00', 'Mo 08:00-18:00', 'one within another adds nothing'),
  -- midnight
  ('Mo 22:00-02:00', 'Mo 22:00-02:00', 'a night is the day''s on which it begins'),
  ('Mo 22:00-24:00; Tu 00:00-02:00', 'Mo 22:00-02:00', 'in two parts it is the same night'),
  ('Mo 22:00-00:00', 'Mo 22:00-24:00', 'midnight may be 00:00'),
  ('Su 22:00-02:00', 'Su 22:00-02:00', 'Sunday night ends on Monday'),
  ('Mo 00:00-02:00; Su 22:00-24:00', 'Su 22:00-02:00', 'also in parts'),
  ('Mo 00:00-02:00; Su 23:59-24:00', 'Su 23:59-02:00', 'however short'),
  ('Mo 08:00-12:00; Su 22:00-02:00', 'Mo 08:00-12:00, Su 22:00-02:00', 'where a night ends on another rule''s day, commas part rules'),
  ('Mo-Su 22:00-06:00; Su off', 'Mo-Sa 22:00-06:00', 'a day off leaves the night before alone'),
  ('Mo-Th 17:00-03:00; Fr-Sa 17:00-05:00', 'Mo-Th 17:00-03:00, Fr,Sa 17:00-05:00', 'and so does a day with hours'),
  ('Mo-Th 17:00-03:00, Fr-Sa 17:00-05:00', 'Mo-Th 17:00-03:00, Fr,Sa 17:00-05:00', 'with a comma it is the same'),
  ('Mo 22:00-06:00; Tu 05:00-10:00', 'Mo 22:00-10:00', 'a night may run into the next day''s hours'),
  ('Mo 08:00-24:00; Tu 00:00-10:00', 'Mo 08:00-24:00; Tu 00:00-10:00', 'a day and more is cut at midnight'),
  ('Mo 20:00-24:00; Tu; We 00:00-08:00', 'Mo 20:00-24:00; Tu 00:00-24:00; We 00:00-08:00', 'at every midnight'),
  ('Sa 20:00-24:00; Su; Mo 00:00-08:00', 'Mo 00:00-08:00; Sa 20:00-24:00; Su 00:00-24:00', 'also over the week''s end'),
  ('Mo 10:00-09:59', 'Mo 10:00-09:59', 'a minute less than a day is whole'),
  ('Su 10:00-09:59', 'Su 10:00-09:59', 'also over the week''s end'),
  ('Mo 10:00-24:00; Tu 00:00-10:00', 'Mo 10:00-24:00; Tu 00:00-10:00', 'a day is cut'),
  ('Tu-Su; Mo 00:01-24:00', 'Mo 00:01-24:00; Tu-Su 00:00-24:00', 'nearly always')) x(typed, printed, why);

-- faults
select is(t.fault(typed), '22P02 At character ' || fault || '.', format('refused: "%s"', typed)) from (values
  ('', '1: a day, a time, "off" or "24/7" is expected'),
  ('  ', '3: a day, a time, "off" or "24/7" is expected'),
  (';', '1: a day, a time, "off" or "24/7" is expected'),
  ('Mo 08:00-12:00;', '16: a day, a time, "off" or "24/7" is expected'),
  ('Mo 08:00-12:00,', '16: a day, a time, "off" or "24/7" is expected'),
  ('Mo 08:00-12:00,,', '16: a day, a time, "off" or "24/7" is expected'),
  ('Montag 08:00-12:00', '1: a day is expected: Mo, Tu, We, Th, Fr, Sa or Su'),
  ('Mo-Xx 08:00-12:00', '4: a day is expected: Mo, Tu, We, Th, Fr, Sa or Su'),
  ('Mo, 08:00-12:00', '5: a day is expected: Mo, Tu, We, Th, Fr, Sa or Su'),
  ('Mo- 08:00-12:00', '5: a day is expected: Mo, Tu, We, Th, Fr, Sa or Su'),
  ('Mo: 08:00-12:00', '3: a semicolon, a comma or the end is expected'),
  ('Mo Tu 08:00-12:00', '4: a semicolon, a comma or the end is expected'),
  ('Mo 08:00-12:00 Tu 08:00-12:00', '16: a semicolon, a comma or the end is expected'),
  ('Mo 08:00-12:00 off', '16: a semicolon, a comma or the end is expected'),
  ('Mo 08:00-12:00 || off', '16: a semicolon, a comma or the end is expected'),
  ('Fr[-1] 08:00-12:00', '3: a semicolon, a comma or the end is expected'),
  ('Mo 8-12', '4: a time is written hh:mm'),
  ('Mo 0800-1200', '4: a time is written hh:mm'),
  ('Mo 008:00-12:00', '4: a time is written hh:mm'),
  ('Mo 08:0-12:00', '4: a time is written hh:mm'),
  ('Mo 08:00-12:000', '10: a time is written hh:mm'),
  ('Mo 08:00:30-12:00', '9: a hyphen and the time at which the range ends are expected'),
  ('Mo 08:00+', '9: a hyphen and the time at which the range ends are expected'),
  ('Mo 08:00', '9: a hyphen and the time at which the range ends are expected'),
  ('Mo 08:00–12:00', '9: a hyphen and the time at which the range ends are expected'),
  ('Mo 08:00-', '10: a time is expected: hh:mm'),
  ('Mo 08:00--12:00', '10: a time is expected: hh:mm'),
  ('Mo 08:60-12:00', '7: an hour has minutes 00 to 59'),
  ('Mo 08:00-24:01', '10: a day ends at 24:00; a range past midnight is written as 22:00-02:00'),
  ('Mo 22:00-26:00', '10: a day ends at 24:00; a range past midnight is written as 22:00-02:00'),
  ('Mo 24:00-12:00', '4: a range begins before 24:00'),
  ('Mo 08:00-08:00', '4: the range is empty; all day is 00:00-24:00'),
  ('Mo 00:00-00:00', '4: the range is empty; all day is 00:00-24:00'),
  ('Mo 24/7', '4: 24/7 has no days; of a day it is 00:00-24:00'),
  ('24/7 08:00-12:00', '6: a semicolon, a comma or the end is expected'),
  ('Mo 08:00-12:00, Tu off', '17: after a comma a rule adds hours; closing takes a semicolon'),
  ('Mo-Fr 08:00-12:00; PH off', '20: public holidays are no days of the week'),
  ('Mo-Fr,SH 08:00-12:00', '7: school holidays are no days of the week'),
  ('Mo sunrise-12:00', '4: sunrise is no time of the clock'),
  ('Mo 12:00-sunset', '10: sunset is no time of the clock'),
  ('week 1-3 Mo', '1: all weeks are alike')) x(typed, fault);
select is(t.fault(repeat(' ', 131072) || 'off'), '22P02 At character 131073: the text is too long.', 'a text has a greatest length');
select is(t.printed(repeat(' ', 131069) || 'off'), 'off', 'up to which it is read');

-- five thousand values, made from rules at random, against what range_agg makes of the rules
select setseed(0.2027);
create table t.rule as
  select v as value, n, n > 1 and random() < 0.5 as adds,
    (select array_agg(d) from generate_series(0, 6) d where v + n is not null and random() < 0.4) as days,
    floor(random() * 4)::int as ranges
  from generate_series(1, 5000) v, generate_series(1, 1 + v % 4) n;
-- a time after a comma and a time would be one more of the same days
update t.rule set days = '{0,1,2,3,4,5,6}' where days is null and (adds or ranges = 0);
create table t.rule_range as
  select r.value, r.n, opens, (opens + 1 + floor(random() * random() * 1439)::int) % 1440 as closes
  from t.rule r, generate_series(1, r.ranges) i, floor(random() * 1440 + 0 * i) x(minute), cast(minute as int) opens;
create index on t.rule (value);
create index on t.rule_range (value, n);
analyze t.rule, t.rule_range;
create function t.clock(minute int) returns text immutable language sql as $$select to_char($1 / 60, 'FM00') || ':' || to_char($1 % 60, 'FM00')$$;
create table t.value as
  select r.value, string_agg(
    case when n = 1 then '' when adds then ',' else ' ; ' end
      || coalesce((select string_agg((array['Mo', 'tu', 'WE', 'Th', 'fR', 'Sa', 'Su'])[d + 1], ', ') from unnest(days) d), '')
      || ' ' || coalesce(times, case when not adds then 'off' when n < 1 + r.value % 4 then '00:00-24:00' else '' end), '' order by n) as typed
  from t.rule r
  left join lateral (select string_agg(t.clock(opens) || '-' || t.clock(closes), ',') as times from t.rule_range x where (x.value, x.n) = (r.value, r.n)) s on true
  group by r.value;
alter table t.value add hours clinic.weekly_hours, add spans tstzmultirange;
update t.value set hours = typed::clinic.weekly_hours;
update t.value v set spans = coalesce((
  select range_agg(tstzrange(midnight + opens * interval '1 minute', midnight + closes * interval '1 minute'))
  from t.rule r
  cross join lateral unnest(coalesce(r.days, '{0,1,2,3,4,5,6}')) d
  cross join lateral (
    select opens, case when closes < opens then closes + 1440 else closes end as closes from t.rule_range x where (x.value, x.n) = (r.value, r.n)
    union all
    select 0, 1440 where r.adds and not exists (select from t.rule_range x where (x.value, x.n) = (r.value, r.n))) s
  cross join generate_series(-1, 1) week
  cross join lateral (select '2027-03-01'::timestamptz + (7 * week + d) * interval '1 day' as midnight) m
  where r.value = v.value
    and not exists (select from t.rule later where later.value = r.value and later.n > r.n and not later.adds and (later.days is null or d = any (later.days)))), '{}')
  * tstzmultirange(tstzrange('2027-03-01', '2027-03-08'));
select is((select count(*) from t.value where t.printed(typed) not in ('off', '24/7')) > 4000, true, 'of five thousand random texts most say something');
select is_empty($$select typed, hours, spans from t.value where clinic.open_hours(hours, 'UTC', '[2027-03-01,2027-03-08)') <> spans limit 3$$, 'each is open when its rules say');
select is_empty($$select typed, hours from t.value where hours::text::clinic.weekly_hours operator(clinic.<>) hours limit 3$$, 'what is printed is read as the same value');
select is_empty($$select typed, hours from t.value where hours::text::clinic.weekly_hours::text <> hours::text limit 3$$, 'and prints the same');
select is((select count(distinct hours) from t.value), (select count(distinct spans) from t.value), 'values are equal when they are open in the same minutes');
select is((select count(distinct hours::text) from t.value), (select count(distinct spans) from t.value), 'and then print the same');
select is((select count(distinct clinic.weekly_hours_send(hours)) from t.value), (select count(distinct spans) from t.value), 'and are sent the same');
select is_empty($$select typed from t.value where replace(hours::text, ', ', '; ')::clinic.weekly_hours operator(clinic.<>) hours limit 3$$, 'commas between the rules of a printed value could be semicolons');

-- the most a value can hold
create function t.dense(first int) returns text immutable language sql
  as $$select string_agg(t.clock(m) || '-' || t.clock(m + 1), ',') from generate_series($1, 1439, 2) m$$;
select is(length(t.printed(t.dense(0))), 6 + 12 * 720 - 1, 'every other minute of every day');
select is(t.printed(t.printed(t.dense(1))), t.printed(t.dense(1)), 'is read again');
select is(t.printed('Mo,We,Fr,Su ' || t.dense(0) || ';Tu,Th ' || t.dense(2) || '; Sa ' || t.dense(4)), 'Mo,We,Fr,Su ' || t.dense(0) || '; Tu,Th ' || t.dense(2) || '; Sa ' || t.dense(4), 'also of unlike days');

-- comparison
select is(operator, expected, format('"%s" and "%s" compare', a, b)) from (
  select a, b, expected, concat_ws(' ', case when x operator(clinic.=) y then '=' end, case when x operator(clinic.<>) y then '<>' end, case when x operator(clinic.<) y then '<' end,
    case when x operator(clinic.<=) y then '<=' end, case when x operator(clinic.>) y then '>' end, case when x operator(clinic.>=) y then '>=' end) as operator
  from (values ('Mo 08:00-12:00', 'Mo 08:00-10:00,10:00-12:00', '= <= >='), ('off', 'Su 23:59-24:00', '<> < <='), ('24/7', 'Mo 00:00-24:00', '<> > >='),
    ('Mo 09:00-12:00', 'Mo 08:00-12:00,13:00-14:00', '<> > >='), ('Mo 08:00-12:00', 'Mo 08:00-12:00,13:00-14:00', '<> < <='), ('Su 22:00-02:00', 'Mo 00:00-02:00; Su 22:00-24:00', '= <= >=')) p(a, b, expected)
  cross join lateral (select a::clinic.weekly_hours as x, b::clinic.weekly_hours as y) v) c;
select is_empty($$
  select a.hours, b.hours from (select * from t.value where value <= 150) a, (select * from t.value where value <= 150) b
  where (a.hours operator(clinic.<) b.hours)::int + (a.hours operator(clinic.=) b.hours)::int + (a.hours operator(clinic.>) b.hours)::int <> 1
    or (a.hours operator(clinic.<) b.hours) <> (b.hours operator(clinic.>) a.hours)
    or sign(clinic.weekly_hours_cmp(a.hours, b.hours)) <> -sign(clinic.weekly_hours_cmp(b.hours, a.hours))$$, 'two values are in one order');
select is_empty($$
  select from (select hours, lag(hours) over (order by hours) as before from t.value) x where before operator(clinic.>) hours$$, 'sorting keeps to it');
select is((select count(*) from (select hours from t.value where value <= 2500 intersect select hours from t.value) x), (select count(distinct hours) from t.value where value <= 2500), 'a hash finds equal values');
select is_empty($$select from t.value where clinic.weekly_hours_hash(hours) <> clinic.weekly_hours_hash(hours::text::clinic.weekly_hours) or clinic.weekly_hours_hash_extended(hours, 7) <> clinic.weekly_hours_hash_extended(hours::text::clinic.weekly_hours, 7)$$, 'equal values have equal hashes');
select ok((select count(distinct clinic.weekly_hours_hash_extended(hours, 1)) > 0.99 * count(distinct hours) from t.value), 'and unlike ones unlike hashes');
select is((select count(*) from t.value where clinic.weekly_hours_hash(hours) <> clinic.weekly_hours_hash_extended(hours, 0)::bit(32)::int), 0::bigint, 'seed 0 gives the plain hash');

set local search_path = public, clinic;
create table t.indexed as select hours from t.value;
create index value_btree on t.indexed (hours);
create index value_hash on t.indexed using hash (hours);
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
select is((select count(*) from t.indexed where hours >= 'Mo 08:00-12:00'), (select count(*) from t.value where clinic.weekly_hours_cmp(hours, 'Mo 08:00-12:00') >= 0), 'a btree index finds what is after a value');
select ok(t.uses('value_btree', $$select hours from t.indexed where hours < 'Mo 08:00-12:00' order by hours$$), 'it is used');
drop index t.value_btree;
select is((select count(*) from t.indexed where hours = 'off'), (select count(*) from t.value where hours::text = 'off'), 'a hash index finds equal values');
select ok(t.uses('value_hash', $$select hours from t.indexed where hours = 'off'$$), 'it is used');
set local enable_seqscan = on;
set local search_path = public;

-- ordinary days
select is(t.open('Mo-Fr 08:00-12:00,13:00-18:00; Sa 09:00-12:00', 'Europe/Berlin', '[2027-06-11,2027-06-15)'),
  '11 06:00 - 11 10:00, 11 11:00 - 11 16:00, 12 07:00 - 12 10:00, 14 06:00 - 14 10:00, 14 11:00 - 14 16:00', 'hours are the wall clock''s of the zone');
select is(t.open('Mo 08:00-12:00', 'Europe/Berlin', '[2027-06-14 07:00,2027-06-14 09:30)'), '14 07:00 - 14 09:30', 'only what lies within during counts');
select is(t.open('Mo 08:00-12:00', 'Europe/Berlin', '[2027-06-14 10:00,2027-06-21 06:00)'), '-', 'a stretch between two openings has nothing');
select is(t.open('Su 22:00-02:00', 'Europe/Berlin', '[2027-06-12,2027-06-15)'), '13 20:00 - 14 00:00', 'a night over the week''s end is one interval');
select is(clinic.open_hours('24/7', 'Europe/Berlin', '[2020-01-01,2030-01-01)'), '{[2020-01-01,2030-01-01)}', 'always is one interval, however long');
select is(clinic.open_hours('off', 'Europe/Berlin', '[2020-01-01,2030-01-01)'), '{}', 'never is none');
select is(t.open('09:00-10:00', 'America/New_York', '[1969-12-31,1970-01-02)'), '31 14:00 - 31 15:00, 01 14:00 - 01 15:00', 'before 2000 as after');

-- clocks go forward in Berlin on 2027-03-28 at 01:00 UTC, from 02:00 to 03:00; it is a Sunday
select is(t.open(hours, 'Europe/Berlin', '[2027-03-27,2027-03-29)'), expected, why) from (values
  ('Sa 22:00-06:00', '27 21:00 - 28 04:00', 'a night in which clocks go forward has an hour less'),
  ('Su 02:10-02:20', '-', 'a time that is skipped is not open'),
  ('Su 02:00-03:00', '-', 'also when all of it is'),
  ('Su 02:30-05:00', '28 01:00 - 28 03:00', 'who would open at a time that is skipped opens at the change'),
  ('Su 00:00-02:30', '27 23:00 - 28 01:00', 'who would close then closes at the change'),
  ('Su 00:00-02:00,03:00-04:00', '27 23:00 - 28 02:00', 'what is skipped parts nothing'),
  ('Su 00:00-02:10,02:50-04:00', '27 23:00 - 28 02:00', 'also where it begins and ends within'),
  ('Su 00:00-02:10,02:20-02:30,03:10-04:00', '27 23:00 - 28 01:00, 28 01:10 - 28 02:00', 'what is left is in order'),
  ('Su 03:00-04:00', '28 01:00 - 28 02:00', 'the first time that is shown is open')) x(hours, expected, why);

-- they go back on 2027-10-31 at 01:00 UTC, from 03:00 to 02:00
select is(t.open(hours, 'Europe/Berlin', during), expected, why) from (values
  ('Sa 22:00-06:00', '[2027-10-30,2027-11-01)'::tstzrange, '30 20:00 - 31 05:00', 'a night in which clocks go back has an hour more'),
  ('Su 00:00-02:30', '[2027-10-30,2027-11-01)', '30 22:00 - 31 00:30', 'who closes at a time that comes twice closes the first time'),
  ('Su 02:30-05:00', '[2027-10-30,2027-11-01)', '31 00:30 - 31 04:00', 'who opens then opens the first time'),
  ('Su 02:10-02:20', '[2027-10-30,2027-11-01)', '31 00:10 - 31 00:20', 'and not twice'),
  ('Su 02:00-03:00', '[2027-10-30,2027-11-01)', '31 00:00 - 31 02:00', 'who closes when the times are over closes after the second'),
  ('Su 03:00-04:00', '[2027-10-30,2027-11-01)', '31 02:00 - 31 03:00', 'the next hour comes once'),
  ('Su 02:00-03:00', '[2027-10-31 00:30,2027-10-31 01:30)', '31 00:30 - 31 01:30', 'during may begin and end in the two hours'),
  ('Su 02:00-03:00', '[2027-10-31 01:10,2027-10-31 05:00)', '31 01:10 - 31 02:00', 'and begin in the second'),
  ('Su 02:10-02:20', '[2027-10-31 01:00,2027-10-31 05:00)', '-', 'in which nobody opens again'),
  ('Su 02:50-04:00', '[2027-10-31 00:55,2027-10-31 01:05)', '31 00:55 - 31 01:05', 'or closes')) x(hours, during, expected, why);

-- other zones
select is(t.open(hours, zone, during), expected, why) from (values
  ('Su 02:10-02:20', 'Australia/Lord_Howe', '[2024-10-05,2024-10-07)'::tstzrange, '-', 'half an hour may be skipped'),
  ('Su 01:30-02:40', 'Australia/Lord_Howe', '[2024-10-05,2024-10-07)', '05 15:00 - 05 15:40', 'Lord Howe goes forward by half an hour'),
  ('Su 01:30-02:10', 'Australia/Lord_Howe', '[2024-04-06,2024-04-08)', '06 14:30 - 06 15:40', 'and back'),
  ('Su 01:40-01:50', 'Australia/Lord_Howe', '[2024-04-06,2024-04-08)', '06 14:40 - 06 14:50', 'what comes twice is open the first time'),
  ('Su 00:00-08:00', 'America/Havana', '[2024-03-09,2024-03-11)', '10 05:00 - 10 12:00', 'a day without midnight opens with its first minute'),
  ('Su 00:10-00:50', 'America/Havana', '[2024-03-09,2024-03-11)', '-', 'what would be before is not open'),
  ('Sa 20:00-24:00', 'America/Havana', '[2024-03-09,2024-03-11)', '10 01:00 - 10 05:00', 'the day before closes at its last'),
  ('Sa 20:00-24:00', 'America/Havana', '[2024-11-02,2024-11-04)', '03 00:00 - 03 04:00', 'a day with two midnights begins with the first'),
  ('09:00-12:00', 'Pacific/Apia', '[2011-12-29,2012-01-02)', '29 19:00 - 29 22:00, 30 19:00 - 30 22:00, 31 19:00 - 31 22:00, 01 19:00 - 01 22:00', 'a day that a zone left out has no hours'),
  ('Fr 00:00-24:00', 'Pacific/Apia', '[2011-12-28,2012-01-02)', '-', 'whatever they are'),
  ('Th 22:00-06:00', 'Pacific/Apia', '[2011-12-28,2012-01-02)', '30 08:00 - 30 10:00', 'the night before it ends with its day'),
  ('Fr 22:00-06:00', 'Pacific/Apia', '[2011-12-28,2012-01-02)', '30 10:00 - 30 16:00', 'its own night ends on the next'),
  ('Th 08:00-24:00; Fr; Sa 00:00-10:00', 'Pacific/Apia', '[2011-12-28,2012-01-02)', '29 18:00 - 30 20:00', 'and what is open throughout stays open'),
  ('Mo 09:00-10:00', 'Asia/Kathmandu', '[2027-06-14,2027-06-15)', '14 03:15 - 14 04:15', 'an offset may have minutes')) x(hours, zone, during, expected, why);

-- during
select is(clinic.open_hours('24/7', 'UTC', during), tstzmultirange(during), format('bounds are kept: %s', during)) from (values
  ('[2027-01-01,2027-01-02)'::tstzrange), ('(2027-01-01,2027-01-02]'), ('[2027-01-01,2027-01-02]'), ('(2027-01-01,2027-01-02)'), ('[2027-01-01,2027-01-01]'), ('empty')) x(during);
select is(clinic.open_hours('Fr 08:00-12:00', 'UTC', '(2027-01-01 08:00,2027-01-01 12:00]'), '{("2027-01-01 08:00","2027-01-01 12:00")}', 'the end of the hours is not open');
select is(clinic.open_hours('Fr 08:00-12:00', 'UTC', '(2027-01-01 07:00,2027-01-01 08:00]'), '{["2027-01-01 08:00","2027-01-01 08:00"]}', 'their beginning is');
select is(t.refusal(format('select clinic.open_hours(%L, %L, %L)', '24/7', zone, during)), expected, why) from (values
  ('UTC', '[2027-01-01,)', 'PT400 invalid_time', 'during without an end is refused'),
  ('UTC', '(,2027-01-01)', 'PT400 invalid_time', 'or without a beginning'),
  ('UTC', '[2027-01-01,infinity)', 'PT400 invalid_time', 'or with an infinite end'),
  ('UTC', '(-infinity,2027-01-01)', 'PT400 invalid_time', 'or beginning'),
  ('UTC', '[1899-12-31,1900-01-02)', 'PT400 invalid_time', 'or before 1900'),
  ('UTC', '[9999-12-31,10000-01-01)', 'PT400 invalid_time', 'or after 9999'),
  ('UTC', '[2020-01-01,2030-01-08 00:00:00.000001)', 'PT400 invalid_time', 'or of more than 3660 days'),
  ('UTC', '[2020-01-01,2030-01-08)', 'not refused', 'but not of as many'),
  ('UTC', '[1900-01-01,1900-01-02)', 'not refused', 'the first day is fine'),
  ('UTC', '[9999-12-30,9999-12-31]', 'not refused', 'and the last'),
  ('Europe/Bonn', '[2027-01-01,2027-01-02)', 'PT400 invalid_timezone', 'an unknown zone is refused'),
  ('Europe/Bonn', 'empty', 'PT400 invalid_timezone', 'also where nothing is asked')) x(zone, during, expected, why);
select is(clinic.open_hours('24/7', null, '[2027-01-01,2027-01-02)'), null, 'null for null');

-- is_open
select is(clinic.is_open('Su 02:10-02:20', 'Europe/Berlin', at::timestamptz), expected, why) from (values
  ('2027-10-31 00:09:59.999999', false, 'not open a microsecond before'),
  ('2027-10-31 00:10', true, 'open at the instant of opening'),
  ('2027-10-31 00:19:59.999999', true, 'and until the last'),
  ('2027-10-31 00:20', false, 'not when it closes'),
  ('2027-10-31 01:15', false, 'nor when clocks show the time again')) x(at, expected, why);
select is_empty($$
  select value, at from t.value, lateral (select '2027-10-25'::timestamptz + (value * 2 + 0.5) * interval '1 minute' as at) x
  where clinic.is_open(hours, 'Europe/Berlin', at) <> (clinic.open_hours(hours, 'Europe/Berlin', '[2027-10-25,2027-11-02)') @> at) limit 3$$, 'is_open says what open_hours says');
select is(t.refusal($$select clinic.is_open('24/7', 'UTC', 'infinity')$$), 'PT400 invalid_time', 'infinity is no time');
select is(clinic.is_open('24/7', 'UTC', null), null, 'null for null');

select * from finish();
rollback;
