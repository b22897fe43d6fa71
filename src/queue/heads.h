/*
 * heads.h
 *		Where the queues of a clinic begin, as this session knows it.
 */
#ifndef CLINIC_SCHED_HEADS_H
#define CLINIC_SCHED_HEADS_H

#include "datatype/timestamp.h"
#include "utils/uuid.h"

/* A place in the order of turns. */
typedef struct Turn
{
	TimestampTz due_at;
	pg_uuid_t id;
} Turn;

/* A queue, and a turn before which nobody waits in it. */
typedef struct QueueHead
{
	pg_uuid_t queue;
	Turn turn;
} QueueHead;

/* Comes after all that there are. */
extern const Turn last_turn;

extern int compare_turns(const Turn *a, const Turn *b);

/*
 * The heads of these queues, which are each given once, without those in which
 * nobody waits; how many.  heads has room for all.  What was committed before
 * the calling statement began is taken into account.  Between query_begin() and
 * query_end().
 */
extern int queue_heads(const pg_uuid_t *clinic, const pg_uuid_t *queues, int nqueues,
					   QueueHead *heads);

/* Somebody was called from the head of that queue, or nobody was found there. */
extern void queue_head_called(const pg_uuid_t *queue);
extern void queue_head_deserted(const pg_uuid_t *queue);

#endif /* CLINIC_SCHED_HEADS_H */
