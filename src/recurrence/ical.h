/*
 * ical.h
 *		The lines of iCalendar that make a recurrence, read and written.  Pure.
 *
 * A content line (RFC 5545 section 3.1) may be folded: then it goes on in each
 * next line of the text that begins with a blank.
 */
#ifndef CLINIC_SCHED_ICAL_H
#define CLINIC_SCHED_ICAL_H

#include "recurrence/basic_time.h"

typedef enum IcalProperty
{
	ICAL_DTSTART,
	ICAL_RRULE,
	ICAL_RDATE,
	ICAL_EXDATE,
	ICAL_PROPERTIES
} IcalProperty;

extern const char *const ical_property_names[ICAL_PROPERTIES];

typedef struct IcalReader
{
	const char *at; /* what is read next */
	int lines;		/* of the text so far */
	char *buffer;	/* for one line without its folds: as large as the text */
} IcalReader;

/* A content line; its texts are in the reader's buffer until the next one is read. */
typedef struct IcalLine
{
	IcalProperty property;
	int number;		  /* of the line of the text with which it begins, from 1 */
	const char *tzid; /* NULL: none */
	bool is_date;	  /* VALUE=DATE */
	char *value;
} IcalLine;

typedef enum IcalResult
{
	ICAL_LINE,
	ICAL_END,
	ICAL_FAULT
} IcalResult;

/* Read the next line.  Of a faulty one the number is set, and the reason. */
extern IcalResult ical_next_line(IcalReader *reader, IcalLine *line, const char **reason);

/*
 * Read one of the times that a line lists, and step over the comma after it: *at is
 * NULL after the last.  False and a reason if there is none, or if it does not go
 * with what the line says of its times.
 */
extern bool ical_next_time(const IcalLine *line, const char **at, BasicTime *time,
						   const char **reason);

/* Write a content line, folded, with the line break that the standard has. */
extern void ical_write_line(Writer *writer, const char *line);

#endif /* CLINIC_SCHED_ICAL_H */
