/*
 * sheet_cell.c
 *		Text in columns of a fixed width on the screen.
 *
 * PostgreSQL knows how many columns a character takes: two of a Chinese one,
 * none of a combining mark, and a negative number of a control character.
 */
#include "postgres.h"

#include "availability/sheet_cell.h"
#include "mb/pg_wchar.h"

static int
character_columns(const char *at)
{
	int columns = pg_dsplen(at);

	return columns < 0 ? 1 : columns;
}

int
text_columns(const char *text)
{
	int columns = 0;

	for (const char *at = text; *at; at += pg_mblen(at))
		columns += character_columns(at);
	return columns;
}

SheetCell
cell_begin(StringInfo line, int columns)
{
	return (SheetCell){line, columns};
}

void
cell_write(SheetCell *cell, const char *text)
{
	for (const char *at = text; *at; at += pg_mblen(at))
	{
		int columns = character_columns(at);

		if (columns > cell->room)
			return;
		if (pg_dsplen(at) < 0)
			appendStringInfoChar(cell->line, '?');
		else
			appendBinaryStringInfo(cell->line, at, pg_mblen(at));
		cell->room -= columns;
	}
}

void
cell_end(SheetCell *cell)
{
	appendStringInfoSpaces(cell->line, cell->room);
	cell->room = 0;
}

static bool
is_letter_or_digit(const char *at)
{
	return IS_HIGHBIT_SET(*at) || (*at >= '0' && *at <= '9') ||
		   ((*at | 0x20) >= 'a' && (*at | 0x20) <= 'z');
}

/* Append the first letter of a word, and the marks upon it. */
static void
append_initial(StringInfo initials, const char *word)
{
	const char *end;

	while (*word && *word != ' ' && !is_letter_or_digit(word))
		word++;
	if (!*word || *word == ' ')
		return;
	end = word + pg_mblen(word);
	while (IS_HIGHBIT_SET(*end) && pg_dsplen(end) == 0)
		end += pg_mblen(end);
	appendBinaryStringInfo(initials, word, end - word);
	appendStringInfoChar(initials, '.');
}

char *
name_initials(const char *name)
{
	const char *last = strrchr(name, ' ');
	StringInfoData initials;

	initStringInfo(&initials);
	append_initial(&initials, name);
	if (last)
		append_initial(&initials, last + 1);
	if (initials.len == 0)
		appendStringInfoChar(&initials, '?');
	return initials.data;
}
