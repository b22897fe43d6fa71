/*
 * trigger.h
 *		How our trigger functions read what they were called for.
 */
#ifndef CLINIC_SCHED_TRIGGER_H
#define CLINIC_SCHED_TRIGGER_H

#include "commands/trigger.h"
#include "fmgr.h"

/* The versions of the row a row trigger is called for; either may be NULL. */
typedef struct TriggerRows
{
	TupleDesc descriptor;
	HeapTuple old;
	HeapTuple written; /* or inserted */
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

#endif /* CLINIC_SCHED_TRIGGER_H */
