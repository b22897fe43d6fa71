/*
 * series.h
 *		Visits that recur: a row of table series, and when it occurs.
 */
#ifndef CLINIC_SCHED_SERIES_H
#define CLINIC_SCHED_SERIES_H

#include "availability/pool.h"
#include "pgtime.h"
#include "recurrence/rrule.h"

/* What becomes of an occurrence whose time is not to be had. */
typedef enum SeriesConflict
{
	CONFLICT_SKIP,	   /* it is left out */
	CONFLICT_FAIL,	   /* nothing is booked */
	CONFLICT_NEXT_FREE /* the next start that is free is booked */
} SeriesConflict;

typedef struct Series
{
	pg_uuid_t clinic;
	pg_uuid_t id;
	pg_uuid_t patient;
	pg_uuid_t provider;
	pg_uuid_t service;
	RRule *rule;
	TimestampTz starts_at; /* DTSTART */
	pg_tz *zone;
	int nexdates;
	TimestampTz *exdates;
	SeriesConflict on_conflict;
	int64 duration;		/* microseconds; 0: the service's */
	const text *reason; /* NULL: none */
	ResourceList resources;
	TimestampTz next_at; /* the first occurrence not seen to; DT_NOEND: none is left */
} Series;

/* So many occurrences are seen to at once, at most. */
#define MOST_OCCURRENCES 366

/* Longer intervals have nothing to do with a clinic. */
#define LONGEST_RULE_INTERVAL 52

extern SeriesConflict series_conflict(const char *name);
extern const char *series_conflict_name(SeriesConflict conflict);

/* Read the row, as it is now and the caller may see it; one that is not there is refused. */
extern void series_read(Series *series, const pg_uuid_t *clinic, const pg_uuid_t *id);

/*
 * Lock the row, if nobody else has.  Who changes it has locked more than its writer
 * by hand may be waiting for, and so must not wait for that.
 */
extern bool series_try_lock_row(const Series *series);

/*
 * Insert it, with an id that is drawn here.  previous is the series it continues;
 * key and hash tell the request again.  Each may be NULL.
 */
extern void series_insert(Series *series, const pg_uuid_t *previous, const text *key,
						  const bytea *hash);

extern void series_set_next(Series *series, TimestampTz next_at);

/* Leave out an occurrence. */
extern void series_add_exdate(Series *series, TimestampTz occurrence);

/* Have it end before one of its occurrences, which may be the first. */
extern void series_end(Series *series, TimestampTz before);

/* Its rule does not end by itself. */
extern bool series_is_endless(const Series *series);

/*
 * Its occurrences from an instant on and no later than another, at most so many
 * of them; *next is the one after, DT_NOEND if there is none.
 */
extern int series_occurrences(const Series *series, TimestampTz from, TimestampTz until, int most,
							  TimestampTz *occurrences, TimestampTz *next);

/* How many occurrences the rule makes before an instant, exdates included. */
extern int64 series_count_before(const Series *series, TimestampTz instant);

/*
 * Lock all that its visits may occupy, and its patient.  The clinic is locked
 * already, exclusively if series_wants_clinic() said so.
 */
extern bool series_wants_clinic(const Series *series);
extern void series_lock_patient(const Series *series);
extern void series_lock_resources(const Series *series);

#endif /* CLINIC_SCHED_SERIES_H */
