/*
 * call_next.c
 *		clinic.call_next(): the next patient, of the provider's own queue and of the
 *		pools of all services the provider offers.
 *
 * Each queue is an index in the order of turns.  First the heads of all are
 * looked at, an index probe each; then the earliest is locked, passing over
 * those that other desks have locked, up to the head of the queue that comes
 * next.  So no two desks get the same patient, none waits for another, and what
 * a desk gets is the earliest that no other desk is calling.
 *
 * The head of a busy queue is costly to find: before it lies whom everybody has
 * called a moment ago.  The queue that this session called from last is likely
 * to be one, so its head is not looked at: it is taken to be earlier than all,
 * and the search for what can be locked finds where the queue does begin.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "clinic/configuration.h"
#include "compat.h"
#include "errors.h"
#include "fmgr.h"
#include "lock.h"
#include "miscadmin.h"
#include "query.h"
#include "queue/entry.h"

PG_FUNCTION_INFO_V1(call_next);

#define IS_WAITING_IN(queue) \
	" where e.clinic_id" EQ "$1 and e.queue_id" EQ queue " and " ENTRY_IS_WAITING
#define IN_ORDER " order by e.due_at, e.id"

/* As another desk's call that is not committed yet does not show, a head may be called already. */
static SavedQuery find_heads = {
	.sql = "select w.queue_id, w.due_at, w.id from pg_catalog.unnest($2) q (id)"
		   " cross join lateral (select e.queue_id, e.due_at, e.id"
		   " from clinic.queue_entry e" IS_WAITING_IN("q.id") IN_ORDER " limit 1) w",
	QUERY_PARAMETERS(UUIDOID, UUIDARRAYOID),
	.snapshot = SNAPSHOT_STATEMENT,
};

static SavedQuery find_head_after = {
	.sql = "select e.queue_id, e.due_at, e.id from clinic.queue_entry e" IS_WAITING_IN(
		"$2") " and (e.due_at, e.id)" GT "($3, $4)" IN_ORDER,
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TIMESTAMPTZOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
};

/*
 * Call the first of a queue whom no other desk is calling, as a bare UPDATE … SKIP
 * LOCKED does.
 */
#define CALL_FIRST(bounds) \
	"update clinic.queue_entry e set status = 'called', called_at = $5, provider_id = $3," \
	" desk = coalesce($4, (select p.desk from clinic.provider_presence p" \
	" where p.clinic_id" EQ "$1 and p.provider_id" EQ "$3)) where e.clinic_id" EQ "$1 and e.id" EQ \
	"(select w.id from clinic.queue_entry w where w.clinic_id" EQ "$1 and w.queue_id" EQ \
	"$2 and w.status" EQ "'waiting'::clinic.queue_status" bounds \
	" order by w.due_at, w.id limit 1 for no key update skip locked)" \
	" returning e, e.due_at, e.id, e.appointment_id, e.mode" EQ "'walk_in'::clinic.visit_mode"

static SavedQuery call_first = {
	.sql = CALL_FIRST(""),
	QUERY_PARAMETERS(UUIDOID, UUIDOID, UUIDOID, TEXTOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_WRITE,
};

/*
 * The first from one turn to another.  Where they are equally due is not for the
 * index to tell: to compare rows at every entry of a page would cost more than
 * all the rest.
 */
static SavedQuery call_first_between = {
	.sql = CALL_FIRST(" and w.due_at" GE "$6 and w.due_at" LE "$8 and (w.due_at" GT "$6 or w.id" GE
					  "$7) and (w.due_at" LT "$8 or w.id" LE "$9)"),
	QUERY_PARAMETERS(UUIDOID, UUIDOID, UUIDOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, UUIDOID,
					 TIMESTAMPTZOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
};

/* A walk-in is whoever's calls it.  Who is changing the visit has its row, and would need ours. */
static SavedQuery set_provider = {
	.sql = "update clinic.appointment a set provider_id = $3 where a.clinic_id" EQ "$1 and a.id" EQ
		   "(select v.id from clinic.appointment v where v.clinic_id" EQ "$1 and v.id" EQ
		   "$2 for no key update skip locked)",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
};

static SavedQuery take_back = {
	.sql = "update clinic.queue_entry e set status = 'waiting' where e.clinic_id" EQ
		   "$1 and e.id" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
};

/* A place in the order of turns. */
typedef struct Turn
{
	TimestampTz due_at;
	pg_uuid_t id;
} Turn;

/* A queue, and the first turn in it that may be had. */
typedef struct QueueHead
{
	pg_uuid_t queue;
	Turn turn;
} QueueHead;

/* Who calls, and to where. */
typedef struct Caller
{
	const pg_uuid_t *clinic;
	const pg_uuid_t *provider;
	NullableDatum desk;
} Caller;

typedef struct CalledEntry
{
	Datum row; /* as it is returned */
	Turn turn;
	pg_uuid_t visit;
	bool is_walk_in;
} CalledEntry;

static const Turn first_turn = {DT_NOBEGIN, {{0}}};
static const Turn last_turn = {DT_NOEND,
							   {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
								 0xff, 0xff, 0xff, 0xff, 0xff}}};

/* The queue that was called from last; whether it still exists does not matter. */
static pg_uuid_t last_queue;

static int
compare_turns(const Turn *a, const Turn *b)
{
	if (a->due_at != b->due_at)
		return a->due_at < b->due_at ? -1 : 1;
	return memcmp(&a->id, &b->id, UUID_LEN);
}

static QueueHead
read_head(uint64 row)
{
	QueueHead head = {*query_uuid(row, 1), {query_timestamptz(row, 2, 0), *query_uuid(row, 3)}};

	return head;
}

/* The heads of the provider's queues, without those that are known to be empty; how many. */
static int
read_heads(const pg_uuid_t *clinic, const pg_uuid_t *provider, QueueHead **heads)
{
	pg_uuid_t *queues;
	int nqueues = configured_offers(clinic, provider, &queues);
	Datum values[2] = {UUIDPGetDatum(clinic), 0};
	int count = 0;
	int nread;

	queues[nqueues++] = *provider;
	*heads = palloc(sizeof(QueueHead) * nqueues);
	for (int i = 0; i < nqueues; i++)
		if (memcmp(&queues[i], &last_queue, UUID_LEN) == 0)
		{
			(*heads)[count++] = (QueueHead){queues[i], first_turn};
			queues[i] = queues[--nqueues];
			break;
		}
	values[1] = uuid_array(queues, nqueues);
	nread = (int) query_run(&find_heads, values, NULL, 0);
	for (int i = 0; i < nread; i++)
		(*heads)[count++] = read_head(i);
	return count;
}

/* Put the earliest head first, and return what its queue is to be searched up to: the next. */
static const Turn *
earliest_first(QueueHead *heads, int count)
{
	int next = 1;

	for (int i = 1; i < count; i++)
		if (compare_turns(&heads[i].turn, &heads[0].turn) < 0)
		{
			QueueHead first = heads[i];

			heads[i] = heads[0];
			heads[0] = first;
		}
	for (int i = 2; i < count; i++)
		if (compare_turns(&heads[i].turn, &heads[next].turn) < 0)
			next = i;
	return count > 1 ? &heads[next].turn : &last_turn;
}

/* Call the first of the queue, from its head on up to a turn; false if all there are being called. */
static bool
call_between(const Caller *caller, const QueueHead *head, const Turn *until, CalledEntry *called)
{
	Datum values[] = {UUIDPGetDatum(caller->clinic),
					  UUIDPGetDatum(&head->queue),
					  UUIDPGetDatum(caller->provider),
					  caller->desk.value,
					  TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()),
					  TimestampTzGetDatum(head->turn.due_at),
					  UUIDPGetDatum(&head->turn.id),
					  TimestampTzGetDatum(until->due_at),
					  UUIDPGetDatum(&until->id)};
	bool nulls[lengthof(values)] = {[3] = caller->desk.isnull};
	bool unbounded =
		compare_turns(&head->turn, &first_turn) == 0 && compare_turns(until, &last_turn) == 0;
	bool isnull;

	if (query_run(unbounded ? &call_first : &call_first_between, values, nulls, 0) == 0)
		return false;
	called->row = query_datum(0, 1, &isnull);
	called->turn.due_at = query_timestamptz(0, 2, 0);
	called->turn.id = *query_uuid(0, 3);
	called->visit = *query_uuid(0, 4);
	called->is_walk_in = query_bool(0, 5);
	return true;
}

