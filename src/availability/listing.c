/*
 * listing.c
 *		The starts at which providers could be booked for a service.
 *
 * What is open is known; the claims of the stretch, on the providers and on what
 * the service requires, are one query.  Both are in order, so one pass over the
 * starts goes along with them.
 */
#include "postgres.h"

#include "availability/listing.h"
#include "availability/moving.h"
#include "availability/predicate.h"
#include "civil/civil.h"
#include "errors.h"
#include "miscadmin.h"

/* What all listings of the request have in common. */
typedef struct Common
{
	ListingRequest request;
	bool is_moving;
	MovingVisit moving;
	Pool *pool;
} Common;

static void
gather_pool(Common *common)
{
	const ListingRequest *request = &common->request;

	common->pool = palloc0(sizeof(Pool));
	common->pool->taken = request->taken;
	moving_pool_gather(common->pool, request->clinic, request->service,
					   common->is_moving ? &common->moving : NULL, request->named);
	pool_open(common->pool, request->read_from, request->read_to);
}

static void
prepare_listing(Listing *listing, const Common *common, const pg_uuid_t *provider)
{
	const ListingRequest *request = &common->request;
	VisitFacts *facts = &listing->facts;
	ResourceConfiguration configuration;

	listing->provider = *provider;
	facts_read(facts, request->clinic, request->service, provider);
	if (!configured_resource(request->clinic, provider, &configuration) ||
		!configuration.is_provider)
		refuse(REASON_NOT_FOUND, "there is no such provider in this clinic", NULL, NULL);
	listing->is_active = configuration.is_active;
	listing->mode = facts->booking.service_mode;
	listing->clock = civil_clock(facts->booking.zone);
	listing->from = request->from;
	listing->to = request->to;
	listing->starts_until = request->starts_until ? request->starts_until : request->to;
	listing->grid =
		start_grid(facts->booking.zone, request->step ? request->step : facts->booking.slot_step);
	listing->duration = request->duration ? request->duration : facts->duration;
	if (common->is_moving && common->moving.is_of_service)
	{
		if (request->duration == 0)
			listing->duration = common->moving.duration;
		facts->buffer_before = common->moving.buffer_before;
		facts->buffer_after = common->moving.buffer_after;
	}
	/* A token has no buffers. */
	if (listing->mode == MODE_TOKEN)
		facts->buffer_before = facts->buffer_after = 0;
	listed_times(&listing->listed, &facts->opening, request->read_from, request->read_to);
	open_times(&listing->open, &facts->opening, request->read_from, request->read_to);
	listing->pool = common->pool;
	if (listing->mode == MODE_TOKEN)
		listing->day = clock_day(&listing->clock, listing->from);
}

/* Read all claims at once, with the widest of the buffers, which hardly ever differ. */
static void
read_claims(const Common *common, Listing *listings, int nlistings)
{
	const ListingRequest *request = &common->request;
	Pool *pool = common->pool;
	int count = nlistings + pool->nresources;
	pg_uuid_t *resources = palloc(sizeof(pg_uuid_t) * count);
	ClaimSweep *sweeps = palloc(sizeof(ClaimSweep) * count);
	int nresources = 0;
	int64 before = 0;
	int64 after = 0;

	for (int i = 0; i < nlistings; i++)
	{
		resources[nresources++] = listings[i].provider;
		before = Max(before, listings[i].facts.buffer_before);
		after = Max(after, listings[i].facts.buffer_after);
	}
	/* A provider may be in the pool of another's visits, too. */
	for (int i = 0; i < pool->nresources; i++)
	{
		ResourceList asked = {nresources, resources};

		if (!resource_list_has(&asked, &pool->resources[i].id))
			resources[nresources++] = pool->resources[i].id;
	}
	claims_read(sweeps, request->clinic, resources, nresources, request->read_from - before,
				request->read_to + after, common->is_moving ? request->moving : NULL,
				request->snapshot);
	for (int i = 0; i < nlistings; i++)
		listings[i].claims = sweeps[i];
	for (int i = 0; i < pool->nresources; i++)
		for (int j = 0; j < nresources; j++)
			if (memcmp(&pool->resources[i].id, &resources[j], UUID_LEN) == 0)
				pool->resources[i].claims = sweeps[j];
}

