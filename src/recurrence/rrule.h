/*
 * rrule.h
 *		A recurrence rule of RFC 5545 (RRULE), taken apart.  Pure.
 *
 * This is the form that the parser fills, the printer prints and the expansion
 * reads; what is stored is a compact form of it (rrule_value.h).  Sets of numbers
 * are bit masks: bit n is the number n, and what counts from the end has a mask of
 * its own, in which bit n is the number -n.  A mask without bits: the part is not
 * given.
 */
#ifndef CLINIC_SCHED_RRULE_H
#define CLINIC_SCHED_RRULE_H

#include "datatype/timestamp.h"

typedef enum RRuleFrequency
{
	RRULE_SECONDLY,
	RRULE_MINUTELY,
	RRULE_HOURLY,
	RRULE_DAILY,
	RRULE_WEEKLY,
	RRULE_MONTHLY,
	RRULE_YEARLY
} RRuleFrequency;

typedef enum RRuleUntil
{
	RRULE_UNTIL_NONE,
	RRULE_UNTIL_DATE,  /* a civil day, all of it */
	RRULE_UNTIL_LOCAL, /* a time on the wall clock */
	RRULE_UNTIL_UTC	   /* an instant */
} RRuleUntil;

/* What becomes of a date that does not exist (RFC 7529). */
typedef enum RRuleSkip
{
	RRULE_SKIP_OMIT,
	RRULE_SKIP_BACKWARD,
	RRULE_SKIP_FORWARD
} RRuleSkip;

/* 1 to 366 */
#define RRULE_DAYS_BYTES 46
typedef struct RRuleDays
{
	uint8 bits[RRULE_DAYS_BYTES + 1];
} RRuleDays;

typedef struct RRule
{
	RRuleFrequency frequency;
	int32 interval; /* from 1 */
	int64 count;	/* 0: none */
	RRuleUntil until_kind;
	int64 until;	 /* a day since 2000-01-01, or microseconds since then */
	int week_start;	 /* 0 Monday .. 6 Sunday */
	bool has_rscale; /* RSCALE=GREGORIAN was given */
	RRuleSkip skip;

	uint64 seconds; /* 0 to 60 */
	uint64 minutes; /* 0 to 59 */
	uint32 hours;	/* 0 to 23 */
	uint16 months;	/* 1 to 12 */

	/* BYDAY: weekdays (bit 0 Monday) without a number, and by weekday the numbers, 1 to 53 */
	uint8 weekdays;
	uint64 nth[7];
	uint64 nth_last[7];

	uint32 month_days; /* 1 to 31 */
	uint32 month_days_last;
	RRuleDays year_days;
	RRuleDays year_days_last;
	uint64 weeks; /* 1 to 53 */
	uint64 weeks_last;
	RRuleDays positions; /* BYSETPOS */
	RRuleDays positions_last;
} RRule;

/* Is the number in a set of 1 to 366? */
static inline bool
rrule_has_day(const RRuleDays *days, int number)
{
	return (days->bits[number / 8] & (1 << (number % 8))) != 0;
}

static inline void
rrule_add_day(RRuleDays *days, int number)
{
	days->bits[number / 8] |= (uint8) (1 << (number % 8));
}

#endif /* CLINIC_SCHED_RRULE_H */
