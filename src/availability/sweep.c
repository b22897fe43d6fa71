/*
 * sweep.c
 *		The first free starts of many providers, along their claims in the order of
 *		time.
 *
 * Of each provider it is known since when the claims so far leave the seat free.
 * The claims come in the order of their starts; so before one that begins when a
 * visit from s on and its buffer are over, or later, all that could be in the way
 * of s has come, and s is decided: the providers who are open then, and free since
 * the buffer before s, are the answer.  Between two starts a provider is worth a
 * comparison: possible_from says before when there is no use in asking, because
 * of a claim or of the hours, and the least of these where to go on.
 *
 * Visits of one service may last longer with one provider than with another.
 * Those with whom they last equally long make a cohort, which goes along on its
 * own; what was found waits until no cohort can find anything before it.
 */
#include "postgres.h"

#include "availability/sweep.h"
#include "booking/rules.h"
#include "civil/calendar.h"
#include "miscadmin.h"
#include "utils/memutils.h"

/* Claims of so long a time are left out rather than read, where no start is wanted in it. */
#define WORTH_LEAVING_OUT (2 * USECS_PER_HOUR)

static void seek_start(Sweep *sweep, Cohort *cohort, TimestampTz from);

void
sweep_begin(Sweep *sweep, const SweepRequest *request, int most_swept)
{
	int nproviders = request->providers->count;

	memset(sweep, 0, sizeof(*sweep));
	sweep->request = *request;
	sweep->memory = CurrentMemoryContext;
	sweep->clock = civil_clock(request->zone);
	sweep->swept = palloc(sizeof(Swept) * Max(most_swept, 1));
	sweep->durations = palloc(sizeof(int64) * Max(most_swept, 1));
	sweep->swept_of_place = palloc(sizeof(int) * Max(nproviders, 1));
	memset(sweep->swept_of_place, 0xff, sizeof(int) * nproviders);
	sweep->stretch_until = DT_NOBEGIN;
	sweep->day_until = DT_NOBEGIN;
	sweep->not_before = DT_NOBEGIN;
	for (int i = 0; i < request->pool->nresources; i++)
		sweep->pool_has_providers |=
			provider_place(request->providers, &request->pool->resources[i].id) >= 0;
}

void
sweep_add(Sweep *sweep, int place, int64 duration)
{
	if (sweep->swept_of_place[place] >= 0)
		return;
	sweep->swept_of_place[place] = sweep->nswept;
	sweep->durations[sweep->nswept] = duration;
	sweep->swept[sweep->nswept++] = (Swept){.place = place};
}

/* By duration, then by code. */
static int
compare_swept(const void *a, const void *b, void *argument)
{
	const Sweep *sweep = argument;
	const Swept *x = a;
	const Swept *y = b;
	int64 x_lasts = sweep->durations[sweep->swept_of_place[x->place]];
	int64 y_lasts = sweep->durations[sweep->swept_of_place[y->place]];

	if (x_lasts != y_lasts)
		return x_lasts < y_lasts ? -1 : 1;
	return x->place - y->place;
}

static void
start_cohort(Sweep *sweep, int first, int64 duration)
{
	Cohort *cohort = &sweep->cohorts[sweep->ncohorts++];

	cohort->duration = duration;
	cohort->first = first;
	cohort->count = 0;
	cohort->grid = start_grid(sweep->request.zone, sweep->request.step);
	cohort->memory =
		AllocSetContextCreate(sweep->memory, "clinic_sched swept day", ALLOCSET_START_SMALL_SIZES);
	sweep->longest = Max(sweep->longest, duration);
}

void
sweep_start(Sweep *sweep)
{
	const ClinicProviders *providers = sweep->request.providers;
	bool is_sorted = true;
	int ndurations = 1;
	int64 *durations = palloc(sizeof(int64) * Max(sweep->nswept, 1));

	for (int i = 1; i < sweep->nswept; i++)
		is_sorted &= sweep->durations[i - 1] == sweep->durations[i] &&
					 sweep->swept[i - 1].place < sweep->swept[i].place;
	if (!is_sorted)
		qsort_arg(sweep->swept, sweep->nswept, sizeof(Swept), compare_swept, sweep);
	for (int i = 0; i < sweep->nswept; i++)
	{
		durations[i] = sweep->durations[sweep->swept_of_place[sweep->swept[i].place]];
		ndurations += i > 0 && durations[i] != durations[i - 1];
	}
	sweep->cohorts = palloc0(sizeof(Cohort) * ndurations);
	sweep->possible_from = palloc(sizeof(TimestampTz) * Max(sweep->nswept, 1));
	sweep->free_from = palloc(sizeof(TimestampTz) * Max(sweep->nswept, 1));
	for (int i = 0; i < sweep->nswept; i++)
	{
		Swept *swept = &sweep->swept[i];

		if (i == 0 || durations[i] != durations[i - 1])
			start_cohort(sweep, i, durations[i]);
		sweep->cohorts[sweep->ncohorts - 1].count++;
		sweep->swept_of_place[swept->place] = i;
		sweep->free_from[i] = DT_NOBEGIN;
		if (!providers->list[swept->place].has_several_seats)
			continue;
		swept->claims = palloc0(sizeof(ClaimSweep));
		sweep->has_several_seats = true;
	}
	for (int i = 0; i < sweep->ncohorts; i++)
		seek_start(sweep, &sweep->cohorts[i], sweep->request.from);
}

