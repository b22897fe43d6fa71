/*
 * book_many.c
 *		clinic.book_many(): book many visits in one transaction, each refused or
 *		booked by itself.
 *
 * The whole clinic is locked, so nobody else books, and rows can be inserted many
 * at a time.  A run of rows that is refused is undone and tried again by halves,
 * until each row that is to blame stands alone.
 */
#include "postgres.h"

#include "access/xact.h"
#include "booking/code.h"
#include "booking/request.h"
#include "booking/visit.h"
#include "booking/visit_batch.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "compat.h"
#include "errors.h"
#include "fmgr.h"
#include "identity/identity.h"
#include "lock.h"
#include "miscadmin.h"
#include "query.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"
#include "uuid7.h"

PG_FUNCTION_INFO_V1(book_many);

/* The most rows of one INSERT. */
#define LONGEST_RUN 256

/* One of the visits, and what became of it. */
typedef struct ManyRow
{
	const JsonbValue *object;
	BookingRequest request;
	pg_uuid_t appointment;
	const char *outcome; /* NULL: not known yet */
	const char *detail;
} ManyRow;

/* Rows that are tried together. */
typedef struct Run
{
	const pg_uuid_t *clinic;
	ManyRow *rows;
	int count;
} Run;

/* The id is drawn here, so that it is known which row became which visit. */
static SavedQuery insert_visits = {
	.sql =
		"insert into clinic.appointment (clinic_id, id, patient_id, provider_id, service_id,"
		" starts_at, ends_at, status, reason, notes, override_reason, hold_expires_at,"
		" idempotency_key, request_hash, code)"
		" select $1, v.id, v.patient_id, v.provider_id, v.service_id, v.starts_at, v.ends_at,"
		" case when v.hold_expires_at is null then 'scheduled'::clinic.appointment_status"
		" else 'held' end, v.reason, v.notes, v.override_reason,"
		" v.hold_expires_at, v.idempotency_key, v.request_hash, v.code"
		" from rows from (pg_catalog.unnest($2), pg_catalog.unnest($3), pg_catalog.unnest($4),"
		" pg_catalog.unnest($5), pg_catalog.unnest($6), pg_catalog.unnest($7),"
		" pg_catalog.unnest($8), pg_catalog.unnest($9), pg_catalog.unnest($10),"
		" pg_catalog.unnest($11), pg_catalog.unnest($12), pg_catalog.unnest($13), pg_catalog.unnest($14)) v (id,"
		" patient_id, provider_id, service_id, starts_at, ends_at, reason, notes,"
		" override_reason, hold_expires_at, idempotency_key, request_hash, code)",
	QUERY_PARAMETERS(UUIDOID, UUIDARRAYOID, UUIDARRAYOID, UUIDARRAYOID, UUIDARRAYOID,
					 TIMESTAMPTZARRAYOID, TIMESTAMPTZARRAYOID, TEXTARRAYOID, TEXTARRAYOID,
					 TEXTARRAYOID, TIMESTAMPTZARRAYOID, TEXTARRAYOID, BYTEAARRAYOID, TEXTARRAYOID),
	.snapshot = SNAPSHOT_WRITE,
};

