/*
 * waitlist_check.c
 *		Before a row of table waitlist_entry is written, whoever writes it.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "booking/account.h"
#include "clinic/configuration.h"
#include "errors.h"
#include "fmgr.h"
#include "identity/identity.h"
#include "query.h"
#include "restore.h"
#include "trigger.h"
#include "utils/array.h"
#include "utils/datum.h"
#include "utils/multirangetypes.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(waitlist_check);

/* As the table has it. */
#define DEFAULT_PRIORITY 3

static Datum
column_value(const TriggerRows *rows, HeapTuple tuple, const char *name, bool *isnull)
{
	return SPI_getbinval(tuple, rows->descriptor, SPI_fnumber(rows->descriptor, name), isnull);
}

static const pg_uuid_t *
required_uuid(const TriggerRows *rows, HeapTuple tuple, const char *name)
{
	bool isnull;
	Datum value = column_value(rows, tuple, name, &isnull);

	if (isnull)
		refuse_null(name);
	return DatumGetUUIDP(value);
}

static bool
is_same(const TriggerRows *rows, int number)
{
	Form_pg_attribute attribute = TupleDescAttr(rows->descriptor, number - 1);
	bool old_null;
	bool new_null;
	Datum old = SPI_getbinval(rows->old, rows->descriptor, number, &old_null);
	Datum new = SPI_getbinval(rows->written, rows->descriptor, number, &new_null);

	if (old_null || new_null)
		return old_null && new_null;
	return datum_image_eq(old, new, attribute->attbyval, attribute->attlen);
}

/* Something of it is to come. */
static void
check_wanted(const TriggerRows *rows)
{
	TypeCacheEntry *type = lookup_type_cache(TSTZRANGEOID, TYPECACHE_RANGE_INFO);
	bool isnull;
	Datum value = column_value(rows, rows->written, "wanted", &isnull);
	MultirangeType *wanted;
	RangeBound lower;
	RangeBound upper;

	if (isnull)
		refuse_null("wanted");
	wanted = DatumGetMultirangeTypeP(value);
	if (MultirangeIsEmpty(wanted))
		refuse(REASON_INVALID_TIME, "wanted must not be empty", NULL, NULL);
	multirange_get_bounds(type, wanted, wanted->rangeCount - 1, &lower, &upper);
	if (!upper.infinite && DatumGetTimestampTz(upper.val) <= GetCurrentTransactionStartTimestamp())
		refuse(REASON_IN_THE_PAST, "all of the time that is wanted has passed", NULL, NULL);
}

static void
check_providers(const TriggerRows *rows)
{
	const pg_uuid_t *clinic = required_uuid(rows, rows->written, "clinic_id");
	const pg_uuid_t *service = required_uuid(rows, rows->written, "service_id");
	bool isnull;
	Datum value = column_value(rows, rows->written, "providers", &isnull);
	pg_uuid_t *providers;
	int count;

	if (isnull)
		return;
	count = uuids_read(value, "providers", &providers);
	for (int i = 0; i < count; i++)
	{
		ResourceConfiguration provider;
		int64 duration;

		if (!configured_resource(clinic, &providers[i], &provider) || !provider.is_provider)
			refuse(REASON_NOT_FOUND, "there is no such provider in this clinic", NULL, NULL);
		if (!configured_offer(clinic, &providers[i], service, &duration))
			refuse(REASON_NOT_OFFERED, "a provider does not offer this service", NULL, NULL);
	}
}

static _Noreturn void
refuse_account(void)
{
	refuse(REASON_STAFF_ONLY, "only the clinic's staff may do this", NULL,
		   "A patient's account may join, leave, accept and decline.");
}

/* An entry begins with nothing offered, nor passed. */
static void
check_fresh(const TriggerRows *rows)
{
	static const struct
	{
		const char *column;
		const char *text; /* NULL: null */
	} fresh[] = {
		{"status", "waiting"},		{"appointment_id", NULL}, {"offered_during", NULL},
		{"offer_expires_at", NULL}, {"passed", "{}"},		  {"unanswered", "0"},
	};

	for (size_t i = 0; i < lengthof(fresh); i++)
	{
		int number = SPI_fnumber(rows->descriptor, fresh[i].column);
		char *text = SPI_getvalue(rows->written, rows->descriptor, number);

		if (text && (fresh[i].text == NULL || strcmp(text, fresh[i].text) != 0))
			refuse(REASON_IMMUTABLE, "an entry of the waitlist begins as waiting", NULL,
				   "What is offered to it, the waitlist sees to.");
	}
}

