/*
 * attempt.h
 *		Doing something that may be refused, and going on if it is.
 */
#ifndef CLINIC_SCHED_ATTEMPT_H
#define CLINIC_SCHED_ATTEMPT_H

#include "utils/elog.h"

typedef void (*AttemptWork)(void *argument);

/*
 * Do the work in a subtransaction; NULL, or what it was refused for, and then it
 * is undone.  Anything else but a refusal, as a lost race or a lack of rights, is
 * raised.  What is palloc'd in the work is gone after it.
 */
extern ErrorData *attempt(AttemptWork work, void *argument);

/*
 * The same of work that may as well be left undone: a lost race, a lack of rights
 * and whatever a trigger of others raises are returned, too.
 */
extern ErrorData *attempt_at_leisure(AttemptWork work, void *argument);

/* The reason, or the SQLSTATE where the refusal is not ours. */
extern const char *refused_for(const ErrorData *error);

#endif /* CLINIC_SCHED_ATTEMPT_H */
