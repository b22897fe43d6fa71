#!/usr/bin/env python3
"""When random recurrence rules occur, by python-dateutil.

    recurrence.py SEED COUNT

prints rows for COPY: the number of a case, its oracle, rule, dtstart, horizon and the local times,
as an array, from dtstart to before the horizon. All times are floating: no zone is asked.

dateutil is asked for all but these classes of rules, in which it is known to differ from RFC 5545
or 7529. There the definition is applied day by day, which is checked against dateutil in others:

  mixed_byday   BYDAY lists numbered weekdays beside plain ones: dateutil cuts the two sets instead
                of uniting them
  far_byday     a number of BYDAY that no month has: dateutil looks past the end of its own list
  first_week    FREQ=WEEKLY with BYSETPOS: dateutil cuts the first week at DTSTART before it counts
                positions
  year_end      BYWEEKNO=52, 53, -52 or -53, in the days that belong to a week of another year:
                dateutil gets the number of weeks of the year before wrong, and does not see that
                -52 or -53 is the week 1 of the next year (its source says "TODO")
  skip          RFC 7529, which dateutil does not know

BYSECOND=60 is given to dateutil as 59, as RFC 5545 section 3.3.12 has it.
"""

import random
import sys
import warnings
from calendar import isleap, monthrange
from datetime import date, datetime, timedelta

from dateutil import rrule

FREQUENCIES = ["SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"]
WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
DAY = timedelta(days=1)

# The span of time that is looked at, in days, if INTERVAL is 1; and of how many occurrences at most.
SPANS = {"SECONDLY": 0.03, "MINUTELY": 1, "HOURLY": 30, "DAILY": 400, "WEEKLY": 1000,
         "MONTHLY": 3000, "YEARLY": 9000}
MOST_OCCURRENCES = 60


class Rule:
    """The parts of a rule as numbers; BYDAY as pairs of a number or 0 and a weekday."""

    def __init__(self, frequency):
        self.frequency = frequency
        self.interval = 1
        self.count = None
        self.until = None           # a datetime, and how it is written
        self.until_text = None
        self.parts = {}             # BYMONTH and so on: a list
        self.weekdays = []
        self.week_start = 0
        self.skip = None

    def numbers(self, part):
        return self.parts.get(part, [])

    def text(self):
        parts = [f"FREQ={self.frequency}"]
        if self.interval != 1 or random.random() < 0.1:
            parts.append(f"INTERVAL={self.interval}")
        if self.count:
            parts.append(f"COUNT={self.count}")
        if self.until:
            parts.append(f"UNTIL={self.until_text}")
        parts += [f"{part}={','.join(map(str, numbers))}" for part, numbers in self.parts.items()]
        if self.weekdays:
            parts.append("BYDAY=" + ",".join(f"{number or ''}{WEEKDAYS[day]}" for number, day in self.weekdays))
        if self.week_start:
            parts.append(f"WKST={WEEKDAYS[self.week_start]}")
        if self.skip:
            parts += ["RSCALE=GREGORIAN", f"SKIP={self.skip}"]
        random.shuffle(parts)
        return ";".join(parts)

    def oracle(self):
        numbered = [number for number, _ in self.weekdays if number]
        if self.skip:
            return "skip"
        if numbered and len(numbered) < len(self.weekdays):
            return "mixed_byday"
        if any(abs(number) > 5 for number in numbered) and (
                self.frequency == "MONTHLY" or self.numbers("BYMONTH")):
            return "far_byday"
        if self.frequency == "WEEKLY" and self.numbers("BYSETPOS"):
            return "first_week"
        if any(abs(week) >= 52 for week in self.numbers("BYWEEKNO")):
            return "year_end"
        return "dateutil"


# By dateutil


class BeyondHorizon(Exception):
    pass


class Calendar(rrule._iterinfo):
    """dateutil's own, but for a rule without occurrences it would look on until the year 9999."""

    horizon = datetime.max

    def rebuild(self, year, month):
        # Of a yearly rule the month is that of DTSTART.
        if year > self.horizon.year or year == self.horizon.year and self.rrule._freq != rrule.YEARLY and month > self.horizon.month:
            raise BeyondHorizon
        super().rebuild(year, month)


rrule._iterinfo = Calendar


