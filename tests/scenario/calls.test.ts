/** What each call answers: the number of the kernel, an object with `ret` where something is stored, a pair for two descriptors. */

import {
  AF_INET, AF_UNIX, badPointer, BytesResult, CLOCK_MONOTONIC, EAGAIN, EBADF, ECHILD, EEXIST, EFAULT, EINTR, EINVAL, EMFILE, EPIPE, EPOLL_CTL_ADD, EPOLL_CTL_DEL,
  EPOLL_CTL_MOD, EPOLLET, EPOLLHUP, EPOLLIN, EPOLLOUT, F_GETFL, F_SETFL, faultingAt, FIONREAD, kernelPointer, memory, MSG_PEEK, O_CLOEXEC, O_NONBLOCK, O_RDONLY, POLLIN,
  POLLNVAL, POLLOUT, SFD_NONBLOCK, SHUT_WR, SIG_BLOCK, SIG_IGN, SIG_SETMASK, SIGKILL, SIGPIPE, SIGUSR1, SIGUSR2, SO_RCVLOWAT, SO_TYPE, SOCK_STREAM, SOL_SOCKET, type Sys,
  textOf, utf8,
} from '../../src/scenario/index.js';
import type { Sleeps } from '../../src/scenario/index.js';
import { runProgram } from './run.js';

/** A test that is a program; every expectation in it is jest's. */
function program(name: string, body: (sys: Sys) => Sleeps<void>): void {
  test(`${name}`, () => {
    let ended = false;
    runProgram(function* (sys) {
      yield* body(sys);
      ended = true;
    });
    expect(ended).toBe(true);
  });
}

describe('files and pipes', () => {
  program('pipe2 gives the pair, lowest free numbers first; 0 to 2 are taken', function* (sys) {
    expect(yield* sys.pipe2(O_NONBLOCK)).toEqual([3, 4]);
    expect(yield* sys.pipe()).toEqual([5, 6]);
    expect(yield* sys.pipe2(0x123)).toEqual([-EINVAL, -EINVAL]);
  });

  program('a pair that cannot be made is twice the error', function* (sys) {
    expect(yield* sys.setNofileLimit(4)).toBe(0);
    expect(yield* sys.pipe()).toEqual([-EMFILE, -EMFILE]);
  });

  program('read with a size gives bytes and text, read with a buffer fills it', function* (sys) {
    const [r, w] = yield* sys.pipe();
    expect(yield* sys.write(w, 'grün')).toBe(5);
    const part = yield* sys.read(r, 4);
    expect([part.ret, part.text, part.bytes.length]).toEqual([4, 'grü', 4]);
    const buffer = new Uint8Array(8);
    expect(yield* sys.read(r, buffer)).toBe(1);
    expect(textOf(buffer.subarray(0, 1))).toBe('n');
    yield* sys.write(w, 'abcdef');
    expect(yield* sys.read(r, buffer, 2)).toBe(2);
    expect(textOf(buffer.subarray(0, 2))).toBe('ab');
    yield* sys.close(w);
    expect((yield* sys.read(r, 100)).text).toBe('cdef');
    const end = yield* sys.read(r, 100);
    expect([end.ret, end.text]).toEqual([0, '']);
  });

  program('an error is the number -errno, and no exception', function* (sys) {
    expect((yield* sys.read(77, 1)).ret).toBe(-EBADF);
    expect(yield* sys.close(77)).toBe(-EBADF);
    const [r] = yield* sys.pipe2(O_NONBLOCK);
    const none = yield* sys.read(r, 1);
    expect([none.ret, none.text]).toEqual([-EAGAIN, '']);
  });

  program('pointers that fault: NULL, unmapped, in kernel space, at a byte', function* (sys) {
    const [r, w] = yield* sys.pipe();
    expect(yield* sys.write(w, null, 3)).toBe(-EFAULT);
    expect(yield* sys.write(w, badPointer(), 3)).toBe(-EFAULT);
    expect(yield* sys.write(w, kernelPointer(), 3)).toBe(-EFAULT);
    expect(yield* sys.write(w, memory('abc'))).toBe(3);
    expect(yield* sys.read(r, null, 3)).toBe(-EFAULT);
    expect(yield* sys.epoll_ctl(yield* sys.epoll_create1(), EPOLL_CTL_ADD, r, faultingAt(4, 12))).toBe(-EFAULT);
  });

  program('readv and writev take several buffers', function* (sys) {
    const [r, w] = yield* sys.pipe();
    expect(yield* sys.writev(w, ['ab', utf8('cd'), ''])).toBe(4);
    const [one, two] = [new Uint8Array(1), new Uint8Array(9)];
    expect(yield* sys.readv(r, [one, two])).toBe(4);
    expect([textOf(one), textOf(two.subarray(0, 3))]).toEqual(['a', 'bcd']);
  });

  program('dup, fcntl, ioctl and open answer numbers', function* (sys) {
    const [r, w] = yield* sys.pipe();
    expect(yield* sys.dup(r)).toBe(5);
    expect(yield* sys.dup2(r, 9)).toBe(9);
    expect(yield* sys.dup3(r, r, 0)).toBe(-EINVAL);
    expect(yield* sys.dup3(r, 8, O_CLOEXEC)).toBe(8);
    expect(yield* sys.fcntl(r, F_SETFL, O_NONBLOCK)).toBe(0);
    expect((yield* sys.fcntl(9, F_GETFL)) & O_NONBLOCK).toBe(O_NONBLOCK);
    yield* sys.write(w, 'xyz');
    expect(yield* sys.ioctlGet(r, FIONREAD)).toEqual({ ret: 0, value: 3 });
    expect(yield* sys.mkfifo('/tmp/f')).toBe(0);
    expect(yield* sys.mkfifo('/tmp/f')).toBe(-EEXIST);
    expect(yield* sys.open('/tmp/f', O_RDONLY | O_NONBLOCK)).toBe(6);
    expect(yield* sys.unlink('/tmp/f')).toBe(0);
    expect(yield* sys.close_range(3, 100)).toBe(0);
    expect(yield* sys.close(9)).toBe(-EBADF);
  });

  program('a write to a pipe that nobody reads: EPIPE, and SIGPIPE unless it is ignored', function* (sys) {
    const [r, w] = yield* sys.pipe();
    yield* sys.sigaction(SIGPIPE, SIG_IGN);
    yield* sys.close(r);
    expect(yield* sys.write(w, 'x')).toBe(-EPIPE);
  });
});

