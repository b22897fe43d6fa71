/*
 * assign.c
 *		clinic.assign_queue(): deal those who wait in a pool to the providers who are
 *		there.
 *
 * Each goes where the visit would be over first, so that nobody works long after
 * the others have gone; there the turns decide, as everywhere.  Only one deals a
 * pool at a time, and whoever is being called meanwhile is passed over.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "clinic/configuration.h"
#include "compat.h"
#include "errors.h"
#include "fmgr.h"
#include "lock.h"
#include "query.h"
#include "queue/entry.h"
#include "queue/state.h"

PG_FUNCTION_INFO_V1(assign_queue);

/* Not of a patient who waits, or is, in another queue that day: it might be the one that is dealt. */
static SavedQuery lock_pool = {
	.sql = "select e.id from clinic.queue_entry e where e.clinic_id" EQ "$1 and e.queue_id" EQ
		   "$2 and " ENTRY_IS_WAITING
		   " and not exists (select from clinic.queue_entry o where o.clinic_id" EQ
		   "$1 and o.patient_id" EQ "e.patient_id and o.day" EQ "e.day and o.id" NE
		   "e.id and o.status" LT "'done'::clinic.queue_status)"
		   " for no key update of e skip locked",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
};

static SavedQuery update_queue = {
	.sql = "update clinic.queue_entry e set queue_id = $3 where e.clinic_id" EQ "$1 and e.id" EQ
		   "$2 returning e",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
};

/* The indexes in the state of the entries that are locked; how many. */
static int
lock_entries(const QueueState *state, const pg_uuid_t *queue, int *pool)
{
	Datum values[] = {UUIDPGetDatum(state->clinic), UUIDPGetDatum(queue)};
	uint64 nrows = query_run(&lock_pool, values, NULL, 0);
	int count = 0;

	for (int i = 0; i < state->nentries; i++)
		for (uint64 row = 0; row < nrows; row++)
			if (memcmp(&state->entries[i].id, query_uuid(row, 1), UUID_LEN) == 0)
				pool[count++] = i;
	return count;
}

static void
deal(QueueState *state, const pg_uuid_t *queue, ReturnSetInfo *result)
{
	int *pool = palloc(sizeof(int) * (state->nentries + 1));
	int count = lock_entries(state, queue, pool);
	DealtPlace *places = palloc(sizeof(DealtPlace) * (count + 1));

	queue_state_deal(state, queue, pool, count, places);
	for (int i = 0; i < count; i++)
	{
		Datum values[] = {UUIDPGetDatum(state->clinic),
						  UUIDPGetDatum(&state->entries[places[i].entry].id),
						  UUIDPGetDatum(&state->working[places[i].provider])};

		if (places[i].provider == NO_PROVIDER)
			continue;
		query_run_one(&update_queue, values, NULL);
		put_composite(query_copy_composite(0, 1), result);
	}
}

Datum
assign_queue(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *queue;
	const pg_uuid_t *clinic;
	ServiceConfiguration service;
	QueueState state;

	if (PG_ARGISNULL(0))
		refuse_null("service_id");
	if (PG_ARGISNULL(1))
		refuse_null("clinic_id");
	queue = PG_GETARG_UUID_P(0);
	clinic = PG_GETARG_UUID_P(1);
	materialize_result(fcinfo);
	query_begin();
	refuse_unless_staff(clinic);
	lock_clinic(clinic, LOCK_SHARED, LOCK_WAIT);
	if (!configured_service(clinic, queue, &service))
		refuse(REASON_NOT_FOUND, "there is no such service in this clinic", NULL, NULL);
	lock_queue(clinic, queue, 0, LOCK_WAIT);
	queue_state_read(&state, clinic, queue_today(clinic), true);
	deal(&state, queue, (ReturnSetInfo *) fcinfo->resultinfo);
	query_end();
	return (Datum) 0;
}
