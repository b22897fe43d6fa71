/*
 * rrule_count.c
 *		How many occurrences a recurrence rule makes, without making them.
 *
 * A rule whose period is the same each time, as of FREQ=DAILY or WEEKLY without
 * dates to look at, is counted by division.  Any other is counted in steps, which
 * are its periods, or the days of its units: bits of a mask, times the times of a
 * day.  Steps that begin in one year are counted together.  That total depends on
 * nothing but the shape of the year and on where in INTERVAL it begins, so it is
 * kept; and after 400 years it all begins again, if INTERVAL divides them.  Only
 * in the first and the last step are occurrences looked at one by one.
 *
 * All of them are where SKIP has periods overlap, and where units lie so far apart
 * that there are fewer of them than days.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "recurrence/rrule_count.h"

/* Totals of years are kept for as many places in INTERVAL. */
#define MOST_YEAR_PHASES 64

#define NOT_COUNTED (-1)

typedef struct Tally
{
	Recurrence *recurrence;
	int64 end;
	int64 wanted;
	int64 count;
	int64 second; /* the last that was counted one by one */

	/* by the shape of a year and its phase; by the phase of a day */
	int64 year_modulus;
	int32 *year_totals;
	int32 *day_counts;
} Tally;

/* What repeats: where it first begins, how long it is, and what is in it. */
typedef struct Pattern
{
	const Recurrence *recurrence;
	int64 begin;
	int64 length;
	int64 size;
	int32 *chosen; /* NULL: times of days of the week, or times of a unit */
} Pattern;

static int64 tally_pattern(Recurrence *recurrence, int64 end, int64 wanted, int64 *second);
static void tally_steps(Tally *tally);
static void walk(Tally *tally, int64 from, int64 end);

/* Are there fewer units to walk over than days, and too many places for totals of years? */
static bool
units_are_rare(const Recurrence *recurrence)
{
	return recurrence->period == PERIOD_UNIT && recurrence->interval > recurrence->units_per_day &&
		   recurrence->interval > MOST_YEAR_PHASES;
}

int64
recurrence_tally(Recurrence *recurrence, int64 end, int64 wanted, int64 *second)
{
	Tally tally = {.recurrence = recurrence, .wanted = wanted};
	bool repeats = recurrence->period == PERIOD_WEEK || recurrence->period == PERIOD_UNIT;

	end = Min(end, LAST_CALENDAR_SECOND + 1);
	if (recurrence->impossible || end <= recurrence->start || wanted <= 0)
		return 0;
	if (repeats && !recurrence->has_dates && !recurrence->has_times)
		return tally_pattern(recurrence, end, wanted, second);

	tally.end = end;
	if (recurrence->spills || units_are_rare(recurrence))
		walk(&tally, recurrence->start, end);
	else
		tally_steps(&tally);
	if (tally.year_totals != NULL)
		pfree(tally.year_totals);
	if (tally.day_counts != NULL)
		pfree(tally.day_counts);
	*second = tally.second;
	return tally.count;
}

int64
recurrence_count_before(Recurrence *recurrence, int64 end)
{
	int64 wanted = recurrence->count < 0 ? PG_INT64_MAX : recurrence->count;
	int64 until = recurrence->last_counted ? LAST_CALENDAR_SECOND : recurrence->last;
	int64 extra = recurrence->extra_start && recurrence->start < end ? 1 : 0;
	int64 second;

	return extra + recurrence_tally(recurrence, Min(end, until + 1), wanted, &second);
}

/* -------------------------------------------------------------------------
 * what repeats
 * -------------------------------------------------------------------------
 */

static int
times_until(const Recurrence *recurrence, int64 time)
{
	int count = 0;

	while (count < recurrence->time_count && recurrence->times[count] <= time)
		count++;
	return count;
}

