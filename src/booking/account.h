/*
 * account.h
 *		What a patient's own account may do with visits.
 */
#ifndef CLINIC_SCHED_ACCOUNT_H
#define CLINIC_SCHED_ACCOUNT_H

#include "booking/visit.h"

/* Refuse an account that is not the clinic's staff and does not answer for the patient. */
extern void check_account(const pg_uuid_t *clinic, const pg_uuid_t *patient);

/* Refuse what only staff may insert, and take back what only staff may say. */
extern void check_account_insert(VisitRow *row);

/* The same for an update; override: it gives a reason to set the rules aside. */
extern void check_account_update(const VisitRow *row, const VisitRow *old, bool override);

/* Refuse to cancel a visit, or else to move it, once its notice has begun. */
extern void check_account_notice(const VisitRow *visit, bool cancelled);

/* May the session cancel a visit, or move it, whatever its status?  Staff always may. */
extern bool account_may_change(const VisitRow *visit);

#endif /* CLINIC_SCHED_ACCOUNT_H */
