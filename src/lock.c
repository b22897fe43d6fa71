/*
 * lock.c
 *		The locks of a booking; lock.h says which, and in which order.
 *
 * They are heavyweight locks of the advisory kind, in a class of their own, so
 * that an application's advisory locks cannot collide with them.  The 64 bits
 * that name a lock are its level and a hash of what it protects, so that their
 * numerical order is the order in which locks are taken.  (Two things with one
 * hash share a lock: they wait for each other, which is slower, not wrong.)
 *
 * What this transaction holds, the lock manager knows; but it cannot be asked
 * for the highest key or for a count.  So the keys taken are noted here, and
 * before a note has a consequence it is checked against the lock manager: a
 * rollback to a savepoint releases locks behind our back.
 */
#include "postgres.h"

#include "access/xact.h"
#include "civil/civil.h"
#include "common/hashfn.h"
#include "compat.h"
#include "errors.h"
#include "lock.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

/* Field 4 of the lock tag, where pg_advisory_lock() puts 1 or 2. */
#define LOCK_CLASS 0xC511

typedef enum LockLevel
{
	LEVEL_CLINIC,
	LEVEL_IDEMPOTENCY_KEY,
	LEVEL_VISIT,
	LEVEL_PATIENT,
	LEVEL_RESOURCE,
	LEVEL_DAY,
	LEVEL_QUEUE,
	LEVEL_ENTRY
} LockLevel;

typedef uint64 LockKey;

#define LEVEL_SHIFT 61
#define KEY_LEVEL(key) ((LockLevel) ((key) >> LEVEL_SHIFT))

/* One resource's booking touches at most this many UTC days: a claim lasts 26 hours at most. */
#define MAX_DAYS 3

/* The keys this transaction has taken, as far as noted; see the head of the file. */
typedef struct HeldKeys
{
	LocalTransactionId transaction;
	int count;
	int capacity;
	LockKey *keys;
} HeldKeys;

/* See lock_without_waiting(). */
static int patience_left = -1;

static HeldKeys held = {InvalidLocalTransactionId, 0, 0, NULL};

static LOCKMODE lock_mode(LockStrength strength);
static LockStrength day_or_resource_strength(LockKey key);
static bool clinic_covers(const pg_uuid_t *clinic);
static void make_tag(LOCKTAG *tag, LockKey key);
static LockKey make_key(LockLevel level, const pg_uuid_t *clinic, const void *what, size_t size);
static LockKey clinic_key(const pg_uuid_t *clinic);
static LockKey resource_key(const pg_uuid_t *clinic, const pg_uuid_t *resource);
static int day_keys(const pg_uuid_t *clinic, const pg_uuid_t *resource, TimestampTz from,
					TimestampTz to, LockKey *keys);
static bool is_held(LockKey key, LockStrength strength);
static void acquire(LockKey key, LockStrength strength, LockManner manner);
static bool try_acquire(LockKey key, LockStrength strength);
static void acquire_within(const pg_uuid_t *clinic, LockKey key, LockStrength strength,
						   LockManner manner);
static int compare_keys(const void *a, const void *b);
static void forget_key(LockKey key);

void
lock_clinic(const pg_uuid_t *clinic, LockStrength strength, LockManner manner)
{
	acquire(clinic_key(clinic), strength, manner);
}

void
lock_idempotency_key(const pg_uuid_t *clinic, const char *key)
{
	acquire_within(clinic, make_key(LEVEL_IDEMPOTENCY_KEY, clinic, key, strlen(key)),
				   LOCK_EXCLUSIVE, LOCK_WAIT);
}

void
lock_visits(const pg_uuid_t *clinic, const pg_uuid_t *visits, int nvisits)
{
	LockKey *keys = palloc(sizeof(LockKey) * Max(nvisits, 1));

	for (int i = 0; i < nvisits; i++)
		keys[i] = make_key(LEVEL_VISIT, clinic, &visits[i], UUID_LEN);
	qsort(keys, nvisits, sizeof(LockKey), compare_keys);
	for (int i = 0; i < nvisits; i++)
		acquire_within(clinic, keys[i], LOCK_EXCLUSIVE, LOCK_WAIT);
	pfree(keys);
}

void
lock_visit(const pg_uuid_t *clinic, const pg_uuid_t *visit)
{
	acquire_within(clinic, make_key(LEVEL_VISIT, clinic, visit, UUID_LEN), LOCK_EXCLUSIVE,
				   LOCK_WAIT);
}

void
lock_patient(const pg_uuid_t *clinic, const pg_uuid_t *patient, LockStrength strength,
			 LockManner manner)
{
	acquire_within(clinic, make_key(LEVEL_PATIENT, clinic, patient, UUID_LEN), strength, manner);
}

