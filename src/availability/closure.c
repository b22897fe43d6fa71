/*
 * closure.c
 *		When closures close, or open, as often as a rule says.
 *
 * The first occurrence is given as instants.  What the clocks show at its start
 * is the rule's DTSTART, and what they show at its end less that is how long each
 * occurrence lasts: by the wall clock, so that 09:00 to 10:00 stays that.
 *
 * An occurrence begins when RFC 5545 has it begin: where the clocks skip its
 * time, that much after the gap, with all of its length then.  It ends when the
 * clocks first show its end or a later time.  One of whole civil days, however,
 * is those days from the first instant to the last, and is not there where the
 * zone left them out.
 */
#include "postgres.h"

#include "availability/closure.h"

/* The most that clocks were ever put forward or back. */
#define LONGEST_STEP USECS_PER_DAY

/* Find out what recurs, and how long it lasts; DTSTART is returned. */
static Timestamp
measure(ClosureScan *scan, const Closure *closure)
{
	DateADT first = clock_day(&scan->clock, closure->from);
	bool from_day = clock_day_start(&scan->clock, first) == closure->from;
	Timestamp from = clock_local(&scan->clock, closure->from);
	DateADT end = clock_day(&scan->clock, closure->to);
	bool to_day = clock_day_start(&scan->clock, end) == closure->to;

	scan->whole_days = from_day && to_day;
	if (scan->whole_days)
	{
		scan->length = (int64) (end - first) * USECS_PER_DAY;
		return (Timestamp) first * USECS_PER_DAY;
	}
	scan->length = clock_local(&scan->clock, closure->to) - from;
	return from;
}

static void
prepare(ClosureScan *scan, const Closure *closure, pg_tz *zone)
{
	Timestamp dtstart;

	scan->closure = closure;
	scan->clock = civil_clock(zone);
	dtstart = measure(scan, closure);
	zoned_prepare(&scan->recurrence, closure->rule, dtstart, zone);
}

void
closure_begin(ClosureScan *scan, const Closure *closure, pg_tz *zone, TimestampTz from,
			  TimestampTz to)
{
	Recurrence *local = &scan->recurrence.local;
	Timestamp earliest;
	Timestamp latest;

	prepare(scan, closure, zone);
	earliest = clock_local(&scan->clock, from) - scan->length - LONGEST_STEP;
	latest = clock_local(&scan->clock, to) + LONGEST_STEP;
	occurrences_begin(&scan->occurrences, local, recurrence_second_from(local, earliest));
	scan->occurrences.last = Min(scan->occurrences.last, recurrence_second_until(local, latest));
}

/* The next occurrence, and the instant at which RFC 5545 has it begin. */
static bool
next_occurrence_of(ClosureScan *scan, TimestampTz *instant, OpenInterval *occurrence)
{
	int64 second;

	while (occurrences_next(&scan->occurrences, &second))
	{
		Timestamp local = recurrence_timestamp(&scan->recurrence.local, second);

		*instant = clock_instant(&scan->clock, local);
		if (*instant > scan->recurrence.until)
			continue;
		occurrence->opens = scan->whole_days ? clock_reach(&scan->clock, local) : *instant;
		if (!scan->whole_days)
			local = clock_local(&scan->clock, *instant);
		occurrence->closes = clock_reach(&scan->clock, local + scan->length);
		if (occurrence->opens < occurrence->closes)
			return true;
	}
	return false;
}

static bool
is_called_off(const Closure *closure, TimestampTz instant)
{
	for (int i = 0; i < closure->nexdates; i++)
		if (closure->exdates[i] == instant)
			return true;
	return false;
}

bool
closure_next(ClosureScan *scan, OpenInterval *occurrence)
{
	TimestampTz instant;

	while (next_occurrence_of(scan, &instant, occurrence))
		if (!is_called_off(scan->closure, instant))
			return true;
	return false;
}

ClosureFault
closure_fault(const Closure *closure, pg_tz *zone, OpenInterval *first)
{
	ClosureScan scan;
	Recurrence *local = &scan.recurrence.local;
	TimestampTz instant;

	prepare(&scan, closure, zone);
	if (scan.length <= 0)
		return CLOSURE_NO_LENGTH;
	if (scan.length > LONGEST_CLOSURE_DAYS * USECS_PER_DAY)
		return CLOSURE_TOO_LONG;
	if (local->unit_seconds < SECS_PER_DAY || local->time_count > 1)
		return CLOSURE_TOO_FREQUENT;
	occurrences_begin(&scan.occurrences, local, local->start);
	if (!next_occurrence_of(&scan, &instant, first))
		return CLOSURE_NEVER;
	return first->opens == closure->from && first->closes == closure->to ? CLOSURE_RIGHT
																		 : CLOSURE_NOT_FIRST;
}
