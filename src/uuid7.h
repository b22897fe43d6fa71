/*
 * uuid7.h
 *		Time-ordered UUIDs, RFC 9562 version 7.
 */
#ifndef CLINIC_SCHED_UUID7_H
#define CLINIC_SCHED_UUID7_H

#include "utils/uuid.h"

extern void uuid7_draw(pg_uuid_t *uuid);

#endif /* CLINIC_SCHED_UUID7_H */
