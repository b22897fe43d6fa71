/*
 * rota_change.c
 *		clinic.rota_change(): what hours or a closure would come to, if they were
 *		written.
 *
 * Of each resource, the days on which the proposal could change anything are
 * worked out twice: as they are, and as they would be.  Claims are the same both
 * times.  Such days come in stretches, which for a closure every week are short
 * and far from each other, so each stretch is read by itself.
 *
 * Visits are read with the caller's rights, as clinic.orphans() does; when a
 * resource is free is anybody's to know, as in clinic.free_time().
 */
#include "postgres.h"

#include "access/xact.h"
#include "availability/claims.h"
#include "availability/free_seats.h"
#include "availability/orphans.h"
#include "availability/proposal.h"
#include "availability/range.h"
#include "booking/visit.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "clinic/closure_row.h"
#include "clinic/configuration.h"
#include "compat.h"
#include "errors.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "query.h"
#include "utils/array.h"
#include "utils/fmgrprotos.h"
#include "utils/rangetypes.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(rota_change);

/* The arguments, in order. */
enum
{
	ARG_RESOURCE_ID,
	ARG_VALID,
	ARG_WEEKLY,
	ARG_MODE,
	ARG_SEATS,
	ARG_DURING,
	ARG_KIND,
	ARG_RRULE,
	ARG_DAYS,
	ARG_CLINIC_ID
};

/* As many days are looked at where it is not said which; and at most, where it is. */
#define DAYS_LOOKED_AT 366
#define MOST_DAYS 3660

#define MOST_SEATS 1000

typedef struct RotaChange
{
	const pg_uuid_t *clinic;
	ClinicConfiguration configuration;
	Proposal proposal;
	bool has_days;
	DateADT first; /* of the days that are looked at */
	DateADT end;
	ReturnSetInfo *result;
} RotaChange;

typedef struct ChangedResource
{
	const RotaChange *change;
	pg_uuid_t id;
	Opening before;
	Opening after;
	CivilClock clock;
} ChangedResource;

/* When it is open and when it is free, on some days; and where the next of them begins. */
typedef struct Account
{
	OpenTimes times;
	IntervalList open;
	IntervalList free;
	int next_open;
	int next_free;
} Account;

typedef struct OccupyingVisit
{
	pg_uuid_t id;
	int nresources;
	pg_uuid_t *resources; /* its provider first */
	StandingVisit standing;
} OccupyingVisit;

/* Visits that would be orphaned. */
typedef struct OrphanList
{
	int count;
	int next;
	OccupyingVisit **orphans; /* by start */
} OrphanList;

/* What a row says of a day. */
typedef struct DayAccount
{
	IntervalList open;
	IntervalList free;
	int32 seats;
} DayAccount;

static SavedQuery find_resources = {
	.sql = "select r.id from clinic.resource r where r.clinic_id" EQ "$1 and r.is_active"
		   " order by r.kind, r.code, r.id",
	QUERY_PARAMETERS(UUIDOID),
	.snapshot = SNAPSHOT_STATEMENT,
};

