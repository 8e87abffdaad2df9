/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The public face of the readers: opaque handles over images, as libnote.h describes them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "describe.h"
#include "error.h"
#include "judge/check.h"
#include "payload/payload.h"
#include "static_archive.h"

struct note_file {
	struct image *image;
	int fd; /* to close, or -1 */
	enum note_kind kind;
	struct pe pe;
};

/* Finds out what FILE is; its image is there. */
static int classify(struct note_file *file, bool may_be_archive, struct note_error *err)
{
	int code = image_read_elf(file->image, err);
	if (code == NOTE_OK)
		file->kind = elf_file_kind(file->image);
	if (code != NOTE_ABSENT)
		return code;
	code = pe_read(&file->pe, file->image, err);
	if (code == NOTE_OK)
		file->kind = NOTE_KIND_PE;
	if (code != NOTE_ABSENT)
		return code;
	if (!may_be_archive || !static_archive_is_one(file->image))
		return error_set(err, NOTE_ABSENT, 0, "not an ELF file, PE image or archive");
	file->kind = NOTE_KIND_ARCHIVE;
	return NOTE_OK;
}

static int new_file(struct note_file **out, int fd, struct note_error *err)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return error_system(err, "file");
	(*out)->fd = fd;
	return NOTE_OK;
}

/* Ends an opening: FILE is good or gone. */
static int finish_open(struct note_file **out, struct note_file *file, int code,
		       struct note_error *err)
{
	if (code == NOTE_OK)
		code = classify(file, true, err);
	if (code != NOTE_OK) {
		note_file_close(file);
		file = NULL;
	}
	*out = file;
	return code;
}

int note_file_open(struct note_file **out, const char *path, struct note_error *err)
{
	struct note_file *file;
	*out = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return error_system(err, "open");
	int code = new_file(&file, fd, err);
	if (code != NOTE_OK) {
		close(fd);
		return code;
	}
	return finish_open(out, file, image_open_fd(&file->image, fd, err), err);
}

int note_file_open_fd(struct note_file **out, int fd, struct note_error *err)
{
	struct note_file *file;
	*out = NULL;
	int code = new_file(&file, -1, err);
	if (code != NOTE_OK)
		return code;
	return finish_open(out, file, image_open_fd(&file->image, fd, err), err);
}

int note_file_open_memory(struct note_file **out, const void *bytes, size_t size,
			  struct note_error *err)
{
	struct note_file *file;
	*out = NULL;
	int code = new_file(&file, -1, err);
	if (code != NOTE_OK)
		return code;
	return finish_open(out, file, image_open_memory(&file->image, bytes, size, err), err);
}

void note_file_close(struct note_file *file)
{
	if (file == NULL)
		return;
	image_close(file->image);
	if (file->fd >= 0)
		close(file->fd);
	free(file);
}

enum note_kind note_file_kind(const struct note_file *file)
{
	return file->kind;
}

static bool is_elf(const struct note_file *file)
{
	return file->kind != NOTE_KIND_PE && file->kind != NOTE_KIND_ARCHIVE;
}

const char *note_file_machine(const struct note_file *file)
{
	if (file->kind == NOTE_KIND_PE)
		return pe_machine_name(file->pe.machine);
	if (file->kind == NOTE_KIND_ARCHIVE)
		return "none";
	return elf_machine_name(file->image->ehdr.e_machine, file->image->is_64,
				file->image->is_big);
}

unsigned note_file_machine_number(const struct note_file *file)
{
	if (file->kind == NOTE_KIND_PE)
		return file->pe.machine;
	return is_elf(file) ? file->image->ehdr.e_machine : 0;
}

unsigned note_file_class(const struct note_file *file)
{
	if (file->kind == NOTE_KIND_ARCHIVE)
		return 0;
	return (file->kind == NOTE_KIND_PE ? file->pe.is_64 : file->image->is_64) ? 64 : 32;
}

int note_file_is_big_endian(const struct note_file *file)
{
	return is_elf(file) && file->image->is_big;
}

struct entries {
	note_entry_visit *visit;
	void *context;
};

static bool visit_entry(void *context, const struct elf_note *note)
{
	const struct entries *entries = context;
	const struct note_entry entry = {.type = note->type,
					 .owner = note->owner,
					 .type_name = note_type_name(note->owner, note->type),
					 .desc = note->desc,
					 .desc_size = note->desc_size,
					 .offset = note->offset,
					 .desc_offset = note->desc_offset};
	return entries->visit(entries->context, &entry) != 0;
}

