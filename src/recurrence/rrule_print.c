/*
 * rrule_print.c
 *		A recurrence rule as text, and as JSON.
 *
 * The order of the parts is that of RRulePart: RSCALE first and SKIP last, as the
 * examples of RFC 7529 have them, and between them FREQ first, as RFC 5545 asks.
 * The BY parts go from the months down to the seconds.  What is not given is not
 * printed, nor what is so by default: INTERVAL=1, WKST=MO, SKIP=OMIT.  Numbers
 * rise, those from the end come last: 1,15,-2,-1.  So do weekdays: MO,WE,1FR,-1MO.
 */
#include "postgres.h"

#include "recurrence/basic_time.h"
#include "recurrence/rrule_numbers.h"
#include "recurrence/rrule_print.h"

static bool is_given(const RRule *rule, RRulePart part);
static void print_value(Writer *writer, const RRule *rule, RRulePart part);
static void print_numbers(Writer *writer, const RRule *rule, RRulePart part);
static void print_json_value(Writer *writer, const RRule *rule, RRulePart part);
static void print_weekdays(Writer *writer, const RRule *rule, bool quoted);
static void print_json_until(Writer *writer, const RRule *rule);

size_t
rrule_print(const RRule *rule, char *text, size_t size)
{
	Writer writer = writer_begin(text, size);

	for (RRulePart part = 0; part < RRULE_PARTS; part++)
	{
		if (!is_given(rule, part))
			continue;
		if (writer.length > 0)
			write_char(&writer, ';');
		write_text(&writer, rrule_part_names[part]);
		write_char(&writer, '=');
		print_value(&writer, rule, part);
	}
	return writer_end(&writer);
}

size_t
rrule_print_json(const RRule *rule, char *text, size_t size)
{
	Writer writer = writer_begin(text, size);

	write_char(&writer, '{');
	for (RRulePart part = 0; part < RRULE_PARTS; part++)
	{
		if (!is_given(rule, part))
			continue;
		if (writer.length > 1)
			write_char(&writer, ',');
		write_char(&writer, '"');
		for (const char *name = rrule_part_names[part]; *name; name++)
			write_char(&writer, (char) (*name + ('a' - 'A')));
		write_text(&writer, "\":");
		print_json_value(&writer, rule, part);
	}
	write_char(&writer, '}');
	return writer_end(&writer);
}

int
rrule_list_weekdays(const RRule *rule, RRuleWeekday *list)
{
	int count = 0;

	for (int weekday = 0; weekday < RRULE_WEEKDAYS; weekday++)
		if (rule->weekdays & (1 << weekday))
			list[count++] = (RRuleWeekday){0, weekday};
	for (int number = 1; number <= 53; number++)
		for (int weekday = 0; weekday < RRULE_WEEKDAYS; weekday++)
			if (rule->nth[weekday] & (UINT64CONST(1) << number))
				list[count++] = (RRuleWeekday){number, weekday};
	for (int number = 53; number >= 1; number--)
		for (int weekday = 0; weekday < RRULE_WEEKDAYS; weekday++)
			if (rule->nth_last[weekday] & (UINT64CONST(1) << number))
				list[count++] = (RRuleWeekday){-number, weekday};
	return count;
}

void
write_weekday(Writer *writer, RRuleWeekday weekday)
{
	if (weekday.number != 0)
		write_number(writer, weekday.number);
	write_text(writer, rrule_weekday_names[weekday.weekday]);
}

