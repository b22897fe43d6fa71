/*
 * configuration.c
 *		How a clinic, its services and its resources are set up, kept in each
 *		backend until it changes.
 *
 * The signal is PostgreSQL's own: a trigger on these tables invalidates the
 * relation cache's entry of one of them, the one that fewest plans are made
 * for, since those are made again.  That message reaches every other
 * backend after the change is committed and before its locks are released.  One
 * that comes while a row is being read is acted upon at the next look-up, so
 * what was read too early is not kept.  A transaction that has written to these
 * tables itself keeps nothing: what it reads may yet be rolled back.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "clinic/configuration.h"
#include "clinic/opening_rows.h"
#include "clinic/providers.h"
#include "compat.h"
#include "fmgr.h"
#include "query.h"
#include "trigger.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(configuration_changes);

/* Beyond this many entries all are forgotten, so that a pooled backend does not keep everything. */
#define MOST_ENTRIES 20000

typedef enum EntryKind
{
	ENTRY_CLINIC,
	ENTRY_SERVICE,
	ENTRY_RESOURCE,
	ENTRY_PROVIDERS
} EntryKind;

typedef struct EntryKey
{
	pg_uuid_t clinic;
	pg_uuid_t id;
	EntryKind kind;
} EntryKey;

typedef struct Entry
{
	EntryKey key;
	union
	{
		ClinicConfiguration clinic;
		ServiceConfiguration service;
		struct
		{
			ResourceConfiguration configuration;
			OfferList offers;
		} resource;
		ClinicProviders *providers;
	} is;
} Entry;

static MemoryContext context = NULL;
static HTAB *entries = NULL;
static bool watching = false;
static bool stale = false;

#define SIGNAL_TABLE "day_capacity"

/* The tables that are read here; a message about any of them counts, as TRUNCATE sends one. */
static const char *const tables[] = {
	"clinic", "resource", "service",	  "provider_service",
	"hours",  "closure",  "day_capacity", "service_requirement",
};
static Oid watched[lengthof(tables)];

/* The last transaction that wrote to these tables, until another has looked something up. */
static LocalTransactionId writer = InvalidLocalTransactionId;

/* What stands in the columns after those of a policy. */
enum
{
	POLICY_MIN_NOTICE = 1,
	POLICY_MAX_ADVANCE,
	POLICY_ALLOW_SAME_DAY,
	POLICY_CANCEL_NOTICE,
	POLICY_SLOT_STEP,
	CLINIC_TIMEZONE,
	CLINIC_IS_CLOSED,
	CLINIC_IS_CLOSING_SOON,
	CLINIC_MIN_DURATION,
	CLINIC_MAX_DURATION,
	CLINIC_LONGEST_CLAIM,
	CLINIC_PREVENT_PATIENT_OVERLAP,
	CLINIC_MAX_ACTIVE_PER_PATIENT,
	CLINIC_MAX_PER_DAY_PER_PATIENT,
	CLINIC_NO_SHOW_LIMIT,
	CLINIC_NO_SHOW_PERIOD,
	CLINIC_MODE,
	CLINIC_HOURS,
	SERVICE_IS_ACTIVE = CLINIC_TIMEZONE,
	SERVICE_MODE,
	SERVICE_DURATION,
	SERVICE_BUFFER_BEFORE,
	SERVICE_BUFFER_AFTER,
	SERVICE_MAX_ACTIVE_PER_PATIENT
};

