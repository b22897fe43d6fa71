/*
 * writer.h
 *		Writes text into a buffer, as far as there is room, and counts what there is.  Pure.
 *
 * As with snprintf(), the first run may have no buffer and says how large one has
 * to be.  (PostgreSQL's snprintf() is a function of the server's.)
 */
#ifndef CLINIC_SCHED_WRITER_H
#define CLINIC_SCHED_WRITER_H

typedef struct Writer
{
	char *text;
	size_t size;   /* of the buffer; 0: none */
	size_t length; /* of all that was written, whether there was room or not */
} Writer;

static inline Writer
writer_begin(char *text, size_t size)
{
	return (Writer){.text = text, .size = size};
}

static inline void
write_char(Writer *writer, char c)
{
	if (writer->length + 1 < writer->size)
		writer->text[writer->length] = c;
	writer->length++;
}

static inline void
write_text(Writer *writer, const char *text)
{
	while (*text)
		write_char(writer, *text++);
}

/* At least so many digits, zeros first. */
static inline void
write_digits(Writer *writer, uint64 number, int digits)
{
	char reversed[20];
	int count = 0;

	for (; number > 0 || count < digits; number /= 10)
		reversed[count++] = (char) ('0' + number % 10);
	while (count > 0)
		write_char(writer, reversed[--count]);
}

static inline void
write_number(Writer *writer, int64 number)
{
	if (number < 0)
		write_char(writer, '-');
	write_digits(writer, number < 0 ? 0 - (uint64) number : (uint64) number, 1);
}

/* End the text with a zero, and return its whole length without that. */
static inline size_t
writer_end(Writer *writer)
{
	if (writer->size > 0)
		writer->text[Min(writer->length, writer->size - 1)] = '\0';
	return writer->length;
}

#endif /* CLINIC_SCHED_WRITER_H */
