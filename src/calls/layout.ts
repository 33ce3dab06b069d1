/**
 * How a call's arguments lie in memory before anybody knows the numbers of descriptors: bytes, and places in them that a number is put into
 * when the call is made. The model and a real kernel are given the same bytes, and what they stored there is read by the same code.
 */

import { type absent_page, kernel_pointer, user_memory } from '../kernel/uaccess.js';

/** A place of a block that a number is put into: a descriptor (32 bits), its bit in a set, or the port of its socket (network order). */
export interface Patch {
  readonly at: number;
  readonly kind: 'fd' | 'bit' | 'port';
  readonly name: string;
}

/** A number that is known only when the call is made. */
export class Hole {
  /** a descriptor; one more than the highest of several; the process or the thread id of a task */
  readonly kind: 'fd' | 'nfds' | 'pid' | 'tid';
  readonly names: readonly string[];

  constructor(kind: Hole['kind'], ...names: string[]) {
    this.kind = kind;
    this.names = names;
  }
}

/** Memory that an argument points to. */
export class Block {
  readonly bytes: Uint8Array;
  readonly patches: Patch[] = [];
  /** the pointer is in the kernel's half of the address space */
  readonly kernel: boolean;
  /** bytes that can be reached; behind them the page is not mapped */
  readonly reach: number;
  /** the first access waits until the line `unfault()` */
  absent = false;

  constructor(bytes: Uint8Array | number, reach?: number, kernel = false) {
    this.bytes = typeof bytes === 'number' ? new Uint8Array(bytes) : bytes;
    this.reach = reach ?? this.bytes.length;
    this.kernel = kernel;
  }

  put(at: number, bytes: 2 | 4 | 8, value: number | bigint): this {
    let left = BigInt(value);
    for (let i = 0; i < bytes; i++, left >>= 8n) this.bytes[at + i] = Number(left & 0xffn);
    return this;
  }

  patch(kind: Patch['kind'], at: number, name: string): this {
    this.patches.push({ at, kind, name });
    return this;
  }
}

/** An argument; null is NULL. */
export type Arg = number | null | Hole | Block;

/** What is known about names when a call is made. */
export interface Names {
  /** -1: it has none */
  fd(name: string): number;
  port(name: string): number;
}

/** The bytes of a block with all numbers in place. */
export function filled(block: Block, names: Names): Uint8Array {
  const bytes = block.bytes.slice();
  for (const { at, kind, name } of block.patches) {
    const value = kind === 'port' ? names.port(name) : names.fd(name);
    if (kind === 'bit') {
      if (value >= 0 && value >> 3 < bytes.length) bytes[value >> 3]! |= 1 << (value & 7);
    } else if (kind === 'port') {
      bytes[at] = value >> 8;
      bytes[at + 1] = value & 255;
    } else {
      for (let i = 0; i < 4; i++) bytes[at + i] = value >> (8 * i);
    }
  }
  return bytes;
}

/** A block as memory of the model. */
export function memoryOf(block: Block, names: Names, page: absent_page | null): user_memory {
  if (block.kernel) return kernel_pointer();
  const memory = new user_memory(filled(block, names), block.reach);
  if (block.absent) memory.absent = page;
  return memory;
}

/** Little-endian numbers in what came back. */
export const readI32 = (bytes: Uint8Array, at: number): number => bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
export const readU16 = (bytes: Uint8Array, at: number): number => bytes[at]! | (bytes[at + 1]! << 8);

/** An unsigned number of 64 bits; inexact above 2^53. */
export function readU64(bytes: Uint8Array, at: number): number {
  return (readI32(bytes, at + 4) >>> 0) * 0x100000000 + (readI32(bytes, at) >>> 0);
}
