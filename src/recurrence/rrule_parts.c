/*
 * rrule_parts.c
 *		The parts of a recurrence rule in SQL: each by itself, as JSON and in English.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "recurrence/rrule_datum.h"
#include "recurrence/rrule_numbers.h"
#include "recurrence/rrule_print.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/timestamp.h"

/* Of -53SU. */
#define WEEKDAY_SIZE 8

PG_FUNCTION_INFO_V1(rrule_freq);
PG_FUNCTION_INFO_V1(rrule_interval);
PG_FUNCTION_INFO_V1(rrule_count);
PG_FUNCTION_INFO_V1(rrule_until);
PG_FUNCTION_INFO_V1(rrule_until_type);
PG_FUNCTION_INFO_V1(rrule_byday);
PG_FUNCTION_INFO_V1(rrule_bymonth);
PG_FUNCTION_INFO_V1(rrule_byweekno);
PG_FUNCTION_INFO_V1(rrule_byyearday);
PG_FUNCTION_INFO_V1(rrule_bymonthday);
PG_FUNCTION_INFO_V1(rrule_byhour);
PG_FUNCTION_INFO_V1(rrule_byminute);
PG_FUNCTION_INFO_V1(rrule_bysecond);
PG_FUNCTION_INFO_V1(rrule_bysetpos);
PG_FUNCTION_INFO_V1(rrule_wkst);
PG_FUNCTION_INFO_V1(rrule_skip);
PG_FUNCTION_INFO_V1(rrule_to_jsonb);
PG_FUNCTION_INFO_V1(rrule_describe);

static Datum numbers_of_part(FunctionCallInfo fcinfo, RRulePart part);
static char *printed(const RRule *rule, size_t (*print)(const RRule *, char *, size_t));

Datum
rrule_freq(PG_FUNCTION_ARGS)
{
	const RRule *rule = PG_GETARG_RRULE_P(0);

	PG_RETURN_TEXT_P(cstring_to_text(rrule_frequency_names[rule->frequency]));
}

Datum
rrule_interval(PG_FUNCTION_ARGS)
{
	const RRule *rule = PG_GETARG_RRULE_P(0);

	PG_RETURN_INT32(rule->interval);
}

Datum
rrule_count(PG_FUNCTION_ARGS)
{
	const RRule *rule = PG_GETARG_RRULE_P(0);

	if (rule->count == 0)
		PG_RETURN_NULL();
	PG_RETURN_INT64(rule->count);
}

Datum
rrule_until(PG_FUNCTION_ARGS)
{
	const RRule *rule = PG_GETARG_RRULE_P(0);

	if (rule->until_kind == RRULE_UNTIL_NONE)
		PG_RETURN_NULL();
	if (rule->until_kind == RRULE_UNTIL_DATE)
		PG_RETURN_TIMESTAMP(rule->until * USECS_PER_DAY);
	PG_RETURN_TIMESTAMP(rule->until);
}

Datum
rrule_until_type(PG_FUNCTION_ARGS)
{
	static const char *const types[] = {
		[RRULE_UNTIL_DATE] = "date",
		[RRULE_UNTIL_LOCAL] = "local",
		[RRULE_UNTIL_UTC] = "utc",
	};
	const RRule *rule = PG_GETARG_RRULE_P(0);

	if (rule->until_kind == RRULE_UNTIL_NONE)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(types[rule->until_kind]));
}

Datum
rrule_byday(PG_FUNCTION_ARGS)
{
	const RRule *rule = PG_GETARG_RRULE_P(0);
	RRuleWeekday weekdays[RRULE_MAX_WEEKDAYS];
	Datum elements[RRULE_MAX_WEEKDAYS];
	int count = rrule_list_weekdays(rule, weekdays);

	if (count == 0)
		PG_RETURN_NULL();
	for (int i = 0; i < count; i++)
	{
		char text[WEEKDAY_SIZE];
		Writer writer = writer_begin(text, sizeof(text));

		write_weekday(&writer, weekdays[i]);
		writer_end(&writer);
		elements[i] = PointerGetDatum(cstring_to_text(text));
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(elements, count, TEXTOID, -1, false, TYPALIGN_INT));
}

Datum
rrule_wkst(PG_FUNCTION_ARGS)
{
	const RRule *rule = PG_GETARG_RRULE_P(0);

	PG_RETURN_TEXT_P(cstring_to_text(rrule_weekday_names[rule->week_start]));
}

Datum
rrule_skip(PG_FUNCTION_ARGS)
{
	const RRule *rule = PG_GETARG_RRULE_P(0);

	PG_RETURN_TEXT_P(cstring_to_text(rrule_skip_names[rule->skip]));
}

Datum
rrule_bymonth(PG_FUNCTION_ARGS)
{
	return numbers_of_part(fcinfo, RRULE_PART_BYMONTH);
}

Datum
rrule_byweekno(PG_FUNCTION_ARGS)
{
	return numbers_of_part(fcinfo, RRULE_PART_BYWEEKNO);
}

Datum
rrule_byyearday(PG_FUNCTION_ARGS)
{
	return numbers_of_part(fcinfo, RRULE_PART_BYYEARDAY);
}

Datum
rrule_bymonthday(PG_FUNCTION_ARGS)
{
	return numbers_of_part(fcinfo, RRULE_PART_BYMONTHDAY);
}

Datum
rrule_byhour(PG_FUNCTION_ARGS)
{
	return numbers_of_part(fcinfo, RRULE_PART_BYHOUR);
}

Datum
rrule_byminute(PG_FUNCTION_ARGS)
{
	return numbers_of_part(fcinfo, RRULE_PART_BYMINUTE);
}

Datum
rrule_bysecond(PG_FUNCTION_ARGS)
{
	return numbers_of_part(fcinfo, RRULE_PART_BYSECOND);
}

Datum
rrule_bysetpos(PG_FUNCTION_ARGS)
{
	return numbers_of_part(fcinfo, RRULE_PART_BYSETPOS);
}

Datum
rrule_to_jsonb(PG_FUNCTION_ARGS)
{
	const RRule *rule = PG_GETARG_RRULE_P(0);

	return DirectFunctionCall1(jsonb_in, CStringGetDatum(printed(rule, rrule_print_json)));
}

Datum
rrule_describe(PG_FUNCTION_ARGS)
{
	const RRule *rule = PG_GETARG_RRULE_P(0);

	PG_RETURN_TEXT_P(cstring_to_text(printed(rule, rrule_print_english)));
}

/* NULL for a part that is not given. */
static Datum
numbers_of_part(FunctionCallInfo fcinfo, RRulePart part)
{
	const RRule *rule = PG_GETARG_RRULE_P(0);
	RRuleNumbers numbers = rrule_numbers(rule, part);
	int list[RRULE_MAX_NUMBERS];
	Datum elements[RRULE_MAX_NUMBERS];
	int count = rrule_list_numbers(&numbers, list);

	if (count == 0)
		PG_RETURN_NULL();
	for (int i = 0; i < count; i++)
		elements[i] = Int32GetDatum(list[i]);
	PG_RETURN_ARRAYTYPE_P(
		construct_array(elements, count, INT4OID, sizeof(int32), true, TYPALIGN_INT));
}

static char *
printed(const RRule *rule, size_t (*print)(const RRule *, char *, size_t))
{
	size_t size = print(rule, NULL, 0) + 1;
	char *text = palloc(size);

	print(rule, text, size);
	return text;
}
