/** How fast a plain log of one process is replayed, and what memory it takes: the log is made in pieces and never there as a whole. */

import { Engine } from '#dist/replay/engine.js';
import { readEvents } from '#dist/replay/reader.js';

const BEGIN = `7     pipe2([3, 4], O_NONBLOCK)             = 0
7     epoll_create1(0)                        = 5
7     epoll_ctl(5, EPOLL_CTL_ADD, 3, {events=EPOLLIN, data={u32=3, u64=3}}) = 0
`;
const ROUND = `7     epoll_wait(5, [], 8, 0)                 = 0
7     write(4, "hello world\\n", 12)          = 12
7     epoll_wait(5, [{events=EPOLLIN, data={u32=3, u64=3}}], 8, 0) = 1
7     read(3, "hello world\\n", 4096)         = 12
7     read(3, 0x7ffe4ea14040, 4096)           = -1 EAGAIN (Resource temporarily unavailable)
`;
const ROUND_LINES = 5;
const ROUNDS_IN_PIECE = 200;

function* pieces(lines: number): Generator<string, void, void> {
  yield BEGIN;
  const piece = ROUND.repeat(ROUNDS_IN_PIECE);
  for (let done = 0; done < lines; done += ROUND_LINES * ROUNDS_IN_PIECE) yield piece;
}

/** Replays so many lines. @returns lines a second, and by how many bytes the heap is larger at the end than after the first tenth */
function replayPlain(lines: number): { linesPerSecond: number; bytesKept: number } {
  const collect = (globalThis as { gc?: () => void }).gc;
  if (collect === undefined) throw new Error('run with --expose-gc');
  const engine = new Engine('bench');
  const begin = process.hrtime.bigint();
  let early = 0;
  for (const event of readEvents(pieces(lines))) {
    engine.take(event);
    if (early === 0 && event.line >= lines / 10) {
      collect();
      early = process.memoryUsage().heapUsed;
    }
  }
  const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
  collect();
  const bytesKept = process.memoryUsage().heapUsed - early;
  const { calls, agreed } = engine.finish();
  if (calls < lines || agreed !== calls) throw new Error(`${agreed} of ${calls} calls agree, ${lines} lines`);
  return { linesPerSecond: lines / seconds, bytesKept };
}

/** One line of the table of the bench. */
interface Row {
  readonly what: string;
  readonly ratio: number;
  readonly unit: string;
  readonly target: string;
  readonly met: boolean;
}

function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

/** A strace log of one process: how fast, and that its length costs no memory. */
export function replayRows(): Row[] {
  const runs = Array.from({ length: 3 }, () => replayPlain(400_000));
  const speed = middle(runs.map(({ linesPerSecond }) => linesPerSecond)) / 200_000;
  const kept = middle(runs.map(({ bytesKept }) => bytesKept)) / 2 ** 20;
  return [
    { what: 'replay of a plain log', ratio: speed, unit: 'of 200,000 lines/s', target: 'at least 1', met: speed >= 1 },
    { what: 'memory kept of 360,000 lines more', ratio: kept, unit: 'MiB', target: 'under 4', met: kept < 4 },
  ];
}
