-- civil: between the wall clock of a time zone and instants
\set SHOW_CONTEXT never
set timezone = 'UTC';
set datestyle = 'ISO, YMD';

create temp table local_time (zone text, change text, local timestamp);
insert into local_time values
  ('Europe/Berlin', 'gap of an hour', '2024-03-31 01:59:59'),
  ('Europe/Berlin', 'gap of an hour', '2024-03-31 02:00'),
  ('Europe/Berlin', 'gap of an hour', '2024-03-31 02:30'),
  ('Europe/Berlin', 'gap of an hour', '2024-03-31 03:00'),
  ('Europe/Berlin', 'gap of an hour', '2024-03-31 03:30'),
  ('Europe/Berlin', 'fold of an hour', '2024-10-27 01:59:59'),
  ('Europe/Berlin', 'fold of an hour', '2024-10-27 02:00'),
  ('Europe/Berlin', 'fold of an hour', '2024-10-27 02:30'),
  ('Europe/Berlin', 'fold of an hour', '2024-10-27 03:00'),
  ('Australia/Lord_Howe', 'fold of half an hour', '2024-04-07 01:29:59'),
  ('Australia/Lord_Howe', 'fold of half an hour', '2024-04-07 01:30'),
  ('Australia/Lord_Howe', 'fold of half an hour', '2024-04-07 01:45'),
  ('Australia/Lord_Howe', 'fold of half an hour', '2024-04-07 02:00'),
  ('Australia/Lord_Howe', 'gap of half an hour', '2024-10-06 01:59:59'),
  ('Australia/Lord_Howe', 'gap of half an hour', '2024-10-06 02:15'),
  ('Australia/Lord_Howe', 'gap of half an hour', '2024-10-06 02:30'),
  ('Antarctica/Troll', 'gap of two hours', '2024-03-31 02:30'),
  ('Antarctica/Troll', 'gap of two hours', '2024-03-31 03:00'),
  ('Antarctica/Troll', 'fold of two hours', '2024-10-27 02:30'),
  ('Antarctica/Troll', 'fold of two hours', '2024-10-27 03:00'),
  ('Africa/Casablanca', 'fold before Ramadan', '2024-03-10 02:30'),
  ('Africa/Casablanca', 'fold before Ramadan', '2024-03-10 03:00'),
  ('Africa/Casablanca', 'gap after Ramadan', '2024-04-14 02:30'),
  ('Africa/Casablanca', 'gap after Ramadan', '2024-04-14 03:00'),
  ('Pacific/Apia', 'gap of a day', '2011-12-29 23:59:59'),
  ('Pacific/Apia', 'gap of a day', '2011-12-30 12:00'),
  ('Pacific/Apia', 'gap of a day', '2011-12-31 00:00'),
  ('America/Havana', 'fold from 01:00 to 00:00', '2024-11-03 00:30'),
  ('America/Sao_Paulo', 'gap from midnight on', '2018-11-04 00:30'),
  ('Asia/Kathmandu', 'none, at 5:45', '2024-06-01 09:00'),
  ('EET', 'none, in summer', '2024-07-01 09:00'),
  ('UTC', 'none', '2024-06-01 09:00');

-- A time in a fold means the first, where PostgreSQL takes the second; one in a gap is read with
-- the offset before. Shown again on the clock, it is the same time, unless it lay in a gap.
select zone, change, local, clinic.local_to_instant(local, zone) as instant,
  local at time zone zone <> clinic.local_to_instant(local, zone) as postgres_differs,
  nullif(clinic.local_to_instant(local, zone) at time zone zone, local) as shows
from local_time where zone <> 'EET' order by zone collate "C", local;
-- PostgreSQL takes EET for an abbreviation, the same offset all year; here it is the zone, where the system has it still.
select exists (select from pg_timezone_names where name = 'EET') as has_eet \gset
select case when :'has_eet' then clinic.local_to_instant(local, zone) else '2024-07-01 06:00Z' end as instant,
  local at time zone zone as in_postgres,
  case when :'has_eet' then clinic.day_of('2024-07-01 21:30Z', zone) else '2024-07-02' end as day
from local_time where zone = 'EET';

-- Each civil day ends when the next begins, whatever the clocks do at midnight.
select d.zone, d.what, d.day, clinic.day_start(d.day, d.zone) as starts,
  clinic.day_start(d.day + 1, d.zone) - clinic.day_start(d.day, d.zone) as lasts
