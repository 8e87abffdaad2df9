/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by faultd.c and faultd_steps.c. */
#ifndef TESTS_FAULTD_H
#define TESTS_FAULTD_H

#include <stdbool.h>
#include <stddef.h>

extern const char *root;
extern unsigned port;

struct call {
	int fd;
	char path[4096];  /* below the first component, with its slash */
	char prefix[512]; /* the first component, with its slash */
	char *body;
	size_t size;
	bool keep; /* the connection may serve another request */
};

/* A behaviour. BODY is the file that was asked for. */
struct step {
	const char *name;
	void (*run)(struct call *);
};

extern const struct step steps[];
extern const size_t step_count;

void say(struct call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Makes the file NAME below the root the call's body; NULL where there is none. */
void load(struct call *call, const char *name);

#endif
