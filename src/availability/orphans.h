/*
 * orphans.h
 *		Whether a visit still stands when it may.
 */
#ifndef CLINIC_SCHED_ORPHANS_H
#define CLINIC_SCHED_ORPHANS_H

#include "availability/opening.h"
#include "utils/uuid.h"

/* A visit that takes time, and is not a walk-in. */
typedef struct StandingVisit
{
	VisitMode mode;
	TimestampTz starts_at;
	TimestampTz ends_at;
	int32 seat;			/* of its provider */
	bool is_overridden; /* somebody booked it against the rules, with a reason */
} StandingVisit;

/*
 * Why a visit is not covered by when a resource, its provider or another, takes
 * visits; REASON_NONE if it is.
 */
extern Reason uncovered_reason(const Opening *opening, bool is_provider,
							   const StandingVisit *visit);

/*
 * The same of all that it occupies, its provider first, as they are set up now.
 * Between query_begin() and query_end().
 */
extern Reason visit_orphan_reason(const pg_uuid_t *clinic, const pg_uuid_t *resources, int count,
								  const StandingVisit *visit);

#endif /* CLINIC_SCHED_ORPHANS_H */