int note_file_notes(struct note_file *file, note_entry_visit *visit, void *context,
		    struct note_error *err)
{
	struct entries entries = {visit, context};
	return is_elf(file) ? elf_notes(file->image, visit_entry, &entries, err) : NOTE_OK;
}

int note_file_build_id(struct note_file *file, const uint8_t **id, size_t *size,
		       struct note_error *err)
{
	if (!is_elf(file))
		return error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET, "not an ELF file");
	return elf_build_id(file->image, id, size, NULL, err);
}

int note_file_payload(struct note_file *file, const char **json, size_t *length,
		      struct note_error *err)
{
	if (file->kind == NOTE_KIND_PE)
		return pe_package(&file->pe, json, length, NULL, err);
	if (!is_elf(file))
		return error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET, "an archive has no note");
	return elf_package(file->image, json, length, NULL, err);
}

int note_file_package(struct note_file *file, struct note_package **out, struct note_error *err)
{
	const char *json;
	size_t length;
	*out = NULL;
	int code = note_file_payload(file, &json, &length, err);
	return code == NOTE_OK ? note_package_parse(out, json, length, err) : code;
}

struct members {
	note_member_visit *visit;
	void *context;
};

static bool visit_one(void *context, const struct static_archive_member *member)
{
	const struct members *members = context;
	struct note_file file = {.image = member->image, .fd = -1};
	if (classify(&file, false, NULL) != NOTE_OK)
		return true;
	return members->visit(members->context, member->name, &file) != 0;
}

int note_file_members(struct note_file *file, note_member_visit *visit, void *context,
		      struct note_error *err)
{
	struct members members = {visit, context};
	if (file->kind != NOTE_KIND_ARCHIVE)
		return error_set(err, NOTE_USAGE, NOTE_NO_OFFSET, "not an archive");
	if (static_archive_is_thin(file->image))
		return error_set(err, NOTE_UNSUPPORTED, 0,
				 "a thin archive holds no members, only their names");
	return static_archive_members(file->image, visit_one, &members, err);
}

struct modules {
	note_module_visit *visit;
	void *context;
};

static bool visit_module(void *context, struct module *module)
{
	const struct modules *modules = context;
	const struct note_module out = {
		.path = module->path,
		.address = module->address,
		.machine = elf_machine_name(module->machine, module->is_64, module->is_big),
		.build_id = module->build_id.bytes,
		.build_id_size = module->build_id.size,
		.payload = (const char *)module->payload.bytes,
		.payload_length = module->payload.size,
		.handle = module};
	return modules->visit(modules->context, &out) != 0;
}

int note_file_modules(struct note_file *file, note_module_visit *visit, void *context,
		      struct note_error *err)
{
	struct modules modules = {visit, context};
	if (file->kind != NOTE_KIND_CORE)
		return error_set(err, NOTE_USAGE, NOTE_NO_OFFSET, "not a core file");
	return core_modules(file->image, visit_module, &modules, err);
}

int note_process_modules(long pid, note_module_visit *visit, void *context, struct note_error *err)
{
	struct modules modules = {visit, context};
	if (pid <= 0 || pid > INT32_MAX)
		return error_set(err, NOTE_USAGE, NOTE_NO_OFFSET, "no process %ld", pid);
	return process_modules((pid_t)pid, visit_module, &modules, err);
}

int note_file_check(struct note_file *file, note_problem_visit *visit, void *context,
		    struct note_error *err)
{
	if (file->kind == NOTE_KIND_PE)
		return pe_check(&file->pe, visit, context, err);
	return is_elf(file) ? elf_check(file->image, visit, context, err) : NOTE_OK;
}

int note_module_check(const struct note_module *module, note_problem_visit *visit, void *context,
		      struct note_error *err)
{
	struct module *handle = (struct module *)(uintptr_t)module->handle;
	return module_check(handle, visit, context, err);
}

struct payload {
	note_problem_visit *visit;
	void *context;
};

static bool visit_problem(void *context, const char *code, uint64_t offset, const char *detail)
{
	const struct payload *payload = context;
	const struct note_problem problem = {code, detail, offset, 0};
	return payload->visit(payload->context, &problem) != 0;
}

int note_payload_check(const char *json, size_t length, note_problem_visit *visit, void *context,
		       struct note_error *err)
{
	struct payload payload = {visit, context};
	int code = package_judge(span_of(json, length), visit_problem, &payload, err);
	return code == NOTE_MALFORMED ? NOTE_OK : code;
}
