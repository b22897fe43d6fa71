/*
 * occupancy.h
 *		What a visit occupies: its time, its seats, and whether that changes.
 */
#ifndef CLINIC_SCHED_OCCUPANCY_H
#define CLINIC_SCHED_OCCUPANCY_H

#include "booking/look.h"
#include "booking/visit.h"

/* The row's start and end must be known. */
extern VisitTime visit_time_of(const VisitRow *row);

/* Does an update change what the rules were asked about? */
extern bool plan_changed(const VisitRow *row, const VisitRow *old);

/*
 * Does a hold that has lost its time, or may lose it any moment, take it again
 * with this update?
 */
extern bool reclaims(const VisitRow *row, const VisitRow *old);

/* Does an update book: give the visit to another patient, or a hold its lost time again? */
extern bool books_again(const VisitRow *row, const VisitRow *old);

/* A seat chosen for a claim. */
typedef struct ChosenSeat
{
	int32 seat;		/* 0: none is free */
	bool contended; /* an earlier row of this statement has picked it too */
} ChosenSeat;

/*
 * Choose a seat of every resource that was looked at, up to the first that has
 * none; how many were chosen.
 */
extern int choose_seats(const Look *look, const pg_uuid_t *visit, const VisitTime *time,
						ChosenSeat *seats);

#endif /* CLINIC_SCHED_OCCUPANCY_H */
