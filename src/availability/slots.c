/*
 * slots.c
 *		clinic.available_slots() and clinic.free_time(): what may be booked.
 *
 * What is open is known; the claims of the stretch are one query.  Both are in
 * order, so one pass over the starts goes along with them.
 */
#include "postgres.h"

#include "availability/claims.h"
#include "availability/opening.h"
#include "availability/predicate.h"
#include "availability/range.h"
#include "booking/rules.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
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

/* A start that is listed. */
typedef struct Slot
{
	TimestampTz starts_at;
	TimestampTz ends_at;
	int32 seats_left;
	Reason reason; /* REASON_NONE: available */
} Slot;

typedef struct SlotList
{
	int count;
	int room;
	Slot *slots;
} SlotList;

/* What is the same for all starts of a listing. */
typedef struct Listing
{
	VisitFacts facts;
	VisitMode mode;
	bool provider_active;
	int64 duration;
	int64 step;
	TimestampTz from;
	TimestampTz to;
	OpenTimes listed; /* without closures and days off */
	OpenTimes open;
	ClaimSweep claims;
	CivilClock clock; /* the clinic's */
	SlotList *result;
} Listing;

static int64
length_argument(FunctionCallInfo fcinfo, int argument, const char *name, int64 otherwise)
{
	int64 length;

	if (PG_ARGISNULL(argument))
		return otherwise;
	length = interval_microseconds(PG_GETARG_INTERVAL_P(argument));
	if (length <= 0 || length > LONGEST_CLAIM)
		refuse(REASON_INVALID_DURATION, psprintf("%s must be more than nothing, and no day", name),
			   NULL, NULL);
	return length;
}

static void
add_slot(Listing *listing, TimestampTz starts_at, TimestampTz ends_at)
{
	SlotList *list = listing->result;
	const VisitFacts *facts = &listing->facts;
	OpeningDay day = open_times_day(&listing->open, listing->mode, starts_at);
	Slot slot = {starts_at, ends_at, 0, REASON_NONE};

	CHECK_FOR_INTERRUPTS();
	slot.seats_left =
		claims_free_seats(&listing->claims, day.seats, starts_at - facts->buffer_before,
						  ends_at + facts->buffer_after);
	slot.reason =
		booking_refusal(&facts->booking, &listing->open, listing->mode, starts_at, ends_at);
	if (slot.reason == REASON_NONE && !listing->provider_active)
		slot.reason = REASON_INACTIVE;
	if (slot.reason == REASON_NONE && slot.seats_left == 0)
		slot.reason = listing->mode == MODE_TOKEN ? REASON_CAPACITY_REACHED : REASON_SLOT_TAKEN;

	if (list->count == list->room)
	{
		list->room = list->room ? list->room * 2 : 64;
		list->slots = list->slots ? repalloc(list->slots, sizeof(Slot) * list->room)
								  : palloc(sizeof(Slot) * list->room);
	}
	list->slots[list->count++] = slot;
}

/* The starts of the grid, from local midnight, whose visits lie within an open interval. */
static void
list_interval(Listing *listing, const OpenInterval *open)
{
	TimestampTz first = Max(open->opens, listing->from);
	TimestampTz last = Min(open->closes, listing->to) - listing->duration;
	DateADT day = clock_day(&listing->clock, first);

	if (last < first)
		return;
	for (; clock_day_start(&listing->clock, day) <= last; day++)
	{
		Timestamp midnight = (Timestamp) day * USECS_PER_DAY;

		CHECK_FOR_INTERRUPTS();
		for (int64 at = 0; at < USECS_PER_DAY; at += listing->step)
		{
			TimestampTz start = clock_instant(&listing->clock, midnight + at);

			/* A time that clocks skip is no start; of one they show twice, the first is. */
			if (start < first || clock_local(&listing->clock, start) != midnight + at)
				continue;
			if (start > last)
				break;
			add_slot(listing, start, start + listing->duration);
		}
	}
}

