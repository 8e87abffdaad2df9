/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "place/purpose.h"

/* Code without contents, or (objcopy 2.44 does that) made a note of; or, where there is no code at
 * all, other read-only sections without contents. */
bool elf_is_debug_file(struct image *image)
{
	bool code = false, emptied = false;
	GElf_Shdr shdr;
	if (image->ehdr.e_type != ET_EXEC && image->ehdr.e_type != ET_DYN)
		return false;
	for (uint64_t i = 1; i < image->shnum; i++) {
		if (image_shdr(image, i, &shdr, NULL) != NOTE_OK)
			return false;
		if ((shdr.sh_flags & SHF_ALLOC) == 0 || shdr.sh_size == 0)
			continue;
		if ((shdr.sh_flags & SHF_EXECINSTR) != 0) {
			if (shdr.sh_type == SHT_NOBITS || shdr.sh_type == SHT_NOTE)
				return true;
			code = true;
		} else if (shdr.sh_type == SHT_NOBITS && (shdr.sh_flags & SHF_WRITE) == 0 &&
			   (shdr.sh_flags & SHF_TLS) == 0) {
			emptied = true;
		}
	}
	return emptied && !code;
}

bool elf_loads_headers(struct image *image)
{
	GElf_Phdr phdr;
	for (uint64_t i = 0; i < image->phnum; i++) {
		if (image_phdr(image, i, &phdr, NULL) != NOTE_OK)
			return true; /* broken: not for us to judge */
		if (phdr.p_type == PT_INTERP || (phdr.p_type == PT_LOAD && phdr.p_offset == 0 &&
						 phdr.p_filesz >= image->ehdr.e_ehsize))
			return true;
	}
	return false;
}
