/*
 * visit_plan.h
 *		Planning a visit that takes its time: the rules, the locks, and what it
 *		occupies.
 */
#ifndef CLINIC_SCHED_VISIT_PLAN_H
#define CLINIC_SCHED_VISIT_PLAN_H

#include "booking/patient_rules.h"
#include "booking/rules.h"
#include "booking/visit.h"

/* Why the rules are asked, which decides what they are asked. */
typedef enum PlanKind
{
	PLAN_BOOK,	   /* a new visit of the patient's */
	PLAN_MOVE,	   /* a new time, provider or service of a visit there is */
	PLAN_OVERRIDE, /* one of these, the rules set aside */
	PLAN_RECLAIM   /* an expired hold wants its time back */
} PlanKind;

/* The facts for the row's clinic, service and provider, as they are now. */
extern void visit_facts(VisitFacts *facts, const VisitRow *row);

/*
 * Lock what the visit is to occupy, look at it now that nobody else can take it,
 * and choose its resources and its seat, or refuse.  An UPDATE has locked its row
 * (old; else NULL), so it tries for the locks.  What resource_ids says was named
 * now, unless an UPDATE leaves it alone: then only what the service does not
 * require was named.
 */
extern void plan_visit(VisitRow *row, const VisitRow *old, VisitFacts *facts, PlanKind kind,
					   bool names_resources);

/* Ask about the patient, drawing the visit's code, if it has none, until it is nobody's. */
extern void ask_about_patient(VisitRow *row, const VisitFacts *facts, bool override,
							  OtherVisits *others);

#endif /* CLINIC_SCHED_VISIT_PLAN_H */
