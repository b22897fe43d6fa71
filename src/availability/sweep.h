/*
 * sweep.h
 *		The first free starts of many providers, along their claims in the order of
 *		time.  Pure.
 *
 *		sweep_begin(&sweep, &request, most);
 *		sweep_add(&sweep, place, duration);			for each provider who is wanted
 *		sweep_start(&sweep);
 *		while (sweep_goes_on(&sweep))
 *		{
 *			sweep_open_stretch(&sweep, until);		at first, and after each
 *			while (sweep_from(&sweep) < until)
 *			{
 *				sweep_claims_begin(&sweep);
 *				for each claim that overlaps [sweep_claims_from(), sweep_claims_to())
 *					if (!sweep_claim(&sweep, ...))
 *						break;
 *				if there was none more
 *					sweep_claims_end(&sweep);
 *			}
 *		}
 */
#ifndef CLINIC_SCHED_SWEEP_H
#define CLINIC_SCHED_SWEEP_H

#include "availability/grid.h"
#include "availability/pool.h"
#include "clinic/providers.h"

/* A start that may be booked. */
typedef struct FreeStart
{
	int place; /* of the provider, among all of the clinic */
	TimestampTz starts_at;
	TimestampTz ends_at;
	int32 seats_left;
} FreeStart;

typedef void (*FreeStartFunction)(const FreeStart *start, void *argument);

/* Which starts are wanted. */
typedef struct StartFilter
{
	uint8 weekdays;	  /* Monday is bit 0; 0: all */
	bool has_times;	  /* of the day, from time_from until before time_until, over midnight too */
	int64 time_from;  /* microseconds since midnight */
	int64 time_until; /* the same */
	int32 most_of_provider; /* 0: any number */
	int32 most_of_day;		/* 0: any number; of a civil day of the clinic */
} StartFilter;

typedef struct SweepRequest
{
	ClinicProviders *providers;
	pg_tz *zone; /* the clinic's */
	VisitMode mode;
	int64 step;
	TimestampTz from; /* visits start then or later */
	TimestampTz last; /* and not after this */
	TimestampTz to;	  /* and are over by then */
	int64 buffer_before;
	int64 buffer_after;
	int64 longest_claim;
	StartFilter filter;
	uint64 most;	  /* so many starts are wanted; 0: all */
	const Pool *pool; /* of what is required besides; open, with its claims, for each stretch */
	FreeStartFunction found;
	void *argument;
} SweepRequest;

/* A provider, as far as the sweep has come. */
typedef struct Swept
{
	int place;
	int32 given; /* starts that were found */
	bool is_done;
	int nparts; /* of the day, from the present one on */
	const OpenPart *parts;
	ClaimSweep *claims; /* of who may have several seats; else NULL */
	int room;
} Swept;

/* The providers with whom the visit lasts equally long. */
typedef struct Cohort
{
	int64 duration;
	int first; /* which of those swept */
	int count;
	StartGrid grid;
	OpenDay *day;
	MemoryContext memory; /* of a day that is not kept */

	/* The start that is to be decided; DT_NOEND: there is none. */
	TimestampTz starts_at;
	TimestampTz ends_at;
} Cohort;

typedef struct Sweep
{
	SweepRequest request;
	MemoryContext memory;
	CivilClock clock;
	bool pool_has_providers;

	int nswept;
	Swept *swept;				/* by cohort, then by code */
	int64 *durations;			/* of these, while they are added */
	TimestampTz *possible_from; /* of these: no start before then is free */
	TimestampTz *free_from;		/* of these, who has one seat: when the claims so far are over */
	bool has_several_seats;		/* some of these */
	int *swept_of_place;		/* -1: not wanted */
	int last_place;				/* of the claim before */
	int ncohorts;
	Cohort *cohorts;
	int64 longest;

	TimestampTz stretch_until;
	TimestampTz decides_at; /* a claim from then on decides a start */
	bool has_skipped;		/* starts that are not wanted */
	bool in_any_order;		/* the claims come so */

	/* what was found, but may not be the next */
	int npending;
	int room;
	FreeStart *pending;

	uint64 nfound;
	int32 found_of_day;
	TimestampTz day_until;	/* of what was found last */
	TimestampTz not_before; /* that day has as many as are wanted */
} Sweep;

/* At most so many providers will be added. */
extern void sweep_begin(Sweep *sweep, const SweepRequest *request, int most_swept);
extern void sweep_add(Sweep *sweep, int place, int64 duration);
extern void sweep_start(Sweep *sweep);

/* Are more starts wanted, and are there more to decide? */
extern bool sweep_goes_on(const Sweep *sweep);

/* The first start that is not decided yet. */
extern TimestampTz sweep_from(const Sweep *sweep);

/* Decide the starts before `until`; the pool knows its claims for them. */
extern void sweep_open_stretch(Sweep *sweep, TimestampTz until);

/* The claims of the providers that are to be given, in the order of their starts. */
extern TimestampTz sweep_claims_from(const Sweep *sweep);
extern TimestampTz sweep_claims_to(const Sweep *sweep);
extern void sweep_claims_begin(Sweep *sweep);

/* They come in any order: nothing is decided before there are no more. */
extern void sweep_claims_in_any_order(Sweep *sweep);

/* False: the next claims need not be read. */
extern bool sweep_claim(Sweep *sweep, const pg_uuid_t *resource, const TakenSeat *claim);

/* There are no more claims that overlap the stretch. */
extern void sweep_claims_end(Sweep *sweep);

/*
 * The first start that is wanted at which anybody of the clinic is open; DT_NOEND:
 * there is none.  No visit that is asked for starts before.
 */
extern TimestampTz sweep_first_start(const SweepRequest *request);

#endif /* CLINIC_SCHED_SWEEP_H */
