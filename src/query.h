/*
 * query.h
 *		Saved plans: a statement is declared once, with the types of its
 *		parameters, and run through SPI from then on.
 *
 *		static SavedQuery find_status = {
 *			.sql = "select v.status::pg_catalog.text from clinic.appointment v"
 *				   " where v.clinic_id" EQ "$1 and v.id" EQ "$2",
 *			QUERY_PARAMETERS(UUIDOID, UUIDOID),
 *			.snapshot = SNAPSHOT_LATEST,
 *			.as_owner = true,
 *		};
 *
 * Plans are generic, are made again when a table changes, and name every table
 * by its schema, so they also survive DROP EXTENSION and CREATE EXTENSION.  A
 * statement that runs as the owner must not depend on the caller's search_path:
 * every function, type and operator in it is qualified, hence EQ and friends;
 * IN, BETWEEN, LIKE and IS DISTINCT FROM cannot be, and so are not used there.
 * An operator written so binds like any other: arithmetic wants parentheses.
 */
#ifndef CLINIC_SCHED_QUERY_H
#define CLINIC_SCHED_QUERY_H

#include "executor/spi.h"
#include "nodes/execnodes.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#define EQ " operator(pg_catalog.=) "
#define NE " operator(pg_catalog.<>) "
#define LT " operator(pg_catalog.<) "
#define LE " operator(pg_catalog.<=) "
#define GT " operator(pg_catalog.>) "
#define GE " operator(pg_catalog.>=) "

#define QUERY_MAX_PARAMETERS 32

typedef enum QuerySnapshot
{
	SNAPSHOT_STATEMENT, /* what the calling statement sees; read only */
	SNAPSHOT_LATEST,	/* what is committed now, as foreign-key triggers look; read only */
	SNAPSHOT_WRITE		/* a statement that writes */
} QuerySnapshot;

typedef struct SavedQuery
{
	const char *sql;
	int nparameters;
	Oid parameter_types[QUERY_MAX_PARAMETERS];
	QuerySnapshot snapshot;
	bool as_owner;	   /* as the owner of the tables, else as the caller */
	const char *index; /* the only one of its table to be used; NULL: whichever is cheapest */
	SPIPlanPtr plan;   /* made at first use */
} SavedQuery;

#define QUERY_PARAMETERS(...) \
	.nparameters = lengthof(((const Oid[]){__VA_ARGS__})), .parameter_types = {__VA_ARGS__}

/* Bracket the use of queries; results live until query_end(). */
extern void query_begin(void);
extern void query_end(void);

/*
 * Run the query; nulls is NULL or one bool a parameter.  At most limit rows (0:
 * all) are read.  Returns the number of rows; query_*() below read them.
 */
extern uint64 query_run(SavedQuery *query, const Datum *values, const bool *nulls, long limit);

/* The same of a query that reads, as another snapshot than its own sees it. */
extern uint64 query_run_as_of(SavedQuery *query, QuerySnapshot snapshot, const Datum *values,
							  const bool *nulls, long limit);

/* The same for a statement that answers exactly one row; an error when it does not. */
extern void query_run_one(SavedQuery *query, const Datum *values, const bool *nulls);

/*
 * Run a statement that writes; false where it broke a constraint in this way (an
 * SQLSTATE), for the caller to say in other words.  There is no subtransaction:
 * the error is not survived, only renamed, so the caller must raise one.
 */
extern bool query_run_unless(SavedQuery *query, const Datum *values, int sqlstate);

/*
 * Run a statement that is put together for this call, as the caller, read only,
 * by what the calling statement sees; it is planned for these very values, none
 * of which is null.
 */
extern uint64 query_run_once(const char *sql, int nparameters, const Oid *types,
							 const Datum *values);

/*
 * Run a query that reads, as the calling statement sees it, and hand each row to
 * a function as it comes; once that returns false, no more are read.  The values
 * of a row live until it returns.  No value given to the query is null.  The
 * function runs as whoever the query runs as, and may not run queries itself.
 */
typedef bool (*RowFunction)(const Datum *values, const bool *nulls, void *argument);
extern void query_stream(SavedQuery *query, const Datum *values, RowFunction function,
						 void *argument);

/* The role that owns the extension's tables. */
extern Oid tables_owner(void);

/* Is a statement of ours that runs as the owner what led here? */
extern bool query_is_as_owner(void);

/* Copy a composite column, as "returning v" gives it, to where query_end() leaves it. */
extern Datum query_copy_composite(uint64 row, int column);

/* Add a row that was copied so to the result of a function that returns such rows. */
extern void put_composite(Datum composite, ReturnSetInfo *result);

/* A parameter of type uuid[]. */
extern Datum uuid_array(const pg_uuid_t *uuids, int count);

/* A parameter of type timestamptz[]. */
extern Datum timestamptz_array(Datum *instants, int count);

/* The elements of an argument of type uuid[], which may not be null; how many. */
extern int uuids_read(Datum array, const char *name, pg_uuid_t **uuids);

/* Typed reads of a column (from 1) of a row (from 0) of the last result. */

static inline Datum
query_datum(uint64 row, int column, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, isnull);
}

static inline bool
query_isnull(uint64 row, int column)
{
	bool isnull;

	(void) query_datum(row, column, &isnull);
	return isnull;
}

/* NULL reads as false. */
static inline bool
query_bool(uint64 row, int column)
{
	bool isnull;
	Datum value = query_datum(row, column, &isnull);

	return !isnull && DatumGetBool(value);
}

/* NULL reads as absent. */
static inline int32
query_int32(uint64 row, int column, int32 absent)
{
	bool isnull;
	Datum value = query_datum(row, column, &isnull);

	return isnull ? absent : DatumGetInt32(value);
}

static inline int64
query_int64(uint64 row, int column, int64 absent)
{
	bool isnull;
	Datum value = query_datum(row, column, &isnull);

	return isnull ? absent : DatumGetInt64(value);
}

static inline TimestampTz
query_timestamptz(uint64 row, int column, TimestampTz absent)
{
	bool isnull;
	Datum value = query_datum(row, column, &isnull);

	return isnull ? absent : DatumGetTimestampTz(value);
}

/* NULL reads as a null pointer; the value lives until query_end(). */
static inline const pg_uuid_t *
query_uuid(uint64 row, int column)
{
	bool isnull;
	Datum value = query_datum(row, column, &isnull);

	return isnull ? NULL : DatumGetUUIDP(value);
}

static inline const Interval *
query_interval(uint64 row, int column)
{
	bool isnull;
	Datum value = query_datum(row, column, &isnull);

	return isnull ? NULL : DatumGetIntervalP(value);
}

/* As text, whatever the type. */
static inline char *
query_text(uint64 row, int column)
{
	return SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column);
}

#endif /* CLINIC_SCHED_QUERY_H */
