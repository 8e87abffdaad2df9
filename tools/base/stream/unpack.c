/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Decompressors that stop where what they unpack ends: see internal.h. xz and zstd by their own
 * libraries, since libarchive takes whatever follows for more of the same; the others by
 * libarchive, which says how much it has consumed.
 *
 * Magics: RFC 1952 (gzip), RFC 8878 (zstd), xz-file-format.txt, lz4_Frame_format.md (with the
 * legacy frames that the kernel's initrd has), bzip2's "BZh", and xz-utils' lzma-file-format.txt,
 * whose header has no magic: 0x5d, a dictionary of 2^n or 2^n + 2^(n-1) bytes.
 */
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "libnote/error.h"
#include "libnote/span.h"
#include "tools/base/libraries/archive.h"
#include "tools/base/stream/internal.h"
#include "tools/base/text.h"

#define LEGACY_LZ4  "\x02\x21\x4c\x18"
#define MOST_BLOCK  ((8u << 20) + (8u << 20) / 255 + 16) /* of legacy lz4, packed */
#define MOST_MEMORY (UINT64_C(1) << 30)                  /* of an xz dictionary */

struct lz4 {
	bool begun, legacy, ended;
	uint8_t flags;
	uint64_t left; /* of the part at hand */
};

struct unpacker {
	enum packing packing;
	struct source *source;
	lzma_stream xz;
	ZSTD_DStream *zstd;
	struct archive *other;
	uint64_t given; /* bytes of the source that libarchive got */
	struct lz4 lz4;
	bool ended;
};

static bool is_lzma(const uint8_t *head, size_t size)
{
	return size >= 13 && head[0] == 0x5d && head[1] == 0 && head[2] == 0 &&
	       (head[12] == 0 || head[12] == 0xff);
}

enum packing packing_of(const uint8_t *head, size_t size)
{
	static const struct {
		const char *bytes;
		size_t size;
		enum packing packing;
	} magics[] = {
		{"\x1f\x8b", 2, PACKED_GZIP},        {"BZh", 3, PACKED_BZIP2},
		{"\xfd\x37zXZ\0", 6, PACKED_XZ},     {"\x28\xb5\x2f\xfd", 4, PACKED_ZSTD},
		{"\x04\x22\x4d\x18", 4, PACKED_LZ4}, {LEGACY_LZ4, 4, PACKED_LZ4},
	};
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		if (size >= magics[i].size && memcmp(head, magics[i].bytes, magics[i].size) == 0)
			return magics[i].packing;
	return is_lzma(head, size) ? PACKED_OTHER : NOT_PACKED;
}

bool stream_is_packed_head(const void *head, size_t size)
{
	return packing_of(head, size) != NOT_PACKED;
}

static int broken(const char *what, struct note_error *err)
{
	return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET, "%s", what);
}

/* --- libarchive --- */

/* Where a frame of lz4 ends: libarchive looks, and takes, too far. A frame is a header, blocks with
 * their sizes before them, a size of 0, a checksum; a legacy one has no end but a size that is
 * none. */
static void next_part(struct lz4 *lz4, struct span head)
{
	const uint32_t size = head.size >= 4 ? span_u32(head, 0, false) : 0;
	if (!lz4->begun) {
		lz4->begun = true;
		lz4->flags = head.size > 4 ? head.bytes[4] : 0;
		lz4->legacy = memcmp(head.bytes, LEGACY_LZ4, 4) == 0;
		lz4->left =
			lz4->legacy ? 4 : 7 + (lz4->flags & 8 ? 8 : 0) + (lz4->flags & 1 ? 4 : 0);
	} else if (lz4->legacy) {
		lz4->ended = size == 0 || size > MOST_BLOCK;
		lz4->left = lz4->ended ? 0 : 4 + (uint64_t)size;
	} else if (!lz4->ended) {
		lz4->ended = size == 0;
		lz4->left = 4 + (uint64_t)(size & 0x7fffffff) +
			    (lz4->flags & (lz4->ended ? 4 : 16) ? 4 : 0);
	}
}