/* How many of a pattern lie in its first seconds, up to this one. */
static int64
pattern_until(const Pattern *pattern, int64 second)
{
	const Recurrence *recurrence = pattern->recurrence;
	int64 day = second / SECS_PER_DAY;
	int64 count;

	if (pattern->chosen != NULL)
	{
		for (count = 0; count < pattern->size && pattern->chosen[count] <= second;)
			count++;
		return count;
	}
	if (recurrence->period == PERIOD_UNIT)
		return times_until(recurrence, second);
	if (day >= DAYS_PER_WEEK)
		return pattern->size;
	count = (int64) pg_popcount64(recurrence->week & ((1u << day) - 1)) * recurrence->time_count;
	if ((recurrence->week >> day & 1) != 0)
		count += times_until(recurrence, second % SECS_PER_DAY);
	return count;
}

/* One of a pattern, in seconds after its beginning. */
static int64
pattern_second(const Pattern *pattern, int64 index)
{
	const Recurrence *recurrence = pattern->recurrence;
	uint64 days = recurrence->week;

	if (pattern->chosen != NULL)
		return pattern->chosen[index];
	if (recurrence->period == PERIOD_UNIT)
		return recurrence->times[index];
	for (int64 passed = index / recurrence->time_count; passed > 0; passed--)
		days &= days - 1;
	return (int64) pg_rightmost_one_pos64(days) * SECS_PER_DAY +
		   recurrence->times[index % recurrence->time_count];
}

static Pattern
make_pattern(const Recurrence *recurrence)
{
	int unit = recurrence->period == PERIOD_WEEK ? SECS_PER_DAY : recurrence->unit_seconds;
	Pattern pattern = {.recurrence = recurrence,
					   .begin = recurrence->anchor * unit,
					   .length = recurrence->interval * unit,
					   .size = recurrence->time_count};

	if (recurrence->period == PERIOD_WEEK)
		pattern.size *= pg_popcount64(recurrence->week);
	if (recurrence->has_positions)
	{
		uint64 week = recurrence->week;

		pattern.chosen = palloc(2 * 366 * sizeof(int32));
		pattern.size = period_chosen_times(recurrence, &week, 1, pattern.chosen);
	}
	return pattern;
}

static int64
tally_pattern(Recurrence *recurrence, int64 end, int64 wanted, int64 *second)
{
	Pattern pattern = make_pattern(recurrence);
	/* from the pattern's beginning to before DTSTART, and to before the end */
	int64 lead = recurrence->start - 1 - pattern.begin;
	int64 before = lead < 0 ? 0 : pattern_until(&pattern, lead);
	int64 length = end - 1 - pattern.begin;
	int64 count = length / pattern.length * pattern.size +
				  pattern_until(&pattern, length % pattern.length) - before;

	if (count >= wanted)
	{
		int64 index = before + wanted - 1;

		count = wanted;
		*second = pattern.begin + index / pattern.size * pattern.length +
				  pattern_second(&pattern, index % pattern.size);
	}
	if (pattern.chosen != NULL)
		pfree(pattern.chosen);
	return count;
}

/* -------------------------------------------------------------------------
 * steps
 * -------------------------------------------------------------------------
 */

/* The first day of a step. */
static int64
step_day(const Recurrence *recurrence, int64 step)
{
	CalendarDate date = {.day = 1};

	switch (recurrence->period)
	{
		case PERIOD_YEAR:
			return day_before_year((int) step) + 1;
		case PERIOD_MONTH:
			date.year = (int) (step / MONTHS_PER_YEAR);
			date.month = (int) (step % MONTHS_PER_YEAR) + 1;
			return calendar_day(date);
		case PERIOD_WEEK:
		case PERIOD_UNIT:
			break;
	}
	return step;
}

/* The first day after a step. */
static int64
step_end_day(const Recurrence *recurrence, int64 step)
{
	switch (recurrence->period)
	{
		case PERIOD_YEAR:
		case PERIOD_MONTH:
			return step_day(recurrence, step + 1);
		case PERIOD_WEEK:
			return step + DAYS_PER_WEEK;
		case PERIOD_UNIT:
			break;
	}
	return step + 1;
}

