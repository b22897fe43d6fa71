/*
 * weekly_hours_fuzz.c
 *		Any bytes, as the text of weekly hours and as their ranges.
 *
 * Whatever is read prints, and what is printed is read as the same value and
 * prints the same.  Whatever passes for a value does so too.  And nothing
 * reads or writes where it may not, which the sanitizers see.
 */
#include "postgres.h"

#include <stdio.h>
#include <stdlib.h>

#include "hours/weekly_hours_parse.c"
#include "hours/weekly_hours_print.c"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
require(bool holds, const char *promise)
{
	if (holds)
		return;
	fputs("broken: ", stderr);
	fputs(promise, stderr);
	fputs("\n", stderr);
	abort();
}

static char *
text_of(const MinuteRange *ranges, int count)
{
	char *text = malloc(weekly_hours_text_size(count));

	weekly_hours_print(ranges, count, text);
	return text;
}

static void
check_value(const MinuteRange *ranges, int count)
{
	char *text = text_of(ranges, count);
	MinuteRange again[WEEKLY_HOURS_MAX_RANGES];
	WeeklyHoursFault fault;
	char *text_again;
	int count_again;

	require(strlen(text) <= WEEKLY_HOURS_MAX_LENGTH, "the text of a value is not too long");
	require(weekly_hours_parse(text, again, &count_again, &fault), "what is printed is read");
	require(count_again == count && memcmp(again, ranges, count * sizeof(MinuteRange)) == 0,
			"what is printed is read as the same value");
	text_again = text_of(again, count_again);
	require(strcmp(text, text_again) == 0, "a value prints the same again");
	free(text);
	free(text_again);
}

static void
check_text(const uint8_t *bytes, size_t size)
{
	char *text = malloc(size + 1);
	MinuteRange ranges[WEEKLY_HOURS_MAX_RANGES];
	WeeklyHoursFault fault = {.position = 0};
	int count;

	memcpy(text, bytes, size);
	text[size] = '\0';
	if (weekly_hours_parse(text, ranges, &count, &fault))
	{
		require(weekly_hours_valid(ranges, count), "what is read is a value");
		check_value(ranges, count);
	}
	else
		require(fault.reason != NULL && fault.position >= 1 &&
					fault.position <= (int) strlen(text) + 1,
				"a fault has a place in the text and a reason");
	free(text);
}

static void
check_ranges(const uint8_t *bytes, size_t size)
{
	int count = (int) (size / sizeof(MinuteRange));
	MinuteRange *ranges = malloc(size + 1);

	memcpy(ranges, bytes, size);
	if (weekly_hours_valid(ranges, count))
		check_value(ranges, count);
	free(ranges);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	check_text(bytes, size);
	check_ranges(bytes, size);
	return 0;
}
