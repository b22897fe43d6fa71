/*
 * patient.c
 *		Who is seen: the rules of table patient, and registration.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "civil/civil.h"
#include "errors.h"
#include "fmgr.h"
#include "funcapi.h"
#include "identity/identity.h"
#include "lock.h"
#include "mb/pg_wchar.h"
#include "patient/person_name.h"
#include "patient/phone.h"
#include "query.h"
#include "restore.h"
#include "trigger.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/rel.h"

PG_FUNCTION_INFO_V1(patient_check);
PG_FUNCTION_INFO_V1(normalize_phone);
PG_FUNCTION_INFO_V1(register_patient);

#define EMAIL_LIMIT 254 /* RFC 5321 section 4.5.3.1.3, less the angle brackets */

static SavedQuery find_clinic = {
	.sql = "select c.timezone, c.calling_code from clinic.clinic c where c.id" EQ "$1",
	QUERY_PARAMETERS(UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

static SavedQuery insert_patient = {
	.sql =
		"insert into clinic.patient as p (name, phone, email, date_of_birth, user_id, species, breed,"
		" weight, last_vaccination, medical_history, clinic_id)"
		" values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
		" on conflict do nothing returning p",
	QUERY_PARAMETERS(TEXTOID, TEXTOID, TEXTOID, DATEOID, UUIDOID, TEXTOID, TEXTOID, NUMERICOID,
					 DATEOID, JSONBOID, UUIDOID),
	.snapshot = SNAPSHOT_WRITE,
};

/* The patient an insert was in conflict with: the key of index patient_same_person. */
static SavedQuery find_same_person = {
	.sql = "select p.user_id, p from clinic.patient p where p.clinic_id" EQ "$4"
		   " and p.phone" EQ "$2 and pg_catalog.lower(p.name)" EQ "pg_catalog.lower($1)"
		   " and coalesce(p.date_of_birth, '-infinity'::pg_catalog.date)" EQ
		   "coalesce($3, '-infinity'::pg_catalog.date)",
	QUERY_PARAMETERS(TEXTOID, TEXTOID, DATEOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
};

static SavedQuery find_visit_of_patient = {
	.sql = "select 1 from clinic.appointment a where a.clinic_id" EQ "$1 and a.patient_id" EQ
		   "$2 limit 1",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

static char *
normalized_name(const char *name, bool animal)
{
	int length = (int) strlen(name);
	char *utf8 = pstrdup(pg_server_to_any(name, length, PG_UTF8));
	const char *fault = person_name_normalize(utf8, animal);

	if (fault)
		refuse(REASON_INVALID_NAME, "this is not a name we can register", fault, NULL);
	return pg_any_to_server(utf8, (int) strlen(utf8), PG_UTF8);
}

static char *
normalized_phone(const char *typed, const char *calling_code)
{
	char *normalized = palloc(PHONE_SIZE);
	const char *fault = phone_normalize(typed, calling_code, normalized);

	if (fault)
		refuse(REASON_INVALID_PHONE, "this is not a telephone number", fault, NULL);
	return normalized;
}

/* One "@", something before it, a domain of at least two labels after it, no spaces or controls. */
static const char *
email_fault(const char *email)
{
	const char *at = strchr(email, '@');
	const char *dot = at ? strchr(at, '.') : NULL;
	size_t length = strlen(email);

	if (length > EMAIL_LIMIT)
		return "it has more than 254 characters";
	for (const char *c = email; *c; c++)
		if ((unsigned char) *c <= ' ' || *c == 0x7F || strchr("<>()[],;:\\\"", *c))
			return "it holds a character that an address may not";
	if (at == NULL || at == email || strchr(at + 1, '@') || dot == NULL || dot == at + 1 ||
		email[length - 1] == '.' || strstr(at, "..") || at[1] == '-')
		return "it is not of the form name@example.org";
	return NULL;
}

static void
check_date(DateADT date, DateADT first, DateADT today, const char *message)
{
	if (date < first || date > today)
		refuse(REASON_INVALID_BIRTH_DATE, message, "the date is before 1900 or after today", NULL);
}

/* What of a patient's row the trigger looks at and changes. */
typedef struct PatientRow
{
	Relation relation;
	HeapTuple tuple;
} PatientRow;

static Datum
row_value(const PatientRow *row, const char *column, bool *isnull)
{
	int number = SPI_fnumber(RelationGetDescr(row->relation), column);

	return SPI_getbinval(row->tuple, RelationGetDescr(row->relation), number, isnull);
}

static char *
row_text(const PatientRow *row, const char *column)
{
	int number = SPI_fnumber(RelationGetDescr(row->relation), column);

	return SPI_getvalue(row->tuple, RelationGetDescr(row->relation), number);
}

static void
row_set(PatientRow *row, const char *column, Datum value)
{
	int number = SPI_fnumber(RelationGetDescr(row->relation), column);
	bool isnull = false;

	row->tuple = heap_modify_tuple_by_cols(row->tuple, RelationGetDescr(row->relation), 1, &number,
										   &value, &isnull);
}

static bool
is_account(const PatientRow *row, const pg_uuid_t *actor)
{
	bool isnull;
	Datum account = row_value(row, "user_id", &isnull);

	return !isnull && memcmp(DatumGetUUIDP(account), actor, UUID_LEN) == 0;
}

/* A patient's own account may register and change only patients it answers for. */
static void
check_account(PatientRow *row, const PatientRow *old, const pg_uuid_t *clinic)
{
	const pg_uuid_t *actor;

	if (identity_is_staff(clinic))
		return;
	actor = identity_actor();
	if (actor == NULL)
		refuse(REASON_STAFF_ONLY, "only an account or the clinic's staff may do this", NULL, NULL);
	if (old == NULL && row_text(row, "user_id") == NULL)
		row_set(row, "user_id", UUIDPGetDatum(actor));
	if (!is_account(row, actor) || (old && !is_account(old, actor)))
		refuse(REASON_NOT_YOURS, "this account does not answer for that patient", NULL, NULL);
}

static void
check_dates(const PatientRow *row, const char *timezone)
{
	DateADT today = civil_day(GetCurrentTransactionStartTimestamp(), civil_zone(timezone));
	DateADT year_1900 = date2j(1900, 1, 1) - POSTGRES_EPOCH_JDATE;
	bool no_birth;
	bool no_vaccination;
	Datum birth = row_value(row, "date_of_birth", &no_birth);
	Datum vaccination = row_value(row, "last_vaccination", &no_vaccination);

	if (!no_birth)
		check_date(DatumGetDateADT(birth), year_1900, today, "this is not a birth date");
	if (!no_vaccination)
		check_date(DatumGetDateADT(vaccination), year_1900, today,
				   "this is not the date of a vaccination");
}

static void
check_row(PatientRow *row, const PatientRow *old)
{
	bool isnull;
	Datum clinic = row_value(row, "clinic_id", &isnull);
	char *name = row_text(row, "name");
	char *phone = row_text(row, "phone");
	char *email = row_text(row, "email");
	bool animal = row_text(row, "species") != NULL;

	if (isnull || name == NULL)
		refuse_null(name ? "clinic_id" : "name");
	if (query_run(&find_clinic, &clinic, NULL, 1) == 0)
		refuse(REASON_NOT_FOUND, "there is no such clinic", NULL, NULL);
	check_dates(row, query_text(0, 1));

	row_set(row, "name", CStringGetTextDatum(normalized_name(name, animal)));
	if (phone)
		row_set(row, "phone", CStringGetTextDatum(normalized_phone(phone, query_text(0, 2))));
	if (email && email_fault(email))
		refuse(REASON_INVALID_ADDRESS, "this is not an e-mail address", email_fault(email), NULL);
	check_account(row, old, DatumGetUUIDP(clinic));
}

/*
 * A visit that another transaction is writing or deleting would make the
 * foreign key wait, with the patient locked; one that we can see is enough.
 */
static void
check_delete(const PatientRow *row)
{
	bool isnull;
	Datum key[2] = {row_value(row, "clinic_id", &isnull), row_value(row, "id", &isnull)};
	const pg_uuid_t *clinic = DatumGetUUIDP(key[0]);

	if (!identity_is_staff(clinic))
		refuse(REASON_STAFF_ONLY, "only the clinic's staff may delete a patient", NULL, NULL);
	lock_clinic(clinic, LOCK_SHARED, LOCK_TRY);
	lock_patient(clinic, DatumGetUUIDP(key[1]), LOCK_EXCLUSIVE, LOCK_TRY);
	if (query_run(&find_visit_of_patient, key, NULL, 1) > 0)
		refuse(REASON_IN_USE, "this patient has visits", NULL,
			   "Set is_active to false, so that the patient takes no new ones.");
}

/* BEFORE INSERT, UPDATE or DELETE row trigger of patient. */
Datum
patient_check(PG_FUNCTION_ARGS)
{
	const TriggerData *trigger = trigger_data(fcinfo, TRIGGER_EVENT_ROW | TRIGGER_EVENT_BEFORE, 0);
	TriggerRows rows = trigger_rows(trigger);
	PatientRow old = {trigger->tg_relation, rows.old};
	PatientRow row = {trigger->tg_relation, rows.written};
	HeapTuple result = trigger_result(&rows);

	if (restoring(trigger->tg_relation))
		return PointerGetDatum(result);
	query_begin();
	if (row.tuple == NULL)
		check_delete(&old);
	else
	{
		check_row(&row, old.tuple ? &old : NULL);
		result = SPI_copytuple(row.tuple);
	}
	query_end();
	return PointerGetDatum(result);
}

Datum
normalize_phone(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(
		normalized_phone(text_to_cstring(PG_GETARG_TEXT_PP(0)),
						 PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1)))));
}

/* The patient that has this phone, name and birth date already, if the caller may see it. */
static Datum
same_person(const Datum *values, const bool *nulls)
{
	const pg_uuid_t *clinic = DatumGetUUIDP(values[10]);
	char *name = normalized_name(TextDatumGetCString(values[0]), !nulls[5]);
	Datum key[4] = {CStringGetTextDatum(name), 0, values[3], values[10]};
	bool key_nulls[4] = {false, false, nulls[3], false};
	const pg_uuid_t *account;
	const pg_uuid_t *actor;
	Datum patient;

	query_run_one(&find_clinic, &values[10], NULL);
	key[1] =
		CStringGetTextDatum(normalized_phone(TextDatumGetCString(values[1]), query_text(0, 2)));
	if (query_run(&find_same_person, key, key_nulls, 1) == 0)
		refuse(REASON_NOT_YOURS, "this patient is registered already", NULL,
			   "Ask the clinic's staff.");
	account = query_uuid(0, 1);
	patient = query_copy_composite(0, 2);
	actor = identity_actor();
	if (!identity_is_staff(clinic) &&
		(account == NULL || actor == NULL || memcmp(account, actor, UUID_LEN) != 0))
		refuse(REASON_NOT_YOURS, "this patient is registered already", NULL,
			   "Ask the clinic's staff.");
	return patient;
}

Datum
register_patient(PG_FUNCTION_ARGS)
{
	Datum values[11];
	bool nulls[11];
	Datum patient;

	for (int i = 0; i < 11; i++)
	{
		values[i] = PG_GETARG_DATUM(i);
		nulls[i] = PG_ARGISNULL(i);
	}
	if (nulls[0])
		refuse_null("name");
	if (nulls[10])
		refuse_null("clinic_id");

	query_begin();
	if (nulls[1])
		query_run_one(&insert_patient, values, nulls);
	if (nulls[1] || query_run(&insert_patient, values, nulls, 0) > 0)
		patient = query_copy_composite(0, 1);
	else
		patient = same_person(values, nulls);
	query_end();
	PG_RETURN_DATUM(patient);
}
