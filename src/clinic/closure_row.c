/*
 * closure_row.c
 *		The rows of table closure.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "clinic/closure_row.h"
#include "errors.h"
#include "fmgr.h"
#include "query.h"
#include "recurrence/rrule_datum.h"
#include "restore.h"
#include "trigger.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/rangetypes.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(closure_check);

/* By whose wall clock a closure recurs; no row: there is no such clinic or resource. */
static SavedQuery find_zone = {
	.sql = "select coalesce(r.timezone, c.timezone) from clinic.clinic c"
		   " left join clinic.resource r on r.clinic_id" EQ "$1 and r.id" EQ "$2 where c.id" EQ "$1"
		   " and ($2 is null or r.id is not null)",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

/* The first instant of a range, or the first after it, in whatever form its bounds are. */
static TimestampTz
bound_instant(const RangeBound *bound)
{
	TimestampTz instant = DatumGetTimestampTz(bound->val);

	if (bound->infinite)
		return bound->lower ? DT_NOBEGIN : DT_NOEND;
	if (TIMESTAMP_NOT_FINITE(instant))
		return instant;
	return bound->inclusive == bound->lower ? instant : instant + 1;
}

Closure
closure_of_row(Datum during, bool is_open)
{
	TypeCacheEntry *type = lookup_type_cache(TSTZRANGEOID, TYPECACHE_RANGE_INFO);
	Closure closure = {.is_open = is_open};
	RangeBound lower;
	RangeBound upper;
	bool empty;

	range_deserialize(type, DatumGetRangeTypeP(during), &lower, &upper, &empty);
	closure.from = bound_instant(&lower);
	closure.to = bound_instant(&upper);
	return closure;
}

void
closure_set_rule(Closure *closure, Datum rrule, MemoryContext memory)
{
	RRule *rule = MemoryContextAlloc(memory, sizeof(RRule));

	*rule = *rrule_of_datum(rrule);
	closure->rule = rule;
}

/* None is null: a constraint sees to that. */
void
closure_set_exdates(Closure *closure, Datum exdates, MemoryContext memory)
{
	Datum *elements;
	TimestampTz *instants;
	int count;

	deconstruct_array(DatumGetArrayTypeP(exdates), TIMESTAMPTZOID, sizeof(TimestampTz),
					  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &elements, NULL, &count);
	instants = MemoryContextAlloc(memory, sizeof(TimestampTz) * Max(count, 1));
	for (int i = 0; i < count; i++)
		instants[i] = DatumGetTimestampTz(elements[i]);
	closure->nexdates = count;
	closure->exdates = instants;
}

static _Noreturn void
refuse_rule(const char *detail, const char *hint)
{
	refuse(REASON_INVALID_RULE, "this closure cannot recur by that rule", detail, hint);
}

/* What the clocks show then. */
static char *
local_text(TimestampTz instant, pg_tz *zone)
{
	Datum local = TimestampGetDatum(civil_local(instant, zone));

	return DatumGetCString(DirectFunctionCall1(timestamp_out, local));
}

void
closure_check_rule(const Closure *closure, pg_tz *zone)
{
	OpenInterval first;

	check_visit_instant(closure->from, "the beginning of during");
	check_visit_instant(closure->to, "the end of during");
	switch (closure_fault(closure, zone, &first))
	{
		case CLOSURE_RIGHT:
			return;
		case CLOSURE_NO_LENGTH:
			refuse_rule("on the wall clock during ends before it begins", NULL);
		case CLOSURE_TOO_LONG:
			refuse_rule(psprintf("during is longer than %d days", LONGEST_CLOSURE_DAYS), NULL);
		case CLOSURE_TOO_FREQUENT:
			refuse_rule("it occurs more than once a day",
						"The time of day is that of during; insert a closure for each.");
		case CLOSURE_NEVER:
			refuse_rule("it never occurs", NULL);
		case CLOSURE_NOT_FIRST:
			refuse_rule("during is not its first occurrence",
						psprintf("From the beginning of during on, it first occurs from %s to %s.",
								 local_text(first.opens, zone), local_text(first.closes, zone)));
	}
}

/* BEFORE INSERT or UPDATE row trigger of closure, where it has a rule. */
Datum
closure_check(PG_FUNCTION_ARGS)
{
	const TriggerData *trigger = trigger_data(fcinfo, TRIGGER_EVENT_ROW | TRIGGER_EVENT_BEFORE, 0);
	TriggerRows rows = trigger_rows(trigger);
	static const char *const columns[] = {"clinic_id", "resource_id", "during", "rrule"};
	Datum values[lengthof(columns)];
	bool nulls[lengthof(columns)];

	if (restoring(trigger->tg_relation))
		return PointerGetDatum(rows.written);
	query_begin();
	for (size_t i = 0; i < lengthof(columns); i++)
		values[i] = SPI_getbinval(rows.written, rows.descriptor,
								  SPI_fnumber(rows.descriptor, columns[i]), &nulls[i]);
	/* What is missing or empty, and a clinic that is not there, is refused by constraints. */
	if (!nulls[0] && !nulls[2] && !nulls[3] && !RangeIsEmpty(DatumGetRangeTypeP(values[2])) &&
		query_run(&find_zone, values, nulls, 1) > 0)
	{
		Closure closure = closure_of_row(values[2], false);

		closure_set_rule(&closure, values[3], CurrentMemoryContext);
		closure_check_rule(&closure, civil_zone(query_text(0, 1)));
	}
	query_end();
	return PointerGetDatum(rows.written);
}
