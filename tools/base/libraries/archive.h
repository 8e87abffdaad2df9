/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libarchive, loaded when it is first needed: archive_read_new() is libarchive.read_new(). */
#ifndef BASE_LIBRARIES_ARCHIVE_H
#define BASE_LIBRARIES_ARCHIVE_H

#include <archive.h>
#include <archive_entry.h>

#include "tools/base/libraries/library.h"

#define ARCHIVE_FUNCTIONS(X)             \
	X(entry_filetype)                \
	X(entry_free)                    \
	X(entry_hardlink)                \
	X(entry_mode)                    \
	X(entry_new)                     \
	X(entry_pathname)                \
	X(entry_set_filetype)            \
	X(entry_set_pathname)            \
	X(entry_size)                    \
	X(entry_symlink)                 \
	X(error_string)                  \
	X(filter_bytes)                  \
	X(format)                        \
	X(read_data)                     \
	X(read_data_block)               \
	X(read_data_skip)                \
	X(read_free)                     \
	X(read_new)                      \
	X(read_next_header)              \
	X(read_open)                     \
	X(read_open1)                    \
	X(read_set_callback_data)        \
	X(read_set_read_callback)        \
	X(read_set_seek_callback)        \
	X(read_set_skip_callback)        \
	X(read_support_filter_bzip2)     \
	X(read_support_filter_gzip)      \
	X(read_support_filter_lz4)       \
	X(read_support_filter_lzma)      \
	X(read_support_filter_xz)        \
	X(read_support_filter_zstd)      \
	X(read_support_format_cpio)      \
	X(read_support_format_empty)     \
	X(read_support_format_raw)       \
	X(read_support_format_tar)       \
	X(read_support_format_zip)       \
	X(set_error)                     \
	X(write_add_filter_gzip)         \
	X(write_add_filter_zstd)         \
	X(write_close)                   \
	X(write_data)                    \
	X(write_free)                    \
	X(write_header)                  \
	X(write_new)                     \
	X(write_open)                    \
	X(write_set_bytes_in_last_block) \
	X(write_set_filter_option)       \
	X(write_set_format_raw)

struct archive_library {
#define POINTER(name) __typeof__(&archive_##name) name;
	ARCHIVE_FUNCTIONS(POINTER)
#undef POINTER
};

/* Valid once archive_library_load() has returned NOTE_OK. */
extern struct archive_library libarchive;

/* As library_load(). */
int archive_library_load(struct note_error *err);

#endif
