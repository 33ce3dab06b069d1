/**
 * Situations of descriptors, each with the calls that bring one there: the rows of the readiness table. The calls are in the language of
 * `epollsim calls` (docs/oracle.md), so that the model and a real kernel can be asked with the same ones. docs/readiness.md is the table.
 */

/** One row. */
export interface Situation {
  /** what kind of descriptor: the heading above the row */
  readonly kind: string;
  readonly name: string;
  /** the calls, one a line */
  readonly calls: readonly string[];
  /** the descriptor that is asked about, by its name in the calls */
  readonly fd: string;
}

/** The rows of one kind. */
function rows(kind: string, fd: string, table: Readonly<Record<string, readonly string[]>>): Situation[] {
  return Object.entries(table).map(([name, calls]) => ({ kind, name, calls, fd }));
}

const TCP = 'TCP';
const LISTENER = ['l = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)', 'listen(l, 8)'];
const FRESH = ['c = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)'];
/** c is connected, s is the other end */
const PAIR = [...LISTENER, ...FRESH, 'connect(c, l)', 's = accept4(l, SOCK_NONBLOCK)'];
/** nobody reads at s, and c has written all that it can */
const FULL = [
  ...PAIR, 'until_eagain: send(c, 65536, MSG_DONTWAIT|MSG_NOSIGNAL)', 'sleep(300)', 'until_eagain: send(c, 65536, MSG_DONTWAIT|MSG_NOSIGNAL)', 'sleep(300)',
  'until_eagain: send(c, 65536, MSG_DONTWAIT|MSG_NOSIGNAL)',
];
/** the queue of the listener is full, so the SYN of c is dropped */
const CONNECTING = ['l = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)', 'listen(l, 0)', 'a = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)', 'connect(a, l)', ...FRESH, 'connect(c, l)'];
/** d is bound and does not listen */
const REFUSED = ['d = socket(AF_INET, SOCK_STREAM, 0)', 'bind(d, 0)', ...FRESH, 'connect(c, d)'];
const TAKE = 'getsockopt(c, SOL_SOCKET, SO_ERROR)';
const RST_FROM_S = ['setsockopt(s, SOL_SOCKET, SO_LINGER, 1, 0)', 'close(s)'];
/** how long an acknowledgement may be delayed, and more */
const MOMENT = 'sleep(100)';

