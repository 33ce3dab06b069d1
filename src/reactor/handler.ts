/**
 * What a program gives to the reactor to be called back: a plain function, or a generator when it makes system calls of its own.
 * A handler must not block (H3 of the notes): while it runs, the loop serves nobody else. The kernel has no part in this.
 */

import type { Sleeps } from '../scenario/index.js';

/** A callback of a program; `function*` when it makes system calls. */
export type Handler<A extends readonly unknown[] = []> = (...args: A) => Sleeps<void> | void;

/** Calls a handler back, and waits for the calls it makes. Sleeps only where a handler breaks its promise not to block. */
export function* callBack<A extends readonly unknown[]>(handler: Handler<A> | null, ...args: A): Sleeps<void> {
  const running = handler?.(...args);
  if (running !== undefined) yield* running;
}

/** A mistake in the use of the reactor, in words for its user. */
export class ReactorError extends Error {
  override readonly name = 'ReactorError';
}
