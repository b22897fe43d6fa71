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
	TriggerRows rows = {.descriptor = RelationGetDescr(trigger->tg_relation)};

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

/* Where a column was found last, for those names that were asked for last. */
#define REMEMBERED 256

typedef struct RememberedColumn
{
	const char *name; /* the very string */
	int number;
} RememberedColumn;

int
column_number(TupleDesc descriptor, const char *name)
{
	static RememberedColumn remembered[REMEMBERED];
	RememberedColumn *column = &remembered[(uintptr_t) name % REMEMBERED];

	if (column->name == name && column->number <= descriptor->natts &&
		strcmp(NameStr(TupleDescAttr(descriptor, column->number - 1)->attname), name) == 0)
		return column->number;
	column->name = NULL;
	column->number = SPI_fnumber(descriptor, name);
	if (column->number > 0)
		column->name = name;
	return column->number;
}

char *
text_of(const TriggerRows *rows, HeapTuple tuple, const char *column)
{
	return SPI_getvalue(tuple, rows->descriptor, column_number(rows->descriptor, column));
}

Datum
value_of(const TriggerRows *rows, HeapTuple tuple, const char *column, bool *isnull)
{
	return SPI_getbinval(tuple, rows->descriptor, column_number(rows->descriptor, column), isnull);
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
	int number = column_number(rows->descriptor, column);

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

/* The columns in which the versions differ, by their attribute numbers. */
static Bitmapset *
changed_columns(const TriggerRows *rows)
{
	int natts = rows->descriptor->natts;
	Datum *old = palloc(sizeof(Datum) * natts);
	Datum *written = palloc(sizeof(Datum) * natts);
	bool *old_null = palloc(sizeof(bool) * natts);
	bool *written_null = palloc(sizeof(bool) * natts);
	Bitmapset *changed = NULL;

	heap_deform_tuple(rows->old, rows->descriptor, old, old_null);
	heap_deform_tuple(rows->written, rows->descriptor, written, written_null);
	for (int i = 0; i < natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(rows->descriptor, i);

		if (old_null[i] || written_null[i]
				? old_null[i] != written_null[i]
				: !datum_image_eq(old[i], written[i], attribute->attbyval, attribute->attlen))
			changed = bms_add_member(changed, attribute->attnum);
	}
	return changed;
}

bool
column_changed(TriggerRows *rows, const char *column)
{
	if (rows->compared != rows->written)
	{
		rows->changed = changed_columns(rows);
		rows->compared = rows->written;
	}
	return bms_is_member(column_number(rows->descriptor, column), rows->changed);
}
