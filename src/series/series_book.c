/*
 * series_book.c
 *		Booking the occurrences of a series.
 *
 * Nobody else books what the series needs while it is booked, so one look at the
 * whole time it covers tells which occurrences can be had, and these are inserted
 * many at a time.  What that look does not know are the rules about the patient:
 * a visit that they refuse is dealt with by itself.
 */
#include "postgres.h"

#include "availability/listing.h"
#include "booking/bulk.h"
#include "civil/civil.h"
#include "errors.h"
#include "miscadmin.h"
#include "series/series_book.h"

/* A series without an end is booked so far ahead, where the clinic sets no limit. */
#define ENDLESS_HORIZON (366 * USECS_PER_DAY)

/* The next free start is looked for up to the next occurrence, but no further than this. */
#define LONGEST_SEARCH (31 * USECS_PER_DAY)

/* One occurrence, on its way to being booked. */
typedef struct PlannedVisit
{
	TimestampTz occurrence;
	TimestampTz search_until; /* its visit ends before this, wherever it is moved */
	bool moved;
	const char *reason; /* why it is not where it should be; NULL: it is */
	bool wanted;		/* to be booked */
	BulkVisit visit;
} PlannedVisit;

typedef struct SeriesPlan
{
	Series *series;
	SeriesBooking booking;
	VisitFacts facts;
	Listing *listing;
	int count;
	PlannedVisit *visits;
	TimestampTz next;
} SeriesPlan;

static bool
moves_visits(const SeriesPlan *plan)
{
	return plan->series->on_conflict == CONFLICT_NEXT_FREE;
}

/* Is all to be refused that this one is refused for? */
static bool
is_required(const SeriesPlan *plan, int place)
{
	if (plan->booking != SERIES_IS_NEW)
		return false;
	return plan->series->on_conflict == CONFLICT_FAIL || (place == 0 && !moves_visits(plan));
}

BookingRequest
series_request(const Series *series, TimestampTz starts_at)
{
	VisitFacts facts;

	facts_read(&facts, &series->clinic, &series->service, &series->provider);
	return (BookingRequest){
		.kind = facts.booking.service_mode == MODE_TOKEN ? REQUEST_TOKEN : REQUEST_START,
		.clinic = &series->clinic,
		.patient = &series->patient,
		.provider = &series->provider,
		.service = &series->service,
		.starts_at = starts_at,
		.duration = series->duration,
		.reason = series->reason,
		.resources = series->resources,
	};
}

static TimestampTz
horizon(const Series *series, const BookingFacts *facts)
{
	if (facts->latest != DT_NOEND || !series_is_endless(series))
		return facts->latest;
	return Max(facts->now, series->starts_at) + ENDLESS_HORIZON;
}

TimestampTz
series_horizon(const Series *series)
{
	VisitFacts facts;

	facts_read(&facts, &series->clinic, &series->service, &series->provider);
	return horizon(series, &facts.booking);
}

/* A new series has an occurrence, and the first is not too far ahead. */
static void
check_first(const SeriesPlan *plan)
{
	if (plan->booking != SERIES_IS_NEW || plan->count > 0)
		return;
	if (plan->next != DT_NOEND)
		refuse_booking(REASON_TOO_FAR_AHEAD);
	refuse(REASON_INVALID_RULE, "the rule has no occurrence", NULL, NULL);
}

static void
expand(SeriesPlan *plan)
{
	const Series *series = plan->series;
	TimestampTz until = horizon(series, &plan->facts.booking);
	TimestampTz *occurrences = palloc(sizeof(TimestampTz) * MOST_OCCURRENCES);
	BookingRequest request = series_request(series, 0);

	plan->count = series_occurrences(series, series->next_at, until, MOST_OCCURRENCES, occurrences,
									 &plan->next);
	check_first(plan);
	plan->visits = palloc0(sizeof(PlannedVisit) * Max(plan->count, 1));
	for (int i = 0; i < plan->count; i++)
	{
		PlannedVisit *visit = &plan->visits[i];
		TimestampTz next = i + 1 < plan->count ? occurrences[i + 1] : plan->next;

		check_visit_instant(occurrences[i], "an occurrence");
		visit->occurrence = occurrences[i];
		visit->search_until = Min(next, occurrences[i] + LONGEST_SEARCH);
		visit->visit.request = request;
		visit->visit.request.starts_at = occurrences[i];
		visit->visit.series = &series->id;
		visit->visit.occurrence_at = occurrences[i];
	}
}

/* All the time from the day of the first occurrence on. */
static void
read_listing(SeriesPlan *plan)
{
	const Series *series = plan->series;
	const PlannedVisit *last = &plan->visits[plan->count - 1];
	CivilClock clock = civil_clock(plan->facts.booking.zone);
	TimestampTz to = moves_visits(plan) ? last->search_until : last->occurrence;
	ListingRequest request = {
		.clinic = &series->clinic,
		.service = &series->service,
		.from = clock_day_start(&clock, clock_day(&clock, plan->visits[0].occurrence)),
		.to = to + LONGEST_CLAIM,
		.duration = series->duration,
		.named = &series->resources,
		.snapshot = SNAPSHOT_LATEST,
	};

	plan->listing = listings_read(&request, &series->provider, 1);
}

