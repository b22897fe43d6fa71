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

#define PATIENT_IS_ACTIVE \
	"(select p.is_active from clinic.patient p where p.clinic_id" EQ "$1 and p.id" EQ "$2)"
#define CODE_IS_TAKEN \
	"exists (select from clinic.appointment a where a.clinic_id" EQ "$1 and a.code" EQ "$3)"

/* The columns of both. */
enum
{
	PATIENT_ACTIVE = 1,
	PATIENT_CODE_TAKEN,
	PATIENT_OVERLAPPED,
	PATIENT_TO_COME
};

static SavedQuery find_patient = {
	.sql = "select " PATIENT_IS_ACTIVE ", " CODE_IS_TAKEN,
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TEXTOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

/*
 * Besides: does another visit than $4 overlap [$5, $6), and how many are to come
 * at $7?  Nothing longer than a claim reaches into what is asked about, so only
 * visits that start after $8 are read.  A hold that ended at $7 is none.
 */
static SavedQuery find_patient_and_visits = {
	.sql = "select " PATIENT_IS_ACTIVE ", " CODE_IS_TAKEN ","
		   " coalesce(pg_catalog.bool_or(v.starts_at" LT "$6 and v.ends_at" GT "$5 and v.mode" EQ
		   "'timed'::clinic.visit_mode), false),"
		   " pg_catalog.count(*) filter (where v.ends_at" GT "$7 and v.status" NE
		   "'in_progress'::clinic.appointment_status)"
		   " from clinic.appointment v where v.clinic_id" EQ "$1 and v.patient_id" EQ "$2"
		   " and v.starts_at" GT "$8 and v.id" NE "$4"
		   " and v.status" LE "'in_progress'::clinic.appointment_status"
		   " and (v.status" NE "'held'::clinic.appointment_status or v.hold_expires_at" GT "$7)",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TEXTOID, UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID,
					 TIMESTAMPTZOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

/* The visit whose patient was asked about last, before it was written. */
static pg_uuid_t last_asked;

/* Run one of the two for its single row. */
static void
read_patient(SavedQuery *query, const Datum *values, const bool *nulls)
{
	query_run_one(query, values, nulls);
	if (query_isnull(0, PATIENT_ACTIVE))
		refuse(REASON_NOT_FOUND, "there is no such patient in this clinic", NULL, NULL);
}

void
check_patient_exists(const pg_uuid_t *clinic, const pg_uuid_t *patient)
{
	Datum values[] = {UUIDPGetDatum(clinic), UUIDPGetDatum(patient), (Datum) 0};
	bool nulls[] = {false, false, true};

	read_patient(&find_patient, values, nulls);
}

static void
read_patient_of(const VisitRow *row, const char *code)
{
	Datum values[] = {visit_datum(row, VISIT_CLINIC_ID), visit_datum(row, VISIT_PATIENT_ID),
					  code ? CStringGetTextDatum(code) : (Datum) 0};
	bool nulls[] = {false, false, code == NULL};

	read_patient(&find_patient, values, nulls);
}

static void
read_patient_and_visits(const VisitRow *row, bool counted, const char *code)
{
	TimestampTz starts_at = visit_time(row, VISIT_STARTS_AT);
	TimestampTz now = GetCurrentTransactionStartTimestamp();
	TimestampTz first = counted ? Min(starts_at, now) : starts_at;
	Datum values[] = {visit_datum(row, VISIT_CLINIC_ID),
					  visit_datum(row, VISIT_PATIENT_ID),
					  code ? CStringGetTextDatum(code) : (Datum) 0,
					  visit_datum(row, VISIT_ID),
					  visit_datum(row, VISIT_STARTS_AT),
					  visit_datum(row, VISIT_ENDS_AT),
					  TimestampTzGetDatum(now),
					  TimestampTzGetDatum(first - LONGEST_CLAIM)};
	bool nulls[] = {false, false, code == NULL, false, false, false, false, false};

	read_patient(&find_patient_and_visits, values, nulls);
}

/* What the last read_patient_and_visits() found. */
static OtherVisits
found_visits(const VisitRow *row, bool prevent_overlap, int32 max_active)
{
	OtherVisits others;

	others.overlap =
		prevent_overlap && visit_mode(row) == MODE_TIMED && query_bool(0, PATIENT_OVERLAPPED);
	others.as_many_as_allowed = max_active > 0 && visit_isnull(row, VISIT_OVERRIDE_REASON) &&
								query_int64(0, PATIENT_TO_COME, 0) >= max_active;
	return others;
}

bool
check_patient(const VisitRow *row, const VisitFacts *facts, const char *code, bool override,
			  OtherVisits *others)
{
	bool read_visits = others && has_patient_rules(facts);

	if (read_visits)
		read_patient_and_visits(row, facts->max_active_per_patient > 0, code);
	else
		read_patient_of(row, code);
	if (query_bool(0, PATIENT_CODE_TAKEN))
		return true;

	if (!override && !query_bool(0, PATIENT_ACTIVE))
		refuse(REASON_INACTIVE, "this patient takes no new visits", NULL, NULL);
	if (others)
		memset(others, 0, sizeof(*others));
	if (read_visits)
	{
		*others = found_visits(row, facts->prevent_patient_overlap, facts->max_active_per_patient);
		last_asked = *visit_uuid(row, VISIT_ID);
	}
	return false;
}

void
check_other_visits(const VisitRow *row, const OtherVisits *others)
{
	if (others->overlap)
		refuse(REASON_PATIENT_OVERLAP, "the patient has another visit at that time", NULL,
			   "Choose another time, or cancel the other visit.");
	if (others->as_many_as_allowed)
		refuse(REASON_LIMIT_REACHED, "the patient has as many visits to come as the clinic allows",
			   NULL, NULL);
}

void
check_visits_of_statement(const VisitRow *row)
{
	const pg_uuid_t *visit = visit_uuid(row, VISIT_ID);
	const pg_uuid_t *clinic_id = visit_uuid(row, VISIT_CLINIC_ID);
	ClinicConfiguration clinic;
	OtherVisits others;

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
	others = found_visits(row, clinic.prevent_patient_overlap, clinic.max_active_per_patient);
	check_other_visits(row, &others);
}
