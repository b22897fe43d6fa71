/*
 * entry.h
 *		The visits that queue entries are of, and what both sides of a queue ask.
 */
#ifndef CLINIC_SCHED_ENTRY_H
#define CLINIC_SCHED_ENTRY_H

#include "booking/status.h"
#include "datatype/timestamp.h"
#include "pgtime.h"
#include "query.h"
#include "queue/queue_status.h"
#include "trigger.h"

/* Is the entry e open, or waiting?  Written so, the partial indexes serve. */
#define ENTRY_IS_OPEN \
	"e.status operator(pg_catalog.=) any" \
	" ('{waiting,called,skipped,in_service}'::clinic.queue_status[])"
#define ENTRY_IS_WAITING "e.status" EQ "'waiting'::clinic.queue_status"

/* A visit, as of when its row was locked. */
typedef struct QueuedVisit
{
	pg_uuid_t id;
	VisitStatus status;
	VisitMode mode;
	Datum mode_value; /* the same, as the SQL type has it */
	pg_uuid_t patient;
	pg_uuid_t service;
	bool has_provider;
	pg_uuid_t provider;
	TimestampTz starts_at;
} QueuedVisit;

/*
 * Lock the visit's row, in the order of lock.h; false if there is none.  Whoever
 * changes the visit meanwhile waits, or is waited for.
 */
extern bool queued_visit_lock(const pg_uuid_t *clinic, const pg_uuid_t *visit, QueuedVisit *result);

/* The status of a version of a row of queue_entry; null is refused. */
extern QueueStatus entry_status(const TriggerRows *rows, HeapTuple tuple);

/* The clinic's time zone; a clinic that does not exist is refused. */
extern pg_tz *queue_zone(const pg_uuid_t *clinic);

extern void refuse_unless_staff(const pg_uuid_t *clinic);
extern _Noreturn void refuse_checked_in(void);

#endif /* CLINIC_SCHED_ENTRY_H */
