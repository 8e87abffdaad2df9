/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Work on many items side by side, results in order. */
#ifndef BASE_POOL_H
#define BASE_POOL_H

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

#endif
