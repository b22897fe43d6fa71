"""Random clinics: how they are set up, what is booked in them, and what more could be.

A clinic writes the SQL that makes it, and knows what the extension should make of that. Resources are
asked minute by minute whether they are open; a visit fits if each of its minutes does. Starts and
ends of visits are in seconds since 1970.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import requirements
from clocks import (ALWAYS, DAY, EPOCH, changes, clocks_around, date, later_on_the_clock, minutes, offset,
                    random_weekly, written, written_seconds)
from recurring import Recurring

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
# So many clinics after those, at which it is the hour after noon, whenever this runs, and which take visits, but none
# for the same day: what the clock has to do with that is tried at any time.
AFTER_NOON = 4
LETTERS = "abcdefghijklmnopqrstuvwxyz"
NEVER = bytes(DAY)

# Numbers of what a clinic has, in its ids.
RESOURCES, SERVICES, PATIENT, VISITS, REQUIREMENTS = 1, 20, 30, 100, 300


class Rules:
    """What a clinic and a resource may both have."""

    def __init__(self, hours):
        self.hours = hours
        self.rotas = []         # (first day, day after the last, Weekly, mode, seats)
        self.closures = []      # (begin, end, is open) in minutes; None: open-ended
        self.recurring = 0      # so many closures with a rule, of which the list has all occurrences near by

    def rota(self, day):
        for rota in self.rotas:
            if (rota[0] is None or rota[0] <= day) and (rota[1] is None or day < rota[1]):
                return rota
        return None

    def is_closed(self, starts, ends):
        return any((b is None or b * 60 < ends) and (e is None or e * 60 > starts)
                   for b, e, is_open in self.closures if not is_open)


@dataclass
class Claim:
    visit: object
    seat: int
    begin: int
    end: int


class Resource:
    def __init__(self, clinic, number, kind):
        self.clinic = clinic
        self.id = clinic.uuid(RESOURCES + number)
        self.kind = kind
        self.code = random.choice(LETTERS) + LETTERS[number]
        self.is_provider = kind == "provider"
        self.zone = random.choice(ZONES) if random.random() < 0.12 else None
        self.clocks = clocks_around(self.zone or clinic.zone, clinic.centre)
        self.seats = random.choice([1, 1, 2, 3])
        self.rules = Rules(random_weekly(clinic.local) if random.random() < (0.4 if self.is_provider else 0.2) else None)
        self.days = {}          # day: (available, seats)
        self.offers = None      # service: minutes, None: the service's; offers None: all
        self.is_active = True
        self.claims = []
        self.forget()

    def forget(self):
        self.by_minute, self.held = None, {}

    def on(self, day):
        if day not in self.held:
            self.held[day] = self.hold(day)
        return self.held[day]

    def hold(self, day):
        """What holds on a day: hours, available, mode, seats."""
        own = self.rules.rota(day)
        shared = self.clinic.rules.rota(day)
        available, day_seats = self.days.get(day, (True, None))
        rota = None
        if own:
            weekly, rota = own[2], own
        elif self.rules.hours:
            weekly = self.rules.hours
        elif not self.is_provider:
            weekly = ALWAYS
        elif shared:
            weekly, rota = shared[2], shared
        else:
            weekly = self.clinic.rules.hours
        mode, seats = (rota[3], rota[4]) if rota else (None, None)
        return weekly, available, mode or self.clinic.mode, day_seats or seats or self.seats

    def hours_of_days(self, first, last):
        """Whether hours hold, for each local minute of the days; and the same for days off too."""
        held, absent_too = bytearray(), bytearray()
        for day in range(first, last + 1):
            at = (day + 3) % 7 * DAY
            (weekly, available, _, _), (evening, was_available, _, _) = self.on(day), self.on(day - 1)
            today, night = weekly.of_day[at:at + DAY], evening.of_day_before[at:at + DAY]
            held += either(today if available else NEVER, night if was_available else NEVER)
            absent_too += either(today, night)
        return held, absent_too

    def ask_minutes(self):
        """Whether it is open in each minute that clocks were read for; the same but for closures and days off."""
        clocks = self.clocks
        first = clocks.latest[0] // DAY
        both = []
        for hours in self.hours_of_days(first, clocks.latest[-1] // DAY):
            asked = bytearray()
            for _, count, local, is_running in clocks.runs:
                at = local - first * DAY
                asked += hours[at:at + count] if is_running else hours[at:at + 1] * count
            both.append(asked)
        for kind, value, answers in ((True, b"\1", both), (False, b"\0", both[:1])):
            for rules in (self.rules, self.clinic.rules):
                for b, e, is_open in rules.closures:
                    if is_open == kind:
                        for asked in answers:
                            begin = 0 if b is None else max(0, b - clocks.begin)
                            end = len(asked) if e is None else min(len(asked), max(begin, e - clocks.begin))
                            asked[begin:end] = value * (end - begin)
        return both

    def minutes_of(self, begin, end, absent_too=False):
        if not self.by_minute:
            self.by_minute = self.ask_minutes()
        return self.by_minute[absent_too][begin - self.clocks.begin:end - self.clocks.begin]

    def fits(self, mode, starts, ends, absent_too=False):
        held = self.minutes_of(starts // 60, -(-ends // 60), absent_too)
        return 1 in held if mode == "token" else 0 not in held

    def at(self, second, mode="timed"):
        """What holds for a visit that starts then: on the day on which the night began; a token is of its day."""
        minute = second // 60
        local = self.clocks.latest_at(minute)
        evening = self.on(local // DAY - 1)
        if mode != "token" and evening[0].of_day_before[(local // DAY + 3) % 7 * DAY + local % DAY]:
            return evening
        return self.on(local // DAY)

    def hours_reason(self, mode, starts, ends):
        if self.fits(mode, starts, ends):
            return None
        if self.clinic.rules.is_closed(starts, ends):
            return "clinic_closed"
        if self.rules.is_closed(starts, ends) or not self.at(starts, mode)[1]:
            return "provider_absent"
        return "outside_hours"

    def free_seats(self, mode, starts, begin, end, moving=None, without_expired=True):
        """The seats, of those it has at the start, that nobody claims from begin to end; expired holds do not."""
        taken = {c.seat for c in self.claims if c.begin < end and c.end > begin and c.visit is not moving
                 and not (without_expired and c.visit.is_expired)}
        return [seat for seat in range(1, self.at(starts, mode)[3] + 1) if seat not in taken]


def either(a, b):
    return (int.from_bytes(a, "big") | int.from_bytes(b, "big")).to_bytes(DAY, "big")


@dataclass
class Requirement:
    id: str
    would_do: frozenset
    quantity: int


class Service:
    def __init__(self, clinic, number, mode):
        self.id = clinic.uuid(SERVICES + number)
        self.mode = mode
        self.duration = random.choice([10, 15, 20, 30, 45, 60, 25, 90, 240, 480])
        self.set_buffers()
        self.step = random.choice([None, None, 600, 900, 1020, 3600, 450])
        self.is_active = random.random() < 0.97
        self.notice, self.advance, self.same_day = None, None, None
        self.requirements = []

    def set_buffers(self):
        self.before = random.choice([0, 0, 0, 5, 15, 7, 120])
        self.after = random.choice([0, 0, 0, 10, 30, 480])

    def minutes_with(self, provider):
        return (provider.offers or {}).get(self) or self.duration

    def buffers(self):
        """In seconds."""
        return (0, 0) if self.mode == "token" else (60 * self.before, 60 * self.after)


@dataclass
class Asked:
    """A visit that might be."""
    service: Service
    provider: Resource
    starts: int
    ends: int
    buffers: tuple              # before and after
    named: tuple = ()           # besides the provider
    moving: object = None       # the visit that it is by now
    named_count: bool = True    # for what is required

    @property
    def mode(self):
        return self.service.mode

    @property
    def begin(self):
        return self.starts - self.buffers[0]

    @property
    def end(self):
        return self.ends + self.buffers[1]


class Visit:
    def __init__(self, id):
        self.id = id
        self.asked = None
        self.resources = []     # besides the provider
        self.seat = None
        self.is_expired = self.is_overridden = self.is_cancelled = self.is_held = False
        self.created_at = None

    @property
    def service(self):
        return self.asked.service

    @property
    def provider(self):
        return self.asked.provider


class Clinic:
    def __init__(self, number, now):
        self.number = number
        self.sql = []
        self.choose_centre(now)
        self.mode = random.choice(["timed"] * 6 + ["token"])
        self.rules = Rules(random_weekly(self.local))
        self.step = random.choice([300, 600, 900, 1020, 1800, 1200, 3600, 7 * 3600, 780])
        self.shortest = random.choice([5] * 5 + [20])
        self.longest = random.choice([480] * 7 + [60])
        self.status = random.choice(["open"] * 18 + ["closing_soon", "closed"])
        near, after_noon = self.kind == "near", self.is_after_noon()
        self.notice = random.choice([(0, 0, 0), (0, 0, 90), (0, 1, 0), (0, 1, 130)]) if near else (0, 0, 0)
        self.advance = random.choice([None, (0, 0, 500), (0, 1, 0), (0, 2, 60)]) if near else \
            random.choice([None, None, (60, 0, 0)])
        self.same_day = not near or random.random() < 0.6
        if after_noon:
            self.status, self.notice, self.same_day = "open", (0, 0, 0), False
        self.add_resources()
        self.add_services()
        for _ in range(random.choice([0, 1, 1, 2, 3])):
            self.add_rota()
        for _ in range(random.choice([0, 1, 2, 3, 4])):
            self.add_closure()
        for _ in range(random.choice([0, 0, 1, 2])):
            self.add_day()
        self.write_settings()
        self.sql.append("commit; begin")
        self.visits = []
        self.crowded = [self.centre + random.randint(-2 * DAY, 2 * DAY) for _ in range(3)]
        for _ in range(random.choice([0, 8, 20, 36])):
            self.add_visit(now)
        for _ in range(random.choice([0, 0, 1, 1, 2])):
            self.change()
        if random.random() < 0.5:
            self.change_buffers(random.choice(self.services))

    def uuid(self, number):
        return f"{self.number:08x}-0000-4000-8000-{number:012x}"

    @property
    def id(self):
        return self.uuid(0)

    @property
    def patient(self):
        return self.uuid(PATIENT)

    def choose_centre(self, now):
        present = EPOCH + timedelta(seconds=now)
        self.kind = "past" if self.number <= len(HISTORIC) else \
            "near" if random.random() < 0.15 or self.is_after_noon() else "far"
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
        if self.is_after_noon():
            self.zone = f"Etc/GMT{present.hour - 12:+}"
        self.local = self.centre + offset(self.centre, ZoneInfo(self.zone))
        self.clocks = clocks_around(self.zone, self.centre)

    def is_after_noon(self):
        return len(HISTORIC) < self.number <= len(HISTORIC) + AFTER_NOON

    # The settings

    def add_resources(self):
        kinds = ["provider"] * random.choice([1, 1, 2, 3]) + ["room"] * random.choice([1, 2, 3, 4]) + \
            ["equipment"] * random.choice([0, 1, 2])
        self.resources = [Resource(self, number, kind) for number, kind in enumerate(kinds)]
        self.providers = [r for r in self.resources if r.is_provider]
        self.provider = self.providers[0]
        if self.mode == "token":
            for provider in self.providers:
                provider.seats = random.choice([1, 1, 2])

    def some_resource(self):
        return random.choice([self.provider, self.provider, *self.resources])

    def add_services(self):
        self.services = [Service(self, 0, random.choice(["timed"] * 9 + ["token"])), Service(self, 1, "timed")]
        first = self.services[0]
        if self.mode == "token":
            first.mode = "token"
        if self.kind == "near" and random.random() < 0.5:
            first.notice = random.choice([(0, 0, 0), (0, 0, 700)])
            first.advance = random.choice([(0, 1, 600), (1, 0, 0)])
            first.same_day = random.choice([True, False])
        for provider in self.providers:
            self.offer(provider, random.random())
        self.requirements = 0
        for service in self.services:
            for _ in range(random.choice([0, 1, 1, 1, 1, 2, 2, 2, 3])):
                self.add_requirement(service)

    def offer(self, provider, chance):
        if chance < 0.24:
            provider.offers = {service: None for service in self.services}
        if chance < 0.2:
            provider.offers[self.services[0]] = random.choice([10, 35, 50, 120])
        elif chance < 0.24:
            del provider.offers[self.services[0]]

    def add_requirement(self, service):
        # Of a clinic's only provider nothing more can be required.
        could = self.resources[1:] if len(self.providers) == 1 else self.resources
        kind = random.choice([r.kind for r in could])
        of_kind = [r.code for r in could if r.kind == kind]
        codes = None if random.random() < 0.4 else \
            random.sample(of_kind, random.randint(1, len(of_kind))) + random.choice([[], [], ["none"]])
        quantity = random.choice([1, 1, 1, min(2, len(codes or of_kind))])
        if len(self.units(service)) + quantity > 4:
            return
        self.requirements += 1
        id = self.uuid(REQUIREMENTS + self.requirements)
        would_do = frozenset(r for r in self.resources if r.kind == kind and (codes is None or r.code in codes))
        service.requirements.append(Requirement(id, would_do, quantity))
        self.sql.append(("service_requirement", "id, service_id, kind, codes, quantity",
                         [id, service.id, kind, codes and "{%s}" % ",".join(codes), quantity]))

    def add_rota(self):
        resource = random.choice([None, self.some_resource(), self.some_resource()])
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
        resource = random.choice([None, self.some_resource(), self.some_resource()])
        rules = resource.rules if resource else self.rules
        is_open = random.random() < 0.45
        if random.random() < 0.5:
            return self.add_recurring_closure(resource, rules, is_open)
        begin = self.change_at + random.choice([random.randint(-90, 90), random.randint(-2 * DAY, 2 * DAY)])
        end = begin + random.choice([random.randint(10, 300), random.randint(60, DAY), 60])
        if not is_open and random.random() < 0.1:
            begin, end = random.choice([(None, begin - 500), (end + 500, None)])
        rules.closures.append((begin, end, is_open))
        bounds = f"[{written(begin) if begin is not None else ''},{written(end) if end is not None else random.choice(['', 'infinity'])})"
        self.sql.append(("closure", "resource_id, during, kind",
                         [resource and resource.id, bounds, "open" if is_open else "closed"]))

    def add_recurring_closure(self, resource, rules, is_open):
        clocks = resource.clocks if resource else self.clocks
        target = clocks.latest_at(self.change_at) + random.choice([random.randint(-60, 0), random.randint(-150, 150), random.randint(-2 * DAY, 2 * DAY)])
        length = random.choice([random.randint(10, 300), random.randint(60, DAY), 60, 3 * DAY, 2 * DAY + 30])
        if random.random() < 0.3:
            target, length = target - target % DAY, random.choice([1, 1, 2]) * DAY
        closure = Recurring(target, length, resource and resource.zone or self.zone)
        if not closure.first:
            return
        rules.recurring += 1
        rules.closures += [(begin, end, is_open) for begin, end in closure.during(clocks)]
        self.sql.append(("closure", "resource_id, during, kind, rrule, exdates",
                         [resource and resource.id, f"[{written(closure.first[0])},{written(closure.first[1])})",
                          "open" if is_open else "closed", closure.text,
                          "{%s}" % ",".join(map(written, closure.exdates)) if closure.exdates else None]))

    def add_day(self):
        resource = self.some_resource()
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
                         [self.id, "Clinic", self.zone, self.rules.hours.text, self.mode, self.status,
                          f"{self.step} seconds", f"{self.shortest} minutes", f"{self.longest} minutes",
                          interval(self.notice), interval(self.advance), self.same_day]))
        for resource in self.resources:
            self.sql.append(("resource", "id, kind, code, name, seats, hours, timezone, specialty",
                             [resource.id, resource.kind, resource.code, "R", resource.seats,
                              resource.rules.hours and resource.rules.hours.text, resource.zone,
                              [None, "heart", "skin"][ord(resource.code[0]) % 3]]))
        for service in self.services:
            self.sql.append(("service", "id, code, name, duration, buffer_before, buffer_after, mode, slot_step, "
                             "min_notice, max_advance, allow_same_day, is_active",
                             [service.id, service.id, "S", f"{service.duration} minutes", f"{service.before} minutes",
                              f"{service.after} minutes", service.mode, service.step and f"{service.step} seconds",
                              interval(service.notice), interval(service.advance), service.same_day,
                              service.is_active]))
        for provider in self.providers:
            for service, length in (provider.offers or {}).items():
                self.sql.append(("provider_service", "provider_id, service_id, duration",
                                 [provider.id, service.id, length and f"{length} minutes"]))
        self.sql.append(("patient", "id, name", [self.patient, "Ann Lee"]))
        self.sql += later

    def change(self):
        """What happens after the visits were booked, so that some no longer fit."""
        resource, service = self.some_resource(), random.choice(self.services)
        what = random.choice(["hours", "closure", "closure", "day", "day", "seats", "inactive", "rota",
                              "requirement", "requirement"])
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
        elif what == "requirement":
            self.change_requirement(service)
        elif random.random() < 0.3:
            resource.is_active = False
            self.sql.append(f"update clinic.resource set is_active = false where id = '{resource.id}'")
        for changed in self.resources:
            changed.forget()

    def change_buffers(self, service):
        """Visits keep the buffers that they were booked with."""
        service.set_buffers()
        self.sql.append(f"update clinic.service set buffer_before = '{service.before} minutes', "
                        f"buffer_after = '{service.after} minutes' where id = '{service.id}'")

    def change_requirement(self, service):
        if not service.requirements or random.random() < 0.5:
            return self.add_requirement(service)
        gone = service.requirements.pop()
        self.sql.append(f"delete from clinic.service_requirement where id = '{gone.id}'")

    # What visits need, and what there is

    def units(self, service):
        return tuple(r.would_do for r in service.requirements for _ in range(r.quantity))

    def seats_left(self, asked, resource):
        """Of a room, a device or a further provider."""
        if not resource.is_active or resource.hours_reason(asked.mode, asked.starts, asked.ends):
            return 0
        return len(resource.free_seats(asked.mode, asked.starts, asked.begin, asked.end, asked.moving))

    def all_seats_left(self, asked):
        units = self.units(asked.service)
        return {r: self.seats_left(asked, r) for r in {*asked.named}.union(*units) if r is not asked.provider}

    def choose(self, asked, left, in_part=False):
        """What is named, and what the visit is given besides; None if it cannot have all it needs."""
        kept = asked.moving.resources if asked.moving else []
        choices = sorted((r for r in left if left[r] and r not in asked.named),
                         key=lambda r: (r not in kept, left[r], r.code))
        added = requirements.choose(self.units(asked.service), asked.named if asked.named_count else [],
                                    choices, in_part)
        return None if added is None else [*asked.named, *added]

    def visits_left(self, asked, left, most):
        """How many such visits could be booked one after the other."""
        left, visits = dict(left), 0
        while visits < most and all(left[r] for r in asked.named):
            chosen = self.choose(asked, left)
            if chosen is None:
                break
            visits += 1
            if not chosen:
                return most
            for resource in chosen:
                left[resource] -= 1
        return visits

    def pick(self, asked, resources):
        """The lowest seats that are free, and the expired holds that have to go for them; None: there are none."""
        needed, reaped = [asked.provider, *resources], set()
        seats = self.lowest_seats(asked, needed, without_expired=False)
        if not seats:
            reaped = {c.visit for r in needed for c in r.claims
                      if c.visit.is_expired and c.begin < asked.end and c.end > asked.begin}
            seats = self.lowest_seats(asked, needed, without_expired=True)
        return (seats, reaped) if seats else None

    def lowest_seats(self, asked, needed, without_expired):
        free = {r: r.free_seats(asked.mode, asked.starts, asked.begin, asked.end, asked.moving, without_expired)
                for r in needed}
        return {r: seats[0] for r, seats in free.items()} if all(free.values()) else None

    def occupy(self, asked, seats, reaped, visit):
        """Write it down, in place of the visit that it was."""
        for resource in self.resources if reaped or asked.moving else ():
            resource.claims = [c for c in resource.claims if c.visit not in reaped and c.visit is not asked.moving]
        for resource, seat in seats.items():
            resource.claims.append(Claim(visit, seat, asked.begin, asked.end))

    # The visits

    def add_visit(self, now):
        visit = Visit(self.uuid(VISITS + len(self.visits)))
        visit.asked = asked = self.some_visit()
        chance = random.random()
        visit.is_held, visit.is_expired = chance < 0.25, chance < 0.15
        visit.created_at = int(now) // 3600 * 3600 - random.randint(1, 9) * 3600
        # One that the rules allow is booked by them.
        left = self.all_seats_left(asked)
        by_rules = self.kind == "far" and not self.rules_reason(asked, now) and not self.named_reason(asked) and \
            self.choose(asked, left) is not None
        visit.is_overridden = not by_rules
        visit.resources = self.choose(asked, left, in_part=True)
        picked = self.pick(asked, visit.resources)
        if not picked:
            return
        self.occupy(asked, *picked, visit)
        visit.seat = picked[0][asked.provider]
        self.write_visit(visit, now)
        self.visits.append(visit)
        if not visit.is_held and random.random() < 0.1:
            visit.is_cancelled = True
            self.sql.append(f"select clinic.cancel('{visit.id}', 'ill', clinic_id => '{self.id}')")
            for resource in self.resources:
                resource.claims = [c for c in resource.claims if c.visit is not visit]

    def some_visit(self):
        service = random.choice([self.services[0], *self.services])
        provider = random.choice([self.provider, *self.providers])
        start = self.centre + random.randint(-3 * DAY, 3 * DAY)
        if random.random() < 0.6:
            start = random.choice(self.crowded) + random.randint(-200, 200)
        start -= start % random.choice([1, 5, 15])
        length = random.choice([service.minutes_with(provider), random.randint(5, 300)])
        if service.mode == "token":
            day = self.clocks.day(start)
            start = self.clocks.day_start(day)
            length = self.clocks.day_start(day + 1) - start
        return Asked(service, provider, 60 * start, 60 * (start + length), service.buffers(), self.some_named(provider))

    def some_named(self, provider):
        others = [r for r in self.resources if r is not provider]
        return tuple(random.sample(others, min(len(others), random.choice([0, 0, 0, 1, 1, 2]))))

    def write_visit(self, visit, now):
        asked, hold = visit.asked, None
        if visit.is_held:
            hold = written_seconds(int(now) + (-3600 if visit.is_expired else 72000))
        self.sql.append(("appointment", "id, patient_id, provider_id, resource_ids, service_id, mode, status, "
                         "starts_at, ends_at, hold_expires_at, override_reason, created_at",
                         [visit.id, self.patient, asked.provider.id, "{%s}" % ",".join(r.id for r in asked.named),
                          asked.service.id, asked.mode, "held" if visit.is_held else "scheduled",
                          written_seconds(asked.starts), written_seconds(asked.ends), hold,
                          "asked for" if visit.is_overridden else None, written_seconds(visit.created_at)]))

    # The rules

    def rules_reason(self, asked, now):
        """By the rules alone."""
        service, starts, ends, mode = asked.service, asked.starts, asked.ends, asked.mode
        passes = starts if mode == "timed" else ends
        notice = self.notice if service.notice is None else service.notice
        advance = self.advance if service.advance is None else service.advance
        same_day = self.same_day if service.same_day is None else service.same_day
        if not service.is_active:
            return "inactive"
        if asked.provider.offers is not None and service not in asked.provider.offers:
            return "not_offered"
        if self.status == "closed":
            return "clinic_closed"
        if asked.provider.at(starts, mode)[2] != mode:
            return "wrong_mode"
        if passes < now:
            return "in_the_past"
        if passes < later_on_the_clock(now, notice, self.zone):
            return "too_soon"
        if not same_day and self.kind == "near" and self.clocks.day(starts // 60) == self.clocks.day(int(now) // 60):
            return "same_day"
        if advance and starts > later_on_the_clock(now, advance, self.zone):
            return "too_far_ahead"
        if mode == "timed" and not self.shortest * 60 <= ends - starts <= self.longest * 60:
            return "invalid_duration"
        return asked.provider.hours_reason(mode, starts, ends)

    def named_reason(self, asked):
        """What is wrong with the provider, or with what is named, whoever has claimed it."""
        if not asked.provider.is_active:
            return "inactive"
        for resource in asked.named:
            reason = resource.hours_reason(asked.mode, asked.starts, asked.ends) if resource.is_active else "inactive"
            if reason:
                return reason
        return None

    def judge(self, asked, now):
        """Why it may not be booked, and how many could be; else the seats it would have, and the expired holds that
        would go for them."""
        left = self.all_seats_left(asked)
        free = len(asked.provider.free_seats(asked.mode, asked.starts, asked.begin, asked.end, asked.moving))
        visits = self.visits_left(asked, left, free)
        reason = self.rules_reason(asked, now) or self.named_reason(asked)
        if not reason and not visits:
            is_full = not free or not all(left[r] for r in asked.named)
            reason = "capacity_reached" if is_full and asked.mode == "token" else "slot_taken"
        if reason:
            return Judgement(reason, visits)
        return Judgement(None, visits, *self.pick(asked, self.choose(asked, left)))

    def listed(self, service, provider, begin, end, step, length):
        """The starts and ends."""
        clocks = self.clocks
        for day in range(clocks.day(begin // 60) - 1, clocks.day(end // 60) + 2):
            if service.mode == "token":
                starts, ends = clocks.day_start(day) * 60, clocks.day_start(day + 1) * 60
                if begin <= starts < ends <= end and provider.fits("token", starts, ends, True):
                    yield starts, ends
                continue
            for at in range(0, DAY * 60, step):
                minute = clocks.first.get(day * DAY + at // 60)
                if minute is None:
                    continue
                starts = minute * 60 + at % 60
                ends = starts + length
                if begin <= starts and ends <= end and provider.fits("timed", starts, ends, True):
                    yield starts, ends


@dataclass
class Judgement:
    reason: str
    visits: int
    seats: dict = None
    reaped: set = None


def occupied(asked, seats):
    """As the claims have it."""
    taken = ",".join(sorted(f"{r.code}:{seat}" for r, seat in seats.items()))
    return f"{asked.begin}..{asked.end} {taken}"


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
            columns, values = "clinic_id, " + columns, [clinic.id, *values]
        yield f"insert into clinic.{table} ({columns}) values ({', '.join(map(literal, values))});"
    yield "commit;"
