/*
 * pool.c
 *		The rooms, devices and further providers a visit may have, and which of
 *		them are free for it.
 */
#include "postgres.h"

#include "availability/pool.h"

/* A resource that a visit could have, in the order of preference. */
typedef struct Choice
{
	const PoolResource *resource;
	int32 seats_left;
} Choice;

bool
resource_list_has(const ResourceList *list, const pg_uuid_t *id)
{
	for (int i = 0; i < list->count; i++)
		if (memcmp(&list->ids[i], id, UUID_LEN) == 0)
			return true;
	return false;
}

static const Candidate *
find_candidate(const ServiceConfiguration *service, const pg_uuid_t *id)
{
	for (int i = 0; i < service->ncandidates; i++)
		if (memcmp(&service->candidates[i].id, id, UUID_LEN) == 0)
			return &service->candidates[i];
	return NULL;
}

/* NULL if there is no such resource. */
static PoolResource *
add_resource(Pool *pool, const pg_uuid_t *clinic, const pg_uuid_t *id)
{
	PoolResource *resource = &pool->resources[pool->nresources];
	ResourceConfiguration configuration;

	if (!configured_resource(clinic, id, &configuration) ||
		!configured_opening(clinic, id, &resource->opening))
		return NULL;
	resource->id = *id;
	resource->is_active = configuration.is_active;
	pool->nresources++;
	return resource;
}

void
pool_gather(Pool *pool, const pg_uuid_t *clinic, const ServiceConfiguration *service,
			const ResourceList *named, bool extra, const ResourceList *kept)
{
	if (service->nunits > MAX_UNITS)
		refuse(REASON_LIMIT_REACHED, "a visit occupies at most 32 rooms and devices", NULL, NULL);
	pool->nunits = service->nunits;
	pool->nresources = 0;
	if (pool->nunits == 0 && named->count == 0)
		return;
	pool->resources = palloc0(sizeof(PoolResource) * (named->count + service->ncandidates));
	for (int i = 0; i < named->count; i++)
	{
		PoolResource *resource = add_resource(pool, clinic, &named->ids[i]);
		const Candidate *candidate = find_candidate(service, &named->ids[i]);

		if (resource == NULL)
			refuse(REASON_NOT_FOUND, "there is no such room or device in this clinic", NULL, NULL);
		resource->is_named = true;
		resource->suits = candidate && !extra ? candidate->suits : 0;
	}
	for (int i = 0; i < service->ncandidates; i++)
	{
		const Candidate *candidate = &service->candidates[i];
		PoolResource *resource;

		if (resource_list_has(named, &candidate->id))
			continue;
		/* It may have been deleted since the service was read. */
		resource = add_resource(pool, clinic, &candidate->id);
		if (resource == NULL)
			continue;
		resource->suits = candidate->suits;
		resource->is_kept = resource_list_has(kept, &candidate->id);
	}
}

void
pool_open(Pool *pool, TimestampTz from, TimestampTz to)
{
	for (int i = 0; i < pool->nresources; i++)
		open_times(&pool->resources[i].times, &pool->resources[i].opening, from, to);
}

/* How many seats nobody has for the time of the visit. */
static int32
free_seats(const Pool *pool, PoolResource *resource, const VisitTime *time)
{
	int32 seats;

	if (pool->taken && is_taken(pool->taken, &resource->id, time->starts_at))
		return 0;
	seats = open_times_day(&resource->times, time->mode, time->starts_at).seats;
	return claims_free_seats(&resource->claims, seats, time->claim_from, time->claim_to);
}

/* Does it take visits, and is it open for this one? */
static Reason
refusal(PoolResource *resource, const VisitTime *time)
{
	if (!resource->is_active)
		return REASON_INACTIVE;
	return opening_refusal(&resource->times, time->mode, time->starts_at, time->ends_at);
}

/* How many seats are left for the visit, if the resource is active and open then. */
static int32
seats_left(const Pool *pool, PoolResource *resource, const VisitTime *time)
{
	return refusal(resource, time) == REASON_NONE ? free_seats(pool, resource, time) : 0;
}

Reason
pool_named_refusal(const Pool *pool, const VisitTime *time)
{
	for (int i = 0; i < pool->nresources; i++)
	{
		Reason reason = REASON_NONE;

		if (pool->resources[i].is_named)
			reason = refusal(&pool->resources[i], time);
		if (reason != REASON_NONE)
			return reason;
	}
	return REASON_NONE;
}

bool
pool_named_have_seats(const Pool *pool, const VisitTime *time)
{
	for (int i = 0; i < pool->nresources; i++)
		if (pool->resources[i].is_named && free_seats(pool, &pool->resources[i], time) == 0)
			return false;
	return true;
}

