/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as the one file of a tree that is split (what split and find-debuginfo do without their
 * command lines), then as what is verified. The last byte chooses how.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/release/checks/check.h"
#include "tools/release/release.h"
#include "tools/splitter/split.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char tree[64];

static void tell(void *context, enum split_event event, const char *path, const char *text,
		 const struct note_error *err)
{
	size_t *told = context;
	(void)event;
	*told += strlen(path) + (text != NULL ? strlen(text) : 0) + (err != NULL ? 1 : 0);
}

static void fail(void *context, const char *file, const struct note_error *err)
{
	(void)context;
	if (file == NULL || err->text[0] == '\0')
		abort();
}

static void say(void *context, const char *file, const char *message)
{
	(void)context;
	(void)file;
	(void)message;
}

static void advance(void *context, uint64_t done, uint64_t total, const char *what)
{
	(void)context;
	(void)what;
	if (done > total)
		abort();
}

static int remove_it(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void write_file(const char *path, const uint8_t *data, size_t size)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
}

static void split(uint8_t choice)
{
	const struct strings none = {0};
	struct strings dirs = {0};
	struct note_error err;
	struct manifest manifest = {0};
	struct split_totals totals = {0};
	size_t told = 0;
	struct root *root;
	if (root_open(&root, tree, &err) != NOTE_OK)
		abort();
	root_without_sync(root);
	strings_add(&dirs, "/tmp");
	const struct split_options options = {
		.root = root,
		.layout = choice & 1 ? LAYOUT_DEB : LAYOUT_RPM,
		.name = "n",
		.version = "1",
		.release = "1",
		.arch = "x86_64",
		.debug_root = "/usr/lib/debug",
		.build_dirs = &dirs,
		.maps = &none,
		.build_id = choice & 2 ? BUILD_ID_RECOMPUTE : BUILD_ID_KEEP,
		.add_build_id = (choice & 4) != 0,
		.payload = choice & 8 ? "{\"type\":\"fuzz\",\"name\":\"n\"}" : NULL,
		.keep_symtab = &none,
		.keep_sections = &none,
		.remove_sections = &none,
		.minidebuginfo = (choice & 16) != 0,
		.reloc_debug = (choice & 32) != 0,
		.leave_broken = (choice & 64) != 0,
		.links = true,
		.digests = true,
		.only = &none,
		.exclude = &none,
		.jobs = 1,
		.tell = tell,
		.context = &told,
	};
	if (split_tree(&options, &manifest, &totals, &err) == NOTE_OK &&
	    totals.split + totals.left + totals.failed > 1)
		abort();
	manifest_free(&manifest);
	strings_free(&dirs);
	root_close(root);
}

static void verify(char *path)
{
	char *const inputs[] = {path};
	struct note_error err;
	struct report report;
	unsigned checks = 0;
	for (size_t i = 0; i < all_check_count; i++)
		if (all_checks[i] != &since_check)
			checks |= 1u << i;
	const struct release_options options = {
		.inputs = inputs,
		.input_count = 1,
		.checks = checks,
		.client = {.ima = -1},
		.jobs = 1,
		.own_first = true,
		.fail = fail,
		.tell = say,
		.progress = advance,
	};
	if (release_verify(&options, &report, &err) == NOTE_OK)
		report_free(&report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[128];
	snprintf(tree, sizeof(tree), "/dev/shm/pkgnote-fuzz-%d", (int)getpid());
	snprintf(path, sizeof(path), "%s/file", tree);
	nftw(tree, remove_it, 8, FTW_DEPTH | FTW_PHYS);
	if (mkdir(tree, 0755) != 0)
		abort();
	write_file(path, data, size);
	verify(path);
	split(size != 0 ? data[size - 1] : 0);
	verify(tree);
	nftw(tree, remove_it, 8, FTW_DEPTH | FTW_PHYS);
	return 0;
}
