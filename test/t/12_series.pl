# Series against an oracle that books one occurrence after the other, random edits of series, and a
# series of a year booked at the same time as an import and many single visits.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use Clinic;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use constant BOOKERS => 24;
use constant ROOMED => '66666666-0000-4000-8000-000000000001';
use constant BUFFERED => '66666666-0000-4000-8000-000000000002';
use constant ANYROOM => '66666666-0000-4000-8000-000000000003';

my $node = new_cluster('series', max_connections => BOOKERS + 20);
new_clinic($node, 10, 60);
my ($clinic, $visit, $roomed, $buffered, $anyroom) = (CLINIC, VISIT, ROOMED, BUFFERED, ANYROOM);

sub one
{
	my ($sql) = @_;
	return $node->safe_psql('postgres', $sql);
}

# Few locks

# Of fifty rooms each visit takes one.
one(<<"END");
insert into clinic.service (id, code, name, duration) values ('$anyroom', 'anyroom', 'In any of fifty rooms', '30 minutes');
insert into clinic.room (code, name) select 'N' || n, 'Room' from generate_series(1, 50) n;
insert into clinic.service_requirement (service_id, kind) values ('$anyroom', 'room');
END

my $locks = "select count(*) < 10, count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()";
for my $case ([ 'a series of 366', $visit, 1, 366 ], [ 'one in any of fifty rooms', $anyroom, 2, 100 ])
{
	my ($name, $service, $doctor, $count) = @$case;
	my $arguments = sprintf "'%s', '%s', '$service', '2029-01-01 05:00Z', 'FREQ=DAILY;COUNT=$count'", patient($doctor), doctor($doctor);
	is((split /\|/, one("begin; select count(*) from clinic.book_series($arguments, idempotency_key => 'locks $doctor'); $locks; rollback"))[0],
		"$count\nt", "$name: fewer than ten locks");
}

# Beside others

# All want the first doctor, at eight hours of the first days; the series takes what is left of them.
my $bookings = join '', map { "select clinic.book('ME', '@{[ doctor(1) ]}', '$visit', @{[ sql_start($_ % 8, int($_ / 8)) ]});\n" } 0 .. 39;
my @scripts = map { my $me = patient($_); my $script = $bookings; $script =~ s/ME/$me/g; $script } 1 .. BOOKERS;
my $series = sprintf "select clinic.book_series('%s', '%s', '$visit', '2030-01-07 08:00Z', 'FREQ=DAILY;COUNT=366', 'next_free');\n", patient(50), doctor(1);
my $import = "select clinic.book_many((select jsonb_agg(jsonb_build_object('patient_id', '@{[ patient(51) ]}', 'provider_id', '@{[ doctor(1) ]}', 'service_id', '$visit', 'starts_at', @{[ sql_start(9, 0) ]} + n * interval '1 day')) from generate_series(0, 199) n));\n";
my $offset = -s $node->logfile;
my $failures = failures(run_clients($node, '', @scripts, $series, $import));
note time - $^T, ' s: ', join ', ', map { "$_ $failures->{$_}" } sort keys %$failures;
delete $failures->{slot_taken};
is_deeply($failures, {}, 'a series, an import and bookers: nobody fails but where the time is taken');
is(count_in_log($node, 'deadlock detected', $offset), 0, 'a series, an import and bookers: no deadlock');
is(one("select count(*) filter (where a.series_id is not null) || ' ' || count(distinct a.starts_at) filter (where a.starts_at < '2030-01-12' and a.starts_at::time < '12:00') || ' ' || count(*) filter (where a.patient_id = '@{[ patient(51) ]}') from clinic.appointment a"),
	'366 40 200', 'a series, an import and bookers: all have what there is');
is_sound($node, 'a series, an import and bookers');

# What one by one leads to

$node->safe_psql('postgres', <<'END');
create schema t;

-- A clinic with what is open, closed and taken already.
create function t.new_clinic(zone text, one_place_at_a_time boolean) returns uuid language plpgsql as $$
declare
  clinic uuid := clinic.uuid7();
  first date := '2029-03-01';
