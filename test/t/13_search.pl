# A search over all doctors reads little, however much is booked before and after what it finds;
# the planner knows how much it returns; and among writers it says of each snapshot what is free in it.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use Clinic;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use constant DOCTORS => 100;
use constant WRITES => $ENV{SEARCH_WRITES} // 40;
use constant SEARCHES => $ENV{SEARCH_SEARCHES} // 8;
use constant ROOMED => '66666666-0000-4000-8000-000000000000';

my $node = new_cluster('search', autovacuum => 'off', timezone => 'UTC');
new_clinic($node, DOCTORS, 10);
my ($clinic, $service, $doctor, $patient) = (CLINIC, VISIT, DOCTOR, PATIENT);

# 15 days of twenty starts, of which each doctor has one free every day, at another time than most.
# They arrive as a dump is loaded, which is quick.
$node->safe_psql('postgres', <<"END");
update clinic.clinic set hours = 'Mo-Su 08:00-18:00', longest_claim = '30 minutes';
set check_function_bodies = off;
set search_path = '';
insert into clinic.appointment (clinic_id, code, patient_id, provider_id, service_id, starts_at, ends_at, buffer_before, buffer_after, seat)
select '$clinic', 'APT-' || n, '@{[ patient(1) ]}', ('$doctor' || lpad((1 + n % 100)::text, 12, '0'))::uuid,
  '$service', t.at, t.at + interval '30 minutes', '0', '0', 1
from generate_series(0, 29999) n
cross join lateral (select timestamptz '2030-01-08 08:00Z' + n / 100 / 20 * interval '1 day' + n / 100 % 20 * interval '30 minutes') t (at)
where (n + n / 100) % 20 <> 0;
insert into clinic.claim (clinic_id, appointment_id, resource_id, seat, starts_at, ends_at)
select a.clinic_id, a.id, a.provider_id, 1, a.starts_at, a.ends_at from clinic.appointment a;
END
$node->safe_psql('postgres', 'vacuum analyze clinic.claim');

# How many pages a search reads, once its session has made its plans and knows the doctors.
sub pages
{
	my ($arguments, $function, $limit) = @_;
	$arguments = "'$service', $arguments" unless $function;
	my $search = "select * from clinic.@{[ $function // 'find_slots' ]}($arguments, clinic_id => '$clinic') @{[ $limit // '' ]}";
	my $said = $node->safe_psql('postgres', "$search; explain (analyze, buffers, timing off, costs off) $search");
	my ($pages) = $said =~ /Function Scan.*\n\s+Buffers: shared hit=(\d+)$/m;
	ok(defined $pages, "pages of a search are told: $arguments") or diag($said);
	return $pages;
}

my $first = pages("'[2030-01-08 08:00Z,2030-01-23Z)', 1");
my $last = pages("'[2030-01-21 08:00Z,2030-01-23Z)', 1");
cmp_ok($first, '<', 40, 'the first free start costs few pages');
cmp_ok($last, '<', 40, 'also with weeks of visits before it');
cmp_ok(pages("'[2030-01-08 08:00Z,2030-01-23Z)', 1, days_of_week => '{5}'"), '<', 60, 'or on the first day of those wanted');
cmp_ok(pages("'[2030-01-08 08:00Z,2030-01-23Z)', 1, providers => array['@{[ doctor(7) ]}']::uuid[]"), '<', 80, "or one doctor's, of whom a day is read");
cmp_ok(pages("'[2030-01-08 08:00Z,2030-01-23Z)'"), '<', 40, 'and so do the first ten');
cmp_ok(pages("'[2030-01-08 08:00Z,2030-01-23Z)'", undef, 'limit 1'), '<', 40, 'of which LIMIT 1 takes one');
cmp_ok(pages("'[2030-01-08 08:00Z,2030-01-23Z)', null"), '>', 200, 'all of them cost all');

