/*
 * civil_conversions.c
 *		The conversions of src/civil/civil.h over arrays, for a test.
 *
 * Everything is a timestamp here: a local time is one, an instant is given by
 * what clocks show in UTC, and a day by its midnight.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

PG_MODULE_MAGIC;

typedef int64 (*Conversion)(CivilClock *clock, int64 given);

typedef struct NamedConversion
{
	const char *name;
	Conversion with_clock;
	Conversion one_shot; /* of the clock it uses the zone alone */
} NamedConversion;

static int64
with_clock_local(CivilClock *clock, int64 instant)
{
	return clock_local(clock, instant);
}

static int64
with_clock_instant(CivilClock *clock, int64 local)
{
	return clock_instant(clock, local);
}

static int64
with_clock_day(CivilClock *clock, int64 instant)
{
	return clock_day(clock, instant) * USECS_PER_DAY;
}

static int64
with_clock_day_start(CivilClock *clock, int64 midnight)
{
	return clock_day_start(clock, (DateADT) utc_day(midnight));
}

static int64
one_shot_local(CivilClock *clock, int64 instant)
{
	return civil_local(instant, clock->zone);
}

static int64
one_shot_instant(CivilClock *clock, int64 local)
{
	return civil_instant(local, clock->zone);
}

static int64
one_shot_day(CivilClock *clock, int64 instant)
{
	return civil_day(instant, clock->zone) * USECS_PER_DAY;
}

static int64
one_shot_day_start(CivilClock *clock, int64 midnight)
{
	return civil_day_start((DateADT) utc_day(midnight), clock->zone);
}

static const NamedConversion conversions[] = {
	{"local", with_clock_local, one_shot_local},
	{"instant", with_clock_instant, one_shot_instant},
	{"day", with_clock_day, one_shot_day},
	{"day_start", with_clock_day_start, one_shot_day_start},
};

static Conversion
find_conversion(const char *name, bool with_clock)
{
	for (size_t i = 0; i < lengthof(conversions); i++)
		if (strcmp(conversions[i].name, name) == 0)
			return with_clock ? conversions[i].with_clock : conversions[i].one_shot;
	elog(ERROR, "there is no conversion \"%s\"", name);
}

PG_FUNCTION_INFO_V1(convert_times);

/* convert_times(conversion text, given timestamp[], timezone text, with_clock boolean) timestamp[] */
Datum
convert_times(PG_FUNCTION_ARGS)
{
	const char *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	ArrayType *given = PG_GETARG_ARRAYTYPE_P(1);
	CivilClock clock = civil_clock(civil_zone(text_to_cstring(PG_GETARG_TEXT_PP(2))));
	Conversion convert = find_conversion(name, PG_GETARG_BOOL(3));
	Datum *times;
	int count;

	deconstruct_array(given, TIMESTAMPOID, sizeof(Timestamp), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &times, NULL, &count);
	for (int i = 0; i < count; i++)
		times[i] = TimestampGetDatum(convert(&clock, DatumGetTimestamp(times[i])));
	PG_RETURN_ARRAYTYPE_P(construct_array(times, count, TIMESTAMPOID, sizeof(Timestamp),
										  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}
