/*
 * chain.h
 *		Visits one after another, of the free starts of each.  Pure.
 */
#ifndef CLINIC_SCHED_CHAIN_H
#define CLINIC_SCHED_CHAIN_H

#include "availability/sweep.h"

/* The most visits of a chain. */
#define MOST_STEPS 8

/* A free start, and of which steps it is known that no chain goes on from it. */
typedef struct ListedStart
{
	FreeStart start;
	uint8 dead; /* the first step is bit 0 */
} ListedStart;

/*
 * The free starts of a service, earliest first, then by provider: all before
 * known_until that are still of use.
 */
typedef struct StartList
{
	int count;
	int room;
	ListedStart *list;
	TimestampTz known_until; /* DT_NOEND: there are no more */

	/* Add those from known_until on with start_list_add(), and raise it. */
	void (*read_on)(struct StartList *list, void *argument);
	void *argument;
} StartList;

extern void start_list_add(StartList *list, const FreeStart *start);

/* With whom the visits are. */
typedef enum ChainProviders
{
	CHAIN_ANY,
	CHAIN_SAME,		/* all with one */
	CHAIN_DIFFERENT /* no two with the same */
} ChainProviders;

typedef struct ChainRequest
{
	int nsteps;
	StartList *lists[MOST_STEPS]; /* steps may have the same */
	int64 max_gap;				  /* from the end of a visit to the start of the next */
	int64 shortest;				  /* no chain is over sooner after its start */
	ChainProviders providers;
	TimestampTz from;
	uint64 most; /* 0: all */

	/*
	 * Can the last of these visits be had, when those before it are?  Each can be
	 * had alone.  If not, it sets *because to the first on which that depends.
	 */
	bool (*fits)(const FreeStart *visits, int nvisits, int *because, void *argument);
	void (*found)(const FreeStart *visits, void *argument);
	void *argument;
} ChainRequest;

/* Hand over the chains, by start, then by end, then by the providers. */
extern void chains_find(const ChainRequest *request);

#endif /* CLINIC_SCHED_CHAIN_H */
