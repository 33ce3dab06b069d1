/**
 * Structural sharing: a new plain object is replaced by the old one wherever the two are equal, part by part.
 * Lists of objects with an id are matched by id, so that an object keeps its identity when its place changes.
 */

type Plain = Record<string, unknown>;

/** True for JSON objects and lists. */
function isObject(value: unknown): value is Plain | readonly unknown[] {
  return typeof value === 'object' && value !== null;
}

function idOf(value: unknown): unknown {
  return isObject(value) && !Array.isArray(value) ? (value as Plain)['id'] : undefined;
}

function byId(list: readonly unknown[]): Map<unknown, unknown> | null {
  return list.length > 0 && idOf(list[0]) !== undefined ? new Map(list.map((value) => [idOf(value), value])) : null;
}

function shareList(before: readonly unknown[], after: readonly unknown[]): readonly unknown[] {
  const known = byId(before);
  const list = after.map((value, index) => share(known === null ? before[index] : known.get(idOf(value)), value));
  return list.length === before.length && list.every((value, index) => value === before[index]) ? before : Object.freeze(list);
}

function shareObject(before: Plain, after: Plain): Plain {
  const names = Object.keys(after);
  const result: Plain = {};
  let same = names.length === Object.keys(before).length;
  for (const name of names) {
    result[name] = share(before[name], after[name]);
    if (result[name] !== before[name] || !(name in before)) same = false;
  }
  return same ? before : Object.freeze(result);
}

/** Freezes a value that has nothing to share with. */
function frozen(value: Plain | readonly unknown[]): unknown {
  if (Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) if (isObject(part)) frozen(part);
  return Object.freeze(value);
}

/** `after`, with every part that equals the same part of `before` replaced by that one; frozen. */
export function share<T>(before: unknown, after: T): T {
  if (before === after || !isObject(after)) return after;
  if (!isObject(before) || Array.isArray(before) !== Array.isArray(after)) return frozen(after) as T;
  if (Array.isArray(after)) return shareList(before as readonly unknown[], after) as T;
  return shareObject(before as Plain, after as Plain) as T;
}
