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
my $bookings = join '', map { "select clinic.book('ME', '@{[ doctor(1) ]}', '$visit', @{[ sql_start($_ % 8, int($_ / 8)) ]});\n" } 0 .. 79;
my @scripts = map { my $me = patient($_); my $script = $bookings; $script =~ s/ME/$me/g; $script } 1 .. BOOKERS;
my $series = sprintf "select clinic.book_series('%s', '%s', '$visit', '2030-01-07 08:00Z', 'FREQ=DAILY;COUNT=366', 'next_free');\n", patient(50), doctor(1);
my $import = "select clinic.book_many((select jsonb_agg(jsonb_build_object('patient_id', '@{[ patient(51) ]}', 'provider_id', '@{[ doctor(1) ]}', 'service_id', '$visit', 'starts_at', @{[ sql_start(9, 0) ]} + n * interval '1 day')) from generate_series(0, 199) n));\n";
my $offset = -s $node->logfile;
my $failures = failures(run_clients($node, '', @scripts, $series, $import));
note join ', ', map { "$_ $failures->{$_}" } sort keys %$failures;
delete $failures->{slot_taken};
is_deeply($failures, {}, 'a series, an import and bookers: nobody fails but where the time is taken');
is(count_in_log($node, 'deadlock detected', $offset), 0, 'a series, an import and bookers: no deadlock');
is(one("select count(*) filter (where a.series_id is not null) || ' ' || count(distinct a.starts_at) filter (where a.starts_at < '2030-01-17' and a.starts_at::time < '12:00') || ' ' || count(*) filter (where a.patient_id = '@{[ patient(51) ]}') from clinic.appointment a"),
	'366 80 200', 'a series, an import and bookers: all have what there is');
is_sound($node, 'a series, an import and bookers');
