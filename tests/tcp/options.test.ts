/**
 * Socket options as programs see them: what is taken, what comes back, what is only stored. Expectations were
 * measured on Linux 6.18; TS-39, TS-41..TS-46 of the cases.
 */

import { machine, SOL_TCP } from '../../src/scenario/index.js';
import { get_user_u32, put_user_u32 } from '../../src/kernel/uaccess.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import type { Sleeps } from '../../src/kernel/point.js';
import { read_sysctl, sock_net } from '../../src/socket/net.js';
import { mem, simulate, sys } from '../kit.js';
import { accept, AF_INET, AF_INET6, connection, getopt, listener, named, setopt, shutdown, SOL_SOCKET, tcp, timeo } from './net.js';

const SOL_IP = 0;
const SOL_IPV6 = 41;
const udp = (k: Kernel, family = AF_INET): Sleeps<number> => sys(k, 'socket', family, 2, 0);

/** getsockopt() with room for `size` bytes: what was stored, and how many bytes. */
function* optionBytes(k: Kernel, fd: number, level: number, name: number, size: number): Sleeps<number | string | [number[], number]> {
  const value = mem(size);
  const len = mem(4);
  put_user_u32(len, 0, size);
  const ret = yield* sys(k, 'getsockopt', fd, level, name, value, len);
  if (ret < 0) return named(ret);
  const stored = get_user_u32(len, 0)!;
  return [[...value.bytes.subarray(0, stored)], stored];
}

/** An option, the values given, and for each: what setsockopt() said, or what came back. */
const TABLE: readonly [name: string, level: number, optname: number, initial: number | string, ...answers: (readonly [number, number | string])[]][] = [
  ['TCP_NODELAY', SOL_TCP, 1, 0, [1, 1], [0, 0], [7, 1]],
  ['TCP_CORK', SOL_TCP, 3, 0, [1, 1], [0, 0]],
  ['TCP_MAXSEG', SOL_TCP, 2, 536, [10, 'EINVAL'], [75000, 'EINVAL'], [1024, 1024]],
  ['TCP_USER_TIMEOUT', SOL_TCP, 18, 0, [-1, 'EINVAL'], [100, 100], [0, 0]],
  ['TCP_DEFER_ACCEPT', SOL_TCP, 9, 0, [-1, 0], [3, 3], [0, 0]],
  ['TCP_SYNCNT', SOL_TCP, 7, 6, [20, 20], [0, 'EINVAL'], [-1, 'EINVAL'], [256, 'EINVAL']],
  ['TCP_KEEPIDLE', SOL_TCP, 4, 7200, [0, 'EINVAL'], [1, 1], [32768, 'EINVAL']],
  ['TCP_KEEPINTVL', SOL_TCP, 5, 75, [0, 'EINVAL'], [1, 1], [32768, 'EINVAL']],
  ['TCP_KEEPCNT', SOL_TCP, 6, 9, [0, 'EINVAL'], [127, 127], [128, 'EINVAL']],
  ['TCP_LINGER2', SOL_TCP, 8, 60, [-5, -1], [7, 7], [10000, 120]],
  ['TCP_QUICKACK', SOL_TCP, 12, 1, [0, 0], [2, 1], [1, 1]],
  ['TCP_NOTSENT_LOWAT', SOL_TCP, 25, 0, [4000, 4000], [-1, -1]],
  ['TCP_INQ', SOL_TCP, 36, 0, [1, 1], [2, 'EINVAL'], [0, 0]],
  ['TCP_FASTOPEN, which is only stored', SOL_TCP, 23, 0, [-1, 'EINVAL'], [5, 5], [65536, 4096]],
  ['TCP_REPAIR, which is not there', SOL_TCP, 200, 'ENOPROTOOPT', [1, 'ENOPROTOOPT']],
  ['SO_KEEPALIVE', SOL_SOCKET, 9, 0, [5, 1], [0, 0]],
  ['SO_OOBINLINE', SOL_SOCKET, 10, 0, [5, 1], [0, 0]],
  ['SO_PRIORITY', SOL_SOCKET, 12, 0, [6, 6]],
  ['SO_RCVLOWAT', SOL_SOCKET, 18, 1, [0, 1], [20, 20]],
  ['SO_SNDLOWAT, which cannot be set', SOL_SOCKET, 19, 1, [5, 'ENOPROTOOPT']],
  ['SO_ERROR, which cannot be set', SOL_SOCKET, 4, 0, [0, 'ENOPROTOOPT']],
  ['SO_DOMAIN', SOL_SOCKET, 39, 2, [10, 'ENOPROTOOPT']],
  ['SO_TYPE', SOL_SOCKET, 3, 1, [2, 'ENOPROTOOPT']],
  ['SO_PROTOCOL', SOL_SOCKET, 38, 6, [17, 'ENOPROTOOPT']],
  ['SO_ZEROCOPY', SOL_SOCKET, 60, 0, [1, 1], [2, 'EINVAL'], [0, 0]],
  ['SO_PASSCRED, which TCP has not', SOL_SOCKET, 16, 'EOPNOTSUPP', [1, 'EOPNOTSUPP']],
  ['SO_BROADCAST, which is only stored', SOL_SOCKET, 6, 0, [9, 1], [0, 0]],
  ['SO_MARK', SOL_SOCKET, 36, 0, [-1, -1], [7, 7]],
  ['SO_INCOMING_CPU', SOL_SOCKET, 49, -1, [3, 3]],
  ['SO_BUSY_POLL', SOL_SOCKET, 46, 0, [-1, 'EINVAL'], [50, 50]],
  ['IP_TOS, whose last two bits are not the program\'s', SOL_IP, 1, 0, [7, 4], [255, 252], [0, 0]],
  ['IP_TTL', SOL_IP, 2, 64, [0, 'EINVAL'], [1, 1], [256, 'EINVAL'], [-1, 64]],
  ['IP_MTU_DISCOVER', SOL_IP, 10, 1, [3, 3], [7, 'EINVAL']],
  ['IP_MTU, before there is a connection', SOL_IP, 14, 'ENOTCONN'],
  ['IP_RECVERR', SOL_IP, 11, 0, [3, 1], [0, 0]],
  ['IP_FREEBIND', SOL_IP, 15, 0, [1, 1]],
  ['an option of IPv6 on an IPv4 socket', SOL_IPV6, 26, 'EOPNOTSUPP', [1, 'ENOPROTOOPT']],
];

