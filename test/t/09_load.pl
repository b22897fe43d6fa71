# Many sessions at the same moment for the numbers of a day, for the first free start, with one
# idempotency key, and for the same two rooms: as many have what they want as can, exactly, and
# nobody else is refused or meets a deadlock.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use Clinic;
use List::Util qw(shuffle uniq);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use constant SESSIONS => 100;
use constant TOKEN => '66666666-0000-4000-8000-000000000001';
use constant ROOMED => '66666666-0000-4000-8000-000000000002';
use constant BOTH => '66666666-0000-4000-8000-000000000003';
use constant SWAPPED => '66666666-0000-4000-8000-000000000004';

# A retry is another copy of the statement in a client's script; this is more than any needs.
use constant RETRIES => 60;

my $node = new_cluster('load', max_connections => SESSIONS + 20);
new_clinic($node, 10, SESSIONS);
my ($clinic, $visit) = (CLINIC, VISIT);
my ($token, $roomed, $both, $swapped) = (TOKEN, ROOMED, BOTH, SWAPPED);
my @room = map { sprintf '0e000000-0000-4000-8000-%012d', $_ } 0 .. 3;

# The first doctor has ten numbers on each of the first four days. Of the rooms R1 and R2 take one
# visit at a time, and R3 takes three: with five, seven doctors have room for fifty in five hours.
$node->safe_psql('postgres', <<"END");
insert into clinic.service (id, code, name, duration, mode) values ('$token', 'token', 'Token', '5 minutes', 'token');
insert into clinic.service (id, code, name, duration)
values ('$roomed', 'roomed', 'In any room', '30 minutes'),
       ('$both', 'both', 'In R1 and R2', '30 minutes'), ('$swapped', 'swapped', 'In R2 and R1', '30 minutes');
insert into clinic.hours (resource_id, valid, weekly, mode, seats)
values ('@{[ doctor(1) ]}', '[2030-01-07,2030-01-11)', '24/7', 'token', 10);
insert into clinic.room (id, code, name, seats)
values ('$room[1]', 'R1', 'Room 1', 1), ('$room[2]', 'R2', 'Room 2', 1), ('$room[3]', 'R3', 'Room 3', 3);
insert into clinic.service_requirement (service_id, kind, codes)
values ('$roomed', 'room', null), ('$both', 'room', '{R1}'), ('$both', 'room', '{R2}'),
       ('$swapped', 'room', '{R2}'), ('$swapped', 'room', '{R1}');
END

# What each session does, one round after the other.
my @scripts = ('') x SESSIONS;
my $rounds = 0;

# The session that opens the gates, at which the others wait for each other before each round.
my ($commands, $answers) = ('', '');
my $keeper = IPC::Run::start([ 'psql', '-X', '-q', '-At', '-d', $node->connstr('postgres') ],
	'<', \$commands, '>', \$answers);

sub keeper_does
{
	my ($sql) = @_;
	$answers = '';
	$commands .= "$sql;\n\\echo done\n";
	$keeper->pump until $answers =~ /^done$/m;
	return;
}

# Adds a round of so many of the sessions; what the first does is $statement->(1), and so on.
sub add_round
{
	my ($sessions, $statement) = @_;
	$rounds++;
	for my $session (1 .. $sessions)
	{
		$scripts[ $session - 1 ] .= "select pg_advisory_lock_shared($rounds);\n"
		  . "select pg_advisory_unlock_shared($rounds);\n" . $statement->($session);
	}
	return $rounds;
}

# Lets the sessions of a round go, at once, and returns when all have done it.
sub run_round
{
	my ($round) = @_;
	my $offset = -s $node->logfile;
	await_gates($round);
	keeper_does("select pg_advisory_unlock($round)");
	await_gates($round + 1);
	return $offset;
}

# Returns when every session waits at this round's gate or a later one: those that have no part in
# a round are at the gate of their next, and all have a part in the last.
sub await_gates
{
	my ($first) = @_;
	$node->poll_query_until('postgres', <<"END") or die "not all sessions came to gate $first or a later one";
select count(*) = @{[ SESSIONS ]} from pg_locks
where locktype = 'advisory' and objsubid = 1 and classid = 0 and objid between $first and $rounds and not granted
END
	return;
}