/* The first step that begins in a year, or after it if none does. */
static int64
first_step(Recurrence *recurrence, int year)
{
	int64 first = day_before_year(year) + 1;

	if (recurrence->period == PERIOD_UNIT)
		return recurrence->has_dates ? next_right_day(recurrence, first) : first;
	if (recurrence->period == PERIOD_YEAR)
		first = year;
	else if (recurrence->period == PERIOD_MONTH)
		first = (int64) year * MONTHS_PER_YEAR;
	return first + positive_modulo(recurrence->anchor - first, recurrence->interval);
}

static int64
next_step(Recurrence *recurrence, int64 step)
{
	if (recurrence->period != PERIOD_UNIT)
		return step + recurrence->interval;
	return recurrence->has_dates ? next_right_day(recurrence, step + 1) : step + 1;
}

/* The units of a day that INTERVAL allows, from this one on, which have a right time. */
static int
count_units(const Recurrence *recurrence, int64 first)
{
	int count = 0;
	int64 unit = first;

	if (!recurrence->has_times)
	{
		if (first >= recurrence->units_per_day)
			return 0;
		return (int) ((recurrence->units_per_day - 1 - first) / recurrence->interval) + 1;
	}
	while (unit < recurrence->units_per_day)
	{
		int right = next_right_unit(recurrence, (int) unit);

		if (right < 0)
			break;
		if (right == unit)
		{
			count++;
			unit += recurrence->interval;
		}
		else
			unit = right + positive_modulo(first - right, recurrence->interval);
	}
	return count;
}

/* Where in INTERVAL a day begins: how many units come before the first that it allows. */
static int64
day_phase(const Recurrence *recurrence, int64 day)
{
	return positive_modulo(recurrence->anchor - day * recurrence->units_per_day,
						   recurrence->interval);
}

/* The units of a day that has a right date and begins there. */
static int
units_of_phase(Tally *tally, int64 phase)
{
	const Recurrence *recurrence = tally->recurrence;

	if (tally->day_counts == NULL)
	{
		tally->day_counts = palloc(recurrence->interval * sizeof(int32));
		memset(tally->day_counts, 0xFF, recurrence->interval * sizeof(int32));
	}
	if (tally->day_counts[phase] == NOT_COUNTED)
		tally->day_counts[phase] = count_units(recurrence, phase);
	return tally->day_counts[phase];
}

/* The occurrences of a day that has a right date. */
static int64
count_day(Tally *tally, int64 day)
{
	const Recurrence *recurrence = tally->recurrence;

	return (int64) units_of_phase(tally, day_phase(recurrence, day)) * recurrence->time_count;
}

/* The occurrences of days one after the other, all with right dates. */
static int64
count_days(Tally *tally, int64 day, int64 end)
{
	const Recurrence *recurrence = tally->recurrence;
	int64 interval = recurrence->interval;
	int64 phase = day_phase(recurrence, day);
	int64 step = recurrence->units_per_day % interval;
	int64 count = 0;

	for (; day < end; day++)
	{
		count += units_of_phase(tally, phase);
		phase -= step;
		if (phase < 0)
			phase += interval;
	}
	return count * recurrence->time_count;
}

/* The occurrences of a period that has so many days. */
static int64
count_period(const Recurrence *recurrence, int64 days)
{
	int32 chosen[2 * 366];
	int64 count = days * recurrence->time_count;

	return recurrence->has_positions ? period_choose(recurrence, count, chosen) : count;
}

static int64
count_step(Tally *tally, int64 step)
{
	Recurrence *recurrence = tally->recurrence;
	uint64 words[YEAR_WORDS];
	int64 day;
	int word_count;
	int64 days = 0;

	if (recurrence->period == PERIOD_UNIT)
		return count_day(tally, step);
	word_count = period_days(recurrence, step, &day, words);
	for (int i = 0; i < word_count; i++)
		days += pg_popcount64(words[i]);
	return count_period(recurrence, days);
}

