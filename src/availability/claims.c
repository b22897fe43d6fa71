/*
 * claims.c
 *		The claims on one resource, for going along them in time.
 */
#include "postgres.h"

#include "access/xact.h"
#include "availability/claims.h"
#include "catalog/pg_type.h"
#include "clinic/configuration.h"
#include "query.h"

/* No resource has more. */
#define MOST_SEATS 1000

enum
{
	CLAIM_SEAT = 1,
	CLAIM_STARTS_AT,
	CLAIM_ENDS_AT,
	CLAIM_HOLD_EXPIRED
};

/* $3 is where [$4, $5) begins less the longest claim; $6 the instant by which holds expire. */
#define CLAIMS_OF_STRETCH \
	" from clinic.claim c where c.clinic_id" EQ "$1 and c.resource_id" EQ "$2" \
	" and c.starts_at" GT "$3 and c.ends_at" GT "$4 and c.starts_at" LT "$5"

/* In each row: has the clinic any hold that expired?  That is one probe for all. */
static SavedQuery find_claims = {
	.sql = "select c.seat, c.starts_at, c.ends_at,"
		   " (select exists (select from clinic.appointment a where a.clinic_id" EQ
		   "$1 and a.status" EQ "'held'::clinic.appointment_status and a.hold_expires_at" LE
		   "$6))" CLAIMS_OF_STRETCH " order by c.starts_at",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID,
					 TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_STATEMENT,
	.as_owner = true,
};

/* The same without claims of holds that expired, and of one appointment. */
static SavedQuery find_standing_claims = {
	.sql = "select c.seat, c.starts_at, c.ends_at" CLAIMS_OF_STRETCH " and c.appointment_id" NE
		   "$7 and not exists (select from clinic.appointment a where a.clinic_id" EQ
		   "$1 and a.id" EQ "c.appointment_id and a.status" EQ
		   "'held'::clinic.appointment_status and a.hold_expires_at" LE "$6) order by c.starts_at",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID,
					 TIMESTAMPTZOID, UUIDOID),
	.snapshot = SNAPSHOT_STATEMENT,
	.as_owner = true,
};

void
claims_read(ClaimSweep *sweep, const pg_uuid_t *clinic, const pg_uuid_t *resource, TimestampTz from,
			TimestampTz to, const pg_uuid_t *except)
{
	static const pg_uuid_t nobody = {{0}};
	ClinicConfiguration configuration = {.longest_claim = 0};
	Datum values[7];
	uint64 nrows = 0;

	(void) configured_clinic(clinic, &configuration);
	values[0] = UUIDPGetDatum(clinic);
	values[1] = UUIDPGetDatum(resource);
	values[2] = TimestampTzGetDatum(from - configuration.longest_claim);
	values[3] = TimestampTzGetDatum(from);
	values[4] = TimestampTzGetDatum(to);
	values[5] = TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
	values[6] = UUIDPGetDatum(except ? except : &nobody);
	if (except == NULL)
		nrows = query_run(&find_claims, values, NULL, 0);
	if (except || (nrows > 0 && query_bool(0, CLAIM_HOLD_EXPIRED)))
		nrows = query_run(&find_standing_claims, values, NULL, 0);

	sweep->count = (int) nrows;
	sweep->claims = palloc(sizeof(TakenSeat) * Max(nrows, 1));
	sweep->longest = 0;
	for (uint64 row = 0; row < nrows; row++)
	{
		TakenSeat *claim = &sweep->claims[row];

		claim->seat = query_int32(row, CLAIM_SEAT, 0);
		claim->starts_at = query_timestamptz(row, CLAIM_STARTS_AT, 0);
		claim->ends_at = query_timestamptz(row, CLAIM_ENDS_AT, 0);
		sweep->longest = Max(sweep->longest, claim->ends_at - claim->starts_at);
	}
}

/* The first claim that starts after an instant. */
static int
first_after(const ClaimSweep *sweep, TimestampTz instant)
{
	int low = 0;
	int high = sweep->count;

	while (low < high)
	{
		int middle = low + (high - low) / 2;

		if (sweep->claims[middle].starts_at <= instant)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int32
claims_free_seats(const ClaimSweep *sweep, int32 seats, TimestampTz from, TimestampTz to)
{
	bool taken[MOST_SEATS + 1];
	int32 free = seats;
	int i = first_after(sweep, from - sweep->longest);

	Assert(seats <= MOST_SEATS);
	if (i < sweep->count && sweep->claims[i].starts_at < to)
		memset(taken, 0, sizeof(bool) * (seats + 1));
	for (; i < sweep->count && sweep->claims[i].starts_at < to; i++)
	{
		const TakenSeat *claim = &sweep->claims[i];

		if (claim->ends_at <= from || claim->seat > seats || taken[claim->seat])
			continue;
		taken[claim->seat] = true;
		free--;
	}
	return free;
}

bool
claims_free_at(const ClaimSweep *sweep, int32 seats, TimestampTz at, TimestampTz *until)
{
	int32 taken = 0;
	int i;

	*until = DT_NOEND;
	for (i = first_after(sweep, at - sweep->longest);
		 i < sweep->count && sweep->claims[i].starts_at <= at; i++)
	{
		const TakenSeat *claim = &sweep->claims[i];

		if (claim->ends_at <= at)
			continue;
		if (claim->seat <= seats)
			taken++;
		*until = Min(*until, claim->ends_at);
	}
	if (i < sweep->count)
		*until = Min(*until, sweep->claims[i].starts_at);
	return taken < seats;
}
