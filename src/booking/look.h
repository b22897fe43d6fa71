/*
 * look.h
 *		Looking at what a visit would occupy: what is taken of it, and when it is
 *		open.
 */
#ifndef CLINIC_SCHED_LOOK_H
#define CLINIC_SCHED_LOOK_H

#include "availability/seats.h"
#include "availability/visit_time.h"
#include "booking/rules.h"

/* A resource, and what is taken of it in the stretch that was looked at. */
typedef struct LookedResource
{
	pg_uuid_t id;
	bool exists;
	bool is_provider;
	bool is_active;
	Opening opening;
	int32 seats; /* on the day that was looked at */
	TakenSeat *taken;
	int ntaken;
} LookedResource;

typedef struct Look
{
	int nresources;
	LookedResource *resources; /* as they were named, in that order */
	TimestampTz until;		   /* the end of the stretch */
	bool may_have_expired;	   /* what was seen may be claims of holds that expired */
} Look;

/*
 * Look at resources as they are now: their seats on the day of starts_at, and
 * their claims that overlap [from, until), but for those of one appointment
 * (NULL: of none).  Who expects to find them taken asks for expired holds at once:
 * to ask later costs a query more, to ask in vain some of this one.
 */
extern Look *look_at(const pg_uuid_t *clinic, const pg_uuid_t *resources, int nresources,
					 VisitMode mode, TimestampTz starts_at, TimestampTz from, TimestampTz until,
					 const pg_uuid_t *except, bool asks_for_holds);

/* A stretch of a resource's time. */
typedef struct Stretch
{
	pg_uuid_t resource;
	TimestampTz from;
	TimestampTz to;
} Stretch;

/*
 * Look at many stretches at once; until look_ahead_end(), look_at() knows what was
 * taken in each of them then.  For who keeps all others from booking these
 * resources, and writes no claims meanwhile.  Lives in the current memory context.
 */
extern void look_ahead(const pg_uuid_t *clinic, const Stretch *stretches, int nstretches);
extern void look_ahead_end(void);

/* Is a room or a device closed, by its own hours or by a closure, at some time of the visit? */
extern Reason room_refusal(const LookedResource *room, const VisitTime *time);

/* Which of what was looked at has no seat free at that time; -1: each has one. */
extern int first_without_seat(const Look *look, const VisitTime *time);

/* Until when to look, so that a refusal can name the next free starts of the day. */
extern TimestampTz look_until(const VisitFacts *facts, const VisitTime *time);

/*
 * Refuse: the time is taken.  Names the next free starts of the day, unless
 * facts or look is NULL, or more is needed or to be named than was looked at.
 */
extern _Noreturn void refuse_taken(const VisitFacts *facts, const Look *look,
								   const VisitTime *time);

#endif /* CLINIC_SCHED_LOOK_H */
