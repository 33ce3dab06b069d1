/*
 * Runs scripts of system calls on the real kernel: several tasks, one at a time, each call made when the one before has returned or
 * sleeps inside the kernel. tests/live/wire.ts turns a script into the lines read here:
 *
 *     P tasks processes            a script begins; processes: one bit for each task that fork() makes
 *     L task kind nr rounds timed slot slot count argument...
 *     E                            it ends, and is run
 *
 * An argument is iN (a number), sS (the descriptor in slot S), nS,S.. (one more than the highest of them), pT and tT (process and
 * thread id of task T), z (NULL), k (a pointer into the kernel's half), or bLENGTH:REACH:OUT:BYTES:PATCHES (memory).
 * Printed: `R seq line during ms ret bytes...` when a call returns (ms: of the clock), `B ...` when it sleeps, `T` when a script takes too long, `--`.
 *
 * A task sleeps when /proc says so twice. All run on one CPU, so that nobody acts while another is in the middle of something.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TASKS 8
/* threads that a process has from the start */
#define FEW 5
#define SLOTS 64
#define LINES 512
#define BLOCKS 6
#define ARENA (1 << 20)
#define GUARD 4096
/* of until_eagain, at most */
#define ROUNDS 1000
#define LOG (4 << 20)
#define POOL (4 << 20)
/* instead of a line: everything is put back as it was in the beginning */
#define RESET -1
#define PATIENCE_MS 4000

enum { NONE, IDLE, JOB, INCALL, EXITING, DEAD };

struct patch { char kind; int at, slot; };
struct block { char *at; int length, out, patches; struct patch patch[40]; };
struct arg { char kind; long value; int slots[24], count; };

struct line {
	int task, rounds, timed, slot[2], count;
	char kind;
	long nr;
	struct arg arg[6];
	int blocks;
	struct block block[BLOCKS];
	char *bytes[BLOCKS];
	int reach[BLOCKS];
};

struct task {
	int state;
	pid_t pid, tid;
	/* the line that it is in, and the one before which it stops */
	int line, end, seq;
};

/* What happened to a call: it returned (what: 'R'), or it sleeps ('B'). The bytes of its blocks follow. */
struct entry { char what; int seq, line, during, ms; long ret; };

struct shared {
	struct task task[TASKS];
	int slot[SLOTS], port[SLOTS];
	int seq, used;
	/* of the clock, in ms */
	long started;
	char log[LOG];
};

static struct shared *shared;
static char *arena[TASKS];
static struct line *lines;
/* bytes of blocks */
static char *pool;
static int pool_used;
static int line_count, task_count, process_mask, threads;
static int stat_fd[TASKS];

static long futex(int *at, int op, int value, const struct timespec *timeout)
{
	return syscall(SYS_futex, at, op, value, timeout, NULL, 0);
}

static int load(int *at) { return __atomic_load_n(at, __ATOMIC_SEQ_CST); }

static void store(int *at, int value)
{
	__atomic_store_n(at, value, __ATOMIC_SEQ_CST);
	futex(at, FUTEX_WAKE, 8, NULL);
}

/* ---- the tasks of a script ---- */

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int port_of(int slot)
{
	struct sockaddr_in a;
	socklen_t length = sizeof(a);

	if (getsockname(shared->slot[slot], (struct sockaddr *)&a, &length) == 0 && a.sin_family == AF_INET && a.sin_port != 0)
		shared->port[slot] = ntohs(a.sin_port);
	return shared->port[slot];
}

static void apply(struct block *b)
{
	int i, fd, port;

	for (i = 0; i < b->patches; i++) {
		struct patch *p = &b->patch[i];

		fd = shared->slot[p->slot];
		if (p->kind == 'f')
			memcpy(b->at + p->at, &fd, 4);
		if (p->kind == 't' && fd >= 0 && fd / 8 < b->length)
			b->at[fd / 8] |= 1 << (fd & 7);
		if (p->kind == 'p') {
			port = htons(port_of(p->slot));
			memcpy(b->at + p->at, &port, 2);
		}
	}
}

