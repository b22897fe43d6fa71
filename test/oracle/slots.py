#!/usr/bin/env python3
"""Which starts clinic.available_slots() should list, what it should say of each, and what booking makes of them.

    slots.py clinics SEED COUNT FIRST_NOW           prints SQL that makes random clinics
    slots.py answers SEED COUNT FIRST_NOW NOW DIR   writes files for COPY into a folder

Both make the same clinics, FIRST_NOW being the present in seconds since 1970. The answers are for
a transaction that began at NOW: `listings` and `starts` for available_slots() and booking, `fillings`
for booking one start until there is nothing left, `requests` for what is asked of book() besides,
`firsts` for book_first(), `claims` for what the visits occupy, `free` for free_time(), `orphans` for
orphans(). `searches` are for find_slots(), which must say what available_slots() says.

Nothing here follows the extension's way: clinics are asked minute by minute (see clinics.py and
clocks.py), and of what a service requires every choice is tried (see requirements.py).
"""

import random
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import requirements
from clinics import Asked, Clinic, Visit, occupied, statements
from clocks import DAY, written, written_seconds

MOST_STARTS = 150       # of a listing
SEARCHES = 20           # of a clinic


def spans(clinic, resource, begin, end):
    """When it is open with a free seat."""
    found, opened = [], None
    is_open = resource.minutes_of(begin, end)
    for minute in range(begin, end + 1):
        free = minute < end and resource.is_active and is_open[minute - begin] and \
            resource.free_seats("timed", minute * 60, minute * 60, minute * 60 + 60)
        if free and opened is None:
            opened = minute
        elif opened is not None and not free:
            found.append(f"[{written(opened)},{written(minute)})")
            opened = None
    return "{%s}" % ",".join(found)


def orphans(clinic, provider, begin, end):
    """The visits that touch [begin, end) and no longer fit, with the reason; in seconds, end may be None."""
    for visit in clinic.visits:
        asked = visit.asked
        if visit.is_cancelled or visit.is_expired or provider not in (None, asked.provider) or \
                asked.ends <= begin or (end is not None and asked.starts >= end):
            continue
        for resource in (asked.provider, *visit.resources):
            reason = orphan_reason(visit, asked, resource)
            if reason:
                yield visit.id, reason
                break


def orphan_reason(visit, asked, resource):
    if not resource.is_active:
        return "inactive"
    reason = resource.hours_reason(asked.mode, asked.starts, asked.ends)
    if reason == "outside_hours" and visit.is_overridden:
        return None
    if reason or resource is not asked.provider:
        return reason
    held = resource.at(asked.starts, asked.mode)
    if not visit.is_overridden and held[2] != asked.mode:
        return "wrong_mode"
    return "capacity_reached" if visit.seat > held[3] else None


def moved(visit, service, provider, starts, ends):
    """The visit for that service with that provider, at that time. What it occupies and its service did not
    require was named; of its own service it meets no requirement, or the visit would have less than before."""
    clinic = visit.provider.clinic
    given = requirements.first_met(clinic.units(visit.service), visit.resources)
    is_same = service is visit.service
    return Asked(service, provider, starts, ends, visit.asked.buffers if is_same else service.buffers(),
                 tuple(r for r in visit.resources if r not in given), visit, not is_same)


@contextmanager
def undone(clinic):
    """What is booked meanwhile is gone afterwards."""
    before = [(resource, resource.claims) for resource in clinic.resources]
    for resource in clinic.resources:
        resource.claims = list(resource.claims)
    yield
    for resource, claims in before:
        resource.claims = claims


