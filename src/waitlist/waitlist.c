/*
 * waitlist.c
 *		clinic.join_waitlist(), leave_waitlist(), accept_offer(), decline_offer() and
 *		offer_waitlist().
 *
 * Who changes an entry locks it and the visit that is offered to it by name, as
 * visits are (see lock.h), then the entry's row; the visit's is locked by its
 * UPDATE.  What becomes of the visit, the entry follows.
 */
#include "postgres.h"

#include "booking/account.h"
#include "catalog/pg_type.h"
#include "errors.h"
#include "fmgr.h"
#include "identity/identity.h"
#include "lock.h"
#include "query.h"
#include "waitlist/follow.h"
#include "waitlist/offer.h"
#include "waitlist/waiting.h"

PG_FUNCTION_INFO_V1(join_waitlist);
PG_FUNCTION_INFO_V1(leave_waitlist);
PG_FUNCTION_INFO_V1(accept_offer);
PG_FUNCTION_INFO_V1(decline_offer);
PG_FUNCTION_INFO_V1(offer_waitlist);

#define OF_ENTRY " where e.clinic_id" EQ "$1 and e.id" EQ "$2"

static SavedQuery insert_entry = {
	.sql = "insert into clinic.waitlist_entry as e (clinic_id, patient_id, service_id, wanted,"
		   " providers, priority) values ($1, $2, $3, $4, $5, coalesce($6, 3)) returning e",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, UUIDOID, TSTZMULTIRANGEOID, UUIDARRAYOID, INT4OID),
	.snapshot = SNAPSHOT_WRITE,
};

static SavedQuery get_entry = {
	.sql = "select e from clinic.waitlist_entry e" OF_ENTRY,
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
};

#define ENTRY_COLUMNS \
	"select e.status::pg_catalog.text, e.patient_id, e.appointment_id," \
	" not pg_catalog.isempty(e.passed) from clinic.waitlist_entry e" OF_ENTRY

static SavedQuery find_entry = {
	.sql = ENTRY_COLUMNS,
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
};

static SavedQuery lock_entry = {
	.sql = ENTRY_COLUMNS " for no key update",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
};

static SavedQuery try_lock_entry = {
	.sql = ENTRY_COLUMNS " for no key update skip locked",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
};

