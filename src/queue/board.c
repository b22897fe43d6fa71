/*
 * board.c
 *		clinic.queue_board() for the staff, and clinic.public_board() for all to see.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "clinic/configuration.h"
#include "compat.h"
#include "errors.h"
#include "fmgr.h"
#include "query.h"
#include "queue/entry.h"
#include "queue/state.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(queue_board);
PG_FUNCTION_INFO_V1(public_board);

static SavedQuery find_codes = {
	.sql = "select r.id, r.code from clinic.resource r where r.clinic_id" EQ "$1 and r.id"
		   " operator(pg_catalog.=) any ($2) union all"
		   " select s.id, s.code from clinic.service s where s.clinic_id" EQ "$1 and s.id"
		   " operator(pg_catalog.=) any ($2)",
	QUERY_PARAMETERS(UUIDOID, UUIDARRAYOID),
	.snapshot = SNAPSHOT_STATEMENT,
	.as_owner = true,
};

/* In this order they are shown; within a status by their turns. */
static const QueueStatus order_shown[] = {QUEUE_IN_SERVICE, QUEUE_CALLED, QUEUE_WAITING,
										  QUEUE_SKIPPED,	QUEUE_DONE,	  QUEUE_LEFT};

/* The queues of one provider; none named: all. */
typedef struct ShownQueues
{
	const pg_uuid_t *provider;
	int npools;
	pg_uuid_t *pools;
} ShownQueues;

static bool
is_id(const pg_uuid_t *a, const pg_uuid_t *b)
{
	return memcmp(a, b, UUID_LEN) == 0;
}

static ShownQueues
shown_queues(const pg_uuid_t *clinic, const pg_uuid_t *provider)
{
	ShownQueues queues = {provider, 0, NULL};
	ResourceConfiguration configuration;

	if (provider == NULL)
		return queues;
	if (!configured_resource(clinic, provider, &configuration) || !configuration.is_provider)
		refuse(REASON_NOT_FOUND, "there is no such provider in this clinic", NULL, NULL);
	queues.npools = configured_offers(clinic, provider, &queues.pools);
	return queues;
}

/* Who is the provider's patient, or may become it. */
static bool
is_shown(const ShownQueues *queues, const StateEntry *entry)
{
	if (queues->provider == NULL || is_id(&entry->queue, queues->provider))
		return true;
	if (entry->has_provider)
		return is_id(&entry->provider, queues->provider);
	if (entry->status != QUEUE_WAITING && entry->status != QUEUE_SKIPPED)
		return false;
	for (int i = 0; i < queues->npools; i++)
		if (is_id(&entry->queue, &queues->pools[i]))
			return true;
	return false;
}

/* A time, or null where there is none. */
static void
put_time(Datum *values, bool *nulls, int column, TimestampTz time)
{
	values[column] = TimestampTzGetDatum(time);
	nulls[column] = TIMESTAMP_NOT_FINITE(time);
}

static void
put_text(Datum *values, bool *nulls, int column, const char *text)
{
	nulls[column] = text == NULL;
	if (text)
		values[column] = CStringGetTextDatum(text);
}

/* Did the turn come before the patient was called, or has it come by now? */
static bool
is_overdue(const QueueState *state, const StateEntry *entry)
{
	return (entry->status == QUEUE_WAITING || entry->status == QUEUE_SKIPPED) &&
		   entry->due_at < state->now;
}

enum
{
	BOARD_NUMBER,
	BOARD_PATIENT_ID,
	BOARD_STATUS,
	BOARD_CLASS,
	BOARD_PRIORITY,
	BOARD_DUE_AT,
	BOARD_OVERDUE,
	BOARD_ESTIMATED_START,
	BOARD_ESTIMATED_FROM,
	BOARD_ESTIMATED_TO,
	BOARD_SERVICE_ID,
	BOARD_QUEUE_ID,
	BOARD_PROVIDER_ID,
	BOARD_DESK,
	BOARD_ARRIVED_AT,
	BOARD_CALLED_AT,
	BOARD_STARTED_AT,
	BOARD_FINISHED_AT,
	BOARD_ENTRY_ID,
	NBOARD
};

