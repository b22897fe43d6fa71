# A day at the desks. Thirty patients who check in at once get the numbers 1 to 30. Thirty-two
# desks empty a queue of thousands: nobody is called twice, nobody is forgotten, and nobody is
# called before somebody who was due earlier. And on a day with urgent patients all day long nobody
# waits longer than doc/queue.md promises.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use Clinic;
use List::Util qw(max);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use constant ARRIVALS => 30;
use constant DESKS => 32;
use constant WAITING => 2000;

my $node = new_cluster('queue', max_connections => DESKS + 20);
new_clinic($node, DESKS, WAITING + 100);
my ($clinic, $visit) = (CLINIC, VISIT);

sub one
{
	my ($sql) = @_;
	return $node->safe_psql('postgres', $sql);
}

# It is the hour after noon, whenever this runs: no visit of today is tomorrow's.
one(<<"END");
update clinic.clinic set timezone = 'Etc/GMT' || case when h > 12 then '+' || h - 12 when h < 12 then '-' || 12 - h else '' end
from (select extract(hour from now() at time zone 'UTC')::int) x (h);
END

# Thirty arrive for one doctor at the same moment: half have a visit, half walk in.
one(<<"END");
update clinic.resource set seats = 100 where code = 'D1';
insert into clinic.appointment (id, patient_id, provider_id, service_id, starts_at, override_reason)
select ('eeeeeeee-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, ('@{[ PATIENT ]}' || lpad(n::text, 12, '0'))::uuid,
  '@{[ doctor(1) ]}', '$visit', now() + interval '10 minutes', 'today'
from generate_series(1, @{[ ARRIVALS ]}) n;
END
my $errors = run_clients($node, '', map {
	$_ % 2
	  ? sprintf("select clinic.check_in('eeeeeeee-0000-4000-8000-%012d');\n", $_)
	  : sprintf("select clinic.walk_in('%s', '$visit', '%s');\n", patient($_), doctor(1));
} 1 .. ARRIVALS);
is_deeply(failures($errors), {}, 'thirty arrive at once and nobody is refused');
is(one("select string_agg(e.number::text, ' ' order by e.arrived_at) from clinic.queue_entry e"),
	join(' ', 1 .. ARRIVALS), 'they have the numbers 1 to 30, in the order of their arrival');
is(one('select count(*) from clinic.queue_entry'), ARRIVALS, 'and wait once each');

# The same with a visit that everybody checks in.
one("insert into clinic.appointment (id, patient_id, provider_id, service_id, starts_at, override_reason) values ('efefefef-0000-4000-8000-000000000000', '@{[ patient(31) ]}', '@{[ doctor(1) ]}', '$visit', now() + interval '10 minutes', 'today')");
$errors = run_clients($node, '', ("select clinic.check_in('efefefef-0000-4000-8000-000000000000');\n") x 10);
is_deeply(failures($errors), { already_checked_in => 9 }, 'of ten who check the same visit in one does');

# Thousands wait in the pool, of three classes, a third of them for one doctor; all desks call until
# nobody is left. A desk writes down what was committed before it began to call.
one('delete from clinic.queue_entry');
one('delete from clinic.appointment');
one(<<"END");
insert into clinic.appointment (id, patient_id, service_id, starts_at, mode, status)
select ('b0000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, ('@{[ PATIENT ]}' || lpad(n::text, 12, '0'))::uuid, '$visit', now(), 'walk_in', 'arrived'
from generate_series(1, @{[ WAITING ]}) n;
select clinic.lock_for_import();
insert into clinic.queue_entry (appointment_id, queue_id, priority, arrived_at)
select a.id, case when n % 3 = 0 then '@{[ doctor(1) ]}'::uuid else '$visit' end, 1 + n % 3, now() - ((n * 7919) % 10800) * interval '1 second'
from (select a.id, row_number() over (order by a.id) as n from clinic.appointment a) a;
create table called (entry_id uuid, desk int, seen pg_snapshot, by_transaction xid8);
create function call(doctor uuid, desk int) returns boolean language sql as \$\$
  with next as materialized (select id from clinic.call_next(doctor, desk::text)),
  noted as (insert into called select id, desk, pg_current_snapshot(), pg_current_xact_id() from next returning 1)
  select exists (select from noted) \$\$;
END
# The half of the desks who may call everybody have turns for all, however few the others take; and
# all could not be called by half of the desks.
my $turns = int(1.9 * WAITING / DESKS);
$errors = run_clients($node, '', map {
	my $doctor = doctor($_ % 2 ? 1 : $_);
	"\\set on true\n" . "\\if :on\nselect call('$doctor', $_) as on \\gset\n\\endif\n" x $turns;
} 1 .. DESKS);
is_deeply(failures($errors), {}, 'no desk meets an error');
# Whoever was in the hands of another desk when the last desk asked.
one("select call('@{[ doctor(1) ]}', 0) from generate_series(1, 40)");
is(one('select count(*) || \' \' || count(distinct c.entry_id) from called c'), WAITING . ' ' . WAITING, 'everybody is called, and nobody twice');
is(one("select count(*) from clinic.queue_entry where status <> 'called'"), '0', 'and so it says in the queue');
is(one("select count(*) from clinic.queue_entry e join clinic.appointment a on a.id = e.appointment_id where a.provider_id is distinct from e.provider_id"), '0', 'every walk-in is whose desk has called');
is(one('select count(distinct c.desk) > 16 from called c'), 't', 'many desks took part');
# That is, where y was called by a transaction that began after x's call was over, y was due later,
# unless y waited in a queue that x's caller does not see to.
is(one(<<"END"), '0', 'nobody is called before somebody who was due earlier and whom nobody was calling');
select count(*)
from called a
join clinic.queue_entry x on x.id = a.entry_id
join called b on pg_visible_in_snapshot(a.by_transaction, b.seen)
join clinic.queue_entry y on y.id = b.entry_id
where (y.due_at, y.id) < (x.due_at, x.id)
  and y.queue_id in (x.provider_id, '$visit')
END
is(one("select count(*) > 0 from called a, called b where pg_visible_in_snapshot(a.by_transaction, b.seen)"), 't', 'which of many pairs of calls could be told');

# The same while patients of all classes come, and some who were set aside are recalled: whoever was
# there, where the caller could see it, before the call began, counts.
one('delete from called');
one('delete from clinic.queue_entry');
one('delete from clinic.appointment');
one(<<"END");
insert into clinic.appointment (id, patient_id, service_id, starts_at, mode, status)
select ('b1000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, ('@{[ PATIENT ]}' || lpad(n::text, 12, '0'))::uuid, '$visit', now(), 'walk_in', 'arrived'
from generate_series(1, 600) n;
select clinic.lock_for_import();
insert into clinic.queue_entry (appointment_id, priority, arrived_at)
select a.id, 1 + n % 3, now() - ((n * 7919) % 10800) * interval '1 second'
from (select a.id, row_number() over (order by a.id) as n from clinic.appointment a) a;
update clinic.queue_entry set status = 'skipped' where number % 6 = 0;
END
# A desk that finds nobody goes on asking; who comes is spread over the queues, the classes and the time.
$errors = run_clients($node, '', (map {
	my $doctor = doctor(1 + $_ % 4);
	"select call('$doctor', $_);\n" x 80;
} 1 .. 12), map {
	my $client = $_;
	join '', map {
		my $patient = 600 + 40 * $client + $_;
		my $queue = $_ % 3 ? 'null' : "'@{[ doctor(1 + $_ % 4) ]}'";
		my $priority = 1 + $_ * 7 % 3;
		"select clinic.walk_in('@{[ patient($patient) ]}', '$visit', $queue, $priority);\n"
		  . "select clinic.recall(id) from clinic.queue_entry where number = @{[ 6 * ($_ + 25 * ($client - 1)) ]} and status = 'skipped' and $_ <= 25;\n";
	} 1 .. 40;
} 1 .. 4);
is_deeply(failures($errors), {}, 'no desk meets an error while patients come');
one("select call('@{[ doctor($_) ]}', 0) from generate_series(1, 400)") for 1 .. 4;
is(one('select count(*) || \' \' || count(distinct c.entry_id) from called c'), '760 760', 'everybody is called once, whoever comes and is recalled meanwhile included');
is(one(<<"END"), '0', 'nobody is called before somebody who was there already, due earlier, and whom nobody was calling');
select count(*)
from called a
join clinic.queue_entry x on x.id = a.entry_id
join called b on pg_visible_in_snapshot(a.by_transaction, b.seen)
join clinic.queue_entry y on y.id = b.entry_id
where (y.due_at, y.id) < (x.due_at, x.id)
  and pg_visible_in_snapshot(y.placed_by, a.seen)
  and y.queue_id in (x.provider_id, '$visit')
END
is(one(<<"END"), 't', 'some of whom were called before others who had waited longer');
select count(*) > 10
from clinic.queue_entry x, clinic.queue_entry y
where x.placed_by > y.placed_by and (x.due_at, x.id) < (y.due_at, y.id) and x.called_at < y.called_at
END

# What a call reads does not grow with those who were called before, although a report keeps their
# rows from being cleared away.
one('delete from clinic.queue_entry');
one('delete from clinic.appointment');
one(<<"END");
insert into clinic.appointment (id, patient_id, service_id, starts_at, mode, status)
select ('b2000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, ('@{[ PATIENT ]}' || lpad(n::text, 12, '0'))::uuid, '$visit', now(), 'walk_in', 'arrived'
from generate_series(1, 1500) n;
select clinic.lock_for_import();
insert into clinic.queue_entry (appointment_id, arrived_at)
select a.id, now() - ((n * 7919) % 10800) * interval '1 second'
from (select a.id, row_number() over (order by a.id) as n from clinic.appointment a) a;
END
one('vacuum clinic.queue_entry, clinic.appointment');
my ($question, $answer) = ("begin isolation level repeatable read;\nselect count(*) from clinic.queue_entry;\n", '');
my $report = IPC::Run::start([ 'psql', '-X', '-q', '-At', '-d', $node->connstr('postgres') ], '<', \$question, '>', \$answer);
$report->pump until $answer =~ /1500/;
my $buffers = one(<<"END");
create temp table read (n int, buffers int);
do \$\$
declare
  plan json;
begin
  for n in 1 .. 1200 loop
    execute 'explain (analyze, buffers, timing off, summary off, format json) select from clinic.call_next(''@{[ doctor(2) ]}'', ''2'')' into plan;
    commit;
    insert into read values (n, (plan -> 0 -> 'Plan' ->> 'Shared Hit Blocks')::int + (plan -> 0 -> 'Plan' ->> 'Shared Read Blocks')::int);
    commit;
  end loop;
end \$\$;
select (percentile_cont(0.5) within group (order by buffers) filter (where n between 100 and 199))::int || ' '
  || (percentile_cont(0.5) within group (order by buffers) filter (where n > 1100))::int
from read;
END
my ($first, $last) = split / /, $buffers;
note "a call reads $first pages after a hundred calls and $last after a thousand";
cmp_ok($last, '<', $first + 50, 'a call reads no more after a thousand others');
$report->finish;

# A day simulated: three providers, visits of 20 minutes at 90% of what they can do, and two of five
# patients urgent, all day long. The bound of doc/queue.md is a class's target, and one visit, and the
# most by which the visits due in some stretch of time exceed what the providers can do in it. That
# follows from the arrivals alone.
one('delete from called');
one('delete from clinic.queue_entry');
one('delete from clinic.appointment');
my ($providers, $length, $minutes) = (3, 20, 600);
srand 20270315;
my @arrivals;
for my $minute (0 .. $minutes - 1)
{
	next unless rand() < 0.9 * $providers / $length;
	my $dice = rand;
	push @arrivals, { at => $minute, class => $dice < 0.4 ? 1 : $dice < 0.7 ? 2 : 3 };
}
my %target = (1 => 0, 2 => 10, 3 => 60);
$_->{due} = $_->{at} + $target{ $_->{class} } for @arrivals;

my $bound = 0;
my @by_due = sort { $a->{due} <=> $b->{due} } @arrivals;
for my $from (0 .. $#by_due)
{
	my $demand = 0;
	for my $to ($from .. $#by_due)
	{
		$demand += $length;
		my $over = $demand / $providers - ($by_due[$to]{due} - $by_due[$from]{due});
		$bound = max($bound, $over);
	}
}
$bound += $length;

my $base = one("select date_trunc('day', now()) - interval '2 days' + interval '8 hours'");
one("update clinic.clinic set timezone = 'UTC'");
my $script = '';
my $n = 0;
for my $arrival (@arrivals)
{
	$n++;
	my $id = sprintf "a1a1a1a1-0000-4000-8000-%012d", $n;
	$script .= "insert into clinic.appointment (id, patient_id, service_id, starts_at, mode, status) values ('$id', '@{[ patient($n) ]}', '$visit', '$base'::timestamptz + interval '$arrival->{at} minutes', 'walk_in', 'arrived');\n"
	  . "insert into clinic.queue_entry (id, appointment_id, priority, arrived_at) values ('$id', '$id', $arrival->{class}, '$base'::timestamptz + interval '$arrival->{at} minutes');\n";
}
# The clock of the simulation is the client's: at each minute whoever has arrived is inserted, and
# whoever is free calls.
my @free = (0) x $providers;
my %waited;
my $called = 0;
my @inserts = split /(?<=;\n)(?=insert into clinic.appointment)/, $script;
my ($commands, $answers) = ('', '');
my $desk = IPC::Run::start([ 'psql', '-X', '-q', '-At', '-d', $node->connstr('postgres') ], '<', \$commands, '>', \$answers);
sub desk_does
{
	my ($sql) = @_;
	$answers = '';
	$commands .= "$sql\n\\echo done\n";
	$desk->pump until $answers =~ /^done$/m;
	return $answers =~ s/^done\n//mr;
}
my $next = 0;
for (my $minute = 0; $called < @arrivals; $minute++)
{
	my $sql = '';
	while ($next < @arrivals && $arrivals[$next]{at} <= $minute)
	{
		$sql .= $inserts[ $next++ ];
	}
	desk_does($sql) if $sql;
	for my $i (0 .. $providers - 1)
	{
		next if $free[$i] > $minute || $called == $next;
		my $id = desk_does("select id from clinic.call_next('@{[ doctor($i + 2) ]}');");
		last unless $id =~ /(\d+)$/m;
		my $arrival = $arrivals[ $1 - 1 ];
		$called++;
		$free[$i] = $minute + $length;
		my $wait = $minute - $arrival->{at};
		$waited{ $arrival->{class} } = max($waited{ $arrival->{class} } // 0, $wait);
	}
}
$desk->finish;
note sprintf 'a day of %d patients: bound beyond the target %.0f minutes; longest waits %s', scalar @arrivals, $bound,
  join ', ', map { "class $_: $waited{$_} of " . ($target{$_} + $bound) } sort keys %waited;
is(scalar @arrivals, $called, 'everybody of the day is called');
cmp_ok($waited{$_}, '<=', $target{$_} + $bound, "nobody of class $_ waits longer than the bound") for 1 .. 3;
cmp_ok($waited{3} - $target{3}, '>', 0, 'on a day on which somebody of the last class is overdue');

is_sound($node, 'in the end');
$node->stop;
done_testing();
