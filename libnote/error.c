/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "error.h"

#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A text may quote names out of hostile files: it stays one line of printable characters. */
static void keep_on_one_line(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
}

static void fill(struct note_error *err, int code, uint64_t offset, const char *format,
		 va_list args)
{
	err->code = code;
	err->system = 0;
	err->offset = offset;
	vsnprintf(err->text, sizeof(err->text), format, args);
	keep_on_one_line(err->text);
}

int error_set(struct note_error *err, int code, uint64_t offset, const char *format, ...)
{
	if (err != NULL) {
		va_list args;
		va_start(args, format);
		fill(err, code, offset, format, args);
		va_end(args);
	}
	return code;
}

const char *note_version(void)
{
	return NOTE_VERSION;
}

const char *note_code_name(int code)
{
	static const char *const names[] = {"NOTE_OK",          "NOTE_ABSENT", "NOTE_MALFORMED",
					    "NOTE_UNSUPPORTED", "NOTE_SYSTEM", "NOTE_USAGE"};
	return code <= 0 && code >= NOTE_USAGE ? names[-code] : "NOTE_?";
}

/* In English, whatever the program's locale is. */
static void add_system_text(char *text, size_t size, int number)
{
	const size_t used = strlen(text);
	locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (plain == (locale_t)0) {
		snprintf(text + used, size - used, ": error %d", number);
		return;
	}
	snprintf(text + used, size - used, ": %s", strerror_l(number, plain));
	freelocale(plain);
}

int error_system(struct note_error *err, const char *format, ...)
{
	const int saved = errno;
	if (err != NULL) {
		va_list args;
		va_start(args, format);
		fill(err, NOTE_SYSTEM, NOTE_NO_OFFSET, format, args);
		va_end(args);
		err->system = saved;
		add_system_text(err->text, sizeof(err->text), saved);
		errno = saved;
	}
	return NOTE_SYSTEM;
}
