/*
 * identity.h
 *		Which clinic, which actor, and whether that is staff.
 */
#ifndef CLINIC_SCHED_IDENTITY_H
#define CLINIC_SCHED_IDENTITY_H

#include "utils/uuid.h"

extern void identity_define_settings(void);

/* The account that acts, or NULL when none is named.  Palloc'd. */
extern const pg_uuid_t *identity_actor(void);

/* May this session do what only the clinic's staff may?  Between query_begin() and query_end(). */
extern bool identity_is_staff(const pg_uuid_t *clinic);

#endif /* CLINIC_SCHED_IDENTITY_H */