/* Which of some codes, by their places among them, belong to a visit. */
static SavedQuery find_taken_codes = {
	.sql = "select c.place::pg_catalog.int4"
		   " from rows from (pg_catalog.unnest($2)) with ordinality c (code, place)"
		   " where exists (select from clinic.appointment a where a.clinic_id" EQ "$1 and a.code" EQ
		   "c.code)",
	QUERY_PARAMETERS(UUIDOID, TEXTARRAYOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

/*
 * Reading a visit
 */

typedef enum FieldType
{
	FIELD_UUID,
	FIELD_TEXT,
	FIELD_INSTANT,
	FIELD_DAY,
	FIELD_DURATION,
	FIELD_HOLD,
	FIELD_UUIDS
} FieldType;

/* The arguments of book() and book_token(), and where in BookingRequest they belong. */
typedef struct Field
{
	const char *name;
	FieldType type;
	size_t offset;
} Field;

static const Field fields[] = {
	{"patient_id", FIELD_UUID, offsetof(BookingRequest, patient)},
	{"provider_id", FIELD_UUID, offsetof(BookingRequest, provider)},
	{"service_id", FIELD_UUID, offsetof(BookingRequest, service)},
	{"starts_at", FIELD_INSTANT, offsetof(BookingRequest, starts_at)},
	{"day", FIELD_DAY, offsetof(BookingRequest, day)},
	{"duration", FIELD_DURATION, offsetof(BookingRequest, duration)},
	{"reason", FIELD_TEXT, offsetof(BookingRequest, reason)},
	{"notes", FIELD_TEXT, offsetof(BookingRequest, notes)},
	{"idempotency_key", FIELD_TEXT, offsetof(BookingRequest, idempotency_key)},
	{"hold_for", FIELD_HOLD, offsetof(BookingRequest, hold_for)},
	{"resource_ids", FIELD_UUIDS, offsetof(BookingRequest, resources)},
	{"override_reason", FIELD_TEXT, offsetof(BookingRequest, override_reason)},
};

static const Field *
find_field(const JsonbValue *key)
{
	for (size_t i = 0; i < lengthof(fields); i++)
		if ((size_t) key->val.string.len == strlen(fields[i].name) &&
			memcmp(key->val.string.val, fields[i].name, key->val.string.len) == 0)
			return &fields[i];
	refuse(REASON_UNKNOWN_FIELD,
		   psprintf("there is no field \"%.*s\"", key->val.string.len, key->val.string.val), NULL,
		   "The fields have the names of the arguments of clinic.book() and clinic.book_token().");
}

/* A scalar as the text that its type reads. */
static char *
scalar_text(const Field *field, const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvString:
			return pnstrdup(value->val.string.val, value->val.string.len);
		case jbvNumeric:
			return DatumGetCString(
				DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
		default:
			refuse(REASON_INVALID_TEXT, psprintf("%s must be a string", field->name), NULL, NULL);
	}
}

static pg_uuid_t *
read_uuid(const char *string)
{
	return DatumGetUUIDP(DirectFunctionCall1(uuid_in, CStringGetDatum(string)));
}

static Datum
read_typed(PGFunction input, const char *string)
{
	return DirectFunctionCall3(input, CStringGetDatum(string), ObjectIdGetDatum(InvalidOid),
							   Int32GetDatum(-1));
}

static void
read_uuids(const Field *field, const JsonbValue *array, ResourceList *list)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue element;

	if (array->type != jbvBinary || !JsonContainerIsArray(array->val.binary.data))
		refuse(REASON_INVALID_TEXT, psprintf("%s must be an array", field->name), NULL, NULL);
	list->ids = palloc(sizeof(pg_uuid_t) * JsonContainerSize(array->val.binary.data));
	iterator = JsonbIteratorInit(array->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &element, true)) != WJB_DONE)
		if (token == WJB_ELEM)
			list->ids[list->count++] = *read_uuid(scalar_text(field, &element));
	if (list->count > MAX_RESOURCES)
		refuse(REASON_LIMIT_REACHED, "a visit occupies at most 32 rooms and devices", NULL, NULL);
}

static void
read_field(BookingRequest *request, const Field *field, const JsonbValue *value)
{
	void *to = (char *) request + field->offset;
	char *string;

	if (field->type == FIELD_UUIDS)
	{
		read_uuids(field, value, to);
		return;
	}
	string = scalar_text(field, value);
	switch (field->type)
	{
		case FIELD_UUID:
			*(const pg_uuid_t **) to = read_uuid(string);
			break;
		case FIELD_TEXT:
			*(const text **) to = cstring_to_text(string);
			break;
		case FIELD_INSTANT:
			*(TimestampTz *) to = DatumGetTimestampTz(read_typed(timestamptz_in, string));
			check_visit_instant(*(TimestampTz *) to, field->name);
			break;
		case FIELD_DAY:
			*(DateADT *) to =
				DatumGetDateADT(DirectFunctionCall1(date_in, CStringGetDatum(string)));
			check_visit_day(*(DateADT *) to);
			break;
		case FIELD_DURATION:
			*(int64 *) to = request_duration(DatumGetIntervalP(read_typed(interval_in, string)));
			break;
		case FIELD_HOLD:
			*(int64 *) to = request_hold(DatumGetIntervalP(read_typed(interval_in, string)));
			break;
		case FIELD_UUIDS:
			break;
	}
}

