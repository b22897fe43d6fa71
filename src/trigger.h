/*
 * trigger.h
 *		How our trigger functions read what they were called for.
 */
#ifndef CLINIC_SCHED_TRIGGER_H
#define CLINIC_SCHED_TRIGGER_H

#include "commands/trigger.h"
#include "fmgr.h"
#include "nodes/bitmapset.h"
#include "utils/uuid.h"

/* The versions of the row a row trigger is called for; either may be NULL. */
typedef struct TriggerRows
{
	TupleDesc descriptor;
	HeapTuple old;
	HeapTuple written;	/* or inserted */
	HeapTuple compared; /* the version written that changed tells of, or NULL */
	Bitmapset *changed; /* the columns in which it differs from the old one */
} TriggerRows;

/*
 * What a trigger function was called for.  Whoever was granted its execution
 * can call it by hand or put it on a table of their own, so anything but a
 * trigger on one of our tables, with that level, timing and at least that many
 * arguments, is refused.
 */
extern const TriggerData *trigger_data(FunctionCallInfo fcinfo, TriggerEvent level_and_timing,
									   int nargs);

extern TriggerRows trigger_rows(const TriggerData *trigger);

/* The version that is written, or deleted: what a BEFORE row trigger returns. */
extern HeapTuple trigger_result(const TriggerRows *rows);

/* The attribute number of a column, as SPI_fnumber() finds it. */
extern int column_number(TupleDesc descriptor, const char *name);

/* A column of one of the versions, by its name; a uuid that is null is refused. */
extern char *text_of(const TriggerRows *rows, HeapTuple tuple, const char *column);
extern Datum value_of(const TriggerRows *rows, HeapTuple tuple, const char *column, bool *isnull);
extern const pg_uuid_t *uuid_of(const TriggerRows *rows, HeapTuple tuple, const char *column);

/* Give a column of the version that is written another value. */
extern void set_column(TriggerRows *rows, const char *column, Datum value);
extern void set_column_null(TriggerRows *rows, const char *column);

extern bool column_changed(TriggerRows *rows, const char *column);

#endif /* CLINIC_SCHED_TRIGGER_H */