const tcp = rows(TCP, 'c', {
  'never connected': FRESH,
  'never connected, SHUT_RD tried': [...FRESH, 'shutdown(c, SHUT_RD)'],
  'never connected, SHUT_WR tried': [...FRESH, 'shutdown(c, SHUT_WR)'],
  'never connected, SHUT_RDWR tried': [...FRESH, 'shutdown(c, SHUT_RDWR)'],
  'connecting, not yet answered': CONNECTING,
  'connecting, then shutdown': [...CONNECTING, 'shutdown(c, SHUT_WR)'],
  'connecting, then shutdown, the error taken': [...CONNECTING, 'shutdown(c, SHUT_WR)', TAKE],
  'refused': REFUSED,
  'refused, the error taken by SO_ERROR': [...REFUSED, TAKE],
  'refused, the error taken by a read': [...REFUSED, 'recv(c, 1, 0)'],
  'refused, the error taken by connect': [...REFUSED, 'connect(c, d)'],
  'connected, nothing to read': PAIR,
  'connected, data to read': [...PAIR, 'send(s, 3, 0)'],
  'connected, less data than SO_RCVLOWAT': [...PAIR, 'setsockopt(c, SOL_SOCKET, SO_RCVLOWAT, 20)', 'send(s, 3, 0)'],
  'connected, the send buffer full': FULL,
  'connected, the send buffer full, data to read': [...FULL, 'send(s, 3, 0)'],
  'an urgent byte behind data': [...PAIR, 'send(s, 3, MSG_OOB)'],
  'only an urgent byte': [...PAIR, 'send(s, 1, MSG_OOB)'],
  'an urgent byte taken, data left': [...PAIR, 'send(s, 3, MSG_OOB)', 'recv(c, 1, MSG_OOB)'],
  'SO_OOBINLINE, an urgent byte behind data': [...PAIR, 'setsockopt(c, SOL_SOCKET, SO_OOBINLINE, 1)', 'send(s, 3, MSG_OOB)'],
  'SO_OOBINLINE, read up to the urgent byte': [...PAIR, 'setsockopt(c, SOL_SOCKET, SO_OOBINLINE, 1)', 'send(s, 3, MSG_OOB)', 'recv(c, 100, 0)'],
  'SO_OOBINLINE, the urgent byte read too': [...PAIR, 'setsockopt(c, SOL_SOCKET, SO_OOBINLINE, 1)', 'send(s, 3, MSG_OOB)', 'recv(c, 100, 0)', 'recv(c, 100, 0)'],
  'the peer\'s FIN came': [...PAIR, 'shutdown(s, SHUT_WR)'],
  'the peer\'s FIN came behind data': [...PAIR, 'send(s, 3, 0)', 'shutdown(s, SHUT_WR)'],
  'the peer\'s FIN came, the send buffer full': [...FULL, 'shutdown(s, SHUT_WR)'],
  'the peer\'s FIN came, then own SHUT_WR, not acknowledged': [...FULL, 'shutdown(s, SHUT_WR)', 'shutdown(c, SHUT_WR)'],
  'the peer\'s FIN came, then own SHUT_WR, acknowledged': [...PAIR, 'shutdown(s, SHUT_WR)', 'shutdown(c, SHUT_WR)', MOMENT],
  'own SHUT_RD': [...PAIR, 'shutdown(c, SHUT_RD)'],
  'own SHUT_WR, not acknowledged': [...FULL, 'shutdown(c, SHUT_WR)'],
  'own SHUT_WR, acknowledged': [...PAIR, 'shutdown(c, SHUT_WR)', MOMENT],
  'own SHUT_WR, acknowledged, data to read': [...PAIR, 'shutdown(c, SHUT_WR)', MOMENT, 'send(s, 3, 0)'],
  'own SHUT_RDWR, not acknowledged': [...FULL, 'shutdown(c, SHUT_RDWR)'],
  'own SHUT_RDWR, acknowledged': [...PAIR, 'shutdown(c, SHUT_RDWR)', MOMENT],
  'own SHUT_WR, then the peer\'s FIN before the acknowledgement': [...FULL, 'shutdown(c, SHUT_WR)', 'shutdown(s, SHUT_WR)'],
  'own SHUT_WR, acknowledged, then the peer\'s FIN': [...PAIR, 'shutdown(c, SHUT_WR)', MOMENT, 'shutdown(s, SHUT_WR)', MOMENT],
  'an RST came': [...PAIR, ...RST_FROM_S],
  'an RST came, data to read': [...PAIR, 'send(s, 3, 0)', ...RST_FROM_S],
  'an RST came, the error taken': [...PAIR, ...RST_FROM_S, TAKE],
  'an RST came after the FIN': [...PAIR, 'shutdown(s, SHUT_WR)', ...RST_FROM_S],
  'an RST came after own SHUT_WR': [...PAIR, 'shutdown(c, SHUT_WR)', MOMENT, ...RST_FROM_S],
  'given up after TCP_USER_TIMEOUT': [...FULL, 'setsockopt(c, IPPROTO_TCP, 18, 500)', 'sleep(3000)'],
  'dissolved by connect(AF_UNSPEC)': [...PAIR, 'connect(c, unspec)'],
  'dissolved by connect(AF_UNSPEC), the error taken': [...PAIR, 'connect(c, unspec)', TAKE],
  'a notice of MSG_ZEROCOPY waits': [...PAIR, 'setsockopt(c, SOL_SOCKET, 60, 1)', 'send(c, 3, 0x4000000)', MOMENT],
});

const listening = rows('TCP, listening', 'l', {
  'nobody waits': LISTENER,
  'a connection waits': [...LISTENER, ...FRESH, 'connect(c, l)'],
  'a connection waits that was reset meanwhile': [...LISTENER, ...FRESH, 'connect(c, l)', 'setsockopt(c, SOL_SOCKET, SO_LINGER, 1, 0)', 'close(c)'],
  'SHUT_WR': [...LISTENER, 'shutdown(l, SHUT_WR)'],
  'SHUT_RD: it listens no more': [...LISTENER, 'shutdown(l, SHUT_RD)'],
});

const UDP = ['u = socket(AF_INET, SOCK_DGRAM|SOCK_NONBLOCK, 0)', 'bind(u, 0)'];
const udp = rows('UDP', 'u', {
  'nothing to read': UDP,
  'a datagram waits': [...UDP, 'v = socket(AF_INET, SOCK_DGRAM, 0)', 'sendto(v, 3, 0, u)'],
  'connected, and nobody is there: an ICMP error came': [
    'd = socket(AF_INET, SOCK_DGRAM, 0)', 'bind(d, 0)', 'u = socket(AF_INET, SOCK_DGRAM|SOCK_NONBLOCK, 0)', 'connect(u, d)', 'close(d)', 'send(u, 3, 0)',
  ],
  'own SHUT_RD': ['d = socket(AF_INET, SOCK_DGRAM, 0)', 'bind(d, 0)', 'u = socket(AF_INET, SOCK_DGRAM|SOCK_NONBLOCK, 0)', 'connect(u, d)', 'shutdown(u, SHUT_RD)'],
  'own SHUT_RDWR': ['d = socket(AF_INET, SOCK_DGRAM, 0)', 'bind(d, 0)', 'u = socket(AF_INET, SOCK_DGRAM|SOCK_NONBLOCK, 0)', 'connect(u, d)', 'shutdown(u, SHUT_RDWR)'],
});

