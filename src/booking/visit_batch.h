/*
 * visit_batch.h
 *		Rows of one INSERT of ours, seen to together.
 *
 * For a function that inserts many visits of a clinic at once and has locked the
 * clinic, or their resources and patients: what the triggers would ask and write
 * for each row by itself is asked before the INSERT, and written after it, once
 * for all of them.
 */
#ifndef CLINIC_SCHED_VISIT_BATCH_H
#define CLINIC_SCHED_VISIT_BATCH_H

#include "access/htup.h"
#include "booking/look.h"
#include "utils/relcache.h"
#include "utils/uuid.h"

/*
 * Before the INSERT: read its patients, and look at the stretches that its visits
 * will take.  Lives in the current memory context, until visit_batch_end() or,
 * after an error, visit_batch_abandon().  If others have triggers on the table,
 * none is opened, and each row is seen to by itself.
 */
extern void visit_batch_begin(const pg_uuid_t *clinic, const pg_uuid_t *patients, int npatients,
							  const Stretch *stretches, int nstretches);

/* After the INSERT: write the claims and the journal, and look at the patients' visits. */
extern void visit_batch_end(void);
extern void visit_batch_abandon(void);

/*
 * For the triggers, of the batch that is open: is there one, is the patient known
 * to it, and take a row that was written and has claims.
 */
extern bool visit_batch_is_open(void);
extern bool visit_batch_knows_patient(const pg_uuid_t *patient, bool *is_active);
extern void visit_batch_add(Relation relation, HeapTuple written);

#endif /* CLINIC_SCHED_VISIT_BATCH_H */
