/** Values that are taken from the log: what is in the allowed set is adopted and counted, what is outside is a divergence. */

import type { ADOPTED } from '../../src/replay/adopted.js';
import { Engine } from '../../src/replay/engine.js';
import { readEvents } from '../../src/replay/reader.js';
import type { LogReport } from '../../src/replay/report.js';

function replay(log: string): LogReport {
  const engine = new Engine('test.log');
  for (const event of readEvents([log.replace(/^\n/, '')], { file: 'test.log' })) engine.take(event);
  return engine.finish();
}

const SOCKET = '7  socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3\n7  listen(3, 5) = 0\n';
const nameOf = (port: number): string => `7  getsockname(3, {sa_family=AF_INET, sin_port=htons(${port}), sin_addr=inet_addr("0.0.0.0")}, [16]) = 0\n`;
const clock = (...seconds: number[]): string => seconds.map((s) => `7  clock_gettime(CLOCK_MONOTONIC, {tv_sec=${s}, tv_nsec=5}) = 0\n`).join('');
const left = (ns: number): string => `
7     1000.000000 pipe2([3, 4], 0) = 0 <0.000010>
7     1000.000100 write(4, "x", 1) = 1 <0.000010>
7     1000.000200 ppoll([{fd=3, events=POLLIN}], 1, {tv_sec=0, tv_nsec=200000000}, NULL, 0) = 1 ([{fd=3, revents=POLLIN}], left {tv_sec=0, tv_nsec=${ns}}) <0.000010>
`;
const moved = (count: number): string => `
7  pipe2([3, 4], 0) = 0
7  openat(AT_FDCWD, "/etc/passwd", O_RDONLY) = 5
7  splice(5, NULL, 4, NULL, 100, 0) = ${count}
`;
const timer = (interval: number, ticks: number): string => `
7     1000.000000 timerfd_create(CLOCK_MONOTONIC, 0) = 3 <0.000010>
7     1000.000100 timerfd_settime(3, 0, {it_interval={tv_sec=0, tv_nsec=${interval}}, it_value={tv_sec=0, tv_nsec=1000000}}, NULL) = 0 <0.000010>
7     1001.000000 read(3, "\\${ticks}\\0\\0\\0\\0\\0\\0\\0", 8) = 8 <0.000010>
`;
const fork = (pid: number): string => `7  fork() = ${pid}\n`;
const limit = (soft: number): string => `7  prlimit64(0, RLIMIT_NOFILE, NULL, {rlim_cur=${soft}, rlim_max=4096}) = 0\n`;

test.each<[keyof typeof ADOPTED, string, string]>([
  ['port', SOCKET + nameOf(40000), SOCKET + nameOf(80)],
  ['clock reading', clock(5, 5, 6), clock(5, 6, 5)],
  ['time left', left(199_990_000), left(200_060_000)],
  ['time left', left(199_000_000), left(100_000_000)],
  ['short count', moved(60), moved(101)],
  ['expirations', timer(1_000_000, 7), timer(1_000_000, 0)],
  ['process id', fork(4194304), fork(4194305)],
  ['resource limit', limit(4096), limit(4097)],
  ['flags of an outside file', '7  fcntl(0, F_GETFL) = 0x1\n', '7  fcntl(0, F_GETFL) = 0x3\n'],
])('%s', (kind, inside, outside) => {
  const good = replay(inside);
  expect(good.divergences).toEqual([]);
  expect(good.adopted[kind]).toBeGreaterThan(0);
  expect(replay(outside).divergences).toHaveLength(1);
});

test('a timer that fires once has expired once', () => {
  expect(replay(timer(0, 1)).divergences).toEqual([]);
  expect(replay(timer(0, 2)).divergences).toHaveLength(1);
});

test('what a descriptor of the model reports is never adopted', () => {
  const log = '7  eventfd2(0, 0) = 3\n7  epoll_create1(0) = 4\n7  epoll_ctl(4, EPOLL_CTL_ADD, 3, {events=EPOLLIN, data={u32=3, u64=3}}) = 0\n';
  expect(replay(`${log}7  epoll_wait(4, [{events=EPOLLIN, data={u32=3, u64=3}}], 8, 0) = 1\n`).divergences).toHaveLength(1);
});

test('an outside file is ready when the log says so', () => {
  const report = replay(`
7  epoll_create1(0) = 3
7  epoll_ctl(3, EPOLL_CTL_ADD, 0, {events=EPOLLIN, data={u32=9, u64=9}}) = 0
7  epoll_wait(3, [], 8, 0) = 0
7  epoll_wait(3, [{events=EPOLLIN, data={u32=9, u64=9}}], 8, 0) = 1
7  poll([{fd=0, events=POLLIN}], 1, 0) = 0 (Timeout)
7  poll([{fd=0, events=POLLIN}], 1, 0) = 1 ([{fd=0, revents=POLLIN|POLLHUP}])
`);
  expect(report.divergences).toEqual([]);
  expect(report.adopted).toMatchObject({ 'readiness outside': 2, 'whether epoll takes an outside file': 1 });
});