static void
check_complete(const BookingRequest *request)
{
	if (request->patient == NULL)
		refuse_null("patient_id");
	if (request->kind == REQUEST_TOKEN && request->starts_at != DT_NOBEGIN)
		refuse(REASON_INVALID_TEXT, "a visit has starts_at or day, not both", NULL, NULL);
	if (request->kind == REQUEST_TOKEN)
		return;
	if (request->service == NULL)
		refuse_null("service_id");
	if (request->starts_at == DT_NOBEGIN)
		refuse_null("starts_at");
}

/* A visit with a day is a token of that day. */
static void
read_row(ManyRow *row, const pg_uuid_t *clinic)
{
	BookingRequest *request = &row->request;
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue value;
	const Field *field = NULL;

	memset(request, 0, sizeof(*request));
	request->clinic = clinic;
	request->starts_at = DT_NOBEGIN;
	if (row->object->type != jbvBinary || !JsonContainerIsObject(row->object->val.binary.data))
		refuse(REASON_INVALID_TEXT, "each of the visits must be an object", NULL, NULL);
	iterator = JsonbIteratorInit(row->object->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			field = find_field(&value);
		if (token != WJB_VALUE || value.type == jbvNull)
			continue;
		read_field(request, field, &value);
		if (field->type == FIELD_DAY)
			request->kind = REQUEST_TOKEN;
	}
	check_complete(request);
	/* as book_token() has it */
	if (request->kind == REQUEST_TOKEN)
		request->starts_at = 0;
	request_set_hash(request);
}

/*
 * Booking a run
 */

/* The columns of an INSERT of many rows, one array each. */
enum
{
	MANY_ID,
	MANY_PATIENT,
	MANY_PROVIDER,
	MANY_SERVICE,
	MANY_STARTS_AT,
	MANY_ENDS_AT,
	MANY_REASON,
	MANY_NOTES,
	MANY_OVERRIDE_REASON,
	MANY_HOLD_EXPIRES_AT,
	MANY_IDEMPOTENCY_KEY,
	MANY_REQUEST_HASH,
	MANY_CODE,
	MANY_COLUMNS
};

typedef struct Batch
{
	int count;
	Datum values[MANY_COLUMNS][LONGEST_RUN];
	bool nulls[MANY_COLUMNS][LONGEST_RUN];
} Batch;

static void
put(Batch *batch, int column, Datum value, bool isnull)
{
	batch->values[column][batch->count] = value;
	batch->nulls[column][batch->count] = isnull;
}

static void
put_pointer(Batch *batch, int column, const void *value)
{
	put(batch, column, PointerGetDatum(value), value == NULL);
}

static void
add_to_batch(Batch *batch, ManyRow *row)
{
	const BookingRequest *request = &row->request;
	TimestampTz hold_end = GetCurrentTransactionStartTimestamp() + request->hold_for;

	uuid7_draw(&row->appointment);
	put_pointer(batch, MANY_ID, &row->appointment);
	put_pointer(batch, MANY_PATIENT, request->patient);
	put_pointer(batch, MANY_PROVIDER, request->provider);
	put_pointer(batch, MANY_SERVICE, request->service);
	put(batch, MANY_STARTS_AT, TimestampTzGetDatum(request->starts_at), false);
	put(batch, MANY_ENDS_AT, TimestampTzGetDatum(request->starts_at + request->duration),
		request->duration == 0);
	put_pointer(batch, MANY_REASON, request->reason);
	put_pointer(batch, MANY_NOTES, request->notes);
	put_pointer(batch, MANY_OVERRIDE_REASON, request->override_reason);
	put(batch, MANY_HOLD_EXPIRES_AT, TimestampTzGetDatum(hold_end), request->hold_for == 0);
	put_pointer(batch, MANY_IDEMPOTENCY_KEY, request->idempotency_key);
	put_pointer(batch, MANY_REQUEST_HASH, request->hash);
	batch->count++;
}

/* By the year of the start, as the triggers would. */
static void
draw_code(Batch *batch, int row)
{
	TimestampTz starts_at = DatumGetTimestampTz(batch->values[MANY_STARTS_AT][row]);
	char code[VISIT_CODE_SIZE];

	visit_code_draw(starts_at, code);
	batch->values[MANY_CODE][row] = CStringGetTextDatum(code);
	batch->nulls[MANY_CODE][row] = false;
}

