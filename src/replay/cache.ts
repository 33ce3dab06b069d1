/**
 * Remembers what a piece of text was read into. A log says `4<anon_inode:[eventpoll]>` and `EPOLLIN` a hundred thousand
 * times; each is taken apart once. Of fixed size: a new piece takes the place of the old one with the same hash.
 */

const SIZE = 4096;

/** A cache from pieces of a text to what they mean. `hash` is any number that the same text always has. */
export class TextCache<T> {
  readonly #keys: string[] = Array.from({ length: SIZE }, () => '');
  readonly #values: (T | null)[] = Array.from({ length: SIZE }, () => null);

  get(text: string, start: number, end: number, hash: number): T | null {
    const slot = (hash ^ (hash >>> 12)) & (SIZE - 1);
    const key = this.#keys[slot]!;
    return key.length === end - start && text.startsWith(key, start) ? this.#values[slot]! : null;
  }

  /** `key` must not be a slice of a large text: it would keep that text alive. */
  set(key: string, hash: number, value: T): void {
    const slot = (hash ^ (hash >>> 12)) & (SIZE - 1);
    this.#keys[slot] = key;
    this.#values[slot] = value;
  }
}

/** A piece of a text as a string of its own. */
export function copyOf(text: string, start: number, end: number): string {
  let copy = '';
  for (let i = start; i < end; i++) copy += text[i]!;
  return copy;
}
