/*
 * book.c
 *		clinic.book(): make a visit.
 *
 * The rules are the triggers' business.  What this adds to an INSERT: the same
 * request sent twice books once, a provider is chosen where none is named, and
 * a start that is taken is refused before any lock is waited for.
 */
#include "postgres.h"

#include "access/xact.h"
#include "booking/account.h"
#include "booking/holds.h"
#include "booking/patient_rules.h"
#include "booking/rules.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "errors.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "lock.h"
#include "miscadmin.h"
#include "query.h"
#include "utils/array.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(book);

/* The arguments of clinic.book(), in order. */
enum
{
	ARG_PATIENT_ID,
	ARG_PROVIDER_ID,
	ARG_SERVICE_ID,
	ARG_STARTS_AT,
	ARG_DURATION,
	ARG_REASON,
	ARG_NOTES,
	ARG_IDEMPOTENCY_KEY,
	ARG_HOLD_FOR,
	ARG_RESOURCE_IDS,
	ARG_OVERRIDE_REASON,
	ARG_CLINIC_ID,
	ARG_COUNT
};

typedef struct BookingRequest
{
	Datum values[ARG_COUNT];
	bool nulls[ARG_COUNT];
	const pg_uuid_t *clinic;
	const pg_uuid_t *provider; /* NULL: any */
	int nresources;
	pg_uuid_t *resources; /* rooms and devices */
	TimestampTz starts_at;
	int64 duration; /* microseconds; 0: the service's */
	bytea *hash;	/* of the request, when it has an idempotency key */
} BookingRequest;

/*
 * The active providers, by code, and how many of their seats are claimed at an
 * instant.  A claim of an expired hold does not count.
 */
static SavedQuery find_candidates = {
	.sql = "select r.id, (select pg_catalog.count(distinct c.seat) from clinic.claim c"
		   " join clinic.appointment a on a.clinic_id" EQ "$1 and a.id" EQ "c.appointment_id"
		   " where c.clinic_id" EQ "$1 and c.resource_id" EQ "r.id and c.starts_at" LE "$2"
		   " and c.ends_at" GT "$2 and c.starts_at" GT "$3 and (a.status" NE
		   "'held'::clinic.appointment_status or a.hold_expires_at" GT "$4))"
		   " from clinic.resource r where r.clinic_id" EQ "$1 and r.kind" EQ
		   "'provider'::clinic.resource_kind and r.is_active order by r.code, r.id",
	QUERY_PARAMETERS(UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

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
		   " hold_expires_at, resource_ids, override_reason)"
		   " values ($1, $2, $3, $4, $5, $6, case when $7 then 'held'::clinic.appointment_status"
		   " else 'scheduled' end, $8, $9, $10, $11, $12,"
		   " coalesce($13, '{}'), $14) returning a",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, UUIDOID, UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID, BOOLOID,
					 TEXTOID, TEXTOID, TEXTOID, BYTEAOID, TIMESTAMPTZOID, UUIDARRAYOID, TEXTOID),
	.snapshot = SNAPSHOT_WRITE,
};

/*
 * The request
 */

/* As it is stored: pq_sendtext() would convert to the client's encoding. */
static void
send_text(StringInfo buffer, Datum value)
{
	text *string = DatumGetTextPP(value);

	pq_sendint32(buffer, VARSIZE_ANY_EXHDR(string));
	pq_sendbytes(buffer, VARDATA_ANY(string), VARSIZE_ANY_EXHDR(string));
}

static void
send_uuids(StringInfo buffer, const pg_uuid_t *uuids, int count)
{
	pq_sendint32(buffer, count);
	for (int i = 0; i < count; i++)
		pq_sendbytes(buffer, (const char *) uuids[i].data, UUID_LEN);
}

static bytea *
request_hash(const BookingRequest *request)
{
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	for (int i = 0; i < ARG_COUNT; i++)
	{
		pq_sendbyte(&buffer, request->nulls[i]);
		if (request->nulls[i] || i == ARG_IDEMPOTENCY_KEY)
			continue;
		switch (i)
		{
			case ARG_STARTS_AT:
				pq_sendint64(&buffer, request->starts_at);
				break;
			case ARG_DURATION:
			case ARG_HOLD_FOR:
				pq_sendint64(&buffer, interval_microseconds(DatumGetIntervalP(request->values[i])));
				break;
			case ARG_REASON:
			case ARG_NOTES:
			case ARG_OVERRIDE_REASON:
				send_text(&buffer, request->values[i]);
				break;
			case ARG_RESOURCE_IDS:
				send_uuids(&buffer, request->resources, request->nresources);
				break;
			default:
				pq_sendbytes(&buffer, (const char *) DatumGetUUIDP(request->values[i])->data,
							 UUID_LEN);
		}
	}
	return DatumGetByteaPP(
		DirectFunctionCall1(sha256_bytea, PointerGetDatum(pq_endtypsend(&buffer))));
}

