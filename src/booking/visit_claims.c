/*
 * visit_claims.c
 *		The claims of visits.
 */
#include "postgres.h"

#include "access/xact.h"
#include "booking/occupancy.h"
#include "booking/picks.h"
#include "booking/visit_claims.h"
#include "catalog/pg_type.h"
#include "errors.h"
#include "query.h"
#include "utils/array.h"

static SavedQuery insert_claim = {
	.sql = "insert into clinic.claim"
		   " (clinic_id, appointment_id, resource_id, seat, starts_at, ends_at)"
		   " values ($1, $2, $3, $4, $5, $6)",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, UUIDOID, INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

/* The same of many; the one above costs less. */
static SavedQuery insert_claims = {
	.sql = "insert into clinic.claim"
		   " (clinic_id, appointment_id, resource_id, seat, starts_at, ends_at)"
		   " select $1, t.appointment_id, t.resource_id, t.seat, t.starts_at, t.ends_at"
		   " from rows from (pg_catalog.unnest($2), pg_catalog.unnest($3), pg_catalog.unnest($4),"
		   " pg_catalog.unnest($5), pg_catalog.unnest($6))"
		   " t (appointment_id, resource_id, seat, starts_at, ends_at)",
	QUERY_PARAMETERS(UUIDOID, UUIDARRAYOID, UUIDARRAYOID, INT4ARRAYOID, TIMESTAMPTZARRAYOID,
					 TIMESTAMPTZARRAYOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

static SavedQuery delete_claims = {
	.sql = "delete from clinic.claim c where c.clinic_id" EQ "$1 and c.appointment_id" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

/* Claims that are to be written, a column each. */
typedef struct NewClaims
{
	int count;
	int room;
	pg_uuid_t *appointments;
	pg_uuid_t *resources;
	Datum *seats;
	Datum *starts;
	Datum *ends;
	bool contended; /* another row of the statement has picked one of the seats too */
} NewClaims;

/* The seats picked for the visit; picked again if its row was written some other way. */
static void
find_picked_seats(const VisitRow *row, const VisitTime *time, const pg_uuid_t *resources,
				  int nresources, ChosenSeat *seats)
{
	const pg_uuid_t *visit = visit_uuid(row, VISIT_ID);
	bool known = true;
	Look *look;

	for (int i = 0; i < nresources; i++)
	{
		seats[i].seat = pick_take(visit, &resources[i], time->claim_from, &seats[i].contended);
		known &= seats[i].seat != 0;
	}
	if (known)
		return;
	look = look_at(visit_uuid(row, VISIT_CLINIC_ID), resources, nresources, time->mode,
				   time->starts_at, time->claim_from, time->claim_to, visit, false);
	if (choose_seats(look, visit, time, seats) < nresources)
		refuse(REASON_SLOT_TAKEN, "that time is not free", NULL, NULL);
	seats[0].seat = DatumGetInt32(visit_datum(row, VISIT_SEAT));
}

static void
make_room(NewClaims *claims, int more)
{
	int room = claims->count + more;

	if (room <= claims->room)
		return;
	claims->room = room = Max(room, 2 * claims->room);
#define GROW(column) \
	((column) = \
		 (column) ? repalloc(column, sizeof(*(column)) * room) : palloc(sizeof(*(column)) * room))
	GROW(claims->appointments);
	GROW(claims->resources);
	GROW(claims->seats);
	GROW(claims->starts);
	GROW(claims->ends);
#undef GROW
}

static void
add_claims(NewClaims *claims, const VisitRow *visit)
{
	VisitTime time = visit_time_of(visit);
	pg_uuid_t *resources;
	int nresources = visit_resources(visit, &resources);
	ChosenSeat *seats = palloc(sizeof(ChosenSeat) * nresources);

	find_picked_seats(visit, &time, resources, nresources, seats);
	make_room(claims, nresources);
	for (int i = 0; i < nresources; i++)
	{
		int at = claims->count++;

		claims->appointments[at] = *visit_uuid(visit, VISIT_ID);
		claims->resources[at] = resources[i];
		claims->seats[at] = Int32GetDatum(seats[i].seat);
		claims->starts[at] = TimestampTzGetDatum(time.claim_from);
		claims->ends[at] = TimestampTzGetDatum(time.claim_to);
		claims->contended |= seats[i].contended;
	}
}

static Datum
int4_array(Datum *values, int count)
{
	return PointerGetDatum(
		construct_array(values, count, INT4OID, sizeof(int32), true, TYPALIGN_INT));
}

void
claims_write(const VisitRow *visits, int nvisits)
{
	NewClaims claims = {.count = 0};
	VisitTime time = visit_time_of(&visits[0]);
	Datum values[6];

	for (int i = 0; i < nvisits; i++)
		add_claims(&claims, &visits[i]);
	values[0] = visit_datum(&visits[0], VISIT_CLINIC_ID);
	if (claims.count == 1)
	{
		values[1] = UUIDPGetDatum(&claims.appointments[0]);
		values[2] = UUIDPGetDatum(&claims.resources[0]);
		values[3] = claims.seats[0];
		values[4] = claims.starts[0];
		values[5] = claims.ends[0];
	}
	else
	{
		values[1] = uuid_array(claims.appointments, claims.count);
		values[2] = uuid_array(claims.resources, claims.count);
		values[3] = int4_array(claims.seats, claims.count);
		values[4] = timestamptz_array(claims.starts, claims.count);
		values[5] = timestamptz_array(claims.ends, claims.count);
	}
	/* The exclusion constraint is the backstop. */
	if (query_run_unless(claims.count == 1 ? &insert_claim : &insert_claims, values,
						 ERRCODE_EXCLUSION_VIOLATION))
		return;
	/* Against another row of its own statement a visit loses however often it is tried. */
	if (IsolationUsesXactSnapshot() && !claims.contended)
		refuse_serialization("could not book because of a concurrent booking", "Retry.");
	refuse_taken(NULL, NULL, &time);
}

void
claims_remove(const VisitRow *visit)
{
	Datum values[] = {visit_datum(visit, VISIT_CLINIC_ID), visit_datum(visit, VISIT_ID)};

	(void) query_run(&delete_claims, values, NULL, 0);
}
