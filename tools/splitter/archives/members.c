/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/archives/members.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "libnote/static_archive.h"
#include "tools/splitter/archives/symbol_map.h"

/* A member's header, before and after. */
struct place {
	uint64_t old;
	uint64_t now;
};

struct rewriting {
	struct image *image;
	struct text out;
	struct place *places; /* in the order of the archive */
	size_t count;
	bool changed;
	bool deterministic;
};

static bool is_called(const uint8_t *header, const char *name)
{
	const size_t length = strlen(name);
	return memcmp(header, name, length) == 0 && header[length] == ' ';
}

static bool is_symbol_table(const uint8_t *header)
{
	return is_called(header, "/") || is_called(header, "/SYM64/");
}

/* Puts a header and its bytes, padded to 2. */
static int put_member(struct rewriting *rewriting, const uint8_t *header, const uint8_t *bytes,
		      uint64_t size, struct note_error *err)
{
	char digits[STATIC_ARCHIVE_SIZE_DIGITS + 16];
	uint8_t copy[STATIC_ARCHIVE_HEADER_SIZE];
	memcpy(copy, header, STATIC_ARCHIVE_HEADER_SIZE);
	if (snprintf(digits, sizeof(digits), "%-10llu", (unsigned long long)size) >
	    STATIC_ARCHIVE_SIZE_DIGITS)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "archive: member too large");
	memcpy(copy + STATIC_ARCHIVE_SIZE_AT, digits, STATIC_ARCHIVE_SIZE_DIGITS);
	/* Tables have no date and owner, but a member whose long name is in "//" is "/N". */
	const bool is_table = header[0] == '/' && (header[1] < '0' || header[1] > '9');
	if (rewriting->deterministic && !is_table)
		memcpy(copy + 16, "0           0     0     644     ", 32);
	rewriting->changed =
		rewriting->changed || memcmp(copy, header, STATIC_ARCHIVE_HEADER_SIZE) != 0;
	text_add(&rewriting->out, copy, STATIC_ARCHIVE_HEADER_SIZE);
	text_add(&rewriting->out, bytes, size);
	if (size % 2 != 0)
		text_add(&rewriting->out, "\n", 1);
	return NOTE_OK;
}

static int rewrite_member(struct rewriting *rewriting, const uint8_t *header, uint64_t at,
			  uint64_t size, members_visit *visit, void *context,
			  struct note_error *err)
{
	struct image *member;
	uint8_t *fresh = NULL;
	uint64_t fresh_size = 0;
	int code = image_open_part(&member, rewriting->image, at, size, err);
	if (code == NOTE_OK)
		code = visit(context, member, &fresh, &fresh_size, err);
	if (code == NOTE_OK && fresh != NULL) {
		rewriting->changed = true;
		code = put_member(rewriting, header, fresh, fresh_size, err);
	} else if (code == NOTE_OK) {
		const uint8_t *bytes = image_bytes(rewriting->image, at, size, "member", err);
		code = bytes != NULL ? put_member(rewriting, header, bytes, size, err)
				     : NOTE_MALFORMED;
	}
	free(fresh);
	image_close(member);
	return code;
}

static int by_old(const void *a, const void *b)
{
	const struct place *x = a;
	const struct place *y = b;
	return x->old < y->old ? -1 : x->old > y->old;
}

/* The GNU symbol table: a count, that many offsets of headers, names; big-endian words of 4 bytes,
 * in "/SYM64/" of 8. AT is where its bytes lie in the new archive. */
