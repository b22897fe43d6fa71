/*
 * visit_triggers.c
 *		The triggers of table appointment, which make every writer keep the rules.
 *
 * Before a row is written: derive what was left out, check, take the locks of
 * lock.h, look at who has the time now that nobody else can take it, and pick a
 * seat.  After all rows of the statement are: write their claims, look at the
 * patients' other visits, and journal.  Claims are not written before, because
 * a row may yet be skipped by ON CONFLICT DO NOTHING.
 *
 * An UPDATE has locked its row before a trigger runs; in the order of lock.h
 * the clinic comes before that row, so here it is tried.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "booking/account.h"
#include "booking/code.h"
#include "booking/picks.h"
#include "booking/rules.h"
#include "booking/visit.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "clinic/clinic.h"
#include "errors.h"
#include "fmgr.h"
#include "identity/identity.h"
#include "journal/journal.h"
#include "lock.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/bitmapset.h"
#include "query.h"
#include "restore.h"
#include "trigger.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/datum.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(visit_before);
PG_FUNCTION_INFO_V1(visit_after);

#define REASON_LIMIT 2000
#define NOTES_LIMIT 5000

/*
 * Where the clinic has rules about a patient's other visits: does a timed one
 * overlap [$4, $5), and are as many to come at $6 as may be?  Nothing longer
 * than a claim reaches into what is asked about, so only visits that start
 * after $7, or after $8 where those to come are counted, are read.  A hold that
 * ended at $6 is none.
 */
