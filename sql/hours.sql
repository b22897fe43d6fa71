-- hours: weekly hours and when they are open, as a user sees them
\set SHOW_CONTEXT never
set timezone = 'UTC';

-- one text for one value
select typed, typed::clinic.weekly_hours as printed from (values
  ('Mo-Fr 08:00-12:00,13:00-18:00; Sa 09:00-12:00'),
  ('sa 9:00-12:00;MO - FR  08:00 - 12:00 , 13:00-18:00'),
  ('Mo-Fr 08:00-18:00; We 08:00-12:00; Fr off'),
  ('Mo-Fr 08:00-12:00, We 14:00-18:00, Sa'),
  ('10:00-20:00; Su closed'),
  ('Fr-Mo 10:00-20:00'),
  ('Mo-Th 17:00-03:00; Fr-Sa 17:00-05:00'),
  ('Mo 08:00-24:00; Tu 00:00-10:00'),
  ('Mo 18:00-24:00; Tu 00:00-10:00'),
  ('Mo-Su 00:00-24:00'),
  ('24/7; We off'),
  ('closed')) x(typed);

-- what is wrong with a text, and where
select ''::clinic.weekly_hours;
select 'Mo-Fr 8-12'::clinic.weekly_hours;
select 'Mo-Fr 08:00-18:00; PH off'::clinic.weekly_hours;
select 'Mo 09:00-25:00'::clinic.weekly_hours;
select 'Mo 09:00–12:00'::clinic.weekly_hours;

-- the nights on which clocks change, the only midnight of a week without one, and the day that Apia left out
select zone, o.opens at time zone zone as opens, o.closes at time zone zone as closes, o.closes - o.opens as lasts
from (values
  ('Europe/Berlin', 'Sa 22:00-06:00', '[2027-03-22, 2027-03-30)'::tstzrange),
  ('Europe/Berlin', 'Sa 22:00-06:00', '[2027-10-26, 2027-11-02)'),
  ('Australia/Lord_Howe', 'Sa 22:00-06:00', '[2024-10-01, 2024-10-08)'),
  ('America/Havana', 'Su 00:00-06:00', '[2024-03-05, 2024-03-12)'),
  ('Pacific/Apia', '09:00-12:00', '[2011-12-29 10:00, 2012-01-01 10:00)')) x(zone, hours, during)
cross join lateral unnest(clinic.open_hours(hours::clinic.weekly_hours, zone, during)) u(span)
cross join lateral (select lower(span) as opens, upper(span) as closes) o;

-- refusals
select clinic.open_hours('24/7', 'Europe/Berlin', '[2027-01-01,)');
select clinic.open_hours('24/7', 'Europe/Berlin', '[2027-01-01,infinity)');
select clinic.open_hours('24/7', 'Europe/Berlin', '[2027-01-01,2047-01-01)');
select clinic.open_hours('24/7', 'Europe/Bonn', '[2027-01-01,2027-01-02)');
select clinic.is_open('24/7', 'Europe/Berlin', 'infinity');

-- what the type is like
select typlen, typbyval, typalign, typstorage, typcategory, typarray::regtype from pg_type where oid = 'clinic.weekly_hours'::regtype;
select oprname, oprcode, oprcom::regoper as commutator, oprnegate::regoper as negator, obj_description(oid) from pg_operator where oprleft = 'clinic.weekly_hours'::regtype order by oprname collate "C";
select opcname, amname, opcdefault from pg_opclass c join pg_am a on a.oid = opcmethod where opcintype = 'clinic.weekly_hours'::regtype order by amname;
