/*
 * patient_rules.h
 *		What is asked about the patient of a visit.
 */
#ifndef CLINIC_SCHED_PATIENT_RULES_H
#define CLINIC_SCHED_PATIENT_RULES_H

#include "booking/rules.h"
#include "booking/visit.h"

/* Refuse, as not_found, a patient whom the clinic does not have. */
extern void check_patient_exists(const pg_uuid_t *clinic, const pg_uuid_t *patient);

/* Is anything asked about the patient's other visits, standing or missed? */
extern bool has_patient_rules(const PatientRules *rules);

typedef struct PatientLimit PatientLimit;

/* The patient's other visits, as far as there are rules about them. */
typedef struct OtherVisits
{
	bool overlap;				 /* the one that is asked for */
	const PatientLimit *reached; /* one that allows no other; NULL: none */
} OtherVisits;

/* Before anything is asked about a row of appointment that is to be written. */
extern void note_row_of_command(void);

/*
 * Before a visit is written, with its patient locked: refuse it for what its
 * patient is (unless override), and read the patient's other visits (unless
 * NULL).  Tells whether the code, which may be NULL, belongs to another visit:
 * then nothing is refused yet.
 */
extern bool check_patient(const VisitRow *row, const VisitFacts *facts, const char *code,
						  bool override, OtherVisits *others);

/* Refuse a visit for the patient's other visits. */
extern void check_other_visits(const VisitRow *row, const OtherVisits *others);

/* Refuse a booking of a patient who has missed too many visits of late. */
extern void check_no_shows(const VisitRow *row, const PatientRules *rules);

/*
 * Once all rows of a statement are written: what the ones above could not see,
 * the other rows.  Was the visit booked, and not only moved?
 */
extern void check_visits_of_statement(const VisitRow *row, bool booked);

/* The same of visits that were booked together, of a clinic that is locked. */
extern void check_visits_of_batch(const VisitRow *visits, int nvisits);

#endif /* CLINIC_SCHED_PATIENT_RULES_H */
