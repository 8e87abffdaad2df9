/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Work on many items side by side, results in order. */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* Calls WORK(context, i, worker) for each i below COUNT, on JOBS threads (worker: 0 to jobs - 1,
 * for buffers of its own), and FINISH(context, i) for each i in rising order, one at a time, once
 * its work is done. So what FINISH writes does not depend on JOBS. FINISH may be NULL. WORK does
 * not run more than POOL_AHEAD items ahead of FINISH, which bounds what waits in memory. With one
 * job everything runs in the calling thread. */
#define POOL_AHEAD 4096

typedef void pool_work(void *context, size_t index, unsigned worker);
typedef void pool_finish(void *context, size_t index);

void pool_run(unsigned jobs, size_t count, pool_work *work, pool_finish *finish, void *context);

/* --- one large thing among many: its parts side by side --- */

/* So many bytes are worth threads of their own. */
#define POOL_LARGE ((size_t)4 << 20)

/* The same for the parts of one item that another pool works on, while no other item does so: there
 * are never more than twice as many threads as jobs. Else, and where LARGE is false, all runs in
 * the calling thread. */
void pool_run_parts(unsigned jobs, bool large, size_t count, pool_work *work, pool_finish *finish,
		    void *context);

/* What runs beside the caller's own work, from pool_beside_begin to pool_beside_end; under the same
 * rule: else it has run when pool_beside_begin returns. */
struct pool_beside {
	void (*work)(void *context);
	void *context;
	pthread_t thread;
	bool started;
};

void pool_beside_begin(struct pool_beside *beside, bool large, void (*work)(void *context),
		       void *context);
void pool_beside_end(struct pool_beside *beside);

#endif
