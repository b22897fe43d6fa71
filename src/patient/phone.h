/*
 * phone.h
 *		Telephone numbers in E.164 form.  Pure.
 */
#ifndef CLINIC_SCHED_PHONE_H
#define CLINIC_SCHED_PHONE_H

/* "+", at most 15 digits, and the terminating zero. */
#define PHONE_SIZE 17

/*
 * Write the E.164 form of a number as people type it.  A number without a
 * country is completed with calling_code, which may be NULL.  Returns NULL, or
 * why the number is refused.
 */
extern const char *phone_normalize(const char *typed, const char *calling_code,
								   char normalized[PHONE_SIZE]);

#endif /* CLINIC_SCHED_PHONE_H */
