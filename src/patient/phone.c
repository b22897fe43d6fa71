/*
 * phone.c
 *		Telephone numbers in E.164 form.
 *
 * A number that begins with "+" or with the prefix "00" carries its country;
 * a "(0)" in it is the trunk prefix that such a number is dialled without.
 * Any other is national: a trunk prefix "0" is dropped (Italy, San Marino and
 * the Vatican keep it, ITU-T E.164 and E.123) and the calling code goes before.
 * In the North American plan, country code 1, eleven digits that begin with 1
 * carry their country too, since no area code begins with 1.
 */
#include "postgres.h"

#include "patient/phone.h"

#define MIN_DIGITS 10
#define MAX_DIGITS 15

/* The digits as typed, without what people put between them; NULL, or why not. */
static const char *
collect_digits(const char *typed, bool international, char digits[MAX_DIGITS + 3])
{
	int count = 0;

	for (; *typed; typed++)
	{
		if (international && strncmp(typed, "(0)", 3) == 0)
			typed += 2;
		else if (*typed >= '0' && *typed <= '9')
		{
			/* two more than a number has, for the prefix 00 */
			if (count == MAX_DIGITS + 2)
				return "it has more than 15 digits";
			digits[count++] = *typed;
		}
		else if (strchr(" -./()", *typed) == NULL)
			return "it may hold digits, spaces, hyphens, periods, slashes and parentheses, after an "
				   "optional plus sign";
	}
	digits[count] = '\0';
	return NULL;
}

const char *
phone_normalize(const char *typed, const char *calling_code, char normalized[PHONE_SIZE])
{
	char buffer[MAX_DIGITS + 3];
	const char *digits = buffer;
	const char *country = "";
	const char *fault;
	bool international;
	size_t length;

	typed += strspn(typed, " ");
	international = *typed == '+' || strncmp(typed, "00", 2) == 0;
	fault = collect_digits(typed + (*typed == '+'), international, buffer);
	if (fault)
		return fault;

	if (international && strncmp(digits, "00", 2) == 0)
		digits += 2;
	if (!international)
	{
		if (calling_code == NULL)
			return "it has no country calling code";
		if (strcmp(calling_code, "1") == 0 && strlen(digits) == 11 && digits[0] == '1')
			digits++;
		else if (digits[0] == '0' && strcmp(calling_code, "39") != 0 &&
				 strcmp(calling_code, "378") != 0)
			digits++;
		country = calling_code;
	}

	length = strlen(country) + strlen(digits);
	if (length < MIN_DIGITS)
		return "it has fewer than 10 digits, its country's included";
	if (length > MAX_DIGITS)
		return "it has more than 15 digits, its country's included";
	if (*country == '\0' && digits[0] == '0')
		return "no country calling code begins with 0";
	snprintf(normalized, PHONE_SIZE, "+%s%s", country, digits);
	return NULL;
}
