/*
 * book_many.c
 *		clinic.book_many(): book many visits in one transaction, each refused or
 *		booked by itself.  The whole clinic is locked, so nobody else books.
 */
#include "postgres.h"

#include "booking/bulk.h"
#include "booking/visit.h"
#include "civil/civil.h"
#include "compat.h"
#include "errors.h"
#include "fmgr.h"
#include "identity/identity.h"
#include "lock.h"
#include "miscadmin.h"
#include "query.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(book_many);

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
read_visit(BulkVisit *visit, const pg_uuid_t *clinic)
{
	const JsonbValue *object = visit->source;
	BookingRequest *request = &visit->request;
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue value;
	const Field *field = NULL;

	memset(request, 0, sizeof(*request));
	request->clinic = clinic;
	request->starts_at = DT_NOBEGIN;
	if (object->type != jbvBinary || !JsonContainerIsObject(object->val.binary.data))
		refuse(REASON_INVALID_TEXT, "each of the visits must be an object", NULL, NULL);
	iterator = JsonbIteratorInit(object->val.binary.data);
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
 * The function
 */

static int
read_objects(Jsonb *objects, BulkVisit **visits)
{
	JsonbIterator *iterator = JsonbIteratorInit(&objects->root);
	JsonbIteratorToken token;
	JsonbValue value;
	int count = 0;

	if (!JB_ROOT_IS_ARRAY(objects) || JB_ROOT_IS_SCALAR(objects))
		refuse(REASON_INVALID_TEXT, "visits must be an array of objects", NULL, NULL);
	*visits = MemoryContextAllocHuge(CurrentMemoryContext,
									 sizeof(BulkVisit) * Max(JB_ROOT_COUNT(objects), 1));
	(void) JsonbIteratorNext(&iterator, &value, true);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) == WJB_ELEM)
	{
		JsonbValue *object = palloc(sizeof(JsonbValue));

		*object = value;
		memset(&(*visits)[count], 0, sizeof(BulkVisit));
		(*visits)[count++].source = object;
	}
	return count;
}

static void
put_row(const BulkVisit *visit, int number, ReturnSetInfo *result)
{
	bool booked = visit->detail == NULL;
	Datum values[] = {Int32GetDatum(number), UUIDPGetDatum(&visit->appointment),
					  CStringGetTextDatum(visit->outcome),
					  booked ? (Datum) 0 : CStringGetTextDatum(visit->detail)};
	bool nulls[] = {false, !booked, false, booked};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

Datum
book_many(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *clinic;
	Jsonb *objects;
	BulkVisit *visits;
	int count;

	if (PG_ARGISNULL(0))
		refuse_null("visits");
	if (PG_ARGISNULL(1))
		refuse_null("clinic_id");
	objects = PG_GETARG_JSONB_P(0);
	clinic = PG_GETARG_UUID_P(1);
	materialize_result(fcinfo);
	query_begin();
	if (!identity_is_staff(clinic))
		refuse(REASON_STAFF_ONLY, "only the clinic's staff may do this", NULL, NULL);
	lock_clinic(clinic, LOCK_EXCLUSIVE, LOCK_WAIT);
	count = read_objects(objects, &visits);
	bulk_book(clinic, visits, count, read_visit);
	for (int i = 0; i < count; i++)
		put_row(&visits[i], i + 1, (ReturnSetInfo *) fcinfo->resultinfo);
	query_end();
	return (Datum) 0;
}
