/*
 * person_name.c
 *		Names of people and animals.
 *
 * A name is made of letters of any script with their combining marks, spaces,
 * hyphens, apostrophes and periods.  The versions of PostgreSQL we build on do
 * not all know Unicode's categories, so what is not a letter is told by the
 * blocks that hold symbols, punctuation, digits and controls.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "patient/person_name.h"

#define MAX_CHARACTERS 100

typedef struct CodeRange
{
	pg_wchar first;
	pg_wchar last;
} CodeRange;

/* Code points from U+0080 on that no name holds, ascending. */
static const CodeRange not_in_names[] = {
	{0x0080, 0x00A9}, /* controls, Latin-1 punctuation and symbols ... */
	{0x00AB, 0x00B6}, /* ... up to the middle dot, which Catalan has in names */
	{0x00B8, 0x00B9},	 {0x00BB, 0x00BF}, {0x00D7, 0x00D7}, /* multiplication sign */
	{0x00F7, 0x00F7},										 /* division sign */
	{0x0600, 0x060F},					   /* Arabic number signs and punctuation */
	{0x061B, 0x061F},	 {0x0660, 0x066D}, /* Arabic-Indic digits */
	{0x06D4, 0x06D4},	 {0x06F0, 0x06F9}, /* extended Arabic-Indic digits */
	{0x07C0, 0x07C9},					   /* NKo digits */
	{0x0964, 0x0970},					   /* Devanagari stops and digits */
	{0x09E6, 0x09EF},					   /* Bengali digits */
	{0x0A66, 0x0A6F},					   /* Gurmukhi digits */
	{0x0AE6, 0x0AEF},					   /* Gujarati digits */
	{0x0B66, 0x0B6F},					   /* Oriya digits */
	{0x0BE6, 0x0BFA},					   /* Tamil digits and signs */
	{0x0C66, 0x0C6F},					   /* Telugu digits */
	{0x0CE6, 0x0CEF},					   /* Kannada digits */
	{0x0D66, 0x0D78},					   /* Malayalam digits */
	{0x0E3F, 0x0E3F},					   /* Baht sign */
	{0x0E4F, 0x0E5B},					   /* Thai digits and punctuation */
	{0x0ED0, 0x0ED9},					   /* Lao digits */
	{0x0F00, 0x0F34},					   /* Tibetan signs and digits */
	{0x1040, 0x104F},					   /* Myanmar digits */
	{0x17D4, 0x17E9},					   /* Khmer punctuation and digits */
	{0x1800, 0x1819},					   /* Mongolian punctuation and digits */
	{0x2000, 0x200B},					   /* spaces */
	{0x200E, 0x200F},					   /* direction marks */
	{0x2012, 0x2018},					   /* dashes and quotes, but for the apostrophe U+2019 */
	{0x201A, 0x2BFF},					   /* punctuation, currency, arrows, mathematics, shapes */
	{0x2E00, 0x2FFF},					   /* supplemental punctuation, radicals */
	{0x3000, 0x3004},					   /* ideographic space and punctuation */
	{0x3007, 0x3020},					   /* ideographic brackets */
	{0x3030, 0x3030},	 {0x3036, 0x3037}, {0x303D, 0x303F},
	{0x3200, 0x33FF}, /* enclosed letters */
	{0xD800, 0xF8FF}, /* surrogates, private use */
	{0xFD3E, 0xFD3F},	 {0xFE10, 0xFE1F}, {0xFE30, 0xFE6F},
	{0xFEFF, 0xFEFF}, /* byte order mark */
	{0xFF01, 0xFF20}, /* full-width punctuation and digits */
	{0xFF3B, 0xFF40},	 {0xFF5B, 0xFF65}, {0xFFE0, 0xFFFF},
	{0x1D000, 0x1D7FF},	 /* musical and mathematical symbols */
	{0x1F000, 0x1FBFF},	 /* pictographs */
	{0xE0000, 0x10FFFF}, /* tags, private use */
};

static bool
is_in_names(pg_wchar c, bool animal)
{
	if (c < 0x80)
		return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == ' ' || c == '-' ||
			   c == '\'' || c == '.' || (animal && c >= '0' && c <= '9');
	for (size_t i = 0; i < lengthof(not_in_names) && not_in_names[i].first <= c; i++)
		if (c <= not_in_names[i].last)
			return false;
	return true;
}

static bool
is_letter(pg_wchar c)
{
	return c >= 0x80 ? c != 0x00B7 && c != 0x2019 : (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* The bytes of the white space that a UTF-8 text begins with; 0 if it begins with none. */
static int
space_length(const char *text)
{
	static const char *const spaces[] = {" ",  "\t", "\r",		 "\n",
										 "\f", "\v", "\xC2\xA0", "\xE3\x80\x80"};

	for (size_t i = 0; i < lengthof(spaces); i++)
		if (strncmp(text, spaces[i], strlen(spaces[i])) == 0)
			return (int) strlen(spaces[i]);
	return 0;
}

/* Trim, and turn every run of white space into one space, in place. */
static void
single_space(char *text)
{
	char *out = text;

	for (char *in = text; *in;)
	{
		int space = space_length(in);

		if (space == 0)
			*out++ = *in++;
		else if (out > text && out[-1] != ' ')
			*out++ = ' ';
		in += space;
	}
	if (out > text && out[-1] == ' ')
		out--;
	*out = '\0';
}

const char *
person_name_normalize(char *name, bool animal)
{
	int characters = 0;
	bool letters = false;

	single_space(name);
	for (const unsigned char *at = (const unsigned char *) name; *at; at += pg_utf_mblen(at))
	{
		pg_wchar c = utf8_to_unicode(at);

		if (!is_in_names(c, animal))
			return animal ? "it may hold letters, digits, spaces, hyphens, apostrophes and periods"
						  : "it may hold letters, spaces, hyphens, apostrophes and periods";
		letters |= is_letter(c) || (animal && c >= '0' && c <= '9');
		characters++;
	}
	if (characters < (animal ? 1 : 2))
		return animal ? "it is empty" : "it has fewer than 2 characters";
	if (characters > MAX_CHARACTERS)
		return "it has more than 100 characters";
	if (!letters)
		return "it has no letters";
	return NULL;
}
