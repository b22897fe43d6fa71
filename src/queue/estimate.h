/*
 * estimate.h
 *		When those who wait will be seen, and to whom they are best dealt.  Pure.
 *
 * Times are instants in microseconds, as a TimestampTz, and lengths of time are in
 * microseconds.
 */
#ifndef CLINIC_SCHED_ESTIMATE_H
#define CLINIC_SCHED_ESTIMATE_H

/* Nobody. */
#define NO_PROVIDER (-1)

#define NEVER PG_INT64_MAX

/* How long a visit takes: its median, and what would be its standard deviation. */
typedef struct ServiceTime
{
	int64 median;
	double deviation;
} ServiceTime;

typedef struct EstimateProvider
{
	int64 free_at;	  /* when the patient who is there will be gone */
	double variance;  /* of that */
	int64 done_at;	  /* found: when the last of those who wait will be gone */
	const bool *sees; /* of each queue, whether this provider sees to it */
} EstimateProvider;

/* Somebody who waits, or who has booked a start still to come. */
typedef struct EstimateEntry
{
	int queue;
	int service;
	int64 ready_at; /* of a booked start still to come; else now, or before */

	/* found */
	int provider;	 /* or NO_PROVIDER */
	int64 starts_at; /* NEVER: nobody will come */
	int64 from;		 /* between this and `to`, four times of five */
	int64 to;
} EstimateEntry;

typedef struct Estimate
{
	int64 now;
	int nproviders;
	EstimateProvider *providers;
	int nqueues;
	int nservices;
	const ServiceTime *times; /* of service s with provider p: [s * nproviders + p] */
	int nentries;
	EstimateEntry *entries; /* in the order of their turns, of all queues together */
} Estimate;

static inline const ServiceTime *
estimate_time(const Estimate *estimate, int service, int provider)
{
	return &estimate->times[service * estimate->nproviders + provider];
}

/*
 * Find when each entry will be seen, and by whom.  links has room for nentries
 * numbers and heads for nqueues.
 */
extern void estimate_waits(Estimate *estimate, int *links, int *heads);

/* An entry of a pool that is to be dealt to a provider. */
typedef struct DealtEntry
{
	int service;
	int provider; /* found, or NO_PROVIDER */
} DealtEntry;

/*
 * Deal entries, in their order, each to whoever is done with it first besides
 * all that is to be done before, of those who may have that service
 * (may[s * nproviders + p]); of equals to the earlier in the list.
 */
extern void estimate_deal(Estimate *estimate, DealtEntry *entries, int count, const bool *may);

/*
 * What n measured lengths of time come to; they are sorted.  false: too few to
 * tell, and nothing is set.
 */
extern bool estimate_measure(int64 *lengths, int n, ServiceTime *time);

#endif /* CLINIC_SCHED_ESTIMATE_H */
