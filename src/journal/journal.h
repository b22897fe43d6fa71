/*
 * journal.h
 *		The audit trail: one row for every change.
 */
#ifndef CLINIC_SCHED_JOURNAL_H
#define CLINIC_SCHED_JOURNAL_H

#include "access/htup.h"
#include "utils/relcache.h"

/* Which row a journal row is about. */
typedef struct JournalSubject
{
	const char *entity;		   /* the table's name */
	const char *id_column;	   /* the column that tells its rows apart in a clinic */
	const char *second_column; /* a second one, written with every change; or NULL */
} JournalSubject;

/*
 * Record a change: old is NULL for an insert, new for a delete.  Nothing is
 * written when an update changed nothing.  Between query_begin() and
 * query_end(), as the role that made the change.
 */
extern void journal_write(Relation relation, HeapTuple old, HeapTuple new,
						  const JournalSubject *subject);

/*
 * Keep what is journalled from now on, in the current memory context, and write
 * it all at once; after an error: forget it.
 */
extern void journal_begin_batch(void);
extern void journal_end_batch(void);
extern void journal_abandon_batch(void);

#endif /* CLINIC_SCHED_JOURNAL_H */
