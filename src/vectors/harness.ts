/**
 * The part of a vector's C program that is the same for all of them: tasks that make one call when it is their turn, and a director who
 * gives the turns, looks into /proc to see that a call sleeps, and prints TAP. It needs Linux and a C compiler, nothing else.
 */

/** What stands before the steps. */
export const HARNESS_TOP = String.raw`
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef MSG_PROBE
#define MSG_PROBE 0x10
#endif

/* of an answer: the pid of any task */
#define ANY_CHILD -2

enum { ABSENT, IDLE, TURN, IN_CALL, DONE, ENDED };

/* A task: what it is to do, and what came of it. In memory that all processes share. */
struct task {
	int state, step;
	pid_t pid, tid;
	long ret;
	char stored[4096];
};

struct shared {
	struct task task[16];
	int page_in, no_userfaultfd;
};

static struct shared *shared;
static __thread struct task *me;
char zeros[1 << 17], buffer[1 << 17];

/* Waits that end with an event get more time than they need here: a busy machine is slow. */
#define PATIENT(ms) ((ms) < 0 ? -1 : (ms) + 5000)
/* The call itself: what a step prepares before it may sleep too, and that is not meant. */
#define RET(call) do { long r_; __atomic_store_n(&me->state, IN_CALL, __ATOMIC_SEQ_CST); r_ = (call); me->ret = r_ < 0 ? -errno : r_; } while (0)

static void store(const char *format, ...)
{
	size_t used = strlen(me->stored);
	va_list args;

	va_start(args, format);
	vsnprintf(me->stored + used, sizeof(me->stored) - used, format, args);
	va_end(args);
}

static inline void store_bytes(const char *bytes, long count)
{
	long i;

	for (i = 0; i < count && i < 64; i++)
		store("%02x", (unsigned char)bytes[i]);
}

static inline void store_events(const struct epoll_event *events, long count)
{
	long i;

	for (i = 0; i < count; i++)
		store("%s%x:%llu", i == 0 ? "" : " ", events[i].events, (unsigned long long)events[i].data.u64);
}

/* what poll() found, for the descriptors that were asked about */
static inline void store_poll(const struct pollfd *p, int count)
{
	int i;

	for (i = 0; i < count; i++)
		store("%s%x", i == 0 ? "" : " ", p[i].revents);
}

/* Ports of the scenario are moved, so that the program can be run again while old connections are in TIME_WAIT. */
static int first_port;

static inline int address(struct sockaddr_in *a, unsigned ip, int port)
{
	memset(a, 0, sizeof(*a));
	a->sin_family = AF_INET;
	a->sin_addr.s_addr = htonl(ip);
	a->sin_port = htons(port == 0 ? 0 : first_port + port % 1000);
	return sizeof(*a);
}

static void loop(int index);

static void *thread_main(void *index)
{
	loop((long)index);
	return NULL;
}

static inline long start_thread(int index)
{
	pthread_t thread;
	int err = pthread_create(&thread, NULL, thread_main, (void *)(long)index);

	return err == 0 ? 0 : (errno = err, -1);
}

static inline long start_process(int index)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		loop(index);
	}
	return pid;
}

static inline void handler(int sig) { (void)sig; }

static inline long handle(int sig, int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	return sigaction(sig, &action, NULL);
}

static inline sigset_t *set_of(sigset_t *set, int count, ...)
{
	va_list args;
	int i;

	sigemptyset(set);
	va_start(args, count);
	for (i = 0; i < count; i++)
		sigaddset(set, va_arg(args, int));
	va_end(args);
	return set;
}

/* A page that is not there: the copy to it waits in the middle of the call until the director brings the page in. */
static int uffd = -1;
static char *absent_at;

static void *page_in(void *page_size)
{
	struct uffdio_zeropage zero = { .range = { (uintptr_t)absent_at, (long)page_size } };

	while (!__atomic_load_n(&shared->page_in, __ATOMIC_SEQ_CST))
		usleep(1000);
	ioctl(uffd, UFFDIO_ZEROPAGE, &zero);
	return NULL;
}

/* memory of which only the first bytes are mapped */
static inline void *faulting_memory(long good)
{
	long size = sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mprotect(pages + size, size, PROT_NONE);
	return pages + size - good;
}

static inline void *absent_memory(long from)
{
	long size = sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .range = { (uintptr_t)pages + size, size }, .mode = UFFDIO_REGISTER_MODE_MISSING };
	pthread_t thread;
	int low = syscall(SYS_userfaultfd, O_CLOEXEC);

	absent_at = pages + size;
	uffd = low < 0 ? -1 : fcntl(low, F_DUPFD_CLOEXEC, 900);
	close(low);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) != 0 || ioctl(uffd, UFFDIO_REGISTER, &range) != 0)
		shared->no_userfaultfd = 1;
	else
		pthread_create(&thread, NULL, page_in, (void *)size);
	return pages + size - from;
}
`;

