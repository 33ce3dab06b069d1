/**
 * The choices of a run, seen from outside: each is passed on to who makes it and told of, with its place in the recording, so that a session
 * can run the same programs again and have one choice made otherwise.
 */

import type { ChoiceKind, Decisions } from '../kernel/decisions.js';
import type { Kernel } from '../kernel/kernel.js';
import { Director } from '../scenario/director.js';
import { parseRecording, recordingText } from '../scenario/recording.js';
import type { ChoiceMade } from './source.js';

/** Passes choices on and tells of them. */
export class Watched implements Decisions {
  private readonly k: Kernel;
  private readonly inner: Decisions;
  private readonly told: (choice: ChoiceMade) => void;

  constructor(k: Kernel, told: (choice: ChoiceMade) => void) {
    this.k = k;
    this.inner = k.decisions;
    this.told = told;
  }

  choose(kind: ChoiceKind, n: number, odds?: readonly number[]): number {
    const written = this.inner instanceof Director ? this.inner.choices : null;
    const before = written?.length ?? 0;
    const taken = this.inner.choose(kind, n, odds);
    const index = written !== null && written.length > before ? before : null;
    this.told({ kind, n, taken, index, resumes: this.k.stats.resumes });
    return taken;
  }
}

/**
 * The recording of another run of the same programs: all choices before this one are made as they were, this one otherwise, and from there
 * on the first comer goes first.
 */
export function otherwise(recording: string, choice: ChoiceMade, alternative: number): string {
  const recorded = parseRecording(recording);
  // a recording leaves the first alternatives at its end out
  const before = Array.from({ length: choice.index! }, (_, at) => recorded.choices[at] ?? 0);
  return recordingText({
    ...recorded,
    choices: [...before, alternative],
    interventions: recorded.interventions.filter(({ resume }) => resume < choice.resumes),
  });
}
