/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/stamp/interrupt.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

static atomic_int came;

static void note(int number)
{
	came = number;
}

void interrupt_catch(void)
{
	const struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction now;
	/* What the caller ignores (nohup) stays ignored. */
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (sigaction(numbers[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaction(numbers[i], &action, NULL);
}

bool interrupt_came(void)
{
	return came != 0;
}

void interrupt_pass_on(void)
{
	if (came == 0)
		return;
	signal(came, SIG_DFL);
	raise(came);
}
