/*
 * heads.c
 *		Where the queues of a clinic begin, as this session knows it.
 *
 * The head of a busy queue is costly to find: before it the index has whoever
 * was called since the last VACUUM, and while some old snapshot lives the rows
 * of all those must be looked at, too.  So a session keeps what it has once
 * found, and asks what has come since then.
 *
 * What it keeps of a queue is a turn before which nobody waits, of those who
 * were put there by transactions before a certain one: the first that was not
 * over when the session looked.  Those who are called make that no less true, and
 * whoever waits anew, or earlier, has been put there by a later transaction
 * (column placed_by, which the trigger of queue_entry sets) and is found by that;
 * an index has those who wait in that order.  So one probe tells all that is new
 * in a clinic, however many queues are asked for.
 *
 * A transaction that has written sees what others may never: from then on until
 * it ends it learns nothing but earlier turns.  Nor does it once it has learnt, for
 * what it looks with later may be older, as the snapshot of a cursor is.
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "compat.h"
#include "query.h"
#include "queue/entry.h"
#include "queue/heads.h"
#include "utils/hsearch.h"
#include "utils/snapmgr.h"

/* So many are called from a head, by this session, before it is looked for again. */
#define CALLS_FROM_HEAD 8

/*
 * Nothing is kept for longer, so that rows which were put there past the trigger,
 * by a replica or a restore, are not overlooked for longer either.
 */
#define KEPT_FOR USECS_PER_MINUTE

#define MAX_KNOWN 1000

/* When so many have come, or a long transaction brings them up again and again, all is read anew. */
#define MAX_PLACED 100

/*
 * Who waits because of a transaction that was not over when the session last looked
 * ($2).  To the planner a range with two ends is narrow; $3 is the end of all.
 */
static SavedQuery find_placed = {
	.sql = "select e.queue_id, e.due_at, e.id from clinic.queue_entry e where e.clinic_id" EQ
		   "$1 and e.placed_by" GE "$2 and e.placed_by" LE "$3 and " ENTRY_IS_WAITING,
	QUERY_PARAMETERS(UUIDOID, XID8OID, XID8OID),
	.snapshot = SNAPSHOT_STATEMENT,
	.as_owner = true,
};

/* As another desk's call that is not committed yet does not show, a head may be called already. */
static SavedQuery find_heads = {
	.sql = "select w.queue_id, w.due_at, w.id"
		   " from rows from (pg_catalog.unnest($2), pg_catalog.unnest($3)) q (id, from_due)"
		   " cross join lateral (select e.queue_id, e.due_at, e.id from clinic.queue_entry e"
		   " where e.clinic_id" EQ "$1 and e.queue_id" EQ "q.id and e.due_at" GE
		   "q.from_due and " ENTRY_IS_WAITING " order by e.due_at, e.id limit 1) w",
	QUERY_PARAMETERS(UUIDOID, UUIDARRAYOID, TIMESTAMPTZARRAYOID),
	.snapshot = SNAPSHOT_STATEMENT,
	.as_owner = true,
};

typedef struct KnownQueue
{
	pg_uuid_t queue; /* the hash key */
	Turn head;		 /* last_turn: nobody waits */
	int calls;		 /* from there */
} KnownQueue;

static const Turn first_turn = {DT_NOBEGIN, {{0}}};
const Turn last_turn = {DT_NOEND,
						{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
						  0xff, 0xff, 0xff, 0xff}}};

/* What is known, of one clinic; NULL: nothing. */
static HTAB *known = NULL;
static pg_uuid_t known_clinic;
static TimestampTz known_since;

/* All transactions before this one were over when the session looked. */
static uint64 looked_before;

/* The transaction of the session that learnt that. */
static LocalTransactionId learnt_in;

int
compare_turns(const Turn *a, const Turn *b)
{
	if (a->due_at != b->due_at)
		return a->due_at < b->due_at ? -1 : 1;
	return memcmp(&a->id, &b->id, UUID_LEN);
}

/* The first transaction that was not over yet when the calling statement began. */
static uint64
first_unfinished(void)
{
	TransactionId xmin = GetActiveSnapshot()->xmin;
	FullTransactionId next = ReadNextFullTransactionId();
	uint64 epoch = EpochFromFullTransactionId(next);

	if (xmin > XidFromFullTransactionId(next))
		epoch--;
	return epoch << 32 | xmin;
}

static void
forget_heads(void)
{
	if (known)
		hash_destroy(known);
	known = NULL;
	looked_before = 0;
}

static KnownQueue *
find_known(const pg_uuid_t *queue)
{
	return known ? hash_search(known, queue, HASH_FIND, NULL) : NULL;
}

