/*
 * rules.h
 *		What a booking must know: the facts its rules ask for.
 */
#ifndef CLINIC_SCHED_RULES_H
#define CLINIC_SCHED_RULES_H

#include "availability/predicate.h"
#include "civil/civil.h"
#include "clinic/configuration.h"
#include "utils/uuid.h"

/* The longest a claim may be: a civil day can last 25 hours. */
#define LONGEST_CLAIM (26 * USECS_PER_HOUR)

/* What the clinic and the service ask about a patient.  Of a number, 0: it may be any. */
typedef struct PatientRules
{
	pg_tz *zone; /* the clinic's, for days and months */
	bool prevent_overlap;
	int32 max_active; /* visits to come */
	int32 max_active_of_service;
	int32 max_per_day;
	int32 no_show_limit; /* visits missed in no_show_period */
	Interval no_show_period;
} PatientRules;

typedef struct VisitFacts
{
	BookingFacts booking;
	bool has_provider; /* a provider was named, and exists */
	Opening opening;   /* the provider's */

	/* in microseconds */
	int64 duration; /* of the service with this provider */
	int64 buffer_before;
	int64 buffer_after;
	int64 longest_claim; /* the clinic's */
	bool requires_more;	 /* than its provider */

	PatientRules patient;
} VisitFacts;

/*
 * Read the facts as they are now.  The provider may be NULL; a clinic or a
 * service that does not exist is refused as not_found.
 */
extern void facts_read(VisitFacts *facts, const pg_uuid_t *clinic, const pg_uuid_t *service,
					   const pg_uuid_t *provider);

/* May a visit be booked from starts_at to ends_at?  REASON_NONE if so. */
extern Reason visit_refusal(const VisitFacts *facts, VisitMode mode, TimestampTz starts_at,
							TimestampTz ends_at);

extern PatientRules patient_rules(const ClinicConfiguration *clinic,
								  const ServiceConfiguration *service);

#endif /* CLINIC_SCHED_RULES_H */
