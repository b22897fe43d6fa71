/*
 * search_support.c
 *		What the planner is told of the searches: how many rows, and at what cost.
 */
#include "postgres.h"

#include "availability/search_support.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"

/* Where the number of results is not known when it plans, or all are wanted. */
#define DEFAULT_RESULTS 10
#define RESULTS_OF_ALL 1000

/* In units of cpu_operator_cost: what each search costs, and each row that it finds. */
#define COST_OF_SEARCH 40000
#define COST_OF_ROW 200

const Const *
known_argument(Node *call, int argument)
{
	Node *value = list_nth(castNode(FuncExpr, call)->args, argument);

	return IsA(value, Const) ? (Const *) value : NULL;
}

double
expected_results(Node *call, int argument)
{
	const Const *most = known_argument(call, argument);

	if (most == NULL)
		return DEFAULT_RESULTS;
	if (!most->constisnull)
		return Max(DatumGetInt32(most->constvalue), 1);
	return RESULTS_OF_ALL;
}

Node *
tell_planner(Node *request, double (*expected_rows)(Node *call))
{
	if (IsA(request, SupportRequestRows) && is_funcclause(((SupportRequestRows *) request)->node))
	{
		SupportRequestRows *rows = (SupportRequestRows *) request;

		rows->rows = expected_rows(rows->node);
		return request;
	}
	if (IsA(request, SupportRequestCost) && ((SupportRequestCost *) request)->node &&
		is_funcclause(((SupportRequestCost *) request)->node))
	{
		SupportRequestCost *cost = (SupportRequestCost *) request;

		/* Which claims are read depends on when there is free time, more than on the rows. */
		cost->startup = COST_OF_SEARCH * cpu_operator_cost;
		cost->per_tuple = COST_OF_ROW * expected_rows(cost->node) * cpu_operator_cost;
		return request;
	}
	return NULL;
}
