/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/base/stored/apport.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/file.h"

static const char head_of_all[] = "ProblemType:";
static const char head_of_core[] = "CoreDump: base64\n";

bool apport_is_head(const void *head, size_t size)
{
	return size >= sizeof(head_of_all) - 1 &&
	       memcmp(head, head_of_all, sizeof(head_of_all) - 1) == 0;
}

/* The next character, or EOF; *CODE tells an error. */
static int next_character(struct apport *apport, int *code, struct note_error *err)
{
	if (apport->start == apport->end) {
		const ssize_t got = file_read_some(apport->fd, apport->block, sizeof(apport->block),
						   apport->at);
		if (got < 0)
			*code = error_system(err, "read");
		if (got <= 0)
			return EOF;
		apport->at += (uint64_t)got;
		apport->start = 0;
		apport->end = (size_t)got;
	}
	return (unsigned char)apport->block[apport->start++];
}

int apport_find(struct apport *apport, int fd, struct note_error *err)
{
	size_t matched = 0; /* characters of the line that are as wanted */
	bool may_match = true;
	int code = NOTE_OK, c;
	*apport = (struct apport){.fd = fd};
	while ((c = next_character(apport, &code, err)) != EOF) {
		may_match = may_match && c == head_of_core[matched];
		matched += may_match;
		if (may_match && c == '\n')
			break;
		if (c == '\n') {
			matched = 0;
			may_match = true;
		}
	}
	apport->line_begins = true;
	if (code == NOTE_OK && c == EOF)
		code = error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET,
				 "a problem report without a core");
	return code;
}

static int value_of(int c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = c != '\0' ? strchr(digits, c) : NULL;
	return found != NULL ? (int)(found - digits) : -1;
}

int apport_read(void *context, void *buffer, size_t room, size_t *got, struct note_error *err)
{
	struct apport *apport = context;
	uint8_t *out = buffer;
	int code = NOTE_OK;
	*got = 0;
	while (*got < room && !apport->ended && code == NOTE_OK) {
		const int c = next_character(apport, &code, err);
		const int value = value_of(c);
		if (c == EOF || (apport->line_begins && c != ' ')) {
			apport->ended = true; /* the next key */
		} else if (apport->line_begins || c == '\n') {
			apport->line_begins = c == '\n';
			apport->held = 0;
		} else if (value >= 0) {
			apport->bits = apport->bits << 6 | (unsigned)value;
			apport->held += 6;
			if (apport->held >= 8) {
				apport->held -= 8;
				out[(*got)++] = (uint8_t)(apport->bits >> apport->held);
			}
		} else if (c != '=') {
			code = error_set(err, NOTE_MALFORMED, apport->at,
					 "a core that is no base64");
		}
	}
	return code;
}
