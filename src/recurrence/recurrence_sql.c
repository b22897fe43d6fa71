/*
 * recurrence_sql.c
 *		The occurrences of a recurrence rule in SQL.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "compat.h"
#include "errors.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "nodes/pathnodes.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "recurrence/rrule_count.h"
#include "recurrence/rrule_datum.h"
#include "recurrence/rrule_zone.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/rangetypes.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(occurrences);
PG_FUNCTION_INFO_V1(occurrences_local);
PG_FUNCTION_INFO_V1(occurrences_support);
PG_FUNCTION_INFO_V1(next_occurrence);
PG_FUNCTION_INFO_V1(previous_occurrence);
PG_FUNCTION_INFO_V1(occurrence_count);
PG_FUNCTION_INFO_V1(recurrence_bounds);

/* The arguments of clinic.occurrences() with a zone, in order; rule and dtstart are first in all. */
enum
{
	ARG_RULE,
	ARG_DTSTART,
	ARG_TIMEZONE,
	ARG_DURING,
	ARG_EXDATES,
	ARG_RDATES,
	ARG_INCLUDE_DTSTART
};

/* And the last of clinic.occurrences() without one. */
#define LOCAL_ARG_DURING 2

/* A window: a timestamp lies in [from, to). */
typedef struct Window
{
	int64 from;
	int64 to;
} Window;

typedef struct ZonedState
{
	ZonedRecurrence recurrence;
	ZonedScan scan;
} ZonedState;

typedef struct LocalState
{
	Recurrence recurrence;
	OccurrenceScan scan;
} LocalState;

static bool any_null(FunctionCallInfo fcinfo, int last);
static void check_start(Timestamp dtstart);
static bool include_start(FunctionCallInfo fcinfo, int argument);
static Window window_of(RangeType *during);
static int64 window_second(const Recurrence *recurrence, Timestamp bound);
static TimestampTz *instants_of(ArrayType *array, const char *name, int *count);
static ZonedState *begin_zoned(FunctionCallInfo fcinfo);
static LocalState *begin_local(FunctionCallInfo fcinfo);
static ZonedRecurrence *prepare_zoned(FunctionCallInfo fcinfo, int include_argument);
static bool is_infinite(const RRule *rule);
static TimestampTz latest_end(ZonedRecurrence *recurrence, TimestampTz last,
							  const Interval *duration, pg_tz *zone);
static bool estimate_rows(SupportRequestRows *request);
static Node *stream_in_from(SupportRequestSimplify *request);

/* -------------------------------------------------------------------------
 * rows
 * -------------------------------------------------------------------------
 */

Datum
occurrences(PG_FUNCTION_ARGS)
{
	FuncCallContext *context;
	ZonedState *state;
	TimestampTz instant;
	MemoryContext caller;
	bool found = false;

	if (SRF_IS_FIRSTCALL())
	{
		context = SRF_FIRSTCALL_INIT();
		caller = MemoryContextSwitchTo(context->multi_call_memory_ctx);
		context->user_fctx = begin_zoned(fcinfo);
		MemoryContextSwitchTo(caller);
	}
	context = SRF_PERCALL_SETUP();
	state = context->user_fctx;
	if (state != NULL)
	{
		caller = MemoryContextSwitchTo(context->multi_call_memory_ctx);
		found = zoned_next(&state->scan, &instant);
		MemoryContextSwitchTo(caller);
	}
	if (!found)
		SRF_RETURN_DONE(context);
	SRF_RETURN_NEXT(context, TimestampTzGetDatum(instant));
}

Datum
occurrences_local(PG_FUNCTION_ARGS)
{
	FuncCallContext *context;
	LocalState *state;
	int64 second;
	MemoryContext caller;
	bool found = false;

	if (SRF_IS_FIRSTCALL())
	{
		context = SRF_FIRSTCALL_INIT();
		caller = MemoryContextSwitchTo(context->multi_call_memory_ctx);
		context->user_fctx = begin_local(fcinfo);
		MemoryContextSwitchTo(caller);
	}
	context = SRF_PERCALL_SETUP();
	state = context->user_fctx;
	if (state != NULL)
	{
		caller = MemoryContextSwitchTo(context->multi_call_memory_ctx);
		found = occurrences_next(&state->scan, &second);
		MemoryContextSwitchTo(caller);
	}
	if (!found)
		SRF_RETURN_DONE(context);
	SRF_RETURN_NEXT(context, TimestampGetDatum(recurrence_timestamp(&state->recurrence, second)));
}

