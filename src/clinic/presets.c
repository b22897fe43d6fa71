/*
 * presets.c
 *		clinic.create_clinic(): a clinic with the services and the policy of its kind.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "errors.h"
#include "fmgr.h"
#include "identity/identity.h"
#include "query.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(create_clinic);

typedef struct ServicePreset
{
	const char *code;
	const char *name;
	int minutes;
} ServicePreset;

#define MAX_SERVICES 6

typedef struct ClinicPreset
{
	const char *name;
	int min_minutes;
	int max_minutes;
	bool allow_same_day;
	const char *mode; /* of its days and services */
	const char *hours;
	int provider_seats;		   /* in token mode: the tokens of a day */
	const char *provider_code; /* a provider for the whole clinic, or NULL */
	const char *queue_preset;
	ServicePreset services[MAX_SERVICES];
} ClinicPreset;

static const ClinicPreset presets[] = {
	{"general",
	 15,
	 480,
	 true,
	 "timed",
	 "Mo-Fr 08:00-18:00",
	 1,
	 NULL,
	 "clinic",
	 {{"new_patient", "New patient", 60},
	  {"follow_up", "Follow-up", 30},
	  {"urgent", "Urgent", 30},
	  {"consultation", "Consultation", 45},
	  {"routine_checkup", "Routine check-up", 30},
	  {"acupuncture", "Acupuncture", 45}}},
	{"outpatient",
	 15,
	 240,
	 false,
	 "timed",
	 "Mo-Fr 08:00-18:00",
	 1,
	 NULL,
	 "clinic",
	 {{"consultation", "Consultation", 30},
	  {"follow_up", "Follow-up", 30},
	  {"procedure", "Procedure", 60}}},
	{"veterinary",
	 15,
	 480,
	 true,
	 "timed",
	 "Mo-Fr 08:00-18:00",
	 1,
	 "CLINIC",
	 "clinic",
	 {{"vaccination", "Vaccination", 30},
	  {"routine", "Routine visit", 45},
	  {"surgery", "Surgery", 120},
	  {"emergency", "Emergency", 15}}},
	{"token", 5, 480, true, "token", "24/7", 10, NULL, "fifo", {{"visit", "Visit", 15}}},
};

static SavedQuery insert_clinic = {
	.sql =
		"insert into clinic.clinic"
		" (name, timezone, min_duration, max_duration, allow_same_day, mode, provider_seats, hours,"
		" queue_preset)"
		" values ($1, $2, pg_catalog.make_interval(mins => $3), pg_catalog.make_interval(mins => $4),"
		" $5, $6::clinic.visit_mode, $7, $8::clinic.weekly_hours, $9) returning id",
	QUERY_PARAMETERS(TEXTOID, TEXTOID, INT4OID, INT4OID, BOOLOID, TEXTOID, INT4OID, TEXTOID,
					 TEXTOID),
	.snapshot = SNAPSHOT_WRITE,
};

static SavedQuery insert_service = {
	.sql = "insert into clinic.service (clinic_id, code, name, duration, mode)"
		   " values ($1, $2, $3, pg_catalog.make_interval(mins => $4), $5::clinic.visit_mode)",
	QUERY_PARAMETERS(UUIDOID, TEXTOID, TEXTOID, INT4OID, TEXTOID),
	.snapshot = SNAPSHOT_WRITE,
};

static SavedQuery insert_provider = {
	.sql = "insert into clinic.resource (clinic_id, kind, code, name)"
		   " values ($1, 'provider'::clinic.resource_kind, $2, $3)",
	QUERY_PARAMETERS(UUIDOID, TEXTOID, TEXTOID),
	.snapshot = SNAPSHOT_WRITE,
};

/* As the owner: nobody is yet staff of a new clinic. */
static SavedQuery insert_member = {
	.sql = "insert into clinic.member (clinic_id, user_id, role)"
		   " values ($1, $2, 'admin'::clinic.member_role)",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
	.as_owner = true,
};

static SavedQuery get_clinic = {
	.sql = "select c from clinic.clinic c where c.id" EQ "$1",
	QUERY_PARAMETERS(UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
};

static const ClinicPreset *
find_preset(const char *name)
{
	for (size_t i = 0; i < lengthof(presets); i++)
		if (strcmp(presets[i].name, name) == 0)
			return &presets[i];
	refuse(REASON_UNKNOWN_PRESET, psprintf("there is no preset \"%s\"", name), NULL,
		   "The presets are general, outpatient, veterinary and token.");
}

static void
add_services(Datum clinic, const ClinicPreset *preset)
{
	for (const ServicePreset *service = preset->services;
		 service < preset->services + MAX_SERVICES && service->code; service++)
	{
		Datum values[] = {clinic, CStringGetTextDatum(service->code),
						  CStringGetTextDatum(service->name), Int32GetDatum(service->minutes),
						  CStringGetTextDatum(preset->mode)};

		(void) query_run(&insert_service, values, NULL, 0);
	}
}

Datum
create_clinic(PG_FUNCTION_ARGS)
{
	static const char *const arguments[] = {"name", "timezone", "preset"};
	const pg_uuid_t *actor = identity_actor();
	const ClinicPreset *preset;
	Datum values[9];
	Datum clinic;
	Datum result;

	for (size_t i = 0; i < lengthof(arguments); i++)
		if (PG_ARGISNULL(i))
			refuse_null(arguments[i]);
	preset = find_preset(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	values[0] = PG_GETARG_DATUM(0);
	values[1] = PG_GETARG_DATUM(1);
	values[2] = Int32GetDatum(preset->min_minutes);
	values[3] = Int32GetDatum(preset->max_minutes);
	values[4] = BoolGetDatum(preset->allow_same_day);
	values[5] = CStringGetTextDatum(preset->mode);
	values[6] = Int32GetDatum(preset->provider_seats);
	values[7] = CStringGetTextDatum(preset->hours);
	values[8] = CStringGetTextDatum(preset->queue_preset);

	query_begin();
	query_run_one(&insert_clinic, values, NULL);
	clinic = UUIDPGetDatum(query_uuid(0, 1));
	if (actor)
	{
		Datum member[] = {clinic, UUIDPGetDatum(actor)};

		(void) query_run(&insert_member, member, NULL, 0);
	}
	add_services(clinic, preset);
	if (preset->provider_code)
	{
		Datum provider[] = {clinic, CStringGetTextDatum(preset->provider_code), values[0]};

		(void) query_run(&insert_provider, provider, NULL, 0);
	}
	query_run_one(&get_clinic, &clinic, NULL);
	result = query_copy_composite(0, 1);
	query_end();
	PG_RETURN_DATUM(result);
}
