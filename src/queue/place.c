/*
 * place.c
 *		After a row of table queue_entry is written, whoever wrote it: write who is
 *		in which queue now, and journal.
 *
 * A visit has one open entry, and a patient one in a queue and day.  Those rules
 * are constraints of table queue_place, which has a narrow row for each open
 * entry, and not indexes of queue_entry: there each call, which changes none of
 * their keys, would write an entry into either, and calling is what many desks do
 * at once.
 *
 * A place is made of the entry as it is by then, for a trigger may have changed
 * or deleted the row between the write and this.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "errors.h"
#include "fmgr.h"
#include "journal/journal.h"
#include "queue/entry.h"
#include "queue/place.h"
#include "restore.h"
#include "trigger.h"
#include "utils/rel.h"

PG_FUNCTION_INFO_V1(queue_entry_after);

#define OPEN_ENTRY \
	"clinic.queue_entry e where e.clinic_id" EQ "$1 and e.id" EQ "$3 and " ENTRY_IS_OPEN
#define PLACE_OF_ENTRY "p.clinic_id" EQ "$1 and p.appointment_id" EQ "$2 and p.entry_id" EQ "$3"

static SavedQuery take_place = {
	.sql = "insert into clinic.queue_place"
		   " (clinic_id, appointment_id, entry_id, day, patient_id, queue_id)"
		   " select e.clinic_id, e.appointment_id, e.id, e.day, e.patient_id, e.queue_id"
		   " from " OPEN_ENTRY
		   " and not exists (select from clinic.queue_place p where " PLACE_OF_ENTRY ")",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

static SavedQuery move_place = {
	.sql = "update clinic.queue_place p set patient_id = e.patient_id, queue_id = e.queue_id"
		   " from " OPEN_ENTRY " and " PLACE_OF_ENTRY,
	QUERY_PARAMETERS(UUIDOID, UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

static SavedQuery leave_place = {
	.sql = "delete from clinic.queue_place p where " PLACE_OF_ENTRY
		   " and not exists (select from " OPEN_ENTRY ")",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

static SavedQuery find_of_visit = {
	.sql =
		"select 1 from clinic.queue_place p where p.clinic_id" EQ "$1 and p.appointment_id" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

static SavedQuery find_of_patient = {
	.sql = "select 1 from clinic.queue_place p where p.clinic_id" EQ "$1 and p.day" EQ
		   "$2 and p.patient_id" EQ "$3 and p.queue_id" EQ "$4",
	QUERY_PARAMETERS(UUIDOID, DATEOID, UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

static SavedQuery find_before = {
	.sql =
		"select p.entry_id from clinic.queue_place p where p.clinic_id" EQ "$1 and p.day" LT "$2",
	QUERY_PARAMETERS(UUIDOID, DATEOID),
	.snapshot = SNAPSHOT_STATEMENT,
	.as_owner = true,
};

static const JournalSubject journal_subject = {"queue_entry", "id", NULL};

bool
place_of_visit(const pg_uuid_t *clinic, const pg_uuid_t *visit)
{
	Datum values[] = {UUIDPGetDatum(clinic), UUIDPGetDatum(visit)};

	return query_run(&find_of_visit, values, NULL, 1) > 0;
}

bool
place_of_patient(const pg_uuid_t *clinic, const pg_uuid_t *patient, DateADT day,
				 const pg_uuid_t *queue)
{
	Datum values[] = {UUIDPGetDatum(clinic), DateADTGetDatum(day), UUIDPGetDatum(patient),
					  UUIDPGetDatum(queue)};

	return query_run(&find_of_patient, values, NULL, 1) > 0;
}

Datum
places_before(const pg_uuid_t *clinic, DateADT day)
{
	Datum values[] = {UUIDPGetDatum(clinic), DateADTGetDatum(day)};
	int count = (int) query_run(&find_before, values, NULL, 0);
	pg_uuid_t *entries = palloc(sizeof(pg_uuid_t) * Max(count, 1));

	for (int i = 0; i < count; i++)
		entries[i] = *query_uuid(i, 1);
	return uuid_array(entries, count);
}

static bool
is_open(const TriggerRows *rows, HeapTuple tuple)
{
	return tuple && entry_status(rows, tuple) <= QUEUE_IN_SERVICE;
}

static bool
is_moved(const TriggerRows *rows, const char *column)
{
	return memcmp(uuid_of(rows, rows->old, column), uuid_of(rows, rows->written, column),
				  UUID_LEN) != 0;
}

/* What has become of the place that the entry takes; NULL: nothing. */
static SavedQuery *
change_of_place(const TriggerRows *rows)
{
	bool was_open = is_open(rows, rows->old);
	bool open = is_open(rows, rows->written);

	if (was_open != open)
		return open ? &take_place : &leave_place;
	return open && (is_moved(rows, "queue_id") || is_moved(rows, "patient_id")) ? &move_place
																				: NULL;
}

/* Where somebody else was faster, no look before could tell. */
static void
write_place(const TriggerRows *rows, SavedQuery *change)
{
	HeapTuple row = trigger_result(rows);
	Datum values[] = {UUIDPGetDatum(uuid_of(rows, row, "clinic_id")),
					  UUIDPGetDatum(uuid_of(rows, row, "appointment_id")),
					  UUIDPGetDatum(uuid_of(rows, row, "id"))};

	if (query_run_unless(change, values, ERRCODE_UNIQUE_VIOLATION))
		return;
	if (IsolationUsesXactSnapshot())
		refuse_serialization("somebody has checked the patient in at the same time",
							 "Retry the transaction.");
	refuse_checked_in();
}

/* AFTER INSERT, UPDATE or DELETE row trigger of queue_entry. */
Datum
queue_entry_after(PG_FUNCTION_ARGS)
{
	const TriggerData *trigger = trigger_data(fcinfo, TRIGGER_EVENT_ROW | TRIGGER_EVENT_AFTER, 0);
	TriggerRows rows = trigger_rows(trigger);
	SavedQuery *change;

	if (restoring(trigger->tg_relation))
		return PointerGetDatum(NULL);
	query_begin();
	change = change_of_place(&rows);
	if (change)
		write_place(&rows, change);
	journal_write(trigger->tg_relation, rows.old, rows.written, &journal_subject);
	query_end();
	return PointerGetDatum(NULL);
}