def by_dateutil(rule, start, horizon):
    seconds = {59 if second == 60 else second for second in rule.numbers("BYSECOND")}
    until = min(rule.until or horizon, horizon)
    Calendar.horizon = until
    try:
        generator = rrule.rrule(
            getattr(rrule, rule.frequency), dtstart=start, interval=rule.interval, count=rule.count, until=until,
            wkst=rule.week_start, bysetpos=rule.numbers("BYSETPOS") or None,
            bymonth=rule.numbers("BYMONTH") or None, bymonthday=rule.numbers("BYMONTHDAY") or None,
            byyearday=rule.numbers("BYYEARDAY") or None, byweekno=rule.numbers("BYWEEKNO") or None,
            byweekday=[rrule.weekday(day, number or None) for number, day in rule.weekdays] or None,
            byhour=rule.numbers("BYHOUR") or None, byminute=rule.numbers("BYMINUTE") or None,
            bysecond=sorted(seconds) or None)
        yield from (moment for moment in generator if moment < horizon)
    except (ValueError, BeyondHorizon):
        # ValueError is what it says of rules that never occur
        return


# By definition


def week_of(day, week_start):
    """The week-year of a day and the number of its week."""
    first = day - ((day.weekday() - week_start) % 7) * DAY
    # A week belongs to the year of its fourth day.
    year = (first + 3 * DAY).year
    return year, ((first + 3 * DAY) - date(year, 1, 1)).days // 7 + 1


def weeks_of_year(year, week_start):
    return week_of(date(year, 12, 28), week_start)[1]


def named_month_days(rule, year, month):
    """The dates that BYMONTHDAY names in a month, moved by SKIP."""
    length = monthrange(year, month)[1]
    first, last = date(year, month, 1), date(year, month, length)
    for number in rule.numbers("BYMONTHDAY"):
        if abs(number) <= length:
            yield date(year, month, number if number > 0 else length + 1 + number)
        elif rule.skip == "FORWARD":
            yield last + DAY if number > 0 else first
        elif rule.skip == "BACKWARD":
            yield last if number > 0 else first - DAY


def named_year_days(rule, year):
    length = 366 if isleap(year) else 365
    first, last = date(year, 1, 1), date(year, 12, 31)
    for number in rule.numbers("BYYEARDAY"):
        if abs(number) <= length:
            yield first + (number - 1) * DAY if number > 0 else last + (number + 1) * DAY
        elif rule.skip == "FORWARD":
            yield last + DAY if number > 0 else first
        elif rule.skip == "BACKWARD":
            yield last if number > 0 else first - DAY


def in_named_week(rule, day):
    year, week = week_of(day, rule.week_start)
    weeks = weeks_of_year(year, rule.week_start)
    for number in rule.numbers("BYWEEKNO"):
        if number in (week, week - weeks - 1):
            return True
        if number == 53 and rule.skip == "FORWARD" and week == 1:
            if weeks_of_year(year - 1, rule.week_start) == 52:
                return True
        if number == 53 and rule.skip == "BACKWARD" and week == weeks == 52:
            return True
        if number == -53 and rule.skip == "FORWARD" and week == 1 and weeks == 52:
            return True
        if number == -53 and rule.skip == "BACKWARD" and week == weeks:
            if weeks_of_year(year + 1, rule.week_start) == 52:
                return True
    return False


