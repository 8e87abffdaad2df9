/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Proof that a file is the artifact that was asked for. Servers, proxies and caches send login
 * pages, truncated bodies, and other builds' files, all with status 200.
 *
 * debuginfo, executable: an ELF file, complete (all that its headers name lies in it), of the
 * build-id asked for. debuginfo holds DWARF or a symbol table; an executable is not merely the
 * debug file, whose code is SHT_NOBITS.
 */
#include "tools/debuginfod/proof/proof.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "libnote/note.h"
#include "tools/debuginfod/proof/shape.h"

/* More would be more section headers than any file has, and memory that a server chooses. */
#define SECTIONS_MOST (1u << 18)
#define SEGMENTS_MOST (1u << 16)
#define NAMES_MOST    (16u << 20)
#define NOTES_MOST    (4u << 20)
/* The smaller of the two classes' symbols. */
#define SYMBOL_SIZE 16

__attribute__((format(printf, 2, 3))) static enum outcome reject(char text[ANSWER_TEXT],
								 const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(text, ANSWER_TEXT, format, args);
	va_end(args);
	return OUTCOME_REJECTED;
}

static enum outcome reject_error(char text[ANSWER_TEXT], const struct note_error *err)
{
	const enum outcome outcome =
		err->code == NOTE_SYSTEM ? OUTCOME_UNAVAILABLE : OUTCOME_REJECTED;
	snprintf(text, ANSWER_TEXT, "%.159s", err->text);
	return outcome;
}

/* Headers are looked at one by one: one read brings each table in. */
static int load_tables(struct image *image, struct note_error *err)
{
	const uint64_t entry = image->is_64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	const uint64_t segment = image->is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	GElf_Shdr names;
	if (image->phnum > SEGMENTS_MOST)
		return error_set(err, NOTE_MALFORMED, image->ehdr.e_phoff, "%llu segments",
				 (unsigned long long)image->phnum);
	/* A debug file's program headers need not be there. */
	if (image->phnum != 0)
		image_bytes(image, image->ehdr.e_phoff, image->phnum * segment, "segments", NULL);
	if (image->shnum == 0)
		return NOTE_OK;
	if (image->shnum > SECTIONS_MOST)
		return error_set(err, NOTE_MALFORMED, image->ehdr.e_shoff, "%llu sections",
				 (unsigned long long)image->shnum);
	if (image_bytes(image, image->ehdr.e_shoff, image->shnum * entry, "section headers", err) ==
	    NULL)
		return NOTE_MALFORMED;
	if (image->shstrndx == 0 || image->shstrndx >= image->shnum)
		return NOTE_OK;
	if (image_shdr(image, image->shstrndx, &names, err) != NOTE_OK)
		return NOTE_MALFORMED;
	if (names.sh_type == SHT_NOBITS)
		return NOTE_OK;
	if (names.sh_size > NAMES_MOST)
		return error_set(err, NOTE_MALFORMED, names.sh_offset,
				 "section names of %llu bytes", (unsigned long long)names.sh_size);
	if (image_bytes(image, names.sh_offset, names.sh_size, "section names", err) == NULL)
		return NOTE_MALFORMED;
	return NOTE_OK;
}

/* Notes are walked one by one, too, and a server could send millions: what is beyond reason for
 * all of them together is refused, the rest is read at once. */
static int load_notes(struct image *image, struct note_error *err)
{
	struct note_sections sections;
	uint64_t total = 0;
	int code = note_sections_collect(&sections, image, err);
	for (uint64_t i = 0; code == NOTE_OK && i < image->phnum + image->shnum; i++) {
		GElf_Phdr phdr;
		GElf_Shdr shdr;
		uint64_t offset, size;
		if (i < image->phnum) {
			if (image_phdr(image, i, &phdr, NULL) != NOTE_OK || phdr.p_type != PT_NOTE)
				continue;
			offset = phdr.p_offset;
			size = note_sections_extent(&sections, &phdr);
		} else {
			if (image_shdr(image, i - image->phnum, &shdr, NULL) != NOTE_OK ||
			    shdr.sh_type != SHT_NOTE)
				continue;
			offset = shdr.sh_offset;
			size = shdr.sh_size;
		}
		if (size > NOTES_MOST || (total += size) > NOTES_MOST)
			code = error_set(err, NOTE_MALFORMED, offset, "more than %u bytes of notes",
					 NOTES_MOST);
		else if (size != 0)
			image_bytes(image, offset, size, "notes", NULL);
	}
	note_sections_free(&sections);
	return code;
}

/* All bytes that the headers name are there: a body that was cut short ends here. */
static int check_complete(struct image *image, bool segments, struct note_error *err)
{
	for (uint64_t i = 1; i < image->shnum; i++) {
		GElf_Shdr shdr;
		int code = image_shdr(image, i, &shdr, err);
		if (code != NOTE_OK)
			return code;
		if (shdr.sh_type != SHT_NOBITS && shdr.sh_type != SHT_NULL &&
		    (shdr.sh_offset > image->size || shdr.sh_size > image->size - shdr.sh_offset))
			return error_set(err, NOTE_MALFORMED, shdr.sh_offset,
					 "truncated: section %llu ends after the file",
					 (unsigned long long)i);
	}
	/* Debug files keep the program headers of the file that they were split from. */
	for (uint64_t i = 0; segments && i < image->phnum; i++) {
		GElf_Phdr phdr;
		int code = image_phdr(image, i, &phdr, err);
		if (code != NOTE_OK)
			return code;
		if (phdr.p_type == PT_LOAD &&
		    (phdr.p_offset > image->size || phdr.p_filesz > image->size - phdr.p_offset))
			return error_set(err, NOTE_MALFORMED, phdr.p_offset,
					 "truncated: segment %llu ends after the file",
					 (unsigned long long)i);
	}
	return NOTE_OK;
}

