/*
 * uuid7.c
 *		clinic.uuid7(): time-ordered UUIDs, RFC 9562 version 7.
 *
 * Layout (RFC 9562 section 5.7): 48 bits of Unix milliseconds, the version, 12
 * bits that hold the fraction of the millisecond (section 6.2, method 3), the
 * variant, 62 random bits.  Within a session every value is greater than the
 * one before, also when the clock stands still or steps back: the time used
 * then is the last one plus the smallest step the 60 time bits can show.
 */
#include "postgres.h"

#include <time.h>

#include "fmgr.h"
#include "random.h"
#include "uuid7.h"

#define NS_PER_MS INT64CONST(1000000)
/* one unit of the 12-bit fraction, rounded up: 244.140625 ns */
#define SMALLEST_STEP_NS 245

PG_FUNCTION_INFO_V1(uuid7);

/* Nanoseconds since 1970, greater than at any earlier call in this session. */
static int64
ascending_time_ns(void)
{
	static int64 last = 0;
	struct timespec clock;
	int64 now;

	clock_gettime(CLOCK_REALTIME, &clock);
	now = (int64) clock.tv_sec * INT64CONST(1000000000) + clock.tv_nsec;
	last = Max(now, last + SMALLEST_STEP_NS);
	return last;
}

void
uuid7_draw(pg_uuid_t *uuid)
{
	int64 ns = ascending_time_ns();
	uint64 ms = ns / NS_PER_MS;
	uint32 fraction = (uint32) ((ns % NS_PER_MS) * 4096 / NS_PER_MS);

	random_bytes(&uuid->data[8], 8);
	for (int byte = 0; byte < 6; byte++)
		uuid->data[byte] = (unsigned char) (ms >> (40 - 8 * byte));
	uuid->data[6] = (unsigned char) (0x70 | (fraction >> 8));
	uuid->data[7] = (unsigned char) fraction;
	uuid->data[8] = (unsigned char) (0x80 | (uuid->data[8] & 0x3F));
}

Datum
uuid7(PG_FUNCTION_ARGS)
{
	pg_uuid_t *uuid = palloc(sizeof(pg_uuid_t));

	uuid7_draw(uuid);
	PG_RETURN_UUID_P(uuid);
}
