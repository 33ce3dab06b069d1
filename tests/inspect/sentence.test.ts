/**
 * One plain sentence for every step of every built-in scenario, and the sentences that matter word for word.
 */

import { AF_INET, EPOLL_CTL_ADD, EPOLLET, EPOLLIN, machine, type Machine, scenarios, SOCK_STREAM, startScenario } from 'epollsim';
import { History } from '../../src/inspect/history.js';
import { Nesting } from '../../src/inspect/nesting.js';
import { sentenceAt } from '../../src/inspect/sentence.js';

/** The sentences of a run, step by step. */
function told(m: Machine, run: () => void, most = Infinity): string[] {
  const history = new History(m.kernel);
  run();
  const nesting = new Nesting(m.kernel.trace!, history.count);
  const stride = Math.ceil(history.count / most) || 1;
  return Array.from({ length: Math.floor(history.count / stride) }, (_, n) => sentenceAt(nesting, n * stride, history.view(n * stride)));
}

// of the longest runs every seventh step or so: their steps are all alike
test.each(scenarios.map((scenario) => [scenario.name, scenario] as const))('every step of %s has a sentence', (_, scenario) => {
  const story = startScenario(scenario, {}, { trace: true });
  const sentences = told(story.machine, () => story.run(), 2500);
  expect(sentences.length).toBeGreaterThan(100);
  for (const sentence of sentences) {
    expect(sentence).toMatch(/^\S.* .*\S$/);
    expect(sentence.replace(/ calls .*|\/dev\/null/, '')).not.toMatch(/undefined|NaN|null|\{|\}|\[object/);
  }
});

test('a pipe: what is told from the write to the event', () => {
  const m = machine({ trace: true });
  m.process('main', function* (sys) {
    const [r, w] = yield* sys.pipe();
    const ep = yield* sys.epoll_create1();
    yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, { events: EPOLLIN });
    yield* sys.write(w, 'x');
    yield* sys.epoll_wait(ep, 8, 0);
  });
  const sentences = told(m, () => m.run()).map((text) => text.replace(/(ep|pipe)#\d+/g, '$1'));
  const wanted = [
    'main(1) calls epoll_ctl(5, EPOLL_CTL_ADD, 3, {events=EPOLLIN, data={u32=3, u64=3}})',
    'fd 3 waits on pipe.rd_wait',
    'main(1) writes to pipe (fd 4)',
    'main(1) walks the wait queue pipe.rd_wait, head to tail',
    'ep_poll_callback is told of EPOLLIN|EPOLLRDNORM on fd 3 of ep',
    'ep_poll_callback put fd 3 on the ready list of ep because main(1) wrote to pipe (fd 4)',
    'write returns 1 to main(1)',
    'fd 3 is ready: EPOLLIN',
    'main(1) is handed EPOLLIN for fd 3, as event 0',
    'ep_send_events put fd 3 on the ready list of ep because it is level-triggered: the next epoll_wait looks at it again',
    'epoll_wait returns 1 to main(1)',
  ];
  expect(sentences.filter((text) => wanted.includes(text))).toEqual(wanted);
});

test('TCP: bytes that arrive put a descriptor on the ready list', () => {
  const m = machine({ trace: true });
  m.process('main', function* (sys) {
    const listener = yield* sys.socket(AF_INET, SOCK_STREAM);
    yield* sys.bind(listener, { port: 80 });
    yield* sys.listen(listener, 8);
    const client = yield* sys.socket(AF_INET, SOCK_STREAM);
    yield* sys.connect(client, { port: 80 });
    const server = yield* sys.accept(listener);
    const ep = yield* sys.epoll_create1();
    yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, server, { events: EPOLLIN | EPOLLET });
    yield* sys.write(client, '0123456789');
    yield* sys.close(client);
  });
  const put = told(m, () => m.run()).filter((text) => text.includes('ready list')).map((text) => text.replace(/(ep|sock)#\d+/g, '$1'));
  expect(put[0]).toBe('ep_poll_callback put fd 5 on the ready list of ep because 10 bytes arrived on sock (fd 5)');
  const callbacks = put.filter((text) => text.startsWith('ep_poll_callback'));
  expect(callbacks).toHaveLength(1);
});
