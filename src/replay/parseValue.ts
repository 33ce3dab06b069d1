/**
 * Reads the values between the parentheses of a call, by char codes, without regular expressions and without tokens: each
 * function starts with `pos` on its first character and leaves it after its last. What the values mean is not known here.
 */

import { TextCache, copyOf } from './cache.js';
import {
  AMPERSAND, AT, BACKSLASH, BANG, BRACE, BRACE_END, BRACKET, BRACKET_END, CLASS, CLOSE, COMMA, DIGIT, DOT, EQUALS, GREATER, LESS, MINUS, OPEN, PIPE, QUOTE,
  SLASH, SPACE, STAR, Scanner, TAB, TILDE, WORD, ZERO,
} from './scan.js';
import {
  type ArrayValue, ELIDED, FdValue, type FlagsValue, NULL, type Operator, StringValue, type StructValue, type Value, withComment,
} from './value.js';

const PRECEDENCE: Readonly<Record<Operator, number>> = { '*': 6, '<<': 5, '|': 4, '==': 3, '!=': 3, '&&': 2, '||': 1 };
const CUT = '<unfinished ...>';

export class ValueParser extends Scanner {
  /** the arguments stopped with `<unfinished ...>` */
  protected cut = false;
  /** ... in the middle of a struct or list */
  protected cutInside = false;
  /** ... behind a comma */
  cutAfterComma = false;

  readonly #values = new TextCache<Value>();

  /** Reads `a, b, c)` with the parenthesis, or as far as `<unfinished ...>`. */
  protected arguments(into: Value[]): Value[] {
    if (this.text.charCodeAt(this.pos) === CLOSE) {
      this.pos++;
      return into;
    }
    for (;;) {
      if (this.#atCut()) {
        this.cutAfterComma = into.length > 0;
        return into;
      }
      into.push(this.#item());
      if (this.cut) return into;
      const c = this.text.charCodeAt(this.pos);
      if (c === COMMA) {
        this.pos++;
        this.#expectSpace();
      } else if (c === CLOSE) {
        this.pos++;
        return into;
      } else if (!this.#atCut()) {
        this.fail('`, ` or `)`');
      }
      if (this.cut) return into;
    }
  }

  /** Reads one value with what may follow it: operators, `=> value`, a comment. */
  protected value(): Value {
    const value = this.#primary();
    switch (this.text.charCodeAt(this.pos)) {
      case SPACE:
      case PIPE:
      case STAR:
      case LESS:
        return this.cut ? value : this.#rest(value, 0);
      default:
        return value;
    }
  }

  /** True at `<unfinished ...>`; steps over it. */
  #atCut(): boolean {
    const { text, pos } = this;
    const c = text.charCodeAt(pos);
    const at = c === SPACE ? pos + 1 : pos;
    if (text.charCodeAt(at) !== LESS || !text.startsWith(CUT, at) || (at === pos && text.charCodeAt(pos - 1) !== SPACE)) return false;
    this.pos = at + CUT.length;
    this.cut = true;
    return true;
  }

