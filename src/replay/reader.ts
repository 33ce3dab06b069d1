/**
 * Reads a log piece by piece and gives its events in the order of its lines, the halves of calls joined. Memory is that of one
 * piece of text and of a window of events, however long the log is.
 *
 * A call may print arguments only when it returns, and among them inputs: `epoll_wait(4, <unfinished ...>` says neither maxevents
 * nor timeout. So the reader looks ahead: an `enter` event is held back, and everything behind it, until the second
 * half of its call has been read. `call.args` is then complete when the call is entered. At most `window` events are held
 * back; a call that takes longer is given with what its first half says, `argsComplete` false. For the arguments of those too,
 * read the log twice: findLongCalls makes a small table of their second halves, and `longCalls` takes it.
 */

import type { Call, LogEvent } from './call.js';
import { StraceError } from './error.js';
import { type LineFormat, detectFormat } from './format.js';
import { type Half, LineParser, type OpenCall } from './parseLine.js';
import { callOf, finishCall, otherEvent } from './record.js';
import { MESSAGE, Tracees } from './tracees.js';

export interface ReaderOptions {
  /** the name of the log in errors */
  readonly file?: string;
  /** how many events may be held back to learn the arguments of a call that has not returned; 0: none */
  readonly window?: number;
  /** from findLongCalls */
  readonly longCalls?: LongCalls;
  /** how lines look; found out from the first line if it is not given */
  readonly format?: LineFormat;
  /** the thread of the first line, when the lines do not name it; found by findMainThread */
  readonly mainPid?: number;
}

/** By the line in which a call is entered: its second half, or null when there is none. */
export type LongCalls = ReadonlyMap<number, Half | null>;

export const DEFAULT_WINDOW = 8192;
const HALF_DAY_NS = 12 * 3600e9;
const DAY_SECONDS = 24 * 3600;

export class StraceReader {
  readonly #parser = new LineParser();
  readonly #window: number;
  readonly #longCalls: LongCalls | null;
  #hasFormat: boolean;
  /** the threads of a log that names them only while there are several; null: it has a column for them */
  readonly #tracees: Tracees;
  /** the first part of a line that a message of strace has cut */
  #cutBy = '';

  readonly #chunks: string[] = [];
  #nextChunk = 0;
  #text = '';
  #at = 0;
  #line = 0;
  #lastNs = 0;
  #isEnd = false;

  #queue: LogEvent[] = [];
  #head = 0;
  #isDone = false;
  #error: StraceError | null = null;

  constructor(options: ReaderOptions = {}) {
    this.#parser.file = options.file ?? 'log';
    this.#window = options.window ?? DEFAULT_WINDOW;
    this.#longCalls = options.longCalls ?? null;
    this.#tracees = new Tracees(options.mainPid ?? 0);
    this.#hasFormat = options.format !== undefined;
    if (options.format !== undefined) this.#parser.format = options.format;
  }

  /** Takes the next piece of the log; it may end anywhere. */
  push(chunk: string): void {
    if (chunk !== '') this.#chunks.push(chunk);
  }

  /** There are no more pieces. */
  end(): void {
    this.#isEnd = true;
  }

