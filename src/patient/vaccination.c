/*
 * vaccination.c
 *		Whether a patient's vaccination still holds: a computed field.
 */
#include "postgres.h"

#include "access/xact.h"
#include "civil/civil.h"
#include "clinic/configuration.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "query.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"

PG_FUNCTION_INFO_V1(vaccination_status);

/* The same day of the next year; of 29 February, the 28th. */
static DateADT
year_later(DateADT date)
{
	int year;
	int month;
	int day;

	j2date(date + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	if (month == 2 && day == 29)
		day = 28;
	return date2j(year + 1, month, day) - POSTGRES_EPOCH_JDATE;
}

/* A date that has not come says nothing; nor does an infinite one, in a row that was made up. */
static const char *
status_on(DateADT today, DateADT vaccination)
{
	if (DATE_NOT_FINITE(vaccination) || vaccination > today)
		return "unknown";
	return today <= year_later(vaccination) ? "valid" : "expired";
}

/* The SQL function's argument is a row of table patient. */
Datum
vaccination_status(PG_FUNCTION_ARGS)
{
	HeapTupleHeader patient = PG_GETARG_HEAPTUPLEHEADER(0);
	bool no_clinic;
	bool no_vaccination;
	Datum clinic = GetAttributeByName(patient, "clinic_id", &no_clinic);
	Datum vaccination = GetAttributeByName(patient, "last_vaccination", &no_vaccination);
	ClinicConfiguration configuration;
	const char *status = "unknown";

	query_begin();
	if (!no_clinic && !no_vaccination && configured_clinic(DatumGetUUIDP(clinic), &configuration))
		status = status_on(civil_day(GetCurrentTransactionStartTimestamp(), configuration.zone),
						   DatumGetDateADT(vaccination));
	query_end();
	PG_RETURN_TEXT_P(cstring_to_text(status));
}
