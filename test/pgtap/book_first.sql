begin;
select plan(155);
\ir include/fixture.psql
update clinic.clinic set min_duration = '1 minute';

-- Books the first that is free; says with whom and when (on the clinic's clock), or why not.
create function t.first(during tstzrange, strategy text default null, providers text[] default null, service text default 'half', duration interval default null, patient text default 'ada') returns text language plpgsql as $$
declare
  named uuid[] := (select array_agg(t.id(n)) from unnest($3) n);
  result text := t.refusal(format('select clinic.book_first(t.id(%L), t.id(%L), %L, %L, %L, %L)', $6, $4, $1, named, $2, $5));
begin
  return case when result = 'not refused' then (
    select r.code || to_char(b.starts_at at time zone 'Europe/Berlin', ' DD HH24:MI') from clinic.book_first(t.id($6), t.id($4), $1, named, $2, $5) b join clinic.resource r on r.clinic_id = b.clinic_id and r.id = b.provider_id)
  else result end;
end $$;
-- The same, undone, perhaps after a statement.
create function t.would(during tstzrange, strategy text default null, providers text[] default null, service text default 'half', duration interval default null, after text default null) returns text language plpgsql as $$
declare
  result text;
begin
  begin
    if $6 is not null then
      execute $6;
    end if;
    result := t.first($1, $2, $3, $4, $5);
    raise exception using errcode = 'T0001';
  exception when sqlstate 'T0001' then
    return result;
  end;
end $$;
create function t.day(first int, last int default null) returns tstzrange immutable language sql
  as $$select tstzrange(t.at('00:00', $1), t.at('00:00', coalesce($2, $1) + 1))$$;
create function t.hours(opens text, closes text, day int default 0) returns tstzrange immutable language sql
  as $$select tstzrange(t.at($1, $3), t.at($2, $3))$$;
create function t.busy(provider text, opens text, closes text, day int default 0) returns uuid language sql
  as $$select (clinic.book(t.id('bob'), t.id($1), t.id('half'), t.at($2, $4), t.at($3, $4) - t.at($2, $4))).id$$;

-- the earliest
select is(t.would(t.hours('09:00', '12:00')), 'grey 01 09:00', 'the earliest start, with the first by code of those who are free then');
select is(t.would(t.hours('09:00', '12:00'), 'earliest'), 'grey 01 09:00', 'earliest says the same');
select is(t.would(t.hours('09:01', '12:00')), 'grey 01 09:30', 'starts are those of the grid');
select is(t.would(t.hours('09:00', '09:30')), 'grey 01 09:00', 'a visit may fill the time');
select is(t.would(t.hours('09:00', '09:29')), 'PT422 outside_hours', 'it must lie in it whole');
select is(t.would(t.hours('09:15', '09:59')), 'PT422 outside_hours', 'and start on the grid');
select is(t.would(tstzrange(t.at('09:00'), t.at('09:30'), '(]')), 'PT422 outside_hours', 'a bound that is excluded is');
select is(t.would(tstzrange(t.at('09:00'), t.at('09:30'), '[]')), 'grey 01 09:00', 'and one that is included, too');
select t.busy('grey', '09:00', '10:00'), t.busy('house', '09:00', '10:00'), t.busy('pair', '09:00', '09:30');
select is(t.first(t.hours('09:00', '12:00')), 'pair 01 09:00', 'who is busy is passed over, who has a second seat is not');
select is(t.first(t.hours('09:00', '12:00')), 'trio 01 09:00', 'until the seats are taken');
select is(t.first(t.hours('09:00', '12:00')) || ', ' || t.first(t.hours('09:00', '12:00')), 'trio 01 09:00, trio 01 09:00', 'all of them');
select is(t.first(t.hours('09:00', '12:00')), 'pair 01 09:30', 'and then comes the next start');
select is(t.would(t.hours('09:00', '12:00'), null, '{grey,house}'), 'grey 01 10:00', 'of those who are named the earliest');
select is(t.would(t.hours('09:00', '12:00'), null, '{house,grey,house}'), 'grey 01 10:00', 'in whatever order, and however often');
select is(t.would(t.hours('09:00', '12:00'), null, '{house}'), 'house 01 10:00', 'or of one');
select is(t.would(t.hours('09:00', '10:00'), null, '{house,grey}'), 'PT409 slot_taken', 'others are not found instead');
select is(t.would(t.hours('09:00', '12:00'), duration => '2 hours'), 'pair 01 09:30', 'a longer visit needs a longer time');
select is(t.would(t.hours('09:00', '12:00'), null, '{grey}', duration => '150 min'), 'PT409 slot_taken', 'or is not found any');
select is(t.would(t.hours('09:00', '12:00'), service => 'hour'), 'pair 01 09:30', 'and so does a longer service');
insert into clinic.provider_service (provider_id, service_id, duration) values (t.id('house'), t.id('hour'), '3 hours'), (t.id('trio'), t.id('half'), null);
select is(t.would(t.hours('10:00', '12:00'), null, '{house,trio}', 'hour'), 'PT422 outside_hours', 'a provider who takes longer needs longer, and one who does not offer the service is not found');
select is(t.would(t.hours('10:00', '13:00'), null, '{house,trio}', 'hour'), 'house 01 10:00', 'as long as there is');
delete from clinic.provider_service;
select is(t.would(t.hours('09:00', '10:00', 1), null, null, 'buffered'), 'grey 02 09:00', 'buffers may lie outside the time');
select t.busy('grey', '08:30', '09:00', 1);
select is(t.would(t.hours('09:00', '10:00', 1), null, '{grey}', 'buffered'), 'grey 02 09:30', 'and must be free');

-- many days
insert into clinic.closure (resource_id, during) select t.id(p), tstzrange(t.at('00:00', 10), t.at('00:00', 80)) from unnest(array['grey', 'pair', 'trio']) p;
insert into clinic.closure (resource_id, during) values (t.id('house'), tstzrange(t.at('00:00', 10), t.at('11:00', 75)));
select is(t.would(t.day(10, 79)), 'house 15 11:00', 'the first free start may be weeks away');
select is(t.would(t.day(10, 74)), 'PT422 provider_absent', 'and where it is too far for the time there is none');
select is(t.would(tstzrange(t.at('10:00', 75), t.at('11:29', 75))), 'PT422 provider_absent', 'to the minute');
select is(t.would(t.day(10, 100), 'least_loaded') || ', ' || t.would(t.day(10, 100), 'round_robin'), 'house 15 11:00, house 15 11:00', 'who is absent on the first day that has a free start is not waited for');
delete from clinic.closure;

-- the least loaded
select is(t.would(t.day(5), 'least_loaded'), 'grey 06 00:00', 'where nobody has anything to do it is the first by code');
select t.busy('grey', '15:00', '15:30', 5), t.busy('house', '16:00', '16:35', 5), t.busy('pair', '17:00', '17:20', 5), t.busy('trio', '18:00', '18:25', 5);
select is(t.would(t.day(5), 'least_loaded'), 'pair 06 00:00', 'who has the fewest minutes that day');
select t.busy('pair', '00:00', '00:10', 5);
select is(t.would(t.day(5), 'least_loaded'), 'trio 06 00:00', 'all visits of the day count');
select is(t.first(t.day(5), 'least_loaded'), 'trio 06 00:00', 'and so does what is booked');
select is(t.would(t.day(5), 'least_loaded'), 'grey 06 00:00', 'of equals the earliest start');
select is(t.would(tstzrange(t.at('15:00', 5), t.at('18:00', 5)), 'least_loaded'), 'pair 06 15:00', 'of equals, grey and pair, that is pair''s when grey is busy first');
select is(t.would(t.day(5), 'least_loaded', after => $$select t.busy('grey', '23:00', '23:40', 4)$$), 'grey 06 00:00', 'another day''s visits do not count');
select is(t.would(t.day(5), 'least_loaded', after => $$select clinic.book(t.id('bob'), t.id('grey'), t.id('half'), t.at('23:55', 4), '10 min')$$), 'pair 06 00:00', 'but the part of a visit that reaches into the day');
select is(t.would(t.day(5), 'least_loaded', after => $$select clinic.cancel(a.id, 'x') from clinic.appointment a where a.provider_id = t.id('house') and a.starts_at = t.at('16:00', 5)$$), 'house 06 00:00', 'cancelled visits do not count');
select is(t.would(t.day(5), 'least_loaded', after => $$select clinic.book(t.id('bob'), t.id('grey'), t.id('half'), t.at('20:00', 5), '5 min', hold_for => '1 min')$$), 'pair 06 00:00', 'holds count');
select is(t.would(t.day(5), 'least_loaded', after => $$select clinic.book(t.id('bob'), t.id('grey'), t.id('half'), t.at('20:00', 5), '5 min', hold_for => '1 min'); update clinic.appointment set hold_expires_at = now() - interval '1 second' where status = 'held'$$), 'grey 06 00:00', 'but for expired ones');
select is(t.would(t.day(5), 'least_loaded', after => $$select clinic.cancel(a.id, 'x') from clinic.appointment a where a.provider_id = t.id('grey') and a.starts_at = t.at('15:00', 5); select clinic.book(t.id('bob'), t.id('grey'), t.id('buffered'), t.at('20:00', 5), '16 min')$$), 'pair 06 00:00', 'buffers count');
select is(t.would(t.day(5), 'least_loaded', after => $$select clinic.book(t.id('bob'), t.id('house'), t.id('half'), t.at('20:00', 5), '5 min', resource_ids => array[t.id('grey')])$$), 'pair 06 00:00', 'so does to be a further provider');
select is(t.would(t.day(5), 'least_loaded', '{house,grey}'), 'grey 06 00:00', 'among those who are named');
select is(t.would(t.day(5, 9), 'least_loaded', '{house,grey}'), 'grey 06 00:00', 'on the first day that has a free start, though others have emptier ones');
select is(t.would(t.day(7, 8), strategy, '{house,grey}', after => $$select t.busy('grey', '00:00', '08:00', 7), t.busy('grey', '08:00', '16:00', 7), t.busy('grey', '16:00', '23:59', 7), t.busy('house', '00:00', '08:00', 7), t.busy('house', '12:00', '18:00', 7)$$), 'house 08 08:00', strategy || ': nor those who are free only on a later day')
from unnest(array['least_loaded', 'round_robin']) strategy;
select is(string_agg(t.first(t.hours('09:00', '10:00', 6), 'least_loaded'), ', '), 'grey 07 09:00, house 07 09:00, pair 07 09:00, trio 07 09:00, pair 07 09:00, trio 07 09:00, grey 07 09:30, house 07 09:30', 'so visits are shared out') from generate_series(1, 8);

-- in turn
delete from clinic.appointment;
select is(t.would(t.day(5), 'round_robin'), 'grey 06 00:00', 'where nobody had a turn it is the first by code');
select is(string_agg(split_part(t.first(t.day(5), 'round_robin'), ' ', 1), ' '), 'grey house pair trio grey house pair trio', 'everybody has a turn') from generate_series(1, 8);
delete from clinic.appointment;
insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, created_at)
select t.id('bob'), t.id(p), t.id('half'), t.at('09:00', d), now() - ago from (values ('grey', 20, interval '1 hour'), ('house', 21, interval '4 hours'), ('pair', 22, interval '3 hours'), ('pair', 23, interval '9 hours'), ('trio', 24, interval '2 hours')) x (p, d, ago);
select is(t.would(t.day(5), 'round_robin'), 'house 06 00:00', 'whose last visit was given longest ago, for whatever day');
select is(string_agg(split_part(t.first(t.day(5), 'round_robin'), ' ', 1), ' '), 'house pair trio grey house', 'and so on') from generate_series(1, 5);
select is(t.would(t.day(5), 'round_robin', after => $$delete from clinic.appointment where provider_id = t.id('trio')$$), 'trio 06 00:00', 'who never had one comes before');
select is(t.would(t.day(5), 'round_robin', after => $$select clinic.cancel(id, 'x') from clinic.appointment a where a.provider_id = t.id('house') and a.starts_at < t.at('09:00', 20)$$), 'pair 06 00:00', 'a visit that was cancelled was a turn');
select is(t.would(t.hours('09:00', '09:30', 22), 'round_robin', '{pair,grey}', after => $$select t.busy('pair', '09:00', '09:30', 22)$$), 'grey 23 09:00', 'who has no time loses no turn, but is passed over');
select is(t.would(t.day(5), 'round_robin', '{trio,grey}'), 'trio 06 00:00', 'among those who are named');

