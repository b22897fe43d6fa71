/*
 * rrule_rules.c
 *		What RFC 5545 says of the parts of a recurrence rule.
 *
 * A rule may come from a text, from the arguments of make_rrule() or from a
 * client's binary form.  So the limits of the numbers are looked at here too.
 * Section 3.3.10 has the rules, RFC 7529 section 4.1 those of RSCALE and SKIP.
 */
#include "postgres.h"

#include "civil/calendar.h"
#include "recurrence/rrule_numbers.h"
#include "recurrence/rrule_rules.h"

/* The numbers 1 to 53. */
#define NTH_BITS (((UINT64CONST(1) << 53) - 1) << 1)

const char *const rrule_part_names[RRULE_PARTS] = {
	[RRULE_PART_RSCALE] = "RSCALE",
	[RRULE_PART_FREQ] = "FREQ",
	[RRULE_PART_INTERVAL] = "INTERVAL",
	[RRULE_PART_COUNT] = "COUNT",
	[RRULE_PART_UNTIL] = "UNTIL",
	[RRULE_PART_BYMONTH] = "BYMONTH",
	[RRULE_PART_BYWEEKNO] = "BYWEEKNO",
	[RRULE_PART_BYYEARDAY] = "BYYEARDAY",
	[RRULE_PART_BYMONTHDAY] = "BYMONTHDAY",
	[RRULE_PART_BYDAY] = "BYDAY",
	[RRULE_PART_BYHOUR] = "BYHOUR",
	[RRULE_PART_BYMINUTE] = "BYMINUTE",
	[RRULE_PART_BYSECOND] = "BYSECOND",
	[RRULE_PART_BYSETPOS] = "BYSETPOS",
	[RRULE_PART_WKST] = "WKST",
	[RRULE_PART_SKIP] = "SKIP",
};

const char *const rrule_frequency_names[RRULE_YEARLY + 1] = {
	"SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY",
};

const char *const rrule_weekday_names[RRULE_WEEKDAYS] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};

const char *const rrule_skip_names[RRULE_SKIP_FORWARD + 1] = {"OMIT", "BACKWARD", "FORWARD"};

static const char *numbers_fault(const RRule *rule, RRulePart *part);
static const char *until_fault(const RRule *rule);
static bool has_by_part(const RRule *rule);

const char *
rrule_fault(const RRule *rule, RRulePart *part)
{
	const char *reason = numbers_fault(rule, part);

	if (reason != NULL)
		return reason;

	*part = RRULE_PART_UNTIL;
	if (rule->until_kind != RRULE_UNTIL_NONE && rule->count != 0)
		return "COUNT and UNTIL exclude each other";

	*part = RRULE_PART_SKIP;
	if (rule->skip != RRULE_SKIP_OMIT && !rule->has_rscale)
		return "SKIP needs RSCALE=GREGORIAN";

	*part = RRULE_PART_BYWEEKNO;
	if ((rule->weeks | rule->weeks_last) != 0 && rule->frequency != RRULE_YEARLY)
		return "BYWEEKNO needs FREQ=YEARLY";

	*part = RRULE_PART_BYYEARDAY;
	if (!(rrule_no_days(&rule->year_days) && rrule_no_days(&rule->year_days_last)) &&
		rule->frequency >= RRULE_DAILY && rule->frequency <= RRULE_MONTHLY)
		return "BYYEARDAY does not go with FREQ=DAILY, WEEKLY or MONTHLY";

	*part = RRULE_PART_BYMONTHDAY;
	if ((rule->month_days | rule->month_days_last) != 0 && rule->frequency == RRULE_WEEKLY)
		return "BYMONTHDAY does not go with FREQ=WEEKLY";

	*part = RRULE_PART_BYDAY;
	if (rrule_has_nth(rule) && rule->frequency < RRULE_MONTHLY)
		return "a number before a weekday needs FREQ=MONTHLY or YEARLY";
	if (rrule_has_nth(rule) && (rule->weeks | rule->weeks_last) != 0)
		return "a number before a weekday does not go with BYWEEKNO";

	*part = RRULE_PART_BYSETPOS;
	if (!(rrule_no_days(&rule->positions) && rrule_no_days(&rule->positions_last)) &&
		!has_by_part(rule))
		return "BYSETPOS needs another BY part to choose from";
	return NULL;
}

