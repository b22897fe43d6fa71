/*
 * change.c
 *		Changing a visit that is booked: confirm, cancel, release, reschedule and the
 *		rest.
 *
 * Each locks the clinic (shared), the visit and its row, in the order of lock.h,
 * checks what only it knows, and updates the row; the rules are the triggers'.
 */
#include "postgres.h"

#include "booking/rules.h"
#include "booking/status.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "errors.h"
#include "fmgr.h"
#include "lock.h"
#include "query.h"
#include "utils/array.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(get_appointment);
PG_FUNCTION_INFO_V1(confirm);
PG_FUNCTION_INFO_V1(cancel);
PG_FUNCTION_INFO_V1(release);
PG_FUNCTION_INFO_V1(set_status);
PG_FUNCTION_INFO_V1(reschedule);
PG_FUNCTION_INFO_V1(update_appointment);

#define VISIT_OF " where a.clinic_id" EQ "$1 and a.id" EQ "$2"
#define LOCKED_COLUMNS "select a.status::pg_catalog.text from clinic.appointment a" VISIT_OF

static SavedQuery get_visit = {
	.sql = "select a from clinic.appointment a" VISIT_OF,
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_STATEMENT,
};

static SavedQuery lock_visit_row = {
	.sql = LOCKED_COLUMNS " for no key update",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
};

static SavedQuery try_lock_visit_row = {
	.sql = LOCKED_COLUMNS " for no key update skip locked",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
};

static SavedQuery find_visit = {
	.sql = "select 1 from clinic.appointment a" VISIT_OF,
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
};

/* What reschedule() is about to occupy, as far as can be told before the row is locked. */
static SavedQuery find_move = {
	.sql = "select coalesce($4, a.provider_id) || a.resource_ids,"
		   " $3 operator(pg_catalog.-) a.buffer_before,"
		   " $3 operator(pg_catalog.+) coalesce($5, a.ends_at operator(pg_catalog.-) a.starts_at)"
		   " operator(pg_catalog.+) a.buffer_after from clinic.appointment a" VISIT_OF
		   " and a.mode" EQ "'timed'::clinic.visit_mode",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TIMESTAMPTZOID, UUIDOID, INTERVALOID),
	.snapshot = SNAPSHOT_LATEST,
};

static SavedQuery update_status = {
	.sql = "update clinic.appointment a set status = $3::clinic.appointment_status" VISIT_OF
		   " returning a",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TEXTOID),
	.snapshot = SNAPSHOT_WRITE,
};

static SavedQuery update_cancelled = {
	.sql = "update clinic.appointment a set status = 'cancelled', cancellation_reason = $3" VISIT_OF
		   " returning a",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TEXTOID),
	.snapshot = SNAPSHOT_WRITE,
};

/* $5: the duration, null for what it was.  The override is one for this move only. */
static SavedQuery update_time = {
	.sql =
		"update clinic.appointment a set starts_at = $3, provider_id = coalesce($4, a.provider_id),"
		" ends_at = $3 operator(pg_catalog.+)"
		" coalesce($5, a.ends_at operator(pg_catalog.-) a.starts_at), override_reason = $6" VISIT_OF
		" returning a",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TIMESTAMPTZOID, UUIDOID, INTERVALOID, TEXTOID),
	.snapshot = SNAPSHOT_WRITE,
};

static SavedQuery update_words = {
	.sql = "update clinic.appointment a set reason = coalesce($3, a.reason),"
		   " notes = coalesce($4, a.notes)" VISIT_OF " returning a",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TEXTOID, TEXTOID),
	.snapshot = SNAPSHOT_WRITE,
};

/* The end is left to the trigger: another service has another duration. */
static SavedQuery update_service = {
	.sql = "update clinic.appointment a set reason = coalesce($3, a.reason),"
		   " notes = coalesce($4, a.notes), service_id = $5" VISIT_OF " returning a",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TEXTOID, TEXTOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
};

