/**
 * Why did this event come? For each kind of file the chain from the call that caused it to the result of epoll_wait.
 */

import { AF_UNIX, CLOCK_MONOTONIC, EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLLET, EPOLLIN, EPOLLOUT, scenarioNamed, SOCK_STREAM } from 'epollsim';
import { scenarioSource, Session } from '../../src/debug/index.js';
import { asked, connected, expectSound, texts } from './asked.js';

test('TCP: write, segment, sk_data_ready, callback, ready list, epoll_wait', () => {
  const s = asked({
    *server(sys) {
      const [client, server] = yield* connected(sys);
      const ep = yield* sys.epoll_create1();
      yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, server, { events: EPOLLIN | EPOLLET });
      yield* sys.fork(function* client_(sys) {
        yield* sys.msleep(1);
        yield* sys.write(client, '0123456789');
      });
      yield* sys.epoll_wait(ep, 8, -1);
    },
  });
  const why = s.why(5, s.count - 1);
  expectSound(s, why);
  expect(why.cause).toBe('data');
  expect(why.answer).toMatch(/^server\(1\) is handed EPOLLIN for fd 5, as event 0, because 10 bytes arrived on sock#\d+ \(fd 5\)$/);
  expect(texts(why)).toEqual([
    'client_(2) calls write(4, "0123456789", 10)',
    'sock (fd 4) sends a segment: PSH|ACK, 10 bytes',
    'is there enough on sock (fd 5) to tell its readers?',
    'those who wait on sock (fd 5) are told that there is something to read',
    'ep_poll_callback is told of EPOLLIN|EPOLLPRI|EPOLLRDNORM|EPOLLRDBAND on fd 5 of ep',
    'ep_poll_callback put fd 5 on the ready list of ep because 10 bytes arrived on sock (fd 5)',
    'client_(2) wakes server(1)',
    'server(1) is handed EPOLLIN for fd 5, as event 0',
    'epoll_wait returns 1 to server(1)',
  ]);
});

test.each(['pipe', 'eventfd', 'unix socket'])('a %s: the write is the cause', (what) => {
  const s = asked(function* (sys) {
    const [r, w] = what === 'pipe' ? yield* sys.pipe() : what === 'eventfd' ? [yield* sys.eventfd(0)] : yield* sys.socketpair(AF_UNIX, SOCK_STREAM);
    const ep = yield* sys.epoll_create1();
    yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, { events: EPOLLIN });
    yield* sys.write(w ?? r, new Uint8Array(8).fill(1));
    yield* sys.epoll_wait(ep, 8, 0);
  });
  const why = s.why(3, s.count - 1);
  expectSound(s, why);
  expect(why.cause).toBe('data');
  expect(texts(why)[0]).toMatch(/^main\(1\) calls write\(/);
  expect(texts(why).filter((text) => text.startsWith('ep_poll_callback put fd 3 on the ready list of ep because main(1)'))).toHaveLength(1);
  expect(texts(why).at(-1)).toBe('epoll_wait returns 1 to main(1)');
});

test('a timerfd: its expiry is the cause, and a listener: a finished connection', () => {
  const s = asked(function* (sys) {
    const t = yield* sys.timerfd_create(CLOCK_MONOTONIC);
    const ep = yield* sys.epoll_create1();
    yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, t, { events: EPOLLIN });
    yield* sys.timerfd_settime(t, 5_000_000);
    yield* sys.epoll_wait(ep, 8, -1);
  });
  const timer = s.why(3, s.count - 1);
  expectSound(s, timer);
  expect(timer.cause).toBe('timer');
  expect(timer.answer).toMatch(/because timerfd#\d+ expired$/);
  const l = new Session(scenarioSource(scenarioNamed('accept-once')!));
  const listener = l.viewAt(400).items[0]!.fd;
  const accept = l.why(listener, l.count - 1);
  expectSound(l, accept);
  expect(accept.cause).toBe('connection');
});

test('level-triggered: the second event has the same first cause as the first one', () => {
  const s = asked(function* (sys) {
    const [r, w] = yield* sys.pipe();
    const ep = yield* sys.epoll_create1();
    yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, { events: EPOLLIN });
    yield* sys.write(w, 'x');
    yield* sys.epoll_wait(ep, 8, 0);
    yield* sys.epoll_wait(ep, 8, 0);
  });
  const why = s.why(3, s.count - 1);
  expectSound(s, why);
  expect(why.cause).toBe('data');
  expect(texts(why)).toEqual(expect.arrayContaining(['main(1) calls write(4, "x", 1)', 'ep_send_events put fd 3 on the ready list of ep because it is level-triggered: the next epoll_wait looks at it again']));
});

test('ready when added, ready when modified, and an end that was closed', () => {
  const s = asked(function* (sys) {
    const [r, w] = yield* sys.pipe();
    const ep = yield* sys.epoll_create1();
    yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, w, { events: EPOLLOUT | EPOLLET });
    yield* sys.epoll_wait(ep, 8, 0);
    yield* sys.epoll_ctl(ep, EPOLL_CTL_MOD, w, { events: EPOLLOUT | EPOLLET });
    yield* sys.epoll_wait(ep, 8, 0);
    yield* sys.close(r);
    yield* sys.epoll_wait(ep, 8, 0);
  });
  const waits = s.run.found.calls.filter(({ name }) => name === 'epoll_wait').map(({ to }) => to!);
  const [added, modified, closed] = waits.map((step) => s.why(4, step));
  expect(added!.answer).toContain('because it was ready when it was added');
  expect(texts(added!)[0]).toContain('EPOLL_CTL_ADD');
  expect(modified!.answer).toContain('because it was ready when it was modified');
  expect(closed!).toMatchObject({ cause: 'end' });
  expect(closed!.answer).toMatch(/because main\(1\) closed its end of pipe#\d+/);
  for (const one of [added!, modified!, closed!]) expectSound(s, one);
});

test('an event that fired during a scan came over ovflist', () => {
  const s = new Session(scenarioSource(scenarioNamed('during-scan')!));
  const why = s.why(8, s.count - 1);
  expectSound(s, why);
  expect(texts(why).some((text) => text.startsWith('ep_poll_callback chained fd 8 on ovflist'))).toBe(true);
  expect(texts(why)).toContain('ep_done_scan put fd 8 on the ready list of ep because it fired during the scan that ends now');
  expect(why.cause).toBe('data');
});

test('no event yet: the answer says so', () => {
  const s = asked(function* (sys) {
    yield* sys.pipe();
  });
  expect(s.why(3)).toMatchObject({ cause: 'none', links: [] });
});
