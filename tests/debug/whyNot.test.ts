/**
 * Why does no event come? One small program for each cause, which has exactly that one; the chain ends with the link that is missing.
 */

import {
  AF_INET, AF_UNIX, CLOCK_MONOTONIC, EAGAIN, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLLET, EPOLLEXCLUSIVE, EPOLLIN, EPOLLONESHOT, EPOLLOUT, EPOLLPRI, O_NONBLOCK, type Program,
  scenarioNamed, SO_RCVLOWAT, SOCK_STREAM, SOL_SOCKET,
} from 'epollsim';
import { scenarioSource, Session } from '../../src/debug/index.js';
import type { Explanation } from '../../src/inspect/explain.js';
import { asked, connected, expectSound, texts } from './asked.js';

/** The answer at the last step but those of the end of the programs. */
function whyNot(s: Session, fd: number): Explanation {
  const end = s.run.found.calls.find(({ name }) => name === 'exit_group')?.from ?? s.count;
  const answer = s.whyNot(fd, end - 1);
  expectSound(s, answer);
  expect(answer.links.at(-1)!.missing).toBe(true);
  expect(answer.links.slice(0, -1).every(({ missing }) => !missing)).toBe(true);
  return answer;
}

const et: Program = function* (sys) {
  const [r, w] = yield* sys.pipe();
  const ep = yield* sys.epoll_create1();
  yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, { events: EPOLLIN | EPOLLET });
  yield* sys.write(w, '0123456789');
  yield* sys.epoll_wait(ep, 8, 0);
  yield* sys.read(r, 4);
  yield* sys.epoll_wait(ep, 8, 0);
};

test('edge-triggered: the edge was told, and bytes are left unread', () => {
  const s = asked(et);
  const answer = whyNot(s, 3);
  expect(answer.cause).toBe('edge-consumed');
  expect(answer.answer).toMatch(/^fd 3 is edge-triggered, and its edge was told at step \d+, with 6 bytes left unread; .*read until EAGAIN$/);
  expect(texts(answer).slice(-2)).toEqual(['main(1) is handed EPOLLIN for fd 3, as event 0', 'MISSING no ep_poll_callback for fd 3 since the event']);
});

test('edge-triggered on TCP, a unix socket, a listener and an eventfd', () => {
  const s = asked(function* (sys) {
    const [client, server] = yield* connected(sys);
    const [a, b] = yield* sys.socketpair(AF_UNIX, SOCK_STREAM);
    const e = yield* sys.eventfd(0);
    const ep = yield* sys.epoll_create1();
    for (const fd of [server, a, e]) yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events: EPOLLIN | EPOLLET });
    yield* sys.write(client, 'abc');
    yield* sys.write(b, 'xy');
    yield* sys.write(e, new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]));
    yield* sys.epoll_wait(ep, 8, 0);
    yield* sys.epoll_wait(ep, 8, 0);
  });
  expect(whyNot(s, 5)).toMatchObject({ cause: 'edge-consumed', answer: expect.stringContaining('with 3 bytes left unread') });
  expect(whyNot(s, 6)).toMatchObject({ cause: 'edge-consumed', answer: expect.stringContaining('with 2 bytes left unread') });
  expect(whyNot(s, 8)).toMatchObject({ cause: 'edge-consumed', answer: expect.stringContaining('what was told of is still there') });
});

test('edge-triggered on a listener: one connection was accepted of two', () => {
  const s = asked(function* (sys) {
    const listener = yield* sys.socket(AF_INET, SOCK_STREAM);
    yield* sys.bind(listener, { port: 80 });
    yield* sys.listen(listener, 8);
    const ep = yield* sys.epoll_create1();
    yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, listener, { events: EPOLLIN | EPOLLET });
    for (let n = 0; n < 2; n++) yield* sys.connect(yield* sys.socket(AF_INET, SOCK_STREAM), { port: 80 });
    yield* sys.epoll_wait(ep, 8, 0);
    yield* sys.accept(listener);
    yield* sys.epoll_wait(ep, 8, 0);
  });
  expect(whyNot(s, 3)).toMatchObject({ cause: 'edge-consumed', answer: expect.stringContaining('with 1 connection left to accept') });
});

test('one-shot: disarmed by its event, and not armed again', () => {
  const s = asked(function* (sys) {
    const [r, w] = yield* sys.pipe();
    const ep = yield* sys.epoll_create1();
    yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, { events: EPOLLIN | EPOLLONESHOT });
    yield* sys.write(w, 'x');
    yield* sys.epoll_wait(ep, 8, 0);
    yield* sys.write(w, 'y');
    yield* sys.epoll_wait(ep, 8, 0);
  });
  const answer = whyNot(s, 3);
  expect(answer.cause).toBe('oneshot-disarmed');
  expect(texts(answer)).toContain('ep_poll_callback is told of EPOLLIN|EPOLLRDNORM on fd 3 of ep, which is one-shot, has fired and is deaf until it is modified');
});