static bool
has_enough(const Sweep *sweep)
{
	return sweep->request.most > 0 && sweep->nfound >= sweep->request.most;
}

TimestampTz
sweep_from(const Sweep *sweep)
{
	TimestampTz from = DT_NOEND;

	for (int i = 0; i < sweep->ncohorts; i++)
		from = Min(from, sweep->cohorts[i].starts_at);
	return has_enough(sweep) ? DT_NOEND : from;
}

bool
sweep_goes_on(const Sweep *sweep)
{
	return sweep_from(sweep) != DT_NOEND;
}

/*
 * Going from start to start
 */

/* The day's hours, from its beginning. */
static void
begin_day(Sweep *sweep, Cohort *cohort, TimestampTz starts_at)
{
	const SweepRequest *request = &sweep->request;
	OpenDays *days = request->providers->days;

	MemoryContextReset(cohort->memory);
	cohort->day =
		open_days_day(days, clock_day(&sweep->clock, starts_at), request->mode, cohort->memory);
	for (int i = cohort->first; i < cohort->first + cohort->count; i++)
	{
		Swept *swept = &sweep->swept[i];
		const OpenParts *parts = open_day_parts(days, cohort->day, swept->place);

		swept->parts = parts->parts;
		swept->nparts = swept->is_done ? 0 : parts->count;
		sweep->possible_from[i] =
			swept->nparts == 0
				? DT_NOEND
				: Max(swept->parts->opens, sweep->free_from[i] + request->buffer_before);
	}
}

/* The least of possible_from, but the next day's starts are not known yet. */
static TimestampTz
soonest_possible(const Sweep *sweep, const Cohort *cohort)
{
	TimestampTz soonest = cohort->day->until;

	for (int i = cohort->first; i < cohort->first + cohort->count; i++)
		soonest = Min(soonest, sweep->possible_from[i]);
	return soonest;
}

/*
 * From when on a start may be wanted that does not lie before this one; this
 * one's own time if it is.
 */
static TimestampTz
wanted_from(Sweep *sweep, TimestampTz starts_at)
{
	const StartFilter *filter = &sweep->request.filter;
	DateADT day;
	int64 time;
	bool is_early;
	bool is_late;

	if (starts_at < sweep->not_before)
		return sweep->not_before;
	if (filter->weekdays == 0 && !filter->has_times)
		return starts_at;
	day = clock_day(&sweep->clock, starts_at);
	if (filter->weekdays != 0 && !(filter->weekdays & (1 << weekday_of_day(day))))
		return clock_day_start(&sweep->clock, day + 1);
	if (!filter->has_times || sweep->request.mode == MODE_TOKEN)
		return starts_at;
	time = clock_local(&sweep->clock, starts_at) - (int64) day * USECS_PER_DAY;
	is_early = time < filter->time_from;
	is_late = time >= filter->time_until;
	if (filter->time_from <= filter->time_until ? !is_early && !is_late : !is_early || !is_late)
		return starts_at;
	if (is_early)
		return Max(starts_at + 1,
				   clock_reach(&sweep->clock, (int64) day * USECS_PER_DAY + filter->time_from));
	return clock_day_start(&sweep->clock, day + 1);
}

/* The next start that is not before an instant, and when its visit ends. */
static void
next_start(Sweep *sweep, Cohort *cohort, TimestampTz from)
{
	DateADT day;

	if (sweep->request.mode != MODE_TOKEN)
	{
		grid_seek(&cohort->grid, from);
		cohort->starts_at = grid_next(&cohort->grid);
		cohort->ends_at = cohort->starts_at + cohort->duration;
		return;
	}
	day = clock_day(&sweep->clock, from);
	/* A day that the zone left out is none, and one that has begun is none either. */
	while (clock_day_start(&sweep->clock, day) < from ||
		   clock_day_start(&sweep->clock, day) == clock_day_start(&sweep->clock, day + 1))
		day++;
	cohort->starts_at = clock_day_start(&sweep->clock, day);
	cohort->ends_at = clock_day_start(&sweep->clock, day + 1);
}

