/*
 * rrule_rules.h
 *		The parts of a recurrence rule, and what RFC 5545 says of them together.  Pure.
 */
#ifndef CLINIC_SCHED_RRULE_RULES_H
#define CLINIC_SCHED_RRULE_RULES_H

#include "recurrence/rrule.h"

#define RRULE_WEEKDAYS 7

/* In the order in which they are printed. */
typedef enum RRulePart
{
	RRULE_PART_RSCALE,
	RRULE_PART_FREQ,
	RRULE_PART_INTERVAL,
	RRULE_PART_COUNT,
	RRULE_PART_UNTIL,
	RRULE_PART_BYMONTH,
	RRULE_PART_BYWEEKNO,
	RRULE_PART_BYYEARDAY,
	RRULE_PART_BYMONTHDAY,
	RRULE_PART_BYDAY,
	RRULE_PART_BYHOUR,
	RRULE_PART_BYMINUTE,
	RRULE_PART_BYSECOND,
	RRULE_PART_BYSETPOS,
	RRULE_PART_WKST,
	RRULE_PART_SKIP,
	RRULE_PARTS
} RRulePart;

/* FREQ, WEEKLY, MO, FORWARD: the words of the text, by their enum. */
extern const char *const rrule_part_names[RRULE_PARTS];
extern const char *const rrule_frequency_names[RRULE_YEARLY + 1];
extern const char *const rrule_weekday_names[RRULE_WEEKDAYS];
extern const char *const rrule_skip_names[RRULE_SKIP_FORWARD + 1];

/*
 * Why these parts are no rule, whatever they came from, and which of them is at
 * fault; NULL when they are one.
 */
extern const char *rrule_fault(const RRule *rule, RRulePart *part);

/* Does BYDAY have a number before a weekday? */
extern bool rrule_has_nth(const RRule *rule);

/* Is no number in the set? */
extern bool rrule_no_days(const RRuleDays *days);

#endif /* CLINIC_SCHED_RRULE_RULES_H */
