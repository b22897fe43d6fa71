-- One number before the searches of a scene are timed: the times from which a contender finds others than ours does.
-- ours and the contender are functions of the same arguments, made from the statements that are timed.

select count(*)
from bench.scene s, generate_series(1, :times) n,
     lateral (select s.first_day::timestamp at time zone 'UTC' + interval '8 hours' + (n * 7 % 48) * interval '5 min') f (starts)
where s.name = :'scene'
  and pg_temp.ours(s.service, starts, s.first_day::timestamp at time zone 'UTC' + interval '60 days', s.clinic)
      is distinct from pg_temp.contender(starts, s.first_day::timestamp at time zone 'UTC' + interval '60 days', s.step);
