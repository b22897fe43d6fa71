# What may be booked, against a second opinion, on random clinics around changes of the clocks, in
# the past, and now. Every start that is listed is booked for trial: what is offered can be booked,
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
use constant CLINICS => $ENV{SLOTS_CLINICS} // 110;

my $oracle = "$FindBin::RealBin/../oracle/slots.py";
my $folder = PostgreSQL::Test::Utils::tempdir;
chmod 0755, $folder;

# Both sides have to know the same changes of clocks.
my ($system) = `pg_config --configure` =~ /--with-system-tzdata=([^' ]+)/;
chomp(my $share = `pg_config --sharedir`);
local $ENV{PYTHONTZPATH} = $system // "$share/timezone";

my $node = new_cluster('slots', timezone => 'UTC');
my $present = $node->safe_psql('postgres', 'select extract(epoch from now())');
my ($sql, $complaints) = run_command([ 'python3', $oracle, 'clinics', SEED, CLINICS, $present ]);
is($complaints, '', 'the second opinion has nothing to complain about');
append_to_file("$folder/clinics.sql", "$sql\n");
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-o', "$folder/log", '-f', "$folder/clinics.sql" ],
	'clinics are set up; visits that the second opinion finds allowed are booked by the rules');

$node->safe_psql('postgres', <<'END');
create table listings (listing int primary key, clinic uuid, provider uuid, service uuid, patient uuid,
  mode clinic.visit_mode, during tstzrange, step interval, duration interval, moving uuid);
create table starts (listing int, starts_at timestamptz, seats_left int, reason text, is_listed boolean, is_tried boolean);
create table free (clinic uuid, resource uuid, during tstzrange, expected tstzmultirange);
create table orphans (clinic uuid, provider uuid, during tstzrange, expected text);
create table listed (listing int, slot tstzrange, available boolean, seats_left int, reason text);
create table tried (listing int, starts_at timestamptz, reason text);

-- The name of the constraint by which a visit is refused; null if it can be booked. Nothing stays.
create function refusal(l listings, starts_at timestamptz) returns text language plpgsql as $$
declare
  reason text;
begin
  if l.moving is not null then
    perform clinic.reschedule(l.moving, starts_at, clinic_id => l.clinic);
  elsif l.mode = 'token' then
    insert into clinic.appointment (clinic_id, patient_id, provider_id, service_id, starts_at, mode)
      values (l.clinic, l.patient, l.provider, l.service, starts_at, 'token');
  else
    perform clinic.book(l.patient, l.provider, l.service, starts_at, duration => l.duration, clinic_id => l.clinic);
  end if;
  raise sqlstate 'OK000';
exception
  when sqlstate 'OK000' then
    return null;
  when others then
    get stacked diagnostics reason = constraint_name;
    return coalesce(nullif(reason, ''), sqlerrm);
end
$$;
END

# One transaction, so that there is one present.
$node->safe_psql('postgres', <<"END");
begin;
select extract(epoch from now()) as now \\gset
\\setenv NOW :now
\\! python3 '$oracle' answers @{[ SEED ]} @{[ CLINICS ]} $present "\$NOW" '$folder'
copy listings from '$folder/listings';
copy starts from '$folder/starts';
copy free from '$folder/free';
copy orphans from '$folder/orphans';
analyze listings, starts;

insert into listed
select l.listing, s.* from listings l,
  clinic.available_slots(l.provider, l.service, l.during, l.step, l.duration, l.moving, l.clinic) s;
insert into tried
select s.listing, s.starts_at, refusal(l, s.starts_at) from starts s join listings l using (listing) where s.is_tried;

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
is_none('what is available can be booked, and nothing else, for the reason that is listed', <<'END');
select l.*, s.starts_at, s.is_listed, s.reason, t.reason as got
from starts s
join tried t using (listing, starts_at)
join listings l using (listing)
where s.reason is distinct from t.reason
order by l.listing, s.starts_at
END
is_none('free_time() is when both say so', 'select * from free where got <> expected');
is_none('orphans() are whom both find, for the same reasons', 'select * from orphans where got <> expected');

# A comparison of little would say little.
my $counts = $node->safe_psql('postgres', <<'END');
select 'starts', count(*) from starts
union all select 'tried', count(*) from tried
union all (select coalesce(reason, 'available'), count(*) from starts group by reason order by 1)
union all select 'moved', count(*) from starts join listings using (listing) where moving is not null
union all select 'tokens', count(*) from starts join listings using (listing) where mode = 'token'
union all select 'free', count(*) from free where expected <> '{}'
union all select 'orphans', count(*) from orphans where expected <> ''
END
note $counts;
my %count = map { split /\|/ } split /\n/, $counts;
cmp_ok($count{starts}, '>=', 20_000, 'twenty thousand starts');
cmp_ok($count{$_} // 0, '>', 0, "among them $_") for qw(available capacity_reached clinic_closed inactive in_the_past
  invalid_duration not_offered outside_hours provider_absent same_day slot_taken too_far_ahead too_soon wrong_mode
  moved tokens free orphans);

$node->stop;
done_testing();
