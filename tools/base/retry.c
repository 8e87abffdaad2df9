/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rounds of attempts with "full jitter": many clients that failed together do not come back
 * together. */
#include "tools/base/retry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

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

static bool month_of(const char *name, struct tm *date)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	const char *found = strlen(name) == 3 ? strstr(months, name) : NULL;
	if (found == NULL || (found - months) % 3 != 0)
		return false;
	date->tm_mon = (int)(found - months) / 3;
	return true;
}

/* The seconds until an HTTP date (RFC 9110, 5.6.7: what servers must send, and the two forms of old
 * that are to be understood), -1 for what is none. Not curl_getdate(): where long has 32 bits its
 * time_t may not be ours. */
static double until(const char *value)
{
	struct tm date = {0};
	char month[4];
	const time_t now = time(NULL);
	int end = 0;
	if (sscanf(value, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &date.tm_mday, month,
		   &date.tm_year, &date.tm_hour, &date.tm_min, &date.tm_sec, &end) == 6 &&
	    end != 0) {
		date.tm_year -= 1900;
	} else if (sscanf(value, "%*9[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT%n", &date.tm_mday,
			  month, &date.tm_year, &date.tm_hour, &date.tm_min, &date.tm_sec,
			  &end) == 6 &&
		   end != 0) {
		/* Two digits: of this century, unless that is more than 50 years ahead. */
		struct tm today;
		if (gmtime_r(&now, &today) == NULL)
			return -1;
		date.tm_year += today.tm_year - today.tm_year % 100;
		if (date.tm_year > today.tm_year + 50)
			date.tm_year -= 100;
	} else if (sscanf(value, "%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%n", month,
			  &date.tm_mday, &date.tm_hour, &date.tm_min, &date.tm_sec, &date.tm_year,
			  &end) == 6 &&
		   end != 0) {
		date.tm_year -= 1900;
	} else {
		return -1;
	}
	const time_t when = month_of(month, &date) ? timegm(&date) : (time_t)-1;
	if (when == (time_t)-1)
		return -1;
	const double wait = difftime(when, now);
	return wait > 0 ? wait : 0;
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
	return until(value);
}
