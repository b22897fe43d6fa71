/*
 * sheet_text.h
 *		Lines of text, made all at once and handed out one a call.
 */
#ifndef CLINIC_SCHED_SHEET_TEXT_H
#define CLINIC_SCHED_SHEET_TEXT_H

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "nodes/pg_list.h"

typedef struct SheetText
{
	MemoryContext memory; /* of the lines */
	List *lines;		  /* of type text */
} SheetText;

/* Add what was written as a line, without blanks at its end, and begin the next. */
extern void sheet_end_line(SheetText *text, StringInfo line);

/* What a set-returning function returns, whose user_fctx is the list of lines. */
extern Datum sheet_next_line(FunctionCallInfo fcinfo);

#endif /* CLINIC_SCHED_SHEET_TEXT_H */
