/*
 * queue_class.c
 *		The classes of urgency that a clinic's queues begin with.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "query.h"
#include "restore.h"
#include "trigger.h"
#include "utils/builtins.h"
#include "utils/rel.h"

PG_FUNCTION_INFO_V1(queue_preset);

#define MAX_CLASSES 5

typedef struct ClassPreset
{
	const char *code;
	const char *name;
	int target; /* minutes */
} ClassPreset;

typedef struct QueuePreset
{
	const char *name;
	int for_booked; /* ranks */
	int for_walk_in;
	ClassPreset classes[MAX_CLASSES];
} QueuePreset;

static const QueuePreset presets[] = {
	{"clinic",
	 2,
	 3,
	 {{"urgent", "Urgent", 0}, {"booked", "Booked", 10}, {"walk_in", "Walk-in", 60}}},
	{"fifo", 1, 2, {{"booked", "Booked", 0}, {"walk_in", "Walk-in", 0}}},
	{"manchester",
	 4,
	 4,
	 {{"immediate", "Immediate", 0},
	  {"very_urgent", "Very urgent", 10},
	  {"urgent", "Urgent", 60},
	  {"standard", "Standard", 120},
	  {"non_urgent", "Non-urgent", 240}}},
};

static SavedQuery delete_classes = {
	.sql = "delete from clinic.queue_class where clinic_id" EQ "$1",
	QUERY_PARAMETERS(UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

/* As the owner: nobody is yet staff of a new clinic. */
static SavedQuery insert_class = {
	.sql = "insert into clinic.queue_class"
		   " (clinic_id, priority, code, name, target, for_booked, for_walk_in)"
		   " values ($1, $2, $3, $4, pg_catalog.make_interval(mins => $5), $6, $7)",
	QUERY_PARAMETERS(UUIDOID, INT4OID, TEXTOID, TEXTOID, INT4OID, BOOLOID, BOOLOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

static void
insert_preset(Datum clinic, const QueuePreset *preset)
{
	for (int i = 0; i < MAX_CLASSES && preset->classes[i].code; i++)
	{
		const ClassPreset *class = &preset->classes[i];
		int rank = i + 1;
		Datum values[] = {clinic,
						  Int32GetDatum(rank),
						  CStringGetTextDatum(class->code),
						  CStringGetTextDatum(class->name),
						  Int32GetDatum(class->target),
						  BoolGetDatum(rank == preset->for_booked),
						  BoolGetDatum(rank == preset->for_walk_in)};

		(void) query_run(&insert_class, values, NULL, 0);
	}
}

/* AFTER INSERT or UPDATE row trigger of clinic: its classes are those of its preset. */
Datum
queue_preset(PG_FUNCTION_ARGS)
{
	const TriggerData *trigger = trigger_data(fcinfo, TRIGGER_EVENT_ROW | TRIGGER_EVENT_AFTER, 0);
	TriggerRows rows = trigger_rows(trigger);
	char *name = text_of(&rows, rows.written, "queue_preset");
	Datum clinic;

	if (restoring(trigger->tg_relation) || (rows.old && !column_changed(&rows, "queue_preset")))
		return PointerGetDatum(NULL);
	query_begin();
	clinic = UUIDPGetDatum(uuid_of(&rows, rows.written, "id"));
	(void) query_run(&delete_classes, &clinic, NULL, 0);
	for (size_t i = 0; i < lengthof(presets); i++)
		if (strcmp(presets[i].name, name) == 0)
			insert_preset(clinic, &presets[i]);
	query_end();
	return PointerGetDatum(NULL);
}
