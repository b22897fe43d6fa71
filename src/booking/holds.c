/*
 * holds.c
 *		Holds that have expired: their time goes to who needs it, and
 *		clinic.expire_holds() tidies up.
 *
 * Whoever frees the time of a hold locks its row first, and passes over one
 * that is locked: who has it is about to confirm, prolong or cancel the hold.
 */
#include "postgres.h"

#include "access/xact.h"
#include "booking/holds.h"
#include "booking/rules.h"
#include "catalog/pg_type.h"
#include "errors.h"
#include "fmgr.h"
#include "identity/identity.h"
#include "lock.h"
#include "query.h"

PG_FUNCTION_INFO_V1(expire_holds);

/* Who has not confirmed a hold this long after its end will not; in microseconds. */
#define HOLD_IS_KEPT USECS_PER_DAY

/* A claim that overlaps [$3, $4) began after $3 less the longest claim. */
#define OVERLAPS_STRETCH \
	" c.clinic_id" EQ "$1 and c.starts_at" LT "$4 and c.ends_at" GT "$3" \
	" and c.starts_at" GT "($3 operator(pg_catalog.-)" \
	" (select k.longest_claim from clinic.clinic k where k.id" EQ "$1))"

#define EXPIRED_HOLDS \
	" from clinic.claim c join clinic.appointment a on a.clinic_id" EQ "$1 and a.id" EQ \
	"c.appointment_id" \
	" where c.resource_id operator(pg_catalog.=) any ($2) and" OVERLAPS_STRETCH " and a.status" EQ \
	"'held'::clinic.appointment_status and a.hold_expires_at" LE "$5"

/* Usually there is none, anywhere in the clinic, which is soon told. */
static SavedQuery find_expired_hold_of_clinic = {
	.sql = "select 1 from clinic.appointment a where a.clinic_id" EQ "$1 and a.status" EQ
		   "'held'::clinic.appointment_status and a.hold_expires_at" LE "$2 limit 1",
	QUERY_PARAMETERS(UUIDOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

static SavedQuery find_expired_holds = {
	.sql = "select 1" EXPIRED_HOLDS " limit 1",
	QUERY_PARAMETERS(UUIDOID, UUIDARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

static SavedQuery reap_expired_holds = {
	.sql = "with expired as materialized (select a.id" EXPIRED_HOLDS
		   " for no key update of a skip locked)"
		   " delete from clinic.claim d using expired e"
		   " where d.clinic_id" EQ "$1 and d.appointment_id" EQ "e.id",
	QUERY_PARAMETERS(UUIDOID, UUIDARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

/* How many of the clinic's holds that expired by $2 still had claims, which are deleted. */
static SavedQuery free_expired_holds = {
	.sql = "with expired as materialized (select a.id from clinic.appointment a"
		   " where a.clinic_id" EQ "$1 and a.status" EQ "'held'::clinic.appointment_status"
		   " and a.hold_expires_at" LE "$2 and exists (select from clinic.claim c"
		   " where c.clinic_id" EQ "$1 and c.appointment_id" EQ
		   "a.id) for no key update of a skip locked),"
		   " freed as (delete from clinic.claim d using expired e"
		   " where d.clinic_id" EQ "$1 and d.appointment_id" EQ "e.id returning d.appointment_id)"
		   " select pg_catalog.count(distinct f.appointment_id) from freed f",
	QUERY_PARAMETERS(UUIDOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

static SavedQuery cancel_expired_holds = {
	.sql = "with expired as materialized (select a.id from clinic.appointment a"
		   " where a.clinic_id" EQ "$1 and a.status" EQ "'held'::clinic.appointment_status"
		   " and a.hold_expires_at" LT "$2 for no key update skip locked)"
		   " update clinic.appointment a set status = 'cancelled',"
		   " cancellation_reason = 'hold_expired'"
		   " from expired e where a.clinic_id" EQ "$1 and a.id" EQ "e.id",
	QUERY_PARAMETERS(UUIDOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_WRITE,
};

bool
expired_holds_exist(const pg_uuid_t *clinic, const pg_uuid_t *resources, int nresources,
					TimestampTz from, TimestampTz to)
{
	Datum values[] = {UUIDPGetDatum(clinic), uuid_array(resources, nresources),
					  TimestampTzGetDatum(from), TimestampTzGetDatum(to),
					  TimestampTzGetDatum(GetCurrentTransactionStartTimestamp())};
	Datum clinic_values[] = {values[0], values[4]};

	return query_run(&find_expired_hold_of_clinic, clinic_values, NULL, 1) > 0 &&
		   query_run(&find_expired_holds, values, NULL, 1) > 0;
}

uint64
expired_holds_reap(const pg_uuid_t *clinic, const pg_uuid_t *resources, int nresources,
				   TimestampTz from, TimestampTz to)
{
	Datum values[] = {UUIDPGetDatum(clinic), uuid_array(resources, nresources),
					  TimestampTzGetDatum(from), TimestampTzGetDatum(to),
					  TimestampTzGetDatum(GetCurrentTransactionStartTimestamp())};

	return query_run(&reap_expired_holds, values, NULL, 0);
}

/* The time first, as the owner of the claims; then what the caller may cancel. */
Datum
expire_holds(PG_FUNCTION_ARGS)
{
	TimestampTz now = GetCurrentTransactionStartTimestamp();
	const pg_uuid_t *clinic;
	Datum values[2];
	int64 freed;

	if (PG_ARGISNULL(0))
		refuse_null("clinic_id");
	clinic = PG_GETARG_UUID_P(0);
	values[0] = UUIDPGetDatum(clinic);
	query_begin();
	if (!identity_is_staff(clinic))
		refuse(REASON_STAFF_ONLY, "only the clinic's staff may do this", NULL, NULL);
	lock_clinic(clinic, LOCK_SHARED, LOCK_WAIT);
	values[1] = TimestampTzGetDatum(now);
	query_run_one(&free_expired_holds, values, NULL);
	freed = query_int64(0, 1, 0);
	values[1] = TimestampTzGetDatum(now - HOLD_IS_KEPT);
	(void) query_run(&cancel_expired_holds, values, NULL, 0);
	query_end();
	PG_RETURN_INT32((int32) freed);
}
