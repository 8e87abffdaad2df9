/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The floor of a split: what no splitter can do without. THREADS threads read each file that is
 * named on stdin, take a CRC-32 of it twice, write its two halves and rename one over it; and copy
 * the sources, and make the links, that are named there too. Directories are made once, and nothing
 * is asked of the file system but that.
 *
 *     floor_split THREADS <LIST
 *
 * LIST has records that end with NUL: "eNAME" a file to be split; "sNAME=FROM" a source to be
 * copied; "lNAME=TARGET" a symbolic link to be made; "dNAME" a directory, before what is in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char **records;
static size_t count;
static atomic_size_t next;
static atomic_uint checksum;

static void fail(const char *path)
{
	perror(path);
	exit(1);
}

/* A buffer that its thread keeps. */
struct buffer {
	char *bytes;
	size_t room;
};

static size_t read_file(const char *path, struct buffer *buffer)
{
	struct stat st;
	const int fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &st) != 0)
		fail(path);
	const size_t size = (size_t)st.st_size;
	if (size > buffer->room) {
		free(buffer->bytes);
		buffer->bytes = malloc(size);
		buffer->room = size;
	}
	if (read(fd, buffer->bytes, size) != (ssize_t)size)
		fail(path);
	close(fd);
	return size;
}

static void write_file(const char *path, const char *bytes, size_t size, mode_t mode)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size || close(fd) != 0)
		fail(path);
}

static void split(const char *path, struct buffer *buffer)
{
	char half[4096], other[4096];
	const size_t size = read_file(path, buffer);
	checksum += libdeflate_crc32(0, buffer->bytes, size);
	snprintf(half, sizeof(half), "%s.half", path);
	snprintf(other, sizeof(other), "%s.debug", path);
	write_file(other, buffer->bytes + size / 2, size - size / 2, 0644);
	checksum += libdeflate_crc32(0, buffer->bytes, size);
	write_file(half, buffer->bytes, size / 2, 0755);
	if (rename(half, path) != 0)
		fail(path);
}

static void one(char *record, struct buffer *buffer)
{
	char *name = record + 1;
	char *other = record[0] == 's' || record[0] == 'l' ? strchr(name, '=') : NULL;
	if (other != NULL)
		*other++ = '\0';
	if (record[0] == 'e')
		split(name, buffer);
	else if (record[0] == 's')
		write_file(name, buffer->bytes, read_file(other, buffer), 0644);
	else if (record[0] == 'l' && symlink(other, name) != 0)
		fail(name);
}

static void *work(void *unused)
{
	struct buffer buffer = {malloc(1), 1};
	(void)unused;
	for (size_t i; (i = next++) < count;)
		one(records[i], &buffer);
	free(buffer.bytes);
	return NULL;
}

int main(int argc, char **argv)
{
	const int threads = argc > 1 ? atoi(argv[1]) : 2;
	pthread_t ids[64];
	char *line = NULL;
	size_t room = 0;
	while (getdelim(&line, &room, '\0', stdin) > 0) {
		if (line[0] == 'd') {
			if (mkdir(line + 1, 0755) != 0 && errno != EEXIST)
				fail(line + 1);
			continue;
		}
		records = realloc(records, (count + 1) * sizeof(*records));
		records[count++] = strdup(line);
	}
	for (int i = 0; i < threads && i < 64; i++)
		pthread_create(&ids[i], NULL, work, NULL);
	for (int i = 0; i < threads && i < 64; i++)
		pthread_join(ids[i], NULL);
	printf("%zu files, %08x\n", count, (unsigned)checksum);
	return 0;
}
