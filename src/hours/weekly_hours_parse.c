/*
 * weekly_hours_parse.c
 *		The text of weekly hours, read.
 *
 * The syntax is the part of OpenStreetMap's opening_hours (specification 0.7.2)
 * that says something of every week alike:
 *
 *		hours:	rule { ( ";" | "," ) rule }
 *		rule:	"24/7" | [ days ] times | [ days ] ( "off" | "closed" ) | days
 *		days:	day [ "-" day ] { "," day [ "-" day ] }
 *		times:	time "-" time { "," time "-" time }
 *
 * A rule after a semicolon replaces what earlier rules said of its days, one
 * after a comma adds to it.  A range that ends at or before its beginning goes
 * on past midnight and belongs to the day on which it begins: a later rule for
 * the next day leaves it alone.  (Evaluators of the standard cut it there, and
 * keep the end of a night whose beginning was replaced.)  That is kept until all
 * rules are read; only then are the days laid over each other into a week.
 */
#include "postgres.h"

#include "hours/weekly_hours.h"

#define MINUTES_PER_WORD 32
#define WORDS_PER_DAY (MINUTES_PER_DAY / MINUTES_PER_WORD)
#define ALL_OF_WORD PG_UINT32_MAX

StaticAssertDecl(MINUTES_PER_DAY % MINUTES_PER_WORD == 0, "a word has minutes of one day only");

/* The minutes, as bits, that belong to a day; the second half of them are on the next. */
typedef struct DayMinutes
{
	uint32 open[2 * WORDS_PER_DAY];
} DayMinutes;

typedef struct Rule
{
	bool adds; /* to earlier rules, rather than replace them */
	bool days[DAYS_OF_WEEK];
	DayMinutes minutes;
} Rule;

#define ALWAYS "24/7"

typedef struct Parser
{
	const char *text;
	const char *at; /* what is read next */
	WeeklyHoursFault *fault;
} Parser;

/* Words of the standard that say something of some weeks or places only. */
static const struct
{
	const char *word;
	const char *reason;
} foreign_words[] = {
	{"PH", "public holidays are no days of the week"},
	{"SH", "school holidays are no days of the week"},
	{"sunrise", "sunrise is no time of the clock"},
	{"sunset", "sunset is no time of the clock"},
	{"dawn", "dawn is no time of the clock"},
	{"dusk", "dusk is no time of the clock"},
	{"week", "all weeks are alike"},
};

static bool parse_rule(Parser *parser, Rule *rule);
static bool parse_days(Parser *parser, bool *days);
static bool parse_day(Parser *parser, int *day);
static bool parse_times(Parser *parser, DayMinutes *minutes);
static bool parse_range(Parser *parser, DayMinutes *minutes);
static bool parse_time(Parser *parser, int *minute);
static void open_minutes(DayMinutes *minutes, int opens, int closes);
static void apply_rule(const Rule *rule, DayMinutes *week);
static int ranges_of_week(const DayMinutes *week, MinuteRange *ranges);
static bool fault_at(Parser *parser, const char *at, const char *reason);
static bool fault_at_word(Parser *parser, const char *otherwise);

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static bool
is_letter(char c)
{
	return lower(c) >= 'a' && lower(c) <= 'z';
}

static void
skip_blanks(Parser *parser)
{
	while (*parser->at == ' ' || (*parser->at >= '\t' && *parser->at <= '\r'))
		parser->at++;
}

/* Does this whole word, in any case, come next? */
static bool
next_is_word(const Parser *parser, const char *word)
{
	const char *at = parser->at;

	for (; *word; word++, at++)
		if (lower(*at) != lower(*word))
			return false;
	return !is_letter(*at);
}

static bool
take(Parser *parser, char c)
{
	skip_blanks(parser);
	if (*parser->at != c)
		return false;
	parser->at++;
	skip_blanks(parser);
	return true;
}

static bool
take_word(Parser *parser, const char *word)
{
	skip_blanks(parser);
	if (!next_is_word(parser, word))
		return false;
	parser->at += strlen(word);
	skip_blanks(parser);
	return true;
}