bool
try_lock_patient(const pg_uuid_t *clinic, const pg_uuid_t *patient)
{
	LockKey key = make_key(LEVEL_PATIENT, clinic, patient, UUID_LEN);

	return is_held(key, LOCK_EXCLUSIVE) || clinic_covers(clinic) ||
		   try_acquire(key, LOCK_EXCLUSIVE);
}

int
lock_without_waiting(int patience)
{
	int before = patience_left;

	patience_left = patience;
	return before;
}

bool
try_lock_housekeeping(const pg_uuid_t *clinic)
{
	static const char what[] = "housekeeping";
	LOCKTAG tag;

	make_tag(&tag, make_key(LEVEL_CLINIC, clinic, what, strlen(what)));
	return lock_held_by_me(&tag, ExclusiveLock) ||
		   LockAcquire(&tag, ExclusiveLock, false, true) != LOCKACQUIRE_NOT_AVAIL;
}

bool
patient_is_locked(const pg_uuid_t *clinic, const pg_uuid_t *patient)
{
	return is_held(make_key(LEVEL_PATIENT, clinic, patient, UUID_LEN), LOCK_EXCLUSIVE) ||
		   is_held(clinic_key(clinic), LOCK_EXCLUSIVE);
}

void
lock_resource(const pg_uuid_t *clinic, const pg_uuid_t *resource, LockManner manner)
{
	acquire_within(clinic, resource_key(clinic, resource), LOCK_EXCLUSIVE, manner);
}

void
lock_resources(const pg_uuid_t *clinic, const pg_uuid_t *resources, int nresources,
			   LockManner manner)
{
	LockKey *keys = palloc(sizeof(LockKey) * Max(nresources, 1));

	for (int i = 0; i < nresources; i++)
		keys[i] = resource_key(clinic, &resources[i]);
	qsort(keys, nresources, sizeof(LockKey), compare_keys);
	for (int i = 0; i < nresources; i++)
		acquire_within(clinic, keys[i], LOCK_EXCLUSIVE, manner);
	pfree(keys);
}

void
lock_queue(const pg_uuid_t *clinic, const pg_uuid_t *queue, int32 day, LockManner manner)
{
	struct
	{
		pg_uuid_t queue;
		int32 day;
	} what = {*queue, day};

	acquire_within(clinic, make_key(LEVEL_QUEUE, clinic, &what, sizeof(what)), LOCK_EXCLUSIVE,
				   manner);
}

void
lock_entry_rows(const pg_uuid_t *clinic)
{
	/* Of the transaction, that a prepared one of the same process may have left its own. */
	struct
	{
		TimestampTz started_at;
		int64 process;
	} what = {GetCurrentTransactionStartTimestamp(), MyProcPid};

	acquire_within(clinic, make_key(LEVEL_ENTRY, clinic, &what, sizeof(what)), LOCK_EXCLUSIVE,
				   LOCK_WAIT);
}

/* The resources' locks and those of their days, in order; a resource held exclusively needs none. */
static LockKey *
keys_of_days(const pg_uuid_t *clinic, const pg_uuid_t *resources, int nresources, TimestampTz from,
			 TimestampTz to, int *nkeys)
{
	LockKey *keys = palloc(sizeof(LockKey) * nresources * (MAX_DAYS + 1));

	*nkeys = 0;
	for (int i = 0; i < nresources; i++)
	{
		LockKey resource = resource_key(clinic, &resources[i]);

		if (is_held(resource, LOCK_EXCLUSIVE))
			continue;
		keys[(*nkeys)++] = resource;
		*nkeys += day_keys(clinic, &resources[i], from, to, &keys[*nkeys]);
	}
	qsort(keys, *nkeys, sizeof(LockKey), compare_keys);
	return keys;
}

/* Those of the locks that are not held yet, in order. */
static LockKey *
missing_locks(const pg_uuid_t *clinic, const pg_uuid_t *resources, int nresources, TimestampTz from,
			  TimestampTz to, int *nmissing)
{
	int nkeys;
	LockKey *keys = keys_of_days(clinic, resources, nresources, from, to, &nkeys);

	*nmissing = 0;
	if (clinic_covers(clinic))
		return keys;
	for (int i = 0; i < nkeys; i++)
		/* Each once, for it will be released once. */
		if ((i == 0 || keys[i] != keys[i - 1]) &&
			!is_held(keys[i], day_or_resource_strength(keys[i])))
			keys[(*nmissing)++] = keys[i];
	return keys;
}

