/*
 * trigger.c
 *		How our trigger functions read what they were called for.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "errors.h"
#include "query.h"
#include "trigger.h"
#include "utils/datum.h"
#include "utils/rel.h"

static bool
is_our_table(Relation relation)
{
	return RelationGetNamespace(relation) == get_namespace_oid("clinic", true) &&
		   relation->rd_rel->relowner == tables_owner();
}

const TriggerData *
trigger_data(FunctionCallInfo fcinfo, TriggerEvent level_and_timing, int nargs)
{
	const TriggerData *trigger = (const TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) ||
		(trigger->tg_event & (TRIGGER_EVENT_ROW | TRIGGER_EVENT_TIMINGMASK)) != level_and_timing ||
		trigger->tg_trigger->tgnargs < nargs || !is_our_table(trigger->tg_relation))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("this function is a trigger of clinic_sched's own tables")));
	return trigger;
}

TriggerRows
trigger_rows(const TriggerData *trigger)
{
	TriggerRows rows = {RelationGetDescr(trigger->tg_relation), NULL, NULL};

	if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
		rows.written = trigger->tg_trigtuple;
	else
		rows.old = trigger->tg_trigtuple;
	if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
		rows.written = trigger->tg_newtuple;
	return rows;
}

HeapTuple
trigger_result(const TriggerRows *rows)
{
	return rows->written ? rows->written : rows->old;
}

char *
text_of(const TriggerRows *rows, HeapTuple tuple, const char *column)
{
	return SPI_getvalue(tuple, rows->descriptor, SPI_fnumber(rows->descriptor, column));
}

Datum
value_of(const TriggerRows *rows, HeapTuple tuple, const char *column, bool *isnull)
{
	return SPI_getbinval(tuple, rows->descriptor, SPI_fnumber(rows->descriptor, column), isnull);
}

const pg_uuid_t *
uuid_of(const TriggerRows *rows, HeapTuple tuple, const char *column)
{
	bool isnull;
	Datum value = value_of(rows, tuple, column, &isnull);

	if (isnull)
		refuse_null(column);
	return DatumGetUUIDP(value);
}

static void
replace_column(TriggerRows *rows, const char *column, Datum value, bool isnull)
{
	int number = SPI_fnumber(rows->descriptor, column);

	rows->written =
		heap_modify_tuple_by_cols(rows->written, rows->descriptor, 1, &number, &value, &isnull);
}

void
set_column(TriggerRows *rows, const char *column, Datum value)
{
	replace_column(rows, column, value, false);
}

void
set_column_null(TriggerRows *rows, const char *column)
{
	replace_column(rows, column, (Datum) 0, true);
}

bool
column_changed(const TriggerRows *rows, const char *column)
{
	int number = SPI_fnumber(rows->descriptor, column);
	Form_pg_attribute attribute = TupleDescAttr(rows->descriptor, number - 1);
	bool old_null;
	bool written_null;
	Datum old = SPI_getbinval(rows->old, rows->descriptor, number, &old_null);
	Datum written = SPI_getbinval(rows->written, rows->descriptor, number, &written_null);

	if (old_null || written_null)
		return old_null != written_null;
	return !datum_image_eq(old, written, attribute->attbyval, attribute->attlen);
}
