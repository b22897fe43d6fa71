-- backtest.sql: what queue_board() estimates, and what "so many before you, times the average, through the number of
-- doctors" says, against what happened on simulated days.
--
-- A day has three doctors who see to two pools: short visits and long ones, whose lengths vary as such lengths do (log-
-- normally). It is lived through first, by the rule that whoever is free takes whoever is due first; then at some moments
-- of it the queue is set up as it was, and everybody who waited then is asked for.
create extension if not exists clinic_sched cascade;
select setseed(0.42);
insert into clinic.clinic (name, timezone)
  select 'Backtest', 'Etc/GMT' || case when h > 12 then '+' || h - 12 when h < 12 then '-' || 12 - h else '' end from (select extract(hour from now())::int) x (h);
insert into clinic.service (code, name, duration) values ('short', 'Short', '15 minutes'), ('long', 'Long', '30 minutes');
insert into clinic.provider (code, name) select 'D' || n, 'Dr ' || n from generate_series(1, 3) n;
insert into clinic.patient (name) select 'Patient' from generate_series(1, 400);
do $$begin perform clinic.set_present(id, true) from clinic.provider; end$$;

create function seconds_of(service text) returns float8 volatile language sql as
  $$select case $1 when 'short' then 480 else 2100 end * exp(0.35 * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()))$$;

-- What was measured on earlier days.
do $$
declare
  s record; visit uuid; n int;
begin
  for s in select * from clinic.service loop
    for n in 1..60 loop
      insert into clinic.appointment (patient_id, service_id, starts_at, mode, status)
        select p.id, s.id, now(), 'walk_in', 'arrived' from clinic.patient p order by p.id offset n limit 1 returning id into visit;
      insert into clinic.queue_entry (appointment_id) values (visit);
      update clinic.appointment set status = 'in_progress', started_at = now() - interval '5 hours' where id = visit;
      update clinic.appointment set status = 'completed', completed_at = now() - interval '5 hours' + seconds_of(s.code) * interval '1 second' where id = visit;
    end loop;
  end loop;
end $$;

create table result (day int, actual float8, estimated float8, inside boolean, formula float8);

create function live_and_ask(day int) returns void language plpgsql as $$
declare
  doctor uuid[] := array(select id from clinic.provider order by code);
  patient uuid[] := array(select id from clinic.patient order by id);
  free float8[] := array[0, 0, 0];
  arrives float8 := 0; moment float8 := 3600 + random() * 7200; average float8;
  n int := 0; who int; p record; visit uuid; ahead int := 0;
begin
  create temp table guest (n int, service text, arrives float8, starts float8, ends float8, doctor int) on commit drop;
  select avg(extract(epoch from finished_at - started_at)) into average from clinic.queue_entry where status = 'done';
  while arrives < 4 * 3600 loop
    n := n + 1;
    -- somewhat more than three doctors can do: a queue builds up
    arrives := arrives - 370 * ln(1 - random());
    insert into guest values (n, case when random() < 0.6 then 'short' else 'long' end, arrives);
  end loop;
  for p in select * from guest g order by g.n loop
    select i into who from generate_series(1, 3) i order by free[i] limit 1;
    p.starts := greatest(free[who], p.arrives);
    free[who] := p.starts + seconds_of(p.service);
    update guest set starts = p.starts, ends = free[who], doctor = who where guest.n = p.n;
  end loop;
  for p in select g.*, s.id as service_id from guest g join clinic.service s on s.code = g.service where g.arrives <= moment and g.ends > moment order by g.n loop
    insert into clinic.appointment (patient_id, service_id, starts_at, mode, status)
      values (patient[100 + p.n], p.service_id, now(), 'walk_in', 'arrived') returning id into visit;
    insert into clinic.queue_entry (appointment_id, arrived_at) values (visit, now() - (moment - p.arrives) * interval '1 second');
    if p.starts <= moment then
      update clinic.appointment set status = 'in_progress', started_at = now() - (moment - p.starts) * interval '1 second', provider_id = doctor[p.doctor] where id = visit;
    end if;
  end loop;
  insert into result
  select day, (g.starts - moment) / 60, extract(epoch from b.estimated_start - now()) / 60,
    now() + (g.starts - moment) * interval '1 second' between b.estimated_from and b.estimated_to,
    (row_number() over (order by b.due_at)) * average / 3 / 60
  from clinic.queue_board() b
  join guest g on patient[100 + g.n] = b.patient_id
  where b.status = 'waiting';
  update clinic.appointment set status = 'completed' where status = 'in_progress';
  delete from clinic.queue_entry where status <> 'done' or started_at > now() - interval '4 hours';
  delete from clinic.appointment a where not exists (select from clinic.queue_entry e where e.appointment_id = a.id);
  drop table guest;
end $$;
do $$begin perform live_and_ask(day) from generate_series(1, 150) day; end$$;
select format('  %s waits on %s days: median absolute error %s min by queue_board, %s by the constant average; %s%% inside the 80%% interval',
  count(*), count(distinct day), round(percentile_cont(0.5) within group (order by abs(estimated - actual))::numeric, 1),
  round(percentile_cont(0.5) within group (order by abs(formula - actual))::numeric, 1), round(100.0 * count(*) filter (where inside) / count(*)))
from result;
