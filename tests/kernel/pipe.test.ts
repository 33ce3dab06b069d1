/** Pipes and FIFOs, driven by system calls. */

import {
  EAGAIN, EBADF, EBUSY, EFAULT, EINTR, EINVAL, EMFILE, ENXIO, EPERM, EPIPE, ESPIPE,
} from '../../src/kernel/errno.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import type { Sleeps } from '../../src/kernel/point.js';
import { bad_pointer, get_user_u32, user_iovec, user_memory } from '../../src/kernel/uaccess.js';
import {
  EPOLLERR as ERR, EPOLLHUP as HUP, EPOLLIN as IN, EPOLLOUT as OUT, EPOLLRDNORM as RDNORM, EPOLLWRNORM as WRNORM, F_GETFD, F_GETPIPE_SZ, F_SETPIPE_SZ,
  FIONREAD, O_CLOEXEC, O_DIRECT, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY, SIGPIPE, SIGUSR1,
} from '../../src/kernel/uapi.js';
import { mem, simulate, sys } from '../kit.js';
import { close, handle, later, mask, msleep, now, path, pipe, read, readn, thread, write } from './calls.js';

const FIFO = 0o010600;

function* fill(k: Kernel, w: number): Sleeps<number> {
  let total = 0;
  for (;;) {
    const n = yield* write(k, w, 4096);
    if (n < 0) return total;
    total += n;
  }
}

describe('what a pipe is', () => {
  test('PI-1: the ends are one-way: a write to the reading end and a read of the writing end fail with EBADF', () => {
    expect(simulate(function* (k) {
      const [r, w] = yield* pipe(k);
      return [yield* write(k, r, 'a'), yield* readn(k, w, 1)];
    })).toEqual([-EBADF, -EBADF]);
  });

  test('PI-2: four bytes and a page go through unchanged', () => {
    simulate(function* (k) {
      const [r, w] = yield* pipe(k);
      yield* write(k, w, 'abcd');
      expect(yield* read(k, r, 100)).toBe('abcd');
      const page = Array.from({ length: 4096 }, (_, i) => (i * 7) & 255);
      expect(yield* sys(k, 'write', w, mem(page), 4096)).toBe(4096);
      const got = mem(4096);
      expect(yield* sys(k, 'read', r, got, 4096)).toBe(4096);
      expect([...got.bytes]).toEqual(page);
    });
  });

  test('PI-3: without blocking, an empty pipe says EAGAIN before a write and after its bytes are read', () => {
    expect(simulate(function* (k) {
      const [r, w] = yield* pipe(k, O_NONBLOCK);
      return [yield* read(k, r, 4), yield* write(k, w, 'abcd'), yield* read(k, r, 4), yield* read(k, r, 4)];
    })).toEqual([-EAGAIN, 4, 'abcd', -EAGAIN]);
  });

  test('PI-4: an unknown flag is refused; O_CLOEXEC marks both ends', () => {
    expect(simulate(function* (k) {
      const refused = yield* sys(k, 'pipe2', mem(8), 1);
      const [r, w] = yield* pipe(k, O_CLOEXEC);
      const [r2] = yield* pipe(k);
      return [refused, yield* sys(k, 'fcntl', r, F_GETFD, 0), yield* sys(k, 'fcntl', w, F_GETFD, 0), yield* sys(k, 'fcntl', r2, F_GETFD, 0)];
    })).toEqual([-EINVAL, 1, 1, 0]);
  });

  test('a pipe that cannot be told to the program, or finds no descriptor, leaves nothing behind', () => {
    expect(simulate(function* (k) {
      const efault = yield* sys(k, 'pipe2', bad_pointer(), 0);
      const half = yield* sys(k, 'pipe2', new user_memory(new Uint8Array(8), 4), 0);
      k.current.signal.rlim_nofile.cur = 1;
      return [efault, half, yield* sys(k, 'pipe2', mem(8), 0), k.current.files.open()];
    })).toEqual([-EFAULT, -EFAULT, -EMFILE, []]);
  });

  test('PI-12: FIONREAD tells the bytes queued, on either end', () => {
    expect(simulate(function* (k) {
      const [r, w] = yield* pipe(k);
      yield* write(k, w, 5000);
      const n = mem(4);
      const m = mem(4);
      yield* sys(k, 'ioctl', r, FIONREAD, n);
      yield* sys(k, 'ioctl', w, FIONREAD, m);
      return [get_user_u32(n, 0), get_user_u32(m, 0)];
    })).toEqual([5000, 5000]);
  });

  test('PI-13: F_SETPIPE_SZ rounds up to a page, grows from both ends, and refuses to cut what is queued', () => {
    expect(simulate(function* (k) {
      const [r, w] = yield* pipe(k);
      const set = (fd: number, size: number): Sleeps<number> => sys(k, 'fcntl', fd, F_SETPIPE_SZ, size);
      const seen = [yield* sys(k, 'fcntl', r, F_GETPIPE_SZ, 0), yield* set(r, 0), yield* set(w, 4097), yield* set(r, 1 << 20), yield* set(r, -1)];
      yield* write(k, w, 3 * 4096);
      seen.push(yield* set(w, 8192), yield* set(w, 3 * 4096), yield* sys(k, 'fcntl', w, F_GETPIPE_SZ, 0));
      k.current.capable = false;
      seen.push(yield* set(w, 1 << 21));
      return seen;
    })).toEqual([65536, 4096, 8192, 1 << 20, -EINVAL, -EBUSY, 16384, 16384, -EPERM]);
  });

  test('PI-14: nothing is read and nothing is written in zero bytes, even when the pipe is empty or broken', () => {
    expect(simulate(function* (k) {
      const [r, w] = yield* pipe(k);
      const seen = [yield* readn(k, r, 0), yield* write(k, w, '')];
      yield* close(k, r);
      return [...seen, yield* write(k, w, '')];
    })).toEqual([0, 0, 0]);
  });

  test('PI-15: a pipe has no positions', () => {
    expect(simulate(function* (k) {
      const [r, w] = yield* pipe(k);
      const vec = new user_iovec([{ base: mem(1), len: 1 }]);
      return [yield* sys(k, 'lseek', r, 0, 0), yield* sys(k, 'preadv', r, vec, 1, 0), yield* sys(k, 'pwritev', w, vec, 1, 0),
        yield* sys(k, 'pread64', r, mem(1), 1, 0), yield* sys(k, 'pwrite64', w, mem(1), 1, 0)];
    })).toEqual([-ESPIPE, -ESPIPE, -ESPIPE, -ESPIPE, -ESPIPE]);
  });

  test('PI-8: closing an end twice says EBADF', () => {
    expect(simulate(function* (k) {
      const [r, w] = yield* pipe(k);
      return [yield* close(k, r), yield* close(k, r), yield* close(k, w), yield* close(k, w)];
    })).toEqual([0, -EBADF, 0, -EBADF]);
  });
});