begin
  perform set_config('clinic_sched.clinic_id', clinic::text, false);
  insert into clinic.clinic (id, name, timezone, slot_step, prevent_patient_overlap)
    values (clinic, zone, zone, case when one_place_at_a_time then interval '20 min' else '30 min' end, one_place_at_a_time);
  insert into clinic.service (code, name, duration, buffer_before, buffer_after)
    values ('plain', 'Plain', '30 min', '0', '0'), ('buffered', 'Buffered', '30 min', '10 min', '15 min'),
           ('roomed', 'Roomed', '40 min', '0', '5 min');
  insert into clinic.resource (kind, code, name, seats, hours)
    values ('provider', 'always', 'Always', 1, '24/7'), ('provider', 'office', 'Office', 1, 'Mo-Fr 08:00-18:00'),
           ('provider', 'two', 'Two', 2, 'Mo-Sa 09:00-12:00,14:00-19:00; Su 01:00-05:00');
  insert into clinic.resource (kind, code, name) values ('room', 'R1', 'R1'), ('room', 'R2', 'R2');
  insert into clinic.service_requirement (service_id, kind)
    select s.id, 'room' from clinic.service s where s.clinic_id = clinic and s.code = 'roomed';
  insert into clinic.patient (name) select 'Patient' from generate_series(1, 6);
  insert into clinic.closure (resource_id, during)
    select case when random() < 0.5 then (select r.id from clinic.resource r where r.clinic_id = clinic order by random() limit 1) end,
      tstzrange(d, d + interval '1 hour' * (1 + floor(random() * 60)))
    from (select (first + n * 12 + time '07:00') at time zone zone as d from generate_series(0, 20) n) x;
  for i in 1..150 loop
    begin
      perform clinic.book((select p.id from clinic.patient p where p.clinic_id = clinic order by random() limit 1),
        (select r.id from clinic.resource r where r.clinic_id = clinic and r.kind = 'provider' order by random() limit 1),
        (select s.id from clinic.service s where s.clinic_id = clinic order by random() limit 1),
        (first + floor(random() * 60)::int + time '00:00' + interval '30 min' * floor(random() * 48)) at time zone zone);
    exception when others then
      if sqlstate not like 'PT%' then raise; end if;
    end;
  end loop;
  return clinic;
end $$;

create function t.reason_of(state text, reason text) returns text language plpgsql as $$
begin
  if state not like 'PT%' then raise exception '% %', state, reason; end if;
  return reason;
end $$;

-- The outcome of a series, booked with clinic.book() one occurrence after the other; all is undone.
create function t.one_by_one(patient uuid, provider uuid, service uuid, starts_at timestamptz, rule clinic.rrule, zone text,
  on_conflict text, duration interval, rooms uuid[]) returns text language plpgsql as $$
declare
  o record; slot tstzrange; result text := ''; reason text; why text; visit clinic.appointment; state text; place int := 0;
begin
  begin
    for o in
      select x.at, lead(x.at) over (order by x.at) as next
      from (select at from clinic.occurrences(rule, starts_at at time zone zone, zone, tstzrange(starts_at, null)) at limit 40) x
    loop
      place := place + 1;
      reason := null;
      begin
        visit := clinic.book(patient, provider, service, o.at, duration, resource_ids => rooms);
      exception when others then
        get stacked diagnostics reason = constraint_name, state = returned_sqlstate;
        reason := t.reason_of(state, reason);
      end;
      why := reason;
      if reason is null then
        result := result || format('%s booked %s; ', o.at, visit.starts_at);
        continue;
      elsif on_conflict = 'fail' or (place = 1 and on_conflict = 'skip') then
        raise exception using errcode = 'T0000', message = 'refused ' || reason;
      elsif on_conflict = 'next_free' then
        for slot in
          select s.slot from clinic.available_slots(provider, service, tstzrange(o.at, least(o.next, o.at + interval '744 hours')), duration => one_by_one.duration) s
          where lower(s.slot) > o.at and upper(s.slot) <= least(o.next, o.at + interval '744 hours') and s.available
          order by 1
        loop
          begin
            visit := clinic.book(patient, provider, service, lower(slot), duration, resource_ids => rooms);
            reason := null;
          exception when others then
            get stacked diagnostics reason = constraint_name, state = returned_sqlstate;
            reason := t.reason_of(state, reason);
          end;
          exit when reason is null;
        end loop;
      end if;
      result := result || case when reason is null then format('%s moved %s %s; ', o.at, visit.starts_at, why) else format('%s skipped %s; ', o.at, why) end;
    end loop;
    raise exception using errcode = 'T0000', message = result;
  exception when sqlstate 'T0000' then
    get stacked diagnostics result = message_text;
  end;
  return result;
