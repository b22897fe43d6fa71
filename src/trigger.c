/*
 * trigger.c
 *		How our trigger functions read what they were called for.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "query.h"
#include "trigger.h"
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