bool
weekly_hours_parse(const char *text, MinuteRange *ranges, int *count, WeeklyHoursFault *fault)
{
	Parser parser = {.text = text, .at = text, .fault = fault};
	DayMinutes week[DAYS_OF_WEEK] = {0};
	Rule rule = {.adds = false};

	*count = 0;
	if (strlen(text) > WEEKLY_HOURS_MAX_LENGTH)
		return fault_at(&parser, text + WEEKLY_HOURS_MAX_LENGTH, "the text is too long");
	skip_blanks(&parser);
	for (;;)
	{
		if (!parse_rule(&parser, &rule))
			return false;
		apply_rule(&rule, week);
		if (*parser.at == '\0')
			break;
		rule.adds = *parser.at == ',';
		if (!take(&parser, ';') && !take(&parser, ','))
			return fault_at_word(&parser, "a semicolon, a comma or the end is expected");
	}
	*count = ranges_of_week(week, ranges);
	return true;
}

bool
weekly_hours_valid(const MinuteRange *ranges, int count)
{
	if (count < 0 || count > WEEKLY_HOURS_MAX_RANGES)
		return false;
	for (int i = 0; i < count; i++)
	{
		if (ranges[i].opens >= ranges[i].closes || ranges[i].closes > MINUTES_PER_WEEK)
			return false;
		if (i > 0 && ranges[i].opens <= ranges[i - 1].closes)
			return false;
	}
	return true;
}

static bool
parse_rule(Parser *parser, Rule *rule)
{
	const char *begin = parser->at;
	bool has_days =
		is_letter(*begin) && !next_is_word(parser, "off") && !next_is_word(parser, "closed");

	memset(rule->days, !has_days, sizeof(rule->days));
	memset(&rule->minutes, 0, sizeof(rule->minutes));

	if (has_days && !parse_days(parser, rule->days))
		return false;
	if (take_word(parser, "off") || take_word(parser, "closed"))
		return !rule->adds ||
			   fault_at(parser, begin,
						"after a comma a rule adds hours; closing takes a semicolon");
	if (strncmp(parser->at, ALWAYS, strlen(ALWAYS)) == 0)
	{
		if (has_days)
			return fault_at(parser, parser->at, "24/7 has no days; of a day it is 00:00-24:00");
		parser->at += strlen(ALWAYS);
		skip_blanks(parser);
	}
	else if (is_digit(*parser->at))
		return parse_times(parser, &rule->minutes);
	else if (!has_days)
		return fault_at_word(parser, "a day, a time, \"off\" or \"24/7\" is expected");

	open_minutes(&rule->minutes, 0, MINUTES_PER_DAY);
	return true;
}

static bool
parse_days(Parser *parser, bool *days)
{
	do
	{
		int first;
		int last;

		if (!parse_day(parser, &first))
			return false;
		last = first;
		if (take(parser, '-') && !parse_day(parser, &last))
			return false;
		for (int day = first; day != last; day = (day + 1) % DAYS_OF_WEEK)
			days[day] = true;
		days[last] = true;
	} while (take(parser, ','));
	return true;
}

static bool
parse_day(Parser *parser, int *day)
{
	static const char *const names[DAYS_OF_WEEK] = {"Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"};

	for (*day = 0; *day < DAYS_OF_WEEK; (*day)++)
		if (take_word(parser, names[*day]))
			return true;
	return fault_at_word(parser, "a day is expected: Mo, Tu, We, Th, Fr, Sa or Su");
}

/* A comma with no time after it ends the rule. */
static bool
parse_times(Parser *parser, DayMinutes *minutes)
{
	for (;;)
	{
		const char *comma;

		if (!parse_range(parser, minutes))
			return false;
		comma = parser->at;
		if (!take(parser, ','))
			return true;
		if (!is_digit(*parser->at))
		{
			parser->at = comma;
			return true;
		}
	}
}

