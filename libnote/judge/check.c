/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The judge of package notes: see check.h, and struct note_problem in libnote.h for the rules. */
#include "judge/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "judge/dlopen.h"
#include "payload/payload.h"

/* Linux keeps the first page of each mapped ELF file in a core; pages have at least 4096 bytes. */
#define PAGE_SIZE 4096

#define SECTION_NAME ".note.package"

/* A package note that was seen. */
struct seen {
	struct span payload;
	char *name; /* the value of its key "name", or NULL; malloc'ed */
	uint64_t offset;
};

struct judge {
	struct image *image; /* NULL for a module */
	note_problem_visit *visit;
	void *context;
	unsigned told;                            /* findings so far */
	unsigned notes;                           /* of the type, whatever their owner */
	struct seen seen[CHECK_MAX_PROBLEMS + 1]; /* by FDO: those that readers take */
	unsigned seen_count;
	uint64_t value_offset; /* of the value that is being judged */
	bool stopped;
	int code;
	struct note_error *err;
};

static bool tell_as(struct judge *judge, const char *code, uint64_t offset, const char *detail,
		    bool remark)
{
	const struct note_problem problem = {code, detail, offset, remark};
	if (judge->stopped)
		return false;
	if (!judge->visit(judge->context, &problem) || ++judge->told == CHECK_MAX_PROBLEMS)
		judge->stopped = true;
	return !judge->stopped;
}

static bool tell(struct judge *judge, const char *code, uint64_t offset, const char *detail)
{
	return tell_as(judge, code, offset, detail, strcmp(code, "several-notes") == 0);
}

static bool tell_json(void *context, const char *code, uint64_t offset, const char *detail)
{
	struct judge *judge = context;
	return tell(judge, code, judge->value_offset + offset, detail);
}

/* The JSON of a note; what is wrong with it has been told then. */
static void judge_json(struct judge *judge, struct span payload, uint64_t offset)
{
	struct note_error err = {0};
	judge->value_offset = offset;
	int code = package_judge(payload, tell_json, judge, &err);
	if (code == NOTE_SYSTEM && judge->code == NOTE_OK) {
		judge->code = code;
		if (judge->err != NULL)
			*judge->err = err;
	}
}

/* The value of a note with its NUL, and with what pads it. */
static void judge_value(struct judge *judge, const struct elf_note *note)
{
	const struct span value = {note->desc, note->desc_size};
	const uint64_t length = span_length(value, 0), offset = note->desc_offset;
	const bool ended = length < value.size;
	if (!ended)
		tell(judge, "unterminated", offset + value.size, "the value has no NUL at its end");
	for (uint64_t i = length; ended && i < value.size + note->padding.size; i++) {
		const uint8_t byte =
			i < value.size ? span_u8(value, i) : span_u8(note->padding, i - value.size);
		if (byte == '\0')
			continue;
		tell(judge, "bad-padding", offset + i, "bytes behind the value's NUL are not 0");
		break;
	}
	if (length != 0 || ended)
		judge_json(judge, span_first(value, length), offset);
}

static bool read_on(void *context, const char *code, uint64_t offset, const char *detail)
{
	(void)context, (void)code, (void)offset, (void)detail;
	return true;
}

/* Which package a payload names, as far as it can be read: malloc'ed, or NULL. */
static char *name_of(struct span payload)
{
	json_object *object = NULL, *value;
	char *name = NULL;
	json_read(&object, payload, read_on, NULL, NULL);
	if (json_object_is_type(object, json_type_object) &&
	    json_object_object_get_ex(object, "name", &value) &&
	    json_object_is_type(value, json_type_string))
		name = strdup(json_object_get_string(value));
	json_object_put(object);
	return name;
}

static bool is_repeated(const struct seen *one, const struct seen *other)
{
	return (one->payload.size == other->payload.size &&
		span_equal(one->payload, 0, other->payload.bytes, other->payload.size)) ||
	       (one->name != NULL && other->name != NULL && strcmp(one->name, other->name) == 0);
}

/* Takes note of a payload. Code that was linked in or vendored may have a note of its own package:
 * that is told, and no fault. True where it is the first one, which is judged in full. */
static bool take_payload(struct judge *judge, struct span payload, uint64_t offset)
{
	char detail[120];
	struct seen *this = &judge->seen[judge->seen_count];
	const struct seen *twin = judge->seen;
	*this = (struct seen){payload, name_of(payload), offset};
	while (twin < this && !is_repeated(twin, this))
		twin++;
	judge->seen_count++;
	if (judge->seen_count == 1)
		return true;
	if (twin < this)
		snprintf(detail, sizeof(detail),
			 "the note at offset %llu %s; the one at offset %llu counts",
			 (unsigned long long)twin->offset,
			 twin->payload.size == payload.size ? "says the same"
							    : "names the same package",
			 (unsigned long long)judge->seen->offset);
	else
		snprintf(detail, sizeof(detail),
			 "it names another package; the note at offset %llu counts",
			 (unsigned long long)judge->seen->offset);
	tell(judge, twin < this ? "duplicate-note" : "several-notes", offset, detail);
	return false;
}

