/*
 * search.c
 *		A search for the starts at which a service may be booked, of all providers.
 *
 * The sweep (sweep.c) is given the claims as the executor finds them, in the
 * order of time, and the executor stops when the sweep has enough.  Claims of all
 * the clinic stand in that order in the index claim_time; where few of its
 * providers are wanted, those of each are found by claim_resource and sorted, a
 * stretch at a time.  The claims on what is required besides, which is little, are
 * read for a stretch before, so that nobody's claims are read for starts at which
 * it cannot be had.
 */
#include "postgres.h"

#include "availability/claim_stream.h"
#include "availability/search.h"
#include "errors.h"
#include "miscadmin.h"
#include "query.h"

static bool
receive_claim(const pg_uuid_t *resource, const TakenSeat *claim, void *argument)
{
	return sweep_claim(argument, resource, claim);
}

/*
 * Of a single start at which all visits are equally long, whatever overlaps the
 * stretch is in their way, in any order.
 */
static bool
suits_any_order(const Search *search)
{
	return search->is_of_one_start && search->sweep.ncohorts == 1 &&
		   search->request.mode == MODE_TIMED;
}

/* Go along the claims from the first start that is not decided yet. */
static void
stream_claims(Search *search)
{
	Sweep *sweep = &search->sweep;
	ClaimStream stream = {
		.clinic = search->clinic,
		.resources = search->wanted,
		.in_any_order = suits_any_order(search),
		.from = sweep_claims_from(sweep),
		.to = sweep_claims_to(sweep),
		.longest_claim = search->request.longest_claim,
		.exceptions = search->exceptions,
	};

	CHECK_FOR_INTERRUPTS();
	sweep_claims_begin(sweep);
	if (stream.in_any_order)
		sweep_claims_in_any_order(sweep);
	if (claims_stream(&stream, receive_claim, sweep))
		sweep_claims_end(sweep);
}

/* What is required besides, for the starts of [from, until). */
static void
read_pool(Search *search, TimestampTz from, TimestampTz until)
{
	Pool *pool = &search->pool;
	pg_uuid_t *resources = palloc(sizeof(pg_uuid_t) * pool->nresources);
	ClaimSweep *claims = palloc(sizeof(ClaimSweep) * pool->nresources);
	const SweepRequest *request = &search->request;

	for (int i = 0; i < pool->nresources; i++)
		resources[i] = pool->resources[i].id;
	until += LONGEST_CLAIM;
	pool_open(pool, from, until);
	claims_read(claims, search->clinic, resources, pool->nresources, from - request->buffer_before,
				until + request->buffer_after, search->moving, SNAPSHOT_STATEMENT);
	for (int i = 0; i < pool->nresources; i++)
		pool->resources[i].claims = claims[i];
}

bool
search_stretch(Search *search, TimestampTz from, TimestampTz until)
{
	Sweep *sweep = &search->sweep;
	bool is_read = false;

	/* What is read of a stretch is let go of with it. */
	query_begin();
	if (search->pool.nresources > 0)
		read_pool(search, from, until);
	sweep_open_stretch(sweep, until);
	while (sweep_from(sweep) < until)
	{
		stream_claims(search);
		is_read = true;
	}
	query_end();
	return is_read;
}

/*
 * Who is asked for
 */

static bool
is_of_specialty(const Search *search, const Provider *provider)
{
	return search->specialty == NULL ||
		   (provider->specialty && strcmp(provider->specialty, search->specialty) == 0);
}

/* Add the provider, if visits for the service may be booked with them at all. */
static void
add_provider(Search *search, int place)
{
	const Provider *provider = &search->providers->list[place];
	const BookingFacts *facts = &search->facts.booking;
	int64 duration;

	if (!facts->service_active || facts->clinic_closed || !provider->configuration.is_active ||
		!is_of_specialty(search, provider) ||
		!offers_service(&provider->offers, search->service, &duration))
		return;
	if (search->duration != 0)
		duration = search->duration;
	else if (duration == 0)
		duration = search->facts.duration;
	if (search->request.mode == MODE_TOKEN)
		duration = 0;
	else if (duration < facts->min_duration || duration > facts->max_duration)
		return;
	sweep_add(&search->sweep, place, duration);
}

