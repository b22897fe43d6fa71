/*
 * rrule_zone.h
 *		The occurrences of a recurrence rule as instants of a time zone.  Pure.
 */
#ifndef CLINIC_SCHED_RRULE_ZONE_H
#define CLINIC_SCHED_RRULE_ZONE_H

#include "civil/civil.h"
#include "recurrence/rrule_expand.h"

/* A rule and its DTSTART in a zone, made ready. */
typedef struct ZonedRecurrence
{
	Recurrence local;
	CivilClock clock;
	TimestampTz until; /* the last instant, of an UNTIL in UTC */
} ZonedRecurrence;

/* Instants, ascending. */
typedef struct InstantList
{
	int count;
	int room;
	int at; /* the next */
	TimestampTz *instants;
} InstantList;

/* A walk over the occurrences, in the order of their instants and each instant once. */
typedef struct ZonedScan
{
	ZonedRecurrence *recurrence;
	OccurrenceScan local;
	CivilClock clock;
	TimestampTz from;
	TimestampTz to;		/* not included */
	TimestampTz passed; /* the last that was given or left out */

	bool simple; /* nothing waits: what the rule makes next is the next */

	/* what the rule makes next: a time that is shown, and times that are skipped */
	bool has_next;
	TimestampTz next;
	InstantList moved;

	/* RDATE and EXDATE */
	InstantList added;
	InstantList excluded;
} ZonedScan;

extern void zoned_prepare(ZonedRecurrence *recurrence, const RRule *rule, Timestamp dtstart,
						  pg_tz *zone);

/* Walk over the occurrences in [from, to); infinite bounds are none. */
extern void zoned_begin(ZonedScan *scan, ZonedRecurrence *recurrence, TimestampTz from,
						TimestampTz to);
extern bool zoned_next(ZonedScan *scan, TimestampTz *instant);

/* Add instants to what the scan gives, or leave them out; they need not be in order. */
extern void zoned_add(ZonedScan *scan, const TimestampTz *instants, int count);
extern void zoned_exclude(ZonedScan *scan, const TimestampTz *instants, int count);

/* The last occurrence before an instant. */
extern bool zoned_previous(ZonedRecurrence *recurrence, TimestampTz before, TimestampTz *instant);

/* How many occurrences there are before an instant. */
extern int64 zoned_count(ZonedRecurrence *recurrence, TimestampTz end);

#endif /* CLINIC_SCHED_RRULE_ZONE_H */
