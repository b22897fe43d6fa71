/*
 * estimate_fuzz.c
 *		When those who wait will be seen, against living through the day minute by
 *		minute.
 *
 * The second opinion has neither lists nor heaps: it lets a clock run, and at each
 * minute lets every provider who is free call, in order, whoever is due first of
 * all who are there then.  And whoever is dealt an entry must be done with it no
 * later than anybody else would have been.
 */
#include "postgres.h"

#include <stdio.h>
#include <stdlib.h>

/* The server has its own, which is not here. */
#undef qsort

#include "queue/estimate.c"

#define MOST_PROVIDERS 4
#define MOST_QUEUES 5
#define MOST_SERVICES 3
#define MOST_ENTRIES 24

typedef struct Day
{
	EstimateProvider providers[MOST_PROVIDERS];
	bool sees[MOST_PROVIDERS][MOST_QUEUES];
	ServiceTime times[MOST_SERVICES * MOST_PROVIDERS];
	EstimateEntry entries[MOST_ENTRIES];
	Estimate estimate;
} Day;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
require(bool holds, const char *promise)
{
	if (holds)
		return;
	fputs("broken: ", stderr);
	fputs(promise, stderr);
	fputs("\n", stderr);
	abort();
}

/* The next byte, from 0 to most; 0 where there is none. */
static int
take_number(const uint8_t **bytes, size_t *size, int most)
{
	if (*size == 0)
		return 0;
	(*size)--;
	return *(*bytes)++ % (most + 1);
}

static void
read_day(Day *day, const uint8_t *bytes, size_t size)
{
	Estimate *estimate = &day->estimate;

	memset(day, 0, sizeof(*day));
	estimate->now = 10 + take_number(&bytes, &size, 5);
	estimate->nproviders = take_number(&bytes, &size, MOST_PROVIDERS);
	estimate->nqueues = 1 + take_number(&bytes, &size, MOST_QUEUES - 1);
	estimate->nservices = 1 + take_number(&bytes, &size, MOST_SERVICES - 1);
	estimate->nentries = take_number(&bytes, &size, MOST_ENTRIES);
	estimate->providers = day->providers;
	estimate->times = day->times;
	estimate->entries = day->entries;
	for (int i = 0; i < estimate->nproviders; i++)
	{
		/* No earlier than now, from when the clock runs. */
		day->providers[i].free_at = estimate->now + take_number(&bytes, &size, 20);
		day->providers[i].sees = day->sees[i];
		for (int queue = 0; queue < estimate->nqueues; queue++)
			day->sees[i][queue] = take_number(&bytes, &size, 1);
		for (int service = 0; service < estimate->nservices; service++)
		{
			ServiceTime *time = &day->times[service * estimate->nproviders + i];

			time->median = 1 + take_number(&bytes, &size, 15);
			time->deviation = take_number(&bytes, &size, 5);
		}
	}
	for (int i = 0; i < estimate->nentries; i++)
	{
		day->entries[i].queue = take_number(&bytes, &size, estimate->nqueues - 1);
		day->entries[i].service = take_number(&bytes, &size, estimate->nservices - 1);
		day->entries[i].ready_at = take_number(&bytes, &size, 60);
	}
}

/* Whom the provider would call at that minute, or -1. */
static int
due_first(const Day *day, int provider, int64 minute, const bool *called)
{
	for (int i = 0; i < day->estimate.nentries; i++)
		if (!called[i] && day->entries[i].ready_at <= minute &&
			day->sees[provider][day->entries[i].queue])
			return i;
	return -1;
}

/* Who of those that are free at that minute has been free for longest. */
static int
free_longest(const Estimate *estimate, const int64 *free_at, const bool *idle, int64 minute)
{
	int longest = NO_PROVIDER;

	for (int i = 0; i < estimate->nproviders; i++)
		if (!idle[i] && free_at[i] <= minute &&
			(longest == NO_PROVIDER || free_at[i] < free_at[longest]))
			longest = i;
	return longest;
}

