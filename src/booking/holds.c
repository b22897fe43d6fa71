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
#include "waitlist/follow.h"
#include "waitlist/freed.h"

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

enum
{
	FREED_PATIENT = 1,
	FREED_PROVIDER,
	FREED_HAS_MORE,
	FREED_FROM,
	FREED_TO,
	FREED_STARTS_AT
};

/* Delete the claims of the holds that were found, and tell of each what it gave up. */
#define FREE_HOLDS(from_and_where) \
	"with expired as materialized (select a.id, a.patient_id, a.provider_id," \
	" pg_catalog.cardinality(a.resource_ids)" GT "0 as has_more, a.starts_at" from_and_where \
	" for no key update of a skip locked)," \
	" freed as (delete from clinic.claim d using expired e" \
	" where d.clinic_id" EQ "$1 and d.appointment_id" EQ "e.id" \
	" returning d.appointment_id, d.starts_at, d.ends_at)" \
	" select distinct on (f.appointment_id) e.patient_id, e.provider_id, e.has_more," \
	" f.starts_at, f.ends_at, e.starts_at from freed f join expired e on e.id" EQ \
	"f.appointment_id"

static SavedQuery reap_expired_holds = {
	.sql = FREE_HOLDS(EXPIRED_HOLDS),
	QUERY_PARAMETERS(UUIDOID, UUIDARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

/* The clinic's holds that expired by $2 and still have claims. */
static SavedQuery free_expired_holds = {
	.sql = FREE_HOLDS(" from clinic.appointment a where a.clinic_id" EQ "$1 and a.status" EQ
					  "'held'::clinic.appointment_status and a.hold_expires_at" LE
					  "$2 and exists (select from clinic.claim c where c.clinic_id" EQ
					  "$1 and c.appointment_id" EQ "a.id)"),
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

/* The rows read last are holds whose time was freed: let who waits for it know. */
static void
note_freed(const pg_uuid_t *clinic, uint64 nrows)
{
	for (uint64 row = 0; row < nrows; row++)
	{
		FreedTime time = {
			.clinic = *clinic,
			.patient = *query_uuid(row, FREED_PATIENT),
			.has_provider = !query_isnull(row, FREED_PROVIDER),
			.has_more = query_bool(row, FREED_HAS_MORE),
			.from = query_timestamptz(row, FREED_FROM, 0),
			.to = query_timestamptz(row, FREED_TO, 0),
			.starts_at = query_timestamptz(row, FREED_STARTS_AT, 0),
		};

		if (time.has_provider)
			time.provider = *query_uuid(row, FREED_PROVIDER);
		freed_note_time(&time);
	}
}

uint64
expired_holds_reap(const pg_uuid_t *clinic, const pg_uuid_t *resources, int nresources,
				   TimestampTz from, TimestampTz to)
{
	Datum values[] = {UUIDPGetDatum(clinic), uuid_array(resources, nresources),
					  TimestampTzGetDatum(from), TimestampTzGetDatum(to),
					  TimestampTzGetDatum(GetCurrentTransactionStartTimestamp())};
	uint64 reaped = query_run(&reap_expired_holds, values, NULL, 0);

	note_freed(clinic, reaped);
	return reaped;
}

/* Offers first; then the time, as the owner of the claims; then what the caller may cancel. */
Datum
expire_holds(PG_FUNCTION_ARGS)
{
	TimestampTz now = GetCurrentTransactionStartTimestamp();
	const pg_uuid_t *clinic;
	Datum values[2];
	uint64 nholds;
	uint64 freed;

	if (PG_ARGISNULL(0))
		refuse_null("clinic_id");
	clinic = PG_GETARG_UUID_P(0);
	values[0] = UUIDPGetDatum(clinic);
	query_begin();
	if (!identity_is_staff(clinic))
		refuse(REASON_STAFF_ONLY, "only the clinic's staff may do this", NULL, NULL);
	lock_clinic(clinic, LOCK_SHARED, LOCK_WAIT);
	freed = offers_lapse(clinic);
	values[1] = TimestampTzGetDatum(now);
	nholds = query_run(&free_expired_holds, values, NULL, 0);
	note_freed(clinic, nholds);
	freed += nholds;
	values[1] = TimestampTzGetDatum(now - HOLD_IS_KEPT);
	(void) query_run(&cancel_expired_holds, values, NULL, 0);
	freed_offer();
	query_end();
	PG_RETURN_INT32((int32) freed);
}
