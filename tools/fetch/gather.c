/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Gathering in rounds, since one thing names the next: debug information and executables first,
 * then the alternate files that the debug information names (.gnu_debugaltlink: a name, NUL, a
 * build-id), then its sources. Each round asks for everything at once.
 */
#include "tools/fetch/gather.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/root/root.h"
#include "tools/debuginfod/url.h"
#include "tools/splitter/dwarf/dwarf.h"

struct gatherer {
	struct client *client;
	struct root *root;
	struct gathering *out;
	size_t first; /* of the round that is under way */
};

void gathering_free(struct gathering *gathering)
{
	for (size_t i = 0; i < gathering->count; i++) {
		struct gathered *item = &gathering->items[i];
		free(item->hex);
		free(item->name);
		free(item->into);
		client_answer_free(&item->answer);
	}
	free(gathering->items);
	*gathering = (struct gathering){0};
}

/* --- wanting --- */

static void want(struct gathering *out, const struct subject *subject, enum artifact artifact,
		 const char *hex, const char *name)
{
	/* A debug file's list of sources has each once already. */
	for (size_t i = 0; artifact != ARTIFACT_SOURCE && i < out->count; i++)
		if (out->items[i].artifact == artifact && strcmp(out->items[i].hex, hex) == 0)
			return;
	if (out->count == out->room) {
		out->room = out->room != 0 ? 2 * out->room : 64;
		out->items = xrealloc(out->items, out->room * sizeof(*out->items));
	}
	out->items[out->count++] = (struct gathered){
		.subject = subject,
		.artifact = artifact,
		.hex = xstrdup(hex),
		.name = name != NULL ? xstrdup(name) : NULL,
		.answer = {.outcome = OUTCOME_UNAVAILABLE},
	};
}

static bool is_found(const struct gathered *item)
{
	return item->answer.outcome == OUTCOME_FOUND && item->answer.path != NULL;
}

static void take(void *context, size_t index, struct client_answer *answer)
{
	struct gatherer *g = context;
	g->out->items[g->first + index].answer = *answer;
}

/* Asks for all items from FIRST on. */
static void ask(struct gatherer *g, size_t first)
{
	const size_t count = g->out->count - first;
	struct client_request *requests = xcalloc(count, sizeof(*requests));
	for (size_t i = 0; i < count; i++) {
		const struct gathered *item = &g->out->items[first + i];
		requests[i] = (struct client_request){
			.artifact = item->artifact, .build_id = item->hex, .name = item->name};
	}
	g->first = first;
	client_fetch_all(g->client, requests, count, take, g);
	free(requests);
}

/* --- what a debug file names --- */

/* The build-id in .gnu_debugaltlink, for free(), or NULL. */
static char *alternate_of(struct image *image)
{
	GElf_Shdr shdr;
	if (image_find_section(image, ".gnu_debugaltlink", &shdr) == 0 ||
	    shdr.sh_type == SHT_NOBITS || shdr.sh_size > 8192)
		return NULL;
	const uint8_t *bytes =
		image_bytes(image, shdr.sh_offset, shdr.sh_size, ".gnu_debugaltlink", NULL);
	const uint8_t *end = bytes != NULL ? memchr(bytes, '\0', shdr.sh_size) : NULL;
	const size_t name = end != NULL ? (size_t)(end - bytes) + 1 : 0;
	if (name == 0 || shdr.sh_size - name < 2 || shdr.sh_size - name > 64)
		return NULL;
	char *hex = xmalloc(2 * (shdr.sh_size - name) + 1);
	hex_encode(bytes + name, shdr.sh_size - name, hex);
	return hex;
}

static void want_sources(struct gathering *out, const struct gathered *debug, struct image *image,
			 enum gather_sources which)
{
	struct dwarf_sources sources = {0};
	struct dwarf_summary summary;
	if (dwarf_rewrite(image, NULL, NULL, &sources, &summary, NULL) != NOTE_OK)
		return;
	char *hex = xstrdup(debug->hex); /* want() may move DEBUG */
	const struct subject *subject = debug->subject;
	for (size_t i = 0; i < sources.count; i++)
		if (sources.items[i].original[0] == '/' &&
		    (which == GATHER_ALL || sources.items[i].primary))
			want(out, subject, ARTIFACT_SOURCE, hex, sources.items[i].original);
	free(hex);
	dwarf_sources_free(&sources);
}