static long value_of(struct line *l, struct arg *a)
{
	long highest = -1;
	int i;

	switch (a->kind) {
	case 's': return shared->slot[a->value];
	case 'p': return shared->task[a->value].pid;
	case 't': return shared->task[a->value].tid;
	case 'b': return (long)l->block[a->value].at;
	case 'k': return (long)0xffff800000000000ul;
	case 'n':
		for (i = 0; i < a->count; i++)
			if (shared->slot[a->slots[i]] > highest)
				highest = shared->slot[a->slots[i]];
		return highest + 1;
	default: return a->value;
	}
}

static void loop(int self);

static long do_fork(int child)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		shared->task[child].pid = shared->task[child].tid = getpid();
		store(&shared->task[child].state, IDLE);
		loop(child);
	}
	if (pid < 0)
		return -errno;
	while (load(&shared->task[child].state) != IDLE)
		sched_yield();
	return 0;
}

static void note(char what, int seq, int line, long ret)
{
	struct entry entry = { what, seq, line, __atomic_load_n(&shared->seq, __ATOMIC_SEQ_CST), now_ms() - shared->started, ret };
	struct line *l = &lines[line];
	int size = sizeof(entry), at, b;

	for (b = 0; b < l->blocks && what == 'R'; b++)
		size += l->block[b].out ? l->block[b].length : 0;
	at = __atomic_fetch_add(&shared->used, size, __ATOMIC_SEQ_CST);
	if (at + size > LOG) {
		shared->used = LOG;
		return;
	}
	memcpy(shared->log + at, &entry, sizeof(entry));
	at += sizeof(entry);
	for (b = 0; b < l->blocks && what == 'R'; b++)
		if (l->block[b].out) {
			int length = l->block[b].length, reach = l->reach[b] < length ? l->reach[b] : length;

			memcpy(shared->log + at, l->block[b].at, reach);
			at += length;
		}
}

/* puts the bytes of a line's blocks where the call finds them */
static void lay_out(struct line *l)
{
	char *at = arena[l->task];
	int b;

	for (b = 0; b < l->blocks; b++) {
		struct block *block = &l->block[b];
		int whole = l->reach[b] >= block->length, reach = whole ? block->length : l->reach[b];

		block->at = whole ? at : arena[l->task] + ARENA - reach;
		if (whole)
			at += (block->length + 63) & ~63;
		if (l->bytes[b] != NULL)
			memcpy(block->at, l->bytes[b], reach);
		else
			memset(block->at, 0, reach);
		if (whole)
			apply(block);
	}
}

static void keep_names(struct line *l, long ret)
{
	int b, k, *pair = NULL;

	for (b = 0; b < l->blocks; b++)
		if (l->block[b].out == 2)
			pair = (int *)l->block[b].at;
	for (k = 0; k < 2; k++)
		if (l->slot[k] >= 0 && ret >= 0)
			shared->slot[l->slot[k]] = pair != NULL ? pair[k] : (int)ret;
}

static long make_call(struct task *t, struct line *l)
{
	long a[6] = { 0 }, ret;
	int i;

	lay_out(l);
	for (i = 0; i < l->count; i++)
		a[i] = value_of(l, &l->arg[i]);
	t->seq = __atomic_add_fetch(&shared->seq, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&t->state, INCALL, __ATOMIC_SEQ_CST);
	if (l->kind == 'f')
		ret = do_fork(l->nr);
	else
		ret = l->kind == 'c' ? syscall(l->nr, a[0], a[1], a[2], a[3], a[4], a[5]) : 0;
	if (ret < 0 && l->kind == 'c')
		ret = -errno;
	/* the port of a socket is remembered, for those who connect to it after it was closed */
	if (l->kind == 'c' && ret >= 0 && l->arg[0].kind == 's' && (l->nr == SYS_bind || l->nr == SYS_listen || l->nr == SYS_connect || l->nr == SYS_sendto))
		port_of(l->arg[0].value);
	keep_names(l, ret);
	note('R', t->seq, t->line, ret);
	return ret;
}

/* Descriptors 0, 1 and 2 as every script finds them, no other ones, and no signal that waits. */
static void clean_up(void)
{
	struct timespec now = { 0, 0 };
	sigset_t set;
	int fd;

	close_range(0, ~0u, 0);
	fd = open("/dev/null", O_RDWR);
	dup2(fd, 1);
	dup2(fd, 2);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	while (sigtimedwait(&set, NULL, &now) > 0)
		;
}

