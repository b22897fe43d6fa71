#!/usr/bin/env python3
"""Which starts clinic.available_slots() should list, and what it should say of each.

    slots.py clinics SEED COUNT FIRST_NOW           prints SQL that makes random clinics
    slots.py answers SEED COUNT FIRST_NOW NOW DIR   writes files for COPY into a folder

Both make the same clinics, FIRST_NOW being the present in seconds since 1970. The answers are for
a transaction that began at NOW: `listings` and `starts` for available_slots() and booking, `free`
for free_time(), `orphans` for orphans().

Nothing here follows the extension's way. A resource is asked minute by minute whether it is open,
and the clocks are read forwards: what counts for hours and days is the latest time that they have
shown up to then. A visit fits if each of its minutes does.
"""

import random
import sys
from bisect import bisect_left
from calendar import monthrange
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

ZONES = [
    "Africa/Cairo", "Africa/Casablanca", "America/Havana", "America/New_York", "America/St_Johns",
    "Antarctica/Troll", "Asia/Beirut", "Asia/Kolkata", "Asia/Tehran", "Australia/Lord_Howe",
    "Europe/Berlin", "Europe/Dublin", "Pacific/Apia", "Pacific/Chatham", "Pacific/Kiritimati", "UTC",
]
# Changes of clocks that were: a day left out, midnights that were skipped or came twice, and 00:01.
HISTORIC = [
    ("Pacific/Apia", datetime(2011, 12, 30, 10)), ("Pacific/Apia", datetime(2011, 12, 30, 10)),
    ("America/Sao_Paulo", datetime(2018, 11, 4, 3)), ("America/Sao_Paulo", datetime(2018, 2, 18, 2)),
    ("America/St_Johns", datetime(2010, 11, 7, 2, 31)), ("America/St_Johns", datetime(2011, 3, 13, 3, 31)),
    ("Asia/Beirut", datetime(2019, 10, 26, 21)), ("Asia/Beirut", datetime(2019, 3, 30, 22)),
]
WEEKDAYS = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"]
DAY = 1440
WEEK = 7 * DAY
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
REACH = 9 * DAY         # how far from its centre a clinic is looked at
EARLIER = 27 * 60       # what the clocks showed before that may still count


# Time: instants are minutes since 1970 (starts of visits: seconds), local times the same on the
# zone's own clock.

def minutes(moment):
    return (moment.replace(tzinfo=timezone.utc) - EPOCH) // timedelta(minutes=1)


