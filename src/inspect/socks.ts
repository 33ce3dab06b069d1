/**
 * What protocols keep that this folder wants to know: socks that no descriptor leads to (in the accept queue of a
 * listener, orphans that finish their connection, the other side of a Unix pair), addresses, sequence numbers.
 */

import { Kernel } from '../kernel/kernel.js';
import type { sock } from '../socket/sock.js';
import type { SequenceView } from './view.js';

/** The socks that a machine's tables, or one sock, lead to. */
export function socksOf(from: Kernel | sock): sock[] {
  return from instanceof Kernel ? [] : acceptQueueOf(from);
}

/** Finished connections that wait for accept, oldest first. */
export function acceptQueueOf(_sk: sock): sock[] {
  return [];
}

/** Both ends of a sock as text. */
export function addressesOf(sk: sock): { readonly local: string; readonly peer: string } {
  return { local: `:${sk.skc_num}`, peer: `:${sk.skc_dport}` };
}

/** Sequence numbers, for TCP. */
export function sequenceOf(_sk: sock): SequenceView | null {
  return null;
}
