/*
 * ical.c
 *		The lines of iCalendar that make a recurrence, read and written.
 *
 * Of the parameters, TZID and VALUE mean something here, those that begin with
 * X- are passed over, and others are faults, as are other properties: what is
 * not understood may well change what the lines mean.  Lines may end with CRLF,
 * as in RFC 5545 section 3.1, or with LF alone, and empty ones are passed over.
 */
#include "postgres.h"

#include "recurrence/ascii.h"
#include "recurrence/ical.h"

/* Octets of a line, without its end. */
#define LINE_LENGTH 75

const char *const ical_property_names[ICAL_PROPERTIES] = {"DTSTART", "RRULE", "RDATE", "EXDATE"};

static bool unfold(IcalReader *reader, IcalLine *line);
static const char *read_parameter(char **at, IcalLine *line, bool *has_value);
static bool take_property(char **at, IcalProperty *property);

static bool
is_line_end(const char *at)
{
	return *at == '\0' || *at == '\n' || (at[0] == '\r' && at[1] == '\n');
}

/* Is this text, in any case, the word, which is in capitals? */
static bool
is_word(const char *text, size_t length, const char *word)
{
	if (strlen(word) != length)
		return false;
	for (size_t i = 0; i < length; i++)
		if (upper(text[i]) != word[i])
			return false;
	return true;
}

/* The letters, digits and hyphens of a name. */
static size_t
name_length(const char *text)
{
	size_t length = 0;

	while (is_letter(text[length]) || is_digit(text[length]) || text[length] == '-')
		length++;
	return length;
}

IcalResult
ical_next_line(IcalReader *reader, IcalLine *line, const char **reason)
{
	char *at = reader->buffer;
	bool has_value = false;

	*reason = NULL;
	memset(line, 0, sizeof(*line));
	if (!unfold(reader, line))
		return ICAL_END;
	if (*at == ' ' || *at == '\t')
		*reason = "there is no line that this one could go on";
	else if (!take_property(&at, &line->property))
		*reason = "DTSTART, RRULE, RDATE or EXDATE is expected";
	while (*reason == NULL && *at == ';')
		*reason = read_parameter(&at, line, &has_value);
	if (*reason == NULL && *at != ':')
		*reason = "a colon is expected after the name and the parameters";
	if (*reason == NULL && line->property == ICAL_RRULE && (line->tzid || has_value))
		*reason = "RRULE has no such parameter";
	if (*reason == NULL && line->tzid && line->is_date)
		*reason = "a date has no TZID";
	if (*reason != NULL)
		return ICAL_FAULT;

	line->value = at + 1;
	return ICAL_LINE;
}

bool
ical_next_time(const IcalLine *line, const char **at, BasicTime *time, const char **reason)
{
	const char *end =
		read_basic_time(*at, time,
						line->is_date ? "a date is written YYYYMMDD"
									  : "a time is written YYYYMMDDThhmmss or YYYYMMDDThhmmssZ",
						reason);

	if (end == NULL)
		return false;
	if (line->is_date && time->kind != RRULE_UNTIL_DATE)
		*reason = "with VALUE=DATE a time has no place";
	else if (!line->is_date && time->kind == RRULE_UNTIL_DATE)
		*reason = "a date needs VALUE=DATE";
	else if (line->tzid && time->kind == RRULE_UNTIL_UTC)
		*reason = "a time in UTC has no TZID";
	else if (*end != ',' && *end != '\0')
		*reason = "a comma or the end of the line is expected after a time";
	else
	{
		*at = *end == ',' ? end + 1 : NULL;
		return true;
	}
	return false;
}

void
ical_write_line(Writer *writer, const char *line)
{
	int length = 0;

	for (; *line; line++, length++)
	{
		if (length == LINE_LENGTH)
		{
			write_text(writer, "\r\n ");
			length = 1;
		}
		write_char(writer, *line);
	}
	write_text(writer, "\r\n");
}

/* Put the next line that is not empty into the buffer, with the lines that continue it. */
static bool
unfold(IcalReader *reader, IcalLine *line)
{
	const char *at = reader->at;
	char *to = reader->buffer;

	for (; *at != '\0' && is_line_end(at); at++)
		reader->lines += *at == '\n';
	if (*at == '\0')
	{
		reader->at = at;
		return false;
	}
	line->number = reader->lines + 1;
	for (;;)
	{
		while (!is_line_end(at))
			*to++ = *at++;
		if (*at == '\r')
			at++;
		if (*at == '\0')
			break;
		at++;
		reader->lines++;
		if (*at != ' ' && *at != '\t')
			break;
		at++;
	}
	*to = '\0';
	reader->at = at;
	return true;
}

/* Read ";NAME=value" and return what is wrong with it, or NULL. */
static const char *
read_parameter(char **at, IcalLine *line, bool *has_value)
{
	char *name = *at + 1;
	size_t length = name_length(name);
	char *value = name + length + 1;
	bool quoted;
	char *end;

	if (length == 0 || name[length] != '=')
		return "a parameter is expected, as TZID=Europe/Berlin";
	quoted = *value == '"';
	if (quoted)
		value++;
	end = value + strcspn(value, quoted ? "\"" : ";:,\"");
	*at = quoted && *end == '"' ? end + 1 : end;
	if (end == value || (quoted && *end != '"') || (**at != ';' && **at != ':'))
		return "a parameter has a value, and after it comes a semicolon or a colon";

	if (is_word(name, length, "TZID"))
	{
		if (line->tzid)
			return "TZID is there already";
		/* A byte to the left there is room for its end. */
		line->tzid = value - 1;
		memmove(value - 1, value, end - value);
		end[-1] = '\0';
	}
	else if (is_word(name, length, "VALUE"))
	{
		if (*has_value)
			return "VALUE is there already";
		*has_value = true;
		line->is_date = is_word(value, end - value, "DATE");
		if (!line->is_date && !is_word(value, end - value, "DATE-TIME"))
			return "VALUE is DATE or DATE-TIME";
	}
	else if (upper(name[0]) != 'X' || name[1] != '-')
		return "the parameters are TZID and VALUE";
	return NULL;
}

static bool
take_property(char **at, IcalProperty *property)
{
	size_t length = name_length(*at);

	for (*property = 0; *property < ICAL_PROPERTIES; (*property)++)
		if (is_word(*at, length, ical_property_names[*property]))
		{
			*at += length;
			return true;
		}
	return false;
}
