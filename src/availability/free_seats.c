/*
 * free_seats.c
 *		When a resource has a seat that nobody has claimed.
 */
#include "postgres.h"

#include "availability/free_seats.h"
#include "availability/range.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/multirangetypes.h"
#include "utils/rangetypes.h"
#include "utils/typcache.h"

void
append_interval(IntervalList *list, TimestampTz from, TimestampTz to)
{
	if (list->count > 0 && list->intervals[list->count - 1].closes == from)
	{
		list->intervals[list->count - 1].closes = to;
		return;
	}
	if (list->count == list->room)
	{
		Size size;

		list->room = Max(2 * list->room, 16);
		size = sizeof(OpenInterval) * list->room;
		list->intervals = list->intervals ? repalloc(list->intervals, size) : palloc(size);
	}
	list->intervals[list->count++] = (OpenInterval){from, to};
}

void
append_seats(IntervalList *list, OpenTimes *open, const ClaimSweep *claims, TimestampTz from,
			 TimestampTz to, bool is_free)
{
	TimestampTz until;

	for (TimestampTz at = from; at < to; at = until)
	{
		/* Another day may have other seats. */
		TimestampTz day_end = open_times_day_end(open, at);
		int32 seats = open_times_day(open, MODE_TIMED, at).seats;
		bool free = claims_free_at(claims, seats, at, &until);

		CHECK_FOR_INTERRUPTS();
		until = Min(until, Min(to, day_end));
		if (free == is_free)
			append_interval(list, at, until);
	}
}

IntervalList
free_intervals(OpenTimes *open, const ClaimSweep *claims)
{
	IntervalList list = {0};

	for (int i = 0; i < open->count; i++)
		append_seats(&list, open, claims, open->intervals[i].opens, open->intervals[i].closes,
					 true);
	return list;
}

Datum
multirange_datum(const IntervalList *list)
{
	TypeCacheEntry *type = lookup_type_cache(TSTZRANGEOID, TYPECACHE_RANGE_INFO);
	RangeType **ranges = palloc(sizeof(RangeType *) * Max(list->count, 1));

	for (int i = 0; i < list->count; i++)
		ranges[i] =
			DatumGetRangeTypeP(range_datum(list->intervals[i].opens, list->intervals[i].closes));
	return MultirangeTypePGetDatum(make_multirange(TSTZMULTIRANGEOID, type, list->count, ranges));
}
