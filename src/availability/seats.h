/*
 * seats.h
 *		Which seat of a resource is free.  Pure.
 */
#ifndef CLINIC_SCHED_SEATS_H
#define CLINIC_SCHED_SEATS_H

#include "datatype/timestamp.h"

/* A seat of a resource, taken from starts_at until ends_at. */
typedef struct TakenSeat
{
	int32 seat; /* from 1 */
	TimestampTz starts_at;
	TimestampTz ends_at;
} TakenSeat;

/* The lowest seat of 1..seats that is free all of [from, to), or 0. */
extern int32 lowest_free_seat(const TakenSeat *taken, int ntaken, int32 seats, TimestampTz from,
							  TimestampTz to);

#endif /* CLINIC_SCHED_SEATS_H */
