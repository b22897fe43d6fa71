-- How many locks a transaction takes, and when it takes the clinic in their place.
begin;
select plan(4);
\ir include/fixture.psql

-- The extension's locks by level (clinic 0, key 1, visit 2, patient 3, resource 4, day 5).
create view t.lock as
  select classid::bigint >> 29 as level, mode, count(*)::int as n
  from pg_locks where locktype = 'advisory' and objsubid = x'C511'::int - 65536 and pid = pg_backend_pid()
  group by 1, 2;

do $$begin
  perform t.book('ada', 'house', t.at('09:00', day)) from generate_series(1, 100) day;
end$$;
select results_eq('select level, mode, n from t.lock order by level',
  $$values (0::bigint, 'ShareLock', 1), (3, 'ShareLock', 1), (4, 'ShareLock', 1), (5, 'ExclusiveLock', 100)$$,
  'a hundred days of a doctor are a hundred and two locks under the clinic''s');
do $$begin
  perform t.book('ada', 'house', t.at('10:00', day)) from generate_series(1, 100) day;
end$$;
select is((select sum(n)::int from t.lock), 103, 'more visits on the same days take no more');
do $$begin
  perform t.book('ada', 'house', t.at('09:00', day)) from generate_series(101, 300) day;
end$$;
select ok((select n <= 128 from t.lock where level = 5), 'beyond 128 locks no more days are locked');
select is((select n from t.lock where level = 0 and mode = 'ExclusiveLock'), 1, 'but the clinic is, exclusively');

select * from finish();
rollback;
