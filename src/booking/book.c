/*
 * book.c
 *		clinic.book(), clinic.book_token() and clinic.book_first(): make a visit.
 */
#include "postgres.h"

#include "access/xact.h"
#include "availability/range.h"
#include "booking/account.h"
#include "booking/choose_provider.h"
#include "booking/request.h"
#include "booking/visit.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "errors.h"
#include "fmgr.h"
#include "lock.h"
#include "query.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/rangetypes.h"

PG_FUNCTION_INFO_V1(book);
PG_FUNCTION_INFO_V1(book_token);
PG_FUNCTION_INFO_V1(book_first);

/*
 * Reading the request
 */

static const pg_uuid_t *
uuid_argument(FunctionCallInfo fcinfo, int argument)
{
	return PG_ARGISNULL(argument) ? NULL : PG_GETARG_UUID_P(argument);
}

static const pg_uuid_t *
required_uuid(FunctionCallInfo fcinfo, int argument, const char *name)
{
	if (PG_ARGISNULL(argument))
		refuse_null(name);
	return PG_GETARG_UUID_P(argument);
}

static const text *
text_argument(FunctionCallInfo fcinfo, int argument)
{
	return PG_ARGISNULL(argument) ? NULL : PG_GETARG_TEXT_PP(argument);
}

static ResourceList
list_argument(FunctionCallInfo fcinfo, int argument, const char *name)
{
	ResourceList list = {0, NULL};

	if (!PG_ARGISNULL(argument))
		list.count = uuids_read(PG_GETARG_DATUM(argument), name, &list.ids);
	return list;
}

static int64
duration_argument(FunctionCallInfo fcinfo, int argument)
{
	return PG_ARGISNULL(argument) ? 0 : request_duration(PG_GETARG_INTERVAL_P(argument));
}

static int64
hold_argument(FunctionCallInfo fcinfo, int argument)
{
	return PG_ARGISNULL(argument) ? 0 : request_hold(PG_GETARG_INTERVAL_P(argument));
}

static Strategy
strategy_argument(FunctionCallInfo fcinfo, int argument)
{
	static const char *const names[] = {
		[STRATEGY_EARLIEST] = "earliest",
		[STRATEGY_LEAST_LOADED] = "least_loaded",
		[STRATEGY_ROUND_ROBIN] = "round_robin",
	};
	char *name;

	if (PG_ARGISNULL(argument))
		return STRATEGY_EARLIEST;
	name = text_to_cstring(PG_GETARG_TEXT_PP(argument));
	for (size_t i = 0; i < lengthof(names); i++)
		if (strcmp(names[i], name) == 0)
			return (Strategy) i;
	refuse(REASON_UNKNOWN_STRATEGY, psprintf("there is no strategy \"%s\"", name), NULL,
		   "The strategies are earliest, least_loaded and round_robin.");
}

/*
 * Booking
 */

Datum
book(PG_FUNCTION_ARGS)
{
	BookingRequest request = {.kind = REQUEST_START};
	Datum visit;

	request.patient = required_uuid(fcinfo, 0, "patient_id");
	request.provider = uuid_argument(fcinfo, 1);
	request.service = required_uuid(fcinfo, 2, "service_id");
	if (PG_ARGISNULL(3))
		refuse_null("starts_at");
	request.starts_at = PG_GETARG_TIMESTAMPTZ(3);
	check_visit_instant(request.starts_at, "starts_at");
	request.duration = duration_argument(fcinfo, 4);
	request.reason = text_argument(fcinfo, 5);
	request.notes = text_argument(fcinfo, 6);
	request.idempotency_key = text_argument(fcinfo, 7);
	request.hold_for = hold_argument(fcinfo, 8);
	if (!PG_ARGISNULL(9))
		request.resources.count = resource_ids_read(PG_GETARG_DATUM(9), &request.resources.ids);
	request.override_reason = text_argument(fcinfo, 10);
	request.clinic = required_uuid(fcinfo, 11, "clinic_id");
	request_set_hash(&request);

	query_begin();
	visit = request_book(&request);
	query_end();
	PG_RETURN_DATUM(visit);
}

Datum
book_token(PG_FUNCTION_ARGS)
{
	BookingRequest request = {.kind = REQUEST_TOKEN};
	Datum visit;

	request.patient = required_uuid(fcinfo, 0, "patient_id");
	request.provider = uuid_argument(fcinfo, 1);
	request.is_today = PG_ARGISNULL(2);
	if (!request.is_today)
	{
		request.day = PG_GETARG_DATEADT(2);
		check_visit_day(request.day);
	}
	request.service = uuid_argument(fcinfo, 3);
	request.reason = text_argument(fcinfo, 4);
	request.idempotency_key = text_argument(fcinfo, 5);
	request.clinic = required_uuid(fcinfo, 6, "clinic_id");
	request_set_hash(&request);

	query_begin();
	visit = request_book(&request);
	query_end();
	PG_RETURN_DATUM(visit);
}

Datum
book_first(PG_FUNCTION_ARGS)
{
	BookingRequest request = {.kind = REQUEST_FIRST};
	Datum visit;

	request.patient = required_uuid(fcinfo, 0, "patient_id");
	request.service = required_uuid(fcinfo, 1, "service_id");
	if (PG_ARGISNULL(2))
		refuse_null("during");
	if (!range_bounds(PG_GETARG_RANGE_P(2), "during", &request.starts_at, &request.until))
		refuse(REASON_INVALID_TIME, "during must not be empty", NULL, NULL);
	request.providers = list_argument(fcinfo, 3, "providers");
	request.strategy = strategy_argument(fcinfo, 4);
	request.duration = duration_argument(fcinfo, 5);
	request.reason = text_argument(fcinfo, 6);
	request.notes = text_argument(fcinfo, 7);
	request.idempotency_key = text_argument(fcinfo, 8);
	request.hold_for = hold_argument(fcinfo, 9);
	request.clinic = required_uuid(fcinfo, 10, "clinic_id");
	request_set_hash(&request);

	query_begin();
	visit = request_book(&request);
	query_end();
	PG_RETURN_DATUM(visit);
}