describe('TS-41, TS-43..TS-46: an option before it is set, and after', () => {
  test.each(TABLE)('%s: initial value, and what comes back', (_name, level, optname, initial, ...answers) => {
    simulate(function* (k) {
      const fd = yield* tcp(k);
      expect(yield* getopt(k, fd, level, optname)).toBe(initial);
      for (const [value, answer] of answers) {
        const set = yield* setopt(k, fd, level, optname, value);
        expect([value, set === 0 ? yield* getopt(k, fd, level, optname) : set]).toEqual([value, answer]);
      }
    });
  });
});

test('TS-42: an int option is cut to the room there is; IP options take and give single bytes', () => {
  simulate(function* (k) {
    const fd = yield* tcp(k);
    yield* setopt(k, fd, SOL_TCP, 4, 300);
    expect(yield* optionBytes(k, fd, SOL_TCP, 4, 1)).toEqual([[44], 1]);
    expect(yield* optionBytes(k, fd, SOL_TCP, 4, 16)).toEqual([[44, 1, 0, 0], 4]);
    expect(yield* sys(k, 'setsockopt', fd, SOL_TCP, 1, mem([1]), 1)).toBe(-22);
    expect(yield* sys(k, 'setsockopt', fd, SOL_IP, 2, mem([9]), 1)).toBe(0);
    expect(yield* optionBytes(k, fd, SOL_IP, 2, 1)).toEqual([[9], 1]);
    expect(yield* sys(k, 'setsockopt', fd, SOL_IP, 2, null, 4)).toBe(-14);
  });
});

