/*
 * status.h
 *		Where a visit stands, and what may follow.  Pure, but for the SQL wrappers.
 */
#ifndef CLINIC_SCHED_STATUS_H
#define CLINIC_SCHED_STATUS_H

/* In the order of the enum type clinic.appointment_status. */
typedef enum VisitStatus
{
	STATUS_HELD,
	STATUS_SCHEDULED,
	STATUS_CONFIRMED,
	STATUS_ARRIVED,
	STATUS_IN_PROGRESS,
	STATUS_COMPLETED,
	STATUS_CANCELLED,
	STATUS_NO_SHOW
} VisitStatus;

/* In the order of the enum type clinic.visit_mode. */
typedef enum VisitMode
{
	MODE_TIMED,
	MODE_TOKEN,
	MODE_WALK_IN
} VisitMode;

extern const char *status_name(VisitStatus status);
extern VisitStatus status_from_name(const char *name);
extern VisitMode mode_from_name(const char *name);

/* Copy the label of a value of an enum type. */
extern void enum_label(Oid value, NameData *label);

/* The same for a value of the SQL types. */
extern VisitStatus status_from_oid(Oid value);
extern VisitMode mode_from_oid(Oid value);

extern bool status_can_follow(VisitStatus from, VisitStatus to);
extern bool status_is_final(VisitStatus status);

/* Refuse what cannot follow; to stay the same is no transition. */
extern void check_transition(VisitStatus from, VisitStatus to);

/* Does a visit of this status take the time it was booked for? */
extern bool status_claims(VisitStatus status);

#endif /* CLINIC_SCHED_STATUS_H */
