/*
 * rrule_expand.h
 *		The occurrences of a recurrence rule, on a wall clock.  Pure.
 *
 * Local times are counted in whole seconds since 2000-01-01: what DTSTART has of
 * a second is the same in every occurrence.
 */
#ifndef CLINIC_SCHED_RRULE_EXPAND_H
#define CLINIC_SCHED_RRULE_EXPAND_H

#include "recurrence/rrule_days.h"

/* The first second of 0001-01-01 and the last of 9999-12-31: there are no others. */
#define FIRST_CALENDAR_SECOND ((int64) FIRST_CALENDAR_DAY * SECS_PER_DAY)
#define LAST_CALENDAR_YEAR 9999
#define LAST_CALENDAR_SECOND (((int64) LAST_CALENDAR_DAY + 1) * SECS_PER_DAY - 1)

/* What a period of a rule is: a set of days, or at most one day. */
typedef enum RecurrencePeriod
{
	PERIOD_YEAR,
	PERIOD_MONTH,
	PERIOD_WEEK,
	PERIOD_UNIT /* a day, hour, minute or second */
} RecurrencePeriod;

/* A rule and its DTSTART, made ready.  It is written to while it is used, and not to be copied. */
typedef struct Recurrence
{
	RuleDays days;
	RecurrencePeriod period;
	int64 start;	/* DTSTART */
	int64 fraction; /* its microseconds after a second */
	int64 last;		/* UNTIL, or the last second there is */
	int64 count;	/* COUNT less an extra start; -1: none */
	int64 anchor;	/* the first period: a year, month, first day of a week, or unit */
	int64 interval; /* from period to period; of weeks in days */

	bool extra_start;	/* DTSTART is an occurrence that the rule does not make */
	bool impossible;	/* known never to occur */
	bool has_positions; /* BYSETPOS, in periods longer than a day */
	bool spills;		/* SKIP may move a day into the next or previous period */
	bool has_dates;		/* of weeks and units: not every date is right */
	bool has_times;		/* of units: not every time of day is right */
	bool last_counted;	/* `last` is that of COUNT */

	uint8 week; /* the days of a week, bit 0 being its first */
	int unit_seconds;
	int units_per_day;

	/* the times of a day, in seconds; of a shorter unit the seconds in it */
	int time_count;
	int32 *times;
	int32 few_times[8];

	/* of units, which hours, minutes and seconds are right */
	uint32 hours;
	uint64 minutes;
	uint64 seconds;

	/* BYSETPOS, ascending; from the end, descending */
	int position_count;
	int position_last_count;
	int16 *positions;
	int16 *positions_last;

	/* the year that a date was last looked up in, and the day before it */
	int year;
	int64 year_before;
	const YearDays *year_days;
} Recurrence;

/* A walk over the occurrences. */
typedef struct OccurrenceScan
{
	Recurrence *recurrence;
	int64 from;
	int64 last;
	int64 left; /* of COUNT; -1: not counted */
	bool start_first;
	int64 period; /* the next */

	/* the days of the period that are left */
	int64 day; /* of bit 0 */
	int word;
	int word_count;
	uint64 words[YEAR_WORDS];

	/* the times that are left, in seconds after `begin` */
	int64 begin;
	const int32 *time;
	const int32 *time_end;
	int32 *chosen; /* room for those that BYSETPOS chooses in a period */
} OccurrenceScan;

/* Whole seconds and DTSTART's fraction of one, as a timestamp. */
static inline Timestamp
recurrence_timestamp(const Recurrence *recurrence, int64 second)
{
	return second * USECS_PER_SEC + recurrence->fraction;
}

/* The first second whose time is not before a timestamp; the last whose time is not after it. */
extern int64 recurrence_second_from(const Recurrence *recurrence, Timestamp timestamp);
extern int64 recurrence_second_until(const Recurrence *recurrence, Timestamp timestamp);

/*
 * Make a rule ready.  DTSTART lies in the years 1 to 9999.  An UNTIL in UTC is
 * taken as a local time: who knows the zone sets `last` anew.
 */
extern void recurrence_prepare(Recurrence *recurrence, const RRule *rule, Timestamp dtstart);

/* Have DTSTART as the first occurrence, and counted, where the rule does not make it. */
extern void recurrence_include_start(Recurrence *recurrence);

/* The last second that an occurrence can have, COUNT seen to. */
extern int64 recurrence_last(Recurrence *recurrence);

/* Walk over the occurrences from a second on; go on from another one. */
extern void occurrences_begin(OccurrenceScan *scan, Recurrence *recurrence, int64 from);
extern void occurrences_seek(OccurrenceScan *scan, int64 from);
extern bool occurrences_next(OccurrenceScan *scan, int64 *second);

/* The last occurrence before a second. */
extern bool recurrence_previous(Recurrence *recurrence, int64 before, int64 *second);

/*
 * For counting.  What a rule makes whatever COUNT and include_dtstart say, from
 * a second to the last one.
 */
extern void uncounted_begin(OccurrenceScan *scan, Recurrence *recurrence, int64 from, int64 last);

/* The days of a period as a mask, bit 0 being *day; the words of it, 0 for no day. */
extern int period_days(Recurrence *recurrence, int64 period, int64 *day, uint64 *words);

/* Which of so many occurrences of a period BYSETPOS chooses, from 0, in order; how many they are. */
extern int period_choose(const Recurrence *recurrence, int64 size, int32 *chosen);

/* The same for the days of such a mask, in seconds after bit 0. */
extern int period_chosen_times(const Recurrence *recurrence, const uint64 *words, int word_count,
							   int32 *chosen);

/* The first day from this one on that has a right date; NO_DAY if there is none. */
#define NO_DAY PG_INT64_MAX
extern int64 next_right_day(Recurrence *recurrence, int64 day);

/* The first unit of a day from this one on that has a right time; -1 if there is none. */
extern int next_right_unit(const Recurrence *recurrence, int unit);

/* Rounded down, also before 2000. */
static inline int64
floor_divide(int64 number, int64 divisor)
{
	return number / divisor - (number % divisor < 0 ? 1 : 0);
}

/* 0 to divisor - 1 */
static inline int64
positive_modulo(int64 number, int64 divisor)
{
	int64 rest = number % divisor;

	return rest < 0 ? rest + divisor : rest;
}

#endif /* CLINIC_SCHED_RRULE_EXPAND_H */
