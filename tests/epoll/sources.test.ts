/** What edges and masks each kind of file gives an epoll: eventfd, pipes, timerfd, Unix sockets. Facts F97 to F111. */

import { get_user_u32 } from '../../src/kernel/uaccess.js';
import { mem, simulate, sys } from '../kit.js';
import { add, ADD, close, ctl, efd, epoll, ET, ev, holds, HUP, IN, now, OUT, pipe, post, sleep, take, wait, write } from './fixture.js';
import { path, thread, words } from '../kernel/calls.js';

test('F97: an eventfd at 0 is OUT; below 2^64-2 IN|OUT; at 2^64-2 IN alone', () => {
  holds(`
    e = epoll_create1
    a = eventfd2
    ctl e ADD a IN|OUT
    wait e -> a:OUT
    add a 1
    wait e -> a:IN|OUT
    add a 18446744073709551612
    wait e -> a:IN|OUT
    add a 1
    wait e -> a:IN
    add a 1 -> EAGAIN
    add a 18446744073709551615 -> EINVAL
    take a -> 18446744073709551614
    wait e -> a:OUT
  `);
});

test('F98: the masks of both ends of a pipe, as an epoll sees them', () => {
  holds(`
    e = epoll_create1
    r, w = pipe2
    ctl e ADD r IN|RDNORM|RDHUP|OUT
    ctl e ADD w IN|OUT|WRNORM
    wait e -> w:OUT|WRNORM
    write w 3
    wait e -> w:OUT|WRNORM r:IN|RDNORM
    close w
    wait e -> r:IN|HUP|RDNORM
    read r 10 -> 3
    wait e -> r:HUP
    p, q = pipe2
    ctl e ADD q OUT|WRNORM
    close p
    wait e -> r:HUP q:OUT|ERR|WRNORM
  `);
});

test('F98: a full pipe whose reader is gone is ERR alone', () => {
  holds(`
    e = epoll_create1
    r, w = pipe2
    write w 65536 -> 65536
    ctl e ADD w OUT
    wait e -> 0
    close r
    wait e -> w:ERR
  `);
});

test('F99: a full pipe gives an OUT edge when the first whole slot is emptied, and no further one', () => {
  holds(`
    e = epoll_create1
    r, w = pipe2
    write w 65536 -> 65536
    ctl e ADD w OUT|ET
    wait e -> 0
    read r 1 -> 1
    wait e -> 0
    read r 4094 -> 4094
    wait e -> 0
    read r 1 -> 1
    wait e -> w:OUT
    read r 4096 -> 4096
    wait e -> 0
    read r 8192 -> 8192
    wait e -> 0
  `);
});

test('F100: each write to a pipe is an IN edge, drained or not, and so is a write that fails because the pipe is full', () => {
  holds(`
    e = epoll_create1
    r, w = pipe2
    d = dup w
    ctl e ADD r IN|ET
    write w 1
    wait e -> r:IN
    write w 1
    wait e -> r:IN
    read r 1
    wait e -> 0
    write w 0 -> 0
    wait e -> 0
    write w 65535
    wait e -> r:IN
    write w 4096 -> EAGAIN
    wait e -> r:IN
    close d
    wait e -> 0
    close w
    wait e -> r:IN|HUP
    wait e -> 0
  `);
});

test('F101: a full pipe made larger is an OUT edge', () => {
  holds(`
    e = epoll_create1
    r, w = pipe2
    write w 65536 -> 65536
    ctl e ADD w OUT|ET
    wait e -> 0
    fcntl w SETPIPE_SZ 131072 -> 131072
    wait e -> w:OUT
    wait e -> 0
  `);
});

