/*
 * configuration.h
 *		How a clinic, its services and its resources are set up.
 *
 * Every booking and every search asks for this, and it hardly ever changes, so
 * each backend keeps what it has read until somebody changes it.  Whoever does
 * tells all backends when they commit, before they release their locks: a
 * reader who holds the lock that the writer of a row takes (see lock.h) reads
 * that row as it is now.
 *
 * Between query_begin() and query_end(), until which what a pointer here points
 * to lives.  False: there is no such row.
 */
#ifndef CLINIC_SCHED_CONFIGURATION_H
#define CLINIC_SCHED_CONFIGURATION_H

#include "availability/matching.h"
#include "availability/opening.h"
#include "booking/status.h"
#include "datatype/timestamp.h"
#include "pgtime.h"
#include "utils/uuid.h"

/* Lengths of time that are no Interval are in microseconds. */

/* The rules of booking that a service may have of its own. */
typedef struct BookingPolicy
{
	bool has_min_notice;
	bool has_max_advance;
	bool has_allow_same_day;
	bool has_cancel_notice;
	bool allow_same_day;
	Interval min_notice;
	Interval max_advance;
	Interval cancel_notice;
	int64 slot_step; /* 0: none of its own */
} BookingPolicy;

typedef struct ClinicConfiguration
{
	pg_tz *zone;
	bool is_closed;
	bool is_closing_soon;
	BookingPolicy policy; /* without max_advance: any */
	int64 min_duration;
	int64 max_duration;
	int64 longest_claim;
	bool prevent_patient_overlap;
	int32 max_active_per_patient;  /* 0: any number */
	int32 max_per_day_per_patient; /* 0: any number */
	int32 no_show_limit;		   /* 0: any number */
	Interval no_show_period;
	VisitMode mode; /* of days, unless a rota says otherwise */
	OpeningRules opening;
	int nservices;
	const pg_uuid_t *services;
} ClinicConfiguration;

/* A resource, active or not, that would do for some of what a service requires. */
typedef struct Candidate
{
	pg_uuid_t id;
	Units suits;
} Candidate;

typedef struct ServiceConfiguration
{
	bool is_active;
	VisitMode mode; /* timed or token */
	int64 duration;
	int64 buffer_before;
	int64 buffer_after;
	int32 max_active_per_patient; /* 0: any number */
	BookingPolicy policy;
	int nunits; /* so many resources are required besides the provider */
	int ncandidates;
	const Candidate *candidates; /* by code */
} ServiceConfiguration;

typedef struct ResourceConfiguration
{
	bool is_provider;
	bool is_active;
	int32 seats;
	pg_tz *zone; /* NULL: the clinic's */
	OpeningRules opening;
	int ndays;
	const DayCapacity *days; /* in order */
} ResourceConfiguration;

/* A service that a provider is said to offer. */
typedef struct Offer
{
	pg_uuid_t service;
	int64 duration; /* 0: the service's */
} Offer;

typedef struct OfferList
{
	int count;
	const Offer *list;
} OfferList;

extern bool configured_clinic(const pg_uuid_t *clinic, ClinicConfiguration *configuration);
extern bool configured_service(const pg_uuid_t *clinic, const pg_uuid_t *service,
							   ServiceConfiguration *configuration);
extern bool configured_resource(const pg_uuid_t *clinic, const pg_uuid_t *resource,
								ResourceConfiguration *configuration);

/* When the resource takes visits. */
extern Opening resource_opening(const ClinicConfiguration *clinic,
								const ResourceConfiguration *resource);
extern bool configured_opening(const pg_uuid_t *clinic, const pg_uuid_t *resource,
							   Opening *opening);

/* As configured_offer(), of the offers of one provider. */
extern bool offers_service(const OfferList *offers, const pg_uuid_t *service, int64 *duration);

/*
 * Does the provider, if there is one, offer the service?  Who is not said to
 * offer any offers all.  The duration is 0 unless the offer has its own.
 */
extern bool configured_offer(const pg_uuid_t *clinic, const pg_uuid_t *provider,
							 const pg_uuid_t *service, int64 *duration);

/* The services that the provider offers, palloc'd, with room for one more; how many. */
extern int configured_offers(const pg_uuid_t *clinic, const pg_uuid_t *provider,
							 pg_uuid_t **services);

#endif /* CLINIC_SCHED_CONFIGURATION_H */
