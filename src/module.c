/*
 * module.c
 *		Module magic and settings.
 */
#include "postgres.h"

#include "compat.h"
#include "fmgr.h"
#include "identity/identity.h"
#include "utils/guc.h"

PG_MODULE_MAGIC;

void _PG_init(void);

void
_PG_init(void)
{
	identity_define_settings();
	reserve_setting_prefix("clinic_sched");
}
