/*
 * queue_status.h
 *		Where a patient who has arrived stands, and what may follow.
 */
#ifndef CLINIC_SCHED_QUEUE_STATUS_H
#define CLINIC_SCHED_QUEUE_STATUS_H

/* In the order of the enum type clinic.queue_status; up to QUEUE_IN_SERVICE an entry is open. */
typedef enum QueueStatus
{
	QUEUE_WAITING,
	QUEUE_CALLED,
	QUEUE_SKIPPED,
	QUEUE_IN_SERVICE,
	QUEUE_DONE,
	QUEUE_LEFT
} QueueStatus;

extern const char *queue_status_name(QueueStatus status);
extern QueueStatus queue_status_from_name(const char *name);
extern QueueStatus queue_status_from_oid(Oid value);

extern bool queue_status_can_follow(QueueStatus from, QueueStatus to);

/* Does an entry come to stand so only because its visit does? */
extern bool queue_status_is_of_visit(QueueStatus status);

/* Refuse what cannot follow. */
extern void check_queue_transition(QueueStatus from, QueueStatus to);

#endif /* CLINIC_SCHED_QUEUE_STATUS_H */
