/**
 * A small seeded random generator (xoshiro128**), for choices and for what Linux draws at random (ports,
 * sequence numbers). The same seed gives the same stream in Node and in every browser.
 */

/** A stream of 32-bit random numbers. */
export class Prng {
  private a: number;
  private b: number;
  private c: number;
  private d: number;

  constructor(seed: number) {
    // splitmix32 spreads a small seed over the four words of state.
    let s = seed | 0;
    const word = (): number => {
      s = (s + 0x9e3779b9) | 0;
      let z = s ^ (s >>> 16);
      z = Math.imul(z, 0x21f0aaad);
      z ^= z >>> 15;
      z = Math.imul(z, 0x735a2d97);
      return z ^ (z >>> 15);
    };
    this.a = word();
    this.b = word();
    this.c = word();
    this.d = word();
  }

  /** The next number, 0 .. 2^32 - 1. */
  next(): number {
    const x = Math.imul(this.b, 5);
    const result = Math.imul((x << 7) | (x >>> 25), 9) >>> 0;
    const t = this.b << 9;
    this.c ^= this.a;
    this.d ^= this.b;
    this.b ^= this.c;
    this.a ^= this.d;
    this.c ^= t;
    this.d = (this.d << 11) | (this.d >>> 21);
    return result;
  }

  /** A number in 0 .. n - 1. */
  below(n: number): number {
    return Math.floor((this.next() / 0x100000000) * n);
  }
}
