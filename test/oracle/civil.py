"""What civil time is, by Python's zoneinfo.

Reads names of time zones from standard input and writes, for the times around every change of
their clocks, rows for COPY: conversion, zone, given, expected. All times are timestamps without a
zone: an instant as UTC shows it, a day as its midnight.

Only one thing is asked of zoneinfo, what a zone's clocks show at an instant. The rules for a time
that is shown twice or skipped, and for where a day begins, are applied here by looking for the
instants that show it; zoneinfo's own answer for fold=0 must then agree with the first.
"""

import struct
import sys
from bisect import bisect
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo

EPOCH = datetime(1970, 1, 1)
SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR

# Around every change in these years, many times; around those before and in some years after,
# only the times next to it. A rule repeats after 400 years, and PostgreSQL makes use of that for
# years after 2369 or 2769.
CLOSE_YEARS = range(2015, 2038)
FIRST_YEAR = 1970
FAR_YEARS = (2038, 2100, 2369, 2370, 2769, 2770, 3169, 9969, 9998)

CLOSE_STEPS = sorted(
    {sign * step
     for step in (0, 1, SECOND, HOUR // 2, HOUR, 2 * HOUR, DAY)
     for sign in (-1, 1)})


def instant_of_year(year):
    return (datetime(year, 1, 1) - EPOCH) // timedelta(microseconds=1)


class Zone:
    """A zone's clock, in microseconds since 1970."""

    def __init__(self, name):
        self.name = name
        self.zone = ZoneInfo(name)
        self.epoch = EPOCH.replace(tzinfo=self.zone)

    def offset(self, instant):
        offset = datetime.fromtimestamp(instant // SECOND, self.zone).utcoffset()
        return offset.days * DAY + offset.seconds * SECOND

    def local(self, instant):
        return instant + self.offset(instant)

    def instant(self, local):
        offsets = [self.offset(local + hours * HOUR) for hours in (-26, 0, 26)]
        shown_at = [local - offset for offset in offsets if self.local(local - offset) == local]
        if shown_at:
            result = min(shown_at)
        else:
            # Skipped. At the earliest instant it could be, the change has not come yet.
            result = local - self.offset(local - max(offsets))
        by_fold = (self.epoch + timedelta(microseconds=local)).utcoffset()
        assert result == local - by_fold.days * DAY - by_fold.seconds * SECOND, (self.name, local)
        return result

    def day_start(self, midnight, changes):
        """The first instant that shows that midnight or later; changes are those around it."""
        begins = [midnight - 3 * DAY, *changes, midnight + 3 * DAY]
        for begin, end in zip(begins, begins[1:]):
            first = max(begin, midnight - self.offset(begin))
            if first < end:
                return first
        raise AssertionError((self.name, midnight))

    def changes(self):
        """The instants at which the offset, the abbreviation or summer time changes."""
        listed = [at * SECOND for at in stored_changes(self.name)]
        yield from listed
        # After the list there is a rule, which cannot be asked for its changes.
        rule_from = max(listed, default=0)
        for year in (*CLOSE_YEARS, *FAR_YEARS):
            if instant_of_year(year + 1) > rule_from:
                yield from self.changes_between(
                    max(rule_from, instant_of_year(year)), instant_of_year(year + 1))

    def changes_between(self, begin, end):
        if self.offset(begin) == self.offset(end):
            steps = range(begin, end, 5 * DAY)
            if len({self.offset(at) for at in steps}) == 1:
                return
        elif end - begin == SECOND:
            yield end
            return
        if end - begin > 10 * DAY:
            middle = begin + (end - begin) // (2 * DAY) * DAY
        else:
            middle = begin + (end - begin) // (2 * SECOND) * SECOND
        yield from self.changes_between(begin, middle)
        yield from self.changes_between(middle, end)


def stored_changes(name):
    """The list of changes in a zone's file (RFC 8536), in seconds since 1970."""
    file = next(path for path in (Path(folder, name) for folder in TZPATH) if path.is_file())
    content = file.read_bytes()

    def counts(at):
        return struct.unpack(">6l", content[at + 20:at + 44])

    utc_flags, wall_flags, leaps, times, types, letters = counts(0)
    second = 44 + times * 5 + types * 6 + letters + leaps * 8 + wall_flags + utc_flags
    times = counts(second)[3]
    return struct.unpack(f">{times}q", content[second + 44:second + 44 + 8 * times])


def cases(zone, known):
    """What is expected around the changes of a zone; known keeps what zones have in common."""
    changes = [change for change in sorted(set(zone.changes()))
               if instant_of_year(FIRST_YEAR) <= change < instant_of_year(9999)]
    for change in changes or [instant_of_year(2026)]:
        near = changes[bisect(changes, change - 5 * DAY):bisect(changes, change + 5 * DAY)]
        steps = (zone.offset(change - 5 * DAY), *((at, zone.offset(at)) for at in near))
        if (change, steps) not in known:
            known[change, steps] = set(cases_around(zone, change, near))
        yield from known[change, steps]


def cases_around(zone, change, near):
    close = instant_of_year(CLOSE_YEARS[0]) <= change < instant_of_year(CLOSE_YEARS[-1] + 1)
    steps = CLOSE_STEPS if close else (-1, 0)
    ends = sorted({change + zone.offset(change - 1), change + zone.offset(change)})
    locals = {end + step for end in ends for step in steps} | {sum(ends) // len(ends)}
    days = range(ends[0] // DAY - close, ends[-1] // DAY + 2 + close)

    for instant in (change + step for step in steps):
        local = zone.local(instant)
        yield "local", written(instant), written(local)
        # The day that has begun last.
        day = local // DAY * DAY
        while zone.day_start(day + DAY, near) <= instant:
            day += DAY
        yield "day", written(instant), written(day)
    for local in locals:
        yield "instant", written(local), written(zone.instant(local))
    for day in days:
        yield "day_start", written(day * DAY), written(zone.day_start(day * DAY, near))


def written(time):
    return (EPOCH + timedelta(microseconds=time)).isoformat()


def main():
    known = {}
    for name in sys.stdin.read().split():
        sys.stdout.write("".join(
            f"{conversion}\t{name}\t{given}\t{expected}\n"
            for conversion, given, expected in cases(Zone(name), known)))


main()