/* The caller has locked the row, as it may. */
static SavedQuery leave_entry = {
	.sql = "update clinic.waitlist_entry e set status = 'left', appointment_id = null,"
		   " offered_during = null, offer_expires_at = null" OF_ENTRY,
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

#define OF_HOLD \
	" where a.clinic_id" EQ "$1 and a.id" EQ "$2 and a.status" EQ \
	"'held'::clinic.appointment_status returning a"

static SavedQuery schedule_visit = {
	.sql = "update clinic.appointment a set status = 'scheduled'" OF_HOLD,
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
};

static SavedQuery give_up_visit = {
	.sql = "update clinic.appointment a set status = 'cancelled',"
		   " cancellation_reason = 'offer_declined'" OF_HOLD,
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
};

/* An entry whose row is locked. */
typedef struct Entry
{
	Datum key[2]; /* the clinic's id, and its own */
	bool is_waiting;
	bool is_offered;
	bool had_offers; /* that have ended */
	const char *status;
	Datum visit[2]; /* the clinic's id, and the visit's, if one is offered */
} Entry;

static _Noreturn void
refuse_unknown_entry(void)
{
	refuse(REASON_NOT_FOUND, "there is no such entry of the waitlist in this clinic", NULL, NULL);
}

/* Put the clinic's and the entry's id, arguments 1 and 0, into key. */
static void
read_key(FunctionCallInfo fcinfo, Datum *key)
{
	if (PG_ARGISNULL(0))
		refuse_null("entry_id");
	if (PG_ARGISNULL(1))
		refuse_null("clinic_id");
	key[0] = PG_GETARG_DATUM(1);
	key[1] = PG_GETARG_DATUM(0);
}

/* Lock the entry for who may change it, and the visit that is offered to it. */
static void
open_entry(Entry *entry)
{
	const pg_uuid_t *clinic = DatumGetUUIDP(entry->key[0]);
	bool must_try = lock_rows_must_be_tried();
	pg_uuid_t names[2] = {*DatumGetUUIDP(entry->key[1])};
	const pg_uuid_t *visit;

	if (query_run(&find_entry, entry->key, NULL, 1) == 0)
		refuse_unknown_entry();
	visit = query_uuid(0, 3);
	if (visit)
		names[1] = *visit;
	check_account(clinic, query_uuid(0, 2));
	lock_clinic(clinic, LOCK_SHARED, LOCK_WAIT);
	lock_visits(clinic, names, visit ? 2 : 1);
	if (query_run(must_try ? &try_lock_entry : &lock_entry, entry->key, NULL, 1) == 0)
		refuse_lock();
	entry->status = query_text(0, 1);
	entry->is_waiting = strcmp(entry->status, "waiting") == 0;
	entry->is_offered = strcmp(entry->status, "offered") == 0;
	entry->had_offers = query_bool(0, 4);
	visit = query_uuid(0, 3);
	if (!entry->is_offered)
		return;
	entry->visit[0] = entry->key[0];
	entry->visit[1] = UUIDPGetDatum(visit);
	/* Another one meanwhile, perhaps. */
	lock_visit(clinic, visit);
}

static _Noreturn void
refuse_ended_offer(void)
{
	refuse(REASON_HOLD_EXPIRED, "the offer has ended", NULL,
		   "The entry waits on, for another time.");
}

static void
require_offer(const Entry *entry)
{
	if (entry->is_offered)
		return;
	if (entry->is_waiting && entry->had_offers)
		refuse_ended_offer();
	refuse(REASON_INVALID_TRANSITION,
		   entry->is_waiting ? "nothing is offered to this entry of the waitlist"
							 : psprintf("this entry of the waitlist is over: %s", entry->status),
		   NULL, NULL);
}

static void
settle_offer(const Entry *entry)
{
	offers_settle(DatumGetUUIDP(entry->key[0]), DatumGetUUIDP(entry->visit[1]));
}

/* As it is now. */
static Datum
entry_row(const Entry *entry)
{
	if (query_run(&get_entry, entry->key, NULL, 1) == 0)
		refuse_unknown_entry();
	return query_copy_composite(0, 1);
}

Datum
join_waitlist(PG_FUNCTION_ARGS)
{
	static const char *const names[] = {"patient_id", "service_id", "wanted"};
	Datum values[6];
	bool nulls[6];
	Datum entry;

	values[0] = PG_GETARG_DATUM(5);
	nulls[0] = PG_ARGISNULL(5);
	if (nulls[0])
		refuse_null("clinic_id");
	for (int i = 0; i < 5; i++)
	{
		if (i < (int) lengthof(names) && PG_ARGISNULL(i))
			refuse_null(names[i]);
		values[i + 1] = PG_GETARG_DATUM(i);
		nulls[i + 1] = PG_ARGISNULL(i);
	}
	query_begin();
	query_run_one(&insert_entry, values, nulls);
	entry = query_copy_composite(0, 1);
	query_end();
	PG_RETURN_DATUM(entry);
}

Datum
leave_waitlist(PG_FUNCTION_ARGS)
{
	Entry entry = {.is_offered = false};
	Datum row;

	read_key(fcinfo, entry.key);
	query_begin();
	open_entry(&entry);
	if (!entry.is_offered && !entry.is_waiting)
		require_offer(&entry);
	(void) query_run(&leave_entry, entry.key, NULL, 0);
	if (entry.is_offered)
		(void) query_run(&give_up_visit, entry.visit, NULL, 0);
	row = entry_row(&entry);
	query_end();
	PG_RETURN_DATUM(row);
}

Datum
accept_offer(PG_FUNCTION_ARGS)
{
	Entry entry = {.is_offered = false};
	Datum visit;

	read_key(fcinfo, entry.key);
	query_begin();
	open_entry(&entry);
	require_offer(&entry);
	if (query_run(&schedule_visit, entry.visit, NULL, 0) == 0)
		refuse_ended_offer();
	visit = query_copy_composite(0, 1);
	settle_offer(&entry);
	query_end();
	PG_RETURN_DATUM(visit);
}

Datum
decline_offer(PG_FUNCTION_ARGS)
{
	Entry entry = {.is_offered = false};
	Datum row;

	read_key(fcinfo, entry.key);
	query_begin();
	open_entry(&entry);
	require_offer(&entry);
	(void) query_run(&give_up_visit, entry.visit, NULL, 0);
	settle_offer(&entry);
	row = entry_row(&entry);
	query_end();
	PG_RETURN_DATUM(row);
}

Datum
offer_waitlist(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *clinic;
	uint32 before = offers_made();

	if (PG_ARGISNULL(0))
		refuse_null("clinic_id");
	clinic = PG_GETARG_UUID_P(0);
	query_begin();
	if (!identity_is_staff(clinic))
		refuse(REASON_STAFF_ONLY, "only the clinic's staff may do this", NULL, NULL);
	lock_clinic(clinic, LOCK_SHARED, LOCK_WAIT);
	offers_settle(clinic, NULL);
	(void) offers_lapse(clinic);
	waiting_expire(clinic);
	if (somebody_waits(clinic))
		offer_all(clinic);
	query_end();
	PG_RETURN_INT32((int32) (offers_made() - before));
}
