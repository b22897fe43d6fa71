/*
 * visit.h
 *		A row of table appointment, as the triggers read and write it.
 */
#ifndef CLINIC_SCHED_VISIT_H
#define CLINIC_SCHED_VISIT_H

#include "access/htup.h"
#include "availability/matching.h"
#include "booking/status.h"
#include "datatype/timestamp.h"
#include "utils/relcache.h"
#include "utils/uuid.h"

/* The columns that the triggers know, by name. */
#define VISIT_COLUMNS(COLUMN) \
	COLUMN(CLINIC_ID, "clinic_id") \
	COLUMN(ID, "id") \
	COLUMN(CODE, "code") \
	COLUMN(PATIENT_ID, "patient_id") \
	COLUMN(PROVIDER_ID, "provider_id") \
	COLUMN(RESOURCE_IDS, "resource_ids") \
	COLUMN(SERVICE_ID, "service_id") \
	COLUMN(SERIES_ID, "series_id") \
	COLUMN(SERIES_EXCEPTION, "series_exception") \
	COLUMN(MODE, "mode") \
	COLUMN(STATUS, "status") \
	COLUMN(STARTS_AT, "starts_at") \
	COLUMN(ENDS_AT, "ends_at") \
	COLUMN(BUFFER_BEFORE, "buffer_before") \
	COLUMN(BUFFER_AFTER, "buffer_after") \
	COLUMN(SEAT, "seat") \
	COLUMN(REASON, "reason") \
	COLUMN(NOTES, "notes") \
	COLUMN(OVERRIDE_REASON, "override_reason") \
	COLUMN(IDEMPOTENCY_KEY, "idempotency_key") \
	COLUMN(HOLD_EXPIRES_AT, "hold_expires_at") \
	COLUMN(CONFIRMED_AT, "confirmed_at") \
	COLUMN(CHECKED_IN_AT, "checked_in_at") \
	COLUMN(STARTED_AT, "started_at") \
	COLUMN(COMPLETED_AT, "completed_at") \
	COLUMN(CANCELLED_AT, "cancelled_at") \
	COLUMN(CANCELLED_BY, "cancelled_by") \
	COLUMN(CANCELLATION_REASON, "cancellation_reason") \
	COLUMN(CANCELLED_LATE, "cancelled_late") \
	COLUMN(CREATED_AT, "created_at") \
	COLUMN(CREATED_BY, "created_by") \
	COLUMN(UPDATED_AT, "updated_at") \
	COLUMN(UPDATED_BY, "updated_by")

#define VISIT_COLUMN_ENUM(name, text) VISIT_##name,
typedef enum VisitColumn
{
	VISIT_COLUMNS(VISIT_COLUMN_ENUM) VISIT_COLUMN_COUNT
} VisitColumn;
#undef VISIT_COLUMN_ENUM

/* A visit may occupy this many rooms and devices. */
#define MAX_RESOURCES MAX_UNITS

/* A row, taken apart; columns are addressed by VisitColumn through these functions. */
typedef struct VisitRow
{
	TupleDesc descriptor;
	HeapTuple tuple; /* as it was read */
	Datum *values;
	bool *nulls;
	bool *replaced;
} VisitRow;

extern void visit_read(VisitRow *row, Relation relation, HeapTuple tuple);
extern void visit_read_as(VisitRow *row, TupleDesc descriptor, HeapTuple tuple);

/* The same of a value of the row type: somebody may have made it up. */
extern void visit_read_composite(VisitRow *row, HeapTupleHeader composite);

/* The row with what visit_set() changed; the tuple that was read if nothing was. */
extern HeapTuple visit_tuple(const VisitRow *row);

/* Its attribute number in the relation last read. */
extern AttrNumber visit_attribute(VisitColumn column);

extern bool visit_isnull(const VisitRow *row, VisitColumn column);
extern Datum visit_datum(const VisitRow *row, VisitColumn column);
extern void visit_set(VisitRow *row, VisitColumn column, Datum value);
extern void visit_set_null(VisitRow *row, VisitColumn column);
extern void visit_copy(VisitRow *row, const VisitRow *from, VisitColumn column);
extern bool visit_same(const VisitRow *a, const VisitRow *b, VisitColumn column);

/* The same of any column of the table, by its attribute number, and of all. */
extern bool visit_same_attribute(const VisitRow *a, const VisitRow *b, AttrNumber attribute);
extern bool visit_changed(const VisitRow *a, const VisitRow *b);

/* Typed reads.  NULL reads as a null pointer, or as the value said. */
extern const pg_uuid_t *visit_uuid(const VisitRow *row, VisitColumn column);
extern TimestampTz visit_time(const VisitRow *row, VisitColumn column);
extern char *visit_text(const VisitRow *row, VisitColumn column);
extern int64 visit_microseconds(const VisitRow *row, VisitColumn column); /* NULL: 0 */
extern VisitStatus visit_status(const VisitRow *row);
extern VisitMode visit_mode(const VisitRow *row);

/* The elements of a resource_ids; too many, or a null among them, are refused. */
extern int resource_ids_read(Datum array, pg_uuid_t **ids);

/* All that a visit occupies: its provider, if any, first, then resource_ids. */
extern int visit_resources(const VisitRow *row, pg_uuid_t **resources);

#endif /* CLINIC_SCHED_VISIT_H */
