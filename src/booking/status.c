/*
 * status.c
 *		Where a visit stands, and what may follow.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "booking/status.h"
#include "catalog/pg_enum.h"
#include "errors.h"
#include "fmgr.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(can_transition);
PG_FUNCTION_INFO_V1(is_final);

#define BIT(status) (1 << (status))

typedef struct StatusEntry
{
	const char *name;
	int followers; /* bits of the statuses that may follow; 0: final */
	bool claims;
} StatusEntry;

static const StatusEntry statuses[] = {
	[STATUS_HELD] = {"held", BIT(STATUS_SCHEDULED) | BIT(STATUS_CANCELLED), true},
	[STATUS_SCHEDULED] = {"scheduled",
						  BIT(STATUS_CONFIRMED) | BIT(STATUS_ARRIVED) | BIT(STATUS_CANCELLED) |
							  BIT(STATUS_NO_SHOW),
						  true},
	[STATUS_CONFIRMED] = {"confirmed",
						  BIT(STATUS_ARRIVED) | BIT(STATUS_IN_PROGRESS) | BIT(STATUS_CANCELLED) |
							  BIT(STATUS_NO_SHOW),
						  true},
	[STATUS_ARRIVED] = {"arrived",
						BIT(STATUS_IN_PROGRESS) | BIT(STATUS_CANCELLED) | BIT(STATUS_NO_SHOW),
						true},
	[STATUS_IN_PROGRESS] = {"in_progress", BIT(STATUS_COMPLETED) | BIT(STATUS_CANCELLED), true},
	[STATUS_COMPLETED] = {"completed", 0, false},
	[STATUS_CANCELLED] = {"cancelled", 0, false},
	[STATUS_NO_SHOW] = {"no_show", 0, false},
};

static const char *const modes[] = {
	[MODE_TIMED] = "timed",
	[MODE_TOKEN] = "token",
	[MODE_WALK_IN] = "walk_in",
};

const char *
status_name(VisitStatus status)
{
	return statuses[status].name;
}

VisitStatus
status_from_name(const char *name)
{
	for (size_t i = 0; i < lengthof(statuses); i++)
		if (strcmp(statuses[i].name, name) == 0)
			return (VisitStatus) i;
	elog(ERROR, "no such appointment_status: %s", name);
}

VisitMode
mode_from_name(const char *name)
{
	for (size_t i = 0; i < lengthof(modes); i++)
		if (strcmp(modes[i], name) == 0)
			return (VisitMode) i;
	elog(ERROR, "no such visit_mode: %s", name);
}

void
enum_label(Oid value, NameData *label)
{
	HeapTuple tuple = SearchSysCache1(ENUMOID, ObjectIdGetDatum(value));

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for enum value %u", value);
	*label = ((Form_pg_enum) GETSTRUCT(tuple))->enumlabel;
	ReleaseSysCache(tuple);
}

VisitStatus
status_from_oid(Oid value)
{
	NameData label;

	enum_label(value, &label);
	return status_from_name(NameStr(label));
}

VisitMode
mode_from_oid(Oid value)
{
	NameData label;

	enum_label(value, &label);
	return mode_from_name(NameStr(label));
}

bool
status_can_follow(VisitStatus from, VisitStatus to)
{
	return (statuses[from].followers & BIT(to)) != 0;
}

void
check_transition(VisitStatus from, VisitStatus to)
{
	if (!status_can_follow(from, to))
		refuse(REASON_INVALID_TRANSITION,
			   psprintf("a visit that is %s cannot become %s", status_name(from), status_name(to)),
			   NULL, NULL);
}

bool
status_is_final(VisitStatus status)
{
	return statuses[status].followers == 0;
}

bool
status_claims(VisitStatus status)
{
	return statuses[status].claims;
}

Datum
can_transition(PG_FUNCTION_ARGS)
{
	VisitStatus from = status_from_oid(PG_GETARG_OID(0));
	VisitStatus to = status_from_oid(PG_GETARG_OID(1));

	PG_RETURN_BOOL(status_can_follow(from, to));
}

Datum
is_final(PG_FUNCTION_ARGS)
{
	VisitStatus status = status_from_oid(PG_GETARG_OID(0));

	PG_RETURN_BOOL(status_is_final(status));
}
