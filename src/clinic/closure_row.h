/*
 * closure_row.h
 *		The rows of table closure.
 */
#ifndef CLINIC_SCHED_CLOSURE_ROW_H
#define CLINIC_SCHED_CLOSURE_ROW_H

#include "availability/closure.h"

/* Of the columns during, kind and rrule; once: it has no rule.  One is put into the current context. */
extern Closure closure_of_row(Datum during, bool is_open, Datum rule, bool once);

#endif /* CLINIC_SCHED_CLOSURE_ROW_H */
