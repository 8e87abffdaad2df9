/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The shape of a section that came alone, without the ELF file around it: neither class nor byte
 * order is known, so what holds in any of them is enough.
 *
 * - .debug_info, .debug_types, .debug_line, .debug_aranges, .debug_names, .debug_rnglists,
 *   .debug_loclists: a chain of units, each with its length in front (DWARF 5, 7.4), that ends
 *   where the section ends; .debug_str_offsets is not (GNU DebugFission wrote it bare).
 * - string tables end with NUL.
 * - .gdb_index: a known version and six offsets in order (GDB manual, "Index Section Format").
 * - any of them may be compressed (gABI, "Section Compression", or .zdebug_*'s "ZLIB").
 */
#include "tools/debuginfod/proof/shape.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libnote/error.h"
#include "libnote/image.h"

static bool named(const char *name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (strcmp(name, *names) == 0)
			return true;
	return false;
}

/* A window that slides over the section: a chain of units may be longer than memory. */
struct window {
	int fd;
	uint64_t size; /* of the section */
	uint64_t start;
	size_t held;
	uint8_t bytes[65536];
};

/* LENGTH (small) bytes at OFFSET, or NULL. */
static const uint8_t *window_bytes(struct window *window, uint64_t offset, size_t length)
{
	if (offset > window->size || length > window->size - offset)
		return NULL;
	if (offset < window->start || offset + length > window->start + window->held) {
		ssize_t got =
			pread(window->fd, window->bytes, sizeof(window->bytes), (off_t)offset);
		window->start = offset;
		window->held = got > 0 ? (size_t)got : 0;
		if (window->held < length)
			return NULL;
	}
	return window->bytes + (offset - window->start);
}

static bool is_compressed(struct window *window)
{
	const uint8_t *p = window_bytes(window, 0, 12);
	if (p == NULL)
		return false;
	if (memcmp(p, "ZLIB", 4) == 0)
		return true;
	for (int big = 0; big < 2; big++) {
		const struct image order = {.is_big = big != 0};
		const uint32_t type = image_u32(&order, p);
		if (type == ELFCOMPRESS_ZLIB || type == 2 /* ELFCOMPRESS_ZSTD */)
			return true;
	}
	return false;
}

/* Each unit's length leads exactly to the next one, the last one's to the end. */
static bool is_unit_chain(struct window *window, bool big)
{
	const struct image order = {.is_big = big};
	uint64_t at = 0;
	while (at < window->size) {
		const uint8_t *p = window_bytes(window, at, 4);
		uint64_t length = p != NULL ? image_u32(&order, p) : 0;
		uint64_t head = 4;
		if (p != NULL && length == 0xffffffff) {
			p = window_bytes(window, at, 12);
			length = p != NULL ? image_u64(&order, p + 4) : 0;
			head = 12;
		}
		if (p == NULL || length < 2 || length > window->size - at - head)
			return false;
		at += head + length;
	}
	return true;
}

static bool is_gdb_index(struct window *window, bool big)
{
	const struct image order = {.is_big = big};
	const uint8_t *p = window_bytes(window, 0, 24);
	if (p == NULL || image_u32(&order, p) < 4 || image_u32(&order, p) > 9)
		return false;
	uint64_t before = 24;
	for (int i = 1; i < 6; i++) {
		const uint64_t offset = image_u32(&order, p + 4 * i);
		if (offset < before || offset > window->size)
			return false;
		before = offset;
	}
	return true;
}

static bool ends_with_nul(struct window *window)
{
	const uint8_t *last = window_bytes(window, window->size - 1, 1);
	return last != NULL && *last == '\0';
}

static bool fits(struct window *window, const char *name)
{
	static const char *const chains[] = {
		".debug_info",  ".debug_types",    ".debug_line",     ".debug_aranges",
		".debug_names", ".debug_rnglists", ".debug_loclists", NULL};
	static const char *const strings[] = {".debug_str", ".debug_line_str", ".strtab",
					      ".dynstr",    ".shstrtab",       NULL};
	if (is_compressed(window))
		return true;
	if (strncmp(name, ".zdebug_", 8) == 0)
		return false;
	if (named(name, chains))
		return is_unit_chain(window, false) || is_unit_chain(window, true);
	if (named(name, strings))
		return ends_with_nul(window);
	if (strcmp(name, ".gdb_index") == 0)
		return is_gdb_index(window, false) || is_gdb_index(window, true);
	return true;
}

int shape_check(int fd, const char *name, struct note_error *err)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return error_system(err, "stat");
	if (st.st_size == 0)
		return error_set(err, NOTE_MALFORMED, 0, "an empty section %s", name);
	struct window *window = malloc(sizeof(*window));
	if (window == NULL)
		return error_system(err, "section");
	window->fd = fd;
	window->size = (uint64_t)st.st_size;
	window->start = 0;
	window->held = 0;
	const bool good = fits(window, name);
	free(window);
	if (!good)
		return error_set(err, NOTE_MALFORMED, 0, "these bytes are no section %s", name);
	return NOTE_OK;
}
