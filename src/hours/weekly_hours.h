/*
 * weekly_hours.h
 *		The hours of a week, on the wall clock: what they are, and their text.
 *
 * A value is the set of the week's minutes that are open, as ranges.  They are
 * in order, none touches the next, and none goes past the end of the week: hours
 * from Sunday night into Monday are two ranges.  So equal hours have equal bytes.
 * Parsing, printing and checking are pure: no fmgr, no memory context, no error
 * but what they return.
 */
#ifndef CLINIC_SCHED_WEEKLY_HOURS_H
#define CLINIC_SCHED_WEEKLY_HOURS_H

#include "compat.h"

#define DAYS_OF_WEEK 7
#define MINUTES_PER_HOUR 60
#define MINUTES_PER_DAY (24 * MINUTES_PER_HOUR)
#define MINUTES_PER_WEEK (DAYS_OF_WEEK * MINUTES_PER_DAY)

/* Every other minute. */
#define WEEKLY_HOURS_MAX_RANGES (MINUTES_PER_WEEK / 2)

/* Longer than the text of any value; what parses longer ones would take its time. */
#define WEEKLY_HOURS_MAX_LENGTH 131072

/* Open from the minute `opens` until `closes`, counted from Monday 00:00; 0..10080. */
typedef struct MinuteRange
{
	uint16 opens;
	uint16 closes;
} MinuteRange;

/* The SQL type clinic.weekly_hours. */
typedef struct WeeklyHours
{
	int32 vl_len_; /* varlena header */
	MinuteRange ranges[FLEXIBLE_ARRAY_MEMBER];
} WeeklyHours;

#define WEEKLY_HOURS_SIZE(count) (offsetof(WeeklyHours, ranges) + (count) * sizeof(MinuteRange))

#define DatumGetWeeklyHoursP(datum) ((WeeklyHours *) PG_DETOAST_DATUM(datum))
#define PG_GETARG_WEEKLY_HOURS_P(n) DatumGetWeeklyHoursP(PG_GETARG_DATUM(n))
#define PG_RETURN_WEEKLY_HOURS_P(hours) PG_RETURN_POINTER(hours)

static inline int
weekly_hours_count(const WeeklyHours *hours)
{
	return (int) ((VARSIZE(hours) - offsetof(WeeklyHours, ranges)) / sizeof(MinuteRange));
}

/* Where and why a text is no weekly_hours. */
typedef struct WeeklyHoursFault
{
	int position; /* the character, from 1 */
	const char *reason;
} WeeklyHoursFault;

/*
 * Read a text.  Writes at most WEEKLY_HOURS_MAX_RANGES ranges and their count,
 * or returns false, with a count of 0, and sets the fault.
 */
extern bool weekly_hours_parse(const char *text, MinuteRange *ranges, int *count,
							   WeeklyHoursFault *fault);

/* Are these ranges a value: in order, apart from each other, within the week? */
extern bool weekly_hours_valid(const MinuteRange *ranges, int count);

/* A buffer's size that is enough for the text of so many ranges, with its terminating zero. */
extern int weekly_hours_text_size(int count);

/* Write the one text that a value prints as. */
extern void weekly_hours_print(const MinuteRange *ranges, int count, char *text);

#endif /* CLINIC_SCHED_WEEKLY_HOURS_H */
