-- recurrence: rules, and iCalendar, as a user sees them
\set SHOW_CONTEXT never
set timezone = 'UTC';

-- one text for one value
select typed, typed::clinic.rrule as printed from (values
  ('FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;UNTIL=20270630'),
  (' rrule:byday=th,mo;until=20270630;wkst=mo;freq=weekly;interval=02 '),
  ('FREQ=MONTHLY;BYDAY=-1FR,1MO;COUNT=10;INTERVAL=1'),
  ('FREQ=MONTHLY;BYSETPOS=-1;BYDAY=FR,TH,WE,TU,MO'),
  ('FREQ=YEARLY;BYMONTHDAY=-1,15,-2;BYMONTH=6,1;UNTIL=20270630T120000Z'),
  ('FREQ=MONTHLY;SKIP=BACKWARD;BYMONTHDAY=31;RSCALE=GREGORIAN'),
  ('RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=OMIT')) x(typed);

-- what is wrong with a text, and where
select 'FREQ=WEEKLY;BYDAY=MO,XX'::clinic.rrule;
select 'FREQ=DAILY;COUNT=10;UNTIL=20270630'::clinic.rrule;
select 'FREQ=WEEKLY;BYDAY=1MO'::clinic.rrule;
select 'FREQ=DAILY;INTERVAL=0'::clinic.rrule;
select 'FREQ=DAILY;BYEASTER=1'::clinic.rrule;
select 'FREQ=DAILY and more'::clinic.rrule;

-- made of its parts
select clinic.make_rrule('biweekly', byday => 'MO,TH', until => '2027-06-30');
select clinic.make_rrule('quarterly', count => 4, bymonthday => '{31}', skip => 'backward');
select clinic.make_rrule('sometimes');
select clinic.make_rrule('daily', byhour => '{24}');
select clinic.make_rrule('weekly', byday => 'MO,XX');

-- its parts, and what they mean
select clinic.rrule_freq(r), clinic.rrule_interval(r), clinic.rrule_until(r), clinic.rrule_until_type(r), clinic.rrule_byday(r), clinic.rrule_count(r)
from cast('FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;UNTIL=20270630' as clinic.rrule) r;
select 'FREQ=MONTHLY;BYDAY=-1FR;UNTIL=20270630T120000Z'::clinic.rrule::jsonb;
select clinic.rrule_describe(r::clinic.rrule) from (values
  ('FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;UNTIL=20270630'),
  ('FREQ=MONTHLY;BYDAY=1MO,-1FR;COUNT=10'),
  ('FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=25'),
  ('FREQ=DAILY;BYHOUR=9,12;BYMINUTE=30')) x(r);

-- iCalendar, folded as it comes
\pset format unaligned
\pset expanded on
select * from clinic.recurrence_from_ical(E'DTSTART;TZID=Europe/Berlin:20270301T090000\r\nRRULE:FREQ=WEEKLY;INTERVAL=2;BY\r\n DAY=MO,TH;UNTIL=20270630T120000Z\r\nEXDATE;TZID=Europe/Berlin:20270315T090000\r\nRDATE:20270402T070000Z\r\n');
\pset expanded off
select replace(clinic.recurrence_to_ical('FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=8,9,10,11,12,13;BYMINUTE=0,30;UNTIL=20270630',
  '2027-03-01 09:00', 'Europe/Berlin', exdates => '{2027-03-29 07:00+00,2027-10-31 00:30+00,2027-10-31 01:30+00}'), E'\r', '');
\pset format aligned
select clinic.recurrence_from_ical(E'DTSTART:20270301T090000\nSUMMARY:Check-up');
select clinic.recurrence_from_ical(E'DTSTART:20270301T090000\nRRULE:FREQ=DAILY;COUNT=0');
select clinic.recurrence_to_ical('FREQ=DAILY', '2027-03-01 09:00', 'Europe/Bonn');

-- what the type is like
select typlen, typbyval, typalign, typstorage, typcategory, typarray::regtype from pg_type where oid = 'clinic.rrule'::regtype;
select oprname, oprcode, oprcom::regoper as commutator, oprnegate::regoper as negator, obj_description(oid) from pg_operator where oprleft = 'clinic.rrule'::regtype order by oprname collate "C";
select opcname, amname, opcdefault from pg_opclass c join pg_am a on a.oid = opcmethod where opcintype = 'clinic.rrule'::regtype order by amname;
select casttarget::regtype, castfunc::regproc, castcontext from pg_cast where castsource = 'clinic.rrule'::regtype;
