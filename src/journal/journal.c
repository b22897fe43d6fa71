/*
 * journal.c
 *		The audit trail: one row for every change of every table but claim and
 *		the journal itself.
 *
 * The old and new values are jsonb objects: of an update only the columns that
 * changed, and never a null.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "errors.h"
#include "fmgr.h"
#include "identity/identity.h"
#include "journal/journal.h"
#include "journal/journal_values.h"
#include "miscadmin.h"
#include "query.h"
#include "restore.h"
#include "trigger.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/xid8.h"
#include "uuid7.h"

PG_FUNCTION_INFO_V1(journal_change);
PG_FUNCTION_INFO_V1(journal_append_only);
PG_FUNCTION_INFO_V1(not_truncated);
PG_FUNCTION_INFO_V1(prune_journal);

/* What the columns have for defaults is given, too: expressions would be made ready for each entry. */
enum
{
	ENTRY_CLINIC_ID,
	ENTRY_ID,
	ENTRY_AT,
	ENTRY_TRANSACTION,
	ENTRY_ACTOR_ID,
	ENTRY_ROLE,
	ENTRY_ACTION,
	ENTRY_ENTITY,
	ENTRY_ENTITY_ID,
	ENTRY_OLD,
	ENTRY_NEW,
	ENTRY_COLUMNS
};

#define ENTRY_NAMES \
	"clinic_id, id, at, transaction, actor_id, role, action, entity, entity_id, old, new"

