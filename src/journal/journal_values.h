/*
 * journal_values.h
 *		The values of a row as a jsonb object.
 */
#ifndef CLINIC_SCHED_JOURNAL_VALUES_H
#define CLINIC_SCHED_JOURNAL_VALUES_H

#include "access/htup.h"
#include "utils/relcache.h"

/*
 * The values of one version of a row, without nulls and, where there is another
 * version (it may be NULL), without what is the same in both, but for the column
 * `always` (it may be NULL).  Empty: nothing differs, or there is no row.
 */
extern Datum journal_values(Relation relation, HeapTuple of, HeapTuple other, const char *always,
							bool *empty);

#endif /* CLINIC_SCHED_JOURNAL_VALUES_H */
