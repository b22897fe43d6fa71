/*
 * rrule_value.c
 *		A recurrence rule as it is stored and sent.
 *
 * Bytes:
 *
 *		0	frequency << 5 | week_start << 2 | until_kind
 *		1	flags: what follows, RSCALE, and SKIP in the two highest bits
 *		2	bit i: the i-th of number_parts follows
 *		INTERVAL, if not 1; COUNT; UNTIL, as days or seconds since 0001-01-01
 *		BYDAY: bits of the weekdays without a number; with bit 7, next the bits of
 *			those with one, and of each the set of its numbers from the start and
 *			the set of those from the end
 *		of each part that follows, the set of its numbers; for one that counts from
 *			the end, the set of those after it
 *
 * A number has 7 bits in a byte, the lowest first, and the highest bit in all
 * bytes but the last.  A set is the number of its bytes, then a bit for each of its
 * numbers, up to the last byte that is not zero.  So equal rules have equal bytes.
 * A usual rule takes less than ten.
 */
#include "postgres.h"

#include "civil/calendar.h"
#include "recurrence/rrule_numbers.h"
#include "recurrence/rrule_value.h"

#define HAS_INTERVAL 1
#define HAS_COUNT 2
#define HAS_BYDAY 4
#define HAS_RSCALE 8
#define SKIP_SHIFT 6

#define FLAGS (HAS_INTERVAL | HAS_COUNT | HAS_BYDAY | HAS_RSCALE | 3 << SKIP_SHIFT)

/* BYDAY has numbers. */
#define HAS_NTH 0x80

static const RRulePart number_parts[] = {
	RRULE_PART_BYMONTH, RRULE_PART_BYWEEKNO, RRULE_PART_BYYEARDAY, RRULE_PART_BYMONTHDAY,
	RRULE_PART_BYHOUR,	RRULE_PART_BYMINUTE, RRULE_PART_BYSECOND,  RRULE_PART_BYSETPOS,
};

StaticAssertDecl(lengthof(number_parts) == 8, "their presence is a byte");

typedef struct Reader
{
	const uint8 *at;
	const uint8 *end;
	bool failed; /* then all that is read is zero */
} Reader;

static int64 until_unit(RRuleUntil kind);
static uint8 *pack_number(uint8 *at, uint64 number);
static uint8 *pack_set(uint8 *at, const RRuleDays *days);
static uint8 *pack_weekdays(uint8 *at, const RRule *rule);
static uint8 read_byte(Reader *reader);
static int64 read_number(Reader *reader, int64 most);
static RRuleDays read_set(Reader *reader);
static void read_weekdays(Reader *reader, RRule *rule);

int
rrule_pack(const RRule *rule, uint8 *bytes)
{
	uint8 *flags = &bytes[1];
	uint8 *parts = &bytes[2];
	uint8 *at = &bytes[3];

	bytes[0] = (uint8) (rule->frequency << 5 | rule->week_start << 2 | (int) rule->until_kind);
	*flags = (uint8) (rule->skip << SKIP_SHIFT);
	*parts = 0;
	if (rule->has_rscale)
		*flags |= HAS_RSCALE;
	if (rule->interval != 1)
	{
		*flags |= HAS_INTERVAL;
		at = pack_number(at, (uint64) rule->interval);
	}
	if (rule->count != 0)
	{
		*flags |= HAS_COUNT;
		at = pack_number(at, (uint64) rule->count);
	}
	if (rule->until_kind != RRULE_UNTIL_NONE)
	{
		int64 unit = until_unit(rule->until_kind);
		int64 first = rule->until_kind == RRULE_UNTIL_DATE ? FIRST_CALENDAR_DAY
														   : FIRST_CALENDAR_DAY * USECS_PER_DAY;

		at = pack_number(at, (uint64) ((rule->until - first) / unit));
	}
	if (rule->weekdays != 0 || rrule_has_nth(rule))
	{
		*flags |= HAS_BYDAY;
		at = pack_weekdays(at, rule);
	}
	for (size_t i = 0; i < lengthof(number_parts); i++)
	{
		RRuleNumbers numbers = rrule_numbers(rule, number_parts[i]);

		if (rrule_no_days(&numbers.days) && rrule_no_days(&numbers.last))
			continue;
		*parts |= (uint8) (1 << i);
		at = pack_set(at, &numbers.days);
		if (rrule_limits[number_parts[i]].counts_from_end)
			at = pack_set(at, &numbers.last);
	}
	Assert(at - bytes <= RRULE_MAX_PACKED);
	return (int) (at - bytes);
}