static SavedQuery add_entry = {
	.sql = "insert into clinic.journal (" ENTRY_NAMES ")"
		   " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TIMESTAMPTZOID, XID8OID, UUIDOID, NAMEOID, TEXTOID, TEXTOID,
					 UUIDOID, JSONBOID, JSONBOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

/* The same of many, an array for each parameter. */
static SavedQuery add_entries = {
	.sql = "insert into clinic.journal (" ENTRY_NAMES ")"
		   " select * from rows from (pg_catalog.unnest($1), pg_catalog.unnest($2),"
		   " pg_catalog.unnest($3), pg_catalog.unnest($4), pg_catalog.unnest($5),"
		   " pg_catalog.unnest($6), pg_catalog.unnest($7), pg_catalog.unnest($8),"
		   " pg_catalog.unnest($9), pg_catalog.unnest($10), pg_catalog.unnest($11)) e",
	QUERY_PARAMETERS(UUIDARRAYOID, UUIDARRAYOID, TIMESTAMPTZARRAYOID, XID8ARRAYOID, UUIDARRAYOID,
					 NAMEARRAYOID, TEXTARRAYOID, TEXTARRAYOID, UUIDARRAYOID, JSONBARRAYOID,
					 JSONBARRAYOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

/* As the caller: who may prune is whom DELETE on the journal was granted to. */
static SavedQuery prune_entries = {
	.sql = "delete from clinic.journal j where j.clinic_id" EQ "$1 and j.at" LT "$2",
	QUERY_PARAMETERS(UUIDOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_WRITE,
};

/* Entries that are to be written at once: a column each. */
typedef struct JournalBatch
{
	MemoryContext context;
	int count;
	int room;
	Datum *values[ENTRY_COLUMNS];
	bool *nulls[ENTRY_COLUMNS];
} JournalBatch;

static JournalBatch *batch = NULL;

/* Set while prune_journal() deletes. */
static bool pruning = false;

static void keep_entry(const Datum *values, const bool *nulls);
static Datum column_value(Relation relation, HeapTuple tuple, const char *column, bool *isnull);

void
journal_begin_batch(void)
{
	JournalBatch *opened = palloc0(sizeof(JournalBatch));

	opened->context = CurrentMemoryContext;
	batch = opened;
}

void
journal_abandon_batch(void)
{
	batch = NULL;
}

static void
make_room(void)
{
	batch->room = batch->room ? 2 * batch->room : 64;
	for (int column = 0; column < ENTRY_COLUMNS; column++)
	{
		size_t size = sizeof(Datum) * batch->room;
		Datum **values = &batch->values[column];
		bool **nulls = &batch->nulls[column];

		*values = *values ? repalloc(*values, size) : palloc(size);
		*nulls = *nulls ? repalloc(*nulls, sizeof(bool) * batch->room)
						: palloc(sizeof(bool) * batch->room);
	}
}

static void
keep_entry(const Datum *values, const bool *nulls)
{
	MemoryContext caller = MemoryContextSwitchTo(batch->context);

	if (batch->count == batch->room)
		make_room();
	for (int column = 0; column < ENTRY_COLUMNS; column++)
	{
		int16 length;
		bool by_value;

		get_typlenbyval(add_entry.parameter_types[column], &length, &by_value);
		batch->nulls[column][batch->count] = nulls[column];
		batch->values[column][batch->count] =
			nulls[column] ? (Datum) 0 : datumCopy(values[column], by_value, length);
	}
	batch->count++;
	MemoryContextSwitchTo(caller);
}

void
journal_end_batch(void)
{
	JournalBatch *ended = batch;
	Datum values[ENTRY_COLUMNS];
	int lower_bound = 1;

	batch = NULL;
	if (ended->count == 0)
		return;
	for (int column = 0; column < ENTRY_COLUMNS; column++)
	{
		Oid type = add_entry.parameter_types[column];
		int16 length;
		bool by_value;
		char alignment;

		get_typlenbyvalalign(type, &length, &by_value, &alignment);
		values[column] = PointerGetDatum(
			construct_md_array(ended->values[column], ended->nulls[column], 1, &ended->count,
							   &lower_bound, type, length, by_value, alignment));
	}
	(void) query_run(&add_entries, values, NULL, 0);
}

void
journal_write(Relation relation, HeapTuple old, HeapTuple new, const JournalSubject *subject)
{
	HeapTuple row = new ? new : old;
	const pg_uuid_t *actor = identity_actor();
	const char *action = old == NULL ? "insert" : new == NULL ? "delete" : "update";
	Datum values[ENTRY_COLUMNS];
	bool nulls[ENTRY_COLUMNS] = {false};
	NullableDatum old_values;
	NullableDatum new_values;
	pg_uuid_t id;
	bool no_clinic;
	bool no_id;

	journal_values(relation, old, new, subject->second_column, &old_values, &new_values);
	if (old_values.isnull && new_values.isnull)
		return;
	values[ENTRY_OLD] = old_values.value;
	nulls[ENTRY_OLD] = old_values.isnull;
	values[ENTRY_NEW] = new_values.value;
	nulls[ENTRY_NEW] = new_values.isnull;

	/* A clinic's own row is its clinic's. */
	values[ENTRY_ENTITY_ID] = column_value(relation, row, subject->id_column, &no_id);
	values[ENTRY_CLINIC_ID] = column_value(relation, row, "clinic_id", &no_clinic);
	if (no_clinic)
		values[ENTRY_CLINIC_ID] = values[ENTRY_ENTITY_ID];

	uuid7_draw(&id);
	values[ENTRY_ID] = UUIDPGetDatum(&id);
	values[ENTRY_AT] = TimestampTzGetDatum(GetCurrentTimestamp());
	values[ENTRY_TRANSACTION] = FullTransactionIdGetDatum(GetTopFullTransactionId());
	values[ENTRY_ACTOR_ID] = UUIDPGetDatum(actor);
	nulls[ENTRY_ACTOR_ID] = actor == NULL;
	values[ENTRY_ROLE] =
		DirectFunctionCall1(namein, CStringGetDatum(GetUserNameFromId(GetUserId(), false)));
	values[ENTRY_ACTION] = CStringGetTextDatum(action);
	values[ENTRY_ENTITY] = CStringGetTextDatum(subject->entity);
	if (batch)
		keep_entry(values, nulls);
	else
		(void) query_run(&add_entry, values, nulls, 0);
}

/* AFTER row trigger; its arguments are the fields of a JournalSubject. */
Datum
journal_change(PG_FUNCTION_ARGS)
{
	const TriggerData *trigger = trigger_data(fcinfo, TRIGGER_EVENT_ROW | TRIGGER_EVENT_AFTER, 2);
	TriggerRows rows = trigger_rows(trigger);
	char **arguments = trigger->tg_trigger->tgargs;
	JournalSubject subject = {
		.entity = arguments[0],
		.id_column = arguments[1],
		.second_column = trigger->tg_trigger->tgnargs > 2 ? arguments[2] : NULL,
	};

	if (restoring(trigger->tg_relation))
		return PointerGetDatum(NULL);
	query_begin();
	journal_write(trigger->tg_relation, rows.old, rows.written, &subject);
	query_end();
	return PointerGetDatum(NULL);
}

/* BEFORE UPDATE or DELETE row trigger of the journal. */
Datum
journal_append_only(PG_FUNCTION_ARGS)
{
	const TriggerData *trigger = trigger_data(fcinfo, TRIGGER_EVENT_ROW | TRIGGER_EVENT_BEFORE, 0);

	if (!(pruning && TRIGGER_FIRED_BY_DELETE(trigger->tg_event)))
		refuse(REASON_IMMUTABLE, "the journal is append-only", NULL,
			   "clinic.prune_journal() removes what is older than a date.");
	return PointerGetDatum(trigger->tg_trigtuple);
}

/* BEFORE TRUNCATE statement trigger: neither claims nor the journal would notice. */
Datum
not_truncated(PG_FUNCTION_ARGS)
{
	(void) trigger_data(fcinfo, TRIGGER_EVENT_BEFORE, 0);
	refuse(REASON_IMMUTABLE, "this table cannot be truncated", NULL,
		   "DELETE what is not wanted; clinic.prune_journal() shortens the journal.");
}

Datum
prune_journal(PG_FUNCTION_ARGS)
{
	Datum values[2];
	uint64 pruned = 0;

	if (PG_ARGISNULL(0))
		refuse_null("before");
	if (PG_ARGISNULL(1))
		refuse_null("clinic_id");
	values[0] = PG_GETARG_DATUM(1);
	values[1] = PG_GETARG_DATUM(0);

	query_begin();
	pruning = true;
	PG_TRY();
	{
		pruned = query_run(&prune_entries, values, NULL, 0);
	}
	PG_FINALLY();
	{
		pruning = false;
	}
	PG_END_TRY();
	query_end();
	PG_RETURN_INT64((int64) pruned);
}

static Datum
column_value(Relation relation, HeapTuple tuple, const char *column, bool *isnull)
{
	int number = column_number(RelationGetDescr(relation), column);

	*isnull = true;
	return number > 0 ? SPI_getbinval(tuple, RelationGetDescr(relation), number, isnull)
					  : (Datum) 0;
}
