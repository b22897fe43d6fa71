/*
 * list.c
 *		clinic.appointments(): a clinic's visits, filtered, sorted and paged.
 *
 * The statement is put together from the pieces for the arguments that are
 * given, so that each list is planned for what it asks; values are parameters of
 * it, never text in it.  It runs with the caller's rights, and names table
 * patient only where a query is to be searched for there.
 *
 * No index has a clinic's visits in order of time: those that begin with the
 * provider or the patient do, of one.  So a list of neither asks for each of the
 * clinic's resources by name, which are few against its visits.
 */
#include "postgres.h"

#include "access/xact.h"
#include "availability/range.h"
#include "booking/rules.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "clinic/configuration.h"
#include "compat.h"
#include "errors.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "query.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

PG_FUNCTION_INFO_V1(appointments);

enum
{
	ARG_PATIENT_ID,
	ARG_PROVIDER_ID,
	ARG_SERVICE_ID,
	ARG_STATUS,
	ARG_DURING,
	ARG_QUERY,
	ARG_SORT,
	ARG_PAGE_SIZE,
	ARG_PAGE,
	ARG_AFTER,
	ARG_CLINIC_ID
};

#define PAGE_SIZE_DEFAULT 20
#define PAGE_SIZE_LIMIT 100

/* How far ahead a list of what is upcoming looks, in days on the clinic's clocks. */
#define UPCOMING_DAYS 30

/* What all codes that are drawn begin with, without its dash; see code.c. */
#define CODE_PREFIX "apt"

typedef struct SortKey
{
	const char *column;
	Oid type;
} SortKey;

/* The first is the default. */
static const SortKey sort_keys[] = {
	{"starts_at", TIMESTAMPTZOID},
	{"created_at", TIMESTAMPTZOID},
	{"updated_at", TIMESTAMPTZOID},
	{"code", TEXTOID},
};

typedef struct VisitList
{
	StringInfoData tables; /* what follows "from" */
	StringInfoData filter; /* what follows "where" */
	int nparameters;
	Oid types[QUERY_MAX_PARAMETERS];
	Datum values[QUERY_MAX_PARAMETERS];

	/* the order, and which stretch of it */
	const SortKey *key;
	bool descending;
	int32 page_size;
	int64 offset;
} VisitList;

/* In the order of sort_keys. */
static SavedQuery find_sort_values = {
	.sql = "select a.starts_at, a.created_at, a.updated_at, a.code from clinic.appointment a"
		   " where a.clinic_id" EQ "$1 and a.id" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_STATEMENT,
};

/* All that a visit may have for a provider. */
static SavedQuery find_resources = {
	.sql = "select coalesce(pg_catalog.array_agg(r.id), '{}') from clinic.resource r"
		   " where r.clinic_id" EQ "$1",
	QUERY_PARAMETERS(UUIDOID),
	.snapshot = SNAPSHOT_STATEMENT,
	.as_owner = true,
};

enum
{
	QUERY_WORDS = 1,
	QUERY_DIGITS,
	QUERY_CODE
};

/* Words and digits as clinic.find_patients() takes them; a blank query gives no row. */
static SavedQuery read_query = {
	.sql = "select pg_catalog.regexp_split_to_array(q.trimmed, '[[:space:]]+'),"
		   " case when $1 operator(pg_catalog.~) '^[-+() ./0-9]*[1-9][-+() ./0-9]*$'"
		   " then pg_catalog.ltrim(pg_catalog.regexp_replace($1, '[^0-9]', '', 'g'), '0') end,"
		   " pg_catalog.replace(q.trimmed, '-', '')"
		   " from (select pg_catalog.lower(pg_catalog.btrim($1, E' \\t\\r\\n'))) q (trimmed)"
		   " where $1 operator(pg_catalog.~) '[^[:space:]]'",
	QUERY_PARAMETERS(TEXTOID),
	.snapshot = SNAPSHOT_STATEMENT,
};

/* Make a value a parameter of the list's statement, and return its number. */
static int
parameter(VisitList *list, Oid type, Datum value)
{
	Assert(list->nparameters < QUERY_MAX_PARAMETERS);
	list->types[list->nparameters] = type;
	list->values[list->nparameters] = value;
	return ++list->nparameters;
}

static void
refuse_page(const char *message)
{
	refuse(REASON_INVALID_PAGE, message, NULL, NULL);
}

static void
read_page(VisitList *list, FunctionCallInfo fcinfo)
{
	int32 page = PG_ARGISNULL(ARG_PAGE) ? 1 : PG_GETARG_INT32(ARG_PAGE);

	list->page_size =
		PG_ARGISNULL(ARG_PAGE_SIZE) ? PAGE_SIZE_DEFAULT : PG_GETARG_INT32(ARG_PAGE_SIZE);
	if (list->page_size < 1 || list->page_size > PAGE_SIZE_LIMIT)
		refuse_page("page_size must be from 1 to 100");
	if (page < 1)
		refuse_page("pages are counted from 1");
	if (!PG_ARGISNULL(ARG_PAGE) && !PG_ARGISNULL(ARG_AFTER))
		refuse_page("page and after cannot both be given");
	list->offset = (int64) (page - 1) * list->page_size;
}

