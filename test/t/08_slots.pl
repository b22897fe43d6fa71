# What may be booked, against a second opinion, on random clinics around changes of the clocks, in
# the past, and now. Every start that is listed is booked for trial, by function and by plain INSERT
# or UPDATE: what is offered can be booked, with the rooms and devices that the second opinion chose,
# and what is not is refused for the reason that was listed. So are starts that are not listed.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use Clinic;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use constant SEED => $ENV{SLOTS_SEED} // 2027;
use constant CLINICS => $ENV{SLOTS_CLINICS} // 135;

my $oracle = "$FindBin::RealBin/../oracle/slots.py";
my $folder = PostgreSQL::Test::Utils::tempdir;
chmod 0755, $folder;

# Both sides have to know the same changes of clocks.
my ($system) = `pg_config --configure` =~ /--with-system-tzdata=([^' ]+)/;
chomp(my $share = `pg_config --sharedir`);
local $ENV{PYTHONTZPATH} = $system // "$share/timezone";
local $ENV{PYTHONDONTWRITEBYTECODE} = 1;

my $node = new_cluster('slots', timezone => 'UTC');
my $present = $node->safe_psql('postgres', 'select extract(epoch from now())');
my ($sql, $complaints) = run_command([ 'python3', $oracle, 'clinics', SEED, CLINICS, $present ]);
is($complaints, '', 'the second opinion has nothing to complain about');
append_to_file("$folder/clinics.sql", "$sql\n");
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-o', "$folder/log", '-f', "$folder/clinics.sql" ],
	'clinics are set up; visits that the second opinion finds allowed are booked by the rules');

# What is asked, and what the second opinion expects.
$node->safe_psql('postgres', <<'END');
create table listings (listing int primary key, clinic uuid, provider uuid, service uuid, patient uuid,
  mode clinic.visit_mode, during tstzrange, step interval, duration interval, moving uuid, is_of_service boolean, required int);
create table starts (listing int, starts_at timestamptz, seats_left int, reason text, occupied text,
  is_listed boolean, is_tried boolean, is_reaping boolean, is_verified boolean);
create table fillings (listing int, starts_at timestamptz, booked text[], reason text);
create table requests (clinic uuid, way text, provider uuid, service uuid, patient uuid, starts_at timestamptz,
  duration interval, resources uuid[], visit uuid, reason text, occupied text);
create table firsts (clinic uuid, service uuid, patient uuid, during tstzrange, providers uuid[], strategy text,
  duration interval, booked text[]);
create table claims (clinic uuid, visit uuid, resource uuid, seat int, starts_at timestamptz, ends_at timestamptz);
create table free (clinic uuid, resource uuid, during tstzrange, expected tstzmultirange);
create table orphans (clinic uuid, provider uuid, during tstzrange, expected text);
create table searches (search int primary key, clinic uuid, service uuid, during tstzrange, max_results int, providers uuid[],
  step interval, duration interval, moving uuid, days_of_week int[], time_from time, time_until time,
  per_provider_limit int, per_day_limit int, specialty text);
END

# How it is tried. Nothing stays of what is booked for trial.
$node->safe_psql('postgres', <<'END');
create table listed (listing int, slot tstzrange, available boolean, seats_left int, reason text);
create table found (search int, n bigint, way text, provider uuid, slot tstzrange, seats_left int);
create table tried (listing int, starts_at timestamptz, way text, reason text, occupied text);

-- The time and the seats that a visit claims.
create function occupied(visit clinic.appointment) returns text language plpgsql as $$
begin
  return (
    select concat(extract(epoch from min(c.starts_at))::bigint, '..', extract(epoch from max(c.ends_at))::bigint, ' ',
                  string_agg(taken.seat, ',' order by taken.seat collate "C"))
    from clinic.claim c
    join clinic.resource r on r.clinic_id = c.clinic_id and r.id = c.resource_id
    cross join concat(r.code, ':', c.seat) taken (seat)
    where c.clinic_id = visit.clinic_id and c.appointment_id = visit.id);
end
$$;

create function book(way text, l listings, at timestamptz) returns clinic.appointment language plpgsql as $$
declare
  visit clinic.appointment;
begin
  if way = 'insert' then
    insert into clinic.appointment (clinic_id, patient_id, provider_id, service_id, starts_at, ends_at, mode)
      values (l.clinic, l.patient, l.provider, l.service, at, at + l.duration, l.mode)
      returning * into visit;
  elsif way = 'update' and l.duration is null then
    update clinic.appointment set provider_id = l.provider, service_id = l.service, starts_at = at
      where clinic_id = l.clinic and id = l.moving returning * into visit;
  elsif way = 'update' then
    update clinic.appointment set provider_id = l.provider, service_id = l.service, starts_at = at, ends_at = at + l.duration
      where clinic_id = l.clinic and id = l.moving returning * into visit;
  elsif l.moving is not null then
    visit := clinic.reschedule(l.moving, at, l.provider, l.duration, clinic_id => l.clinic);
  elsif l.mode = 'token' then
    visit := clinic.book_token(l.patient, l.provider, (at at time zone (select timezone from clinic.clinic where id = l.clinic))::date,
                               l.service, clinic_id => l.clinic);
  else
    visit := clinic.book(l.patient, l.provider, l.service, at, l.duration, clinic_id => l.clinic);
  end if;
  return visit;
end
$$;

-- The name of the constraint by which a visit is refused, or what it would occupy.
create function try(way text, l listings, at timestamptz, is_verified boolean, out reason text, out occupied text) language plpgsql as $$
begin
  occupied := occupied(book(way, l, at));
  if is_verified then
    reason := (select string_agg(problem, ', ') from clinic.verify(l.clinic));
  end if;
  raise sqlstate 'OK000';
exception
  when sqlstate 'OK000' then
  when others then
    get stacked diagnostics reason = constraint_name;
    reason := coalesce(nullif(reason, ''), sqlerrm);
end
$$;

-- What find_slots() should find: the first of what available_slots() says of each provider.
create function search(s searches) returns setof found language plpgsql as $$
declare
  zone text := (select timezone from clinic.clinic where id = s.clinic);
  is_timed boolean := (select mode = 'timed' from clinic.service where clinic_id = s.clinic and id = s.service);
  given uuid[] := '{}';
  days date[] := '{}';
  f found;
  local timestamp;
  today date;
begin
  f.search := s.search;
  f.n := 0;
  f.way := 'one by one';
  for f.provider, f.slot, f.seats_left in
    select r.id, a.slot, a.seats_left
    from clinic.resource r
    cross join clinic.available_slots(r.id, s.service, s.during, s.step, s.duration, s.moving, s.clinic) a
    where r.clinic_id = s.clinic and r.kind = 'provider' and a.available
      and (coalesce(s.providers, '{}') = '{}' or r.id = any (s.providers))
      and (s.specialty is null or r.specialty = s.specialty)
    order by lower(a.slot), r.code
  loop
    exit when f.n = s.max_results;
    local := lower(f.slot) at time zone zone;
    today := clinic.day_of(lower(f.slot), zone);
    continue when not extract(isodow from today) = any (s.days_of_week);
    continue when is_timed and case
      when coalesce(s.time_from, '00:00') <= coalesce(s.time_until, '24:00')
        then local::time < coalesce(s.time_from, '00:00') or local::time >= coalesce(s.time_until, '24:00')
      else local::time >= s.time_until and local::time < s.time_from end;
    continue when cardinality(array_positions(given, f.provider)) >= s.per_provider_limit;
    continue when cardinality(array_positions(days, today)) >= s.per_day_limit;
    given := given || f.provider;
    days := days || today;
    f.n := f.n + 1;
    return next f;
  end loop;
end
$$;

create function try_request(r requests, out reason text, out occupied text) language plpgsql as $$
begin
  if r.way = 'confirm' then
    occupied := occupied(clinic.confirm(r.visit, r.clinic));
  else
    occupied := occupied(clinic.book(r.patient, r.provider, r.service, r.starts_at, r.duration,
                                     resource_ids => r.resources, clinic_id => r.clinic));
  end if;
  raise sqlstate 'OK000';
exception
  when sqlstate 'OK000' then
  when others then
    get stacked diagnostics reason = constraint_name;
    reason := coalesce(nullif(reason, ''), sqlerrm);
end
$$;

-- What is booked, one visit after the other, until it is refused.
create function fill(l listings, at timestamptz, out booked text[], out reason text) language plpgsql as $$
begin
  booked := '{}';
  begin
    loop
      booked := booked || occupied(book('book', l, at));
    end loop;
  exception
    when others then
      get stacked diagnostics reason = constraint_name;
      reason := coalesce(nullif(reason, ''), sqlerrm);
  end;
end
$$;

create function book_thrice(f firsts) returns text[] language plpgsql as $$
declare
  booked text[] := '{}';
  visit clinic.appointment;
  reason text;
begin
  for turn in 1..3 loop
    visit := clinic.book_first(f.patient, f.service, f.during, f.providers, f.strategy, f.duration, clinic_id => f.clinic);
    booked := booked || concat_ws(' ', (select code from clinic.resource where clinic_id = f.clinic and id = visit.provider_id),
                                  to_char(visit.starts_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), occupied(visit));
  end loop;
  raise sqlstate 'OK000';
exception
  when sqlstate 'OK000' then
    return booked;
  when others then
    get stacked diagnostics reason = constraint_name;
    return booked || case when reason <> '' then 'refused' else sqlerrm end;
end
$$;
END

# A booking that raises its clinic's longest_claim makes its transaction read every configuration
# anew. That, too, is tried, but last, and in a few clinics.
my $few = "substr(clinic::text, 8, 1) = '0'";

sub trials
{
	my ($which) = @_;
	return <<"END";
insert into tried
select l.listing, s.starts_at, way, t.*
from starts s
join listings l using (listing)
cross join unnest(case when l.moving is null then '{book,insert}'::text[]
                       when l.is_of_service then '{reschedule,update}' else '{update}' end) way
cross join lateral try(way, l, s.starts_at, s.is_verified) t
where s.is_tried and $which;

update fillings f set (got, got_reason) = (select t.booked, t.reason from fill(l, f.starts_at) t)
from listings l
where l.listing = f.listing and $which;
update requests r set (got, got_reason) = (select t.occupied, t.reason from try_request(r) t) where $which;
update firsts f set got = book_thrice(f) where $which;
END
}

$node->safe_psql('postgres', "update clinic.clinic set longest_claim = '26 hours' where not " . $few =~ s/clinic::/id::/r);

# One transaction, so that there is one present.
$node->safe_psql('postgres', <<"END");
begin;
select extract(epoch from now()) as now \\gset
\\setenv NOW :now
\\! python3 '$oracle' answers @{[ SEED ]} @{[ CLINICS ]} $present "\$NOW" '$folder'
@{[ map { "copy $_ from '$folder/$_';\n" } qw(listings starts fillings requests firsts claims free orphans searches) ]}
analyze;

insert into listed
select l.listing, s.* from listings l,
  clinic.available_slots(l.provider, l.service, l.during, l.step, l.duration, l.moving, l.clinic) s;
insert into found
select f.* from searches s, search(s) f
union all
select s.search, f.n, 'at once', f.provider_id, f.slot, f.seats_left
from searches s
cross join clinic.find_slots(s.service, s.during, s.max_results, s.providers, s.step, s.duration, s.moving, s.days_of_week,
  s.time_from, s.time_until, s.per_provider_limit, s.per_day_limit, s.specialty, s.clinic)
  with ordinality f (provider_id, slot, seats_left, n);
alter table fillings add got text[], add got_reason text;
alter table requests add got text, add got_reason text;
alter table firsts add got text[];
@{[ trials("not $few"), trials($few) ]}
alter table free add got tstzmultirange;
update free set got = clinic.free_time(resource, during, clinic);
alter table orphans add got text;
update orphans o set got = (select coalesce(string_agg(concat(a.id, ' ', clinic.orphan_reason(a)), ',' order by a.id), '')
  from clinic.orphans(o.provider, o.during, o.clinic) a);
commit;
END

sub is_none
{
	my ($name, $query) = @_;
	return is($node->safe_psql('postgres', "$query limit 5"), '', $name);
}

is_none('the visits occupy what the second opinion chose for them, and nothing else is claimed', <<'END');
select coalesce(o.visit, c.appointment_id) as visit, o.resource, o.seat, o.starts_at, o.ends_at, c.resource_id, c.seat, c.starts_at, c.ends_at
from claims o
full join clinic.claim c on (c.clinic_id, c.appointment_id, c.resource_id, c.seat, c.starts_at, c.ends_at)
  = (o.clinic, o.visit, o.resource, o.seat, o.starts_at, o.ends_at)
where o.visit is null or c.appointment_id is null
order by 1, o.resource, c.resource_id
END
is_none('the starts that are listed are those of the second opinion', <<'END');
select l.*, s.starts_at as expected, g.slot as got
from (select * from starts where is_listed) s
full join listed g on g.listing = s.listing and lower(g.slot) = s.starts_at
join listings l on l.listing = coalesce(s.listing, g.listing)
where s.listing is null or g.listing is null
order by l.listing, coalesce(s.starts_at, lower(g.slot))
END
is_none('and so are the reasons and the seats that are left', <<'END');
select l.*, g.slot, s.seats_left, s.reason, g.available, g.seats_left, g.reason
from starts s
join listed g on g.listing = s.listing and lower(g.slot) = s.starts_at
join listings l on l.listing = s.listing
where (s.seats_left, s.reason, s.reason is null) is distinct from (g.seats_left, g.reason, g.available)
order by l.listing, s.starts_at
END
is_none('find_slots() finds the first of them, of all providers', <<'END');
select s.*, a.n, a.provider, a.slot, a.seats_left, b.provider as got, b.slot, b.seats_left
from (select * from found where way = 'one by one') a
full join (select * from found where way = 'at once') b using (search, n)
join searches s using (search)
where (a.provider, a.slot, a.seats_left) is distinct from (b.provider, b.slot, b.seats_left)
order by search, n
END
is_none('what is available can be booked, and nothing else, for the reason that is listed', <<'END');
select l.*, s.starts_at, s.is_listed, s.reason, t.way, t.reason as got
from starts s
join tried t using (listing, starts_at)
join listings l using (listing)
where s.reason is distinct from t.reason
order by l.listing, s.starts_at, t.way
END
is_none('with the rooms, the devices and the further providers of the second opinion', <<'END');
select l.*, s.starts_at, s.occupied, t.way, t.occupied as got
from starts s
join tried t using (listing, starts_at)
join listings l using (listing)
where s.occupied is distinct from t.occupied and s.reason is null and t.reason is null
order by l.listing, s.starts_at, t.way
END
is_none('a start can be booked as often as seats are left, each time with what both choose', <<'END');
select l.*, f.starts_at, g.seats_left, f.booked, f.reason, f.got, f.got_reason
from fillings f
join listings l using (listing)
join listed g on g.listing = f.listing and lower(g.slot) = f.starts_at
where (f.booked, f.reason) is distinct from (f.got, f.got_reason) or g.seats_left <> cardinality(f.got)
order by l.listing, f.starts_at
END
is_none('what is named is had, any provider is the first who can be, and an expired hold takes its time again', <<'END');
select * from requests
where got is distinct from occupied
  or case when reason = 'refused' then got_reason is null else got_reason is distinct from reason end
order by clinic, way, starts_at
END
is_none('book_first() books what both choose', 'select * from firsts where got is distinct from booked order by clinic');
is_none('free_time() is when both say so', 'select * from free where got <> expected');
is_none('orphans() are whom both find, for the same reasons', 'select * from orphans where got <> expected');
is($node->safe_psql('postgres', 'select * from clinic.verify(null)'), '', 'verify() finds nothing');

# A comparison of little would say little.
my $counts = $node->safe_psql('postgres', <<'END');
select 'starts', count(*) from starts
union all select 'required', count(*) from starts join listings using (listing) where required > 0
union all (select coalesce(reason, 'available'), count(*) from starts group by reason order by 1)
union all select 'chosen', count(*) from starts where occupied like '%,%'
union all select 'reaping', count(*) from starts where is_reaping
union all select 'moved', count(*) from starts join listings using (listing) where moving is not null and reason is null
union all select 'tokens', count(*) from starts join listings using (listing) where mode = 'token' and reason is null
union all select 'filled', count(*) from fillings where cardinality(booked) > 1
union all (select way || ' ' || coalesce(reason, 'booked'), count(*) from requests group by way, reason order by 1)
union all select 'searches', count(*) from searches
union all select 'found', count(distinct search) from found
union all select 'first', count(*) from firsts where booked <> '{refused}'
union all select 'free', count(*) from free where expected <> '{}'
union all select 'orphans', count(*) from orphans where expected <> ''
union all select 'recurring', count(*) from clinic.closure where rrule is not null
END
note $counts;
my %count = map { split /\|/ } split /\n/, $counts;
cmp_ok($count{required}, '>=', 20_000, 'twenty thousand starts of services that require more than the provider');
cmp_ok($count{$_} // 0, '>', 0, "among them $_") for qw(available capacity_reached clinic_closed inactive in_the_past
  invalid_duration not_offered outside_hours provider_absent same_day slot_taken too_far_ahead too_soon wrong_mode
  chosen reaping moved tokens filled found first free orphans recurring), 'book booked', 'any booked', 'confirm booked', 'confirm hold_expired';

$node->stop;
done_testing();
