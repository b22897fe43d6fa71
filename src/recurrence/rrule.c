/*
 * rrule.c
 *		The type clinic.rrule.
 *
 * Stored is what rrule_value.h describes, after a varlena header, which is mostly a
 * short one.  Sent is a byte with the version of that form, then its bytes.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "compat.h"
#include "libpq/pqformat.h"
#include "recurrence/rrule_datum.h"
#include "recurrence/rrule_parse.h"
#include "recurrence/rrule_print.h"
#include "recurrence/rrule_value.h"
#include "utils/builtins.h"

#define SENT_VERSION 1

PG_FUNCTION_INFO_V1(rrule_in);
PG_FUNCTION_INFO_V1(rrule_out);
PG_FUNCTION_INFO_V1(rrule_recv);
PG_FUNCTION_INFO_V1(rrule_send);
PG_FUNCTION_INFO_V1(rrule_eq);
PG_FUNCTION_INFO_V1(rrule_ne);
PG_FUNCTION_INFO_V1(rrule_lt);
PG_FUNCTION_INFO_V1(rrule_le);
PG_FUNCTION_INFO_V1(rrule_gt);
PG_FUNCTION_INFO_V1(rrule_ge);
PG_FUNCTION_INFO_V1(rrule_cmp);
PG_FUNCTION_INFO_V1(rrule_hash);
PG_FUNCTION_INFO_V1(rrule_hash_extended);

static int compare(FunctionCallInfo fcinfo);
static Datum make_datum(const uint8 *bytes, int size);

/* ----------------------------------------------------------------
 * Input and output
 * ----------------------------------------------------------------
 */

Datum
rrule_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	RRule rule;
	RRuleError error;

	if (!rrule_parse(text, &rule, &error))
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", "clinic.rrule", text),
				 errdetail("At character %d: %s.", error.position, error.reason)));
	PG_RETURN_RRULE_P(&rule);
}

Datum
rrule_out(PG_FUNCTION_ARGS)
{
	const RRule *rule = PG_GETARG_RRULE_P(0);

	PG_RETURN_CSTRING(rrule_text(rule));
}

Datum
rrule_recv(PG_FUNCTION_ARGS)
{
	StringInfo message = (StringInfo) PG_GETARG_POINTER(0);
	int version = pq_getmsgbyte(message);
	int size = message->len - message->cursor;
	const uint8 *bytes = (const uint8 *) pq_getmsgbytes(message, size);
	RRule rule;

	if (version != SENT_VERSION)
		ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
						errmsg("unsupported version of type %s: %d", "clinic.rrule", version)));
	if (!rrule_unpack_untrusted(bytes, (size_t) size, &rule))
		ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
						errmsg("invalid binary form of type %s", "clinic.rrule")));
	return make_datum(bytes, size);
}

Datum
rrule_send(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(0));
	StringInfoData message;

	pq_begintypsend(&message);
	pq_sendint8(&message, SENT_VERSION);
	pq_sendbytes(&message, VARDATA_ANY(value), (int) VARSIZE_ANY_EXHDR(value));
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

/* ----------------------------------------------------------------
 * Comparison
 * ----------------------------------------------------------------
 */

Datum
rrule_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) == 0);
}

Datum
rrule_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) != 0);
}

Datum
rrule_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) < 0);
}

Datum
rrule_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) <= 0);
}

Datum
rrule_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) > 0);
}

Datum
rrule_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) >= 0);
}

Datum
rrule_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(compare(fcinfo));
}

Datum
rrule_hash(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(0));

	return hash_any((const unsigned char *) VARDATA_ANY(value), (int) VARSIZE_ANY_EXHDR(value));
}

Datum
rrule_hash_extended(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(0));
	uint64 seed = (uint64) PG_GETARG_INT64(1);

	return hash_any_extended((const unsigned char *) VARDATA_ANY(value),
							 (int) VARSIZE_ANY_EXHDR(value), seed);
}

/* ----------------------------------------------------------------
 * For other files
 * ----------------------------------------------------------------
 */

RRule *
rrule_of_datum(Datum datum)
{
	struct varlena *value = PG_DETOAST_DATUM_PACKED(datum);
	RRule *rule = palloc(sizeof(RRule));

	if (!rrule_unpack((const uint8 *) VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), rule))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED), errmsg("a stored recurrence rule is damaged")));
	return rule;
}

Datum
rrule_datum(const RRule *rule)
{
	uint8 bytes[RRULE_MAX_PACKED];

	return make_datum(bytes, rrule_pack(rule, bytes));
}

char *
rrule_text(const RRule *rule)
{
	size_t size = rrule_print(rule, NULL, 0) + 1;
	char *text = palloc(size);

	rrule_print(rule, text, size);
	return text;
}

/* ----------------------------------------------------------------
 * Helpers
 * ----------------------------------------------------------------
 */

static Datum
make_datum(const uint8 *bytes, int size)
{
	struct varlena *value = palloc(VARHDRSZ + size);

	SET_VARSIZE(value, VARHDRSZ + size);
	memcpy(VARDATA(value), bytes, size);
	return PointerGetDatum(value);
}

/* Scans compare many values, so what had to be copied to be read is given back. */
static int
compare(FunctionCallInfo fcinfo)
{
	struct varlena *a = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(0));
	struct varlena *b = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(1));
	int order = rrule_compare_packed((const uint8 *) VARDATA_ANY(a), VARSIZE_ANY_EXHDR(a),
									 (const uint8 *) VARDATA_ANY(b), VARSIZE_ANY_EXHDR(b));

	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	return order;
}