static VisitTime
visit_time(const Sweep *sweep, const Cohort *cohort)
{
	const SweepRequest *request = &sweep->request;

	return (VisitTime){request->mode, cohort->starts_at, cohort->ends_at,
					   cohort->starts_at - request->buffer_before,
					   cohort->ends_at + request->buffer_after};
}

/* Could anybody have all that is required besides? */
static bool
pool_suffices(const Sweep *sweep, const Cohort *cohort)
{
	VisitTime time = visit_time(sweep, cohort);

	return pool_visits(sweep->request.pool, NULL, &time, 1) > 0;
}

/*
 * Go to the first start from an instant on that may be free, as far as is known;
 * of the next stretch only to its first start.
 */
static void
seek_start(Sweep *sweep, Cohort *cohort, TimestampTz from)
{
	const SweepRequest *request = &sweep->request;
	TimestampTz wanted;

	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		next_start(sweep, cohort, from);
		if (cohort->starts_at > request->last || cohort->ends_at > request->to)
		{
			cohort->starts_at = DT_NOEND;
			return;
		}
		if (cohort->starts_at >= sweep->stretch_until)
			return;
		if (cohort->day == NULL || cohort->starts_at >= cohort->day->until)
			begin_day(sweep, cohort, cohort->starts_at);
		from = soonest_possible(sweep, cohort);
		if (from > cohort->starts_at)
			continue;
		wanted = wanted_from(sweep, cohort->starts_at);
		if (wanted == cohort->starts_at && pool_suffices(sweep, cohort))
			return;
		sweep->has_skipped = true;
		from = Max(wanted, cohort->starts_at + 1);
	}
}

/*
 * What is found
 */

static int
compare_starts(const void *a, const void *b)
{
	const FreeStart *x = a;
	const FreeStart *y = b;

	if (x->starts_at != y->starts_at)
		return x->starts_at < y->starts_at ? -1 : 1;
	return x->place - y->place;
}

/* Nobody's start, or not this one's, is wanted any more. */
static bool
is_limited(Sweep *sweep, const FreeStart *start)
{
	return start->starts_at < sweep->not_before ||
		   sweep->swept[sweep->swept_of_place[start->place]].is_done;
}

static void
count_start(Sweep *sweep, const FreeStart *start)
{
	const StartFilter *filter = &sweep->request.filter;
	int index = sweep->swept_of_place[start->place];

	sweep->nfound++;
	if (filter->most_of_provider > 0 && ++sweep->swept[index].given >= filter->most_of_provider)
	{
		sweep->swept[index].is_done = true;
		sweep->swept[index].nparts = 0;
		sweep->possible_from[index] = DT_NOEND;
	}
	if (filter->most_of_day == 0)
		return;
	if (start->starts_at >= sweep->day_until)
	{
		DateADT day = clock_day(&sweep->clock, start->starts_at);

		sweep->day_until = clock_day_start(&sweep->clock, day + 1);
		sweep->found_of_day = 0;
	}
	if (++sweep->found_of_day >= filter->most_of_day)
		sweep->not_before = sweep->day_until;
}

/* Hand over what no cohort can find anything before. */
static void
hand_over(Sweep *sweep)
{
	TimestampTz until = DT_NOEND;
	int count = 0;
	int kept = 0;

	if (sweep->npending == 0)
		return;
	for (int i = 0; i < sweep->ncohorts; i++)
		until = Min(until, sweep->cohorts[i].starts_at);
	if (sweep->ncohorts > 1)
		qsort(sweep->pending, sweep->npending, sizeof(FreeStart), compare_starts);
	for (; count < sweep->npending && sweep->pending[count].starts_at < until; count++)
	{
		if (has_enough(sweep) || is_limited(sweep, &sweep->pending[count]))
			continue;
		count_start(sweep, &sweep->pending[count]);
		sweep->request.found(&sweep->pending[count], sweep->request.argument);
	}
	while (count < sweep->npending)
		sweep->pending[kept++] = sweep->pending[count++];
	sweep->npending = kept;
}

