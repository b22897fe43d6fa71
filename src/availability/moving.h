/*
 * moving.h
 *		A visit that is to be moved, and what visits may occupy besides the provider.
 */
#ifndef CLINIC_SCHED_MOVING_H
#define CLINIC_SCHED_MOVING_H

#include "availability/pool.h"
#include "clinic/configuration.h"
#include "query.h"

typedef struct MovingVisit
{
	bool is_of_service; /* the one that is asked about */
	int64 duration;
	int64 buffer_before;
	int64 buffer_after;
	ServiceConfiguration service;
	ResourceList resources;
} MovingVisit;

/* False if there is no such visit.  Between query_begin() and query_end(). */
extern bool moving_visit_read(MovingVisit *visit, const pg_uuid_t *clinic, const pg_uuid_t *service,
							  const pg_uuid_t *id, QuerySnapshot snapshot);

/*
 * Gather what visits for a service may occupy.  What a visit that is moved (NULL:
 * none is) occupies and its service did not require counts as named, in place of
 * what is named.
 */
extern void moving_pool_gather(Pool *pool, const pg_uuid_t *clinic, const pg_uuid_t *service,
							   const MovingVisit *moving, const ResourceList *named);

#endif /* CLINIC_SCHED_MOVING_H */
