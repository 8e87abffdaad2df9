/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of build directories in what is shipped: in strings, scripts, tables, wherever they are. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tools/splitter/check/internal.h"

/* Of one file that is full of them, the first tell the story. */
#define MOST_LEAKS 20
/* As much as there is to be seen of a name's surroundings. */
#define MOST_TEXT 160

void leaks_names(const struct strings *build_dirs, struct strings *names)
{
	for (size_t i = 0; i < build_dirs->count; i++) {
		char *name = xstrdup(build_dirs->items[i]);
		size_t length = strlen(name);
		while (length > 1 && name[length - 1] == '/')
			name[--length] = '\0';
		char *real = realpath(name, NULL);
		if (real != NULL && strcmp(real, name) != 0)
			strings_add(names, real);
		free(real);
		strings_take(names, name);
	}
}

static bool is_name(uint8_t c)
{
	return isalnum(c) || c >= 0x80 || strchr("._-+~", c) != NULL;
}

/* Whether the LENGTH bytes at AT are a path's first components, not a part of others: "-I/build/x"
 * is, "/srv/build/x" and "/build/xy" are not. */
static bool is_directory(const uint8_t *bytes, size_t size, size_t at, size_t length)
{
	size_t end = at + length;
	/* A full stop may end a sentence. */
	if (end < size && bytes[end] == '.')
		end++;
	if (end < size && bytes[end] != '\0' && is_name(bytes[end]))
		return false;
	size_t start = at;
	while (start > 0 && bytes[start - 1] != '\0' && is_name(bytes[start - 1]))
		start--;
	return start == at || start == 0 || bytes[start - 1] != '/';
}

/* The printable text around AT. */
static char *surroundings(const uint8_t *bytes, size_t size, size_t at)
{
	size_t start = at, end = at;
	while (start > 0 && at - start < MOST_TEXT / 4 && bytes[start - 1] >= ' ' &&
	       bytes[start - 1] != 0x7f)
		start--;
	while (end < size && end - at < MOST_TEXT && bytes[end] >= ' ' && bytes[end] != 0x7f)
		end++;
	char *raw = xmalloc(end - start + 1);
	memcpy(raw, bytes + start, end - start);
	raw[end - start] = '\0';
	char *text = name_to_line(raw);
	free(raw);
	return text;
}

static const char *section_at(struct image *image, uint64_t offset)
{
	for (uint64_t i = 1; image != NULL && i < image->shnum; i++) {
		GElf_Shdr shdr;
		if (image_shdr(image, i, &shdr, NULL) != NOTE_OK)
			return NULL;
		if (shdr.sh_type != SHT_NOBITS && offset >= shdr.sh_offset &&
		    offset - shdr.sh_offset < shdr.sh_size)
			return image_section_name(image, &shdr, NULL);
	}
	return NULL;
}

static size_t look_for(const char *name, struct subject *subject, const uint8_t *bytes, size_t size,
		       struct image *image, size_t count)
{
	const size_t length = strlen(name);
	for (size_t from = 0; from < size;) {
		const uint8_t *hit = memmem(bytes + from, size - from, name, length);
		if (hit == NULL)
			break;
		const size_t at = (size_t)(hit - bytes);
		from = at + length;
		if (!is_directory(bytes, size, at, length) || ++count > MOST_LEAKS)
			continue;
		char *text = surroundings(bytes, size, at);
		const char *section = section_at(image, at);
		found(subject, "build-directory", at, "names the build directory%s%s: %s",
		      section != NULL ? " in " : "", section != NULL ? section : "", text);
		free(text);
	}
	return count;
}

void check_leaks(const struct strings *names, struct subject *subject, const uint8_t *bytes,
		 size_t size, struct image *image)
{
	size_t count = 0;
	for (size_t i = 0; i < names->count; i++)
		count = look_for(names->items[i], subject, bytes, size, image, count);
	if (count > MOST_LEAKS)
		found(subject, "build-directory", NOTE_NO_OFFSET,
		      "names the build directory %zu more times", count - MOST_LEAKS);
}
