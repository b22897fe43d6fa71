/*
 * proposal.c
 *		Hours and closures that somebody thinks of.
 */
#include "postgres.h"

#include "availability/proposal.h"
#include "miscadmin.h"

/*
 * What starts so many days before a day can go into it: a visit lasts at most 26
 * hours.  What belongs to a day goes on for less than one more.
 */
#define DAYS_BEFORE 2
#define DAYS_AFTER 1

/* Of one level, the first rota that holds on a day is asked. */
static void
put_rota_first(OpeningRules *rules, const Rota *rota)
{
	Rota *rotas = palloc(sizeof(Rota) * (rules->nrotas + 1));

	rotas[0] = *rota;
	for (int i = 0; i < rules->nrotas; i++)
		rotas[i + 1] = rules->rotas[i];
	rules->nrotas++;
	rules->rotas = rotas;
}

static void
add_closure(OpeningRules *rules, const Closure *closure)
{
	Closure *closures = palloc(sizeof(Closure) * (rules->nclosures + 1));

	for (int i = 0; i < rules->nclosures; i++)
		closures[i] = rules->closures[i];
	closures[rules->nclosures++] = *closure;
	rules->closures = closures;
}

Opening
opening_proposed(const Opening *opening, const Proposal *proposal)
{
	Opening proposed = *opening;
	OpeningRules *rules = proposal->of_clinic ? &proposed.clinic : &proposed.own;

	if (proposal->has_rota)
		put_rota_first(rules, &proposal->rota);
	if (proposal->has_closure)
		add_closure(rules, &proposal->closure);
	return proposed;
}

/* Does the resource ask rotas of that level? */
static bool
follows_rota(const Opening *opening, bool of_clinic)
{
	return !of_clinic || (opening->clinic.hours && opening->own.hours == NULL);
}

typedef struct DayMarks
{
	DateADT first;
	DateADT end;
	CivilClock clock;
	bool *days;
} DayMarks;

/* Mark [first, end) and the days about it; they may be infinite. */
static void
mark_days(DayMarks *marks, DateADT first, DateADT end)
{
	int64 from = Max((int64) first - DAYS_BEFORE, marks->first);
	int64 until = Min((int64) end + DAYS_AFTER, marks->end);

	for (int64 day = from; day < until; day++)
		marks->days[day - marks->first] = true;
}

static void
mark_instants(DayMarks *marks, TimestampTz from, TimestampTz to)
{
	if (from < to)
		mark_days(marks, clock_day(&marks->clock, from), clock_day(&marks->clock, to - 1) + 1);
}

static void
mark_closure(DayMarks *marks, const Closure *closure, pg_tz *zone)
{
	TimestampTz from = clock_day_start(&marks->clock, marks->first - DAYS_AFTER);
	TimestampTz to = clock_day_start(&marks->clock, marks->end + DAYS_BEFORE);
	ClosureScan scan;
	OpenInterval found;

	if (closure->rule == NULL)
	{
		mark_instants(marks, Max(closure->from, from), Min(closure->to, to));
		return;
	}
	closure_begin(&scan, closure, zone, from, to);
	while (closure_next(&scan, &found))
	{
		CHECK_FOR_INTERRUPTS();
		mark_instants(marks, Max(found.opens, from), Min(found.closes, to));
	}
}

bool *
proposal_days(const Proposal *proposal, const Opening *opening, DateADT first, DateADT end)
{
	DayMarks marks = {first, end, civil_clock(opening->zone), palloc0(Max(end - first, 1))};
	pg_tz *zone = proposal->of_clinic ? opening->clinic_zone : opening->zone;

	if (proposal->has_rota && follows_rota(opening, proposal->of_clinic))
		mark_days(&marks, proposal->rota.from, proposal->rota.until);
	if (proposal->has_closure)
		mark_closure(&marks, &proposal->closure, zone);
	return marks.days;
}

/* The day of an instant that may be infinite. */
static DateADT
day_of(CivilClock *clock, TimestampTz instant)
{
	if (TIMESTAMP_IS_NOBEGIN(instant))
		return DATEVAL_NOBEGIN;
	if (TIMESTAMP_IS_NOEND(instant))
		return DATEVAL_NOEND;
	return clock_day(clock, instant);
}

void
proposal_bounds(const Proposal *proposal, CivilClock *clock, DateADT *first, DateADT *end)
{
	*first = DATEVAL_NOEND;
	*end = DATEVAL_NOBEGIN;
	if (proposal->has_rota)
	{
		*first = proposal->rota.from;
		*end = proposal->rota.until;
	}
	if (proposal->has_closure)
	{
		const Closure *closure = &proposal->closure;
		TimestampTz last = closure->rule ? DT_NOEND : closure->to;

		*first = Min(*first, day_of(clock, closure->from));
		*end = Max(*end, TIMESTAMP_NOT_FINITE(last) ? DATEVAL_NOEND : day_of(clock, last - 1) + 1);
	}
}
