# Saved plans: one made while a table was empty must not read it from end to end for the rest of
# the session, and none may outlive the extension, a role or a search_path it was made under.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use Clinic;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_cluster('plans', autovacuum => 'off');
new_clinic($node, 100, 100);
my ($clinic, $service) = (CLINIC, VISIT);

sub book
{
	my ($doctor, $half, $day) = @_;
	return "select status from clinic.book('@{[ patient($doctor) ]}', '@{[ doctor($doctor) ]}', '$service', @{[ sql_start($half, $day) ]}, clinic_id => '$clinic');";
}

sub raw
{
	my ($doctor, $half, $day) = @_;
	return "insert into clinic.appointment (clinic_id, patient_id, provider_id, service_id, starts_at)"
	  . " values ('$clinic', '@{[ patient($doctor) ]}', '@{[ doctor($doctor) ]}', '$service', @{[ sql_start($half, $day) ]});";
}

# A session to which one statement after another is given, and the time to wait for each.
sub session
{
	my %session = (in => '', out => '', timer => IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	$session{run} = IPC::Run::start(
		[ 'psql', '-X', '-q', '-At', '-d', $node->connstr('postgres') ],
		'<', \$session{in}, '>', \$session{out}, '2>&1', $session{timer});
	return \%session;
}

my $asked = 0;

sub ask
{
	my ($session, $sql) = @_;
	my $end = 'asked ' . ++$asked;
	$session->{out} = '';
	$session->{in} .= "$sql\n\\echo $end\n";
	IPC::Run::pump($session->{run}) until $session->{out} =~ /^$end$/m;
	$session->{out} =~ s/^$end\n//m;
	chomp $session->{out};
	return $session->{out};
}

# How many entries of the large tables' indexes were read.
sub entries
{
	return $node->safe_psql('postgres', <<'END');
select sum(idx_tup_read) from pg_stat_user_indexes
where schemaname = 'clinic' and relname in ('appointment', 'claim', 'journal', 'patient')
END
}

# How often each of the large tables was read from end to end, by any session so far.
sub scans
{
	return $node->safe_psql('postgres', <<'END');
select string_agg(relname || ' ' || seq_scan, ', ' order by relname)
from pg_stat_user_tables where schemaname = 'clinic' and relname in ('appointment', 'claim', 'journal', 'patient')
END
}

# Statistics of a session are there at the latest when it has ended.
sub settled_scans
{
	my $last = '';
	for (1 .. 100)
	{
		my $now = scans();
		return $now if $now eq $last;
		$last = $now;
		select undef, undef, undef, 1.1;
	}
	die 'statistics do not settle';
}

# Plans made on tables that VACUUM found empty.
$node->safe_psql('postgres', "$_;") for 'vacuum analyze clinic.appointment', 'vacuum analyze clinic.claim', 'vacuum analyze clinic.journal';
my $session = session();
is(ask($session, book(1, 0, 0)), 'scheduled', 'a session books on empty tables');
ask($session, raw(1, 1, 0));
ask($session, "select clinic.expire_holds('$clinic');");
ask($session, "select count(*) from (select clinic.confirm(id, clinic_id) from clinic.appointment where clinic_id = '$clinic') c;");
ask($session, "select count(*) from (select clinic.cancel(id, 'ill', clinic_id) from clinic.appointment where clinic_id = '$clinic' and starts_at < '2030-01-07 08:10Z') c;");

# 50,000 visits arrive as a dump is loaded, which is quick and leaves the statistics as they were.
my ($doctor, $patient) = (DOCTOR, PATIENT);
$node->safe_psql('postgres', <<"END");
set check_function_bodies = off;
set search_path = '';
insert into clinic.appointment (clinic_id, code, patient_id, provider_id, service_id, starts_at, ends_at, buffer_before, buffer_after, seat)
select '$clinic', 'APT-' || n, ('$patient' || lpad((1 + n % 100)::text, 12, '0'))::uuid, ('$doctor' || lpad((1 + n % 100)::text, 12, '0'))::uuid,
  '$service', t.at, t.at + interval '30 minutes', '0', '0', 1
from generate_series(0, 49999) n
cross join lateral (select timestamptz '2030-01-08 08:00Z' + n / 100 / 20 * interval '1 day' + n / 100 % 20 * interval '30 minutes') t (at);
insert into clinic.claim (clinic_id, appointment_id, resource_id, seat, starts_at, ends_at)
select a.clinic_id, a.id, a.provider_id, 1, a.starts_at, a.ends_at from clinic.appointment a where length(a.code) < 10;
END

# The ids are asked for elsewhere, so that nothing but the extension reads for this session.
ask($session, book(2, $_, 1000)) for 0 .. 3;
my @ids = split /\n/, $node->safe_psql('postgres', "select id from clinic.appointment where starts_at >= '2032-10-01Z' order by starts_at");

my $before = settled_scans();
my $entries = entries();
is(ask($session, book(2, $_, 1001)), 'scheduled', "it books on among 50,000 visits ($_)") for 0 .. 4;
like(ask($session, book(2, 0, 1001)), qr/^ERROR: .*that time is not free/m, 'and is refused what is taken');
is(ask($session, raw(3, $_, 1001)), '', "writes raw ($_)") for 0 .. 4;
is(ask($session, "select status from clinic.confirm('$_', '$clinic');"), 'confirmed', 'confirms') for @ids[0, 1];
is(ask($session, "select status from clinic.reschedule('$_', @{[ sql_start(12, 1000) ]}, clinic_id => '$clinic');"), 'confirmed', 'reschedules') for $ids[0];
is(ask($session, "update clinic.appointment set starts_at = @{[ sql_start(14, 1000) ]} where clinic_id = '$clinic' and id = '$ids[1]';"), '', 'moves by raw UPDATE');
is(ask($session, "delete from clinic.appointment where clinic_id = '$clinic' and id = '$ids[2]';"), '', 'deletes');
is(ask($session, "select status from clinic.cancel('$_', 'ill', '$clinic');"), 'cancelled', 'cancels') for $ids[3];
ask($session, "insert into clinic.appointment (clinic_id, patient_id, provider_id, service_id, starts_at, status, hold_expires_at) select '$clinic', '@{[ patient(7) ]}', r.id, '$service', @{[ sql_start(0, 1012) ]}, 'held', now() - x.age from (values ('@{[ doctor(7) ]}'::uuid, interval '1 hour'), ('@{[ doctor(8) ]}', '2 days')) x (doctor, age) join clinic.resource r on r.id = x.doctor;");
is(ask($session, "select clinic.expire_holds('$clinic');"), $_, "tidies up after holds ($_)") for 2, 0;
like(ask($session, "select provider_id from clinic.book('@{[ patient(5) ]}', null, '$service', @{[ sql_start(0, 1010) ]}, clinic_id => '$clinic');"), qr/^dddddddd/, 'books with any doctor');
is(ask($session, "select status from clinic.book('@{[ patient(6) ]}', '@{[ doctor(6) ]}', '$service', @{[ sql_start(0, 1011) ]}, idempotency_key => 'once', clinic_id => '$clinic');"), 'scheduled', "books with a key ($_)") for 1, 2;
IPC::Run::finish($session->{run}) if close_input($session);
is(settled_scans(), $before, 'without ever reading a large table from end to end');
# Each of these twenty statements reads a few entries; a clinic's part of an index has 50,000.
cmp_ok(entries() - $entries, '<', 50_000, 'nor an index');
is_sound($node, 'with plans saved on empty tables');

# Plans made with what ANALYZE has found, for one: that there is no hold.
$node->safe_psql('postgres', "$_;")
  for "delete from clinic.appointment where status = 'held' or hold_expires_at is not null", 'vacuum analyze clinic.appointment', 'vacuum analyze clinic.claim';
$session = session();
$before = settled_scans();
is(ask($session, book(4, 0, 1020)), 'scheduled', 'a session books among 50,000 visits that were counted');
like(ask($session, $_), qr/^ERROR: .*that time is not free/m, 'and is refused what is taken') for book(4, 0, 1020), raw(4, 0, 1020);
is(ask($session, "select clinic.expire_holds('$clinic');"), 0, 'tidies up');
is(ask($session, "select count(*) from clinic.find_slots('$service', '[2033-01-01, 2033-03-01)', clinic_id => '$clinic');"), 10, 'searches');
IPC::Run::finish($session->{run}) if close_input($session);
is(settled_scans(), $before, 'without ever reading a large table from end to end');

sub close_input
{
	my ($session) = @_;
	$session->{in} .= "\\q\n";
	return 1;
}

# Planned as for tables that have grown, they look costlier than a statement that is worth compiling.
# Of one rota, all that is known is that no two clinics are the same.
$node->safe_psql('postgres', $_)
  for "insert into clinic.hours (clinic_id, resource_id, valid, weekly) values ('$clinic', '@{[ doctor(10) ]}', '(,)', '24/7')", 'analyze clinic.hours';
$session = session();
ask($session, "load 'auto_explain'; set auto_explain.log_nested_statements = on; set auto_explain.log_min_duration = 0; set auto_explain.log_level = notice; set jit_above_cost = 10;");
my $explained = ask($session, book(9, 0, 1013));
like($explained, qr/Index Scan using patient_pkey/, "a session's first booking explains its statements");
unlike($explained, qr/JIT:/, 'and compiles none of them');
like($explained, qr/using hours_resource|on hours_resource/, "a doctor's rotas are found by the doctor");
unlike($explained, qr/hours_no_overlap/, 'and not among all of the clinic');
IPC::Run::finish($session->{run}) if close_input($session);

# The extension goes and comes back under a session's saved plans.
$session = session();
my $set_up = <<"END";
insert into clinic.clinic (id, name, timezone) values ('$clinic', 'Clinic', 'UTC');
insert into clinic.service (clinic_id, id, code, name, duration) values ('$clinic', '$service', 'visit', 'Visit', '30 minutes');
insert into clinic.resource (clinic_id, id, kind, code, name) values ('$clinic', '@{[ doctor(1) ]}', 'provider', 'D1', 'Dr 1');
insert into clinic.patient (clinic_id, id, name) values ('$clinic', '@{[ patient(1) ]}', 'Patient');
END
is(ask($session, book(1, 0, 2000)), 'scheduled', 'a session books');
for my $again (1 .. 3)
{
	is(ask($session, "set client_min_messages = error; drop extension clinic_sched; create extension clinic_sched; $set_up"), '', "drops and creates the extension ($again)");
	is(ask($session, book(1, 0, 2000)), 'scheduled', 'books again');
	is(ask($session, raw(1, 1, 2000)), '', 'writes again');
	like(ask($session, book(1, 0, 2000)), qr/^ERROR: .*that time is not free/m, 'and is refused what is taken');
}
like(ask($session, "begin; drop extension clinic_sched; create extension clinic_sched; rollback;"), qr/^$/, 'a replacement that is rolled back');
is(ask($session, book(1, 3, 2000)), 'scheduled', 'leaves the old one at work');
is_sound($node, 'after DROP and CREATE EXTENSION');

# A role and a path that change under saved plans, with an operator and a table in the way.
ask($session, <<"END");
create role reception;
grant usage on schema clinic to reception;
grant select, insert, update on clinic.appointment to reception;
grant select on clinic.clinic, clinic.resource, clinic.service, clinic.patient to reception;
grant execute on all functions in schema clinic to reception;
create role nobody;
grant usage on schema clinic to nobody;
create schema trap;
grant usage on schema trap to public;
create table trap.claim (like clinic.claim);
create function trap.never(uuid, uuid) returns boolean language sql as 'select false';
create operator trap.= (function = trap.never, leftarg = uuid, rightarg = uuid);
END
is(ask($session, 'set role reception; set search_path = trap, pg_catalog, clinic; ' . book(1, 4, 2000)), 'scheduled', 'a receptionist with a trap in her path books');
like(ask($session, book(1, 4, 2000)), qr/^ERROR: .*that time is not free/m, 'and is refused what is taken');
like(ask($session, raw(1, 4, 2000)), qr/^ERROR: .*that time is not free/m, 'also by a raw INSERT');
like(ask($session, 'reset role; set role nobody; ' . book(1, 5, 2000)), qr/permission denied/, 'the next role, which was granted nothing, is refused');
is(ask($session, 'reset role; reset search_path; ' . book(1, 5, 2000)), 'scheduled', 'and the owner books on');
is(ask($session, 'select count(*) from trap.claim;'), '0', 'nothing fell into the trap');
IPC::Run::finish($session->{run}) if close_input($session);
is_sound($node, 'after changes of role and path');

$node->stop;
done_testing();