def written(minute):
    return (EPOCH + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ")


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
        self.local, self.latest, self.first = [], [], {}
        latest = -WEEK
        for hour in range(self.begin, end + 60, 60):
            before = offset(hour, zone)
            same = before == offset(hour + 60, zone)
            for minute in range(hour, hour + 60):
                local = minute + (before if same else offset(minute, zone))
                latest = max(latest, local)
                self.local.append(local)
                self.latest.append(latest)
                self.first.setdefault(local, minute)

    def latest_at(self, minute):
        return self.latest[minute - self.begin]

    def day(self, minute):
        return self.latest_at(minute) // DAY

    def day_start(self, day):
        return self.begin + bisect_left(self.latest, day * DAY)


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
    """Hours as text, and for each minute of the week: None, or how many days before it belongs."""

    def __init__(self, text, open_minutes):
        self.text = text
        self.owner = [None] * WEEK
        for minute in open_minutes:
            self.owner[minute] = 0
        if len(open_minutes) == WEEK:
            return
        for begin in range(WEEK):
            if self.owner[begin] is None or self.owner[begin - 1] is not None:
                continue
            end = begin
            while self.owner[end % WEEK] is not None:
                end += 1
            # Less than a day belongs to the day on which it begins.
            if end - begin < DAY:
                for minute in range(begin, end):
                    self.owner[minute % WEEK] = minute // DAY - begin // DAY


def clock(minute):
    return f"{minute // 60:02}:{minute % 60:02}"


def random_weekly(near):
    chance = random.random()
    if chance < 0.06:
        return Weekly("24/7", set(range(WEEK)))
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
        found.update((begin + i) % WEEK for i in range(length))
    return Weekly(", ".join(rules), found)


# Clinics

class Rules:
    """What a clinic and a resource may both have."""

    def __init__(self, hours):
        self.hours = hours
        self.rotas = []         # (first day, day after the last, Weekly, mode, seats)
        self.closures = []      # (begin, end, is open); None: open-ended

    def rota(self, day):
        for rota in self.rotas:
            if (rota[0] is None or rota[0] <= day) and (rota[1] is None or day < rota[1]):
                return rota
        return None

    def is_in(self, minute, is_open):
        return any((b is None or b <= minute) and (e is None or minute < e)
                   for b, e, kind in self.closures if kind == is_open)


class Resource:
    def __init__(self, clinic, number, is_provider):
        self.clinic = clinic
        self.id = clinic.uuid(number)
        self.is_provider = is_provider
        self.zone = random.choice(ZONES) if random.random() < 0.25 else None
        self.seats = random.choice([1, 1, 2, 3])
        self.rules = Rules(random_weekly(clinic.local) if random.random() < 0.4 else None)
        self.days = {}          # day: (available, seats)
        self.is_active = True
        self.claims = []        # (visit, seat, from, to) in minutes
        self.forget()

    def forget(self):
        self.answers, self.held = {}, {}

    @property
    def clocks(self):
        return clocks_around(self.zone or self.clinic.zone, self.clinic.centre)

    def on(self, day):
        if day not in self.held:
            self.held[day] = self.hold(day)
        return self.held[day]

    def hold(self, day):
        """What holds on a day: hours (None: always open), available, mode, seats."""
        own = self.rules.rota(day)
        shared = self.clinic.rules.rota(day)
        available, day_seats = self.days.get(day, (True, None))
        rota = None
        if own:
            weekly, rota = own[2], own
        elif self.rules.hours:
            weekly = self.rules.hours
        elif not self.is_provider:
            weekly = None
        elif shared:
            weekly, rota = shared[2], shared
        else:
            weekly = self.clinic.rules.hours
        mode, seats = (rota[3], rota[4]) if rota else (None, None)
        return weekly, available, mode or self.clinic.mode, day_seats or seats or self.seats

    def hours_hold(self, minute, absent_too):
        local = self.clocks.latest_at(minute)
        for days_before in (0, 1):
            weekly, available, _, _ = self.on(local // DAY - days_before)
            owner = weekly.owner[(local + 3 * DAY) % WEEK] if weekly else 0
            if owner == days_before and (available or absent_too):
                return True
        return False

    def ask(self, minute):
        both = (self.rules, self.clinic.rules)
        special = any(rules.is_in(minute, True) for rules in both)
        closed = any(rules.is_in(minute, False) for rules in both)
        is_open = not closed and (special or self.hours_hold(minute, False))
        return is_open, special or is_open or self.hours_hold(minute, True)

    def is_open(self, minute, absent_too=False):
        """Open; or, absent too, but for closures and days off."""
        if minute not in self.answers:
            self.answers[minute] = self.ask(minute)
        return self.answers[minute][absent_too]

    def fits(self, mode, starts, ends, absent_too=False):
        """In seconds."""
        held = (self.is_open(minute, absent_too) for minute in range(starts // 60, -(-ends // 60)))
        return any(held) if mode == "token" else all(held)

    def at(self, second, mode="timed"):
        """What holds for a visit that starts then: on the day on which the night began; a token is of its day."""
        minute = second // 60
        local = self.clocks.latest_at(minute)
        evening = self.on(local // DAY - 1)
        if mode != "token" and evening[0] and evening[0].owner[(local + 3 * DAY) % WEEK] == 1:
            return evening
        return self.on(self.clocks.day(minute))

    def hours_reason(self, mode, starts, ends):
        def meets(rules):
            return any((b is None or b * 60 < ends) and (e is None or e * 60 > starts)
                       for b, e, is_open in rules.closures if not is_open)

        if self.fits(mode, starts, ends):
            return None
        if meets(self.clinic.rules):
            return "clinic_closed"
        if meets(self.rules) or not self.at(starts, mode)[1]:
            return "provider_absent"
        return "outside_hours"

    def free_seats(self, seats, begin, end, but=None):
        """In seconds: the seats up to so many that nobody has claimed."""
        taken = {seat for visit, seat, b, e in self.claims
                 if visit is not but and not visit.is_expired and b * 60 < end and e * 60 > begin}
        return [seat for seat in range(1, seats + 1) if seat not in taken]


class Service:
    def __init__(self, clinic, number, mode):
        self.id = clinic.uuid(number)
        self.mode = mode
        self.duration = random.choice([10, 15, 20, 30, 45, 60, 25, 90, 240, 480])
        self.before = random.choice([0, 0, 0, 5, 15, 7, 120])
        self.after = random.choice([0, 0, 0, 10, 30, 480])
        self.step = random.choice([None, None, 600, 900, 1020, 3600, 450])
        self.is_active = random.random() < 0.97
        self.own_duration = None
        self.is_offered = True
        self.notice, self.advance, self.same_day = None, None, None

    def buffers(self):
        return (0, 0) if self.mode == "token" else (self.before, self.after)


class Visit:
    def __init__(self, number, service, starts, length):
        self.id = number
        self.service = service
        self.starts, self.length = starts, length
        self.ends = starts + length
        self.is_expired = self.will_expire = self.is_overridden = self.is_cancelled = self.is_held = False
        self.room = None
        self.seat = None


class Clinic:
    def __init__(self, number, now):
        self.number = number
        self.ids = 0
        self.sql = []
        self.choose_centre(now)
        self.mode = random.choice(["timed"] * 6 + ["token"])
        self.rules = Rules(random_weekly(self.local))
        self.step = random.choice([300, 600, 900, 1020, 1800, 1200, 3600, 7 * 3600, 780])
        self.shortest = random.choice([5] * 5 + [20])
        self.longest = random.choice([480] * 7 + [60])
        self.status = random.choice(["open"] * 18 + ["closing_soon", "closed"])
        near = self.kind == "near"
        self.notice = random.choice([(0, 0, 0), (0, 0, 90), (0, 1, 0), (0, 1, 130)]) if near else (0, 0, 0)
        self.advance = random.choice([None, (0, 0, 500), (0, 1, 0), (0, 2, 60)]) if near else \
            random.choice([None, None, (60, 0, 0)])
        self.same_day = not near or random.random() < 0.6
        self.provider = Resource(self, 1, True)
        self.room = Resource(self, 2, False)
        self.services = [Service(self, 3, random.choice(["timed"] * 9 + ["token"])), Service(self, 4, "timed")]
        if self.mode == "token":
            self.services[0].mode = "token"
            self.provider.seats = random.choice([1, 1, 2])
        if near and random.random() < 0.5:
            self.services[0].notice = random.choice([(0, 0, 0), (0, 0, 700)])
            self.services[0].advance = random.choice([(0, 1, 600), (1, 0, 0)])
            self.services[0].same_day = random.choice([True, False])
        self.offers_only(random.random())
        for _ in range(random.choice([0, 1, 1, 2, 3])):
            self.add_rota()
        for _ in range(random.choice([0, 1, 2, 3, 4])):
            self.add_closure()
        for _ in range(random.choice([0, 0, 1, 2])):
            self.add_day()
        self.write_settings()
        self.sql.append("commit; begin")
        self.visits = []
        for _ in range(random.choice([0, 6, 12, 25])):
            self.add_visit(now)
        for _ in range(random.choice([0, 0, 1, 1, 2])):
            self.change()

    def uuid(self, number):
        return f"{self.number:08x}-0000-4000-8000-{number:012x}"

    def choose_centre(self, now):
        present = EPOCH + timedelta(seconds=now)
        self.kind = "past" if self.number <= len(HISTORIC) else "near" if random.random() < 0.15 else "far"
        if self.kind == "past":
            self.zone, moment = HISTORIC[self.number - 1]
            self.change_at = self.centre = minutes(moment)
        else:
            self.zone = random.choice(ZONES)
            found = changes(self.zone, present.year + 1)
            self.change_at = random.choice(found) if found else \
                minutes(datetime(present.year + 2, 1, 1)) + random.randrange(5 * 365 * DAY)
            self.centre = self.change_at
        if self.kind == "near":
            self.change_at = self.centre = int(now) // 60
        self.local = self.centre + offset(self.centre, ZoneInfo(self.zone))

    @property
    def clocks(self):
        return clocks_around(self.zone, self.centre)

    def offers_only(self, chance):
        if chance < 0.2:
            self.services[0].own_duration = random.choice([10, 35, 50, 120])
        elif chance < 0.24:
            self.services[0].is_offered = False
        self.has_offers = chance < 0.24

    # The settings

    def add_rota(self):
        resource = random.choice([None, self.provider, self.provider, self.room])
        rules = resource.rules if resource else self.rules
        today = self.local // DAY
        first = random.choice([None, today - random.randint(-2, 3)])
        until = random.choice([None, (first or today) + random.randint(1, 4)])
        for b, e, _, _, _ in rules.rotas:
            if (b is None or until is None or b < until) and (e is None or first is None or first < e):
                return
        mode = random.choice([None] * 6 + ["timed", "timed", "token"])
        seats = random.choice([None, None, random.randint(1, 3)])
        weekly = random_weekly(self.local)
        rules.rotas.append((first, until, weekly, mode, seats))
        bounds = f"[{date(first) if first is not None else ''},{date(until) if until is not None else ''})"
        self.sql.append(("hours", "resource_id, valid, weekly, mode, seats",
                         [resource and resource.id, bounds, weekly.text, mode, seats]))

    def add_closure(self):
        resource = random.choice([None, self.provider, self.provider, self.room])
        rules = resource.rules if resource else self.rules
        is_open = random.random() < 0.45
        begin = self.change_at + random.choice([random.randint(-90, 90), random.randint(-2 * DAY, 2 * DAY)])
        end = begin + random.choice([random.randint(10, 300), random.randint(60, DAY), 60])
        if not is_open and random.random() < 0.1:
            begin, end = random.choice([(None, begin - 500), (end + 500, None)])
        rules.closures.append((begin, end, is_open))
        bounds = f"[{written(begin) if begin is not None else ''},{written(end) if end is not None else random.choice(['', 'infinity'])})"
        self.sql.append(("closure", "resource_id, during, kind",
                         [resource and resource.id, bounds, "open" if is_open else "closed"]))

    def add_day(self):
        resource = random.choice([self.provider, self.provider, self.room])
        day = self.local // DAY + random.randint(-2, 2)
        if day in resource.days:
            return
        available, seats = random.random() < 0.4, random.choice([None, 1, 2, 3])
        resource.days[day] = available, seats
        self.sql.append(("day_capacity", "resource_id, day, available, seats",
                         [resource.id, date(day), available, seats]))

    def write_settings(self):
        later, self.sql = self.sql, []
        self.sql.append(("clinic", "id, name, timezone, hours, mode, status, slot_step, min_duration, "
                         "max_duration, min_notice, max_advance, allow_same_day",
                         [self.uuid(0), "Clinic", self.zone, self.rules.hours.text, self.mode, self.status,
                          f"{self.step} seconds", f"{self.shortest} minutes", f"{self.longest} minutes",
                          interval(self.notice), interval(self.advance), self.same_day]))
        for resource in (self.provider, self.room):
            self.sql.append(("resource", "id, kind, code, name, seats, hours, timezone",
                             [resource.id, "provider" if resource.is_provider else "room", resource.id, "R",
                              resource.seats, resource.rules.hours and resource.rules.hours.text, resource.zone]))
        for service in self.services:
            self.sql.append(("service", "id, code, name, duration, buffer_before, buffer_after, mode, slot_step, "
                             "min_notice, max_advance, allow_same_day, is_active",
                             [service.id, service.id, "S", f"{service.duration} minutes", f"{service.before} minutes",
                              f"{service.after} minutes", service.mode, service.step and f"{service.step} seconds",
                              interval(service.notice), interval(service.advance), service.same_day,
                              service.is_active]))
            if self.has_offers and service.is_offered:
                self.sql.append(("provider_service", "provider_id, service_id, duration",
                                 [self.provider.id, service.id,
                                  service.own_duration and f"{service.own_duration} minutes"]))
        self.sql.append(("patient", "id, name", [self.uuid(5), "Ann Lee"]))
        self.sql += later

    def change(self):
        """What happens after the visits were booked, so that some no longer fit."""
        resource = random.choice([self.provider, self.provider, self.room])
        what = random.choice(["hours", "closure", "closure", "day", "day", "seats", "inactive", "rota"])
        if what == "hours":
            resource.rules.hours = random_weekly(self.local)
            self.sql.append(f"update clinic.resource set hours = '{resource.rules.hours.text}' where id = '{resource.id}'")
        elif what == "closure":
            self.add_closure()
        elif what == "day":
            self.add_day()
        elif what == "rota":
            self.add_rota()
        elif what == "seats":
            resource.seats = 1
            self.sql.append(f"update clinic.resource set seats = 1 where id = '{resource.id}'")
        elif random.random() < 0.3:
            resource.is_active = False
            self.sql.append(f"update clinic.resource set is_active = false where id = '{resource.id}'")
        for changed in (self.provider, self.room):
            changed.forget()

    # The visits

    def add_visit(self, now):
        service = random.choice([self.services[0], *self.services])
        start = self.centre + random.randint(-3 * DAY, 3 * DAY)
        start -= start % random.choice([1, 5, 15])
        length = random.choice([service.own_duration or service.duration, random.randint(5, 300)])
        if service.mode == "token":
            day = self.clocks.day(start)
            start = self.clocks.day_start(day)
            length = self.clocks.day_start(day + 1) - start
        visit = Visit(self.uuid(100 + len(self.visits)), service, start, length)
        before, after = service.buffers()
        claim = start - before, visit.ends + after
        resources = [self.provider]
        if random.random() < 0.3:
            visit.room = self.room
            resources.append(self.room)
        chance = random.random()
        visit.is_held = chance < 0.2
        expires = chance < 0.1

        found = self.pick(resources, service.mode, start, claim)
        if not found:
            for resource in resources:
                resource.claims = [c for c in resource.claims
                                   if not (c[0].will_expire and c[2] < claim[1] and c[3] > claim[0])]
            found = self.pick(resources, service.mode, start, claim)
        if not found:
            return
        visit.will_expire = expires
        visit.seat = found[0]
        for resource, seat in zip(resources, found):
            resource.claims.append((visit, seat, *claim))
        self.write_visit(visit, now)
        self.visits.append(visit)
        if not visit.is_held and random.random() < 0.1:
            visit.is_cancelled = True
            self.sql.append(f"select clinic.cancel('{visit.id}', 'ill', clinic_id => '{self.uuid(0)}')")
            for resource in resources:
                resource.claims.pop()

    def pick(self, resources, mode, start, claim):
        """The lowest seat that is free of each; an expired hold's is not, as long as there are others."""
        found = [resource.free_seats(resource.at(start * 60, mode)[3], claim[0] * 60, claim[1] * 60)[:1]
                 for resource in resources]
        return [seats[0] for seats in found] if all(found) else None

    def write_visit(self, visit, now):
        hold = None
        if visit.is_held:
            hold = written_seconds(int(now) + (-3600 if visit.will_expire else 72000))
        ends = visit.starts * 60 + visit.length * 60
        # One that the rules allow is booked by them.
        by_rules = self.kind == "far" and not visit.will_expire and \
            not self.refusal(visit.service, visit.starts * 60, ends, now) and \
            (visit.room is None or not self.room.hours_reason(visit.service.mode, visit.starts * 60, ends))
        visit.is_overridden = not by_rules
        self.sql.append(("appointment", "id, patient_id, provider_id, resource_ids, service_id, mode, status, "
                         "starts_at, ends_at, hold_expires_at, override_reason",
                         [visit.id, self.uuid(5), self.provider.id, "{%s}" % (visit.room.id if visit.room else ""),
                          visit.service.id, visit.service.mode, "held" if visit.is_held else "scheduled",
                          written(visit.starts), written(visit.ends), hold, None if by_rules else "asked for"]))

    # The answers

    def set_now(self, now):
        for visit in self.visits:
            visit.is_expired = visit.will_expire

    def refusal(self, service, starts, ends, now):
        """By the rules alone, in seconds."""
        timed = service.mode == "timed"
        passes = starts if timed else ends
        notice = self.notice if service.notice is None else service.notice
        advance = self.advance if service.advance is None else service.advance
        same_day = self.same_day if service.same_day is None else service.same_day
        if not service.is_active:
            return "inactive"
        if not service.is_offered:
            return "not_offered"
        if self.status == "closed":
            return "clinic_closed"
        if self.provider.at(starts, service.mode)[2] != service.mode:
            return "wrong_mode"
        if passes < now:
            return "in_the_past"
        if passes < later_on_the_clock(now, notice, self.zone):
            return "too_soon"
        if not same_day and self.kind == "near" and self.clocks.day(starts // 60) == self.clocks.day(int(now) // 60):
            return "same_day"
        if advance and starts > later_on_the_clock(now, advance, self.zone):
            return "too_far_ahead"
        if timed and not self.shortest * 60 <= ends - starts <= self.longest * 60:
            return "invalid_duration"
        return self.provider.hours_reason(service.mode, starts, ends)

    def judge(self, service, starts, ends, now, moving=None):
        before, after = service.buffers()
        seats = len(self.provider.free_seats(self.provider.at(starts, service.mode)[3], starts - before * 60, ends + after * 60, moving))
        reason = self.refusal(service, starts, ends, now)
        if not reason and not self.provider.is_active:
            reason = "inactive"
        if not reason and not seats:
            reason = "slot_taken" if service.mode == "timed" else "capacity_reached"
        return reason, seats

    def listed(self, service, begin, end, step, length):
        """The starts and ends, in seconds."""
        clocks = self.clocks
        for day in range(clocks.day(begin // 60) - 1, clocks.day(end // 60) + 2):
            if service.mode == "token":
                starts, ends = clocks.day_start(day) * 60, clocks.day_start(day + 1) * 60
                if begin <= starts < ends <= end and self.provider.fits("token", starts, ends, True):
                    yield starts, ends
                continue
            for at in range(0, DAY * 60, step):
                minute = clocks.first.get(day * DAY + at // 60)
                if minute is None:
                    continue
                starts = minute * 60 + at % 60
                ends = starts + length
                if begin <= starts and ends <= end and self.provider.fits("timed", starts, ends, True):
                    yield starts, ends


def interval(length):
    return length and "{} months {} days {} minutes".format(*length)


def literal(value):
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, (bool, int)) else f"'{value}'"


def statements(clinic):
    yield "begin;"
    for entry in clinic.sql:
        if isinstance(entry, str):
            yield entry + ";"
            continue
        table, columns, values = entry
        if table != "clinic":
            columns, values = "clinic_id, " + columns, [clinic.uuid(0), *values]
        yield f"insert into clinic.{table} ({columns}) values ({', '.join(map(literal, values))});"
    yield "commit;"


def spans(clinic, resource, begin, end):
    """When it is open with a free seat."""
    found, opened = [], None
    for minute in range(begin, end + 1):
        free = minute < end and resource.is_active and resource.is_open(minute) and \
            resource.free_seats(resource.at(minute * 60)[3], minute * 60, minute * 60 + 60)
        if free and opened is None:
            opened = minute
        elif opened is not None and not free:
            found.append(f"[{written(opened)},{written(minute)})")
            opened = None
    return "{%s}" % ",".join(found)


def orphans(clinic, begin, end):
    """The visits that touch [begin, end) and no longer fit, with the reason; in seconds, end may be None."""
    for visit in clinic.visits:
        starts, ends = visit.starts * 60, visit.ends * 60
        if visit.is_cancelled or visit.is_expired or ends <= begin or (end is not None and starts >= end):
            continue
        for resource in filter(None, (clinic.provider, visit.room)):
            if not resource.is_active:
                reason = "inactive"
            else:
                reason = resource.hours_reason(visit.service.mode, starts, ends)
                if reason == "outside_hours" and visit.is_overridden:
                    reason = None
                elif not reason and resource.is_provider and not visit.is_overridden \
                        and resource.at(starts, visit.service.mode)[2] != visit.service.mode:
                    reason = "wrong_mode"
                elif not reason and resource.is_provider and visit.seat > resource.at(starts, visit.service.mode)[3]:
                    reason = "capacity_reached"
            if reason:
                yield visit.id, reason
                break


class Answers:
    def __init__(self, folder):
        self.files = {name: open(Path(folder) / name, "w") for name in ("listings", "starts", "free", "orphans")}
        self.listings = 0

    def write(self, name, *values):
        print(*("\\N" if value is None else value for value in values), sep="\t", file=self.files[name])

    def listing(self, clinic, now):
        self.listings += 1
        service = random.choice([clinic.services[0], clinic.services[0], clinic.services[1]])
        begin = clinic.centre * 60 + random.choice([random.randint(-36, 12) * 3600, random.randint(-2 * DAY, DAY) * 60])
        end = begin + random.choice([DAY, 2 * DAY, random.randint(60, 3 * DAY)]) * 60
        if service.mode == "token":
            end += 4 * DAY * 60
        if clinic.kind == "near":
            begin, end = begin - begin % 60, end - end % 60
        step = random.choice([None, None, 300, 1020, 7 * 3600, 1800, 13 * 60])
        length = random.choice([None, None, None, 5, 40, 100, 540])
        standing = [v for v in clinic.visits if not (v.is_held or v.is_cancelled or v.room) and v.service.mode == "timed"]
        moving = random.choice(standing) if standing and random.random() < 0.15 else None
        if moving:
            service, length = moving.service, moving.length
        self.write("listings", self.listings, clinic.uuid(0), clinic.provider.id, service.id, clinic.uuid(5), service.mode,
                   f"[{written_seconds(begin)},{written_seconds(end)})", step and f"{step} seconds",
                   length and f"{length} minutes", moving and moving.id)
        seconds = 60 * (length or service.own_duration or service.duration)
        step = step or service.step or clinic.step
        starts = list(clinic.listed(service, begin, end, step, seconds))
        for starts_at, ends_at in starts:
            self.start(clinic, service, starts_at, ends_at, now, moving, True)
        # Some that are not listed: off the grid, or not open.
        for _ in range(6 if service.mode == "timed" else 0):
            starts_at = 60 * (clinic.centre + random.randint(-2 * DAY, 2 * DAY))
            if (starts_at, starts_at + seconds) not in starts:
                self.start(clinic, service, starts_at, starts_at + seconds, now, moving, False)

    def start(self, clinic, service, starts_at, ends_at, now, moving, is_listed):
        if moving and starts_at == moving.starts * 60:
            reason, seats = clinic.judge(service, starts_at, ends_at, now, moving)
            # To stay is always allowed.
            return self.write("starts", self.listings, written_seconds(starts_at), seats, reason, is_listed, "f")
        reason, seats = clinic.judge(service, starts_at, ends_at, now, moving)
        return self.write("starts", self.listings, written_seconds(starts_at), seats, reason, is_listed, "t")

    def free(self, clinic):
        for resource in (clinic.provider, clinic.room):
            begin = clinic.centre + random.randint(-2 * DAY, DAY)
            end = begin + random.randint(60, 2 * DAY)
            self.write("free", clinic.uuid(0), resource.id, f"[{written(begin)},{written(end)})",
                       spans(clinic, resource, begin, end))

    def orphans(self, clinic, now):
        begin = clinic.centre * 60 + random.randint(-2 * DAY, DAY) * 60
        end = begin + random.randint(60, 3 * DAY) * 60
        for during, bounds in ((None, (now, None)), (f"[{written_seconds(begin)},{written_seconds(end)})", (begin, end))):
            found = ",".join(f"{visit} {reason}" for visit, reason in sorted(orphans(clinic, *bounds)))
            self.write("orphans", clinic.uuid(0), random.choice([None, clinic.provider.id]), during, found)


def main(task, seed, count, first_now, now=None, folder=None):
    answers = Answers(folder) if task == "answers" else None
    for number in range(1, int(count) + 1):
        random.seed(f"{seed} {number}")
        clinic = Clinic(number, float(first_now))
        if task == "clinics":
            print(*statements(clinic), sep="\n")
            continue
        clinic.set_now(float(now))
        for _ in range(3):
            answers.listing(clinic, float(now))
        answers.free(clinic)
        answers.orphans(clinic, float(now))


main(*sys.argv[1:])
