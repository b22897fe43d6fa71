/*
 * recurrence_ical.c
 *		A recurrence from and to the lines of iCalendar.
 *
 * Times of a zone become instants as civil.h says, and so does a date: it is the
 * first of its midnights.  A time or date that is of no zone (floating) is one of
 * `timezone` if that is given, else it is read as if it were UTC.  What is
 * written follows erratum 4414 and section 3.3.10 of RFC 5545: UNTIL is a date if
 * DTSTART is one, a local time if DTSTART is of no zone, and else a time in UTC.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "civil/calendar.h"
#include "civil/civil.h"
#include "errors.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "recurrence/ical.h"
#include "recurrence/rrule_datum.h"
#include "recurrence/rrule_parse.h"
#include "recurrence/rrule_rules.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#define UTC "UTC"

/* What the lines say. */
typedef struct Recurrence
{
	bool has_rule;
	RRule rule;
	bool has_start;
	BasicTime start;
	const char *timezone; /* NULL: none */
	pg_tz *zone;		  /* of that name; UTC if there is none */
	ArrayBuildState *rdates;
	ArrayBuildState *exdates;
} Recurrence;

/* How DTSTART and what goes with it is written. */
typedef struct Form
{
	bool is_date;
	pg_tz *zone;		  /* of local times; UTC for floating ones */
	const char *timezone; /* TZID; NULL: none */
	bool is_utc;
} Form;

PG_FUNCTION_INFO_V1(recurrence_from_ical);
PG_FUNCTION_INFO_V1(recurrence_to_ical);

static pg_tz *zone_argument(const text *timezone);
static void read_lines(const char *text, Recurrence *recurrence, bool only_start);
static void read_start(const IcalLine *line, Recurrence *recurrence);
static void read_rule(const IcalLine *line, Recurrence *recurrence);
static void read_instants(const IcalLine *line, Recurrence *recurrence);
static void read_time(const IcalLine *line, const char **at, BasicTime *time);
static pg_tz *line_zone(const IcalLine *line);
static pg_tz *time_zone_of_file(const char *name);
static TimestampTz instant_of(BasicTime time, pg_tz *zone);
static Datum instants_datum(ArrayBuildState *instants);
static _Noreturn void refuse_line(int line, const char *reason);
static void append_start(StringInfo text, Timestamp start, const Form *form);
static void append_rule(StringInfo text, const RRule *rule, const Form *form);
static void convert_until(RRule *rule, const Form *form);
static void append_instants(StringInfo text, IcalProperty property, ArrayType *array,
							const Form *form);
static BasicTime time_of_instant(TimestampTz instant, IcalProperty property, const Form *form);
static void append_times(StringInfo text, IcalProperty property, const BasicTime *times, int count,
						 RRuleUntil kind, const Form *form);
static void append_line(StringInfo text, const char *line);
static void check_time(int64 microseconds, const char *name);

Datum
recurrence_from_ical(PG_FUNCTION_ARGS)
{
	Recurrence recurrence = {.timezone = NULL};
	Datum values[6];
	bool nulls[6] = {false};
	TupleDesc descriptor;
	char *lines;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	lines = text_to_cstring(PG_GETARG_TEXT_PP(0));
	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");

	recurrence.zone = civil_zone(UTC);
	if (!PG_ARGISNULL(1))
	{
		recurrence.zone = zone_argument(PG_GETARG_TEXT_PP(1));
		recurrence.timezone = pg_get_timezone_name(recurrence.zone);
	}
	/* DTSTART, which may be the last line, says how times without a zone are read. */
	read_lines(lines, &recurrence, true);
	read_lines(lines, &recurrence, false);

	nulls[0] = !recurrence.has_rule;
	if (recurrence.has_rule)
		values[0] = rrule_datum(&recurrence.rule);
	values[1] = TimestampGetDatum(recurrence.start.kind == RRULE_UNTIL_DATE
									  ? recurrence.start.value * USECS_PER_DAY
									  : recurrence.start.value);
	nulls[2] = recurrence.timezone == NULL;
	if (recurrence.timezone != NULL)
		values[2] = CStringGetTextDatum(recurrence.timezone);
	values[3] = BoolGetDatum(recurrence.start.kind == RRULE_UNTIL_DATE);
	values[4] = instants_datum(recurrence.rdates);
	values[5] = instants_datum(recurrence.exdates);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls)));
}

