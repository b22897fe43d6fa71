/*
 * opening.c
 *		When a resource takes visits.
 *
 * The weekly hours of each civil day are turned into instants one day after the
 * other, because another rota may hold on the next; then special openings are
 * added and, last, closures taken away.
 */
#include "postgres.h"

#include "availability/opening.h"
#include "civil/civil.h"
#include "miscadmin.h"

static const Rota *
rota_of_day(const OpeningRules *rules, DateADT day)
{
	for (int i = 0; i < rules->nrotas; i++)
		if (rules->rotas[i].from <= day && day < rules->rotas[i].until)
			return &rules->rotas[i];
	return NULL;
}

static const DayCapacity *
capacity_of_day(const Opening *opening, DateADT day)
{
	int low = 0;
	int high = opening->ndays;

	while (low < high)
	{
		int middle = low + (high - low) / 2;

		if (opening->days[middle].day < day)
			low = middle + 1;
		else
			high = middle;
	}
	return low < opening->ndays && opening->days[low].day == day ? &opening->days[low] : NULL;
}

OpeningDay
opening_day(const Opening *opening, DateADT day)
{
	OpeningDay rule = {opening->clinic.hours, true, opening->mode, opening->seats};
	const Rota *own = rota_of_day(&opening->own, day);
	const Rota *rota = own;
	const DayCapacity *capacity = capacity_of_day(opening, day);

	if (rota == NULL && opening->own.hours == NULL && opening->clinic.hours)
		rota = rota_of_day(&opening->clinic, day);
	if (rota)
		rule.weekly = rota->weekly;
	else if (opening->own.hours)
		rule.weekly = opening->own.hours;
	if (rota && rota->has_mode)
		rule.mode = rota->mode;
	if (own && own->seats)
		rule.seats = own->seats;
	else if (rota && rota->seats)
		rule.seats = rota->seats;
	if (capacity)
		rule.available = capacity->available;
	if (capacity && capacity->seats)
		rule.seats = capacity->seats;
	return rule;
}

/* Until when the hours of the day before go on in a day; its start if they do not. */
static TimestampTz
night_end(const Opening *opening, CivilClock *clock, DateADT day)
{
	OpeningDay before = opening_day(opening, day - 1);
	TimestampTz end = clock_day_start(clock, day);
	DayHoursScan scan;
	LocalInterval open;

	if (before.weekly == NULL)
		return end;
	day_hours_begin(&scan, before.weekly, day - 1);
	while (day_hours_next(&scan, &open))
		if (open.closes > (Timestamp) day * USECS_PER_DAY)
			end = clock_reach(clock, open.closes);
	return end;
}

OpeningDay
opening_day_at(const Opening *opening, VisitMode mode, TimestampTz instant)
{
	CivilClock clock = civil_clock(opening->zone);
	DateADT day = clock_day(&clock, instant);

	if (mode != MODE_TOKEN && instant < night_end(opening, &clock, day))
		day--;
	return opening_day(opening, day);
}

void
opening_day_bounds(const Opening *opening, DateADT day, TimestampTz *from, TimestampTz *to)
{
	CivilClock clock = civil_clock(opening->zone);

	*from = clock_day_start(&clock, day);
	*to = night_end(opening, &clock, day + 1);
}

/*
 * Lists of intervals that are being made
 */

static void
append(IntervalList *list, TimestampTz opens, TimestampTz closes)
{
	if (opens >= closes)
		return;
	if (list->count > 0 && list->intervals[list->count - 1].closes >= opens)
	{
		OpenInterval *last = &list->intervals[list->count - 1];

		last->closes = Max(last->closes, closes);
		return;
	}
	if (list->count == list->room)
	{
		list->room *= 2;
		list->intervals = repalloc(list->intervals, sizeof(OpenInterval) * list->room);
	}
	list->intervals[list->count++] = (OpenInterval){opens, closes};
}

static IntervalList
empty_list(int room)
{
	IntervalList list = {0, Max(room, 4), NULL};

	list.intervals = palloc(sizeof(OpenInterval) * list.room);
	return list;
}

static void
append_day(IntervalList *list, CivilClock *clock, const OpeningDay *rule, DateADT day,
		   TimestampTz from, TimestampTz to)
{
	DayHoursScan scan;
	LocalInterval open;

	if (rule->weekly == NULL)
	{
		append(list, Max(clock_day_start(clock, day), from),
			   Min(clock_day_start(clock, day + 1), to));
		return;
	}
	day_hours_begin(&scan, rule->weekly, day);
	while (day_hours_next(&scan, &open))
	{
		TimestampTz opens = clock_reach(clock, open.opens);
		TimestampTz closes = clock_reach(clock, open.closes);

		append(list, Max(opens, from), Min(closes, to));
	}
}

