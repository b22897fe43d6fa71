/*
 * choose_provider.c
 *		Choosing a provider, and where it is asked for a start, for a request that
 *		names none.
 *
 * Nothing is locked while the choice is made.  Then what was chosen is locked and
 * looked at again; if somebody was faster, the choice is made anew.  Rivals would
 * all choose the same; so of providers who will do equally, those whose locks are
 * free are tried before any lock is waited for, and the rivals spread.
 */
#include "postgres.h"

#include "access/xact.h"
#include "availability/listing.h"
#include "booking/choose_provider.h"
#include "booking/look.h"
#include "booking/holds.h"
#include "booking/patient_rules.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "errors.h"
#include "lock.h"
#include "miscadmin.h"
#include "query.h"
#include "utils/builtins.h"

/* A first look for a free start goes this far; where there is none, the next twice as far. */
#define FIRST_STRETCH (2 * USECS_PER_DAY)
#define LONGEST_STRETCH (32 * USECS_PER_DAY)

/* A provider who could be booked, and when. */
typedef struct Option
{
	pg_uuid_t provider;
	VisitTime time;
	ResourceList resources;

	/* The lowest is preferred, by these in this order, then the earliest. */
	int64 rank;
	pg_uuid_t subrank;
	int place; /* by code */
} Option;

typedef struct Options
{
	MemoryContext memory; /* that they live in */
	int count;
	Option *list;
	int nequal;	   /* the first so many will do equally */
	Reason reason; /* why there is none */
} Options;

typedef struct Choice
{
	BookingRequest *request;
	ResourceList providers; /* active ones, by code */
	VisitFacts facts;		/* for no provider in particular */
	TakenList taken;
} Choice;

