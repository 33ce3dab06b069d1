/*
 * Runs scripts of system calls on the real kernel and prints what each call answers, so that the same scripts can be
 * compared with the model. tests/conformance/script.ts says what a script is and turns it into the lines read here:
 *
 *     <slot> <call> <argument> ...     a call; its result goes into a slot (-1: nowhere), an argument is a number or $slot
 *     --                               the script ends; each script runs in a process of its own
 *
 * For each call one line is printed: the return value or -errno, then whatever the call stored in memory.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SLOTS 8192
#define ROOM_EVENTS 4096
#define PAGE 4096

static long slots[SLOTS];
static char arena[1 << 20];

static long answer(long ret) { return ret < 0 ? -errno : ret; }

struct call {
	int slot;
	char name[24];
	char word[8][64];
	int words;
};

static long arg(const struct call *c, int i)
{
	if (i >= c->words)
		return 0;
	if (c->word[i][0] == '$')
		return slots[atoi(c->word[i] + 1)];
	return (long)strtoll(c->word[i], NULL, 0);
}

/* Memory for events: ordinary, NULL (-2), in the kernel's half (-3), or `room` bytes in front of an unmapped page. */
static void *event_memory(long room)
{
	char *two;

	if (room == -1)
		return memset(arena, 0, sizeof(arena));
	if (room == -2)
		return NULL;
	if (room == -3)
		return (void *)0xffff800000000000ul;
	two = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(two + PAGE, PAGE);
	return two + PAGE - room;
}

static void print_events(const struct epoll_event *events, long count)
{
	long i;

	for (i = 0; i < count; i++)
		printf(" %llu %u", (unsigned long long)events[i].data.u64, events[i].events);
}

static long do_wait(const struct call *c)
{
	struct epoll_event *events = event_memory(arg(c, 3));
	long ret = answer(syscall(SYS_epoll_wait, arg(c, 0), events, arg(c, 1), arg(c, 2)));

	printf("%ld", ret);
	print_events(events, ret);
	return ret;
}

static long do_pwait2(const struct call *c)
{
	struct epoll_event *events = event_memory(-1);
	struct timespec ts = { arg(c, 2), arg(c, 3) };
	long ret = answer(syscall(SYS_epoll_pwait2, arg(c, 0), events, arg(c, 1), &ts, NULL, 8));

	printf("%ld", ret);
	print_events(events, ret);
	return ret;
}

static long do_ctl(const struct call *c, int null)
{
	struct epoll_event event = { (uint32_t)arg(c, 3), { .u64 = (uint64_t)arg(c, 4) } };
	long ret = answer(syscall(SYS_epoll_ctl, arg(c, 0), arg(c, 1), arg(c, 2), null ? NULL : &event));

	printf("%ld", ret);
	return ret;
}

static long do_take(const struct call *c)
{
	uint64_t value = 0;
	long ret = answer(read(arg(c, 0), &value, 8));

	printf("%ld", ret);
	if (ret == 8)
		printf(" %llu", (unsigned long long)value);
	return ret;
}

static long do_add(const struct call *c)
{
	uint64_t value = strtoull(c->word[1], NULL, 0);
	long ret = answer(write(arg(c, 0), &value, 8));

	printf("%ld", ret);
	return ret;
}

static long do_pair(const struct call *c, int sockets)
{
	int fd[2] = { 0, 0 };
	long ret = answer(sockets ? socketpair(AF_UNIX, arg(c, 0), 0, fd) : pipe2(fd, arg(c, 0)));

	printf("%ld", ret);
	if (ret == 0) {
		slots[c->slot] = fd[0];
		slots[c->slot + 1] = fd[1];
		printf(" %d %d", fd[0], fd[1]);
	}
	return ret;
}

static long do_poll(const struct call *c)
{
	struct pollfd p = { arg(c, 0), arg(c, 1), 0 };
	long ret = answer(poll(&p, 1, arg(c, 2)));

	printf("%ld", ret);
	if (ret > 0)
		printf(" %u", (unsigned short)p.revents);
	return ret;
}

static long do_open(const struct call *c)
{
	static const char *const paths[] = { "/", "/dev/null", "/tmp/epoll-facts-file" };
	long ret = answer(open(paths[arg(c, 0)], arg(c, 1), 0600));

	printf("%ld", ret);
	if (arg(c, 0) == 2)
		unlink(paths[2]);
	return ret;
}

static long do_params(const struct call *c, int set)
{
	struct { uint32_t usecs; uint16_t budget; uint8_t prefer, pad; } p;
	long ret;

	memset(&p, 0x5a, sizeof(p));
	if (set) {
		p.usecs = arg(c, 1);
		p.budget = arg(c, 2);
		p.prefer = arg(c, 3);
		p.pad = arg(c, 4);
	}
	ret = answer(ioctl(arg(c, 0), set ? 0x40088a01 : 0x80088a02, &p));
	printf("%ld", ret);
	if (ret == 0 && !set)
		printf(" %u %u %u %u", p.usecs, p.budget, p.prefer, p.pad);
	return ret;
}

