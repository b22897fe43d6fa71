/*
 * opening_rows.h
 *		Rows of a query's result, as what they say of a clinic's or a resource's
 *		opening.
 *
 * Rows from `first` on, so many of them; what is made of them is in the memory
 * given.
 */
#ifndef CLINIC_SCHED_OPENING_ROWS_H
#define CLINIC_SCHED_OPENING_ROWS_H

#include "clinic/configuration.h"

/* The columns to begin a query with, of a table x. */
#define ROTA_COLUMNS \
	"select pg_catalog.lower(x.valid), pg_catalog.upper(x.valid), x.weekly," \
	" x.mode::pg_catalog.text, x.seats"
#define ROTA_COLUMN_COUNT 5

#define CLOSURE_COLUMNS \
	"select x.during, x.kind" EQ "'open'::clinic.closure_kind, x.rrule, x.exdates"
#define CLOSURE_COLUMN_COUNT 4

#define DAY_COLUMNS "select x.day, x.available, x.seats"
#define DAY_COLUMN_COUNT 3

extern WeeklyHours *row_hours(uint64 row, int column, MemoryContext memory);

extern void rows_rotas(OpeningRules *rules, uint64 first, uint64 count, MemoryContext memory);
extern void rows_closures(OpeningRules *rules, uint64 first, uint64 count, MemoryContext memory);
extern void rows_days(ResourceConfiguration *resource, uint64 first, uint64 count,
					  MemoryContext memory);

/* Of rows that name a service, if it is not null, and in the next column a duration. */
extern void rows_offers(OfferList *offers, uint64 first, uint64 count, int column,
						MemoryContext memory);

#endif /* CLINIC_SCHED_OPENING_ROWS_H */
