/** The arguments of epoll_pwait and epoll_pwait2, in the order in which the kernel looks at them. Facts F22 and F23. */

import { EBADF, EFAULT, EINVAL } from '../../src/kernel/errno.js';
import { bad_pointer, put_user_s64, type user_memory } from '../../src/kernel/uaccess.js';
import { mem, simulate, sys } from '../kit.js';
import { epoll } from './fixture.js';

function timespec(seconds: number, nanoseconds: number): user_memory {
  const memory = mem(16);
  put_user_s64(memory, 0, seconds);
  put_user_s64(memory, 8, nanoseconds);
  return memory;
}

test('F22: epoll_pwait looks at the mask before the descriptor, and at its size only if there is a mask', () => {
  const answers = simulate(function* (k) {
    const e = yield* epoll(k);
    return [
      yield* sys(k, 'epoll_pwait', -1, mem(96), 8, 0, mem(8), 7),
      yield* sys(k, 'epoll_pwait', e, mem(96), 8, 0, null, 7),
      yield* sys(k, 'epoll_pwait', -1, mem(96), 8, 0, null, 7),
      yield* sys(k, 'epoll_pwait', -1, mem(96), 8, 0, bad_pointer(), 8),
      yield* sys(k, 'epoll_pwait', -1, mem(96), 8, 0, mem(8), 8),
    ];
  });
  expect(answers).toEqual([-EINVAL, 0, -EBADF, -EFAULT, -EBADF]);
});

test('F23: epoll_pwait2 looks at the timeout before the mask and the descriptor, and never writes to it', () => {
  const { answers, sleptUs, kept } = simulate(function* (k) {
    const e = yield* epoll(k);
    const wait = (timeout: user_memory, size = 8) => sys(k, 'epoll_pwait2', -1, mem(96), 8, timeout, mem(8), size);
    const refused = [
      yield* wait(timespec(0, 1e9), 7),
      yield* wait(timespec(0, -1), 7),
      yield* wait(timespec(-1, 0), 7),
      yield* wait(bad_pointer(), 7),
      yield* wait(timespec(0, 0), 7),
      yield* wait(timespec(0, 0)),
    ];
    const timeout = timespec(0, 300_000);
    const before = [...timeout.bytes];
    const begin = k.clock.nowNs;
    refused.push(yield* sys(k, 'epoll_pwait2', e, mem(96), 8, timeout, null, 0));
    return { answers: refused, sleptUs: (k.clock.nowNs - begin) / 1000, kept: before.join() === [...timeout.bytes].join() };
  });
  expect(answers).toEqual([-EINVAL, -EINVAL, -EINVAL, -EFAULT, -EINVAL, -EBADF, 0]);
  expect(sleptUs).toBe(300);
  expect(kept).toBe(true);
});
