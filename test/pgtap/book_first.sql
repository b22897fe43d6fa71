begin;
select plan(7);
\ir include/fixture.psql
create function t.first(during tstzrange, service text default 'half') returns text language sql
  as $$select t.refusal(format('select clinic.book_first(t.id(%L), t.id(%L), %L)', 'ada', $2, $1))$$;

-- why there is none
update clinic.clinic set max_advance = '30 days';
select is(t.first(tstzrange(t.at('09:00'), t.at('18:00'))), 'PT422 too_far_ahead', 'time that is too far ahead is refused as that');
select is(t.first(tstzrange(now() + interval '31 days', now() + interval '60 days')), 'PT422 too_far_ahead', 'also if it is so by little');
update clinic.provider set hours = 'Mo 09:00-09:30; Th 09:00-09:30';
select is(t.first(tstzrange(now() + interval '31 days', now() + interval '60 days')), 'PT422 too_far_ahead', 'and nobody is open on the first days of it');
select is(t.first(tstzrange(now() + interval '31 days', now() + interval '31 days 1 minute')), 'PT422 outside_hours', 'a time that no visit fits into is outside the hours');
update clinic.clinic set max_advance = null, min_notice = '2 days';
update clinic.provider set hours = '24/7';
select is(t.first(tstzrange(now() - interval '1 hour', now() + interval '1 hour')), 'PT422 too_soon', 'that some of the time has passed is not the reason when there is another');
select is(t.first(tstzrange(now() - interval '3 hours', now() - interval '1 hour')), 'PT422 in_the_past', 'but when all has passed it is');
select is(t.first(tstzrange(now() - interval '1 hour', now() + interval '1 minute')), 'PT422 in_the_past', 'or all starts have');

select * from finish();
rollback;
