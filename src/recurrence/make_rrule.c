/*
 * make_rrule.c
 *		A recurrence rule of its parts, as arguments.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/int.h"
#include "errors.h"
#include "recurrence/rrule_datum.h"
#include "recurrence/rrule_numbers.h"
#include "recurrence/rrule_parse.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

/* The words for frequencies, and how many of the frequency's units each is. */
static const struct
{
	const char *word;
	RRuleFrequency frequency;
	int32 units;
} frequencies[] = {
	{"secondly", RRULE_SECONDLY, 1},  {"minutely", RRULE_MINUTELY, 1},
	{"hourly", RRULE_HOURLY, 1},	  {"daily", RRULE_DAILY, 1},
	{"weekly", RRULE_WEEKLY, 1},	  {"biweekly", RRULE_WEEKLY, 2},
	{"fortnightly", RRULE_WEEKLY, 2}, {"monthly", RRULE_MONTHLY, 1},
	{"quarterly", RRULE_MONTHLY, 3},  {"yearly", RRULE_YEARLY, 1},
};

/* The arguments, in their order. */
typedef enum Argument
{
	ARG_FREQ,
	ARG_EVERY,
	ARG_COUNT,
	ARG_UNTIL,
	ARG_BYDAY,
	ARG_BYMONTHDAY,
	ARG_BYMONTH,
	ARG_BYSETPOS,
	ARG_BYHOUR,
	ARG_BYMINUTE,
	ARG_BYSECOND,
	ARG_BYWEEKNO,
	ARG_BYYEARDAY,
	ARG_WKST,
	ARG_SKIP
} Argument;

static const struct
{
	Argument argument;
	RRulePart part;
} number_arguments[] = {
	{ARG_BYMONTHDAY, RRULE_PART_BYMONTHDAY}, {ARG_BYMONTH, RRULE_PART_BYMONTH},
	{ARG_BYSETPOS, RRULE_PART_BYSETPOS},	 {ARG_BYHOUR, RRULE_PART_BYHOUR},
	{ARG_BYMINUTE, RRULE_PART_BYMINUTE},	 {ARG_BYSECOND, RRULE_PART_BYSECOND},
	{ARG_BYWEEKNO, RRULE_PART_BYWEEKNO},	 {ARG_BYYEARDAY, RRULE_PART_BYYEARDAY},
};

PG_FUNCTION_INFO_V1(make_rrule);

static void set_frequency(RRule *rule, const char *freq);
static void set_interval(RRule *rule, int32 every);
static void set_until(RRule *rule, Timestamp until);
static void set_byday(RRule *rule, const char *byday);
static void set_numbers(RRule *rule, RRulePart part, ArrayType *array);
static void set_week_start(RRule *rule, const char *wkst);
static void set_skip(RRule *rule, const char *skip);
static _Noreturn void refuse_rule(const char *detail);

static char *
text_argument(FunctionCallInfo fcinfo, Argument argument)
{
	return text_to_cstring(PG_GETARG_TEXT_PP(argument));
}

Datum
make_rrule(PG_FUNCTION_ARGS)
{
	RRule rule = {.interval = 1};
	RRulePart part;
	const char *reason;

	if (PG_ARGISNULL(ARG_FREQ))
		refuse_null("freq");
	set_frequency(&rule, text_argument(fcinfo, ARG_FREQ));
	if (!PG_ARGISNULL(ARG_EVERY))
		set_interval(&rule, PG_GETARG_INT32(ARG_EVERY));
	if (!PG_ARGISNULL(ARG_COUNT))
	{
		rule.count = PG_GETARG_INT32(ARG_COUNT);
		if (rule.count < 1)
			refuse_rule("count is less than 1");
	}
	if (!PG_ARGISNULL(ARG_UNTIL))
		set_until(&rule, PG_GETARG_TIMESTAMP(ARG_UNTIL));
	if (!PG_ARGISNULL(ARG_BYDAY))
		set_byday(&rule, text_argument(fcinfo, ARG_BYDAY));
	for (size_t i = 0; i < lengthof(number_arguments); i++)
		if (!PG_ARGISNULL(number_arguments[i].argument))
			set_numbers(&rule, number_arguments[i].part,
						PG_GETARG_ARRAYTYPE_P(number_arguments[i].argument));
	if (!PG_ARGISNULL(ARG_WKST))
		set_week_start(&rule, text_argument(fcinfo, ARG_WKST));
	if (!PG_ARGISNULL(ARG_SKIP))
		set_skip(&rule, text_argument(fcinfo, ARG_SKIP));

	reason = rrule_fault(&rule, &part);
	if (reason != NULL)
		refuse_rule(reason);
	PG_RETURN_RRULE_P(&rule);
}

