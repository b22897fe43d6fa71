/*
 * queue_status.c
 *		Where a patient who has arrived stands, and what may follow.
 */
#include "postgres.h"

#include "booking/status.h"
#include "errors.h"
#include "queue/queue_status.h"

#define BIT(status) (1 << (status))

typedef struct QueueStatusEntry
{
	const char *name;
	int followers; /* bits of the statuses that may follow; 0: final */
} QueueStatusEntry;

/* A visit may be begun by whoever sees the patient, called or not. */
static const QueueStatusEntry statuses[] = {
	[QUEUE_WAITING] = {"waiting", BIT(QUEUE_CALLED) | BIT(QUEUE_SKIPPED) | BIT(QUEUE_IN_SERVICE) |
									  BIT(QUEUE_LEFT)},
	[QUEUE_CALLED] = {"called", BIT(QUEUE_WAITING) | BIT(QUEUE_SKIPPED) | BIT(QUEUE_IN_SERVICE) |
									BIT(QUEUE_LEFT)},
	[QUEUE_SKIPPED] = {"skipped", BIT(QUEUE_WAITING) | BIT(QUEUE_IN_SERVICE) | BIT(QUEUE_LEFT)},
	[QUEUE_IN_SERVICE] = {"in_service", BIT(QUEUE_DONE) | BIT(QUEUE_LEFT)},
	[QUEUE_DONE] = {"done", 0},
	[QUEUE_LEFT] = {"left", 0},
};

const char *
queue_status_name(QueueStatus status)
{
	return statuses[status].name;
}

QueueStatus
queue_status_from_name(const char *name)
{
	for (size_t i = 0; i < lengthof(statuses); i++)
		if (strcmp(statuses[i].name, name) == 0)
			return (QueueStatus) i;
	elog(ERROR, "no such queue_status: %s", name);
}

QueueStatus
queue_status_from_oid(Oid value)
{
	NameData label;

	enum_label(value, &label);
	return queue_status_from_name(NameStr(label));
}

bool
queue_status_can_follow(QueueStatus from, QueueStatus to)
{
	return (statuses[from].followers & BIT(to)) != 0;
}

bool
queue_status_is_of_visit(QueueStatus status)
{
	return status >= QUEUE_IN_SERVICE;
}

void
check_queue_transition(QueueStatus from, QueueStatus to)
{
	if (!queue_status_can_follow(from, to))
		refuse(REASON_INVALID_TRANSITION,
			   psprintf("a patient who is %s in the queue cannot become %s",
						queue_status_name(from), queue_status_name(to)),
			   NULL, NULL);
}
