/*
 * taken.c
 *		Resources that were found taken.
 */
#include "postgres.h"

#include "availability/taken.h"

void
taken_add(TakenList *taken, const pg_uuid_t *resource, TimestampTz starts_at)
{
	if (taken->count == taken->room)
	{
		taken->room = taken->room ? 2 * taken->room : 8;
		taken->list = taken->list ? repalloc(taken->list, sizeof(TakenAt) * taken->room)
								  : palloc(sizeof(TakenAt) * taken->room);
	}
	taken->list[taken->count].resource = *resource;
	taken->list[taken->count++].starts_at = starts_at;
}

bool
is_taken(const TakenList *taken, const pg_uuid_t *resource, TimestampTz starts_at)
{
	for (int i = 0; i < taken->count; i++)
		if (taken->list[i].starts_at == starts_at &&
			memcmp(&taken->list[i].resource, resource, UUID_LEN) == 0)
			return true;
	return false;
}
