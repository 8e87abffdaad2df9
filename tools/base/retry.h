/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When to ask again. All times are seconds; moments come from seconds_now(). */
#ifndef BASE_RETRY_H
#define BASE_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#define RETRY_LONGEST_WAIT 30.0
/* Without a deadline, no server may make a user wait longer than this by Retry-After. */
#define RETRY_AFTER_LONGEST 120.0

/* The monotonic clock. */
double seconds_now(void);

/* The wait before round ROUND (1 is the first repetition): a number drawn evenly from 0 up to
 * BACKOFF * 2^(ROUND - 1), that being RETRY_LONGEST_WAIT at most ("full jitter"). RANDOM is drawn
 * from [0, 1). */
double retry_wait(double backoff, unsigned round, double random);

/* A number from [0, 1), from the kernel's generator. */
double retry_random(void);

/* The value of a Retry-After header (RFC 9110, 10.2.3: seconds or a date): the wait, or -1 where
 * it is neither. */
double retry_after(const char *value);

#endif
