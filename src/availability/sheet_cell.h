/*
 * sheet_cell.h
 *		Text in columns of a fixed width on the screen.  Pure.
 */
#ifndef CLINIC_SCHED_SHEET_CELL_H
#define CLINIC_SCHED_SHEET_CELL_H

#include "lib/stringinfo.h"

/* A part of a line that is being written. */
typedef struct SheetCell
{
	StringInfo line;
	int room; /* the columns of the screen that are left */
} SheetCell;

/* The columns of the screen that a text in the database's encoding takes. */
extern int text_columns(const char *text);

extern SheetCell cell_begin(StringInfo line, int columns);

/* Write what there is room for; a character that would move the cursor is written as '?'. */
extern void cell_write(SheetCell *cell, const char *text);

/* Fill what is left with blanks. */
extern void cell_end(SheetCell *cell);

/* The first letters of the first and of the last word of a name, as "A.N."; "?" if it has none. */
extern char *name_initials(const char *name);

#endif /* CLINIC_SCHED_SHEET_CELL_H */
