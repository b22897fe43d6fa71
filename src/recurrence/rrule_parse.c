/*
 * rrule_parse.c
 *		The text of a recurrence rule, read.
 *
 * The syntax is that of RFC 5545 section 3.3.10, with RSCALE and SKIP of RFC 7529:
 *
 *		rule:	[ "RRULE:" ] part { ";" part }
 *		part:	name "=" value
 *
 * in any case, the parts in any order, each once.  Blanks may stand before and
 * after a rule and nowhere in it.  A list may repeat a number, and leading
 * zeros are no matter.
 */
#include "postgres.h"

#include "recurrence/ascii.h"
#include "recurrence/basic_time.h"
#include "recurrence/rrule_numbers.h"
#include "recurrence/rrule_parse.h"
#include "recurrence/rrule_rules.h"

#define PREFIX "RRULE:"

/* More than any number of a list; what is read of longer ones is this. */
#define MUCH 100000

typedef struct Parser
{
	const char *text;
	const char *at; /* what is read next */
	RRule *rule;
	RRuleError *error;
	const char *parts[RRULE_PARTS]; /* where each begins; NULL: not yet */
} Parser;

static bool parse_part(Parser *parser);
static bool parse_value(Parser *parser, RRulePart part);
static bool parse_whole(Parser *parser, int64 most, const char *reason, int64 *number);
static bool parse_until(Parser *parser);
static bool parse_numbers(Parser *parser, RRulePart part);
static bool parse_weekdays(Parser *parser);
static bool parse_word(Parser *parser, const char *const *words, int count, const char *reason,
					   int *word);
static bool check_parts(Parser *parser);
static bool fault_at(Parser *parser, const char *at, const char *reason);

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void
skip_blanks(Parser *parser)
{
	while (is_blank(*parser->at))
		parser->at++;
}

/* Step over a word that is written in capitals, if it comes next in any case. */
static bool
take(Parser *parser, const char *word)
{
	const char *at = parser->at;

	for (; *word; word++, at++)
		if (upper(*at) != *word)
			return false;
	parser->at = at;
	return true;
}

/* The same, unless more letters follow. */
static bool
take_word(Parser *parser, const char *word)
{
	const char *begin = parser->at;

	if (take(parser, word) && !is_letter(*parser->at))
		return true;
	parser->at = begin;
	return false;
}

bool
rrule_parse(const char *text, RRule *rule, RRuleError *error)
{
	Parser parser = {.text = text, .at = text, .rule = rule, .error = error};

	memset(rule, 0, sizeof(*rule));
	rule->interval = 1;
	if (strlen(text) > RRULE_MAX_LENGTH)
		return fault_at(&parser, text + RRULE_MAX_LENGTH, "the text is too long");
	skip_blanks(&parser);
	take(&parser, PREFIX);
	do
	{
		if (!parse_part(&parser))
			return false;
	} while (take(&parser, ";"));
	skip_blanks(&parser);
	if (*parser.at != '\0')
		return fault_at(&parser, parser.at, "a semicolon or the end is expected");
	return check_parts(&parser);
}

bool
rrule_parse_byday(const char *text, RRule *rule, RRuleError *error)
{
	Parser parser = {.text = text, .at = text, .rule = rule, .error = error};

	if (!parse_weekdays(&parser))
		return false;
	return *parser.at == '\0' || fault_at(&parser, parser.at, "a comma or the end is expected");
}

int
rrule_weekday(const char *name)
{
	Parser parser = {.text = name, .at = name};

	for (int weekday = 0; weekday < RRULE_WEEKDAYS; weekday++)
		if (take(&parser, rrule_weekday_names[weekday]))
			return *parser.at == '\0' ? weekday : -1;
	return -1;
}

static bool
parse_part(Parser *parser)
{
	const char *begin = parser->at;

	for (int part = 0; part < RRULE_PARTS; part++)
	{
		if (!take_word(parser, rrule_part_names[part]))
			continue;
		if (parser->parts[part] != NULL)
			return fault_at(parser, begin, "this part is there already");
		if (!take(parser, "="))
			return fault_at(parser, parser->at, "an equals sign is expected");
		parser->parts[part] = begin;
		return parse_value(parser, (RRulePart) part);
	}
	return fault_at(parser, begin,
					is_letter(*begin) ? "there is no such part"
									  : "a part is expected, as FREQ=WEEKLY");
}