/* number, events, data of every item, as the kernel lists them */
static long do_fdinfo(const struct call *c)
{
	char path[64], line[256];
	unsigned long long data;
	unsigned events;
	long count = 0;
	int tfd;
	FILE *f;
	static struct { int tfd; unsigned events; unsigned long long data; } items[SLOTS];
	long i;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%ld", arg(c, 0));
	f = fopen(path, "r");
	if (f == NULL) {
		printf("%d", -errno);
		return -errno;
	}
	while (fgets(line, sizeof(line), f) != NULL && count < SLOTS)
		if (sscanf(line, "tfd: %d events: %x data: %llx", &tfd, &events, &data) == 3) {
			items[count].tfd = tfd;
			items[count].events = events;
			items[count++].data = data;
		}
	fclose(f);
	printf("%ld", count);
	for (i = 0; i < count; i++)
		printf(" %d %u %llu", items[i].tfd, items[i].events, items[i].data);
	return count;
}

static long do_rlimit(const struct call *c)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = arg(c, 0);
	return printf("%ld", answer(setrlimit(RLIMIT_NOFILE, &limit))), 0;
}

static long plain(long ret)
{
	printf("%ld", ret);
	return ret;
}

static long perform(const struct call *c)
{
	const char *name = c->name;
#define IS(text) (strcmp(name, text) == 0)
	if (IS("epoll_create")) return plain(answer(syscall(SYS_epoll_create, arg(c, 0))));
	if (IS("epoll_create1")) return plain(answer(syscall(SYS_epoll_create1, arg(c, 0))));
	if (IS("ctl")) return do_ctl(c, 0);
	if (IS("ctl_null")) return do_ctl(c, 1);
	if (IS("wait")) return do_wait(c);
	if (IS("pwait2")) return do_pwait2(c);
	if (IS("eventfd2")) return plain(answer(syscall(SYS_eventfd2, arg(c, 0), arg(c, 1))));
	if (IS("add")) return do_add(c);
	if (IS("take")) return do_take(c);
	if (IS("write")) return plain(answer(write(arg(c, 0), memset(arena, 0, arg(c, 1)), arg(c, 1))));
	if (IS("read")) return plain(answer(read(arg(c, 0), arena, arg(c, 1))));
	if (IS("pipe2")) return do_pair(c, 0);
	if (IS("socketpair")) return do_pair(c, 1);
	if (IS("dup")) return plain(answer(dup(arg(c, 0))));
	if (IS("dup2")) return plain(answer(dup2(arg(c, 0), arg(c, 1))));
	if (IS("close")) return plain(answer(syscall(SYS_close, arg(c, 0))));
	if (IS("fcntl")) return plain(answer(fcntl(arg(c, 0), arg(c, 1), arg(c, 2))));
	if (IS("ioctl")) return plain(answer(ioctl(arg(c, 0), arg(c, 1), arena)));
	if (IS("ioctl_null")) return plain(answer(ioctl(arg(c, 0), arg(c, 1), NULL)));
	if (IS("lseek")) return plain(answer(lseek(arg(c, 0), arg(c, 1), arg(c, 2))));
	if (IS("open")) return do_open(c);
	if (IS("poll")) return do_poll(c);
	if (IS("shutdown")) return plain(answer(shutdown(arg(c, 0), arg(c, 1))));
	if (IS("getparams")) return do_params(c, 0);
	if (IS("setparams")) return do_params(c, 1);
	if (IS("fdinfo")) return do_fdinfo(c);
	if (IS("rlimit")) return do_rlimit(c);
	fprintf(stderr, "no such call: %s\n", name);
	exit(2);
}

static void run_line(char *line)
{
	struct call c;
	char *word = strtok(line, " \n");
	long ret;

	c.slot = atoi(word);
	snprintf(c.name, sizeof(c.name), "%s", strtok(NULL, " \n"));
	for (c.words = 0; (word = strtok(NULL, " \n")) != NULL && c.words < 8; c.words++)
		snprintf(c.word[c.words], sizeof(c.word[0]), "%s", word);
	ret = perform(&c);
	printf("\n");
	if (c.slot >= 0 && strcmp(c.name, "pipe2") != 0 && strcmp(c.name, "socketpair") != 0)
		slots[c.slot] = ret;
}

static void run_script(char **lines, long count)
{
	pid_t child;
	long i;
	int fd;

	fflush(stdout);
	child = fork();
	if (child != 0) {
		waitpid(child, NULL, 0);
		return;
	}
	signal(SIGPIPE, SIG_IGN);
	fd = open("/dev/null", O_RDONLY);
	dup2(fd, 0);
	close_range(3, ~0u, 0);
	for (i = 0; i < count; i++)
		run_line(lines[i]);
	fflush(stdout);
	_exit(0);
}

int main(void)
{
	long count = 0, room = 1024;
	char **lines = malloc(room * sizeof(*lines));
	char line[512];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (strncmp(line, "--", 2) == 0) {
			run_script(lines, count);
			printf("--\n");
			while (count > 0)
				free(lines[--count]);
			continue;
		}
		if (count == room)
			lines = realloc(lines, (room *= 2) * sizeof(*lines));
		lines[count++] = strdup(line);
	}
	return 0;
}
