/*
 * matching.c
 *		Which of the resources at hand meet what is required.
 *
 * Sets of resources that have each a unit of their own are the independent sets
 * of a transversal matroid.  So taking the resources one by one, in the order of
 * preference, and keeping each that can still be given a unit, gives the best
 * set; one that was kept may be given another unit later, but is never let go.
 */
#include "postgres.h"

#include "availability/matching.h"

#define NOBODY (-1)

/* Give the resource a unit, moving others to other units; visited: the units that were tried. */
static bool
give_unit(int resource, int nunits, const Units *suits, int *resource_of, Units *visited)
{
	for (int unit = 0; unit < nunits; unit++)
	{
		Units bit = (Units) 1 << unit;

		if (!(suits[resource] & bit) || (*visited & bit))
			continue;
		*visited |= bit;
		if (resource_of[unit] == NOBODY ||
			give_unit(resource_of[unit], nunits, suits, resource_of, visited))
		{
			resource_of[unit] = resource;
			return true;
		}
	}
	return false;
}

bool
match_units(int nunits, const Units *suits, int nresources, bool *chosen)
{
	int resource_of[MAX_UNITS];
	int met = 0;

	Assert(nunits <= MAX_UNITS);
	memset(chosen, 0, sizeof(bool) * nresources);
	for (int unit = 0; unit < nunits; unit++)
		resource_of[unit] = NOBODY;
	for (int resource = 0; resource < nresources && met < nunits; resource++)
	{
		Units visited = 0;

		chosen[resource] = give_unit(resource, nunits, suits, resource_of, &visited);
		met += chosen[resource];
	}
	return met == nunits;
}