static void loop(int self)
{
	struct task *t = &shared->task[self];
	int rounds;

	for (;;) {
		int state = load(&t->state);

		if (state != JOB) {
			futex(&t->state, FUTEX_WAIT, state, NULL);
			continue;
		}
		if (t->line == RESET) {
			clean_up();
			store(&t->state, IDLE);
			continue;
		}
		do {
			struct line *l = &lines[t->line];

			if (l->kind == 'x') {
				t->seq = __atomic_add_fetch(&shared->seq, 1, __ATOMIC_SEQ_CST);
				store(&t->state, EXITING);
				_exit(0);
			}
			for (rounds = 1; make_call(t, l) > 0 && l->rounds && rounds < ROUNDS; rounds++)
				;
		} while (++t->line < load(&t->end));
		store(&t->state, IDLE);
	}
}

static void nothing(int sig) { (void)sig; }

static void *thread_main(void *self)
{
	struct task *t = &shared->task[(long)self];

	t->pid = getpid();
	t->tid = syscall(SYS_gettid);
	store(&t->state, IDLE);
	loop((long)self);
	return NULL;
}

static void prepare_process(void)
{
	struct sigaction action = { .sa_handler = nothing };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGALRM, &action, NULL);
	action.sa_flags = SA_RESTART;
	sigaction(SIGVTALRM, &action, NULL);
	clean_up();
}

static void program_main(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	long i;

	prepare_process();
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 1 << 16);
	for (i = 1; i < threads; i++)
		if (!(process_mask >> i & 1))
			pthread_create(&thread, &attr, thread_main, (void *)i);
	shared->task[0].pid = shared->task[0].tid = getpid();
	store(&shared->task[0].state, IDLE);
	loop(0);
}

/* ---- the one who watches ---- */

/* 'S': asleep; 'Z': ended */
static char proc_state(int i)
{
	char text[512], *end;
	long got;

	if (stat_fd[i] < 0) {
		snprintf(text, sizeof(text), "/proc/%d/task/%d/stat", shared->task[i].pid, shared->task[i].tid);
		stat_fd[i] = open(text, O_RDONLY | O_CLOEXEC);
		if (stat_fd[i] < 0)
			return 'Z';
	}
	got = pread(stat_fd[i], text, sizeof(text) - 1, 0);
	if (got <= 0)
		return 'Z';
	text[got] = 0;
	end = strrchr(text, ')');
	return end == NULL ? '?' : end[2];
}

static int quiet(int i)
{
	int state = load(&shared->task[i].state);
	char c;

	if (state == JOB)
		return 0;
	if (state == EXITING) {
		c = proc_state(i);
		if (c != 'Z' && c != 'X')
			return 0;
		note('R', shared->task[i].seq, shared->task[i].line, 0);
		shared->task[i].state = DEAD;
		return 1;
	}
	if (state != INCALL)
		return 1;
	return proc_state(i) == 'S' && load(&shared->task[i].state) == INCALL;
}

static int all_quiet(void)
{
	int i;

	for (i = 0; i < task_count; i++)
		if (!quiet(i))
			return 0;
	return 1;
}

/* until nobody can run; 0: it takes too long */
static int settle(struct task *job, int timed, long until)
{
	struct timespec pause = { 0, 100000 };
	int calm = 0, state, i, asleep;

	for (;;) {
		/* asleep here, so that nothing is between the task and the CPU; the task wakes this one when its call returns */
		state = load(&job->state);
		if (state == JOB || state == INCALL || state == EXITING)
			futex(&job->state, FUTEX_WAIT, state, &pause);
		for (asleep = i = 0; i < task_count; i++)
			asleep += load(&shared->task[i].state) == INCALL;
		if (!all_quiet() || (timed && load(&job->state) == INCALL))
			calm = 0;
		else if (asleep == 0 || ++calm == 3)
			return 1;
		if (calm > 0 && load(&job->state) != INCALL)
			nanosleep(&pause, NULL);
		else if (calm == 0)
			sched_yield();
		if (now_ms() > until)
			return 0;
	}
}