static bool
is_given(const RRule *rule, RRulePart part)
{
	RRuleNumbers numbers;

	switch (part)
	{
		case RRULE_PART_FREQ:
			return true;
		case RRULE_PART_RSCALE:
			return rule->has_rscale;
		case RRULE_PART_INTERVAL:
			return rule->interval != 1;
		case RRULE_PART_COUNT:
			return rule->count != 0;
		case RRULE_PART_UNTIL:
			return rule->until_kind != RRULE_UNTIL_NONE;
		case RRULE_PART_BYDAY:
			return rule->weekdays != 0 || rrule_has_nth(rule);
		case RRULE_PART_WKST:
			return rule->week_start != 0;
		case RRULE_PART_SKIP:
			return rule->skip != RRULE_SKIP_OMIT;
		default:
			numbers = rrule_numbers(rule, part);
			return !rrule_no_days(&numbers.days) || !rrule_no_days(&numbers.last);
	}
}

static void
print_value(Writer *writer, const RRule *rule, RRulePart part)
{
	switch (part)
	{
		case RRULE_PART_RSCALE:
			write_text(writer, "GREGORIAN");
			break;
		case RRULE_PART_FREQ:
			write_text(writer, rrule_frequency_names[rule->frequency]);
			break;
		case RRULE_PART_INTERVAL:
			write_number(writer, rule->interval);
			break;
		case RRULE_PART_COUNT:
			write_number(writer, rule->count);
			break;
		case RRULE_PART_UNTIL:
			write_basic_time(writer, (BasicTime){rule->until_kind, rule->until});
			break;
		case RRULE_PART_BYDAY:
			print_weekdays(writer, rule, false);
			break;
		case RRULE_PART_WKST:
			write_text(writer, rrule_weekday_names[rule->week_start]);
			break;
		case RRULE_PART_SKIP:
			write_text(writer, rrule_skip_names[rule->skip]);
			break;
		default:
			print_numbers(writer, rule, part);
			break;
	}
}

static void
print_numbers(Writer *writer, const RRule *rule, RRulePart part)
{
	RRuleNumbers numbers = rrule_numbers(rule, part);
	int list[RRULE_MAX_NUMBERS];
	int count = rrule_list_numbers(&numbers, list);

	for (int i = 0; i < count; i++)
	{
		if (i > 0)
			write_char(writer, ',');
		write_number(writer, list[i]);
	}
}

static void
print_weekdays(Writer *writer, const RRule *rule, bool quoted)
{
	RRuleWeekday list[RRULE_MAX_WEEKDAYS];
	int count = rrule_list_weekdays(rule, list);

	for (int i = 0; i < count; i++)
	{
		if (i > 0)
			write_char(writer, ',');
		if (quoted)
			write_char(writer, '"');
		write_weekday(writer, list[i]);
		if (quoted)
			write_char(writer, '"');
	}
}

static void
print_json_value(Writer *writer, const RRule *rule, RRulePart part)
{
	switch (part)
	{
		case RRULE_PART_INTERVAL:
		case RRULE_PART_COUNT:
			print_value(writer, rule, part);
			break;
		case RRULE_PART_UNTIL:
			print_json_until(writer, rule);
			break;
		case RRULE_PART_RSCALE:
		case RRULE_PART_FREQ:
		case RRULE_PART_WKST:
		case RRULE_PART_SKIP:
			write_char(writer, '"');
			print_value(writer, rule, part);
			write_char(writer, '"');
			break;
		default:
			write_char(writer, '[');
			if (part == RRULE_PART_BYDAY)
				print_weekdays(writer, rule, true);
			else
				print_numbers(writer, rule, part);
			write_char(writer, ']');
			break;
	}
}

/* Text here has separators: "2027-06-30T12:00:00Z". */
static void
print_json_until(Writer *writer, const RRule *rule)
{
	char basic[BASIC_TIME_SIZE];
	Writer basic_writer = writer_begin(basic, sizeof(basic));

	print_value(&basic_writer, rule, RRULE_PART_UNTIL);
	writer_end(&basic_writer);
	write_char(writer, '"');
	for (int i = 0; basic[i]; i++)
	{
		if (i == 4 || i == 6)
			write_char(writer, '-');
		if (i == 11 || i == 13)
			write_char(writer, ':');
		write_char(writer, basic[i]);
	}
	write_char(writer, '"');
}