/* The staff may say since when a patient waits. */
static HeapTuple
check_insert(const TriggerRows *rows)
{
	bool staff = identity_is_staff(required_uuid(rows, rows->written, "clinic_id"));
	const pg_uuid_t *actor = identity_actor();
	int numbers[] = {SPI_fnumber(rows->descriptor, "created_by"),
					 SPI_fnumber(rows->descriptor, "created_at")};
	Datum values[] = {UUIDPGetDatum(actor),
					  TimestampTzGetDatum(GetCurrentTransactionStartTimestamp())};
	bool nulls[] = {actor == NULL, false};
	bool isnull;
	Datum priority = column_value(rows, rows->written, "priority", &isnull);

	if (isnull)
		refuse_null("priority");
	if (!staff && DatumGetInt32(priority) != DEFAULT_PRIORITY)
		refuse_account();
	check_fresh(rows);
	check_wanted(rows);
	check_providers(rows);
	return heap_modify_tuple_by_cols(rows->written, rows->descriptor, staff ? 1 : 2, numbers,
									 values, nulls);
}

static bool
is_asked(int number, const TriggerRows *rows, bool staff)
{
	static const char *const asked[] = {"wanted", "providers", "priority"};

	/* An account does not say how urgent it is. */
	for (size_t i = 0; i < lengthof(asked) - (staff ? 0 : 1); i++)
		if (SPI_fnumber(rows->descriptor, asked[i]) == number)
			return true;
	return false;
}

/* What an entry asks for may be changed while it is open, the rest by the functions only. */
static void
check_update(const TriggerRows *rows)
{
	bool staff = identity_is_staff(required_uuid(rows, rows->old, "clinic_id"));
	char *status =
		SPI_getvalue(rows->old, rows->descriptor, SPI_fnumber(rows->descriptor, "status"));
	bool is_open = strcmp(status, "waiting") == 0 || strcmp(status, "offered") == 0;

	for (int number = 1; number <= rows->descriptor->natts; number++)
		if (!is_same(rows, number) && !(is_open && is_asked(number, rows, staff)))
			refuse(REASON_IMMUTABLE,
				   psprintf("%s of an entry of the waitlist cannot be changed so",
							SPI_fname(rows->descriptor, number)),
				   NULL, "accept_offer(), decline_offer() and leave_waitlist() see to entries.");
	check_wanted(rows);
	check_providers(rows);
}

static void
check_delete(const TriggerRows *rows)
{
	char *status =
		SPI_getvalue(rows->old, rows->descriptor, SPI_fnumber(rows->descriptor, "status"));

	if (!identity_is_staff(required_uuid(rows, rows->old, "clinic_id")))
		refuse_account();
	if (strcmp(status, "offered") == 0)
		refuse(REASON_IN_USE, "a time is held for this entry of the waitlist", NULL,
			   "clinic.leave_waitlist() lets go of it.");
}

/* BEFORE INSERT, UPDATE or DELETE row trigger of waitlist_entry. */
Datum
waitlist_check(PG_FUNCTION_ARGS)
{
	const TriggerData *trigger = trigger_data(fcinfo, TRIGGER_EVENT_ROW | TRIGGER_EVENT_BEFORE, 0);
	TriggerRows rows = trigger_rows(trigger);
	HeapTuple result = trigger_result(&rows);

	/* The waitlist's own writes: they are the only ones as the owner. */
	if (restoring(trigger->tg_relation) || query_is_as_owner())
		return PointerGetDatum(result);
	query_begin();
	check_account(required_uuid(&rows, result, "clinic_id"),
				  required_uuid(&rows, result, "patient_id"));
	if (rows.written == NULL)
		check_delete(&rows);
	else if (rows.old)
		check_update(&rows);
	else
		result = SPI_copytuple(check_insert(&rows));
	query_end();
	return PointerGetDatum(result);
}
