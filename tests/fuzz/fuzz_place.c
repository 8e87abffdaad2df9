/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stamping any bytes: either they are refused, or our own reader finds the note in page one of the
 * result, stamping again changes nothing, and every loaded byte that the plan did not say would
 * move or change is where it was. Of a PE image all sections but .pkgnote are as they were. A file
 * of the same bytes (where their number is a multiple of 8: it goes to the disk) ends the same.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/note.h"
#include "libnote/pe/pe.h"
#include "libnote/place/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PAYLOAD "{\"type\":\"fuzz\",\"name\":\"a note of some length to make room for\"}"

/* Aborts with the condition's text: what libFuzzer takes for a crash. */
#define require(truth)                                                             \
	do {                                                                       \
		if (!(truth)) {                                                    \
			fprintf(stderr, "ERROR: line %d: %s\n", __LINE__, #truth); \
			abort();                                                   \
		}                                                                  \
	} while (0)

/* Marks what may differ: what moved, where it went, headers, dynamic tags, symbols' sections. */
static void mark(uint8_t *may, size_t size, uint64_t start, uint64_t end)
{
	for (uint64_t i = start; i < end && i < size; i++)
		may[i] = 1;
}

static void check_bytes(const struct layout *layout, const struct plan *plan, const uint8_t *old,
			size_t size, const uint8_t *new, size_t new_size)
{
	const GElf_Ehdr *ehdr = &layout->image->ehdr;
	uint8_t *may = calloc(1, size);
	require(may != NULL);
	mark(may, size, 0, ehdr->e_ehsize);
	mark(may, size, layout->headers.start, layout->headers.end + 3 * ehdr->e_phentsize);
	mark(may, size, plan->note_offset, plan->note_offset + plan->note_size);
	mark(may, size, layout->dynamic_offset,
	     layout->dynamic_offset + layout->dynamic_count * (layout->image->is_64 ? 16 : 8));
	for (size_t i = 0; i < plan->piece_count; i++) {
		const struct piece *piece = &plan->pieces[i];
		const uint64_t length = piece->from.end - piece->from.start;
		mark(may, size, piece->from.start, piece->from.end);
		mark(may, size, piece->to, piece->to + length);
		require(piece->to + length <= new_size);
	}
	for (uint64_t i = 1; i < layout->image->shnum; i++) {
		const struct range range = section_range(&layout->shdrs[i]);
		if (layout->shdrs[i].sh_type == SHT_DYNSYM ||
		    layout->shdrs[i].sh_type == SHT_SYMTAB || i == layout->image->shstrndx)
			mark(may, size, range.start, range.end);
	}
	mark(may, size, ehdr->e_shoff,
	     ehdr->e_shoff + layout->image->shnum * (uint64_t)ehdr->e_shentsize);
	for (uint64_t i = 0; i < layout->image->phnum; i++) {
		const GElf_Phdr *phdr = &layout->phdrs[i];
		for (uint64_t k = 0; phdr->p_type == PT_LOAD && k < phdr->p_filesz; k++) {
			const uint64_t at = phdr->p_offset + k;
			require(may[at] || at >= layout->tail ||
				(at < new_size && old[at] == new[at]));
		}
	}
	free(may);
}

/* Plans afresh, as note_place() did, and compares. */
static void check_plan(const uint8_t *old, size_t size, const uint8_t *new, size_t new_size)
{
	struct image *image = NULL;
	struct layout layout;
	struct plan plan;
	/* Header, owner, payload with its NUL, padded. */
	const struct place_limits limits = {.size = 16 + ((sizeof(PAYLOAD) + 3) & ~(size_t)3),
					    .limit = FIRST_PAGE};
	memset(&layout, 0, sizeof(layout));
	require(image_open_memory(&image, old, size, NULL) == NOTE_OK);
	if (image_read_elf(image, NULL) == NOTE_OK && place_read(&layout, image, NULL) == NOTE_OK &&
	    place_plan(&layout, &limits, &plan, NULL) == NOTE_OK)
		check_bytes(&layout, &plan, old, size, new, new_size);
	place_free(&layout);
	image_close(image);
}

#define PE_ENTRY 40

static uint32_t pe_word(const struct pe *pe, const uint8_t *bytes, unsigned section, unsigned at)
{
	return image_u32(pe->image, bytes + pe->sections + (uint64_t)section * PE_ENTRY + at);
}

/* Every section that is no note, in its order, with its header and contents, though they may have
 * moved on in the file with all that follows the headers. */
static void check_pe(const uint8_t *old, size_t size, const uint8_t *new, size_t new_size)
{
	struct image *before = NULL, *after = NULL;
	struct pe was, is;
	unsigned next = 0;
	require(image_open_memory(&before, old, size, NULL) == NOTE_OK &&
		image_open_memory(&after, new, new_size, NULL) == NOTE_OK);
	require(pe_read(&was, before, NULL) == NOTE_OK && pe_read(&is, after, NULL) == NOTE_OK);
	require(is.section_count <= was.section_count + 1);
	const uint32_t headers = image_u32(before, old + was.optional + 60);
	const uint32_t shift = image_u32(after, new + is.optional + 60) - headers;
	for (unsigned i = 0; i < was.section_count; i++) {
		const uint64_t entry = was.sections + (uint64_t)i * PE_ENTRY;
		const uint32_t length = pe_word(&was, old, i, 16);
		const uint32_t raw = pe_word(&was, old, i, 20);
		if (memcmp(old + entry, ".pkgnote", 8) == 0)
			continue;
		while (next < is.section_count &&
		       memcmp(new + is.sections + (uint64_t)next *PE_ENTRY, ".pkgnote", 8) == 0)
			next++;
		require(next < is.section_count);
		require(memcmp(old + entry, new + is.sections + (uint64_t)next *PE_ENTRY, 20) == 0);
		/* One that claims the headers sees them change; the debug directory follows. */
		if (raw >= headers) {
			require(pe_word(&is, new, next, 20) == raw + shift);
			require((uint64_t)raw + shift + length <= new_size);
			require(shift != 0 || memcmp(old + raw, new + raw, length) == 0);
		}
		next++;
	}
	image_close(before);
	image_close(after);
}

static bool is_pe(const uint8_t *bytes, size_t size)
{
	struct image *image = NULL;
	struct pe pe;
	const bool found = image_open_memory(&image, bytes, size, NULL) == NOTE_OK &&
			   pe_read(&pe, image, NULL) == NOTE_OK;
	image_close(image);
	return found;
}

/* By the public reader, which knows both formats. */
static bool has_payload(const uint8_t *bytes, size_t size)
{
	struct note_file *file = NULL;
	const char *payload;
	size_t length;
	const bool found = note_file_open_memory(&file, bytes, size, NULL) == NOTE_OK &&
			   note_file_payload(file, &payload, &length, NULL) == NOTE_OK &&
			   length == strlen(PAYLOAD) && memcmp(payload, PAYLOAD, length) == 0;
	note_file_close(file);
	return found;
}

static bool has_note(const uint8_t *bytes, size_t size, uint64_t *offset, const char **payload,
		     size_t *length)
{
	struct image *image = NULL;
	const bool found = image_open_memory(&image, bytes, size, NULL) == NOTE_OK &&
			   image_read_elf(image, NULL) == NOTE_OK &&
			   elf_package(image, payload, length, offset, NULL) == NOTE_OK;
	image_close(image);
	return found;
}

static void place_and_check(const uint8_t *data, size_t size, int replace)
{
	const struct note_place_options options = {.size = sizeof(options), .existing = replace};
	struct note_error err;
	void *made = NULL;
	void *again = NULL;
	size_t made_size, again_size, length;
	uint64_t offset;
	const char *payload;
	const bool before = has_note(data, size, &offset, &payload, &length);
	if (note_place(data, size, PAYLOAD, &options, &made, &made_size, &err) != NOTE_OK) {
		require(made == NULL);
		return;
	}
	/* It held a note, which stays or moves with its own payload. */
	if (!replace && before && !is_pe(data, size)) {
		require(has_note(made, made_size, &offset, &payload, &length));
		require(offset + length < FIRST_PAGE);
		goto again;
	}
	if (!replace && made_size == size && memcmp(made, data, size) == 0) {
		free(made);
		return;
	}
	require(has_payload(made, made_size));
	if (is_pe(data, size)) {
		check_pe(data, size, made, made_size);
		goto again;
	}
	require(has_note(made, made_size, &offset, &payload, &length));
	require(length == strlen(PAYLOAD) && memcmp(payload, PAYLOAD, length) == 0);
	require(offset + length < FIRST_PAGE);
	if (!before)
		check_plan(data, size, made, made_size);
again:
	require(note_place(made, made_size, PAYLOAD, &options, &again, &again_size, &err) ==
		NOTE_OK);
	require(again_size == made_size && memcmp(again, made, made_size) == 0);
	free(again);
	free(made);
}

static char directory[] = "/dev/shm/pkgnote-fuzz-XXXXXX";

/* Empty, or something was left beside the file. */
static void leave(void)
{
	require(rmdir(directory) == 0);
}

static void place_file(const uint8_t *data, size_t size, int existing)
{
	static bool ready;
	const struct note_place_options options = {
		.size = sizeof(options), .existing = existing, .outside_first_page = existing > 1};
	struct note_error err = NOTE_ERROR_INIT;
	char path[sizeof(directory) + 8];
	void *made = NULL;
	size_t made_size = size;
	if (!ready)
		require(mkdtemp(directory) != NULL && atexit(leave) == 0);
	ready = true;
	snprintf(path, sizeof(path), "%s/file", directory);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	require(fd >= 0 && write(fd, data, size) == (ssize_t)size && close(fd) == 0);
	const int code = note_place(data, size, PAYLOAD, &options, &made, &made_size, NULL);
	require(note_file_place(path, PAYLOAD, &options, &err) == code);
	if (code != NOTE_OK)
		made_size = size;
	uint8_t *is = malloc(made_size + 1);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	require(is != NULL && fd >= 0 && read(fd, is, made_size + 1) == (ssize_t)made_size);
	require(memcmp(is, code == NOTE_OK ? made : data, made_size) == 0);
	close(fd);
	free(is);
	free(made);
	require(unlink(path) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	place_and_check(data, size, 0);
	place_and_check(data, size, 1);
	if (size % 8 == 0 && size != 0)
		for (int existing = NOTE_EXISTING_KEEP; existing <= NOTE_EXISTING_FAIL; existing++)
			place_file(data, size, existing);
	return 0;
}
