/*
 * search.h
 *		A search for the starts at which a service may be booked, of all providers.
 *
 *		Search search = {.clinic = ..., .service = ..., .request = {.from = ..., ...}};
 *
 *		search_prepare(&search);
 *		if (search_begin(&search))
 *			search_stretch(&search, from, until);		one after the other
 *
 * Between query_begin() and query_end().
 */
#ifndef CLINIC_SCHED_SEARCH_H
#define CLINIC_SCHED_SEARCH_H

#include "availability/claim_stream.h"
#include "availability/moving.h"
#include "availability/sweep.h"
#include "booking/rules.h"

/* Who are one in so many of a clinic's providers are few: their claims are looked up. */
#define FEW 10

typedef struct Search
{
	const pg_uuid_t *clinic;
	const pg_uuid_t *service;
	const pg_uuid_t *moving; /* NULL: none */
	MovingVisit moving_visit;
	VisitFacts facts;
	int64 duration; /* 0: the service's or the provider's */
	ClinicProviders *providers;
	const char *specialty; /* NULL: any */
	pg_uuid_t *named;	   /* providers */
	int nnamed;			   /* 0: all */
	Datum wanted;		   /* the ids of those swept, where they are looked up; else 0 */
	bool is_of_one_start;  /* no start but one is looked at */
	Pool pool;
	SweepRequest request;
	Sweep sweep;
	ClaimExceptions *exceptions;
} Search;

/* Read the facts.  Of the request, what they say is filled in. */
extern void search_prepare(Search *search);

/* Make the sweep ready for the request's first start.  False if nobody can be booked. */
extern bool search_begin(Search *search);

/* The same of those providers alone that stand in `count` places from `first` on. */
extern bool search_begin_among(Search *search, int first, int count);

/* Begin again, at an instant that the request does not leave out. */
extern void search_restart(Search *search, TimestampTz from);

/*
 * Find the starts of [from, until); all before have been decided.  False if that
 * is clear without claims, as when everybody is closed.
 */
extern bool search_stretch(Search *search, TimestampTz from, TimestampTz until);

#endif /* CLINIC_SCHED_SEARCH_H */
