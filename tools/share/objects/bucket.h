/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a share without links keeps its objects: a bucket of an object store (tools/s3), or a
 * directory in which each object is a plain file of its own (files.c), for file systems that make
 * no links. The requests are the former's; what each function does is told in s3.h.
 */
#ifndef SHARE_OBJECTS_BUCKET_H
#define SHARE_OBJECTS_BUCKET_H

#include "tools/s3/s3.h"

struct bucket;
struct share;

/* LOCATION is "s3://BUCKET/PREFIX" or a directory, which is there. */
int bucket_open(struct bucket **out, const char *location, const struct share *share,
		unsigned parallel, struct note_error *err);
void bucket_close(struct bucket *bucket); /* NULL is allowed */

/* Whether what a process asked for may still be under way once it is dead. */
bool bucket_is_far(const struct bucket *bucket);

/* The mode of new files where it is a directory. */
void bucket_set_mode(struct bucket *bucket, mode_t mode);

int bucket_judge_key(const struct bucket *bucket, const char *key, struct note_error *err);

/* Whether two keys that differ in case alone are one: only a directory may say so. */
bool bucket_folds_case(const struct bucket *bucket);

int bucket_run(struct bucket *bucket, struct s3_request *requests, size_t count,
	       void (*done)(void *context, struct s3_request *request), void *context,
	       struct note_error *err);
bool bucket_wants_parts(const struct bucket *bucket, uint64_t size);
int bucket_put_parts(struct bucket *bucket, const struct s3_request *put, struct note_error *err);

/* Of a directory: put and delete, which are for what steers a share, wait until all that was done
 * before, and they, are on the disk. */
int bucket_get(struct bucket *bucket, const char *key, struct text *out, struct note_error *err);
int bucket_put(struct bucket *bucket, const char *key, const char *text, struct note_error *err);
int bucket_delete(struct bucket *bucket, const char *key, struct note_error *err);

int bucket_list(struct bucket *bucket, const char *prefix, bool groups, s3_visit *visit,
		void *context, struct note_error *err);

/* --- files.c --- */

/* The same of a directory. ROOT is reached by one thread at a time. */
int files_judge_key(const char *key, struct note_error *err);
int files_run(struct root *root, mode_t mode, struct s3_request *requests, size_t count,
	      void (*done)(void *context, struct s3_request *request), void *context,
	      struct note_error *err);
int files_list(struct root *root, const char *prefix, bool groups, s3_visit *visit, void *context,
	       struct note_error *err);
bool files_fold_case(struct root *root);

#endif