/* How much of what is there belongs to the frame; 0 at its end. */
static size_t of_frame(struct unpacker *unpacker)
{
	struct lz4 *lz4 = &unpacker->lz4;
	const size_t there = source_there(unpacker->source);
	if (lz4->left == 0 && there != 0)
		next_part(lz4, (struct span){source_bytes(unpacker->source), there});
	const size_t part = lz4->left < there ? (size_t)lz4->left : there;
	lz4->left -= part;
	return part;
}

static la_ssize_t give(struct archive *archive, void *context, const void **bytes)
{
	struct unpacker *unpacker = context;
	struct source *source = unpacker->source;
	struct note_error error;
	const bool lz4 = unpacker->packing == PACKED_LZ4;
	if (source_fill(source, lz4 ? 8 : 1, SOURCE_BLOCK, &error) != NOTE_OK) {
		libarchive.set_error(archive, 1, "%s", error.text);
		return -1;
	}
	const size_t size = lz4 ? of_frame(unpacker) : source_there(source);
	*bytes = source_bytes(source);
	source_consume(source, size);
	unpacker->given += size;
	return (la_ssize_t)size;
}

static int other_broken(struct unpacker *unpacker, struct note_error *err)
{
	const char *why = libarchive.error_string(unpacker->other);
	return broken(why != NULL ? why : "it cannot be unpacked", err);
}

static int other_open(struct unpacker *unpacker, struct note_error *err)
{
	struct archive_entry *entry;
	const int code = archive_library_load(err);
	if (code != NOTE_OK)
		return code;
	struct archive *a = unpacker->other = libarchive.read_new();
	libarchive.read_support_filter_gzip(a);
	libarchive.read_support_filter_bzip2(a);
	libarchive.read_support_filter_lzma(a);
	libarchive.read_support_filter_lz4(a);
	libarchive.read_support_format_raw(a);
	libarchive.read_support_format_empty(a);
	int got = libarchive.read_open(a, unpacker, NULL, give, NULL);
	if (got == ARCHIVE_OK)
		got = libarchive.read_next_header(a, &entry);
	unpacker->ended = got == ARCHIVE_EOF;
	return got == ARCHIVE_OK || got == ARCHIVE_EOF ? NOTE_OK : other_broken(unpacker, err);
}

/* What libarchive looked at and did not consume is the next run's. */
static int other_end(struct unpacker *unpacker, struct note_error *err)
{
	const la_int64_t used = libarchive.filter_bytes(unpacker->other, -1);
	unpacker->ended = true;
	if (used < 0 || (uint64_t)used > unpacker->given ||
	    !source_give_back(unpacker->source, unpacker->given - (uint64_t)used))
		return broken("it is not known where what is compressed ends", err);
	return NOTE_OK;
}

static int other_read(struct unpacker *unpacker, uint8_t *out, size_t room, size_t *got,
		      struct note_error *err)
{
	const la_ssize_t size =
		unpacker->ended ? 0 : libarchive.read_data(unpacker->other, out, room);
	if (size < 0)
		return other_broken(unpacker, err);
	*got = (size_t)size;
	return size == 0 ? other_end(unpacker, err) : NOTE_OK;
}

/* --- zstd --- */

static int zstd_read(struct unpacker *unpacker, uint8_t *out, size_t room, size_t *got,
		     struct note_error *err)
{
	struct source *source = unpacker->source;
	ZSTD_outBuffer to = {out, room, 0};
	while (to.pos == 0 && !unpacker->ended) {
		const int code = source_fill(source, 1, SOURCE_BLOCK, err);
		if (code != NOTE_OK)
			return code;
		ZSTD_inBuffer from = {source_bytes(source), source_there(source), 0};
		const size_t left = ZSTD_decompressStream(unpacker->zstd, &to, &from);
		if (ZSTD_isError(left))
			return broken(ZSTD_getErrorName(left), err);
		if (from.size == 0 && to.pos == 0)
			return broken("truncated zstd data", err);
		source_consume(source, from.pos);
		unpacker->ended = left == 0;
	}
	*got = to.pos;
	return NOTE_OK;
}

