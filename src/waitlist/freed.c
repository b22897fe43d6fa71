/*
 * freed.c
 *		Time that visits give up, noted row by row and offered when the statement
 *		is done.
 *
 * The offer is made in the transaction that frees the time, and must neither
 * delay nor fail it: see quietly() in offer.c.  A note is only a hint where to
 * look, so one that is out of date, as after a rollback to a savepoint, does no
 * harm, and one that is forgotten costs a patient a minute, until
 * clinic.offer_waitlist() looks everywhere.
 *
 * In a SERIALIZABLE transaction nothing is offered: to have read the list may
 * fail it when it commits.
 */
#include "postgres.h"

#include "access/xact.h"
#include "booking/visit_batch.h"
#include "catalog/pg_type.h"
#include "compat.h"
#include "fmgr.h"
#include "query.h"
#include "restore.h"
#include "trigger.h"
#include "utils/memutils.h"
#include "waitlist/freed.h"
#include "waitlist/offer.h"
#include "waitlist/waiting.h"

PG_FUNCTION_INFO_V1(visit_freed);

/* A statement that frees more leaves the rest to clinic.offer_waitlist(). */
#define MOST_NOTED 32

typedef struct Notes
{
	LocalTransactionId transaction;
	int count;
	FreedTime times[MOST_NOTED];
} Notes;

static Notes notes = {.transaction = InvalidLocalTransactionId};
static bool keeping = false;

void
freed_note_time(const FreedTime *time)
{
	if (is_offering())
		return;
	if (notes.transaction != current_local_xid())
	{
		notes.transaction = current_local_xid();
		notes.count = 0;
	}
	if (notes.count < MOST_NOTED && time->to > GetCurrentTransactionStartTimestamp())
		notes.times[notes.count++] = *time;
}

void
freed_note(const VisitRow *visit)
{
	FreedTime time = {.starts_at = visit_time(visit, VISIT_STARTS_AT)};
	pg_uuid_t *resources;
	int nresources;

	if (visit_mode(visit) == MODE_WALK_IN)
		return;
	nresources = visit_resources(visit, &resources);
	time.clinic = *visit_uuid(visit, VISIT_CLINIC_ID);
	time.patient = *visit_uuid(visit, VISIT_PATIENT_ID);
	time.has_provider = !visit_isnull(visit, VISIT_PROVIDER_ID);
	if (time.has_provider)
		time.provider = *visit_uuid(visit, VISIT_PROVIDER_ID);
	time.has_more = nresources > (time.has_provider ? 1 : 0);
	time.from = time.starts_at - visit_microseconds(visit, VISIT_BUFFER_BEFORE);
	time.to = visit_time(visit, VISIT_ENDS_AT) + visit_microseconds(visit, VISIT_BUFFER_AFTER);
	freed_note_time(&time);
}

bool
freed_keep(void)
{
	bool before = keeping;

	keeping = true;
	return before;
}

void
freed_keep_end(bool before)
{
	keeping = before;
}

void
freed_offer(void)
{
	int patience = OFFER_PATIENCE;
	Notes offered;

	if (notes.count == 0 || keeping || is_offering())
		return;
	offered = notes;
	notes.count = 0;
	/* The claims of a batch are not written yet. */
	if (offered.transaction != current_local_xid() || IsolationIsSerializable() ||
		visit_batch_is_open())
		return;
	query_begin();
	for (int i = 0; i < offered.count; i++)
		if (somebody_waits(&offered.times[i].clinic))
			offer_time(&offered.times[i], &patience);
	query_end();
}

/* AFTER INSERT, UPDATE or DELETE statement trigger of appointment. */
Datum
visit_freed(PG_FUNCTION_ARGS)
{
	const TriggerData *trigger = trigger_data(fcinfo, TRIGGER_EVENT_AFTER, 0);

	if (!restoring(trigger->tg_relation))
		freed_offer();
	return PointerGetDatum(NULL);
}
