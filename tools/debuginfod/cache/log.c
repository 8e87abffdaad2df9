/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The log of proofs, DIR/.proofs, so that a cached file costs no second inode:
 *
 *     3 SIZE DIGEST INODE CHANGED BOOT USED HEX/NAME CRC
 *
 * a line for each; CRC is the CRC-32 of what stands before it, in 8 digits. The last line of a file
 * counts, and only one that is whole: a power cut or a full disk may leave half of one.
 *
 * Who adds to it holds a lock of the whole of it for that moment, and adds whole lines at its end.
 * It is compacted when the cache is cleaned, when most lines are out of date, and when lines are
 * broken: the new one is written, forced to the disk and renamed over the old one under the old
 * one's lock, so whoever waited for that finds that the name leads elsewhere now.
 *
 * Each user has a log of his own, .proofs-UID where .proofs is another's. A temporary cache's is in
 * memory alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tools/debuginfod/cache/internal.h"
#include "tools/debuginfod/memory.h"

#define LOG_FILE ".proofs"
/* More than the longest line. */
#define LINE_MOST 512
/* Bytes that are read at a time. */
#define READ_SIZE ((size_t)256 << 10)
/* Seconds, and how often the lock is tried. */
#define LOCK_PAUSE 0.01
#define LOCK_TRIES 50
/* So many lines may be out of date, beside as many as are not. */
#define STALE_LINES 1024

/* --- lines --- */

/* The number at *TEXT, which a space ends; *TEXT is behind that. */
static bool take_number(const char **text, uint64_t *out)
{
	const char *p = *text;
	*out = 0;
	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(*out, 10, out) ||
		    __builtin_add_overflow(*out, (uint64_t)(*p - '0'), out))
			return false;
	*text = p + 1;
	return *p == ' ';
}

static bool take_signed(const char **text, int64_t *out)
{
	const bool negative = **text == '-';
	uint64_t number;
	*text += negative;
	if (!take_number(text, &number) || number > INT64_MAX)
		return false;
	*out = negative ? -(int64_t)number : (int64_t)number;
	return true;
}

static bool take_digits(const char **text, char out[33])
{
	if (strspn(*text, "0123456789abcdef") != 32 || (*text)[32] != ' ')
		return false;
	memcpy(out, *text, 32);
	out[32] = '\0';
	*text += 33;
	return true;
}

/* LINE has no end of line, and is *KEY's after this: its HEX of *HEX_LENGTH, a '/' and its NAME. */
static bool parse_line(const char *line, size_t length, struct proof *proof, const char **key,
		       size_t *key_length)
{
	char text[LINE_MOST], crc[9];
	if (length < 12 || length >= sizeof(text) || line[length - 9] != ' ' ||
	    memchr(line, '\0', length) != NULL)
		return false;
	memcpy(text, line, length);
	text[length] = '\0';
	snprintf(crc, sizeof(crc), "%08" PRIx32, libdeflate_crc32(0, line, length - 9));
	if (strcmp(crc, text + length - 8) != 0 || strncmp(text, "3 ", 2) != 0)
		return false;
	const char *p = text + 2;
	if (!take_number(&p, &proof->size) || !take_digits(&p, proof->digest) ||
	    !take_number(&p, &proof->inode) || !take_signed(&p, &proof->changed) ||
	    !take_digits(&p, proof->boot) || !take_signed(&p, &proof->used))
		return false;
	*key = line + (p - text);
	*key_length = strcspn(p, " ");
	return p + *key_length == text + length - 9;
}

/* With an end of line before and behind it; its length. */
static size_t format_line(char out[LINE_MOST], const struct cache_key *key,
			  const struct proof *proof)
{
	int length = snprintf(out, LINE_MOST,
			      "\n3 %" PRIu64 " %s %" PRIu64 " %" PRId64 " %s %" PRId64 " %s/%s",
			      proof->size, proof->digest, proof->inode, proof->changed, proof->boot,
			      proof->used, key->hex, key->name);
	if (length < 0 || length > LINE_MOST - 16)
		return 0;
	length += snprintf(out + length, 16, " %08" PRIx32 "\n",
			   libdeflate_crc32(0, out + 1, (size_t)length - 1));
	return (size_t)length;
}

static bool key_of_line(const char *key, size_t length, XXH128_hash_t *out)
{
	const char *slash = memchr(key, '/', length);
	if (slash == NULL)
		return false;
	*out = known_key(key, (size_t)(slash - key), slash + 1, length - (size_t)(slash + 1 - key));
	return true;
}

/* --- the file --- */

static void forget_all(struct proof_log *log)
{
	known_clear(&log->known);
	log->read = log->lines = log->broken = 0;
}

void log_close(struct proof_log *log)
{
	if (log->fd >= 0)
		close(log->fd);
	log->fd = -1;
	forget_all(log);
}

