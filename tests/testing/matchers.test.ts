/** The matchers: they pass for what is right, and their messages say which run failed, why, and how to see it again. */

import '../../src/testing/jest.js';
import { etStopsEarly } from '../../src/programs/etStopsEarly.js';
import { programNamed } from '../../src/programs/index.js';
import { parseRecording, type Programs } from '../../src/scenario/index.js';
import { matchers, noLostEvent, noSpin } from '../../src/testing/index.js';

const broken = { options: { version: 'broken' }, schedules: 5 };
const fixed = { options: { version: 'fixed' }, schedules: 5 };

/** The message of a matcher that fails. */
function messageOf(assertion: () => void): string {
  try {
    assertion();
  } catch (error) {
    return (error as Error).message;
  }
  return 'it passed';
}

const named = (name: string) => programNamed(name)!;

describe('scenarios', () => {
  test('toLoseNoEvent', () => {
    expect(etStopsEarly).toLoseNoEvent(fixed);
    expect(etStopsEarly).not.toLoseNoEvent(broken);
  });

  test('toTerminate', () => {
    expect(etStopsEarly).toTerminate(['client'], fixed);
    expect(etStopsEarly).not.toTerminate(['client'], broken);
  });

  test('toHaveNoSpin', () => {
    expect(named('emfile-spin')).toHaveNoSpin(fixed);
    expect(named('emfile-spin')).not.toHaveNoSpin(broken);
  });

  test('toDeliver', () => {
    expect(named('echo-loop')).toDeliver({ options: { trigger: 'ET' }, schedules: 5 });
    expect(named('oneshot-forgotten')).not.toDeliver(broken);
  });

  test('toKeep takes a law or several', () => {
    expect(etStopsEarly).toKeep(noSpin(), broken);
    expect(etStopsEarly).toKeep([noSpin(), noLostEvent], fixed);
    expect(etStopsEarly).not.toKeep([noSpin(), noLostEvent], broken);
  });
});

describe('programs', () => {
  const pipe = (read: number, closes: boolean) => (): Programs => ({
    *main(sys) {
      const [a, b] = sys.must(yield* sys.socketpair(1, 1));
      yield* sys.write(b, 'abc');
      yield* sys.close(b);
      yield* sys.read(a, read);
      if (closes) yield* sys.close(a);
      yield* sys.pause();
    },
  });

  test('toLoseNoByte', () => {
    expect(pipe(3, true)).toLoseNoByte({ schedules: 2 });
    expect(pipe(2, true)).not.toLoseNoByte({ schedules: 2 });
  });

  test('toLeakNothing', () => {
    expect(pipe(3, true)).toLeakNothing({ schedules: 2 });
    expect(pipe(3, false)).not.toLeakNothing({ schedules: 2 });
  });

  test('a program that throws, and one that never ends, keep no law', () => {
    const throws = (): Programs => ({ *main(sys) { sys.must(yield* sys.close(99)); } });
    const endless = (): Programs => ({ *main(sys) { for (;;) yield* sys.getpid(); } });
    expect(messageOf(() => expect(throws).toLoseNoByte({ schedules: 1 }))).toContain('a call failed that must not: close(99)');
    expect(messageOf(() => expect(endless).toLoseNoByte({ schedules: 1, stepBudget: 300 }))).toContain('the run took 300 steps');
  });
});

describe('messages', () => {
  test('say which run, what was wrong, the last steps, and the recording', () => {
    const text = messageOf(() => expect(etStopsEarly).toLoseNoEvent(broken));
    expect(text).toMatch(/^expected the programs to lose no event, but first come, first served:\n {2}no-lost-event: server\(1\) sleeps in epoll_wait for ever/);
    expect(text).toMatch(/server\(1\) 0\.001000 epoll_wait\(4, {2}<unfinished \.\.\.>\n/);
    expect(parseRecording(/replay: (\S+)$/.exec(text)![1]!)).toMatchObject({ scenario: 'et-stops-early', options: { version: 'broken' } });
  });

  test('of a failure that was expected and did not come', () => {
    expect(messageOf(() => expect(etStopsEarly).not.toLoseNoEvent(fixed))).toBe('the programs were expected to fail, but all 6 runs did as they should: to lose no event');
  });

  test('expect.extend takes the matchers as they are', () => {
    expect(Object.keys(matchers)).toEqual(['toKeep', 'toDeliver', 'toLoseNoByte', 'toLoseNoEvent', 'toTerminate', 'toHaveNoSpin', 'toLeakNothing']);
  });
});
