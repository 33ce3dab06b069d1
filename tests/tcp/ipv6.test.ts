/**
 * IPv6 as far as programs see it: dual-stack sockets, mapped addresses, names, and who is in whose way. Every
 * expectation was measured on Linux 6.18 with the same calls.
 */

import type { Kernel } from '../../src/kernel/kernel.js';
import type { Sleeps } from '../../src/kernel/point.js';
import { put_user_u32, type user_memory } from '../../src/kernel/uaccess.js';
import { sockaddrText } from '../../src/syscalls/print_net.js';
import { AF_INET as INET, AF_INET6 as INET6, machine, SOCK_STREAM } from '../../src/scenario/index.js';
import { mem, simulate, sys } from '../kit.js';
import { accept, AF_INET, AF_INET6, listen, named, NONBLOCK, recv, send, setopt, sin } from './net.js';

const V6ONLY = [41, 26, 1] as const;
const PORT = 8080;

/** The sixteen bytes of the addresses that the tests use. */
const SIX: Readonly<Record<string, readonly number[]>> = {
  '::': Array.from({ length: 16 }, () => 0),
  '::1': [...Array.from({ length: 15 }, () => 0), 1],
  '::ffff:0.0.0.0': [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0],
  '::ffff:127.0.0.1': [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, 1],
  '::ffff:127.0.0.2': [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, 2],
  'fd00::1': [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
  'fe80::1': [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
  'ff02::1': [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
};
const FOUR: Readonly<Record<string, number>> = { '0.0.0.0': 0, '127.0.0.1': 0x7f000001, '127.0.0.2': 0x7f000002, '10.0.0.9': 0x0a000009 };

function address(host: string, port = PORT): user_memory {
  const six = SIX[host];
  return six === undefined ? sin(port, FOUR[host]!) : mem([10, 0, port >> 8, port & 255, 0, 0, 0, 0, ...six, 0, 0, 0, 0]);
}

function* named_call(k: Kernel, call: string, fd: number, host: string, port = PORT): Sleeps<number | string> {
  const memory = address(host, port);
  return named(yield* sys(k, call, fd, memory, memory.bytes.length));
}

/** The host and port that getsockname() or getpeername() gives, as a program prints them. */
function* name(k: Kernel, call: string, fd: number): Sleeps<string> {
  const memory = mem(28);
  const len = mem(4);
  put_user_u32(len, 0, 28);
  const ret = yield* sys(k, call, fd, memory, len);
  if (ret < 0) return String(named(ret));
  const text = sockaddrText(memory.bytes.subarray(0, len.bytes[0]));
  const host = /inet_addr\("([^"]*)"\)|inet_pton\(AF_INET6, "([^"]*)"/.exec(text)!;
  return `${host[1] ?? host[2]} ${/htons\((\d+)\)/.exec(text)![1]}`;
}

/** A socket for an address; `only` at its end sets IPV6_V6ONLY. */
function* socketFor(k: Kernel, what: string, type: number, flags = 0): Sleeps<[fd: number, host: string]> {
  const [host = '', only] = what.split(' ');
  const fd = yield* sys(k, 'socket', SIX[host] === undefined ? AF_INET : AF_INET6, type | flags, 0);
  if (only !== undefined) expect(yield* setopt(k, fd, ...V6ONLY)).toBe(0);
  return [fd, host];
}

const BINDERS = ['0.0.0.0', '127.0.0.1', '127.0.0.2', '::', ':: only', '::1', '::ffff:0.0.0.0', '::ffff:127.0.0.1'];
/** Row: who was first; column: who comes second; x: EADDRINUSE. */
const CONFLICTS = [
  'xxxx..xx',
  'xx.x..xx',
  'x.xx..x.',
  'xxxxxxxx',
  '...xxx..',
  '...xxx..',
  'xxxx..xx',
  'xx.x..xx',
];

describe.each([['TCP', 1], ['UDP', 2]] as const)('%s: who may bind to a port that another one has', (_protocol, type) => {
  test.each(BINDERS.map((first, row) => [first, CONFLICTS[row]!] as const))('%s is first', (first, row) => {
    simulate(function* (k) {
      const all: string[] = [];
      for (const [column, second] of BINDERS.entries()) {
        const [a, one] = yield* socketFor(k, first, type);
        const [b, two] = yield* socketFor(k, second, type);
        expect(yield* named_call(k, 'bind', a, one, 1024 + column)).toBe(0);
        all.push((yield* named_call(k, 'bind', b, two, 1024 + column)) === 0 ? '.' : 'x');
      }
      expect(all.join('')).toBe(row);
    });
  });

  test.each([[2, 'SO_REUSEADDR'], [15, 'SO_REUSEPORT']] as const)('with option %i, %s, on both of them nobody is in the way', (option, _option) => {
    simulate(function* (k) {
      for (const [row, first] of BINDERS.entries()) {
        for (const [column, second] of BINDERS.entries()) {
          const port = 2000 + row * 16 + column;
          for (const what of [first, second]) {
            const [fd, host] = yield* socketFor(k, what, type);
            expect(yield* setopt(k, fd, 1, option, 1)).toBe(0);
            expect(yield* named_call(k, 'bind', fd, host, port)).toBe(0);
          }
        }
      }
    });
  });
});

test('bind: a mapped address is not for IPv6 only; foreign and short addresses; the names it leaves', () => {
  simulate(function* (k) {
    const [only] = yield* socketFor(k, ':: only', 1);
    expect(yield* named_call(k, 'bind', only, '::ffff:127.0.0.1')).toBe('EINVAL');
    const [six] = yield* socketFor(k, '::', 1);
    expect(yield* named_call(k, 'bind', six, 'fd00::1')).toBe('EADDRNOTAVAIL');
    expect(yield* named_call(k, 'bind', six, '127.0.0.1')).toBe('EINVAL');
    expect(named(yield* sys(k, 'bind', six, mem([2, 0, ...Array.from({ length: 26 }, () => 0)]), 28))).toBe('EAFNOSUPPORT');
    expect(yield* name(k, 'getsockname', six)).toBe(':: 0');
    expect(yield* named_call(k, 'bind', six, '::ffff:0.0.0.0')).toBe(0);
    expect(yield* name(k, 'getsockname', six)).toBe('::ffff:0.0.0.0 8080');
    const [free] = yield* socketFor(k, '::', 1);
    expect(yield* setopt(k, free, 41, 78, 1)).toBe(0);
    expect(yield* named_call(k, 'bind', free, 'fd00::1')).toBe(0);
  });
});

const CLIENTS: readonly [listener: string, client: string, target: string, ret: string | number, own: string, peer: string][] = [
  ['::', '::', '::1', 'EINPROGRESS', '::1', '::1'],
  ['::', '::', '::', 'EINPROGRESS', '::1', '::1'],
  ['::', '::', '::ffff:127.0.0.1', 'EINPROGRESS', '::ffff:127.0.0.1', '::ffff:127.0.0.1'],
  ['::', '::', '::ffff:0.0.0.0', 'EINPROGRESS', '::ffff:127.0.0.1', '::ffff:127.0.0.1'],
  ['::', '0.0.0.0', '127.0.0.1', 'EINPROGRESS', '127.0.0.1', '127.0.0.1'],
  ['0.0.0.0', '::', '::ffff:127.0.0.1', 'EINPROGRESS', '::ffff:127.0.0.1', '::ffff:127.0.0.1'],
  ['::ffff:127.0.0.1', '0.0.0.0', '127.0.0.1', 'EINPROGRESS', '127.0.0.1', '127.0.0.1'],
  ['::', ':: only', '::ffff:127.0.0.1', 'ENETUNREACH', '', ''],
  ['::', '::', 'fe80::1', 'EINVAL', '', ''],
  ['::', '::', 'fd00::1', 'ENETUNREACH', '', ''],
  ['::', '::', '127.0.0.1', 'EINVAL', '', ''],
  ['::', '0.0.0.0', '::1', 'EAFNOSUPPORT', '', ''],
];

test.each(CLIENTS)('a TCP listener on %s, a client of %s that connects to %s: %s', (listener, client, target, ret, own, peer) => {
  simulate(function* (k) {
    const [l, where] = yield* socketFor(k, listener, 1, NONBLOCK);
    expect(yield* named_call(k, 'bind', l, where)).toBe(0);
    expect(yield* listen(k, l)).toBe(0);
    const [c] = yield* socketFor(k, client, 1, NONBLOCK);
    expect(yield* named_call(k, 'connect', c, target)).toBe(ret);
    if (ret !== 'EINPROGRESS') return;
    expect(yield* name(k, 'getpeername', c)).toBe(`${peer} ${PORT}`);
    expect((yield* name(k, 'getsockname', c)).split(' ')[0]).toBe(own);
    const s = yield* accept(k, l);
    // The accepted socket is of the listener's family, and shows the client's address in that form.
    const six = SIX[where] !== undefined;
    const shown = own.includes(':') && !own.startsWith('::ffff') ? own : six ? `::ffff:${own.replace('::ffff:', '')}` : own.replace('::ffff:', '');
    expect((yield* name(k, 'getpeername', s as number)).split(' ')[0]).toBe(shown);
    expect(yield* send(k, c, 'hello')).toBe(5);
    expect(yield* recv(k, s as number)).toBe('hello');
  });
});

test('a listener on :: for IPv6 only, and one on 0.0.0.0, share a port and take each its own clients', () => {
  simulate(function* (k) {
    const [six] = yield* socketFor(k, ':: only', 1, NONBLOCK);
    const [four] = yield* socketFor(k, '0.0.0.0', 1, NONBLOCK);
    for (const [l, host] of [[six, '::'], [four, '0.0.0.0']] as const) {
      expect(yield* named_call(k, 'bind', l, host)).toBe(0);
      expect(yield* listen(k, l)).toBe(0);
    }
    const [c] = yield* socketFor(k, '::', 1, NONBLOCK);
    yield* named_call(k, 'connect', c, '::1');
    expect(yield* accept(k, four)).toBe('EAGAIN');
    expect(typeof (yield* accept(k, six))).toBe('number');
    const [d] = yield* socketFor(k, '0.0.0.0', 1, NONBLOCK);
    yield* named_call(k, 'connect', d, '127.0.0.1');
    expect(yield* accept(k, six)).toBe('EAGAIN');
    expect(typeof (yield* accept(k, four))).toBe('number');
  });
});

const BOUND: readonly [own: string, target: string, ret: string | number, peer: string][] = [
  ['::1', '::1', 0, '::1'],
  ['::1', '::ffff:127.0.0.1', 'ENETUNREACH', ''],
  ['::ffff:127.0.0.1', '::1', 'EAFNOSUPPORT', ''],
  ['::ffff:127.0.0.1', '::', 0, '::ffff:127.0.0.1'],
  ['::ffff:0.0.0.0', '::1', 'EAFNOSUPPORT', ''],
  ['::ffff:0.0.0.0', '::', 0, '::ffff:127.0.0.1'],
];

test.each(BOUND)('a client that is bound to %s and connects to %s: %s', (own, target, ret, peer) => {
  simulate(function* (k) {
    const [l] = yield* socketFor(k, '::', 1);
    expect(yield* named_call(k, 'bind', l, '::')).toBe(0);
    expect(yield* listen(k, l)).toBe(0);
    for (const type of [1, 2]) {
      const [c] = yield* socketFor(k, own, type);
      expect(yield* named_call(k, 'bind', c, own, 9000)).toBe(0);
      expect(yield* named_call(k, 'connect', c, target)).toBe(ret);
      if (ret === 0) expect(yield* name(k, 'getpeername', c)).toBe(`${peer} ${PORT}`);
    }
  });
});

test('datagrams: an IPv6 socket takes plain IPv4 addresses too, unless it is for IPv6 only', () => {
  simulate(function* (k) {
    const [l] = yield* socketFor(k, '::', 2, NONBLOCK);
    expect(yield* named_call(k, 'bind', l, '::')).toBe(0);
    const [c] = yield* socketFor(k, '::', 2, NONBLOCK);
    expect(yield* named_call(k, 'connect', c, '127.0.0.1')).toBe(0);
    expect(yield* name(k, 'getpeername', c)).toBe(`::ffff:127.0.0.1 ${PORT}`);
    expect(yield* send(k, c, 'four')).toBe(4);
    expect(yield* recv(k, l)).toBe('four');
    const [only] = yield* socketFor(k, ':: only', 2, NONBLOCK);
    expect(yield* named_call(k, 'connect', only, '127.0.0.1')).toBe('EAFNOSUPPORT');
    expect(yield* named_call(k, 'connect', only, '::ffff:127.0.0.1')).toBe('ENETUNREACH');
    expect(yield* named_call(k, 'connect', only, 'fe80::1')).toBe('EINVAL');
    expect(yield* named_call(k, 'connect', only, 'ff02::1')).toBe('EINVAL');
    const to = address('ff02::1');
    expect(named(yield* sys(k, 'sendto', only, mem('x'), 1, 0, to, 28))).toBe('ENETUNREACH');
  });
});

test('a datagram socket that was connected to one family may connect to the other, unless bind() chose its address', () => {
  simulate(function* (k) {
    const [c] = yield* socketFor(k, '::', 2, NONBLOCK);
    for (const host of ['::1', '::ffff:127.0.0.1']) {
      expect(yield* named_call(k, 'connect', c, host)).toBe(0);
      expect(yield* name(k, 'getpeername', c)).toBe(`${host} ${PORT}`);
    }
  });
});

test('MSG_OOB of a datagram: nobody looks at it over IPv6', () => {
  simulate(function* (k) {
    for (const [host, ret] of [['127.0.0.1', 'EOPNOTSUPP'], ['::ffff:127.0.0.1', 'EOPNOTSUPP'], ['::1', 1]] as const) {
      const [c] = yield* socketFor(k, host, 2, NONBLOCK);
      expect(yield* named_call(k, 'connect', c, host)).toBe(0);
      expect(yield* send(k, c, 'x', 1)).toBe(ret);
    }
  });
});

test('the sysctl bindv6only is what IPV6_V6ONLY begins with', () => {
  const m = machine({ sysctl: { bindv6only: 1 } });
  m.process('main', function* (sys) {
    const fd = yield* sys.socket(INET6, SOCK_STREAM);
    sys.expect((yield* sys.getsockopt(fd, 41, 26)).value, 1);
    sys.expect((yield* sys.getsockopt(yield* sys.socket(INET, SOCK_STREAM), 41, 26)).ret, -95);
  });
  expect(m.run().failures).toEqual([]);
});

test('programs name IPv6 addresses as text, and the log shows them as strace does', () => {
  const m = machine();
  m.process('main', function* (sys) {
    const l = yield* sys.socket(INET6, SOCK_STREAM);
    yield* sys.bind(l, { port: 7000, host: '::' });
    yield* sys.listen(l, 5);
    const c = yield* sys.socket(INET6, SOCK_STREAM);
    yield* sys.connect(c, { port: 7000, host: '::1' });
    const { ret, address: from } = yield* sys.acceptFrom(l);
    sys.expect(from!.family, INET6);
    sys.expect((yield* sys.getpeername(ret)).address, from);
    sys.expect((yield* sys.getsockname(c)).address, from);
    const d = yield* sys.socket(INET, SOCK_STREAM);
    yield* sys.connect(d, { port: 7000 });
    sys.expect((yield* sys.acceptFrom(l)).address, (got: unknown) => (got as { host: string }).host === '::ffff:127.0.0.1');
  });
  expect(m.run().failures).toEqual([]);
  expect(m.strace()).toContain('bind(3, {sa_family=AF_INET6, sin6_port=htons(7000), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::", &sin6_addr), sin6_scope_id=0}, 28) = 0');
  expect(m.strace()).toContain('inet_pton(AF_INET6, "::1", &sin6_addr)');
});
