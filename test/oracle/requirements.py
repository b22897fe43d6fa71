"""Which resources a visit has, of those it could have.

A unit is the set of what would do for one of the things that are required. Everything is tried:
there is no better reason to believe an answer than that no other was found.
"""

from itertools import combinations


def met(units, resources):
    """How many of the units can have one of the resources each, all different."""
    if not units or not resources:
        return 0
    first, rest = units[0], units[1:]
    most = met(rest, resources)
    for resource in first & resources:
        if most == len(units):
            break
        most = max(most, 1 + met(rest, resources - {resource}))
    return most


def choose(units, named, choices, in_part=False):
    """What to add to the named, as few as will do, of choices that stand in the order of preference: the first
    that meet, with the named, all units; in part: as many as can be met. None: they cannot all be met."""
    has = met(units, frozenset(named))
    most = met(units, frozenset(named) | frozenset(choices))
    if most < len(units) and not in_part:
        return None
    for added in combinations(choices, most - has):
        if met(units, frozenset(named) | frozenset(added)) == most:
            return list(added)


def first_met(units, resources):
    """Which of the resources the units take, rather those that come first."""
    return choose(units, [], resources, in_part=True)
