/*
 * proposal.h
 *		Hours and closures that somebody thinks of.  Pure.
 */
#ifndef CLINIC_SCHED_PROPOSAL_H
#define CLINIC_SCHED_PROPOSAL_H

#include "availability/opening.h"

/* A rota, a closure, or both, of a resource or of its clinic. */
typedef struct Proposal
{
	bool of_clinic;
	bool has_rota;
	bool has_closure;
	Rota rota;
	Closure closure;
} Proposal;

/* When a resource would take visits; what is proposed comes before the rotas that there are. */
extern Opening opening_proposed(const Opening *opening, const Proposal *proposal);

/*
 * On which of the days [first, end) of the resource could anything differ, be it
 * for a visit that starts on them?  One bool a day.
 */
extern bool *proposal_days(const Proposal *proposal, const Opening *opening, DateADT first,
						   DateADT end);

/* From which day on, and before which, something differs, by the resource's clocks; may be infinite. */
extern void proposal_bounds(const Proposal *proposal, CivilClock *clock, DateADT *first,
							DateADT *end);

#endif /* CLINIC_SCHED_PROPOSAL_H */
