-- schedule: the agenda of a day, a week, a month
\set SHOW_CONTEXT never
select id as clinic from clinic.create_clinic('Praxis am Park', 'Europe/Berlin') \gset
set clinic_sched.clinic_id = :'clinic';
set datestyle = 'ISO';
set timezone = 'Europe/Berlin';
insert into clinic.provider (code, name, hours) values ('house', 'Dr House', '24/7'), ('grey', 'Dr Grey', '24/7');
select id as house from clinic.provider where code = 'house' and clinic_id = :'clinic' \gset
select id as grey from clinic.provider where code = 'grey' and clinic_id = :'clinic' \gset
select id as follow_up from clinic.service s where code = 'follow_up' and s.clinic_id = :'clinic' \gset
select id as ada from clinic.register_patient('Ada Lovelace', '+49 30 1111111') \gset

-- two hours before and after each midnight of the days on which the clocks of Berlin change in 2027, and every hour of the night
select count((clinic.book(:'ada', :'house', :'follow_up', h, override_reason => 'these days may have passed')).id) as visits
from generate_series('2027-03-27 21:00+00'::timestamptz, '2027-03-28 03:00+00', '1 hour') h;
select count((clinic.book(:'ada', :'house', :'follow_up', h, override_reason => 'these days may have passed')).id) as visits
from unnest(array['2027-03-28 21:30+00', '2027-03-28 22:00+00']::timestamptz[]) h;
select starts_at, ends_at from clinic.day_schedule(:'house', '2027-03-28');
select starts_at from clinic.day_schedule(:'house', '2027-03-27');
select starts_at from clinic.day_schedule(:'house', '2027-03-29');

select count((clinic.book(:'ada', :'house', :'follow_up', h, override_reason => 'these days may have passed')).id) as visits
from generate_series('2027-10-30 21:00+00'::timestamptz, '2027-10-31 03:00+00', '1 hour') h;
select count((clinic.book(:'ada', :'house', :'follow_up', h, override_reason => 'these days may have passed')).id) as visits
from unnest(array['2027-10-31 22:30+00', '2027-10-31 23:00+00']::timestamptz[]) h;
select starts_at, ends_at from clinic.day_schedule(:'house', '2027-10-31');
select starts_at from clinic.day_schedule(:'house', '2027-10-30');
select starts_at from clinic.day_schedule(:'house', '2027-11-01');

-- weeks start on Monday: both days are Sundays
select to_char(d.day, 'Dy YYYY-MM-DD') as day, count(w.id) as visits, min(w.starts_at) as first, max(w.starts_at) as last
from unnest('{2027-03-21,2027-03-22,2027-03-28,2027-03-29,2027-10-31,2027-11-01}'::date[]) as d(day)
left join lateral clinic.week_schedule(:'house', d.day) w on true
group by d.day order by d.day;
select to_char(d.day, 'YYYY-MM-DD') as day, count(m.id) as visits, min(m.starts_at) as first, max(m.starts_at) as last
from unnest('{2027-02-28,2027-03-01,2027-03-31,2027-04-01,2027-10-01,2027-10-31,2027-11-30}'::date[]) as d(day)
left join lateral clinic.month_schedule(:'house', d.day) m on true
group by d.day order by d.day;

-- one provider or all; cancelled visits are left out; a visit over midnight is of both days
select (clinic.book(:'ada', :'grey', :'follow_up', '2099-06-01 09:00', reason => 'first')).reason;
select (clinic.book(:'ada', :'house', :'follow_up', '2099-06-01 09:30', reason => 'second')).reason;
select (clinic.book(:'ada', :'house', :'follow_up', '2099-06-01 08:00', reason => 'cancelled')).reason;
select (clinic.book(:'ada', :'house', :'follow_up', '2099-06-01 23:45', reason => 'night')).reason;
select status from clinic.cancel((select id from clinic.appointment where reason = 'cancelled' and clinic_id = :'clinic'), 'well again');
select starts_at::time, reason from clinic.day_schedule(null, '2099-06-01');
select starts_at::time, reason from clinic.day_schedule(:'house', '2099-06-01');
select starts_at::time, reason from clinic.day_schedule(:'house', '2099-06-02');
select clinic.day_schedule(clinic.uuid7(), '2099-06-01');
-- the session's zone is nothing to it
set timezone = 'Pacific/Apia';
select count(*) from clinic.day_schedule(:'house', '2027-10-31');
reset timezone;
reset clinic_sched.clinic_id;
