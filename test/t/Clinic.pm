# What the tests of this folder share: a cluster with a clinic in it, clients that write at the
# same time, and the questions that every test asks at its end.

package Clinic;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(
  CLINIC PATIENT DOCTOR VISIT
  new_cluster new_clinic run_clients start_clients finish_clients failures is_sound table_sums count_in_log sql_start doctor patient
);

# Ids that end in the number of the row.
use constant CLINIC => 'cccccccc-0000-4000-8000-000000000000';
use constant VISIT => '55555555-0000-4000-8000-000000000000';
use constant DOCTOR => 'dddddddd-0000-4000-8000-';
use constant PATIENT => 'aaaaaaaa-0000-4000-8000-';

sub doctor { return sprintf "%s%012d", DOCTOR, $_[0] }
sub patient { return sprintf "%s%012d", PATIENT, $_[0] }

# The start of half hour $half of day $day, from 08:00 on Monday 2030-01-07.
sub sql_start
{
	my ($half, $day) = @_;
	return sprintf "'2030-01-07 08:00Z'::timestamptz + '%d days %d minutes'::interval",
	  $day // 0, 30 * $half;
}

# A running cluster with the extension in database postgres.
sub new_cluster
{
	my ($name, %settings) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init;
	$node->append_conf('postgresql.conf', <<'END');
max_connections = 50
deadlock_timeout = '200ms'
# Refusals are what these tests provoke; their statements would swell the log.
log_min_error_statement = panic
log_statement = none
END
	$node->append_conf('postgresql.conf', "$_ = $settings{$_}\n") for sort keys %settings;
	$node->start;
	$node->safe_psql('postgres', 'set client_min_messages = warning; create extension clinic_sched cascade');
	return $node;
}