test('F102: a FIFO in an epoll: nothing before any writer, HUP after one came and went, nothing when one is back', () => {
  simulate(function* (k) {
    const e = yield* epoll(k);
    yield* sys(k, 'mknod', path('/tmp/fifo'), 0o010600, 0);
    const r = yield* sys(k, 'open', path('/tmp/fifo'), 0o4000, 0);
    yield* add(k, e, r, IN);
    expect(yield* wait(k, e)).toEqual([]);
    const w = yield* sys(k, 'open', path('/tmp/fifo'), 1, 0);
    expect(yield* wait(k, e)).toEqual([]);
    yield* close(k, w);
    expect(yield* wait(k, e)).toEqual([ev(r, HUP)]);
    yield* sys(k, 'open', path('/tmp/fifo'), 1, 0);
    expect(yield* wait(k, e)).toEqual([]);
  });
});

test('F103: a periodic timer gives an edge-triggered item one event, and another after each read or timerfd_gettime', () => {
  simulate(function* (k) {
    const e = yield* epoll(k);
    const t = yield* sys(k, 'timerfd_create', 1, 0o4000);
    yield* add(k, e, t, IN | ET);
    yield* sys(k, 'timerfd_settime', t, 0, words(0, 10_000_000, 0, 10_000_000), null);
    expect(yield* wait(k, e, 8, 55)).toEqual([ev(t, IN)]);
    expect(yield* wait(k, e, 8, 45)).toEqual([]);
    expect(now(k)).toBe(55);
    yield* sleep(k, 40);
    const ticks = mem(8);
    expect(yield* sys(k, 'read', t, ticks, 8)).toBe(8);
    expect(get_user_u32(ticks, 0)).toBe(9);
    expect(yield* wait(k, e, 8, 20)).toEqual([ev(t, IN)]);
    expect(now(k)).toBe(100);
    expect(yield* wait(k, e, 8, 30)).toEqual([]);
    yield* sys(k, 'timerfd_gettime', t, words(0, 0, 0, 0));
    expect(yield* wait(k, e, 8, 20)).toEqual([ev(t, IN)]);
    yield* sys(k, 'timerfd_settime', t, 0, words(0, 0, 0, 0), null);
    expect(yield* ctl(k, e, 3, t, IN | ET)).toBe(0);
    expect(yield* wait(k, e)).toEqual([]);
  });
});

test('F106: the masks of a Unix stream, as an epoll sees them', () => {
  holds(`
    e = epoll_create1
    a, b = socketpair
    ctl e ADD a IN|OUT|RDHUP|RDNORM|WRNORM|WRBAND
    wait e -> a:OUT|WRNORM|WRBAND
    write b 1
    wait e -> a:IN|OUT|RDNORM|WRNORM|WRBAND
    read a 1
    shutdown b SHUT_WR
    wait e -> a:IN|OUT|RDNORM|WRNORM|WRBAND|RDHUP
    shutdown b SHUT_RD
    wait e -> a:IN|OUT|HUP|RDNORM|WRNORM|WRBAND|RDHUP
  `);
});

test('F106: a peer that closes with our data unread: ERR until a read has taken ECONNRESET; then 0 and EPIPE', () => {
  holds(`
    e = epoll_create1
    a, b = socketpair
    ctl e ADD a IN|OUT|RDHUP
    write a 5
    close b
    wait e -> a:IN|OUT|ERR|HUP|RDHUP
    read a 1 -> ECONNRESET
    wait e -> a:IN|OUT|HUP|RDHUP
    read a 1 -> 0
    write a 1 -> EPIPE
  `);
});

test('F107: edges of a Unix stream: the peer\'s writes, the end of what the peer reads, and once the peer\'s close', () => {
  holds(`
    e = epoll_create1
    a, b = socketpair
    ctl e ADD a IN|OUT|RDHUP|ET
    wait e -> a:OUT
    write b 10
    wait e -> a:IN|OUT
    write b 10
    wait e -> a:IN|OUT
    read a 100 -> 20
    wait e -> 0
    write a 10
    wait e -> 0
    read b 4 -> 4
    wait e -> 0
    read b 6 -> 6
    wait e -> a:OUT
    close b
    wait e -> a:IN|OUT|HUP|RDHUP
    wait e -> 0
  `);
});

