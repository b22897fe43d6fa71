/*
 * seats.c
 *		Which seat of a resource is free.
 */
#include "postgres.h"

#include "availability/seats.h"

int32
lowest_free_seat(const TakenSeat *taken, int ntaken, int32 seats, TimestampTz from, TimestampTz to)
{
	bool *is_taken = palloc0(sizeof(bool) * (seats + 1));
	int32 seat;

	for (int i = 0; i < ntaken; i++)
		if (taken[i].starts_at < to && taken[i].ends_at > from && taken[i].seat <= seats)
			is_taken[taken[i].seat] = true;
	for (seat = 1; seat <= seats && is_taken[seat]; seat++)
		;
	pfree(is_taken);
	return seat <= seats ? seat : 0;
}