static void
read_request(BookingRequest *request, FunctionCallInfo fcinfo)
{
	static const struct
	{
		int argument;
		const char *name;
	} required[] = {
		{ARG_PATIENT_ID, "patient_id"},
		{ARG_SERVICE_ID, "service_id"},
		{ARG_STARTS_AT, "starts_at"},
		{ARG_CLINIC_ID, "clinic_id"},
	};

	for (int i = 0; i < ARG_COUNT; i++)
	{
		request->values[i] = PG_GETARG_DATUM(i);
		request->nulls[i] = PG_ARGISNULL(i);
	}
	for (size_t i = 0; i < lengthof(required); i++)
		if (request->nulls[required[i].argument])
			refuse_null(required[i].name);

	request->clinic = DatumGetUUIDP(request->values[ARG_CLINIC_ID]);
	request->provider =
		request->nulls[ARG_PROVIDER_ID] ? NULL : DatumGetUUIDP(request->values[ARG_PROVIDER_ID]);
	request->starts_at = DatumGetTimestampTz(request->values[ARG_STARTS_AT]);
	check_visit_instant(request->starts_at, "starts_at");
	request->duration = 0;
	if (!request->nulls[ARG_DURATION])
	{
		request->duration = interval_microseconds(DatumGetIntervalP(request->values[ARG_DURATION]));
		if (request->duration <= 0 || request->duration > LONGEST_CLAIM)
			refuse_booking(REASON_INVALID_DURATION);
	}
	request->nresources = 0;
	if (!request->nulls[ARG_RESOURCE_IDS])
		request->nresources =
			resource_ids_read(request->values[ARG_RESOURCE_IDS], &request->resources);
	request->hash = request->nulls[ARG_IDEMPOTENCY_KEY] ? NULL : request_hash(request);
}

/* The hold's end, or 0 for none. */
static TimestampTz
hold_end(const BookingRequest *request)
{
	int64 length;

	if (request->nulls[ARG_HOLD_FOR])
		return 0;
	length = interval_microseconds(DatumGetIntervalP(request->values[ARG_HOLD_FOR]));
	if (length < USECS_PER_SEC || length > USECS_PER_DAY)
		refuse(REASON_INVALID_DURATION, "a hold lasts from a second to a day", NULL, NULL);
	return GetCurrentTransactionStartTimestamp() + length;
}

/*
 * The same request again
 */

/*
 * If the key was sent before: the visit it led to, as it is now.  Who may not
 * see that visit learns no more than that the key is in use.
 */
