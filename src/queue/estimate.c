/*
 * estimate.c
 *		When those who wait will be seen, and to whom they are best dealt.
 *
 * List scheduling: whoever is free first takes who is due first of those who are
 * there, in all the queues that provider sees to, for as long as that service
 * usually takes; again and again, until nobody is left.  That is what the desks
 * do by calling the next patient, so the estimate is a rehearsal of the day.
 *
 * How sure it is follows from what adds up: when a start lies behind k visits,
 * its variance is the sum of theirs, and for a sum the normal distribution is
 * near enough: within 1.2816 standard deviations lie 80 of 100.  Where several
 * providers see to a queue, some of them will be late and others early, and
 * whoever is free first takes the next: of m the variance is the mth part.
 *
 * Times come in order: nobody takes an entry at an earlier time than the one
 * before, so whoever is not there yet is looked at again only later.
 */
#include "postgres.h"

#include <math.h>

#include "queue/estimate.h"

/* Of a normal distribution, what lies within so many deviations is 80%. */
#define DEVIATIONS_OF_80 1.2816

/* Between the 10th and the 90th percentile of a normal distribution. */
#define DEVIATIONS_BETWEEN 2.5631

/* Fewer lengths of time tell nothing. */
#define FEWEST_MEASURED 5

#define END_OF_LIST (-1)

/* Link the entries of each queue, in the order of their turns. */
static void
link_queues(const Estimate *estimate, int *links, int *heads)
{
	for (int queue = 0; queue < estimate->nqueues; queue++)
		heads[queue] = END_OF_LIST;
	for (int i = estimate->nentries - 1; i >= 0; i--)
	{
		int queue = estimate->entries[i].queue;

		links[i] = heads[queue];
		heads[queue] = i;
	}
}

static int
first_free(const Estimate *estimate)
{
	int first = NO_PROVIDER;

	for (int i = 0; i < estimate->nproviders; i++)
		if (estimate->providers[i].free_at != NEVER &&
			(first == NO_PROVIDER ||
			 estimate->providers[i].free_at < estimate->providers[first].free_at))
			first = i;
	return first;
}

/*
 * The entry that the provider takes at that time, and the link that leads to it;
 * NULL if nobody is there yet.  Then `next` is when somebody will be.
 */
static int *
find_next(const Estimate *estimate, const EstimateProvider *provider, int64 time, int *links,
		  int *heads, int64 *next)
{
	int *best = NULL;

	*next = NEVER;
	for (int queue = 0; queue < estimate->nqueues; queue++)
	{
		if (!provider->sees[queue])
			continue;
		for (int *link = &heads[queue]; *link != END_OF_LIST; link = &links[*link])
		{
			int64 ready_at = estimate->entries[*link].ready_at;

			if (best && *link > *best)
				break;
			if (ready_at <= time)
			{
				best = link;
				break;
			}
			if (ready_at < *next)
				*next = ready_at;
		}
	}
	return best;
}

/* How many providers see to a queue. */
static int
hands(const Estimate *estimate, int queue)
{
	int count = 0;

	for (int i = 0; i < estimate->nproviders; i++)
		count += estimate->providers[i].sees[queue];
	return count;
}

static void
take(Estimate *estimate, int who, EstimateEntry *entry, int64 time)
{
	EstimateProvider *provider = &estimate->providers[who];
	const ServiceTime *length = estimate_time(estimate, entry->service, who);
	int64 spread =
		(int64) (DEVIATIONS_OF_80 * sqrt(provider->variance / hands(estimate, entry->queue)));

	entry->provider = who;
	entry->starts_at = time;
	entry->from = Max(time - spread, estimate->now);
	entry->to = time + spread;
	provider->free_at = provider->done_at = time + length->median;
	provider->variance += length->deviation * length->deviation;
}

static void
begin(Estimate *estimate)
{
	for (int i = 0; i < estimate->nentries; i++)
	{
		estimate->entries[i].provider = NO_PROVIDER;
		estimate->entries[i].starts_at = NEVER;
	}
	for (int i = 0; i < estimate->nproviders; i++)
	{
		EstimateProvider *provider = &estimate->providers[i];

		provider->done_at = Max(provider->free_at, estimate->now);
	}
}

void
estimate_waits(Estimate *estimate, int *links, int *heads)
{
	link_queues(estimate, links, heads);
	begin(estimate);
	for (int who = first_free(estimate); who != NO_PROVIDER; who = first_free(estimate))
	{
		EstimateProvider *provider = &estimate->providers[who];
		int64 time = Max(provider->free_at, estimate->now);
		int64 next;
		int *link = find_next(estimate, provider, time, links, heads, &next);

		if (link)
		{
			EstimateEntry *entry = &estimate->entries[*link];

			*link = links[*link];
			take(estimate, who, entry, time);
		}
		else
		{
			/* Idle until somebody with a booked start is there, if anybody will be. */
			provider->free_at = next;
			provider->variance = 0;
		}
	}
}

void
estimate_deal(Estimate *estimate, DealtEntry *entries, int count, const bool *may)
{
	for (int i = 0; i < count; i++)
	{
		int64 earliest = NEVER;

		entries[i].provider = NO_PROVIDER;
		for (int who = 0; who < estimate->nproviders; who++)
		{
			int64 end = estimate->providers[who].done_at +
						estimate_time(estimate, entries[i].service, who)->median;

			if (!may[entries[i].service * estimate->nproviders + who] || end >= earliest)
				continue;
			earliest = end;
			entries[i].provider = who;
		}
		if (entries[i].provider != NO_PROVIDER)
			estimate->providers[entries[i].provider].done_at = earliest;
	}
}

static int
compare_lengths(const void *a, const void *b)
{
	int64 x = *(const int64 *) a;
	int64 y = *(const int64 *) b;

	return x < y ? -1 : x > y;
}

/* Quantiles, that a visit somebody forgot to finish does not weigh. */
bool
estimate_measure(int64 *lengths, int n, ServiceTime *time)
{
	if (n < FEWEST_MEASURED)
		return false;
	qsort(lengths, n, sizeof(int64), compare_lengths);
	time->median = (lengths[(n - 1) / 2] + lengths[n / 2]) / 2;
	time->deviation =
		(double) (lengths[(n - 1) * 9 / 10] - lengths[(n - 1) / 10]) / DEVIATIONS_BETWEEN;
	return true;
}
