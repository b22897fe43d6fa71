/*
 * journal_values.h
 *		The values of a row before and after a change, as jsonb objects.
 */
#ifndef CLINIC_SCHED_JOURNAL_VALUES_H
#define CLINIC_SCHED_JOURNAL_VALUES_H

#include "access/htup.h"
#include "utils/relcache.h"

/*
 * The values of the versions of a row, old or new of which may be NULL, without
 * nulls and, where there are both, without what is the same in both, but for the
 * column `always` (it may be NULL).  Null: there is no such version, or nothing
 * differs.
 */
extern void journal_values(Relation relation, HeapTuple old, HeapTuple new, const char *always,
						   NullableDatum *old_values, NullableDatum *new_values);

#endif /* CLINIC_SCHED_JOURNAL_VALUES_H */