/* NULL where there is nothing to walk over. */
static ZonedState *
begin_zoned(FunctionCallInfo fcinfo)
{
	Window window = {.from = DT_NOBEGIN, .to = DT_NOEND};
	ZonedState *state;
	int count;

	if (any_null(fcinfo, ARG_TIMEZONE))
		return NULL;
	check_start(PG_GETARG_TIMESTAMP(ARG_DTSTART));
	if (!PG_ARGISNULL(ARG_DURING))
		window = window_of(PG_GETARG_RANGE_P(ARG_DURING));
	if (window.from >= window.to)
		return NULL;

	state = palloc(sizeof(ZonedState));
	zoned_prepare(&state->recurrence, PG_GETARG_RRULE_P(ARG_RULE), PG_GETARG_TIMESTAMP(ARG_DTSTART),
				  civil_zone(text_to_cstring(PG_GETARG_TEXT_PP(ARG_TIMEZONE))));
	if (include_start(fcinfo, ARG_INCLUDE_DTSTART))
		recurrence_include_start(&state->recurrence.local);
	zoned_begin(&state->scan, &state->recurrence, window.from, window.to);
	if (!PG_ARGISNULL(ARG_EXDATES))
	{
		TimestampTz *instants = instants_of(PG_GETARG_ARRAYTYPE_P(ARG_EXDATES), "exdates", &count);

		zoned_exclude(&state->scan, instants, count);
	}
	if (!PG_ARGISNULL(ARG_RDATES))
	{
		TimestampTz *instants = instants_of(PG_GETARG_ARRAYTYPE_P(ARG_RDATES), "rdates", &count);

		zoned_add(&state->scan, instants, count);
	}
	return state;
}

static LocalState *
begin_local(FunctionCallInfo fcinfo)
{
	Window window = {.from = DT_NOBEGIN, .to = DT_NOEND};
	LocalState *state;
	Recurrence *recurrence;

	if (any_null(fcinfo, ARG_DTSTART))
		return NULL;
	check_start(PG_GETARG_TIMESTAMP(ARG_DTSTART));
	if (!PG_ARGISNULL(LOCAL_ARG_DURING))
		window = window_of(PG_GETARG_RANGE_P(LOCAL_ARG_DURING));
	if (window.from >= window.to)
		return NULL;

	state = palloc(sizeof(LocalState));
	recurrence = &state->recurrence;
	recurrence_prepare(recurrence, PG_GETARG_RRULE_P(ARG_RULE), PG_GETARG_TIMESTAMP(ARG_DTSTART));
	occurrences_begin(&state->scan, recurrence, window_second(recurrence, window.from));
	state->scan.last = Min(state->scan.last, window_second(recurrence, window.to) - 1);
	return state;
}

static bool
any_null(FunctionCallInfo fcinfo, int last)
{
	for (int argument = 0; argument <= last; argument++)
		if (PG_ARGISNULL(argument))
			return true;
	return false;
}

static bool
is_calendar_time(Timestamp dtstart)
{
	return dtstart >= FIRST_CALENDAR_SECOND * USECS_PER_SEC &&
		   dtstart < (LAST_CALENDAR_SECOND + 1) * USECS_PER_SEC;
}

/* iCalendar writes a year in four digits (RFC 5545 section 3.3.4). */
static void
check_start(Timestamp dtstart)
{
	if (!is_calendar_time(dtstart))
		refuse(REASON_INVALID_TIME, "dtstart is no time at which a rule can begin",
			   "it must be finite, in the years 1 to 9999", NULL);
}