static Datum
column_array(Batch *batch, int column, Oid array_type)
{
	Oid type = get_element_type(array_type);
	int dimension = batch->count;
	int lower_bound = 1;
	int16 length;
	bool by_value;
	char alignment;

	get_typlenbyvalalign(type, &length, &by_value, &alignment);
	return PointerGetDatum(construct_md_array(batch->values[column], batch->nulls[column], 1,
											  &dimension, &lower_bound, type, length, by_value,
											  alignment));
}

/* Draw a code for each row; one that is taken is drawn again. */
static void
draw_codes(Batch *batch, const pg_uuid_t *clinic)
{
	Datum values[2] = {UUIDPGetDatum(clinic)};
	uint64 ntaken;

	for (int i = 0; i < batch->count; i++)
		draw_code(batch, i);
	do
	{
		CHECK_FOR_INTERRUPTS();
		values[1] = column_array(batch, MANY_CODE, TEXTARRAYOID);
		ntaken = query_run(&find_taken_codes, values, NULL, 0);
		for (uint64 taken = 0; taken < ntaken; taken++)
			draw_code(batch, query_int32(taken, 1, 1) - 1);
	} while (ntaken > 0);
}

static void
begin_batch(Batch *batch, const pg_uuid_t *clinic)
{
	pg_uuid_t *patients = palloc(sizeof(pg_uuid_t) * batch->count);

	for (int i = 0; i < batch->count; i++)
		patients[i] = *DatumGetUUIDP(batch->values[MANY_PATIENT][i]);
	visit_batch_begin(clinic, patients, batch->count);
}

static void
insert_batch(Batch *batch, const pg_uuid_t *clinic)
{
	Datum values[MANY_COLUMNS + 1];

	if (batch->count == 0)
		return;
	draw_codes(batch, clinic);
	begin_batch(batch, clinic);
	values[0] = UUIDPGetDatum(clinic);
	for (int column = 0; column < MANY_COLUMNS; column++)
		values[column + 1] = column_array(batch, column, insert_visits.parameter_types[column + 1]);
	if (query_run(&insert_visits, values, NULL, 0) != (uint64) batch->count)
		ereport(ERROR, (errcode(ERRCODE_TRIGGERED_ACTION_EXCEPTION),
						errmsg("a row was not written because a trigger left it out")));
	visit_batch_end();
	batch->count = 0;
}

static void
note_visit(ManyRow *row, Datum visit)
{
	VisitRow booked;

	visit_read_composite(&booked, DatumGetHeapTupleHeader(visit));
	row->appointment = *visit_uuid(&booked, VISIT_ID);
}

/* What is read for a row by itself is let go of with it: there may be many rows. */
static void
book_by_itself(ManyRow *row)
{
	Datum visit;

	query_begin();
	visit = request_book(&row->request);
	query_end();
	note_visit(row, visit);
}

static bool
was_booked_earlier(ManyRow *row)
{
	Datum visit;
	bool found;

	if (row->request.hash == NULL)
		return false;
	query_begin();
	found = request_find_earlier(&row->request, &visit);
	query_end();
	if (found)
		note_visit(row, visit);
	return found;
}

/* Nothing is to be chosen for it, nor to be looked up. */
static bool
is_plain(const BookingRequest *request)
{
	return request->kind == REQUEST_START && request->provider && request->resources.count == 0;
}

/* In the order of the rows: those of a batch are inserted before one that is booked by itself. */
static void
book_run(Run *run)
{
	Batch *batch = palloc(sizeof(Batch));

	batch->count = 0;
	for (int i = 0; i < run->count; i++)
	{
		ManyRow *row = &run->rows[i];

		CHECK_FOR_INTERRUPTS();
		read_row(row, run->clinic);
		if (!is_plain(&row->request))
		{
			insert_batch(batch, run->clinic);
			book_by_itself(row);
		}
		else if (!was_booked_earlier(row))
			add_to_batch(batch, row);
	}
	insert_batch(batch, run->clinic);
}

/*
 * What a row may be refused for; anything else, as a lost race or a lack of
 * rights, ends the whole.
 */
