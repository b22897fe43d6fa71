/*
 * providers.h
 *		All the providers of a clinic, for whoever looks at all of them.
 *
 * Kept like the rest of the configuration, and with it when they are open on the
 * days that somebody has asked about.
 */
#ifndef CLINIC_SCHED_PROVIDERS_H
#define CLINIC_SCHED_PROVIDERS_H

#include "availability/open_days.h"
#include "clinic/configuration.h"

/* A search asks all of them for what stands first, so that should be close together. */
typedef struct Provider
{
	OfferList offers;
	const char *specialty;	/* may be NULL */
	bool has_several_seats; /* on some day it may */
	ResourceConfiguration configuration;
	Opening opening;
} Provider;

typedef struct ClinicProviders
{
	int count;
	Provider *list; /* by code */
	pg_uuid_t *ids; /* of these */
	OpenDays *days;

	/* where a provider stands in the list, by a hash of the id; -1: nobody */
	uint32 mask;
	int32 *places;
	int32 *next; /* of a place: that of whoever comes next in the order of ids */
} ClinicProviders;

static inline uint32
provider_hash(const pg_uuid_t *id)
{
	uint64 halves[2];

	memcpy(halves, id, UUID_LEN);
	/* a multiplication's high bits depend on all below */
	return (uint32) (((halves[0] ^ (halves[1] >> 7)) + halves[1]) *
						 UINT64CONST(0x9e3779b97f4a7c15) >>
					 32);
}

static inline bool
is_provider_at(const ClinicProviders *providers, int place, const pg_uuid_t *id)
{
	return memcmp(&providers->ids[place], id, UUID_LEN) == 0;
}

/* Where a resource stands among the providers; -1 if it is none. */
static inline int
provider_place(const ClinicProviders *providers, const pg_uuid_t *id)
{
	uint32 slot = provider_hash(id) & providers->mask;

	while (providers->places[slot] >= 0)
	{
		int place = providers->places[slot];

		if (is_provider_at(providers, place, id))
			return place;
		slot = (slot + 1) & providers->mask;
	}
	return -1;
}

/*
 * NULL if there is no such clinic.  Between query_begin() and query_end(), until
 * which they live.
 */
extern ClinicProviders *configured_providers(const pg_uuid_t *clinic);

/* Read them, into that memory; for the configuration's cache. */
extern ClinicProviders *providers_read(const pg_uuid_t *clinic, MemoryContext memory);

#endif /* CLINIC_SCHED_PROVIDERS_H */