describe('epoll, poll and select', () => {
  program('epoll_wait gives the number and the events; data is the descriptor when it is left out', function* (sys) {
    const [r, w] = yield* sys.pipe();
    const ep = yield* sys.epoll_create1();
    expect(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, EPOLLIN)).toBe(0);
    expect(yield* sys.epoll_wait(ep, 8, 0)).toEqual({ ret: 0, events: [] });
    yield* sys.write(w, 'x');
    expect(yield* sys.epoll_wait(ep, 8)).toEqual({ ret: 1, events: [{ events: EPOLLIN, data: r }] });
    expect(yield* sys.epoll_ctl(ep, EPOLL_CTL_MOD, r, { events: EPOLLIN | EPOLLET, data: 0xfedcba9876543210n })).toBe(0);
    const { events } = yield* sys.epoll_pwait(ep, 8, 0, [SIGUSR1]);
    expect([events[0]!.events, events[0]!.u64]).toEqual([EPOLLIN, 0xfedcba9876543210n]);
    expect((yield* sys.epoll_pwait2(ep, 8, 1000)).ret).toBe(0);
    expect(yield* sys.epoll_ctl(ep, EPOLL_CTL_DEL, r)).toBe(0);
    expect(yield* sys.epoll_wait(ep, 0, 0)).toEqual({ ret: -EINVAL, events: [] });
    expect(yield* sys.epoll_create(0)).toBe(-EINVAL);
  });

  program('the time of a wait passes on the virtual clock', function* (sys) {
    const ep = yield* sys.epoll_create1();
    expect((yield* sys.epoll_wait(ep, 1, 25)).ret).toBe(0);
    expect(sys.nowNs).toBe(25e6);
  });

  program('poll gives a mask for each entry', function* (sys) {
    const [r, w] = yield* sys.pipe();
    expect(yield* sys.poll([{ fd: r, events: POLLIN }, { fd: w, events: POLLOUT }, { fd: 99, events: 0 }], 0)).toEqual({ ret: 2, revents: [0, POLLOUT, POLLNVAL] });
    expect((yield* sys.ppoll([{ fd: r, events: POLLIN }], 1e6)).ret).toBe(0);
  });

  program('select gives the sets back, and what was left of the time', function* (sys) {
    const [r, w] = yield* sys.pipe();
    yield* sys.write(w, 'x');
    expect(yield* sys.select(w + 1, { read: [r, w - 1], write: [w] }, 5000)).toEqual({ ret: 2, read: [r], write: [w], except: [], left: 5000 });
    expect(yield* sys.pselect(r + 1, {}, 7000)).toEqual({ ret: 0, read: [], write: [], except: [], left: 0 });
    expect(yield* sys.select(51, { read: [50] }, 0)).toMatchObject({ ret: -EBADF });
  });

  program('an absent page stops epoll_wait between two events until it is there', function* (sys) {
    const [a, wa] = yield* sys.pipe();
    const [b, wb] = yield* sys.pipe();
    const ep = yield* sys.epoll_create1();
    for (const fd of [a, b]) yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN);
    yield* sys.write(wa, '1');
    yield* sys.write(wb, '2');
    const buffer = sys.absentMemory(24, 12);
    yield* sys.thread(function* (sys) {
      yield* sys.msleep(5);
      sys.pageIn(buffer);
    });
    expect((yield* sys.epoll_wait(ep, 2, 0, buffer)).events.map(({ data }) => data)).toEqual([a, b]);
    expect(sys.nowNs).toBe(5e6);
  });
});

