/*
 * holds.h
 *		Holds that have expired, and their time.
 */
#ifndef CLINIC_SCHED_HOLDS_H
#define CLINIC_SCHED_HOLDS_H

#include "datatype/timestamp.h"
#include "utils/uuid.h"

/* Are there expired holds on the resources that overlap [from, to)? */
extern bool expired_holds_exist(const pg_uuid_t *clinic, const pg_uuid_t *resources, int nresources,
								TimestampTz from, TimestampTz to);

/* Delete their claims, passing over what another transaction is about to change; how many. */
extern uint64 expired_holds_reap(const pg_uuid_t *clinic, const pg_uuid_t *resources,
								 int nresources, TimestampTz from, TimestampTz to);

#endif /* CLINIC_SCHED_HOLDS_H */