-- what is no time, and no strategy
select is(t.refusal(format('select clinic.book_first(t.id(%L), t.id(%L), %L)', 'ada', 'half', during)), refusal, coalesce(during::text, 'no time')) from (values
  ('empty'::tstzrange, 'PT400 invalid_time'), (null, 'PT400 missing_argument'), ('(,)', 'PT400 invalid_time'), ('[2099-06-01,)', 'PT400 invalid_time'), ('(,2099-06-01)', 'PT400 invalid_time'),
  ('[2099-06-01,infinity)', 'PT400 invalid_time'), ('[-infinity,2099-06-01)', 'PT400 invalid_time'), ('[2099-06-01,2111-06-01)', 'PT400 invalid_time'), ('[0044-03-15 BC,2099-06-01)', 'PT400 invalid_time')) x (during, refusal);
select is(t.first(t.day(5), strategy), 'PT400 unknown_strategy', format('"%s" is no strategy', strategy)) from unnest(array['latest', '', 'Earliest', 'earliest ', 'least-loaded']) strategy;
select is(t.words_of($$select clinic.book_first(t.id('ada'), t.id('half'), t.day(5), strategy => 'latest')$$) like '%earliest, least_loaded and round_robin%', true, 'the refusal says which there are');
select is(t.refusal(statement), refusal, what) from (values
  ($$select clinic.book_first(null, t.id('half'), t.day(5))$$, 'PT400 missing_argument', 'no patient'),
  ($$select clinic.book_first(t.id('ada'), null, t.day(5))$$, 'PT400 missing_argument', 'no service'),
  ($$select clinic.book_first(t.id('ada'), t.id('half'), t.day(5), clinic_id => null)$$, 'PT400 missing_argument', 'no clinic'),
  ($$select clinic.book_first(t.id('ada'), t.id('half'), t.day(5), array[t.id('grey'), null])$$, 'PT400 missing_argument', 'an unknown provider among others'),
  ($$select clinic.book_first(t.id('nobody'), t.id('half'), t.day(5))$$, 'PT404 not_found', 'an unknown patient'),
  ($$select clinic.book_first(t.id('ada'), t.id('nobody'), t.day(5))$$, 'PT404 not_found', 'an unknown service'),
  ($$select clinic.book_first(t.id('ada'), t.id('half'), t.day(5), array[t.id('grey'), t.id('nobody')])$$, 'PT404 not_found', 'an unknown provider'),
  ($$select clinic.book_first(t.id('ada'), t.id('half'), t.day(5), array[t.id('grey'), t.id('room')])$$, 'PT404 not_found', 'a room'),
  ($$select clinic.book_first(t.id('ada'), t.id('half'), t.day(5), clinic_id => t.id('nobody'))$$, 'PT404 not_found', 'an unknown clinic'),
  ($$select clinic.book_first(t.id('ada'), t.id('half'), t.day(5), duration => '0')$$, 'PT422 invalid_duration', 'no duration'),
  ($$select clinic.book_first(t.id('ada'), t.id('half'), t.day(5), duration => '-1 hour')$$, 'PT422 invalid_duration', 'less than none'),
  ($$select clinic.book_first(t.id('ada'), t.id('half'), t.day(5), duration => '9 hours')$$, 'PT422 invalid_duration', 'longer than a visit may be'),
  ($$select clinic.book_first(t.id('ada'), t.id('half'), t.day(5), hold_for => '0')$$, 'PT422 invalid_duration', 'a hold that is none'),
  ($$select clinic.book_first(t.id('ada'), t.id('half'), t.day(5), hold_for => '25 hours')$$, 'PT422 invalid_duration', 'a hold of more than a day'),
  ($$select clinic.book_first(t.id('ada'), t.id('half'), t.day(5), reason => repeat('x', 2001))$$, 'PT400 invalid_text', 'too long a reason'),
  ($$select clinic.book_first(t.id('ada'), t.id('half'), t.day(5), array[]::uuid[])$$, 'not refused', 'no providers are all')) x (statement, refusal, what);