/* Of a token service each civil day is a slot, which must lie in the stretch whole. */
static void
list_days(Listing *listing)
{
	DateADT day = clock_day(&listing->clock, listing->from);

	for (;; day++)
	{
		TimestampTz starts_at = clock_day_start(&listing->clock, day);
		TimestampTz ends_at = clock_day_start(&listing->clock, day + 1);

		if (ends_at > listing->to)
			return;
		if (starts_at >= listing->from && starts_at < ends_at &&
			opening_refusal(&listing->listed, MODE_TOKEN, starts_at, ends_at) == REASON_NONE)
			add_slot(listing, starts_at, ends_at);
	}
}

static void
list_slots(Listing *listing)
{
	if (listing->mode == MODE_TOKEN)
		list_days(listing);
	else
		for (int i = 0; i < listing->listed.count; i++)
			list_interval(listing, &listing->listed.intervals[i]);
}

/* Read what the starts are judged by. */
static void
prepare_listing(Listing *listing, FunctionCallInfo fcinfo)
{
	const pg_uuid_t *clinic = PG_GETARG_UUID_P(ARG_CLINIC_ID);
	const pg_uuid_t *provider = PG_GETARG_UUID_P(ARG_PROVIDER_ID);
	VisitFacts *facts = &listing->facts;
	ResourceConfiguration configuration;

	facts_read(facts, clinic, PG_GETARG_UUID_P(ARG_SERVICE_ID), provider);
	if (!configured_resource(clinic, provider, &configuration) || !configuration.is_provider)
		refuse(REASON_NOT_FOUND, "there is no such provider in this clinic", NULL, NULL);
	listing->provider_active = configuration.is_active;
	listing->mode = facts->booking.service_mode;
	/* A token has no buffers. */
	if (listing->mode == MODE_TOKEN)
		facts->buffer_before = facts->buffer_after = 0;
	listing->clock = civil_clock(facts->booking.zone);
	listing->step = length_argument(fcinfo, ARG_STEP, "step", facts->booking.slot_step);
	if (listing->step < USECS_PER_MINUTE || listing->step > USECS_PER_DAY)
		refuse(REASON_INVALID_DURATION, "step must be between a minute and a day", NULL, NULL);
	listing->duration = length_argument(fcinfo, ARG_DURATION, "duration", facts->duration);
	listed_times(&listing->listed, &facts->opening, listing->from, listing->to);
	open_times(&listing->open, &facts->opening, listing->from, listing->to);
	claims_read(&listing->claims, clinic, provider, listing->from - facts->buffer_before,
				listing->to + facts->buffer_after,
				PG_ARGISNULL(ARG_MOVING) ? NULL : PG_GETARG_UUID_P(ARG_MOVING));
}

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
put_slots(const SlotList *list, ReturnSetInfo *result)
{
	for (int i = 0; i < list->count; i++)
	{
		const Slot *slot = &list->slots[i];
		bool available = slot->reason == REASON_NONE;
		Datum range = range_datum(slot->starts_at, slot->ends_at);
		Datum values[] = {range, BoolGetDatum(available), Int32GetDatum(slot->seats_left),
						  available ? (Datum) 0 : CStringGetTextDatum(reason_name(slot->reason))};
		bool nulls[] = {false, false, false, available};

		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		pfree(DatumGetPointer(range));
	}
}

Datum
available_slots(PG_FUNCTION_ARGS)
{
	SlotList list = {0};
	Listing listing = {.result = &list};

	require_arguments(fcinfo);
	materialize_result(fcinfo);
	if (!range_bounds(PG_GETARG_RANGE_P(ARG_DURING), "during", &listing.from, &listing.to))
		return (Datum) 0;
	query_begin();
	prepare_listing(&listing, fcinfo);
	list_slots(&listing);
	put_slots(&list, (ReturnSetInfo *) fcinfo->resultinfo);
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
		claims_read(&claims, clinic, resource, from, to, NULL);
	}
	result = free_ranges(&open, &claims, caller);
	query_end();
	PG_RETURN_MULTIRANGE_P(result);
}
