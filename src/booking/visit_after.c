/*
 * visit_after.c
 *		After all rows of a statement on table appointment are written, whoever
 *		wrote them: write their claims, look at the patients' other visits, and
 *		journal.
 *
 * Claims are not written before, because a row may yet be skipped by ON CONFLICT
 * DO NOTHING.  What time visits give up is noted here, and offered to who waits
 * for it when the statement is done.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "booking/occupancy.h"
#include "booking/patient_rules.h"
#include "booking/visit_batch.h"
#include "booking/visit_claims.h"
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
#include "waitlist/follow.h"
#include "waitlist/freed.h"

PG_FUNCTION_INFO_V1(visit_after);

/* The row as it is now, whatever this transaction has done to it since. */
static SavedQuery find_present_row = {
	.sql = "select a from clinic.appointment a where a.clinic_id" EQ "$1 and a.id" EQ "$2",
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

	claims_remove(written);
	if (query_run(&find_present_row, values, NULL, 1) == 0)
		return;
	tuple.t_data = DatumGetHeapTupleHeader(query_datum(0, 1, &isnull));
	tuple.t_len = HeapTupleHeaderGetDatumLength(tuple.t_data);
	visit_read(&present, relation, &tuple);
	if (has_claims(&present))
	{
		claims_write(&present, 1);
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
			claims_remove(old);
		return;
	}
	if (!has_claims(row))
		return;
	booked = books_again(row, old);
	/* Planned anew it may have another seat, though all else is as it was. */
	if (!booked && !plan_changed(row, old) && visit_same(row, old, VISIT_SEAT))
		return;
	claims_remove(old);
	claims_write(row, 1);
	check_visits_of_statement(row, booked);
}

/* Has a visit that had claims none any more, or other ones? */
static bool
gives_up_time(const VisitRow *row, const VisitRow *old)
{
	VisitStatus status;

	if (!has_claims(old))
		return false;
	if (row == NULL)
		return true;
	status = visit_status(row);
	return status == STATUS_CANCELLED || status == STATUS_NO_SHOW || plan_changed(row, old);
}

/* Let the waitlist know what an update or (row is NULL) a delete may mean to it. */
static void
tell_waitlist(const VisitRow *row, const VisitRow *old)
{
	if (gives_up_time(row, old))
		freed_note(old);
	if (visit_status(old) == STATUS_HELD)
		offer_follow(old);
}

static void
after_delete(Relation relation, HeapTuple deleted)
{
	VisitRow old;

	visit_read(&old, relation, deleted);
	claims_remove(&old);
	journal_write(relation, deleted, NULL, &journal_subject);
	tell_waitlist(NULL, &old);
}

static void
after_change(const TriggerData *trigger)
{
	Relation relation = trigger->tg_relation;
	TriggerRows rows = trigger_rows(trigger);
	TupleTableSlot *slot = rows.old ? trigger->tg_newslot : trigger->tg_trigslot;
	VisitRow old;
	VisitRow row;

	if (rows.written == NULL)
	{
		after_delete(relation, rows.old);
		return;
	}
	if (rows.old)
		visit_read(&old, relation, rows.old);
	visit_read(&row, relation, rows.written);

	if (!table_tuple_satisfies_snapshot(relation, slot, SnapshotSelf))
		claims_of_present_row(relation, &row, rows.old == NULL || books_again(&row, &old));
	else if (rows.old)
		claims_after_update(&row, &old);
	else if (has_claims(&row) && visit_batch_is_open())
		visit_batch_add(relation, rows.written);
	else if (has_claims(&row))
	{
		claims_write(&row, 1);
		check_visits_of_statement(&row, true);
	}
	journal_write(relation, rows.old, rows.written, &journal_subject);
	if (rows.old)
		tell_waitlist(&row, &old);
}
