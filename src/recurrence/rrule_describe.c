/*
 * rrule_describe.c
 *		A recurrence rule in English.
 *
 * What is said, and in which order:
 *
 *		every 2 months				FREQ and INTERVAL
 *		on the 13th					the days: BYDAY, BYMONTHDAY or BYYEARDAY
 *		, if that is a Friday,		when more than one of those is given
 *		in week 20					BYWEEKNO
 *		in January and June			BYMONTH
 *		at 09:30					BYHOUR, BYMINUTE and BYSECOND
 *		, only the last of these in the month		BYSETPOS
 *		, or the day before if there is no such day	SKIP
 *		, weeks starting on Sunday					WKST
 *		, 10 times					COUNT or UNTIL
 */
#include "postgres.h"

#include "civil/calendar.h"
#include "recurrence/basic_time.h"
#include "recurrence/rrule_numbers.h"
#include "recurrence/rrule_print.h"

/* Of more times than this, the hours are said and the minutes, and not each time. */
#define MAX_TIMES 12

/* So many numbers in a row are said as a range. */
#define SHORTEST_RANGE 3

static const char *const unit_names[RRULE_YEARLY + 1] = {
	"second", "minute", "hour", "day", "week", "month", "year",
};

static const char *const weekday_names[RRULE_WEEKDAYS] = {
	"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
};

static const char *const month_names[] = {
	"January", "February", "March",		"April",   "May",	   "June",
	"July",	   "August",   "September", "October", "November", "December",
};

/* How to say one number of a list. */
typedef void (*SayNumber)(Writer *writer, int number);

static void say_frequency(Writer *writer, const RRule *rule);
static void say_days(Writer *writer, const RRule *rule);
static bool say_date_of_year(Writer *writer, const RRule *rule);
static bool say_weekdays(Writer *writer, const RRule *rule, bool as_condition);
static bool say_month_days(Writer *writer, const RRule *rule);
static bool say_year_days(Writer *writer, const RRule *rule, bool as_condition);
static void say_weeks(Writer *writer, const RRule *rule);
static void say_months(Writer *writer, const RRule *rule);
static void say_times(Writer *writer, const RRule *rule);
static bool say_each_time(Writer *writer, const RRule *rule);
static void say_clock_part(Writer *writer, const RRule *rule, RRulePart part, const char *name);
static void say_positions(Writer *writer, const RRule *rule);
static void say_end(Writer *writer, const RRule *rule);
static void say_date(Writer *writer, int day);
static void say_list(Writer *writer, const int *list, int count, SayNumber say, bool ranges,
					 const char *conjunction);
static void say_plain(Writer *writer, int number);
static void say_weekday(Writer *writer, int number);
static void say_month(Writer *writer, int number);
static void say_ordinal(Writer *writer, int number);
static void say_the_ordinal(Writer *writer, int number);
static void say_nth_weekday(Writer *writer, int number);
static void say_clock(Writer *writer, int number);

size_t
rrule_print_english(const RRule *rule, char *text, size_t size)
{
	Writer writer = writer_begin(text, size);

	say_frequency(&writer, rule);
	if (!say_date_of_year(&writer, rule))
	{
		say_days(&writer, rule);
		say_weeks(&writer, rule);
		say_months(&writer, rule);
	}
	say_times(&writer, rule);
	say_positions(&writer, rule);
	if (rule->skip == RRULE_SKIP_BACKWARD)
		write_text(&writer, ", or the day before if there is no such day");
	else if (rule->skip == RRULE_SKIP_FORWARD)
		write_text(&writer, ", or the day after if there is no such day");
	if (rule->week_start != 0)
	{
		write_text(&writer, ", weeks starting on ");
		write_text(&writer, weekday_names[rule->week_start]);
	}
	say_end(&writer, rule);
	return writer_end(&writer);
}

/* The numbers of a part, in their order. */
static int
list_part(const RRule *rule, RRulePart part, int *list)
{
	RRuleNumbers numbers = rrule_numbers(rule, part);

	return rrule_list_numbers(&numbers, list);
}

static void
say_frequency(Writer *writer, const RRule *rule)
{
	write_text(writer, "every ");
	if (rule->interval != 1)
	{
		write_number(writer, rule->interval);
		write_char(writer, ' ');
	}
	write_text(writer, unit_names[rule->frequency]);
	if (rule->interval != 1)
		write_char(writer, 's');
}

static void
say_days(Writer *writer, const RRule *rule)
{
	bool said = say_month_days(writer, rule);

	said |= say_year_days(writer, rule, said);
	said |= say_weekdays(writer, rule, said);
	if (said && rule->frequency < RRULE_WEEKLY)
		write_text(writer, " only");
}