static bool
is_refusal(const ErrorData *error)
{
	int category = ERRCODE_TO_CATEGORY(error->sqlerrcode);

	return category == ERRCODE_TO_CATEGORY(MAKE_SQLSTATE('P', 'T', '0', '0', '0')) ||
		   category == ERRCODE_DATA_EXCEPTION || category == ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION;
}

/* Book the run in a subtransaction; NULL, or what it was refused for. */
static ErrorData *
try_run(Run *run)
{
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	MemoryContext scratch = AllocSetContextCreate(caller, "run", ALLOCSET_DEFAULT_SIZES);
	ErrorData *error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(scratch);
	PG_TRY();
	{
		book_run(run);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
		visit_batch_abandon();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	CurrentResourceOwner = owner;
	MemoryContextDelete(scratch);
	if (error && !is_refusal(error))
		ReThrowError(error);
	return error;
}

static void
note_refusal(ManyRow *row, const ErrorData *error)
{
	row->outcome =
		error->constraint_name && ERRCODE_TO_CATEGORY(error->sqlerrcode) ==
									  ERRCODE_TO_CATEGORY(MAKE_SQLSTATE('P', 'T', '0', '0', '0'))
			? error->constraint_name
			: pstrdup(unpack_sql_state(error->sqlerrcode));
	row->detail = error->message;
}

static void
book_by_halves(Run *run)
{
	ErrorData *error = try_run(run);
	Run first = *run;
	Run second = *run;

	if (error == NULL)
	{
		for (int i = 0; i < run->count; i++)
			run->rows[i].outcome = "booked";
		return;
	}
	if (run->count == 1)
	{
		note_refusal(&run->rows[0], error);
		return;
	}
	first.count = run->count / 2;
	second.rows += first.count;
	second.count -= first.count;
	book_by_halves(&first);
	book_by_halves(&second);
}

/*
 * The function
 */

static int
read_rows(Jsonb *visits, ManyRow **rows)
{
	JsonbIterator *iterator = JsonbIteratorInit(&visits->root);
	JsonbIteratorToken token;
	JsonbValue value;
	int count = 0;

	if (!JB_ROOT_IS_ARRAY(visits) || JB_ROOT_IS_SCALAR(visits))
		refuse(REASON_INVALID_TEXT, "visits must be an array of objects", NULL, NULL);
	*rows = MemoryContextAllocHuge(CurrentMemoryContext,
								   sizeof(ManyRow) * Max(JB_ROOT_COUNT(visits), 1));
	(void) JsonbIteratorNext(&iterator, &value, true);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) == WJB_ELEM)
	{
		JsonbValue *object = palloc(sizeof(JsonbValue));

		*object = value;
		memset(&(*rows)[count], 0, sizeof(ManyRow));
		(*rows)[count++].object = object;
	}
	return count;
}

static void
put_row(const ManyRow *row, int number, ReturnSetInfo *result)
{
	bool booked = row->detail == NULL;
	Datum values[] = {Int32GetDatum(number), UUIDPGetDatum(&row->appointment),
					  CStringGetTextDatum(row->outcome),
					  booked ? (Datum) 0 : CStringGetTextDatum(row->detail)};
	bool nulls[] = {false, !booked, false, booked};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

Datum
book_many(PG_FUNCTION_ARGS)
{
	Run all;
	Jsonb *visits;
	ManyRow *rows;
	int count;

	if (PG_ARGISNULL(0))
		refuse_null("visits");
	if (PG_ARGISNULL(1))
		refuse_null("clinic_id");
	visits = PG_GETARG_JSONB_P(0);
	all.clinic = PG_GETARG_UUID_P(1);
	materialize_result(fcinfo);
	query_begin();
	if (!identity_is_staff(all.clinic))
		refuse(REASON_STAFF_ONLY, "only the clinic's staff may do this", NULL, NULL);
	lock_clinic(all.clinic, LOCK_EXCLUSIVE, LOCK_WAIT);
	count = read_rows(visits, &rows);
	for (int done = 0; done < count; done += LONGEST_RUN)
	{
		Run run = {all.clinic, rows + done, Min(LONGEST_RUN, count - done)};

		book_by_halves(&run);
	}
	for (int i = 0; i < count; i++)
		put_row(&rows[i], i + 1, (ReturnSetInfo *) fcinfo->resultinfo);
	query_end();
	return (Datum) 0;
}
