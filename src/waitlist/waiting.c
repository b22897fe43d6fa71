/*
 * waiting.c
 *		Who waits, in the order in which times are offered.
 */
#include "postgres.h"

#include "availability/range.h"
#include "catalog/pg_type.h"
#include "query.h"
#include "utils/multirangetypes.h"
#include "utils/typcache.h"
#include "waitlist/waiting.h"

/* How many are read at once: the first of them will mostly do. */
#define READ_AT_ONCE 200

#define WAITS "e.clinic_id" EQ "$1 and e.status" EQ "'waiting'::clinic.waitlist_status"

static SavedQuery find_any = {
	.sql = "select 1 from clinic.waitlist_entry e where " WAITS " limit 1",
	QUERY_PARAMETERS(UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

static SavedQuery find_spans = {
	.sql = "select pg_catalog.lower(s.span), pg_catalog.upper(s.span)"
		   " from (select pg_catalog.range_agg(r.span) from clinic.waitlist_entry e"
		   " cross join lateral pg_catalog.unnest(e.wanted) r (span) where " WAITS ") a (spans)"
		   " cross join lateral pg_catalog.unnest(a.spans) s (span)"
		   " where coalesce(pg_catalog.upper(s.span)" GT "$2, true) order by s.span",
	QUERY_PARAMETERS(UUIDOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

enum
{
	WAITING_ID = 1,
	WAITING_PATIENT,
	WAITING_SERVICE,
	WAITING_PROVIDERS,
	WAITING_WANTED,
	WAITING_PRIORITY,
	WAITING_CREATED_AT
};

#define WAITING_ENTRIES \
	"select e.id, e.patient_id, e.service_id, e.providers," \
	" e.wanted operator(pg_catalog.-) e.passed, e.priority, e.created_at" \
	" from clinic.waitlist_entry e where " WAITS \
	" and e.wanted operator(pg_catalog.&&) pg_catalog.tstzrange($2, $3)"
#define IN_ORDER " order by e.priority, e.created_at, e.id limit $4"

static SavedQuery find_first = {
	.sql = WAITING_ENTRIES IN_ORDER,
	QUERY_PARAMETERS(UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID, INT8OID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

static SavedQuery find_next = {
	.sql = WAITING_ENTRIES
	" and (e.priority, e.created_at, e.id) operator(pg_catalog.>) ($5, $6, $7)" IN_ORDER,
	QUERY_PARAMETERS(UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID, INT8OID, INT4OID, TIMESTAMPTZOID,
					 UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

bool
somebody_waits(const pg_uuid_t *clinic)
{
	Datum value = UUIDPGetDatum(clinic);

	return query_run(&find_any, &value, NULL, 1) > 0;
}

int
waiting_spans(const pg_uuid_t *clinic, TimestampTz after, WantedTime **spans)
{
	Datum values[] = {UUIDPGetDatum(clinic), TimestampTzGetDatum(after)};
	int count = (int) query_run(&find_spans, values, NULL, 0);

	*spans = palloc(sizeof(WantedTime) * Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		(*spans)[i].from = query_timestamptz(i, 1, DT_NOBEGIN);
		(*spans)[i].to = query_timestamptz(i, 2, DT_NOEND);
	}
	return count;
}

/* Timestamps are whole microseconds, so an instant next to a bound is one away. */
static TimestampTz
wanted_bound(const RangeBound *bound, bool inclusive)
{
	TimestampTz open = bound->lower ? DT_NOBEGIN : DT_NOEND;
	TimestampTz instant = bound->infinite ? open : DatumGetTimestampTz(bound->val);

	if (TIMESTAMP_NOT_FINITE(instant))
		return instant;
	return bound->inclusive == inclusive ? instant : instant + 1;
}

static void
read_wanted(Waiting *entry, const MultirangeType *wanted)
{
	TypeCacheEntry *type = lookup_type_cache(TSTZRANGEOID, TYPECACHE_RANGE_INFO);

	entry->nwanted = (int) wanted->rangeCount;
	entry->wanted = palloc(sizeof(WantedTime) * Max(entry->nwanted, 1));
	for (int i = 0; i < entry->nwanted; i++)
	{
		RangeBound lower;
		RangeBound upper;

		multirange_get_bounds(type, wanted, i, &lower, &upper);
		entry->wanted[i].from = wanted_bound(&lower, true);
		entry->wanted[i].to = wanted_bound(&upper, false);
	}
}

static void
read_waiting(Waiting *entry, uint64 row)
{
	bool isnull;
	Datum providers = query_datum(row, WAITING_PROVIDERS, &isnull);

	entry->id = *query_uuid(row, WAITING_ID);
	entry->patient = *query_uuid(row, WAITING_PATIENT);
	entry->service = *query_uuid(row, WAITING_SERVICE);
	entry->providers.count = 0;
	if (!isnull)
		entry->providers.count = uuids_read(providers, "providers", &entry->providers.ids);
	read_wanted(entry, DatumGetMultirangeTypeP(query_datum(row, WAITING_WANTED, &isnull)));
	entry->priority = query_int32(row, WAITING_PRIORITY, 0);
	entry->created_at = query_timestamptz(row, WAITING_CREATED_AT, 0);
}

int
waiting_read(const pg_uuid_t *clinic, TimestampTz from, TimestampTz to, const Waiting *after,
			 Waiting **entries)
{
	Datum values[7] = {UUIDPGetDatum(clinic), TimestampTzGetDatum(from), TimestampTzGetDatum(to),
					   Int64GetDatum(READ_AT_ONCE)};
	int count;

	if (after)
	{
		values[4] = Int32GetDatum(after->priority);
		values[5] = TimestampTzGetDatum(after->created_at);
		values[6] = UUIDPGetDatum(&after->id);
	}
	count = (int) query_run(after ? &find_next : &find_first, values, NULL, 0);
	*entries = palloc(sizeof(Waiting) * Max(count, 1));
	for (int i = 0; i < count; i++)
		read_waiting(&(*entries)[i], i);
	return count;
}

bool
waiting_accepts(const Waiting *entry, const pg_uuid_t *provider, const VisitTime *time)
{
	if (entry->providers.count > 0 && !resource_list_has(&entry->providers, provider))
		return false;
	for (int i = 0; i < entry->nwanted; i++)
	{
		const WantedTime *wanted = &entry->wanted[i];

		/* Of a token's day, nobody knows at which time it will be called. */
		if (time->mode == MODE_TOKEN)
		{
			if (wanted->from < time->ends_at && wanted->to > time->starts_at)
				return true;
		}
		else if (wanted->from <= time->starts_at && wanted->to >= time->ends_at)
			return true;
	}
	return false;
}
