/**
 * signalfd as programs see it: whose signals it shows, the order in which they are read, what changing the mask does;
 * and pidfds, which tell of the end of a process.
 */

import { mem, sys } from '../kit.js';
import { always, block, fork, getpid, kill, msleep, note, pipe, SIG, sigset, thread, wait, waitid, W } from './proc.js';

const EAGAIN = -11;
const EINTR = -4;
const IN = 0x1;
const RDNORM = 0x40;
const HUP = 0x10;

/** poll of one descriptor: the events found, or the error. */
function* poll(k: Parameters<typeof sys>[0], fd: number, ms = 0): ReturnType<typeof sys> {
  const entry = mem(8);
  new DataView(entry.bytes.buffer).setInt32(0, fd, true);
  entry.bytes[4] = 0xff;
  const ret = yield* sys(k, 'poll', entry, 1, ms);
  return ret < 0 ? ret : entry.bytes[6]!;
}

test('pending signals of the mask are read in the order of their numbers, 128 bytes each', () => {
  always(function* (k) {
    const me = yield* getpid(k);
    yield* block(k, SIG.USR1, SIG.TERM, SIG.RT, SIG.USR2);
    const fd = yield* sys(k, 'signalfd4', -1, sigset(SIG.USR1, SIG.TERM, SIG.RT), 8, 0o4000);
    for (const sig of [SIG.TERM, SIG.USR2, SIG.RT, SIG.USR1, SIG.RT]) yield* kill(k, me, sig);
    const buf = mem(1000);
    const ret = yield* sys(k, 'read', fd, buf, 1000);
    const signals = [0, 1, 2, 3].map((i) => [buf.bytes[128 * i], buf.bytes[128 * i + 12] === me]);
    const again = yield* sys(k, 'read', fd, buf, 128);
    const short = yield* sys(k, 'read', fd, buf, 127);
    const write = yield* sys(k, 'write', fd, buf, 128);
    yield* sys(k, 'rt_sigaction', SIG.USR2, { sa_handler: 1, sa_flags: 0, sa_mask_lo: 0, sa_mask_hi: 0 }, null, 8);
    return [ret, signals, again, short, write];
  }, [512, [[SIG.USR1, true], [SIG.TERM, true], [SIG.RT, true], [SIG.RT, true]], EAGAIN, -22, -22]);
});

test('a blocking read waits for a signal of the mask; another one that is handled interrupts it', () => {
  always(function* (k) {
    const log: unknown[] = [];
    const me = yield* getpid(k);
    yield* note(k, log, SIG.USR2);
    yield* block(k, SIG.USR1);
    const fd = yield* sys(k, 'signalfd4', -1, sigset(SIG.USR1), 8, 0);
    yield* fork(k, function* () {
      yield* msleep(k, 5);
      yield* kill(k, me, SIG.USR2);
      yield* msleep(k, 5);
      yield* kill(k, me, SIG.USR1);
    });
    const buf = mem(128);
    log.push(yield* sys(k, 'read', fd, buf, 128));
    log.push(yield* sys(k, 'read', fd, buf, 128), buf.bytes[0]);
    yield* wait(k);
    return log;
  }, [SIG.USR2, EINTR, 128, SIG.USR1]);
});

test('a signalfd shows the signals of who reads or polls it, not of who made it', () => {
  always(function* (k) {
    const me = yield* getpid(k);
    yield* block(k, SIG.USR1);
    const fd = yield* sys(k, 'signalfd4', -1, sigset(SIG.USR1), 8, 0o4000);
    yield* kill(k, me, SIG.USR1);
    const log: unknown[] = [yield* poll(k, fd)];
    yield* fork(k, function* () {
      log.push(yield* poll(k, fd), yield* sys(k, 'read', fd, mem(128), 128));
      yield* kill(k, yield* getpid(k), SIG.USR1);
      log.push(yield* poll(k, fd), yield* sys(k, 'read', fd, mem(128), 128));
    });
    yield* wait(k);
    log.push(yield* sys(k, 'read', fd, mem(128), 128));
    return log;
  }, [IN, 0, EAGAIN, IN, 128, 128]);
});

test('another mask for an existing signalfd; bad arguments are refused', () => {
  always(function* (k) {
    const me = yield* getpid(k);
    yield* block(k, SIG.USR1, SIG.USR2);
    const fd = yield* sys(k, 'signalfd4', -1, sigset(SIG.USR1), 8, 0);
    yield* kill(k, me, SIG.USR2);
    const before = yield* poll(k, fd);
    const same = yield* sys(k, 'signalfd4', fd, sigset(SIG.USR2), 8, 0);
    const after = yield* poll(k, fd);
    const [r] = yield* pipe(k);
    const errors = [
      yield* sys(k, 'signalfd4', -1, sigset(), 7, 0), yield* sys(k, 'signalfd4', -1, null, 8, 0), yield* sys(k, 'signalfd4', -1, sigset(), 8, 1),
      yield* sys(k, 'signalfd4', 99, sigset(), 8, 0), yield* sys(k, 'signalfd4', r, sigset(), 8, 0),
    ];
    yield* sys(k, 'read', fd, mem(128), 128);
    return [before, same === fd, after, errors];
  }, [0, true, IN, [-22, -14, -22, -9, -22]]);
});

