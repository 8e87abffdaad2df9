/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the engine tells whoever drives it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/share/internal.h"

void share_say(const struct share *share, const char *file, const char *format, ...)
{
	char *message = NULL;
	va_list args;
	if (share->hooks->say == NULL)
		return;
	va_start(args, format);
	if (vasprintf(&message, format, args) >= 0) {
		share->hooks->say(share->hooks->context, file, message);
		free(message);
	}
	va_end(args);
}
