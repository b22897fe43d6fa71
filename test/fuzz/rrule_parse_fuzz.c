/*
 * rrule_parse_fuzz.c
 *		Any bytes, as the text of a recurrence rule, as its stored form, as a choice of parts, and
 *		as lines of iCalendar.
 *
 * Whatever is read prints, and what is printed is read as the same rule and
 * prints the same.  What is packed is unpacked as the same rule, and what
 * unpacks from bytes of anybody's is a rule with just these bytes.  Rules made of
 * parts at random, which a text seldom is, go the same ways.  Lines of iCalendar
 * keep what they say when they are folded.  And nothing reads or writes where it
 * may not, which the sanitizers see.
 */
#include "postgres.h"

#include <stdio.h>
#include <stdlib.h>

#include "recurrence/basic_time.c"
#include "recurrence/ical.c"
#include "recurrence/rrule_describe.c"
#include "recurrence/rrule_numbers.c"
#include "recurrence/rrule_rules.c"
#include "recurrence/rrule_value.c"

#include "recurrence/rrule_parse.c"
#include "recurrence/rrule_print.c"

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

static bool
same_rule(const RRule *a, const RRule *b)
{
	return memcmp(a, b, sizeof(RRule)) == 0;
}

/* Exactly as long as said, so that the sanitizer sees a byte too many. */
static char *
print_exactly(const RRule *rule, size_t (*print)(const RRule *, char *, size_t))
{
	size_t length = print(rule, NULL, 0);
	char *text = malloc(length + 1);
	char short_text[8];

	require(print(rule, text, length + 1) == length && strlen(text) == length,
			"a text is as long as was said");
	require(print(rule, short_text, sizeof(short_text)) == length &&
				strncmp(short_text, text, sizeof(short_text) - 1) == 0,
			"without room there is as much of the text as there is room for");
	return text;
}

static void
check_text_of(const RRule *rule)
{
	char *text = print_exactly(rule, rrule_print);
	char *text_again;
	RRule again;
	RRuleError error;

	require(strlen(text) <= RRULE_MAX_LENGTH, "the text of a rule is not too long");
	require(rrule_parse(text, &again, &error), "what is printed is read");
	require(same_rule(rule, &again), "what is printed is read as the same rule");
	text_again = print_exactly(&again, rrule_print);
	require(strcmp(text, text_again) == 0, "a rule prints the same again");
	free(text);
	free(text_again);
}

static void
check_bytes_of(const RRule *rule)
{
	uint8 packed[RRULE_MAX_PACKED];
	int size = rrule_pack(rule, packed);
	uint8 *exact = malloc(size);
	RRule again;

	memcpy(exact, packed, size);
	require(rrule_unpack(exact, size, &again) && same_rule(rule, &again),
			"what is packed is unpacked as the same rule");
	require(rrule_unpack_untrusted(exact, size, &again), "whoever has sent it");
	for (int shorter = size - 1; shorter > 0; shorter /= 2)
		require(!rrule_unpack_untrusted(exact, shorter, &again), "but not a part of it");
	free(exact);
}

static void
check_rule(const RRule *rule)
{
	RRulePart part;

	require(rrule_fault(rule, &part) == NULL, "it is a rule");
	check_text_of(rule);
	check_bytes_of(rule);
	free(print_exactly(rule, rrule_print_json));
	free(print_exactly(rule, rrule_print_english));
}

static void
check_text(const uint8_t *bytes, size_t size)
{
	char *text = malloc(size + 1);
	RRule rule;
	RRuleError error = {.position = 0};

	memcpy(text, bytes, size);
	text[size] = '\0';
	if (rrule_parse(text, &rule, &error))
		check_rule(&rule);
	else
		require(error.reason != NULL && error.position >= 1 &&
					error.position <= (int) strlen(text) + 1,
				"a fault has a place in the text and a reason");
	free(text);
}

static void
check_bytes(const uint8_t *bytes, size_t size)
{
	RRule rule;
	uint8 again[RRULE_MAX_PACKED];

	/* What is stored is not asked whether it is a rule, but may do no harm. */
	if (rrule_unpack(bytes, size, &rule))
		require(rule.interval >= 0 && rule.count >= 0, "numbers are within their bounds");
	if (!rrule_unpack_untrusted(bytes, size, &rule))
		return;
	check_rule(&rule);
	require((size_t) rrule_pack(&rule, again) == size && memcmp(bytes, again, size) == 0,
			"a rule has one form");
}

/* The next eight bytes, or zeros. */
static uint64
take_bits(const uint8_t **bytes, size_t *size)
{
	uint64 bits = 0;
	size_t count = Min(*size, sizeof(bits));

	memcpy(&bits, *bytes, count);
	*bytes += count;
	*size -= count;
	return bits;
}

static RRuleNumbers
take_numbers(RRulePart part, const uint8_t **bytes, size_t *size)
{
	RRuleNumbers numbers = {0};
	int count = (int) (take_bits(bytes, size) % 400);
	uint64 bits = take_bits(bytes, size) | 1;

	for (int i = 0; i < count; i++, bits = bits * 6364136223846793005u + 1442695040888963407u)
		rrule_add_number(&numbers, part, (int) (bits >> 40) % 737 - 368);
	return numbers;
}

