# A dump of every kind, restored, is the same clinic row by row, and its rules are at work again.
# And nobody passes for a restore who is none.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use Clinic;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_cluster('dump');
new_clinic($node, 20, 20);
my ($clinic, $service) = (CLINIC, VISIT);
my $dumps = PostgreSQL::Test::Utils::tempdir;

# Visits of every status, with rooms and buffers, moved, deleted, overridden, held and expired.
$node->safe_psql('postgres', <<"END");
insert into clinic.member (clinic_id, user_id, role, name) values ('$clinic', clinic.uuid7(), 'nurse', 'Ann');
insert into clinic.resource (clinic_id, kind, code, name, seats) values ('$clinic', 'room', 'R', 'Infusions', 6);
insert into clinic.service (clinic_id, code, name, duration, buffer_after)
  values ('$clinic', 'surgery', 'Surgery', '2 hours', '20 minutes');
insert into clinic.provider_service (clinic_id, provider_id, service_id, duration)
  select clinic_id, '@{[ doctor(20) ]}', id, '3 hours' from clinic.service where code = 'surgery';
insert into clinic.hours (clinic_id, resource_id, valid, weekly, mode, seats)
  values ('$clinic', '@{[ doctor(18) ]}', '[2030-01-07,2030-02-01)', 'Mo-Fr 08:00-12:00,13:00-02:00', 'timed', 2),
    ('$clinic', null, '(,2029-01-01)', 'off', null, null);
insert into clinic.closure (clinic_id, resource_id, during, kind, reason)
  values ('$clinic', '@{[ doctor(18) ]}', '(2030-03-01 08:00Z,infinity]', 'closed', 'leave'),
    ('$clinic', null, '[2030-12-25 00:00Z,2030-12-26 00:00Z)', 'closed', 'Ünïcode ''quoted'''),
    ('$clinic', null, '[2030-12-25 10:00Z,2030-12-25 12:00Z]', 'open', null);
insert into clinic.closure (clinic_id, resource_id, during, rrule, exdates)
  values ('$clinic', null, '[2020-01-02 05:00Z,2020-01-02 06:00Z]', 'FREQ=WEEKLY;INTERVAL=2;BYDAY=TH;UNTIL=20400101', '{2020-01-16 05:00Z}'),
    ('$clinic', '@{[ doctor(18) ]}', '[2019-12-24 23:00Z,2019-12-25 23:00Z)', 'FREQ=YEARLY', null);
insert into clinic.day_capacity (clinic_id, resource_id, day, available, seats)
  values ('$clinic', '@{[ doctor(18) ]}', '2030-01-09', false, null), ('$clinic', '@{[ doctor(18) ]}', '2030-01-10', true, 3);
insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, reason, resource_ids)
  select p.id, r.id, '$service', timestamptz '2030-01-07 08:00Z' + n * interval '1 day', 'Ünïcode ''quoted'' \\ ' || n,
    case when n % 5 = 0 then array(select id from clinic.resource where code = 'R') else '{}' end
  from generate_series(0, 49) n, clinic.patient p, clinic.resource r
  where p.id = ('@{[ PATIENT ]}' || lpad((1 + n % 20)::text, 12, '0'))::uuid and r.kind = 'provider' and r.code <> 'D20' and n % 19 + 1 = substr(r.code, 2)::int;
select clinic.book('@{[ patient(1) ]}', '@{[ doctor(20) ]}', (select id from clinic.service where code = 'surgery'), '2030-02-01 10:00Z');
select clinic.book('@{[ patient(2) ]}', '@{[ doctor(1) ]}', '$service', '2030-03-01 10:00Z', idempotency_key => 'k', hold_for => '1 hour');
select clinic.book('@{[ patient(2) ]}', '@{[ doctor(1) ]}', '$service', '2020-03-01 10:00Z', override_reason => 'from paper');
select clinic.cancel(id, 'ill') from clinic.appointment where override_reason = 'from paper';
update clinic.clinic set max_per_day_per_patient = 20, no_show_limit = 20, no_show_period = '1 year 2 days' where id = '$clinic';
update clinic.service set max_active_per_patient = 200 where clinic_id = '$clinic';
insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, status, hold_expires_at)
  values ('@{[ patient(3) ]}', '@{[ doctor(2) ]}', '$service', '2030-03-01 10:00Z', 'held', now() - interval '1 hour'),
    ('@{[ patient(3) ]}', '@{[ doctor(3) ]}', '$service', '2020-03-01 10:00Z', 'completed', null);
