/*
 * series_book.h
 *		Booking the occurrences of a series.
 */
#ifndef CLINIC_SCHED_SERIES_BOOK_H
#define CLINIC_SCHED_SERIES_BOOK_H

#include "booking/request.h"
#include "series/series.h"

/* What became of an occurrence. */
typedef struct SeriesOutcome
{
	pg_uuid_t series;
	TimestampTz occurrence;
	bool has_visit;
	pg_uuid_t appointment;
	const char *outcome;
	const char *detail; /* the reason, where it is not as it was asked; NULL: it is */
} SeriesOutcome;

/*
 * A new series that cannot have its first occurrence is refused, unless the next
 * free start will do; one that is extended leaves out what it cannot have.
 */
typedef enum SeriesBooking
{
	SERIES_IS_NEW,
	SERIES_IS_EXTENDED
} SeriesBooking;

/*
 * Book the occurrences from series->next_at on, as far ahead as visits may be
 * booked, and set next_at; how many they are.  The clinic, the patient and the
 * resources are locked, and the row is there.
 */
extern int series_book(Series *series, SeriesBooking booking, SeriesOutcome **outcomes);

/* The request for the visit of an occurrence at that time. */
extern BookingRequest series_request(const Series *series, TimestampTz starts_at);

/* As far ahead as its occurrences are booked. */
extern TimestampTz series_horizon(const Series *series);

#endif /* CLINIC_SCHED_SERIES_BOOK_H */
