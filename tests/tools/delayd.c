/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A network far away, for the benches: delayd PORT MILLISECONDS SECONDS forwards connections to
 * 127.0.0.1:PORT, each byte MILLISECONDS later in each direction, a new connection one round trip
 * later. Prints its own port, ends after SECONDS. Where the kernel has netem that is the better
 * way.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PIECE       65536
#define PAIRS       256
#define WINDOW_MOST ((size_t)4 << 20)

struct piece {
	struct piece *next;
	double due;
	size_t size, sent;
	char bytes[];
};

/* One direction: read from FROM, written to TO when due. */
struct flow {
	int from, to;
	struct piece *first, **last;
	size_t held;
	bool ended;  /* FROM has no more */
	bool closed; /* and TO was told */
};

struct pair {
	int near, far; /* 0: unused */
	double opened;
	struct flow flows[2];
};

static struct pair pairs[PAIRS];
static double delay;
static unsigned target;

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int open_socket(unsigned port, bool listening)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	const int yes = 1;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	int bad = listening ? bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
				      listen(fd, 256)
			    : connect(fd, (struct sockaddr *)&address, sizeof(address));
	if (bad == 0)
		return fd;
	close(fd);
	return -1;
}

static void start_pair(int near)
{
	const int yes = 1;
	for (int i = 0; i < PAIRS; i++) {
		struct pair *pair = &pairs[i];
		if (pair->near != 0)
			continue;
		int far = open_socket(target, false);
		if (far < 0)
			break;
		setsockopt(near, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
		*pair = (struct pair){.near = near, .far = far, .opened = now()};
		pair->flows[0] = (struct flow){.from = near, .to = far};
		pair->flows[1] = (struct flow){.from = far, .to = near};
		for (int f = 0; f < 2; f++)
			pair->flows[f].last = &pair->flows[f].first;
		return;
	}
	close(near);
}

static void take(struct pair *pair, struct flow *flow)
{
	struct piece *piece = malloc(sizeof(*piece) + PIECE);
	ssize_t got = recv(flow->from, piece->bytes, PIECE, MSG_DONTWAIT);
	if (got <= 0) {
		flow->ended = true;
		free(piece);
		return;
	}
	piece->next = NULL;
	piece->sent = 0;
	piece->size = (size_t)got;
	piece->due = now() + delay;
	/* What a handshake would have taken. */
	if (flow == &pair->flows[0] && piece->due < pair->opened + 3 * delay)
		piece->due = pair->opened + 3 * delay;
	*flow->last = piece;
	flow->last = &piece->next;
	flow->held += piece->size;
}

static void give(struct flow *flow, double moment)
{
	while (flow->first != NULL && flow->first->due <= moment) {
		struct piece *piece = flow->first;
		ssize_t sent = send(flow->to, piece->bytes + piece->sent, piece->size - piece->sent,
				    MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent < 0)
			return;
		piece->sent += (size_t)sent;
		if (piece->sent < piece->size)
			return;
		flow->held -= piece->size;
		flow->first = piece->next;
		if (flow->first == NULL)
			flow->last = &flow->first;
		free(piece);
	}
	if (flow->first == NULL && flow->ended && !flow->closed) {
		shutdown(flow->to, SHUT_WR);
		flow->closed = true;
	}
}

int main(int argc, char **argv)
{
	struct pollfd polls[1 + 2 * PAIRS];
	struct sockaddr_in address;
	socklen_t length = sizeof(address);
	if (argc != 4)
		return 2;
	target = (unsigned)atoi(argv[1]);
	delay = atof(argv[2]) / 1000;
	alarm((unsigned)atoi(argv[3]));
	signal(SIGPIPE, SIG_IGN);
	int listener = open_socket(0, true);
	if (listener < 0 || getsockname(listener, (struct sockaddr *)&address, &length) != 0)
		return 3;
	printf("%u\n", ntohs(address.sin_port));
	fflush(stdout);
	for (;;) {
		const double moment = now();
		double next = moment + 1;
		nfds_t count = 0;
		polls[count++] = (struct pollfd){.fd = listener, .events = POLLIN};
		for (int i = 0; i < PAIRS; i++)
			for (int f = 0; f < 2; f++) {
				struct flow *flow = &pairs[i].flows[f];
				const bool reads = pairs[i].near != 0 && !flow->ended &&
						   flow->held < WINDOW_MOST;
				/* A piece that is due and still here waits for its receiver. */
				if (pairs[i].near != 0 && flow->first != NULL) {
					double due = flow->first->due;
					due = due <= moment ? moment + 0.001 : due;
					next = due < next ? due : next;
				}
				polls[count++] = (struct pollfd){.fd = reads ? flow->from : -1,
								 .events = POLLIN};
			}
		struct timespec wait = {.tv_nsec = (long)((next - moment) * 999e6)};
		ppoll(polls, count, &wait, NULL);
		for (int i = 0; i < PAIRS; i++) {
			struct pair *pair = &pairs[i];
			if (pair->near == 0)
				continue;
			for (int f = 0; f < 2; f++) {
				if (polls[1 + 2 * i + f].revents != 0)
					take(pair, &pair->flows[f]);
				give(&pair->flows[f], now());
			}
			if (pair->flows[0].closed && pair->flows[1].closed) {
				close(pair->near);
				close(pair->far);
				pair->near = 0;
			}
		}
		if (polls[0].revents != 0)
			start_pair(accept(listener, NULL, NULL));
	}
}
