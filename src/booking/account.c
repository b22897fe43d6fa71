/*
 * account.c
 *		What a patient's own account may do with visits: book, move, confirm and
 *		cancel them, by the rules, for the patients it answers for.
 */
#include "postgres.h"

#include "access/xact.h"
#include "booking/account.h"
#include "booking/cancel_notice.h"
#include "catalog/pg_type.h"
#include "errors.h"
#include "identity/identity.h"
#include "query.h"

static SavedQuery find_patient_account = {
	.sql = "select p.user_id from clinic.patient p where p.clinic_id" EQ "$1 and p.id" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

static SavedQuery find_series_patient = {
	.sql = "select s.patient_id from clinic.series s where s.clinic_id" EQ "$1 and s.id" EQ "$2",
	QUERY_PARAMETERS(UUIDOID, UUIDOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

static bool
answers_for(const pg_uuid_t *clinic, const pg_uuid_t *patient)
{
	Datum values[] = {UUIDPGetDatum(clinic), UUIDPGetDatum(patient)};
	const pg_uuid_t *actor = identity_actor();
	const pg_uuid_t *account = NULL;

	if (query_run(&find_patient_account, values, NULL, 1) > 0)
		account = query_uuid(0, 1);
	return actor && account && memcmp(actor, account, UUID_LEN) == 0;
}

static void
check_answers_for(const pg_uuid_t *clinic, const pg_uuid_t *patient)
{
	if (!answers_for(clinic, patient))
		refuse(REASON_NOT_YOURS, "this account does not answer for that patient", NULL, NULL);
}

void
check_account(const pg_uuid_t *clinic, const pg_uuid_t *patient)
{
	if (!identity_is_staff(clinic))
		check_answers_for(clinic, patient);
}

static void
refuse_account(void)
{
	refuse(REASON_STAFF_ONLY, "only the clinic's staff may do this", NULL,
		   "A patient's account may book, move, confirm and cancel, by the rules.");
}

bool
account_may_change(const VisitRow *visit)
{
	const pg_uuid_t *clinic = visit_uuid(visit, VISIT_CLINIC_ID);
	CancelNotice notice;

	if (identity_is_staff(clinic))
		return true;
	if (!answers_for(clinic, visit_uuid(visit, VISIT_PATIENT_ID)))
		return false;
	notice = cancel_notice(visit);
	return !(notice.is_wanted && notice.has_begun);
}

/* A visit that an account inserts is of no other patient's series. */
static void
check_series(const VisitRow *row)
{
	Datum values[] = {visit_datum(row, VISIT_CLINIC_ID), visit_datum(row, VISIT_SERIES_ID)};

	if (visit_isnull(row, VISIT_SERIES_ID))
		return;
	if (query_run(&find_series_patient, values, NULL, 1) == 0 ||
		memcmp(query_uuid(0, 1), visit_uuid(row, VISIT_PATIENT_ID), UUID_LEN) != 0)
		refuse(REASON_NOT_YOURS, "this series is not that patient's", NULL, NULL);
}

void
check_account_insert(VisitRow *row)
{
	static const VisitColumn left_to_us[] = {
		VISIT_CODE,			VISIT_CONFIRMED_AT, VISIT_CHECKED_IN_AT, VISIT_STARTED_AT,
		VISIT_COMPLETED_AT, VISIT_CANCELLED_AT, VISIT_CANCELLED_BY,	 VISIT_CANCELLATION_REASON,
	};
	VisitStatus status = visit_status(row);

	if (identity_is_staff(visit_uuid(row, VISIT_CLINIC_ID)))
		return;
	check_answers_for(visit_uuid(row, VISIT_CLINIC_ID), visit_uuid(row, VISIT_PATIENT_ID));
	if (!visit_isnull(row, VISIT_OVERRIDE_REASON) || visit_mode(row) == MODE_WALK_IN ||
		(status != STATUS_HELD && status != STATUS_SCHEDULED))
		refuse_account();
	check_series(row);
	for (size_t i = 0; i < lengthof(left_to_us); i++)
		visit_set_null(row, left_to_us[i]);
	visit_set(row, VISIT_CREATED_AT, TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()));
}

/* May an account change this column?  An override it may only take back: see below. */
static bool
may_change(AttrNumber attribute)
{
	static const VisitColumn columns[] = {
		VISIT_STATUS,
		VISIT_STARTS_AT,
		VISIT_ENDS_AT,
		VISIT_PROVIDER_ID,
		VISIT_SERVICE_ID,
		VISIT_REASON,
		VISIT_CANCELLATION_REASON,
		VISIT_OVERRIDE_REASON,
		VISIT_RESOURCE_IDS,
	};

	for (size_t i = 0; i < lengthof(columns); i++)
		if (visit_attribute(columns[i]) == attribute)
			return true;
	return false;
}

void
check_account_update(const VisitRow *row, const VisitRow *old, bool override)
{
	VisitStatus status = visit_status(row);
	bool same_status = visit_same(row, old, VISIT_STATUS);

	if (identity_is_staff(visit_uuid(row, VISIT_CLINIC_ID)))
		return;
	check_answers_for(visit_uuid(old, VISIT_CLINIC_ID), visit_uuid(old, VISIT_PATIENT_ID));
	if (override || (!same_status && status != STATUS_SCHEDULED && status != STATUS_CONFIRMED &&
					 status != STATUS_CANCELLED))
		refuse_account();
	for (AttrNumber attribute = 1; attribute <= row->descriptor->natts; attribute++)
		if (!visit_same_attribute(row, old, attribute) && !may_change(attribute))
			refuse_account();
}

void
check_account_notice(const VisitRow *visit, bool cancelled)
{
	if (identity_is_staff(visit_uuid(visit, VISIT_CLINIC_ID)))
		return;
	refuse(REASON_TOO_LATE,
		   cancelled ? "it is too late to cancel this visit" : "it is too late to move this visit",
		   NULL, "Call the clinic.");
}