/* What the debug files among the first COUNT items refer to. */
static void want_what_they_name(struct gathering *out, size_t count, bool alternates,
				enum gather_sources sources)
{
	for (size_t i = 0; i < count; i++) {
		struct image *image = NULL;
		if (!is_found(&out->items[i]) || out->items[i].artifact != ARTIFACT_DEBUGINFO)
			continue;
		int fd = open(out->items[i].answer.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0)
			continue;
		if (image_open_fd(&image, fd, NULL) == NOTE_OK &&
		    image_read_elf(image, NULL) == NOTE_OK) {
			char *hex = alternates ? alternate_of(image) : NULL;
			const size_t before = out->count;
			if (hex != NULL)
				want(out, out->items[i].subject, ARTIFACT_DEBUGINFO, hex, NULL);
			if (out->count > before)
				out->items[before].alternate = true;
			free(hex);
			if (sources != GATHER_NONE && !out->items[i].alternate)
				want_sources(out, &out->items[i], image, sources);
		}
		image_close(image);
		close(fd);
	}
}

/* --- putting in place --- */

/* FROM's bytes as a new file TO; no file is shared, so that neither side can spoil the other. */
static bool copy_file(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int out =
		in >= 0 ? open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644) : -1;
	bool good = out >= 0;
	char *piece = good ? xmalloc(1 << 18) : NULL;
	ssize_t got = 0;
	/* Shares blocks where the file system can; else the kernel copies. */
	while (good && (got = copy_file_range(in, NULL, out, NULL, 1 << 30, 0)) > 0)
		;
	while (good && got < 0 && (got = read(in, piece, 1 << 18)) > 0) {
		good = write(out, piece, (size_t)got) == got;
		got = -1;
	}
	free(piece);
	if (in >= 0)
		close(in);
	if (out >= 0)
		good = close(out) == 0 && good && got == 0;
	return good;
}

/* BELOW is relative to the root. */
static int place(struct gatherer *g, struct gathered *item, const char *below,
		 struct note_error *err)
{
	char *parent = xstrdup(below);
	char *slash = strrchr(parent, '/');
	*slash = '\0';
	char *temporary = xasprintf("%s/.pkgnote-gather", parent);
	char *from = xasprintf("%s/%s", root_path(g->root), temporary);
	int code = root_make_dirs(g->root, parent, err);
	if (code == NOTE_OK)
		code = root_remove(g->root, temporary, err);
	if (code == NOTE_OK && !copy_file(item->answer.path, from))
		code = error_system(err, "copy %s to %s/%s", item->answer.path, root_path(g->root),
				    below);
	if (code == NOTE_OK)
		code = root_rename(g->root, temporary, below, err);
	if (code == NOTE_OK)
		item->into = xasprintf("%s/%s", root_path(g->root), below);
	else
		root_remove(g->root, temporary, NULL);
	free(from);
	free(temporary);
	free(parent);
	return code;
}

/* PATH normalised as text, below a folder. */
static char *below_folder(const char *folder, const char *path)
{
	char *share = url_share_path(ARTIFACT_SOURCE, "x", path);
	char *out = xasprintf("%s%s", folder, share + strlen("buildid/x/source"));
	free(share);
	return out;
}

/* --- executables --- */

/* DT_SONAME of the file at PATH, for free(), or NULL. */
static char *soname_of(const char *path)
{
	struct image *image = NULL;
	GElf_Shdr dynamic, names;
	char *found = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return NULL;
	if (image_open_fd(&image, fd, NULL) != NOTE_OK || image_read_elf(image, NULL) != NOTE_OK ||
	    image_find_section(image, ".dynamic", &dynamic) == 0 ||
	    image_shdr(image, dynamic.sh_link, &names, NULL) != NOTE_OK)
		goto out;
	const uint64_t entry = image->is_64 ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn);
	const uint8_t *bytes =
		image_bytes(image, dynamic.sh_offset, dynamic.sh_size, ".dynamic", NULL);
	for (uint64_t at = 0; bytes != NULL && at + entry <= dynamic.sh_size; at += entry) {
		const uint8_t *p = bytes + at;
		const uint64_t tag = image->is_64 ? image_u64(image, p) : image_u32(image, p);
		const uint64_t value =
			image->is_64 ? image_u64(image, p + 8) : image_u32(image, p + 4);
		uint64_t offset, limit;
		if (tag != DT_SONAME || value >= names.sh_size ||
		    __builtin_add_overflow(names.sh_offset, value, &offset) ||
		    __builtin_add_overflow(names.sh_offset, names.sh_size, &limit))
			continue;
		const char *name = image_string(image, offset, limit, "DT_SONAME", NULL);
		if (name != NULL)
			found = xstrdup(name);
		break;
	}