Datum
recurrence_to_ical(PG_FUNCTION_ARGS)
{
	Form form = {.is_date = !PG_ARGISNULL(3) && PG_GETARG_BOOL(3)};
	StringInfoData ical;

	if (PG_ARGISNULL(1))
		refuse_null("dtstart");
	form.zone = PG_ARGISNULL(2) ? civil_zone(UTC) : zone_argument(PG_GETARG_TEXT_PP(2));
	form.timezone = PG_ARGISNULL(2) ? NULL : pg_get_timezone_name(form.zone);
	form.is_utc = form.timezone != NULL && strcmp(form.timezone, UTC) == 0;

	initStringInfo(&ical);
	append_start(&ical, PG_GETARG_TIMESTAMP(1), &form);
	if (!PG_ARGISNULL(0))
		append_rule(&ical, PG_GETARG_RRULE_P(0), &form);
	if (!PG_ARGISNULL(4))
		append_instants(&ical, ICAL_RDATE, PG_GETARG_ARRAYTYPE_P(4), &form);
	if (!PG_ARGISNULL(5))
		append_instants(&ical, ICAL_EXDATE, PG_GETARG_ARRAYTYPE_P(5), &form);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(ical.data, ical.len));
}

/* TZID has no place for a POSIX rule. */
static pg_tz *
zone_argument(const text *timezone)
{
	const char *name = text_to_cstring(timezone);
	pg_tz *zone = time_zone_of_file(name);

	if (zone == NULL)
		refuse(REASON_INVALID_TIMEZONE, psprintf("time zone \"%s\" is not known", name), NULL,
			   "pg_timezone_names lists the time zones.");
	return zone;
}

/* ----------------------------------------------------------------
 * Reading
 * ----------------------------------------------------------------
 */

/* Read DTSTART only, which says how the others are read, or only the others. */
static void
read_lines(const char *text, Recurrence *recurrence, bool only_start)
{
	IcalReader reader = {.at = text, .buffer = palloc(strlen(text) + 1)};
	IcalLine line;
	IcalResult result;
	const char *reason;

	while ((result = ical_next_line(&reader, &line, &reason)) == ICAL_LINE)
	{
		CHECK_FOR_INTERRUPTS();
		if ((line.property == ICAL_DTSTART) != only_start)
			continue;
		if (line.property == ICAL_DTSTART)
			read_start(&line, recurrence);
		else if (line.property == ICAL_RRULE)
			read_rule(&line, recurrence);
		else
			read_instants(&line, recurrence);
	}
	if (result == ICAL_FAULT)
		refuse_line(line.number, reason);
	if (!recurrence->has_start)
		refuse_line(reader.lines + 1, "there is no DTSTART");
	pfree(reader.buffer);
}

static void
read_start(const IcalLine *line, Recurrence *recurrence)
{
	const char *at = line->value;

	if (recurrence->has_start)
		refuse_line(line->number, "DTSTART is there already");
	recurrence->has_start = true;
	read_time(line, &at, &recurrence->start);
	if (at != NULL)
		refuse_line(line->number, "DTSTART is one time");

	if (line->tzid != NULL)
		recurrence->zone = line_zone(line);
	else if (recurrence->start.kind == RRULE_UNTIL_UTC)
		recurrence->zone = civil_zone(UTC);
	else
		return;
	recurrence->timezone = pg_get_timezone_name(recurrence->zone);
}

static void
read_rule(const IcalLine *line, Recurrence *recurrence)
{
	RRuleError error;

	if (recurrence->has_rule)
		refuse_line(line->number, "RRULE is there already");
	recurrence->has_rule = true;
	if (!rrule_parse(line->value, &recurrence->rule, &error))
		refuse_line(line->number,
					psprintf("at character %d of the rule: %s", error.position, error.reason));
}

