/*
 * compat.h
 *		Every difference between the PostgreSQL versions we build on, 14 to 18.
 */
#ifndef CLINIC_SCHED_COMPAT_H
#define CLINIC_SCHED_COMPAT_H

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_proc.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/rangetypes.h"

/* VARSIZE() and its kin were in postgres.h. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#if PG_VERSION_NUM < 140000
#error "clinic_sched needs PostgreSQL 14 or later"
#endif

/* Is the lock held by this backend, in exactly this mode? */
static inline bool
lock_held_by_me(const LOCKTAG *tag, LOCKMODE mode)
{
#if PG_VERSION_NUM >= 170000
	return LockHeldByMe(tag, mode, false);
#else
	return LockHeldByMe(tag, mode);
#endif
}

/* The local transaction id: another one in each transaction of this backend. */
static inline LocalTransactionId
current_local_xid(void)
{
#if PG_VERSION_NUM >= 170000
	return MyProc->vxid.lxid;
#else
	return MyProc->lxid;
#endif
}

static inline bool
owns_relation(Oid relid, Oid roleid)
{
#if PG_VERSION_NUM >= 160000
	return object_ownercheck(RelationRelationId, relid, roleid);
#else
	return pg_class_ownercheck(relid, roleid);
#endif
}

static inline bool
owns_extension_oid(Oid extension, Oid roleid)
{
#if PG_VERSION_NUM >= 160000
	return object_ownercheck(ExtensionRelationId, extension, roleid);
#else
	return pg_extension_ownercheck(extension, roleid);
#endif
}

static inline bool
may_execute(Oid function, Oid roleid)
{
#if PG_VERSION_NUM >= 160000
	return object_aclcheck(ProcedureRelationId, function, roleid, ACL_EXECUTE) == ACLCHECK_OK;
#else
	return pg_proc_aclcheck(function, roleid, ACL_EXECUTE) == ACLCHECK_OK;
#endif
}

/*
 * Hold the search path at pg_catalog while a statement runs as the tables'
 * owner.  Such statements are qualified throughout, so this is not what makes
 * them safe: it keeps their plans from being made again, and the path from being
 * worked out again, each time the role or its path changes.  PostgreSQL 17 has
 * no such stack any more, but caches what it works out.
 */
static inline void
pin_search_path(void)
{
#if PG_VERSION_NUM < 170000
	OverrideSearchPath catalog_only = {.addCatalog = true};

	PushOverrideSearchPath(&catalog_only);
#endif
}

static inline void
unpin_search_path(void)
{
#if PG_VERSION_NUM < 170000
	PopOverrideSearchPath();
#endif
}

static inline void
reserve_setting_prefix(const char *prefix)
{
#if PG_VERSION_NUM >= 150000
	MarkGUCPrefixReserved(prefix);
#else
	EmitWarningsOnPlaceholders(prefix);
#endif
}

/*
 * Report bad input of a type: to the caller's error context where input
 * functions are given one, else as an ERROR.
 */
#if PG_VERSION_NUM >= 160000
#include "nodes/miscnodes.h"
#else
#define ereturn(context, result, ...) \
	do \
	{ \
		ereport(ERROR, __VA_ARGS__); \
		return result; \
	} while (0)
#endif

static inline RangeType *
range_from_bounds(TypeCacheEntry *typcache, RangeBound *lower, RangeBound *upper)
{
#if PG_VERSION_NUM >= 160000
	return make_range(typcache, lower, upper, false, NULL);
#else
	return make_range(typcache, lower, upper, false);
#endif
}

/* Let a set-returning function put its rows into ReturnSetInfo.setResult. */
static inline void
materialize_result(FunctionCallInfo fcinfo)
{
#if PG_VERSION_NUM >= 150000
	InitMaterializedSRF(fcinfo, 0);
#else
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext caller;
	TupleDesc descriptor;

	if (result == NULL || !IsA(result, ReturnSetInfo) ||
		(result->allowedModes & SFRM_Materialize) == 0)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("set-valued function called in context that cannot accept a set")));
	caller = MemoryContextSwitchTo(result->econtext->ecxt_per_query_memory);
	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	result->returnMode = SFRM_Materialize;
	result->setResult = tuplestore_begin_heap((result->allowedModes & SFRM_Materialize_Random) != 0,
											  false, work_mem);
	result->setDesc = descriptor;
	MemoryContextSwitchTo(caller);
#endif
}

#endif /* CLINIC_SCHED_COMPAT_H */
