/*
 * housekeeping.c
 *		clinic.tick(): all that is to be done now and then, in one call.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "compat.h"
#include "errors.h"
#include "fmgr.h"
#include "identity/identity.h"
#include "lock.h"
#include "miscadmin.h"
#include "query.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(tick);

typedef struct Task
{
	const char *name;
	SavedQuery query; /* how much was done */
} Task;

#define TASK(task, statement) \
	{ \
		.name = (task), .query = \
		{.sql = (statement), \
		 QUERY_PARAMETERS(UUIDOID), \
		 .snapshot = SNAPSHOT_WRITE } \
	}

/*
 * In this order: series first, which may lock the whole clinic; the waitlist last,
 * when all that there is to be offered is free.
 */
static Task tasks[] = {
	TASK("extend_series",
		 "select pg_catalog.count(*) from clinic.extend_series(clinic_id => $1) x"),
	TASK("expire_holds", "select clinic.expire_holds(clinic_id => $1)::pg_catalog.int8"),
	/* Where nobody is ever checked in, that nobody has come says nothing. */
	TASK("mark_no_shows",
		 "select case when exists (select from clinic.queue_entry e where e.clinic_id" EQ
		 "$1) then clinic.mark_no_shows(clinic_id => $1) else 0 end::pg_catalog.int8"),
	TASK("offer_waitlist", "select clinic.offer_waitlist(clinic_id => $1)::pg_catalog.int8"),
};

static void
run_task(Task *task, Datum clinic, ReturnSetInfo *result)
{
	Datum values[2] = {CStringGetTextDatum(task->name)};
	bool nulls[2] = {false, false};

	CHECK_FOR_INTERRUPTS();
	query_begin();
	query_run_one(&task->query, &clinic, NULL);
	values[1] = Int64GetDatum(query_int64(0, 1, 0));
	query_end();
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

Datum
tick(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *clinic;

	if (PG_ARGISNULL(0))
		refuse_null("clinic_id");
	clinic = PG_GETARG_UUID_P(0);
	materialize_result(fcinfo);
	query_begin();
	if (!identity_is_staff(clinic))
		refuse(REASON_STAFF_ONLY, "only the clinic's staff may do this", NULL, NULL);
	if (try_lock_housekeeping(clinic))
		for (size_t i = 0; i < lengthof(tasks); i++)
			run_task(&tasks[i], UUIDPGetDatum(clinic), (ReturnSetInfo *) fcinfo->resultinfo);
	query_end();
	return (Datum) 0;
}
