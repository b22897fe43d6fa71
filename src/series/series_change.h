/*
 * series_change.h
 *		Changing or cancelling some of a series.
 */
#ifndef CLINIC_SCHED_SERIES_CHANGE_H
#define CLINIC_SCHED_SERIES_CHANGE_H

#include "series/series_book.h"

typedef enum SeriesScope
{
	SCOPE_THIS,		 /* one occurrence */
	SCOPE_FOLLOWING, /* it and those after it */
	SCOPE_ALL		 /* all that are to come */
} SeriesScope;

/* Which occurrences, and whether those of them that were changed by themselves too. */
typedef struct SeriesPart
{
	SeriesScope scope;
	TimestampTz occurrence; /* DT_NOBEGIN: not said */
	bool include_changed;
} SeriesPart;

/* What is to be different; what is NULL or 0 stays as it is. */
typedef struct SeriesChange
{
	TimestampTz starts_at; /* of the occurrence that was named, else of the first to come */
	const pg_uuid_t *provider;
	int64 duration;
	RRule *rule;
} SeriesChange;

/*
 * Cancel visits of a series, and end its rule.  The clinic and the series are
 * locked.  How many visits there were, and what became of each.
 */
extern int series_cancel(Series *series, const SeriesPart *part, const text *reason,
						 SeriesOutcome **outcomes);

/*
 * Move visits of a series.  But for a single one, its rule ends, and the visits
 * go on in a series of their own.  The clinic is locked as changed_series() says,
 * and the series, with all that either may occupy.
 */
extern int series_reschedule(Series *series, const SeriesPart *part, const SeriesChange *change,
							 SeriesOutcome **outcomes);

/* The series as the change would have it, its start apart. */
extern Series changed_series(const Series *series, const SeriesChange *change);

#endif /* CLINIC_SCHED_SERIES_CHANGE_H */
