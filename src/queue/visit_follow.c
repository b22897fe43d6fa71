/*
 * visit_follow.c
 *		After a visit of a patient who has arrived is changed, whoever changed it:
 *		let its entry in the queue follow.
 *
 * Begun, it is in service; completed, done; cancelled or missed, left.  Moved to
 * another day it is left too, for the patient waits no longer; moved within its
 * day it is due by its new start, and waits for its new provider if it waited
 * for the old one.  As the owner of the tables: who may change a visit need not
 * know that there are queues.
 */
#include "postgres.h"

#include "access/xact.h"
#include "booking/visit.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "fmgr.h"
#include "query.h"
#include "queue/entry.h"
#include "queue/place.h"
#include "restore.h"
#include "trigger.h"
#include "utils/date.h"
#include "utils/rel.h"

PG_FUNCTION_INFO_V1(queue_follows_visit);

#define OPEN_ENTRY_OF_VISIT \
	" where e.clinic_id" EQ "$1 and e.id" EQ ENTRY_OF_VISIT " and " ENTRY_IS_OPEN

static SavedQuery begin_service = {
	.sql = "update clinic.queue_entry e set status = 'in_service', started_at = $3,"
		   " provider_id = coalesce(e.provider_id, $4)" OPEN_ENTRY_OF_VISIT,
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TIMESTAMPTZOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

static SavedQuery finish = {
	.sql = "update clinic.queue_entry e set status = case when $3 then"
		   " 'done'::clinic.queue_status else 'left' end, finished_at = $4" OPEN_ENTRY_OF_VISIT,
	QUERY_PARAMETERS(UUIDOID, UUIDOID, BOOLOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

/* The turn moves by as much as the booked start, as far as that comes after the arrival. */
static SavedQuery move = {
	.sql = "update clinic.queue_entry e set patient_id = $3, service_id = $4,"
		   " queue_id = case when e.queue_id" EQ "$5 and " ENTRY_IS_WAITING
		   " then $6 else e.queue_id end,"
		   " due_at = case when k.queue_preset" EQ "'fifo' then e.due_at"
		   " else e.due_at operator(pg_catalog.+) (greatest(e.arrived_at, $8)"
		   " operator(pg_catalog.-) greatest(e.arrived_at, $7)) end"
		   " from clinic.clinic k" OPEN_ENTRY_OF_VISIT " and k.id" EQ "$1",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, UUIDOID, UUIDOID, UUIDOID, UUIDOID, TIMESTAMPTZOID,
					 TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

/* A time that is null was never stamped: it is now. */
static TimestampTz
time_or_now(const VisitRow *visit, VisitColumn column)
{
	return visit_isnull(visit, column) ? GetCurrentTransactionStartTimestamp()
									   : visit_time(visit, column);
}

static void
end_entry(const VisitRow *visit, bool done)
{
	TimestampTz at =
		done ? time_or_now(visit, VISIT_COMPLETED_AT) : GetCurrentTransactionStartTimestamp();
	Datum values[] = {visit_datum(visit, VISIT_CLINIC_ID), visit_datum(visit, VISIT_ID),
					  BoolGetDatum(done), TimestampTzGetDatum(at)};

	(void) query_run(&finish, values, NULL, 0);
}

static void
follow_start(const VisitRow *visit)
{
	Datum values[] = {visit_datum(visit, VISIT_CLINIC_ID), visit_datum(visit, VISIT_ID),
					  TimestampTzGetDatum(time_or_now(visit, VISIT_STARTED_AT)),
					  visit_datum(visit, VISIT_PROVIDER_ID)};
	bool nulls[] = {false, false, false, visit_isnull(visit, VISIT_PROVIDER_ID)};

	(void) query_run(&begin_service, values, nulls, 0);
}

static bool
is_same_day(const VisitRow *visit, const VisitRow *old)
{
	pg_tz *zone = queue_zone(visit_uuid(visit, VISIT_CLINIC_ID));

	return civil_day(visit_time(visit, VISIT_STARTS_AT), zone) ==
		   civil_day(visit_time(old, VISIT_STARTS_AT), zone);
}

static void
follow_move(const VisitRow *visit, const VisitRow *old)
{
	Datum values[] = {visit_datum(visit, VISIT_CLINIC_ID),	visit_datum(visit, VISIT_ID),
					  visit_datum(visit, VISIT_PATIENT_ID), visit_datum(visit, VISIT_SERVICE_ID),
					  visit_datum(old, VISIT_PROVIDER_ID),	visit_datum(visit, VISIT_PROVIDER_ID),
					  visit_datum(old, VISIT_STARTS_AT),	visit_datum(visit, VISIT_STARTS_AT)};
	bool nulls[] = {false,
					false,
					false,
					false,
					visit_isnull(old, VISIT_PROVIDER_ID),
					visit_isnull(visit, VISIT_PROVIDER_ID),
					false,
					false};

	/* Of a walk-in the start says nothing. */
	if (visit_mode(visit) != MODE_TIMED)
		values[7] = values[6];
	(void) query_run(&move, values, nulls, 0);
}

/* Whoever calls a walk-in becomes its provider, which does not move it. */
static bool
is_moved(const VisitRow *visit, const VisitRow *old)
{
	return !visit_same(visit, old, VISIT_STARTS_AT) || !visit_same(visit, old, VISIT_PATIENT_ID) ||
		   !visit_same(visit, old, VISIT_SERVICE_ID) ||
		   (visit_mode(visit) != MODE_WALK_IN && !visit_same(visit, old, VISIT_PROVIDER_ID));
}

static void
follow(const VisitRow *visit, const VisitRow *old)
{
	VisitStatus status = visit_status(visit);

	if (status == STATUS_COMPLETED)
		end_entry(visit, true);
	else if (status == STATUS_CANCELLED || status == STATUS_NO_SHOW)
		end_entry(visit, false);
	else if (status == STATUS_ARRIVED && !is_same_day(visit, old))
		end_entry(visit, false);
	else
	{
		if (status != visit_status(old))
			follow_start(visit);
		if (is_moved(visit, old))
			follow_move(visit, old);
	}
}

/*
 * Had the patient arrived, and is there anything to follow?  A WHEN of the trigger
 * could ask that; but it would be parsed for every statement that changes a visit,
 * which takes longer than all that most of them do.
 */
static bool
has_changed(const VisitRow *visit, const VisitRow *old)
{
	VisitStatus before = visit_status(old);

	return (before == STATUS_ARRIVED || before == STATUS_IN_PROGRESS) &&
		   (!visit_same(visit, old, VISIT_STATUS) || is_moved(visit, old));
}

/* AFTER UPDATE row trigger of appointment. */
Datum
queue_follows_visit(PG_FUNCTION_ARGS)
{
	const TriggerData *trigger = trigger_data(fcinfo, TRIGGER_EVENT_ROW | TRIGGER_EVENT_AFTER, 0);
	TriggerRows rows = trigger_rows(trigger);
	VisitRow old;
	VisitRow visit;

	if (restoring(trigger->tg_relation))
		return PointerGetDatum(NULL);
	visit_read(&old, trigger->tg_relation, rows.old);
	visit_read(&visit, trigger->tg_relation, rows.written);
	if (!has_changed(&visit, &old))
		return PointerGetDatum(NULL);
	query_begin();
	follow(&visit, &old);
	query_end();
	return PointerGetDatum(NULL);
}
