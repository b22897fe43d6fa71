/*
 * choose_provider.h
 *		Choosing a provider, and where it is asked for a start, for a request that
 *		names none.
 */
#ifndef CLINIC_SCHED_CHOOSE_PROVIDER_H
#define CLINIC_SCHED_CHOOSE_PROVIDER_H

#include "booking/request.h"

/*
 * Set the request's provider, its start and its resources to what can be booked,
 * and lock it, so that it still can be; or refuse.
 */
extern void choose_provider(BookingRequest *request);

/* Set the request's provider to who would be chosen as things stand, and lock nothing; or refuse. */
extern void suggest_provider(BookingRequest *request);

#endif /* CLINIC_SCHED_CHOOSE_PROVIDER_H */
