/*
 * search_support.h
 *		What the planner is told of the searches: how many rows, and at what cost.
 */
#ifndef CLINIC_SCHED_SEARCH_SUPPORT_H
#define CLINIC_SCHED_SEARCH_SUPPORT_H

#include "nodes/primnodes.h"

/* An argument of the call that is planned; NULL when it is not known yet. */
extern const Const *known_argument(Node *call, int argument);

/* How many results to expect, by the argument that says how many are wanted. */
extern double expected_results(Node *call, int argument);

/* Answer the planner's request; NULL if it asks for something else. */
extern Node *tell_planner(Node *request, double (*expected_rows)(Node *call));

#endif /* CLINIC_SCHED_SEARCH_SUPPORT_H */
