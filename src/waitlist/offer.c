/*
 * offer.c
 *		Offering time that is free to who waits for it.
 *
 * An offer is a hold like any other, inserted into appointment on behalf of the
 * clinic, so that whatever book() would refuse is refused.  Its entry is locked
 * before, and passed over if somebody else has it; so is a patient who is in use,
 * and a time whose locks are.  Each offer is tried in a subtransaction.
 *
 * What could be offered is looked at without locks first: for each service once,
 * however many wait for it.
 */
#include "postgres.h"

#include "access/xact.h"
#include "booking/rules.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "compat.h"
#include "errors.h"
#include "identity/identity.h"
#include "lock.h"
#include "query.h"
#include "waitlist/offer.h"
#include "waitlist/offer_times.h"

/*
 * How long any other lock is waited for, in milliseconds.  Those of rows are not, so
 * it is what all who insert wait for in turn, as to extend a table; or somebody
 * changes the table itself.
 */
#define TABLE_PATIENCE 200

/* So many entries that a time would suit are tried, before it is left to offer_waitlist(). */
#define MOST_TRIED 16
#define MOST_TRIED_OF_ALL 10000

/* Of a stretch that is wanted without end offer_waitlist() looks at so much. */
#define LOOKS_AT (366 * USECS_PER_DAY)

/* A visit that starts within this time is offered for offer_time_soon. */
#define IS_SOON USECS_PER_DAY