/* -------------------------------------------------------------------------
 * years
 * -------------------------------------------------------------------------
 */

/* The months of a year. */
static int64
count_months(Recurrence *recurrence, int year)
{
	const RRule *rule = &recurrence->days.rule;
	int weekday = weekday_of_day(day_before_year(year) + 1);
	int64 before_anchor = recurrence->anchor - (int64) year * MONTHS_PER_YEAR;
	int64 count = 0;

	for (int month = 1; month <= MONTHS_PER_YEAR; month++)
	{
		int length = days_of_month(year, month);

		if ((rule->months == 0 || (rule->months & (1 << month)) != 0) &&
			(recurrence->interval == 1 || (before_anchor - month + 1) % recurrence->interval == 0))
			count += count_period(recurrence,
								  pg_popcount64(rule_month(&recurrence->days, length, weekday)));
		weekday = (weekday + length) % DAYS_PER_WEEK;
	}
	return count;
}

/* All steps that begin in a year. */
static int64
count_year(Tally *tally, int year)
{
	Recurrence *recurrence = tally->recurrence;
	int64 end = day_before_year(year) + 1 + days_of_year(year);
	int64 count = 0;

	if (recurrence->period == PERIOD_UNIT && recurrence->units_per_day % recurrence->interval == 0)
	{
		int days = recurrence->has_dates ? year_count(rule_year(&recurrence->days, year))
										 : days_of_year(year);

		return days * count_day(tally, end - 1);
	}
	if (recurrence->period == PERIOD_UNIT && !recurrence->has_dates)
		return count_days(tally, end - days_of_year(year), end);
	if (recurrence->period == PERIOD_MONTH)
		return count_months(recurrence, year);
	for (int64 step = first_step(recurrence, year);
		 step != NO_DAY && step_day(recurrence, step) < end; step = next_step(recurrence, step))
		count += count_step(tally, step);
	return count;
}

/* Where in INTERVAL a year begins, 0 to tally->year_modulus - 1. */
static int64
year_phase(const Tally *tally, int year)
{
	const Recurrence *recurrence = tally->recurrence;
	int64 begin = day_before_year(year) + 1;

	switch (recurrence->period)
	{
		case PERIOD_YEAR:
			begin = year;
			break;
		case PERIOD_MONTH:
			begin = (int64) year * MONTHS_PER_YEAR;
			break;
		case PERIOD_WEEK:
			break;
		case PERIOD_UNIT:
			begin *= recurrence->units_per_day;
			break;
	}
	return positive_modulo(begin - recurrence->anchor, tally->year_modulus);
}

static int64
year_total(Tally *tally, int year)
{
	const RuleDays *days = &tally->recurrence->days;
	int32 *total;

	if (tally->year_modulus > MOST_YEAR_PHASES)
		return count_year(tally, year);
	if (tally->year_totals == NULL)
	{
		size_t size = YEAR_SHAPES * tally->year_modulus * sizeof(int32);

		tally->year_totals = palloc(size);
		memset(tally->year_totals, 0xFF, size);
	}
	total =
		&tally->year_totals[year_shape(days, year) * tally->year_modulus + year_phase(tally, year)];
	if (*total == NOT_COUNTED)
		*total = (int32) count_year(tally, year);
	return *total;
}

/* Does INTERVAL begin again with the calendar? */
static bool
eras_are_alike(const Recurrence *recurrence)
{
	int64 periods = DAYS_PER_ERA;

	switch (recurrence->period)
	{
		case PERIOD_YEAR:
			periods = 400;
			break;
		case PERIOD_MONTH:
			periods = 400 * MONTHS_PER_YEAR;
			break;
		case PERIOD_WEEK:
			break;
		case PERIOD_UNIT:
			periods *= recurrence->units_per_day;
			break;
	}
	return periods % recurrence->interval == 0;
}

