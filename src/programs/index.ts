/**
 * Programs under test: event loops with one fault each, as real projects had it, beside the same loop without it. Each says which laws its
 * runs are held against and which of them the fault breaks.
 */

import type { Specimen } from '../explore/index.js';
import { acceptHerd } from './acceptHerd.js';
import { delAgainstDispatch } from './delAgainstDispatch.js';
import { dupAlive } from './dupAlive.js';
import { echo } from './echo.js';
import { emfileSpin } from './emfileSpin.js';
import { epolloutStays } from './epolloutStays.js';
import { etAcceptsOnce } from './etAcceptsOnce.js';
import { etStopsEarly } from './etStopsEarly.js';
import { hupIgnored } from './hupIgnored.js';
import { numberReuse } from './numberReuse.js';
import { oneshotForgotten } from './oneshotForgotten.js';
import { shortTimeout } from './shortTimeout.js';
import { twoThreads } from './twoThreads.js';

/** All of them, in the order in which they are best read. */
export const programs: readonly Specimen[] = [
  echo, etStopsEarly, epolloutStays, etAcceptsOnce, oneshotForgotten, twoThreads, delAgainstDispatch, dupAlive, numberReuse, acceptHerd, emfileSpin,
  hupIgnored, shortTimeout,
];

/** A program under test by its name; null: there is none. */
export function programNamed(name: string): Specimen | null {
  return programs.find((program) => program.name === name) ?? null;
}
