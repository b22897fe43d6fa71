/*
 * ascii.h
 *		Characters of iCalendar, whose words are of ASCII in any case.  Pure.
 */
#ifndef CLINIC_SCHED_ASCII_H
#define CLINIC_SCHED_ASCII_H

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline char
upper(char c)
{
	return c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c;
}

static inline bool
is_letter(char c)
{
	return upper(c) >= 'A' && upper(c) <= 'Z';
}

#endif /* CLINIC_SCHED_ASCII_H */
