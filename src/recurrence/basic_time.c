/*
 * basic_time.c
 *		Days and times as iCalendar writes them (RFC 5545 sections 3.3.4 and 3.3.5).
 */
#include "postgres.h"

#include "civil/calendar.h"
#include "recurrence/ascii.h"
#include "recurrence/basic_time.h"

static const char *read_digits(const char *text, int count, int *number);

const char *
read_basic_time(const char *text, BasicTime *time, const char *form, const char **reason)
{
	const char *at = text;
	CalendarDate date;
	int hour;
	int minute;
	int second;

	*reason = form;
	if ((at = read_digits(at, 4, &date.year)) == NULL ||
		(at = read_digits(at, 2, &date.month)) == NULL ||
		(at = read_digits(at, 2, &date.day)) == NULL || is_digit(*at))
		return NULL;
	if (!is_calendar_date(date))
	{
		*reason = "there is no such day";
		return NULL;
	}
	time->kind = RRULE_UNTIL_DATE;
	time->value = calendar_day(date);
	if (upper(*at) != 'T')
		return at;

	if ((at = read_digits(at + 1, 2, &hour)) == NULL ||
		(at = read_digits(at, 2, &minute)) == NULL || (at = read_digits(at, 2, &second)) == NULL ||
		is_digit(*at))
		return NULL;
	if (hour > 23 || minute > 59 || second > 60)
	{
		*reason = "there is no such time";
		return NULL;
	}
	/* RFC 5545 section 3.3.12: without leap seconds the second 60 is the second 59 */
	second = Min(second, 59);
	time->kind = upper(*at) == 'Z' ? RRULE_UNTIL_UTC : RRULE_UNTIL_LOCAL;
	time->value = time->value * USECS_PER_DAY + hour * USECS_PER_HOUR + minute * USECS_PER_MINUTE +
				  second * USECS_PER_SEC;
	return time->kind == RRULE_UNTIL_UTC ? at + 1 : at;
}

void
write_basic_time(Writer *writer, BasicTime time)
{
	int day = (int) time.value;
	int second = 0;
	CalendarDate date;

	if (time.kind != RRULE_UNTIL_DATE)
		split_time(time.value, &day, &second);
	date = calendar_date(day);
	write_digits(writer, (uint64) date.year, 4);
	write_digits(writer, (uint64) date.month, 2);
	write_digits(writer, (uint64) date.day, 2);
	if (time.kind == RRULE_UNTIL_DATE)
		return;

	write_char(writer, 'T');
	write_digits(writer, (uint64) (second / SECS_PER_HOUR), 2);
	write_digits(writer, (uint64) (second / SECS_PER_MINUTE % MINS_PER_HOUR), 2);
	write_digits(writer, (uint64) (second % SECS_PER_MINUTE), 2);
	if (time.kind == RRULE_UNTIL_UTC)
		write_char(writer, 'Z');
}

void
split_time(int64 microseconds, int *day, int *second)
{
	int64 since_first = microseconds - FIRST_CALENDAR_DAY * USECS_PER_DAY; /* from 0 */

	*day = (int) (since_first / USECS_PER_DAY) + FIRST_CALENDAR_DAY;
	*second = (int) (since_first % USECS_PER_DAY / USECS_PER_SEC);
}

static const char *
read_digits(const char *text, int count, int *number)
{
	*number = 0;
	for (int i = 0; i < count; i++, text++)
	{
		if (!is_digit(*text))
			return NULL;
		*number = *number * 10 + (*text - '0');
	}
	return text;
}
