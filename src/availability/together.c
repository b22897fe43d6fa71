/*
 * together.c
 *		Can several visits be had that can each be had alone?
 *
 * Mostly it is clear: they occupy no time in common, or nothing that both could
 * have.  Else the claims there are read, and the visits booked for trial in
 * memory, by the same choice of rooms and seats as when they are booked.
 */
#include "postgres.h"

#include "availability/chain.h"
#include "availability/together.h"
#include "query.h"

/* A claim that is made for trial. */
typedef struct TrialClaim
{
	pg_uuid_t resource;
	TakenSeat taken;
} TrialClaim;

typedef struct Trial
{
	int count;
	TrialClaim claims[MOST_STEPS * (MAX_UNITS + 1)];
} Trial;

static VisitTime
time_of(const FreeStart *visit, const Search *search)
{
	const SweepRequest *request = &search->request;

	return (VisitTime){request->mode, visit->starts_at, visit->ends_at,
					   visit->starts_at - request->buffer_before,
					   visit->ends_at + request->buffer_after};
}

static bool
is_in_pool(const Pool *pool, const pg_uuid_t *resource)
{
	for (int i = 0; i < pool->nresources; i++)
		if (memcmp(&pool->resources[i].id, resource, UUID_LEN) == 0)
			return true;
	return false;
}

/* Is there anything that both could have? */
static bool
may_share(const FreeStart *a, const Search *of_a, const FreeStart *b, const Search *of_b)
{
	const pg_uuid_t *ids = of_a->providers->ids;

	if (a->place == b->place || is_in_pool(&of_a->pool, &ids[b->place]) ||
		is_in_pool(&of_b->pool, &ids[a->place]))
		return true;
	for (int i = 0; i < of_a->pool.nresources; i++)
		if (is_in_pool(&of_b->pool, &of_a->pool.resources[i].id))
			return true;
	return false;
}

static bool
may_collide(const FreeStart *visits, Search *const *searches, int a, int b)
{
	VisitTime x = time_of(&visits[a], searches[a]);
	VisitTime y = time_of(&visits[b], searches[b]);

	return x.claim_from < y.claim_to && y.claim_from < x.claim_to &&
		   may_share(&visits[a], searches[a], &visits[b], searches[b]);
}

/* What was claimed for trial, in the order of time among the others. */
static void
add_trial_claims(ClaimSweep *claims, const pg_uuid_t *resource, const Trial *trial)
{
	claims->claims =
		repalloc(claims->claims, sizeof(TakenSeat) * (claims->count + trial->count + 1));
	for (int i = 0; i < trial->count; i++)
		if (memcmp(&trial->claims[i].resource, resource, UUID_LEN) == 0)
			claims->claims[claims->count++] = trial->claims[i].taken;
	claims_sort(claims);
}

/* Claim a seat for trial, if one is free. */
static bool
claim(Trial *trial, const pg_uuid_t *resource, const ClaimSweep *claims, OpenTimes *times,
	  const VisitTime *time)
{
	int32 seats = open_times_day(times, time->mode, time->starts_at).seats;
	int32 seat =
		lowest_free_seat(claims->claims, claims->count, seats, time->claim_from, time->claim_to);

	if (seat > 0)
		trial->claims[trial->count++] =
			(TrialClaim){*resource, {seat, time->claim_from, time->claim_to}};
	return seat > 0;
}

/* Book for trial with what is chosen for it. */
static bool
try_pool(Trial *trial, const Pool *pool, const pg_uuid_t *provider, const VisitTime *time)
{
	ResourceList chosen;

	if (pool_is_empty(pool))
		return true;
	if (!pool_choose(pool, provider, time, &chosen))
		return false;
	for (int i = 0; i < pool->nresources; i++)
	{
		PoolResource *resource = &pool->resources[i];

		if (resource_list_has(&chosen, &resource->id) &&
			!claim(trial, &resource->id, &resource->claims, &resource->times, time))
			return false;
	}
	return true;
}

static bool
try_visit(Trial *trial, const FreeStart *visit, const Search *search)
{
	VisitTime time = time_of(visit, search);
	Pool pool = search->pool;
	int nresources = pool.nresources + 1;
	pg_uuid_t *ids = palloc(sizeof(pg_uuid_t) * nresources);
	ClaimSweep *claims = palloc(sizeof(ClaimSweep) * nresources);
	OpenTimes times;

	pool.resources = palloc(sizeof(PoolResource) * nresources);
	ids[0] = search->providers->ids[visit->place];
	for (int i = 1; i < nresources; i++)
	{
		pool.resources[i - 1] = search->pool.resources[i - 1];
		ids[i] = pool.resources[i - 1].id;
	}
	claims_read(claims, search->clinic, ids, nresources, time.claim_from, time.claim_to, NULL,
				SNAPSHOT_STATEMENT);
	for (int i = 0; i < nresources; i++)
		add_trial_claims(&claims[i], &ids[i], trial);
	for (int i = 1; i < nresources; i++)
		pool.resources[i - 1].claims = claims[i];
	pool_open(&pool, time.starts_at, time.ends_at);
	open_times(&times, &search->providers->list[visit->place].opening, time.starts_at,
			   time.ends_at);
	return claim(trial, &ids[0], &claims[0], &times, &time) &&
		   try_pool(trial, &pool, &ids[0], &time);
}

/* Book those that are linked for trial, one after the other, and the last. */
static bool
try_all(const FreeStart *visits, Search *const *searches, int nvisits, const bool *is_linked)
{
	Trial *trial;
	bool all = true;

	query_begin();
	trial = palloc(sizeof(Trial));
	trial->count = 0;
	for (int i = 0; all && i < nvisits; i++)
		if (is_linked[i])
			all = try_visit(trial, &visits[i], searches[i]);
	query_end();
	return all;
}

bool
had_together(const FreeStart *visits, Search *const *searches, int nvisits, int *because)
{
	bool is_linked[MOST_STEPS] = {false};
	int last = nvisits - 1;
	int first = last;

	is_linked[last] = true;
	for (int i = last - 1; i >= 0; i--)
	{
		for (int j = i + 1; j < nvisits && !is_linked[i]; j++)
			is_linked[i] = is_linked[j] && may_collide(visits, searches, i, j);
		if (!is_linked[i])
			continue;
		first = i;
		/* Of a single seat nothing need be read. */
		if (visits[i].place == visits[last].place &&
			!searches[i]->providers->list[visits[i].place].has_several_seats &&
			may_collide(visits, searches, i, last))
		{
			*because = i;
			return false;
		}
	}
	*because = first;
	return first == last || try_all(visits, searches, nvisits, is_linked);
}