/* $3 is where [$4, $5) begins less the longest claim. */
static SavedQuery find_claiming = {
	.sql = "select pg_catalog.array_agg(c.appointment_id) from clinic.claim c"
		   " where c.clinic_id" EQ "$1 and c.resource_id" EQ "$2 and c.starts_at" GT
		   "$3 and c.ends_at" GT "$4 and c.starts_at" LT "$5",
	QUERY_PARAMETERS(UUIDOID, UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_STATEMENT,
	.as_owner = true,
};

enum
{
	VISIT_ID_COLUMN = 1,
	VISIT_MODE_NAME,
	VISIT_STARTS,
	VISIT_ENDS,
	VISIT_SEAT_NUMBER,
	VISIT_IS_OVERRIDDEN,
	VISIT_PROVIDER,
	VISIT_RESOURCES
};

/* Those that clinic.orphans() asks about; $5 is the instant by which holds expire. */
static SavedQuery find_visits = {
	.sql = "select a.id, a.mode::pg_catalog.text, a.starts_at, a.ends_at, a.seat,"
		   " a.override_reason is not null, a.provider_id, a.resource_ids"
		   " from clinic.appointment a"
		   " where a.clinic_id" EQ "$1 and a.id operator(pg_catalog.=) any ($2)"
		   " and a.starts_at" GE "$3 and a.starts_at" LT "$4 and a.status" LT
		   "'completed'::clinic.appointment_status and not (a.status" EQ
		   "'held'::clinic.appointment_status and a.hold_expires_at" LE "$5)"
		   " and a.mode" NE "'walk_in'::clinic.visit_mode"
		   " and a.provider_id is not null and a.seat is not null"
		   " order by a.starts_at, a.id",
	QUERY_PARAMETERS(UUIDOID, UUIDARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_STATEMENT,
};

/*
 * Arguments
 */

/* As the row would be refused by its table. */
static _Noreturn void
refuse_row(const char *constraint, const char *message)
{
	ereport(ERROR, (errcode(ERRCODE_CHECK_VIOLATION), errmsg("%s", message),
					err_generic_string(PG_DIAG_CONSTRAINT_NAME, constraint)));
}

/* The days [first, end) of a daterange, whose bounds may be infinite; false if it is empty. */
static bool
day_bounds(RangeType *range, const char *name, DateADT *first, DateADT *end)
{
	TypeCacheEntry *type = lookup_type_cache(DATERANGEOID, TYPECACHE_RANGE_INFO);
	RangeBound lower;
	RangeBound upper;
	bool empty;

	range_deserialize(type, range, &lower, &upper, &empty);
	if (empty)
		return false;
	*first = lower.infinite ? DATEVAL_NOBEGIN : DatumGetDateADT(lower.val);
	*end = upper.infinite ? DATEVAL_NOEND : DatumGetDateADT(upper.val);
	if (!DATE_IS_NOBEGIN(*first))
		check_visit_day(*first);
	if (!DATE_IS_NOEND(*end))
		check_visit_day(DATE_NOT_FINITE(*end) ? *end : *end - 1);
	return true;
}

static void
read_rota(Proposal *proposal, FunctionCallInfo fcinfo)
{
	Rota *rota = &proposal->rota;

	if (PG_ARGISNULL(ARG_WEEKLY) && PG_ARGISNULL(ARG_VALID))
		return;
	if (PG_ARGISNULL(ARG_WEEKLY))
		refuse_null("weekly");
	if (PG_ARGISNULL(ARG_VALID))
		refuse_null("valid");
	rota->weekly = PG_GETARG_WEEKLY_HOURS_P(ARG_WEEKLY);
	rota->has_mode = !PG_ARGISNULL(ARG_MODE);
	if (rota->has_mode)
		rota->mode = mode_from_oid(PG_GETARG_OID(ARG_MODE));
	if (rota->has_mode && rota->mode == MODE_WALK_IN)
		refuse_row("hours_mode_check", "the days of a rota cannot be booked as walk-ins");
	if (!PG_ARGISNULL(ARG_SEATS))
	{
		rota->seats = PG_GETARG_INT32(ARG_SEATS);
		if (rota->seats < 1 || rota->seats > MOST_SEATS)
			refuse_row("hours_seats_check", "seats must be between 1 and 1000");
	}
	proposal->has_rota =
		day_bounds(PG_GETARG_RANGE_P(ARG_VALID), "valid", &rota->from, &rota->until);
}

static bool
is_open_kind(Oid kind)
{
	Datum label = DirectFunctionCall1(enum_out, ObjectIdGetDatum(kind));

	return strcmp(DatumGetCString(label), "open") == 0;
}

static void
read_closure(Proposal *proposal, FunctionCallInfo fcinfo, pg_tz *zone)
{
	Closure *closure = &proposal->closure;

	if (PG_ARGISNULL(ARG_DURING) && PG_ARGISNULL(ARG_RRULE))
		return;
	if (PG_ARGISNULL(ARG_DURING))
		refuse_null("during");
	if (PG_ARGISNULL(ARG_KIND))
		refuse_null("kind");
	if (!range_open_bounds(PG_GETARG_RANGE_P(ARG_DURING), "during", &closure->from, &closure->to))
		return;
	closure->is_open = is_open_kind(PG_GETARG_OID(ARG_KIND));
	if (closure->is_open &&
		(TIMESTAMP_IS_NOBEGIN(closure->from) || TIMESTAMP_IS_NOEND(closure->to)))
		refuse_row("closure_open_check", "what is open must have a beginning and an end");
	if (!PG_ARGISNULL(ARG_RRULE))
	{
		closure_set_rule(closure, PG_GETARG_DATUM(ARG_RRULE), CurrentMemoryContext);
		closure_check_rule(closure, zone);
	}
	proposal->has_closure = true;
}

/* False if there is nothing to look at. */
static bool
read_days(RotaChange *change, FunctionCallInfo fcinfo)
{
	change->has_days = !PG_ARGISNULL(ARG_DAYS);
	if (!change->has_days)
		return true;
	if (!day_bounds(PG_GETARG_RANGE_P(ARG_DAYS), "days", &change->first, &change->end))
		return false;
	if (DATE_IS_NOBEGIN(change->first) || DATE_IS_NOEND(change->end))
		refuse(REASON_INVALID_TIME, "days must have a beginning and an end", NULL, NULL);
	if (change->end - change->first > MOST_DAYS)
		refuse(REASON_INVALID_TIME, "days is too long", psprintf("it may have %d days", MOST_DAYS),
			   NULL);
	return true;
}

/* The zone of whose clocks a closure of the resource (NULL: of the clinic) recurs. */
static pg_tz *
closure_zone(const RotaChange *change, const pg_uuid_t *resource)
{
	ResourceConfiguration configuration;

	if (resource == NULL)
		return change->configuration.zone;
	if (!configured_resource(change->clinic, resource, &configuration))
		refuse(REASON_NOT_FOUND, "there is no such provider, room or device in this clinic", NULL,
			   NULL);
	return configuration.zone ? configuration.zone : change->configuration.zone;
}

/* False if nothing is proposed, or there is nothing to look at. */
static bool
read_change(RotaChange *change, FunctionCallInfo fcinfo, const pg_uuid_t *resource)
{
	Proposal *proposal = &change->proposal;

	if (!configured_clinic(change->clinic, &change->configuration))
		refuse(REASON_NOT_FOUND, "there is no such clinic", NULL, NULL);
	proposal->of_clinic = resource == NULL;
	read_rota(proposal, fcinfo);
	read_closure(proposal, fcinfo, closure_zone(change, resource));
	if (PG_ARGISNULL(ARG_WEEKLY) && PG_ARGISNULL(ARG_DURING))
		refuse(REASON_MISSING_ARGUMENT, "weekly or during must be given", NULL, NULL);
	return read_days(change, fcinfo) && (proposal->has_rota || proposal->has_closure);
}

/*
 * Intervals
 */

/* What of a list lies within [from, to); the next such stretch begins there or later. */
static IntervalList
part_of(const IntervalList *list, int *next, TimestampTz from, TimestampTz to)
{
	IntervalList part = {0};

	for (; *next < list->count && list->intervals[*next].opens < to; (*next)++)
	{
		const OpenInterval *interval = &list->intervals[*next];

		append_interval(&part, Max(interval->opens, from), Min(interval->closes, to));
		if (interval->closes > to)
			break;
	}
	return part;
}

static bool
same_intervals(const IntervalList *a, const IntervalList *b)
{
	if (a->count != b->count)
		return false;
	for (int i = 0; i < a->count; i++)
		if (a->intervals[i].opens != b->intervals[i].opens ||
			a->intervals[i].closes != b->intervals[i].closes)
			return false;
	return true;
}

/* How much there is of the first and not of the second, in minutes. */
static int32
minutes_beyond(const IntervalList *a, const IntervalList *b)
{
	int64 sum = 0;
	int j = 0;

	for (int i = 0; i < a->count; i++)
	{
		const OpenInterval *interval = &a->intervals[i];

		sum += interval->closes - interval->opens;
		while (j < b->count && b->intervals[j].closes <= interval->opens)
			j++;
		for (int k = j; k < b->count && b->intervals[k].opens < interval->closes; k++)
			sum -= Min(interval->closes, b->intervals[k].closes) -
				   Max(interval->opens, b->intervals[k].opens);
	}
	return (int32) (sum / USECS_PER_MINUTE);
}

/*
 * Visits
 */

static void
read_visit(OccupyingVisit *visit, uint64 row)
{
	pg_uuid_t *ids;
	bool isnull;
	int count = resource_ids_read(query_datum(row, VISIT_RESOURCES, &isnull), &ids);

	visit->id = *query_uuid(row, VISIT_ID_COLUMN);
	visit->nresources = count + 1;
	visit->resources = palloc(sizeof(pg_uuid_t) * (count + 1));
	visit->resources[0] = *query_uuid(row, VISIT_PROVIDER);
	memcpy(&visit->resources[1], ids, sizeof(pg_uuid_t) * count);
	visit->standing = (StandingVisit){
		.mode = mode_from_name(query_text(row, VISIT_MODE_NAME)),
		.starts_at = query_timestamptz(row, VISIT_STARTS, 0),
		.ends_at = query_timestamptz(row, VISIT_ENDS, 0),
		.seat = query_int32(row, VISIT_SEAT_NUMBER, 0),
		.is_overridden = query_bool(row, VISIT_IS_OVERRIDDEN),
	};
}

/* The visits that start within [from, to) and occupy the resource, by start; returns how many. */
static int
read_visits(const ChangedResource *resource, TimestampTz from, TimestampTz to,
			OccupyingVisit **visits)
{
	const RotaChange *change = resource->change;
	Datum stretch[] = {
		UUIDPGetDatum(change->clinic),
		UUIDPGetDatum(&resource->id),
		TimestampTzGetDatum(from - change->configuration.longest_claim),
		TimestampTzGetDatum(from),
		TimestampTzGetDatum(to),
	};
	Datum values[] = {
		UUIDPGetDatum(change->clinic),
		(Datum) 0,
		TimestampTzGetDatum(from),
		TimestampTzGetDatum(to),
		TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()),
	};
	bool isnull;
	int count;

	query_run_one(&find_claiming, stretch, NULL);
	values[1] = query_datum(0, 1, &isnull);
	if (isnull)
		return 0;
	count = (int) query_run(&find_visits, values, NULL, 0);
	*visits = palloc(sizeof(OccupyingVisit) * Max(count, 1));
	for (int i = 0; i < count; i++)
		read_visit(&(*visits)[i], i);
	return count;
}

/* Is it covered now by all that it occupies, and would not be by this resource? */
static bool
would_be_orphaned(const ChangedResource *resource, const OccupyingVisit *visit)
{
	bool is_provider = memcmp(&visit->resources[0], &resource->id, UUID_LEN) == 0;

	return uncovered_reason(&resource->after, is_provider, &visit->standing) != REASON_NONE &&
		   visit_orphan_reason(resource->change->clinic, visit->resources, visit->nresources,
							   &visit->standing) == REASON_NONE;
}

static OrphanList
find_orphans(const ChangedResource *resource, TimestampTz from, TimestampTz to)
{
	OrphanList list = {0};
	OccupyingVisit *visits;
	int count = read_visits(resource, from, to, &visits);

	if (count == 0)
		return list;
	list.orphans = palloc(sizeof(OccupyingVisit *) * count);
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (would_be_orphaned(resource, &visits[i]))
			list.orphans[list.count++] = &visits[i];
	}
	return list;
}

