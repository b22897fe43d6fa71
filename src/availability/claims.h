/*
 * claims.h
 *		The claims on one resource, for going along them in time.
 */
#ifndef CLINIC_SCHED_CLAIMS_H
#define CLINIC_SCHED_CLAIMS_H

#include "availability/seats.h"
#include "utils/uuid.h"

typedef struct ClaimSweep
{
	int count;
	TakenSeat *claims; /* in the order of their starts */
	int64 longest;	   /* of these claims */
} ClaimSweep;

/*
 * Read the claims that overlap [from, to), but for those of expired holds and of
 * one appointment (NULL: of none).  Between query_begin() and query_end().
 */
extern void claims_read(ClaimSweep *sweep, const pg_uuid_t *clinic, const pg_uuid_t *resource,
						TimestampTz from, TimestampTz to, const pg_uuid_t *except);

/* How many of the seats 1..seats are free all of [from, to). */
extern int32 claims_free_seats(const ClaimSweep *sweep, int32 seats, TimestampTz from,
							   TimestampTz to);

/* Is a seat free at an instant?  Nothing changes about that before `until`. */
extern bool claims_free_at(const ClaimSweep *sweep, int32 seats, TimestampTz at,
						   TimestampTz *until);

#endif /* CLINIC_SCHED_CLAIMS_H */