/* Whoever waits for somebody is free from the minute on at which somebody is there to be seen. */
static void
live(const Day *day, int64 *starts, int *by)
{
	const Estimate *estimate = &day->estimate;
	int64 free_at[MOST_PROVIDERS];
	bool called[MOST_ENTRIES] = {false};

	for (int i = 0; i < estimate->nproviders; i++)
		free_at[i] = estimate->providers[i].free_at;
	for (int i = 0; i < estimate->nentries; i++)
		by[i] = NO_PROVIDER;
	for (int64 minute = estimate->now; minute < 1000; minute++)
	{
		bool idle[MOST_PROVIDERS] = {false};
		int who;

		while ((who = free_longest(estimate, free_at, idle, minute)) != NO_PROVIDER)
		{
			int entry = due_first(day, who, minute, called);

			if (entry < 0)
			{
				idle[who] = true;
				free_at[who] = minute + 1;
				continue;
			}
			called[entry] = true;
			starts[entry] = minute;
			by[entry] = who;
			free_at[who] =
				minute + estimate_time(estimate, day->entries[entry].service, who)->median;
		}
	}
}

static void
check_waits(Day *day)
{
	Estimate *estimate = &day->estimate;
	int64 starts[MOST_ENTRIES];
	int by[MOST_ENTRIES];
	int links[MOST_ENTRIES];
	int heads[MOST_QUEUES];

	live(day, starts, by);
	estimate_waits(estimate, links, heads);
	for (int i = 0; i < estimate->nentries; i++)
	{
		const EstimateEntry *entry = &estimate->entries[i];

		require((entry->provider == NO_PROVIDER) == (by[i] == NO_PROVIDER), "who is seen at all");
		require((entry->provider == NO_PROVIDER) == (entry->starts_at == NEVER), "never is never");
		if (entry->provider == NO_PROVIDER)
			continue;
		require(entry->starts_at == starts[i], "everybody is seen when the day says");
		require(day->sees[entry->provider][entry->queue], "by somebody who sees to the queue");
		require(entry->from <= entry->starts_at && entry->starts_at <= entry->to &&
					entry->from >= estimate->now,
				"the interval is around the start, and not in the past");
	}
}

/* Each is done no later than with anybody else, with what was dealt before. */
static void
check_deal(Day *day)
{
	Estimate *estimate = &day->estimate;
	DealtEntry dealt[MOST_ENTRIES];
	bool may[MOST_SERVICES * MOST_PROVIDERS];
	int64 done_at[MOST_PROVIDERS];

	for (int i = 0; i < estimate->nservices * estimate->nproviders; i++)
		may[i] = (day->times[i].median + i) % 3 != 0;
	for (int i = 0; i < estimate->nproviders; i++)
		done_at[i] = estimate->providers[i].done_at;
	for (int i = 0; i < estimate->nentries; i++)
		dealt[i].service = estimate->entries[i].service;
	estimate_deal(estimate, dealt, estimate->nentries, may);
	for (int i = 0; i < estimate->nentries; i++)
	{
		int who = dealt[i].provider;
		int64 end = NEVER;

		if (who != NO_PROVIDER)
			end = done_at[who] + estimate_time(estimate, dealt[i].service, who)->median;
		for (int p = 0; p < estimate->nproviders; p++)
			if (may[dealt[i].service * estimate->nproviders + p])
				require(end <= done_at[p] + estimate_time(estimate, dealt[i].service, p)->median,
						"nobody would be done earlier");
		if (who == NO_PROVIDER)
			continue;
		require(may[dealt[i].service * estimate->nproviders + who], "who may have it");
		done_at[who] = end;
	}
	for (int i = 0; i < estimate->nproviders; i++)
		require(done_at[i] == estimate->providers[i].done_at, "what was dealt adds up");
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	Day day;

	read_day(&day, bytes, size);
	check_waits(&day);
	check_deal(&day);
	return 0;
}
