/*
 * visit_plan.c
 *		Planning a visit that takes its time: the rules, the locks, and what it
 *		occupies.
 *
 * What a service requires besides the provider is chosen before anything is
 * locked, so that only what was chosen is locked, and bookings that get other
 * rooms do not wait for each other.  If it turns out to be taken by then,
 * something else is chosen.
 */
#include "postgres.h"

#include "availability/pool.h"
#include "booking/code.h"
#include "booking/holds.h"
#include "booking/occupancy.h"
#include "booking/picks.h"
#include "booking/visit_batch.h"
#include "booking/visit_plan.h"
#include "catalog/pg_type.h"
#include "clinic/clinic.h"
#include "errors.h"
#include "lock.h"
#include "miscadmin.h"
#include "query.h"
#include "utils/builtins.h"
#include "utils/datetime.h"

/* What is being planned. */
typedef struct VisitPlan
{
	VisitRow *row;
	VisitFacts *facts;
	PlanKind kind;
	bool override; /* the rules are set aside */
	LockManner manner;
	const pg_uuid_t *except; /* the visit, if it may have claims; else NULL */
	VisitTime time;
	ServiceConfiguration service;
	ResourceList named;
	bool named_extra;  /* what is named is none of what is required */
	ResourceList kept; /* what it occupies already */
	TakenList taken;
} VisitPlan;

void
visit_facts(VisitFacts *facts, const VisitRow *row)
{
	facts_read(facts, visit_uuid(row, VISIT_CLINIC_ID), visit_uuid(row, VISIT_SERVICE_ID),
			   visit_uuid(row, VISIT_PROVIDER_ID));
}

void
ask_about_patient(VisitRow *row, const VisitFacts *facts, bool override, OtherVisits *others)
{
	char code[VISIT_CODE_SIZE];

	if (!visit_isnull(row, VISIT_CODE))
	{
		(void) check_patient(row, facts, NULL, override, others);
		return;
	}
	do
	{
		CHECK_FOR_INTERRUPTS();
		visit_code_draw(visit_time(row, VISIT_STARTS_AT), code);
	} while (check_patient(row, facts, code, override, others));
	visit_set(row, VISIT_CODE, CStringGetTextDatum(code));
}

/* The rules that an override sets aside. */
static void
check_rules(const VisitRow *row, const VisitFacts *facts)
{
	Reason reason = visit_refusal(facts, visit_mode(row), visit_time(row, VISIT_STARTS_AT),
								  visit_time(row, VISIT_ENDS_AT));

	if (reason != REASON_NONE)
		refuse_booking(reason);
}

static void
check_looked(const Look *look, const VisitTime *time, bool override)
{
	for (int i = 0; i < look->nresources; i++)
	{
		const LookedResource *resource = &look->resources[i];

		if (i == 0 && !(resource->exists && resource->is_provider))
			refuse(REASON_NOT_FOUND, "there is no such provider in this clinic", NULL, NULL);
		if (!resource->exists)
			refuse(REASON_NOT_FOUND, "there is no such room or device in this clinic", NULL, NULL);
		if (override)
			continue;
		if (!resource->is_active)
			refuse_booking(REASON_INACTIVE);
		if (i > 0 && room_refusal(resource, time) != REASON_NONE)
			refuse_booking(room_refusal(resource, time));
	}
}

static _Noreturn void
refuse_plan(const VisitPlan *plan, const Look *look)
{
	if (plan->kind == PLAN_RECLAIM)
		refuse(REASON_HOLD_EXPIRED, "the hold has expired and its time is taken", NULL,
			   "Book another time.");
	refuse_taken(plan->facts, look, &plan->time);
}

/*
 * Choosing what the service requires
 */

static ResourceList
resource_ids_of(const VisitRow *row)
{
	ResourceList list;

	list.count = resource_ids_read(visit_datum(row, VISIT_RESOURCE_IDS), &list.ids);
	return list;
}

static void
gather(VisitPlan *plan, const VisitRow *old, bool names_resources)
{
	const pg_uuid_t *clinic = visit_uuid(plan->row, VISIT_CLINIC_ID);
	ServiceConfiguration old_service;

	if (!configured_service(clinic, visit_uuid(plan->row, VISIT_SERVICE_ID), &plan->service))
		refuse(REASON_NOT_FOUND, "there is no such service in this clinic", NULL, NULL);
	plan->named = resource_ids_of(plan->row);
	if (old)
		plan->kept = resource_ids_of(old);
	if (old && !names_resources &&
		configured_service(clinic, visit_uuid(old, VISIT_SERVICE_ID), &old_service))
	{
		plan->named = named_resources(&old_service, &plan->kept);
		plan->named_extra = visit_same(plan->row, old, VISIT_SERVICE_ID);
	}
	if (resource_list_has(&plan->named, visit_uuid(plan->row, VISIT_PROVIDER_ID)))
		refuse(REASON_IN_USE, "a visit cannot occupy the same resource twice", NULL, NULL);
}

/*
 * Let the pool know what earlier rows of the statement have picked: they may yet
 * not be written, so that is a reason to prefer another, never to refuse.
 */
