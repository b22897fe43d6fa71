/*
 * slots.c
 *		clinic.available_slots(): what may be booked.
 */
#include "postgres.h"

#include "availability/arguments.h"
#include "availability/listing.h"
#include "availability/range.h"
#include "compat.h"
#include "errors.h"
#include "fmgr.h"
#include "query.h"
#include "utils/builtins.h"
#include "utils/rangetypes.h"

PG_FUNCTION_INFO_V1(available_slots);

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
