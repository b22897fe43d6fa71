/*
 * random.c
 *		Random bytes that cannot be guessed, a few at a time.
 *
 * To ask for 8 bytes costs nearly as much as to ask for hundreds, so they are
 * drawn in advance.  A byte is handed out once and wiped.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port.h"
#include "random.h"

static unsigned char drawn[512];
static size_t used = sizeof(drawn);
static int drawn_by = 0; /* a process that was forked draws its own */

static void
draw(void)
{
	used = sizeof(drawn);
	if (!pg_strong_random(drawn, sizeof(drawn)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate random values")));
	used = 0;
	drawn_by = MyProcPid;
}

void
random_bytes(void *to, size_t length)
{
	Assert(length <= sizeof(drawn));
	if (length > sizeof(drawn) - used || drawn_by != MyProcPid)
		draw();
	memcpy(to, drawn + used, length);
	memset(drawn + used, 0, length);
	used += length;
}
