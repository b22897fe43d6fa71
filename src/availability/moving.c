/*
 * moving.c
 *		A visit that is to be moved, and what visits may occupy besides the provider.
 */
#include "postgres.h"

#include "availability/moving.h"
#include "booking/visit.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "errors.h"

static SavedQuery find_moving_visit = {
	.sql = "select a.service_id, a.ends_at operator(pg_catalog.-) a.starts_at, a.buffer_before,"
		   " a.buffer_after, a.resource_ids from clinic.appointment a"
		   " where a.clinic_id" EQ "$1 and a.id" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_STATEMENT,
	.as_owner = true,
};

bool
moving_visit_read(MovingVisit *visit, const pg_uuid_t *clinic, const pg_uuid_t *service,
				  const pg_uuid_t *id, QuerySnapshot snapshot)
{
	Datum values[2] = {UUIDPGetDatum(clinic), UUIDPGetDatum(id)};
	pg_uuid_t service_id;
	bool isnull;

	if (query_run_as_of(&find_moving_visit, snapshot, values, NULL, 1) == 0)
		return false;
	service_id = *query_uuid(0, 1);
	visit->is_of_service = memcmp(&service_id, service, UUID_LEN) == 0;
	visit->duration = interval_microseconds(query_interval(0, 2));
	visit->buffer_before = interval_microseconds(query_interval(0, 3));
	visit->buffer_after = interval_microseconds(query_interval(0, 4));
	visit->resources.count = resource_ids_read(query_datum(0, 5, &isnull), &visit->resources.ids);
	return configured_service(clinic, &service_id, &visit->service);
}

void
moving_pool_gather(Pool *pool, const pg_uuid_t *clinic, const pg_uuid_t *service_id,
				   const MovingVisit *moving, const ResourceList *named)
{
	ResourceList none = {0, NULL};
	ResourceList extra;
	ServiceConfiguration service;

	if (!configured_service(clinic, service_id, &service))
		refuse(REASON_NOT_FOUND, "there is no such service in this clinic", NULL, NULL);
	if (moving == NULL)
	{
		pool_gather(pool, clinic, &service, named ? named : &none, false, &none);
		return;
	}
	extra = named_resources(&moving->service, &moving->resources);
	pool_gather(pool, clinic, &service, &extra, moving->is_of_service, &moving->resources);
}
