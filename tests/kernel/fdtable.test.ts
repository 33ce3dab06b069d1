/** Descriptors: close, dup, fcntl, ioctl, close_range, and files without poll method. */

import { EBADF, EEXIST, EINVAL, EISDIR, EMFILE, ENOENT, ENOSPC, ENOTDIR, ENOTTY } from '../../src/kernel/errno.js';
import { get_user_u32 } from '../../src/kernel/uaccess.js';
import {
  F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_GETFL, F_GETPIPE_SZ, F_SETFD, F_SETFL, FIOCLEX, FIONBIO, FIONCLEX, FIONREAD, O_APPEND, O_CLOEXEC, O_CREAT,
  O_DIRECT, O_DIRECTORY, O_NONBLOCK, O_PATH, O_RDWR, O_TRUNC, O_WRONLY,
} from '../../src/kernel/uapi.js';
import { printCall } from '../../src/syscalls/print.js';
import { syscall_by_name } from '../../src/syscalls/table.js';
import { mem, simulate, sys } from '../kit.js';
import { close, eventfd, msleep, path, pipe, pollfds, read, readn, thread, write } from './calls.js';

test('the lowest free number is taken, and a table that is full says EMFILE', () => {
  expect(simulate(function* (k) {
    const seen = [yield* eventfd(k), yield* eventfd(k), yield* eventfd(k)];
    yield* close(k, 1);
    seen.push(yield* sys(k, 'dup', 2));
    k.current.signal.rlim_nofile.cur = 3;
    return [...seen, yield* eventfd(k), yield* sys(k, 'dup', 0), yield* sys(k, 'dup', 77)];
  })).toEqual([0, 1, 2, 1, -EMFILE, -EMFILE, -EBADF]);
});

test('dup2 and dup3: the same number twice is fine or EINVAL; a number beyond the limit is EBADF; what was there is closed', () => {
  expect(simulate(function* (k) {
    const fd = yield* eventfd(k);
    const [r, w] = yield* pipe(k);
    return [
      yield* sys(k, 'dup2', fd, fd), yield* sys(k, 'dup2', 99, 99), yield* sys(k, 'dup3', fd, fd, 0), yield* sys(k, 'dup3', fd, 31, 5),
      yield* sys(k, 'dup2', fd, 5000000), yield* sys(k, 'dup2', 99, 5), yield* sys(k, 'dup2', fd, -1),
      yield* sys(k, 'dup3', fd, w, O_CLOEXEC), yield* sys(k, 'fcntl', w, F_GETFD, 0), yield* sys(k, 'fcntl', fd, F_GETFD, 0), yield* readn(k, r, 1),
    ];
  })).toEqual([0, -EBADF, -EINVAL, -EINVAL, -EBADF, -EBADF, -EBADF, 2, 1, 0, 0]);
});

test('F_DUPFD takes the lowest number from its argument on, within the limit', () => {
  expect(simulate(function* (k) {
    const fd = yield* eventfd(k);
    return [yield* sys(k, 'fcntl', fd, F_DUPFD, 10), yield* sys(k, 'fcntl', fd, F_DUPFD_CLOEXEC, 10), yield* sys(k, 'fcntl', 11, F_GETFD, 0),
      yield* sys(k, 'fcntl', fd, F_DUPFD, 5000000), yield* sys(k, 'fcntl', fd, F_DUPFD, -1), yield* sys(k, 'fcntl', fd, F_DUPFD, 0)];
  })).toEqual([10, 11, 1, -EINVAL, -EINVAL, 1]);
});

test('FD_CLOEXEC belongs to the number, O_NONBLOCK to the open file', () => {
  expect(simulate(function* (k) {
    const fd = yield* eventfd(k, 0, 0);
    const dup = yield* sys(k, 'dup', fd);
    yield* sys(k, 'fcntl', fd, F_SETFD, 1);
    yield* sys(k, 'fcntl', fd, F_SETFL, O_NONBLOCK);
    const seen = [yield* sys(k, 'fcntl', dup, F_GETFD, 0), yield* sys(k, 'fcntl', fd, F_GETFD, 0), yield* sys(k, 'fcntl', dup, F_GETFL, 0)];
    yield* sys(k, 'ioctl', dup, FIONBIO, mem(4));
    yield* sys(k, 'ioctl', fd, FIONCLEX, 0);
    yield* sys(k, 'ioctl', dup, FIOCLEX, 0);
    return [...seen, yield* sys(k, 'fcntl', fd, F_GETFL, 0), yield* sys(k, 'fcntl', fd, F_GETFD, 0), yield* sys(k, 'fcntl', dup, F_GETFD, 0)];
  })).toEqual([0, 1, O_RDWR | O_NONBLOCK, O_RDWR, 0, 1]);
});

