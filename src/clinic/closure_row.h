/*
 * closure_row.h
 *		The rows of table closure.
 */
#ifndef CLINIC_SCHED_CLOSURE_ROW_H
#define CLINIC_SCHED_CLOSURE_ROW_H

#include "availability/closure.h"

/* Of the columns during and kind; then, if they are not null, of rrule and exdates. */
extern Closure closure_of_row(Datum during, bool is_open);
extern void closure_set_rule(Closure *closure, Datum rrule, MemoryContext memory);
extern void closure_set_exdates(Closure *closure, Datum exdates, MemoryContext memory);

/* Refuse a rule by which the closure, which has one, cannot recur on the clocks of a zone. */
extern void closure_check_rule(const Closure *closure, pg_tz *zone);

#endif /* CLINIC_SCHED_CLOSURE_ROW_H */
