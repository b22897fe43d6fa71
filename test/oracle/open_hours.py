#!/usr/bin/env python3
"""What clinic.open_hours() should return, worked out minute by minute.

    open_hours.py SEED CASES

prints tab-separated cases: hours, zone, during, expected. All lie around changes of the clocks.

Nothing here follows the extension's way. A clinic opens and closes when the clocks first show that
time or a later one, so it is open in a minute if its hours hold the latest time that the clocks
have shown up to then. That is one pass over the minutes, with no local time turned into an instant.
"""

import random
import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

ZONES = [
    "Africa/Cairo", "Africa/Casablanca", "America/Asuncion", "America/Havana", "America/New_York",
    "America/Sao_Paulo", "Antarctica/Casey", "Antarctica/Troll", "Asia/Beirut", "Asia/Gaza",
    "Asia/Pyongyang", "Asia/Tehran", "Australia/Lord_Howe", "Europe/Berlin", "Europe/Dublin",
    "Pacific/Apia", "Pacific/Chatham", "Pacific/Kiritimati", "Pacific/Kwajalein",
]
DAYS = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"]
DAY = 1440
WEEK = 7 * DAY
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
FIRST, LAST = datetime(1970, 1, 5, tzinfo=timezone.utc), datetime(2037, 12, 28, tzinfo=timezone.utc)
AROUND = 30 * 60        # from a change to the farthest bound of `during`
BEFORE = 6 * 60         # what the clocks showed before that may still count
CHANGES_OF_A_ZONE = 9
CASES_OF_A_CHANGE = 12


def instant(minute):
    return EPOCH + timedelta(minutes=minute)


def minutes_since_epoch(moment):
    return (moment - EPOCH) // timedelta(minutes=1)


def offset(minute, zone):
    """In minutes, or a fraction of one."""
    return instant(minute).astimezone(zone).utcoffset() / timedelta(minutes=1)


def week_minute(local):
    """The minute of the week, from Monday on; 1970-01-01 was a Thursday."""
    return (local + 3 * DAY) % WEEK


def changes(zone):
    """Nearly all minutes at which the offset changes, where it is whole minutes on both sides."""
    found = []
    weeks = range(minutes_since_epoch(FIRST), minutes_since_epoch(LAST), WEEK)
    before = offset(weeks[0], zone)
    for week in weeks[1:]:
        after = offset(week, zone)
        if after != before:
            low, high = week - WEEK, week
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(middle, zone) == before else (low, middle)
            if before.is_integer() and after.is_integer():
                found.append(high)
        before = after
    return found


def latest_times(change, zone):
    """For each minute around a change, the latest local minute that the clocks have shown."""
    latest, times = None, {}
    for minute in range(change - AROUND - BEFORE, change + AROUND + 1):
        local = minute + int(offset(minute, zone))
        latest = local if latest is None else max(latest, local)
        times[minute] = latest
    return times


def clock(minute):
    return f"{minute // 60:02}:{minute % 60:02}"


def random_hours(near):
    """A text, and the minutes of the week that it means. Many bounds are near some minutes."""
    rules, minutes = [], set()
    for _ in range(random.randint(1, 5)):
        if random.random() < 0.7:
            begin = (random.choice(near) + random.randint(-100, 100)) % WEEK
        else:
            begin = random.randrange(WEEK)
        length = random.choice([random.randint(1, 90), random.randint(1, 600), random.randint(1, DAY - 1)])
        if random.random() < 0.5:
            begin, length = begin - begin % 30, max(30, length - length % 30)
        day, opens = divmod(begin, DAY)
        closes = (opens + length) % DAY
        rules.append(f"{DAYS[day]} {clock(opens)}-{clock(closes)}")
        minutes.update((begin + i) % WEEK for i in range(length))
    if random.random() < 0.02:
        return "24/7", set(range(WEEK))
    return ", ".join(rules), minutes


def open_spans(minutes, times, begin, end):
    spans, opened = [], None
    for minute in range(begin, end + 1):
        is_open = minute < end and week_minute(times[minute]) in minutes
        if is_open and opened is None:
            opened = minute
        elif opened is not None and not is_open:
            spans.append((opened, minute))
            opened = None
    return spans


def written(minute):
    return instant(minute).strftime("%Y-%m-%dT%H:%M:00Z")


def main(seed, cases):
    random.seed(seed)
    zones = {name: ZoneInfo(name) for name in ZONES}
    points = []
    for name, zone in zones.items():
        found = changes(zone)
        points += [(name, change) for change in random.sample(found, k=min(CHANGES_OF_A_ZONE, len(found)))]
    # the day that was left out
    points += [("Pacific/Apia", minutes_since_epoch(datetime(2011, 12, 30, 10, tzinfo=timezone.utc)))] * 5
    while len(points) * CASES_OF_A_CHANGE < cases:
        points.append(random.choice(points))
    for name, change in points:
        times = latest_times(change, zones[name])
        near = [week_minute(change + int(offset(minute, zones[name]))) for minute in (change - 1, change)]
        for _ in range(CASES_OF_A_CHANGE):
            hours, minutes = random_hours(near)
            begin = change - random.choice([AROUND, random.randint(0, AROUND), random.randint(-90, 180)])
            end = max(begin + 1, change + random.choice([AROUND, random.randint(0, AROUND), random.randint(-180, 90)]))
            spans = open_spans(minutes, times, begin, end)
            print(hours, name, f"[{written(begin)},{written(end)})",
                  "{" + ",".join(f"[{written(a)},{written(b)})" for a, b in spans) + "}", sep="\t")


main(int(sys.argv[1]), int(sys.argv[2]))