class Answers:
    FILES = "listings", "starts", "fillings", "requests", "firsts", "claims", "free", "orphans", "searches"

    def __init__(self, folder):
        self.files = {name: open(Path(folder) / name, "w") for name in self.FILES}
        self.listings = self.searches = 0

    def write(self, name, *values):
        print(*(shown(value) for value in values), sep="\t", file=self.files[name])

    # The starts of one provider

    def listing(self, clinic, now):
        self.listings += 1
        service, provider, moving = some_matter(clinic)
        begin, end = some_time(clinic, service)
        step = random.choice([None, None, 300, 1020, 7 * 3600, 1800, 13 * 60])
        length = random.choice([None, None, None, 5, 40, 100, 540])
        grid = step or service.step or clinic.step
        if service.mode == "timed":
            end = min(end, begin + MOST_STARTS * grid)
        self.write("listings", self.listings, clinic.id, provider.id, service.id, clinic.patient, service.mode,
                   during(begin, end), step and f"{step} seconds", length and f"{length} minutes",
                   moving and moving.id, not moving or moving.service is service, len(clinic.units(service)))
        seconds = 60 * (length or service.minutes_with(provider))
        if moving and moving.service is service and not length:
            seconds = moving.asked.ends - moving.asked.starts

        def ask(starts, ends):
            if moving:
                return moved(moving, service, provider, starts, ends)
            return Asked(service, provider, starts, ends, service.buffers())

        starts = list(clinic.listed(service, provider, begin, end, grid, seconds))
        available = [start for start in starts if self.start(clinic, ask(*start), now, True)]
        # Some that are not listed: off the grid, or not open.
        for _ in range(6 if service.mode == "timed" else 0):
            starts_at = 60 * (clinic.centre + random.randint(-2 * DAY, 2 * DAY))
            if (starts_at, starts_at + seconds) not in starts:
                self.start(clinic, ask(starts_at, starts_at + seconds), now, False)
        for start in random.sample(available, min(len(available), 4)) if not moving else ():
            self.filling(clinic, ask(*start), now)

    def start(self, clinic, asked, now, is_listed):
        """Can it be booked?"""
        found = clinic.judge(asked, now)
        # To stay is always allowed.
        was = asked.moving and asked.moving.asked
        stays = was and (asked.starts, asked.ends, asked.provider, asked.service) == \
            (was.starts, was.ends, was.provider, was.service)
        self.write("starts", self.listings, written_seconds(asked.starts), found.visits, found.reason,
                   occupied(asked, found.seats) if found.seats else None, is_listed, not stays, bool(found.reaped),
                   random.random() < 0.03)
        return not found.reason

    def filling(self, clinic, asked, now):
        """Book it until it is refused."""
        booked = []
        with undone(clinic):
            while True:
                found = clinic.judge(asked, now)
                if found.reason:
                    break
                clinic.occupy(asked, found.seats, found.reaped, Visit(None))
                booked.append(occupied(asked, found.seats))
        self.write("fillings", self.listings, written_seconds(asked.starts), booked, found.reason)

    # What else may be asked

    def requests(self, clinic, now):
        """Rooms that are named; any provider; expired holds that are confirmed after all."""
        for _ in range(12):
            asked = clinic.some_visit()
            if asked.mode == "token":
                continue
            if random.random() < 0.6:
                start = clinic.centre * 60 + random.randint(-2 * DAY, 2 * DAY) * 60
                asked = replace(asked, starts=start, ends=start + asked.ends - asked.starts)
            if random.random() < 0.7:
                asked = replace(asked, ends=asked.starts + 60 * asked.service.minutes_with(asked.provider))
            self.request(clinic, asked, now)
            self.request_any(clinic, asked, now)
        for visit in clinic.visits:
            if visit.is_expired:
                self.confirmation(clinic, visit, now)

    def request(self, clinic, asked, now):
        found = clinic.judge(asked, now)
        self.write("requests", clinic.id, "book", asked.provider.id, asked.service.id, clinic.patient,
                   written_seconds(asked.starts), f"{asked.ends - asked.starts} seconds", [r.id for r in asked.named],
                   None, found.reason, found.seats and occupied(asked, found.seats))

    def request_any(self, clinic, asked, now):
        """The first by code who can be booked."""
        free = None
        for provider in sorted(clinic.providers, key=lambda r: r.code):
            one = replace(asked, provider=provider)
            found = None if provider in asked.named else clinic.judge(one, now)
            if found and not found.reason:
                free = occupied(one, found.seats)
                break
        self.write("requests", clinic.id, "any", None, asked.service.id, clinic.patient, written_seconds(asked.starts),
                   f"{asked.ends - asked.starts} seconds", [r.id for r in asked.named], None,
                   None if free else "refused", free)

    def confirmation(self, clinic, visit, now):
        """Its time is taken again, if it is still free, and what it requires can be had."""
        asked = moved(visit, visit.service, visit.provider, visit.asked.starts, visit.asked.ends)
        left = clinic.all_seats_left(asked)
        chosen = clinic.choose(asked, left, in_part=visit.is_overridden)
        picked = clinic.pick(asked, chosen) if chosen is not None else None
        reason = None if visit.is_overridden else clinic.rules_reason(asked, now) or clinic.named_reason(asked)
        if not reason and not picked:
            reason = "hold_expired"
        self.write("requests", clinic.id, "confirm", None, visit.service.id, clinic.patient, written_seconds(asked.starts),
                   None, [], visit.id, reason, None if reason else occupied(asked, picked[0]))

    # The first that is free

    def first(self, clinic, now):
        """Three times over."""
        service = random.choice(clinic.services)
        begin, end = some_time(clinic, service)
        providers = random.choice([None, random.sample(clinic.providers, random.randint(1, len(clinic.providers)))])
        strategy = random.choice([None, "earliest", "least_loaded", "least_loaded", "round_robin", "round_robin"])
        length = random.choice([None, None, 5, 40])
        booked, given = [], {}
        with undone(clinic):
            for turn in range(3):
                found = self.first_of(clinic, service, begin, end, providers, strategy, length, given, now)
                if not found:
                    booked.append("refused")
                    break
                asked, judged = found
                clinic.occupy(asked, judged.seats, judged.reaped, Visit(None))
                given[asked.provider] = now + turn
                booked.append(f"{asked.provider.code} {written_seconds(asked.starts)} {occupied(asked, judged.seats)}")
        self.write("firsts", clinic.id, service.id, clinic.patient, during(begin, end),
                   providers and [r.id for r in providers], strategy, length and f"{length} minutes", booked)

    def first_of(self, clinic, service, begin, end, providers, strategy, length, given, now):
        def options(provider):
            seconds = 60 * (length or service.minutes_with(provider))
            for starts, ends in clinic.listed(service, provider, begin, end, service.step or clinic.step, seconds):
                asked = Asked(service, provider, starts, ends, service.buffers())
                found = clinic.judge(asked, now)
                if not found.reason:
                    yield asked, found

        found = [next(options(provider), None) for provider in providers or clinic.providers]
        found = [option for option in found if option]
        if not found:
            return None

        def day(option):
            return clinic.clocks.day(option[0].starts // 60)

        def preference(option):
            asked = option[0]
            rank = 0
            if strategy == "least_loaded":
                rank = booked_seconds(clinic, asked.provider, day(option))
            elif strategy == "round_robin":
                rank = given.get(asked.provider) or last_given(clinic, asked.provider)
            return rank, asked.starts, asked.provider.code

        first_day = min(map(day, found))
        return min((option for option in found if day(option) == first_day), key=preference)

    # The starts of all providers

    def search(self, clinic):
        self.searches += 1
        service, provider, moving = some_matter(clinic)
        begin, end = some_time(clinic, service)
        if random.random() < 0.2:
            end += random.choice([4 * DAY, 40 * DAY]) * 60
        providers = random.choice([None, None, [], [provider], random.sample(clinic.providers, len(clinic.providers))])
        step = random.choice([None, None, 300, 1020, 7 * 3600, 1800, 13 * 60])
        length = random.choice([None, None, None, 5, 40, 100, 540])
        weekdays = random.sample(range(1, 8), random.randint(1, 6)) if random.random() < 0.3 else None
        times = [random.choice([None, f"{random.randint(0, 23):02}:{random.choice([0, 17, 30]):02}"]) for _ in "ab"] \
            if random.random() < 0.3 else (None, None)
        limits = [random.choice([None, 1, 2, 5]) if random.random() < 0.3 else None for _ in "ab"]
        self.write("searches", self.searches, clinic.id, service.id, during(begin, end), random.choice([None, 1, 3, 10, 10, 40]),
                   providers if providers is None else [r.id for r in providers], step and f"{step} seconds",
                   length and f"{length} minutes", moving and moving.id, weekdays and "{%s}" % ",".join(map(str, weekdays)),
                   *times, *limits, random.choice([None] * 5 + ["heart", "skin"]))

    # What there is

    def claims(self, clinic):
        for resource in clinic.resources:
            for claim in resource.claims:
                self.write("claims", clinic.id, claim.visit.id, resource.id, claim.seat, written_seconds(claim.begin),
                           written_seconds(claim.end))

    def free(self, clinic):
        for resource in (clinic.provider, clinic.resources[-1]):
            begin = clinic.centre + random.randint(-2 * DAY, DAY)
            end = begin + random.randint(60, 2 * DAY)
            self.free_of(clinic, resource, begin, end)
        for resource in clinic.resources:
            if resource.rules.recurring or (resource is clinic.provider and clinic.rules.recurring):
                begin = clinic.change_at - random.randint(30, 240)
                self.free_of(clinic, resource, begin, begin + 480)

    def free_of(self, clinic, resource, begin, end):
        self.write("free", clinic.id, resource.id, f"[{written(begin)},{written(end)})",
                   spans(clinic, resource, begin, end))

    def orphans(self, clinic, now):
        begin = clinic.centre * 60 + random.randint(-2 * DAY, DAY) * 60
        end = begin + random.randint(60, 3 * DAY) * 60
        for stretch, bounds in ((None, (now, None)), (during(begin, end), (begin, end))):
            provider = random.choice([None, clinic.provider])
            found = ",".join(f"{visit} {reason}" for visit, reason in sorted(orphans(clinic, provider, *bounds)))
            self.write("orphans", clinic.id, provider and provider.id, stretch, found)


def booked_seconds(clinic, provider, day):
    """Of that day, of all seats, with the buffers."""
    begin, end = 60 * clinic.clocks.day_start(day), 60 * clinic.clocks.day_start(day + 1)
    return sum(max(0, min(c.end, end) - max(c.begin, begin)) for c in provider.claims if not c.visit.is_expired)


def last_given(clinic, provider):
    """When a visit was last booked with the provider, whatever became of it."""
    return max((visit.created_at for visit in clinic.visits if visit.provider is provider), default=0)


def some_matter(clinic):
    """A service, a provider, and perhaps a visit that is to be moved."""
    service = random.choice([clinic.services[0], clinic.services[0], clinic.services[1]])
    provider = random.choice([clinic.provider, *clinic.providers])
    standing = [visit for visit in clinic.visits if not visit.is_cancelled]
    if not standing or random.random() < 0.75:
        return service, provider, None
    moving = random.choice(standing)
    service = random.choice([moving.service] * 3 + [s for s in clinic.services if s.mode == moving.service.mode])
    provider = random.choice([moving.provider, provider])
    # Who was named besides cannot become the provider.
    if provider in moved(moving, service, provider, 0, 0).named:
        provider = moving.provider
    return service, provider, moving


def some_time(clinic, service):
    begin = clinic.centre * 60 + random.choice([random.randint(-36, 12) * 3600, random.randint(-2 * DAY, DAY) * 60])
    end = begin + random.choice([DAY, 2 * DAY, random.randint(60, 3 * DAY)]) * 60
    if service.mode == "token":
        end += 4 * DAY * 60
    if clinic.kind == "near":
        begin, end = begin - begin % 60, end - end % 60
    return begin, end


def during(begin, end):
    return f"[{written_seconds(begin)},{written_seconds(end)})"


def shown(value):
    if value is None:
        return "\\N"
    if isinstance(value, list):
        return "{%s}" % ",".join(f'"{element}"' for element in value)
    return value


def main(task, seed, count, first_now, now=None, folder=None):
    answers = Answers(folder) if task == "answers" else None
    for number in range(1, int(count) + 1):
        random.seed(f"{seed} {number}")
        clinic = Clinic(number, float(first_now))
        if task == "clinics":
            print(*statements(clinic), sep="\n")
            continue
        now = float(now)
        for _ in range(4):
            answers.listing(clinic, now)
        answers.requests(clinic, now)
        for _ in range(2 * len(clinic.providers)):
            answers.first(clinic, now)
        answers.claims(clinic)
        answers.free(clinic)
        answers.orphans(clinic, now)
        for _ in range(SEARCHES):
            answers.search(clinic)


main(*sys.argv[1:])