-- what comes with it
select t.call('held', (clinic.book_first(t.id('ada'), t.id('half'), t.day(30), reason => 'cough', notes => 'quiet', hold_for => '10 min')).id);
select results_eq($$select a.status, a.hold_expires_at, a.reason, a.notes, a.resource_ids, a.mode from clinic.appointment a where a.id = t.id('held')$$, $$values ('held'::clinic.appointment_status, now() + interval '10 min', 'cough', 'quiet', '{}'::uuid[], 'timed'::clinic.visit_mode)$$, 'it may be held, with a reason and notes');
select is(t.would(t.hours('00:00', '00:30', 30), null, '{grey}'), 'PT409 slot_taken', 'and is');
update clinic.appointment set hold_expires_at = now() - interval '1 second' where id = t.id('held');
select is(t.first(t.hours('00:00', '00:30', 30), null, '{grey}'), 'grey 01 00:00', 'until it has expired');
select is_empty($$select 1 from clinic.claim where appointment_id = t.id('held')$$, 'and what it claimed is the next one''s');

-- the same request
create function t.send(patient text default 'ada', service text default 'half', during tstzrange default t.day(40), providers uuid[] default null, strategy text default null, duration interval default null, reason text default 'cough', notes text default null, hold_for interval default null, key text default 'k') returns clinic.appointment language sql
  as $$select clinic.book_first(t.id($1), t.id($2), $3, $4, $5, $6, $7, $8, $10, $9)$$;
