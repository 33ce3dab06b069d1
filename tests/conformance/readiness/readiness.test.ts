/**
 * The readiness table: the model reports what Linux 6.18 does, in every situation. recorded.json holds Linux's answers; where there is Linux 6.18
 * the kernel is asked again. READINESS_RECORD=1 writes them anew (half a minute).
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { situations } from '../../../src/claims/index.js';
import { RealKernel, whyNotLive } from '../../live/kernel.js';
import { onModel, type Readiness, readinessOf, rowName, scriptOf } from './readiness.js';

const FILE = join(__dirname, 'recorded.json');
/** Situations that take seconds of real time are asked only when they are recorded. */
const isSlow = ({ calls }: { readonly calls: readonly string[] }): boolean => calls.some((call) => call.startsWith('sleep(300)'));

function askKernel(some: typeof situations): Record<string, Readiness> {
  const kernel = new RealKernel(join(__dirname, '../../live'));
  try {
    const runs = kernel.run(some.map(scriptOf));
    return Object.fromEntries(some.map((situation, at) => {
      if (runs[at] === null) throw new Error(`${rowName(situation)} took too long`);
      return [rowName(situation), readinessOf(situation, runs[at]!.calls)];
    }));
  } finally {
    kernel.close();
  }
}

if (process.env['READINESS_RECORD'] !== undefined) {
  test('the kernel of this machine is asked', () => {
    const answers = Object.entries(askKernel(situations)).map(([name, answer]) => `  ${JSON.stringify(name)}: ${JSON.stringify(answer)}`);
    writeFileSync(FILE, `{\n${answers.join(',\n')}\n}\n`);
  }, 600_000);
} else {
  const recorded = JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, Readiness>;

  test('every situation is recorded, once, and no other', () => {
    expect(situations.map(rowName)).toEqual(Object.keys(recorded));
  });

  test.each(situations.map((situation) => [rowName(situation), situation] as const))('%s', (name, situation) => {
    expect(onModel(situation)).toEqual(recorded[name]);
  });

  test('poll and epoll agree, and select reads its sets off the same bits', () => {
    const sets = { r: ['IN', 'HUP', 'ERR'], w: ['OUT', 'ERR'], e: ['PRI'] };
    for (const [name, { select, poll, epoll }] of Object.entries(recorded).filter(([, row]) => row.poll !== 'NVAL')) {
      const bits = poll.split(' ');
      const wanted = Object.entries(sets).filter(([, any]) => any.some((bit) => bits.includes(bit))).map(([set]) => set);
      expect([name, epoll, select]).toEqual([name, poll, wanted.join(' ')]);
    }
  });

  const why = whyNotLive();
  if (why !== null) {
    // oxlint-disable-next-line jest/no-disabled-tests -- only the kernel that is modelled can be asked
    test.skip(`the recording is not compared with the kernel: ${why}`, () => {});
  } else {
    test('the kernel of this machine gives the recorded answers', () => {
      const some = situations.filter((situation) => !isSlow(situation));
      const wanted = Object.fromEntries(some.map((situation) => [rowName(situation), recorded[rowName(situation)]]));
      expect(askKernel(some)).toEqual(wanted);
    }, 120_000);
  }
}
