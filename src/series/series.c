/*
 * series.c
 *		Visits that recur: a row of table series, and when it occurs.
 *
 * DTSTART is starts_at on the wall clock of the series' zone, which is the
 * clinic's when it is made, so that a weekly visit stays at its hour when clocks
 * change.
 */
#include "postgres.h"

#include "access/xact.h"
#include "booking/patient_rules.h"
#include "booking/rules.h"
#include "booking/visit.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "errors.h"
#include "lock.h"
#include "miscadmin.h"
#include "query.h"
#include "recurrence/rrule_count.h"
#include "recurrence/rrule_datum.h"
#include "recurrence/rrule_zone.h"
#include "series/series.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "uuid7.h"

/*
 * With more than so many resources the clinic is locked instead: a series that
 * needs any of a hundred rooms holds few locks all the same.
 */
#define MOST_RESOURCE_LOCKS 6

enum
{
	SERIES_PATIENT = 1,
	SERIES_PROVIDER,
	SERIES_SERVICE,
	SERIES_RULE,
	SERIES_STARTS_AT,
	SERIES_TIMEZONE,
	SERIES_EXDATES,
	SERIES_ON_CONFLICT,
	SERIES_DURATION,
	SERIES_REASON,
	SERIES_RESOURCE_IDS,
	SERIES_NEXT_AT
};

static SavedQuery find_series = {
	.sql = "select s.patient_id, s.provider_id, s.service_id, s.rule, s.starts_at, s.timezone,"
		   " s.exdates, s.on_conflict::pg_catalog.text, s.duration, s.reason, s.resource_ids,"
		   " s.next_at from clinic.series s where s.clinic_id" EQ "$1 and s.id" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
};

static SavedQuery insert_series = {
	.sql = "insert into clinic.series (clinic_id, id, patient_id, provider_id, service_id, rule,"
		   " starts_at, timezone, exdates, on_conflict, duration, reason, resource_ids, next_at,"
		   " previous_id, idempotency_key, request_hash)"
		   " values ($1, $2, $3, $4, $5, $6::clinic.rrule, $7, $8, $9,"
		   " $10::clinic.series_conflict, $11, $12, $13, $14, $15, $16, $17)",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, UUIDOID, UUIDOID, UUIDOID, TEXTOID, TIMESTAMPTZOID, TEXTOID,
					 TIMESTAMPTZARRAYOID, TEXTOID, INTERVALOID, TEXTOID, UUIDARRAYOID,
					 TIMESTAMPTZOID, UUIDOID, TEXTOID, BYTEAOID),
	.snapshot = SNAPSHOT_WRITE,
};

static SavedQuery try_lock_series = {
	.sql = "select 1 from clinic.series s where s.clinic_id" EQ "$1 and s.id" EQ
		   "$2 for no key update skip locked",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
};

#define OF_SERIES " where s.clinic_id" EQ "$1 and s.id" EQ "$2"

static SavedQuery update_next = {
	.sql = "update clinic.series s set next_at = $3" OF_SERIES,
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_WRITE,
};

static SavedQuery update_exdates = {
	.sql = "update clinic.series s set exdates = pg_catalog.array_append(s.exdates, $3)" OF_SERIES,
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_WRITE,
};

static SavedQuery update_rule = {
	.sql = "update clinic.series s set rule = $3::clinic.rrule" OF_SERIES,
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TEXTOID),
	.snapshot = SNAPSHOT_WRITE,
};

static const char *const conflict_names[] = {
	[CONFLICT_SKIP] = "skip",
	[CONFLICT_FAIL] = "fail",
	[CONFLICT_NEXT_FREE] = "next_free",
};

SeriesConflict
series_conflict(const char *name)
{
	for (size_t i = 0; i < lengthof(conflict_names); i++)
		if (strcmp(conflict_names[i], name) == 0)
			return (SeriesConflict) i;
	refuse(REASON_UNKNOWN_STRATEGY, psprintf("there is no way to resolve a conflict \"%s\"", name),
		   NULL, "on_conflict is skip, fail or next_free.");
}

const char *
series_conflict_name(SeriesConflict conflict)
{
	return conflict_names[conflict];
}

