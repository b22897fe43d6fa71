/*
 * civil.c
 *		Between the wall clock of a time zone and instants.
 *
 * A zone is a list of changes: at the instant b(i) its clocks go from offset
 * o(i-1) to offset o(i), in seconds east of UTC.  Between two changes the
 * conversion is one addition, so all there is to say is which local times are
 * read with which offset.  Let
 *
 *		m(i) = b(i) + max(o(i-1), o(i))
 *
 * be where the local times begin that were neither shown before the change nor
 * skipped by it: after a step forward the clocks show b + o(i) first, and after
 * a step back everything up to b + o(i-1) was already shown once.  A local time
 * is read with the offset o(i) of the first i for which it is less than m(i+1).
 * This is the rule of RFC 5545 section 3.3.5 for gap and fold alike:
 *
 * - No earlier stretch shows it, since the stretch before b(j) ends, exclusively,
 *	 at b(j) + o(j-1) <= m(j).
 * - If it is less than b(i+1) + o(i), stretch i shows it: that is the first time,
 *	 also where a later stretch shows it again.
 * - Else the change at b(i+1) skips it, and o(i) is the offset before the gap.
 *
 * So each stretch has its instants [b(i), b(i+1)) and its local times [m(i),
 * m(i+1)).  m rises with i: in the time zone database changes are four days or
 * more apart (Freetown, 1939) and step by 24 hours at most, and between the two
 * offsets of a rule it rises by the time between the changes.  Should a file be
 * stranger, m(i) is the greatest so far, and stretch i may have no local times.
 *
 * The clocks first reach a local time, such as midnight: show it, or a later one,
 * at midnight - o(i), i being the stretch that midnight is read with, unless the
 * change at b(i+1) skips midnight and b(i+1) comes first.  This differs from how
 * the gap rule reads midnight only where a gap begins before it: Toronto went from 23:30 to 00:30
 * in 1919, and the day began with the change and not half an hour later.
 */
#include "postgres.h"

#include "civil/civil.h"
#include "common/int.h"
#include "errors.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

/*
 * No zone is further from UTC.  The time zone database stays within 16 hours; a
 * POSIX rule, which pg_tzset() takes as well, may say 167:59 and imply an
 * hour more for summer time.
 */
#define MAX_OFFSET (8 * USECS_PER_DAY)

/*
 * Where to start looking for the stretch of a time.  Twice MAX_OFFSET would do;
 * more makes the stretch longer for whoever goes backwards.
 */
#define LOOK_BACK (30 * USECS_PER_DAY)

/* Seconds from the Unix epoch, which pg_tz counts from, to PostgreSQL's. */
#define EPOCH_OFFSET_SECONDS ((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY)

/* A change of a zone's clocks. */
typedef struct ClockChange
{
	pg_time_t at; /* seconds since 1970 */
	long before;  /* seconds east of UTC */
	long after;
} ClockChange;

static void seek(CivilClock *clock, int64 sought, bool is_local);
static ClockChange next_change(pg_time_t since, pg_tz *zone);
static pg_time_t unix_seconds(int64 microseconds);
static int64 from_unix_seconds(pg_time_t seconds);
static _Noreturn void out_of_range(void);

int64
interval_microseconds(const Interval *interval)
{
	/* at most 2^31 * 31 days */
	int64 days = (int64) interval->month * DAYS_PER_MONTH + interval->day;
	int64 microseconds;

	if (pg_mul_s64_overflow(days, USECS_PER_DAY, &microseconds) ||
		pg_add_s64_overflow(microseconds, interval->time, &microseconds))
		return days < 0 ? PG_INT64_MIN : PG_INT64_MAX;
	return microseconds;
}

pg_tz *
civil_zone(const char *name)
{
	pg_tz *zone = pg_tzset(name);

	/* Not acceptable is a zone that counts leap seconds, as right/UTC does. */
	if (zone == NULL || !pg_tz_acceptable(zone))
		refuse(REASON_INVALID_TIMEZONE, psprintf("time zone \"%s\" is not known", name), NULL,
			   "pg_timezone_names lists the time zones.");
	return zone;
}

