/*
 * random.h
 *		Random bytes that cannot be guessed, a few at a time.
 */
#ifndef CLINIC_SCHED_RANDOM_H
#define CLINIC_SCHED_RANDOM_H

extern void random_bytes(void *to, size_t length);

#endif /* CLINIC_SCHED_RANDOM_H */
