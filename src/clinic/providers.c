/*
 * providers.c
 *		All the providers of a clinic.
 *
 * What is known of each is what configuration.c knows, but read for all with one
 * query a table.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "clinic/opening_rows.h"
#include "clinic/providers.h"
#include "query.h"
#include "utils/memutils.h"

enum
{
	PROVIDER_ID = 1,
	PROVIDER_IS_ACTIVE,
	PROVIDER_SEATS,
	PROVIDER_HOURS,
	PROVIDER_TIMEZONE,
	PROVIDER_SPECIALTY
};

static SavedQuery find_providers = {
	.sql = "select r.id, r.is_active, r.seats, r.hours, r.timezone, r.specialty"
		   " from clinic.resource r"
		   " where r.clinic_id" EQ "$1 and r.kind" EQ "'provider'::clinic.resource_kind"
		   " order by r.code, r.id",
	QUERY_PARAMETERS(UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

enum
{
	OFFER_SERVICE = 1, /* and its duration */
	OFFER_PROVIDER = 3
};

static SavedQuery find_offers = {
	.sql = "select o.service_id, o.duration, o.provider_id from clinic.provider_service o"
		   " where o.clinic_id" EQ "$1 order by o.provider_id",
	QUERY_PARAMETERS(UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

/* The resource stands in the column after those of what is read. */
#define OF_RESOURCES(table) \
	", x.resource_id from clinic." table " x where x.clinic_id" EQ "$1" \
	" and x.resource_id is not null order by x.resource_id"

static SavedQuery find_rotas = {
	.sql = ROTA_COLUMNS OF_RESOURCES("hours"),
	QUERY_PARAMETERS(UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

static SavedQuery find_closures = {
	.sql = CLOSURE_COLUMNS OF_RESOURCES("closure"),
	QUERY_PARAMETERS(UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

static SavedQuery find_days = {
	.sql = DAY_COLUMNS OF_RESOURCES("day_capacity") ", x.day",
	QUERY_PARAMETERS(UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

/* How many rows from `first` on have the same id in a column as it has. */
static uint64
count_same(uint64 first, uint64 nrows, int column)
{
	pg_uuid_t id = *query_uuid(first, column);
	uint64 row = first + 1;

	while (row < nrows && memcmp(query_uuid(row, column), &id, UUID_LEN) == 0)
		row++;
	return row - first;
}

static void
read_provider(Provider *provider, uint64 row, MemoryContext memory)
{
	ResourceConfiguration *configuration = &provider->configuration;
	const char *timezone = query_text(row, PROVIDER_TIMEZONE);
	const char *specialty = query_text(row, PROVIDER_SPECIALTY);

	configuration->is_provider = true;
	configuration->is_active = query_bool(row, PROVIDER_IS_ACTIVE);
	configuration->seats = query_int32(row, PROVIDER_SEATS, 0);
	configuration->zone = timezone ? civil_zone(timezone) : NULL;
	configuration->opening.hours = row_hours(row, PROVIDER_HOURS, memory);
	provider->specialty = specialty ? MemoryContextStrdup(memory, specialty) : NULL;
}

static void
enter_place(ClinicProviders *providers, int place)
{
	uint32 slot = provider_hash(&providers->ids[place]) & providers->mask;

	while (providers->places[slot] >= 0)
		slot = (slot + 1) & providers->mask;
	providers->places[slot] = place;
}

static int
compare_ids(const void *a, const void *b, void *argument)
{
	const pg_uuid_t *ids = argument;

	return memcmp(&ids[*(const int32 *) a], &ids[*(const int32 *) b], UUID_LEN);
}

static void
link_by_id(ClinicProviders *providers, MemoryContext memory)
{
	int32 *order = palloc(sizeof(int32) * Max(providers->count, 1));

	providers->next = MemoryContextAlloc(memory, sizeof(int32) * Max(providers->count, 1));
	for (int i = 0; i < providers->count; i++)
		order[i] = i;
	qsort_arg(order, providers->count, sizeof(int32), compare_ids, providers->ids);
	for (int i = 0; i < providers->count; i++)
		providers->next[order[i]] = order[(i + 1) % providers->count];
	pfree(order);
}

static void
read_list(ClinicProviders *providers, const Datum *clinic, MemoryContext memory)
{
	uint64 nrows = query_run(&find_providers, clinic, NULL, 0);
	uint32 nslots = 16;

	while (nslots < 2 * nrows)
		nslots *= 2;
	providers->mask = nslots - 1;
	providers->places = MemoryContextAlloc(memory, sizeof(int32) * nslots);
	memset(providers->places, 0xff, sizeof(int32) * nslots);
	providers->ids = MemoryContextAlloc(memory, sizeof(pg_uuid_t) * Max(nrows, 1));
	providers->list = MemoryContextAllocZero(memory, sizeof(Provider) * Max(nrows, 1));
	for (uint64 row = 0; row < nrows; row++)
	{
		providers->ids[row] = *query_uuid(row, PROVIDER_ID);
		read_provider(&providers->list[row], row, memory);
		enter_place(providers, (int) row);
	}
	providers->count = (int) nrows;
	link_by_id(providers, memory);
}

/* The provider of a row; NULL if it is of a room or a device. */
static Provider *
provider_of_row(ClinicProviders *providers, uint64 row, int column)
{
	int place = provider_place(providers, query_uuid(row, column));

	return place < 0 ? NULL : &providers->list[place];
}

static void
read_offers_and_rules(ClinicProviders *providers, const Datum *clinic, MemoryContext memory)
{
	uint64 nrows = query_run(&find_offers, clinic, NULL, 0);
	uint64 count;
	Provider *provider;

	for (uint64 row = 0; row < nrows; row += count)
	{
		count = count_same(row, nrows, OFFER_PROVIDER);
		provider = provider_of_row(providers, row, OFFER_PROVIDER);
		if (provider)
			rows_offers(&provider->offers, row, count, OFFER_SERVICE, memory);
	}
	nrows = query_run(&find_rotas, clinic, NULL, 0);
	for (uint64 row = 0; row < nrows; row += count)
	{
		count = count_same(row, nrows, ROTA_COLUMN_COUNT + 1);
		provider = provider_of_row(providers, row, ROTA_COLUMN_COUNT + 1);
		if (provider)
			rows_rotas(&provider->configuration.opening, row, count, memory);
	}
	nrows = query_run(&find_closures, clinic, NULL, 0);
	for (uint64 row = 0; row < nrows; row += count)
	{
		count = count_same(row, nrows, CLOSURE_COLUMN_COUNT + 1);
		provider = provider_of_row(providers, row, CLOSURE_COLUMN_COUNT + 1);
		if (provider)
			rows_closures(&provider->configuration.opening, row, count, memory);
	}
	nrows = query_run(&find_days, clinic, NULL, 0);
	for (uint64 row = 0; row < nrows; row += count)
	{
		count = count_same(row, nrows, DAY_COLUMN_COUNT + 1);
		provider = provider_of_row(providers, row, DAY_COLUMN_COUNT + 1);
		if (provider)
			rows_days(&provider->configuration, row, count, memory);
	}
}

static bool
has_several_seats(const Opening *opening)
{
	const OpeningRules *const rules[] = {&opening->own, &opening->clinic};

	for (size_t i = 0; i < lengthof(rules); i++)
		for (int j = 0; j < rules[i]->nrotas; j++)
			if (rules[i]->rotas[j].seats > 1)
				return true;
	for (int i = 0; i < opening->ndays; i++)
		if (opening->days[i].seats > 1)
			return true;
	return opening->seats > 1;
}

ClinicProviders *
providers_read(const pg_uuid_t *clinic, MemoryContext memory)
{
	ClinicProviders *providers = MemoryContextAllocZero(memory, sizeof(ClinicProviders));
	Datum id = UUIDPGetDatum(clinic);
	ClinicConfiguration configuration;
	const Opening **openings;

	if (!configured_clinic(clinic, &configuration))
		return NULL;
	read_list(providers, &id, memory);
	read_offers_and_rules(providers, &id, memory);
	openings = MemoryContextAlloc(memory, sizeof(Opening *) * Max(providers->count, 1));
	for (int i = 0; i < providers->count; i++)
	{
		Provider *provider = &providers->list[i];

		provider->opening = resource_opening(&configuration, &provider->configuration);
		provider->has_several_seats = has_several_seats(&provider->opening);
		openings[i] = &provider->opening;
	}
	providers->days = open_days_create(memory, configuration.zone, openings, providers->count);
	return providers;
}