describe('slots and pages', () => {
  test('small writes share a page: a full pipe holds 65536 bytes of them, but one odd write takes a slot of its own', () => {
    expect(simulate(function* (k) {
      const [, w] = yield* pipe(k, O_NONBLOCK);
      let small = 0;
      while ((yield* write(k, w, 'x'.repeat(512))) > 0) small += 512;
      const [, w2] = yield* pipe(k, O_NONBLOCK);
      let odd = 0;
      // 2049 bytes twice do not fit into a page, so every write of them takes a slot
      while ((yield* write(k, w2, 2049)) > 0) odd++;
      return [small, odd];
    })).toEqual([65536, 16]);
  });

  test('up to 4096 bytes are written in whole or not at all; longer writes in part', () => {
    expect(simulate(function* (k) {
      const [r, w] = yield* pipe(k, O_NONBLOCK);
      yield* write(k, w, 65536);
      yield* readn(k, r, 4096);
      const part = yield* write(k, w, 5000);
      yield* readn(k, r, 4095);
      return [part, yield* write(k, w, 2), yield* write(k, w, 4096)];
    })).toEqual([4096, -EAGAIN, -EAGAIN]);
  });

  test('with O_DIRECT a write is a packet: read once, cut if there is no room, never merged', () => {
    expect(simulate(function* (k) {
      const [r, w] = yield* pipe(k, O_NONBLOCK | O_DIRECT);
      yield* write(k, w, 'first');
      yield* write(k, w, 'second');
      return [yield* read(k, r, 3), yield* read(k, r, 100), yield* read(k, r, 100)];
    })).toEqual(['fir', 'second', -EAGAIN]);
  });

  test('a buffer that faults half-way leaves the page of the pipe unread', () => {
    expect(simulate(function* (k) {
      const [r, w] = yield* pipe(k, O_NONBLOCK);
      yield* write(k, w, 'abcdef');
      const half = new user_memory(new Uint8Array(6), 3);
      return [yield* sys(k, 'read', r, half, 6), yield* sys(k, 'write', w, half, 6), yield* read(k, r, 10)];
    })).toEqual([-EFAULT, -EFAULT, 'abcdef']);
  });

  test('readv and writev move vectors of up to 1024 pieces', () => {
    expect(simulate(function* (k) {
      const [r, w] = yield* pipe(k, O_NONBLOCK);
      const vec = new user_iovec([{ base: mem('ab'), len: 2 }, { base: null, len: 0 }, { base: mem('cde'), len: 3 }]);
      const into = new user_iovec([{ base: mem(1), len: 1 }, { base: mem(9), len: 9 }]);
      const many = new user_iovec(Array.from({ length: 1025 }, () => ({ base: null, len: 0 })));
      return [yield* sys(k, 'writev', w, vec, 3), yield* sys(k, 'readv', r, into, 2), String.fromCharCode(...into.segments[1]!.base!.bytes.subarray(0, 4)),
        yield* sys(k, 'writev', w, vec, -1), yield* sys(k, 'writev', w, many, 1025), yield* sys(k, 'writev', w, many, 1024),
        yield* sys(k, 'readv', 99, into, 2), yield* sys(k, 'writev', w, bad_pointer(), 1)];
    })).toEqual([5, 5, 'bcde', -EINVAL, -EINVAL, 0, -EBADF, -EFAULT]);
  });
});

