/*
 * find_chain.c
 *		clinic.find_chain(): visits of several services, one after another.
 */
#include "postgres.h"

#include "availability/arguments.h"
#include "availability/chain.h"
#include "availability/range.h"
#include "availability/search.h"
#include "availability/search_support.h"
#include "availability/together.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "compat.h"
#include "errors.h"
#include "fmgr.h"
#include "query.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(find_chain);
PG_FUNCTION_INFO_V1(find_chain_support);

/* The arguments of clinic.find_chain(), in order. */
enum
{
	ARG_SERVICES,
	ARG_MAX_GAP,
	ARG_DURING,
	ARG_MAX_RESULTS,
	ARG_SAME_PROVIDER,
	ARG_PROVIDERS,
	ARG_CLINIC_ID
};

/* Of so many visits a chain is expected to be where that is not known. */
#define DEFAULT_STEPS 3

/* The longest time from one visit to the next. */
#define LONGEST_GAP (366 * USECS_PER_DAY)

/* A stretch that is read at once; when claims were read, the next is twice as long. */
#define FIRST_STRETCH (2 * USECS_PER_HOUR)
#define LONGEST_STRETCH (8 * USECS_PER_DAY)

/* The free starts of one of the services. */
typedef struct ServiceStarts
{
	Search search;
	StartList list;
	MemoryContext memory; /* of the sweep */
	TimestampTz swept_until;
	int64 stretch; /* the length of the next */
	bool has_nobody;
} ServiceStarts;

typedef struct ChainSearch
{
	ChainRequest request;
	int nservices;
	pg_uuid_t *services;
	ServiceStarts starts[MOST_STEPS];
	Search *searches[MOST_STEPS]; /* of each step */
	ReturnSetInfo *result;
	int32 nfound;
} ChainSearch;

static void
list_start(const FreeStart *start, void *argument)
{
	start_list_add(argument, start);
}

/* Sweep on from where the list ends, which may be later than where the sweep has come to. */
static void
read_starts(StartList *list, void *argument)
{
	ServiceStarts *starts = argument;
	Search *search = &starts->search;
	TimestampTz from = list->known_until;
	TimestampTz until;
	MemoryContext caller;

	if (starts->has_nobody || from > search->request.last)
	{
		list->known_until = DT_NOEND;
		return;
	}
	caller = MemoryContextSwitchTo(starts->memory);
	if (from != starts->swept_until)
	{
		MemoryContextReset(starts->memory);
		search_restart(search, from);
		starts->stretch = FIRST_STRETCH;
	}
	until = Min(from + starts->stretch, search->request.last + 1);
	if (search_stretch(search, from, until))
		starts->stretch = Min(2 * starts->stretch, LONGEST_STRETCH);
	MemoryContextSwitchTo(caller);
	starts->swept_until = until;
	list->known_until = sweep_goes_on(&search->sweep) ? until : DT_NOEND;
}

static bool
visits_fit(const FreeStart *visits, int nvisits, int *because, void *argument)
{
	const ChainSearch *chains = argument;

	return had_together(visits, chains->searches, nvisits, because);
}

static void
put_chain(const FreeStart *visits, void *argument)
{
	ChainSearch *chains = argument;
	ReturnSetInfo *result = chains->result;

	chains->nfound++;
	for (int i = 0; i < chains->request.nsteps; i++)
	{
		const ClinicProviders *providers = chains->searches[i]->providers;
		Datum range = range_datum(visits[i].starts_at, visits[i].ends_at);
		Datum values[] = {Int32GetDatum(chains->nfound), Int32GetDatum(i + 1),
						  UUIDPGetDatum(chains->searches[i]->service),
						  UUIDPGetDatum(&providers->ids[visits[i].place]), range};
		bool nulls[lengthof(values)] = {false};

		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		pfree(DatumGetPointer(range));
	}
}

/*
 * What is asked
 */

static void
require_arguments(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(ARG_SERVICES))
		refuse_null("services");
	if (PG_ARGISNULL(ARG_MAX_GAP))
		refuse_null("max_gap");
	if (PG_ARGISNULL(ARG_DURING))
		refuse_null("during");
	if (PG_ARGISNULL(ARG_CLINIC_ID))
		refuse_null("clinic_id");
}

static int64
gap_argument(FunctionCallInfo fcinfo)
{
	int64 gap = interval_microseconds(PG_GETARG_INTERVAL_P(ARG_MAX_GAP));

	if (gap < 0 || gap > LONGEST_GAP)
		refuse(REASON_INVALID_DURATION, "max_gap must be between nothing and 366 days", NULL, NULL);
	return gap;
}