insert into clinic.appointment (patient_id, service_id, starts_at, status, mode)
  values ('@{[ patient(4) ]}', '$service', now(), 'arrived', 'walk_in');
update clinic.appointment set starts_at = starts_at + interval '1 hour' where starts_at < '2030-01-12' and status = 'scheduled' and starts_at > '2030-01-01';
select clinic.join_waitlist(p.id, '$service', '{[2030-01-12,2030-01-15)}', clinic_id => '$clinic')
  from generate_series(5, 9) n, lateral (select ('@{[ PATIENT ]}' || lpad(n::text, 12, '0'))::uuid) p (id);
select clinic.cancel(id, 'ill') from clinic.appointment where starts_at between '2030-01-12' and '2030-01-15';
select clinic.confirm(id) from clinic.appointment where starts_at between '2030-01-15' and '2030-01-20';
select clinic.set_status(id, 'arrived') from clinic.appointment where starts_at between '2030-01-15' and '2030-01-18';
select clinic.set_status(id, 'in_progress') from clinic.appointment where starts_at between '2030-01-15' and '2030-01-17';
select clinic.set_status(id, 'completed') from clinic.appointment where starts_at between '2030-01-15' and '2030-01-16';
select clinic.set_status(id, 'no_show') from clinic.appointment where starts_at between '2030-01-18' and '2030-01-19';
delete from clinic.appointment where starts_at between '2030-01-25' and '2030-01-27';
-- A series that is edited and cancelled in part, and patients who wait, are called and have been set aside.
select clinic.book_series('@{[ patient(9) ]}', '@{[ doctor(9) ]}', '$service', '2030-09-02 09:00Z', 'FREQ=WEEKLY;COUNT=16;BYDAY=MO,TH', 'next_free',
  reason => 'Ünïcode', idempotency_key => 's');
select clinic.reschedule_series(s.id, '2030-10-03 11:00Z', '2030-10-03 09:00Z', 'following') from clinic.series s;
select clinic.cancel_series(s.id, 'ill', '2030-10-10 11:00Z') from clinic.series s where s.previous_id is not null;
select clinic.reschedule(id, starts_at + interval '3 hours') from clinic.appointment where occurrence_at = '2030-09-09 09:00Z';
select clinic.walk_in('@{[ patient(10) ]}', '$service'), clinic.walk_in('@{[ patient(11) ]}', '$service', priority => 1), clinic.walk_in('@{[ patient(12) ]}', '$service');
select clinic.set_present('@{[ doctor(11) ]}', true, 'Ünïcode 1');
select clinic.call_next('@{[ doctor(11) ]}');
select clinic.skip(id, null) from clinic.queue_entry where patient_id = '@{[ patient(12) ]}';
END
# A second clinic, so that nothing may lean on there being one.
$node->safe_psql('postgres', "select clinic.create_clinic('Zahnarzt Süd', 'Europe/Berlin', 'token')");
is_sound($node, 'before the dump');
my $sums = table_sums($node, 'postgres');
note $sums;

sub free_sql
{
	return "select clinic.free_time('@{[ doctor(18) ]}', '[2030-01-07 00:00Z,2030-04-01 00:00Z)', '$clinic')";
}
my $free = $node->safe_psql('postgres', free_sql());

sub book_sql
{
	my ($half) = @_;
	return "select clinic.book('@{[ patient(7) ]}', '@{[ doctor(7) ]}', '$service', @{[ sql_start($half, 500) ]}, clinic_id => '$clinic')";
}

# What must hold of a database into which the dump went.
sub is_restored
{
	my ($database) = @_;
	is(table_sums($node, $database), $sums, "$database: every table has the same rows, claims and journal included");
	is_sound($node, $database, $database);

	$node->safe_psql($database, book_sql(0));
	is($node->safe_psql($database, "select count(*) from clinic.claim where starts_at > '2031-01-01'"), '1', "$database: a booking makes its claim");
	is($node->safe_psql($database, "select count(*) from clinic.journal j join clinic.appointment a on j.entity_id = a.id where a.starts_at > '2031-01-01'"), '1', "$database: and is journalled");
	my ($status, $out, $err) = $node->psql($database, "\\set VERBOSITY verbose\n" . book_sql(0) . ';');
	is_deeply(failures($err), { slot_taken => 1 }, "$database: and keeps its time");
	is($node->safe_psql($database, free_sql()), $free, "$database: and a doctor with a rota, leave and a day off is open as before");
	return;
}

