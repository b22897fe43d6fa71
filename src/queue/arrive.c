/*
 * arrive.c
 *		clinic.check_in() and clinic.walk_in(): a patient arrives.
 *
 * Both see to the visit's row first and to the queue then, in the order of
 * lock.h; what the queue asks is the triggers' business (entry_check.c).
 */
#include "postgres.h"

#include "access/xact.h"
#include "availability/predicate.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "clinic/configuration.h"
#include "errors.h"
#include "fmgr.h"
#include "query.h"
#include "queue/entry.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(check_in);
PG_FUNCTION_INFO_V1(walk_in);

/* As the caller: who may not see the visit does not check it in. */
static SavedQuery find_visit = {
	.sql = "select a.id from clinic.appointment a where a.clinic_id" EQ "$1"
		   " and a.id" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
};

static SavedQuery find_visit_of_code = {
	.sql = "select a.id from clinic.appointment a where a.clinic_id" EQ "$1 and a.code" EQ
		   "pg_catalog.upper(pg_catalog.btrim($2))",
	QUERY_PARAMETERS(UUIDOID, TEXTOID),
	.snapshot = SNAPSHOT_LATEST,
};

static SavedQuery update_arrived = {
	.sql = "update clinic.appointment a set status = 'arrived'"
		   " where a.clinic_id" EQ "$1 and a.id" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
};

static SavedQuery insert_walk_in = {
	.sql = "insert into clinic.appointment as a"
		   " (clinic_id, patient_id, service_id, starts_at, reason, mode, status)"
		   " values ($1, $2, $3, $4, $5, 'walk_in', 'arrived') returning a.id",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, UUIDOID, TIMESTAMPTZOID, TEXTOID),
	.snapshot = SNAPSHOT_WRITE,
};

static SavedQuery insert_entry = {
	.sql = "insert into clinic.queue_entry as e (clinic_id, appointment_id, queue_id, priority)"
		   " values ($1, $2, $3, $4) returning e",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, UUIDOID, INT4OID),
	.snapshot = SNAPSHOT_WRITE,
};

/* Put the visit into the queue (NULL: where it belongs), and return the entry's row. */
static Datum
join_queue(const pg_uuid_t *clinic, const pg_uuid_t *visit, const pg_uuid_t *queue,
		   const NullableDatum *priority)
{
	Datum values[] = {UUIDPGetDatum(clinic), UUIDPGetDatum(visit), UUIDPGetDatum(queue),
					  priority->value};
	bool nulls[] = {false, false, queue == NULL, priority->isnull};

	query_run_one(&insert_entry, values, nulls);
	return query_copy_composite(0, 1);
}

static pg_uuid_t
visit_to_check_in(FunctionCallInfo fcinfo, const pg_uuid_t *clinic)
{
	bool by_code = PG_ARGISNULL(0);
	Datum values[2] = {UUIDPGetDatum(clinic), 0};

	if (by_code && PG_ARGISNULL(2))
		refuse_null("appointment_id");
	values[1] = PG_GETARG_DATUM(by_code ? 2 : 0);
	if (query_run(by_code ? &find_visit_of_code : &find_visit, values, NULL, 1) == 0)
		refuse(REASON_NOT_FOUND, "there is no such visit in this clinic", NULL, NULL);
	return *query_uuid(0, 1);
}

static void
check_in_visit(const pg_uuid_t *clinic, const QueuedVisit *visit)
{
	TimestampTz now = GetCurrentTransactionStartTimestamp();
	pg_tz *zone = queue_zone(clinic);
	Datum values[] = {UUIDPGetDatum(clinic), UUIDPGetDatum(&visit->id)};

	if (visit->status == STATUS_IN_PROGRESS)
		refuse_checked_in();
	if (visit->status == STATUS_ARRIVED)
		return;
	check_transition(visit->status, STATUS_ARRIVED);
	if (civil_day(visit->starts_at, zone) != civil_day(now, zone))
		refuse(REASON_WRONG_DAY, "the visit is not today", NULL,
			   "A patient checks in on the day of the visit.");
	if (query_run(&update_arrived, values, NULL, 0) == 0)
		refuse(REASON_NOT_FOUND, "there is no such visit in this clinic", NULL, NULL);
}

Datum
check_in(PG_FUNCTION_ARGS)
{
	NullableDatum priority = {PG_GETARG_DATUM(3), PG_ARGISNULL(3)};
	const pg_uuid_t *clinic;
	pg_uuid_t id;
	QueuedVisit visit;
	Datum entry;

	if (PG_ARGISNULL(4))
		refuse_null("clinic_id");
	clinic = PG_GETARG_UUID_P(4);
	query_begin();
	refuse_unless_staff(clinic);
	id = visit_to_check_in(fcinfo, clinic);
	if (!queued_visit_lock(clinic, &id, &visit))
		refuse(REASON_NOT_FOUND, "there is no such visit in this clinic", NULL, NULL);
	if (!PG_ARGISNULL(1) && memcmp(PG_GETARG_UUID_P(1), &visit.patient, UUID_LEN) != 0)
		refuse(REASON_WRONG_PATIENT, "the visit is another patient's", NULL, NULL);
	check_in_visit(clinic, &visit);
	entry = join_queue(clinic, &id, NULL, &priority);
	query_end();
	PG_RETURN_DATUM(entry);
}

/* Whom a walk-in asks for must be there to ask for. */
static void
check_wanted_provider(const pg_uuid_t *clinic, const pg_uuid_t *provider, const pg_uuid_t *service)
{
	ResourceConfiguration configuration;
	int64 duration;

	if (!configured_resource(clinic, provider, &configuration) || !configuration.is_provider)
		refuse(REASON_NOT_FOUND, "there is no such provider in this clinic", NULL, NULL);
	if (!configuration.is_active)
		refuse_booking(REASON_INACTIVE);
	if (!configured_offer(clinic, provider, service, &duration))
		refuse_booking(REASON_NOT_OFFERED);
}

Datum
walk_in(PG_FUNCTION_ARGS)
{
	NullableDatum priority = {PG_GETARG_DATUM(3), PG_ARGISNULL(3)};
	const pg_uuid_t *provider = PG_ARGISNULL(2) ? NULL : PG_GETARG_UUID_P(2);
	Datum values[] = {PG_GETARG_DATUM(5), PG_GETARG_DATUM(0), PG_GETARG_DATUM(1),
					  TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()),
					  PG_GETARG_DATUM(4)};
	bool nulls[] = {false, false, false, false, PG_ARGISNULL(4)};
	const pg_uuid_t *clinic;
	pg_uuid_t visit;
	Datum entry;

	if (PG_ARGISNULL(0))
		refuse_null("patient_id");
	if (PG_ARGISNULL(1))
		refuse_null("service_id");
	if (PG_ARGISNULL(5))
		refuse_null("clinic_id");
	clinic = PG_GETARG_UUID_P(5);
	query_begin();
	refuse_unless_staff(clinic);
	if (provider)
		check_wanted_provider(clinic, provider, PG_GETARG_UUID_P(1));
	query_run_one(&insert_walk_in, values, nulls);
	visit = *query_uuid(0, 1);
	entry = join_queue(clinic, &visit, provider, &priority);
	query_end();
	PG_RETURN_DATUM(entry);
}