select t.call('sent', (t.send()).id);
select is((t.send()).id, t.id('sent'), 'the same request sent again is the same visit');
select is(count(*), 1::bigint, 'and one') from clinic.appointment where starts_at >= t.at('00:00', 40);
select is(t.refusal(format('select t.send(%s)', change)), 'PT409 idempotency_mismatch', format('the same key with %s is refused', change))
from unnest(array['patient => ''bob''', 'service => ''hour''', 'during => t.day(41)', 'during => t.day(40, 41)', 'providers => array[t.id(''grey'')]', 'strategy => ''round_robin''', 'duration => ''45 min''', 'reason => null', 'notes => ''x''', 'hold_for => ''1 min''']) change;
select is((t.send(strategy => 'earliest')).id, t.id('sent'), 'but earliest is what no strategy says');
select is(t.refusal($$select clinic.book(t.id('ada'), t.id('grey'), t.id('half'), t.at('00:00', 40), reason => 'cough', idempotency_key => 'k')$$), 'PT409 idempotency_mismatch', 'a start that is named is another request');
select clinic.cancel(t.id('sent'), 'well again');
select is((t.send()).status, 'cancelled', 'a visit that was cancelled is returned as it is now');
select is(t.refusal($$select t.send(during => t.hours('09:00', '09:10', 40), key => 'fails')$$) || ', ' || (t.send(key => 'fails')).status, 'PT422 outside_hours, scheduled', 'a refused request uses up no key');

