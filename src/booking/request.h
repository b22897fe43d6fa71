/*
 * request.h
 *		What somebody asks to be booked.
 */
#ifndef CLINIC_SCHED_REQUEST_H
#define CLINIC_SCHED_REQUEST_H

#include "availability/pool.h"
#include "availability/visit_time.h"
#include "booking/rules.h"
#include "utils/date.h"

typedef enum RequestKind
{
	REQUEST_START, /* a time of a day */
	REQUEST_TOKEN, /* a number of a day */
	REQUEST_FIRST  /* the first that is free */
} RequestKind;

/* By what the provider is chosen where none is named; of equals, the earlier start, then by code. */
typedef enum Strategy
{
	STRATEGY_EARLIEST,
	STRATEGY_LEAST_LOADED,
	STRATEGY_ROUND_ROBIN
} Strategy;

typedef struct BookingRequest
{
	RequestKind kind;
	const pg_uuid_t *clinic;
	const pg_uuid_t *patient;
	const pg_uuid_t *provider; /* NULL: any */
	const pg_uuid_t *service;  /* NULL: the only one whose visits are tokens */
	TimestampTz starts_at;
	DateADT day;	/* of a token */
	bool is_today;	/* whatever day it is then */
	int64 duration; /* microseconds; 0: the service's */
	const text *reason;
	const text *notes;
	const text *override_reason;
	int64 hold_for; /* microseconds; 0: no hold */
	ResourceList resources;

	/* of the first that is free */
	TimestampTz until;
	ResourceList providers; /* none: all */
	Strategy strategy;

	const text *idempotency_key;
	bytea *hash; /* of all but the key, when there is one */
} BookingRequest;

/* In microseconds: how long a visit is asked to be, and a hold; what cannot be is refused. */
extern int64 request_duration(const Interval *duration);
extern int64 request_hold(const Interval *hold_for);

/* Set the hash, once all is as it was asked. */
extern void request_set_hash(BookingRequest *request);

/*
 * If its key was sent before with the same request: the visit it led to, as it is
 * now.  Who may not see that visit learns no more than that the key is in use.
 */
extern bool request_find_earlier(const BookingRequest *request, Datum *visit);

/* When the visit would be, as the facts have it. */
extern VisitTime request_time(const BookingRequest *request, const VisitFacts *facts);

/*
 * Book it, and return the visit's row.  The same request sent before is not booked
 * again: then it is the visit it led to, as it is now.
 */
extern Datum request_book(BookingRequest *request);

#endif /* CLINIC_SCHED_REQUEST_H */
