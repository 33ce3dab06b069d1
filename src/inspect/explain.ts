/**
 * Why did this event come, and why does none come? Read from the trace and the views of a run, so that whoever holds a run can ask: the
 * debugger, the command line, the replay of a log. The answers are made in why.ts and whyNot.ts, the hazards in hazards.ts.
 */

import type { Evidence, Explanation, Question } from './evidence.js';
import { why } from './why.js';
import { whyNot } from './whyNot.js';

export { Evidence, type EventCause, type Explanation, type Link, type MissingCause, type Question, stepToAsk } from './evidence.js';
export { type Hazard, hazardsIn, type HazardKind } from './hazards.js';

/** The chain behind an event, or the first link that is missing. */
export function explain(evidence: Evidence, question: Question): Explanation {
  return question.not ? whyNot(evidence, question) : why(evidence, question);
}
