/*
 * opening.h
 *		When a resource takes visits.  Pure.
 *
 * What holds at an instant, the first that says something:
 *
 *		a closure that is closed, of the resource or of the clinic
 *		a closure that is open, of the resource or of the clinic
 *		the day's capacity: not available
 *		the resource's rota of that day
 *		the resource's own hours
 *		the clinic's rota of that day
 *		the clinic's hours
 *
 * A room or a device does not follow the clinic's hours: its provider does.
 * Days are civil days in the resource's zone; what runs past midnight belongs
 * to the day on which it began, and with it the day's mode and seats.
 */
#ifndef CLINIC_SCHED_OPENING_H
#define CLINIC_SCHED_OPENING_H

#include "availability/closure.h"
#include "booking/status.h"
#include "errors.h"
#include "hours/open_hours.h"

/* Weekly hours that hold on the days [from, until). */
typedef struct Rota
{
	DateADT from;
	DateADT until;
	const WeeklyHours *weekly;
	bool has_mode;
	VisitMode mode;
	int32 seats; /* 0: as the resource has */
} Rota;

typedef struct DayCapacity
{
	DateADT day;
	bool available;
	int32 seats; /* 0: as the rota or the resource has */
} DayCapacity;

/* What has its own rotas and closures: a resource, or a clinic. */
typedef struct OpeningRules
{
	const WeeklyHours *hours; /* may be NULL */
	int nrotas;
	const Rota *rotas;
	int nclosures;
	const Closure *closures;
} OpeningRules;

typedef struct Opening
{
	pg_tz *zone;		/* the resource's */
	pg_tz *clinic_zone; /* of the clinic's closures */
	OpeningRules own;
	OpeningRules clinic; /* hours NULL: not followed */
	int ndays;
	const DayCapacity *days; /* in order */
	VisitMode mode;			 /* of days without a rota that has one */
	int32 seats;			 /* the resource's */
} Opening;

/* What holds on a civil day. */
typedef struct OpeningDay
{
	const WeeklyHours *weekly; /* NULL: always open */
	bool available;
	VisitMode mode;
	int32 seats;
} OpeningDay;

extern OpeningDay opening_day(const Opening *opening, DateADT day);

/*
 * What holds for a visit of this mode that starts at an instant: on the day to
 * which the open hours belong then.  A token is of its civil day.
 */
extern OpeningDay opening_day_at(const Opening *opening, VisitMode mode, TimestampTz instant);

/* From when until when a day lasts: the civil day, and the night that begins on it. */
extern void opening_day_bounds(const Opening *opening, DateADT day, TimestampTz *from,
							   TimestampTz *to);

typedef struct IntervalList
{
	int count;
	int room;
	OpenInterval *intervals;
} IntervalList;

/* What closures with a rule come to, in any order. */
typedef struct RecurringClosures
{
	IntervalList own;
	IntervalList clinic;
} RecurringClosures;

/* Open intervals, in order; none touches the next. */
typedef struct OpenTimes
{
	const Opening *opening;
	CivilClock clock; /* of the resource's zone */

	/* the day that was asked about last, and until when the one before goes on in it */
	DateADT day;
	TimestampTz night_end;

	RecurringClosures recurring; /* those that close, but for listed_times() */

	int count;
	OpenInterval *intervals;
} OpenTimes;

/* When the resource is open within [from, to). */
extern void open_times(OpenTimes *times, const Opening *opening, TimestampTz from, TimestampTz to);

/* The same without regard to closures and days off: what is worth listing. */
extern void listed_times(OpenTimes *times, const Opening *opening, TimestampTz from,
						 TimestampTz to);

/* The same, for many that lie near each other; and until when it surely holds. */
extern OpeningDay open_times_day(OpenTimes *times, VisitMode mode, TimestampTz instant);
extern TimestampTz open_times_day_end(OpenTimes *times, TimestampTz instant);

/*
 * Why a visit from starts_at to ends_at does not fit into the open times, which
 * must have been made for all of it; REASON_NONE if it does.  A token visit
 * lasts its day, and the resource has only to be open at some time of it.
 */
extern Reason opening_refusal(OpenTimes *times, VisitMode mode, TimestampTz starts_at,
							  TimestampTz ends_at);

#endif /* CLINIC_SCHED_OPENING_H */
