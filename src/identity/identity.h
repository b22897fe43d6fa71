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

/*
 * While it is set nobody acts but the clinic itself: there is no actor, and what is
 * done is done by its staff.  Returns what it was before.
 */
extern bool identity_act_for_clinic(bool acting);

/* May this session do what only the clinic's staff may?  Between query_begin() and query_end(). */
extern bool identity_is_staff(const pg_uuid_t *clinic);

#endif /* CLINIC_SCHED_IDENTITY_H */
