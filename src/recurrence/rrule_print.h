/*
 * rrule_print.h
 *		A recurrence rule as text, as JSON and in English.  Pure.
 *
 * Each writes at most size bytes, the last of them a zero, and returns the length
 * of the whole text; with the size 0 it writes nothing.  The rule has to be one by
 * rrule_fault().
 */
#ifndef CLINIC_SCHED_RRULE_PRINT_H
#define CLINIC_SCHED_RRULE_PRINT_H

#include "recurrence/rrule_rules.h"
#include "recurrence/writer.h"

/* The one text of a rule, that RFC 5545 has. */
extern size_t rrule_print(const RRule *rule, char *text, size_t size);

/* As jCal has it (RFC 7265 section 3.6.10), with every list an array. */
extern size_t rrule_print_json(const RRule *rule, char *text, size_t size);

/* For people: "every 2 weeks on Monday and Thursday, until 30 June 2027". */
extern size_t rrule_print_english(const RRule *rule, char *text, size_t size);

/* The days that BYDAY lists, in the order in which they are printed; number 0: every such day. */
typedef struct RRuleWeekday
{
	int number; /* -53 to 53 */
	int weekday;
} RRuleWeekday;

#define RRULE_MAX_WEEKDAYS (RRULE_WEEKDAYS * (1 + 2 * 53))

extern int rrule_list_weekdays(const RRule *rule, RRuleWeekday *list);

/* Write -1FR or MO. */
extern void write_weekday(Writer *writer, RRuleWeekday weekday);

#endif /* CLINIC_SCHED_RRULE_PRINT_H */