test('the key of the wake-up is not among what was asked for', () => {
  const s = asked(function* (sys) {
    const [r, w] = yield* sys.pipe();
    const ep = yield* sys.epoll_create1();
    yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, { events: EPOLLPRI });
    yield* sys.write(w, 'x');
    yield* sys.epoll_wait(ep, 8, 0);
  });
  const answer = whyNot(s, 3);
  expect(answer.cause).toBe('key-filtered');
  expect(answer.answer).toMatch(/EPOLLIN\|EPOLLRDNORM, is not among what ep#\d+ was asked for, EPOLLPRI\|EPOLLERR\|EPOLLHUP: the callback dropped it$/);
});

test('exclusive: another epoll took the wake-up', () => {
  const s = asked(function* (sys) {
    const [r, w] = yield* sys.pipe();
    for (const who of ['first', 'second']) {
      const ep = yield* sys.epoll_create1();
      yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, { events: EPOLLIN | EPOLLEXCLUSIVE });
      yield* sys.thread(function* waiter(sys) {
        yield* sys.epoll_wait(ep, 8, who === 'first' ? -1 : 20);
      });
    }
    yield* sys.msleep(1);
    yield* sys.write(w, 'x');
    yield* sys.msleep(1);
    yield* sys.getpid();
  });
  const second = [...s.evidence.items.values()][1]!;
  const step = s.run.found.calls.find(({ name }) => name === 'getpid')!.from;
  const answer = s.whyNot(3, step, { ep: second.ep });
  expectSound(s, answer);
  expect(answer.cause).toBe('exclusive-taken');
  expect(answer.answer).toContain(`the exclusive item of fd 3 in ep#${[...s.evidence.items.values()][0]!.ep} took the wake-up`);
});

test('on ovflist, while a scan runs, and on the list of the scan', () => {
  const s = new Session(scenarioSource(scenarioNamed('during-scan')!));
  const item = [...s.evidence.items.values()].find(({ fd }) => fd === 8)!;
  const chained = item.chained[0]!;
  const answer = s.whyNot(8, chained + 20);
  expectSound(s, answer);
  expect(answer.cause).toBe('on-ovflist');
  expect(answer.answer).toMatch(new RegExp(`^fd 8 fired at step ${chained} while a scan of ep#\\d+ was running`));
  expect(s.whyNot(6, s.continue({ kind: 'function', name: 'ep_item_poll' }).step)).toMatchObject({ fd: 6 });
  const scan = s.evidence.items.get([...s.evidence.items.values()].find(({ fd }) => fd === 6)!.id)!.puts[0]!;
  s.goto(scan);
  const begins = s.continue({ kind: 'function', name: 'ep_item_poll' }).step;
  expect(s.whyNot(6, begins).cause).toBe('in-scan');
});

test('SOCK_NOSPACE was never set: an edge of EPOLLOUT is waited for without having met a full buffer', () => {
  const s = asked(function* (sys) {
    const [client] = yield* connected(sys);
    const ep = yield* sys.epoll_create1();
    yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, client, { events: EPOLLOUT | EPOLLET });
    yield* sys.epoll_wait(ep, 8, 0);
    yield* sys.write(client, 'some');
    yield* sys.epoll_wait(ep, 8, 0);
  });
  const answer = whyNot(s, 4);
  expect(answer.cause).toBe('nospace-never-set');
  expect(answer.answer).toContain('write until EAGAIN before you wait for EPOLLOUT');
});

test('no room to write', () => {
  const s = asked(function* (sys) {
    const [, w] = yield* sys.pipe2(O_NONBLOCK);
    const ep = yield* sys.epoll_create1();
    while ((yield* sys.write(w, new Uint8Array(65536))) !== -EAGAIN);
    yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, w, { events: EPOLLOUT });
    yield* sys.epoll_wait(ep, 8, 0);
  });
  expect(whyNot(s, 4).cause).toBe('no-room');
});

test('fewer bytes than SO_RCVLOWAT', () => {
  const s = asked(function* (sys) {
    const [client, server] = yield* connected(sys);
    yield* sys.setsockopt(server, SOL_SOCKET, SO_RCVLOWAT, 100);
    const ep = yield* sys.epoll_create1();
    yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, server, { events: EPOLLIN });
    yield* sys.write(client, '0123456789');
    yield* sys.epoll_wait(ep, 8, 0);
  });
  const answer = whyNot(s, 5);
  expect(answer.cause).toBe('below-rcvlowat');
  expect(answer.answer).toContain('has 10 bytes, fewer than its SO_RCVLOWAT of 100');
  expect(texts(answer).at(-1)).toBe('MISSING 90 more bytes');
});

test('never registered; under another number; removed; not open', () => {
  const s = asked(function* (sys) {
    const [r, w] = yield* sys.pipe();
    const copy = yield* sys.dup(r);
    const ep = yield* sys.epoll_create1();
    yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, { events: EPOLLIN });
    const [r2] = yield* sys.pipe();
    yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r2, { events: EPOLLIN });
    yield* sys.epoll_ctl(ep, EPOLL_CTL_DEL, r2);
    yield* sys.write(w, 'x');
    sys.expect([r, w, copy, ep, r2], [3, 4, 5, 6, 7]);
  });
  expect(whyNot(s, 4).cause).toBe('never-registered');
  expect(whyNot(s, 5)).toMatchObject({ cause: 'another-number', answer: expect.stringContaining('is registered, but as fd 3') });
  expect(whyNot(s, 7)).toMatchObject({ cause: 'removed', answer: expect.stringContaining('EPOLL_CTL_DEL') });
  expect(whyNot(s, 77).cause).toBe('not-open');
});

