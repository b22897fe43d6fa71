/*
 * rrule_days.c
 *		The days that a recurrence rule names in a year or in a month.
 *
 * What each part of a rule names becomes a mask, and the masks are cut: so RFC
 * 5545 section 3.3.10 lets a part limit what another expands, in any order.  Two
 * things are not a cut.  BYDAY is a union, of weekdays and of numbered ones; the
 * numbers count within the months that BYMONTH names, else within the year
 * (errata 1913, 3779).  And a date that does not exist (RFC 7529 section 4.1) is
 * moved, out of its month too, so BYMONTH chooses the months before that.
 *
 * A week belongs to the year that has four or more of its days, yet its days
 * belong to theirs: a rule with BYWEEKNO is asked, like any, for the days of a
 * calendar year, and those at its ends are in weeks of the years next to it.
 */
#include "postgres.h"

#include "port/pg_bitutils.h"
#include "recurrence/rrule_days.h"
#include "recurrence/rrule_rules.h"

/* Bits 0, 7, 14, .. 63: times a mask of seven, that mask over and over. */
#define EVERY_SEVENTH UINT64CONST(0x8102040810204081)

/* The week that only long years have. */
#define LEAP_WEEK 53

/* A year, as far as its days depend on it. */
typedef struct YearShape
{
	int first_weekday; /* of 1 January */
	int length;
	bool after_leap;
	bool before_leap;
} YearShape;

/* A week-year: where it begins, in days after 1 January of its year, and its weeks. */
typedef struct WeekYear
{
	int begin; /* -3 to 3 */
	int weeks;
} WeekYear;

static YearShape shape_of(int shape);
static void add_bits(YearDays *days, int at, uint64 bits);
static void cut(YearDays *days, const YearDays *other);
static YearDays all_days(int length);
static uint64 named_month_days(const RRule *rule, int length);
static YearDays month_part(const RRule *rule, const YearShape *shape);
static YearDays year_day_part(const RRule *rule, int length);
static YearDays week_part(const RRule *rule, const YearShape *shape);
static YearDays weekday_part(const RRule *rule, const YearShape *shape);
static uint64 weekdays_from(uint8 weekdays, int first);
static void add_nth(const RRule *rule, uint64 *words, int before, int length, int first_weekday);

/* The kinds of a year; none is both after a leap year and before one. */
enum
{
	COMMON_YEAR,
	COMMON_YEAR_AFTER_LEAP,
	COMMON_YEAR_BEFORE_LEAP,
	LEAP_YEAR
};

int
year_shape(const RuleDays *days, int year)
{
	int weekday = weekday_of_day(day_before_year(year) + 1);
	int kind = COMMON_YEAR;

	if (is_leap_year(year))
		kind = LEAP_YEAR;
	else if ((days->rule.weeks | days->rule.weeks_last) == 0)
		kind = COMMON_YEAR;
	else if (is_leap_year(year + 1))
		kind = COMMON_YEAR_BEFORE_LEAP;
	else if (is_leap_year(year - 1))
		kind = COMMON_YEAR_AFTER_LEAP;
	return kind * DAYS_PER_WEEK + weekday;
}

static YearShape
shape_of(int shape)
{
	int kind = shape / DAYS_PER_WEEK;

	return (YearShape){.first_weekday = shape % DAYS_PER_WEEK,
					   .length = kind == LEAP_YEAR ? 366 : 365,
					   .after_leap = kind == COMMON_YEAR_AFTER_LEAP,
					   .before_leap = kind == COMMON_YEAR_BEFORE_LEAP};
}

const YearDays *
rule_year(RuleDays *days, int year)
{
	int number = year_shape(days, year);
	const RRule *rule = &days->rule;
	YearShape shape;
	YearDays found;
	YearDays part;

	if ((days->years_known & (1u << number)) != 0)
		return &days->years[number];

	shape = shape_of(number);
	found = month_part(rule, &shape);
	if (!(rrule_no_days(&rule->year_days) && rrule_no_days(&rule->year_days_last)))
		part = year_day_part(rule, shape.length);
	else
		part = all_days(shape.length);
	cut(&found, &part);
	if ((rule->weeks | rule->weeks_last) != 0)
	{
		part = week_part(rule, &shape);
		cut(&found, &part);
	}
	if (rule->weekdays != 0 || rrule_has_nth(rule))
	{
		part = weekday_part(rule, &shape);
		cut(&found, &part);
	}

	if (days->years == NULL)
		days->years = palloc(YEAR_SHAPES * sizeof(YearDays));
	days->years[number] = found;
	days->years_known |= 1u << number;
	return &days->years[number];
}

