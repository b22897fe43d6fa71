/*
 * state.h
 *		A clinic's queues as they are now: who waits and who works, and when who
 *		waits will be seen.
 */
#ifndef CLINIC_SCHED_STATE_H
#define CLINIC_SCHED_STATE_H

#include "datatype/timestamp.h"
#include "query.h"
#include "queue/estimate.h"
#include "queue/queue_status.h"
#include "utils/date.h"

/* An entry, and what is estimated of it. */
typedef struct StateEntry
{
	pg_uuid_t id;
	pg_uuid_t arrival_queue;
	pg_uuid_t queue;
	pg_uuid_t patient;
	pg_uuid_t service;
	QueueStatus status;
	Datum status_value; /* the same, as the SQL type has it */
	int32 number;
	int32 priority;
	char *class;
	char *desk;
	bool has_provider;
	pg_uuid_t provider;
	DateADT day;
	TimestampTz arrived_at;
	TimestampTz due_at;
	TimestampTz called_at; /* DT_NOBEGIN: not yet */
	TimestampTz started_at;
	TimestampTz finished_at;

	/* of who waits, once estimated; DT_NOEND: nobody there will see to it */
	TimestampTz estimated_start;
	TimestampTz estimated_from;
	TimestampTz estimated_to;
	pg_uuid_t estimated_provider;
} StateEntry;

typedef struct QueueState
{
	const pg_uuid_t *clinic;
	TimestampTz now;
	DateADT today;
	int nentries;
	StateEntry *entries; /* in the order of their turns */
	int nworking;
	pg_uuid_t *working; /* the providers who are there, by code */
} QueueState;

/*
 * Read the entries of a day and, when that is today, those that are still open of
 * the days before; as the caller may see them, or all.
 */
extern void queue_state_read(QueueState *state, const pg_uuid_t *clinic, DateADT day, bool all);

/* Today, on the clinic's wall clock. */
extern DateADT queue_today(const pg_uuid_t *clinic);

/* Estimate when those who wait will be seen. */
extern void queue_state_estimate(QueueState *state);

/* To whom an entry is dealt. */
typedef struct DealtPlace
{
	int entry;	  /* in state->entries */
	int provider; /* in state->working, or NO_PROVIDER */
} DealtPlace;

/*
 * Deal those who wait in a pool, which are so many entries of the state by their
 * indexes, to the providers who are there and offer what they wait for.
 */
extern void queue_state_deal(QueueState *state, const pg_uuid_t *queue, const int *pool, int count,
							 DealtPlace *places);

#endif /* CLINIC_SCHED_STATE_H */
