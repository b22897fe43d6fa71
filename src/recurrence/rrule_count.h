/*
 * rrule_count.h
 *		How many occurrences a recurrence rule makes, without making them.  Pure.
 */
#ifndef CLINIC_SCHED_RRULE_COUNT_H
#define CLINIC_SCHED_RRULE_COUNT_H

#include "recurrence/rrule_expand.h"

/*
 * How many occurrences the rule makes before the second `end`, or `wanted` if
 * there are as many: then *second is the last of those.  UNTIL, COUNT and
 * include_dtstart are not looked at.
 */
extern int64 recurrence_tally(Recurrence *recurrence, int64 end, int64 wanted, int64 *second);

/* How many occurrences there are before the second `end`, all things looked at. */
extern int64 recurrence_count_before(Recurrence *recurrence, int64 end);

#endif /* CLINIC_SCHED_RRULE_COUNT_H */
