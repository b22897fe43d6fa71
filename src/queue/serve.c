/*
 * serve.c
 *		What becomes of one who waits: recall, skip, transfer, start_visit,
 *		finish_visit and leave.
 *
 * The last three change the visit, which the entry follows (visit_follow.c), so
 * they lock the visit before the entry's row, in the order of lock.h.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "errors.h"
#include "fmgr.h"
#include "lock.h"
#include "query.h"
#include "queue/entry.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(recall);
PG_FUNCTION_INFO_V1(skip);
PG_FUNCTION_INFO_V1(transfer);
PG_FUNCTION_INFO_V1(start_visit);
PG_FUNCTION_INFO_V1(finish_visit);
PG_FUNCTION_INFO_V1(leave);

#define ENTRY_OF " where e.clinic_id" EQ "$1 and e.id" EQ "$2"
#define LOCKED_COLUMNS \
	"select e.status::pg_catalog.text, e.queue_id, e.due_at, e.provider_id" \
	" from clinic.queue_entry e" ENTRY_OF " for no key update"

static SavedQuery lock_entry_row = {
	.sql = LOCKED_COLUMNS,
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
};

static SavedQuery try_lock_entry_row = {
	.sql = LOCKED_COLUMNS " skip locked",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
};

static SavedQuery find_visit_of_entry = {
	.sql = "select e.appointment_id from clinic.queue_entry e" ENTRY_OF,
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
};

static SavedQuery get_entry = {
	.sql = "select e from clinic.queue_entry e" ENTRY_OF,
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
};

/* The turn of the last of the $5 who wait next behind that turn. */
static SavedQuery find_turn_behind = {
	.sql = "select x.due_at from (select e.due_at, e.id from clinic.queue_entry e"
		   " where e.clinic_id" EQ "$1 and e.queue_id" EQ "$2 and " ENTRY_IS_WAITING
		   " and (e.due_at, e.id)" GT "($3, $4)"
		   " order by e.due_at, e.id limit $5) x"
		   " order by x.due_at desc, x.id desc",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TIMESTAMPTZOID, UUIDOID, INT8OID),
	.snapshot = SNAPSHOT_WRITE,
};

static SavedQuery update_again = {
	.sql = "update clinic.queue_entry e set called_at = $3, desk = coalesce($4, e.desk)" ENTRY_OF
		   " returning e",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TIMESTAMPTZOID, TEXTOID),
	.snapshot = SNAPSHOT_WRITE,
};

static SavedQuery update_status = {
	.sql =
		"update clinic.queue_entry e set status = $3::clinic.queue_status" ENTRY_OF " returning e",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TEXTOID),
	.snapshot = SNAPSHOT_WRITE,
};

static SavedQuery update_turn = {
	.sql =
		"update clinic.queue_entry e set status = 'waiting', due_at = $3" ENTRY_OF " returning e",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_WRITE,
};

static SavedQuery update_queue = {
	.sql =
		"update clinic.queue_entry e set status = 'waiting', queue_id = $3" ENTRY_OF " returning e",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
};

/* A walk-in is whoever's sees it. */
static SavedQuery begin_visit = {
	.sql = "update clinic.appointment a set status = 'in_progress',"
		   " provider_id = case when a.mode" EQ "'walk_in'::clinic.visit_mode"
		   " then $3 else a.provider_id end where a.clinic_id" EQ "$1 and a.id" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
};

static SavedQuery complete_visit = {
	.sql = "update clinic.appointment a set status = 'completed' where a.clinic_id" EQ
		   "$1 and a.id" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
};

static SavedQuery miss_visit = {
	.sql = "update clinic.appointment a set status = 'no_show' where a.clinic_id" EQ
		   "$1 and a.id" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
};

/* Nobody missed a walk-in's visit: nobody expected it. */
static SavedQuery cancel_walk_in = {
	.sql = "update clinic.appointment a set status = 'cancelled', cancellation_reason = 'left'"
		   " where a.clinic_id" EQ "$1 and a.id" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
};

