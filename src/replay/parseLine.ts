/**
 * Reads one line of a log: thread id, time, and a call, the half of a call, a signal, a stop or an end. What the line says is left in the
 * fields of the parser, so that a reader of many lines makes no object it does not need; parseLine wraps them in a record.
 */

import type { Call, NotePart, Result } from './call.js';
import { copyOf } from './cache.js';
import type { LineFormat } from './format.js';
import { ValueParser } from './parseValue.js';
import { BRACE, BRACKET, CLASS, CLOSE, COMMA, DOT, LESS, MINUS, OPEN, PLUS, SPACE, WORD } from './scan.js';
import { ELIDED, type FdValue, type NumberValue, type StructValue, type Value } from './value.js';

export type LineKind = 'whole' | 'unfinished' | 'resumed' | 'signal' | 'stop' | 'end' | 'superseded';

/** A piece of the arguments of a call, and where in the log it stands. */
export interface Half {
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

/** A call that has been entered and not left. */
export interface OpenCall {
  readonly call: Call;
  /** the arguments of the first half */
  readonly first: readonly Value[];
  /** the first half ends with a comma, so there are more arguments */
  readonly afterComma: boolean;
  /** the text of the first half, when it was cut inside an argument: then the halves make sense only together */
  readonly firstHalf: Half | null;
}

const CUT = ' <unfinished ...>';
const QUESTION = 0x3f;
const NOTE_OF_VALUES = /^(\[|in \[|out \[|except \[|left \{|flags )/;
const NO_NOTE: readonly NotePart[] = [];
const NO_ARGS: Value[] = [];

export class LineParser extends ValueParser {
  threads = true;
  /** the thread of lines that name none */
  onlyPid = 0;
  time: LineFormat['time'] = 'none';
  baseSeconds = Number.NaN;
  durations: boolean | null = null;

  pid = 0;
  timeNs: number | null = null;
  /** name of the call, or of the signal */
  name = '';
  args: Value[] = NO_ARGS;
  argsComplete = false;
  result: Result | null = null;
  durationNs: number | null = null;
  info: StructValue | null = null;
  /** exit status, or the thread that called execve */
  status: number | null = null;
  coreDumped = false;
  /** set by a line cut inside an argument */
  firstHalf: Half | null = null;
  /** calls that have been entered and not left, by thread; the second halves are read as their continuation */
  readonly open = new Map<number, OpenCall>();

  readonly #results: readonly Result[] = Array.from({ length: 256 }, (_, value) =>
    ({ kind: 'value', value, base: 10, errno: '', text: '', fd: null, note: NO_NOTE }));
  readonly #failures = new Map<string, Result>();
  readonly #none: Result = { kind: 'none', value: 0, base: 10, errno: '', text: '', fd: null, note: NO_NOTE };

  get format(): LineFormat {
    return { threads: this.threads, time: this.time, baseSeconds: this.baseSeconds, durations: this.durations };
  }

  set format(format: LineFormat) {
    this.threads = format.threads;
    this.time = format.time;
    this.baseSeconds = format.baseSeconds;
    this.durations = format.durations;
  }

  /** Reads the line of `text` that begins at `start` and ends before `end`. */
  parse(text: string, start: number, end: number, line: number): LineKind {
    this.text = text;
    this.pos = start;
    this.line = line;
    this.lineStart = start;
    this.seam = -1;
    this.cut = false;
    this.cutInside = false;
    this.cutAfterComma = false;
    this.#prefix();
    const c = text.charCodeAt(this.pos);
    if (c < 128 && CLASS[c] === WORD) return this.#call(end);
    switch (c) {
      case LESS: return this.#resumed(end);
      case MINUS: return this.#signal(end);
      case PLUS: return this.#end(end);
      default: return this.fail('a system call, `<...`, `---` or `+++`');
    }
  }

  #prefix(): void {
    if (this.text.charCodeAt(this.pos) === BRACKET) {
      this.#bracket();
    } else if (this.threads) {
      this.pid = this.digits('a thread id');
      if (this.text.charCodeAt(this.pos) !== SPACE) this.fail('a blank');
      while (this.text.charCodeAt(this.pos) === SPACE) this.pos++;
    } else {
      this.pid = this.onlyPid;
    }
    if (this.time === 'none') return;
    while (this.time === 'delta' && this.text.charCodeAt(this.pos) === SPACE) this.pos++;
    const what = this.time === 'epoch' ? 'a time like 1795414662.979404' : this.time === 'delta' ? 'a time like 0.000130' : 'a time like 06:12:35';
    let seconds = this.digits(what);
    if (this.time === 'clock') {
      this.skip(':');
      seconds = seconds * 60 + this.digits(what);
      this.skip(':');
      seconds = seconds * 60 + this.digits(what);
    }
    const nanos = this.text.charCodeAt(this.pos) === DOT ? this.#fraction(what) : this.time === 'clock' ? 0 : this.fail('`.`');
    this.skip(' ');
    this.timeNs = (seconds - this.baseSeconds) * 1e9 + nanos;
  }

  /** `[pid 27593] `, with which strace -f without -o begins lines while there are several threads. */
  #bracket(): void {
    this.skip('[pid ');
    while (this.text.charCodeAt(this.pos) === SPACE) this.pos++;
    this.pid = this.digits('a thread id');
    this.skip('] ');
  }

  /** `.979404` in nanoseconds. */
  #fraction(what: string): number {
    const start = ++this.pos;
    let nanos = this.digits(what);
    for (let digits = this.pos - start; digits < 9; digits++) nanos *= 10;
    return nanos;
  }

  #call(end: number): LineKind {
    this.name = this.word('the name of a system call');
    if (this.text.charCodeAt(this.pos) !== OPEN) this.fail('`(`');
    const first = ++this.pos;
    this.args = this.arguments([]);
    this.argsComplete = !this.cut;
    this.firstHalf = null;
    if (this.cut && this.text.charCodeAt(this.pos) !== CLOSE) {
      this.#lineEnd(end);
      if (this.cutInside) this.firstHalf = { text: copyOf(this.text, first, end - CUT.length), line: this.line, column: first - this.lineStart + 1 };
      return 'unfinished';
    }
    if (this.cut) this.pos++;                           // exit_group(0 <unfinished ...>) = ?
    this.#result(end);
    return 'whole';
  }

  /** `<... read resumed>"mmm", 64) = 9`. */
  #resumed(end: number): LineKind {
    this.skip('<... ');
    const nameAt = this.pos;
    this.name = this.word('the name of a system call');
    const open = this.open.get(this.pid) ?? null;
    if (open !== null && open.call.name !== this.name) {
      this.fail(`${open.call.name}, which thread ${this.pid} has entered in line ${open.call.entryLine}`, nameAt);
    }
    this.skip(' resumed>');
    this.#result(this.secondHalf(open, end));
    return 'resumed';
  }

