/*
 * offer_times.c
 *		The times of a stretch that could be offered for a service.
 */
#include "postgres.h"

#include "availability/listing.h"
#include "catalog/pg_type.h"
#include "clinic/configuration.h"
#include "errors.h"
#include "miscadmin.h"
#include "query.h"
#include "waitlist/offer_times.h"

static SavedQuery find_providers = {
	.sql = "select r.id from clinic.resource r where r.clinic_id" EQ "$1 and r.kind" EQ
		   "'provider'::clinic.resource_kind and r.is_active order by r.code, r.id",
	QUERY_PARAMETERS(UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

/* Who could see a patient in the stretch for the service. */
static ResourceList
read_providers(const FreedTime *within, const pg_uuid_t *service)
{
	Datum value = UUIDPGetDatum(&within->clinic);
	ResourceList providers = {0, NULL};
	uint64 count;
	int64 duration;

	if (within->has_provider && !within->has_more)
	{
		providers.ids = palloc(sizeof(pg_uuid_t));
		providers.ids[0] = within->provider;
		if (configured_offer(&within->clinic, &within->provider, service, &duration))
			providers.count = 1;
		return providers;
	}
	count = query_run(&find_providers, &value, NULL, 0);
	providers.ids = palloc(sizeof(pg_uuid_t) * Max(count, 1));
	for (uint64 i = 0; i < count; i++)
		providers.ids[i] = *query_uuid(i, 1);
	for (uint64 i = 0; i < count; i++)
		if (configured_offer(&within->clinic, &providers.ids[i], service, &duration))
			providers.ids[providers.count++] = providers.ids[i];
	return providers;
}

static void
add_time(OfferTimes *times, const Slot *slot, const pg_uuid_t *provider, int place, int32 rank)
{
	if (slot->reason != REASON_NONE)
		return;
	if (times->count == times->room)
	{
		times->room = times->room ? 2 * times->room : 16;
		times->list = times->list ? repalloc_huge(times->list, sizeof(OfferTime) * times->room)
								  : palloc(sizeof(OfferTime) * times->room);
	}
	times->list[times->count++] = (OfferTime){
		.provider = *provider,
		.time = slot->time,
		.place = place,
		.rank = rank,
	};
}

static void
add_times_of_provider(OfferTimes *times, const FreedTime *within, Listing *listing, int place)
{
	bool same_provider =
		within->has_provider && memcmp(&listing->provider, &within->provider, UUID_LEN) == 0;
	bool has_start = !times->by_start && listing->mode == MODE_TIMED;
	TimestampTz start = within->starts_at;
	Slot slot;

	if (has_start)
	{
		listing_judge(listing, start, start + listing->duration, &slot);
		add_time(times, &slot, &listing->provider, place, same_provider ? 0 : 1);
	}
	while (listing_next(listing, &slot))
		if (!has_start || slot.time.starts_at != start)
			add_time(times, &slot, &listing->provider, place, 2);
}

static int
compare_times(const void *a, const void *b)
{
	const OfferTime *first = a;
	const OfferTime *second = b;

	if (first->rank != second->rank)
		return first->rank - second->rank;
	if (first->time.starts_at != second->time.starts_at)
		return first->time.starts_at < second->time.starts_at ? -1 : 1;
	return first->place - second->place;
}

void
offer_times_read(OfferTimes *times, const FreedTime *within, const pg_uuid_t *service)
{
	ResourceList providers = read_providers(within, service);
	ListingRequest request = {
		.clinic = &within->clinic,
		.service = service,
		.from = within->from,
		.to = within->to + LONGEST_CLAIM,
		.starts_until = within->to,
		.snapshot = SNAPSHOT_LATEST,
	};
	Listing *listings;

	memset(times, 0, sizeof(*times));
	times->service = *service;
	times->by_start = within->starts_at == DT_NOBEGIN;
	if (providers.count == 0)
		return;
	listings = listings_read(&request, providers.ids, providers.count);
	for (int i = 0; i < providers.count; i++)
		add_times_of_provider(times, within, &listings[i], i);
	qsort(times->list, times->count, sizeof(OfferTime), compare_times);
}

/* Where the times begin of visits that may go on after an instant. */
static int
first_from(const OfferTimes *times, TimestampTz from)
{
	int low = 0;
	int high = times->count;

	if (TIMESTAMP_NOT_FINITE(from))
		return 0;
	while (low < high)
	{
		int middle = low + (high - low) / 2;

		if (times->list[middle].time.starts_at <= from - LONGEST_CLAIM)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

OfferTime *
offer_times_next(const OfferTimes *times, const Waiting *entry, int *at)
{
	TimestampTz until = entry->nwanted ? entry->wanted[entry->nwanted - 1].to : DT_NOBEGIN;

	if (times->by_start && entry->nwanted > 0)
		*at = Max(*at, first_from(times, entry->wanted[0].from));
	for (; *at < times->count; (*at)++)
	{
		OfferTime *time = &times->list[*at];

		CHECK_FOR_INTERRUPTS();
		if (times->by_start && time->time.starts_at >= until)
			break;
		if (!time->is_gone && waiting_accepts(entry, &time->provider, &time->time))
		{
			(*at)++;
			return time;
		}
	}
	return NULL;
}

void
offer_times_take(OfferTimes *times, const OfferTime *taken)
{
	for (int i = 0; i < times->count; i++)
	{
		OfferTime *time = &times->list[i];

		if (memcmp(&time->provider, &taken->provider, UUID_LEN) == 0 &&
			time->time.claim_from < taken->time.claim_to &&
			time->time.claim_to > taken->time.claim_from)
			time->is_gone = true;
	}
}
