/*
 * matching_fuzz.c
 *		Which resources meet what is required, against trying them all.
 *
 * Of few resources and units every set of resources can be tried, and for each
 * every way to give them units.  What is chosen must be the best of them: the
 * most units are met, and of the sets that meet as many it is the first in the
 * order of preference.  That must also not depend on which bits the units have.
 */
#include "postgres.h"

#include <stdio.h>
#include <stdlib.h>

#include "availability/matching.c"

#define MOST_UNITS 6
#define MOST_RESOURCES 8

typedef struct Instance
{
	int nunits;
	int nresources;
	Units suits[MOST_RESOURCES];
} Instance;

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

/* The best set is a number: the bit of the first resource is the highest. */
static uint32
bit_of(const Instance *instance, int resource)
{
	return (uint32) 1 << (instance->nresources - 1 - resource);
}

/* Can each resource of the set, from that one on, have a unit of its own that is left? */
static bool
can_have_units(const Instance *instance, uint32 set, int resource, Units left)
{
	if (resource == instance->nresources)
		return true;
	if (!(set & bit_of(instance, resource)))
		return can_have_units(instance, set, resource + 1, left);
	for (int unit = 0; unit < instance->nunits; unit++)
	{
		Units bit = (Units) 1 << unit;

		if ((left & instance->suits[resource] & bit) &&
			can_have_units(instance, set, resource + 1, left & ~bit))
			return true;
	}
	return false;
}

static int
members(uint32 set)
{
	int count = 0;

	for (; set; set &= set - 1)
		count++;
	return count;
}

static uint32
best_set(const Instance *instance)
{
	uint32 best = 0;

	for (uint32 set = 1; set < (uint32) 1 << instance->nresources; set++)
		if (members(set) >= members(best) &&
			can_have_units(instance, set, 0, ((Units) 1 << instance->nunits) - 1))
			best = set;
	return best;
}

static uint32
chosen_set(const Instance *instance, int nunits, const Units *suits, bool *all)
{
	bool chosen[MOST_RESOURCES];
	uint32 set = 0;

	memset(chosen, true, sizeof(chosen));
	*all = match_units(nunits, suits, instance->nresources, chosen);
	for (int i = 0; i < instance->nresources; i++)
		if (chosen[i])
			set |= bit_of(instance, i);
	return set;
}

/* The same with the units at other bits, among others that nothing would do for. */
static void
spread_units(const Instance *instance, int first, int step, Units *suits)
{
	for (int i = 0; i < instance->nresources; i++)
	{
		suits[i] = 0;
		for (int unit = 0; unit < instance->nunits; unit++)
			if (instance->suits[i] & ((Units) 1 << unit))
				suits[i] |= (Units) 1 << ((first + unit * step) % MAX_UNITS);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	Instance instance = {0};
	Units suits[MOST_RESOURCES];
	uint32 best;
	int first;
	int step;
	bool all;

	first = take_number(&bytes, &size, MAX_UNITS - 1);
	/* Odd: no two units come to have the same bit. */
	step = 1 + 2 * take_number(&bytes, &size, MAX_UNITS / 2 - 1);
	instance.nunits = take_number(&bytes, &size, MOST_UNITS);
	while (size > 0 && instance.nresources < MOST_RESOURCES)
		instance.suits[instance.nresources++] =
			take_number(&bytes, &size, (1 << instance.nunits) - 1);

	best = best_set(&instance);
	require(chosen_set(&instance, instance.nunits, instance.suits, &all) == best,
			"the best set is chosen");
	require(all == (members(best) == instance.nunits), "it is said whether all units are met");
	spread_units(&instance, first, step, suits);
	require(chosen_set(&instance, MAX_UNITS, suits, &all) == best,
			"it does not matter which units they are");
	require(!all, "units that nothing would do for are not met");
	return 0;
}
