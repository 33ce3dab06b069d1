/**
 * The scripts of tests/epoll on the real kernel: what the model must answer, Linux 6.18 answers too.
 */

import * as fc from 'fast-check';
import { type Node, parseSource, readFolder, type Source, walkAll } from '../tidy/source.js';
import { Live, whyNotLive } from './live.js';
import { runOnModel } from './model.js';
import { randomScript } from './random.js';
import { type Answer, compare, compile } from './script.js';

/** Every `holds(...)` of a file, with the name of the test around it. */
function scriptsOf(source: Source): { name: string; text: string }[] {
  const found: { name: string; text: string }[] = [];
  const callee = (node: Node): string => String((node['callee'] as Node)['value']);
  const first = (node: Node): Node => (node['arguments'] as { expression: Node }[])[0]!.expression;
  walkAll(source, (node, parents) => {
    if (node.type !== 'CallExpression' || callee(node) !== 'holds' || first(node).type !== 'TemplateLiteral') return;
    const test = parents.filter((parent) => parent.type === 'CallExpression' && callee(parent) === 'test').at(-1);
    const name = test === undefined ? '?' : String(first(test)['value']);
    found.push({ name, text: (first(node)['quasis'] as { cooked: string }[]).map((quasi) => quasi.cooked).join('') });
  });
  return found;
}

const scripts = readFolder('tests/epoll').filter(({ path }) => path.endsWith('.test.ts')).flatMap(scriptsOf);
const why = whyNotLive();

test('scripts are found in the tests of epoll', () => {
  expect(scripts.length).toBeGreaterThan(60);
  expect(scriptsOf(parseSource('x.ts', "test('F1: a', () => { holds(`x = y`); });"))).toEqual([{ name: 'F1: a', text: 'x = y' }]);
});

if (why !== null) {
  // oxlint-disable-next-line jest/no-disabled-tests -- only the kernel that is modelled can be asked
  test.skip(`${scripts.length} scripts are not run on the real kernel: ${why}`, () => {});
} else {
  describe('on the real kernel', () => {
    const live = new Live();
    const compiled = scripts.map(({ text }) => compile(text));
    const given = live.run(compiled);
    afterAll(() => live.close());

    test.each(scripts.map(({ name }, index) => [name, index] as const))('%s', (_name, index) => {
      const { was, must } = compare(compiled[index]!, given[index]!);
      expect(was).toEqual(must);
    });

    test('random scripts answer alike on the model and on the real kernel', () => {
      const lines = (answers: readonly Answer[]): string[] => answers.map(({ call, text }) => `${call.text} -> ${text}`);
      const alike = (text: string): void => {
        const script = compile(text);
        expect(lines(runOnModel(script))).toEqual(lines(live.run([script])[0]!));
      };
      // EPOLLSIM_RANDOM_RUNS=20000 EPOLLSIM_RANDOM_SEED=7 searches further
      const seed = Number(process.env['EPOLLSIM_RANDOM_SEED'] ?? 618);
      const numRuns = Number(process.env['EPOLLSIM_RANDOM_RUNS'] ?? 300);
      fc.assert(fc.property(randomScript(), alike), { seed, numRuns });
    }, 3_600_000);
  });
}
