/*
 * open_days.h
 *		When visits may start on a day, of many resources.  Pure.
 *
 * A search goes along the same days as the search before it, and what is open on
 * a day only follows from how things are set up.  So that is worked out once, a
 * resource and a day at a time, and kept.
 */
#ifndef CLINIC_SCHED_OPEN_DAYS_H
#define CLINIC_SCHED_OPEN_DAYS_H

#include "availability/opening.h"
#include "utils/palloc.h"

/* Visits of some mode may start in [opens, until), and are over when it closes. */
typedef struct OpenPart
{
	TimestampTz opens;
	TimestampTz until;
	TimestampTz closes;
	int32 seats;
} OpenPart;

typedef struct OpenParts
{
	int count; /* -1: not worked out yet */
	const OpenPart *parts;
} OpenParts;

/* A civil day in the clinic's zone. */
typedef struct OpenDay
{
	DateADT day;
	VisitMode mode;
	TimestampTz from;
	TimestampTz until;
	MemoryContext memory;
	OpenParts *resources;
	OpenParts anybody; /* the stretches in which a visit may start with some of them */
} OpenDay;

typedef struct OpenDays OpenDays;

extern OpenDays *open_days_create(MemoryContext memory, pg_tz *zone, const Opening **openings,
								  int nresources);

/* Before a search: let go of what was kept, if that is much. */
extern void open_days_trim(OpenDays *days);

/* The day, in what is kept; or, where nothing more is kept, in that memory. */
extern OpenDay *open_days_day(OpenDays *days, DateADT day, VisitMode mode,
							  MemoryContext unless_kept);

/* When visits with a resource may start on the day. */
extern const OpenParts *open_day_parts(OpenDays *days, OpenDay *day, int resource);

/*
 * The first instant of the day, not before `from`, at which a visit may start with
 * any of the resources, whether or not it is over in time; DT_NOEND: there is none.
 */
extern TimestampTz open_day_first(OpenDays *days, OpenDay *day, TimestampTz from);

#endif /* CLINIC_SCHED_OPEN_DAYS_H */
