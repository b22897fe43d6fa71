/*
 * days.c
 *		The days of a provider: clinic.token_days(), and clinic.provider_day(), by
 *		which clinic.set_day() finds the visits of a day.
 */
#include "postgres.h"

#include "access/xact.h"
#include "availability/claims.h"
#include "availability/opening.h"
#include "availability/range.h"
#include "civil/civil.h"
#include "clinic/configuration.h"
#include "compat.h"
#include "errors.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "query.h"

PG_FUNCTION_INFO_V1(token_days);
PG_FUNCTION_INFO_V1(provider_day);

/* The days that are listed where it is not said which. */
#define DAYS_LISTED 30

typedef struct Provider
{
	bool is_active;
	Opening opening;
	CivilClock clock; /* the clinic's */
	DateADT today;
} Provider;

/* The days of a listing, which are asked about in order. */
typedef struct TokenDays
{
	Provider provider;
	OpenTimes open;
	ClaimSweep claims;
	int next_claim; /* the first that starts on the next day or later */
} TokenDays;

typedef struct TokenDay
{
	DateADT day;
	bool available;
	int32 capacity;
	int32 taken;
	int32 remaining;
} TokenDay;

static void
read_provider(Provider *provider, const pg_uuid_t *clinic, const pg_uuid_t *id)
{
	ClinicConfiguration clinic_configuration;
	ResourceConfiguration configuration;

	if (!configured_clinic(clinic, &clinic_configuration))
		refuse(REASON_NOT_FOUND, "there is no such clinic", NULL, NULL);
	if (!configured_resource(clinic, id, &configuration) || !configuration.is_provider ||
		!configured_opening(clinic, id, &provider->opening))
		refuse(REASON_NOT_FOUND, "there is no such provider in this clinic", NULL, NULL);
	provider->is_active = configuration.is_active;
	provider->clock = civil_clock(clinic_configuration.zone);
	provider->today = clock_day(&provider->clock, GetCurrentTransactionStartTimestamp());
}

/* The days that an argument touches, from `first` until before `end`; false if it touches none. */
static bool
listed_days(Provider *provider, FunctionCallInfo fcinfo, DateADT *first, DateADT *end)
{
	TimestampTz from;
	TimestampTz to;

	*first = provider->today;
	*end = provider->today + DAYS_LISTED;
	if (PG_ARGISNULL(1))
		return true;
	if (!range_bounds(PG_GETARG_RANGE_P(1), "during", &from, &to))
		return false;
	*first = clock_day(&provider->clock, from);
	*end = clock_day(&provider->clock, to - 1) + 1;
	return true;
}

/* How many tokens stand: what claims exactly that day. */
static int32
tokens_taken(TokenDays *days, TimestampTz starts_at, TimestampTz ends_at)
{
	const ClaimSweep *claims = &days->claims;
	int32 taken = 0;

	for (; days->next_claim < claims->count; days->next_claim++)
	{
		const TakenSeat *claim = &claims->claims[days->next_claim];

		if (claim->starts_at >= ends_at)
			break;
		if (claim->starts_at == starts_at && claim->ends_at == ends_at)
			taken++;
	}
	return taken;
}

static TokenDay
token_day(TokenDays *days, DateADT day, TimestampTz starts_at, TimestampTz ends_at)
{
	OpeningDay rule = open_times_day(&days->open, MODE_TOKEN, starts_at);
	TokenDay result = {.day = day, .taken = tokens_taken(days, starts_at, ends_at)};

	if (rule.mode != MODE_TOKEN)
		return result;
	result.capacity = rule.seats;
	result.available = days->provider.is_active &&
					   opening_refusal(&days->open, MODE_TOKEN, starts_at, ends_at) == REASON_NONE;
	if (result.available)
		result.remaining = claims_free_seats(&days->claims, rule.seats, starts_at, ends_at);
	return result;
}

static void
put_day(const TokenDay *day, ReturnSetInfo *result)
{
	Datum values[] = {DateADTGetDatum(day->day), BoolGetDatum(day->available),
					  Int32GetDatum(day->capacity), Int32GetDatum(day->taken),
					  Int32GetDatum(day->remaining)};
	bool nulls[lengthof(values)] = {false};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static void
list_days(TokenDays *days, const pg_uuid_t *clinic, const pg_uuid_t *provider, DateADT first,
		  DateADT end, ReturnSetInfo *result)
{
	CivilClock *clock = &days->provider.clock;
	TimestampTz from = clock_day_start(clock, first);
	TimestampTz to = clock_day_start(clock, end);

	open_times(&days->open, &days->provider.opening, from, to);
	claims_read(&days->claims, clinic, provider, 1, from, to, NULL, SNAPSHOT_STATEMENT);
	for (DateADT day = first; day < end; day++)
	{
		TimestampTz starts_at = clock_day_start(clock, day);
		TimestampTz ends_at = clock_day_start(clock, day + 1);
		TokenDay row;

		CHECK_FOR_INTERRUPTS();
		/* A day that the zone left out is none. */
		if (starts_at == ends_at)
			continue;
		row = token_day(days, day, starts_at, ends_at);
		put_day(&row, result);
	}
}

Datum
token_days(PG_FUNCTION_ARGS)
{
	TokenDays days = {.next_claim = 0};
	const pg_uuid_t *provider;
	const pg_uuid_t *clinic;
	DateADT first;
	DateADT end;

	if (PG_ARGISNULL(0))
		refuse_null("provider_id");
	if (PG_ARGISNULL(2))
		refuse_null("clinic_id");
	provider = PG_GETARG_UUID_P(0);
	clinic = PG_GETARG_UUID_P(2);
	materialize_result(fcinfo);
	query_begin();
	read_provider(&days.provider, clinic, provider);
	if (listed_days(&days.provider, fcinfo, &first, &end))
		list_days(&days, clinic, provider, first, end, (ReturnSetInfo *) fcinfo->resultinfo);
	query_end();
	return (Datum) 0;
}

Datum
provider_day(PG_FUNCTION_ARGS)
{
	Provider provider;
	DateADT day;
	TimestampTz from;
	TimestampTz to;

	if (PG_ARGISNULL(0))
		refuse_null("provider_id");
	if (PG_ARGISNULL(2))
		refuse_null("clinic_id");
	query_begin();
	read_provider(&provider, PG_GETARG_UUID_P(2), PG_GETARG_UUID_P(0));
	day = PG_ARGISNULL(1) ? provider.today : PG_GETARG_DATEADT(1);
	check_visit_day(day);
	opening_day_bounds(&provider.opening, day, &from, &to);
	query_end();
	PG_RETURN_DATUM(range_datum(from, to));
}
