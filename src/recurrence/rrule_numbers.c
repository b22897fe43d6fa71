/*
 * rrule_numbers.c
 *		The numbers that a part of a recurrence rule lists, as one kind of set.
 */
#include "postgres.h"

#include "recurrence/rrule_numbers.h"

const RRuleLimits rrule_limits[RRULE_PARTS] = {
	[RRULE_PART_BYMONTH] = {1, 12, false, "a number of BYMONTH is 1 to 12"},
	[RRULE_PART_BYWEEKNO] = {1, 53, true, "a number of BYWEEKNO is 1 to 53 or -1 to -53"},
	[RRULE_PART_BYYEARDAY] = {1, 366, true, "a number of BYYEARDAY is 1 to 366 or -1 to -366"},
	[RRULE_PART_BYMONTHDAY] = {1, 31, true, "a number of BYMONTHDAY is 1 to 31 or -1 to -31"},
	[RRULE_PART_BYHOUR] = {0, 23, false, "a number of BYHOUR is 0 to 23"},
	[RRULE_PART_BYMINUTE] = {0, 59, false, "a number of BYMINUTE is 0 to 59"},
	[RRULE_PART_BYSECOND] = {0, 60, false, "a number of BYSECOND is 0 to 60"},
	[RRULE_PART_BYSETPOS] = {1, 366, true, "a number of BYSETPOS is 1 to 366 or -1 to -366"},
};

RRuleNumbers
rrule_numbers(const RRule *rule, RRulePart part)
{
	RRuleNumbers numbers = {0};

	switch (part)
	{
		case RRULE_PART_BYMONTH:
			numbers.days = rrule_days_of_mask(rule->months);
			break;
		case RRULE_PART_BYWEEKNO:
			numbers.days = rrule_days_of_mask(rule->weeks);
			numbers.last = rrule_days_of_mask(rule->weeks_last);
			break;
		case RRULE_PART_BYYEARDAY:
			numbers.days = rule->year_days;
			numbers.last = rule->year_days_last;
			break;
		case RRULE_PART_BYMONTHDAY:
			numbers.days = rrule_days_of_mask(rule->month_days);
			numbers.last = rrule_days_of_mask(rule->month_days_last);
			break;
		case RRULE_PART_BYHOUR:
			numbers.days = rrule_days_of_mask(rule->hours);
			break;
		case RRULE_PART_BYMINUTE:
			numbers.days = rrule_days_of_mask(rule->minutes);
			break;
		case RRULE_PART_BYSECOND:
			numbers.days = rrule_days_of_mask(rule->seconds);
			break;
		case RRULE_PART_BYSETPOS:
			numbers.days = rule->positions;
			numbers.last = rule->positions_last;
			break;
		default:
			Assert(false);
	}
	return numbers;
}

void
rrule_set_numbers(RRule *rule, RRulePart part, const RRuleNumbers *numbers)
{
	uint64 days = rrule_mask_of_days(&numbers->days);
	uint64 last = rrule_mask_of_days(&numbers->last);

	switch (part)
	{
		case RRULE_PART_BYMONTH:
			rule->months = (uint16) days;
			break;
		case RRULE_PART_BYWEEKNO:
			rule->weeks = days;
			rule->weeks_last = last;
			break;
		case RRULE_PART_BYYEARDAY:
			rule->year_days = numbers->days;
			rule->year_days_last = numbers->last;
			break;
		case RRULE_PART_BYMONTHDAY:
			rule->month_days = (uint32) days;
			rule->month_days_last = (uint32) last;
			break;
		case RRULE_PART_BYHOUR:
			rule->hours = (uint32) days;
			break;
		case RRULE_PART_BYMINUTE:
			rule->minutes = days;
			break;
		case RRULE_PART_BYSECOND:
			rule->seconds = days;
			break;
		case RRULE_PART_BYSETPOS:
			rule->positions = numbers->days;
			rule->positions_last = numbers->last;
			break;
		default:
			Assert(false);
	}
}

bool
rrule_add_number(RRuleNumbers *numbers, RRulePart part, int number)
{
	const RRuleLimits *limits = &rrule_limits[part];

	if (number >= limits->least && number <= limits->most)
		rrule_add_day(&numbers->days, number);
	else if (limits->counts_from_end && number <= -limits->least && number >= -limits->most)
		rrule_add_day(&numbers->last, -number);
	else
		return false;
	return true;
}

int
rrule_list_numbers(const RRuleNumbers *numbers, int *list)
{
	const uint8 *days = numbers->days.bits;
	const uint8 *last = numbers->last.bits;
	int count = 0;

	for (int byte = 0; byte < (int) sizeof(RRuleDays); byte++)
		for (int bit = 0; days[byte] >> bit != 0; bit++)
			if (days[byte] >> bit & 1)
				list[count++] = 8 * byte + bit;
	for (int byte = (int) sizeof(RRuleDays) - 1; byte >= 0; byte--)
		for (int bit = last[byte] ? 7 : -1; bit >= 0; bit--)
			if (last[byte] >> bit & 1)
				list[count++] = -(8 * byte + bit);
	return count;
}

bool
rrule_numbers_valid(const RRuleNumbers *numbers, RRulePart part)
{
	RRuleNumbers allowed = {0};
	int list[RRULE_MAX_NUMBERS];
	int count = rrule_list_numbers(numbers, list);

	/* A zero from the end would be taken for one from the beginning. */
	if (rrule_has_day(&numbers->last, 0))
		return false;
	for (int i = 0; i < count; i++)
		if (!rrule_add_number(&allowed, part, list[i]))
			return false;
	return true;
}

RRuleDays
rrule_days_of_mask(uint64 mask)
{
	RRuleDays days = {0};

	for (size_t i = 0; i < sizeof(mask); i++)
		days.bits[i] = (uint8) (mask >> (8 * i));
	return days;
}

uint64
rrule_mask_of_days(const RRuleDays *days)
{
	uint64 mask = 0;

	for (size_t i = 0; i < sizeof(mask); i++)
		mask |= (uint64) days->bits[i] << (8 * i);
	return mask;
}
