/*
 * rules.c
 *		What a booking must know: the facts its rules ask for, and who has the time.
 */
#include "postgres.h"

#include "access/xact.h"
#include "booking/rules.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "query.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"

/* How many free starts a refusal names. */
#define STARTS_NAMED 3

/* The columns of find_facts. */
enum
{
	FACT_TIMEZONE = 1,
	FACT_CLINIC_STATUS,
	FACT_MIN_NOTICE,
	FACT_MAX_ADVANCE,
	FACT_ALLOW_SAME_DAY,
	FACT_SLOT_STEP,
	FACT_MIN_DURATION,
	FACT_MAX_DURATION,
	FACT_PATIENT_RULES,
	FACT_LONGEST_CLAIM,
	FACT_SERVICE_ACTIVE,
	FACT_SERVICE_MODE,
	FACT_DURATION,
	FACT_BUFFER_BEFORE,
	FACT_BUFFER_AFTER,
	FACT_OFFERED,
	FACT_PATIENT_ACTIVE,
	FACT_CODE_TAKEN
};

static SavedQuery find_facts = {
	.sql =
		"select c.timezone, c.status::pg_catalog.text,"
		" coalesce(s.min_notice, c.min_notice), coalesce(s.max_advance, c.max_advance),"
		" coalesce(s.allow_same_day, c.allow_same_day), coalesce(s.slot_step, c.slot_step),"
		" c.min_duration, c.max_duration,"
		" c.prevent_patient_overlap or c.max_active_per_patient is not null, c.longest_claim,"
		" s.is_active, s.mode::pg_catalog.text, coalesce(o.duration, s.duration),"
		" s.buffer_before, s.buffer_after,"
		" $3 is null or o.service_id is not null or not exists (select from clinic.provider_service x"
		" where x.clinic_id" EQ "$1 and x.provider_id" EQ "$3),"
		" p.is_active,"
		" exists (select from clinic.appointment a where a.clinic_id" EQ "$1 and a.code" EQ "$5)"
		" from clinic.clinic c"
		" left join clinic.service s on s.clinic_id" EQ "$1 and s.id" EQ "$2"
		" left join clinic.provider_service o on o.clinic_id" EQ "$1 and o.provider_id" EQ "$3"
		" and o.service_id" EQ "$2"
		" left join clinic.patient p on p.clinic_id" EQ "$1 and p.id" EQ "$4"
		" where c.id" EQ "$1",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, UUIDOID, UUIDOID, TEXTOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

/* A claim that overlaps [$3, $4) began after $3 less the longest claim. */
#define OVERLAPS_STRETCH \
	" c.clinic_id" EQ "$1 and c.starts_at" LT "$4 and c.ends_at" GT "$3" \
	" and c.starts_at" GT "($3 operator(pg_catalog.-)" \
	" (select k.longest_claim from clinic.clinic k where k.id" EQ "$1))"

enum
{
	LOOK_ID = 1,
	LOOK_IS_PROVIDER,
	LOOK_SEATS,
	LOOK_IS_ACTIVE,
	LOOK_SEAT,
	LOOK_STARTS_AT,
	LOOK_ENDS_AT
};

static SavedQuery find_claims = {
	.sql = "select r.id, r.kind" EQ "'provider'::clinic.resource_kind, r.seats, r.is_active,"
		   " c.seat, c.starts_at, c.ends_at"
		   " from clinic.resource r"
		   " left join clinic.claim c on c.resource_id" EQ "r.id and" OVERLAPS_STRETCH
		   " and c.appointment_id" NE "$5"
		   " where r.clinic_id" EQ "$1 and r.id operator(pg_catalog.=) any ($2)",
	QUERY_PARAMETERS(UUIDOID, UUIDARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

#define EXPIRED_HOLDS \
	" from clinic.claim c join clinic.appointment a on a.clinic_id" EQ "$1 and a.id" EQ \
	"c.appointment_id" \
	" where c.resource_id operator(pg_catalog.=) any ($2) and" OVERLAPS_STRETCH " and a.status" EQ \
	"'held'::clinic.appointment_status and a.hold_expires_at" LE "$5"

static SavedQuery find_expired_holds = {
	.sql = "select 1" EXPIRED_HOLDS " limit 1",
	QUERY_PARAMETERS(UUIDOID, UUIDARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

static SavedQuery reap_expired_holds = {
	.sql = "with expired as materialized (select a.id" EXPIRED_HOLDS
		   " for no key update of a skip locked)"
		   " delete from clinic.claim d using expired e"
		   " where d.clinic_id" EQ "$1 and d.appointment_id" EQ "e.id",
	QUERY_PARAMETERS(UUIDOID, UUIDARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

Datum
uuid_array(const pg_uuid_t *uuids, int count)
{
	Datum *elements = palloc(sizeof(Datum) * count);

	for (int i = 0; i < count; i++)
		elements[i] = UUIDPGetDatum(&uuids[i]);
	return PointerGetDatum(
		construct_array(elements, count, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR));
}

void
check_visit_instant(TimestampTz instant, const char *name)
{
	TimestampTz first = (int64) (date2j(1900, 1, 1) - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY;
	TimestampTz end = (int64) (date2j(10000, 1, 1) - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY;

	if (TIMESTAMP_NOT_FINITE(instant) || instant < first || instant >= end)
		refuse(REASON_INVALID_TIME, psprintf("%s is not a time a visit can have", name),
			   "it must be finite, in the years 1900 to 9999", NULL);
}

static int64
microseconds(int column)
{
	const Interval *interval = query_interval(0, column);

	return interval ? interval_microseconds(interval) : 0;
}

static void
read_booking_facts(BookingFacts *facts)
{
	const Interval *max_advance = query_interval(0, FACT_MAX_ADVANCE);
	const char *status = query_text(0, FACT_CLINIC_STATUS);

	facts->zone = civil_zone(query_text(0, FACT_TIMEZONE));
	facts->clinic_closed = strcmp(status, "closed") == 0;
	facts->clinic_closing_soon = strcmp(status, "closing_soon") == 0;
	facts->min_notice = *query_interval(0, FACT_MIN_NOTICE);
	facts->has_max_advance = max_advance != NULL;
	if (max_advance)
		facts->max_advance = *max_advance;
	facts->allow_same_day = query_bool(0, FACT_ALLOW_SAME_DAY);
	facts->slot_step = microseconds(FACT_SLOT_STEP);
	facts->min_duration = microseconds(FACT_MIN_DURATION);
	facts->max_duration = microseconds(FACT_MAX_DURATION);
	facts->service_active = query_bool(0, FACT_SERVICE_ACTIVE);
	facts->service_mode = mode_from_name(query_text(0, FACT_SERVICE_MODE));
	facts->offered = query_bool(0, FACT_OFFERED);
	facts->now = GetCurrentTransactionStartTimestamp();
}

void
facts_read(VisitFacts *facts, const pg_uuid_t *clinic, const pg_uuid_t *service,
		   const pg_uuid_t *provider, const pg_uuid_t *patient, const char *code)
{
	Datum values[] = {UUIDPGetDatum(clinic), UUIDPGetDatum(service), UUIDPGetDatum(provider),
					  UUIDPGetDatum(patient), code ? CStringGetTextDatum(code) : (Datum) 0};
	bool nulls[] = {false, false, provider == NULL, patient == NULL, code == NULL};

	if (query_run(&find_facts, values, nulls, 1) == 0)
		refuse(REASON_NOT_FOUND, "there is no such clinic", NULL, NULL);
	if (query_isnull(0, FACT_SERVICE_ACTIVE))
		refuse(REASON_NOT_FOUND, "there is no such service in this clinic", NULL, NULL);
	if (patient && query_isnull(0, FACT_PATIENT_ACTIVE))
		refuse(REASON_NOT_FOUND, "there is no such patient in this clinic", NULL, NULL);

	read_booking_facts(&facts->booking);
	facts->duration = microseconds(FACT_DURATION);
	facts->buffer_before = *query_interval(0, FACT_BUFFER_BEFORE);
	facts->buffer_after = *query_interval(0, FACT_BUFFER_AFTER);
	facts->longest_claim = microseconds(FACT_LONGEST_CLAIM);
	facts->patient_active = query_bool(0, FACT_PATIENT_ACTIVE);
	facts->patient_rules = query_bool(0, FACT_PATIENT_RULES);
	facts->code_taken = query_bool(0, FACT_CODE_TAKEN);
}

static LookedResource *
looked_resource(Look *look, const pg_uuid_t *id)
{
	for (int i = 0; i < look->nresources; i++)
		if (memcmp(&look->resources[i].id, id, UUID_LEN) == 0)
			return &look->resources[i];
	elog(ERROR, "a resource was read that was not asked for");
}

static void
look_note_row(Look *look, uint64 row, uint64 nrows)
{
	LookedResource *resource = looked_resource(look, query_uuid(row, LOOK_ID));
	TakenSeat *seat;

	resource->exists = true;
	resource->is_provider = query_bool(row, LOOK_IS_PROVIDER);
	resource->is_active = query_bool(row, LOOK_IS_ACTIVE);
	resource->seats = query_int32(row, LOOK_SEATS, 0);
	if (query_isnull(row, LOOK_SEAT))
		return;
	if (resource->taken == NULL)
		resource->taken = palloc(sizeof(TakenSeat) * nrows);
	seat = &resource->taken[resource->ntaken++];
	seat->seat = query_int32(row, LOOK_SEAT, 0);
	seat->starts_at = query_timestamptz(row, LOOK_STARTS_AT, 0);
	seat->ends_at = query_timestamptz(row, LOOK_ENDS_AT, 0);
}

Look *
look_at(const pg_uuid_t *clinic, const pg_uuid_t *resources, int nresources, TimestampTz from,
		TimestampTz until, const pg_uuid_t *except)
{
	static const pg_uuid_t nobody = {{0}};
	Datum values[] = {UUIDPGetDatum(clinic), uuid_array(resources, nresources),
					  TimestampTzGetDatum(from), TimestampTzGetDatum(until),
					  UUIDPGetDatum(except ? except : &nobody)};
	Look *look = palloc(sizeof(Look));
	uint64 nrows;

	look->nresources = nresources;
	look->resources = palloc0(sizeof(LookedResource) * nresources);
	for (int i = 0; i < nresources; i++)
		look->resources[i].id = resources[i];
	nrows = query_run(&find_claims, values, NULL, 0);
	for (uint64 row = 0; row < nrows; row++)
		look_note_row(look, row, nrows);
	return look;
}

TimestampTz
look_until(const VisitFacts *facts, const VisitTime *time)
{
	pg_tz *zone = facts->booking.zone;
	TimestampTz day_end = civil_day_start(civil_day(time->starts_at, zone) + 1, zone);

	return Max(time->claim_to, day_end);
}

static bool
start_is_free(const VisitFacts *facts, const Look *look, const VisitTime *time, TimestampTz start)
{
	int64 later = start - time->starts_at;

	if (booking_refusal(&facts->booking, time->mode, start, time->ends_at + later) != REASON_NONE)
		return false;
	for (int i = 0; i < look->nresources; i++)
	{
		const LookedResource *resource = &look->resources[i];

		if (lowest_free_seat(resource->taken, resource->ntaken, resource->seats,
							 time->claim_from + later, time->claim_to + later) == 0)
			return false;
	}
	return true;
}

/* "Free later that day: 10:30, 11:00.", of the starts on the clinic's grid; NULL if none is. */
static const char *
free_starts_hint(const VisitFacts *facts, const Look *look, const VisitTime *time)
{
	pg_tz *zone = facts->booking.zone;
	int64 midnight = (int64) civil_day(time->starts_at, zone) * USECS_PER_DAY;
	int64 since_midnight = civil_local(time->starts_at, zone) - midnight;
	int64 step = facts->booking.slot_step;
	StringInfoData hint;
	int named = 0;

	initStringInfo(&hint);
	for (int64 at = (since_midnight / step + 1) * step; at < USECS_PER_DAY && named < STARTS_NAMED;
		 at += step)
	{
		int minutes = (int) (at / USECS_PER_MINUTE);
		TimestampTz start = civil_instant(midnight + at, zone);

		CHECK_FOR_INTERRUPTS();
		/* A time that clocks skip is no start; of one they show twice, the second is not listed. */
		if (start <= time->starts_at || civil_local(start, zone) != midnight + at ||
			!start_is_free(facts, look, time, start))
			continue;
		appendStringInfo(&hint, "%s%02d:%02d",
						 named++ ? ", " : "Free later that day: ", minutes / 60, minutes % 60);
	}
	if (named == 0)
		return NULL;
	appendStringInfoChar(&hint, '.');
	return hint.data;
}

void
refuse_taken(const VisitFacts *facts, const Look *look, const VisitTime *time)
{
	if (time->mode == MODE_TOKEN)
		refuse(REASON_CAPACITY_REACHED, "that day is fully booked", NULL, "Choose another day.");
	refuse(REASON_SLOT_TAKEN, "that time is not free", NULL,
		   facts && look ? free_starts_hint(facts, look, time) : NULL);
}

bool
expired_holds_exist(const pg_uuid_t *clinic, const pg_uuid_t *resources, int nresources,
					TimestampTz from, TimestampTz to)
{
	Datum values[] = {UUIDPGetDatum(clinic), uuid_array(resources, nresources),
					  TimestampTzGetDatum(from), TimestampTzGetDatum(to),
					  TimestampTzGetDatum(GetCurrentTransactionStartTimestamp())};

	return query_run(&find_expired_holds, values, NULL, 1) > 0;
}

uint64
expired_holds_reap(const pg_uuid_t *clinic, const pg_uuid_t *resources, int nresources,
				   TimestampTz from, TimestampTz to)
{
	Datum values[] = {UUIDPGetDatum(clinic), uuid_array(resources, nresources),
					  TimestampTzGetDatum(from), TimestampTzGetDatum(to),
					  TimestampTzGetDatum(GetCurrentTransactionStartTimestamp())};

	return query_run(&reap_expired_holds, values, NULL, 0);
}