-- the rules
create function t.soon(statement text, during tstzrange) returns text language plpgsql as $$
declare
  visit clinic.appointment;
  result text;
begin
  begin
    execute statement;
    visit := clinic.book_first(t.id('ada'), t.id('half'), $2);
    result := visit.starts_at;
    raise exception using errcode = 'T0001';
  exception when sqlstate 'T0001' then
    return result;
  end;
end $$;
-- The first half hour from then on; of an hour that clocks show twice, the second has no starts.
create function t.next_start(after timestamptz) returns timestamptz stable language sql as $$
  select min(s) from generate_series(0, 2) n, lateral (select date_bin('30 min', $1 + interval '30 min' - interval '1 microsecond', '2000-01-01 00:00Z') + n * interval '30 min') h (s)
  where clinic.local_to_instant(s at time zone 'Europe/Berlin', 'Europe/Berlin') = s$$;
select is(t.soon('select 1', tstzrange(now() - interval '3 days', now() + interval '1 day'))::timestamptz, t.next_start(now()), 'what has passed is passed over');
select is(t.soon('update clinic.clinic set min_notice = ''36 hours''', tstzrange(now(), now() + interval '5 days'))::timestamptz, t.next_start(now() + interval '36 hours'), 'so is what is too soon');
select is(t.soon('update clinic.service set min_notice = ''36 hours''', tstzrange(now(), now() + interval '5 days'))::timestamptz, t.next_start(now() + interval '36 hours'), 'be it for the service');
select is(t.soon('update clinic.clinic set allow_same_day = false', tstzrange(now(), now() + interval '5 days'))::timestamptz, ((now() at time zone 'Europe/Berlin')::date + 1)::timestamp at time zone 'Europe/Berlin', 'and the same day');
select is(t.would(tstzrange(now() + interval '2 days', now() + interval '9 days'), after => $$update clinic.clinic set max_advance = '1 day'$$), 'PT422 too_far_ahead', 'what is too far ahead is not had');
select is(t.would(tstzrange(now() + interval '2 days', now() + interval '9 days'), after => $$update clinic.clinic set max_advance = '1 day'; update clinic.service set max_advance = '1 year'$$) like '%_ __ __:__', true, 'but where the service may be booked farther ahead');
select is(t.would(t.day(50), after => $$update clinic.clinic set slot_step = '20 min'; select t.busy('grey', '00:00', '00:10', 50), t.busy('house', '00:00', '00:10', 50), t.busy('pair', '00:00', '00:10', 50), t.busy('trio', '00:00', '00:10', 50); update clinic.provider set seats = 1$$), 'grey 21 00:20', 'the clinic''s step is the grid');
select is(t.would(t.day(50), after => $$update clinic.clinic set prevent_patient_overlap = true; select clinic.book(t.id('ada'), t.id('trio'), t.id('half'), t.at('00:00', 49))$$), 'grey 21 00:00', 'a patient''s other visits are no matter at another time');
select is(t.would(t.day(50), after => $$update clinic.clinic set max_active_per_patient = 1$$), 'PT422 limit_reached', 'but their number is');

