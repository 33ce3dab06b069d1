/**
 * Hazards seen in passing: each on a small program that has it, and none on programs that do it well.
 */

import { EAGAIN, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLLET, EPOLLIN, EPOLLOUT, O_NONBLOCK, type Program, scenarioNamed } from 'epollsim';
import { scenarioSource, Session } from '../../src/debug/index.js';
import { asked, kinds } from './asked.js';

const hazards = (program: Program) => asked(program).hazards();

test('an edge-triggered descriptor is not drained before the next wait; drained it is no hazard', () => {
  const reader = (drain: boolean): Program => function* (sys) {
    const [r, w] = yield* sys.pipe2(O_NONBLOCK);
    const ep = yield* sys.epoll_create1();
    yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, { events: EPOLLIN | EPOLLET });
    for (let n = 0; n < 3; n++) {
      yield* sys.write(w, '0123456789');
      yield* sys.epoll_wait(ep, 8, 0);
      do { if ((yield* sys.read(r, 4)).ret === -EAGAIN) break; } while (drain);
    }
    yield* sys.epoll_wait(ep, 8, 0);
  };
  const found = hazards(reader(false));
  expect(kinds(found)).toEqual(['edge-left-undrained']);
  expect(found[0]).toMatchObject({ fd: 3, times: 1 });
  expect(hazards(reader(true))).toEqual([]);
});

test('closed without EPOLL_CTL_DEL while a duplicate lives', () => {
  const s = new Session(scenarioSource(scenarioNamed('dup-close')!));
  const found = s.hazards().filter(({ kind }) => kind === 'closed-while-registered');
  expect(found).toHaveLength(1);
  expect(s.state(found[0]!.step).entry).toMatchObject({ kind: 'sysret', name: 'close' });
  const deleted = hazards(function* (sys) {
    const [r] = yield* sys.pipe();
    yield* sys.dup(r);
    const ep = yield* sys.epoll_create1();
    yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, { events: EPOLLIN });
    yield* sys.epoll_ctl(ep, EPOLL_CTL_DEL, r);
    yield* sys.close(r);
  });
  expect(deleted).toEqual([]);
});

test('level-triggered EPOLLOUT with nothing to write', () => {
  const writer = (write: boolean): Program => function* (sys) {
    const [, w] = yield* sys.pipe();
    const ep = yield* sys.epoll_create1();
    yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, w, { events: EPOLLOUT });
    for (let n = 0; n < 5; n++) {
      yield* sys.epoll_wait(ep, 8, 0);
      if (write) yield* sys.write(w, 'x');
    }
  };
  expect(kinds(hazards(writer(false)))).toEqual(['level-out-without-data']);
  expect(hazards(writer(true))).toEqual([]);
});

test('the number of a batch is another file before the batch is over', () => {
  const found = hazards(function* (sys) {
    const [a, wa] = yield* sys.pipe();
    const [b, wb] = yield* sys.pipe();
    const ep = yield* sys.epoll_create1();
    for (const fd of [a, b]) yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events: EPOLLIN });
    yield* sys.write(wa, 'x');
    yield* sys.write(wb, 'x');
    yield* sys.epoll_wait(ep, 8, 0);
    yield* sys.close(b);
    yield* sys.eventfd(0);
    yield* sys.read(a, 8);
    yield* sys.epoll_wait(ep, 8, 0);
  });
  expect(kinds(found)).toEqual(['number-reused-in-batch']);
  expect(found[0]!.fd).toBe(5);
});

test('more is ready than maxevents lets through', () => {
  const waiter = (max: number): Program => function* (sys) {
    const ep = yield* sys.epoll_create1();
    for (let n = 0; n < 3; n++) {
      const [r, w] = yield* sys.pipe();
      yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, { events: EPOLLIN });
      yield* sys.write(w, 'x');
    }
    yield* sys.epoll_wait(ep, max, 0);
  };
  expect(kinds(hazards(waiter(2)))).toEqual(['maxevents-too-small']);
  expect(hazards(waiter(3))).toEqual([]);
});