uint64_t proof_extent(struct image *image)
{
	const uint64_t entry = image->is_64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	/* Both were checked to lie in the file, so neither sum wraps. */
	uint64_t end = image->ehdr.e_shoff + image->shnum * entry;
	for (uint64_t i = 1; i < image->shnum; i++) {
		GElf_Shdr shdr;
		if (image_shdr(image, i, &shdr, NULL) != NOTE_OK || shdr.sh_type == SHT_NOBITS ||
		    shdr.sh_type == SHT_NULL)
			continue;
		if (shdr.sh_offset + shdr.sh_size > end)
			end = shdr.sh_offset + shdr.sh_size;
	}
	return end;
}

static bool is_dwarf_name(const char *name)
{
	return strncmp(name, ".debug_", 7) == 0 || strncmp(name, ".zdebug_", 8) == 0 ||
	       strncmp(name, ".gnu.debuglto_.debug_", 21) == 0;
}

bool proof_has_debuginfo(struct image *image)
{
	for (uint64_t i = 1; i < image->shnum; i++) {
		GElf_Shdr shdr;
		if (image_shdr(image, i, &shdr, NULL) != NOTE_OK || shdr.sh_size == 0 ||
		    shdr.sh_type == SHT_NOBITS)
			continue;
		/* The first symbol of a table is always the empty one. */
		if (shdr.sh_type == SHT_SYMTAB && shdr.sh_size / SYMBOL_SIZE > 1)
			return true;
		const char *name = image_section_name(image, &shdr, NULL);
		/* Unwind tables help no one to see a source line. */
		if (name != NULL && is_dwarf_name(name) && strcmp(name, ".debug_frame") != 0)
			return true;
	}
	return false;
}

/* The code was left out: this is a debug file. */
static bool lacks_code(struct image *image)
{
	bool left_out = false;
	for (uint64_t i = 1; i < image->shnum; i++) {
		GElf_Shdr shdr;
		if (image_shdr(image, i, &shdr, NULL) != NOTE_OK)
			continue;
		if ((shdr.sh_flags & SHF_ALLOC) == 0 || (shdr.sh_flags & SHF_EXECINSTR) == 0)
			continue;
		if (shdr.sh_type != SHT_NOBITS)
			return false;
		left_out = true;
	}
	return left_out;
}

static enum outcome check_elf(struct image *image, enum artifact artifact, const char *hex,
			      char text[ANSWER_TEXT])
{
	struct note_error err;
	const uint8_t *id;
	size_t id_size;
	int code = image_read_elf(image, &err);
	if (code == NOTE_ABSENT)
		return reject(text, "not an ELF file");
	if (code == NOTE_OK)
		code = load_tables(image, &err);
	if (code == NOTE_OK)
		code = load_notes(image, &err);
	if (code == NOTE_OK)
		code = check_complete(image, artifact == ARTIFACT_EXECUTABLE, &err);
	if (code != NOTE_OK)
		return reject_error(text, &err);
	code = elf_build_id(image, &id, &id_size, NULL, &err);
	if (code == NOTE_ABSENT)
		return reject(text, "it has no build-id");
	if (code != NOTE_OK)
		return reject_error(text, &err);
	char *got = malloc(2 * id_size + 1);
	if (got == NULL) {
		reject(text, "out of memory");
		return OUTCOME_UNAVAILABLE;
	}
	hex_encode(id, id_size, got);
	enum outcome outcome = OUTCOME_FOUND;
	if (strcmp(got, hex) != 0)
		outcome = reject(text, "build-id differs: it is %s", got);
	else if (artifact == ARTIFACT_DEBUGINFO && !proof_has_debuginfo(image))
		outcome = reject(text, "it holds no debug information");
	else if (artifact == ARTIFACT_EXECUTABLE && lacks_code(image))
		outcome = reject(text, "it is the debug file, without the code");
	free(got);
	return outcome;
}

enum outcome proof_check(int fd, enum artifact artifact, const char *hex, const char *name,
			 char text[ANSWER_TEXT])
{
	struct image *image;
	struct note_error err;
	if (artifact == ARTIFACT_SOURCE)
		return OUTCOME_FOUND;
	if (artifact == ARTIFACT_SECTION)
		return shape_check(fd, name, &err) == NOTE_OK ? OUTCOME_FOUND
							      : reject_error(text, &err);
	if (image_open_fd(&image, fd, &err) != NOTE_OK)
		return reject_error(text, &err);
	enum outcome outcome = check_elf(image, artifact, hex, text);
	image_close(image);
	return outcome;
}