/* Go on behind that turn; false if the queue ends there. */
static bool
advance(const pg_uuid_t *clinic, QueueHead *head, const Turn *behind)
{
	Datum values[] = {UUIDPGetDatum(clinic), UUIDPGetDatum(&head->queue),
					  TimestampTzGetDatum(behind->due_at), UUIDPGetDatum(&behind->id)};

	if (query_run(&find_head_after, values, NULL, 1) == 0)
		return false;
	*head = read_head(0);
	return true;
}

/*
 * Make the provider that of a walk-in's visit; if somebody is changing that, the
 * patient waits on, and it is false.
 */
static bool
take_visit(const Caller *caller, const CalledEntry *called)
{
	Datum visit[] = {UUIDPGetDatum(caller->clinic), UUIDPGetDatum(&called->visit),
					 UUIDPGetDatum(caller->provider)};
	Datum entry[] = {UUIDPGetDatum(caller->clinic), UUIDPGetDatum(&called->turn.id)};

	if (!called->is_walk_in || query_run(&set_provider, visit, NULL, 0) > 0)
		return true;
	(void) query_run(&take_back, entry, NULL, 0);
	return false;
}

/* Call the next patient; false if nobody waits whom no other desk is calling. */
static bool
call(const Caller *caller, CalledEntry *called)
{
	QueueHead *heads;
	int count = read_heads(caller->clinic, caller->provider, &heads);

	while (count > 0)
	{
		const Turn *until = earliest_first(heads, count);
		bool found = call_between(caller, &heads[0], until, called);

		CHECK_FOR_INTERRUPTS();
		if (found && take_visit(caller, called))
		{
			last_queue = heads[0].queue;
			return true;
		}
		if (!advance(caller->clinic, &heads[0], found ? &called->turn : until))
			heads[0] = heads[--count];
	}
	return false;
}

Datum
call_next(PG_FUNCTION_ARGS)
{
	Caller caller = {.desk = {PG_GETARG_DATUM(1), PG_ARGISNULL(1)}};
	ResourceConfiguration provider;
	CalledEntry called;

	if (PG_ARGISNULL(0))
		refuse_null("provider_id");
	if (PG_ARGISNULL(2))
		refuse_null("clinic_id");
	caller.provider = PG_GETARG_UUID_P(0);
	caller.clinic = PG_GETARG_UUID_P(2);
	materialize_result(fcinfo);
	query_begin();
	refuse_unless_staff(caller.clinic);
	/* Before any row: to change a walk-in's visit takes it. */
	lock_clinic(caller.clinic, LOCK_SHARED, LOCK_WAIT);
	if (!configured_resource(caller.clinic, caller.provider, &provider) || !provider.is_provider)
		refuse(REASON_NOT_FOUND, "there is no such provider in this clinic", NULL, NULL);
	if (call(&caller, &called))
		put_composite(called.row, (ReturnSetInfo *) fcinfo->resultinfo);
	query_end();
	return (Datum) 0;
}
