/*
 * rrule_zone.c
 *		The occurrences of a recurrence rule as instants of a time zone.
 *
 * Each occurrence has its nominal local time, which the rule makes, and is the
 * instant that civil.c reads it as (RFC 5545 section 3.3.10, erratum 4271): the
 * first of two; and where the clocks skip it, that much after the gap.  So a
 * skipped time counts as an occurrence, and the next one has forgotten it.
 *
 * Instants follow the order of local times but for those that are skipped, which
 * pass the times after the gap: 02:45 becomes 03:45, after 03:00, and 02:30 may
 * become the same instant as 03:30.  They wait in a list of their own until
 * their turn comes, and an instant is given once.
 *
 * So an instant has no one local time before which all is earlier and after which
 * all is later.  Near a change there are two: what the clocks show with the
 * offset, and what they would with the offset before.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "recurrence/rrule_count.h"
#include "recurrence/rrule_zone.h"

/*
 * A change moves nothing by more; see civil.c for the offsets that a zone may
 * have.
 */
#define LONGEST_CHANGE (16 * USECS_PER_DAY)

/* Instants are brought into these bounds before a clock is asked: all that occurs is within. */
#define FIRST_INSTANT (FIRST_CALENDAR_SECOND * USECS_PER_SEC - LONGEST_CHANGE)
#define LAST_INSTANT (LAST_CALENDAR_SECOND * USECS_PER_SEC + LONGEST_CHANGE)

/* Every local time before `low` is read as an earlier instant, none from `high` on. */
typedef struct LocalBounds
{
	Timestamp low;
	Timestamp high;
	bool near_change;
	CivilClock before; /* the stretch before the change */
} LocalBounds;

static LocalBounds local_bounds(CivilClock *clock, TimestampTz instant);
static bool peek_made(ZonedScan *scan, TimestampTz *instant);
static void take_made(ZonedScan *scan);
static void append(InstantList *list, TimestampTz instant);
static InstantList sorted_list(const TimestampTz *instants, int count);
static int64 count_collisions(ZonedRecurrence *recurrence, TimestampTz end);

void
zoned_prepare(ZonedRecurrence *recurrence, const RRule *rule, Timestamp dtstart, pg_tz *zone)
{
	recurrence_prepare(&recurrence->local, rule, dtstart);
	recurrence->clock = civil_clock(zone);
	recurrence->until = DT_NOEND;
	if (rule->until_kind == RRULE_UNTIL_UTC)
	{
		int64 last;

		recurrence->until = rule->until;
		last = recurrence_second_until(
			&recurrence->local, local_bounds(&recurrence->clock, recurrence->until + 1).high - 1);
		recurrence->local.last = Min(last, LAST_CALENDAR_SECOND);
	}
}

/* -------------------------------------------------------------------------
 * walking over the occurrences
 * -------------------------------------------------------------------------
 */

void
zoned_begin(ZonedScan *scan, ZonedRecurrence *recurrence, TimestampTz from, TimestampTz to)
{
	int64 first = FIRST_CALENDAR_SECOND;

	scan->recurrence = recurrence;
	scan->from = from;
	scan->to = to;
	scan->passed = from - (TIMESTAMP_IS_NOBEGIN(from) ? 0 : 1);
	scan->simple = true;
	scan->has_next = false;
	scan->moved = (InstantList){0};
	scan->added = (InstantList){0};
	scan->excluded = (InstantList){0};

	if (from > FIRST_INSTANT)
		first =
			recurrence_second_from(&recurrence->local, local_bounds(&recurrence->clock, from).low);
	occurrences_begin(&scan->local, &recurrence->local, first);
	if (to < LAST_INSTANT)
	{
		int64 last = recurrence_second_until(&recurrence->local,
											 local_bounds(&recurrence->clock, to).high - 1);

		scan->local.last = Min(scan->local.last, last);
	}
	scan->clock = recurrence->clock;
}

/*
 * What nearly all come to: the next one of the rule, when nothing else waits.
 * False when there is none, or it is not that simple any more.
 */
static bool
next_in_order(ZonedScan *scan, TimestampTz *instant)
{
	const ZonedRecurrence *recurrence = scan->recurrence;
	int64 second;

	while (scan->simple && occurrences_next(&scan->local, &second))
	{
		TimestampTz next =
			clock_instant(&scan->clock, recurrence_timestamp(&recurrence->local, second));

		if (next > recurrence->until)
			continue;
		if (next >= scan->clock.to)
		{
			append(&scan->moved, next);
			scan->simple = false;
		}
		else if (next > scan->passed && next < scan->to)
		{
			scan->passed = next;
			*instant = next;
			return true;
		}
	}
	return false;
}

