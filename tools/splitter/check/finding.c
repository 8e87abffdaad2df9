/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/splitter/check/internal.h"

void found(struct subject *subject, const char *check, uint64_t offset, const char *format, ...)
{
	va_list args;
	char *text;
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = xstrdup(check);
	va_end(args);
	subject->findings =
		xrealloc(subject->findings, (subject->count + 1) * sizeof(*subject->findings));
	subject->findings[subject->count++] = (struct finding){check, text, offset};
}
