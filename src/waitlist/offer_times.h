/*
 * offer_times.h
 *		The times of a stretch that could be offered for a service.
 */
#ifndef CLINIC_SCHED_OFFER_TIMES_H
#define CLINIC_SCHED_OFFER_TIMES_H

#include "availability/visit_time.h"
#include "waitlist/freed.h"
#include "waitlist/waiting.h"

typedef struct OfferTime
{
	pg_uuid_t provider;
	VisitTime time;
	int place;	  /* of the provider, by code */
	int32 rank;	  /* the lowest is offered first, then the earliest */
	bool is_gone; /* it has been offered, or found taken */
} OfferTime;

typedef struct OfferTimes
{
	pg_uuid_t service;
	int count;
	int room;
	OfferTime *list; /* best first */
	bool by_start;	 /* no start is preferred, so that they are in order of time */
} OfferTimes;

/*
 * Read the times at which a visit could start within the stretch, as things stand:
 * what book() would accept, but for what is asked about the patient.  First the
 * start that became free, then by time.
 */
extern void offer_times_read(OfferTimes *times, const FreedTime *within, const pg_uuid_t *service);

/* The next, from a place in the list on, that suits the entry; NULL if none does. */
extern OfferTime *offer_times_next(const OfferTimes *times, const Waiting *entry, int *at);

/* What overlaps that time is not offered with its provider any more. */
extern void offer_times_take(OfferTimes *times, const OfferTime *taken);

#endif /* CLINIC_SCHED_OFFER_TIMES_H */
