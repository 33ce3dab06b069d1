/**
 * The values that strace prints between the parentheses of a call, as a tree. The tree says what was printed and
 * nothing about what it means: `0x802` is a hexadecimal number, be it flags or a pointer; decode.ts knows the meanings.
 * Values are immutable and may be shared between calls.
 */

import { type Decoration, parseDecoration } from './decoration.js';

/** `9`, `-1`, `0666`, `0x7ffe22455df4`. A bigint where a number would not be exact. */
export interface NumberValue {
  readonly kind: 'number';
  readonly value: number | bigint;
  readonly base: 8 | 10 | 16;
  /** the words between the comment marks, '' when there are none; every value may have a comment */
  readonly comment: string;
}

/** `SOCK_STREAM|SOCK_CLOEXEC`, a single `POLLIN`, `S_IFREG|0644`: names, and the bits that have none. */
export interface FlagsValue {
  readonly kind: 'flags';
  readonly names: readonly string[];
  readonly rest: NumberValue | null;
  readonly comment: string;
}

/** `NULL`. */
export interface NullValue {
  readonly kind: 'null';
  readonly comment: string;
}

/** `{tv_sec=0, tv_nsec=3000000}`; a value without a name, as in `{WIFEXITED(s)}`, has the name ''. */
export interface StructValue {
  readonly kind: 'struct';
  readonly names: readonly string[];
  readonly values: readonly Value[];
  /** ends with `...`: strace left fields out */
  readonly elided: boolean;
  readonly comment: string;
}

/** `[1, 2]`; sets are separated by blanks, `[USR1 CHLD]`, and may be everything else: `~[USR1]`. */
export interface ArrayValue {
  readonly kind: 'array';
  readonly items: readonly Value[];
  /** a list with fewer than two items has ',' */
  readonly separator: ',' | ' ';
  readonly complement: boolean;
  readonly elided: boolean;
  readonly comment: string;
}

/** `128 => 16`: the call changed what was there. */
export interface ChangedValue {
  readonly kind: 'changed';
  readonly before: Value;
  readonly after: Value;
  readonly comment: string;
}

/** An argument or item with a name: `child_stack=NULL`. Inside braces names belong to the struct. */
export interface FieldValue {
  readonly kind: 'field';
  readonly name: string;
  readonly value: Value;
  readonly comment: string;
}

/** `htons(7004)`, `inet_addr("127.0.0.1")`, `inet_pton(AF_INET6, "::1", &sin6_addr)`, `WIFEXITED(s)`. */
export interface MacroValue {
  readonly kind: 'macro';
  readonly name: string;
  readonly args: readonly Value[];
  readonly comment: string;
}

/** `&sin6_addr`. */
export interface AddressValue {
  readonly kind: 'address';
  readonly name: string;
  readonly comment: string;
}

export type Operator = '*' | '<<' | '|' | '==' | '!=' | '&&' | '||';

/** `16*1024`, `WIFEXITED(s) && WEXITSTATUS(s) == 0`. */
export interface OperationValue {
  readonly kind: 'operation';
  readonly op: Operator;
  readonly left: Value;
  readonly right: Value;
  readonly comment: string;
}

/** `<... resuming interrupted poll ...>`, the argument of restart_syscall. */
export interface ResumingValue {
  readonly kind: 'resuming';
  readonly name: string;
  readonly comment: string;
}

/** `...` in the place of a value. */
export interface ElidedValue {
  readonly kind: 'elided';
  readonly comment: string;
}

export type Value = NumberValue | FlagsValue | NullValue | StringValue | FdValue | StructValue | ArrayValue | ChangedValue
  | FieldValue | MacroValue | AddressValue | OperationValue | ResumingValue | ElidedValue;

/** A string as it is printed: the text between the quotes, read into bytes when somebody asks. */
export class StringValue {
  readonly kind = 'string';
  /** the escaped text between the quotes */
  readonly raw: string;
  /** how many bytes the text stands for */
  readonly length: number;
  /** `"mmmm"...`: there were more bytes than strace prints */
  readonly elided: boolean;
  readonly comment: string;
  #bytes: Uint8Array | null = null;

  constructor(raw: string, length: number, elided: boolean, comment = '') {
    this.raw = raw;
    this.length = length;
    this.elided = elided;
    this.comment = comment;
  }

  get bytes(): Uint8Array {
    this.#bytes ??= unescape(this.raw, this.length);
    return this.#bytes;
  }

  /** The bytes as characters 0 to 255. */
  get text(): string {
    if (this.raw.length === this.length) return this.raw;
    let text = '';
    for (const byte of this.bytes) text += String.fromCharCode(byte);
    return text;
  }
}

/** A descriptor with what strace says about it: `4<anon_inode:[eventpoll]>`, `AT_FDCWD</tmp/x>`. */
export class FdValue {
  readonly kind = 'fd';
  readonly fd: number;
  /** the name printed in place of a number, or '' */
  readonly name: string;
  /** what stands between `<` and `>` */
  readonly about: string;
  /** `(deleted)` follows: the file has no name any more */
  readonly deleted: boolean;
  readonly comment: string;
  #decoration: Decoration | null = null;

  constructor(fd: number, name: string, about: string, deleted: boolean, comment = '') {
    this.fd = fd;
    this.name = name;
    this.about = about;
    this.deleted = deleted;
    this.comment = comment;
  }

  get decoration(): Decoration {
    this.#decoration ??= parseDecoration(this.about);
    return this.#decoration;
  }
}

export const NULL: NullValue = { kind: 'null', comment: '' };
export const ELIDED: ElidedValue = { kind: 'elided', comment: '' };

/** The same value with a comment. */
export function withComment(value: Value, comment: string): Value {
  if (value.kind === 'string') return new StringValue(value.raw, value.length, value.elided, comment);
  if (value.kind === 'fd') return new FdValue(value.fd, value.name, value.about, value.deleted, comment);
  return { ...value, comment };
}

/** The field of a struct, or null when it is not there. */
export function field(struct: StructValue, name: string): Value | null {
  const at = struct.names.indexOf(name);
  return at < 0 ? null : struct.values[at]!;
}

const ESCAPES: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, v: 11, f: 12 };

/** C escapes into bytes; the text has been checked when it was read. */
function unescape(raw: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (let i = 0; i < length; i++) {
    const c = raw.charCodeAt(at++);
    if (c !== 0x5c) {
      bytes[i] = c;
      continue;
    }
    const e = raw.charCodeAt(at++);
    if (e >= 0x30 && e <= 0x37) {
      let byte = e - 0x30;
      for (let digits = 1; digits < 3; digits++) {
        const d = raw.charCodeAt(at) - 0x30;
        if (!(d >= 0 && d <= 7)) break;
        byte = byte * 8 + d;
        at++;
      }
      bytes[i] = byte;
    } else if (e === 0x78) {
      bytes[i] = Number.parseInt(raw.slice(at, at + 2), 16);
      at += 2;
    } else {
      bytes[i] = ESCAPES[String.fromCharCode(e)] ?? e;
    }
  }
  return bytes;
}
