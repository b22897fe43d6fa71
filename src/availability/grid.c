/*
 * grid.c
 *		The starts that are offered: a grid from local midnight.
 *
 * On a day without a change of clocks the starts are so many steps after
 * midnight.  A time that clocks skip is no start; of one they show twice, the
 * first is.  So later starts on the clock are later instants.
 */
#include "postgres.h"

#include "availability/grid.h"

void
grid_seek(StartGrid *grid, TimestampTz from)
{
	int64 since_midnight;

	grid->from = from;
	grid->day = clock_day(&grid->clock, from);
	/* Negative where clocks were set back over midnight. */
	since_midnight = clock_local(&grid->clock, from) - (int64) grid->day * USECS_PER_DAY;
	grid->at = Max(since_midnight, 0) / grid->step * grid->step;
}

TimestampTz
grid_next(StartGrid *grid)
{
	for (;;)
	{
		Timestamp local;
		TimestampTz start;

		if (grid->at >= USECS_PER_DAY)
		{
			grid->day++;
			grid->at = 0;
		}
		local = (Timestamp) grid->day * USECS_PER_DAY + grid->at;
		start = clock_instant(&grid->clock, local);
		grid->at += grid->step;
		if (start >= grid->from && clock_local(&grid->clock, start) == local)
			return start;
	}
}