static bool
parse_range(Parser *parser, DayMinutes *minutes)
{
	const char *begin = parser->at;
	int opens;
	int closes;

	if (!parse_time(parser, &opens))
		return false;
	if (opens == MINUTES_PER_DAY)
		return fault_at(parser, begin, "a range begins before 24:00");
	if (!take(parser, '-'))
		return fault_at_word(parser, "a hyphen and the time at which the range ends are expected");
	if (!parse_time(parser, &closes))
		return false;
	if (opens == closes)
		return fault_at(parser, begin, "the range is empty; all day is 00:00-24:00");
	if (closes < opens)
		closes += MINUTES_PER_DAY;
	open_minutes(minutes, opens, closes);
	return true;
}

static bool
parse_time(Parser *parser, int *minute)
{
	const char *at = parser->at;
	int hour = 0;

	if (!is_digit(*at))
		return fault_at_word(parser, "a time is expected: hh:mm");
	hour = *at++ - '0';
	if (is_digit(*at))
		hour = hour * 10 + (*at++ - '0');
	if (at[0] != ':' || !is_digit(at[1]) || !is_digit(at[2]) || is_digit(at[3]))
		return fault_at(parser, parser->at, "a time is written hh:mm");
	*minute = (at[1] - '0') * 10 + (at[2] - '0');
	if (*minute >= MINUTES_PER_HOUR)
		return fault_at(parser, at + 1, "an hour has minutes 00 to 59");
	*minute += hour * MINUTES_PER_HOUR;
	if (*minute > MINUTES_PER_DAY)
		return fault_at(parser, parser->at,
						"a day ends at 24:00; a range past midnight is written as 22:00-02:00");
	parser->at = at + 3;
	skip_blanks(parser);
	return true;
}

static void
open_minutes(DayMinutes *minutes, int opens, int closes)
{
	for (int minute = opens; minute < closes; minute++)
		minutes->open[minute / MINUTES_PER_WORD] |= (uint32) 1 << minute % MINUTES_PER_WORD;
}

static void
apply_rule(const Rule *rule, DayMinutes *week)
{
	for (int day = 0; day < DAYS_OF_WEEK; day++)
	{
		if (!rule->days[day])
			continue;
		if (!rule->adds)
			memset(&week[day], 0, sizeof(week[day]));
		for (int word = 0; word < 2 * WORDS_PER_DAY; word++)
			week[day].open[word] |= rule->minutes.open[word];
	}
}

/* Lay the days over each other; what Sunday has after midnight is Monday's. */
static int
ranges_of_week(const DayMinutes *week, MinuteRange *ranges)
{
	int count = 0;
	bool is_open = false;

	for (int word = 0; word < DAYS_OF_WEEK * WORDS_PER_DAY; word++)
	{
		int day = word / WORDS_PER_DAY;
		int day_before = (day + DAYS_OF_WEEK - 1) % DAYS_OF_WEEK;
		int of_day = word % WORDS_PER_DAY;
		uint32 open = week[day].open[of_day] | week[day_before].open[WORDS_PER_DAY + of_day];

		if (open == (is_open ? ALL_OF_WORD : 0))
			continue;
		for (int bit = 0; bit < MINUTES_PER_WORD; bit++)
		{
			if ((open >> bit & 1) == is_open)
				continue;
			is_open = !is_open;
			if (is_open)
				ranges[count].opens = (uint16) (word * MINUTES_PER_WORD + bit);
			else
				ranges[count++].closes = (uint16) (word * MINUTES_PER_WORD + bit);
		}
	}
	if (is_open)
		ranges[count++].closes = MINUTES_PER_WEEK;
	return count;
}

/* No character before a fault has more than one byte: such a character is a fault. */
static bool
fault_at(Parser *parser, const char *at, const char *reason)
{
	parser->fault->position = (int) (at - parser->text) + 1;
	parser->fault->reason = reason;
	return false;
}

/* What is next is wrong here; say so in particular if it is a word of the standard. */
static bool
fault_at_word(Parser *parser, const char *otherwise)
{
	for (size_t i = 0; i < lengthof(foreign_words); i++)
		if (next_is_word(parser, foreign_words[i].word))
			return fault_at(parser, parser->at, foreign_words[i].reason);
	return fault_at(parser, parser->at, otherwise);
}