static void
add_pending(Sweep *sweep, FreeStart start)
{
	if (sweep->npending == sweep->room)
	{
		Size size;

		sweep->room = Max(2 * sweep->room, 64);
		size = sizeof(FreeStart) * sweep->room;
		sweep->pending = sweep->pending ? repalloc(sweep->pending, size)
										: MemoryContextAlloc(sweep->memory, size);
	}
	sweep->pending[sweep->npending++] = start;
}

/*
 * Deciding
 */

/* Is that provider open and free for the start?  If not, since when may it be another. */
static void
decide_for(Sweep *sweep, const Cohort *cohort, int index)
{
	const SweepRequest *request = &sweep->request;
	Swept *swept = &sweep->swept[index];
	VisitTime time = visit_time(sweep, cohort);
	int32 seats;

	while (swept->nparts > 0 &&
		   (swept->parts->until <= cohort->starts_at || swept->parts->closes < cohort->ends_at))
	{
		swept->parts++;
		swept->nparts--;
	}
	if (swept->nparts == 0)
	{
		sweep->possible_from[index] = DT_NOEND;
		return;
	}
	if (swept->parts->opens > cohort->starts_at)
	{
		sweep->possible_from[index] = swept->parts->opens;
		return;
	}
	seats = swept->parts->seats;
	if (swept->claims)
		seats = claims_free_seats(swept->claims, seats, time.claim_from, time.claim_to);
	/* Of one seat it is known already that the pool suffices, unless the provider is in it. */
	if (seats > 1 || (seats == 1 && sweep->pool_has_providers))
		seats = pool_visits(request->pool, &request->providers->ids[swept->place], &time, seats);
	if (seats > 0)
		add_pending(sweep, (FreeStart){swept->place, cohort->starts_at, cohort->ends_at, seats});
}

/* With one cohort, more at one start than are wanted in all need not be found. */
static uint64
most_at_once(const Sweep *sweep)
{
	if (sweep->ncohorts > 1 || sweep->request.most == 0)
		return PG_UINT64_MAX;
	return sweep->request.most - sweep->nfound;
}

static void
decide_start(Sweep *sweep, Cohort *cohort)
{
	TimestampTz starts_at = cohort->starts_at;
	uint64 most = most_at_once(sweep);
	int end = cohort->first + cohort->count;

	for (int i = cohort->first; i < end && (uint64) sweep->npending < most; i++)
		if (sweep->possible_from[i] <= starts_at)
			decide_for(sweep, cohort, i);
	cohort->starts_at = starts_at + 1;
	hand_over(sweep);
	if (!has_enough(sweep))
		seek_start(sweep, cohort, starts_at + 1);
}

/* When the cohort's start is decided by a claim that begins then or later. */
static TimestampTz
decision(const Sweep *sweep, const Cohort *cohort)
{
	if (has_enough(sweep) || cohort->starts_at >= sweep->stretch_until ||
		cohort->starts_at == DT_NOEND)
		return DT_NOEND;
	return cohort->ends_at + sweep->request.buffer_after;
}

/*
 * All claims that begin before an instant have come: decide what is not in the
 * way of any that begins then or later.
 */
static void
decide(Sweep *sweep, TimestampTz until)
{
	for (int i = 0; i < sweep->ncohorts; i++)
	{
		Cohort *cohort = &sweep->cohorts[i];
		TimestampTz at;

		while ((at = decision(sweep, cohort)) != DT_NOEND && at <= until)
		{
			CHECK_FOR_INTERRUPTS();
			decide_start(sweep, cohort);
		}
	}
	hand_over(sweep);
	sweep->decides_at = DT_NOEND;
	for (int i = 0; i < sweep->ncohorts; i++)
		sweep->decides_at = Min(sweep->decides_at, decision(sweep, &sweep->cohorts[i]));
}

void
sweep_open_stretch(Sweep *sweep, TimestampTz until)
{
	sweep->stretch_until = until;
	for (int i = 0; i < sweep->ncohorts; i++)
		if (sweep->cohorts[i].starts_at != DT_NOEND)
			seek_start(sweep, &sweep->cohorts[i], sweep->cohorts[i].starts_at);
	hand_over(sweep);
}

TimestampTz
sweep_claims_from(const Sweep *sweep)
{
	return sweep_from(sweep) - sweep->request.buffer_before;
}

TimestampTz
sweep_claims_to(const Sweep *sweep)
{
	const SweepRequest *request = &sweep->request;
	TimestampTz last = Min(sweep->stretch_until - 1, request->last);
	/* A token lasts its day. */
	int64 longest = request->mode == MODE_TOKEN ? LONGEST_CLAIM : sweep->longest;

	return Min(last + longest, request->to) + request->buffer_after;
}