static bool
parse_value(Parser *parser, RRulePart part)
{
	RRule *rule = parser->rule;
	int word;
	int64 number;

	switch (part)
	{
		case RRULE_PART_RSCALE:
			rule->has_rscale = true;
			return take_word(parser, "GREGORIAN") ||
				   fault_at(parser, parser->at, "the only calendar is GREGORIAN");
		case RRULE_PART_FREQ:
			if (!parse_word(parser, rrule_frequency_names, lengthof(rrule_frequency_names),
							"FREQ is SECONDLY, MINUTELY, HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY",
							&word))
				return false;
			rule->frequency = (RRuleFrequency) word;
			return true;
		case RRULE_PART_INTERVAL:
			if (!parse_whole(parser, PG_INT32_MAX, "INTERVAL is a number from 1 to 2147483647",
							 &number))
				return false;
			rule->interval = (int32) number;
			return true;
		case RRULE_PART_COUNT:
			return parse_whole(parser, PG_INT64_MAX,
							   "COUNT is a number from 1 to 9223372036854775807", &rule->count);
		case RRULE_PART_UNTIL:
			return parse_until(parser);
		case RRULE_PART_BYDAY:
			return parse_weekdays(parser);
		case RRULE_PART_WKST:
			return parse_word(parser, rrule_weekday_names, RRULE_WEEKDAYS,
							  "WKST is MO, TU, WE, TH, FR, SA or SU", &rule->week_start);
		case RRULE_PART_SKIP:
			if (!parse_word(parser, rrule_skip_names, lengthof(rrule_skip_names),
							"SKIP is OMIT, BACKWARD or FORWARD", &word))
				return false;
			rule->skip = (RRuleSkip) word;
			return true;
		default:
			return parse_numbers(parser, part);
	}
}

/* A number from 1. */
static bool
parse_whole(Parser *parser, int64 most, const char *reason, int64 *number)
{
	const char *begin = parser->at;

	*number = 0;
	for (; is_digit(*parser->at); parser->at++)
	{
		int digit = *parser->at - '0';

		if (*number > (most - digit) / 10)
			return fault_at(parser, begin, reason);
		*number = *number * 10 + digit;
	}
	return *number > 0 || fault_at(parser, begin, reason);
}

static bool
parse_until(Parser *parser)
{
	BasicTime until;
	const char *reason;
	const char *end =
		read_basic_time(parser->at, &until,
						"UNTIL is written YYYYMMDD, YYYYMMDDThhmmss or YYYYMMDDThhmmssZ", &reason);

	if (end == NULL)
		return fault_at(parser, parser->at, reason);
	parser->at = end;
	parser->rule->until_kind = until.kind;
	parser->rule->until = until.value;
	return true;
}

/* Step over digits, if there are any, and a sign before them where signs have a meaning. */
static bool
take_number(Parser *parser, bool is_signed, int *number)
{
	const char *at = parser->at;
	bool negative = is_signed && *at == '-';

	if (negative || (is_signed && *at == '+'))
		at++;
	if (!is_digit(*at))
		return false;
	for (*number = 0; is_digit(*at); at++)
		*number = Min(*number * 10 + (*at - '0'), MUCH);
	if (negative)
		*number = -*number;
	parser->at = at;
	return true;
}

static bool
parse_numbers(Parser *parser, RRulePart part)
{
	const RRuleLimits *limits = &rrule_limits[part];
	RRuleNumbers numbers = {0};

	do
	{
		const char *begin = parser->at;
		int number;

		if (!take_number(parser, limits->counts_from_end, &number) ||
			!rrule_add_number(&numbers, part, number))
			return fault_at(parser, begin, limits->reason);
	} while (take(parser, ","));
	rrule_set_numbers(parser->rule, part, &numbers);
	return true;
}

static bool
parse_weekdays(Parser *parser)
{
	RRule *rule = parser->rule;

	do
	{
		const char *begin = parser->at;
		int weekday;
		int number;
		bool has_number = take_number(parser, true, &number);

		if (has_number && (number == 0 || abs(number) > 53))
			return fault_at(parser, begin, "a number before a weekday is 1 to 53 or -1 to -53");
		if (!parse_word(parser, rrule_weekday_names, RRULE_WEEKDAYS,
						"a weekday is expected: MO, TU, WE, TH, FR, SA or SU", &weekday))
			return false;
		if (!has_number)
			rule->weekdays |= (uint8) (1 << weekday);
		else if (number > 0)
			rule->nth[weekday] |= UINT64CONST(1) << number;
		else
			rule->nth_last[weekday] |= UINT64CONST(1) << -number;
	} while (take(parser, ","));
	return true;
}

static bool
parse_word(Parser *parser, const char *const *words, int count, const char *reason, int *word)
{
	for (*word = 0; *word < count; (*word)++)
		if (take_word(parser, words[*word]))
			return true;
	return fault_at(parser, parser->at, reason);
}

/* What only the whole text can tell. */
static bool
check_parts(Parser *parser)
{
	RRulePart part;
	const char *reason;

	if (parser->parts[RRULE_PART_FREQ] == NULL)
		return fault_at(parser, parser->at, "a rule has a FREQ");
	if (parser->parts[RRULE_PART_SKIP] != NULL && parser->parts[RRULE_PART_RSCALE] == NULL)
		return fault_at(parser, parser->parts[RRULE_PART_SKIP], "SKIP needs RSCALE=GREGORIAN");
	reason = rrule_fault(parser->rule, &part);
	return reason == NULL || fault_at(parser, parser->parts[part], reason);
}

/* No character before a fault has more than one byte: such a character is a fault. */
static bool
fault_at(Parser *parser, const char *at, const char *reason)
{
	parser->error->position = (int) (at - parser->text) + 1;
	parser->error->reason = reason;
	return false;
}
