/*
 * range.h
 *		Stretches of time, as the SQL type tstzrange.
 */
#ifndef CLINIC_SCHED_RANGE_H
#define CLINIC_SCHED_RANGE_H

#include "datatype/timestamp.h"
#include "utils/rangetypes.h"

/*
 * The bounds [from, to) of an argument; false if it is empty.  Refused are bounds
 * that are infinite or outside the years 1900 to 9999, and more than ten years.
 */
extern bool range_bounds(RangeType *range, const char *name, TimestampTz *from, TimestampTz *to);

/* The same, but of any length: a bound may be missing or infinite, and is DT_NOBEGIN or DT_NOEND then. */
extern bool range_open_bounds(RangeType *range, const char *name, TimestampTz *from,
							  TimestampTz *to);

/* The tstzrange [from, to). */
extern Datum range_datum(TimestampTz from, TimestampTz to);

#endif /* CLINIC_SCHED_RANGE_H */