/* Every year on 25 December, or on 1 and 15 July: as people say it. */
static bool
say_date_of_year(Writer *writer, const RRule *rule)
{
	int months[RRULE_MAX_NUMBERS];
	int days[RRULE_MAX_NUMBERS];
	int count = list_part(rule, RRULE_PART_BYMONTHDAY, days);

	if (rule->frequency != RRULE_YEARLY || count == 0 || rule->month_days_last != 0 ||
		list_part(rule, RRULE_PART_BYMONTH, months) != 1 || rule->weekdays != 0 ||
		rrule_has_nth(rule) || (rule->weeks | rule->weeks_last) != 0 ||
		!rrule_no_days(&rule->year_days) || !rrule_no_days(&rule->year_days_last))
		return false;
	write_text(writer, " on ");
	say_list(writer, days, count, say_plain, true, "and");
	write_char(writer, ' ');
	say_month(writer, months[0]);
	return true;
}

/* What follows either stands for itself or restricts the days that were said already. */
static void
begin_days(Writer *writer, bool as_condition)
{
	write_text(writer, as_condition ? ", if that is " : " on ");
}

static bool
say_weekdays(Writer *writer, const RRule *rule, bool as_condition)
{
	const char *conjunction = as_condition ? "or" : "and";
	RRuleWeekday weekdays[RRULE_MAX_WEEKDAYS];
	int count = rrule_list_weekdays(rule, weekdays);
	int list[RRULE_MAX_WEEKDAYS];
	int plain = 0;

	if (count == 0)
		return false;
	for (int i = 0; i < count; i++)
	{
		if (weekdays[i].number == 0)
			list[plain++] = weekdays[i].weekday;
		else
			list[i] = weekdays[i].number * RRULE_WEEKDAYS + weekdays[i].weekday;
	}

	begin_days(writer, as_condition);
	if (plain > 0)
	{
		if (!as_condition && rule->frequency > RRULE_WEEKLY &&
			(rule->weeks | rule->weeks_last) == 0)
			write_text(writer, "every ");
		say_list(writer, list, plain, say_weekday, true, conjunction);
	}
	if (plain > 0 && plain < count)
	{
		write_char(writer, ' ');
		write_text(writer, conjunction);
		write_char(writer, ' ');
	}
	say_list(writer, list + plain, count - plain, say_nth_weekday, false, conjunction);
	if (plain < count && rule->frequency == RRULE_YEARLY && rule->months == 0)
		write_text(writer, " of the year");
	return true;
}

static bool
say_month_days(Writer *writer, const RRule *rule)
{
	int list[RRULE_MAX_NUMBERS];
	int count = list_part(rule, RRULE_PART_BYMONTHDAY, list);

	if (count == 0)
		return false;
	begin_days(writer, false);
	say_list(writer, list, count, say_the_ordinal, true, "and");
	if (rule->month_days_last != 0)
		write_text(writer, " day");
	if ((rule->month_days_last != 0 || rule->frequency != RRULE_MONTHLY) && rule->months == 0)
		write_text(writer, " of the month");
	return true;
}

static bool
say_year_days(Writer *writer, const RRule *rule, bool as_condition)
{
	int list[RRULE_MAX_NUMBERS];
	int count = list_part(rule, RRULE_PART_BYYEARDAY, list);

	if (count == 0)
		return false;
	begin_days(writer, as_condition);
	say_list(writer, list, count, say_the_ordinal, true, as_condition ? "or" : "and");
	write_text(writer, " day of the year");
	return true;
}

static void
say_weeks(Writer *writer, const RRule *rule)
{
	int list[RRULE_MAX_NUMBERS];
	int count = list_part(rule, RRULE_PART_BYWEEKNO, list);

	if (count == 0)
		return;
	if (rule->weeks_last == 0)
	{
		write_text(writer, count > 1 ? " in weeks " : " in week ");
		say_list(writer, list, count, say_plain, true, "and");
		return;
	}
	write_text(writer, " in ");
	say_list(writer, list, count, say_the_ordinal, true, "and");
	write_text(writer, " week of the year");
}

static void
say_months(Writer *writer, const RRule *rule)
{
	int list[RRULE_MAX_NUMBERS];
	int count = list_part(rule, RRULE_PART_BYMONTH, list);

	if (count == 0)
		return;
	write_text(writer, " in ");
	say_list(writer, list, count, say_month, true, "and");
}

static void
say_times(Writer *writer, const RRule *rule)
{
	if (say_each_time(writer, rule))
		return;
	say_clock_part(writer, rule, RRULE_PART_BYHOUR, "hour");
	say_clock_part(writer, rule, RRULE_PART_BYMINUTE, "minute");
	say_clock_part(writer, rule, RRULE_PART_BYSECOND, "second");
}

/* Hours and minutes together, where they make few times. */
static bool
say_each_time(Writer *writer, const RRule *rule)
{
	int hours[RRULE_MAX_NUMBERS];
	int minutes[RRULE_MAX_NUMBERS];
	int hour_count = list_part(rule, RRULE_PART_BYHOUR, hours);
	int minute_count = list_part(rule, RRULE_PART_BYMINUTE, minutes);
	int times[MAX_TIMES];
	int count = hour_count * minute_count;

	/* Seconds other than 0 make the times too long to be read. */
	if (count == 0 || count > MAX_TIMES || (rule->seconds & ~UINT64CONST(1)) != 0)
		return false;
	for (int i = 0; i < count; i++)
		times[i] = hours[i / minute_count] * MINS_PER_HOUR + minutes[i % minute_count];
	write_text(writer, " at ");
	say_list(writer, times, count, say_clock, false, "and");
	return true;
}

