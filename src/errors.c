/*
 * errors.c
 *		Domain errors: one way to raise a refusal.
 */
#include "postgres.h"

#include "errors.h"

typedef struct ReasonEntry
{
	const char *name;
	int sqlstate;
} ReasonEntry;

#define HTTP_SQLSTATE(status) \
	MAKE_SQLSTATE('P', 'T', '0' + (status) / 100, '0' + (status) / 10 % 10, '0' + (status) % 10)

#define REASON_ENTRY(name, text, status) {text, HTTP_SQLSTATE(status)},
static const ReasonEntry reasons[] = {REASON_LIST(REASON_ENTRY)};
#undef REASON_ENTRY

const char *
reason_name(Reason reason)
{
	Assert(reason >= 0 && reason < REASON_COUNT);
	return reasons[reason].name;
}

void
refuse(Reason reason, const char *message, const char *detail, const char *hint)
{
	const char *name = reason_name(reason);

	ereport(ERROR,
			(errcode(reasons[reason].sqlstate), errmsg("%s", message),
			 detail ? errdetail("%s - %s", name, detail) : errdetail("%s", name),
			 hint ? errhint("%s", hint) : 0, err_generic_string(PG_DIAG_CONSTRAINT_NAME, name)));
}

void
refuse_null(const char *name)
{
	refuse(REASON_MISSING_ARGUMENT, psprintf("%s must be given", name), NULL, NULL);
}

void
refuse_serialization(const char *message, const char *hint)
{
	ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE), errmsg("%s", message),
					hint ? errhint("%s", hint) : 0));
}
