/*
 * day_sheet.c
 *		clinic.day_sheet(): the day of a clinic's providers, as text.
 *
 * Below the head stand the tokens of the day, one line a number, and then the
 * half hours of the wall clock from the first to the last at which a provider is
 * open or has a visit.  A line is a stretch of instants in which the clocks go
 * on evenly, so none stands for a half hour that is skipped, and two do for one
 * that is shown twice.
 *
 * A cell begins with a mark, which is a blank for a visit that is scheduled.
 * Visits and patients are read with the caller's rights.
 */
#include "postgres.h"

#include "access/xact.h"
#include "availability/opening.h"
#include "availability/sheet_cell.h"
#include "booking/rules.h"
#include "booking/status.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "clinic/configuration.h"
#include "errors.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "query.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"

PG_FUNCTION_INFO_V1(day_sheet);

#define HALF_HOUR (30 * USECS_PER_MINUTE)

/* As wide as "Mo 2027-03-15"; three providers fit into 80 columns. */
#define LABEL_COLUMNS 13
#define CELL_COLUMNS 20
#define GAP "  "

static const char marks[] = {
	[STATUS_HELD] = '?',	  [STATUS_SCHEDULED] = ' ',	  [STATUS_CONFIRMED] = '*',
	[STATUS_ARRIVED] = '@',	  [STATUS_IN_PROGRESS] = '>', [STATUS_COMPLETED] = '=',
	[STATUS_CANCELLED] = 'x', [STATUS_NO_SHOW] = 'x',
};

static const char *const legend[] = {
	". open   - closed   | goes on   :15 starts at that minute   +2 two more",
	"? held   * confirmed   @ arrived   > in progress   = completed   x no-show",
};

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
	pg_uuid_t provider;
	const char *title;
	bool is_active;
	OpeningDay rule;
	Opening opening;
	OpenTimes open;
	int nvisits;
	SheetVisit *visits; /* by start */
} SheetColumn;

/* The instants [from, to), at the first of which the clocks show `local`. */
typedef struct SheetLine
{
	TimestampTz from;
	TimestampTz to;
	Timestamp local;
} SheetLine;

typedef struct Sheet
{
	pg_uuid_t clinic;
	DateADT day;
	TimestampTz from;
	TimestampTz to;
	CivilClock clock; /* the clinic's */
	int ncolumns;
	SheetColumn *columns;
	MemoryContext memory; /* of the text */
	List *text;			  /* what is handed out */
} Sheet;

/*
 * Reading
 */

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
read_provider(SheetColumn *column, uint64 row)
{
	const char *code = query_text(row, PROVIDER_CODE);
	const char *name = query_text(row, PROVIDER_NAME);

	column->provider = *query_uuid(row, PROVIDER_ID);
	column->title = strcmp(code, name) == 0 ? code : psprintf("%s %s", code, name);
	column->is_active = query_bool(row, PROVIDER_IS_ACTIVE);
}

static void
read_active_providers(Sheet *sheet)
{
	Datum clinic = UUIDPGetDatum(&sheet->clinic);

	sheet->ncolumns = (int) query_run(&find_active_providers, &clinic, NULL, 0);
	sheet->columns = palloc0(sizeof(SheetColumn) * Max(sheet->ncolumns, 1));
	for (int i = 0; i < sheet->ncolumns; i++)
		read_provider(&sheet->columns[i], i);
}

static void
read_named_providers(Sheet *sheet, ArrayType *providers)
{
	Datum *elements;
	bool *nulls;

	deconstruct_array(providers, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR, &elements, &nulls,
					  &sheet->ncolumns);
	sheet->columns = palloc0(sizeof(SheetColumn) * Max(sheet->ncolumns, 1));
	for (int i = 0; i < sheet->ncolumns; i++)
	{
		Datum values[] = {UUIDPGetDatum(&sheet->clinic), elements[i]};

		CHECK_FOR_INTERRUPTS();
		if (nulls[i])
			refuse_null("a provider");
		if (query_run(&find_provider, values, NULL, 0) == 0)
			refuse(REASON_NOT_FOUND, "there is no such provider in this clinic", NULL, NULL);
		read_provider(&sheet->columns[i], 0);
	}
}

