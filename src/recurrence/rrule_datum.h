/*
 * rrule_datum.h
 *		The SQL type clinic.rrule in C.
 *
 * Stored is what rrule_value.h describes, after a varlena header.
 */
#ifndef CLINIC_SCHED_RRULE_DATUM_H
#define CLINIC_SCHED_RRULE_DATUM_H

#include "fmgr.h"
#include "recurrence/rrule.h"

/* The rule of a value, taken apart, in the current memory context. */
extern RRule *rrule_of_datum(Datum datum);

/* A value of a rule, which has to be one by rrule_fault(). */
extern Datum rrule_datum(const RRule *rule);

/* The rule's text. */
extern char *rrule_text(const RRule *rule);

#define PG_GETARG_RRULE_P(n) rrule_of_datum(PG_GETARG_DATUM(n))
#define PG_RETURN_RRULE_P(rule) return rrule_datum(rule)

#endif /* CLINIC_SCHED_RRULE_DATUM_H */
