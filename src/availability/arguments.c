/*
 * arguments.c
 *		Arguments that several functions about free time have.
 */
#include "postgres.h"

#include "availability/arguments.h"
#include "booking/rules.h"
#include "civil/civil.h"
#include "errors.h"
#include "utils/timestamp.h"

int64
length_argument(FunctionCallInfo fcinfo, int argument, const char *name)
{
	int64 length;

	if (PG_ARGISNULL(argument))
		return 0;
	length = interval_microseconds(PG_GETARG_INTERVAL_P(argument));
	if (length <= 0 || length > LONGEST_CLAIM)
		refuse(REASON_INVALID_DURATION, psprintf("%s must be more than nothing, and no day", name),
			   NULL, NULL);
	return length;
}

int64
step_argument(FunctionCallInfo fcinfo, int argument)
{
	int64 step = length_argument(fcinfo, argument, "step");

	if (step != 0 && (step < USECS_PER_MINUTE || step > USECS_PER_DAY))
		refuse(REASON_INVALID_DURATION, "step must be between a minute and a day", NULL, NULL);
	return step;
}

int32
count_argument(FunctionCallInfo fcinfo, int argument, const char *name, int32 otherwise)
{
	int32 count;

	if (PG_ARGISNULL(argument))
		return otherwise;
	count = PG_GETARG_INT32(argument);
	if (count < 1)
		refuse(REASON_INVALID_PAGE, psprintf("%s must be 1 or more", name), NULL, NULL);
	return count;
}