describe('readiness', () => {
  test('F98: idle: read end 0, write end OUT; data: IN; writer gone: IN|HUP, then HUP; reader gone: OUT|ERR, and ERR alone when full', () => {
    expect(simulate(function* (k) {
      const [r, w] = yield* pipe(k);
      const seen = [yield* mask(k, r), yield* mask(k, w)];
      yield* write(k, w, 'abc');
      seen.push(yield* mask(k, r));
      yield* close(k, w);
      seen.push(yield* mask(k, r));
      yield* readn(k, r, 10);
      seen.push(yield* mask(k, r));
      const [r2, w2] = yield* pipe(k, O_NONBLOCK);
      yield* close(k, r2);
      seen.push(yield* mask(k, w2));
      const [r3, w3] = yield* pipe(k, O_NONBLOCK);
      yield* fill(k, w3);
      seen.push(yield* mask(k, w3));
      yield* close(k, r3);
      return [...seen, yield* mask(k, w3)];
    })).toEqual([0, OUT | WRNORM, IN | RDNORM, IN | RDNORM | HUP, HUP, OUT | WRNORM | ERR, 0, ERR]);
  });

  test('a full pipe is writable again only when a whole slot has been emptied', () => {
    expect(simulate(function* (k) {
      const [r, w] = yield* pipe(k, O_NONBLOCK);
      yield* fill(k, w);
      const seen = [];
      for (const n of [1, 4094, 1]) {
        yield* readn(k, r, n);
        seen.push(yield* mask(k, w));
      }
      return seen;
    })).toEqual([0, 0, OUT | WRNORM]);
  });

  test('F102: a FIFO opened before any writer shows no hang-up; after a writer came and went it does; a new writer ends it', () => {
    expect(simulate(function* (k) {
      yield* sys(k, 'mknod', path('/tmp/f'), FIFO, 0);
      const r = yield* sys(k, 'open', path('/tmp/f'), O_RDONLY | O_NONBLOCK, 0);
      const seen = [yield* mask(k, r)];
      const w = yield* sys(k, 'open', path('/tmp/f'), O_WRONLY, 0);
      seen.push(yield* mask(k, r));
      yield* close(k, w);
      seen.push(yield* mask(k, r));
      yield* sys(k, 'open', path('/tmp/f'), O_WRONLY | O_NONBLOCK, 0);
      return [...seen, yield* mask(k, r)];
    })).toEqual([0, 0, HUP, 0]);
  });
});

