/*
 * open_days.c
 *		When visits may start on a day, of many resources.
 */
#include "postgres.h"

#include "availability/open_days.h"
#include "booking/rules.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

/* So much is kept, more or less: 1,000 resources of a hundred days. */
#define MOST_KEPT (16 * 1024 * 1024)

typedef struct DayKey
{
	DateADT day;
	int32 mode;
} DayKey;

typedef struct KeptDay
{
	DayKey key;
	OpenDay *day;
} KeptDay;

struct OpenDays
{
	MemoryContext memory;
	CivilClock clock;
	const Opening **openings;
	int nresources;

	MemoryContext kept_memory;
	HTAB *kept;
	int64 kept_bytes;
	MemoryContext scratch;
};

static void
keep_nothing(OpenDays *days)
{
	HASHCTL control = {.keysize = sizeof(DayKey), .entrysize = sizeof(KeptDay)};

	if (days->kept_memory)
		MemoryContextDelete(days->kept_memory);
	days->kept_memory =
		AllocSetContextCreate(days->memory, "clinic_sched open days", ALLOCSET_DEFAULT_SIZES);
	control.hcxt = days->kept_memory;
	days->kept =
		hash_create("clinic_sched open days", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	days->kept_bytes = 0;
}

OpenDays *
open_days_create(MemoryContext memory, pg_tz *zone, const Opening **openings, int nresources)
{
	OpenDays *days = MemoryContextAllocZero(memory, sizeof(OpenDays));

	days->memory = memory;
	days->clock = civil_clock(zone);
	days->openings = openings;
	days->nresources = nresources;
	days->scratch = AllocSetContextCreate(memory, "clinic_sched open day", ALLOCSET_SMALL_SIZES);
	keep_nothing(days);
	return days;
}

void
open_days_trim(OpenDays *days)
{
	if (days->kept_bytes > MOST_KEPT)
		keep_nothing(days);
}

static OpenDay *
make_day(OpenDays *days, DateADT number, VisitMode mode, MemoryContext memory)
{
	OpenDay *day = MemoryContextAlloc(memory, sizeof(OpenDay));

	day->day = number;
	day->mode = mode;
	day->from = clock_day_start(&days->clock, number);
	day->until = clock_day_start(&days->clock, number + 1);
	day->memory = memory;
	day->resources = MemoryContextAlloc(memory, sizeof(OpenParts) * Max(days->nresources, 1));
	for (int i = 0; i < days->nresources; i++)
		day->resources[i].count = -1;
	day->anybody = (OpenParts){-1, NULL};
	return day;
}

OpenDay *
open_days_day(OpenDays *days, DateADT number, VisitMode mode, MemoryContext unless_kept)
{
	DayKey key = {number, mode};
	KeptDay *kept = hash_search(days->kept, &key, HASH_FIND, NULL);
	OpenDay *day;

	if (kept)
		return kept->day;
	if (days->kept_bytes > MOST_KEPT)
		return make_day(days, number, mode, unless_kept);
	day = make_day(days, number, mode, days->kept_memory);
	kept = hash_search(days->kept, &key, HASH_ENTER, NULL);
	kept->day = day;
	days->kept_bytes += sizeof(OpenParts) * days->nresources;
	return day;
}

/* Lists of parts that are being made */

typedef struct PartList
{
	int count;
	int room;
	OpenPart *parts;
} PartList;

static OpenPart *
last_part(const PartList *list)
{
	return list->count > 0 ? &list->parts[list->count - 1] : NULL;
}

static void
append(PartList *list, OpenPart part)
{
	OpenPart *last = last_part(list);

	if (last && last->until == part.opens && last->closes == part.closes &&
		last->seats == part.seats)
	{
		last->until = part.until;
		return;
	}
	if (list->count == list->room)
	{
		list->room = Max(2 * list->room, 4);
		list->parts = list->parts ? repalloc(list->parts, sizeof(OpenPart) * list->room)
								  : palloc(sizeof(OpenPart) * list->room);
	}
	list->parts[list->count++] = part;
}

/* A token is of the day, on which the resource has only to be open at some time. */
static void
list_token_part(PartList *list, const Opening *opening, const OpenDay *day)
{
	OpenTimes times;
	OpeningDay rule;

	if (day->from == day->until)
		return;
	open_times(&times, opening, day->from, day->until);
	rule = open_times_day(&times, MODE_TOKEN, day->from);
	if (times.count > 0 && rule.mode == MODE_TOKEN)
		append(list, (OpenPart){day->from, day->from + 1, day->until, rule.seats});
}

/* In each open interval, the days to which its starts belong, which have modes and seats. */
static void
list_timed_parts(PartList *list, const Opening *opening, const OpenDay *day)
{
	OpenTimes times;

	/* A visit that starts on the day's last instant lasts as long as visits can. */
	open_times(&times, opening, day->from, day->until + LONGEST_CLAIM);
	for (int i = 0; i < times.count && times.intervals[i].opens < day->until; i++)
	{
		const OpenInterval *open = &times.intervals[i];
		TimestampTz end = Min(open->closes, day->until);
		TimestampTz until;

		for (TimestampTz at = open->opens; at < end; at = until)
		{
			OpeningDay rule = open_times_day(&times, MODE_TIMED, at);

			until = Min(open_times_day_end(&times, at), end);
			if (rule.mode == MODE_TIMED)
				append(list, (OpenPart){at, until, open->closes, rule.seats});
		}
	}
}

/* Keep with the day what was listed in scratch memory. */
static void
keep_parts(OpenDays *days, const OpenDay *day, OpenParts *parts, const PartList *list)
{
	Size size = sizeof(OpenPart) * list->count;

	if (list->count > 0)
	{
		OpenPart *kept = MemoryContextAlloc(day->memory, size);

		memcpy(kept, list->parts, size);
		parts->parts = kept;
		days->kept_bytes += size;
	}
	parts->count = list->count;
}

const OpenParts *
open_day_parts(OpenDays *days, OpenDay *day, int resource)
{
	OpenParts *parts = &day->resources[resource];
	PartList list = {0};
	MemoryContext caller;

	if (parts->count >= 0)
		return parts;
	caller = MemoryContextSwitchTo(days->scratch);
	if (day->mode == MODE_TOKEN)
		list_token_part(&list, days->openings[resource], day);
	else
		list_timed_parts(&list, days->openings[resource], day);
	keep_parts(days, day, parts, &list);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(days->scratch);
	return parts;
}

/* Of all resources together */

static int
compare_opens(const void *a, const void *b)
{
	TimestampTz x = ((const OpenPart *) a)->opens;
	TimestampTz y = ((const OpenPart *) b)->opens;

	return x < y ? -1 : x > y;
}

/* Join what overlaps or touches, of parts in the order in which they open. */
static void
join_parts(PartList *joined, const PartList *all)
{
	for (int i = 0; i < all->count; i++)
	{
		const OpenPart *part = &all->parts[i];
		OpenPart *last = last_part(joined);

		if (last && part->opens <= last->until)
			last->until = Max(last->until, part->until);
		else
			append(joined, *part);
	}
}

static void
list_anybody(OpenDays *days, OpenDay *day)
{
	PartList all = {0};
	PartList joined = {0};
	MemoryContext caller;

	for (int i = 0; i < days->nresources; i++)
		(void) open_day_parts(days, day, i);
	caller = MemoryContextSwitchTo(days->scratch);
	for (int i = 0; i < days->nresources; i++)
		for (int j = 0; j < day->resources[i].count; j++)
			append(&all, day->resources[i].parts[j]);
	if (all.count > 0)
		qsort(all.parts, all.count, sizeof(OpenPart), compare_opens);
	join_parts(&joined, &all);
	keep_parts(days, day, &day->anybody, &joined);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(days->scratch);
}

TimestampTz
open_day_first(OpenDays *days, OpenDay *day, TimestampTz from)
{
	if (day->anybody.count < 0)
		list_anybody(days, day);
	for (int i = 0; i < day->anybody.count; i++)
		if (from < day->anybody.parts[i].until)
			return Max(from, day->anybody.parts[i].opens);
	return DT_NOEND;
}
