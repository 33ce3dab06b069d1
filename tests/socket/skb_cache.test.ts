/** Buffers that TCP uses again: nothing of their first use may show in the second. */

import {
  __skb_queue_tail, __skb_unlink, sk_buff, sk_buff_head, skb_add_frag, skb_bytes, skb_cache, skb_cache_get, skb_cache_put, skb_clone, skb_cloned, tcp_syn_options,
} from '../../src/socket/skbuff.js';

const PAGE = Uint8Array.from('hello, world', (c) => c.charCodeAt(0));

function text(skb: sk_buff): string {
  return String.fromCharCode(...skb_bytes(skb));
}

test('a buffer that is used again is as a new one, but for its TCP header', () => {
  const cache = new skb_cache();
  const skb = new sk_buff();
  skb_add_frag(skb, PAGE, 0, 5);
  Object.assign(skb, { truesize: 5000, opt: tcp_syn_options(1460, 7, true), urg_ptr: 3, sacked: 2, eor: true, linear: true, tailroom: 100, clone_of: new sk_buff() });
  skb_cache_put(cache, skb);
  const again = skb_cache_get(cache);
  expect(again).toBe(skb);
  const spare = again.spare;
  expect(Object.assign(new sk_buff(), again, { spare: null, head: 0 })).toEqual(new sk_buff());
  // The fragment is used again as well.
  skb_add_frag(again, PAGE, 7, 5);
  expect([text(again), again.first, again.spare]).toEqual(['world', spare, null]);
});

test('a clone keeps its bytes when its original is used again, and is not taken for a clone of what that holds then', () => {
  const cache = new skb_cache();
  const original = new sk_buff();
  skb_add_frag(original, PAGE, 0, 5);
  const queue = new sk_buff_head();
  __skb_queue_tail(queue, original);
  const clone = skb_clone(cache, original);
  expect(skb_cloned(clone)).toBe(true);
  __skb_unlink(original, queue);
  skb_cache_put(cache, original);
  const again = skb_cache_get(cache);
  skb_add_frag(again, PAGE, 7, 5);
  __skb_queue_tail(queue, again);
  expect([again === original, text(clone), skb_cloned(clone)]).toEqual([true, 'hello', false]);
  __skb_unlink(again, queue);
  // Nor later, when it has been a clone itself meanwhile.
  for (let use = 0; use < 5; use++) {
    skb_cache_put(cache, again);
    expect(skb_clone(cache, new sk_buff())).toBe(again);
    skb_cache_put(cache, again);
    __skb_queue_tail(queue, skb_cache_get(cache));
    expect(skb_cloned(clone)).toBe(false);
    __skb_unlink(again, queue);
  }
});

test('a buffer on a queue cannot be given back, and the cache is bounded', () => {
  const cache = new skb_cache();
  const queued = new sk_buff();
  __skb_queue_tail(new sk_buff_head(), queued);
  expect(() => skb_cache_put(cache, queued)).toThrow('on a queue');
  for (let i = 0; i < 100; i++) skb_cache_put(cache, new sk_buff());
  expect(cache.count).toBe(64);
});
