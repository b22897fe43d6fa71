/*
 * request.c
 *		What somebody asks to be booked: known again when it is sent again, and
 *		inserted.
 */
#include "postgres.h"

#include "access/xact.h"
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

/* Who may not see the visit learns no more than that the key is in use. */
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

Datum
request_insert(const BookingRequest *request)
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
