/*
 * offer.h
 *		Offering time that is free to who waits for it.
 */
#ifndef CLINIC_SCHED_OFFER_H
#define CLINIC_SCHED_OFFER_H

#include "attempt.h"
#include "waitlist/freed.h"

/* Is an offer being made?  Then what it writes frees nothing. */
extern bool is_offering(void);

/*
 * For how many milliseconds, all in all, what one statement frees may try for locks
 * that are in use.
 */
#define OFFER_PATIENCE 5

/*
 * Do work of the waitlist that whoever caused it must not notice: in a
 * subtransaction, on behalf of the clinic, and without waiting for anybody, but for
 * what patience there is, which is used up.  False if it could not be done.
 */
extern bool quietly(AttemptWork work, void *argument, int *patience);

/* Offer a stretch of time that has become free, as far as that can be done now. */
extern void offer_time(const FreedTime *time, int *patience);

/* Offer whatever is free to whoever waits. */
extern void offer_all(const pg_uuid_t *clinic);

/* How many offers this session has made so far. */
extern uint32 offers_made(void);

#endif /* CLINIC_SCHED_OFFER_H */