end $$;

create function t.at_once(patient uuid, provider uuid, service uuid, starts_at timestamptz, rule clinic.rrule,
  on_conflict text, duration interval, rooms uuid[], keep boolean) returns text language plpgsql as $$
declare
  result text; reason text; state text; rows clinic.series_outcome[];
begin
  begin
    rows := array(select b from clinic.book_series(patient, provider, service, starts_at, rule, on_conflict, duration, resource_ids => rooms) b);
    -- A statement of its own sees the visits.
    select string_agg(case when b.appointment_id is null then format('%s skipped %s; ', b.occurrence, b.detail)
        else format('%s %s %s%s; ', b.occurrence, b.outcome, (select a.starts_at from clinic.appointment a where a.id = b.appointment_id), ' ' || b.detail) end, '' order by b.occurrence)
      into result
    from unnest(rows) b;
    if not keep then raise exception using errcode = 'T0000'; end if;
  exception when others then
    get stacked diagnostics reason = constraint_name, state = returned_sqlstate;
    if state <> 'T0000' then result := 'refused ' || t.reason_of(state, reason); end if;
  end;
  return result;
end $$;

create table t.difference (request text, expected text, got text);

create function t.compare(clinic uuid, zone text, cases int) returns text language plpgsql as $$
declare
  patient uuid; provider uuid; service uuid; starts_at timestamptz; local timestamp; rule clinic.rrule; on_conflict text;
  duration interval; rooms uuid[]; expected text; got text; booked int := 0; moved int := 0; skipped int := 0; refused int := 0;