static bool
is_preferred(const Choice *a, const Choice *b)
{
	if (a->resource->is_named || b->resource->is_named)
		return a->resource < b->resource;
	if (a->resource->is_kept != b->resource->is_kept)
		return a->resource->is_kept;
	if (a->seats_left != b->seats_left)
		return a->seats_left < b->seats_left;
	return a->resource < b->resource;
}

/* Sort what is named or has a seat left to the front, by preference; returns how many. */
static int
sort_choices(Choice *choices, int count)
{
	int kept = 0;

	for (int i = 0; i < count; i++)
	{
		Choice choice = choices[i];
		int at = kept;

		if (choice.seats_left == 0 && !choice.resource->is_named)
			continue;
		for (; at > 0 && is_preferred(&choice, &choices[at - 1]); at--)
			choices[at] = choices[at - 1];
		choices[at] = choice;
		kept++;
	}
	return kept;
}

/* What could be had for the visit, in the order of preference, and what is named; how many. */
static int
list_choices(const Pool *pool, const pg_uuid_t *provider, const VisitTime *time, Choice *choices)
{
	int count = 0;

	for (int i = 0; i < pool->nresources; i++)
	{
		PoolResource *resource = &pool->resources[i];
		Choice choice = {resource, 0};

		/* The provider is there already. */
		if (provider && memcmp(&resource->id, provider, UUID_LEN) == 0)
			continue;
		choice.seats_left = seats_left(pool, resource, time);
		choices[count++] = choice;
	}
	return sort_choices(choices, count);
}

/* Which of the choices, sorted, to take; false if that is not all the visit needs. */
static bool
take(const Pool *pool, const Choice *choices, int nchoices, bool *taken)
{
	Units *suits = palloc(sizeof(Units) * Max(nchoices, 1));
	bool all;

	for (int i = 0; i < nchoices; i++)
		suits[i] = choices[i].resource->suits;
	all = match_units(pool->nunits, suits, nchoices, taken);
	for (int i = 0; i < nchoices; i++)
		if (choices[i].resource->is_named)
		{
			taken[i] = true;
			all &= choices[i].seats_left > 0;
		}
	pfree(suits);
	return all;
}

bool
pool_choose(const Pool *pool, const pg_uuid_t *provider, const VisitTime *time,
			ResourceList *chosen)
{
	Choice *choices = palloc(sizeof(Choice) * Max(pool->nresources, 1));
	bool *taken = palloc(sizeof(bool) * Max(pool->nresources, 1));
	int nchoices = list_choices(pool, provider, time, choices);
	bool all = take(pool, choices, nchoices, taken);

	chosen->count = 0;
	chosen->ids = palloc(sizeof(pg_uuid_t) * Max(nchoices, 1));
	for (int i = 0; i < nchoices; i++)
		if (taken[i])
			chosen->ids[chosen->count++] = choices[i].resource->id;
	return all;
}

int
pool_visits(const Pool *pool, const pg_uuid_t *provider, const VisitTime *time, int most)
{
	Choice *choices;
	bool *taken;
	int nchoices;
	int visits = 0;

	if (pool_is_empty(pool) || most == 0)
		return most;
	choices = palloc(sizeof(Choice) * Max(pool->nresources, 1));
	taken = palloc(sizeof(bool) * Max(pool->nresources, 1));
	nchoices = list_choices(pool, provider, time, choices);
	while (visits < most && take(pool, choices, nchoices, taken))
	{
		visits++;
		for (int i = 0; i < nchoices; i++)
			choices[i].seats_left -= taken[i];
		nchoices = sort_choices(choices, nchoices);
	}
	pfree(choices);
	pfree(taken);
	return visits;
}

ResourceList
named_resources(const ServiceConfiguration *service, const ResourceList *occupied)
{
	ResourceList named = {0, palloc(sizeof(pg_uuid_t) * Max(occupied->count, 1))};
	Units *suits = palloc(sizeof(Units) * Max(occupied->count, 1));
	bool *required = palloc(sizeof(bool) * Max(occupied->count, 1));

	for (int i = 0; i < occupied->count; i++)
	{
		const Candidate *candidate = find_candidate(service, &occupied->ids[i]);

		suits[i] = candidate ? candidate->suits : 0;
	}
	(void) match_units(Min(service->nunits, MAX_UNITS), suits, occupied->count, required);
	for (int i = 0; i < occupied->count; i++)
		if (!required[i])
			named.ids[named.count++] = occupied->ids[i];
	return named;
}