static SavedQuery update_duration = {
	.sql = "update clinic.appointment a set reason = coalesce($3, a.reason),"
		   " notes = coalesce($4, a.notes), service_id = coalesce($5, a.service_id),"
		   " ends_at = a.starts_at operator(pg_catalog.+) $6" VISIT_OF " returning a",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TEXTOID, TEXTOID, UUIDOID, INTERVALOID),
	.snapshot = SNAPSHOT_WRITE,
};

static _Noreturn void
refuse_unknown_visit(void)
{
	refuse(REASON_NOT_FOUND, "there is no such visit in this clinic", NULL, NULL);
}

/*
 * Lock the visit's row for a change, and return its status.  The first two
 * values are the clinic's and the visit's id.
 */
static VisitStatus
lock_row(const Datum *key)
{
	bool must_try = lock_rows_must_be_tried();

	lock_clinic(DatumGetUUIDP(key[0]), LOCK_SHARED, LOCK_WAIT);
	lock_visit(DatumGetUUIDP(key[0]), DatumGetUUIDP(key[1]));
	if (query_run(must_try ? &try_lock_visit_row : &lock_visit_row, key, NULL, 1) == 0)
	{
		if (must_try && query_run(&find_visit, key, NULL, 1) > 0)
			refuse_lock();
		refuse_unknown_visit();
	}
	return status_from_name(query_text(0, 1));
}

/* Run the update of a locked row. */
static Datum
update_row(SavedQuery *update, const Datum *values, const bool *nulls)
{
	if (query_run(update, values, nulls, 0) == 0)
		refuse_unknown_visit();
	return query_copy_composite(0, 1);
}

static Datum
change_status(const Datum *key, VisitStatus from, VisitStatus to)
{
	Datum values[3] = {key[0], key[1], CStringGetTextDatum(status_name(to))};

	check_transition(from, to);
	return update_row(&update_status, values, NULL);
}

/* Put the clinic's and the visit's id, arguments clinic_argument and 0, into key. */
static void
read_key(FunctionCallInfo fcinfo, int clinic_argument, Datum *key)
{
	if (PG_ARGISNULL(0))
		refuse_null("appointment_id");
	if (PG_ARGISNULL(clinic_argument))
		refuse_null("clinic_id");
	key[0] = PG_GETARG_DATUM(clinic_argument);
	key[1] = PG_GETARG_DATUM(0);
}

Datum
get_appointment(PG_FUNCTION_ARGS)
{
	Datum key[2];
	Datum visit;

	read_key(fcinfo, 1, key);
	query_begin();
	if (query_run(&get_visit, key, NULL, 1) == 0)
		refuse_unknown_visit();
	visit = query_copy_composite(0, 1);
	query_end();
	PG_RETURN_DATUM(visit);
}

Datum
confirm(PG_FUNCTION_ARGS)
{
	Datum key[2];
	VisitStatus from;
	Datum visit;

	read_key(fcinfo, 1, key);
	query_begin();
	from = lock_row(key);
	visit = change_status(key, from, from == STATUS_HELD ? STATUS_SCHEDULED : STATUS_CONFIRMED);
	query_end();
	PG_RETURN_DATUM(visit);
}

Datum
cancel(PG_FUNCTION_ARGS)
{
	Datum values[3];
	Datum visit;

	read_key(fcinfo, 2, values);
	if (PG_ARGISNULL(1))
		refuse(REASON_INVALID_TEXT, "a cancellation needs a reason", NULL, NULL);
	values[2] = PG_GETARG_DATUM(1);
	query_begin();
	check_transition(lock_row(values), STATUS_CANCELLED);
	visit = update_row(&update_cancelled, values, NULL);
	query_end();
	PG_RETURN_DATUM(visit);
}

Datum
release(PG_FUNCTION_ARGS)
{
	Datum key[2];
	VisitStatus from;
	Datum visit;

	read_key(fcinfo, 1, key);
	query_begin();
	from = lock_row(key);
	if (from != STATUS_HELD)
		refuse(REASON_INVALID_TRANSITION,
			   psprintf("a visit that is %s is no hold", status_name(from)), NULL,
			   "Only a held visit is released; one that stands is cancelled.");
	visit = change_status(key, from, STATUS_CANCELLED);
	query_end();
	PG_RETURN_DATUM(visit);
}

