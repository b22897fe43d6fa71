/*
 * rrule_days.h
 *		The days that a recurrence rule names in a year or in a month.  Pure.
 */
#ifndef CLINIC_SCHED_RRULE_DAYS_H
#define CLINIC_SCHED_RRULE_DAYS_H

#include "civil/calendar.h"
#include "recurrence/rrule.h"

/*
 * Sets of days are bit masks.  In the mask of a year or of a month, bit n is the
 * n-th day, and bit 0 the day before the first: SKIP may choose that one, and the
 * one after the last.
 */
#define YEAR_WORDS 6
#define DAYS_PER_WEEK 7
typedef struct YearDays
{
	uint64 words[YEAR_WORDS];
} YearDays;

/* What the days of a year depend on; see year_shape(). */
#define YEAR_SHAPES 28
#define MONTH_SHAPES 28

/* The days of a rule, each shape of a year or month worked out when it is first met. */
typedef struct RuleDays
{
	RRule rule; /* what it takes from DTSTART filled in */
	uint32 months_known;
	uint32 years_known;
	uint64 months[MONTH_SHAPES];
	YearDays *years;
} RuleDays;

static inline bool
is_leap_year(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static inline int
days_of_year(int year)
{
	return is_leap_year(year) ? 366 : 365;
}

/* The day before 1 January, which is bit 0 of a year; of the years 1 to 9999. */
static inline int
day_before_year(int year)
{
	int before = year - 1;

	return FIRST_CALENDAR_DAY - 1 + before * 365 + before / 4 - before / 100 + before / 400;
}

/*
 * The weekday of 1 January, and whether it is a leap year.  If the rule names
 * weeks, which reach over the year's ends, also whether it follows one or comes
 * before one.
 */
extern int year_shape(const RuleDays *days, int year);

/* The days that BYMONTH, BYWEEKNO, BYYEARDAY, BYMONTHDAY and BYDAY leave of a year. */
extern const YearDays *rule_year(RuleDays *days, int year);

/* The days of a month that begins on that weekday, for a MONTHLY rule; BYMONTH is not asked. */
extern uint64 rule_month(RuleDays *days, int length, int first_weekday);

/* The first set bit from `from` on, or -1. */
extern int year_next(const YearDays *days, int from);

extern int year_count(const YearDays *days);

#endif /* CLINIC_SCHED_RRULE_DAYS_H */
