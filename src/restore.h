/*
 * restore.h
 *		Telling a restore of a dump from a client that writes.
 */
#ifndef CLINIC_SCHED_RESTORE_H
#define CLINIC_SCHED_RESTORE_H

#include "utils/relcache.h"

/* Is this row being written by a restore, so that everything derived from it comes too? */
extern bool restoring(Relation relation);

#endif /* CLINIC_SCHED_RESTORE_H */
