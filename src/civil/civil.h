/*
 * civil.h
 *		Between the wall clock of a time zone and instants.  Pure.
 */
#ifndef CLINIC_SCHED_CIVIL_H
#define CLINIC_SCHED_CIVIL_H

#include "datatype/timestamp.h"
#include "pgtime.h"
#include "utils/date.h"

/* The UTC day of an instant, rounded down also before 2000. */
static inline int64
utc_day(TimestampTz instant)
{
	int64 day = instant / USECS_PER_DAY;

	return instant % USECS_PER_DAY < 0 ? day - 1 : day;
}

/* The zone of that name; an error if there is none. */
extern pg_tz *civil_zone(const char *name);

/* What the zone's clocks show at an instant.  The instant must be finite. */
extern Timestamp civil_local(TimestampTz instant, pg_tz *zone);

/*
 * The instant at which the zone's clocks show a local time.  RFC 5545 section
 * 3.3.5: a time that occurs twice means the first; a time that is skipped is
 * read with the offset before the gap, so it lies that much after the gap.
 */
extern TimestampTz civil_instant(Timestamp local, pg_tz *zone);

/* The civil day an instant falls on, and the instant at which a day begins. */
extern DateADT civil_day(TimestampTz instant, pg_tz *zone);
extern TimestampTz civil_day_start(DateADT day, pg_tz *zone);

/*
 * The microseconds of an interval, a day being 24 hours and a month 30 days, as
 * intervals are compared.  One too long for the result gives the nearest.
 */
extern int64 interval_microseconds(const Interval *interval);

#endif /* CLINIC_SCHED_CIVIL_H */
