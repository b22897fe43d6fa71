/*
 * look.c
 *		Looking at what a visit would occupy: what is taken of it, and when it is
 *		open.
 */
#include "postgres.h"

#include "access/xact.h"
#include "booking/look.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "query.h"

/* What clocks step back or forward by lengthens or shortens a day. */
#define MAX_STEP_OF_CLOCKS USECS_PER_DAY

/* How many free starts a refusal names. */
#define STARTS_NAMED 3

enum
{
	LOOK_SEAT = 1,
	LOOK_STARTS_AT,
	LOOK_ENDS_AT,
	LOOK_RESOURCE,
	LOOK_HOLD_EXPIRED = LOOK_RESOURCE
};

/* $4 is where [$3, $5) begins less the longest claim. */
#define CLAIMS_OF_STRETCH \
	" from clinic.claim c where c.clinic_id" EQ "$1 and c.starts_at" GT "$4 and c.ends_at" GT \
	"$3 and c.starts_at" LT "$5"

static SavedQuery find_claims = {
	.sql = "select c.seat, c.starts_at, c.ends_at" CLAIMS_OF_STRETCH " and c.resource_id" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

/* And in each row: has the clinic any hold that expired at $6?  That is one probe for all. */
static SavedQuery find_claims_and_holds = {
	.sql = "select c.seat, c.starts_at, c.ends_at,"
		   " (select exists (select from clinic.appointment a where a.clinic_id" EQ
		   "$1 and a.status" EQ "'held'::clinic.appointment_status and a.hold_expires_at" LE
		   "$6))" CLAIMS_OF_STRETCH " and c.resource_id" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID,
					 TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

/* The same of several resources, but for one appointment's; the first costs less. */
static SavedQuery find_claims_of_others = {
	.sql = "select c.seat, c.starts_at, c.ends_at, c.resource_id" CLAIMS_OF_STRETCH
		   " and c.resource_id operator(pg_catalog.=) any ($2) and c.appointment_id" NE "$6",
	QUERY_PARAMETERS(UUIDOID, UUIDARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID,
					 UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

/* What is taken of many stretches of resources; $3 is as $4 of the above. */
static SavedQuery find_claims_of_stretches = {
	.sql = "select s.place::pg_catalog.int4, c.seat, c.starts_at, c.ends_at,"
		   " (select exists (select from clinic.appointment a where a.clinic_id" EQ
		   "$1 and a.status" EQ "'held'::clinic.appointment_status and a.hold_expires_at" LE
		   "$6)) from rows from (pg_catalog.unnest($2), pg_catalog.unnest($3),"
		   " pg_catalog.unnest($4), pg_catalog.unnest($5)) with ordinality"
		   " s (resource_id, reaching, starts_at, ends_at, place)"
		   " join clinic.claim c on c.clinic_id" EQ "$1 and c.resource_id" EQ
		   "s.resource_id and c.starts_at" GT "s.reaching and c.ends_at" GT
		   "s.starts_at and c.starts_at" LT "s.ends_at",
	QUERY_PARAMETERS(UUIDOID, UUIDARRAYOID, TIMESTAMPTZARRAYOID, TIMESTAMPTZARRAYOID,
					 TIMESTAMPTZARRAYOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

enum
{
	AHEAD_PLACE = 1,
	AHEAD_SEAT,
	AHEAD_STARTS_AT,
	AHEAD_ENDS_AT,
	AHEAD_HOLD_EXPIRED
};

/* A stretch, and what was taken of it. */
typedef struct SeenStretch
{
	Stretch stretch;
	int ntaken;
	TakenSeat *taken;
} SeenStretch;

typedef struct SeenAhead
{
	int count;
	SeenStretch *stretches; /* by resource and start */
	bool may_have_expired;
} SeenAhead;

static SeenAhead *ahead = NULL;

static LookedResource *
looked_resource(Look *look, const pg_uuid_t *id)
{
	for (int i = 0; i < look->nresources; i++)
		if (memcmp(&look->resources[i].id, id, UUID_LEN) == 0)
			return &look->resources[i];
	elog(ERROR, "a resource was read that was not asked for");
}

static void
note_claims(Look *look, uint64 nrows)
{
	for (uint64 row = 0; row < nrows; row++)
	{
		LookedResource *resource = look->nresources == 1
									   ? &look->resources[0]
									   : looked_resource(look, query_uuid(row, LOOK_RESOURCE));
		TakenSeat *seat;

		if (resource->taken == NULL)
			resource->taken = palloc(sizeof(TakenSeat) * nrows);
		seat = &resource->taken[resource->ntaken++];
		seat->seat = query_int32(row, LOOK_SEAT, 0);
		seat->starts_at = query_timestamptz(row, LOOK_STARTS_AT, 0);
		seat->ends_at = query_timestamptz(row, LOOK_ENDS_AT, 0);
	}
}

static void
look_at_resource(LookedResource *resource, const pg_uuid_t *clinic, const pg_uuid_t *id,
				 VisitMode mode, TimestampTz starts_at)
{
	ResourceConfiguration configuration;

	resource->id = *id;
	resource->exists = configured_resource(clinic, id, &configuration) &&
					   configured_opening(clinic, id, &resource->opening);
	if (!resource->exists)
		return;
	resource->is_provider = configuration.is_provider;
	resource->is_active = configuration.is_active;
	resource->seats = opening_day_at(&resource->opening, mode, starts_at).seats;
}

static int
compare_stretches(const void *a, const void *b)
{
	const Stretch *first = &((const SeenStretch *) a)->stretch;
	const Stretch *second = &((const SeenStretch *) b)->stretch;
	int order = memcmp(&first->resource, &second->resource, UUID_LEN);

	if (order != 0)
		return order;
	return (first->from > second->from) - (first->from < second->from);
}

/* Put what was read where it belongs. */
static void
note_seen(SeenAhead *seen, uint64 nrows)
{
	TakenSeat *room = palloc(sizeof(TakenSeat) * Max(nrows, 1));

	for (uint64 row = 0; row < nrows; row++)
		seen->stretches[query_int32(row, AHEAD_PLACE, 0) - 1].ntaken++;
	for (int i = 0; i < seen->count; i++)
	{
		seen->stretches[i].taken = room;
		room += seen->stretches[i].ntaken;
		seen->stretches[i].ntaken = 0;
	}
	for (uint64 row = 0; row < nrows; row++)
	{
		SeenStretch *stretch = &seen->stretches[query_int32(row, AHEAD_PLACE, 0) - 1];

		stretch->taken[stretch->ntaken++] =
			(TakenSeat){.seat = query_int32(row, AHEAD_SEAT, 0),
						.starts_at = query_timestamptz(row, AHEAD_STARTS_AT, 0),
						.ends_at = query_timestamptz(row, AHEAD_ENDS_AT, 0)};
	}
	seen->may_have_expired = nrows > 0 && query_bool(0, AHEAD_HOLD_EXPIRED);
}

void
look_ahead(const pg_uuid_t *clinic, const Stretch *stretches, int nstretches)
{
	SeenAhead *seen = palloc(sizeof(SeenAhead));
	pg_uuid_t *resources = palloc(sizeof(pg_uuid_t) * Max(nstretches, 1));
	Datum *reaching = palloc(sizeof(Datum) * Max(nstretches, 1));
	Datum *starts = palloc(sizeof(Datum) * Max(nstretches, 1));
	Datum *ends = palloc(sizeof(Datum) * Max(nstretches, 1));
	ClinicConfiguration configuration;
	Datum values[6];

	if (!configured_clinic(clinic, &configuration))
		refuse(REASON_NOT_FOUND, "there is no such clinic", NULL, NULL);
	seen->count = nstretches;
	seen->stretches = palloc0(sizeof(SeenStretch) * Max(nstretches, 1));
	for (int i = 0; i < nstretches; i++)
	{
		seen->stretches[i].stretch = stretches[i];
		resources[i] = stretches[i].resource;
		reaching[i] = TimestampTzGetDatum(stretches[i].from - configuration.longest_claim);
		starts[i] = TimestampTzGetDatum(stretches[i].from);
		ends[i] = TimestampTzGetDatum(stretches[i].to);
	}
	values[0] = UUIDPGetDatum(clinic);
	values[1] = uuid_array(resources, nstretches);
	values[2] = timestamptz_array(reaching, nstretches);
	values[3] = timestamptz_array(starts, nstretches);
	values[4] = timestamptz_array(ends, nstretches);
	values[5] = TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
	note_seen(seen, query_run(&find_claims_of_stretches, values, NULL, 0));
	qsort(seen->stretches, seen->count, sizeof(SeenStretch), compare_stretches);
	ahead = seen;
}

void
look_ahead_end(void)
{
	ahead = NULL;
}

/* Was that stretch seen ahead of time? */
static const SeenStretch *
find_seen(const pg_uuid_t *resource, TimestampTz from, TimestampTz until)
{
	SeenStretch wanted = {.stretch = {.resource = *resource, .from = from}};
	const SeenStretch *found;

	if (ahead == NULL)
		return NULL;
	found =
		bsearch(&wanted, ahead->stretches, ahead->count, sizeof(SeenStretch), compare_stretches);
	return found && found->stretch.to >= until ? found : NULL;
}

/* Take what was seen ahead; false if any of it was not. */
static bool
take_seen(Look *look, TimestampTz from, TimestampTz until)
{
	for (int i = 0; i < look->nresources; i++)
		if (find_seen(&look->resources[i].id, from, until) == NULL)
			return false;
	for (int i = 0; i < look->nresources; i++)
	{
		const SeenStretch *seen = find_seen(&look->resources[i].id, from, until);

		look->resources[i].taken = seen->taken;
		look->resources[i].ntaken = seen->ntaken;
	}
	look->may_have_expired = ahead->may_have_expired;
	return true;
}

Look *
look_at(const pg_uuid_t *clinic, const pg_uuid_t *resources, int nresources, VisitMode mode,
		TimestampTz starts_at, TimestampTz from, TimestampTz until, const pg_uuid_t *except,
		bool asks_for_holds)
{
	static const pg_uuid_t nobody = {{0}};
	Look *look = palloc(sizeof(Look));
	ClinicConfiguration configuration;
	Datum values[6];

	look->nresources = nresources;
	look->until = until;
	look->resources = palloc0(sizeof(LookedResource) * nresources);
	for (int i = 0; i < nresources; i++)
		look_at_resource(&look->resources[i], clinic, &resources[i], mode, starts_at);
	if (except == NULL && take_seen(look, from, until))
		return look;
	/* Read here, with the locks held: whoever raised longest_claim for a claim had them then. */
	if (!configured_clinic(clinic, &configuration))
		refuse(REASON_NOT_FOUND, "there is no such clinic", NULL, NULL);

	values[0] = UUIDPGetDatum(clinic);
	values[1] = UUIDPGetDatum(&resources[0]);
	values[2] = TimestampTzGetDatum(from);
	values[3] = TimestampTzGetDatum(from - configuration.longest_claim);
	values[4] = TimestampTzGetDatum(until);
	look->may_have_expired = true;
	if (nresources == 1 && except == NULL)
	{
		uint64 nrows;

		values[5] = TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
		nrows = query_run(asks_for_holds ? &find_claims_and_holds : &find_claims, values, NULL, 0);
		if (asks_for_holds)
			look->may_have_expired = nrows > 0 && query_bool(0, LOOK_HOLD_EXPIRED);
		note_claims(look, nrows);
	}
	else
	{
		values[1] = uuid_array(resources, nresources);
		values[5] = UUIDPGetDatum(except ? except : &nobody);
		note_claims(look, query_run(&find_claims_of_others, values, NULL, 0));
	}
	return look;
}

TimestampTz
look_until(const VisitFacts *facts, const VisitTime *time)
{
	pg_tz *zone = facts->booking.zone;
	TimestampTz day_end = civil_day_start(civil_day(time->starts_at, zone) + 1, zone);

	/* A visit that starts on the day's last instant goes this far into the next. */
	return day_end + (time->claim_to - time->starts_at);
}

Reason
room_refusal(const LookedResource *room, const VisitTime *time)
{
	OpenTimes times;

	open_times(&times, &room->opening, time->starts_at, time->ends_at);
	return opening_refusal(&times, time->mode, time->starts_at, time->ends_at);
}

int
first_without_seat(const Look *look, const VisitTime *time)
{
	for (int i = 0; i < look->nresources; i++)
	{
		const LookedResource *resource = &look->resources[i];

		if (lowest_free_seat(resource->taken, resource->ntaken, resource->seats, time->claim_from,
							 time->claim_to) == 0)
			return i;
	}
	return -1;
}

static bool
start_is_free(const VisitFacts *facts, OpenTimes *times, const Look *look, const VisitTime *time,
			  TimestampTz start)
{
	int64 later = start - time->starts_at;
	VisitTime moved = {time->mode, start, time->ends_at + later, time->claim_from + later,
					   time->claim_to + later};

	if (booking_refusal(&facts->booking, times, moved.mode, moved.starts_at, moved.ends_at) !=
		REASON_NONE)
		return false;
	for (int i = 0; i < look->nresources; i++)
	{
		const LookedResource *resource = &look->resources[i];
		/* In the resource's own zone another day may have begun, with other seats. */
		OpeningDay day = opening_day_at(&resource->opening, moved.mode, start);

		if (lowest_free_seat(resource->taken, resource->ntaken, day.seats, moved.claim_from,
							 moved.claim_to) == 0 ||
			(i > 0 && room_refusal(resource, &moved) != REASON_NONE))
			return false;
	}
	return true;
}

/* "Free later that day: 10:30, 11:00.", of the starts on the clinic's grid; NULL if none is. */
static const char *
free_starts_hint(const VisitFacts *facts, const Look *look, const VisitTime *time)
{
	CivilClock clock = civil_clock(facts->booking.zone);
	int64 midnight = (int64) clock_day(&clock, time->starts_at) * USECS_PER_DAY;
	int64 since_midnight = clock_local(&clock, time->starts_at) - midnight;
	int64 step = facts->booking.slot_step;
	OpenTimes times;
	StringInfoData hint;
	int named = 0;

	open_times(&times, &facts->opening, time->starts_at,
			   time->ends_at + USECS_PER_DAY + MAX_STEP_OF_CLOCKS);
	initStringInfo(&hint);
	for (int64 at = (since_midnight / step + 1) * step; at < USECS_PER_DAY && named < STARTS_NAMED;
		 at += step)
	{
		int minutes = (int) (at / USECS_PER_MINUTE);
		TimestampTz start = clock_instant(&clock, midnight + at);

		CHECK_FOR_INTERRUPTS();
		/* A time that clocks skip is no start; of one they show twice, the second is not listed. */
		if (start <= time->starts_at || clock_local(&clock, start) != midnight + at ||
			!start_is_free(facts, &times, look, time, start))
			continue;
		appendStringInfo(&hint, "%s%02d:%02d",
						 named++ ? ", " : "Free later that day: ", minutes / 60, minutes % 60);
	}
	if (named == 0)
		return NULL;
	appendStringInfoChar(&hint, '.');
	return hint.data;
}

void
refuse_taken(const VisitFacts *facts, const Look *look, const VisitTime *time)
{
	if (time->mode == MODE_TOKEN)
		refuse(REASON_CAPACITY_REACHED, "that day is fully booked", NULL, "Choose another day.");
	if (facts && facts->requires_more)
		refuse(REASON_SLOT_TAKEN, "that time is not free", NULL,
			   "clinic.available_slots() lists the free starts.");
	refuse(REASON_SLOT_TAKEN, "that time is not free", NULL,
		   facts && facts->has_provider && look && look->until >= look_until(facts, time)
			   ? free_starts_hint(facts, look, time)
			   : NULL);
}
