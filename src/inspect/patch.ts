/**
 * A view with some parts replaced: what is on the way to a changed part is copied, all the rest is shared with the view it is made from.
 */

import type { MachineView } from './view.js';

type Plain = Record<string, unknown>;

interface HasId {
  readonly id: number;
}

/** The place of an id in a list that is sorted by id, or where it would stand, as -1 - place. */
function placeOf(list: readonly HasId[], id: number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const there = list[middle]!.id;
    if (there === id) return middle;
    if (there < id) low = middle + 1;
    else high = middle;
  }
  return -1 - low;
}

/** A copy of a view that is being changed. */
export class Draft {
  private root: Plain;
  private readonly own = new Set<unknown>();

  constructor(view: MachineView) {
    this.root = this.copy(view as unknown as Plain);
  }

  private copy<T>(value: T): T {
    if (this.own.has(value)) return value;
    const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...value }) as T;
    this.own.add(copy);
    return copy;
  }

  /** True when a list of the view has a thing with this id. */
  has(list: string, id: number): boolean {
    return placeOf(this.root[list] as HasId[], id) >= 0;
  }

  /** Replaces what a path leads to; undefined takes it away. In lists a thing is found by its id. */
  put(path: string, value: unknown): void {
    const parts = path.split('/');
    const last = parts.pop()!;
    let at: unknown = this.root;
    for (const part of parts) at = this.enter(at, part);
    if (!Array.isArray(at)) {
      (at as Plain)[last] = value;
      return;
    }
    const place = placeOf(at as HasId[], Number(last));
    if (value === undefined) {
      if (place >= 0) at.splice(place, 1);
    } else if (place >= 0) at[place] = value;
    else at.splice(-1 - place, 0, value);
  }

  private enter(at: unknown, part: string): unknown {
    const key = Array.isArray(at) ? placeOf(at as HasId[], Number(part)) : part;
    const inside = this.copy((at as Plain)[key]);
    (at as Plain)[key] = inside;
    return inside;
  }

  /** The view as it stands in the draft. */
  get view(): MachineView {
    return this.root as unknown as MachineView;
  }

  /** The view; the draft is used up. */
  finish(): MachineView {
    for (const part of this.own) Object.freeze(part);
    return this.root as unknown as MachineView;
  }
}
