/*
 * state.c
 *		A clinic's queues as they are now: what the estimate needs to know is read
 *		here and put into its terms.
 *
 * Who works is who is present, and who has a patient now unless that was said to
 * be the last.  How long a service takes is what it took lately, as measured
 * between start and finish, and until enough is measured what it is said to
 * take.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "clinic/configuration.h"
#include "query.h"
#include "queue/entry.h"
#include "queue/place.h"
#include "queue/state.h"

/* What a service took is told by so many visits, the latest. */
#define VISITS_MEASURED "100"

/* Of a service that nobody has measured, the deviation is this part of what it is said to take. */
#define ASSUMED_DEVIATION (1.0 / 3)

enum
{
	ENTRY_ID = 1,
	ENTRY_ARRIVAL_QUEUE,
	ENTRY_QUEUE,
	ENTRY_PATIENT,
	ENTRY_SERVICE,
	ENTRY_STATUS,
	ENTRY_STATUS_VALUE,
	ENTRY_NUMBER,
	ENTRY_PRIORITY,
	ENTRY_CLASS,
	ENTRY_DESK,
	ENTRY_PROVIDER,
	ENTRY_DAY,
	ENTRY_ARRIVED_AT,
	ENTRY_DUE_AT,
	ENTRY_CALLED_AT,
	ENTRY_STARTED_AT,
	ENTRY_FINISHED_AT
};

#define ENTRY_COLUMNS \
	"select e.id, e.arrival_queue_id, e.queue_id, e.patient_id, e.service_id," \
	" e.status::pg_catalog.text, e.status, e.number, e.priority, e.class, e.desk, e.provider_id," \
	" e.day, e.arrived_at, e.due_at, e.called_at, e.started_at, e.finished_at" \
	" from clinic.queue_entry e where e.clinic_id" EQ "$1"

/* Two conditions, each with an index of its own; $3: those who have been there for longer. */
#define ENTRIES_OF_DAY \
	ENTRY_COLUMNS " and e.day" EQ "$2 union all " ENTRY_COLUMNS \
				  " and e.id operator(pg_catalog.=) any ($3) and e.day" LT "$2 and " ENTRY_IS_OPEN \
				  " order by 15, 1"

static SavedQuery find_entries = {
	.sql = ENTRIES_OF_DAY,
	QUERY_PARAMETERS(UUIDOID, DATEOID, UUIDARRAYOID),
	.snapshot = SNAPSHOT_STATEMENT,
};

static SavedQuery find_all_entries = {
	.sql = ENTRIES_OF_DAY,
	QUERY_PARAMETERS(UUIDOID, DATEOID, UUIDARRAYOID),
	.snapshot = SNAPSHOT_STATEMENT,
	.as_owner = true,
};

/* $2: who has a patient now. */
static SavedQuery find_working = {
	.sql = "select r.id from clinic.resource r left join clinic.provider_presence p"
		   " on p.clinic_id" EQ "$1 and p.provider_id" EQ "r.id where r.clinic_id" EQ
		   "$1 and r.kind" EQ "'provider'::clinic.resource_kind and (p.present or"
		   " (p.present is null and r.id operator(pg_catalog.=) any ($2))) order by r.code",
	QUERY_PARAMETERS(UUIDOID, UUIDARRAYOID),
	.snapshot = SNAPSHOT_STATEMENT,
	.as_owner = true,
};

/* Booked starts that are still to come today, and how long after each it is due. */
static SavedQuery find_expected = {
	.sql = "select a.provider_id, a.service_id, a.starts_at, a.starts_at operator(pg_catalog.+)"
		   " coalesce((select c.target from clinic.queue_class c where c.clinic_id" EQ "$1"
		   " order by c.for_booked desc, c.priority desc limit 1), '0'::pg_catalog.interval)"
		   " from clinic.appointment a where a.clinic_id" EQ "$1"
		   " and a.provider_id operator(pg_catalog.=) any ($2) and a.starts_at" GT
		   "$3 and a.starts_at" LT "$4 and a.mode" EQ "'timed'::clinic.visit_mode"
		   " and a.status operator(pg_catalog.=) any"
		   " ('{scheduled,confirmed}'::clinic.appointment_status[])",
	QUERY_PARAMETERS(UUIDOID, UUIDARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZOID),
	.snapshot = SNAPSHOT_STATEMENT,
	.as_owner = true,
};

