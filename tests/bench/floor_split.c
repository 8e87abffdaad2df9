/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The floor of a split: what no splitter can do without. THREADS threads read each file that is
 * named on stdin (NUL-separated), take a CRC-32 of it twice, write its two halves beside it and
 * rename one over it.
 *
 *     find TREE -type f -print0 | floor_split THREADS
 */
#include <fcntl.h>
#include <libdeflate.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char **names;
static size_t count;
static atomic_size_t next;
static atomic_uint checksum;

static void write_file(const char *path, const char *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size || close(fd) != 0) {
		perror(path);
		exit(1);
	}
}

static void one(const char *path)
{
	struct stat st;
	char half[4096];
	char other[4096];
	int fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &st) != 0) {
		perror(path);
		exit(1);
	}
	const size_t size = (size_t)st.st_size;
	char *bytes = malloc(size + 1);
	if (bytes == NULL || read(fd, bytes, size) != (ssize_t)size) {
		perror(path);
		exit(1);
	}
	close(fd);
	checksum += libdeflate_crc32(0, bytes, size);
	snprintf(half, sizeof(half), "%s.half", path);
	snprintf(other, sizeof(other), "%s.debug", path);
	write_file(other, bytes + size / 2, size - size / 2);
	checksum += libdeflate_crc32(0, bytes, size);
	write_file(half, bytes, size / 2);
	if (rename(half, path) != 0)
		perror(path);
	free(bytes);
}

static void *work(void *unused)
{
	(void)unused;
	for (size_t i; (i = next++) < count;)
		one(names[i]);
	return NULL;
}

int main(int argc, char **argv)
{
	const int threads = argc > 1 ? atoi(argv[1]) : 2;
	pthread_t ids[64];
	char *line = NULL;
	size_t room = 0;
	while (getdelim(&line, &room, '\0', stdin) > 0) {
		names = realloc(names, (count + 1) * sizeof(*names));
		names[count++] = strdup(line);
	}
	for (int i = 0; i < threads && i < 64; i++)
		pthread_create(&ids[i], NULL, work, NULL);
	for (int i = 0; i < threads && i < 64; i++)
		pthread_join(ids[i], NULL);
	printf("%zu files, %08x\n", count, (unsigned)checksum);
	return 0;
}