def in_named_weekday(rule, day):
    if rule.frequency == "MONTHLY" or rule.numbers("BYMONTH"):
        first = day.replace(day=1)
        last = day.replace(day=monthrange(day.year, day.month)[1])
    else:
        first, last = date(day.year, 1, 1), date(day.year, 12, 31)
    return any(weekday == day.weekday() and
               number in ((day - first).days // 7 + 1, -((last - day).days // 7) - 1)
               for number, weekday in rule.weekdays)


def period_of(rule, day):
    if rule.frequency == "YEARLY":
        return day.year
    if rule.frequency == "MONTHLY":
        return day.year * 12 + day.month - 1
    return (day.toordinal() - 1 - rule.week_start) // 7


def days_of_period(rule, period):
    if rule.frequency == "YEARLY":
        first, length = date(period, 1, 1), 366 if isleap(period) else 365
    elif rule.frequency == "MONTHLY":
        first = date(period // 12, period % 12 + 1, 1)
        length = monthrange(first.year, first.month)[1]
    else:
        first, length = date.fromordinal(period * 7 + 1 + rule.week_start), 7
    return [first + i * DAY for i in range(length)]


def dates_of_period(rule, period, start):
    """The dates of a period: each part names some, and the rule's are those that all name."""
    days = days_of_period(rule, period)
    months = rule.numbers("BYMONTH")
    named = [part for part in ("BYMONTHDAY", "BYYEARDAY", "BYWEEKNO") if rule.numbers(part)]
    if not named and not rule.weekdays:
        if rule.frequency == "WEEKLY":
            days = [day for day in days if day.weekday() == start.weekday()]
        else:
            if rule.frequency == "YEARLY" and not months:
                months = [start.month]
            rule.parts["BYMONTHDAY"] = [start.day]
            dates = dates_by_month(rule, days, months)
            del rule.parts["BYMONTHDAY"]
            return dates
    if rule.numbers("BYMONTHDAY"):
        chosen = dates_by_month(rule, days, months)
    elif rule.numbers("BYYEARDAY"):
        chosen = set(named_year_days(rule, days[0].year))
        chosen = {day for day in chosen if not months or day.month in months}
    else:
        chosen = {day for day in days if not months or day.month in months}
    if rule.numbers("BYMONTHDAY") and rule.numbers("BYYEARDAY"):
        chosen &= set(named_year_days(rule, days[0].year))
    # What SKIP has moved is asked by its own date, and has no number outside of the period.
    if rule.numbers("BYWEEKNO"):
        chosen = {day for day in chosen if in_named_week(rule, day)}
    if rule.weekdays:
        chosen = {day for day in chosen
                  if (0, day.weekday()) in rule.weekdays or
                  day in days and (not months or day.month in months) and in_named_weekday(rule, day)}
    return chosen


def dates_by_month(rule, days, months):
    found = set()
    for year, month in sorted({(day.year, day.month) for day in days}):
        if not months or month in months:
            found |= set(named_month_days(rule, year, month))
    return found


def times_of_day(rule, start):
    seconds = {59 if second == 60 else second for second in rule.numbers("BYSECOND")} or {start.second}
    return sorted(
        timedelta(hours=hour, minutes=minute, seconds=second)
        for hour in rule.numbers("BYHOUR") or [start.hour]
        for minute in rule.numbers("BYMINUTE") or [start.minute]
        for second in seconds)


def by_definition(rule, start, horizon):
    times = sorted(set(times_of_day(rule, start)))
    period = period_of(rule, start.date())
    positions = rule.numbers("BYSETPOS")
    found = set()
    empty = 0
    while True:
        days = days_of_period(rule, period)
        if days[0] - 8 * DAY > horizon.date():
            break
        moments = sorted({datetime.combine(day, datetime.min.time()) + time
                          for day in dates_of_period(rule, period, start) for time in times})
        if positions:
            chosen = {position - 1 if position > 0 else len(moments) + position for position in positions}
            moments = [moment for i, moment in enumerate(moments) if i in chosen]
        found |= {moment for moment in moments if moment >= start}
        period += rule.interval
    ordered = sorted(found)[:rule.count]
    return [moment for moment in ordered if moment < horizon and (not rule.until or moment <= rule.until)]


# Random rules


def some(numbers, most):
    numbers = list(numbers)
    return sorted(random.sample(numbers, min(random.randint(1, most), len(numbers))), key=lambda n: (n < 0, n))


def signed(most):
    return [*range(1, most + 1), *range(-most, 0)]


def few_or_many(numbers, most):
    return some(numbers, most if random.random() < 0.85 else 30)


def random_weekdays(rule):
    numbered = rule.frequency in ("MONTHLY", "YEARLY") and not rule.numbers("BYWEEKNO") and random.random() < 0.5
    days = some(range(7), 4)
    if not numbered:
        return [(0, day) for day in days]
    far = rule.frequency == "YEARLY" and not rule.numbers("BYMONTH") or random.random() < 0.05
    numbers = [number for number in signed(53 if far else 5)]
    chosen = {(random.choice(numbers), day) for day in days}
    if random.random() < 0.2:
        chosen.add((0, random.randrange(7)))
    return sorted(chosen)


def random_start():
    roll = random.random()
    if roll < 0.6:
        year = random.randint(1995, 2035)
    elif roll < 0.9:
        year = random.randint(1890, 2110)
    else:
        year = random.randint(2, 9500)
    if random.random() < 0.2:
        # days that not every month or year has
        month, day = random.choice([(1, 31), (1, 30), (1, 29), (2, 28), (2, 29), (12, 31), (1, 1), (12, 29)])
    else:
        month, day = random.randint(1, 12), random.randint(1, 31)
    day = min(day, monthrange(year, month)[1])
    return datetime(year, month, day, random.randrange(24), random.choice([0, 0, 30, random.randrange(60)]),
                    random.choice([0, 0, 0, random.randrange(60)]))


def random_rule(start):
    frequency = random.choice(FREQUENCIES + ["DAILY", "WEEKLY", "WEEKLY", "MONTHLY", "MONTHLY", "MONTHLY", "YEARLY", "YEARLY"])
    rule = Rule(frequency)
    level = FREQUENCIES.index(frequency)
    roll = random.random()
    if roll > 0.5:
        rule.interval = random.choice([2, 2, 3, 4, 5, 6, 7, 12, random.randint(2, 40), random.randint(2, 400)])
    if random.random() < 0.25:
        rule.week_start = random.randrange(7)
    chance = random.choice([0.1, 0.2, 0.4])
    parts = rule.parts

    def maybe():
        return random.random() < chance

    if maybe():
        parts["BYMONTH"] = few_or_many(range(1, 13), 3)
    if frequency == "YEARLY" and maybe():
        parts["BYWEEKNO"] = few_or_many(signed(53), 4)
    if frequency in ("YEARLY", "HOURLY", "MINUTELY", "SECONDLY") and random.random() < chance / 2:
        parts["BYYEARDAY"] = few_or_many([*signed(366), 366, -366, 1, -1], 6)
    if frequency != "WEEKLY" and maybe():
        parts["BYMONTHDAY"] = few_or_many(signed(31), 4)
    if maybe() or frequency == "WEEKLY" and maybe():
        rule.weekdays = random_weekdays(rule)
    if maybe():
        parts["BYHOUR"] = few_or_many(range(24), 3)
    if maybe():
        parts["BYMINUTE"] = few_or_many(range(60), 3)
    if random.random() < chance / 2:
        parts["BYSECOND"] = few_or_many(range(61), 3)
    if (parts or rule.weekdays) and maybe():
        parts["BYSETPOS"] = few_or_many(signed(random.choice([2, 5, 5, 366])), 3)
        if frequency == "SECONDLY" and 1 not in parts["BYSETPOS"]:
            # A set of one has no other position, and dateutil would go over all seconds of a month.
            parts["BYSETPOS"].append(-1)
    if level >= 5 and random.random() < 0.15:
        rule.skip = random.choice(["FORWARD", "BACKWARD"])
        if random.random() < 0.4:
            parts["BYMONTHDAY"] = some([1, 28, 29, 30, 31, -1, -29, -30, -31], 4)
        elif frequency == "YEARLY" and random.random() < 0.3:
            parts["BYYEARDAY"] = some([1, 365, 366, -1, -365, -366], 3)
        if parts and "BYSETPOS" not in parts and random.random() < 0.2:
            parts["BYSETPOS"] = some(signed(3), 2)

    span = timedelta(days=SPANS[frequency] * min(rule.interval, 30) * random.uniform(0.3, 1))
    if level <= 2 and any(part in parts for part in ("BYMONTH", "BYYEARDAY", "BYMONTHDAY")) or level <= 2 and rule.weekdays:
        span *= 5
    horizon = min(start + span, datetime(9999, 12, 31)) if start + timedelta(0) < datetime(9900, 1, 1) else start
    roll = random.random()
    if roll < 0.3:
        rule.count = random.choice([1, 2, 3, random.randint(1, 20), random.randint(1, 200)])
    elif roll < 0.5:
        rule.until = start + (horizon - start) * random.random()
        rule.until = rule.until.replace(microsecond=0)
        kind = random.randrange(3)
        if kind == 0:
            rule.until_text = rule.until.strftime("%Y%m%d").rjust(8, "0")
            rule.until = datetime.combine(rule.until.date(), datetime.max.time()).replace(microsecond=0)
        else:
            rule.until_text = rule.until.strftime("%Y%m%dT%H%M%S").rjust(15, "0") + ("Z" if kind == 2 else "")
    return rule, horizon.replace(microsecond=0)


def written(moment):
    return moment.isoformat(sep=" ").rjust(19, "0")


def case():
    start = random_start()
    rule, horizon = random_rule(start)
    oracle = rule.oracle()
    if oracle == "dateutil":
        expected = []
        for moment in by_dateutil(rule, start, horizon):
            if len(expected) == MOST_OCCURRENCES:
                # enough: what comes is not looked at
                horizon = moment
                break
            expected.append(moment)
        if FREQUENCIES.index(rule.frequency) >= 4 and random.random() < 0.1:
            assert by_definition(rule, start, horizon) == expected, (rule.text(), start, horizon)
    else:
        expected = by_definition(rule, start, horizon)
        if len(expected) > MOST_OCCURRENCES:
            horizon = expected[MOST_OCCURRENCES]
            del expected[MOST_OCCURRENCES:]
    return oracle, rule.text(), start, horizon, expected


def main(seed, count):
    random.seed(seed)
    # of COUNT beside UNTIL, which keeps it from looking further than the horizon
    warnings.simplefilter("ignore", DeprecationWarning)
    for number in range(count):
        oracle, text, start, horizon, expected = case()
        print(number, oracle, text, written(start), written(horizon),
              "{" + ",".join(map(written, expected)) + "}", sep="\t")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