sub new_database
{
	my ($database, $with_extension) = @_;
	$node->safe_psql('postgres', "create database $database template template0");
	$node->safe_psql($database, 'set client_min_messages = error; create extension clinic_sched cascade') if $with_extension;
	return;
}

my @source = ('-d', $node->connstr('postgres'));

sub dump_to
{
	my ($name, @options) = @_;
	command_ok([ 'pg_dump', @options, '-f', "$dumps/$name", @source ], "pg_dump @options");
	return "$dumps/$name";
}

sub psql_file
{
	my ($database, $file) = @_;
	command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($database), '-o', "$dumps/log", '-f', $file ], "$database: restores");
	return;
}

sub pg_restore
{
	my ($database, @arguments) = @_;
	command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr($database), @arguments ], "$database: restores");
	return;
}

new_database('plain');
psql_file('plain', dump_to('plain.sql'));
is_restored('plain');

new_database('inserts');
psql_file('inserts', dump_to('inserts.sql', '--inserts'));
is_restored('inserts');

new_database('custom');
pg_restore('custom', dump_to('custom', '-Fc'));
is_restored('custom');

new_database('data_only', 1);
psql_file('data_only', dump_to('data.sql', '--data-only'));
is_restored('data_only');

# Rows of a config table have no order among the tables that parallel workers keep, so the foreign
# keys wait: the extension first, then the data with triggers off.
new_database('parallel', 1);
pg_restore('parallel', '-a', '--disable-triggers', '-j', '4', dump_to('folder', '-Fd', '-j', '2'));
is_restored('parallel');

# Who fakes the signs of a restore. $path: what search_path is set to.
sub insert_past_the_rules
{
	my ($session, $day) = @_;
	return "\\set VERBOSITY verbose\n$session;\n"
	  . "insert into clinic.appointment (clinic_id, patient_id, provider_id, service_id, starts_at)"
	  . " values ('$clinic', '@{[ patient(8) ]}', '@{[ doctor(8) ]}', '$service', '2020-01-01 10:00Z');";
}

$node->safe_psql('postgres', <<'END');
create role reception login;
grant usage on schema clinic to reception;
grant select, insert, update, delete on clinic.appointment, clinic.patient, clinic.resource to reception;
grant select on clinic.clinic, clinic.service, clinic.member to reception;
grant execute on all functions in schema clinic to reception;
END
my $path = "set search_path = ''";
my $path_by_function = "select pg_catalog.set_config('search_path', '', false)";
my $bodies = 'set check_function_bodies = off';
my $security = 'set row_security = off';
my $reception = 'set session authorization reception';
my %sessions = (
	'a receptionist' => $reception,
	'one with all signs of a restore' => "$reception; $path; $bodies; $security",
	'one with pg_dump\'s own words' => "$reception; $path_by_function; $bodies; $security",
	'a superuser' => 'select 1',
	'one without checks of bodies' => "$bodies; $security",
	'one with an empty path' => "$path; $security",
	'one with a path that is not quite empty' => "set search_path = pg_temp; $bodies; $security",
);
for my $who (sort keys %sessions)
{
	my ($status, $out, $err) = $node->psql('postgres', insert_past_the_rules($sessions{$who}));
	is_deeply(failures($err), { in_the_past => 1 }, "$who cannot book the past");
}

# Nor does a receptionist do without claims and journal, whatever she sets.
$node->safe_psql('postgres', "$reception; $path; $bodies; $security; " . book_sql(5));
is($node->safe_psql('postgres', <<"END"), '1 1', 'what she books has its claim and is journalled');
select (select count(*) from clinic.claim c where c.appointment_id = a.id) || ' '
  || (select count(*) from clinic.journal j where j.entity_id = a.id)
from clinic.appointment a where a.starts_at = @{[ sql_start(5, 500) ]}
END
for my $table (qw(claim journal))
{
	my ($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\n$reception; $path; $bodies; delete from clinic.$table;");
	is_deeply(failures($err), { 42501 => 1 }, "and she cannot write table $table");
}
is_sound($node, 'after all that');

$node->stop;
done_testing();
