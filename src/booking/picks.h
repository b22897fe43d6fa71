/*
 * picks.h
 *		The seats picked by the statement under way.
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

/* A statement begins: forget what the last one picked. */
extern void picks_forget(void);

extern void pick_remember(const pg_uuid_t *appointment, const pg_uuid_t *resource,
						  const TakenSeat *seat);

/* The seat picked for this appointment's claim on the resource, or 0. */
extern int32 pick_find(const pg_uuid_t *appointment, const pg_uuid_t *resource,
					   TimestampTz starts_at);

/*
 * Append the picks of other appointments on the resource that overlap [from,
 * to) to taken[], which is palloc'd and holds ntaken; returns the new number.
 */
extern int picks_append(const pg_uuid_t *appointment, const pg_uuid_t *resource, TimestampTz from,
						TimestampTz to, TakenSeat **taken, int ntaken);

#endif /* CLINIC_SCHED_PICKS_H */
