begin;
select plan(7);

create temp table made as
  select n, clinic.uuid7() as id from generate_series(1, 100000) n;

select is(count(*), 0::bigint, 'every uuid7 has version 7')
from made where substr(id::text, 15, 1) <> '7';

select is(count(*), 0::bigint, 'every uuid7 has the RFC 9562 variant')
from made where substr(id::text, 20, 1) not in ('8', '9', 'a', 'b');

select is(count(*), 0::bigint, 'each of 100,000 uuid7 of a session is greater than the one before')
from (select id, lag(id) over (order by n) as earlier from made) x
where not id > earlier;

select is(count(distinct id), 100000::bigint, 'no two uuid7 are the same') from made;

select ok(count(distinct substr(id::text, 20)) > 99000, 'the last 62 bits of a uuid7 are random') from made;

create function pg_temp.milliseconds(id uuid) returns bigint language sql
  as $$select ('x' || lpad(replace(left($1::text, 13), '-', ''), 16, '0'))::bit(64)::bigint$$;

select ok(abs(pg_temp.milliseconds(clinic.uuid7()) - extract(epoch from clock_timestamp()) * 1000) < 2000,
          'a uuid7 begins with the milliseconds since 1970');

select ok((select id from made order by id desc limit 1) < clinic.uuid7(), 'a later statement''s uuid7 is greater still');

select * from finish();
rollback;
