/*
 * open_hours.c
 *		When weekly hours are open: on the wall clock, and as instants.
 *
 * A clinic opens and closes at the first instant at which the clocks show that
 * time, or a later one.  On ordinary days that is the time itself.  Of a time that
 * comes twice it is the first (RFC 5545 section 3.3.5): who closed at 02:30
 * does not open again because clocks go back.  A time that is skipped is passed at
 * the change: who opens at 02:30 is open when clocks go from 02:00 to 03:00,
 * who is open from 02:10 to 02:20 only is not open in that night, and a day
 * that a zone left out has no hours.  (A visit at 02:30 is another matter: RFC 5545
 * has it take place, at 03:30.)
 *
 * Those instants never go backwards when the time on the clock goes on, so
 * intervals stay in order and apart.  At most they come to touch, where what lay
 * between them was skipped.
 */
#include "postgres.h"

#include "civil/civil.h"
#include "hours/open_hours.h"
#include "miscadmin.h"

#define USECS_PER_WEEK (DAYS_OF_WEEK * USECS_PER_DAY)

/* 1 January 2000 was a Saturday. */
#define WEEKDAY_OF_DAY_0 5

/* The most that clocks were ever put back: at Sitka in 1867, when Alaska was sold. */
#define LONGEST_STEP_BACK USECS_PER_DAY

static bool next_range(LocalHoursScan *scan, LocalInterval *open);
void
local_hours_begin(LocalHoursScan *scan, const WeeklyHours *hours, Timestamp from, Timestamp to)
{
	int64 day = utc_day(from);
	int64 weekday = (day + WEEKDAY_OF_DAY_0) % DAYS_OF_WEEK;

	if (weekday < 0)
		weekday += DAYS_OF_WEEK;
	scan->hours = hours;
	scan->week = (day - weekday) * USECS_PER_DAY;
	scan->next = 0;
	scan->from = from;
	/* no range opens before its week */
	scan->to = from < to ? to : scan->week;
}

bool
local_hours_next(LocalHoursScan *scan, LocalInterval *open)
{
	LocalHoursScan later;
	LocalInterval more;

	do
	{
		if (!next_range(scan, open))
			return false;
	} while (open->closes <= scan->from);

	/* Ranges touch where a week ends: Sunday night, or all of it. */
	for (later = *scan; next_range(&later, &more) && more.opens == open->closes; *scan = later)
		open->closes = more.closes;

	open->opens = Max(open->opens, scan->from);
	open->closes = Min(open->closes, scan->to);
	return true;
}

/* The next range that opens before `to`, as it stands in the hours. */
static bool
next_range(LocalHoursScan *scan, LocalInterval *open)
{
	int count = weekly_hours_count(scan->hours);
	const MinuteRange *range;

	CHECK_FOR_INTERRUPTS();
	if (count == 0)
		return false;
	if (scan->next == count)
	{
		scan->week += USECS_PER_WEEK;
		scan->next = 0;
	}
	range = &scan->hours->ranges[scan->next];
	open->opens = scan->week + range->opens * USECS_PER_MINUTE;
	open->closes = scan->week + range->closes * USECS_PER_MINUTE;
	if (open->opens >= scan->to)
		return false;
	scan->next++;
	return true;
}

void
open_hours_begin(OpenHoursScan *scan, const WeeklyHours *hours, pg_tz *zone, TimestampTz from,
				 TimestampTz to)
{
	Timestamp local_from;
	Timestamp local_to;

	scan->clock = civil_clock(zone);
	local_from = clock_local(&scan->clock, from);
	/*
	 * Before `to` the clocks may have shown more than they show then, if they
	 * were put back since.
	 */
	local_to = from < to ? civil_local(to, zone) + LONGEST_STEP_BACK : local_from;

	local_hours_begin(&scan->local, hours, local_from, local_to);
	scan->from = from;
	scan->to = to;
	scan->is_ahead = false;
}

bool
open_hours_next(OpenHoursScan *scan, OpenInterval *open)
{
	LocalInterval local;

	while (local_hours_next(&scan->local, &local))
	{
		OpenInterval found = {
			.opens = Max(clock_reach(&scan->clock, local.opens), scan->from),
			.closes = Min(clock_reach(&scan->clock, local.closes), scan->to),
		};

		if (found.opens >= scan->to)
			break;
		if (found.opens >= found.closes)
			continue;
		if (!scan->is_ahead)
		{
			scan->ahead = found;
			scan->is_ahead = true;
		}
		else if (found.opens <= scan->ahead.closes)
			scan->ahead.closes = found.closes;
		else
		{
			*open = scan->ahead;
			scan->ahead = found;
			return true;
		}
	}

	/* Nothing opens before `to` any more. */
	scan->local.to = scan->local.from;
	if (!scan->is_ahead)
		return false;
	*open = scan->ahead;
	scan->is_ahead = false;
	return true;
}

int
open_intervals(const WeeklyHours *hours, pg_tz *zone, TimestampTz from, TimestampTz to,
			   OpenInterval **intervals)
{
	OpenHoursScan scan;
	int count = 0;
	int room = 16;

	*intervals = palloc(sizeof(OpenInterval) * room);
	open_hours_begin(&scan, hours, zone, from, to);
	while (open_hours_next(&scan, &(*intervals)[count]))
		if (++count == room)
		{
			room *= 2;
			*intervals = repalloc(*intervals, sizeof(OpenInterval) * room);
		}
	return count;
}

void
day_hours_begin(DayHoursScan *scan, const WeeklyHours *hours, DateADT day)
{
	scan->midnight = (Timestamp) day * USECS_PER_DAY;
	local_hours_begin(&scan->local, hours, scan->midnight - USECS_PER_DAY,
					  scan->midnight + 2 * USECS_PER_DAY);
}

bool
day_hours_next(DayHoursScan *scan, LocalInterval *open)
{
	Timestamp next_midnight = scan->midnight + USECS_PER_DAY;

	while (local_hours_next(&scan->local, open) && open->opens < next_midnight)
	{
		if (open->closes - open->opens >= USECS_PER_DAY)
		{
			open->opens = Max(open->opens, scan->midnight);
			open->closes = Min(open->closes, next_midnight);
			if (open->opens < open->closes)
				return true;
		}
		else if (open->opens >= scan->midnight)
			return true;
	}
	return false;
}
