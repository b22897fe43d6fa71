/*
 * rrule_parse.h
 *		The text of a recurrence rule, read.  Pure.
 */
#ifndef CLINIC_SCHED_RRULE_PARSE_H
#define CLINIC_SCHED_RRULE_PARSE_H

#include "recurrence/rrule.h"

/* Longer than the text of any value; what parses longer ones would take its time. */
#define RRULE_MAX_LENGTH 16384

/* Where and why a text is no rule. */
typedef struct RRuleError
{
	int position; /* the character, from 1 */
	const char *reason;
} RRuleError;

/* Read a rule into *rule, every byte of it, or return false and set *error. */
extern bool rrule_parse(const char *text, RRule *rule, RRuleError *error);

/* Add what BYDAY lists, as "MO,WE,-1FR", to the rule; whether it goes with the rest is not asked. */
extern bool rrule_parse_byday(const char *text, RRule *rule, RRuleError *error);

/* The day of that name, MO to SU in any case, or -1. */
extern int rrule_weekday(const char *name);

#endif /* CLINIC_SCHED_RRULE_PARSE_H */