  #expectSpace(): void {
    if (this.text.charCodeAt(this.pos) !== SPACE) this.fail('a blank');
    this.pos++;
  }

  /** A value, or a value with a name before it. */
  #item(): Value {
    const c = this.text.charCodeAt(this.pos);
    if (c >= 0x61 && c <= 0x7a) {
      const name = this.#fieldName();
      if (name !== '') return { kind: 'field', name, value: this.value(), comment: '' };
    }
    return this.value();
  }

  /** `name=`, or '' without moving. */
  #fieldName(): string {
    const { text, pos } = this;
    let end = pos;
    let hash = 0;
    let c = text.charCodeAt(end);
    for (; c < 128 && CLASS[c] !== 0; c = text.charCodeAt(++end)) hash = (Math.imul(hash, 31) + c) | 0;
    if (c === BRACKET) {                                // c_cc[VMIN]=1
      for (; c > SPACE && c !== EQUALS; c = text.charCodeAt(++end)) hash = (Math.imul(hash, 31) + c) | 0;
    }
    if (c !== EQUALS || text.charCodeAt(end + 1) === EQUALS) return '';
    this.pos = end + 1;
    return this.intern(pos, end, hash);
  }

  #primary(): Value {
    const c = this.text.charCodeAt(this.pos);
    if (c < 128 && CLASS[c] !== 0) return CLASS[c] === WORD ? this.#name() : this.#numberOrFd();
    switch (c) {
      case QUOTE: return this.#string(this.pos + 1, '');
      case BRACE: return this.#struct();
      case BRACKET: return this.#array(false);
      case TILDE:
        this.pos++;
        if (this.text.charCodeAt(this.pos) !== BRACKET) this.fail('`[`');
        return this.#array(true);
      case MINUS:
        return CLASS[this.text.charCodeAt(this.pos + 1)]! & DIGIT ? this.#numberOrFd() : this.#minusName();
      case AMPERSAND:
        this.pos++;
        return { kind: 'address', name: this.word('a name'), comment: '' };
      case AT:                                          // @"name": a socket in the abstract name space, its path begins with a zero byte
        if (this.text.charCodeAt(this.pos + 1) !== QUOTE) this.fail('a value');
        return this.#string(this.pos + 2, '\\0');
      case DOT:
        this.skip('...');
        return ELIDED;
      case LESS: {
        this.skip('<... resuming interrupted ');
        const name = this.word('the name of a system call');
        this.skip(' ...>');
        return { kind: 'resuming', name, comment: '' };
      }
      default: return this.fail('a value');
    }
  }

  #numberOrFd(): Value {
    const start = this.pos;
    const number = this.number();
    if (this.text.charCodeAt(this.pos) !== LESS || this.text.charCodeAt(this.pos + 1) === LESS) return number;
    return this.decorated(start, Number(number.value), '');
  }

  /** The `<...>` at `pos` behind a descriptor; `start` is where the descriptor begins. */
  protected decorated(start: number, fd: number, name: string): FdValue {
    const about = this.pos + 1;
    const hash = this.#skipDecoration(start);
    const known = this.#values.get(this.text, start, this.pos, hash);
    if (known !== null && known.kind === 'fd') return known;
    const key = copyOf(this.text, start, this.pos);
    const deleted = key.endsWith('(deleted)');
    const value = new FdValue(fd, name, key.slice(about - start, deleted ? -10 : -1), deleted);
    this.#values.set(key, hash, value);
    return value;
  }

  /** Steps over `<...>` and `(deleted)`; the hash of everything from `start`. `->` inside is an arrow, except in a path. */
  #skipDecoration(start: number): number {
    const { text } = this;
    const open = this.pos;
    const isPath = text.charCodeAt(open + 1) === SLASH;
    let hash = 0;
    for (let i = start; i < open; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
    let depth = 0;
    for (let at = open; ; at++) {
      const c = text.charCodeAt(at);
      if (!(c >= SPACE)) this.fail('`>`', at);
      hash = (Math.imul(hash, 31) + c) | 0;
      if (c === LESS) depth++;
      else if (c === GREATER && (isPath || text.charCodeAt(at - 1) !== MINUS) && --depth === 0) {
        this.pos = at + 1;
        break;
      }
    }
    if (text.charCodeAt(this.pos) !== OPEN || !text.startsWith('(deleted)', this.pos)) return hash;
    this.pos += 9;
    return hash + 1;
  }

  /** A name, names joined by `|`, a macro, or a descriptor that has a name. */
  #name(): Value {
    const { text, pos } = this;
    let at = pos;
    let hash = 0;
    let c = text.charCodeAt(at);
    for (;;) {
      for (; c < 128 && CLASS[c] !== 0; c = text.charCodeAt(++at)) hash = (Math.imul(hash, 31) + c) | 0;
      if (c !== PIPE || CLASS[text.charCodeAt(at + 1)] !== WORD) break;
      hash = (Math.imul(hash, 31) + c) | 0;
      c = text.charCodeAt(++at);
    }
    if (c === OPEN || c === LESS || c === EQUALS) return this.#specialName();
    this.pos = at;
    const flags = this.#values.get(text, pos, at, hash) ?? this.#newFlags(pos, at, hash);
    if (c !== PIPE || !(CLASS[text.charCodeAt(at + 1)]! & DIGIT) || flags.kind !== 'flags') return flags;
    this.pos++;
    const rest = this.number();
    const next = text.charCodeAt(this.pos);
    if (next !== LESS && next !== STAR) return { kind: 'flags', names: flags.names, rest, comment: '' };
    this.pos = at;                                      // A|1<<B
    return flags;
  }

  #newFlags(start: number, end: number, hash: number): Value {
    const key = copyOf(this.text, start, end);
    const value: Value = key === 'NULL' ? NULL : { kind: 'flags', names: key.split('|'), rest: null, comment: '' };
    this.#values.set(key, hash, value);
    return value;
  }

  /** `htons(7004)`, `AT_FDCWD</tmp>`, `NAME=value`, or a name before an operator with such a thing behind it. */
  #specialName(): Value {
    const start = this.pos;
    const name = this.word('a name');
    const c = this.text.charCodeAt(this.pos);
    if (c === OPEN) {
      this.pos++;
      const args = this.arguments([]);
      if (this.cut) this.cutInside = true;
      return { kind: 'macro', name, args, comment: '' };
    }
    if (c === LESS && this.text.charCodeAt(this.pos + 1) !== LESS) return this.decorated(start, name === 'AT_FDCWD' ? -100 : -1, name);
    if (c === EQUALS) {
      this.pos++;
      return { kind: 'field', name, value: this.value(), comment: '' };
    }
    return { kind: 'flags', names: [name], rest: null, comment: '' };
  }

  /** `-echo`, a terminal mode that is off. */
  #minusName(): FlagsValue {
    this.pos++;
    return { kind: 'flags', names: [`-${this.word('a number or a name')}`], rest: null, comment: '' };
  }

  /** A string whose text begins at `start`. */
  #string(start: number, prefix: string): StringValue {
    const { text } = this;
    let at = start;
    let length = 0;
    for (let c = text.charCodeAt(at); c !== QUOTE; c = text.charCodeAt(at)) {
      length++;
      if (c === BACKSLASH) at = this.#skipEscape(at + 1);
      else if (c >= SPACE && c < 0x7f) at++;
      else this.fail(c > 0x7f || c === TAB ? 'a printable character' : '`"`', at);
    }
    const raw = prefix + text.slice(start, at);
    const elided = text.charCodeAt(at + 1) === DOT && text.startsWith('...', at + 1);
    this.pos = at + (elided ? 4 : 1);
    return new StringValue(raw, prefix === '' ? length : length + 1, elided);
  }

  /** Steps over what follows a backslash. */
  #skipEscape(at: number): number {
    const { text } = this;
    const c = text.charCodeAt(at);
    switch (c) {
      case 0x6e: case 0x72: case 0x74: case 0x76: case 0x66: case QUOTE: case BACKSLASH:
        return at + 1;
      case 0x78:
        if (!/^[0-9a-f]{2}$/i.test(text.slice(at + 1, at + 3))) this.fail('two hexadecimal digits', at + 1);
        return at + 3;
      default: {
        let end = at;
        while (end < at + 3 && text.charCodeAt(end) >= ZERO && text.charCodeAt(end) <= 0x37) end++;
        if (end === at || (end === at + 3 && c > 0x33)) this.fail('an escape', at);
        return end;
      }
    }
  }

  #struct(): StructValue {
    const names: string[] = [];
    const values: Value[] = [];
    let elided = false;
    this.pos++;
    if (this.text.charCodeAt(this.pos) === BRACE_END) this.pos++;
    else {
      do {
        if (this.#isElision()) {
          elided = true;
          continue;
        }
        const c = this.text.charCodeAt(this.pos);
        const name = c >= 0x61 && c <= 0x7a ? this.#fieldName() : '';
        const value = this.value();
        names.push(value.kind === 'field' ? value.name : name);
        values.push(value.kind === 'field' ? value.value : value);
      } while (this.#more(BRACE_END, '`, ` or `}`') !== 0);
    }
    return { kind: 'struct', names, values, elided: elided || this.cut, comment: '' };
  }

  #array(complement: boolean): ArrayValue {
    const items: Value[] = [];
    let separator: ',' | ' ' = ',';
    let elided = false;
    this.pos++;
    if (this.text.charCodeAt(this.pos) === BRACKET_END) this.pos++;
    else if (this.text.charCodeAt(this.pos) === SLASH) {          // [/* 24 vars */]
      const comment = this.comment();
      if (this.text.charCodeAt(this.pos) !== BRACKET_END) this.fail('`]`');
      this.pos++;
      return { kind: 'array', items, separator, complement, elided: true, comment };
    } else {
      for (;;) {
        if (this.#isElision()) elided = true;
        else items.push(this.#item());
        const more = this.#more(BRACKET_END, '`, `, a blank or `]`');
        if (more === 0) break;
        if (more === SPACE) separator = ' ';
      }
    }
    return { kind: 'array', items, separator, complement, elided: elided || this.cut, comment: '' };
  }

  /** `...` in the place of more items. */
  #isElision(): boolean {
    if (this.text.charCodeAt(this.pos) !== DOT) return false;
    this.skip('...');
    return true;
  }

  /** What follows an item: COMMA or SPACE when there is another one, 0 at the end of the list. */
  #more(close: number, expected: string): number {
    const c = this.text.charCodeAt(this.pos);
    if (this.cut || (c === SPACE && this.#atCut())) {
      this.cutInside = true;
      return 0;
    }
    if (c !== COMMA && c !== SPACE && c !== close) this.fail(expected);
    this.pos++;
    if (c === close) return 0;
    if (c === COMMA) this.#expectSpace();
    if (!this.#atCut()) return c;
    this.cutInside = true;
    return 0;
  }

  /** Operators and comments behind `left`, as long as they bind at least as strongly as `least`. */
  #rest(left: Value, least: number): Value {
    for (;;) {
      if (this.cut) return left;
      const { text, pos } = this;
      if (least === 0 && text.charCodeAt(pos) === SPACE && text.charCodeAt(pos + 1) === SLASH && text.charCodeAt(pos + 2) === STAR) {
        this.pos++;
        left = withComment(left, this.comment());
        continue;
      }
      if (least === 0 && text.startsWith(' => ', pos)) {
        this.pos += 4;
        return { kind: 'changed', before: left, after: this.#rest(this.#primary(), 0), comment: '' };
      }
      const op = this.#operator();
      if (op === null || PRECEDENCE[op] < least) return left;
      this.pos += PRECEDENCE[op] < 4 ? op.length + 2 : op.length;
      const isTight = op === '<<' && CLASS[this.text.charCodeAt(this.pos)] === WORD;        // 1<<A|1<<B
      const right = this.#rest(isTight ? this.#specialName() : this.#primary(), PRECEDENCE[op] + 1);
      left = { kind: 'operation', op, left, right, comment: '' };
    }
  }

  /** The operator at `pos`, without stepping over it. Those that bind weakly have blanks around them. */
  #operator(): Operator | null {
    const { text, pos } = this;
    const c = text.charCodeAt(pos);
    if (c === STAR) return '*';
    if (c === PIPE) return '|';
    if (c === LESS) return text.charCodeAt(pos + 1) === LESS ? '<<' : null;
    if (c !== SPACE || text.charCodeAt(pos + 3) !== SPACE) return null;
    const d = text.charCodeAt(pos + 1);
    const e = text.charCodeAt(pos + 2);
    if (d === EQUALS && e === EQUALS) return '==';
    if (d === BANG && e === EQUALS) return '!=';
    if (d === AMPERSAND && e === AMPERSAND) return '&&';
    if (d === PIPE && e === PIPE) return '||';
    return null;
  }
}
