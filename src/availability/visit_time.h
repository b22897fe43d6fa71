/*
 * visit_time.h
 *		When a visit is, and the stretch of time it occupies.
 */
#ifndef CLINIC_SCHED_VISIT_TIME_H
#define CLINIC_SCHED_VISIT_TIME_H

#include "booking/status.h"
#include "datatype/timestamp.h"

typedef struct VisitTime
{
	VisitMode mode;
	TimestampTz starts_at;
	TimestampTz ends_at;
	TimestampTz claim_from; /* buffers included */
	TimestampTz claim_to;
} VisitTime;

#endif /* CLINIC_SCHED_VISIT_TIME_H */