/* An entry, as of when its row was locked. */
typedef struct ServedEntry
{
	Datum key[2]; /* the clinic's id, and its own */
	QueueStatus status;
	pg_uuid_t queue;
	TimestampTz due_at;
	bool has_provider;
	pg_uuid_t provider;
} ServedEntry;

static _Noreturn void
refuse_unknown_entry(void)
{
	refuse(REASON_NOT_FOUND, "there is no such entry in the clinic's queues", NULL, NULL);
}

/* Put the clinic's and the entry's id, arguments clinic_argument and 0, into key; staff only. */
static void
read_key(FunctionCallInfo fcinfo, int clinic_argument, ServedEntry *entry)
{
	if (PG_ARGISNULL(0))
		refuse_null("entry_id");
	if (PG_ARGISNULL(clinic_argument))
		refuse_null("clinic_id");
	entry->key[0] = PG_GETARG_DATUM(clinic_argument);
	entry->key[1] = PG_GETARG_DATUM(0);
}

/* Lock the entry's row and read it. */
static void
lock_row(ServedEntry *entry)
{
	bool must_try = lock_rows_must_be_tried();
	const pg_uuid_t *provider;

	refuse_unless_staff(DatumGetUUIDP(entry->key[0]));
	if (query_run(must_try ? &try_lock_entry_row : &lock_entry_row, entry->key, NULL, 1) == 0)
	{
		if (must_try && query_run(&find_visit_of_entry, entry->key, NULL, 1) > 0)
			refuse_lock();
		refuse_unknown_entry();
	}
	entry->status = queue_status_from_name(query_text(0, 1));
	entry->queue = *query_uuid(0, 2);
	entry->due_at = query_timestamptz(0, 3, 0);
	provider = query_uuid(0, 4);
	entry->has_provider = provider != NULL;
	if (provider)
		entry->provider = *provider;
}

/* Run the update of a locked row. */
static Datum
update_row(SavedQuery *update, const Datum *values, const bool *nulls)
{
	if (query_run(update, values, nulls, 0) == 0)
		refuse_unknown_entry();
	return query_copy_composite(0, 1);
}

static _Noreturn void
refuse_status(const ServedEntry *entry, const char *what)
{
	refuse(REASON_INVALID_TRANSITION,
		   psprintf("a patient who is %s in the queue cannot be %s",
					queue_status_name(entry->status), what),
		   NULL, NULL);
}

/*
 * In the queue
 */

Datum
recall(PG_FUNCTION_ARGS)
{
	ServedEntry entry;
	Datum result;

	read_key(fcinfo, 2, &entry);
	query_begin();
	lock_row(&entry);
	if (entry.status == QUEUE_SKIPPED)
	{
		Datum values[] = {entry.key[0], entry.key[1],
						  CStringGetTextDatum(queue_status_name(QUEUE_WAITING))};

		result = update_row(&update_status, values, NULL);
	}
	else if (entry.status == QUEUE_CALLED)
	{
		Datum values[] = {entry.key[0], entry.key[1],
						  TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()),
						  PG_GETARG_DATUM(1)};
		bool nulls[] = {false, false, false, PG_ARGISNULL(1)};

		result = update_row(&update_again, values, nulls);
	}
	else
		refuse_status(&entry, "recalled");
	query_end();
	PG_RETURN_DATUM(result);
}

/* The turn right behind that many others, or behind all there are; its own if there are none. */
static TimestampTz
turn_behind(const ServedEntry *entry, int32 behind)
{
	Datum values[] = {entry->key[0], UUIDPGetDatum(&entry->queue),
					  TimestampTzGetDatum(entry->due_at), entry->key[1], Int64GetDatum(behind)};

	if (query_run(&find_turn_behind, values, NULL, 1) == 0)
		return entry->due_at;
	return query_timestamptz(0, 1, 0) + 1;
}