/*
 * The weekly hours of each day.  Two days' hours can overlap, where a night that
 * begins under one rota meets an early morning under the next; append() merges
 * them, as each day's begin no earlier than the last day's.
 */
static IntervalList
weekly_intervals(const Opening *opening, TimestampTz from, TimestampTz to, bool absent_too)
{
	CivilClock clock = civil_clock(opening->zone);
	IntervalList list = empty_list(8);
	DateADT last = clock_day(&clock, to - 1);

	for (DateADT day = clock_day(&clock, from) - 1; day <= last; day++)
	{
		OpeningDay rule = opening_day(opening, day);

		CHECK_FOR_INTERRUPTS();
		if (rule.available || absent_too)
			append_day(&list, &clock, &rule, day, from, to);
	}
	return list;
}

static int
compare_intervals(const void *a, const void *b)
{
	TimestampTz opens_a = ((const OpenInterval *) a)->opens;
	TimestampTz opens_b = ((const OpenInterval *) b)->opens;

	return (opens_a > opens_b) - (opens_a < opens_b);
}

/* In any order. */
static void
add_part(IntervalList *list, OpenInterval part)
{
	if (part.opens >= part.closes)
		return;
	if (list->room == 0)
		*list = empty_list(4);
	if (list->count == list->room)
	{
		list->room *= 2;
		list->intervals = repalloc(list->intervals, sizeof(OpenInterval) * list->room);
	}
	list->intervals[list->count++] = part;
}

/* What closures of one kind that have a rule come to within [from, to). */
static IntervalList
recurring_intervals(const OpeningRules *rules, pg_tz *zone, bool open, TimestampTz from,
					TimestampTz to)
{
	IntervalList list = {0};
	ClosureScan scan;
	OpenInterval found;

	for (int i = 0; i < rules->nclosures; i++)
	{
		const Closure *closure = &rules->closures[i];

		if (closure->rule == NULL || closure->is_open != open || closure->from >= to)
			continue;
		closure_begin(&scan, closure, zone, from, to);
		while (closure_next(&scan, &found))
			add_part(&list, (OpenInterval){Max(found.opens, from), Min(found.closes, to)});
	}
	return list;
}

static RecurringClosures
recurring_closures(const Opening *opening, bool open, TimestampTz from, TimestampTz to)
{
	return (RecurringClosures){
		.own = recurring_intervals(&opening->own, opening->zone, open, from, to),
		.clinic = recurring_intervals(&opening->clinic, opening->clinic_zone, open, from, to),
	};
}

/* The closures of one kind within [from, to), in order and merged. */
static IntervalList
closure_intervals(const Opening *opening, bool open, const RecurringClosures *recurring,
				  TimestampTz from, TimestampTz to)
{
	const OpeningRules *const rules[] = {&opening->own, &opening->clinic};
	const IntervalList *const lists[] = {&recurring->own, &recurring->clinic};
	IntervalList found = empty_list(4);
	IntervalList merged;

	for (size_t i = 0; i < lengthof(rules); i++)
	{
		for (int j = 0; j < rules[i]->nclosures; j++)
		{
			const Closure *closure = &rules[i]->closures[j];

			if (closure->is_open == open && closure->rule == NULL)
				add_part(&found, (OpenInterval){Max(closure->from, from), Min(closure->to, to)});
		}
		for (int j = 0; j < lists[i]->count; j++)
			add_part(&found, lists[i]->intervals[j]);
	}
	if (found.count < 2)
		return found;
	qsort(found.intervals, found.count, sizeof(OpenInterval), compare_intervals);
	merged = empty_list(found.count);
	for (int i = 0; i < found.count; i++)
		append(&merged, found.intervals[i].opens, found.intervals[i].closes);
	return merged;
}

static IntervalList
added(const IntervalList *a, const IntervalList *b)
{
	IntervalList sum = empty_list(a->count + b->count);
	int i = 0;
	int j = 0;

	while (i < a->count || j < b->count)
	{
		bool take_a =
			j == b->count || (i < a->count && a->intervals[i].opens <= b->intervals[j].opens);
		const OpenInterval *next = take_a ? &a->intervals[i++] : &b->intervals[j++];

		append(&sum, next->opens, next->closes);
	}
	return sum;
}