static void
add_places(Search *search, int first, int count)
{
	sweep_begin(&search->sweep, &search->request, count);
	for (int i = first; i < first + count; i++)
		add_provider(search, i);
}

static void
add_named(Search *search)
{
	sweep_begin(&search->sweep, &search->request, search->nnamed);
	for (int i = 0; i < search->nnamed; i++)
	{
		int place = provider_place(search->providers, &search->named[i]);

		if (place < 0)
			refuse(REASON_NOT_FOUND, "there is no such provider in this clinic", NULL, NULL);
		add_provider(search, place);
	}
}

static void
add_providers(Search *search)
{
	if (search->nnamed == 0)
		add_places(search, 0, search->providers->count);
	else
		add_named(search);
}

/* Who they are, to look up the claims of each. */
static void
list_wanted(Search *search)
{
	const Sweep *sweep = &search->sweep;
	pg_uuid_t *ids = palloc(sizeof(pg_uuid_t) * sweep->nswept);

	for (int i = 0; i < sweep->nswept; i++)
		ids[i] = search->providers->ids[sweep->swept[i].place];
	search->wanted = uuid_array(ids, sweep->nswept);
}

static void
read_moving(Search *search)
{
	if (search->moving == NULL)
		return;
	if (!moving_visit_read(&search->moving_visit, search->clinic, search->service, search->moving,
						   SNAPSHOT_STATEMENT))
	{
		search->moving = NULL;
		return;
	}
	if (!search->moving_visit.is_of_service)
		return;
	/* A visit that stays one of its service keeps its length and its buffers. */
	if (search->duration == 0)
		search->duration = search->moving_visit.duration;
	search->facts.buffer_before = search->moving_visit.buffer_before;
	search->facts.buffer_after = search->moving_visit.buffer_after;
}

/* What follows from the clinic's, the service's and the moved visit's facts. */
static void
complete_request(Search *search)
{
	SweepRequest *request = &search->request;
	const VisitFacts *facts = &search->facts;
	TimestampTz first;
	TimestampTz last;

	request->providers = search->providers;
	request->zone = facts->booking.zone;
	request->mode = facts->booking.service_mode;
	booking_starts(&facts->booking, request->mode, &first, &last);
	request->from = Max(request->from, first);
	request->last = Min(request->to, last);
	request->longest_claim = facts->longest_claim;
	request->pool = &search->pool;
	if (request->step == 0)
		request->step = facts->booking.slot_step;
	/* A token has no buffers. */
	if (request->mode == MODE_TOKEN)
		return;
	request->buffer_before = facts->buffer_before;
	request->buffer_after = facts->buffer_after;
}

void
search_prepare(Search *search)
{
	facts_read(&search->facts, search->clinic, search->service, NULL);
	search->providers = configured_providers(search->clinic);
	open_days_trim(search->providers->days);
	read_moving(search);
	moving_pool_gather(&search->pool, search->clinic, search->service,
					   search->moving ? &search->moving_visit : NULL, NULL);
	complete_request(search);
}

static void
start_sweep(Search *search)
{
	if (search->exceptions == NULL)
		search->exceptions =
			claim_exceptions_read(search->clinic, search->facts.booking.now, search->moving);
	sweep_start(&search->sweep);
}

bool
search_begin(Search *search)
{
	add_providers(search);
	if (search->sweep.nswept == 0)
		return false;
	search->wanted = 0;
	if (search->sweep.nswept * FEW < search->providers->count)
		list_wanted(search);
	start_sweep(search);
	return true;
}

bool
search_begin_among(Search *search, int first, int count)
{
	add_places(search, first, count);
	if (search->sweep.nswept == 0)
		return false;
	list_wanted(search);
	start_sweep(search);
	return true;
}

void
search_restart(Search *search, TimestampTz from)
{
	search->request.from = Max(search->request.from, from);
	add_providers(search);
	sweep_start(&search->sweep);
}
