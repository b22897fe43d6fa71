/*
 * arguments.h
 *		Arguments that several functions about free time have.
 */
#ifndef CLINIC_SCHED_ARGUMENTS_H
#define CLINIC_SCHED_ARGUMENTS_H

#include "fmgr.h"

/* A length of time, in microseconds; 0 when it is not given. */
extern int64 length_argument(FunctionCallInfo fcinfo, int argument, const char *name);

/* The same of a grid. */
extern int64 step_argument(FunctionCallInfo fcinfo, int argument);

/* A number of rows; `otherwise` when it is null. */
extern int32 count_argument(FunctionCallInfo fcinfo, int argument, const char *name,
							int32 otherwise);

#endif /* CLINIC_SCHED_ARGUMENTS_H */