static void
set_frequency(RRule *rule, const char *freq)
{
	for (size_t i = 0; i < lengthof(frequencies); i++)
		if (pg_strcasecmp(freq, frequencies[i].word) == 0)
		{
			rule->frequency = frequencies[i].frequency;
			rule->interval = frequencies[i].units;
			return;
		}
	refuse(REASON_INVALID_RULE, "this is not a recurrence rule",
		   psprintf("there is no frequency \"%s\"", freq),
		   "freq is yearly, quarterly, monthly, biweekly, fortnightly, weekly, daily, hourly, "
		   "minutely or secondly.");
}

static void
set_interval(RRule *rule, int32 every)
{
	if (every < 1)
		refuse_rule("every is less than 1");
	if (pg_mul_s32_overflow(rule->interval, every, &rule->interval))
		refuse_rule("INTERVAL is a number from 1 to 2147483647");
}

/* A day comes as its midnight, and then all of it is meant. */
static void
set_until(RRule *rule, Timestamp until)
{
	if (TIMESTAMP_NOT_FINITE(until))
		refuse_rule("until is infinite");
	rule->until_kind = until % USECS_PER_DAY == 0 ? RRULE_UNTIL_DATE : RRULE_UNTIL_LOCAL;
	rule->until = rule->until_kind == RRULE_UNTIL_DATE ? until / USECS_PER_DAY : until;
}

static void
set_byday(RRule *rule, const char *byday)
{
	RRuleError error;

	if (!rrule_parse_byday(byday, rule, &error))
		refuse_rule(psprintf("at character %d of byday: %s", error.position, error.reason));
}

static void
set_numbers(RRule *rule, RRulePart part, ArrayType *array)
{
	RRuleNumbers numbers = {0};
	Datum *elements;
	bool *nulls;
	int count;

	deconstruct_array(array, INT4OID, sizeof(int32), true, TYPALIGN_INT, &elements, &nulls, &count);
	for (int i = 0; i < count; i++)
		if (nulls[i] || !rrule_add_number(&numbers, part, DatumGetInt32(elements[i])))
			refuse_rule(rrule_limits[part].reason);
	rrule_set_numbers(rule, part, &numbers);
}

static void
set_week_start(RRule *rule, const char *wkst)
{
	rule->week_start = rrule_weekday(wkst);
	if (rule->week_start < 0)
		refuse_rule("wkst is MO, TU, WE, TH, FR, SA or SU");
}

static void
set_skip(RRule *rule, const char *skip)
{
	for (RRuleSkip kind = RRULE_SKIP_OMIT; kind <= RRULE_SKIP_FORWARD; kind++)
		if (pg_strcasecmp(skip, rrule_skip_names[kind]) == 0)
		{
			rule->skip = kind;
			rule->has_rscale = kind != RRULE_SKIP_OMIT;
			return;
		}
	refuse_rule("skip is OMIT, BACKWARD or FORWARD");
}

static void
refuse_rule(const char *detail)
{
	refuse(REASON_INVALID_RULE, "this is not a recurrence rule", detail, NULL);
}
