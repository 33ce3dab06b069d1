/** Making an epoll, and what its descriptor can do as a file. Facts F1 to F5 and the busy-poll parameters. */

import { mem, simulate, sys } from '../kit.js';
import { put_user_u32, type user_memory } from '../../src/kernel/uaccess.js';
import { holds, now, wait } from './fixture.js';

test('F1: epoll_create only wants a positive size, and its descriptor is read-write and stays open across execve', () => {
  holds(`
    epoll_create 0 -> EINVAL
    epoll_create -1 -> EINVAL
    e = epoll_create 1
    fcntl e GETFL -> 2
    fcntl e GETFD -> 0
    big = epoll_create 2147483647
    f = epoll_create1 CLOEXEC
    fcntl f GETFL -> 2
    fcntl f GETFD -> 1
  `);
});

test('F2: epoll_create1 refuses every flag but EPOLL_CLOEXEC, and looks at flags before it looks for a free descriptor', () => {
  holds(`
    epoll_create1 NONBLOCK -> EINVAL
    epoll_create1 1 -> EINVAL
    epoll_create1 8 -> EINVAL
    a = eventfd2
    rlimit 4
    epoll_create1 NONBLOCK -> EINVAL
    epoll_create1 1 -> EINVAL
    epoll_create1 0 -> EMFILE
    close a
    e = epoll_create1 0 -> 3
  `);
});

// Mapping it (ENODEV) is left out: the model has no mmap().
test('F3: an epoll descriptor can neither be read nor written, knows no foreign ioctl, and seeking does nothing', () => {
  holds(`
    e = epoll_create1
    read e 8 -> EINVAL
    write e 8 -> EINVAL
    lseek e 0 0 -> 0
    lseek e 5 0 -> 0
    ioctl e 0x1234 -> EINVAL
    ioctl e FIONREAD -> EINVAL
  `);
});

test('F4: epoll_wait ignores O_NONBLOCK of the epoll descriptor', () => {
  simulate(function* (k) {
    const e = yield* sys(k, 'epoll_create1', 0);
    expect(yield* sys(k, 'fcntl', e, 4, 0o4000)).toBe(0);
    expect(yield* sys(k, 'fcntl', e, 3, 0)).toBe(0o4002);
    const start = now(k);
    expect(yield* wait(k, e, 8, 50)).toEqual([]);
    expect(now(k) - start).toBe(50);
  });
});

test('F5 F117: the busy-poll parameters start as zero, are checked, and change nothing that epoll reports', () => {
  holds(`
    e = epoll_create1
    getparams e -> 0 0 0 0
    setparams e 0 0 0 1 -> EINVAL
    setparams e 2147483648 0 0 0 -> EINVAL
    setparams e 0 0 2 0 -> EINVAL
    ioctl_null e EPIOCGPARAMS -> EFAULT
    ioctl_null e EPIOCSPARAMS -> EFAULT
    getparams e -> 0 0 0 0
    setparams e 50 8 1 0
    a = eventfd2 1
    ctl e ADD a IN
    wait e -> a:IN
  `);
});

/** A set of parameters with only the budget not zero. */
function budget(n: number): user_memory {
  const params = mem(8);
  put_user_u32(params, 4, n);
  return params;
}

test('F5 BP-3: a busy-poll budget above 64 needs a privilege', () => {
  simulate(function* (k) {
    const e = yield* sys(k, 'epoll_create1', 0);
    expect(yield* sys(k, 'ioctl', e, 0x40088a01, budget(65535))).toBe(0);
    k.current.capable = false;
    expect(yield* sys(k, 'ioctl', e, 0x40088a01, budget(65))).toBe(-1);
    expect(yield* sys(k, 'ioctl', e, 0x40088a01, budget(64))).toBe(0);
  });
});

test('BP-1: a socket knows no busy-poll ioctls', () => {
  holds(`
    a, b = socketpair STREAM
    getparams a -> ENOTTY
    setparams a 0 0 0 0 -> ENOTTY
  `);
});

test('BP-2: getting the parameters of a fresh epoll fills the structure with zeroes, or fails for a bad pointer', () => {
  holds(`
    e = epoll_create1
    getparams e -> 0 0 0 0
    ioctl_null e EPIOCGPARAMS -> EFAULT
  `);
});

test('BP-3: impossible parameters are refused one by one', () => {
  holds(`
    e = epoll_create1
    setparams e 0 0 0 255 -> EINVAL
    setparams e 4294967295 0 0 0 -> EINVAL
    setparams e 0 0 2 0 -> EINVAL
    ioctl_null e EPIOCSPARAMS -> EFAULT
    setparams e 2147483647 0 0 0 -> 0
  `);
});

test('BP-4: parameters that were set are given back', () => {
  holds(`
    e = epoll_create1
    setparams e 25 16 1 0
    getparams e -> 25 16 1 0
  `);
});

test('BP-5: an unknown number of the same family is no ioctl of epoll', () => {
  holds(`
    e = epoll_create1
    ioctl e 0x40088aff -> EINVAL
    ioctl e 0x8a03 -> EINVAL
  `);
});