  /** Completes the arguments of a call from a second half that was read ahead. */
  completeEarly(open: OpenCall, half: Half): void {
    this.text = half.text;
    this.pos = 0;
    this.line = half.line;
    this.lineStart = 1 - half.column;
    this.seam = -1;
    this.cut = false;
    this.secondHalf(open, half.text.length);
  }

  /** Reads the rest of the arguments, with the `)`, and puts both halves into `args`. Returns the new end of the line. */
  protected secondHalf(open: OpenCall | null, end: number): number {
    if (open !== null && open.firstHalf !== null) return this.#joined(open.firstHalf, end);
    const { text, pos } = this;
    const args = open === null ? [] : open.first.slice();
    const afterComma = open === null || open.afterComma;
    this.args = args;
    if (text.charCodeAt(pos) === CLOSE) {
      this.pos++;
      this.argsComplete = open === null || !afterComma;
      return end;
    }
    let more = true;
    if (text.startsWith(' => ', pos)) {
      this.pos += 4;
      args.push({ kind: 'changed', before: args.pop() ?? ELIDED, after: this.value(), comment: '' });
      more = text.charCodeAt(this.pos) === COMMA;
    } else if (open === null) {
      more = text.startsWith(', ', pos);
    } else if (args.length === 0 || afterComma || text.startsWith(CUT, pos)) {
      more = false;
    }
    if (more) {
      this.skip(', ');
      if (text.charCodeAt(this.pos) === CLOSE) this.fail('a value');
    }
    if (!this.cut) this.arguments(args);
    this.argsComplete = !this.cut;
    if (this.cut) this.skip(')');
    return end;
  }

