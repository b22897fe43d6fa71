/*
 * basic_time.h
 *		Days and times as iCalendar writes them: 20270630, 20270630T120000, 20270630T120000Z.  Pure.
 */
#ifndef CLINIC_SCHED_BASIC_TIME_H
#define CLINIC_SCHED_BASIC_TIME_H

#include "recurrence/rrule.h"
#include "recurrence/writer.h"

typedef struct BasicTime
{
	RRuleUntil kind; /* never RRULE_UNTIL_NONE */
	int64 value; /* of the years 1 to 9999; a day since 2000-01-01, or microseconds since then */
} BasicTime;

/* "ddddddddTddddddZ" and a zero. */
#define BASIC_TIME_SIZE 17

/*
 * Read one and return what follows it; or return NULL and set what is wrong,
 * `form` being what to say of a text that is not written like that.
 */
extern const char *read_basic_time(const char *text, BasicTime *time, const char *form,
								   const char **reason);

extern void write_basic_time(Writer *writer, BasicTime time);

/* The day and the second of it of a time of those years. */
extern void split_time(int64 microseconds, int *day, int *second);

#endif /* CLINIC_SCHED_BASIC_TIME_H */