static void
read_visits(const Sheet *sheet, SheetColumn *column)
{
	Datum values[] = {
		UUIDPGetDatum(&sheet->clinic),
		UUIDPGetDatum(&column->provider),
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
	if (!configured_opening(&sheet->clinic, &column->provider, &column->opening))
		column->is_active = false;
	if (!column->is_active)
		return;
	column->rule = opening_day(&column->opening, sheet->day);
	open_times(&column->open, &column->opening, sheet->from, sheet->to);
}

/*
 * What is shown
 */

static bool
is_open_in(const SheetColumn *column, const SheetLine *line)
{
	for (int i = 0; i < column->open.count; i++)
		if (column->open.intervals[i].opens < line->to &&
			column->open.intervals[i].closes > line->from)
			return true;
	return false;
}

/* Tokens have lines of their own. */
static bool
runs_in(const SheetVisit *visit, const SheetLine *line)
{
	return visit->mode != MODE_TOKEN && visit->starts_at < line->to && visit->ends_at > line->from;
}

/* A visit that began on the day before is shown as starting with the day. */
static bool
starts_in(const Sheet *sheet, const SheetVisit *visit, const SheetLine *line)
{
	return visit->starts_at >= line->from || line->from == sheet->from;
}

static bool
is_blank_line(const Sheet *sheet, const SheetLine *line)
{
	for (int i = 0; i < sheet->ncolumns; i++)
	{
		const SheetColumn *column = &sheet->columns[i];

		if (is_open_in(column, line))
			return false;
		for (int j = 0; j < column->nvisits; j++)
			if (runs_in(&column->visits[j], line))
				return false;
	}
	return true;
}

/* The instant at which the clocks next change, if that is before `to`; else `to`. */
static TimestampTz
even_until(CivilClock *clock, TimestampTz from, TimestampTz to)
{
	int64 offset = clock_local(clock, from) - from;

	/* A clock may know its stretch in parts. */
	for (TimestampTz at = clock->to; at < to; at = clock->to)
		if (clock_local(clock, at) - at != offset)
			return at;
	return to;
}

/* The lines of the day from the first to the last that is not blank; returns how many. */
static int
sheet_lines(Sheet *sheet, SheetLine **lines)
{
	/* A day lasts at most 26 hours, and its clocks change a few times. */
	int room = 64;
	int count = 0;
	int used = 0;

	*lines = palloc(sizeof(SheetLine) * room);
	for (TimestampTz at = sheet->from; at < sheet->to;)
	{
		SheetLine line = {.from = at, .local = clock_local(&sheet->clock, at)};
		int64 into = line.local % HALF_HOUR;

		line.to = at + HALF_HOUR - (into < 0 ? into + HALF_HOUR : into);
		line.to = even_until(&sheet->clock, at, Min(line.to, sheet->to));
		at = line.to;
		if (count == room)
		{
			room *= 2;
			*lines = repalloc(*lines, sizeof(SheetLine) * room);
		}
		if (is_blank_line(sheet, &line))
		{
			if (count > 0)
				(*lines)[count++] = line;
			continue;
		}
		(*lines)[count++] = line;
		used = count;
	}
	return used;
}

/*
 * Writing
 */

static void
finish_line(Sheet *sheet, StringInfo line)
{
	MemoryContext scratch = MemoryContextSwitchTo(sheet->memory);

	while (line->len > 0 && line->data[line->len - 1] == ' ')
		line->len--;
	sheet->text = lappend(sheet->text, cstring_to_text_with_len(line->data, line->len));
	MemoryContextSwitchTo(scratch);
	resetStringInfo(line);
}

static void
write_label(StringInfo line, const char *label)
{
	SheetCell cell = cell_begin(line, LABEL_COLUMNS);

	cell_write(&cell, label);
	cell_end(&cell);
}

/* A visit in a few words; the minute where it does not start with its line. */
static char *
visit_words(Sheet *sheet, const SheetVisit *visit, const SheetLine *line, bool with_service)
{
	const char *minute = "";

	if (line && visit->starts_at > line->from)
	{
		int64 minutes = clock_local(&sheet->clock, visit->starts_at) / USECS_PER_MINUTE;

		minute = psprintf(":%02d ", (int) ((minutes % MINUTES_PER_HOUR + MINUTES_PER_HOUR) %
										   MINUTES_PER_HOUR));
	}
	return psprintf("%c%s%s%s%s", marks[visit->status], minute, visit->initials,
					with_service ? " " : "", with_service ? visit->service : "");
}

/* Write as many of the visits as there is room for, and how many more there are. */
static void
write_visits(SheetCell *cell, char **words, int count)
{
	for (int i = 0; i < count; i++)
	{
		int left = count - i;
		char *more = psprintf("%s+%d", i > 0 ? " " : "", left);
		int needed = text_columns(words[i]) + (i > 0 ? 1 : 0);

		/* Of what follows there must be room to say how much it is. */
		if (count > 1 && needed + (left > 1 ? text_columns(more) + 1 : 0) > cell->room)
		{
			cell_write(cell, more);
			return;
		}
		if (i > 0)
			cell_write(cell, " ");
		cell_write(cell, words[i]);
	}
}

static void
write_time_cell(Sheet *sheet, StringInfo text, const SheetColumn *column, const SheetLine *line)
{
	SheetCell cell = cell_begin(text, CELL_COLUMNS);
	const SheetVisit **starting = palloc(sizeof(SheetVisit *) * Max(column->nvisits, 1));
	char **words = palloc(sizeof(char *) * Max(column->nvisits, 1));
	int count = 0;
	int going_on = 0;

	for (int i = 0; i < column->nvisits; i++)
	{
		if (!runs_in(&column->visits[i], line))
			continue;
		if (starts_in(sheet, &column->visits[i], line))
			starting[count++] = &column->visits[i];
		else
			going_on++;
	}
	for (int i = 0; i < count; i++)
		words[i] = visit_words(sheet, starting[i], line, count == 1);

	if (going_on > 0)
		cell_write(&cell, going_on == 1 ? "|" : psprintf("|%d", going_on));
	if (going_on > 0 && count > 0)
		cell_write(&cell, " ");
	write_visits(&cell, words, count);
	if (going_on + count == 0)
		cell_write(&cell, is_open_in(column, line) ? "." : "-");
	cell_end(&cell);
}

/* Hours and minutes and, on a day whose clocks change, the offset from UTC. */
static char *
time_label(const SheetLine *line, bool with_offset)
{
	int64 minutes = line->local / USECS_PER_MINUTE;
	int64 offset = (line->local - line->from) / USECS_PER_MINUTE;
	int64 distance = offset < 0 ? -offset : offset;
	char *label;

	minutes = (minutes % MINUTES_PER_DAY + MINUTES_PER_DAY) % MINUTES_PER_DAY;
	label = psprintf("%02d:%02d", (int) (minutes / MINUTES_PER_HOUR),
					 (int) (minutes % MINUTES_PER_HOUR));
	if (!with_offset)
		return label;
	label =
		psprintf("%s %c%02d", label, offset < 0 ? '-' : '+', (int) (distance / MINUTES_PER_HOUR));
	if (distance % MINUTES_PER_HOUR != 0)
		label = psprintf("%s:%02d", label, (int) (distance % MINUTES_PER_HOUR));
	return label;
}

static void
write_head(Sheet *sheet, StringInfo text)
{
	static const char *const days[] = {"Su", "Mo", "Tu", "We", "Th", "Fr", "Sa"};
	int julian = sheet->day + POSTGRES_EPOCH_JDATE;
	int year;
	int month;
	int day;

	j2date(julian, &year, &month, &day);
	write_label(text, psprintf("%s %04d-%02d-%02d", days[j2day(julian)], year, month, day));
	for (int i = 0; i < sheet->ncolumns; i++)
	{
		SheetCell cell = cell_begin(text, CELL_COLUMNS);

		appendStringInfoString(text, GAP);
		cell_write(&cell, sheet->columns[i].title);
		cell_end(&cell);
	}
	finish_line(sheet, text);
}

/* How many tokens the provider has that day, taken or not. */
static int32
offered_tokens(const SheetColumn *column)
{
	return column->open.count > 0 && column->rule.mode == MODE_TOKEN ? column->rule.seats : 0;
}

/* The next number that is offered or taken; false if there is none. */
static bool
next_number(const Sheet *sheet, int64 after, int32 *number)
{
	int64 next = PG_INT64_MAX;

	for (int i = 0; i < sheet->ncolumns; i++)
	{
		const SheetColumn *column = &sheet->columns[i];
		int64 offered = Max(after + 1, 1);

		if (offered <= offered_tokens(column))
			next = Min(next, offered);
		for (int j = 0; j < column->nvisits; j++)
			if (column->visits[j].mode == MODE_TOKEN && column->visits[j].number > after)
				next = Min(next, column->visits[j].number);
	}
	*number = (int32) next;
	return next != PG_INT64_MAX;
}

static void
write_token_cell(Sheet *sheet, StringInfo text, const SheetColumn *column, int32 number)
{
	SheetCell cell = cell_begin(text, CELL_COLUMNS);
	char **words = palloc(sizeof(char *) * Max(column->nvisits, 1));
	int count = 0;

	for (int i = 0; i < column->nvisits; i++)
		if (column->visits[i].mode == MODE_TOKEN && column->visits[i].number == number)
			words[count++] = visit_words(sheet, &column->visits[i], NULL, true);
	write_visits(&cell, words, count);
	if (count == 0)
		cell_write(&cell, number >= 1 && number <= offered_tokens(column) ? "." : "-");
	cell_end(&cell);
}

static void
write_tokens(Sheet *sheet, StringInfo text)
{
	int32 number = 0;

	for (int64 after = PG_INT64_MIN; next_number(sheet, after, &number); after = number)
	{
		CHECK_FOR_INTERRUPTS();
		/* History may be without a number. */
		write_label(text, number == 0 ? "#" : psprintf("#%d", number));
		for (int i = 0; i < sheet->ncolumns; i++)
		{
			appendStringInfoString(text, GAP);
			write_token_cell(sheet, text, &sheet->columns[i], number);
		}
		finish_line(sheet, text);
	}
}

static void
write_times(Sheet *sheet, StringInfo text)
{
	SheetLine *lines;
	int count = sheet_lines(sheet, &lines);
	bool change = count > 0 &&
				  lines[0].local - lines[0].from != lines[count - 1].local - lines[count - 1].from;

	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		write_label(text, time_label(&lines[i], change));
		for (int j = 0; j < sheet->ncolumns; j++)
		{
			appendStringInfoString(text, GAP);
			write_time_cell(sheet, text, &sheet->columns[j], &lines[i]);
		}
		finish_line(sheet, text);
	}
}

