/*
 * open_hours_fuzz.c
 *		Any hours, in a zone whose clocks change once, against every minute.
 *
 * A clinic opens and closes when the clocks first show that time or a later
 * one.  So it is open in a minute if its hours hold the latest time that the
 * clocks have shown up to then.  SQL cannot see whether intervals are apart and
 * none is empty, for a multirange makes them so; callers in C can.
 */
#include "postgres.h"

#include <stdio.h>
#include <stdlib.h>

#include "hours/open_hours.c"
#include "hours/weekly_hours_parse.c"

/* Monday, 1 March 2027, in minutes since 2000. */
#define MONDAY INT64CONST(14286240)

#define LONGEST_TEST 3000

typedef struct Zone
{
	int64 change; /* minutes since 2000 */
	int64 before; /* minutes east of UTC */
	int64 after;
} Zone;

/* The zone of the input that is tried. */
static Zone zone_of_test;

volatile sig_atomic_t InterruptPending = false;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* What the server has. */

void
ProcessInterrupts(void)
{
}

void *
palloc(Size size)
{
	return malloc(size);
}

void *
repalloc(void *pointer, Size size)
{
	return realloc(pointer, size);
}

Timestamp
civil_local(TimestampTz instant, pg_tz *zone)
{
	const Zone *test = &zone_of_test;
	int64 offset = instant < test->change * USECS_PER_MINUTE ? test->before : test->after;

	return instant + offset * USECS_PER_MINUTE;
}

/* The stretch before the zone's only change, or the one after. */
static void
set_stretch(CivilClock *clock, bool before)
{
	const Zone *test = &zone_of_test;
	TimestampTz change = test->change * USECS_PER_MINUTE;
	Timestamp boundary = change + Max(test->before, test->after) * USECS_PER_MINUTE;

	clock->offset = (before ? test->before : test->after) * USECS_PER_MINUTE;
	clock->from = before ? PG_INT64_MIN : change;
	clock->to = before ? change : PG_INT64_MAX;
	clock->local_from = before ? PG_INT64_MIN : boundary;
	clock->local_to = before ? boundary : PG_INT64_MAX;
}

void
clock_seek_instant(CivilClock *clock, TimestampTz instant)
{
	set_stretch(clock, instant < zone_of_test.change * USECS_PER_MINUTE);
}

void
clock_seek_local(CivilClock *clock, Timestamp local)
{
	const Zone *test = &zone_of_test;

	set_stretch(clock, local < (test->change + Max(test->before, test->after)) * USECS_PER_MINUTE);
}

TimestampTz
clock_reach(CivilClock *clock, Timestamp local)
{
	TimestampTz instant = clock_instant(clock, local);

	return Min(instant, clock->to);
}

static void
require(bool holds, const char *promise)
{
	if (holds)
		return;
	fputs("broken: ", stderr);
	fputs(promise, stderr);
	fputs("\n", stderr);
	abort();
}

/* From two bytes, `least` to `most`; `least` when there are no more. */
static int64
take_number(const uint8_t **bytes, size_t *size, int64 least, int64 most)
{
	int64 number;

	if (*size < 2)
		return least;
	number = least + ((*bytes)[0] | (*bytes)[1] << 8) % (most - least + 1);
	*bytes += 2;
	*size -= 2;
	return number;
}

static bool
is_open_local(const bool *open_minutes, int64 local)
{
	return open_minutes[(local - MONDAY) % MINUTES_PER_WEEK];
}

static WeeklyHours *
make_hours(const bool *open_minutes)
{
	WeeklyHours *hours = malloc(WEEKLY_HOURS_SIZE(WEEKLY_HOURS_MAX_RANGES));
	int count = 0;

	for (int minute = 0; minute < MINUTES_PER_WEEK; minute++)
	{
		if (!open_minutes[minute])
			continue;
		if (minute == 0 || !open_minutes[minute - 1])
			hours->ranges[count++].opens = (uint16) minute;
		hours->ranges[count - 1].closes = (uint16) (minute + 1);
	}
	SET_VARSIZE(hours, WEEKLY_HOURS_SIZE(count));
	require(weekly_hours_valid(hours->ranges, count), "the minutes of a week make a value");
	return hours;
}

/* The next minutes from *minute on that are open on the wall clock; where there are none, false. */
static bool
next_local(const bool *open_minutes, int64 *minute, int64 to, int64 *opens)
{
	while (*minute < to && !is_open_local(open_minutes, *minute))
		(*minute)++;
	*opens = *minute;
	while (*minute < to && is_open_local(open_minutes, *minute))
		(*minute)++;
	return *opens < to;
}

