/*
 * call_next.c
 *		clinic.call_next(): the next patient, of the provider's own queue and of the
 *		pools of all services the provider offers.
 *
 * Each queue is an index in the order of turns.  What is known of the heads of
 * all (heads.c) tells which is to be searched first, and up to where: the head of
 * the queue that comes next.  There the earliest is locked, passing over those
 * that other desks have locked.  So no two desks get the same patient, none waits
 * for another, and what a desk gets is the earliest that no other desk is
 * calling.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "clinic/configuration.h"
#include "compat.h"
#include "errors.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "lock.h"
#include "miscadmin.h"
#include "query.h"
#include "queue/entry.h"
#include "queue/heads.h"

PG_FUNCTION_INFO_V1(call_next);

static SavedQuery find_head_after = {
	.sql = "select e.due_at, e.id from clinic.queue_entry e where e.clinic_id" EQ
		   "$1 and e.queue_id" EQ "$2 and " ENTRY_IS_WAITING " and (e.due_at, e.id)" GT
		   "($3, $4) order by e.due_at, e.id",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TIMESTAMPTZOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
};

static SavedQuery find_desk = {
	.sql = "select p.desk from clinic.provider_presence p where p.clinic_id" EQ
		   "$1 and p.provider_id" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
};

/*
 * Call the first of a queue, from a turn on, whom no other desk is calling, as a
 * bare UPDATE … SKIP LOCKED does.  Where the row is that was locked is known by
 * then, so that it need not be looked for again.
 */
#define CALL_FIRST(row, bounds) \
	"update clinic.queue_entry e set status = 'called', called_at = $5, provider_id = $3," \
	" desk = $4 where e.clinic_id" EQ "$1 and (" row("e") ")" EQ "(select " row( \
		"w") " from clinic.queue_entry w where w.clinic_id" EQ "$1 and w.queue_id" EQ \
			 "$2 and w.status" EQ "'waiting'::clinic.queue_status and w.due_at" GE "$6" bounds \
			 " order by w.due_at, w.id limit 1 for no key update skip locked) returning e"
#define BY_PLACE(entry) entry ".ctid, " entry ".id"
#define BY_ID(entry) entry ".id"

/* To be called from one turn to another; or from a turn before which nobody waits, who is due as early. */
#define WHOLE ""
#define BETWEEN \
	" and w.due_at" LE "$8 and (w.due_at" GT "$6 or w.id" GE "$7) and (w.due_at" LT \
	"$8 or w.id" LE "$9)"

#define CALL(row, bounds) \
	{ \
		.sql = CALL_FIRST(row, bounds), \
		QUERY_PARAMETERS(UUIDOID, UUIDOID, UUIDOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, \
						 UUIDOID, TIMESTAMPTZOID, UUIDOID), \
		.snapshot = SNAPSHOT_WRITE, \
	}

/*
 * Where entries are equally due is not for the index to tell: to compare rows at
 * every entry of a page would cost more than all the rest.
 */
static SavedQuery call_first = CALL(BY_PLACE, WHOLE);
static SavedQuery call_first_between = CALL(BY_PLACE, BETWEEN);

/* Where somebody has just changed the row: it is not where the statement sees it. */
static SavedQuery call_changed_between = CALL(BY_ID, BETWEEN);

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
	bool is_walk_in;
	Turn turn; /* of a walk-in, as its visit */
	pg_uuid_t visit;
} CalledEntry;

/* The heads of the provider's queues; how many. */
static int
heads_of_provider(const Caller *caller, QueueHead **heads)
{
	pg_uuid_t *queues;
	int nqueues = configured_offers(caller->clinic, caller->provider, &queues);

	queues[nqueues++] = *caller->provider;
	*heads = palloc(sizeof(QueueHead) * nqueues);
	return queue_heads(caller->clinic, queues, nqueues, *heads);
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

static Datum
value_of_entry(Datum entry, const char *column)
{
	bool isnull;

	return GetAttributeByName(DatumGetHeapTupleHeader(entry), column, &isnull);
}

static void
read_called(CalledEntry *called)
{
	bool isnull;

	called->row = query_datum(0, 1, &isnull);
	called->is_walk_in =
		mode_from_oid(DatumGetObjectId(value_of_entry(called->row, "mode"))) == MODE_WALK_IN;
	if (!called->is_walk_in)
		return;
	called->turn.due_at = DatumGetTimestampTz(value_of_entry(called->row, "due_at"));
	called->turn.id = *DatumGetUUIDP(value_of_entry(called->row, "id"));
	called->visit = *DatumGetUUIDP(value_of_entry(called->row, "appointment_id"));
}

/*
 * Call the first of the queue, from its head, before which nobody waits, or some
 * have been passed over, up to a turn; false if all there are being called.
 */
static bool
call_between(const Caller *caller, const QueueHead *head, bool passed, const Turn *until,
			 CalledEntry *called)
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
	bool whole = !passed && compare_turns(until, &last_turn) == 0;

	/* To lock a row takes a transaction id: without one none was. */
	if (query_run(whole ? &call_first : &call_first_between, values, nulls, 0) == 0 &&
		(!TransactionIdIsValid(GetTopTransactionIdIfAny()) ||
		 query_run(&call_changed_between, values, nulls, 0) == 0))
		return false;
	read_called(called);
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
	head->turn.due_at = query_timestamptz(0, 1, 0);
	head->turn.id = *query_uuid(0, 2);
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
	int count = heads_of_provider(caller, &heads);
	bool passed = false;

	while (count > 0)
	{
		const Turn *until = earliest_first(heads, count);
		bool found = call_between(caller, &heads[0], passed, until, called);

		CHECK_FOR_INTERRUPTS();
		if (found && take_visit(caller, called))
		{
			queue_head_called(&heads[0].queue);
			return true;
		}
		queue_head_deserted(&heads[0].queue);
		passed = true;
		if (!advance(caller->clinic, &heads[0], found ? &called->turn : until))
			heads[0] = heads[--count];
	}
	return false;
}

/* Where the provider is, if that is known. */
static NullableDatum
usual_desk(const Caller *caller)
{
	Datum values[] = {UUIDPGetDatum(caller->clinic), UUIDPGetDatum(caller->provider)};
	NullableDatum desk = {.isnull = true};

	if (query_run(&find_desk, values, NULL, 1) > 0)
		desk.value = query_datum(0, 1, &desk.isnull);
	return desk;
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
	if (caller.desk.isnull)
		caller.desk = usual_desk(&caller);
	if (call(&caller, &called))
		put_composite(called.row, (ReturnSetInfo *) fcinfo->resultinfo);
	query_end();
	return (Datum) 0;
}
