/*
 * computed.c
 *		What of a visit follows from its row, the clock and who asks: the computed
 *		fields can_cancel and can_reschedule.
 */
#include "postgres.h"

#include "booking/account.h"
#include "booking/visit.h"
#include "fmgr.h"
#include "query.h"

PG_FUNCTION_INFO_V1(can_cancel);
PG_FUNCTION_INFO_V1(can_reschedule);

/* A value that somebody made up may lack what every row has. */
static bool
is_whole(const VisitRow *visit)
{
	static const VisitColumn needed[] = {VISIT_CLINIC_ID, VISIT_PATIENT_ID, VISIT_SERVICE_ID,
										 VISIT_STATUS,	  VISIT_MODE,		VISIT_STARTS_AT};

	for (size_t i = 0; i < lengthof(needed); i++)
		if (visit_isnull(visit, needed[i]))
			return false;
	return true;
}

/* cancel() asks the same two questions. */
static bool
may_be_cancelled(const VisitRow *visit)
{
	return status_can_follow(visit_status(visit), STATUS_CANCELLED) && account_may_change(visit);
}

/* So does reschedule(), before it asks about the new time. */
static bool
may_be_moved(const VisitRow *visit)
{
	return status_claims(visit_status(visit)) && account_may_change(visit);
}

/* Answer a question about the row of table appointment that is the argument; NULL if it is none. */
static Datum
ask_about_visit(FunctionCallInfo fcinfo, bool (*question)(const VisitRow *visit))
{
	HeapTupleHeader composite = PG_GETARG_HEAPTUPLEHEADER(0);
	VisitRow visit;
	bool whole;
	bool answer = false;

	query_begin();
	visit_read_composite(&visit, composite);
	whole = is_whole(&visit);
	if (whole)
		answer = question(&visit);
	query_end();
	if (!whole)
		PG_RETURN_NULL();
	PG_RETURN_BOOL(answer);
}

Datum
can_cancel(PG_FUNCTION_ARGS)
{
	return ask_about_visit(fcinfo, may_be_cancelled);
}

Datum
can_reschedule(PG_FUNCTION_ARGS)
{
	return ask_about_visit(fcinfo, may_be_moved);
}
