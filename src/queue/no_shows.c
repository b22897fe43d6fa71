/*
 * no_shows.c
 *		clinic.mark_no_shows(): housekeeping of who did not come, and of who came and
 *		was forgotten.
 *
 * A visit that somebody is changing at the moment is passed over: the next run
 * will see what has become of it.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "errors.h"
#include "fmgr.h"
#include "lock.h"
#include "query.h"
#include "queue/entry.h"
#include "queue/place.h"
#include "queue/state.h"

PG_FUNCTION_INFO_V1(mark_no_shows);

#define GRACE_DEFAULT (30 * USECS_PER_MINUTE)

/* What was left standing before that is history, that nobody kept. */
#define LOOKS_BACK (7 * USECS_PER_DAY)

/* Nobody who came yesterday is still there this long after coming. */
#define NOBODY_WAITS_SO_LONG (12 * USECS_PER_HOUR)

/* By provider, for the index is; of a token the day must be over. */
static SavedQuery mark_missed = {
	.sql = "with missed as materialized (select a.id from clinic.resource r"
		   " join clinic.appointment a on a.clinic_id" EQ "$1 and a.provider_id" EQ
		   "r.id and a.starts_at" GT "$2 and a.starts_at" LT "$3"
		   " where r.clinic_id" EQ "$1 and r.kind" EQ "'provider'::clinic.resource_kind"
		   " and a.status operator(pg_catalog.=) any"
		   " ('{scheduled,confirmed}'::clinic.appointment_status[])"
		   " and (a.mode" NE "'token'::clinic.visit_mode or a.ends_at" LT "$3)"
		   " for no key update of a skip locked)"
		   " update clinic.appointment a set status = 'no_show' from missed m"
		   " where a.clinic_id" EQ "$1 and a.id" EQ "m.id",
	QUERY_PARAMETERS(UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_WRITE,
};

/* The visits of those ($2) who have been in a queue for days, and came before $3, but were never called. */
static SavedQuery close_forgotten = {
	.sql = "with forgotten as materialized (select a.id from clinic.queue_entry e"
		   " join clinic.appointment a on a.clinic_id" EQ "$1 and a.id" EQ "e.appointment_id"
		   " where e.clinic_id" EQ "$1 and e.id operator(pg_catalog.=) any ($2) and e.arrived_at" LT
		   "$3 and " ENTRY_IS_OPEN " and a.status" EQ "'arrived'::clinic.appointment_status"
		   " for no key update of a skip locked)"
		   " update clinic.appointment a set"
		   " status = case when a.mode" EQ "'walk_in'::clinic.visit_mode"
		   " then 'cancelled'::clinic.appointment_status else 'no_show' end,"
		   " cancellation_reason = case when a.mode" EQ "'walk_in'::clinic.visit_mode"
		   " then 'left' end from forgotten f where a.clinic_id" EQ "$1 and a.id" EQ "f.id",
	QUERY_PARAMETERS(UUIDOID, UUIDARRAYOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_WRITE,
};

Datum
mark_no_shows(PG_FUNCTION_ARGS)
{
	TimestampTz now = GetCurrentTransactionStartTimestamp();
	int64 grace = PG_ARGISNULL(0) ? GRACE_DEFAULT : interval_microseconds(PG_GETARG_INTERVAL_P(0));
	const pg_uuid_t *clinic;
	Datum values[3];
	uint64 missed;

	if (PG_ARGISNULL(1))
		refuse_null("clinic_id");
	if (grace < 0 || grace > LOOKS_BACK)
		refuse(REASON_INVALID_DURATION, "the grace is from none to 7 days", NULL, NULL);
	clinic = PG_GETARG_UUID_P(1);
	values[0] = UUIDPGetDatum(clinic);
	query_begin();
	refuse_unless_staff(clinic);
	lock_clinic(clinic, LOCK_SHARED, LOCK_WAIT);
	values[1] = TimestampTzGetDatum(now - grace - LOOKS_BACK);
	values[2] = TimestampTzGetDatum(now - grace);
	missed = query_run(&mark_missed, values, NULL, 0);
	values[1] = places_before(clinic, queue_today(clinic));
	values[2] = TimestampTzGetDatum(now - NOBODY_WAITS_SO_LONG);
	(void) query_run(&close_forgotten, values, NULL, 0);
	query_end();
	PG_RETURN_INT32((int32) missed);
}