static void end_judging(struct judge *judge)
{
	for (unsigned i = 0; i < judge->seen_count; i++)
		free(judge->seen[i].name);
}

static void tell_dlopen(void *context, uint64_t offset, const char *detail)
{
	struct judge *judge = context;
	tell(judge, "dlopen-note", judge->value_offset + offset, detail);
}

static void judge_dlopen(struct judge *judge, const struct elf_note *note)
{
	const struct span value = {note->desc, note->desc_size};
	judge->value_offset = note->desc_offset;
	json_object_put(dlopen_read(value, tell_dlopen, judge));
}

static bool covers(const GElf_Phdr *phdr, const struct elf_note *note)
{
	return note->offset >= phdr->p_offset && note->offset - phdr->p_offset < phdr->p_filesz &&
	       note->size <= phdr->p_filesz - (note->offset - phdr->p_offset);
}

/* The section that holds the note, of whatever type: its index, 0 for none. */
static uint64_t section_of(struct judge *judge, const struct elf_note *note, GElf_Shdr *shdr)
{
	for (uint64_t i = note->section != 0 ? note->section : 1; i < judge->image->shnum; i++) {
		if (image_shdr(judge->image, i, shdr, NULL) != NOTE_OK)
			return 0;
		if (shdr->sh_type != SHT_NOBITS && shdr->sh_type != SHT_NULL &&
		    note->offset >= shdr->sh_offset &&
		    note->offset - shdr->sh_offset < shdr->sh_size)
			return i;
	}
	return 0;
}

static void judge_section(struct judge *judge, const struct elf_note *note)
{
	GElf_Shdr shdr;
	char detail[120];
	if (judge->image->shnum <= 1)
		return;
	if (section_of(judge, note, &shdr) == 0) {
		tell(judge, "wrong-section", note->offset, "in no section: strip may drop it");
		return;
	}
	const char *name = image_section_name(judge->image, &shdr, NULL);
	if (name == NULL || strcmp(name, SECTION_NAME) != 0) {
		const char *code;
		const bool shown = name != NULL && strlen(name) < 60 && json_string_ok(name, &code);
		/* Where bytes behind the section headers pin them, a note goes into a section that
		 * is there: it is in its segments, and no tool drops one note of several. */
		const bool shares = shdr.sh_type == SHT_NOTE && note->offset != shdr.sh_offset;
		snprintf(detail, sizeof(detail), "in section %s%s instead of " SECTION_NAME,
			 shown ? name : "of another name", shares ? ", behind another note," : "");
		tell_as(judge, "wrong-section", note->offset, detail, shares);
	}
}

/* What an object file says of the note to come. */
static void judge_object_place(struct judge *judge, const struct elf_note *note)
{
	GElf_Shdr shdr;
	if (section_of(judge, note, &shdr) == 0)
		return;
	if (!(shdr.sh_flags & SHF_ALLOC)) {
		tell(judge, "not-allocated", note->offset, "its section is not SHF_ALLOC");
		return;
	}
	if (shdr.sh_flags & SHF_WRITE)
		tell(judge, "writable", note->offset, "its section is SHF_WRITE");
	if (shdr.sh_addralign < 4 || note->offset % 4 != 0)
		tell(judge, "misaligned", note->offset, "its section is not aligned to 4");
}

/* In a debug file the program headers are those of the program, and may give offsets that the
 * sections no longer have: what the section says of its address is still true then. */
static bool is_kept_for_debugging(struct judge *judge, const struct elf_note *note)
{
	GElf_Shdr shdr;
	GElf_Phdr phdr;
	if (section_of(judge, note, &shdr) == 0 || !(shdr.sh_flags & SHF_ALLOC))
		return false;
	for (uint64_t i = 0; i < judge->image->phnum; i++)
		if (image_phdr(judge->image, i, &phdr, NULL) == NOTE_OK && phdr.p_type == PT_LOAD &&
		    shdr.sh_addr >= phdr.p_vaddr && shdr.sh_addr - phdr.p_vaddr < phdr.p_memsz)
			return true;
	return false;
}

/* Where a linked file has the note. */
static void judge_place(struct judge *judge, const struct elf_note *note)
{
	GElf_Phdr phdr;
	GElf_Shdr shdr;
	bool loaded = false, writable = false, aligned = note->offset % 4 == 0;
	for (uint64_t i = 0; i < judge->image->phnum; i++) {
		if (image_phdr(judge->image, i, &phdr, NULL) != NOTE_OK)
			return;
		if (phdr.p_type != PT_LOAD || !covers(&phdr, note))
			continue;
		loaded = true;
		writable = writable || (phdr.p_flags & PF_W) != 0;
		aligned = aligned && (note->offset - phdr.p_offset + phdr.p_vaddr) % 4 == 0;
	}
	if (note->section != 0 && section_of(judge, note, &shdr) != 0)
		writable = writable || (shdr.sh_flags & SHF_WRITE) != 0;
	if (!note->in_segment && is_kept_for_debugging(judge, note))
		return;
	if (!loaded || !note->in_segment)
		tell(judge, "not-allocated", note->offset,
		     !loaded ? "in no PT_LOAD segment" : "in no PT_NOTE segment");
	if (!loaded)
		return; /* what follows is about memory */
	if (writable)
		tell(judge, "writable", note->offset, "its segment or section is writable");
	if (!aligned)
		tell(judge, "misaligned", note->offset, "not at a multiple of 4");
	if (note->offset + note->size > PAGE_SIZE)
		tell(judge, "outside-first-page", note->offset,
		     "not in the first 4096 bytes: a core may lack it");
}

