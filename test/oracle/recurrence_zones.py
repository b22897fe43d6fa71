"""When daily rules occur around changes of clocks, by Python's zoneinfo.

Reads names of time zones and prints rows for COPY: zone, rule, dtstart, during, expected. For each
change of a zone's clocks from 2015 to 2037, and for those that left out a day, there are three rules:
at 02:30, at a time that the change skips or shows twice if there is one, and every 30 minutes.

A local time is the instant that zoneinfo says with fold=0: the first, or by the offset before a gap.
"""

import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

FIRST, LAST = datetime(2015, 1, 1, tzinfo=timezone.utc), datetime(2038, 1, 1, tzinfo=timezone.utc)
# Clocks that left out a day, or a midnight, or two changes before 2015.
EARLIER = {"Pacific/Apia": datetime(2011, 12, 28, tzinfo=timezone.utc),
           "Pacific/Kwajalein": datetime(1993, 8, 18, tzinfo=timezone.utc),
           "Pacific/Kiritimati": datetime(1994, 12, 28, tzinfo=timezone.utc),
           "America/Havana": datetime(2012, 3, 28, tzinfo=timezone.utc)}
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SECOND = timedelta(seconds=1)


def changes(zone, begin, end):
    """The instants at which the offset changes."""
    at, offset = begin, begin.astimezone(zone).utcoffset()
    while at < end:
        later = min(at + 3 * DAY, end)
        later_offset = later.astimezone(zone).utcoffset()
        if later_offset != offset:
            low, high = at, later
            while high - low > SECOND:
                middle = low + (high - low) // 2
                middle = middle.replace(microsecond=0)
                if middle.astimezone(zone).utcoffset() == offset:
                    low = middle
                else:
                    high = middle
            yield high
            later, later_offset = high, high.astimezone(zone).utcoffset()
        at, offset = later, later_offset


def instant(local, zone):
    return local.replace(tzinfo=zone, fold=0).astimezone(timezone.utc)


def written(moment):
    return moment.strftime("%Y-%m-%d %H:%M:%SZ")


def print_case(name, zone, rule, dtstart, step, begin, end):
    """What a rule that steps from a local time on gives in [begin, end)."""
    # two days before, for what is moved by one
    local = dtstart + ((begin.replace(tzinfo=None) - 2 * DAY - dtstart) // step) * step
    found = set()
    while local < end.replace(tzinfo=None) + 2 * DAY:
        if local >= dtstart:
            found.add(instant(local, zone))
        local += step
    expected = ",".join(f'"{written(moment)}"' for moment in sorted(found) if begin <= moment < end)
    print(name, rule, dtstart, f'["{written(begin)}","{written(end)}")', "{" + expected + "}", sep="\t")


def main():
    for name in sys.stdin.read().split():
        zone = ZoneInfo(name)
        begin = EARLIER.get(name, FIRST)
        for change in changes(zone, begin, LAST):
            before = (change - SECOND).astimezone(zone).replace(tzinfo=None) + SECOND
            print_case(name, zone, "FREQ=DAILY", datetime(1970, 1, 1, 2, 30), DAY, change - 2 * DAY, change + 2 * DAY)
            # The half hour after what the clocks showed last is skipped, or shown twice.
            time = before + timedelta(minutes=15)
            dtstart = datetime(1980, 1, 1, time.hour, time.minute, time.second)
            print_case(name, zone, "FREQ=DAILY", dtstart, DAY, change - DAY, change + 2 * DAY)
            print_case(name, zone, "FREQ=MINUTELY;INTERVAL=30", datetime(1980, 1, 1, 0, 7), 30 * timedelta(minutes=1),
                       change + 20 * timedelta(minutes=1), change + 3 * HOUR)


if __name__ == "__main__":
    main()
