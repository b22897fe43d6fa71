/*
 * attempt.c
 *		Doing something that may be refused, and going on if it is.
 */
#include "postgres.h"

#include "access/xact.h"
#include "attempt.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

static bool
is_ours(const ErrorData *error)
{
	return ERRCODE_TO_CATEGORY(error->sqlerrcode) ==
		   ERRCODE_TO_CATEGORY(MAKE_SQLSTATE('P', 'T', '0', '0', '0'));
}

static bool
is_refusal(const ErrorData *error)
{
	int category = ERRCODE_TO_CATEGORY(error->sqlerrcode);

	return is_ours(error) || category == ERRCODE_DATA_EXCEPTION ||
		   category == ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION;
}

/* Nothing that asks the session to stop, or says that the server is in trouble. */
static bool
is_survivable(const ErrorData *error)
{
	int category = ERRCODE_TO_CATEGORY(error->sqlerrcode);

	return category != ERRCODE_OPERATOR_INTERVENTION &&
		   category != ERRCODE_INSUFFICIENT_RESOURCES && category != ERRCODE_SYSTEM_ERROR &&
		   category != ERRCODE_TO_CATEGORY(ERRCODE_INTERNAL_ERROR);
}

static ErrorData *
attempt_unless(AttemptWork work, void *argument, bool (*survives)(const ErrorData *error))
{
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	MemoryContext scratch = AllocSetContextCreate(caller, "attempt", ALLOCSET_DEFAULT_SIZES);
	ErrorData *error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(scratch);
	PG_TRY();
	{
		work(argument);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	CurrentResourceOwner = owner;
	MemoryContextDelete(scratch);
	if (error && !survives(error))
		ReThrowError(error);
	return error;
}

ErrorData *
attempt(AttemptWork work, void *argument)
{
	return attempt_unless(work, argument, is_refusal);
}

ErrorData *
attempt_at_leisure(AttemptWork work, void *argument)
{
	return attempt_unless(work, argument, is_survivable);
}

const char *
refused_for(const ErrorData *error)
{
	if (error->constraint_name && is_ours(error))
		return error->constraint_name;
	return pstrdup(unpack_sql_state(error->sqlerrcode));
}
