/*
 * series_sql.c
 *		Series in SQL: booking them, extending, cancelling and changing them, and
 *		the trigger of their table.
 */
#include "postgres.h"

#include "access/xact.h"
#include "attempt.h"
#include "booking/account.h"
#include "booking/choose_provider.h"
#include "booking/patient_rules.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "compat.h"
#include "errors.h"
#include "fmgr.h"
#include "identity/identity.h"
#include "lock.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "query.h"
#include "recurrence/rrule_datum.h"
#include "restore.h"
#include "series/series_book.h"
#include "series/series_change.h"
#include "trigger.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "waitlist/freed.h"

PG_FUNCTION_INFO_V1(book_series);
PG_FUNCTION_INFO_V1(extend_series);
PG_FUNCTION_INFO_V1(cancel_series);
PG_FUNCTION_INFO_V1(reschedule_series);
PG_FUNCTION_INFO_V1(series_check);

#define REASON_LIMIT 2000
#define KEY_LIMIT 255

static SavedQuery find_request = {
	.sql = "select s.id, s.request_hash from clinic.series s where s.clinic_id" EQ
		   "$1 and s.idempotency_key" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, TEXTOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

static SavedQuery find_booked = {
	.sql = "select a.id, a.occurrence_at, a.starts_at" NE "a.occurrence_at and a.mode" EQ
		   "'timed'::clinic.visit_mode from clinic.appointment a"
		   " where a.clinic_id" EQ "$1 and a.series_id" EQ "$2 order by a.occurrence_at",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
};

static SavedQuery find_zone = {
	.sql = "select c.timezone from clinic.clinic c where c.id" EQ "$1",
	QUERY_PARAMETERS(UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

/* Those that may have something to be booked. */
static SavedQuery find_unfinished = {
	.sql = "select s.id from clinic.series s where s.clinic_id" EQ
		   "$1 and s.next_at is not null and ($2 is null or s.id" EQ "$2)"
		   " order by s.next_at, s.id",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
};

/*
 * Arguments and rows
 */

static pg_uuid_t *
required_uuid(FunctionCallInfo fcinfo, int argument, const char *name)
{
	if (PG_ARGISNULL(argument))
		refuse_null(name);
	return PG_GETARG_UUID_P(argument);
}

static TimestampTz
required_instant(FunctionCallInfo fcinfo, int argument, const char *name)
{
	if (PG_ARGISNULL(argument))
		refuse_null(name);
	check_visit_instant(PG_GETARG_TIMESTAMPTZ(argument), name);
	return PG_GETARG_TIMESTAMPTZ(argument);
}

static void
put_outcomes(FunctionCallInfo fcinfo, const SeriesOutcome *outcomes, int count)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	for (int i = 0; i < count; i++)
	{
		const SeriesOutcome *row = &outcomes[i];
		Datum values[] = {UUIDPGetDatum(&row->series), TimestampTzGetDatum(row->occurrence),
						  UUIDPGetDatum(&row->appointment), CStringGetTextDatum(row->outcome),
						  row->detail ? CStringGetTextDatum(row->detail) : (Datum) 0};
		bool nulls[] = {false, false, !row->has_visit, false, row->detail == NULL};

		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

static void
lock_clinic_for(const Series *series)
{
	lock_clinic(&series->clinic, series_wants_clinic(series) ? LOCK_EXCLUSIVE : LOCK_SHARED,
				LOCK_WAIT);
}

/*
 * Booking
 */

/* A rule is on the wall clock: it cannot begin in the second of two hours that look the same. */
static void
check_start(const Series *series)
{
	if (civil_instant(civil_local(series->starts_at, series->zone), series->zone) !=
		series->starts_at)
		refuse(REASON_INVALID_TIME, "clocks show that time twice, and a series begins at the first",
			   NULL, NULL);
}

static pg_tz *
clinic_zone(const pg_uuid_t *clinic)
{
	Datum value = UUIDPGetDatum(clinic);

	if (query_run(&find_zone, &value, NULL, 1) == 0)
		refuse(REASON_NOT_FOUND, "there is no such clinic", NULL, NULL);
	return civil_zone(query_text(0, 1));
}

/* Who and what the series is about are there. */
static void
check_request(const Series *series, const pg_uuid_t *provider)
{
	ResourceConfiguration configuration;

	check_patient_exists(&series->clinic, &series->patient);
	if (provider && !(configured_resource(&series->clinic, provider, &configuration) &&
					  configuration.is_provider))
		refuse(REASON_NOT_FOUND, "there is no such provider in this clinic", NULL, NULL);
}

/* What tells the request again: that of its first visit, the rule, and what is done on a conflict. */
static bytea *
request_hash(const Series *series, const pg_uuid_t *provider, const text *key)
{
	BookingRequest request = {
		.kind = REQUEST_START,
		.patient = &series->patient,
		.provider = provider,
		.service = &series->service,
		.starts_at = series->starts_at,
		.duration = series->duration,
		.reason = series->reason,
		.resources = series->resources,
		.idempotency_key = key,
	};

	request.notes = cstring_to_text(
		psprintf("%s %s", rrule_text(series->rule), series_conflict_name(series->on_conflict)));
	request_set_hash(&request);
	return request.hash;
}

/* What the same request led to when it was sent before, as it is now. */
static bool
find_earlier(FunctionCallInfo fcinfo, const Series *series, const text *key, const bytea *hash)
{
	Datum values[] = {UUIDPGetDatum(&series->clinic), PointerGetDatum(key)};
	SeriesOutcome *outcomes;
	Series earlier;
	Datum earlier_hash;
	bool nohash;
	int count;

	lock_idempotency_key(&series->clinic, text_to_cstring(key));
	if (query_run(&find_request, values, NULL, 1) == 0)
		return false;
	earlier_hash = query_datum(0, 2, &nohash);
	if (nohash || !DatumGetBool(DirectFunctionCall2(byteaeq, earlier_hash, PointerGetDatum(hash))))
		refuse(REASON_IDEMPOTENCY_MISMATCH, "this idempotency key was sent with another request",
			   NULL, "Use a new key for a new request.");
	series_read(&earlier, &series->clinic, query_uuid(0, 1));
	values[1] = UUIDPGetDatum(&earlier.id);
	count = (int) query_run(&find_booked, values, NULL, 0);
	outcomes = palloc0(sizeof(SeriesOutcome) * Max(count, 1));
	for (int i = 0; i < count; i++)
		outcomes[i] = (SeriesOutcome){
			.series = earlier.id,
			.occurrence = query_timestamptz(i, 2, 0),
			.has_visit = true,
			.appointment = *query_uuid(i, 1),
			.outcome = query_bool(i, 3) ? "moved" : "booked",
		};
	put_outcomes(fcinfo, outcomes, count);
	return true;
}

typedef struct Suggestion
{
	Series *series;
	TimestampTz first;
} Suggestion;

/* Lock the provider who was suggested, and look whether it still can be done. */
static void
lock_suggested(void *argument)
{
	const Suggestion *suggestion = argument;
	Series *series = suggestion->series;
	BookingRequest request;

	series_lock_resources(series);
	request = series_request(series, suggestion->first);
	request.provider = NULL;
	request.providers = (ResourceList){1, &series->provider};
	suggest_provider(&request);
}

/*
 * Choose a provider who is free at the first occurrence, and lock it with the
 * rest.  Rivals choose the same; who comes second chooses again.
 */
static void
choose_and_lock(Series *series)
{
	Suggestion suggestion = {.series = series};
	TimestampTz next;
	ErrorData *error;

	if (series_occurrences(series, series->starts_at, DT_NOEND, 1, &suggestion.first, &next) == 0)
		refuse(REASON_INVALID_RULE, "the rule has no occurrence", NULL, NULL);
	do
	{
		BookingRequest request = series_request(series, suggestion.first);

		CHECK_FOR_INTERRUPTS();
		request.provider = NULL;
		suggest_provider(&request);
		series->provider = *request.provider;
		error = attempt(lock_suggested, &suggestion);
	} while (error);
}

static void
book_new(FunctionCallInfo fcinfo, Series *series, const pg_uuid_t *provider, const text *key)
{
	bytea *hash = key ? request_hash(series, provider, key) : NULL;
	SeriesOutcome *outcomes;
	int count;

	check_account(&series->clinic, &series->patient);
	lock_clinic_for(series);
	if (key && find_earlier(fcinfo, series, key, hash))
		return;
	check_request(series, provider);
	series_lock_patient(series);
	if (provider)
		series_lock_resources(series);
	else
		choose_and_lock(series);
	series_insert(series, NULL, key, hash);
	count = series_book(series, SERIES_IS_NEW, &outcomes);
	put_outcomes(fcinfo, outcomes, count);
}

Datum
book_series(PG_FUNCTION_ARGS)
{
	Series series = {.next_at = DT_NOEND};
	pg_uuid_t *provider = PG_ARGISNULL(1) ? NULL : PG_GETARG_UUID_P(1);

	series.patient = *required_uuid(fcinfo, 0, "patient_id");
	if (provider)
		series.provider = *provider;
	series.service = *required_uuid(fcinfo, 2, "service_id");
	series.starts_at = series.next_at = required_instant(fcinfo, 3, "starts_at");
	if (PG_ARGISNULL(4))
		refuse_null("rule");
	series.rule = PG_GETARG_RRULE_P(4);
	if (!PG_ARGISNULL(5))
		series.on_conflict = series_conflict(text_to_cstring(PG_GETARG_TEXT_PP(5)));
	if (!PG_ARGISNULL(6))
		series.duration = request_duration(PG_GETARG_INTERVAL_P(6));
	if (!PG_ARGISNULL(7))
		series.reason = PG_GETARG_TEXT_PP(7);
	if (!PG_ARGISNULL(9))
		series.resources.count = resource_ids_read(PG_GETARG_DATUM(9), &series.resources.ids);
	series.clinic = *required_uuid(fcinfo, 10, "clinic_id");

	materialize_result(fcinfo);
	query_begin();
	series.zone = clinic_zone(&series.clinic);
	check_start(&series);
	book_new(fcinfo, &series, provider, PG_ARGISNULL(8) ? NULL : PG_GETARG_TEXT_PP(8));
	query_end();
	return (Datum) 0;
}

/*
 * Extending
 */

typedef struct Extension
{
	Series *series;
	SeriesOutcome *outcomes;
	int count;
	MemoryContext memory; /* for the outcomes */
} Extension;

static void
extend_one(void *argument)
{
	Extension *extension = argument;
	SeriesOutcome *outcomes;

	extension->count = series_book(extension->series, SERIES_IS_EXTENDED, &outcomes);
	extension->outcomes =
		MemoryContextAlloc(extension->memory, sizeof(SeriesOutcome) * Max(extension->count, 1));
	memcpy(extension->outcomes, outcomes, sizeof(SeriesOutcome) * extension->count);
	for (int i = 0; i < extension->count; i++)
		if (outcomes[i].detail)
			extension->outcomes[i].detail =
				MemoryContextStrdup(extension->memory, outcomes[i].detail);
}

/* One that may not be extended, or is being changed by hand, is left as it is. */
static void
extend(FunctionCallInfo fcinfo, Series *series)
{
	Extension extension = {.series = series, .memory = CurrentMemoryContext};

	if (series_try_lock_row(series) && attempt(extend_one, &extension) == NULL)
		put_outcomes(fcinfo, extension.outcomes, extension.count);
}

/* The series that have something to be booked. */
static int
read_due(const Datum *values, const bool *nulls, Series **due)
{
	const pg_uuid_t *clinic = DatumGetUUIDP(values[0]);
	uint64 nrows = query_run(&find_unfinished, values, nulls, 0);
	pg_uuid_t *ids = palloc(sizeof(pg_uuid_t) * Max(nrows, 1));
	int count = 0;

	*due = palloc(sizeof(Series) * Max(nrows, 1));
	for (uint64 i = 0; i < nrows; i++)
		ids[i] = *query_uuid(i, 1);
	for (uint64 i = 0; i < nrows; i++)
	{
		CHECK_FOR_INTERRUPTS();
		series_read(&(*due)[count], clinic, &ids[i]);
		if ((*due)[count].next_at <= series_horizon(&(*due)[count]))
			count++;
	}
	return count;
}

Datum
extend_series(PG_FUNCTION_ARGS)
{
	Datum values[2] = {0};
	bool nulls[2] = {false, PG_ARGISNULL(0)};
	const pg_uuid_t *clinic = required_uuid(fcinfo, 1, "clinic_id");
	Series *due;
	int count;

	values[0] = UUIDPGetDatum(clinic);
	if (!nulls[1])
		values[1] = PG_GETARG_DATUM(0);
	materialize_result(fcinfo);
	query_begin();
	if (!identity_is_staff(clinic))
		refuse(REASON_STAFF_ONLY, "only the clinic's staff may do this", NULL, NULL);
	if (read_due(values, nulls, &due) > 0)
	{
		/* There may be many: with the clinic all is locked that any of them needs. */
		lock_clinic(clinic, LOCK_EXCLUSIVE, LOCK_WAIT);
		count = read_due(values, nulls, &due);
		for (int i = 0; i < count; i++)
		{
			CHECK_FOR_INTERRUPTS();
			extend(fcinfo, &due[i]);
		}
	}
	query_end();
	return (Datum) 0;
}

/*
 * Cancelling and changing
 */

/* One occurrence, if one is named; else all to come. */
static SeriesPart
part_argument(FunctionCallInfo fcinfo, int occurrence, int scope, int include_changed)
{
	static const char *const names[] = {
		[SCOPE_THIS] = "this", [SCOPE_FOLLOWING] = "following", [SCOPE_ALL] = "all"};
	SeriesPart part = {.scope = SCOPE_ALL, .occurrence = DT_NOBEGIN};
	char *name;

	if (!PG_ARGISNULL(occurrence))
	{
		part.scope = SCOPE_THIS;
		part.occurrence = required_instant(fcinfo, occurrence, "occurrence");
	}
	part.include_changed = !PG_ARGISNULL(include_changed) && PG_GETARG_BOOL(include_changed);
	if (PG_ARGISNULL(scope))
		return part;
	name = text_to_cstring(PG_GETARG_TEXT_PP(scope));
	for (size_t i = 0; i < lengthof(names); i++)
		if (strcmp(names[i], name) == 0)
		{
			part.scope = (SeriesScope) i;
			if (part.scope != SCOPE_ALL && PG_ARGISNULL(occurrence))
				refuse_null("occurrence");
			return part;
		}
	refuse(REASON_UNKNOWN_STRATEGY, psprintf("there is no scope \"%s\"", name), NULL,
		   "The scope is this, following or all.");
}

Datum
cancel_series(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *id = required_uuid(fcinfo, 0, "series_id");
	const text *reason = PG_ARGISNULL(1) ? NULL : PG_GETARG_TEXT_PP(1);
	SeriesPart part = part_argument(fcinfo, 2, 3, 4);
	const pg_uuid_t *clinic = required_uuid(fcinfo, 5, "clinic_id");
	SeriesOutcome *outcomes = NULL;
	Series series;
	int count = 0;
	bool keep;

	materialize_result(fcinfo);
	query_begin();
	lock_clinic(clinic, LOCK_SHARED, LOCK_WAIT);
	lock_visit(clinic, id);
	series_read(&series, clinic, id);
	check_account(clinic, &series.patient);
	keep = freed_keep();
	PG_TRY();
	{
		count = series_cancel(&series, &part, reason, &outcomes);
	}
	PG_FINALLY();
	{
		freed_keep_end(keep);
	}
	PG_END_TRY();
	freed_offer();
	put_outcomes(fcinfo, outcomes, count);
	query_end();
	return (Datum) 0;
}

/* Lock what the series may occupy now, and when it is changed. */
static void
lock_for_change(Series *series, const SeriesChange *change)
{
	pg_uuid_t clinic = series->clinic;
	pg_uuid_t id = series->id;
	Series new = changed_series(series, change);
	ResourceList provider = {1, &new.provider};
	ResourceConfiguration configuration;

	if (!configured_resource(&clinic, &new.provider, &configuration) || !configuration.is_provider)
		refuse(REASON_NOT_FOUND, "there is no such provider in this clinic", NULL, NULL);
	/* The clinic is enough, where two sets of resources are to be locked. */
	if (change->provider && !resource_list_has(&provider, &series->provider))
		lock_clinic(&clinic, LOCK_EXCLUSIVE, LOCK_WAIT);
	else
		lock_clinic_for(series);
	lock_visit(&clinic, &id);
	series_read(series, &clinic, &id);
	series_lock_patient(series);
	series_lock_resources(series);
}

Datum
reschedule_series(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *id = required_uuid(fcinfo, 0, "series_id");
	SeriesChange change = {.starts_at = required_instant(fcinfo, 1, "starts_at")};
	SeriesPart part = part_argument(fcinfo, 2, 3, 7);
	const pg_uuid_t *clinic = required_uuid(fcinfo, 8, "clinic_id");
	SeriesOutcome *outcomes = NULL;
	Series series;
	int count = 0;
	bool keep;

	if (!PG_ARGISNULL(4))
		change.provider = PG_GETARG_UUID_P(4);
	if (!PG_ARGISNULL(5))
		change.duration = request_duration(PG_GETARG_INTERVAL_P(5));
	if (!PG_ARGISNULL(6))
		change.rule = PG_GETARG_RRULE_P(6);
	materialize_result(fcinfo);
	query_begin();
	if (!identity_is_staff(clinic))
		refuse(REASON_STAFF_ONLY, "only the clinic's staff may do this", NULL, NULL);
	series_read(&series, clinic, id);
	lock_for_change(&series, &change);
	/* What one visit leaves another may move to. */
	keep = freed_keep();
	PG_TRY();
	{
		count = series_reschedule(&series, &part, &change, &outcomes);
	}
	PG_FINALLY();
	{
		freed_keep_end(keep);
	}
	PG_END_TRY();
	freed_offer();
	put_outcomes(fcinfo, outcomes, count);
	query_end();
	return (Datum) 0;
}

/*
 * The table
 */

static void
check_rule(const TriggerRows *rows)
{
	bool isnull;
	Datum rule = value_of(rows, rows->written, "rule", &isnull);

	if (isnull)
		refuse_null("rule");
	if (rrule_of_datum(rule)->interval > LONGEST_RULE_INTERVAL)
		refuse(REASON_INVALID_RULE, "the interval of a series is at most 52", NULL, NULL);
}

/* As that of a visit is checked. */
static void
check_text(const TriggerRows *rows, const char *name, int limit)
{
	bool isnull;
	Datum column = value_of(rows, rows->written, name, &isnull);
	const char *value;

	if (isnull)
		return;
	value = TextDatumGetCString(column);
	if (value[strspn(value, " \t\r\n")] == '\0')
		refuse(REASON_INVALID_TEXT, psprintf("%s must not be empty", name), NULL, NULL);
	if (pg_mbstrlen(value) > limit)
		refuse(REASON_INVALID_TEXT, psprintf("%s is too long", name),
			   psprintf("it may have %d characters", limit), NULL);
}

static void
check_columns(const TriggerRows *rows)
{
	bool isnull;
	Datum value = value_of(rows, rows->written, "timezone", &isnull);

	if (isnull)
		refuse_null("timezone");
	(void) civil_zone(TextDatumGetCString(value));
	value = value_of(rows, rows->written, "starts_at", &isnull);
	if (isnull)
		refuse_null("starts_at");
	check_visit_instant(DatumGetTimestampTz(value), "starts_at");
	value = value_of(rows, rows->written, "duration", &isnull);
	if (!isnull)
		(void) request_duration(DatumGetIntervalP(value));
	check_text(rows, "reason", REASON_LIMIT);
	check_text(rows, "idempotency_key", KEY_LIMIT);
}

/* Who acts, and when. */
static void
stamp(TriggerRows *rows)
{
	const pg_uuid_t *actor = identity_actor();
	const char *columns[] = {"updated_by", "created_by"};
	int count = rows->old ? 1 : 2;

	for (int i = 0; i < count; i++)
		if (actor)
			set_column(rows, columns[i], UUIDPGetDatum(actor));
		else
			set_column_null(rows, columns[i]);
	set_column(rows, "updated_at", TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()));
}

/* An account has to do with the series of the patients it answers for, before and after. */
static void
check_accounts(const TriggerRows *rows)
{
	HeapTuple tuples[] = {rows->old, rows->written};

	for (size_t i = 0; i < lengthof(tuples); i++)
		if (tuples[i])
			check_account(uuid_of(rows, tuples[i], "clinic_id"),
						  uuid_of(rows, tuples[i], "patient_id"));
}

/* BEFORE INSERT, UPDATE or DELETE row trigger of series. */
Datum
series_check(PG_FUNCTION_ARGS)
{
	const TriggerData *trigger = trigger_data(fcinfo, TRIGGER_EVENT_ROW | TRIGGER_EVENT_BEFORE, 0);
	TriggerRows rows = trigger_rows(trigger);
	HeapTuple result = trigger_result(&rows);

	if (restoring(trigger->tg_relation))
		return PointerGetDatum(result);
	query_begin();
	check_accounts(&rows);
	if (rows.written)
	{
		check_columns(&rows);
		check_rule(&rows);
		stamp(&rows);
		result = SPI_copytuple(rows.written);
	}
	else if (!identity_is_staff(uuid_of(&rows, rows.old, "clinic_id")))
		refuse(REASON_STAFF_ONLY, "only the clinic's staff may delete a series", NULL,
			   "Cancel it instead.");
	query_end();
	return PointerGetDatum(result);
}