test('TCP_CONGESTION takes the names it knows; the length is that of the buffer, 16 at most', () => {
  simulate(function* (k) {
    const fd = yield* tcp(k);
    const set = function* (name: string): Sleeps<number | string> {
      return named(yield* sys(k, 'setsockopt', fd, SOL_TCP, 13, mem(name), name.length));
    };
    expect(yield* set('reno')).toBe(0);
    expect(yield* optionBytes(k, fd, SOL_TCP, 13, 16)).toEqual([[114, 101, 110, 111, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 16]);
    expect((yield* optionBytes(k, fd, SOL_TCP, 13, 2))).toEqual([[114, 101], 2]);
    expect(yield* set('nobody')).toBe('ENOENT');
    expect(yield* set('cubic')).toBe(0);
  });
});

test('a socket begins with the congestion control of the sysctl, which takes one word', () => {
  simulate(function* (k) {
    const name = function* (): Sleeps<string> {
      const [bytes] = (yield* optionBytes(k, yield* tcp(k), SOL_TCP, 13, 16)) as [number[], number];
      return String.fromCharCode(...bytes.filter((byte) => byte !== 0));
    };
    expect(yield* name()).toBe('cubic');
    const read = read_sysctl('net.ipv4.tcp_congestion_control=reno');
    expect(read).toEqual({ field: 'tcp_congestion_control', value: 'reno' });
    Object.assign(sock_net(k).sysctl, { tcp_congestion_control: 'reno' });
    expect(yield* name()).toBe('reno');
  });
  expect(read_sysctl('tcp_congestion_control=')).toMatch(/takes a word, as tcp_congestion_control=cubic/);
  expect(read_sysctl('tcp_congestion_control=a b')).toMatch(/takes a word/);
});

test('TCP_WINDOW_CLAMP of 0 is for closed sockets; a small one is raised to half of the least buffer', () => {
  simulate(function* (k) {
    const fd = yield* tcp(k);
    expect(yield* setopt(k, fd, SOL_TCP, 10, 0)).toBe(0);
    expect(yield* getopt(k, fd, SOL_TCP, 10)).toBe(0);
    expect(yield* setopt(k, fd, SOL_TCP, 10, 1)).toBe(0);
    expect(yield* getopt(k, fd, SOL_TCP, 10)).toBe(1152);
    const [c] = yield* connection(k);
    expect(yield* setopt(k, c, SOL_TCP, 10, 0)).toBe('EINVAL');
  });
});

test('TS-39: SO_ACCEPTCONN is 1 for a listener only, and 0 when it is shut down', () => {
  simulate(function* (k) {
    const [c, s, l] = yield* connection(k);
    for (const [fd, is] of [[l, 1], [c, 0], [s, 0]] as const) expect(yield* getopt(k, fd, SOL_SOCKET, 30)).toBe(is);
    expect(yield* shutdown(k, l, 0)).toBe(0);
    expect(yield* getopt(k, l, SOL_SOCKET, 30)).toBe(0);
  });
});

test('SO_LINGER and the timeouts: their structures, and EDOM for a wrong time', () => {
  simulate(function* (k) {
    const fd = yield* tcp(k);
    expect(yield* setopt(k, fd, SOL_SOCKET, 13, 1)).toBe('EINVAL');
    expect(yield* setopt(k, fd, SOL_SOCKET, 13, 1, 7)).toBe(0);
    expect(yield* optionBytes(k, fd, SOL_SOCKET, 13, 8)).toEqual([[1, 0, 0, 0, 7, 0, 0, 0], 8]);
    expect(yield* timeo(k, fd, 20, 0, 1_000_000)).toBe('EDOM');
    expect(yield* timeo(k, fd, 20, 0, -1)).toBe('EDOM');
    expect(yield* timeo(k, fd, 20, 1, 500_000)).toBe(0);
    expect(yield* optionBytes(k, fd, SOL_SOCKET, 20, 16)).toEqual([[1, 0, 0, 0, 0, 0, 0, 0, 0x20, 0xa1, 7, 0, 0, 0, 0, 0], 16]);
    expect(yield* timeo(k, fd, 20, 0, 0)).toBe(0);
    expect(yield* optionBytes(k, fd, SOL_SOCKET, 20, 16)).toEqual([Array.from({ length: 16 }, () => 0), 16]);
  });
});

test('buffer sizes: doubled, bounded, and beyond the bound for those who may', () => {
  simulate(function* (k) {
    const fd = yield* tcp(k);
    yield* setopt(k, fd, SOL_SOCKET, 7, 100_000_000);
    expect(yield* getopt(k, fd, SOL_SOCKET, 7)).toBe(8388608);
    k.current.capable = true;
    expect(yield* setopt(k, fd, SOL_SOCKET, 32, 10_000_000)).toBe(0);
    expect(yield* getopt(k, fd, SOL_SOCKET, 7)).toBe(20_000_000);
    expect(yield* setopt(k, fd, SOL_SOCKET, 33, 10_000_000)).toBe(0);
    expect(yield* getopt(k, fd, SOL_SOCKET, 8)).toBe(20_000_000);
    k.current.capable = false;
    expect(yield* setopt(k, fd, SOL_SOCKET, 32, 1)).toBe('EPERM');
    expect(yield* setopt(k, fd, SOL_SOCKET, 33, 1)).toBe('EPERM');
    expect(yield* setopt(k, fd, SOL_SOCKET, 1, 1)).toBe('EACCES');
  });
});

test('a socket of accept has the stored options of its listener', () => {
  simulate(function* (k) {
    const l = yield* listener(k);
    yield* setopt(k, l, SOL_SOCKET, 36, 7);
    yield* setopt(k, l, SOL_IP, 2, 9);
    const c = yield* tcp(k);
    expect(yield* sys(k, 'connect', c, mem([2, 0, 0x1f, 0x90, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]), 16)).toBe(0);
    const s = yield* accept(k, l);
    expect([yield* getopt(k, s as number, SOL_SOCKET, 36), yield* getopt(k, s as number, SOL_IP, 2)]).toEqual([7, 9]);
    yield* setopt(k, l, SOL_SOCKET, 36, 8);
    expect(yield* getopt(k, s as number, SOL_SOCKET, 36)).toBe(7);
    expect(yield* getopt(k, s as number, SOL_IP, 14)).toBe(65536);
  });
});

test('datagram sockets have the options of the network layer, and none of TCP', () => {
  simulate(function* (k) {
    const four = yield* udp(k);
    expect(yield* setopt(k, four, SOL_IP, 1, 255)).toBe(0);
    expect(yield* getopt(k, four, SOL_IP, 1)).toBe(255);
    expect(yield* getopt(k, four, SOL_TCP, 1)).toBe('EOPNOTSUPP');
    expect(yield* setopt(k, four, SOL_TCP, 1, 1)).toBe('ENOPROTOOPT');
    const six = yield* udp(k, AF_INET6);
    expect(yield* setopt(k, six, SOL_IPV6, 16, 256)).toBe('EINVAL');
    expect(yield* setopt(k, six, SOL_IPV6, 49, 5)).toBe(0);
    expect(yield* getopt(k, six, SOL_IPV6, 49)).toBe(1);
    expect(yield* setopt(k, six, SOL_IPV6, 26, 1)).toBe(0);
    expect(yield* getopt(k, six, SOL_IPV6, 26)).toBe(1);
  });
});

test('an AF_UNIX socket knows whom it was connected by', () => {
  simulate(function* (k) {
    const fds = mem(8);
    yield* sys(k, 'socketpair', 1, 1, 0, fds);
    const s = get_user_u32(fds, 0)!;
    expect(yield* optionBytes(k, s, SOL_SOCKET, 17, 12)).toEqual([[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 12]);
    const alone = yield* sys(k, 'socket', 1, 1, 0);
    expect(yield* optionBytes(k, alone, SOL_SOCKET, 17, 12)).toEqual([[0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255], 12]);
    expect(yield* setopt(k, alone, SOL_SOCKET, 16, 3)).toBe(0);
    expect(yield* getopt(k, alone, SOL_SOCKET, 16)).toBe(1);
    expect(yield* setopt(k, alone, SOL_SOCKET, 60, 1)).toBe('EOPNOTSUPP');
  });
});

test('what is only stored is said once', () => {
  const m = machine();
  m.process('main', function* (sys) {
    const fd = yield* sys.socket(AF_INET, 1);
    yield* sys.setsockopt(fd, SOL_SOCKET, 36, 7);
    yield* sys.setsockopt(fd, SOL_SOCKET, 36, 8);
    yield* sys.setsockopt(fd, SOL_SOCKET, 6, 0);
    yield* sys.setsockopt(fd, SOL_TCP, 1, 1);
  });
  expect(m.run().notes).toEqual(['SO_MARK is stored and given back, and has no effect']);
});
