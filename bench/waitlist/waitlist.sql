-- waitlist.sql: cancellations with and without a waitlist

create extension clinic_sched cascade;
create table bench_time (number integer, what text, cancelled bigint generated always as identity, took interval);
set clinic_sched.clinic_id = 'cccccccc-0000-4000-8000-000000000000';
insert into clinic.clinic (id, name, timezone, prevent_patient_overlap)
values ('cccccccc-0000-4000-8000-000000000000', 'Clinic', 'Europe/Berlin', true);
insert into clinic.service (code, name, duration) values ('visit', 'Visit', '30 minutes');
insert into clinic.provider (code, name) select 'D' || n, 'Dr ' || n from generate_series(1, 10) n;
insert into clinic.patient (name) select 'Patient' from generate_series(1, 2000) n;

-- A start for each cancellation, never two on one day: that day's offers would be in each other's way.
create view starts as
select n, p.id as provider_id, date_trunc('day', now()) + (7 + (n - 1) / 10) * interval '1 day' + interval '10 hours' as starts_at
from generate_series(1, :cancels) n
join (select row_number() over (order by code) as place, id from clinic.provider) p on p.place = 1 + (n - 1) % 10;

-- Books the visits, lets a thousand wait for what is given (null: nobody), and cancels one by one.
create procedure run(number integer, what text, wanted tstzmultirange, others tstzmultirange) language plpgsql as $$
declare
  service uuid := (select s.id from clinic.service s);
  visit uuid;
  visits uuid[];
  started timestamptz;
begin
  delete from clinic.waitlist_entry where status <> 'offered';
  with booked as (
    insert into clinic.appointment (patient_id, provider_id, service_id, starts_at)
    select p.id, s.provider_id, service, s.starts_at
    from starts s
    join (select row_number() over (order by id desc) as place, id from clinic.patient) p on p.place = s.n
    returning id, starts_at)
  select array_agg(b.id order by b.starts_at, b.id) into visits from booked b;
  if wanted is not null then
    insert into clinic.waitlist_entry (patient_id, service_id, wanted, created_at)
    select p.id, service, case when p.place <= 1000 - cardinality(visits) then others else wanted end, now() + p.place * interval '1 second'
    from (select row_number() over (order by id) as place, id from clinic.patient) p
    where p.place <= 1000;
  end if;
  commit;
  foreach visit in array visits loop
    started := clock_timestamp();
    perform clinic.cancel(visit, 'bench');
    commit;
    insert into bench_time (number, what, took) values (number, what, clock_timestamp() - started);
    commit;
  end loop;
  perform clinic.leave_waitlist(e.id) from clinic.waitlist_entry e where e.status = 'waiting';
  perform clinic.leave_waitlist(e.id) from clinic.waitlist_entry e where e.status = 'offered';
  delete from clinic.appointment;
  delete from clinic.waitlist_entry;
  commit;
end $$;

call run(0, 'warm-up', '{(,)}', '{(,)}');
delete from bench_time;
call run(1, 'nobody waits', null, null);
call run(2, '1,000 wait for another time', '{[2020-01-01,2020-01-02),[2100-01-01,)}', '{[2020-01-01,2020-01-02),[2100-01-01,)}');
call run(3, '1,000 wait, the first is offered it', '{(,)}', '{(,)}');
call run(4, '1,000 wait, one of the last is offered it', '{(,)}', '{[2020-01-01,2020-01-02),[2100-01-01,)}');

\pset format aligned
\pset tuples_only off
\pset footer off
with figures as (
  select number, what, percentile_cont(0.5) within group (order by extract(epoch from took) * 1000) as median,
         percentile_cont(0.95) within group (order by extract(epoch from took) * 1000) as most,
         count(*) as cancels
  from bench_time group by 1, 2)
select f.what as "a cancellation", round(f.median::numeric, 3) as "ms, median", round(f.most::numeric, 3) as "ms, 95%",
       round((f.median - n.median)::numeric, 3) as "more than without"
from figures f, figures n where n.number = 1 order by f.number;
select count(*) = 0 as "sound" from clinic.verify();
