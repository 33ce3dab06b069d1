/**
 * What a log leaves open: which of two calls under way acted first, when a woken task looked, and what the first process was started with.
 */

import { Engine } from '../../src/replay/engine.js';
import { readEvents } from '../../src/replay/reader.js';
import type { LogReport } from '../../src/replay/report.js';
import { searchReplay } from '../../src/replay/search.js';
import { Ports } from '../../src/replay/ports.js';

function events(log: string): ReturnType<typeof readEvents> {
  return readEvents([log.replace(/^\n/, '')], { file: 'test.log' });
}

function replay(log: string): LogReport {
  const engine = new Engine('test.log');
  for (const event of events(log)) engine.take(event);
  return engine.finish();
}

const OVERTAKEN = `
7  pipe2([3, 4], 0) = 0
7  clone(child_stack=NULL, flags=SIGCHLD) = 8
7  clone(child_stack=NULL, flags=SIGCHLD) = 9
8  read(3,  <unfinished ...>
9  read(3,  <unfinished ...>
7  write(4, "1", 1) = 1
9  <... read resumed>"1", 8) = 1
7  write(4, "2", 1) = 1
8  <... read resumed>"2", 8) = 1
`;

const LOOKED_EARLIER = `
7  eventfd2(0, EFD_NONBLOCK) = 3
7  epoll_create1(0) = 4
7  epoll_ctl(4, EPOLL_CTL_ADD, 3, {events=EPOLLIN, data={u32=3, u64=3}}) = 0
7  clone(child_stack=NULL, flags=SIGCHLD) = 8
8  epoll_wait(4,  <unfinished ...>
7  write(3, "\\1\\0\\0\\0\\0\\0\\0\\0", 8) = 8
7  read(3, "\\1\\0\\0\\0\\0\\0\\0\\0", 8) = 8
8  <... epoll_wait resumed>[{events=EPOLLIN, data={u32=3, u64=3}}], 4, 1000) = 1
`;

test.each([['a later call acted first', OVERTAKEN], ['a woken task looked before another call took the data away', LOOKED_EARLIER]])('%s: an order that gives the log is found', (_name, log) => {
  expect(replay(log).divergences).not.toEqual([]);
  const report = searchReplay('test.log', events(log));
  expect(report.divergences).toEqual([]);
  expect(report.choices).toBe(1);
});

test('no order makes a wrong result right', () => {
  const log = OVERTAKEN.replace('resumed>"2"', 'resumed>"3"');
  const report = searchReplay('test.log', events(log));
  expect(report.divergences.map(({ line }) => line)).toEqual([9]);
});

test('without a budget the log is run once, in the order of its lines', () => {
  expect(searchReplay('test.log', events(OVERTAKEN), { budget: 0 }).divergences.length).toBeGreaterThan(0);
});

test('calls under way in one thread only leave nothing open: no search', () => {
  const report = searchReplay('test.log', events(`
7  eventfd2(5, 0) = 3
7  read(3, "\\4\\0\\0\\0\\0\\0\\0\\0", 8) = 8
`));
  expect(report).toMatchObject({ choices: 0, compared: 2, agreed: 1 });
});

describe('the start', () => {
  test('a number that Linux passes over and no call ever made was open from the beginning', () => {
    const report = replay(`
7  eventfd2(0, 0) = 3
7  eventfd2(0, 0) = 5
7  close(4) = 0
7  eventfd2(0, 0) = 4
7  close(3) = 0
7  eventfd2(0, 0) = 6
`);
    expect(report.adopted).toEqual({ 'inherited descriptor': 1 });
    // 3 is free again: that Linux gives 6 is wrong
    expect(report.divergences).toMatchObject([{ line: 6, linux: '= 6', model: '= 3' }]);
  });

  test('a standard stream that Linux gives to a new file was not open', () => {
    expect(replay('7  eventfd2(0, 0) = 0\n7  eventfd2(0, 0) = 3\n').divergences).toEqual([]);
  });

  test('limits of descriptors are those that the log reads first', () => {
    const report = replay(`
7  prlimit64(0, RLIMIT_NOFILE, NULL, {rlim_cur=4, rlim_max=4096}) = 0
7  eventfd2(0, 0) = 3
7  eventfd2(0, 0) = -1 EMFILE (Too many open files)
`);
    expect(report.divergences).toEqual([]);
    expect(report.adopted).toEqual({ 'resource limit': 1 });
  });
});