bool
try_lock_days(const pg_uuid_t *clinic, const pg_uuid_t *resources, int nresources, TimestampTz from,
			  TimestampTz to, DayLocks *taken)
{
	int nmissing;

	taken->keys = missing_locks(clinic, resources, nresources, from, to, &nmissing);
	for (taken->count = 0; taken->count < nmissing; taken->count++)
	{
		LockKey key = taken->keys[taken->count];

		if (!try_acquire(key, day_or_resource_strength(key)))
		{
			unlock_days(taken);
			return false;
		}
	}
	return true;
}

void
lock_days(const pg_uuid_t *clinic, const pg_uuid_t *resources, int nresources, TimestampTz from,
		  TimestampTz to, LockManner manner, DayLocks *taken)
{
	DayLocks locks;

	locks.keys = missing_locks(clinic, resources, nresources, from, to, &locks.count);
	for (int i = 0; i < locks.count; i++)
	{
		if (clinic_covers(clinic))
			locks.count = i;
		else
			acquire(locks.keys[i], day_or_resource_strength(locks.keys[i]), manner);
	}
	if (taken)
		*taken = locks;
	else
		pfree(locks.keys);
}

bool
day_in_use(const pg_uuid_t *clinic, const pg_uuid_t *resource, TimestampTz instant)
{
	DayLocks taken;

	if (!try_lock_days(clinic, resource, 1, instant, instant + 1, &taken))
		return true;
	unlock_days(&taken);
	return false;
}

void
unlock_days(const DayLocks *taken)
{
#ifndef CLINIC_SCHED_WITHOUT_LOCKS
	for (int i = 0; i < taken->count; i++)
	{
		LOCKTAG tag;

		make_tag(&tag, taken->keys[i]);
		(void) LockRelease(&tag, lock_mode(day_or_resource_strength(taken->keys[i])), false);
		forget_key(taken->keys[i]);
	}
#endif
}

void
refuse_lock(void)
{
	refuse_serialization("could not lock what another transaction is booking",
						 "Retry the transaction. A transaction that writes many visits should "
						 "first call clinic.lock_for_import().");
}

/* The notes of this transaction, with those dropped that a rollback released. */
static void
forget_released(void)
{
	int kept = 0;

	if (held.transaction != current_local_xid())
	{
		held.transaction = current_local_xid();
		held.count = 0;
	}
	for (int i = 0; i < held.count; i++)
		if (is_held(held.keys[i], LOCK_SHARED))
			held.keys[kept++] = held.keys[i];
	held.count = kept;
}

/* A key that we released ourselves: it was noted among the last. */
static void
forget_key(LockKey key)
{
	for (int i = held.count - 1; i >= 0; i--)
		if (held.keys[i] == key)
		{
			held.keys[i] = held.keys[--held.count];
			return;
		}
}

static void
note_held(LockKey key)
{
	if (held.transaction != current_local_xid())
		forget_released();
	if (held.count == held.capacity)
	{
		int capacity = held.capacity ? 2 * held.capacity : LOCK_LIMIT;
		size_t size = sizeof(LockKey) * capacity;

		held.keys =
			held.keys ? repalloc(held.keys, size) : MemoryContextAlloc(TopMemoryContext, size);
		held.capacity = capacity;
	}
	held.keys[held.count++] = key;
}

bool
lock_rows_must_be_tried(void)
{
	forget_released();
	for (int i = 0; i < held.count; i++)
		if (KEY_LEVEL(held.keys[i]) >= LEVEL_PATIENT)
			return true;
	return false;
}

static bool
precedes_a_held_key(LockKey key)
{
	for (int i = 0; i < held.count; i++)
		if (key < held.keys[i])
			return true;
	return false;
}

/* Would waiting for this key break the order? */
static bool
breaks_the_order(LockKey key)
{
	if (is_held(key, LOCK_SHARED))
		return true; /* an upgrade */
	if (held.transaction != current_local_xid() || !precedes_a_held_key(key))
		return false;
	forget_released();
	return precedes_a_held_key(key);
}

static LOCKMODE
lock_mode(LockStrength strength)
{
	return strength == LOCK_SHARED ? ShareLock : ExclusiveLock;
}

static LockStrength
day_or_resource_strength(LockKey key)
{
	return KEY_LEVEL(key) == LEVEL_DAY ? LOCK_EXCLUSIVE : LOCK_SHARED;
}

static void
make_tag(LOCKTAG *tag, LockKey key)
{
	SET_LOCKTAG_ADVISORY(*tag, MyDatabaseId, (uint32) (key >> 32), (uint32) key, LOCK_CLASS);
}

