# A server that is killed in the middle of load comes back with whole bookings only.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use Clinic;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use constant CLIENTS => 8;

my $node = new_cluster('crash', fsync => 'on', restart_after_crash => 'on', max_prepared_transactions => 5, checkpoint_timeout => '30s');
new_clinic($node, CLIENTS, CLIENTS);
my $service = VISIT;

# More than the server lives to answer: bookings one by one and two by two, moves, cancellations.
sub load
{
	my ($client, $round) = @_;
	my ($patient, $doctor) = (patient($client), doctor($client));
	return join '', map {
		my $day = 100 * $round + $_;
		my $visit = "(select id from clinic.appointment where provider_id = '$doctor' and starts_at = @{[ sql_start(0, $day) ]})";
		"select clinic.book('$patient', '$doctor', '$service', @{[ sql_start(0, $day) ]});\n"
		  . "insert into clinic.appointment (patient_id, provider_id, service_id, starts_at)"
		  . " values ('$patient', '$doctor', '$service', @{[ sql_start(1, $day) ]}), ('$patient', '$doctor', '$service', @{[ sql_start(2, $day) ]});\n"
		  . "begin; select clinic.book('$patient', '$doctor', '$service', @{[ sql_start(3, $day) ]}); select clinic.book('$patient', '$doctor', '$service', @{[ sql_start(4, $day) ]}); commit;\n"
		  . ($_ % 2 ? "select clinic.cancel($visit, 'ill');\n" : "select clinic.reschedule($visit, @{[ sql_start(6, $day) ]});\n")
	} 0 .. 3_000 / CLIENTS;
}

sub is_whole
{
	my ($what) = @_;
	is_sound($node, $what);
	is($node->safe_psql('postgres', <<'END'), '0', "$what: every visit that takes time has its claim");
select count(*) from clinic.appointment a where a.status = 'scheduled'
  and (select count(*) from clinic.claim c where c.clinic_id = a.clinic_id and c.appointment_id = a.id) <> 1
END
	is($node->safe_psql('postgres', <<'END'), '0', "$what: nothing else has one");
select count(*) from clinic.claim c
where not exists (select from clinic.appointment a where a.clinic_id = c.clinic_id and a.id = c.appointment_id and a.status = 'scheduled')
END
	is($node->safe_psql('postgres', <<'END'), '0', "$what: every visit was journalled, once");
select count(*)
from clinic.appointment a
full join (select * from clinic.journal where entity = 'appointment' and action = 'insert') j
  on j.clinic_id = a.clinic_id and j.entity_id = a.id
where a.id is null or j.id is null
END
	is($node->safe_psql('postgres', <<'END'), '0', "$what: and every change of one");
select count(*) from clinic.appointment a
where (a.status = 'cancelled' or to_char(a.starts_at at time zone 'UTC', 'HH24:MI') = '11:00') and not exists
  (select from clinic.journal j where j.entity = 'appointment' and j.action = 'update' and j.entity_id = a.id)
END
	is($node->safe_psql('postgres', <<'END'), '0', "$what: of two visits booked together there are both or none");
select count(*) from (
  select from clinic.appointment a
  cross join lateral (select to_char(a.starts_at at time zone 'UTC', 'HH24:MI') as start) s
  where s.start in ('08:30', '09:00', '09:30', '10:00')
  group by a.provider_id, a.starts_at::date, s.start in ('08:30', '09:00')
  having count(*) <> 2) half
END
	return;
}

# The processes of a postmaster that was killed take a moment to notice, and until then the next
# one refuses to start.
sub kill_postmaster
{
	my @processes = split /\n/, $node->safe_psql('postgres', 'select pid from pg_stat_activity where pid <> pg_backend_pid()');
	$node->kill9;
	for (1 .. 300)
	{
		return unless grep { kill 0, $_ } @processes;
		select undef, undef, undef, 0.1;
	}
	die 'the postmaster is dead, its children are not';
}

# A server that recovers hangs up at once: what was to be sent to psql would be sent to nobody.
sub await_recovery
{
	for (1 .. 600)
	{
		return if IPC::Run::run([ 'psql', '-X', '-q', '-d', $node->connstr('postgres'), '-c', 'select' ], '<', \'', '>', \my $out, '2>', \my $err);
		select undef, undef, undef, 0.1;
	}
	die 'no recovery';
}

sub visits { return $node->safe_psql('postgres', 'select count(*) from clinic.appointment') }

my %kills = (
	'stopped with immediate' => sub { $node->stop('immediate') },
	'the postmaster killed with SIGKILL' => sub { kill_postmaster() },
	'a backend killed with SIGKILL' => sub {
		my $backend = $node->safe_psql('postgres', <<'END');
select pid from pg_stat_activity
where application_name like 'crowd %' order by state = 'active' desc limit 1
END
		kill 'KILL', $backend or die "could not kill backend $backend";
	},
);

my $round = 0;
for my $how (sort keys %kills)
{
	my $before = visits();
	my @clients = start_clients($node, '', map { load($_, $round) } 1 .. CLIENTS);
	$node->poll_query_until('postgres', "select count(*) > $before + 300 from clinic.appointment")
	  or die 'nobody books';
	$kills{$how}->();
	my $failures = failures(finish_clients(@clients));
	ok(scalar(%$failures), "$how: the clients had not done yet");
	note join ', ', map { "$_ $failures->{$_}" } sort keys %$failures;

	if ($how =~ /backend/)
	{
		await_recovery();
	}
	else
	{
		$node->start;
	}
	cmp_ok(visits(), '>', $before, "$how: what was booked is there");
	is_whole($how);
	$round++;
}

# A prepared transaction keeps its locks through a crash: its time is neither free nor lost.
my $book = sub { "select clinic.book('@{[ patient($_[0]) ]}', '@{[ doctor(1) ]}', '$service', @{[ sql_start($_[1], 5000) ]})" };
$node->safe_psql('postgres', "begin; @{[ $book->(1, 8) ]}; prepare transaction 'visit'");
kill_postmaster();
$node->start;
my ($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nset lock_timeout = '300ms'; @{[ $book->(2, 8) ]};");
is_deeply(failures($err), { '55P03' => 1 }, 'a rival waits for a prepared booking after a crash');
$node->safe_psql('postgres', "commit prepared 'visit'");
($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\n@{[ $book->(2, 8) ]};");
is_deeply(failures($err), { slot_taken => 1 }, 'and is refused when it commits');
$node->safe_psql('postgres', "begin; @{[ $book->(1, 10) ]}; prepare transaction 'visit'; rollback prepared 'visit'; @{[ $book->(2, 10) ]}");
is_whole('after prepared transactions');

$node->stop;
done_testing();