bool
zoned_next(ZonedScan *scan, TimestampTz *instant)
{
	if (next_in_order(scan, instant))
		return true;
	for (;;)
	{
		TimestampTz next;
		bool made = peek_made(scan, &next);
		InstantList *added = &scan->added;
		InstantList *excluded = &scan->excluded;

		if (added->at < added->count && (!made || added->instants[added->at] < next))
			next = added->instants[added->at++];
		else if (made)
			take_made(scan);
		else
			return false;

		if (next <= scan->passed)
			continue;
		if (next >= scan->to)
			return false;
		scan->passed = next;
		while (excluded->at < excluded->count && excluded->instants[excluded->at] < next)
			excluded->at++;
		if (excluded->at < excluded->count && excluded->instants[excluded->at] == next)
			continue;
		*instant = next;
		return true;
	}
}

/* May more of the skipped times come before those that wait? */
static bool
moved_settled(const InstantList *moved)
{
	return moved->at < moved->count &&
		   moved->instants[moved->count - 1] - moved->instants[moved->at] >= LONGEST_CHANGE;
}

/* What the rule makes next. */
static bool
peek_made(ZonedScan *scan, TimestampTz *instant)
{
	const ZonedRecurrence *recurrence = scan->recurrence;
	const InstantList *moved = &scan->moved;
	int64 second;

	while (!scan->has_next && !moved_settled(moved) && occurrences_next(&scan->local, &second))
	{
		TimestampTz next =
			clock_instant(&scan->clock, recurrence_timestamp(&recurrence->local, second));

		if (next > recurrence->until)
			continue;
		if (next >= scan->clock.to)
			append(&scan->moved, next);
		else
		{
			scan->has_next = true;
			scan->next = next;
		}
	}
	*instant = scan->next;
	if (moved->at == moved->count)
		return scan->has_next;
	if (!scan->has_next || moved->instants[moved->at] < scan->next)
		*instant = moved->instants[moved->at];
	return true;
}

/* That one has been taken. */
static void
take_made(ZonedScan *scan)
{
	InstantList *moved = &scan->moved;

	if (moved->at == moved->count || (scan->has_next && scan->next <= moved->instants[moved->at]))
		scan->has_next = false;
	else
		moved->at++;
	if (moved->at == moved->count)
		moved->at = moved->count = 0;
	scan->simple =
		!scan->has_next && moved->count == 0 && scan->added.count == 0 && scan->excluded.count == 0;
}

static void
append(InstantList *list, TimestampTz instant)
{
	if (list->count == list->room)
	{
		list->room = Max(16, list->room * 2);
		list->instants = list->instants == NULL
							 ? palloc(list->room * sizeof(TimestampTz))
							 : repalloc(list->instants, list->room * sizeof(TimestampTz));
	}
	list->instants[list->count++] = instant;
}

void
zoned_add(ZonedScan *scan, const TimestampTz *instants, int count)
{
	scan->added = sorted_list(instants, count);
	scan->simple = false;
}

void
zoned_exclude(ZonedScan *scan, const TimestampTz *instants, int count)
{
	scan->excluded = sorted_list(instants, count);
	scan->simple = false;
}

static int
compare_instants(const void *a, const void *b)
{
	TimestampTz one = *(const TimestampTz *) a;
	TimestampTz other = *(const TimestampTz *) b;

	return one < other ? -1 : one > other;
}

static InstantList
sorted_list(const TimestampTz *instants, int count)
{
	InstantList list = {.count = count, .room = count};

	if (count == 0)
		return list;
	list.instants = palloc(count * sizeof(TimestampTz));
	memcpy(list.instants, instants, count * sizeof(TimestampTz));
	qsort(list.instants, count, sizeof(TimestampTz), compare_instants);
	return list;
}

/* -------------------------------------------------------------------------
 * instants and local times
 * -------------------------------------------------------------------------
 */

static LocalBounds
local_bounds(CivilClock *clock, TimestampTz instant)
{
	TimestampTz within = Max(Min(instant, LAST_INSTANT), FIRST_INSTANT);
	Timestamp local = clock_local(clock, within);
	LocalBounds bounds = {.low = local, .high = local};

	if (within - clock->from < LONGEST_CHANGE && clock->from > FIRST_INSTANT)
	{
		Timestamp by_before;

		bounds.near_change = true;
		bounds.before = *clock;
		clock_local(&bounds.before, clock->from - 1);
		by_before = within + bounds.before.offset;
		bounds.low = Min(local, by_before);
		bounds.high = Max(local, by_before);
	}
	return bounds;
}