/* Held at least as strongly as asked? */
static bool
is_held(LockKey key, LockStrength strength)
{
	LOCKTAG tag;

	make_tag(&tag, key);
	return lock_held_by_me(&tag, ExclusiveLock) ||
		   (strength == LOCK_SHARED && lock_held_by_me(&tag, ShareLock));
}

static void
wait_a_millisecond(void)
{
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, 1,
					 PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}

bool
lock_may_try_again(int *tries)
{
	if (++*tries > LOCK_PATIENCE)
		return false;
	wait_a_millisecond();
	return true;
}

/* Try, and try again for a while.  Nobody sees this as waiting, so it is in no deadlock. */
static bool
try_patiently(LockKey key, LockStrength strength)
{
	int tries = 0;

	while (!try_acquire(key, strength))
		if (!lock_may_try_again(&tries))
			return false;
	return true;
}

/* The same for as long as lock_without_waiting() allows. */
static bool
try_briefly(LockKey key, LockStrength strength)
{
	while (!try_acquire(key, strength))
	{
		if (patience_left == 0)
			return false;
		patience_left--;
		wait_a_millisecond();
	}
	return true;
}

static void
acquire(LockKey key, LockStrength strength, LockManner manner)
{
	LOCKTAG tag;

	if (is_held(key, strength))
		return;
	if (patience_left >= 0)
	{
		if (!try_briefly(key, strength))
			refuse_lock();
		return;
	}
	if (manner == LOCK_TRY)
	{
		if (!try_patiently(key, strength))
			refuse_lock();
		return;
	}
	if (breaks_the_order(key))
	{
		if (!try_acquire(key, strength))
			refuse_lock();
		return;
	}
#ifndef CLINIC_SCHED_WITHOUT_LOCKS
	make_tag(&tag, key);
	(void) LockAcquire(&tag, lock_mode(strength), false, false);
	note_held(key);
#else
	(void) tag;
#endif
}

static bool
try_acquire(LockKey key, LockStrength strength)
{
#ifndef CLINIC_SCHED_WITHOUT_LOCKS
	LOCKTAG tag;

	if (is_held(key, strength))
		return true;
	make_tag(&tag, key);
	if (LockAcquire(&tag, lock_mode(strength), false, true) == LOCKACQUIRE_NOT_AVAIL)
		return false;
	note_held(key);
#endif
	return true;
}

/*
 * Is a lock below the clinic's needless, because the clinic is held exclusively
 * already, or now that this transaction would hold too many?
 */
static bool
clinic_covers(const pg_uuid_t *clinic)
{
	if (is_held(clinic_key(clinic), LOCK_EXCLUSIVE))
		return true;
	if (held.transaction != current_local_xid() || held.count < LOCK_LIMIT)
		return false;
	forget_released();
	if (held.count < LOCK_LIMIT)
		return false;
	if (!try_acquire(clinic_key(clinic), LOCK_EXCLUSIVE))
		refuse_lock();
	return true;
}

static void
acquire_within(const pg_uuid_t *clinic, LockKey key, LockStrength strength, LockManner manner)
{
	if (is_held(key, strength) || clinic_covers(clinic))
		return;
	acquire(key, strength, manner);
}

static LockKey
make_key(LockLevel level, const pg_uuid_t *clinic, const void *what, size_t size)
{
	uint64 seed = hash_bytes_extended(clinic->data, UUID_LEN, level);
	uint64 hash = hash_bytes_extended(what, (int) size, seed);

	return ((LockKey) level << LEVEL_SHIFT) | (hash >> (64 - LEVEL_SHIFT));
}

static LockKey
clinic_key(const pg_uuid_t *clinic)
{
	return make_key(LEVEL_CLINIC, clinic, "", 0);
}

static LockKey
resource_key(const pg_uuid_t *clinic, const pg_uuid_t *resource)
{
	return make_key(LEVEL_RESOURCE, clinic, resource, UUID_LEN);
}

/* The keys of the days that [from, to) touches; returns how many. */
static int
day_keys(const pg_uuid_t *clinic, const pg_uuid_t *resource, TimestampTz from, TimestampTz to,
		 LockKey *keys)
{
	struct
	{
		pg_uuid_t resource;
		int64 day;
	} what;
	int64 last = utc_day(to - 1);
	int count = 0;

	what.resource = *resource;
	for (what.day = utc_day(from); what.day <= last; what.day++)
	{
		if (count == MAX_DAYS)
			elog(ERROR, "a claim touches more than %d days", MAX_DAYS);
		keys[count++] = make_key(LEVEL_DAY, clinic, &what, sizeof(what));
	}
	return count;
}

static int
compare_keys(const void *a, const void *b)
{
	LockKey x = *(const LockKey *) a;
	LockKey y = *(const LockKey *) b;

	return x < y ? -1 : x > y;
}