Listing *
listings_read(const ListingRequest *request, const pg_uuid_t *providers, int nproviders)
{
	Common common = {.request = *request};
	Listing *listings = palloc0(sizeof(Listing) * Max(nproviders, 1));

	if (common.request.read_to == 0)
	{
		common.request.read_from = request->from;
		common.request.read_to = request->to;
	}
	common.is_moving =
		request->moving && moving_visit_read(&common.moving, request->clinic, request->service,
											 request->moving, request->snapshot);
	gather_pool(&common);
	for (int i = 0; i < nproviders; i++)
	{
		CHECK_FOR_INTERRUPTS();
		prepare_listing(&listings[i], &common, &providers[i]);
	}
	read_claims(&common, listings, nproviders);
	return listings;
}

void
listing_judge(Listing *listing, TimestampTz starts_at, TimestampTz ends_at, Slot *slot)
{
	const VisitFacts *facts = &listing->facts;
	OpeningDay day = open_times_day(&listing->open, listing->mode, starts_at);

	CHECK_FOR_INTERRUPTS();
	slot->time.mode = listing->mode;
	slot->time.starts_at = starts_at;
	slot->time.ends_at = ends_at;
	slot->time.claim_from = starts_at - facts->buffer_before;
	slot->time.claim_to = ends_at + facts->buffer_after;
	slot->provider_seats =
		claims_free_seats(&listing->claims, day.seats, slot->time.claim_from, slot->time.claim_to);
	if (listing->pool->taken && is_taken(listing->pool->taken, &listing->provider, starts_at))
		slot->provider_seats = 0;
	slot->reason =
		booking_refusal(&facts->booking, &listing->open, listing->mode, starts_at, ends_at);
	if (slot->reason == REASON_NONE && !listing->is_active)
		slot->reason = REASON_INACTIVE;
	if (slot->reason == REASON_NONE)
		slot->reason = pool_named_refusal(listing->pool, &slot->time);
	if (slot->reason == REASON_NONE && listing->mode == MODE_TOKEN &&
		(slot->provider_seats == 0 || !pool_named_have_seats(listing->pool, &slot->time)))
		slot->reason = REASON_CAPACITY_REACHED;
	slot->seats_left =
		pool_visits(listing->pool, &listing->provider, &slot->time, slot->provider_seats);
	if (slot->reason == REASON_NONE && slot->seats_left == 0)
		slot->reason = REASON_SLOT_TAKEN;
}

/* Of a timed service: the starts of the grid whose visits lie within an open interval. */
static bool
next_start(Listing *listing, Slot *slot)
{
	for (; listing->interval < listing->listed.count;
		 listing->interval++, listing->is_in_interval = false)
	{
		const OpenInterval *open = &listing->listed.intervals[listing->interval];
		TimestampTz first = Max(open->opens, listing->from);
		TimestampTz last =
			Min(Min(open->closes, listing->to) - listing->duration, listing->starts_until - 1);
		TimestampTz start;

		if (last < first)
			continue;
		if (!listing->is_in_interval)
			grid_seek(&listing->grid, first);
		listing->is_in_interval = true;
		start = grid_next(&listing->grid);
		if (start > last)
			continue;
		listing_judge(listing, start, start + listing->duration, slot);
		return true;
	}
	return false;
}

/* Of a token service each civil day is a start, which must lie in the stretch whole. */
static bool
next_day(Listing *listing, Slot *slot)
{
	for (;;)
	{
		TimestampTz starts_at = clock_day_start(&listing->clock, listing->day);
		TimestampTz ends_at = clock_day_start(&listing->clock, listing->day + 1);

		if (ends_at > listing->to || starts_at >= listing->starts_until)
			return false;
		CHECK_FOR_INTERRUPTS();
		listing->day++;
		if (starts_at < listing->from || starts_at == ends_at ||
			opening_refusal(&listing->listed, MODE_TOKEN, starts_at, ends_at) != REASON_NONE)
			continue;
		listing_judge(listing, starts_at, ends_at, slot);
		return true;
	}
}

bool
listing_next(Listing *listing, Slot *slot)
{
	return listing->mode == MODE_TOKEN ? next_day(listing, slot) : next_start(listing, slot);
}

void
listing_seek(Listing *listing, TimestampTz from)
{
	listing->from = from;
	listing->interval = 0;
	listing->is_in_interval = false;
	if (listing->mode == MODE_TOKEN)
		listing->day = clock_day(&listing->clock, from);
}