uint64
rule_month(RuleDays *days, int length, int first_weekday)
{
	int number = (length - 28) * DAYS_PER_WEEK + first_weekday;
	const RRule *rule = &days->rule;
	uint64 found = ~UINT64CONST(0) >> (62 - length); /* bits 0 to length + 1 */

	if ((days->months_known & (1u << number)) != 0)
		return days->months[number];

	if ((rule->month_days | rule->month_days_last) != 0)
		found = named_month_days(rule, length);
	if (rule->weekdays != 0 || rrule_has_nth(rule))
	{
		/* The numbered ones, and then every seventh bit from that of each weekday on. */
		uint64 named = 0;

		add_nth(rule, &named, 0, length, first_weekday);
		found &= named | weekdays_from(rule->weekdays, first_weekday - 1) * EVERY_SEVENTH;
		if ((rule->month_days | rule->month_days_last) == 0)
			found &= ~(UINT64CONST(1) | UINT64CONST(1) << (length + 1));
	}
	days->months[number] = found;
	days->months_known |= 1u << number;
	return found;
}

int
year_next(const YearDays *days, int from)
{
	int word = from / 64;
	uint64 bits;

	if (word >= YEAR_WORDS)
		return -1;
	bits = days->words[word] & (~UINT64CONST(0) << (from % 64));
	while (bits == 0)
	{
		if (++word == YEAR_WORDS)
			return -1;
		bits = days->words[word];
	}
	return word * 64 + pg_rightmost_one_pos64(bits);
}

int
year_count(const YearDays *days)
{
	int count = 0;

	for (int i = 0; i < YEAR_WORDS; i++)
		count += pg_popcount64(days->words[i]);
	return count;
}

/* Bits of any mask, from a place on that may be before the first bit. */
static void
add_bits(YearDays *days, int at, uint64 bits)
{
	if (at < 0)
	{
		bits >>= -at;
		at = 0;
	}
	days->words[at / 64] |= bits << (at % 64);
	if (at % 64 != 0 && at / 64 + 1 < YEAR_WORDS)
		days->words[at / 64 + 1] |= bits >> (64 - at % 64);
}

static void
cut(YearDays *days, const YearDays *other)
{
	for (int i = 0; i < YEAR_WORDS; i++)
		days->words[i] &= other->words[i];
}

/* 1 January to 31 December. */
static YearDays
all_days(int length)
{
	YearDays days;

	memset(days.words, 0xFF, sizeof(days.words));
	days.words[0] &= ~UINT64CONST(1);
	days.words[YEAR_WORDS - 1] >>= YEAR_WORDS * 64 - 1 - length;
	return days;
}

/* What BYMONTHDAY names in a month, bit 1 being its first day. */
static uint64
named_month_days(const RRule *rule, int length)
{
	uint64 exist = (UINT64CONST(1) << (length + 1)) - 2;
	uint64 found = rule->month_days & exist;
	bool none_so_late = (rule->month_days & ~exist) != 0;
	bool none_so_early = (rule->month_days_last & ~exist) != 0;

	for (uint64 last = rule->month_days_last & exist; last != 0; last &= last - 1)
		found |= UINT64CONST(1) << (length + 1 - pg_rightmost_one_pos64(last));

	if (rule->skip == RRULE_SKIP_FORWARD)
		found |= (uint64) none_so_late << (length + 1) | (uint64) none_so_early << 1;
	else if (rule->skip == RRULE_SKIP_BACKWARD)
		found |= (uint64) none_so_late << length | (uint64) none_so_early;
	return found;
}

/* What BYMONTH and BYMONTHDAY name in a year. */
static YearDays
month_part(const RRule *rule, const YearShape *shape)
{
	YearDays found = {{0}};
	int year = shape->length == 366 ? 2000 : 2001;
	int before = 0; /* the days before the month */

	if (rule->months == 0 && (rule->month_days | rule->month_days_last) == 0)
	{
		memset(found.words, 0xFF, sizeof(found.words));
		return found;
	}
	for (int month = 1; month <= MONTHS_PER_YEAR; month++)
	{
		int length = days_of_month(year, month);

		if (rule->months != 0 && (rule->months & (1 << month)) == 0)
			;
		else if ((rule->month_days | rule->month_days_last) != 0)
			add_bits(&found, before, named_month_days(rule, length));
		else
			add_bits(&found, before, (UINT64CONST(1) << (length + 1)) - 2);
		before += length;
	}
	/* Of the days next to the year, one is in December and one in January. */
	if ((rule->month_days | rule->month_days_last) == 0)
	{
		if ((rule->months & (1 << 12)) != 0)
			add_bits(&found, 0, 1);
		if ((rule->months & (1 << 1)) != 0)
			add_bits(&found, shape->length + 1, 1);
	}
	return found;
}

/* What BYYEARDAY names; only the 366th can be missing. */
static YearDays
year_day_part(const RRule *rule, int length)
{
	YearDays found = {{0}};
	bool missing = rrule_has_day(&rule->year_days, 366) && length < 366;
	bool missing_last = rrule_has_day(&rule->year_days_last, 366) && length < 366;

	for (int day = 1; day <= length; day++)
		if (rrule_has_day(&rule->year_days, day) ||
			rrule_has_day(&rule->year_days_last, length + 1 - day))
			add_bits(&found, day, 1);

	if (rule->skip == RRULE_SKIP_FORWARD)
	{
		add_bits(&found, length + 1, missing);
		add_bits(&found, 1, missing_last);
	}
	else if (rule->skip == RRULE_SKIP_BACKWARD)
	{
		add_bits(&found, length, missing);
		add_bits(&found, 0, missing_last);
	}
	return found;
}