/* The log that NAME is, where it is a file of ours. */
static bool open_by_name(struct cache *cache, const char *name, bool make)
{
	const int flags = O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	struct proof_log *log = &cache->log;
	struct stat st;
	int fd = openat(cache->fd, name, O_RDWR | flags | (make ? O_CREAT : 0), 0600);
	log->read_only = fd < 0 && (errno == EROFS || errno == EACCES || errno == EPERM);
	if (log->read_only)
		fd = openat(cache->fd, name, O_RDONLY | flags);
	if (fd < 0)
		return false;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid()) {
		close(fd);
		return false;
	}
	if (name != log->name)
		snprintf(log->name, sizeof(log->name), "%s", name);
	log->fd = fd;
	return true;
}

static bool open_log(struct cache *cache, bool make)
{
	char mine[32];
	snprintf(mine, sizeof(mine), LOG_FILE "-%u", (unsigned)geteuid());
	return open_by_name(cache, LOG_FILE, make) || open_by_name(cache, mine, make);
}

/* The open log is what its name leads to; *ST is the file's. */
static bool is_current(const struct cache *cache, struct stat *st)
{
	struct stat named;
	return fstat(cache->log.fd, st) == 0 &&
	       fstatat(cache->fd, cache->log.name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       named.st_ino == st->st_ino && named.st_dev == st->st_dev;
}

static void unlock_log(const struct proof_log *log)
{
	struct flock range = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
	fcntl(log->fd, F_OFD_SETLK, &range);
}

static bool lock_log(struct proof_log *log)
{
	struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	const struct timespec pause = {.tv_nsec = (long)(LOCK_PAUSE * 1e9)};
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (fcntl(log->fd, F_OFD_SETLK, &range) == 0)
			return true;
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			break;
		nanosleep(&pause, NULL);
	}
	/* Suspended while it held it, or a file system without locks. */
	log->given_up = true;
	return false;
}

/* Opens and locks the log for writing; *SIZE is its length. */
static bool begin_writing(struct cache *cache, uint64_t *size)
{
	struct proof_log *log = &cache->log;
	struct stat st;
	for (int i = 0; i < LOCK_TRIES && !log->given_up; i++) {
		if ((log->fd < 0 && !open_log(cache, true)) || log->read_only || !lock_log(log))
			return false;
		if (is_current(cache, &st)) {
			*size = (uint64_t)st.st_size;
			return true;
		}
		log_close(log);
	}
	return false;
}

/* --- reading --- */

static void take_line(struct proof_log *log, const char *line, size_t length)
{
	struct proof proof;
	XXH128_hash_t hash;
	const char *key;
	size_t key_length;
	if (length == 0)
		return;
	if (!parse_line(line, length, &proof, &key, &key_length) ||
	    !key_of_line(key, key_length, &hash)) {
		log->broken++;
		return;
	}
	log->lines++;
	known_put(&log->known, hash, &proof); /* where memory is short, it is not known */
}

/* Hands over whole lines from FROM on, at most ROOM bytes at a time; where that ends. */
static uint64_t each_line(const struct proof_log *log, uint64_t from, char *piece, size_t room,
			  void take(void *context, const char *line, size_t length), void *context)
{
	ssize_t got;
	while ((got = pread(log->fd, piece, room, (off_t)from)) > 0) {
		const char *line = piece, *end = piece + got, *newline;
		while ((newline = memchr(line, '\n', (size_t)(end - line))) != NULL) {
			take(context, line, (size_t)(newline - line));
			line = newline + 1;
		}
		/* What has no end yet may be being written; no line is that long, though. */
		if (end - line >= LINE_MOST) {
			take(context, line, (size_t)(end - line));
			line = end;
		}
		if (line == piece)
			break;
		from += (uint64_t)(line - piece);
	}
	return from;
}

static void take_into_known(void *context, const char *line, size_t length)
{
	take_line(context, line, length);
}

static void tell_broken(struct cache *cache)
{
	struct proof_log *log = &cache->log;
	char *line = log->said || cache->tell == NULL
			     ? NULL
			     : format_string("cache %s/%s: %" PRIu64 " lines are broken: what they "
					     "tell of is fetched again",
					     cache->dir, log->name, log->broken);
	if (line != NULL)
		cache->tell(cache->tell_context, line);
	free(line);
	log->said = true;
}

/* True where there was anything to read. */
static bool read_on(struct proof_log *log)
{
	struct stat st;
	if (fstat(log->fd, &st) != 0)
		return false;
	if ((uint64_t)st.st_size < log->read)
		forget_all(log);
	if ((uint64_t)st.st_size == log->read)
		return false;
	char *piece = malloc(READ_SIZE);
	const uint64_t before = log->read;
	if (piece != NULL)
		log->read = each_line(log, before, piece, READ_SIZE, take_into_known, log);
	free(piece);
	return log->read != before;
}

