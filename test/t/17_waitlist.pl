# Fifty visits are cancelled at once while fifty patients wait: each patient is offered one of the
# times, and each time is offered once. Then all are declined at once, and housekeepers meet.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use Clinic;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use constant VISITS => 50;

my $node = new_cluster('waitlist', max_connections => 80);
# Doctor 1 has 25 visits on each of two days, doctors 2 to 51 have one each.
new_clinic($node, 51, 100);
my ($clinic, $service) = (CLINIC, VISIT);

sub one { return $node->safe_psql('postgres', $_[0]) }

sub id_of { return sprintf '%08d-0000-4000-8000-%012d', @_ }

# Sets the stage: fifty visits, and as many entries that want any of their times.
sub book_all
{
	my (@places) = @_;
	my $values = join ', ', map {
		my ($doctor, $start) = @{ $places[ $_ - 1 ] };
		"('$clinic', '@{[ id_of(1, $_) ]}', '@{[ patient($_) ]}', '$doctor', '$service', $start)"
	} 1 .. VISITS;
	one(<<"END");
delete from clinic.appointment;
insert into clinic.appointment (clinic_id, id, patient_id, provider_id, service_id, starts_at) values $values;
insert into clinic.waitlist_entry (clinic_id, id, patient_id, service_id, wanted)
select '$clinic', ('00000002-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, ('@{[ PATIENT ]}' || lpad((50 + n)::text, 12, '0'))::uuid, '$service', w.wanted
from generate_series(1, @{[ VISITS ]}) n, (select range_agg(tstzrange(a.starts_at, a.ends_at)) as wanted from clinic.appointment a) w
END
	return;
}

my $offers = <<'END';
select count(*) || ' ' || count(distinct e.patient_id) || ' ' || count(distinct (a.provider_id, a.starts_at)) || ' ' || count(distinct a.id)
from clinic.waitlist_entry e
join clinic.appointment a on a.clinic_id = e.clinic_id and a.id = e.appointment_id and a.patient_id = e.patient_id and a.status = 'held'
where e.status = 'offered'
END

# What must hold whenever nobody writes.
sub is_offered_soundly
{
	my ($what) = @_;
	is(one(<<'END'), '0', "$what: every hold is one entry's offer, and every offer a hold");
select count(*)
from (select appointment_id from clinic.waitlist_entry where status = 'offered') e
full join (select id from clinic.appointment where status = 'held') a on a.id = e.appointment_id
where e.appointment_id is null or a.id is null
END
	is_sound($node, $what);
	return;
}

for my $case (
	[ 'one doctor', map { [ doctor(1), sql_start($_ % 25, int $_ / 25) ] } 0 .. VISITS - 1 ],
	[ 'fifty doctors', map { [ doctor(1 + $_), sql_start(0, 0) ] } 1 .. VISITS ])
{
	my ($name, @places) = @$case;
	my $offset = -s $node->logfile;

	book_all(@places);
	my $failures = failures(run_clients($node, '',
		map { "select clinic.cancel('@{[ id_of(1, $_) ]}', 'ill');\n" } 1 .. VISITS));
	is_deeply($failures, {}, "$name: no cancellation fails");
	is(one("select count(*) from clinic.appointment where status = 'cancelled'"), VISITS, "$name: all are cancelled");
	my ($made) = split / /, one($offers);
	note "$name: $made offers by the cancellations themselves";
	# Who cancels a visit of a day that another cancels at the moment leaves the offer to be made later;
	# so does who waits too long for a turn to extend a table, on a machine that is busy. So how many are
	# left is a matter of speed; that a cancellation alone offers its time at once is tested elsewhere.
	cmp_ok($made, '>', 0, "$name: some times are offered at once");
	is_offered_soundly("$name, cancelled");
	one("select clinic.offer_waitlist('$clinic')");
	is(one($offers), join(' ', (VISITS) x 4), "$name: each time is offered once, and each patient one");

	# Everybody declines: who declines first may be offered what another does.
	$failures = failures(run_clients($node, '',
		map { "select clinic.decline_offer('@{[ id_of(2, $_) ]}', '$clinic');\n" } 1 .. VISITS));
	delete $failures->{40001};
	is_deeply($failures, {}, "$name: no decline fails, but to be sent again");
	is_offered_soundly("$name, declined");
	is(one("select count(*) from clinic.waitlist_entry e join clinic.appointment a on a.id = e.appointment_id where e.status = 'offered' and e.passed && tstzrange(a.starts_at, a.ends_at)"),
		'0', "$name: nobody is offered again what they declined");

	$failures = failures(run_clients($node, '', ("select clinic.tick('$clinic');\n") x 10));
	is_deeply($failures, {}, "$name: no housekeeper fails");
	is_offered_soundly("$name, ticked");
	is(count_in_log($node, 'deadlock detected', $offset), 0, "$name: no deadlock");
	one("select clinic.leave_waitlist(id, clinic_id) from clinic.waitlist_entry where status = 'waiting' order by id");
	one("select clinic.leave_waitlist(id, clinic_id) from clinic.waitlist_entry where status = 'offered' order by id");
	one('delete from clinic.waitlist_entry');
}

$node->stop;
done_testing();