static int sleepers(void)
{
	int i, count = 0;

	for (i = 0; i < task_count; i++)
		count += load(&shared->task[i].state) == INCALL;
	return count;
}

/*
 * Runs the line, and those after it that the same task makes when nobody else sleeps: then nothing can happen between them.
 * Returns the number of the next line; -1: it takes too long.
 */
static int run_lines(int index, long until)
{
	struct task *t = &shared->task[lines[index].task];
	int end = index + 1;

	if (load(&t->state) != IDLE)
		return index + 1;
	if (sleepers() == 0)
		while (end < line_count && lines[end].task == lines[index].task && lines[end].timed == lines[index].timed)
			end++;
	t->line = index;
	store(&t->end, end);
	store(&t->state, JOB);
	if (!settle(t, lines[index].timed, until))
		return -1;
	if (load(&t->state) == INCALL) {
		end = t->line + 1;
		store(&t->end, end);
		note('B', t->seq, t->line, 0);
	}
	return end;
}

static void print_log(void)
{
	struct entry e;
	int at = 0, b, k;

	while (at + (int)sizeof(e) <= shared->used && shared->used < LOG) {
		struct line *l;

		memcpy(&e, shared->log + at, sizeof(e));
		at += sizeof(e);
		l = &lines[e.line];
		printf("%c %d %d %d %d %ld", e.what, e.seq, e.line, e.during, e.ms, e.ret);
		for (b = 0; b < l->blocks && e.what == 'R'; b++) {
			if (l->block[b].out == 0)
				continue;
			putchar(' ');
			if (e.ret < 0)
				putchar('-');
			for (k = 0; k < l->block[b].length && e.ret >= 0; k++) {
				static const char digit[] = "0123456789abcdef";
				unsigned char byte = shared->log[at + k];

				putchar(digit[byte >> 4]);
				putchar(digit[byte & 15]);
			}
			at += l->block[b].length;
		}
		putchar('\n');
	}
	if (shared->used >= LOG)
		printf("T\n");
}

static pid_t running;
/* tasks of the running process that are threads: all of them, when none was forked */
static int only_threads;

