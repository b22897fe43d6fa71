/*
 * civil_sql.c
 *		Civil time in SQL.
 */
#include "postgres.h"

#include "civil/civil.h"
#include "compat.h"
#include "errors.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

/* The days of the years 1900 to 9999, which visits can have in UTC, and one more on each side. */
#define FIRST_DAY (-36525)
#define LAST_DAY 2921940

/* A zone's clock and the name it was asked for by. */
typedef struct NamedClock
{
	CivilClock clock;
	int name_length;
	char name[TZ_STRLEN_MAX];
} NamedClock;

static CivilClock *named_clock(FmgrInfo *flinfo, const text *name);
static void check_day(int64 day, const char *message);

PG_FUNCTION_INFO_V1(local_to_instant);
PG_FUNCTION_INFO_V1(day_of);
PG_FUNCTION_INFO_V1(day_start);

Datum
local_to_instant(PG_FUNCTION_ARGS)
{
	Timestamp local = PG_GETARG_TIMESTAMP(0);
	const text *timezone = PG_GETARG_TEXT_PP(1);
	CivilClock *clock = named_clock(fcinfo->flinfo, timezone);

	check_day(utc_day(local), "local is not a time a visit can have");
	PG_RETURN_TIMESTAMPTZ(clock_instant(clock, local));
}

Datum
day_of(PG_FUNCTION_ARGS)
{
	TimestampTz instant = PG_GETARG_TIMESTAMPTZ(0);
	const text *timezone = PG_GETARG_TEXT_PP(1);
	CivilClock *clock = named_clock(fcinfo->flinfo, timezone);

	check_day(utc_day(instant), "instant is not a time a visit can have");
	PG_RETURN_DATEADT(clock_day(clock, instant));
}

Datum
day_start(PG_FUNCTION_ARGS)
{
	DateADT day = PG_GETARG_DATEADT(0);
	const text *timezone = PG_GETARG_TEXT_PP(1);
	CivilClock *clock = named_clock(fcinfo->flinfo, timezone);

	check_day(day, "day is not a day a visit can have");
	PG_RETURN_TIMESTAMPTZ(clock_day_start(clock, day));
}

/* The clock of a zone, kept from call to call of a statement while the name stays the same. */
static CivilClock *
named_clock(FmgrInfo *flinfo, const text *name)
{
	NamedClock *named = flinfo->fn_extra;
	int length = VARSIZE_ANY_EXHDR(name);
	const char *bytes = VARDATA_ANY(name);
	pg_tz *zone;

	if (named != NULL && named->name_length == length && memcmp(named->name, bytes, length) == 0)
		return &named->clock;

	zone = civil_zone(text_to_cstring(name));
	if (named == NULL)
	{
		named = MemoryContextAlloc(flinfo->fn_mcxt, sizeof(NamedClock));
		flinfo->fn_extra = named;
	}
	named->clock = civil_clock(zone);
	named->name_length = length;
	/* It fits, being a zone's. */
	memcpy(named->name, bytes, length);
	return &named->clock;
}

static void
check_day(int64 day, const char *message)
{
	if (day < FIRST_DAY || day > LAST_DAY)
		refuse(REASON_INVALID_TIME, message, "it must be finite, in the years 1900 to 9999", NULL);
}
