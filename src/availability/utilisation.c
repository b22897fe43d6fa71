/*
 * utilisation.c
 *		clinic.utilisation(): how much of the time that resources are open is booked.
 *
 * The open time of a resource is cut into pieces at the clinic's midnights and
 * where another day's seats begin.  Claims come in any number, so they are added
 * up as they come.
 */
#include "postgres.h"

#include "access/xact.h"
#include "availability/claim_stream.h"
#include "availability/opening.h"
#include "availability/range.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "clinic/configuration.h"
#include "compat.h"
#include "errors.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "query.h"
#include "utils/date.h"

PG_FUNCTION_INFO_V1(utilisation);

/* Open with so many seats, on one of the days. */
typedef struct Piece
{
	TimestampTz from;
	TimestampTz to;
	int32 seats;
	int day; /* from the first on */
} Piece;

/* Of a day, in microseconds times seats. */
typedef struct DaySum
{
	int64 open;
	int64 booked;
} DaySum;

typedef struct UsedResource
{
	pg_uuid_t id;
	int place; /* among the resources as they are listed */
	int npieces;
	int room;
	Piece *pieces; /* in order */
	DaySum *days;
} UsedResource;

typedef struct Utilisation
{
	const pg_uuid_t *clinic;
	ClinicConfiguration configuration;
	CivilClock clock;
	TimestampTz from;
	TimestampTz to;
	DateADT first_day;
	int ndays;
	int nresources;
	UsedResource *resources; /* by id */
} Utilisation;

/* The active ones, or those that are named, by kind and code. */
static SavedQuery find_resources = {
	.sql = "select r.id from clinic.resource r where r.clinic_id" EQ "$1"
		   " and case when $2 is null then r.is_active"
		   " else r.id operator(pg_catalog.=) any ($2) end order by r.kind, r.code, r.id",
	QUERY_PARAMETERS(UUIDOID, UUIDARRAYOID),
	.snapshot = SNAPSHOT_STATEMENT,
	.as_owner = true,
};

static int
compare_resources(const void *a, const void *b)
{
	return memcmp(&((const UsedResource *) a)->id, &((const UsedResource *) b)->id, UUID_LEN);
}

static void
add_piece(UsedResource *resource, const Piece *piece)
{
	if (resource->npieces == resource->room)
	{
		Size size;

		resource->room = Max(2 * resource->room, 16);
		size = sizeof(Piece) * resource->room;
		resource->pieces = resource->pieces ? repalloc(resource->pieces, size) : palloc(size);
	}
	resource->pieces[resource->npieces++] = *piece;
	resource->days[piece->day].open += (piece->to - piece->from) * piece->seats;
}

static void
list_pieces(Utilisation *asked, UsedResource *resource)
{
	Opening opening;
	OpenTimes open;

	resource->days = palloc0(sizeof(DaySum) * asked->ndays);
	/* It may have been deleted since the statement began. */
	if (!configured_opening(asked->clinic, &resource->id, &opening))
		return;
	open_times(&open, &opening, asked->from, asked->to);
	for (int i = 0; i < open.count; i++)
	{
		Piece piece;

		for (TimestampTz at = open.intervals[i].opens; at < open.intervals[i].closes; at = piece.to)
		{
			DateADT day = clock_day(&asked->clock, at);

			piece.from = at;
			piece.to = Min(Min(open.intervals[i].closes, open_times_day_end(&open, at)),
						   clock_day_start(&asked->clock, day + 1));
			piece.seats = open_times_day(&open, MODE_TIMED, at).seats;
			piece.day = day - asked->first_day;
			add_piece(resource, &piece);
		}
	}
}