/*
 * Days
 */

static Account
account_of(const Opening *opening, const ClaimSweep *claims, TimestampTz from, TimestampTz to)
{
	Account account = {.next_open = 0};

	open_times(&account.times, opening, from, to);
	account.open.count = account.times.count;
	account.open.intervals = account.times.intervals;
	account.free = free_intervals(&account.times, claims);
	return account;
}

static DayAccount
day_account(Account *account, DateADT day, TimestampTz from, TimestampTz to)
{
	return (DayAccount){
		.open = part_of(&account->open, &account->next_open, from, to),
		.free = part_of(&account->free, &account->next_free, from, to),
		.seats = opening_day(account->times.opening, day).seats,
	};
}

/* The ids of the visits that start before `to`, after those that were taken before. */
static Datum
take_orphans(OrphanList *list, TimestampTz to, int *count)
{
	pg_uuid_t *ids = palloc(sizeof(pg_uuid_t) * Max(list->count - list->next, 1));

	*count = 0;
	for (; list->next < list->count && list->orphans[list->next]->standing.starts_at < to;
		 list->next++)
		ids[(*count)++] = list->orphans[list->next]->id;
	return uuid_array(ids, *count);
}

static void
put_day(const ChangedResource *resource, DateADT day, const DayAccount *before,
		const DayAccount *after, Datum orphans)
{
	ReturnSetInfo *result = resource->change->result;
	Datum values[] = {
		UUIDPGetDatum(&resource->id),
		DateADTGetDatum(day),
		multirange_datum(&before->open),
		multirange_datum(&after->open),
		multirange_datum(&before->free),
		multirange_datum(&after->free),
		Int32GetDatum(minutes_beyond(&after->free, &before->free)),
		Int32GetDatum(minutes_beyond(&before->free, &after->free)),
		Int32GetDatum(before->seats),
		Int32GetDatum(after->seats),
		orphans,
	};
	bool nulls[lengthof(values)] = {false};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* Seats matter where it is open. */
static bool
is_same_day(const DayAccount *before, const DayAccount *after)
{
	return same_intervals(&before->open, &after->open) &&
		   same_intervals(&before->free, &after->free) &&
		   (before->seats == after->seats || before->open.count == 0);
}

static void
put_days(ChangedResource *resource, DateADT first, DateADT end)
{
	const RotaChange *change = resource->change;
	TimestampTz from = clock_day_start(&resource->clock, first);
	TimestampTz to = clock_day_start(&resource->clock, end);
	ClaimSweep claims;
	OrphanList orphans;
	Account before;
	Account after;

	claims_read(&claims, change->clinic, &resource->id, 1, from, to, NULL, SNAPSHOT_STATEMENT);
	before = account_of(&resource->before, &claims, from, to);
	after = account_of(&resource->after, &claims, from, to);
	orphans = find_orphans(resource, from, to);
	for (DateADT day = first; day < end; day++)
	{
		TimestampTz starts = clock_day_start(&resource->clock, day);
		TimestampTz ends = clock_day_start(&resource->clock, day + 1);
		DayAccount day_before;
		DayAccount day_after;
		Datum ids;
		int count;

		/* A day that the zone left out is none. */
		if (starts == ends)
			continue;
		day_before = day_account(&before, day, starts, ends);
		day_after = day_account(&after, day, starts, ends);
		ids = take_orphans(&orphans, ends, &count);
		if (count > 0 || !is_same_day(&day_before, &day_after))
			put_day(resource, day, &day_before, &day_after, ids);
	}
}

/* The days that are looked at, by the resource's clocks. */
static void
set_days(const RotaChange *change, CivilClock *clock, DateADT *first, DateADT *end)
{
	DateADT today;

	if (change->has_days)
	{
		*first = change->first;
		*end = change->end;
		return;
	}
	today = clock_day(clock, GetCurrentTransactionStartTimestamp());
	proposal_bounds(&change->proposal, clock, first, end);
	/* A visit of the day before can go into the first, a night into the day after the last. */
	*first = Max(*first, today + 1) - 1;
	*end = Min(*end, *first + DAYS_LOOKED_AT - 1) + 1;
}

static void
put_resource(const RotaChange *change, const pg_uuid_t *id)
{
	ChangedResource resource = {.change = change, .id = *id};
	ResourceConfiguration configuration;
	DateADT first;
	DateADT end;
	DateADT until;
	bool *touched;

	/* It may have been deleted since the statement began. */
	if (!configured_resource(change->clinic, id, &configuration) ||
		!configured_opening(change->clinic, id, &resource.before) || !configuration.is_active)
		return;
	resource.after = opening_proposed(&resource.before, &change->proposal);
	resource.clock = civil_clock(resource.before.zone);
	set_days(change, &resource.clock, &first, &end);
	if (first >= end)
		return;
	touched = proposal_days(&change->proposal, &resource.before, first, end);
	for (DateADT day = first; day < end; day = until)
	{
		until = day + 1;
		if (!touched[day - first])
			continue;
		while (until < end && touched[until - first])
			until++;
		/* what was read for one stretch is forgotten before the next */
		query_begin();
		put_days(&resource, day, until);
		query_end();
	}
}

static void
put_resources(const RotaChange *change)
{
	Datum clinic = UUIDPGetDatum(change->clinic);
	int count = (int) query_run(&find_resources, &clinic, NULL, 0);
	pg_uuid_t *ids = palloc(sizeof(pg_uuid_t) * Max(count, 1));

	for (int i = 0; i < count; i++)
		ids[i] = *query_uuid(i, 1);
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		put_resource(change, &ids[i]);
	}
}

Datum
rota_change(PG_FUNCTION_ARGS)
{
	RotaChange change = {0};
	const pg_uuid_t *resource;

	if (PG_ARGISNULL(ARG_CLINIC_ID))
		refuse_null("clinic_id");
	materialize_result(fcinfo);
	change.clinic = PG_GETARG_UUID_P(ARG_CLINIC_ID);
	change.result = (ReturnSetInfo *) fcinfo->resultinfo;
	resource = PG_ARGISNULL(ARG_RESOURCE_ID) ? NULL : PG_GETARG_UUID_P(ARG_RESOURCE_ID);
	query_begin();
	if (read_change(&change, fcinfo, resource))
	{
		if (resource)
			put_resource(&change, resource);
		else
			put_resources(&change);
	}
	query_end();
	return (Datum) 0;
}