/** What stands behind the steps. */
export const HARNESS_END = String.raw`
static void set_state(struct task *t, int state) { __atomic_store_n(&t->state, state, __ATOMIC_SEQ_CST); }
static int state_of(const struct task *t) { return __atomic_load_n(&t->state, __ATOMIC_SEQ_CST); }

/* What every task does: waits for its turn, makes one call. */
static void loop(int index)
{
	me = &shared->task[index];
	me->pid = getpid();
	me->tid = syscall(SYS_gettid);
	set_state(me, IDLE);
	for (;;) {
		struct timespec pause = { 0, 100000 };

		if (state_of(me) != TURN) {
			nanosleep(&pause, NULL);
			continue;
		}
		if (steps[me->step].run == NULL) {
			if (me->pid == me->tid)
				_exit(steps[me->step].ret);
			syscall(SYS_exit, 0);
		}
		me->stored[0] = 0;
		steps[me->step].run();
		set_state(me, DONE);
	}
}

static char proc_state(const struct task *t)
{
	char path[64], text[512], *end;
	FILE *file;
	size_t got;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", t->pid, t->tid);
	file = fopen(path, "r");
	if (file == NULL)
		return 'X';
	got = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[got] = 0;
	end = strrchr(text, ')');
	return end == NULL ? '?' : end[2];
}

/* Until the call of a task has returned (1) or sleeps (0). */
static int settled(struct task *t)
{
	struct timespec pause = { 0, 200000 };
	int calm = 0, waited = 0;

	while (state_of(t) != DONE && calm < 5 && waited++ < 50000) {
		char state = proc_state(t);

		nanosleep(&pause, NULL);
		calm = state_of(t) == IN_CALL && (state == 'S' || state == 'D') ? calm + 1 : 0;
	}
	return state_of(t) == DONE;
}

static int returned(struct task *t)
{
	struct timespec pause = { 0, 200000 };
	int waited = 0;

	while (state_of(t) != DONE && waited++ < 50000)
		nanosleep(&pause, NULL);
	return state_of(t) == DONE;
}

static int ready(struct task *t)
{
	struct timespec pause = { 0, 200000 };
	int waited = 0;

	while (state_of(t) != IDLE && waited++ < 25000)
		nanosleep(&pause, NULL);
	return state_of(t) == IDLE;
}

static int test_number, failures;

static void ok(int good, const char *text, const char *why)
{
	printf("%sok %d - %s%s\n", good ? "" : "not ", ++test_number, text, why);
	failures += !good;
}

static void begin(int number)
{
	const struct step *s = &steps[number];
	struct task *t = &shared->task[s->task];
	char text[512];

	if (!ready(t)) {
		snprintf(text, sizeof(text), "%s: its turn does not come, its last call has not returned", s->text);
		ok(0, text, "");
		return;
	}
	usleep(1000 * s->pause);
	t->step = number;
	set_state(t, TURN);
	if (s->run == NULL) {
		int waited = 0;

		while (proc_state(t) != 'Z' && proc_state(t) != 'X' && waited++ < 5000)
			usleep(1000);
		set_state(t, ENDED);
		return;
	}
	if (s->sleeps && settled(t) && !shared->no_userfaultfd) {
		snprintf(text, sizeof(text), "%s", s->text);
		ok(0, text, "\n# it must sleep here, and it has returned");
	}
}

static int is_task(pid_t pid)
{
	int i;

	for (i = 0; i < 16; i++)
		if (shared->task[i].pid == pid)
			return 1;
	return 0;
}

static void end(int number)
{
	const struct step *s = &steps[number];
	struct task *t = &shared->task[s->task];
	long expected = s->about >= 0 ? shared->task[s->about].pid : s->ret;
	char why[5000] = "";

	if (s->page_in)
		__atomic_store_n(&shared->page_in, 1, __ATOMIC_SEQ_CST);
	if (!returned(t)) {
		ok(0, s->text, "\n# it has not returned");
		return;
	}
	if (shared->no_userfaultfd && s->page_in) {
		printf("ok %d - %s # SKIP userfaultfd(2) is not permitted here\n", ++test_number, s->text);
		printf("1..%d\n", test_number);
		exit(0);
	}
	/* who was made says itself which number it has */
	if (s->starts >= 0 && ready(&shared->task[s->starts]))
		expected = s->thread ? 0 : shared->task[s->starts].pid;
	if (s->about == ANY_CHILD && is_task(t->ret))
		expected = t->ret;
	if (t->ret != expected || strcmp(t->stored, s->stored) != 0)
		snprintf(why, sizeof(why), "\n# expected %ld [%s]\n# got      %ld [%s]", expected, s->stored, t->ret, t->stored);
	ok(why[0] == 0, s->text, why);
	set_state(t, IDLE);
}

/* a thousand ports, of which those of the scenario are free */
static int find_ports(void)
{
	unsigned i;

	for (first_port = 20000 + getpid() % 40 * 1000; first_port < 64000; first_port += 1000) {
		for (i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
			int fd = socket(AF_INET, SOCK_STREAM, 0), good;
			struct sockaddr_in a;

			good = bind(fd, (struct sockaddr *)&a, address(&a, 0x7f000001, ports[i])) == 0;
			close(fd);
			if (!good)
				break;
		}
		if (i == sizeof(ports) / sizeof(ports[0]))
			return 1;
	}
	return 0;
}

static void start(int index)
{
	int fd;

	if (fork() != 0) {
		ready(&shared->task[index]);
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fd = open("/dev/null", O_RDWR);
	dup2(fd, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	for (fd = 3; fd < 256; fd++)
		close(fd);
	loop(index);
}

static void clean_up(void)
{
	int i;

	fflush(stdout);
	for (i = 0; i < 16; i++)
		if (shared->task[i].pid > 0 && state_of(&shared->task[i]) != ENDED)
			kill(shared->task[i].pid, SIGKILL);
}

int main(void)
{
	unsigned i;

	if (!find_ports()) {
		printf("Bail out! no free ports\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	atexit(clean_up);
	printf("TAP version 13\n# %s\n", TITLE);
	for (i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		start(first[i]);
	for (i = 0; i < sizeof(moves) / sizeof(moves[0]); i++)
		(moves[i] > 0 ? begin : end)(abs(moves[i]) - 1);
	if (SKIPPED > 0)
		printf("ok %d - %d further calls # SKIP their answers depend on real time\n", ++test_number, SKIPPED);
	printf("1..%d\n", test_number);
	return failures != 0;
}
`;