static void
read_instants(const IcalLine *line, Recurrence *recurrence)
{
	bool dates = recurrence->start.kind == RRULE_UNTIL_DATE;
	pg_tz *zone = line->tzid ? line_zone(line) : recurrence->zone;
	ArrayBuildState **instants =
		line->property == ICAL_RDATE ? &recurrence->rdates : &recurrence->exdates;
	const char *at = line->value;

	if (line->is_date != dates)
		refuse_line(line->number, dates ? "DTSTART is a date, and this is none"
										: "DTSTART is not a date, but this is");
	while (at != NULL)
	{
		BasicTime time;

		read_time(line, &at, &time);
		*instants = accumArrayResult(*instants, TimestampTzGetDatum(instant_of(time, zone)), false,
									 TIMESTAMPTZOID, CurrentMemoryContext);
	}
}

static void
read_time(const IcalLine *line, const char **at, BasicTime *time)
{
	const char *reason;

	if (!ical_next_time(line, at, time, &reason))
		refuse_line(line->number, reason);
}

static pg_tz *
line_zone(const IcalLine *line)
{
	pg_tz *zone = time_zone_of_file(line->tzid);

	if (zone == NULL)
		refuse_line(line->number, psprintf("time zone \"%s\" is not known", line->tzid));
	return zone;
}

/*
 * The zone of the time zone database that has this name, or NULL.  What pg_tzset()
 * takes besides are POSIX rules, in which the offset has the other sign: as one it
 * would read "(UTC+01:00) Amsterdam", which is how some programs call a zone.  They
 * have digits, and few names do.
 */
static pg_tz *
time_zone_of_file(const char *name)
{
	pg_tz *zone = pg_tzset(name);
	pg_tzenum *zones;
	pg_tz *file;

	if (zone == NULL || !pg_tz_acceptable(zone))
		return NULL;
	if (strpbrk(name, "0123456789") == NULL)
		return zone;
	zones = pg_tzenumerate_start();
	while ((file = pg_tzenumerate_next(zones)) != NULL)
		if (strcmp(pg_get_timezone_name(file), pg_get_timezone_name(zone)) == 0)
			break;
	pg_tzenumerate_end(zones);
	return file ? zone : NULL;
}

static TimestampTz
instant_of(BasicTime time, pg_tz *zone)
{
	if (time.kind == RRULE_UNTIL_UTC)
		return time.value;
	return civil_instant(time.kind == RRULE_UNTIL_DATE ? time.value * USECS_PER_DAY : time.value,
						 zone);
}

static Datum
instants_datum(ArrayBuildState *instants)
{
	if (instants == NULL)
		return PointerGetDatum(construct_empty_array(TIMESTAMPTZOID));
	return makeArrayResult(instants, CurrentMemoryContext);
}

static void
refuse_line(int line, const char *reason)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					errmsg("these lines are not a recurrence of iCalendar"),
					errdetail("Line %d: %s.", line, reason)));
}

/* ----------------------------------------------------------------
 * Writing
 * ----------------------------------------------------------------
 */

static void
append_start(StringInfo text, Timestamp start, const Form *form)
{
	BasicTime time = {.kind = RRULE_UNTIL_LOCAL, .value = start};

	check_time(start, "dtstart");
	if (form->is_date)
	{
		if (start % USECS_PER_DAY != 0)
			refuse(REASON_INVALID_TIME, "dtstart is not a date", "it has a time of day", NULL);
		time = (BasicTime){RRULE_UNTIL_DATE, start / USECS_PER_DAY};
	}
	else if (form->is_utc)
		time.kind = RRULE_UNTIL_UTC;
	append_times(text, ICAL_DTSTART, &time, 1, time.kind, form);
}

static void
append_rule(StringInfo text, const RRule *rule, const Form *form)
{
	RRule converted = *rule;

	convert_until(&converted, form);
	append_line(text, psprintf("RRULE:%s", rrule_text(&converted)));
}

/* Give UNTIL the form that goes with DTSTART; see the head of this file. */
static void
convert_until(RRule *rule, const Form *form)
{
	Timestamp local = rule->until;

	if (rule->until_kind == RRULE_UNTIL_NONE)
		return;
	if (rule->until_kind == RRULE_UNTIL_UTC)
	{
		if (form->timezone != NULL && !form->is_date)
			return;
		local = civil_local(rule->until, form->zone);
	}
	/* all of the day: to its last second */
	else if (rule->until_kind == RRULE_UNTIL_DATE)
		local = rule->until * USECS_PER_DAY + (USECS_PER_DAY - USECS_PER_SEC);

	if (form->is_date)
	{
		rule->until_kind = RRULE_UNTIL_DATE;
		rule->until = utc_day(local);
		check_time(local, "the end of the rule");
		return;
	}
	rule->until_kind = form->timezone != NULL ? RRULE_UNTIL_UTC : RRULE_UNTIL_LOCAL;
	rule->until = form->timezone != NULL ? civil_instant(local, form->zone) : local;
	check_time(rule->until, "the end of the rule");
}