test('F108: an item that asks for OUT alone is still woken by shutdowns, the peer\'s and its own, even repeated', () => {
  holds(`
    e = epoll_create1
    a, b = socketpair
    ctl e ADD a OUT|ET
    wait e -> a:OUT
    write b 1
    wait e -> 0
    shutdown b SHUT_WR
    wait e -> a:OUT
    shutdown a SHUT_WR
    wait e -> a:OUT|HUP
    shutdown a SHUT_WR
    wait e -> a:OUT|HUP
    close b
    wait e -> a:OUT|HUP
    wait e -> 0
  `);
});

test('F109: a full Unix stream is OUT again when a quarter of its buffer is left: 34 of 44 messages read; each further one is an edge', () => {
  holds(`
    e = epoll_create1
    a, b = socketpair
    times 44
    write a 4096 -> 4096
    end
    write a 4096 -> EAGAIN
    ctl e ADD a OUT|ET
    times 33
    read b 4096 -> 4096
    end
    wait e -> 0
    read b 4096 -> 4096
    wait e -> a:OUT
    read b 4096 -> 4096
    wait e -> a:OUT
    read b 4096 -> 4096
    wait e -> a:OUT
    wait e -> 0
  `);
});

test('F110: a Unix listener: mask 0, then one IN edge for each connect', () => {
  simulate(function* (k) {
    const e = yield* epoll(k);
    const address = mem('\x01\0\0name');
    const l = yield* sys(k, 'socket', 1, 1 | 0o4000, 0);
    yield* sys(k, 'bind', l, address, 7);
    yield* sys(k, 'listen', l, 8);
    yield* add(k, e, l, IN | OUT | ET);
    expect(yield* wait(k, e)).toEqual([]);
    for (let i = 0; i < 3; i++) {
      const c = yield* sys(k, 'socket', 1, 1, 0);
      expect(yield* sys(k, 'connect', c, address, 7)).toBe(0);
      expect(yield* wait(k, e)).toEqual([ev(l, IN)]);
      expect(yield* wait(k, e)).toEqual([]);
    }
  });
});

test('F111: a blocked reader of an eventfd gets the value; the epoll item that fired with it is stale', () => {
  simulate(function* (k) {
    const e = yield* epoll(k);
    const a = yield* efd(k, 0, 0);
    yield* add(k, e, a, IN | ET);
    let got: unknown;
    thread(k, 'reader', function* () {
      got = yield* take(k, a);
    });
    yield* sleep(k, 1);
    yield* post(k, a, 5);
    yield* sleep(k, 1);
    expect(got).toBe(5);
    expect(yield* wait(k, e)).toEqual([]);
  });
});

test('EV-9: a semaphore with something left gives no new edge for a read, and one for a write', () => {
  simulate(function* (k) {
    const e = yield* epoll(k);
    const a = yield* efd(k, 7, 1 | 0o4000);
    yield* add(k, e, a, IN | ET);
    expect(yield* wait(k, e, 1, 10_000)).toEqual([ev(a, IN)]);
    expect(yield* take(k, a)).toBe(1);
    thread(k, 'writer', function* () {
      yield* sleep(k, 5000);
      yield* post(k, a);
    });
    expect(yield* wait(k, e, 1, 10_000)).toEqual([ev(a, IN)]);
    expect(now(k)).toBe(5000);
    expect(yield* take(k, a)).toBe(1);
  });
});

test('a pipe that nobody has polled wakes its readers only when it was empty; the first poll changes that for good', () => {
  simulate(function* (k) {
    const [r, w] = yield* pipe(k);
    const e = yield* epoll(k);
    yield* write(k, w);
    yield* add(k, e, r, IN | ET);
    expect(yield* wait(k, e)).toEqual([ev(r, IN)]);
    yield* ctl(k, e, 2, r, 0);
    yield* ctl(k, e, ADD, r, IN | ET);
    expect(yield* wait(k, e)).toEqual([ev(r, IN)]);
    yield* write(k, w);
    expect(yield* wait(k, e)).toEqual([ev(r, IN)]);
  });
});
