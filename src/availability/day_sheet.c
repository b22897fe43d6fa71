/*
 * day_sheet.c
 *		clinic.day_sheet(): the day of a clinic's providers, as text.
 *
 * Providers, visits and patients are read with the caller's rights; when a
 * provider is open is anybody's to know, as in clinic.available_slots().
 */
#include "postgres.h"

#include "access/xact.h"
#include "availability/sheet.h"
#include "availability/sheet_cell.h"
#include "booking/rules.h"
#include "catalog/pg_type.h"
#include "clinic/configuration.h"
#include "errors.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "query.h"

PG_FUNCTION_INFO_V1(day_sheet);

enum
{
	VISIT_STARTS = 1,
	VISIT_ENDS,
	VISIT_STATUS_NAME,
	VISIT_MODE_NAME,
	VISIT_NUMBER,
	VISIT_PATIENT,
	VISIT_SERVICE
};

/* $3 and $5 bound the starts, $4 the ends; $6 is the instant by which holds expire. */
static SavedQuery find_visits = {
	.sql = "select a.starts_at, a.ends_at, a.status::pg_catalog.text, a.mode::pg_catalog.text,"
		   " a.seat, p.name, s.code"
		   " from clinic.appointment a"
		   " left join clinic.patient p on p.clinic_id" EQ "$1 and p.id" EQ "a.patient_id"
		   " left join clinic.service s on s.clinic_id" EQ "$1 and s.id" EQ "a.service_id"
		   " where a.clinic_id" EQ "$1 and a.provider_id" EQ "$2 and a.starts_at" GT
		   "$3 and a.ends_at" GT "$4 and a.starts_at" LT "$5 and a.status" NE
		   "'cancelled'::clinic.appointment_status and not (a.status" EQ
		   "'held'::clinic.appointment_status and a.hold_expires_at" LE "$6)"
		   " order by a.starts_at, a.seat, a.id",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID,
					 TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_STATEMENT,
};

/* Texts that a query returns live until query_end(). */
static const char *
text_or(uint64 row, int column, const char *absent)
{
	const char *text = query_text(row, column);

	return text ? text : absent;
}

static void
read_visits(const Sheet *sheet, SheetColumn *column)
{
	Datum values[] = {
		UUIDPGetDatum(&sheet->clinic),
		UUIDPGetDatum(&column->provider.id),
		TimestampTzGetDatum(sheet->from - LONGEST_CLAIM),
		TimestampTzGetDatum(sheet->from),
		TimestampTzGetDatum(sheet->to),
		TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()),
	};

	column->nvisits = (int) query_run(&find_visits, values, NULL, 0);
	column->visits = palloc(sizeof(SheetVisit) * Max(column->nvisits, 1));
	for (int i = 0; i < column->nvisits; i++)
		column->visits[i] = (SheetVisit){
			.starts_at = query_timestamptz(i, VISIT_STARTS, 0),
			.ends_at = query_timestamptz(i, VISIT_ENDS, 0),
			.status = status_from_name(query_text(i, VISIT_STATUS_NAME)),
			.mode = mode_from_name(query_text(i, VISIT_MODE_NAME)),
			.number = query_int32(i, VISIT_NUMBER, 0),
			.initials = name_initials(text_or(i, VISIT_PATIENT, "")),
			.service = text_or(i, VISIT_SERVICE, "?"),
		};
}

static void
read_column(const Sheet *sheet, SheetColumn *column)
{
	CHECK_FOR_INTERRUPTS();
	read_visits(sheet, column);
	/* A provider whom the caller's snapshot has, and who has been deleted since, is closed. */
	if (!configured_opening(&sheet->clinic, &column->provider.id, &column->opening))
		column->provider.is_active = false;
	if (!column->provider.is_active)
		return;
	column->rule = opening_day(&column->opening, sheet->day);
	open_times(&column->open, &column->opening, sheet->from, sheet->to);
}

static void
set_day(Sheet *sheet, FunctionCallInfo fcinfo)
{
	ClinicConfiguration configuration;

	if (!configured_clinic(&sheet->clinic, &configuration))
		refuse(REASON_NOT_FOUND, "there is no such clinic", NULL, NULL);
	sheet->clock = civil_clock(configuration.zone);
	if (PG_ARGISNULL(0))
		sheet->day = clock_day(&sheet->clock, GetCurrentTransactionStartTimestamp());
	else
		sheet->day = PG_GETARG_DATEADT(0);
	check_visit_day(sheet->day);
	sheet->from = clock_day_start(&sheet->clock, sheet->day);
	sheet->to = clock_day_start(&sheet->clock, sheet->day + 1);
}

/* Make the whole sheet; its lines are in the memory given. */
static List *
make_sheet(FunctionCallInfo fcinfo, MemoryContext memory)
{
	Sheet sheet = {.clinic = *PG_GETARG_UUID_P(2), .text.memory = memory};
	SheetProvider *providers;

	query_begin();
	set_day(&sheet, fcinfo);
	sheet.ncolumns =
		sheet_providers_read(&sheet.clinic, PG_ARGISNULL(1) ? (Datum) 0 : PG_GETARG_DATUM(1),
							 &providers);
	sheet.columns = palloc0(sizeof(SheetColumn) * Max(sheet.ncolumns, 1));
	for (int i = 0; i < sheet.ncolumns; i++)
		sheet.columns[i].provider = providers[i];
	for (int i = 0; i < sheet.ncolumns; i++)
		read_column(&sheet, &sheet.columns[i]);
	sheet_write(&sheet);
	query_end();
	return sheet.text.lines;
}

/* The sheet is made at the first call, and handed out a line a call. */
Datum
day_sheet(PG_FUNCTION_ARGS)
{
	if (SRF_IS_FIRSTCALL())
	{
		FuncCallContext *context = SRF_FIRSTCALL_INIT();

		if (PG_ARGISNULL(2))
			refuse_null("clinic_id");
		context->user_fctx = make_sheet(fcinfo, context->multi_call_memory_ctx);
	}
	return sheet_next_line(fcinfo);
}
