/*
 * entry_check.c
 *		Before a row of table queue_entry is written, whoever writes it: derive
 *		what follows from the visit, give out the number, and check.
 *
 * A visit and its entry say the same thing in two tables, so of each thing one
 * table is the master.  Who the patient is, for what the visit is, and that it
 * has begun, is over or will not be, the visit says, and its entry follows (see
 * visit_follow.c); whose turn it is and who was called, the entry says.
 *
 * Numbers have neither gap nor duplicate because whoever joins a queue has its
 * lock for that day until the transaction ends, and reads the last number then.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "clinic/configuration.h"
#include "errors.h"
#include "fmgr.h"
#include "lock.h"
#include "mb/pg_wchar.h"
#include "query.h"
#include "queue/entry.h"
#include "queue/place.h"
#include "restore.h"
#include "trigger.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/rel.h"
#include "utils/xid8.h"

PG_FUNCTION_INFO_V1(queue_entry_check);
PG_FUNCTION_INFO_V1(queue_in_use);

#define DESK_MAX 50

static SavedQuery find_last = {
	.sql = "select e.number, e.arrived_at from clinic.queue_entry e where e.clinic_id" EQ
		   "$1 and e.day" EQ "$2 and e.arrival_queue_id" EQ "$3 order by e.number desc",
	QUERY_PARAMETERS(UUIDOID, DATEOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

/* A visit that is over, on the day that it was on. */
static SavedQuery find_entry_of_visit = {
	.sql = "select 1 from clinic.queue_entry e where e.clinic_id" EQ "$1 and e.day" EQ
		   "$2 and e.appointment_id" EQ "$3 and e.status" EQ "'done'::clinic.queue_status",
	QUERY_PARAMETERS(UUIDOID, DATEOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

static SavedQuery find_start = {
	.sql =
		"select a.starts_at from clinic.appointment a where a.clinic_id" EQ "$1 and a.id" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

/* The class of that rank; without one, the class for booked visits or ($3) for walk-ins, or the last. */
static SavedQuery find_class = {
	.sql = "select c.priority, c.code, c.target, k.queue_preset" EQ "'fifo' from clinic.clinic k"
		   " join clinic.queue_class c on c.clinic_id" EQ "$1 and ($2 is null or c.priority" EQ
		   "$2) where k.id" EQ "$1 order by"
		   " case when $3 then c.for_walk_in else c.for_booked end desc, c.priority desc",
	QUERY_PARAMETERS(UUIDOID, INT4OID, BOOLOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

/* Whom anybody waits for, or has been seen by. */
static SavedQuery find_entry_of_queue = {
	.sql = "select 1 from clinic.queue_entry e where e.clinic_id" EQ "$1 and (e.provider_id" EQ
		   "$2 or (e.queue_id" EQ "$2 and " ENTRY_IS_OPEN "))",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

typedef struct QueueClass
{
	int32 priority;
	Datum code;
	int64 target; /* microseconds */
	bool is_fifo; /* nobody's turn waits for a booked start */
} QueueClass;

static TimestampTz
time_of(const TriggerRows *rows, HeapTuple tuple, const char *column, TimestampTz absent)
{
	bool isnull;
	Datum value = value_of(rows, tuple, column, &isnull);

	return isnull ? absent : DatumGetTimestampTz(value);
}

/* A queue is a provider's, or the pool of a service. */
static void
check_queue(const pg_uuid_t *clinic, const pg_uuid_t *queue)
{
	ResourceConfiguration resource;
	ServiceConfiguration service;

	if (configured_resource(clinic, queue, &resource) && resource.is_provider)
		return;
	if (!configured_service(clinic, queue, &service))
		refuse(REASON_NOT_FOUND, "there is no such queue in this clinic", NULL,
			   "A queue's id is that of a provider, or of a service.");
}

static void
check_not_in_queue(const pg_uuid_t *clinic, const pg_uuid_t *patient, DateADT day,
				   const pg_uuid_t *queue)
{
	if (place_of_patient(clinic, patient, day, queue))
		refuse_checked_in();
}

/*
 * When whose turn is due
 */

static QueueClass
read_class(const TriggerRows *rows, const pg_uuid_t *clinic, VisitMode mode)
{
	bool no_priority;
	Datum priority = value_of(rows, rows->written, "priority", &no_priority);
	Datum values[] = {UUIDPGetDatum(clinic), priority, BoolGetDatum(mode == MODE_WALK_IN)};
	bool nulls[] = {false, no_priority, false};
	QueueClass class;
	bool isnull;

	if (query_run(&find_class, values, nulls, 1) == 0)
		refuse(REASON_NOT_FOUND, "there is no such class of urgency in this clinic", NULL,
			   "Table queue_class has the classes; priority is the rank of one.");
	class.priority = query_int32(0, 1, 0);
	class.code = PointerGetDatum(DatumGetTextPCopy(query_datum(0, 2, &isnull)));
	class.target = interval_microseconds(query_interval(0, 3));
	class.is_fifo = query_bool(0, 4);
	return class;
}

/* The class, and when the turn is due by it. */
static void
set_class(TriggerRows *rows, const QueueClass *class, TimestampTz arrived_at, VisitMode mode,
		  TimestampTz starts_at)
{
	TimestampTz reference =
		class->is_fifo || mode == MODE_WALK_IN ? arrived_at : Max(arrived_at, starts_at);

	set_column(rows, "priority", Int32GetDatum(class->priority));
	set_column(rows, "class", class->code);
	set_column(rows, "due_at", TimestampTzGetDatum(reference + class->target));
}

/*
 * INSERT: a patient who has arrived joins a queue
 */

/* When the patient arrived; now, unless the writer says it. */
static TimestampTz
arrival(const TriggerRows *rows)
{
	TimestampTz now = GetCurrentTransactionStartTimestamp();
	TimestampTz arrived_at = time_of(rows, rows->written, "arrived_at", now);

	check_visit_instant(arrived_at, "arrived_at");
	if (arrived_at > now)
		refuse(REASON_INVALID_TIME, "nobody arrives in the future", NULL, NULL);
	return arrived_at;
}

/* With the visit locked: may it be queued, on the day of its arrival? */
static void
check_visit(const pg_uuid_t *clinic, const QueuedVisit *visit, DateADT day, pg_tz *zone)
{
	DateADT visit_day = civil_day(visit->starts_at, zone);
	Datum values[] = {UUIDPGetDatum(clinic), DateADTGetDatum(visit_day), UUIDPGetDatum(&visit->id)};

	if (place_of_visit(clinic, &visit->id) ||
		(visit->status == STATUS_COMPLETED && query_run(&find_entry_of_visit, values, NULL, 1) > 0))
		refuse_checked_in();
	if (visit->status != STATUS_ARRIVED)
		refuse(REASON_INVALID_TRANSITION,
			   psprintf("a visit that is %s is in no queue", status_name(visit->status)), NULL,
			   "clinic.check_in() marks the visit as arrived, too.");
	if (visit_day != day)
		refuse(REASON_WRONG_DAY, "the visit is not on that day", NULL, NULL);
}

/*
 * With the queue locked: the next number, and an arrival after that of whoever
 * has the number before, unless the writer said when it was.
 */
static void
number_entry(TriggerRows *rows, const pg_uuid_t *clinic, const pg_uuid_t *queue, DateADT day,
			 TimestampTz *arrived_at)
{
	Datum values[] = {UUIDPGetDatum(clinic), DateADTGetDatum(day), UUIDPGetDatum(queue)};
	bool said = text_of(rows, rows->written, "arrived_at") != NULL;
	int32 number = 1;

	if (query_run(&find_last, values, NULL, 1) > 0)
	{
		number = query_int32(0, 1, 0) + 1;
		if (!said)
			*arrived_at = Max(*arrived_at, query_timestamptz(0, 2, 0) + 1);
	}
	set_column(rows, "number", Int32GetDatum(number));
	set_column(rows, "arrived_at", TimestampTzGetDatum(*arrived_at));
}

/* What an entry begins without. */
static void
clear_history(TriggerRows *rows)
{
	static const char *const columns[] = {"provider_id", "desk", "called_at", "started_at",
										  "finished_at"};

	for (size_t i = 0; i < lengthof(columns); i++)
		set_column_null(rows, columns[i]);
}

/* Let the desks find it among those who have come since they looked: see heads.c. */
static void
set_placed(TriggerRows *rows)
{
	set_column(rows, "placed_by", FullTransactionIdGetDatum(GetTopFullTransactionId()));
}

static void
before_insert(TriggerRows *rows, const pg_uuid_t *clinic)
{
	TimestampTz arrived_at = arrival(rows);
	pg_tz *zone = queue_zone(clinic);
	DateADT day = civil_day(arrived_at, zone);
	bool no_queue;
	Datum queue_value = value_of(rows, rows->written, "queue_id", &no_queue);
	pg_uuid_t queue;
	QueuedVisit visit;
	QueueClass class;

	if (entry_status(rows, rows->written) != QUEUE_WAITING)
		refuse(REASON_INVALID_TRANSITION, "who joins a queue waits", NULL, NULL);
	if (!queued_visit_lock(clinic, uuid_of(rows, rows->written, "appointment_id"), &visit))
		refuse(REASON_NOT_FOUND, "there is no such visit in this clinic", NULL, NULL);
	check_visit(clinic, &visit, day, zone);
	queue = !no_queue ? *DatumGetUUIDP(queue_value)
					  : (visit.has_provider ? visit.provider : visit.service);
	lock_queue(clinic, &queue, day, LOCK_WAIT);
	check_queue(clinic, &queue);
	check_not_in_queue(clinic, &visit.patient, day, &queue);

	clear_history(rows);
	number_entry(rows, clinic, &queue, day, &arrived_at);
	class = read_class(rows, clinic, visit.mode);
	set_class(rows, &class, arrived_at, visit.mode, visit.starts_at);
	set_column(rows, "day", DateADTGetDatum(day));
	set_column(rows, "queue_id", UUIDPGetDatum(&queue));
	set_column(rows, "arrival_queue_id", UUIDPGetDatum(&queue));
	set_column(rows, "patient_id", UUIDPGetDatum(&visit.patient));
	set_column(rows, "service_id", UUIDPGetDatum(&visit.service));
	set_column(rows, "mode", visit.mode_value);
	set_placed(rows);
}

/*
 * UPDATE
 */

static void
check_unchanged(TriggerRows *rows)
{
	static const char *const for_good[] = {"clinic_id", "id",
										   "day",		"arrival_queue_id",
										   "number",	"appointment_id",
										   "mode",		"arrived_at",
										   "placed_by"};
	static const char *const of_visit[] = {"patient_id", "service_id", "started_at", "finished_at"};

	for (size_t i = 0; i < lengthof(for_good); i++)
		if (column_changed(rows, for_good[i]))
			refuse(REASON_IMMUTABLE, psprintf("%s cannot be changed", for_good[i]), NULL, NULL);
	if (query_is_as_owner())
		return;
	for (size_t i = 0; i < lengthof(of_visit); i++)
		if (column_changed(rows, of_visit[i]))
			refuse(REASON_IMMUTABLE, psprintf("%s follows the visit's", of_visit[i]), NULL,
				   "Change the visit.");
}

static void
check_status(TriggerRows *rows, const pg_uuid_t *clinic, QueueStatus from, QueueStatus to)
{
	check_queue_transition(from, to);
	if (queue_status_is_of_visit(to) && !query_is_as_owner())
		refuse(REASON_INVALID_TRANSITION,
			   psprintf("that a patient is %s follows from the visit", queue_status_name(to)), NULL,
			   "Use clinic.start_visit(), clinic.finish_visit() or clinic.leave(), or change the "
			   "visit's status.");
	if (to == QUEUE_WAITING || to == QUEUE_SKIPPED)
	{
		set_column_null(rows, "provider_id");
		set_column_null(rows, "desk");
	}
	if (to == QUEUE_CALLED)
	{
		ResourceConfiguration provider;

		if (!configured_resource(clinic, uuid_of(rows, rows->written, "provider_id"), &provider) ||
			!provider.is_provider)
			refuse(REASON_NOT_FOUND, "there is no such provider in this clinic", NULL, NULL);
		if (!column_changed(rows, "called_at"))
			set_column(rows, "called_at",
					   TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()));
	}
}

/* Whoever is called is called by somebody, to a place with a name. */
static void
check_call(TriggerRows *rows, QueueStatus status)
{
	if (status == QUEUE_CALLED)
	{
		bool isnull;

		(void) uuid_of(rows, rows->written, "provider_id");
		(void) value_of(rows, rows->written, "called_at", &isnull);
		if (isnull)
			refuse_null("called_at");
	}
	if (column_changed(rows, "desk"))
	{
		char *desk = text_of(rows, rows->written, "desk");

		if (desk && (desk[0] == '\0' || pg_mbstrlen(desk) > DESK_MAX))
			refuse(REASON_INVALID_TEXT, "a desk is named by 1 to 50 characters", NULL, NULL);
	}
}

static void
check_moved(const TriggerRows *rows, const pg_uuid_t *clinic, QueueStatus status)
{
	const pg_uuid_t *queue = uuid_of(rows, rows->written, "queue_id");
	bool isnull;

	if (status != QUEUE_WAITING)
		refuse(REASON_INVALID_TRANSITION,
			   psprintf("a patient who is %s cannot join another queue", queue_status_name(status)),
			   NULL, NULL);
	check_queue(clinic, queue);
	check_not_in_queue(clinic, uuid_of(rows, rows->written, "patient_id"),
					   DatumGetDateADT(value_of(rows, rows->written, "day", &isnull)), queue);
}

/* Another class, and so another turn. */
static void
reclassify(TriggerRows *rows, const pg_uuid_t *clinic, QueueStatus status)
{
	VisitMode mode = mode_from_name(text_of(rows, rows->written, "mode"));
	QueueClass class = read_class(rows, clinic, mode);
	Datum values[] = {UUIDPGetDatum(clinic),
					  UUIDPGetDatum(uuid_of(rows, rows->written, "appointment_id"))};

	if (status >= QUEUE_IN_SERVICE)
		refuse(REASON_INVALID_TRANSITION, "only who waits can be given another class", NULL, NULL);
	query_run_one(&find_start, values, NULL);
	set_class(rows, &class, time_of(rows, rows->written, "arrived_at", 0), mode,
			  query_timestamptz(0, 1, 0));
}

static void
before_update(TriggerRows *rows, const pg_uuid_t *clinic)
{
	QueueStatus from = entry_status(rows, rows->old);
	QueueStatus to = entry_status(rows, rows->written);

	check_unchanged(rows);
	lock_entry_rows(clinic);
	if (from != to)
		check_status(rows, clinic, from, to);
	if (column_changed(rows, "queue_id"))
		check_moved(rows, clinic, to);
	if (column_changed(rows, "priority"))
		reclassify(rows, clinic, to);
	else if (column_changed(rows, "class"))
		refuse(REASON_IMMUTABLE, "class follows priority", NULL, "Set priority.");
	check_call(rows, to);
	if (to == QUEUE_WAITING &&
		(from != to || column_changed(rows, "queue_id") || column_changed(rows, "due_at")))
		set_placed(rows);
}

/* BEFORE INSERT, UPDATE or DELETE row trigger of queue_entry. */
Datum
queue_entry_check(PG_FUNCTION_ARGS)
{
	const TriggerData *trigger = trigger_data(fcinfo, TRIGGER_EVENT_ROW | TRIGGER_EVENT_BEFORE, 0);
	TriggerRows rows = trigger_rows(trigger);
	const pg_uuid_t *clinic;

	if (restoring(trigger->tg_relation))
		return PointerGetDatum(trigger_result(&rows));
	query_begin();
	clinic = uuid_of(&rows, trigger_result(&rows), "clinic_id");
	/* An account that cancels its visit leaves the queue with it. */
	if (!query_is_as_owner())
		refuse_unless_staff(clinic);
	if (rows.written == NULL)
		lock_entry_rows(clinic);
	else
	{
		if (rows.old)
			before_update(&rows, clinic);
		else
			before_insert(&rows, clinic);
		rows.written = SPI_copytuple(rows.written);
	}
	query_end();
	return PointerGetDatum(trigger_result(&rows));
}

/*
 * BEFORE DELETE row trigger of resource and service: nobody's queue goes away.
 * Who joins one today has its lock, and looks for it once they have.
 */
Datum
queue_in_use(PG_FUNCTION_ARGS)
{
	const TriggerData *trigger = trigger_data(fcinfo, TRIGGER_EVENT_ROW | TRIGGER_EVENT_BEFORE, 0);
	TriggerRows rows = trigger_rows(trigger);
	const pg_uuid_t *clinic;
	const pg_uuid_t *queue;
	Datum values[2];

	if (restoring(trigger->tg_relation))
		return PointerGetDatum(trigger_result(&rows));
	query_begin();
	clinic = uuid_of(&rows, rows.old, "clinic_id");
	queue = uuid_of(&rows, rows.old, "id");
	values[0] = UUIDPGetDatum(clinic);
	values[1] = UUIDPGetDatum(queue);
	lock_queue(clinic, queue, civil_day(GetCurrentTransactionStartTimestamp(), queue_zone(clinic)),
			   LOCK_TRY);
	if (query_run(&find_entry_of_queue, values, NULL, 1) > 0)
		refuse(REASON_IN_USE, "patients have waited for this", NULL,
			   "Set is_active to false, so that it takes no new visits.");
	query_end();
	return PointerGetDatum(trigger_result(&rows));
}
