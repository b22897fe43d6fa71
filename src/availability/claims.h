/*
 * claims.h
 *		The claims on a resource, for going along them in time.
 */
#ifndef CLINIC_SCHED_CLAIMS_H
#define CLINIC_SCHED_CLAIMS_H

#include "availability/seats.h"
#include "query.h"
#include "utils/uuid.h"

typedef struct ClaimSweep
{
	int count;
	TakenSeat *claims; /* in the order of their starts */
	int64 longest;	   /* of these claims */
} ClaimSweep;

/*
 * Read the claims on each of the resources that overlap [from, to), but for those
 * of expired holds and of one appointment (NULL: of none), as a snapshot sees
 * them.  Between query_begin() and query_end().
 */
extern void claims_read(ClaimSweep *sweeps, const pg_uuid_t *clinic, const pg_uuid_t *resources,
						int nresources, TimestampTz from, TimestampTz to, const pg_uuid_t *except,
						QuerySnapshot snapshot);

/* Put them in order again after some were added. */
extern void claims_sort(ClaimSweep *sweep);

/* How many of the seats 1..seats are free all of [from, to). */
extern int32 claims_free_seats(const ClaimSweep *sweep, int32 seats, TimestampTz from,
							   TimestampTz to);

/* Is a seat free at an instant?  Nothing changes about that before `until`. */
extern bool claims_free_at(const ClaimSweep *sweep, int32 seats, TimestampTz at,
						   TimestampTz *until);

#endif /* CLINIC_SCHED_CLAIMS_H */
