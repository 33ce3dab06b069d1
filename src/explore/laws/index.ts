/**
 * The law library: what no run of an event loop may do, one law a file. A law that takes numbers or names is a function; `loopLaws` holds those that
 * suit any program, with their usual numbers.
 */

import type { Law } from '../law.js';
import { acceptBalance } from './acceptBalance.js';
import { noClosedHandle } from './noClosedHandle.js';
import { noDeathBySigpipe } from './noDeathBySigpipe.js';
import { noLeak } from './noLeak.js';
import { noLostEvent } from './noLostEvent.js';
import { noSleepOnReady } from './noSleepOnReady.js';
import { noSpin } from './noSpin.js';
import { noStaleEvent } from './noStaleEvent.js';
import { noStarvation } from './noStarvation.js';

export { everyByteComesBack } from './everyByteComesBack.js';
export { everybodyEnds } from './everybodyEnds.js';
export { noByteLost } from './noByteLost.js';
export { law, type Accuse, type Watch } from './make.js';
export type { Patience } from './noStarvation.js';
export { acceptBalance, noClosedHandle, noDeathBySigpipe, noLeak, noLostEvent, noSleepOnReady, noSpin, noStaleEvent, noStarvation };

/** What every event loop must keep, whatever it serves. */
export const loopLaws: readonly Law[] = [
  noLostEvent, noSpin(), noStarvation(), noClosedHandle, noStaleEvent, noSleepOnReady, noDeathBySigpipe, noLeak,
];
