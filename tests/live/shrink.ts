/**
 * Makes a program that shows a difference as short as it can be: lines are left out, in large pieces first and then one by one, and so are the
 * questions of poll() and select(), as long as the difference stays (delta debugging).
 */

const QUESTIONS = /^(.*\b(?:poll|select)\()(.*), (-?\d+\))$/;

/** The names that a line gives. */
function given(line: string): string[] {
  const names = /^(?:until_eagain: )?(?:@\w+ )?([\w, ]+?) = /.exec(line)?.[1];
  return names === undefined ? [] : names.split(',').map((name) => name.trim());
}

/** Leaves out what poll() and select() ask about names that nothing gives any more. */
function pruned(lines: readonly string[]): string[] {
  const known = new Set<string>();
  return lines.map((line) => {
    given(line).forEach((name) => known.add(name));
    const match = QUESTIONS.exec(line);
    if (match === null) return line;
    const asked = match[2]!.split(', ').filter((question) => question.split(':').some((word) => known.has(word) || /^-?\d+$/.test(word)));
    return asked.length === 0 ? line : `${match[1]}${asked.join(', ')}, ${match[3]}`;
  });
}

/** The line without its question number `index`; null: it has no other. */
function withoutQuestion(line: string, index: number): string | null {
  const match = QUESTIONS.exec(line);
  const asked = match?.[2]!.split(', ') ?? [];
  return asked.length < 2 || index >= asked.length ? null : `${match![1]}${asked.filter((_, at) => at !== index).join(', ')}, ${match![3]}`;
}

/**
 * @param stays tells whether a program still shows a difference
 * @param tries programs that are looked at, at most
 */
export function shrink(lines: readonly string[], stays: (lines: readonly string[]) => boolean, tries = 300): string[] {
  let best = [...lines];
  let left = tries;
  const attempt = (shorter: readonly string[]): boolean => {
    if (left-- <= 0 || shorter.length === 0 || !stays(shorter)) return false;
    best = [...shorter];
    return true;
  };
  for (let piece = Math.ceil(best.length / 2); piece >= 1; piece = piece === 1 ? 0 : Math.ceil(piece / 2)) {
    let again = true;
    while (again && left > 0) {
      again = false;
      for (let at = best.length - piece; at >= 0; at -= piece) again = attempt(pruned([...best.slice(0, at), ...best.slice(at + piece)])) || again;
      if (piece > 1) break;
    }
  }
  for (let at = 0; at < best.length; at++) {
    for (let index = 0; withoutQuestion(best[at]!, index) !== null;) {
      if (!attempt([...best.slice(0, at), withoutQuestion(best[at]!, index)!, ...best.slice(at + 1)])) index++;
    }
  }
  return best;
}
