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

	/* the service's where it has its own, else the clinic's */
	Interval min_notice;
	bool has_max_advance;
	Interval max_advance;
	bool allow_same_day;
	int64 slot_step;	/* microseconds */
	int64 min_duration; /* microseconds */
	int64 max_duration; /* microseconds */

	bool service_active;
	VisitMode service_mode; /* timed or token */
	bool offered;			/* by the provider, where one is named */

	TimestampTz now;
} BookingFacts;

/* Why a visit of this mode from starts_at to ends_at may not be booked; REASON_NONE if it may. */
extern Reason booking_refusal(const BookingFacts *facts, VisitMode mode, TimestampTz starts_at,
							  TimestampTz ends_at);

/* Raise that reason, in words. */
extern _Noreturn void refuse_booking(Reason reason);

#endif /* CLINIC_SCHED_PREDICATE_H */
