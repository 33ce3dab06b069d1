/**
 * A write to a connection whose other end is gone raises SIGPIPE, and its default is death. A program that has not thought of it
 * dies of one client's bad manners.
 */

import { SIGPIPE } from '../../kernel/uapi.js';
import { taskName } from '../../inspect/names.js';
import type { Law } from '../law.js';
import { law } from './make.js';

/** Nobody is killed by SIGPIPE: it is ignored, handled, or avoided with MSG_NOSIGNAL. */
export const noDeathBySigpipe: Law = law('no-death-by-sigpipe', 'A program that is killed by SIGPIPE.', (_m, accuse) => ({
  exited(task, signal): void {
    if (signal === SIGPIPE) accuse(`${taskName(task)} was killed by SIGPIPE: it wrote to a connection or pipe that nobody reads any more`);
  },
}));
