/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What libdebuginfod.so.1 exports. Programs are compiled with elfutils' <elfutils/debuginfod.h>; a
 * test compiles this with that, so that the two cannot differ. Manual:
 * debuginfod_find_debuginfo(3); what is otherwise here: pkgnote-debuginfod(7).
 */
#ifndef LIBDEBUGINFOD_API_H
#define LIBDEBUGINFOD_API_H

typedef struct debuginfod_client debuginfod_client;
typedef int (*debuginfod_progressfn_t)(debuginfod_client *c, long a, long b);

debuginfod_client *debuginfod_begin(void);
void debuginfod_end(debuginfod_client *client);

int debuginfod_find_debuginfo(debuginfod_client *client, const unsigned char *build_id,
			      int build_id_len, char **path);
int debuginfod_find_executable(debuginfod_client *client, const unsigned char *build_id,
			       int build_id_len, char **path);
int debuginfod_find_source(debuginfod_client *client, const unsigned char *build_id,
			   int build_id_len, const char *filename, char **path);
int debuginfod_find_section(debuginfod_client *client, const unsigned char *build_id,
			    int build_id_len, const char *section, char **path);
int debuginfod_find_metadata(debuginfod_client *client, const char *key, const char *value,
			     char **path);

void debuginfod_set_progressfn(debuginfod_client *client, debuginfod_progressfn_t function);
int debuginfod_default_progressfn(debuginfod_client *client, long a, long b);
void debuginfod_set_verbose_fd(debuginfod_client *client, int fd);
void debuginfod_set_user_data(debuginfod_client *client, void *value);
void *debuginfod_get_user_data(debuginfod_client *client);
const char *debuginfod_get_url(debuginfod_client *client);
const char *debuginfod_get_headers(debuginfod_client *client);
int debuginfod_add_http_header(debuginfod_client *client, const char *header);

#endif