-- why there is none
select is(t.would(during, null, providers, service, after => after), refusal, what) from (values
  (t.day(50), '{grey,house}'::text[], 'half', $$update clinic.provider set is_active = false where code in ('grey', 'house')$$, 'PT422 outside_hours', 'nobody who is named takes visits'),
  (t.day(50), '{grey,house}', 'half', $$update clinic.provider set is_active = false where code = 'grey'$$, 'house 21 00:00', 'but somebody does'),
  (t.day(50), null, 'half', $$update clinic.service set is_active = false where code = 'half'$$, 'PT422 inactive', 'the service takes none'),
  (t.day(50), null, 'half', $$update clinic.clinic set status = 'closed'$$, 'PT422 clinic_closed', 'the clinic takes none'),
  (t.day(50), null, 'half', $$insert into clinic.closure (during) values (t.day(50))$$, 'PT422 clinic_closed', 'a holiday'),
  (t.day(50), '{grey}', 'half', $$insert into clinic.closure (resource_id, during) values (t.id('grey'), t.day(50))$$, 'PT422 provider_absent', 'leave'),
  (t.day(50), null, 'half', $$update clinic.provider set hours = null; update clinic.clinic set hours = 'Mo-Fr 09:00-17:00'$$, 'grey 21 09:00', 'no hours at night'),
  (t.day(54, 55), null, 'half', $$update clinic.provider set hours = null; update clinic.clinic set hours = 'Mo-Fr 09:00-17:00'$$, 'PT422 outside_hours', 'nor at the week-end'),
  (t.day(50), '{grey}', 'half', $$update clinic.provider set hours = 'Mo-Su 09:00-09:30' where code = 'grey'; select t.busy('grey', '09:00', '09:30', 50)$$, 'PT409 slot_taken', 'all is taken'),
  (t.day(50, 51), '{grey}', 'half', $$update clinic.provider set hours = 'Mo-Su 09:00-09:30' where code = 'grey'; select t.busy('grey', '09:00', '09:30', 50); insert into clinic.closure (resource_id, during) values (t.id('grey'), t.day(51))$$, 'PT409 slot_taken', 'or is not there: that all is taken says more'),
  (t.day(50), '{grey,house}', 'half', $$insert into clinic.closure (resource_id, during) values (t.id('grey'), t.day(50)), (t.id('house'), t.day(50))$$, 'PT422 provider_absent', 'both are on leave'),
  (t.day(50), null, 'half', $$insert into clinic.hours (resource_id, valid, weekly, mode) select r.id, '[2099-07-01,2099-08-01)', '24/7', 'token' from clinic.resource r where r.kind = 'provider'$$, 'PT422 wrong_mode', 'the days are of numbers'),
  (t.day(50), '{grey}', 'half', $$insert into clinic.provider_service (provider_id, service_id) values (t.id('grey'), t.id('hour'))$$, 'PT422 outside_hours', 'nobody who is named offers the service')) x (during, providers, service, after, refusal, what);
