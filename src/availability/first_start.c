/*
 * first_start.c
 *		A search that ends at the first start, because enough providers are free.
 *
 * The stream of claims is read for all providers of the clinic, of whom there may
 * be thousands.  Where free time is plentiful, some of the first by code are free
 * at the first start that there is, and then those are the answer: so their claims
 * are looked up, of a few providers and then of so many as will do if the others
 * are as free as these.  Nothing but that one start is looked at, and it is begun
 * only where it costs little beside what the stream costs.
 */
#include "postgres.h"

#include "availability/first_start.h"

/* So many providers are looked at to begin with, and they are few beside all. */
#define FIRST_LOOK 64
#define MANY (20 * FIRST_LOOK)

typedef struct Kept
{
	uint64 count;
	FreeStart *starts;
} Kept;

static void
keep_start(const FreeStart *start, void *argument)
{
	Kept *kept = argument;

	kept->starts[kept->count++] = *start;
}

static bool
is_worth_trying(const Search *search)
{
	const SweepRequest *request = &search->request;
	int nproviders = search->providers->count;

	return search->nnamed == 0 && pool_is_empty(&search->pool) && nproviders >= MANY &&
		   request->most > 0 && request->most <= (uint64) nproviders / FEW &&
		   (request->filter.most_of_day == 0 ||
			(uint64) request->filter.most_of_day >= request->most);
}

/*
 * How many to look at next, when of so many so many were free; 0 if that is no
 * use: one more may well be free, but to look at all that it takes must cost little.
 */
static int
look_next(const Search *search, uint64 looked_at, uint64 nfree, uint64 most)
{
	uint64 enough = nfree > 0 ? most * looked_at / nfree : 2 * looked_at;

	if (most * looked_at / (nfree + 1) > (uint64) search->providers->count / FEW)
		return 0;
	return (int) (Max(enough, looked_at + FIRST_LOOK / 2) - looked_at);
}

/* Keep what is wanted at the request's only start.  False if that is not worth it. */
static bool
look(Search *search, Kept *kept, uint64 most)
{
	int nproviders = search->providers->count;
	TimestampTz starts_at = search->request.from;
	int first = 0;
	int count = FIRST_LOOK;

	while (count > 0 && first < nproviders)
	{
		count = Min(count, nproviders - first);
		search->request.most = most - kept->count;
		if (search_begin_among(search, first, count))
			(void) search_stretch(search, starts_at, starts_at + 1);
		if (kept->count == most)
			return true;
		first += count;
		count = look_next(search, first, kept->count, most);
	}
	return false;
}

bool
search_first_start(Search *search)
{
	SweepRequest request = search->request;
	Kept kept = {0};
	bool is_enough = false;
	TimestampTz starts_at;

	if (!is_worth_trying(search))
		return false;
	starts_at = sweep_first_start(&request);
	if (starts_at == DT_NOEND)
		return false;
	kept.starts = palloc(sizeof(FreeStart) * request.most);
	search->request.from = search->request.last = starts_at;
	search->request.found = keep_start;
	search->request.argument = &kept;
	search->is_of_one_start = true;
	is_enough = look(search, &kept, request.most);
	search->is_of_one_start = false;
	search->request = request;
	for (uint64 i = 0; is_enough && i < kept.count; i++)
		request.found(&kept.starts[i], request.argument);
	return is_enough;
}
