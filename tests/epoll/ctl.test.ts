/** The checks of epoll_ctl, in the order in which Linux makes them. Facts F6 to F16, F112 and F113. */

import { epoll_of } from '../../src/epoll/eventpoll.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import { machine, mem, run, simulate, sys, task } from '../kit.js';
import { runOnModel } from '../conformance/model.js';
import { ADD, DEL, ctl, efd, epoll, holds, IN, MOD } from './fixture.js';
import { EEXIST, EINVAL, ENOSPC, EPERM } from '../../src/kernel/errno.js';

test('F6: an event that cannot be read is EFAULT before anything else, and DEL reads none', () => {
  holds(`
    ctl_null -1 ADD -1 -> EFAULT
    ctl_null -1 MOD -1 -> EFAULT
    ctl_null -1 77 -1 -> EFAULT
    ctl_null -1 DEL -1 -> EBADF
    e = epoll_create1
    a = eventfd2
    ctl_null e ADD a -> EFAULT
    ctl e ADD a IN
    ctl_null e DEL a -> 0
  `);
});

test('F7: a file that cannot be polled is EPERM even if the first descriptor is no epoll at all', () => {
  holds(`
    x = eventfd2
    other = eventfd2
    f = open regular CREAT|RDWR
    ctl x ADD f IN -> EPERM
    ctl x ADD other IN -> EINVAL
    ctl x ADD 999 IN -> EBADF
  `);
});

test('F8: regular files, directories and /dev/null cannot be watched, and O_PATH descriptors count as closed', () => {
  holds(`
    e = epoll_create1
    f = open regular CREAT|RDWR
    d = open directory
    n = open null
    ctl e ADD f IN -> EPERM
    ctl e DEL f -> EPERM
    ctl e ADD d IN -> EPERM
    ctl e DEL d -> EPERM
    ctl e ADD n IN -> EPERM
    ctl e DEL n -> EPERM
    ctl e MOD n IN -> EPERM
    p = open directory PATH
    a = eventfd2
    ctl e ADD p IN -> EBADF
    ctl p ADD a IN -> EBADF
    ctl e DEL p -> EBADF
  `);
});

test('F9: an epoll cannot watch itself, nor can a duplicate of its descriptor', () => {
  holds(`
    e = epoll_create1
    d = dup e
    ctl e ADD e IN -> EINVAL
    ctl e MOD e IN -> EINVAL
    ctl e DEL e -> EINVAL
    ctl e ADD d IN -> EINVAL
    ctl d ADD e IN -> EINVAL
    ctl d DEL e -> EINVAL
  `);
});

test('F10: an unknown operation is EINVAL', () => {
  holds(`
    e = epoll_create1
    a = eventfd2
    ctl e 0 a IN -> EINVAL
    ctl e 4 a IN -> EINVAL
    ctl e -1 a IN -> EINVAL
    ctl e ADD a IN
    ctl e 0 a IN -> EINVAL
    ctl e 4 a IN -> EINVAL
  `);
});

test('F11: what is there cannot be added again, and what is not there cannot be changed or removed', () => {
  holds(`
    e = epoll_create1
    a = eventfd2
    ctl e MOD a IN -> ENOENT
    ctl e DEL a -> ENOENT
    ctl e ADD a IN
    ctl e ADD a IN -> EEXIST
    ctl e ADD a OUT|ET -> EEXIST
    ctl e ADD a 0 -> EEXIST
    ctl e DEL a
    ctl e DEL a -> ENOENT
    ctl e MOD a IN -> ENOENT
    ctl e ADD a IN
  `);
});

test('F12: EPOLLEXCLUSIVE is for ADD only, and stands beside few other bits', () => {
  holds(`
    e = epoll_create1
    a = eventfd2
    ctl e MOD a IN|EXCLUSIVE -> EINVAL
    ctl e ADD a IN|EXCLUSIVE|ONESHOT -> EINVAL
    ctl e ADD a IN|EXCLUSIVE|PRI -> EINVAL
    ctl e ADD a IN|EXCLUSIVE|RDHUP -> EINVAL
    ctl e ADD a IN|EXCLUSIVE|RDNORM -> EINVAL
    ctl e ADD a IN|EXCLUSIVE|WRNORM -> EINVAL
    ctl e ADD a IN|EXCLUSIVE|0x800 -> EINVAL
    ctl e ADD a IN
    ctl e ADD a IN|EXCLUSIVE|PRI -> EINVAL
    ctl e MOD a IN|EXCLUSIVE -> EINVAL
    ctl e ADD a IN|EXCLUSIVE -> EEXIST
    b = eventfd2
    ctl e ADD b EXCLUSIVE -> 0
    c = eventfd2
    ctl e ADD c IN|OUT|ERR|HUP|ET|EXCLUSIVE -> 0
    ctl e DEL a EXCLUSIVE -> 0
  `);
});

