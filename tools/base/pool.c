/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/base/pool.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "tools/base/text.h"

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t moved; /* FINISHED grew */
	size_t count;
	size_t next;         /* the first item that nobody has taken */
	size_t finished;     /* all items below this were handed to finish */
	bool finishing;      /* a thread is inside finish */
	unsigned char *done; /* a ring of POOL_AHEAD flags */
	pool_work *work;
	pool_finish *finish;
	void *context;
};

struct worker {
	struct pool *pool;
	unsigned number;
	pthread_t thread;
};

/* Hands over all that is ready in order. One thread at a time does it, with the lock dropped
 * while finish runs; whoever completes an item meanwhile leaves it to that thread. */
static void finish_ready(struct pool *pool)
{
	if (pool->finishing)
		return;
	pool->finishing = true;
	while (pool->finished < pool->count && pool->done[pool->finished % POOL_AHEAD]) {
		const size_t index = pool->finished;
		if (pool->finish != NULL) {
			pthread_mutex_unlock(&pool->lock);
			pool->finish(pool->context, index);
			pthread_mutex_lock(&pool->lock);
		}
		pool->done[index % POOL_AHEAD] = 0;
		pool->finished++;
		pthread_cond_broadcast(&pool->moved);
	}
	pool->finishing = false;
}

static void *work_loop(void *argument)
{
	struct worker *worker = argument;
	struct pool *pool = worker->pool;
	pthread_mutex_lock(&pool->lock);
	while (pool->next < pool->count) {
		if (pool->next - pool->finished >= POOL_AHEAD) {
			pthread_cond_wait(&pool->moved, &pool->lock);
			continue;
		}
		const size_t index = pool->next++;
		pthread_mutex_unlock(&pool->lock);
		pool->work(pool->context, index, worker->number);
		pthread_mutex_lock(&pool->lock);
		pool->done[index % POOL_AHEAD] = 1;
		finish_ready(pool);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

void pool_run(unsigned jobs, size_t count, pool_work *work, pool_finish *finish, void *context)
{
	struct pool pool = {.lock = PTHREAD_MUTEX_INITIALIZER,
			    .moved = PTHREAD_COND_INITIALIZER,
			    .count = count,
			    .work = work,
			    .finish = finish,
			    .context = context};
	if (jobs > count)
		jobs = (unsigned)count;
	if (jobs <= 1) {
		for (size_t i = 0; i < count; i++) {
			work(context, i, 0);
			if (finish != NULL)
				finish(context, i);
		}
		return;
	}
	struct worker *workers = xcalloc(jobs, sizeof(*workers));
	pool.done = xcalloc(POOL_AHEAD, 1);
	unsigned started = 1; /* the calling thread is worker 0 */
	for (unsigned i = 0; i < jobs; i++)
		workers[i] = (struct worker){.pool = &pool, .number = i};
	while (started < jobs &&
	       pthread_create(&workers[started].thread, NULL, work_loop, &workers[started]) == 0)
		started++;
	work_loop(&workers[0]);
	for (unsigned i = 1; i < started; i++)
		pthread_join(workers[i].thread, NULL);
	free(pool.done);
	free(workers);
}

/* --- parts --- */

static atomic_flag taken = ATOMIC_FLAG_INIT; /* by an item that has threads beside its own */

void pool_run_parts(unsigned jobs, bool large, size_t count, pool_work *work, pool_finish *finish,
		    void *context)
{
	const bool helped = large && jobs > 1 && count > 1 && !atomic_flag_test_and_set(&taken);
	pool_run(helped ? jobs : 1, count, work, finish, context);
	if (helped)
		atomic_flag_clear(&taken);
}

static void *run_beside(void *argument)
{
	struct pool_beside *beside = argument;
	beside->work(beside->context);
	return NULL;
}

void pool_beside_begin(struct pool_beside *beside, bool large, void (*work)(void *context),
		       void *context)
{
	*beside = (struct pool_beside){.work = work, .context = context};
	if (large && !atomic_flag_test_and_set(&taken)) {
		beside->started = pthread_create(&beside->thread, NULL, run_beside, beside) == 0;
		if (!beside->started)
			atomic_flag_clear(&taken);
	}
	if (!beside->started)
		work(context);
}

void pool_beside_end(struct pool_beside *beside)
{
	if (!beside->started)
		return;
	pthread_join(beside->thread, NULL);
	beside->started = false;
	atomic_flag_clear(&taken);
}