/*
 * The row
 */

static int
read_instants(Datum array, TimestampTz **instants)
{
	Datum *elements;
	bool *nulls;
	int count;

	deconstruct_array(DatumGetArrayTypeP(array), TIMESTAMPTZOID, sizeof(TimestampTz),
					  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &elements, &nulls, &count);
	*instants = palloc(sizeof(TimestampTz) * Max(count, 1));
	for (int i = 0; i < count; i++)
		(*instants)[i] = DatumGetTimestampTz(elements[i]);
	return count;
}

void
series_read(Series *series, const pg_uuid_t *clinic, const pg_uuid_t *id)
{
	Datum values[] = {UUIDPGetDatum(clinic), UUIDPGetDatum(id)};
	bool isnull;

	if (query_run(&find_series, values, NULL, 1) == 0)
		refuse(REASON_NOT_FOUND, "there is no such series in this clinic", NULL, NULL);
	memset(series, 0, sizeof(*series));
	series->clinic = *clinic;
	series->id = *id;
	series->patient = *query_uuid(0, SERIES_PATIENT);
	series->provider = *query_uuid(0, SERIES_PROVIDER);
	series->service = *query_uuid(0, SERIES_SERVICE);
	series->rule = rrule_of_datum(query_datum(0, SERIES_RULE, &isnull));
	series->starts_at = query_timestamptz(0, SERIES_STARTS_AT, 0);
	series->zone = civil_zone(query_text(0, SERIES_TIMEZONE));
	series->nexdates = read_instants(query_datum(0, SERIES_EXDATES, &isnull), &series->exdates);
	series->on_conflict = series_conflict(query_text(0, SERIES_ON_CONFLICT));
	if (!query_isnull(0, SERIES_DURATION))
		series->duration = interval_microseconds(query_interval(0, SERIES_DURATION));
	if (!query_isnull(0, SERIES_REASON))
		series->reason = cstring_to_text(query_text(0, SERIES_REASON));
	series->resources.count =
		resource_ids_read(query_datum(0, SERIES_RESOURCE_IDS, &isnull), &series->resources.ids);
	series->next_at = query_timestamptz(0, SERIES_NEXT_AT, DT_NOEND);
}

bool
series_try_lock_row(const Series *series)
{
	Datum values[] = {UUIDPGetDatum(&series->clinic), UUIDPGetDatum(&series->id)};

	return query_run(&try_lock_series, values, NULL, 1) > 0;
}

static Datum
instants_datum(const TimestampTz *instants, int count)
{
	Datum *elements = palloc(sizeof(Datum) * Max(count, 1));

	for (int i = 0; i < count; i++)
		elements[i] = TimestampTzGetDatum(instants[i]);
	return timestamptz_array(elements, count);
}

void
series_insert(Series *series, const pg_uuid_t *previous, const text *key, const bytea *hash)
{
	Interval duration = {.time = series->duration};
	Datum values[] = {
		UUIDPGetDatum(&series->clinic),
		UUIDPGetDatum(&series->id),
		UUIDPGetDatum(&series->patient),
		UUIDPGetDatum(&series->provider),
		UUIDPGetDatum(&series->service),
		CStringGetTextDatum(rrule_text(series->rule)),
		TimestampTzGetDatum(series->starts_at),
		CStringGetTextDatum(pg_get_timezone_name(series->zone)),
		instants_datum(series->exdates, series->nexdates),
		CStringGetTextDatum(series_conflict_name(series->on_conflict)),
		IntervalPGetDatum(&duration),
		PointerGetDatum(series->reason),
		uuid_array(series->resources.ids, series->resources.count),
		TimestampTzGetDatum(series->next_at),
		UUIDPGetDatum(previous),
		PointerGetDatum(key),
		PointerGetDatum(hash),
	};
	bool nulls[lengthof(values)] = {
		[10] = series->duration == 0,
		[11] = series->reason == NULL,
		[13] = series->next_at == DT_NOEND,
		[14] = previous == NULL,
		[15] = key == NULL,
		[16] = hash == NULL,
	};

	uuid7_draw(&series->id);
	query_run_one(&insert_series, values, nulls);
}

