/**
 * Steps through the text of a log: words, digits, numbers, fixed text, and the report of what was expected. The values and the
 * lines of a log are read on top of this. No token contains a line feed, so the scanner can work on a large piece of the
 * log, and the end of the line stops everything.
 */

import { TextCache, copyOf } from './cache.js';
import { StraceError } from './error.js';
import type { NumberValue } from './value.js';

export const TAB = 9;
export const SPACE = 0x20;
export const BANG = 0x21;
export const QUOTE = 0x22;
export const AMPERSAND = 0x26;
export const OPEN = 0x28;
export const CLOSE = 0x29;
export const STAR = 0x2a;
export const PLUS = 0x2b;
export const COMMA = 0x2c;
export const MINUS = 0x2d;
export const DOT = 0x2e;
export const SLASH = 0x2f;
export const ZERO = 0x30;
export const LESS = 0x3c;
export const EQUALS = 0x3d;
export const GREATER = 0x3e;
export const AT = 0x40;
export const BRACKET = 0x5b;
export const BACKSLASH = 0x5c;
export const BRACKET_END = 0x5d;
export const BRACE = 0x7b;
export const PIPE = 0x7c;
export const BRACE_END = 0x7d;
export const TILDE = 0x7e;

export const WORD = 1;
export const DIGIT = 2;
/** What a character may be part of: letters, digits and `_` of a word; digits of a number. */
export const CLASS = Uint8Array.from({ length: 128 }, (_, c) =>
  (c >= ZERO && c <= 0x39 ? WORD | DIGIT : /\w/.test(String.fromCharCode(c)) ? WORD : 0));

/** Numbers below are shared. */
const SMALL = 1024;

export class Scanner {
  file = '';
  protected text = '';
  protected pos = 0;
  /** where lines begin in `text`: the line of the first character, and of what was appended to it */
  protected line = 1;
  protected lineStart = 0;
  protected seam = -1;
  protected seamLine = 0;
  protected seamStart = 0;

  readonly #words = new TextCache<string>();
  readonly #small: readonly NumberValue[] = Array.from({ length: SMALL }, (_, value) => ({ kind: 'number', value, base: 10, comment: '' }));

  /** Throws: at `at`, `expected` was expected. */
  fail(expected: string, at = this.pos): never {
    const inSeam = this.seam >= 0 && at >= this.seam;
    const line = inSeam ? this.seamLine : this.line;
    const column = at - (inSeam ? this.seamStart : this.lineStart) + 1;
    let end = at;
    while (end < at + 24 && this.text.charCodeAt(end) >= SPACE) end++;
    throw new StraceError(this.file, line, column, expected, end === at ? 'the end of the line' : `\`${this.text.slice(at, end)}\``);
  }

  /** The word at `pos`; interned, so that names of calls and fields are one string each. */
  protected word(expected: string): string {
    const { text, pos } = this;
    let end = pos;
    let hash = 0;
    for (let c = text.charCodeAt(end); c < 128 && CLASS[c] !== 0; c = text.charCodeAt(++end)) hash = (Math.imul(hash, 31) + c) | 0;
    if (end === pos || CLASS[text.charCodeAt(pos)] !== WORD) this.fail(expected);
    this.pos = end;
    return this.intern(pos, end, hash);
  }

  /** Digits as a number; only for what surely fits. */
  protected digits(expected: string): number {
    const { text, pos } = this;
    let end = pos;
    let value = 0;
    for (let c = text.charCodeAt(end); CLASS[c]! & DIGIT; c = text.charCodeAt(++end)) value = value * 10 + (c - ZERO);
    if (end === pos) this.fail(expected);
    this.pos = end;
    return value;
  }

  /** Steps over fixed text. */
  protected skip(fixed: string): void {
    if (!this.text.startsWith(fixed, this.pos)) this.fail(`\`${fixed}\``);
    this.pos += fixed.length;
  }

  protected number(): NumberValue {
    const { text, pos } = this;
    let at = pos;
    let c = text.charCodeAt(at);
    if (c === MINUS) c = text.charCodeAt(++at);
    if (c === ZERO && (text.charCodeAt(at + 1) | 0x20) === 0x78) return this.#hexadecimal(at + 2);
    const first = at;
    const base = c === ZERO && CLASS[text.charCodeAt(at + 1)]! & DIGIT ? 8 : 10;
    let value = 0;
    for (; CLASS[c]! & DIGIT; c = text.charCodeAt(++at)) value = value * base + (c - ZERO);
    if (at === first) this.fail('a number', at);
    this.pos = at;
    if (base === 10 && first === pos && value < SMALL) return this.#small[value]!;
    if (base === 8 && /[89]/.test(text.slice(first, at))) this.fail('octal digits', first);
    if (value > Number.MAX_SAFE_INTEGER) return { kind: 'number', value: this.#exact(first, at, base), base, comment: '' };
    return { kind: 'number', value: first === pos ? value : -value, base, comment: '' };
  }

  #hexadecimal(first: number): NumberValue {
    const { text } = this;
    const negative = text.charCodeAt(this.pos) === MINUS;
    let value = 0;
    let at = first;
    for (;; at++) {
      const c = text.charCodeAt(at);
      if (CLASS[c]! & DIGIT) value = value * 16 + (c - ZERO);
      else if ((c | 0x20) >= 0x61 && (c | 0x20) <= 0x66) value = value * 16 + ((c | 0x20) - 0x57);
      else break;
    }
    if (at === first) this.fail('hexadecimal digits', at);
    if (value > Number.MAX_SAFE_INTEGER) {
      const exact = this.#exact(first, at, 16);
      this.pos = at;
      return { kind: 'number', value: exact, base: 16, comment: '' };
    }
    this.pos = at;
    return { kind: 'number', value: negative ? -value : value, base: 16, comment: '' };
  }

  #exact(start: number, end: number, base: 8 | 10 | 16): bigint {
    const digits = this.text.slice(start, end);
    const value = BigInt(base === 10 ? digits : base === 8 ? `0o${digits.replace(/^0+(?=.)/, '')}` : `0x${digits}`);
    const minus = base === 16 ? start - 3 : start - 1;
    return minus >= 0 && this.text.charCodeAt(minus) === MINUS ? -value : value;
  }

  protected intern(start: number, end: number, hash: number): string {
    const known = this.#words.get(this.text, start, end, hash);
    if (known !== null) return known;
    const word = copyOf(this.text, start, end);
    this.#words.set(word, hash, word);
    return word;
  }

  /** The words between the comment marks at `pos`. */
  protected comment(): string {
    const start = this.pos;
    this.skip('/*');
    const { text } = this;
    let at = this.pos;
    for (; text.charCodeAt(at) !== STAR || text.charCodeAt(at + 1) !== SLASH; at++) if (!(text.charCodeAt(at) >= SPACE)) this.fail('`*/`', at);
    this.pos = at + 2;
    return copyOf(text, start + 2, at).trim();
  }
}
