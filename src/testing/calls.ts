/**
 * Whole random programs of system calls, valid and invalid: each call names descriptors by what they were got from, or numbers that lead
 * nowhere. The programs are lists of data; they shrink to fewer calls. They are for tests of the simulator, and of tools on it.
 */

import * as fc from 'fast-check';
import { lists } from './list.js';
import {
  AF_INET, AF_UNIX, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLLET, EPOLLEXCLUSIVE, EPOLLIN, EPOLLONESHOT, EPOLLOUT, EPOLLRDHUP, F_SETFL,
  O_NONBLOCK, SHUT_RD, SHUT_RDWR, SHUT_WR, SIG_IGN, SIGPIPE, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_STREAM, type Program, type Sleeps, type Sys,
} from '../scenario/index.js';

/**
 * One call of a random program. `fd` counts the descriptors got so far; one that is not there is 99. `epfd` counts the epolls among them, and from 10
 * on all descriptors.
 */
export type RandomCall =
  | { readonly call: 'pipe' | 'eventfd' | 'epoll_create1' }
  | { readonly call: 'socketpair'; readonly type: number }
  | { readonly call: 'tcpPair' }
  | { readonly call: 'epoll_ctl'; readonly epfd: number; readonly op: number; readonly fd: number; readonly events: number }
  | { readonly call: 'epoll_wait'; readonly epfd: number; readonly maxevents: number; readonly timeoutMs: number }
  | { readonly call: 'read' | 'write'; readonly fd: number; readonly bytes: number }
  | { readonly call: 'close' | 'dup'; readonly fd: number }
  | { readonly call: 'shutdown'; readonly fd: number; readonly how: number }
  | { readonly call: 'poll'; readonly fds: readonly number[]; readonly timeoutMs: number }
  | { readonly call: 'msleep'; readonly ms: number };

/** Which of the descriptors got so far; some do not exist. */
const which = fc.oneof({ weight: 9, arbitrary: fc.nat({ max: 5 }) }, { weight: 1, arbitrary: fc.nat({ max: 30 }) });

/** Which of the epolls; now and then something else. */
const whichEpoll = fc.oneof({ weight: 9, arbitrary: fc.nat({ max: 1 }) }, { weight: 1, arbitrary: fc.integer({ min: 10, max: 20 }) });

const masks = fc.tuple(fc.subarray([EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLET, EPOLLONESHOT]), fc.nat({ max: 9 }))
  .map(([bits, rare]) => bits.reduce((mask, bit) => mask | bit, rare === 9 ? EPOLLEXCLUSIVE : 0));

const timeouts = fc.constantFrom(0, 0, 1, 5);

const makers: fc.Arbitrary<RandomCall> = fc.record({ call: fc.constantFrom('epoll_create1' as const, 'pipe' as const, 'eventfd' as const, 'tcpPair' as const) });

const calls: fc.Arbitrary<RandomCall> = fc.oneof(
  makers,
  fc.record({ call: fc.constant('socketpair' as const), type: fc.constantFrom(SOCK_STREAM, SOCK_DGRAM, 77) }),
  { weight: 4, arbitrary: fc.record({ call: fc.constant('epoll_ctl' as const), epfd: whichEpoll, op: fc.constantFrom(EPOLL_CTL_ADD, EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL, 9), fd: which, events: masks }) },
  { weight: 3, arbitrary: fc.record({ call: fc.constant('epoll_wait' as const), epfd: whichEpoll, maxevents: fc.constantFrom(1, 4, 0, -1), timeoutMs: timeouts }) },
  { weight: 4, arbitrary: fc.record({ call: fc.constantFrom('read' as const, 'write' as const), fd: which, bytes: fc.integer({ min: 0, max: 9 }) }) },
  { weight: 2, arbitrary: fc.record({ call: fc.constantFrom('close' as const, 'dup' as const), fd: which }) },
  fc.record({ call: fc.constant('shutdown' as const), fd: which, how: fc.constantFrom(SHUT_RD, SHUT_WR, SHUT_RDWR, 5) }),
  fc.record({ call: fc.constant('poll' as const), fds: fc.array(which, { maxLength: 3 }), timeoutMs: timeouts }),
  fc.record({ call: fc.constant('msleep' as const), ms: fc.integer({ min: 1, max: 3 }) }),
);

