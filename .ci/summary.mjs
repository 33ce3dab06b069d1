// Sorts the results of one jest run into gates, prints a line a gate, and the sum as the last line.
import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const out = process.argv[2];
const total = { passed: 0, failed: 0, skipped: 0 };

for (const line of readFileSync(join(out, 'gates'), 'utf8').trim().split('\n').filter(Boolean)) {
  const [name, result, seconds] = line.split(' ');
  total[result]++;
  console.log(`${name.padEnd(12)} ${result} (${seconds} s)`);
}

/** The gate a test file belongs to; the first pattern that fits. */
const GATES = [
  ['layering', /^tests\/tidy\/layers/],
  ['tidy', /^tests\/tidy\//],
  ['docs', /^tests\/docs\//],
  ['facts', /^tests\/facts/],
  ['conformance', /^tests\/(?:conformance|replay)\//],
  ['properties', /^tests\/properties\//],
  ['behaviour', /./],
];

const file = join(out, 'jest.json');
if (existsSync(file)) {
  const gates = new Map(GATES.map(([name]) => [name, { passed: 0, failed: 0, skipped: 0, broken: [] }]));
  for (const suite of JSON.parse(readFileSync(file, 'utf8')).testResults) {
    const path = relative(process.cwd(), suite.name);
    const gate = gates.get(GATES.find(([, pattern]) => pattern.test(path))[0]);
    if (suite.assertionResults.length === 0 && suite.status === 'failed') {
      gate.failed++;
      gate.broken.push(path);
    }
    for (const test of suite.assertionResults) {
      if (test.status === 'passed') gate.passed++;
      else if (test.status === 'failed') {
        gate.failed++;
        gate.broken.push(`${path}: ${test.fullName}`);
      } else gate.skipped++;
    }
  }
  for (const [name, gate] of gates) {
    for (const kind of Object.keys(total)) total[kind] += gate[kind];
    if (gate.passed + gate.failed + gate.skipped === 0) continue;
    console.log(`${name.padEnd(12)} ${gate.failed === 0 ? 'passed' : 'failed'} (${gate.passed} passed, ${gate.failed} failed, ${gate.skipped} skipped)`);
    for (const what of gate.broken) console.log(`  failed: ${what}`);
  }
} else {
  total.failed++;
  console.log('tests        failed (no results)');
}

console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 ? 0 : 1;