bool
rrule_unpack(const uint8 *bytes, size_t size, RRule *rule)
{
	Reader reader = {.at = bytes, .end = bytes + size};
	uint8 head = read_byte(&reader);
	uint8 flags = read_byte(&reader);
	uint8 parts = read_byte(&reader);

	memset(rule, 0, sizeof(*rule));
	rule->frequency = (RRuleFrequency) (head >> 5);
	rule->week_start = head >> 2 & 7;
	rule->until_kind = (RRuleUntil) (head & 3);
	rule->has_rscale = (flags & HAS_RSCALE) != 0;
	rule->skip = (RRuleSkip) (flags >> SKIP_SHIFT);
	rule->interval = 1;
	if (flags & HAS_INTERVAL)
		rule->interval = (int32) read_number(&reader, PG_INT32_MAX);
	if (flags & HAS_COUNT)
		rule->count = read_number(&reader, PG_INT64_MAX);
	if (rule->until_kind != RRULE_UNTIL_NONE)
	{
		bool is_date = rule->until_kind == RRULE_UNTIL_DATE;
		int64 days = LAST_CALENDAR_DAY - FIRST_CALENDAR_DAY + 1;
		int64 most = is_date ? days : days * SECS_PER_DAY;

		rule->until = read_number(&reader, most) * until_unit(rule->until_kind) +
					  FIRST_CALENDAR_DAY * (is_date ? 1 : USECS_PER_DAY);
	}
	if (flags & HAS_BYDAY)
		read_weekdays(&reader, rule);
	for (size_t i = 0; i < lengthof(number_parts); i++)
	{
		RRuleNumbers numbers = {0};

		if ((parts & (1 << i)) == 0)
			continue;
		numbers.days = read_set(&reader);
		if (rrule_limits[number_parts[i]].counts_from_end)
			numbers.last = read_set(&reader);
		rrule_set_numbers(rule, number_parts[i], &numbers);
	}
	return !reader.failed && reader.at == reader.end && (flags & ~FLAGS) == 0;
}

bool
rrule_unpack_untrusted(const uint8 *bytes, size_t size, RRule *rule)
{
	uint8 again[RRULE_MAX_PACKED];
	RRulePart part;

	return rrule_unpack(bytes, size, rule) && rrule_fault(rule, &part) == NULL &&
		   (size_t) rrule_pack(rule, again) == size && memcmp(again, bytes, size) == 0;
}

int
rrule_compare_packed(const uint8 *a, size_t asize, const uint8 *b, size_t bsize)
{
	int order = memcmp(a, b, Min(asize, bsize));

	if (order != 0)
		return order;
	return asize < bsize ? -1 : asize > bsize;
}

static int64
until_unit(RRuleUntil kind)
{
	return kind == RRULE_UNTIL_DATE ? 1 : USECS_PER_SEC;
}

static uint8 *
pack_number(uint8 *at, uint64 number)
{
	for (; number > 0x7F; number >>= 7)
		*at++ = (uint8) (number | 0x80);
	*at++ = (uint8) number;
	return at;
}

static uint8 *
pack_set(uint8 *at, const RRuleDays *days)
{
	int count = (int) sizeof(days->bits);

	while (count > 0 && days->bits[count - 1] == 0)
		count--;
	*at++ = (uint8) count;
	memcpy(at, days->bits, count);
	return at + count;
}

static uint8 *
pack_weekdays(uint8 *at, const RRule *rule)
{
	uint8 numbered = 0;

	for (int weekday = 0; weekday < RRULE_WEEKDAYS; weekday++)
		if ((rule->nth[weekday] | rule->nth_last[weekday]) != 0)
			numbered |= (uint8) (1 << weekday);
	*at++ = rule->weekdays | (numbered ? HAS_NTH : 0);
	if (!numbered)
		return at;

	*at++ = numbered;
	for (int weekday = 0; weekday < RRULE_WEEKDAYS; weekday++)
	{
		RRuleDays nth = rrule_days_of_mask(rule->nth[weekday]);
		RRuleDays nth_last = rrule_days_of_mask(rule->nth_last[weekday]);

		if ((numbered & (1 << weekday)) == 0)
			continue;
		at = pack_set(at, &nth);
		at = pack_set(at, &nth_last);
	}
	return at;
}

static uint8
read_byte(Reader *reader)
{
	if (reader->at == reader->end)
	{
		reader->failed = true;
		return 0;
	}
	return *reader->at++;
}

static int64
read_number(Reader *reader, int64 most)
{
	int64 number = 0;

	for (int shift = 0; shift < 63; shift += 7)
	{
		uint8 byte = read_byte(reader);

		number |= (int64) (byte & 0x7F) << shift;
		if ((byte & 0x80) != 0)
			continue;
		if (number > most)
			break;
		return number;
	}
	reader->failed = true;
	return 0;
}

static RRuleDays
read_set(Reader *reader)
{
	RRuleDays days = {0};
	size_t count = read_byte(reader);

	if (count > sizeof(days.bits) || count > (size_t) (reader->end - reader->at))
	{
		reader->failed = true;
		return days;
	}
	memcpy(days.bits, reader->at, count);
	reader->at += count;
	return days;
}

static void
read_weekdays(Reader *reader, RRule *rule)
{
	uint8 weekdays = read_byte(reader);
	uint8 numbered = weekdays & HAS_NTH ? read_byte(reader) : 0;

	rule->weekdays = weekdays & ~HAS_NTH;
	for (int weekday = 0; weekday < RRULE_WEEKDAYS; weekday++)
	{
		RRuleDays nth;
		RRuleDays nth_last;

		if ((numbered & (1 << weekday)) == 0)
			continue;
		nth = read_set(reader);
		nth_last = read_set(reader);
		rule->nth[weekday] = rrule_mask_of_days(&nth);
		rule->nth_last[weekday] = rrule_mask_of_days(&nth_last);
	}
}
