/*
 * month_sheet.c
 *		clinic.month_sheet(): how booked a clinic's providers are in a month, as
 *		text.
 *
 * A line a provider, a character a day, the weeks apart.  Booked is what visits
 * take, buffers included, of the time that the seats are open, so that half of two
 * chairs is as much as half of one.
 *
 * Providers and visits are read with the caller's rights, as in day_sheet.c;
 * unlike claims, visits also tell of a past that was brought along.
 */
#include "postgres.h"

#include "access/xact.h"
#include "availability/claims.h"
#include "availability/opening.h"
#include "availability/sheet_cell.h"
#include "availability/sheet_providers.h"
#include "availability/sheet_text.h"
#include "booking/rules.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "clinic/configuration.h"
#include "errors.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "query.h"
#include "utils/datetime.h"

PG_FUNCTION_INFO_V1(month_sheet);

#define LABEL_COLUMNS 22
#define MOST_DAYS 31

static const char *const legend[] = {
	". open, nothing booked   0-9 tenths of the open time are booked   # all of it",
	"- closed   ! booked though closed",
};

enum
{
	VISIT_STARTS = 1,
	VISIT_ENDS,
	VISIT_SEAT_NUMBER
};

/* $3 and $4 bound the starts, buffers aside; $5 is the instant by which holds expire. */
static SavedQuery find_visits = {
	.sql = "select a.starts_at operator(pg_catalog.-) a.buffer_before,"
		   " a.ends_at operator(pg_catalog.+) a.buffer_after, a.seat"
		   " from clinic.appointment a"
		   " where a.clinic_id" EQ "$1 and a.provider_id" EQ "$2 and a.starts_at" GT
		   "$3 and a.starts_at" LT "$4 and a.mode" NE "'walk_in'::clinic.visit_mode and a.status" LE
		   "'completed'::clinic.appointment_status and not (a.status" EQ
		   "'held'::clinic.appointment_status and a.hold_expires_at" LE "$5)",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_STATEMENT,
};

typedef struct MonthSheet
{
	pg_uuid_t clinic;
	DateADT first;
	int ndays;
	CivilClock clock; /* the clinic's */
	TimestampTz starts[MOST_DAYS + 1];
	SheetText text;
} MonthSheet;

/* Of a day or more, in microseconds times seats. */
typedef struct Share
{
	int64 open;
	int64 booked;
	bool is_booked; /* open or not */
} Share;

/* What visits take of a provider's seats, and the first that can go on where it was asked about last. */
typedef struct VisitWalk
{
	ClaimSweep sweep;
	int next;
} VisitWalk;

/* How much of such seats is booked within [from, to), which begins no earlier than the one before. */
static int64
booked_time(VisitWalk *walk, int32 seats, TimestampTz from, TimestampTz to)
{
	const ClaimSweep *sweep = &walk->sweep;
	int64 sum = 0;

	while (walk->next < sweep->count &&
		   sweep->claims[walk->next].starts_at <= from - sweep->longest)
		walk->next++;
	for (int i = walk->next; i < sweep->count && sweep->claims[i].starts_at < to; i++)
	{
		const TakenSeat *claim = &sweep->claims[i];

		if (claim->seat <= seats && claim->ends_at > from)
			sum += Min(claim->ends_at, to) - Max(claim->starts_at, from);
	}
	/* The past may have two visits in one seat. */
	return Min(sum, (to - from) * seats);
}

/* Add what is open between two instants of a day. */
static void
add_open(Share *share, OpenTimes *open, VisitWalk *walk, TimestampTz from, TimestampTz to)
{
	TimestampTz until;

	for (TimestampTz at = from; at < to; at = until)
	{
		int32 seats = open_times_day(open, MODE_TIMED, at).seats;

		/* Another day of the provider's may have other seats. */
		until = Min(to, open_times_day_end(open, at));
		share->open += (until - at) * seats;
		share->booked += booked_time(walk, seats, at, until);
	}
}

static Share
share_of_day(const MonthSheet *sheet, OpenTimes *open, VisitWalk *walk, int day)
{
	TimestampTz from = sheet->starts[day];
	TimestampTz to = sheet->starts[day + 1];
	Share share = {.open = 0};

	for (int i = 0; i < open->count; i++)
		if (open->intervals[i].opens < to && open->intervals[i].closes > from)
			add_open(&share, open, walk, Max(open->intervals[i].opens, from),
					 Min(open->intervals[i].closes, to));
	for (int i = 0; i < walk->sweep.count && !share.is_booked; i++)
		share.is_booked =
			walk->sweep.claims[i].starts_at < to && walk->sweep.claims[i].ends_at > from;
	return share;
}

static void
read_visits(const MonthSheet *sheet, const SheetProvider *provider, ClaimSweep *sweep)
{
	Datum values[] = {
		UUIDPGetDatum(&sheet->clinic),
		UUIDPGetDatum(&provider->id),
		TimestampTzGetDatum(sheet->starts[0] - LONGEST_CLAIM),
		TimestampTzGetDatum(sheet->starts[sheet->ndays] + LONGEST_CLAIM),
		TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()),
	};

	sweep->count = (int) query_run(&find_visits, values, NULL, 0);
	sweep->claims = palloc(sizeof(TakenSeat) * Max(sweep->count, 1));
	for (int i = 0; i < sweep->count; i++)
		sweep->claims[i] = (TakenSeat){
			.starts_at = query_timestamptz(i, VISIT_STARTS, 0),
			.ends_at = query_timestamptz(i, VISIT_ENDS, 0),
			.seat = query_int32(i, VISIT_SEAT_NUMBER, 1),
		};
	claims_sort(sweep);
}

