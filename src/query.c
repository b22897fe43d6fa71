/*
 * query.c
 *		Saved plans, and the one way to run a statement as the tables' owner.
 *
 * A generic plan made while a table was small reads it sequentially, or by
 * whatever index comes first, for as long as nothing invalidates the plan, which
 * is until the first ANALYZE.  All our statements find their rows by the index
 * made for them, so plans are made as for tables that have grown, whatever their
 * size at that moment.  Where two indexes would do, and which is better depends on
 * values that a generic plan does not know, the statement says which it is to be.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "compat.h"
#include "errors.h"
#include "jit/jit.h"
#include "miscadmin.h"
#include "nodes/params.h"
#include "nodes/pathnodes.h"
#include "optimizer/plancat.h"
#include "query.h"
#include "tcop/dest.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

/* What a busy clinic's appointments come to. */
#define GROWN_PAGES 100000
#define GROWN_TUPLES 1000000.0

static void prepare(SavedQuery *query);
static void plan_by_index(const SavedQuery *query);
static int execute(SPIPlanPtr plan, QuerySnapshot snapshot, Datum *values, const char *nulls,
				   long limit);

/* Who runs a statement, while it runs as somebody else. */
typedef struct Caller
{
	Oid user;
	int security_context;
} Caller;

/* What hands the rows of a statement to a function of ours. */
typedef struct RowStream
{
	DestReceiver receiver;
	RowFunction function;
	void *argument;
} RowStream;

void
query_begin(void)
{
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
}

void
query_end(void)
{
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
}

bool
query_is_as_owner(void)
{
	Oid user;
	int security_context;

	GetUserIdAndSecContext(&user, &security_context);
	return (security_context & SECURITY_NOFORCE_RLS) != 0 && user == tables_owner();
}

/* Forgotten whenever a relation or a schema changes. */
static Oid known_owner = InvalidOid;

static void
forget_owner(Datum argument, int cache, uint32 hash)
{
	known_owner = InvalidOid;
}

Oid
tables_owner(void)
{
	static bool watching = false;
	HeapTuple tuple;

	if (OidIsValid(known_owner))
		return known_owner;
	if (!watching)
	{
		CacheRegisterSyscacheCallback(RELOID, forget_owner, (Datum) 0);
		CacheRegisterSyscacheCallback(NAMESPACEOID, forget_owner, (Datum) 0);
		watching = true;
	}
	tuple = SearchSysCache1(RELOID,
							ObjectIdGetDatum(
								get_relname_relid("claim", get_namespace_oid("clinic", false))));
	if (!HeapTupleIsValid(tuple))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
						errmsg("the tables of extension clinic_sched are missing")));
	known_owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return known_owner;
}

/*
 * Get ready to run the query, as its owner if it says so.  An error on the way
 * restores the caller: aborting a transaction does.
 */
static void
begin_run(SavedQuery *query, Caller *caller)
{
	GetUserIdAndSecContext(&caller->user, &caller->security_context);
	if (query->as_owner)
	{
		SetUserIdAndSecContext(tables_owner(), caller->security_context |
												   SECURITY_LOCAL_USERID_CHANGE |
												   SECURITY_NOFORCE_RLS);
		pin_search_path();
	}
	if (query->plan == NULL)
		prepare(query);
	else if (!SPI_plan_is_valid(query->plan))
		plan_by_index(query);
}

static void
end_run(const SavedQuery *query, const Caller *caller, int status)
{
	if (query->as_owner)
	{
		unpin_search_path();
		SetUserIdAndSecContext(caller->user, caller->security_context);
	}
	if (status < 0)
		elog(ERROR, "%s in: %s", SPI_result_code_string(status), query->sql);
}

uint64
query_run_as_of(SavedQuery *query, QuerySnapshot snapshot, const Datum *values, const bool *nulls,
				long limit)
{
	char null_flags[QUERY_MAX_PARAMETERS];
	Caller caller;
	int status;

	for (int i = 0; i < query->nparameters; i++)
		null_flags[i] = nulls && nulls[i] ? 'n' : ' ';

	begin_run(query, &caller);
	status = execute(query->plan, snapshot, unconstify(Datum *, values), null_flags, limit);
	end_run(query, &caller, status);
	return SPI_processed;
}

