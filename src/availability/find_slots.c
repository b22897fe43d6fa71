/*
 * find_slots.c
 *		clinic.find_slots(): the first starts that may be booked, of all providers.
 *
 * The sweep (sweep.c) is given the claims as the executor finds them, in the
 * order of time, and the executor stops when the sweep has enough.  Claims of all
 * the clinic stand in that order in the index claim_time; where few of its
 * providers are wanted, those of each are found by claim_resource and sorted, a
 * stretch at a time.  The claims on what is required besides, which is little, are
 * read for a stretch before, so that nobody's claims are read for starts at which
 * it cannot be had.
 */
#include "postgres.h"

#include "availability/arguments.h"
#include "availability/claim_stream.h"
#include "availability/moving.h"
#include "availability/predicate.h"
#include "availability/range.h"
#include "availability/sweep.h"
#include "booking/rules.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "clinic/providers.h"
#include "compat.h"
#include "errors.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
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

/* One provider in so many is few: then they are looked up one by one. */
#define FEW 10

/* A stretch that is read at once; the next is twice as long. */
#define FIRST_STRETCH (2 * USECS_PER_DAY)
#define LONGEST_STRETCH (32 * USECS_PER_DAY)

/* What the planner is told where the number of rows is not known when it plans. */
#define DEFAULT_RESULTS 10
#define ROWS_OF_ALL 1000

/* In units of cpu_operator_cost: what each search costs, and each start that it finds. */
#define COST_OF_SEARCH 40000
#define COST_OF_START 200

typedef struct Search
{
	const pg_uuid_t *clinic;
	const pg_uuid_t *service;
	const pg_uuid_t *moving; /* NULL: none */
	MovingVisit moving_visit;
	VisitFacts facts;
	int64 duration; /* 0: the service's or the provider's */
	ClinicProviders *providers;
	const char *specialty; /* NULL: any */
	pg_uuid_t *named;	   /* providers */
	int nnamed;			   /* 0: all */
	Datum wanted;		   /* the ids of those swept, where they are few; else 0 */
	Pool pool;
	SweepRequest request;
	Sweep sweep;
	ReturnSetInfo *result;
	ClaimExceptions *exceptions;
} Search;

static bool
receive_claim(const pg_uuid_t *resource, const TakenSeat *claim, void *argument)
{
	return sweep_claim(argument, resource, claim);
}

/* Go along the claims from the first start that is not decided yet. */
static void
stream_claims(Search *search)
{
	Sweep *sweep = &search->sweep;
	ClaimStream stream = {
		.clinic = search->clinic,
		.resources = search->wanted,
		.from = sweep_claims_from(sweep),
		.to = sweep_claims_to(sweep),
		.longest_claim = search->request.longest_claim,
		.exceptions = search->exceptions,
	};

	CHECK_FOR_INTERRUPTS();
	sweep_claims_begin(sweep);
	if (claims_stream(&stream, receive_claim, sweep))
		sweep_claims_end(sweep);
}

/* What is required besides, for the starts of [from, until). */
static void
read_pool(Search *search, TimestampTz from, TimestampTz until)
{
	Pool *pool = &search->pool;
	pg_uuid_t *resources = palloc(sizeof(pg_uuid_t) * pool->nresources);
	ClaimSweep *claims = palloc(sizeof(ClaimSweep) * pool->nresources);
	const SweepRequest *request = &search->request;

	for (int i = 0; i < pool->nresources; i++)
		resources[i] = pool->resources[i].id;
	until += LONGEST_CLAIM;
	pool_open(pool, from, until);
	claims_read(claims, search->clinic, resources, pool->nresources, from - request->buffer_before,
				until + request->buffer_after, search->moving, SNAPSHOT_STATEMENT);
	for (int i = 0; i < pool->nresources; i++)
		pool->resources[i].claims = claims[i];
}

static void
search_stretch(Search *search, TimestampTz from, TimestampTz until)
{
	Sweep *sweep = &search->sweep;

	/* What is read of a stretch is let go of with it. */
	query_begin();
	if (search->pool.nresources > 0)
		read_pool(search, from, until);
	sweep_open_stretch(sweep, until);
	while (sweep_from(sweep) < until)
		stream_claims(search);
	query_end();
}

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

		search_stretch(search, from, until);
		length = Min(2 * length, LONGEST_STRETCH);
	}
}

/*
 * Who is asked for
 */

static bool
is_of_specialty(const Search *search, const Provider *provider)
{
	return search->specialty == NULL ||
		   (provider->specialty && strcmp(provider->specialty, search->specialty) == 0);
}

/* Add the provider, if visits for the service may be booked with them at all. */
static void
add_provider(Search *search, int place)
{
	const Provider *provider = &search->providers->list[place];
	const BookingFacts *facts = &search->facts.booking;
	int64 duration;

	if (!facts->service_active || facts->clinic_closed || !provider->configuration.is_active ||
		!is_of_specialty(search, provider) ||
		!offers_service(&provider->offers, search->service, &duration))
		return;
	if (search->duration != 0)
		duration = search->duration;
	else if (duration == 0)
		duration = search->facts.duration;
	if (search->request.mode == MODE_TOKEN)
		duration = 0;
	else if (duration < facts->min_duration || duration > facts->max_duration)
		return;
	sweep_add(&search->sweep, place, duration);
}