static void
check_local(const WeeklyHours *hours, const bool *open_minutes, int64 from, int64 to)
{
	LocalHoursScan scan;
	LocalInterval open;
	int64 minute = from;
	int64 opens;

	local_hours_begin(&scan, hours, from * USECS_PER_MINUTE, to * USECS_PER_MINUTE);
	while (local_hours_next(&scan, &open))
		require(next_local(open_minutes, &minute, to, &opens) &&
					open.opens == opens * USECS_PER_MINUTE &&
					open.closes == minute * USECS_PER_MINUTE,
				"each interval on the wall clock is open, and neither sooner nor later");
	require(!next_local(open_minutes, &minute, to, &opens), "no other time is open");
	require(!local_hours_next(&scan, &open), "what has ended has ended");
}

static void
check_instants(const WeeklyHours *hours, const bool *open_minutes, int64 from, int64 to)
{
	const Zone *zone = &zone_of_test;
	OpenInterval *intervals;
	int count =
		open_intervals(hours, NULL, from * USECS_PER_MINUTE, to * USECS_PER_MINUTE, &intervals);
	int64 latest = PG_INT64_MIN;
	bool was_open = false;
	int seen = 0;

	for (int64 minute = Min(from, zone->change) - 1; minute <= to; minute++)
	{
		bool open;

		latest = Max(latest, minute + (minute < zone->change ? zone->before : zone->after));
		open = minute >= from && minute < to && is_open_local(open_minutes, latest);
		if (open && !was_open)
			require(seen < count && intervals[seen].opens == minute * USECS_PER_MINUTE,
					"it opens when the clocks first show the time");
		else if (was_open && !open)
			require(intervals[seen++].closes == minute * USECS_PER_MINUTE,
					"it closes when the clocks first show the time");
		was_open = open;
	}
	require(seen == count, "it is open at no other time");
	free(intervals);
}

/* What belongs to the days of three weeks is together what is open in them, each minute once. */
static void
check_days(const WeeklyHours *hours, const bool *open_minutes)
{
	int64 first = MONDAY / MINUTES_PER_DAY;
	int64 minute = MONDAY;
	DayHoursScan scan;
	LocalInterval open;

	for (int64 day = first; day < first + 3 * DAYS_OF_WEEK; day++)
	{
		int64 midnight = day * USECS_PER_DAY;

		/* What the day before the first began is not seen. */
		if (day == first + 1)
			minute = Max(minute, midnight / USECS_PER_MINUTE);
		day_hours_begin(&scan, hours, (DateADT) day);
		while (day_hours_next(&scan, &open))
		{
			int64 opens = open.opens / USECS_PER_MINUTE;

			require(open.opens >= midnight && open.opens < midnight + USECS_PER_DAY,
					"what belongs to a day begins on it");
			require(open.closes > open.opens && open.closes - open.opens <= USECS_PER_DAY,
					"and is no longer than a day");
			require(day == first || minute <= opens, "no minute belongs to two days");
			for (; day > first && minute < opens; minute++)
				require(!is_open_local(open_minutes, minute), "no open minute is left out");
			for (minute = opens; minute < open.closes / USECS_PER_MINUTE; minute++)
				require(is_open_local(open_minutes, minute), "no closed minute is in it");
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	bool open_minutes[MINUTES_PER_WEEK] = {false};
	Zone *zone = &zone_of_test;
	WeeklyHours *hours;
	int64 from;
	int64 to;

	zone->change = MONDAY + 4 * MINUTES_PER_WEEK + take_number(&bytes, &size, 0, MINUTES_PER_WEEK);
	zone->before = take_number(&bytes, &size, -720, 840);
	zone->after = zone->before + take_number(&bytes, &size, -MINUTES_PER_DAY, MINUTES_PER_DAY);
	from = zone->change + take_number(&bytes, &size, -LONGEST_TEST, LONGEST_TEST);
	to = from + take_number(&bytes, &size, 0, LONGEST_TEST);

	while (size >= 2)
	{
		/* Most that is worth trying begins near the change. */
		int64 begin = zone->change + zone->before + take_number(&bytes, &size, -1300, 1300);
		int64 length = take_number(&bytes, &size, 1, MINUTES_PER_DAY);

		for (int64 minute = begin; minute < begin + length; minute++)
			open_minutes[(minute - MONDAY) % MINUTES_PER_WEEK] = true;
	}
	hours = make_hours(open_minutes);
	check_local(hours, open_minutes, from, to);
	check_local(hours, open_minutes, from, to + 2 * MINUTES_PER_WEEK);
	check_instants(hours, open_minutes, from, to);
	check_days(hours, open_minutes);
	free(hours);
	return 0;
}
