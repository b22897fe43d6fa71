/*
 * entry.c
 *		The visits that queue entries are of, and what both sides of a queue ask.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "clinic/configuration.h"
#include "errors.h"
#include "identity/identity.h"
#include "lock.h"
#include "queue/entry.h"

enum
{
	VISIT_ROW_STATUS = 1,
	VISIT_ROW_MODE,
	VISIT_ROW_PATIENT,
	VISIT_ROW_SERVICE,
	VISIT_ROW_PROVIDER,
	VISIT_ROW_STARTS_AT,
	VISIT_ROW_MODE_VALUE
};

#define LOCKED_VISIT \
	"select a.status::pg_catalog.text, a.mode::pg_catalog.text, a.patient_id, a.service_id," \
	" a.provider_id, a.starts_at, a.mode from clinic.appointment a where a.clinic_id" EQ \
	"$1 and a.id" EQ "$2 for no key update"

static SavedQuery lock_row = {
	.sql = LOCKED_VISIT,
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

static SavedQuery try_lock_row = {
	.sql = LOCKED_VISIT " skip locked",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

static SavedQuery find_row = {
	.sql = "select 1 from clinic.appointment a where a.clinic_id" EQ "$1 and a.id" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

bool
queued_visit_lock(const pg_uuid_t *clinic, const pg_uuid_t *visit, QueuedVisit *result)
{
	Datum values[] = {UUIDPGetDatum(clinic), UUIDPGetDatum(visit)};
	bool must_try = lock_rows_must_be_tried();
	const pg_uuid_t *provider;
	bool isnull;

	lock_clinic(clinic, LOCK_SHARED, LOCK_WAIT);
	lock_visit(clinic, visit);
	if (query_run(must_try ? &try_lock_row : &lock_row, values, NULL, 1) == 0)
	{
		if (must_try && query_run(&find_row, values, NULL, 1) > 0)
			refuse_lock();
		return false;
	}
	provider = query_uuid(0, VISIT_ROW_PROVIDER);
	result->id = *visit;
	result->status = status_from_name(query_text(0, VISIT_ROW_STATUS));
	result->mode = mode_from_name(query_text(0, VISIT_ROW_MODE));
	result->mode_value = query_datum(0, VISIT_ROW_MODE_VALUE, &isnull);
	result->patient = *query_uuid(0, VISIT_ROW_PATIENT);
	result->service = *query_uuid(0, VISIT_ROW_SERVICE);
	result->has_provider = provider != NULL;
	if (provider)
		result->provider = *provider;
	result->starts_at = query_timestamptz(0, VISIT_ROW_STARTS_AT, 0);
	return true;
}

QueueStatus
entry_status(const TriggerRows *rows, HeapTuple tuple)
{
	bool isnull;
	Datum status = value_of(rows, tuple, "status", &isnull);

	if (isnull)
		refuse_null("status");
	return queue_status_from_oid(DatumGetObjectId(status));
}

pg_tz *
queue_zone(const pg_uuid_t *clinic)
{
	ClinicConfiguration configuration;

	if (!configured_clinic(clinic, &configuration))
		refuse(REASON_NOT_FOUND, "there is no such clinic", NULL, NULL);
	return configuration.zone;
}

void
refuse_unless_staff(const pg_uuid_t *clinic)
{
	if (!identity_is_staff(clinic))
		refuse(REASON_STAFF_ONLY, "only the clinic's staff may do this", NULL, NULL);
}

void
refuse_checked_in(void)
{
	refuse(REASON_ALREADY_CHECKED_IN, "the patient has checked in already", NULL, NULL);
}