void
sweep_claims_begin(Sweep *sweep)
{
	for (int i = 0; sweep->has_several_seats && i < sweep->nswept; i++)
		if (sweep->swept[i].claims)
			sweep->swept[i].claims->count = 0;
	sweep->has_skipped = false;
	sweep->in_any_order = false;
	decide(sweep, DT_NOBEGIN);
}

void
sweep_claims_in_any_order(Sweep *sweep)
{
	sweep->in_any_order = true;
	sweep->decides_at = DT_NOEND;
}

static void
add_claim(Sweep *sweep, Swept *swept, const TakenSeat *claim)
{
	ClaimSweep *claims = swept->claims;

	if (claims->count == swept->room)
	{
		Size size;

		swept->room = Max(2 * swept->room, 16);
		size = sizeof(TakenSeat) * swept->room;
		claims->claims = claims->claims ? repalloc(claims->claims, size)
										: MemoryContextAlloc(sweep->memory, size);
	}
	claims->claims[claims->count++] = *claim;
	claims->longest = Max(claims->longest, claim->ends_at - claim->starts_at);
}

/* Is there nothing to be learnt from the claims that follow, for long enough or at all? */
static bool
is_worth_leaving_out(const Sweep *sweep, TimestampTz starts_at)
{
	TimestampTz next;

	if (sweep->decides_at == DT_NOEND)
		return true;
	if (!sweep->has_skipped)
		return false;
	next = sweep_claims_from(sweep) - sweep->request.longest_claim;
	return next - starts_at > WORTH_LEAVING_OUT;
}

/*
 * Who among those swept that is; -1 if nobody.  Claims that begin together come
 * in the order of ids, and where nearly all are busy, of everybody: so the next
 * is a good guess.
 */
static int
find_swept(Sweep *sweep, const pg_uuid_t *resource)
{
	const ClinicProviders *providers = sweep->request.providers;
	int place = providers->next[sweep->last_place];

	if (!is_provider_at(providers, place, resource))
		place = provider_place(providers, resource);
	if (place < 0)
		return -1;
	sweep->last_place = place;
	return sweep->swept_of_place[place];
}

bool
sweep_claim(Sweep *sweep, const pg_uuid_t *resource, const TakenSeat *claim)
{
	int index;

	if (claim->starts_at >= sweep->decides_at)
	{
		decide(sweep, claim->starts_at);
		if (is_worth_leaving_out(sweep, claim->starts_at))
			return false;
	}
	index = find_swept(sweep, resource);
	if (index < 0)
		return true;
	if (sweep->has_several_seats && sweep->swept[index].claims)
		add_claim(sweep, &sweep->swept[index], claim);
	else if (claim->seat == 1 && claim->ends_at > sweep->free_from[index])
	{
		sweep->free_from[index] = claim->ends_at;
		sweep->possible_from[index] =
			Max(sweep->possible_from[index], claim->ends_at + sweep->request.buffer_before);
	}
	return true;
}

void
sweep_claims_end(Sweep *sweep)
{
	for (int i = 0; sweep->in_any_order && i < sweep->nswept; i++)
		if (sweep->swept[i].claims)
			claims_sort(sweep->swept[i].claims);
	decide(sweep, DT_NOEND - 1);
}

TimestampTz
sweep_first_start(const SweepRequest *request)
{
	OpenDays *days = request->providers->days;
	Sweep sweep = {.request = *request, .not_before = DT_NOBEGIN};
	Cohort cohort = {.grid = start_grid(request->zone, request->step)};
	TimestampTz from = request->from;
	MemoryContext memory = AllocSetContextCreate(CurrentMemoryContext, "clinic_sched first day",
												 ALLOCSET_START_SMALL_SIZES);

	sweep.clock = civil_clock(request->zone);
	do
	{
		DateADT day;
		OpenDay *open_day;

		CHECK_FOR_INTERRUPTS();
		next_start(&sweep, &cohort, from);
		if (cohort.starts_at > request->last)
			break;
		day = clock_day(&sweep.clock, cohort.starts_at);
		MemoryContextReset(memory);
		open_day = open_days_day(days, day, request->mode, memory);
		from = open_day_first(days, open_day, cohort.starts_at);
		if (from == DT_NOEND)
			from = open_day->until;
		else if (from == cohort.starts_at)
			from = wanted_from(&sweep, cohort.starts_at);
	} while (from > cohort.starts_at);
	MemoryContextDelete(memory);
	return cohort.starts_at > request->last ? DT_NOEND : cohort.starts_at;
}
