/*
 * claims.c
 *		The claims on a resource, for going along them in time.
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
	CLAIM_HOLD_EXPIRED,
	CLAIM_RESOURCE
};

#define CLAIM_COLUMNS "select c.seat, c.starts_at, c.ends_at"

/* In each row: has the clinic any hold that expired at $6?  That is one probe for all. */
#define A_HOLD_EXPIRED \
	", (select exists (select from clinic.appointment a where a.clinic_id" EQ "$1 and a.status" EQ \
	"'held'::clinic.appointment_status and a.hold_expires_at" LE "$6))"

/* $3 is where [$4, $5) begins less the longest claim. */
#define CLAIMS_OF_STRETCH \
	" from clinic.claim c where c.clinic_id" EQ "$1 and c.starts_at" GT "$3 and c.ends_at" GT \
	"$4 and c.starts_at" LT "$5"
#define OF_ONE " and c.resource_id" EQ "$2"
#define OF_MANY " and c.resource_id operator(pg_catalog.=) any ($2)"

/* Neither claims of holds that expired, nor of one appointment. */
#define STANDING \
	" and c.appointment_id" NE "$7 and not exists (select from clinic.appointment a" \
	" where a.clinic_id" EQ "$1 and a.id" EQ "c.appointment_id and a.status" EQ \
	"'held'::clinic.appointment_status and a.hold_expires_at" LE "$6)"

static SavedQuery find_claims = {
	.sql = CLAIM_COLUMNS A_HOLD_EXPIRED CLAIMS_OF_STRETCH OF_ONE " order by c.starts_at",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID,
					 TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_STATEMENT,
	.as_owner = true,
};

static SavedQuery find_standing_claims = {
	.sql = CLAIM_COLUMNS CLAIMS_OF_STRETCH OF_ONE STANDING " order by c.starts_at",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID,
					 TIMESTAMPTZOID, UUIDOID),
	.snapshot = SNAPSHOT_STATEMENT,
	.as_owner = true,
};

/* The same of several resources, which no index gives in the order of time. */
static SavedQuery find_claims_of_many = {
	.sql = CLAIM_COLUMNS A_HOLD_EXPIRED ", c.resource_id" CLAIMS_OF_STRETCH OF_MANY,
	QUERY_PARAMETERS(UUIDOID, UUIDARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID,
					 TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_STATEMENT,
	.as_owner = true,
	.index = "claim_resource",
};

static SavedQuery find_standing_claims_of_many = {
	.sql = CLAIM_COLUMNS ", null, c.resource_id" CLAIMS_OF_STRETCH OF_MANY STANDING,
	QUERY_PARAMETERS(UUIDOID, UUIDARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID,
					 TIMESTAMPTZOID, UUIDOID),
	.snapshot = SNAPSHOT_STATEMENT,
	.as_owner = true,
	.index = "claim_resource",
};

/* The claims of a row, put at the end of a sweep that has room for it. */
static void
add_claim(ClaimSweep *sweep, uint64 row)
{
	TakenSeat *claim = &sweep->claims[sweep->count++];

	claim->seat = query_int32(row, CLAIM_SEAT, 0);
	claim->starts_at = query_timestamptz(row, CLAIM_STARTS_AT, 0);
	claim->ends_at = query_timestamptz(row, CLAIM_ENDS_AT, 0);
	sweep->longest = Max(sweep->longest, claim->ends_at - claim->starts_at);
}

static int
compare_starts(const void *a, const void *b)
{
	TimestampTz x = ((const TakenSeat *) a)->starts_at;
	TimestampTz y = ((const TakenSeat *) b)->starts_at;

	return x < y ? -1 : x > y;
}

void
claims_sort(ClaimSweep *sweep)
{
	sweep->longest = 0;
	for (int i = 0; i < sweep->count; i++)
		sweep->longest = Max(sweep->longest, sweep->claims[i].ends_at - sweep->claims[i].starts_at);
	qsort(sweep->claims, sweep->count, sizeof(TakenSeat), compare_starts);
}

/* A resource, and where it stands among those asked about. */
typedef struct Place
{
	pg_uuid_t resource;
	int index;
} Place;

static int
compare_places(const void *a, const void *b)
{
	return memcmp(&((const Place *) a)->resource, &((const Place *) b)->resource, UUID_LEN);
}

/* Give each sweep the rows of its resource. */
static void
share_out(ClaimSweep *sweeps, const pg_uuid_t *resources, int nresources, uint64 nrows)
{
	Place *places = palloc(sizeof(Place) * nresources);
	int *index = palloc(sizeof(int) * Max(nrows, 1));

	for (int i = 0; i < nresources; i++)
	{
		places[i].resource = resources[i];
		places[i].index = i;
	}
	qsort(places, nresources, sizeof(Place), compare_places);
	for (uint64 row = 0; row < nrows; row++)
	{
		Place wanted = {.resource = *query_uuid(row, CLAIM_RESOURCE)};
		const Place *place = bsearch(&wanted, places, nresources, sizeof(Place), compare_places);

		index[row] = place->index;
		sweeps[place->index].count++;
	}
	for (int i = 0; i < nresources; i++)
	{
		sweeps[i].claims = palloc(sizeof(TakenSeat) * Max(sweeps[i].count, 1));
		sweeps[i].count = 0;
	}
	for (uint64 row = 0; row < nrows; row++)
		add_claim(&sweeps[index[row]], row);
	for (int i = 0; i < nresources; i++)
		claims_sort(&sweeps[i]);
}

void
claims_read(ClaimSweep *sweeps, const pg_uuid_t *clinic, const pg_uuid_t *resources, int nresources,
			TimestampTz from, TimestampTz to, const pg_uuid_t *except, QuerySnapshot snapshot)
{
	static const pg_uuid_t nobody = {{0}};
	bool one = nresources == 1;
	SavedQuery *all = one ? &find_claims : &find_claims_of_many;
	SavedQuery *standing = one ? &find_standing_claims : &find_standing_claims_of_many;
	ClinicConfiguration configuration = {.longest_claim = 0};
	Datum values[7];
	uint64 nrows = 0;

	memset(sweeps, 0, sizeof(ClaimSweep) * nresources);
	if (nresources == 0)
		return;
	(void) configured_clinic(clinic, &configuration);
	values[0] = UUIDPGetDatum(clinic);
	values[1] = one ? UUIDPGetDatum(resources) : uuid_array(resources, nresources);
	values[2] = TimestampTzGetDatum(from - configuration.longest_claim);
	values[3] = TimestampTzGetDatum(from);
	values[4] = TimestampTzGetDatum(to);
	values[5] = TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
	values[6] = UUIDPGetDatum(except ? except : &nobody);
	if (except == NULL)
		nrows = query_run_as_of(all, snapshot, values, NULL, 0);
	if (except || (nrows > 0 && query_bool(0, CLAIM_HOLD_EXPIRED)))
		nrows = query_run_as_of(standing, snapshot, values, NULL, 0);

	if (!one)
	{
		share_out(sweeps, resources, nresources, nrows);
		return;
	}
	sweeps->claims = palloc(sizeof(TakenSeat) * Max(nrows, 1));
	for (uint64 row = 0; row < nrows; row++)
		add_claim(sweeps, row);
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