static IntervalList
without(const IntervalList *a, const IntervalList *b)
{
	IntervalList rest = empty_list(a->count + b->count);
	int j = 0;

	for (int i = 0; i < a->count; i++)
	{
		TimestampTz opens = a->intervals[i].opens;
		TimestampTz closes = a->intervals[i].closes;

		while (j < b->count && b->intervals[j].closes <= opens)
			j++;
		for (int k = j; k < b->count && b->intervals[k].opens < closes; k++)
		{
			append(&rest, opens, b->intervals[k].opens);
			opens = Max(opens, b->intervals[k].closes);
		}
		append(&rest, opens, closes);
	}
	return rest;
}

static IntervalList
weekly_and_special_intervals(const Opening *opening, TimestampTz from, TimestampTz to,
							 bool absent_too)
{
	RecurringClosures recurring;
	IntervalList weekly;
	IntervalList special;

	if (from >= to)
		return empty_list(0);
	weekly = weekly_intervals(opening, from, to, absent_too);
	recurring = recurring_closures(opening, true, from, to);
	special = closure_intervals(opening, true, &recurring, from, to);
	return special.count > 0 ? added(&weekly, &special) : weekly;
}

static void
set_times(OpenTimes *times, const Opening *opening, IntervalList list)
{
	times->opening = opening;
	times->clock = civil_clock(opening->zone);
	times->day = DATEVAL_NOBEGIN;
	times->recurring = (RecurringClosures){0};
	times->count = list.count;
	times->intervals = list.intervals;
}

void
open_times(OpenTimes *times, const Opening *opening, TimestampTz from, TimestampTz to)
{
	IntervalList open = weekly_and_special_intervals(opening, from, to, false);
	RecurringClosures recurring = recurring_closures(opening, false, from, to);
	IntervalList closed = closure_intervals(opening, false, &recurring, from, to);

	set_times(times, opening, closed.count > 0 ? without(&open, &closed) : open);
	times->recurring = recurring;
}

void
listed_times(OpenTimes *times, const Opening *opening, TimestampTz from, TimestampTz to)
{
	set_times(times, opening, weekly_and_special_intervals(opening, from, to, true));
}

/* The first interval that closes after an instant; count if there is none. */
static int
first_closing_after(const OpenTimes *times, TimestampTz instant)
{
	int low = 0;
	int high = times->count;

	while (low < high)
	{
		int middle = low + (high - low) / 2;

		if (times->intervals[middle].closes <= instant)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
is_closed_in(const OpeningRules *rules, const IntervalList *recurring, TimestampTz from,
			 TimestampTz to)
{
	for (int i = 0; i < rules->nclosures; i++)
		if (!rules->closures[i].is_open && rules->closures[i].rule == NULL &&
			rules->closures[i].from < to && rules->closures[i].to > from)
			return true;
	for (int i = 0; i < recurring->count; i++)
		if (recurring->intervals[i].opens < to && recurring->intervals[i].closes > from)
			return true;
	return false;
}

/* Timed visits need all of their time; a token is for some time of its day. */
static bool
fits(const OpenTimes *times, VisitMode mode, TimestampTz starts_at, TimestampTz ends_at)
{
	int found = first_closing_after(times, starts_at);
	const OpenInterval *open = found < times->count ? &times->intervals[found] : NULL;

	if (open == NULL)
		return false;
	return mode == MODE_TOKEN ? open->opens < ends_at
							  : open->opens <= starts_at && ends_at <= open->closes;
}

/* Find the civil day of an instant, and until when the one before goes on in it. */
static void
find_day(OpenTimes *times, TimestampTz instant)
{
	DateADT day = clock_day(&times->clock, instant);

	if (day == times->day)
		return;
	times->night_end = night_end(times->opening, &times->clock, day);
	times->day = day;
}

OpeningDay
open_times_day(OpenTimes *times, VisitMode mode, TimestampTz instant)
{
	bool night;

	find_day(times, instant);
	night = mode != MODE_TOKEN && instant < times->night_end;
	return opening_day(times->opening, night ? times->day - 1 : times->day);
}

TimestampTz
open_times_day_end(OpenTimes *times, TimestampTz instant)
{
	find_day(times, instant);
	return instant < times->night_end ? times->night_end
									  : clock_day_start(&times->clock, times->day + 1);
}

Reason
opening_refusal(OpenTimes *times, VisitMode mode, TimestampTz starts_at, TimestampTz ends_at)
{
	if (fits(times, mode, starts_at, ends_at))
		return REASON_NONE;
	if (is_closed_in(&times->opening->clinic, &times->recurring.clinic, starts_at, ends_at))
		return REASON_CLINIC_CLOSED;
	if (is_closed_in(&times->opening->own, &times->recurring.own, starts_at, ends_at) ||
		!open_times_day(times, mode, starts_at).available)
		return REASON_PROVIDER_ABSENT;
	return REASON_OUTSIDE_HOURS;
}