static void stop_program(void)
{
	int i;

	if (running <= 0)
		return;
	kill(-running, SIGKILL);
	kill(running, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
	for (i = 0; i < TASKS; i++)
		if (stat_fd[i] >= 0)
			close(stat_fd[i]);
	running = 0;
}

static void start_program(void)
{
	int i;

	memset(shared, 0, offsetof(struct shared, log));
	for (i = 0; i < TASKS; i++)
		stat_fd[i] = -1;
	fflush(stdout);
	only_threads = process_mask == 0;
	threads = task_count > FEW ? task_count : FEW;
	running = fork();
	if (running == 0)
		program_main();
	for (i = 0; i < threads; i++)
		while (!(process_mask >> i & 1) && load(&shared->task[i].state) != IDLE)
			sched_yield();
}

/* A process is used again, because making one is dear. Who still sleeps is woken by a signal, as by any other that has a handler. */
static int use_again(void)
{
	struct task *t = &shared->task[0];
	long until = now_ms() + 100;
	int i;

	if (running <= 0 || !only_threads || process_mask != 0 || task_count > threads)
		return 0;
	for (i = 0; i < threads; i++)
		while (load(&shared->task[i].state) != IDLE) {
			if (load(&shared->task[i].state) == INCALL)
				syscall(SYS_tgkill, running, shared->task[i].tid, SIGALRM);
			sched_yield();
			if (now_ms() > until)
				return 0;
		}
	t->line = RESET;
	store(&t->state, JOB);
	memset(shared->port, 0, sizeof(shared->port));
	while (load(&t->state) != IDLE)
		sched_yield();
	shared->seq = shared->used = 0;
	return 1;
}

static void run_program(void)
{
	long until = now_ms() + PATIENCE_MS;
	int i, next = 0;

	if (!use_again()) {
		stop_program();
		start_program();
	}
	for (i = 0; i < SLOTS; i++)
		shared->slot[i] = -1;
	shared->started = now_ms();
	while (next >= 0 && next < line_count)
		next = run_lines(next, until);
	if (next < 0)
		printf("T\n");
	if (next < 0 || process_mask != 0)
		stop_program();
	print_log();
	printf("--\n");
}

/* ---- reading ---- */

static void read_block(struct line *l, char *word)
{
	int b = l->blocks++;
	struct block *block = &l->block[b];
	char *bytes, *patches, *p;
	int i;

	block->length = strtol(word, &word, 10);
	l->reach[b] = strtol(word + 1, &word, 10);
	block->out = strtol(word + 1, &word, 10);
	bytes = word + 1;
	patches = strchr(bytes, ':');
	*patches++ = 0;
	l->bytes[b] = NULL;
	if (*bytes) {
		l->bytes[b] = pool + pool_used;
		pool_used += block->length;
		for (i = 0; i < block->length; i++)
			sscanf(bytes + 2 * i, "%2hhx", (unsigned char *)&l->bytes[b][i]);
	}
	block->patches = 0;
	for (p = strtok(patches, ","); p != NULL && block->patches < 40; p = strtok(NULL, ",")) {
		struct patch *patch = &block->patch[block->patches++];

		patch->kind = *p;
		patch->at = strtol(p + 1, &p, 10);
		patch->slot = strtol(p + 1, &p, 10);
	}
}

static void read_arg(struct line *l, char *word)
{
	struct arg *a = &l->arg[l->count++];

	a->kind = *word;
	a->value = a->kind == 'b' ? l->blocks : strtol(word + 1, NULL, 10);
	a->count = 0;
	if (a->kind == 'b')
		read_block(l, word + 1);
	if (a->kind == 'n')
		for (word = strtok(word + 1, ","); word != NULL && a->count < 24; word = strtok(NULL, ","))
			a->slots[a->count++] = atoi(word);
	if (a->kind == 'z')
		a->value = 0;
}

static void read_line(char *text)
{
	struct line *l = &lines[line_count++];
	char *save, *word = strtok_r(text, " \n", &save);
	int field = 0;

	memset(l, 0, sizeof(*l));
	for (word = strtok_r(NULL, " \n", &save); word != NULL; word = strtok_r(NULL, " \n", &save), field++)
		switch (field) {
		case 0: l->task = atoi(word); break;
		case 1: l->kind = *word; break;
		case 2: l->nr = atol(word); break;
		case 3: l->rounds = atoi(word); break;
		case 4: l->timed = atoi(word); break;
		case 5: case 6: l->slot[field - 5] = atoi(word); break;
		default: read_arg(l, word);
		}
}

/* A network of its own, where that is allowed: its ports and its settings are nobody else's. */
static void own_network(void)
{
	struct ifreq up = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd;

	if (unshare(CLONE_NEWNET) != 0)
		return;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	ioctl(fd, SIOCSIFFLAGS, &up);
	close(fd);
	fd = open("/proc/sys/net/ipv4/tcp_congestion_control", O_WRONLY);
	if (write(fd, "reno", 4) != 4)
		perror("tcp_congestion_control");
	close(fd);
	fd = open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY);
	if (write(fd, "1024 65000", 10) != 10)
		fprintf(stderr, "ip_local_port_range stays as it is\n");
	close(fd);
}

/* memory that all processes share */
static void *memory(size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

int main(int argc, char **argv)
{
	cpu_set_t one;
	char *text = NULL;
	size_t room = 0;
	int i;

	CPU_ZERO(&one);
	CPU_SET(argc > 1 ? atoi(argv[1]) : sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	own_network();
	shared = memory(sizeof(*shared));
	lines = memory(LINES * sizeof(*lines));
	pool = memory(POOL);
	for (i = 0; i < TASKS; i++) {
		arena[i] = memory(ARENA + GUARD);
		mprotect(arena[i] + ARENA, GUARD, PROT_NONE);
	}
	while (getline(&text, &room, stdin) > 0) {
		if (*text == 'P')
			sscanf(text, "P %d %d", &task_count, &process_mask);
		else if (*text == 'L' && line_count < LINES)
			read_line(text);
		else if (*text == 'E') {
			run_program();
			line_count = pool_used = 0;
		}
	}
	stop_program();
	return 0;
}
