/*
 * matching.h
 *		Which of the resources at hand meet what is required.  Pure.
 */
#ifndef CLINIC_SCHED_MATCHING_H
#define CLINIC_SCHED_MATCHING_H

#include "c.h"

/* The most that may be required, as many as a visit may occupy. */
#define MAX_UNITS 32

/* The units, from bit 0 on, that a resource would do for. */
typedef uint32 Units;

/*
 * Choose resources so that each of the nunits units has one of its own.  The
 * resources stand in the order of preference, and of all choices that do, the
 * one made is the first in that order.  False if there is none; then chosen
 * says which would do for as many units as can be.
 */
extern bool match_units(int nunits, const Units *suits, int nresources, bool *chosen);

#endif /* CLINIC_SCHED_MATCHING_H */