static SavedQuery find_offer_times = {
	.sql = "select k.offer_time, k.offer_time_soon from clinic.clinic k where k.id" EQ "$1",
	QUERY_PARAMETERS(UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

/* A visit of the patient's that takes place in [$3, $4), or may. */
static SavedQuery find_visit_then = {
	.sql = "select 1 from clinic.appointment v where v.clinic_id" EQ "$1 and v.patient_id" EQ
		   "$2 and v.starts_at" LT "$4 and v.starts_at" GT "$6 and v.ends_at" GT "$3 and v.mode" EQ
		   "'timed'::clinic.visit_mode and v.status" LE "'in_progress'::clinic.appointment_status"
		   " and (v.status" NE "'held'::clinic.appointment_status or v.hold_expires_at" GT "$5)",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID,
					 TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

/* With the patient's row, which the foreign key of a visit locks so. */
static SavedQuery lock_waiting = {
	.sql =
		"select 1 from clinic.waitlist_entry e, clinic.patient p where e.clinic_id" EQ
		"$1 and e.id" EQ "$2 and e.status" EQ "'waiting'::clinic.waitlist_status and p.clinic_id" EQ
		"$1 and p.id" EQ "$3 for no key update of e skip locked for key share of p skip locked",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

static SavedQuery insert_hold = {
	.sql = "insert into clinic.appointment as a (clinic_id, patient_id, provider_id, service_id,"
		   " starts_at, status, hold_expires_at, mode) values ($1, $2, $3, $4, $5, 'held', $6,"
		   " case when $7 then 'token'::clinic.visit_mode else 'timed' end) returning a.id",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, UUIDOID, UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID, BOOLOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

static SavedQuery update_offered = {
	.sql = "update clinic.waitlist_entry e set status = 'offered', appointment_id = a.id,"
		   " offered_during = pg_catalog.tstzrange(a.starts_at, a.ends_at),"
		   " offer_expires_at = a.hold_expires_at from clinic.appointment a"
		   " where e.clinic_id" EQ "$1 and e.id" EQ "$2 and a.clinic_id" EQ "$1 and a.id" EQ "$3",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

/* What is being offered. */
typedef struct Offering
{
	FreedTime within;
	TimestampTz now;
	int64 offer_time; /* microseconds */
	int64 offer_time_soon;
	int nservices;
	int room;
	OfferTimes *services; /* those that were asked for so far */
	int tries_left;
	uint32 offers;
	bool is_done; /* nothing of the stretch is left */
} Offering;

/* One offer that is tried. */
typedef struct Try
{
	const Offering *offering;
	const Waiting *entry;
	const OfferTime *time;
	TimestampTz expires_at;
	bool has_entry; /* the patient and the entry could be had */
} Try;

static bool offering = false;

static uint32 made = 0;

uint32
offers_made(void)
{
	return made;
}

bool
is_offering(void)
{
	return offering;
}

bool
quietly(AttemptWork work, void *argument, int *patience)
{
	bool offering_before = offering;
	int patience_before = lock_without_waiting(*patience);
	bool acting_before = identity_act_for_clinic(true);
	int timeout_before = LockTimeout;
	ErrorData *error = NULL;

	offering = true;
	if (LockTimeout == 0 || LockTimeout > TABLE_PATIENCE)
		LockTimeout = TABLE_PATIENCE;
	PG_TRY();
	{
		error = attempt_at_leisure(work, argument);
	}
	PG_FINALLY();
	{
		LockTimeout = timeout_before;
		(void) identity_act_for_clinic(acting_before);
		*patience = lock_without_waiting(patience_before);
		offering = offering_before;
	}
	PG_END_TRY();
	if (error)
		ereport(DEBUG1, (errmsg_internal("the waitlist was left alone: %s", error->message)));
	return error == NULL;
}

/*
 * One offer
 */

static bool
is_busy(const Offering *offering, const Waiting *entry, const VisitTime *time)
{
	Datum values[] = {UUIDPGetDatum(&offering->within.clinic),
					  UUIDPGetDatum(&entry->patient),
					  TimestampTzGetDatum(time->starts_at),
					  TimestampTzGetDatum(time->ends_at),
					  TimestampTzGetDatum(offering->now),
					  TimestampTzGetDatum(time->starts_at - LONGEST_CLAIM)};

	return time->mode == MODE_TIMED && query_run(&find_visit_then, values, NULL, 1) > 0;
}

/* Until when the time may be held for who is offered it: never longer than it is of use. */
static TimestampTz
offer_expires_at(const Offering *offering, const VisitTime *time)
{
	bool soon = time->starts_at - offering->now <= IS_SOON;
	TimestampTz last = time->mode == MODE_TOKEN ? time->ends_at : time->starts_at;

	return Min(last, offering->now + (soon ? offering->offer_time_soon : offering->offer_time));
}

static void
lock_entry(const Offering *offering, const Waiting *entry, const VisitTime *time)
{
	const pg_uuid_t *clinic = &offering->within.clinic;
	Datum key[] = {UUIDPGetDatum(clinic), UUIDPGetDatum(&entry->id),
				   UUIDPGetDatum(&entry->patient)};

	if (!try_lock_patient(clinic, &entry->patient))
		refuse_lock();
	/* Now nobody books for the patient. */
	if (is_busy(offering, entry, time))
		refuse(REASON_PATIENT_OVERLAP, "the patient has another visit at that time", NULL, NULL);
	if (query_run(&lock_waiting, key, NULL, 1) == 0)
		refuse_lock();
}

/* Hold the time for the entry. */
static void
make_offer(void *argument)
{
	Try *try = argument;
	const VisitTime *time = &try->time->time;
	Datum values[] = {UUIDPGetDatum(&try->offering->within.clinic),
					  UUIDPGetDatum(&try->entry->patient),
					  UUIDPGetDatum(&try->time->provider),
					  UUIDPGetDatum(&try->entry->service),
					  TimestampTzGetDatum(time->starts_at),
					  TimestampTzGetDatum(try->expires_at),
					  BoolGetDatum(time->mode == MODE_TOKEN)};
	Datum offered[3] = {values[0], UUIDPGetDatum(&try->entry->id)};

	query_begin();
	lock_entry(try->offering, try->entry, time);
	try->has_entry = true;
	query_run_one(&insert_hold, values, NULL);
	offered[2] = UUIDPGetDatum(query_uuid(0, 1));
	query_run_one(&update_offered, offered, NULL);
	query_end();
}

/* What of an offer that was refused is at fault? */
typedef enum Fault
{
	FAULT_NONE,
	FAULT_OF_TIME,	/* the time is not to be had */
	FAULT_OF_MATCH, /* the patient cannot have it then */
	FAULT_OF_ENTRY	/* the patient can have none */
} Fault;

static Fault
try_offer(Offering *offering, const Waiting *entry, const OfferTime *time)
{
	static const Reason of_entry[] = {REASON_LIMIT_REACHED, REASON_PATIENT_BLOCKED, REASON_INACTIVE,
									  REASON_NOT_FOUND};
	Try try = {.offering = offering, .entry = entry, .time = time};
	ErrorData *error;
	const char *reason;

	try.expires_at = offer_expires_at(offering, &time->time);
	if (try.expires_at <= offering->now)
		return FAULT_OF_TIME;
	if (is_busy(offering, entry, &time->time))
		return FAULT_OF_MATCH;
	error = attempt_at_leisure(make_offer, &try);
	/* Of the others there are no more than transactions at work. */
	if (try.has_entry)
		offering->tries_left--;
	if (error == NULL)
		return FAULT_NONE;
	ereport(DEBUG1, (errmsg_internal("an offer was not made: %s", error->message)));
	/* Somebody keeps what everybody needs: it will be no better with the next entry. */
	offering->is_done |= error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE;
	reason = refused_for(error);
	if (strcmp(reason, reason_name(REASON_PATIENT_OVERLAP)) == 0)
		return FAULT_OF_MATCH;
	for (size_t i = 0; i < lengthof(of_entry); i++)
		if (strcmp(reason, reason_name(of_entry[i])) == 0)
			return FAULT_OF_ENTRY;
	return try.has_entry ? FAULT_OF_TIME : FAULT_OF_ENTRY;
}

/*
 * All of a stretch
 */

static OfferTimes *
times_of_service(Offering *offering, const pg_uuid_t *service)
{
	for (int i = 0; i < offering->nservices; i++)
		if (memcmp(&offering->services[i].service, service, UUID_LEN) == 0)
			return &offering->services[i];
	if (offering->nservices == offering->room)
	{
		offering->room = offering->room ? 2 * offering->room : 8;
		offering->services = offering->services
								 ? repalloc(offering->services, sizeof(OfferTimes) * offering->room)
								 : palloc(sizeof(OfferTimes) * offering->room);
	}
	offer_times_read(&offering->services[offering->nservices], &offering->within, service);
	return &offering->services[offering->nservices++];
}

static void
note_offered(Offering *offering, const OfferTime *time)
{
	OfferTime offered = *time;

	offering->offers++;
	for (int i = 0; i < offering->nservices; i++)
		offer_times_take(&offering->services[i], &offered);
	offering->is_done |= offering->within.has_provider &&
						 offered.time.claim_from <= offering->within.from &&
						 offered.time.claim_to >= offering->within.to;
}

/* Offer the entry the best of what is left that suits it. */
static void
offer_to(Offering *offering, const Waiting *entry)
{
	OfferTimes *times = times_of_service(offering, &entry->service);
	OfferTime *time;
	int at = 0;

	while (offering->tries_left > 0 && (time = offer_times_next(times, entry, &at)) != NULL)
		switch (try_offer(offering, entry, time))
		{
			case FAULT_NONE:
				note_offered(offering, time);
				return;
			case FAULT_OF_TIME:
				time->is_gone = true;
				break;
			case FAULT_OF_MATCH:
				break;
			case FAULT_OF_ENTRY:
				return;
		}
}

static void
offer_within(Offering *offering)
{
	const FreedTime *within = &offering->within;
	const Waiting *last = NULL;
	Waiting *entries;
	int count;

	while ((count = waiting_read(&within->clinic, within->from, within->to, last, &entries)) > 0)
	{
		for (int i = 0; i < count; i++)
		{
			if (offering->is_done || offering->tries_left == 0)
				return;
			if (memcmp(&entries[i].patient, &within->patient, UUID_LEN) != 0)
				offer_to(offering, &entries[i]);
		}
		last = &entries[count - 1];
	}
}

static void
begin_offering(Offering *offering)
{
	Datum value = UUIDPGetDatum(&offering->within.clinic);

	offering->now = GetCurrentTransactionStartTimestamp();
	query_run_one(&find_offer_times, &value, NULL);
	offering->offer_time = interval_microseconds(query_interval(0, 1));
	offering->offer_time_soon = interval_microseconds(query_interval(0, 2));
}

static void
offer_one_time(void *argument)
{
	Offering *offering = argument;

	query_begin();
	begin_offering(offering);
	offer_within(offering);
	query_end();
}

void
offer_time(const FreedTime *time, int *patience)
{
	Offering offering = {.within = *time, .tries_left = MOST_TRIED};

	if (quietly(offer_one_time, &offering, patience))
		made += offering.offers;
}

/* One stretch; what is read of it is let go of with it. */
static void
offer_span(Offering *offering, const WantedTime *span)
{
	FreedTime *within = &offering->within;

	/* What has passed is not looked at, but for a day: of a token the whole day counts. */
	within->from = Max(span->from, offering->now - USECS_PER_DAY);
	within->to = Min(span->to, within->from + LOOKS_AT);
	offering->nservices = offering->room = 0;
	offering->services = NULL;
	query_begin();
	offer_within(offering);
	query_end();
}

static void
offer_everything(void *argument)
{
	Offering *offering = argument;
	WantedTime *spans;
	int count;

	query_begin();
	begin_offering(offering);
	count = waiting_spans(&offering->within.clinic, offering->now, &spans);
	for (int i = 0; i < count; i++)
		offer_span(offering, &spans[i]);
	query_end();
}

void
offer_all(const pg_uuid_t *clinic)
{
	Offering offering = {.tries_left = MOST_TRIED_OF_ALL};
	int patience = OFFER_PATIENCE;

	offering.within.clinic = *clinic;
	offering.within.starts_at = DT_NOBEGIN;
	if (quietly(offer_everything, &offering, &patience))
		made += offering.offers;
}
