/*
 * recurrence_fuzz.c
 *		Any rule, from any DTSTART, in a zone whose clocks change once.
 *
 * A walk from the beginning goes from each occurrence to the next.  Everything else
 * has to agree with it: a walk that begins later, the last before a second, how
 * many there are before one, where a COUNT ends.  And in the zone the occurrences
 * are the instants of the local times, in order and each once.
 */
#include "postgres.h"

#include <stdio.h>
#include <stdlib.h>

#include "recurrence/rrule_parse.c"
#include "recurrence/basic_time.c"
#include "recurrence/rrule_numbers.c"
#include "recurrence/rrule_rules.c"
#include "recurrence/rrule_days.c"
#include "recurrence/rrule_expand.c"
#include "recurrence/rrule_count.c"
#include "recurrence/rrule_zone.c"

/* As many occurrences are walked over. */
#define MOST 150

typedef struct Zone
{
	TimestampTz change;
	int64 before; /* microseconds east of UTC */
	int64 after;
} Zone;

/* The zone of the input that is tried. */
static Zone zone_of_test;

/* What was allocated for it. */
static void **allocated;
static int allocated_count;
static int allocated_room;

volatile sig_atomic_t InterruptPending = false;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* What the server has. */

void
ProcessInterrupts(void)
{
}

void *
palloc(Size size)
{
	if (allocated_count == allocated_room)
	{
		void **more;

		allocated_room = 2 * allocated_room + 64;
		more = realloc(allocated, allocated_room * sizeof(void *));
		if (more == NULL)
			abort();
		allocated = more;
	}
	return allocated[allocated_count++] = malloc(size);
}

void *
repalloc(void *pointer, Size size)
{
	int i = allocated_count - 1;

	while (allocated[i] != pointer)
		i--;
	return allocated[i] = realloc(pointer, size);
}

void
pfree(void *pointer)
{
}

static void
free_all(void)
{
	while (allocated_count > 0)
		free(allocated[--allocated_count]);
}

#undef qsort
void
pg_qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	if (count > 0)
		qsort(base, count, size, compare);
}

static int
count_bits(uint64 word)
{
	return __builtin_popcountll(word);
}

/* PostgreSQL 14 calls it through a pointer everywhere, later ones where they choose when they run. */
#if PG_VERSION_NUM < 150000 || defined(TRY_POPCNT_FAST)
int (*pg_popcount64)(uint64 word) = count_bits;
#else
int
pg_popcount64(uint64 word)
{
	return count_bits(word);
}
#endif

/* The stretch before the zone's only change, or the one after. */
static void
set_stretch(CivilClock *clock, bool before)
{
	const Zone *zone = &zone_of_test;
	Timestamp boundary = zone->change + Max(zone->before, zone->after);

	clock->offset = before ? zone->before : zone->after;
	clock->from = before ? MIN_TIMESTAMP : zone->change;
	clock->to = before ? zone->change : END_TIMESTAMP;
	clock->local_from = before ? MIN_TIMESTAMP : boundary;
	clock->local_to = before ? boundary : END_TIMESTAMP;
}

void
clock_seek_instant(CivilClock *clock, TimestampTz instant)
{
	set_stretch(clock, instant < zone_of_test.change);
}

void
clock_seek_local(CivilClock *clock, Timestamp local)
{
	const Zone *zone = &zone_of_test;

	set_stretch(clock, local < zone->change + Max(zone->before, zone->after));
}

static void
require(bool holds, const char *promise)
{
	if (holds)
		return;
	fputs("broken: ", stderr);
	fputs(promise, stderr);
	fputs("\n", stderr);
	abort();
}

/* From so many bytes, `least` to `most`; `least` when there are no more. */
static int64
take_choice(const uint8_t **bytes, size_t *size, size_t width, int64 least, int64 most)
{
	uint64 number = 0;

	if (*size < width)
		return least;
	for (size_t i = 0; i < width; i++)
		number = number << 8 | (*bytes)[i];
	*bytes += width;
	*size -= width;
	return least + (int64) (number % (uint64) (most - least + 1));
}

/* The first occurrences, and whether there are more. */
typedef struct Walk
{
	int count;
	bool ended;
	int64 seconds[MOST];
} Walk;

static void
walk_from(Recurrence *recurrence, int64 from, int most, Walk *walk)
{
	OccurrenceScan scan;

	occurrences_begin(&scan, recurrence, from);
	walk->count = 0;
	while (walk->count < most && occurrences_next(&scan, &walk->seconds[walk->count]))
		walk->count++;
	walk->ended = walk->count < most;
	if (walk->ended)
		require(!occurrences_next(&scan, &walk->seconds[0]) || walk->count > 0,
				"what has ended has ended");
}