static SavedQuery find_clinic = {
	.sql = "select c.min_notice, c.max_advance, c.allow_same_day, c.cancel_notice, c.slot_step,"
		   " c.timezone,"
		   " c.status" EQ "'closed'::clinic.clinic_status,"
		   " c.status" EQ "'closing_soon'::clinic.clinic_status,"
		   " c.min_duration, c.max_duration, c.longest_claim, c.prevent_patient_overlap,"
		   " c.max_active_per_patient, c.max_per_day_per_patient, c.no_show_limit,"
		   " c.no_show_period, c.mode::pg_catalog.text, c.hours"
		   " from clinic.clinic c where c.id" EQ "$1",
	QUERY_PARAMETERS(UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

static SavedQuery find_services = {
	.sql = "select s.id from clinic.service s where s.clinic_id" EQ "$1 order by s.code",
	QUERY_PARAMETERS(UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

static SavedQuery find_service = {
	.sql = "select s.min_notice, s.max_advance, s.allow_same_day, s.cancel_notice, s.slot_step,"
		   " s.is_active, s.mode::pg_catalog.text, s.duration, s.buffer_before, s.buffer_after,"
		   " s.max_active_per_patient"
		   " from clinic.service s where s.clinic_id" EQ "$1 and s.id" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

enum
{
	REQUIREMENT_ID = 1,
	REQUIREMENT_QUANTITY,
	REQUIREMENT_CANDIDATE
};

static SavedQuery find_requirements = {
	.sql = "select q.id, q.quantity, r.id from clinic.service_requirement q"
		   " left join clinic.resource r on r.clinic_id" EQ "$1 and r.kind" EQ "q.kind"
		   " and (q.codes is null or r.code operator(pg_catalog.=) any (q.codes))"
		   " where q.clinic_id" EQ "$1 and q.service_id" EQ "$2 order by r.code, r.id, q.id",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

enum
{
	RESOURCE_IS_PROVIDER = 1,
	RESOURCE_IS_ACTIVE,
	RESOURCE_SEATS,
	RESOURCE_HOURS,
	RESOURCE_TIMEZONE,
	OFFER_SERVICE /* and its duration */
};

static SavedQuery find_resource = {
	.sql = "select r.kind" EQ "'provider'::clinic.resource_kind, r.is_active, r.seats,"
		   " r.hours, r.timezone, o.service_id, o.duration"
		   " from clinic.resource r"
		   " left join clinic.provider_service o on o.clinic_id" EQ "$1 and o.provider_id" EQ "$2"
		   " where r.clinic_id" EQ "$1 and r.id" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

/* Of a resource, and of a whole clinic. */
#define OF_RESOURCE(table) \
	" from clinic." table " x where x.clinic_id" EQ "$1 and x.resource_id" EQ "$2"
#define OF_CLINIC(table) \
	" from clinic." table " x where x.clinic_id" EQ "$1 and x.resource_id is null"

static SavedQuery find_rotas = {
	.sql = ROTA_COLUMNS OF_RESOURCE("hours"),
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
	.index = "hours_resource",
};

static SavedQuery find_clinic_rotas = {
	.sql = ROTA_COLUMNS OF_CLINIC("hours"),
	QUERY_PARAMETERS(UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
	.index = "hours_resource",
};

static SavedQuery find_closures = {
	.sql = CLOSURE_COLUMNS OF_RESOURCE("closure"),
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

static SavedQuery find_clinic_closures = {
	.sql = CLOSURE_COLUMNS OF_CLINIC("closure"),
	QUERY_PARAMETERS(UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

static SavedQuery find_days = {
	.sql = DAY_COLUMNS OF_RESOURCE("day_capacity") " order by x.day",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

static Oid
table_oid(const char *name)
{
	return get_relname_relid(name, get_namespace_oid("clinic", false));
}

/* BEFORE row trigger of every table that is read here. */
Datum
configuration_changes(PG_FUNCTION_ARGS)
{
	const TriggerData *trigger = trigger_data(fcinfo, TRIGGER_EVENT_ROW | TRIGGER_EVENT_BEFORE, 0);
	TriggerRows rows = trigger_rows(trigger);

	/* By name: where tables are distributed, the trigger's own is a part of one. */
	CacheInvalidateRelcacheByRelid(table_oid(SIGNAL_TABLE));
	writer = current_local_xid();
	return PointerGetDatum(trigger_result(&rows));
}

static void
relation_changed(Datum argument, Oid relation)
{
	for (size_t i = 0; i < lengthof(watched); i++)
		stale |= relation == watched[i] || !OidIsValid(relation);
}

/* Forget what is no longer so, and take in what others have changed. */
static void
refresh(void)
{
	HASHCTL control = {.keysize = sizeof(EntryKey), .entrysize = sizeof(Entry)};

	AcceptInvalidationMessages();
	if (LocalTransactionIdIsValid(writer) && writer != current_local_xid())
	{
		writer = InvalidLocalTransactionId;
		stale = true;
	}
	if (entries && !stale && hash_get_num_entries(entries) < MOST_ENTRIES)
		return;

	if (!watching)
		CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	watching = true;
	entries = NULL;
	stale = false;
	for (size_t i = 0; i < lengthof(tables); i++)
	{
		watched[i] = table_oid(tables[i]);
		/* Renamed: nobody tells when it has its name again. */
		stale |= !OidIsValid(watched[i]);
	}
	/* Somebody may hold a pointer to what was looked up before. */
	if (context)
		MemoryContextSetParent(context, TopTransactionContext);
	context = NULL;
	context = AllocSetContextCreate(CacheMemoryContext, "clinic_sched configuration",
									ALLOCSET_DEFAULT_SIZES);
	control.hcxt = context;
	entries = hash_create("clinic_sched configuration", 64, &control,
						  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static EntryKey
entry_key(EntryKind kind, const pg_uuid_t *clinic, const pg_uuid_t *id)
{
	EntryKey key;

	memset(&key, 0, sizeof(key));
	key.clinic = *clinic;
	key.id = *id;
	key.kind = kind;
	return key;
}

static int64
microseconds(int column)
{
	const Interval *interval = query_interval(0, column);

	return interval ? interval_microseconds(interval) : 0;
}

static void
read_policy(BookingPolicy *policy)
{
	const Interval *min_notice = query_interval(0, POLICY_MIN_NOTICE);
	const Interval *max_advance = query_interval(0, POLICY_MAX_ADVANCE);
	const Interval *cancel_notice = query_interval(0, POLICY_CANCEL_NOTICE);

	policy->has_min_notice = min_notice != NULL;
	if (min_notice)
		policy->min_notice = *min_notice;
	policy->has_max_advance = max_advance != NULL;
	if (max_advance)
		policy->max_advance = *max_advance;
	policy->has_cancel_notice = cancel_notice != NULL;
	if (cancel_notice)
		policy->cancel_notice = *cancel_notice;
	policy->has_allow_same_day = !query_isnull(0, POLICY_ALLOW_SAME_DAY);
	policy->allow_same_day = query_bool(0, POLICY_ALLOW_SAME_DAY);
	policy->slot_step = microseconds(POLICY_SLOT_STEP);
}

static void
read_services(ClinicConfiguration *clinic, uint64 nrows, MemoryContext memory)
{
	pg_uuid_t *services = MemoryContextAlloc(memory, sizeof(pg_uuid_t) * Max(nrows, 1));

	for (uint64 row = 0; row < nrows; row++)
		services[row] = *query_uuid(row, 1);
	clinic->nservices = (int) nrows;
	clinic->services = services;
}

static void
read_clinic(Entry *entry, MemoryContext memory)
{
	ClinicConfiguration *clinic = &entry->is.clinic;
	Datum id = UUIDPGetDatum(&entry->key.clinic);

	read_policy(&clinic->policy);
	clinic->zone = civil_zone(query_text(0, CLINIC_TIMEZONE));
	clinic->is_closed = query_bool(0, CLINIC_IS_CLOSED);
	clinic->is_closing_soon = query_bool(0, CLINIC_IS_CLOSING_SOON);
	clinic->min_duration = microseconds(CLINIC_MIN_DURATION);
	clinic->max_duration = microseconds(CLINIC_MAX_DURATION);
	clinic->longest_claim = microseconds(CLINIC_LONGEST_CLAIM);
	clinic->prevent_patient_overlap = query_bool(0, CLINIC_PREVENT_PATIENT_OVERLAP);
	clinic->max_active_per_patient = query_int32(0, CLINIC_MAX_ACTIVE_PER_PATIENT, 0);
	clinic->max_per_day_per_patient = query_int32(0, CLINIC_MAX_PER_DAY_PER_PATIENT, 0);
	clinic->no_show_limit = query_int32(0, CLINIC_NO_SHOW_LIMIT, 0);
	clinic->no_show_period = *query_interval(0, CLINIC_NO_SHOW_PERIOD);
	clinic->mode = mode_from_name(query_text(0, CLINIC_MODE));
	clinic->opening.hours = row_hours(0, CLINIC_HOURS, memory);
	rows_rotas(&clinic->opening, 0, query_run(&find_clinic_rotas, &id, NULL, 0), memory);
	rows_closures(&clinic->opening, 0, query_run(&find_clinic_closures, &id, NULL, 0), memory);
	read_services(clinic, query_run(&find_services, &id, NULL, 0), memory);
}

/* The units of a requirement: those it was given before, or the next ones. */
static Units
units_of(const pg_uuid_t *requirement, int quantity, pg_uuid_t *requirement_of, int *nunits)
{
	Units units = 0;

	for (int unit = 0; unit < Min(*nunits, MAX_UNITS); unit++)
		if (memcmp(&requirement_of[unit], requirement, UUID_LEN) == 0)
			units |= (Units) 1 << unit;
	if (units != 0)
		return units;
	for (int i = 0; i < quantity; i++, (*nunits)++)
		if (*nunits < MAX_UNITS)
		{
			requirement_of[*nunits] = *requirement;
			units |= (Units) 1 << *nunits;
		}
	return units;
}

/* Of rows in the order of the candidates. */
static void
read_requirements(ServiceConfiguration *service, uint64 nrows, MemoryContext memory)
{
	Candidate *candidates = MemoryContextAllocZero(memory, sizeof(Candidate) * nrows);
	Candidate *last = NULL;
	pg_uuid_t requirement_of[MAX_UNITS];

	for (uint64 row = 0; row < nrows; row++)
	{
		const pg_uuid_t *id = query_uuid(row, REQUIREMENT_CANDIDATE);
		Units units =
			units_of(query_uuid(row, REQUIREMENT_ID), query_int32(row, REQUIREMENT_QUANTITY, 0),
					 requirement_of, &service->nunits);

		if (id == NULL)
			continue;
		if (last == NULL || memcmp(&last->id, id, UUID_LEN) != 0)
		{
			last = &candidates[service->ncandidates++];
			last->id = *id;
		}
		last->suits |= units;
	}
	service->candidates = candidates;
}

static void
read_service(Entry *entry, MemoryContext memory)
{
	ServiceConfiguration *service = &entry->is.service;
	Datum values[] = {UUIDPGetDatum(&entry->key.clinic), UUIDPGetDatum(&entry->key.id)};
	uint64 nrequirements;

	read_policy(&service->policy);
	service->is_active = query_bool(0, SERVICE_IS_ACTIVE);
	service->mode = mode_from_name(query_text(0, SERVICE_MODE));
	service->duration = microseconds(SERVICE_DURATION);
	service->buffer_before = microseconds(SERVICE_BUFFER_BEFORE);
	service->buffer_after = microseconds(SERVICE_BUFFER_AFTER);
	service->max_active_per_patient = query_int32(0, SERVICE_MAX_ACTIVE_PER_PATIENT, 0);
	nrequirements = query_run(&find_requirements, values, NULL, 0);
	if (nrequirements > 0)
		read_requirements(service, nrequirements, memory);
}

static void
read_resource(Entry *entry, uint64 nrows, MemoryContext memory)
{
	ResourceConfiguration *resource = &entry->is.resource.configuration;
	Datum values[] = {UUIDPGetDatum(&entry->key.clinic), UUIDPGetDatum(&entry->key.id)};
	const char *timezone = query_text(0, RESOURCE_TIMEZONE);

	resource->is_provider = query_bool(0, RESOURCE_IS_PROVIDER);
	resource->is_active = query_bool(0, RESOURCE_IS_ACTIVE);
	resource->seats = query_int32(0, RESOURCE_SEATS, 0);
	resource->zone = timezone ? civil_zone(timezone) : NULL;
	resource->opening.hours = row_hours(0, RESOURCE_HOURS, memory);
	rows_offers(&entry->is.resource.offers, 0, nrows, OFFER_SERVICE, memory);
	rows_rotas(&resource->opening, 0, query_run(&find_rotas, values, NULL, 0), memory);
	rows_closures(&resource->opening, 0, query_run(&find_closures, values, NULL, 0), memory);
	rows_days(resource, 0, query_run(&find_days, values, NULL, 0), memory);
}

/* Read the entry of that key; false if there is no such row. */
static bool
read_entry(Entry *entry, MemoryContext memory)
{
	static SavedQuery *const queries[] = {&find_clinic, &find_service, &find_resource};
	Datum values[] = {UUIDPGetDatum(&entry->key.clinic), UUIDPGetDatum(&entry->key.id)};
	uint64 nrows;

	if (entry->key.kind == ENTRY_PROVIDERS)
	{
		entry->is.providers = providers_read(&entry->key.clinic, memory);
		return entry->is.providers != NULL;
	}
	nrows = query_run(queries[entry->key.kind], values, NULL, 0);
	if (nrows == 0)
		return false;
	if (entry->key.kind == ENTRY_CLINIC)
		read_clinic(entry, memory);
	else if (entry->key.kind == ENTRY_SERVICE)
		read_service(entry, memory);
	else
		read_resource(entry, nrows, memory);
	return true;
}

/* The entry, read if it is not there yet; NULL if there is no such row. */
static const Entry *
find_entry(EntryKind kind, const pg_uuid_t *clinic, const pg_uuid_t *id)
{
	Entry *read = palloc0(sizeof(Entry));
	Entry *entry;

	read->key = entry_key(kind, clinic, id);
	refresh();
	if (LocalTransactionIdIsValid(writer))
		return read_entry(read, CurrentMemoryContext) ? read : NULL;

	entry = hash_search(entries, &read->key, HASH_FIND, NULL);
	if (entry)
		return entry;
	if (!read_entry(read, context))
		return NULL;
	/* Only now, so that an error on the way leaves no half of an entry. */
	entry = hash_search(entries, &read->key, HASH_ENTER, NULL);
	*entry = *read;
	return entry;
}

bool
configured_clinic(const pg_uuid_t *clinic, ClinicConfiguration *configuration)
{
	const Entry *entry = find_entry(ENTRY_CLINIC, clinic, clinic);

	if (entry)
		*configuration = entry->is.clinic;
	return entry != NULL;
}

bool
configured_service(const pg_uuid_t *clinic, const pg_uuid_t *service,
				   ServiceConfiguration *configuration)
{
	const Entry *entry = find_entry(ENTRY_SERVICE, clinic, service);

	if (entry)
		*configuration = entry->is.service;
	return entry != NULL;
}

bool
configured_resource(const pg_uuid_t *clinic, const pg_uuid_t *resource,
					ResourceConfiguration *configuration)
{
	const Entry *entry = find_entry(ENTRY_RESOURCE, clinic, resource);

	if (entry)
		*configuration = entry->is.resource.configuration;
	return entry != NULL;
}

ClinicProviders *
configured_providers(const pg_uuid_t *clinic)
{
	const Entry *entry = find_entry(ENTRY_PROVIDERS, clinic, clinic);

	return entry ? entry->is.providers : NULL;
}

Opening
resource_opening(const ClinicConfiguration *clinic, const ResourceConfiguration *resource)
{
	Opening opening = {
		.zone = resource->zone ? resource->zone : clinic->zone,
		.clinic_zone = clinic->zone,
		.own = resource->opening,
		.clinic = clinic->opening,
		.ndays = resource->ndays,
		.days = resource->days,
		.mode = clinic->mode,
		.seats = resource->seats,
	};

	if (!resource->is_provider)
		opening.clinic.hours = NULL;
	return opening;
}

bool
configured_opening(const pg_uuid_t *clinic_id, const pg_uuid_t *resource_id, Opening *opening)
{
	ClinicConfiguration clinic;
	ResourceConfiguration resource;

	if (!configured_clinic(clinic_id, &clinic) ||
		!configured_resource(clinic_id, resource_id, &resource))
		return false;
	*opening = resource_opening(&clinic, &resource);
	return true;
}

bool
offers_service(const OfferList *offers, const pg_uuid_t *service, int64 *duration)
{
	*duration = 0;
	for (int i = 0; i < offers->count; i++)
		if (memcmp(&offers->list[i].service, service, UUID_LEN) == 0)
		{
			*duration = offers->list[i].duration;
			return true;
		}
	return offers->count == 0;
}

bool
configured_offer(const pg_uuid_t *clinic, const pg_uuid_t *provider, const pg_uuid_t *service,
				 int64 *duration)
{
	const Entry *entry = find_entry(ENTRY_RESOURCE, clinic, provider);

	*duration = 0;
	return entry == NULL || offers_service(&entry->is.resource.offers, service, duration);
}

int
configured_offers(const pg_uuid_t *clinic_id, const pg_uuid_t *provider, pg_uuid_t **services)
{
	const Entry *entry = find_entry(ENTRY_RESOURCE, clinic_id, provider);
	ClinicConfiguration clinic = {0};
	int count = entry ? entry->is.resource.offers.count : 0;

	if (count == 0 && configured_clinic(clinic_id, &clinic))
	{
		*services = palloc(sizeof(pg_uuid_t) * (clinic.nservices + 1));
		memcpy(*services, clinic.services, sizeof(pg_uuid_t) * clinic.nservices);
		return clinic.nservices;
	}
	*services = palloc(sizeof(pg_uuid_t) * (count + 1));
	for (int i = 0; i < count; i++)
		(*services)[i] = entry->is.resource.offers.list[i].service;
	return count;
}
