/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inputs as units of reading. Whatever the input is, reading a unit hands over its members one by
 * one, each a whole ELF file or source; nothing is unpacked to disk.
 */
#ifndef RELEASE_INPUTS_INPUT_H
#define RELEASE_INPUTS_INPUT_H

#include "libnote/core/core.h"
#include "tools/base/root/root.h"
#include "tools/base/text.h"
#include "tools/release/artifact.h"

struct member {
	const char *input; /* as it was named */
	const char *path;  /* inside it, with a leading slash; the name of a lone file */
	enum artifact_role role;
	struct image *image; /* all of the file; NULL where only facts are known, as below */
	const struct package_facts *package;
	const struct manifest_file *entry; /* of a manifest that is the input */
	const struct module *module;       /* of a core */
	const char *build_id;              /* of a list of build-ids */
	const char *passed_over;           /* why it is not looked into: a static string */
	const char *problem;               /* why its bytes cannot be had */
};

typedef void member_visit(void *context, const struct member *member);

/* What can be read by itself: a file of a directory, a lone file, a package. */
struct unit {
	const struct input_kind *kind;
	const char *input; /* the list's */
	struct root *root; /* where PATH lies, or NULL; the list's */
	char *path;
	enum artifact_role role;     /* of a file; a package's members have their own */
	bool unseen;                 /* a package that was not looked into: it may hold anything */
	unsigned holds;              /* roles that were seen in it while it was read for others */
	struct package_facts *facts; /* of a package, once it was read; for the run's life */
	struct manifest *manifest;   /* the same of a manifest */
};

/* A kind of input, each in a file of its own. */
struct input_kind {
	const char *name;
	/* Hands over the members whose role is among ROLES (or-ed). Called by several threads at
	 * once for different units. */
	int (*read)(struct unit *unit, unsigned roles, member_visit *visit, void *context,
		    struct note_error *err);
};

extern const struct input_kind directory_input;
extern const struct input_kind elf_input;
extern const struct input_kind package_input;
extern const struct input_kind manifest_input;
extern const struct input_kind core_input;
extern const struct input_kind build_ids_input;
extern const struct input_kind archive_input;
extern const struct input_kind layout_input; /* an OCI image layout, by its directory */
extern const struct input_kind stored_input; /* a compressed core, program or archive */

struct units {
	struct unit *items;
	size_t count;
	struct strings inputs; /* the names */
	struct root **roots;
	size_t root_count;
	int *kept; /* what standard input had */
	size_t kept_count;
	struct strings told; /* an input's name and what is to be told of it, by turns */
};

/* Told of an input, or a file of it, that cannot be read. */
typedef void units_fail(void *context, const char *path, const struct note_error *err);

/* Finds out what INPUT is ("-": what comes by standard input) and adds its units; a directory that
 * cannot be read in part is told to FAIL and the rest goes on. NOTE_UNSUPPORTED where it is nothing
 * that verify reads. */
int units_add(struct units *units, const char *input, units_fail *fail, void *context,
	      struct note_error *err);

/* For the kinds: a new unit, zeroed but for KIND and INPUT; valid until the next one. */
struct unit *units_append(struct units *units, const struct input_kind *kind, const char *input);

void units_free(struct units *units);

/* --- for the kinds --- */

/* Opens the file that UNIT is. */
int unit_open(const struct unit *unit, int *fd, struct note_error *err);

/* A copy of NAME that lives as long as UNITS. */
const char *units_name(struct units *units, const char *name);

/* Adds what the .changes or .buildinfo file INPUT (open as FD) names. */
int changes_add(struct units *units, const char *input, int fd, units_fail *fail, void *context,
		struct note_error *err);

/* Adds each regular file below the directory INPUT. */
int directory_add(struct units *units, const char *input, units_fail *fail, void *context,
		  struct note_error *err);

/* Whether a file that begins so is a core: CORE_HEAD bytes tell. */
#define CORE_HEAD 18
bool core_is_head(const char *head, size_t size);

/* Hands over the modules of the core behind FD. */
int core_from_fd(const struct unit *unit, int fd, member_visit *visit, void *context,
		 struct note_error *err);

/* Whether TEXT is a list of build-ids: hexadecimal, one a line; blank lines and what follows a
 * '#' do not count. */
bool build_ids_is_list(const char *text, size_t size);

/* Hands over the file PATH whose beginning is IMAGE, all of it where content_is_read() says so;
 * other contents are left out. */
int member_from_image(const struct unit *unit, const char *path, enum artifact_role role,
		      struct image *image, member_visit *visit, void *context,
		      struct note_error *err);

/* The same of a file that was read to where that ends. */
int member_from_bytes(const struct unit *unit, const char *path, enum artifact_role role,
		      const struct text *bytes, member_visit *visit, void *context,
		      struct note_error *err);

/* The same of the file behind FD, where its role is among ROLES. */
int member_from_fd(const struct unit *unit, const char *path, enum artifact_role role, int fd,
		   unsigned roles, member_visit *visit, void *context, struct note_error *err);

#endif