Datum
set_status(PG_FUNCTION_ARGS)
{
	Datum key[2];
	Datum visit;

	read_key(fcinfo, 2, key);
	if (PG_ARGISNULL(1))
		refuse_null("status");
	query_begin();
	visit = change_status(key, lock_row(key), status_from_oid(PG_GETARG_OID(1)));
	query_end();
	PG_RETURN_DATUM(visit);
}

/* The same length in clock time only: a day is 24 hours here, also when clocks change. */
static Datum
clock_duration(Datum duration)
{
	Interval *clock = palloc0(sizeof(Interval));

	clock->time = interval_microseconds(DatumGetIntervalP(duration));
	if (clock->time <= 0 || clock->time > LONGEST_CLAIM)
		refuse_booking(REASON_INVALID_DURATION);
	return IntervalPGetDatum(clock);
}

/* Put arguments 1 to 4 into values 2 to 5, behind the key. */
static void
read_changes(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	for (int i = 1; i <= 4; i++)
	{
		values[i + 1] = PG_GETARG_DATUM(i);
		nulls[i + 1] = PG_ARGISNULL(i);
	}
}

/*
 * Queue for the days of a move before the visit's row is locked: afterwards they
 * can only be tried.  Should the visit be changed in between, the trigger tries
 * for what it needs then.
 */
static void
lock_days_of_move(const Datum *values, const bool *nulls)
{
	const pg_uuid_t *clinic = DatumGetUUIDP(values[0]);
	TimestampTz from;
	TimestampTz to;
	Datum *elements;
	bool *element_nulls;
	pg_uuid_t *resources;
	int count;
	bool isnull;

	if (query_run(&find_move, values, nulls, 1) == 0 || query_isnull(0, 1))
		return;
	from = query_timestamptz(0, 2, 0);
	to = query_timestamptz(0, 3, 0);
	deconstruct_array(DatumGetArrayTypeP(query_datum(0, 1, &isnull)), UUIDOID, UUID_LEN, false,
					  TYPALIGN_CHAR, &elements, &element_nulls, &count);
	resources = palloc(sizeof(pg_uuid_t) * count);
	for (int i = 0; i < count; i++)
		if (element_nulls[i])
			return;
		else
			resources[i] = *DatumGetUUIDP(elements[i]);
	if (to > from && to - from <= LONGEST_CLAIM)
		lock_days(clinic, resources, count, from, to, LOCK_WAIT, NULL);
}

Datum
reschedule(PG_FUNCTION_ARGS)
{
	Datum values[6];
	bool nulls[6] = {false};
	Datum visit;

	read_key(fcinfo, 5, values);
	read_changes(fcinfo, values, nulls);
	if (nulls[2])
		refuse_null("starts_at");
	check_visit_instant(DatumGetTimestampTz(values[2]), "starts_at");
	if (!nulls[4])
		values[4] = clock_duration(values[4]);
	query_begin();
	lock_clinic(DatumGetUUIDP(values[0]), LOCK_SHARED, LOCK_WAIT);
	lock_visit(DatumGetUUIDP(values[0]), DatumGetUUIDP(values[1]));
	lock_days_of_move(values, nulls);
	(void) lock_row(values);
	visit = update_row(&update_time, values, nulls);
	query_end();
	PG_RETURN_DATUM(visit);
}

Datum
update_appointment(PG_FUNCTION_ARGS)
{
	Datum values[6];
	bool nulls[6] = {false};
	SavedQuery *update;
	Datum visit;

	read_key(fcinfo, 5, values);
	read_changes(fcinfo, values, nulls);
	if (!nulls[5])
		values[5] = clock_duration(values[5]);
	update = !nulls[5] ? &update_duration : !nulls[4] ? &update_service : &update_words;
	query_begin();
	(void) lock_row(values);
	visit = update_row(update, values, nulls);
	query_end();
	PG_RETURN_DATUM(visit);
}
