/*
 * errors.h
 *		The one list of domain errors.
 *
 * Every refusal has a stable reason, which clients find in the CONSTRAINT NAME
 * field of the error and as the first word of its DETAIL, and an SQLSTATE that
 * PostgREST turns into the HTTP status by itself: PT400 malformed, PT403 not
 * yours, PT404 not found, PT409 conflict, PT422 not allowed by the rules.
 */
#ifndef CLINIC_SCHED_ERRORS_H
#define CLINIC_SCHED_ERRORS_H

/* reason as an enum, reason as text, HTTP status */
#define REASON_LIST(REASON) \
	REASON(ALREADY_CHECKED_IN, "already_checked_in", 409) \
	REASON(CAPACITY_REACHED, "capacity_reached", 409) \
	REASON(CLINIC_CLOSED, "clinic_closed", 422) \
	REASON(HOLD_EXPIRED, "hold_expired", 409) \
	REASON(IDEMPOTENCY_MISMATCH, "idempotency_mismatch", 409) \
	REASON(IMMUTABLE, "immutable", 422) \
	REASON(INACTIVE, "inactive", 422) \
	REASON(INVALID_ADDRESS, "invalid_address", 400) \
	REASON(INVALID_BIRTH_DATE, "invalid_birth_date", 400) \
	REASON(INVALID_CLAIM, "invalid_claim", 400) \
	REASON(INVALID_DURATION, "invalid_duration", 422) \
	REASON(INVALID_NAME, "invalid_name", 400) \
	REASON(INVALID_NUMBER, "invalid_number", 400) \
	REASON(INVALID_PAGE, "invalid_page", 400) \
	REASON(INVALID_PHONE, "invalid_phone", 400) \
	REASON(INVALID_RULE, "invalid_rule", 400) \
	REASON(INVALID_SORT, "invalid_sort", 400) \
	REASON(INVALID_TEXT, "invalid_text", 400) \
	REASON(INVALID_TIME, "invalid_time", 400) \
	REASON(INVALID_TIMEZONE, "invalid_timezone", 400) \
	REASON(INVALID_TRANSITION, "invalid_transition", 422) \
	REASON(IN_THE_PAST, "in_the_past", 422) \
	REASON(IN_USE, "in_use", 409) \
	REASON(LIMIT_REACHED, "limit_reached", 422) \
	REASON(MISSING_ARGUMENT, "missing_argument", 400) \
	REASON(NOT_FOUND, "not_found", 404) \
	REASON(NOT_OFFERED, "not_offered", 422) \
	REASON(NOT_YOURS, "not_yours", 403) \
	REASON(OUTSIDE_HOURS, "outside_hours", 422) \
	REASON(PATIENT_BLOCKED, "patient_blocked", 422) \
	REASON(PATIENT_OVERLAP, "patient_overlap", 409) \
	REASON(PROVIDER_ABSENT, "provider_absent", 422) \
	REASON(SAME_DAY, "same_day", 422) \
	REASON(SLOT_TAKEN, "slot_taken", 409) \
	REASON(STAFF_ONLY, "staff_only", 403) \
	REASON(TOO_FAR_AHEAD, "too_far_ahead", 422) \
	REASON(TOO_LATE, "too_late", 422) \
	REASON(TOO_SOON, "too_soon", 422) \
	REASON(UNKNOWN_FIELD, "unknown_field", 400) \
	REASON(UNKNOWN_PRESET, "unknown_preset", 400) \
	REASON(UNKNOWN_STRATEGY, "unknown_strategy", 400) \
	REASON(WRONG_DAY, "wrong_day", 422) \
	REASON(WRONG_MODE, "wrong_mode", 422) \
	REASON(WRONG_PATIENT, "wrong_patient", 422)

#define REASON_ENUM(name, text, status) REASON_##name,
typedef enum Reason
{
	REASON_NONE = -1,
	REASON_LIST(REASON_ENUM) REASON_COUNT
} Reason;
#undef REASON_ENUM

extern const char *reason_name(Reason reason);

/*
 * Raise a domain error.  detail and hint may be NULL; the message, the detail
 * and the hint are shown to people, so none may say whose visit is in the way.
 */
extern _Noreturn void refuse(Reason reason, const char *message, const char *detail,
							 const char *hint);

/* The argument `name` of a function was NULL and may not be. */
extern _Noreturn void refuse_null(const char *name);

/* A race was lost in a way only a new transaction can mend: SQLSTATE 40001. */
extern _Noreturn void refuse_serialization(const char *message, const char *hint);

#endif /* CLINIC_SCHED_ERRORS_H */
