/*
 * lock.h
 *		The locks of a booking: lock, then look, then write.
 *
 * A GiST exclusion constraint alone deadlocks when rivals insert overlapping
 * rows, so every writer first takes locks, always in one order:
 *
 *		clinic (shared) -> idempotency key -> visit -> patient
 *			-> resource (shared) -> (resource, UTC day) (exclusive)
 *			-> (queue, day) (exclusive) -> rows of queue entries
 *
 * and within a level by the hash of what is locked.  A series takes its resources
 * exclusively instead of hundreds of days.  A lock that would break
 * the order (an earlier one, an upgrade, or the clinic exclusively in place of
 * more than LOCK_LIMIT locks) is tried, never waited for: failing that, the
 * transaction ends with 40001 and a hint that names clinic.lock_for_import().
 *
 * PostgreSQL locks the row of a raw UPDATE or DELETE before a trigger can take
 * any of these.  Statements of that kind that change several visits, or several
 * of them in one transaction, may still meet in each other's row locks.
 *
 * All locks last until the transaction, or the subtransaction that took them,
 * ends.
 */
#ifndef CLINIC_SCHED_LOCK_H
#define CLINIC_SCHED_LOCK_H

#include "datatype/timestamp.h"
#include "utils/uuid.h"

/* The most locks below the clinic's that a transaction holds. */
#define LOCK_LIMIT 128

typedef enum LockStrength
{
	LOCK_SHARED,
	LOCK_EXCLUSIVE
} LockStrength;

/*
 * How to take a lock that is not held yet.  Who has locked a row already, as the
 * triggers of an UPDATE or DELETE have, may have those waiting for that row who
 * hold what it needs now.  So it must not wait; but bookings are short, and to
 * try again LOCK_PATIENCE times, a millisecond apart, is not to wait for ever.
 * Tries are counted, not the time: on a machine that stands still nobody gives up.
 */
typedef enum LockManner
{
	LOCK_WAIT,
	LOCK_TRY
} LockManner;

#define LOCK_PATIENCE 100

/* For who tries to lock rows: wait a moment before the next try, unless so many were made; then false. */
extern bool lock_may_try_again(int *tries);

extern void lock_clinic(const pg_uuid_t *clinic, LockStrength strength, LockManner manner);
extern void lock_idempotency_key(const pg_uuid_t *clinic, const char *key);

/* For a function that changes the visit, before it locks the visit's row. */
extern void lock_visit(const pg_uuid_t *clinic, const pg_uuid_t *visit);

/* The same of several, or of what is locked as visits are, in order. */
extern void lock_visits(const pg_uuid_t *clinic, const pg_uuid_t *visits, int nvisits);

extern void lock_patient(const pg_uuid_t *clinic, const pg_uuid_t *patient, LockStrength strength,
						 LockManner manner);

/* Exclusively and at once; false if the patient is in use. */
extern bool try_lock_patient(const pg_uuid_t *clinic, const pg_uuid_t *patient);

/* For a writer of the resource itself. */
extern void lock_resource(const pg_uuid_t *clinic, const pg_uuid_t *resource, LockManner manner);

/*
 * The same of several, for a writer of more of their days than it would lock one
 * by one: they are all covered.
 */
extern void lock_resources(const pg_uuid_t *clinic, const pg_uuid_t *resources, int nresources,
						   LockManner manner);

/* The locks that one of the two below took. */
typedef struct DayLocks
{
	int count;
	uint64 *keys;
} DayLocks;

/*
 * Lock the UTC days that [from, to) touches of each resource, exclusively, and
 * the resources themselves, shared.  taken, which may be NULL, is for a choice
 * that may turn out not to be wanted.
 */
extern void lock_days(const pg_uuid_t *clinic, const pg_uuid_t *resources, int nresources,
					  TimestampTz from, TimestampTz to, LockManner manner, DayLocks *taken);

/* The same at once: false, and nothing is kept, if any is in use. */
extern bool try_lock_days(const pg_uuid_t *clinic, const pg_uuid_t *resources, int nresources,
						  TimestampTz from, TimestampTz to, DayLocks *taken);

/* Let go of what nothing was decided upon. */
extern void unlock_days(const DayLocks *taken);

/* Is anybody booking the resource on the day of that instant?  Takes no lock. */
extern bool day_in_use(const pg_uuid_t *clinic, const pg_uuid_t *resource, TimestampTz instant);

/* Is the patient locked exclusively, be it with the whole clinic? */
extern bool patient_is_locked(const pg_uuid_t *clinic, const pg_uuid_t *patient);

/* For who gives out the queue's numbers of a civil day; day 0: for who deals out its entries. */
extern void lock_queue(const pg_uuid_t *clinic, const pg_uuid_t *queue, int32 day,
					   LockManner manner);

/*
 * Note that this transaction has locked the row of a queue's entry, the last in
 * the order, so that what comes before is only tried from here on.  Nobody ever
 * waits for this one: it is the transaction's own.
 */
extern void lock_entry_rows(const pg_uuid_t *clinic);

/* Does this transaction hold locks that come after the row lock of a visit? */
extern bool lock_rows_must_be_tried(void);

/*
 * Until the next call, refuse any lock that would have to be waited for.  Who has
 * just ended a transaction lets go of its locks one after another, so they are
 * tried again for so many milliseconds, all in all.  Negative: wait as usual.
 * Returns what is left of how it was before.
 */
extern int lock_without_waiting(int patience);

/*
 * For who keeps house in the clinic: false if somebody does already.  It is only
 * ever tried, and so is in no order.
 */
extern bool try_lock_housekeeping(const pg_uuid_t *clinic);

/* 40001, with the hint that names the way out. */
extern _Noreturn void refuse_lock(void);

#endif /* CLINIC_SCHED_LOCK_H */
