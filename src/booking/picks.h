/*
 * picks.h
 *		The seats picked for rows whose claims are not written yet.
 *
 * The BEFORE trigger of a row picks its seats; its claims are written by the
 * AFTER trigger, once all rows of the statement are.  In between, the picks of
 * earlier rows are known here only.  A row may yet not be written (ON CONFLICT
 * DO NOTHING), so a pick is a reason to prefer another seat, never to refuse.
 */
#ifndef CLINIC_SCHED_PICKS_H
#define CLINIC_SCHED_PICKS_H

#include "availability/seats.h"
#include "utils/uuid.h"

/*
 * Remember a pick; contended when an earlier row of the statement has picked the
 * same seat, so that one of them must fail.
 */
extern void pick_remember(const pg_uuid_t *appointment, const pg_uuid_t *resource,
						  const TakenSeat *seat, bool contended);

/* Take back the seat picked for an appointment's claim that begins then; 0 if there is none. */
extern int32 pick_take(const pg_uuid_t *appointment, const pg_uuid_t *resource,
					   TimestampTz starts_at, bool *contended);

/*
 * Append the picks of other appointments on the resource that overlap [from,
 * to) to taken[], which is palloc'd and holds ntaken; returns the new number.
 */
extern int picks_append(const pg_uuid_t *appointment, const pg_uuid_t *resource, TimestampTz from,
						TimestampTz to, TakenSeat **taken, int ntaken);

#endif /* CLINIC_SCHED_PICKS_H */
