/*
 * rrule_expand.c
 *		The occurrences of a recurrence rule, on a wall clock.
 *
 * A rule of RFC 5545 repeats a set of times in every INTERVAL-th period.  The
 * period is a year, month or week, whose set is some of its days at the same
 * times each; or a unit (a day, hour, minute or second), whose times are the
 * same in each, if its date and time of day are right.  Days are numbers and
 * sets of days are bit masks (rrule_days.c).  Everything follows from that:
 *
 * - The first period of a window is found by division, however old the rule.
 *   BYSETPOS changes nothing, for it chooses within a period: over the whole of
 *   it, also where DTSTART cuts it afterwards.  Only COUNT looks at what came
 *   before, and what it ends at can be computed (rrule_count.c).
 * - Units are stepped over by their dates and times: from one that is wrong to
 *   the next right day, hour, minute or second, then to the next that INTERVAL
 *   allows.
 * - The calendar repeats after 400 years, which are 146,097 days or 20,871 weeks.
 *   A rule that has had no occurrence in that many of its periods has no more.
 *   Units that never meet a right time on a right weekday are found by the greatest
 *   common divisor of INTERVAL and the units of a week: from week to week they move
 *   by multiples of it.
 *
 * Dates that do not exist are not there to be counted, unless SKIP moves them
 * (RFC 7529).  It may move them out of the period, onto a day that its neighbour
 * has too; so periods overlap by that one day at most, and then what was walked
 * over is not walked over again.
 *
 * All seconds lie in the years 1 to 9999, within 2^38 of 2000.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "recurrence/rrule_count.h"
#include "recurrence/rrule_expand.h"
#include "recurrence/rrule_rules.h"

#define PERIODS_OF_CALENDAR_YEARS 400
#define PERIODS_OF_CALENDAR_MONTHS 4800
#define PERIODS_OF_CALENDAR_WEEKS 20871

/* All positions of BYSETPOS, in a period and the one that SKIP may have it meet. */
#define MOST_CHOSEN (4 * 366)

/* How many occurrences are walked over before the last one is sought by halving. */
#define SHORT_WALK 16

static void prepare_dates(Recurrence *recurrence);
static void prepare_times(Recurrence *recurrence);
static void prepare_positions(Recurrence *recurrence);
static void choose_times(Recurrence *recurrence);
static void prepare_bounds(Recurrence *recurrence);
static bool units_never_meet(const Recurrence *recurrence);
static int64 period_of(const Recurrence *recurrence, int64 second);
static void seek(OccurrenceScan *scan, int64 from);
static bool next_times(OccurrenceScan *scan);
static bool next_unit(OccurrenceScan *scan);
static bool skip_wrong_units(OccurrenceScan *scan);
static bool next_period(OccurrenceScan *scan);
static void drop_early_days(OccurrenceScan *scan);
static int64 skip_wrong_weeks(Recurrence *recurrence, int64 first);
static uint64 right_days_of_week(Recurrence *recurrence, int64 first);
static void choose(OccurrenceScan *scan, int64 period);

/* -------------------------------------------------------------------------
 * making a rule ready
 * -------------------------------------------------------------------------
 */

void
recurrence_prepare(Recurrence *recurrence, const RRule *rule, Timestamp dtstart)
{
	int64 day;

	memset(recurrence, 0, sizeof(*recurrence));
	recurrence->days.rule = *rule;
	recurrence->start = floor_divide(dtstart, USECS_PER_SEC);
	recurrence->fraction = dtstart - recurrence->start * USECS_PER_SEC;
	recurrence->interval = rule->interval;
	recurrence->count = rule->count == 0 ? -1 : rule->count;
	day = floor_divide(recurrence->start, SECS_PER_DAY);
	recurrence->unit_seconds = SECS_PER_DAY;
	switch (rule->frequency)
	{
		case RRULE_YEARLY:
			recurrence->period = PERIOD_YEAR;
			break;
		case RRULE_MONTHLY:
			recurrence->period = PERIOD_MONTH;
			break;
		case RRULE_WEEKLY:
			recurrence->period = PERIOD_WEEK;
			recurrence->interval *= DAYS_PER_WEEK;
			break;
		case RRULE_HOURLY:
			recurrence->unit_seconds = SECS_PER_HOUR;
			recurrence->period = PERIOD_UNIT;
			break;
		case RRULE_MINUTELY:
			recurrence->unit_seconds = SECS_PER_MINUTE;
			recurrence->period = PERIOD_UNIT;
			break;
		case RRULE_SECONDLY:
			recurrence->unit_seconds = 1;
			recurrence->period = PERIOD_UNIT;
			break;
		case RRULE_DAILY:
			recurrence->period = PERIOD_UNIT;
			break;
	}
	recurrence->units_per_day = SECS_PER_DAY / recurrence->unit_seconds;
	recurrence->anchor = period_of(recurrence, recurrence->start);
	if (recurrence->period == PERIOD_WEEK)
		recurrence->anchor =
			day - positive_modulo(weekday_of_day((int) day) - rule->week_start, DAYS_PER_WEEK);

	prepare_dates(recurrence);
	prepare_times(recurrence);
	prepare_positions(recurrence);
	prepare_bounds(recurrence);
	if (recurrence->time_count == 0 ||
		(recurrence->period == PERIOD_UNIT && units_never_meet(recurrence)))
		recurrence->impossible = true;
}

