# Statements that write thousands of visits: they fit into the default lock table, whichever way
# they are written, take a time that grows with their rows alone, and leave a clinic whose claims
# are exact.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use Clinic;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use constant DOCTORS => 1000;
use constant VISITS => 40_000;

my $node = new_cluster('bulk', max_locks_per_transaction => 64, statement_timeout => '45s');
new_clinic($node, DOCTORS, DOCTORS);
my ($doctor, $patient, $service) = (DOCTOR, PATIENT, VISIT);

# So many visits: 20 a day for every doctor, from a day on.
sub select_visits
{
	my ($count, $first_day, $first_doctor) = @_;
	$first_doctor //= 1;
	return <<"END";
select ('$patient' || lpad((1 + n % 1000)::text, 12, '0'))::uuid as patient_id,
  ('$doctor' || lpad(($first_doctor + n % (1001 - $first_doctor))::text, 12, '0'))::uuid as provider_id,
  '$service'::uuid as service_id,
  timestamptz '2030-01-07 08:00Z' + ($first_day + n / (1001 - $first_doctor) / 20) * interval '1 day'
    + n / (1001 - $first_doctor) % 20 * interval '30 minutes' as starts_at
from generate_series(0, $count - 1) n
END
}

sub insert_visits
{
	return 'insert into clinic.appointment (patient_id, provider_id, service_id, starts_at) ' . select_visits(@_);
}

sub counts
{
	return $node->safe_psql('postgres', <<'END');
select (select count(*) from clinic.appointment where status = 'scheduled') || ' '
  || (select count(*) from clinic.claim) || ' '
  || (select count(*) from clinic.journal where entity = 'appointment' and action = 'insert')
END
}

$node->safe_psql('postgres', insert_visits(VISITS, 0));
is(counts(), join(' ', (VISITS) x 3), 'an INSERT of 40,000 visits over 1,000 doctors makes as many claims and journal rows');
is_sound($node, '40,000 visits');

my ($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\n" . insert_visits(2_000, 1) . ';');
is_deeply(failures($err), { slot_taken => 1 }, 'an INSERT in which one visit finds its time taken is refused');
is(counts(), join(' ', (VISITS) x 3), 'and as a whole');

# Other statements of many rows, on the visits of a day far from the others.
$node->safe_psql('postgres', insert_visits(5_000, 100) . ' on conflict do nothing');
is(counts(), join(' ', (VISITS + 5_000) x 3), 'INSERT ... ON CONFLICT DO NOTHING of 5,000 visits');

my $far = "starts_at >= '2030-04-01Z'";
$node->safe_psql('postgres', "update clinic.appointment set starts_at = starts_at + '30 days' where $far");
is($node->safe_psql('postgres', "select count(*) from clinic.claim where starts_at >= '2030-05-01Z'"), '5000',
	'an UPDATE moves 5,000 visits and their claims');
$node->safe_psql('postgres', <<"END");
begin;
savepoint s;
delete from clinic.appointment where $far;
rollback to s;
update clinic.appointment set status = 'cancelled', cancellation_reason = 'moved' where $far and id <= (select percentile_disc(0.5) within group (order by id) from clinic.appointment where $far);
savepoint t;
@{[ insert_visits(300, 200) ]};
rollback to t;
@{[ insert_visits(300, 200) ]};
delete from clinic.appointment where $far and status = 'cancelled';
commit;
END
is($node->safe_psql('postgres', "select count(*) from clinic.claim where $far"), '2800',
	'UPDATE, DELETE and INSERT around savepoints that are rolled back');
is_sound($node, 'after many statements');

# COPY, as a restore of visits from elsewhere does it.
my $rows = $node->safe_psql('postgres', 'copy (' . select_visits(5_000, 300) . ') to stdout');
append_to_file($node->basedir . '/visits.copy', "$rows\n");
$node->safe_psql('postgres',
	"\\copy clinic.appointment (patient_id, provider_id, service_id, starts_at) from '@{[ $node->basedir ]}/visits.copy'");
is($node->safe_psql('postgres', "select count(*) from clinic.claim where starts_at >= '2030-10-01Z'"), '5000',
	'COPY of 5,000 visits');

# Beside bookers. A raw writer of many may be told to retry; one that locked the clinic never is.
sub bookers
{
	my ($day) = @_;
	my $service = VISIT;
	return map {
		my $client = $_;
		join '', map {
			"select clinic.book('@{[ patient($client) ]}', '@{[ doctor($client) ]}', '$service', @{[ sql_start($_ % 20, $day + int $_ / 20) ]});\n"
		} 0 .. 59;
	} 1 .. 4;
}

my $before = (split / /, counts())[0];
my $offset = -s $node->logfile;
my @clients = start_clients($node, '', bookers(400));
my @bulk = start_clients($node, '', join '', map { insert_visits(2_000, 500 + 10 * $_, 500) . ";\n" } 0 .. 4);
my $bulk = failures(finish_clients(@bulk));
is_deeply(failures(finish_clients(@clients)), {}, 'bookers beside a raw writer of many all succeed');
my $refused = delete $bulk->{40001} // 0;
note "of 5 raw statements beside bookers $refused were told to retry";
is_deeply($bulk, {}, 'the raw writer fails with nothing but 40001');
is((split / /, counts())[0], $before + 4 * 60 + (5 - $refused) * 2_000, 'every visit is there, and no half statement');

$before = (split / /, counts())[0];
@clients = start_clients($node, '', bookers(450));
@bulk = start_clients($node, '', join '', map { "begin; select clinic.lock_for_import();\n" . insert_visits(2_000, 700 + 10 * $_, 500) . ";\ncommit;\n" } 0 .. 4);
is_deeply(failures(finish_clients(@bulk)), {}, 'an import that called lock_for_import() is never refused');
is_deeply(failures(finish_clients(@clients)), {}, 'nor are those who book beside it');
is((split / /, counts())[0], $before + 4 * 60 + 5 * 2_000, 'every visit is there');
is_sound($node, 'after imports');
is(count_in_log($node, qr/deadlock detected|out of shared memory/, 0), 0, 'no deadlock, and locks enough');

$node->stop;
done_testing();