# Each of the first ten chains is looked for in the claims of rooms and a doctor, because buffers
# touch; of those that could not be before them, none is.
$node->safe_psql('postgres', <<"END");
insert into clinic.room (clinic_id, code, name) select '$clinic', 'R' || n, 'Room' from generate_series(1, 20) n;
insert into clinic.service (clinic_id, id, code, name, duration, buffer_after)
  values ('$clinic', '@{[ ROOMED ]}', 'roomed', 'In a room', '30 minutes', '10 minutes');
insert into clinic.service_requirement (clinic_id, service_id, kind) values ('$clinic', '@{[ ROOMED ]}', 'room');
END
my $chains = pages("array['@{[ ROOMED ]}', '@{[ ROOMED ]}']::uuid[], '0', '[2030-02-05 08:00Z,2030-02-06Z)'", 'find_chain');
note "pages of chains: $chains";
cmp_ok($chains, '<', 2500, 'and the first ten chains are all that is looked for');
$node->safe_psql('postgres', "delete from clinic.service where id = '@{[ ROOMED ]}'; delete from clinic.room");

# The plans of the statements that a session runs to find one doctor's starts, where the statistics
# speak for the wrong index, and whatever costs anything is to be compiled.
sub plans
{
	my (undef, undef, $plans) = $node->psql('postgres', <<"END");
load 'auto_explain';
set auto_explain.log_min_duration = 0;
set auto_explain.log_nested_statements = on;
set auto_explain.log_analyze = on;
set jit_above_cost = 0;
set client_min_messages = log;
select from clinic.find_slots('$service', '[2030-01-08 08:00Z,2030-01-23Z)', providers => array['@{[ doctor(7) ]}']::uuid[], clinic_id => '$clinic');
END
	return grep { !/Query Text: select from clinic\.find_slots/ } split /LOG:  duration/, $plans;
}

$node->safe_psql('postgres', 'alter table clinic.claim alter clinic_id set (n_distinct = 1000); analyze clinic.claim');
my @plans = plans();
cmp_ok(scalar(grep { /Index Only Scan using claim_resource / } @plans), '>', 0, "one doctor's claims are found by the doctor");
is(scalar(grep { /claim_time/ } @plans), 0, 'not by the time');
is(scalar(grep { /^JIT:/m } @plans), 0, 'and none of the statements is compiled');
$node->safe_psql('postgres', 'alter table clinic.claim alter clinic_id reset (n_distinct); analyze clinic.claim');

# What the planner is told.
sub planned
{
	my ($statement) = @_;
	my ($rows) = $node->safe_psql('postgres', "explain $statement") =~ /Function Scan on find_\w+ .*rows=(\d+)/;
	return $rows;
}

my $during = "'[2030-01-08,2030-01-23)'";
is(planned("select * from clinic.find_slots('$service', $during, clinic_id => '$clinic')"), 10, 'ten rows are expected');
is(planned("select * from clinic.find_slots('$service', $during, 3, clinic_id => '$clinic')"), 3, 'or as many as are asked for');
is(planned("select * from clinic.find_slots('$service', $during, null, clinic_id => '$clinic')"), 1000, 'or many, if all are');
my $join = "select * from clinic.service s cross join lateral clinic.find_slots(s.id, $during, 4, clinic_id => s.clinic_id) f join clinic.resource r on r.clinic_id = s.clinic_id and r.id = f.provider_id";
is(planned($join), 4, 'in a join too');
like($node->safe_psql('postgres', "analyze clinic.service; analyze clinic.resource; explain $join"), qr/^\S.*rows=[1-8] /, 'which is not expected to return more');