/* In seconds: what the services took lately. */
static SavedQuery find_lengths = {
	.sql = "select s.id, (extract(epoch from d.finished_at) operator(pg_catalog.-)"
		   " extract(epoch from d.started_at))::pg_catalog.float8"
		   " from pg_catalog.unnest($2) s (id) cross join lateral"
		   " (select e.started_at, e.finished_at from clinic.queue_entry e where e.clinic_id" EQ
		   "$1 and e.service_id" EQ "s.id and e.status" EQ "'done'::clinic.queue_status"
		   " order by e.finished_at desc limit " VISITS_MEASURED ") d where d.finished_at" GT
		   "d.started_at"
		   " order by s.id",
	QUERY_PARAMETERS(UUIDOID, UUIDARRAYOID),
	.snapshot = SNAPSHOT_STATEMENT,
	.as_owner = true,
};

/* The ids of something, each once, numbered as they come. */
typedef struct IdList
{
	int count;
	int capacity;
	pg_uuid_t *ids;
} IdList;

/* Somebody who waits or is expected, in the terms of the state. */
typedef struct Guest
{
	int index; /* in state->entries; -1: expected */
	pg_uuid_t queue;
	pg_uuid_t service;
	TimestampTz ready_at;
	TimestampTz due_at;
	pg_uuid_t id;
} Guest;

typedef struct Rehearsal
{
	QueueState *state;
	Estimate estimate;
	IdList queues;
	IdList services;
	Guest *guests; /* as many as estimate.entries, in the same order */
} Rehearsal;

static int
id_index(const IdList *list, const pg_uuid_t *id)
{
	for (int i = 0; i < list->count; i++)
		if (memcmp(&list->ids[i], id, UUID_LEN) == 0)
			return i;
	return -1;
}

static int
id_add(IdList *list, const pg_uuid_t *id)
{
	int index = id_index(list, id);

	if (index >= 0)
		return index;
	if (list->count == list->capacity)
	{
		list->capacity = list->capacity ? 2 * list->capacity : 32;
		list->ids = list->ids ? repalloc(list->ids, sizeof(pg_uuid_t) * list->capacity)
							  : palloc(sizeof(pg_uuid_t) * list->capacity);
	}
	list->ids[list->count] = *id;
	return list->count++;
}

static bool
is_same(const pg_uuid_t *a, const pg_uuid_t *b)
{
	return memcmp(a, b, UUID_LEN) == 0;
}

DateADT
queue_today(const pg_uuid_t *clinic)
{
	return civil_day(GetCurrentTransactionStartTimestamp(), queue_zone(clinic));
}

/*
 * Reading who waits
 */

static void
read_entry(StateEntry *entry, uint64 row)
{
	const pg_uuid_t *provider = query_uuid(row, ENTRY_PROVIDER);
	bool isnull;

	entry->id = *query_uuid(row, ENTRY_ID);
	entry->arrival_queue = *query_uuid(row, ENTRY_ARRIVAL_QUEUE);
	entry->queue = *query_uuid(row, ENTRY_QUEUE);
	entry->patient = *query_uuid(row, ENTRY_PATIENT);
	entry->service = *query_uuid(row, ENTRY_SERVICE);
	entry->status = queue_status_from_name(query_text(row, ENTRY_STATUS));
	entry->status_value = query_datum(row, ENTRY_STATUS_VALUE, &isnull);
	entry->number = query_int32(row, ENTRY_NUMBER, 0);
	entry->priority = query_int32(row, ENTRY_PRIORITY, 0);
	entry->class = query_text(row, ENTRY_CLASS);
	entry->desk = query_text(row, ENTRY_DESK);
	entry->has_provider = provider != NULL;
	if (provider)
		entry->provider = *provider;
	entry->day = DatumGetDateADT(query_datum(row, ENTRY_DAY, &isnull));
	entry->arrived_at = query_timestamptz(row, ENTRY_ARRIVED_AT, 0);
	entry->due_at = query_timestamptz(row, ENTRY_DUE_AT, 0);
	entry->called_at = query_timestamptz(row, ENTRY_CALLED_AT, DT_NOBEGIN);
	entry->started_at = query_timestamptz(row, ENTRY_STARTED_AT, DT_NOBEGIN);
	entry->finished_at = query_timestamptz(row, ENTRY_FINISHED_AT, DT_NOBEGIN);
	entry->estimated_start = DT_NOEND;
}

