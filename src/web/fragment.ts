/**
 * A run and a position in it as the fragment of an address: `#scenario=read-once&trigger=ET&t=42`, or `#run=epollsim1:...&t=42` for a run whose
 * decisions were made by hand. A fragment comes from strangers: it is read as plain text, its length is limited, and what is wrong with it is said.
 */

/** What a link holds. */
export interface Linked {
  /** name of a built-in scenario; null: the recording names it */
  readonly scenario: string | null;
  /** values of the scenario's options */
  readonly options: Readonly<Record<string, string>>;
  /** scenario, options and all decisions as one string; null: the run that the scenario makes by itself */
  readonly recording: string | null;
  /** every point is a decision */
  readonly preempt: boolean;
  /** the position; null: the first step */
  readonly step: number | null;
}

/** Characters of a fragment that are read. A recording of a hundred thousand decisions has fewer. */
export const LONGEST_FRAGMENT = 200_000;

/** What is wrong with a link, or with what was pasted: one sentence. */
export class LinkError extends Error {
  override readonly name = 'LinkError';
}

/** The fragment for a run, without `#`. */
export function fragmentOf({ scenario, options, recording, preempt, step }: Linked): string {
  const parts = new URLSearchParams();
  if (recording !== null) parts.set('run', recording);
  else if (scenario !== null) {
    parts.set('scenario', scenario);
    for (const [name, value] of Object.entries(options)) parts.set(name, value);
    if (preempt) parts.set('preempt', 'all');
  }
  if (step !== null) parts.set('t', String(step));
  return parts.toString();
}

/** Reads a fragment, with or without `#`. Null: there is none. @throws LinkError */
export function readFragment(text: string): Linked | null {
  const body = text.replace(/^#/, '');
  if (body === '') return null;
  if (body.length > LONGEST_FRAGMENT) throw new LinkError(`the link has ${body.length} characters; at most ${LONGEST_FRAGMENT} are read`);
  const options: Record<string, string> = {};
  let scenario: string | null = null;
  let recording: string | null = null;
  let preempt = false;
  let step: number | null = null;
  for (const [name, value] of new URLSearchParams(body)) {
    if (name === 'scenario') scenario = value;
    else if (name === 'run') recording = value;
    else if (name === 't') {
      if (!/^\d{1,9}$/.test(value)) throw new LinkError(`the link says t=${value}; expected the number of a step`);
      step = Number(value);
    } else if (name === 'preempt') {
      if (value !== 'all' && value !== 'never') throw new LinkError(`the link says preempt=${value}; expected all or never`);
      preempt = value === 'all';
    } else if (/^[a-zA-Z][\w-]*$/.test(name)) options[name] = value;
    else throw new LinkError(`the link has a part ${JSON.stringify(name)}, which means nothing; it is torn`);
  }
  if (scenario === null && recording === null) throw new LinkError('the link names neither a scenario nor a run; it is torn');
  return { scenario, options, recording, preempt, step };
}

/** Options as an attribute has them: `trigger=ET size=3`. @throws LinkError */
export function readOptions(text: string): Record<string, string> {
  const options: Record<string, string> = {};
  for (const word of text.split(/[\s,]+/).filter((one) => one !== '')) {
    const at = word.indexOf('=');
    if (at < 1) throw new LinkError(`the option ${JSON.stringify(word)} has no value; expected name=value`);
    options[word.slice(0, at)] = word.slice(at + 1);
  }
  return options;
}
