/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What somebody left in the cache: the input is the log of proofs, or a cached
 * file's proof, or the file, or a section. */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/debuginfod/cache/cache.h"
#include "tools/debuginfod/proof/proof.h"
#include "tools/debuginfod/proof/shape.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEX "00112233445566778899aabbccddeeff00112233"

static struct cache *cache;
/* On disk: a temporary cache keeps small files where nobody else can reach them. */
static char directory[] = "/tmp/pkgnote-fuzz-XXXXXX";

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *level)
{
	(void)st, (void)type, (void)level;
	return remove(path);
}

static void leave(void)
{
	cache_close(cache);
	nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void write_file(const char *path, const char *suffix, const void *bytes, size_t size)
{
	char *name = xasprintf("%s%s", path, suffix);
	unlink(name);
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		abort();
	close(fd);
	free(name);
}

static void check_shapes(const uint8_t *data, size_t size)
{
	static const char *const names[] = {".debug_info", ".debug_str", ".gdb_index",
					    ".zdebug_line", ".text"};
	char path[] = "/tmp/pkgnote-fuzz-XXXXXX";
	int fd = mkstemp(path);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	unlink(path);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		shape_check(fd, names[i], NULL);
	for (enum artifact artifact = ARTIFACT_DEBUGINFO; artifact <= ARTIFACT_SECTION;
	     artifact++) {
		char text[ANSWER_TEXT];
		proof_check(fd, artifact, HEX, ".debug_names", text);
	}
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cache_key source, debug;
	struct staging *staging;
	char *path = NULL;
	if (cache == NULL &&
	    (mkdtemp(directory) == NULL || cache_open(&cache, directory, true, NULL) != NOTE_OK ||
	     atexit(leave) != 0))
		abort();
	cache_key_make(&source, ARTIFACT_SOURCE, HEX, "/a.c");
	cache_key_make(&debug, ARTIFACT_DEBUGINFO, HEX, NULL);
	if (staging_open(&staging, cache, &source, NULL) != NOTE_OK ||
	    staging_write(staging, "int a;\n", 7, NULL) != NOTE_OK ||
	    staging_commit(staging, &path, NULL) != NOTE_OK)
		abort();
	/* A file that was replaced is found only where it is the same bytes. */
	write_file(path, "", data, size);
	char *found = cache_find(cache, &source);
	if (found != NULL && (size != 7 || memcmp(data, "int a;\n", 7) != 0))
		abort();
	free(found);
	write_file(path, "", "int b;\n", 7);
	write_file(path, ".proof", data, size);
	write_file(directory, "/.proofs", data, size);
	if (cache_find(cache, &source) != NULL)
		abort();
	if (staging_open(&staging, cache, &source, NULL) != NOTE_OK)
		abort();
	free(path);
	if (staging_write(staging, "int a;\n", 7, NULL) != NOTE_OK ||
	    staging_commit(staging, &path, NULL) != NOTE_OK)
		abort();
	found = cache_find(cache, &source);
	if (found == NULL)
		abort();
	free(found);
	free(path);
	/* A debug file with no fitting proof is never found, and the elfutils way proves as well.
	 */
	if (cache_find(cache, &debug) != NULL)
		abort();
	check_shapes(data, size);
	return 0;
}
