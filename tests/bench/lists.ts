/** Intrusive lists: a thousand links added at the tail and taken off again, as ready lists and wait queues do all the time. */

import type { Bench } from 'tinybench';
import { list_add_tail, list_del_init, list_head } from '#dist/kernel/list.js';

export function lists(bench: Bench): void {
  const head = new list_head<number>(null);
  const links = Array.from({ length: 1000 }, (_, n) => new list_head<number>(n));
  bench.add('lists: 1000 x list_add_tail, list_del_init', () => {
    for (const link of links) list_add_tail(link, head);
    for (const link of links) list_del_init(link);
  });
}