test('F_SETFL changes only flags that can change; O_DIRECT is for pipes; an unknown command is EINVAL', () => {
  expect(simulate(function* (k) {
    const [, w] = yield* pipe(k);
    const fd = yield* eventfd(k, 0, 0);
    yield* sys(k, 'fcntl', w, F_SETFL, O_DIRECT | O_CREAT | O_RDWR | O_APPEND);
    return [yield* sys(k, 'fcntl', w, F_GETFL, 0), yield* sys(k, 'fcntl', fd, F_SETFL, O_DIRECT), yield* sys(k, 'fcntl', fd, 77, 0),
      yield* sys(k, 'fcntl', fd, F_GETPIPE_SZ, 0), yield* sys(k, 'fcntl', 99, F_GETFD, 0)];
  })).toEqual([O_WRONLY | O_DIRECT | O_APPEND, -EINVAL, -EINVAL, -EBADF, -EBADF]);
});

test('an O_PATH descriptor stands for a name only: it can be duplicated and closed, not read, polled or asked', () => {
  expect(simulate(function* (k) {
    const fd = yield* sys(k, 'open', path('/tmp'), O_PATH, 0);
    return [yield* readn(k, fd, 1), yield* sys(k, 'ioctl', fd, FIONREAD, mem(4)), yield* sys(k, 'fcntl', fd, F_SETFL, 0), yield* sys(k, 'fcntl', fd, F_GETFL, 0),
      yield* sys(k, 'dup', fd), yield* close(k, fd)];
  })).toEqual([-EBADF, -EBADF, -EBADF, O_PATH, 1, 0]);
});

test('close_range closes or marks a range, and can give the caller a table of its own first', () => {
  expect(simulate(function* (k) {
    for (let i = 0; i < 6; i++) yield* eventfd(k);
    yield* sys(k, 'close_range', 4, -1, 4);
    const seen: unknown[] = [yield* sys(k, 'fcntl', 3, F_GETFD, 0), yield* sys(k, 'fcntl', 5, F_GETFD, 0)];
    let other: number[] = [];
    const shared = k.current.files;
    thread(k, 'alone', function* () {
      yield* sys(k, 'close_range', 2, 3, 2);
      other = k.current.files.open();
      seen.push(k.current.files === shared);
    });
    yield* msleep(k, 1);
    seen.push(other, shared.open());
    seen.push(yield* sys(k, 'close_range', 1, 3, 0), shared.open(), yield* sys(k, 'close_range', 5, 3, 0), yield* sys(k, 'close_range', 0, 1, 1));
    return seen;
  })).toEqual([0, 1, false, [0, 1, 4, 5], [0, 1, 2, 3, 4, 5], 0, [0, 4, 5], -EINVAL, -EINVAL]);
});

