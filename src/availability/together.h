/*
 * together.h
 *		Can several visits be had that can each be had alone?
 *
 * They may be in each other's way where what they occupy touches, and that is
 * the time of their visits and the buffers.
 */
#ifndef CLINIC_SCHED_TOGETHER_H
#define CLINIC_SCHED_TOGETHER_H

#include "availability/search.h"

/*
 * Could the last of the visits be booked once those before it are, one after the
 * other?  They are free starts of these searches, and could be booked so
 * themselves.  If not, *because is the first of them on which that depends.
 * Between query_begin() and query_end().
 */
extern bool had_together(const FreeStart *visits, Search *const *searches, int nvisits,
						 int *because);

#endif /* CLINIC_SCHED_TOGETHER_H */
