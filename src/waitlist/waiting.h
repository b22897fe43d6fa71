/*
 * waiting.h
 *		Who waits, in the order in which times are offered.
 */
#ifndef CLINIC_SCHED_WAITING_H
#define CLINIC_SCHED_WAITING_H

#include "availability/pool.h"
#include "availability/visit_time.h"

/* A stretch of time that is wanted: [from, to). */
typedef struct WantedTime
{
	TimestampTz from;
	TimestampTz to;
} WantedTime;

/* An entry that waits. */
typedef struct Waiting
{
	pg_uuid_t id;
	pg_uuid_t patient;
	pg_uuid_t service;
	ResourceList providers; /* none: any */
	int nwanted;
	WantedTime *wanted; /* in order, without what was passed */
	int32 priority;
	TimestampTz created_at;
} Waiting;

/* Does anybody wait in the clinic? */
extern bool somebody_waits(const pg_uuid_t *clinic);

/* When anybody wants anything at all that ends after an instant, in order; how many stretches. */
extern int waiting_spans(const pg_uuid_t *clinic, TimestampTz after, WantedTime **spans);

/*
 * The next entries after one (NULL: the first ones) that want something of
 * [from, to); how many, 0 once there is none left.
 */
extern int waiting_read(const pg_uuid_t *clinic, TimestampTz from, TimestampTz to,
						const Waiting *after, Waiting **entries);

/* Would a visit with the provider at that time suit the entry? */
extern bool waiting_accepts(const Waiting *entry, const pg_uuid_t *provider, const VisitTime *time);

#endif /* CLINIC_SCHED_WAITING_H */
