/*
 * panel.c
 *		Several providers at once, of the free starts of each.
 *
 * Those who are free at a start and with whom the visit lasts equally long come
 * together, in the order of their codes, until there are as many as are wanted.
 */
#include "postgres.h"

#include "availability/panel.h"

void
panels_begin(PanelSearch *search, const PanelRequest *request)
{
	memset(search, 0, sizeof(*search));
	search->request = *request;
	search->room = 4;
	search->panels = palloc(sizeof(Panel) * search->room);
}

static int
compare_panels(const void *a, const void *b)
{
	TimestampTz x = ((const Panel *) a)->members[0].ends_at;
	TimestampTz y = ((const Panel *) b)->members[0].ends_at;

	return x < y ? -1 : x > y;
}

void
panels_end(PanelSearch *search)
{
	qsort(search->panels, search->count, sizeof(Panel), compare_panels);
	for (int i = 0; i < search->count && !panels_have_enough(search); i++)
	{
		if (search->panels[i].count < search->request.size)
			continue;
		search->nfound++;
		search->request.found(&search->panels[i], search->request.argument);
	}
	search->count = 0;
}

/* The panel of visits that end then. */
static Panel *
panel_until(PanelSearch *search, TimestampTz ends_at)
{
	Panel *panel;

	for (int i = 0; i < search->count; i++)
		if (search->panels[i].members[0].ends_at == ends_at)
			return &search->panels[i];
	if (search->count == search->room)
	{
		search->room *= 2;
		search->panels = repalloc(search->panels, sizeof(Panel) * search->room);
	}
	panel = &search->panels[search->count++];
	panel->count = 0;
	return panel;
}

void
panels_add(PanelSearch *search, const FreeStart *start)
{
	Panel *panel;

	if (search->count > 0 && search->panels[0].members[0].starts_at != start->starts_at)
		panels_end(search);
	panel = panel_until(search, start->ends_at);
	if (panel->count < search->request.size)
		panel->members[panel->count++] = *start;
}