# A statement that is sent again, in a new transaction, as long as it fails to be serialized.
sub retried
{
	my ($statement) = @_;
	return "\\set again true\n"
	  . "\\if :again\n$statement;\nselect :'SQLSTATE' = '40001' as again \\gset\n\\endif\n" x RETRIES;
}

sub one
{
	my ($sql) = @_;
	return $node->safe_psql('postgres', $sql);
}

# The rounds

my @levels = ('read committed', 'repeatable read', 'serializable');
my @tokens = map {
	my $day = $_;
	add_round(30, sub {
		my $me = patient($_[0]);
		return "set default_transaction_isolation = '$levels[$day]';\n"
		  . retried("select clinic.book_token('$me', '@{[ doctor(1) ]}', '2030-01-07'::date + $day)")
		  . "reset default_transaction_isolation;\n";
	});
} 0 .. $#levels;

# Fifty places each: five doctors for five hours, or seven and the rooms.
my @firsts = map {
	my ($strategy, $service, $doctors, $day) = @$_;
	my $providers = join ', ', map { "'" . doctor($_) . "'" } 1 .. $doctors;
	my ($from, $to) = (sql_start(0, $day), sql_start(10, $day));
	{
		name => "$strategy, " . ($service eq $roomed ? 'with rooms' : 'without rooms'),
		visits => "a.service_id = '$service' and a.starts_at >= $from and a.starts_at < $to",
		rooms => $service eq $roomed ? 1 : 0,
		round => add_round(50, sub {
			my $me = patient($_[0]);
			return "select clinic.book_first('$me', '$service', tstzrange($from, $to), array[$providers]::uuid[], '$strategy');\n";
		}),
	};
} (
	[ 'earliest', $visit, 5, 30 ], [ 'least_loaded', $visit, 5, 31 ], [ 'round_robin', $visit, 5, 32 ],
	[ 'earliest', $roomed, 7, 33 ], [ 'least_loaded', $roomed, 7, 34 ], [ 'round_robin', $roomed, 7, 35 ]);

# The same request from everybody.
my ($me, $doctor) = (patient(1), doctor(2));
my $folder = PostgreSQL::Test::Utils::tempdir;
my @sends = (
	[ 'book()', "'$me', '$doctor', '$visit', @{[ sql_start(0, 40) ]}" ],
	[ 'book() with any provider', "'$me', null, '$roomed', @{[ sql_start(2, 40) ]}" ],
	[ 'book_token()', "'$me', '@{[ doctor(1) ]}', '2030-01-10', '$token'" ],
	[ 'book_first()', "'$me', '$visit', tstzrange(@{[ sql_start(0, 41) ]}, @{[ sql_start(4, 41) ]})" ]);