static void
say_clock_part(Writer *writer, const RRule *rule, RRulePart part, const char *name)
{
	int list[RRULE_MAX_NUMBERS];
	int count = list_part(rule, part, list);

	if (count == 0)
		return;
	write_text(writer, part == RRULE_PART_BYHOUR ? " in " : " at ");
	write_text(writer, name);
	write_text(writer, count > 1 ? "s " : " ");
	say_list(writer, list, count, say_plain, true, "and");
}

static void
say_positions(Writer *writer, const RRule *rule)
{
	int list[RRULE_MAX_NUMBERS];
	int count = list_part(rule, RRULE_PART_BYSETPOS, list);

	if (count == 0)
		return;
	write_text(writer, ", only ");
	say_list(writer, list, count, say_the_ordinal, true, "and");
	write_text(writer, " of these in the ");
	write_text(writer, unit_names[rule->frequency]);
}

static void
say_end(Writer *writer, const RRule *rule)
{
	int day;
	int second;

	if (rule->count == 1)
		write_text(writer, ", once");
	else if (rule->count > 1)
	{
		write_text(writer, ", ");
		write_number(writer, rule->count);
		write_text(writer, " times");
	}
	if (rule->until_kind == RRULE_UNTIL_NONE)
		return;

	write_text(writer, ", until ");
	if (rule->until_kind == RRULE_UNTIL_DATE)
	{
		say_date(writer, (int) rule->until);
		return;
	}
	split_time(rule->until, &day, &second);
	say_date(writer, day);
	write_text(writer, " at ");
	say_clock(writer, second / SECS_PER_MINUTE);
	if (second % SECS_PER_MINUTE != 0)
	{
		write_char(writer, ':');
		write_digits(writer, (uint64) (second % SECS_PER_MINUTE), 2);
	}
	if (rule->until_kind == RRULE_UNTIL_UTC)
		write_text(writer, " UTC");
}

/* 30 June 2027 */
static void
say_date(Writer *writer, int day)
{
	CalendarDate date = calendar_date(day);

	write_number(writer, date.day);
	write_char(writer, ' ');
	say_month(writer, date.month);
	write_char(writer, ' ');
	write_number(writer, date.year);
}

/* a, b and c; numbers in a row as "a to c", if they may be */
static void
say_list(Writer *writer, const int *list, int count, SayNumber say, bool ranges,
		 const char *conjunction)
{
	for (int i = 0; i < count; i++)
	{
		int begin = i;
		int last = i;

		while (ranges && last + 1 < count && list[last + 1] == list[last] + 1)
			last++;
		if (last - i + 1 >= SHORTEST_RANGE)
			i = last;
		if (begin > 0 && i == count - 1)
		{
			write_char(writer, ' ');
			write_text(writer, conjunction);
			write_char(writer, ' ');
		}
		else if (begin > 0)
			write_text(writer, ", ");
		say(writer, list[begin]);
		if (i > begin)
		{
			write_text(writer, " to ");
			say(writer, list[i]);
		}
	}
}

static void
say_plain(Writer *writer, int number)
{
	write_number(writer, number);
}

static void
say_weekday(Writer *writer, int number)
{
	write_text(writer, weekday_names[number]);
}

static void
say_month(Writer *writer, int number)
{
	write_text(writer, month_names[number - 1]);
}

/* 1st, 22nd, 113th; from the end: last, 2nd last */
static void
say_ordinal(Writer *writer, int number)
{
	int magnitude = abs(number);
	bool teen = magnitude / 10 % 10 == 1;

	if (number != -1)
	{
		write_number(writer, magnitude);
		if (magnitude % 10 == 1 && !teen)
			write_text(writer, "st");
		else if (magnitude % 10 == 2 && !teen)
			write_text(writer, "nd");
		else if (magnitude % 10 == 3 && !teen)
			write_text(writer, "rd");
		else
			write_text(writer, "th");
	}
	if (number < -1)
		write_char(writer, ' ');
	if (number < 0)
		write_text(writer, "last");
}

static void
say_the_ordinal(Writer *writer, int number)
{
	write_text(writer, "the ");
	say_ordinal(writer, number);
}

/* The number is that of the day, times the days of the week, and the weekday. */
static void
say_nth_weekday(Writer *writer, int number)
{
	int weekday = number % RRULE_WEEKDAYS;

	if (weekday < 0)
		weekday += RRULE_WEEKDAYS;
	say_the_ordinal(writer, (number - weekday) / RRULE_WEEKDAYS);
	write_char(writer, ' ');
	say_weekday(writer, weekday);
}

/* The number is that of the day's minutes. */
static void
say_clock(Writer *writer, int number)
{
	write_digits(writer, (uint64) (number / MINS_PER_HOUR), 2);
	write_char(writer, ':');
	write_digits(writer, (uint64) (number % MINS_PER_HOUR), 2);
}
