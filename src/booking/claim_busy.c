/*
 * claim_busy.c
 *		clinic.claim_busy(): what column busy of a claim is made of.
 *
 * That a claim takes time, and how much at most, is refused here rather than by a
 * CHECK, whose expression is read anew in each statement that writes a claim; the
 * error is the one that a CHECK would raise.
 */
#include "postgres.h"

#include "availability/range.h"
#include "booking/rules.h"
#include "common/int.h"
#include "fmgr.h"

PG_FUNCTION_INFO_V1(claim_busy);

Datum
claim_busy(PG_FUNCTION_ARGS)
{
	TimestampTz starts_at = PG_GETARG_TIMESTAMPTZ(0);
	TimestampTz ends_at = PG_GETARG_TIMESTAMPTZ(1);
	int64 length;

	if (ends_at <= starts_at || pg_sub_s64_overflow(ends_at, starts_at, &length) ||
		length > LONGEST_CLAIM)
		ereport(ERROR, (errcode(ERRCODE_CHECK_VIOLATION),
						errmsg("a claim must end after it starts, and last 26 hours at most"),
						err_generic_string(PG_DIAG_CONSTRAINT_NAME, "claim_length_check")));
	PG_RETURN_DATUM(range_datum(starts_at, ends_at));
}
