/*
 * find_panel.c
 *		clinic.find_panel(): visits with several providers at once.
 */
#include "postgres.h"

#include "availability/arguments.h"
#include "availability/panel.h"
#include "availability/range.h"
#include "availability/search.h"
#include "availability/search_support.h"
#include "compat.h"
#include "errors.h"
#include "fmgr.h"
#include "query.h"

PG_FUNCTION_INFO_V1(find_panel);
PG_FUNCTION_INFO_V1(find_panel_support);

/* The arguments of clinic.find_panel(), in order. */
enum
{
	ARG_SERVICE_ID,
	ARG_DURING,
	ARG_MAX_RESULTS,
	ARG_PROVIDERS,
	ARG_PANEL_SIZE,
	ARG_DURATION,
	ARG_CLINIC_ID
};

#define DEFAULT_SIZE 2

/* A stretch that is read at once; when claims were read, the next is twice as long. */
#define FIRST_STRETCH (2 * USECS_PER_HOUR)
#define LONGEST_STRETCH (8 * USECS_PER_DAY)

typedef struct Found
{
	const Search *search;
	ReturnSetInfo *result;
} Found;

static void
add_start(const FreeStart *start, void *argument)
{
	panels_add(argument, start);
}

static void
put_panel(const Panel *panel, void *argument)
{
	const Found *found = argument;
	ReturnSetInfo *result = found->result;
	pg_uuid_t ids[MOST_MEMBERS];
	Datum values[2];
	bool nulls[lengthof(values)] = {false};

	for (int i = 0; i < panel->count; i++)
		ids[i] = found->search->providers->ids[panel->members[i].place];
	values[0] = range_datum(panel->members[0].starts_at, panel->members[0].ends_at);
	values[1] = uuid_array(ids, panel->count);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static void
search_all(Search *search, PanelSearch *panels)
{
	TimestampTz end = search->request.last + 1;
	int64 length = FIRST_STRETCH;

	while (sweep_goes_on(&search->sweep) && !panels_have_enough(panels))
	{
		TimestampTz from = sweep_from(&search->sweep);
		TimestampTz until = Min(end, from + length);

		if (search_stretch(search, from, until))
			length = Min(2 * length, LONGEST_STRETCH);
		panels_end(panels);
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

/* How many providers are named, each once. */
static int
count_named(const Search *search)
{
	int count = 0;

	for (int i = 0; i < search->nnamed; i++)
	{
		ResourceList before = {i, search->named};

		count += !resource_list_has(&before, &search->named[i]);
	}
	return count;
}

/* All who are named, or two of all, unless a number is given. */
static int
size_argument(FunctionCallInfo fcinfo, const Search *search)
{
	int size = search->nnamed > 0 ? count_named(search) : DEFAULT_SIZE;

	if (!PG_ARGISNULL(ARG_PANEL_SIZE))
		size = PG_GETARG_INT32(ARG_PANEL_SIZE);
	if (size < 2 || size > MOST_MEMBERS)
		refuse(REASON_INVALID_NUMBER, "a panel has 2 to 10 providers", NULL, NULL);
	return size;
}

static void
read_arguments(Search *search, FunctionCallInfo fcinfo)
{
	search->clinic = PG_GETARG_UUID_P(ARG_CLINIC_ID);
	search->service = PG_GETARG_UUID_P(ARG_SERVICE_ID);
	search->duration = length_argument(fcinfo, ARG_DURATION, "duration");
	if (!PG_ARGISNULL(ARG_PROVIDERS))
		search->nnamed = uuids_read(PG_GETARG_DATUM(ARG_PROVIDERS), "providers", &search->named);
}

Datum
find_panel(PG_FUNCTION_ARGS)
{
	Search search = {0};
	PanelSearch panels;
	Found found = {&search, (ReturnSetInfo *) fcinfo->resultinfo};
	PanelRequest request = {.found = put_panel, .argument = &found};

	require_arguments(fcinfo);
	materialize_result(fcinfo);
	if (!range_bounds(PG_GETARG_RANGE_P(ARG_DURING), "during", &search.request.from,
					  &search.request.to))
		return (Datum) 0;
	query_begin();
	read_arguments(&search, fcinfo);
	request.size = size_argument(fcinfo, &search);
	request.most = count_argument(fcinfo, ARG_MAX_RESULTS, "max_results", 0);
	panels_begin(&panels, &request);
	search.request.found = add_start;
	search.request.argument = &panels;
	search_prepare(&search);
	/* A number of a day is given out by one provider. */
	if (search.request.mode == MODE_TOKEN)
		refuse(REASON_WRONG_MODE, "a token is of one provider", NULL, NULL);
	if (search_begin(&search))
		search_all(&search, &panels);
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
find_panel_support(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(tell_planner((Node *) PG_GETARG_POINTER(0), expected_rows));
}