static void
keep_head(const pg_uuid_t *clinic, const QueueHead *head)
{
	KnownQueue *queue;

	if (known == NULL)
	{
		HASHCTL control = {.keysize = sizeof(pg_uuid_t), .entrysize = sizeof(KnownQueue)};

		known = hash_create("clinic_sched queue heads", 64, &control, HASH_ELEM | HASH_BLOBS);
		known_clinic = *clinic;
		known_since = GetCurrentStatementStartTimestamp();
	}
	queue = hash_search(known, &head->queue, HASH_ENTER, NULL);
	queue->head = head->turn;
	queue->calls = 0;
}

static QueueHead
read_head(uint64 row)
{
	QueueHead head = {*query_uuid(row, 1), {query_timestamptz(row, 2, 0), *query_uuid(row, 3)}};

	return head;
}

/* Let whoever has come since the session looked be where the queue begins, if earlier; false: too many. */
static bool
look_again(const pg_uuid_t *clinic)
{
	Datum values[] = {UUIDPGetDatum(clinic), UInt64GetDatum(looked_before),
					  UInt64GetDatum(PG_UINT64_MAX)};
	uint64 nplaced = query_run(&find_placed, values, NULL, MAX_PLACED);

	for (uint64 row = 0; row < nplaced; row++)
	{
		QueueHead placed = read_head(row);
		KnownQueue *queue = find_known(&placed.queue);

		if (queue && compare_turns(&placed.turn, &queue->head) < 0)
			queue->head = placed.turn;
	}
	return nplaced < MAX_PLACED;
}

/* Read where these queues begin, not before the turns in heads, into those; nobody waits: last_turn. */
static void
read_heads(const pg_uuid_t *clinic, QueueHead **heads, int nheads)
{
	pg_uuid_t *queues = palloc(sizeof(pg_uuid_t) * nheads);
	Datum *from = palloc(sizeof(Datum) * nheads);
	Datum values[3] = {UUIDPGetDatum(clinic)};
	uint64 nread;

	for (int i = 0; i < nheads; i++)
	{
		queues[i] = heads[i]->queue;
		from[i] = TimestampTzGetDatum(heads[i]->turn.due_at);
		heads[i]->turn = last_turn;
	}
	values[1] = uuid_array(queues, nheads);
	values[2] = timestamptz_array(from, nheads);
	nread = query_run(&find_heads, values, NULL, 0);
	for (uint64 row = 0; row < nread; row++)
	{
		QueueHead head = read_head(row);

		for (int i = 0; i < nheads; i++)
			if (memcmp(&heads[i]->queue, &head.queue, UUID_LEN) == 0)
				heads[i]->turn = head.turn;
	}
}

/* Put what is known into heads, and in unknown those of which that is not enough; how many. */
static int
recall_heads(const pg_uuid_t *queues, int nqueues, QueueHead *heads, QueueHead **unknown)
{
	int nunknown = 0;

	for (int i = 0; i < nqueues; i++)
	{
		const KnownQueue *queue = find_known(&queues[i]);

		heads[i].queue = queues[i];
		heads[i].turn = queue ? queue->head : first_turn;
		if (queue == NULL || queue->calls >= CALLS_FROM_HEAD)
			unknown[nunknown++] = &heads[i];
	}
	return nunknown;
}

/* Leave out the queues in which nobody waits; how many are left. */
static int
leave_out_empty(QueueHead *heads, int nheads)
{
	int count = 0;

	for (int i = 0; i < nheads; i++)
		if (compare_turns(&heads[i].turn, &last_turn) != 0)
			heads[count++] = heads[i];
	return count;
}

int
queue_heads(const pg_uuid_t *clinic, const pg_uuid_t *queues, int nqueues, QueueHead *heads)
{
	bool learns =
		!TransactionIdIsValid(GetTopTransactionIdIfAny()) && learnt_in != current_local_xid();
	QueueHead **unknown = palloc(sizeof(QueueHead *) * nqueues);
	int nunknown;

	if (known && (memcmp(clinic, &known_clinic, UUID_LEN) != 0 ||
				  GetCurrentStatementStartTimestamp() - known_since > KEPT_FOR ||
				  hash_get_num_entries(known) > MAX_KNOWN))
		forget_heads();
	if (known && !look_again(clinic))
		forget_heads();
	if (learns)
	{
		looked_before = Max(looked_before, first_unfinished());
		learnt_in = current_local_xid();
	}
	nunknown = recall_heads(queues, nqueues, heads, unknown);
	if (nunknown > 0)
	{
		read_heads(clinic, unknown, nunknown);
		for (int i = 0; learns && i < nunknown; i++)
			keep_head(clinic, unknown[i]);
	}
	return leave_out_empty(heads, nqueues);
}

void
queue_head_called(const pg_uuid_t *queue)
{
	KnownQueue *called = find_known(queue);

	if (called)
		called->calls++;
}

void
queue_head_deserted(const pg_uuid_t *queue)
{
	KnownQueue *deserted = find_known(queue);

	if (deserted)
		deserted->calls = CALLS_FROM_HEAD;
}