bool log_refresh(struct cache *cache)
{
	struct proof_log *log = &cache->log;
	struct stat st;
	if (cache->temporary)
		return false;
	if (log->fd >= 0 && !is_current(cache, &st))
		log_close(log);
	if ((log->fd < 0 && !open_log(cache, false)) || !read_on(log))
		return false;
	if (log->broken != 0) {
		tell_broken(cache);
		log_compact(cache);
	}
	return true;
}

bool log_find(struct cache *cache, const struct cache_key *key, struct proof *proof)
{
	const struct proof *known =
		known_find(&cache->log.known,
			   known_key(key->hex, strlen(key->hex), key->name, strlen(key->name)));
	if (known != NULL)
		*proof = *known;
	return known != NULL;
}

/* --- adding --- */

/* LINE begins and ends with an end of line: the first one is for what somebody left unfinished. */
static bool write_line(struct proof_log *log, uint64_t size, const char *line, size_t length)
{
	char last = '\n';
	if (size > 0 && pread(log->fd, &last, 1, (off_t)size - 1) != 1)
		return false;
	if (last == '\n') {
		line++;
		length--;
	}
	const ssize_t put = write(log->fd, line, length);
	if (put == (ssize_t)length) {
		if (log->read == size && last == '\n')
			log->read += length;
		return true;
	}
	/* Half a line is none; where it stays, the next one begins with an end of line. */
	const bool undone = put <= 0 || ftruncate(log->fd, (off_t)size) == 0;
	(void)undone;
	return false;
}

bool log_append(struct cache *cache, const struct cache_key *key, const struct proof *proof)
{
	struct proof_log *log = &cache->log;
	char line[LINE_MOST];
	const size_t length = format_line(line, key, proof);
	uint64_t size;
	if (!cache->temporary) {
		if (length == 0 || !begin_writing(cache, &size))
			return false;
		const bool good = write_line(log, size, line, length);
		unlock_log(log);
		if (!good)
			return false;
	}
	log->lines++;
	known_put(&log->known, known_key(key->hex, strlen(key->hex), key->name, strlen(key->name)),
		  proof);
	if (!cache->temporary && log->lines > 2 * log->known.count + STALE_LINES)
		log_compact(cache);
	return true;
}

/* --- compacting --- */

struct compaction {
	struct cache *cache;
	int out;
	struct known_proofs kept;
	bool failed;
};

static bool is_there(const struct cache *cache, const char *key, size_t length)
{
	char path[LINE_MOST];
	struct stat st;
	snprintf(path, sizeof(path), "%.*s", (int)length, key);
	return fstatat(cache->fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

/* Keeps a file's last line. */
static void keep_line(void *context, const char *line, size_t length)
{
	struct compaction *c = context;
	struct proof proof;
	XXH128_hash_t hash;
	const char *key;
	size_t key_length;
	if (!parse_line(line, length, &proof, &key, &key_length) ||
	    !key_of_line(key, key_length, &hash))
		return;
	const struct proof *last = known_find(&c->cache->log.known, hash);
	if (last != NULL && (last->changed != proof.changed || last->inode != proof.inode ||
			     last->used != proof.used || strcmp(last->boot, proof.boot) != 0 ||
			     strcmp(last->digest, proof.digest) != 0))
		return;
	if (known_find(&c->kept, hash) != NULL || !is_there(c->cache, key, key_length))
		return;
	char text[LINE_MOST + 1];
	memcpy(text, line, length);
	text[length++] = '\n';
	c->failed |= !known_put(&c->kept, hash, &proof) ||
		     write(c->out, text, length) != (ssize_t)length;
}

/* The new log, complete and on the disk, as the file NAME; whether there is anything in it. */
static bool write_new(struct cache *cache, const char *name, bool *empty)
{
	struct compaction c = {.cache = cache};
	char *piece = malloc(READ_SIZE);
	c.out = openat(cache->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	c.failed = piece == NULL || c.out < 0;
	if (!c.failed)
		each_line(&cache->log, 0, piece, READ_SIZE, keep_line, &c);
	if (c.out >= 0) {
		c.failed |= fsync(c.out) != 0;
		c.failed |= close(c.out) != 0;
	}
	*empty = c.kept.count == 0;
	known_clear(&c.kept);
	free(piece);
	return !c.failed;
}

void log_compact(struct cache *cache)
{
	struct proof_log *log = &cache->log;
	char name[CACHE_NAME];
	uint64_t size;
	bool empty = false, done = false;
	if (log->fd < 0 || !begin_writing(cache, &size))
		return;
	read_on(log); /* what another process added since */
	unused_name(name, LOG_FILE);
	if (write_new(cache, name, &empty))
		done = empty ? unlinkat(cache->fd, log->name, 0) == 0
			     : renameat(cache->fd, name, cache->fd, log->name) == 0;
	if (empty || !done)
		unlinkat(cache->fd, name, 0);
	if (done) {
		/* Others that wait for this lock see that it is another file now. */
		log_close(log);
		log->said = false;
		if (open_by_name(cache, log->name, false))
			read_on(log);
	} else {
		unlock_log(log);
	}
}
