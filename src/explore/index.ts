/**
 * Exploring a program: laws, and the search for a run that breaks one. docs/exploring.md is its guide.
 */

export * from './law.js';
export * from './laws/index.js';
export { explore, targetOf } from './explore.js';
export type { Counterexample } from './counterexample.js';
export type { Coverage, ExploreOptions, Mode, Progress, Report } from './report.js';
export { toldAsSpecified } from './spec.js';
export { OWN_LAWS, type Target } from './run.js';
export { diffText, scenarioFile, storyText, tell, type Told, type ToldMove } from './story.js';
