/**
 * What one move touched: objects that it looked at and objects that it changed. Two moves of different tasks can change places when
 * neither changes what the other touches.
 */

/** Spreads objects over the bits of a word. */
function bitOf(object: number): number {
  return 1 << (Math.imul(object, 0x9e3779b1) >>> 27);
}

/** The objects of a move, as numbers. */
export class Touched {
  /** it may have touched anything */
  everything = false;
  private readonly read: number[] = [];
  private readonly written: number[] = [];
  /** one bit for each object that was looked at or changed, and for each that was changed: most tests end here */
  private readBits = 0;
  private writtenBits = 0;

  reads(object: number): void {
    const bit = bitOf(object);
    if ((this.readBits & bit) !== 0 && (this.read.includes(object) || this.written.includes(object))) return;
    this.readBits |= bit;
    this.read.push(object);
  }

  writes(object: number): void {
    const bit = bitOf(object);
    this.readBits |= bit;
    if ((this.writtenBits & bit) !== 0 && this.written.includes(object)) return;
    this.writtenBits |= bit;
    this.written.push(object);
  }

  /** True when the two moves cannot change places. */
  conflicts(other: Touched): boolean {
    if (this.everything || other.everything) return true;
    if (((this.writtenBits & other.readBits) | (this.readBits & other.writtenBits)) === 0) return false;
    return this.changesOf(other) || other.changesOf(this);
  }

  /** True when this move changes what the other one touches. */
  private changesOf(other: Touched): boolean {
    for (const object of this.written) if (other.read.includes(object) || other.written.includes(object)) return true;
    return false;
  }

  /** Takes in what another way through the same move touched. */
  join(other: Touched): void {
    this.everything ||= other.everything;
    for (const object of other.read) this.reads(object);
    for (const object of other.written) this.writes(object);
  }
}