static ChainProviders
providers_argument(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(ARG_SAME_PROVIDER))
		return CHAIN_ANY;
	return PG_GETARG_BOOL(ARG_SAME_PROVIDER) ? CHAIN_SAME : CHAIN_DIFFERENT;
}

static void
read_arguments(ChainSearch *chains, FunctionCallInfo fcinfo)
{
	ChainRequest *request = &chains->request;

	chains->result = (ReturnSetInfo *) fcinfo->resultinfo;
	request->nsteps = uuids_read(PG_GETARG_DATUM(ARG_SERVICES), "services", &chains->services);
	if (request->nsteps == 0)
		refuse(REASON_MISSING_ARGUMENT, "services must name a service", NULL, NULL);
	if (request->nsteps > MOST_STEPS)
		refuse(REASON_LIMIT_REACHED, "a chain has at most 8 visits", NULL, NULL);
	request->max_gap = gap_argument(fcinfo);
	request->most = count_argument(fcinfo, ARG_MAX_RESULTS, "max_results", 0);
	request->providers = providers_argument(fcinfo);
	request->fits = visits_fit;
	request->found = put_chain;
	request->argument = chains;
}

/* The starts of a service, which are the same for each step that is of it. */
static ServiceStarts *
starts_of_service(ChainSearch *chains, const pg_uuid_t *service)
{
	ServiceStarts *starts;

	for (int i = 0; i < chains->nservices; i++)
		if (memcmp(chains->starts[i].search.service, service, UUID_LEN) == 0)
			return &chains->starts[i];
	starts = &chains->starts[chains->nservices++];
	starts->search.service = service;
	starts->list.read_on = read_starts;
	starts->list.argument = starts;
	starts->swept_until = DT_NOBEGIN;
	starts->memory = AllocSetContextCreate(CurrentMemoryContext, "clinic_sched chained service",
										   ALLOCSET_DEFAULT_SIZES);
	return starts;
}

static void
prepare_search(Search *search, FunctionCallInfo fcinfo, TimestampTz from, TimestampTz to,
			   StartList *list)
{
	search->clinic = PG_GETARG_UUID_P(ARG_CLINIC_ID);
	if (!PG_ARGISNULL(ARG_PROVIDERS))
		search->nnamed = uuids_read(PG_GETARG_DATUM(ARG_PROVIDERS), "providers", &search->named);
	search->request.from = from;
	search->request.to = to;
	search->request.found = list_start;
	search->request.argument = list;
	search_prepare(search);
}

/* All are prepared before any begins: that lets go of days a search may be at. */
static void
prepare(ChainSearch *chains, FunctionCallInfo fcinfo, TimestampTz from, TimestampTz to)
{
	ChainRequest *request = &chains->request;

	for (int i = 0; i < request->nsteps; i++)
	{
		ServiceStarts *starts = starts_of_service(chains, &chains->services[i]);

		chains->searches[i] = &starts->search;
		request->lists[i] = &starts->list;
	}
	for (int i = 0; i < chains->nservices; i++)
		prepare_search(&chains->starts[i].search, fcinfo, from, to, &chains->starts[i].list);
	for (int i = 0; i < chains->nservices; i++)
		chains->starts[i].has_nobody = !search_begin(&chains->starts[i].search);
	for (int i = 0; i < request->nsteps; i++)
		if (chains->searches[i]->sweep.ncohorts > 0)
			request->shortest += chains->searches[i]->sweep.cohorts[0].duration;
	request->from = chains->searches[0]->request.from;
}

Datum
find_chain(PG_FUNCTION_ARGS)
{
	ChainSearch *chains;
	TimestampTz from;
	TimestampTz to;

	require_arguments(fcinfo);
	materialize_result(fcinfo);
	if (!range_bounds(PG_GETARG_RANGE_P(ARG_DURING), "during", &from, &to))
		return (Datum) 0;
	query_begin();
	chains = palloc0(sizeof(ChainSearch));
	read_arguments(chains, fcinfo);
	prepare(chains, fcinfo, from, to);
	chains_find(&chains->request);
	query_end();
	return (Datum) 0;
}

/* A row for each visit of each chain. */
static double
expected_rows(Node *call)
{
	const Const *services = known_argument(call, ARG_SERVICES);
	int nsteps = DEFAULT_STEPS;

	if (services && !services->constisnull)
	{
		ArrayType *array = DatumGetArrayTypeP(services->constvalue);

		nsteps = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	}
	return expected_results(call, ARG_MAX_RESULTS) * Max(nsteps, 1);
}

/* Of the planner: how many rows, and at what cost? */
Datum
find_chain_support(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(tell_planner((Node *) PG_GETARG_POINTER(0), expected_rows));
}
