/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libnote_place FILE PAYLOAD: note_file_place(), its code and text to standard output. */
#include <libnote.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	struct note_error err = NOTE_ERROR_INIT;
	if (argc != 3)
		return 2;
	const int code = note_file_place(argv[1], argv[2], NULL, &err);
	printf("%s %s\n", note_code_name(code), code != NOTE_OK ? err.text : "");
	return code != NOTE_OK;
}
