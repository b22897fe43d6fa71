/*
 * cancel_notice.h
 *		Until when a visit may be given up without loss to the clinic.
 */
#ifndef CLINIC_SCHED_CANCEL_NOTICE_H
#define CLINIC_SCHED_CANCEL_NOTICE_H

#include "booking/visit.h"

typedef struct CancelNotice
{
	bool is_wanted; /* the clinic or the service wants one at all */
	bool has_begun; /* it is too short now; where none is wanted, the visit has begun */
} CancelNotice;

/* With the clinic locked: the notice of a visit as it stands. */
extern CancelNotice cancel_notice(const VisitRow *visit);

#endif /* CLINIC_SCHED_CANCEL_NOTICE_H */