/* The occurrence of the last local time before that one, if it is before an instant. */
static bool
previous_of_local(ZonedRecurrence *recurrence, Timestamp local, TimestampTz before,
				  TimestampTz *instant)
{
	int64 second;

	if (!recurrence_previous(&recurrence->local, recurrence_second_from(&recurrence->local, local),
							 &second))
		return false;
	*instant = clock_instant(&recurrence->clock, recurrence_timestamp(&recurrence->local, second));
	return *instant < before;
}

/* The later of the last time that the clocks have shown and the last one read by the offset before. */
bool
zoned_previous(ZonedRecurrence *recurrence, TimestampTz before, TimestampTz *instant)
{
	LocalBounds bounds;
	Timestamp local;
	Timestamp change;
	TimestampTz other;
	bool found;

	if (!TIMESTAMP_IS_NOEND(recurrence->until))
		before = Min(before, recurrence->until + 1);
	if (before <= FIRST_INSTANT)
		return false;
	before = Min(before, LAST_INSTANT);
	bounds = local_bounds(&recurrence->clock, before);
	local = before + recurrence->clock.offset;
	change = recurrence->clock.local_from;
	found = previous_of_local(recurrence, local, before, instant);
	if (!bounds.near_change)
		return found;
	if (previous_of_local(recurrence, Min(change, before + bounds.before.offset), before, &other))
	{
		*instant = found ? Max(*instant, other) : other;
		found = true;
	}
	return found;
}

/* -------------------------------------------------------------------------
 * counting
 * -------------------------------------------------------------------------
 */

int64
zoned_count(ZonedRecurrence *recurrence, TimestampTz end)
{
	Recurrence *local = &recurrence->local;
	LocalBounds bounds;
	OccurrenceScan scan;
	int64 last;
	int64 second;
	int64 count;

	if (!TIMESTAMP_IS_NOEND(recurrence->until))
		end = Min(end, recurrence->until + 1);
	end = Min(end, LAST_INSTANT);
	bounds = local_bounds(&recurrence->clock, end);
	second = recurrence_second_from(local, bounds.low);
	last = recurrence_second_until(local, bounds.high - 1);
	count = recurrence_count_before(local, second);

	/* Of the times between, some are earlier and some are not. */
	occurrences_begin(&scan, local, second);
	scan.last = Min(scan.last, last);
	while (second <= last && occurrences_next(&scan, &second))
		if (clock_instant(&recurrence->clock, recurrence_timestamp(local, second)) < end)
			count++;
	return count - count_collisions(recurrence, end);
}

/* The occurrences whose times are skipped, and which are the same instants as others. */
static int64
count_collisions(ZonedRecurrence *recurrence, TimestampTz end)
{
	Recurrence *local = &recurrence->local;
	int64 last = recurrence_last(local);
	CivilClock clock = recurrence->clock;
	OccurrenceScan skipped;
	OccurrenceScan others;
	int64 count = 0;

	occurrences_begin(&skipped, local, local->start);
	occurrences_begin(&others, local, local->start);
	clock_instant(&clock, recurrence_timestamp(local, local->start));
	while (clock.to < end && clock.to < LAST_INSTANT)
	{
		int64 before = clock.offset / USECS_PER_SEC;
		TimestampTz change = clock.to;
		int64 gap;
		int64 second;
		int64 other;

		CHECK_FOR_INTERRUPTS();
		clock_local(&clock, change);
		gap = clock.offset / USECS_PER_SEC - before;
		second = recurrence_second_from(local, change + before * USECS_PER_SEC);
		if (second > last)
			break;
		if (gap <= 0)
			continue;
		occurrences_seek(&skipped, second);
		skipped.last = Min(skipped.last, second + gap - 1);
		occurrences_seek(&others, second + gap);
		others.last = Min(others.last, second + 2 * gap - 1);
		other = PG_INT64_MIN;
		while (occurrences_next(&skipped, &second))
		{
			while (other < second + gap && occurrences_next(&others, &other))
				;
			if (other == second + gap && recurrence_timestamp(local, other) - clock.offset < end)
				count++;
		}
	}
	return count;
}