void
check_visit_instant(TimestampTz instant, const char *name)
{
	TimestampTz first = (int64) (date2j(1900, 1, 1) - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY;
	TimestampTz end = (int64) (date2j(10000, 1, 1) - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY;

	if (TIMESTAMP_NOT_FINITE(instant) || instant < first || instant >= end)
		refuse(REASON_INVALID_TIME, psprintf("%s is not a time a visit can have", name),
			   "it must be finite, in the years 1900 to 9999", NULL);
}

void
check_visit_day(DateADT day)
{
	if (day < date2j(1900, 1, 1) - POSTGRES_EPOCH_JDATE ||
		day >= date2j(10000, 1, 1) - POSTGRES_EPOCH_JDATE)
		refuse(REASON_INVALID_TIME, "that is no day on which a visit can be",
			   "it must be finite, in the years 1900 to 9999", NULL);
}

Timestamp
civil_local(TimestampTz instant, pg_tz *zone)
{
	CivilClock clock = civil_clock(zone);

	return clock_local(&clock, instant);
}

TimestampTz
civil_instant(Timestamp local, pg_tz *zone)
{
	CivilClock clock = civil_clock(zone);

	return clock_instant(&clock, local);
}

DateADT
civil_day(TimestampTz instant, pg_tz *zone)
{
	CivilClock clock = civil_clock(zone);

	return clock_day(&clock, instant);
}

TimestampTz
civil_day_start(DateADT day, pg_tz *zone)
{
	CivilClock clock = civil_clock(zone);

	return clock_day_start(&clock, day);
}

/* Forward with timestamp_pl_interval, back with timestamp_mi_interval. */
static TimestampTz
move_days(TimestampTz instant, const Interval *interval, pg_tz *zone, PGFunction move)
{
	Interval days = {.month = interval->month, .day = interval->day};
	Datum moved;

	if (days.month == 0 && days.day == 0)
		return instant;
	moved = DirectFunctionCall2(move, TimestampGetDatum(civil_local(instant, zone)),
								IntervalPGetDatum(&days));
	return civil_instant(DatumGetTimestamp(moved), zone);
}

TimestampTz
civil_later(TimestampTz instant, const Interval *interval, pg_tz *zone)
{
	return move_days(instant, interval, zone, timestamp_pl_interval) + interval->time;
}

TimestampTz
civil_earlier(TimestampTz instant, const Interval *interval, pg_tz *zone)
{
	return move_days(instant, interval, zone, timestamp_mi_interval) - interval->time;
}

TimestampTz
clock_day_start(CivilClock *clock, DateADT day)
{
	if (day < DATETIME_MIN_JULIAN - POSTGRES_EPOCH_JDATE ||
		day >= TIMESTAMP_END_JULIAN - POSTGRES_EPOCH_JDATE)
		out_of_range();
	return clock_reach(clock, (Timestamp) day * USECS_PER_DAY);
}

TimestampTz
clock_reach(CivilClock *clock, Timestamp local)
{
	TimestampTz instant = clock_instant(clock, local);

	/* not Min(), which would ask the clock twice */
	return instant < clock->to ? instant : clock->to;
}

void
clock_seek_instant(CivilClock *clock, TimestampTz instant)
{
	seek(clock, instant, false);
}

void
clock_seek_local(CivilClock *clock, Timestamp local)
{
	seek(clock, local, true);
}

/*
 * The stretch of an instant or of a local time, found by going from change to
 * change, starting where none that came before can matter: what a change shows
 * twice or skips lies within MAX_OFFSET of it.
 */
static void
seek(CivilClock *clock, int64 sought, bool is_local)
{
	CivilClock found = {.zone = clock->zone};
	int64 start;
	ClockChange change;

	if (!IS_VALID_TIMESTAMP(sought))
		out_of_range();
	start = sought - LOOK_BACK;
	found.to = start + 2 * MAX_OFFSET;
	found.from = found.to;
	found.local_to = start + MAX_OFFSET;
	change.at = unix_seconds(start);
	do
	{
		change = next_change(change.at, clock->zone);
		found.offset = change.before * USECS_PER_SEC;
		found.from = Max(found.from, found.to);
		found.to = from_unix_seconds(change.at);
		found.local_from = found.local_to;
		found.local_to =
			Max(found.local_from, found.to + Max(change.before, change.after) * USECS_PER_SEC);
	} while (found.to < END_TIMESTAMP && sought >= (is_local ? found.local_to : found.to));

	/* Both sides of a conversion are to be timestamps. */
	found.from = Max(found.from, MIN_TIMESTAMP - Min(found.offset, 0));
	found.to = Min(found.to, END_TIMESTAMP - Max(found.offset, 0));
	found.local_from = Max(found.local_from, MIN_TIMESTAMP + Max(found.offset, 0));
	found.local_to = Min(found.local_to, END_TIMESTAMP + Min(found.offset, 0));
	if (is_local ? sought < found.local_from || sought >= found.local_to
				 : sought < found.from || sought >= found.to)
		out_of_range();
	*clock = found;
}

/* The first change after an instant; a zone that has none changes at the end of time. */
static ClockChange
next_change(pg_time_t since, pg_tz *zone)
{
	ClockChange change;
	int before_isdst;
	int after_isdst;
	int result;

	/*
	 * Asked at the very instant of the last change that a zone was loaded with (in
	 * 2769, of the zones that have a rule), and every 400 years after,
	 * pg_next_dst_boundary() answers that none follows; a second later it knows.
	 */
	for (int later = 0; later <= 1; later++)
	{
		pg_time_t asked = since + later;

		change.at = 0;
		result = pg_next_dst_boundary(&asked, &change.before, &before_isdst, &change.at,
									  &change.after, &after_isdst, zone);
		if (result != 0)
			break;
	}
	if (result < 0)
		out_of_range();
	if (result == 0)
	{
		change.at = unix_seconds(END_TIMESTAMP);
		change.after = change.before;
	}
	return change;
}

/* Rounded down, also before 2000. */
static pg_time_t
unix_seconds(int64 microseconds)
{
	int64 seconds = microseconds / USECS_PER_SEC;

	if (microseconds % USECS_PER_SEC < 0)
		seconds--;
	return seconds + EPOCH_OFFSET_SECONDS;
}

/* A change may lie beyond what timestamps can hold; the end of time is near enough. */
static int64
from_unix_seconds(pg_time_t seconds)
{
	if (seconds >= unix_seconds(END_TIMESTAMP))
		return END_TIMESTAMP;
	return (seconds - EPOCH_OFFSET_SECONDS) * USECS_PER_SEC;
}

static void
out_of_range(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("timestamp out of range")));
}
