/*
 * visit_before.c
 *		Before a row of table appointment is written, whoever writes it: derive
 *		what was left out, check, and plan it.
 *
 * An UPDATE has locked its row before a trigger runs; in the order of lock.h
 * the clinic comes before that row, so here locks are tried.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/xact.h"
#include "booking/account.h"
#include "booking/cancel_notice.h"
#include "booking/occupancy.h"
#include "booking/patient_rules.h"
#include "booking/visit_plan.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "errors.h"
#include "fmgr.h"
#include "identity/identity.h"
#include "lock.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/bitmapset.h"
#include "query.h"
#include "restore.h"
#include "trigger.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/rel.h"

PG_FUNCTION_INFO_V1(visit_before);

#define REASON_LIMIT 2000
#define NOTES_LIMIT 5000

static HeapTuple before_insert(Relation relation, HeapTuple tuple);
static HeapTuple before_update(const TriggerData *trigger, const TriggerRows *rows);
static void before_delete(Relation relation, HeapTuple tuple);

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

/*
 * No resource twice.  Where resource_ids was not named the provider may be among
 * them: what the service required is yet to be chosen anew.
 */
static void
check_resource_ids(VisitRow *row, bool named)
{
	pg_uuid_t *resources;
	int count;

	if (visit_isnull(row, VISIT_RESOURCE_IDS))
		visit_set(row, VISIT_RESOURCE_IDS, PointerGetDatum(construct_empty_array(UUIDOID)));
	/* Those who read it put the provider in front, which only a list can have. */
	if (ARR_NDIM(DatumGetArrayTypeP(visit_datum(row, VISIT_RESOURCE_IDS))) > 1)
	{
		count = resource_ids_read(visit_datum(row, VISIT_RESOURCE_IDS), &resources);
		visit_set(row, VISIT_RESOURCE_IDS, uuid_array(resources, count));
	}
	if (!named)
		return;
	count = visit_resources(row, &resources);
	for (int i = 0; i < count; i++)
		for (int j = 0; j < i; j++)
			if (memcmp(&resources[i], &resources[j], UUID_LEN) == 0)
				refuse(REASON_IN_USE, "a visit cannot occupy the same resource twice", NULL, NULL);
}

/*
 * When the visit is, and what it occupies.
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
		buffers[0].time = facts->buffer_before;
		buffers[1].time = facts->buffer_after;
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
	note_row_of_command();
	check_account_insert(&row);
	check_texts(&row, NULL);
	check_resource_ids(&row, true);
	check_hold(&row, status);
	/* Of a cancellation in the past the staff may say it. */
	if (status != STATUS_CANCELLED)
		visit_set(&row, VISIT_CANCELLED_LATE, BoolGetDatum(false));

	lock_clinic(visit_uuid(&row, VISIT_CLINIC_ID), LOCK_SHARED, LOCK_WAIT);
	if (!visit_isnull(&row, VISIT_IDEMPOTENCY_KEY))
		lock_idempotency_key(visit_uuid(&row, VISIT_CLINIC_ID),
							 visit_text(&row, VISIT_IDEMPOTENCY_KEY));
	visit_facts(&facts, &row);
	derive_end(&row, &facts);
	copy_buffers(&row, &facts);
	check_length(&row);
	set_actor(&row, VISIT_CREATED_BY);
	set_actor(&row, VISIT_UPDATED_BY);

	if (status_claims(status))
	{
		stamp_status(&row, status);
		plan_visit(&row, NULL, &facts,
				   visit_isnull(&row, VISIT_OVERRIDE_REASON) ? PLAN_BOOK : PLAN_OVERRIDE, true);
	}
	else
		ask_about_patient(&row, &facts, true, NULL);
	return visit_tuple(&row);
}

/*
 * UPDATE
 */

/* Is the column in the UPDATE's SET list? */
static bool
is_set(const TriggerData *trigger, VisitColumn column)
{
	return bms_is_member(visit_attribute(column) - FirstLowInvalidHeapAttributeNumber,
						 trigger->tg_updatedcols);
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
	PlanKind kind;
	VisitFacts facts;

	visit_facts(&facts, row);
	if (changed)
	{
		derive_plan(row, old, trigger, &facts);
		/* It may come to what there is, as another time of a token's day does. */
		changed = plan_changed(row, old);
		if (!changed && !reclaims(row, old))
			return;
	}
	/* Whoever calls a walk-in becomes its provider: the rules were asked when it came. */
	if (visit_mode(row) == MODE_WALK_IN)
		return;
	/* The reason given for an earlier time does not excuse another. */
	if (changed && !override && !visit_isnull(row, VISIT_OVERRIDE_REASON))
		visit_set_null(row, VISIT_OVERRIDE_REASON);
	if (override)
		kind = PLAN_OVERRIDE;
	else if (!changed)
		kind = PLAN_RECLAIM;
	else
		kind = books_again(row, old) ? PLAN_BOOK : PLAN_MOVE;
	plan_visit(row, old, &facts, kind, is_set(trigger, VISIT_RESOURCE_IDS));
}

/*
 * A visit is moved or cancelled: an account may do neither once the notice runs,
 * and of a cancellation it is written down.
 */
static void
check_cancel_notice(VisitRow *row, const VisitRow *old, bool cancelled)
{
	CancelNotice notice = cancel_notice(old);

	if (notice.is_wanted && notice.has_begun)
		check_account_notice(old, cancelled);
	if (cancelled)
		visit_set(row, VISIT_CANCELLED_LATE, BoolGetDatum(notice.has_begun));
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
	bool cancelled;

	visit_read(&old, trigger->tg_relation, rows->old);
	visit_read(&row, trigger->tg_relation, rows->written);
	/* The seat is ours to choose, and what is late ours to say. */
	if (!visit_same(&row, &old, VISIT_SEAT))
		visit_copy(&row, &old, VISIT_SEAT);
	if (!visit_same(&row, &old, VISIT_CANCELLED_LATE))
		visit_copy(&row, &old, VISIT_CANCELLED_LATE);
	if (!visit_changed(&row, &old))
		return visit_tuple(&row);
	note_row_of_command();
	require(&row, VISIT_PATIENT_ID, "patient_id");
	require(&row, VISIT_SERVICE_ID, "service_id");
	require(&row, VISIT_STATUS, "status");
	check_resource_ids(&row,
					   is_set(trigger, VISIT_RESOURCE_IDS) || visit_mode(&row) == MODE_WALK_IN);
	status = visit_status(&row);
	same_status = visit_same(&row, &old, VISIT_STATUS);
	cancelled = !same_status && status == STATUS_CANCELLED;
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
	if (moved || cancelled)
		check_cancel_notice(&row, &old, cancelled);
	if (moved || reclaims(&row, &old))
		replan(&row, &old, trigger, override);
	/* Who moves it with its series says that it is none. */
	if (moved && !visit_isnull(&row, VISIT_SERIES_ID) && !is_set(trigger, VISIT_SERIES_EXCEPTION))
		visit_set(&row, VISIT_SERIES_EXCEPTION, BoolGetDatum(true));
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
