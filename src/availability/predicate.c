/*
 * predicate.c
 *		The one predicate: may this start be booked?
 *
 * The rules stand in the order of their reasons: what is wrong with the clinic,
 * the service and the offer, then with the start, then with the length, then
 * with the hours.
 */
#include "postgres.h"

#include "availability/predicate.h"
#include "civil/civil.h"

typedef struct RefusalWords
{
	Reason reason;
	const char *message;
	const char *hint;
} RefusalWords;

static const RefusalWords words[] = {
	{REASON_INACTIVE, "this service, provider, room or device takes no new visits", NULL},
	{REASON_NOT_OFFERED, "this provider does not offer this service",
	 "Table provider_service says who offers what."},
	{REASON_WRONG_MODE, "this service is booked in another way",
	 "Timed services and days have visits with a time, others have numbered tokens of a day."},
	{REASON_CLINIC_CLOSED, "the clinic takes no new visits now", NULL},
	{REASON_IN_THE_PAST, "that time has passed", "Choose a start in the future."},
	{REASON_TOO_SOON, "that is too soon", "The clinic needs more notice; choose a later start."},
	{REASON_SAME_DAY, "visits cannot be booked for the same day", "Choose a later day."},
	{REASON_TOO_FAR_AHEAD, "that is too far ahead", "Choose an earlier day."},
	{REASON_OUTSIDE_HOURS, "that is outside the opening hours",
	 "Choose a time when the clinic and the provider are open."},
	{REASON_PROVIDER_ABSENT, "the provider, room or device is not available then",
	 "Choose another time, or another provider."},
	{REASON_INVALID_DURATION, "a visit cannot be that long, or that short",
	 "The clinic's min_duration and max_duration say how long one may be."},
};

void
booking_facts_set_now(BookingFacts *facts, TimestampTz now, const Interval *min_notice,
					  const Interval *max_advance)
{
	DateADT day = civil_day(now, facts->zone);

	facts->now = now;
	facts->earliest = civil_later(now, min_notice, facts->zone);
	facts->latest = max_advance ? civil_later(now, max_advance, facts->zone) : DT_NOEND;
	facts->today = civil_day_start(day, facts->zone);
	facts->tomorrow = civil_day_start(day + 1, facts->zone);
}

/* Of a token visit, which lasts its civil day, the day must not be over yet. */
static Reason
start_refusal(const BookingFacts *facts, VisitMode mode, TimestampTz starts_at, TimestampTz ends_at)
{
	TimestampTz passes_at = mode == MODE_TOKEN ? ends_at : starts_at;

	if (passes_at < facts->now)
		return REASON_IN_THE_PAST;
	if (passes_at < facts->earliest)
		return REASON_TOO_SOON;
	if (!facts->allow_same_day && starts_at >= facts->today && starts_at < facts->tomorrow)
		return REASON_SAME_DAY;
	if (starts_at > facts->latest)
		return REASON_TOO_FAR_AHEAD;
	return REASON_NONE;
}

/* Exactly the starts that start_refusal() does not refuse. */
void
booking_starts(const BookingFacts *facts, VisitMode mode, TimestampTz *first, TimestampTz *last)
{
	TimestampTz passes_at = Max(facts->now, facts->earliest);

	*first = passes_at;
	if (mode == MODE_TOKEN)
		*first = civil_day_start(civil_day(passes_at - 1, facts->zone), facts->zone);
	if (!facts->allow_same_day && *first < facts->tomorrow)
		*first = facts->tomorrow;
	*last = facts->latest;
}

Reason
booking_refusal(const BookingFacts *facts, OpenTimes *times, VisitMode mode, TimestampTz starts_at,
				TimestampTz ends_at)
{
	Reason reason;

	if (!facts->service_active)
		return REASON_INACTIVE;
	if (!facts->offered)
		return REASON_NOT_OFFERED;
	if (facts->clinic_closed || (mode == MODE_WALK_IN && facts->clinic_closing_soon))
		return REASON_CLINIC_CLOSED;
	if (mode == MODE_WALK_IN)
		return REASON_NONE;
	if (mode != facts->service_mode ||
		(times && open_times_day(times, mode, starts_at).mode != mode))
		return REASON_WRONG_MODE;
	reason = start_refusal(facts, mode, starts_at, ends_at);
	if (reason != REASON_NONE)
		return reason;
	if (mode == MODE_TIMED &&
		(ends_at - starts_at < facts->min_duration || ends_at - starts_at > facts->max_duration))
		return REASON_INVALID_DURATION;
	return times ? opening_refusal(times, mode, starts_at, ends_at) : REASON_NONE;
}

void
refuse_booking(Reason reason)
{
	for (size_t i = 0; i < lengthof(words); i++)
		if (words[i].reason == reason)
			refuse(reason, words[i].message, NULL, words[i].hint);
	elog(ERROR, "no words for reason %s", reason_name(reason));
}