static bool
include_start(FunctionCallInfo fcinfo, int argument)
{
	return !PG_ARGISNULL(argument) && PG_GETARG_BOOL(argument);
}

/* Timestamps are whole microseconds, so the one next to a bound is one away. */
static int64
bound_value(const RangeBound *bound, bool inclusive)
{
	int64 open = bound->lower ? DT_NOBEGIN : DT_NOEND;
	int64 value = DatumGetInt64(bound->val);

	if (bound->infinite)
		return open;
	if (TIMESTAMP_NOT_FINITE(value) || bound->inclusive == inclusive)
		return value;
	return value + 1;
}

static Window
window_of(RangeType *during)
{
	TypeCacheEntry *type = lookup_type_cache(RangeTypeGetOid(during), TYPECACHE_RANGE_INFO);
	RangeBound lower;
	RangeBound upper;
	bool empty;

	range_deserialize(type, during, &lower, &upper, &empty);
	if (empty)
		return (Window){0};
	return (Window){.from = bound_value(&lower, true), .to = bound_value(&upper, false)};
}

/* A bound of a window in local time, as the second from which on times are not before it. */
static int64
window_second(const Recurrence *recurrence, Timestamp bound)
{
	if (bound <= FIRST_CALENDAR_SECOND * USECS_PER_SEC)
		return FIRST_CALENDAR_SECOND;
	if (bound > LAST_CALENDAR_SECOND * USECS_PER_SEC)
		return LAST_CALENDAR_SECOND + (bound >= (LAST_CALENDAR_SECOND + 1) * USECS_PER_SEC);
	return recurrence_second_from(recurrence, bound);
}

static TimestampTz *
instants_of(ArrayType *array, const char *name, int *count)
{
	Datum *elements;
	bool *nulls;
	TimestampTz *instants;
	int all;

	deconstruct_array(array, TIMESTAMPTZOID, sizeof(TimestampTz), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &elements, &nulls, &all);
	instants = palloc(Max(all, 1) * sizeof(TimestampTz));
	*count = 0;
	for (int i = 0; i < all; i++)
	{
		TimestampTz instant = DatumGetTimestampTz(elements[i]);

		if (nulls[i])
			continue;
		if (TIMESTAMP_NOT_FINITE(instant))
			refuse(REASON_INVALID_TIME, psprintf("%s must be finite", name), NULL, NULL);
		instants[(*count)++] = instant;
	}
	return instants;
}

/* -------------------------------------------------------------------------
 * single values
 * -------------------------------------------------------------------------
 */

static ZonedRecurrence *
prepare_zoned(FunctionCallInfo fcinfo, int include_argument)
{
	Timestamp dtstart = PG_GETARG_TIMESTAMP(ARG_DTSTART);
	pg_tz *zone = civil_zone(text_to_cstring(PG_GETARG_TEXT_PP(ARG_TIMEZONE)));
	ZonedRecurrence *recurrence = palloc(sizeof(ZonedRecurrence));

	check_start(dtstart);
	zoned_prepare(recurrence, PG_GETARG_RRULE_P(ARG_RULE), dtstart, zone);
	if (include_start(fcinfo, include_argument))
		recurrence_include_start(&recurrence->local);
	return recurrence;
}

Datum
next_occurrence(PG_FUNCTION_ARGS)
{
	TimestampTz after = PG_GETARG_TIMESTAMPTZ(3);
	ZonedRecurrence *recurrence;
	ZonedScan scan;
	TimestampTz instant;

	if (any_null(fcinfo, 3))
		PG_RETURN_NULL();
	recurrence = prepare_zoned(fcinfo, 4);
	zoned_begin(&scan, recurrence, TIMESTAMP_NOT_FINITE(after) ? after : after + 1, DT_NOEND);
	if (!zoned_next(&scan, &instant))
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(instant);
}

Datum
previous_occurrence(PG_FUNCTION_ARGS)
{
	TimestampTz before = PG_GETARG_TIMESTAMPTZ(3);
	TimestampTz instant;

	if (any_null(fcinfo, 3) || !zoned_previous(prepare_zoned(fcinfo, 4), before, &instant))
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(instant);
}

