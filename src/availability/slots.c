/*
 * slots.c
 *		clinic.available_slots() and clinic.free_time(): what may be booked.
 */
#include "postgres.h"

#include "availability/arguments.h"
#include "availability/claims.h"
#include "availability/listing.h"
#include "availability/opening.h"
#include "availability/range.h"
#include "catalog/pg_type.h"
#include "compat.h"
#include "errors.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "query.h"
#include "utils/builtins.h"
#include "utils/multirangetypes.h"
#include "utils/rangetypes.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(available_slots);
PG_FUNCTION_INFO_V1(free_time);

/* The arguments of clinic.available_slots(), in order. */
enum
{
	ARG_PROVIDER_ID,
	ARG_SERVICE_ID,
	ARG_DURING,
	ARG_STEP,
	ARG_DURATION,
	ARG_MOVING,
	ARG_CLINIC_ID,
	ARG_COUNT
};

static void
require_arguments(FunctionCallInfo fcinfo)
{
	static const struct
	{
		int argument;
		const char *name;
	} required[] = {
		{ARG_PROVIDER_ID, "provider_id"},
		{ARG_SERVICE_ID, "service_id"},
		{ARG_DURING, "during"},
		{ARG_CLINIC_ID, "clinic_id"},
	};

	for (size_t i = 0; i < lengthof(required); i++)
		if (PG_ARGISNULL(required[i].argument))
			refuse_null(required[i].name);
}

static void
read_request(ListingRequest *request, FunctionCallInfo fcinfo)
{
	request->clinic = PG_GETARG_UUID_P(ARG_CLINIC_ID);
	request->service = PG_GETARG_UUID_P(ARG_SERVICE_ID);
	request->step = step_argument(fcinfo, ARG_STEP);
	request->duration = length_argument(fcinfo, ARG_DURATION, "duration");
	request->moving = PG_ARGISNULL(ARG_MOVING) ? NULL : PG_GETARG_UUID_P(ARG_MOVING);
	request->snapshot = SNAPSHOT_STATEMENT;
}

static void
put_slot(const Slot *slot, ReturnSetInfo *result)
{
	bool available = slot->reason == REASON_NONE;
	Datum range = range_datum(slot->time.starts_at, slot->time.ends_at);
	Datum values[] = {range, BoolGetDatum(available), Int32GetDatum(slot->seats_left),
					  available ? (Datum) 0 : CStringGetTextDatum(reason_name(slot->reason))};
	bool nulls[] = {false, false, false, available};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	pfree(DatumGetPointer(range));
}

Datum
available_slots(PG_FUNCTION_ARGS)
{
	ListingRequest request = {0};
	Listing *listing;
	Slot slot;

	require_arguments(fcinfo);
	materialize_result(fcinfo);
	if (!range_bounds(PG_GETARG_RANGE_P(ARG_DURING), "during", &request.from, &request.to))
		return (Datum) 0;
	query_begin();
	read_request(&request, fcinfo);
	listing = listings_read(&request, PG_GETARG_UUID_P(ARG_PROVIDER_ID), 1);
	while (listing_next(listing, &slot))
		put_slot(&slot, (ReturnSetInfo *) fcinfo->resultinfo);
	query_end();
	return (Datum) 0;
}

/* What is open and has a free seat. */
static MultirangeType *
free_ranges(OpenTimes *open, const ClaimSweep *claims, MemoryContext memory)
{
	TypeCacheEntry *type = lookup_type_cache(TSTZRANGEOID, TYPECACHE_RANGE_INFO);
	int room = 16;
	int count = 0;
	RangeType **ranges;
	MultirangeType *result;
	MemoryContext caller = MemoryContextSwitchTo(memory);

	ranges = palloc(sizeof(RangeType *) * room);
	for (int i = 0; i < open->count; i++)
	{
		TimestampTz at = open->intervals[i].opens;
		TimestampTz closes = open->intervals[i].closes;

		while (at < closes)
		{
			TimestampTz until;
			TimestampTz day_end = open_times_day_end(open, at);
			int32 seats = open_times_day(open, MODE_TIMED, at).seats;
			bool free = claims_free_at(claims, seats, at, &until);

			CHECK_FOR_INTERRUPTS();
			/* Another day may have other seats. */
			until = Min(until, Min(closes, day_end));
			if (free)
			{
				if (count == room)
				{
					room *= 2;
					ranges = repalloc(ranges, sizeof(RangeType *) * room);
				}
				ranges[count++] = DatumGetRangeTypeP(range_datum(at, until));
			}
			at = until;
		}
	}
	result = make_multirange(TSTZMULTIRANGEOID, type, count, ranges);
	MemoryContextSwitchTo(caller);
	return result;
}

Datum
free_time(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	const pg_uuid_t *resource;
	const pg_uuid_t *clinic;
	ResourceConfiguration configuration;
	Opening opening;
	OpenTimes open = {.count = 0};
	ClaimSweep claims = {0};
	TimestampTz from;
	TimestampTz to;
	MultirangeType *result;

	if (PG_ARGISNULL(0))
		refuse_null("resource_id");
	if (PG_ARGISNULL(1))
		refuse_null("during");
	if (PG_ARGISNULL(2))
		refuse_null("clinic_id");
	resource = PG_GETARG_UUID_P(0);
	clinic = PG_GETARG_UUID_P(2);

	query_begin();
	if (!configured_resource(clinic, resource, &configuration) ||
		!configured_opening(clinic, resource, &opening))
		refuse(REASON_NOT_FOUND, "there is no such provider, room or device in this clinic", NULL,
			   NULL);
	if (range_bounds(PG_GETARG_RANGE_P(1), "during", &from, &to) && configuration.is_active)
	{
		open_times(&open, &opening, from, to);
		claims_read(&claims, clinic, resource, 1, from, to, NULL, SNAPSHOT_STATEMENT);
	}
	result = free_ranges(&open, &claims, caller);
	query_end();
	PG_RETURN_MULTIRANGE_P(result);
}
