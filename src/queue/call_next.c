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
#define IN_ORDER " order by e.due_at, e.number, e.id"
#define TURN "(e.due_at, e.number, e.id)"

/* As another desk's call that is not committed yet does not show, a head may be called already. */
static SavedQuery find_heads = {
	.sql = "select w.queue_id, w.due_at, w.number, w.id from pg_catalog.unnest($2) q (id)"
		   " cross join lateral (select e.queue_id, e.due_at, e.number, e.id"
		   " from clinic.queue_entry e" IS_WAITING_IN("q.id") IN_ORDER " limit 1) w",
	QUERY_PARAMETERS(UUIDOID, UUIDARRAYOID),
	.snapshot = SNAPSHOT_WRITE,
};

static SavedQuery find_head_after = {
	.sql = "select e.queue_id, e.due_at, e.number, e.id from clinic.queue_entry e" IS_WAITING_IN(
		"$2") " and " TURN GT "($3, $4, $5)" IN_ORDER,
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TIMESTAMPTZOID, INT4OID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
};

static SavedQuery lock_first = {
	.sql = "select e.id, e.due_at, e.number, e.appointment_id,"
		   " e.mode" EQ "'walk_in'::clinic.visit_mode from clinic.queue_entry e" IS_WAITING_IN(
			   "$2") " and " TURN GE "($3, $4, $5) and " TURN LE "($6, $7, $8)" IN_ORDER
					 " limit 1 for no key update skip locked",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TIMESTAMPTZOID, INT4OID, UUIDOID, TIMESTAMPTZOID, INT4OID,
					 UUIDOID),
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

static SavedQuery update_called = {
	.sql = "update clinic.queue_entry e set status = 'called', called_at = $5, provider_id = $3,"
		   " desk = coalesce($4, (select p.desk from clinic.provider_presence p"
		   " where p.clinic_id" EQ "$1 and p.provider_id" EQ "$3)) where e.clinic_id" EQ
		   "$1 and e.id" EQ "$2 returning e",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, UUIDOID, TEXTOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_WRITE,
};

/* A place in the order of turns. */
typedef struct Turn
{
	TimestampTz due_at;
	int32 number;
	pg_uuid_t id;
} Turn;

/* A queue, and the first turn in it that may be had. */
typedef struct QueueHead
{
	pg_uuid_t queue;
	Turn turn;
} QueueHead;

typedef struct LockedEntry
{
	Turn turn;
	pg_uuid_t visit;
	bool is_walk_in;
} LockedEntry;

static const Turn last_turn = {DT_NOEND,
							   PG_INT32_MAX,
							   {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
								 0xff, 0xff, 0xff, 0xff, 0xff}}};

static int
compare_turns(const Turn *a, const Turn *b)
{
	if (a->due_at != b->due_at)
		return a->due_at < b->due_at ? -1 : 1;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return memcmp(&a->id, &b->id, UUID_LEN);
}

static QueueHead
read_head(uint64 row)
{
	QueueHead head = {*query_uuid(row, 1),
					  {query_timestamptz(row, 2, 0), query_int32(row, 3, 0), *query_uuid(row, 4)}};

	return head;
}

