/*
 * visit_after.c
 *		After all rows of a statement on table appointment are written, whoever
 *		wrote them: write their claims, look at the patients' other visits, and
 *		journal.
 *
 * Claims are not written before, because a row may yet be skipped by ON CONFLICT
 * DO NOTHING.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "booking/occupancy.h"
#include "booking/patient_rules.h"
#include "booking/picks.h"
#include "catalog/pg_type.h"
#include "errors.h"
#include "fmgr.h"
#include "journal/journal.h"
#include "lock.h"
#include "query.h"
#include "restore.h"
#include "trigger.h"
#include "utils/array.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(visit_after);

/* The row as it is now, whatever this transaction has done to it since. */
static SavedQuery find_present_row = {
	.sql = "select a from clinic.appointment a where a.clinic_id" EQ "$1 and a.id" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

static SavedQuery insert_claim = {
	.sql = "insert into clinic.claim"
		   " (clinic_id, appointment_id, resource_id, seat, starts_at, ends_at)"
		   " values ($1, $2, $3, $4, $5, $6)",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, UUIDOID, INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

/* The same for several resources; the one above costs less. */
static SavedQuery insert_claims = {
	.sql = "insert into clinic.claim"
		   " (clinic_id, appointment_id, resource_id, seat, starts_at, ends_at)"
		   " select $1, $2, t.resource_id, t.seat, $5, $6"
		   " from rows from (pg_catalog.unnest($3), pg_catalog.unnest($4)) t (resource_id, seat)",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, UUIDARRAYOID, INT4ARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

static SavedQuery delete_claims = {
	.sql = "delete from clinic.claim c where c.clinic_id" EQ "$1 and c.appointment_id" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

static const JournalSubject journal_subject = {"appointment", "id", NULL};

static void after_change(const TriggerData *trigger);

/* AFTER INSERT, UPDATE or DELETE row trigger. */
Datum
visit_after(PG_FUNCTION_ARGS)
{
	const TriggerData *trigger = trigger_data(fcinfo, TRIGGER_EVENT_ROW | TRIGGER_EVENT_AFTER, 0);

	if (restoring(trigger->tg_relation))
		return PointerGetDatum(NULL);
	query_begin();
	after_change(trigger);
	query_end();
	return PointerGetDatum(NULL);
}

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
				   time->starts_at, time->claim_from, time->claim_to, visit);
	if (choose_seats(look, visit, time, seats) < nresources)
		refuse(REASON_SLOT_TAKEN, "that time is not free", NULL, NULL);
	seats[0].seat = DatumGetInt32(visit_datum(row, VISIT_SEAT));
}

/*
 * Insert claims; a violation of the exclusion constraint, the backstop, is
 * raised again in our words.  There is no subtransaction: the error is not
 * survived, only renamed.  Kept apart for what PG_TRY does to local variables.
 */
static void
insert_claims_or_refuse(SavedQuery *insert, const Datum *values, bool *overlap)
{
	MemoryContext caller = CurrentMemoryContext;

	*overlap = false;
	PG_TRY();
	{
		(void) query_run(insert, values, NULL, 0);
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		if (error->sqlerrcode != ERRCODE_EXCLUSION_VIOLATION)
			PG_RE_THROW();
		FlushErrorState();
		*overlap = true;
	}
	PG_END_TRY();
}

static void
write_claims(const VisitRow *row)
{
	VisitTime time = visit_time_of(row);
	pg_uuid_t *resources;
	int nresources = visit_resources(row, &resources);
	ChosenSeat *seats = palloc(sizeof(ChosenSeat) * nresources);
	Datum *seat_values = palloc(sizeof(Datum) * nresources);
	bool contended = false;
	Datum values[6];
	bool overlap;

	find_picked_seats(row, &time, resources, nresources, seats);
	for (int i = 0; i < nresources; i++)
	{
		seat_values[i] = Int32GetDatum(seats[i].seat);
		contended |= seats[i].contended;
	}
	values[0] = visit_datum(row, VISIT_CLINIC_ID);
	values[1] = visit_datum(row, VISIT_ID);
	values[2] = UUIDPGetDatum(&resources[0]);
	values[3] = seat_values[0];
	if (nresources > 1)
	{
		values[2] = uuid_array(resources, nresources);
		values[3] = PointerGetDatum(
			construct_array(seat_values, nresources, INT4OID, sizeof(int32), true, TYPALIGN_INT));
	}
	values[4] = TimestampTzGetDatum(time.claim_from);
	values[5] = TimestampTzGetDatum(time.claim_to);
	insert_claims_or_refuse(nresources > 1 ? &insert_claims : &insert_claim, values, &overlap);
	if (!overlap)
		return;
	/* Against another row of its own statement a visit loses however often it is tried. */
	if (IsolationUsesXactSnapshot() && !contended)
		refuse_serialization("could not book because of a concurrent booking", "Retry.");
	refuse_taken(NULL, NULL, &time);
}

static void
remove_claims(const VisitRow *row)
{
	Datum values[] = {visit_datum(row, VISIT_CLINIC_ID), visit_datum(row, VISIT_ID)};

	(void) query_run(&delete_claims, values, NULL, 0);
}

static bool
has_claims(const VisitRow *row)
{
	return status_claims(visit_status(row)) && visit_mode(row) != MODE_WALK_IN;
}

/*
 * The row was changed again before its trigger ran, by a function in RETURNING
 * or by somebody else's trigger: make the claims what the present row says.
 */
static void
claims_of_present_row(Relation relation, const VisitRow *written, bool booked)
{
	Datum values[] = {visit_datum(written, VISIT_CLINIC_ID), visit_datum(written, VISIT_ID)};
	HeapTupleData tuple = {0};
	bool isnull;
	VisitRow present;

	remove_claims(written);
	if (query_run(&find_present_row, values, NULL, 1) == 0)
		return;
	tuple.t_data = DatumGetHeapTupleHeader(query_datum(0, 1, &isnull));
	tuple.t_len = HeapTupleHeaderGetDatumLength(tuple.t_data);
	visit_read(&present, relation, &tuple);
	if (has_claims(&present))
	{
		write_claims(&present);
		check_visits_of_statement(&present, booked);
	}
}

static void
claims_after_update(const VisitRow *row, const VisitRow *old)
{
	VisitStatus status = visit_status(row);
	bool booked;

	/* A completed visit keeps its claims: it did take the time. */
	if (status == STATUS_CANCELLED || status == STATUS_NO_SHOW)
	{
		if (has_claims(old))
			remove_claims(old);
		return;
	}
	if (!has_claims(row))
		return;
	booked = books_again(row, old);
	if (!booked && !plan_changed(row, old))
		return;
	remove_claims(old);
	write_claims(row);
	check_visits_of_statement(row, booked);
}

static void
after_change(const TriggerData *trigger)
{
	Relation relation = trigger->tg_relation;
	TriggerRows rows = trigger_rows(trigger);
	TupleTableSlot *slot = rows.old ? trigger->tg_newslot : trigger->tg_trigslot;
	VisitRow old;
	VisitRow row;

	if (rows.old)
		visit_read(&old, relation, rows.old);
	if (rows.written)
		visit_read(&row, relation, rows.written);

	if (rows.written == NULL)
		remove_claims(&old);
	else if (!table_tuple_satisfies_snapshot(relation, slot, SnapshotSelf))
		claims_of_present_row(relation, &row, rows.old == NULL || books_again(&row, &old));
	else if (rows.old)
		claims_after_update(&row, &old);
	else if (has_claims(&row))
	{
		write_claims(&row);
		check_visits_of_statement(&row, true);
	}
	journal_write(relation, rows.old, rows.written, &journal_subject);
}
