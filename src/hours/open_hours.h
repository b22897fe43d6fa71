/*
 * open_hours.h
 *		When weekly hours are open: on the wall clock, and as instants.  Pure.
 *
 * Scans, each used as
 *
 *		open_hours_begin(&scan, hours, zone, from, to);
 *		while (open_hours_next(&scan, &open))
 *			...
 *
 * None allocates.  The hours must outlive the scan.  Times must be finite, and
 * a month or more from the first and the last that PostgreSQL has.
 */
#ifndef CLINIC_SCHED_OPEN_HOURS_H
#define CLINIC_SCHED_OPEN_HOURS_H

#include "civil/civil.h"
#include "datatype/timestamp.h"
#include "hours/weekly_hours.h"
#include "pgtime.h"

/* Open from `opens` until `closes`, without that instant; never empty. */
typedef struct OpenInterval
{
	TimestampTz opens;
	TimestampTz closes;
} OpenInterval;

/* The same on the wall clock of any zone. */
typedef struct LocalInterval
{
	Timestamp opens;
	Timestamp closes;
} LocalInterval;

typedef struct LocalHoursScan
{
	const WeeklyHours *hours;
	Timestamp from;
	Timestamp to;
	Timestamp week; /* the Monday of the range that is next */
	int next;
} LocalHoursScan;

typedef struct OpenHoursScan
{
	LocalHoursScan local;
	CivilClock clock;
	TimestampTz from;
	TimestampTz to;
	bool is_ahead; /* the interval that comes next may still grow */
	OpenInterval ahead;
} OpenHoursScan;

/* The open wall-clock times within [from, to), in order; none touches the next. */
extern void local_hours_begin(LocalHoursScan *scan, const WeeklyHours *hours, Timestamp from,
							  Timestamp to);
extern bool local_hours_next(LocalHoursScan *scan, LocalInterval *open);

/* The open instants within [from, to), in order; none touches the next. */
extern void open_hours_begin(OpenHoursScan *scan, const WeeklyHours *hours, pg_tz *zone,
							 TimestampTz from, TimestampTz to);
extern bool open_hours_next(OpenHoursScan *scan, OpenInterval *open);

/*
 * The open wall-clock times that belong to one civil day, in order.  Less than 24
 * hours belong to the day on which they begin, a night shift too; more are cut
 * at midnights, as weekly hours are printed.  So only the last can go past the
 * day's end.
 */
typedef struct DayHoursScan
{
	Timestamp midnight;
	LocalHoursScan local;
} DayHoursScan;

extern void day_hours_begin(DayHoursScan *scan, const WeeklyHours *hours, DateADT day);
extern bool day_hours_next(DayHoursScan *scan, LocalInterval *open);

/* The open instants within [from, to) all at once, in an array that is allocated.  Returns how many. */
extern int open_intervals(const WeeklyHours *hours, pg_tz *zone, TimestampTz from, TimestampTz to,
						  OpenInterval **intervals);

#endif /* CLINIC_SCHED_OPEN_HOURS_H */