test('ports of the kernel are paired where both are seen, and only with one another', () => {
  const ports = new Ports();
  expect(ports.pair(40000, 35352)).toBe(true);
  expect(ports.toModel(40000)).toBe(35352);
  expect(ports.toLog(35352)).toBe(40000);
  expect(ports.pair(40000, 35352)).toBe(true);
  expect(ports.pair(80, 35352)).toBe(false);
  expect(ports.pair(80, 80)).toBe(true);
  expect(ports.pair(40002, 35352)).toBe(true);
  expect(ports.toModel(40000)).toBe(40000);
});

describe('orders that the log leaves open', () => {
  const searched = (log: string): ReturnType<typeof searchReplay> => searchReplay('test.log', readEvents([log.replace(/^\n/, '')]));

  test('a call can be overtaken in the middle: what arrives while epoll_wait hands out events is in front of them the next time', () => {
    const report = searched(`
7  epoll_create1(0) = 3
7  eventfd2(1, 0) = 4
7  eventfd2(1, 0) = 5
7  eventfd2(0, 0) = 6
7  epoll_ctl(3, EPOLL_CTL_ADD, 4, {events=EPOLLIN, data={u32=4, u64=4}}) = 0
7  epoll_ctl(3, EPOLL_CTL_ADD, 5, {events=EPOLLIN, data={u32=5, u64=5}}) = 0
7  epoll_ctl(3, EPOLL_CTL_ADD, 6, {events=EPOLLIN, data={u32=6, u64=6}}) = 0
7  clone(child_stack=NULL, flags=CLONE_VM|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD) = 8
7  epoll_wait(3,  <unfinished ...>
8  write(6, "\\1\\0\\0\\0\\0\\0\\0\\0", 8) = 8
7  <... epoll_wait resumed>[{events=EPOLLIN, data={u32=4, u64=4}}, {events=EPOLLIN, data={u32=5, u64=5}}], 3, 0) = 2
7  epoll_wait(3, [{events=EPOLLIN, data={u32=6, u64=6}}, {events=EPOLLIN, data={u32=4, u64=4}}, {events=EPOLLIN, data={u32=5, u64=5}}], 3, 0) = 3
`);
    expect(report).toMatchObject({ divergences: [], choices: 1 });
  });

  test('two calls that both acted at their ends are found, although each alone leads no further', () => {
    const report = searched(`
7  epoll_create1(0) = 3
7  eventfd2(0, 0) = 4
7  eventfd2(0, 0) = 5
7  epoll_ctl(3, EPOLL_CTL_ADD, 4, {events=EPOLLIN, data={u32=4, u64=4}}) = 0
7  epoll_ctl(3, EPOLL_CTL_ADD, 5, {events=EPOLLIN, data={u32=5, u64=5}}) = 0
7  clone(child_stack=NULL, flags=CLONE_VM|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD) = 8
7  clone(child_stack=NULL, flags=CLONE_VM|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD) = 9
8  write(4, "\\1\\0\\0\\0\\0\\0\\0\\0", 8 <unfinished ...>
9  write(5, "\\1\\0\\0\\0\\0\\0\\0\\0", 8 <unfinished ...>
7  epoll_wait(3, [], 8, 0) = 0
9  <... write resumed>) = 8
8  <... write resumed>) = 8
7  epoll_wait(3, [{events=EPOLLIN, data={u32=5, u64=5}}, {events=EPOLLIN, data={u32=4, u64=4}}], 8, 0) = 2
`);
    expect(report.divergences).toEqual([]);
    expect(report.choices).toBeGreaterThanOrEqual(2);
  });

  test('what no order gives is a divergence', () => {
    const report = searched(`
7  epoll_create1(0) = 3
7  eventfd2(0, 0) = 4
7  epoll_ctl(3, EPOLL_CTL_ADD, 4, {events=EPOLLIN, data={u32=4, u64=4}}) = 0
7  clone(child_stack=NULL, flags=CLONE_VM|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD) = 8
8  write(4, "\\1\\0\\0\\0\\0\\0\\0\\0", 8) = 8
7  epoll_wait(3, [], 8, 0) = 0
`);
    expect(report.divergences.map(({ line, linux, model }) => ({ line, linux, model }))).toEqual([{ line: 6, linux: '= 0', model: '= 1' }]);
  });
});
