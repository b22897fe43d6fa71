/*
 * follow.c
 *		Entries of the waitlist follow the visits that are offered to them, whoever
 *		changes those: confirmed, the offer is accepted; cancelled, released or
 *		deleted, it is declined or, once its time is over, was not answered.
 *
 * Who changes a visit must not notice, so an entry that somebody else has locked
 * is left as it is until clinic.offer_waitlist() comes by.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "identity/identity.h"
#include "query.h"
#include "waitlist/follow.h"
#include "waitlist/offer.h"

static SavedQuery find_offer = {
	.sql = "select 1 from clinic.waitlist_entry e where e.clinic_id" EQ "$1 and e.appointment_id" EQ
		   "$2 and e.status" EQ "'offered'::clinic.waitlist_status",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

/*
 * $3 is now.  A visit that somebody gave to another patient is as good as deleted.
 * Of offers that were not answered the clinic takes so many in a row.
 */
static SavedQuery settle = {
	.sql = "with offer as materialized (select e.id, a.id is not null and a.status" EQ
		   "'held'::clinic.appointment_status as is_open,"
		   " a.id is not null and a.status" NE "'cancelled'::clinic.appointment_status"
		   " and a.status" NE "'no_show'::clinic.appointment_status as stands,"
		   " a.starts_at, a.ends_at, a.hold_expires_at"
		   " from clinic.waitlist_entry e left join clinic.appointment a"
		   " on a.clinic_id" EQ "$1 and a.id" EQ "e.appointment_id and a.patient_id" EQ
		   "e.patient_id where e.clinic_id" EQ "$1 and e.status" EQ
		   "'offered'::clinic.waitlist_status and ($2 is null or e.appointment_id" EQ
		   "$2) and (a.id is null or a.status" NE
		   "'held'::clinic.appointment_status or a.hold_expires_at" NE
		   "e.offer_expires_at or pg_catalog.tstzrange(a.starts_at, a.ends_at)" NE
		   "e.offered_during) for no key update of e skip locked)"
		   " update clinic.waitlist_entry e set"
		   " status = case when o.is_open then 'offered'::clinic.waitlist_status"
		   " when o.stands then 'accepted'"
		   " when e.offer_expires_at" LE "$3 and (e.unanswered operator(pg_catalog.+) 1)" GE
		   "k.max_unanswered_offers then 'expired' else 'waiting' end,"
		   " appointment_id = case when o.stands then e.appointment_id end,"
		   " offered_during = case when o.stands"
		   " then pg_catalog.tstzrange(o.starts_at, o.ends_at) end,"
		   " offer_expires_at = case when o.is_open then o.hold_expires_at end,"
		   " passed = case when o.stands then e.passed else e.passed operator(pg_catalog.+)"
		   " pg_catalog.tstzmultirange(e.offered_during) end,"
		   " unanswered = case when o.is_open then e.unanswered when not o.stands and"
		   " e.offer_expires_at" LE "$3 then (e.unanswered operator(pg_catalog.+) 1) else 0 end"
		   " from offer o, clinic.clinic k where e.clinic_id" EQ "$1 and e.id" EQ "o.id and k.id" EQ
		   "$1",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

/* As the owner: what was offered on behalf of the clinic it takes back. */
static SavedQuery lapse = {
	.sql = "with expired as materialized (select a.id from clinic.appointment a"
		   " where a.clinic_id" EQ "$1 and a.status" EQ "'held'::clinic.appointment_status"
		   " and a.hold_expires_at" LE "$2 and exists (select from clinic.waitlist_entry e"
		   " where e.clinic_id" EQ "$1 and e.appointment_id" EQ "a.id and e.status" EQ
		   "'offered'::clinic.waitlist_status) for no key update skip locked)"
		   " update clinic.appointment a set status = 'cancelled',"
		   " cancellation_reason = 'offer_expired'"
		   " from expired x where a.clinic_id" EQ "$1 and a.id" EQ "x.id",
	QUERY_PARAMETERS(UUIDOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

static SavedQuery expire_waiting = {
	.sql =
		"with over as materialized (select e.id from clinic.waitlist_entry e where e.clinic_id" EQ
		"$1 and e.status" EQ "'waiting'::clinic.waitlist_status"
		" and pg_catalog.upper(e.wanted)" LE "$2 for no key update skip locked)"
		" update clinic.waitlist_entry e set status = 'expired' from over o where e.clinic_id" EQ
		"$1 and e.id" EQ "o.id",
	QUERY_PARAMETERS(UUIDOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

void
offers_settle(const pg_uuid_t *clinic, const pg_uuid_t *visit)
{
	Datum values[] = {UUIDPGetDatum(clinic), UUIDPGetDatum(visit),
					  TimestampTzGetDatum(GetCurrentTransactionStartTimestamp())};
	bool nulls[] = {false, visit == NULL, false};

	(void) query_run(&settle, values, nulls, 0);
}

static void
settle_offer_of(void *argument)
{
	const VisitRow *hold = argument;

	query_begin();
	offers_settle(visit_uuid(hold, VISIT_CLINIC_ID), visit_uuid(hold, VISIT_ID));
	query_end();
}

void
offer_follow(const VisitRow *hold)
{
	Datum values[] = {visit_datum(hold, VISIT_CLINIC_ID), visit_datum(hold, VISIT_ID)};
	int patience = 0;

	if (!IsolationIsSerializable() && query_run(&find_offer, values, NULL, 1) > 0)
		(void) quietly(settle_offer_of, unconstify(VisitRow *, hold), &patience);
}

static uint64
run_for_clinic(SavedQuery *update, const pg_uuid_t *clinic)
{
	Datum values[] = {UUIDPGetDatum(clinic),
					  TimestampTzGetDatum(GetCurrentTransactionStartTimestamp())};

	return query_run(update, values, NULL, 0);
}

uint64
offers_lapse(const pg_uuid_t *clinic)
{
	bool before = identity_act_for_clinic(true);
	uint64 lapsed = 0;

	PG_TRY();
	{
		lapsed = run_for_clinic(&lapse, clinic);
	}
	PG_FINALLY();
	{
		(void) identity_act_for_clinic(before);
	}
	PG_END_TRY();
	return lapsed;
}

void
waiting_expire(const pg_uuid_t *clinic)
{
	(void) run_for_clinic(&expire_waiting, clinic);
}
