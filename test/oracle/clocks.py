"""What the clocks of a zone show, and weekly hours by the minute.

Instants are minutes since 1970, local times the same on the zone's own clock. The clocks are read
forwards: what counts for hours and days is the latest time that they have shown up to then.
"""

import random
from bisect import bisect_left
from calendar import monthrange
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

WEEKDAYS = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"]
DAY = 1440
WEEK = 7 * DAY
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
REACH = 9 * DAY         # how far from a centre clocks are read
EARLIER = 27 * 60       # what they showed before that may still count


def minutes(moment):
    return (moment.replace(tzinfo=timezone.utc) - EPOCH) // timedelta(minutes=1)


def written(minute):
    return written_seconds(60 * minute)


def written_seconds(second):
    return (EPOCH + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%SZ")


def date(day):
    return (EPOCH + timedelta(days=day)).strftime("%Y-%m-%d")


def offset(minute, zone):
    shift = (EPOCH + timedelta(minutes=minute)).astimezone(zone).utcoffset()
    return shift // timedelta(minutes=1)


class Clocks:
    """What the clocks of a zone show, and have shown, in a stretch of minutes."""

    def __init__(self, name, begin, end):
        zone = ZoneInfo(name)
        self.begin = begin - EARLIER
        self.latest = []        # by minute
        self.runs = []          # the same: (from which minute on, local time, does it run or stand still?)
        local = []
        for since, until, east in stretches(zone, self.begin, end):
            local += range(since + east, until + east)
            self.read(since + east, until - since)
        self.first = dict(zip(reversed(local), range(self.begin + len(local) - 1, self.begin - 1, -1)))

    def read(self, local, count):
        """So many minutes, from a local time on; what was shown before is not shown again."""
        if self.latest:
            again = min(count, max(0, self.latest[-1] + 1 - local))
            self.add_run(self.latest[-1], again, False)
            local, count = local + again, count - again
        self.add_run(local, count, True)

    def add_run(self, local, count, is_running):
        if count:
            self.runs.append((len(self.latest), count, local, is_running))
            self.latest += range(local, local + count) if is_running else [local] * count

    def latest_at(self, minute):
        return self.latest[minute - self.begin]

    def day(self, minute):
        return self.latest_at(minute) // DAY

    def day_start(self, day):
        return self.begin + bisect_left(self.latest, day * DAY)


def stretches(zone, begin, end):
    """The stretches of minutes in which the clocks are so far east of UTC."""
    since, east = begin, offset(begin, zone)
    for hour in range(begin, end + 60, 60):
        if offset(hour + 60, zone) == east:
            continue
        for minute in range(hour, hour + 60):
            if offset(minute, zone) != east:
                yield since, minute, east
                since, east = minute, offset(minute, zone)
    yield since, hour + 60, east


@lru_cache(None)
def clocks_around(name, centre):
    return Clocks(name, centre - REACH, centre + REACH)


@lru_cache(None)
def changes(name, first_year):
    """The minutes, in ten years, at which the zone's offset changes."""
    zone, found = ZoneInfo(name), []
    probes = range(minutes(datetime(first_year, 1, 4)), minutes(datetime(first_year + 10, 1, 4)), WEEK)
    for low, high in zip(probes, probes[1:]):
        before = offset(low, zone)
        if offset(high, zone) == before:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(middle, zone) == before else (low, middle)
        found.append(high)
    return found


def later_on_the_clock(now, length, name):
    """In seconds: months and days on the zone's clock, a time on it being its first occurrence; then time as it passes."""
    months, days, more = length
    if not months and not days:
        return now + more * 60
    local = (EPOCH + timedelta(seconds=now)).astimezone(ZoneInfo(name)).replace(tzinfo=None)
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    day = min(local.day, monthrange(year, month + 1)[1])
    local = local.replace(year=year, month=month + 1, day=day) + timedelta(days=days)
    return (local.replace(tzinfo=ZoneInfo(name), fold=0) - EPOCH) / timedelta(seconds=1) + more * 60


# Weekly hours

class Weekly:
    """Hours as text; and for each minute of the week 1 or 0: do they hold as hours of this day, or of the day before?"""

    def __init__(self, text, open_minutes):
        self.text = text
        self.of_day, self.of_day_before = bytearray(map(open_minutes.__contains__, range(WEEK))), bytearray(WEEK)
        if len(open_minutes) == WEEK:
            return
        for begin in open_minutes.difference([(minute + 1) % WEEK for minute in open_minutes]):
            end = begin
            while end % WEEK in open_minutes:
                end += 1
            # Less than a day belongs to the day on which it begins.
            if end - begin < DAY:
                for minute in range(begin - begin % DAY + DAY, end):
                    self.of_day[minute % WEEK], self.of_day_before[minute % WEEK] = 0, 1


ALWAYS = Weekly("24/7", set(range(WEEK)))


def clock(minute):
    return f"{minute // 60:02}:{minute % 60:02}"


def random_weekly(near):
    chance = random.random()
    if chance < 0.06:
        return ALWAYS
    if chance < 0.08:
        return Weekly("off", set())
    rules, found = [], set()
    for _ in range(random.randint(4, 12)):
        if random.random() < 0.4:
            begin = (near + 3 * DAY + random.randint(-DAY, DAY)) % WEEK
        else:
            begin = random.randrange(WEEK)
        length = random.choice([random.randint(60, DAY - 1), random.randint(200, 700), 9 * 60, DAY - 60])
        if random.random() < 0.6:
            begin, length = begin - begin % 30, max(30, length - length % 30)
        if random.random() < 0.15:
            begin, length = begin - begin % DAY, DAY
        day, opens = divmod(begin, DAY)
        closes = DAY if length == DAY else (opens + length) % DAY
        if closes == 0:
            closes = DAY
        rules.append(f"{WEEKDAYS[day]} {clock(opens)}-{clock(closes)}")
        found.update(range(begin, min(begin + length, WEEK)), range(begin + length - WEEK))
    return Weekly(", ".join(rules), found)
