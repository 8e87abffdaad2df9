/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rounds of attempts with "full jitter": many clients that failed together do not come back
 * together. */
#include "tools/base/retry.h"

#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "tools/base/libraries/curl.h"

double seconds_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now); /* a lease ages while the machine sleeps, too */
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double retry_wait(double backoff, unsigned round, double random)
{
	double longest = backoff;
	for (unsigned i = 1; i < round && longest < RETRY_LONGEST_WAIT; i++)
		longest *= 2;
	if (longest > RETRY_LONGEST_WAIT)
		longest = RETRY_LONGEST_WAIT;
	return longest * random;
}

double retry_random(void)
{
	uint32_t value = 0;
	if (getrandom(&value, sizeof(value), GRND_NONBLOCK) != (ssize_t)sizeof(value))
		value = (uint32_t)(seconds_now() * 1e6);
	return (double)value / 4294967296.0;
}

double retry_after(const char *value)
{
	char *end;
	while (*value == ' ' || *value == '\t')
		value++;
	if (*value >= '0' && *value <= '9') {
		unsigned long long seconds = strtoull(value, &end, 10);
		while (*end == ' ' || *end == '\t' || *end == '\r' || *end == '\n')
			end++;
		return *end == '\0' ? (double)seconds : -1;
	}
	if (curl_library_load(NULL) != NOTE_OK)
		return -1;
	time_t when = libcurl.getdate(value, NULL);
	if (when == (time_t)-1)
		return -1;
	double wait = difftime(when, time(NULL));
	return wait > 0 ? wait : 0;
}