static bool
find_earlier(const BookingRequest *request, Datum *visit)
{
	Datum values[] = {request->values[ARG_CLINIC_ID], request->values[ARG_IDEMPOTENCY_KEY]};
	bool nohash;
	Datum hash;

	lock_idempotency_key(request->clinic, TextDatumGetCString(values[1]));
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
 * The first look
 */

static VisitTime
requested_time(const BookingRequest *request, const VisitFacts *facts)
{
	VisitTime time;

	time.mode = MODE_TIMED;
	time.starts_at = request->starts_at;
	time.ends_at = request->starts_at + (request->duration ? request->duration : facts->duration);
	time.claim_from = time.starts_at - facts->buffer_before;
	time.claim_to = time.ends_at + facts->buffer_after;
	return time;
}

/*
 * Where somebody else is booking that day, refuse a start that is taken without
 * queueing for the locks: rivals for a full morning are most of its load.  Under
 * SERIALIZABLE this read would only be one more to fail for.
 */
static void
look_first(const BookingRequest *request)
{
	const pg_uuid_t *service = DatumGetUUIDP(request->values[ARG_SERVICE_ID]);
	VisitFacts facts;
	VisitTime time;
	Reason reason;
	Look *look;
	LookedResource *provider;

	if (IsolationIsSerializable() ||
		!day_in_use(request->clinic, request->provider, request->starts_at))
		return;
	facts_read(&facts, request->clinic, service, request->provider);
	time = requested_time(request, &facts);
	look = look_at(request->clinic, request->provider, 1, time.mode, time.starts_at,
				   time.claim_from, look_until(&facts, &time), NULL);
	provider = &look->resources[0];
	if (!provider->is_provider ||
		lowest_free_seat(provider->taken, provider->ntaken, provider->seats, time.claim_from,
						 time.claim_to) > 0 ||
		(look->may_have_expired && expired_holds_exist(request->clinic, request->provider, 1,
													   time.claim_from, time.claim_to)))
		return;
	/* Taken.  As the triggers would refuse it. */
	reason = visit_refusal(&facts, time.mode, time.starts_at, time.ends_at);
	if (reason != REASON_NONE && request->nulls[ARG_OVERRIDE_REASON])
		refuse_booking(reason);
	refuse_taken(&facts, look, &time);
}

/*
 * Choosing a provider
 */

typedef struct Candidate
{
	pg_uuid_t id;
	int64 ntaken;	/* seats claimed when the visit would start */
	VisitTime time; /* with the provider's own duration */
	bool in_use;	/* locked by another transaction at the first try */
} Candidate;

static int
read_candidates(const BookingRequest *request, const VisitFacts *facts, Candidate **candidates)
{
	Datum values[] = {UUIDPGetDatum(request->clinic), TimestampTzGetDatum(request->starts_at),
					  TimestampTzGetDatum(request->starts_at - facts->longest_claim),
					  TimestampTzGetDatum(facts->booking.now)};
	uint64 count = query_run(&find_candidates, values, NULL, 0);

	*candidates = palloc0(sizeof(Candidate) * Max(count, 1));
	for (uint64 i = 0; i < count; i++)
	{
		(*candidates)[i].id = *query_uuid(i, 1);
		(*candidates)[i].ntaken = query_int64(i, 2, 0);
	}
	return (int) count;
}

/*
 * Keep those who may be booked for the request and seem to have a seat.  When
 * none is left, refuse as the first who offers the service would be.
 */
static int
keep_bookable(const BookingRequest *request, Candidate *candidates, int count)
{
	const pg_uuid_t *service = DatumGetUUIDP(request->values[ARG_SERVICE_ID]);
	Reason reason = REASON_NOT_OFFERED;
	bool taken = false;
	int kept = 0;

	for (int i = 0; i < count; i++)
	{
		Candidate candidate = candidates[i];
		VisitTime *time = &candidate.time;
		VisitFacts facts;
		OpeningDay day;
		Reason refusal;

		CHECK_FOR_INTERRUPTS();
		facts_read(&facts, request->clinic, service, &candidate.id);
		*time = requested_time(request, &facts);
		refusal = visit_refusal(&facts, time->mode, time->starts_at, time->ends_at);
		if (!facts.has_provider || refusal == REASON_NOT_OFFERED)
			continue;
		day = opening_day_at(&facts.opening, time->mode, time->starts_at);
		if (refusal != REASON_NONE && request->nulls[ARG_OVERRIDE_REASON])
			reason = reason == REASON_NOT_OFFERED ? refusal : reason;
		else if (candidate.ntaken >= day.seats)
			taken = true;
		else
			candidates[kept++] = candidate;
	}
	if (kept == 0 && !taken && count > 0 && reason != REASON_NOT_OFFERED)
		refuse_booking(reason);
	return kept;
}

/*
 * With its locks held: may the candidate be booked still, who may have changed
 * the hours while we waited, and has a seat, an expired hold's included?
 */
static bool
candidate_is_free(const BookingRequest *request, const Candidate *candidate)
{
	const VisitTime *time = &candidate->time;
	VisitFacts facts;
	Look *look = look_at(request->clinic, &candidate->id, 1, time->mode, time->starts_at,
						 time->claim_from, time->claim_to, NULL);
	LookedResource *resource = &look->resources[0];

	facts_read(&facts, request->clinic, DatumGetUUIDP(request->values[ARG_SERVICE_ID]),
			   &candidate->id);
	if (request->nulls[ARG_OVERRIDE_REASON] &&
		visit_refusal(&facts, time->mode, time->starts_at, time->ends_at) != REASON_NONE)
		return false;
	return resource->is_active &&
		   (lowest_free_seat(resource->taken, resource->ntaken, resource->seats, time->claim_from,
							 time->claim_to) > 0 ||
			(look->may_have_expired && expired_holds_exist(request->clinic, &candidate->id, 1,
														   time->claim_from, time->claim_to)));
}

/*
 * The first provider, by code, who has a seat under lock.  Those whose locks
 * are free are tried first, so that rivals spread over the providers instead of
 * queueing for one; then the others are waited for, one at a time.  The rooms
 * and devices are locked together with each, so that all are taken in order.
 */
static const pg_uuid_t *
choose_provider(const BookingRequest *request, Candidate *candidates, int count)
{
	int nresources = request->nresources + 1;
	pg_uuid_t *resources = palloc(sizeof(pg_uuid_t) * nresources);
	DayLocks locks;

	for (int i = 0; i < request->nresources; i++)
		resources[i + 1] = request->resources[i];
	for (int pass = 1; pass <= 2; pass++)
		for (int i = 0; i < count; i++)
		{
			Candidate *candidate = &candidates[i];

			CHECK_FOR_INTERRUPTS();
			resources[0] = candidate->id;
			if (pass == 1)
				candidate->in_use =
					!try_lock_days(request->clinic, resources, nresources,
								   candidate->time.claim_from, candidate->time.claim_to, &locks);
			else if (candidate->in_use)
				lock_days_for_now(request->clinic, resources, nresources,
								  candidate->time.claim_from, candidate->time.claim_to, &locks);
			if (candidate->in_use == (pass == 1))
				continue;
			if (candidate_is_free(request, candidate))
				return &candidate->id;
			unlock_days(&locks);
		}
	return NULL;
}

/* Find a provider for a request that names none, or refuse. */
static void
find_provider(BookingRequest *request)
{
	const pg_uuid_t *service = DatumGetUUIDP(request->values[ARG_SERVICE_ID]);
	const pg_uuid_t *patient = DatumGetUUIDP(request->values[ARG_PATIENT_ID]);
	VisitFacts facts;
	VisitTime time;
	Reason reason;
	Candidate *candidates;
	int count;

	facts_read(&facts, request->clinic, service, NULL);
	check_patient_exists(request->clinic, patient);
	time = requested_time(request, &facts);
	reason = visit_refusal(&facts, time.mode, time.starts_at, time.ends_at);
	if (reason != REASON_NONE && request->nulls[ARG_OVERRIDE_REASON])
		refuse_booking(reason);

	lock_patient(request->clinic, patient, has_patient_rules(&facts) ? LOCK_EXCLUSIVE : LOCK_SHARED,
				 LOCK_WAIT);
	count = read_candidates(request, &facts, &candidates);
	count = keep_bookable(request, candidates, count);
	request->provider = choose_provider(request, candidates, count);
	if (request->provider == NULL)
		refuse(REASON_SLOT_TAKEN, "no provider of this service is free then", NULL,
			   "Choose another time.");
	request->values[ARG_PROVIDER_ID] = UUIDPGetDatum(request->provider);
	request->nulls[ARG_PROVIDER_ID] = false;
}

static Datum
insert_booking(const BookingRequest *request)
{
	TimestampTz hold_expires_at = hold_end(request);
	Datum values[] = {
		request->values[ARG_CLINIC_ID],
		request->values[ARG_PATIENT_ID],
		request->values[ARG_PROVIDER_ID],
		request->values[ARG_SERVICE_ID],
		request->values[ARG_STARTS_AT],
		TimestampTzGetDatum(request->starts_at + request->duration),
		BoolGetDatum(hold_expires_at != 0),
		request->values[ARG_REASON],
		request->values[ARG_NOTES],
		request->values[ARG_IDEMPOTENCY_KEY],
		PointerGetDatum(request->hash),
		TimestampTzGetDatum(hold_expires_at),
		request->values[ARG_RESOURCE_IDS],
		request->values[ARG_OVERRIDE_REASON],
	};
	bool nulls[] = {
		false,
		false,
		false,
		false,
		false,
		request->duration == 0,
		false,
		request->nulls[ARG_REASON],
		request->nulls[ARG_NOTES],
		request->nulls[ARG_IDEMPOTENCY_KEY],
		request->hash == NULL,
		hold_expires_at == 0,
		request->nulls[ARG_RESOURCE_IDS],
		request->nulls[ARG_OVERRIDE_REASON],
	};

	query_run_one(&insert_visit, values, nulls);
	return query_copy_composite(0, 1);
}

Datum
book(PG_FUNCTION_ARGS)
{
	BookingRequest request;
	Datum visit;

	read_request(&request, fcinfo);
	query_begin();
	check_account(request.clinic, DatumGetUUIDP(request.values[ARG_PATIENT_ID]));
	if (request.hash || request.provider == NULL)
		lock_clinic(request.clinic, LOCK_SHARED, LOCK_WAIT);
	if (request.hash == NULL || !find_earlier(&request, &visit))
	{
		if (request.provider == NULL)
			find_provider(&request);
		else
			look_first(&request);
		visit = insert_booking(&request);
	}
	query_end();
	PG_RETURN_DATUM(visit);
}