test('SIGCHLD read from a signalfd says how the child ended', () => {
  always(function* (k) {
    yield* block(k, SIG.CHLD);
    const fd = yield* sys(k, 'signalfd4', -1, sigset(SIG.CHLD), 8, 0);
    const child = yield* fork(k, function* () {
      return 3;
    });
    const buf = mem(128);
    yield* sys(k, 'read', fd, buf, 128);
    yield* wait(k);
    const words = new DataView(buf.bytes.buffer);
    return [words.getInt32(0, true), words.getInt32(8, true), words.getInt32(12, true) === child, words.getInt32(40, true)];
  }, [SIG.CHLD, 1, true, 3]);
});

test('a pidfd is readable when the process has ended, and hung up when it is reaped', () => {
  always(function* (k) {
    const child = yield* fork(k, function* () {
      yield* msleep(k, 10);
    });
    const fd = yield* sys(k, 'pidfd_open', child, 0);
    const log = [yield* poll(k, fd), yield* poll(k, fd, 100)];
    log.push(yield* sys(k, 'pidfd_send_signal', fd, 0, null, 0), yield* sys(k, 'pidfd_getfd', fd, 0, 0));
    log.push((yield* waitid(k, 3, fd, W.EXITED))[0]!, yield* poll(k, fd), yield* sys(k, 'pidfd_send_signal', fd, 0, null, 0));
    log.push(yield* sys(k, 'read', fd, mem(8), 8), yield* sys(k, 'fcntl', fd, 1));
    return log;
  }, [0, IN | RDNORM, 0, -3, 0, IN | RDNORM | HUP, -3, -22, 1]);
});

test('waitid of a pidfd that does not block: EAGAIN while the process lives', () => {
  always(function* (k) {
    const child = yield* fork(k, function* () {
      yield* msleep(k, 10);
    });
    const fd = yield* sys(k, 'pidfd_open', child, 0o4000);
    const early = (yield* waitid(k, 3, fd, W.EXITED))[0];
    const asked = (yield* waitid(k, 3, fd, W.EXITED | W.NOHANG))[0];
    yield* poll(k, fd, 100);
    return [early, asked, (yield* waitid(k, 3, fd, W.EXITED))[0], (yield* waitid(k, 3, 99, W.EXITED))[0]];
  }, [EAGAIN, 0, 0, -9]);
});

test('the pidfd of a process becomes readable with its last thread, that of a thread with this thread', () => {
  always(function* (k) {
    const log: number[] = [];
    const child = yield* fork(k, function* () {
      yield* thread(k, function* () {
        yield* msleep(k, 20);
      });
      yield* sys(k, 'exit', 0);
    });
    const fd = yield* sys(k, 'pidfd_open', child, 0);
    const first = yield* sys(k, 'pidfd_open', child, 0o200);
    log.push((yield* sys(k, 'pidfd_open', child, 1)) + 22);
    yield* msleep(k, 10);
    log.push(yield* poll(k, fd), yield* poll(k, first), yield* poll(k, fd, 100));
    yield* wait(k);
    return log;
  }, [0, 0, IN | RDNORM, IN | RDNORM]);
});

test('pidfd_getfd copies a descriptor of another process, closed on exec', () => {
  always(function* (k) {
    const [r, w] = yield* pipe(k);
    const child = yield* fork(k, function* () {
      yield* sys(k, 'pause');
    });
    yield* sys(k, 'close', w);
    const fd = yield* sys(k, 'pidfd_open', child, 0);
    const copy = yield* sys(k, 'pidfd_getfd', fd, w, 0);
    const log = [yield* sys(k, 'fcntl', copy, 1), yield* sys(k, 'write', copy, mem('x'), 1), yield* sys(k, 'read', r, mem(1), 1)];
    log.push(yield* sys(k, 'pidfd_getfd', fd, 99, 0), yield* sys(k, 'pidfd_getfd', r, 0, 0), yield* sys(k, 'pidfd_getfd', fd, w, 1));
    yield* sys(k, 'pidfd_send_signal', fd, SIG.TERM, null, 0);
    return [...log, (yield* wait(k))[1]];
  }, [1, 1, 1, -9, -9, -22, SIG.TERM]);
});