# A clinic of so many doctors and patients, where a visit lasts half an hour.
sub new_clinic
{
	my ($node, $doctors, $patients, $database) = @_;
	my ($clinic, $visit, $doctor, $patient) = (CLINIC, VISIT, DOCTOR, PATIENT);
	$node->safe_psql($database // 'postgres', <<"END");
insert into clinic.clinic (id, name, timezone) values ('$clinic', 'Clinic', 'UTC');
insert into clinic.service (clinic_id, id, code, name, duration)
  values ('$clinic', '$visit', 'visit', 'Visit', '30 minutes');
insert into clinic.resource (clinic_id, id, kind, code, name)
  select '$clinic', ('$doctor' || lpad(n::text, 12, '0'))::uuid, 'provider', 'D' || n, 'Dr ' || n
  from generate_series(1, $doctors) n;
insert into clinic.patient (clinic_id, id, name)
  select '$clinic', ('$patient' || lpad(n::text, 12, '0'))::uuid, 'Patient'
  from generate_series(1, $patients) n;
END
	return;
}

# Runs scripts of SQL at the same time, each in a psql of its own that goes on after errors.
# There is no PL/pgSQL around the statements, hence no subtransaction: a client sees what an
# application would. Returns what the clients wrote to standard error.
sub run_clients
{
	my ($node, $options, @scripts) = @_;
	return finish_clients(start_clients($node, $options, @scripts));
}

my $crowds = 0;

# The clients use files, because pipes would have to be served in turn. None begins before all are
# connected, or the first would be done when the last starts.
sub start_clients
{
	my ($node, $options, @scripts) = @_;
	my $folder = PostgreSQL::Test::Utils::tempdir;
	my @clients;

	my $crowd = 'crowd ' . ++$crowds;
	local $ENV{PGOPTIONS} = "$options -c client_min_messages=error";
	local $ENV{PGAPPNAME} = $crowd;
	for my $script (@scripts)
	{
		my $file = "$folder/" . @clients;
		append_to_file("$file.sql",
			"\\! until [ -e '$folder/go' ]; do sleep 0.02; done\n\\set VERBOSITY verbose\n$script");
		my $run = IPC::Run::start(
			[ 'psql', '-X', '-q', '-At', '-d', $node->connstr('postgres'), '-f', "$file.sql" ],
			'<', '/dev/null', '>', '/dev/null', '2>', "$file.err");
		push @clients, { run => $run, err => "$file.err" };
	}
	delete local $ENV{PGAPPNAME};
	my $all = "select count(*) = @{[ scalar @scripts ]} from pg_stat_activity where application_name = '$crowd'";
	$node->poll_query_until('postgres', $all) or die 'not all clients could connect';
	append_to_file("$folder/go", '');
	return @clients;
}

sub finish_clients
{
	my @clients = @_;
	IPC::Run::finish($_->{run}) for @clients;
	return join '', map { slurp_file($_->{err}) } @clients;
}

# The failures in what clients wrote, as a hash of how often each was met, by its reason where it
# is one of our refusals and else by its SQLSTATE.
sub failures
{
	my ($errors) = @_;
	my %count;

	for my $error (split /^(?=.*?\b(?:ERROR|FATAL|PANIC): )/m, $errors)
	{
		next unless $error =~ /\b(?:ERROR|FATAL|PANIC):  (\w{5}):/;
		my $state = $1;
		next if $state eq '25P02';    # the rest of a transaction that failed before
		my ($reason) = $error =~ /^CONSTRAINT NAME:  (\w+)/m;
		$count{ $state =~ /^PT/ ? $reason : $state }++;
	}
	# A client whose connection broke says so without an SQLSTATE.
	$count{connection} += () = $errors =~ /connection .* (?:lost|closed|failed)/g;
	delete $count{connection} unless $count{connection};
	return \%count;
}

# No seat is claimed twice, no doctor has two visits at a time, no claim is missing or left over.
sub is_sound
{
	my ($node, $what, $database) = @_;
	$database //= 'postgres';

	is($node->safe_psql($database, <<'END'), '0', "$what: no two claims overlap");
select count(*)
from clinic.claim a
join clinic.claim b on b.clinic_id = a.clinic_id and b.resource_id = a.resource_id and b.seat = a.seat
  and b.appointment_id > a.appointment_id and b.starts_at < a.ends_at and b.ends_at > a.starts_at
END
	is($node->safe_psql($database, <<'END'), '0', "$what: no doctor has two visits at a time");
select count(*)
from clinic.appointment a
join clinic.appointment b on b.clinic_id = a.clinic_id and b.provider_id = a.provider_id
  and b.id > a.id and b.starts_at < a.ends_at and b.ends_at > a.starts_at
  and a.mode = 'timed' and b.mode = 'timed'
join clinic.resource r on r.clinic_id = a.clinic_id and r.id = a.provider_id and r.seats = 1
where a.status not in ('held', 'cancelled', 'no_show') and b.status not in ('held', 'cancelled', 'no_show')
END
	is($node->safe_psql($database, 'select * from clinic.verify(null)'), '', "$what: verify() finds nothing");
	return;
}

# How often a pattern stands in the server's log from an offset on.
sub count_in_log
{
	my ($node, $pattern, $offset) = @_;
	my $log = substr slurp_file($node->logfile), $offset // 0;
	my $count = () = $log =~ /$pattern/g;
	return $count;
}

# Of every table of the schema: its name, its rows and a checksum of them all.
sub table_sums
{
	my ($node, $database) = @_;
	my $tables = $node->safe_psql($database, <<'END');
select c.relname from pg_class c
where c.relnamespace = 'clinic'::regnamespace and c.relkind in ('r', 'p') order by 1
END
	return join "\n", map { $_ . ' ' . $node->safe_psql($database, <<"END") } split /\n/, $tables;
select count(*) || ' ' || coalesce(md5(string_agg(t::text, E'\\n' order by t::text collate "C")), '')
from clinic.$_ t
END
}

1;
