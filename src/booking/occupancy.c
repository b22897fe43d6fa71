/*
 * occupancy.c
 *		What a visit occupies: its time, its seats, and whether that changes.
 */
#include "postgres.h"

#include "access/xact.h"
#include "booking/occupancy.h"
#include "booking/picks.h"
#include "catalog/pg_type.h"
#include "query.h"

static SavedQuery find_claim = {
	.sql = "select 1 from clinic.claim c where c.clinic_id" EQ "$1 and c.appointment_id" EQ
		   "$2 limit 1",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

VisitTime
visit_time_of(const VisitRow *row)
{
	VisitTime time;

	time.mode = visit_mode(row);
	time.starts_at = visit_time(row, VISIT_STARTS_AT);
	time.ends_at = visit_time(row, VISIT_ENDS_AT);
	time.claim_from = time.starts_at - visit_microseconds(row, VISIT_BUFFER_BEFORE);
	time.claim_to = time.ends_at + visit_microseconds(row, VISIT_BUFFER_AFTER);
	return time;
}

static const VisitColumn planned_columns[] = {
	VISIT_PROVIDER_ID,	 VISIT_SERVICE_ID,	 VISIT_STARTS_AT,	 VISIT_ENDS_AT,
	VISIT_BUFFER_BEFORE, VISIT_BUFFER_AFTER, VISIT_RESOURCE_IDS, VISIT_PATIENT_ID,
};

bool
plan_changed(const VisitRow *row, const VisitRow *old)
{
	for (size_t i = 0; i < lengthof(planned_columns); i++)
		if (!visit_same(row, old, planned_columns[i]))
			return true;
	return false;
}

/*
 * Whether a hold's claims were reaped is not told by this transaction's clock,
 * which may have begun before the hold ended; the row is locked now, so nobody
 * reaps them any more.
 */
bool
reclaims(const VisitRow *row, const VisitRow *old)
{
	Datum values[] = {visit_datum(old, VISIT_CLINIC_ID), visit_datum(old, VISIT_ID)};

	if (visit_status(old) != STATUS_HELD || !status_claims(visit_status(row)) ||
		(visit_same(row, old, VISIT_STATUS) && visit_same(row, old, VISIT_HOLD_EXPIRES_AT)))
		return false;
	return visit_time(old, VISIT_HOLD_EXPIRES_AT) <= GetCurrentTransactionStartTimestamp() ||
		   query_run(&find_claim, values, NULL, 1) == 0;
}

bool
books_again(const VisitRow *row, const VisitRow *old)
{
	return !visit_same(row, old, VISIT_PATIENT_ID) || reclaims(row, old);
}

/* A free seat of the resource, rather one that no earlier row of this statement has picked. */
static ChosenSeat
choose_seat(const LookedResource *resource, const pg_uuid_t *visit, const VisitTime *time)
{
	TakenSeat *taken = palloc(sizeof(TakenSeat) * Max(resource->ntaken, 1));
	ChosenSeat chosen = {0, false};
	int ntaken;

	if (resource->ntaken > 0)
		memcpy(taken, resource->taken, sizeof(TakenSeat) * resource->ntaken);
	ntaken = picks_append(visit, &resource->id, time->claim_from, time->claim_to, &taken,
						  resource->ntaken);
	chosen.seat =
		lowest_free_seat(taken, ntaken, resource->seats, time->claim_from, time->claim_to);
	if (chosen.seat == 0 && ntaken > resource->ntaken)
	{
		chosen.seat = lowest_free_seat(resource->taken, resource->ntaken, resource->seats,
									   time->claim_from, time->claim_to);
		chosen.contended = true;
	}
	pfree(taken);
	return chosen;
}

int
choose_seats(const Look *look, const pg_uuid_t *visit, const VisitTime *time, ChosenSeat *seats)
{
	int chosen;

	for (chosen = 0; chosen < look->nresources; chosen++)
	{
		seats[chosen] = choose_seat(&look->resources[chosen], visit, time);
		if (seats[chosen].seat == 0)
			break;
	}
	return chosen;
}
