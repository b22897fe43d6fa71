/*
 * predicate.h
 *		The one predicate: may this start be booked?  Pure.
 *
 * Listing and booking both ask it, so that what is offered can be booked.  It
 * says nothing about the patient, and nothing about who else wants the time:
 * see seats.h.
 */
#ifndef CLINIC_SCHED_PREDICATE_H
#define CLINIC_SCHED_PREDICATE_H

#include "availability/opening.h"
#include "booking/status.h"
#include "datatype/timestamp.h"
#include "errors.h"
#include "pgtime.h"

/* What is known of a clinic, a service and the provider's offer of it. */
typedef struct BookingFacts
{
	pg_tz *zone; /* the clinic's */
	bool clinic_closed;
	bool clinic_closing_soon;

	/* the service's rules where it has its own, else the clinic's */
	TimestampTz now;
	TimestampTz earliest; /* now, and the notice that is wanted */
	TimestampTz latest;	  /* the end of the horizon */
	bool allow_same_day;
	TimestampTz today; /* when this civil day began, and when the next does */
	TimestampTz tomorrow;
	int64 slot_step;	/* microseconds */
	int64 min_duration; /* microseconds */
	int64 max_duration; /* microseconds */

	bool service_active;
	VisitMode service_mode; /* timed or token */
	bool offered;			/* by the provider, where one is named */
} BookingFacts;

/* Set what follows from the clock; the zone must be known.  max_advance may be NULL. */
extern void booking_facts_set_now(BookingFacts *facts, TimestampTz now, const Interval *min_notice,
								  const Interval *max_advance);

/*
 * Why a visit of this mode from starts_at to ends_at may not be booked;
 * REASON_NONE if it may.  The provider's open times, NULL where no provider is
 * named, must have been made for all of the visit.
 */
extern Reason booking_refusal(const BookingFacts *facts, OpenTimes *times, VisitMode mode,
							  TimestampTz starts_at, TimestampTz ends_at);

/*
 * When visits of this mode, which are not walk-ins, may start at all, and when
 * none may any more: what the clock has to say in booking_refusal().
 */
extern void booking_starts(const BookingFacts *facts, VisitMode mode, TimestampTz *first,
						   TimestampTz *last);

/* Raise that reason, in words. */
extern _Noreturn void refuse_booking(Reason reason);

#endif /* CLINIC_SCHED_PREDICATE_H */
