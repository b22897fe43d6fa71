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

/* Refuse a time that no visit can have: infinite, or outside the years 1900 to 9999. */
extern void check_visit_instant(TimestampTz instant, const char *name);

/* The same for a civil day. */
extern void check_visit_day(DateADT day);

/*
 * Four conversions.  The clock is the zone's; see civil.c for what its clocks
 * show when they change.  A value that is infinite, or a result that timestamps
 * cannot hold, is an error.
 *
 * local	what the clocks show at an instant
 * instant	when they show a local time.  RFC 5545 section 3.3.5: a time that
 *			occurs twice means the first; a time that is skipped is read with
 *			the offset before the gap, so it lies that much after the gap
 * day		the civil day that an instant belongs to
 * day_start the first instant at which the clocks show that day or a later one.
 *			A day that is skipped is empty: it starts when the next one does
 *
 * An instant belongs to day d exactly if it lies in [day_start(d), day_start(d + 1)).
 * That is the day which the clocks show, but where they are set back over
 * midnight, as in St. John's from 00:01 to 23:01 until 2010: the hour shown
 * again belongs to the new day, which has begun.
 */
extern Timestamp civil_local(TimestampTz instant, pg_tz *zone);
extern TimestampTz civil_instant(Timestamp local, pg_tz *zone);
extern DateADT civil_day(TimestampTz instant, pg_tz *zone);
extern TimestampTz civil_day_start(DateADT day, pg_tz *zone);

/*
 * The same for many times that lie near each other: a clock remembers the stretch
 * of constant offset it was last asked about, and inside it a conversion costs two
 * comparisons and an addition.  It holds no memory of its own, and its zone lives
 * as long as the session, so it may be on the stack or in a plan, and be copied.
 */
typedef struct CivilClock
{
	pg_tz *zone;
	int64 offset; /* microseconds east of UTC */

	/* the instants of the stretch, or a part of them; from = to: not asked yet */
	TimestampTz from;
	TimestampTz to;

	/* the local times that are read with its offset, or a part of them */
	Timestamp local_from;
	Timestamp local_to;
} CivilClock;

/* Make the clock's stretch the one of that instant, or of that local time. */
extern void clock_seek_instant(CivilClock *clock, TimestampTz instant);
extern void clock_seek_local(CivilClock *clock, Timestamp local);

static inline CivilClock
civil_clock(pg_tz *zone)
{
	return (CivilClock){.zone = zone};
}

static inline Timestamp
clock_local(CivilClock *clock, TimestampTz instant)
{
	if (instant < clock->from || instant >= clock->to)
		clock_seek_instant(clock, instant);
	return instant + clock->offset;
}

static inline TimestampTz
clock_instant(CivilClock *clock, Timestamp local)
{
	if (local < clock->local_from || local >= clock->local_to)
		clock_seek_local(clock, local);
	return local - clock->offset;
}

static inline DateADT
clock_day(CivilClock *clock, TimestampTz instant)
{
	Timestamp local = clock_local(clock, instant);

	/* What lies before local_from was shown already, so the day has come that far. */
	return (DateADT) utc_day(Max(local, clock->local_from - 1));
}

extern TimestampTz clock_day_start(CivilClock *clock, DateADT day);

/* The first instant at which the clocks show a local time, or a later one. */
extern TimestampTz clock_reach(CivilClock *clock, Timestamp local);

/*
 * The instant that lies an interval after another, or before it: its months and
 * days on the zone's wall clock, then its hours as they pass (RFC 5545 section
 * 3.3.6).
 */
extern TimestampTz civil_later(TimestampTz instant, const Interval *interval, pg_tz *zone);
extern TimestampTz civil_earlier(TimestampTz instant, const Interval *interval, pg_tz *zone);

/*
 * The microseconds of an interval, a day being 24 hours and a month 30 days, as
 * intervals are compared.  One too long for the result gives the nearest.
 */
extern int64 interval_microseconds(const Interval *interval);

#endif /* CLINIC_SCHED_CIVIL_H */