/*
 * What the rule does not say of dates, DTSTART says: a yearly rule without any of
 * the BY parts that name days is on its date, and so on.
 */
static void
prepare_dates(Recurrence *recurrence)
{
	RRule *rule = &recurrence->days.rule;
	int day = (int) floor_divide(recurrence->start, SECS_PER_DAY);
	CalendarDate date = calendar_date(day);
	bool has_year_days = !(rrule_no_days(&rule->year_days) && rrule_no_days(&rule->year_days_last));
	bool names_days = rule->weekdays != 0 || rrule_has_nth(rule) || has_year_days ||
					  (rule->month_days | rule->month_days_last) != 0 ||
					  (rule->weeks | rule->weeks_last) != 0;
	uint8 weekdays = names_days ? rule->weekdays : (uint8) (1 << weekday_of_day(day));
	uint64 late_days = rule->skip == RRULE_SKIP_FORWARD ? rule->month_days : rule->month_days_last;

	switch (recurrence->period)
	{
		case PERIOD_YEAR:
			if (!names_days && rule->months == 0)
				rule->months = (uint16) (1 << date.month);
			/* FALLTHROUGH */
		case PERIOD_MONTH:
			if (!names_days)
			{
				rule->month_days = (uint32) 1 << date.day;
				late_days = rule->skip == RRULE_SKIP_FORWARD ? rule->month_days : 0;
			}
			/* A year's months spill into each other only. */
			recurrence->spills =
				rule->skip != RRULE_SKIP_OMIT &&
				(recurrence->period == PERIOD_YEAR ? has_year_days : late_days >> 29 != 0);
			break;
		case PERIOD_WEEK:
			recurrence->week = (uint8) ((weekdays >> rule->week_start |
										 weekdays << (DAYS_PER_WEEK - rule->week_start)) &
										0x7F);
			/* The weekdays are seen to; what is looked up are the other parts. */
			rule->weekdays = 0;
			recurrence->has_dates = rule->months != 0;
			break;
		case PERIOD_UNIT:
			/* SKIP is for what expands, and here all parts limit. */
			rule->skip = RRULE_SKIP_OMIT;
			recurrence->has_dates = names_days || rule->months != 0;
			break;
	}
}

/* The numbers of a BY part of times; in its place all of them, or that of DTSTART. */
static uint64
part_or(uint64 part, bool limits, int all, int64 of_start)
{
	if (part != 0)
		return part;
	return limits ? (UINT64CONST(1) << all) - 1 : UINT64CONST(1) << of_start;
}

