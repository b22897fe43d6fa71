/*
 * rrule_numbers.h
 *		The numbers that a part of a recurrence rule lists, as one kind of set.  Pure.
 *
 * A rule has masks of different widths.  What treats the parts alike (reading,
 * printing, checking) takes the numbers of any of them in this form.
 */
#ifndef CLINIC_SCHED_RRULE_NUMBERS_H
#define CLINIC_SCHED_RRULE_NUMBERS_H

#include "recurrence/rrule_rules.h"

/* Those that a part may list, and what to say of others. */
typedef struct RRuleLimits
{
	int least;
	int most;			  /* 0: this part lists no numbers */
	bool counts_from_end; /* -1 to -most as well */
	const char *reason;
} RRuleLimits;

extern const RRuleLimits rrule_limits[RRULE_PARTS];

typedef struct RRuleNumbers
{
	RRuleDays days; /* bit n is the number n, 0 to 366 */
	RRuleDays last; /* bit n is the number -n */
} RRuleNumbers;

/* As many as a set can have. */
#define RRULE_MAX_NUMBERS (2 * 8 * (int) sizeof(RRuleDays))

/* The numbers of a part, none if it is not given; and the other way round. */
extern RRuleNumbers rrule_numbers(const RRule *rule, RRulePart part);
extern void rrule_set_numbers(RRule *rule, RRulePart part, const RRuleNumbers *numbers);

/* Add a number to what a part lists, or return false if it may not list it. */
extern bool rrule_add_number(RRuleNumbers *numbers, RRulePart part, int number);

/* Write the numbers in their order, what counts from the end last; return how many they are. */
extern int rrule_list_numbers(const RRuleNumbers *numbers, int *list);

/* May the part list all of these? */
extern bool rrule_numbers_valid(const RRuleNumbers *numbers, RRulePart part);

/* The set of the numbers that are bits of a mask, and the mask of those below 64. */
extern RRuleDays rrule_days_of_mask(uint64 mask);
extern uint64 rrule_mask_of_days(const RRuleDays *days);

#endif /* CLINIC_SCHED_RRULE_NUMBERS_H */
