/*
 * restore.c
 *		Telling a restore of a dump from a client that writes.
 *
 * The tables of an extension exist, with their triggers, before a dump's rows
 * are loaded.  Those rows must be taken as they are, and the claims and the
 * journal come from the dump themselves.  A dump says what it is by the two
 * settings it begins with, check_function_bodies off and an empty search_path;
 * that alone would let anybody pass for one, so the role must be able to write
 * the derived tables as it pleases anyway.  All three are asked of the session
 * as it calls the trigger: triggers are neither SECURITY DEFINER nor have a
 * path of their own.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "commands/extension.h"
#include "compat.h"
#include "restore.h"
#include "utils/rel.h"

static bool
search_path_is_empty(void)
{
	return namespace_search_path != NULL &&
		   strspn(namespace_search_path, " \t\"") == strlen(namespace_search_path);
}

static bool
owns_extension(Oid role)
{
	Oid extension = get_extension_oid("clinic_sched", true);

	return OidIsValid(extension) && owns_extension_oid(extension, role);
}

bool
restoring(Relation relation)
{
	Oid user;
	int security_context;

	if (check_function_bodies || !search_path_is_empty())
		return false;
	/* The path and the role of a SECURITY DEFINER function are not the session's. */
	GetUserIdAndSecContext(&user, &security_context);
	if (security_context & (SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION))
		return false;
	return (superuser() || owns_relation(RelationGetRelid(relation), GetUserId()) ||
			owns_extension(GetUserId()));
}
