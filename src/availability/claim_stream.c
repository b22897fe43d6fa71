/*
 * claim_stream.c
 *		The claims of a clinic as they come, in the order of time.
 *
 * They stand in that order in the index claim_time, which has all that is asked
 * of a claim.  Whose claim it is it does not say: so those that do not count,
 * which are few, are looked up before, and known by their seat and their start.
 */
#include "postgres.h"

#include "availability/claim_stream.h"
#include "catalog/pg_type.h"

/* A claim that does not count; there is one at most that begins then on that seat. */
typedef struct ClaimException
{
	pg_uuid_t resource;
	TimestampTz starts_at;
	int32 seat;
} ClaimException;

struct ClaimExceptions
{
	int count;
	ClaimException *list;
};

enum
{
	CLAIM_CLINIC,
	CLAIM_STARTS_AT,
	CLAIM_RESOURCE,
	CLAIM_ENDS_AT,
	CLAIM_SEAT
};

/* The columns of the index claim_time as they stand there, so that none is copied. */
#define CLAIM_COLUMNS "select c.clinic_id, c.starts_at, c.resource_id, c.ends_at, c.seat"

/*
 * $2 is where a stretch that begins at $3 begins less the longest claim.  Whoever
 * reads stops where it ends: that a row is asked less matters, with so many.
 */
#define CLAIMS_FROM \
	CLAIM_COLUMNS " from clinic.claim c where c.clinic_id" EQ "$1 and c.starts_at" GT \
				  "$2 and c.ends_at" GT "$3"

static SavedQuery find_claims = {
	.sql = CLAIMS_FROM " order by c.starts_at",
	QUERY_PARAMETERS(UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_STATEMENT,
	.as_owner = true,
	.index = "claim_time",
};

/* Those of each of some resources, by the index that begins with the resource. */
#define CLAIMS_OF_FEW \
	CLAIMS_FROM " and c.starts_at" LT "$4 and c.resource_id operator(pg_catalog.=) any ($5)"

static SavedQuery find_claims_of_few = {
	.sql = CLAIMS_OF_FEW " order by c.starts_at",
	QUERY_PARAMETERS(UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, UUIDARRAYOID),
	.snapshot = SNAPSHOT_STATEMENT,
	.as_owner = true,
	.index = "claim_resource",
};

static SavedQuery find_claims_unsorted = {
	.sql = CLAIMS_OF_FEW,
	QUERY_PARAMETERS(UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, UUIDARRAYOID),
	.snapshot = SNAPSHOT_STATEMENT,
	.as_owner = true,
	.index = "claim_resource",
};

/* Claims of holds that expired by $2. */
static SavedQuery find_expired_claims = {
	.sql = CLAIM_COLUMNS " from clinic.appointment a"
						 " join clinic.claim c on c.clinic_id" EQ "$1 and c.appointment_id" EQ
						 "a.id where a.clinic_id" EQ "$1 and a.status" EQ
						 "'held'::clinic.appointment_status and a.hold_expires_at" LE "$2",
	QUERY_PARAMETERS(UUIDOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_STATEMENT,
	.as_owner = true,
};

static SavedQuery find_claims_of_visit = {
	.sql =
		CLAIM_COLUMNS " from clinic.claim c where c.clinic_id" EQ "$1 and c.appointment_id" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_STATEMENT,
	.as_owner = true,
};

static int
compare_exceptions(const void *a, const void *b)
{
	const ClaimException *x = a;
	const ClaimException *y = b;

	if (x->starts_at != y->starts_at)
		return x->starts_at < y->starts_at ? -1 : 1;
	if (x->seat != y->seat)
		return x->seat < y->seat ? -1 : 1;
	return memcmp(&x->resource, &y->resource, UUID_LEN);
}

static void
add_exceptions(ClaimExceptions *exceptions, uint64 nrows)
{
	ClaimException *list = palloc(sizeof(ClaimException) * (exceptions->count + nrows + 1));

	if (exceptions->count > 0)
		memcpy(list, exceptions->list, sizeof(ClaimException) * exceptions->count);
	for (uint64 row = 0; row < nrows; row++)
		list[exceptions->count++] = (ClaimException){
			.resource = *query_uuid(row, CLAIM_RESOURCE + 1),
			.starts_at = query_timestamptz(row, CLAIM_STARTS_AT + 1, 0),
			.seat = query_int32(row, CLAIM_SEAT + 1, 0),
		};
	exceptions->list = list;
}

ClaimExceptions *
claim_exceptions_read(const pg_uuid_t *clinic, TimestampTz now, const pg_uuid_t *appointment)
{
	ClaimExceptions *exceptions = palloc0(sizeof(ClaimExceptions));
	Datum values[] = {UUIDPGetDatum(clinic), TimestampTzGetDatum(now)};

	add_exceptions(exceptions, query_run(&find_expired_claims, values, NULL, 0));
	if (appointment)
	{
		values[1] = UUIDPGetDatum(appointment);
		add_exceptions(exceptions, query_run(&find_claims_of_visit, values, NULL, 0));
	}
	qsort(exceptions->list, exceptions->count, sizeof(ClaimException), compare_exceptions);
	return exceptions;
}

static bool
is_exception(const ClaimExceptions *exceptions, const pg_uuid_t *resource, const TakenSeat *claim)
{
	ClaimException wanted = {*resource, claim->starts_at, claim->seat};

	return exceptions->count > 0 && bsearch(&wanted, exceptions->list, exceptions->count,
											sizeof(ClaimException), compare_exceptions);
}

/* A stream that is under way. */
typedef struct Reading
{
	TimestampTz to;
	const ClaimExceptions *exceptions;
	ClaimFunction function;
	void *argument;
	bool is_stopped;
} Reading;

/* A row of the claims; no column of theirs is null. */
static bool
receive_claim(const Datum *values, const bool *nulls, void *argument)
{
	Reading *reading = argument;
	const pg_uuid_t *resource = DatumGetUUIDP(values[CLAIM_RESOURCE]);
	TakenSeat claim = {
		.seat = DatumGetInt32(values[CLAIM_SEAT]),
		.starts_at = DatumGetTimestampTz(values[CLAIM_STARTS_AT]),
		.ends_at = DatumGetTimestampTz(values[CLAIM_ENDS_AT]),
	};

	if (claim.starts_at >= reading->to)
		return false;
	if (is_exception(reading->exceptions, resource, &claim))
		return true;
	reading->is_stopped = !reading->function(resource, &claim, reading->argument);
	return !reading->is_stopped;
}

static SavedQuery *
query_of(const ClaimStream *stream)
{
	if (stream->resources == 0)
		return &find_claims;
	return stream->in_any_order ? &find_claims_unsorted : &find_claims_of_few;
}

bool
claims_stream(const ClaimStream *stream, ClaimFunction function, void *argument)
{
	Reading reading = {stream->to, stream->exceptions, function, argument, false};
	Datum values[] = {
		UUIDPGetDatum(stream->clinic),
		TimestampTzGetDatum(stream->from - stream->longest_claim),
		TimestampTzGetDatum(stream->from),
		TimestampTzGetDatum(stream->to),
		stream->resources,
	};

	query_stream(query_of(stream), values, receive_claim, &reading);
	return !reading.is_stopped;
}
