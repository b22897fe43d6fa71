/*
 * follow.h
 *		Entries of the waitlist follow the visits that are offered to them.
 */
#ifndef CLINIC_SCHED_FOLLOW_H
#define CLINIC_SCHED_FOLLOW_H

#include "booking/visit.h"

/* After a hold was changed or deleted: was it an offer? */
extern void offer_follow(const VisitRow *hold);

/*
 * Make the entries say what has become of the visits that were offered to them, of
 * one or (NULL) of all of the clinic; those that somebody else has locked are
 * passed over.
 */
extern void offers_settle(const pg_uuid_t *clinic, const pg_uuid_t *visit);

/* End the offers that have expired: their visits are cancelled.  How many. */
extern uint64 offers_lapse(const pg_uuid_t *clinic);

/* End the entries for which no time is left. */
extern void waiting_expire(const pg_uuid_t *clinic);

#endif /* CLINIC_SCHED_FOLLOW_H */