/* The times of a day or unit, and those of day that units may have. */
static void
prepare_times(Recurrence *recurrence)
{
	const RRule *rule = &recurrence->days.rule;
	int64 time = positive_modulo(recurrence->start, SECS_PER_DAY);
	int unit = recurrence->unit_seconds;
	/* An implementation without leap seconds takes 60 for 59 (RFC 5545 section 3.3.12). */
	uint64 by_second = (rule->seconds & ~(UINT64CONST(1) << 60)) |
					   ((rule->seconds >> 60 & 1) != 0 ? UINT64CONST(1) << 59 : 0);
	uint64 hours = part_or(rule->hours, unit <= SECS_PER_HOUR, 24, time / SECS_PER_HOUR);
	uint64 minutes =
		part_or(rule->minutes, unit <= SECS_PER_MINUTE, 60, time / SECS_PER_MINUTE % MINS_PER_HOUR);
	uint64 seconds = part_or(by_second, unit == 1, 60, time % SECS_PER_MINUTE);
	int room;
	int count = 0;

	recurrence->hours = (uint32) hours;
	recurrence->minutes = minutes;
	recurrence->seconds = seconds;
	recurrence->has_times = (unit <= SECS_PER_HOUR && rule->hours != 0) ||
							(unit <= SECS_PER_MINUTE && rule->minutes != 0) ||
							(unit == 1 && rule->seconds != 0);
	/* What limits the unit is the same in all of it. */
	if (unit <= SECS_PER_HOUR)
		hours = 1;
	if (unit <= SECS_PER_MINUTE)
		minutes = 1;
	if (unit == 1)
		seconds = 1;

	room = pg_popcount64(hours) * pg_popcount64(minutes) * pg_popcount64(seconds);
	recurrence->times = room <= (int) lengthof(recurrence->few_times)
							? recurrence->few_times
							: palloc(room * sizeof(int32));
	for (uint64 hour = hours; hour != 0; hour &= hour - 1)
		for (uint64 minute = minutes; minute != 0; minute &= minute - 1)
			for (uint64 second = seconds; second != 0; second &= second - 1)
				recurrence->times[count++] = pg_rightmost_one_pos64(hour) * SECS_PER_HOUR +
											 pg_rightmost_one_pos64(minute) * SECS_PER_MINUTE +
											 pg_rightmost_one_pos64(second);
	recurrence->time_count = count;
}

static void
prepare_positions(Recurrence *recurrence)
{
	const RRule *rule = &recurrence->days.rule;

	if (rrule_no_days(&rule->positions) && rrule_no_days(&rule->positions_last))
		return;
	recurrence->positions = palloc(2 * 366 * sizeof(int16));
	recurrence->positions_last = recurrence->positions + 366;
	for (int position = 1; position <= 366; position++)
		if (rrule_has_day(&rule->positions, position))
			recurrence->positions[recurrence->position_count++] = (int16) position;
	for (int position = 366; position >= 1; position--)
		if (rrule_has_day(&rule->positions_last, position))
			recurrence->positions_last[recurrence->position_last_count++] = (int16) position;

	if (recurrence->period == PERIOD_UNIT)
		choose_times(recurrence);
	else
		recurrence->has_positions = true;
}

/* A unit has the same times each time, so BYSETPOS need be asked only once. */
static void
choose_times(Recurrence *recurrence)
{
	int32 chosen[2 * 366];
	int count = period_choose(recurrence, recurrence->time_count, chosen);

	for (int i = 0; i < count; i++)
		recurrence->times[i] = recurrence->times[chosen[i]];
	recurrence->time_count = count;
}

static void
prepare_bounds(Recurrence *recurrence)
{
	const RRule *rule = &recurrence->days.rule;

	recurrence->last = LAST_CALENDAR_SECOND;
	switch (rule->until_kind)
	{
		case RRULE_UNTIL_NONE:
			break;
		case RRULE_UNTIL_DATE:
			recurrence->last = (rule->until + 1) * SECS_PER_DAY - 1;
			break;
		case RRULE_UNTIL_LOCAL:
		case RRULE_UNTIL_UTC:
			recurrence->last = recurrence_second_until(recurrence, rule->until);
			break;
	}
}

