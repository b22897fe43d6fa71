/*
 * chain.c
 *		Visits one after another, of the free starts of each.
 *
 * From each start of the first service the others are sought in depth: for each
 * step the earliest start that has a chain to the end.  Free starts are read only
 * as far as that goes, and forgotten when the first step has passed them.
 *
 * That no chain goes on from a start is remembered where it does not depend on
 * the steps before, and so each start is gone on from once, mostly; it depends on
 * them where one of them is in the way of a later step.
 */
#include "postgres.h"

#include "availability/chain.h"
#include "miscadmin.h"

typedef struct Chain
{
	FreeStart visits[MOST_STEPS];
} Chain;

/* The chains that begin at one instant. */
typedef struct ChainGroup
{
	int count;
	int room;
	Chain *chains;
} ChainGroup;

/*
 * The lists
 */

void
start_list_add(StartList *list, const FreeStart *start)
{
	if (list->count == list->room)
	{
		list->room = Max(2 * list->room, 64);
		list->list = repalloc(list->list, sizeof(ListedStart) * list->room);
	}
	list->list[list->count++] = (ListedStart){.start = *start};
}

/* Is there a start at that index, and not after `until`?  What is not known of it is read. */
static bool
has_start(StartList *list, int index, TimestampTz until)
{
	while (index >= list->count && list->known_until <= until)
	{
		CHECK_FOR_INTERRUPTS();
		list->read_on(list, list->argument);
	}
	return index < list->count && list->list[index].start.starts_at <= until;
}

/* The first start of those known that is not before an instant. */
static int
first_from(const StartList *list, TimestampTz from)
{
	int low = 0;
	int high = list->count;

	while (low < high)
	{
		int middle = low + (high - low) / 2;

		if (list->list[middle].start.starts_at < from)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Nothing before an instant is asked for any more. */
static void
forget_before(StartList *list, TimestampTz from)
{
	int passed = first_from(list, from);

	if (list->known_until < from)
		list->known_until = from;
	/* Moving half of them at most costs less than adding them did. */
	if (passed == 0 || 2 * passed < list->count)
		return;
	list->count -= passed;
	memmove(list->list, list->list + passed, sizeof(ListedStart) * list->count);
}

/*
 * Going on from a visit
 */

/* Does whom a visit is with go with the others?  If not, for what reason. */
static bool
is_provider_right(const ChainRequest *request, const Chain *chain, int step, int *because)
{
	int place = chain->visits[step].place;

	/* Of all that were tried from there, the provider is the same. */
	*because = step - 1;
	if (request->providers == CHAIN_SAME)
		return place == chain->visits[0].place;
	if (request->providers == CHAIN_ANY)
		return true;
	for (; *because >= 0; (*because)--)
		if (chain->visits[*because].place == place)
			return false;
	return true;
}

/*
 * Complete a chain from some step on.  False if there is none; then *because is
 * the first step on which that depends.
 */
static bool
go_on(const ChainRequest *request, Chain *chain, int step, int *because)
{
	StartList *list = request->lists[step];
	TimestampTz from = chain->visits[step - 1].ends_at;
	TimestampTz until = from + request->max_gap;

	*because = step - 1;
	for (int i = first_from(list, from); has_start(list, i, until); i++)
	{
		uint8 dead = 1 << step;
		int reason;

		CHECK_FOR_INTERRUPTS();
		if (list->list[i].start.starts_at < from || (list->list[i].dead & dead))
			continue;
		chain->visits[step] = list->list[i].start;
		if (is_provider_right(request, chain, step, &reason) &&
			request->fits(chain->visits, step + 1, &reason, request->argument))
		{
			if (step + 1 == request->nsteps || go_on(request, chain, step + 1, &reason))
				return true;
			if (reason == step)
				list->list[i].dead |= dead;
		}
		*because = Min(*because, reason);
	}
	return false;
}

/*
 * The chains of a start
 */

static int
compare_chains(const void *a, const void *b, void *argument)
{
	const ChainRequest *request = argument;
	const Chain *x = a;
	const Chain *y = b;
	TimestampTz x_ends = x->visits[request->nsteps - 1].ends_at;
	TimestampTz y_ends = y->visits[request->nsteps - 1].ends_at;

	if (x_ends != y_ends)
		return x_ends < y_ends ? -1 : 1;
	for (int i = 0; i < request->nsteps; i++)
		if (x->visits[i].place != y->visits[i].place)
			return x->visits[i].place - y->visits[i].place;
	return 0;
}

static void
add_chain(ChainGroup *group, const Chain *chain)
{
	if (group->count == group->room)
	{
		group->room *= 2;
		group->chains = repalloc(group->chains, sizeof(Chain) * group->room);
	}
	group->chains[group->count++] = *chain;
}

/*
 * Find the chains that begin with the visits from some index on which start
 * together, as far as so many may be the first of them.  One begins with each
 * provider, in order: so of those that are over as soon as any can be, those
 * that were found are before those that were not.
 */
static void
find_group(const ChainRequest *request, int first, uint64 most, ChainGroup *group)
{
	StartList *list = request->lists[0];
	TimestampTz starts_at = list->list[first].start.starts_at;
	uint64 nsoonest = 0;
	Chain chain;
	int because;

	group->count = 0;
	for (int i = first; i < list->count && list->list[i].start.starts_at == starts_at; i++)
	{
		chain.visits[0] = list->list[i].start;
		if (request->nsteps > 1 && !go_on(request, &chain, 1, &because))
			continue;
		add_chain(group, &chain);
		if (chain.visits[request->nsteps - 1].ends_at == starts_at + request->shortest &&
			++nsoonest == most)
			break;
	}
	qsort_arg(group->chains, group->count, sizeof(Chain), compare_chains, (void *) request);
}

static void
start_lists(const ChainRequest *request)
{
	for (int i = 0; i < request->nsteps; i++)
	{
		StartList *list = request->lists[i];

		if (list->list)
			continue;
		list->room = 64;
		list->list = palloc(sizeof(ListedStart) * list->room);
		list->known_until = request->from;
	}
}

void
chains_find(const ChainRequest *request)
{
	ChainGroup group = {.room = 16, .chains = palloc(sizeof(Chain) * 16)};
	StartList *first = request->lists[0];
	TimestampTz from = request->from;
	uint64 nfound = 0;

	start_lists(request);
	while (request->most == 0 || nfound < request->most)
	{
		int index = first_from(first, from);

		if (!has_start(first, index, DT_NOEND - 1))
			return;
		from = first->list[index].start.starts_at;
		for (int i = 0; i < request->nsteps; i++)
			forget_before(request->lists[i], from);
		find_group(request, first_from(first, from), request->most - nfound, &group);
		for (int i = 0; i < group.count && (request->most == 0 || nfound < request->most); i++)
		{
			request->found(group.chains[i].visits, request->argument);
			nfound++;
		}
		from++;
	}
}
