/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/base/libraries/library.h"

#include <dlfcn.h>
#include <string.h>

#include "libnote/error.h"

static int fill_pointers(const struct library *library, void *handle, struct note_error *err)
{
	for (size_t i = 0; i < library->function_count; i++) {
		const struct library_function *function = &library->functions[i];
		void *symbol = dlsym(handle, function->name);
		if (symbol == NULL)
			return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
					 "%s is too old: it has no %s", library->soname,
					 function->name);
		/* C has no conversion from a pointer to data to one to a function. */
		memcpy(function->pointer, &symbol, sizeof(symbol));
	}
	return NOTE_OK;
}

static int load(struct library *library, struct note_error *err)
{
	void *handle = dlopen(library->soname, RTLD_NOW | RTLD_LOCAL);
	if (handle == NULL) {
		const char *why = dlerror();
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "%s cannot be loaded: %s: install %s", library->soname,
				 why != NULL ? why : "?", library->install);
	}
	int code = fill_pointers(library, handle, err);
	if (code == NOTE_OK)
		library->handle = handle;
	else
		dlclose(handle);
	return code;
}

int library_load(struct library *library, struct note_error *err)
{
	int code = NOTE_OK;
	pthread_mutex_lock(&library->lock);
	if (library->handle == NULL)
		code = load(library, err);
	pthread_mutex_unlock(&library->lock);
	return code;
}