out:
	image_close(image);
	close(fd);
	return found;
}

/* gdb goes by the names in the dynamic linker's list, which need not be the files' real ones; where
 * the sysroot has no such file it looks for the last component in solib-search-path. */
static int add_library_name(struct gatherer *g, const struct gathered *item, struct note_error *err)
{
	const char *slash = strrchr(item->into, '/');
	char *soname = soname_of(item->into);
	const char *name = soname != NULL ? soname : slash + 1;
	int code = NOTE_OK;
	if (name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL) {
		char *target = xasprintf("..%s", item->into + strlen(root_path(g->root)));
		char *link = xasprintf("lib/%s", name);
		code = root_make_dirs(g->root, "lib", err);
		if (code == NOTE_OK)
			code = root_symlink(g->root, target, link, err);
		free(target);
		free(link);
	}
	free(soname);
	return code;
}

static int put_in_place(struct gatherer *g, struct gathered *item, struct note_error *err)
{
	char *below;
	if (item->artifact == ARTIFACT_DEBUGINFO)
		below = xasprintf(".build-id/%.2s/%s.debug", item->hex, item->hex + 2);
	else if (item->artifact == ARTIFACT_SOURCE)
		below = below_folder("source", item->name);
	else if (item->subject->path != NULL && item->subject->path[0] == '/')
		below = below_folder("sysroot", item->subject->path);
	else
		below = xasprintf(".build-id/%.2s/%s", item->hex, item->hex + 2);
	/* A path of slashes and dots alone names nothing. */
	int code = strchr(below, '/') != NULL ? place(g, item, below, err) : NOTE_OK;
	if (code == NOTE_OK && item->artifact == ARTIFACT_EXECUTABLE && item->into != NULL)
		code = add_library_name(g, item, err);
	free(below);
	return code;
}

/* This machine's own file, where it is the one that ran. */
static bool is_here(const struct subject *subject)
{
	char *hex = subject->path != NULL && subject->path[0] == '/'
			    ? file_build_id(subject->path, NULL)
			    : NULL;
	const bool here = hex != NULL && strcmp(hex, subject->hex) == 0;
	free(hex);
	return here;
}

static int take_local(struct gatherer *g, const struct subject *subject, struct note_error *err)
{
	const size_t at = g->out->count;
	want(g->out, subject, ARTIFACT_EXECUTABLE, subject->hex, NULL);
	if (g->out->count == at)
		return NOTE_OK;
	struct gathered *item = &g->out->items[at];
	item->answer.outcome = OUTCOME_FOUND;
	item->answer.path = xstrdup(subject->path);
	return put_in_place(g, item, err);
}

int gather(struct client *client, const struct subjects *subjects, const char *dir,
	   enum gather_sources sources, bool executables, bool dry, bool no_sync,
	   struct gathering *out, struct note_error *err)
{
	struct gatherer g = {.client = client, .out = out};
	*out = (struct gathering){0};
	if (!dry && mkdir(dir, 0777) != 0 && errno != EEXIST)
		return error_system(err, "make directory");
	int code = dry ? NOTE_OK : root_open(&g.root, dir, err);
	if (code != NOTE_OK)
		return code;
	if (no_sync && !dry)
		root_without_sync(g.root);
	for (size_t i = 0; code == NOTE_OK && !dry && executables && i < subjects->count; i++)
		if (subjects->items[i].hex != NULL && is_here(&subjects->items[i]))
			code = take_local(&g, &subjects->items[i], err);
	if (code != NOTE_OK)
		goto out;
	const size_t local = out->count;
	for (size_t i = 0; i < subjects->count; i++) {
		const struct subject *subject = &subjects->items[i];
		if (subject->hex == NULL)
			continue;
		want(out, subject, ARTIFACT_DEBUGINFO, subject->hex, NULL);
		if (executables && !(dry && is_here(subject)))
			want(out, subject, ARTIFACT_EXECUTABLE, subject->hex, NULL);
	}
	ask(&g, local);
	if (dry)
		return NOTE_OK;
	/* Beyond this line all debug files are here: they name the alternate files and sources. */
	const size_t named = out->count;
	want_what_they_name(out, named, true, sources);
	ask(&g, named);
	for (size_t i = local; code == NOTE_OK && i < out->count; i++)
		if (is_found(&out->items[i]))
			code = put_in_place(&g, &out->items[i], err);
	if (code == NOTE_OK)
		code = root_sync(g.root, err);
out:
	root_close(g.root);
	return code;
}
