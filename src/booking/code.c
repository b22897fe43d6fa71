/*
 * code.c
 *		The code a patient quotes for a visit.
 *
 * The year and 8 random characters, 40 bits: not to be guessed, and drawn
 * without a counter that bookings would have to share.  The alphabet is
 * Crockford's base 32, without I, L, O and U, which are misread.
 */
#include "postgres.h"

#include "booking/code.h"
#include "civil/civil.h"
#include "random.h"
#include "utils/datetime.h"

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void
visit_code_draw(TimestampTz starts_at, char code[VISIT_CODE_SIZE])
{
	int year;
	int month;
	int day;
	unsigned char random[8];
	char drawn[8];

	j2date((int) utc_day(starts_at) + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	random_bytes(random, sizeof(random));
	for (size_t i = 0; i < sizeof(random); i++)
		drawn[i] = alphabet[random[i] % 32];
	snprintf(code, VISIT_CODE_SIZE, "APT-%04d-%.4s-%.4s", year % 10000, drawn, drawn + 4);
}
