/*
 * orphans.c
 *		clinic.orphan_reason(): whether a visit still stands when it may.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "availability/opening.h"
#include "booking/rules.h"
#include "booking/visit.h"
#include "clinic/configuration.h"
#include "errors.h"
#include "fmgr.h"
#include "query.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(orphan_reason);

/* A value that somebody made up may lack what every row has, or be too long to look at. */
static bool
takes_time(const VisitRow *visit)
{
	static const VisitColumn needed[] = {VISIT_CLINIC_ID, VISIT_PROVIDER_ID, VISIT_STATUS,
										 VISIT_MODE,	  VISIT_STARTS_AT,	 VISIT_ENDS_AT,
										 VISIT_SEAT,	  VISIT_RESOURCE_IDS};

	for (size_t i = 0; i < lengthof(needed); i++)
		if (visit_isnull(visit, needed[i]))
			return false;
	check_visit_instant(visit_time(visit, VISIT_STARTS_AT), "starts_at");
	check_visit_instant(visit_time(visit, VISIT_ENDS_AT), "ends_at");
	return status_claims(visit_status(visit)) && visit_mode(visit) != MODE_WALK_IN &&
		   visit_time(visit, VISIT_ENDS_AT) - visit_time(visit, VISIT_STARTS_AT) <= LONGEST_CLAIM;
}

/*
 * A visit that was booked against the rules, with a reason, may stand outside
 * the weekly hours; but not where somebody has closed since.
 */
static Reason
resource_orphan_reason(const VisitRow *visit, const pg_uuid_t *resource, bool is_provider)
{
	const pg_uuid_t *clinic = visit_uuid(visit, VISIT_CLINIC_ID);
	VisitMode mode = visit_mode(visit);
	TimestampTz starts_at = visit_time(visit, VISIT_STARTS_AT);
	TimestampTz ends_at = visit_time(visit, VISIT_ENDS_AT);
	ResourceConfiguration configuration;
	Opening opening;
	OpenTimes times;
	OpeningDay day;
	Reason reason;

	if (!configured_resource(clinic, resource, &configuration) ||
		!configured_opening(clinic, resource, &opening))
		return REASON_NONE;
	if (!configuration.is_active)
		return REASON_INACTIVE;
	open_times(&times, &opening, starts_at, ends_at);
	reason = opening_refusal(&times, mode, starts_at, ends_at);
	if (reason == REASON_OUTSIDE_HOURS && !visit_isnull(visit, VISIT_OVERRIDE_REASON))
		return REASON_NONE;
	if (reason != REASON_NONE || !is_provider)
		return reason;
	day = open_times_day(&times, mode, starts_at);
	if (day.mode != mode && visit_isnull(visit, VISIT_OVERRIDE_REASON))
		return REASON_WRONG_MODE;
	if (DatumGetInt32(visit_datum(visit, VISIT_SEAT)) > day.seats)
		return REASON_CAPACITY_REACHED;
	return REASON_NONE;
}

/* The SQL function's argument is a row of table appointment. */
Datum
orphan_reason(PG_FUNCTION_ARGS)
{
	HeapTupleHeader composite = PG_GETARG_HEAPTUPLEHEADER(0);
	VisitRow visit;
	Reason reason = REASON_NONE;

	query_begin();
	visit_read_composite(&visit, composite);
	if (takes_time(&visit))
	{
		pg_uuid_t *resources;
		int count = visit_resources(&visit, &resources);

		for (int i = 0; i < count && reason == REASON_NONE; i++)
			reason = resource_orphan_reason(&visit, &resources[i], i == 0);
	}
	query_end();
	if (reason == REASON_NONE)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(reason_name(reason)));
}
