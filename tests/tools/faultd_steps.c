/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What faultd does wrong: one function a behaviour, and the table of their names. It is long
 * because there is much that a server can do wrong. */
#include "faultd.h"

#include <libdeflate.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- sending --- */

static void put(struct call *call, const void *bytes, size_t size)
{
	const char *p = bytes;
	while (size > 0) {
		ssize_t sent = send(call->fd, p, size, MSG_NOSIGNAL);
		if (sent <= 0) {
			call->keep = false;
			return;
		}
		p += sent;
		size -= (size_t)sent;
	}
}

void say(struct call *call, const char *format, ...)
{
	char text[2048];
	va_list args;
	va_start(args, format);
	int length = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	put(call, text, (size_t)length);
}

static void nap(double seconds)
{
	usleep((useconds_t)(seconds * 1e6));
}

/* The next close() sends RST instead of FIN. */
static void reset(struct call *call)
{
	struct linger linger = {1, 0};
	nap(0.05); /* let what was sent arrive first */
	setsockopt(call->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	call->keep = false;
}

static void head(struct call *call, const char *more, size_t length)
{
	say(call, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n%s\r\n", length, more);
}

/* --- files --- */

void load(struct call *call, const char *name)
{
	char path[8192];
	snprintf(path, sizeof(path), "%s%s", root, name);
	FILE *file = fopen(path, "r");
	free(call->body);
	call->body = NULL;
	call->size = 0;
	if (file == NULL)
		return;
	fseek(file, 0, SEEK_END);
	call->size = (size_t)ftell(file);
	rewind(file);
	call->body = malloc(call->size + 1);
	if (fread(call->body, 1, call->size, file) != call->size)
		call->size = 0;
	fclose(file);
}

static void gzip(struct call *call)
{
	struct libdeflate_compressor *deflate = libdeflate_alloc_compressor(1);
	size_t room = libdeflate_gzip_compress_bound(deflate, call->size);
	char *out = malloc(room);
	call->size = libdeflate_gzip_compress(deflate, call->body, call->size, out, room);
	libdeflate_free_compressor(deflate);
	free(call->body);
	call->body = out;
}

/* --- behaviours --- */

static void do_ok(struct call *c)
{
	char size[64];
	snprintf(size, sizeof(size), "X-DEBUGINFOD-SIZE: %zu\r\n", c->size);
	head(c, size, c->size);
	put(c, c->body, c->size);
}

static void do_plain(struct call *c)
{
	head(c, "", c->size);
	put(c, c->body, c->size);
}

static void chunks(struct call *c, const char *more, size_t most, bool end)
{
	say(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n%s\r\n", more);
	for (size_t at = 0; at < most;) {
		size_t size = most - at < 1000 ? most - at : 1000;
		say(c, "%zx\r\n", size);
		put(c, c->body + at, size);
		say(c, "\r\n");
		at += size;
	}
	if (end)
		say(c, "0\r\n\r\n");
	else
		c->keep = false;
}

static void do_chunked(struct call *c)
{
	chunks(c, "", c->size, true);
}

static void do_chunked_short(struct call *c)
{
	chunks(c, "", c->size / 2, false);
}

static void do_chunked_cut(struct call *c)
{
	chunks(c, "", c->size / 2, true);
}

static void do_chunked_garbage(struct call *c)
{
	say(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nxxxx\r\n");
	c->keep = false;
}

static void do_no_length(struct call *c)
{
	say(c, "HTTP/1.0 200 OK\r\n\r\n");
	put(c, c->body, c->size);
	c->keep = false;
}

static void do_no_length_short(struct call *c)
{
	c->size /= 2;
	do_no_length(c);
}

static void do_reset_early(struct call *c)
{
	reset(c);
}

static void do_close_early(struct call *c)
{
	c->keep = false;
}

static void do_reset_headers(struct call *c)
{
	say(c, "HTTP/1.1 200 OK\r\nContent-Le");
	reset(c);
}

static void do_close_headers(struct call *c)
{
	say(c, "HTTP/1.1 200 OK\r\nContent-Le");
	c->keep = false;
}

static void do_reset_body(struct call *c)
{
	head(c, "", c->size);
	put(c, c->body, c->size / 2);
	reset(c);
}

static void do_close_body(struct call *c)
{
	head(c, "", c->size);
	put(c, c->body, c->size / 2);
	c->keep = false;
}

static void do_close_last_byte(struct call *c)
{
	head(c, "", c->size);
	put(c, c->body, c->size - 1);
	c->keep = false;
}

static void do_stall_connect(struct call *c)
{
	nap(8);
	c->keep = false;
}

static void do_stall_headers(struct call *c)
{
	say(c, "HTTP/1.1 200 OK\r\nX-");
	nap(8);
	c->keep = false;
}

static void do_stall_body(struct call *c)
{
	head(c, "", c->size);
	put(c, c->body, c->size / 2);
	nap(8);
	c->keep = false;
}

static void do_drip_headers(struct call *c)
{
	say(c, "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i < 80; i++) {
		say(c, "X-Drip-%d: 1\r\n", i);
		nap(0.1);
	}
	c->keep = false;
}

static void do_drip_body(struct call *c)
{
	head(c, "", c->size);
	for (int i = 0; i < 80; i++) {
		put(c, c->body + i, 1);
		nap(0.1);
	}
	c->keep = false;
}

static void do_slow_headers(struct call *c)
{
	nap(0.4);
	do_ok(c);
}

static void do_slow_body(struct call *c)
{
	head(c, "", c->size);
	for (size_t at = 0; at < c->size; at += c->size / 8 + 1) {
		size_t left = c->size - at;
		put(c, c->body + at, left < c->size / 8 + 1 ? left : c->size / 8 + 1);
		nap(0.05);
	}
}

static void do_long(struct call *c)
{
	do_plain(c);
	say(c, "and some bytes more");
	c->keep = false;
}

static void do_length_less(struct call *c)
{
	head(c, "", c->size - 100);
	put(c, c->body, c->size);
	c->keep = false;
}

static void do_size_more(struct call *c)
{
	char size[64];
	snprintf(size, sizeof(size), "X-DEBUGINFOD-SIZE: %zu\r\n", c->size + 1);
	head(c, size, c->size);
	put(c, c->body, c->size);
}

static void do_size_less_chunked(struct call *c)
{
	char size[64];
	snprintf(size, sizeof(size), "X-DEBUGINFOD-SIZE: %zu\r\n", c->size - 1);
	chunks(c, size, c->size, true);
}

static void do_size_more_chunked(struct call *c)
{
	char size[64];
	snprintf(size, sizeof(size), "X-DEBUGINFOD-SIZE: %zu\r\n", c->size + 1);
	chunks(c, size, c->size, true);
}

static void do_size_word(struct call *c)
{
	head(c, "X-DEBUGINFOD-SIZE: many\r\n", c->size);
	put(c, c->body, c->size);
}

static void do_two_lengths(struct call *c)
{
	say(c, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nContent-Length: %zu\r\n\r\n", c->size,
	    c->size - 1);
	put(c, c->body, c->size);
	c->keep = false;
}

static void do_negative_length(struct call *c)
{
	say(c, "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n");
	put(c, c->body, c->size);
	c->keep = false;
}

static void do_huge_length(struct call *c)
{
	say(c, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n");
	put(c, c->body, c->size);
	c->keep = false;
}

static void do_not_elf(struct call *c)
{
	c->size = (size_t)sprintf(c->body, "this is no ELF file");
	do_plain(c);
}

static void do_html(struct call *c)
{
	c->size = (size_t)sprintf(c->body, "<html>please log in</html>");
	head(c, "Content-Type: text/html; charset=utf-8\r\n", c->size);
	put(c, c->body, c->size);
}

static void do_truncated(struct call *c)
{
	c->size = c->size * 3 / 4;
	do_plain(c);
}

static void do_header_only(struct call *c)
{
	c->size = 64;
	do_plain(c);
}

static void do_magic_only(struct call *c)
{
	c->size = 4;
	do_plain(c);
}

static void do_empty(struct call *c)
{
	c->size = 0;
	do_plain(c);
}

static void do_empty_chunked(struct call *c)
{
	chunks(c, "", 0, true);
}

static void do_wrong_id(struct call *c)
{
	load(c, "/wrong/other");
	do_ok(c);
}

static void do_no_id(struct call *c)
{
	load(c, "/wrong/noid");
	do_ok(c);
}

static void do_executable(struct call *c)
{
	load(c, "/wrong/executable");
	do_ok(c);
}

static void do_debug_file(struct call *c)
{
	load(c, "/wrong/debuginfo");
	do_ok(c);
}

static void do_gzip(struct call *c)
{
	char more[128];
	snprintf(more, sizeof(more), "Content-Encoding: gzip\r\nX-DEBUGINFOD-SIZE: %zu\r\n",
		 c->size);
	gzip(c);
	head(c, more, c->size);
	put(c, c->body, c->size);
}

static void do_gzip_no_size(struct call *c)
{
	gzip(c);
	head(c, "Content-Encoding: gzip\r\n", c->size);
	put(c, c->body, c->size);
}

static void do_gzip_chunked(struct call *c)
{
	gzip(c);
	chunks(c, "Content-Encoding: gzip\r\n", c->size, true);
}

static void do_gzip_corrupt(struct call *c)
{
	gzip(c);
	memset(c->body + c->size / 2, 0x55, 64);
	head(c, "Content-Encoding: gzip\r\n", c->size);
	put(c, c->body, c->size);
}

static void do_gzip_cut(struct call *c)
{
	gzip(c);
	c->size /= 2;
	head(c, "Content-Encoding: gzip\r\n", c->size);
	put(c, c->body, c->size);
}

static void do_gzip_not(struct call *c)
{
	head(c, "Content-Encoding: gzip\r\n", c->size);
	put(c, c->body, c->size);
}

static void do_encoding_unknown(struct call *c)
{
	head(c, "Content-Encoding: shrunk\r\n", c->size);
	put(c, c->body, c->size);
}

static void do_bomb(struct call *c)
{
	const size_t size = 160u << 20;
	char *big = calloc(1, size);
	memcpy(big, c->body, c->size);
	free(c->body);
	c->body = big;
	c->size = size;
	gzip(c);
	head(c, "Content-Encoding: gzip\r\n", c->size);
	put(c, c->body, c->size);
	c->keep = false;
}

static void do_endless(struct call *c)
{
	static char zeros[65536];
	say(c, "HTTP/1.0 200 OK\r\n\r\n");
	put(c, c->body, c->size);
	for (int i = 0; i < 4096; i++)
		if (send(c->fd, zeros, sizeof(zeros), MSG_NOSIGNAL) <= 0)
			break;
	c->keep = false;
}

static void redirect(struct call *c, const char *status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void redirect(struct call *c, const char *status, const char *format, ...)
{
	char to[6000];
	va_list args;
	va_start(args, format);
	vsnprintf(to, sizeof(to), format, args);
	va_end(args);
	say(c, "HTTP/1.1 %s Moved\r\nContent-Length: 0\r\nLocation: %.1500s\r\n\r\n", status, to);
}

/* The tag of what a redirect of TAG=... leads to is TAGr. */
static void redirect_ok(struct call *c, const char *status, const char *host)
{
	char tag[512];
	snprintf(tag, sizeof(tag), "%s", c->prefix);
	tag[strcspn(tag, "=")] = '\0';
	if (host[0] != '\0')
		redirect(c, status, "http://%s:%u%sr=ok%s", host, port, tag, c->path);
	else
		redirect(c, status, "%sr=ok%s", tag, c->path);
}

static void do_redirect(struct call *c)
{
	redirect_ok(c, "302", "127.0.0.1");
}

static void do_redirect_301(struct call *c)
{
	redirect_ok(c, "301", "127.0.0.1");
}

static void do_redirect_307(struct call *c)
{
	redirect_ok(c, "307", "");
}

static void do_redirect_308(struct call *c)
{
	redirect_ok(c, "308", "");
}

static void do_redirect_host(struct call *c)
{
	redirect_ok(c, "302", "localhost");
}

static void do_redirect_loop(struct call *c)
{
	redirect(c, "302", "http://127.0.0.1:%u%s%s", port, c->prefix, c->path);
}

static void do_redirect_file(struct call *c)
{
	redirect(c, "302", "file://%s%s", root, c->path);
}

static void do_redirect_ftp(struct call *c)
{
	redirect(c, "302", "ftp://127.0.0.1:%u%s", port, c->path);
}

static void do_redirect_nowhere(struct call *c)
{
	say(c, "HTTP/1.1 302 Moved\r\nContent-Length: 0\r\n\r\n");
}

static void do_redirect_dead(struct call *c)
{
	redirect(c, "302", "http://127.0.0.1:1/x");
}

static void do_interim(struct call *c)
{
	say(c, "HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n");
	do_ok(c);
}

static void do_garbage(struct call *c)
{
	say(c, "220 mail.example ESMTP\r\n");
	c->keep = false;
}

static void do_huge_header(struct call *c)
{
	say(c, "HTTP/1.1 200 OK\r\nX-Big: ");
	for (int i = 0; i < 4000; i++)
		say(c, "%0100d", i);
	say(c, "\r\n\r\n");
	c->keep = false;
}

static void do_error_page(struct call *c)
{
	static char page[1 << 20];
	memset(page, 'x', sizeof(page));
	say(c, "HTTP/1.1 404 Not Found\r\nContent-Length: %zu\r\n\r\n", sizeof(page));
	put(c, page, sizeof(page));
	c->keep = false;
}

static void do_error_page_cut(struct call *c)
{
	say(c, "HTTP/1.1 404 Not Found\r\nContent-Length: 1000\r\n\r\nnot");
	c->keep = false;
}

const struct step steps[] = {
#define STEP(name)               \
	{                        \
#name, do_##name \
	}
	STEP(ok),
	STEP(plain),
	STEP(chunked),
	STEP(chunked_short),
	STEP(chunked_cut),
	STEP(chunked_garbage),
	STEP(no_length),
	STEP(no_length_short),
	STEP(reset_early),
	STEP(close_early),
	STEP(reset_headers),
	STEP(close_headers),
	STEP(reset_body),
	STEP(close_body),
	STEP(close_last_byte),
	STEP(stall_connect),
	STEP(stall_headers),
	STEP(stall_body),
	STEP(drip_headers),
	STEP(drip_body),
	STEP(slow_headers),
	STEP(slow_body),
	STEP(long),
	STEP(length_less),
	STEP(size_more),
	STEP(size_less_chunked),
	STEP(size_more_chunked),
	STEP(size_word),
	STEP(two_lengths),
	STEP(negative_length),
	STEP(huge_length),
	STEP(not_elf),
	STEP(html),
	STEP(truncated),
	STEP(header_only),
	STEP(magic_only),
	STEP(empty),
	STEP(empty_chunked),
	STEP(wrong_id),
	STEP(no_id),
	STEP(executable),
	STEP(debug_file),
	STEP(gzip),
	STEP(gzip_no_size),
	STEP(gzip_chunked),
	STEP(gzip_corrupt),
	STEP(gzip_cut),
	STEP(gzip_not),
	STEP(encoding_unknown),
	STEP(bomb),
	STEP(endless),
	STEP(redirect),
	STEP(redirect_301),
	STEP(redirect_307),
	STEP(redirect_308),
	STEP(redirect_host),
	STEP(redirect_loop),
	STEP(redirect_file),
	STEP(redirect_ftp),
	STEP(redirect_nowhere),
	STEP(redirect_dead),
	STEP(interim),
	STEP(garbage),
	STEP(huge_header),
	STEP(error_page),
	STEP(error_page_cut),
};

const size_t step_count = sizeof(steps) / sizeof(steps[0]);