static void
write_sheet(Sheet *sheet)
{
	StringInfoData text;

	initStringInfo(&text);
	write_head(sheet, &text);
	write_tokens(sheet, &text);
	write_times(sheet, &text);
	if (list_length(sheet->text) == 1)
	{
		appendStringInfoString(&text, "Nobody is open, and there are no visits.");
		finish_line(sheet, &text);
		return;
	}
	for (size_t i = 0; i < lengthof(legend); i++)
	{
		appendStringInfoString(&text, legend[i]);
		finish_line(sheet, &text);
	}
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
	if (sheet->day < date2j(1900, 1, 1) - POSTGRES_EPOCH_JDATE ||
		sheet->day >= date2j(10000, 1, 1) - POSTGRES_EPOCH_JDATE)
		refuse(REASON_INVALID_TIME, "that is no day on which a visit can be",
			   "it must be finite, in the years 1900 to 9999", NULL);
	sheet->from = clock_day_start(&sheet->clock, sheet->day);
	sheet->to = clock_day_start(&sheet->clock, sheet->day + 1);
}

/* Make the whole sheet; its lines are in the memory given. */
static List *
make_sheet(FunctionCallInfo fcinfo, MemoryContext memory)
{
	Sheet sheet = {.clinic = *PG_GETARG_UUID_P(2), .memory = memory};

	query_begin();
	set_day(&sheet, fcinfo);
	if (PG_ARGISNULL(1))
		read_active_providers(&sheet);
	else
		read_named_providers(&sheet, PG_GETARG_ARRAYTYPE_P(1));
	for (int i = 0; i < sheet.ncolumns; i++)
		read_column(&sheet, &sheet.columns[i]);
	write_sheet(&sheet);
	query_end();
	return sheet.text;
}

/* The sheet is made at the first call, and handed out a line a call. */
Datum
day_sheet(PG_FUNCTION_ARGS)
{
	FuncCallContext *context;
	List *text;

	if (SRF_IS_FIRSTCALL())
	{
		context = SRF_FIRSTCALL_INIT();
		if (PG_ARGISNULL(2))
			refuse_null("clinic_id");
		context->user_fctx = make_sheet(fcinfo, context->multi_call_memory_ctx);
	}
	context = SRF_PERCALL_SETUP();
	text = context->user_fctx;
	if (context->call_cntr < (uint64) list_length(text))
	{
		/* not within the macro, which counts before it evaluates */
		Datum line = PointerGetDatum(list_nth(text, (int) context->call_cntr));

		SRF_RETURN_NEXT(context, line);
	}
	SRF_RETURN_DONE(context);
}
