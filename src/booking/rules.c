/*
 * rules.c
 *		What a booking must know: the facts its rules ask for.
 */
#include "postgres.h"

#include "access/xact.h"
#include "booking/rules.h"

/* What holds for a service: its own, where it has its own, else the clinic's. */
static void
combine_policies(BookingFacts *facts, const BookingPolicy *clinic, const BookingPolicy *service)
{
	const Interval *max_advance = service->has_max_advance	? &service->max_advance
								  : clinic->has_max_advance ? &clinic->max_advance
															: NULL;

	booking_facts_set_now(facts, GetCurrentTransactionStartTimestamp(),
						  service->has_min_notice ? &service->min_notice : &clinic->min_notice,
						  max_advance);
	facts->allow_same_day =
		service->has_allow_same_day ? service->allow_same_day : clinic->allow_same_day;
	facts->slot_step = service->slot_step ? service->slot_step : clinic->slot_step;
}

void
facts_read(VisitFacts *facts, const pg_uuid_t *clinic_id, const pg_uuid_t *service_id,
		   const pg_uuid_t *provider_id)
{
	ClinicConfiguration clinic;
	ServiceConfiguration service;
	int64 own_duration = 0;

	if (!configured_clinic(clinic_id, &clinic))
		refuse(REASON_NOT_FOUND, "there is no such clinic", NULL, NULL);
	if (!configured_service(clinic_id, service_id, &service))
		refuse(REASON_NOT_FOUND, "there is no such service in this clinic", NULL, NULL);

	facts->booking.zone = clinic.zone;
	facts->booking.clinic_closed = clinic.is_closed;
	facts->booking.clinic_closing_soon = clinic.is_closing_soon;
	combine_policies(&facts->booking, &clinic.policy, &service.policy);
	facts->booking.min_duration = clinic.min_duration;
	facts->booking.max_duration = clinic.max_duration;
	facts->booking.service_active = service.is_active;
	facts->booking.service_mode = service.mode;
	facts->booking.offered =
		provider_id == NULL || configured_offer(clinic_id, provider_id, service_id, &own_duration);
	facts->has_provider =
		provider_id && configured_opening(clinic_id, provider_id, &facts->opening);

	facts->duration = own_duration ? own_duration : service.duration;
	facts->buffer_before = service.buffer_before;
	facts->buffer_after = service.buffer_after;
	facts->longest_claim = clinic.longest_claim;
	facts->requires_more = service.nunits > 0;
	facts->patient = patient_rules(&clinic, &service);
}

Reason
visit_refusal(const VisitFacts *facts, VisitMode mode, TimestampTz starts_at, TimestampTz ends_at)
{
	OpenTimes times;

	if (!facts->has_provider || mode == MODE_WALK_IN)
		return booking_refusal(&facts->booking, NULL, mode, starts_at, ends_at);
	open_times(&times, &facts->opening, starts_at, ends_at);
	return booking_refusal(&facts->booking, &times, mode, starts_at, ends_at);
}

PatientRules
patient_rules(const ClinicConfiguration *clinic, const ServiceConfiguration *service)
{
	return (PatientRules){
		.zone = clinic->zone,
		.prevent_overlap = clinic->prevent_patient_overlap,
		.max_active = clinic->max_active_per_patient,
		.max_active_of_service = service->max_active_per_patient,
		.max_per_day = clinic->max_per_day_per_patient,
		.no_show_limit = clinic->no_show_limit,
		.no_show_period = clinic->no_show_period,
	};
}
