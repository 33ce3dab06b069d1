/**
 * Registers the matchers with the expect() that a test runner has made global, and tells TypeScript of them: `import 'epollsim/testing/jest'` in a setup
 * file. jest is not imported; vitest with globals works too.
 */

import type { Law } from '../explore/index.js';
import { matchers, type Runs } from './matchers.js';

/** The matchers, as they are written behind expect(). */
export interface EpollsimMatchers<R> {
  /** Every law holds in every run. */
  toKeep(laws: Law | readonly Law[], runs?: Runs): R;
  /** Whoever connects gets back what it sent: the law of an echo. */
  toDeliver(runs?: Runs): R;
  /** What is written to a stream is read from it, in order. */
  toLoseNoByte(runs?: Runs): R;
  /** Nobody sleeps for ever in epoll_wait beside a descriptor that has something to tell. */
  toLoseNoEvent(runs?: Runs): R;
  /** These programs end (none named: all). */
  toTerminate(names?: readonly string[], runs?: Runs): R;
  /** No task waits again and again without sleeping and without getting anything done. */
  toHaveNoSpin(runs?: Runs): R;
  /** No descriptor of a connection that is over stays open. */
  toLeakNothing(runs?: Runs): R;
}

declare global {
  // oxlint-disable-next-line typescript/no-namespace -- jest's types are a namespace
  namespace jest {
    // oxlint-disable-next-line typescript/no-unused-vars -- the type parameters must be those of jest
    interface Matchers<R, T = {}> extends EpollsimMatchers<R> {}
  }
}

const { expect } = globalThis as { expect?: { extend(more: object): void } };
if (expect === undefined) throw new Error('epollsim/testing/jest needs a global expect(): load it in setupFilesAfterEnv of jest, or with globals of vitest; or call expect.extend(matchers) yourself');
expect.extend(matchers);