/* --- xz --- */

static const char *xz_text(lzma_ret ret)
{
	switch (ret) {
	case LZMA_BUF_ERROR:
		return "truncated xz data";
	case LZMA_MEMLIMIT_ERROR:
		return "xz data whose dictionary takes over 1 GiB of memory";
	case LZMA_MEM_ERROR:
		return "xz data that takes more memory than there is";
	case LZMA_OPTIONS_ERROR:
		return "xz data with options that liblzma does not know";
	default:
		return "damaged xz data";
	}
}

static int xz_read(struct unpacker *unpacker, uint8_t *out, size_t room, size_t *got,
		   struct note_error *err)
{
	struct source *source = unpacker->source;
	lzma_stream *xz = &unpacker->xz;
	xz->next_out = out;
	xz->avail_out = room;
	while (xz->avail_out == room && !unpacker->ended) {
		const int code = source_fill(source, 1, SOURCE_BLOCK, err);
		if (code != NOTE_OK)
			return code;
		const size_t there = source_there(source);
		xz->next_in = source_bytes(source);
		xz->avail_in = there;
		const lzma_ret ret = lzma_code(xz, there == 0 ? LZMA_FINISH : LZMA_RUN);
		source_consume(source, there - xz->avail_in);
		unpacker->ended = ret == LZMA_STREAM_END;
		if (ret != LZMA_OK && ret != LZMA_STREAM_END)
			return broken(xz_text(ret), err);
		if (there == 0 && ret == LZMA_OK && xz->avail_out == room)
			return broken(xz_text(LZMA_BUF_ERROR), err);
	}
	*got = room - xz->avail_out;
	return NOTE_OK;
}

/* --- any --- */

static int open_kind(struct unpacker *unpacker, struct note_error *err)
{
	if (unpacker->packing == PACKED_ZSTD) {
		unpacker->zstd = ZSTD_createDStream();
		return unpacker->zstd != NULL
			       ? NOTE_OK
			       : error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "out of memory");
	}
	if (unpacker->packing == PACKED_XZ) {
		const lzma_ret ret = lzma_stream_decoder(&unpacker->xz, MOST_MEMORY, 0);
		return ret == LZMA_OK ? NOTE_OK : broken(xz_text(ret), err);
	}
	return other_open(unpacker, err);
}

int unpacker_open(struct unpacker **out, enum packing packing, struct source *source,
		  struct note_error *err)
{
	struct unpacker *unpacker = xcalloc(1, sizeof(*unpacker));
	*out = NULL;
	unpacker->packing = packing;
	unpacker->source = source;
	const int code = open_kind(unpacker, err);
	if (code == NOTE_OK)
		*out = unpacker;
	else
		unpacker_close(unpacker);
	return code;
}

int unpacker_read(struct unpacker *unpacker, uint8_t *out, size_t room, size_t *got,
		  struct note_error *err)
{
	*got = 0;
	switch (unpacker->packing) {
	case PACKED_ZSTD:
		return zstd_read(unpacker, out, room, got, err);
	case PACKED_XZ:
		return xz_read(unpacker, out, room, got, err);
	default:
		return other_read(unpacker, out, room, got, err);
	}
}

void unpacker_close(struct unpacker *unpacker)
{
	if (unpacker == NULL)
		return;
	if (unpacker->other != NULL)
		libarchive.read_free(unpacker->other);
	ZSTD_freeDStream(unpacker->zstd);
	lzma_end(&unpacker->xz);
	free(unpacker);
}
