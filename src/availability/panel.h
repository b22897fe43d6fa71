/*
 * panel.h
 *		Several providers at once, of the free starts of each.  Pure.
 */
#ifndef CLINIC_SCHED_PANEL_H
#define CLINIC_SCHED_PANEL_H

#include "availability/sweep.h"

/* The most providers of a panel. */
#define MOST_MEMBERS 10

/* Some of the providers who are free at one start, for equally long. */
typedef struct Panel
{
	int count;
	FreeStart members[MOST_MEMBERS]; /* by code */
} Panel;

typedef struct PanelRequest
{
	int size;
	uint64 most; /* 0: all */
	void (*found)(const Panel *panel, void *argument);
	void *argument;
} PanelRequest;

/* As many panels begin at one start as visits may be unequally long then. */
typedef struct PanelSearch
{
	PanelRequest request;
	uint64 nfound;
	int count; /* at the start that is looked at */
	int room;
	Panel *panels;
} PanelSearch;

extern void panels_begin(PanelSearch *search, const PanelRequest *request);

/* The free starts are to be given earliest first, then by provider. */
extern void panels_add(PanelSearch *search, const FreeStart *start);

/* No more begin at the start of what was given last. */
extern void panels_end(PanelSearch *search);

static inline bool
panels_have_enough(const PanelSearch *search)
{
	return search->request.most > 0 && search->nfound >= search->request.most;
}

#endif /* CLINIC_SCHED_PANEL_H */
