/*
 * patient_rules.c
 *		What is asked about the patient of a visit.
 *
 * The patient's other visits are looked at before a row is written, in the
 * query that reads the patient anyway.  Other rows that the same statement, or
 * one nested in it, writes are not seen then, be they written before or after;
 * so once all are written they are looked at again, unless there were none.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "booking/patient_rules.h"
#include "booking/visit_batch.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "compat.h"
#include "errors.h"
#include "lock.h"
#include "query.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/typcache.h"

#define PATIENT_COLUMNS \
	"p.is_active, exists (select from clinic.appointment a where a.clinic_id" EQ \
	"$1 and a.code" EQ "$3)"
#define OF_PATIENT " from clinic.patient p where p.clinic_id" EQ "$1 and p.id" EQ "$2"

/* The columns of both. */
enum
{
	PATIENT_ACTIVE = 1,
	PATIENT_CODE_TAKEN,
	PATIENT_VISITS
};

static SavedQuery find_patient = {
	.sql = "select " PATIENT_COLUMNS OF_PATIENT,
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TEXTOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

/*
 * And each visit that starts between $4 and $5, whatever became of it.  Most
 * patients have none then, and an array that is empty costs little.
 */
static SavedQuery find_patient_and_visits = {
	.sql =
		"select " PATIENT_COLUMNS ", array(select row(v.id, v.service_id, v.starts_at, v.ends_at,"
		" v.mode, v.status, v.hold_expires_at) from clinic.appointment v where v.clinic_id" EQ
		"$1 and v.patient_id" EQ "$2 and v.starts_at" GT "$4 and v.starts_at" LT "$5)" OF_PATIENT,
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

/* The columns of a visit in that array. */
enum
{
	RECORD_ID,
	RECORD_SERVICE,
	RECORD_STARTS_AT,
	RECORD_ENDS_AT,
	RECORD_MODE,
	RECORD_STATUS,
	RECORD_HOLD_EXPIRES_AT,
	RECORD_COLUMNS
};

enum
{
	OTHER_PATIENT = 1,
	OTHER_ID,
	OTHER_SERVICE,
	OTHER_STARTS_AT,
	OTHER_ENDS_AT,
	OTHER_TAKES_TIME,
	OTHER_IS_TO_COME
};

/* The visits of some patients that start between $4 and $5.  A hold that ended at $3 is none. */
static SavedQuery find_visits_of_patients = {
	.sql = "select v.patient_id, v.id, v.service_id, v.starts_at, v.ends_at, v.mode" EQ
		   "'timed'::clinic.visit_mode and v.status" LE
		   "'in_progress'::clinic.appointment_status, v.status" LT
		   "'in_progress'::clinic.appointment_status from clinic.appointment v"
		   " where v.clinic_id" EQ "$1 and v.patient_id operator(pg_catalog.=) any ($2)"
		   " and v.starts_at" GT "$4 and v.starts_at" LT "$5 and v.status" LE
		   "'completed'::clinic.appointment_status"
		   " and (v.status" NE "'held'::clinic.appointment_status or v.hold_expires_at" GT "$3)",
	QUERY_PARAMETERS(UUIDOID, UUIDARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

static SavedQuery find_no_shows = {
	.sql = "select 1 from clinic.appointment v where v.clinic_id" EQ "$1 and v.patient_id" EQ "$2"
		   " and v.starts_at" GE "$3 and v.status" EQ "'no_show'::clinic.appointment_status",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

/* What is counted of the patient's other visits. */
typedef enum VisitCount
{
	COUNT_TO_COME,
	COUNT_TO_COME_OF_SERVICE,
	COUNT_THAT_DAY,
	NCOUNTS
} VisitCount;

/* How many visits a patient may have, where the rules say so. */
struct PatientLimit
{
	size_t rule; /* offset in PatientRules of the number, an int32 */
	VisitCount count;
	const char *message;
	const char *hint;
};

static const PatientLimit limits[] = {
	{offsetof(PatientRules, max_active), COUNT_TO_COME,
	 "the patient has as many visits to come as the clinic allows", NULL},
	{offsetof(PatientRules, max_active_of_service), COUNT_TO_COME_OF_SERVICE,
	 "the patient has as many visits of this service to come as the clinic allows", NULL},
	{offsetof(PatientRules, max_per_day), COUNT_THAT_DAY,
	 "the patient has as many visits on that day as the clinic allows", "Choose another day."},
};

/* The visit whose patient was asked about last, if every other row was seen then; else zeros. */
static pg_uuid_t last_asked;

/* When a row was written last, and whether the same command has written another before. */
static LocalTransactionId last_transaction = InvalidLocalTransactionId;
static CommandId last_command = InvalidCommandId;
static bool sees_all_rows = false;

/* Read the patient, by either query. */
static void
read_patient(SavedQuery *query, const Datum *values, const bool *nulls)
{
	if (query_run(query, values, nulls, 0) == 0)
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

static bool
counts_visits_to_come(const PatientRules *rules)
{
	return rules->max_active > 0 || rules->max_active_of_service > 0;
}

/* Is anything asked about visits that were not missed? */
static bool
has_rules_about_visits(const PatientRules *rules)
{
	return rules->prevent_overlap || counts_visits_to_come(rules) || rules->max_per_day > 0;
}

bool
has_patient_rules(const PatientRules *rules)
{
	return has_rules_about_visits(rules) || rules->no_show_limit > 0;
}

void
note_row_of_command(void)
{
	LocalTransactionId transaction = current_local_xid();
	CommandId command = GetCurrentCommandId(false);

	sees_all_rows = transaction != last_transaction || command != last_command;
	last_transaction = transaction;
	last_command = command;
	memset(&last_asked, 0, sizeof(last_asked));
}

/* The civil day on which the visit starts. */
typedef struct VisitDay
{
	TimestampTz from;
	TimestampTz to;
} VisitDay;

static VisitDay
visit_day(const VisitRow *row, const PatientRules *rules)
{
	DateADT day = civil_day(visit_time(row, VISIT_STARTS_AT), rules->zone);
	VisitDay result = {civil_day_start(day, rules->zone), civil_day_start(day + 1, rules->zone)};

	return result;
}

/* The rules ask about visits that start between these two. */
typedef struct AskedTime
{
	TimestampTz after;
	TimestampTz before;
} AskedTime;

static AskedTime
asked_time(const VisitRow *row, const PatientRules *rules)
{
	/* Nothing longer than a claim reaches into what is asked about. */
	AskedTime asked = {visit_time(row, VISIT_STARTS_AT) - LONGEST_CLAIM,
					   visit_time(row, VISIT_ENDS_AT)};

	if (counts_visits_to_come(rules))
	{
		asked.after = Min(asked.after, GetCurrentTransactionStartTimestamp() - LONGEST_CLAIM);
		asked.before = DT_NOEND;
	}
	if (rules->max_per_day > 0)
	{
		VisitDay day = visit_day(row, rules);

		asked.after = Min(asked.after, day.from - 1);
		asked.before = Max(asked.before, day.to);
	}
	return asked;
}

/* Read the patient and the visits that the rules ask about. */
static void
read_patient_and_visits(const VisitRow *row, const PatientRules *rules, const char *code)
{
	AskedTime asked = asked_time(row, rules);
	Datum values[] = {visit_datum(row, VISIT_CLINIC_ID), visit_datum(row, VISIT_PATIENT_ID),
					  code ? CStringGetTextDatum(code) : (Datum) 0,
					  TimestampTzGetDatum(asked.after), TimestampTzGetDatum(asked.before)};
	bool nulls[lengthof(values)] = {[2] = code == NULL};

	read_patient(&find_patient_and_visits, values, nulls);
}

/* A visit that stands, or that is over and did take place. */
typedef struct OtherVisit
{
	pg_uuid_t patient; /* where many patients' were read */
	pg_uuid_t id;
	pg_uuid_t service;
	TimestampTz starts_at;
	TimestampTz ends_at;
	bool takes_time;
	bool is_to_come;
} OtherVisit;

/* Those of the query of many patients that was run last; they may be the very visits asked about. */
static int
take_visits(uint64 nrows, OtherVisit **visits)
{
	*visits = palloc(sizeof(OtherVisit) * Max(nrows, 1));
	for (uint64 row = 0; row < nrows; row++)
		(*visits)[row] = (OtherVisit){.patient = *query_uuid(row, OTHER_PATIENT),
									  .id = *query_uuid(row, OTHER_ID),
									  .service = *query_uuid(row, OTHER_SERVICE),
									  .starts_at = query_timestamptz(row, OTHER_STARTS_AT, 0),
									  .ends_at = query_timestamptz(row, OTHER_ENDS_AT, 0),
									  .takes_time = query_bool(row, OTHER_TAKES_TIME),
									  .is_to_come = query_bool(row, OTHER_IS_TO_COME)};
	return (int) nrows;
}

/* The same of a record of the array; false if the visit is none any more. */
static bool
take_visit(HeapTupleHeader record, TupleDesc descriptor, OtherVisit *visit)
{
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(record), .t_data = record};
	Datum values[RECORD_COLUMNS];
	bool nulls[RECORD_COLUMNS];
	VisitStatus status;

	heap_deform_tuple(&tuple, descriptor, values, nulls);
	status = status_from_oid(DatumGetObjectId(values[RECORD_STATUS]));
	if (status > STATUS_COMPLETED ||
		(status == STATUS_HELD && DatumGetTimestampTz(values[RECORD_HOLD_EXPIRES_AT]) <=
									  GetCurrentTransactionStartTimestamp()))
		return false;
	visit->id = *DatumGetUUIDP(values[RECORD_ID]);
	visit->service = *DatumGetUUIDP(values[RECORD_SERVICE]);
	visit->starts_at = DatumGetTimestampTz(values[RECORD_STARTS_AT]);
	visit->ends_at = DatumGetTimestampTz(values[RECORD_ENDS_AT]);
	visit->takes_time = mode_from_oid(DatumGetObjectId(values[RECORD_MODE])) == MODE_TIMED &&
						status <= STATUS_IN_PROGRESS;
	visit->is_to_come = status < STATUS_IN_PROGRESS;
	return true;
}

/* The visits that were read with the patient; how many. */
static int
take_visits_of_patient(OtherVisit **visits)
{
	bool isnull;
	ArrayType *array = DatumGetArrayTypeP(query_datum(0, PATIENT_VISITS, &isnull));
	TupleDesc descriptor;
	Datum *records;
	int nrecords;
	int count = 0;

	if (ARR_NDIM(array) == 0)
		return 0;
	deconstruct_array(array, RECORDOID, -1, false, TYPALIGN_DOUBLE, &records, NULL, &nrecords);
	descriptor =
		lookup_rowtype_tupdesc(RECORDOID,
							   HeapTupleHeaderGetTypMod(DatumGetHeapTupleHeader(records[0])));
	*visits = palloc0(sizeof(OtherVisit) * nrecords);
	for (int i = 0; i < nrecords; i++)
		count += take_visit(DatumGetHeapTupleHeader(records[i]), descriptor, &(*visits)[count]);
	ReleaseTupleDesc(descriptor);
	return count;
}

static void
count_visit(const VisitRow *row, const PatientRules *rules, const OtherVisit *other, int32 *counts)
{
	if (other->is_to_come && other->ends_at > GetCurrentTransactionStartTimestamp())
	{
		counts[COUNT_TO_COME]++;
		counts[COUNT_TO_COME_OF_SERVICE] +=
			memcmp(&other->service, visit_uuid(row, VISIT_SERVICE_ID), UUID_LEN) == 0;
	}
	if (rules->max_per_day > 0)
	{
		VisitDay day = visit_day(row, rules);

		counts[COUNT_THAT_DAY] += other->starts_at >= day.from && other->starts_at < day.to;
	}
}

static bool
overlaps_visit(const VisitRow *row, const OtherVisit *other)
{
	return other->takes_time && other->starts_at < visit_time(row, VISIT_ENDS_AT) &&
		   other->ends_at > visit_time(row, VISIT_STARTS_AT);
}

/* The first limit that leaves no room for another visit. */
static const PatientLimit *
reached_limit(const PatientRules *rules, const int32 *counts)
{
	for (size_t i = 0; i < lengthof(limits); i++)
	{
		int32 most = *(const int32 *) ((const char *) rules + limits[i].rule);

		if (most > 0 && counts[limits[i].count] >= most)
			return &limits[i];
	}
	return NULL;
}

/* What the patient's other visits are to a visit; it may be among them itself. */
static OtherVisits
found_visits(const VisitRow *row, const PatientRules *rules, const OtherVisit *visits, int nvisits)
{
	OtherVisits others = {.overlap = false};
	int32 counts[NCOUNTS] = {0};
	bool may_overlap = !rules->prevent_overlap || visit_mode(row) != MODE_TIMED;

	for (int i = 0; i < nvisits; i++)
	{
		if (memcmp(&visits[i].id, visit_uuid(row, VISIT_ID), UUID_LEN) == 0)
			continue;
		others.overlap |= !may_overlap && overlaps_visit(row, &visits[i]);
		count_visit(row, rules, &visits[i], counts);
	}
	if (visit_isnull(row, VISIT_OVERRIDE_REASON))
		others.reached = reached_limit(rules, counts);
	return others;
}

/* The same of what was read with the patient. */
static OtherVisits
found_with_patient(const VisitRow *row, const PatientRules *rules)
{
	OtherVisit *visits = NULL;
	int nvisits = take_visits_of_patient(&visits);

	return found_visits(row, rules, visits, nvisits);
}

static void
check_active(bool is_active, bool override)
{
	if (!override && !is_active)
		refuse(REASON_INACTIVE, "this patient takes no new visits", NULL, NULL);
}

bool
check_patient(const VisitRow *row, const VisitFacts *facts, const char *code, bool override,
			  OtherVisits *others)
{
	/* Of a batch the other visits are looked at when all are written. */
	bool read_visits = others && has_rules_about_visits(&facts->patient) && !visit_batch_is_open();
	bool is_active;

	if (code == NULL && visit_batch_knows_patient(visit_uuid(row, VISIT_PATIENT_ID), &is_active))
	{
		check_active(is_active, override);
		if (others)
			memset(others, 0, sizeof(*others));
		return false;
	}
	if (read_visits)
		read_patient_and_visits(row, &facts->patient, code);
	else
		read_patient_of(row, code);
	if (query_bool(0, PATIENT_CODE_TAKEN))
		return true;

	check_active(query_bool(0, PATIENT_ACTIVE), override);
	if (others == NULL)
		return false;
	memset(others, 0, sizeof(*others));
	if (read_visits)
		*others = found_with_patient(row, &facts->patient);
	if (sees_all_rows)
		last_asked = *visit_uuid(row, VISIT_ID);
	return false;
}

void
check_other_visits(const VisitRow *row, const OtherVisits *others)
{
	if (others->overlap)
		refuse(REASON_PATIENT_OVERLAP, "the patient has another visit at that time", NULL,
			   "Choose another time, or cancel the other visit.");
	if (others->reached)
		refuse(REASON_LIMIT_REACHED, others->reached->message, NULL, others->reached->hint);
}

void
check_no_shows(const VisitRow *row, const PatientRules *rules)
{
	TimestampTz now = GetCurrentTransactionStartTimestamp();
	Datum values[3];

	if (rules->no_show_limit == 0)
		return;
	values[0] = visit_datum(row, VISIT_CLINIC_ID);
	values[1] = visit_datum(row, VISIT_PATIENT_ID);
	values[2] = TimestampTzGetDatum(civil_earlier(now, &rules->no_show_period, rules->zone));
	if (query_run(&find_no_shows, values, NULL, rules->no_show_limit) <
		(uint64) rules->no_show_limit)
		return;
	refuse(REASON_PATIENT_BLOCKED, "the patient has missed too many visits to book another", NULL,
		   "The clinic's staff may book with an override_reason.");
}

void
check_visits_of_statement(const VisitRow *row, bool booked)
{
	const pg_uuid_t *visit = visit_uuid(row, VISIT_ID);
	const pg_uuid_t *clinic_id = visit_uuid(row, VISIT_CLINIC_ID);
	ClinicConfiguration clinic;
	ServiceConfiguration service;
	PatientRules rules;

	if (memcmp(&last_asked, visit, UUID_LEN) == 0)
	{
		memset(&last_asked, 0, sizeof(last_asked));
		return;
	}
	/* Where there are rules, the patient was locked exclusively. */
	if (!patient_is_locked(clinic_id, visit_uuid(row, VISIT_PATIENT_ID)) ||
		!configured_clinic(clinic_id, &clinic) ||
		!configured_service(clinic_id, visit_uuid(row, VISIT_SERVICE_ID), &service))
		return;
	rules = patient_rules(&clinic, &service);
	if (booked && visit_isnull(row, VISIT_OVERRIDE_REASON))
		check_no_shows(row, &rules);
	if (has_rules_about_visits(&rules))
	{
		OtherVisits others;

		read_patient_and_visits(row, &rules, NULL);
		others = found_with_patient(row, &rules);
		check_other_visits(row, &others);
	}
}

/* The rules for a visit of a clinic; false if there are none. */
static bool
rules_of_visit(const VisitRow *visit, const ClinicConfiguration *clinic, PatientRules *rules)
{
	ServiceConfiguration service;

	if (!configured_service(visit_uuid(visit, VISIT_CLINIC_ID), visit_uuid(visit, VISIT_SERVICE_ID),
							&service))
		return false;
	*rules = patient_rules(clinic, &service);
	return has_patient_rules(rules);
}

static int
compare_by_patient(const void *a, const void *b)
{
	return memcmp(&((const OtherVisit *) a)->patient, &((const OtherVisit *) b)->patient, UUID_LEN);
}

static int
first_of_patient(const OtherVisit *visits, int nvisits, const pg_uuid_t *patient)
{
	int low = 0;
	int high = nvisits;

	while (low < high)
	{
		int middle = low + (high - low) / 2;

		if (memcmp(&visits[middle].patient, patient, UUID_LEN) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void
check_visits_of_batch(const VisitRow *visits, int nvisits)
{
	const pg_uuid_t *clinic_id = visit_uuid(&visits[0], VISIT_CLINIC_ID);
	TimestampTz now = GetCurrentTransactionStartTimestamp();
	AskedTime asked = {DT_NOEND, DT_NOBEGIN};
	pg_uuid_t *patients = palloc(sizeof(pg_uuid_t) * nvisits);
	ClinicConfiguration clinic;
	PatientRules rules;
	Datum values[5];
	OtherVisit *others;
	int nothers;

	if (!configured_clinic(clinic_id, &clinic))
		return;
	for (int i = 0; i < nvisits; i++)
	{
		patients[i] = *visit_uuid(&visits[i], VISIT_PATIENT_ID);
		if (!rules_of_visit(&visits[i], &clinic, &rules))
			continue;
		if (visit_isnull(&visits[i], VISIT_OVERRIDE_REASON))
			check_no_shows(&visits[i], &rules);
		if (has_rules_about_visits(&rules))
		{
			AskedTime more = asked_time(&visits[i], &rules);

			asked.after = Min(asked.after, more.after);
			asked.before = Max(asked.before, more.before);
		}
	}
	if (asked.before == DT_NOBEGIN)
		return;
	values[0] = UUIDPGetDatum(clinic_id);
	values[1] = uuid_array(patients, nvisits);
	values[2] = TimestampTzGetDatum(now);
	values[3] = TimestampTzGetDatum(asked.after);
	values[4] = TimestampTzGetDatum(asked.before);
	nothers = take_visits(query_run(&find_visits_of_patients, values, NULL, 0), &others);
	qsort(others, nothers, sizeof(OtherVisit), compare_by_patient);
	for (int i = 0; i < nvisits; i++)
	{
		int first = first_of_patient(others, nothers, &patients[i]);
		int end = first;
		OtherVisits found;

		CHECK_FOR_INTERRUPTS();
		if (!rules_of_visit(&visits[i], &clinic, &rules))
			continue;
		while (end < nothers && memcmp(&others[end].patient, &patients[i], UUID_LEN) == 0)
			end++;
		found = found_visits(&visits[i], &rules, &others[first], end - first);
		check_other_visits(&visits[i], &found);
	}
}