static void
update_series(SavedQuery *update, const Series *series, Datum value, bool isnull)
{
	Datum values[] = {UUIDPGetDatum(&series->clinic), UUIDPGetDatum(&series->id), value};
	bool nulls[] = {false, false, isnull};

	query_run_one(update, values, nulls);
}

void
series_set_next(Series *series, TimestampTz next_at)
{
	if (series->next_at == next_at)
		return;
	series->next_at = next_at;
	update_series(&update_next, series, TimestampTzGetDatum(next_at), next_at == DT_NOEND);
}

void
series_add_exdate(Series *series, TimestampTz occurrence)
{
	update_series(&update_exdates, series, TimestampTzGetDatum(occurrence), false);
}

void
series_end(Series *series, TimestampTz before)
{
	series->rule->count = 0;
	series->rule->until_kind = RRULE_UNTIL_UTC;
	/* UNTIL is included, and a whole second. */
	series->rule->until = floor_divide(before - 1, USECS_PER_SEC) * USECS_PER_SEC;
	update_series(&update_rule, series, CStringGetTextDatum(rrule_text(series->rule)), false);
	/* What comes before the end, and is out of reach yet, is still to be booked. */
	if (series->next_at >= before)
		series_set_next(series, DT_NOEND);
}

bool
series_is_endless(const Series *series)
{
	return series->rule->count == 0 && series->rule->until_kind == RRULE_UNTIL_NONE;
}

/*
 * When it occurs
 */

static void
prepare_rule(const Series *series, ZonedRecurrence *recurrence)
{
	zoned_prepare(recurrence, series->rule, civil_local(series->starts_at, series->zone),
				  series->zone);
}

int
series_occurrences(const Series *series, TimestampTz from, TimestampTz until, int most,
				   TimestampTz *occurrences, TimestampTz *next)
{
	ZonedRecurrence recurrence;
	ZonedScan scan;
	int count = 0;

	*next = DT_NOEND;
	if (from == DT_NOEND)
		return 0;
	prepare_rule(series, &recurrence);
	zoned_begin(&scan, &recurrence, from, DT_NOEND);
	zoned_exclude(&scan, series->exdates, series->nexdates);
	while (zoned_next(&scan, next))
	{
		CHECK_FOR_INTERRUPTS();
		if (count == most || *next > until)
			return count;
		occurrences[count++] = *next;
	}
	*next = DT_NOEND;
	return count;
}

int64
series_count_before(const Series *series, TimestampTz instant)
{
	ZonedRecurrence recurrence;

	prepare_rule(series, &recurrence);
	return zoned_count(&recurrence, instant);
}

/*
 * Locks
 */

/* All that its visits may occupy. */
static ResourceList
resources_of(const Series *series)
{
	ServiceConfiguration service;
	ResourceList list = {0, NULL};

	if (!configured_service(&series->clinic, &series->service, &service))
		refuse(REASON_NOT_FOUND, "there is no such service in this clinic", NULL, NULL);
	list.ids = palloc(sizeof(pg_uuid_t) * (1 + series->resources.count + service.ncandidates));
	list.ids[list.count++] = series->provider;
	for (int i = 0; i < series->resources.count; i++)
		list.ids[list.count++] = series->resources.ids[i];
	for (int i = 0; i < service.ncandidates; i++)
		if (!resource_list_has(&list, &service.candidates[i].id))
			list.ids[list.count++] = service.candidates[i].id;
	return list;
}

bool
series_wants_clinic(const Series *series)
{
	return resources_of(series).count > MOST_RESOURCE_LOCKS;
}

void
series_lock_patient(const Series *series)
{
	VisitFacts facts;

	facts_read(&facts, &series->clinic, &series->service, NULL);
	lock_patient(&series->clinic, &series->patient,
				 has_patient_rules(&facts.patient) ? LOCK_EXCLUSIVE : LOCK_SHARED, LOCK_WAIT);
}

void
series_lock_resources(const Series *series)
{
	ResourceList list = resources_of(series);

	lock_resources(&series->clinic, list.ids, list.count, LOCK_WAIT);
}