update clinic.clinic set max_advance = '30 days';
select is(t.first(t.hours('09:00', '18:00')), 'PT422 too_far_ahead', 'time that is too far ahead is refused as that');
select is(t.first(tstzrange(now() + interval '31 days', now() + interval '60 days')), 'PT422 too_far_ahead', 'also if it is so by little');
update clinic.provider set hours = 'Mo 09:00-09:30; Th 09:00-09:30';
select is(t.first(tstzrange(now() + interval '31 days', now() + interval '60 days')), 'PT422 too_far_ahead', 'and nobody is open on the first days of it');
select is(t.first(tstzrange(now() + interval '31 days', now() + interval '31 days 1 minute')), 'PT422 outside_hours', 'a time that no visit fits into is outside the hours');
update clinic.clinic set max_advance = null, min_notice = '2 days';
update clinic.provider set hours = '24/7';
select is(t.first(tstzrange(now() - interval '2 hours', now() + interval '2 hours')), 'PT422 too_soon', 'that some of the time has passed is not the reason when there is another');
select is(t.first(tstzrange(now() - interval '3 hours', now() - interval '1 hour')), 'PT422 in_the_past', 'but when all has passed it is');
select is(t.first(tstzrange(now() - interval '2 hours', t.next_start(now()))), 'PT422 in_the_past', 'or all starts have');
update clinic.clinic set min_notice = '0';

-- rooms
insert into clinic.service_requirement (service_id, kind, codes) values (t.id('half'), 'room', '{room,theatre}');
create function t.rooms(starts_at timestamptz) returns text language sql
  as $$select string_agg(p.code || '+' || r.code, ' ' order by p.code) from clinic.appointment a join clinic.resource p on p.id = a.provider_id join clinic.resource r on r.id = a.resource_ids[1] where a.starts_at = $1$$;
select is(t.first(t.hours('09:00', '10:00', 60)) || ', ' || t.first(t.hours('09:00', '10:00', 60)), 'grey 31 09:00, house 31 09:00', 'the first that is free has a room');
select is(t.rooms(t.at('09:00', 60)), 'grey+room house+theatre', 'another one each');
select is(t.first(t.hours('09:00', '10:00', 60)) || ', ' || t.first(t.hours('09:00', '10:00', 60)), 'grey 31 09:30, house 31 09:30', 'the next start is the first that has one');
select is(t.first(t.hours('09:00', '10:00', 60)), 'PT409 slot_taken', 'and where there is none, all is taken');
select is(t.would(t.hours('08:00', '10:00', 60), after => $$insert into clinic.closure (resource_id, during) select r.id, t.hours('08:00', '09:00', 60) from clinic.resource r where r.kind = 'room'$$), 'PT409 slot_taken', 'or all rooms are closed');
select is(count(distinct x), 5::bigint, 'with any strategy') from (select t.first(t.hours('11:00', '13:00', 60), s, '{grey,house}') x from unnest(array['round_robin', 'least_loaded', 'earliest', 'least_loaded', 'round_robin']) s) y;
select is_empty($$select 1 from clinic.appointment a where a.starts_at >= t.at('00:00', 60) and cardinality(a.resource_ids) <> 1$$, 'and a room each');
delete from clinic.service_requirement;
insert into clinic.service_requirement (service_id, kind, codes) values (t.id('half'), 'provider', '{grey}');
select is(t.first(t.hours('14:00', '15:00', 60)), 'house 31 14:00', 'who is required besides is not the provider');
delete from clinic.service_requirement;

