/*
 * civil_sql.c
 *		Civil time in SQL.
 */
#include "postgres.h"

#include "civil/civil.h"
#include "errors.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(day_start);

Datum
day_start(PG_FUNCTION_ARGS)
{
	DateADT day = PG_GETARG_DATEADT(0);
	pg_tz *zone = civil_zone(text_to_cstring(PG_GETARG_TEXT_PP(1)));

	/* The years that visits can have, and the day before and after. */
	if (DATE_NOT_FINITE(day) || day < -36525 || day > 2921940)
		refuse(REASON_INVALID_TIME, "day is not a day a visit can have",
			   "it must be finite, in the years 1900 to 9999", NULL);
	PG_RETURN_TIMESTAMPTZ(civil_day_start(day, zone));
}