static SavedQuery find_other_visits = {
	.sql =
		"select c.prevent_patient_overlap and v.overlapped, c.max_active_per_patient" LE "v.to_come"
		" from clinic.clinic c cross join lateral (select"
		" coalesce(pg_catalog.bool_or(a.starts_at" LT "$5 and a.ends_at" GT "$4 and a.mode" EQ
		"'timed'::clinic.visit_mode), false),"
		" pg_catalog.count(*) filter (where a.ends_at" GT "$6 and a.status" NE
		"'in_progress'::clinic.appointment_status)"
		" from clinic.appointment a where a.clinic_id" EQ "$1 and a.patient_id" EQ "$2"
		" and a.starts_at" GT "(case when c.max_active_per_patient is null then $7 else $8 end)"
		" and a.id" NE "$3 and a.status" LE "'in_progress'::clinic.appointment_status"
		" and (a.status" NE "'held'::clinic.appointment_status or a.hold_expires_at" GT "$6)"
		") v (overlapped, to_come)"
		" where c.id" EQ
		"$1 and (c.prevent_patient_overlap or c.max_active_per_patient is not null)",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID,
					 TIMESTAMPTZOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

static SavedQuery find_claim = {
	.sql = "select 1 from clinic.claim c where c.clinic_id" EQ "$1 and c.appointment_id" EQ
		   "$2 limit 1",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

/* The row as it is now, whatever this transaction has done to it since. */
static SavedQuery find_present_row = {
	.sql = "select a from clinic.appointment a where a.clinic_id" EQ "$1 and a.id" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

static SavedQuery insert_claim = {
	.sql = "insert into clinic.claim"
		   " (clinic_id, appointment_id, resource_id, seat, starts_at, ends_at)"
		   " values ($1, $2, $3, $4, $5, $6)",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, UUIDOID, INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

/* The same for several resources; the one above costs less. */
static SavedQuery insert_claims = {
	.sql = "insert into clinic.claim"
		   " (clinic_id, appointment_id, resource_id, seat, starts_at, ends_at)"
		   " select $1, $2, t.resource_id, t.seat, $5, $6"
		   " from rows from (pg_catalog.unnest($3), pg_catalog.unnest($4)) t (resource_id, seat)",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, UUIDARRAYOID, INT4ARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

static SavedQuery delete_claims = {
	.sql = "delete from clinic.claim c where c.clinic_id" EQ "$1 and c.appointment_id" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

static const JournalSubject journal_subject = {"appointment", "id", NULL};

static HeapTuple before_insert(Relation relation, HeapTuple tuple);
static HeapTuple before_update(const TriggerData *trigger, const TriggerRows *rows);
static void before_delete(Relation relation, HeapTuple tuple);
static void after_change(const TriggerData *trigger);

/* BEFORE INSERT, UPDATE or DELETE row trigger. */
Datum
visit_before(PG_FUNCTION_ARGS)
{
	const TriggerData *trigger = trigger_data(fcinfo, TRIGGER_EVENT_ROW | TRIGGER_EVENT_BEFORE, 0);
	TriggerRows rows = trigger_rows(trigger);
	HeapTuple result = trigger_result(&rows);

	if (restoring(trigger->tg_relation))
		return PointerGetDatum(result);
	query_begin();
	if (rows.written == NULL)
		before_delete(trigger->tg_relation, rows.old);
	else
		result = SPI_copytuple(rows.old ? before_update(trigger, &rows)
										: before_insert(trigger->tg_relation, rows.written));
	query_end();
	return PointerGetDatum(result);
}

/* AFTER INSERT, UPDATE or DELETE row trigger. */
Datum
visit_after(PG_FUNCTION_ARGS)
{
	const TriggerData *trigger = trigger_data(fcinfo, TRIGGER_EVENT_ROW | TRIGGER_EVENT_AFTER, 0);

	if (restoring(trigger->tg_relation))
		return PointerGetDatum(NULL);
	query_begin();
	after_change(trigger);
	query_end();
	return PointerGetDatum(NULL);
}

/*
 * Structure: what must hold whatever the rules say.
 */

static void
require(const VisitRow *row, VisitColumn column, const char *name)
{
	if (visit_isnull(row, column))
		refuse_null(name);
}

/* A text that is given has something in it, and not too much. */
static void
check_text(const VisitRow *row, const VisitRow *old, VisitColumn column, const char *name,
		   int limit)
{
	char *text;

	if (visit_isnull(row, column) || (old && visit_same(row, old, column)))
		return;
	text = visit_text(row, column);
	if (column != VISIT_NOTES && text[strspn(text, " \t\r\n")] == '\0')
		refuse(REASON_INVALID_TEXT, psprintf("%s must not be empty", name), NULL, NULL);
	if (pg_mbstrlen(text) > limit)
		refuse(REASON_INVALID_TEXT, psprintf("%s is too long", name),
			   psprintf("it may have %d characters", limit), NULL);
}

static void
check_texts(const VisitRow *row, const VisitRow *old)
{
	check_text(row, old, VISIT_REASON, "reason", REASON_LIMIT);
	check_text(row, old, VISIT_NOTES, "notes", NOTES_LIMIT);
	check_text(row, old, VISIT_OVERRIDE_REASON, "override_reason", REASON_LIMIT);
	check_text(row, old, VISIT_CANCELLATION_REASON, "cancellation_reason", REASON_LIMIT);
	check_text(row, old, VISIT_IDEMPOTENCY_KEY, "idempotency_key", 255);
	check_text(row, old, VISIT_CODE, "code", 50);
}

static void
check_instant(const VisitRow *row, VisitColumn column, const char *name)
{
	require(row, column, name);
	check_visit_instant(visit_time(row, column), name);
}

static VisitTime
visit_time_of(const VisitRow *row)
{
	VisitTime time;

	time.mode = visit_mode(row);
	time.starts_at = visit_time(row, VISIT_STARTS_AT);
	time.ends_at = visit_time(row, VISIT_ENDS_AT);
	time.claim_from = time.starts_at - visit_microseconds(row, VISIT_BUFFER_BEFORE);
	time.claim_to = time.ends_at + visit_microseconds(row, VISIT_BUFFER_AFTER);
	return time;
}

/* Start, end and buffers, once they are all known. */
static void
check_length(const VisitRow *row)
{
	int64 before = visit_microseconds(row, VISIT_BUFFER_BEFORE);
	int64 after = visit_microseconds(row, VISIT_BUFFER_AFTER);
	VisitTime time;

	check_instant(row, VISIT_STARTS_AT, "starts_at");
	check_instant(row, VISIT_ENDS_AT, "ends_at");
	if (before < 0 || before > LONGEST_CLAIM || after < 0 || after > LONGEST_CLAIM)
		refuse(REASON_INVALID_DURATION, "a buffer cannot be that long, or negative", NULL, NULL);
	time = visit_time_of(row);
	if (time.ends_at <= time.starts_at)
		refuse(REASON_INVALID_DURATION, "a visit must end after it starts", NULL, NULL);
	if (time.claim_to - time.claim_from > LONGEST_CLAIM)
		refuse(REASON_INVALID_DURATION, "a visit cannot be that long", NULL, NULL);
}

static void
check_resource_ids(VisitRow *row)
{
	ArrayType *array;
	pg_uuid_t *resources;
	int count;

	if (visit_isnull(row, VISIT_RESOURCE_IDS))
		visit_set(row, VISIT_RESOURCE_IDS, PointerGetDatum(construct_empty_array(UUIDOID)));
	array = DatumGetArrayTypeP(visit_datum(row, VISIT_RESOURCE_IDS));
	if (ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)) > MAX_RESOURCES)
		refuse(REASON_LIMIT_REACHED, "a visit occupies at most 32 rooms and devices", NULL, NULL);
	if (array_contains_nulls(array))
		refuse_null("an element of resource_ids");
	count = visit_resources(row, &resources);
	for (int i = 0; i < count; i++)
		for (int j = 0; j < i; j++)
			if (memcmp(&resources[i], &resources[j], UUID_LEN) == 0)
				refuse(REASON_IN_USE, "a visit cannot occupy the same resource twice", NULL, NULL);
}

/*
 * Planning: the rules, the locks, and the seat.
 */

/* The end follows from the start where it was left out; a token lasts its day. */
static void
derive_end(VisitRow *row, const VisitFacts *facts)
{
	TimestampTz start;

	check_instant(row, VISIT_STARTS_AT, "starts_at");
	start = visit_time(row, VISIT_STARTS_AT);
	if (visit_mode(row) == MODE_TOKEN)
	{
		pg_tz *zone = facts->booking.zone;
		DateADT day = civil_day(start, zone);

		visit_set(row, VISIT_STARTS_AT, TimestampTzGetDatum(civil_day_start(day, zone)));
		visit_set(row, VISIT_ENDS_AT, TimestampTzGetDatum(civil_day_start(day + 1, zone)));
	}
	else if (visit_isnull(row, VISIT_ENDS_AT))
		visit_set(row, VISIT_ENDS_AT, TimestampTzGetDatum(start + facts->duration));
}

static void
copy_buffers(VisitRow *row, const VisitFacts *facts)
{
	Interval *buffers = palloc0(sizeof(Interval) * 2);

	if (visit_mode(row) == MODE_TIMED)
	{
		buffers[0].time = interval_microseconds(&facts->buffer_before);
		buffers[1].time = interval_microseconds(&facts->buffer_after);
	}
	visit_set(row, VISIT_BUFFER_BEFORE, IntervalPGetDatum(&buffers[0]));
	visit_set(row, VISIT_BUFFER_AFTER, IntervalPGetDatum(&buffers[1]));
}

/* Buffers that the staff set, in clock time: a day is 24 hours. */
static void
keep_clock_time(VisitRow *row)
{
	static const VisitColumn buffers[] = {VISIT_BUFFER_BEFORE, VISIT_BUFFER_AFTER};

	for (size_t i = 0; i < lengthof(buffers); i++)
	{
		Interval *clock = palloc0(sizeof(Interval));

		clock->time = visit_microseconds(row, buffers[i]);
		visit_set(row, buffers[i], IntervalPGetDatum(clock));
	}
}

static void
read_facts(VisitFacts *facts, const VisitRow *row, const char *code)
{
	facts_read(facts, visit_uuid(row, VISIT_CLINIC_ID), visit_uuid(row, VISIT_SERVICE_ID),
			   visit_uuid(row, VISIT_PROVIDER_ID), visit_uuid(row, VISIT_PATIENT_ID), code);
}

/* The rules that an override sets aside. */
static void
check_rules(const VisitRow *row, const VisitFacts *facts)
{
	Reason reason;

	if (!facts->patient_active)
		refuse(REASON_INACTIVE, "this patient takes no new visits", NULL, NULL);
	reason = booking_refusal(&facts->booking, visit_mode(row), visit_time(row, VISIT_STARTS_AT),
							 visit_time(row, VISIT_ENDS_AT));
	if (reason != REASON_NONE)
		refuse_booking(reason);
}

static void
check_looked(const Look *look, bool override)
{
	for (int i = 0; i < look->nresources; i++)
	{
		const LookedResource *resource = &look->resources[i];

		if (i == 0 && !(resource->exists && resource->is_provider))
			refuse(REASON_NOT_FOUND, "there is no such provider in this clinic", NULL, NULL);
		if (!resource->exists)
			refuse(REASON_NOT_FOUND, "there is no such room or device in this clinic", NULL, NULL);
		if (!resource->is_active && !override)
			refuse_booking(REASON_INACTIVE);
	}
}

/* A seat chosen for a claim. */
typedef struct ChosenSeat
{
	int32 seat;		/* 0: none is free */
	bool contended; /* an earlier row of this statement has picked it too */
} ChosenSeat;

/* A free seat of the resource, rather one that no earlier row of this statement has picked. */
static ChosenSeat
choose_seat(const LookedResource *resource, const pg_uuid_t *visit, const VisitTime *time)
{
	TakenSeat *taken = palloc(sizeof(TakenSeat) * Max(resource->ntaken, 1));
	ChosenSeat chosen = {0, false};
	int ntaken;

	if (resource->ntaken > 0)
		memcpy(taken, resource->taken, sizeof(TakenSeat) * resource->ntaken);
	ntaken = picks_append(visit, &resource->id, time->claim_from, time->claim_to, &taken,
						  resource->ntaken);
	chosen.seat =
		lowest_free_seat(taken, ntaken, resource->seats, time->claim_from, time->claim_to);
	if (chosen.seat == 0 && ntaken > resource->ntaken)
	{
		chosen.seat = lowest_free_seat(resource->taken, resource->ntaken, resource->seats,
									   time->claim_from, time->claim_to);
		chosen.contended = true;
	}
	pfree(taken);
	return chosen;
}

/* Choose a seat of every resource; false if one has none. */
static bool
choose_seats(const Look *look, const pg_uuid_t *visit, const VisitTime *time, ChosenSeat *seats)
{
	for (int i = 0; i < look->nresources; i++)
	{
		seats[i] = choose_seat(&look->resources[i], visit, time);
		if (seats[i].seat == 0)
			return false;
	}
	return true;
}

/* Why the rules are asked, which decides what they are asked. */
typedef enum PlanKind
{
	PLAN_BY_RULES, /* a new time, provider or service */
	PLAN_OVERRIDE, /* the same, the rules set aside */
	PLAN_RECLAIM   /* an expired hold wants its time back */
} PlanKind;

/* With the locks held: find a seat of everything the visit occupies. */
static void
pick_seats(VisitRow *row, const VisitFacts *facts, PlanKind kind)
{
	const pg_uuid_t *clinic = visit_uuid(row, VISIT_CLINIC_ID);
	const pg_uuid_t *visit = visit_uuid(row, VISIT_ID);
	VisitTime time = visit_time_of(row);
	TimestampTz until = look_until(facts, &time);
	pg_uuid_t *resources;
	int nresources = visit_resources(row, &resources);
	ChosenSeat *seats = palloc(sizeof(ChosenSeat) * nresources);
	Look *look = look_at(clinic, resources, nresources, time.claim_from, until, visit);
	bool found;

	check_looked(look, kind == PLAN_OVERRIDE);
	found = choose_seats(look, visit, &time, seats);
	if (!found &&
		expired_holds_exist(clinic, resources, nresources, time.claim_from, time.claim_to) &&
		expired_holds_reap(clinic, resources, nresources, time.claim_from, time.claim_to) > 0)
	{
		look = look_at(clinic, resources, nresources, time.claim_from, until, visit);
		found = choose_seats(look, visit, &time, seats);
	}
	if (!found && kind == PLAN_RECLAIM)
		refuse(REASON_HOLD_EXPIRED, "the hold has expired and its time is taken", NULL,
			   "Book another time.");
	if (!found)
		refuse_taken(facts, look, &time);

	visit_set(row, VISIT_SEAT, Int32GetDatum(seats[0].seat));
	for (int i = 0; i < nresources; i++)
	{
		TakenSeat seat = {seats[i].seat, time.claim_from, time.claim_to};

		pick_remember(visit, &resources[i], &seat, seats[i].contended);
	}
}

/* Plan a visit that takes its time: rules, locks, seats. */
static void
plan(VisitRow *row, const VisitFacts *facts, PlanKind kind, LockManner manner)
{
	const pg_uuid_t *clinic = visit_uuid(row, VISIT_CLINIC_ID);
	VisitTime time = visit_time_of(row);
	pg_uuid_t *resources;
	int nresources = visit_resources(row, &resources);

	/* An override given when the hold was made is not asked for again. */
	if (kind == PLAN_BY_RULES || (kind == PLAN_RECLAIM && visit_isnull(row, VISIT_OVERRIDE_REASON)))
		check_rules(row, facts);
	if (time.mode == MODE_WALK_IN)
		return;
	require(row, VISIT_PROVIDER_ID, "provider_id");
	if (time.claim_to - time.claim_from > facts->longest_claim)
		clinic_raise_longest_claim(clinic, time.claim_to - time.claim_from);
	lock_patient(clinic, visit_uuid(row, VISIT_PATIENT_ID),
				 facts->patient_rules ? LOCK_EXCLUSIVE : LOCK_SHARED, manner);
	lock_days(clinic, resources, nresources, time.claim_from, time.claim_to, manner);
	pick_seats(row, facts, kind);
}

/* Note when a visit came to stand where it stands, unless the writer says so. */
static void
stamp_status(VisitRow *row, VisitStatus status)
{
	static const struct
	{
		VisitStatus status;
		VisitColumn column;
	} stamps[] = {
		{STATUS_CONFIRMED, VISIT_CONFIRMED_AT}, {STATUS_ARRIVED, VISIT_CHECKED_IN_AT},
		{STATUS_IN_PROGRESS, VISIT_STARTED_AT}, {STATUS_COMPLETED, VISIT_COMPLETED_AT},
		{STATUS_CANCELLED, VISIT_CANCELLED_AT},
	};
	const pg_uuid_t *actor = identity_actor();

	for (size_t i = 0; i < lengthof(stamps); i++)
		if (stamps[i].status == status && visit_isnull(row, stamps[i].column))
			visit_set(row, stamps[i].column,
					  TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()));
	if (status == STATUS_CANCELLED && actor && visit_isnull(row, VISIT_CANCELLED_BY))
		visit_set(row, VISIT_CANCELLED_BY, UUIDPGetDatum(actor));
}

static void
set_actor(VisitRow *row, VisitColumn column)
{
	const pg_uuid_t *actor = identity_actor();

	if (actor)
		visit_set(row, column, UUIDPGetDatum(actor));
	else if (!visit_isnull(row, column))
		visit_set_null(row, column);
}

/* A hold has an end, a day ahead at most, and nothing else has one. */
static void
check_hold(VisitRow *row, VisitStatus status)
{
	if (status == STATUS_HELD)
	{
		require(row, VISIT_HOLD_EXPIRES_AT, "hold_expires_at");
		if (visit_time(row, VISIT_HOLD_EXPIRES_AT) >
			GetCurrentTransactionStartTimestamp() + USECS_PER_DAY)
			refuse(REASON_INVALID_DURATION, "a hold lasts a day at most", NULL, NULL);
	}
	else if (!visit_isnull(row, VISIT_HOLD_EXPIRES_AT))
		visit_set_null(row, VISIT_HOLD_EXPIRES_AT);
}

/*
 * INSERT
 */

/* The year that the visit's code shows: of its start, on UTC's calendar. */
static int
code_year(const VisitRow *row)
{
	int year;
	int month;
	int day;

	check_instant(row, VISIT_STARTS_AT, "starts_at");
	j2date((int) utc_day(visit_time(row, VISIT_STARTS_AT)) + POSTGRES_EPOCH_JDATE, &year, &month,
		   &day);
	return year;
}

/* Read the facts, drawing the visit's code again while it is taken. */
static void
read_facts_and_draw_code(VisitFacts *facts, VisitRow *row)
{
	char code[VISIT_CODE_SIZE];

	if (!visit_isnull(row, VISIT_CODE))
	{
		read_facts(facts, row, NULL);
		return;
	}
	do
	{
		CHECK_FOR_INTERRUPTS();
		visit_code_draw(code_year(row), code);
		read_facts(facts, row, code);
	} while (facts->code_taken);
	visit_set(row, VISIT_CODE, CStringGetTextDatum(code));
}

static HeapTuple
before_insert(Relation relation, HeapTuple tuple)
{
	VisitRow row;
	VisitFacts facts;
	VisitStatus status;

	visit_read(&row, relation, tuple);
	require(&row, VISIT_CLINIC_ID, "clinic_id");
	require(&row, VISIT_ID, "id");
	require(&row, VISIT_PATIENT_ID, "patient_id");
	require(&row, VISIT_SERVICE_ID, "service_id");
	require(&row, VISIT_STATUS, "status");
	require(&row, VISIT_MODE, "mode");
	status = visit_status(&row);
	check_account_insert(&row);
	check_texts(&row, NULL);
	check_resource_ids(&row);
	check_hold(&row, status);

	lock_clinic(visit_uuid(&row, VISIT_CLINIC_ID), LOCK_SHARED, LOCK_WAIT);
	if (!visit_isnull(&row, VISIT_IDEMPOTENCY_KEY))
		lock_idempotency_key(visit_uuid(&row, VISIT_CLINIC_ID),
							 visit_text(&row, VISIT_IDEMPOTENCY_KEY));
	read_facts_and_draw_code(&facts, &row);
	derive_end(&row, &facts);
	copy_buffers(&row, &facts);
	check_length(&row);
	set_actor(&row, VISIT_CREATED_BY);
	set_actor(&row, VISIT_UPDATED_BY);

	if (status_claims(status))
	{
		stamp_status(&row, status);
		plan(&row, &facts,
			 visit_isnull(&row, VISIT_OVERRIDE_REASON) ? PLAN_BY_RULES : PLAN_OVERRIDE, LOCK_WAIT);
	}
	return visit_tuple(&row);
}

/*
 * UPDATE
 */

static const VisitColumn planned_columns[] = {
	VISIT_PROVIDER_ID,	 VISIT_SERVICE_ID,	 VISIT_STARTS_AT,	 VISIT_ENDS_AT,
	VISIT_BUFFER_BEFORE, VISIT_BUFFER_AFTER, VISIT_RESOURCE_IDS, VISIT_PATIENT_ID,
};

static bool
plan_changed(const VisitRow *row, const VisitRow *old)
{
	for (size_t i = 0; i < lengthof(planned_columns); i++)
		if (!visit_same(row, old, planned_columns[i]))
			return true;
	return false;
}

/* Is the column in the UPDATE's SET list? */
static bool
is_set(const TriggerData *trigger, VisitColumn column)
{
	return bms_is_member(visit_attribute(column) - FirstLowInvalidHeapAttributeNumber,
						 trigger->tg_updatedcols);
}

/*
 * Does a hold that has lost its time, or may lose it any moment, take it again
 * with this update?  Whether its claims were reaped is not told by this
 * transaction's clock, which may have begun before the hold ended; the row is
 * locked now, so nobody reaps them any more.
 */
static bool
reclaims(const VisitRow *row, const VisitRow *old)
{
	Datum values[] = {visit_datum(old, VISIT_CLINIC_ID), visit_datum(old, VISIT_ID)};

	if (visit_status(old) != STATUS_HELD || !status_claims(visit_status(row)) ||
		(visit_same(row, old, VISIT_STATUS) && visit_same(row, old, VISIT_HOLD_EXPIRES_AT)))
		return false;
	return visit_time(old, VISIT_HOLD_EXPIRES_AT) <= GetCurrentTransactionStartTimestamp() ||
		   query_run(&find_claim, values, NULL, 1) == 0;
}

/* What follows from the columns an UPDATE sets for those it does not. */
static void
derive_plan(VisitRow *row, const VisitRow *old, const TriggerData *trigger, const VisitFacts *facts)
{
	bool new_service = !visit_same(row, old, VISIT_SERVICE_ID);

	check_instant(row, VISIT_STARTS_AT, "starts_at");
	if (!is_set(trigger, VISIT_ENDS_AT))
	{
		int64 length = new_service
						   ? facts->duration
						   : visit_time(old, VISIT_ENDS_AT) - visit_time(old, VISIT_STARTS_AT);

		visit_set(row, VISIT_ENDS_AT,
				  TimestampTzGetDatum(visit_time(row, VISIT_STARTS_AT) + length));
	}
	derive_end(row, facts);
	if (new_service)
		copy_buffers(row, facts);
	else
		keep_clock_time(row);
	check_length(row);
}

static void
replan(VisitRow *row, const VisitRow *old, const TriggerData *trigger, bool override)
{
	bool changed = plan_changed(row, old);
	VisitFacts facts;

	read_facts(&facts, row, NULL);
	if (changed)
		derive_plan(row, old, trigger, &facts);
	/* Whoever calls a walk-in becomes its provider: the rules were asked when it came. */
	if (visit_mode(row) == MODE_WALK_IN)
		return;
	/* The reason given for an earlier time does not excuse another. */
	if (changed && !override && !visit_isnull(row, VISIT_OVERRIDE_REASON))
		visit_set_null(row, VISIT_OVERRIDE_REASON);
	plan(row, &facts, override ? PLAN_OVERRIDE : changed ? PLAN_BY_RULES : PLAN_RECLAIM, LOCK_TRY);
}

/* What is over stays as it was. */
static void
check_plan_status(VisitStatus status)
{
	if (!status_claims(status))
		refuse(REASON_INVALID_TRANSITION,
			   psprintf("a visit that is %s cannot be moved", status_name(status)), NULL,
			   "Book another visit.");
}

static HeapTuple
before_update(const TriggerData *trigger, const TriggerRows *rows)
{
	VisitRow old;
	VisitRow row;
	VisitStatus status;
	bool override;
	bool moved;
	bool same_status;

	visit_read(&old, trigger->tg_relation, rows->old);
	visit_read(&row, trigger->tg_relation, rows->written);
	/* The seat is ours to choose. */
	if (!visit_same(&row, &old, VISIT_SEAT))
		visit_copy(&row, &old, VISIT_SEAT);
	if (!visit_changed(&row, &old))
		return visit_tuple(&row);
	require(&row, VISIT_PATIENT_ID, "patient_id");
	require(&row, VISIT_SERVICE_ID, "service_id");
	require(&row, VISIT_STATUS, "status");
	check_resource_ids(&row);
	status = visit_status(&row);
	same_status = visit_same(&row, &old, VISIT_STATUS);
	override = is_set(trigger, VISIT_OVERRIDE_REASON) && !visit_isnull(&row, VISIT_OVERRIDE_REASON);
	moved = plan_changed(&row, &old);
	check_account_update(&row, &old, override);
	check_texts(&row, &old);
	if (!same_status)
		check_transition(visit_status(&old), status);
	if (moved)
		check_plan_status(status);
	check_hold(&row, status);

	if (moved || !same_status)
		lock_clinic(visit_uuid(&row, VISIT_CLINIC_ID), LOCK_SHARED, LOCK_TRY);
	if (moved || reclaims(&row, &old))
		replan(&row, &old, trigger, override);
	if (!same_status)
		stamp_status(&row, status);
	visit_set(&row, VISIT_UPDATED_AT, TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()));
	set_actor(&row, VISIT_UPDATED_BY);
	return visit_tuple(&row);
}

/*
 * DELETE
 */

static void
before_delete(Relation relation, HeapTuple tuple)
{
	VisitRow row;
	const pg_uuid_t *clinic;

	visit_read(&row, relation, tuple);
	clinic = visit_uuid(&row, VISIT_CLINIC_ID);
	if (!identity_is_staff(clinic))
		refuse(REASON_STAFF_ONLY, "only the clinic's staff may delete a visit", NULL,
			   "Cancel it instead.");
	lock_clinic(clinic, LOCK_SHARED, LOCK_TRY);
}

/*
 * Afterwards: claims, the patient's other visits, the journal.
 */

/* The seats picked for the visit; picked again if its row was written some other way. */
static void
find_picked_seats(const VisitRow *row, const VisitTime *time, const pg_uuid_t *resources,
				  int nresources, ChosenSeat *seats)
{
	const pg_uuid_t *visit = visit_uuid(row, VISIT_ID);
	bool known = true;
	Look *look;

	for (int i = 0; i < nresources; i++)
	{
		seats[i].seat = pick_take(visit, &resources[i], time->claim_from, &seats[i].contended);
		known &= seats[i].seat != 0;
	}
	if (known)
		return;
	look = look_at(visit_uuid(row, VISIT_CLINIC_ID), resources, nresources, time->claim_from,
				   time->claim_to, visit);
	if (!choose_seats(look, visit, time, seats))
		refuse(REASON_SLOT_TAKEN, "that time is not free", NULL, NULL);
	seats[0].seat = DatumGetInt32(visit_datum(row, VISIT_SEAT));
}

/*
 * Insert claims; a violation of the exclusion constraint, the backstop, is
 * raised again in our words.  There is no subtransaction: the error is not
 * survived, only renamed.  Kept apart for what PG_TRY does to local variables.
 */
static void
insert_claims_or_refuse(SavedQuery *insert, const Datum *values, bool *overlap)
{
	MemoryContext caller = CurrentMemoryContext;

	*overlap = false;
	PG_TRY();
	{
		(void) query_run(insert, values, NULL, 0);
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		if (error->sqlerrcode != ERRCODE_EXCLUSION_VIOLATION)
			PG_RE_THROW();
		FlushErrorState();
		*overlap = true;
	}
	PG_END_TRY();
}

static void
write_claims(const VisitRow *row)
{
	VisitTime time = visit_time_of(row);
	pg_uuid_t *resources;
	int nresources = visit_resources(row, &resources);
	ChosenSeat *seats = palloc(sizeof(ChosenSeat) * nresources);
	Datum *seat_values = palloc(sizeof(Datum) * nresources);
	bool contended = false;
	Datum values[6];
	bool overlap;

	find_picked_seats(row, &time, resources, nresources, seats);
	for (int i = 0; i < nresources; i++)
	{
		seat_values[i] = Int32GetDatum(seats[i].seat);
		contended |= seats[i].contended;
	}
	values[0] = visit_datum(row, VISIT_CLINIC_ID);
	values[1] = visit_datum(row, VISIT_ID);
	values[2] = UUIDPGetDatum(&resources[0]);
	values[3] = seat_values[0];
	if (nresources > 1)
	{
		values[2] = uuid_array(resources, nresources);
		values[3] = PointerGetDatum(
			construct_array(seat_values, nresources, INT4OID, sizeof(int32), true, TYPALIGN_INT));
	}
	values[4] = TimestampTzGetDatum(time.claim_from);
	values[5] = TimestampTzGetDatum(time.claim_to);
	insert_claims_or_refuse(nresources > 1 ? &insert_claims : &insert_claim, values, &overlap);
	if (!overlap)
		return;
	/* Against another row of its own statement a visit loses however often it is tried. */
	if (IsolationUsesXactSnapshot() && !contended)
		refuse_serialization("could not book because of a concurrent booking", "Retry.");
	refuse_taken(NULL, NULL, &time);
}

static void
remove_claims(const VisitRow *row)
{
	Datum values[] = {visit_datum(row, VISIT_CLINIC_ID), visit_datum(row, VISIT_ID)};

	(void) query_run(&delete_claims, values, NULL, 0);
}

/*
 * The rules about a patient's other visits, where the clinic has any: then the
 * patient was locked exclusively.  Now, and not before, because here the other
 * rows of the statement are seen too.
 */
static void
check_other_visits(const VisitRow *row)
{
	TimestampTz starts_at = visit_time(row, VISIT_STARTS_AT);
	TimestampTz now = GetCurrentTransactionStartTimestamp();
	Datum values[] = {visit_datum(row, VISIT_CLINIC_ID),
					  visit_datum(row, VISIT_PATIENT_ID),
					  visit_datum(row, VISIT_ID),
					  visit_datum(row, VISIT_STARTS_AT),
					  visit_datum(row, VISIT_ENDS_AT),
					  TimestampTzGetDatum(now),
					  TimestampTzGetDatum(starts_at - LONGEST_CLAIM),
					  TimestampTzGetDatum(Min(starts_at, now) - LONGEST_CLAIM)};

	if (!patient_is_locked(visit_uuid(row, VISIT_CLINIC_ID), visit_uuid(row, VISIT_PATIENT_ID)) ||
		query_run(&find_other_visits, values, NULL, 1) == 0)
		return;
	if (visit_mode(row) == MODE_TIMED && query_bool(0, 1))
		refuse(REASON_PATIENT_OVERLAP, "the patient has another visit at that time", NULL,
			   "Choose another time, or cancel the other visit.");
	if (visit_isnull(row, VISIT_OVERRIDE_REASON) && query_bool(0, 2))
		refuse(REASON_LIMIT_REACHED, "the patient has as many visits to come as the clinic allows",
			   NULL, NULL);
}

static bool
has_claims(const VisitRow *row)
{
	return status_claims(visit_status(row)) && visit_mode(row) != MODE_WALK_IN;
}

/*
 * The row was changed again before its trigger ran, by a function in RETURNING
 * or by somebody else's trigger: make the claims what the present row says.
 */
static void
claims_of_present_row(Relation relation, const VisitRow *written)
{
	Datum values[] = {visit_datum(written, VISIT_CLINIC_ID), visit_datum(written, VISIT_ID)};
	HeapTupleData tuple = {0};
	bool isnull;
	VisitRow present;

	remove_claims(written);
	if (query_run(&find_present_row, values, NULL, 1) == 0)
		return;
	tuple.t_data = DatumGetHeapTupleHeader(query_datum(0, 1, &isnull));
	tuple.t_len = HeapTupleHeaderGetDatumLength(tuple.t_data);
	visit_read(&present, relation, &tuple);
	if (has_claims(&present))
	{
		write_claims(&present);
		check_other_visits(&present);
	}
}

static void
claims_after_update(const VisitRow *row, const VisitRow *old)
{
	VisitStatus status = visit_status(row);

	/* A completed visit keeps its claims: it did take the time. */
	if (status == STATUS_CANCELLED || status == STATUS_NO_SHOW)
	{
		if (has_claims(old))
			remove_claims(old);
		return;
	}
	if (!has_claims(row) || !(plan_changed(row, old) || reclaims(row, old)))
		return;
	remove_claims(old);
	write_claims(row);
	check_other_visits(row);
}

static void
after_change(const TriggerData *trigger)
{
	Relation relation = trigger->tg_relation;
	TriggerRows rows = trigger_rows(trigger);
	TupleTableSlot *slot = rows.old ? trigger->tg_newslot : trigger->tg_trigslot;
	VisitRow old;
	VisitRow row;

	if (rows.old)
		visit_read(&old, relation, rows.old);
	if (rows.written)
		visit_read(&row, relation, rows.written);

	if (rows.written == NULL)
		remove_claims(&old);
	else if (!table_tuple_satisfies_snapshot(relation, slot, SnapshotSelf))
		claims_of_present_row(relation, &row);
	else if (rows.old)
		claims_after_update(&row, &old);
	else if (has_claims(&row))
	{
		write_claims(&row);
		check_other_visits(&row);
	}
	journal_write(relation, rows.old, rows.written, &journal_subject);
}
