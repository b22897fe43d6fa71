/*
 * sheet_providers.h
 *		The providers on a sheet.
 */
#ifndef CLINIC_SCHED_SHEET_PROVIDERS_H
#define CLINIC_SCHED_SHEET_PROVIDERS_H

#include "utils/uuid.h"

typedef struct SheetProvider
{
	pg_uuid_t id;
	const char *title; /* code and name */
	bool is_active;
} SheetProvider;

/*
 * Read the providers that an argument of type uuid[] names, in this order, or
 * the active ones (0: null), by code, with the caller's rights; returns how many.
 * Between query_begin() and query_end(), until which they live.
 */
extern int sheet_providers_read(const pg_uuid_t *clinic, Datum named, SheetProvider **providers);

#endif /* CLINIC_SCHED_SHEET_PROVIDERS_H */
