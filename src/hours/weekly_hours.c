/*
 * weekly_hours.c
 *		The type clinic.weekly_hours.
 *
 * Stored is what weekly_hours.h describes: after the varlena header, pairs of
 * uint16.  A usual week takes some 40 bytes.
 *
 * Sent is the number of ranges as an int32, then of each range the minute at
 * which it opens and the one at which it closes, as int16.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "compat.h"
#include "fmgr.h"
#include "hours/weekly_hours.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(weekly_hours_in);
PG_FUNCTION_INFO_V1(weekly_hours_out);
PG_FUNCTION_INFO_V1(weekly_hours_recv);
PG_FUNCTION_INFO_V1(weekly_hours_send);
PG_FUNCTION_INFO_V1(weekly_hours_eq);
PG_FUNCTION_INFO_V1(weekly_hours_ne);
PG_FUNCTION_INFO_V1(weekly_hours_lt);
PG_FUNCTION_INFO_V1(weekly_hours_le);
PG_FUNCTION_INFO_V1(weekly_hours_gt);
PG_FUNCTION_INFO_V1(weekly_hours_ge);
PG_FUNCTION_INFO_V1(weekly_hours_cmp);
PG_FUNCTION_INFO_V1(weekly_hours_hash);
PG_FUNCTION_INFO_V1(weekly_hours_hash_extended);

static WeeklyHours *make_weekly_hours(const MinuteRange *ranges, int count);
static int compare(const WeeklyHours *a, const WeeklyHours *b);

/* ----------------------------------------------------------------
 * Input and output
 * ----------------------------------------------------------------
 */

Datum
weekly_hours_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	MinuteRange ranges[WEEKLY_HOURS_MAX_RANGES];
	WeeklyHoursFault fault;
	int count;

	if (!weekly_hours_parse(text, ranges, &count, &fault))
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", "clinic.weekly_hours", text),
				 errdetail("At character %d: %s.", fault.position, fault.reason)));
	PG_RETURN_WEEKLY_HOURS_P(make_weekly_hours(ranges, count));
}

Datum
weekly_hours_out(PG_FUNCTION_ARGS)
{
	const WeeklyHours *hours = PG_GETARG_WEEKLY_HOURS_P(0);
	int count = weekly_hours_count(hours);
	char *text = palloc(weekly_hours_text_size(count));

	weekly_hours_print(hours->ranges, count, text);
	PG_RETURN_CSTRING(text);
}

Datum
weekly_hours_recv(PG_FUNCTION_ARGS)
{
	StringInfo message = (StringInfo) PG_GETARG_POINTER(0);
	MinuteRange ranges[WEEKLY_HOURS_MAX_RANGES];
	int count = (int) pq_getmsgint(message, 4);

	if (count < 0 || count > WEEKLY_HOURS_MAX_RANGES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid number of ranges in type %s: %d", "clinic.weekly_hours", count)));
	for (int i = 0; i < count; i++)
	{
		ranges[i].opens = (uint16) pq_getmsgint(message, 2);
		ranges[i].closes = (uint16) pq_getmsgint(message, 2);
	}
	if (!weekly_hours_valid(ranges, count))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid ranges in type %s", "clinic.weekly_hours"),
				 errdetail("They must be in order, apart from each other, and within minutes 0 to "
						   "%d.",
						   MINUTES_PER_WEEK)));
	PG_RETURN_WEEKLY_HOURS_P(make_weekly_hours(ranges, count));
}

Datum
weekly_hours_send(PG_FUNCTION_ARGS)
{
	const WeeklyHours *hours = PG_GETARG_WEEKLY_HOURS_P(0);
	int count = weekly_hours_count(hours);
	StringInfoData message;

	pq_begintypsend(&message);
	pq_sendint32(&message, count);
	for (int i = 0; i < count; i++)
	{
		pq_sendint16(&message, hours->ranges[i].opens);
		pq_sendint16(&message, hours->ranges[i].closes);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

/* ----------------------------------------------------------------
 * Comparison
 * ----------------------------------------------------------------
 */

Datum
weekly_hours_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(PG_GETARG_WEEKLY_HOURS_P(0), PG_GETARG_WEEKLY_HOURS_P(1)) == 0);
}

Datum
weekly_hours_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(PG_GETARG_WEEKLY_HOURS_P(0), PG_GETARG_WEEKLY_HOURS_P(1)) != 0);
}

Datum
weekly_hours_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(PG_GETARG_WEEKLY_HOURS_P(0), PG_GETARG_WEEKLY_HOURS_P(1)) < 0);
}

Datum
weekly_hours_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(PG_GETARG_WEEKLY_HOURS_P(0), PG_GETARG_WEEKLY_HOURS_P(1)) <= 0);
}

Datum
weekly_hours_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(PG_GETARG_WEEKLY_HOURS_P(0), PG_GETARG_WEEKLY_HOURS_P(1)) > 0);
}

Datum
weekly_hours_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(PG_GETARG_WEEKLY_HOURS_P(0), PG_GETARG_WEEKLY_HOURS_P(1)) >= 0);
}

Datum
weekly_hours_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(compare(PG_GETARG_WEEKLY_HOURS_P(0), PG_GETARG_WEEKLY_HOURS_P(1)));
}

Datum
weekly_hours_hash(PG_FUNCTION_ARGS)
{
	const WeeklyHours *hours = PG_GETARG_WEEKLY_HOURS_P(0);

	return hash_any((const unsigned char *) hours->ranges,
					weekly_hours_count(hours) * (int) sizeof(MinuteRange));
}

Datum
weekly_hours_hash_extended(PG_FUNCTION_ARGS)
{
	const WeeklyHours *hours = PG_GETARG_WEEKLY_HOURS_P(0);
	uint64 seed = (uint64) PG_GETARG_INT64(1);

	return hash_any_extended((const unsigned char *) hours->ranges,
							 weekly_hours_count(hours) * (int) sizeof(MinuteRange), seed);
}

/* ----------------------------------------------------------------
 * Helpers
 * ----------------------------------------------------------------
 */

static WeeklyHours *
make_weekly_hours(const MinuteRange *ranges, int count)
{
	WeeklyHours *hours = palloc(WEEKLY_HOURS_SIZE(count));

	SET_VARSIZE(hours, WEEKLY_HOURS_SIZE(count));
	memcpy(hours->ranges, ranges, count * sizeof(MinuteRange));
	return hours;
}

/*
 * The one that is open, and the other not yet, where they first differ is less;
 * hours that are never open are less than all others.
 */
static int
compare(const WeeklyHours *a, const WeeklyHours *b)
{
	int acount = weekly_hours_count(a);
	int bcount = weekly_hours_count(b);

	for (int i = 0; i < Min(acount, bcount); i++)
	{
		if (a->ranges[i].opens != b->ranges[i].opens)
			return a->ranges[i].opens < b->ranges[i].opens ? -1 : 1;
		if (a->ranges[i].closes != b->ranges[i].closes)
			return a->ranges[i].closes < b->ranges[i].closes ? -1 : 1;
	}
	return acount < bcount ? -1 : acount > bcount;
}