/* The heads of the provider's queues that are not empty; how many. */
static int
read_heads(const pg_uuid_t *clinic, const pg_uuid_t *provider, QueueHead **heads)
{
	pg_uuid_t *queues;
	int nqueues = configured_offers(clinic, provider, &queues);
	Datum values[2] = {UUIDPGetDatum(clinic), 0};
	int count;

	queues[nqueues++] = *provider;
	values[1] = uuid_array(queues, nqueues);
	count = (int) query_run(&find_heads, values, NULL, 0);
	*heads = palloc(sizeof(QueueHead) * Max(count, 1));
	for (int i = 0; i < count; i++)
		(*heads)[i] = read_head(i);
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

static bool
lock_entry_of(const pg_uuid_t *clinic, const QueueHead *head, const Turn *until,
			  LockedEntry *locked)
{
	Datum values[] = {UUIDPGetDatum(clinic),
					  UUIDPGetDatum(&head->queue),
					  TimestampTzGetDatum(head->turn.due_at),
					  Int32GetDatum(head->turn.number),
					  UUIDPGetDatum(&head->turn.id),
					  TimestampTzGetDatum(until->due_at),
					  Int32GetDatum(until->number),
					  UUIDPGetDatum(&until->id)};

	if (query_run(&lock_first, values, NULL, 1) == 0)
		return false;
	locked->turn.id = *query_uuid(0, 1);
	locked->turn.due_at = query_timestamptz(0, 2, 0);
	locked->turn.number = query_int32(0, 3, 0);
	locked->visit = *query_uuid(0, 4);
	locked->is_walk_in = query_bool(0, 5);
	return true;
}

/* Go on behind that turn; false if the queue ends there. */
static bool
advance(const pg_uuid_t *clinic, QueueHead *head, const Turn *behind)
{
	Datum values[] = {UUIDPGetDatum(clinic), UUIDPGetDatum(&head->queue),
					  TimestampTzGetDatum(behind->due_at), Int32GetDatum(behind->number),
					  UUIDPGetDatum(&behind->id)};

	if (query_run(&find_head_after, values, NULL, 1) == 0)
		return false;
	*head = read_head(0);
	return true;
}

/* Make the provider that of the walk-in's visit; false if somebody is changing it. */
static bool
take_visit(const pg_uuid_t *clinic, const pg_uuid_t *provider, const LockedEntry *entry)
{
	Datum values[] = {UUIDPGetDatum(clinic), UUIDPGetDatum(&entry->visit), UUIDPGetDatum(provider)};

	return !entry->is_walk_in || query_run(&set_provider, values, NULL, 0) > 0;
}

/* Lock the next patient's entry; false if nobody waits whom no other desk is calling. */
static bool
lock_next(const pg_uuid_t *clinic, const pg_uuid_t *provider, LockedEntry *entry)
{
	QueueHead *heads;
	int count = read_heads(clinic, provider, &heads);

	while (count > 0)
	{
		const Turn *until = earliest_first(heads, count);
		bool locked = lock_entry_of(clinic, &heads[0], until, entry);

		CHECK_FOR_INTERRUPTS();
		if (locked && take_visit(clinic, provider, entry))
			return true;
		if (!advance(clinic, &heads[0], locked ? &entry->turn : until))
			heads[0] = heads[--count];
	}
	return false;
}

Datum
call_next(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *provider;
	const pg_uuid_t *clinic;
	ResourceConfiguration configuration;
	LockedEntry next;

	if (PG_ARGISNULL(0))
		refuse_null("provider_id");
	if (PG_ARGISNULL(2))
		refuse_null("clinic_id");
	provider = PG_GETARG_UUID_P(0);
	clinic = PG_GETARG_UUID_P(2);
	materialize_result(fcinfo);
	query_begin();
	refuse_unless_staff(clinic);
	/* Before any row: to change a walk-in's visit takes it. */
	lock_clinic(clinic, LOCK_SHARED, LOCK_WAIT);
	if (!configured_resource(clinic, provider, &configuration) || !configuration.is_provider)
		refuse(REASON_NOT_FOUND, "there is no such provider in this clinic", NULL, NULL);
	if (lock_next(clinic, provider, &next))
	{
		Datum values[] = {UUIDPGetDatum(clinic), UUIDPGetDatum(&next.turn.id),
						  UUIDPGetDatum(provider), PG_GETARG_DATUM(1),
						  TimestampTzGetDatum(GetCurrentTransactionStartTimestamp())};
		bool nulls[] = {false, false, false, PG_ARGISNULL(1), false};

		query_run_one(&update_called, values, nulls);
		put_composite(query_copy_composite(0, 1), (ReturnSetInfo *) fcinfo->resultinfo);
	}
	query_end();
	return (Datum) 0;
}
