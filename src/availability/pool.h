/*
 * pool.h
 *		The rooms, devices and further providers a visit may have, and which of
 *		them are free for it.
 *
 * A visit occupies what was named for it, and of what its service requires
 * besides, what is free: rather what it occupies already, then what has the
 * fewest seats left, then by code.
 */
#ifndef CLINIC_SCHED_POOL_H
#define CLINIC_SCHED_POOL_H

#include "availability/claims.h"
#include "availability/opening.h"
#include "availability/taken.h"
#include "availability/visit_time.h"
#include "clinic/configuration.h"

typedef struct PoolResource
{
	pg_uuid_t id;
	Units suits;
	bool is_named;
	bool is_kept; /* occupied already */
	bool is_active;
	Opening opening;
	OpenTimes times;
	ClaimSweep claims;
} PoolResource;

typedef struct Pool
{
	int nunits;
	int nresources;
	PoolResource *resources; /* named ones as they were named, then by code */
	const TakenList *taken;	 /* NULL: nothing is known to be */
} Pool;

/* Ids of resources. */
typedef struct ResourceList
{
	int count;
	pg_uuid_t *ids;
} ResourceList;

extern bool resource_list_has(const ResourceList *list, const pg_uuid_t *id);

/*
 * Gather what a visit for a service may occupy: what is named, and what the
 * service requires.  What is named counts as required where it will do, unless
 * it is extra, as what a visit that is moved has beyond what was required.  More
 * than a visit may occupy is refused.
 */
extern void pool_gather(Pool *pool, const pg_uuid_t *clinic, const ServiceConfiguration *service,
						const ResourceList *named, bool extra, const ResourceList *kept);

/* Is anything to be chosen or judged? */
static inline bool
pool_is_empty(const Pool *pool)
{
	return pool->nunits == 0 && pool->nresources == 0;
}

/* When they are open within [from, to). */
extern void pool_open(Pool *pool, TimestampTz from, TimestampTz to);

/*
 * Choose for a visit with that provider (NULL: none yet), from what was opened
 * and whose claims were read for all of its time.  False if it cannot have all it
 * needs; chosen then is what was named, free or not, and what can be had.
 */
extern bool pool_choose(const Pool *pool, const pg_uuid_t *provider, const VisitTime *time,
						ResourceList *chosen);

/* Why something that was named may not be had, whether or not it has a seat. */
extern Reason pool_named_refusal(const Pool *pool, const VisitTime *time);

/* Has all that was named a seat for the visit, active and open or not? */
extern bool pool_named_have_seats(const Pool *pool, const VisitTime *time);

/* How many such visits could be booked one after another, counting up to `most`. */
extern int pool_visits(const Pool *pool, const pg_uuid_t *provider, const VisitTime *time,
					   int most);

/*
 * Which of the resources a visit for a service occupies were not required, and
 * so were named?
 */
extern ResourceList named_resources(const ServiceConfiguration *service,
									const ResourceList *occupied);

#endif /* CLINIC_SCHED_POOL_H */