/* Why the visit of an occurrence may not be booked where it should be. */
static Reason
judge(SeriesPlan *plan, const BookingRequest *request)
{
	VisitTime time = request_time(request, &plan->listing->facts);
	Slot slot;

	listing_judge(plan->listing, time.starts_at, time.ends_at, &slot);
	return slot.reason;
}

/* Move the visit to the next start that is free; false if there is none. */
static bool
move_on(SeriesPlan *plan, PlannedVisit *planned)
{
	Listing *listing = plan->listing;
	Slot slot;

	listing_seek(listing, planned->visit.request.starts_at + 1);
	while (listing_next(listing, &slot) && slot.time.ends_at <= planned->search_until)
	{
		if (slot.reason != REASON_NONE)
			continue;
		planned->visit.request.starts_at = slot.time.starts_at;
		planned->moved = true;
		return true;
	}
	return false;
}

/* Decide which are to be booked, and where. */
static void
decide(SeriesPlan *plan)
{
	for (int i = 0; i < plan->count; i++)
	{
		PlannedVisit *planned = &plan->visits[i];
		Reason reason = judge(plan, &planned->visit.request);

		planned->wanted = reason == REASON_NONE;
		if (planned->wanted)
			continue;
		planned->reason = reason_name(reason);
		/* As the triggers would refuse it, in their words. */
		if (is_required(plan, i))
			bulk_book_or_refuse(&plan->series->clinic, &planned->visit);
		else if (moves_visits(plan))
			planned->wanted = move_on(plan, planned);
	}
}

/* Book those that are wanted, and are not booked yet. */
static void
book_wanted(SeriesPlan *plan)
{
	BulkVisit *visits = palloc(sizeof(BulkVisit) * plan->count);
	int count = 0;

	for (int i = 0; i < plan->count; i++)
		if (plan->visits[i].wanted && plan->visits[i].visit.outcome == NULL)
			visits[count++] = plan->visits[i].visit;
	bulk_book(&plan->series->clinic, visits, count, NULL);
	count = 0;
	for (int i = 0; i < plan->count; i++)
		if (plan->visits[i].wanted && plan->visits[i].visit.outcome == NULL)
			plan->visits[i].visit = visits[count++];
}

/* Will another time not do, either? */
static bool
is_refused_whenever(const char *outcome)
{
	return strcmp(outcome, reason_name(REASON_PATIENT_OVERLAP)) != 0 &&
		   strcmp(outcome, reason_name(REASON_SLOT_TAKEN)) != 0;
}

/* The rules about the patient refuse a visit. */
static void
book_elsewhere(SeriesPlan *plan, int place)
{
	PlannedVisit *planned = &plan->visits[place];
	BulkVisit *visit = &planned->visit;

	if (planned->reason == NULL)
		planned->reason = visit->outcome;
	if (is_required(plan, place))
		bulk_book_or_refuse(&plan->series->clinic, visit);
	while (visit->detail && moves_visits(plan) && !is_refused_whenever(visit->outcome) &&
		   move_on(plan, planned))
	{
		CHECK_FOR_INTERRUPTS();
		visit->outcome = visit->detail = NULL;
		bulk_book(&plan->series->clinic, visit, 1, NULL);
	}
}

static SeriesOutcome
outcome_of(const SeriesPlan *plan, const PlannedVisit *planned)
{
	bool booked = planned->visit.outcome && planned->visit.detail == NULL;

	return (SeriesOutcome){
		.series = plan->series->id,
		.occurrence = planned->occurrence,
		.has_visit = booked,
		.appointment = planned->visit.appointment,
		.outcome = !booked			? "skipped"
				   : planned->moved ? "moved"
									: "booked",
		.detail = planned->reason,
	};
}

int
series_book(Series *series, SeriesBooking booking, SeriesOutcome **outcomes)
{
	SeriesPlan plan = {.series = series, .booking = booking};

	facts_read(&plan.facts, &series->clinic, &series->service, &series->provider);
	expand(&plan);
	if (plan.count > 0)
	{
		read_listing(&plan);
		decide(&plan);
		if (is_required(&plan, 0) && plan.visits[0].visit.outcome == NULL)
			bulk_book_or_refuse(&series->clinic, &plan.visits[0].visit);
		book_wanted(&plan);
	}
	*outcomes = palloc(sizeof(SeriesOutcome) * Max(plan.count, 1));
	for (int i = 0; i < plan.count; i++)
	{
		if (plan.visits[i].visit.detail)
			book_elsewhere(&plan, i);
		(*outcomes)[i] = outcome_of(&plan, &plan.visits[i]);
	}
	series_set_next(series, plan.next);
	return plan.count;
}
