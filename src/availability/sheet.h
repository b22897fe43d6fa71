/*
 * sheet.h
 *		What a day's sheet shows, and writing it down.
 */
#ifndef CLINIC_SCHED_SHEET_H
#define CLINIC_SCHED_SHEET_H

#include "availability/opening.h"
#include "availability/sheet_providers.h"
#include "availability/sheet_text.h"
#include "booking/status.h"
#include "civil/civil.h"
#include "utils/uuid.h"

/* A visit of the day. */
typedef struct SheetVisit
{
	TimestampTz starts_at;
	TimestampTz ends_at;
	VisitStatus status;
	VisitMode mode;
	int32 number; /* of a token */
	const char *initials;
	const char *service;
} SheetVisit;

/* A provider and what is known of the day. */
typedef struct SheetColumn
{
	SheetProvider provider;
	OpeningDay rule;
	Opening opening;
	OpenTimes open;
	int nvisits;
	SheetVisit *visits; /* by start */
} SheetColumn;

typedef struct Sheet
{
	pg_uuid_t clinic;
	DateADT day;
	TimestampTz from;
	TimestampTz to;
	CivilClock clock; /* the clinic's */
	int ncolumns;
	SheetColumn *columns;
	SheetText text;
} Sheet;

/* Write the lines of a sheet that has been read. */
extern void sheet_write(Sheet *sheet);

#endif /* CLINIC_SCHED_SHEET_H */