describe('counters and timers', () => {
  program('eventfd counts', function* (sys) {
    const fd = yield* sys.eventfd(3);
    expect(yield* sys.eventfdWrite(fd, 4)).toBe(8);
    expect(yield* sys.eventfdRead(fd)).toEqual({ ret: 8, value: 7 });
  });

  program('timerfd tells the ticks and what is left', function* (sys) {
    const fd = yield* sys.timerfd_create(CLOCK_MONOTONIC, 0);
    expect(yield* sys.timerfd_settime(fd, 10e6, 20e6)).toEqual({ ret: 0, valueNs: 0, intervalNs: 0 });
    expect(yield* sys.timerfd_gettime(fd)).toEqual({ ret: 0, valueNs: 10e6, intervalNs: 20e6 });
    yield* sys.msleep(55);
    expect(yield* sys.timerfdRead(fd)).toEqual({ ret: 8, ticks: 3 });
  });
});

describe('sockets', () => {
  program('a socketpair sends both ways, with options and half-closing', function* (sys) {
    const [a, b] = yield* sys.socketpair(AF_UNIX, SOCK_STREAM);
    expect(yield* sys.send(a, 'ping')).toBe(4);
    expect((yield* sys.recv(b, 2, MSG_PEEK)).text).toBe('pi');
    const buffer = new Uint8Array(8);
    expect(yield* sys.recv(b, buffer)).toBe(4);
    expect(yield* sys.getsockopt(a, SOL_SOCKET, SO_TYPE)).toMatchObject({ ret: 0, value: SOCK_STREAM });
    expect(yield* sys.setsockopt(a, SOL_SOCKET, SO_RCVLOWAT, 2)).toBe(0);
    expect(yield* sys.shutdown(a, SHUT_WR)).toBe(0);
    expect(yield* sys.read(b, 1)).toMatchObject({ ret: 0 });
    expect(yield* sys.socketpair(AF_INET, SOCK_STREAM)).toEqual(expect.arrayContaining([expect.any(Number)]));
  });

  program('descriptors travel in messages', function* (sys) {
    const [a, b] = yield* sys.socketpair(AF_UNIX, SOCK_STREAM);
    const [r, w] = yield* sys.pipe();
    expect(yield* sys.sendmsg(a, ['here'], 0, [w])).toBe(4);
    const got = yield* sys.recvmsg(b, 10, 0, 1);
    expect([got.text, got.fds.length]).toEqual(['here', 1]);
    yield* sys.write(got.fds[0]!, 'x');
    expect((yield* sys.read(r, 1)).text).toBe('x');
  });

  program('a Unix socket has a path', function* (sys) {
    const listener = yield* sys.socket(AF_UNIX, SOCK_STREAM);
    expect(yield* sys.bind(listener, { path: '/tmp/s' })).toBe(0);
    expect(yield* sys.listen(listener, 1)).toBe(0);
    const client = yield* sys.socket(AF_UNIX, SOCK_STREAM);
    expect(yield* sys.connect(client, { path: '/tmp/s' })).toBe(0);
    const conn = yield* sys.accept4(listener, 0);
    expect(yield* sys.getpeername(client)).toEqual({ ret: 0, address: { family: AF_UNIX, path: '/tmp/s' } });
    expect(yield* sys.write(conn, 'x')).toBe(1);
    expect(yield* sys.getsockname(77)).toEqual({ ret: -EBADF, address: null });
  });
});