static int correct_symbol_table(struct rewriting *rewriting, uint64_t at, uint64_t size,
				unsigned word, struct note_error *err)
{
	uint8_t *table = (uint8_t *)rewriting->out.data + at;
	uint64_t count = 0;
	for (unsigned i = 0; i < word && size >= word; i++)
		count = count << 8 | table[i];
	if (size < word || count > size / word - 1)
		return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET, "archive: symbol table");
	for (uint64_t i = 1; i <= count; i++) {
		uint8_t *p = table + i * word;
		struct place key = {0};
		for (unsigned j = 0; j < word; j++)
			key.old = key.old << 8 | p[j];
		const struct place *place = bsearch(&key, rewriting->places, rewriting->count,
						    sizeof(*rewriting->places), by_old);
		if (place == NULL || (word == 4 && place->now > UINT32_MAX))
			return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
					 "archive: the symbol table names no member");
		for (unsigned j = 0; j < word; j++)
			p[j] = (uint8_t)(place->now >> (8 * (word - 1 - j)));
	}
	return NOTE_OK;
}

int members_rewrite(uint8_t **out, uint64_t *out_size, struct image *image, bool deterministic,
		    members_visit *visit, void *context, struct note_error *err)
{
	struct rewriting rewriting = {.image = image, .deterministic = deterministic};
	uint64_t table_at = 0;
	uint64_t table_size = 0;
	unsigned word = 0;
	int code = NOTE_OK;
	*out = NULL;
	*out_size = 0;
	const uint8_t *magic = image_bytes(image, 0, STATIC_ARCHIVE_MAGIC_SIZE, "archive", err);
	if (magic == NULL || memcmp(magic, STATIC_ARCHIVE_MAGIC, STATIC_ARCHIVE_MAGIC_SIZE) != 0)
		return error_set(err, NOTE_UNSUPPORTED, 0, "a thin archive");
	text_add(&rewriting.out, STATIC_ARCHIVE_MAGIC, STATIC_ARCHIVE_MAGIC_SIZE);
	rewriting.places =
		xcalloc(image->size / STATIC_ARCHIVE_HEADER_SIZE + 1, sizeof(*rewriting.places));
	for (uint64_t at = STATIC_ARCHIVE_MAGIC_SIZE; code == NOTE_OK && at < image->size;) {
		uint64_t size;
		const uint8_t *header =
			image_bytes(image, at, STATIC_ARCHIVE_HEADER_SIZE, "member header", err);
		code = header == NULL ? NOTE_MALFORMED : NOTE_OK;
		if (code == NOTE_OK && (!static_archive_header(header, &size) ||
					size > image->size - at - STATIC_ARCHIVE_HEADER_SIZE))
			code = error_set(err, NOTE_MALFORMED, at, "member header");
		if (code != NOTE_OK)
			break;
		rewriting.places[rewriting.count++] = (struct place){at, rewriting.out.size};
		if (memcmp(header, "__.SYMDEF", 9) == 0 || memcmp(header, "#1/", 3) == 0)
			code = error_set(err, NOTE_UNSUPPORTED, at, "an archive in BSD's form");
		else if (is_symbol_table(header) || is_called(header, "//")) {
			const uint8_t *bytes = image_bytes(image, at + STATIC_ARCHIVE_HEADER_SIZE,
							   size, "archive table", err);
			if (word == 0 && is_symbol_table(header)) {
				word = header[1] == 'S' ? 8 : 4;
				table_at = rewriting.out.size + STATIC_ARCHIVE_HEADER_SIZE;
				table_size = size;
			}
			code = bytes != NULL ? put_member(&rewriting, header, bytes, size, err)
					     : NOTE_MALFORMED;
		} else {
			code = rewrite_member(&rewriting, header, at + STATIC_ARCHIVE_HEADER_SIZE,
					      size, visit, context, err);
		}
		at += STATIC_ARCHIVE_HEADER_SIZE + size + size % 2;
	}
	if (code == NOTE_OK && rewriting.changed && word != 0)
		code = correct_symbol_table(&rewriting, table_at, table_size, word, err);
	if (code == NOTE_OK && rewriting.changed && deterministic)
		symbol_map_renew(&rewriting.out);
	if (code == NOTE_OK && rewriting.changed) {
		*out = (uint8_t *)rewriting.out.data;
		*out_size = rewriting.out.size;
		rewriting.out = (struct text){0};
	}
	text_free(&rewriting.out);
	free(rewriting.places);
	return code;
}
