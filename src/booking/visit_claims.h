/*
 * visit_claims.h
 *		The claims of visits: written and removed by the triggers of table
 *		appointment only.
 */
#ifndef CLINIC_SCHED_VISIT_CLAIMS_H
#define CLINIC_SCHED_VISIT_CLAIMS_H

#include "booking/visit.h"

/*
 * Write the claims of visits whose rows are written, with the seats that were
 * picked for them; a conflict, which the locks leave only to rows of one
 * statement, is refused as slot_taken.
 */
extern void claims_write(const VisitRow *visits, int nvisits);

extern void claims_remove(const VisitRow *visit);

#endif /* CLINIC_SCHED_VISIT_CLAIMS_H */
