/*
 * cancel_notice.c
 *		Until when a visit may be given up without loss to the clinic.
 */
#include "postgres.h"

#include "access/xact.h"
#include "booking/cancel_notice.h"
#include "civil/civil.h"
#include "clinic/configuration.h"

CancelNotice
cancel_notice(const VisitRow *visit)
{
	const pg_uuid_t *clinic_id = visit_uuid(visit, VISIT_CLINIC_ID);
	CancelNotice result = {false, false};
	ClinicConfiguration clinic;
	ServiceConfiguration service;
	const Interval *notice;

	/* A hold is no visit yet, and nobody keeps time free for a walk-in. */
	if (visit_status(visit) == STATUS_HELD || visit_mode(visit) == MODE_WALK_IN)
		return result;
	if (!configured_clinic(clinic_id, &clinic) ||
		!configured_service(clinic_id, visit_uuid(visit, VISIT_SERVICE_ID), &service))
		return result;
	notice = service.policy.has_cancel_notice ? &service.policy.cancel_notice
											  : &clinic.policy.cancel_notice;
	result.is_wanted = interval_microseconds(notice) > 0;
	result.has_begun = civil_earlier(visit_time(visit, VISIT_STARTS_AT), notice, clinic.zone) <
					   GetCurrentTransactionStartTimestamp();
	return result;
}