static void
put_entry(const QueueState *state, const StateEntry *entry, ReturnSetInfo *result)
{
	Datum values[NBOARD];
	bool nulls[NBOARD] = {false};
	bool estimated = !TIMESTAMP_NOT_FINITE(entry->estimated_start);

	values[BOARD_ENTRY_ID] = UUIDPGetDatum(&entry->id);
	values[BOARD_QUEUE_ID] = UUIDPGetDatum(&entry->queue);
	values[BOARD_NUMBER] = Int32GetDatum(entry->number);
	values[BOARD_PATIENT_ID] = UUIDPGetDatum(&entry->patient);
	values[BOARD_SERVICE_ID] = UUIDPGetDatum(&entry->service);
	values[BOARD_STATUS] = entry->status_value;
	put_text(values, nulls, BOARD_CLASS, entry->class);
	values[BOARD_PRIORITY] = Int32GetDatum(entry->priority);
	put_time(values, nulls, BOARD_ARRIVED_AT, entry->arrived_at);
	put_time(values, nulls, BOARD_DUE_AT, entry->due_at);
	values[BOARD_OVERDUE] = BoolGetDatum(is_overdue(state, entry));
	put_time(values, nulls, BOARD_ESTIMATED_START, entry->estimated_start);
	put_time(values, nulls, BOARD_ESTIMATED_FROM, estimated ? entry->estimated_from : DT_NOEND);
	put_time(values, nulls, BOARD_ESTIMATED_TO, estimated ? entry->estimated_to : DT_NOEND);
	values[BOARD_PROVIDER_ID] =
		UUIDPGetDatum(estimated ? &entry->estimated_provider : &entry->provider);
	nulls[BOARD_PROVIDER_ID] = !estimated && !entry->has_provider;
	put_text(values, nulls, BOARD_DESK, entry->desk);
	put_time(values, nulls, BOARD_CALLED_AT, entry->called_at);
	put_time(values, nulls, BOARD_STARTED_AT, entry->started_at);
	put_time(values, nulls, BOARD_FINISHED_AT, entry->finished_at);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

Datum
queue_board(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	QueueState state;
	ShownQueues queues;
	const pg_uuid_t *clinic;
	DateADT day;

	if (PG_ARGISNULL(2))
		refuse_null("clinic_id");
	clinic = PG_GETARG_UUID_P(2);
	materialize_result(fcinfo);
	query_begin();
	refuse_unless_staff(clinic);
	queues = shown_queues(clinic, PG_ARGISNULL(0) ? NULL : PG_GETARG_UUID_P(0));
	day = PG_ARGISNULL(1) ? queue_today(clinic) : PG_GETARG_DATEADT(1);
	queue_state_read(&state, clinic, day, false);
	if (day == state.today)
		queue_state_estimate(&state);
	for (size_t shown = 0; shown < lengthof(order_shown); shown++)
		for (int i = 0; i < state.nentries; i++)
			if (state.entries[i].status == order_shown[shown] &&
				is_shown(&queues, &state.entries[i]))
				put_entry(&state, &state.entries[i], result);
	query_end();
	return (Datum) 0;
}

/*
 * For all to see
 */

static const char *
code_of(uint64 ncodes, const pg_uuid_t *id)
{
	for (uint64 row = 0; row < ncodes; row++)
		if (is_id(query_uuid(row, 1), id))
			return query_text(row, 2);
	return NULL;
}

static void
put_number(const StateEntry *entry, const char *queue, ReturnSetInfo *result)
{
	Datum values[6];
	bool nulls[6] = {false};

	put_text(values, nulls, 0, queue);
	values[1] = Int32GetDatum(entry->number);
	values[2] = entry->status_value;
	put_text(values, nulls, 3, entry->desk);
	put_time(values, nulls, 4, entry->called_at);
	put_time(values, nulls, 5, entry->estimated_start);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

Datum
public_board(PG_FUNCTION_ARGS)
{
	static const QueueStatus public_order[] = {QUEUE_CALLED, QUEUE_WAITING};
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	QueueState state;
	const pg_uuid_t *clinic;
	pg_uuid_t *ids;
	Datum values[2];
	uint64 ncodes;

	if (PG_ARGISNULL(0))
		refuse_null("clinic_id");
	clinic = PG_GETARG_UUID_P(0);
	materialize_result(fcinfo);
	query_begin();
	queue_state_read(&state, clinic, queue_today(clinic), true);
	queue_state_estimate(&state);
	ids = palloc(sizeof(pg_uuid_t) * (state.nentries + 1));
	for (int i = 0; i < state.nentries; i++)
		ids[i] = state.entries[i].arrival_queue;
	values[0] = UUIDPGetDatum(clinic);
	values[1] = uuid_array(ids, state.nentries);
	ncodes = query_run(&find_codes, values, NULL, 0);
	for (size_t shown = 0; shown < lengthof(public_order); shown++)
		for (int i = 0; i < state.nentries; i++)
			if (state.entries[i].status == public_order[shown])
				put_number(&state.entries[i], code_of(ncodes, &state.entries[i].arrival_queue),
						   result);
	query_end();
	return (Datum) 0;
}