from (values
  (1, 'Europe/Berlin', 'a day', date '2024-06-01'),
  (2, 'Europe/Berlin', 'spring', '2024-03-31'),
  (3, 'Europe/Berlin', 'autumn', '2024-10-27'),
  (4, 'Australia/Lord_Howe', 'autumn', '2024-04-07'),
  (5, 'Antarctica/Troll', 'spring', '2024-03-31'),
  (6, 'America/Sao_Paulo', '00:00 to 01:00', '2018-11-04'),
  (7, 'America/Sao_Paulo', '00:00 to 23:00', '2018-02-17'),
  (8, 'America/Asuncion', '00:00 to 01:00', '2024-10-06'),
  (9, 'Asia/Beirut', '00:00 to 01:00', '2024-03-31'),
  (10, 'Asia/Beirut', '00:00 to 23:00', '2024-10-26'),
  (11, 'Africa/Cairo', '00:00 to 01:00', '2023-04-28'),
  (12, 'America/Havana', '01:00 to 00:00', '2024-11-03'),
  (13, 'America/Nuuk', '23:00 to 00:00', '2024-03-30'),
  (14, 'America/Toronto', '23:30 to 00:30', '1919-03-30'),
  (15, 'America/Toronto', '23:30 to 00:30', '1919-03-31'),
  (16, 'America/St_Johns', '00:01 to 23:01', '2010-11-06'),
  (17, 'America/St_Johns', '00:01 to 23:01', '2010-11-07'),
  (18, 'Pacific/Apia', 'the day before', '2011-12-29'),
  (19, 'Pacific/Apia', 'skipped', '2011-12-30'),
  (20, 'Pacific/Apia', 'the day after', '2011-12-31')) d (n, zone, what, day)
order by d.n;

-- An instant belongs to the day that has begun: the one the clocks show, but for an hour shown
-- again after midnight.
select i.zone, i.instant at time zone i.zone as shows, clinic.day_of(i.instant, i.zone) as day
from (values
  (1, 'America/St_Johns', timestamptz '2010-11-07 02:29:59Z'),
  (2, 'America/St_Johns', '2010-11-07 02:30Z'),
  (3, 'America/St_Johns', '2010-11-07 02:31Z'),
  (4, 'America/St_Johns', '2010-11-07 03:31Z'),
  (5, 'America/Sao_Paulo', '2018-02-18 02:30Z'),
  (6, 'America/Sao_Paulo', '2018-02-18 03:00Z'),
  (7, 'Pacific/Apia', '2011-12-30 09:59:59Z'),
  (8, 'Pacific/Apia', '2011-12-30 10:00Z'),
  (9, 'Asia/Kathmandu', '2024-06-01 18:15Z')) i (n, zone, instant)
order by i.n;

-- What visits can have, a day more on each side, and nothing else.
select clinic.local_to_instant('1899-12-31 00:00', 'UTC'), clinic.local_to_instant('10000-01-01 23:59', 'UTC'),
  clinic.day_start('1899-12-31', 'Pacific/Kiritimati'), clinic.day_start('10000-01-01', 'Pacific/Pago_Pago');
select clinic.local_to_instant('1899-12-30 23:59', 'UTC');
select clinic.local_to_instant('10000-01-02', 'UTC');
select clinic.local_to_instant('infinity', 'UTC');
select clinic.local_to_instant('-infinity', 'UTC');
select clinic.day_of('infinity', 'UTC');
select clinic.day_start('infinity', 'UTC');
select clinic.day_start('5874897-12-31', 'UTC');

-- A zone is named in any case; one that counts leap seconds is none.
select clinic.local_to_instant('2024-06-01 09:00', 'asia/kathmandu');
select clinic.local_to_instant('2024-06-01 09:00', 'right/Europe/Berlin');
select clinic.local_to_instant('2024-06-01 09:00', 'Mars/Olympus');
select clinic.day_of('2024-06-01 09:00', '');
select clinic.day_start('2024-06-01', repeat('x', 256));

select clinic.local_to_instant(null, 'UTC') is null and clinic.local_to_instant('2024-06-01', null) is null
  and clinic.day_of(null, 'UTC') is null and clinic.day_of('2024-06-01', null) is null
  and clinic.day_start(null, 'UTC') is null and clinic.day_start('2024-06-01', null) is null as null_gives_null;