static void
read_resources(Utilisation *asked, FunctionCallInfo fcinfo)
{
	Datum values[] = {UUIDPGetDatum(asked->clinic), (Datum) 0};
	bool nulls[] = {false, PG_ARGISNULL(1)};
	pg_uuid_t *named;

	if (!nulls[1])
	{
		int count = uuids_read(PG_GETARG_DATUM(1), "resource_ids", &named);
		ResourceConfiguration configuration;

		for (int i = 0; i < count; i++)
			if (!configured_resource(asked->clinic, &named[i], &configuration))
				refuse(REASON_NOT_FOUND, "there is no such provider, room or device in this clinic",
					   NULL, NULL);
		values[1] = uuid_array(named, count);
	}
	asked->nresources = (int) query_run(&find_resources, values, nulls, 0);
	asked->resources = palloc0(sizeof(UsedResource) * Max(asked->nresources, 1));
	for (int i = 0; i < asked->nresources; i++)
	{
		asked->resources[i].id = *query_uuid(i, 1);
		asked->resources[i].place = i;
	}
	for (int i = 0; i < asked->nresources; i++)
	{
		CHECK_FOR_INTERRUPTS();
		list_pieces(asked, &asked->resources[i]);
	}
	qsort(asked->resources, asked->nresources, sizeof(UsedResource), compare_resources);
}

/* The first piece that ends after an instant. */
static int
first_ending_after(const UsedResource *resource, TimestampTz instant)
{
	int low = 0;
	int high = resource->npieces;

	while (low < high)
	{
		int middle = low + (high - low) / 2;

		if (resource->pieces[middle].to <= instant)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* A seat that the day does not have any more is not open. */
static bool
add_claim(const pg_uuid_t *id, const TakenSeat *claim, void *argument)
{
	const Utilisation *asked = argument;
	UsedResource wanted = {.id = *id};
	const UsedResource *resource = bsearch(&wanted, asked->resources, asked->nresources,
										   sizeof(UsedResource), compare_resources);

	if (resource == NULL)
		return true;
	for (int i = first_ending_after(resource, claim->starts_at);
		 i < resource->npieces && resource->pieces[i].from < claim->ends_at; i++)
	{
		const Piece *piece = &resource->pieces[i];

		if (claim->seat <= piece->seats)
			resource->days[piece->day].booked +=
				Min(claim->ends_at, piece->to) - Max(claim->starts_at, piece->from);
	}
	return true;
}

static void
read_claims(Utilisation *asked)
{
	ClaimStream stream = {
		.clinic = asked->clinic,
		.from = asked->from,
		.to = asked->to,
		.longest_claim = asked->configuration.longest_claim,
		.exceptions =
			claim_exceptions_read(asked->clinic, GetCurrentTransactionStartTimestamp(), NULL),
	};

	(void) claims_stream(&stream, add_claim, asked);
}

static int
compare_places(const void *a, const void *b)
{
	return ((const UsedResource *) a)->place - ((const UsedResource *) b)->place;
}

static void
put_days(const Utilisation *asked, const UsedResource *resource, ReturnSetInfo *result)
{
	for (int day = 0; day < asked->ndays; day++)
	{
		const DaySum *sum = &resource->days[day];
		Datum values[] = {UUIDPGetDatum(&resource->id), DateADTGetDatum(asked->first_day + day),
						  Int32GetDatum((int32) (sum->open / USECS_PER_MINUTE)),
						  Int32GetDatum((int32) (sum->booked / USECS_PER_MINUTE))};
		bool nulls[lengthof(values)] = {false};

		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

Datum
utilisation(PG_FUNCTION_ARGS)
{
	Utilisation asked = {0};

	if (PG_ARGISNULL(0))
		refuse_null("during");
	if (PG_ARGISNULL(2))
		refuse_null("clinic_id");
	materialize_result(fcinfo);
	if (!range_bounds(PG_GETARG_RANGE_P(0), "during", &asked.from, &asked.to))
		return (Datum) 0;
	query_begin();
	asked.clinic = PG_GETARG_UUID_P(2);
	if (!configured_clinic(asked.clinic, &asked.configuration))
		refuse(REASON_NOT_FOUND, "there is no such clinic", NULL, NULL);
	asked.clock = civil_clock(asked.configuration.zone);
	asked.first_day = clock_day(&asked.clock, asked.from);
	asked.ndays = clock_day(&asked.clock, asked.to - 1) - asked.first_day + 1;
	read_resources(&asked, fcinfo);
	read_claims(&asked);
	qsort(asked.resources, asked.nresources, sizeof(UsedResource), compare_places);
	for (int i = 0; i < asked.nresources; i++)
		put_days(&asked, &asked.resources[i], (ReturnSetInfo *) fcinfo->resultinfo);
	query_end();
	return (Datum) 0;
}
