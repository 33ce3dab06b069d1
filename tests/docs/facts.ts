/**
 * Which test holds which fact. A test names the facts it holds at the start of its name, `F25: ...`, `F25 F26: ...`,
 * `PO-5..PO-7: ...`; a describe block may do so for all tests in it. The facts are listed in tests/facts.json.
 */

import { type Node, type Source, isNode, walkAll } from '../tidy/source.js';

export interface Fact {
  id: string;
  group: string;
  text: string;
}

const ID = String.raw`[A-Z]{1,3}-?[A-Z]?\d+[a-z]?`;
const PREFIX = new RegExp(String.raw`^\s*(${ID}(?:\.\.${ID})?(?:[\s,]+${ID}(?:\.\.${ID})?)*)\s*:`);

const familyOf = (id: string): string => id.replace(/\d+[a-z]?$/, '');
const numberOf = (id: string): number => Number(/\d+/.exec(id)![0]);

/** `PO-5..PO-7` -> PO-5, PO-6, PO-7. */
function spread(range: string): string[] {
  const [from, to] = range.split('..') as [string, string?];
  if (to === undefined) return [from];
  const out: string[] = [];
  for (let n = numberOf(from); n <= numberOf(to); n++) out.push(`${familyOf(from)}${n}`);
  return out;
}

/** The ids at the start of a test's name. */
export function idsIn(name: string): string[] {
  const list = PREFIX.exec(name)?.[1];
  return list === undefined ? [] : list.split(/[\s,]+/).flatMap(spread);
}

/** `test`, `test.each`, `describe.skip` ... of a call, also of the outer call of `test.each(table)(name, body)`. */
function calleeOf(call: Node): string {
  let callee = call['callee'] as Node;
  if (callee.type === 'CallExpression' || callee.type === 'TaggedTemplateExpression') callee = (callee['callee'] ?? callee['tag']) as Node;
  if (callee.type === 'Identifier') return callee['value'] as string;
  if (callee.type !== 'MemberExpression') return '';
  const object = callee['object'] as Node;
  const property = callee['property'] as Node;
  return object.type === 'Identifier' && property.type === 'Identifier' ? `${String(object['value'])}.${String(property['value'])}` : '';
}

/** The name as written; `${...}` becomes `\0`. */
function nameOf(call: Node): string {
  const first = (call['arguments'] as { expression: Node }[])[0]?.expression;
  if (first?.type === 'StringLiteral') return first['value'] as string;
  if (first?.type === 'TemplateLiteral') return (first['quasis'] as { cooked: string }[]).map(q => q.cooked).join('\0');
  return '';
}

/** The strings that fill the name of a test in a table: first cells of test.each, and `id: '...'` of objects in the file. */
function idsOfTable(source: Source, call: Node, name: string): string[] {
  const ids: string[] = [];
  const take = (value: unknown): void => {
    if (isNode(value) && value.type === 'StringLiteral') ids.push(...idsIn(`${String(value['value'])}:`));
  };
  const inner = call['callee'] as Node;
  if (name.startsWith('%s') && inner.type === 'CallExpression') {
    const table = (inner['arguments'] as { expression: Node }[])[0]?.expression;
    for (const row of (table?.['elements'] ?? []) as { expression: Node }[]) {
      const cells = row.expression['elements'] as { expression: Node }[] | undefined;
      take(cells === undefined ? row.expression : cells[0]?.expression);
    }
  }
  if (name.startsWith('\0') || name.startsWith('$id')) {
    walkAll(source, node => {
      if (node.type === 'KeyValueProperty' && (node['key'] as Node)['value'] === 'id') take(node['value']);
    });
  }
  return ids;
}

const COUNTS = new Set(['test', 'it', 'test.each', 'it.each', 'test.only', 'it.only', 'test.concurrent']);
const SKIPS = new Set(['describe.skip', 'xdescribe']);

/** The ids held by the tests of one file. A test that is skipped, left to do or expected to fail holds nothing. */
export function idsHeldBy(source: Source): Set<string> {
  const held = new Set<string>();
  walkAll(source, (node, parents) => {
    if (node.type !== 'CallExpression' || !COUNTS.has(calleeOf(node)) || (node['arguments'] as unknown[]).length < 2) return;
    const around = parents.filter(p => p.type === 'CallExpression');
    if (around.some(p => SKIPS.has(calleeOf(p)))) return;
    const name = nameOf(node);
    for (const id of [...idsIn(name), ...idsOfTable(source, node, name)]) held.add(id);
    for (const outer of around.filter(p => calleeOf(p).startsWith('describe'))) for (const id of idsIn(nameOf(outer))) held.add(id);
  });
  return held;
}

/** What is wrong between the list of facts, the tests and the list of facts without a test. */
export function checkFacts(facts: readonly Fact[], held: ReadonlyMap<string, readonly string[]>, untested: Readonly<Record<string, string>>): string[] {
  const known = new Set(facts.map(f => f.id));
  const families = new Set(facts.map(f => familyOf(f.id)));
  const out: string[] = [];
  for (const { id, text } of facts) {
    if (!held.has(id) && !(id in untested)) out.push(`${id} has no test: ${text}`);
    if (held.has(id) && id in untested) out.push(`${id} is in not-tested.json but has a test in ${held.get(id)!.join(', ')}`);
  }
  for (const [id, reason] of Object.entries(untested)) {
    if (!known.has(id)) out.push(`${id} is in not-tested.json but is no fact`);
    if (reason.trim().length < 20) out.push(`${id} is in not-tested.json without a reason`);
  }
  for (const [id, files] of held) {
    if (families.has(familyOf(id)) && !known.has(id)) out.push(`${id} is named by a test in ${files.join(', ')} but is no fact`);
  }
  return out;
}

/** docs/facts.md. */
export function factsPage(facts: readonly Fact[], held: ReadonlyMap<string, readonly string[]>, untested: Readonly<Record<string, string>>): string {
  const lines = [
    '# Facts and the tests that hold them', '',
    'Written by `npm run docs`; do not edit. Each row is one observable fact of Linux 6.18 and the tests whose name begins with its number.', '',
    'Signs: LT, ET, 1S, EXCL: level-triggered, EPOLLET, EPOLLONESHOT, EPOLLEXCLUSIVE. `e0 ← x`: x is registered in epoll e0.',
    '`ew(e, n, t) = k`: epoll_wait with room for n events and timeout t returns k. `p(k)`: poll on the epoll, then epoll_wait.',
    '`po(x:M, t) = k {R}`: poll of one descriptor for mask M returns k with revents R. efd: an eventfd. M and W: the main and the waiting thread.',
  ];
  for (const group of new Set(facts.map(f => f.group))) {
    lines.push('', `## ${group}`, '', '| fact | what holds | tested in |', '|---|---|---|');
    for (const { id, text } of facts.filter(f => f.group === group)) {
      const where = held.get(id)?.map(path => `[${path.replace('tests/', '')}](../${path})`).join(', ')
        ?? (untested[id] === undefined ? 'no test yet' : `not tested: ${untested[id]}`);
      lines.push(`| ${id} | ${cell(text)} | ${cell(where)} |`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('*', '\\*').replaceAll('<', '&lt;');
}
