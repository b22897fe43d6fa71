/*
 * clinic.h
 *		Clinics, their resources and their services.
 */
#ifndef CLINIC_SCHED_CLINIC_H
#define CLINIC_SCHED_CLINIC_H

#include "datatype/timestamp.h"
#include "utils/uuid.h"

/*
 * Raise a clinic's longest_claim to at least this many microseconds.  Takes the
 * clinic's row lock, which in the order of lock.h stands before the patient's.
 * Between query_begin() and query_end().
 */
extern void clinic_raise_longest_claim(const pg_uuid_t *clinic, int64 microseconds);

#endif /* CLINIC_SCHED_CLINIC_H */
