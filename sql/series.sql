-- series: a weekly visit is booked, leaves out a holiday, is moved and is cancelled
\set SHOW_CONTEXT never
select id as clinic from clinic.create_clinic('Praxis am Park', 'Europe/Berlin') \gset
set clinic_sched.clinic_id = :'clinic';
set timezone = 'Europe/Berlin';
set datestyle = 'ISO';
insert into clinic.provider (code, name) values ('house', 'Dr House'), ('grey', 'Dr Grey');
select id as house from clinic.provider where code = 'house' and clinic_id = :'clinic' \gset
select id as grey from clinic.provider where code = 'grey' and clinic_id = :'clinic' \gset
select id as follow_up from clinic.service s where code = 'follow_up' and s.clinic_id = :'clinic' \gset
select id as ada from clinic.register_patient('Ada Lovelace', '+49 30 1111111') \gset
select id as bob from clinic.register_patient('Bob Marley', '+49 30 2222222') \gset
insert into clinic.closure (during, reason) values (tstzrange('2099-06-01', '2099-06-02'), 'Whit Monday');
create view pg_temp.visits as
  select p.name as patient, r.code as provider, a.starts_at::timestamp, a.status, a.occurrence_at::timestamp as occurrence, a.series_exception as exception
  from clinic.appointment a join clinic.patient p on p.id = a.patient_id join clinic.resource r on r.id = a.provider_id
  where a.clinic_id = clinic.current_clinic();
create view pg_temp.series as
  select s.rule, s.starts_at::timestamp, s.next_at::timestamp, s.previous_id is not null as goes_on
  from clinic.series s where s.clinic_id = clinic.current_clinic();

-- booked: Monday and Thursday at nine; where the clinic is closed, there is no visit
create temp table booked as
  select * from clinic.book_series(:'ada', :'house', :'follow_up', '2099-05-25 09:00', 'FREQ=WEEKLY;BYDAY=MO,TH;COUNT=6', reason => 'dressing');
select occurrence, outcome, detail from booked order by occurrence;
select series_id as series from booked limit 1 \gset
select * from pg_temp.visits order by starts_at;
select * from pg_temp.series order by starts_at;
-- the next free start will do
select occurrence, outcome, detail from clinic.book_series(:'bob', :'house', :'follow_up', '2099-05-28 09:00', 'FREQ=WEEKLY;COUNT=3', 'next_free') order by occurrence;
select * from pg_temp.visits where patient = 'Bob Marley' order by starts_at;
-- refused: the first is taken; any of them is; nothing can be had
select clinic.book_series(:'bob', :'house', :'follow_up', '2099-05-25 09:00', 'FREQ=WEEKLY;COUNT=3');
select clinic.book_series(:'bob', :'house', :'follow_up', '2099-05-21 09:00', 'FREQ=WEEKLY;COUNT=3', 'fail');
select clinic.book_series(:'bob', :'house', :'follow_up', '2099-05-25 09:00', 'FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30');
select clinic.book_series(:'bob', :'house', :'follow_up', '2099-05-25 09:00', 'FREQ=WEEKLY;COUNT=3', 'perhaps');

-- moved: one of them, then all from the third week on, with another doctor
select occurrence, outcome, detail from clinic.reschedule_series(:'series', '2099-05-28 15:00', '2099-05-28 09:00');
select occurrence, outcome, detail from clinic.reschedule_series(:'series', '2099-06-08 11:30', '2099-06-08 09:00', 'following', :'grey') order by occurrence;
select * from pg_temp.visits where patient = 'Ada Lovelace' order by starts_at;
select * from pg_temp.series order by starts_at, goes_on;
select id as successor from clinic.series where previous_id = :'series' \gset
select clinic.reschedule_series(:'successor', '2099-06-09 11:30', '2099-06-08 11:30', 'following');

-- cancelled: one of them, then what is to come of the first part, and that by hand, too
select occurrence, outcome, detail from clinic.cancel_series(:'successor', 'ill', '2099-06-11 11:30');
select occurrence, outcome, detail from clinic.cancel_series(:'series', 'moves away') order by occurrence;
select occurrence, outcome, detail from clinic.cancel_series(:'series', 'moves away', include_changed => true) order by occurrence;
select clinic.cancel_series(:'series', 'moves away', '2099-07-01 09:00');
select * from pg_temp.visits where patient = 'Ada Lovelace' order by starts_at;
select * from pg_temp.series order by starts_at, goes_on;
select * from clinic.verify();
drop view pg_temp.visits, pg_temp.series;
drop table pg_temp.booked;
reset clinic_sched.clinic_id;
