/**
 * Random scripts: a few epolls and files of each kind, then calls on them in any order. Every line is legal, few
 * succeed by chance alone, so the masks and descriptors are drawn from small sets in which they meet again.
 */

import * as fc from 'fast-check';

/** What a random script begins with. */
const SETUP = [
  'e0 = epoll_create1', 'e1 = epoll_create1', 'e2 = epoll_create1',
  'a = eventfd2', 'b = eventfd2 1 NONBLOCK|SEMAPHORE', 'r, w = pipe2', 's, t = socketpair STREAM|NONBLOCK',
  'x = dup a', 'y = dup r', 'z = dup e1',
];

const epolls = ['e0', 'e1', 'e2'];
const files = ['a', 'b', 'r', 'w', 's', 't', 'x', 'y'];
const any = [...files, ...epolls, 'z'];

const bit = fc.constantFrom('IN', 'OUT', 'RDHUP', 'RDNORM', 'WRNORM', 'PRI', 'HUP', 'ERR');
const trigger = fc.constantFrom('', '', '', '|ET', '|ET', '|ONESHOT', '|ET|ONESHOT', '|EXCLUSIVE', '|EXCLUSIVE|ET');
const mask = fc.tuple(fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('IN', 'IN|OUT', 'OUT', 'IN|RDHUP') },
  { weight: 1, arbitrary: fc.array(bit, { minLength: 1, maxLength: 3 }).map((bits) => bits.join('|')) },
  { weight: 1, arbitrary: fc.constant('0') },
), trigger).map(([bits, how]) => bits + how);

const epollOf = fc.constantFrom(...epolls, 'z');
const size = fc.constantFrom(1, 1, 5, 4096, 5000, 65536, 70000);
const data = fc.constantFrom('', '', '', ' as p', ' as q');

/** One call; each kind as often as it is worth. */
const line: fc.Arbitrary<string> = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(epollOf, fc.constantFrom(...files), mask, data).map(([e, f, m, d]) => `ctl ${e} ADD ${f} ${m}${d}`) },
  { weight: 3, arbitrary: fc.tuple(epollOf, fc.constantFrom(...epolls, 'z'), mask, data).map(([e, f, m, d]) => `ctl ${e} ADD ${f} ${m}${d}`) },
  { weight: 4, arbitrary: fc.tuple(epollOf, fc.constantFrom(...any), mask, data).map(([e, f, m, d]) => `ctl ${e} MOD ${f} ${m}${d}`) },
  { weight: 2, arbitrary: fc.tuple(epollOf, fc.constantFrom(...any)).map(([e, f]) => `ctl ${e} DEL ${f}`) },
  { weight: 10, arbitrary: fc.tuple(epollOf, fc.constantFrom(1, 1, 2, 3, 8)).map(([e, max]) => `wait ${e} ${max}`) },
  { weight: 1, arbitrary: fc.tuple(epollOf, fc.constantFrom('nowhere', '4', '12', '20', '24')).map(([e, where]) => `wait ${e} 8 0 ${where}`) },
  { weight: 5, arbitrary: fc.tuple(fc.constantFrom('a', 'b', 'x'), fc.constantFrom('0', '1', '1', '3', '18446744073709551614', '18446744073709551615')).map(([f, n]) => `add ${f} ${n}`) },
  { weight: 4, arbitrary: fc.constantFrom('a', 'b', 'x').map((f) => `take ${f}`) },
  { weight: 5, arbitrary: fc.tuple(fc.constantFrom('w', 'w', 's', 't'), size).map(([f, n]) => `write ${f} ${n}`) },
  { weight: 5, arbitrary: fc.tuple(fc.constantFrom('r', 'y', 's', 't'), size).map(([f, n]) => `read ${f} ${n}`) },
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom(...any), mask).map(([f, m]) => `poll ${f} ${m.replace(/\|(ET|ONESHOT|EXCLUSIVE)/g, '')}`) },
  { weight: 1, arbitrary: fc.constantFrom(...any).map((f) => `close ${f}`) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('x', 'y', 'z'), fc.constantFrom(...any)).map(([to, from]) => `${to} = dup ${from}`) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...any), fc.constantFrom('x', 'y', 'a', 'e2')).map(([from, to]) => `dup2 ${from} ${to}`) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('s', 't'), fc.constantFrom('SHUT_RD', 'SHUT_WR', 'SHUT_RDWR')).map(([f, how]) => `shutdown ${f} ${how}`) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('r', 'w'), fc.constantFrom('4096', '65536', '131072')).map(([f, n]) => `fcntl ${f} SETPIPE_SZ ${n}`) },
  { weight: 1, arbitrary: epollOf.map((e) => `fdinfo ${e}`) },
);

/** A whole script; at its end every epoll is asked once more. */
export const randomScript = (): fc.Arbitrary<string> =>
  fc.array(line, { minLength: 5, maxLength: 60, size: 'max' }).map((lines) =>
    [...SETUP, ...lines, ...epolls.flatMap((e) => [`wait ${e}`, `fdinfo ${e}`])].join('\n'));
