/**
 * Instants of CLOCK_MONOTONIC in a log. Nobody prints when the machine was booted, so the first sleep that ends at such an instant
 * tells how far the clock is from the times of the lines.
 */

import type { Call } from './call.js';

export class MonotonicClock {
  /** an instant of CLOCK_MONOTONIC minus the log's time of it; null as long as no call has told */
  #offsetNs: number | null = null;

  /** The model's time for an instant of the log's clock that a sleep waits for. @param exitNs when the sleep is over, on the model's clock */
  toModel(instantNs: number, { result }: Call, exitNs: number | null, nowNs: number): number {
    if (result?.kind === 'value' && result.value === 0 && exitNs !== null) {
      const offset = instantNs - exitNs;
      // sleeps end late, never early: the largest difference seen is the nearest to the truth
      if (this.#offsetNs === null || offset > this.#offsetNs) this.#offsetNs = offset;
      return Math.max(nowNs, Math.min(exitNs, instantNs - this.#offsetNs));
    }
    return this.#offsetNs === null ? nowNs + 1e9 : Math.max(nowNs, instantNs - this.#offsetNs);
  }
}
