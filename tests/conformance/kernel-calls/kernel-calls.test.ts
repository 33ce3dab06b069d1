/**
 * The model runs the scenarios that were recorded on a real kernel and must enter the same kernel functions in the
 * same order, nested in the same way, with the same values, and give programs the same results.
 * `KERNEL_CALLS_REPORT=file npx jest tests/conformance/kernel-calls` writes the whole comparison to a file.
 */

import { writeFileSync } from 'node:fs';
import { checkInvariants } from '../../../src/inspect/invariants.js';
import { causes, compareRun, reportText, runScenario } from './report.js';
import { known } from './known.js';
import { recording, scenarios } from './recorded.js';

const knownIn = (scenario: string): Record<string, number> =>
  Object.fromEntries(known.filter((k) => scenario in k.in).map((k) => [k.cause, k.in[scenario]!]));

describe.each(scenarios)('%s', (scenario) => {
  const ran = runScenario(scenario);
  const [title = scenario] = recording(scenario).script;

  test(`${title.replace(/^# */, '')}: the model does what Linux did, but for what is known`, () => {
    const found = Object.fromEntries(causes([compareRun(ran, 'tcp')]).map((c) => [c.cause, c.count]));
    expect(found).toEqual(knownIn(scenario));
  });

  test('all invariants hold when the scenario is over', () => {
    if (ran.run !== null) checkInvariants(ran.run.k);
  });
});

test('every known difference has a reason, and a scenario that exists', () => {
  for (const { cause, reason, in: where } of known) {
    expect({ cause, long: reason.length > 20 }).toEqual({ cause, long: true });
    for (const scenario of Object.keys(where)) expect(scenarios).toContain(scenario);
  }
});

test('the comparison can be written down', () => {
  const text = reportText(process.env['KERNEL_CALLS_PROFILE'] === 'all' ? 'all' : 'tcp', process.env['KERNEL_CALLS_PROFILE'] === 'all');
  expect(text).toMatch(/^- tcp: \d+ of \d+ calls all equal/m);
  if (process.env['KERNEL_CALLS_REPORT'] !== undefined) writeFileSync(process.env['KERNEL_CALLS_REPORT'], text);
});
