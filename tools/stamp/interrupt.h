/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ctrl-C and the like between two files rather than within one: what is being written is finished,
 * so that no temporary file stays behind. */
#ifndef STAMP_INTERRUPT_H
#define STAMP_INTERRUPT_H

#include <stdbool.h>

/* From here on SIGINT, SIGTERM and SIGHUP are only noted. */
void interrupt_catch(void);

/* Whether one came: no new work is to be begun. */
bool interrupt_came(void);

/* Ends the process by the signal that came, so that a shell sees what happened; else returns. */
void interrupt_pass_on(void);

#endif
