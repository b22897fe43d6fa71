/*
 * bulk.h
 *		Booking many visits in one transaction, each refused or booked by itself.
 */
#ifndef CLINIC_SCHED_BULK_H
#define CLINIC_SCHED_BULK_H

#include "booking/request.h"

/* One of the visits, and what became of it. */
typedef struct BulkVisit
{
	const void *source; /* what its request is read from */
	BookingRequest request;

	/* of a series */
	const pg_uuid_t *series; /* NULL: of none */
	TimestampTz occurrence_at;

	pg_uuid_t appointment;
	const char *outcome; /* "booked", or why not; NULL: not known yet */
	const char *detail;	 /* NULL: booked */
} BulkVisit;

/* Fill in the request of a visit, or refuse it. */
typedef void (*BulkRead)(BulkVisit *visit, const pg_uuid_t *clinic);

/*
 * Book them in their order.  For who has locked the clinic, or all that the visits
 * could occupy and their patients.  What a row may be refused for is its outcome;
 * anything else, as a lost race or a lack of rights, ends the whole.  read is NULL
 * where the requests are there.
 */
extern void bulk_book(const pg_uuid_t *clinic, BulkVisit *visits, int nvisits, BulkRead read);

/* Book a visit of a series, or raise what it is refused for. */
extern void bulk_book_or_refuse(const pg_uuid_t *clinic, BulkVisit *visit);

#endif /* CLINIC_SCHED_BULK_H */
