/*
 * What the claims about cost (A5 to A7, C7) cost on this kernel. Prints lines: claim, series, size, number.
 * A5: nanoseconds of one call that finds one ready descriptor among so many. C7: calls for so many replies.
 * Build: cc -O2 -pthread -o cost cost.c
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 7
#define CALLS 500
#define REPLY 40000

static int fds[1000], count, ep;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void by_select(void)
{
	fd_set set;
	struct timeval zero = { 0, 0 };
	int i;

	FD_ZERO(&set);
	for (i = 0; i < count; i++)
		FD_SET(fds[i], &set);
	if (select(fds[count - 1] + 1, &set, NULL, NULL, &zero) != 1)
		die("select");
}

static struct pollfd entries[1000];

static void by_poll(void)
{
	if (poll(entries, count, 0) != 1)
		die("poll");
}

static void by_epoll(void)
{
	struct epoll_event events[8];

	if (epoll_wait(ep, events, 8, 0) != 1)
		die("epoll_wait");
}

/* The best of some rounds: what else the machine does makes a round longer, never shorter. */
static double cost_of(void (*call)(void))
{
	double best = 1e18;
	int round, i;

	for (round = 0; round < ROUNDS; round++) {
		double began = now(), took;

		for (i = 0; i < CALLS; i++)
			call();
		took = (now() - began) / CALLS;
		if (took < best)
			best = took;
	}
	return best;
}

static void waits(int size)
{
	int i, pair[2];

	ep = epoll_create1(0);
	count = size;
	for (i = 0; i < size; i++) {
		struct epoll_event event = { .events = EPOLLIN };

		if (pipe(pair) != 0)
			die("pipe");
		fds[i] = pair[0];
		entries[i] = (struct pollfd){ pair[0], POLLIN, 0 };
		epoll_ctl(ep, EPOLL_CTL_ADD, pair[0], &event);
	}
	if (write(pair[1], "x", 1) != 1)
		die("write");
	printf("A5 select %d %.0f\n", size, cost_of(by_select));
	printf("A5 poll %d %.0f\n", size, cost_of(by_poll));
	printf("A5 epoll_wait %d %.0f\n", size, cost_of(by_epoll));
	closefrom(3);
}

static int replies;

static void *reader(void *fd)
{
	static __thread char into[65536];
	long left = (long)replies * REPLY, got;

	while (left > 0 && (got = read((int)(long)fd, into, sizeof(into))) > 0)
		left -= got;
	return NULL;
}

static int controls, waited;

static void control(int op, int fd, unsigned mask)
{
	struct epoll_event event = { .events = mask };

	controls++;
	if (epoll_ctl(ep, op, fd, &event) != 0)
		die("epoll_ctl");
}

static void wait_for_room(void)
{
	struct epoll_event event;

	waited++;
	epoll_wait(ep, &event, 1, -1);
}

static char reply[REPLY];

static long put(int fd, long left)
{
	long ret = write(fd, reply, left);

	return ret < 0 ? 0 : ret;
}

static void level(int fd)
{
	int i;

	control(EPOLL_CTL_ADD, fd, 0);
	for (i = 0; i < replies; i++) {
		long left = REPLY - put(fd, REPLY);

		if (left == 0)
			continue;
		control(EPOLL_CTL_MOD, fd, EPOLLOUT);
		while (left > 0) {
			wait_for_room();
			left -= put(fd, left);
		}
		control(EPOLL_CTL_MOD, fd, 0);
	}
}

static void edge(int fd)
{
	int i;

	control(EPOLL_CTL_ADD, fd, EPOLLOUT | EPOLLET);
	for (i = 0; i < replies; i++) {
		long left = REPLY;

		while (left > 0) {
			long ret = write(fd, reply, left);

			if (ret < 0)
				wait_for_room();
			else
				left -= ret;
		}
	}
}

/* A connection with small buffers, as the model's story has it. */
static void sending(const char *name, void (*way)(int))
{
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0), small = 16384, smaller = 4096, server;
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(at);
	pthread_t thread;

	if (bind(listener, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(listener, 1) != 0)
		die("listen");
	getsockname(listener, (struct sockaddr *)&at, &length);
	setsockopt(listener, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	setsockopt(client, SOL_SOCKET, SO_RCVBUF, &smaller, sizeof(smaller));
	if (connect(client, (struct sockaddr *)&at, sizeof(at)) != 0 || (server = accept(listener, NULL, NULL)) < 0)
		die("connect");
	fcntl(server, F_SETFL, O_NONBLOCK);
	ep = epoll_create1(0);
	controls = waited = 0;
	pthread_create(&thread, NULL, reader, (void *)(long)client);
	way(server);
	pthread_join(thread, NULL);
	printf("C7 %s:_epoll_ctl %d %d\n", name, replies, controls);
	printf("C7 %s:_epoll_wait %d %d\n", name, replies, waited);
	closefrom(3);
}

int main(int argc, char **argv)
{
	struct rlimit limit = { 4096, 4096 };
	int i;

	setrlimit(RLIMIT_NOFILE, &limit);
	/* sizes: those of A5, then a dash, then those of C7 */
	for (i = 1; i < argc && strcmp(argv[i], "-") != 0; i++)
		waits(atoi(argv[i]));
	for (i++; i < argc; i++) {
		replies = atoi(argv[i]);
		sending("LT", level);
		sending("ET", edge);
	}
	return 0;
}
