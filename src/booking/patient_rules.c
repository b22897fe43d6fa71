/*
 * patient_rules.c
 *		What is asked about the patient of a visit.
 *
 * The patient's other visits are looked at before a row is written, in the
 * query that reads the patient anyway.  Rows that the same statement, or one
 * nested in it, writes in between are not seen then; so once all are written
 * they are looked at again, unless nothing was in between.
 */
#include "postgres.h"

#include "access/xact.h"
#include "booking/patient_rules.h"
#include "catalog/pg_type.h"
#include "errors.h"
#include "lock.h"
#include "query.h"
#include "utils/builtins.h"

/*
 * Does another visit of the patient overlap [$4, $5), and how many are to come
 * at $6?  Nothing longer than a claim reaches into what is asked about, so only
 * visits that start after $7 are read.  A hold that ended at $6 is none.
 */
#define OTHER_VISITS \
	"(select coalesce(pg_catalog.bool_or(a.starts_at" LT "$5 and a.ends_at" GT "$4 and a.mode" EQ \
	"'timed'::clinic.visit_mode), false)," \
	" pg_catalog.count(*) filter (where a.ends_at" GT "$6 and a.status" NE \
	"'in_progress'::clinic.appointment_status)" \
	" from clinic.appointment a where a.clinic_id" EQ "$1 and a.patient_id" EQ "$2" \
	" and a.starts_at" GT "$7 and a.id" NE "$3" \
	" and a.status" LE "'in_progress'::clinic.appointment_status" \
	" and (a.status" NE "'held'::clinic.appointment_status or a.hold_expires_at" GT "$6))" \
	" v (overlapped, to_come)"
#define CODE_IS_TAKEN(parameter) \
	"exists (select from clinic.appointment a where a.clinic_id" EQ "$1 and a.code" EQ parameter ")"

enum
{
	PATIENT_IS_ACTIVE = 1,
	PATIENT_CODE_IS_TAKEN,
	PATIENT_OVERLAPPED,
	PATIENT_TO_COME
};

static SavedQuery find_patient = {
	.sql = "select p.is_active, " CODE_IS_TAKEN("$3") " from clinic.patient p where p.clinic_id" EQ
													  "$1 and p.id" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TEXTOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

static SavedQuery find_patient_and_visits = {
	.sql = "select p.is_active, " CODE_IS_TAKEN(
		"$8") ", v.overlapped, v.to_come"
			  " from clinic.patient p cross join lateral " OTHER_VISITS " where p.clinic_id" EQ
			  "$1 and p.id" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID,
					 TIMESTAMPTZOID, TEXTOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

/* The visit whose patient was asked about last, before it was written. */
static pg_uuid_t last_asked;

static void
refuse_unknown_patient(void)
{
	refuse(REASON_NOT_FOUND, "there is no such patient in this clinic", NULL, NULL);
}

void
check_patient_exists(const pg_uuid_t *clinic, const pg_uuid_t *patient)
{
	Datum values[] = {UUIDPGetDatum(clinic), UUIDPGetDatum(patient), (Datum) 0};
	bool nulls[] = {false, false, true};

	if (query_run(&find_patient, values, nulls, 1) == 0)
		refuse_unknown_patient();
}

static void
read_patient(const VisitRow *row, const char *code)
{
	Datum values[] = {visit_datum(row, VISIT_CLINIC_ID), visit_datum(row, VISIT_PATIENT_ID),
					  code ? CStringGetTextDatum(code) : (Datum) 0};
	bool nulls[] = {false, false, code == NULL};

	if (query_run(&find_patient, values, nulls, 1) == 0)
		refuse_unknown_patient();
}

static void
read_patient_and_visits(const VisitRow *row, bool counted, const char *code)
{
	TimestampTz starts_at = visit_time(row, VISIT_STARTS_AT);
	TimestampTz now = GetCurrentTransactionStartTimestamp();
	TimestampTz first = counted ? Min(starts_at, now) : starts_at;
	Datum values[] = {visit_datum(row, VISIT_CLINIC_ID),
					  visit_datum(row, VISIT_PATIENT_ID),
					  visit_datum(row, VISIT_ID),
					  visit_datum(row, VISIT_STARTS_AT),
					  visit_datum(row, VISIT_ENDS_AT),
					  TimestampTzGetDatum(now),
					  TimestampTzGetDatum(first - LONGEST_CLAIM),
					  code ? CStringGetTextDatum(code) : (Datum) 0};
	bool nulls[] = {false, false, false, false, false, false, false, code == NULL};

	if (query_run(&find_patient_and_visits, values, nulls, 1) == 0)
		refuse_unknown_patient();
}

/* By the last read_patient_and_visits(). */
static void
refuse_for_other_visits(const VisitRow *row, bool prevent_overlap, int32 max_active)
{
	if (visit_mode(row) == MODE_TIMED && prevent_overlap && query_bool(0, PATIENT_OVERLAPPED))
		refuse(REASON_PATIENT_OVERLAP, "the patient has another visit at that time", NULL,
			   "Choose another time, or cancel the other visit.");
	if (visit_isnull(row, VISIT_OVERRIDE_REASON) && max_active > 0 &&
		query_int64(0, PATIENT_TO_COME, 0) >= max_active)
		refuse(REASON_LIMIT_REACHED, "the patient has as many visits to come as the clinic allows",
			   NULL, NULL);
}

bool
check_patient(const VisitRow *row, const VisitFacts *facts, const char *code, bool check_others,
			  bool override)
{
	check_others &= has_patient_rules(facts);
	if (check_others)
		read_patient_and_visits(row, facts->max_active_per_patient > 0, code);
	else
		read_patient(row, code);
	if (query_bool(0, PATIENT_CODE_IS_TAKEN))
		return true;

	if (!override && !query_bool(0, PATIENT_IS_ACTIVE))
		refuse(REASON_INACTIVE, "this patient takes no new visits", NULL, NULL);
	if (check_others)
	{
		refuse_for_other_visits(row, facts->prevent_patient_overlap, facts->max_active_per_patient);
		last_asked = *visit_uuid(row, VISIT_ID);
	}
	return false;
}

void
check_other_visits(const VisitRow *row)
{
	const pg_uuid_t *visit = visit_uuid(row, VISIT_ID);
	const pg_uuid_t *clinic_id = visit_uuid(row, VISIT_CLINIC_ID);
	ClinicConfiguration clinic;

	if (memcmp(&last_asked, visit, UUID_LEN) == 0)
	{
		memset(&last_asked, 0, sizeof(last_asked));
		return;
	}
	/* Where there are rules, the patient was locked exclusively. */
	if (!patient_is_locked(clinic_id, visit_uuid(row, VISIT_PATIENT_ID)) ||
		!configured_clinic(clinic_id, &clinic))
		return;
	read_patient_and_visits(row, clinic.max_active_per_patient > 0, NULL);
	refuse_for_other_visits(row, clinic.prevent_patient_overlap, clinic.max_active_per_patient);
}