static void
read_sort(VisitList *list, FunctionCallInfo fcinfo)
{
	const char *sort =
		PG_ARGISNULL(ARG_SORT) ? sort_keys[0].column : text_to_cstring(PG_GETARG_TEXT_PP(ARG_SORT));

	list->descending = *sort == '-';
	if (list->descending)
		sort++;
	for (size_t i = 0; i < lengthof(sort_keys) && list->key == NULL; i++)
		if (strcmp(sort_keys[i].column, sort) == 0)
			list->key = &sort_keys[i];
	if (list->key == NULL)
		refuse(REASON_INVALID_SORT, "visits cannot be sorted by that", NULL,
			   "Sort by starts_at, created_at, updated_at or code, with a leading - for the"
			   " reverse.");
}

static void
filter_by_ids(VisitList *list, FunctionCallInfo fcinfo)
{
	static const struct
	{
		int argument;
		const char *column;
	} ids[] = {
		{ARG_PATIENT_ID, "patient_id"},
		{ARG_PROVIDER_ID, "provider_id"},
		{ARG_SERVICE_ID, "service_id"},
	};

	for (size_t i = 0; i < lengthof(ids); i++)
		if (!PG_ARGISNULL(ids[i].argument))
			appendStringInfo(&list->filter, " and a.%s" EQ "$%d", ids[i].column,
							 parameter(list, UUIDOID, PG_GETARG_DATUM(ids[i].argument)));
}

static void
filter_by_status(VisitList *list, FunctionCallInfo fcinfo)
{
	ArrayType *status;

	if (!PG_ARGISNULL(ARG_STATUS))
	{
		status = PG_GETARG_ARRAYTYPE_P(ARG_STATUS);
		if (array_contains_nulls(status))
			refuse_null("an element of status");
		appendStringInfo(&list->filter, " and a.status operator(pg_catalog.=) any ($%d)",
						 parameter(list, get_array_type(ARR_ELEMTYPE(status)),
								   PointerGetDatum(status)));
	}
	else if (PG_ARGISNULL(ARG_DURING))
		appendStringInfoString(&list->filter,
							   " and a.status" LT "'completed'::clinic.appointment_status");
}

/* Only what overlaps [from, to), of which a bound may be missing. */
static void
filter_by_stretch(VisitList *list, TimestampTz from, TimestampTz to)
{
	/* A visit that reaches into it began not long before. */
	if (!TIMESTAMP_IS_NOBEGIN(from))
		appendStringInfo(&list->filter, " and a.ends_at" GT "$%d and a.starts_at" GT "$%d",
						 parameter(list, TIMESTAMPTZOID, TimestampTzGetDatum(from)),
						 parameter(list, TIMESTAMPTZOID,
								   TimestampTzGetDatum(from - LONGEST_CLAIM)));
	if (!TIMESTAMP_IS_NOEND(to))
		appendStringInfo(&list->filter, " and a.starts_at" LT "$%d",
						 parameter(list, TIMESTAMPTZOID, TimestampTzGetDatum(to)));
}

/* Leaves nothing out, but says by which index the stretch is found. */
static void
name_resources(VisitList *list)
{
	bool isnull;

	(void) query_run(&find_resources, &list->values[0], NULL, 1);
	appendStringInfo(&list->filter,
					 " and (a.provider_id operator(pg_catalog.=) any ($%d)"
					 " or a.provider_id is null)",
					 parameter(list, UUIDARRAYOID, query_datum(0, 1, &isnull)));
}

/* The stretch that a list of what is upcoming has, and no hold that has expired. */
static void
filter_upcoming(VisitList *list, pg_tz *zone, TimestampTz *from, TimestampTz *to)
{
	static const Interval ahead = {.day = UPCOMING_DAYS};
	TimestampTz now = GetCurrentTransactionStartTimestamp();

	*from = now;
	*to = civil_later(now, &ahead, zone);
	appendStringInfo(&list->filter,
					 " and not (a.status" EQ
					 "'held'::clinic.appointment_status and a.hold_expires_at" LE "$%d)",
					 parameter(list, TIMESTAMPTZOID, TimestampTzGetDatum(now)));
}

/* False: no visit can match. */
static bool
filter_by_time(VisitList *list, FunctionCallInfo fcinfo, pg_tz *zone)
{
	TimestampTz from;
	TimestampTz to;

	if (PG_ARGISNULL(ARG_DURING))
		filter_upcoming(list, zone, &from, &to);
	else if (!range_open_bounds(PG_GETARG_RANGE_P(ARG_DURING), "during", &from, &to))
		return false;
	filter_by_stretch(list, from, to);
	if (PG_ARGISNULL(ARG_PROVIDER_ID) && PG_ARGISNULL(ARG_PATIENT_ID) &&
		!(TIMESTAMP_IS_NOBEGIN(from) && TIMESTAMP_IS_NOEND(to)))
		name_resources(list);
	return true;
}

