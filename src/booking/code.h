/*
 * code.h
 *		The code a patient quotes for a visit.  Pure.
 */
#ifndef CLINIC_SCHED_CODE_H
#define CLINIC_SCHED_CODE_H

#include "datatype/timestamp.h"

/* "APT-2026-7K3M-9QXD" and the terminating zero; a year has at most 4 digits here. */
#define VISIT_CODE_SIZE 19

/* The year is that of the visit's start, on UTC's calendar. */
extern void visit_code_draw(TimestampTz starts_at, char code[VISIT_CODE_SIZE]);

#endif /* CLINIC_SCHED_CODE_H */
