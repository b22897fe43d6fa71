/*
 * find_slots.c
 *		clinic.find_slots(): the first starts that may be booked, of all providers.
 */
#include "postgres.h"

#include "availability/arguments.h"
#include "availability/first_start.h"
#include "availability/range.h"
#include "availability/search.h"
#include "availability/search_support.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "compat.h"
#include "errors.h"
#include "fmgr.h"
#include "query.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"

PG_FUNCTION_INFO_V1(find_slots);
PG_FUNCTION_INFO_V1(find_slots_support);

/* The arguments of clinic.find_slots(), in order. */
enum
{
	ARG_SERVICE_ID,
	ARG_DURING,
	ARG_MAX_RESULTS,
	ARG_PROVIDERS,
	ARG_STEP,
	ARG_DURATION,
	ARG_MOVING,
	ARG_DAYS_OF_WEEK,
	ARG_TIME_FROM,
	ARG_TIME_UNTIL,
	ARG_PER_PROVIDER_LIMIT,
	ARG_PER_DAY_LIMIT,
	ARG_SPECIALTY,
	ARG_CLINIC_ID
};

/* A stretch that is read at once; the next is twice as long. */
#define FIRST_STRETCH (2 * USECS_PER_DAY)
#define LONGEST_STRETCH (32 * USECS_PER_DAY)

static void
search_all(Search *search)
{
	Sweep *sweep = &search->sweep;
	bool at_once = search->pool.nresources == 0 && search->wanted == 0;
	TimestampTz end = search->request.last + 1;
	int64 length = FIRST_STRETCH;

	while (sweep_goes_on(sweep))
	{
		TimestampTz from = sweep_from(sweep);
		TimestampTz until = at_once || end - from < length ? end : from + length;

		(void) search_stretch(search, from, until);
		length = Min(2 * length, LONGEST_STRETCH);
	}
}

/*
 * What is asked
 */

static void
require_arguments(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(ARG_SERVICE_ID))
		refuse_null("service_id");
	if (PG_ARGISNULL(ARG_DURING))
		refuse_null("during");
	if (PG_ARGISNULL(ARG_CLINIC_ID))
		refuse_null("clinic_id");
}

/* Days are numbered as by ISO 8601: 1 is Monday. */
static uint8
weekdays_argument(FunctionCallInfo fcinfo)
{
	ArrayType *array;
	Datum *elements;
	bool *nulls;
	int count;
	uint8 weekdays = 0;

	if (PG_ARGISNULL(ARG_DAYS_OF_WEEK))
		return 0;
	array = PG_GETARG_ARRAYTYPE_P(ARG_DAYS_OF_WEEK);
	deconstruct_array(array, INT4OID, sizeof(int32), true, TYPALIGN_INT, &elements, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		int32 day = nulls[i] ? 0 : DatumGetInt32(elements[i]);

		if (day < 1 || day > DAYS_OF_WEEK)
			refuse(REASON_INVALID_TIME, "a day of the week is a number from 1 to 7", NULL,
				   "1 is Monday, 7 is Sunday.");
		weekdays |= 1 << (day - 1);
	}
	return weekdays;
}

static void
read_filter(StartFilter *filter, FunctionCallInfo fcinfo)
{
	filter->weekdays = weekdays_argument(fcinfo);
	filter->has_times = !PG_ARGISNULL(ARG_TIME_FROM) || !PG_ARGISNULL(ARG_TIME_UNTIL);
	filter->time_from = PG_ARGISNULL(ARG_TIME_FROM) ? 0 : PG_GETARG_TIMEADT(ARG_TIME_FROM);
	filter->time_until =
		PG_ARGISNULL(ARG_TIME_UNTIL) ? USECS_PER_DAY : PG_GETARG_TIMEADT(ARG_TIME_UNTIL);
	filter->most_of_provider =
		count_argument(fcinfo, ARG_PER_PROVIDER_LIMIT, "per_provider_limit", 0);
	filter->most_of_day = count_argument(fcinfo, ARG_PER_DAY_LIMIT, "per_day_limit", 0);
}

static void
read_arguments(Search *search, FunctionCallInfo fcinfo)
{
	SweepRequest *request = &search->request;

	search->clinic = PG_GETARG_UUID_P(ARG_CLINIC_ID);
	search->service = PG_GETARG_UUID_P(ARG_SERVICE_ID);
	search->moving = PG_ARGISNULL(ARG_MOVING) ? NULL : PG_GETARG_UUID_P(ARG_MOVING);
	search->duration = length_argument(fcinfo, ARG_DURATION, "duration");
	if (!PG_ARGISNULL(ARG_PROVIDERS))
		search->nnamed = uuids_read(PG_GETARG_DATUM(ARG_PROVIDERS), "providers", &search->named);
	if (!PG_ARGISNULL(ARG_SPECIALTY))
		search->specialty = text_to_cstring(PG_GETARG_TEXT_PP(ARG_SPECIALTY));
	request->step = step_argument(fcinfo, ARG_STEP);
	request->most = count_argument(fcinfo, ARG_MAX_RESULTS, "max_results", 0);
	read_filter(&request->filter, fcinfo);
}

/* Where the starts go. */
typedef struct Found
{
	const Search *search;
	ReturnSetInfo *result;
} Found;

static void
put_start(const FreeStart *start, void *argument)
{
	const Found *found = argument;
	ReturnSetInfo *result = found->result;
	Datum range = range_datum(start->starts_at, start->ends_at);
	Datum values[] = {UUIDPGetDatum(&found->search->providers->ids[start->place]), range,
					  Int32GetDatum(start->seats_left)};
	bool nulls[lengthof(values)] = {false};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	pfree(DatumGetPointer(range));
}

Datum
find_slots(PG_FUNCTION_ARGS)
{
	Search search = {0};
	SweepRequest *request = &search.request;
	Found found = {&search, (ReturnSetInfo *) fcinfo->resultinfo};

	require_arguments(fcinfo);
	materialize_result(fcinfo);
	if (!range_bounds(PG_GETARG_RANGE_P(ARG_DURING), "during", &request->from, &request->to))
		return (Datum) 0;
	query_begin();
	read_arguments(&search, fcinfo);
	request->found = put_start;
	request->argument = &found;
	search_prepare(&search);
	if (!search_first_start(&search) && search_begin(&search))
		search_all(&search);
	query_end();
	return (Datum) 0;
}

static double
expected_rows(Node *call)
{
	return expected_results(call, ARG_MAX_RESULTS);
}

/* Of the planner: how many rows, and at what cost? */
Datum
find_slots_support(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(tell_planner((Node *) PG_GETARG_POINTER(0), expected_rows));
}