is(planned("select * from clinic.find_chain(array['$service', '$service']::uuid[], '1 hour', $during, 4, clinic_id => '$clinic')"), 8, 'a chain has a row for each visit');
is(planned("select * from clinic.find_chain(array['$service']::uuid[], '1 hour', $during, clinic_id => '$clinic')"), 10, 'of which ten are expected');
is(planned("select * from clinic.service s cross join lateral clinic.find_chain(array[s.id, s.id], '1 hour', $during, 2, clinic_id => s.clinic_id)"), 6, 'or of three visits, while they are not known');
is(planned("select * from clinic.find_panel('$service', $during, 3, clinic_id => '$clinic')"), 3, 'a panel has one row');
is(planned("select * from clinic.find_panel('$service', $during, null, clinic_id => '$clinic')"), 1000, 'and if all are asked for, they may be many');

# What a session knows of the doctors and their days holds until another session changes it.
my $changes = join ' ', map { "-c \"$_\"" } "update clinic.resource set is_active = false where code = 'D19'",
  "insert into clinic.closure (clinic_id, during) values ('$clinic', '[2030-01-08 08:00Z,2030-01-08 09:00Z)')";
my $search = "select r.code, to_char(f.slot_from, 'HH24:MI') from (select provider_id, lower(slot) as slot_from from clinic.find_slots('$service', $during, 2, clinic_id => '$clinic')) f join clinic.resource r on r.id = f.provider_id order by 2, 1;";
is($node->safe_psql('postgres', "$search\n\\! psql -X -q -d '@{[ $node->connstr('postgres') ]}' $changes\n$search"), "D1|08:00\nD21|08:00\nD39|09:00\nD59|09:00", 'a change by another session is seen at once');
$node->safe_psql('postgres', "delete from clinic.closure; update clinic.resource set is_active = true");

# Four write, four search: in each snapshot all is found that is free in it, and nothing else.
sub writer
{
	my ($number) = @_;
	return join '', map {
		my $of = doctor(1 + ($number * 31 + $_ * 17) % DOCTORS);
		"\\unset visit\nselect id as visit from clinic.book('@{[ patient($number) ]}', '$of', '$service', '2030-01-22 08:00Z'::timestamptz + @{[ $_ % 20 ]} * interval '30 minutes', clinic_id => '$clinic') \\gset\n"
		  . "\\if :{?visit}\nselect clinic.cancel(:'visit', 'ill', clinic_id => '$clinic');\n\\endif\n"
		  . "update clinic.appointment set status = 'cancelled', cancellation_reason = 'ill' where clinic_id = '$clinic' and id = (select id from clinic.appointment where provider_id = '$of' and status = 'scheduled' and starts_at >= '2030-01-10' and starts_at < '2030-01-11' order by id limit 1);\n"
	} 1 .. WRITES;
}

sub searcher
{
	my ($number) = @_;
	my $found = "clinic.find_slots('$service', '[2030-01-10,2030-01-11)', null, clinic_id => '$clinic')";
	my $listed = "clinic.resource r cross join clinic.available_slots(r.id, '$service', '[2030-01-10,2030-01-11)', clinic_id => '$clinic') a where a.available";
	my $differences = "select provider_id, slot, seats_left from $found except select r.id, a.slot, a.seats_left from $listed";
	my $missing = "select r.id, a.slot, a.seats_left from $listed except select provider_id, slot, seats_left from $found";
	return join '', map { <<"END" } 1 .. SEARCHES;
begin isolation level repeatable read;
select 1 / (not exists ($differences))::int, 1 / (not exists ($missing))::int;
commit;
select provider_id as of, lower(slot) as at from clinic.find_slots('$service', '[2030-01-10,2030-01-12)', 1, clinic_id => '$clinic') \\gset
select clinic.book('@{[ patient(4 + $number) ]}', :'of', '$service', :'at', clinic_id => '$clinic');
END
}

my $failures = failures(run_clients($node, '', (map { writer($_) } 1 .. 4), map { searcher($_) } 1 .. 4));
delete $failures->{slot_taken};
is_deeply($failures, {}, 'nobody meets an error but that somebody was faster');
is_sound($node, 'after writing and searching');

$node->stop;
done_testing();
