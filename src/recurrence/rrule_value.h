/*
 * rrule_value.h
 *		A recurrence rule as it is stored and sent: few bytes, one form for one rule.  Pure.
 */
#ifndef CLINIC_SCHED_RRULE_VALUE_H
#define CLINIC_SCHED_RRULE_VALUE_H

#include "recurrence/rrule.h"

/* Room for every rule. */
#define RRULE_MAX_PACKED 400

/* Write the bytes of a rule, and return how many they are. */
extern int rrule_pack(const RRule *rule, uint8 *bytes);

/*
 * Read bytes that rrule_pack() has written.  False if it cannot have written
 * them; nothing past their end is read, whatever they are.
 */
extern bool rrule_unpack(const uint8 *bytes, size_t size, RRule *rule);

/* The same for bytes of which nothing is known: whether they are what the rule packs to. */
extern bool rrule_unpack_untrusted(const uint8 *bytes, size_t size, RRule *rule);

/* Order by frequency, seconds first, then by the other bytes: negative, zero or positive. */
extern int rrule_compare_packed(const uint8 *a, size_t asize, const uint8 *b, size_t bsize);

#endif /* CLINIC_SCHED_RRULE_VALUE_H */
