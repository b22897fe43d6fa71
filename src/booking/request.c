/*
 * request.c
 *		What somebody asks to be booked, and booking it.
 *
 * The rules are the triggers' business.  What this adds to an INSERT: the same
 * request sent twice books once, a provider is chosen where none is named, and
 * a start that is taken is refused before any lock is waited for.
 */
#include "postgres.h"

#include "access/xact.h"
#include "booking/account.h"
#include "booking/choose_provider.h"
#include "booking/holds.h"
#include "booking/look.h"
#include "booking/request.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "errors.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "lock.h"
#include "query.h"
#include "utils/builtins.h"

static SavedQuery find_request = {
	.sql = "select a.id, a.request_hash from clinic.appointment a"
		   " where a.clinic_id" EQ "$1 and a.idempotency_key" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, TEXTOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

static SavedQuery get_booked = {
	.sql = "select a from clinic.appointment a where a.clinic_id" EQ "$1 and a.id" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
};

static SavedQuery insert_visit = {
	.sql = "insert into clinic.appointment as a (clinic_id, patient_id, provider_id, service_id,"
		   " starts_at, ends_at, status, reason, notes, idempotency_key, request_hash,"
		   " hold_expires_at, resource_ids, override_reason, mode)"
		   " values ($1, $2, $3, $4, $5, $6, case when $7 then 'held'::clinic.appointment_status"
		   " else 'scheduled' end, $8, $9, $10, $11, $12, $13, $14,"
		   " case when $15 then 'token'::clinic.visit_mode else 'timed' end) returning a",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, UUIDOID, UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID, BOOLOID,
					 TEXTOID, TEXTOID, TEXTOID, BYTEAOID, TIMESTAMPTZOID, UUIDARRAYOID, TEXTOID,
					 BOOLOID),
	.snapshot = SNAPSHOT_WRITE,
};

