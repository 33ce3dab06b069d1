/**
 * The scripts of tests/epoll on the real kernel: what the model must answer, Linux 6.18 answers too.
 */

import { type Node, parseSource, readFolder, type Source, walkAll } from '../tidy/source.js';
import { Live, whyNotLive } from './live.js';
import { compare, compile } from './script.js';

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
  });
}
