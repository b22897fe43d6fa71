/*
 * libical_peer.c
 *		libical, measured as ./run measures: the nanoseconds of an occurrence, or of one week.
 *
 * An occurrence is taken to UTC, as one of ours is.
 */
#include <libical/ical.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static volatile time_t sink;

static double
nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

/* The occurrences in [from, to); from NULL, those before. */
static int
expand(const char *text, const char *from, const char *to, int skip)
{
	icaltimezone *zone = icaltimezone_get_builtin_timezone("Europe/Berlin");
	struct icalrecurrencetype rule = icalrecurrencetype_from_string(text);
	icaltimetype start = icaltime_from_string("19700101T090000");
	icaltimetype begin = from ? icaltime_from_string(from) : start;
	icaltimetype end = icaltime_from_string(to);
	icalrecur_iterator *iterator = icalrecur_iterator_new(rule, start);
	icaltimetype next;
	int count = 0;

	if (skip)
		icalrecur_iterator_set_start(iterator, begin);
	while (next = icalrecur_iterator_next(iterator), !icaltime_is_null_time(next))
	{
		if (icaltime_compare(next, end) >= 0)
			break;
		if (icaltime_compare(next, begin) < 0)
			continue;
		sink = icaltime_as_timet_with_zone(next, zone);
		count++;
	}
	icalrecur_iterator_free(iterator);
	return count;
}

static int
ascending(const void *a, const void *b)
{
	double one = *(const double *) a;
	double other = *(const double *) b;

	return one < other ? -1 : one > other;
}

static void
measure(const char *name, int rounds, const char *text, const char *from, const char *to, int skip)
{
	double times[100];

	for (int i = 0; i < rounds; i++)
	{
		double begin = nanoseconds();
		int count = expand(text, from, to, skip);

		times[i] = (nanoseconds() - begin) / (from ? 1 : count);
	}
	qsort(times, rounds, sizeof(double), ascending);
	printf("%s\t%.1f\n", name, times[rounds / 2]);
}

int
main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 5;

	if (rounds < 1 || rounds > 100)
		return 2;
	measure("DAILY|libical", rounds, "FREQ=DAILY", NULL, "20380101T000000", 0);
	measure("WEEKLY MO,WE,FR|libical", rounds, "FREQ=WEEKLY;BYDAY=MO,WE,FR", NULL, "20380101T000000", 0);
	measure("MONTHLY -1FR|libical", rounds, "FREQ=MONTHLY;BYDAY=-1FR", NULL, "20380101T000000", 0);
	measure("one week of a daily rule from 1970|libical", rounds, "FREQ=DAILY", "20260601T000000", "20260608T000000", 0);
	measure("one week of a daily rule from 1970|libical, skipping", rounds, "FREQ=DAILY", "20260601T000000",
			"20260608T000000", 1);
	return 0;
}
