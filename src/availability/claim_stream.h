/*
 * claim_stream.h
 *		The claims of a clinic as they come, in the order of time.
 */
#ifndef CLINIC_SCHED_CLAIM_STREAM_H
#define CLINIC_SCHED_CLAIM_STREAM_H

#include "availability/seats.h"
#include "query.h"
#include "utils/uuid.h"

/* Claims that do not count, in order. */
typedef struct ClaimExceptions ClaimExceptions;

/*
 * The claims of holds that have expired by an instant, and of one appointment
 * (NULL: of none).  Between query_begin() and query_end().
 */
extern ClaimExceptions *claim_exceptions_read(const pg_uuid_t *clinic, TimestampTz now,
											  const pg_uuid_t *appointment);

/* Whose claims, and when. */
typedef struct ClaimStream
{
	const pg_uuid_t *clinic;
	Datum resources;   /* a uuid[]; 0: all */
	bool in_any_order; /* of these: they need not be sorted */
	TimestampTz from;
	TimestampTz to;
	int64 longest_claim; /* the clinic's */
	const ClaimExceptions *exceptions;
} ClaimStream;

/* False: no more are wanted. */
typedef bool (*ClaimFunction)(const pg_uuid_t *resource, const TakenSeat *claim, void *argument);

/*
 * Hand the claims that overlap [from, to) to a function, in the order of their
 * starts unless any will do, as the calling statement sees them.  The function may run no queries.
 * False if it wanted no more.
 */
extern bool claims_stream(const ClaimStream *stream, ClaimFunction function, void *argument);

#endif /* CLINIC_SCHED_CLAIM_STREAM_H */