static SavedQuery find_token_services = {
	.sql = "select s.id from clinic.service s where s.clinic_id" EQ "$1 and s.is_active"
		   " and s.mode" EQ "'token'::clinic.visit_mode order by s.code",
	QUERY_PARAMETERS(UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

int64
request_duration(const Interval *duration)
{
	int64 length = interval_microseconds(duration);

	if (length <= 0 || length > LONGEST_CLAIM)
		refuse_booking(REASON_INVALID_DURATION);
	return length;
}

int64
request_hold(const Interval *hold_for)
{
	int64 length = interval_microseconds(hold_for);

	if (length < USECS_PER_SEC || length > USECS_PER_DAY)
		refuse(REASON_INVALID_DURATION, "a hold lasts from a second to a day", NULL, NULL);
	return length;
}

/*
 * The same request again
 */

/* As it is stored: pq_sendtext() would convert to the client's encoding. */
static void
send_text(StringInfo buffer, const text *string)
{
	pq_sendbyte(buffer, string != NULL);
	if (string == NULL)
		return;
	pq_sendint32(buffer, VARSIZE_ANY_EXHDR(string));
	pq_sendbytes(buffer, VARDATA_ANY(string), VARSIZE_ANY_EXHDR(string));
}

static void
send_uuid(StringInfo buffer, const pg_uuid_t *uuid)
{
	pq_sendbyte(buffer, uuid != NULL);
	if (uuid)
		pq_sendbytes(buffer, (const char *) uuid->data, UUID_LEN);
}

static void
send_list(StringInfo buffer, const ResourceList *list)
{
	pq_sendint32(buffer, list->count);
	for (int i = 0; i < list->count; i++)
		send_uuid(buffer, &list->ids[i]);
}

void
request_set_hash(BookingRequest *request)
{
	StringInfoData buffer;

	if (request->idempotency_key == NULL)
		return;
	pq_begintypsend(&buffer);
	pq_sendbyte(&buffer, request->kind);
	send_uuid(&buffer, request->patient);
	send_uuid(&buffer, request->provider);
	send_uuid(&buffer, request->service);
	pq_sendint64(&buffer, request->starts_at);
	pq_sendint32(&buffer, request->day);
	pq_sendbyte(&buffer, request->is_today);
	pq_sendint64(&buffer, request->duration);
	send_text(&buffer, request->reason);
	send_text(&buffer, request->notes);
	send_text(&buffer, request->override_reason);
	pq_sendint64(&buffer, request->hold_for);
	send_list(&buffer, &request->resources);
	pq_sendint64(&buffer, request->until);
	send_list(&buffer, &request->providers);
	pq_sendbyte(&buffer, request->strategy);
	request->hash =
		DatumGetByteaPP(DirectFunctionCall1(sha256_bytea, PointerGetDatum(pq_endtypsend(&buffer))));
}

bool
request_find_earlier(const BookingRequest *request, Datum *visit)
{
	Datum values[] = {UUIDPGetDatum(request->clinic), PointerGetDatum(request->idempotency_key)};
	bool nohash;
	Datum hash;

	lock_idempotency_key(request->clinic, text_to_cstring(request->idempotency_key));
	if (query_run(&find_request, values, NULL, 1) == 0)
		return false;
	hash = query_datum(0, 2, &nohash);
	values[1] = UUIDPGetDatum(query_uuid(0, 1));
	if (nohash ||
		!DatumGetBool(DirectFunctionCall2(byteaeq, hash, PointerGetDatum(request->hash))) ||
		query_run(&get_booked, values, NULL, 1) == 0)
		refuse(REASON_IDEMPOTENCY_MISMATCH, "this idempotency key was sent with another request",
			   NULL, "Use a new key for a new request.");
	*visit = query_copy_composite(0, 1);
	return true;
}

/*
 * Booking it
 */

VisitTime
request_time(const BookingRequest *request, const VisitFacts *facts)
{
	VisitTime time;

	if (request->kind == REQUEST_TOKEN)
	{
		pg_tz *zone = facts->booking.zone;
		DateADT day = civil_day(request->starts_at, zone);

		time.mode = MODE_TOKEN;
		time.starts_at = time.claim_from = civil_day_start(day, zone);
		time.ends_at = time.claim_to = civil_day_start(day + 1, zone);
		return time;
	}
	time.mode = MODE_TIMED;
	time.starts_at = request->starts_at;
	time.ends_at = request->starts_at + (request->duration ? request->duration : facts->duration);
	time.claim_from = time.starts_at - facts->buffer_before;
	time.claim_to = time.ends_at + facts->buffer_after;
	return time;
}

static Datum
insert_visit_of(const BookingRequest *request)
{
	TimestampTz hold_expires_at = GetCurrentTransactionStartTimestamp() + request->hold_for;
	Datum values[] = {
		UUIDPGetDatum(request->clinic),
		UUIDPGetDatum(request->patient),
		UUIDPGetDatum(request->provider),
		UUIDPGetDatum(request->service),
		TimestampTzGetDatum(request->starts_at),
		TimestampTzGetDatum(request->starts_at + request->duration),
		BoolGetDatum(request->hold_for != 0),
		PointerGetDatum(request->reason),
		PointerGetDatum(request->notes),
		PointerGetDatum(request->idempotency_key),
		PointerGetDatum(request->hash),
		TimestampTzGetDatum(hold_expires_at),
		uuid_array(request->resources.ids, request->resources.count),
		PointerGetDatum(request->override_reason),
		BoolGetDatum(request->kind == REQUEST_TOKEN),
	};
	bool nulls[lengthof(values)] = {
		[5] = request->duration == 0,
		[7] = request->reason == NULL,
		[8] = request->notes == NULL,
		[9] = request->idempotency_key == NULL,
		[10] = request->hash == NULL,
		[11] = request->hold_for == 0,
		[13] = request->override_reason == NULL,
	};

	query_run_one(&insert_visit, values, nulls);
	return query_copy_composite(0, 1);
}

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
				   time.claim_from, look_until(&facts, &time), NULL, true);
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

/* The day's start on the clinic's wall clock; today's where no day is given. */
static void
resolve_day(BookingRequest *request)
{
	DateADT day = request->day;
	ClinicConfiguration clinic;

	if (!configured_clinic(request->clinic, &clinic))
		refuse(REASON_NOT_FOUND, "there is no such clinic", NULL, NULL);
	if (request->is_today)
		day = civil_day(GetCurrentTransactionStartTimestamp(), clinic.zone);
	request->starts_at = civil_day_start(day, clinic.zone);
}

Datum
request_book(BookingRequest *request)
{
	Datum visit;

	check_account(request->clinic, request->patient);
	if (request->hash || request->provider == NULL)
		lock_clinic(request->clinic, LOCK_SHARED, LOCK_WAIT);
	if (request->hash && request_find_earlier(request, &visit))
		return visit;
	if (request->kind == REQUEST_TOKEN)
	{
		resolve_day(request);
		if (request->service == NULL)
			find_token_service(request);
	}
	if (request->provider)
		look_first(request);
	else
		choose_provider(request);
	return insert_visit_of(request);
}
