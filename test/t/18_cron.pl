# tick() run by pg_cron, by the one line that the documentation gives: where pg_cron is installed.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use Clinic;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $folder = qx(@{[ $ENV{PG_CONFIG} // "pg_config" ]} --sharedir);
chomp $folder;
plan skip_all => 'pg_cron is not installed' unless -e "$folder/extension/pg_cron.control";

my $node = new_cluster(
	'cron',
	shared_preload_libraries => 'pg_cron',
	'cron.use_background_workers' => 'on',
	max_worker_processes => 20);
new_clinic($node, 1, 3);
my ($clinic, $service) = (CLINIC, VISIT);

sub one { return $node->safe_psql('postgres', $_[0]) }

my $manual = slurp_file("$FindBin::RealBin/../../doc/operations.md");
my ($schedule) = $manual =~ /^(select cron\.schedule\(.*?;)$/ms;
ok($schedule, 'the documentation says how tick() is run');

one('create extension pg_cron');
one("select clinic.book('@{[ patient(1) ]}', '@{[ doctor(1) ]}', '$service', @{[ sql_start(0) ]}, hold_for => '1 hour')");
one("update clinic.appointment set hold_expires_at = now()");
one("select clinic.join_waitlist('@{[ patient(2) ]}', '$service', tstzmultirange(tstzrange(@{[ sql_start(0) ]}, @{[ sql_start(1) ]})))");
one($schedule);
ok($node->poll_query_until('postgres', "select exists (select from cron.job_run_details d where d.status = 'succeeded')"), 'pg_cron runs it');
is(one('select d.command from cron.job_run_details d limit 1'), "select clinic.tick('$clinic')", 'for each clinic');
is(one("select e.status || ' ' || a.status from clinic.waitlist_entry e join clinic.appointment a on a.id = e.appointment_id"),
	'offered held', 'what has expired is offered to who waits');
is_sound($node, 'ticked');
$node->stop;
done_testing();