/* Count whole years, from this one on, as long as that is not too much; the year after them. */
static int
tally_years(Tally *tally, int year)
{
	const Recurrence *recurrence = tally->recurrence;
	/* A week may end six days after its year. */
	int64 end_day = floor_divide(tally->end, SECS_PER_DAY) - (DAYS_PER_WEEK - 1);
	int first = year;
	int64 before = tally->count;

	while (year < LAST_CALENDAR_YEAR && day_before_year(year + 1) < end_day)
	{
		int64 total = year_total(tally, year);

		CHECK_FOR_INTERRUPTS();
		if (total >= tally->wanted - tally->count)
			break;
		tally->count += total;
		year++;
		if (year - first == 400 && eras_are_alike(recurrence))
		{
			int64 era = tally->count - before;
			int64 eras = (LAST_CALENDAR_YEAR - year) / 400;

			if (era == 0)
				return LAST_CALENDAR_YEAR;
			eras = Min(eras, (end_day - day_before_year(year) - 1) / DAYS_PER_ERA);
			eras = Min(eras, (tally->wanted - tally->count - 1) / era);
			tally->count += eras * era;
			year += (int) eras * 400;
		}
	}
	return year;
}

/* Is a step within the calendar, and before the end? */
static bool
step_counts(const Tally *tally, int64 step)
{
	const Recurrence *recurrence = tally->recurrence;
	int64 most = LAST_CALENDAR_DAY;

	if (recurrence->period == PERIOD_YEAR)
		most = LAST_CALENDAR_YEAR;
	else if (recurrence->period == PERIOD_MONTH)
		most = LAST_CALENDAR_YEAR * MONTHS_PER_YEAR + 11;
	return step <= most && step_day(recurrence, step) * SECS_PER_DAY < tally->end;
}

static void
tally_steps(Tally *tally)
{
	Recurrence *recurrence = tally->recurrence;
	int64 step = recurrence->period == PERIOD_UNIT ? floor_divide(recurrence->start, SECS_PER_DAY)
												   : recurrence->anchor;
	int64 first_day = Max(step_day(recurrence, step), FIRST_CALENDAR_DAY);
	int year = calendar_date((int) first_day).year;

	tally->year_modulus = recurrence->interval;
	if (recurrence->period == PERIOD_UNIT && recurrence->units_per_day % recurrence->interval == 0)
		tally->year_modulus = 1;

	walk(tally, recurrence->start, step_end_day(recurrence, step) * SECS_PER_DAY);
	step = next_step(recurrence, step);
	while (tally->count < tally->wanted && step_counts(tally, step))
	{
		int64 day = step_day(recurrence, step);
		int64 end;
		int64 count;

		CHECK_FOR_INTERRUPTS();
		if (day > day_before_year(year) + days_of_year(year))
		{
			year = tally_years(tally, calendar_date((int) day).year);
			step = first_step(recurrence, year);
			if (!step_counts(tally, step))
				break;
		}
		end = step_end_day(recurrence, step) * SECS_PER_DAY;
		count = count_step(tally, step);
		if (count >= tally->wanted - tally->count || end > tally->end)
			walk(tally, step_day(recurrence, step) * SECS_PER_DAY, end);
		else
			tally->count += count;
		step = next_step(recurrence, step);
	}
}

/* Go over the occurrences, those of a day or unit at once. */
static void
walk(Tally *tally, int64 from, int64 end)
{
	OccurrenceScan scan;

	uncounted_begin(&scan, tally->recurrence, from, Min(end, tally->end) - 1);
	while (tally->count < tally->wanted && occurrences_next(&scan, &tally->second))
	{
		int64 more = Min(scan.time_end - scan.time, tally->wanted - tally->count - 1);

		CHECK_FOR_INTERRUPTS();
		tally->count++;
		if (more > 0 && scan.begin + scan.time_end[-1] <= scan.last)
		{
			scan.time += more;
			tally->count += more;
			tally->second = scan.begin + scan.time[-1];
		}
	}
	if (scan.chosen != NULL)
		pfree(scan.chosen);
}
