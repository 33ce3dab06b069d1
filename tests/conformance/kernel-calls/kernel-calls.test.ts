/**
 * The model runs the scenarios that were recorded on a real kernel and must enter the same kernel functions in the
 * same order, nested in the same way, with the same values, and give programs the same results.
 * `KERNEL_CALLS_REPORT=file npx jest tests/conformance/kernel-calls` writes the whole comparison to a file.
 */

import { writeFileSync } from 'node:fs';
import { checkInvariants } from '../../../src/inspect/invariants.js';
import { causes, compareRun, type ModelRun, reportText, runScenario } from './report.js';
import { known, KNOWN_FILE, reasons } from './known.js';
import { recording, scenarios } from './recorded.js';

const found = (ran: ModelRun): Record<string, number> =>
  Object.fromEntries(causes([compareRun(ran, 'tcp')]).map((c): [string, number] => [c.cause, c.count]).sort(([a], [b]) => (a < b ? -1 : 1)));

if (process.env['KERNEL_CALLS_BASELINE'] === 'write') {
  const all = scenarios.map((scenario) => [scenario, found(runScenario(scenario))] as const).filter(([, list]) => Object.keys(list).length > 0);
  writeFileSync(KNOWN_FILE, `${JSON.stringify(Object.fromEntries(all), null, 1)}\n`);
}

describe.each(scenarios)('%s', (scenario) => {
  const ran = runScenario(scenario);
  const [title = scenario] = recording(scenario).script;

  test(`${title.replace(/^# */, '')}: the model does what Linux did, but for what is known`, () => {
    expect(found(ran)).toEqual(known[scenario] ?? {});
  });

  test('all invariants hold when the scenario is over', () => {
    if (ran.run !== null) checkInvariants(ran.run.k);
  });
});

test('every scenario with known differences has a reason, and every reason is needed', () => {
  expect(Object.keys(known).sort()).toEqual(Object.keys(reasons).sort());
  for (const scenario of Object.keys(reasons)) expect(scenarios).toContain(scenario);
});

test('the comparison can be written down', () => {
  const text = reportText(process.env['KERNEL_CALLS_PROFILE'] === 'all' ? 'all' : 'tcp', process.env['KERNEL_CALLS_PROFILE'] === 'all');
  expect(text).toMatch(/^- tcp: \d+ of \d+ calls all equal/m);
  if (process.env['KERNEL_CALLS_REPORT'] !== undefined) writeFileSync(process.env['KERNEL_CALLS_REPORT'], text);
});
