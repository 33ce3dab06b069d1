/**
 * Calls that make pipes, counters and timers: pipe, eventfd, timerfd. They are used with read, write and epoll as any
 * descriptor is. The convention of answers is at the head of callBase.ts.
 */

import { get_user_s64, put_user_s64, user_memory } from '../kernel/uaccess.js';
import { CLOCK_MONOTONIC } from '../kernel/uapi.js';
import type { Call, CallResult, FdPair } from './callBase.js';
import { FileCalls, word } from './fileCalls.js';
import { itimerspec, readTimespec, type Nanoseconds } from './layouts.js';

/** How long until a timer fires (0: it is not armed), and the interval after which it fires again (0: once). */
export interface TimerResult extends CallResult {
  readonly valueNs: Nanoseconds;
  readonly intervalNs: Nanoseconds;
}

/** The pair of descriptors that a call stored. */
export function pairOf(ret: number, memory: user_memory): FdPair {
  return ret < 0 ? [ret, ret] : [word(memory, 0), word(memory, 4)];
}

function timerOf(ret: number, memory: user_memory): TimerResult {
  return { ret, intervalNs: readTimespec(memory, 0), valueNs: readTimespec(memory, 16) };
}

export class IpcCalls extends FileCalls {
  /** pipe(2). @returns [read end, write end], or twice -EMFILE */
  pipe(): Call<FdPair> {
    const memory = new user_memory(new Uint8Array(8));
    return this.askFor('pipe', [memory], (ret) => pairOf(ret, memory));
  }

  /** pipe2(2). @param flags O_NONBLOCK, O_CLOEXEC, O_DIRECT @returns [read end, write end], or twice -errno */
  pipe2(flags: number): Call<FdPair> {
    const memory = new user_memory(new Uint8Array(8));
    return this.askFor('pipe2', [memory, flags], (ret) => pairOf(ret, memory));
  }

  /** eventfd(2). @param initval first value of the counter @param flags EFD_NONBLOCK, EFD_SEMAPHORE, EFD_CLOEXEC @returns the descriptor, -EINVAL, -EMFILE */
  eventfd(initval: number, flags = 0): Call {
    return this.ask('eventfd2', initval, flags);
  }

  /** eventfd_read(3): read(2) of the counter. @returns `ret`: 8 or -errno; `value`: what was read */
  eventfdRead(fd: number): Call<CallResult & { readonly value: number }> {
    const memory = new user_memory(new Uint8Array(8));
    return this.askFor('read', [fd, memory, 8], (ret) => ({ ret, value: get_user_s64(memory, 0)! }));
  }

  /** eventfd_write(3): adds to the counter. @returns 8, -EAGAIN, -EINVAL */
  eventfdWrite(fd: number, value: number): Call {
    const memory = new user_memory(new Uint8Array(8));
    put_user_s64(memory, 0, value);
    return this.ask('write', fd, memory, 8);
  }

  /** timerfd_create(2). @param clock CLOCK_MONOTONIC ... @param flags TFD_NONBLOCK, TFD_CLOEXEC @returns the descriptor, or -errno */
  timerfd_create(clock: number = CLOCK_MONOTONIC, flags = 0): Call {
    return this.ask('timerfd_create', clock, flags);
  }

  /**
   * timerfd_settime(2).
   * @param valueNs nanoseconds until it fires, or the instant with TFD_TIMER_ABSTIME; 0 stops it
   * @param intervalNs nanoseconds after which it fires again; 0: once
   * @param flags TFD_TIMER_ABSTIME, TFD_TIMER_CANCEL_ON_SET
   * @returns `ret`: 0 or -errno; the times: what was set before
   */
  timerfd_settime(fd: number, valueNs: Nanoseconds, intervalNs: Nanoseconds = 0, flags = 0): Call<TimerResult> {
    const old = new user_memory(new Uint8Array(32));
    return this.askFor('timerfd_settime', [fd, flags, itimerspec(valueNs, intervalNs), old], (ret) => timerOf(ret, old));
  }

  /** timerfd_gettime(2). @returns `ret`: 0 or -errno; `valueNs`: what is left */
  timerfd_gettime(fd: number): Call<TimerResult> {
    const now = new user_memory(new Uint8Array(32));
    return this.askFor('timerfd_gettime', [fd, now], (ret) => timerOf(ret, now));
  }

  /** read(2) of a timerfd. @returns `ret`: 8 or -errno; `ticks`: how often it fired since the last read */
  timerfdRead(fd: number): Call<CallResult & { readonly ticks: number }> {
    const memory = new user_memory(new Uint8Array(8));
    return this.askFor('read', [fd, memory, 8], (ret) => ({ ret, ticks: get_user_s64(memory, 0)! }));
  }
}
