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

static void
append(PartList *list, OpenPart part)
{
	OpenPart *last = list->count > 0 ? &list->parts[list->count - 1] : NULL;

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
	if (list.count > 0)
	{
		Size size = sizeof(OpenPart) * list.count;
		OpenPart *kept = MemoryContextAlloc(day->memory, size);

		memcpy(kept, list.parts, size);
		parts->parts = kept;
		days->kept_bytes += size;
	}
	parts->count = list.count;
	MemoryContextSwitchTo(caller);
	MemoryContextReset(days->scratch);
	return parts;
}
