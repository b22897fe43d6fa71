/*
 * free_seats.h
 *		When a resource has a seat that nobody has claimed.
 */
#ifndef CLINIC_SCHED_FREE_SEATS_H
#define CLINIC_SCHED_FREE_SEATS_H

#include "availability/claims.h"
#include "availability/opening.h"

/*
 * Append what of [from, to), which is not before what the list has, has a free
 * seat, or has none; open or not.
 */
extern void append_seats(IntervalList *list, OpenTimes *open, const ClaimSweep *claims,
						 TimestampTz from, TimestampTz to, bool is_free);

/* What is open and has a free seat. */
extern IntervalList free_intervals(OpenTimes *open, const ClaimSweep *claims);

/* Append to a list, at first all zero, that is in order; what touches its last is one with that. */
extern void append_interval(IntervalList *list, TimestampTz from, TimestampTz to);

/* The tstzmultirange of a list. */
extern Datum multirange_datum(const IntervalList *list);

#endif /* CLINIC_SCHED_FREE_SEATS_H */
