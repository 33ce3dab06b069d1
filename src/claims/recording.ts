/**
 * What is kept of asking a real Linux about a claim. The data is in recorded.ts; tests/conformance/claims makes it.
 */

/** The calls of a claim's story, made on a real kernel in the same order. */
export interface Recorded {
  /** calls of the story */
  readonly of: number;
  /** calls that were made there; each was answered as by the model */
  readonly compared: number;
  /** of the calls and answers: it tells whether the story, or the model, has changed since */
  readonly digest: string;
  /** calls that are evidence, with their answers */
  readonly answers: readonly string[];
  /** what the comparison leaves open */
  readonly undetermined: readonly string[];
  /** why nothing was compared */
  readonly why?: string;
}

/** Costs on a real machine. */
export interface Measured {
  /** what the numbers are: `nanoseconds of one call` */
  readonly unit: string;
  readonly sizes: readonly number[];
  readonly series: Readonly<Record<string, readonly number[]>>;
}
