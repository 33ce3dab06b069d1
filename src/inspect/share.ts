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

/** The old object for a new one: at the same place in most cases, else found by id. */
function partner(before: readonly unknown[], after: unknown, index: number, found: { map: Map<unknown, unknown> | null }): unknown {
  const there = before[index];
  const id = idOf(after);
  if (id === undefined || idOf(there) === id) return there;
  found.map ??= new Map(before.map((value) => [idOf(value), value]));
  return found.map.get(id);
}

function shareList(before: readonly unknown[], after: readonly unknown[]): readonly unknown[] {
  const found = { map: null };
  let same = before.length === after.length;
  const list: unknown[] = [];
  for (let i = 0; i < after.length; i++) {
    const value = share(partner(before, after[i], i, found), after[i]);
    if (value !== before[i]) same = false;
    list.push(value);
  }
  return same ? before : Object.freeze(list);
}

/** Equal parts of the new object are replaced in place: nobody else has it yet. */
function shareObject(before: Plain, after: Plain): Plain {
  let same = true;
  let names = 0;
  for (const name in after) {
    names++;
    const old = before[name];
    const value = share(old, after[name]);
    if (value !== after[name]) after[name] = value;
    if (value !== old) same = false;
  }
  return same && names === Object.keys(before).length ? before : Object.freeze(after);
}

/** Freezes a value that has nothing to share with. */
function frozen(value: Plain | readonly unknown[]): unknown {
  if (Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) if (isObject(part)) frozen(part);
  return Object.freeze(value);
}

/** `after`, with every part that equals the same part of `before` replaced by that one; frozen. */
export function share<T>(before: unknown, after: T): T {
  if (before === after || !isObject(after) || Object.isFrozen(after)) return after;
  if (!isObject(before) || Array.isArray(before) !== Array.isArray(after)) return frozen(after) as T;
  if (Array.isArray(after)) return shareList(before as readonly unknown[], after) as T;
  return shareObject(before as Plain, after as Plain) as T;
}
