/*
 * grid.h
 *		The starts that are offered: a grid from local midnight.  Pure.
 */
#ifndef CLINIC_SCHED_GRID_H
#define CLINIC_SCHED_GRID_H

#include "civil/civil.h"

typedef struct StartGrid
{
	CivilClock clock; /* the clinic's */
	int64 step;		  /* microseconds */
	TimestampTz from; /* the first start may be then */

	/* the next start, if it is one: a day, and the time since its midnight */
	DateADT day;
	int64 at;
} StartGrid;

static inline StartGrid
start_grid(pg_tz *zone, int64 step)
{
	return (StartGrid){.clock = civil_clock(zone), .step = step};
}

/* Go to the first start that is not before an instant. */
extern void grid_seek(StartGrid *grid, TimestampTz from);

extern TimestampTz grid_next(StartGrid *grid);

#endif /* CLINIC_SCHED_GRID_H */
