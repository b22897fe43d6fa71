/*
 * picks.c
 *		The seats picked by the statement under way.
 *
 * Picks are chained by resource and UTC day, so that a statement of many rows
 * looks at few; one that spans midnight is in the chain of each of its days.
 */
#include "postgres.h"

#include "booking/picks.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

typedef struct Pick
{
	pg_uuid_t appointment;
	TakenSeat seat;
	struct Pick *next;
} Pick;

typedef struct DayKey
{
	pg_uuid_t resource;
	int64 day;
} DayKey;

typedef struct DayPicks
{
	DayKey key;
	Pick *first;
} DayPicks;

static MemoryContext context = NULL;
static HTAB *days = NULL;

static int64
utc_day(TimestampTz instant)
{
	int64 day = instant / USECS_PER_DAY;

	return instant % USECS_PER_DAY < 0 ? day - 1 : day;
}

static DayPicks *
day_picks(const pg_uuid_t *resource, int64 day, HASHACTION action)
{
	DayKey key = {*resource, day};
	DayPicks *entry;
	bool found;

	if (days == NULL)
		return NULL;
	entry = hash_search(days, &key, action, &found);
	if (action == HASH_ENTER && !found)
		entry->first = NULL;
	return entry;
}

void
picks_forget(void)
{
	if (days == NULL)
		return;
	days = NULL;
	MemoryContextReset(context);
}

static void
create_table(void)
{
	HASHCTL control = {.keysize = sizeof(DayKey), .entrysize = sizeof(DayPicks)};

	if (context == NULL)
		context =
			AllocSetContextCreate(TopMemoryContext, "clinic_sched picks", ALLOCSET_DEFAULT_SIZES);
	control.hcxt = context;
	days = hash_create("clinic_sched picks", 16, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

void
pick_remember(const pg_uuid_t *appointment, const pg_uuid_t *resource, const TakenSeat *seat)
{
	if (days == NULL)
		create_table();
	for (int64 day = utc_day(seat->starts_at); day <= utc_day(seat->ends_at - 1); day++)
	{
		DayPicks *entry = day_picks(resource, day, HASH_ENTER);
		Pick *pick = MemoryContextAlloc(context, sizeof(Pick));

		pick->appointment = *appointment;
		pick->seat = *seat;
		pick->next = entry->first;
		entry->first = pick;
	}
}

int32
pick_find(const pg_uuid_t *appointment, const pg_uuid_t *resource, TimestampTz starts_at)
{
	DayPicks *entry = day_picks(resource, utc_day(starts_at), HASH_FIND);

	for (Pick *pick = entry ? entry->first : NULL; pick; pick = pick->next)
		if (memcmp(&pick->appointment, appointment, UUID_LEN) == 0 &&
			pick->seat.starts_at == starts_at)
			return pick->seat.seat;
	return 0;
}

int
picks_append(const pg_uuid_t *appointment, const pg_uuid_t *resource, TimestampTz from,
			 TimestampTz to, TakenSeat **taken, int ntaken)
{
	if (days == NULL)
		return ntaken;
	for (int64 day = utc_day(from); day <= utc_day(to - 1); day++)
	{
		DayPicks *entry = day_picks(resource, day, HASH_FIND);

		for (Pick *pick = entry ? entry->first : NULL; pick; pick = pick->next)
		{
			if (memcmp(&pick->appointment, appointment, UUID_LEN) == 0 ||
				pick->seat.starts_at >= to || pick->seat.ends_at <= from)
				continue;
			*taken = repalloc(*taken, sizeof(TakenSeat) * (ntaken + 1));
			(*taken)[ntaken++] = pick->seat;
		}
	}
	return ntaken;
}
