/*
 * bulk.c
 *		Booking many visits in one transaction, each refused or booked by itself.
 *
 * Nobody else books what they want, so rows can be inserted many at a time.  A run
 * of rows that is refused is undone and tried again by halves, until each row that
 * is to blame stands alone.
 */
#include "postgres.h"

#include "access/xact.h"
#include "attempt.h"
#include "booking/bulk.h"
#include "booking/code.h"
#include "booking/look.h"
#include "booking/visit.h"
#include "booking/visit_batch.h"
#include "catalog/pg_type.h"
#include "errors.h"
#include "miscadmin.h"
#include "query.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "uuid7.h"

/* The most rows of one INSERT: a series at once. */
#define LONGEST_RUN 384

/* Rows that are tried together. */
typedef struct Run
{
	const pg_uuid_t *clinic;
	BulkVisit *rows;
	int count;
	BulkRead read;
} Run;

/*
 * The id is drawn here, so that it is known which row became which visit.  There
 * is no array of arrays: resource_ids come as text.
 */
static SavedQuery insert_visits = {
	.sql = "insert into clinic.appointment (clinic_id, id, patient_id, provider_id, service_id,"
		   " starts_at, ends_at, status, reason, notes, override_reason, hold_expires_at,"
		   " idempotency_key, request_hash, code, mode, resource_ids, series_id, occurrence_at)"
		   " select $1, v.id, v.patient_id, v.provider_id, v.service_id, v.starts_at, v.ends_at,"
		   " case when v.hold_expires_at is null then 'scheduled'::clinic.appointment_status"
		   " else 'held' end, v.reason, v.notes, v.override_reason,"
		   " v.hold_expires_at, v.idempotency_key, v.request_hash, v.code,"
		   " case when v.is_token then 'token'::clinic.visit_mode else 'timed' end,"
		   " case when v.resource_ids is null then '{}'::pg_catalog.uuid[]"
		   " else v.resource_ids::pg_catalog.uuid[] end, v.series_id, v.occurrence_at"
		   " from rows from (pg_catalog.unnest($2), pg_catalog.unnest($3), pg_catalog.unnest($4),"
		   " pg_catalog.unnest($5), pg_catalog.unnest($6), pg_catalog.unnest($7),"
		   " pg_catalog.unnest($8), pg_catalog.unnest($9), pg_catalog.unnest($10),"
		   " pg_catalog.unnest($11), pg_catalog.unnest($12), pg_catalog.unnest($13),"
		   " pg_catalog.unnest($14), pg_catalog.unnest($15), pg_catalog.unnest($16),"
		   " pg_catalog.unnest($17), pg_catalog.unnest($18)) v (id,"
		   " patient_id, provider_id, service_id, starts_at, ends_at, reason, notes,"
		   " override_reason, hold_expires_at, idempotency_key, request_hash, code, is_token,"
		   " resource_ids, series_id, occurrence_at)",
	QUERY_PARAMETERS(UUIDOID, UUIDARRAYOID, UUIDARRAYOID, UUIDARRAYOID, UUIDARRAYOID,
					 TIMESTAMPTZARRAYOID, TIMESTAMPTZARRAYOID, TEXTARRAYOID, TEXTARRAYOID,
					 TEXTARRAYOID, TIMESTAMPTZARRAYOID, TEXTARRAYOID, BYTEAARRAYOID, TEXTARRAYOID,
					 BOOLARRAYOID, TEXTARRAYOID, UUIDARRAYOID, TIMESTAMPTZARRAYOID),
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

/* The columns of an INSERT of many rows, one array each. */
enum
{
	VISITS_ID,
	VISITS_PATIENT,
	VISITS_PROVIDER,
	VISITS_SERVICE,
	VISITS_STARTS_AT,
	VISITS_ENDS_AT,
	VISITS_REASON,
	VISITS_NOTES,
	VISITS_OVERRIDE_REASON,
	VISITS_HOLD_EXPIRES_AT,
	VISITS_IDEMPOTENCY_KEY,
	VISITS_REQUEST_HASH,
	VISITS_CODE,
	VISITS_IS_TOKEN,
	VISITS_RESOURCE_IDS,
	VISITS_SERIES,
	VISITS_OCCURRENCE_AT,
	VISITS_COLUMNS
};

typedef struct Batch
{
	int count;
	const BookingRequest *requests[LONGEST_RUN];
	Datum values[VISITS_COLUMNS][LONGEST_RUN];
	bool nulls[VISITS_COLUMNS][LONGEST_RUN];
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

/* As a value of type text: "{id,id}". */
static Datum
uuid_array_text(const ResourceList *list)
{
	StringInfoData string;

	initStringInfo(&string);
	for (int i = 0; i < list->count; i++)
		appendStringInfo(&string, "%s%s", i == 0 ? "{" : ",",
						 DatumGetCString(
							 DirectFunctionCall1(uuid_out, UUIDPGetDatum(&list->ids[i]))));
	appendStringInfoChar(&string, '}');
	return CStringGetTextDatum(string.data);
}

static void
add_to_batch(Batch *batch, BulkVisit *row)
{
	const BookingRequest *request = &row->request;
	const ResourceList *resources = &request->resources;
	TimestampTz hold_end = GetCurrentTransactionStartTimestamp() + request->hold_for;

	uuid7_draw(&row->appointment);
	put_pointer(batch, VISITS_ID, &row->appointment);
	put_pointer(batch, VISITS_PATIENT, request->patient);
	put_pointer(batch, VISITS_PROVIDER, request->provider);
	put_pointer(batch, VISITS_SERVICE, request->service);
	put(batch, VISITS_STARTS_AT, TimestampTzGetDatum(request->starts_at), false);
	put(batch, VISITS_ENDS_AT, TimestampTzGetDatum(request->starts_at + request->duration),
		request->duration == 0);
	put_pointer(batch, VISITS_REASON, request->reason);
	put_pointer(batch, VISITS_NOTES, request->notes);
	put_pointer(batch, VISITS_OVERRIDE_REASON, request->override_reason);
	put(batch, VISITS_HOLD_EXPIRES_AT, TimestampTzGetDatum(hold_end), request->hold_for == 0);
	put_pointer(batch, VISITS_IDEMPOTENCY_KEY, request->idempotency_key);
	put_pointer(batch, VISITS_REQUEST_HASH, request->hash);
	put(batch, VISITS_IS_TOKEN, BoolGetDatum(request->kind == REQUEST_TOKEN), false);
	put(batch, VISITS_RESOURCE_IDS, resources->count ? uuid_array_text(resources) : (Datum) 0,
		resources->count == 0);
	put_pointer(batch, VISITS_SERIES, row->series);
	put(batch, VISITS_OCCURRENCE_AT, TimestampTzGetDatum(row->occurrence_at), row->series == NULL);
	batch->requests[batch->count++] = request;
}

/* By the year of the start, as the triggers would. */
static void
draw_code(Batch *batch, int row)
{
	TimestampTz starts_at = DatumGetTimestampTz(batch->values[VISITS_STARTS_AT][row]);
	char code[VISIT_CODE_SIZE];

	visit_code_draw(starts_at, code);
	batch->values[VISITS_CODE][row] = CStringGetTextDatum(code);
	batch->nulls[VISITS_CODE][row] = false;
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
		values[1] = column_array(batch, VISITS_CODE, TEXTARRAYOID);
		ntaken = query_run(&find_taken_codes, values, NULL, 0);
		for (uint64 taken = 0; taken < ntaken; taken++)
			draw_code(batch, query_int32(taken, 1, 1) - 1);
	} while (ntaken > 0);
}

static bool
same_facts(const BookingRequest *a, const BookingRequest *b)
{
	return memcmp(a->provider, b->provider, UUID_LEN) == 0 &&
		   memcmp(a->service, b->service, UUID_LEN) == 0;
}

/* What the visits of a batch will take; how many stretches. */
static int
batch_stretches(const Batch *batch, Stretch **stretches)
{
	VisitFacts facts;
	int count = 0;
	int room = 0;

	for (int i = 0; i < batch->count; i++)
		room += 1 + batch->requests[i]->resources.count;
	*stretches = palloc(sizeof(Stretch) * room);
	for (int i = 0; i < batch->count; i++)
	{
		const BookingRequest *request = batch->requests[i];
		const ResourceList *resources = &request->resources;
		VisitTime time;

		if (i == 0 || !same_facts(request, batch->requests[i - 1]))
			facts_read(&facts, request->clinic, request->service, request->provider);
		time = request_time(request, &facts);
		(*stretches)[count++] = (Stretch){*request->provider, time.claim_from, time.claim_to};
		for (int j = 0; j < resources->count; j++)
			(*stretches)[count++] = (Stretch){resources->ids[j], time.claim_from, time.claim_to};
	}
	return count;
}

static void
begin_batch(const Batch *batch, const pg_uuid_t *clinic)
{
	pg_uuid_t *patients = palloc(sizeof(pg_uuid_t) * batch->count);
	Stretch *stretches;
	int nstretches = batch_stretches(batch, &stretches);

	for (int i = 0; i < batch->count; i++)
		patients[i] = *batch->requests[i]->patient;
	visit_batch_begin(clinic, patients, batch->count, stretches, nstretches);
}

static void
insert_rows(Batch *batch, const pg_uuid_t *clinic)
{
	Datum values[VISITS_COLUMNS + 1];

	values[0] = UUIDPGetDatum(clinic);
	for (int column = 0; column < VISITS_COLUMNS; column++)
		values[column + 1] = column_array(batch, column, insert_visits.parameter_types[column + 1]);
	if (query_run(&insert_visits, values, NULL, 0) != (uint64) batch->count)
		ereport(ERROR, (errcode(ERRCODE_TRIGGERED_ACTION_EXCEPTION),
						errmsg("a row was not written because a trigger left it out")));
}

static void
insert_batch(Batch *batch, const pg_uuid_t *clinic)
{
	if (batch->count == 0)
		return;
	draw_codes(batch, clinic);
	begin_batch(batch, clinic);
	insert_rows(batch, clinic);
	visit_batch_end();
	batch->count = 0;
}

static void
note_visit(BulkVisit *row, Datum visit)
{
	VisitRow booked;

	visit_read_composite(&booked, DatumGetHeapTupleHeader(visit));
	row->appointment = *visit_uuid(&booked, VISIT_ID);
}

/* What is read for a row by itself is let go of with it: there may be many rows. */
static void
book_by_itself(BulkVisit *row)
{
	Datum visit;

	query_begin();
	visit = request_book(&row->request);
	query_end();
	note_visit(row, visit);
}

static bool
was_booked_earlier(BulkVisit *row)
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

/* Nothing is to be chosen for it, nor to be looked up: the day of a series' token is known. */
static bool
is_plain(const BulkVisit *row)
{
	return row->series || (row->request.kind == REQUEST_START && row->request.provider);
}

/* In the order of the rows: those of a batch are inserted before one that is booked by itself. */
static void
book_run(Run *run)
{
	Batch *batch = palloc(sizeof(Batch));

	batch->count = 0;
	for (int i = 0; i < run->count; i++)
	{
		BulkVisit *row = &run->rows[i];

		CHECK_FOR_INTERRUPTS();
		if (run->read)
			run->read(row, run->clinic);
		if (!is_plain(row))
		{
			insert_batch(batch, run->clinic);
			book_by_itself(row);
		}
		else if (!was_booked_earlier(row))
			add_to_batch(batch, row);
	}
	insert_batch(batch, run->clinic);
}

/* An error leaves no batch open. */
static void
try_run(void *run)
{
	PG_TRY();
	{
		book_run(run);
	}
	PG_CATCH();
	{
		visit_batch_abandon();
		PG_RE_THROW();
	}
	PG_END_TRY();
}

static void
book_by_halves(Run *run)
{
	ErrorData *error = attempt(try_run, run);
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
		run->rows[0].outcome = refused_for(error);
		run->rows[0].detail = error->message;
		return;
	}
	first.count = run->count / 2;
	second.rows += first.count;
	second.count -= first.count;
	book_by_halves(&first);
	book_by_halves(&second);
}

void
bulk_book(const pg_uuid_t *clinic, BulkVisit *visits, int nvisits, BulkRead read)
{
	for (int done = 0; done < nvisits; done += LONGEST_RUN)
	{
		Run run = {clinic, visits + done, Min(LONGEST_RUN, nvisits - done), read};

		book_by_halves(&run);
	}
}

void
bulk_book_or_refuse(const pg_uuid_t *clinic, BulkVisit *visit)
{
	Batch *batch = palloc(sizeof(Batch));

	batch->count = 0;
	add_to_batch(batch, visit);
	draw_codes(batch, clinic);
	insert_rows(batch, clinic);
	visit->outcome = "booked";
	pfree(batch);
}
