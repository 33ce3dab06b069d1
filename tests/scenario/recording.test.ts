/** A run as a string: every recording comes back whole, and a string that is none is refused with the reason. */

import fc from 'fast-check';
import { parseRecording, RecordingError } from '../../src/scenario/index.js';
import { recordingText, type Recording } from '../../src/scenario/recording.js';

const NONE: Recording = { scenario: '', options: {}, preempt: 'listed', points: [], seed: 1, choices: [], interventions: [] };

const text = fc.string({ minLength: 1, maxLength: 12, unit: 'binary' });
const recordings: fc.Arbitrary<Recording> = fc.record({
  scenario: text,
  options: fc.dictionary(text.filter((name) => name !== '__proto__'), text, { maxKeys: 3, noNullPrototype: true }),
  preempt: fc.constantFrom('never', 'listed', 'all'),
  points: fc.array(text, { maxLength: 3 }),
  seed: fc.integer({ min: -(2 ** 31), max: 2 ** 31 }),
  choices: fc.array(fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, fc.nat(300)), { maxLength: 400 }),
  interventions: fc.array(fc.record({ resume: fc.nat(100_000), choice: fc.nat(9) }), { maxLength: 4 })
    .map((list) => list.sort((a, b) => a.resume - b.resume)),
});

/** Zeros at the end need not be written: behind the end the first alternative is taken. */
function withoutTail(choices: readonly number[]): number[] {
  let end = choices.length;
  while (end > 0 && choices[end - 1] === 0) end--;
  return choices.slice(0, end);
}

test('what is written is read again', () => {
  fc.assert(fc.property(recordings, (recording) => {
    expect(parseRecording(recordingText(recording))).toEqual({ ...recording, choices: withoutTail(recording.choices) });
  }), { numRuns: 500, examples: [[{ ...NONE, options: { 'a=b': '=c' } }]] });
});

test('a recording is one word of plain characters', () => {
  fc.assert(fc.property(recordings, (recording) => {
    expect(recordingText(recording)).toMatch(/^epollsim1:[\w.~!*'()%;=-]*:[\w.~!*'()%+-]+:-?\d+:[\w-]+:[\w-]{4}$/);
  }));
});

test('it is short: long runs of first comers cost nothing', () => {
  expect(recordingText({ ...NONE, scenario: 'echo', choices: [...Array.from({ length: 5000 }, () => 0), 1] }).length).toBeLessThan(40);
});

test('any change of a character is noticed', () => {
  const good = recordingText({ ...NONE, scenario: 'echo', options: { trigger: 'ET' }, preempt: 'all', seed: 7, choices: [0, 2, 0, 0, 1] });
  expect(parseRecording(`  ${good}\n`).choices).toEqual([0, 2, 0, 0, 1]);
  let accepted = 0;
  for (let at = 0; at < good.length; at++) {
    for (const other of 'aZ0:-') {
      if (other === good[at]) continue;
      try {
        parseRecording(good.slice(0, at) + other + good.slice(at + 1));
        accepted++;
      } catch (error) {
        expect(error).toBeInstanceOf(RecordingError);
      }
    }
  }
  expect(accepted).toBe(0);
});

test.each([
  ['hello', 'this is not a recording: it does not begin with epollsim1:'],
  ['', 'this is not a recording'],
  ['epollsim1:echo:all', 'the recording has 3 parts instead of 6, so it was not copied whole'],
  ['epollsim1:echo:all:1:-:AAAA', 'its check digits do not fit'],
])('%j is refused', (given, reason) => {
  expect(() => parseRecording(given)).toThrow(reason);
  expect(() => parseRecording(given)).toThrow('a recording looks like epollsim1:NAME:MODE:SEED:CHOICES:CHECK');
});
