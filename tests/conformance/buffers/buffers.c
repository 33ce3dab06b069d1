/*
 * One TCP connection over loopback on the real kernel, and after every step what its two ends hold: so that the model's
 * accounting can be compared with Linux number by number. Reads cases from the standard input:
 *
 *     case <mtu> <SO_SNDBUF of the client> <SO_RCVBUF of the listener> <no delay>     0: default; a new network namespace, reno
 *     w|r <c|s> <bytes>       one write or read at the client or the server
 *     W|R <c|s> <bytes>       writes or reads of so many bytes until EAGAIN
 *     z <milliseconds>        sleeps
 *
 * and prints for each step: microseconds since the connection stood, the result, and the numbers of both ends, client first.
 * buffers.ts says which numbers.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char data[1 << 20];

static void die(const char *what) { perror(what); exit(1); }

static long long now_us(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000000LL + ts.tv_nsec / 1000;
}

/* Returns just behind a tick of the kernel: what is timed in ticks then comes out alike in every run. */
static void wait_for_tick(void) {
    struct timespec last, now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &last);
    do clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    while (now.tv_nsec == last.tv_nsec);
}

static void world(int mtu) {
    if (unshare(CLONE_NEWNET) != 0) die("unshare");
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifreq ifr = { .ifr_name = "lo" };
    ifr.ifr_mtu = mtu;
    if (ioctl(fd, SIOCSIFMTU, &ifr) != 0) die("SIOCSIFMTU");
    ifr.ifr_flags = IFF_UP;
    if (ioctl(fd, SIOCSIFFLAGS, &ifr) != 0) die("SIOCSIFFLAGS");
    close(fd);
    static const char *const settings[][2] = {
        { "tcp_congestion_control", "reno" }, { "tcp_rmem", "4096 131072 33554432" }, { "tcp_wmem", "4096 16384 4194304" },
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        char path[100];
        snprintf(path, sizeof path, "/proc/sys/net/ipv4/%s", settings[i][0]);
        int file = open(path, O_WRONLY);
        if (file < 0 || write(file, settings[i][1], strlen(settings[i][1])) < 0) die(path);
        close(file);
    }
}

static void show(int fd) {
    uint32_t mem[9] = { 0 }, info[64] = { 0 };
    socklen_t len = sizeof mem;
    if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, mem, &len) != 0) die("SO_MEMINFO");
    len = sizeof info;
    if (getsockopt(fd, SOL_TCP, TCP_INFO, info, &len) != 0) die("TCP_INFO");
    int inq = 0, outq = 0;
    ioctl(fd, FIONREAD, &inq);
    ioctl(fd, SIOCOUTQ, &outq);
    printf(" | %u %u %d %u %u %u %u %u %d %u %u %u %u %u",
           mem[5], mem[3], outq, info[36], info[20], info[4], info[57], info[6], /* sending */
           inq, mem[0], mem[1], info[16], info[58], info[5]);                    /* receiving */
}

int main(void) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    sched_setaffinity(0, sizeof one, &one);
    sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){ .sched_priority = 10 });
    char line[200], what, side;
    int fds[2] = { -1, -1 };
    long long begin = 0;
    while (fgets(line, sizeof line, stdin) != NULL) {
        int mtu, snd, rcv, nodelay;
        long n;
        if (sscanf(line, "case %d %d %d %d", &mtu, &snd, &rcv, &nodelay) == 4) {
            if (fds[0] >= 0) { close(fds[0]); close(fds[1]); printf("--\n"); }
            world(mtu);
            int listener = socket(AF_INET, SOCK_STREAM, 0);
            struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(8080), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
            if (rcv != 0) setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &rcv, sizeof rcv);
            if (bind(listener, (struct sockaddr *)&addr, sizeof addr) != 0 || listen(listener, 4) != 0) die("listen");
            fds[0] = socket(AF_INET, SOCK_STREAM, 0);
            if (snd != 0) setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &snd, sizeof snd);
            wait_for_tick();
            if (connect(fds[0], (struct sockaddr *)&addr, sizeof addr) != 0) die("connect");
            fds[1] = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
            fcntl(fds[0], F_SETFL, O_NONBLOCK);
            for (int i = 0; i < 2; i++) setsockopt(fds[i], SOL_TCP, TCP_NODELAY, &nodelay, sizeof nodelay);
            close(listener);
            begin = now_us();
            printf("0 0");
        } else if (sscanf(line, "z %ld", &n) == 1) {
            printf("%lld 0", now_us() - begin);
            nanosleep(&(struct timespec){ n / 1000, n % 1000 * 1000000 }, NULL);
        } else if (sscanf(line, "%c %c %ld", &what, &side, &n) == 3) {
            int fd = fds[side == 's'];
            long long at = now_us() - begin;
            long sum = 0, ret;
            do {
                ret = what == 'w' || what == 'W' ? write(fd, data, n) : read(fd, data, n);
                if (ret < 0 && errno != EAGAIN) die(line);
                sum = ret < 0 && sum == 0 ? -errno : ret < 0 ? sum : sum + ret;
            } while ((what == 'W' || what == 'R') && ret > 0);
            printf("%lld %ld", at, sum);
        } else {
            fprintf(stderr, "buffers: not understood: %s", line);
            return 1;
        }
        show(fds[0]);
        show(fds[1]);
        printf("\n");
    }
    printf("--\n");
    return 0;
}