test('F13: an epoll cannot be watched exclusively, and an exclusive item cannot be changed, only removed', () => {
  holds(`
    e = epoll_create1
    inner = epoll_create1
    a = eventfd2
    ctl e ADD inner IN|EXCLUSIVE -> EINVAL
    ctl e ADD a IN|EXCLUSIVE
    ctl e MOD a IN -> EINVAL
    ctl e MOD a OUT|ET -> EINVAL
    ctl e MOD a IN|EXCLUSIVE -> EINVAL
    ctl e DEL a -> 0
    ctl e ADD a IN
    ctl e MOD a OUT -> 0
  `);
});

test('F14: EPOLLERR and EPOLLHUP are added to what was asked for', () => {
  holds(`
    e = epoll_create1
    a = eventfd2
    ctl e ADD a IN
    fdinfo e -> a/a:19
    ctl e MOD a OUT|ET
    fdinfo e -> a/a:8000001c
    ctl e MOD a ERR
    fdinfo e -> a/a:18
  `);
});

test('F14: EPOLLWAKEUP is dropped by a kernel without power management', () => {
  const shown = runOnModel(`
    e = epoll_create1
    a = eventfd2
    ctl e ADD a IN|WAKEUP
    fdinfo e
  `).at(-1)!.text;
  expect(shown).toBe('a/a:19');
});

test('F14: a kernel with power management keeps EPOLLWAKEUP for those who may block suspend', () => {
  for (const [capable, events] of [[true, '20000019'], [false, '      19']] as const) {
    simulate(function* (k) {
      epoll_of(k).pm_sleep = true;
      k.current.capable = capable;
      const e = yield* epoll(k);
      const a = yield* efd(k, 1);
      expect(yield* ctl(k, e, ADD, a, IN | (1 << 29))).toBe(0);
      const { f_op } = k.current.files.at(e)!;
      expect(f_op.show_fdinfo!(k, k.current.files.at(e)!)).toContain(`events: ${events} `);
      expect(yield* ctl(k, e, MOD, a, IN)).toBe(0);
      expect(f_op.show_fdinfo!(k, k.current.files.at(e)!)).toContain('events:       19 ');
    });
  }
});

test('F15: no bits and unknown bits are both accepted, and unknown ones are kept', () => {
  holds(`
    e = epoll_create1
    a = eventfd2
    b = eventfd2
    ctl e ADD a 0 -> 0
    ctl e ADD b 0x0ffff800 -> 0
    fdinfo e -> a/a:18 b/b:ffff818
  `);
});

/** A machine whose users may have `limit` watches. */
function limited(k: Kernel, limit: number): void {
  epoll_of(k).max_user_watches = limit;
}

test('F16: a user may have max_user_watches items and not one more, but other errors come first', () => {
  simulate(function* (k) {
    limited(k, 3);
    const e = yield* epoll(k);
    const other = yield* epoll(k);
    const fds = [yield* efd(k), yield* efd(k), yield* efd(k), yield* efd(k)] as const;
    expect(yield* ctl(k, e, ADD, fds[0], IN)).toBe(0);
    expect(yield* ctl(k, e, ADD, fds[1], IN)).toBe(0);
    expect(yield* ctl(k, other, ADD, fds[1], IN)).toBe(0);
    expect(yield* ctl(k, e, ADD, fds[2], IN)).toBe(-ENOSPC);
    expect(yield* ctl(k, e, ADD, fds[0], IN)).toBe(-EEXIST);
    expect(yield* ctl(k, e, ADD, 0, IN)).toBe(-EINVAL); // e itself
    expect(yield* ctl(k, e, DEL, fds[0], 0)).toBe(0);
    expect(yield* ctl(k, e, ADD, fds[2], IN)).toBe(0);
    expect(yield* ctl(k, e, ADD, fds[3], IN)).toBe(-ENOSPC);
    expect(yield* sys(k, 'close', other)).toBe(0); // gives its watch back
    expect(yield* ctl(k, e, ADD, fds[3], IN)).toBe(0);
  });
});

test('F16: a directory is EPERM even where the limit is reached', () => {
  simulate(function* (k) {
    limited(k, 0);
    const e = yield* epoll(k);
    const directory = yield* sys(k, 'open', mem('/tmp\0'), 0, 0);
    expect(yield* ctl(k, e, ADD, directory, IN)).toBe(-EPERM);
    expect(yield* ctl(k, e, ADD, yield* efd(k), IN)).toBe(-ENOSPC);
  });
});

test('F113: the watch is charged to the user who made the epoll, whoever adds to it', () => {
  const k = machine();
  limited(k, 2);
  const creator = k.user(1000);
  const seen: number[] = [];
  task(k, 'main', function* () {
    const self = k.current.user;
    k.current.user = creator; // as after setuid()
    const e = yield* epoll(k);
    k.current.user = self;
    for (let i = 0; i < 3; i++) seen.push(yield* ctl(k, e, ADD, yield* efd(k), IN));
    seen.push(creator.epoll_watches, self.epoll_watches);
  });
  run(k);
  expect(seen).toEqual([0, 0, -ENOSPC, 2, 0]);
});