static bool
receive_row(TupleTableSlot *slot, DestReceiver *receiver)
{
	RowStream *stream = (RowStream *) receiver;

	slot_getallattrs(slot);
	return stream->function(slot->tts_values, slot->tts_isnull, stream->argument);
}

static void
start_stream(DestReceiver *receiver, int operation, TupleDesc type)
{
}

static void
end_stream(DestReceiver *receiver)
{
}

void
query_stream(SavedQuery *query, const Datum *values, RowFunction function, void *argument)
{
	RowStream stream = {{receive_row, start_stream, end_stream, end_stream, DestNone},
						function,
						argument};
	ParamListInfo parameters = makeParamList(query->nparameters);
	SPIExecuteOptions options = {
		.params = parameters,
		.read_only = true,
		.dest = &stream.receiver,
	};
	Caller caller;
	int status;

	Assert(query->snapshot == SNAPSHOT_STATEMENT);
	for (int i = 0; i < query->nparameters; i++)
		parameters->params[i] = (ParamExternData){.value = values[i],
												  .pflags = PARAM_FLAG_CONST,
												  .ptype = query->parameter_types[i]};
	begin_run(query, &caller);
	status = SPI_execute_plan_extended(query->plan, &options);
	end_run(query, &caller, status);
}

uint64
query_run(SavedQuery *query, const Datum *values, const bool *nulls, long limit)
{
	return query_run_as_of(query, query->snapshot, values, nulls, limit);
}

void
query_run_one(SavedQuery *query, const Datum *values, const bool *nulls)
{
	if (query_run(query, values, nulls, 0) != 1)
		ereport(ERROR, (errcode(ERRCODE_TRIGGERED_ACTION_EXCEPTION),
						errmsg("a row was not written because a trigger left it out")));
}

/* Kept apart for what PG_TRY does to local variables. */
static void
run_or_note(SavedQuery *query, const Datum *values, int sqlstate, bool *broken)
{
	MemoryContext caller = CurrentMemoryContext;

	PG_TRY();
	{
		(void) query_run(query, values, NULL, 0);
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		if (error->sqlerrcode != sqlstate)
			PG_RE_THROW();
		FlushErrorState();
		*broken = true;
	}
	PG_END_TRY();
}

bool
query_run_unless(SavedQuery *query, const Datum *values, int sqlstate)
{
	bool broken = false;

	run_or_note(query, values, sqlstate, &broken);
	return !broken;
}

uint64
query_run_once(const char *sql, int nparameters, const Oid *types, const Datum *values)
{
	int status = SPI_execute_with_args(sql, nparameters, unconstify(Oid *, types),
									   unconstify(Datum *, values), NULL, true, 0);

	if (status < 0)
		elog(ERROR, "%s in: %s", SPI_result_code_string(status), sql);
	return SPI_processed;
}

Datum
query_copy_composite(uint64 row, int column)
{
	bool isnull;
	Datum value = query_datum(row, column, &isnull);

	if (isnull)
		elog(ERROR, "a row is null");
	return SPI_datumTransfer(value, false, -1);
}

void
put_composite(Datum composite, ReturnSetInfo *result)
{
	HeapTupleHeader header = DatumGetHeapTupleHeader(composite);
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(header), .t_data = header};

	tuplestore_puttuple(result->setResult, &tuple);
}

Datum
uuid_array(const pg_uuid_t *uuids, int count)
{
	Datum *elements = palloc(sizeof(Datum) * Max(count, 1));

	for (int i = 0; i < count; i++)
		elements[i] = UUIDPGetDatum(&uuids[i]);
	return PointerGetDatum(
		construct_array(elements, count, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR));
}

