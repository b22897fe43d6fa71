/*
 * free_busy.c
 *		clinic.free_time() and clinic.free_busy(): when resources have a free seat,
 *		and when they have none.
 */
#include "postgres.h"

#include "availability/free_seats.h"
#include "availability/pool.h"
#include "availability/range.h"
#include "clinic/configuration.h"
#include "compat.h"
#include "errors.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "query.h"
#include "utils/rangetypes.h"

PG_FUNCTION_INFO_V1(free_time);
PG_FUNCTION_INFO_V1(free_busy);

/* What is open and has a free seat. */
static Datum
free_ranges(OpenTimes *open, const ClaimSweep *claims)
{
	IntervalList list = free_intervals(open, claims);

	return multirange_datum(&list);
}

/* What has no free seat, open or not. */
static Datum
busy_ranges(OpenTimes *open, const ClaimSweep *claims, TimestampTz from, TimestampTz to)
{
	IntervalList list = {0};

	append_seats(&list, open, claims, from, to, false);
	return multirange_datum(&list);
}

/* When it is open in the stretch, and since when its days count; nothing if it is inactive. */
static void
open_resource(OpenTimes *open, Opening *opening, const pg_uuid_t *clinic, const pg_uuid_t *resource,
			  TimestampTz from, TimestampTz to)
{
	ResourceConfiguration configuration;

	if (!configured_resource(clinic, resource, &configuration) ||
		!configured_opening(clinic, resource, opening))
		refuse(REASON_NOT_FOUND, "there is no such provider, room or device in this clinic", NULL,
			   NULL);
	open_times(open, opening, from, to);
	if (!configuration.is_active)
		open->count = 0;
}

Datum
free_time(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	const pg_uuid_t *resource;
	const pg_uuid_t *clinic;
	Opening opening;
	OpenTimes open;
	ClaimSweep claims = {0};
	TimestampTz from = 0;
	TimestampTz to = 0;
	Datum result;

	if (PG_ARGISNULL(0))
		refuse_null("resource_id");
	if (PG_ARGISNULL(1))
		refuse_null("during");
	if (PG_ARGISNULL(2))
		refuse_null("clinic_id");
	resource = PG_GETARG_UUID_P(0);
	clinic = PG_GETARG_UUID_P(2);

	query_begin();
	if (!range_bounds(PG_GETARG_RANGE_P(1), "during", &from, &to))
		from = to = 0;
	open_resource(&open, &opening, clinic, resource, from, to);
	if (open.count > 0)
		claims_read(&claims, clinic, resource, 1, from, to, NULL, SNAPSHOT_STATEMENT);
	MemoryContextSwitchTo(caller);
	result = free_ranges(&open, &claims);
	query_end();
	PG_RETURN_DATUM(result);
}

/* Each of the resources once, in the order in which they are named. */
static ResourceList
named_once(FunctionCallInfo fcinfo, int argument)
{
	ResourceList once = {0};
	pg_uuid_t *ids;
	int count = uuids_read(PG_GETARG_DATUM(argument), "resource_ids", &ids);

	once.ids = palloc(sizeof(pg_uuid_t) * Max(count, 1));
	for (int i = 0; i < count; i++)
		if (!resource_list_has(&once, &ids[i]))
			once.ids[once.count++] = ids[i];
	return once;
}

static void
put_resources(const pg_uuid_t *clinic, const ResourceList *resources, TimestampTz from,
			  TimestampTz to, ReturnSetInfo *result)
{
	ClaimSweep *claims = palloc(sizeof(ClaimSweep) * Max(resources->count, 1));

	claims_read(claims, clinic, resources->ids, resources->count, from, to, NULL,
				SNAPSHOT_STATEMENT);
	for (int i = 0; i < resources->count; i++)
	{
		Opening opening;
		OpenTimes open;
		Datum values[3] = {UUIDPGetDatum(&resources->ids[i])};
		bool nulls[lengthof(values)] = {false};

		CHECK_FOR_INTERRUPTS();
		open_resource(&open, &opening, clinic, &resources->ids[i], from, to);
		values[1] = busy_ranges(&open, &claims[i], from, to);
		values[2] = free_ranges(&open, &claims[i]);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

Datum
free_busy(PG_FUNCTION_ARGS)
{
	ResourceList resources;
	TimestampTz from = 0;
	TimestampTz to = 0;

	if (PG_ARGISNULL(0))
		refuse_null("resource_ids");
	if (PG_ARGISNULL(1))
		refuse_null("during");
	if (PG_ARGISNULL(2))
		refuse_null("clinic_id");
	materialize_result(fcinfo);
	query_begin();
	resources = named_once(fcinfo, 0);
	if (!range_bounds(PG_GETARG_RANGE_P(1), "during", &from, &to))
		from = to = 0;
	put_resources(PG_GETARG_UUID_P(2), &resources, from, to, (ReturnSetInfo *) fcinfo->resultinfo);
	query_end();
	return (Datum) 0;
}
