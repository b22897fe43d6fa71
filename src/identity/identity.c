/*
 * identity.c
 *		Which clinic, which actor, and whether that is staff.
 *
 * Two settings, clinic_sched.clinic_id and clinic_sched.actor_id, say it; when
 * they are empty, the claims of the JSON web token that PostgREST verified and
 * left in request.jwt.claims do.  A session with neither an actor nor a token
 * is a program of the clinic's own: it counts as staff, within its grants.
 */
#include "postgres.h"

#include <ctype.h>

#include "catalog/pg_type.h"
#include "errors.h"
#include "fmgr.h"
#include "identity/identity.h"
#include "query.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/jsonb.h"

PG_FUNCTION_INFO_V1(current_clinic);
PG_FUNCTION_INFO_V1(current_actor);
PG_FUNCTION_INFO_V1(is_staff);

static char *clinic_setting = NULL;
static char *actor_setting = NULL;

/* See identity_act_for_clinic(). */
static bool acting_for_clinic = false;

/* Two rows are enough to know that there is more than one. */
static SavedQuery find_clinics = {
	.sql = "select c.id from clinic.clinic c limit 2",
	.snapshot = SNAPSHOT_STATEMENT,
	.as_owner = true,
};

static SavedQuery find_membership = {
	.sql = "select 1 from clinic.member m where m.clinic_id" EQ "$1 and m.user_id" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

static const pg_uuid_t *uuid_of_setting(const char *setting, const char *name);
static const pg_uuid_t *uuid_of_claim(const char *claim);
static const char *token_claims(void);

void
identity_define_settings(void)
{
	DefineCustomStringVariable("clinic_sched.clinic_id",
							   "The clinic that functions work for when none is named.", NULL,
							   &clinic_setting, "", PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("clinic_sched.actor_id",
							   "The account on whose behalf this session acts.", NULL,
							   &actor_setting, "", PGC_USERSET, 0, NULL, NULL, NULL);
}

bool
identity_act_for_clinic(bool acting)
{
	bool before = acting_for_clinic;

	acting_for_clinic = acting;
	return before;
}

const pg_uuid_t *
identity_actor(void)
{
	const pg_uuid_t *actor;

	if (acting_for_clinic)
		return NULL;
	actor = uuid_of_setting(actor_setting, "clinic_sched.actor_id");
	return actor ? actor : uuid_of_claim("sub");
}

bool
identity_is_staff(const pg_uuid_t *clinic)
{
	const pg_uuid_t *actor = identity_actor();
	Datum values[] = {UUIDPGetDatum(clinic), UUIDPGetDatum(actor)};

	if (actor == NULL)
		return acting_for_clinic || token_claims() == NULL;
	return query_run(&find_membership, values, NULL, 1) > 0;
}

Datum
current_clinic(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *clinic = uuid_of_setting(clinic_setting, "clinic_sched.clinic_id");
	pg_uuid_t *only = NULL;

	if (clinic == NULL)
		clinic = uuid_of_claim("clinic_id");
	if (clinic)
		PG_RETURN_UUID_P(clinic);

	query_begin();
	if (query_run(&find_clinics, NULL, NULL, 2) == 1)
	{
		only = SPI_palloc(sizeof(pg_uuid_t));
		*only = *query_uuid(0, 1);
	}
	query_end();

	if (only == NULL)
		PG_RETURN_NULL();
	PG_RETURN_UUID_P(only);
}

Datum
current_actor(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *actor = identity_actor();

	if (actor == NULL)
		PG_RETURN_NULL();
	PG_RETURN_UUID_P(actor);
}

Datum
is_staff(PG_FUNCTION_ARGS)
{
	bool staff;

	if (PG_ARGISNULL(0))
		PG_RETURN_BOOL(false);
	query_begin();
	staff = identity_is_staff(PG_GETARG_UUID_P(0));
	query_end();
	PG_RETURN_BOOL(staff);
}

/* Thirty-two hexadecimal digits, hyphens between or not: what uuid_in() accepts and people write. */
static bool
looks_like_uuid(const char *text)
{
	int digits = 0;

	for (; *text; text++)
	{
		if (isxdigit((unsigned char) *text))
			digits++;
		else if (*text != '-' || digits == 0 || digits == 32 || digits % 4 != 0)
			return false;
		else if (text[-1] == '-')
			return false;
	}
	return digits == 32;
}

/*
 * A setting is checked here, not when it is set: set before this library is
 * loaded it would be dropped then, and a stranger be taken for the staff.
 */
static const pg_uuid_t *
uuid_of_setting(const char *setting, const char *name)
{
	if (setting == NULL || *setting == '\0')
		return NULL;
	if (!looks_like_uuid(setting))
		refuse(
			REASON_INVALID_CLAIM, psprintf("%s is not a UUID", name), NULL,
			"Set clinic_sched.actor_id or clinic_sched.clinic_id where accounts have other keys.");
	return DatumGetUUIDP(DirectFunctionCall1(uuid_in, CStringGetDatum(setting)));
}

/* The claims of the request's token, or NULL when there is none. */
static const char *
token_claims(void)
{
	const char *claims = GetConfigOption("request.jwt.claims", true, false);

	return claims && *claims ? claims : NULL;
}

/*
 * A claim of the token, or NULL when the token lacks it.  A claim that is no
 * UUID is refused: to ignore it would take a stranger for the clinic's staff.
 */
static const pg_uuid_t *
uuid_of_claim(const char *claim)
{
	const char *claims = token_claims();
	Jsonb *json;
	JsonbValue key;
	JsonbValue *value;
	char *text;

	if (claims == NULL)
		return NULL;
	json = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(claims)));
	if (!JB_ROOT_IS_OBJECT(json))
		refuse(REASON_INVALID_CLAIM, "request.jwt.claims must be a JSON object", NULL, NULL);
	key.type = jbvString;
	key.val.string.val = unconstify(char *, claim);
	key.val.string.len = (int) strlen(claim);
	value = findJsonbValueFromContainer(&json->root, JB_FOBJECT, &key);
	if (value == NULL || value->type == jbvNull)
		return NULL;
	text =
		value->type == jbvString ? pnstrdup(value->val.string.val, value->val.string.len) : "none";
	return uuid_of_setting(text, psprintf("the token's claim \"%s\"", claim));
}
