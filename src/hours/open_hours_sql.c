/*
 * open_hours_sql.c
 *		When weekly hours are open, in SQL.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "compat.h"
#include "errors.h"
#include "fmgr.h"
#include "hours/open_hours.h"
#include "utils/builtins.h"
#include "utils/multirangetypes.h"
#include "utils/rangetypes.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

/* Ten years, the farthest that a clinic can be booked ahead, and some days. */
#define LONGEST_SEARCH (3660 * USECS_PER_DAY)

/* The next instant: timestamps are whole microseconds. */
#define NEXT_INSTANT 1

PG_FUNCTION_INFO_V1(open_hours);
PG_FUNCTION_INFO_V1(is_open);

static MultirangeType *open_hours_during(const WeeklyHours *hours, pg_tz *zone,
										 const RangeBound *lower, const RangeBound *upper,
										 TypeCacheEntry *range_type);

Datum
open_hours(PG_FUNCTION_ARGS)
{
	const WeeklyHours *hours = PG_GETARG_WEEKLY_HOURS_P(0);
	pg_tz *zone = civil_zone(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	RangeType *during = PG_GETARG_RANGE_P(2);
	TypeCacheEntry *range_type = range_get_typcache(fcinfo, RangeTypeGetOid(during));
	RangeBound lower;
	RangeBound upper;
	bool empty;

	range_deserialize(range_type, during, &lower, &upper, &empty);
	if (empty)
		PG_RETURN_MULTIRANGE_P(make_empty_multirange(TSTZMULTIRANGEOID, range_type));
	if (lower.infinite || upper.infinite)
		refuse(REASON_INVALID_TIME, "during must have a beginning and an end", NULL, NULL);
	PG_RETURN_MULTIRANGE_P(open_hours_during(hours, zone, &lower, &upper, range_type));
}

Datum
is_open(PG_FUNCTION_ARGS)
{
	const WeeklyHours *hours = PG_GETARG_WEEKLY_HOURS_P(0);
	pg_tz *zone = civil_zone(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(2);
	OpenHoursScan scan;
	OpenInterval open;

	check_visit_instant(at, "at");
	open_hours_begin(&scan, hours, zone, at, at + NEXT_INSTANT);
	PG_RETURN_BOOL(open_hours_next(&scan, &open));
}

/* The bounds of `during` that are open stand in the result as they stand there. */
static MultirangeType *
open_hours_during(const WeeklyHours *hours, pg_tz *zone, const RangeBound *lower,
				  const RangeBound *upper, TypeCacheEntry *range_type)
{
	TimestampTz from = DatumGetTimestampTz(lower->val);
	TimestampTz last = DatumGetTimestampTz(upper->val);
	TimestampTz to = upper->inclusive ? last + NEXT_INSTANT : last;
	OpenInterval *intervals;
	RangeType **ranges;
	int count;

	check_visit_instant(from, "the beginning of during");
	check_visit_instant(last, "the end of during");
	if (last - from > LONGEST_SEARCH)
		refuse(REASON_INVALID_TIME, "during is too long", "it may have 3660 days", NULL);

	count = open_intervals(hours, zone, from, to, &intervals);
	ranges = palloc(sizeof(RangeType *) * Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		RangeBound opens = {.val = TimestampTzGetDatum(intervals[i].opens),
							.inclusive = intervals[i].opens != from || lower->inclusive,
							.lower = true};
		RangeBound closes = {.val = TimestampTzGetDatum(Min(intervals[i].closes, last)),
							 .inclusive = intervals[i].closes > last};

		ranges[i] = range_from_bounds(range_type, &opens, &closes);
	}
	return make_multirange(TSTZMULTIRANGEOID, range_type, count, ranges);
}