/* A week-year, of a year whose 1 January is that many days after a week's start. */
static WeekYear
week_year(int days_into_week, bool leap)
{
	int begin = days_into_week <= 3 ? -days_into_week : DAYS_PER_WEEK - days_into_week;
	int length = leap ? 366 : 365;
	int next = (days_into_week + length) % DAYS_PER_WEEK;
	int end = length + (next <= 3 ? -next : DAYS_PER_WEEK - next);

	return (WeekYear){.begin = begin, .weeks = (end - begin) / DAYS_PER_WEEK};
}

/*
 * Does BYWEEKNO name that week?  With SKIP a week 53 that a year lacks is the one
 * before or after it, and so is its week -53.
 */
static bool
names_week(const RRule *rule, int week, int weeks, int weeks_before, int weeks_after)
{
	bool last = week == weeks;

	if ((rule->weeks >> week & 1) != 0 || (rule->weeks_last >> (weeks - week + 1) & 1) != 0)
		return true;
	if (rule->skip == RRULE_SKIP_FORWARD && week == 1)
		return ((rule->weeks >> LEAP_WEEK & 1) != 0 && weeks_before < LEAP_WEEK) ||
			   ((rule->weeks_last >> LEAP_WEEK & 1) != 0 && weeks < LEAP_WEEK);
	if (rule->skip == RRULE_SKIP_BACKWARD && last)
		return ((rule->weeks >> LEAP_WEEK & 1) != 0 && weeks < LEAP_WEEK) ||
			   ((rule->weeks_last >> LEAP_WEEK & 1) != 0 && weeks_after < LEAP_WEEK);
	return false;
}

static YearDays
week_part(const RRule *rule, const YearShape *shape)
{
	YearDays found = {{0}};
	int into_week = (shape->first_weekday - rule->week_start + DAYS_PER_WEEK) % DAYS_PER_WEEK;
	int before_length = shape->after_leap ? 366 : 365;
	WeekYear this = week_year(into_week, shape->length == 366);
	WeekYear before = week_year((into_week + DAYS_PER_WEEK * 53 - before_length) % DAYS_PER_WEEK,
								shape->after_leap);
	WeekYear after = week_year((into_week + shape->length) % DAYS_PER_WEEK, shape->before_leap);
	int begin = this.begin;

	/* All of them with the days next to the year. */
	if (begin >= 0 && names_week(rule, before.weeks, before.weeks, 0, this.weeks))
		add_bits(&found, begin + 1 - DAYS_PER_WEEK, 0x7F);
	for (int week = 1; week <= this.weeks; week++, begin += DAYS_PER_WEEK)
		if (names_week(rule, week, this.weeks, before.weeks, after.weeks))
			add_bits(&found, begin + 1, 0x7F);
	if (begin <= shape->length && names_week(rule, 1, after.weeks, this.weeks, 0))
		add_bits(&found, begin + 1, 0x7F);
	return found;
}

/* A mask of weekdays, turned so that bit 0 is the given one. */
static uint64
weekdays_from(uint8 weekdays, int first)
{
	int turn = (first + DAYS_PER_WEEK) % DAYS_PER_WEEK;

	return (weekdays >> turn | weekdays << (DAYS_PER_WEEK - turn)) & 0x7F;
}

static YearDays
weekday_part(const RRule *rule, const YearShape *shape)
{
	YearDays found = {{0}};
	int year = shape->length == 366 ? 2000 : 2001;
	int before = 0;

	/* 64 days are nine weeks and a day. */
	for (int word = 0; word < YEAR_WORDS; word++)
		found.words[word] =
			weekdays_from(rule->weekdays, (shape->first_weekday - 1 + word) % DAYS_PER_WEEK) *
			EVERY_SEVENTH;

	if (rule->months == 0)
		add_nth(rule, found.words, 0, shape->length, shape->first_weekday);
	for (int month = 1; month <= MONTHS_PER_YEAR && rule->months != 0; month++)
	{
		int length = days_of_month(year, month);

		if ((rule->months & (1 << month)) != 0)
			add_nth(rule, found.words, before, length,
					(shape->first_weekday + before) % DAYS_PER_WEEK);
		before += length;
	}
	return found;
}

/* The numbered weekdays of BYDAY, in a stretch of days that begins after `before` of them. */
static void
add_nth(const RRule *rule, uint64 *words, int before, int length, int first_weekday)
{
	for (int weekday = 0; weekday < DAYS_PER_WEEK; weekday++)
	{
		int first = 1 + (weekday - first_weekday + DAYS_PER_WEEK) % DAYS_PER_WEEK;
		int count = (length - first) / DAYS_PER_WEEK + 1;

		if ((rule->nth[weekday] | rule->nth_last[weekday]) == 0)
			continue;
		for (int n = 1; n <= count; n++)
		{
			int day = before + first + DAYS_PER_WEEK * (n - 1);

			if ((rule->nth[weekday] >> n & 1) != 0 ||
				(rule->nth_last[weekday] >> (count - n + 1) & 1) != 0)
				words[day / 64] |= UINT64CONST(1) << (day % 64);
		}
	}
}
