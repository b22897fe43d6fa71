/*
 * freed.h
 *		Time that visits give up, and what becomes of it: it is offered to who waits.
 */
#ifndef CLINIC_SCHED_FREED_H
#define CLINIC_SCHED_FREED_H

#include "booking/visit.h"

/* A stretch of time that may be free. */
typedef struct FreedTime
{
	pg_uuid_t clinic;
	pg_uuid_t patient; /* who gave it up, and is not offered it; or zeros */
	pg_uuid_t provider;
	bool has_provider;
	bool has_more; /* rooms, devices: another provider may need them */
	TimestampTz from;
	TimestampTz to;
	TimestampTz starts_at; /* of the visit; DT_NOBEGIN: of none */
} FreedTime;

/* A visit may have given up the time it had as the row says.  Costs next to nothing. */
extern void freed_note(const VisitRow *visit);
extern void freed_note_time(const FreedTime *time);

/*
 * Offer what was noted in this transaction, unless freed_keep() was called.  Once
 * all rows of a statement and their claims are written.
 */
extern void freed_offer(void);

/*
 * Keep what is noted until the outermost freed_keep() has ended, by its PG_FINALLY:
 * for who changes visits one after another, and may need the time that one has
 * given up for the next.  Returns what freed_keep_end() wants.
 */
extern bool freed_keep(void);
extern void freed_keep_end(bool before);

#endif /* CLINIC_SCHED_FREED_H */