/** A program of random calls: a few that make descriptors, then any. @param length most calls; default 30 */
export function systemCalls({ length = 30 }: { readonly length?: number } = {}): fc.Arbitrary<RandomCall[]> {
  return fc.tuple(lists(makers, { most: 4 }), lists(calls, { most: length })).map(([first, then]) => [...first, ...then]);
}

/** Both ends of a TCP connection, non-blocking. Sleeps until it stands. */
function* tcpPair(sys: Sys): Sleeps<readonly number[]> {
  const listener = yield* sys.socket(AF_INET, SOCK_STREAM);
  yield* sys.listen(listener, 1);
  const { address } = yield* sys.getsockname(listener);
  const client = yield* sys.socket(AF_INET, SOCK_STREAM);
  const port = address !== null && 'port' in address ? address.port : 1;
  if ((yield* sys.connect(client, { port })) < 0) return [listener, client];
  yield* sys.fcntl(client, F_SETFL, O_NONBLOCK);
  const server = yield* sys.accept4(listener, SOCK_NONBLOCK);
  yield* sys.close(listener);
  return [client, server];
}

/** Makes one call. Sleeps as it does. @returns descriptors that it gave */
function* make(sys: Sys, call: RandomCall, fdAt: (which: number) => number, epollAt: (which: number) => number): Sleeps<readonly number[]> {
  switch (call.call) {
    case 'pipe': return yield* sys.pipe2(O_NONBLOCK);
    case 'eventfd': return [yield* sys.eventfd(0, O_NONBLOCK)];
    case 'epoll_create1': return [yield* sys.epoll_create1()];
    case 'socketpair': return yield* sys.socketpair(AF_UNIX, call.type | SOCK_NONBLOCK);
    case 'tcpPair': return yield* tcpPair(sys);
    case 'dup': return [yield* sys.dup(fdAt(call.fd))];
    case 'epoll_ctl': yield* sys.epoll_ctl(epollAt(call.epfd), call.op, fdAt(call.fd), { events: call.events }); break;
    case 'epoll_wait': yield* sys.epoll_wait(epollAt(call.epfd), call.maxevents, call.timeoutMs); break;
    case 'read': yield* sys.read(fdAt(call.fd), call.bytes); break;
    case 'write': yield* sys.write(fdAt(call.fd), new Uint8Array(call.bytes)); break;
    case 'close': yield* sys.close(fdAt(call.fd)); break;
    case 'shutdown': yield* sys.shutdown(fdAt(call.fd), call.how); break;
    case 'poll': yield* sys.poll(call.fds.map((fd) => ({ fd: fdAt(fd), events: EPOLLIN | EPOLLOUT })), call.timeoutMs); break;
    case 'msleep': yield* sys.msleep(call.ms); break;
  }
  return [];
}

/** The program of a list of calls: it makes them one after the other, whatever they answer, and ends. */
export function callProgram(list: readonly RandomCall[]): Program {
  return function* calls(sys) {
    yield* sys.sigaction(SIGPIPE, SIG_IGN);
    const got: number[] = [];
    const epolls: number[] = [];
    const fdAt = (which: number): number => got[which] ?? 99;
    const epollAt = (which: number): number => (which < 10 ? epolls[which] ?? 99 : fdAt(which - 10));
    for (const call of list) {
      const gave = (yield* make(sys, call, fdAt, epollAt)).filter((fd) => fd >= 0);
      got.push(...gave);
      if (call.call === 'epoll_create1') epolls.push(...gave);
    }
  };
}
