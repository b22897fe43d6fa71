/*
 * person_name.h
 *		Names of people and animals.  Pure.
 */
#ifndef CLINIC_SCHED_PERSON_NAME_H
#define CLINIC_SCHED_PERSON_NAME_H

/*
 * Trim a name in UTF-8 and set single spaces between its words, in place.  An
 * animal's may also hold digits and be one character long.  Returns NULL, or
 * why the name is refused.
 */
extern const char *person_name_normalize(char *name, bool animal);

#endif /* CLINIC_SCHED_PERSON_NAME_H */
