/*
 * sheet.c
 *		The day of a clinic's providers, as text.
 *
 * Below the head stand the tokens of the day, one line a number, and then the
 * half hours of the wall clock from the first to the last at which a provider is
 * open or has a visit.  A line is a stretch of instants in which the clocks go
 * on evenly, so none stands for a half hour that is skipped, and two do for one
 * that is shown twice.
 *
 * A cell begins with a mark, which is a blank for a visit that is scheduled.
 */
#include "postgres.h"

#include "availability/sheet.h"
#include "availability/sheet_cell.h"
#include "miscadmin.h"
#include "utils/datetime.h"

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

/* The instants [from, to), at the first of which the clocks show `local`. */
typedef struct SheetLine
{
	TimestampTz from;
	TimestampTz to;
	Timestamp local;
} SheetLine;

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
		cell_write(&cell, sheet->columns[i].provider.title);
		cell_end(&cell);
	}
	sheet_end_line(&sheet->text, text);
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
		sheet_end_line(&sheet->text, text);
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
		sheet_end_line(&sheet->text, text);
	}
}

void
sheet_write(Sheet *sheet)
{
	StringInfoData text;

	initStringInfo(&text);
	write_head(sheet, &text);
	write_tokens(sheet, &text);
	write_times(sheet, &text);
	if (list_length(sheet->text.lines) == 1)
	{
		appendStringInfoString(&text, "Nobody is open, and there are no visits.");
		sheet_end_line(&sheet->text, &text);
		return;
	}
	for (size_t i = 0; i < lengthof(legend); i++)
	{
		appendStringInfoString(&text, legend[i]);
		sheet_end_line(&sheet->text, &text);
	}
}
