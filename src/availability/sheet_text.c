/*
 * sheet_text.c
 *		Lines of text, made all at once and handed out one a call.
 */
#include "postgres.h"

#include "availability/sheet_text.h"
#include "funcapi.h"
#include "utils/builtins.h"

void
sheet_end_line(SheetText *text, StringInfo line)
{
	MemoryContext scratch = MemoryContextSwitchTo(text->memory);

	while (line->len > 0 && line->data[line->len - 1] == ' ')
		line->len--;
	text->lines = lappend(text->lines, cstring_to_text_with_len(line->data, line->len));
	MemoryContextSwitchTo(scratch);
	resetStringInfo(line);
}

Datum
sheet_next_line(FunctionCallInfo fcinfo)
{
	FuncCallContext *context = SRF_PERCALL_SETUP();
	List *lines = context->user_fctx;

	if (context->call_cntr < (uint64) list_length(lines))
	{
		/* not within the macro, which counts before it evaluates */
		Datum line = PointerGetDatum(list_nth(lines, (int) context->call_cntr));

		SRF_RETURN_NEXT(context, line);
	}
	SRF_RETURN_DONE(context);
}