static void
add_picks(Pool *pool, const VisitPlan *plan)
{
	const pg_uuid_t *visit = visit_uuid(plan->row, VISIT_ID);

	for (int i = 0; i < pool->nresources; i++)
	{
		ClaimSweep *claims = &pool->resources[i].claims;

		claims->count = picks_append(visit, &pool->resources[i].id, plan->time.claim_from,
									 plan->time.claim_to, &claims->claims, claims->count);
		claims_sort(claims);
	}
}

static void
read_pool(Pool *pool, const VisitPlan *plan)
{
	const pg_uuid_t *clinic = visit_uuid(plan->row, VISIT_CLINIC_ID);
	pg_uuid_t *ids;
	ClaimSweep *sweeps;

	pool_gather(pool, clinic, &plan->service, &plan->named, plan->named_extra, &plan->kept);
	pool->taken = &plan->taken;
	pool_open(pool, plan->time.starts_at, plan->time.ends_at);
	ids = palloc(sizeof(pg_uuid_t) * Max(pool->nresources, 1));
	sweeps = palloc(sizeof(ClaimSweep) * Max(pool->nresources, 1));
	for (int i = 0; i < pool->nresources; i++)
		ids[i] = pool->resources[i].id;
	claims_read(sweeps, clinic, ids, pool->nresources, plan->time.claim_from, plan->time.claim_to,
				plan->except, SNAPSHOT_LATEST);
	for (int i = 0; i < pool->nresources; i++)
		pool->resources[i].claims = sweeps[i];
}

/* False if the visit cannot have all it needs. */
static bool
choose(const VisitPlan *plan, bool with_picks, ResourceList *chosen)
{
	Pool pool = {0};

	read_pool(&pool, plan);
	if (with_picks)
		add_picks(&pool, plan);
	return pool_choose(&pool, visit_uuid(plan->row, VISIT_PROVIDER_ID), &plan->time, chosen);
}

/* What it needs, with nothing chosen: the provider, and what was named. */
static Look *
look_at_named(const VisitPlan *plan)
{
	const VisitTime *time = &plan->time;
	int count = plan->named.count + 1;
	pg_uuid_t *resources = palloc(sizeof(pg_uuid_t) * count);

	resources[0] = *visit_uuid(plan->row, VISIT_PROVIDER_ID);
	for (int i = 1; i < count; i++)
		resources[i] = plan->named.ids[i - 1];
	return look_at(visit_uuid(plan->row, VISIT_CLINIC_ID), resources, count, time->mode,
				   time->starts_at, time->claim_from, time->claim_to, plan->except, false);
}

/* Is something that was looked at full, were expired holds gone? */
static bool
is_full(const VisitPlan *plan, const Look *look)
{
	const VisitTime *time = &plan->time;
	pg_uuid_t *ids = palloc(sizeof(pg_uuid_t) * look->nresources);
	ClaimSweep *sweeps = palloc(sizeof(ClaimSweep) * look->nresources);

	if (first_without_seat(look, time) < 0)
		return false;
	for (int i = 0; i < look->nresources; i++)
		ids[i] = look->resources[i].id;
	claims_read(sweeps, visit_uuid(plan->row, VISIT_CLINIC_ID), ids, look->nresources,
				time->claim_from, time->claim_to, plan->except, SNAPSHOT_LATEST);
	for (int i = 0; i < look->nresources; i++)
		if (claims_free_seats(&sweeps[i], look->resources[i].seats, time->claim_from,
							  time->claim_to) == 0)
			return true;
	return false;
}

/* The visit cannot have all it needs: say why. */
static _Noreturn void
refuse_choice(const VisitPlan *plan)
{
	Look *look = look_at_named(plan);

	check_looked(look, &plan->time, plan->override);
	if (plan->kind == PLAN_RECLAIM || is_full(plan, look))
		refuse_plan(plan, look);
	refuse(REASON_SLOT_TAKEN, "a room or a device that this service requires is not free then",
		   NULL, "clinic.available_slots() lists the free starts.");
}

/* Set resource_ids to what is named and what else the visit is to have, as things stand now. */
static void
choose_resources(VisitPlan *plan)
{
	ResourceList chosen = plan->named;

	if (plan->service.nunits == 0 && chosen.count == resource_ids_of(plan->row).count)
		return;
	if (plan->service.nunits > 0 && !choose(plan, true, &chosen) && !choose(plan, false, &chosen) &&
		!plan->override)
		refuse_choice(plan);
	if (chosen.count > MAX_RESOURCES)
		refuse(REASON_LIMIT_REACHED, "a visit occupies at most 32 rooms and devices", NULL, NULL);
	visit_set(plan->row, VISIT_RESOURCE_IDS, uuid_array(chosen.ids, chosen.count));
}

/*
 * Taking it
 */

/* What was named is refused when it is closed; what was chosen may have been closed since. */
static int
check_open(const VisitPlan *plan, const Look *look, int found)
{
	Look named = *look;

	named.nresources = 1 + plan->named.count;
	check_looked(&named, &plan->time, plan->override);
	for (int i = named.nresources; i < found; i++)
	{
		const LookedResource *resource = &look->resources[i];

		if (!resource->exists || !resource->is_active ||
			room_refusal(resource, &plan->time) != REASON_NONE)
			return i;
	}
	return found;
}