describe('files with content', () => {
  test('reads and writes move the position; pread and pwrite have their own; a write at the end grows the file', () => {
    expect(simulate(function* (k) {
      const fd = yield* sys(k, 'open', path('/tmp/f'), O_CREAT | O_RDWR, 0o600);
      yield* write(k, fd, 'hello world');
      const seen: unknown[] = [yield* sys(k, 'lseek', fd, 6, 0), yield* read(k, fd, 99), yield* read(k, fd, 99), yield* sys(k, 'lseek', fd, -5, 2), yield* sys(k, 'lseek', fd, -99, 1)];
      const buf = mem(3);
      seen.push(yield* sys(k, 'pread64', fd, buf, 3, 1), String.fromCharCode(...buf.bytes), yield* sys(k, 'lseek', fd, 0, 1));
      yield* sys(k, 'pwrite64', fd, mem('J'), 1, 0);
      const n = mem(4);
      yield* sys(k, 'lseek', fd, 0, 0);
      yield* sys(k, 'ioctl', fd, FIONREAD, n);
      seen.push(get_user_u32(n, 0), yield* read(k, fd, 99), yield* sys(k, 'pread64', fd, buf, 3, -1));
      const app = yield* sys(k, 'open', path('/tmp/f'), O_WRONLY | O_APPEND, 0);
      yield* write(k, app, '!');
      return [...seen, yield* read(k, fd, 9), yield* readn(k, app, 1), yield* sys(k, 'fcntl', app, F_GETFL, 0)];
    })).toEqual([6, 'world', '', 6, -EINVAL, 3, 'ell', 6, 11, 'Jello world', -EINVAL, '!', -EBADF, 0o102001]);
  });

  test('what can be wrong with an open', () => {
    expect(simulate(function* (k) {
      const open = (name: string, how: number) => sys(k, 'openat', -100, path(name), how, 0o600);
      yield* open('/tmp/f', O_CREAT | O_RDWR);
      return [yield* open('/tmp/nope', 0), yield* open('/nodir/f', O_CREAT), yield* open('/tmp/f/x', O_CREAT), yield* open('/tmp/f', O_CREAT | 0o200),
        yield* open('/tmp', O_RDWR), yield* open('/tmp/f', O_DIRECTORY), yield* open('', 0), yield* readn(k, yield* open('/tmp', O_DIRECTORY), 1)];
    })).toEqual([-ENOENT, -ENOENT, -ENOTDIR, -EEXIST, -EISDIR, -ENOTDIR, -ENOENT, -EISDIR]);
  });

  test('O_TRUNC empties a file; one that is unlinked lives on while it is open', () => {
    expect(simulate(function* (k) {
      const fd = yield* sys(k, 'open', path('/tmp/f'), O_CREAT | O_RDWR, 0o600);
      yield* write(k, fd, 'abc');
      yield* sys(k, 'open', path('/tmp/f'), O_RDWR | O_TRUNC, 0);
      yield* sys(k, 'lseek', fd, 0, 0);
      const empty = yield* read(k, fd, 9);
      return [empty, yield* sys(k, 'unlink', path('/tmp/f')), yield* sys(k, 'open', path('/tmp/f'), 0, 0), yield* write(k, fd, 'x')];
    })).toEqual(['', 0, -ENOENT, 1]);
  });

  test('devices and memory files', () => {
    expect(simulate(function* (k) {
      const nul = yield* sys(k, 'open', path('/dev/null'), O_RDWR, 0);
      const zero = yield* sys(k, 'open', path('/dev/zero'), O_RDWR, 0);
      const full = yield* sys(k, 'open', path('/dev/full'), O_RDWR, 0);
      const memory = yield* sys(k, 'memfd_create', path('m'), 1);
      yield* write(k, memory, 'kept');
      yield* sys(k, 'lseek', memory, 0, 0);
      return [yield* readn(k, nul, 9), yield* write(k, nul, 'abc'), yield* read(k, zero, 2), yield* write(k, zero, 'abc'), yield* write(k, full, 'x'),
        yield* read(k, memory, 9), yield* sys(k, 'fcntl', memory, F_GETFD, 0), yield* sys(k, 'lseek', nul, 9, 0), yield* sys(k, 'ioctl', nul, FIONREAD, mem(4)),
        yield* sys(k, 'memfd_create', path('m'), 0x100)];
    })).toEqual([0, 3, '\0\0', 3, -ENOSPC, 'kept', 1, 0, -ENOTTY, -EINVAL]);
  });
});

test('calls print as strace prints them', () => {
  simulate(function* (k) {
    const line = function* (name: string, ...args: Parameters<typeof sys>[2][]) {
      const ret = yield* sys(k, name, ...args);
      return printCall({ row: syscall_by_name.get(name)!, args, ret }).replace(/ {2,}/g, ' ');
    };
    expect([
      yield* line('pipe2', mem(8), O_CLOEXEC), yield* line('write', 1, mem('ab\n'), 3), yield* line('read', 0, mem(9), 9), yield* line('fcntl', 0, F_GETFL, 0),
      yield* line('fcntl', 0, F_SETFL, O_NONBLOCK), yield* line('read', 0, mem(9), 9), yield* line('poll', pollfds([0, 1], [1, 4]), 2, 100),
      yield* line('poll', pollfds([0, 1]), 1, 0), yield* line('eventfd2', 2, O_NONBLOCK), yield* line('openat', -100, path('/tmp/x'), O_CREAT | O_WRONLY, 0o644),
      yield* line('select', 2, mem([1, 0, 0, 0, 0, 0, 0, 0]), mem([2, 0, 0, 0, 0, 0, 0, 0]), null, null),
    ]).toEqual([
      'pipe2([0, 1], O_CLOEXEC) = 0', 'write(1, "ab\\n", 3) = 3', 'read(0, "ab\\n", 9) = 3', 'fcntl(0, F_GETFL, 0) = 0 (flags O_RDONLY)',
      'fcntl(0, F_SETFL, O_RDONLY|O_NONBLOCK) = 0', 'read(0, 0x7ffc0000, 9) = -1 EAGAIN (Resource temporarily unavailable)',
      'poll([{fd=0, events=POLLIN}, {fd=1, events=POLLOUT}], 2, 100) = 1 ([{fd=1, revents=POLLOUT}])', 'poll([{fd=0, events=POLLIN}], 1, 0) = 0 (Timeout)',
      'eventfd2(2, EFD_NONBLOCK) = 2', 'openat(AT_FDCWD, "/tmp/x", O_WRONLY|O_CREAT, 0644) = 3',
      'select(2, [], [1], NULL, NULL) = 1 (out [1])',
    ]);
  });
});
