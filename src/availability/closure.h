/*
 * closure.h
 *		When closures close, or open: once, or as often as a rule says.  Pure.
 */
#ifndef CLINIC_SCHED_CLOSURE_H
#define CLINIC_SCHED_CLOSURE_H

#include "hours/open_hours.h"
#include "recurrence/rrule_zone.h"

typedef struct Closure
{
	TimestampTz from;
	TimestampTz to;
	bool is_open;
	const RRule *rule; /* NULL: once; else [from, to) is its first occurrence */
	int nexdates;	   /* of these it is not closed or open */
	const TimestampTz *exdates;
} Closure;

/* A walk over what a closure with a rule closes or opens. */
typedef struct ClosureScan
{
	const Closure *closure;
	ZonedRecurrence recurrence;
	OccurrenceScan occurrences;
	CivilClock clock;
	bool whole_days;
	int64 length; /* on the wall clock, microseconds */
} ClosureScan;

/* The occurrences that touch [from, to), by when they begin on the wall clock; not cut to it. */
extern void closure_begin(ClosureScan *scan, const Closure *closure, pg_tz *zone, TimestampTz from,
						  TimestampTz to);
extern bool closure_next(ClosureScan *scan, OpenInterval *occurrence);

/* The most days an occurrence lasts: so far back those are looked for that have not ended. */
#define LONGEST_CLOSURE_DAYS 366

typedef enum ClosureFault
{
	CLOSURE_RIGHT,
	CLOSURE_NO_LENGTH,	  /* by the wall clock it ends before it begins */
	CLOSURE_TOO_LONG,	  /* longer than LONGEST_CLOSURE_DAYS */
	CLOSURE_TOO_FREQUENT, /* the rule occurs more than once a day */
	CLOSURE_NEVER,		  /* or not at all */
	CLOSURE_NOT_FIRST	  /* its first occurrence is another than that of the closure */
} ClosureFault;

/* May the closure recur by its rule, EXDATE aside?  If it is only not the first, that is given. */
extern ClosureFault closure_fault(const Closure *closure, pg_tz *zone, OpenInterval *first);

#endif /* CLINIC_SCHED_CLOSURE_H */
