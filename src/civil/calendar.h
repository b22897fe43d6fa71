/*
 * calendar.h
 *		Days of the Gregorian calendar, as numbers.  Pure.
 *
 * A day is counted from 2000-01-01, as PostgreSQL counts dates.  A year is
 * counted from 1 March in between, so that a leap day is its last: then the days
 * before a month follow from one division (Howard Hinnant, "chrono-Compatible
 * Low-Level Date Algorithms").
 */
#ifndef CLINIC_SCHED_CALENDAR_H
#define CLINIC_SCHED_CALENDAR_H

#define DAYS_PER_ERA 146097 /* in 400 years */

/* From 1 March of the year 0 to 2000-01-01. */
#define DAYS_BEFORE_2000 730425

/* 0001-01-01 and 9999-12-31: what four digits of a year can say. */
#define FIRST_CALENDAR_DAY (-730119)
#define LAST_CALENDAR_DAY 2921939

typedef struct CalendarDate
{
	int year;
	int month; /* 1 to 12 */
	int day;   /* 1 to 31 */
} CalendarDate;

/* Of a month of the years 1 to 9999. */
static inline int
days_of_month(int year, int month)
{
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	if (month == 2)
		return leap ? 29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

static inline bool
is_calendar_date(CalendarDate date)
{
	return date.year >= 1 && date.year <= 9999 && date.month >= 1 && date.month <= 12 &&
		   date.day >= 1 && date.day <= days_of_month(date.year, date.month);
}

/* The day of a date of the years 1 to 9999. */
static inline int
calendar_day(CalendarDate date)
{
	int year = date.month <= 2 ? date.year - 1 : date.year;
	int month = date.month <= 2 ? date.month + 9 : date.month - 3; /* 0 to 11 */
	int year_of_era = year % 400;
	int day_of_year = (153 * month + 2) / 5 + date.day - 1; /* 0 to 365 */
	int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return year / 400 * DAYS_PER_ERA + day_of_era - DAYS_BEFORE_2000;
}

/* The date of a day of the years 1 to 9999. */
static inline CalendarDate
calendar_date(int day)
{
	int days = day + DAYS_BEFORE_2000; /* from 306 */
	int day_of_era = days % DAYS_PER_ERA;
	int year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int month = (5 * day_of_year + 2) / 153; /* 0 to 11, from March */
	CalendarDate date;

	date.day = day_of_year - (153 * month + 2) / 5 + 1;
	date.month = month < 10 ? month + 3 : month - 9;
	date.year = days / DAYS_PER_ERA * 400 + year_of_era + (date.month <= 2 ? 1 : 0);
	return date;
}

/* 0 Monday .. 6 Sunday; 2000-01-01 was a Saturday. */
static inline int
weekday_of_day(int day)
{
	int weekday = (day + 5) % 7;

	return weekday < 0 ? weekday + 7 : weekday;
}

#endif /* CLINIC_SCHED_CALENDAR_H */
