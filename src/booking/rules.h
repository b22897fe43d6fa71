/*
 * rules.h
 *		What a booking must know: the facts its rules ask for, and who has the time.
 */
#ifndef CLINIC_SCHED_RULES_H
#define CLINIC_SCHED_RULES_H

#include "availability/predicate.h"
#include "availability/seats.h"
#include "availability/visit_time.h"
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

/* A resource, and what is taken of it in the stretch that was looked at. */
typedef struct LookedResource
{
	pg_uuid_t id;
	bool exists;
	bool is_provider;
	bool is_active;
	Opening opening;
	int32 seats; /* on the day that was looked at */
	TakenSeat *taken;
	int ntaken;
} LookedResource;

typedef struct Look
{
	int nresources;
	LookedResource *resources; /* as they were named, in that order */
	bool may_have_expired;	   /* what was seen may be claims of holds that expired */
} Look;

/*
 * Look at resources as they are now: their seats on the day of starts_at, and
 * their claims that overlap [from, until), but for those of one appointment
 * (NULL: of none).
 */
extern Look *look_at(const pg_uuid_t *clinic, const pg_uuid_t *resources, int nresources,
					 VisitMode mode, TimestampTz starts_at, TimestampTz from, TimestampTz until,
					 const pg_uuid_t *except);

/* Is a room or a device closed, by its own hours or by a closure, at some time of the visit? */
extern Reason room_refusal(const LookedResource *room, const VisitTime *time);

/* Which of what was looked at has no seat free at that time; -1: each has one. */
extern int first_without_seat(const Look *look, const VisitTime *time);

/* Until when to look, so that a refusal can name the next free starts of the day. */
extern TimestampTz look_until(const VisitFacts *facts, const VisitTime *time);

/*
 * Refuse: the time is taken.  Names the next free starts of the day, unless
 * facts or look is NULL, or more is needed than was looked at.
 */
extern _Noreturn void refuse_taken(const VisitFacts *facts, const Look *look,
								   const VisitTime *time);


#endif /* CLINIC_SCHED_RULES_H */