/* Is the entry's patient with its provider, or on the way? */
static bool
is_being_seen(const StateEntry *entry)
{
	return entry->has_provider &&
		   (entry->status == QUEUE_CALLED || entry->status == QUEUE_IN_SERVICE);
}

static void
read_working(QueueState *state)
{
	IdList busy = {0};
	Datum values[2] = {UUIDPGetDatum(state->clinic), 0};

	for (int i = 0; i < state->nentries; i++)
		if (is_being_seen(&state->entries[i]))
			(void) id_add(&busy, &state->entries[i].provider);
	values[1] = uuid_array(busy.ids, busy.count);
	state->nworking = (int) query_run(&find_working, values, NULL, 0);
	state->working = palloc(sizeof(pg_uuid_t) * Max(state->nworking, 1));
	for (int i = 0; i < state->nworking; i++)
		state->working[i] = *query_uuid(i, 1);
}

void
queue_state_read(QueueState *state, const pg_uuid_t *clinic, DateADT day, bool all)
{
	Datum values[3] = {UUIDPGetDatum(clinic), DateADTGetDatum(day)};

	state->clinic = clinic;
	state->now = GetCurrentTransactionStartTimestamp();
	state->today = queue_today(clinic);
	values[2] = day == state->today ? places_before(clinic, day) : uuid_array(NULL, 0);
	state->nentries = (int) query_run(all ? &find_all_entries : &find_entries, values, NULL, 0);
	state->entries = palloc0(sizeof(StateEntry) * Max(state->nentries, 1));
	for (int i = 0; i < state->nentries; i++)
		read_entry(&state->entries[i], i);
	read_working(state);
}

/*
 * The rehearsal: who waits, and who is expected
 */

static int
compare_guests(const void *a, const void *b)
{
	const Guest *x = a;
	const Guest *y = b;

	if (x->due_at != y->due_at)
		return x->due_at < y->due_at ? -1 : 1;
	return memcmp(&x->id, &y->id, UUID_LEN);
}

static int
add_expected(const QueueState *state, Guest **guests, int count)
{
	pg_tz *zone = queue_zone(state->clinic);
	Datum values[] = {UUIDPGetDatum(state->clinic), uuid_array(state->working, state->nworking),
					  TimestampTzGetDatum(state->now),
					  TimestampTzGetDatum(civil_day_start(state->today + 1, zone))};
	uint64 nrows = query_run(&find_expected, values, NULL, 0);

	*guests = repalloc(*guests, sizeof(Guest) * (count + nrows + 1));
	for (uint64 row = 0; row < nrows; row++)
	{
		Guest *guest = &(*guests)[count++];

		memset(guest, 0, sizeof(Guest));
		guest->index = -1;
		guest->queue = *query_uuid(row, 1);
		guest->service = *query_uuid(row, 2);
		guest->ready_at = query_timestamptz(row, 3, 0);
		guest->due_at = query_timestamptz(row, 4, 0);
	}
	return count;
}

/* Without those of the pool that is to be dealt, if there is one. */
static void
add_guests(Rehearsal *rehearsal, const pg_uuid_t *without)
{
	const QueueState *state = rehearsal->state;
	Estimate *estimate = &rehearsal->estimate;
	Guest *guests = palloc(sizeof(Guest) * (state->nentries + 1));
	int count = 0;

	for (int i = 0; i < state->nentries; i++)
	{
		const StateEntry *entry = &state->entries[i];

		if (entry->status != QUEUE_WAITING || (without && is_same(&entry->queue, without)))
			continue;
		guests[count++] =
			(Guest){i, entry->queue, entry->service, state->now, entry->due_at, entry->id};
	}
	count = add_expected(state, &guests, count);
	qsort(guests, count, sizeof(Guest), compare_guests);
	rehearsal->guests = guests;
	estimate->nentries = count;
	estimate->entries = palloc0(sizeof(EstimateEntry) * (count + 1));
	for (int i = 0; i < count; i++)
	{
		estimate->entries[i].queue = id_add(&rehearsal->queues, &guests[i].queue);
		estimate->entries[i].service = id_add(&rehearsal->services, &guests[i].service);
		estimate->entries[i].ready_at = guests[i].ready_at;
	}
}

/*
 * How long services take
 */

