"""Closures that recur: random rules, and when they close, by python-dateutil and by the minute.

Local times are minutes since 1970 on the zone's own clock, instants the same in UTC.
"""

import random
from bisect import bisect_left
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dateutil import rrule

from clocks import DAY, minutes, offset

WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
EARLIEST = datetime(1985, 1, 1)
MOST_MONTHS = 480


class Recurring:
    """A rule that occurs at a local time, from some time before on; first and text are what a closure has of it."""

    def __init__(self, target, length, zone):
        self.length = length
        self.zone = ZoneInfo(zone)
        self.target = naive(target)
        self.until = None       # an instant
        self.exdates = []
        self.first = None
        for _ in range(20):
            self.parts, self.start = self.choose()
            if self.start and self.start >= EARLIEST and self.is_plain(self.start):
                self.first = tuple(self.instant(minutes(self.start) + later) for later in (0, length))
                self.end()
                return

    def choose(self):
        return random.choice([self.daily, self.weekly, self.weekly, self.weekly_list, self.monthly, self.yearly])()

    # Rules that occur on the target's day, and a start that they occur on too

    def daily(self):
        interval = random.choice([1, 1, 2, 3, 5])
        return {"FREQ": "DAILY", "INTERVAL": interval}, self.target - interval * self.ago(400) * timedelta(days=1)

    def weekly(self):
        interval = random.choice([1, 1, 2, 3])
        return {"FREQ": "WEEKLY", "INTERVAL": interval}, self.target - interval * self.ago(200) * timedelta(days=7)

    def weekly_list(self):
        parts, start = self.weekly()
        days = {self.target.weekday(), *random.sample(range(7), random.randint(1, 4))}
        return {**parts, "BYDAY": ",".join(WEEKDAYS[day] for day in days)}, start

    def monthly(self):
        return self.from_months_ago({"FREQ": "MONTHLY", "INTERVAL": random.choice([1, 1, 2, 3, 12]), **self.in_month()}, 1)

    def yearly(self):
        parts = {"FREQ": "YEARLY", "INTERVAL": random.choice([1, 1, 2]), "BYMONTH": self.target.month, **self.in_month()}
        return self.from_months_ago(parts, 12)

    def in_month(self):
        day = self.target.day
        after = (self.target.replace(day=1) + timedelta(days=31)).replace(day=1)
        last = (after - self.target).days
        number = random.choice([(day - 1) // 7 + 1, -((last - 1) // 7) - 1])
        return random.choice([{"BYMONTHDAY": day}, {"BYMONTHDAY": -last}, {"BYDAY": f"{number}{WEEKDAYS[self.target.weekday()]}"}])

    def from_months_ago(self, parts, months):
        back = min(MOST_MONTHS, parts["INTERVAL"] * months * self.ago(60))
        back -= back % (parts["INTERVAL"] * months)
        month = self.target.year * 12 + self.target.month - 1 - back
        begin = self.target.replace(year=month // 12, month=month % 12 + 1, day=1)
        start = next(iter(parsed(parts, begin)), None)
        if start and (start.year, start.month) != (begin.year, begin.month):
            return parts, None
        return parts, start

    @staticmethod
    def ago(most):
        return random.choice([0, 0, 1, 2, random.randint(0, most)])

    def is_plain(self, start):
        """Nothing happens to the clocks on these days."""
        begin = minutes(start)
        offsets = {offset(minute, self.zone) for minute in range(begin - 2 * DAY, begin + self.length + 2 * DAY, DAY // 4)}
        return len(offsets) == 1

    def instant(self, local):
        """Of a time that the clocks show once."""
        return minutes(naive(local).replace(tzinfo=self.zone).astimezone(ZoneInfo("UTC")).replace(tzinfo=None))

    def end(self):
        """Most of them go on; others end about the target."""
        way = random.choice(["never"] * 4 + ["COUNT", "COUNT", "day", "local", "utc", "utc"])
        near = self.target + random.choice([timedelta(), timedelta(minutes=random.randint(-4000, 12000))])
        if way == "COUNT":
            before = sum(1 for _ in parsed(self.parts, self.start, self.target - timedelta(minutes=1)))
            self.parts["COUNT"] = max(1, before + random.randint(0, 3))
            return
        near = max(near, self.start)
        if way == "day":
            self.parts["UNTIL"] = near.strftime("%Y%m%d")
        elif way == "local":
            self.parts["UNTIL"] = near.strftime("%Y%m%dT%H%M00")
        elif way == "utc":
            self.until = max(self.first[0], minutes(near) - offset(minutes(near), self.zone) + random.randint(-90, 90))
            self.parts["UNTIL"] = naive(self.until).strftime("%Y%m%dT%H%M00Z")

    @property
    def text(self):
        return written(self.parts)

    def during(self, clocks):
        """From when until when each occurrence lasts that begins while clocks are known; some are called off."""
        parts = {name: value for name, value in self.parts.items() if name != "UNTIL" or not self.until}
        horizon = naive(clocks.latest[-1])
        for moment in parsed(parts, self.start, horizon):
            local = minutes(moment)
            if moment > horizon:
                return
            if local < clocks.latest[0]:
                continue
            begin = occurs(clocks, local)
            if self.until and begin > self.until:
                continue
            if random.random() < 0.15:
                self.exdates.append(begin)
                continue
            if local % DAY == 0 and self.length % DAY == 0:
                yield clocks.day_start(local // DAY), clocks.day_start((local + self.length) // DAY)
            else:
                yield begin, reach(clocks, clocks.latest_at(begin) + self.length)


def occurs(clocks, local):
    """The instant of a local time; if it is skipped, by the clocks as they were before."""
    if local in clocks.first:
        return clocks.first[local]
    before = reach(clocks, local) - 1
    return before + local - clocks.latest_at(before)


def reach(clocks, local):
    """When that time or a later one is first shown."""
    return clocks.begin + bisect_left(clocks.latest, local)


def naive(minute):
    return datetime(1970, 1, 1) + timedelta(minutes=minute)


def written(parts):
    return ";".join(f"{name}={value}" for name, value in parts.items())


def parsed(parts, start, horizon=None):
    """dateutil's; a last day is all of that day."""
    parts = dict(parts)
    if len(str(parts.get("UNTIL", ""))) == 8:
        parts["UNTIL"] += "T235959"
    if horizon and "UNTIL" not in parts and "COUNT" not in parts:
        parts["UNTIL"] = horizon.strftime("%Y%m%dT%H%M00")
    return rrule.rrulestr(written(parts), dtstart=start)