static char
mark_of(const Share *share)
{
	if (share->open == 0)
		return share->is_booked ? '!' : '-';
	if (share->booked == 0)
		return '.';
	if (share->booked == share->open)
		return '#';
	return '0' + (char) (share->booked * 10 / share->open);
}

static bool
begins_week(const MonthSheet *sheet, int day)
{
	return day > 0 && j2day(sheet->first + day + POSTGRES_EPOCH_JDATE) == 1;
}

static void
write_label(StringInfo line, const char *label)
{
	SheetCell cell = cell_begin(line, LABEL_COLUMNS - 2);

	cell_write(&cell, label);
	cell_end(&cell);
	appendStringInfoSpaces(line, 2);
}

/* The month; the days with which its weeks begin; and the days of the week. */
static void
write_head(MonthSheet *sheet, StringInfo line)
{
	static const char days[] = "SMTWTFS";
	int columns = LABEL_COLUMNS;
	int year;
	int month;
	int day;

	j2date(sheet->first + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	write_label(line, psprintf("%04d-%02d", year, month));
	for (int i = 0; i < sheet->ndays; i++, columns++)
	{
		columns += begins_week(sheet, i) ? 1 : 0;
		if (i > 0 && !begins_week(sheet, i))
			continue;
		appendStringInfoSpaces(line, columns - line->len);
		appendStringInfo(line, "%d", i + 1);
	}
	sheet_end_line(&sheet->text, line);
	write_label(line, "");
	for (int i = 0; i < sheet->ndays; i++)
		appendStringInfo(line, "%s%c", begins_week(sheet, i) ? " " : "",
						 days[j2day(sheet->first + i + POSTGRES_EPOCH_JDATE)]);
	sheet_end_line(&sheet->text, line);
}

static void
write_provider(MonthSheet *sheet, StringInfo line, const SheetProvider *provider)
{
	TimestampTz from = sheet->starts[0];
	TimestampTz to = sheet->starts[sheet->ndays];
	Share month = {.open = 0};
	VisitWalk walk = {.next = 0};
	OpenTimes open = {.count = 0};
	Opening opening;

	/* A provider whom the caller's snapshot has, and who has been deleted since, is closed. */
	if (provider->is_active && configured_opening(&sheet->clinic, &provider->id, &opening))
		open_times(&open, &opening, from, to);
	read_visits(sheet, provider, &walk.sweep);
	write_label(line, provider->title);
	for (int day = 0; day < sheet->ndays; day++)
	{
		Share share = share_of_day(sheet, &open, &walk, day);
		bool left_out = sheet->starts[day] == sheet->starts[day + 1];

		CHECK_FOR_INTERRUPTS();
		month.open += share.open;
		month.booked += share.booked;
		appendStringInfo(line, "%s%c", begins_week(sheet, day) ? " " : "",
						 left_out ? ' ' : mark_of(&share));
	}
	if (month.open > 0)
		appendStringInfo(line, " %3d%%", (int) (month.booked * 100 / month.open));
	sheet_end_line(&sheet->text, line);
}

static void
set_month(MonthSheet *sheet, FunctionCallInfo fcinfo)
{
	ClinicConfiguration configuration;
	DateADT day;
	int year;
	int month;
	int day_of_month;

	if (!configured_clinic(&sheet->clinic, &configuration))
		refuse(REASON_NOT_FOUND, "there is no such clinic", NULL, NULL);
	sheet->clock = civil_clock(configuration.zone);
	if (PG_ARGISNULL(0))
		day = clock_day(&sheet->clock, GetCurrentTransactionStartTimestamp());
	else
		day = PG_GETARG_DATEADT(0);
	check_visit_day(day);
	j2date(day + POSTGRES_EPOCH_JDATE, &year, &month, &day_of_month);
	sheet->first = day - (day_of_month - 1);
	sheet->ndays = day_tab[isleap(year)][month - 1];
	for (int i = 0; i <= sheet->ndays; i++)
		sheet->starts[i] = clock_day_start(&sheet->clock, sheet->first + i);
}

/* Make the whole sheet; its lines are in the memory given. */
static List *
make_sheet(FunctionCallInfo fcinfo, MemoryContext memory)
{
	MonthSheet sheet = {.clinic = *PG_GETARG_UUID_P(2), .text.memory = memory};
	SheetProvider *providers;
	StringInfoData line;
	int count;

	query_begin();
	initStringInfo(&line);
	set_month(&sheet, fcinfo);
	count = sheet_providers_read(&sheet.clinic, PG_ARGISNULL(1) ? (Datum) 0 : PG_GETARG_DATUM(1),
								 &providers);
	write_head(&sheet, &line);
	for (int i = 0; i < count; i++)
		write_provider(&sheet, &line, &providers[i]);
	for (size_t i = 0; i < lengthof(legend); i++)
	{
		appendStringInfoString(&line, legend[i]);
		sheet_end_line(&sheet.text, &line);
	}
	query_end();
	return sheet.text.lines;
}

/* The sheet is made at the first call, and handed out a line a call. */
Datum
month_sheet(PG_FUNCTION_ARGS)
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
