/**
 * Assertions of the simulator itself. A BUG is a broken invariant of the model, never a wrong call of a
 * program: a wrong call gets an errno. Linux counterpart: include/linux/bug.h.
 */

/** A broken invariant of the simulator; `message` names it. */
export class KernelBug extends Error {
  override readonly name = 'KernelBug';
}

/**
 * Throws when `condition` holds. include/linux/bug.h:BUG_ON
 * @param condition what must never be true
 * @param invariant the invariant that would be broken, in words
 */
export function BUG_ON(condition: boolean, invariant: string): void {
  if (condition) throw new KernelBug(invariant);
}