/* What does not go together with the rest is taken away until there is a rule. */
static void
check_parts_at_random(const uint8_t *bytes, size_t size)
{
	uint64 bits = take_bits(&bytes, &size);
	RRule rule = {.interval = (int32) (take_bits(&bytes, &size) & PG_INT32_MAX)};
	RRulePart part;

	rule.interval = Max(rule.interval, 1);
	rule.frequency = (RRuleFrequency) ((bits & 0xFF) % (RRULE_YEARLY + 1));
	rule.week_start = (int) ((bits >> 8 & 0xFF) % RRULE_WEEKDAYS);
	rule.has_rscale = (bits >> 16 & 1) != 0;
	rule.skip = (RRuleSkip) ((bits >> 17 & 3) % 3);
	rule.until_kind = (RRuleUntil) (bits >> 19 & 3);
	rule.weekdays = (uint8) (bits >> 21 & 0x7F);
	rule.count = bits >> 28 & 1 ? (int64) (take_bits(&bytes, &size) >> 1) : 0;
	if (rule.until_kind == RRULE_UNTIL_DATE)
		rule.until = FIRST_CALENDAR_DAY + (int64) (take_bits(&bytes, &size) % 3652059);
	else if (rule.until_kind != RRULE_UNTIL_NONE)
		rule.until =
			FIRST_CALENDAR_DAY * USECS_PER_DAY +
			(int64) (take_bits(&bytes, &size) % (UINT64CONST(3652059) * SECS_PER_DAY)) * 1000000;
	for (int weekday = 0; bits >> 29 & 1 && weekday < RRULE_WEEKDAYS; weekday++)
	{
		rule.nth[weekday] = take_bits(&bytes, &size) & NTH_BITS;
		rule.nth_last[weekday] = take_bits(&bytes, &size) & NTH_BITS;
	}
	for (part = 0; part < RRULE_PARTS; part++)
		if (rrule_limits[part].most != 0 && bits >> (32 + part) & 1)
		{
			RRuleNumbers numbers = take_numbers(part, &bytes, &size);

			rrule_set_numbers(&rule, part, &numbers);
		}

	while (rrule_fault(&rule, &part) != NULL)
	{
		RRuleNumbers none = {0};

		if (part == RRULE_PART_UNTIL)
			rule.count = 0;
		else if (part == RRULE_PART_SKIP)
			rule.has_rscale = true;
		else if (part == RRULE_PART_BYDAY)
			memset(rule.nth, 0, sizeof(rule.nth) + sizeof(rule.nth_last));
		else
			rrule_set_numbers(&rule, part, &none);
	}
	check_rule(&rule);
}

/* Fold a line and read it again: it says the same. */
static void
check_folded(const IcalLine *line)
{
	Writer writer = writer_begin(NULL, 0);
	size_t room = strlen(line->value) + 32;
	char *text = malloc(room);
	char *folded;
	char *buffer;
	IcalReader reader = {.lines = 0};
	IcalLine again;
	const char *reason;

	writer = writer_begin(text, room);
	write_text(&writer, ical_property_names[line->property]);
	write_text(&writer, line->is_date ? ";VALUE=DATE:" : ":");
	write_text(&writer, line->value);
	writer_end(&writer);

	writer = writer_begin(NULL, 0);
	ical_write_line(&writer, text);
	room = writer.length + 1;
	folded = malloc(room);
	buffer = malloc(room);
	writer = writer_begin(folded, room);
	ical_write_line(&writer, text);
	writer_end(&writer);
	reader = (IcalReader){.at = folded, .buffer = buffer};
	require(ical_next_line(&reader, &again, &reason) == ICAL_LINE, "a folded line is read");
	require(again.property == line->property && again.is_date == line->is_date &&
				strcmp(again.value, line->value) == 0,
			"as what it was");
	require(ical_next_line(&reader, &again, &reason) == ICAL_END, "and as one line");
	free(text);
	free(folded);
	free(buffer);
}

static void
check_ical(const uint8_t *bytes, size_t size)
{
	char *text = malloc(size + 1);
	char *buffer = malloc(size + 1);
	IcalReader reader = {.at = text, .buffer = buffer};
	IcalLine line;
	IcalResult result;
	const char *reason;
	int number = 0;

	memcpy(text, bytes, size);
	text[size] = '\0';
	while ((result = ical_next_line(&reader, &line, &reason)) == ICAL_LINE)
	{
		const char *at = line.value;
		BasicTime time;

		require(line.number > number && line.number <= reader.lines + 1, "lines are counted");
		number = line.number;
		check_folded(&line);
		while (line.property != ICAL_RRULE && at != NULL &&
			   ical_next_time(&line, &at, &time, &reason))
			require((time.kind == RRULE_UNTIL_DATE) == line.is_date,
					"a time is of the kind that its line says");
	}
	if (result == ICAL_FAULT)
		require(line.number > number && reason != NULL, "a fault has a line and a reason");
	free(text);
	free(buffer);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	check_ical(bytes, size);
	check_text(bytes, size);
	check_bytes(bytes, size);
	check_parts_at_random(bytes, size);
	return 0;
}
