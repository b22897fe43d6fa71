/*
 * first_start.h
 *		A search that ends at the first start, because enough providers are free.
 */
#ifndef CLINIC_SCHED_FIRST_START_H
#define CLINIC_SCHED_FIRST_START_H

#include "availability/search.h"

/*
 * Find all that is wanted at the first start of a search that is prepared.  False
 * if it is not there, or not worth being looked for: then nothing was handed over,
 * and the search is to be begun.
 */
extern bool search_first_start(Search *search);

#endif /* CLINIC_SCHED_FIRST_START_H */