/* Does nothing in the rule end it? */
static bool
is_infinite(const RRule *rule)
{
	return rule->count == 0 && rule->until_kind == RRULE_UNTIL_NONE;
}

static bool
first_instant(ZonedRecurrence *recurrence, TimestampTz *instant)
{
	ZonedScan scan;

	zoned_begin(&scan, recurrence, DT_NOBEGIN, DT_NOEND);
	return zoned_next(&scan, instant);
}

Datum
occurrence_count(PG_FUNCTION_ARGS)
{
	ZonedRecurrence *recurrence;
	TimestampTz first;

	if (any_null(fcinfo, ARG_TIMEZONE))
		PG_RETURN_NULL();
	recurrence = prepare_zoned(fcinfo, 3);
	if (!is_infinite(&recurrence->local.days.rule))
		PG_RETURN_INT64(zoned_count(recurrence, DT_NOEND));
	if (!first_instant(recurrence, &first))
		PG_RETURN_INT64(0);
	PG_RETURN_NULL();
}

Datum
recurrence_bounds(PG_FUNCTION_ARGS)
{
	TypeCacheEntry *type = lookup_type_cache(TSTZRANGEOID, TYPECACHE_RANGE_INFO);
	const Interval *duration = PG_ARGISNULL(3) ? NULL : PG_GETARG_INTERVAL_P(3);
	RangeBound lower = {.inclusive = true, .lower = true};
	RangeBound upper = {.inclusive = true};
	ZonedRecurrence *recurrence;
	TimestampTz first;
	TimestampTz last;

	if (any_null(fcinfo, ARG_TIMEZONE))
		PG_RETURN_NULL();
	if (duration != NULL && interval_microseconds(duration) < 0)
		refuse(REASON_INVALID_DURATION, "duration must not be negative", NULL, NULL);
	recurrence = prepare_zoned(fcinfo, 4);
	if (!first_instant(recurrence, &first))
		PG_RETURN_RANGE_P(make_empty_range(type));
	lower.val = TimestampTzGetDatum(first);
	upper.infinite = is_infinite(&recurrence->local.days.rule);
	if (!upper.infinite && zoned_previous(recurrence, DT_NOEND, &last))
	{
		TimestampTz end = last;

		if (duration != NULL)
			end = latest_end(recurrence, last, duration, recurrence->clock.zone);
		upper.val = TimestampTzGetDatum(end);
		upper.inclusive = end == last;
	}
	PG_RETURN_RANGE_P(range_from_bounds(type, &lower, &upper));
}

/*
 * When the last to end does.  That is the last to begin, unless its end, so many
 * days after, follows a gap: one that began before it may end in the gap, and so
 * later.
 */
static TimestampTz
latest_end(ZonedRecurrence *recurrence, TimestampTz last, const Interval *duration, pg_tz *zone)
{
	TimestampTz end = civil_later(last, duration, zone);
	CivilClock clock = civil_clock(zone);
	ZonedScan scan;
	TimestampTz instant;

	clock_local(&clock, end);
	if (end - clock.from > USECS_PER_DAY || (duration->month == 0 && duration->day == 0))
		return end;
	zoned_begin(&scan, recurrence, last - USECS_PER_DAY, last);
	while (zoned_next(&scan, &instant))
	{
		TimestampTz other = civil_later(instant, duration, zone);

		CHECK_FOR_INTERRUPTS();
		end = Max(end, other);
	}
	return end;
}

/* -------------------------------------------------------------------------
 * what the planner asks
 * -------------------------------------------------------------------------
 */

Datum
occurrences_support(PG_FUNCTION_ARGS)
{
	Node *request = (Node *) PG_GETARG_POINTER(0);

	if (IsA(request, SupportRequestRows) && estimate_rows((SupportRequestRows *) request))
		PG_RETURN_POINTER(request);
	if (IsA(request, SupportRequestSimplify))
		PG_RETURN_POINTER(stream_in_from((SupportRequestSimplify *) request));
	PG_RETURN_POINTER(NULL);
}

