/*
 * clinic.c
 *		The rules of the tables a clinic is set up in: clinic, resource, service,
 *		provider_service.
 *
 * A writer of one of these rows has the row's lock before a row trigger runs.
 * Bookings wait for such a row only in a foreign-key check, which conflicts
 * with DELETE alone (where they write a clinic's row, they try its lock).  So an
 * UPDATE may wait here for the bookings under way, and a DELETE may only try.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "availability/matching.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "clinic/clinic.h"
#include "errors.h"
#include "fmgr.h"
#include "identity/identity.h"
#include "lock.h"
#include "query.h"
#include "restore.h"
#include "trigger.h"
#include "utils/builtins.h"
#include "utils/rel.h"

/* A token's claim lasts its civil day, which has 25 hours where clocks go back. */
#define LONGEST_DAY (25 * USECS_PER_HOUR)

PG_FUNCTION_INFO_V1(clinic_check);
PG_FUNCTION_INFO_V1(resource_check);
PG_FUNCTION_INFO_V1(service_check);
PG_FUNCTION_INFO_V1(provider_service_check);
PG_FUNCTION_INFO_V1(requirement_check);
PG_FUNCTION_INFO_V1(opening_check);
PG_FUNCTION_INFO_V1(staff_only);
PG_FUNCTION_INFO_V1(keep_keys);
PG_FUNCTION_INFO_V1(lock_for_import);

/* The name as pg_timezone_names has it: pg_tzset() would also take a POSIX rule. */
static SavedQuery find_timezone = {
	.sql = "select z.name from pg_catalog.pg_timezone_names z"
		   " where pg_catalog.lower(z.name)" EQ "pg_catalog.lower($1)",
	QUERY_PARAMETERS(TEXTOID),
	.snapshot = SNAPSHOT_STATEMENT,
	.as_owner = true,
};