static void
add_providers(Search *search)
{
	const ClinicProviders *providers = search->providers;

	if (search->nnamed == 0)
	{
		for (int i = 0; i < providers->count; i++)
			add_provider(search, i);
		return;
	}
	for (int i = 0; i < search->nnamed; i++)
	{
		int place = provider_place(providers, &search->named[i]);

		if (place < 0)
			refuse(REASON_NOT_FOUND, "there is no such provider in this clinic", NULL, NULL);
		add_provider(search, place);
	}
}

/* Where they are few among the clinic's, who they are. */
static void
list_few(Search *search)
{
	const Sweep *sweep = &search->sweep;
	pg_uuid_t *ids;

	if (sweep->nswept * FEW >= search->providers->count)
		return;
	ids = palloc(sizeof(pg_uuid_t) * sweep->nswept);
	for (int i = 0; i < sweep->nswept; i++)
		ids[i] = search->providers->ids[sweep->swept[i].place];
	search->wanted = uuid_array(ids, sweep->nswept);
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

static void
read_moving(Search *search)
{
	if (search->moving == NULL)
		return;
	if (!moving_visit_read(&search->moving_visit, search->clinic, search->service, search->moving,
						   SNAPSHOT_STATEMENT))
	{
		search->moving = NULL;
		return;
	}
	if (!search->moving_visit.is_of_service)
		return;
	/* A visit that stays one of its service keeps its length and its buffers. */
	if (search->duration == 0)
		search->duration = search->moving_visit.duration;
	search->facts.buffer_before = search->moving_visit.buffer_before;
	search->facts.buffer_after = search->moving_visit.buffer_after;
}

/* What follows from the clinic's, the service's and the moved visit's facts. */
static void
complete_request(Search *search)
{
	SweepRequest *request = &search->request;
	const VisitFacts *facts = &search->facts;
	TimestampTz first;
	TimestampTz last;

	request->providers = search->providers;
	request->zone = facts->booking.zone;
	request->mode = facts->booking.service_mode;
	booking_starts(&facts->booking, request->mode, &first, &last);
	request->from = Max(request->from, first);
	request->last = Min(request->to, last);
	request->longest_claim = facts->longest_claim;
	request->pool = &search->pool;
	if (request->step == 0)
		request->step = facts->booking.slot_step;
	/* A token has no buffers. */
	if (request->mode == MODE_TOKEN)
		return;
	request->buffer_before = facts->buffer_before;
	request->buffer_after = facts->buffer_after;
}

/* Read the facts, and make the sweep ready. */
static void
prepare(Search *search)
{
	facts_read(&search->facts, search->clinic, search->service, NULL);
	search->providers = configured_providers(search->clinic);
	open_days_trim(search->providers->days);
	read_moving(search);
	moving_pool_gather(&search->pool, search->clinic, search->service,
					   search->moving ? &search->moving_visit : NULL, NULL);
	complete_request(search);
	sweep_begin(&search->sweep, &search->request);
	add_providers(search);
}

static void
put_start(const FreeStart *start, void *argument)
{
	const Search *search = argument;
	ReturnSetInfo *result = search->result;
	Datum range = range_datum(start->starts_at, start->ends_at);
	Datum values[] = {UUIDPGetDatum(&search->providers->ids[start->place]), range,
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

	require_arguments(fcinfo);
	materialize_result(fcinfo);
	if (!range_bounds(PG_GETARG_RANGE_P(ARG_DURING), "during", &request->from, &request->to))
		return (Datum) 0;
	query_begin();
	read_arguments(&search, fcinfo);
	search.result = (ReturnSetInfo *) fcinfo->resultinfo;
	request->found = put_start;
	request->argument = &search;
	prepare(&search);
	if (search.sweep.nswept > 0)
	{
		search.exceptions =
			claim_exceptions_read(search.clinic, search.facts.booking.now, search.moving);
		list_few(&search);
		sweep_start(&search.sweep);
		search_all(&search);
	}
	query_end();
	return (Datum) 0;
}

/* An argument of the call that is planned; NULL when it is not known yet. */
static Const *
known_argument(Node *node, int argument)
{
	FuncExpr *call = castNode(FuncExpr, node);
	Node *value = list_nth(call->args, argument);

	return IsA(value, Const) ? (Const *) value : NULL;
}

static double
expected_rows(Node *node)
{
	const Const *most = known_argument(node, ARG_MAX_RESULTS);

	if (most == NULL)
		return DEFAULT_RESULTS;
	if (!most->constisnull)
		return Max(DatumGetInt32(most->constvalue), 1);
	return ROWS_OF_ALL;
}

/* Of the planner: how many rows, and at what cost? */
Datum
find_slots_support(PG_FUNCTION_ARGS)
{
	Node *request = (Node *) PG_GETARG_POINTER(0);

	if (IsA(request, SupportRequestRows) && is_funcclause(((SupportRequestRows *) request)->node))
	{
		SupportRequestRows *rows = (SupportRequestRows *) request;

		rows->rows = expected_rows(rows->node);
		PG_RETURN_POINTER(rows);
	}
	if (IsA(request, SupportRequestCost) && ((SupportRequestCost *) request)->node &&
		is_funcclause(((SupportRequestCost *) request)->node))
	{
		SupportRequestCost *cost = (SupportRequestCost *) request;

		/* Which claims are read depends on when there is free time, more than on the rows. */
		cost->startup = COST_OF_SEARCH * cpu_operator_cost;
		cost->per_tuple = COST_OF_START * expected_rows(cost->node) * cpu_operator_cost;
		PG_RETURN_POINTER(cost);
	}
	PG_RETURN_POINTER(NULL);
}