/* Look at all that the visit is to occupy, and choose seats; how many could be chosen. */
static int
look_for_seats(const VisitPlan *plan, const pg_uuid_t *resources, int nresources, Look **look,
			   ChosenSeat *seats)
{
	const VisitTime *time = &plan->time;
	/* The rows of a batch were looked at, and name no free starts. */
	TimestampTz until = visit_batch_is_open() ? time->claim_to : look_until(plan->facts, time);

	*look = look_at(visit_uuid(plan->row, VISIT_CLINIC_ID), resources, nresources, time->mode,
					time->starts_at, time->claim_from, until, plan->except, false);
	return check_open(plan, *look,
					  choose_seats(*look, visit_uuid(plan->row, VISIT_ID), time, seats));
}

/*
 * With the locks held: find a seat of everything the visit occupies.  False if
 * something that was chosen has none, which plan->taken then knows.
 */
static bool
pick_seats(VisitPlan *plan)
{
	const pg_uuid_t *clinic = visit_uuid(plan->row, VISIT_CLINIC_ID);
	const pg_uuid_t *visit = visit_uuid(plan->row, VISIT_ID);
	const VisitTime *time = &plan->time;
	pg_uuid_t *resources;
	int nresources = visit_resources(plan->row, &resources);
	ChosenSeat *seats = palloc(sizeof(ChosenSeat) * nresources);
	Look *look;
	int found = look_for_seats(plan, resources, nresources, &look, seats);

	if (found < nresources && look->may_have_expired &&
		expired_holds_exist(clinic, resources, nresources, time->claim_from, time->claim_to) &&
		expired_holds_reap(clinic, resources, nresources, time->claim_from, time->claim_to) > 0)
	{
		look_ahead_end();
		found = look_for_seats(plan, resources, nresources, &look, seats);
	}
	if (found < nresources)
	{
		if (found <= plan->named.count)
			refuse_plan(plan, look);
		taken_add(&plan->taken, &resources[found], time->starts_at);
		return false;
	}

	visit_set(plan->row, VISIT_SEAT, Int32GetDatum(seats[0].seat));
	for (int i = 0; i < nresources; i++)
	{
		TakenSeat seat = {seats[i].seat, time->claim_from, time->claim_to};

		pick_remember(visit, &resources[i], &seat, seats[i].contended);
	}
	return true;
}

/* Choose, lock and look until what was chosen is had. */
static void
occupy(VisitPlan *plan)
{
	const pg_uuid_t *clinic = visit_uuid(plan->row, VISIT_CLINIC_ID);

	for (;;)
	{
		DayLocks locks;
		pg_uuid_t *resources;
		int nresources;

		CHECK_FOR_INTERRUPTS();
		choose_resources(plan);
		nresources = visit_resources(plan->row, &resources);
		lock_days(clinic, resources, nresources, plan->time.claim_from, plan->time.claim_to,
				  plan->manner, &locks);
		/* Whoever changed the provider's hours meanwhile had the provider's lock. */
		if (locks.count > 0)
		{
			visit_facts(plan->facts, plan->row);
			if (!plan->override)
				check_rules(plan->row, plan->facts);
		}
		if (pick_seats(plan))
			return;
		unlock_days(&locks);
	}
}

void
plan_visit(VisitRow *row, const VisitRow *old, VisitFacts *facts, PlanKind kind,
		   bool names_resources)
{
	const pg_uuid_t *clinic = visit_uuid(row, VISIT_CLINIC_ID);
	VisitPlan plan = {.row = row, .facts = facts, .kind = kind};
	OtherVisits others;

	plan.manner = old ? LOCK_TRY : LOCK_WAIT;
	plan.except = old ? visit_uuid(row, VISIT_ID) : NULL;
	plan.time = visit_time_of(row);
	/* An override given when the hold was made is not asked for again. */
	plan.override = kind == PLAN_OVERRIDE ||
					(kind == PLAN_RECLAIM && !visit_isnull(row, VISIT_OVERRIDE_REASON));
	if (!plan.override)
		check_rules(row, facts);
	if (plan.time.mode == MODE_WALK_IN)
	{
		ask_about_patient(row, facts, plan.override, NULL);
		return;
	}
	if (visit_isnull(row, VISIT_PROVIDER_ID))
		refuse_null("provider_id");
	if (plan.time.claim_to - plan.time.claim_from > facts->longest_claim)
		clinic_raise_longest_claim(clinic, plan.time.claim_to - plan.time.claim_from);
	lock_patient(clinic, visit_uuid(row, VISIT_PATIENT_ID),
				 has_patient_rules(&facts->patient) ? LOCK_EXCLUSIVE : LOCK_SHARED, plan.manner);
	ask_about_patient(row, facts, plan.override, &others);
	if (!plan.override && kind != PLAN_MOVE)
		check_no_shows(row, &facts->patient);
	gather(&plan, old, names_resources);
	occupy(&plan);
	check_other_visits(row, &others);
}