bool
rrule_has_nth(const RRule *rule)
{
	for (int weekday = 0; weekday < RRULE_WEEKDAYS; weekday++)
		if ((rule->nth[weekday] | rule->nth_last[weekday]) != 0)
			return true;
	return false;
}

bool
rrule_no_days(const RRuleDays *days)
{
	for (size_t i = 0; i < sizeof(days->bits); i++)
		if (days->bits[i] != 0)
			return false;
	return true;
}

/* Each part by itself. */
static const char *
numbers_fault(const RRule *rule, RRulePart *part)
{
	*part = RRULE_PART_FREQ;
	if ((unsigned int) rule->frequency > RRULE_YEARLY)
		return "there is no such frequency";

	*part = RRULE_PART_INTERVAL;
	if (rule->interval < 1)
		return "INTERVAL is a number from 1 to 2147483647";

	*part = RRULE_PART_COUNT;
	if (rule->count < 0)
		return "COUNT is a number from 1 to 9223372036854775807";

	*part = RRULE_PART_UNTIL;
	if (until_fault(rule) != NULL)
		return until_fault(rule);

	*part = RRULE_PART_WKST;
	if (rule->week_start < 0 || rule->week_start >= RRULE_WEEKDAYS)
		return "there is no such weekday";

	*part = RRULE_PART_SKIP;
	if ((unsigned int) rule->skip > RRULE_SKIP_FORWARD)
		return "there is no such SKIP";

	for (*part = 0; *part < RRULE_PARTS; (*part)++)
	{
		RRuleNumbers numbers;

		if (rrule_limits[*part].most == 0)
			continue;
		numbers = rrule_numbers(rule, *part);
		if (!rrule_numbers_valid(&numbers, *part))
			return rrule_limits[*part].reason;
	}

	*part = RRULE_PART_BYDAY;
	if (rule->weekdays >= 1 << RRULE_WEEKDAYS)
		return "there is no such weekday";
	for (int weekday = 0; weekday < RRULE_WEEKDAYS; weekday++)
		if (((rule->nth[weekday] | rule->nth_last[weekday]) & ~NTH_BITS) != 0)
			return "a number before a weekday is 1 to 53 or -1 to -53";
	return NULL;
}

/* A day, or a second, that the text can say. */
static const char *
until_fault(const RRule *rule)
{
	switch (rule->until_kind)
	{
		case RRULE_UNTIL_NONE:
			return rule->until == 0 ? NULL : "a rule without UNTIL ends at no time";
		case RRULE_UNTIL_DATE:
			if (rule->until >= FIRST_CALENDAR_DAY && rule->until <= LAST_CALENDAR_DAY)
				return NULL;
			return "UNTIL is a day of the years 1 to 9999";
		case RRULE_UNTIL_LOCAL:
		case RRULE_UNTIL_UTC:
			if (rule->until < FIRST_CALENDAR_DAY * USECS_PER_DAY ||
				rule->until >= (LAST_CALENDAR_DAY + 1) * USECS_PER_DAY)
				return "UNTIL is a time of the years 1 to 9999";
			return rule->until % USECS_PER_SEC == 0 ? NULL : "UNTIL is a whole second";
	}
	return "there is no such UNTIL";
}

static bool
has_by_part(const RRule *rule)
{
	return (rule->seconds | rule->minutes | rule->hours | rule->months | rule->weekdays |
			rule->month_days | rule->month_days_last | rule->weeks | rule->weeks_last) != 0 ||
		   rrule_has_nth(rule) || !rrule_no_days(&rule->year_days) ||
		   !rrule_no_days(&rule->year_days_last);
}
