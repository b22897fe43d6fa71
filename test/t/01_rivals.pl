# Rivals for one doctor's morning, whichever way they write and under every isolation level: no
# overlap and no deadlock. And the proof that this test can fail: without the locks it deadlocks.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use Clinic;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use constant CLIENTS => 32;
use constant STARTS => 16;

# Statements of each client in each round; test/soak asks for more.
use constant STATEMENTS => $ENV{RIVALS_STATEMENTS} // 80;

my $node = new_cluster('rivals');
new_clinic($node, 1, CLIENTS);
my ($doctor, $service) = (doctor(1), VISIT);

# Visits start on the quarter hour too, so that rivals overlap without being equal.
sub any_start { return "timestamptz '2030-01-07 08:00Z' + '@{[ 15 * int rand 2 * STARTS ]} minutes'::interval" }

sub visit_of
{
	my ($whose) = @_;
	return "(select a.id from clinic.appointment a where a.status = 'scheduled' and $whose order by random() limit 1)";
}

my %write = (
	book => sub {
		my ($me, $start) = @_;
		return "select clinic.book('$me', '$doctor', '$service', $start)";
	},
	cancel => sub {
		my ($me, $start, $whose) = @_;
		return "select clinic.cancel(v.id, 'rival') from @{[ visit_of($whose) ]} v where v.id is not null";
	},
	reschedule => sub {
		my ($me, $start, $whose) = @_;
		return "select clinic.reschedule(v.id, $start) from @{[ visit_of($whose) ]} v where v.id is not null";
	},
	insert => sub {
		my ($me, $start) = @_;
		return "insert into clinic.appointment (patient_id, provider_id, service_id, starts_at)"
		  . " values ('$me', '$doctor', '$service', $start)";
	},
	insert_two => sub {
		my ($me, $start) = @_;
		return "insert into clinic.appointment (patient_id, provider_id, service_id, starts_at)"
		  . " values ('$me', '$doctor', '$service', $start), ('$me', '$doctor', '$service', @{[ any_start() ]})"
		  . " on conflict do nothing";
	},
	update_status => sub {
		my ($me, $start, $whose) = @_;
		return "update clinic.appointment set status = 'cancelled', cancellation_reason = 'rival' where id = @{[ visit_of($whose) ]}";
	},
	update_start => sub {
		my ($me, $start, $whose) = @_;
		return "update clinic.appointment set starts_at = $start where id = @{[ visit_of($whose) ]}";
	},
	delete => sub {
		my ($me, $start, $whose) = @_;
		return "delete from clinic.appointment where id = @{[ visit_of($whose) ]}";
	},
);
$write{cancel_and_book} = sub {
	my @arguments = @_;
	return join ";\n", 'begin', $write{cancel}->(@arguments), $write{book}->(@arguments), 'commit';
};
$write{insert_twice} = sub {
	my ($me, $start, $whose) = @_;
	return join ";\n", 'begin', $write{insert}->($me, $start), $write{insert}->($me, any_start()), 'commit';
};

# A script of so many statements of the named kinds; a visit that a client changes is its own, or
# in a free-for-all anybody's.
sub script
{
	my ($client, $statements, $anybodys, @kinds) = @_;
	my $me = patient($client);
	my $whose = $anybodys ? 'true' : "a.patient_id = '$me'";
	return join '', map { $write{ $kinds[ int rand @kinds ] }->($me, any_start(), $whose) . ";\n" } 1 .. $statements;
}

sub rivals
{
	my ($level, $statements, $anybodys, @kinds) = @_;
	$level =~ s/ /\\ /g;
	return failures(run_clients($node, "-c default_transaction_isolation=$level",
			map { script($_, $statements, $anybodys, @kinds) } 1 .. CLIENTS));
}

sub booked_since
{
	my ($journal_rows) = @_;
	return $node->safe_psql('postgres',
		"select count(*) - $journal_rows from clinic.journal where entity = 'appointment' and action = 'insert'");
}

sub clear
{
	$node->safe_psql('postgres', 'delete from clinic.appointment');
	return booked_since(0);
}

srand 20300107;

my @ways = (
	[ 'book() and cancel()', 0, qw(book book book cancel) ],
	[ 'raw INSERT and UPDATE', 0, qw(insert insert_two insert_twice update_status update_start) ],
	[ 'all mixed', 1, sort keys %write ],
);

for my $way (@ways)
{
	my ($what, $anybodys, @kinds) = @$way;
	for my $level ('read committed', 'repeatable read', 'serializable')
	{
		my $before = clear();
		my $offset = -s $node->logfile;
		my $failures = rivals($level, STATEMENTS, $anybodys, @kinds);
		my $name = "$what, $level";

		note "$name: ", join ', ', map { "$_ $failures->{$_}" } sort keys %$failures;
		is(count_in_log($node, 'deadlock detected', $offset), 0, "$name: no deadlock");
		is_sound($node, $name);
		cmp_ok(booked_since($before), '>=', STARTS / 2, "$name: somebody books");
		ok($failures->{slot_taken}, "$name: somebody is refused, so there were rivals");
		delete @$failures{qw(slot_taken 40001)};
		# Whoever changes anybody's visits may come after another did.
		delete @$failures{qw(invalid_transition not_found)} if $anybodys;
		is_deeply($failures, {}, "$name: nobody fails but by slot_taken or 40001");
	}
}

# The same without locks: the exclusion constraint alone still keeps visits apart, at the price
# of deadlocks.
SKIP:
{
	my $copy = PostgreSQL::Test::Utils::tempdir;
	my $build = "cp -R '$FindBin::RealBin/../../src' '$FindBin::RealBin/../../Makefile'"
	  . " '$FindBin::RealBin/../../clinic_sched.control' '$copy' &&"
	  . " make -s -C '$copy' clean clinic_sched.so COPT=-DCLINIC_SCHED_WITHOUT_LOCKS WERROR= >'$copy/log' 2>&1";
	ok(system($build) == 0, 'the extension builds without its locks')
	  or skip slurp_file("$copy/log"), 1;

	# The functions of this database now come from that library, in sessions yet to begin.
	$node->safe_psql('postgres', <<"END");
update pg_proc set probin = '$copy/clinic_sched' where probin = '\$libdir/clinic_sched'
END
	clear();
	my $offset = -s $node->logfile;
	my $failures = rivals('read committed', 15, 0, qw(insert_twice insert_twice update_status update_start));
	my $deadlocks = count_in_log($node, 'deadlock detected', $offset);
	note 'without locks: ', join ', ', map { "$_ $failures->{$_}" } sort keys %$failures;
	cmp_ok($deadlocks, '>', 0, 'without locks, rivals deadlock');
	is_sound($node, 'without locks');
}

$node->stop;
done_testing();