static bool judge_note(void *context, const struct elf_note *note)
{
	struct judge *judge = context;
	char detail[80];
	if (note->type == NOTE_TYPE_DLOPEN && strcmp(note->owner, NOTE_OWNER_FDO) == 0)
		judge_dlopen(judge, note);
	if (note->type != NOTE_TYPE_PACKAGE)
		return !judge->stopped;
	judge->notes++;
	if (strcmp(note->owner, NOTE_OWNER_FDO) != 0) {
		const char *code;
		const bool shown = strlen(note->owner) < 40 && json_string_ok(note->owner, &code);
		snprintf(detail, sizeof(detail), "owner \"%s\" instead of \"FDO\"",
			 shown ? note->owner : "?");
		return tell(judge, "wrong-owner", note->offset, detail);
	}
	const struct span value = {note->desc, note->desc_size};
	if (!take_payload(judge, span_first(value, span_length(value, 0)), note->offset))
		return !judge->stopped;
	if (judge->image != NULL) {
		if (judge->image->ehdr.e_type == ET_REL)
			judge_object_place(judge, note);
		else
			judge_place(judge, note);
		judge_section(judge, note);
	}
	judge_value(judge, note);
	return !judge->stopped;
}

void elf_check_absent(struct image *image, note_problem_visit *visit, void *context)
{
	const struct note_problem problem = {"no-note", "no package note", NOTE_NO_OFFSET, 0};
	/* An object file gets its note when it is linked. */
	if (image->ehdr.e_type == ET_EXEC || image->ehdr.e_type == ET_DYN)
		visit(context, &problem);
}

int elf_check(struct image *image, note_problem_visit *visit, void *context, struct note_error *err)
{
	struct judge judge = {.image = image, .visit = visit, .context = context, .err = err};
	int code = elf_notes(image, judge_note, &judge, err);
	end_judging(&judge);
	if (code != NOTE_OK)
		return code;
	if (judge.notes == 0)
		elf_check_absent(image, visit, context);
	return judge.code;
}

int module_check(struct module *module, note_problem_visit *visit, void *context,
		 struct note_error *err)
{
	struct judge judge = {.visit = visit, .context = context, .err = err};
	if (module->lack != NULL) {
		tell(&judge, module->lack, NOTE_NO_OFFSET,
		     "its first page is not in the core: nothing is known of it");
		return NOTE_OK;
	}
	int code = module_notes(module, judge_note, &judge, err);
	end_judging(&judge);
	if (code != NOTE_OK)
		return code;
	if (judge.notes == 0 && (module->path == NULL || strcmp(module->path, "[vdso]") != 0))
		tell(&judge, "no-note", NOTE_NO_OFFSET, "no package note in what memory there is");
	return judge.code;
}

/* "PE Format", "Section Flags". */
#define INITIALIZED_DATA 0x00000040u
#define MEMORY_WRITE     0x80000000u

static bool judge_pe_note(void *context, const struct pe_note *note)
{
	struct judge *judge = context;
	const struct span payload = {(const uint8_t *)note->payload, note->length};
	judge->notes++;
	if (!take_payload(judge, payload, note->offset))
		return !judge->stopped;
	if (!(note->flags & INITIALIZED_DATA))
		tell(judge, "not-allocated", note->offset, "the section holds no initialized data");
	if (note->flags & MEMORY_WRITE)
		tell(judge, "writable", note->offset, "the section may be written to");
	const struct span contents = {(const uint8_t *)note->payload, note->size};
	for (uint64_t i = note->length; i < contents.size; i++) {
		if (span_u8(contents, i) == '\0')
			continue;
		tell(judge, "bad-padding", note->offset + i,
		     "bytes behind the value's end are not 0");
		break;
	}
	judge_json(judge, payload, note->offset);
	return !judge->stopped;
}

int pe_check(struct pe *pe, note_problem_visit *visit, void *context, struct note_error *err)
{
	struct judge judge = {.visit = visit, .context = context, .err = err};
	int code = pe_notes(pe, judge_pe_note, &judge, err);
	end_judging(&judge);
	if (code != NOTE_OK)
		return code;
	if (judge.notes == 0)
		tell(&judge, "no-note", NOTE_NO_OFFSET, "no .pkgnote section");
	return judge.code;
}