for my $i (0 .. $#sends)
{
	my ($name, $arguments) = @{ $sends[$i] };
	my ($function) = $name =~ /^(\w+)/;
	$sends[$i] = {
		name => $name,
		key => "key $i",
		round => add_round(SESSIONS, sub {
			return "\\o $folder/$i.$_[0]\nselect id from clinic.$function($arguments, idempotency_key => 'key $i');\n\\o\n";
		}),
	};
}

# Sixteen half hours in both rooms: everybody asks for all of them, half of the sessions by either
# service, each in an order and a way of its own.
my $rivals = 32;
srand 20300107;
my $opposite = add_round($rivals, sub {
	my ($session) = @_;
	my ($me, $doctor, $service) = (patient($session), doctor(1 + $session % 7), $session % 2 ? $both : $swapped);
	my @ways = (
		sub { "select clinic.book('$me', '$doctor', '$service', $_[0])" },
		sub { "insert into clinic.appointment (patient_id, provider_id, service_id, starts_at) values ('$me', '$doctor', '$service', $_[0])" },
		sub { "select clinic.book('$me', null, '$service', $_[0])" },
		sub { "select clinic.book('$me', '$doctor', '$visit', $_[0], resource_ids => array[" . join(', ', map { "'$_'" } shuffle(@room[ 1, 2 ])) . "]::uuid[])" });
	return join '', map { $ways[ int rand @ways ]->(sql_start($_, 50)) . ";\n" } shuffle(0 .. 15);
});

# Two rooms, one after the other, in opposite order: that may have to be sent again.
my $swaps = 16;
my $crossed = add_round($swaps, sub {
	my ($session) = @_;
	my ($me, $doctor, $start) = (patient($session), doctor(1 + $session % 7), sql_start($session, 60));
	my @order = $session % 2 ? @room[ 1, 2 ] : @room[ 2, 1 ];
	return retried("insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, resource_ids) values "
		  . join ', ', map { "('$me', '$doctor', '$visit', $start + '$_ days', array['$order[$_]'::uuid])" } 0, 1);
});
my $end = add_round(SESSIONS, sub { '' });

# And their outcome

keeper_does("select pg_advisory_lock(n) from generate_series(1, $rounds) n");
my @clients = start_clients($node, '', @scripts);

# Of what the clients wrote to standard error since the last time.
my @read = (0) x SESSIONS;
sub new_failures
{
	my $errors = '';
	for my $i (0 .. $#clients)
	{
		my $text = slurp_file($clients[$i]{err}, $read[$i]);
		$read[$i] += length $text;
		$errors .= $text;
	}
	return failures($errors);
}

# A round's failures, without those that were retried.
sub failures_of
{
	my ($round, $name) = @_;
	my $offset = run_round($round);
	my $failures = new_failures();
	note "$name: ", join ', ', map { "$_ $failures->{$_}" } sort keys %$failures;
	is(count_in_log($node, 'deadlock detected', $offset), 0, "$name: no deadlock");
	return $failures;
}

for my $day (0 .. $#levels)
{
	my $failures = failures_of($tokens[$day], "tokens, $levels[$day]");
	delete $failures->{40001};
	is_deeply($failures, { capacity_reached => 20 }, "tokens, $levels[$day]: of 30 sessions 20 are told that the day is full");
	is(one("select string_agg(a.seat::text, ' ' order by a.seat) from clinic.appointment a where a.mode = 'token' and a.starts_at = '2030-01-07Z'::timestamptz + '$day days'"),
		'1 2 3 4 5 6 7 8 9 10', "tokens, $levels[$day]: and 10 have the numbers");
}

for my $first (@firsts)
{
	is_deeply(failures_of($first->{round}, $first->{name}), {}, "$first->{name}: of 50 sessions nobody is refused");
	is(one("select count(*) || ' ' || count(distinct (a.provider_id, a.starts_at)) || ' ' || sum(cardinality(a.resource_ids)) from clinic.appointment a where $first->{visits}"),
		'50 50 ' . 50 * $first->{rooms}, "$first->{name}: and each has a place");
}

for my $i (0 .. $#sends)
{
	my $send = $sends[$i];
	is_deeply(failures_of($send->{round}, $send->{name}), {}, "$send->{name}: nobody is refused a request that was sent before");
	my @ids = map { split /\n/, slurp_file("$folder/$i.$_") } 1 .. SESSIONS;
	is(@ids . ' ' . join(' ', uniq @ids), SESSIONS . ' ' . one("select string_agg(a.id::text, ' ') from clinic.appointment a where a.idempotency_key = '$send->{key}'"),
		"$send->{name}: all have the one visit");
}

is_deeply(failures_of($opposite, 'opposite rooms'), { slot_taken => 16 * $rivals - 16 }, 'opposite rooms: a start is had once');
is(one("select count(*) || ' ' || count(distinct a.starts_at) || ' ' || sum(cardinality(a.resource_ids)) from clinic.appointment a where a.starts_at between @{[ sql_start(0, 50) ]} and @{[ sql_start(15, 50) ]}"),
	'16 16 32', 'opposite rooms: and each is, with both rooms');

my $failures = failures_of($crossed, 'crossed rooms');
delete $failures->{40001};
is_deeply($failures, {}, 'crossed rooms: nobody fails but by 40001');
is(one("select count(*) from clinic.appointment a where a.starts_at >= @{[ sql_start(0, 60) ]}"), 2 * $swaps, 'crossed rooms: and when it is sent again all have both');

keeper_does("select pg_advisory_unlock($end)");
is(finish_clients(@clients) =~ /connection/ ? 'broken' : 'sound', 'sound', 'no connection broke');
$keeper->finish;
is_sound($node, 'in the end');
$node->stop;
done_testing();