test('the number is another file now: the item watches the old one', () => {
  const s = asked(function* (sys) {
    const [r] = yield* sys.pipe();
    yield* sys.dup(r);
    const ep = yield* sys.epoll_create1();
    yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, { events: EPOLLIN });
    yield* sys.close(r);
    const [again, w] = yield* sys.pipe();
    yield* sys.write(w, 'x');
    yield* sys.epoll_wait(ep, 8, 0);
    sys.expect(again, r);
  });
  const answer = whyNot(s, 3);
  expect(answer.cause).toBe('another-file');
  expect(answer.answer).toContain('fd 3 is another file now');
  expect(answer.answer).toContain('fd 5 still refers to it');
});

test('dropped as not ready: read before epoll_wait came to it', () => {
  const s = asked(function* (sys) {
    const [r, w] = yield* sys.pipe();
    const ep = yield* sys.epoll_create1();
    yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, { events: EPOLLIN });
    yield* sys.write(w, 'x');
    yield* sys.read(r, 8);
    yield* sys.epoll_wait(ep, 8, 0);
  });
  const answer = whyNot(s, 3);
  expect(answer.cause).toBe('dropped-not-ready');
  expect(texts(answer)).toEqual([
    'ep_poll_callback put fd 3 on the ready list of ep because main(1) wrote to pipe (fd 4)', 'main(1) reads from pipe (fd 3)', 'what is ready on fd 3, of EPOLLIN|EPOLLERR|EPOLLHUP?',
    'MISSING fd 3 is not ready, so it is not on the list',
  ]);
});

test('woken, but another had taken it', () => {
  const s = asked(function* (sys) {
    const [r, w] = yield* sys.pipe2(O_NONBLOCK);
    for (const name of ['one', 'two']) {
      const ep = yield* sys.epoll_create1();
      yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, { events: EPOLLIN });
      yield* sys.thread(function* worker(sys) {
        const { ret } = yield* sys.epoll_wait(ep, 8, 50);
        if (ret > 0) yield* sys.read(r, 8);
        sys.expect(name.length, 3);
      });
    }
    yield* sys.msleep(1);
    yield* sys.write(w, 'x');
    yield* sys.msleep(1);
    yield* sys.getpid();
  });
  const step = s.run.found.calls.find(({ name }) => name === 'getpid')!.from;
  const causes = [...s.evidence.items.values()].map(({ ep }) => s.whyNot(3, step, { ep }));
  for (const answer of causes) expectSound(s, answer);
  expect(causes.map(({ cause }) => cause).sort()).toEqual(['drained-by-another', 'on-ready-list']);
  expect(causes.find(({ cause }) => cause === 'on-ready-list')!.answer).toContain('but it is not ready now');
  expect(causes.find(({ cause }) => cause === 'drained-by-another')!.answer).toMatch(/worker\(\d\) had taken what was there: it was dropped, and nothing was told$/);
});

test('on the ready list, and nobody waits; all told; nothing arrived; a timer that has not expired', () => {
  const s = asked(function* (sys) {
    const [r, w] = yield* sys.pipe();
    const [r2, w2] = yield* sys.pipe();
    const t = yield* sys.timerfd_create(CLOCK_MONOTONIC, 0);
    const ep = yield* sys.epoll_create1();
    for (const fd of [r, r2, t]) yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events: EPOLLIN });
    yield* sys.timerfd_settime(t, 1_000_000_000);
    yield* sys.write(w2, 'x');
    yield* sys.epoll_wait(ep, 8, 0);
    yield* sys.read(r2, 8);
    yield* sys.epoll_wait(ep, 8, 0);
    yield* sys.write(w, 'x');
  });
  expect(whyNot(s, 3)).toMatchObject({ cause: 'on-ready-list', answer: expect.stringMatching(/^nothing is missing but a call/) });
  expect(['all-told', 'dropped-not-ready']).toContain(whyNot(s, 5).cause);
  expect(whyNot(s, 7).cause).toBe('nothing-arrived');
});

test('armed again, a one-shot item is not deaf any more', () => {
  const s = asked(function* (sys) {
    const [r, w] = yield* sys.pipe();
    const ep = yield* sys.epoll_create1();
    yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, { events: EPOLLIN | EPOLLONESHOT });
    yield* sys.write(w, 'x');
    yield* sys.epoll_wait(ep, 8, 0);
    yield* sys.epoll_ctl(ep, EPOLL_CTL_MOD, r, { events: EPOLLIN | EPOLLONESHOT });
  });
  expect(whyNot(s, 3).cause).toBe('on-ready-list');
});