  /** Reads both halves of arguments that were cut inside one of them as one text. */
  #joined(first: Half, end: number): number {
    const { pos } = this;
    this.seam = first.text.length;
    this.seamLine = this.line;
    this.seamStart = this.seam - (pos - this.lineStart);
    this.text = first.text + this.text.slice(pos, end);
    this.pos = 0;
    this.line = first.line;
    this.lineStart = 1 - first.column;
    this.args = this.arguments([]);
    this.argsComplete = !this.cut;
    if (this.cut) this.skip(')');
    return this.text.length;
  }

  /** `= 9 <0.000019>`, up to the end of the line. */
  #result(end: number): void {
    const { text } = this;
    if (text.charCodeAt(this.pos) !== SPACE) this.fail('a blank');
    do this.pos++; while (text.charCodeAt(this.pos) === SPACE);
    this.skip('= ');
    this.durationNs = null;
    if (text.charCodeAt(this.pos) === QUESTION) {
      this.#noResult(end);
    } else {
      const start = this.pos;
      const number = this.number();
      const fd = text.charCodeAt(this.pos) === LESS ? this.decorated(start, Number(number.value), '') : null;
      const blank = text.charCodeAt(this.pos) === SPACE;
      const next = blank ? text.charCodeAt(this.pos + 1) : 0;
      if (next === OPEN) this.result = this.#withNote(number, fd);
      else if (next >= 0x41 && next <= 0x5a && number.value === -1) this.result = this.#failure('error');
      else if (fd === null && number.base === 10 && number.value >= 0 && number.value < this.#results.length) this.result = this.#results[Number(number.value)]!;
      else this.result = { kind: 'value', value: number.value, base: number.base, errno: '', text: '', fd, note: NO_NOTE };
      this.#duration();
    }
    this.#lineEnd(end);
  }

  /** `?`, `? ERESTARTSYS (To be restarted if SA_RESTART is set)` or `? <unavailable>`. */
  #noResult(end: number): void {
    this.pos++;
    this.result = this.#none;
    if (this.pos === end) return;
    if (this.text.startsWith(' <unavailable>', this.pos)) {
      this.pos += 14;
      this.result = { ...this.#none, text: 'unavailable' };
      return;
    }
    this.result = this.#failure('restart');
    this.#duration();
  }

  /** ` EAGAIN (Resource temporarily unavailable)`. */
  #failure(kind: 'error' | 'restart'): Result {
    this.pos++;
    const errno = this.word('the name of an error');
    this.skip(' ');
    const known = this.#failures.get(errno);
    if (known !== undefined && known.kind === kind && this.text.startsWith(known.text, this.pos + 1) && this.text.charCodeAt(this.pos + 1 + known.text.length) === CLOSE) {
      this.pos += known.text.length + 2;
      return known;
    }
    const result: Result = { kind, value: -1, base: 10, errno, text: this.#parenthesis(), fd: null, note: NO_NOTE };
    this.#failures.set(errno, result);
    return result;
  }

  /** A value with ` (flags O_RDWR)`, ` (Timeout)`, ` ([{fd=4, revents=POLLIN}])`, ` (in [4], left {...})` behind it. */
  #withNote(number: NumberValue, fd: FdValue | null): Result {
    const open = ++this.pos;
    const text = this.#parenthesis();
    let note = NO_NOTE;
    if (NOTE_OF_VALUES.test(text)) {
      const close = this.pos;
      this.pos = open + 1;
      note = this.#noteParts();
      if (this.pos !== close) this.fail('the end of the note');
    }
    return { kind: 'value', value: number.value, base: number.base, errno: '', text, fd, note };
  }

  #noteParts(): NotePart[] {
    const parts: NotePart[] = [];
    for (;;) {
      const c = this.text.charCodeAt(this.pos);
      let label = '';
      if (c >= 0x61 && c <= 0x7a) {
        label = this.word('a label');
        this.skip(' ');
      }
      parts.push({ label, value: this.value() });
      if (this.text.charCodeAt(this.pos) === CLOSE) break;
      this.skip(', ');
    }
    this.pos++;
    return parts;
  }

  /** The text between the parenthesis at `pos` and the one that closes it. */
  #parenthesis(): string {
    if (this.text.charCodeAt(this.pos) !== OPEN) this.fail('`(`');
    const start = this.pos + 1;
    let depth = 1;
    let at = start;
    for (; depth > 0; at++) {
      const c = this.text.charCodeAt(at);
      if (c === OPEN) depth++;
      else if (c === CLOSE) depth--;
      else if (!(c >= SPACE)) this.fail('`)`', at);
    }
    this.pos = at;
    return copyOf(this.text, start, at - 1);
  }

  /** ` <0.000019>`, on every line with a result or on none. */
  #duration(): void {
    const has = this.text.charCodeAt(this.pos) === SPACE && this.text.charCodeAt(this.pos + 1) === LESS;
    this.durations ??= has;
    if (!this.durations) return;
    this.skip(' <');
    const seconds = this.digits('a duration');
    if (this.text.charCodeAt(this.pos) !== DOT) this.fail('`.`');
    this.durationNs = seconds * 1e9 + this.#fraction('a duration');
    this.skip('>');
  }

  #lineEnd(end: number): void {
    if (this.pos !== end) this.fail('the end of the line');
  }

  /** `--- SIGCHLD {...} ---`, `--- stopped by SIGSTOP ---`. */
  #signal(end: number): LineKind {
    this.skip('--- ');
    const isStop = this.text.startsWith('stopped by ', this.pos);
    if (isStop) this.pos += 11;
    this.name = this.word('the name of a signal');
    if (!isStop) {
      this.skip(' ');
      const info = this.text.charCodeAt(this.pos) === BRACE ? this.value() : this.fail('`{`');
      this.info = info.kind === 'struct' ? info : this.fail('` ---`');
    }
    this.skip(' ---');
    this.#lineEnd(end);
    return isStop ? 'stop' : 'signal';
  }

  /** `+++ exited with 0 +++`, `+++ killed by SIGKILL +++`, `+++ superseded by execve in pid 26 +++`. */
  #end(end: number): LineKind {
    this.skip('+++ ');
    let kind: LineKind = 'end';
    this.name = '';
    this.status = null;
    this.coreDumped = false;
    if (this.text.startsWith('exited with ', this.pos)) {
      this.pos += 12;
      this.status = this.digits('an exit status');
    } else if (this.text.startsWith('killed by ', this.pos)) {
      this.pos += 10;
      this.name = this.word('the name of a signal');
      this.coreDumped = this.text.startsWith(' (core dumped)', this.pos);
      if (this.coreDumped) this.pos += 14;
    } else if (this.text.startsWith('superseded by execve in pid ', this.pos)) {
      this.pos += 28;
      this.status = this.digits('a thread id');
      kind = 'superseded';
    } else {
      this.fail('`exited with`, `killed by` or `superseded by`');
    }
    this.skip(' +++');
    this.#lineEnd(end);
    return kind;
  }
}