Datum
skip(PG_FUNCTION_ARGS)
{
	ServedEntry entry;
	Datum values[3];
	Datum result;

	read_key(fcinfo, 2, &entry);
	if (!PG_ARGISNULL(1) && PG_GETARG_INT32(1) < 1)
		refuse(REASON_INVALID_NUMBER, "a patient is put back behind one other at least", NULL,
			   "With behind null the patient is set aside.");
	query_begin();
	lock_row(&entry);
	if (entry.status != QUEUE_WAITING && entry.status != QUEUE_CALLED)
		refuse_status(&entry, "skipped");
	values[0] = entry.key[0];
	values[1] = entry.key[1];
	if (PG_ARGISNULL(1))
	{
		values[2] = CStringGetTextDatum(queue_status_name(QUEUE_SKIPPED));
		result = update_row(&update_status, values, NULL);
	}
	else
	{
		values[2] = TimestampTzGetDatum(turn_behind(&entry, PG_GETARG_INT32(1)));
		result = update_row(&update_turn, values, NULL);
	}
	query_end();
	PG_RETURN_DATUM(result);
}

Datum
transfer(PG_FUNCTION_ARGS)
{
	ServedEntry entry;
	Datum values[3];
	Datum result;

	read_key(fcinfo, 2, &entry);
	if (PG_ARGISNULL(1))
		refuse_null("queue_id");
	query_begin();
	lock_row(&entry);
	if (entry.status >= QUEUE_IN_SERVICE)
		refuse_status(&entry, "transferred");
	values[0] = entry.key[0];
	values[1] = entry.key[1];
	values[2] = PG_GETARG_DATUM(1);
	result = update_row(&update_queue, values, NULL);
	query_end();
	PG_RETURN_DATUM(result);
}

/*
 * With the visit
 */

/* Lock the visit of an entry, and then the entry's row. */
static void
lock_visit_and_row(ServedEntry *entry, QueuedVisit *visit)
{
	pg_uuid_t id;

	refuse_unless_staff(DatumGetUUIDP(entry->key[0]));
	if (query_run(&find_visit_of_entry, entry->key, NULL, 1) == 0)
		refuse_unknown_entry();
	id = *query_uuid(0, 1);
	if (!queued_visit_lock(DatumGetUUIDP(entry->key[0]), &id, visit))
		refuse_unknown_entry();
	lock_row(entry);
}

/* Change the visit, and return the entry, which has followed. */
static Datum
change_visit(SavedQuery *update, const ServedEntry *entry, const QueuedVisit *visit)
{
	Datum values[] = {entry->key[0], UUIDPGetDatum(&visit->id), UUIDPGetDatum(&entry->provider)};

	if (query_run(update, values, NULL, 0) == 0)
		refuse_unknown_entry();
	return update_row(&get_entry, entry->key, NULL);
}

Datum
start_visit(PG_FUNCTION_ARGS)
{
	ServedEntry entry;
	QueuedVisit visit;
	Datum result;

	read_key(fcinfo, 1, &entry);
	query_begin();
	lock_visit_and_row(&entry, &visit);
	if (entry.status != QUEUE_CALLED)
		refuse(REASON_INVALID_TRANSITION,
			   psprintf("a patient who is %s in the queue has not been called",
						queue_status_name(entry.status)),
			   NULL, "clinic.call_next() calls who is next.");
	result = change_visit(&begin_visit, &entry, &visit);
	query_end();
	PG_RETURN_DATUM(result);
}

Datum
finish_visit(PG_FUNCTION_ARGS)
{
	ServedEntry entry;
	QueuedVisit visit;
	Datum result;

	read_key(fcinfo, 1, &entry);
	query_begin();
	lock_visit_and_row(&entry, &visit);
	if (entry.status != QUEUE_IN_SERVICE)
		refuse_status(&entry, "done");
	result = change_visit(&complete_visit, &entry, &visit);
	query_end();
	PG_RETURN_DATUM(result);
}

Datum
leave(PG_FUNCTION_ARGS)
{
	ServedEntry entry;
	QueuedVisit visit;
	Datum result;

	read_key(fcinfo, 1, &entry);
	query_begin();
	lock_visit_and_row(&entry, &visit);
	if (entry.status >= QUEUE_IN_SERVICE)
		refuse_status(&entry, "gone");
	result =
		change_visit(visit.mode == MODE_WALK_IN ? &cancel_walk_in : &miss_visit, &entry, &visit);
	query_end();
	PG_RETURN_DATUM(result);
}