static int64
greatest_common_divisor(int64 a, int64 b)
{
	while (b != 0)
	{
		int64 rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* Can no unit of a day have a right time, if those allowed are `rest` modulo `step`? */
static bool
day_never_meets(const Recurrence *recurrence, int64 day, int64 step, int64 rest)
{
	int units = recurrence->units_per_day;
	int64 first = positive_modulo(rest - day * units, step);

	if (!recurrence->has_times)
		return first >= units;
	if (step == 1)
		return false;
	for (int unit = next_right_unit(recurrence, 0); unit >= 0;
		 unit = next_right_unit(recurrence, unit + 1))
		if (unit % step == first)
			return false;
	return true;
}

/* Can no unit that INTERVAL allows have both a right time and a right weekday? */
static bool
units_never_meet(const Recurrence *recurrence)
{
	uint8 weekdays = recurrence->days.rule.weekdays;
	int64 units = recurrence->units_per_day;
	int64 step = greatest_common_divisor(recurrence->interval, DAYS_PER_WEEK * units);
	int64 rest = positive_modulo(recurrence->anchor, step);
	/* One day tells of all, where INTERVAL allows the same units of each. */
	int days = units % step == 0 ? 1 : DAYS_PER_WEEK;

	for (int day = 0; day < days; day++)
		if ((days == 1 || weekdays == 0 || (weekdays >> weekday_of_day(day) & 1) != 0) &&
			!day_never_meets(recurrence, day, step, rest))
			return false;
	return true;
}

void
recurrence_include_start(Recurrence *recurrence)
{
	OccurrenceScan scan;
	int64 first;

	if (recurrence->start > recurrence->last)
		return;
	uncounted_begin(&scan, recurrence, recurrence->start, recurrence->start);
	if (occurrences_next(&scan, &first))
		return;
	recurrence->extra_start = true;
	if (recurrence->count > 0)
		recurrence->count--;
}

int64
recurrence_second_from(const Recurrence *recurrence, Timestamp timestamp)
{
	return -floor_divide(recurrence->fraction - timestamp, USECS_PER_SEC);
}

int64
recurrence_second_until(const Recurrence *recurrence, Timestamp timestamp)
{
	return floor_divide(timestamp - recurrence->fraction, USECS_PER_SEC);
}

/* -------------------------------------------------------------------------
 * walking over the occurrences
 * -------------------------------------------------------------------------
 */

void
uncounted_begin(OccurrenceScan *scan, Recurrence *recurrence, int64 from, int64 last)
{
	scan->recurrence = recurrence;
	scan->chosen = NULL;
	scan->start_first = false;
	scan->left = -1;
	scan->last = last;
	seek(scan, from);
}

void
occurrences_begin(OccurrenceScan *scan, Recurrence *recurrence, int64 from)
{
	scan->recurrence = recurrence;
	scan->chosen = NULL;
	occurrences_seek(scan, from);
}

void
occurrences_seek(OccurrenceScan *scan, int64 from)
{
	Recurrence *recurrence = scan->recurrence;
	bool at_start = from <= recurrence->start;

	scan->start_first = at_start && recurrence->extra_start;
	scan->left = at_start ? recurrence->count : -1;
	scan->last = at_start ? recurrence->last : recurrence_last(recurrence);
	seek(scan, from);
}

/* Before the first period that can have an occurrence at that second or later. */
static void
seek(OccurrenceScan *scan, int64 from)
{
	const Recurrence *recurrence = scan->recurrence;
	int64 periods;

	from = Max(from, recurrence->start);
	scan->from = from;
	scan->word = 0;
	scan->word_count = 0;
	scan->begin = 0;
	scan->time = NULL;
	scan->time_end = NULL;
	if (from > scan->last)
		return;
	/* A week may have begun six days before. */
	if (recurrence->period == PERIOD_WEEK)
		periods = period_of(recurrence, from) - (DAYS_PER_WEEK - 1) - recurrence->anchor;
	else
		periods = period_of(recurrence, from) - recurrence->anchor;
	periods = -floor_divide(-periods, recurrence->interval);
	if (recurrence->spills)
		periods--;
	scan->period = recurrence->anchor + Max(periods, 0) * recurrence->interval;
}

/* The period of a second, whatever INTERVAL is; instead of a week, its day. */
static int64
period_of(const Recurrence *recurrence, int64 second)
{
	int64 day;
	CalendarDate date;

	if (recurrence->period == PERIOD_UNIT)
		return floor_divide(second, recurrence->unit_seconds);
	day = floor_divide(second, SECS_PER_DAY);
	if (recurrence->period == PERIOD_WEEK)
		return day;
	date = calendar_date((int) day);
	if (recurrence->period == PERIOD_YEAR)
		return date.year;
	return (int64) date.year * MONTHS_PER_YEAR + date.month - 1;
}

bool
occurrences_next(OccurrenceScan *scan, int64 *second)
{
	int64 found;

	if (scan->start_first)
	{
		scan->start_first = false;
		*second = scan->recurrence->start;
		return true;
	}
	if (scan->left == 0)
		return false;
	while (scan->time == scan->time_end)
		if (!next_times(scan))
			return false;
	found = scan->begin + *scan->time;
	if (found > scan->last)
		return false;
	scan->time++;
	if (scan->left > 0)
		scan->left--;
	*second = found;
	return true;
}

/* The times of the next day or unit, but for those that are too early; perhaps that leaves none. */
static bool
next_times(OccurrenceScan *scan)
{
	const Recurrence *recurrence = scan->recurrence;

	if (recurrence->impossible || scan->from > scan->last)
		return false;
	if (recurrence->period == PERIOD_UNIT)
	{
		if (!next_unit(scan))
			return false;
	}
	else
	{
		while (scan->word < scan->word_count && scan->words[scan->word] == 0)
			scan->word++;
		if (scan->word == scan->word_count)
		{
			if (!next_period(scan))
				return false;
		}
		else
		{
			uint64 bits = scan->words[scan->word];
			int bit = scan->word * 64 + pg_rightmost_one_pos64(bits);

			scan->words[scan->word] = bits & (bits - 1);
			scan->begin = (scan->day + bit) * SECS_PER_DAY;
			scan->time = recurrence->times;
			scan->time_end = scan->time + recurrence->time_count;
		}
	}
	if (scan->begin >= scan->from)
		return true;
	while (scan->time < scan->time_end && scan->begin + *scan->time < scan->from)
		scan->time++;
	return true;
}

static bool
next_unit(OccurrenceScan *scan)
{
	Recurrence *recurrence = scan->recurrence;

	if ((recurrence->has_dates || recurrence->has_times) && !skip_wrong_units(scan))
		return false;
	scan->begin = scan->period * recurrence->unit_seconds;
	if (scan->begin > scan->last)
		return false;
	scan->period += recurrence->interval;
	scan->time = recurrence->times;
	scan->time_end = scan->time + recurrence->time_count;
	return true;
}

/* Have the scan go on at the first unit that has a right date and time, or after its last second. */
static bool
skip_wrong_units(OccurrenceScan *scan)
{
	Recurrence *recurrence = scan->recurrence;
	int units = recurrence->units_per_day;
	int64 last = floor_divide(scan->last, recurrence->unit_seconds);

	while (scan->period <= last)
	{
		int64 unit = scan->period;
		int64 day = floor_divide(unit, units);
		int64 right = unit;

		CHECK_FOR_INTERRUPTS();
		if (recurrence->has_dates)
		{
			int64 right_day = next_right_day(recurrence, day);

			if (right_day == NO_DAY)
				return false;
			right = Max(right, right_day * units);
		}
		if (right == unit && recurrence->has_times)
		{
			int right_unit = next_right_unit(recurrence, (int) (unit - day * units));

			right = day * units + (right_unit < 0 ? units : right_unit);
		}
		if (right == unit)
			break;
		scan->period = right + positive_modulo(recurrence->anchor - right, recurrence->interval);
	}
	return true;
}

/* Put the days of the next period that has some in the scan, or what BYSETPOS chooses of it. */
static bool
next_period(OccurrenceScan *scan)
{
	Recurrence *recurrence = scan->recurrence;
	int most = recurrence->period == PERIOD_YEAR	? PERIODS_OF_CALENDAR_YEARS
			   : recurrence->period == PERIOD_MONTH ? PERIODS_OF_CALENDAR_MONTHS
													: PERIODS_OF_CALENDAR_WEEKS;

	if (recurrence->spills && scan->time_end != NULL)
		scan->from = Max(scan->from, scan->begin + scan->time_end[-1] + 1);
	scan->word = 0;
	for (int tried = 0; tried <= most; tried++)
	{
		int64 period;

		CHECK_FOR_INTERRUPTS();
		if (recurrence->period == PERIOD_WEEK && recurrence->has_dates)
			scan->period = skip_wrong_weeks(recurrence, scan->period);
		period = scan->period;
		scan->word_count = period_days(recurrence, period, &scan->day, scan->words);
		if (scan->day * SECS_PER_DAY > scan->last)
			break;
		scan->period += recurrence->interval;
		if (scan->word_count == 0)
			continue;
		if (!recurrence->has_positions)
		{
			drop_early_days(scan);
			return true;
		}
		choose(scan, period);
		scan->word_count = 0;
		if (scan->time != scan->time_end)
			return true;
	}
	scan->word_count = 0;
	return false;
}

/* Days before the scan's first second. */
static void
drop_early_days(OccurrenceScan *scan)
{
	int64 early = floor_divide(scan->from, SECS_PER_DAY) - scan->day;

	if (early <= 0)
		return;
	scan->word = (int) Min(early / 64, scan->word_count);
	if (scan->word < scan->word_count)
		scan->words[scan->word] &= ~UINT64CONST(0) << (early % 64);
}

/* The first week, from the one that begins on this day on, that has a right date. */
static int64
skip_wrong_weeks(Recurrence *recurrence, int64 first)
{
	int64 right = next_right_day(recurrence, first);
	int64 beyond = right - (first + DAYS_PER_WEEK - 1);

	if (right == NO_DAY)
		return LAST_CALENDAR_DAY + 1;
	if (beyond <= 0)
		return first;
	return first - floor_divide(-beyond, recurrence->interval) * recurrence->interval;
}

/* -------------------------------------------------------------------------
 * periods
 * -------------------------------------------------------------------------
 */

static int
month_days(Recurrence *recurrence, int64 period, int64 *day, uint64 *words)
{
	const RRule *rule = &recurrence->days.rule;
	int year = (int) (period / MONTHS_PER_YEAR);
	int month = (int) (period % MONTHS_PER_YEAR) + 1;
	int first;

	if (rule->months != 0 && (rule->months & (1 << month)) == 0)
	{
		*day = FIRST_CALENDAR_DAY;
		return 0;
	}
	first = calendar_day((CalendarDate){.year = year, .month = month, .day = 1});
	*day = first - 1;
	words[0] = rule_month(&recurrence->days, days_of_month(year, month), weekday_of_day(first));
	return words[0] != 0 ? 1 : 0;
}

int
period_days(Recurrence *recurrence, int64 period, int64 *day, uint64 *words)
{
	const YearDays *year;
	uint64 any = 0;

	switch (recurrence->period)
	{
		case PERIOD_YEAR:
			if (period > LAST_CALENDAR_YEAR)
				break;
			year = rule_year(&recurrence->days, (int) period);
			*day = day_before_year((int) period);
			for (int i = 0; i < YEAR_WORDS; i++)
			{
				words[i] = year->words[i];
				any |= words[i];
			}
			return any != 0 ? YEAR_WORDS : 0;
		case PERIOD_MONTH:
			if (period >= (int64) (LAST_CALENDAR_YEAR + 1) * MONTHS_PER_YEAR)
				break;
			return month_days(recurrence, period, day, words);
		case PERIOD_WEEK:
			*day = period;
			words[0] =
				recurrence->has_dates ? right_days_of_week(recurrence, period) : recurrence->week;
			return words[0] != 0 ? 1 : 0;
		case PERIOD_UNIT:
			break;
	}
	*day = LAST_CALENDAR_DAY + 1;
	return 0;
}

static uint64
right_days_of_week(Recurrence *recurrence, int64 first)
{
	uint64 found = 0;

	for (int day = 0; day < DAYS_PER_WEEK; day++)
		if ((recurrence->week >> day & 1) != 0 &&
			next_right_day(recurrence, first + day) == first + day)
			found |= UINT64CONST(1) << day;
	return found;
}

/* Have the days of that year at hand. */
static void
look_up_year(Recurrence *recurrence, int year)
{
	recurrence->year = year;
	recurrence->year_before = day_before_year(year);
	recurrence->year_days = rule_year(&recurrence->days, year);
}

int64
next_right_day(Recurrence *recurrence, int64 day)
{
	day = Max(day, FIRST_CALENDAR_DAY);
	if (day > LAST_CALENDAR_DAY)
		return NO_DAY;
	if (recurrence->year_days == NULL || day <= recurrence->year_before ||
		day > recurrence->year_before + days_of_year(recurrence->year))
		look_up_year(recurrence, calendar_date((int) day).year);
	for (int tried = 0; tried <= PERIODS_OF_CALENDAR_YEARS; tried++)
	{
		int bit = year_next(recurrence->year_days, (int) (day - recurrence->year_before));

		if (bit >= 0)
			return recurrence->year_before + bit;
		if (recurrence->year == LAST_CALENDAR_YEAR)
			break;
		look_up_year(recurrence, recurrence->year + 1);
		day = recurrence->year_before + 1;
	}
	return NO_DAY;
}

/* The first number from this one on that is in a set; -1 if there is none. */
static int
next_of(uint64 set, int number)
{
	uint64 rest = number < 64 ? set & (~UINT64CONST(0) << number) : 0;

	return rest == 0 ? -1 : pg_rightmost_one_pos64(rest);
}

/* The same for two sets, of which the second repeats with each number of the first. */
static int
next_of_product(uint64 set, uint64 inner, int number, int inner_count, int inner_number)
{
	int outer = next_of(set, number);
	int found = -1;

	if (outer == number)
		found = next_of(inner, inner_number);
	if (outer == number && found < 0)
		outer = next_of(set, number + 1);
	if (outer < 0)
		return -1;
	return outer * inner_count + (found >= 0 ? found : pg_rightmost_one_pos64(inner));
}

int
next_right_unit(const Recurrence *recurrence, int unit)
{
	int minute;
	int right;

	if (unit >= recurrence->units_per_day)
		return -1;
	if (recurrence->unit_seconds == SECS_PER_DAY)
		return unit;
	if (recurrence->unit_seconds == SECS_PER_HOUR)
		return next_of(recurrence->hours, unit);
	if (recurrence->unit_seconds == SECS_PER_MINUTE)
		return next_of_product(recurrence->hours, recurrence->minutes, unit / MINS_PER_HOUR,
							   MINS_PER_HOUR, unit % MINS_PER_HOUR);

	minute = unit / SECS_PER_MINUTE;
	right = next_of_product(recurrence->hours, recurrence->minutes, minute / MINS_PER_HOUR,
							MINS_PER_HOUR, minute % MINS_PER_HOUR);
	if (right == minute)
	{
		int second = next_of(recurrence->seconds, unit % SECS_PER_MINUTE);

		if (second >= 0)
			return minute * SECS_PER_MINUTE + second;
		minute++;
		right = next_of_product(recurrence->hours, recurrence->minutes, minute / MINS_PER_HOUR,
								MINS_PER_HOUR, minute % MINS_PER_HOUR);
	}
	if (right < 0)
		return -1;
	return right * SECS_PER_MINUTE + pg_rightmost_one_pos64(recurrence->seconds);
}

/* -------------------------------------------------------------------------
 * BYSETPOS
 * -------------------------------------------------------------------------
 */

int
period_choose(const Recurrence *recurrence, int64 size, int32 *chosen)
{
	int count = 0;
	int first = 0;
	int last = 0;

	while (last < recurrence->position_last_count && recurrence->positions_last[last] > size)
		last++;
	for (;;)
	{
		int64 from_first =
			first < recurrence->position_count ? recurrence->positions[first] - 1 : size;
		int64 from_last =
			last < recurrence->position_last_count ? size - recurrence->positions_last[last] : size;
		int64 next = Min(from_first, from_last);

		if (next >= size)
			return count;
		chosen[count++] = (int32) next;
		first += from_first == next;
		last += from_last == next;
	}
}

int
period_chosen_times(const Recurrence *recurrence, const uint64 *words, int word_count,
					int32 *chosen)
{
	int times = recurrence->time_count;
	int64 days = 0;
	int passed = 0;
	int word = 0;
	uint64 bits = words[0];
	int count;

	for (int i = 0; i < word_count; i++)
		days += pg_popcount64(words[i]);
	count = period_choose(recurrence, days * times, chosen);
	for (int i = 0; i < count; i++)
	{
		int wanted = chosen[i] / times;
		int here = pg_popcount64(bits);

		for (; passed + here <= wanted; here = pg_popcount64(bits))
		{
			passed += here;
			bits = words[++word];
		}
		for (; passed < wanted; passed++)
			bits &= bits - 1;
		chosen[i] = (word * 64 + pg_rightmost_one_pos64(bits)) * SECS_PER_DAY +
					recurrence->times[chosen[i] % times];
	}
	return count;
}

/* Put a time in its place among others, unless it is there. */
static int
add_time(int32 *times, int count, int32 time)
{
	int at = count;

	while (at > 0 && times[at - 1] > time)
		at--;
	if (at > 0 && times[at - 1] == time)
		return count;
	memmove(times + at + 1, times + at, (count - at) * sizeof(int32));
	times[at] = time;
	return count + 1;
}

/*
 * The times of the scan are those chosen of this period; and of the next, where
 * SKIP has days of both fall on one, those that are no later.
 */
static void
choose(OccurrenceScan *scan, int64 period)
{
	Recurrence *recurrence = scan->recurrence;
	int32 *chosen;
	int count;

	if (scan->chosen == NULL)
		scan->chosen = palloc(2 * MOST_CHOSEN * sizeof(int32));
	chosen = scan->chosen;
	count = period_chosen_times(recurrence, scan->words, scan->word_count, chosen);
	if (count > 0 && recurrence->spills && recurrence->interval == 1)
	{
		int32 *others = chosen + MOST_CHOSEN;
		uint64 words[YEAR_WORDS];
		int64 day;
		int word_count = period_days(recurrence, period + 1, &day, words);
		int other_count =
			word_count == 0 ? 0 : period_chosen_times(recurrence, words, word_count, others);
		int32 last = chosen[count - 1];
		int32 later = (int32) (day - scan->day) * SECS_PER_DAY;

		for (int i = 0; i < other_count && others[i] + later <= last; i++)
			count = add_time(chosen, count, others[i] + later);
	}
	scan->begin = scan->day * SECS_PER_DAY;
	scan->time = count > 0 ? chosen : NULL;
	scan->time_end = count > 0 ? chosen + count : NULL;
}

/* -------------------------------------------------------------------------
 * the other end
 * -------------------------------------------------------------------------
 */

int64
recurrence_last(Recurrence *recurrence)
{
	int64 last;

	if (recurrence->count < 0 || recurrence->last_counted)
		return recurrence->last;
	recurrence->last_counted = true;
	if (recurrence->count == 0)
		recurrence->last = recurrence->start - 1;
	else if (recurrence_tally(recurrence, recurrence->last + 1, recurrence->count, &last) ==
			 recurrence->count)
		recurrence->last = last;
	return recurrence->last;
}

/* Have a scan go from a second to before another. */
static void
seek_until(OccurrenceScan *scan, int64 from, int64 before)
{
	occurrences_seek(scan, from);
	scan->last = Min(scan->last, before - 1);
}

/* The last occurrence before a second, given that the scan goes up to there and was at `found`. */
static int64
last_before(OccurrenceScan *scan, int64 found, int64 before)
{
	int64 second;

	/* Mostly only few are left. */
	for (int i = 0; i < SHORT_WALK; i++)
	{
		if (!occurrences_next(scan, &second))
			return found;
		found = second;
	}
	while (found + 1 < before)
	{
		int64 middle = found + (before - found) / 2;

		CHECK_FOR_INTERRUPTS();
		seek_until(scan, middle, before);
		if (occurrences_next(scan, &second))
			found = second;
		else
			before = middle;
	}
	return found;
}

/* Looks ahead from ever earlier seconds, for a rule can only be asked what comes next. */
bool
recurrence_previous(Recurrence *recurrence, int64 before, int64 *second)
{
	static const int64 periods[] = {
		[PERIOD_YEAR] = 366 * SECS_PER_DAY,
		[PERIOD_MONTH] = 31 * SECS_PER_DAY,
		/* the interval of weeks is one of days */
		[PERIOD_WEEK] = SECS_PER_DAY,
	};
	int64 width =
		recurrence->period == PERIOD_UNIT ? recurrence->unit_seconds : periods[recurrence->period];
	OccurrenceScan scan;
	int64 found;

	before = Min(before, LAST_CALENDAR_SECOND + 1);
	if (before <= recurrence->start)
		return false;
	occurrences_begin(&scan, recurrence, recurrence->start + 1);
	before = Min(before, Max(scan.last, recurrence->start) + 1);
	width *= 2 * recurrence->interval;
	for (;;)
	{
		int64 from = Max(before - width, recurrence->start);

		seek_until(&scan, from, before);
		if (occurrences_next(&scan, &found))
		{
			*second = last_before(&scan, found, before);
			return true;
		}
		if (from == recurrence->start)
			return false;
		before = from;
		width *= 4;
	}
}