begin
  perform set_config('clinic_sched.clinic_id', clinic::text, false);
  for i in 1..cases loop
    patient := (select p.id from clinic.patient p where p.clinic_id = clinic order by random() limit 1);
    provider := (select r.id from clinic.resource r where r.clinic_id = clinic and r.kind = 'provider' order by random() limit 1);
    service := (select s.id from clinic.service s where s.clinic_id = clinic order by random() limit 1);
    local := case when random() < 0.3
      -- near a change of clocks
      then (array['2029-03-05', '2029-03-20', '2029-03-29'])[1 + floor(random() * 3)]::date + time '00:00' + interval '15 min' * floor(random() * 16)
      else '2029-03-01'::date + floor(random() * 60)::int + time '08:00' + interval '10 min' * floor(random() * 50) end;
    starts_at := local at time zone zone;
    if clinic.next_occurrence('FREQ=DAILY', starts_at at time zone zone, zone, starts_at - interval '1 us') <> starts_at then
      continue;    -- the second of two hours that look the same
    end if;
    rule := (array['FREQ=DAILY', 'FREQ=WEEKLY', 'FREQ=WEEKLY;BYDAY=MO,WE,FR', 'FREQ=WEEKLY;INTERVAL=2', 'FREQ=MONTHLY;BYDAY=-1FR', 'FREQ=DAILY;BYHOUR=2,9;BYMINUTE=30',
      'FREQ=HOURLY;INTERVAL=5', 'FREQ=MINUTELY;INTERVAL=20', 'FREQ=MONTHLY;BYMONTHDAY=31,1', 'FREQ=HOURLY', 'FREQ=DAILY;INTERVAL=3;BYDAY=MO,TU,WE,TH,FR'])[1 + floor(random() * 11)]
      || ';COUNT=' || 1 + floor(random() * 15);
    on_conflict := (array['skip', 'skip', 'next_free', 'next_free', 'fail'])[1 + floor(random() * 5)];
    -- What the series' own visits would take of each other: those at their own times go before one that is moved.
    if rule::text ~ '^FREQ=(HOURLY|MINUTELY)' and service not in (select s.id from clinic.service s where s.code = 'plain') then
      on_conflict := 'skip';
    end if;
    duration := (array[null, null, null, '45 min', '20 min'])[1 + floor(random() * 5)]::interval;
    rooms := case when random() < 0.2 then array(select r.id from clinic.resource r where r.clinic_id = clinic and r.kind = 'room' order by random() limit 1) end;
    expected := t.one_by_one(patient, provider, service, starts_at, rule, zone, on_conflict, duration, rooms);
    got := t.at_once(patient, provider, service, starts_at, rule, on_conflict, duration, rooms, random() < 0.5);
    -- With fail it may be another of the occurrences at fault that is named.
    if got is distinct from expected and not (on_conflict = 'fail' and got like 'refused %' and expected like 'refused %') then
      insert into t.difference values (format('%s %s %s %s %s %s rooms %s', zone, (select r.code from clinic.resource r where r.id = provider), (select s.code from clinic.service s where s.id = service), starts_at, rule, on_conflict, cardinality(rooms)), expected, got);
    end if;
    refused := refused + (got like 'refused %')::int;
    booked := booked + (got like '%booked%')::int;
    moved := moved + (got like '%moved%')::int;
    skipped := skipped + (got like '%skipped%')::int;
  end loop;
  return format('%s: with booked %s, moved %s, skipped %s, refused %s', zone, booked, moved, skipped, refused);
end $$;
END

note time - $^T, ' s: ', one(<<'END');
select setseed(0.42);
select t.compare(t.new_clinic('Europe/Berlin', false), 'Europe/Berlin', 60);
select t.compare(t.new_clinic('America/New_York', true), 'America/New_York', 60);
select t.compare(t.new_clinic('Australia/Lord_Howe', false), 'Australia/Lord_Howe', 60);
END
is(one('select * from t.difference limit 3'), '', 'a series is what its occurrences are, booked one after the other');

# Random edits

$node->safe_psql('postgres', <<'END');
create table t.violation (edit text, problem text);

-- Of the visits that stand: none but an exception is apart from an occurrence of its series' rule.
create view t.stray as
  select a.id, a.series_id, a.occurrence_at, s.rule from clinic.appointment a join clinic.series s on s.clinic_id = a.clinic_id and s.id = a.series_id
  where a.status in ('scheduled', 'confirmed') and not a.series_exception
    and clinic.next_occurrence(s.rule, s.starts_at at time zone s.timezone, s.timezone, a.occurrence_at - interval '1 us') is distinct from a.occurrence_at;

-- As many occurrences as the first of a chain of series had, at most, as long as none has another rule.
create view t.grown as
  with recursive chain as (
    select s.id as first, s.clinic_id, s.id, s.rule, s.starts_at, s.timezone from clinic.series s where s.previous_id is null and s.reason is not null
    union all
    select c.first, s.clinic_id, s.id, s.rule, s.starts_at, s.timezone from chain c join clinic.series s on s.clinic_id = c.clinic_id and s.previous_id = c.id)
  select c.first, sum(clinic.occurrence_count(c.rule, c.starts_at at time zone c.timezone, c.timezone)) as count
  from chain c group by c.first
  having sum(clinic.occurrence_count(c.rule, c.starts_at at time zone c.timezone, c.timezone)) > (select s.reason::int from clinic.series s where s.id = c.first);

