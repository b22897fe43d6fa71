/*
 * journal_values.c
 *		The values of a row before and after a change, as jsonb objects, built
 *		column by column.
 *
 * What is asked about the columns of a table (their output functions, and the
 * order in which jsonb keeps their names, so that it need not sort them) is kept
 * in each backend until the table changes.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "compat.h"
#include "fmgr.h"
#include "journal/journal_values.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

/* A column that was not dropped. */
typedef struct RowColumn
{
	int number; /* from 0 */
	char *name;
	int name_length;
	Oid type;
	bool is_array;
	FmgrInfo output;
} RowColumn;

typedef struct RowLayout
{
	Oid relation;
	int ncolumns;
	RowColumn *columns; /* in the order of jsonb's keys */
} RowLayout;

/* A version of a row, and the object that is being made of it. */
typedef struct RowVersion
{
	bool exists;
	Datum *values;
	bool *nulls;
	JsonbParseState *state;
} RowVersion;

static MemoryContext context = NULL;
static HTAB *layouts = NULL;
static bool stale = false;

static void
relation_changed(Datum argument, Oid relation)
{
	stale |= layouts && (!OidIsValid(relation) || hash_search(layouts, &relation, HASH_FIND, NULL));
}

/* Forget all of them. */
static void
forget_layouts(void)
{
	HASHCTL control = {.keysize = sizeof(Oid), .entrysize = sizeof(RowLayout)};

	if (context == NULL)
		CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	/* An output function may have led here from a row whose layout is in use. */
	else
		MemoryContextSetParent(context, TopTransactionContext);
	layouts = NULL;
	context =
		AllocSetContextCreate(CacheMemoryContext, "clinic_sched journal", ALLOCSET_DEFAULT_SIZES);
	control.hcxt = context;
	layouts =
		hash_create("clinic_sched journal", 16, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	stale = false;
}

/* As jsonb orders its keys: by length, then by bytes. */
static int
compare_names(const void *a, const void *b)
{
	const RowColumn *first = a;
	const RowColumn *second = b;

	if (first->name_length != second->name_length)
		return first->name_length < second->name_length ? -1 : 1;
	return memcmp(first->name, second->name, first->name_length);
}

static void
describe_column(RowColumn *column, Form_pg_attribute attribute)
{
	Oid output;
	bool varlena;

	column->number = attribute->attnum - 1;
	column->name = MemoryContextStrdup(context, NameStr(attribute->attname));
	column->name_length = (int) strlen(column->name);
	column->type = attribute->atttypid;
	column->is_array = OidIsValid(get_element_type(attribute->atttypid));
	getTypeOutputInfo(attribute->atttypid, &output, &varlena);
	fmgr_info_cxt(output, &column->output, context);
}

static const RowLayout *
row_layout(Relation relation)
{
	TupleDesc descriptor = RelationGetDescr(relation);
	Oid id = RelationGetRelid(relation);
	RowLayout read = {.relation = id};
	RowLayout *layout;

	if (layouts == NULL || stale)
		forget_layouts();
	layout = hash_search(layouts, &id, HASH_FIND, NULL);
	if (layout)
		return layout;

	read.columns = MemoryContextAllocZero(context, sizeof(RowColumn) * Max(descriptor->natts, 1));
	for (int i = 0; i < descriptor->natts; i++)
		if (!TupleDescAttr(descriptor, i)->attisdropped)
			describe_column(&read.columns[read.ncolumns++], TupleDescAttr(descriptor, i));
	qsort(read.columns, read.ncolumns, sizeof(RowColumn), compare_names);
	/* Only now, so that an error on the way leaves no half of an entry. */
	layout = hash_search(layouts, &id, HASH_ENTER, NULL);
	*layout = read;
	return layout;
}

static RowVersion
begin_version(HeapTuple tuple, TupleDesc descriptor)
{
	RowVersion version = {.exists = tuple != NULL};

	if (!version.exists)
		return version;
	version.values = palloc(sizeof(Datum) * descriptor->natts);
	version.nulls = palloc(sizeof(bool) * descriptor->natts);
	heap_deform_tuple(tuple, descriptor, version.values, version.nulls);
	pushJsonbValue(&version.state, WJB_BEGIN_OBJECT, NULL);
	return version;
}

static bool
same_value(TupleDesc descriptor, int column, const RowVersion *a, const RowVersion *b)
{
	Form_pg_attribute attribute = TupleDescAttr(descriptor, column);

	if (a->nulls[column] || b->nulls[column])
		return a->nulls[column] && b->nulls[column];
	return datum_image_eq(a->values[column], b->values[column], attribute->attbyval,
						  attribute->attlen);
}

static void
push_string(JsonbParseState **state, JsonbIteratorToken token, char *string, int length)
{
	JsonbValue json = {.type = jbvString, .val.string = {.len = length, .val = string}};

	pushJsonbValue(state, token, &json);
}

/* Add a value as to_jsonb() would show it, but for an array. */
static void
push_value(JsonbParseState **state, JsonbIteratorToken token, Datum value, Oid type,
		   FmgrInfo *output)
{
	JsonbValue json;
	char *text;

	switch (type)
	{
		case BOOLOID:
			json.type = jbvBool;
			json.val.boolean = DatumGetBool(value);
			break;
		case INT4OID:
			json.type = jbvNumeric;
			json.val.numeric = int64_to_numeric(DatumGetInt32(value));
			break;
		case NUMERICOID:
			json.type = jbvNumeric;
			json.val.numeric = DatumGetNumeric(value);
			break;
		case JSONBOID:
			json.type = jbvBinary;
			json.val.binary.data = &DatumGetJsonbP(value)->root;
			json.val.binary.len = VARSIZE(DatumGetJsonbP(value)) - VARHDRSZ;
			break;
		default:
			text = type == DATEOID || type == TIMESTAMPTZOID
					   ? JsonEncodeDateTime(NULL, value, type, NULL)
					   : OutputFunctionCall(output, value);
			push_string(state, token, text, (int) strlen(text));
			return;
	}
	pushJsonbValue(state, token, &json);
}

static void
push_array(JsonbParseState **state, ArrayType *array)
{
	Oid type = ARR_ELEMTYPE(array);
	JsonbValue null = {.type = jbvNull};
	int16 length;
	bool by_value;
	char alignment;
	Datum *elements;
	bool *nulls;
	int count;
	FmgrInfo output;
	Oid function;
	bool varlena;

	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	if (ARR_NDIM(array) > 0)
	{
		get_typlenbyvalalign(type, &length, &by_value, &alignment);
		deconstruct_array(array, type, length, by_value, alignment, &elements, &nulls, &count);
		getTypeOutputInfo(type, &function, &varlena);
		fmgr_info(function, &output);
		for (int i = 0; i < count; i++)
			if (nulls[i])
				pushJsonbValue(state, WJB_ELEM, &null);
			else
				push_value(state, WJB_ELEM, elements[i], type, &output);
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

static void
push_column(RowVersion *version, RowColumn *column)
{
	Datum value;

	if (!version->exists || version->nulls[column->number])
		return;
	value = version->values[column->number];
	push_string(&version->state, WJB_KEY, column->name, column->name_length);
	if (column->is_array)
		push_array(&version->state, DatumGetArrayTypeP(value));
	else
		push_value(&version->state, WJB_VALUE, value, column->type, &column->output);
}

static NullableDatum
end_version(RowVersion *version, bool changed)
{
	NullableDatum object = {.isnull = !version->exists || !changed};

	if (!object.isnull)
		object.value = JsonbPGetDatum(
			JsonbValueToJsonb(pushJsonbValue(&version->state, WJB_END_OBJECT, NULL)));
	return object;
}

void
journal_values(Relation relation, HeapTuple old, HeapTuple new, const char *always,
			   NullableDatum *old_values, NullableDatum *new_values)
{
	TupleDesc descriptor = RelationGetDescr(relation);
	const RowLayout *layout = row_layout(relation);
	RowVersion before = begin_version(old, descriptor);
	RowVersion after = begin_version(new, descriptor);
	bool changed = false;

	for (int i = 0; i < layout->ncolumns; i++)
	{
		RowColumn *column = &layout->columns[i];
		bool same = before.exists && after.exists &&
					same_value(descriptor, column->number, &before, &after);

		changed |= !same;
		if (same && !(always && strcmp(column->name, always) == 0))
			continue;
		push_column(&before, column);
		push_column(&after, column);
	}
	*old_values = end_version(&before, changed);
	*new_values = end_version(&after, changed);
}
