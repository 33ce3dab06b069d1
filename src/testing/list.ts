/**
 * Lists that shrink in the terms of the domain: any one member is left out, two neighbours become one, a member becomes smaller. (An fc.array
 * leaves members out from its beginning only, and knows no merging.)
 */

import * as fc from 'fast-check';

/** How long a list is, and how two members become one. */
export interface ListOptions<T> {
  readonly least?: number;
  readonly most: number;
  readonly merge?: (first: T, second: T) => T;
}

type Members<T> = readonly fc.Value<T>[];

class ListArbitrary<T> extends fc.Arbitrary<T[]> {
  private readonly item: fc.Arbitrary<T>;
  private readonly options: ListOptions<T>;

  constructor(item: fc.Arbitrary<T>, options: ListOptions<T>) {
    super();
    this.item = item;
    this.options = options;
  }

  generate(random: fc.Random, bias: number | undefined): fc.Value<T[]> {
    const { least = 0, most } = this.options;
    // short lists are the better half: most faults need little
    const end = random.nextInt(0, 1) === 0 ? Math.min(most, least + 2) : most;
    const length = random.nextInt(least, end);
    return this.pack(Array.from({ length }, () => this.item.generate(random, bias)));
  }

  canShrinkWithoutContext(value: unknown): value is T[] {
    return Array.isArray(value) && value.every((member) => this.item.canShrinkWithoutContext(member));
  }

  shrink(value: T[], context: unknown): fc.Stream<fc.Value<T[]>> {
    const members = (context as Members<T> | undefined) ?? value.map((member) => new fc.Value(member, undefined));
    return fc.stream(this.smaller(members));
  }

  private *smaller(members: Members<T>): IterableIterator<fc.Value<T[]>> {
    const { least = 0, merge } = this.options;
    const shorter = members.length > least;
    if (shorter && members.length > 1) yield this.pack(members.slice(0, Math.max(least, 0)));
    for (let at = members.length - 1; shorter && at >= 0; at--) yield this.pack([...members.slice(0, at), ...members.slice(at + 1)]);
    for (let at = 1; shorter && merge !== undefined && at < members.length; at++) {
      const one = new fc.Value(merge(members[at - 1]!.value, members[at]!.value), undefined);
      yield this.pack([...members.slice(0, at - 1), one, ...members.slice(at + 1)]);
    }
    for (let at = 0; at < members.length; at++) {
      const { value, context } = members[at]!;
      for (const one of this.item.shrink(value, context)) yield this.pack([...members.slice(0, at), one, ...members.slice(at + 1)]);
    }
  }

  private pack(members: Members<T>): fc.Value<T[]> {
    return new fc.Value(members.map(({ value }) => value), members);
  }
}

/** Lists of `item`, short ones as often as long ones. */
export function lists<T>(item: fc.Arbitrary<T>, options: ListOptions<T>): fc.Arbitrary<T[]> {
  return new ListArbitrary(item, options);
}
