/*
 * sheet_providers.c
 *		The providers on a sheet.
 */
#include "postgres.h"

#include "availability/sheet_providers.h"
#include "catalog/pg_type.h"
#include "errors.h"
#include "miscadmin.h"
#include "query.h"

enum
{
	PROVIDER_ID = 1,
	PROVIDER_CODE,
	PROVIDER_NAME,
	PROVIDER_IS_ACTIVE
};

#define PROVIDER_COLUMNS \
	"select r.id, r.code, r.name, r.is_active from clinic.resource r" \
	" where r.clinic_id" EQ "$1 and r.kind" EQ "'provider'::clinic.resource_kind"

static SavedQuery find_active_providers = {
	.sql = PROVIDER_COLUMNS " and r.is_active order by r.code",
	QUERY_PARAMETERS(UUIDOID),
	.snapshot = SNAPSHOT_STATEMENT,
};

static SavedQuery find_provider = {
	.sql = PROVIDER_COLUMNS " and r.id" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_STATEMENT,
};

static void
read_provider(SheetProvider *provider, uint64 row)
{
	const char *code = query_text(row, PROVIDER_CODE);
	const char *name = query_text(row, PROVIDER_NAME);

	provider->id = *query_uuid(row, PROVIDER_ID);
	provider->title = strcmp(code, name) == 0 ? code : psprintf("%s %s", code, name);
	provider->is_active = query_bool(row, PROVIDER_IS_ACTIVE);
}

static int
read_active_providers(const pg_uuid_t *clinic, SheetProvider **providers)
{
	Datum value = UUIDPGetDatum(clinic);
	int count = (int) query_run(&find_active_providers, &value, NULL, 0);

	*providers = palloc(sizeof(SheetProvider) * Max(count, 1));
	for (int i = 0; i < count; i++)
		read_provider(&(*providers)[i], i);
	return count;
}

static int
read_named_providers(const pg_uuid_t *clinic, Datum named, SheetProvider **providers)
{
	pg_uuid_t *ids;
	int count = uuids_read(named, "providers", &ids);

	*providers = palloc(sizeof(SheetProvider) * Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		Datum values[] = {UUIDPGetDatum(clinic), UUIDPGetDatum(&ids[i])};

		CHECK_FOR_INTERRUPTS();
		if (query_run(&find_provider, values, NULL, 0) == 0)
			refuse(REASON_NOT_FOUND, "there is no such provider in this clinic", NULL, NULL);
		read_provider(&(*providers)[i], 0);
	}
	return count;
}

int
sheet_providers_read(const pg_uuid_t *clinic, Datum named, SheetProvider **providers)
{
	return named == (Datum) 0 ? read_active_providers(clinic, providers)
							  : read_named_providers(clinic, named, providers);
}
