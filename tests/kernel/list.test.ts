/** Intrusive lists: order, splicing, and the checks that catch misuse. */

import * as fc from 'fast-check';
import { list_add, list_add_tail, list_check, list_del_init, list_empty, list_head, list_splice_init, list_splice_tail_init, list_to_array } from '../../src/kernel/list.js';

const links = (n: number): list_head<number>[] => Array.from({ length: n }, (_, i) => new list_head<number>(i));

function listOf(members: readonly list_head<number>[]): list_head<number> {
  const head = new list_head<number>(null);
  for (const link of members) list_add_tail(link, head);
  return head;
}

test('list_add puts first, list_add_tail puts last', () => {
  const head = new list_head<number>(null);
  const [a, b, c] = links(3) as [list_head<number>, list_head<number>, list_head<number>];
  list_add(a, head);
  list_add(b, head);
  list_add_tail(c, head);
  expect(list_to_array(head)).toEqual([1, 0, 2]);
});

test('a link that was taken out is on no list and can be added again', () => {
  const [a, b] = links(2) as [list_head<number>, list_head<number>];
  const head = listOf([a, b]);
  list_del_init(a);
  expect(list_empty(a)).toBe(true);
  expect(list_to_array(head)).toEqual([1]);
  list_del_init(a);
  list_add_tail(a, head);
  expect(list_to_array(head)).toEqual([1, 0]);
});

test('a link cannot be on two lists', () => {
  const [a] = links(1) as [list_head<number>];
  listOf([a]);
  expect(() => list_add(a, new list_head<number>(null))).toThrow('a link is added while it is on a list');
});

test('splicing moves everything to the front or to the back, and leaves the other list empty', () => {
  for (const [splice, order] of [[list_splice_init, [0, 1, 2, 3]], [list_splice_tail_init, [2, 3, 0, 1]]] as const) {
    const all = links(4);
    const from = listOf(all.slice(0, 2));
    const to = listOf(all.slice(2));
    splice(from, to);
    expect(list_to_array(to)).toEqual(order);
    expect(list_empty(from)).toBe(true);
    list_check(to, 'to');
    splice(from, to); // an empty one moves nothing
    expect(list_to_array(to)).toEqual(order);
  }
});

test('a list whose links disagree is found out', () => {
  const all = links(2);
  const head = listOf(all);
  all[0]!.next = head;
  expect(() => list_check(head, 'rdllist')).toThrow('rdllist: next and prev disagree');
  const inner = new list_head<number>(null);
  const outer = new list_head<number>(null);
  list_add(inner, outer);
  expect(() => list_check(outer, 'rdllist')).toThrow('a head is linked as an element');
});

test('after any moves a list is what an array would be', () => {
  const move = fc.tuple(fc.constantFrom('first', 'last', 'out', 'splice', 'splice tail'), fc.nat(9));
  fc.assert(fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
    const all = links(10);
    const heads = [new list_head<number>(null), new list_head<number>(null)] as const;
    const arrays: [number[], number[]] = [[], []];
    for (const [what, i] of moves) {
      const which = i % 2 as 0 | 1;
      const link = all[i]!;
      if (what === 'splice' || what === 'splice tail') {
        if (what === 'splice') list_splice_init(heads[which], heads[1 - which]!);
        else list_splice_tail_init(heads[which], heads[1 - which]!);
        const [from, to] = [arrays[which], arrays[1 - which]!];
        arrays[1 - which] = what === 'splice' ? [...from, ...to] : [...to, ...from];
        arrays[which] = [];
        continue;
      }
      list_del_init(link);
      arrays[0] = arrays[0].filter((n) => n !== i);
      arrays[1] = arrays[1].filter((n) => n !== i);
      if (what === 'out') continue;
      if (what === 'first') list_add(link, heads[which]);
      else list_add_tail(link, heads[which]);
      arrays[which] = what === 'first' ? [i, ...arrays[which]] : [...arrays[which], i];
    }
    for (const which of [0, 1] as const) {
      list_check(heads[which], 'list');
      expect(list_to_array(heads[which])).toEqual(arrays[which]);
    }
  }));
});
