/*
 * book.c
 *		clinic.book(), clinic.book_token() and clinic.book_first(): make a visit.
 *
 * The rules are the triggers' business.  What this adds to an INSERT: the same
 * request sent twice books once, a provider is chosen where none is named, and
 * a start that is taken is refused before any lock is waited for.
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

static SavedQuery find_token_services = {
	.sql = "select s.id from clinic.service s where s.clinic_id" EQ "$1 and s.is_active"
		   " and s.mode" EQ "'token'::clinic.visit_mode order by s.code",
	QUERY_PARAMETERS(UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

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
	int64 duration;

	if (PG_ARGISNULL(argument))
		return 0;
	duration = interval_microseconds(PG_GETARG_INTERVAL_P(argument));
	if (duration <= 0 || duration > LONGEST_CLAIM)
		refuse_booking(REASON_INVALID_DURATION);
	return duration;
}

static int64
hold_argument(FunctionCallInfo fcinfo, int argument)
{
	int64 length;

	if (PG_ARGISNULL(argument))
		return 0;
	length = interval_microseconds(PG_GETARG_INTERVAL_P(argument));
	if (length < USECS_PER_SEC || length > USECS_PER_DAY)
		refuse(REASON_INVALID_DURATION, "a hold lasts from a second to a day", NULL, NULL);
	return length;
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

/*
 * Where somebody else is booking that day, refuse a start that is taken without
 * queueing for the locks: rivals for a full morning are most of its load.  Under
 * SERIALIZABLE this read would only be one more to fail for.
 */
static void
look_first(const BookingRequest *request)
{
	VisitFacts facts;
	VisitTime time;
	Reason reason;
	Look *look;
	LookedResource *provider;

	if (IsolationIsSerializable() ||
		!day_in_use(request->clinic, request->provider, request->starts_at))
		return;
	facts_read(&facts, request->clinic, request->service, request->provider);
	time = request_time(request, &facts);
	look = look_at(request->clinic, request->provider, 1, time.mode, time.starts_at,
				   time.claim_from, look_until(&facts, &time), NULL);
	provider = &look->resources[0];
	if (!provider->is_provider || first_without_seat(look, &time) < 0 ||
		(look->may_have_expired && expired_holds_exist(request->clinic, request->provider, 1,
													   time.claim_from, time.claim_to)))
		return;
	/* Taken.  As the triggers would refuse it. */
	reason = visit_refusal(&facts, time.mode, time.starts_at, time.ends_at);
	if (reason != REASON_NONE && request->override_reason == NULL)
		refuse_booking(reason);
	if (!provider->is_active && request->override_reason == NULL)
		refuse_booking(REASON_INACTIVE);
	refuse_taken(&facts, look, &time);
}

/* The service whose visits are tokens, if there is but one that the provider offers. */
static void
find_token_service(BookingRequest *request)
{
	Datum clinic = UUIDPGetDatum(request->clinic);
	uint64 count = query_run(&find_token_services, &clinic, NULL, 0);
	pg_uuid_t *services = palloc(sizeof(pg_uuid_t) * Max(count, 1));

	for (uint64 i = 0; i < count; i++)
		services[i] = *query_uuid(i, 1);
	for (uint64 i = 0; i < count; i++)
	{
		int64 duration;

		if (request->provider &&
			!configured_offer(request->clinic, request->provider, &services[i], &duration))
			continue;
		if (request->service)
			refuse_null("service_id");
		request->service = &services[i];
	}
	if (request->service == NULL)
		refuse_booking(REASON_WRONG_MODE);
}

/* Today, where no day is given, and its start, on the clinic's wall clock. */
static void
resolve_day(BookingRequest *request, DateADT day, bool today)
{
	ClinicConfiguration clinic;

	if (!configured_clinic(request->clinic, &clinic))
		refuse(REASON_NOT_FOUND, "there is no such clinic", NULL, NULL);
	if (today)
		day = civil_day(GetCurrentTransactionStartTimestamp(), clinic.zone);
	request->starts_at = civil_day_start(day, clinic.zone);
}

static Datum
book_request(BookingRequest *request)
{
	if (request->provider)
		look_first(request);
	else
		choose_provider(request);
	return request_insert(request);
}

/* Take the locks that come first; true if the same request was sent before. */
static bool
begin_request(BookingRequest *request, Datum *visit)
{
	check_account(request->clinic, request->patient);
	if (request->hash || request->provider == NULL)
		lock_clinic(request->clinic, LOCK_SHARED, LOCK_WAIT);
	return request->hash && request_find_earlier(request, visit);
}

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
	if (!begin_request(&request, &visit))
		visit = book_request(&request);
	query_end();
	PG_RETURN_DATUM(visit);
}

Datum
book_token(PG_FUNCTION_ARGS)
{
	BookingRequest request = {.kind = REQUEST_TOKEN, .starts_at = DT_NOBEGIN};
	bool today = PG_ARGISNULL(2);
	DateADT day = today ? 0 : PG_GETARG_DATEADT(2);
	Datum visit;

	request.patient = required_uuid(fcinfo, 0, "patient_id");
	request.provider = uuid_argument(fcinfo, 1);
	if (!today)
	{
		check_visit_day(day, "day");
		request.starts_at = (TimestampTz) day * USECS_PER_DAY;
	}
	request.service = uuid_argument(fcinfo, 3);
	request.reason = text_argument(fcinfo, 4);
	request.idempotency_key = text_argument(fcinfo, 5);
	request.clinic = required_uuid(fcinfo, 6, "clinic_id");
	/* as it was asked: the day may be another one when it is asked again */
	request_set_hash(&request);

	query_begin();
	if (!begin_request(&request, &visit))
	{
		resolve_day(&request, day, today);
		if (request.service == NULL)
			find_token_service(&request);
		visit = book_request(&request);
	}
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
	if (!begin_request(&request, &visit))
		visit = book_request(&request);
	query_end();
	PG_RETURN_DATUM(visit);
}
