"""python-dateutil, measured as ./run measures: the nanoseconds of an occurrence, or of one week."""

import sys
import time
from datetime import datetime
from statistics import median

from dateutil import rrule, tz

ZONE = tz.gettz("Europe/Berlin")
START, END = datetime(1970, 1, 1, 9, tzinfo=ZONE), datetime(2038, 1, 1, tzinfo=ZONE)
RULES = {
    "DAILY": {"freq": rrule.DAILY},
    "WEEKLY MO,WE,FR": {"freq": rrule.WEEKLY, "byweekday": (rrule.MO, rrule.WE, rrule.FR)},
    "MONTHLY -1FR": {"freq": rrule.MONTHLY, "byweekday": rrule.FR(-1)},
}


def measure(name, rounds, run):
    times = []
    for _ in range(rounds):
        begin = time.perf_counter_ns()
        count = run()
        times.append((time.perf_counter_ns() - begin) / count)
    print(f"{name}|python-dateutil\t{median(times)}")


def main(rounds):
    for name, rule in RULES.items():
        measure(name, rounds, lambda: sum(1 for _ in rrule.rrule(dtstart=START, until=END, **rule)))

    def one_week():
        rule = rrule.rrule(rrule.DAILY, dtstart=START)
        assert len(rule.between(datetime(2026, 6, 1, tzinfo=ZONE), datetime(2026, 6, 8, tzinfo=ZONE), inc=True)) == 7
        return 1

    measure("one week of a daily rule from 1970", rounds, one_week)


if __name__ == "__main__":
    main(int(sys.argv[1]))
