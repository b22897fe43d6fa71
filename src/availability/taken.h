/*
 * taken.h
 *		Resources that were found taken.
 */
#ifndef CLINIC_SCHED_TAKEN_H
#define CLINIC_SCHED_TAKEN_H

#include "datatype/timestamp.h"
#include "utils/uuid.h"

/*
 * Resources that were found taken, when nobody could take them any more, for a
 * visit that starts then: not to be tried again, whatever a look without locks
 * says of them.
 */
typedef struct TakenAt
{
	pg_uuid_t resource;
	TimestampTz starts_at;
} TakenAt;

typedef struct TakenList
{
	int count;
	int room;
	TakenAt *list;
} TakenList;

extern void taken_add(TakenList *taken, const pg_uuid_t *resource, TimestampTz starts_at);
extern bool is_taken(const TakenList *taken, const pg_uuid_t *resource, TimestampTz starts_at);

#endif /* CLINIC_SCHED_TAKEN_H */