/* What a service is said to take with a provider, who may be NULL. */
static ServiceTime
said_time(const QueueState *state, const pg_uuid_t *service, const pg_uuid_t *provider)
{
	ServiceConfiguration configuration;
	int64 duration = 0;
	ServiceTime time = {0, 0};

	if (configured_service(state->clinic, service, &configuration))
		time.median = configuration.duration;
	if (provider && configured_offer(state->clinic, provider, service, &duration) && duration > 0)
		time.median = duration;
	time.deviation = time.median * ASSUMED_DEVIATION;
	return time;
}

/* What was measured of each service, where enough was. */
static void
measure(const Rehearsal *rehearsal, ServiceTime *times, bool *measured)
{
	const IdList *services = &rehearsal->services;
	Datum values[] = {UUIDPGetDatum(rehearsal->state->clinic),
					  uuid_array(services->ids, services->count)};
	uint64 nrows = query_run(&find_lengths, values, NULL, 0);
	int64 *lengths = palloc(sizeof(int64) * (nrows + 1));
	uint64 row = 0;

	while (row < nrows)
	{
		int service = id_index(services, query_uuid(row, 1));
		int count = 0;

		while (row < nrows && is_same(query_uuid(row, 1), &services->ids[service]))
		{
			bool isnull;

			lengths[count++] =
				(int64) (DatumGetFloat8(query_datum(row++, 2, &isnull)) * USECS_PER_SEC);
		}
		measured[service] = estimate_measure(lengths, count, &times[service]);
	}
}

static void
add_times(Rehearsal *rehearsal)
{
	Estimate *estimate = &rehearsal->estimate;
	int nservices = rehearsal->services.count;
	ServiceTime *measured_times = palloc0(sizeof(ServiceTime) * (nservices + 1));
	bool *measured = palloc0(sizeof(bool) * (nservices + 1));
	ServiceTime *times = palloc(sizeof(ServiceTime) * (nservices * estimate->nproviders + 1));

	measure(rehearsal, measured_times, measured);
	for (int service = 0; service < nservices; service++)
		for (int provider = 0; provider < estimate->nproviders; provider++)
			times[service * estimate->nproviders + provider] =
				measured[service] ? measured_times[service]
								  : said_time(rehearsal->state, &rehearsal->services.ids[service],
											  &rehearsal->state->working[provider]);
	estimate->nservices = nservices;
	estimate->times = times;
}

/*
 * Who works
 */

/* Which queues the provider sees to: the own, and the pools of what is offered. */
static const bool *
queues_seen(const Rehearsal *rehearsal, const pg_uuid_t *provider)
{
	const IdList *queues = &rehearsal->queues;
	bool *sees = palloc0(sizeof(bool) * (queues->count + 1));
	pg_uuid_t *services;
	int nservices = configured_offers(rehearsal->state->clinic, provider, &services);

	for (int i = 0; i < queues->count; i++)
		sees[i] = is_same(&queues->ids[i], provider);
	for (int i = 0; i < nservices; i++)
	{
		int queue = id_index(queues, &services[i]);

		if (queue >= 0)
			sees[queue] = true;
	}
	return sees;
}

/* Who is with a provider stays as long as that usually takes, and if it has taken longer a while. */
static void
add_patient_there(Rehearsal *rehearsal, int provider, const StateEntry *entry)
{
	const Estimate *estimate = &rehearsal->estimate;
	EstimateProvider *who = &estimate->providers[provider];
	const ServiceTime *time =
		estimate_time(estimate, id_index(&rehearsal->services, &entry->service), provider);
	int64 spent = entry->status == QUEUE_IN_SERVICE && entry->started_at != DT_NOBEGIN
					  ? Max(rehearsal->state->now - entry->started_at, 0)
					  : 0;
	int64 left;

	left = Max(time->median - spent, (int64) (time->deviation / 2));
	who->free_at += left;
	who->variance += time->deviation * time->deviation;
}

static void
add_providers(Rehearsal *rehearsal)
{
	const QueueState *state = rehearsal->state;
	Estimate *estimate = &rehearsal->estimate;
	IdList working = {state->nworking, state->nworking, state->working};

	estimate->providers = palloc0(sizeof(EstimateProvider) * (state->nworking + 1));
	for (int i = 0; i < state->nworking; i++)
	{
		estimate->providers[i].free_at = state->now;
		estimate->providers[i].sees = queues_seen(rehearsal, &state->working[i]);
	}
	for (int i = 0; i < state->nentries; i++)
		if (is_being_seen(&state->entries[i]))
		{
			int provider = id_index(&working, &state->entries[i].provider);

			if (provider >= 0)
				add_patient_there(rehearsal, provider, &state->entries[i]);
		}
}

