/**
 * Every byte that was written is read, once and in order: a program that closes a connection at EPOLLRDHUP, before it has drained it, or
 * that never comes back for the rest, loses what its peer believes delivered.
 */

import type { Law } from '../law.js';
import { law } from './make.js';
import { firstDifference, Streams, type Stream } from './streams.js';

function complaint({ name, sent, received, mixed, broken, readers }: Stream, unsure: boolean): string | null {
  const who = readers.size === 0 ? 'nobody' : [...readers].join(' and ');
  const differ = mixed ? -1 : firstDifference(sent.all, received.all);
  if (differ >= 0) return `stream ${name}: byte ${differ} was written as ${sent.all[differ]} and read by ${who} as ${received.all[differ]}`;
  if (received.length > sent.length && !unsure) return `stream ${name}: ${sent.length} bytes were written, and ${who} read ${received.length}`;
  if (received.length < sent.length && !broken) return `stream ${name}: ${sent.length} bytes were written, and ${who} read ${received.length} of them`;
  return null;
}

/**
 * At the end of a run, what was written to each TCP connection, Unix stream socket and pipe has been read from its other end, byte for byte.
 * @param readers only streams that programs of these names read from are looked at, and those that nobody has read from; none: all. A peer
 *   that goes away on purpose is left out this way. A connection that is broken off (RST) owes nothing.
 */
export function noByteLost(...readers: readonly string[]): Law {
  return law('no-byte-lost', 'A byte that is written to a stream and not read from it, or read twice, or out of order.', (_m, accuse) => {
    const streams = new Streams();
    return {
      called: (event) => streams.called(event),
      ended({ halt }): void {
        if (halt === 'time') return;
        for (const stream of streams.all.values()) {
          const meant = readers.length === 0 || stream.readers.size === 0 || [...stream.readers].some((reader) => readers.includes(reader));
          const text = meant ? complaint(stream, streams.isUnsure(stream)) : null;
          if (text !== null) accuse(text);
        }
      },
    };
  });
}