  /**
   * The next event; null when it takes another piece to tell, or when there are no more. Throws StraceError at a line that
   * cannot be read, after the events of all lines before it have been given.
   */
  next(): LogEvent | null {
    for (;;) {
      const front = this.#queue[this.#head];
      if (front !== undefined && this.#isReady(front)) {
        this.#head++;
        if (this.#head === this.#queue.length) {
          this.#queue.length = 0;
          this.#head = 0;
        } else if (this.#head > 4096) {
          this.#queue = this.#queue.slice(this.#head);
          this.#head = 0;
        }
        return front;
      }
      if (this.#isDone) {
        if (this.#error !== null) throw this.#error;
        return null;
      }
      if (!this.#readLine()) return null;
    }
  }

  /** How many lines have been read. */
  get lines(): number {
    return this.#line;
  }

  get format(): LineFormat {
    return this.#parser.format;
  }

  #isReady(event: LogEvent): boolean {
    return event.type !== 'enter' || event.call.settled || event.call.argsComplete || this.#queue.length - this.#head > this.#window;
  }

  /** Reads one line into the queue; false when it is not all there yet. */
  #readLine(): boolean {
    let end = this.#text.indexOf('\n', this.#at);
    while (end < 0) {
      if (this.#nextChunk === this.#chunks.length) {
        if (!this.#isEnd) return false;
        this.#finish();
        return true;
      }
      const rest = this.#text.length - this.#at;
      this.#text = this.#text.slice(this.#at) + this.#chunks[this.#nextChunk++]!;
      this.#at = 0;
      if (this.#nextChunk === this.#chunks.length) this.#chunks.length = this.#nextChunk = 0;
      end = this.#text.indexOf('\n', rest);
    }
    const start = this.#at;
    this.#at = end + 1;
    this.#line++;
    try {
      this.#takeWhole(start, this.#text.charCodeAt(end - 1) === 0x0d && end > start ? end - 1 : end);
    } catch (error) {
      if (!(error instanceof StraceError)) throw error;
      this.#error = error;
      this.#settleAll();
    }
    return true;
  }

  /** Takes messages of strace out, such as `strace: Process 27593 attached`: they stand alone, or in the middle of a line that goes on in the next. */
  #takeWhole(start: number, end: number): void {
    const text = this.#text;
    const isMessage = text.charCodeAt(end - 1) === 0x64 && text.endsWith('tached', end);
    if (isMessage || text.startsWith('strace: ', start)) {
      const message = text.slice(start, end);
      const at = message.search(MESSAGE);
      if (at >= 0) {
        this.#cutBy += message.slice(0, at);
        this.#tracees.message(message.slice(at));
        return;
      }
    }
    if (this.#cutBy === '') return this.#take(text, start, end);
    const whole = this.#cutBy + text.slice(start, end);
    this.#cutBy = '';
    this.#take(whole, 0, whole.length);
  }

  /** Reads the line of `text` from `start` to `end`. Nothing is kept of a line that throws. */
  #take(text: string, start: number, end: number): void {
    const parser = this.#parser;
    const line = this.#line;
    if (!this.#hasFormat) {
      parser.format = detectFormat(text.slice(start, end));
      this.#hasFormat = true;
    }
    parser.onlyPid = this.#tracees.only;
    const kind = parser.parse(text, start, end, line);
    if (!parser.threads) parser.pid = this.#tracees.seen(parser.pid, kind);
    if (parser.time === 'clock') this.#passMidnight();
    else if (parser.time === 'delta') this.#lastNs = parser.timeNs! += this.#lastNs;
    const { pid, timeNs } = parser;
    switch (kind) {
      case 'whole': {
        this.#expectNoOpen(start);
        const call = callOf(parser, kind, line);
        this.#queue.push({ type: 'enter', line, pid, timeNs, call });
        this.#queue.push({ type: 'exit', line, pid, timeNs: call.exitNs ?? timeNs, call, result: call.result! });
        return;
      }
      case 'unfinished': {
        this.#expectNoOpen(start);
        const call = callOf(parser, kind, line);
        const open: OpenCall = { call, first: call.args, afterComma: parser.cutAfterComma, firstHalf: parser.firstHalf };
        this.#lookUp(open);
        parser.open.set(pid, open);
        this.#queue.push({ type: 'enter', line, pid, timeNs, call });
        return;
      }
      case 'resumed': {
        const open = parser.open.get(pid);
        if (open === undefined) return parser.fail(`a call that thread ${pid} has entered`, start);
        finishCall(open.call, parser, line);
        parser.open.delete(pid);
        this.#queue.push({ type: 'exit', line, pid, timeNs, call: open.call, result: open.call.result! });
        return;
      }
      case 'superseded':
        this.#supersede(pid, parser.status!);
        break;
      case 'end':
        this.#settle(pid);
        break;
      case 'signal':
      case 'stop':
        break;
    }
    this.#queue.push(otherEvent(parser, kind, line));
  }

  /** Completes the arguments of a call whose second half is far away. */
  #lookUp(open: OpenCall): void {
    const half = this.#longCalls?.get(open.call.entryLine);
    if (half === undefined) return;
    if (half === null) {
      open.call.settled = true;
      return;
    }
    try {
      this.#parser.completeEarly(open, half);
      open.call.args = this.#parser.args;
      open.call.argsComplete = true;
    } catch (error) {
      if (!(error instanceof StraceError)) throw error;      // said when the reader comes to that line
    }
  }

  /** The last line, which has no line feed: it may have been cut anywhere. It counts if nothing can have followed it. */
  #finish(): void {
    this.#settleAll();
    if (this.#at === this.#text.length) return;
    const start = this.#at;
    const { length } = this.#text;
    this.#line++;
    let column = length - start + 1;
    let expected = 'the end of the line';
    try {
      if (this.#hasFormat) this.#parser.parse(this.#text, start, length, this.#line);
      if (/[>)+-]$/.test(this.#text)) {
        this.#takeWhole(start, length);
        return this.#settleAll();
      }
    } catch (error) {
      if (!(error instanceof StraceError)) throw error;
      if (error.line === this.#line) column = error.column;
      expected = error.expected;
    }
    this.#queue.push({ type: 'torn', line: this.#line, column, text: this.#text.slice(start), expected });
  }

  #settleAll(): void {
    for (const { call } of this.#parser.open.values()) call.settled = true;
    this.#isDone = true;
  }

  #settle(pid: number): void {
    const open = this.#parser.open.get(pid);
    if (open === undefined) return;
    open.call.settled = true;
    this.#parser.open.delete(pid);
  }

  /** The execve of thread `by` goes on under the id of the leader, `pid`. */
  #supersede(pid: number, by: number): void {
    const open = this.#parser.open.get(by);
    this.#settle(pid);
    if (open === undefined) return;
    this.#parser.open.delete(by);
    this.#parser.open.set(pid, open);
  }

  #expectNoOpen(start: number): void {
    const open = this.#parser.open.get(this.#parser.pid);
    if (open !== undefined) this.#parser.fail(`the rest of ${describe(open.call)}`, start);
  }

  /** With times of day, time goes on after midnight. */
  #passMidnight(): void {
    const parser = this.#parser;
    if (parser.timeNs! < this.#lastNs - HALF_DAY_NS) {
      parser.baseSeconds -= DAY_SECONDS;
      parser.timeNs! += DAY_SECONDS * 1e9;
    }
    this.#lastNs = parser.timeNs!;
  }
}

function describe(call: Call): string {
  return `${call.name}, which thread ${call.pid} has entered in line ${call.entryLine}`;
}

/** The events of a log that comes in pieces. */
export function* readEvents(chunks: Iterable<string>, options: ReaderOptions = {}): Generator<LogEvent, void, void> {
  const reader = new StraceReader(options);
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let event = reader.next(); event !== null; event = reader.next()) yield event;
  }
  reader.end();
  for (let event = reader.next(); event !== null; event = reader.next()) yield event;
}
