/*
 * orphans.c
 *		clinic.orphan_reason(): whether a visit still stands when it may.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "availability/orphans.h"
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

static StandingVisit
standing_visit(const VisitRow *visit)
{
	return (StandingVisit){
		.mode = visit_mode(visit),
		.starts_at = visit_time(visit, VISIT_STARTS_AT),
		.ends_at = visit_time(visit, VISIT_ENDS_AT),
		.seat = DatumGetInt32(visit_datum(visit, VISIT_SEAT)),
		.is_overridden = !visit_isnull(visit, VISIT_OVERRIDE_REASON),
	};
}

/*
 * A visit that was booked against the rules, with a reason, may stand outside
 * the weekly hours; but not where somebody has closed since.
 */
Reason
uncovered_reason(const Opening *opening, bool is_provider, const StandingVisit *visit)
{
	OpenTimes times;
	OpeningDay day;
	Reason reason;

	open_times(&times, opening, visit->starts_at, visit->ends_at);
	reason = opening_refusal(&times, visit->mode, visit->starts_at, visit->ends_at);
	if (reason == REASON_OUTSIDE_HOURS && visit->is_overridden)
		return REASON_NONE;
	if (reason != REASON_NONE || !is_provider)
		return reason;
	day = open_times_day(&times, visit->mode, visit->starts_at);
	if (day.mode != visit->mode && !visit->is_overridden)
		return REASON_WRONG_MODE;
	return visit->seat > day.seats ? REASON_CAPACITY_REACHED : REASON_NONE;
}

Reason
visit_orphan_reason(const pg_uuid_t *clinic, const pg_uuid_t *resources, int count,
					const StandingVisit *visit)
{
	for (int i = 0; i < count; i++)
	{
		ResourceConfiguration configuration;
		Opening opening;
		Reason reason;

		if (!configured_resource(clinic, &resources[i], &configuration) ||
			!configured_opening(clinic, &resources[i], &opening))
			continue;
		if (!configuration.is_active)
			return REASON_INACTIVE;
		reason = uncovered_reason(&opening, i == 0, visit);
		if (reason != REASON_NONE)
			return reason;
	}
	return REASON_NONE;
}

/* The SQL function's argument is a row of table appointment. */
Datum
orphan_reason(PG_FUNCTION_ARGS)
{
	HeapTupleHeader composite = PG_GETARG_HEAPTUPLEHEADER(0);
	VisitRow row;
	Reason reason = REASON_NONE;

	query_begin();
	visit_read_composite(&row, composite);
	if (takes_time(&row))
	{
		StandingVisit visit = standing_visit(&row);
		pg_uuid_t *resources;
		int count = visit_resources(&row, &resources);

		reason = visit_orphan_reason(visit_uuid(&row, VISIT_CLINIC_ID), resources, count, &visit);
	}
	query_end();
	if (reason == REASON_NONE)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(reason_name(reason)));
}
