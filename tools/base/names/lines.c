/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Results of the index by name: a line each, in one form, so that they are sorted and merged as
 * text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/base/names/names.h"

char *names_escape_utf8(const char *utf8)
{
	char *out = malloc(6 * strlen(utf8) + 1);
	char *to = out;
	for (const char *p = utf8; out != NULL && *p != '\0'; p++) {
		if ((unsigned char)*p < 0x20) {
			to += sprintf(to, "\\u%04x", (unsigned)*p);
			continue;
		}
		if (*p == '"' || *p == '\\')
			*to++ = '\\';
		*to++ = *p;
	}
	if (out != NULL)
		*to = '\0';
	return out;
}

static bool is_escape(const char *p)
{
	return p[0] == '%' && hex_value(p[1]) >= 0 && hex_value(p[2]) >= 0;
}

char *names_escape(const char *name)
{
	const char *end = name + strlen(name);
	char *utf8 = malloc(3 * (size_t)(end - name) + 1);
	char *to = utf8;
	while (utf8 != NULL && name < end) {
		const size_t length = utf8_length(name, end);
		if (length == 0 || is_escape(name)) {
			to += sprintf(to, "%%%02X", (unsigned char)*name++);
			continue;
		}
		memcpy(to, name, length);
		to += length;
		name += length;
	}
	if (utf8 == NULL)
		return NULL;
	*to = '\0';
	char *out = names_escape_utf8(utf8);
	free(utf8);
	return out;
}

char *names_unescape(struct names_span span)
{
	const char *p = span.text, *end = p + span.length;
	char *out = malloc(span.length + 1);
	char *to = out;
	while (out != NULL && p < end) {
		char c = *p++;
		if (c == '\\' && p < end) {
			c = *p++;
			if (c == 'u' && end - p >= 4) {
				c = (char)(hex_value(p[2]) << 4 | hex_value(p[3]));
				p += 4;
			}
		} else if (c == '%' && end - p >= 2 && hex_value(p[0]) >= 0 &&
			   hex_value(p[1]) >= 0) {
			c = (char)(hex_value(p[0]) << 4 | hex_value(p[1]));
			p += 2;
		}
		*to++ = c;
	}
	if (out != NULL)
		*to = '\0';
	return out;
}

/* Takes WORD off the line, then all to the end of the string that is open. */
static bool take(const char **at, const char *end, const char *word, struct names_span *string)
{
	const size_t length = strlen(word);
	if ((size_t)(end - *at) < length || memcmp(*at, word, length) != 0)
		return false;
	*at += length;
	string->text = *at;
	while (*at < end && **at != '"') {
		if ((unsigned char)**at < 0x20)
			return false;
		*at += **at == '\\' && end - *at > 1 ? 2 : 1;
	}
	string->length = (size_t)(*at - string->text);
	return *at < end;
}

bool names_result_read(struct names_result *out, const char *line, size_t length)
{
	const char *at = line, *end = line + length;
	*out = (struct names_result){.line = {line, length}};
	return take(&at, end, "{\"type\": \"", &out->type) &&
	       take(&at, end, "\", \"buildid\": \"", &out->build_id) &&
	       take(&at, end, "\", \"file\": \"", &out->file) &&
	       take(&at, end, "\", \"archive\": \"", &out->archive) && end - at == 2 &&
	       memcmp(at, "\"}", 2) == 0;
}

int names_span_compare(struct names_span a, struct names_span b)
{
	const size_t shorter = a.length < b.length ? a.length : b.length;
	const int order = memcmp(a.text, b.text, shorter);
	return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

struct names_span names_span_of(const char *text)
{
	return (struct names_span){text, strlen(text)};
}

int names_compare(const struct names_result *a, const struct names_result *b,
		  enum names_order order)
{
	const int first = order == NAMES_BY_FILE ? names_span_compare(a->file, b->file)
						 : names_span_compare(a->build_id, b->build_id);
	return first != 0 ? first : names_span_compare(a->line, b->line);
}

/* Lines from TEXT on, with a comma behind each but the last, into BLOCK; NULL where one has another
 * form (or *MEMORY is false), else what stands behind them. */
static const char *read_lines(struct names_block *block, const char *text, const char *end,
			      bool *memory)
{
	size_t room = 0;
	while (text < end && *text == '{') {
		const char *next = memchr(text, '\n', (size_t)(end - text));
		if (next == NULL || next == text)
			return NULL;
		const bool last = next[-1] != ',';
		if (block->count == room) {
			room = room != 0 ? 2 * room : 16;
			void *more = realloc(block->results, room * sizeof(*block->results));
			*memory = more != NULL;
			if (more == NULL)
				return NULL;
			block->results = more;
		}
		if (!names_result_read(&block->results[block->count], text,
				       (size_t)(next - text) - !last))
			return NULL;
		block->count++;
		text = next + 1;
		if (last)
			break;
	}
	return text;
}

int names_block_read(struct names_block *out, char *text, size_t size, struct note_error *err)
{
	const char *end = text + size;
	const size_t start = strlen(NAMES_BLOCK_START);
	bool memory = true;
	*out = (struct names_block){.text = text};
	const bool empty = strcmp(text, NAMES_BLOCK_EMPTY NAMES_BLOCK_END) == 0;
	const char *rest = size > start && memcmp(text, NAMES_BLOCK_START, start) == 0
				   ? read_lines(out, text + start, end, &memory)
				   : NULL;
	if (empty || (rest != NULL && out->count != 0 && strcmp(rest, NAMES_BLOCK_END) == 0))
		return NOTE_OK;
	return memory ? error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET, "no list of results")
		      : error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "out of memory");
}

void names_block_free(struct names_block *block)
{
	free(block->text);
	free(block->results);
	*block = (struct names_block){0};
}