static void
rehearse(Rehearsal *rehearsal, QueueState *state, const pg_uuid_t *without)
{
	Estimate *estimate = &rehearsal->estimate;

	memset(rehearsal, 0, sizeof(*rehearsal));
	rehearsal->state = state;
	estimate->now = state->now;
	estimate->nproviders = state->nworking;
	add_guests(rehearsal, without);
	for (int i = 0; i < state->nentries; i++)
		(void) id_add(&rehearsal->services, &state->entries[i].service);
	estimate->nqueues = rehearsal->queues.count;
	add_times(rehearsal);
	add_providers(rehearsal);
	estimate_waits(estimate, palloc(sizeof(int) * (estimate->nentries + 1)),
				   palloc(sizeof(int) * (estimate->nqueues + 1)));
}

void
queue_state_estimate(QueueState *state)
{
	Rehearsal rehearsal;

	rehearse(&rehearsal, state, NULL);
	for (int i = 0; i < rehearsal.estimate.nentries; i++)
	{
		const EstimateEntry *estimated = &rehearsal.estimate.entries[i];
		StateEntry *entry;

		if (rehearsal.guests[i].index < 0 || estimated->provider == NO_PROVIDER)
			continue;
		entry = &state->entries[rehearsal.guests[i].index];
		entry->estimated_start = estimated->starts_at;
		entry->estimated_from = estimated->from;
		entry->estimated_to = estimated->to;
		entry->estimated_provider = state->working[estimated->provider];
	}
}

/*
 * Dealing a pool
 */

typedef struct PoolEntry
{
	int index; /* in state->entries */
	int32 priority;
	int64 length; /* the least it takes with any provider */
} PoolEntry;

/* The most urgent first, of one class the longest, and of equals in the order of their turns. */
static int
compare_pool(const void *a, const void *b)
{
	const PoolEntry *x = a;
	const PoolEntry *y = b;

	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	if (x->length != y->length)
		return x->length > y->length ? -1 : 1;
	return x->index - y->index;
}

/* Which services each provider offers: [service * nproviders + provider]. */
static const bool *
offers(const Rehearsal *rehearsal)
{
	int nproviders = rehearsal->estimate.nproviders;
	int nservices = rehearsal->services.count;
	bool *may = palloc(sizeof(bool) * (nservices * nproviders + 1));
	int64 duration;

	for (int service = 0; service < nservices; service++)
		for (int i = 0; i < nproviders; i++)
			may[service * nproviders + i] =
				configured_offer(rehearsal->state->clinic, &rehearsal->state->working[i],
								 &rehearsal->services.ids[service], &duration);
	return may;
}

static PoolEntry *
sort_pool(const Rehearsal *rehearsal, const int *pool, int count)
{
	const Estimate *estimate = &rehearsal->estimate;
	PoolEntry *sorted = palloc(sizeof(PoolEntry) * (count + 1));

	for (int i = 0; i < count; i++)
	{
		const StateEntry *entry = &rehearsal->state->entries[pool[i]];
		int service = id_index(&rehearsal->services, &entry->service);
		int64 length = estimate->nproviders > 0 ? PG_INT64_MAX : 0;

		for (int who = 0; who < estimate->nproviders; who++)
			length = Min(length, estimate_time(estimate, service, who)->median);
		sorted[i] = (PoolEntry){pool[i], entry->priority, length};
	}
	qsort(sorted, count, sizeof(PoolEntry), compare_pool);
	return sorted;
}

void
queue_state_deal(QueueState *state, const pg_uuid_t *queue, const int *pool, int count,
				 DealtPlace *places)
{
	Rehearsal rehearsal;
	PoolEntry *sorted;
	DealtEntry *dealt = palloc(sizeof(DealtEntry) * (count + 1));

	rehearse(&rehearsal, state, queue);
	sorted = sort_pool(&rehearsal, pool, count);
	for (int i = 0; i < count; i++)
		dealt[i].service = id_index(&rehearsal.services, &state->entries[sorted[i].index].service);
	estimate_deal(&rehearsal.estimate, dealt, count, offers(&rehearsal));
	for (int i = 0; i < count; i++)
		places[i] = (DealtPlace){sorted[i].index, dealt[i].provider};
}
