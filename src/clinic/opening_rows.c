/*
 * opening_rows.c
 *		Rows of a query's result, as what they say of a clinic's or a resource's
 *		opening.
 */
#include "postgres.h"

#include "civil/civil.h"
#include "clinic/closure_row.h"
#include "clinic/opening_rows.h"
#include "compat.h"
#include "query.h"
#include "utils/memutils.h"

enum
{
	ROTA_FROM = 1,
	ROTA_UNTIL,
	ROTA_WEEKLY,
	ROTA_MODE,
	ROTA_SEATS
};

enum
{
	CLOSURE_DURING = 1,
	CLOSURE_IS_OPEN,
	CLOSURE_RRULE,
	CLOSURE_EXDATES
};

enum
{
	DAY_DAY = 1,
	DAY_AVAILABLE,
	DAY_SEATS
};

WeeklyHours *
row_hours(uint64 row, int column, MemoryContext memory)
{
	bool isnull;
	Datum value = query_datum(row, column, &isnull);
	WeeklyHours *hours;
	WeeklyHours *copy;

	if (isnull)
		return NULL;
	hours = DatumGetWeeklyHoursP(value);
	copy = MemoryContextAlloc(memory, VARSIZE(hours));
	memcpy(copy, hours, VARSIZE(hours));
	return copy;
}

static DateADT
date_or(uint64 row, int column, DateADT unbounded)
{
	bool isnull;
	Datum value = query_datum(row, column, &isnull);

	return isnull ? unbounded : DatumGetDateADT(value);
}

void
rows_rotas(OpeningRules *rules, uint64 first, uint64 count, MemoryContext memory)
{
	Rota *rotas = MemoryContextAllocZero(memory, sizeof(Rota) * Max(count, 1));

	for (uint64 i = 0; i < count; i++)
	{
		uint64 row = first + i;

		rotas[i].from = date_or(row, ROTA_FROM, DATEVAL_NOBEGIN);
		rotas[i].until = date_or(row, ROTA_UNTIL, DATEVAL_NOEND);
		rotas[i].weekly = row_hours(row, ROTA_WEEKLY, memory);
		rotas[i].has_mode = !query_isnull(row, ROTA_MODE);
		if (rotas[i].has_mode)
			rotas[i].mode = mode_from_name(query_text(row, ROTA_MODE));
		rotas[i].seats = query_int32(row, ROTA_SEATS, 0);
	}
	rules->nrotas = (int) count;
	rules->rotas = rotas;
}

void
rows_closures(OpeningRules *rules, uint64 first, uint64 count, MemoryContext memory)
{
	Closure *closures = MemoryContextAllocZero(memory, sizeof(Closure) * Max(count, 1));

	for (uint64 i = 0; i < count; i++)
	{
		uint64 row = first + i;
		bool isnull;
		Datum during = query_datum(row, CLOSURE_DURING, &isnull);
		Datum value;

		closures[i] = closure_of_row(during, query_bool(row, CLOSURE_IS_OPEN));
		value = query_datum(row, CLOSURE_RRULE, &isnull);
		if (!isnull)
			closure_set_rule(&closures[i], value, memory);
		value = query_datum(row, CLOSURE_EXDATES, &isnull);
		if (!isnull)
			closure_set_exdates(&closures[i], value, memory);
	}
	rules->nclosures = (int) count;
	rules->closures = closures;
}

void
rows_days(ResourceConfiguration *resource, uint64 first, uint64 count, MemoryContext memory)
{
	DayCapacity *days = MemoryContextAllocZero(memory, sizeof(DayCapacity) * Max(count, 1));

	for (uint64 i = 0; i < count; i++)
	{
		uint64 row = first + i;

		days[i].day = date_or(row, DAY_DAY, 0);
		days[i].available = query_bool(row, DAY_AVAILABLE);
		days[i].seats = query_int32(row, DAY_SEATS, 0);
	}
	resource->ndays = (int) count;
	resource->days = days;
}

void
rows_offers(OfferList *offers, uint64 first, uint64 count, int column, MemoryContext memory)
{
	Offer *list = MemoryContextAlloc(memory, sizeof(Offer) * Max(count, 1));

	offers->count = 0;
	offers->list = list;
	for (uint64 row = first; row < first + count; row++)
	{
		const Interval *duration = query_interval(row, column + 1);

		if (query_isnull(row, column))
			continue;
		list[offers->count].service = *query_uuid(row, column);
		list[offers->count++].duration = duration ? interval_microseconds(duration) : 0;
	}
}
