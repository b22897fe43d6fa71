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

bool
range_bounds(RangeType *range, const char *name, TimestampTz *from, TimestampTz *to)
{
	TypeCacheEntry *type = lookup_type_cache(TSTZRANGEOID, TYPECACHE_RANGE_INFO);
	RangeBound lower;
	RangeBound upper;
	bool empty;

	range_deserialize(type, range, &lower, &upper, &empty);
	if (empty)
		return false;
	if (lower.infinite || upper.infinite)
		refuse(REASON_INVALID_TIME, psprintf("%s must have a beginning and an end", name), NULL,
			   NULL);
	check_visit_instant(DatumGetTimestampTz(lower.val), psprintf("the beginning of %s", name));
	check_visit_instant(DatumGetTimestampTz(upper.val), psprintf("the end of %s", name));
	/* timestamps are whole microseconds */
	*from = DatumGetTimestampTz(lower.val) + (lower.inclusive ? 0 : 1);
	*to = DatumGetTimestampTz(upper.val) + (upper.inclusive ? 1 : 0);
	if (*to - *from > LONGEST_STRETCH)
		refuse(REASON_INVALID_TIME, psprintf("%s is too long", name), "it may have 3660 days",
			   NULL);
	return *from < *to;
}

Datum
range_datum(TimestampTz from, TimestampTz to)
{
	TypeCacheEntry *type = lookup_type_cache(TSTZRANGEOID, TYPECACHE_RANGE_INFO);
	RangeBound lower = {.val = TimestampTzGetDatum(from), .inclusive = true, .lower = true};
	RangeBound upper = {.val = TimestampTzGetDatum(to)};

	return RangeTypePGetDatum(range_from_bounds(type, &lower, &upper));
}
