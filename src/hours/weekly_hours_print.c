/*
 * weekly_hours_print.c
 *		The text of weekly hours, written.
 *
 * Days with the same hours share a rule, and the rules follow the first of
 * their days.  Hours over midnight stand on the day on which they begin if they
 * last less than a day; longer ones are cut at each midnight.
 *
 * Where hours go over midnight the rules are parted by commas, else by
 * semicolons.  No day has two rules, so for our parser that is the same, but
 * other readers of OpenStreetMap's syntax take a rule after a semicolon to end
 * the night before it.
 */
#include "postgres.h"

#include "hours/weekly_hours.h"

/* Each midnight within the week cuts one range at most. */
#define MAX_PARTS (WEEKLY_HOURS_MAX_RANGES + DAYS_OF_WEEK - 1)

/* The ranges of each day, in minutes of the week, past whose end the last may close. */
typedef struct DayParts
{
	MinuteRange parts[MAX_PARTS];
	int first[DAYS_OF_WEEK + 1]; /* of each day, and after the last day's */
	bool past_midnight;
} DayParts;

static void cut_into_days(const MinuteRange *ranges, int count, DayParts *week);
static bool same_hours(const DayParts *week, int day, int other);
static char *print_days(const bool *days, char *at);
static char *print_hours(const DayParts *week, int day, char *at);
static char *print_time(int minute, char *at);

int
weekly_hours_text_size(int count)
{
	/* "hh:mm-hh:mm," of each part; "Mo," once for each day; "; " and " " for each rule */
	return 12 * (count + DAYS_OF_WEEK) + 6 * DAYS_OF_WEEK + 1;
}

static char *
print(const char *text, char *at)
{
	while (*text)
		*at++ = *text++;
	return at;
}

void
weekly_hours_print(const MinuteRange *ranges, int count, char *text)
{
	DayParts week;
	bool printed[DAYS_OF_WEEK] = {false};
	char *at = text;

	if (count == 0)
		at = print("off", at);
	else if (ranges[0].closes - ranges[0].opens == MINUTES_PER_WEEK)
		at = print("24/7", at);
	else
	{
		cut_into_days(ranges, count, &week);
		for (int day = 0; day < DAYS_OF_WEEK; day++)
		{
			bool alike[DAYS_OF_WEEK] = {false};

			if (printed[day] || week.first[day] == week.first[day + 1])
				continue;
			for (int other = day; other < DAYS_OF_WEEK; other++)
				if (same_hours(&week, day, other))
					printed[other] = alike[other] = true;
			if (at > text)
				at = print(week.past_midnight ? ", " : "; ", at);
			at = print_days(alike, at);
			at = print(" ", at);
			at = print_hours(&week, day, at);
		}
	}
	*at = '\0';
}

static void
cut_into_days(const MinuteRange *ranges, int count, DayParts *week)
{
	const MinuteRange *last = &ranges[count - 1];
	bool over_week_end = ranges[0].opens == 0 && last->closes == MINUTES_PER_WEEK &&
						 ranges[0].closes + MINUTES_PER_WEEK - last->opens < MINUTES_PER_DAY;
	int nparts = 0;
	int day = 0;

	week->past_midnight = over_week_end;
	for (int i = over_week_end ? 1 : 0; i < count; i++)
	{
		int opens = ranges[i].opens;
		int closes = ranges[i].closes;
		bool whole = closes - opens < MINUTES_PER_DAY;

		if (over_week_end && i == count - 1)
			closes += ranges[0].closes;
		while (opens < closes)
		{
			int midnight = (opens / MINUTES_PER_DAY + 1) * MINUTES_PER_DAY;
			int end = whole ? closes : Min(closes, midnight);

			if (end > midnight)
				week->past_midnight = true;
			while (day * MINUTES_PER_DAY <= opens)
				week->first[day++] = nparts;
			week->parts[nparts].opens = (uint16) opens;
			week->parts[nparts++].closes = (uint16) end;
			opens = end;
		}
	}
	while (day <= DAYS_OF_WEEK)
		week->first[day++] = nparts;
}

static bool
same_hours(const DayParts *week, int day, int other)
{
	int count = week->first[day + 1] - week->first[day];
	int later = (other - day) * MINUTES_PER_DAY;

	if (week->first[other + 1] - week->first[other] != count)
		return false;
	for (int i = 0; i < count; i++)
	{
		const MinuteRange *a = &week->parts[week->first[day] + i];
		const MinuteRange *b = &week->parts[week->first[other] + i];

		if (a->opens + later != b->opens || a->closes + later != b->closes)
			return false;
	}
	return true;
}

/* Three days in a row and more are a range. */
static char *
print_days(const bool *days, char *at)
{
	static const char *const names[DAYS_OF_WEEK] = {"Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"};
	bool first = true;

	for (int day = 0; day < DAYS_OF_WEEK; day++)
	{
		int last = day;

		if (!days[day])
			continue;
		while (last + 1 < DAYS_OF_WEEK && days[last + 1])
			last++;
		if (!first)
			at = print(",", at);
		at = print(names[day], at);
		if (last >= day + 2)
		{
			at = print("-", at);
			at = print(names[last], at);
			day = last;
		}
		first = false;
	}
	return at;
}

static char *
print_hours(const DayParts *week, int day, char *at)
{
	for (int i = week->first[day]; i < week->first[day + 1]; i++)
	{
		int closes = week->parts[i].closes - day * MINUTES_PER_DAY;

		if (i > week->first[day])
			at = print(",", at);
		at = print_time(week->parts[i].opens - day * MINUTES_PER_DAY, at);
		at = print("-", at);
		at = print_time(closes > MINUTES_PER_DAY ? closes - MINUTES_PER_DAY : closes, at);
	}
	return at;
}

/* Not with sprintf, which PostgreSQL replaces by a function of the server's. */
static char *
print_time(int minute, char *at)
{
	int hour = minute / MINUTES_PER_HOUR;

	*at++ = (char) ('0' + hour / 10);
	*at++ = (char) ('0' + hour % 10);
	*at++ = ':';
	*at++ = (char) ('0' + minute % MINUTES_PER_HOUR / 10);
	*at++ = (char) ('0' + minute % MINUTES_PER_HOUR % 10);
	return at;
}