describe('FIFOs', () => {
  test('opening to write without a reader fails with ENXIO when it must not block; O_RDWR needs nobody and is both ends', () => {
    expect(simulate(function* (k) {
      yield* sys(k, 'mknod', path('/tmp/f'), FIFO, 0);
      const w = yield* sys(k, 'open', path('/tmp/f'), O_WRONLY | O_NONBLOCK, 0);
      const both = yield* sys(k, 'open', path('/tmp/f'), O_RDWR | O_NONBLOCK, 0);
      const seen = [w, both, yield* mask(k, both), yield* write(k, both, 'x'), yield* mask(k, both), yield* read(k, both, 9)];
      return [...seen, yield* sys(k, 'fcntl', both, 3, 0)];
    })).toEqual([-ENXIO, 0, OUT | WRNORM, 1, IN | OUT | RDNORM | WRNORM, 'x', 0o104002]);
  });

  test('each side waits in open() for the other', () => {
    const order = simulate(function* (k) {
      const log: string[] = [];
      yield* sys(k, 'mknod', path('/tmp/f'), FIFO, 0);
      thread(k, 'writer', function* () {
        yield* msleep(k, 10);
        log.push('opening to write');
        const w = yield* sys(k, 'open', path('/tmp/f'), O_WRONLY, 0);
        yield* write(k, w, 'hello');
      });
      const r = yield* sys(k, 'open', path('/tmp/f'), O_RDONLY, 0);
      log.push(`open at ${now(k)} ms`, String(yield* read(k, r, 99)));
      return log;
    });
    expect(order).toEqual(['opening to write', 'open at 10 ms', 'hello']);
  });

  test('a signal ends the wait for the other side, and the FIFO is as if nobody had come', () => {
    expect(simulate(function* (k) {
      const log: number[] = [];
      handle(k, SIGUSR1, log);
      yield* sys(k, 'mknod', path('/tmp/f'), FIFO, 0);
      later(k, 5, SIGUSR1, k.current);
      const r = yield* sys(k, 'open', path('/tmp/f'), O_RDONLY, 0);
      return [r, log, yield* sys(k, 'open', path('/tmp/f'), O_WRONLY | O_NONBLOCK, 0), k.current.files.open()];
    })).toEqual([-EINTR, [SIGUSR1], -ENXIO, []]);
  });

  test('what nobody has read is gone when the last file is closed', () => {
    expect(simulate(function* (k) {
      yield* sys(k, 'mknod', path('/tmp/f'), FIFO, 0);
      const both = yield* sys(k, 'open', path('/tmp/f'), O_RDWR, 0);
      yield* write(k, both, 'lost');
      yield* close(k, both);
      const again = yield* sys(k, 'open', path('/tmp/f'), O_RDWR | O_NONBLOCK, 0);
      return yield* read(k, again, 9);
    })).toBe(-EAGAIN);
  });
});