describe('processes, signals and time', () => {
  program('waitpid tells how a child ended', function* (sys) {
    const child = yield* sys.fork(function* () { return 7; });
    expect(yield* sys.waitpid(child)).toEqual({ ret: child, status: 0x700, exited: 7, signal: null });
    const killed = yield* sys.fork(function* (sys) { yield* sys.pause(); });
    yield* sys.msleep(1);
    expect(yield* sys.kill(killed, SIGKILL)).toBe(0);
    expect(yield* sys.waitpid(-1)).toEqual({ ret: killed, status: SIGKILL, exited: null, signal: SIGKILL });
    expect(yield* sys.waitpid(-1)).toMatchObject({ ret: -ECHILD, exited: null });
  });

  program('a thread shares descriptors, a child has copies', function* (sys) {
    const [r, w] = yield* sys.pipe();
    yield* sys.thread(function* (sys) { yield* sys.close(r); });
    yield* sys.msleep(1);
    expect(yield* sys.close(r)).toBe(-EBADF);
    yield* sys.waitpid(yield* sys.fork(function* (sys) { yield* sys.close(w); }));
    expect(yield* sys.close(w)).toBe(0);
  });

  program('exit never returns, and finally blocks of a program that is gone do not run', function* (sys) {
    let after = false;
    const child = yield* sys.fork(function* (sys) {
      try {
        yield* sys.exit(3);
      } finally {
        after = true;
      }
    });
    expect((yield* sys.waitpid(child)).exited).toBe(3);
    expect(after).toBe(false);
  });

  program('a handler runs inside the call that it interrupts', function* (sys) {
    const seen: number[] = [];
    const me = yield* sys.getpid();
    expect(yield* sys.sigaction(SIGUSR1, function* (signal) { seen.push(signal, yield* sys.getpid()); })).toBe(0);
    expect(yield* sys.sigaction(SIGKILL, SIG_IGN)).toBe(-EINVAL);
    yield* sys.fork(function* (sys) {
      yield* sys.msleep(5);
      yield* sys.kill(me, SIGUSR1);
    });
    expect(yield* sys.nanosleep(20e6)).toEqual({ ret: -EINTR, leftNs: 15e6 });
    expect(seen).toEqual([SIGUSR1, me]);
  });

  program('masks, pending signals and signalfd', function* (sys) {
    const me = yield* sys.getpid();
    expect(yield* sys.sigprocmask(SIG_BLOCK, [SIGUSR1, SIGUSR2])).toEqual({ ret: 0, old: [] });
    yield* sys.kill(me, SIGUSR2);
    expect(yield* sys.sigpending()).toEqual({ ret: 0, signals: [SIGUSR2] });
    const fd = yield* sys.signalfd(-1, [SIGUSR2], SFD_NONBLOCK);
    expect(yield* sys.signalfdRead(fd)).toEqual({ ret: 128, signal: SIGUSR2, pid: me });
    expect((yield* sys.signalfdRead(fd)).ret).toBe(-EAGAIN);
    expect((yield* sys.sigprocmask(SIG_SETMASK, [])).old).toEqual([SIGUSR1, SIGUSR2]);
    expect(yield* sys.clock_gettime()).toEqual({ ret: 0, ns: 0 });
    expect([yield* sys.sched_yield(), yield* sys.alarm(2), yield* sys.alarm(0), yield* sys.gettid()]).toEqual([0, 0, 2, me]);
  });

  program('any call of the table can be made with bare arguments', function* (sys) {
    expect(yield* sys.syscall('epoll_create1', 1)).toBe(-EINVAL);
    expect(yield* sys.syscall('epoll_wait', -1, null, 0, 0)).toBeLessThan(0);
  });
});

test('hang-ups are told of unasked', () => {
  runProgram(function* (sys) {
    const [r, w] = yield* sys.pipe();
    const ep = yield* sys.epoll_create1();
    yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, EPOLLOUT);
    yield* sys.close(w);
    expect((yield* sys.epoll_wait(ep, 1, 0)).events).toEqual([{ events: EPOLLHUP, data: r }]);
  });
});

test('a result prints as what it is', () => {
  expect(new BytesResult(-EBADF, new Uint8Array(4)).bytes).toHaveLength(0);
  expect([textOf(Uint8Array.from([0x61, 0xff, 0xe2, 0x82, 0xac])), textOf(utf8('a€😀'))]).toEqual(['a\ufffd€', 'a€😀']);
});
