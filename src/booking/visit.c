/*
 * visit.c
 *		A row of table appointment, as the triggers read and write it.
 *
 * An upgraded installation may have its columns in another order than a new
 * one, so they are found by name; where one was found last time is tried first.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "booking/visit.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "errors.h"
#include "query.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#define VISIT_COLUMN_NAME(name, text) text,
static const char *const column_names[] = {VISIT_COLUMNS(VISIT_COLUMN_NAME)};
#undef VISIT_COLUMN_NAME

/* Attribute numbers, as found in the relation last read; 0 before that. */
static AttrNumber attributes[VISIT_COLUMN_COUNT];

static void
find_attributes(TupleDesc descriptor)
{
	for (int column = 0; column < VISIT_COLUMN_COUNT; column++)
	{
		AttrNumber number = attributes[column];

		if (number > 0 && number <= descriptor->natts &&
			strcmp(NameStr(TupleDescAttr(descriptor, number - 1)->attname), column_names[column]) ==
				0)
			continue;
		number = (AttrNumber) SPI_fnumber(descriptor, column_names[column]);
		if (number <= 0)
			elog(ERROR, "table appointment has no column %s", column_names[column]);
		attributes[column] = number;
	}
}

void
visit_read_as(VisitRow *row, TupleDesc descriptor, HeapTuple tuple)
{
	row->descriptor = descriptor;
	find_attributes(descriptor);
	row->tuple = tuple;
	row->values = palloc(sizeof(Datum) * descriptor->natts);
	row->nulls = palloc(sizeof(bool) * descriptor->natts);
	row->replaced = palloc0(sizeof(bool) * descriptor->natts);
	heap_deform_tuple(tuple, descriptor, row->values, row->nulls);
}

void
visit_read(VisitRow *row, Relation relation, HeapTuple tuple)
{
	visit_read_as(row, RelationGetDescr(relation), tuple);
}

void
visit_read_composite(VisitRow *row, HeapTupleHeader composite)
{
	HeapTuple tuple = palloc0(sizeof(HeapTupleData));

	tuple->t_len = HeapTupleHeaderGetDatumLength(composite);
	tuple->t_data = composite;
	visit_read_as(row,
				  lookup_rowtype_tupdesc_copy(HeapTupleHeaderGetTypeId(composite),
											  HeapTupleHeaderGetTypMod(composite)),
				  tuple);
}

HeapTuple
visit_tuple(const VisitRow *row)
{
	for (int i = 0; i < row->descriptor->natts; i++)
		if (row->replaced[i])
			return heap_modify_tuple(row->tuple, row->descriptor, row->values, row->nulls,
									 row->replaced);
	return row->tuple;
}

AttrNumber
visit_attribute(VisitColumn column)
{
	return attributes[column];
}

bool
visit_isnull(const VisitRow *row, VisitColumn column)
{
	return row->nulls[attributes[column] - 1];
}

Datum
visit_datum(const VisitRow *row, VisitColumn column)
{
	return row->values[attributes[column] - 1];
}

void
visit_set(VisitRow *row, VisitColumn column, Datum value)
{
	int i = attributes[column] - 1;

	row->values[i] = value;
	row->nulls[i] = false;
	row->replaced[i] = true;
}

void
visit_set_null(VisitRow *row, VisitColumn column)
{
	int i = attributes[column] - 1;

	row->values[i] = (Datum) 0;
	row->nulls[i] = true;
	row->replaced[i] = true;
}

void
visit_copy(VisitRow *row, const VisitRow *from, VisitColumn column)
{
	if (visit_isnull(from, column))
		visit_set_null(row, column);
	else
		visit_set(row, column, visit_datum(from, column));
}

bool
visit_same_attribute(const VisitRow *a, const VisitRow *b, AttrNumber attribute)
{
	int i = attribute - 1;
	Form_pg_attribute column = TupleDescAttr(a->descriptor, i);

	if (a->nulls[i] || b->nulls[i])
		return a->nulls[i] && b->nulls[i];
	return datum_image_eq(a->values[i], b->values[i], column->attbyval, column->attlen);
}

bool
visit_same(const VisitRow *a, const VisitRow *b, VisitColumn column)
{
	return visit_same_attribute(a, b, attributes[column]);
}

bool
visit_changed(const VisitRow *a, const VisitRow *b)
{
	for (AttrNumber attribute = 1; attribute <= a->descriptor->natts; attribute++)
		if (!visit_same_attribute(a, b, attribute))
			return true;
	return false;
}

const pg_uuid_t *
visit_uuid(const VisitRow *row, VisitColumn column)
{
	return visit_isnull(row, column) ? NULL : DatumGetUUIDP(visit_datum(row, column));
}

TimestampTz
visit_time(const VisitRow *row, VisitColumn column)
{
	Assert(!visit_isnull(row, column));
	return DatumGetTimestampTz(visit_datum(row, column));
}

char *
visit_text(const VisitRow *row, VisitColumn column)
{
	return visit_isnull(row, column) ? NULL : TextDatumGetCString(visit_datum(row, column));
}

int64
visit_microseconds(const VisitRow *row, VisitColumn column)
{
	return visit_isnull(row, column)
			   ? 0
			   : interval_microseconds(DatumGetIntervalP(visit_datum(row, column)));
}

VisitStatus
visit_status(const VisitRow *row)
{
	return status_from_oid(DatumGetObjectId(visit_datum(row, VISIT_STATUS)));
}

VisitMode
visit_mode(const VisitRow *row)
{
	return mode_from_oid(DatumGetObjectId(visit_datum(row, VISIT_MODE)));
}

int
resource_ids_read(Datum array, pg_uuid_t **ids)
{
	int count = uuids_read(array, "resource_ids", ids);

	if (count > MAX_RESOURCES)
		refuse(REASON_LIMIT_REACHED, "a visit occupies at most 32 rooms and devices", NULL, NULL);
	return count;
}

int
visit_resources(const VisitRow *row, pg_uuid_t **resources)
{
	const pg_uuid_t *provider = visit_uuid(row, VISIT_PROVIDER_ID);
	pg_uuid_t *ids;
	int nids = resource_ids_read(visit_datum(row, VISIT_RESOURCE_IDS), &ids);
	int count = 0;

	*resources = palloc(sizeof(pg_uuid_t) * (nids + 1));
	if (provider)
		(*resources)[count++] = *provider;
	for (int i = 0; i < nids; i++)
		(*resources)[count++] = ids[i];
	return count;
}