describe('blocking', () => {
  test('PI-5: a blocked reader gets four bytes, blocks again, and gets 0 when the writer closes, and 0 ever after', () => {
    expect(simulate(function* (k) {
      const [r, w] = yield* pipe(k);
      thread(k, 'writer', function* () {
        yield* msleep(k, 10);
        yield* write(k, w, 'abcd');
        yield* msleep(k, 10);
        yield* close(k, w);
      });
      const seen: unknown[] = [];
      for (let i = 0; i < 3; i++) seen.push(yield* read(k, r, 99), now(k));
      return seen;
    })).toEqual(['abcd', 10, '', 20, '', 20]);
  });

  test('PI-6: what was written before the writer closed is still read, then 0', () => {
    expect(simulate(function* (k) {
      const [r, w] = yield* pipe(k);
      yield* write(k, w, 'abc');
      yield* close(k, w);
      return [yield* read(k, r, 9), yield* read(k, r, 9)];
    })).toEqual(['abc', '']);
  });

  test('PI-7: a write without readers fails with EPIPE and raises SIGPIPE once', () => {
    expect(simulate(function* (k) {
      const log: number[] = [];
      handle(k, SIGPIPE, log);
      const [r, w] = yield* pipe(k);
      yield* close(k, r);
      return [yield* write(k, w, 'a'), log];
    })).toEqual([-EPIPE, [SIGPIPE]]);
  });

  test('PI-9: a write that waits for room gets EPIPE and one SIGPIPE when the reader closes', () => {
    expect(simulate(function* (k) {
      const log: number[] = [];
      handle(k, SIGPIPE, log);
      const [r, w] = yield* pipe(k);
      yield* write(k, w, 65536);
      thread(k, 'closer', function* () {
        yield* msleep(k, 10);
        yield* close(k, r);
      });
      return [yield* write(k, w, 'a'), now(k), log];
    })).toEqual([-EPIPE, 10, [SIGPIPE]]);
  });

  test('PI-10: a blocked write of twice the capacity returns one capacity when the reader closes, with SIGPIPE; the next write EPIPE', () => {
    expect(simulate(function* (k) {
      const log: number[] = [];
      handle(k, SIGPIPE, log);
      const [r, w] = yield* pipe(k);
      thread(k, 'closer', function* () {
        yield* msleep(k, 10);
        yield* close(k, r);
      });
      return [yield* write(k, w, 131072), log.length, yield* write(k, w, 1), log.length];
    })).toEqual([65536, 1, -EPIPE, 2]);
  });

  test('PI-11: a blocked read completes although its descriptor is closed meanwhile: the open file lives on', () => {
    expect(simulate(function* (k) {
      const [r, w] = yield* pipe(k);
      let got: unknown;
      thread(k, 'reader', function* () {
        got = yield* read(k, r, 99);
      });
      yield* msleep(k, 10);
      yield* close(k, r);
      const n = yield* write(k, w, 'data');
      yield* msleep(k, 1);
      return [n, got];
    })).toEqual([4, 'data']);
  });

  test('PI-16: four capacities in writes of 1024 arrive in reads of 1024', () => {
    expect(simulate(function* (k) {
      const [r, w] = yield* pipe(k);
      let reads = 0;
      thread(k, 'writer', function* () {
        for (let i = 0; i < 256; i++) yield* write(k, w, 1024);
        yield* close(k, w);
      });
      yield* msleep(k, 10);
      for (;;) {
        const n = yield* readn(k, r, 1024);
        if (n === 0) return reads;
        if (n !== 1024) throw new Error(`a read of ${n}`);
        reads++;
      }
    })).toBe(256);
  });

  test('blocked readers are served first come, first served, and one write wakes one of them', () => {
    expect(simulate(function* (k) {
      const [r, w] = yield* pipe(k);
      const log: string[] = [];
      for (const name of ['a', 'b', 'c']) {
        thread(k, name, function* () {
          log.push(`${name}:${yield* read(k, r, 1)}`);
        });
      }
      yield* msleep(k, 1);
      yield* write(k, w, '1');
      yield* msleep(k, 1);
      log.push('-');
      yield* write(k, w, '23');
      yield* msleep(k, 1);
      return log;
    })).toEqual(['a:1', '-', 'b:2', 'c:3']);
  });

  test('a handled signal ends a blocked read with EINTR; with SA_RESTART the read goes on', () => {
    expect(simulate(function* (k) {
      const log: number[] = [];
      handle(k, SIGUSR1, log);
      const [r, w] = yield* pipe(k);
      later(k, 5, SIGUSR1, k.current);
      const first = yield* read(k, r, 9);
      handle(k, SIGUSR1, log, 0x10000000);
      later(k, 5, SIGUSR1, k.current);
      thread(k, 'writer', function* () {
        yield* msleep(k, 10);
        yield* write(k, w, 'x');
      });
      return [first, yield* read(k, r, 9), log.length, now(k)];
    })).toEqual([-EINTR, 'x', 2, 15]);
  });

  test('a blocked write that has put bytes in returns how many when a signal comes', () => {
    expect(simulate(function* (k) {
      const log: number[] = [];
      handle(k, SIGUSR1, log);
      const [, w] = yield* pipe(k);
      later(k, 5, SIGUSR1, k.current);
      return [yield* write(k, w, 100000), log];
    })).toEqual([65536, [SIGUSR1]]);
  });

  test('a pipe made larger lets a blocked writer go on', () => {
    expect(simulate(function* (k) {
      const [, w] = yield* pipe(k);
      yield* write(k, w, 65536);
      thread(k, 'resizer', function* () {
        yield* msleep(k, 7);
        yield* sys(k, 'fcntl', w, F_SETPIPE_SZ, 131072);
      });
      return [yield* write(k, w, 'x'), now(k)];
    })).toEqual([1, 7]);
  });
});