/* Those that clocks show twice, and that their time of the clock does not mean, go in UTC. */
static void
append_instants(StringInfo text, IcalProperty property, ArrayType *array, const Form *form)
{
	Datum *elements;
	bool *nulls;
	int count;
	BasicTime *times;

	deconstruct_array(array, TIMESTAMPTZOID, sizeof(TimestampTz), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &elements, &nulls, &count);
	times = palloc(Max(count, 1) * sizeof(BasicTime));
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (nulls[i])
			refuse_null(property == ICAL_RDATE ? "each of rdates" : "each of exdates");
		times[i] = time_of_instant(DatumGetTimestampTz(elements[i]), property, form);
	}
	append_times(text, property, times, count, RRULE_UNTIL_DATE, form);
	append_times(text, property, times, count, RRULE_UNTIL_LOCAL, form);
	append_times(text, property, times, count, RRULE_UNTIL_UTC, form);
}

static BasicTime
time_of_instant(TimestampTz instant, IcalProperty property, const Form *form)
{
	const char *name = property == ICAL_RDATE ? "a time of rdates" : "a time of exdates";
	BasicTime time = {.kind = RRULE_UNTIL_UTC, .value = instant};
	Timestamp local;

	check_time(instant, name);
	local = civil_local(instant, form->zone);
	if (form->is_date)
	{
		time = (BasicTime){RRULE_UNTIL_DATE, utc_day(local)};
		if (instant_of(time, form->zone) != instant)
			refuse(REASON_INVALID_TIME, psprintf("%s is not a date", name),
				   "it is not the beginning of a day", NULL);
		check_time(local, name);
	}
	else if (!form->is_utc && civil_instant(local, form->zone) == instant)
	{
		time = (BasicTime){RRULE_UNTIL_LOCAL, local};
		check_time(local, name);
	}
	return time;
}

/* A line for the times of that kind, if there are any. */
static void
append_times(StringInfo text, IcalProperty property, const BasicTime *times, int count,
			 RRuleUntil kind, const Form *form)
{
	StringInfoData line;
	int written = 0;

	initStringInfo(&line);
	appendStringInfoString(&line, ical_property_names[property]);
	if (kind == RRULE_UNTIL_DATE)
		appendStringInfoString(&line, ";VALUE=DATE");
	else if (kind == RRULE_UNTIL_LOCAL && form->timezone != NULL)
		appendStringInfo(&line, ";TZID=%s", form->timezone);
	for (int i = 0; i < count; i++)
	{
		char time[BASIC_TIME_SIZE];
		Writer writer = writer_begin(time, sizeof(time));

		if (times[i].kind != kind)
			continue;
		write_basic_time(&writer, times[i]);
		writer_end(&writer);
		appendStringInfoChar(&line, written++ ? ',' : ':');
		appendStringInfoString(&line, time);
	}
	if (written > 0)
		append_line(text, line.data);
}

static void
append_line(StringInfo text, const char *line)
{
	Writer writer = writer_begin(NULL, 0);

	ical_write_line(&writer, line);
	enlargeStringInfo(text, (int) writer.length);
	writer = writer_begin(text->data + text->len, writer.length + 1);
	ical_write_line(&writer, line);
	text->len += (int) writer_end(&writer);
}

/* Four digits have to be enough for its year, and there are no parts of a second. */
static void
check_time(int64 microseconds, const char *name)
{
	if (microseconds < FIRST_CALENDAR_DAY * USECS_PER_DAY ||
		microseconds >= (LAST_CALENDAR_DAY + 1) * USECS_PER_DAY)
		refuse(REASON_INVALID_TIME, psprintf("%s cannot be written", name),
			   "it has to be finite, in the years 1 to 9999", NULL);
	if (microseconds % USECS_PER_SEC != 0)
		refuse(REASON_INVALID_TIME, psprintf("%s cannot be written", name),
			   "iCalendar has no parts of a second", NULL);
}
