/*
 * civil.c
 *		Between the wall clock of a time zone and instants.
 *
 * Local to instant: let the zone's clocks change at the instant b from offset
 * `before` to offset `after` (seconds east of UTC).  The local times that only
 * the new offset can show begin at b + max(before, after): after a step
 * forward the clocks show b + after first, and after a step back everything
 * up to b + before was already shown once.  So one comparison decides both a
 * gap and a fold, in both cases for the offset before the change until then.
 */
#include "postgres.h"

#include "civil/civil.h"
#include "common/int.h"
#include "errors.h"

static int64 offset_of_local(int64 local_seconds, pg_tz *zone);

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

/* Seconds from the Unix epoch, which pg_tz counts from, to PostgreSQL's. */
#define EPOCH_OFFSET_SECONDS ((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY)

static int64
floor_seconds(int64 microseconds)
{
	int64 seconds = microseconds / USECS_PER_SEC;

	return microseconds % USECS_PER_SEC < 0 ? seconds - 1 : seconds;
}

pg_tz *
civil_zone(const char *name)
{
	pg_tz *zone = pg_tzset(name);

	if (zone == NULL)
		refuse(REASON_INVALID_TIMEZONE, psprintf("time zone \"%s\" is not known", name), NULL,
			   "pg_timezone_names lists the time zones.");
	return zone;
}

Timestamp
civil_local(TimestampTz instant, pg_tz *zone)
{
	pg_time_t seconds = floor_seconds(instant) + EPOCH_OFFSET_SECONDS;
	struct pg_tm *tm = pg_localtime(&seconds, zone);

	if (tm == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("timestamp out of range")));
	return instant + tm->tm_gmtoff * USECS_PER_SEC;
}

TimestampTz
civil_instant(Timestamp local, pg_tz *zone)
{
	return local -
		   offset_of_local(floor_seconds(local) + EPOCH_OFFSET_SECONDS, zone) * USECS_PER_SEC;
}

DateADT
civil_day(TimestampTz instant, pg_tz *zone)
{
	return (DateADT) utc_day(civil_local(instant, zone));
}

TimestampTz
civil_day_start(DateADT day, pg_tz *zone)
{
	return civil_instant((Timestamp) day * USECS_PER_DAY, zone);
}

/* The offset that a local time, in seconds since 1970 as if it were UTC, is read with. */
static int64
offset_of_local(int64 local_seconds, pg_tz *zone)
{
	/* Offsets stay within 16 hours, so a day earlier is before the instant meant. */
	pg_time_t earlier = local_seconds - SECS_PER_DAY;
	pg_time_t boundary;
	long before;
	long after;
	int before_isdst;
	int after_isdst;
	int found = pg_next_dst_boundary(&earlier, &before, &before_isdst, &boundary, &after,
									 &after_isdst, zone);

	if (found < 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("timestamp out of range")));
	if (found == 0 || local_seconds < boundary + Max(before, after))
		return before;
	return after;
}