/* How many of a walk lie before a second. */
static int
count_before(const Walk *walk, int64 second)
{
	int count = 0;

	while (count < walk->count && walk->seconds[count] < second)
		count++;
	return count;
}

static void
check_walk(const Recurrence *recurrence, const RRule *rule, const Walk *walk)
{
	for (int i = 0; i < walk->count; i++)
	{
		int64 second = walk->seconds[i];

		require(second >= recurrence->start, "nothing occurs before DTSTART");
		require(i == 0 || second > walk->seconds[i - 1], "each occurrence is after the one before");
		require(second <= LAST_CALENDAR_SECOND, "nothing occurs after the year 9999");
		require(rule->until_kind == RRULE_UNTIL_NONE || second <= recurrence->last,
				"nothing occurs after UNTIL");
	}
	require(rule->count == 0 || walk->count <= rule->count, "no more occur than COUNT says");
}

/* Whatever begins, ends or counts at a second agrees with the walk. */
static void
check_at(Recurrence *recurrence, const Walk *walk, int64 second)
{
	int before = count_before(walk, second);
	Walk later;
	int64 previous;

	/* What comes after the walk is not known. */
	if (before == walk->count && !walk->ended)
		return;
	walk_from(recurrence, second, 3, &later);
	for (int i = 0; i < later.count && before + i < walk->count; i++)
		require(later.seconds[i] == walk->seconds[before + i],
				"a later walk is the rest of the walk");
	require(later.count == 3 || !walk->ended || later.count == walk->count - before,
			"a later walk ends as the walk does");
	require(later.count >= Min(3, walk->count - before), "a later walk has all that is left");

	require(recurrence_count_before(recurrence, second) == before,
			"there are as many before a second as the walk has");
	if (recurrence_previous(recurrence, second, &previous))
		require(before > 0 && previous == walk->seconds[before - 1],
				"the previous one is the last of the walk before a second");
	else
		require(before == 0, "there is a previous one, if the walk has one");
}

/* A rule that ends after so many ends where the walk has that one. */
static void
check_count(const RRule *rule, Timestamp dtstart, bool include, const Walk *walk, int wanted)
{
	RRule counted = *rule;
	Recurrence recurrence;

	if (rule->count != 0 || rule->until_kind != RRULE_UNTIL_NONE || walk->count < wanted)
		return;
	counted.count = wanted;
	recurrence_prepare(&recurrence, &counted, dtstart);
	if (include)
		recurrence_include_start(&recurrence);
	/* Where DTSTART is all that there is, the rule itself has no last one. */
	require((recurrence.extra_start && wanted == 1) ||
				recurrence_last(&recurrence) == walk->seconds[wanted - 1],
			"COUNT ends where the walk has that many");
	require(recurrence_count_before(&recurrence, LAST_CALENDAR_SECOND + 1) == wanted,
			"COUNT is how many there are");
}

/* Far from the walk, counting and looking back agree with each other. */
static void
check_far(Recurrence *recurrence, int64 second)
{
	int64 previous;
	int64 count = recurrence_count_before(recurrence, second);

	if (!recurrence_previous(recurrence, second, &previous))
	{
		require(count == 0, "what has no previous one has none before");
		return;
	}
	require(previous < second, "the previous one is before");
	require(recurrence_count_before(recurrence, previous) == count - 1,
			"there is one more after the previous one");
	require(recurrence_count_before(recurrence, previous + 1) == count,
			"there is none between the previous one and the second");
}