/** The rows of AF_UNIX sockets that have a connection. */
function unixPairs(type: string): Readonly<Record<string, readonly string[]>> {
  const pair = [`c, s = socketpair(AF_UNIX, ${type}|SOCK_NONBLOCK, 0)`];
  const full = [...pair, 'until_eagain: send(c, 1000, MSG_NOSIGNAL)'];
  return {
    'never connected': [`c = socket(AF_UNIX, ${type}, 0)`],
    'nothing to read': pair,
    'data to read': [...pair, 'send(s, 3, 0)'],
    'nothing more can be sent': full,
    'the peer closed': [...pair, 'close(s)'],
    'the peer closed, data to read': [...pair, 'send(s, 3, 0)', 'close(s)'],
    'the peer closed with unread data': [...pair, 'send(c, 3, 0)', 'close(s)'],
    'the peer closed with unread data, the error taken': [...pair, 'send(c, 3, 0)', 'close(s)', TAKE],
    'the peer\'s SHUT_WR': [...pair, 'shutdown(s, SHUT_WR)'],
    'the peer\'s SHUT_RD': [...pair, 'shutdown(s, SHUT_RD)'],
    'own SHUT_RD': [...pair, 'shutdown(c, SHUT_RD)'],
    'own SHUT_WR': [...pair, 'shutdown(c, SHUT_WR)'],
    'own SHUT_RDWR': [...pair, 'shutdown(c, SHUT_RDWR)'],
  };
}

const PIPE = ['r, w = pipe2(O_NONBLOCK)'];
const pipeRead = rows('Pipe, the end to read', 'r', {
  'empty': PIPE,
  'data to read': [...PIPE, 'write(w, 3)'],
  'no writer is left': [...PIPE, 'close(w)'],
  'no writer is left, data to read': [...PIPE, 'write(w, 3)', 'close(w)'],
});
const pipeWrite = rows('Pipe, the end to write', 'w', {
  'room': PIPE,
  'full': [...PIPE, 'until_eagain: write(w, 4096)'],
  'full, and a part was read': [...PIPE, 'until_eagain: write(w, 4096)', 'read(r, 100)'],
  'full, and a page was read': [...PIPE, 'until_eagain: write(w, 4096)', 'read(r, 4096)'],
  'no reader is left': [...PIPE, 'close(r)'],
  'no reader is left, full': [...PIPE, 'until_eagain: write(w, 4096)', 'close(r)'],
});

const eventfd = rows('eventfd', 'e', {
  'the counter is 0': ['e = eventfd2(0, EFD_NONBLOCK)'],
  'the counter is 1': ['e = eventfd2(1, EFD_NONBLOCK)'],
  'the counter has its greatest value': ['e = eventfd2(0, EFD_NONBLOCK)', 'write(e, u64:18446744073709551614)'],
});

const timerfd = rows('timerfd', 't', {
  'not armed': ['t = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)'],
  'armed': ['t = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)', 'timerfd_settime(t, 0, 1000000000000, 0)'],
  'expired': ['t = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)', 'timerfd_settime(t, 0, 1000000, 0)', 'sleep(20)'],
  'expired, and read': ['t = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)', 'timerfd_settime(t, 0, 1000000, 0)', 'sleep(20)', 'read(t, u64)'],
});

const signalfd = rows('signalfd', 'g', {
  'no signal pending': ['g = signalfd4(-1, SIGUSR1, SFD_NONBLOCK)'],
  'a signal pending': ['g = signalfd4(-1, SIGUSR1, SFD_NONBLOCK)', 'kill(main, SIGUSR1)'],
  'another signal pending': ['g = signalfd4(-1, SIGUSR1, SFD_NONBLOCK)', 'kill(main, SIGUSR2)'],
});

const EPOLL = ['p = epoll_create1(0)', ...PIPE];
const epoll = rows('epoll', 'p', {
  'watches nothing': ['p = epoll_create1(0)'],
  'watches, nothing ready': [...EPOLL, 'epoll_ctl(p, EPOLL_CTL_ADD, r, EPOLLIN)'],
  'watches, something ready': [...EPOLL, 'epoll_ctl(p, EPOLL_CTL_ADD, r, EPOLLIN)', 'write(w, 3)'],
  'watches edge-triggered, the edge reported': [...EPOLL, 'epoll_ctl(p, EPOLL_CTL_ADD, r, EPOLLIN|EPOLLET)', 'write(w, 3)', 'epoll_wait(p, 8, 0)'],
});

const none = rows('No descriptor', 'w', { 'the number was closed': [...PIPE, 'close(r)', 'close(w)'] });

/** All rows, in the order of the table. */
export const situations: readonly Situation[] = [
  ...tcp, ...listening, ...udp, ...rows('AF_UNIX, stream', 'c', unixPairs('SOCK_STREAM')), ...rows('AF_UNIX, datagrams', 'c', unixPairs('SOCK_DGRAM')),
  ...rows('AF_UNIX, packets in order (SOCK_SEQPACKET)', 'c', unixPairs('SOCK_SEQPACKET')), ...pipeRead, ...pipeWrite, ...eventfd, ...timerfd, ...signalfd, ...epoll, ...none,
];
