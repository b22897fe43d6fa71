begin;
select plan(58);
\ir include/fixture.psql
create function t.visit(name text) returns clinic.appointment stable language sql as $$select a from clinic.appointment a where a.id = t.id($1)$$;
-- Typed in by staff, so that it may start in the past.
create function t.type_in(name text, starts_at timestamptz, duration interval default '30 min', hold_for interval default null, service text default 'half') returns void language sql
  as $$select t.call($1, (clinic.book(t.id('ada'), t.id('trio'), t.id($5), $2, duration => $3, hold_for => $4, override_reason => 'a test')).id)$$;
create function t.bring(name text, variadic statuses text[]) returns void language plpgsql as $$
declare
  next text;
begin
  foreach next in array statuses loop
    perform clinic.set_status(t.id(name), next::clinic.appointment_status);
  end loop;
end $$;
-- When a visit is: past, current, upcoming, or none of them.
create function t.tense(name text) returns text stable language sql
  as $$select concat_ws(' ', case when clinic.is_past(v) then 'past' end, case when clinic.is_current(v) then 'current' end, case when clinic.is_upcoming(v) then 'upcoming' end) from t.visit($1) v$$;

-- past, current, upcoming
select t.type_in('over', now() - interval '2 hours'), t.type_in('just over', now() - interval '30 min'), t.type_in('nearly over', now() - interval '30 min' + interval '1 microsecond'),
  t.type_in('starts', now()), t.type_in('starts soon', now() + interval '1 microsecond'), t.type_in('far', now() + interval '480 hours');
select is(t.tense('over'), 'past', 'what has ended is past');
select is(t.tense('just over'), 'past', 'so is what ends now');
select is(t.tense('nearly over'), 'current', 'what is about to end is current');
select is(t.tense('starts'), 'current', 'so is what starts now');
select is(t.tense('starts soon'), 'upcoming', 'what is about to start is upcoming');
select is(t.tense('far'), 'upcoming', 'however far away');
do $$begin
  update clinic.resource set seats = 30 where id = t.id('trio');
end$$;
select t.type_in('now ' || s, now() - interval '10 min'), t.type_in('soon ' || s, now() + interval '10 min'), t.type_in('past ' || s, now() - interval '1 day')
from unnest('{scheduled,confirmed,arrived,in_progress,completed,cancelled,no_show}'::text[]) s;
select t.bring(w || ' confirmed', 'confirmed'), t.bring(w || ' arrived', 'arrived'), t.bring(w || ' in_progress', 'confirmed', 'in_progress'),
  t.bring(w || ' completed', 'confirmed', 'in_progress', 'completed'), t.bring(w || ' cancelled', 'cancelled'), t.bring(w || ' no_show', 'no_show')
from unnest('{now,soon,past}'::text[]) w;
select is(t.tense('now ' || s), 'current', 'in its time a visit that is ' || s || ' is current') from unnest('{scheduled,confirmed,arrived,in_progress}'::text[]) s;
select is(t.tense('soon ' || s), 'upcoming', 'before its time a visit that is ' || s || ' is upcoming') from unnest('{scheduled,confirmed,arrived,in_progress}'::text[]) s;
select is(t.tense('now ' || s) || t.tense('soon ' || s), '', 'a visit that is ' || s || ' is neither') from unnest('{completed,cancelled,no_show}'::text[]) s;
select is(t.tense('past ' || s), 'past', 'after its time a visit that is ' || s || ' is past') from unnest('{scheduled,completed,cancelled,no_show}'::text[]) s;
select t.type_in('held now', now() - interval '10 min', hold_for => '1 hour'), t.type_in('held', now() + interval '10 min', hold_for => '1 hour'),
  t.type_in('expired now', now() - interval '10 min', hold_for => '1 hour'), t.type_in('expired', now() + interval '10 min', hold_for => '1 hour');
