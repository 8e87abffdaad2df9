/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/together/alternate.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"

/* PATH without "." and "..", NULL where it leads out. */
static char *normalise(const char *path)
{
	struct text out = {0};
	text_puts(&out, "");
	while (*path != '\0') {
		const size_t length = strcspn(path, "/");
		if (length == 2 && strncmp(path, "..", 2) == 0) {
			char *slash = strrchr(out.data, '/');
			if (out.size == 0) {
				text_free(&out);
				return NULL;
			}
			out.size = slash != NULL ? (size_t)(slash - out.data) : 0;
			out.data[out.size] = '\0';
		} else if (length != 0 && !(length == 1 && path[0] == '.')) {
			text_puts(&out, out.size != 0 ? "/" : "");
			text_add(&out, path, length);
		}
		path += length + (path[length] == '/' ? 1 : 0);
	}
	return out.data;
}

char *alternate_of(struct image *debug, const char *debug_path)
{
	GElf_Shdr shdr;
	uint64_t end;
	if (image_find_section(debug, ".gnu_debugaltlink", &shdr) == 0 ||
	    shdr.sh_type == SHT_NOBITS ||
	    __builtin_add_overflow(shdr.sh_offset, shdr.sh_size, &end))
		return NULL;
	const char *name = image_string(debug, shdr.sh_offset, end, ".gnu_debugaltlink", NULL);
	const char *slash = strrchr(debug_path, '/');
	if (name == NULL)
		return NULL;
	if (name[0] == '/' || slash == NULL)
		return normalise(name);
	char *path = xasprintf("%.*s/%s", (int)(slash - debug_path), debug_path, name);
	char *out = normalise(path);
	free(path);
	return out;
}

/* --- a new name --- */

/* Debian's architectures and their multiarch triplets (dpkg-architecture(1)). */
static const char *triplet_of(const char *arch)
{
	static const char *const table[][2] = {
		{"alpha", "alpha-linux-gnu"},
		{"amd64", "x86_64-linux-gnu"},
		{"arc", "arc-linux-gnu"},
		{"arm64", "aarch64-linux-gnu"},
		{"armel", "arm-linux-gnueabi"},
		{"armhf", "arm-linux-gnueabihf"},
		{"hppa", "hppa-linux-gnu"},
		{"i386", "i386-linux-gnu"},
		{"ia64", "ia64-linux-gnu"},
		{"loong64", "loongarch64-linux-gnu"},
		{"m68k", "m68k-linux-gnu"},
		{"mips", "mips-linux-gnu"},
		{"mips64", "mips64-linux-gnuabi64"},
		{"mips64el", "mips64el-linux-gnuabi64"},
		{"mipsel", "mipsel-linux-gnu"},
		{"powerpc", "powerpc-linux-gnu"},
		{"ppc64", "powerpc64-linux-gnu"},
		{"ppc64el", "powerpc64le-linux-gnu"},
		{"riscv64", "riscv64-linux-gnu"},
		{"s390x", "s390x-linux-gnu"},
		{"sh4", "sh4-linux-gnu"},
		{"sparc64", "sparc64-linux-gnu"},
		{"x32", "x86_64-linux-gnux32"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i][0], arch) == 0)
			return table[i][1];
	return NULL;
}

int alternate_check(const struct split_options *options, struct note_error *err)
{
	if (options->layout != LAYOUT_DEB || triplet_of(options->arch) != NULL)
		return NOTE_OK;
	return error_set(err, NOTE_USAGE, NOTE_NO_OFFSET,
			 "--dwz=multi: '%s' is no architecture of Debian's, by which the alternate "
			 "file's place is named",
			 options->arch);
}

struct search {
	struct root *root;
	const char *name;
	const struct strings *outputs;
	bool found;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Looks at debug files until one uses the name. */
static bool look(void *context, const struct entry *entry, bool *descend)
{
	struct search *search = context;
	const struct strings *outputs = search->outputs;
	struct image *image = NULL;
	const char *path = entry->path;
	const size_t length = strlen(path);
	int fd;
	(void)descend;
	if (entry->kind != ENTRY_FILE || length < 6 || strcmp(path + length - 6, ".debug") != 0 ||
	    (outputs->count != 0 && bsearch(&path, outputs->items, outputs->count,
					    sizeof(*outputs->items), by_text) != NULL) ||
	    root_open_file(search->root, path, &fd, NULL) != NOTE_OK)
		return true;
	if (image_open_fd(&image, fd, NULL) == NOTE_OK && image_read_elf(image, NULL) == NOTE_OK) {
		char *used = alternate_of(image, path);
		search->found = used != NULL && strcmp(used, search->name) == 0;
		free(used);
	}
	image_close(image);
	close(fd);
	return !search->found;
}

char *alternate_name(const struct layout *layout, const struct split_options *options,
		     const struct strings *outputs, struct note_error *err)
{
	const bool deb = layout->kind == LAYOUT_DEB;
	if (alternate_check(options, err) != NOTE_OK)
		return NULL;
	char *stem =
		deb ? xasprintf("%s/.dwz/%s/%s", layout->debug_root, triplet_of(options->arch),
				options->name)
		    : xasprintf("%s/.dwz/%s-%s%s%s.%s", layout->debug_root, options->name,
				options->version, options->release != NULL ? "-" : "",
				options->release != NULL ? options->release : "", options->arch);
	char *path = NULL;
	for (unsigned number = 0;; number++) {
		struct stat st;
		path = number == 0 ? xasprintf("%s%s", stem, deb ? ".debug" : "")
				   : xasprintf("%s.%u%s", stem, number, deb ? ".debug" : "");
		struct search search = {options->root, path, outputs, false};
		int code = root_stat(options->root, path, &st, NULL);
		if (code == NOTE_OK)
			code = root_walk(options->root, layout->debug_root, false, look, NULL,
					 &search, err);
		if (code == NOTE_ABSENT || (code == NOTE_OK && !search.found))
			break;
		free(path);
		path = NULL;
		if (code != NOTE_OK)
			break;
	}
	free(stem);
	return path;
}
