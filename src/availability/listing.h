/*
 * listing.h
 *		The starts at which providers could be booked for a service, one after
 *		another, each with why not if it may not.
 */
#ifndef CLINIC_SCHED_LISTING_H
#define CLINIC_SCHED_LISTING_H

#include "availability/grid.h"
#include "availability/pool.h"
#include "booking/rules.h"

/* What is asked. */
typedef struct ListingRequest
{
	const pg_uuid_t *clinic;
	const pg_uuid_t *service;
	TimestampTz from; /* visits lie within [from, to) */
	TimestampTz to;
	TimestampTz starts_until; /* and start before this; 0: before `to` */
	TimestampTz read_from;	  /* what is read, if that is more; 0: from, and to */
	TimestampTz read_to;
	int64 step;				   /* microseconds; 0: the service's or the clinic's */
	int64 duration;			   /* microseconds; 0: the service's or the provider's */
	const pg_uuid_t *moving;   /* a visit that is to be moved; NULL: none */
	const ResourceList *named; /* rooms and devices to be had; NULL: none */
	const TakenList *taken;	   /* NULL: nothing is known to be */
	QuerySnapshot snapshot;
} ListingRequest;

/* A start that is listed. */
typedef struct Slot
{
	VisitTime time;
	int32 provider_seats; /* so many of the provider's are left */
	int32 seats_left;	  /* so many such visits could be booked, with all that they require */
	Reason reason;		  /* why it may not be booked; REASON_NONE: it may */
} Slot;

/* The starts of one provider. */
typedef struct Listing
{
	pg_uuid_t provider;
	VisitFacts facts;
	VisitMode mode;
	bool is_active;
	int64 duration;
	TimestampTz from;
	TimestampTz to;
	TimestampTz starts_until;
	OpenTimes listed; /* without closures and days off */
	OpenTimes open;
	ClaimSweep claims;
	CivilClock clock; /* the clinic's */
	const Pool *pool;

	/* the next start: in which interval of `listed`; or of a token service, the day */
	int interval;
	bool is_in_interval;
	StartGrid grid;
	DateADT day;
} Listing;

/*
 * Read all there is to know of the starts of some providers, none of them named
 * twice.  Between query_begin() and query_end(), until which the listings live.
 */
extern Listing *listings_read(const ListingRequest *request, const pg_uuid_t *providers,
							  int nproviders);

/* The next start; false when there is none. */
extern bool listing_next(Listing *listing, Slot *slot);

/* Go on with the starts from an instant on. */
extern void listing_seek(Listing *listing, TimestampTz from);

/* A start that need not be of the grid; all of the visit must have been read. */
extern void listing_judge(Listing *listing, TimestampTz starts_at, TimestampTz ends_at, Slot *slot);

#endif /* CLINIC_SCHED_LISTING_H */