update clinic.appointment set hold_expires_at = now() where id in (t.id('expired now'), t.id('expired'));
select is(t.tense('held now'), 'current', 'a hold in its time is current');
select is(t.tense('held'), 'upcoming', 'before it, upcoming');
select is(t.tense('expired now') || t.tense('expired'), '', 'a hold that has expired is neither');
insert into clinic.appointment (id, patient_id, service_id, starts_at, mode, status) values (t.call('walk-in', clinic.uuid7()), t.id('ada'), t.id('half'), now() - interval '5 min', 'walk_in', 'arrived');
select is(t.tense('walk-in'), 'current', 'a walk-in is current for as long as its service lasts');
select is((select count(*) from clinic.appointment a where clinic.is_past(a)), 9::bigint, 'they can be asked for in a WHERE');
select is((clinic.is_past(a), clinic.is_current(a), clinic.is_upcoming(a), clinic.can_cancel(a), clinic.can_reschedule(a))::text, '(,,,,)', 'of no visit they say nothing') from (values (null::clinic.appointment)) x(a);
select is((clinic.can_cancel(a), clinic.can_reschedule(a))::text, '(,)', 'nor of one without a clinic, status or start') from jsonb_populate_recordset(null::clinic.appointment, '[{"status": "scheduled"}]') a;

-- What the two fields say of every visit to everybody, beside what cancel() and reschedule() do. What these do is undone.
create table t.who (account text, claims text);
insert into t.who values (null, ''), ('the receptionist', ''), ('ada''s account', ''), ('bob''s account', ''), ('nobody', ''), (null, '{"role": "anon"}');
create function t.asked() returns table (visit text, account text, says boolean, does text, says_move boolean, does_move text) language plpgsql as $$
declare
  who t.who;
  v record;
begin
  for who in select * from t.who loop
    perform t.act_as(who.account), pg_catalog.set_config('request.jwt.claims', who.claims, true);
    for v in select a, x.name from clinic.appointment a join t.thing x on x.id = a.id loop
      visit := v.name;
      account := coalesce(who.account, who.claims);
      says := clinic.can_cancel(v.a);
      does := t.refusal(format('select clinic.cancel(%L, %L)', (v.a).id, 'well again'));
      says_move := clinic.can_reschedule(v.a);
      does_move := t.refusal(format('select clinic.reschedule(%L, t.at(%L))', (v.a).id, '09:00'));
      return next;
    end loop;
  end loop;
  perform t.act_as(null), pg_catalog.set_config('request.jwt.claims', '', true);
end $$;
create table t.answer as select * from t.asked();
select is((select count(*) from t.answer), 6 * 32::bigint, 'every visit is asked about, by everybody');
select is_empty($$select visit, account, says, does from t.answer where says is distinct from (does = 'not refused')$$, 'can_cancel says what cancel does');
select is_empty($$select visit, account, says_move, does_move from t.answer where says_move is distinct from (does_move = 'not refused')$$, 'can_reschedule says what reschedule does');
select is((select string_agg(distinct does, ',' order by does) from t.answer where not says), 'PT403 not_yours,PT422 invalid_transition', 'which refuses for these reasons');
select is((select string_agg(distinct does_move, ',' order by does_move) from t.answer where not says_move), 'PT403 not_yours,PT422 invalid_transition', 'and moves for the same');
select is((select string_agg(distinct split_part(visit, ' ', 2), ',') from t.answer where account = '' and not says), 'cancelled,completed,no_show', 'to staff, of final visits only');
select is((select count(*) from t.answer where account = 'ada''s account' and says), (select count(*) from t.answer where account = '' and says), 'the patient''s account may cancel what staff may');
select is((select count(*) from t.answer where account in ('bob''s account', 'nobody', '{"role": "anon"}') and (says or says_move)), 0::bigint, 'nobody else may');