static SavedQuery find_providers = {
	.sql = "select r.id from clinic.resource r where r.clinic_id" EQ "$1 and r.kind" EQ
		   "'provider'::clinic.resource_kind and r.is_active"
		   " and ($2 is null or r.id operator(pg_catalog.=) any ($2)) order by r.code, r.id",
	QUERY_PARAMETERS(UUIDOID, UUIDARRAYOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

static SavedQuery find_last_assigned = {
	.sql = "select pg_catalog.max(a.created_at) from clinic.appointment a"
		   " where a.clinic_id" EQ "$1 and a.provider_id" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

/* Of visits of the present transaction, all created at $3, the ids tell the order. */
static SavedQuery find_assigned_just_now = {
	.sql = "select a.id from clinic.appointment a where a.clinic_id" EQ "$1 and a.provider_id" EQ
		   "$2 and a.created_at" EQ "$3 order by a.id desc limit 1",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

/*
 * The providers who are active and offer the service, of those named, or of all.
 * Who is to be there besides the provider is not the provider.
 */
static void
read_providers(Choice *choice)
{
	const BookingRequest *request = choice->request;
	bool named = request->providers.count > 0;
	Datum values[] = {UUIDPGetDatum(request->clinic),
					  uuid_array(request->providers.ids, request->providers.count)};
	bool nulls[] = {false, !named};
	uint64 count = query_run(&find_providers, values, nulls, 0);
	ResourceList *providers = &choice->providers;
	ResourceConfiguration configuration;
	int nactive = (int) count;

	providers->count = 0;
	providers->ids = palloc(sizeof(pg_uuid_t) * Max(count, 1));
	for (uint64 i = 0; i < count; i++)
		providers->ids[i] = *query_uuid(i, 1);
	for (int i = 0; i < request->providers.count; i++)
		if (!configured_resource(request->clinic, &request->providers.ids[i], &configuration) ||
			!configuration.is_provider)
			refuse(REASON_NOT_FOUND, "there is no such provider in this clinic", NULL, NULL);
	for (int i = 0; i < nactive; i++)
	{
		int64 duration;

		if (!resource_list_has(&request->resources, &providers->ids[i]) &&
			configured_offer(request->clinic, &providers->ids[i], request->service, &duration))
			providers->ids[providers->count++] = providers->ids[i];
	}
}

static ListingRequest
listing_request(const Choice *choice, TimestampTz from, TimestampTz to)
{
	const BookingRequest *request = choice->request;
	ListingRequest listing = {
		.clinic = request->clinic,
		.service = request->service,
		.from = from,
		.to = to,
		.duration = request->duration,
		.named = &request->resources,
		.taken = &choice->taken,
		.snapshot = SNAPSHOT_LATEST,
	};

	return listing;
}

/* Is it for want of seats that it may not be booked? */
static bool
is_want_of_seats(Reason reason)
{
	return reason == REASON_SLOT_TAKEN || reason == REASON_CAPACITY_REACHED;
}

static void
add_option(Options *options, const Listing *listing, const Slot *slot, int place)
{
	Option *option = &options->list[options->count++];
	MemoryContext caller = MemoryContextSwitchTo(options->memory);

	memset(option, 0, sizeof(*option));
	option->provider = listing->provider;
	option->time = slot->time;
	option->place = place;
	(void) pool_choose(listing->pool, &listing->provider, &slot->time, &option->resources);
	MemoryContextSwitchTo(caller);
}

/*
 * A start that is named
 */

/* What an override does not set aside: the provider, and what is named, must have a seat. */
static bool
has_seats(const Listing *listing, const Slot *slot)
{
	return listing->is_active && slot->provider_seats > 0 &&
		   pool_named_have_seats(listing->pool, &slot->time);
}

static void
plan_start(const Choice *choice, Options *options)
{
	const BookingRequest *request = choice->request;
	bool override = request->override_reason != NULL;
	VisitTime time = request_time(request, &choice->facts);
	/* Each provider may have a duration of its own. */
	ListingRequest asked = listing_request(choice, time.starts_at, time.starts_at + LONGEST_CLAIM);
	Listing *listings = listings_read(&asked, choice->providers.ids, choice->providers.count);

	for (int i = 0; i < choice->providers.count; i++)
	{
		Slot slot;

		time = request_time(request, &listings[i].facts);
		listing_judge(&listings[i], time.starts_at, time.ends_at, &slot);
		if (slot.reason == REASON_NONE || (override && has_seats(&listings[i], &slot)))
			add_option(options, &listings[i], &slot, i);
		else if (override || is_want_of_seats(slot.reason))
			options->reason = REASON_SLOT_TAKEN;
		else if (options->reason == REASON_NONE)
			options->reason = slot.reason;
	}
	options->nequal = options->count;
}

/*
 * The first start that is free
 */

/* Is that a better reason than the one so far?  That a part of the time has passed says least. */
static bool
tells_more(Reason reason, Reason so_far)
{
	return is_want_of_seats(reason) || so_far == REASON_NONE || so_far == REASON_IN_THE_PAST;
}

/* The first free start of each provider in the stretch; those of the first day that has any. */
static void
list_first_starts(const Choice *choice, Listing *listings, Options *options)
{
	CivilClock clock = civil_clock(choice->facts.booking.zone);
	DateADT first_day = DATEVAL_NOEND;
	int kept = 0;

	for (int i = 0; i < choice->providers.count; i++)
	{
		Slot slot;

		while (listing_next(&listings[i], &slot))
		{
			if (slot.reason == REASON_NONE)
			{
				add_option(options, &listings[i], &slot, i);
				first_day = Min(first_day, clock_day(&clock, slot.time.starts_at));
				break;
			}
			if (tells_more(slot.reason, options->reason))
				options->reason = slot.reason;
		}
	}
	for (int i = 0; i < options->count; i++)
		if (clock_day(&clock, options->list[i].time.starts_at) == first_day)
			options->list[kept++] = options->list[i];
	options->count = kept;
}

/* The microseconds of the option's day that the provider's visits and their buffers take. */
static int64
booked_that_day(const Option *option, const Listing *listing)
{
	CivilClock clock = listing->clock;
	DateADT day = clock_day(&clock, option->time.starts_at);
	TimestampTz from = clock_day_start(&clock, day);
	TimestampTz to = clock_day_start(&clock, day + 1);
	int64 booked = 0;

	for (int i = 0; i < listing->claims.count; i++)
	{
		const TakenSeat *claim = &listing->claims.claims[i];

		if (claim->starts_at < to && claim->ends_at > from)
			booked += Min(claim->ends_at, to) - Max(claim->starts_at, from);
	}
	return booked;
}

/* When the provider was given a visit last. */
static void
rank_by_turn(const Choice *choice, Option *option)
{
	TimestampTz now = choice->facts.booking.now;
	Datum values[] = {UUIDPGetDatum(choice->request->clinic), UUIDPGetDatum(&option->provider),
					  TimestampTzGetDatum(now)};

	query_run_one(&find_last_assigned, values, NULL);
	option->rank = query_timestamptz(0, 1, DT_NOBEGIN);
	if (option->rank == now && query_run(&find_assigned_just_now, values, NULL, 1) > 0)
		option->subrank = *query_uuid(0, 1);
}

static void
rank_option(const Choice *choice, const Listing *listings, Option *option)
{
	switch (choice->request->strategy)
	{
		case STRATEGY_EARLIEST:
			break;
		case STRATEGY_LEAST_LOADED:
			option->rank = booked_that_day(option, &listings[option->place]);
			break;
		case STRATEGY_ROUND_ROBIN:
			rank_by_turn(choice, option);
			break;
	}
}

static int
compare_options(const void *a, const void *b)
{
	const Option *x = a;
	const Option *y = b;
	int order = memcmp(&x->subrank, &y->subrank, UUID_LEN);

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	if (order != 0)
		return order;
	if (x->time.starts_at != y->time.starts_at)
		return x->time.starts_at < y->time.starts_at ? -1 : 1;
	return x->place - y->place;
}

/* Those of a later start will not do equally where the earliest is asked for. */
static int
count_equal(const Choice *choice, const Options *options)
{
	int count = 0;

	while (count < options->count &&
		   (choice->request->strategy != STRATEGY_EARLIEST ||
			options->list[count].time.starts_at == options->list[0].time.starts_at))
		count++;
	return count;
}

/*
 * What is asked about the starts of [from, until), which begins or ends with a
 * day: visits may go on after it, and of its days all claims are read.
 */
static ListingRequest
stretch_request(const Choice *choice, TimestampTz from, TimestampTz until)
{
	const BookingRequest *request = choice->request;
	CivilClock clock = civil_clock(choice->facts.booking.zone);
	ListingRequest asked = listing_request(choice, from, request->until);

	asked.starts_until = until;
	asked.read_from = clock_day_start(&clock, clock_day(&clock, from));
	asked.read_to = until + LONGEST_CLAIM;
	return asked;
}

/* What is read of a stretch is let go of with it: there may be many, of many providers. */
static void
plan_stretch(const Choice *choice, TimestampTz from, TimestampTz until, Options *options)
{
	ListingRequest asked = stretch_request(choice, from, until);
	Listing *listings;

	query_begin();
	listings = listings_read(&asked, choice->providers.ids, choice->providers.count);
	list_first_starts(choice, listings, options);
	for (int i = 0; i < options->count; i++)
		rank_option(choice, listings, &options->list[i]);
	query_end();
}

static void
plan_first(const Choice *choice, Options *options)
{
	const BookingRequest *request = choice->request;
	const BookingFacts *booking = &choice->facts.booking;
	CivilClock clock = civil_clock(booking->zone);
	/* What has passed is not looked at, nor what is too far ahead, but for a day of each. */
	TimestampTz from = Max(request->starts_at, booking->today);
	TimestampTz last = booking->latest == DT_NOEND
						   ? request->until
						   : Min(request->until, booking->latest + 2 * USECS_PER_DAY);
	int64 stretch = FIRST_STRETCH;

	if (request->until <= booking->now)
		options->reason = REASON_IN_THE_PAST;
	while (from < last && options->count == 0)
	{
		TimestampTz until = clock_day_start(&clock, clock_day(&clock, from + stretch));

		CHECK_FOR_INTERRUPTS();
		plan_stretch(choice, from, until, options);
		from = until;
		stretch = Min(2 * stretch, LONGEST_STRETCH);
	}
	if (options->reason == REASON_NONE && last < request->until)
		options->reason = REASON_TOO_FAR_AHEAD;
	qsort(options->list, options->count, sizeof(Option), compare_options);
	options->nequal = count_equal(choice, options);
}

/*
 * Taking one
 */

/* Which is not active or not open any more; not what was named, if that is overridden.  -1: none. */
static int
first_not_open(const BookingRequest *request, const Look *look, const VisitTime *time)
{
	for (int i = 0; i < look->nresources; i++)
	{
		const LookedResource *resource = &look->resources[i];
		bool named = i == 0 || resource_list_has(&request->resources, &resource->id);

		if (named && request->override_reason)
			continue;
		if (!resource->is_active || (i > 0 && room_refusal(resource, time) != REASON_NONE))
			return i;
	}
	return -1;
}

/* Which of the resources has no seat, an expired hold's included, or takes no visits; -1: none. */
static int
first_not_free(const Choice *choice, const VisitTime *time, const pg_uuid_t *resources,
			   int nresources)
{
	const BookingRequest *request = choice->request;
	Look *look = look_at(request->clinic, resources, nresources, time->mode, time->starts_at,
						 time->claim_from, time->claim_to, NULL, true);
	int full = first_without_seat(look, time);

	if (full >= 0 && look->may_have_expired &&
		expired_holds_reap(request->clinic, resources, nresources, time->claim_from,
						   time->claim_to) > 0)
	{
		look = look_at(request->clinic, resources, nresources, time->mode, time->starts_at,
					   time->claim_from, time->claim_to, NULL, false);
		full = first_without_seat(look, time);
	}
	return full >= 0 ? full : first_not_open(request, look, time);
}

/*
 * With its locks held: may the option be booked still, now that nobody changes
 * the hours?  What it may not be booked for is not chosen again, so that choosing
 * ends.
 */
static bool
is_still_free(Choice *choice, const Option *option, const pg_uuid_t *resources, int nresources)
{
	const BookingRequest *request = choice->request;
	const VisitTime *time = &option->time;
	VisitFacts facts;
	int at_fault = 0;

	facts_read(&facts, request->clinic, request->service, &option->provider);
	if (request->override_reason ||
		visit_refusal(&facts, time->mode, time->starts_at, time->ends_at) == REASON_NONE)
		at_fault = first_not_free(choice, time, resources, nresources);
	if (at_fault >= 0)
		taken_add(&choice->taken, &resources[at_fault], time->starts_at);
	return at_fault < 0;
}

/* Lock the option and take it, if it is still free; waiting: if it is in use. */
static bool
take_option(Choice *choice, const Option *option, bool waiting)
{
	BookingRequest *request = choice->request;
	const VisitTime *time = &option->time;
	int nresources = option->resources.count + 1;
	pg_uuid_t *resources = palloc(sizeof(pg_uuid_t) * nresources);
	DayLocks locks;

	resources[0] = option->provider;
	for (int i = 1; i < nresources; i++)
		resources[i] = option->resources.ids[i - 1];
	if (waiting)
		lock_days(request->clinic, resources, nresources, time->claim_from, time->claim_to,
				  LOCK_WAIT, &locks);
	else if (!try_lock_days(request->clinic, resources, nresources, time->claim_from,
							time->claim_to, &locks))
		return false;
	if (!is_still_free(choice, option, resources, nresources))
	{
		unlock_days(&locks);
		return false;
	}
	request->provider = &resources[0];
	request->resources = option->resources;
	if (request->kind == REQUEST_FIRST)
	{
		request->kind = time->mode == MODE_TOKEN ? REQUEST_TOKEN : REQUEST_START;
		request->starts_at = time->starts_at;
	}
	return true;
}

static bool
take_any(Choice *choice, const Options *options)
{
	for (int i = 0; i < options->nequal; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (take_option(choice, &options->list[i], false))
			return true;
	}
	return take_option(choice, &options->list[0], true);
}

static _Noreturn void
refuse_choice(const Choice *choice, const Options *options)
{
	bool nobody_has_time = options->reason == REASON_NONE || options->reason == REASON_SLOT_TAKEN;

	if (choice->request->kind == REQUEST_FIRST && options->reason == REASON_NONE)
		refuse(REASON_OUTSIDE_HOURS, "no provider of this service is open then", NULL,
			   "Give a longer time to choose from.");
	if (options->reason == REASON_CAPACITY_REACHED ||
		(choice->request->kind == REQUEST_TOKEN && nobody_has_time))
		refuse(REASON_CAPACITY_REACHED, "no provider of this service has a number left then", NULL,
			   "Choose another day.");
	if (nobody_has_time)
		refuse(REASON_SLOT_TAKEN, "no provider of this service is free then", NULL,
			   "Choose another time.");
	refuse_booking(options->reason);
}

/* Of a start that is named: what holds whoever the provider is. */
static void
check_start(const Choice *choice)
{
	const BookingRequest *request = choice->request;
	VisitTime time = request_time(request, &choice->facts);
	Reason reason = visit_refusal(&choice->facts, time.mode, time.starts_at, time.ends_at);

	if (reason != REASON_NONE)
		refuse_booking(reason);
}

void
choose_provider(BookingRequest *request)
{
	Choice choice = {.request = request};
	bool done = false;

	facts_read(&choice.facts, request->clinic, request->service, NULL);
	check_patient_exists(request->clinic, request->patient);
	if (request->kind != REQUEST_FIRST && request->override_reason == NULL)
		check_start(&choice);
	lock_patient(request->clinic, request->patient,
				 has_patient_rules(&choice.facts.patient) ? LOCK_EXCLUSIVE : LOCK_SHARED,
				 LOCK_WAIT);
	while (!done)
	{
		Options options = {.memory = CurrentMemoryContext, .reason = REASON_NONE};

		CHECK_FOR_INTERRUPTS();
		/* Who could be chosen may change while a lock is waited for. */
		read_providers(&choice);
		options.list = palloc(sizeof(Option) * Max(choice.providers.count, 1));
		if (request->kind == REQUEST_FIRST)
			plan_first(&choice, &options);
		else
			plan_start(&choice, &options);
		if (options.count == 0)
			refuse_choice(&choice, &options);
		done = take_any(&choice, &options);
	}
}

void
suggest_provider(BookingRequest *request)
{
	Choice choice = {.request = request};
	Options options = {.memory = CurrentMemoryContext, .reason = REASON_NONE};

	facts_read(&choice.facts, request->clinic, request->service, NULL);
	check_start(&choice);
	read_providers(&choice);
	options.list = palloc(sizeof(Option) * Max(choice.providers.count, 1));
	plan_start(&choice, &options);
	if (options.count == 0)
		refuse_choice(&choice, &options);
	request->provider = &options.list[0].provider;
}