static SavedQuery find_provider_seats = {
	.sql = "select c.provider_seats from clinic.clinic c where c.id" EQ "$1",
	QUERY_PARAMETERS(UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

/* A hold that expired may have lost its claims, and may yet be confirmed. */
static SavedQuery find_visit_of_resource = {
	.sql = "select 1 where exists (select from clinic.claim c where c.clinic_id" EQ
		   "$1 and c.resource_id" EQ "$2)"
		   " or exists (select from clinic.appointment a where a.clinic_id" EQ
		   "$1 and a.provider_id" EQ "$2)"
		   " or exists (select from clinic.appointment a where a.clinic_id" EQ "$1 and a.status" EQ
		   "'held'::clinic.appointment_status"
		   " and $2" EQ "any (a.resource_ids))",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

static SavedQuery find_provider = {
	.sql = "select 1 from clinic.resource r where r.clinic_id" EQ "$1 and r.id" EQ "$2"
		   " and r.kind" EQ "'provider'::clinic.resource_kind",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

static SavedQuery find_longest_claim = {
	.sql = "select c.longest_claim from clinic.clinic c where c.id" EQ "$1",
	QUERY_PARAMETERS(UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

static SavedQuery try_lock_clinic_row = {
	.sql = "select c.longest_claim from clinic.clinic c where c.id" EQ "$1"
		   " for no key update skip locked",
	QUERY_PARAMETERS(UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

static SavedQuery raise_longest_claim = {
	.sql = "update clinic.clinic set longest_claim = $2 where id" EQ "$1 and longest_claim" LT "$2",
	QUERY_PARAMETERS(UUIDOID, INTERVALOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

/* What other requirements of the service come to; rows of the same statement are seen. */
static SavedQuery find_quantity = {
	.sql = "select pg_catalog.sum(q.quantity)::pg_catalog.int8 from clinic.service_requirement q"
		   " where q.clinic_id" EQ "$1 and q.service_id" EQ "$2 and q.id" NE "$3",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

static bool
same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Replace the zone's name by the one pg_timezone_names has for it. */
static void
check_timezone(TriggerRows *rows)
{
	char *name = text_of(rows, rows->written, "timezone");
	Datum value;

	if (name == NULL || (rows->old && !column_changed(rows, "timezone")))
		return;
	value = CStringGetTextDatum(name);
	if (query_run(&find_timezone, &value, NULL, 1) == 0)
		refuse(REASON_INVALID_TIMEZONE, psprintf("time zone \"%s\" is not known", name), NULL,
			   "pg_timezone_names lists the time zones.");
	set_column(rows, "timezone", CStringGetTextDatum(query_text(0, 1)));
}

void
clinic_raise_longest_claim(const pg_uuid_t *clinic, int64 microseconds)
{
	Interval longest = {.time = microseconds};
	Datum values[2] = {UUIDPGetDatum(clinic), IntervalPGetDatum(&longest)};

	if (query_run(&find_longest_claim, values, NULL, 1) == 0 ||
		interval_microseconds(query_interval(0, 1)) >= microseconds)
		return;
	if (query_run(&try_lock_clinic_row, values, NULL, 1) == 0)
		refuse_lock();
	(void) query_run(&raise_longest_claim, values, NULL, 0);
}

/* Is longest_claim, which bookings raise, all that an update changes? */
static bool
only_longest_claim_changed(const TriggerRows *rows)
{
	for (int column = 1; column <= rows->descriptor->natts; column++)
	{
		const char *name = NameStr(TupleDescAttr(rows->descriptor, column - 1)->attname);

		if (strcmp(name, "longest_claim") != 0 &&
			!same_text(SPI_getvalue(rows->old, rows->descriptor, column),
					   SPI_getvalue(rows->written, rows->descriptor, column)))
			return false;
	}
	return true;
}

static void
check_clinic_update(TriggerRows *rows)
{
	bool isnull;
	Datum old = value_of(rows, rows->old, "longest_claim", &isnull);
	Datum new = value_of(rows, rows->written, "longest_claim", &isnull);

	if (!isnull && interval_microseconds(DatumGetIntervalP(new)) <
					   interval_microseconds(DatumGetIntervalP(old)))
		set_column(rows, "longest_claim", old);
	if (!only_longest_claim_changed(rows))
		lock_clinic(uuid_of(rows, rows->old, "id"), LOCK_EXCLUSIVE, LOCK_WAIT);
}

/* BEFORE INSERT, UPDATE or DELETE row trigger of clinic. */
Datum
clinic_check(PG_FUNCTION_ARGS)
{
	const TriggerData *trigger = trigger_data(fcinfo, TRIGGER_EVENT_ROW | TRIGGER_EVENT_BEFORE, 0);
	TriggerRows rows = trigger_rows(trigger);

	if (restoring(trigger->tg_relation))
		return PointerGetDatum(trigger_result(&rows));
	query_begin();
	if (rows.written)
		check_timezone(&rows);
	if (rows.written == NULL)
		lock_clinic(uuid_of(&rows, rows.old, "id"), LOCK_EXCLUSIVE, LOCK_TRY);
	else if (rows.old)
		check_clinic_update(&rows);
	rows.written = rows.written ? SPI_copytuple(rows.written) : NULL;
	query_end();
	return PointerGetDatum(trigger_result(&rows));
}

static int32
default_seats(const TriggerRows *rows)
{
	Datum clinic = UUIDPGetDatum(uuid_of(rows, rows->written, "clinic_id"));

	if (strcmp(text_of(rows, rows->written, "kind"), "provider") != 0 ||
		query_run(&find_provider_seats, &clinic, NULL, 1) == 0)
		return 1;
	return query_int32(0, 1, 1);
}

static void
check_resource_update(TriggerRows *rows)
{
	const pg_uuid_t *clinic = uuid_of(rows, rows->old, "clinic_id");

	if (column_changed(rows, "kind"))
		refuse(REASON_IMMUTABLE, "the kind of a resource cannot be changed", NULL,
			   "Deactivate it and insert another.");
	if (!column_changed(rows, "is_active") && !column_changed(rows, "seats") &&
		!column_changed(rows, "timezone") && !column_changed(rows, "hours"))
		return;
	lock_clinic(clinic, LOCK_SHARED, LOCK_TRY);
	lock_resource(clinic, uuid_of(rows, rows->old, "id"), LOCK_WAIT);
}

static void
check_resource_delete(const TriggerRows *rows)
{
	const pg_uuid_t *clinic = uuid_of(rows, rows->old, "clinic_id");
	const pg_uuid_t *resource = uuid_of(rows, rows->old, "id");
	Datum values[2] = {UUIDPGetDatum(clinic), UUIDPGetDatum(resource)};

	lock_clinic(clinic, LOCK_SHARED, LOCK_TRY);
	lock_resource(clinic, resource, LOCK_TRY);
	if (query_run(&find_visit_of_resource, values, NULL, 1) > 0)
		refuse(REASON_IN_USE, "this resource has visits", NULL,
			   "Set is_active to false, so that it takes no new ones.");
}

/* BEFORE INSERT, UPDATE or DELETE row trigger of resource. */
Datum
resource_check(PG_FUNCTION_ARGS)
{
	const TriggerData *trigger = trigger_data(fcinfo, TRIGGER_EVENT_ROW | TRIGGER_EVENT_BEFORE, 0);
	TriggerRows rows = trigger_rows(trigger);
	bool no_kind = rows.written && text_of(&rows, rows.written, "kind") == NULL;

	if (restoring(trigger->tg_relation) || no_kind)
		return PointerGetDatum(trigger_result(&rows));
	query_begin();
	if (rows.written == NULL)
		check_resource_delete(&rows);
	else
	{
		check_timezone(&rows);
		if (text_of(&rows, rows.written, "seats") == NULL)
			set_column(&rows, "seats", Int32GetDatum(default_seats(&rows)));
		if (rows.old)
			check_resource_update(&rows);
		rows.written = SPI_copytuple(rows.written);
	}
	query_end();
	return PointerGetDatum(trigger_result(&rows));
}

/*
 * The length of the longest claim that this service leads to by itself: rivals
 * for the first token would all have to raise longest_claim, and only one can.
 */
static int64
claim_length(const TriggerRows *rows)
{
	static const char *const columns[] = {"duration", "buffer_before", "buffer_after"};
	int64 length = 0;

	for (size_t i = 0; i < lengthof(columns); i++)
	{
		bool isnull;
		Datum value = value_of(rows, rows->written, columns[i], &isnull);

		if (!isnull)
			length += interval_microseconds(DatumGetIntervalP(value));
	}
	if (same_text(text_of(rows, rows->written, "mode"), "token"))
		length = Max(length, LONGEST_DAY);
	return length;
}

/* BEFORE INSERT, UPDATE or DELETE row trigger of service. */
Datum
service_check(PG_FUNCTION_ARGS)
{
	const TriggerData *trigger = trigger_data(fcinfo, TRIGGER_EVENT_ROW | TRIGGER_EVENT_BEFORE, 0);
	TriggerRows rows = trigger_rows(trigger);
	const pg_uuid_t *clinic;

	if (restoring(trigger->tg_relation))
		return PointerGetDatum(trigger_result(&rows));
	query_begin();
	clinic = uuid_of(&rows, trigger_result(&rows), "clinic_id");
	if (rows.written == NULL)
		lock_clinic(clinic, LOCK_EXCLUSIVE, LOCK_TRY);
	else
		clinic_raise_longest_claim(clinic, claim_length(&rows));
	query_end();
	return PointerGetDatum(trigger_result(&rows));
}

/* BEFORE INSERT or UPDATE row trigger of provider_service. */
Datum
provider_service_check(PG_FUNCTION_ARGS)
{
	const TriggerData *trigger = trigger_data(fcinfo, TRIGGER_EVENT_ROW | TRIGGER_EVENT_BEFORE, 0);
	TriggerRows rows = trigger_rows(trigger);
	Datum values[2];

	if (restoring(trigger->tg_relation))
		return PointerGetDatum(rows.written);
	query_begin();
	values[0] = UUIDPGetDatum(uuid_of(&rows, rows.written, "clinic_id"));
	values[1] = UUIDPGetDatum(uuid_of(&rows, rows.written, "provider_id"));
	if (query_run(&find_provider, values, NULL, 1) == 0)
		refuse(REASON_NOT_FOUND, "there is no such provider", NULL, NULL);
	query_end();
	return PointerGetDatum(rows.written);
}

/* All that a service requires must fit into a visit. */
static void
check_quantity(const TriggerRows *rows)
{
	Datum values[] = {UUIDPGetDatum(uuid_of(rows, rows->written, "clinic_id")),
					  UUIDPGetDatum(uuid_of(rows, rows->written, "service_id")),
					  UUIDPGetDatum(uuid_of(rows, rows->written, "id"))};
	bool isnull;
	Datum quantity = value_of(rows, rows->written, "quantity", &isnull);

	query_run_one(&find_quantity, values, NULL);
	if (!isnull && query_int64(0, 1, 0) + DatumGetInt32(quantity) > MAX_UNITS)
		refuse(REASON_LIMIT_REACHED, "a visit occupies at most 32 rooms and devices", NULL, NULL);
}

/* BEFORE INSERT, UPDATE or DELETE row trigger of service_requirement. */
Datum
requirement_check(PG_FUNCTION_ARGS)
{
	const TriggerData *trigger = trigger_data(fcinfo, TRIGGER_EVENT_ROW | TRIGGER_EVENT_BEFORE, 0);
	TriggerRows rows = trigger_rows(trigger);

	if (restoring(trigger->tg_relation))
		return PointerGetDatum(trigger_result(&rows));
	query_begin();
	lock_clinic(uuid_of(&rows, trigger_result(&rows), "clinic_id"), LOCK_EXCLUSIVE, LOCK_WAIT);
	if (rows.written)
		check_quantity(&rows);
	query_end();
	return PointerGetDatum(trigger_result(&rows));
}

/*
 * Lock what a row of hours, closure or day_capacity is about, before and after:
 * its resource, or the clinic; that first, for a lock is not made stronger while
 * others hold it.
 */
static void
lock_opening(const TriggerRows *rows)
{
	HeapTuple tuples[] = {rows->old, rows->written};
	Datum resources[lengthof(tuples)];
	bool whole_clinic[lengthof(tuples)] = {false, false};
	const pg_uuid_t *clinic = NULL;

	for (size_t i = 0; i < lengthof(tuples); i++)
		if (tuples[i])
		{
			clinic = uuid_of(rows, tuples[i], "clinic_id");
			resources[i] = value_of(rows, tuples[i], "resource_id", &whole_clinic[i]);
		}
	lock_clinic(clinic, whole_clinic[0] || whole_clinic[1] ? LOCK_EXCLUSIVE : LOCK_SHARED,
				LOCK_WAIT);
	for (size_t i = 0; i < lengthof(tuples); i++)
		if (tuples[i] && !whole_clinic[i])
			lock_resource(clinic, DatumGetUUIDP(resources[i]), LOCK_WAIT);
}

/*
 * BEFORE INSERT, UPDATE or DELETE row trigger of hours, closure and day_capacity:
 * a booking at the same instant is either over, or sees the change.
 */
Datum
opening_check(PG_FUNCTION_ARGS)
{
	const TriggerData *trigger = trigger_data(fcinfo, TRIGGER_EVENT_ROW | TRIGGER_EVENT_BEFORE, 0);
	TriggerRows rows = trigger_rows(trigger);

	if (restoring(trigger->tg_relation))
		return PointerGetDatum(trigger_result(&rows));
	query_begin();
	lock_opening(&rows);
	query_end();
	return PointerGetDatum(trigger_result(&rows));
}

/*
 * BEFORE INSERT, UPDATE or DELETE row trigger of what only staff may write,
 * whatever was granted to the role that patients' accounts share.
 */
Datum
staff_only(PG_FUNCTION_ARGS)
{
	const TriggerData *trigger = trigger_data(fcinfo, TRIGGER_EVENT_ROW | TRIGGER_EVENT_BEFORE, 1);
	TriggerRows rows = trigger_rows(trigger);
	HeapTuple result = trigger_result(&rows);
	bool staff;

	/* A booking raises longest_claim on behalf of whoever books. */
	if (restoring(trigger->tg_relation) || query_is_as_owner())
		return PointerGetDatum(result);
	query_begin();
	staff = identity_is_staff(uuid_of(&rows, result, trigger->tg_trigger->tgargs[0]));
	query_end();
	if (!staff)
		refuse(REASON_STAFF_ONLY, "only the clinic's staff may change this", NULL, NULL);
	return PointerGetDatum(result);
}

/* BEFORE UPDATE OF the columns named by its arguments: they identify the row for good. */
Datum
keep_keys(PG_FUNCTION_ARGS)
{
	const TriggerData *trigger = trigger_data(fcinfo, TRIGGER_EVENT_ROW | TRIGGER_EVENT_BEFORE, 1);
	TriggerRows rows = trigger_rows(trigger);

	for (int i = 0; i < trigger->tg_trigger->tgnargs; i++)
	{
		const char *column = trigger->tg_trigger->tgargs[i];

		if (column_changed(&rows, column))
			refuse(REASON_IMMUTABLE, psprintf("%s cannot be changed", column), NULL, NULL);
	}
	return PointerGetDatum(rows.written);
}

Datum
lock_for_import(PG_FUNCTION_ARGS)
{
	bool staff;

	if (PG_ARGISNULL(0))
		refuse_null("clinic_id");
	query_begin();
	staff = identity_is_staff(PG_GETARG_UUID_P(0));
	query_end();
	if (!staff)
		refuse(REASON_STAFF_ONLY, "only the clinic's staff may do this", NULL, NULL);
	lock_clinic(PG_GETARG_UUID_P(0), LOCK_EXCLUSIVE, LOCK_WAIT);
	PG_RETURN_VOID();
}