-- numbers
insert into clinic.service (id, code, name, duration, mode) values (t.call('visit', clinic.uuid7()), 'visit', 'Visit', '10 min', 'token');
insert into clinic.hours (resource_id, valid, weekly, mode, seats) select r.id, '[2099-10-01,2099-11-01)', '24/7', 'token', 2 from clinic.resource r where r.code in ('grey', 'house');
insert into clinic.closure (resource_id, during) values (t.id('grey'), tstzrange('2099-10-01 00:00+02', '2099-10-02 00:00+02'));
create function t.number(during tstzrange, strategy text default null) returns text language plpgsql as $$
declare
  result text := t.refusal(format('select clinic.book_first(t.id(%L), t.id(%L), %L, null, %L)', 'bob', 'visit', $1, $2));
begin
  return case when result = 'not refused' then (select r.code || b.seat || to_char(b.starts_at at time zone 'Europe/Berlin', ' DD') from clinic.book_first(t.id('bob'), t.id('visit'), $1, null, $2) b join clinic.resource r on r.id = b.provider_id) else result end;
end $$;
select is(string_agg(t.number('[2099-10-01 00:00+02,2099-10-03 00:00+02)'), ', '), 'house1 01, house2 01, grey1 02, grey2 02, house1 02, house2 02, PT409 capacity_reached', 'the first number that is free, day by day') from generate_series(1, 7);
select is(t.number('[2099-10-04 00:01+02,2099-10-05 23:59+02)'), 'PT422 outside_hours', 'a day that does not lie in the time whole is none');
select is(t.number('[2099-10-04 00:01+02,2099-10-06 00:00+02)'), 'grey1 05', 'the next may');
select is(string_agg(t.number('[2099-10-07 00:00+02,2099-10-08 00:00+02)', 'least_loaded'), ', '), 'grey1 07, house1 07, grey2 07, house2 07', 'shared out by load') from generate_series(1, 4);
select is(t.number('[2099-10-08 00:00+02,2099-10-09 00:00+02)', 'round_robin') || ', ' || t.number('[2099-10-08 00:00+02,2099-10-09 00:00+02)', 'round_robin'), 'grey1 08, house1 08', 'or in turn');
select is(t.number('[2099-06-01,2099-07-01)'), 'PT422 wrong_mode', 'days of times have none');
select is(ends_at - starts_at, interval '25 hours', 'a number is of its day, as long as that is') from clinic.book_first(t.id('bob'), t.id('visit'), '[2099-10-25 00:00+02,2099-10-26 00:00+01)');

-- whose it is
select t.act_as('ada''s account');
select is(t.refusal($$select clinic.book_first(t.id('ada'), t.id('half'), t.day(70))$$), 'not refused', 'an account books for its patients');
select is(t.refusal($$select clinic.book_first(t.id('bob'), t.id('half'), t.day(70))$$), 'PT403 not_yours', 'and not for others');
select t.act_as(null);
create role app;
grant usage on schema clinic to app;
grant execute on all functions in schema clinic to app;
select is(t.refusal_of('app', $$select clinic.book_first(t.id('ada'), t.id('half'), t.day(70))$$), '42501', 'a role needs a grant on the visits');
grant select, insert on clinic.appointment to app;
select is(t.refusal_of('app', $$select clinic.book_first(t.id('ada'), t.id('half'), t.day(70), strategy => 'least_loaded')$$), 'not refused', 'and no other');

-- memory: a trigger tells how much this backend has when the visit is written
create function t.bytes() returns bigint language sql as 'select sum(total_bytes)::bigint from pg_backend_memory_contexts';
create table t.memory as select t.bytes() as bytes;
create function t.measure() returns trigger language plpgsql as 'begin insert into t.memory values (t.bytes()); return null; end';
create trigger measure after insert on clinic.appointment for each row execute function t.measure();
insert into clinic.closure (during) values ('[2110-01-01,2119-01-01)');
select is((clinic.book_first(t.id('ada'), t.id('half'), '[2110-01-01,2119-01-02)')).starts_at, '2119-01-01', 'the first free start may be years ahead');
select cmp_ok(max(bytes) - min(bytes), '<', 10000000::bigint, 'and to get there takes little memory') from t.memory having count(*) = 2;

select is_empty('select * from clinic.verify(null)', 'and every claim is what it should be');
select * from finish();
rollback;
