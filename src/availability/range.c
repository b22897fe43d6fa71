/*
 * range.c
 *		Stretches of time, as the SQL type tstzrange.
 */
#include "postgres.h"

#include "availability/range.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "compat.h"
#include "errors.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

/* Ten years, the farthest that a clinic can be booked ahead, and some days. */
#define LONGEST_STRETCH (3660 * USECS_PER_DAY)

/* Timestamps are whole microseconds, so an instant next to a bound is one away. */
static TimestampTz
bound_instant(const RangeBound *bound, bool inclusive, const char *name)
{
	TimestampTz open = bound->lower ? DT_NOBEGIN : DT_NOEND;
	TimestampTz instant = DatumGetTimestampTz(bound->val);

	if (bound->infinite || instant == open)
		return open;
	check_visit_instant(instant,
						psprintf("the %s of %s", bound->lower ? "beginning" : "end", name));
	return bound->inclusive == inclusive ? instant : instant + 1;
}

bool
range_open_bounds(RangeType *range, const char *name, TimestampTz *from, TimestampTz *to)
{
	TypeCacheEntry *type = lookup_type_cache(TSTZRANGEOID, TYPECACHE_RANGE_INFO);
	RangeBound lower;
	RangeBound upper;
	bool empty;

	range_deserialize(type, range, &lower, &upper, &empty);
	if (empty)
		return false;
	*from = bound_instant(&lower, true, name);
	*to = bound_instant(&upper, false, name);
	return *from < *to;
}

bool
range_bounds(RangeType *range, const char *name, TimestampTz *from, TimestampTz *to)
{
	if (!range_open_bounds(range, name, from, to))
		return false;
	if (TIMESTAMP_IS_NOBEGIN(*from) || TIMESTAMP_IS_NOEND(*to))
		refuse(REASON_INVALID_TIME, psprintf("%s must have a beginning and an end", name), NULL,
			   NULL);
	if (*to - *from > LONGEST_STRETCH)
		refuse(REASON_INVALID_TIME, psprintf("%s is too long", name), "it may have 3660 days",
			   NULL);
	return true;
}

Datum
range_datum(TimestampTz from, TimestampTz to)
{
	TypeCacheEntry *type = lookup_type_cache(TSTZRANGEOID, TYPECACHE_RANGE_INFO);
	RangeBound lower = {.val = TimestampTzGetDatum(from), .inclusive = true, .lower = true};
	RangeBound upper = {.val = TimestampTzGetDatum(to)};

	return RangeTypePGetDatum(range_from_bounds(type, &lower, &upper));
}