static void
check_zone(const RRule *rule, Timestamp dtstart, bool include, int64 near_change)
{
	const Zone *zone = &zone_of_test;
	ZonedRecurrence recurrence;
	ZonedScan scan;
	OccurrenceScan local;
	TimestampTz expected[2 * MOST];
	TimestampTz instant;
	TimestampTz settled = DT_NOEND;
	int count = 0;
	int unique = 0;
	int seen = 0;
	int64 second;

	zoned_prepare(&recurrence, rule, dtstart, NULL);
	if (include)
		recurrence_include_start(&recurrence.local);
	occurrences_begin(&local, &recurrence.local, FIRST_CALENDAR_SECOND);
	while (count < MOST && occurrences_next(&local, &second))
	{
		Timestamp time = recurrence_timestamp(&recurrence.local, second);
		bool before = time < zone->change + Max(zone->before, zone->after);

		expected[count] = time - (before ? zone->before : zone->after);
		settled = time - Max(zone->before, zone->after);
		if (expected[count] <= recurrence.until)
			count++;
	}
	if (count < MOST)
		settled = DT_NOEND;
	if (count > 1)
		qsort(expected, count, sizeof(TimestampTz), compare_instants);
	for (int i = 0; i < count; i++)
		if (unique == 0 || expected[unique - 1] != expected[i])
			expected[unique++] = expected[i];

	zoned_begin(&scan, &recurrence, DT_NOBEGIN, DT_NOEND);
	while (seen < unique && expected[seen] < settled)
	{
		require(zoned_next(&scan, &instant) && instant == expected[seen],
				"in a zone come the instants of the local times, in order and each once");
		seen++;
	}
	if (settled == DT_NOEND)
	{
		require(!zoned_next(&scan, &instant), "and no others");
		require(zoned_count(&recurrence, DT_NOEND) == unique, "and they are counted");
	}

	for (int i = 0; i < 4; i++)
	{
		TimestampTz at = i < 2 ? zone->change + (i - 1) * near_change
							   : (unique > i ? expected[unique / i] + i - 2 : zone->change);
		int before = 0;

		while (before < unique && expected[before] < at)
			before++;
		if (before == unique || expected[before] >= settled || at >= settled)
			continue;
		zoned_begin(&scan, &recurrence, at, DT_NOEND);
		require(zoned_next(&scan, &instant) && instant == expected[before],
				"a window begins with the first that is not before it");
		require(zoned_count(&recurrence, at) == before, "as many are counted as lie before");
		if (zoned_previous(&recurrence, at, &instant))
			require(before > 0 && instant == expected[before - 1],
					"the previous one is the last before an instant");
		else
			require(before == 0, "there is a previous one");
		zoned_begin(&scan, &recurrence, DT_NOBEGIN, at);
		for (seen = 0; zoned_next(&scan, &instant); seen++)
			require(seen < before && instant == expected[seen],
					"a window has what is before its end");
		require(seen == before, "and all of it");
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	Zone *zone = &zone_of_test;
	int64 start =
		take_choice(&bytes, &size, 4, 0, 40 * INT64CONST(31556952)) - 5 * INT64CONST(31556952);
	int64 choice = take_choice(&bytes, &size, 1, 0, 255);
	int64 offset = take_choice(&bytes, &size, 4, 0, PG_UINT32_MAX);
	int64 shift = take_choice(&bytes, &size, 1, -26, 26) * 30 * USECS_PER_MINUTE;
	bool include = (choice & 1) != 0;
	char *text;
	RRule rule;
	RRuleError error;
	Timestamp dtstart;
	Recurrence recurrence;
	Walk walk;

	if ((choice & 2) != 0)
		start -= start % SECS_PER_HOUR;
	/* Sometimes near the first or last year, where nothing may overflow. */
	if ((choice & 0xF0) == 0xF0)
		start = LAST_CALENDAR_SECOND - offset % (20 * INT64CONST(31556952));
	else if ((choice & 0xF0) == 0xE0)
		start = FIRST_CALENDAR_SECOND + offset % (20 * INT64CONST(31556952));
	dtstart = start * USECS_PER_SEC + ((choice & 4) != 0 ? 250000 : 0);

	text = malloc(size + 1);
	memcpy(text, bytes, size);
	text[size] = '\0';
	if (rrule_parse(text, &rule, &error))
	{
		recurrence_prepare(&recurrence, &rule, dtstart);
		if (include)
			recurrence_include_start(&recurrence);
		walk_from(&recurrence, FIRST_CALENDAR_SECOND, MOST, &walk);
		check_walk(&recurrence, &rule, &walk);
		for (int i = 0; i < walk.count; i += 1 + walk.count / 4)
		{
			check_at(&recurrence, &walk, walk.seconds[i]);
			check_at(&recurrence, &walk, walk.seconds[i] + 1);
			check_at(&recurrence, &walk, walk.seconds[i] - offset % 100000);
		}
		check_at(&recurrence, &walk, LAST_CALENDAR_SECOND + 1);
		check_count(&rule, dtstart, include, &walk, 1 + (int) (offset % MOST));
		check_far(&recurrence, Min(start + offset * 40, LAST_CALENDAR_SECOND));

		zone->change = (start + offset % (400 * SECS_PER_DAY)) * USECS_PER_SEC;
		if (walk.count > 0 && (choice & 8) != 0)
			zone->change = walk.seconds[offset % walk.count] * USECS_PER_SEC;
		zone->before = (offset % 25 - 12) * USECS_PER_HOUR;
		zone->after = zone->before + shift;
		zone->change -= offset % 3 * 10 * USECS_PER_MINUTE + zone->before;
		check_zone(&rule, dtstart, include, Max(llabs(shift) / 2, USECS_PER_MINUTE));
	}
	free(text);
	free_all();
	return 0;
}
