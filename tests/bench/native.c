/*
 * What the real kernel takes for the rounds that the bench times on the model: the same calls, in the same order.
 * Usage: native MODE N ROUNDS; prints nanoseconds for one round.
 *   echo    a TCP connection over loopback: write, epoll_wait, read, both ways; N bytes
 *   wait    epoll_wait with 1 ready of N eventfds, level-triggered
 *   ctl     EPOLL_CTL_ADD and EPOLL_CTL_DEL of one more descriptor at N registered
 *   poll    poll() on N eventfds, 1 ready
 *   select  select() on N eventfds, 1 ready
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int check(int result, const char *what) {
  if (result >= 0) return result;
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

static void watch(int ep, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};
  check(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

static void connect_pair(int pair[2]) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t length = sizeof address;
  int listener = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
  check(bind(listener, (struct sockaddr *)&address, sizeof address), "bind");
  check(listen(listener, 8), "listen");
  check(getsockname(listener, (struct sockaddr *)&address, &length), "getsockname");
  pair[0] = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
  check(connect(pair[0], (struct sockaddr *)&address, sizeof address), "connect");
  pair[1] = check(accept4(listener, NULL, NULL, 0), "accept4");
  close(listener);
}

static double echo(int bytes, long rounds) {
  static char buffer[65536];
  struct epoll_event events[8];
  int pair[2], ep[2];
  connect_pair(pair);
  for (int side = 0; side < 2; side++) {
    ep[side] = check(epoll_create1(0), "epoll_create1");
    watch(ep[side], pair[side]);
  }
  double begin = now();
  for (long i = 0; i < rounds; i++)
    for (int side = 0; side < 2; side++) {
      if (write(pair[side], buffer, bytes) != bytes) check(-1, "write");
      if (epoll_wait(ep[1 - side], events, 8, 0) != 1) check(-1, "epoll_wait");
      if (read(pair[1 - side], buffer, sizeof buffer) != bytes) check(-1, "read");
    }
  return (now() - begin) / rounds;
}

static int *eventfds(int n) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  int *fds = malloc((n + 1) * sizeof *fds);
  for (int i = 0; i <= n; i++) {
    fds[i] = eventfd(0, EFD_NONBLOCK);
    if (fds[i] < 0) {
      printf("limit %d\n", i);
      exit(0);
    }
  }
  uint64_t one = 1;
  if (write(fds[n / 2], &one, 8) != 8) check(-1, "write");
  return fds;
}

static double time_wait(int *fds, int n, long rounds, int ctl) {
  struct epoll_event events[8], event = {.events = EPOLLIN};
  int ep = check(epoll_create1(0), "epoll_create1");
  for (int i = 0; i < n; i++) watch(ep, fds[i]);
  double begin = now();
  for (long i = 0; i < rounds; i++) {
    if (!ctl) {
      if (epoll_wait(ep, events, 8, 0) != 1) check(-1, "epoll_wait");
    } else {
      check(epoll_ctl(ep, EPOLL_CTL_ADD, fds[n], &event), "epoll_ctl");
      check(epoll_ctl(ep, EPOLL_CTL_DEL, fds[n], NULL), "epoll_ctl");
    }
  }
  return (now() - begin) / rounds;
}

static double time_poll(int *fds, int n, long rounds) {
  struct pollfd *set = calloc(n, sizeof *set);
  for (int i = 0; i < n; i++) set[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
  double begin = now();
  for (long i = 0; i < rounds; i++)
    if (poll(set, n, 0) != 1) check(-1, "poll");
  return (now() - begin) / rounds;
}

static double time_select(int *fds, int n, long rounds) {
  int top = fds[n - 1] + 1;
  size_t size = (top + 63) / 64 * 8;
  unsigned char *wanted = calloc(1, size), *set = calloc(1, size);
  for (int i = 0; i < n; i++) wanted[fds[i] / 8] |= 1 << (fds[i] % 8);
  double begin = now();
  for (long i = 0; i < rounds; i++) {
    struct timeval zero = {0, 0};
    memcpy(set, wanted, size);
    if (syscall(SYS_select, top, set, NULL, NULL, &zero) != 1) check(-1, "select");
  }
  return (now() - begin) / rounds;
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: native echo|wait|ctl|poll|select N ROUNDS\n");
    return 2;
  }
  int n = atoi(argv[2]);
  long rounds = atol(argv[3]);
  double ns = -1;
  if (strcmp(argv[1], "echo") == 0) {
    ns = echo(n, rounds);
  } else {
    int *fds = eventfds(n);
    if (strcmp(argv[1], "wait") == 0) ns = time_wait(fds, n, rounds, 0);
    if (strcmp(argv[1], "ctl") == 0) ns = time_wait(fds, n, rounds, 1);
    if (strcmp(argv[1], "poll") == 0) ns = time_poll(fds, n, rounds);
    if (strcmp(argv[1], "select") == 0) ns = time_select(fds, n, rounds);
  }
  printf("ns %.1f\n", ns);
  return ns < 0 ? 2 : 0;
}
