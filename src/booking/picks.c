/*
 * picks.c
 *		The seats picked for rows whose claims are not written yet.
 *
 * Picks are chained by resource and UTC day, so that a statement of many rows
 * looks at few; one that spans midnight is in the chain of each of its days.
 * What rows that were never written leave behind goes with the transaction, or
 * the subtransaction that is rolled back.
 */
#include "postgres.h"

#include "access/xact.h"
#include "booking/picks.h"
#include "civil/civil.h"
#include "compat.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

typedef struct Pick
{
	pg_uuid_t appointment;
	TakenSeat seat;
	bool contended;
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
static LocalTransactionId transaction = InvalidLocalTransactionId;
static int npicks = 0; /* in all chains */

static void
forget(void)
{
	days = NULL;
	npicks = 0;
	if (context)
		MemoryContextReset(context);
}

static void
forget_aborted(SubXactEvent event, SubTransactionId subtransaction, SubTransactionId parent,
			   void *argument)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		forget();
}

static bool
have_picks(void)
{
	return days && transaction == current_local_xid();
}

static DayPicks *
day_picks(const pg_uuid_t *resource, int64 day, HASHACTION action)
{
	DayKey key = {*resource, day};
	bool found;
	DayPicks *entry = hash_search(days, &key, action, &found);

	if (action == HASH_ENTER && !found)
		entry->first = NULL;
	return entry;
}

static void
begin_transaction(void)
{
	HASHCTL control = {.keysize = sizeof(DayKey), .entrysize = sizeof(DayPicks)};

	if (context == NULL)
	{
		context =
			AllocSetContextCreate(TopMemoryContext, "clinic_sched picks", ALLOCSET_DEFAULT_SIZES);
		RegisterSubXactCallback(forget_aborted, NULL);
	}
	forget();
	transaction = current_local_xid();
	control.hcxt = context;
	days = hash_create("clinic_sched picks", 16, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

void
pick_remember(const pg_uuid_t *appointment, const pg_uuid_t *resource, const TakenSeat *seat,
			  bool contended)
{
	if (!have_picks())
		begin_transaction();
	for (int64 day = utc_day(seat->starts_at); day <= utc_day(seat->ends_at - 1); day++)
	{
		DayPicks *entry = day_picks(resource, day, HASH_ENTER);
		Pick *pick = MemoryContextAlloc(context, sizeof(Pick));

		pick->appointment = *appointment;
		pick->seat = *seat;
		pick->contended = contended;
		pick->next = entry->first;
		entry->first = pick;
		npicks++;
	}
}

/* Take a pick out of a day's chain; the caller frees it. */
static Pick *
unlink_pick(DayPicks *entry, const pg_uuid_t *appointment, TimestampTz starts_at)
{
	for (Pick **at = entry ? &entry->first : NULL; at && *at; at = &(*at)->next)
	{
		Pick *pick = *at;

		if (memcmp(&pick->appointment, appointment, UUID_LEN) == 0 &&
			pick->seat.starts_at == starts_at)
		{
			*at = pick->next;
			npicks--;
			return pick;
		}
	}
	return NULL;
}

int32
pick_take(const pg_uuid_t *appointment, const pg_uuid_t *resource, TimestampTz starts_at,
		  bool *contended)
{
	int64 day = utc_day(starts_at);
	int32 seat = 0;
	Pick *pick;

	*contended = false;
	if (!have_picks())
		return 0;
	while ((pick = unlink_pick(day_picks(resource, day, HASH_FIND), appointment, starts_at)))
	{
		seat = pick->seat.seat;
		*contended = pick->contended;
		pfree(pick);
		day++;
	}
	if (npicks == 0)
		forget();
	return seat;
}

int
picks_append(const pg_uuid_t *appointment, const pg_uuid_t *resource, TimestampTz from,
			 TimestampTz to, TakenSeat **taken, int ntaken)
{
	if (!have_picks())
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
