/*
 * place.h
 *		Who is in which queue now: the open entries by visit and by patient.
 */
#ifndef CLINIC_SCHED_PLACE_H
#define CLINIC_SCHED_PLACE_H

#include "query.h"
#include "utils/date.h"

/* The id of the visit's open entry, for a statement whose $1 is the clinic and $2 the visit. */
#define ENTRY_OF_VISIT \
	"(select p.entry_id from clinic.queue_place p where p.clinic_id" EQ \
	"$1 and p.appointment_id" EQ "$2)"

/* All between query_begin() and query_end(). */

/* Is the visit's patient in a queue for it, as is committed now? */
extern bool place_of_visit(const pg_uuid_t *clinic, const pg_uuid_t *visit);

/* Is the patient in that queue, on a day?  The same. */
extern bool place_of_patient(const pg_uuid_t *clinic, const pg_uuid_t *patient, DateADT day,
							 const pg_uuid_t *queue);

/*
 * Those who have been in a queue since a day before that one, as the calling
 * statement sees it: their entries' ids, as a uuid[].
 */
extern Datum places_before(const pg_uuid_t *clinic, DateADT day);

#endif /* CLINIC_SCHED_PLACE_H */