/* Is a call of that function all that an entry of FROM is, so that an SQL function could be inlined? */
static bool
is_plain_entry(const RangeTblEntry *entry, Oid function)
{
	RangeTblFunction *only;

	if (entry->rtekind != RTE_FUNCTION || entry->funcordinality ||
		list_length(entry->functions) != 1)
		return false;
	only = linitial_node(RangeTblFunction, entry->functions);
	return IsA(only->funcexpr, FuncExpr) && ((FuncExpr *) only->funcexpr)->funcid == function;
}

static bool
is_in_from(const PlannerInfo *root, Oid function)
{
	ListCell *cell;

	if (root == NULL)
		return false;
	foreach(cell, root->parse->rtable)
		if (is_plain_entry(lfirst_node(RangeTblEntry, cell), function))
			return true;
	return false;
}

/* The SQL function of the same arguments that calls a function in its select list. */
static Oid
function_in_select_list(Oid function)
{
	HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc procedure;
	Oid found;

	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	procedure = (Form_pg_proc) GETSTRUCT(tuple);
	found =
		GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum("occurrences_in_from"),
						PointerGetDatum(&procedure->proargtypes),
						ObjectIdGetDatum(procedure->pronamespace));
	ReleaseSysCache(tuple);
	return found;
}

/*
 * The executor stores all rows of a C function in FROM before it looks at the
 * first one: a rule without an end would never give any.  In a select list it
 * takes them one by one.  So in FROM the call becomes one of an SQL function,
 * which the planner then replaces by its body, a select list.  Where it would
 * not do that the call is left as it is.
 */
static Node *
stream_in_from(SupportRequestSimplify *request)
{
	FuncExpr *call = request->fcall;
	FuncExpr *streamed;
	Oid function;

	if (!is_in_from(request->root, call->funcid) ||
		contain_volatile_functions((Node *) call->args) || contain_subplans((Node *) call->args))
		return NULL;
	function = function_in_select_list(call->funcid);
	if (!OidIsValid(function) || !may_execute(function, GetUserId()))
		return NULL;
	streamed = copyObject(call);
	streamed->funcid = function;
	return (Node *) streamed;
}

/* An argument's value, if the planner knows it and it is not null. */
static bool
known_argument(SupportRequestRows *request, List *arguments, int number, Datum *value)
{
	Node *node = estimate_expression_value(request->root, list_nth(arguments, number));

	if (!IsA(node, Const) || ((Const *) node)->constisnull)
		return false;
	*value = ((Const *) node)->constvalue;
	return true;
}

/* As many as there are, but that the zone is taken for UTC; of an unknown rule one a day. */
static bool
estimate_rows(SupportRequestRows *request)
{
	List *arguments = is_funcclause(request->node) ? ((FuncExpr *) request->node)->args : NIL;
	int during_argument = list_length(arguments) > ARG_EXDATES ? ARG_DURING : LOCAL_ARG_DURING;
	Window window = {.from = DT_NOBEGIN, .to = DT_NOEND};
	Recurrence recurrence;
	Datum rule;
	Datum dtstart;
	Datum during;

	if (arguments == NIL)
		return false;
	if (known_argument(request, arguments, during_argument, &during))
		window = window_of(DatumGetRangeTypeP(during));
	if (!known_argument(request, arguments, ARG_RULE, &rule) ||
		!known_argument(request, arguments, ARG_DTSTART, &dtstart) ||
		!is_calendar_time(DatumGetTimestamp(dtstart)))
	{
		if (TIMESTAMP_NOT_FINITE(window.from) || TIMESTAMP_NOT_FINITE(window.to))
			return false;
		request->rows = Max(((double) window.to - window.from) / USECS_PER_DAY, 1);
		return true;
	}
	recurrence_prepare(&recurrence, rrule_of_datum(rule), DatumGetTimestamp(dtstart));
	request->rows =
		(double) recurrence_count_before(&recurrence, window_second(&recurrence, window.to)) -
		recurrence_count_before(&recurrence, window_second(&recurrence, window.from));
	request->rows = Max(request->rows, 1);
	return true;
}