-- cancel_notice
update clinic.clinic set cancel_notice = '480 hours' where id = t.id('clinic');
select t.type_in('near', now() + interval '480 hours' - interval '1 microsecond'), t.type_in('of an hour', now() + interval '1 hour', service => 'hour');
update clinic.service set cancel_notice = '1 hour' where id = t.id('hour');
drop table t.answer;
create table t.answer as select * from t.asked();
select is_empty($$select visit, account, says, does from t.answer where says is distinct from (does = 'not refused')$$, 'with cancel_notice can_cancel says what cancel does');
select is_empty($$select visit, account, says_move, does_move from t.answer where says_move is distinct from (does_move = 'not refused')$$, 'and can_reschedule what reschedule does');
select is((select array_agg(visit order by visit collate "C") from t.answer where account = 'ada''s account' and says), array['expired', 'expired now', 'far', 'held', 'held now', 'of an hour', 'walk-in'], 'to the patient''s account, of holds, walk-ins and what is no nearer than the notice, the service''s own where it has one');
select is((select array_agg(visit order by visit collate "C") from t.answer where account = 'ada''s account' and says_move), array['expired', 'expired now', 'far', 'held', 'held now', 'of an hour', 'walk-in'], 'it moves no others either');
select is((select does || ', ' || does_move from t.answer where account = 'ada''s account' and visit = 'near'), 'PT422 too_late, PT422 too_late', 'too late by a microsecond');
select is((select count(*) from t.answer where account = 'the receptionist' and says), 25::bigint, 'staff cancel at any time');
select is((select count(*) from t.answer where account = 'the receptionist' and says_move), 25::bigint, 'and move');

-- vaccination_status
create function t.today(zone text) returns date stable language sql as $$select (now() at time zone $1)::date$$;
create function t.vaccinated(last date, zone text default null) returns text language sql
  as $$select clinic.vaccination_status(jsonb_populate_record(p, jsonb_build_object('last_vaccination', $1, 'clinic_id', coalesce(t.id($2), p.clinic_id)))) from clinic.patient p where p.id = t.id('ada')$$;
select is((select clinic.vaccination_status(p) from clinic.patient p where p.id = t.id('ada')), 'unknown', 'a patient of whom no vaccination is known has status unknown');
update clinic.patient set last_vaccination = t.today('Europe/Berlin') where id = t.id('ada');
select is((select clinic.vaccination_status(p) from clinic.patient p where p.id = t.id('ada')), 'valid', 'on its day a vaccination is valid');
-- On 29 February the same day of the last year is none.
select is(t.vaccinated(d), case when (d + interval '1 year')::date < t.today('Europe/Berlin') then 'expired' else 'valid' end, 'after a year it still is') from (values ((t.today('Europe/Berlin') - interval '1 year')::date)) x(d);
select is(t.vaccinated((t.today('Europe/Berlin') - interval '1 year')::date - 1), 'expired', 'the day after it is expired');
select is(t.vaccinated('1900-01-01'), 'expired', 'so is one of long ago');
select is(t.vaccinated(t.today('Europe/Berlin') + 1), 'unknown', 'a date that has not come says nothing');
select is(t.vaccinated('infinity') || t.vaccinated('-infinity'), 'unknownunknown', 'nor does an infinite one');
select t.call('east', (clinic.create_clinic('East', 'Pacific/Kiritimati')).id), t.call('west', (clinic.create_clinic('West', 'Etc/GMT+12')).id);
select is(t.vaccinated(t.today('Pacific/Kiritimati'), 'east'), 'valid', 'today is the clinic''s day');
select is(t.vaccinated(t.today('Pacific/Kiritimati'), 'west'), 'unknown', 'which has not come everywhere');
select is(t.vaccinated('2020-01-01', 'nobody'), 'unknown', 'of a clinic that is none nothing is known');
select is(clinic.vaccination_status(null), null, 'nor of no patient');

-- They run with the caller's rights, and need no table.
create role app;
grant usage on schema clinic to app;
grant execute on all functions in schema clinic to app;
grant select on clinic.appointment, clinic.patient to app;
set local role app;
select is((select (clinic.can_cancel(v), clinic.can_reschedule(v), clinic.is_upcoming(v))::text from t.visit('far') v), '(t,t,t)', 'who may read a visit may ask about it');
select is((select clinic.vaccination_status(p) from clinic.patient p where p.id = t.id('ada')), 'valid', 'and who may read a patient');
set local search_path = clinic, public;
select is((select (v.can_cancel, v.can_reschedule, v.is_past, v.is_current, v.is_upcoming)::text from t.visit('far') v), '(t,t,f,f,t)', 'they read as columns');
reset role;

select is_empty('select * from clinic.verify()', 'and every claim is what it should be');
select * from finish();
rollback;