/* Only visits with every word in the patient's name or e-mail or the reason, or by phone or code. */
static void
filter_by_query(VisitList *list, FunctionCallInfo fcinfo)
{
	Datum query;
	Datum words;
	Datum digits;
	Datum code;
	bool isnull;
	bool no_digits;

	if (PG_ARGISNULL(ARG_QUERY))
		return;
	query = PG_GETARG_DATUM(ARG_QUERY);
	if (query_run(&read_query, &query, NULL, 1) == 0)
		return;
	words = query_datum(0, QUERY_WORDS, &isnull);
	digits = query_datum(0, QUERY_DIGITS, &no_digits);
	code = query_datum(0, QUERY_CODE, &isnull);
	appendStringInfoString(&list->tables, " left join clinic.patient p on p.clinic_id" EQ
										  "$1 and p.id" EQ "a.patient_id");
	appendStringInfo(&list->filter,
					 " and (not exists (select from pg_catalog.unnest($%d) part (word)"
					 " where pg_catalog.strpos(pg_catalog.lower("
					 "pg_catalog.concat_ws(E'\\n', p.name, p.email, a.reason)), part.word)" EQ "0)",
					 parameter(list, TEXTARRAYOID, words));
	if (!no_digits)
		appendStringInfo(&list->filter, " or pg_catalog.strpos(p.phone, $%d)" GT "0",
						 parameter(list, TEXTOID, digits));
	/* What every code begins with would find every visit. */
	if (strncmp(CODE_PREFIX, TextDatumGetCString(code), strlen(TextDatumGetCString(code))) != 0)
		appendStringInfo(&list->filter,
						 " or pg_catalog.starts_with("
						 "pg_catalog.replace(pg_catalog.lower(a.code), '-', ''), $%d)",
						 parameter(list, TEXTOID, code));
	appendStringInfoChar(&list->filter, ')');
}

/* Only what comes after a visit, in the order of the list. */
static void
append_after(StringInfo sql, VisitList *list, Datum visit)
{
	Datum key[] = {list->values[0], visit};
	Datum value;
	bool isnull;

	if (query_run(&find_sort_values, key, NULL, 1) == 0)
		refuse(REASON_NOT_FOUND, "the visit that the page is to come after is not there", NULL,
			   "Begin at the first page.");
	value = query_datum(0, (int) (list->key - sort_keys) + 1, &isnull);
	appendStringInfo(sql, " and row(a.%s, a.id) operator(pg_catalog.%c) row($%d, $%d)",
					 list->key->column, list->descending ? '<' : '>',
					 parameter(list, list->key->type, value), parameter(list, UUIDOID, visit));
}

/* The page, and in each row of it how many visits match, on this page or not. */
static uint64
run_list(VisitList *list, FunctionCallInfo fcinfo)
{
	const char *direction = list->descending ? "desc" : "asc";
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql,
					 "select a, (select pg_catalog.count(*) from %s where %s) from %s where %s",
					 list->tables.data, list->filter.data, list->tables.data, list->filter.data);
	if (!PG_ARGISNULL(ARG_AFTER))
		append_after(&sql, list, PG_GETARG_DATUM(ARG_AFTER));
	appendStringInfo(&sql, " order by a.%s %s, a.id %s limit $%d offset $%d", list->key->column,
					 direction, direction, parameter(list, INT8OID, Int64GetDatum(list->page_size)),
					 parameter(list, INT8OID, Int64GetDatum(list->offset)));
	return query_run_once(sql.data, list->nparameters, list->types, list->values);
}

static void
start_list(VisitList *list, Datum clinic)
{
	initStringInfo(&list->tables);
	initStringInfo(&list->filter);
	appendStringInfoString(&list->tables, "clinic.appointment a");
	appendStringInfo(&list->filter, "a.clinic_id" EQ "$%d", parameter(list, UUIDOID, clinic));
}

static void
put_rows(uint64 nrows, ReturnSetInfo *result)
{
	for (uint64 row = 0; row < nrows; row++)
	{
		Datum values[2];
		bool nulls[2];

		for (int column = 1; column <= 2; column++)
			values[column - 1] = query_datum(row, column, &nulls[column - 1]);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

Datum
appointments(PG_FUNCTION_ARGS)
{
	VisitList list = {.key = NULL};
	ClinicConfiguration configuration;

	if (PG_ARGISNULL(ARG_CLINIC_ID))
		refuse_null("clinic_id");
	materialize_result(fcinfo);
	read_page(&list, fcinfo);
	read_sort(&list, fcinfo);
	query_begin();
	if (!configured_clinic(PG_GETARG_UUID_P(ARG_CLINIC_ID), &configuration))
		refuse(REASON_NOT_FOUND, "there is no such clinic", NULL, NULL);
	start_list(&list, PG_GETARG_DATUM(ARG_CLINIC_ID));
	filter_by_ids(&list, fcinfo);
	filter_by_status(&list, fcinfo);
	if (filter_by_time(&list, fcinfo, configuration.zone))
	{
		filter_by_query(&list, fcinfo);
		put_rows(run_list(&list, fcinfo), (ReturnSetInfo *) fcinfo->resultinfo);
	}
	query_end();
	return (Datum) 0;
}