Datum
timestamptz_array(Datum *instants, int count)
{
	return PointerGetDatum(construct_array(instants, count, TIMESTAMPTZOID, sizeof(TimestampTz),
										   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

int
uuids_read(Datum array, const char *name, pg_uuid_t **uuids)
{
	ArrayType *value = DatumGetArrayTypeP(array);
	Datum *elements;
	bool *nulls;
	int count;

	if (array_contains_nulls(value))
		refuse_null(psprintf("an element of %s", name));
	deconstruct_array(value, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR, &elements, &nulls, &count);
	*uuids = palloc(sizeof(pg_uuid_t) * Max(count, 1));
	for (int i = 0; i < count; i++)
		(*uuids)[i] = *DatumGetUUIDP(elements[i]);
	return count;
}

static void
prepare(SavedQuery *query)
{
	SPIPlanPtr plan = SPI_prepare_cursor(query->sql, query->nparameters, query->parameter_types,
										 CURSOR_OPT_GENERIC_PLAN);

	if (plan == NULL)
		elog(ERROR, "%s in: %s", SPI_result_code_string(SPI_result), query->sql);
	if (SPI_keepplan(plan) != 0)
		elog(ERROR, "could not keep the plan of: %s", query->sql);
	query->plan = plan;
	plan_by_index(query);
}

static get_relation_info_hook_type earlier_hook = NULL;
static const char *only_index = NULL;

/* Where a table is distributed, the names in its parts have something appended. */
static bool
is_only_index(const IndexOptInfo *index)
{
	const char *name = get_rel_name(index->indexoid);

	return name && strncmp(name, only_index, strlen(only_index)) == 0;
}

/* Leave no other index of the table that has it. */
static void
leave_only_index(RelOptInfo *relation)
{
	List *left = NIL;
	ListCell *cell;

	foreach(cell, relation->indexlist)
		if (is_only_index(lfirst_node(IndexOptInfo, cell)))
			left = lappend(left, lfirst(cell));
	if (left != NIL)
		relation->indexlist = left;
}

/* A planner hook: let every table and index look as large as it may become. */
static void
assume_grown(PlannerInfo *root, Oid relid, bool inhparent, RelOptInfo *relation)
{
	ListCell *cell;

	if (earlier_hook)
		earlier_hook(root, relid, inhparent, relation);
	relation->pages = Max(relation->pages, GROWN_PAGES);
	relation->tuples = Max(relation->tuples, GROWN_TUPLES);
	/* and vacuumed, so that an index that has all is read alone */
	relation->allvisfrac = 1.0;
	foreach(cell, relation->indexlist)
	{
		IndexOptInfo *index = lfirst_node(IndexOptInfo, cell);

		index->pages = Max(index->pages, GROWN_PAGES / 10);
		index->tuples = Max(index->tuples, GROWN_TUPLES);
		index->tree_height = Max(index->tree_height, 2);
	}
	if (only_index)
		leave_only_index(relation);
}

/*
 * Make the generic plan now, as for tables that have grown.  That makes many look
 * costly enough to be compiled at every execution, which takes longer than they do.
 */
static void
plan_by_index(const SavedQuery *query)
{
	bool jit = jit_enabled;

	earlier_hook = get_relation_info_hook;
	get_relation_info_hook = assume_grown;
	only_index = query->index;
	jit_enabled = false;
	PG_TRY();
	{
		CachedPlan *cached = SPI_plan_get_cached_plan(query->plan);

		if (cached)
			ReleaseCachedPlan(cached, CurrentResourceOwner);
	}
	PG_FINALLY();
	{
		get_relation_info_hook = earlier_hook;
		only_index = NULL;
		jit_enabled = jit;
	}
	PG_END_TRY();
}

static int
execute(SPIPlanPtr plan, QuerySnapshot snapshot, Datum *values, const char *nulls, long limit)
{
	switch (snapshot)
	{
		case SNAPSHOT_STATEMENT:
			return SPI_execute_plan(plan, values, nulls, true, limit);
		case SNAPSHOT_LATEST:
			return SPI_execute_snapshot(plan, values, nulls, GetLatestSnapshot(), InvalidSnapshot,
										true, false, limit);
		case SNAPSHOT_WRITE:
			return SPI_execute_plan(plan, values, nulls, false, limit);
	}
	pg_unreachable();
}