create function t.edit(clinic uuid, zone text, edits int) returns text language plpgsql as $$
declare
  series clinic.series; occurrence timestamptz; shift interval; what text; done int := 0; refused int := 0; state text; reason text; scope text;
begin
  perform set_config('clinic_sched.clinic_id', clinic::text, false);
  for i in 1..8 loop
    begin
      perform clinic.book_series((select p.id from clinic.patient p where p.clinic_id = clinic order by random() limit 1),
        (select r.id from clinic.resource r where r.clinic_id = clinic and r.kind = 'provider' and r.code <> 'office' order by random() limit 1),
        (select s.id from clinic.service s where s.clinic_id = clinic and s.code <> 'roomed' order by random() limit 1),
        ('2029-03-02'::date + i + time '09:30') at time zone zone,
        ((array['FREQ=DAILY', 'FREQ=WEEKLY', 'FREQ=DAILY;INTERVAL=3'])[1 + floor(random() * 3)] || ';COUNT=12')::clinic.rrule, (array['skip', 'next_free'])[1 + floor(random() * 2)], reason => '12');
    exception when others then
      if sqlstate not like 'PT%' then raise; end if;
    end;
  end loop;
  for i in 1..edits loop
    select * into series from clinic.series s where s.clinic_id = clinic and exists (select from clinic.appointment a where a.series_id = s.id and a.status = 'scheduled')
      and clinic.occurrence_count(s.rule, s.starts_at at time zone s.timezone, s.timezone) > 0 order by random() limit 1;
    exit when not found;
    select o into occurrence from clinic.occurrences(series.rule, series.starts_at at time zone zone, zone) o order by random() limit 1;
    shift := (array['1 hour', '-1 hour', '1 day', '-1 day', '30 min', '25 hours', '2 days'])[1 + floor(random() * 7)]::interval;
    scope := (array['following', 'following', 'all', 'this'])[1 + floor(random() * 4)];
    what := (array['move', 'move', 'move', 'cancel', 'visit', 'cancel visit', 'extend'])[1 + floor(random() * 7)];
    begin
      case what
        when 'move' then perform clinic.reschedule_series(series.id, (occurrence at time zone zone + shift) at time zone zone, occurrence, scope, include_changed => random() < 0.3,
          provider_id => case when random() < 0.2 then (select r.id from clinic.resource r where r.clinic_id = clinic and r.kind = 'provider' order by random() limit 1) end);
        when 'cancel' then perform clinic.cancel_series(series.id, 'random', occurrence, case when random() < 0.2 then 'following' else 'this' end);
        when 'visit' then perform clinic.reschedule(a.id, a.starts_at + shift) from clinic.appointment a where a.series_id = series.id and a.status = 'scheduled' order by random() limit 1;
        when 'cancel visit' then perform clinic.cancel(a.id, 'random') from clinic.appointment a where a.series_id = series.id and a.status = 'scheduled' order by random() limit 1;
        else perform clinic.extend_series();
      end case;
      done := done + 1;
    exception when others then
      get stacked diagnostics reason = constraint_name, state = returned_sqlstate;
      perform t.reason_of(state, reason);
      refused := refused + 1;
    end;
    insert into t.violation select format('%s %s %s %s %s', i, what, scope, occurrence, shift), 'stray ' || s::text from t.stray s;
    insert into t.violation select format('%s %s %s %s %s', i, what, scope, occurrence, shift), 'grown ' || g::text from t.grown g;
    exit when exists (select from t.violation);
  end loop;
  return format('%s: %s edits done, %s refused', zone, done, refused);
end $$;
END

note time - $^T, ' s: ', one(<<'END');
select setseed(0.7);
select t.edit(c.id, c.timezone, 40) from clinic.clinic c where c.timezone <> 'UTC' order by c.timezone;
END
is(one('select * from t.violation limit 3'), '', 'after random edits each visit is one of its rule, and the rules have become no longer');
is_sound($node, 'series of all kinds');

note time - $^T, ' s';
$node->stop;
done_testing();
